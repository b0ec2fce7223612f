//! Arguments that are to be edited: an object that holds every argument that was given,
//! whether it fits the schema or not.
//!
//! The encoder of calls ([`arguments::encode`](crate::mcp::schema::arguments::encode)) refuses
//! what does not fit. An editor has to show it instead.

use crate::json::task::Task;
use crate::mcp::schema::arguments::{ArgumentBuilder, Pair, read};
use crate::mcp::schema::assembly::{Node, list};
use crate::mcp::schema::field::Field;
use crate::mcp::schema::fields::input_schema;
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::subschema::{Reach, Work};
use crate::mcp::schema::word;

/// Arguments beyond this many that were not given are left out.
const ADDED: usize = 512;

/// The arguments object of the tool that `definition` describes, as JSON on one line:
/// first `pairs` in their order, then the arguments that were not given and have a default or
/// are required.
///
/// A value that does not fit is a string. Of an argument that takes one value and was given
/// twice, the first value counts. A required value that is not known is empty: `""`, `0`,
/// `false`, `[]`, an object of its own required members, or `null`.
pub fn draft(definition: &str, pairs: &[Pair]) -> String {
    Task::new(|mut budget| async move {
        let mut work = Work::small(&mut budget);
        let schema = read(input_schema(definition), &mut work).await;
        let mut arguments = ArgumentBuilder::new("", &schema);
        let mut unknown: Vec<(&str, String)> = Vec::new();
        for pair in pairs {
            if arguments.add(pair, &mut work).await.is_ok() {
                continue;
            }
            let is_json = pair.is_json && word::is_json(&pair.value);
            let value = if is_json { pair.value.clone() } else { word::text(&pair.value) };
            // JSON is taken whatever the schema says, at the place that the key names.
            let as_text = Pair { key: pair.key.clone(), value: value.clone(), is_json: true };
            if arguments.add(&as_text, &mut work).await.is_err() {
                unknown.push((&pair.key, word::on_one_line(&value)));
            }
        }
        let mut members: Vec<(String, String)> = Vec::new();
        for (name, field, node) in &arguments.given {
            members.push((name.clone(), given(node, field)));
        }
        for (name, value) in unknown {
            if members.iter().all(|(known, _)| known != name) {
                members.push((name.to_owned(), value));
            }
        }
        for is_required in [true, false] {
            let names = schema.names().filter(|name| schema.requires(name) == is_required);
            for name in names.take(ADDED) {
                if members.iter().any(|(known, _)| known == name) {
                    continue;
                }
                let field = schema.find(name, Reach::ALL, &mut work).await.unwrap_or_default();
                if is_required || field.default.is_some() {
                    members.push((name.to_owned(), absent(&field)));
                }
            }
        }
        object(&members)
    })
    .finish()
}

/// A value as far as it was given.
fn given(node: &Node, field: &Field<'_>) -> String {
    let any = Field::default();
    match node {
        Node::Value(value) => value.clone(),
        Node::List(items) => list(items),
        Node::Items(items) => {
            let length = items.last().map_or(0, |(last, _)| last + 1);
            let item = |index: usize| {
                let inner = field.prefix().get(index).or(field.items()).unwrap_or(&any);
                match items.iter().find(|(known, _)| *known == index) {
                    Some((_, node)) => given(node, inner),
                    None => absent(inner),
                }
            };
            list(&(0..length).map(item).collect::<Vec<_>>())
        }
        Node::Object(parts) => {
            let inside = field.members();
            let mut members: Vec<(&str, String)> = Vec::new();
            for (name, node) in parts {
                let member = inside.iter().find(|(member, _)| member.name == *name);
                let inner = member.map_or(&any, |(member, _)| &member.field);
                members.push((name, given(node, inner)));
            }
            for (member, is_required) in &inside {
                if *is_required && parts.iter().all(|(known, _)| *known != *member.name) {
                    members.push((&member.name, absent(&member.field)));
                }
            }
            object(&members)
        }
    }
}

/// A value that was not given: the default, or an empty one.
fn absent(field: &Field<'_>) -> String {
    if let Some(default) = field.default {
        return word::on_one_line(default);
    }
    let empty = match field.types().first() {
        Some(Type::Object) => {
            let members = field.members();
            let required = members.iter().filter(|(_, is_required)| *is_required);
            let required: Vec<_> =
                required.map(|(member, _)| (&*member.name, absent(&member.field))).collect();
            return object(&required);
        }
        Some(Type::Array) => "[]",
        Some(Type::Integer | Type::Number) => "0",
        Some(Type::Boolean) => "false",
        Some(Type::Null) => "null",
        Some(Type::String) | None => "\"\"",
    };
    empty.to_owned()
}

fn object<N: AsRef<str>>(members: &[(N, String)]) -> String {
    let member = |(name, value): &(N, String)| format!("{}:{value}", word::text(name.as_ref()));
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str = r##"{"name":"t","inputSchema":{"type":"object","properties":{
        "title":{"type":"string"},"size":{"type":"integer","maximum":9},
        "colour":{"type":"string","default":"red"},"note":{"type":"string"},
        "tags":{"type":"array","items":{"type":"string"}},
        "to":{"type":"object","properties":{"name":{"type":"string"},"zip":{"type":"integer"},
            "at":{"type":"object","properties":{"x":{"type":"number"}}}},"required":["name","zip"]}},
        "required":["title","to"],"additionalProperties":false}}"##;

    fn drafted(words: &[&str]) -> String {
        let pairs: Vec<Pair> = words
            .iter()
            .map(|word| {
                let (key, value) = word.split_once('=').expect("a pair");
                let (key, is_json) = key.strip_suffix(':').map_or((key, false), |key| (key, true));
                Pair { key: key.into(), value: value.into(), is_json }
            })
            .collect();
        draft(TOOL, &pairs)
    }

    #[test]
    fn what_is_required_or_has_a_default_is_there_before_anything_is_given() {
        let wanted = r#"{"title":"","to":{"name":"","zip":0},"colour":"red"}"#;
        assert_eq!(drafted(&[]), wanted);
        assert_eq!(draft(r#"{"name":"t"}"#, &[]), "{}");
    }

    #[test]
    fn members_of_objects_and_repeated_keys_are_kept() {
        let words = ["to.name=Ada", "tags=a", "to.at.x=1.5", "tags=b", "title=7", "size=3"];
        assert_eq!(
            drafted(&words),
            r#"{"to":{"name":"Ada","at":{"x":1.5},"zip":0},"tags":["a","b"],"title":"7","size":3,"colour":"red"}"#
        );
        assert_eq!(
            drafted(&["tags.0=a", "tags.2=c", "title=t", "to:={}", "colour=blue"]),
            r#"{"tags":["a","","c"],"title":"t","to":{},"colour":"blue"}"#
        );
    }

    #[test]
    fn what_does_not_fit_is_shown_as_text() {
        let words = ["size=ten", "to.zip=abc", "title:={", "other=1", "else:=[1]", "note=a"];
        assert_eq!(
            drafted(&words),
            r#"{"size":"ten","to":{"zip":"abc","name":""},"title":"{","note":"a","other":"1","else":[1],"colour":"red"}"#
        );
        // A range that is not kept, and a second value.
        assert_eq!(
            drafted(&["size=10", "note=a", "note=b", "title=x", "to:=1"]),
            r#"{"size":"10","note":"a","title":"x","to":1,"colour":"red"}"#
        );
    }

    #[test]
    fn arguments_of_a_tool_without_a_schema_are_text() {
        let pair = Pair { key: "a".into(), value: "1\n2".into(), is_json: false };
        assert_eq!(draft("{}", &[pair]), r#"{"a":"1\n2"}"#);
    }
}
