//! The resources of one server whose changes the host wants to be told.
//!
//! Invariants:
//! * a URI is watched from the moment the server agreed until the host unsubscribes;
//! * subscriptions that were lost are asked for again, at most once in [`RENEWAL`].

use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;

use crate::engine::RequestId;
use crate::time::Time;

/// Least time between two renewals of the subscriptions of one server.
const RENEWAL: Duration = Duration::from_secs(10);

/// The subscriptions of one server.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    watched: BTreeSet<Box<str>>,
    /// Requests that the server has not confirmed, in order.
    unconfirmed: Vec<RequestId>,
    /// When lost subscriptions were asked for again the last time.
    renewed: Option<Time>,
}

impl Subscriptions {
    /// The server tells changes of a resource from now on.
    pub(super) fn watch(&mut self, uri: Box<str>) {
        self.watched.insert(uri);
    }

    /// Changes of a resource are no longer wanted. Returns false when they were not.
    pub(super) fn unwatch(&mut self, uri: &str) -> bool {
        self.watched.remove(uri)
    }

    /// Nothing is watched any more. Returns the requests that were not confirmed.
    pub(super) fn clear(&mut self) -> Vec<RequestId> {
        self.watched.clear();
        self.take_unconfirmed()
    }

    /// The URIs that are watched.
    pub(super) fn watched(&self) -> &BTreeSet<Box<str>> {
        &self.watched
    }

    /// Whether the host wants to be told that the resource `uri` changed: it is watched,
    /// or it lies below a resource that is (2025-11-25, resources).
    pub(super) fn covers(&self, uri: &str) -> bool {
        self.watched.iter().any(|watched| covers(watched, uri))
    }

    /// A request waits until the server confirms its subscription.
    pub(super) fn await_confirmation(&mut self, id: RequestId) {
        self.unconfirmed.push(id);
    }

    /// A request waits no longer.
    pub(super) fn stop_waiting(&mut self, id: RequestId) {
        self.unconfirmed.retain(|other| *other != id);
    }

    /// Takes out the requests that wait.
    pub(super) fn take_unconfirmed(&mut self) -> Vec<RequestId> {
        mem::take(&mut self.unconfirmed)
    }

    /// The requests that wait until the server confirms.
    pub(super) fn unconfirmed(&self) -> &[RequestId] {
        &self.unconfirmed
    }

    /// When lost subscriptions are to be asked for again, at the earliest: at once, but
    /// not in circles with a server that ends them each time. `None`: nothing is watched.
    pub(super) fn next_renewal(&self, now: Time) -> Option<Time> {
        let pause_is_over = self.renewed.map_or(now, |renewed| now.max(renewed + RENEWAL));
        Some(pause_is_over).filter(|_| !self.watched.is_empty())
    }

    /// The same after a renewal that failed.
    pub(super) fn renewal_after_failure(&self, now: Time) -> Option<Time> {
        Some(now + RENEWAL).filter(|_| !self.watched.is_empty())
    }

    /// Lost subscriptions are being asked for again.
    pub(super) fn renews(&mut self, now: Time) {
        self.renewed = Some(now);
    }
}

/// Whether the resource `uri` is `watched` or a part of it.
pub(super) fn covers(watched: &str, uri: &str) -> bool {
    uri.strip_prefix(watched).is_some_and(|rest| {
        rest.is_empty() || watched.ends_with('/') || rest.starts_with(['/', '?', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_below_a_watched_one_are_covered_and_those_beside_it_are_not() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.watch("file:///a".into());
        subscriptions.watch("db://b/".into());
        for (uri, covered) in [
            ("file:///a", true),
            ("file:///a/b", true),
            ("file:///a#c", true),
            ("file:///a?c", true),
            ("", false),
            ("file:///ab", false),
            ("file:///", false),
            ("db://b/c", true),
            ("db://b", false),
        ] {
            assert_eq!(subscriptions.covers(uri), covered, "{uri}");
        }
        assert!(subscriptions.unwatch("file:///a") && !subscriptions.unwatch("file:///a"));
        assert!(!subscriptions.covers("file:///a"));
    }

    #[test]
    fn subscriptions_are_renewed_at_once_and_then_after_a_pause() {
        let mut subscriptions = Subscriptions::default();
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        assert_eq!(subscriptions.next_renewal(at(1)), None, "nothing is watched");
        assert_eq!(subscriptions.renewal_after_failure(at(1)), None);
        subscriptions.watch("a".into());
        assert_eq!(subscriptions.next_renewal(at(1)), Some(at(1)));
        subscriptions.renews(at(1));
        assert_eq!(subscriptions.next_renewal(at(2)), Some(at(11)));
        assert_eq!(subscriptions.next_renewal(at(20)), Some(at(20)));
        assert_eq!(subscriptions.renewal_after_failure(at(20)), Some(at(30)));
    }

    #[test]
    fn requests_wait_in_order_until_they_are_confirmed() {
        let mut subscriptions = Subscriptions::default();
        (1..=3).for_each(|n| subscriptions.await_confirmation(RequestId(n)));
        subscriptions.stop_waiting(RequestId(2));
        assert_eq!(subscriptions.unconfirmed(), [RequestId(1), RequestId(3)]);
        assert_eq!(subscriptions.clear(), [RequestId(1), RequestId(3)]);
        assert_eq!(subscriptions.take_unconfirmed(), []);
    }
}
