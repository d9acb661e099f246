//! See `cspm_tests::fuzz::policy_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_tests::fuzz::policy_file(bytes));
