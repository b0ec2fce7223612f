//! The blocks of a result, one after the other, however a server has packed them.
//!
//! The protocol has a list of objects. Real servers also send one object, one
//! string, `null`, or lists inside the list.
//!
//! Invariant: what is given out is one whole value, and never `null`.

use crate::json::cursor::{Cursor, whole};
use crate::json::task::Task;
use crate::json::{Budget, NotJson};

/// Lists inside lists that are looked into. A deeper one is a block by itself.
const DEPTH: usize = 8;

/// The blocks that are left.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    open: Vec<Cursor<'a>>,
    next: Option<&'a [u8]>,
}

impl<'a> Blocks<'a> {
    /// The blocks of a raw value: the elements of a list, or the value itself.
    pub(crate) fn of(value: &'a [u8]) -> Blocks<'a> {
        Blocks { open: Vec::new(), next: Some(value) }
    }

    /// The next block.
    pub(crate) async fn next(&mut self, budget: &mut Budget) -> Result<Option<&'a [u8]>, NotJson> {
        loop {
            let raw = match (self.next.take(), self.open.last_mut()) {
                (Some(raw), _) => Some(raw),
                (None, Some(list)) => list.element(budget).await?,
                (None, None) => return Ok(None),
            };
            match raw {
                None => _ = self.open.pop(),
                Some(b"null") => {}
                Some(raw) if raw.starts_with(b"[") && self.open.len() < DEPTH => {
                    self.open.push(Cursor::list(raw, budget).await?);
                }
                Some(raw) => return Ok(Some(raw)),
            }
        }
    }
}

/// The blocks of a short value; none of one that is no JSON.
pub(crate) fn all(value: &str) -> Vec<&str> {
    let of = |mut budget| async move {
        let mut all = Vec::new();
        let Ok(value) = whole(value.as_bytes(), &mut budget).await else { return all };
        let mut blocks = Blocks::of(value);
        while let Ok(Some(raw)) = blocks.next(&mut budget).await {
            all.extend(std::str::from_utf8(raw));
        }
        all
    };
    Task::new(of).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(value: &str) -> Vec<&str> {
        all(value)
    }

    #[test]
    fn blocks_are_found_in_every_packing() {
        assert_eq!(blocks(r#"[{"a":1},"x",7]"#), [r#"{"a":1}"#, "\"x\"", "7"]);
        assert_eq!(blocks(r#"{"a":1}"#), [r#"{"a":1}"#]);
        assert_eq!(blocks("\"x\""), ["\"x\""]);
        assert_eq!(blocks(r#"[[["x"],null],[],"y"]"#), ["\"x\"", "\"y\""]);
        assert!(blocks("null").is_empty() && blocks("[null,[]]").is_empty());
        assert_eq!(blocks("[[[[[[[[[1]]]]]]]]]"), ["[1]"]);
    }
}
