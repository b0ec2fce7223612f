//! A server that is left alone because it fails, as reports show it.

use std::time::Duration;

use crate::time::Time;

/// Why a server's breaker is not closed, and how long.
#[derive(Clone, Debug)]
pub struct LeftAlone {
    /// Until when unattended calls fail.
    pub until: Time,
    /// What the server did, as in "5 calls in a row failed".
    pub reason: String,
}

impl LeftAlone {
    /// `open`, or `half-open` when the time is over and the next call finds out.
    pub fn state(&self, now: Time) -> &'static str {
        if now < self.until { "open" } else { "half-open" }
    }

    /// How long unattended calls still fail.
    pub fn retry_after(&self, now: Time) -> Duration {
        self.until.since(now)
    }
}
