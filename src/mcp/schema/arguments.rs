//! Arguments as a person gives them, encoded by a schema.
//!
//! The one encoder: words of commands, fields of forms, arguments of tools and answers to
//! questions all go through here, so that the same value gives the same JSON. Everything that
//! does not fit is an error that names the argument, what was wanted and what was there.

use std::collections::HashSet;
use std::fmt::Write;

use crate::json::cursor::{Cursor, whole};
use crate::json::task::Task;
use crate::json::text::decoded;
use crate::mcp::schema::assembly::{self, Node};
use crate::mcp::schema::field::Field;
use crate::mcp::schema::fields::{LONGEST, Schema, input_schema};
use crate::mcp::schema::subschema::{Reach, Work};
use crate::mcp::schema::word;
use crate::nearest::suggestion;
use crate::redact::is_masked_name;

/// Bytes of the names of arguments that an error tells.
const TOLD: usize = 2048;

/// One argument as typed: `key=value`, or `key:=json`. A member of an object is
/// `key.member`, an item of a list `key.0`.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Property name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The value is JSON, not a word.
    pub is_json: bool,
}

/// An object of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// JSON on one line, its members in the order in which they were given.
    pub json: String,
    /// A note for the user that names the arguments taken as they were written.
    pub note: Option<String>,
}

/// Encodes `pairs` as the arguments object of the tool that `definition`, a raw
/// tool definition, describes.
///
/// # Errors
/// A sentence for the user: unknown, missing or repeated argument, or a value
/// of the wrong type.
pub fn encode(tool: &str, definition: &str, pairs: &[Pair]) -> Result<Encoded, String> {
    encode_by(&format!("tool '{tool}'"), input_schema(definition), pairs)
}

/// Looks whether the tool that `definition` describes takes one argument.
///
/// # Errors
/// As [`encode`].
pub fn check(tool: &str, definition: &str, pair: &Pair) -> Result<(), String> {
    check_by(&format!("tool '{tool}'"), input_schema(definition), pair)
}

/// Looks whether one argument fits `schema`. `what` is named in errors.
///
/// # Errors
/// As [`encode`].
pub fn check_by(what: &str, schema: &str, pair: &Pair) -> Result<(), String> {
    Task::new(|mut budget| async move {
        let mut work = Work::small(&mut budget);
        let schema = read(schema, &mut work).await;
        ArgumentBuilder::new(what, &schema).add(pair, &mut work).await
    })
    .finish()
}

/// Encodes `pairs` as an object that fits `schema`. `what` is named in errors.
///
/// The work is bounded: what a schema of too many references says of an argument is
/// not heeded, and the argument is taken as it is written, with a note.
///
/// # Errors
/// As [`encode`].
pub fn encode_by(what: &str, schema: &str, pairs: &[Pair]) -> Result<Encoded, String> {
    Task::new(|mut budget| async move {
        let mut work = Work::small(&mut budget);
        let schema = read(schema, &mut work).await;
        let mut arguments = ArgumentBuilder::new(what, &schema);
        for pair in pairs {
            arguments.add(pair, &mut work).await?;
        }
        arguments.finish(&mut work).await
    })
    .finish()
}

/// Looks whether `json`, an object of arguments, has all that the tool of `definition`
/// requires.
///
/// # Errors
/// A sentence that names what is missing, and what the tool takes.
pub fn check_required(tool: &str, definition: &str, json: &str) -> Result<(), String> {
    check_required_by(&format!("tool '{tool}'"), input_schema(definition), json)
}

/// As [`check_required`], for any schema. `what` is named in errors.
///
/// # Errors
/// As [`check_required`].
pub fn check_required_by(what: &str, schema: &str, json: &str) -> Result<(), String> {
    // Looked for first: most schemas of long calls are short.
    if !schema.contains("required") {
        return Ok(());
    }
    Task::new(|mut budget| async move {
        let mut work = Work::small(&mut budget);
        let schema = read(schema, &mut work).await;
        let mut missing: HashSet<&str> = schema.required().collect();
        let mut is_empty = true;
        if let Ok(mut members) = Cursor::object(json.as_bytes(), work.budget).await {
            while !missing.is_empty() {
                let Ok(Some((name, _))) = members.member(work.budget).await else { break };
                is_empty = false;
                if let Some(name) = decoded(name, work.budget).await {
                    missing.remove(&*name);
                }
            }
        }
        let missing: Vec<&str> = schema.required().filter(|name| missing.contains(name)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(needs(what, &schema, &missing, is_empty, &mut work).await),
        }
    })
    .finish()
}

pub(super) async fn read<'a>(schema: &'a str, work: &mut Work<'_, 'a>) -> Schema<'a> {
    // A schema that is broken or too long requires nothing.
    let is_short = schema.len() <= LONGEST;
    work.is_over |= !is_short;
    let schema = if is_short { schema.as_bytes() } else { b"{}" };
    let schema = whole(schema, work.budget).await.unwrap_or(b"{}");
    Schema::read(schema, work).await
}

/// Arguments that are being given.
pub(super) struct ArgumentBuilder<'s, 'a> {
    what: &'s str,
    schema: &'s Schema<'a>,
    pub(super) given: Vec<(String, Field<'a>, Node)>,
    as_written: Vec<String>,
}

impl<'s, 'a> ArgumentBuilder<'s, 'a> {
    pub(super) fn new(what: &'s str, schema: &'s Schema<'a>) -> ArgumentBuilder<'s, 'a> {
        ArgumentBuilder { what, schema, given: Vec::new(), as_written: Vec::new() }
    }

    /// Adds an argument. After an error those before are still there.
    pub(super) async fn add(&mut self, pair: &Pair, work: &mut Work<'_, 'a>) -> Result<(), String> {
        let (name, path) = self.name_of(&pair.key, work).await?;
        let at = self.given.iter().position(|(known, ..)| known == name);
        let what = self.what;
        let told = |why: &str, field: &Field<'_>| {
            let is_secret = field.secret || is_masked_name(&pair.key);
            match why.starts_with("wants ") || why.starts_with("is of a type") {
                true if is_secret => format!("argument '{}' of {what} {why}", pair.key),
                true => format!("argument '{}' of {what} {why}, not '{}'", pair.key, pair.value),
                false => format!("argument '{}' {why}", pair.key),
            }
        };
        if let Some(at) = at {
            let (_, field, node) = &mut self.given[at];
            // Looked into only now: most arguments have no parts.
            if !path.is_empty() {
                if let Some(deep) = self.schema.find(name, Reach::ALL, work).await {
                    *field = deep;
                }
            }
            let mut slot = Some(std::mem::replace(node, Node::List(Vec::new())));
            let result = assembly::put(&mut slot, field, path, &pair.value, pair.is_json);
            if let Some(slot) = slot {
                *node = slot;
            }
            return result.map_err(|why| told(&why, field));
        }
        let reach = if path.is_empty() { Reach::ITEMS } else { Reach::ALL };
        let field = self.schema.find(name, reach, work).await.unwrap_or_default();
        if (field.is_cut || work.is_over) && !pair.is_json {
            self.as_written.push(name.to_owned());
        }
        let mut slot = None;
        assembly::put(&mut slot, &field, path, &pair.value, pair.is_json)
            .map_err(|why| told(&why, &field))?;
        if let Some(node) = slot {
            self.given.push((name.to_owned(), field, node));
        }
        Ok(())
    }

    /// The argument that a key is of, and the path below it.
    async fn name_of<'k>(
        &self,
        key: &'k str,
        work: &mut Work<'_, 'a>,
    ) -> Result<(&'k str, &'k str), String> {
        if self.schema.has(key) {
            return Ok((key, ""));
        }
        for (at, _) in key.match_indices('.') {
            let (name, path) = (&key[..at], &key[at + 1..]);
            if !self.schema.has(name) || path.is_empty() {
                continue;
            }
            let field = self.schema.find(name, Reach::ITEMS, work).await;
            if field.is_some_and(|field| assembly::is_deep(&field)) {
                return Ok((name, path));
            }
        }
        if self.schema.is_closed() && !self.schema.is_cut {
            let takes = describe(self.schema);
            let near = suggestion(key, self.schema.names());
            return Err(format!("{} has no argument '{key}'; {takes}{near}", self.what));
        }
        Ok((key, ""))
    }

    async fn finish(self, work: &mut Work<'_, 'a>) -> Result<Encoded, String> {
        let schema = self.schema;
        let is_missing = |name: &&str| self.given.iter().all(|(known, ..)| known != name);
        let missing: Vec<&str> = schema.required().filter(is_missing).collect();
        if !missing.is_empty() {
            let is_empty = self.given.is_empty();
            return Err(needs(self.what, schema, &missing, is_empty, work).await);
        }
        let mut json = String::from("{");
        for (at, (name, field, node)) in self.given.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            json.push_str(&word::text(name));
            json.push(':');
            assembly::write(node, field, &mut json).map_err(|why| {
                let (path, why) = why
                    .rsplit_once(" needs ")
                    .map_or(("", &*why), |(path, _)| (path, &why[path.len() + 1..]));
                format!("argument '{name}{path}' of {} {why}", self.what)
            })?;
        }
        json.push('}');
        let note = (!self.as_written.is_empty()).then(|| {
            format!(
                "{} has a schema that is too long to be looked through: taken as written: {}",
                self.what,
                self.as_written.join(", ")
            )
        });
        Ok(Encoded { json, note })
    }
}

/// Names the missing arguments and the known ones, with types when none was given.
async fn needs<'a>(
    what: &str,
    schema: &Schema<'a>,
    missing: &[&str],
    is_empty: bool,
    work: &mut Work<'_, 'a>,
) -> String {
    let noun = if missing.len() == 1 { "argument" } else { "arguments" };
    let names: Vec<String> = missing.iter().take(64).map(|name| format!("'{name}'")).collect();
    let names = names.join(", ");
    let takes = match is_empty {
        true => describe_types(schema, work).await,
        false => describe(schema),
    };
    format!("{what} needs {noun} {names}; {takes}")
}

fn describe(schema: &Schema<'_>) -> String {
    let mut names: Vec<&str> = schema.names().collect();
    names.sort_unstable();
    let names = names
        .into_iter()
        .map(|name| format!("{name}{}", if schema.requires(name) { " (required)" } else { "" }));
    listed(names)
}

/// The arguments with their types, required ones first.
async fn describe_types<'a>(schema: &Schema<'a>, work: &mut Work<'_, 'a>) -> String {
    let mut names = Vec::new();
    for wanted in [true, false] {
        for name in schema.names().filter(|name| schema.requires(name) == wanted).take(128) {
            let field = schema.find(name, Reach::ITEMS, work).await.unwrap_or_default();
            let mut facts = field.type_name();
            if field.has_choices() {
                let all: Vec<_> = field.choices().take(8).collect();
                let all = all.iter().map(|one| crate::mcp::schema::schema_value::bare(one.value));
                facts = all.collect::<Vec<_>>().join(" | ");
                if field.choices_len() > 8 {
                    facts.push_str(" | ..");
                }
            }
            if wanted {
                let comma = if facts.is_empty() { "" } else { ", " };
                _ = write!(facts, "{comma}required");
            }
            names.push(match facts.is_empty() {
                true => name.to_owned(),
                false => format!("{name} ({facts})"),
            });
        }
    }
    listed(names.into_iter())
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let (mut out, mut left) = (String::new(), 0);
    for name in names {
        if out.len() > TOLD {
            left += 1;
            continue;
        }
        out.push_str(if out.is_empty() { "it takes " } else { ", " });
        out.push_str(&name);
    }
    if left > 0 {
        _ = write!(out, " and {left} more");
    }
    if out.is_empty() { "it takes none".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const TOOL: &str = r##"{"name":"t","inputSchema":{"type":"object","properties":{
        "s":{"type":"string"},"n":{"type":"number"},"i":{"type":"integer"},"b":{"type":"boolean"},
        "tags":{"type":"array","items":{"type":"string"}},"nums":{"type":"array","items":{"type":"integer"}},
        "o":{"type":"object"},"e":{"enum":["red","green",3]},
        "maybe":{"anyOf":[{"type":"integer"},{"type":"null"}]},"r":{"$ref":"#/$defs/Level"},
        "any":{}},"required":["s"],"$defs":{"Level":{"type":"string","enum":["low","high"]}}}}"##;

    fn encoded(words: &[&str]) -> Result<Value, String> {
        let pairs: Vec<Pair> = words
            .iter()
            .map(|word| {
                let (key, value) = word.split_once('=').unwrap();
                let (key, is_json) = key.strip_suffix(':').map_or((key, false), |key| (key, true));
                Pair { key: key.into(), value: value.into(), is_json }
            })
            .collect();
        encode("t", TOOL, &pairs).map(|encoded| serde_json::from_str(&encoded.json).unwrap())
    }

    #[test]
    fn words_become_what_the_schema_says() {
        let value = encoded(&[
            "s=12",
            "n=1.5",
            "i=-3",
            "b=yes",
            "tags=a",
            "tags=b,c",
            "nums=[1,2]",
            "o={\"k\":1}",
            "e=3",
            "maybe=4",
            "r=high",
            "any=x",
        ])
        .unwrap();
        assert_eq!(
            value,
            serde_json::json!({"s": "12", "n": 1.5, "i": -3, "b": true, "tags": ["a", "b,c"],
                "nums": [1, 2], "o": {"k": 1}, "e": 3, "maybe": 4, "r": "high", "any": "x"})
        );
        assert_eq!(encoded(&["s=x", "maybe=null"]).unwrap()["maybe"], Value::Null);
        assert_eq!(encoded(&["s=x", "any:={\"a\":[1]}"]).unwrap()["any"]["a"][0], 1);
        let text = "quote \" newline \n back\\slash \u{1b}[31m é";
        assert_eq!(encoded(&[&format!("s={text}")]).unwrap()["s"], text);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (words, part) in [
            (&["s=x", "i=abc"][..], "argument 'i' of tool 't' wants an integer, not 'abc'"),
            (&["s=x", "i=1.5"], "wants an integer"),
            (&["s=x", "n=1x"], "wants a number"),
            (&["s=x", "b=maybe"], "wants true or false"),
            (&["s=x", "e=blue"], "wants one of red, green, 3"),
            (&["s=x", "r=mid"], "wants one of low, high"),
            (&["s=x", "o=[1]"], "wants a JSON object"),
            (&["s=x", "nums=a"], "wants an integer"),
            (&["s=x", "nums=[1"], "wants a JSON array"),
            (&["s=x", "s=y"], "given twice"),
            (&["s=x", "any:={"], "'any' is not valid JSON"),
            (&["x=1", "s=x"], "no argument 'x'; it takes"),
            (&["n=1"], "tool 't' needs argument 's'; it takes"),
        ] {
            let error = encoded(words).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }

    #[test]
    fn a_schema_that_invites_others_gets_them() {
        let open = r#"{"inputSchema":{"properties":{"a":{}},"additionalProperties":true}}"#;
        let pair = Pair { key: "b".into(), value: "1".into(), is_json: false };
        assert_eq!(encode("t", open, std::slice::from_ref(&pair)).unwrap().json, r#"{"b":"1"}"#);
        assert_eq!(encode("t", r#"{"name":"t"}"#, &[pair]).unwrap().json, r#"{"b":"1"}"#);
        assert_eq!(encode("t", r#"{"name":"t"}"#, &[]).unwrap().json, "{}");
    }

    #[test]
    fn limits_formats_and_titles_are_heeded() {
        let schema = r#"{"properties":{"n":{"type":"integer","minimum":1,"maximum":5},
            "s":{"type":"string","minLength":2,"maxLength":3},"m":{"type":"string","format":"email"},
            "d":{"type":"string","format":"date"},"t":{"type":"string","format":"date-time"},
            "c":{"type":"string","oneOf":[{"const":"r","title":"Red"},{"const":"Red"}]},
            "many":{"type":"array","items":{"enum":["a","b"]}}}}"#;
        let of = |key: &str, value: &str| {
            let pair = Pair { key: key.into(), value: value.into(), is_json: false };
            encode_by("it", schema, &[pair]).map(|encoded| encoded.json)
        };
        for (key, value, wanted) in [
            ("n", "0", "at least 1"),
            ("n", "6", "at most 5"),
            ("s", "a", "at least 2 characters"),
            ("s", "abcd", "at most 3 characters"),
            ("m", "me", "e-mail"),
            ("d", "28.7.2026", "a date like"),
            ("t", "2026-07-28", "a time like"),
            ("c", "Blue", "one of r, Red"),
            ("many", "c", "one of a, b"),
        ] {
            let error = of(key, value).unwrap_err();
            assert!(error.contains(wanted), "{key}={value}: {error}");
        }
        assert_eq!(of("s", "\u{e9}\u{e9}\u{e9}").unwrap(), "{\"s\":\"\u{e9}\u{e9}\u{e9}\"}");
        assert_eq!(of("t", "2026-07-28T12:00:00+02:00").map(|_| ()), Ok(()));
        assert_eq!(of("c", "Red").unwrap(), r#"{"c":"Red"}"#);
        assert_eq!(of("c", "r").unwrap(), r#"{"c":"r"}"#);
        assert_eq!(of("many", "b").unwrap(), r#"{"many":["b"]}"#);
        assert_eq!(of("n", "5").unwrap(), r#"{"n":5}"#);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let knot = r##"{"inputSchema":{"properties":{"a":{"$ref":"#/$defs/A"}},
            "$defs":{"A":{"anyOf":[{"$ref":"#/$defs/A"},{"type":"integer"}]}}}}"##;
        let pair = Pair { key: "a".into(), value: "7".into(), is_json: false };
        assert_eq!(encode("t", knot, &[pair]).unwrap().json, r#"{"a":7}"#);
    }
}
