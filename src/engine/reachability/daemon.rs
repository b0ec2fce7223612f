//! The process that listens on the server's socket: the daemon.

use crate::engine::ConnectionId;

/// A process whose socket answered, or may yet answer.
#[derive(Clone, Copy, Debug)]
struct Daemon {
    connection: ConnectionId,
    pid: i32,
    /// The process is left running at its end (`keep`).
    keep: bool,
    /// The process has ended. Others of its process group may listen.
    has_ended: bool,
    /// The entry was removed or changed. The process ends once no request is on the
    /// socket.
    is_released: bool,
}

/// The daemon of a server, if it has one.
#[derive(Debug, Default)]
pub(super) struct DaemonSlot {
    daemon: Option<Daemon>,
    /// A daemon that was told to end, until its process is gone.
    terminating: Option<ConnectionId>,
}

impl DaemonSlot {
    /// Of `processes` the one that listens becomes the daemon, unless there is one.
    /// `group` is the process group of the socket's peer. `was_watched`: a process was
    /// expected to listen. Returns the new daemon.
    pub(super) fn adopt(
        &mut self,
        keep: bool,
        was_watched: bool,
        group: Option<i32>,
        processes: &[StartedProcess],
    ) -> Option<StartedProcess> {
        if self.daemon.is_some() {
            return None;
        }
        // A process that has not answered is the daemon even if another process listens,
        // because it may have started that one elsewhere, as docker does.
        let listens = |process: &&StartedProcess| {
            was_watched && process.is_starting || group == Some(process.pid)
        };
        let found = *processes.iter().find(listens)?;
        let StartedProcess { connection, pid, .. } = found;
        let (has_ended, is_released) = (false, false);
        self.daemon = Some(Daemon { connection, pid, keep, has_ended, is_released });
        Some(found)
    }

    /// A process has ended and left others of its process group behind.
    pub(super) fn keep_group(&mut self, connection: ConnectionId, pid: i32, keep: bool) {
        let (has_ended, is_released) = (true, false);
        self.daemon = Some(Daemon { connection, pid, keep, has_ended, is_released });
    }

    /// Nothing listens: the process group that was left behind is no daemon.
    pub(super) fn end_group(&mut self) -> Option<DaemonEnd> {
        if self.daemon.is_some_and(|daemon| daemon.has_ended) { self.end() } else { None }
    }

    /// The process has ended by itself.
    pub(super) fn exited(&mut self) {
        self.daemon = None;
    }

    /// The daemon ends once no request is on the socket.
    pub(super) fn release(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.is_released = true;
        }
    }

    /// Ends the daemon, if it is released.
    pub(super) fn end_released(&mut self) -> Option<DaemonEnd> {
        if self.daemon.is_some_and(|daemon| daemon.is_released) { self.end() } else { None }
    }

    fn end(&mut self) -> Option<DaemonEnd> {
        let Daemon { connection, keep, has_ended, .. } = self.daemon.take()?;
        Some(match (keep, has_ended) {
            (true, _) => DaemonEnd::LetGo(connection),
            (false, true) => DaemonEnd::Forget(connection),
            (false, false) => {
                self.terminating = Some(connection);
                DaemonEnd::Terminate(connection)
            }
        })
    }

    /// The process of a connection is gone, or does not die. True: it was the one that
    /// was told to end.
    pub(super) fn process_gone(&mut self, id: ConnectionId) -> bool {
        self.terminating.take_if(|terminating| *terminating == id).is_some()
    }

    /// Whether the daemon is to end, or its process is still to be gone.
    pub(super) fn is_ending(&self) -> bool {
        self.terminating.is_some() || self.daemon.is_some_and(|daemon| daemon.is_released)
    }

    /// The daemon's process, while it runs.
    pub(super) fn pid(&self) -> Option<i32> {
        self.daemon.filter(|daemon| !daemon.has_ended).map(|daemon| daemon.pid)
    }

    /// Whether the process of a connection is the daemon.
    pub(super) fn is(&self, id: ConnectionId) -> bool {
        self.daemon.is_some_and(|daemon| daemon.connection == id)
    }

    /// Whether the process of a connection is left running when the client ends.
    pub(super) fn keeps_running(&self, id: ConnectionId) -> bool {
        self.daemon.is_some_and(|daemon| daemon.connection == id && daemon.keep)
    }

    /// Whether there is no daemon, and none whose process is still to be gone.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.daemon.is_none() && self.terminating.is_none()
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
