//! How a server is reached: who may try now, what a failed start costs those who
//! wait, and the process that listens on the server's socket.
//!
//! Back-off is for what the engine does by itself. A call that a person makes, and
//! a list that one waits for, tries at once, one at a time; only its further tries
//! wait.
//!
//! A process that was started for a socket may speak on its standard streams or
//! listen on the socket. So the socket is watched from the start on, by connecting to
//! it at short intervals, and whichever answers first is used. A process whose socket
//! answered is *the daemon*: its streams carry nothing any more, it is told to go when
//! the entry is removed or changed, and never because it is idle.

use std::mem;
use std::time::Duration;

use crate::engine::action::{Action, OpenFailure, Signal};
use crate::engine::connection::{Connection, FAREWELL, Farewell, Phase};
use crate::engine::timer::Timer;
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;
use crate::wire::ndjson::Ndjson;
use crate::wire::{Incoming, StreamId};

/// The pauses between two looks at a socket whose command may listen: the first, and
/// the longest.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause after looks at which the socket was there and gave no session:
/// the pauses double from the one above on.
const LONGEST_REFUSED: Duration = Duration::from_secs(2);
/// How long the socket is watched once the process has ended: another one may just have
/// been quicker to listen, and says so by the failure of this one.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
/// The same for a process that ended well: it may have put its server into the
/// background, out of our sight or with others of its group still there.
const AFTER_SUCCESS: Duration = Duration::from_secs(3);
const BACKGROUND: Duration = Duration::from_secs(60);
/// Bytes of a line of a daemon's output that are kept until its end comes.
const LONGEST_LINE: usize = 4096;
/// When the socket is looked at once a process has answered on its standard streams: it
/// may listen as well.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Pause before a socket that failed is looked at again.
pub(super) const SOCKET_PAUSE: Duration = Duration::from_secs(10);

/// Why a socket server runs as a process.
#[derive(Clone, Debug)]
pub(super) struct Fallback {
    pub(super) reason: String,
    pub(super) retry_at: Time,
}

/// What is known of the way to a server.
#[derive(Debug, Default)]
pub(super) struct Reachability {
    /// The process that ended in its handshake was started again, and asked
    /// otherwise: when it ends once more, that is how it is.
    pub(super) started_again: bool,
    watch: Option<Watch>,
    daemon: Option<Daemon>,
    /// A daemon of an entry that is no longer in force, until it is gone.
    leaving: Option<ConnectionId>,
}

/// The watch on a socket whose command may listen.
#[derive(Debug)]
struct Watch {
    pause: Duration,
    /// The pause after a look that came to a server and not to a session.
    refused: Duration,
    armed: Option<Time>,
    /// All processes have ended, so: until when, and what is told then.
    end: Option<(Time, Failed)>,
}

/// A try that is not told yet.
#[derive(Debug)]
struct Failed {
    connection: Connection,
    failure: OpenFailure,
    category: ErrorCategory,
}

/// The process that listens on the socket.
#[derive(Clone, Copy, Debug)]
struct Daemon {
    connection: ConnectionId,
    pid: i32,
    /// It is let go rather than ended.
    keep: bool,
    /// It has left others of its group behind, which serve.
    ended: bool,
    /// It goes once nothing is under way on the socket.
    leaving: bool,
}

impl Reachability {
    /// Whether the socket is watched because the command may listen on it.
    pub(super) fn watches(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether something is about to happen on which those who wait depend, and
    /// until which no process is to be started.
    pub(super) fn is_held(&self) -> bool {
        let leaving = self.leaving.is_some() || self.daemon.is_some_and(|daemon| daemon.leaving);
        leaving || self.watch.as_ref().is_some_and(|watch| watch.end.is_some())
    }

    /// The process that listens on the socket.
    pub(super) fn daemon_pid(&self) -> Option<i32> {
        self.daemon.filter(|daemon| !daemon.ended).map(|daemon| daemon.pid)
    }

    pub(super) fn is_daemon(&self, id: ConnectionId) -> bool {
        self.daemon.is_some_and(|daemon| daemon.connection == id)
    }

    /// The entry is another one: what was learnt of the way is void, the processes are
    /// not.
    pub(super) fn forget(&mut self) {
        self.started_again = false;
    }

    /// For tests: nothing is left of it.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.watch.is_none() && self.leaving.is_none() && self.daemon.is_none()
    }
}

impl Engine {
    // ----- who may try ------------------------------------------------------

    /// Until when nothing is to be opened for those who wait; `None`: now.
    pub(super) fn blocked_until(&self, now: Time, server: ServerId) -> Option<Time> {
        let state = self.server(server);
        let until = state.backoff.blocked_until(now)?;
        // While others are served, they serve this one, too.
        let fresh = !state.pool.is_up()
            && state.queue.iter().any(|id| {
                self.is_waited_for(*id)
                    && self.requests.get(id).is_some_and(|request| request.failures == 0)
            });
        (!fresh).then_some(until)
    }

    /// The most tries that a request which somebody waits for has used up, that
    /// which failed just now among them; `None`: nobody waits.
    pub(super) fn tries_used(&self, server: ServerId) -> Option<u32> {
        let waiting = self.server(server).queue.iter().filter(|id| self.is_waited_for(**id));
        waiting.filter_map(|id| Some(self.requests.get(id)?.failures + 1)).max()
    }

    /// A waiting request has used up one try.
    pub(super) fn try_failed(
        &mut self,
        now: Time,
        id: RequestId,
        why: &str,
        permanent: bool,
        retries: u32,
    ) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.failures += 1;
        if !permanent && request.failures <= retries {
            return;
        }
        let tries = request.failures;
        let message = match tries {
            1 => why.to_owned(),
            _ => format!("{why} (tried {tries} times)"),
        };
        if let Some(server) = request.server() {
            self.server_mut(server).queue.retain(|other| *other != id);
        }
        self.finish(now, id, Err(Error::new(error::Kind::Io, message)));
    }

    /// Whether a person waits for a request, or for what becomes of it.
    fn is_waited_for(&self, id: RequestId) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        let listened = request.server().is_some_and(|server| {
            let state = self.server(server);
            state.listing == Some(id) && !state.listeners.is_empty()
        });
        !request.internal || listened
    }

    // ----- socket first, the command as the fallback ------------------------

    /// From the socket to the command, with the words of the seed.
    pub(super) fn fall_back(&mut self, now: Time, server: ServerId, reason: String, loud: bool) {
        if loud {
            self.note(
                LogLevel::Warning,
                format_args!("socket connection failed, falling back to stdio"),
            );
            self.note(LogLevel::Info, format_args!("falling back to stdio transport"));
        }
        let state = &mut self.servers[server.0 as usize];
        if loud {
            state.round += 1;
        }
        state.fallback = Some(Fallback { reason, retry_at: now + SOCKET_PAUSE });
        state.relimit(&self.defaults);
        self.pump(now, server);
    }

    /// While a process stands in for a socket, looks at times whether the socket
    /// is back. Nobody waits for the answer.
    pub(super) fn look_for_socket(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        let due = state.fallback.as_ref().is_some_and(|fallback| now >= fallback.retry_at);
        let idle = state.recovery_probe.is_none() && !state.reach.watches();
        if due && idle && state.pool.is_up() && !state.removed {
            self.open(now, server, Some(()));
        }
    }

    /// The socket works again: what runs as a process is retired.
    pub(super) fn socket_is_back(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let state = self.server_mut(server);
        state.recovery_probe = None;
        let name = state.name.clone();
        let group = self.connections.get(&id).and_then(|connection| connection.group);
        let watched = self.server(server).reach.watches();
        self.adopt_daemon(server, group);
        if !watched {
            self.note(LogLevel::Info, format_args!("socket of {name} is back"));
        }
        self.retire_all(now, server, EvictionCause::Reload);
        let state = self.server_mut(server);
        state.pool.open(id);
    }

    // ----- the watch on the socket ------------------------------------------

    /// A process was started: from now on its socket is watched, if it has one.
    pub(super) fn watch_socket(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        if state.config.transport.is_process() || state.removed {
            return;
        }
        let watch = state.reach.watch.get_or_insert(Watch {
            pause: FIRST_LOOK,
            refused: LONGEST_PAUSE,
            armed: None,
            end: None,
        });
        watch.end = None;
        watch.pause = FIRST_LOOK;
        self.look_after_pause(now, server);
    }

    /// Arms the next look at the socket.
    pub(super) fn look_after_pause(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server.0 as usize];
        let Some(watch) = &mut state.reach.watch else { return };
        if state.recovery_probe.is_some() {
            return;
        }
        let when = now + watch.pause;
        watch.pause = (watch.pause * 3 / 2).min(LONGEST_PAUSE);
        self.timers.set(&mut watch.armed, Timer::Socket(server), Some(when));
    }

    /// Arms the next look after one at which the socket was there and gave no session,
    /// because a server that refuses is not to be asked twenty times a second.
    pub(super) fn look_after_refusal(&mut self, now: Time, server: ServerId) {
        let state = &mut self.servers[server.0 as usize];
        let Some(watch) = &mut state.reach.watch else { return };
        let when = now + watch.refused;
        watch.refused = (watch.refused * 2).min(LONGEST_REFUSED);
        self.timers.set(&mut watch.armed, Timer::Socket(server), Some(when));
    }

    /// The time of a look has come, or of the end of the watch.
    pub(super) fn look_at_socket(&mut self, now: Time, server: ServerId) {
        let state = self.server_mut(server);
        let Some(watch) = &mut state.reach.watch else { return };
        watch.armed = None;
        let over = watch.end.as_ref().is_some_and(|(until, _)| now >= *until);
        // A changed entry may have a socket_path and use its command all the same.
        if over || state.config.transport.is_process() {
            return self.give_up_socket(now, server);
        }
        if state.recovery_probe.is_none() {
            self.open(now, server, Some(()));
        }
    }

    /// No socket is watched any more, and no try that failed is to be told.
    pub(super) fn end_watch(&mut self, server: ServerId) {
        let Some(mut watch) = self.server_mut(server).reach.watch.take() else { return };
        self.timers.set(&mut watch.armed, Timer::Socket(server), None);
    }

    /// The process has ended and the socket has not come: that is told now.
    fn give_up_socket(&mut self, now: Time, server: ServerId) {
        let Some(mut watch) = self.server_mut(server).reach.watch.take() else { return };
        self.timers.set(&mut watch.armed, Timer::Socket(server), None);
        if self.server(server).reach.daemon.is_some_and(|daemon| daemon.ended) {
            self.end_daemon(now, server);
        }
        let Some((_, Failed { connection, failure, category })) = watch.end else { return };
        let state = self.server_mut(server);
        // It may have ended well because of the probe.
        let probed = connection.handshake().1;
        if probed && !mem::replace(&mut state.reach.started_again, true) {
            state.probe_kills = true;
            return self.pump(now, server);
        }
        state.reach.started_again = false;
        self.attempt_failed(now, &connection, failure, category);
    }

    /// A process has ended before it answered. While its socket is watched that is told
    /// a little later: another one may have been quicker to listen.
    pub(super) fn start_failed(
        &mut self,
        now: Time,
        connection: Connection,
        failure: OpenFailure,
        category: ErrorCategory,
    ) {
        let server = connection.server;
        let state = self.server_mut(server);
        let starting = state.pool.connecting() > 0;
        match &mut state.reach.watch {
            Some(watch) if !starting && connection.channel.is_process() => {
                let failed = Failed { connection, failure, category };
                watch.end = Some((now + AFTER_FAILURE, failed));
                watch.pause = FIRST_LOOK;
                self.look_after_pause(now, server);
            }
            _ => self.attempt_failed(now, &connection, failure, category),
        }
    }

    /// A process ended well before it answered, as one does that puts its server into
    /// the background. True: the socket is waited for; `others`: its group lives on.
    pub(super) fn went_into_background(
        &mut self,
        now: Time,
        id: ConnectionId,
        others: bool,
        pid: i32,
    ) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let server = connection.server;
        let state = self.server(server);
        if !state.reach.watches() || !connection.handshake().0 {
            return false;
        }
        let keep = state.config.keep;
        let path = state.config.socket_path.clone().unwrap_or_default();
        let Some(connection) = self.take_connection(id) else { return false };
        let message = format!(
            "the server process ended: exit status 0, and nothing listens on {}",
            path.display()
        );
        if others {
            self.keep_daemon(id, &connection, pid);
            let daemon = Daemon { connection: id, pid, keep, ended: true, leaving: false };
            self.server_mut(server).reach.daemon = Some(daemon);
        } else {
            self.actions.push_back(Action::Forget { stream: id.first_stream() });
        }
        let failure = OpenFailure { message, permanent: true, crowded: false };
        let failed = Failed { connection, failure, category: ErrorCategory::Spawn };
        let time = if others { BACKGROUND } else { AFTER_SUCCESS };
        if let Some(watch) = &mut self.server_mut(server).reach.watch {
            watch.end = Some((now + time, failed));
        }
        self.look_after_pause(now, server);
        true
    }

    // ----- the daemon -------------------------------------------------------

    /// The socket answers: of the processes that were started for it, the one that
    /// listens is kept. `group` is that of the peer. Others are retired by the caller.
    pub(super) fn adopt_daemon(&mut self, server: ServerId, group: Option<i32>) {
        let watched = self.server(server).reach.watches();
        self.end_watch(server);
        let state = self.server(server);
        if state.reach.daemon.is_some() {
            return;
        }
        // One that is only being started is the daemon whoever the peer is: it may
        // have started that one elsewhere, as docker does.
        let found = state.pool.members().iter().find_map(|member| {
            let connection = self.connections.get(&member.id)?;
            let pid = connection.pid?;
            let listens = watched && connection.handshake().0 || group == Some(pid);
            listens.then_some((member.id, pid))
        });
        let Some((connection, pid)) = found else { return };
        let (name, keep) = (state.name.clone(), state.config.keep);
        let path = state.config.socket_path.clone().unwrap_or_default();
        self.note(
            LogLevel::Info,
            format_args!("{name} listens on socket {}: server pid {pid} is kept", path.display()),
        );
        let daemon = Daemon { connection, pid, keep, ended: false, leaving: false };
        self.server_mut(server).reach.daemon = Some(daemon);
    }

    /// Keeps a process that carries nothing any more.
    pub(super) fn keep_daemon(&mut self, id: ConnectionId, connection: &Connection, pid: i32) {
        let mut kept = connection.successor(connection.opened, id);
        kept.pid = Some(pid);
        kept.phase = Phase::Daemon;
        self.connections.insert(id, kept);
    }

    /// What the daemon prints is no message; its lines are for the log.
    pub(super) fn daemon_says(&mut self, id: ConnectionId, mut bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let stream = id.first_stream();
        let name = &self.servers[connection.server.0 as usize].name;
        // A line that is too long is no loss.
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
    pub(super) fn daemon_ended(&mut self, now: Time, id: ConnectionId, how: &str) {
        let Some(connection) = self.take_connection(id) else { return };
        self.actions.push_back(Action::Forget { stream: id.first_stream() });
        let state = self.server_mut(connection.server);
        state.reach.daemon = None;
        state.metrics.restart();
        let (name, pid) = (state.name.clone(), connection.pid.unwrap_or_default());
        self.note(
            LogLevel::Warning,
            format_args!("{name}: server pid {pid}, which listened on the socket, ended: {how}"),
        );
        self.pump(now, connection.server);
    }

    /// The entry was removed or changed: the daemon goes once nothing is under way.
    pub(super) fn release_daemon(&mut self, now: Time, server: ServerId) {
        self.end_watch(server);
        if let Some(daemon) = &mut self.server_mut(server).reach.daemon {
            daemon.leaving = true;
        }
        self.daemon_may_go(now, server);
    }

    /// Ends a daemon that is to go, once nothing is under way on the socket.
    pub(super) fn daemon_may_go(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        let leaving = state.reach.daemon.is_some_and(|daemon| daemon.leaving);
        if leaving && !state.pool.members().iter().any(|member| member.load > 0) {
            self.end_daemon(now, server);
        }
    }

    fn end_daemon(&mut self, now: Time, server: ServerId) {
        let Some(daemon) = self.server_mut(server).reach.daemon.take() else { return };
        let id = daemon.connection;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if daemon.keep || daemon.ended {
            self.take_connection(id);
            self.actions.push_back(match daemon.keep {
                true => Action::LetGo { stream: id.first_stream() },
                false => Action::Forget { stream: id.first_stream() },
            });
            return;
        }
        // It does not look at its input, so it is told at once.
        connection.phase = Phase::Closing { until: now + FAREWELL, next: Farewell::Kill };
        self.actions.push_back(Action::Close { stream: id.first_stream() });
        self.actions
            .push_back(Action::Signal { stream: id.first_stream(), signal: Signal::Terminate });
        self.server_mut(server).reach.leaving = Some(id);
        self.note_connection(id);
    }

    /// A process that was told to go is gone, or given up.
    pub(super) fn has_left(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let leaving = &mut self.server_mut(server).reach.leaving;
        if *leaving == Some(id) {
            *leaving = None;
            self.pump(now, server);
        }
    }

    /// Whether a process is to live on when the client goes.
    pub fn outlives(&self, stream: StreamId) -> bool {
        let id = self.connection_of(stream);
        self.servers.iter().any(|server| {
            let daemon = server.reach.daemon;
            daemon.is_some_and(|daemon| daemon.connection == id && daemon.keep)
        })
    }

    /// Forgets what is waited for when a server is removed.
    pub(super) fn end_reach(&mut self, now: Time, server: ServerId) {
        self.release_daemon(now, server);
        mem::take(&mut self.server_mut(server).reach.started_again);
    }
}
