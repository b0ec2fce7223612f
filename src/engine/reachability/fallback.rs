//! The command that stands in for a socket.

use std::time::Duration;

use crate::time::Time;

/// The pause before a socket that failed is tried again.
const SOCKET_PAUSE: Duration = Duration::from_secs(10);
/// The pause after the command's process has answered on its standard streams. It may
/// listen on the socket as well.
const PAUSE_AFTER_ANSWER: Duration = Duration::from_secs(1);

/// A socket failed, and the server's command is used in its place.
#[derive(Debug)]
pub(super) struct Fallback {
    reason: String,
    retry_at: Time,
}

impl Fallback {
    /// The socket failed for `reason`.
    pub(super) fn new(now: Time, reason: String) -> Fallback {
        Fallback { reason, retry_at: now + SOCKET_PAUSE }
    }

    /// The socket failed again.
    pub(super) fn socket_failed(&mut self, now: Time, reason: &str) {
        reason.clone_into(&mut self.reason);
        self.retry_at = now + SOCKET_PAUSE;
    }

    /// The process has answered on its standard streams.
    pub(super) fn process_answered(&mut self, now: Time) {
        self.retry_at = now + PAUSE_AFTER_ANSWER;
    }

    /// Whether the socket is to be tried again.
    pub(super) fn is_due(&self, now: Time) -> bool {
        now >= self.retry_at
    }

    /// Why the socket failed the last time.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }
}
