//! The streams of a connection: which are open, and what ends with each.
//!
//! The first stream is opened with its connection. A codec asks for further ones
//! ([`Want::Open`]) and says what ends with a stream ([`LossScope`]).

use crate::engine::action::Action;
use crate::engine::connection::{Connection, Exchange, Purpose};
use crate::engine::loss::Loss;
use crate::engine::reachability::RetryPause;
use crate::engine::{ConnectionId, Engine, LogLevel};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;
use crate::wire::{Delivery, LossScope, StreamId, Want};

impl Engine {
    /// The connection that a stream belongs to, or belonged to.
    pub(super) fn connection_of(&self, stream: StreamId) -> ConnectionId {
        self.extra_streams.get(&stream).copied().unwrap_or(ConnectionId(stream.0))
    }

    /// Does what the codec of a connection wants.
    pub(super) fn serve_wire(&mut self, now: Time, id: ConnectionId) {
        let mut opens = false;
        while let Some(connection) = self.connections.get_mut(&id) {
            match connection.wire.poll() {
                None => break,
                Some(Want::Write(stream)) => self.actions.push_back(Action::Write { stream }),
                Some(Want::Close(stream)) => {
                    let reason = "the server ended the stream without an answer".to_owned();
                    let (cause, category) = (EvictionCause::PeerClosed, ErrorCategory::Lost);
                    let loss = Loss { reason, cause, category };
                    if !self.stream_ended(now, id, stream, &loss) {
                        return self.connection_lost(now, id, loss);
                    }
                }
                Some(Want::Open(stream)) => {
                    self.extra_streams.insert(stream, id);
                    self.open_extra_stream(now, id, stream);
                    opens = true;
                }
                Some(Want::OpenAfter(stream, pause)) => {
                    connection.streams.get_or_insert_default().waits(stream, now + pause);
                    self.extra_streams.insert(stream, id);
                    opens = true;
                }
            }
        }
        if opens {
            self.note_connection(id);
        }
    }

    fn open_extra_stream(&mut self, now: Time, id: ConnectionId, stream: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = &self.servers[connection.server.0 as usize];
        let (config, channel) = (server.config.clone(), connection.channel);
        let limit = server.open_limit(channel);
        connection.streams.get_or_insert_default().opening(stream, now + limit);
        self.actions.push_back(Action::Open { stream, channel, server: config });
    }

    /// Opens a stream whose time has come. True: there was one.
    pub(super) fn extra_stream_is_due(&mut self, now: Time, id: ConnectionId) -> bool {
        let streams = self.connections.get(&id).and_then(|connection| connection.streams.as_ref());
        let Some(stream) = streams.and_then(|streams| streams.due(now)) else { return false };
        self.open_extra_stream(now, id, stream);
        true
    }

    /// A stream that the codec asked for is open.
    pub(super) fn extra_stream_opened(&mut self, now: Time, id: ConnectionId, stream: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(streams) = &mut connection.streams else { return };
        streams.opened(stream);
        connection.wire.opened(stream);
        self.serve_wire(now, id);
    }

    /// A stream that the codec asked for could not be opened. Its connection takes no more
    /// requests: another one is opened by the rules of back-off and fallback.
    pub(super) fn extra_stream_failed(
        &mut self,
        now: Time,
        id: ConnectionId,
        stream: StreamId,
        message: &str,
    ) {
        let Some(connection) = self.connections.get(&id) else { return };
        let server = connection.server;
        let state = &mut self.servers[server.0 as usize];
        let name = state.name.clone();
        state.metrics.error(now, ErrorCategory::Connect);
        let first = state.limits.retry_backoff;
        let pause = RetryPause { first, tries: None, random: &mut self.random };
        state.reach.stream_failed(now, pause);
        let reason = format!("a further stream could not be opened: {message}");
        self.note(LogLevel::Warning, format_args!("{name}: {reason}"));
        let is_unused = self.server_mut(server).pool.retire(id);
        let (cause, category) = (EvictionCause::Error, ErrorCategory::Connect);
        let loss = Loss { reason, cause, category };
        if !self.stream_ended(now, id, stream, &loss) {
            self.connection_lost(now, id, loss);
        } else if is_unused {
            self.close(now, id, cause);
        }
    }

    /// Ends the opening of a stream for which there is no time left. True: there was one.
    pub(super) fn extra_stream_is_late(&mut self, now: Time, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let Some(stream) = connection.streams.as_ref().and_then(|streams| streams.overdue(now))
        else {
            return false;
        };
        let message = self.server(connection.server).open_overdue(connection.channel);
        self.extra_stream_failed(now, id, stream, &message);
        true
    }

    /// A stream has ended. Requests on it are tried again or end; false: their connection
    /// is lost, and nothing has been done yet.
    pub(super) fn stream_ended(
        &mut self,
        now: Time,
        id: ConnectionId,
        stream: StreamId,
        loss: &Loss,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return true };
        connection.resume(&mut self.shared, stream);
        let on_it = |exchange: &&Exchange| exchange.ticket.stream() == stream;
        let lost: Vec<(Exchange, Delivery)> = (connection.exchanges.iter().filter(on_it))
            .map(|exchange| (*exchange, connection.delivery(exchange)))
            .collect();
        let shakes_hands = lost.iter().any(|(e, _)| matches!(e.purpose, Purpose::Handshake(_)));
        if shakes_hands || connection.wire.closed(&mut self.shared, stream) == LossScope::Session {
            return false;
        }
        let server = connection.server;
        connection.exchanges.retain(|exchange| exchange.ticket.stream() != stream);
        self.forget_stream(id, stream);
        self.serve_wire(now, id);
        for (exchange, delivery) in lost {
            match exchange.purpose {
                Purpose::Request(request) => {
                    self.lost_request(now, request, delivery, loss);
                    self.release(now, id);
                }
                Purpose::Listen => {
                    for watcher in self.release_listen(now, server, id) {
                        self.lost_request(now, watcher, delivery, loss);
                    }
                    self.renew_soon(now, server);
                }
                Purpose::Abandoned { .. } => self.release(now, id),
                Purpose::Handshake(_) => {}
            }
        }
        self.pump(now, server);
        true
    }

    /// Has every stream of a connection dropped that was taken out.
    pub(super) fn forget_streams(&mut self, id: ConnectionId, connection: &Connection) {
        let first = id.first_stream();
        let Some(streams) = &connection.streams else {
            self.actions.push_back(Action::Forget { stream: first });
            return;
        };
        for stream in streams.all(first) {
            self.extra_streams.remove(&stream);
            self.actions.push_back(Action::Forget { stream });
        }
    }

    /// Has one stream of a connection dropped.
    fn forget_stream(&mut self, id: ConnectionId, stream: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.streams.get_or_insert_default().remove(id.first_stream(), stream);
        self.extra_streams.remove(&stream);
        self.actions.push_back(Action::Forget { stream });
    }
}
