//! One page of a list: `tools/list` and its like ("Pagination").
//!
//! A page stays the text it came as. Its entries are known by place, so that a
//! page of megabytes costs no more than one of some bytes when its end comes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::json::cursor::position;
use crate::json::kept::Json;
use crate::json::lenient::{self, Oddity};
use crate::json::raw::Raw;
use crate::mcp::listing::Listing;
use crate::rpc::envelope::RawResult;
use crate::rpc::scanner::{Scanner, Verdict};
use crate::rpc::spans::{Entries, Entry, MOST, Place, Spans};

/// Longest name that is spelt out for a person, in bytes of JSON.
const LONGEST_NAME: usize = 1 << 10;

/// A page.
#[derive(Debug)]
pub struct Page {
    list: Json,
    /// Where the list began in its message: places are counted from there.
    base: usize,
    /// Entries that count. A tool or prompt without a name cannot be called.
    entries: Arc<Entries>,
    /// There are entries that do not count.
    has_others: bool,
    /// Where the next page begins, raw; `None` at the end.
    pub cursor: Option<Box<str>>,
    /// 2026-07-28: how long the page may be kept, in ms.
    pub ttl_ms: Option<f64>,
    /// Deviations from the protocol.
    pub odd: Vec<Oddity>,
}

impl Page {
    /// The page in an answer. A list that is not there, or none, is an empty one.
    ///
    /// # Errors
    /// A sentence when it lists too much.
    pub fn read(listing: Listing, answer: &RawResult<'_>) -> Result<Page, String> {
        let text = answer.raw().text();
        if text.starts_with(b"[") && !answer.raw().is_long() {
            // Out of spec: the list without its object.
            if let Some(mut page) = Page::of_list(listing, text) {
                page.tell(listing, "result", "is a list where an object should be");
                return Ok(page);
            }
        }
        answer.look_deeper(|deep| Page::new(listing, deep, |place| answer.part(place.range())))
    }

    /// A page of tools that was kept as an array; `None` when it is none.
    pub fn recall(tools: &[u8]) -> Option<Page> {
        tools.trim_ascii_start().starts_with(b"[").then(|| Page::of_list(Listing::Tools, tools))?
    }

    fn of_list(listing: Listing, list: &[u8]) -> Option<Page> {
        let name = listing.member().name().as_bytes();
        let message = [b"{\"result\":{\"", name, b"\":", list, b"}}"].concat();
        let mut scanner = Scanner::deep();
        if scanner.finish(&message) != Verdict::Whole {
            return None;
        }
        let deep = scanner.found()?;
        // Nothing but the list may have stood there.
        if deep.list(listing.member()).place.len() != list.trim_ascii().len() {
            return None;
        }
        let part = |place: Place| Raw::new(&message, place.range(), None);
        Page::new(listing, deep, part).ok()
    }

    fn new<'a>(
        listing: Listing,
        deep: &Spans,
        part: impl Fn(Place) -> Raw<'a>,
    ) -> Result<Page, String> {
        let member = |place: Place| {
            let raw = part(place);
            (!matches!(raw.text(), b"" | b"null")).then_some(raw)
        };
        let found = deep.list(listing.member());
        if found.overflows {
            return Err(format!("it lists more than {MOST}"));
        }
        let mut page = Page {
            list: b"[]"[..].into(),
            base: 0,
            entries: Arc::default(),
            has_others: false,
            cursor: None,
            ttl_ms: None,
            odd: Vec::new(),
        };
        let name = listing.member().name();
        match part(found.place) {
            list if list.text().starts_with(b"[") => {
                page.list = list.to_json();
                page.base = found.place.start();
                page.entries = found.entries();
                page.has_others = found.has_others;
            }
            list if list.text().is_empty() => page.tell(listing, name, "is not there: it is empty"),
            _ => page.tell(listing, name, "is no list: it is empty"),
        }
        if page.has_others {
            page.tell(listing, name, "has entries without a name, which are left out");
        }
        if let Some(cursor) = member(deep.cursor) {
            page.read_cursor(listing, cursor);
        }
        if let Some(ttl) = member(deep.ttl) {
            page.ttl_ms = lenient::number(ttl.text()).filter(|ttl| *ttl >= 0.0);
            if page.ttl_ms.is_none() || lenient::is_text(ttl.text()) {
                page.tell(listing, "ttlMs", "is no number of milliseconds");
            }
        }
        Ok(page)
    }

    /// Cursors are strings; some servers count their entries.
    fn read_cursor(&mut self, listing: Listing, cursor: Raw<'_>) {
        let raw = cursor.short().unwrap_or_default();
        let number = lenient::number(raw.as_bytes()).filter(|_| !raw.starts_with('"'));
        if raw.starts_with('"') || number.is_some_and(|number| number != 0.0) {
            self.cursor = Some(raw.into());
        }
        if !raw.starts_with('"') {
            let what = match number {
                Some(_) => "is a number where a text should be",
                None => "is no text: the list ends there",
            };
            self.tell(listing, "nextCursor", what);
        }
    }

    fn tell(&mut self, listing: Listing, field: &'static str, what: &'static str) {
        self.odd.push(Oddity { of: listing.method(), field, what });
    }

    /// Whether it lists just what `other` lists.
    pub fn is_copy_of(&self, other: &Page) -> bool {
        !self.is_empty() && *self.list == *other.list
    }

    /// Leaves out the entries whose names are not allowed.
    pub fn retain(&mut self, allowed: impl Fn(&str) -> bool) {
        let mut kept = Entries::new();
        for (entry, name) in self.entries.iter().zip(self.names()) {
            if allowed(&name) {
                kept.push(*entry);
            }
        }
        self.has_others |= kept.len() != self.entries.len();
        self.entries = Arc::new(kept);
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
            short if short.len() <= LONGEST_NAME => lenient::text(short),
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

/// Whether a JSON string, with its quotes, or another word says `name`.
fn is_called(raw: &[u8], name: &str) -> bool {
    match lenient::is_text(raw) {
        true => position(raw, &[name]).is_some(),
        false => raw == name.as_bytes(),
    }
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
    fn what_is_not_allowed_is_left_out() {
        let mut some = page(r#"[{"name":"a"},{"name":"b"},{"name":"c"}]"#);
        some.retain(|name| name != "b");
        assert_eq!(some.names().collect::<Vec<_>>(), ["a", "c"]);
        assert!(some.find("b").is_none() && some.find("c").is_some());
        assert_eq!(some.span(1), Some(&br#"{"name":"c"}"#[..]));
        assert_eq!(some.span(2), None);
    }

    #[test]
    fn what_has_no_name_is_left_out() {
        let some =
            page(r#"[{"name":"a"} , 7, {"name":null},{"name":"b","name":"c"},[],{"name":7}]"#);
        assert_eq!(some.names().collect::<Vec<_>>(), ["a", "c", "7"]);
        assert!(some.find("7").is_some() && some.find("b").is_none());
        assert_eq!(some.span(2), Some(&br#"{"name":7}"#[..]));
        assert_eq!(some.span(3), None);
        assert_eq!(some.odd.len(), 1, "{:?}", some.odd);
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

    /// The page in an answer to `resources/list`, and the fields it warns about.
    fn read(result: &str) -> (Page, String) {
        let line = format!(r#"{{"id":1,"result":{result}}}"#);
        let mut page = None;
        crate::rpc::envelope::parse(line.as_bytes(), |message| {
            let crate::rpc::envelope::Message::Response { outcome: Ok(answer), .. } = message
            else {
                panic!("{message:?}");
            };
            page = Some(Page::read(Listing::Resources, &answer).expect("a page"));
        })
        .expect("a message");
        let page = page.expect("an answer");
        let odd: Vec<&str> = page.odd.iter().map(|oddity| oddity.field).collect();
        let odd = odd.join(" ");
        (page, odd)
    }

    #[test]
    fn a_list_that_is_none_is_empty() {
        for (result, field) in [
            (r#"{"resources":null}"#, "resources"),
            (r#"{"resources":"x"}"#, "resources"),
            (r#"{"resources":{"a":{"name":"b"}}}"#, "resources"),
            ("{}", "resources"),
            ("null", "resources"),
            ("7", "resources"),
            (r#"{"tools":[{"name":"a"}]}"#, "resources"),
        ] {
            let (page, odd) = read(result);
            assert_eq!((page.len(), page.span(0), &*odd), (0, None, field), "{result}");
        }
        let (page, odd) = read(r#"[{"uri":"a:b"}]"#);
        assert_eq!((page.len(), &*odd), (1, "result"));
        let (page, odd) = read(r#"{"resources":7,"tools":null,"resources":[{"uri":"a:b"},7]}"#);
        assert_eq!((page.len(), &*odd), (1, "resources"));
        assert_eq!(page.span(0), Some(&br#"{"uri":"a:b"}"#[..]));
    }

    #[test]
    fn cursors_and_lifetimes_come_in_every_type() {
        for (cursor, kept, field) in [
            ("\"a\"", Some("\"a\""), ""),
            ("\"\"", Some("\"\""), ""),
            ("\"\\ud800\"", Some("\"\\ud800\""), ""),
            ("null", None, ""),
            ("10", Some("10"), "nextCursor"),
            ("0", None, "nextCursor"),
            ("false", None, "nextCursor"),
            ("true", None, "nextCursor"),
            ("{}", None, "nextCursor"),
            ("[\"a\"]", None, "nextCursor"),
        ] {
            let (page, odd) = read(&format!(r#"{{"resources":[],"nextCursor":{cursor}}}"#));
            assert_eq!((page.cursor.as_deref(), &*odd), (kept, field), "{cursor}");
        }
        for (ttl, kept, field) in [
            ("5000", Some(5000.0), ""),
            ("null", None, ""),
            ("\"5000\"", Some(5000.0), "ttlMs"),
            ("\"soon\"", None, "ttlMs"),
            ("-1", None, "ttlMs"),
            ("1e400", None, "ttlMs"),
            ("[]", None, "ttlMs"),
        ] {
            let (page, odd) = read(&format!(r#"{{"resources":[],"ttlMs":{ttl}}}"#));
            assert_eq!((page.ttl_ms, &*odd), (kept, field), "{ttl}");
        }
    }

    #[test]
    fn no_more_is_listed_than_anybody_could_look_through() {
        let most = vec!["{\"name\":\"a\"}"; MOST].join(",");
        assert_eq!(page(&format!("[{most}]")).len(), MOST);
        assert!(Page::recall(format!("[{most},{{\"name\":\"b\"}}]").as_bytes()).is_none());
    }
}
