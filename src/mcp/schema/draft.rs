//! Arguments that are to be edited: an object that holds every argument that was given,
//! whether it fits the schema or not.
//!
//! The encoder of calls ([`arguments::encode`](crate::mcp::schema::arguments::encode)) refuses
//! what does not fit. An editor has to show it instead.

use crate::json::task::Task;
use crate::mcp::schema::arguments::{ArgumentBuilder, Pair, read};
use crate::mcp::schema::assembly::Node;
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
            let mut value = String::new();
            write(node, field, &mut value);
            members.push((name.clone(), value));
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
                    let mut value = String::new();
                    write_absent(&field, &mut value);
                    members.push((name.to_owned(), value));
                }
            }
        }
        let mut out = String::new();
        write_object(members.iter().map(|(name, value)| (&**name, &**value)), &mut out);
        out
    })
    .finish()
}

/// Writes a value as far as it was given.
fn write(node: &Node, field: &Field<'_>, out: &mut String) {
    let any = Field::default();
    match node {
        Node::Value(value) => out.push_str(value),
        Node::List(items) => {
            out.push('[');
            out.push_str(&items.join(","));
            out.push(']');
        }
        Node::Items(items) => {
            let Some((last, _)) = items.last() else { return out.push_str("[]") };
            for index in 0..=*last {
                out.push(if index == 0 { '[' } else { ',' });
                let inner = field.prefix().get(index).or(field.items()).unwrap_or(&any);
                match items.iter().find(|(known, _)| *known == index) {
                    Some((_, node)) => write(node, inner, out),
                    None => write_absent(inner, out),
                }
            }
            out.push(']');
        }
        Node::Object(given) => {
            let inside = field.members();
            let mut members: Vec<(&str, String)> = Vec::new();
            for (name, node) in given {
                let member = inside.iter().find(|(member, _)| member.name == *name);
                let mut value = String::new();
                write(node, member.map_or(&any, |(member, _)| &member.field), &mut value);
                members.push((name, value));
            }
            for (member, is_required) in &inside {
                if *is_required && given.iter().all(|(known, _)| *known != *member.name) {
                    let mut value = String::new();
                    write_absent(&member.field, &mut value);
                    members.push((&member.name, value));
                }
            }
            write_object(members.iter().map(|(name, value)| (*name, &**value)), out);
        }
    }
}

/// Writes a value that was not given: the default, or an empty one.
fn write_absent(field: &Field<'_>, out: &mut String) {
    if let Some(default) = field.default {
        return out.push_str(&word::on_one_line(default));
    }
    let types = field.types();
    match types.first() {
        Some(Type::Object) => {
            let members = field.members();
            let mut required: Vec<(&str, String)> = Vec::new();
            for (member, is_required) in &members {
                if *is_required {
                    let mut value = String::new();
                    write_absent(&member.field, &mut value);
                    required.push((&member.name, value));
                }
            }
            write_object(required.iter().map(|(name, value)| (*name, &**value)), out);
        }
        Some(Type::Array) => out.push_str("[]"),
        Some(Type::Integer | Type::Number) => out.push('0'),
        Some(Type::Boolean) => out.push_str("false"),
        Some(Type::Null) => out.push_str("null"),
        Some(Type::String) | None => out.push_str("\"\""),
    }
}

fn write_object<'m>(members: impl Iterator<Item = (&'m str, &'m str)>, out: &mut String) {
    out.push('{');
    for (at, (name, value)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&word::text(name));
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
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
