//! The process that listens on the server's socket: the daemon.

use crate::engine::ConnectionId;

/// A process whose socket answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Daemon {
    pub(super) connection: ConnectionId,
    pub(super) pid: i32,
    /// The process is left running at its end (`keep`).
    pub(super) keep: bool,
    /// The process has ended. Others of its process group listen.
    pub(super) has_ended: bool,
    /// The entry was removed or changed. The process ends once no request is on the
    /// socket.
    pub(super) is_released: bool,
}

impl Daemon {
    /// A process that runs.
    pub(super) fn new(connection: ConnectionId, pid: i32, keep: bool) -> Daemon {
        Daemon { connection, pid, keep, has_ended: false, is_released: false }
    }

    /// How the process is ended.
    pub(super) fn end(&self) -> DaemonEnd {
        let connection = self.connection;
        match (self.keep, self.has_ended) {
            (true, _) => DaemonEnd::LetGo(connection),
            (false, true) => DaemonEnd::Forget(connection),
            (false, false) => DaemonEnd::Terminate(connection),
        }
    }
}

/// What becomes of a daemon's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum DaemonEnd {
    /// The process has ended already.
    Forget(ConnectionId),
    /// The process is left running.
    LetGo(ConnectionId),
    /// The process is told to end.
    Terminate(ConnectionId),
}

/// A process that was started for a server.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct StartedProcess {
    pub(in crate::engine) connection: ConnectionId,
    pub(in crate::engine) pid: i32,
    /// It has not answered the handshake on its standard streams.
    pub(in crate::engine) is_starting: bool,
}
