//! Locking that outlives a panic of another holder.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. A panic elsewhere (in a test's closure, say) must not spoil the log or the plan for the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
