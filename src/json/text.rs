//! The text inside of JSON strings, in pieces.
//!
//! Invariant: every well-formed JSON string is text. Half a surrogate pair, which
//! some servers send, is read as U+FFFD; `serde_json` would refuse the string.

use std::borrow::Cow;

use crate::json::cursor::{Bad, PIECE, piece};
use crate::json::plain_run;
use crate::json::task::{Job, Pace};

/// What takes text as it is read.
pub(crate) trait Sink: Send {
    /// Eighths of a nanosecond that a byte costs.
    const COST: usize = 2;

    fn push(&mut self, text: &str);
}

impl Sink for String {
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Text that is only checked.
struct Nowhere;

impl Sink for Nowhere {
    fn push(&mut self, _: &str) {}
}

/// Text that is only measured, in bytes.
struct Length(usize);

impl Sink for Length {
    fn push(&mut self, text: &str) {
        self.0 += text.len();
    }
}

/// Text that has to fit on one line: what breaks it becomes a blank.
#[derive(Debug)]
pub(crate) struct OneLine<'a> {
    pub(crate) out: &'a mut String,
    /// So does a tab.
    pub(crate) tabs: bool,
}

impl Sink for OneLine<'_> {
    const COST: usize = 8;

    fn push(&mut self, text: &str) {
        let breaks = |c: char| matches!(c, '\n' | '\r') || c == '\t' && self.tabs;
        let mut parts = text.split(breaks);
        self.out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            self.out.push(' ');
            self.out.push_str(part);
        }
    }
}

/// The first line with something on it, without blanks around it.
#[derive(Debug)]
pub(crate) struct FirstLine<'a> {
    out: OneLine<'a>,
    start: usize,
    /// Where the last word ends.
    end: usize,
    over: bool,
}

impl<'a> FirstLine<'a> {
    /// Writes the line to the end of `out`, as [`OneLine`] does with tabs.
    pub(crate) fn new(out: &'a mut String) -> FirstLine<'a> {
        let start = out.len();
        FirstLine { out: OneLine { out, tabs: true }, start, end: start, over: false }
    }

    /// Whether anything was written.
    pub(crate) fn end(self) -> bool {
        self.out.out.truncate(self.end);
        self.end > self.start
    }
}

impl Sink for FirstLine<'_> {
    const COST: usize = 8;

    fn push(&mut self, text: &str) {
        if self.over {
            return;
        }
        let text = if self.end == self.start { text.trim_start() } else { text };
        let line = match text.split_once('\n') {
            Some((line, _)) => {
                self.over = true;
                line
            }
            None => text,
        };
        let words = line.trim_end().len();
        let before = self.out.out.len();
        self.out.push(line);
        if words > 0 {
            self.end = before + words;
        }
    }
}

/// Reads the raw string `raw` into `sink`.
///
/// # Errors
/// When it is no string, or no text; the sink has got the beginning of it.
pub(crate) async fn unescape<S: Sink>(
    raw: &[u8],
    sink: &mut S,
    pace: &mut Pace,
) -> Result<(), Bad> {
    let Some(inside) = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")) else {
        return Err(Bad);
    };
    unescape_inside(inside, sink, pace).await
}

/// As [`unescape`], for what stands between the quotes.
pub(crate) async fn unescape_inside<S: Sink>(
    inside: &[u8],
    sink: &mut S,
    pace: &mut Pace,
) -> Result<(), Bad> {
    let mut at = 0;
    while at < inside.len() {
        let all = piece(inside, at);
        let count = plain_run(all, true, true);
        let run = if count == PIECE { boundary(inside, at, count) } else { count };
        if run > 0 {
            sink.push(std::str::from_utf8(&inside[at..at + run]).map_err(|_| Bad)?);
            at += run;
        }
        pace.spend(run * S::COST / 8 + 4).await;
        if count < all.len() {
            let (character, length) = escaped(&inside[at..]).ok_or(Bad)?;
            sink.push(character.encode_utf8(&mut [0; 4]));
            at += length;
        }
    }
    Ok(())
}

/// Reads a string without its quotes, anything else as JSON, into `sink`.
pub(crate) async fn bare<S: Sink>(raw: &[u8], sink: &mut S, pace: &mut Pace) {
    // A string that is not well formed can only come of a reader that failed.
    if !raw.starts_with(b"\"") || unescape(raw, sink, pace).await.is_err() {
        copy(raw, sink, pace).await;
    }
}

/// Takes `raw` as it is. What is no UTF-8 is replaced.
pub(crate) async fn copy<S: Sink>(raw: &[u8], sink: &mut S, pace: &mut Pace) {
    let mut at = 0;
    while at < raw.len() {
        let run = boundary(raw, at, PIECE);
        let part = &raw[at..at + run];
        match std::str::from_utf8(part) {
            Ok(text) => sink.push(text),
            Err(_) => sink.push(&String::from_utf8_lossy(part)),
        }
        at += run;
        pace.spend(run * S::COST / 8 + 4).await;
    }
}

/// Whether `raw` is a string, and text.
pub(crate) async fn is_text(raw: &[u8], pace: &mut Pace) -> bool {
    unescape(raw, &mut Nowhere, pace).await.is_ok()
}

/// A string without its quotes.
pub(crate) async fn decoded<'a>(raw: &'a [u8], pace: &mut Pace) -> Result<Cow<'a, str>, Bad> {
    if raw.len() < PIECE && !raw.contains(&b'\\') {
        pace.spend(raw.len() / 8 + 2).await;
        let inside = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")).ok_or(Bad)?;
        return std::str::from_utf8(inside).map(Cow::Borrowed).map_err(|_| Bad);
    }
    let mut text = String::with_capacity(raw.len());
    unescape(raw, &mut text, pace).await?;
    Ok(Cow::Owned(text))
}

/// A short string without its quotes, anything else as JSON, in one go.
pub(crate) fn plain(raw: &[u8]) -> Cow<'_, str> {
    let inside = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
    match inside {
        None => String::from_utf8_lossy(raw),
        Some(inside) if !inside.contains(&b'\\') => String::from_utf8_lossy(inside),
        Some(_) => Cow::Owned(
            Job::new(|mut pace| async move {
                let mut text = String::with_capacity(raw.len());
                bare(raw, &mut text, &mut pace).await;
                text
            })
            .finish(),
        ),
    }
}

/// Whether a raw value means yes: `true`, also as text, or a number but 0.
pub(crate) fn truth(raw: &[u8]) -> bool {
    let word = plain(raw);
    let word = word.trim();
    ["true", "yes", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes))
        || word.parse::<f64>().is_ok_and(|number| number != 0.0 && !number.is_nan())
}

/// How many bytes [`bare`] writes.
pub(crate) async fn length(raw: &[u8], pace: &mut Pace) -> usize {
    let mut length = Length(0);
    bare(raw, &mut length, pace).await;
    length.0
}

/// Whether all of it is UTF-8.
pub(crate) async fn is_utf8(bytes: &[u8], pace: &mut Pace) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let run = boundary(bytes, at, PIECE);
        if std::str::from_utf8(&bytes[at..at + run]).is_err() {
            return false;
        }
        at += run;
        pace.spend(run / 2).await;
    }
    true
}

/// Text without blanks around it.
pub(crate) async fn trim<'a>(text: &'a [u8], pace: &mut Pace) -> &'a [u8] {
    let words = |part: &'a [u8]| std::str::from_utf8(part).unwrap_or_default();
    let (mut start, mut end) = (0, text.len());
    while start < end {
        let run = boundary(text, start, PIECE);
        let blanks = run - words(&text[start..start + run]).trim_start().len();
        start += blanks;
        pace.spend(blanks * 2 + 2).await;
        if blanks < run {
            break;
        }
    }
    while start < end {
        let mut from = end.saturating_sub(PIECE).max(start);
        while from > start && is_inside(text[from]) {
            from -= 1;
        }
        let left = words(&text[from..end]).trim_end().len();
        pace.spend((end - from - left) * 2 + 2).await;
        end = from + left;
        if left > 0 {
            break;
        }
    }
    &text[start..end]
}

/// How many of the `most` bytes from `at` on may be taken without cutting a character.
pub(crate) fn boundary(bytes: &[u8], at: usize, most: usize) -> usize {
    if bytes.len() - at <= most {
        return bytes.len() - at;
    }
    // No character has more than three bytes behind its first.
    (most.saturating_sub(3)..=most)
        .rev()
        .find(|count| !is_inside(bytes[at + count]))
        .unwrap_or(most)
}

fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The character that an escape stands for, and the length of the escape.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let plain = |c| Some((c, 2));
    if text.first() != Some(&b'\\') {
        return None;
    }
    match text.get(1)? {
        b'n' => plain('\n'),
        b't' => plain('\t'),
        b'r' => plain('\r'),
        b'b' => plain('\u{8}'),
        b'f' => plain('\u{c}'),
        byte @ (b'"' | b'\\' | b'/') => plain(char::from(*byte)),
        b'u' => {
            let unit = |at: usize| {
                let hex = text.get(at..at + 4)?;
                hex.iter()
                    .try_fold(0, |unit, byte| Some(unit << 4 | char::from(*byte).to_digit(16)?))
            };
            let first = unit(2)?;
            if let Some(character) = char::from_u32(first) {
                return Some((character, 6));
            }
            let second = if text.get(6..8) == Some(b"\\u") { unit(8) } else { None };
            let second = second.filter(|low| first < 0xdc00 && (0xdc00..0xe000).contains(low));
            // Half a pair stands for nothing; what follows it is read by itself.
            let Some(second) = second else { return Some((char::REPLACEMENT_CHARACTER, 6)) };
            let both = 0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff);
            char::from_u32(both).map(|character| (character, 12))
        }
        _ => None,
    }
}
