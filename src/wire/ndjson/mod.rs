//! One message a line, in both directions, on one stream (MCP "Transports: stdio").
//!
//! A server cannot have parsed a request before its closing brace was written. From
//! then on it may have run even without the newline, because a reader that meets the
//! end of the stream may parse what it has. So the newline does not count for delivery.

mod lines;

pub use lines::{Lines, TooLong};

use crate::wire::output::Output;
use crate::wire::{Delivery, Spare, Ticket};

/// The codec of one stream.
#[derive(Debug, Default)]
pub struct Ndjson {
    /// What comes in.
    pub lines: Lines,
    output: Output,
}

impl Ndjson {
    /// Appends a message, which `write` writes without a line end.
    pub fn send(&mut self, spare: &mut Spare, write: impl FnOnce(&mut Vec<u8>)) -> Ticket {
        self.output.send(spare, b"\n", write)
    }

    /// How much of a message has left us.
    pub fn delivery(&self, ticket: &Ticket) -> Delivery {
        self.output.delivery(ticket)
    }

    /// Takes back a message of which nothing has left us; false when something has.
    /// The tickets of later messages are to be told ([`Ticket::close_gap`]).
    pub fn take_back(&mut self, ticket: &Ticket) -> bool {
        self.output.take_back(ticket)
    }

    /// Bytes to be written to the stream.
    pub fn output(&self) -> &[u8] {
        self.output.pending()
    }

    /// `n` bytes of [`output`](Ndjson::output) have left us. An emptied buffer goes to `spare`.
    pub fn wrote(&mut self, n: usize, spare: &mut Spare) {
        self.output.wrote(n, spare);
    }
}
