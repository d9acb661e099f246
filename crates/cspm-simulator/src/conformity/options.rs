//! The switches: everything the document leaves open or reports in more than one way.

/// How the simulated service behaves where the document knows two ways or none.
///
/// The default is the document's suggestion (section 23.2) or, where it makes none, what was observed last.
#[derive(Clone, Debug)]
pub struct Options {
    /// The base paths that are served alike (section 2.1): the legacy product's and Cloud One's.
    pub base_paths: Vec<String>,
    /// What a `page[size]` above the maximum does.
    pub oversized_page: OversizedPage,
    /// What a page beyond the first 10,000 results holds.
    pub beyond_window: BeyondWindow,
    /// Which totals the check list carries.
    pub list_meta: ListMeta,
    /// Whether a check list without `consistentPagination` repeats about one check in a hundred and misses as many.
    pub churn: bool,
    /// What a write with read-only access is answered with.
    pub denied_write: DeniedWrite,
    /// The spelling of the gateway's 403 body (section 3.6, a and a').
    pub gateway_message: GatewayMessage,
    /// Whether `GET /accounts/{id}` wraps the account in an array of one (section 3.3).
    pub account_as_array: bool,
    /// Whether `subscription-type` sits beside `attributes` instead of inside (section 5.1).
    pub subscription_type_outside: bool,
    /// Whether an empty list of profiles, groups or organisation report configurations is a 403 (section 3.3).
    pub empty_list_is_forbidden: bool,
    /// Whether naming a deprecated rule that a profile does not hold yet is refused (section 7).
    pub refuse_deprecated_rules: bool,
    /// Whether a custom check for an account without write access is dropped without a word (section 4.4, the prose)
    /// instead of refused (the schema).
    pub drop_denied_custom_checks: bool,
    /// The layout of the rules in `/services`. The nested one is the keyless host's, so it needs no key.
    pub rule_layout: RuleLayout,
    /// Whether the organisation is locked: events answer 423 (section 3.6, g).
    pub organisation_locked: bool,
    /// How long applying a profile takes, in milliseconds.
    pub apply_delay_ms: i64,
    /// How long a deleted account stays listed, in milliseconds.
    pub delete_delay_ms: i64,
    /// How long a scan is `PENDING`, in milliseconds.
    pub scan_pending_ms: i64,
    /// How long a scan is `RUNNING` after that, in milliseconds.
    pub scan_running_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_paths: vec!["/v1".into(), "/api".into()],
            oversized_page: OversizedPage::Clip,
            beyond_window: BeyondWindow::Empty,
            list_meta: ListMeta::Both,
            churn: false,
            denied_write: DeniedWrite::Unauthorized,
            gateway_message: GatewayMessage::Capital,
            account_as_array: false,
            subscription_type_outside: false,
            empty_list_is_forbidden: true,
            refuse_deprecated_rules: true,
            drop_denied_custom_checks: false,
            rule_layout: RuleLayout::Flat,
            organisation_locked: false,
            apply_delay_ms: 0,
            delete_delay_ms: 5_000,
            scan_pending_ms: 10_000,
            scan_running_ms: 60_000,
        }
    }
}

/// What a `page[size]` above the maximum does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OversizedPage {
    /// It counts as the maximum.
    Clip,
    /// It is refused with 422.
    Refuse,
}

/// What a page beyond the first 10,000 results holds: `(number + 1) * size > 10000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeyondWindow {
    /// Nothing, with status 200.
    Empty,
    /// An error, with status 500.
    ServerError,
    /// The last page inside the window, again and again.
    RepeatLastPage,
}

/// Which totals the check list carries in `meta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListMeta {
    /// `total` and `total-pages`.
    Both,
    /// `total` only.
    Total,
    /// `total-pages` only.
    TotalPages,
    /// No `meta` at all.
    Nothing,
}

/// What a write with read-only access is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeniedWrite {
    /// 401 with the application's `details`.
    Unauthorized,
    /// 403 with the gateway's body.
    Forbidden,
}

/// The key of the text in the gateway's 403 body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayMessage {
    /// `Message`.
    Capital,
    /// `message`, as scripts saw it on Cloud One.
    Lower,
}

/// The layout of the rules in `/services` (section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleLayout {
    /// The API hosts': the fields beside `type` and `id`.
    Flat,
    /// The keyless host's: the fields in `attributes`, with its own vocabulary.
    Nested,
}
