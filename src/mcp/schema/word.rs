//! A typed word, encoded as the JSON that a field takes.
//!
//! A word has no type, so the schema decides. A word that fits no type is an error that names
//! the type, because a tool must never run on a guess.
//!
//! Invariant: a number is sent as it was typed, and never rounded.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::mcp::schema::field::{Alternative, Field, ValueLimits};
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::schema_value::bare;

/// The most bytes of choices in an error.
const TOLD: usize = 1024;
/// The most digits that the exponent of an integer may add.
const ZEROS: i64 = 40;

type EncodedWord = Result<String, Cow<'static, str>>;

/// The JSON of a word.
///
/// # Errors
/// The wanted type or range, as a predicate: "wants a number".
pub(crate) fn encode(field: &Field<'_>, word: &str) -> EncodedWord {
    if let Some(value) = choice(field, word) {
        return Ok(value);
    }
    if !field.is_open() {
        return match word == "null" && field.takes(Type::Null) {
            true => Ok("null".to_owned()),
            false => Err(wants_choice(field)),
        };
    }
    let open = || field.alternatives.iter().filter(|one| one.choices.is_none());
    let takes = |kind: Type| open().any(|one| one.takes(kind));
    let mut refusal = None;
    let mut tried = |encoded: Option<EncodedWord>| match encoded {
        Some(Ok(value)) => Some(value),
        Some(Err(why)) => {
            refusal.get_or_insert(why);
            None
        }
        None => None,
    };
    // Narrow types come first: a word that fits one of them most likely means it.
    for one in open() {
        if let Some(value) = tried(as_number(one, word)) {
            return Ok(value);
        }
    }
    if takes(Type::Boolean) {
        if let Some(flag) = boolean(word) {
            return Ok(flag.to_owned());
        }
    }
    let is_text = takes(Type::String);
    let starts = word.trim_start();
    for (kind, bracket, wanted) in
        [(Type::Array, '[', "wants a JSON array"), (Type::Object, '{', "wants a JSON object")]
    {
        if takes(kind) && starts.starts_with(bracket) {
            match is_json(word) {
                true => return Ok(on_one_line(word)),
                false if is_text => {}
                false => return Err(wanted.into()),
            }
        }
    }
    if word == "null" && takes(Type::Null) && !is_text {
        return Ok(word.to_owned());
    }
    for one in open() {
        let is_any = one.types.is_empty() && one.implied().is_none();
        if is_any || one.takes(Type::String) {
            let fits = fits(&one.limits, word).map(|()| text(word));
            if let Some(value) = tried(Some(fits)) {
                return Ok(value);
            }
        }
    }
    if field.is_cut || field.alternatives.is_empty() {
        return Ok(text(word));
    }
    if takes(Type::Array) {
        match field.items().or(field.prefix().first()) {
            Some(items) => match encode(items, word) {
                Ok(item) => return Ok(format!("[{item}]")),
                Err(why) => _ = refusal.get_or_insert(why),
            },
            None => return Ok(format!("[{}]", text(word))),
        }
    }
    if let Some(why) = refusal {
        return Err(why);
    }
    let wanted = match () {
        () if takes(Type::Number) => "wants a number",
        () if takes(Type::Integer) => "wants an integer",
        () if takes(Type::Boolean) => "wants true or false",
        () if takes(Type::Object) => "wants a JSON object",
        () if takes(Type::Null) => "wants null",
        () => "is of a type that cannot be given as a word; use key:=json",
    };
    Err(match field.has_choices() {
        true => format!("{wanted}, or {}", &wants_choice(field)[6..]).into(),
        false => wanted.into(),
    })
}

/// The raw elements of a JSON list. `None`: `value` is no list.
pub(crate) fn elements(value: &str) -> Option<&str> {
    value.trim().strip_prefix('[')?.strip_suffix(']').map(str::trim)
}

/// A text as JSON.
pub(crate) fn text(word: &str) -> String {
    // A string can always be written.
    serde_json::to_string(word).unwrap_or_default()
}

/// Whether all of a text is one JSON value. Numbers may be of any size.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// JSON on one line. Line breaks lie only between tokens.
pub(crate) fn on_one_line(json: &str) -> String {
    json.trim().replace(['\n', '\r'], " ")
}

/// Whether a word is the value of a choice: a string without its quotes, or other JSON. The
/// lengths are compared first, because there may be thousands of choices.
fn is_value(value: &str, word: &str) -> bool {
    match value.strip_prefix('"') {
        None => value == word,
        Some(inside) if inside.len() == word.len() + 1 && inside.starts_with(word) => {
            !word.contains('\\')
        }
        Some(inside) if inside.len() > word.len() + 1 => {
            inside.as_bytes().contains(&b'\\') && bare(value) == word
        }
        Some(_) => false,
    }
}

/// The choice with this value or, if there is none, with this title.
fn choice(field: &Field<'_>, word: &str) -> Option<String> {
    let by_value = field.choices().find(|choice| is_value(choice.value, word));
    let by_title = || field.choices().find(|choice| choice.title.as_deref() == Some(word));
    let found = by_value.or_else(by_title).map(|choice| on_one_line(choice.value));
    found.or_else(|| {
        // `yes` and `on` are spellings of true.
        let flag = boolean(word)?;
        let has = |value: &str| field.choices().any(|choice| choice.value == value);
        let are_flags = has("true") || has("false");
        (are_flags && has(flag) && !field.is_open()).then(|| flag.to_owned())
    })
}

fn wants_choice(field: &Field<'_>) -> Cow<'static, str> {
    let (mut names, mut left) = (String::from("wants one of "), 0);
    for choice in field.choices() {
        if names.len() > TOLD {
            left += 1;
            continue;
        }
        if names.len() > 13 {
            names.push_str(", ");
        }
        names.push_str(&bare(choice.value));
    }
    if left > 0 {
        names.push_str(&format!(" and {left} more"));
    }
    names.into()
}

fn as_number(one: &Alternative<'_>, word: &str) -> Option<EncodedWord> {
    let is_number = one.takes(Type::Number);
    if !is_number && !one.takes(Type::Integer) {
        return None;
    }
    let number = number(word, !is_number)?;
    Some(in_range(&one.limits, &number).map(|()| number))
}

/// A number as JSON. A plus sign is dropped, and a zero is put before a leading point. An
/// integer loses a fraction of zeros and its exponent.
fn number(word: &str, is_integer: bool) -> Option<String> {
    let word = word.trim();
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let zero = if digits.starts_with('.') { "0" } else { "" };
    let number = format!("{sign}{zero}{digits}");
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !is_json(&number) {
        return None;
    }
    if is_integer { integer(&number) } else { Some(number) }
}

/// The same number without fraction and exponent, if it is an integer.
fn integer(number: &str) -> Option<String> {
    if !number.contains(['.', 'e', 'E']) {
        return Some(number.to_owned());
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (number, 0),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let zeros = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = match zeros {
        // A number with hundreds of digits keeps its exponent.
        ZEROS.. => return Some(number.to_owned()),
        0.. => digits + &"0".repeat(zeros as usize),
        _ => {
            let cut = digits.len().checked_sub(usize::try_from(-zeros).ok()?)?;
            let (whole, rest) = digits.split_at_checked(cut)?;
            if rest.contains(|c| c != '0') {
                return None;
            }
            whole.to_owned()
        }
    };
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

fn boolean(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some("true"),
        "false" | "no" | "off" | "0" => Some("false"),
        _ => None,
    }
}

fn in_range(limits: &ValueLimits<'_>, number: &str) -> Result<(), Cow<'static, str>> {
    let limit = |raw: Option<&str>| raw.and_then(|raw| raw.parse::<f64>().ok());
    // A double is precise enough for the comparison. The text is sent.
    let Ok(number) = number.parse::<f64>() else { return Ok(()) };
    match (limit(limits.minimum), limit(limits.maximum)) {
        (Some(least), _) if number < least => Err(format!("wants at least {least}").into()),
        (Some(least), _) if limits.above && number <= least => {
            Err(format!("wants more than {least}").into())
        }
        (_, Some(most)) if number > most => Err(format!("wants at most {most}").into()),
        (_, Some(most)) if limits.below && number >= most => {
            Err(format!("wants less than {most}").into())
        }
        _ => Ok(()),
    }
}

/// Checks the length of a text, and its format as far as typing errors would break it.
fn fits(limits: &ValueLimits<'_>, word: &str) -> Result<(), Cow<'static, str>> {
    let limit = |raw: Option<&str>| raw.and_then(|raw| raw.parse::<usize>().ok());
    let length = word.chars().count();
    match (limit(limits.shortest), limit(limits.longest)) {
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
    let (ok, wanted) = match limits.format.as_deref() {
        Some("email") => {
            let sides = word.split_once('@');
            let whole = |(name, host): (&str, &str)| !name.is_empty() && !host.is_empty();
            (sides.is_some_and(whole) && !word.contains(' '), "wants an e-mail address")
        }
        Some("uri") => (word.contains(':') && !word.contains(' '), "wants a URI"),
        Some("date") => (date(word), "wants a date like 2026-07-28"),
        Some("date-time") => {
            let parts = word.split_once(['T', 't', ' ']);
            let time = |time: &str| time.get(..8).is_some_and(|time| shape("00:00:00", time));
            let whole = parts.is_some_and(|(day, rest)| date(day) && time(rest));
            (whole, "wants a time like 2026-07-28T12:00:00Z")
        }
        _ => (true, ""),
    };
    if ok { Ok(()) } else { Err(wanted.into()) }
}
