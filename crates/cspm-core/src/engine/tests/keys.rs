//! Ids as keys.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher};

use crate::engine::distinct::{Identity, Keys, Seed};

/// Whoever knows the hash function can choose ids that share a bucket; the seed takes that from them.
#[test]
fn j20_ids_chosen_to_collide_are_spread_like_others() {
    const BUCKETS: u64 = 256;
    let bucket_without_seed = |id: &str| {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish() % BUCKETS
    };
    let chosen: Vec<String> =
        (0..).map(|number| number.to_string()).filter(|id| bucket_without_seed(id) == 7).take(512).collect();
    for _ in 0..20 {
        let keys = Keys::new(Seed::random());
        let mut buckets = BTreeMap::<u64, u32>::new();
        for id in &chosen {
            *buckets.entry(keys.of_record(id) % BUCKETS).or_default() += 1;
        }
        let fullest = buckets.values().max();
        assert!(fullest <= Some(&16), "{fullest:?} of 512 ids in one of 256 buckets");
    }
    assert_ne!(
        Keys::new(Seed::random()).of_record("a"),
        Keys::new(Seed::random()).of_record("a"),
        "each run has a seed of its own"
    );
}

/// Keys are spread already; a table that put them all in one bucket would be right, and slow.
#[test]
fn j20_a_key_is_its_own_hash() {
    let hashes: Vec<u64> = (0..1_000_u64).map(|key| Identity::default().hash_one(key)).collect();
    assert_eq!(hashes, (0..1_000).collect::<Vec<u64>>());
}
