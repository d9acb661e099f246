//! See `cspm_tests::fuzz::next_link`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_tests::fuzz::next_link(bytes));
