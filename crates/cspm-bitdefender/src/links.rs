//! Next links: asked for exactly as given, and never at another host (section 3.4).

use cspm_core::{Cursor, Error, ErrorKind, Notice, Then};
use cspm_http::BaseUrl;

/// What to do with a next link to another host. Following it there is not offered: the key would go along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextLink {
    /// End the listing with an error.
    SameOriginOnly,
    /// Ask the configured host for the link's path and query, and say so: an old or internal host name may leak through.
    #[default]
    Rebase,
}

/// Reads next links of one connection.
#[derive(Clone, Debug)]
pub struct Links {
    base: BaseUrl,
    policy: NextLink,
}

impl Links {
    /// For links that have to stay at `base`.
    #[must_use]
    pub fn new(base: BaseUrl, policy: NextLink) -> Self {
        Self { base, policy }
    }

    /// What follows a page with that link. The cursor is path and query, to be asked for byte for byte: a parameter more,
    /// and the vendor would ignore its cursor and begin again (3.4, rule 1).
    pub(crate) fn follow(&self, next: Option<&str>) -> (Then, Option<Notice>) {
        let Some(link) = next else { return (Then::Done, None) };
        let read = match self.policy {
            NextLink::SameOriginOnly => self.base.own_link(link).map(|link| (link, false)),
            NextLink::Rebase => self.base.rebased_link(link),
        };
        let (link, moved) = match read {
            Ok(read) => read,
            Err(error) => return (Then::Stop(Error::new(ErrorKind::Protocol, error.to_string())), None),
        };
        let notice = moved.then(|| {
            let host = self.base.host();
            Notice::new(format!(
                "the vendor's next links lead to another host; they were asked for at {host}"
            ))
        });
        (Then::Next(Cursor::Token(link)), notice)
    }
}
