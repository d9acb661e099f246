//! Decoders stand any text.

use cspm_core::{FindingQuery, Origin, OutcomeFilter};
use proptest::prelude::*;

use super::{FAIL, RULES, SCANS, check, links, page};
use crate::decode::{Catalogue, decode_accounts, decode_checks, decode_rules};

fn decode_all(text: &str) {
    let origin = Origin::new("gravity", "bitdefender");
    let query = FindingQuery { outcome: OutcomeFilter::All, raw: true, ..FindingQuery::default() };
    let _ = decode_checks(text, &Catalogue::default(), &query, &origin, &links());
    let _ = decode_accounts(text, &origin, &links());
    let _ = decode_rules(text, &origin, &links());
}

proptest! {
    #[test]
    fn j02_no_text_makes_a_decoder_panic(text in ".*") {
        decode_all(&text);
    }

    #[test]
    fn j02_a_changed_byte_makes_no_decoder_panic(place in 0..2000_usize, byte in any::<u8>(), which in 0..3_usize) {
        let golden = [page(&[check("c-1", FAIL)], 1, "/v1/cspm/checks?page_cursor=x"), SCANS.to_owned(), RULES.to_owned()];
        let mut bytes = golden[which].clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        decode_all(&String::from_utf8_lossy(&bytes));
    }

    /// A record whose field has another type is kept or rejected, alone.
    #[test]
    fn j11_another_type_spoils_one_record_at_most(
        field in prop::sample::select(vec!["result", "severity", "status", "scan_name", "expires_at", "rule_id"]),
        value in prop::sample::select(vec!["null", "1", "-1", "1.5", "true", "[]", "{}", "[1]", r#"{"a":1}"#, r#""x""#]),
    ) {
        let odd = format!(r#"{{"id":"odd","attributes":{{"{field}":{value}}}}}"#);
        let text = page(&[check("c-1", FAIL), odd, check("c-2", FAIL)], 3, "");
        let origin = Origin::new("gravity", "bitdefender");
        let query = FindingQuery::default();
        let step = decode_checks(&text, &Catalogue::default(), &query, &origin, &links()).unwrap();
        prop_assert_eq!(step.items.len() + step.rejected.len(), 3);
        prop_assert!(step.items.iter().any(|finding| finding.vendor_id == "c-2"));
    }
}

/// J01: a page cut anywhere is an error, never a shorter page.
#[test]
fn j01_cut_at_every_byte() {
    let text = page(&[check("c-1", FAIL), check("c-2", FAIL)], 2, "");
    let origin = Origin::new("gravity", "bitdefender");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let cut = &text[..end];
        let read = decode_checks(cut, &Catalogue::default(), &FindingQuery::default(), &origin, &links());
        assert!(read.is_err(), "{end}");
    }
}
