//! What the simulated organisation holds. Plain data that a test may build or change by hand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::catalogue::Catalogue;
use super::check::{Check, CheckId, Note, Text};
use super::jobs::Job;
use super::rule_setting::RuleSetting;

/// The instant that generated times count from: 2025-06-01T00:00:00Z in milliseconds.
pub const BASE_TIME: i64 = 1_748_736_000_000;

/// The risk levels, lowest first (section 3.7).
pub const RISK_LEVELS: [&str; 5] = ["LOW", "MEDIUM", "HIGH", "VERY_HIGH", "EXTREME"];

/// Everything that one simulated organisation holds. Ids are opaque; times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The organisation's id.
    pub organisation: String,
    /// The external id for roles, if the organisation ever had an account (section 12).
    pub external_id: Option<String>,
    /// The cloud accounts.
    pub accounts: Vec<Account>,
    /// The checks, in any order. The id's second part says whose they are.
    pub checks: Vec<Check>,
    /// Services and rules.
    pub catalogue: Catalogue,
    /// The regions that `filter[regions]` knows. A check may lie in another one.
    pub regions: BTreeSet<Text>,
    /// The profiles. The organisation's own has the id `organisation-{organisation}`; it is used like the others but
    /// not listed.
    pub profiles: Vec<Profile>,
    /// The people and the roles behind keys.
    pub users: Vec<User>,
    /// The keys.
    pub keys: Vec<Key>,
    /// The groups of accounts.
    pub groups: Vec<Group>,
    /// The events.
    pub events: Vec<Event>,
    /// Report configurations: resource objects as they go on the wire (section 14).
    pub report_configs: Vec<Value>,
    /// Reports: resource objects as they go on the wire (section 15).
    pub reports: Vec<Value>,
    /// Communication settings: resource objects as they go on the wire (section 17).
    pub channels: Vec<Value>,
    /// What was asked for and has not taken effect yet.
    pub jobs: Vec<Job>,
    /// How many ids were given out.
    pub ids_made: u64,
}

impl World {
    /// The account with this id.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account with this id, to be changed.
    pub fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// The check with this id. It looks at every check.
    #[must_use]
    pub fn check(&self, id: &CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == *id)
    }

    /// The check with this id, to be changed. It looks at every check.
    pub fn check_mut(&mut self, id: &CheckId) -> Option<&mut Check> {
        self.checks.iter_mut().find(|check| check.id == *id)
    }

    /// The checks of an account.
    pub fn checks_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Check> {
        self.checks.iter().filter(move |check| check.id.account() == account)
    }

    /// The profile with this id.
    #[must_use]
    pub fn profile(&self, id: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }

    /// A fresh id in the legacy form: nine url-safe characters.
    pub fn fresh_id(&mut self) -> String {
        self.ids_made += 1;
        let mut rng = fastrand::Rng::with_seed(0x5eed ^ self.ids_made);
        short_id(&mut rng)
    }
}

/// An id in the legacy form: nine characters of `[A-Za-z0-9_-]` (section 3.4).
pub(super) fn short_id(rng: &mut fastrand::Rng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).filter_map(|_| rng.choice(LETTERS).map(|byte| char::from(*byte))).collect()
}

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
}

impl Provider {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        }
    }
}

/// Which cloud account an account stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// An AWS account. The number may be missing, and is a JSON number in some answers (section 5.1).
    Aws {
        /// The account number.
        account: Option<u64>,
        /// Whether it goes on the wire as a number rather than a string.
        as_number: bool,
    },
    /// An Azure subscription.
    Azure {
        /// Its id.
        subscription: String,
    },
    /// A Google Cloud project.
    Gcp {
        /// Its id.
        project: String,
        /// Its name.
        name: String,
    },
}

impl Cloud {
    /// The cloud.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self {
            Self::Aws { .. } => Provider::Aws,
            Self::Azure { .. } => Provider::Azure,
            Self::Gcp { .. } => Provider::Gcp,
        }
    }
}

/// A cloud account as Conformity knows it (section 5.1).
#[derive(Clone, Debug)]
pub struct Account {
    /// Conformity's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The environment: missing, empty or a word.
    pub environment: Option<String>,
    /// Which cloud account it is.
    pub cloud: Cloud,
    /// Whether `cloud-type` is left out, as on old payloads of AWS accounts.
    pub hides_cloud_type: bool,
    /// The tags; missing is `null`.
    pub tags: Option<Vec<String>>,
    /// The label of three characters.
    pub code: Option<String>,
    /// Whether real-time monitoring is on (`advanced`) or off (`essentials`).
    pub real_time: bool,
    /// Whether the cost package is there.
    pub cost_package: bool,
    /// How many resources it has.
    pub resources: usize,
    /// When it was added.
    pub created: i64,
    /// When it was last scanned.
    pub last_checked: Option<i64>,
    /// When a scan was asked for that has not been accounted for in `last_checked` yet.
    pub scan_started: Option<i64>,
    /// The role that Conformity takes, or an empty text.
    pub role_arn: String,
    /// The managed group it belongs to (Azure, Google Cloud).
    pub managed_group: Option<String>,
    /// The configured rules by rule id; all others run with the catalogue's defaults.
    pub rules: BTreeMap<String, RuleSetting>,
    /// The remarks on rule settings, oldest first, by rule id.
    pub rule_notes: BTreeMap<String, Vec<Note>>,
    /// The bot settings as they go on the wire (section 5.9).
    pub bot: Map<String, Value>,
}

impl Account {
    /// An account with nothing configured.
    #[must_use]
    pub fn new(id: &str, name: &str, cloud: Cloud) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            environment: None,
            cloud,
            hides_cloud_type: false,
            tags: None,
            code: None,
            real_time: true,
            cost_package: false,
            resources: 0,
            created: BASE_TIME,
            last_checked: None,
            scan_started: None,
            role_arn: String::new(),
            managed_group: None,
            rules: BTreeMap::new(),
            rule_notes: BTreeMap::new(),
            bot: Map::new(),
        }
    }
}

/// A profile: rule settings to be applied to accounts (section 7).
#[derive(Clone, Debug)]
pub struct Profile {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// The rule settings by rule id.
    pub rules: BTreeMap<String, RuleSetting>,
}

/// What a user may do in the whole organisation (section 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything in every account, nothing in the organisation.
    PowerUser,
    /// Reading every account.
    ReadOnly,
    /// What the access list says, account by account.
    User,
}

impl Role {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::PowerUser => "POWER_USER",
            Self::ReadOnly => "READ_ONLY",
            Self::User => "USER",
        }
    }
}

/// What a user may do in one account, least first (section 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing; the account is not even visible.
    None,
    /// Reading.
    ReadOnly,
    /// Reading and writing.
    Full,
}

impl Level {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::ReadOnly => "READONLY",
            Self::Full => "FULL",
        }
    }
}

/// A user, or the role behind a Cloud One key (section 10).
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The address; missing for the user behind a key.
    pub email: Option<String>,
    /// The role.
    pub role: Role,
    /// The levels by account id; only a [`Role::User`] has any.
    pub access: BTreeMap<String, Level>,
    /// `ACTIVE` or `INVITED`.
    pub status: String,
    /// When the user was made.
    pub created: i64,
    /// When the user last signed in.
    pub last_login: Option<i64>,
    /// Whether this is a Cloud One user.
    pub is_cloud_one: bool,
}

/// An API key (section 11). It acts for its user.
#[derive(Clone, Debug)]
pub struct Key {
    /// The short id, never the secret.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The user's id.
    pub user: String,
    /// When it was made.
    pub created: i64,
    /// When it was last used.
    pub last_used: Option<i64>,
}

/// A group of accounts: an account belongs to it that carries one of its tags (section 13).
#[derive(Clone, Debug)]
pub struct Group {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The tags.
    pub tags: Vec<String>,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub modified: i64,
}

/// An event (section 9).
#[derive(Clone, Debug)]
pub struct Event {
    /// The id.
    pub id: String,
    /// The name, such as `account.check.update.suppressed`.
    pub name: String,
    /// When it happened.
    pub time: i64,
    /// Where it comes from, such as `s3.amazonaws.com`.
    pub service: String,
    /// Who did it: a cloud identity, or a Conformity user's id.
    pub identity: String,
    /// The region.
    pub region: String,
    /// What it was.
    pub description: String,
    /// The account; missing for an event of the organisation.
    pub account: Option<String>,
    /// Whether it comes from the cloud rather than from Conformity itself.
    pub from_cloud: bool,
}
