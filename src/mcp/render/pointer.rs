//! One part of an answer, found by a JSON Pointer (RFC 6901).
//!
//! No tree is built, because a result may have megabytes.

use crate::json::cursor::{Cursor, Read, given, last, whole};
use crate::json::task::Task;
use crate::json::text::{bare, trim};
use crate::json::{Budget, Dialect, NotJson, pretty};
use crate::mcp::render::content;

/// The part of a raw answer that `pointer` names, as text: a string bare,
/// anything else as compact JSON. The empty pointer names the whole answer.
///
/// The root is the answer itself, as it came. A part that the answer lacks is looked for
/// in its structured content, and then in its text, should that be JSON.
pub fn pick(answer: &[u8], pointer: &str) -> Option<String> {
    pick_task(answer, pointer.to_owned()).finish()
}

/// The same as [`pick`], in steps.
pub fn pick_task<'a>(
    answer: impl AsRef<[u8]> + Send + Sync + 'a,
    pointer: String,
) -> Task<'a, Option<String>> {
    Task::new(|mut budget| async move { part(answer.as_ref(), &pointer, &mut budget).await.ok() })
}

/// The data of a raw answer with line breaks and indentation: its structured
/// content; without one its text, should that be JSON; else the answer itself.
pub fn pretty(answer: &[u8]) -> Option<String> {
    pretty_task(answer).finish()
}

/// The same as [`pretty()`], in steps.
pub fn pretty_task<'a>(answer: impl AsRef<[u8]> + Send + Sync + 'a) -> Task<'a, Option<String>> {
    Task::new(|mut budget| async move { laid_out(answer.as_ref(), &mut budget).await.ok() })
}

async fn part(answer: &[u8], pointer: &str, budget: &mut Budget) -> Read<String> {
    let mut text = String::new();
    let found = find(answer, pointer, &mut text, budget).await;
    let Ok(part) = found else {
        budget.release(text).await;
        return Err(NotJson);
    };
    // Room for a NUL, too.
    let mut out = String::with_capacity(part.len() + 1);
    match part.starts_with(b"\"") {
        true => bare(part, &mut out, budget).await,
        false => pretty::compact(part, Dialect::Json, &mut out, budget).await,
    }
    budget.release(text).await;
    Ok(out)
}

async fn find<'a>(
    answer: &'a [u8],
    pointer: &str,
    text: &'a mut String,
    budget: &mut Budget,
) -> Read<&'a [u8]> {
    let tokens = tokens(pointer).ok_or(NotJson)?;
    let Some((first, deeper)) = tokens.split_first() else { return whole(answer, budget).await };
    // One pass over an object finds the member, and where else to look for it.
    let (member, structured) = match trim(answer, budget).await.starts_with(b"{") {
        true => {
            let names = ["structuredContent", &**first];
            let [structured, member] = last(answer, &names, budget).await?;
            (if first == names[0] { structured } else { member }, structured)
        }
        false => (step(whole(answer, budget).await?, first, budget).await.ok().flatten(), None),
    };
    if let Some(member) = member {
        if let Ok(part) = follow(member, deeper, budget).await {
            return Ok(part);
        }
    }
    if let Some(structured) = given(structured) {
        if let Ok(part) = follow(structured, &tokens, budget).await {
            return Ok(part);
        }
    }
    match text_data(answer, text, budget).await {
        Some(data) => follow(data, &tokens, budget).await,
        None => Err(NotJson),
    }
}

async fn follow<'a>(root: &'a [u8], tokens: &[String], budget: &mut Budget) -> Read<&'a [u8]> {
    let mut part = root;
    for token in tokens {
        part = step(part, token, budget).await?.ok_or(NotJson)?;
    }
    Ok(part)
}

async fn laid_out(answer: &[u8], budget: &mut Budget) -> Read<String> {
    let mut text = String::new();
    let data = data(answer, &mut text, budget).await?;
    let mut out = String::new();
    pretty::pretty(data, &mut out, budget).await;
    budget.release(text).await;
    Ok(out)
}

/// The data of `answer`; `text` keeps its text, should that be the data.
async fn data<'a>(answer: &'a [u8], text: &'a mut String, budget: &mut Budget) -> Read<&'a [u8]> {
    let [structured] = last(answer, &["structuredContent"], budget).await.unwrap_or_default();
    if let Some(data) = given(structured) {
        return Ok(data);
    }
    let answer = whole(answer, budget).await?;
    Ok(text_data(answer, text, budget).await.unwrap_or(answer))
}

/// The JSON that the texts of `answer` are, kept in `text`.
async fn text_data<'a>(
    answer: &[u8],
    text: &'a mut String,
    budget: &mut Budget,
) -> Option<&'a [u8]> {
    let members = last(answer, &["content", "contents", "messages"], budget).await.ok()?;
    if members.iter().all(Option::is_none) {
        return None;
    }
    *text = content::texts(answer, budget).await;
    let text = trim(text.as_bytes(), budget).await;
    // A lone word or number is text, not data.
    match text.first() {
        Some(b'{' | b'[') => whole(text, budget).await.ok(),
        _ => None,
    }
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

async fn step<'a>(value: &'a [u8], token: &str, budget: &mut Budget) -> Read<Option<&'a [u8]>> {
    if value.starts_with(b"{") {
        return Ok(last(value, &[token], budget).await?[0]);
    }
    // RFC 6901, section 4: no sign, no leading zero.
    let plain =
        token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    let index: usize = token.parse().ok().filter(|_| plain).ok_or(NotJson)?;
    let mut elements = Cursor::list(value, budget).await?;
    for _ in 0..index {
        if elements.element(budget).await?.is_none() {
            return Ok(None);
        }
    }
    elements.element(budget).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULT: &[u8] = br#"{"content":[{"type":"text","text":"{\"no\":1}"}],"structuredContent":
        {"a": [{"b~/c": "x\ny"}, 1e400], "": {"k" : [ 1 , "a \" b" ] }, "n": null}}"#;

    #[test]
    fn a_pointer_names_a_part_and_nothing_else() {
        let of = |pointer| pick(RESULT, pointer);
        assert_eq!(of("/a/0/b~0~1c").as_deref(), Some("x\ny"));
        assert_eq!(of("/a/1").as_deref(), Some("1e400"));
        assert_eq!(of("/").as_deref(), Some(r#"{"k":[1,"a \" b"]}"#));
        assert_eq!(of("//k/0").as_deref(), Some("1"));
        assert_eq!(of("/n").as_deref(), Some("null"));
        assert!(of("").unwrap().starts_with(r#"{"content":[{"type":"text","#));
        assert_eq!(of("/content/0/type").as_deref(), Some("text"), "the root is the result");
        assert_eq!(of("/structuredContent/a/1").as_deref(), Some("1e400"));
        assert_eq!(of("/no").as_deref(), Some("1"), "the text is looked into last");
        for none in [
            "a",
            "/a/0/b~",
            "/a/0/b~/~1c",
            "/b",
            "/a/2",
            "/a/-1",
            "/a/01",
            "/a/+1",
            "/a/x",
            "/a/0/b~0~1c/0",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn without_structured_content_the_text_is_read_and_then_the_answer() {
        let text = br#"{"content":[{"type":"text","text":"{\"id\": 7}"}]}"#;
        assert_eq!(pick(text, "/id").as_deref(), Some("7"));
        assert_eq!(pretty(text).as_deref(), Some("{\n  \"id\": 7\n}"));
        let plain = br#"{"content":[{"type":"text","text":"12 apples"}],"structuredContent":null}"#;
        assert_eq!(pick(plain, "/content/0/text").as_deref(), Some("12 apples"));
        assert_eq!(pick(br#"[{"name":"t"}]"#, "/0/name").as_deref(), Some("t"));
        assert_eq!(pick(b"", ""), None);
        assert_eq!(pick(b"{\xff", ""), None);
    }
}
