//! See `cspm_tests::fuzz::cursor`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_tests::fuzz::cursor(bytes));
