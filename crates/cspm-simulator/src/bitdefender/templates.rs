//! The raw material of generated worlds: rules, standards, regions and names.

/// A cloud provider; scan accounts have no such field (section 4), only targets that look like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cloud {
    Aws,
    Azure,
    Gcp,
}

use Cloud::{Aws, Azure, Gcp};

impl Cloud {
    pub(super) const ALL: [Self; 3] = [Aws, Azure, Gcp];

    pub(super) fn regions(self) -> &'static [&'static str] {
        match self {
            Aws => &["eu-west-1", "us-east-1", "ap-southeast-1", "eu-central-1"],
            Azure => &["westeurope", "eastus2", "southeastasia"],
            Gcp => &["europe-west3", "us-central1", "asia-east1"],
        }
    }
}

/// A rule: cloud, resource type, code name, title, severity.
pub(super) type RuleTemplate = (Cloud, &'static str, &'static str, &'static str, &'static str);

pub(super) const RULES: [RuleTemplate; 48] = [
    (Aws, "S3 Bucket", "s3_public_read", "Bucket readable by anyone", "critical"),
    (Aws, "S3 Bucket", "s3_encryption", "Bucket without default encryption", "medium"),
    (Aws, "S3 Bucket", "s3_versioning", "Bucket without versioning", "low"),
    (Aws, "S3 Bucket", "s3_access_logging", "Bucket without access logging", "low"),
    (Aws, "EC2 Instance", "ec2_imdsv2", "Instance allows metadata service version 1", "high"),
    (Aws, "EC2 Instance", "ec2_public_ip", "Instance with a public address", "medium"),
    (Aws, "EC2 Instance", "ec2_detailed_monitoring", "Instance without detailed monitoring", "informational"),
    (Aws, "Security Group", "sg_ssh_open", "SSH open to the world", "critical"),
    (Aws, "Security Group", "sg_rdp_open", "Remote Desktop open to the world", "critical"),
    (Aws, "Security Group", "sg_default_in_use", "Default security group allows traffic", "medium"),
    (Aws, "IAM User", "iam_user_mfa", "Console user without multi-factor authentication", "high"),
    (Aws, "IAM User", "iam_key_rotation", "Access key older than 90 days", "medium"),
    (Aws, "IAM Policy", "iam_policy_admin", "Policy grants full administration", "high"),
    (Aws, "RDS Instance", "rds_public", "Database reachable from the internet", "critical"),
    (Aws, "RDS Instance", "rds_encryption", "Database storage not encrypted", "high"),
    (Aws, "RDS Instance", "rds_backup_retention", "Database backups kept for less than seven days", "low"),
    (Aws, "Configuration Recorder", "config_enabled", "Configuration recorder switched off", "medium"),
    (Aws, "Configuration Recorder", "config_global", "Recorder leaves out global resources", "informational"),
    (Aws, "CloudTrail Trail", "trail_multi_region", "Trail does not cover all regions", "high"),
    (Aws, "CloudTrail Trail", "trail_log_validation", "Trail without log file validation", "medium"),
    (Aws, "KMS Key", "kms_rotation", "Key is not rotated every year", "medium"),
    (Aws, "Lambda Function", "lambda_runtime", "Function on an unsupported runtime", "medium"),
    (Aws, "Lambda Function", "lambda_public", "Function can be invoked by anyone", "high"),
    (Azure, "Storage Account", "storage_https_only", "Storage account accepts plain HTTP", "high"),
    (Azure, "Storage Account", "storage_public_blob", "Storage account allows public containers", "critical"),
    (Azure, "Storage Account", "storage_soft_delete", "Soft delete of blobs switched off", "low"),
    (Azure, "Virtual Machine", "vm_managed_disks", "Machine without managed disks", "medium"),
    (Azure, "Virtual Machine", "vm_disk_encryption", "System disk not encrypted", "high"),
    (Azure, "Network Security Group", "nsg_ssh_open", "SSH open to the internet", "critical"),
    (Azure, "Network Security Group", "nsg_flow_logs", "Flow logs kept for less than 90 days", "low"),
    (Azure, "Key Vault", "vault_purge_protection", "Vault without purge protection", "medium"),
    (Azure, "Key Vault", "vault_key_expiry", "Key without an expiry date", "medium"),
    (Azure, "SQL Server", "sql_auditing", "Server without auditing", "medium"),
    (Azure, "SQL Server", "sql_any_ip", "Server lets any address in", "critical"),
    (Azure, "App Service", "app_min_tls", "App accepts TLS older than 1.2", "medium"),
    (Azure, "App Service", "app_client_certs", "App does not ask for client certificates", "informational"),
    (Gcp, "Compute Network", "gcp_legacy_network", "Project has a legacy network", "low"),
    (Gcp, "Compute Network", "gcp_default_network", "Project has the default network", "low"),
    (Gcp, "Compute Instance", "gcp_serial_port", "Instance allows serial port access", "medium"),
    (Gcp, "Compute Instance", "gcp_shielded_vm", "Instance is not a shielded one", "medium"),
    (Gcp, "Compute Instance", "gcp_default_sa", "Instance runs as the default service account", "high"),
    (Gcp, "Storage Bucket", "gcs_public", "Bucket open to all users", "critical"),
    (Gcp, "Storage Bucket", "gcs_uniform_access", "Bucket without uniform access", "low"),
    (Gcp, "Firewall Rule", "gcp_fw_ssh", "Firewall lets SSH in from anywhere", "critical"),
    (Gcp, "Service Account", "gcp_sa_admin", "Service account with administrator rights", "high"),
    (Gcp, "Service Account", "gcp_sa_key_age", "Service account key older than 90 days", "medium"),
    (Gcp, "Cloud SQL Instance", "gcp_sql_ssl", "Database accepts unencrypted connections", "high"),
    (Gcp, "Cloud SQL Instance", "gcp_sql_backup", "Database without automatic backups", "low"),
];

/// Types that live in no region.
pub(super) const GLOBAL_TYPES: [&str; 3] = ["IAM User", "IAM Policy", "Service Account"];

/// A standard: id, title, the one cloud it is for (or all), and its sections with their titles. The same control ids
/// occur in several standards.
pub(super) type StandardTemplate =
    (&'static str, &'static str, Option<Cloud>, &'static [(&'static str, &'static str)]);

pub(super) const STANDARDS: [StandardTemplate; 7] = [
    (
        "GDPR",
        "General Data Protection Regulation",
        None,
        &[("25", "Data protection by design"), ("32", "Security")],
    ),
    (
        "ISO/IEC 27001:2022",
        "Information security management systems",
        None,
        &[("A.5", "Organisational controls"), ("A.8", "Technological controls")],
    ),
    (
        "PCI DSS 4.0",
        "Payment Card Industry Data Security Standard",
        None,
        &[("1", "Network security controls"), ("3", "Stored account data"), ("8", "Authentication")],
    ),
    (
        "SOC2",
        "Trust services criteria",
        None,
        &[("CC6", "Logical and physical access"), ("CC7", "Operations")],
    ),
    (
        "CIS-AWS",
        "CIS Foundations Benchmark for AWS",
        Some(Aws),
        &[("1", "Identity"), ("2", "Storage"), ("5", "Network")],
    ),
    (
        "CIS-Azure",
        "CIS Foundations Benchmark for Azure",
        Some(Azure),
        &[("3", "Storage"), ("6", "Networking")],
    ),
    (
        "CIS-GCP",
        "CIS Foundations Benchmark for Google Cloud",
        Some(Gcp),
        &[("1", "Identity"), ("3", "Networking")],
    ),
];

pub(super) const TEAMS: [&str; 10] = [
    "payments",
    "orders",
    "audit-logs",
    "customer-data",
    "analytics",
    "media",
    "backoffice",
    "search",
    "sandbox",
    "ml",
];

pub(super) const GROUPS: [&str; 6] =
    ["Production", "Staging", "Büro München", "Shared services", "東京", "Acquired in 2024"];

pub(super) const SCHEDULES: [&str; 4] = ["daily", "0 3 * * *", "Every Sunday at 02:00", "manual"];
