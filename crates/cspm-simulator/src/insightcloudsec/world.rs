//! The entities of one installation, as plain data that a test may build, edit and count by hand.
//!
//! Times are milliseconds since 1970. Integers are as the vendor numbers things; resource ids are whole strings.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Who wrote an insight or a pack. The same integer exists in both (document section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Shipped by the vendor.
    Backoffice,
    /// Made by the customer.
    Custom,
}

impl Source {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backoffice => "backoffice",
            Self::Custom => "custom",
        }
    }
}

/// A word that is not a source, or a composite id that is not `<source>:<integer>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl FromStr for Source {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text {
            "backoffice" => Ok(Self::Backoffice),
            "custom" => Ok(Self::Custom),
            _ => Err(NotAnId),
        }
    }
}

/// The composite id of an insight or a pack: `backoffice:536`, `custom:16` (document section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourcedId {
    /// Whose it is.
    pub source: Source,
    /// The number, unique within the source only.
    pub id: i64,
}

impl SourcedId {
    /// Number `id` of the vendor's.
    pub fn backoffice(id: i64) -> Self {
        Self { source: Source::Backoffice, id }
    }

    /// Number `id` of the customer's.
    pub fn custom(id: i64) -> Self {
        Self { source: Source::Custom, id }
    }
}

impl fmt::Display for SourcedId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.source.as_str(), self.id)
    }
}

impl FromStr for SourcedId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (source, id) = text.split_once(':').ok_or(NotAnId)?;
        Ok(Self { source: source.parse()?, id: id.parse().map_err(|_| NotAnId)? })
    }
}

/// An isolated environment within the installation (document section 1.1).
#[derive(Clone, Debug)]
pub struct Organization {
    /// `organization_id`.
    pub id: i64,
    /// Unique within the installation.
    pub name: String,
}

/// Access level of a user (document section 16.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Limited by its [`Rights`].
    Basic,
    /// Everything within its organization.
    OrganizationAdmin,
    /// Reads everything, in the organization that was switched to.
    DomainViewer,
    /// Everything, everywhere.
    DomainAdmin,
}

/// Entitlement role (document section 17.3), weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees nothing of it.
    Disabled,
    /// Reads.
    Viewer,
    /// Reads and writes.
    Editor,
    /// Everything.
    Admin,
}

/// What a basic user may do, area by area. Administrators are not limited by it.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    /// Cloud accounts.
    pub clouds: Role,
    /// Resource queries and details.
    pub resources: Role,
    /// Insights and packs.
    pub insights: Role,
    /// Exemptions.
    pub exemptions: Role,
    /// Bots.
    pub bots: Role,
    /// Badges.
    pub badges: Role,
}

impl Rights {
    /// The same role in every area.
    pub fn all(role: Role) -> Self {
        Self { clouds: role, resources: role, insights: role, exemptions: role, bots: role, badges: role }
    }
}

/// An API key. A user has at most one; making a new one deactivates the old one at once (document section 2.2).
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The secret, sent as `Api-Key`.
    pub secret: String,
    /// False once deactivated or replaced.
    pub active: bool,
    /// End of its life, if one was chosen.
    pub expires: Option<i64>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// `user_id`; the resource id is `divvyuser:<id>:`.
    pub id: i64,
    /// Display name.
    pub name: String,
    /// Name to log in with; case does not matter.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// `None`: an API-only or SSO user, who cannot log in.
    pub password: Option<String>,
    /// The key, if any.
    pub key: Option<ApiKey>,
    /// Access level.
    pub access: Access,
    /// Rights of a basic user.
    pub rights: Rights,
    /// The organization all calls of this user run in; `switch_organization` changes it (document section 4.4).
    pub organization: i64,
    /// Locked out, by an administrator or by failed logins.
    pub suspended: bool,
    /// Wrong passwords since the last good one.
    pub failed_logins: u32,
    /// Has a second factor; such a user's login is refused here (document section 2.3.2).
    pub two_factor: bool,
    /// May not log in to the console.
    pub console_access_denied: bool,
    /// `api_key_generation_allowed`; basic users need it to make a key.
    pub key_generation_allowed: bool,
    /// Last login; absent on the wire if never.
    pub last_login: Option<i64>,
    /// Creation.
    pub created: i64,
}

impl User {
    /// `divvyuser:<id>:`, with its trailing colon.
    pub fn resource_id(&self) -> String {
        format!("divvyuser:{}:", self.id)
    }
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    /// `group_id`.
    pub id: i64,
    /// Organization.
    pub organization: i64,
    /// Name.
    pub name: String,
    /// `user_id` of its members.
    pub users: Vec<i64>,
    /// Numbers of its roles.
    pub roles: Vec<i64>,
}

impl Group {
    /// `divvyusergroup:<id>`, without a trailing colon.
    pub fn resource_id(&self) -> String {
        format!("divvyusergroup:{}", self.id)
    }
}

/// A role: what its groups may do in which clouds (document section 17.2). Every role views.
#[derive(Clone, Debug)]
pub struct AccessRole {
    /// Number within the organization.
    pub id: i64,
    /// Organization.
    pub organization: i64,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Whether it provisions, manages and deletes.
    pub changes: bool,
    /// Integer ids of the clouds it is for; empty is all.
    pub clouds: Vec<i64>,
    /// Badges of the clouds it is for, as `key:value`.
    pub badges: Vec<String>,
}

impl AccessRole {
    /// `divvyrole:<organization>:<id>`, without a trailing colon.
    pub fn resource_id(&self) -> String {
        format!("divvyrole:{}:{}", self.organization, self.id)
    }
}

/// A label on a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// A system badge: read-only.
    pub auto_generated: bool,
}

/// The vendor's cloud organization above an account (AWS Organizations and the like).
#[derive(Clone, Debug)]
pub struct CloudParent {
    /// `cloud_organization_id`.
    pub id: String,
    /// `cloud_organization_domain_name`.
    pub domain_name: String,
    /// `cloud_organization_nickname`.
    pub nickname: String,
}

/// A resource type the harvester may not read in an account.
#[derive(Clone, Debug)]
pub struct FailedType {
    /// The type.
    pub resource_type: String,
    /// The permissions it lacks.
    pub permissions: Vec<String>,
}

/// A cloud account, subscription, project or cluster (document section 5.1).
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Integer id; the resource id is `divvyorganizationservice:<id>`, without a trailing colon.
    pub id: i64,
    /// The organization it belongs to.
    pub organization: i64,
    /// Name.
    pub name: String,
    /// `AWS`, `AZURE_ARM`, `GCE`, `K8S_R7` and others.
    pub cloud_type: String,
    /// The cloud's own id; absent for some clusters, a path for others.
    pub account_id: Option<String>,
    /// `DEFAULT`, `PAUSED`, `REFRESH`, `ASSUME_ROLE_FAIL` and others.
    pub status: String,
    /// When it was added.
    pub created: i64,
    /// Last harvest; `None` before the first.
    pub last_refreshed: Option<i64>,
    /// Not necessarily an ARN.
    pub role_arn: Option<String>,
    /// Labels.
    pub badges: Vec<Badge>,
    /// Harvesting strategy.
    pub strategy_id: Option<i64>,
    /// The cloud organization above it.
    pub parent: Option<CloudParent>,
    /// Types that could not be harvested; `None` is null on the wire.
    pub failed_types: Option<Vec<FailedType>>,
    /// Azure tenant.
    pub tenant_id: Option<String>,
    /// Regions that are switched off.
    pub disabled_regions: Vec<String>,
}

impl Cloud {
    /// `divvyorganizationservice:<id>`.
    pub fn resource_id(&self) -> String {
        format!("divvyorganizationservice:{}", self.id)
    }
}

/// Tags of a resource, which the vendor may also leave out or send as null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// An object.
    Map(Vec<(String, String)>),
    /// `"tags": null`.
    Null,
    /// No `tags` key.
    Missing,
}

/// A resource, and the insights it fails.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The whole resource id, trailing colon included where the vendor has one.
    pub id: String,
    /// Type, such as `instance`.
    pub resource_type: Arc<str>,
    /// Name.
    pub name: String,
    /// Integer id of its cloud.
    pub cloud: i64,
    /// `None`: the key is missing, as for global types. `Some("")` is sent as it is.
    pub region: Option<Arc<str>>,
    /// The cloud provider's id.
    pub provider_id: String,
    /// The cloud's full name of it (ARN and the like).
    pub namespace_id: Option<String>,
    /// `None` is sent as the word `"None"`.
    pub created: Option<i64>,
    /// First harvest, and what `identified_at` of the history is reckoned from.
    pub discovered: i64,
    /// Tags.
    pub tags: Tags,
    /// Resource groups it is a member of.
    pub groups: Vec<i64>,
    /// The insights whose condition it meets, exempted or not. Only those whose `resource_types` name this type
    /// can be read through a query.
    pub fails: Vec<SourcedId>,
    /// The fields beyond `common`, as the text of one JSON object.
    pub details: String,
    /// Served in place of the whole envelope if set: for records a client should not understand.
    pub raw: Option<Box<str>>,
}

/// One condition of an insight.
#[derive(Clone, Debug)]
pub struct InsightFilter {
    /// `divvy.query.*` or `divvy.filter.*`.
    pub name: String,
    /// An object.
    pub config: Value,
    /// The data collections that it refers to: an object.
    pub collections: Value,
}

/// An insight (check) (document section 7.2).
#[derive(Clone, Debug)]
pub struct Insight {
    /// Source and number.
    pub id: SourcedId,
    /// The owner of a custom insight; `None` for the vendor's.
    pub organization: Option<i64>,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Remediation notes, Markdown.
    pub notes: Option<String>,
    /// 1 to 5 by the document; not limited here.
    pub severity: i64,
    /// The customer's own severity, which counts if set.
    pub custom_severity: Option<i64>,
    /// Types it looks at.
    pub resource_types: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Conditions.
    pub filters: Vec<InsightFilter>,
    /// Cloud types; `None` is not restricted.
    pub supported_clouds: Option<Vec<String>>,
    /// Resource groups exempted in the old way (document section 7.7).
    pub group_blacklist: Vec<i64>,
    /// `released`.
    pub released: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// `meta_data`.
    pub meta_data: Option<String>,
    /// Marked by the caller.
    pub favorited: bool,
    /// What a custom insight was written with beside these: `scopes`, `badges` and the like, under their wire names.
    pub written: Map<String, Value>,
    /// Creation.
    pub inserted: i64,
    /// Last change.
    pub updated: i64,
}

/// A pack of insights (document section 8).
#[derive(Clone, Debug)]
pub struct Pack {
    /// Source and number.
    pub id: SourcedId,
    /// The owner of a custom pack.
    pub organization: Option<i64>,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Numbers of the vendor's insights in it.
    pub backoffice: Vec<i64>,
    /// Numbers of custom insights in it.
    pub custom: Vec<i64>,
    /// Badge scope, key and value.
    pub badges: Vec<(String, String)>,
    /// `OR`, `AND` or null.
    pub badge_filter_operator: Option<String>,
    /// Logo.
    pub logo_url: Option<String>,
    /// Creation.
    pub inserted: i64,
    /// Last change.
    pub updated: i64,
}

/// An exemption of one resource from one insight (document section 12).
#[derive(Clone, Debug)]
pub struct Exemption {
    /// `exemption_id`.
    pub id: i64,
    /// Organization.
    pub organization: i64,
    /// The insight.
    pub insight: SourcedId,
    /// The resource, verbatim.
    pub resource_id: String,
    /// Its type.
    pub resource_type: String,
    /// Who approved.
    pub approver: Option<String>,
    /// `user_id` of the creator.
    pub creator: i64,
    /// Why.
    pub notes: Option<String>,
    /// Switched on.
    pub enabled: bool,
    /// Creation.
    pub created: i64,
    /// Active from.
    pub start: i64,
    /// Active until; `None` is without end.
    pub end: Option<i64>,
}

impl Exemption {
    /// Document section 12.4.
    pub fn active(&self, now: i64) -> bool {
        self.enabled && self.start <= now && self.end.is_none_or(|end| end > now)
    }
}

/// A bot (document section 14).
#[derive(Clone, Debug)]
pub struct Bot {
    /// Number; the resource id is `divvybot:<organization>:<id>`.
    pub id: i64,
    /// Organization.
    pub organization: i64,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// `low`, `medium`, `high`.
    pub severity: String,
    /// Category.
    pub category: String,
    /// `RUNNING`, `PAUSED`, `SCANNING`, `ARCHIVED`.
    pub state: String,
    /// The insight behind it, if any.
    pub insight: Option<SourcedId>,
    /// The `instructions` object.
    pub instructions: Value,
    /// When its schedule is due next; told only while it runs.
    pub next_run: Option<i64>,
    /// Creation.
    pub created: i64,
    /// Last change.
    pub modified: i64,
    /// Version, one more with every edit.
    pub version: i64,
}

impl Bot {
    /// `divvybot:<organization>:<id>`.
    pub fn resource_id(&self) -> String {
        format!("divvybot:{}:{}", self.organization, self.id)
    }
}

/// One violation as the world holds it.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'a> {
    /// The insight.
    pub insight: SourcedId,
    /// The resource that fails it.
    pub resource: &'a Resource,
    /// Whether an active exemption hides it from an ordinary query.
    pub exempted: bool,
}

/// One installation.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Organizations.
    pub organizations: Vec<Organization>,
    /// Users of all organizations.
    pub users: Vec<User>,
    /// Groups of users.
    pub groups: Vec<Group>,
    /// Roles of those groups.
    pub roles: Vec<AccessRole>,
    /// Clouds of all organizations.
    pub clouds: Vec<Cloud>,
    /// Resources, in the order queries give them.
    pub resources: Vec<Resource>,
    /// Insights.
    pub insights: Vec<Insight>,
    /// Packs.
    pub packs: Vec<Pack>,
    /// Exemptions.
    pub exemptions: Vec<Exemption>,
    /// Bots.
    pub bots: Vec<Bot>,
    /// Notes people left on resources: resource id and text.
    pub notes: Vec<(String, String)>,
    /// Rows of `/v3/cvm/resource/vulnerabilities`, as they are sent (document section 20).
    pub image_rows: Vec<Value>,
    /// Rows of `/v3/cvm/vulnerabilities`, as they are sent.
    pub cve_rows: Vec<Value>,
}

impl World {
    /// The insight with that id.
    pub fn insight(&self, id: SourcedId) -> Option<&Insight> {
        self.insights.iter().find(|insight| insight.id == id)
    }

    /// The cloud with that number.
    pub fn cloud(&self, id: i64) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.id == id)
    }

    /// Every violation of one organization at one instant: the truth to hold a client to. A plain loop that
    /// shares nothing with the way queries are answered.
    pub fn violations(&self, organization: i64, now: i64) -> Vec<Violation<'_>> {
        let clouds: HashSet<i64> = self
            .clouds
            .iter()
            .filter(|cloud| cloud.organization == organization)
            .map(|cloud| cloud.id)
            .collect();
        let exempt: HashSet<(SourcedId, &str)> = self
            .exemptions
            .iter()
            .filter(|exemption| exemption.active(now))
            .map(|exemption| (exemption.insight, exemption.resource_id.as_str()))
            .collect();
        let mut all = Vec::new();
        for resource in self.resources.iter().filter(|resource| clouds.contains(&resource.cloud)) {
            for &id in &resource.fails {
                let by_group = self.insight(id).is_some_and(|insight| {
                    insight.group_blacklist.iter().any(|group| resource.groups.contains(group))
                });
                let exempted = by_group || exempt.contains(&(id, resource.id.as_str()));
                all.push(Violation { insight: id, resource, exempted });
            }
        }
        all
    }
}
