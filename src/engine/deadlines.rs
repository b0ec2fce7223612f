//! The deadlines of an engine: timers in order; of all requests, and of all connections,
//! the earliest alone.
//!
//! Nearly every request ends, and nearly every connection is used again, long
//! before its deadline, so an ordered queue would be touched twice on each call for
//! nothing. When the earliest deadline comes, all requests or all connections are
//! looked at.
//!
//! Invariant: [`Deadlines::next`] is never later than any deadline that was noted.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::ServerId;
use crate::time::Time;

/// What happens at a deadline of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The back-off is over: the queue is served again.
    Retry(ServerId),
    /// The socket whose command may listen is probed.
    Probe(ServerId),
    /// Subscriptions that were lost are asked for again.
    Renewal(ServerId),
    /// Changes that were held back are told.
    Changes(ServerId),
    /// The probe of the server's breaker is overdue, or something follows from its end.
    Breaker(ServerId),
    /// The pool may shrink, or a request has waited long enough for a serial server.
    Tuning(ServerId),
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Requests whose deadlines are at or before this time, if any.
    Requests(Time),
    /// Connections whose deadlines are at or before this time, if any.
    Connections(Time),
    /// A timer, which is armed no longer.
    Timer(Timer),
}

/// All deadlines of an engine.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// The entries of `armed`, the earliest first.
    order: BTreeSet<(Time, Timer)>,
    armed: BTreeMap<Timer, Time>,
    requests: Earliest,
    connections: Earliest,
}

impl Deadlines {
    /// Moves the deadline of `timer` to `when`; `None` disarms it.
    pub(super) fn arm(&mut self, timer: Timer, when: Option<Time>) {
        let old = match when {
            Some(when) => self.armed.insert(timer, when),
            None => self.armed.remove(&timer),
        };
        if old == when {
            return;
        }
        if let Some(old) = old {
            self.order.remove(&(old, timer));
        }
        if let Some(when) = when {
            self.order.insert((when, timer));
        }
    }

    /// The deadline of `timer`, `None` when it is not armed.
    pub(super) fn armed(&self, timer: Timer) -> Option<Time> {
        self.armed.get(&timer).copied()
    }

    /// A request may have this deadline from now on. A deadline that moves to a later
    /// time need not be noted.
    pub(super) fn note_request(&mut self, when: Time) {
        self.requests.note(when);
    }

    /// The same of a connection.
    pub(super) fn note_connection(&mut self, when: Time) {
        self.connections.note(when);
    }

    /// Replaces what was noted of requests by the deadlines of all of them.
    pub(super) fn set_requests(&mut self, all: impl Iterator<Item = Time>) {
        self.requests = Earliest(all.min());
    }

    /// Replaces what was noted of connections by the deadlines of all of them.
    pub(super) fn set_connections(&mut self, all: impl Iterator<Item = Time>) {
        self.connections = Earliest(all.min());
    }

    /// The earliest of all deadlines. It may be too early for requests and connections.
    pub(super) fn next(&self) -> Option<Time> {
        let timer = self.order.first().map(|(when, _)| *when);
        [timer, self.requests.0, self.connections.0].into_iter().flatten().min()
    }

    /// What is due at `now`, in the order of the deadlines. Requests and connections stay
    /// due until `set_requests` and `set_connections`.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Due> {
        let no_later = |other: Option<Time>| other.map_or(now, |other| other.min(now));
        let timer = no_later(self.order.first().map(|(when, _)| *when));
        let until = no_later(self.connections.0).min(timer);
        if self.requests.0.is_some_and(|when| when <= until) {
            return Some(Due::Requests(until));
        }
        let until = no_later(self.requests.0).min(timer);
        if self.connections.0.is_some_and(|when| when <= until) {
            return Some(Due::Connections(until));
        }
        self.order.first().filter(|(when, _)| *when <= now)?;
        let (_, timer) = self.order.pop_first()?;
        self.armed.remove(&timer);
        Some(Due::Timer(timer))
    }

    /// For tests: whether a request that is due at `when` would be missed.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn misses_request(&self, when: Time) -> bool {
        self.requests.misses(when)
    }

    /// The same of a connection.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn misses_connection(&self, when: Time) -> bool {
        self.connections.misses(when)
    }
}

/// A time that no deadline of a group is earlier than; `None`: the group has none.
#[derive(Clone, Copy, Debug, Default)]
struct Earliest(Option<Time>);

impl Earliest {
    fn note(&mut self, when: Time) {
        self.0 = Some(self.0.map_or(when, |earliest| earliest.min(when)));
    }

    #[cfg(any(test, feature = "check"))]
    fn misses(self, when: Time) -> bool {
        self.0.is_none_or(|earliest| earliest > when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Timer = Timer::Retry(ServerId(1));
    const CHANGES: Timer = Timer::Changes(ServerId(1));

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_timer_has_one_deadline() {
        let mut deadlines = Deadlines::default();
        deadlines.arm(RETRY, Some(at(5)));
        deadlines.arm(CHANGES, Some(at(4)));
        deadlines.arm(RETRY, Some(at(3)));
        assert_eq!((deadlines.next(), deadlines.armed(RETRY)), (Some(at(3)), Some(at(3))));
        assert_eq!(deadlines.take_due(at(2)), None);
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Timer(RETRY)));
        assert_eq!(deadlines.armed(RETRY), None);
        deadlines.arm(CHANGES, None);
        assert_eq!((deadlines.take_due(at(9)), deadlines.next()), (None, None));
    }

    #[test]
    fn deadlines_are_due_in_the_order_of_their_times() {
        let mut deadlines = Deadlines::default();
        deadlines.arm(RETRY, Some(at(4)));
        deadlines.note_request(at(6));
        deadlines.note_request(at(3));
        deadlines.note_connection(at(2));
        assert_eq!(deadlines.next(), Some(at(2)));
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Connections(at(3))));
        deadlines.set_connections([at(5)].into_iter());
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Requests(at(4))));
        deadlines.set_requests([at(6)].into_iter());
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Timer(RETRY)));
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Connections(at(6))));
        deadlines.set_connections([].into_iter());
        assert_eq!(deadlines.take_due(at(9)), Some(Due::Requests(at(9))));
        deadlines.set_requests([].into_iter());
        assert_eq!((deadlines.take_due(at(9)), deadlines.next()), (None, None));
    }
}
