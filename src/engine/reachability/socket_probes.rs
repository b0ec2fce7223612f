//! Probes of the socket beside the pool: the connection that probes, and the watch.

use crate::engine::ConnectionId;
use crate::engine::reachability::attempt::FailedAttempt;
use crate::engine::reachability::socket_watch::{Grace, SocketWatch};
use crate::metrics::ErrorCategory;
use crate::time::Time;

/// What is to be done at the time of a probe.
pub(super) enum ProbeDue {
    /// Nothing: a probe is under way, or the socket is not watched.
    Nothing,
    /// The socket is probed.
    Probe,
    /// The watch is over. The failure is told that was held until now.
    WatchEnds(Option<FailedAttempt>),
}

/// The probes of one socket.
///
/// Invariant: there is one recovery probe at most, and no time for the next while it is
/// under way.
#[derive(Debug, Default)]
pub(super) struct SocketProbes {
    /// The connection that probes whether the socket answers.
    recovery_probe: Option<ConnectionId>,
    watch: Option<SocketWatch>,
}

impl SocketProbes {
    /// A recovery probe is being opened.
    pub(super) fn opened(&mut self, id: ConnectionId) {
        self.recovery_probe = Some(id);
    }

    /// A handshake has succeeded. True: it was the recovery probe's.
    pub(super) fn succeeded(&mut self, id: ConnectionId) -> bool {
        self.recovery_probe.take_if(|probe| *probe == id).is_some()
    }

    /// The recovery probe got no session. True: the socket is watched on.
    pub(super) fn failed(&mut self, now: Time, category: ErrorCategory) -> bool {
        self.recovery_probe = None;
        let Some(watch) = &mut self.watch else { return false };
        match category {
            ErrorCategory::Connect => watch.probe_after_pause(now),
            _ => watch.probe_after_refusal(now),
        }
        true
    }

    /// Takes the recovery probe out. The watch on the socket goes on.
    pub(super) fn take(&mut self, now: Time) -> Option<ConnectionId> {
        let probe = self.recovery_probe.take()?;
        self.probe_after_pause(now);
        Some(probe)
    }

    /// A process was started that may listen on the socket.
    pub(super) fn process_started(&mut self, now: Time) {
        self.watch.get_or_insert_with(SocketWatch::new).process_started();
        self.probe_after_pause(now);
    }

    /// All processes have ended. If the socket is watched, holds the failure until the
    /// watch is over, else gives it back.
    pub(super) fn hold(
        &mut self,
        now: Time,
        grace: Grace,
        failed: FailedAttempt,
    ) -> Option<FailedAttempt> {
        let Some(watch) = &mut self.watch else { return Some(failed) };
        watch.processes_ended(now, grace, failed);
        self.probe_after_pause(now);
        None
    }

    /// The time of the next probe has come. `can_listen`: the entry has a socket.
    pub(super) fn due(&mut self, now: Time, can_listen: bool) -> ProbeDue {
        let Some(watch) = &mut self.watch else { return ProbeDue::Nothing };
        if watch.goes_on(now) && can_listen {
            return if self.recovery_probe.is_some() { ProbeDue::Nothing } else { ProbeDue::Probe };
        }
        ProbeDue::WatchEnds(self.watch.take().and_then(SocketWatch::into_failure))
    }

    /// Ends the watch, and drops the failure that it holds. True: the socket was watched.
    pub(super) fn end_watch(&mut self) -> bool {
        self.watch.take().is_some()
    }

    /// Sets the time of the next probe of a watched socket, unless one is under way.
    fn probe_after_pause(&mut self, now: Time) {
        if let Some(watch) = self.watch.as_mut().filter(|_| self.recovery_probe.is_none()) {
            watch.probe_after_pause(now);
        }
    }

    /// The time of the next probe of a watched socket.
    pub(super) fn next_probe(&self) -> Option<Time> {
        self.watch.as_ref()?.next_probe()
    }

    /// Whether a connection is the recovery probe.
    pub(super) fn is_recovery_probe(&self, id: ConnectionId) -> bool {
        self.recovery_probe == Some(id)
    }

    /// Whether the socket is watched.
    pub(super) fn is_watching(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether the socket is watched although all processes have ended.
    pub(super) fn is_ending(&self) -> bool {
        self.watch.as_ref().is_some_and(SocketWatch::is_ending)
    }

    /// Whether there is neither a recovery probe nor a watch.
    pub(super) fn is_at_rest(&self) -> bool {
        self.recovery_probe.is_none() && self.watch.is_none()
    }
}
