//! Values of schemas as they came, and the members of objects in their order.

use std::borrow::Cow;

use crate::json::Budget;
use crate::json::cursor::Cursor;
use crate::json::text::{decoded, plain};

/// The members of an object in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a str)>);

/// The text of a value as [`Cursor`] gives it, which is UTF-8.
pub(crate) fn json_text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or("null")
}

/// Where a value lies: two values of one text are the same exactly when this is.
pub(crate) fn address(value: &str) -> (usize, usize) {
    (value.as_ptr() as usize, value.len())
}

impl<'a> Members<'a> {
    /// Those of an object, as far as it can be read; none of anything else.
    pub(crate) async fn of(raw: &'a [u8], budget: &mut Budget) -> Members<'a> {
        let mut members = Members::default();
        let Ok(mut split) = Cursor::object(raw, budget).await else { return members };
        while let Ok(Some((name, value))) = split.member(budget).await {
            if let Some(name) = decoded(name, budget).await {
                members.0.push((name, json_text(value)));
            }
        }
        members
    }

    /// The value of the last member of that name, as JSON parsers have it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }
}

/// The strings of a list. Other elements are left out, and any other value has none.
pub(crate) async fn texts<'a>(raw: &'a [u8], budget: &mut Budget) -> Vec<Cow<'a, str>> {
    let mut texts = Vec::new();
    let Ok(mut list) = Cursor::list(raw, budget).await else { return texts };
    while let Ok(Some(text)) = list.element(budget).await {
        if let Some(text) = decoded(text, budget).await {
            texts.push(text);
        }
    }
    texts
}

/// A string without its quotes, anything else as JSON.
pub(crate) fn bare(value: &str) -> Cow<'_, str> {
    plain(value.as_bytes())
}
