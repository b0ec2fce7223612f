//! What is known of a server's tools goes with the connection that it came by.

use crate::engine::{ConnectionId, Engine, ServerId};
use crate::metrics::EvictionCause;
use crate::time::Time;

impl Engine {
    /// The connection that a list of tools came by is gone, and the list with it: the
    /// next one may lead to a server that has others. While the same server is
    /// there by another connection, or allowed the list to be kept, it stays.
    pub(super) fn list_is_parted(
        &mut self,
        now: Time,
        server: ServerId,
        id: ConnectionId,
        cause: EvictionCause,
    ) {
        let state = self.server_mut(server);
        if state.listed_on != Some(id) {
            return;
        }
        state.listed_on = None;
        if matches!(cause, EvictionCause::Idle | EvictionCause::Overflow) {
            state.listed_on = state.pool.any_ready();
            let kept = state.catalogue.as_ref().and_then(|list| list.ttl(now)).is_some();
            if state.listed_on.is_some() || kept {
                return;
            }
        }
        state.catalogue = None;
    }
}
