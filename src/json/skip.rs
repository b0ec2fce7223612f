//! JSON passed over without a stop, as far as it is within reach.
//!
//! Most tokens are short, and to ask after each of them whether the step is over
//! would cost more than to read it. What begins within reach and does not end there
//! is left to the reader that stops (`walk`), and so is what looks wrong.

use crate::json::cursor::Bad;
use crate::json::plain_run;

/// The closing brackets that are missing, a bit each: nothing limits how deep a
/// value goes but its length.
#[derive(Default)]
pub(crate) struct Open {
    objects: Vec<u64>,
    depth: usize,
}

impl Open {
    pub(crate) fn push(&mut self, close: u8) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.objects.len() {
            self.objects.push(0);
        }
        let object = u64::from(close == b'}');
        self.objects[word] = self.objects[word] & !(1 << bit) | object << bit;
        self.depth += 1;
    }

    pub(crate) fn pop(&mut self) {
        self.depth -= 1;
    }

    pub(crate) fn last(&self) -> Option<u8> {
        let at = self.depth.checked_sub(1)?;
        let is_object = self.objects[at / 64] >> (at % 64) & 1 == 1;
        Some(if is_object { b'}' } else { b']' })
    }
}

/// Passes over what is whole in `json` from `at` on, and moves `at` behind it.
/// `is_over` says that a value just ended. Returns how many tokens that were.
pub(crate) fn pass(
    json: &[u8],
    at: &mut usize,
    open: &mut Open,
    is_over: &mut bool,
) -> Result<usize, Bad> {
    let mut tokens = 0;
    while let Some(next) = token(json, *at, open, is_over)? {
        *at = next;
        tokens += 1;
        if *is_over && open.last().is_none() {
            break;
        }
    }
    Ok(tokens)
}

/// Where the token at `at` ends; `None` when it does not fit.
fn token(
    json: &[u8],
    at: usize,
    open: &mut Open,
    is_over: &mut bool,
) -> Result<Option<usize>, Bad> {
    if *is_over {
        let Some(close) = open.last() else { return Ok(None) };
        let Some(next) = blanks(json, at) else { return Ok(None) };
        if json[next] == close {
            open.pop();
            return Ok(Some(next + 1));
        }
        if json[next] != b',' {
            return Err(Bad);
        }
        let next = blanks(json, next + 1).and_then(|next| match close {
            b'}' => name(json, next).map(|(_, value)| value),
            _ => Some(next),
        });
        *is_over = next.is_none();
        return Ok(next);
    }
    let Some(first) = json.get(at).copied() else { return Ok(None) };
    let close = match first {
        b'{' => b'}',
        b'[' => b']',
        _ => {
            let next = if first == b'"' { string(json, at) } else { scalar(json, at) };
            *is_over = next.is_some();
            return Ok(next);
        }
    };
    let Some(inside) = blanks(json, at + 1) else { return Ok(None) };
    if json[inside] == close {
        *is_over = true;
        return Ok(Some(inside + 1));
    }
    let value = match close {
        b'}' => name(json, inside).map(|(_, value)| value),
        _ => Some(inside),
    };
    if value.is_some() {
        open.push(close);
    }
    Ok(value)
}

/// Where the first byte that is no blank is.
fn blanks(json: &[u8], at: usize) -> Option<usize> {
    let rest = json.get(at..)?;
    let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    rest.iter().position(|byte| !blank(byte)).map(|count| at + count)
}

/// Where the name of a member ends, and where its value begins.
pub(crate) fn name(json: &[u8], at: usize) -> Option<(usize, usize)> {
    let end = string(json, at)?;
    let colon = blanks(json, end).filter(|at| json[*at] == b':')?;
    Some((end, blanks(json, colon + 1)?))
}

/// Where the string at `at` ends.
pub(crate) fn string(json: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    if json.get(at - 1) != Some(&b'"') {
        return None;
    }
    loop {
        at += plain_run(json.get(at..)?, true, true);
        match json.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape(json, at)?,
            _ => return None,
        }
    }
}

/// Where the escape at `at` ends, when it is one.
pub(crate) fn escape(json: &[u8], at: usize) -> Option<usize> {
    match json.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => {
            let hex = json.get(at + 2..at + 6)?;
            hex.iter().all(u8::is_ascii_hexdigit).then_some(at + 6)
        }
        _ => None,
    }
}

/// Where a number or a word ends.
fn scalar(json: &[u8], at: usize) -> Option<usize> {
    let rest = json.get(at..)?;
    for word in ["null", "true", "false"] {
        if rest.starts_with(word.as_bytes()) {
            return Some(at + word.len());
        }
    }
    let digits = |from: usize| {
        let count = rest.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // One that reaches the end may go on behind it.
        (count > 0 && from + count < rest.len()).then_some(from + count)
    };
    let start = usize::from(rest.first() == Some(&b'-'));
    let mut end = digits(start)?;
    if rest[start] == b'0' && end > start + 1 {
        return None;
    }
    if rest[end] == b'.' {
        end = digits(end + 1)?;
    }
    if matches!(rest[end], b'e' | b'E') {
        let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign)?;
    }
    Some(at + end)
}
