//! Words typed by a person, encoded by a tool's `inputSchema`.
//!
//! A word has no type; the schema says which one is meant. Everything that does
//! not fit is an error that names the argument, what was wanted and what was
//! there: a tool must never run on a guess.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::protocol::schema::{Choice, Field, Raw, Schema, bare, input_schema};

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

/// Encodes `pairs` as the arguments object of the tool that `definition`, a raw
/// tool definition, describes.
///
/// # Errors
/// A sentence for the user: unknown, missing or repeated argument, or a value
/// of the wrong type.
pub fn encode(tool: &str, definition: &str, pairs: &[Pair]) -> Result<String, String> {
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
    one(what, &read(what, schema)?, pair).map(|_| ())
}

/// Encodes `pairs` as an object that fits `schema`. `what` is named in errors.
///
/// # Errors
/// As [`encode`].
pub fn encode_by(what: &str, schema: &str, pairs: &[Pair]) -> Result<String, String> {
    let schema = read(what, schema)?;
    let mut object = Map::new();
    for pair in pairs {
        let (value, is_list) = one(what, &schema, pair)?;
        match object.get_mut(&pair.key) {
            None => {
                object.insert(pair.key.clone(), value);
            }
            Some(Value::Array(list)) if is_list => match value {
                Value::Array(more) => list.extend(more),
                one => list.push(one),
            },
            Some(_) => return Err(format!("argument '{}' is given twice", pair.key)),
        }
    }

    let missing: Vec<&str> = schema.required().filter(|key| !object.contains_key(*key)).collect();
    if !missing.is_empty() {
        let noun = if missing.len() == 1 { "argument" } else { "arguments" };
        let names: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
        return Err(format!("{what} needs {noun} {}; {}", names.join(", "), describe(&schema)));
    }
    Ok(Value::Object(object).to_string())
}

fn read<'a>(what: &str, schema: &'a str) -> Result<Schema<'a>, String> {
    Schema::read(schema)
        .map_err(|error| format!("{what} has a schema that cannot be read ({error}); give JSON"))
}

/// One argument encoded, and whether more of it may follow.
fn one(what: &str, schema: &Schema<'_>, pair: &Pair) -> Result<(Value, bool), String> {
    let field = schema.find(&pair.key);
    if field.is_none() && schema.is_closed() {
        return Err(format!("{what} has no argument '{}'; {}", pair.key, describe(schema)));
    }
    let field = field.unwrap_or_default();
    let value = if pair.is_json {
        serde_json::from_str(&pair.value)
            .map_err(|error| format!("argument '{}' is not valid JSON: {error}", pair.key))?
    } else {
        word(&field, &pair.value).map_err(|wanted| {
            format!("argument '{}' of {what} {wanted}, not '{}'", pair.key, pair.value)
        })?
    };
    Ok((value, field.takes("array")))
}

fn describe(schema: &Schema<'_>) -> String {
    let mut names: Vec<&str> = schema.names().collect();
    if names.is_empty() {
        return "it takes none".into();
    }
    names.sort_unstable();
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("{name}{}", if schema.requires(name) { " (required)" } else { "" }))
        .collect();
    format!("it takes {}", names.join(", "))
}

/// The error says what was wanted.
fn word(field: &Field<'_>, word: &str) -> Result<Value, Cow<'static, str>> {
    if !field.choices.is_empty() {
        return choice(&field.choices, word);
    }
    let takes = |name: &str| field.takes(name);
    if takes("integer") || takes("number") {
        if let Some(number) = number(word, !takes("number")) {
            in_range(field, &number)?;
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
        let item = match &field.items {
            Some(items) => self::word(items, word)?,
            None => Value::String(word.to_owned()),
        };
        return Ok(Value::Array(vec![item]));
    }
    if takes("object") && !takes("string") {
        return json(word, Value::is_object).ok_or("wants a JSON object".into());
    }
    if takes("null") && !takes("string") && word == "null" {
        return Ok(Value::Null);
    }
    let wanted = match () {
        () if field.types.is_empty() || takes("string") => {
            return fits(field, word).map(|()| Value::String(word.to_owned()));
        }
        () if takes("number") => "wants a number",
        () if takes("integer") => "wants an integer",
        () if takes("boolean") => "wants true or false",
        () => "is of a type that cannot be given as a word; use key:=json",
    };
    Err(wanted.into())
}

/// A choice by its value or, when no value is meant, by its title.
fn choice(choices: &[Choice<'_>], word: &str) -> Result<Value, Cow<'static, str>> {
    let value = |choice: &Choice<'_>| serde_json::from_str(choice.value.get()).ok();
    let by_value = choices.iter().find(|choice| bare(choice.value) == word);
    let by_title = || choices.iter().find(|choice| choice.title.as_deref() == Some(word));
    by_value.or_else(by_title).and_then(value).ok_or_else(|| {
        let names: Vec<Cow<'_, str>> = choices.iter().map(|choice| bare(choice.value)).collect();
        format!("wants one of {}", names.join(", ")).into()
    })
}

fn in_range(field: &Field<'_>, number: &Number) -> Result<(), Cow<'static, str>> {
    let limit = |raw: Option<Raw<'_>>| raw.and_then(|raw| raw.get().parse::<f64>().ok());
    let Some(number) = number.as_f64() else { return Ok(()) };
    match (limit(field.minimum), limit(field.maximum)) {
        (Some(least), _) if number < least => Err(format!("wants at least {least}").into()),
        (_, Some(most)) if number > most => Err(format!("wants at most {most}").into()),
        _ => Ok(()),
    }
}

/// The length of a text, and its format as far as a slip of the keyboard would
/// break it.
fn fits(field: &Field<'_>, word: &str) -> Result<(), Cow<'static, str>> {
    let limit = |raw: Option<Raw<'_>>| raw.and_then(|raw| raw.get().parse::<usize>().ok());
    let length = word.chars().count();
    match (limit(field.shortest), limit(field.longest)) {
        (Some(least), _) if length < least => {
            return Err(format!("wants at least {least} characters").into());
        }
        (_, Some(most)) if length > most => {
            return Err(format!("wants at most {most} characters").into());
        }
        _ => {}
    }
    let shape = |shape: &str, word: &str| {
        word.len() == shape.len()
            && shape.bytes().zip(word.bytes()).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let date = |word: &str| shape("0000-00-00", word);
    let (ok, wanted) = match field.format.as_deref() {
        Some("email") => {
            let sides = word.split_once('@');
            let whole = |(name, host): (&str, &str)| !name.is_empty() && !host.is_empty();
            (sides.is_some_and(whole) && !word.contains(' '), "wants an e-mail address")
        }
        Some("uri") => (word.contains(':') && !word.contains(' '), "wants a URI"),
        Some("date") => (date(word), "wants a date like 2026-07-28"),
        Some("date-time") => {
            let parts = word.split_once(['T', 't']);
            let time = |time: &str| time.get(..8).is_some_and(|time| shape("00:00:00", time));
            let whole = parts.is_some_and(|(day, rest)| date(day) && time(rest));
            (whole, "wants a time like 2026-07-28T12:00:00Z")
        }
        _ => (true, ""),
    };
    if ok { Ok(()) } else { Err(wanted.into()) }
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
    fn limits_formats_and_titles_are_heeded() {
        let schema = r#"{"properties":{"n":{"type":"integer","minimum":1,"maximum":5},
            "s":{"type":"string","minLength":2,"maxLength":3},"m":{"type":"string","format":"email"},
            "d":{"type":"string","format":"date"},"t":{"type":"string","format":"date-time"},
            "c":{"type":"string","oneOf":[{"const":"r","title":"Red"},{"const":"Red"}]},
            "many":{"type":"array","items":{"enum":["a","b"]}}}}"#;
        let of = |key: &str, value: &str| {
            let pair = Pair { key: key.into(), value: value.into(), is_json: false };
            encode_by("it", schema, &[pair])
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
        assert_eq!(encode("t", knot, &[pair]).unwrap(), r#"{"a":7}"#);
    }
}
