//! Where a connection's requests go, and the rule that nothing a server says changes that.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// Everything but letters, digits and `-._~` is encoded, slashes and colons included: an id is one segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One path segment or query value, percent-encoded exactly once. A segment of dots only is encoded too, so that it
/// cannot climb.
#[must_use]
pub fn encode(text: &str) -> String {
    if matches!(text, "." | "..") {
        return text.replace('.', "%2E");
    }
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// An address that requests are sent below: scheme, host, port and a path prefix without a trailing slash.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why an address is refused. The address itself is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is no URL.
    #[error("not a URL; write for example https://host.example/path")]
    NotAUrl,
    /// It is neither https nor http.
    #[error("only https:// addresses are accepted (http:// for this machine alone)")]
    Scheme,
    /// Plain text to another machine would show the credential to the network.
    #[error("http:// is accepted for loopback hosts only; write https://")]
    PlainText,
    /// It holds a user name or a password.
    #[error("an address must not hold a user name or password; use api_key, or username and password")]
    UserInformation,
    /// It holds a query.
    #[error("an address must not hold a query (the part after ?)")]
    Query,
    /// It holds a fragment.
    #[error("an address must not hold a fragment (the part after #)")]
    Fragment,
}

impl BaseUrl {
    /// Reads an address; a trailing slash makes no difference.
    ///
    /// # Errors
    /// [`BadAddress`] says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.chars().any(|character| character.is_control() || character == '\\') {
            return Err(BadAddress::NotAUrl);
        }
        let mut url = Url::parse(text).map_err(|_| BadAddress::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadAddress::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::UserInformation);
        }
        if url.query().is_some() {
            return Err(BadAddress::Query);
        }
        if url.fragment().is_some() {
            return Err(BadAddress::Fragment);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(BadAddress::PlainText);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The host as a person would name it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The path prefix without a trailing slash; empty for a bare host.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// Scheme, host and port: `https://host.example` without anything after.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Scheme, host, port and path prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address of a call. No relative joining: the target is appended to the prefix, or to the origin alone.
    pub(crate) fn address(&self, target: &Target) -> String {
        match target {
            Target::Below(path) => format!("{}{path}", self.as_str()),
            Target::AtOrigin(path) => format!("{}{path}", self.origin()),
        }
    }

    /// Takes a link from an answer and keeps its path and query only, if it points to this origin.
    ///
    /// Accepted are absolute links to the same scheme, host and port (letter case and an explicit default port make no
    /// difference), links relative to the origin (`/v1/...`), and links relative to the base (`/cspm/...` where the
    /// base path is `/v1`, or `cspm/...`). The result is stored instead of the link: it cannot name a host.
    ///
    /// # Errors
    /// [`ForeignLink`] for everything else; nothing is sent then.
    pub fn own_link(&self, link: &str) -> Result<String, ForeignLink> {
        let absolute = self.read_link(link)?;
        if absolute.origin() != self.0.origin() {
            return Err(ForeignLink);
        }
        Ok(path_and_query(&absolute))
    }

    /// As [`own_link`](Self::own_link), but a link to another origin keeps its path and query and is asked for at this
    /// one: where a vendor's contract says that an old host name may leak through. The flag says whether it was moved.
    ///
    /// # Errors
    /// [`ForeignLink`] if it is no http(s) link or holds user information.
    pub fn rebased_link(&self, link: &str) -> Result<(String, bool), ForeignLink> {
        let absolute = self.read_link(link)?;
        Ok((path_and_query(&absolute), absolute.origin() != self.0.origin()))
    }

    fn read_link(&self, link: &str) -> Result<Url, ForeignLink> {
        let hostile =
            |character: char| character.is_control() || character.is_whitespace() || character == '\\';
        if link.is_empty() || link.contains(hostile) || link.starts_with("//") {
            return Err(ForeignLink);
        }
        let absolute = if link.contains("://") {
            link.to_owned()
        } else if link.starts_with('/') {
            let below = self.path();
            let inside =
                link.strip_prefix(below).is_some_and(|rest| rest.starts_with(['/', '?']) || rest.is_empty());
            if inside { format!("{}{link}", self.origin()) } else { format!("{}{link}", self.as_str()) }
        } else if link.starts_with('?')
            || link.split(['/', '?', '#']).next().is_some_and(|head| head.contains(':'))
        {
            return Err(ForeignLink);
        } else {
            format!("{}/{link}", self.as_str())
        };
        let url = Url::parse(&absolute).map_err(|_| ForeignLink)?;
        let plain =
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        // A host that had to be decoded or folded is a disguise, not a spelling.
        let host_as_written = absolute.split("://").nth(1).is_some_and(|rest| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
                if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
            });
            !authority.contains('@') && url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host))
        });
        if plain && host_as_written { Ok(url) } else { Err(ForeignLink) }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A link from an answer leads to another host, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vendor sent a link to another host; it was not followed")]
pub struct ForeignLink;

/// What a call asks for, below a base.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// Appended to the base, beginning with a slash; already encoded.
    Below(String),
    /// Path and query at the origin: a link that the vendor gave, kept byte for byte.
    AtOrigin(String),
}

fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}
