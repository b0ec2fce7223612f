//! An object put together from its members, those of objects inside of it among them.
//!
//! Invariant: members keep the order in which they were given.

use crate::mcp::schema::field::Field;
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::word::{self, elements};

/// Items of one list that may be given by their places.
const ITEMS: usize = 1024;

/// A value as far as it was given.
#[derive(Debug)]
pub(crate) enum Node {
    Value(String),
    /// The items of a list, given one by one or several at a time.
    List(Vec<String>),
    Object(Vec<(String, Node)>),
    /// The items of a list by their places.
    Items(Vec<(usize, Node)>),
}

/// Where a key such as `address.street` leads.
#[derive(Debug)]
enum PathStep {
    Member(String),
    Item(usize),
}

/// Puts `value` at `path` below `node`, whose field is given.
///
/// # Errors
/// A sentence about the key or the value, without its subject.
pub(crate) fn put(
    node: &mut Option<Node>,
    field: &Field<'_>,
    path: &str,
    value: &str,
    is_json: bool,
) -> Result<(), String> {
    if path.is_empty() {
        return put_value(node, field, value, is_json);
    }
    let (step, rest) = step(field, path)?;
    match step {
        PathStep::Member(name) => {
            let members = match node.get_or_insert_with(|| Node::Object(Vec::new())) {
                Node::Object(members) => members,
                _ => return Err("is given twice".to_owned()),
            };
            let inside = field.members();
            let member = inside.iter().find(|(member, _)| member.name == name);
            let others = field.others();
            let any = Field::default();
            let inner = match (member, &others) {
                (Some((member, _)), _) => &member.field,
                (None, Some(others)) => others,
                (None, None) => &any,
            };
            let at = members.iter().position(|(known, _)| *known == name);
            let at = at.unwrap_or_else(|| {
                members.push((name, Node::Object(Vec::new())));
                members.len() - 1
            });
            let is_new = matches!(&members[at].1, Node::Object(inside) if inside.is_empty());
            let taken = std::mem::replace(&mut members[at].1, Node::Object(Vec::new()));
            let mut slot = (!is_new).then_some(taken);
            let result = put(&mut slot, inner, rest, value, is_json);
            if let Some(node) = slot {
                members[at].1 = node;
            }
            result
        }
        PathStep::Item(index) => {
            let items = match node.get_or_insert_with(|| Node::Items(Vec::new())) {
                Node::Items(items) => items,
                _ => return Err("is given twice".to_owned()),
            };
            let any = Field::default();
            let inner = field.prefix().get(index).or(field.items()).unwrap_or(&any);
            let known = items.iter().position(|(known, _)| *known == index);
            let mut slot = known.map(|at| items.remove(at).1);
            let result = put(&mut slot, inner, rest, value, is_json);
            if let Some(node) = slot {
                let at = items.partition_point(|(known, _)| *known < index);
                items.insert(at, (index, node));
            }
            result
        }
    }
}

fn put_value(
    node: &mut Option<Node>,
    field: &Field<'_>,
    value: &str,
    is_json: bool,
) -> Result<(), String> {
    let is_list = field.takes(Type::Array);
    let prefix = field.prefix();
    let value = match is_json {
        true => match serde_json::from_str::<serde::de::IgnoredAny>(value) {
            Ok(_) => word::on_one_line(value),
            Err(error) => return Err(format!("is not valid JSON: {error}")),
        },
        // Each word of a tuple is the next of its items.
        false if is_list && !prefix.is_empty() && !value.trim_start().starts_with('[') => {
            let place = match node {
                Some(Node::List(items)) => items.len(),
                _ => 0,
            };
            let item = prefix.get(place).or(field.items());
            let item = item.map_or_else(|| Ok(word::text(value)), |item| word::encode(item, value));
            format!("[{}]", item?)
        }
        false => word::encode(field, value)?,
    };
    match node {
        None => {
            *node = Some(match elements(&value).filter(|_| is_list) {
                Some(items) => Node::List(listed(items)),
                None => Node::Value(value),
            });
            Ok(())
        }
        Some(Node::List(list)) if is_list => {
            match elements(&value) {
                Some(items) => list.extend(listed(items)),
                None => list.push(value),
            }
            Ok(())
        }
        Some(_) => Err("is given twice".to_owned()),
    }
}

fn listed(items: &str) -> Vec<String> {
    if items.is_empty() { Vec::new() } else { vec![items.to_owned()] }
}

/// The first step of a path below a field, and the rest of the path.
fn step<'p>(field: &Field<'_>, path: &'p str) -> Result<(PathStep, &'p str), String> {
    if field.takes(Type::Array) {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Ok(index) = first.parse::<usize>() {
            if index < ITEMS {
                return Ok((PathStep::Item(index), rest));
            }
        }
    }
    let members = field.members();
    let mut known: Vec<&str> = Vec::new();
    for (member, _) in &members {
        match path.strip_prefix(&*member.name) {
            Some("") => return Ok((PathStep::Member(path.to_owned()), "")),
            Some(rest) if rest.starts_with('.') && is_deep(&member.field) => {
                return Ok((PathStep::Member(member.name.clone().into_owned()), &rest[1..]));
            }
            _ => known.push(&member.name),
        }
    }
    if field.others().is_some() || members.is_empty() {
        return Ok((PathStep::Member(path.to_owned()), ""));
    }
    Err(format!("has no member '{path}'; it takes {}", known.join(", ")))
}

/// Whether something can be given for a part of it.
pub(crate) fn is_deep(field: &Field<'_>) -> bool {
    field.takes(Type::Object) || field.takes(Type::Array)
}

/// A list of JSON values.
pub(crate) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// Writes a node, whose field is given.
///
/// # Errors
/// The path and the members that are missing.
pub(crate) fn write(node: &Node, field: &Field<'_>, out: &mut String) -> Result<(), String> {
    match node {
        Node::Value(value) => out.push_str(value),
        Node::List(items) => out.push_str(&list(items)),
        Node::Object(members) => {
            let inside = field.members();
            let is_missing = |name: &str| members.iter().all(|(known, _)| known != name);
            let missing = inside.iter().filter(|(_, required)| *required);
            let missing: Vec<String> = missing
                .filter(|(member, _)| is_missing(&member.name))
                .map(|(member, _)| format!("'{}'", member.name))
                .collect();
            if !missing.is_empty() {
                return Err(format!("needs {}", missing.join(", ")));
            }
            out.push('{');
            let any = Field::default();
            for (at, (name, node)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&word::text(name));
                out.push(':');
                let member = inside.iter().find(|(member, _)| member.name == *name);
                let inner = member.map_or(&any, |(member, _)| &member.field);
                write(node, inner, out).map_err(|why| format!(".{name} {why}"))?;
            }
            out.push('}');
        }
        Node::Items(items) => {
            out.push('[');
            let any = Field::default();
            for (at, (index, node)) in items.iter().enumerate() {
                if at != *index {
                    return Err(format!("needs item {at}"));
                }
                if at > 0 {
                    out.push(',');
                }
                let inner = field.prefix().get(at).or(field.items()).unwrap_or(&any);
                write(node, inner, out).map_err(|why| format!(".{at} {why}"))?;
            }
            out.push(']');
        }
    }
    Ok(())
}
