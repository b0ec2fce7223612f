//! What servers send that is not as the protocol has it, told once.

use crate::engine::{Engine, LogLevel, ServerId};
use crate::json::lenient::Oddity;

impl Engine {
    /// Warns of something odd that was read all the same: once for each server and
    /// field, so that a server that always does it does not fill the log.
    pub(super) fn odd(&mut self, server: ServerId, oddity: Oddity) {
        let state = self.server_mut(server);
        if !state.oddities.insert(oddity) {
            return;
        }
        let name = state.name.clone();
        let Oddity { of, field, what } = oddity;
        let of = if of.is_empty() { String::new() } else { format!(" of {of}") };
        self.note(LogLevel::Warning, format_args!("{name}: {field}{of} {what}"));
    }
}
