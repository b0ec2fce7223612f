//! Streamable HTTP, of both eras (MCP "Transports: Streamable HTTP").
//!
//! Each message of ours is the body of a POST, on a stream of its own until the response is
//! over; then the stream is kept for the next message. A response is one message, or events
//! that end with the answer. Up to 2025-11-25 there is a session id, and one more stream (GET)
//! for what a server says unasked; since 2026-07-28 each request stands alone, its head repeats
//! what it is about, and closing its stream cancels it.
//!
//! A server cannot act on a body of which a byte is missing, because the head gives its length.
//! So the last byte of the body decides what was sent.

mod body;
mod event_place;
mod events;
mod head;
mod http_sse;
mod listening;
mod parameters;
mod refusal;
#[cfg(feature = "websocket")]
mod refused;
mod stream;
mod target;
mod whole;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::str;

use self::body::Body;
use self::head::{Content, ResponseHead};
use self::http_sse::HttpSse;
use self::stream::{HttpExchange, HttpResponse, Reader, Stream, What};
use self::target::SessionFields;
use crate::json::lenient::{members, text};
use crate::mcp::version::MODERN;
use crate::wire::{
    AccessToken, Cancel, Delivery, Held, Incoming, LossScope, Outgoing, Shared, Spare, StreamId,
    Text, Ticket, Unauthorized, Want, Wire,
};

#[cfg(feature = "websocket")]
pub(super) use refused::RefusedResponse;
pub use target::Target;
pub use whole::{ResponseReader, WholeResponse};

/// How many redirects are followed.
const REDIRECTS: u32 = 3;
/// The most responses of status 100 to 199 before the one that counts.
const INTERIM: u8 = 32;
/// Streams that are left to servers which do not end their responses.
const LINGERING: usize = 4;

/// The codec of one session.
#[derive(Debug)]
pub struct Http {
    target: Target,
    fields: SessionFields,
    is_legacy: bool,
    /// A request after the handshake has been answered in this session.
    has_worked: bool,
    redirects: u32,
    /// The server has answered at this path, so that bodies need not be kept.
    is_found: bool,
    /// The stream of what the server says unasked.
    unasked: UnaskedStream,
    /// The session is one of HTTP with SSE.
    sse: Option<Box<HttpSse>>,
    /// A stream that is opened if the session turns out to be one.
    spare_stream: Option<StreamId>,
    /// The stream with `notifications/initialized`. What goes on other streams waits until the
    /// server has it: many refuse requests that they read before.
    initialized: Option<StreamId>,
    streams: BTreeMap<StreamId, Stream>,
    exchanges: u64,
    /// How many tokens and sets of fields there were.
    tokens: u32,
    wants: VecDeque<Want>,
    limit: usize,
}

/// The stream of what a server says unasked (GET).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnaskedStream {
    /// It is not wanted, or the server has none.
    None,
    /// It is wanted with the next message.
    Wanted,
    On(StreamId),
}

impl Http {
    /// A codec for the requests to `target`.
    pub fn new(stream: StreamId, target: Target) -> Http {
        let fields = SessionFields { version: Some(MODERN.to_owned()), id: None };
        Http {
            target,
            fields,
            is_legacy: false,
            has_worked: false,
            redirects: 0,
            is_found: false,
            unasked: UnaskedStream::None,
            sse: None,
            spare_stream: None,
            initialized: None,
            streams: BTreeMap::from([(stream, Stream::new(stream))]),
            exchanges: 0,
            tokens: 0,
            wants: VecDeque::new(),
            limit: 16 << 20,
        }
    }

    /// A codec for HTTP with SSE, with the events at `target`.
    pub fn with_sse(stream: StreamId, target: Target) -> Http {
        let mut http = Http::new(stream, target);
        http.begin_sse();
        http
    }

    /// The free stream that was used last, or a new one.
    fn free_stream(&mut self, shared: &mut Shared) -> StreamId {
        let free = self.streams.iter().filter(|(_, stream)| stream.is_free());
        if let Some((id, _)) = free.max_by_key(|(_, stream)| (stream.is_open, stream.used)) {
            return *id;
        }
        self.close_lingering();
        let id = shared.new_stream();
        self.streams.insert(id, Stream::new(id));
        self.wants.push_back(Want::Open(id));
        id
    }

    /// Closes the oldest of too many streams on which nothing is awaited any more, although
    /// the server has not ended its response.
    fn close_lingering(&mut self) {
        let lingers = |stream: &Stream| stream.lingers() && !stream.is_over;
        let lingering = self.streams.iter_mut().filter(|(_, stream)| lingers(stream));
        let mut lingering: Vec<(&StreamId, &mut Stream)> = lingering.collect();
        if lingering.len() < LINGERING {
            return;
        }
        if let Some((id, stream)) = lingering.iter_mut().min_by_key(|(_, stream)| stream.used) {
            stream.is_over = true;
            self.wants.push_back(Want::Close(**id));
        }
    }

    /// Begins an exchange.
    fn begin(&mut self, shared: &mut Shared, what: What, body: Vec<u8>) -> Ticket {
        let id = self.free_stream(shared);
        self.exchanges += 1;
        let (target, fields, used) = (&self.target, &self.fields, self.exchanges);
        let mirror = what.mirror().filter(|_| !self.is_legacy);
        let lacks_endpoint = self.lacks_endpoint();
        let stream = self.streams.entry(id).or_insert_with(|| Stream::new(id));
        let is_get = what == What::Events;
        let ticket = stream.output.send(shared.spare(), b"", |out| match is_get {
            true => target.write_get(out, fields, None),
            // It takes the place of the message, which is written when its address is known.
            false if lacks_endpoint => out.push(0),
            false => {
                target.write_post(out, fields, mirror, body.len());
                out.extend_from_slice(&body);
            }
        });
        let kept = (!is_get && (what == What::Note || !self.is_found)).then_some(body);
        stream.used = used;
        let mut exchange = HttpExchange::new(what, ticket, kept);
        exchange.awaits_endpoint = lacks_endpoint;
        exchange.token = self.tokens;
        stream.exchange = Some(exchange);
        self.want_write(id);
        ticket
    }

    fn want_write(&mut self, id: StreamId) {
        if self.is_held(id) {
            return;
        }
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.is_open && !mem::replace(&mut stream.is_told, true) {
            self.wants.push_back(Want::Write(id));
        }
    }

    /// Whether nothing is written to a stream, because the session has not begun.
    fn is_held(&self, id: StreamId) -> bool {
        self.initialized.is_some_and(|first| first != id && !self.brings_answers(id))
            || self.streams.get(&id).is_some_and(Stream::awaits_endpoint)
    }

    /// The server has `notifications/initialized`, or never will.
    fn release(&mut self, id: StreamId) {
        if self.initialized != Some(id) {
            return;
        }
        self.initialized = None;
        let waits = |stream: &Stream| !stream.output.pending().is_empty();
        let waiting: Vec<StreamId> =
            self.streams.iter().filter(|(_, s)| waits(s)).map(|(id, _)| *id).collect();
        waiting.into_iter().for_each(|id| self.want_write(id));
    }

    /// The head of a response is there.
    fn head_came(&mut self, id: StreamId, mut head: ResponseHead) -> Option<Incoming<'static>> {
        // Some proxies close a stream behind each response without a word of it, and what had
        // been sent on it meanwhile would have an unknown outcome.
        head.is_kept &= !self.target.is_for_proxy;
        let in_session = self.fields.id.is_some();
        self.release(id);
        let stream = self.streams.get_mut(&id)?;
        let exchange = stream.exchange.as_mut()?;
        if (100..=199).contains(&head.status) && head.status != 101 {
            exchange.response = HttpResponse::Head(Vec::new());
            exchange.interim += 1;
            let is_endless = exchange.interim == INTERIM;
            return is_endless.then(|| self.broken(id, "sent no response but of status 1xx"))?;
        }
        let initializes = exchange.what.initializes();
        if head.status == 404 && in_session && !initializes && exchange.what != What::Events {
            // The rest of a response is refused, and not the request: that has been sent.
            exchange.is_refused = !exchange.is_resumed;
            let body = Body::new(head.framing);
            exchange.response = HttpResponse::Body(Box::new(head), body, Reader::Nothing);
            return Some(Incoming::SessionGone);
        }
        let led_to = match self.redirects < REDIRECTS {
            true => led_to(&head, &self.target, exchange),
            false => None,
        };
        let is_sse = self.sse.is_some();
        let reader = match (&exchange.what, led_to) {
            // Whatever the stream of the events brings is no answer to a message.
            (What::Events, _) if is_sse => {
                if head.is_success() && head.content == Content::Events {
                    Reader::of_answer(&head, self.limit)
                } else {
                    let words = refusal::words(&head, b"");
                    let body = Body::new(head.framing);
                    exchange.response = HttpResponse::Body(Box::new(head), body, Reader::Nothing);
                    return self.events_refused(id, &words);
                }
            }
            (What::Events, _) if head.is_success() => Reader::of_answer(&head, self.limit),
            (What::Events, _) => {
                self.unasked = UnaskedStream::None;
                Reader::Nothing
            }
            (What::Request { .. }, _) if exchange.is_resumed && !head.is_success() => {
                stream.is_over = true;
                self.wants.push_back(Want::Close(id));
                Reader::Nothing
            }
            (_, Some(path)) => {
                self.target.path = path;
                self.redirects += 1;
                exchange.goes_again = true;
                Reader::Nothing
            }
            (What::Note, None) => Reader::Nothing,
            (What::Request { .. }, None) if head.is_success() => {
                if initializes {
                    self.fields.id.clone_from(&head.session);
                }
                self.has_worked |= self.is_legacy && !initializes;
                self.is_found = true;
                exchange.body = None;
                match is_sse {
                    // The answer comes by the events.
                    true => Reader::Nothing,
                    false => Reader::of_answer(&head, self.limit),
                }
            }
            (What::Request { .. }, None) => Reader::Refusal(Vec::new()),
        };
        let body = Body::new(head.framing);
        exchange.response = HttpResponse::Body(Box::new(head), body, reader);
        None
    }

    /// The body of a response is over: what it leaves, or the exchange ends.
    fn body_over(&mut self, id: StreamId) -> Option<Incoming<'static>> {
        let in_session = self.fields.id.is_some() && self.has_worked;
        let stream = self.streams.get_mut(&id)?;
        let exchange = stream.exchange.as_mut()?;
        let wanted = exchange.id().filter(|_| !exchange.is_answered);
        let HttpResponse::Body(head, _, reader) = &mut exchange.response else { return None };
        let is_kept = head.is_kept;
        if let Reader::Refusal(body) = reader {
            let body = mem::take(body);
            *reader = Reader::Nothing;
            // Some servers answer 400 to the sessions that they had before a restart.
            if head.status == 400 && in_session && names_session(&body) {
                exchange.is_refused = true;
                return Some(Incoming::SessionGone);
            }
            let (wanted, initializes) = (wanted?, exchange.what.initializes());
            if let Some(refusal) = unauthorized(head, &body, &self.target) {
                let is_stale = exchange.token != self.tokens;
                let refusal = Box::new(Unauthorized { is_stale, ..refusal });
                return Some(Incoming::Unauthorized { id: wanted, refusal });
            }
            let refused = match refusal::answer(wanted, &body) {
                Some(answer) => Incoming::Text(Text::whole(answer)),
                None => Incoming::Refused { id: wanted, message: refusal::words(head, &body) },
            };
            let status = head.status;
            if self.fall_back_to_sse(id, status, &body) {
                return None;
            }
            if !self.goes_below(id, status) {
                if initializes {
                    self.forget_session();
                }
                return Some(refused);
            }
            self.send_again(id);
            return None;
        }
        exchange.keep_place();
        let HttpResponse::Body(_, _, reader) = &mut exchange.response else { return None };
        if let Some(incoming) = reader.finish(wanted) {
            return Some(incoming);
        }
        if exchange.goes_again {
            self.send_again(id);
            return None;
        }
        let is_lost = wanted.is_some() && self.sse.is_none();
        let goes_on = is_lost || self.unasked == UnaskedStream::On(id) || self.brings_answers(id);
        let stream = self.streams.get_mut(&id)?;
        if !goes_on {
            stream.exchange = None;
        }
        if goes_on || !is_kept || stream.is_over {
            // Whoever waits for something on it learns that it comes on another one, or never.
            stream.is_over = true;
            self.wants.push_back(Want::Close(id));
        }
        None
    }

    /// Sends the message of a stream once more, to where a redirect has led.
    fn send_again(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let Some(exchange) = &mut stream.exchange else { return };
        let body = exchange.body.clone().unwrap_or_default();
        let mirror = exchange.what.mirror().filter(|_| !self.is_legacy);
        let (target, fields) = (&self.target, &self.fields);
        stream.output.append(&mut Spare::default(), |out| {
            target.write_post(out, fields, mirror, body.len());
            out.extend_from_slice(&body);
        });
        exchange.goes_again = false;
        exchange.response = HttpResponse::Head(Vec::new());
        self.want_write(id);
    }

    /// The stream is of no use any more, for this reason.
    fn broken(&mut self, id: StreamId, why: &str) -> Option<Incoming<'static>> {
        self.release(id);
        let stream = self.streams.get_mut(&id)?;
        stream.is_over = true;
        let exchange = stream.exchange.take();
        self.wants.push_back(Want::Close(id));
        let id = exchange.filter(|exchange| !exchange.is_answered)?.id()?;
        Some(Incoming::Refused { id, message: format!("the server {why}") })
    }

    /// There is no session after all. What comes next is of the modern era, or asks for a
    /// session anew.
    fn forget_session(&mut self) {
        if self.sse.is_none() {
            self.is_legacy = false;
            self.fields = SessionFields { version: Some(MODERN.to_owned()), id: None };
        }
    }

    /// Keeps what the answer to `initialize` settles.
    fn note_answer(&mut self, id: StreamId, answer: &[u8]) {
        let exchange = self.streams.get(&id).and_then(|stream| stream.exchange.as_ref());
        if !exchange.is_some_and(|exchange| exchange.what.initializes()) {
            return;
        }
        let Ok(answer) = str::from_utf8(answer) else { return };
        let [result] = members(answer, &["result"]);
        let Some(result) = result.and_then(|raw| str::from_utf8(raw).ok()) else {
            return self.forget_session();
        };
        let [version] = members(result, &["protocolVersion"]);
        let version = version.map(|raw| text(raw).into_owned());
        let is_plain = |version: &String| version.bytes().all(|byte| byte.is_ascii_graphic());
        self.fields.version = version.filter(is_plain).or(self.fields.version.take());
    }
}

/// The path of a redirect that is followed: the message stays what it is, and goes to the same
/// server.
fn led_to(head: &ResponseHead, target: &Target, exchange: &HttpExchange) -> Option<String> {
    let is_followed = matches!(head.status, 307 | 308) && head.is_kept && exchange.body.is_some();
    head.location.as_deref().filter(|_| is_followed).and_then(|to| target.path_of(to))
}

/// What a refusal says about tokens, if the entry leaves them to us.
fn unauthorized(head: &ResponseHead, body: &[u8], target: &Target) -> Option<Unauthorized> {
    let challenge = head.www_authenticate.as_deref().unwrap_or_default();
    let lacks_scopes = head.status == 403 && challenge.contains("insufficient_scope");
    let is_about_tokens = head.status == 401 || lacks_scopes;
    let has_own_authorization = target.has_own_authorization();
    let can_log_in = cfg!(feature = "oauth") && !has_own_authorization;
    let can_help = can_log_in || (target.is_renewable && !lacks_scopes);
    if !is_about_tokens || !can_help {
        return None;
    }
    Some(Unauthorized {
        message: refusal::words(head, body),
        challenge: head.www_authenticate.clone(),
        is_stale: false,
        has_own_authorization,
        lacks_scopes,
    })
}

fn names_session(body: &[u8]) -> bool {
    memchr::memmem::find(&body.to_ascii_lowercase(), b"session").is_some()
}

/// The id in a request of ours, which stands behind the version.
fn id_of(request: &[u8]) -> u64 {
    let digits = request.strip_prefix(b"{\"jsonrpc\":\"2.0\",\"id\":").unwrap_or_default();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    str::from_utf8(&digits[..end]).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

impl Wire for Http {
    fn send(
        &mut self,
        shared: &mut Shared,
        what: Outgoing<'_>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket {
        let mut body = Vec::new();
        write(&mut body);
        let mut initialized = false;
        let what = match what {
            Outgoing::Request { method, name, definition } => {
                if method == "initialize" {
                    self.is_legacy = true;
                    self.fields = SessionFields::default();
                    if self.sse.is_none() {
                        self.spare_stream.get_or_insert_with(|| shared.new_stream());
                    }
                }
                let fields = parameters::fields(definition, &body);
                What::Request {
                    id: id_of(&body),
                    method: Box::from(method),
                    name: Box::from(name),
                    fields,
                }
            }
            // Nothing but requests can be sent (2026-07-28, "Sending Messages to the Server").
            _ if !self.is_legacy => return self.nowhere(shared),
            Outgoing::Notification { method } => {
                initialized = method == "notifications/initialized";
                What::Note
            }
            Outgoing::Answer => What::Note,
        };
        let ticket = self.begin(shared, what, body);
        if initialized {
            if self.sse.is_none() {
                self.unasked = UnaskedStream::Wanted;
            }
            self.initialized = Some(ticket.stream());
        }
        // Its stream is opened at once, so that what the next message makes the server say
        // unasked finds it there.
        self.listen(shared);
        ticket
    }

    fn delivery(&self, ticket: &Ticket) -> Delivery {
        if let Some(delivery) = self.delivery_by_events(ticket) {
            return delivery;
        }
        let Some(stream) = self.streams.get(&ticket.stream()) else { return Delivery::Sent };
        let is_it = |exchange: &&HttpExchange| exchange.ticket == *ticket;
        match stream.exchange.as_ref().filter(is_it) {
            Some(exchange) if exchange.is_refused => Delivery::Unsent,
            Some(exchange) if exchange.is_resumed => Delivery::Sent,
            _ => stream.output.delivery(ticket),
        }
    }

    fn cancel(&mut self, _: &mut Shared, ticket: &Ticket) -> Cancel {
        let id = ticket.stream();
        if self.brings_answers(id) {
            return Cancel::Notify;
        }
        let Some(stream) = self.streams.get_mut(&id) else { return Cancel::Closed };
        let is_resumed = stream.exchange.as_ref().is_some_and(|exchange| exchange.is_resumed);
        if !is_resumed && stream.output.take_back(ticket) {
            stream.exchange = None;
            return Cancel::TakenBack;
        }
        if self.is_legacy {
            return Cancel::Notify;
        }
        if let Some(exchange) = &mut stream.exchange {
            exchange.is_answered = true;
        }
        stream.is_over = true;
        self.wants.push_back(Want::Close(id));
        Cancel::Closed
    }

    fn finished(&mut self, ticket: &Ticket) {
        let Some(stream) = self.streams.get_mut(&ticket.stream()) else { return };
        let Some(exchange) = &mut stream.exchange else { return };
        exchange.is_answered |= exchange.ticket == *ticket;
        // What is sent because of the answer can go on the same stream.
        if exchange.is_answered && exchange.is_read() {
            stream.exchange = None;
        }
    }

    fn opened(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.is_open = true;
        self.ask_for_events(id);
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if !stream.output.pending().is_empty() {
            self.want_write(id);
        }
    }

    fn next<'i>(&mut self, id: StreamId, input: &mut &'i [u8]) -> Option<Incoming<'i>> {
        loop {
            let stream = self.streams.get_mut(&id)?;
            let Some(exchange) = &mut stream.exchange else {
                if !mem::take(input).is_empty() && !mem::replace(&mut stream.is_over, true) {
                    // Nothing was asked on it: the server says that it closes it, or worse.
                    self.wants.push_back(Want::Close(id));
                }
                return None;
            };
            if stream.is_over && exchange.is_read_to_end() {
                *input = &[];
                return None;
            }
            if let HttpResponse::Head(_) = exchange.response {
                if input.is_empty() {
                    return None;
                }
                match exchange.read_head(input) {
                    Err(why) => {
                        *input = &[];
                        return self.broken(id, &why);
                    }
                    Ok(None) => return None,
                    Ok(Some(head)) => match self.head_came(id, head) {
                        None => continue,
                        gone => return gone,
                    },
                }
            }
            let HttpResponse::Body(_, body, reader) = &mut exchange.response else { return None };
            let payload = match body.peek(input) {
                Ok(payload) => payload,
                Err(why) => {
                    *input = &[];
                    return self.broken(id, why);
                }
            };
            if payload.is_empty() {
                if !body.is_over() {
                    return None;
                }
                match self.body_over(id) {
                    None if input.is_empty() => return None,
                    None => continue,
                    some => return some,
                }
            }
            let is_all = matches!(body, Body::Length(left) if *left == payload.len() as u64);
            let (used, mut incoming) = reader.read(payload, is_all, self.limit);
            body.take(input, used);
            if let Some(address) = reader.take_endpoint().filter(|_| self.sse.is_some()) {
                if let Some(refused) = self.endpoint_came(&address) {
                    return Some(refused);
                }
            }
            let exchange = self.streams.get(&id)?.exchange.as_ref()?;
            if let Some(Incoming::TooLong(long)) = &mut incoming {
                // What is so long on the stream of a request is its answer.
                long.id = exchange.what.id().filter(|_| !exchange.is_answered);
                long.is_answer = long.id.is_some();
            }
            if let Some(Incoming::Text(mut text)) = incoming {
                self.note_answer(id, text.line().text);
                return Some(Incoming::Text(text));
            }
            if incoming.is_some() {
                return incoming;
            }
        }
    }

    fn finish(&mut self, id: StreamId) -> Option<Text<'static>> {
        let exchange = self.streams.get_mut(&id)?.exchange.as_mut()?;
        let wanted = exchange.id();
        exchange.keep_place();
        let HttpResponse::Body(_, body, reader) = &mut exchange.response else { return None };
        if !body.may_end() && !matches!(reader, Reader::Events(_)) {
            return None;
        }
        match reader.finish(wanted) {
            Some(Incoming::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn closed(&mut self, shared: &mut Shared, id: StreamId) -> LossScope {
        let Some(stream) = self.streams.remove(&id) else { return LossScope::Stream };
        if self.brings_answers(id) {
            return LossScope::Session;
        }
        self.release(id);
        if self.unasked == UnaskedStream::On(id) {
            self.listen_again(shared, stream);
            return LossScope::Stream;
        }
        if let Some(HttpExchange { what: What::Note, ticket, body: Some(body), .. }) =
            stream.exchange
        {
            if stream.output.delivery(&ticket) != Delivery::Sent {
                self.begin(shared, What::Note, body);
            }
        }
        LossScope::Stream
    }

    fn resume(&mut self, shared: &mut Shared, ticket: &Ticket) -> Option<Ticket> {
        match self.sse {
            Some(_) => self.await_by_events(shared, ticket),
            None => self.ask_for_rest(shared, ticket),
        }
    }

    fn output(&mut self, id: StreamId) -> &[u8] {
        let is_held = self.is_held(id);
        let Some(stream) = self.streams.get_mut(&id).filter(|_| !is_held) else { return &[] };
        stream.is_told = false;
        stream.output.pending()
    }

    fn wrote(&mut self, shared: &mut Shared, id: StreamId, n: usize) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.output.wrote(n, shared.spare());
        }
    }

    fn unwritten(&self) -> usize {
        self.streams.values().map(|stream| stream.output.pending().len()).sum()
    }

    fn farewell(&mut self, is_lost: bool) -> Option<(StreamId, Vec<u8>)> {
        self.fields.id.as_ref().filter(|_| !is_lost)?;
        let is_free = |s: &Stream| s.is_free() && s.is_open && s.output.pending().is_empty();
        let (id, _) = self.streams.iter().find(|(_, stream)| is_free(stream))?;
        let mut bytes = Vec::new();
        self.target.write_delete(&mut bytes, &self.fields);
        Some((*id, bytes))
    }

    fn wants_definitions(&self) -> bool {
        !self.is_legacy
    }

    fn objection(&self, definition: &str) -> Option<String> {
        parameters::objection(definition)
    }

    fn poll(&mut self) -> Option<Want> {
        self.wants.pop_front()
    }

    fn set_token(&mut self, token: Option<AccessToken>) {
        if self.target.token != token {
            self.target.token = token;
            self.tokens += 1;
        }
    }

    fn set_fields(&mut self, fields: Vec<(String, String)>) -> bool {
        let is_other = self.target.headers != fields;
        if is_other {
            self.target.headers = fields;
            self.tokens += 1;
        }
        is_other
    }

    fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    fn held(&self, id: StreamId) -> Held<'_> {
        self.streams.get(&id).map(Stream::held).unwrap_or_default()
    }
}

impl Http {
    /// The ticket of what is not sent at all.
    fn nowhere(&mut self, shared: &mut Shared) -> Ticket {
        let mut none = crate::wire::Output::new(StreamId(0));
        none.send(shared.spare(), b"", |_| {})
    }
}
