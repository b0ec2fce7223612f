//! The arguments of a tool that the head of its call repeats (2026-07-28, "Custom Headers from
//! Tool Parameters").

use serde_json::{Map, Value};

/// The mark of such an argument in a schema.
const MARK: &str = "x-mcp-header";
/// The beginning of the names of the fields.
const PREFIX: &str = "Mcp-Param-";
/// The greatest integer that every reader of JSON has exactly: 2^53 - 1.
const GREATEST: i64 = (1 << 53) - 1;
/// The most fields of one call. A head has to fit into what servers read of it.
const MOST: usize = 64;
/// The deepest schema that is looked at.
const DEEPEST: usize = 64;

/// Keywords below which no schema stands.
const VALUES: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// An argument that is repeated.
#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    /// The name of the field without its beginning.
    field: String,
    /// The names that lead to the argument.
    path: Vec<String>,
}

/// The fields for a call with this body, by the definition of its tool. A tool whose marks are
/// wrong has none.
pub(super) fn fields(definition: &str, body: &[u8]) -> Vec<(String, String)> {
    if !is_marked(definition) {
        return Vec::new();
    }
    let parameters = parameters(definition).unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let arguments = &body["params"]["arguments"];
    let field = |parameter: &Parameter| {
        let value = parameter.path.iter().try_fold(arguments, |value, name| value.get(name))?;
        Some((format!("{PREFIX}{}", parameter.field), text_of(value)?))
    };
    parameters.iter().filter_map(field).collect()
}

/// What is wrong with the marks of a tool, so that it must not be called.
pub(super) fn objection(definition: &str) -> Option<String> {
    if !is_marked(definition) {
        return None;
    }
    parameters(definition).err()
}

fn is_marked(definition: &str) -> bool {
    memchr::memmem::find(definition.as_bytes(), MARK.as_bytes()).is_some()
}

/// The value of a field. `null` and whatever is no scalar has none.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is_true) => Some(is_true.to_string()),
        Value::Number(number) => {
            // 42.0 is an integer to JSON Schema.
            let whole = number.as_i64().or_else(|| {
                let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
                (float.abs() <= GREATEST as f64).then_some(float as i64)
            })?;
            (-GREATEST..=GREATEST).contains(&whole).then(|| whole.to_string())
        }
        _ => None,
    }
}

/// The arguments that are repeated.
fn parameters(definition: &str) -> Result<Vec<Parameter>, String> {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let mut found = Vec::new();
    if let Some(schema) = definition["inputSchema"].as_object() {
        visit(schema, Some(&mut Vec::new()), &mut found, 0)?;
    }
    Ok(found)
}

/// Looks for marks in a schema. `path` leads to its value; `None`: no chain of `properties`
/// does.
fn visit(
    schema: &Map<String, Value>,
    mut path: Option<&mut Vec<String>>,
    found: &mut Vec<Parameter>,
    depth: usize,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Ok(());
    }
    if let Some(mark) = schema.get(MARK) {
        let place = path.as_deref().filter(|path| !path.is_empty());
        found.push(parameter(mark, schema, place, found)?);
    }
    for (keyword, value) in schema {
        if keyword == "properties" {
            for (name, property) in value.as_object().into_iter().flatten() {
                let Some(property) = property.as_object() else { continue };
                match &mut path {
                    Some(path) => {
                        path.push(name.clone());
                        visit(property, Some(path), found, depth + 1)?;
                        path.pop();
                    }
                    None => visit(property, None, found, depth + 1)?,
                }
            }
        } else if !VALUES.contains(&keyword.as_str()) {
            visit_others(value, found, depth)?;
        }
    }
    Ok(())
}

/// Looks for marks below a keyword other than `properties`, where none may be.
fn visit_others(value: &Value, found: &mut Vec<Parameter>, depth: usize) -> Result<(), String> {
    match value {
        Value::Object(schema) => visit(schema, None, found, depth + 1),
        Value::Array(all) if depth <= DEEPEST => {
            all.iter().try_for_each(|value| visit_others(value, found, depth + 1))
        }
        _ => Ok(()),
    }
}

fn parameter(
    mark: &Value,
    schema: &Map<String, Value>,
    path: Option<&Vec<String>>,
    found: &[Parameter],
) -> Result<Parameter, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let field = mark.as_str().filter(|name| !name.is_empty() && name.bytes().all(is_token));
    let Some(field) = field else { return Err(format!("{MARK} is no name of a header")) };
    let Some(path) = path else {
        return Err(format!("{MARK} '{field}' stands where no single argument is meant"));
    };
    let is_scalar = |kind: &Value| matches!(kind.as_str(), Some("string" | "integer" | "boolean"));
    let fits = match schema.get("type") {
        // An argument that may be null as well is left out when it is.
        Some(Value::Array(kinds)) => {
            let mut others = kinds.iter().filter(|kind| kind.as_str() != Some("null"));
            others.next().is_some_and(is_scalar) && others.next().is_none()
        }
        kind => kind.is_some_and(is_scalar),
    };
    if !fits {
        return Err(format!("{MARK} '{field}' is not on a string, an integer or a boolean"));
    }
    if found.iter().any(|other| other.field.eq_ignore_ascii_case(field)) {
        return Err(format!("{MARK} '{field}' is there twice"));
    }
    if found.len() == MOST {
        return Err(format!("more than {MOST} arguments have {MARK}"));
    }
    Ok(Parameter { field: field.to_owned(), path: path.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(schema: &str) -> String {
        format!(r#"{{"name":"t","inputSchema":{schema}}}"#)
    }

    fn of_property(property: &str) -> String {
        tool(&format!(r#"{{"type":"object","properties":{{"a":{property}}}}}"#))
    }

    #[test]
    fn marked_arguments_are_repeated_as_they_are() {
        let tool = tool(
            r#"{"properties":{
            "s":{"type":"string","x-mcp-header":"S"},
            "n":{"type":["null","integer"],"x-mcp-header":"N"},
            "b":{"type":"boolean","x-mcp-header":"B"},
            "in":{"type":"object","properties":{"x-mcp-header":{"type":"string","x-mcp-header":"Deep"}}},
            "other":{"type":"string","default":{"x-mcp-header":7}}}}"#,
        );
        assert_eq!(objection(&tool), None);
        for (arguments, expected) in [
            (r#"{"s":"a b","n":42,"b":false,"other":"o"}"#, "S=a b N=42 B=false"),
            (r#"{"s":"","n":42.0,"b":null}"#, "S= N=42"),
            (r#"{"n":-9007199254740991,"in":{"x-mcp-header":"x"}}"#, "N=-9007199254740991 Deep=x"),
            (r#"{"n":9007199254740992,"s":[],"in":7}"#, ""),
            (r#"{"n":1.5}"#, ""),
            ("{}", ""),
        ] {
            let body = format!(r#"{{"params":{{"name":"t","arguments":{arguments}}}}}"#);
            let mut fields = fields(&tool, body.as_bytes());
            fields.sort_by_key(|(name, _)| "SNBD".find(&name[PREFIX.len()..=PREFIX.len()]));
            let words: Vec<String> = (fields.iter())
                .map(|(name, value)| format!("{}={value}", &name[PREFIX.len()..]))
                .collect();
            assert_eq!(words.join(" "), expected, "{arguments}");
        }
    }

    #[test]
    fn a_tool_with_a_wrong_mark_is_not_called() {
        for (tool, why) in [
            (of_property(r#"{"type":"string","x-mcp-header":""}"#), "is no name of a header"),
            (of_property(r#"{"type":"string","x-mcp-header":7}"#), "is no name of a header"),
            (of_property(r#"{"type":"string","x-mcp-header":"A B"}"#), "is no name of a header"),
            (of_property(r#"{"type":"string","x-mcp-header":"A\r\nB: c"}"#), "is no name"),
            (of_property(r#"{"type":"number","x-mcp-header":"A"}"#), "is not on a string"),
            (of_property(r#"{"type":["string","integer"],"x-mcp-header":"A"}"#), "is not on a"),
            (of_property(r#"{"x-mcp-header":"A"}"#), "is not on a string"),
            (
                of_property(r#"{"type":"array","items":{"type":"string","x-mcp-header":"A"}}"#),
                "where no single argument is meant",
            ),
            (
                of_property(
                    r#"{"anyOf":[{"properties":{"b":{"type":"string","x-mcp-header":"A"}}}]}"#,
                ),
                "where no single argument is meant",
            ),
            (tool(r#"{"type":"string","x-mcp-header":"A"}"#), "where no single argument is meant"),
            (
                tool(
                    r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},
                    "b":{"type":"string","x-mcp-header":"a"}}}"#,
                ),
                "is there twice",
            ),
        ] {
            let said = objection(&tool).unwrap_or_default();
            assert!(said.contains(why), "{tool}: {said}");
            let body = br#"{"params":{"arguments":{"a":"x","b":"y"}}}"#;
            assert_eq!(fields(&tool, body), [], "{tool}");
        }
        assert_eq!(objection(&tool(&"[".repeat(1000))), None);
        assert_eq!(objection("x-mcp-header"), None);
    }
}
