//! One HTTP connection, and the exchange on it.

use super::body::Body;
use super::event_place::EventPlace;
use super::events::{Events, SseEvent};
use super::head::{Content, LONGEST, ResponseHead};
use super::refusal;
use super::target::Mirror;
use crate::wire::{Held, Incoming, Output, StreamId, Text, Ticket, TooLong};

/// The beginning of a head, in bytes, that is read with every byte that comes: what does not
/// speak HTTP is known early.
const SHORT: usize = 512;

/// One HTTP connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) is_open: bool,
    /// The session was told to write, and has not taken the output yet.
    pub(super) is_told: bool,
    /// It carries no further exchange.
    pub(super) is_over: bool,
    pub(super) output: Output,
    pub(super) exchange: Option<HttpExchange>,
    /// When it was used last, by the count of exchanges.
    pub(super) used: u64,
}

/// A request of HTTP, and what came back of its response.
#[derive(Debug)]
pub(super) struct HttpExchange {
    pub(super) what: What,
    pub(super) ticket: Ticket,
    /// The body, as long as it may have to be sent again.
    pub(super) body: Option<Vec<u8>>,
    /// The answer of JSON-RPC has been taken, or counts for nothing.
    pub(super) is_answered: bool,
    /// It is sent once the server has said where to (HTTP with SSE).
    pub(super) awaits_endpoint: bool,
    /// The server has refused it without doing anything.
    pub(super) is_refused: bool,
    /// Responses of status 100 to 199 that came before the one that counts.
    pub(super) interim: u8,
    /// Which of the tokens of the session it bears.
    pub(super) token: u32,
    /// It goes again to where the redirect leads.
    pub(super) goes_again: bool,
    /// Its request was sent on another stream, which has ended. This one brings the rest of
    /// the response.
    pub(super) is_resumed: bool,
    /// How far the events of its response have come.
    place: Option<Box<EventPlace>>,
    pub(super) response: HttpResponse,
}

/// What an exchange is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A request of JSON-RPC: its id, its method, and what it is about.
    /// `fields`: what of its arguments the head repeats.
    Request { id: u64, method: Box<str>, name: Box<str>, fields: Vec<(String, String)> },
    /// A notification, or an answer to a request of the server.
    Note,
    /// The events that belong to no request (GET).
    Events,
}

/// How far a response has come.
#[derive(Debug)]
pub(super) enum HttpResponse {
    /// The beginning of its head.
    Head(Vec<u8>),
    Body(Box<ResponseHead>, Body, Reader),
}

/// What is made of a body.
#[derive(Debug)]
pub(super) enum Reader {
    /// One message, or a batch: what there is of it, and bytes that were left out.
    Text(Vec<u8>, u64),
    Events(Events),
    /// Why there is no answer.
    Refusal(Vec<u8>),
    Nothing,
}

impl Stream {
    pub(super) fn new(id: StreamId) -> Stream {
        Stream {
            is_open: false,
            is_told: false,
            is_over: false,
            output: Output::new(id),
            exchange: None,
            used: 0,
        }
    }

    /// Whether its message waits for the address that it goes to.
    pub(super) fn awaits_endpoint(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.awaits_endpoint)
    }

    /// Whether another exchange can begin on it.
    pub(super) fn is_free(&self) -> bool {
        self.exchange.is_none() && !self.is_over
    }

    /// Whether nothing is awaited on it, although its response has not ended.
    pub(super) fn lingers(&self) -> bool {
        let is_sent = self.output.pending().is_empty();
        self.exchange.as_ref().is_some_and(|exchange| match exchange.what {
            What::Request { .. } => exchange.is_answered,
            What::Note => is_sent,
            What::Events => false,
        })
    }

    /// What is held of a message that has begun.
    pub(super) fn held(&self) -> Held<'_> {
        match self.exchange.as_ref().map(|exchange| &exchange.response) {
            Some(HttpResponse::Head(text) | HttpResponse::Body(_, _, Reader::Refusal(text))) => {
                Held { text: &[], bytes: text.len(), skipped: 0 }
            }
            Some(HttpResponse::Body(_, _, Reader::Text(text, skipped))) => {
                Held { text, bytes: text.len(), skipped: *skipped }
            }
            Some(HttpResponse::Body(_, _, Reader::Events(events))) => {
                let (text, bytes, skipped) = events.held();
                Held { text, bytes, skipped }
            }
            _ => Held::default(),
        }
    }
}

impl HttpExchange {
    pub(super) fn new(what: What, ticket: Ticket, body: Option<Vec<u8>>) -> HttpExchange {
        HttpExchange {
            what,
            ticket,
            body,
            is_answered: false,
            awaits_endpoint: false,
            is_refused: false,
            interim: 0,
            token: 0,
            goes_again: false,
            is_resumed: false,
            place: None,
            response: HttpResponse::Head(Vec::new()),
        }
    }

    /// The exchange for the rest of a response, from `place` on.
    pub(super) fn resumed(what: What, ticket: Ticket, place: Box<EventPlace>) -> HttpExchange {
        let place = Some(place);
        HttpExchange { is_resumed: true, place, ..HttpExchange::new(what, ticket, None) }
    }

    /// Keeps how far the events have come, before their reader is given up.
    pub(super) fn keep_place(&mut self) {
        let HttpResponse::Body(_, _, Reader::Events(events)) = &mut self.response else { return };
        self.place = match (self.place.take(), events.take_place()) {
            (Some(before), further) => Some(before.after(further)),
            (None, further) => further,
        };
    }

    /// Whether the head of its response is there.
    pub(super) fn has_head(&self) -> bool {
        matches!(self.response, HttpResponse::Body(..))
    }

    /// Whether the server has answered with events.
    pub(super) fn is_answered_by_events(&self) -> bool {
        match &self.response {
            HttpResponse::Body(head, ..) => head.is_success() && head.content == Content::Events,
            HttpResponse::Head(_) => false,
        }
    }

    /// Where the events go on. `None`: the server has sent no events, or has refused to go on.
    pub(super) fn take_place(&mut self) -> Option<Box<EventPlace>> {
        match &self.response {
            HttpResponse::Head(_) => self.place.take().map(|place| place.after(None)),
            HttpResponse::Body(..) if !self.is_answered_by_events() => None,
            HttpResponse::Body(..) => {
                self.keep_place();
                self.place.take()
            }
        }
    }

    /// The id of its request.
    pub(super) fn id(&self) -> Option<u64> {
        self.what.id()
    }

    /// Whether its response is over.
    pub(super) fn is_read_to_end(&self) -> bool {
        matches!(&self.response, HttpResponse::Body(_, body, Reader::Nothing) if body.is_over())
    }

    /// Whether nothing more comes of it, and its stream is kept.
    pub(super) fn is_read(&self) -> bool {
        match &self.response {
            HttpResponse::Body(head, body, Reader::Nothing) => head.is_kept && body.is_over(),
            _ => false,
        }
    }

    /// Reads the head of the response, when it is there. `input` shrinks to what is
    /// behind it.
    ///
    /// # Errors
    ///
    /// As [`ResponseHead::read`].
    pub(super) fn read_head(&mut self, input: &mut &[u8]) -> Result<Option<ResponseHead>, String> {
        let HttpResponse::Head(kept) = &mut self.response else { return Ok(None) };
        let before = kept.len();
        let has_line = memchr::memchr(b'\n', input).is_some();
        if before > SHORT && !has_line && before + input.len() < LONGEST {
            // A head that comes byte by byte is not read anew for each byte.
            kept.extend_from_slice(input);
            *input = &[];
            return Ok(None);
        }
        let read = if before == 0 {
            ResponseHead::read(input)?
        } else {
            kept.extend_from_slice(input);
            ResponseHead::read(kept)?
        };
        match read {
            Some((head, length)) => {
                *input = &input[length - before..];
                Ok(Some(head))
            }
            None => {
                if before == 0 {
                    kept.extend_from_slice(input);
                }
                *input = &[];
                Ok(None)
            }
        }
    }
}

impl What {
    /// Whether its answer settles the session.
    pub(super) fn initializes(&self) -> bool {
        matches!(self, What::Request { method, .. } if **method == *"initialize")
    }

    /// What the head of a request of the modern era repeats.
    pub(super) fn mirror(&self) -> Option<Mirror<'_>> {
        match self {
            What::Request { method, name, fields, .. } => Some(Mirror { method, name, fields }),
            _ => None,
        }
    }

    /// The id of a request.
    pub(super) fn id(&self) -> Option<u64> {
        match self {
            What::Request { id, .. } => Some(*id),
            _ => None,
        }
    }
}

impl Reader {
    /// For the body of an answer.
    pub(super) fn of_answer(head: &ResponseHead, limit: usize) -> Reader {
        match head.content {
            _ if matches!(head.status, 202 | 204) => Reader::Nothing,
            Content::Events => Reader::Events(Events::new(limit)),
            Content::Json | Content::Unnamed => Reader::Text(Vec::new(), 0),
            Content::Other(_) => Reader::Refusal(Vec::new()),
        }
    }

    /// Reads some of `payload`: how much, and what is whole. `is_all`: the body is no more
    /// than this.
    pub(super) fn read<'i>(
        &mut self,
        payload: &'i [u8],
        is_all: bool,
        limit: usize,
    ) -> (usize, Option<Incoming<'i>>) {
        let all = payload.len();
        match self {
            Reader::Text(kept, 0) if kept.is_empty() && is_all && all <= limit => {
                *self = Reader::Nothing;
                let text = payload.trim_ascii();
                (all, (!text.is_empty()).then_some(Incoming::Text(Text::chunk(text))))
            }
            Reader::Text(kept, skipped) => {
                if *skipped > 0 || kept.len() + all > limit {
                    *skipped += (all + std::mem::take(kept).len()) as u64;
                } else {
                    kept.extend_from_slice(payload);
                }
                (all, None)
            }
            Reader::Refusal(kept) => {
                let room = refusal::LONGEST.saturating_sub(kept.len());
                kept.extend_from_slice(&payload[..all.min(room)]);
                (all, None)
            }
            Reader::Events(events) => {
                let mut left = payload;
                let event = events.next(&mut left);
                (all - left.len(), event.map(of_event))
            }
            Reader::Nothing => (all, None),
        }
    }

    /// What the end of the body leaves. The reader reads nothing more.
    pub(super) fn finish(&mut self, id: Option<u64>) -> Option<Incoming<'static>> {
        match std::mem::replace(self, Reader::Nothing) {
            Reader::Text(_, bytes) if bytes > 0 => Some(Incoming::TooLong(TooLong {
                bytes,
                id,
                is_answer: true,
                ..TooLong::default()
            })),
            Reader::Text(text, _) => whole(text).map(Incoming::Text),
            Reader::Events(mut events) => events.finish().map(of_event),
            Reader::Refusal(_) | Reader::Nothing => None,
        }
    }
}

fn of_event(event: SseEvent) -> Incoming<'static> {
    match event {
        SseEvent::Message(data) => match whole(data) {
            Some(text) => Incoming::Text(text),
            None => Incoming::TooLong(TooLong::default()),
        },
        SseEvent::TooLong(bytes) => Incoming::TooLong(TooLong { bytes, ..TooLong::default() }),
    }
}

/// A text without the blanks around it, unless it is nothing else.
fn whole(mut text: Vec<u8>) -> Option<Text<'static>> {
    text.truncate(text.trim_ascii_end().len());
    let blanks = text.len() - text.trim_ascii_start().len();
    if blanks > 0 {
        text.drain(..blanks);
    }
    (!text.is_empty()).then(|| Text::whole(text))
}
