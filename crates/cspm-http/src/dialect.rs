//! What a status means at a vendor.

use cspm_core::ErrorKind;

/// One vendor's reading of HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The vendor's name.
    pub vendor: &'static str,
    /// What a status (and the cleaned message of its body) means here, where that differs from [`usual_kind`].
    pub classify: fn(status: u16, message: &str) -> Option<ErrorKind>,
    /// How often a read is repeated on a bare 500: some vendors answer 500 to bad input.
    pub retries_on_500: u32,
    /// Requests a second at which learning the vendor's pace starts; it surely bears that many.
    pub first_pace: f64,
}

/// What a status usually means.
#[must_use]
pub const fn usual_kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        403 => ErrorKind::Permission,
        404 | 410 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        429 => ErrorKind::Throttled,
        500..=599 => ErrorKind::Server,
        300..=399 => ErrorKind::Protocol,
        _ => ErrorKind::InvalidRequest,
    }
}
