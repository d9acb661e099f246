//! See `cspm_tests::fuzz::error_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_tests::fuzz::error_body(bytes));
