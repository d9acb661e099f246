//! API keys, what they may do, and how a request carries one (sections 2.2 and 2.3).

use http::{HeaderMap, header};

use super::base64;

/// The key of the demo: every area. Fifty characters with `%` and `@`, like the one published sample (section 2.2).
pub const DEMO_KEY: &str = "Gz7%kQ2mN@v9RtX4bLw8YcJ5hPs3DfA6uEoZ1iKgTqMnVxB0rC";
/// A key that may read everything and write nothing.
pub const READ_KEY: &str = "Rd1%aT6wPz@4sKfL8hXvN3yQcE9mJbU2oGiW7rDtSxV5kBqMpH";
/// A key for scan accounts and groups only: every `cspm` path answers "no permission" to it.
pub const SETTING_KEY: &str = "St3@nB8qVx%5jHdR1gMzK6wYcF2pLtE9uAoI4sXrQkT7vDhNyC";
/// A key that was deactivated.
pub const REVOKED_KEY: &str = "Xx0%oL5dKe@7yHrT2nPzW8qVcM4bJfS1uAgI6tDkRxN3vEhQyB";

/// What a key may be used for. The vendor says that keys are limited to APIs but names no scopes (section 2.2), so
/// these names are the simulator's own (Appendix B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// `setting`: reading scan accounts and scan groups.
    Setting,
    /// `cspm`: reading checks, resources, rules and standards.
    Cspm,
    /// `cspm-write`: updating checks.
    CspmWrite,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 3] = [Self::Setting, Self::Cspm, Self::CspmWrite];

    /// The name as Appendix B spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Cspm => "cspm",
            Self::CspmWrite => "cspm-write",
        }
    }
}

/// One API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The secret itself.
    pub value: String,
    /// False once it was deactivated; there is no way back (section 2.2).
    pub active: bool,
    /// What it may be used for.
    pub areas: Vec<Area>,
}

impl ApiKey {
    /// An active key for these areas.
    pub fn new(value: impl Into<String>, areas: &[Area]) -> Self {
        Self { value: value.into(), active: true, areas: areas.to_vec() }
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("active", &self.active)
            .field("areas", &self.areas)
            .finish_non_exhaustive()
    }
}

/// The keys that a simulator starts with: [`DEMO_KEY`], [`READ_KEY`], [`SETTING_KEY`] and [`REVOKED_KEY`].
pub(super) fn default_keys() -> Vec<ApiKey> {
    let mut revoked = ApiKey::new(REVOKED_KEY, &Area::ALL);
    revoked.active = false;
    vec![
        ApiKey::new(DEMO_KEY, &Area::ALL),
        ApiKey::new(READ_KEY, &[Area::Setting, Area::Cspm]),
        ApiKey::new(SETTING_KEY, &[Area::Setting]),
        revoked,
    ]
}

/// How a request has to carry the key; the vendor does not say, so every candidate of section 2.3 can be required.
/// A key sent in any other way counts as no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// A header with the key behind a prefix, which may be empty. The default is `x-api-key` without a prefix.
    Header {
        /// The header's name; case does not matter.
        name: String,
        /// What stands before the key, its space included (`ApiKey `, say).
        prefix: String,
    },
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// `Authorization: Basic base64(<key>:)`: the key is the user name, the password is empty.
    BasicUser,
}

impl Default for AuthScheme {
    fn default() -> Self {
        Self::Header { name: "x-api-key".into(), prefix: String::new() }
    }
}

impl AuthScheme {
    /// The key that the headers carry. A header sent twice carries none: it is ambiguous.
    pub(super) fn key(&self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::Header { name, prefix } => {
                Some(sole(headers, name)?.strip_prefix(prefix.as_str())?.to_owned())
            }
            Self::Bearer => Some(credentials(headers, "bearer")?.to_owned()),
            Self::BasicUser => {
                let pair = String::from_utf8(base64::decode(credentials(headers, "basic")?)?).ok()?;
                Some(pair.strip_suffix(':')?.to_owned())
            }
        }
    }
}

fn sole<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let (word, rest) = sole(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    word.eq_ignore_ascii_case(scheme).then_some(rest.trim_start())
}
