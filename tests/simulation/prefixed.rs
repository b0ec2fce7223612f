//! A second codec: messages with a length before them, on several streams at once.
//!
//! Each stream begins with the number of its session. Then come frames: a length of four
//! bytes, little-endian, a byte that says what the frame is, and the message. A request goes
//! on a stream of which no answer is awaited; when there is none, another one is opened. The
//! server ends a stream when it likes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tmcp::config::{ServerConfig, Transport};
use tmcp::wire::ndjson::Ndjson;
use tmcp::wire::{
    Cancel, Delivery, Held, Incoming, LossScope, Outgoing, Output, Shared, Spare, StreamId, Text,
    Ticket, TooLong, Want, Wire,
};

/// Bytes before the first frame of a stream.
pub const PREAMBLE: usize = 8;
/// Bytes before the message of a frame.
pub const HEADER: usize = 5;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Message = 0,
    /// The last message of its stream.
    Last = 1,
    /// The server does not know the session: nothing that came on the stream was done.
    Gone = 2,
}

/// The frame at the start of `bytes`, and how long it is, once its header is there.
pub fn header(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (length, kind) = bytes.get(..HEADER)?.split_at(4);
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let kind = match kind[0] {
        0 => Frame::Message,
        1 => Frame::Last,
        _ => Frame::Gone,
    };
    Some((kind, length))
}

/// Writes a frame.
pub fn write_frame(out: &mut Vec<u8>, kind: Frame, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind as u8]);
    write(out);
    let length = (out.len() - at - HEADER) as u32;
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// Sockets speak frames, processes lines.
pub fn wires(stream: StreamId, _: &ServerConfig, channel: Transport) -> Box<dyn Wire> {
    match channel.is_process() {
        true => Box::new(Ndjson::new(stream)),
        false => Box::new(Prefixed::new(stream)),
    }
}

/// The codec of one session.
#[derive(Debug)]
struct Prefixed {
    session: StreamId,
    streams: BTreeMap<StreamId, Stream>,
    wants: VecDeque<Want>,
    /// Streams on which the server did nothing, because it does not know the session.
    refused: BTreeSet<StreamId>,
    limit: usize,
}

#[derive(Debug)]
struct Stream {
    is_open: bool,
    /// Its last message came.
    is_over: bool,
    /// Something came on it.
    heard: bool,
    /// The request whose answer is awaited on it.
    request: Option<Ticket>,
    input: Vec<u8>,
    /// Bytes of a message that is too long: those that are still to be skipped, and all.
    skips: Option<(usize, usize)>,
    output: Output,
    /// The session was told to write, and has not taken the output yet.
    told: bool,
    /// Messages that are no requests. What was not sent whole goes on another stream.
    notes: Vec<(Ticket, Vec<u8>)>,
}

impl Prefixed {
    fn new(stream: StreamId) -> Prefixed {
        let mut wire = Prefixed {
            session: stream,
            streams: BTreeMap::new(),
            wants: VecDeque::new(),
            refused: BTreeSet::new(),
            limit: 16 << 20,
        };
        wire.add(stream, &mut Spare::default());
        wire
    }

    fn add(&mut self, id: StreamId, spare: &mut Spare) {
        let mut output = Output::new(id);
        let session = self.session.0.to_le_bytes();
        output.append(spare, |out| out.extend_from_slice(&session));
        let stream = Stream {
            is_open: false,
            is_over: false,
            heard: false,
            request: None,
            input: Vec::new(),
            skips: None,
            output,
            told: false,
            notes: Vec::new(),
        };
        self.streams.insert(id, stream);
    }

    /// A stream for a message.
    fn stream_for(&mut self, shared: &mut Shared, is_request: bool) -> StreamId {
        let is_taken = |stream: &Stream| is_request && stream.request.is_some();
        let fits = |stream: &Stream| !stream.is_over && !is_taken(stream);
        let open = self.streams.iter().find(|(_, stream)| stream.is_open && fits(stream));
        let any = self.streams.iter().find(|(_, stream)| fits(stream));
        if let Some((id, _)) = open.or(any) {
            return *id;
        }
        let id = shared.new_stream();
        self.add(id, shared.spare());
        self.wants.push_back(Want::Open(id));
        id
    }

    /// Without any stream the end of the session would never be seen.
    fn keep_one(&mut self, shared: &mut Shared) {
        if self.streams.values().all(|stream| stream.is_over) {
            self.stream_for(shared, false);
        }
    }

    fn put(
        &mut self,
        shared: &mut Shared,
        id: StreamId,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket {
        let stream = self.streams.get_mut(&id).expect("it was chosen just now");
        let ticket = stream
            .output
            .send(shared.spare(), b"", |out| write_frame(out, Frame::Message, |out| write(out)));
        if stream.is_open && !std::mem::replace(&mut stream.told, true) {
            self.wants.push_back(Want::Write(id));
        }
        ticket
    }

    fn note(&mut self, shared: &mut Shared, text: Vec<u8>) -> Ticket {
        let id = self.stream_for(shared, false);
        let ticket = self.put(shared, id, &mut |out| out.extend_from_slice(&text));
        let stream = self.streams.get_mut(&id).expect("it was chosen just now");
        stream.notes.retain(|(ticket, _)| stream.output.delivery(ticket) != Delivery::Sent);
        stream.notes.push((ticket, text));
        ticket
    }
}

impl Wire for Prefixed {
    fn send(
        &mut self,
        shared: &mut Shared,
        what: Outgoing<'_>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket {
        if !matches!(what, Outgoing::Request { .. }) {
            let mut text = Vec::new();
            write(&mut text);
            return self.note(shared, text);
        }
        let id = self.stream_for(shared, true);
        let ticket = self.put(shared, id, write);
        self.streams.get_mut(&id).expect("it was chosen just now").request = Some(ticket);
        ticket
    }

    fn delivery(&self, ticket: &Ticket) -> Delivery {
        match self.streams.get(&ticket.stream()) {
            _ if self.refused.contains(&ticket.stream()) => Delivery::Unsent,
            Some(stream) => stream.output.delivery(ticket),
            None => Delivery::Sent,
        }
    }

    fn cancel(&mut self, shared: &mut Shared, ticket: &Ticket) -> Cancel {
        let id = ticket.stream();
        let Some(stream) = self.streams.get_mut(&id) else { return Cancel::Closed };
        if stream.output.take_back(ticket) {
            stream.request = None;
            stream.notes.iter_mut().for_each(|(note, _)| note.close_gap(ticket));
            return Cancel::TakenBack;
        }
        let others = stream.notes.iter().any(|(t, _)| stream.output.delivery(t) != Delivery::Sent);
        if others {
            return Cancel::Notify;
        }
        self.streams.remove(&id);
        self.wants.push_back(Want::Close(id));
        self.keep_one(shared);
        Cancel::Closed
    }

    fn finished(&mut self, ticket: &Ticket) {
        if let Some(stream) = self.streams.get_mut(&ticket.stream()) {
            stream.request = None;
        }
    }

    fn opened(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.is_open = true;
        stream.told = true;
        self.wants.push_back(Want::Write(id));
    }

    fn next<'i>(&mut self, id: StreamId, input: &mut &'i [u8]) -> Option<Incoming<'i>> {
        let bytes = std::mem::take(input);
        let stream = self.streams.get_mut(&id)?;
        stream.heard |= !bytes.is_empty();
        stream.input.extend_from_slice(bytes);
        if let Some((left, all)) = stream.skips.take() {
            let n = left.min(stream.input.len());
            stream.input.drain(..n);
            if n < left {
                stream.skips = Some((left - n, all));
                return None;
            }
            let bytes = all as u64;
            return Some(Incoming::TooLong(TooLong {
                bytes,
                is_answer: true,
                ..TooLong::default()
            }));
        }
        let (kind, length) = header(&stream.input)?;
        if kind == Frame::Gone {
            self.refused.insert(id);
            return Some(Incoming::SessionGone);
        }
        if length > self.limit {
            stream.input.drain(..HEADER);
            stream.skips = Some((length, length));
            return self.next(id, input);
        }
        if stream.input.len() < HEADER + length {
            return None;
        }
        let rest = stream.input.split_off(HEADER + length);
        let frame = std::mem::replace(&mut stream.input, rest);
        if kind == Frame::Last {
            stream.is_over = true;
            self.wants.push_back(Want::Close(id));
        }
        Some(Incoming::Text(Text::whole(frame[HEADER..].trim_ascii().to_vec())))
    }

    fn finish(&mut self, _: StreamId) -> Option<Text<'static>> {
        None
    }

    fn closed(&mut self, shared: &mut Shared, id: StreamId) -> LossScope {
        // A server that ends the only stream before it said anything would do the same to the
        // next one.
        let others = self.streams.iter().any(|(other, stream)| *other != id && !stream.is_over);
        if !others && self.streams.get(&id).is_some_and(|stream| stream.is_open && !stream.heard) {
            return LossScope::Session;
        }
        let Some(stream) = self.streams.remove(&id) else { return LossScope::Stream };
        for (ticket, text) in stream.notes {
            if stream.output.delivery(&ticket) != Delivery::Sent {
                self.note(shared, text);
            }
        }
        self.keep_one(shared);
        LossScope::Stream
    }

    fn output(&mut self, id: StreamId) -> &[u8] {
        let Some(stream) = self.streams.get_mut(&id) else { return &[] };
        stream.told = false;
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

    fn poll(&mut self) -> Option<Want> {
        self.wants.pop_front()
    }

    fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    fn held(&self, id: StreamId) -> Held<'_> {
        let Some(stream) = self.streams.get(&id) else { return Held::default() };
        let skipped = stream.skips.map_or(0, |(left, all)| (all - left) as u64);
        Held { text: &stream.input, bytes: stream.input.len(), skipped }
    }
}
