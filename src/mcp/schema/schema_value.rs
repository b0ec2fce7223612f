//! Values of schemas as they came, and the members of objects in their order.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::json::cursor::Split;
use crate::json::raw::Text;
use crate::json::task::Pace;
use crate::json::text::decoded;

/// A value as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a>(&'a str);

/// The members of an object in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Raw<'a> {
    /// A value as [`Split`] gives it.
    pub(crate) fn new(value: &'a [u8]) -> Raw<'a> {
        // The whole of it was looked at before; none is the safe answer.
        Raw(std::str::from_utf8(value).unwrap_or("null"))
    }

    /// It, as it came.
    pub(crate) fn get(self) -> &'a str {
        self.0
    }

    pub(crate) fn bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// Where it lies: two values of one text are the same exactly when this is.
    pub(crate) fn place(self) -> (usize, usize) {
        (self.0.as_ptr() as usize, self.0.len())
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw<'a>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Raw(raw.get()))
    }
}

impl<'a> Members<'a> {
    /// Those of an object, as far as it can be read; none of anything else.
    pub(crate) async fn of(raw: &'a [u8], pace: &mut Pace) -> Members<'a> {
        let mut members = Members::default();
        let Ok(mut split) = Split::object(raw, pace).await else { return members };
        while let Ok(Some((name, value))) = split.member(pace).await {
            if let Ok(name) = decoded(name, pace).await {
                members.0.push((name, Raw::new(value)));
            }
        }
        members
    }

    /// The value of the last member of that name, as JSON parsers have it.
    pub(crate) fn get(&self, name: &str) -> Option<Raw<'a>> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }
}

/// The strings of a list; what else is in it is left out, and anything else has none.
pub(crate) async fn texts<'a>(raw: &'a [u8], pace: &mut Pace) -> Vec<Cow<'a, str>> {
    let mut texts = Vec::new();
    let Ok(mut list) = Split::list(raw, pace).await else { return texts };
    while let Ok(Some(text)) = list.element(pace).await {
        if let Ok(text) = decoded(text, pace).await {
            texts.push(text);
        }
    }
    texts
}

/// A string without its quotes, anything else as JSON.
pub(crate) fn bare(raw: Raw<'_>) -> Cow<'_, str> {
    let inside = raw.0.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inside {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => {
            let text = serde_json::from_str::<Text<'_>>(raw.0);
            text.map_or(Cow::Borrowed(raw.0), |text| text.0)
        }
    }
}
