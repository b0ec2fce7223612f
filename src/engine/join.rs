//! The pages of a list, copied into one JSON array in steps.
//!
//! A list has up to 16 MiB. To copy all of it takes milliseconds, which is too long for
//! one dispatch.

use std::sync::Arc;

use crate::json::kept::Json;
use crate::mcp::list_page::Page;

/// A list that is being put together.
#[derive(Debug)]
pub(super) struct Join {
    pages: Arc<Vec<Page>>,
    page: usize,
    span: usize,
    /// Bytes of the span that were copied.
    at: usize,
    out: Vec<u8>,
}

impl Join {
    pub(super) fn new(pages: Arc<Vec<Page>>) -> Join {
        let size: usize = pages.iter().map(|page| page.size() + 1).sum();
        // With room for the brackets, and for the NUL that C wants behind it.
        let mut out = Vec::with_capacity(size + 3);
        out.push(b'[');
        Join { pages, page: 0, span: 0, at: 0, out }
    }

    /// The greatest length of the array, in bytes.
    pub(super) fn size(&self) -> usize {
        self.out.capacity()
    }

    /// Copies about `room` bytes. True: the array is complete.
    pub(super) fn step(&mut self, mut room: usize) -> bool {
        while let Some(page) = self.pages.get(self.page) {
            let Some(span) = page.span(self.span) else {
                (self.page, self.span) = (self.page + 1, 0);
                continue;
            };
            if room == 0 {
                return false;
            }
            if self.at == 0 && self.out.len() > 1 {
                self.out.push(b',');
            }
            let piece = &span[self.at..span.len().min(self.at + room)];
            self.out.extend_from_slice(piece);
            self.at += piece.len();
            // One more, so that a step over thousands of empty pieces ends, too.
            room = room.saturating_sub(piece.len() + 1);
            if self.at == span.len() {
                (self.span, self.at) = (self.span + 1, 0);
            }
        }
        true
    }

    /// The array, once all is there.
    pub(super) fn finish(mut self) -> Json {
        self.out.push(b']');
        self.out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pages: &[&str], step: usize) -> String {
        let pages = pages.iter().map(|page| Page::recall(page.as_bytes()).expect("a page"));
        let mut join = Join::new(Arc::new(pages.collect()));
        let size = join.size();
        while !join.step(step) {}
        let list = join.finish();
        assert!(list.len() < size, "nothing moves");
        String::from_utf8(list.to_vec()).expect("text")
    }

    #[test]
    fn pages_become_one_list_whatever_the_steps() {
        let pages = [
            r#"[]"#,
            r#"[{"name":"a"}, {"name":"b"} ]"#,
            "[]",
            r#"[7,{"name":"c"},{},{"name":"d"}]"#,
        ];
        for step in 1..80 {
            let whole = r#"[{"name":"a"}, {"name":"b"},{"name":"c"},{"name":"d"}]"#;
            assert_eq!(joined(&pages, step), whole, "by {step}");
            assert_eq!(joined(&["[]", "[1]"], step), "[]", "by {step}");
            assert_eq!(joined(&[], step), "[]", "by {step}");
        }
    }
}
