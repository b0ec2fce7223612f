//! Waiting for things to become true.

use std::thread;
use std::time::{Duration, Instant};

/// Longest time a test waits for anything: what works is there much sooner.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Looks at a condition until it holds.
///
/// # Panics
/// When it does not within [`PATIENCE`]: `what` is the sentence that says so.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let _: () = until_some(what, || condition().then_some(()));
}

/// Looks for a value until there is one.
///
/// # Panics
/// When there is none within [`PATIENCE`].
#[track_caller]
pub fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
