//! One page of a list: `tools/list` and its like ("Pagination").
//!
//! A page stays the text it came as. What it lists is known by place, so that a
//! page of megabytes costs no more than one of some bytes when its end comes.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use crate::protocol::deep::{Deep, Entries, Entry, MOST, Place};
use crate::protocol::json::Json;
use crate::protocol::jsonrpc::Answer;
use crate::protocol::outline::{Outline, Verdict};
use crate::protocol::raw::{Raw, Text};

/// Longest name that is spelt out for a person, in bytes of JSON.
const LONGEST_NAME: usize = 1 << 10;

/// A page.
#[derive(Debug)]
pub struct Page {
    list: Json,
    /// Where the list began in its message: places are counted from there.
    base: usize,
    /// Entries with a name. Without one nothing can be called or shown.
    entries: Arc<Entries>,
    /// There are entries without one.
    has_others: bool,
    /// Where the next page begins; only a missing or null one is the end.
    pub cursor: Option<String>,
    /// 2026-07-28: how long the page may be kept, in ms.
    pub ttl_ms: Option<f64>,
}

impl Page {
    /// The page in an answer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(answer: &Answer<'_>) -> Result<Page, String> {
        answer.look_deeper(|deep| Page::new(deep, |place| answer.part(place.range())))
    }

    /// A page of tools that was kept as an array; `None` when it is none.
    pub fn recall(tools: &[u8]) -> Option<Page> {
        let message = [b"{\"result\":{\"tools\":", tools, b"}}"].concat();
        let mut outline = Outline::deep();
        if outline.finish(&message) != Verdict::Whole {
            return None;
        }
        let part = |place: Place| Raw::new(&message, place.range(), None);
        Page::new(outline.found()?, part).ok()
    }

    fn new<'a>(deep: &Deep, part: impl Fn(Place) -> Raw<'a>) -> Result<Page, String> {
        let member = |place: Place| (!place.is_empty()).then(|| part(place));
        if deep.doubled {
            return Err("a member is there twice".to_owned());
        }
        let Some(list) = member(deep.list) else {
            return Err("there is no list in it".to_owned());
        };
        if !list.text().starts_with(b"[") {
            return Err("its list is no array".to_owned());
        }
        if deep.overflows {
            return Err(format!("it lists more than {MOST}"));
        }
        let cursor: Option<Option<Cow<'_, str>>> = read(member(deep.cursor), "nextCursor")?;
        let ttl_ms: Option<Option<f64>> = read(member(deep.ttl), "ttlMs")?;
        Ok(Page {
            list: list.to_json(),
            base: deep.list.start(),
            entries: deep.entries(),
            has_others: deep.has_others,
            cursor: cursor.flatten().map(Cow::into_owned),
            ttl_ms: ttl_ms.flatten(),
        })
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long it is, in bytes.
    pub fn size(&self) -> usize {
        self.list.len()
    }

    /// The raw entry of that name.
    pub fn find(&self, name: &str) -> Option<Raw<'_>> {
        let is_it = |entry: &&Entry| is_called(self.text(entry.name), name);
        let entry = self.entries.iter().find(is_it)?;
        let start = entry.place.start() - self.base;
        Some(Raw::new(&self.list, start..start + entry.place.len(), None))
    }

    /// The names of its entries, for a person.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.entries.iter().map(|entry| match self.text(entry.name) {
            short if short.len() <= LONGEST_NAME => serde_json::from_slice(short)
                .map_or_else(|_| String::from_utf8_lossy(short), |Text(name)| name),
            long => Cow::Owned(format!("[a name of {} bytes]", long.len())),
        })
    }

    /// The texts that make up its part of the whole list, to be parted by commas.
    pub fn span(&self, index: usize) -> Option<&[u8]> {
        if self.has_others {
            return self.entries.get(index).map(|entry| self.text(entry.place));
        }
        let mut all = self.entries.iter();
        let first = all.next()?;
        let last = all.next_back().unwrap_or(first);
        (index == 0).then(|| self.text(first.place.until(last.place)))
    }

    fn text(&self, place: Place) -> &[u8] {
        let start = place.start().saturating_sub(self.base);
        self.list.get(start..start + place.len()).unwrap_or_default()
    }
}

fn read<'a, T: Deserialize<'a>>(part: Option<Raw<'a>>, name: &str) -> Result<Option<T>, String> {
    part.map(|part| part.read().map_err(|why| format!("{name}: {why}"))).transpose()
}

/// Whether a JSON string, with its quotes, says `name`.
fn is_called(quoted: &[u8], name: &str) -> bool {
    let Some([inside @ .., b'"']) = quoted.strip_prefix(b"\"") else { return false };
    // An escape has up to six bytes for one.
    if !(name.len()..=name.len() * 6).contains(&inside.len()) {
        return false;
    }
    if !inside.contains(&b'\\') {
        return inside == name.as_bytes();
    }
    serde_json::from_slice(quoted).is_ok_and(|Text(said)| said == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tools: &str) -> Page {
        Page::recall(tools.as_bytes()).expect("a page")
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        let page =
            page(r#"[ {"name":"a\u0062"}, {"x":[{"name":"no"}],"name":"a\\b"},{"name":""}]"#);
        let names: Vec<_> = page.names().collect();
        assert_eq!(names, ["ab", "a\\b", ""]);
        for name in names {
            assert!(page.find(&name).is_some(), "{name}");
        }
        for name in ["no", "a\\u0062", "a", "abc", "a\\\\b", "a\u{0}b"] {
            assert!(page.find(name).is_none(), "{name}");
        }
        assert_eq!(page.find("ab").unwrap().text(), br#"{"name":"a\u0062"}"#);
    }

    #[test]
    fn what_has_no_name_is_left_out() {
        let some =
            page(r#"[{"name":"a"} , 7, {"name":7},{"name":"b","name":"c"},[],{"name":"d"}]"#);
        assert_eq!((some.len(), some.names().collect::<Vec<_>>().concat()), (2, "ad".into()));
        assert_eq!(some.span(1), Some(&br#"{"name":"d"}"#[..]));
        assert_eq!(some.span(2), None);
        let all = page(r#"[ {"name":"a"} , {"name":"d"}]"#);
        assert_eq!(all.span(0), Some(&br#"{"name":"a"} , {"name":"d"}"#[..]));
        assert_eq!((all.span(1), page("[]").span(0)), (None, None));
        assert!(page("[]").is_empty());
    }

    #[test]
    fn what_is_no_page_is_none() {
        for tools in ["{}", "7", "[", "[]}", "[],\"tools\":[]", "", "\"x\""] {
            assert!(Page::recall(tools.as_bytes()).is_none(), "{tools}");
        }
    }

    #[test]
    fn no_more_is_listed_than_anybody_could_look_through() {
        let most = vec!["{\"name\":\"a\"}"; MOST].join(",");
        assert_eq!(page(&format!("[{most}]")).len(), MOST);
        assert!(Page::recall(format!("[{most},{{\"name\":\"b\"}}]").as_bytes()).is_none());
    }
}
