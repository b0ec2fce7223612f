//! The text of JSON values, read in pieces into a [`Sink`].

use std::borrow::Cow;

use crate::json::budget::Budget;
use crate::json::unescape::{PIECE, Sink, Unescape, boundary, unescape, utf8};

/// Text that is only measured, in bytes.
pub(crate) struct Length(pub(crate) usize);

impl Sink for Length {
    fn push(&mut self, text: &str) {
        self.0 += text.len();
    }
}

/// Text that has to fit on one line: line breaks become blanks.
#[derive(Debug)]
pub(crate) struct OneLine<'a> {
    pub(crate) out: &'a mut String,
    /// Tabs become blanks, too.
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

/// Reads a string into `sink`.
pub(crate) async fn read<S: Sink>(mut text: Unescape<'_>, sink: &mut S, budget: &mut Budget) {
    while !text.read_into(sink, budget) {
        budget.pause().await;
    }
    budget.pause().await;
}

/// Reads a string without its quotes, anything else as JSON, into `sink`.
pub(crate) async fn bare<S: Sink>(raw: &[u8], sink: &mut S, budget: &mut Budget) {
    match is_string(raw) {
        true => read(Unescape::new(raw), sink, budget).await,
        false => copy(raw, sink, budget).await,
    }
}

/// Copies `raw`. Bytes that are not UTF-8 become U+FFFD.
pub(crate) async fn copy<S: Sink>(raw: &[u8], sink: &mut S, budget: &mut Budget) {
    let mut at = 0;
    while at < raw.len() {
        let run = boundary(raw, at, PIECE);
        let part = &raw[at..at + run];
        sink.push(&utf8(part));
        at += run;
        budget.spend(run * S::COST / 8 + 4).await;
    }
}

/// A string without its quotes; `None` for anything else.
pub(crate) async fn decoded<'a>(raw: &'a [u8], budget: &mut Budget) -> Option<Cow<'a, str>> {
    if !is_string(raw) {
        return None;
    }
    if raw.len() <= PIECE {
        budget.spend(raw.len() / 4 + 2).await;
        return Some(unescape(raw));
    }
    let mut text = String::with_capacity(raw.len());
    read(Unescape::new(raw), &mut text, budget).await;
    Some(Cow::Owned(text))
}

/// A short string without its quotes, anything else as JSON, in one go.
pub(crate) fn plain(raw: &[u8]) -> Cow<'_, str> {
    match is_string(raw) {
        true => unescape(raw),
        false => utf8(raw),
    }
}

/// Whether a raw value is a string.
fn is_string(raw: &[u8]) -> bool {
    raw.len() > 1 && raw.starts_with(b"\"") && raw.ends_with(b"\"")
}

/// How many bytes [`bare`] writes.
pub(crate) async fn length(raw: &[u8], budget: &mut Budget) -> usize {
    let mut length = Length(0);
    bare(raw, &mut length, budget).await;
    length.0
}

/// Text without blanks around it.
pub(crate) async fn trim<'a>(text: &'a [u8], budget: &mut Budget) -> &'a [u8] {
    // Bytes that are not UTF-8 are not blanks.
    let rest = |part: &[u8], trim: fn(&str) -> &str| {
        std::str::from_utf8(part).map_or(part.len(), |part| trim(part).len())
    };
    let (mut start, mut end) = (0, text.len());
    while start < end {
        let run = boundary(text, start, PIECE);
        let blanks = run - rest(&text[start..start + run], str::trim_start);
        start += blanks;
        budget.spend(blanks * 2 + 2).await;
        if blanks < run {
            break;
        }
    }
    while start < end {
        let mut from = end.saturating_sub(PIECE).max(start);
        while from > start && text[from] & 0xc0 == 0x80 {
            from -= 1;
        }
        let left = rest(&text[from..end], str::trim_end);
        budget.spend((end - from - left) * 2 + 2).await;
        end = from + left;
        if left > 0 {
            break;
        }
    }
    &text[start..end]
}
