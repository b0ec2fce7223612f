//! Attempts to reach a server: opens connections, and carries out what
//! [`Reachability`](crate::engine::reachability::Reachability) decides about sessions
//! that stand and attempts that fail.

use std::time::Duration;

use crate::config::{Era, Transport};
use crate::engine::action::{Action, OpenFailure};
use crate::engine::connection::{Connection, Exchange, Phase, Purpose};
use crate::engine::deadlines::Timer;
use crate::engine::event::Event;
use crate::engine::loss::Loss;
use crate::engine::printed_fields::HELPER_WAIT;
use crate::engine::reachability::{
    AfterFailure, AfterHandshake, Attempt, Circumstances, FailedAttempt, LostHandshake,
    LostSession, Permit, RetryPause,
};
use crate::engine::request::RequestKind;
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::mcp::message;
use crate::metrics::EvictionCause;
use crate::session::Session;
use crate::time::Time;
use crate::wire::{Cancel, StreamId};

/// Longer than a connection lives.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Engine {
    // ----- opening ----------------------------------------------------------

    /// Whether a connection may be opened now for the requests that wait. During a pause
    /// the end of the pause is noted.
    pub(super) fn may_open(&mut self, now: Time, server: ServerId) -> bool {
        let state = self.server(server);
        if state.removed || self.authorizations.is_holding(&state.config) {
            return false;
        }
        let has_first_try = || {
            state.queue.iter().any(|id| {
                self.is_waited_for(id)
                    && self.requests.get(&id).is_some_and(|request| request.failures == 0)
            })
        };
        match state.reach.permit(now, state.pool.is_up(), has_first_try) {
            Permit::Granted => true,
            Permit::Held => false,
            Permit::NotBefore(until) => {
                if !state.queue.is_empty() {
                    self.deadlines.arm(Timer::Retry(server), Some(until));
                }
                false
            }
        }
    }

    /// Opens a connection for the pool.
    pub(super) fn open(&mut self, now: Time, server: ServerId) {
        let stream = self.shared.new_stream();
        let state = self.server_mut(server);
        state.pool.open(ConnectionId(stream.0));
        debug_assert!(
            !state.is_beyond_maximum(),
            "a tuned pool is larger than its entry and the defaults of the host allow"
        );
        let channel = state.reach.next_channel(now, &state.config);
        self.open_stream(now, stream, server, channel, LogLevel::Info);
    }

    /// Opens a connection that probes whether the socket answers. No request waits for
    /// it.
    pub(super) fn open_recovery_probe(&mut self, now: Time, server: ServerId) {
        let stream = self.shared.new_stream();
        let state = self.server_mut(server);
        state.reach.recovery_probe_opened(ConnectionId(stream.0));
        let channel = state.config.transport;
        self.open_stream(now, stream, server, channel, LogLevel::Debug);
    }

    /// While a process stands in for a socket, probes now and then whether the socket
    /// answers.
    pub(super) fn probe_socket_if_due(&mut self, now: Time, server: ServerId) {
        let state = self.server(server);
        if state.reach.wants_recovery_probe(now, state.pool.is_up()) && !state.removed {
            self.open_recovery_probe(now, server);
        }
    }

    fn open_stream(
        &mut self,
        now: Time,
        stream: StreamId,
        server: ServerId,
        channel: Transport,
        level: LogLevel,
    ) {
        let state = self.server(server);
        let id = ConnectionId(stream.0);
        let mut wire = (self.new_wire)(stream, &state.config, channel);
        if let Some(token) = self.authorizations.token(&state.config) {
            wire.set_token(Some(token));
        }
        let mut connection = Connection::new(now, server, channel, state.reach.round(), wire);
        let (name, config) = (state.name.clone(), state.config.clone());
        if config.bridge {
            // It serves many connections, and its server may just start.
            connection.next_silence_check = now + NEVER;
        }
        if !channel.is_process() && config.headers_helper().is_some() {
            connection.opened = now + HELPER_WAIT;
        }
        // A watched socket is probed up to 200 times a second.
        let is_logged = !state.reach.watches_socket();
        let endpoint = config.endpoint().filter(|_| is_logged && !channel.is_process());
        if let Some(endpoint) = endpoint {
            let kind = channel.name();
            let proxy = config.http.as_ref().and_then(|http| http.proxy.as_ref());
            let through = proxy.map(|proxy| format!(" through {proxy}")).unwrap_or_default();
            self.note(level, format_args!("connecting to {name} via {kind} {endpoint}{through}"));
        }
        self.connections.insert(id, Box::new(connection));
        self.note_connection(id);
        self.actions.push_back(Action::Open { stream, channel, server: config });
    }

    /// A connection was not opened within its limit: the attempt has failed.
    pub(super) fn open_timed_out(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let (server, channel) = (connection.server, connection.channel);
        let state = self.server_mut(server);
        state.metrics.timeout();
        let message = state.open_overdue(channel);
        let failure = OpenFailure { message, permanent: false, crowded: false };
        self.open_failed(now, id.first_stream(), failure);
    }

    // ----- sessions that stand ----------------------------------------------

    /// A handshake has succeeded.
    pub(super) fn established(&mut self, now: Time, id: ConnectionId, session: Session) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let attempt = attempt(id, connection);
        let (server, channel) = (connection.server, connection.channel);
        let (era, version) = (session.era, session.version);
        if era == Era::Legacy {
            let method = message::INITIALIZED;
            connection.notify(&mut self.shared, method, message::write_initialized);
            connection.noticed = true;
        }
        // Handshake requests that are still open can only be answered too late.
        let late = |e: &Exchange| matches!(e.purpose, Purpose::Handshake(_)).then_some(e.wire);
        let late: Vec<u64> = connection.exchanges.iter().filter_map(late).collect();
        for wire in late {
            if connection.cancel(&mut self.shared, wire) == Cancel::Notify {
                connection.take(wire);
                connection.unawait(wire);
            }
        }
        connection.phase = Phase::Ready(era);
        connection.rest(now);
        let took = now.since(connection.opened);
        if era == Era::Legacy {
            self.server_mut(server).metrics.message_sent(now);
            self.serve_wire(now, id);
        }
        if self.server_mut(server).reach.handshake_done(now, attempt) {
            self.socket_recovered(now, server, id);
        }
        self.set_probe_timer(server);
        let state = &mut self.servers[server.0 as usize];
        let was_up = state.pool.is_up();
        let ready = state.reach.session_ready(&state.config, channel, era, was_up);
        state.pool.ready(id);
        state.version = Some(version);
        state.offers = session.offers.or(state.offers);
        state.metrics.connected(now, took, ready.is_reconnection);
        state.metrics.went_up(now);
        if ready.ends_fallback {
            state.relimit(&self.defaults);
        }
        let name = state.name.clone();
        if ready.is_new_era {
            let identity = state.config.identity();
            self.known_eras.insert(identity, era);
            self.actions.push_back(Action::Remember { identity, era: Some(era) });
        }
        if let Some(remark) = session.remark {
            self.note(LogLevel::Warning, format_args!("{name} {remark}"));
        }
        self.note(LogLevel::Debug, format_args!("{name} is ready, protocol version {version}"));
        if !was_up {
            self.events.push_back(Event::ServerUp { server: name });
        }
        // The handshake's deadline is over; drop its timer.
        self.find_connections_due();
        self.pump(now, server);
    }

    /// The socket answers again: the processes that stood in for it are retired.
    fn socket_recovered(&mut self, now: Time, server: ServerId, id: ConnectionId) {
        let name = self.server(server).name.clone();
        let was_watched = self.server(server).reach.watches_socket();
        let group = self.connections.get(&id).and_then(|connection| connection.group);
        self.adopt_daemon(server, group);
        if !was_watched {
            let kind = self.server(server).config.transport.name();
            self.note(LogLevel::Info, format_args!("{kind} of {name} is back"));
        }
        self.retire_all(now, server, EvictionCause::Reload);
        self.server_mut(server).pool.open(id);
    }

    /// Accounts for a connection that was ready and was lost.
    pub(super) fn session_lost(&mut self, now: Time, connection: &Connection, loss: &Loss) {
        self.count_session(now, connection, true);
        let state = &mut self.servers[connection.server.0 as usize];
        let name = state.name.clone();
        state.metrics.pool.evicted(loss.cause);
        if !connection.exchanges.is_empty() || loss.cause != EvictionCause::PeerClosed {
            state.metrics.error(now, loss.category);
        }
        if connection.channel.is_process() {
            state.metrics.restart();
            state.tools.forget();
        }
        let lost = LostSession {
            channel: connection.channel,
            lifetime: now.since(connection.opened),
            requests_wait: !state.queue.is_empty(),
        };
        let first = state.limits.retry_backoff;
        let pause = RetryPause { first, tries: None, random: &mut self.random };
        let is_first = connection.round == state.reach.round();
        let is_young = state.reach.session_lost(now, &lost, pause);
        if let (false, Some(breaker)) = (is_young, &mut state.breaker) {
            breaker.start_was_good();
        }
        let is_down = !state.pool.is_up();
        if is_down {
            state.metrics.went_down(now);
        }
        self.note(LogLevel::Warning, format_args!("lost {name}: {}", loss.reason));
        if is_down {
            let reason = loss.reason.clone();
            self.events.push_back(Event::ServerDown { server: name, reason });
        }
        if is_young && is_first && connection.channel.is_process() {
            self.count_failed_start(now, connection.server);
        }
    }

    /// No further request gets one of the server's connections. Idle ones are closed at
    /// once, the others when their requests have ended.
    pub(super) fn retire_all(&mut self, now: Time, server: ServerId, cause: EvictionCause) {
        let all: Vec<ConnectionId> =
            self.server(server).pool.members().iter().map(|member| member.id).collect();
        for id in all {
            self.stop_listening(now, server, id);
            if self.server_mut(server).pool.retire(id) {
                self.close(now, id, cause);
            }
        }
        if let Some(probe) = self.server_mut(server).reach.take_recovery_probe(now) {
            self.close(now, probe, cause);
            self.set_probe_timer(server);
        }
    }

    // ----- attempts that fail -----------------------------------------------

    /// A connection was lost in its handshake.
    pub(super) fn handshake_lost(
        &mut self,
        now: Time,
        id: ConnectionId,
        connection: &Connection,
        mut loss: Loss,
    ) {
        let server = connection.server;
        let is_overdue = connection.is_overdue(now);
        let is_hopeless = connection.evidence.as_ref().is_some_and(|evidence| evidence.hopeless);
        if is_overdue {
            loss.reason += &self.fetcher_advice(connection);
        }
        let attempt = attempt(id, connection);
        let lost = LostHandshake { attempt, loss, is_overdue, is_hopeless };
        let state = &mut self.servers[server.0 as usize];
        let given = Circumstances {
            config: &state.config,
            is_up: state.pool.is_up(),
            is_connecting: state.pool.connecting() > 0,
        };
        let (forgets_era, next) = state.reach.handshake_lost(now, &given, lost);
        if forgets_era {
            let identity = state.config.identity();
            self.known_eras.remove(&identity);
            self.actions.push_back(Action::Remember { identity, era: None });
        }
        self.set_probe_timer(server);
        self.after_handshake(now, server, next);
    }

    /// Carries out what follows from a handshake that failed.
    pub(super) fn after_handshake(&mut self, now: Time, server: ServerId, next: AfterHandshake) {
        match next {
            AfterHandshake::Fail(failed) => self.attempt_failed(now, server, failed),
            AfterHandshake::Hold => {}
            AfterHandshake::Repeat => self.pump(now, server),
        }
    }

    /// No usable connection came of an attempt.
    pub(super) fn attempt_failed(&mut self, now: Time, server: ServerId, failed: FailedAttempt) {
        let tries = self.most_tries(server);
        let state = &mut self.servers[server.0 as usize];
        let given = Circumstances {
            config: &state.config,
            is_up: state.pool.is_up(),
            is_connecting: state.pool.connecting() > 0,
        };
        let pause =
            RetryPause { first: state.limits.retry_backoff, tries, random: &mut self.random };
        let next = state.reach.attempt_failed(now, &given, &failed, pause);
        let FailedAttempt { attempt, failure, category } = failed;
        if !matches!(next, AfterFailure::KeepWatching | AfterFailure::LeaveToOthers) {
            state.metrics.error(now, category);
        }
        match next {
            AfterFailure::FallBack { is_first } => {
                state.relimit(&self.defaults);
                let is_bridge = state.config.bridge;
                if is_first && is_bridge {
                    let line = format!("starting a bridge for {}", state.name);
                    self.note(LogLevel::Info, format_args!("{line}"));
                } else if is_first {
                    self.note_connect_failure(LogLevel::Info, attempt.channel, &failure.message);
                    self.note_fallback(attempt.channel);
                }
            }
            AfterFailure::FailTry { message } => {
                if !attempt.channel.is_process() {
                    self.note_connect_failure(LogLevel::Info, attempt.channel, &failure.message);
                }
                if attempt.channel.is_process() {
                    self.count_failed_start(now, server);
                }
                return self.fail_try(now, server, &message, failure.permanent);
            }
            AfterFailure::Ignore | AfterFailure::LeaveToOthers => {}
            AfterFailure::KeepFallback => {
                let (level, message) = (LogLevel::Debug, &failure.message);
                return self.note_connect_failure(level, attempt.channel, message);
            }
            AfterFailure::KeepWatching => return self.set_probe_timer(server),
        }
        self.pump(now, server);
    }

    /// All requests that wait have used up one try, unless another connection serves
    /// them.
    fn fail_try(&mut self, now: Time, server: ServerId, message: &str, permanent: bool) {
        let state = &mut self.servers[server.0 as usize];
        let name = state.name.clone();
        state.last_error = Some((self.redactor.clean(message).into_owned(), now));
        if !state.pool.is_up() {
            state.metrics.went_down(now);
            let retries = state.limits.retry_attempts;
            let waiting: Vec<RequestId> = state.queue.iter().collect();
            for id in waiting {
                self.try_failed(now, id, message, permanent, retries);
            }
        }
        self.note(LogLevel::Warning, format_args!("{name}: {message}"));
        self.pump(now, server);
    }

    /// A waiting request has used up one try. It ends if the failure is permanent, or
    /// after `retries` further tries.
    fn try_failed(&mut self, now: Time, id: RequestId, why: &str, permanent: bool, retries: u32) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.failures += 1;
        let permanent = permanent || matches!(request.kind, RequestKind::Probe { .. });
        if !permanent && request.failures <= retries {
            return;
        }
        let tries = request.failures;
        let message = match tries {
            1 => why.to_owned(),
            _ => format!("{why} (tried {tries} times)"),
        };
        if let Some(server) = request.server() {
            self.server_mut(server).queue.remove(id);
        }
        self.finish(now, id, Err(Error::new(error::Kind::Io, message)));
    }

    /// The most tries that a request which somebody waits for has used up, with the one
    /// that failed now; `None`: there is no such request.
    fn most_tries(&self, server: ServerId) -> Option<u32> {
        let waiting = self.server(server).queue.iter().filter(|id| self.is_waited_for(*id));
        waiting.filter_map(|id| Some(self.requests.get(&id)?.failures + 1)).max()
    }

    /// Whether a caller waits for a request of its own, or for a list of tools that the
    /// engine fetches.
    fn is_waited_for(&self, id: RequestId) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        let has_listeners =
            request.server().is_some_and(|server| self.server(server).tools.is_awaited(id));
        let is_probe = matches!(request.kind, RequestKind::Probe { .. });
        !request.internal || has_listeners || is_probe
    }

    fn note_connect_failure(&mut self, level: LogLevel, channel: Transport, message: &str) {
        self.note(level, format_args!("{} connection failed: {message}", channel.name()));
    }

    fn note_fallback(&mut self, channel: Transport) {
        let kind = channel.name();
        let line = "connection failed, falling back to stdio";
        self.note(LogLevel::Warning, format_args!("{kind} {line}"));
        self.note(LogLevel::Info, format_args!("falling back to stdio transport"));
    }
}

/// A connection as [`Reachability`](crate::engine::reachability::Reachability) knows it.
pub(super) fn attempt(connection: ConnectionId, stream: &Connection) -> Attempt {
    let Connection { channel, round, .. } = *stream;
    Attempt { connection, channel, round, probed: stream.is_probed() }
}

#[cfg(test)]
mod tests;
