//! Base64 for opaque cursors (written without padding, safe in a URL) and for `Basic` credentials (read).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The URL-safe form without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let index = (group >> (18 - 6 * sextet)) & 0x3f;
            out.extend(ALPHABET.get(index as usize).map(|byte| char::from(*byte)));
        }
    }
    out
}

/// Reads either alphabet, with or without padding; `None` if it is not Base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut group = 0u32;
        for byte in chunk {
            group = (group << 6) | u32::from(sextet(*byte)?);
        }
        let [_, bytes @ ..] = (group << (6 * (4 - chunk.len()))).to_be_bytes();
        out.extend(bytes.into_iter().take(chunk.len() - 1));
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' | b'+' => 62,
        b'_' | b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_length_survives() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37).wrapping_add(250)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn reads_the_standard_form() {
        // The vectors of RFC 4648, section 10.
        assert_eq!(decode("Zm9vYg==").as_deref(), Some(b"foob".as_slice()));
        assert_eq!(decode("Zm9vYmE=").as_deref(), Some(b"fooba".as_slice()));
        assert_eq!(encode(b"fooba"), "Zm9vYmE");
        assert_eq!(decode("+/+/"), decode("-_-_"));
        assert_eq!(decode("A"), None);
        assert_eq!(decode("a b="), None);
    }
}
