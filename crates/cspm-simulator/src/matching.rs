//! Which requests a rule, or a question to the log, is about.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::wire::SimRequest;

/// A condition on requests; what is not said matches everything.
///
/// ```
/// use cspm_simulator::Match;
///
/// let second_page = Match::get("/v1/checks").query("page[number]=1");
/// let policies = Match::post("/v1/*/policies/*/rules").body("\"pageSize\":100");
/// # let _ = (second_page, policies);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// Only this method.
    pub method: Option<Method>,
    /// The path as sent. With a `*` in it, a pattern for the whole path in which `*` stands for any text, also empty
    /// and also with slashes; without, a prefix.
    pub path: Option<String>,
    /// Text that the query contains, as sent or percent-decoded.
    pub query: Option<String>,
    /// Text that the body contains.
    pub body: Option<String>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of any method to such a path, see [`Match::path`].
    pub fn path(path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// `GET` requests to such a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Some(Method::GET), ..Self::path(path) }
    }

    /// `POST` requests to such a path.
    pub fn post(path: impl Into<String>) -> Self {
        Self { method: Some(Method::POST), ..Self::path(path) }
    }

    /// The same, only of this method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// The same, only with this text in the query.
    pub fn query(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// The same, only with this text in the body.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Whether a request meets the condition.
    pub fn matches(&self, request: &SimRequest) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.path.as_ref().is_none_or(|pattern| path_matches(pattern, &request.path))
            && self.query.as_ref().is_none_or(|text| query_contains(&request.query, text))
            && self.body.as_ref().is_none_or(|text| contains(&request.body, text.as_bytes()))
    }
}

fn query_contains(query: &str, text: &str) -> bool {
    query.contains(text) || percent_decode_str(query).decode_utf8_lossy().contains(text)
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return path.starts_with(pattern);
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = path.strip_prefix(first).and_then(|path| path.strip_suffix(last)) else {
        return false;
    };
    // Each piece at its first place leaves the most room for those after it, so no going back is needed.
    middle.split('*').all(|piece| match left.split_once(piece) {
        Some((_, after)) => {
            left = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn request(method: Method, path: &str, query: &str, body: &'static str) -> SimRequest {
        SimRequest {
            method,
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_path_without_a_star_is_a_prefix() {
        assert!(path_matches("/v1/checks", "/v1/checks/abc"));
        assert!(!path_matches("/v1/checks", "/v1/check"));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, path, expected) in [
            ("*", "/", true),
            ("/v1/*/rules", "/v1/a/b/rules", true),
            ("/v1/*/rules", "/v1/rules", false),
            ("/v1/*/rules", "/v1/a/rules/x", false),
            ("/*/a/*/b/*", "/x/a/y/a/z/b/", true),
            ("/*/a/*/b/*", "/x/b/y/a/", false),
            ("/a*a", "/a", false),
            ("/v1/checks/*", "/v1/checks/", true),
            ("*/checks", "/v1/checks", true),
            ("/a**b", "/axb", true),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn all_conditions_must_hold_and_a_query_matches_encoded_or_not() {
        let sent = request(Method::POST, "/v1/checks", "page%5Bnumber%5D=3", "{\"method\":\"list\"}");
        assert!(Match::any().matches(&sent));
        assert!(Match::post("/v1/").query("page[number]=3").body("list").matches(&sent));
        assert!(Match::any().query("%5Bnumber%5D").matches(&sent));
        assert!(!Match::get("/v1/").matches(&sent));
        assert!(!Match::any().method(Method::PUT).matches(&sent));
        assert!(!Match::any().query("page[number]=4").matches(&sent));
        assert!(!Match::any().body("delete").matches(&sent));
    }
}
