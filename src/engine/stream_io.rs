//! Bytes that come on a stream and go, and its end.

use std::time::Duration;

use crate::engine::connection::{Phase, Purpose};
use crate::engine::loss::Loss;
use crate::engine::{ConnectionId, Engine, StreamId};
use crate::metrics::{ErrorCategory, EvictionCause};
use crate::time::Time;
use crate::wire::Incoming;

/// How long the exit status of a process that closed its output is waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Bytes of answers that a server asked for and does not read. More end the connection.
const MAX_PENDING: usize = 1 << 20;

impl Engine {
    /// Bytes came.
    pub fn received(&mut self, now: Time, stream: StreamId, mut bytes: &[u8]) {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !connection.has_stream(id, stream) {
            return;
        }
        match connection.phase {
            Phase::Closing { .. } | Phase::Ended { .. } | Phase::Opening => return,
            Phase::Daemon => return self.daemon_says(id, bytes),
            Phase::Negotiating(_) | Phase::Ready(_) => {}
        }
        connection.is_heard = true;
        if let Some(streams) = &mut connection.streams {
            streams.heard = Some(stream);
        }
        let server = connection.server;
        let longest = self.longest_message(id, stream);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.wire.set_limit(longest);
        }
        self.server_mut(server).metrics.bytes_received(now, bytes.len());
        let (length, mut blank) = (bytes.len(), true);
        let failure = loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if matches!(connection.phase, Phase::Closing { .. }) {
                return;
            }
            if connection.unread_answers > MAX_PENDING {
                break Some("the server asks without reading the answers".to_owned());
            }
            if !blank {
                connection.wire.set_verbatim(stream, connection.is_folding());
            }
            let Some(incoming) = connection.wire.next(stream, &mut bytes) else {
                break self.endless(id, stream);
            };
            (self.answered, blank) = (false, false);
            let length = match incoming {
                Incoming::Text(mut text) => {
                    let length = text.len();
                    self.handle_line(now, id, text.line());
                    length
                }
                Incoming::TooLong(line) => {
                    let length = line.bytes as usize;
                    self.too_long(now, id, line);
                    length
                }
                Incoming::Refused { id: wire, message } => {
                    let length = message.len();
                    self.refused(now, id, wire, message);
                    length
                }
                Incoming::Ended { message, is_final } => {
                    return self.session_ended(now, id, message, is_final);
                }
                Incoming::Unauthorized { id: wire, refusal } => {
                    let length = refusal.message.len();
                    self.unauthorized(now, id, wire, *refusal);
                    length
                }
                Incoming::SessionGone => {
                    if let Some(wire) = self.refused_again(id, stream) {
                        let message = "the server does not know a session that it has just begun";
                        self.refused(now, id, wire, message.to_owned());
                        continue;
                    }
                    let reason = "the server has ended the session".to_owned();
                    let (cause, category) = (EvictionCause::PeerClosed, ErrorCategory::Lost);
                    return self.connection_lost(now, id, Loss { reason, cause, category });
                }
            };
            if !self.answered {
                self.charge_line(now, id, length);
            }
        };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (held, is_idle) = (connection.wire.held(stream), connection.exchanges.is_empty());
        let (is_empty, is_skipping) = (held.bytes == 0, held.skipped > 0);
        if is_idle && is_empty {
            connection.wire.rest();
        }
        if blank && is_empty && (is_idle || !is_skipping) {
            self.charge(now, id, length);
        }
        self.serve_wire(now, id);
        if let Some(reason) = failure {
            let category = ErrorCategory::Protocol;
            self.connection_lost(now, id, Loss { reason, cause: EvictionCause::Error, category });
        }
    }

    /// The transport says that the session has ended.
    fn session_ended(&mut self, now: Time, id: ConnectionId, reason: String, is_final: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if is_final {
            connection.evidence.get_or_insert_default().hopeless = true;
        }
        let (cause, category) = (EvictionCause::PeerClosed, ErrorCategory::Lost);
        self.connection_lost(now, id, Loss { reason, cause, category });
    }

    /// The id of the request on a stream if it has lost a session before: what the server
    /// refuses then is the request.
    fn refused_again(&mut self, id: ConnectionId, stream: StreamId) -> Option<u64> {
        let connection = self.connections.get(&id)?;
        let exchange =
            connection.exchanges.iter().find(|e| e.ticket.stream() == stream).copied()?;
        let Purpose::Request(request) = exchange.purpose else { return None };
        let request = self.requests.get_mut(&request)?;
        std::mem::replace(&mut request.lost_session, true).then_some(exchange.wire)
    }

    /// `n` pending bytes were written.
    pub fn wrote(&mut self, now: Time, stream: StreamId, n: usize) {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.wire.wrote(&mut self.shared, stream, n);
        if connection.wire.unwritten() == 0 {
            connection.unread_answers = 0;
        }
        let server = connection.server;
        self.server_mut(server).metrics.bytes_sent(now, n);
    }

    /// The bytes that wait to be written.
    pub fn pending(&mut self, stream: StreamId) -> &[u8] {
        match self.connections.get_mut(&self.connection_of(stream)) {
            Some(connection) => connection.wire.output(stream),
            None => &[],
        }
    }

    /// The stream ended, or failed with `error`.
    pub fn end_of_stream(&mut self, now: Time, stream: StreamId, error: Option<&str>) {
        let id = self.connection_of(stream);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match connection.phase {
            Phase::Closing { .. } | Phase::Ended { .. } | Phase::Daemon => return,
            _ if !connection.has_stream(id, stream) => return,
            _ => {}
        }
        // A peer that died between a message and its newline has still said it.
        if let Some(mut text) = connection.wire.finish(stream) {
            self.handle_line(now, id, text.line());
        }
        self.close_fold(now, id);
        // What it said may have been the reason to close the connection.
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if matches!(connection.phase, Phase::Closing { .. }) {
            return;
        }
        let (server, starting) = (connection.server, connection.is_negotiating());
        let stdio = connection.channel.is_process();
        if stdio && starting && self.server(server).reach.watches_socket() {
            // It may close its streams and listen all the same; its end is told apart.
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.channel.is_process() && error.is_none() {
            let (negotiating, probed) = (connection.is_negotiating(), connection.is_probed());
            connection.phase = Phase::Ended { until: now + LAST_WORDS, negotiating, probed };
            let server = connection.server;
            self.server_mut(server).pool.half_closed(id);
            self.note_connection(id);
            return;
        }
        let reason = match error {
            Some(error) => format!("the connection failed: {error}"),
            None => "the server closed the connection".to_owned(),
        };
        let cause = match error {
            Some(_) => EvictionCause::Error,
            None => EvictionCause::PeerClosed,
        };
        let loss = Loss { reason, cause, category: ErrorCategory::Lost };
        if !self.stream_ended(now, id, stream, &loss) {
            self.connection_lost(now, id, loss);
        }
    }
}
