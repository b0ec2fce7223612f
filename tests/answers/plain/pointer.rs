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
    let answer: &RawValue = serde_json::from_slice(answer).ok()?;
    let tokens = tokens(pointer)?;
    let follow = |root: &RawValue| {
        let mut part = root;
        for token in &tokens {
            part = step(part, token)?;
        }
        Some(match part.get().starts_with('"') {
            true => bare(part).into_owned(),
            false => compact(part.get()),
        })
    };
    if let Some(part) = follow(answer) {
        return Some(part);
    }
    let members = parse::<Members<'_>>(answer)?;
    let structured = members.get("structuredContent").filter(|raw| raw.get() != "null");
    if let Some(part) = structured.and_then(follow) {
        return Some(part);
    }
    let text = text_data(answer, &members)?;
    follow(serde_json::from_str(&text).ok()?)
}

/// The JSON that the texts of an answer are.
fn text_data(answer: &RawValue, members: &Members<'_>) -> Option<String> {
    if ["content", "contents", "messages"].iter().all(|name| members.get(name).is_none()) {
        return None;
    }
    let text = content::texts(answer.get().as_bytes());
    let data = serde_json::from_str::<&RawValue>(text.trim()).ok()?;
    // A lone word or number is what somebody wrote, not data.
    data.get().starts_with(['{', '[']).then(|| data.get().to_owned())
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
    if let Some(text) = text_data(answer, &members) {
        return use_it(serde_json::from_str(&text).ok()?);
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
pub fn compact(json: &str) -> String {
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
