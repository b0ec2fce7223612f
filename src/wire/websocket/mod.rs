//! MCP over WebSocket (RFC 6455, subprotocol `mcp`): a message is a text frame.
//!
//! A session has one stream for life. It begins with a request of HTTP that asks the server to
//! change the protocol; messages wait until the server has agreed, as RFC 6455, section 4.1,
//! asks for.
//!
//! A server cannot act on a frame of which a byte is missing, because the header gives its
//! length. So the last byte of the frame decides what was sent.
//!
//! Messages of the server are read as lines are: a message beyond the limit is skipped, and
//! the stream goes on. Whether a text is UTF-8 is the readers' of messages to find.

mod close;
mod frames;
mod upgrade;

use std::hash::{BuildHasher, RandomState};
use std::mem;

use self::close::Closing;
use self::frames::{FrameReader, ServerFrame, write_frame};
use self::upgrade::{Upgrade, Upgraded};
use crate::wire::http::Target;
use crate::wire::ndjson::Lines;
use crate::wire::output::Output;
use crate::wire::{
    Cancel, Delivery, Held, Incoming, LossScope, Outgoing, Shared, Spare, StreamId, Text, Ticket,
    Want, Wire,
};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Bytes that wait to be written beyond which a ping is not answered: the server does not
/// read, and an answer to each ping would grow without bound.
const MOST_PENDING: usize = 64 << 10;

/// The codec of a session by WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    target: Target,
    /// The request that opens the session; `None`: the server has agreed.
    upgrade: Option<Box<Upgrade>>,
    /// The position behind that request. Up to it bytes are written before the server agrees.
    upgrade_end: u64,
    frames: FrameReader,
    /// The message that comes in pieces.
    message: Lines,
    output: Output,
    masks: Masks,
    limit: usize,
    /// Output waits and the session was not told.
    wants_write: bool,
    /// The session was told that output waits, and has not taken it yet.
    told: bool,
    /// Why the stream ends, once it is known.
    closing: Option<Closing>,
}

/// Makes the masks of frames (RFC 6455, section 5.3), which a peer must not foresee.
#[derive(Debug, Default)]
struct Masks {
    key: RandomState,
    count: u64,
}

impl WebSocket {
    /// A codec on a stream to `target`.
    pub fn new(stream: StreamId, target: Target) -> WebSocket {
        WebSocket {
            target,
            upgrade: Some(Box::default()),
            upgrade_end: 0,
            frames: FrameReader::default(),
            message: Lines::default(),
            output: Output::new(stream),
            masks: Masks::default(),
            limit: 16 << 20,
            wants_write: false,
            told: false,
            closing: None,
        }
    }

    /// Reads the answer to the request that opens the session. `None`: the rest of `input` is
    /// frames, or the answer is not whole yet.
    fn read_upgrade(&mut self, input: &mut &[u8]) -> Option<Incoming<'static>> {
        let upgrade = self.upgrade.as_mut()?;
        match upgrade.read(input) {
            Upgraded::NotYet => None,
            Upgraded::Agreed => {
                self.upgrade = None;
                self.wants_write |= !self.output.pending().is_empty();
                None
            }
            Upgraded::Refused { message, is_final } => {
                self.closing = Some(Closing::without_frame());
                *input = &[];
                Some(Incoming::Ended { message, is_final })
            }
        }
    }

    /// The next message in the frames at the start of `input`.
    fn read_frames<'i>(&mut self, input: &mut &'i [u8]) -> Option<Incoming<'i>> {
        loop {
            // The messages of a long batch are handed out before it is whole.
            match self.message.next(&mut &[][..]) {
                Ok(None) => {}
                Ok(Some(text)) => return Some(Incoming::Text(text)),
                Err(long) => return Some(Incoming::TooLong(long)),
            }
            let frame = match self.frames.next(input) {
                Ok(frame) => frame?,
                Err(why) => {
                    *input = &[];
                    self.closing = Some(Closing::protocol_error());
                    let message = format!("the server {why}, which WebSocket does not allow");
                    return Some(Incoming::Ended { message, is_final: false });
                }
            };
            match frame {
                ServerFrame::Whole(text) if text.len() <= self.limit => {
                    let text = text.trim_ascii();
                    if !text.is_empty() {
                        return Some(Incoming::Text(Text::chunk(text)));
                    }
                }
                ServerFrame::Whole(text) => {
                    self.message.push(text);
                    if let Some(incoming) = self.message_is_whole() {
                        return Some(incoming);
                    }
                }
                ServerFrame::Piece { bytes, is_last } => {
                    self.message.push(bytes);
                    if is_last {
                        if let Some(incoming) = self.message_is_whole() {
                            return Some(incoming);
                        }
                    }
                }
                ServerFrame::Ping(payload) => self.answer_ping(&payload),
                ServerFrame::Close(closing) => {
                    *input = &[];
                    let message = closing.words();
                    self.closing = Some(closing);
                    return Some(Incoming::Ended { message, is_final: false });
                }
            }
        }
    }

    fn message_is_whole(&mut self) -> Option<Incoming<'static>> {
        match self.message.end() {
            Ok(text) => text.map(Incoming::Text),
            Err(long) => Some(Incoming::TooLong(long)),
        }
    }

    fn answer_ping(&mut self, payload: &[u8]) {
        if self.output.pending().len() > MOST_PENDING {
            return;
        }
        let mask = self.masks.next();
        self.output.append(&mut Spare::default(), |out| {
            write_frame(out, OpCode::Control(Control::Pong), mask, |out| {
                out.extend_from_slice(payload);
            });
        });
        self.wants_write |= !self.told;
    }
}

impl Wire for WebSocket {
    fn send(
        &mut self,
        shared: &mut Shared,
        _: Outgoing<'_>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket {
        self.wants_write |= !self.told;
        let mask = self.masks.next();
        self.output.send(shared.spare(), b"", |out| {
            write_frame(out, OpCode::Data(Data::Text), mask, write);
        })
    }

    fn delivery(&self, ticket: &Ticket) -> Delivery {
        self.output.delivery(ticket)
    }

    fn cancel(&mut self, _: &mut Shared, ticket: &Ticket) -> Cancel {
        match self.output.take_back(ticket) {
            true => Cancel::TakenBack,
            false => Cancel::Notify,
        }
    }

    fn opened(&mut self, _: StreamId) {
        let (target, Some(upgrade)) = (&self.target, &mut self.upgrade) else { return };
        let key = [self.masks.next(), self.masks.next(), self.masks.next(), self.masks.next()];
        self.output
            .append(&mut Spare::default(), |out| upgrade.write(out, target, key.as_flattened()));
        self.upgrade_end = self.output.end();
        self.wants_write |= !self.told;
    }

    fn next<'i>(&mut self, _: StreamId, input: &mut &'i [u8]) -> Option<Incoming<'i>> {
        if self.closing.is_some() {
            *input = &[];
            return None;
        }
        if self.upgrade.is_some() {
            if let Some(refused) = self.read_upgrade(input) {
                return Some(refused);
            }
            if self.upgrade.is_some() {
                return None;
            }
        }
        self.read_frames(input)
    }

    /// A message without its last frame is none.
    fn finish(&mut self, _: StreamId) -> Option<Text<'static>> {
        None
    }

    fn closed(&mut self, _: &mut Shared, _: StreamId) -> LossScope {
        LossScope::Session
    }

    fn output(&mut self, _: StreamId) -> &[u8] {
        self.told = false;
        let pending = self.output.pending();
        if self.upgrade.is_none() {
            return pending;
        }
        let allowed = self.upgrade_end.saturating_sub(self.output.left());
        &pending[..pending.len().min(allowed as usize)]
    }

    fn wrote(&mut self, shared: &mut Shared, _: StreamId, n: usize) {
        self.output.wrote(n, shared.spare());
    }

    fn unwritten(&self) -> usize {
        self.output.pending().len()
    }

    fn poll(&mut self) -> Option<Want> {
        mem::take(&mut self.wants_write).then(|| {
            self.told = true;
            Want::Write(self.output.stream())
        })
    }

    fn set_fields(&mut self, fields: Vec<(String, String)>) -> bool {
        let is_other = self.target.headers != fields;
        self.target.headers = fields;
        is_other
    }

    fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
        self.message.set_limit(bytes);
    }

    fn held(&self, _: StreamId) -> Held<'_> {
        let message = &self.message;
        let bytes = message.buffered() + self.frames.held();
        Held { text: message.unfinished(), bytes, skipped: message.skipped() }
    }

    fn rest(&mut self) {
        self.message.shrink();
    }

    /// The frame that ends the session (RFC 6455, section 7.1.2), unless a frame has been
    /// written in part.
    fn farewell(&mut self, _: bool) -> Option<(StreamId, Vec<u8>)> {
        if self.upgrade.is_some() || !self.output.pending().is_empty() {
            return None;
        }
        let code = match &self.closing {
            None => Closing::normal(),
            Some(closing) => closing.reply(),
        };
        let (code, mask, mut out) = (code?, self.masks.next(), Vec::new());
        write_frame(&mut out, OpCode::Control(Control::Close), mask, |out| {
            out.extend_from_slice(&code.to_be_bytes());
        });
        Some((self.output.stream(), out))
    }
}

impl Masks {
    fn next(&mut self) -> [u8; 4] {
        self.count += 1;
        let [a, b, c, d, ..] = self.key.hash_one(self.count).to_ne_bytes();
        [a, b, c, d]
    }
}

#[cfg(test)]
mod tests;
