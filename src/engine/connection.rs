//! One session over one byte stream: its codec and its exchanges.
//!
//! Invariants:
//! * an id is in `exchanges` from the moment its request is written into the
//!   output until its answer came or the connection is gone;
//! * an idle connection keeps no buffer.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::config::{Era, Transport};
use crate::engine::evidence::Evidence;
use crate::engine::stream_set::StreamSet;
use crate::engine::unasked::Unasked;
use crate::engine::{ConnectionId, RequestId, ServerId};
use crate::mcp::message;
use crate::session::negotiation::{HandshakeRequest, Negotiation};
use crate::time::Time;
use crate::wire::ndjson::Ndjson;
use crate::wire::{Cancel, Delivery, Outgoing, Shared, StreamId, Ticket, Wire};

/// Requests of one connection that are remembered although nobody waits for an answer.
const UNAWAITED: usize = 32;

/// How long a fresh connection may be silent before its silence is judged.
const FIRST_SILENCE_CHECK: Duration = Duration::from_millis(250);

/// Where a connection is in its life.
#[derive(Debug)]
pub(super) enum Phase {
    /// The driver opens it.
    Opening,
    /// The handshake is under way.
    Negotiating(Box<Negotiation>),
    /// It takes requests.
    Ready(Era),
    /// A process closed its output; how it ended is worth waiting for a moment.
    Ended { until: Time, negotiating: bool, probed: bool },
    /// A process that listens on the server's socket: it carries nothing.
    Daemon,
    /// A process was asked to go; `next` comes at `until`.
    Closing { until: Time, next: Farewell },
}

/// The steps of a process's farewell (MCP "stdio: Shutdown").
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// How a process that should be gone is told next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    Terminate,
    Kill,
    GiveUp,
}

/// What a request on the wire is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Handshake(HandshakeRequest),
    Request(RequestId),
    /// A subscription of the modern era: it ends with the connection.
    Listen,
    /// Its caller is gone; the slot is held until the server lets go of it.
    Abandoned {
        until: Time,
    },
}

/// One request on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) wire: u64,
    pub(super) purpose: Purpose,
    pub(super) ticket: Ticket,
}

/// One byte stream to a server.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) server: ServerId,
    pub(super) channel: Transport,
    pub(super) phase: Phase,
    pub(super) wire: Box<dyn Wire>,
    /// Its streams beside the first. Connections with one stream do not pay for the room.
    pub(super) streams: Option<Box<StreamSet>>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) opened: Time,
    pub(super) idle_since: Time,
    pub(super) pid: Option<i32>,
    /// The process group of a socket's peer.
    pub(super) group: Option<i32>,
    /// The server's round of tries it belongs to.
    pub(super) round: u32,
    /// Something came.
    pub(super) is_heard: bool,
    /// Since when it is silent, when its silence is judged next, and whether other clients
    /// were asked to close idle connections.
    pub(super) silent_since: Time,
    pub(super) next_silence_check: Time,
    pub(super) knocked: bool,
    /// Bytes of answers that were written since the output was last empty.
    pub(super) unread_answers: usize,
    /// What may still be read of it that nobody asked for; `None`: there was nothing yet.
    pub(super) unasked: Option<Box<Unasked>>,
    /// Resources whose changes are told on it: it is never idle while there are
    /// any. Few connections have some, and every one pays for the room.
    #[allow(clippy::box_collection)]
    carries: Option<Box<BTreeSet<Box<str>>>>,
    /// Requests whose answers nobody waits for, the oldest first: an answer is an
    /// answer all the same, and no duplicate. Few connections have any.
    #[allow(clippy::box_collection)]
    unawaited: Option<Box<VecDeque<u64>>>,
    /// `notifications/initialized` was sent, and no error came yet that may be about it.
    pub(super) noticed: bool,
    /// What came beside messages.
    pub(super) evidence: Option<Box<Evidence>>,
}

impl Connection {
    pub(super) fn new(
        now: Time,
        server: ServerId,
        channel: Transport,
        round: u32,
        wire: Box<dyn Wire>,
    ) -> Connection {
        Connection {
            server,
            channel,
            phase: Phase::Opening,
            wire,
            streams: None,
            exchanges: Vec::new(),
            opened: now,
            idle_since: now,
            pid: None,
            group: None,
            round,
            is_heard: false,
            silent_since: now,
            next_silence_check: now + FIRST_SILENCE_CHECK,
            knocked: false,
            unread_answers: 0,
            unasked: None,
            carries: None,
            unawaited: None,
            noticed: false,
            evidence: None,
        }
    }

    /// What is left of a connection that was taken out, while its process lives. Its lines
    /// are no messages any more.
    pub(super) fn successor(&self, now: Time, id: ConnectionId) -> Connection {
        let wire = Box::new(Ndjson::new(id.first_stream()));
        Connection::new(now, self.server, self.channel, 0, wire)
    }

    /// Sends a request and remembers its ticket. Returns its length in bytes, framing
    /// included.
    pub(super) fn send(
        &mut self,
        shared: &mut Shared,
        what: Outgoing<'_>,
        wire: u64,
        purpose: Purpose,
        mut write: impl FnMut(&mut Vec<u8>),
    ) -> usize {
        let ticket = self.wire.send(shared, what, &mut write);
        if self.exchanges.capacity() == 0 {
            // Most connections carry one request at a time for all their life.
            self.exchanges.reserve_exact(1);
        }
        self.exchanges.push(Exchange { wire, purpose, ticket });
        ticket.size() as usize
    }

    /// Sends a request whose answer nobody waits for. Returns its length in bytes.
    pub(super) fn send_unawaited(
        &mut self,
        shared: &mut Shared,
        method: &str,
        wire: u64,
        mut write: impl FnMut(&mut Vec<u8>),
    ) -> usize {
        let what = Outgoing::Request { method, name: "", definition: "" };
        self.unawait(wire);
        self.wire.send(shared, what, &mut write).size() as usize
    }

    /// Sends a notification.
    pub(super) fn notify(
        &mut self,
        shared: &mut Shared,
        method: &str,
        mut write: impl FnMut(&mut Vec<u8>),
    ) {
        self.wire.send(shared, Outgoing::Notification { method }, &mut write);
    }

    /// Answers a request of the server, which may not read the answers.
    pub(super) fn answer(&mut self, shared: &mut Shared, mut write: impl FnMut(&mut Vec<u8>)) {
        let ticket = self.wire.send(shared, Outgoing::Answer, &mut write);
        self.unread_answers += ticket.size() as usize;
    }

    /// Cancels a request. Only if the codec says [`Cancel::Notify`] can an answer come, and
    /// the exchange is kept.
    pub(super) fn cancel(&mut self, shared: &mut Shared, wire: u64) -> Cancel {
        let Some(at) = self.exchanges.iter().position(|exchange| exchange.wire == wire) else {
            return Cancel::Notify;
        };
        let ticket = self.exchanges[at].ticket;
        let cancel = self.wire.cancel(shared, &ticket);
        if cancel != Cancel::Notify {
            self.exchanges.swap_remove(at);
        }
        if cancel == Cancel::TakenBack {
            for exchange in &mut self.exchanges {
                exchange.ticket.close_gap(&ticket);
            }
        }
        cancel
    }

    /// Whether a stream of the connection called `id` is open or being opened.
    pub(super) fn has_stream(&self, id: ConnectionId, stream: StreamId) -> bool {
        let first = id.first_stream();
        match &self.streams {
            Some(streams) => streams.has(first, stream),
            None => stream == first,
        }
    }

    /// A stream is about to end: answers that come on another one are awaited there.
    pub(super) fn resume(&mut self, shared: &mut Shared, stream: StreamId) {
        for exchange in self.exchanges.iter_mut().filter(|e| e.ticket.stream() == stream) {
            exchange.ticket = self.wire.resume(shared, &exchange.ticket).unwrap_or(exchange.ticket);
        }
    }

    /// How much of `exchange` has left us.
    pub(super) fn delivery(&self, exchange: &Exchange) -> Delivery {
        self.wire.delivery(&exchange.ticket)
    }

    /// Whether changes of a resource are told on it.
    pub(super) fn carries(&self, uri: &str) -> bool {
        self.carries.as_ref().is_some_and(|carries| carries.contains(uri))
    }

    /// Bytes of unfinished messages that are held, of all streams.
    pub(super) fn held_bytes(&self, id: ConnectionId) -> usize {
        let first = id.first_stream();
        match &self.streams {
            Some(streams) => streams.all(first).map(|id| self.wire.held(id).bytes).sum(),
            None => self.wire.held(first).bytes,
        }
    }

    /// Whether changes of any resource are told on it.
    pub(super) fn is_carrier(&self) -> bool {
        self.carries.is_some()
    }

    /// Changes of a resource are told on it from now on.
    pub(super) fn carry(&mut self, uri: Box<str>) {
        self.carries.get_or_insert_default().insert(uri);
    }

    /// Changes of exactly these are told on it from now on.
    pub(super) fn carry_only(&mut self, uris: BTreeSet<Box<str>>) {
        self.carries = Some(uris).filter(|uris| !uris.is_empty()).map(Box::new);
    }

    /// Changes of a resource are no longer told on it.
    pub(super) fn drop_carried(&mut self, uri: &str) {
        if let Some(mut uris) = self.carries.take() {
            uris.remove(uri);
            self.carry_only(*uris);
        }
    }

    /// The id of its listen request, if it has one.
    pub(super) fn listens(&self) -> Option<u64> {
        let listen = self.exchanges.iter().find(|exchange| exchange.purpose == Purpose::Listen);
        listen.map(|exchange| exchange.wire)
    }

    /// Nobody waits for the answer to a request, if one comes.
    pub(super) fn unawait(&mut self, wire: u64) {
        let unawaited = self.unawaited.get_or_insert_default();
        if unawaited.len() == UNAWAITED {
            unawaited.pop_front();
        }
        unawaited.push_back(wire);
    }

    /// An answer came: true if it is one that nobody waits for.
    pub(super) fn take_unawaited(&mut self, wire: u64) -> bool {
        let Some(unawaited) = &mut self.unawaited else { return false };
        let at = unawaited.iter().position(|other| *other == wire);
        at.and_then(|at| unawaited.remove(at)).is_some()
    }

    /// Takes out the exchange that an answer belongs to.
    pub(super) fn take(&mut self, wire: u64) -> Option<Exchange> {
        let at = self.exchanges.iter().position(|exchange| exchange.wire == wire)?;
        let exchange = self.exchanges.swap_remove(at);
        self.wire.finished(&exchange.ticket);
        Some(exchange)
    }

    /// Cancels a request whose answer counts for nothing from now on.
    pub(super) fn withdraw(
        &mut self,
        shared: &mut Shared,
        wire: u64,
        reason: &str,
        meta: Option<&str>,
    ) {
        if self.cancel(shared, wire) == Cancel::Notify && self.take(wire).is_some() {
            self.notify(shared, message::CANCELLED, |out| {
                message::write_cancelled(out, wire, reason, meta);
            });
        }
    }

    /// The exchange of a request of the host.
    pub(super) fn find(&mut self, id: RequestId) -> Option<&mut Exchange> {
        self.exchanges.iter_mut().find(|exchange| exchange.purpose == Purpose::Request(id))
    }

    /// Whether its handshake is under way, or was when its stream ended.
    pub(super) fn is_negotiating(&self) -> bool {
        matches!(self.phase, Phase::Negotiating(_) | Phase::Ended { negotiating: true, .. })
    }

    /// Whether the server was probed in the handshake that is or was under way.
    pub(super) fn is_probed(&self) -> bool {
        match &self.phase {
            Phase::Negotiating(negotiation) => negotiation.probed(),
            Phase::Ended { probed, .. } => *probed,
            _ => false,
        }
    }

    /// Whether it took requests, at least until its stream ended.
    pub(super) fn was_usable(&self) -> bool {
        matches!(self.phase, Phase::Ready(_) | Phase::Ended { negotiating: false, .. })
    }

    /// The era, once it is known.
    pub(super) fn era(&self) -> Option<Era> {
        match &self.phase {
            Phase::Ready(era) => Some(*era),
            _ => None,
        }
    }

    /// Gives memory back.
    pub(super) fn rest(&mut self, now: Time) {
        self.idle_since = now;
        self.wire.rest();
        if self.exchanges.is_empty() && self.exchanges.capacity() > 1 {
            self.exchanges = Vec::new();
        }
    }

    /// When `handle_timeout` has something to do for it. `open_limit` is how long it may
    /// take to open, `idle_timeout` how long it is kept without a request.
    pub(super) fn deadline(
        &self,
        open_limit: Duration,
        idle_timeout: Option<Duration>,
    ) -> Option<Time> {
        let opening = self.streams.as_ref().and_then(|streams| streams.deadline());
        let due = match &self.phase {
            Phase::Opening => Some(self.opened + open_limit),
            Phase::Daemon => None,
            Phase::Negotiating(negotiation) => {
                let silent = self.channel.is_shared() && !self.is_heard;
                let due = negotiation.deadline();
                Some(if silent { due.min(self.next_silence_check) } else { due })
            }
            Phase::Ended { until, .. } | Phase::Closing { until, .. } => Some(*until),
            Phase::Ready(_) if self.exchanges.is_empty() => {
                let idle_timeout = idle_timeout.filter(|_| !self.is_carrier());
                idle_timeout.map(|timeout| self.idle_since + timeout)
            }
            Phase::Ready(_) => self
                .exchanges
                .iter()
                .filter_map(|exchange| match exchange.purpose {
                    Purpose::Abandoned { until } => Some(until),
                    _ => None,
                })
                .min(),
        };
        [due, opening].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: StreamId = StreamId(1);

    fn connection() -> (Connection, Shared) {
        let wire = Box::new(Ndjson::new(STREAM));
        (Connection::new(Time::ZERO, ServerId(0), Transport::Socket, 0, wire), Shared::default())
    }

    fn send(c: &mut Connection, shared: &mut Shared, wire: u64, text: &str) {
        let what = Outgoing::Request { method: "x", name: "", definition: "" };
        c.send(shared, what, wire, Purpose::Request(RequestId(wire)), |out| {
            out.extend_from_slice(text.as_bytes());
        });
    }

    #[test]
    fn a_request_is_sent_once_its_closing_brace_is() {
        let (mut c, mut shared) = connection();
        send(&mut c, &mut shared, 1, "{}");
        send(&mut c, &mut shared, 2, "{\"a\"}");
        let states = |c: &Connection| {
            c.exchanges.iter().map(|exchange| c.delivery(exchange)).collect::<Vec<_>>()
        };
        assert_eq!(states(&c), [Delivery::Unsent, Delivery::Unsent]);
        c.wire.wrote(&mut shared, STREAM, 1);
        assert_eq!(states(&c), [Delivery::Torn, Delivery::Unsent]);
        c.wire.wrote(&mut shared, STREAM, 1);
        assert_eq!(states(&c), [Delivery::Sent, Delivery::Unsent]);
        c.wire.wrote(&mut shared, STREAM, 5);
        assert_eq!(states(&c), [Delivery::Sent, Delivery::Torn]);
        c.wire.wrote(&mut shared, STREAM, 2);
        assert_eq!(states(&c), [Delivery::Sent, Delivery::Sent]);
        assert_eq!(c.wire.output(STREAM), b"");
        send(&mut c, &mut shared, 3, "{}");
        assert_eq!(states(&c)[2], Delivery::Unsent);
    }

    #[test]
    fn a_request_that_has_not_left_can_be_taken_back() {
        let (mut c, mut shared) = connection();
        for (wire, text) in [(1, "{1}"), (2, "{22}"), (3, "{333}")] {
            send(&mut c, &mut shared, wire, text);
        }
        c.wire.wrote(&mut shared, STREAM, 2);
        assert_eq!(c.cancel(&mut shared, 1), Cancel::Notify, "a part of it was sent");
        assert_eq!(c.cancel(&mut shared, 2), Cancel::TakenBack);
        assert_eq!(c.wire.output(STREAM), b"}\n{333}\n");
        c.wire.wrote(&mut shared, STREAM, 2 + 5);
        let last = *c.exchanges.iter().find(|exchange| exchange.wire == 3).unwrap();
        assert_eq!(c.delivery(&last), Delivery::Sent);
        assert_eq!(c.cancel(&mut shared, 2), Cancel::Notify);
    }
}
