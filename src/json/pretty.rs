//! JSON laid out anew, its strings and numbers untouched.
//!
//! What is no JSON stands as it came, from where it stops being JSON.

use crate::json::budget::Budget;
use crate::json::text::{copy, trim};
use crate::json::tokenizer::{Dialect, Step, Token, Tokenizer};
use crate::json::unescape::PIECE;

/// What lies deeper has no lines of its own: indentation would make a hostile answer
/// dozens of times as long.
const DEEPEST: usize = 16;

/// Writes `json` with line breaks and indentation to the end of `out`.
pub(crate) async fn pretty(json: &[u8], out: &mut String, budget: &mut Budget) {
    out.reserve(json.len() + json.len() / 4 + 1);
    write(json, Tokenizer::new(), true, out, budget).await;
}

/// Writes `json` without the blanks between its tokens to the end of `out`.
pub(crate) async fn compact(json: &[u8], dialect: Dialect, out: &mut String, budget: &mut Budget) {
    write(json, Tokenizer::of(dialect), false, out, budget).await;
}

async fn write(
    json: &[u8],
    mut tokenizer: Tokenizer,
    is_wide: bool,
    out: &mut String,
    budget: &mut Budget,
) {
    let mut before = None;
    loop {
        let step = match tokenizer.is_done() {
            false => tokenizer.next(json, budget),
            true => tokenizer.trailing(json, budget),
        };
        let token = match step {
            Ok(Step::NeedInput) if tokenizer.is_done() => return,
            Ok(Step::Token(token)) => Some(token),
            Ok(Step::OutOfBudget) => {
                budget.pause().await;
                continue;
            }
            Ok(Step::NeedInput) => tokenizer.finish().ok().flatten(),
            _ => None,
        };
        let Some(token) = token else { break };
        let is_start = matches!(token, Token::ObjectStart | Token::ListStart);
        let depth = tokenizer.nesting().depth() - usize::from(is_start);
        let length = out.len();
        separate(before.replace(token), token, is_wide.then_some(depth), out);
        let raw = &json[tokenizer.start()..tokenizer.end()];
        match std::str::from_utf8(&raw[..raw.len().min(PIECE)]) {
            // To await each of the short tokens would cost more than to write them.
            Ok(text) if raw.len() <= PIECE => out.push_str(text),
            _ => copy(raw, out, budget).await,
        }
        budget.charge((out.len() - length).min(PIECE) + 4);
    }
    let rest = if before.is_some() { tokenizer.end() } else { 0 };
    copy(trim(&json[rest..], budget).await, out, budget).await;
}

/// What stands between two tokens. `indent`: the depth of the line that begins there;
/// `None`: nothing but what JSON needs.
fn separate(before: Option<Token>, token: Token, indent: Option<usize>, out: &mut String) {
    use Token::{Key, ListEnd, ListStart, ObjectEnd, ObjectStart};
    match (before, token) {
        (None, _) | (Some(ObjectStart | ListStart), ObjectEnd | ListEnd) => return,
        (Some(Key), _) => {
            out.push_str(if indent.is_some() { ": " } else { ":" });
            return;
        }
        (Some(ObjectStart | ListStart), _) | (_, ObjectEnd | ListEnd) => {}
        _ => out.push(','),
    }
    if let Some(depth) = indent.filter(|depth| *depth <= DEEPEST) {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}
