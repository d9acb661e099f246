//! What went wrong, where, who has to act, and whether trying again can help.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What happened, for `match` (contract section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The vendor does not accept the credential. What to do: check the key, and that it belongs to this address.
    Authentication,
    /// The credential is good but may not do this. What to do: give it the right that the message names.
    Permission,
    /// The thing asked for does not exist. What to do: check the id, or the address if everything is missing.
    NotFound,
    /// The vendor refused the request as malformed. What to do: report it; a newer version may know better.
    InvalidRequest,
    /// The vendor's rate limit was still reached after waiting. What to do: lower `requests_per_second`.
    Throttled,
    /// The vendor failed. What to do: try again later.
    Server,
    /// No connection, or it broke. What to do: check address, DNS, proxy and firewall.
    Network,
    /// No answer in time. What to do: try again, or raise `timeout_seconds`.
    Timeout,
    /// The answer makes no sense. What to do: check the address; if it is right, report the message.
    Protocol,
    /// This vendor does not offer that. What to do: see `cspm capabilities`.
    Unsupported,
    /// The configuration cannot work. What to do: mend it as the message says.
    Config,
}

impl ErrorKind {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::InvalidRequest => "invalid_request",
            Self::Throttled => "throttled",
            Self::Server => "server",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::Config => "config",
        }
    }

    const fn usual_owner(self) -> Owner {
        match self {
            Self::Authentication
            | Self::Permission
            | Self::NotFound
            | Self::Network
            | Self::Unsupported
            | Self::Config => Owner::Customer,
            Self::Throttled | Self::Server | Self::Timeout | Self::Protocol => Owner::Vendor,
            Self::InvalidRequest => Owner::Tool,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Owner {
    /// Whoever configured the connection or runs the vendor's console.
    Customer,
    /// The vendor.
    Vendor,
    /// This project.
    Tool,
}

impl Owner {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is in the way of a connection, where more is known than its kind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Obstacle {
    /// The two ends do not agree on a secure connection.
    Tls,
    /// This machine's clock, as far as can be told from here.
    Clock,
}

/// One failure. Cheap to clone, so that one failed log-in can be told to every task that waited for it.
///
/// `Display` is one line that says what was asked, what happened and the status; it never holds a credential, a URL or
/// raw vendor text (whoever builds an error from vendor text cleans it with [`clean_text`](crate::clean_text) first).
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Arc<Inner>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Inner {
    kind: ErrorKind,
    owner: Owner,
    message: String,
    operation: Option<Cow<'static, str>>,
    status: Option<u16>,
    obstacle: Option<Obstacle>,
    temporary: bool,
    uncertain: bool,
    attempts: u32,
}

impl Error {
    /// A permanent failure of a kind, owned by whoever usually owns that kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            owner: kind.usual_owner(),
            message: message.into(),
            operation: None,
            status: None,
            obstacle: None,
            temporary: false,
            uncertain: false,
            attempts: 1,
        }))
    }

    /// A mistake of this program itself: kind `protocol`, owner `tool`.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message).with_owner(Owner::Tool)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Changes the kind, and the owner to its usual one: what a probe found out later.
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| {
            inner.kind = kind;
            inner.owner = kind.usual_owner();
        })
    }

    /// Names somebody else as the one to act.
    #[must_use]
    pub fn with_owner(self, owner: Owner) -> Self {
        self.edit(|inner| inner.owner = owner)
    }

    /// Says what was asked of the vendor, in words: `list checks`.
    #[must_use]
    pub fn with_operation(self, operation: &'static str) -> Self {
        self.edit(|inner| inner.operation = Some(Cow::Borrowed(operation)))
    }

    /// Keeps the vendor's numeric status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Says what is in the way.
    #[must_use]
    pub fn with_obstacle(self, obstacle: Obstacle) -> Self {
        self.edit(|inner| inner.obstacle = Some(obstacle))
    }

    /// Says how often it was tried.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        self.edit(|inner| inner.attempts = attempts)
    }

    /// Replaces the message.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        let message = message.into();
        self.edit(|inner| inner.message = message)
    }

    /// Adds a sentence to the message: usually what to do.
    #[must_use]
    pub fn with_hint(self, hint: &str) -> Self {
        self.edit(|inner| {
            inner.message.push_str("; ");
            inner.message.push_str(hint);
        })
    }

    /// Says that trying again later can help.
    #[must_use]
    pub fn temporary(self) -> Self {
        self.edit(|inner| inner.temporary = true)
    }

    /// Says that nobody knows whether the vendor carried out what it was asked: the request was sent and its answer is lost.
    /// Of writes only; what became of one is found out by reading back, never by sending it again.
    #[must_use]
    pub fn uncertain(self) -> Self {
        self.edit(|inner| inner.uncertain = true)
    }

    /// Says that reading back has shown that it was not carried out.
    #[must_use]
    pub fn certain(self) -> Self {
        self.edit(|inner| inner.uncertain = false)
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Who has to act.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.0.owner
    }

    /// The vendor's status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// What is in the way, if that is known.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.0.obstacle
    }

    /// Whether trying again later can help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.0.temporary
    }

    /// Whether a write may have been carried out although it failed; see [`Error::uncertain`].
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.0.uncertain
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What was asked of the vendor, in words.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The message without operation and status.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.0.message)?;
        match (self.0.status, self.0.attempts) {
            (Some(status), 0 | 1) => write!(f, " (HTTP {status})"),
            (Some(status), attempts) => write!(f, " (HTTP {status}, {attempts} attempts)"),
            (None, 0 | 1) => Ok(()),
            (None, attempts) => write!(f, " ({attempts} attempts)"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("owner", &self.0.owner)
            .field("message", &self.to_string())
            .field("temporary", &self.0.temporary)
            .finish()
    }
}

impl std::error::Error for Error {}

/// As in the run report: `{kind, message, owner, status}`.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Error", 4)?;
        fields.serialize_field("kind", &self.0.kind)?;
        fields.serialize_field("message", &self.to_string())?;
        fields.serialize_field("owner", &self.0.owner)?;
        fields.serialize_field("status", &self.0.status)?;
        fields.end()
    }
}

/// An error with all its parts, for checkpoints: the report's form is for readers and does not lead back.
pub(crate) mod whole {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Arc, Error, Inner};

    pub(crate) fn serialize<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
        error.0.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Error, D::Error> {
        Inner::deserialize(deserializer).map(|inner| Error(Arc::new(inner)))
    }
}
