//! One part of an answer, found by a JSON Pointer (RFC 6901).
//!
//! Nothing is built but what lies on the way: a result may have megabytes.

use serde_json::value::RawValue;

use crate::plain::content;
use crate::plain::schema::{Members, bare, parse};

/// The part of a raw answer that `pointer` names, as text: a string bare,
/// anything else as compact JSON. The empty pointer names the whole.
///
/// The data is a result's structured content; without one its text, should that
/// be JSON; else the answer itself.
pub fn pick(answer: &[u8], pointer: &str) -> Option<String> {
    with_data(answer, |data| {
        let mut part = data;
        for token in tokens(pointer)? {
            part = step(part, &token)?;
        }
        Some(match part.get().starts_with('"') {
            true => bare(part).into_owned(),
            false => compact(part.get()),
        })
    })
}

/// The data of a raw answer, as [`pick`] has it, with line breaks and indentation.
pub fn pretty(answer: &[u8]) -> Option<String> {
    with_data(answer, |data| Some(content::pretty(data.get())))
}

fn with_data<T>(answer: &[u8], use_it: impl FnOnce(&RawValue) -> Option<T>) -> Option<T> {
    let answer: &RawValue = serde_json::from_slice(answer).ok()?;
    let members = parse::<Members<'_>>(answer).unwrap_or_default();
    let structured = members.get("structuredContent").filter(|raw| raw.get() != "null");
    if let Some(data) = structured {
        return use_it(data);
    }
    if ["content", "contents", "messages"].iter().any(|name| members.get(name).is_some()) {
        let text = content::text(answer.get().as_bytes());
        if let Ok(data) = serde_json::from_str::<&RawValue>(text.trim()) {
            // A lone word or number is what somebody wrote, not data.
            if data.get().starts_with(['{', '[']) {
                return use_it(data);
            }
        }
    }
    use_it(answer)
}

fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    let escapes = |token: &str| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let token = |token: &str| escapes(token).then(|| token.replace("~1", "/").replace("~0", "~"));
    rest.split('/').map(token).collect()
}

fn step<'a>(whole: &'a RawValue, token: &str) -> Option<&'a RawValue> {
    if whole.get().starts_with('{') {
        return parse::<Members<'a>>(whole)?.get(token);
    }
    // As the standard has it: no sign, no leading zero.
    let plain =
        token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    let index: usize = token.parse().ok().filter(|_| plain)?;
    parse::<Vec<&'a RawValue>>(whole)?.get(index).copied()
}

/// JSON without the blanks between its tokens; numbers and strings as they came.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if quoted || !c.is_ascii_whitespace() {
            out.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    out
}
