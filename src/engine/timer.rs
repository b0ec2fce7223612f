//! Deadlines: those of servers in order, those of requests and of connections
//! by the earliest alone.
//!
//! Nearly every request ends, and nearly every connection is used again, long
//! before its deadline; an ordered queue would be touched twice on each call for
//! nothing. So only the earliest is noted, and all are looked at when it comes.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::ServerId;
use crate::time::Time;

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Server(ServerId),
    /// The socket whose command may listen is looked at.
    Socket(ServerId),
    /// What is watched may have to be subscribed to again.
    Watch(ServerId),
    /// Changes that were held back are told.
    Changes(ServerId),
}

/// Deadlines in order, at most one of each timer.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Time, Timer)>,
    armed: BTreeMap<Timer, Time>,
}

impl Timers {
    /// Moves the deadline of `timer` to `when`; `None` disarms it.
    pub(super) fn arm(&mut self, timer: Timer, when: Option<Time>) {
        if let Some(old) = self.armed.remove(&timer) {
            self.queue.remove(&(old, timer));
        }
        if let Some(new) = when {
            self.queue.insert((new, timer));
            self.armed.insert(timer, new);
        }
    }

    /// The deadline of `timer`, `None` when it is not armed.
    pub(super) fn armed(&self, timer: Timer) -> Option<Time> {
        self.armed.get(&timer).copied()
    }

    /// Moves the deadline of `timer` from `armed` to `when`.
    pub(super) fn set(&mut self, armed: &mut Option<Time>, timer: Timer, when: Option<Time>) {
        if *armed == when {
            return;
        }
        if let Some(old) = armed.take() {
            self.queue.remove(&(old, timer));
        }
        if let Some(new) = when {
            self.queue.insert((new, timer));
        }
        *armed = when;
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Time> {
        self.queue.first().map(|(when, _)| *when)
    }

    /// Takes out a deadline that is due. Its owner has to forget `armed`.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        let (when, _) = self.queue.first()?;
        if *when > now {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.armed.remove(&timer);
        Some(timer)
    }
}

/// A time that no deadline of a group is earlier than. It may be too early: when
/// it comes, it is found anew.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Soonest(Option<Time>);

impl Soonest {
    /// Notes a deadline; `None` is none.
    pub(super) fn note(&mut self, when: Option<Time>) {
        if when.is_some_and(|when| self.0.is_none_or(|soonest| when < soonest)) {
            self.0 = when;
        }
    }

    /// When the group is to be looked at; `None`: it has no deadline.
    pub(super) fn get(self) -> Option<Time> {
        self.0
    }

    /// Whether it is to be looked at by `when`.
    pub(super) fn is_due(self, when: Time) -> bool {
        self.0.is_some_and(|soonest| soonest <= when)
    }

    /// Whether a deadline is left out.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn misses(self, when: Time) -> bool {
        self.0.is_none_or(|soonest| soonest > when)
    }
}

impl FromIterator<Time> for Soonest {
    fn from_iter<I: IntoIterator<Item = Time>>(deadlines: I) -> Soonest {
        Soonest(deadlines.into_iter().min())
    }
}
