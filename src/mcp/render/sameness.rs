//! Whether the structured content of a result only repeats its texts.
//!
//! Most servers send both: the data, and the same data as a text. Only the text is
//! shown then. JSON values are compared by fingerprints that do not depend
//! on blanks, escapes or the order of members, so that nothing is built.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use crate::json::cursor::{Cursor, Read, whole};
use crate::json::text::{bare, read, trim};
use crate::json::{Budget, NotJson, Sink, Step, Token, Tokenizer, Unescape};

/// Values inside values that are compared.
const DEPTH: usize = 24;
/// Texts that are compared. A result of more is shown whole.
pub(super) const TEXTS: usize = 1000;

/// Whether `structured`, a raw value, says nothing that the raw strings `texts` do
/// not say: it is the JSON in one of them, or an object that only wraps their
/// words (`{"result": "..."}`) or the list of them.
pub(crate) async fn repeats(structured: &[u8], texts: &[&[u8]], budget: &mut Budget) -> bool {
    texts.len() <= TEXTS && compare(structured, texts, budget).await.unwrap_or(false)
}

async fn compare(structured: &[u8], texts: &[&[u8]], budget: &mut Budget) -> Read<bool> {
    let keys = RandomState::new();
    let wrapped = wrapped(structured, budget).await?;
    let all = fingerprint(structured, &keys, budget).await?;
    let inner = match wrapped {
        Some(value) => Some(fingerprint(value, &keys, budget).await?),
        None => None,
    };
    let mut list = None;
    let value = wrapped.unwrap_or(structured);
    if value.starts_with(b"[") {
        list = Some(Cursor::list(value, budget).await?);
    }
    let mut is_list = list.is_some();
    for text in texts {
        let data = data(text, &keys, budget).await;
        if data.is_some() && (data == Some(all) || data == inner) {
            return Ok(true);
        }
        if inner.is_some() && texts.len() == 1 && value.starts_with(b"\"") {
            return Ok(inner == Some(fingerprint(text, &keys, budget).await?));
        }
        if let (true, Some(list)) = (is_list, &mut list) {
            is_list = match list.element(budget).await? {
                None => false,
                Some(element) => {
                    let element = fingerprint(element, &keys, budget).await?;
                    data == Some(element) || fingerprint(text, &keys, budget).await? == element
                }
            };
        }
    }
    Ok(match list {
        Some(mut list) => is_list && list.element(budget).await?.is_none(),
        None => false,
    })
}

/// The only value in an object.
async fn wrapped<'a>(structured: &'a [u8], budget: &mut Budget) -> Read<Option<&'a [u8]>> {
    if !structured.starts_with(b"{") {
        return Ok(None);
    }
    let mut members = Cursor::object(structured, budget).await?;
    let Some((_, value)) = members.member(budget).await? else { return Ok(None) };
    Ok(members.member(budget).await?.is_none().then_some(value))
}

/// The fingerprint of the JSON in a raw string.
async fn data(text: &[u8], keys: &RandomState, budget: &mut Budget) -> Option<u64> {
    let mut inside = String::with_capacity(text.len());
    bare(text, &mut inside, budget).await;
    let print = match whole(trim(inside.as_bytes(), budget).await, budget).await {
        Ok(json) => fingerprint(json, keys, budget).await.ok(),
        Err(NotJson) => None,
    };
    budget.release(inside).await;
    print
}

/// A list or an object that is being read.
struct Frame {
    is_object: bool,
    name: u64,
    sum: u64,
    count: u64,
}

async fn fingerprint(json: &[u8], keys: &RandomState, budget: &mut Budget) -> Read<u64> {
    let mut tokenizer = Tokenizer::new();
    let mut frames: Vec<Frame> = Vec::new();
    loop {
        let token = match tokenizer.next(json, budget)? {
            Step::Token(token) => token,
            Step::OutOfBudget => {
                budget.pause().await;
                continue;
            }
            Step::NeedInput => tokenizer.finish()?.ok_or(NotJson)?,
            Step::End => return Err(NotJson),
        };
        let raw = &json[tokenizer.start()..tokenizer.end()];
        let print = match token {
            Token::ObjectStart | Token::ListStart if frames.len() == DEPTH => return Err(NotJson),
            Token::ObjectStart | Token::ListStart => {
                let is_object = token == Token::ObjectStart;
                frames.push(Frame { is_object, name: 0, sum: 0, count: 0 });
                continue;
            }
            Token::Key => {
                let name = of_text(raw, keys, budget).await;
                if let Some(frame) = frames.last_mut() {
                    frame.name = name;
                }
                continue;
            }
            Token::ObjectEnd | Token::ListEnd => frames.pop().ok_or(NotJson)?.end(keys),
            Token::Text => of_text(raw, keys, budget).await,
            Token::Number | Token::True | Token::False | Token::Null => of_word(raw, keys),
        };
        match frames.last_mut() {
            Some(frame) => frame.add(print, keys),
            None => return Ok(print),
        }
    }
}

impl Frame {
    fn add(&mut self, print: u64, keys: &RandomState) {
        self.count += 1;
        self.sum = match self.is_object {
            // The order of members means nothing.
            true => self.sum.wrapping_add(keys.hash_one((self.name, print))),
            false => keys.hash_one((self.sum, print)),
        };
    }

    fn end(&self, keys: &RandomState) -> u64 {
        keys.hash_one((self.is_object, self.count, self.sum))
    }
}

async fn of_text(raw: &[u8], keys: &RandomState, budget: &mut Budget) -> u64 {
    let mut sink = Hashing(keys.build_hasher());
    b'"'.hash(&mut sink.0);
    read(Unescape::new(raw), &mut sink, budget).await;
    sink.0.finish()
}

/// `1` and `1.0` are one number. Numbers beyond 9e15 are compared by their spelling.
fn of_word(raw: &[u8], keys: &RandomState) -> u64 {
    let number = std::str::from_utf8(raw).ok().and_then(|word| word.parse::<f64>().ok());
    match number {
        Some(number) if number.is_finite() && number.abs() < 9e15 => {
            keys.hash_one((b'0', (number + 0.0).to_bits()))
        }
        _ => keys.hash_one(raw),
    }
}

struct Hashing<H>(H);

impl<H: Hasher + Send> Sink for Hashing<H> {
    const COST: usize = 8;

    fn push(&mut self, text: &str) {
        self.0.write(text.as_bytes());
    }

    fn push_bytes(&mut self, text: &[u8]) {
        self.0.write(text);
    }
}

/// [`repeats`] in one go, for tests.
#[cfg(test)]
fn said(structured: &str, texts: &[&str]) -> bool {
    let quoted: Vec<String> =
        texts.iter().map(|text| serde_json::to_string(text).expect("text")).collect();
    let raw: Vec<&[u8]> = quoted.iter().map(|text| text.as_bytes()).collect();
    crate::json::task::Task::new(|mut budget| async move {
        repeats(structured.as_bytes(), &raw, &mut budget).await
    })
    .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_json_is_the_same_however_it_is_written() {
        let data = r#"{"a":[1,2.50,{"b":"\u00e9\/"}],"c":null}"#;
        for text in [
            data,
            "{\"c\": null,\n \"a\": [1.0, 2.5, {\"b\": \"\u{e9}/\"}]}\n",
            r#"{"a":[1,25e-1,{"b":"é/"}],"c":null}"#,
        ] {
            assert!(said(data, &[text]), "{text}");
            assert!(said(data, &["Found it:", text]), "beside a summary: {text}");
        }
        for text in [
            "Found 3 rows",
            "",
            r#"{"a":[2.5,1,{"b":"é/"}],"c":null}"#,
            r#"{"a":[1,2.5,{"b":"é/"}]}"#,
            r#"{"a":[1,2.5,{"b":"é/"}],"c":0}"#,
        ] {
            assert!(!said(data, &[text]), "{text}");
        }
    }

    #[test]
    fn a_wrapper_around_the_texts_adds_nothing() {
        assert!(said(r#"{"result":"hello"}"#, &["hello"]));
        assert!(said(r#"{"content":"a\nb"}"#, &["a\nb"]));
        assert!(said(r#"{"result":5}"#, &["5"]));
        assert!(said(r#"{"result":["a","b"]}"#, &["a", "b"]));
        assert!(said(r#"{"result":[{"x":1},2]}"#, &["{\"x\": 1}", "2"]));
        assert!(said(r#"["a"]"#, &["a"]));
        assert!(!said(r#"{"result":["a","b","c"]}"#, &["a", "b"]));
        assert!(!said(r#"{"result":["a"]}"#, &["a", "b"]));
        assert!(!said(r#"{"result":"hello","more":1}"#, &["hello"]));
        assert!(!said(r#"{"rows":[1,2,3]}"#, &["Found 3 rows"]));
        assert!(!said("{}", &["x"]));
    }

    #[test]
    fn numbers_beyond_a_double_are_compared_as_written() {
        assert!(!said(r#"{"n":12345678901234567890}"#, &[r#"{"n":12345678901234567891}"#]));
        assert!(said(r#"{"n":1e400}"#, &[r#"{"n":1e400}"#]));
    }

    #[test]
    fn depth_costs_little_and_counts_as_different() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!said(&deep, &[&deep]));
    }
}
