//! The watch on a socket whose command may listen on it.
//!
//! A process that was started for a socket may speak on its standard streams or listen
//! on the socket. The socket is probed at short intervals from the start of the process
//! on, and whichever answers first is used.

use std::time::Duration;

use crate::engine::reachability::attempt::FailedAttempt;
use crate::time::Time;

/// The pauses between two probes: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause after a probe that connected and got no session. These pauses
/// double from `LONGEST_PAUSE` on.
const LONGEST_REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// How long the watch goes on after the last process has ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grace {
    /// The process failed, as it does when another one was quicker to listen.
    AfterFailure,
    /// The process ended with status 0, as one does that has put its server into the
    /// background, in a process group of its own.
    AfterSuccess,
    /// The same, with others of its process group alive.
    Background,
}

impl Grace {
    fn time(self) -> Duration {
        match self {
            Grace::AfterFailure => Duration::from_millis(250),
            Grace::AfterSuccess => Duration::from_secs(3),
            Grace::Background => Duration::from_secs(60),
        }
    }
}

/// The watch.
#[derive(Debug)]
pub(super) struct SocketWatch {
    pause: Duration,
    refused_pause: Duration,
    next_probe: Option<Time>,
    /// Set when all processes have ended: the end of the watch, and the failure that is
    /// told then.
    end: Option<(Time, FailedAttempt)>,
}

impl SocketWatch {
    /// A watch without a time for its first probe.
    pub(super) fn new() -> SocketWatch {
        SocketWatch {
            pause: FIRST_PAUSE,
            refused_pause: LONGEST_PAUSE,
            next_probe: None,
            end: None,
        }
    }

    /// Another process was started: the watch goes on for as long as the process runs.
    pub(super) fn process_started(&mut self) {
        self.pause = FIRST_PAUSE;
        self.end = None;
    }

    /// All processes have ended. `failed` is told when the grace is over.
    pub(super) fn processes_ended(&mut self, now: Time, grace: Grace, failed: FailedAttempt) {
        if let Grace::AfterFailure = grace {
            self.pause = FIRST_PAUSE;
        }
        self.end = Some((now + grace.time(), failed));
    }

    /// Sets the time of the next probe, after one that found no listener.
    pub(super) fn probe_after_pause(&mut self, now: Time) {
        self.next_probe = Some(now + self.pause);
        self.pause = (self.pause * 3 / 2).min(LONGEST_PAUSE);
    }

    /// Sets the time of the next probe, after one that connected and got no session. A
    /// server that refuses is not asked twenty times a second.
    pub(super) fn probe_after_refusal(&mut self, now: Time) {
        self.next_probe = Some(now + self.refused_pause);
        self.refused_pause = (self.refused_pause * 2).min(LONGEST_REFUSED_PAUSE);
    }

    /// The time of the next probe has come. False: the watch is over.
    pub(super) fn goes_on(&mut self, now: Time) -> bool {
        self.next_probe = None;
        self.end.as_ref().is_none_or(|(until, _)| now < *until)
    }

    /// The time of the next probe; `None` while one is under way.
    pub(super) fn next_probe(&self) -> Option<Time> {
        self.next_probe
    }

    /// Whether all processes have ended.
    pub(super) fn is_ending(&self) -> bool {
        self.end.is_some()
    }

    /// The failure that is told at the end of the watch.
    pub(super) fn into_failure(self) -> Option<FailedAttempt> {
        self.end.map(|(_, failed)| failed)
    }
}
