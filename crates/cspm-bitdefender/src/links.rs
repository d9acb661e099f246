//! Next links: asked for as given, and never at another host (section 3.4).

use cspm_core::{Cursor, Error, ErrorKind, Notice, Then};
use cspm_http::{BaseUrl, ForeignLink};

use crate::lenient::Link;

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

    /// What follows a page of a collection (`/cspm/checks`) with that link. The cursor is path and query; the query is asked
    /// for byte for byte: a parameter more, and the vendor would ignore its cursor and begin again (3.4, rule 1).
    pub(crate) fn follow(&self, next: &Link<'_>, collection: &str) -> (Then, Option<Notice>) {
        let stop = |message: String| (Then::Stop(Error::new(ErrorKind::Protocol, message)), None);
        let link = match next {
            Link::None => return (Then::Done, None),
            Link::Unreadable => return stop("the link to the next page cannot be read".to_owned()),
            Link::To(link) => link,
        };
        let (link, moved) = match self.own(link, collection) {
            Ok(read) => read,
            Err(error) => return stop(error.to_string()),
        };
        let notice = moved.then(|| {
            let host = self.base.host();
            Notice::new(format!(
                "the vendor's next links lead to another host; they were asked for at {host}"
            ))
        });
        (Then::Next(Cursor::Token(link)), notice)
    }

    /// The link as path and query at the configured host, and whether it named another one.
    fn own(&self, link: &str, collection: &str) -> Result<(String, bool), ForeignLink> {
        // The vendor prints queries with raw spaces (3.8), which no URL may hold.
        let mut link = link.trim_matches(' ').replace(' ', "%20");
        if link.starts_with('?') {
            link.insert_str(0, collection);
        }
        let (link, moved) = match self.policy {
            NextLink::SameOriginOnly => (self.base.own_link(&link)?, false),
            NextLink::Rebase => self.base.rebased_link(&link)?,
        };
        Ok((self.below_base(link, collection), moved))
    }

    /// The path as it is asked for here. The vendor's own ends in `/v1` and the collection, or leaves `/v1` out (3.4, rule
    /// 5); where a gateway adds to it (`/gw/v1`), the vendor does not know that.
    fn below_base(&self, link: String, collection: &str) -> String {
        let (path, query) = link.find('?').map_or((link.as_str(), ""), |at| link.split_at(at));
        let vendors = path.strip_suffix(collection);
        match vendors {
            Some(before) if before != self.base.path() && (before.is_empty() || before.ends_with("/v1")) => {
                format!("{}{collection}{query}", self.base.path())
            }
            _ => link,
        }
    }
}
