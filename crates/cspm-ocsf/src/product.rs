//! The vendor products that findings come from: `metadata.product`.

use std::sync::LazyLock;

use crate::part::Part;
use crate::tree::Object;

/// A vendor's product.
pub(crate) struct Product {
    /// Its name.
    pub(crate) name: &'static str,
    /// The interface the findings were read from: `metadata.source`.
    pub(crate) source: &'static str,
    /// What the vendor calls one result: `metadata.type`.
    pub(crate) kind: &'static str,
    /// It as `product`, with who makes it.
    pub(crate) part: LazyLock<Part>,
}

/// The product behind a vendor's name; `None` for the vendor of an adapter of somebody's own.
pub(crate) fn of(vendor: &str) -> Option<&'static Product> {
    static CONFORMITY: Product = Product {
        name: "Cloud Conformity",
        source: "Checks API",
        kind: "Check",
        part: LazyLock::new(|| Part::new(object("conformity", "Cloud Conformity", "Trend Micro"))),
    };
    static INSIGHTCLOUDSEC: Product = Product {
        name: "InsightCloudSec",
        source: "Resource query API",
        kind: "Insight",
        part: LazyLock::new(|| Part::new(object("insightcloudsec", "InsightCloudSec", "Rapid7"))),
    };
    static BITDEFENDER: Product = Product {
        name: "GravityZone Cloud Security",
        source: "Checks API",
        kind: "Check",
        part: LazyLock::new(|| Part::new(object("bitdefender", "GravityZone Cloud Security", "Bitdefender"))),
    };
    match vendor {
        "conformity" => Some(&CONFORMITY),
        "insightcloudsec" => Some(&INSIGHTCLOUDSEC),
        "bitdefender" => Some(&BITDEFENDER),
        _ => None,
    }
}

/// A vendor's product in events.
pub(crate) fn object<'a>(vendor: &'a str, name: &'a str, vendor_name: &'a str) -> Object<'a> {
    let mut product = Object::with_capacity(3);
    product.put("uid", vendor);
    product.put("name", name);
    product.put("vendor_name", vendor_name);
    product
}

/// A cloud: the name events use, and the kind of account it has.
pub(crate) struct Cloud {
    /// `cloud.provider`.
    pub(crate) name: &'static str,
    /// `cloud.account.type_id`; 99 with a caption of our own where the schema has no number.
    pub(crate) account_type_id: i64,
    /// `cloud.account.type`.
    pub(crate) account_type: &'static str,
}

/// The cloud behind a provider word of the model; `None` for the vendor's own words.
pub(crate) fn cloud(provider: &str) -> Option<Cloud> {
    let (name, account_type_id, account_type) = match provider {
        "aws" => ("AWS", 10, "AWS Account"),
        "azure" => ("Azure", 13, "Azure Subscription"),
        "gcp" => ("GCP", 11, "GCP Project"),
        "oci" => ("OCI", 12, "OCI Compartment"),
        "alibaba" => ("Alibaba", 99, "Alibaba Cloud Account"),
        "kubernetes" => ("Kubernetes", 99, "Kubernetes Cluster"),
        _ => return None,
    };
    Some(Cloud { name, account_type_id, account_type })
}
