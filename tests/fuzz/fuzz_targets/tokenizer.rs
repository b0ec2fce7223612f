//! The tokenizer beside serde_json: arbitrary bytes, cut anywhere, in steps of any size.
//!
//! The first bytes of the input choose cuts, budget, dialect and how much of the text is
//! dropped while it is read. These things hold:
//! - the tokenizer accepts what serde_json accepts, and of JSON with comments what
//!   serde_json accepts without them;
//! - tokens and errors do not depend on cuts, budgets and dropped bytes;
//! - strings unescape to the same text wherever serde_json can read them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use tmcp::json::{
    Budget, Dialect, NotJson, Step, SyntaxError, Token, Tokenizer, is_number, unescape,
};

/// Tokens with their places in the whole text.
type Tokens = Vec<(Token, usize, usize)>;

/// How much of the text is dropped whenever more of it is needed.
#[derive(Clone, Copy, PartialEq)]
enum Drop {
    Nothing,
    /// All that was read, but for the token that is not complete.
    WholeTokens,
    /// All that was read. The start of a token may be lost.
    All,
}

/// How the text is given to the tokenizer.
struct Manner<'a> {
    cuts: &'a [usize],
    units: usize,
    drop: Drop,
}

const AT_ONCE: Manner<'_> = Manner { cuts: &[], units: usize::MAX, drop: Drop::Nothing };

/// All tokens of a text that must be one value, blanks and comments aside.
fn tokens(
    mut tokenizer: Tokenizer,
    text: &[u8],
    manner: &Manner<'_>,
) -> Result<Tokens, SyntaxError> {
    let mut dropped = 0;
    let read = read(&mut tokenizer, text, manner, &mut dropped);
    read.map_err(|NotJson| {
        let error = tokenizer.error().expect("an error says why");
        SyntaxError { at: error.at + dropped, ..error }
    })
}

fn read(
    tokenizer: &mut Tokenizer,
    text: &[u8],
    manner: &Manner<'_>,
    dropped: &mut usize,
) -> Result<Tokens, NotJson> {
    let mut found = Vec::new();
    let mut ends = manner.cuts.iter().copied().chain([text.len()]);
    let mut end = ends.next().unwrap_or(text.len());
    loop {
        let (window, mut budget) = (&text[*dropped..end], Budget::new(manner.units));
        let step = match tokenizer.is_done() {
            false => tokenizer.next(window, &mut budget)?,
            true => tokenizer.trailing(window, &mut budget)?,
        };
        match step {
            Step::Token(token) => {
                found.push((token, tokenizer.start() + *dropped, tokenizer.end() + *dropped));
            }
            Step::OutOfBudget | Step::End => {}
            Step::NeedInput => {
                let count = match manner.drop {
                    Drop::Nothing => 0,
                    Drop::WholeTokens if tokenizer.unfinished().is_some() => tokenizer.start(),
                    _ => tokenizer.at(),
                };
                let Some(next) = ends.next() else { break };
                tokenizer.rebase(count);
                *dropped += count;
                end = next;
            }
        }
    }
    if let Some(token) = tokenizer.finish()? {
        found.push((token, tokenizer.start() + *dropped, tokenizer.end() + *dropped));
    }
    Ok(found)
}

/// JSON with comments as JSON: comments become blanks, a comma between a value and a closing
/// bracket is taken out. `None` when a comment has no end.
fn without_comments(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let [byte, more @ ..] = rest {
        rest = more;
        match (byte, more) {
            (b'/', [b'/', line @ ..]) => {
                let end = line.iter().position(|byte| *byte == b'\n');
                rest = &line[end.unwrap_or(line.len())..];
                out.push(b' ');
                continue;
            }
            (b'/', [b'*', block @ ..]) => {
                rest = &block[block.windows(2).position(|pair| pair == b"*/")? + 2..];
                out.push(b' ');
                continue;
            }
            (b'"', _) => {
                let mut is_escaped = false;
                let end = more.iter().position(|byte| {
                    let is_end = *byte == b'"' && !is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    is_end
                });
                let (inside, after) = more.split_at(end.map_or(more.len(), |end| end + 1));
                out.push(b'"');
                out.extend_from_slice(inside);
                rest = after;
                continue;
            }
            (b'}' | b']', _) => {
                let mut before = out.iter().enumerate().rev().filter(|(_, byte)| !blank(byte));
                if let (Some((at, b',')), Some((_, last))) = (before.next(), before.next()) {
                    if !b"[{,:".contains(last) {
                        out[at] = b' ';
                    }
                }
            }
            _ => {}
        }
        out.push(*byte);
    }
    Some(out)
}

fn blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fuzz_target!(|data: &[u8]| {
    let Some((head, text)) = data.split_first_chunk::<5>() else { return };
    let mut cuts: Vec<usize> =
        head[..3].iter().map(|cut| usize::from(*cut) * (text.len() + 1) / 256).collect();
    cuts.sort_unstable();
    let dialect = if head[4] & 1 == 0 { Dialect::Json } else { Dialect::Jsonc };
    let is_object = head[4] & 2 != 0;
    let tokenizer = || match is_object {
        true => Tokenizer::of_object(dialect),
        false => Tokenizer::of(dialect),
    };
    let whole = tokens(tokenizer(), text, &AT_ONCE);
    for drop in [Drop::Nothing, Drop::WholeTokens, Drop::All] {
        let manner = Manner { cuts: &cuts, units: usize::from(head[3]) + 1, drop };
        let mut in_steps = tokens(tokenizer(), text, &manner);
        let mut whole = whole.clone();
        if drop == Drop::All {
            for (_, start, _) in [&mut in_steps, &mut whole].into_iter().flatten().flatten() {
                *start = 0;
            }
        }
        assert_eq!(whole, in_steps);
    }

    let plain = match dialect {
        Dialect::Json => Some(text.to_vec()),
        Dialect::Jsonc => without_comments(text),
    };
    let is_wanted = plain.is_some_and(|plain| {
        let first = plain.iter().find(|byte| !blank(byte));
        is_json(&plain) && (!is_object || first == Some(&b'{'))
    });
    assert_eq!(whole.is_ok(), is_wanted);

    for (token, start, end) in whole.unwrap_or_default() {
        let text = &text[start..end];
        match token {
            Token::Key | Token::Text => {
                if let Ok(said) = serde_json::from_slice::<String>(text) {
                    assert_eq!(unescape(text), said);
                }
            }
            Token::Number => assert!(is_number(text)),
            _ => {}
        }
    }
});
