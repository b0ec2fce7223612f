//! What [`Reachability`](super::Reachability) decides, for the engine to carry out.

use crate::engine::reachability::attempt::FailedAttempt;
use crate::engine::reachability::daemon::DaemonEnd;
use crate::time::Time;

/// Whether a connection may be opened for the requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Permit {
    /// Now.
    Granted,
    /// Not until a process is gone, or the watch on the socket is over. Either is told.
    Held,
    /// After a pause.
    NotBefore(Time),
}

/// What follows from an attempt that failed.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum AfterFailure {
    /// The command takes the place of the socket. `is_first`: of its round, so it is
    /// logged.
    FallBack { is_first: bool },
    /// All requests that wait have used up one try. `message` names the socket.
    FailTry { message: String },
    /// Nothing: another attempt of the round has failed before.
    Ignore,
    /// The recovery probe failed, and the command goes on standing in for the socket.
    KeepFallback,
    /// The probe of a watched socket failed, and the watch goes on.
    KeepWatching,
    /// Other connections serve the requests that wait, because the server has no room
    /// for one more.
    LeaveToOthers,
}

/// What follows from a handshake that failed.
#[derive(Debug)]
pub(in crate::engine) enum AfterHandshake {
    /// The attempt has failed.
    Fail(FailedAttempt),
    /// The attempt has failed, which is told when the watch on the socket is over.
    Hold,
    /// The next connection begins in the other way: without the probe, or with it. No
    /// try is used up.
    Repeat,
}

/// What follows when the time of a probe has come.
#[derive(Debug)]
pub(in crate::engine) enum WatchStep {
    /// The watch is over. `daemon` is a process that has put its server into the
    /// background.
    End { daemon: Option<DaemonEnd>, next: AfterHandshake },
    /// The socket is probed.
    Probe,
    /// Nothing: a probe is under way.
    Wait,
}

/// What is new about a session that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct ReadySession {
    /// The server was up before, failed, and is up again.
    pub(in crate::engine) is_reconnection: bool,
    /// The socket takes the place of the command again.
    pub(in crate::engine) ends_fallback: bool,
    /// The era is another one than the last, and not in the configuration.
    pub(in crate::engine) is_new_era: bool,
}
