//! See `cspm_tests::fuzz::bitdefender`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cspm_fuzz::bounded(cspm_tests::fuzz::bitdefender, bytes));
