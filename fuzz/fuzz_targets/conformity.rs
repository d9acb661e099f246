//! See `cspm_tests::fuzz::conformity`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_fuzz::bounded(cspm_tests::fuzz::conformity, bytes));
