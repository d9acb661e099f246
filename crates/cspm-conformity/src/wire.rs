//! The vendor's records as they come over the wire. Every field is optional, texts are borrowed from the page.

use std::collections::BTreeMap;

use cspm_core::adapter::Text;
use cspm_core::{Error, ErrorKind, RawValue, clean_text};
use serde::Deserialize;

use crate::lenient::{Count, Fields, Flag, List, Millis, Object, Records, Reference, Texts};

/// A listing (vendor document, section 3.3).
#[derive(Debug, Deserialize)]
pub(crate) struct Listing<'a> {
    #[serde(default, borrow)]
    pub(crate) data: Records<'a>,
    /// Side-loaded records: the rules of `/services`.
    #[serde(default, borrow)]
    pub(crate) included: Records<'a>,
    #[serde(default)]
    pub(crate) meta: Object<Meta>,
    /// What an error says in the place of `data` (section 3.6), whatever its status.
    #[serde(default, borrow)]
    errors: Option<&'a RawValue>,
    #[serde(default, borrow, alias = "Message")]
    message: Text<'a>,
}

impl Listing<'_> {
    /// What is wrong with a listing that has no records.
    pub(crate) fn without_data(&self) -> Error {
        #[derive(Default, Deserialize)]
        struct Complaint<'a> {
            #[serde(default, borrow, alias = "details", alias = "message")]
            detail: Text<'a>,
        }
        let complaints = self.errors.and_then(|errors| serde_json::from_str(errors.get()).ok());
        let complaints: Vec<Complaint<'_>> = complaints.unwrap_or_default();
        let first = complaints.first().and_then(|complaint| complaint.detail.get());
        match first.or(self.message.get()) {
            Some(message) => {
                let message = format!("the vendor answered with an error: {}", clean_text(message, 300));
                Error::new(ErrorKind::Server, message)
            }
            None => no_data(),
        }
    }
}

pub(crate) fn no_data() -> Error {
    Error::new(ErrorKind::Protocol, "the answer has no \"data\" where it was due")
}

/// How much there is (section 3.5): both, one or none of these.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta {
    #[serde(default)]
    pub(crate) total: Count,
    #[serde(default, rename = "total-pages")]
    pub(crate) total_pages: Count,
}

/// As much of a record as is needed to name it.
#[derive(Debug, Deserialize)]
pub(crate) struct Named<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
}

/// A check (section 4.1).
#[derive(Debug, Deserialize)]
pub(crate) struct Check<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Fields<CheckAttributes<'a>>,
    #[serde(default, borrow)]
    pub(crate) relationships: Object<CheckRelationships<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CheckAttributes<'a> {
    #[serde(default, borrow)]
    pub(crate) region: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) status: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) risk_level: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) message: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) resource: Text<'a>,
    #[serde(default, borrow, rename = "descriptorType")]
    pub(crate) descriptor_type: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) link: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) link_title: Text<'a>,
    #[serde(default)]
    pub(crate) created_date: Millis,
    #[serde(default)]
    pub(crate) last_modified_date: Millis,
    #[serde(default)]
    pub(crate) last_updated_date: Millis,
    #[serde(default, rename = "lastStatusUpdateDate")]
    pub(crate) last_status_update_date: Millis,
    #[serde(default)]
    pub(crate) failure_discovery_date: Millis,
    #[serde(default)]
    pub(crate) resolved_date: Millis,
    #[serde(default, borrow)]
    pub(crate) categories: Texts<'a>,
    #[serde(default, borrow)]
    pub(crate) compliances: Texts<'a>,
    #[serde(default)]
    pub(crate) suppressed: Flag,
    #[serde(default)]
    pub(crate) suppressed_until: Millis,
    #[serde(default, borrow)]
    pub(crate) tags: Texts<'a>,
    #[serde(default, borrow)]
    pub(crate) rule_title: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) provider: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) resolution_page_url: Text<'a>,
    /// The other spelling of the same (section 23, number 11); one of the two is there.
    #[serde(default, borrow, rename = "resolutionPageUrl")]
    pub(crate) resolution_page_url_camel: Text<'a>,
    #[serde(default, borrow, rename = "providerResourceId")]
    pub(crate) provider_resource_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) service: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct CheckRelationships<'a> {
    #[serde(default, borrow)]
    pub(crate) rule: Object<Related<'a>>,
    #[serde(default, borrow)]
    pub(crate) account: Object<Related<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Related<'a> {
    #[serde(default, borrow)]
    pub(crate) data: Reference<'a>,
}

/// An account (section 5.1).
#[derive(Debug, Deserialize)]
pub(crate) struct AccountRecord<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Fields<AccountAttributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct AccountAttributes<'a> {
    #[serde(default, borrow)]
    pub(crate) name: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) environment: Text<'a>,
    /// One word, text or number (section 23, number 12).
    #[serde(default, borrow, rename = "awsaccount-id")]
    pub(crate) aws_account_id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) status: Text<'a>,
    #[serde(default)]
    pub(crate) last_checked_date: Millis,
    #[serde(default, borrow)]
    pub(crate) tags: Texts<'a>,
    #[serde(default, borrow)]
    pub(crate) cloud_type: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) cloud_data: Object<CloudData<'a>>,
    #[serde(default)]
    pub(crate) settings: Object<AccountSettings>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct CloudData<'a> {
    #[serde(default, borrow)]
    pub(crate) azure: Object<AzureData<'a>>,
    #[serde(default, borrow)]
    pub(crate) gcp: Object<GcpData<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AzureData<'a> {
    #[serde(default, borrow, rename = "subscriptionId")]
    pub(crate) subscription_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct GcpData<'a> {
    #[serde(default, borrow, rename = "projectId")]
    pub(crate) project_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AccountSettings {
    #[serde(default)]
    pub(crate) bot: Object<BotSettings>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct BotSettings {
    #[serde(default)]
    pub(crate) disabled: Flag,
}

/// A service of the catalogue (section 8).
#[derive(Debug, Deserialize)]
pub(crate) struct ServiceRecord<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Object<ServiceAttributes<'a>>,
    #[serde(default, borrow)]
    pub(crate) relationships: Object<ServiceRelationships<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ServiceAttributes<'a> {
    #[serde(default, borrow)]
    pub(crate) provider: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ServiceRelationships<'a> {
    #[serde(default, borrow)]
    pub(crate) rules: Object<RelatedMany<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RelatedMany<'a> {
    #[serde(default, borrow)]
    pub(crate) data: List<Reference<'a>>,
}

/// Where a rule of the catalogue has its fields: under `attributes`, or beside its id (section 8, two layouts).
#[derive(Debug, Deserialize)]
pub(crate) struct RuleRecord<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Option<&'a RawValue>,
}

/// The fields of a rule of the catalogue, wherever they stand.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RuleFields<'a> {
    #[serde(default, borrow)]
    pub(crate) name: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) title: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) description: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) categories: Texts<'a>,
    #[serde(default, borrow)]
    pub(crate) compliances: Texts<'a>,
    #[serde(default, borrow)]
    pub(crate) risk_level: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) knowledge_base_html: Text<'a>,
    #[serde(default)]
    pub(crate) is_deprecated: Flag,
    #[serde(default, borrow)]
    pub(crate) provider: Text<'a>,
}

/// What the catalogue says of writing a rule's setting.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RuleTerms<'a> {
    #[serde(default, borrow)]
    pub(crate) risk_level: Text<'a>,
    #[serde(default)]
    pub(crate) multi_risk_level: Flag,
    #[serde(default)]
    pub(crate) is_deprecated: Flag,
    #[serde(default, borrow)]
    pub(crate) provider: Text<'a>,
    /// The rule's own extra settings.
    #[serde(default, borrow)]
    pub(crate) settings: List<Object<ExtraSetting<'a>>>,
}

/// As much of an extra setting as decides whether it can be written (sections 6 and 8). Both spellings occur.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ExtraSetting<'a> {
    #[serde(default, borrow)]
    pub(crate) name: Text<'a>,
    #[serde(default, rename = "readOnly")]
    pub(crate) read_only: Flag,
    #[serde(default, rename = "read-only")]
    pub(crate) read_only_kebab: Flag,
    #[serde(default)]
    pub(crate) hidden: Flag,
}

impl ExtraSetting<'_> {
    /// Whether the vendor shows it, and lets nobody write it.
    pub(crate) fn is_locked(&self) -> bool {
        [self.read_only, self.read_only_kebab, self.hidden].iter().any(|flag| flag.0 == Some(true))
    }
}

/// A profile with or without its settings, and what every answer about settings may have beside it (section 7).
#[derive(Debug, Deserialize)]
pub(crate) struct ProfileAnswer<'a> {
    #[serde(default, borrow)]
    pub(crate) data: Records<'a>,
    #[serde(default, borrow)]
    pub(crate) included: Records<'a>,
    #[serde(default, borrow)]
    pub(crate) meta: Object<SettingsMeta<'a>>,
}

/// A profile; its attributes as they stand.
#[derive(Debug, Deserialize)]
pub(crate) struct ProfileRecord<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Object<Members<'a>>,
    #[serde(default, borrow)]
    pub(crate) relationships: Object<ProfileRelationships<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileRelationships<'a> {
    #[serde(default, borrow)]
    pub(crate) rule_settings: Object<RelatedMany<'a>>,
}

/// A rule's setting among the `included` of a profile.
#[derive(Debug, Deserialize)]
pub(crate) struct IncludedSetting<'a> {
    #[serde(default, borrow)]
    pub(crate) id: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) attributes: Option<Members<'a>>,
}

/// An object's members as they stand, by name.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// An account's rule settings (section 6).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AccountRulesRecord<'a> {
    #[serde(default, borrow)]
    pub(crate) attributes: Object<AccountRulesAttributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AccountRulesAttributes<'a> {
    #[serde(default, borrow)]
    pub(crate) settings: Object<AccountRulesSettings<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AccountRulesSettings<'a> {
    /// A list of objects; `{}` and null where there is none (section 23, number 14).
    #[serde(default, borrow)]
    pub(crate) rules: List<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct SettingsMeta<'a> {
    #[serde(default, borrow)]
    pub(crate) deprecation: Object<Deprecation<'a>>,
    /// Of an application: `sent`.
    #[serde(default, borrow)]
    pub(crate) status: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Deprecation<'a> {
    #[serde(default, borrow)]
    pub(crate) warning: Object<Warning<'a>>,
}

/// A warning about deprecated rules: ids of a profile's (section 7), whole settings of an account's (section 5.4).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Warning<'a> {
    #[serde(default, borrow)]
    pub(crate) message: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) link: Text<'a>,
    #[serde(default, borrow)]
    pub(crate) rules: List<Reference<'a>>,
}
