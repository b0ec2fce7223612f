//! The JSON that a field takes, as an outline for people:
//! `[{"name": string, "tags"?: [string]}]`.

use crate::mcp::schema::field::{Field, Member};
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::schema_value::bare;

/// Longest outline, in characters; a longer one is cut and ends in dots.
const LONGEST: usize = 1000;
/// Choices that are written out.
const CHOICES: usize = 6;

/// The outline of a list or an object; "" when no more is known than that it is
/// one, or when it is neither.
pub(crate) fn outline(field: &Field<'_>) -> String {
    let members = field.members();
    let is_known = field.items().is_some() || !field.prefix().is_empty() || !members.is_empty();
    if !is_known && !is_map(field) || field.is_multiple() {
        return String::new();
    }
    let mut out = String::new();
    write(field, &mut out);
    match out.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}..", &out[..at]),
        None => out,
    }
}

/// An object whose members have any names and one type.
fn is_map(field: &Field<'_>) -> bool {
    field.alternatives.iter().any(|one| one.inside.others.is_some())
}

fn write(field: &Field<'_>, out: &mut String) {
    // Nested ones can be many; more than can be shown is not written.
    if out.len() > LONGEST * 4 {
        return;
    }
    let start = out.len();
    let or = |out: &mut String| {
        if out.len() > start {
            out.push_str(" | ");
        }
    };
    for (at, choice) in field.choices().take(CHOICES + 1).enumerate() {
        or(out);
        out.push_str(&if at < CHOICES { bare_or_raw(choice.value) } else { "..".to_owned() });
    }
    if field.has_choices() && !field.is_open() {
        return;
    }
    let members = field.members();
    for kind in field.types() {
        if kind == Type::Array && (field.items().is_some() || !field.prefix().is_empty()) {
            or(out);
            write_list(field, out);
        } else if kind == Type::Object && (!members.is_empty() || is_map(field)) {
            or(out);
            write_object(field, &members, out);
        } else if field.alternatives.iter().any(|one| one.choices.is_none() && one.takes(kind)) {
            or(out);
            out.push_str(kind.name());
        }
    }
    if out.len() == start {
        out.push_str("any");
    }
}

fn write_list(field: &Field<'_>, out: &mut String) {
    out.push('[');
    for (at, item) in field.prefix().iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(item, out);
    }
    if let Some(items) = field.items() {
        if !field.prefix().is_empty() {
            out.push_str(", ..");
        }
        write(items, out);
    }
    out.push(']');
}

fn write_object(field: &Field<'_>, members: &[(&Member<'_>, bool)], out: &mut String) {
    out.push('{');
    for (index, (member, required)) in members.iter().enumerate() {
        if out.len() > LONGEST * 4 {
            break;
        }
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&format!("\"{}\"{}: ", member.name, if *required { "" } else { "?" }));
        write(&member.field, out);
    }
    if let Some(others) = field.alternatives.iter().find_map(|one| one.inside.others.as_ref()) {
        out.push_str(if members.is_empty() { "\"name\": " } else { ", \"name\": " });
        write(others, out);
        out.push_str(", ..");
    }
    out.push('}');
}

/// Strings keep their quotes: it is JSON that is typed.
fn bare_or_raw(value: &str) -> String {
    if value.starts_with('"') { format!("\"{}\"", bare(value)) } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::mcp::schema::fields::arguments;

    fn shape_of(property: &str) -> String {
        let table = arguments(&format!(
            r##"{{"properties":{{"x":{property}}},
            "$defs":{{"Me":{{"type":"object","properties":{{"again":{{"$ref":"#/$defs/Me"}}}}}}}}}}"##
        ));
        table.get(0, "shape").expect("the column is there").to_owned()
    }

    /// The outline inside of a list of known places: only the arguments that are not
    /// filled part by part have an outline, and such a list is one of them.
    fn part_of(property: &str) -> String {
        let list = shape_of(&format!(r#"{{"type":"array","prefixItems":[{property}]}}"#));
        let inside = list.strip_prefix('[').map(|rest| rest.strip_suffix(']').unwrap_or(rest));
        inside.unwrap_or(&list).to_owned()
    }

    #[test]
    fn lists_and_objects_are_outlined() {
        assert_eq!(shape_of(r#"{"type":"array","items":{"type":"string"}}"#), "[string]");
        assert_eq!(
            part_of(
                r#"{"type":"array","items":{"type":"object","required":["name"],"properties":{
                "name":{"type":"string"},"size":{"enum":["s","m",3]},
                "tags":{"type":"array","items":{"type":["integer","null"]}},"any":{}}}}"#
            ),
            r#"[{"name": string, "size"?: "s" | "m" | 3, "tags"?: [integer | null], "any"?: any}]"#
        );
    }

    #[test]
    fn what_says_no_more_than_its_type_has_no_outline() {
        for property in [
            r#"{"type":"string"}"#,
            r#"{"type":"object"}"#,
            r#"{"type":"array"}"#,
            r#"{"type":"array","items":{"enum":["a"]}}"#,
            "7",
        ] {
            assert_eq!(shape_of(property), "", "{property}");
        }
    }

    #[test]
    fn one_without_end_has_an_end() {
        let endless = part_of(r##"{"type":"array","items":{"$ref":"#/$defs/Me"}}"##);
        assert!(
            endless.starts_with(r#"[{"again"?: {"again"?: "#) && endless.len() < 200,
            "{endless}"
        );
        let many: Vec<String> =
            (0..3000).map(|n| format!(r#""k{n}":{{"type":"string"}}"#)).collect();
        let property = format!(r#"{{"type":"object","properties":{{{}}}}}"#, many.join(","));
        assert!(part_of(&property).ends_with(".."));
    }
}
