//! Codecs without I/O: messages to the bytes of streams, and back.
//!
//! A session has one [`Wire`]. It has one stream from the start, and may ask for more.
//! The bytes of framing belong to the codec alone, also in the arithmetic of delivery:
//! a session keeps the [`Ticket`] of a message and asks how much of the message was sent.
//!
//! * [`ndjson`] — one message a line (MCP "Transports: stdio").
//! * [`http`] — Streamable HTTP, of both eras.
//! * `websocket` — a message a frame (cargo feature `websocket`).

mod access_token;
mod delivery;
pub mod http;
mod incoming;
pub mod ndjson;
mod outgoing;
mod output;
mod shared;
mod stream;
#[cfg(feature = "websocket")]
pub mod websocket;

use std::fmt;
use std::time::Duration;

pub use access_token::AccessToken;
pub use delivery::Delivery;
pub use incoming::{Incoming, Text, TooLong, Unauthorized};
pub use outgoing::Outgoing;
pub use output::{Output, Spare, Ticket};
pub use shared::Shared;
pub use stream::StreamId;

/// The codec of one session.
///
/// Contract: after every call of `send`, `cancel`, `opened`, `next` or `closed` the session
/// pulls [`poll`](Wire::poll) until it is empty. Streams other than the first are opened only
/// because `poll` asked for it.
pub trait Wire: fmt::Debug + Send {
    /// Queues a message, which `write` writes without framing. It may go to a stream that
    /// is still to be opened.
    fn send(
        &mut self,
        shared: &mut Shared,
        what: Outgoing<'_>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket;

    /// How much of a message was sent. A codec that knows that the server refused the
    /// message says [`Delivery::Unsent`].
    fn delivery(&self, ticket: &Ticket) -> Delivery;

    /// A request is no longer wanted.
    fn cancel(&mut self, shared: &mut Shared, ticket: &Ticket) -> Cancel;

    /// A request has been answered, or its answer counts for nothing.
    fn finished(&mut self, ticket: &Ticket) {
        let _ = ticket;
    }

    /// A stream is open.
    fn opened(&mut self, stream: StreamId) {
        let _ = stream;
    }

    /// The next thing that came on a stream. `input` shrinks to the bytes that were not
    /// used; `None`: all of them were.
    fn next<'i>(&mut self, stream: StreamId, input: &mut &'i [u8]) -> Option<Incoming<'i>>;

    /// The text at the end of a stream that lacks its framing.
    fn finish(&mut self, stream: StreamId) -> Option<Text<'static>>;

    /// A stream has ended, or could not be opened: what ends with it. Messages that are no
    /// requests and were not sent go on another stream, if the session lives on.
    fn closed(&mut self, shared: &mut Shared, stream: StreamId) -> LossScope;

    /// The stream of an unanswered request is about to end. The ticket of the request if its
    /// answer comes on another stream from now on: it counts as sent.
    fn resume(&mut self, shared: &mut Shared, ticket: &Ticket) -> Option<Ticket> {
        let _ = (shared, ticket);
        None
    }

    /// Bytes to be written to a stream.
    fn output(&mut self, stream: StreamId) -> &[u8];

    /// `n` bytes of [`output`](Wire::output) were sent. An emptied buffer goes to `shared`.
    fn wrote(&mut self, shared: &mut Shared, stream: StreamId, n: usize);

    /// Bytes that wait to be written, of all streams together.
    fn unwritten(&self) -> usize;

    /// The session ends, on purpose or because it is lost: what tells the server, and on
    /// which open stream. Nobody waits for what comes of it.
    fn farewell(&mut self, is_lost: bool) -> Option<(StreamId, Vec<u8>)> {
        let _ = is_lost;
        None
    }

    /// Whether it has to know the definitions of the tools that are called.
    fn wants_definitions(&self) -> bool {
        false
    }

    /// Why a tool with this definition must not be called, as the rest of a sentence.
    fn objection(&self, definition: &str) -> Option<String> {
        let _ = definition;
        None
    }

    /// What the codec wants of its session next.
    fn poll(&mut self) -> Option<Want>;

    /// Longest message that is read, in bytes of its text. The default is 16 MiB.
    fn set_limit(&mut self, bytes: usize);

    /// What is held of a message that has begun on a stream.
    fn held(&self, stream: StreamId) -> Held<'_>;

    /// The token of requests that begin from now on. A codec without heads has no use for it.
    fn set_token(&mut self, token: Option<AccessToken>) {
        let _ = token;
    }

    /// The fields of the entry in heads that are made from now on. True: they are other ones
    /// than before. A codec without heads has no use for them.
    fn set_fields(&mut self, fields: Vec<(String, String)>) -> bool {
        let _ = fields;
        false
    }

    /// Gives memory back, because no request is in flight.
    fn rest(&mut self) {}

    /// Whether texts are handed out as they came, with the blanks around them, because a
    /// message has begun that goes on in the next text. Only a codec whose framing a
    /// message can break has to do something.
    fn set_verbatim(&mut self, stream: StreamId, verbatim: bool) {
        let _ = (stream, verbatim);
    }
}

/// What a codec wants of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A new stream to the same server.
    Open(StreamId),
    /// The same, once so much time has passed.
    OpenAfter(StreamId, Duration),
    /// [`output`](Wire::output) of an open stream to be written.
    Write(StreamId),
    /// A stream to be closed. Requests on it that were not answered are lost.
    Close(StreamId),
}

/// What came of cancelling a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Nothing of it was sent, and nothing will be. The tickets of later messages are to be
    /// told ([`Ticket::close_gap`]).
    TakenBack,
    /// Its stream was closed, which tells the server. No answer can come.
    Closed,
    /// The server is to be told by a notification. An answer can still come.
    Notify,
}

/// What ends with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossScope {
    /// The requests that were sent on it.
    Stream,
    /// The session.
    Session,
}

/// What is held of a message that has begun.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held<'a> {
    /// The beginning of its text.
    pub text: &'a [u8],
    /// Bytes that are held of it.
    pub bytes: usize,
    /// Bytes of it that were skipped, because it is longer than the limit.
    pub skipped: u64,
}
