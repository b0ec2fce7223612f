//! Processes that may listen on the server's socket: carries out what
//! [`Reachability`](crate::engine::reachability::Reachability) decides about the watch on
//! the socket and about the daemon.
//!
//! The daemon is the process whose socket answered. Its standard streams carry no
//! messages. It is told to end when the entry is removed or changed, and never because it
//! is idle.

use crate::engine::action::{Action, OpenFailure, TerminationSignal};
use crate::engine::attempts::attempt;
use crate::engine::connection::{Connection, FAREWELL, Farewell, Phase};
use crate::engine::deadlines::Timer;
use crate::engine::reachability::{DaemonEnd, FailedAttempt, StartedProcess, WatchStep};
use crate::engine::{ConnectionId, Engine, LogLevel, ServerId};
use crate::metrics::ErrorCategory;
use crate::time::Time;
use crate::wire::ndjson::Ndjson;
use crate::wire::{Incoming, StreamId};

/// Bytes of an unfinished line of a daemon's output that are kept.
const LONGEST_LINE: usize = 4096;

impl Engine {
    // ----- the watch on the socket ------------------------------------------

    /// A process was started. Its socket is watched from now on, if it has one.
    pub(super) fn watch_socket(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        if !state.removed {
            state.reach.process_started(now, &state.config);
            self.set_probe_timer(server);
        }
    }

    /// Moves the timer to the next probe of a watched socket.
    pub(super) fn set_probe_timer(&mut self, server: ServerId) {
        let due = self.server(server).reach.next_probe();
        self.deadlines.arm(Timer::Probe(server), due);
    }

    /// The time of the next probe of a watched socket has come.
    pub(super) fn probe_due(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        match state.reach.probe_due(now, &state.config) {
            WatchStep::End { daemon, next } => {
                if let Some(end) = daemon {
                    self.end_daemon(now, server, end);
                }
                self.after_handshake(now, server, next);
            }
            WatchStep::Probe => self.open_recovery_probe(now, server),
            WatchStep::Wait => {}
        }
    }

    /// A process ended with status 0 before it answered, as one does that puts its server
    /// into the background. True: the socket is watched on. `others`: other processes of
    /// its process group live on.
    pub(super) fn went_into_background(
        &mut self,
        now: Time,
        id: ConnectionId,
        others: bool,
        pid: i32,
    ) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let server = connection.server;
        if !self.server(server).reach.watches_socket() || !connection.is_negotiating() {
            return false;
        }
        let Some(connection) = self.take_connection(now, id) else { return false };
        if others {
            self.keep_process(id, &connection, pid);
        } else {
            self.actions.push_back(Action::Forget { stream: id.first_stream() });
        }
        let state = self.server_mut(server);
        let endpoint = state.config.endpoint().map(|endpoint| endpoint.to_string());
        let message = format!(
            "the server process ended: exit status 0, and nothing listens on {}",
            endpoint.unwrap_or_default()
        );
        let failure = OpenFailure { message, permanent: true, crowded: false };
        let attempt = attempt(id, &connection);
        let failed = FailedAttempt { attempt, failure, category: ErrorCategory::Spawn };
        let group = others.then_some(pid);
        state.reach.went_into_background(now, &state.config, failed, group);
        self.set_probe_timer(server);
        true
    }

    // ----- the daemon -------------------------------------------------------

    /// The socket answers. The process that listens on it is kept. `group` is the process
    /// group of the socket's peer.
    pub(super) fn adopt_daemon(&mut self, server: ServerId, group: Option<i32>) {
        let state = self.server(server);
        let started = state.pool.members().iter().filter_map(|member| {
            let connection = self.connections.get(&member.id)?;
            let (pid, is_starting) = (connection.pid?, connection.is_negotiating());
            Some(StartedProcess { connection: member.id, pid, is_starting })
        });
        let started: Vec<StartedProcess> = started.collect();
        let state = self.server_mut(server);
        let adopted = state.reach.adopt_daemon(&state.config, group, &started);
        self.set_probe_timer(server);
        let state = self.server(server);
        let Some(StartedProcess { pid, .. }) = adopted else { return };
        let name = state.name.clone();
        let endpoint = state.config.endpoint().map(|endpoint| endpoint.to_string());
        let (kind, endpoint) = (state.config.transport.name(), endpoint.unwrap_or_default());
        self.note(
            LogLevel::Info,
            format_args!("{name} listens on {kind} {endpoint}: server pid {pid} is kept"),
        );
    }

    /// Keeps the process of a connection that carries no messages any more.
    pub(super) fn keep_process(&mut self, id: ConnectionId, connection: &Connection, pid: i32) {
        let mut kept = connection.successor(connection.opened, id);
        kept.pid = Some(pid);
        kept.phase = Phase::Daemon;
        self.connections.insert(id, Box::new(kept));
    }

    /// Logs what a daemon has written to its standard output, which carries no messages.
    pub(super) fn daemon_says(&mut self, id: ConnectionId, mut bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let stream = id.first_stream();
        let name = &self.servers[connection.server.0 as usize].name;
        // A line that is too long is left out.
        while let Some(Incoming::Text(mut text)) = connection.wire.next(stream, &mut bytes) {
            let text = text.line().text;
            let shown = String::from_utf8_lossy(&text[..text.len().min(500)]);
            let line = format_args!("{name} stdout: {shown}");
            self.log.write(LogLevel::Debug, line, &self.redactor);
        }
        if connection.wire.held(stream).bytes > LONGEST_LINE {
            connection.wire = Box::new(Ndjson::new(stream));
        }
    }

    /// The process of a daemon has ended by itself.
    pub(super) fn daemon_exited(&mut self, now: Time, id: ConnectionId, how: &str, well: bool) {
        let Some(connection) = self.take_connection(now, id) else { return };
        self.actions.push_back(Action::Forget { stream: id.first_stream() });
        let state = self.server_mut(connection.server);
        state.reach.daemon_exited();
        // A bridge leaves when nobody was connected for a while.
        let is_idle = well && state.config.bridge;
        if !is_idle {
            state.metrics.restart();
        }
        let level = if is_idle { LogLevel::Info } else { LogLevel::Warning };
        let (name, pid) = (state.name.clone(), connection.pid.unwrap_or_default());
        self.note(
            level,
            format_args!("{name}: server pid {pid}, which listened on the socket, ended: {how}"),
        );
        self.pump(now, connection.server);
    }

    /// The command of the entry changed: the daemon ends once no request is on the socket.
    pub(super) fn release_daemon(&mut self, now: Time, server: ServerId) {
        self.server_mut(server).reach.release_daemon();
        self.set_probe_timer(server);
        self.end_released_daemon(now, server);
    }

    /// The entry was removed.
    pub(super) fn entry_removed(&mut self, now: Time, server: ServerId) {
        self.server_mut(server).reach.entry_removed();
        self.set_probe_timer(server);
        self.end_released_daemon(now, server);
    }

    /// Ends a released daemon, once no request is on the socket.
    pub(super) fn end_released_daemon(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        if let Some(end) = state.reach.end_released_daemon(state.pool.active() > 0) {
            self.end_daemon(now, server, end);
        }
    }

    fn end_daemon(&mut self, now: Time, server: ServerId, end: DaemonEnd) {
        match end {
            DaemonEnd::Forget(id) => {
                if self.take_connection(now, id).is_some() {
                    self.actions.push_back(Action::Forget { stream: id.first_stream() });
                }
            }
            DaemonEnd::LetGo(id) => {
                if self.take_connection(now, id).is_some() {
                    self.actions.push_back(Action::LetGo { stream: id.first_stream() });
                }
            }
            DaemonEnd::Terminate(id) => {
                let Some(connection) = self.connections.get_mut(&id) else {
                    self.server_mut(server).reach.process_gone(id);
                    return;
                };
                // It does not read its input, so SIGTERM follows at once.
                connection.phase = Phase::Closing { until: now + FAREWELL, next: Farewell::Kill };
                self.actions.push_back(Action::Close { stream: id.first_stream() });
                let signal = TerminationSignal::Terminate;
                self.actions.push_back(Action::Signal { stream: id.first_stream(), signal });
                self.note_connection(id);
            }
        }
    }

    /// The process of a connection that was told to end is gone, or does not die.
    pub(super) fn process_gone(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        if self.server_mut(server).reach.process_gone(id) {
            self.pump(now, server);
        }
    }

    /// Whether the process of a connection is left running when the client ends.
    pub fn outlives(&self, stream: StreamId) -> bool {
        let id = self.connection_of(stream);
        let is_bridge = |connection: &Connection| {
            connection.channel.is_process() && self.server(connection.server).config.bridge
        };
        self.connections.get(&id).is_some_and(|connection| is_bridge(connection))
            || self.servers.iter().any(|server| server.reach.keeps_running(id))
    }
}
