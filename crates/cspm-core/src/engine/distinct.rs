//! Knowing a record again without keeping its id: one 64-bit key each.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// What a run's keys are made with: random, so that ids cannot be chosen to collide. A checkpoint keeps it, so that the
/// run that continues knows again what was read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed(u64, u64);

impl Seed {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let source = RandomState::new();
        Self(source.hash_one(0), source.hash_one(1))
    }
}

/// Makes keys.
#[derive(Clone, Debug)]
pub(super) struct Keys(Seed);

impl Keys {
    pub(super) fn new(seed: Seed) -> Self {
        Self(seed)
    }

    /// The key of a record. It goes into checkpoints: the same for every build and machine, unlike what `Hash` feeds.
    pub(super) fn of_record(&self, identity: &str) -> u64 {
        let mut hasher = self.hasher();
        hasher.write(identity.as_bytes());
        hasher.finish()
    }

    /// The key of anything else; good for this process only.
    pub(super) fn of(&self, thing: &(impl Hash + ?Sized)) -> u64 {
        let mut hasher = self.hasher();
        thing.hash(&mut hasher);
        hasher.finish()
    }

    fn hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0.0, self.0.1)
    }
}

/// A set of keys. Two different ids share a key with a chance of about 1 in 10⁸ among a million records; where that
/// happens one record counts as sent twice, the scope then misses one of the announced number, and the report says so.
#[derive(Debug, Default)]
pub(super) struct Distinct(HashSet<u64, Identity>);

impl Distinct {
    /// Whether the key is new.
    pub(super) fn insert(&mut self, key: u64) -> bool {
        self.0.insert(key)
    }

    pub(super) fn contains(&self, key: u64) -> bool {
        self.0.contains(&key)
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn absorb(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
        } else {
            self.0.extend(other.0);
        }
    }
}

/// Keys are hashes already; hashing them again would only cost time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity(u64);

impl BuildHasher for Identity {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        // Only `u64` keys are ever hashed, through `write_u64`.
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
