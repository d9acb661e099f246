//! A small stable hash for ids: 128-bit FNV-1a. It tells states apart; it is no defence against forgery.

const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// What seven zero bytes do to a hash.
const SEVEN_ZEROS: u128 = PRIME.wrapping_pow(7);

/// The running hash. Each part is delimited by its length, so that `ab`, `c` and `a`, `bc` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u128);

impl Hash {
    /// Nothing hashed yet.
    pub(crate) const fn new() -> Self {
        Self(BASIS)
    }

    /// Adds a part; an absent one differs from an empty one.
    #[must_use]
    pub(crate) fn part(self, part: Option<&str>) -> Self {
        let Some(part) = part else { return self.bytes(&[0xff]) };
        let hash = self.bytes(part.as_bytes());
        match u8::try_from(part.len()) {
            // The length is eight bytes, least first; of a short part all but the first are zeros.
            Ok(length) => Self(hash.bytes(&[length]).0.wrapping_mul(SEVEN_ZEROS)),
            Err(_) => hash.bytes(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes()),
        }
    }

    /// The hash as a number.
    pub(crate) const fn value(self) -> u128 {
        self.0
    }

    /// The hash as 32 hexadecimal digits, behind a prefix.
    pub(crate) fn text(self, prefix: &str) -> String {
        let mut text = String::with_capacity(prefix.len() + 32);
        text.push_str(prefix);
        for byte in self.0.to_be_bytes() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }));
            }
        }
        text
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fnv_1a() {
        // The published value for "a".
        assert_eq!(Hash::new().bytes(b"a").value(), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn a_part_is_its_bytes_and_its_length_in_eight() {
        for length in [0, 1, 255, 256, 70_000] {
            let text = "x".repeat(length);
            let length = u64::try_from(length).unwrap();
            let want = Hash::new().bytes(text.as_bytes()).bytes(&length.to_le_bytes());
            assert_eq!(Hash::new().part(Some(&text)), want, "{length}");
        }
    }

    #[test]
    fn its_text_is_its_number_in_hexadecimal() {
        for hash in [Hash(0), Hash(u128::MAX), Hash::new().part(Some("x"))] {
            assert_eq!(hash.text("e:"), format!("e:{:032x}", hash.value()));
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of =
            |parts: &[Option<&str>]| parts.iter().fold(Hash::new(), |hash, part| hash.part(*part)).value();
        assert_ne!(of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]));
        assert_ne!(of(&[None, Some("a")]), of(&[Some("a"), None]));
        assert_ne!(of(&[None]), of(&[Some("")]));
    }
}
