//! How a server is reached: who may try now, and what a failed start costs those
//! who wait.
//!
//! Back-off is for what the engine does by itself. A call that a person makes, and
//! a list that one waits for, tries at once, one at a time; only its further tries
//! wait.

use crate::engine::{Engine, RequestId, ServerId};
use crate::time::Time;

/// What is known of the way to a server.
#[derive(Debug, Default)]
pub(super) struct Reachability {
    /// The process that ended in its handshake was started again, and asked
    /// otherwise: when it ends once more, that is how it is.
    pub(super) started_again: bool,
}

impl Engine {
    /// Until when nothing is to be opened for those who wait; `None`: now.
    pub(super) fn blocked_until(&self, now: Time, server: ServerId) -> Option<Time> {
        let state = self.server(server);
        let until = state.backoff.blocked_until(now)?;
        // While others are served, they serve this one, too.
        let fresh = !state.pool.is_up()
            && state.queue.iter().any(|id| {
                self.is_waited_for(*id)
                    && self.requests.get(id).is_some_and(|request| request.failures == 0)
            });
        (!fresh).then_some(until)
    }

    /// The most tries that a request which somebody waits for has used up, that
    /// which failed just now among them; `None`: nobody waits.
    pub(super) fn tries_used(&self, server: ServerId) -> Option<u32> {
        let waiting = self.server(server).queue.iter().filter(|id| self.is_waited_for(**id));
        waiting.filter_map(|id| Some(self.requests.get(id)?.failures + 1)).max()
    }

    /// Whether a person waits for a request, or for what becomes of it.
    fn is_waited_for(&self, id: RequestId) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        let listened = request.server.is_some_and(|server| {
            let state = self.server(server);
            state.listing == Some(id) && !state.listeners.is_empty()
        });
        !request.internal || listened
    }
}
