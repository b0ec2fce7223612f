//! What JSON a field wants, as an outline that a person can type after:
//! `[{"name": string, "tags"?: [string]}]`.

use crate::plain::schema::{Field, bare};

/// Longest outline, in characters; what is cut ends in dots.
const LONGEST: usize = 1000;
/// Choices that are written out.
const CHOICES: usize = 6;

/// The outline of a list or an object; "" when no more is known than that it is
/// one, or when it is neither.
pub fn outline(field: &Field<'_>) -> String {
    let is_known = field.items.is_some() || !field.members.is_empty();
    if !is_known || field.is_multiple() {
        return String::new();
    }
    let mut out = String::new();
    write(field, &mut out);
    match out.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}..", &out[..at]),
        None => out,
    }
}

fn write(field: &Field<'_>, out: &mut String) {
    // Nested ones can be many; more than can be shown is not written.
    if out.len() > LONGEST * 4 {
        return;
    }
    if !field.choices.is_empty() {
        let names: Vec<String> =
            field.choices.iter().take(CHOICES).map(|choice| bare_or_raw(choice.value)).collect();
        out.push_str(&names.join(" | "));
        if field.choices.len() > CHOICES {
            out.push_str(" | ..");
        }
        return;
    }
    if field.takes("array") && field.items.is_some() {
        out.push('[');
        if let Some(items) = &field.items {
            write(items, out);
        }
        out.push(']');
    } else if !field.members.is_empty() {
        out.push('{');
        for (index, member) in field.members.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            out.push_str(&format!(
                "\"{}\"{}: ",
                member.name,
                if member.required { "" } else { "?" }
            ));
            write(&member.field, out);
        }
        out.push('}');
    } else if field.types.is_empty() {
        out.push_str("any");
    } else {
        out.push_str(&field.types.join(" | "));
    }
}

/// Strings keep their quotes: it is JSON that is typed.
fn bare_or_raw(value: &serde_json::value::RawValue) -> String {
    let raw = value.get();
    if raw.starts_with('"') { format!("\"{}\"", bare(value)) } else { raw.to_owned() }
}
