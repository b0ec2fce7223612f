//! One message a line, in both directions, on one stream (MCP "Transports: stdio").
//!
//! A server cannot have parsed a request before its closing brace was written. From
//! then on it may have run even without the newline, because a reader that meets the
//! end of the stream may parse what it has. So the newline does not count for delivery.

mod lines;

pub use lines::Lines;

use std::mem;

use crate::wire::output::Output;
use crate::wire::{
    Cancel, Delivery, Held, Incoming, LossScope, Outgoing, Shared, StreamId, Text, Ticket, Want,
    Wire,
};

/// The codec of a session with one stream.
#[derive(Debug)]
pub struct Ndjson {
    lines: Lines,
    output: Output,
    /// Output waits and the session was not told.
    wants_write: bool,
    /// The session was told that output waits, and has not taken it yet.
    told: bool,
}

impl Ndjson {
    /// A codec on a stream.
    pub fn new(stream: StreamId) -> Ndjson {
        let (lines, output) = (Lines::default(), Output::new(stream));
        Ndjson { lines, output, wants_write: false, told: false }
    }
}

impl Wire for Ndjson {
    fn send(
        &mut self,
        shared: &mut Shared,
        _: Outgoing<'_>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Ticket {
        self.wants_write |= !self.told;
        self.output.send(shared.spare(), b"\n", write)
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

    fn next<'i>(&mut self, _: StreamId, input: &mut &'i [u8]) -> Option<Incoming<'i>> {
        match self.lines.next(input) {
            Ok(text) => text.map(Incoming::Text),
            Err(line) => Some(Incoming::TooLong(line)),
        }
    }

    fn finish(&mut self, _: StreamId) -> Option<Text<'static>> {
        self.lines.finish()
    }

    fn closed(&mut self, _: &mut Shared, _: StreamId) -> LossScope {
        LossScope::Session
    }

    fn output(&mut self, _: StreamId) -> &[u8] {
        self.told = false;
        self.output.pending()
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

    fn set_limit(&mut self, bytes: usize) {
        self.lines.set_limit(bytes);
    }

    fn held(&self, _: StreamId) -> Held<'_> {
        let lines = &self.lines;
        Held { text: lines.unfinished(), bytes: lines.buffered(), skipped: lines.skipped() }
    }

    fn rest(&mut self) {
        self.lines.shrink();
    }

    fn set_verbatim(&mut self, _: StreamId, verbatim: bool) {
        self.lines.set_verbatim(verbatim);
    }
}
