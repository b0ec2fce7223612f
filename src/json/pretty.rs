//! JSON laid out anew. Strings and numbers keep the bytes that they came as.
//!
//! Text that is not JSON is copied as it came, from the byte where it stops being JSON.

use crate::json::budget::Budget;
use crate::json::task::Task;
use crate::json::text::{Length, copy, trim};
use crate::json::tokenizer::{Dialect, Step, Token, Tokenizer};
use crate::json::unescape::{PIECE, Sink, utf8};
use crate::room::STEP;

/// Deeper values share the line of their parent, because indentation would make a hostile
/// answer dozens of times as long.
const DEEPEST: usize = 16;
/// A line break and the indentation of the deepest line.
const INDENT: &[u8] = b"\n                                ";

/// `json` with line breaks and indentation, made in one go.
pub fn laid_out(json: &str) -> String {
    Task::new(|mut budget| async move {
        let mut out = String::new();
        pretty(json.as_bytes(), &mut out, &mut budget).await;
        out
    })
    .finish()
}

/// Writes `json` with line breaks and indentation to the end of `out`.
pub(crate) async fn pretty(json: &[u8], out: &mut String, budget: &mut Budget) {
    let mut length = json.len() + json.len() / 4;
    if length > STEP {
        // A list of digits becomes several times as long, and room for too little or for too
        // much would be megabytes.
        let mut measured = Length(0);
        write(Layout::new(json, Tokenizer::new(), true), &mut measured, budget).await;
        length = measured.0;
    }
    out.reserve_exact(length + 1);
    write(Layout::new(json, Tokenizer::new(), true), out, budget).await;
}

/// Writes `json` without the blanks between its tokens to the end of `out`.
pub(crate) async fn compact(json: &[u8], dialect: Dialect, out: &mut String, budget: &mut Budget) {
    write(Layout::new(json, Tokenizer::of(dialect), false), out, budget).await;
}

async fn write<S: Sink>(mut layout: Layout<'_>, out: &mut S, budget: &mut Budget) {
    loop {
        let stop = layout.advance(budget);
        // One check of UTF-8 for many tokens.
        out.push(&utf8(&layout.piece));
        layout.piece.clear();
        match stop {
            Stop::Pause => budget.pause().await,
            Stop::LongToken => copy(layout.raw(), out, budget).await,
            Stop::End => return,
            Stop::NotJson => break,
        }
    }
    let rest = &layout.json[layout.before.map_or(0, |_| layout.tokenizer.end())..];
    let tail = trim(rest, budget).await;
    if layout.before.is_some() && !tail.is_empty() {
        // Without the blanks two values would be read as one.
        let blanks = rest.iter().take(PIECE).take_while(|byte| byte.is_ascii_whitespace()).count();
        copy(&rest[..blanks], out, budget).await;
    }
    copy(tail, out, budget).await;
}

/// Why [`Layout::advance`] returned.
enum Stop {
    /// The budget is spent, or the piece is full.
    Pause,
    /// The last token is too long for a piece, and is not in it.
    LongToken,
    /// The value has ended, and nothing else follows it.
    End,
    NotJson,
}

struct Layout<'a> {
    json: &'a [u8],
    tokenizer: Tokenizer,
    is_pretty: bool,
    before: Option<Token>,
    /// Whole tokens that are not written yet.
    piece: Vec<u8>,
}

impl<'a> Layout<'a> {
    fn new(json: &'a [u8], tokenizer: Tokenizer, is_pretty: bool) -> Layout<'a> {
        let piece = Vec::with_capacity(json.len().min(PIECE) * 2 + 64);
        Layout { json, tokenizer, is_pretty, before: None, piece }
    }

    /// Adds tokens to the piece.
    fn advance(&mut self, budget: &mut Budget) -> Stop {
        while self.piece.len() < PIECE {
            let step = match self.tokenizer.is_done() {
                false => self.tokenizer.next(self.json, budget),
                true => self.tokenizer.trailing(self.json, budget),
            };
            let token = match step {
                Ok(Step::Token(token)) => Some(token),
                Ok(Step::OutOfBudget) => return Stop::Pause,
                Ok(Step::NeedInput) if self.tokenizer.is_done() => return Stop::End,
                Ok(Step::NeedInput) => self.tokenizer.finish().ok().flatten(),
                _ => None,
            };
            let Some(token) = token else { return Stop::NotJson };
            self.separate(token);
            let raw = self.raw();
            budget.charge(raw.len().min(PIECE) / 8 + 8);
            if raw.len() > PIECE {
                return Stop::LongToken;
            }
            self.piece.extend_from_slice(raw);
        }
        Stop::Pause
    }

    /// The bytes of the last token.
    fn raw(&self) -> &'a [u8] {
        &self.json[self.tokenizer.start()..self.tokenizer.end()]
    }

    /// Writes the separator between the token before and `token`.
    fn separate(&mut self, token: Token) {
        use Token::{Key, ListEnd, ListStart, ObjectEnd, ObjectStart};
        match (self.before.replace(token), token) {
            (None, _) | (Some(ObjectStart | ListStart), ObjectEnd | ListEnd) => return,
            (Some(Key), _) => {
                self.piece.extend_from_slice(if self.is_pretty { b": " } else { b":" });
                return;
            }
            (Some(ObjectStart | ListStart), _) | (_, ObjectEnd | ListEnd) => {}
            _ => self.piece.push(b','),
        }
        let is_start = matches!(token, ObjectStart | ListStart);
        let depth = self.tokenizer.nesting().depth() - usize::from(is_start);
        if self.is_pretty && depth <= DEEPEST {
            self.piece.extend_from_slice(&INDENT[..1 + 2 * depth]);
        }
    }
}
