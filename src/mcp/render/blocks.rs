//! The blocks of a result, one after the other, however a server has packed them.
//!
//! The protocol has a list of objects. Real servers also send one object, one
//! string, `null`, or lists inside the list.
//!
//! Invariant: a block is one whole value, and never `null`.

use crate::json::cursor::{Cursor, Read, ValueMembers, whole};
use crate::json::task::Task;
use crate::json::{Budget, Token};

/// Lists inside lists that are looked into. A deeper one is a block by itself.
const DEPTH: usize = 8;

/// The blocks of the value that comes next at a cursor: the elements of a list, or the
/// value itself.
#[derive(Debug)]
pub(crate) struct Blocks<'a, 'c> {
    cursor: &'c mut Cursor<'a>,
    /// Lists that are open.
    open: usize,
    is_over: bool,
}

impl<'a, 'c> Blocks<'a, 'c> {
    /// The blocks of the next value.
    pub(crate) fn of(cursor: &'c mut Cursor<'a>) -> Blocks<'a, 'c> {
        Blocks { cursor, open: 0, is_over: false }
    }

    /// The next block.
    pub(crate) async fn next<const N: usize>(
        &mut self,
        names: &[&str; N],
        budget: &mut Budget,
    ) -> Read<Option<ValueMembers<'a, N>>> {
        while !self.is_over {
            let block = match self.cursor.token(budget).await? {
                Token::ListStart if self.open < DEPTH => {
                    self.open += 1;
                    continue;
                }
                Token::ListEnd => {
                    self.open -= 1;
                    None
                }
                Token::Null => None,
                first => Some(self.cursor.entry_of(first, names, budget).await?),
            };
            self.is_over = self.open == 0;
            if block.is_some() {
                return Ok(block);
            }
        }
        Ok(None)
    }
}

/// The blocks of a short value; none of one that is no JSON.
pub(crate) fn all(value: &str) -> Vec<&str> {
    let of = |mut budget| async move {
        let mut all = Vec::new();
        let Ok(value) = whole(value.as_bytes(), &mut budget).await else { return all };
        let mut cursor = Cursor::at(value);
        let mut blocks = Blocks::of(&mut cursor);
        while let Ok(Some((raw, _))) = blocks.next(&[], &mut budget).await {
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
