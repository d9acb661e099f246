use proptest::prelude::*;

use super::*;

fn knowing(secret: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.learn(&SecretString::from(secret));
    redactor
}

#[test]
fn s07_every_spelling_is_blotted_out() {
    let secret = "k%y@/with\"odd+chars & <ü>'";
    let redactor = knowing(secret);
    for spelling in spellings(secret) {
        let spelling = String::from_utf8(spelling).unwrap();
        let text = format!("{{\"echo\":\"<{spelling}>\"}}");
        assert_eq!(redactor.clean_text(&text), "{\"echo\":\"<[redacted]>\"}", "{spelling}");
    }
    assert_eq!(redactor.clean_text("nothing here"), "nothing here");
}

#[test]
fn s07_spellings_of_other_writers_are_known() {
    let redactor = knowing("pä/ss w<o>rd'&\"x");
    for spelling in [
        "p%C3%A4%2Fss%20w%3Co%3Erd%27%26%22x",
        "p%c3%a4%2fss%20w%3co%3erd%27%26%22x",
        "p%C3%A4%2Fss%20w%3Co%3Erd'%26%22x",
        "p%C3%A4/ss%20w%3Co%3Erd'&%22x",
        "p%C3%A4%2Fss+w%3Co%3Erd%27%26%22x",
        "p\\u00e4/ss w<o>rd'&\\\"x",
        "p\\u00e4\\/ss w<o>rd'&\\\"x",
        "pä/ss w\\u003co\\u003erd'\\u0026\\\"x",
        "pä/ss w&lt;o&gt;rd&#39;&amp;&quot;x",
    ] {
        assert_eq!(redactor.clean_text(spelling), "[redacted]", "{spelling}");
    }
}

#[test]
fn short_secrets_do_not_destroy_data() {
    assert_eq!(knowing("pw").clean_text("a pwned thing"), "a pwned thing");
}

#[test]
fn a_secret_inside_another_leaves_no_rest_of_it() {
    let redactor = knowing("hunter22");
    redactor.learn(&SecretString::from("hunter22-and-more"));
    redactor.learn(&SecretString::from("hunter22"));
    assert_eq!(redactor.clean_text("<hunter22-and-more> <hunter22>"), "<[redacted]> <[redacted]>");
}

#[test]
fn s07_a_secret_is_found_wherever_it_lies_in_a_large_answer() {
    const WINDOW: usize = 1 << 17;
    let redactor = knowing("hunter22");
    for place in (WINDOW - 9..WINDOW + 2).chain(2 * WINDOW - 9..2 * WINDOW + 2).chain([0, 3 * WINDOW - 8]) {
        let mut text = vec![b'x'; 3 * WINDOW];
        text[place..place + 8].copy_from_slice(b"hunter22");
        let clean = redactor.all().clean(text.into());
        assert!(memmem::find(&clean, b"hunter22").is_none(), "{place}");
        assert_eq!(clean.len(), 3 * WINDOW + 2, "{place}");
    }
}

#[test]
fn what_holds_no_secret_is_not_copied() {
    let redactor = knowing("hunter22");
    let bytes = Bytes::from(vec![b'x'; 1000]);
    assert_eq!(redactor.all().clean(bytes.clone()).as_ptr(), bytes.as_ptr());
}

#[test]
fn tokens_stay_in_what_only_lasting_secrets_are_looked_for_in() {
    let redactor = knowing("password");
    redactor.learn_session(&SecretString::from("token-1"));
    let text = Bytes::from_static(b"password token-1");
    assert_eq!(redactor.lasting().clean(text.clone()), "[redacted] token-1");
    assert_eq!(redactor.all().clean(text), "[redacted] [redacted]");
}

proptest! {
    #[test]
    fn s07_nothing_of_a_secret_remains_among_any_bytes(
        secret in "[!-~äß€😀]{6,40}",
        before in proptest::collection::vec(any::<u8>(), 0..40),
        after in proptest::collection::vec(any::<u8>(), 0..40),
        which in any::<prop::sample::Index>(),
    ) {
        let redactor = knowing(&secret);
        let all = spellings(&secret);
        let spelling = which.get(&all);
        let text = [&before[..], spelling, &after].concat();
        let clean = redactor.all().clean(text.into());
        for spelling in &all {
            prop_assert!(memmem::find(&clean, spelling).is_none());
        }
        prop_assert!(memmem::find(&clean, BLOT).is_some());
    }

    #[test]
    fn s07_base64_of_something_longer_holds_no_secret(
        secret in "[!-~]{9,40}", before in "[ -~]{0,9}", after in "[ -~]{0,9}",
    ) {
        let redactor = knowing(&secret);
        let encoded = STANDARD.encode(format!("{before}{secret}{after}"));
        let clean = redactor.clean_text(&encoded);
        prop_assert!(clean.contains("[redacted]"));
        // What is left decodes to less than two characters of the secret on either side.
        prop_assert!(clean.len() <= BLOT.len() + (before.len() + after.len()) * 4 / 3 + 8);
    }

    #[test]
    fn header_values_are_cleaned_and_stay_headers(text in "[ -~]{0,20}") {
        let redactor = knowing("hunter22");
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", HeaderValue::from_str(&format!("{text}hunter22")).unwrap());
        redactor.all().clean_headers(&mut headers);
        prop_assert_eq!(headers["x-echo"].to_str().unwrap(), format!("{text}[redacted]"));
    }
}
