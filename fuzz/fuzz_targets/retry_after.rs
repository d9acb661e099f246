//! See `cspm_tests::fuzz::retry_after`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_tests::fuzz::retry_after(bytes));
