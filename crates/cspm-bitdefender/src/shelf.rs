//! Where a plan puts what its steps need.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that is replaced as a whole. Whoever took it keeps what was there then.
#[derive(Debug)]
pub(crate) struct Shelf<T>(RwLock<Option<Arc<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<T> Shelf<T> {
    pub(crate) fn put(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    pub(crate) fn read(&self) -> Option<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
