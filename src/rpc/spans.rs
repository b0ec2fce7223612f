//! What lies deeper in a message, noted while it is passed over.
//!
//! The entries of a list, the questions in a result and the parameters of a notice
//! are looked for where a message may have many megabytes: to walk all of it once
//! more at its end, for each of them, would hold up the host. So the pass that
//! checks the message notes where they lie.
//!
//! Invariant: memory is bounded by [`MOST`], whatever a message has.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use crate::chunks::Chunks;
use crate::json::Token;

/// Entries of a list that are noted; nobody could look through more.
pub const MOST: usize = 1 << 16;
/// Parameters of a notice that are noted. None has a quarter of that.
const PARAMS: usize = 32;

/// Where something lies in its message. A line is far too short for more bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// Nowhere.
    pub const NONE: Place = Place { start: 0, end: 0 };

    /// From `start` up to and without `end`.
    pub fn new(start: usize, end: usize) -> Place {
        Place { start: start as u32, end: end as u32 }
    }

    /// What lies there in `text`.
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.range()).unwrap_or_default()
    }

    /// The same, as it is for slices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Where it begins.
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// From its start to the end of `last`.
    pub fn until(self, last: Place) -> Place {
        Place { start: self.start, end: last.end }
    }

    /// How long it is, in bytes.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether nothing was found. No JSON value is empty.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// What was found.
#[derive(Debug)]
pub struct Spans {
    /// The parameters of a notice or a request: name, with its quotes, and value.
    pub params: Vec<(Place, Place)>,
    lists: [FoundList; 5],
    /// Which of them is going on.
    kind: ListMember,
    /// `requestState` of a result.
    pub state: Place,
    /// `nextCursor` of a result.
    pub cursor: Place,
    /// `ttlMs` of a result.
    pub ttl: Place,
    going: Entry,
    key: Place,
    field: Option<EntryMember>,
    /// The entry that is going on is an object.
    is_object: bool,
    start: usize,
}

/// What the members of a result list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListMember {
    /// `tools`.
    Tools,
    /// `resources`.
    Resources,
    /// `resourceTemplates`.
    Templates,
    /// `prompts`.
    Prompts,
    /// `inputRequests`.
    Questions,
}

impl ListMember {
    /// The member that has it.
    pub fn name(self) -> &'static str {
        match self {
            ListMember::Tools => "tools",
            ListMember::Resources => "resources",
            ListMember::Templates => "resourceTemplates",
            ListMember::Prompts => "prompts",
            ListMember::Questions => "inputRequests",
        }
    }
}

/// A list in a result, or the questions.
#[derive(Debug)]
pub struct FoundList {
    /// All of it.
    pub place: Place,
    /// There are entries without the name that they need; they are not noted.
    pub has_others: bool,
    /// There are more entries than were noted.
    pub overflows: bool,
    entries: Option<Arc<Entries>>,
}

impl FoundList {
    const NONE: FoundList =
        FoundList { place: Place::NONE, has_others: false, overflows: false, entries: None };

    /// What it consists of. Shared, because to copy so many takes a while.
    pub fn entries(&self) -> Arc<Entries> {
        self.entries.clone().unwrap_or_default()
    }
}

/// An entry of a list, or one of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key of a question, with its quotes.
    pub key: Place,
    /// All of it.
    pub place: Place,
    /// `name` of an entry, `method` of a question: a string with its quotes, or
    /// another word; of several the last.
    pub name: Place,
    /// `params` of a question.
    pub params: Place,
}

impl Entry {
    const NONE: Entry =
        Entry { key: Place::NONE, place: Place::NONE, name: Place::NONE, params: Place::NONE };
}

/// Entries in their order.
pub type Entries = Chunks<Entry>;

/// Which values are of interest, where the pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    Params,
    Entries,
    Fields,
}

/// A member of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryMember {
    Name,
    Params,
}

impl Spans {
    /// Nothing.
    pub const NONE: Spans = Spans {
        params: Vec::new(),
        lists: [const { FoundList::NONE }; 5],
        kind: ListMember::Tools,
        state: Place::NONE,
        cursor: Place::NONE,
        ttl: Place::NONE,
        going: Entry::NONE,
        key: Place::NONE,
        field: None,
        is_object: false,
        start: 0,
    };

    /// The list of a kind.
    pub fn list(&self, kind: ListMember) -> &FoundList {
        &self.lists[kind as usize]
    }

    pub(crate) fn list_mut(&mut self, kind: ListMember) -> &mut FoundList {
        &mut self.lists[kind as usize]
    }

    /// A list begins. What one of the same name had before does not count.
    pub(crate) fn open(&mut self, kind: ListMember) {
        self.kind = kind;
        *self.list_mut(kind) = FoundList::NONE;
    }

    /// A key has ended.
    pub(crate) fn key(&mut self, region: Region, key: Place, field: Option<EntryMember>) {
        match region {
            Region::Params | Region::Entries => self.key = key,
            Region::Fields => self.field = field,
        }
    }

    /// A value begins with this token.
    pub(crate) fn begin(&mut self, region: Region, at: usize, token: Token) {
        let is_word = !matches!(token, Token::ObjectStart | Token::ListStart | Token::Null);
        if !is_word && self.field == Some(EntryMember::Name) {
            self.field = None;
        }
        match region {
            Region::Params | Region::Fields => self.start = at,
            Region::Entries => {
                let key = mem::replace(&mut self.key, Place::NONE);
                self.going = Entry { key, place: Place::new(at, at), ..Entry::NONE };
                self.field = None;
                self.is_object = token == Token::ObjectStart;
            }
        }
    }

    /// A value has ended.
    pub(crate) fn end(&mut self, region: Region, at: usize) {
        match region {
            Region::Params => {
                let key = mem::replace(&mut self.key, Place::NONE);
                if self.params.len() < PARAMS {
                    self.params.push((key, Place::new(self.start, at)));
                }
            }
            Region::Fields => {
                let place = match self.field.take() {
                    Some(EntryMember::Name) => &mut self.going.name,
                    Some(EntryMember::Params) => &mut self.going.params,
                    None => return,
                };
                *place = Place::new(self.start, at);
            }
            Region::Entries => {
                let kind = self.kind;
                let Entry { key, place, name, .. } = &mut self.going;
                let counts = match kind {
                    // Without a name nothing can be called.
                    ListMember::Tools | ListMember::Prompts => !name.is_empty(),
                    ListMember::Resources | ListMember::Templates => self.is_object,
                    ListMember::Questions => !key.is_empty(),
                };
                *place = Place::new(place.start(), at);
                let entry = self.going;
                let list = self.list_mut(kind);
                if !counts {
                    list.has_others = true;
                    return;
                }
                match Arc::get_mut(list.entries.get_or_insert_default()) {
                    Some(entries) if entries.len() < MOST => entries.push(entry),
                    _ => list.overflows = true,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::scanner::{Scanner, Verdict};
    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde_json::value::RawValue;

    fn parse<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
        serde_json::from_str(raw.get()).ok()
    }

    const LINES: [&str; 13] = [
        r#"{"id":1,"result":{"tools":[{"name":"a","x":{"name":"b"}},{"y":[[{}]],"name":"c"}]}}"#,
        r#"{"result":{"nextCursor":"n","ttlMs":5,"prompts":[7,{"name":7},[{"name":"z"}],{}]}}"#,
        r#"{"result":{"resources":[],"tools":[]},"id":2}"#,
        r#"{"result":{"tools":{"name":"a","b":{"name":"c"}}}}"#,
        r#"{"result":{"x":{"tools":[{"name":"a"}]},"t\u006fols":[ {"n\u0061me" : "b"} , 1 ]}}"#,
        r#"{"result":{"inputRequests":{"k":{"method":"m","params":{"method":1}},"l":{}},"requestState":{}}}"#,
        r#"{"result":{"inputRequests":[{"method":"m"}],"requestState":null}}"#,
        r#"{"method":"x","params":{"a":1,"b":{"c":[2]},"a":"3"}}"#,
        r#"{"params":[1,{"a":2}],"tools":[{"name":"a"}],"error":{"tools":[{"name":"a"}]}}"#,
        r#"{"params":{"tools":[{"name":"a"}]},"result":{"tools":[{"name":"a","name":"b"}]}}"#,
        r#"{"result":{"tools":[{"name":"x"}],"prompts":[{"name":7}],"tools":[{"name":"a","name":{}}]}}"#,
        r#"{"result":{"resources":[{"uri":"a:b"},7,{}],"resourceTemplates":null,"tools":null}}"#,
        r#"{"result":{"tools":[{"name":"x"}]},"result":{"prompts":[{"name":true}]},"id":1,"id":2}"#,
    ];

    /// Every member, one that is there twice, too.
    struct AllMembers<'a>(Vec<(String, &'a RawValue)>);

    impl<'a> Visitor<'a> for AllMembers<'a> {
        type Value = AllMembers<'a>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<AllMembers<'a>, A::Error> {
            while let Some(member) = map.next_entry()? {
                self.0.push(member);
            }
            Ok(self)
        }
    }

    fn members(raw: &RawValue) -> Vec<(String, &RawValue)> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        reader.deserialize_map(AllMembers(Vec::new())).map_or_else(|_| Vec::new(), |all| all.0)
    }

    fn named<'a>(all: &[(String, &'a RawValue)], name: &str) -> Option<&'a RawValue> {
        all.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    fn agrees(line: &[u8]) {
        let mut scanner = Scanner::deep();
        if scanner.finish(line) != Verdict::Whole {
            return;
        }
        let deep = scanner.found().expect("it was asked for");
        let shown = std::str::from_utf8(line).expect("it is whole");
        let whole: &RawValue = serde_json::from_str(shown).expect("it is whole");
        let all = members(whole);
        let text = |place: Place| std::str::from_utf8(place.of(line)).expect("a part");
        let said = |place: Place| serde_json::from_str::<String>(text(place)).expect("a string");

        let params = named(&all, "params").map(members).unwrap_or_default();
        let found = deep.params.iter().filter(|(name, _)| !name.is_empty());
        let found: Vec<_> = found.map(|(name, value)| (said(*name), text(*value))).collect();
        let wanted: Vec<_> = params.iter().map(|(name, raw)| (name.clone(), raw.get())).collect();
        assert_eq!(found, wanted, "{shown}");

        let result = named(&all, "result").map(members).unwrap_or_default();
        let part = |place: Place| (!place.is_empty()).then(|| text(place));
        let kept = [("requestState", deep.state), ("nextCursor", deep.cursor), ("ttlMs", deep.ttl)];
        for (name, place) in kept {
            assert_eq!(part(place), named(&result, name).map(RawValue::get), "{name} of {shown}");
        }
        let field = |raw: &RawValue, wanted: &str| {
            let all = members(raw);
            let mut words = all
                .iter()
                .filter(|(name, raw)| name == wanted && !raw.get().starts_with(['{', '[', 'n']));
            words.next_back().map(|(_, raw)| raw.get().to_owned())
        };
        for (name, kind) in [
            ("tools", ListMember::Tools),
            ("resources", ListMember::Resources),
            ("resourceTemplates", ListMember::Templates),
            ("prompts", ListMember::Prompts),
            ("inputRequests", ListMember::Questions),
        ] {
            let list = named(&result, name);
            assert_eq!(part(deep.list(kind).place), list.map(RawValue::get), "{name} of {shown}");
            let mut wanted: Vec<(String, &str, Option<String>)> = Vec::new();
            for raw in list.and_then(parse::<Vec<&RawValue>>).unwrap_or_default() {
                let name = field(raw, "name");
                let counts = match kind {
                    ListMember::Tools | ListMember::Prompts => name.is_some(),
                    ListMember::Resources | ListMember::Templates => raw.get().starts_with('{'),
                    ListMember::Questions => false,
                };
                wanted.extend(counts.then_some((String::new(), raw.get(), name)));
            }
            if kind == ListMember::Questions {
                for (key, raw) in list.map(members).unwrap_or_default() {
                    wanted.push((key, raw.get(), field(raw, "method")));
                }
            } else if list.is_some_and(|list| !list.get().starts_with('[')) {
                continue;
            }
            let entries = deep.list(kind).entries();
            let entry = |entry: &Entry| {
                let key = if entry.key.is_empty() { String::new() } else { said(entry.key) };
                let name = (!entry.name.is_empty()).then(|| text(entry.name).to_owned());
                (key, text(entry.place), name)
            };
            let found: Vec<_> = entries.iter().map(entry).collect();
            assert_eq!(found, wanted, "{name} of {shown}");
        }
    }

    #[test]
    fn it_finds_what_the_general_reader_finds() {
        for line in LINES {
            agrees(line.as_bytes());
        }
    }

    #[test]
    fn it_agrees_about_every_line_with_one_byte_changed() {
        for line in LINES {
            for at in 0..line.len() {
                for byte in b"{}[]\":,\\0e nt" {
                    let mut changed = line.as_bytes().to_vec();
                    changed[at] = *byte;
                    agrees(&changed);
                }
                let mut shorter = line.as_bytes().to_vec();
                shorter.remove(at);
                agrees(&shorter);
            }
        }
    }

    #[test]
    fn it_can_be_cut_anywhere() {
        for line in LINES {
            let bytes = line.as_bytes();
            let mut whole = Scanner::deep();
            whole.finish(bytes);
            for first in 0..=bytes.len() {
                let mut cut = Scanner::deep();
                cut.advance(&bytes[..first]);
                cut.finish(bytes);
                assert_eq!(format!("{:?}", cut.found()), format!("{:?}", whole.found()), "{line}");
            }
        }
    }

    #[test]
    fn no_more_is_noted_than_there_is_room_for() {
        let params: String = (0..100).map(|n| format!("\"{n}\":{n},")).collect();
        let line = format!("{{\"params\":{{{params}\"x\":0}}}}");
        let mut scanner = Scanner::deep();
        scanner.finish(line.as_bytes());
        assert_eq!(scanner.found().unwrap().params.len(), PARAMS);
        let tools = "{\"name\":\"a\"},".repeat(MOST);
        for (more, overflows) in [("7", false), ("{\"name\":\"b\"}", true)] {
            let line = format!("{{\"result\":{{\"tools\":[{tools}{more}]}}}}");
            let mut scanner = Scanner::deep();
            scanner.finish(line.as_bytes());
            let found = scanner.found().unwrap();
            let found = found.list(ListMember::Tools);
            assert_eq!((found.entries().len(), found.overflows), (MOST, overflows));
            assert_eq!(found.entries().iter().count(), MOST);
            assert_eq!(found.entries().get(MOST - 1), found.entries().iter().next_back());
        }
    }
}
