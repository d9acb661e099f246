//! What the fuzzers of answers hold besides: memory follows what was sent, and no number in it.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A connection, its clock, and everything that is said about one run.
const BESIDES: usize = 1 << 20;
/// What a byte costs at most (row J02 of the catalogue of faults).
const A_BYTE: usize = 8;
/// What an entry of a list or object costs at most, however short it is: a finding, or why there is none. Of those the
/// transport takes a hundred thousand in a list.
const AN_ENTRY: usize = 2 << 10;

/// Fails if a property fails, or takes more memory than its input justifies.
pub fn bounded(property: fn(&[u8]), bytes: &[u8]) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    property(bytes);
    let most = MEMORY.peak_usage().saturating_sub(before);
    let entries = bytes.iter().filter(|byte| **byte == b',').count();
    let bound = BESIDES + A_BYTE * bytes.len() + AN_ENTRY * entries;
    assert!(most <= bound, "{most} bytes of memory for {} of input and {entries} commas", bytes.len());
}
