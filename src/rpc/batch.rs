//! The messages of a batch, taken out one by one as they come (2025-03-26).
//!
//! A batch may be as long as any line, and what is in it counts only message by
//! message: nobody has to wait for its end, or walk all of it there.

use std::mem;
use std::ops::Range;

use crate::json::{Budget, Step, Token, Tokenizer};
use crate::rpc::scanner::Scanner;

/// How far a batch has been taken apart.
#[derive(Debug, Default)]
pub struct Batch {
    /// Reads the list, and leaves its elements to the scanner.
    list: Tokenizer,
    /// Everything before has been given out. The message that is going on begins
    /// here.
    at: usize,
    is_inside: bool,
    is_broken: bool,
    scanner: Scanner,
}

impl Batch {
    /// Where the next message lies in `text`, which may only grow, once all of it
    /// is there.
    pub fn next(&mut self, text: &[u8]) -> Option<Range<usize>> {
        let mut budget = Budget::unlimited();
        while !self.is_broken {
            if self.is_inside {
                self.scanner.advance(&text[self.at..]);
                if let Some(length) = self.scanner.end() {
                    let place = self.at..self.at + length;
                    self.list.pass_value(text, place.end);
                    (self.at, self.is_inside) = (place.end, false);
                    return Some(place);
                }
                if !self.scanner.is_broken() {
                    return None;
                }
                break;
            }
            let step = match self.list.is_done() {
                true => self.list.trailing(text, &mut budget),
                false => self.list.next(text, &mut budget),
            };
            match (step, self.list.nesting().depth()) {
                (Ok(Step::Token(Token::ObjectStart)), 2) => {
                    (self.at, self.is_inside) = (self.list.start(), true);
                    self.scanner = Scanner::deep();
                }
                (Ok(Step::Token(Token::ListStart)), 1) | (Ok(Step::Token(Token::ListEnd)), 0) => {}
                (Ok(Step::NeedInput), _) => {
                    self.at = self.list.at();
                    return None;
                }
                _ => break,
            }
        }
        self.is_broken = true;
        self.at = text.len();
        None
    }

    /// Whether all of it has been given out.
    pub fn is_done(&self) -> bool {
        self.list.is_done() && !self.is_broken
    }

    /// Takes the bytes that were given out from the front of `text`, and gives
    /// them away with what is known of the last message among them.
    pub fn take(&mut self, text: &mut Vec<u8>) -> (Vec<u8>, Scanner) {
        let rest = text.split_off(self.at);
        self.rebase();
        (mem::replace(text, rest), mem::take(&mut self.scanner))
    }

    /// The same, for bytes that nobody needs.
    pub fn forget(&mut self, text: &mut Vec<u8>) {
        text.drain(..self.at);
        self.rebase();
    }

    fn rebase(&mut self) {
        self.list.rebase(self.at.min(self.list.at()));
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of `line`, given in pieces of `size` bytes, and whether it
    /// was a batch.
    fn parts(line: &[u8], size: usize, forget: bool) -> (Vec<String>, bool) {
        let (mut batch, mut held, mut found) = (Batch::default(), Vec::new(), Vec::new());
        for piece in line.chunks(size) {
            held.extend_from_slice(piece);
            while let Some(place) = batch.next(&held) {
                found.push(String::from_utf8_lossy(&held[place]).trim_end().to_owned());
            }
            if forget {
                batch.forget(&mut held);
            }
        }
        (found, batch.is_done())
    }

    #[test]
    fn messages_come_one_by_one_however_the_batch_is_cut() {
        let line = b" [ {\"a\":[1,{}]} ,{\"b\":\"]},\"}\r, {} ] \t";
        for size in 1..line.len() {
            for forget in [false, true] {
                let (found, whole) = parts(line, size, forget);
                assert_eq!(found, ["{\"a\":[1,{}]}", "{\"b\":\"]},\"}", "{}"], "by {size}");
                assert!(whole, "by {size}");
            }
        }
        assert_eq!(parts(b"[]", 1, true), (vec![], true));
    }

    #[test]
    fn what_is_no_batch_ends_it() {
        for (line, before) in [
            ("[{},]", 1),
            ("[{} {}]", 1),
            ("[{}", 1),
            ("[,{}]", 0),
            ("[1,{}]", 0),
            ("[{}]]", 1),
            ("[{}] {}", 1),
            ("[{\"a\":}, {}]", 0),
            ("{}", 0),
        ] {
            for size in [1, 100] {
                let (found, whole) = parts(line.as_bytes(), size, true);
                assert_eq!((found.len(), whole), (before, false), "{line} by {size}");
            }
        }
    }
}
