//! Newline-delimited messages (stdio framing, MCP "Transports: stdio").
//!
//! One JSON document per line, as every revision asks of stdio and as 2026-07-28
//! recommends for any reliable byte stream. What real servers get wrong is
//! tolerated: CRLF, a byte order mark, blank lines, blanks around a line.
//!
//! Invariants:
//! * any way of cutting the stream into chunks yields the same lines;
//! * a line that lies whole inside one chunk is never copied;
//! * a long line is outlined as it comes, and its buffer is given to whoever
//!   keeps a part of it, so that its end costs little;
//! * no more than [`LIMIT`] bytes of an unfinished line are ever held.

use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use crate::protocol::outline::Outline;

/// Longest line accepted, in bytes: 16 MiB.
pub const LIMIT: usize = 16 << 20;

/// From here on a line is outlined as it comes; a shorter one is done at once.
const LONG: usize = 64 << 10;

/// From here on a line gets all the room it may ever need, in one step: a buffer
/// that moves is copied, and the system gives pages only as they are filled.
const HUGE: usize = 1 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A line grew past [`LIMIT`]; the stream cannot be trusted any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Cuts a byte stream into lines.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
    /// The line that was put together and given out last; others may keep it.
    given: Option<Arc<Vec<u8>>>,
    /// What is known of the long line in `partial`.
    outline: Option<Box<Outline>>,
}

/// One line, trimmed, and what is known of it already.
#[derive(Debug)]
pub struct Line<'a> {
    /// The line.
    pub text: &'a [u8],
    /// A pass that was begun over exactly this text.
    pub outline: Option<Box<Outline>>,
    /// The buffer that begins with this text, when it is worth keeping.
    pub whole: Option<&'a Arc<Vec<u8>>>,
}

impl<'a> From<&'a [u8]> for Line<'a> {
    fn from(text: &'a [u8]) -> Line<'a> {
        Line { text, outline: None, whole: None }
    }
}

impl Deref for Line<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.text
    }
}

impl PartialEq for Line<'_> {
    fn eq(&self, other: &Line<'_>) -> bool {
        self.text == other.text
    }
}

impl Lines {
    /// The next line that is complete, trimmed and not empty. `input` shrinks to
    /// what was not used; `None` means that all of it was.
    ///
    /// # Errors
    /// [`TooLong`] when the unfinished line outgrows [`LIMIT`].
    pub fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Line<'s>>, TooLong> {
        self.given = None;
        // The loop ends by finding out *where* the line is and borrows afterwards:
        // the borrow checker cannot see that only one of two returns happens.
        let inside = loop {
            let Some(end) = memchr::memchr(b'\n', input) else {
                if self.partial.len() + input.len() > LIMIT {
                    return Err(TooLong);
                }
                self.hold(input);
                if self.partial.len() > LONG {
                    self.outline.get_or_insert_default().advance(&self.partial);
                }
                *input = &[];
                return Ok(None);
            };
            let (line, rest) = input.split_at(end);
            *input = &rest[1..];
            if self.partial.is_empty() {
                if line.len() > LIMIT {
                    return Err(TooLong);
                }
                let line = trim(line);
                if !line.is_empty() {
                    break Some(line);
                }
            } else {
                if self.partial.len() + line.len() > LIMIT {
                    return Err(TooLong);
                }
                self.hold(line);
                if trim(&self.partial).is_empty() {
                    self.partial.clear();
                    self.outline = None;
                } else {
                    break None;
                }
            }
        };
        if let Some(line) = inside {
            return Ok(Some(line.into()));
        }
        let whole = &*self.given.insert(Arc::new(mem::take(&mut self.partial)));
        let (text, outline) = (trim(whole), self.outline.take());
        // Positions count from the start of the buffer. A short text is better
        // copied than kept with all that its buffer has room for.
        Ok(Some(if whole.len() > LONG && text.as_ptr() == whole.as_ptr() {
            Line { text, outline, whole: Some(whole) }
        } else {
            text.into()
        }))
    }

    /// Puts `bytes` behind the unfinished line.
    fn hold(&mut self, bytes: &[u8]) {
        let length = self.partial.len() + bytes.len();
        if length > HUGE && length > self.partial.capacity() {
            self.partial.reserve_exact(LIMIT - self.partial.len());
        }
        self.partial.extend_from_slice(bytes);
    }

    /// What stands after the last newline when the stream ends: a peer that dies
    /// between a message and its newline has still said it.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        self.outline = None;
        let rest = mem::take(&mut self.partial);
        let line = trim(&rest);
        (!line.is_empty()).then(|| line.to_vec())
    }

    /// Bytes held for an unfinished line.
    pub fn buffered(&self) -> usize {
        self.partial.len()
    }

    /// Gives memory back; called when a connection goes idle.
    pub fn shrink(&mut self) {
        self.given = None;
        self.partial.shrink_to_fit();
    }
}

fn trim(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_prefix(BOM).map_or(line, <[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut decoder = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            let mut input = *chunk;
            while let Some(line) = decoder.next(&mut input).unwrap() {
                out.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        out.extend(decoder.finish().map(|line| String::from_utf8(line).unwrap()));
        out
    }

    const STREAM: &[u8] =
        b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  \n{\"b\":\"\xc3\xa9\"}\n\n{\"c\":3} \n{\"d\"";

    #[test]
    fn every_way_of_cutting_the_stream_yields_the_same_lines() {
        let whole = lines(&[STREAM]);
        assert_eq!(whole, ["{\"a\":1}", "{\"b\":\"é\"}", "{\"c\":3}", "{\"d\""]);
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let cut = [&STREAM[..first], &STREAM[first..second], &STREAM[second..]];
                assert_eq!(lines(&cut), whole, "cut at {first} and {second}");
            }
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(lines(&bytes), whole);
    }

    #[test]
    fn a_line_inside_one_chunk_is_not_copied() {
        let mut decoder = Lines::default();
        let chunk = b"{\"a\":1}\n{\"b\":2}\n".to_vec();
        let mut input = &chunk[..];
        let line = decoder.next(&mut input).unwrap().unwrap();
        assert_eq!(line.as_ptr(), chunk.as_ptr());
        decoder.next(&mut input).unwrap().unwrap();
        assert_eq!(decoder.partial.capacity(), 0);
    }

    #[test]
    fn a_long_line_is_kept_without_a_copy() {
        let mut decoder = Lines::default();
        let block = vec![b'x'; LONG];
        assert_eq!(decoder.next(&mut &block[..]), Ok(None));
        assert_eq!(decoder.next(&mut &block[..]), Ok(None));
        let buffer = decoder.partial.as_ptr();
        let kept = decoder.next(&mut &b"\n"[..]).unwrap().unwrap().whole.unwrap().clone();
        assert_eq!((kept.as_ptr(), kept.len()), (buffer, 2 * LONG));
        assert_eq!(decoder.next(&mut &b"{}\n"[..]).unwrap().unwrap(), (&b"{}"[..]).into());
        assert_eq!(Arc::strong_count(&kept), 1, "nobody else holds it any more");
    }

    #[test]
    fn a_line_without_end_is_refused_and_a_finished_one_gives_memory_back() {
        let mut decoder = Lines::default();
        let block = vec![b'x'; 1 << 20];
        for _ in 0..16 {
            assert_eq!(decoder.next(&mut &block[..]), Ok(None));
        }
        assert_eq!(decoder.next(&mut &block[..]), Err(TooLong));

        let mut decoder = Lines::default();
        assert_eq!(decoder.next(&mut &block[..]), Ok(None));
        assert_eq!(decoder.next(&mut &b"\n"[..]).unwrap().unwrap().len(), 1 << 20);
        assert_eq!(decoder.next(&mut &b""[..]), Ok(None));
        assert_eq!(decoder.partial.capacity(), 0);
        assert!(decoder.given.is_none());
    }
}
