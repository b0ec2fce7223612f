//! The life of a connection: opened, negotiated, used, lost or closed.

use std::mem;
use std::time::Duration;

use crate::config::ConnectCost;
use crate::engine::action::{Action, ChildExit, OpenFailure, Opened, TerminationSignal};
use crate::engine::attempts::attempt;
use crate::engine::connection::{Connection, FAREWELL, Farewell, Phase, Purpose};
use crate::engine::loss::Loss;
use crate::engine::pool::Surplus;
use crate::engine::reachability::FailedAttempt;
use crate::engine::request::RequestKind;
use crate::engine::{ConnectionId, Engine, LogLevel, RequestId, ServerId};
use crate::error::{self, Error};
use crate::mcp::message;
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::session::negotiation::{HandshakeRequest, HandshakeStep, Negotiation};
use crate::time::Time;
use crate::wire::{Delivery, Outgoing, StreamId};

/// How long a probe may stay unanswered by a server that is running.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same from the start of a process, which may have to load an interpreter.
const START_PATIENCE: Duration = Duration::from_secs(10);
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
        connection.wire.opened(stream);
        connection.pid = opened.pid;
        connection.group = opened.group;
        let (server, channel, began) = (connection.server, connection.channel, connection.opened);
        self.server_mut(server).tls = opened.tls.map(Box::new);
        if let Some(pid) = opened.pid {
            let config = &self.server(server).config;
            if config.socket_path.is_none() {
                // The line "spawned server pid" names no server. For a socket the line
                // "connecting to" before it does.
                let text = format!("starting {}", config.name);
                self.note(LogLevel::Info, format_args!("{text}"));
            }
            self.note(LogLevel::Info, format_args!("spawned server pid {pid}"));
            self.watch_socket(now, server);
        }
        let patience = if channel.is_process() { START_PATIENCE } else { PATIENCE };
        let state = self.server(server);
        let (prior, limit) = (state.reach.prior(&state.config), state.limits.startup_timeout);
        let (negotiation, step) = Negotiation::start(now, began, prior, patience, limit);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Negotiating(Box::new(negotiation));
        }
        self.negotiate(now, id, step);
    }

    /// A stream could not be opened.
    pub fn open_failed(&mut self, now: Time, stream: StreamId, failure: OpenFailure) {
        let id = self.connection_of(stream);
        if stream != id.first_stream() {
            return self.extra_stream_failed(now, id, stream, &failure.message);
        }
        let connection = self.connections.get(&id);
        let category = match connection.filter(|c| matches!(c.phase, Phase::Opening)) {
            Some(connection) if connection.channel.is_process() => ErrorCategory::Spawn,
            Some(_) => ErrorCategory::Connect,
            None => return,
        };
        if let Some(connection) = self.take_connection(now, id) {
            self.actions.push_back(Action::Forget { stream });
            let attempt = attempt(id, &connection);
            self.attempt_failed(
                now,
                connection.server,
                FailedAttempt { attempt, failure, category },
            );
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
            self.take_connection(now, id);
            self.actions.push_back(Action::Forget { stream: id.first_stream() });
            return self.process_gone(now, server, id);
        }
        if daemon {
            let how = how.to_owned();
            return self.daemon_exited(now, id, &how, exit.well);
        }
        if self.server(server).reach.is_daemon(id) {
            // It was still at work on its standard streams.
            self.server_mut(server).reach.daemon_exited();
        }
        let reason = format!("the server process ended: {how}");
        let cause = EvictionCause::PeerClosed;
        self.connection_lost(now, id, Loss { reason, cause, category: ErrorCategory::Lost });
    }

    // ----- the handshake ----------------------------------------------------

    /// Takes the next step of a handshake.
    pub(super) fn negotiate(&mut self, now: Time, id: ConnectionId, step: HandshakeStep) {
        match step {
            HandshakeStep::Wait => {}
            HandshakeStep::Ask(question) => self.ask(now, id, question),
            HandshakeStep::Established(session) => return self.established(now, id, session),
            HandshakeStep::Failed(reason) => {
                let (cause, category) = (EvictionCause::Error, ErrorCategory::Handshake);
                return self.connection_lost(now, id, Loss { reason, cause, category });
            }
        }
        self.note_connection(id);
    }

    /// Sends a request of the handshake.
    pub(super) fn ask(&mut self, now: Time, id: ConnectionId, question: HandshakeRequest) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let wire = self.next_wire;
        self.next_wire += 1;
        let identity = &self.identity;
        let purpose = Purpose::Handshake(question);
        let what = Outgoing::Request { method: question.method(), name: "", definition: "" };
        let size = connection.send(&mut self.shared, what, wire, purpose, |out| match question {
            HandshakeRequest::Discover => message::write_discover(out, wire, identity),
            HandshakeRequest::Initialize(version) => {
                message::write_initialize(out, wire, version, identity);
            }
        });
        let server = connection.server;
        self.server_mut(server).metrics.request_sent(now, size);
        self.serve_wire(now, id);
    }

    // ----- failing ----------------------------------------------------------

    /// A connection was lost, with every request that was on it.
    pub(super) fn connection_lost(&mut self, now: Time, id: ConnectionId, mut loss: Loss) {
        let Some(mut connection) = self.take_connection(now, id) else { return };
        loss.reason += &connection.last_words();
        let server = connection.server;
        let listened = connection.listens().is_some();
        let exchanges = mem::take(&mut connection.exchanges);
        self.part(&mut connection, true);
        self.close_streams(now, id, &connection);
        let negotiating = connection.is_negotiating();
        let was_ready = !negotiating && !matches!(connection.phase, Phase::Opening);
        self.withdraw_from(now, id);
        self.server_mut(server).connection_closed(now, id, EvictionCause::PeerClosed);
        if was_ready {
            self.session_lost(now, &connection, &loss);
        }
        for exchange in exchanges {
            let Purpose::Request(request) = exchange.purpose else { continue };
            self.lost_request(now, request, connection.delivery(&exchange), &loss);
        }
        if listened {
            for id in self.server_mut(server).subscriptions.take_unconfirmed() {
                self.lost_request(now, id, Delivery::Sent, &loss);
            }
        }
        if was_ready {
            self.renew_soon(now, server);
            self.end_released_daemon(now, server);
            return self.pump(now, server);
        }
        self.handshake_lost(now, id, &connection, loss);
    }

    /// A request whose connection was lost is sent again or ends. `delivery` says how much
    /// of it was sent.
    pub(super) fn lost_request(
        &mut self,
        now: Time,
        id: RequestId,
        delivery: Delivery,
        loss: &Loss,
    ) {
        let may_retry = delivery.may_retry(self.is_repeatable(id));
        let Some(request) = self.requests.get_mut(&id) else { return };
        let Some(server) = request.server() else { return };
        let retries = self.servers[server.0 as usize].limits.retry_attempts;
        let reason = &loss.reason;
        request.failures += 1;
        if let RequestKind::Probe { .. } = request.kind {
            return self.finish(now, id, Err(Error::new(error::Kind::Io, reason.clone())));
        }
        if !may_retry {
            let message = format!("outcome unknown, the call may have run: {reason}");
            return self.finish(now, id, Err(Error::new(error::Kind::OutcomeUnknown, message)));
        }
        // Each page that came resets the failures. Without a limit of its own, a list whose
        // server ends in the middle of it would be begun anew for ever.
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
        // What never left costs the server nothing.
        if delivery != Delivery::Unsent && !self.server_mut(server).retry_budget.take() {
            let message = format!("{reason}; not tried again, because too much was");
            return self.finish(now, id, Err(Error::new(error::Kind::Io, message)));
        }
        self.requeue(now, id, server);
    }

    /// Puts a request of which nothing was executed before the others in the queue.
    pub(super) fn requeue(&mut self, now: Time, id: RequestId, server: ServerId) {
        if self.servers[server.0 as usize].removed {
            return self.finish_unconfigured(now, id, server);
        }
        let Some(request) = self.requests.get_mut(&id) else { return };
        request.state = super::request::RequestState::Queued;
        request.assigned = None;
        if let RequestKind::List { pages, .. } = &mut request.kind {
            // A cursor is valid in its session alone (2025-11-25, "Pagination").
            *pages = Default::default();
        }
        self.server_mut(server).queue.push_retry(id);
        self.note_request(id);
        self.requeued(now, server);
    }

    /// Whether a request may be sent again after the server may have run it: requests
    /// that read, and calls of tools in `idempotent_tools`.
    pub(super) fn is_repeatable(&self, id: RequestId) -> bool {
        let Some(request) = self.requests.get(&id) else { return false };
        match (&request.kind, request.server()) {
            (
                RequestKind::List { .. }
                | RequestKind::Ready
                | RequestKind::Driver
                | RequestKind::Probe { .. }
                | RequestKind::Ask { .. }
                | RequestKind::Subscribe { .. },
                _,
            ) => true,
            (RequestKind::Call { tool, .. }, Some(server)) => {
                let idempotent = &self.server(server).config.idempotent_tools;
                idempotent.iter().any(|name| **name == **tool)
            }
            (RequestKind::Call { .. }, None) => false,
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
        self.tuning_released(now, server, id);
        self.follow_tuning(now, server);
        let state = self.server_mut(server);
        // A connection with subscriptions is kept although it is beyond the pool's size.
        let stays = carries || !state.queue.is_empty();
        let (shape, surplus) =
            (state.shape(), if stays { Surplus::Stays } else { Surplus::Closes });
        let retiring = state.pool.is_retiring(id);
        if state.pool.release(id, surplus, shape) {
            let cause = if retiring { EvictionCause::Reload } else { EvictionCause::Overflow };
            self.close(now, id, cause);
        } else if idle && !self.close_for_knock(now, id) {
            self.note_connection(id);
        }
        self.pump(now, server);
    }

    /// Closes idle connections beyond the pool's size, unless requests wait. Where the
    /// host has few descriptors left, the pool of what costs only one has none.
    pub(super) fn close_surplus(&mut self, now: Time, server: ServerId) {
        loop {
            let state = self.server(server);
            if !state.queue.is_empty() {
                return;
            }
            // Subscriptions end with their connection.
            let has_subscriptions =
                |id| self.connections.get(&id).is_some_and(|stream| stream.is_carrier());
            let costs_one = |id: &ConnectionId| {
                self.connections.get(id).is_some_and(|idle| {
                    idle.channel.connect_cost() == ConnectCost::Descriptor && !idle.is_carrier()
                })
            };
            let mut unkept = state.pool.idle_ones().iter().filter(|_| self.drops_idle);
            let unkept = unkept.find(|id| costs_one(id)).copied();
            let surplus = || state.pool.surplus(state.shape(), has_subscriptions);
            let Some(id) = unkept.or_else(surplus) else { return };
            self.close(now, id, EvictionCause::Overflow);
        }
    }

    /// Closes a connection that carries no request.
    pub(super) fn close(&mut self, now: Time, id: ConnectionId, cause: EvictionCause) {
        let Some(mut connection) = self.take_connection(now, id) else { return };
        let server = connection.server;
        let was_ready = connection.was_usable();
        self.part(&mut connection, false);
        self.close_streams(now, id, &connection);
        self.withdraw_from(now, id);
        self.server_mut(server).connection_closed(now, id, cause);
        if was_ready {
            self.count_session(now, &connection, false);
        }
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
        self.end_released_daemon(now, server);
    }

    /// Tells the server that its session ends.
    fn part(&mut self, connection: &mut Connection, is_lost: bool) {
        if let Some((stream, bytes)) = connection.wire.farewell(is_lost) {
            self.actions.push_back(Action::Farewell { stream, bytes });
        }
    }

    /// What tells the servers that all sessions end, and on which streams.
    pub fn farewells(&mut self) -> Vec<(StreamId, Vec<u8>)> {
        self.connections.values_mut().filter_map(|c| c.wire.farewell(false)).collect()
    }

    /// Takes a connection out of the connections and of its server's pool.
    pub(super) fn take_connection(
        &mut self,
        now: Time,
        id: ConnectionId,
    ) -> Option<Box<Connection>> {
        let connection = self.connections.remove(&id)?;
        if self.connections.is_empty() {
            self.deadlines.set_connections([].into_iter());
        }
        self.server_mut(connection.server).pool.remove(id);
        self.tuning_released(now, connection.server, id);
        Some(connection)
    }

    /// Closes the streams of a connection that was taken out of the tables. A process is
    /// put back into them until it is gone.
    fn close_streams(&mut self, now: Time, id: ConnectionId, connection: &Connection) {
        let Some(pid) = connection.pid else {
            return self.forget_streams(id, connection);
        };
        if self.server(connection.server).reach.is_daemon(id) {
            return self.keep_process(id, connection, pid);
        }
        if connection.channel.is_process() && self.server(connection.server).config.bridge {
            // Others may be connected to it already, and the next call finds it ready.
            return self.actions.push_back(Action::LetGo { stream: id.first_stream() });
        }
        self.actions.push_back(Action::Close { stream: id.first_stream() });
        let mut closing = connection.successor(now, id);
        closing.pid = Some(pid);
        closing.phase = Phase::Closing { until: now + FAREWELL, next: Farewell::Terminate };
        self.connections.insert(id, Box::new(closing));
        self.note_connection(id);
    }

    /// Does what is due for a connection.
    pub(super) fn connection_timeout(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if self.due(connection).is_none_or(|when| now < when) {
            return;
        }
        if self.extra_stream_is_due(now, id)
            || self.extra_stream_is_late(now, id)
            || self.handle_silence(now, id)
        {
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match &mut connection.phase {
            Phase::Opening => self.open_timed_out(now, id),
            Phase::Daemon => {}
            Phase::Negotiating(negotiation) => {
                let step = negotiation.handle_timeout(now);
                if let HandshakeStep::Failed(_) = step {
                    let server = connection.server;
                    self.server_mut(server).metrics.timeout();
                }
                self.negotiate(now, id, step);
            }
            Phase::Ended { .. } => {
                let reason = "the server closed the stream".to_owned();
                let cause = EvictionCause::PeerClosed;
                self.connection_lost(
                    now,
                    id,
                    Loss { reason, cause, category: ErrorCategory::Lost },
                );
            }
            Phase::Closing { until, next } => {
                *until = now + FAREWELL;
                let (step, pid) = (*next, connection.pid.unwrap_or_default());
                let signal = match step {
                    Farewell::Terminate => {
                        *next = Farewell::Kill;
                        TerminationSignal::Terminate
                    }
                    Farewell::Kill => {
                        *next = Farewell::GiveUp;
                        TerminationSignal::Kill
                    }
                    Farewell::GiveUp => {
                        let server = connection.server;
                        self.take_connection(now, id);
                        self.actions.push_back(Action::Forget { stream: id.first_stream() });
                        let line = format_args!("server pid {pid} does not die");
                        self.note(LogLevel::Error, line);
                        return self.process_gone(now, server, id);
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
