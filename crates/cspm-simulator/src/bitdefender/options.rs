//! The switches. Bitdefender's documents leave much unsaid; each switch is one thing that a client must survive either
//! way, its default the reading that the sources make likeliest.

use super::keys::{ApiKey, AuthScheme, default_keys};

/// How the simulator behaves. `Options::default()` is the likeliest vendor.
#[derive(Clone, Debug)]
pub struct Options {
    /// The keys; by default the four of this module.
    pub keys: Vec<ApiKey>,
    /// How a request has to carry the key (section 2.3).
    pub auth: AuthScheme,
    /// Answers 401 to an invalid key and 403 to a missing permission, as others do (section 3.5). Default: false.
    pub swap_401_403: bool,
    /// The body of a refusal (section 3.6).
    pub error_shape: ErrorShape,
    /// What links look like (section 3.2).
    pub links: Links,
    /// `next` as a string or as an object (section 3.4).
    pub next_form: NextForm,
    /// What `next` is on the last page (section 3.4).
    pub last_next: LastNext,
    /// From the second page on, `next` leads to the very page it is on (Appendix B, faults). Default: false.
    pub repeat_next: bool,
    /// Puts an empty page, with a `next`, between any two pages (section 3.4, client rule 4). Default: false.
    pub empty_pages: bool,
    /// What happens to a `page_limit` (section 3.4).
    pub page_limit: PageLimit,
    /// Milliseconds after which a cursor is answered with 400; `None`, the default, for never.
    pub cursor_lifetime_ms: Option<i64>,
    /// How several values of a filter are read (section 3.8).
    pub arrays: ArrayStyle,
    /// Answers 400 to a query parameter that is not documented. Default: false, it is ignored.
    pub reject_unknown_parameters: bool,
    /// Answers 400 to a well-formed scan, group, rule, resource or standard id in a filter that does not exist
    /// (section 6.1). Default: true; otherwise such an id just matches nothing.
    pub reject_unknown_filter_ids: bool,
    /// `data` of a single item (section 3.2).
    pub single: Single,
    /// The answer to an id that does not exist (section 3.5).
    pub unknown_id: UnknownId,
    /// Answers 400 to a path id that is no UUID (section 3.5). Default: false, it is like any unknown id.
    pub reject_malformed_ids: bool,
    /// How a missing value is written (no page states nullability).
    pub missing: Missing,
    /// Whether checks have relationships (section 6.2).
    pub check_relationships: Relationships,
    /// Whether checks have `status_remarks`, `severity_remarks` and `expires_at` where these are set. Default: true.
    pub check_remarks: bool,
    /// Whether checks have `rule_name`, `rule_title` and `rule_version` (section 6.2). Default: false.
    pub check_rule: bool,
    /// What a check's `resource_id` is (section 6.2).
    pub resource_id: ResourceId,
    /// Adds an attribute that no document knows to every item. Default: false.
    pub extra_attribute: bool,
    /// Whether archived scan accounts are listed (section 4). Default: true.
    pub list_archived: bool,
    /// Whether `/cspm/resources` exists; its page was readable in translation only. Default: true.
    pub resource_listing: bool,
    /// Whether a standard's `relationships.rules` names a rule once only (section 9). Default: false, once a control.
    pub deduplicate_standard_rules: bool,
    /// The answer to an update (section 10).
    pub update_response: UpdateResponse,
    /// What the 2000 of a remark count (section 10).
    pub remark_unit: RemarkUnit,
    /// Whether an update may set `needs_review`, as Bitdefender says and its predecessor does not. Default: true.
    pub needs_review_settable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: default_keys(),
            auth: AuthScheme::default(),
            swap_401_403: false,
            error_shape: ErrorShape::default(),
            links: Links::default(),
            next_form: NextForm::default(),
            last_next: LastNext::default(),
            repeat_next: false,
            empty_pages: false,
            page_limit: PageLimit::default(),
            cursor_lifetime_ms: None,
            arrays: ArrayStyle::default(),
            reject_unknown_parameters: false,
            reject_unknown_filter_ids: true,
            single: Single::default(),
            unknown_id: UnknownId::default(),
            reject_malformed_ids: false,
            missing: Missing::default(),
            check_relationships: Relationships::default(),
            check_remarks: true,
            check_rule: false,
            resource_id: ResourceId::default(),
            extra_attribute: false,
            list_archived: true,
            resource_listing: true,
            deduplicate_standard_rules: false,
            update_response: UpdateResponse::default(),
            remark_unit: RemarkUnit::default(),
            needs_review_settable: true,
        }
    }
}

/// The body of a refusal, in the order of section 3.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorShape {
    /// `{"message": "..."}`
    #[default]
    Message,
    /// `{"errors": [{"status": "400", "title": "...", "detail": "..."}]}`
    Errors,
    /// `{"error": {"code": "...", "message": "..."}}`
    ErrorObject,
    /// `{"error": "Bad Request"}`
    ErrorText,
    /// No body.
    Empty,
    /// The message as plain text.
    PlainText,
    /// A page of HTML, as a gateway would send.
    Html,
}

/// What `links.self` and `links.next` look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    /// `<scheme>://<the request's Host>/v1/...`; relative if the request has no `Host`.
    Absolute {
        /// `http` by default.
        scheme: String,
    },
    /// `/v1/...`
    Relative,
    /// `/cspm/...`: the base path left out.
    WithoutBasePath,
    /// `<origin>/v1/...` with a host that is not the one asked (an internal or former name leaking through).
    Foreign {
        /// Scheme and host, without a slash at the end.
        origin: String,
    },
}

impl Default for Links {
    fn default() -> Self {
        Self::Absolute { scheme: "http".into() }
    }
}

/// `next` where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextForm {
    /// `"next": "..."`
    #[default]
    Text,
    /// `"next": {"href": "..."}`, as JSON:API allows.
    Object,
}

/// `next` on the last page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastNext {
    /// Left out.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// `""`.
    EmptyText,
    /// `{"href": null}`.
    NullHref,
}

/// What happens to `page_limit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageLimit {
    /// 400 outside 1..=1000.
    #[default]
    Reject,
    /// Outside 1..=1000 the nearest bound counts; what is no integer is still 400.
    Clamp,
    /// 400 whenever it is sent, for Bitdefender does not document it.
    Unsupported,
}

/// How several values of one filter are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArrayStyle {
    /// `a=1,2`; the parameter twice is 400.
    #[default]
    Comma,
    /// `a=1&a=2`; a comma belongs to the value.
    Repeat,
    /// Both.
    Either,
}

/// `data` of a single item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Single {
    /// An array of one.
    #[default]
    Array,
    /// The object itself.
    Object,
}

/// The answer to an id that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownId {
    /// 404.
    #[default]
    NotFound,
    /// 200 with an empty array, or `null` with [`Single::Object`].
    EmptyData,
}

/// How a value that the world does not have is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// `null`.
    #[default]
    Null,
    /// Left out.
    Absent,
}

/// The relationships of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relationships {
    /// `scan`, `scan_group`, `rule` and `resource`.
    #[default]
    Present,
    /// `{}`.
    Empty,
    /// No such member.
    Absent,
}

/// What a check's `resource_id` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceId {
    /// The UUID of the resource in `/cspm/resources`.
    #[default]
    Uuid,
    /// The cloud's own id.
    Native,
}

/// The answer to an update that was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateResponse {
    /// 200 with `data` (the checks that were changed) and `meta.total`.
    #[default]
    Body,
    /// 200 with `{}`.
    EmptyObject,
    /// 204.
    NoContent,
}

/// What is counted against the limit of a remark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemarkUnit {
    /// Unicode scalar values.
    #[default]
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}
