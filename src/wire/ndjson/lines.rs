//! Newline-delimited messages (stdio framing, MCP "Transports: stdio").
//!
//! One JSON document per line, as every revision asks of stdio and as 2026-07-28
//! recommends for any reliable byte stream. What real servers get wrong is
//! tolerated: CRLF, a byte order mark, blank lines, blanks around a line.
//!
//! Invariants:
//! * any way of cutting the stream into chunks yields the same lines, but for a
//!   long batch, whose messages may come one by one;
//! * a line that lies whole inside one chunk is never copied;
//! * a long line is outlined as it comes, and its buffer is given to whoever
//!   keeps a part of it, so that its end costs little;
//! * no more bytes of an unfinished line are ever held than the limit says; the rest
//!   of a longer one is passed over, and the line after it is good again.

use std::hint::black_box;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use crate::release;
use crate::rpc::batch::Batch;
use crate::rpc::scanner::Scanner;
use crate::rpc::{envelope, salvage};
use crate::wire::incoming::{Bytes, Text, TooLong};

/// Longest line accepted, in bytes, unless another limit is set: 16 MiB.
pub const LIMIT: usize = 16 << 20;

/// From here on a line is outlined as it comes; a shorter one is done at once.
const LONG: usize = 64 << 10;

/// From here on a line gets room for twice what it has, and only if there is
/// memory for it and for what will be made of it.
const HUGE: usize = 1 << 20;
/// The beginning of a long line that came in one piece, where its id is looked for.
const HEAD: usize = 64 << 10;

/// So many times a line's room is wanted besides: for its text, for whoever keeps
/// that, and for the next one on another connection.
const MADE_OF_IT: usize = 4;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What stands for the rest of a long batch that is none: no message either.
const NO_BATCH: &[u8] = b"[";

/// A line that is being passed over.
#[derive(Debug)]
struct Skipping {
    line: TooLong,
    /// Its last bytes, where the id of an answer may stand.
    tail: Vec<u8>,
}

impl Skipping {
    /// `held` is its beginning, `scanner` what is known of that.
    fn new(held: &[u8], scanner: Option<&Scanner>) -> Skipping {
        let raw_id = scanner.and_then(|scanner| held.get(scanner.id.clone()?));
        let raw_id = raw_id.and_then(|id| std::str::from_utf8(id).ok());
        let is_answer = scanner.is_some_and(|scanner| !scanner.is_request());
        let id = raw_id.filter(|_| is_answer).and_then(envelope::id_of);
        let request_id = raw_id.filter(|id| !is_answer && salvage::may_be_id(id));
        let request_id = request_id.map(Box::from);
        let line = TooLong { id, is_answer, request_id, ..TooLong::default() };
        let mut skipping = Skipping { line, tail: Vec::new() };
        skipping.pass(held);
        skipping
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.line.bytes += bytes.len() as u64;
        let kept = salvage::TAIL.saturating_sub(bytes.len()).min(self.tail.len());
        self.tail.drain(..self.tail.len() - kept);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(salvage::TAIL)..]);
    }

    fn finish(mut self) -> TooLong {
        if self.line.id.is_none() && self.line.is_answer {
            self.line.id = salvage::last_id(&self.tail);
        } else if self.line.request_id.is_none() && !self.line.is_answer {
            self.line.request_id = salvage::last_raw_id(&self.tail).map(Box::from);
        }
        self.line
    }
}

/// Cuts a byte stream into lines.
#[derive(Debug)]
pub struct Lines {
    /// The unfinished line, from its first byte that is no blank.
    partial: Vec<u8>,
    /// What is known of `partial`, when it is long.
    long: Option<Box<Long>>,
    /// Lines are given out with their blanks, and blank ones, too.
    verbatim: bool,
    limit: usize,
    /// A line that is too long.
    skipping: Option<Box<Skipping>>,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines { partial: Vec::new(), long: None, verbatim: false, limit: LIMIT, skipping: None }
    }
}

/// What is known of a long line.
#[derive(Debug)]
enum Long {
    Line(Scanner),
    /// Its messages are given out as if each were a line.
    Batch {
        batch: Batch,
        ended: bool,
    },
}

/// Where the next line was found.
enum FoundLine<'i> {
    /// In the chunk.
    Chunk(&'i [u8]),
    /// It is the one that was put together.
    Partial,
    /// A message of the batch that is being put together.
    Message(Range<usize>),
    /// The batch was none.
    Junk,
}

impl Lines {
    /// The next line that is complete, trimmed and not empty. `input` shrinks to
    /// what was not used; `None` means that all of it was.
    ///
    /// # Errors
    /// [`TooLong`] at the end of a line that was longer than the limit. The next one is
    /// read as any other.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Text<'i>>, TooLong> {
        let Some(found) = self.find(input)? else { return Ok(None) };
        let verbatim = self.verbatim;
        Ok(Some(match found {
            FoundLine::Chunk(line) => Text { verbatim, ..Text::chunk(line) },
            FoundLine::Partial => Text { verbatim, ..self.give() },
            FoundLine::Message(place) if place.start > 0 || place.len() <= LONG => {
                Text::whole(self.partial[place].to_vec())
            }
            FoundLine::Message(_) => self.give_message(),
            FoundLine::Junk => Text::chunk(NO_BATCH),
        }))
    }

    /// Puts bytes behind the unfinished message, for a framing that knows itself where a
    /// message ends: newlines are blanks. The messages of a long batch are given out by
    /// [`next`](Lines::next) with no input.
    pub fn push(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.hold(bytes);
        }
    }

    /// What was pushed is whole. `None`: there is nothing in it, or it is a batch, whose last
    /// messages are given out by [`next`](Lines::next).
    ///
    /// # Errors
    /// As [`next`](Lines::next).
    pub fn end(&mut self) -> Result<Option<Text<'static>>, TooLong> {
        if let Some(skipping) = self.skipping.take() {
            return Err(skipping.finish());
        }
        if let Some(Long::Batch { ended, .. }) = self.long.as_deref_mut() {
            *ended = true;
            return Ok(None);
        }
        Ok((!self.partial.is_empty()).then(|| self.give()))
    }

    fn find<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<FoundLine<'i>>, TooLong> {
        loop {
            if let Some(found) = self.find_in_batch() {
                return Ok(Some(found));
            }
            let Some(end) = memchr::memchr(b'\n', input) else {
                if input.is_empty() {
                    return Ok(None);
                }
                self.hold(mem::take(input));
                continue;
            };
            let (line, rest) = input.split_at(end);
            *input = &rest[1..];
            if let Some(mut skipping) = self.skipping.take() {
                skipping.pass(line);
                return Err(skipping.finish());
            }
            if self.partial.is_empty() && self.long.is_none() {
                let line = if self.verbatim { line } else { trim(line) };
                if line.len() > self.limit {
                    let mut scanner = Scanner::default();
                    scanner.advance(&line[..HEAD.min(line.len())]);
                    return Err(Skipping::new(line, Some(&scanner)).finish());
                }
                if self.verbatim || !line.is_empty() {
                    return Ok(Some(FoundLine::Chunk(line)));
                }
                continue;
            }
            self.hold(line);
            if let Some(skipping) = self.skipping.take() {
                return Err(skipping.finish());
            }
            if let Some(Long::Batch { ended, .. }) = self.long.as_deref_mut() {
                *ended = true;
            } else if !self.partial.is_empty() {
                return Ok(Some(FoundLine::Partial));
            }
        }
    }

    /// The next message of a long batch. One that has ended is let go.
    fn find_in_batch<'i>(&mut self) -> Option<FoundLine<'i>> {
        let Some(Long::Batch { batch, ended }) = self.long.as_deref_mut() else { return None };
        if let Some(place) = batch.next(&self.partial) {
            return Some(FoundLine::Message(place));
        }
        if !*ended {
            return None;
        }
        let is_whole = batch.is_done();
        self.long = None;
        self.partial = Vec::new();
        (!is_whole).then_some(FoundLine::Junk)
    }

    /// Puts `bytes` behind the unfinished line.
    fn hold(&mut self, mut bytes: &[u8]) {
        if let Some(skipping) = &mut self.skipping {
            return skipping.pass(bytes);
        }
        match self.long.as_deref_mut() {
            None if self.partial.is_empty() && !self.verbatim => bytes = skip_start(bytes),
            Some(Long::Batch { batch, .. }) => batch.forget(&mut self.partial),
            _ => {}
        }
        let length = self.partial.len() + bytes.len();
        let limit = self.limit;
        if length > limit {
            return self.skip(bytes, false);
        }
        if length > release::SMALL && length > self.partial.capacity() {
            if let Some(mut spare) = release::largest(length) {
                spare.extend_from_slice(&self.partial);
                self.partial = spare;
            }
        }
        if length > HUGE && length > self.partial.capacity() {
            let wanted = length.saturating_mul(2).min(limit);
            if !is_memory_for(wanted * MADE_OF_IT)
                || self.partial.try_reserve_exact(wanted - self.partial.len()).is_err()
            {
                return self.skip(bytes, true);
            }
        }
        self.partial.extend_from_slice(bytes);
        if self.long.is_none() && self.partial.starts_with(BOM) {
            // It was cut in two.
            let start = self.partial.len() - skip_start(&self.partial).len();
            self.partial.drain(..start);
        }
        if self.partial.len() > LONG {
            let long = self.long.get_or_insert_with(|| Box::new(Long::new(&self.partial)));
            if let Long::Line(scanner) = &mut **long {
                scanner.advance(&self.partial);
            }
        }
    }

    /// Lets go of the unfinished line, which goes on with `bytes`.
    fn skip(&mut self, bytes: &[u8], no_memory: bool) {
        let (mut head, held) = (Scanner::default(), &self.partial);
        let scanner = match self.long.as_deref() {
            Some(Long::Line(scanner)) => Some(scanner),
            Some(Long::Batch { .. }) => None,
            None if held.is_empty() => {
                // All of it came at once, as a host may read.
                head.advance(&bytes[..HEAD.min(bytes.len())]);
                let mut skipping = Box::new(Skipping::new(bytes, Some(&head)));
                skipping.line.no_memory = no_memory;
                self.skipping = Some(skipping);
                return;
            }
            None => {
                head.advance(held);
                Some(&head)
            }
        };
        let mut skipping = Box::new(Skipping::new(held, scanner));
        skipping.line.no_memory = no_memory;
        skipping.pass(bytes);
        self.skipping = Some(skipping);
        release::later(mem::take(&mut self.partial));
        self.long = None;
    }

    /// Longest line that is read, in bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How much of a line that is too long has been passed over.
    pub fn skipped(&self) -> u64 {
        self.skipping.as_ref().map_or(0, |skipping| skipping.line.bytes)
    }

    /// Gives out the line that was put together.
    fn give(&mut self) -> Text<'static> {
        let scanner = match self.long.take().map(|long| *long) {
            Some(Long::Line(scanner)) => Some(Box::new(scanner)),
            _ => None,
        };
        let mut whole = mem::take(&mut self.partial);
        // A short text is better copied than kept with all that its buffer has
        // room for.
        let keep = whole.len() > LONG;
        if !keep && !self.verbatim {
            let text = trim(&whole);
            if text.len() < whole.len() {
                whole = text.to_vec();
            }
        }
        Text { bytes: Bytes::Whole(Arc::new(whole)), scanner, keep, verbatim: false }
    }

    /// Gives out the long message of a batch at the start of what is held.
    fn give_message(&mut self) -> Text<'static> {
        let (buffer, scanner) = match self.long.as_deref_mut() {
            Some(Long::Batch { batch, .. }) => batch.take(&mut self.partial),
            _ => Default::default(),
        };
        let scanner = Some(Box::new(scanner));
        Text { bytes: Bytes::Whole(Arc::new(buffer)), scanner, keep: true, verbatim: false }
    }

    /// The text after the last newline when the stream ends: a peer that dies between a
    /// message and its newline has still said it.
    pub fn finish(&mut self) -> Option<Text<'static>> {
        if let Some(Long::Batch { batch, .. }) = self.long.as_deref() {
            return (!batch.is_done()).then(|| Text::chunk(NO_BATCH));
        }
        let verbatim = self.verbatim;
        Some(Text { verbatim, ..self.give() }).filter(|text| !text.is_empty())
    }

    /// From now on lines are given out as they are, blank ones too, or no longer: a
    /// message that goes on over several lines may have blanks that count.
    pub fn set_verbatim(&mut self, verbatim: bool) {
        self.verbatim = verbatim;
    }

    /// The beginning of the unfinished line.
    pub fn unfinished(&self) -> &[u8] {
        &self.partial[..self.partial.len().min(LONG)]
    }

    /// Bytes held for an unfinished line.
    pub fn buffered(&self) -> usize {
        self.partial.len()
    }

    /// Gives memory back; called when a connection goes idle.
    pub fn shrink(&mut self) {
        self.partial.shrink_to_fit();
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        release::later(mem::take(&mut self.partial));
    }
}

impl Long {
    fn new(text: &[u8]) -> Long {
        match text.first() {
            Some(b'[') => Long::Batch { batch: Batch::default(), ended: false },
            _ => Long::Line(Scanner::deep()),
        }
    }
}

/// Without the blanks at both ends and the byte order mark.
fn trim(line: &[u8]) -> &[u8] {
    skip_start(line).trim_ascii_end()
}

/// From the first byte that counts on.
fn skip_start(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii_start();
    while let Some(rest) = line.strip_prefix(BOM) {
        line = rest.trim_ascii_start();
    }
    line
}

/// Whether so many bytes could be had now. They are not touched, and given back: what
/// takes them later cannot fail without ending the process.
fn is_memory_for(bytes: usize) -> bool {
    let mut probe = Vec::<u8>::new();
    let is_there = probe.try_reserve_exact(bytes).is_ok();
    // A compiler may leave out what nobody looks at.
    black_box(&mut probe);
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::scanner::Verdict;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut decoder = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            let mut input = *chunk;
            while let Some(mut text) = decoder.next(&mut input).unwrap() {
                out.push(String::from_utf8(text.line().to_vec()).unwrap());
            }
        }
        out.extend(
            decoder.finish().map(|mut text| String::from_utf8(text.line().to_vec()).unwrap()),
        );
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
        let mut text = decoder.next(&mut input).unwrap().unwrap();
        assert_eq!(text.line().as_ptr(), chunk.as_ptr());
        decoder.next(&mut input).unwrap().unwrap();
        assert_eq!(decoder.partial.capacity(), 0);
    }

    #[test]
    fn a_long_line_is_kept_without_a_copy() {
        let mut decoder = Lines::default();
        let block = vec![b'x'; LONG];
        assert!(decoder.next(&mut &block[..]).unwrap().is_none());
        assert!(decoder.next(&mut &block[..]).unwrap().is_none());
        let buffer = decoder.partial.as_ptr();
        let mut text = decoder.next(&mut &b"\n"[..]).unwrap().unwrap();
        let kept = text.line().whole.unwrap().clone();
        drop(text);
        assert_eq!((kept.as_ptr(), kept.len()), (buffer, 2 * LONG));
        let mut text = decoder.next(&mut &b"{}\n"[..]).unwrap().unwrap();
        assert_eq!(text.line().text, b"{}");
        assert_eq!(Arc::strong_count(&kept), 1, "nobody else holds it any more");
    }

    #[test]
    fn a_line_without_end_is_refused_and_a_finished_one_gives_memory_back() {
        let mut decoder = Lines::default();
        let block = vec![b'x'; 1 << 20];
        for _ in 0..16 {
            assert!(decoder.next(&mut &block[..]).unwrap().is_none());
        }
        assert_eq!(decoder.skipped(), 0);
        assert!(decoder.next(&mut &block[..]).unwrap().is_none());
        assert_eq!((decoder.skipped(), decoder.buffered()), (17 << 20, 0));
        let end = TooLong { bytes: (17 << 20) + 1, is_answer: true, ..TooLong::default() };
        let mut input = &b"x\n{}\n"[..];
        assert_eq!(decoder.next(&mut input).unwrap_err(), end);
        assert_eq!(decoder.next(&mut input).unwrap().unwrap().line().text, b"{}");

        let mut decoder = Lines::default();
        assert!(decoder.next(&mut &block[..]).unwrap().is_none());
        assert_eq!(decoder.next(&mut &b"\n"[..]).unwrap().unwrap().len(), 1 << 20);
        assert!(decoder.next(&mut &b""[..]).unwrap().is_none());
        assert_eq!(decoder.partial.capacity(), 0);
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_known_by_its_id() {
        let long = "x".repeat(100_000);
        for (line, id, is_answer) in [
            (format!("{{\"id\":7,\"result\":\"{long}\"}}"), Some(7), true),
            (format!("{{\"result\":\"{long}\",\"id\":8}} "), Some(8), true),
            (format!("{{\"id\":7,\"method\":\"{long}\"}}"), None, false),
            (format!("{{\"method\":\"x\",\"id\":7,\"params\":\"{long}\"}}"), None, false),
            (format!("{{\"result\":\"{long}\"}}"), None, true),
        ] {
            let stream = format!("{line}\n{{\"a\":1}}\n");
            for size in [10, 1000, 70_000, stream.len()] {
                let mut decoder = Lines::default();
                decoder.set_limit(90_000);
                let mut found = Vec::new();
                for chunk in stream.as_bytes().chunks(size) {
                    let mut input = chunk;
                    loop {
                        match decoder.next(&mut input) {
                            Ok(None) => break,
                            Ok(Some(mut text)) => found.push(Ok(text.line().text.to_vec())),
                            Err(line) => found.push(Err((line.id, line.is_answer))),
                        }
                    }
                }
                assert_eq!(found, [Err((id, is_answer)), Ok(b"{\"a\":1}".to_vec())], "{size}");
            }
        }
    }

    #[test]
    fn a_request_beyond_the_limit_is_known_by_its_id() {
        let long = "x".repeat(100_000);
        for (line, id) in [
            (format!("{{\"id\":7,\"params\":\"{long}\",\"method\":\"x\"}}"), Some("7")),
            (format!("{{\"method\":\"x\",\"id\":\"q\",\"params\":\"{long}\"}}"), Some("\"q\"")),
            (format!("{{\"method\":\"x\",\"params\":\"{long}\",\"id\":-1.5}}"), Some("-1.5")),
            (format!("{{\"method\":\"x\",\"params\":\"{long}\",\"id\":{{}}}}"), None),
            (format!("{{\"method\":\"x\",\"params\":{{\"a\":\"{long}\",\"id\":5}}}}"), None),
            (format!("{{\"method\":\"x\",\"params\":\"{long}\"}}"), None),
            (format!("{{\"method\":\"x\",\"id\":\"{long}\"}}"), None),
        ] {
            for size in [1000, 70_000, line.len()] {
                let mut decoder = Lines::default();
                decoder.set_limit(90_000);
                let mut found = None;
                for chunk in line.as_bytes().chunks(size).chain([&b"\n"[..]]) {
                    found = decoder.next(&mut &*chunk).err().or(found);
                }
                let found = found.expect("it is too long");
                let wanted = (None, false, id);
                let request_id = found.request_id.as_deref();
                assert_eq!((found.id, found.is_answer, request_id), wanted, "{size} {line:.60}");
            }
        }
    }

    /// The texts of the lines of `stream`, by their lengths, as `parse_line` would
    /// have them, and how many of them kept their buffer.
    fn long_lines(stream: &[u8], size: usize) -> (Vec<usize>, usize) {
        let (mut decoder, mut lengths, mut kept) = (Lines::default(), Vec::new(), 0);
        for chunk in stream.chunks(size) {
            let mut input = chunk;
            while let Some(mut text) = decoder.next(&mut input).unwrap() {
                let line = text.line();
                kept += usize::from(line.whole.is_some());
                let text = line.text.trim_ascii();
                assert_eq!(line.scanner.is_some(), line.whole.is_some());
                let mut scanner = line.scanner.unwrap_or_default();
                let verdict = scanner.finish(line.text);
                assert!(verdict != Verdict::Whole || scanner.result.is_some());
                lengths.push(if verdict == Verdict::Whole { text.len() } else { 0 });
            }
        }
        (lengths, kept)
    }

    #[test]
    fn long_lines_with_blanks_and_marks_before_them_are_outlined_as_they_come() {
        let text = format!("{{\"result\":\"{}\"}}", "x".repeat(2 * LONG));
        let blanks = " ".repeat(2 * LONG);
        for before in ["", " ", &blanks, "\u{feff}", " \u{feff} ", "\u{feff}\u{feff}"] {
            for after in ["", "\r", &blanks] {
                let stream = format!("{before}{text}{after}\n{blanks}\n{{\"result\":1}}\n");
                for size in [LONG, 1000] {
                    let (lengths, kept) = long_lines(stream.as_bytes(), size);
                    assert_eq!((lengths, kept), (vec![text.len(), 12], 1), "{}", before.len());
                }
            }
        }
        let (lengths, _) = long_lines(format!("\u{feff}{text}\n").as_bytes(), 1);
        assert_eq!(lengths, [text.len()]);
    }

    #[test]
    fn a_long_batch_comes_message_by_message_and_keeps_little() {
        let small = "{\"result\":1}";
        let big = format!("{{\"result\":\"{}\"}}", "x".repeat(3 * LONG));
        let stream =
            format!("[{}{big} , {big},{small}] \r\n{small}\n", format!("{small},").repeat(9000));
        let mut lengths = vec![12; 9000];
        lengths.extend([big.len(), big.len(), 12, 12]);
        for size in [LONG, 1000] {
            let (found, kept) = long_lines(stream.as_bytes(), size);
            assert_eq!(found, lengths, "{size}");
            assert_eq!(kept, 2, "the long ones");
        }
        let mut decoder = Lines::default();
        for chunk in stream.as_bytes().chunks(LONG) {
            let mut input = chunk;
            while decoder.next(&mut input).unwrap().is_some() {}
            assert!(decoder.buffered() <= 3 * LONG + LONG);
        }
        assert_eq!(decoder.partial.capacity(), 0);
        // Its messages count; what follows them is no message.
        let broken = format!("[{}oops]\n{small}\n", format!("{small},").repeat(9000));
        let (found, _) = long_lines(broken.as_bytes(), LONG);
        assert_eq!(found[..9000], lengths[..9000]);
        assert_eq!(found[9000..], [0, 12]);
    }
}
