//! Gzip, right and wrong.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// Packs as one gzip member.
pub(crate) fn pack(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4 + 64), Compression::fast());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}

/// The second half is missing.
pub(crate) fn cut(plain: &[u8]) -> Bytes {
    let packed = pack(plain);
    packed.slice(..packed.len() / 2)
}

/// The checksum at the end is wrong.
pub(crate) fn bad_checksum(plain: &[u8]) -> Bytes {
    let mut packed = pack(plain).to_vec();
    // The trailer is four bytes of checksum and four of length.
    if let Some(byte) = packed.iter_mut().nth_back(7) {
        *byte ^= 0xff;
    }
    packed.into()
}

/// Two members, one after the other, each with one half.
pub(crate) fn two_members(plain: &[u8]) -> Bytes {
    let (first, second) = plain.split_at(plain.len() / 2);
    [pack(first), pack(second)].concat().into()
}

/// One gzip member of about a thousandth of `size` that unpacks to a JSON object of exactly `size` bytes (at least 20),
/// made in no time: one packed block is repeated, which deflate allows at a full flush.
pub(crate) fn bomb(size: usize) -> Bytes {
    const BLOCK: usize = 1 << 20;
    let (before, after) = (b"{\"padding\":\"", b"\"}");
    let padding = size.saturating_sub(before.len() + after.len());
    let block = Deflated::new(&vec![b'x'; BLOCK], FlushCompress::Full);
    let rest = Deflated::new(&vec![b'x'; padding % BLOCK], FlushCompress::Full);

    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut checksum = Crc::new();
    let mut add = |part: &Deflated| {
        packed.extend_from_slice(&part.packed);
        checksum.combine(&part.checksum);
    };
    add(&Deflated::new(before, FlushCompress::Full));
    (0..padding / BLOCK).for_each(|_| add(&block));
    add(&rest);
    add(&Deflated::new(after, FlushCompress::Finish));
    packed.extend_from_slice(&checksum.sum().to_le_bytes());
    packed.extend_from_slice(&checksum.amount().to_le_bytes());
    packed.into()
}

/// A piece of a deflate stream that ends on a whole byte and refers to nothing before it.
struct Deflated {
    packed: Vec<u8>,
    checksum: Crc,
}

impl Deflated {
    fn new(plain: &[u8], end: FlushCompress) -> Self {
        let mut checksum = Crc::new();
        checksum.update(plain);
        // Room enough for incompressible input, so that one call takes it all and cannot fail.
        let mut packed = Vec::with_capacity(plain.len() + plain.len() / 100 + 64);
        let _ = Compress::new(Compression::best(), false).compress_vec(plain, &mut packed, end);
        Self { packed, checksum }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::{GzDecoder, MultiGzDecoder};

    use super::*;

    const PLAIN: &[u8] = br#"{"data":[1,2,3],"meta":{"total":3}}"#;

    fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn wrong_archives_are_wrong_and_the_right_one_is_right() {
        assert_eq!(unpack(&pack(PLAIN)).unwrap(), PLAIN);
        assert!(unpack(&cut(PLAIN)).is_err());
        assert!(unpack(&bad_checksum(PLAIN)).is_err());
        assert_ne!(unpack(&two_members(PLAIN)).unwrap(), PLAIN);
        let mut both = Vec::new();
        MultiGzDecoder::new(&two_members(PLAIN)[..]).read_to_end(&mut both).unwrap();
        assert_eq!(both, PLAIN);
    }

    #[test]
    fn a_bomb_is_small_and_unpacks_to_valid_json_of_the_size() {
        for size in [20, 1 << 20, (5 << 20) + 12_345] {
            let plain = unpack(&bomb(size)).unwrap();
            assert_eq!(plain.len(), size);
            assert!(serde_json::from_slice::<serde_json::Value>(&plain).is_ok());
        }
        let packed = bomb(512 << 20);
        assert!(packed.len() < 1 << 20, "{}", packed.len());
    }
}
