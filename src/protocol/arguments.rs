//! Words typed by a person, encoded by a tool's `inputSchema`.
//!
//! A word has no type; the schema says which one is meant. Everything that does
//! not fit is an error that names the argument, what was wanted and what was
//! there: a tool must never run on a guess.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// One argument as typed: `key=value`, or `key:=json`.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Property name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The value is JSON, not a word.
    pub is_json: bool,
}

/// How deep `$ref`, `anyOf` and the like are followed.
const DEPTH: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    #[serde(borrow, default)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Schema {
    properties: BTreeMap<String, Property>,
    required: Vec<String>,
    additional_properties: Option<Value>,
    #[serde(rename = "$defs")]
    defs: BTreeMap<String, Property>,
    definitions: BTreeMap<String, Property>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Property {
    r#type: Option<OneOrMany>,
    r#enum: Option<Vec<Value>>,
    r#const: Option<Value>,
    items: Option<Box<MaybeProperty>>,
    any_of: Vec<Property>,
    one_of: Vec<Property>,
    all_of: Vec<Property>,
    #[serde(rename = "$ref")]
    reference: Option<String>,
}

/// `items` may be `true` or, in old drafts, a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum MaybeProperty {
    One(Property),
    #[allow(dead_code)]
    Other(Value),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// What a property accepts, references and alternatives resolved.
#[derive(Default)]
struct Accepts<'a> {
    types: Vec<&'a str>,
    choices: Vec<&'a Value>,
    items: Option<&'a Property>,
}

/// Encodes `pairs` as the arguments object of the tool that `definition`, a raw
/// tool definition, describes.
///
/// # Errors
/// A sentence for the user: unknown, missing or repeated argument, or a value
/// of the wrong type.
pub fn encode(tool: &str, definition: &str, pairs: &[Pair]) -> Result<String, String> {
    let schema: Schema = serde_json::from_str::<Definition<'_>>(definition)
        .ok()
        .and_then(|definition| definition.input_schema)
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose()
        .map_err(|error| {
            format!("tool '{tool}' has an inputSchema that cannot be read ({error}); give JSON")
        })?
        .unwrap_or_default();

    let mut object = Map::new();
    for pair in pairs {
        let property = schema.properties.get(&pair.key);
        if property.is_none() && schema.is_closed() {
            return Err(format!(
                "tool '{tool}' has no argument '{}'; {}",
                pair.key,
                schema.describe()
            ));
        }
        let accepts = property.map_or_else(Accepts::default, |p| schema.accepts(p));
        let value = if pair.is_json {
            serde_json::from_str(&pair.value)
                .map_err(|error| format!("argument '{}' is not valid JSON: {error}", pair.key))?
        } else {
            schema.word(&accepts, &pair.value).map_err(|wanted| {
                format!("argument '{}' of tool '{tool}' {wanted}, not '{}'", pair.key, pair.value)
            })?
        };
        match object.get_mut(&pair.key) {
            None => {
                object.insert(pair.key.clone(), value);
            }
            Some(Value::Array(list)) if accepts.types.contains(&"array") => match value {
                Value::Array(more) => list.extend(more),
                one => list.push(one),
            },
            Some(_) => return Err(format!("argument '{}' is given twice", pair.key)),
        }
    }

    let missing: Vec<&str> = schema
        .required
        .iter()
        .map(String::as_str)
        .filter(|key| !object.contains_key(*key))
        .collect();
    if !missing.is_empty() {
        let noun = if missing.len() == 1 { "argument" } else { "arguments" };
        let names: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
        return Err(format!(
            "tool '{tool}' needs {noun} {}; {}",
            names.join(", "),
            schema.describe()
        ));
    }
    Ok(Value::Object(object).to_string())
}

impl Schema {
    /// A name outside `properties` is a slip of the keyboard, unless the schema
    /// invites others in so many words.
    fn is_closed(&self) -> bool {
        match &self.additional_properties {
            None => !self.properties.is_empty(),
            Some(value) => *value == Value::Bool(false),
        }
    }

    fn describe(&self) -> String {
        if self.properties.is_empty() {
            return "it takes none".into();
        }
        let names: Vec<String> = self
            .properties
            .keys()
            .map(|name| {
                let mark = if self.required.contains(name) { " (required)" } else { "" };
                format!("{name}{mark}")
            })
            .collect();
        format!("it takes {}", names.join(", "))
    }

    fn accepts<'a>(&'a self, property: &'a Property) -> Accepts<'a> {
        let mut accepts = Accepts::default();
        self.collect(property, &mut accepts, DEPTH);
        accepts
    }

    fn collect<'a>(&'a self, property: &'a Property, into: &mut Accepts<'a>, depth: usize) {
        match &property.r#type {
            Some(OneOrMany::One(one)) => into.types.push(one),
            Some(OneOrMany::Many(many)) => into.types.extend(many.iter().map(String::as_str)),
            None => {}
        }
        into.choices.extend(property.r#enum.iter().flatten());
        into.choices.extend(&property.r#const);
        if let Some(MaybeProperty::One(items)) = property.items.as_deref() {
            into.items = Some(items);
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        let parts = property.any_of.iter().chain(&property.one_of).chain(&property.all_of);
        for part in parts.chain(self.resolve(property.reference.as_deref())) {
            self.collect(part, into, depth);
        }
    }

    /// Only references into the schema itself; nothing is ever fetched.
    fn resolve(&self, reference: Option<&str>) -> Option<&Property> {
        let reference = reference?;
        if let Some(name) = reference.strip_prefix("#/$defs/") {
            return self.defs.get(name);
        }
        self.definitions.get(reference.strip_prefix("#/definitions/")?)
    }

    /// The error says what was wanted.
    fn word(&self, accepts: &Accepts<'_>, word: &str) -> Result<Value, Cow<'static, str>> {
        if !accepts.choices.is_empty() {
            return choice(&accepts.choices, word);
        }
        let takes = |name: &str| accepts.types.contains(&name);
        if takes("integer") || takes("number") {
            if let Some(number) = number(word, !takes("number")) {
                return Ok(Value::Number(number));
            }
        }
        if takes("boolean") {
            if let Some(flag) = boolean(word) {
                return Ok(Value::Bool(flag));
            }
        }
        if takes("array") && !takes("string") {
            if word.trim_start().starts_with('[') {
                return json(word, Value::is_array).ok_or("wants a JSON array".into());
            }
            let items = accepts.items.map_or_else(Accepts::default, |items| self.accepts(items));
            return Ok(Value::Array(vec![self.word(&items, word)?]));
        }
        if takes("object") && !takes("string") {
            return json(word, Value::is_object).ok_or("wants a JSON object".into());
        }
        if takes("null") && !takes("string") && word == "null" {
            return Ok(Value::Null);
        }
        let wanted = match () {
            () if accepts.types.is_empty() || takes("string") => {
                return Ok(Value::String(word.to_owned()));
            }
            () if takes("number") => "wants a number",
            () if takes("integer") => "wants an integer",
            () if takes("boolean") => "wants true or false",
            () => "is of a type that cannot be given as a word; use key:=json",
        };
        Err(wanted.into())
    }
}

fn choice(choices: &[&Value], word: &str) -> Result<Value, Cow<'static, str>> {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    choices.iter().find(|value| plain(value) == word).map(|value| (*value).clone()).ok_or_else(
        || {
            let names: Vec<String> = choices.iter().map(|value| plain(value)).collect();
            format!("wants one of {}", names.join(", ")).into()
        },
    )
}

fn json(word: &str, fits: fn(&Value) -> bool) -> Option<Value> {
    serde_json::from_str(word).ok().filter(fits)
}

fn number(word: &str, integer: bool) -> Option<Number> {
    let number: Number = serde_json::from_str(word.trim()).ok()?;
    if !integer || number.is_i64() || number.is_u64() {
        return Some(number);
    }
    let float = number.as_f64()?;
    // 2^53: the integers that every peer can hold.
    (float.fract() == 0.0 && float.abs() < 9.007_199_254_740_992e15)
        .then(|| Number::from(float as i64))
}

fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        encode("t", TOOL, &pairs).map(|text| serde_json::from_str(&text).unwrap())
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
        assert_eq!(encode("t", open, std::slice::from_ref(&pair)).unwrap(), r#"{"b":"1"}"#);
        assert_eq!(encode("t", r#"{"name":"t"}"#, &[pair]).unwrap(), r#"{"b":"1"}"#);
        assert_eq!(encode("t", r#"{"name":"t"}"#, &[]).unwrap(), "{}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let knot = r##"{"inputSchema":{"properties":{"a":{"$ref":"#/$defs/A"}},
            "$defs":{"A":{"anyOf":[{"$ref":"#/$defs/A"},{"type":"integer"}]}}}}"##;
        let pair = Pair { key: "a".into(), value: "7".into(), is_json: false };
        assert_eq!(encode("t", knot, &[pair]).unwrap(), r#"{"a":7}"#);
    }
}
