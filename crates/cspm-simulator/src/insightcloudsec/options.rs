//! What the simulator does where the document leaves a choice, and the misbehaviour a test may ask for.

use http::StatusCode;

/// Version of the product whose shapes are served (document section 24, rule 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// The Swagger file: short cloud records, `system_admin` in the login reply, history as a list.
    V2019,
    /// Product 22.2: badges, counts, strategies and cloud organizations in cloud records.
    V2022,
    /// Product 23.6: `domain_admin` and `domain_viewer`, host assessment.
    V2023,
    /// Current: all fields.
    V2025,
}

/// What a list endpoint does with a page size above its maximum. Not documented for most endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// 400, as the vulnerability endpoints are known to do.
    Reject,
    /// The maximum is used, and echoed as `limit`.
    Clamp,
}

/// How cursors of the v3 query behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursors {
    /// As documented.
    Normal,
    /// From the second page on, `next_cursor` is the cursor that was just used.
    Repeat,
    /// After so many pages the cursor leads back to the first page.
    Cycle(usize),
    /// Never ends: after the last record come empty pages with ever new cursors.
    Endless,
}

/// How the v3 query marks its last page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastCursor {
    /// `"next_cursor": null`.
    Null,
    /// No `next_cursor` at all.
    Absent,
    /// `"next_cursor": ""`.
    Empty,
}

/// Where a v3 query carries `counts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryCounts {
    /// Only without a cursor.
    FirstPage,
    /// On every page.
    EveryPage,
    /// Nowhere.
    Never,
}

/// What the insight counters (`results`, `by_type` and the rest) say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterMode {
    /// The values at the time they were first computed; stale after every change until `counts/refresh`.
    Cached,
    /// All zero, although there are results.
    Zero,
    /// The keys are missing.
    Absent,
    /// Off by so many, never below zero.
    Off(i64),
}

/// All switches. `Options::default()` is the documented behaviour of a current installation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Version of the product.
    pub profile: Profile,
    /// Seed of session tokens and new keys.
    pub seed: u64,
    /// Status without any credential, and for a token that is unknown, expired or logged out. Default 401.
    pub bad_token_status: StatusCode,
    /// Status for an unknown, expired or deactivated key. Default 403.
    pub bad_key_status: StatusCode,
    /// Wrong passwords until the account is suspended. Default 5.
    pub lock_after: u32,
    /// Life of a session from its login, in minutes, and `session_timeout` of the login reply. Default 720.
    pub session_minutes: i64,
    /// Requests a session is good for; `None` (default) is no limit.
    pub session_requests: Option<u32>,
    /// Largest `limit` of the v2 query. Default 100.
    pub v2_query_max: usize,
    /// Largest `limit` of the v3 queries. Default 1000.
    pub v3_query_max: usize,
    /// What happens above those two. Default: rejected.
    pub excess: Excess,
    /// Gives at most so many records a page whatever was asked for, without saying so. Default: no cap.
    pub page_cap: Option<usize>,
    /// Cursor behaviour.
    pub cursors: Cursors,
    /// The mark of the last page. Default: null.
    pub last_cursor: LastCursor,
    /// Puts one page without records between the first and the second page of a v3 query. Default: no.
    pub blank_page: bool,
    /// Where v3 queries carry `counts`. Default: on the first page.
    pub counts: QueryCounts,
    /// Added to `counts` of a query and `total_count` of a list once for every page after the first. Default 0.
    pub total_drift: i64,
    /// Insight counters.
    pub counters: CounterMode,
    /// Page size of the exemption list when none is asked for. Default 100.
    pub exemptions_page_size: usize,
    /// Largest page size of the exemption list (more: 400). Default 2000.
    pub exemptions_max_page_size: usize,
    /// Whether the exemption list has `page`, `page_size` and `total_pages` beside `total_count`. Default: yes.
    pub exemptions_echo_page: bool,
    /// Whether `resource_id` in the exemption list has lost its trailing colon. Default: no.
    pub exemptions_drop_colon: bool,
    /// Whether exemption dates may be full date-times (otherwise 400). Default: no.
    pub exemption_date_times: bool,
    /// Whether a deletion with an unknown id removes the known ones before it answers 404. Default: no.
    pub exemption_delete_partly: bool,
    /// Paths (any part of them) that answer 200 with an `error_message` instead of their result. Default: none.
    pub soft_errors: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: Profile::V2025,
            seed: 1,
            bad_token_status: StatusCode::UNAUTHORIZED,
            bad_key_status: StatusCode::FORBIDDEN,
            lock_after: 5,
            session_minutes: 720,
            session_requests: None,
            v2_query_max: 100,
            v3_query_max: 1000,
            excess: Excess::Reject,
            page_cap: None,
            cursors: Cursors::Normal,
            last_cursor: LastCursor::Null,
            blank_page: false,
            counts: QueryCounts::FirstPage,
            total_drift: 0,
            counters: CounterMode::Cached,
            exemptions_page_size: 100,
            exemptions_max_page_size: 2000,
            exemptions_echo_page: true,
            exemptions_drop_colon: false,
            exemption_date_times: false,
            exemption_delete_partly: false,
            soft_errors: Vec::new(),
        }
    }
}
