//! Descriptors that are left for the host.
//!
//! Of those that may be open (`ulimit -n`) servers may have a fifth without a thought.
//! Above it connections that cost a descriptor are not kept when they become idle, and
//! above a quarter those that are idle are closed, the one that is idle the longest
//! first. Processes are kept: another one costs its start. They are given up when the
//! host is about to have none left for those who attach to it.

use std::os::fd::AsRawFd;
use std::time::Duration;

use super::Client;
use crate::channel::Channel;
use crate::sys::fd;
use crate::time::Time;

/// How often a host that may have few descriptors is looked at while servers have some.
const RELIEF: Duration = Duration::from_secs(2);
/// Descriptors that a process needs while it is started.
const NEEDS: usize = 8;
/// Descriptors of a process that runs: three pipes, and one that tells of its end.
const PROCESS: usize = 4;

impl Client {
    /// Makes room for another connection. `Err`: there is none, and so many may be open.
    pub(super) fn make_room(&mut self, now: Time) -> Result<(), usize> {
        loop {
            match fd::shortage(self.poll.as_raw_fd(), NEEDS) {
                None => return Ok(()),
                Some(limit) if !self.engine.spare_one(now, |_| true) => return Err(limit),
                Some(_) => self.carry_out(now),
            }
        }
    }

    /// A connection was opened: closes idle ones that are too many.
    pub(super) fn apply_brake(&mut self, now: Time) {
        if self.relief_due.is_none() && fd::is_tight() {
            self.relief_due = Some(now + RELIEF);
        }
        let Some(limit) = fd::limit() else { return };
        while self.used() > limit / 4 && self.engine.spare_one(now, |channel| !channel.is_process())
        {
            self.carry_out(now);
        }
        self.engine.set_keeps_idle(self.used() <= limit / 5);
    }

    /// A connection was closed.
    pub(super) fn release_brake(&mut self) {
        if !self.engine.keeps_idle() {
            let limit = fd::limit().unwrap_or(usize::MAX);
            self.engine.set_keeps_idle(self.used() <= limit / 5);
        }
    }

    /// Descriptors that servers have.
    fn used(&self) -> usize {
        let uses = |channel: &dyn Channel| if channel.child().is_some() { PROCESS } else { 1 };
        self.links.values().map(|link| uses(&*link.channel)).sum()
    }

    /// Gives up idle connections while the host is short of descriptors, which may be
    /// because of what it has opened itself: somebody may want to attach.
    pub(super) fn relieve(&mut self, now: Time) {
        if self.relief_due.is_none_or(|due| now < due) {
            return;
        }
        self.relief_due = (!self.links.is_empty()).then(|| now + RELIEF);
        while fd::shortage(self.poll.as_raw_fd(), 0).is_some()
            && self.engine.spare_one(now, |_| true)
        {
            self.carry_out(now);
        }
    }
}
