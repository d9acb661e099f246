//! The vendor's cloud types in this program's words (vendor document, section 5.6).

/// `AWS`, `AWS_GOV` and `AWS_CHINA` are all `aws`, and so on; a type that no table knows stays the vendor's word, in
/// lower case.
pub(crate) fn provider(cloud_type: &str) -> String {
    let word = cloud_type.to_ascii_lowercase();
    let family = match word.as_str() {
        "aws" | "aws_gov" | "aws_china" => "aws",
        "azure" | "azure_arm" | "azure_gov" | "azure_china" => "azure",
        "gce" | "gcp" => "gcp",
        "alicloud" => "alibaba",
        "oci" => "oci",
        "k8s" | "k8s_r7" => "kubernetes",
        _ => return word,
    };
    family.to_owned()
}

/// Whether the middle of a resource id is a region: not of a cluster, where it is a namespace.
pub(crate) fn has_regions(provider: &str) -> bool {
    matches!(provider, "aws" | "azure" | "gcp" | "oci" | "alibaba")
}
