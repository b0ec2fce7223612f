//! Bytes that wait to be written to a client.

use std::io::{self, Write};

/// Most bytes written in one turn, so that others have theirs.
const TURN: usize = 256 << 10;

/// Bytes that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    /// Bytes at the front that were written.
    done: usize,
}

impl Output {
    /// Appends bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.done > 0 && self.done >= self.bytes.len() / 2 {
            self.bytes.drain(..self.done);
            self.done = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.done
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes what the peer takes. False: it takes no more now.
    pub(crate) fn write(&mut self, to: &mut impl Write) -> io::Result<bool> {
        let end = self.bytes.len().min(self.done + TURN);
        while self.done < end {
            match to.write(&self.bytes[self.done..end]) {
                Ok(n) => self.done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        if self.is_empty() {
            self.done = 0;
            // A large answer does not stay in memory when it is gone.
            self.bytes.clear();
            self.bytes.shrink_to(TURN);
        }
        Ok(true)
    }
}
