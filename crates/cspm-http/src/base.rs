//! Where a connection's requests go, and the rule that nothing a server says changes that.

use std::fmt;
use std::net::IpAddr;

use cspm_core::{Error, ErrorKind};
use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

use crate::Call;

#[cfg(test)]
mod tests;

/// Everything but letters, digits and `-._~` is encoded, slashes and colons included: an id is one segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One path segment or query value, percent-encoded exactly once.
///
/// A path segment of one or two dots cannot be written into an address (encoded dots climb as well): a call that has one
/// in its path is refused before it is sent.
#[must_use]
pub fn encode(text: &str) -> String {
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
        // A browser would mend `https:host`; a slip of the pen in a configuration is better told.
        let Some(authority) = authority(text) else { return Err(BadAddress::NotAUrl) };
        if authority.contains('@') {
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

    /// The address of a vendor's region.
    ///
    /// # Errors
    /// Kind `config` if there is no such region; the message names those there are.
    pub fn of_region(regions: &[(&str, &str)], region: &str) -> cspm_core::Result<Self> {
        let known =
            regions.iter().find(|(name, _)| *name == region).and_then(|(_, url)| Self::parse(url).ok());
        known.ok_or_else(|| {
            let names: Vec<&str> = regions.iter().map(|(name, _)| *name).collect();
            let message = format!("unknown region; known are {}; base_url takes any other", names.join(", "));
            Error::new(ErrorKind::Config, message)
        })
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

    /// The address of a call; `None` if it cannot be written as it is. No relative joining: the target is appended to
    /// the prefix, or to the origin alone. It has to begin with a slash, so that it cannot go on naming the host (`@evil`),
    /// and what a URL reader makes of the whole has to be the same text, so that nothing climbs out (`%2e%2e`).
    pub(crate) fn address(&self, target: &Target) -> Option<Uri> {
        let address = match target {
            Target::Below(path) => format!("{}{path}", self.as_str()),
            Target::AtOrigin(path) => format!("{}{path}", self.origin()),
        };
        let (Target::Below(path) | Target::AtOrigin(path)) = target;
        let read = Url::parse(&address).ok()?;
        let is_path = path.starts_with('/') && !path.contains('#');
        (is_path && read.as_str() == address).then(|| address.parse().ok())?
    }

    /// The path of a call at the origin, as it is sent, without the query: for messages.
    #[must_use]
    pub fn path_of(&self, call: &Call) -> String {
        let (prefix, target) = match &call.target {
            Target::Below(path) => (self.path(), path),
            Target::AtOrigin(path) => ("", path),
        };
        format!("{prefix}{}", before_query(target))
    }

    /// Takes a link from an answer and keeps its path and query only, if it points to this origin.
    ///
    /// Accepted are absolute links to the same scheme, host and port (letter case and an explicit default port make no
    /// difference), links relative to the origin (`/v1/...`), and links relative to the base (`/cspm/...` where the
    /// base path is `/v1`, or `cspm/...`). The result is stored instead of the link: it cannot name a host.
    ///
    /// Path and query stay byte for byte; only characters that no URL may hold (and `'` in the query) are
    /// percent-encoded, as every client does before it sends them. A fragment is dropped.
    ///
    /// # Errors
    /// [`ForeignLink`] for everything else; nothing is sent then.
    pub fn own_link(&self, link: &str) -> Result<String, ForeignLink> {
        self.own(&self.read_link(link)?)
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

    /// Where a redirect of a request leads, as path and query, if it stays at this origin. Unlike a link, it is relative
    /// to what was asked for (RFC 9110, section 10.2.2).
    pub(crate) fn redirected(&self, asked: &Target, location: &str) -> Result<String, ForeignLink> {
        if is_hostile(location) {
            return Err(ForeignLink);
        }
        if has_scheme(location) {
            return self.own(&read_absolute(location)?);
        }
        let asked =
            self.address(asked).and_then(|asked| Url::parse(&asked.to_string()).ok()).ok_or(ForeignLink)?;
        self.own(&asked.join(location).map_err(|_| ForeignLink)?)
    }

    fn own(&self, absolute: &Url) -> Result<String, ForeignLink> {
        if absolute.origin() == self.0.origin() { Ok(path_and_query(absolute)) } else { Err(ForeignLink) }
    }

    fn read_link(&self, link: &str) -> Result<Url, ForeignLink> {
        if is_hostile(link) || link.starts_with(['?', '#']) {
            return Err(ForeignLink);
        }
        let absolute = if has_scheme(link) {
            link.to_owned()
        } else if link.starts_with('/') {
            let inside = link
                .strip_prefix(self.path())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
            if inside { format!("{}{link}", self.origin()) } else { format!("{}{link}", self.as_str()) }
        } else {
            format!("{}/{link}", self.as_str())
        };
        let path = before_query(&absolute);
        // A path that climbs was not written by somebody who knows where it leads.
        if path.split('/').any(is_dots) { Err(ForeignLink) } else { read_absolute(&absolute) }
    }
}

/// Whether a link holds what readers of URLs disagree about: control characters and white space (removed by some),
/// backslashes (slashes to some), two slashes in front (another host).
fn is_hostile(link: &str) -> bool {
    let disputed = |character: char| character.is_control() || character.is_whitespace() || character == '\\';
    link.is_empty() || link.contains(disputed) || link.starts_with("//")
}

fn before_query(link: &str) -> &str {
    link.split(['?', '#']).next().unwrap_or_default()
}

/// Whether a link says more than a path: `https://…`, but also `https:…` and `mailto:…`.
fn has_scheme(link: &str) -> bool {
    before_query(link).split('/').next().is_some_and(|head| head.contains(':'))
}

fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// What stands between `://` and the path.
fn authority(absolute: &str) -> Option<&str> {
    let (_, rest) = before_query(absolute).split_once("://")?;
    rest.split('/').next().filter(|authority| !authority.is_empty())
}

fn read_absolute(absolute: &str) -> Result<Url, ForeignLink> {
    let url = Url::parse(absolute).map_err(|_| ForeignLink)?;
    let authority = authority(absolute).ok_or(ForeignLink)?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    // A host that had to be decoded or folded is a disguise, not a spelling.
    let as_written = url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host));
    if matches!(url.scheme(), "http" | "https") && as_written { Ok(url) } else { Err(ForeignLink) }
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
