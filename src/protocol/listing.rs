//! A server's tools and their arguments, for people.
//!
//! Separate from the encoding of arguments, which reads the same schemas for
//! another purpose: here everything is shown as far as it can be understood,
//! and nothing is an error.
//!
//! Invariants:
//! - every input gives a listing; what cannot be read is named as such;
//! - a tool takes one line, each of its arguments one, whatever a server wrote.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The readable listing of a raw JSON array of tool definitions. Lines end in a
/// newline.
///
/// ```
/// let tools = br#"[{"name":"add","description":"Adds.\nMore.","inputSchema":{"type":"object",
///     "properties":{"a":{"type":"number","description":"First"},"b":{"type":"number","default":1}},
///     "required":["a"]}}]"#;
/// assert_eq!(
///     tmcp::protocol::listing::text(tools),
///     "add  Adds.\n    a  number, required  First\n    b  number, default 1\n"
/// );
/// ```
pub fn text(tools: &[u8]) -> String {
    let Ok(tools) = serde_json::from_slice::<Vec<&RawValue>>(tools) else {
        return "[tools that cannot be read]\n".to_owned();
    };
    let mut out = String::new();
    for raw in tools {
        match serde_json::from_str::<Tool<'_>>(raw.get()) {
            Ok(tool) => tool.write(&mut out),
            Err(_) => out.push_str("[a tool that cannot be read]\n"),
        }
    }
    out
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
    #[serde(rename = "inputSchema", borrow)]
    input_schema: Option<&'a RawValue>,
}

/// Older servers keep the title here.
#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow, default)]
    properties: Properties<'a>,
    #[serde(borrow, default)]
    required: Vec<Cow<'a, str>>,
}

/// Properties in the order the server wrote them.
#[derive(Default)]
struct Properties<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// What is worth a word about an argument.
#[derive(Default, Deserialize)]
struct Property<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(rename = "enum", borrow)]
    choices: Option<Vec<&'a RawValue>>,
    #[serde(rename = "const", borrow)]
    constant: Option<&'a RawValue>,
    #[serde(borrow)]
    default: Option<&'a RawValue>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(rename = "anyOf", alias = "oneOf", borrow)]
    any_of: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
}

impl Tool<'_> {
    fn write(&self, out: &mut String) {
        push_words(out, &self.name);
        let annotations = self.annotations.and_then(parse::<Annotations<'_>>);
        let title = [
            self.title.as_deref(),
            annotations.as_ref().and_then(|annotations| annotations.title.as_deref()),
            self.description.as_deref(),
        ];
        if let Some(title) = title.into_iter().flatten().map(first_line).find(|t| !t.is_empty()) {
            out.push_str("  ");
            push_words(out, title);
        }
        out.push('\n');
        match self.input_schema.map(parse::<Schema<'_>>) {
            Some(Some(schema)) => schema.write(out),
            Some(None) => out.push_str("    [arguments that cannot be read]\n"),
            None => {}
        }
    }
}

impl Schema<'_> {
    fn write(&self, out: &mut String) {
        // One long name must not push every type off the screen.
        const WIDEST: usize = 24;
        let width = |name: &str| name.chars().count();
        let column =
            self.properties.0.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(WIDEST);
        for (name, raw) in &self.properties.0 {
            out.push_str("    ");
            push_words(out, name);
            let property = parse::<Property<'_>>(raw).unwrap_or_default();
            let facts = property.facts(self.required.contains(name));
            let words = property.words();
            if !facts.is_empty() || words.is_some() {
                out.extend(std::iter::repeat_n(' ', column.saturating_sub(width(name)) + 2));
            }
            push_words(out, &facts);
            if let Some(words) = words {
                if !facts.is_empty() {
                    out.push_str("  ");
                }
                push_words(out, first_line(&words));
            }
            out.push('\n');
        }
    }
}

impl Property<'_> {
    /// Type, required mark, default and choices.
    fn facts(&self, required: bool) -> String {
        let mut facts = Vec::new();
        facts.extend(self.type_name(DEEPEST));
        if required {
            facts.push("required".to_owned());
        }
        if let Some(default) = self.default {
            facts.push(format!("default {}", plain(default)));
        }
        if let Some(constant) = self.constant {
            facts.push(format!("always {}", plain(constant)));
        }
        if let Some(choices) = &self.choices {
            facts.push(format!("one of {}", join(choices, " | ")));
        }
        facts.join(", ")
    }

    fn type_name(&self, depth: usize) -> Option<String> {
        let of = |raw: &RawValue| {
            depth.checked_sub(1).and_then(|depth| parse::<Property<'_>>(raw)?.type_name(depth))
        };
        if let Some(kind) = self.kind {
            if let Some(kinds) = parse::<Vec<&RawValue>>(kind) {
                return Some(join(&kinds, " or "));
            }
            let kind = plain(kind);
            return Some(match self.items.and_then(of) {
                Some(item) if kind == "array" => format!("array of {item}"),
                _ => kind.into_owned(),
            });
        }
        let kinds = self.any_of.iter().flatten().filter_map(|raw| of(raw));
        Some(kinds.collect::<Vec<_>>().join(" or ")).filter(|kinds| !kinds.is_empty())
    }

    fn words(&self) -> Option<Cow<'_, str>> {
        [self.description, self.title]
            .into_iter()
            .flatten()
            .filter_map(parse::<Cow<'_, str>>)
            .find(|words| !words.trim().is_empty())
    }
}

/// How far nested types are spelt out.
const DEEPEST: usize = 4;

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Properties<'a>, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Properties<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the properties of a schema")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties<'de>, A::Error> {
                let mut properties = Vec::new();
                while let Some(property) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    properties.push((property.0.0, property.1));
                }
                Ok(Properties(properties))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// A string, borrowed when it can be.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// A string without its quotes, anything else as JSON.
fn plain(raw: &RawValue) -> Cow<'_, str> {
    match parse::<Text<'_>>(raw) {
        // Without quotes an empty default or choice would not be seen at all.
        Some(text) if !text.0.is_empty() => text.0,
        _ => Cow::Borrowed(raw.get()),
    }
}

fn join(values: &[&RawValue], between: &str) -> String {
    values.iter().map(|raw| plain(raw)).collect::<Vec<_>>().join(between)
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim_end()
}

/// Appends `text` on one line.
fn push_words(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(schema: &str) -> String {
        let listing = text(format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#).as_bytes());
        listing.strip_prefix("t\n").unwrap().to_owned()
    }

    #[test]
    fn a_tool_is_its_name_and_its_best_short_words() {
        let tools = br#"[{"name":"a","title":"Title","description":"no"},
            {"name":"b","annotations":{"title":"Old title"}},
            {"name":"c","description":"\n  First line.\nSecond."},
            {"name":"d"}]"#;
        assert_eq!(text(tools), "a  Title\nb  Old title\nc  First line.\nd\n");
    }

    #[test]
    fn arguments_stand_in_the_order_of_the_server_and_in_columns() {
        let schema = r#"{"type":"object","required":["path"],"properties":{
            "path":{"type":"string","description":"File\nto read"},
            "n":{"type":["integer","null"],"default":10},
            "mode":{"enum":["fast","",3]},
            "tags":{"type":"array","items":{"type":"string"}}}}"#;
        assert_eq!(
            arguments(schema),
            "    path  string, required  File\n    \
             n     integer or null, default 10\n    \
             mode  one of fast | \"\" | 3\n    \
             tags  array of string\n"
        );
    }

    #[test]
    fn alternatives_constants_and_nested_types_are_spelt_out() {
        let schema = r#"{"properties":{
            "a":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"A"},
            "b":{"const":"x"},
            "c":{"type":"array","items":{"type":"array","items":{"type":"number"}}},
            "d":true}}"#;
        assert_eq!(
            arguments(schema),
            "    a  string or null  A\n    b  always x\n    c  array of array of number\n    d\n"
        );
    }

    #[test]
    fn a_server_cannot_break_the_lines() {
        let tools =
            br#"[{"name":"a\nb","inputSchema":{"properties":{"x\ny":{"default":"1\n2"}}}}]"#;
        assert_eq!(text(tools), "a b\n    x y  default 1 2\n");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(text(b"{}"), "[tools that cannot be read]\n");
        assert_eq!(text(br#"[7,{"name":"x"}]"#), "[a tool that cannot be read]\nx\n");
        assert_eq!(
            text(br#"[{"name":"x","inputSchema":{"properties":[]}}]"#),
            "x\n    [arguments that cannot be read]\n"
        );
        assert_eq!(text(b"[]"), "");
    }
}
