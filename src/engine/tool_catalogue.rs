//! What is known of the tools of one server: the last list, where it came from, and the
//! requests that wait for the next one.
//!
//! Invariants:
//! * at most one request of the engine's own reads the list at any time;
//! * a list is given up with the connection that it came by, unless the server is still
//!   there by another connection, or allowed the list to be kept.

use std::mem;
use std::time::Duration;

use crate::config::ToolFilter;
use crate::engine::catalogue::Catalogue;
use crate::engine::{ConnectionId, RequestId};
use crate::metrics::EvictionCause;
use crate::time::Time;

/// The tools of one server.
#[derive(Debug, Default)]
pub(super) struct ToolCatalogue {
    list: Option<Catalogue>,
    /// The connection that the list came by: another one may lead to other tools.
    listed_on: Option<ConnectionId>,
    /// The driver keeps the list across restarts.
    kept: bool,
    /// The engine's own request for the list.
    listing: Option<RequestId>,
    /// Requests that wait for that request.
    waiting: Vec<RequestId>,
}

impl ToolCatalogue {
    /// The last list, whether it may still be used or not.
    pub(super) fn list(&self) -> Option<&Catalogue> {
        self.list.as_ref()
    }

    /// The last list, while it may be used.
    pub(super) fn fresh(&self, now: Time) -> Option<&Catalogue> {
        self.list.as_ref().filter(|list| list.is_fresh(now))
    }

    /// The raw definition of a tool in the last list.
    pub(super) fn definition(&self, tool: &str) -> Option<&str> {
        self.list.as_ref()?.definition(tool)
    }

    /// Takes a list that the driver kept from an earlier run. A list that came meanwhile
    /// stays.
    pub(super) fn recall(&mut self, now: Time, items: &[u8], left: Duration, tools: &ToolFilter) {
        self.kept = true;
        if self.list.is_none() {
            self.list = Catalogue::recalled(now, items, left);
            if let Some(list) = &mut self.list {
                list.filter(tools);
            }
        }
    }

    /// A list came by a connection, `None` when that is closed already.
    pub(super) fn replace(&mut self, list: Catalogue, listed_on: Option<ConnectionId>) {
        self.list = Some(list);
        self.listed_on = listed_on;
    }

    /// The server has no tools.
    pub(super) fn set_empty(&mut self) {
        self.list = Some(Catalogue::default());
    }

    /// The list is out of date.
    pub(super) fn forget(&mut self) {
        self.list = None;
    }

    /// The driver is asked to keep the list.
    pub(super) fn keep(&mut self) {
        self.kept = true;
    }

    /// Returns true when the driver is to be asked to keep the list no longer.
    pub(super) fn unkeep(&mut self) -> bool {
        mem::take(&mut self.kept)
    }

    /// A connection is closed. `other` is a connection of the same server that stays.
    pub(super) fn connection_closed(
        &mut self,
        now: Time,
        id: ConnectionId,
        cause: EvictionCause,
        other: Option<ConnectionId>,
    ) {
        if self.listed_on != Some(id) {
            return;
        }
        self.listed_on = None;
        if matches!(cause, EvictionCause::Idle | EvictionCause::Overflow) {
            self.listed_on = other;
            let may_be_kept = self.list.as_ref().and_then(|list| list.ttl(now)).is_some();
            if other.is_some() || may_be_kept {
                return;
            }
        }
        self.list = None;
    }

    /// Puts a request among those that wait for the next list. Returns true when that
    /// list has to be asked for.
    pub(super) fn wait(&mut self, id: RequestId) -> bool {
        self.waiting.push(id);
        self.listing.is_none()
    }

    /// A request of the engine's own reads the list from now on.
    pub(super) fn reads(&mut self, listing: RequestId) {
        self.listing = Some(listing);
    }

    /// The engine's own request has ended. Returns the requests that waited for it.
    pub(super) fn has_read(&mut self) -> Vec<RequestId> {
        self.listing = None;
        self.take_waiting()
    }

    /// A request waits no longer.
    pub(super) fn stop_waiting(&mut self, id: RequestId) {
        self.waiting.retain(|other| *other != id);
    }

    /// Takes out the requests that wait.
    pub(super) fn take_waiting(&mut self) -> Vec<RequestId> {
        mem::take(&mut self.waiting)
    }

    /// The requests that wait for the next list.
    pub(super) fn waiting(&self) -> &[RequestId] {
        &self.waiting
    }

    /// Whether a request is the engine's own for the list, and others wait for it.
    pub(super) fn is_awaited(&self, id: RequestId) -> bool {
        self.listing == Some(id) && !self.waiting.is_empty()
    }

    /// For tests: the list is not being read.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.listing.is_none() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    fn listed(left: Option<Duration>) -> ToolCatalogue {
        let mut tools = ToolCatalogue::default();
        let list = match left {
            Some(left) => Catalogue::recalled(Time::ZERO, b"[]", left).unwrap(),
            None => Catalogue::default(),
        };
        tools.replace(list, Some(FIRST));
        tools
    }

    #[test]
    fn a_list_goes_with_its_connection_unless_the_server_stays() {
        use EvictionCause::{Idle, PeerClosed};
        let minute = Some(Duration::from_secs(60));
        for (closed, cause, other, left, stays) in [
            (SECOND, PeerClosed, None, None, true),
            (FIRST, PeerClosed, Some(SECOND), minute, false),
            (FIRST, Idle, None, None, false),
            (FIRST, Idle, Some(SECOND), None, true),
            (FIRST, Idle, None, minute, true),
        ] {
            let mut tools = listed(left);
            tools.connection_closed(Time::ZERO, closed, cause, other);
            assert_eq!(tools.list().is_some(), stays, "{closed:?} {cause:?} {other:?} {left:?}");
        }
        let mut tools = listed(None);
        tools.connection_closed(Time::ZERO, FIRST, Idle, Some(SECOND));
        tools.connection_closed(Time::ZERO, SECOND, Idle, None);
        assert!(tools.list().is_none(), "the second connection was closed, too");
    }

    #[test]
    fn one_request_reads_the_list_for_all_that_wait() {
        let mut tools = ToolCatalogue::default();
        assert!(tools.wait(RequestId(1)));
        tools.reads(RequestId(9));
        assert!(!tools.wait(RequestId(2)));
        assert!(tools.is_awaited(RequestId(9)) && !tools.is_awaited(RequestId(1)));
        tools.stop_waiting(RequestId(1));
        assert_eq!(tools.has_read(), [RequestId(2)]);
        assert!(tools.is_at_rest() && tools.wait(RequestId(3)));
    }

    #[test]
    fn a_list_from_an_earlier_run_replaces_none_that_came() {
        let filter = ToolFilter::default();
        let mut tools = listed(None);
        tools.recall(Time::ZERO, b"[{\"name\":\"a\"}]", Duration::from_secs(9), &filter);
        assert_eq!(tools.list().map(Catalogue::len), Some(0));
        assert!(tools.unkeep() && !tools.unkeep());
        tools.forget();
        tools.recall(Time::ZERO, b"[{\"name\":\"a\"}]", Duration::from_secs(9), &filter);
        assert!(tools.definition("a").is_some());
        assert!(tools.fresh(Time::ZERO + Duration::from_secs(10)).is_none());
    }
}
