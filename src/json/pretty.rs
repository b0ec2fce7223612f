//! JSON laid out anew, its strings and numbers untouched.
//!
//! Neither way asks whether it is JSON: what is not is laid out all the same.

use crate::json::cursor::piece;
use crate::json::plain_run;
use crate::json::skip;
use crate::json::task::Pace;
use crate::json::text::{boundary, trim};

/// Writes `json` with line breaks and indentation to the end of `out`.
pub(crate) async fn pretty(json: &[u8], out: &mut String, pace: &mut Pace) {
    let json = trim(json, pace).await;
    out.reserve(json.len() + json.len() / 4 + 1);
    let (mut at, mut depth) = (0, 0_usize);
    while at < json.len() {
        let before = out.len();
        match json[at] {
            b'"' => at = string(json, at, out, pace).await,
            first @ (b'{' | b'[') => {
                out.push(char::from(first));
                at = after_blanks(json, at + 1, pace).await;
                match json.get(at) {
                    Some(close @ (b'}' | b']')) => {
                        out.push(char::from(*close));
                        at += 1;
                    }
                    _ => {
                        depth += 1;
                        new_line(out, depth);
                    }
                }
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                new_line(out, depth);
                out.push(char::from(close));
                at += 1;
            }
            b',' => {
                out.push(',');
                new_line(out, depth);
                at += 1;
            }
            b':' => {
                out.push_str(": ");
                at += 1;
            }
            _ => {
                let blanks = at;
                at = after_blanks(json, at, pace).await;
                if at == blanks {
                    at += word(json, at, out);
                }
            }
        }
        pace.spend(4 + (out.len() - before).min(128)).await;
    }
}

/// Writes `json` without the blanks between its tokens to the end of `out`.
pub(crate) async fn compact(json: &[u8], out: &mut String, pace: &mut Pace) {
    let mut at = 0;
    while at < json.len() {
        if json[at] == b'"' {
            at = string(json, at, out, pace).await;
            continue;
        }
        let piece = piece(json, at);
        let blanks = piece.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = &piece[blanks..];
        let ends = |byte: &u8| *byte == b'"' || byte.is_ascii_whitespace();
        let plain = rest.iter().position(ends).unwrap_or(rest.len());
        let plain = if plain == rest.len() { boundary(json, at + blanks, plain) } else { plain };
        push(out, &json[at + blanks..at + blanks + plain]);
        at += blanks + plain;
        pace.spend(blanks + plain + 4).await;
    }
}

/// Copies the string that begins at `at`; where it ends.
async fn string(json: &[u8], at: usize, out: &mut String, pace: &mut Pace) -> usize {
    let reach = &json[..json.len().min(at + pace.stride())];
    if let Some(end) = skip::string(reach, at) {
        push(out, &json[at..end]);
        pace.spend((end - at) / 4 + 4).await;
        return end;
    }
    out.push('"');
    let mut at = at + 1;
    let (mut closed, mut escaped) = (false, false);
    while !closed && at < json.len() {
        let start = at;
        let end = start + piece(json, start).len();
        let mut looks = 0;
        while !closed && at < end {
            if !escaped {
                at += plain_run(&json[at..end], true, true);
                if at == end {
                    break;
                }
            }
            closed = !escaped && json[at] == b'"';
            escaped = !escaped && json[at] == b'\\';
            at += 1;
            looks += 1;
        }
        if !closed {
            at = start + boundary(json, start, at - start);
        }
        push(out, &json[start..at]);
        pace.spend((at - start) / 4 + looks * 3 + 2).await;
    }
    at
}

/// Where what is neither blank nor beyond the end begins.
async fn after_blanks(json: &[u8], at: usize, pace: &mut Pace) -> usize {
    let mut at = at;
    loop {
        let piece = piece(json, at);
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t'..=b'\r');
        let count = piece.iter().take_while(blank).count();
        at += count;
        pace.spend(count).await;
        match piece.get(count) {
            Some(0x80..) => {
                let length = one(&json[at..]);
                let text = std::str::from_utf8(&json[at..at + length]).unwrap_or("x");
                if !text.trim_start().is_empty() {
                    return at;
                }
                at += length;
            }
            None if count > 0 => {}
            _ => return at,
        }
    }
}

/// Copies what means nothing here: a number, a name, or one character of whatever.
fn word(json: &[u8], at: usize, out: &mut String) -> usize {
    let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'-' | b'.');
    let count = json[at..json.len().min(at + 128)].iter().take_while(plain).count();
    let length = if count > 0 { count } else { one(&json[at..]) };
    push(out, &json[at..at + length]);
    length
}

/// The length of the character, or of what should be one, that `text` begins with.
fn one(text: &[u8]) -> usize {
    let follows = |byte: &&u8| **byte & 0xc0 == 0x80;
    1 + text[1..].iter().take(3).take_while(follows).count()
}

fn push(out: &mut String, text: &[u8]) {
    match std::str::from_utf8(text) {
        Ok(text) => out.push_str(text),
        Err(_) => out.push_str(&String::from_utf8_lossy(text)),
    }
}

fn new_line(out: &mut String, depth: usize) {
    // Indentation beyond this serves nobody and would grow with the square of
    // a hostile depth.
    const DEEPEST: usize = 40;
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}
