//! The last lines of a server's standard error.
//!
//! A server stops when the pipe of its standard error is full, so all of it is read. The
//! last 64 KiB are kept for the log and for the message when the server ends.
//!
//! Invariants:
//! - No more than [`StderrRing::CAPACITY`] bytes are held, and none before the
//!   server writes.
//! - Bytes are kept as they came, with control characters: whoever shows them replaces those.

use std::collections::VecDeque;

/// The last 64 KiB of a server's standard error.
#[derive(Debug, Default)]
pub struct StderrRing {
    bytes: VecDeque<u8>,
    /// Where in `bytes` the first line starts that `next_line` has not given.
    unread: usize,
    total: u64,
    lost: u64,
}

impl StderrRing {
    /// Bytes that are kept.
    pub const CAPACITY: usize = 64 * 1024;
    /// The most bytes of an unfinished line that are given out.
    const SHOWN: usize = 4096;

    /// Appends `bytes` and drops the oldest beyond the capacity.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(Self::CAPACITY)..];
        let unread = self.bytes.len() - self.unread;
        self.lost += (unread + bytes.len()).saturating_sub(Self::CAPACITY) as u64;
        let excess = (self.bytes.len() + kept.len()).saturating_sub(Self::CAPACITY);
        self.bytes.drain(..excess);
        self.unread = self.unread.saturating_sub(excess);
        self.bytes.extend(kept);
    }

    /// The next complete line, without its end: `\n`, `\r\n`, or the `\r` with which a line
    /// is drawn again. The beginning of a line may have been dropped.
    pub fn next_line(&mut self) -> Option<Vec<u8>> {
        let (length, end) = self.line_end()?;
        let line = self.bytes.range(self.unread..self.unread + length).copied().collect();
        self.unread += length + end;
        Some(line)
    }

    /// Whether `next_line` has a line.
    pub fn has_line(&self) -> bool {
        self.line_end().is_some()
    }

    /// The length of the next line, and that of its end.
    fn line_end(&self) -> Option<(usize, usize)> {
        let mut bytes = self.bytes.range(self.unread..).enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            match (byte, bytes.peek()) {
                (b'\n', _) => return Some((at, 1)),
                (b'\r', Some((_, b'\n'))) => return Some((at, 2)),
                (b'\r', Some(_)) => return Some((at, 1)),
                _ => {}
            }
        }
        None
    }

    /// The unfinished line.
    pub fn partial(&self) -> Option<Vec<u8>> {
        let rest = self.bytes.range(self.unread..).copied();
        Some(rest.take(Self::SHOWN).collect()).filter(|rest: &Vec<u8>| !rest.is_empty())
    }

    /// Takes the unfinished line out, because the server has ended.
    pub fn take_partial(&mut self) -> Option<Vec<u8>> {
        if self.unread == self.bytes.len() {
            return None;
        }
        let line = self.bytes.range(self.unread..).copied().collect();
        self.unread = self.bytes.len();
        Some(strip_cr(line))
    }

    /// Bytes that the server wrote in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that were dropped before `next_line` gave them out.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

fn strip_cr(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_once_however_they_were_cut() {
        let mut ring = StderrRing::default();
        ring.push(b"one\r\ntw");
        assert_eq!(ring.next_line().unwrap(), b"one");
        assert_eq!(ring.next_line(), None);
        ring.push(b"o\n\n\x1b[31mthree");
        assert_eq!(ring.next_line().unwrap(), b"two");
        assert_eq!(ring.next_line().unwrap(), b"");
        assert_eq!(ring.next_line(), None);
        assert_eq!(ring.take_partial().unwrap(), b"\x1b[31mthree");
        assert_eq!(ring.take_partial(), None);
        assert_eq!((ring.lost(), ring.total()), (0, 20));
    }

    #[test]
    fn only_the_end_is_kept_and_the_loss_is_counted() {
        let mut ring = StderrRing::default();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..70 {
            ring.push(&line);
        }
        assert_eq!(ring.bytes.len(), StderrRing::CAPACITY);
        assert_eq!(ring.lost(), 6 * 1024);
        let mut lines = 0;
        while ring.next_line().is_some() {
            lines += 1;
        }
        assert_eq!(lines, 64);
        ring.push(&line);
        assert_eq!(ring.lost(), 6 * 1024, "what was read is not lost");
        assert_eq!(ring.next_line().unwrap().len(), 1023);
        ring.push(&b"y".repeat(3 * StderrRing::CAPACITY));
        assert_eq!(ring.bytes.len(), StderrRing::CAPACITY);
        assert_eq!(ring.lost(), 6 * 1024 + 2 * StderrRing::CAPACITY as u64);
        assert_eq!(ring.take_partial().unwrap().len(), StderrRing::CAPACITY);
    }

    #[test]
    fn a_line_that_is_drawn_anew_is_a_line_and_an_unfinished_one_is_seen() {
        let mut ring = StderrRing::default();
        ring.push(b"10%\r20%\r");
        assert_eq!(ring.next_line().unwrap(), b"10%");
        assert_eq!(ring.next_line(), None, "a line feed may follow");
        assert_eq!(ring.partial().unwrap(), b"20%\r");
        ring.push(b"\nCode: ");
        assert_eq!(ring.next_line().unwrap(), b"20%");
        assert_eq!(ring.partial().unwrap(), b"Code: ");
        assert_eq!(ring.take_partial().unwrap(), b"Code: ");
        assert_eq!(ring.partial(), None);
    }
}
