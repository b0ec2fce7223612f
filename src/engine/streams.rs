//! The life of a connection: opened, negotiated, used, lost or closed.

use std::mem;
use std::time::Duration;

use crate::config::Era;
use crate::engine::action::{Action, ChildExit, OpenFailure, Opened, Signal};
use crate::engine::connection::{Connection, Exchange, FAREWELL, Farewell, Phase, Purpose};
use crate::engine::event::Event;
use crate::engine::loss::Loss;
use crate::engine::reachability::{SECOND_LOOK, SOCKET_PAUSE};
use crate::engine::request::Kind;
use crate::engine::timer::{Soonest, Timer};
use crate::engine::{ConnectionId, Engine, LATE, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::mcp::message;
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::session::Session;
use crate::session::negotiation::{Negotiation, Question, Step};
use crate::time::Time;
use crate::wire::{Cancel, Outgoing, StreamId};

/// How long a probe may stay unanswered by a server that is running.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same from the start of a process, which may have to load an interpreter.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// A process that lived this long did not die of being started.
const STABLE: Duration = Duration::from_secs(10);
/// How often a list is begun anew after its connection was lost.
const RESTARTS: u32 = 2;

impl Engine {
    // ----- inputs -----------------------------------------------------------

    /// A stream is open.
    pub fn opened(&mut self, now: Time, stream: StreamId, opened: Opened) {
        let id = self.connection_of(stream);
        if stream != id.first_stream() {
            return self.extra_stream_opened(now, id, stream);
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !matches!(connection.phase, Phase::Opening) {
            return;
        }
        connection.pid = opened.pid;
        connection.group = opened.group;
        let (server, channel) = (connection.server, connection.channel);
        if let Some(pid) = opened.pid {
            let config = &self.server(server).config;
            if config.socket_path.is_none() {
                // The next line names no server, and nothing before it does.
                let text = format!("starting {}", config.name);
                self.note(LogLevel::Info, format_args!("{text}"));
            }
            self.note(LogLevel::Info, format_args!("spawned server pid {pid}"));
            self.watch_socket(now, server);
        }
        let patience = if channel.is_process() { START_PATIENCE } else { PATIENCE };
        let state = self.server(server);
        let (prior, limit) = (state.prior(), state.limits.startup_timeout);
        let (negotiation, step) = Negotiation::start(now, prior, patience, limit);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Negotiating(negotiation);
        }
        self.negotiate(now, id, step);
    }

    /// A stream could not be opened.
    pub fn open_failed(&mut self, now: Time, stream: StreamId, failure: OpenFailure) {
        let id = self.connection_of(stream);
        if stream != id.first_stream() {
            return self.extra_stream_failed(now, id, stream, &failure.message);
        }
        let category = match self.connections.get(&id) {
            Some(connection) if connection.channel.is_process() => ErrorCategory::Spawn,
            Some(_) => ErrorCategory::Connect,
            None => return,
        };
        if let Some(connection) = self.take_connection(id) {
            self.actions.push_back(Action::Forget { stream: id.first_stream() });
            self.attempt_failed(now, &connection, failure, category);
        }
    }

    /// The process behind a connection is gone and has been reaped.
    pub fn child_exited(&mut self, now: Time, stream: StreamId, exit: ChildExit) {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        if exit.well {
            let pid = connection.pid.unwrap_or_default();
            if self.went_into_background(now, id, exit.others, pid) {
                return;
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let daemon = matches!(connection.phase, Phase::Daemon);
        let pid = match daemon {
            true => connection.pid.unwrap_or_default(),
            false => connection.pid.take().unwrap_or_default(),
        };
        let closing = matches!(connection.phase, Phase::Closing { .. });
        let how = if exit.status.is_empty() { "exited" } else { &exit.status };
        if closing {
            self.note(LogLevel::Debug, format_args!("server pid {pid} is gone: {how}"));
            self.take_connection(id);
            self.actions.push_back(Action::Forget { stream: id.first_stream() });
            return self.has_left(now, server, id);
        }
        if daemon {
            let how = how.to_owned();
            return self.daemon_ended(now, id, &how);
        }
        let reason = format!("the server process ended: {how}");
        let cause = EvictionCause::PeerClosed;
        self.lose(now, id, Loss { reason, cause, category: ErrorCategory::Lost });
    }

    /// Time has passed. When very much is due at once, some of it stays due: ask for
    /// the deadline again.
    pub fn handle_timeout(&mut self, now: Time) {
        let mut late = 0;
        while late < LATE {
            // In the order of their times, however late we are told.
            let (requests, connections) = (self.requests_due, self.connections_due);
            let first = |other: Option<Time>| other.map_or(now, |other| other.min(now));
            let timer = first(self.timers.next());
            let until = first(connections.get()).min(timer);
            if requests.is_due(until) {
                late += self.serve_requests(now, until);
                continue;
            }
            let until = first(requests.get()).min(timer);
            if connections.is_due(until) {
                self.serve_connections(now, until);
                continue;
            }
            match self.timers.pop_due(now) {
                Some(Timer::Server(id)) => {
                    self.server_mut(id).armed = None;
                    self.pump(now, id);
                }
                Some(Timer::Socket(id)) => self.look_at_socket(now, id),
                Some(Timer::Watch(id)) => self.renew(now, id),
                Some(Timer::Changes(id)) => self.changes_due(now, id),
                None => return,
            }
        }
    }

    // ----- opening ----------------------------------------------------------

    /// Opens a connection; a recovery_probe is one that only looks whether the socket is back.
    pub(super) fn open(&mut self, now: Time, server: ServerId, recovery_probe: Option<()>) {
        let stream = self.shared.new_stream();
        let id = ConnectionId(stream.0);
        let state = &mut self.servers[server.0 as usize];
        let channel = match recovery_probe {
            Some(()) => state.config.transport,
            None => state.channel(now),
        };
        let wire = (self.new_wire)(stream, &state.config, channel);
        let mut connection = Connection::new(now, server, channel, state.round, wire);
        connection.recovery_probe = recovery_probe.is_some();
        if recovery_probe.is_some() {
            state.recovery_probe = Some(id);
        } else {
            state.pool.open(id);
        }
        let (name, config) = (state.name.clone(), state.config.clone());
        if let (false, Some(path)) = (channel.is_process(), &config.socket_path) {
            let level = if recovery_probe.is_some() { LogLevel::Debug } else { LogLevel::Info };
            let path = path.display();
            // A socket that is watched is looked at very often.
            if !self.server(server).reach.watches() {
                self.note(level, format_args!("connecting to {name} via socket {path}"));
            }
        }
        self.connections.insert(id, connection);
        self.actions.push_back(Action::Open { stream, channel, server: config });
    }

    pub(super) fn negotiate(&mut self, now: Time, id: ConnectionId, step: Step) {
        match step {
            Step::Wait => {}
            Step::Ask(question) => self.ask(now, id, question),
            Step::Established(session) => return self.established(now, id, session),
            Step::Failed(reason) => {
                let (cause, category) = (EvictionCause::Error, ErrorCategory::Handshake);
                return self.lose(now, id, Loss { reason, cause, category });
            }
        }
        self.note_connection(id);
    }

    fn ask(&mut self, now: Time, id: ConnectionId, question: Question) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let wire = self.next_wire;
        self.next_wire += 1;
        let identity = &self.identity;
        let purpose = Purpose::Handshake(question);
        let what = Outgoing::Request { method: question.method(), name: "" };
        let size = connection.send(&mut self.shared, what, wire, purpose, |out| match question {
            Question::Discover => message::write_discover(out, wire, identity),
            Question::Initialize(version) => {
                message::write_initialize(out, wire, version, identity);
            }
        });
        let server = connection.server;
        self.server_mut(server).metrics.request_sent(now, size);
        self.serve_wire(now, id);
    }

    fn established(&mut self, now: Time, id: ConnectionId, session: Session) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        let (era, version) = (session.era, session.version);
        if era == Era::Legacy {
            let method = message::INITIALIZED;
            connection.notify(&mut self.shared, method, message::write_initialized);
            connection.noticed = true;
        }
        // Questions that are still open can only be answered too late.
        let late = |e: &Exchange| matches!(e.purpose, Purpose::Handshake(_)).then_some(e.wire);
        let late: Vec<u64> = connection.exchanges.iter().filter_map(late).collect();
        for wire in late {
            if connection.cancel(wire) == Cancel::Notify {
                connection.take(wire);
                connection.unawait(wire);
            }
        }
        connection.phase = Phase::Ready(era);
        connection.rest(now);
        let (took, recovery_probe) =
            (now.since(connection.opened), mem::take(&mut connection.recovery_probe));
        let channel = connection.channel;
        if era == Era::Legacy {
            self.server_mut(server).metrics.message_sent(now);
            self.serve_wire(now, id);
        }
        if recovery_probe {
            self.socket_is_back(now, server, id);
        } else if channel.is_process() && self.server(server).reach.watches() {
            self.end_watch(server);
            if let Some(fallback) = &mut self.server_mut(server).fallback {
                fallback.retry_at = now + SECOND_LOOK;
            }
        }
        let state = &mut self.servers[server.0 as usize];
        let was_up = state.pool.is_up();
        state.reach.started_again = false;
        if was_up && channel.is_shared() {
            // Two at once: whatever it looked like, it is not serial.
            state.manners.concurrent = true;
            state.manners.serial = false;
        }
        state.pool.ready(id);
        state.version = Some(version);
        state.offers = session.offers.or(state.offers);
        let reconnect = mem::replace(&mut state.was_up, true) && !was_up;
        state.metrics.connected(now, took, reconnect && state.backoff.failures() > 0);
        state.metrics.went_up(now);
        if !channel.is_process() && state.fallback.take().is_some() {
            state.relimit(&self.defaults);
        }
        let state = &mut self.servers[server.0 as usize];
        let name = state.name.clone();
        if let Some(remark) = session.remark {
            self.note(LogLevel::Warning, format_args!("{name} {remark}"));
        }
        let state = &mut self.servers[server.0 as usize];
        // What the configuration says needs no memory.
        if state.era.replace(era) != Some(era) && state.config.era.is_none() {
            let identity = state.config.identity();
            self.known_eras.insert(identity, era);
            self.actions.push_back(Action::Remember { identity, era: Some(era) });
        }
        self.note(LogLevel::Debug, format_args!("{name} is ready, protocol version {version}"));
        if !was_up {
            self.events.push_back(Event::ServerUp { server: name });
        }
        // Nobody is to be woken for the deadline of the handshake.
        self.find_connections_due();
        self.pump(now, server);
    }

    // ----- failing ----------------------------------------------------------

    /// No usable connection came of a try. A socket falls back to the command;
    /// otherwise everybody who waits has used up one try.
    pub(super) fn attempt_failed(
        &mut self,
        now: Time,
        connection: &Connection,
        failure: OpenFailure,
        category: ErrorCategory,
    ) {
        let server = connection.server;
        let round = connection.round;
        let state = self.server_mut(server);
        let OpenFailure { message, permanent, crowded } = failure;
        if connection.recovery_probe && state.reach.watches() {
            state.recovery_probe = None;
            return match category {
                ErrorCategory::Connect => self.look_after_pause(now, server),
                _ => self.look_after_refusal(now, server),
            };
        }
        if crowded
            && !connection.recovery_probe
            && (state.pool.is_up() || state.pool.connecting() > 0)
        {
            // Those that are served or stand before this one serve whoever waits.
            let state = &mut self.servers[server.0 as usize];
            state.backoff.fail(now, state.limits.retry_backoff, Some(1), &mut self.random);
            return self.pump(now, server);
        }
        state.metrics.error(now, category);
        if connection.recovery_probe {
            state.recovery_probe = None;
            if let Some(fallback) = &mut state.fallback {
                fallback.retry_at = now + SOCKET_PAUSE;
                fallback.reason.clone_from(&message);
            }
            return self.note(LogLevel::Debug, format_args!("socket connection failed: {message}"));
        }
        let is_first = round == state.round;
        if !connection.channel.is_process() {
            // One that is crowded is there.
            let has_command = state.config.command.is_some() && !crowded;
            if is_first {
                self.note(LogLevel::Info, format_args!("socket connection failed: {message}"));
            }
            if has_command {
                return self.fall_back(now, server, message, is_first);
            }
        }
        if !is_first {
            return self.pump(now, server);
        }
        let state = &mut self.servers[server.0 as usize];
        let name = state.name.clone();
        // A process is named by its server's entry; of a socket the caller has to
        // hear which one it was.
        let message = match (&state.config.socket_path, connection.channel.is_process()) {
            (Some(path), false) => name_socket(message, &path.to_string_lossy()),
            (Some(path), _) if state.fallback.is_some() => {
                let reason = state.fallback.as_ref().map_or("", |fallback| &*fallback.reason);
                format!("{message}; {}", name_socket(reason.to_owned(), &path.to_string_lossy()))
            }
            _ => message,
        };
        state.round += 1;
        state.last_error = Some((self.redactor.clean(&message).into_owned(), now));
        state.failed_start = Some((message.clone(), now));
        if !state.pool.is_up() {
            state.metrics.went_down(now);
        }
        let tries = self.tries_used(server);
        let state = &mut self.servers[server.0 as usize];
        state.backoff.fail(now, state.limits.retry_backoff, tries, &mut self.random);
        let (retries, alive) = (state.limits.retry_attempts, state.pool.is_up());
        let waiting: Vec<RequestId> = state.queue.iter().copied().collect();
        if !alive {
            for id in waiting {
                self.try_failed(now, id, &message, permanent, retries);
            }
        }
        self.note(LogLevel::Warning, format_args!("{name}: {message}"));
        self.pump(now, server);
    }

    /// A connection is gone, with everything that was on it.
    pub(super) fn lose(&mut self, now: Time, id: ConnectionId, mut loss: Loss) {
        let Some(mut connection) = self.take_connection(id) else { return };
        loss.reason += &connection.last_words();
        let server = connection.server;
        let listened = connection.listens().is_some();
        let exchanges = mem::take(&mut connection.exchanges);
        self.part(now, id, &connection);
        let (negotiating, probed) = connection.handshake();
        let was_ready = !negotiating && !matches!(connection.phase, Phase::Opening);
        self.withdraw_from(now, id);
        self.list_is_parted(now, server, id, EvictionCause::PeerClosed);
        if was_ready {
            self.lost_ready(now, &connection, &loss);
        }
        for exchange in exchanges {
            let Purpose::Request(request) = exchange.purpose else { continue };
            let delivery = connection.delivery(&exchange);
            self.lost_request(now, request, delivery.may_retry(self.is_repeatable(request)), &loss);
        }
        if listened {
            for id in mem::take(&mut self.server_mut(server).watchers) {
                self.lost_request(now, id, true, &loss);
            }
        }
        if was_ready {
            self.renew_soon(now, server);
            self.daemon_may_go(now, server);
            return self.pump(now, server);
        }
        self.lost_at_the_start(now, connection, loss, probed);
    }

    /// Accounts for a usable connection that was lost.
    fn lost_ready(&mut self, now: Time, connection: &Connection, loss: &Loss) {
        let state = &mut self.servers[connection.server.0 as usize];
        let name = state.name.clone();
        state.metrics.pool.evicted(loss.cause);
        if !connection.exchanges.is_empty() || loss.cause != EvictionCause::PeerClosed {
            state.metrics.error(now, loss.category);
        }
        if connection.channel.is_process() {
            state.metrics.restart();
            state.catalogue = None;
        }
        if now.since(connection.opened) >= STABLE {
            state.backoff.succeed();
        }
        if connection.channel.is_process() || !state.queue.is_empty() {
            state.backoff.fail(now, state.limits.retry_backoff, None, &mut self.random);
        }
        state.round += 1;
        let down = !state.pool.is_up();
        if down {
            state.metrics.went_down(now);
        }
        self.note(LogLevel::Warning, format_args!("lost {name}: {}", loss.reason));
        if down {
            let reason = loss.reason.clone();
            self.events.push_back(Event::ServerDown { server: name, reason });
        }
    }

    /// A request whose connection is gone is tried again or ends.
    pub(super) fn lost_request(&mut self, now: Time, id: RequestId, may_retry: bool, loss: &Loss) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let Some(server) = request.server() else { return };
        let retries = self.servers[server.0 as usize].limits.retry_attempts;
        let reason = &loss.reason;
        request.failures += 1;
        if !may_retry {
            let message = format!("outcome unknown, the call may have run: {reason}");
            return self.finish(now, id, Err(Error::new(error::Kind::OutcomeUnknown, message)));
        }
        // A server that ends in the middle of its list would be started for ever: each
        // page that came is a try that did not fail.
        let listing = request.is_listing();
        request.restarts += u32::from(listing);
        if request.failures > retries || request.restarts > RESTARTS {
            let tries = if listing { request.restarts } else { request.failures };
            let message = match tries {
                1 => reason.clone(),
                n => format!("{reason} (tried {n} times)"),
            };
            return self.finish(now, id, Err(Error::new(error::Kind::Io, message)));
        }
        if self.servers[server.0 as usize].removed {
            return self.finish_unconfigured(now, id, server);
        }
        request.state = super::request::State::Queued;
        request.assigned = None;
        if let Kind::List { pages, .. } = &mut request.kind {
            // A cursor is worth nothing beyond the session that gave it.
            *pages = Default::default();
        }
        self.server_mut(server).queue.push_front(id);
        self.note_request(id);
    }

    /// What may be sent twice without harm.
    pub(super) fn is_repeatable(&self, id: RequestId) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        match (&request.kind, request.server()) {
            (Kind::List { .. } | Kind::Ready | Kind::Ask { .. } | Kind::Subscribe { .. }, _) => {
                true
            }
            (Kind::Call { tool, .. }, Some(server)) => {
                let idempotent = &self.server(server).config.idempotent_tools;
                idempotent.iter().any(|name| **name == **tool)
            }
            (Kind::Call { .. }, None) => false,
        }
    }

    // ----- closing ----------------------------------------------------------

    /// One request less on a connection.
    pub(super) fn release(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let idle = connection.exchanges.is_empty();
        if idle {
            connection.rest(now);
        }
        let (server, carries) = (connection.server, connection.is_carrier());
        let state = self.server_mut(server);
        // One that carries subscriptions is not the first to go.
        let (shape, waiting) = (state.shape(), carries || !state.queue.is_empty());
        let retiring = state.pool.is_retiring(id);
        if state.pool.release(id, waiting, shape) {
            let cause = if retiring { EvictionCause::Reload } else { EvictionCause::Overflow };
            self.close(now, id, cause);
        } else if idle && !self.give_back(now, id) {
            self.note_connection(id);
        }
        self.pump(now, server);
    }

    /// Nobody new gets the server's connections; idle ones go at once.
    pub(super) fn retire_all(&mut self, now: Time, server: ServerId, cause: EvictionCause) {
        let all: Vec<ConnectionId> =
            self.server(server).pool.members().iter().map(|member| member.id).collect();
        for id in all {
            self.stop_listening(now, server, id);
            if self.server_mut(server).pool.retire(id) {
                self.close(now, id, cause);
            }
        }
        if let Some(recovery_probe) = self.server_mut(server).recovery_probe.take() {
            self.close(now, recovery_probe, cause);
            // A watch on the socket, if there is one, goes on without it.
            self.look_after_pause(now, server);
        }
    }

    /// Closes idle connections beyond the pool's size once nobody waits.
    pub(super) fn close_surplus(&mut self, now: Time, server: ServerId) {
        loop {
            let state = self.server(server);
            if !state.queue.is_empty() {
                return;
            }
            // Subscriptions die with their connection.
            let dear = |id| self.connections.get(&id).is_some_and(|stream| stream.is_carrier());
            let Some(id) = state.pool.surplus(state.shape(), dear) else { return };
            self.close(now, id, EvictionCause::Overflow);
        }
    }

    /// Closes a connection on which nothing is under way.
    pub(super) fn close(&mut self, now: Time, id: ConnectionId, cause: EvictionCause) {
        let Some(connection) = self.take_connection(id) else { return };
        let server = connection.server;
        let was_ready = connection.was_usable();
        self.part(now, id, &connection);
        self.withdraw_from(now, id);
        self.list_is_parted(now, server, id, cause);
        let state = self.server_mut(server);
        if was_ready {
            state.metrics.pool.evicted(cause);
            if !state.pool.is_up() {
                state.metrics.went_idle(now);
            }
        }
        if connection.is_carrier() {
            self.renew_soon(now, server);
        }
        self.daemon_may_go(now, server);
    }

    /// Takes a connection out of every table.
    pub(super) fn take_connection(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.remove(&id)?;
        if self.connections.is_empty() {
            self.connections_due = Soonest::default();
        }
        self.server_mut(connection.server).pool.remove(id);
        Some(connection)
    }

    /// Ends the stream of a connection that was taken out. A process stays known
    /// until it is gone.
    fn part(&mut self, now: Time, id: ConnectionId, connection: &Connection) {
        let Some(pid) = connection.pid else {
            return self.forget_streams(id, connection);
        };
        if self.server(connection.server).reach.is_daemon(id) {
            return self.keep_daemon(id, connection, pid);
        }
        self.actions.push_back(Action::Close { stream: id.first_stream() });
        let mut closing = connection.successor(now, id);
        closing.pid = Some(pid);
        closing.phase = Phase::Closing { until: now + FAREWELL, next: Farewell::Terminate };
        self.connections.insert(id, closing);
        self.note_connection(id);
    }

    pub(super) fn connection_timeout(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if self.due(connection).is_none_or(|when| now < when) {
            return;
        }
        if self.extra_stream_is_late(now, id) || self.is_silent(now, id) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match &mut connection.phase {
            Phase::Opening | Phase::Daemon => {}
            Phase::Negotiating(negotiation) => {
                let step = negotiation.handle_timeout(now);
                if let Step::Failed(_) = step {
                    let server = connection.server;
                    self.server_mut(server).metrics.timeout();
                }
                self.negotiate(now, id, step);
            }
            Phase::Ended { .. } => {
                let reason = "the server closed the stream".to_owned();
                let cause = EvictionCause::PeerClosed;
                self.lose(now, id, Loss { reason, cause, category: ErrorCategory::Lost });
            }
            Phase::Closing { until, next } => {
                *until = now + FAREWELL;
                let (step, pid) = (*next, connection.pid.unwrap_or_default());
                let signal = match step {
                    Farewell::Terminate => {
                        *next = Farewell::Kill;
                        Signal::Terminate
                    }
                    Farewell::Kill => {
                        *next = Farewell::GiveUp;
                        Signal::Kill
                    }
                    Farewell::GiveUp => {
                        let server = connection.server;
                        self.take_connection(id);
                        self.actions.push_back(Action::Forget { stream: id.first_stream() });
                        let line = format_args!("server pid {pid} does not die");
                        self.note(LogLevel::Error, line);
                        return self.has_left(now, server, id);
                    }
                };
                self.actions.push_back(Action::Signal { stream: id.first_stream(), signal });
                self.note_connection(id);
            }
            Phase::Ready(_) if connection.exchanges.is_empty() => {
                self.close(now, id, EvictionCause::Idle);
            }
            Phase::Ready(_) => self.grace_is_over(now, id),
        }
    }
}

/// Says which socket it was, unless the sentence does already.
fn name_socket(message: String, path: &str) -> String {
    if message.contains(path) { message } else { format!("socket {path}: {message}") }
}
