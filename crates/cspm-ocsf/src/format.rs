//! The text formats that schema types ask for. The schema words them as regular expressions; these are the same rules.

use std::net::IpAddr;

/// A format a text must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    ByteString,
    DateTime,
    /// Up to 1.3: its letters are capitals.
    CapitalDateTime,
    Email,
    /// Up to 1.1: of all signs, only `.`, `_`, `+` and `-` before the `@`.
    PlainEmail,
    FileHash,
    HostName,
    Ip,
    Mac,
    Uuid,
}

impl Format {
    /// The format of a schema type, which some versions word otherwise.
    pub(crate) fn of(type_name: &str, regex: &str) -> Option<Self> {
        Some(match type_name {
            "bytestring_t" => Self::ByteString,
            "datetime_t" if regex.contains("[Tt]") => Self::DateTime,
            "datetime_t" => Self::CapitalDateTime,
            "email_t" if regex.contains('!') => Self::Email,
            "email_t" => Self::PlainEmail,
            "file_hash_t" => Self::FileHash,
            "hostname_t" => Self::HostName,
            "ip_t" => Self::Ip,
            "mac_t" => Self::Mac,
            "uuid_t" => Self::Uuid,
            _ => return None,
        })
    }

    /// Whether the text has it.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::ByteString => is_base64(text),
            Self::DateTime => is_date_time(text),
            Self::CapitalDateTime => is_date_time(text) && !text.contains(['t', 'z']),
            Self::Email => is_email(text, b"!#$%&'*+,-./=?^_`{|}~"),
            Self::PlainEmail => is_email(text, b"_.+-"),
            Self::FileHash => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::HostName => text.split('.').all(is_label),
            Self::Ip => {
                let text = text.trim();
                text.split_once('%').map_or(text, |(address, _)| address).parse::<IpAddr>().is_ok()
            }
            Self::Mac => {
                text.len() == 17
                    && text.bytes().enumerate().all(|(place, byte)| match place % 3 {
                        2 => matches!(byte, b':' | b'-'),
                        _ => byte.is_ascii_hexdigit(),
                    })
            }
            Self::Uuid => text.as_bytes().windows(36).any(is_uuid),
        }
    }
}

fn is_date_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let Some((head, tail)) = text.as_bytes().split_at_checked(SHAPE.len()) else { return false };
    let shaped = head.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't'),
        _ => byte == shape,
    });
    let zone = match tail.strip_prefix(b".") {
        None => tail,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
    };
    shaped
        && match zone {
            [] | [b'Z' | b'z'] => true,
            [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// `signs` is what may be in the name beside letters and digits.
fn is_email(text: &str, signs: &[u8]) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let Some((first, rest)) = host.split_once('.') else { return false };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || signs.contains(&byte))
        && !first.is_empty()
        && first.bytes().all(is_host)
        && !rest.is_empty()
        && rest.bytes().all(|byte| is_host(byte) || byte == b'.')
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let plain = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let for_urls = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // The schema wants padding, also where nothing is left to pad.
    let padded = matches!(text.len() - data.len(), 1 | 2);
    text.is_empty() || (text.len().is_multiple_of(4) && padded && (plain || for_urls))
}

fn is_uuid(window: &[u8]) -> bool {
    window.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_take_what_they_should() {
        for (format, good, bad) in [
            (Format::DateTime, "2026-06-01T08:30:00.000Z", "2026-06-01"),
            (Format::DateTime, "2026-06-01t08:30:00+02:00", "2026-06-01T08:30:00.Z"),
            (Format::DateTime, "2026-06-01T08:30:00", "2026-06-01T08:30:00+0200"),
            (Format::Email, "a.b+c@example.co.uk", "a@example"),
            (Format::Email, "a@b.c", "a b@example.com"),
            (Format::FileHash, "00aaFF", "xyz"),
            (Format::HostName, "host-1.example", "-host"),
            (Format::Ip, "10.0.0.1", "10.0.0.256"),
            (Format::Ip, "fe80::1%eth0", "fe80:::1"),
            (Format::Mac, "00:1b:44:11:3a:B7", "00:1b:44:11:3a"),
            (Format::Uuid, "x-123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"),
            (Format::DateTime, "2026-06-01t08:30:00z", "2026-06-01 08:30:00z"),
            (Format::CapitalDateTime, "2026-06-01T08:30:00.5Z", "2026-06-01t08:30:00Z"),
            (Format::CapitalDateTime, "2026-06-01T08:30:00-01:00", "2026-06-01T08:30:00z"),
            (Format::Email, "a,b!c'd@example.com", "a\"b@example.com"),
            (Format::Email, "a/b@example.com", "a(b)@example.com"),
            (Format::PlainEmail, "A.b+c_d-e@example.com", "a,b@example.com"),
            (Format::ByteString, "YWI=", "YWJ"),
            (Format::ByteString, "YQ==", "Y==="),
            (Format::ByteString, "", "YWJj"),
            (Format::ByteString, "_-8=", "+_8="),
        ] {
            assert!(format.fits(good), "{format:?} {good}");
            assert!(!format.fits(bad), "{format:?} {bad}");
        }
    }
}
