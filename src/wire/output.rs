//! The bytes of one stream that wait to be written, and where each message lies.
//!
//! Invariants:
//! - positions only grow; taking a message back moves those behind it;
//! - an output without pending bytes keeps no buffer.

use std::collections::VecDeque;

use crate::wire::{Delivery, StreamId};

/// Where a message lies in the output of its stream.
///
/// The message may have been read once the byte before `end` has left us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    stream: StreamId,
    start: u64,
    end: u64,
    /// Bytes of framing behind `end`.
    framing: u8,
}

impl Ticket {
    /// Bytes of the message and its framing.
    pub fn size(&self) -> u64 {
        self.end - self.start + u64::from(self.framing)
    }

    /// The stream that carries the message.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Moves the ticket to where its message lies since `removed` was taken back.
    pub fn close_gap(&mut self, removed: &Ticket) {
        if self.stream == removed.stream && self.start > removed.start {
            self.start -= removed.size();
            self.end -= removed.size();
        }
    }
}

/// Bytes that wait to be written.
#[derive(Debug)]
pub struct Output {
    stream: StreamId,
    buffer: Vec<u8>,
    written: usize,
    /// Stream position of `buffer[0]`.
    base: u64,
}

impl Output {
    /// The output of a stream on which nothing was sent.
    pub fn new(stream: StreamId) -> Output {
        Output { stream, buffer: Vec::new(), written: 0, base: 0 }
    }

    /// The stream that carries them.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Bytes to be written.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// The position of the next byte that is put in.
    pub fn end(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// The position up to which everything has left us.
    pub fn left(&self) -> u64 {
        self.base + self.written as u64
    }

    /// `n` more bytes have left us. The emptied buffer goes to `spare`.
    pub fn wrote(&mut self, n: usize, spare: &mut Spare) {
        self.written = (self.written + n).min(self.buffer.len());
        if self.written == self.buffer.len() {
            self.base += self.buffer.len() as u64;
            self.written = 0;
            spare.put(std::mem::take(&mut self.buffer));
        } else if self.written > 64 << 10 && self.written > self.buffer.len() / 2 {
            self.buffer.drain(..self.written);
            self.base += self.written as u64;
            self.written = 0;
        }
    }

    /// Lets `write` append to the buffer, which comes from `spare` when there is none.
    pub fn append(&mut self, spare: &mut Spare, write: impl FnOnce(&mut Vec<u8>)) {
        if self.buffer.capacity() == 0 {
            self.buffer = spare.take();
        }
        write(&mut self.buffer);
    }

    /// Appends a message, which `write` writes, and the bytes that end it.
    pub fn send(
        &mut self,
        spare: &mut Spare,
        framing: &[u8],
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Ticket {
        let start = self.end();
        self.append(spare, write);
        let end = self.end();
        self.buffer.extend_from_slice(framing);
        Ticket { stream: self.stream, start, end, framing: framing.len() as u8 }
    }

    /// How much of a message has left us.
    pub fn delivery(&self, ticket: &Ticket) -> Delivery {
        if self.left() <= ticket.start {
            Delivery::Unsent
        } else if self.left() < ticket.end {
            Delivery::Torn
        } else {
            Delivery::Sent
        }
    }

    /// Takes back a message of which nothing has left us; false when something has.
    /// The tickets of later messages are to be told ([`Ticket::close_gap`]).
    pub fn take_back(&mut self, ticket: &Ticket) -> bool {
        if self.delivery(ticket) != Delivery::Unsent {
            return false;
        }
        let from = (ticket.start - self.base) as usize;
        self.buffer.drain(from..from + ticket.size() as usize);
        if self.buffer.capacity() > 4 * self.buffer.len().max(Spare::SIZE) {
            self.buffer.shrink_to(Spare::SIZE);
        }
        true
    }
}

/// Write buffers between two uses.
#[derive(Debug, Default)]
pub struct Spare(VecDeque<Vec<u8>>);

impl Spare {
    /// Buffers kept, and the largest that is worth keeping.
    const COUNT: usize = 4;
    const SIZE: usize = 64 << 10;

    fn take(&mut self) -> Vec<u8> {
        self.0.pop_front().unwrap_or_default()
    }

    fn put(&mut self, mut buffer: Vec<u8>) {
        if self.0.len() < Spare::COUNT && buffer.capacity() <= Spare::SIZE {
            buffer.clear();
            self.0.push_front(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_have_been_read_once_its_last_byte_before_the_framing_has_left() {
        let (mut output, mut spare) = (Output::new(StreamId(1)), Spare::default());
        let first = output.send(&mut spare, b"\n", |out| out.extend_from_slice(b"{1}"));
        let second = output.send(&mut spare, b"\n", |out| out.extend_from_slice(b"{22}"));
        assert_eq!((first.size(), second.size()), (4, 5));
        for (more, one, two) in [
            (0, Delivery::Unsent, Delivery::Unsent),
            (1, Delivery::Torn, Delivery::Unsent),
            (1, Delivery::Torn, Delivery::Unsent),
            (1, Delivery::Sent, Delivery::Unsent),
            (1, Delivery::Sent, Delivery::Unsent),
            (1, Delivery::Sent, Delivery::Torn),
            (3, Delivery::Sent, Delivery::Sent),
        ] {
            output.wrote(more, &mut spare);
            assert_eq!((output.delivery(&first), output.delivery(&second)), (one, two));
        }
        output.wrote(1, &mut spare);
        assert_eq!(output.buffer.capacity(), 0, "an empty output keeps no buffer");
        let third = output.send(&mut spare, b"\n", |out| out.extend_from_slice(b"{}"));
        assert_eq!(output.delivery(&third), Delivery::Unsent);
    }

    #[test]
    fn a_message_that_was_taken_back_leaves_no_gap() {
        let (mut output, mut spare) = (Output::new(StreamId(1)), Spare::default());
        let mut send = |text: &str| {
            output.send(&mut spare, b"\n", |out| out.extend_from_slice(text.as_bytes()))
        };
        let (first, second, mut third) = (send("{1}"), send("{22}"), send("{333}"));
        output.wrote(2, &mut spare);
        assert!(!output.take_back(&first), "a part of it has left");
        assert!(output.take_back(&second));
        third.close_gap(&second);
        assert_eq!(output.pending(), b"}\n{333}\n");
        output.wrote(2 + 5, &mut spare);
        assert_eq!(output.delivery(&third), Delivery::Sent);
    }

    #[test]
    fn only_what_was_sent_whole_may_have_run() {
        assert!(Delivery::Torn.may_retry(false));
        assert!(!Delivery::Sent.may_retry(false));
        assert!(Delivery::Sent.may_retry(true));
    }
}
