//! What worlds are made of: insights with real-sounding titles, and kinds of resources.

/// An insight to be made.
pub(super) struct Template {
    pub(super) title: &'static str,
    pub(super) severity: i64,
    pub(super) types: &'static [&'static str],
    /// Cloud types; `None` is not restricted.
    pub(super) clouds: Option<&'static [&'static str]>,
    pub(super) tag: &'static str,
    /// Never failed by anything.
    pub(super) empty: bool,
}

const fn insight(
    title: &'static str,
    severity: i64,
    types: &'static [&'static str],
    clouds: Option<&'static [&'static str]>,
    tag: &'static str,
) -> Template {
    Template { title, severity, types, clouds, tag, empty: false }
}

const fn empty(
    title: &'static str,
    severity: i64,
    types: &'static [&'static str],
    tag: &'static str,
) -> Template {
    Template { title, severity, types, clouds: None, tag, empty: true }
}

const AWS: Option<&[&str]> = Some(&["AWS"]);
const AZURE: Option<&[&str]> = Some(&["AZURE_ARM"]);
const GOOGLE: Option<&[&str]> = Some(&["GCE"]);
const KUBERNETES: Option<&[&str]> = Some(&["K8S_R7"]);

/// The vendor's.
pub(super) const BACKOFFICE: [Template; 30] = [
    insight(
        "Storage Container Publicly Accessible",
        5,
        &["storagecontainer"],
        Some(&["AWS", "GCE"]),
        "Public Access",
    ),
    insight("Instance with a Public IP Attached", 3, &["instance"], None, "Networking"),
    insight("Snapshot Not Encrypted", 3, &["volume", "snapshot"], AWS, "Encryption"),
    insight("Database Instance or Volume Not Encrypted", 4, &["dbinstance", "volume"], None, "Encryption"),
    insight("Access List Exposes SSH to World", 5, &["resourceaccesslist"], None, "Networking"),
    insight("Access List Exposes RDP to World", 5, &["resourceaccesslist"], None, "Networking"),
    insight("Service User Without MFA", 4, &["serviceuser"], AWS, "Identity"),
    insight("Service User With Old Access Key", 3, &["serviceuser"], None, "Identity"),
    insight("Service Role With Administrative Policy", 4, &["servicerole"], AWS, "Identity"),
    insight("Storage Container Without Access Logging", 2, &["storagecontainer"], None, "Logging"),
    insight("Serverless Function With Outdated Runtime", 2, &["serverlessfunction"], AWS, "Hygiene"),
    insight("Container Image With Critical Vulnerabilities", 5, &["containerimage"], None, "Vulnerabilities"),
    insight("Instance Metadata Service Version 1 Allowed", 3, &["instance"], AWS, "Hardening"),
    empty("Instance Running a Mining Process", 5, &["instance"], "Threats"),
    insight("Storage Account Allows Insecure Transfer", 4, &["storageaccount"], AZURE, "Encryption"),
    insight("Web App Without HTTPS Only", 3, &["webapp"], AZURE, "Encryption"),
    insight("Container Cluster With Public Endpoint", 4, &["containercluster"], GOOGLE, "Networking"),
    insight("Privileged Pod", 5, &["pod"], KUBERNETES, "Hardening"),
    insight(
        "Workload Runs in the Default Namespace",
        1,
        &["pod", "kubernetesdaemonset"],
        KUBERNETES,
        "Hygiene",
    ),
    insight("Service Account Token Mounted", 2, &["kubernetesserviceaccount", "pod"], KUBERNETES, "Identity"),
    insight(
        "Resource Without Owner Tag",
        1,
        &["instance", "storagecontainer", "dbinstance"],
        None,
        "Tagging",
    ),
    insight("Retired: Resource in Unused Region", 0, &["instance", "volume"], None, "Hygiene"),
    insight("Cloud Account Without Owner Badge", 2, &["divvyorganizationservice"], None, "Governance"),
    insight("Resource Group Without Members", 1, &["resourcegroup"], None, "Governance"),
    insight("Quantum Ledger Without Deletion Protection", 3, &["quantumledger"], AWS, "Resilience"),
    empty("Domain About to Expire", 2, &["dnszone", "servicedomain"], "Resilience"),
    insight("API Accounting Not Multi-Region", 4, &["apiaccountingconfig"], AWS, "Logging"),
    insight(
        "Database Instance Publicly Accessible",
        5,
        &["dbinstance"],
        Some(&["AWS", "AZURE_ARM"]),
        "Public Access",
    ),
    insight("Volume Not Attached", 1, &["volume"], None, "Cost"),
    insight("Instance With Overly Permissive Role", 4, &["instance", "servicerole"], None, "Identity"),
];

/// The customer's. The first has number 5, so that `backoffice:5` and `custom:5` are two insights.
pub(super) const CUSTOM: [Template; 6] = [
    insight("Prüfung: Speicher ohne Eigentümer", 4, &["storagecontainer", "storageaccount"], None, "Zürich"),
    insight("Production Instance Outside EU", 3, &["instance"], None, "Residency"),
    insight("Break-glass User Active", 5, &["serviceuser"], None, "Identity"),
    empty("Legacy Load Balancer in Use", 2, &["loadbalancer"], "Hygiene"),
    insight("Image From Unknown Registry", 3, &["containerimage", "pod"], None, "Supply Chain"),
    insight("Untagged Sandbox Resource", 1, &["instance", "volume"], None, "Tagging"),
];

/// A kind of resource.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Global kinds have no region in their id.
    pub(super) regional: bool,
    /// Cloud types that have it.
    pub(super) clouds: &'static [&'static str],
}

const fn kind(name: &'static str, regional: bool, clouds: &'static [&'static str]) -> Kind {
    Kind { name, regional, clouds }
}

/// All kinds that are generated in bulk.
pub(super) const KINDS: [Kind; 17] = [
    kind("instance", true, &["AWS", "AZURE_ARM", "GCE"]),
    kind("storagecontainer", true, &["AWS", "GCE"]),
    kind("volume", true, &["AWS", "AZURE_ARM"]),
    kind("dbinstance", true, &["AWS", "AZURE_ARM"]),
    kind("resourceaccesslist", true, &["AWS", "AZURE_ARM", "GCE"]),
    kind("serviceuser", false, &["AWS", "GCE"]),
    kind("servicerole", false, &["AWS"]),
    kind("serverlessfunction", true, &["AWS"]),
    kind("containerimage", true, &["AWS"]),
    kind("apiaccountingconfig", true, &["AWS"]),
    kind("quantumledger", true, &["AWS"]),
    kind("storageaccount", true, &["AZURE_ARM"]),
    kind("webapp", true, &["AZURE_ARM"]),
    kind("containercluster", true, &["GCE"]),
    kind("pod", true, &["K8S_R7"]),
    kind("kubernetesdaemonset", true, &["K8S_R7"]),
    kind("kubernetesserviceaccount", true, &["K8S_R7"]),
];

/// Regions of a cloud type; of a cluster, its namespaces.
pub(super) fn regions(cloud_type: &str) -> &'static [&'static str] {
    match cloud_type {
        "AZURE_ARM" => &["westeurope", "uksouth", "eastus2"],
        "GCE" => &["europe-west6", "us-central1"],
        "K8S_R7" => &["default", "kube-system", "payments"],
        _ => &["us-east-1", "eu-central-1", "ap-southeast-2", "us-west-2"],
    }
}

/// First parts of names.
pub(super) const SUBJECTS: [&str; 16] = [
    "billing",
    "orders",
    "checkout",
    "ledger",
    "reports",
    "catalogue",
    "identity",
    "search",
    "media",
    "payroll",
    "invoices",
    "zürich",
    "東京",
    "telemetry",
    "partner portal",
    "archive",
];

/// Second parts of names.
pub(super) const ROLES: [&str; 8] = ["api", "worker", "web", "data", "logs", "cache", "backup", "gateway"];
