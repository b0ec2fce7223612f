//! Deadlines of all but requests, ordered.
//!
//! Each owner has at most one entry and keeps its time, so that moving a
//! deadline is a removal and an insertion and nothing stale is ever left.

use std::collections::BTreeSet;

use crate::engine::{ConnectionId, ServerId};
use crate::time::Time;

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Connection(ConnectionId),
    Server(ServerId),
    /// What is watched may have to be subscribed to again.
    Watch(ServerId),
}

/// The deadlines of one engine.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Time, Timer)>,
}

impl Timers {
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
        self.queue.pop_first().map(|(_, timer)| timer)
    }
}
