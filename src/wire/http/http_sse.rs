//! HTTP with SSE (2024-11-05), the transport before Streamable HTTP.
//!
//! A GET brings a stream of events. Its first event, `endpoint`, says where messages are to be
//! posted. Answers come as events, and not as responses to the messages. So the session ends
//! with the stream of events, and with no other one.

use super::stream::{HttpExchange, HttpResponse, Reader, Stream, What};
use super::{Http, UnaskedStream, refusal};
use crate::wire::{Delivery, Incoming, Shared, Spare, StreamId, Ticket, Want};

/// What a session of this transport knows.
#[derive(Debug, Default)]
pub(super) struct HttpSse {
    /// The stream of events.
    events: Option<StreamId>,
    /// The path that brings the events, with the query.
    base: String,
    /// The server has said where messages go.
    has_endpoint: bool,
    /// The endpoint was looked for below the path of the events as well.
    has_tried_below: bool,
    /// Why Streamable HTTP was given up. It is told if this transport fails as well.
    refusal: Option<String>,
}

impl Http {
    /// Speaks HTTP with SSE from the start, because the entry says so.
    pub(super) fn begin_sse(&mut self) {
        let base = self.target.path.clone();
        self.sse = Some(Box::new(HttpSse { base, ..HttpSse::default() }));
        self.is_legacy = true;
        self.fields.version = None;
    }

    /// Whether this is the stream on which answers come.
    pub(super) fn brings_answers(&self, id: StreamId) -> bool {
        self.sse.as_ref().is_some_and(|sse| sse.events == Some(id))
    }

    /// Whether messages cannot be sent, because the server has not said where they go.
    pub(super) fn lacks_endpoint(&self) -> bool {
        self.sse.as_ref().is_some_and(|sse| !sse.has_endpoint)
    }

    /// Asks for the events on a stream that is open, or about to be opened.
    pub(super) fn ask_for_events(&mut self, id: StreamId) {
        let Some(sse) = self.sse.as_mut().filter(|sse| sse.events.is_none()) else { return };
        sse.events = Some(id);
        let (target, fields) = (&self.target, &self.fields);
        let stream = self.streams.entry(id).or_insert_with(|| Stream::new(id));
        let spare = &mut Spare::default();
        let ticket = stream.output.send(spare, b"", |out| target.write_get(out, fields, None));
        stream.exchange = Some(HttpExchange::new(What::Events, ticket, None));
        self.want_write(id);
    }

    /// Streamable HTTP was refused with the words in `refusal`: the older transport is tried
    /// (2025-11-25, "Backwards Compatibility"). False: it cannot be.
    pub(super) fn fall_back_to_sse(&mut self, id: StreamId, status: u16, body: &[u8]) -> bool {
        let Some(stream) = self.streams.get_mut(&id) else { return false };
        let Some(exchange) = stream.exchange.as_mut().filter(|e| e.what.initializes()) else {
            return false;
        };
        let HttpResponse::Body(head, ..) = &exchange.response else { return false };
        let asked = exchange.id().unwrap_or_default();
        let is_refused = matches!(status, 400 | 404 | 405) && exchange.body.is_some();
        if !is_refused || self.sse.is_some() || refusal::answer(asked, body).is_some() {
            return false;
        }
        let Some(events) = self.spare_stream.take() else { return false };
        let refusal = Some(refusal::words(head, body));
        let is_kept = head.is_kept;
        exchange.awaits_endpoint = true;
        exchange.response = HttpResponse::Head(Vec::new());
        if !is_kept {
            stream.is_over = true;
            self.wants.push_back(Want::Close(id));
        }
        self.begin_sse();
        self.unasked = UnaskedStream::None;
        if let Some(sse) = &mut self.sse {
            sse.refusal = refusal;
        }
        self.wants.push_back(Want::Open(events));
        self.ask_for_events(events);
        true
    }

    /// The server has said where messages go.
    pub(super) fn endpoint_came(&mut self, address: &[u8]) -> Option<Incoming<'static>> {
        let sse = self.sse.as_mut().filter(|sse| !sse.has_endpoint)?;
        let address = String::from_utf8_lossy(address);
        let Some(path) = self.target.endpoint(&sse.base, address.trim()) else {
            return self.sse_failed("the server wants messages to be sent to another server");
        };
        sse.has_endpoint = true;
        self.target.path = path;
        let waits = |stream: &&StreamId| self.streams[stream].awaits_endpoint();
        let waiting: Vec<StreamId> = self.streams.keys().filter(waits).copied().collect();
        waiting.into_iter().for_each(|id| self.send_to_endpoint(id));
        None
    }

    /// Sends the message of a stream that waited for the address.
    fn send_to_endpoint(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let Some(exchange) = &mut stream.exchange else { return };
        exchange.awaits_endpoint = false;
        // Where it was to go before counts for nothing.
        stream.output.take_back(&exchange.ticket);
        self.send_again(id);
    }

    /// The head of the stream of events is there: why there are none.
    pub(super) fn events_refused(
        &mut self,
        id: StreamId,
        words: &str,
    ) -> Option<Incoming<'static>> {
        let stream = self.streams.get_mut(&id)?;
        stream.is_over = true;
        self.wants.push_back(Want::Close(id));
        self.sse_failed(words)
    }

    /// There is no session by this transport: the request that waits for it learns why.
    fn sse_failed(&mut self, why: &str) -> Option<Incoming<'static>> {
        let why = self.sse.as_mut()?.refusal.take().unwrap_or_else(|| why.to_owned());
        let mut waiting = self.streams.values().filter(|stream| stream.awaits_endpoint());
        let id = waiting.find_map(|stream| stream.exchange.as_ref()?.id())?;
        Some(Incoming::Refused { id, message: why })
    }

    /// A message was refused at the endpoint. A proxy may have hidden the beginning of the path
    /// from the server, so the endpoint is looked for beside the events once. True: the message
    /// goes there.
    pub(super) fn goes_below(&mut self, id: StreamId, status: u16) -> bool {
        let Some(sse) = self.sse.as_mut().filter(|sse| status == 404 && !sse.has_tried_below)
        else {
            return false;
        };
        let Some(stream) = self.streams.get_mut(&id) else { return false };
        let Some(exchange) = stream.exchange.as_mut().filter(|e| e.what.initializes()) else {
            return false;
        };
        let directory = sse.base.split('?').next().unwrap_or_default();
        let directory = &directory[..directory.rfind('/').unwrap_or_default()];
        if directory.is_empty() || self.target.path.starts_with(directory) {
            return false;
        }
        sse.has_tried_below = true;
        self.target.path.insert_str(0, directory);
        exchange.goes_again = true;
        true
    }

    /// A stream other than that of the events ends: what becomes of the answer to a request
    /// that was sent on it, or is to be sent.
    pub(super) fn await_by_events(
        &mut self,
        shared: &mut Shared,
        ticket: &Ticket,
    ) -> Option<Ticket> {
        let sse = self.sse.as_ref()?;
        let (events, has_endpoint) = (sse.events?, sse.has_endpoint);
        let from = ticket.stream();
        let stream = self.streams.get_mut(&from).filter(|_| from != events)?;
        let own = stream.exchange.as_mut().filter(|exchange| exchange.ticket == *ticket);
        if own.as_ref().is_some_and(|exchange| exchange.awaits_endpoint && !has_endpoint) {
            let exchange = stream.exchange.take()?;
            return Some(self.wait_elsewhere(shared, exchange));
        }
        let is_refused = own.is_some_and(|exchange| match &exchange.response {
            HttpResponse::Head(_) => false,
            HttpResponse::Body(head, ..) => !head.is_success(),
        });
        if is_refused || stream.output.delivery(ticket) != Delivery::Sent {
            return None;
        }
        let events = self.streams.get_mut(&events)?;
        // Nothing is written: the ticket only names the stream.
        Some(events.output.send(shared.spare(), b"", |_| {}))
    }

    /// Lets a message that waits for its address wait on a new stream.
    fn wait_elsewhere(&mut self, shared: &mut Shared, mut exchange: HttpExchange) -> Ticket {
        let id = shared.new_stream();
        let mut stream = Stream::new(id);
        exchange.ticket = stream.output.send(shared.spare(), b"", |out| out.push(0));
        let ticket = exchange.ticket;
        stream.exchange = Some(exchange);
        self.streams.insert(id, stream);
        self.wants.push_back(Want::Open(id));
        ticket
    }

    /// What was sent of a request whose answer comes by the events.
    pub(super) fn delivery_by_events(&self, ticket: &Ticket) -> Option<Delivery> {
        self.brings_answers(ticket.stream()).then_some(Delivery::Sent)
    }
}

impl Reader {
    /// The address in the events that were read.
    pub(super) fn take_endpoint(&mut self) -> Option<Vec<u8>> {
        match self {
            Reader::Events(events) => events.take_endpoint(),
            _ => None,
        }
    }
}
