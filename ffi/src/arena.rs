//! Many strings for C in one piece of memory.
//!
//! A table may have millions of cells, and each of them alone would cost more to
//! free than its text costs to make.
//!
//! Invariant: behind every string is a NUL, and inside none.

use std::ffi::c_char;

use tmcp::chunks::Chunks;
use tmcp::json::Budget;

use crate::strings;

/// Strings that stay where they are until all are freed.
#[derive(Debug, Default)]
pub struct Arena {
    text: Vec<u8>,
    starts: Chunks<u32>,
}

impl Arena {
    /// Room for `count` strings of `bytes` together.
    pub fn with_room(bytes: usize, count: usize) -> Arena {
        Arena { text: Vec::with_capacity(bytes + count), starts: Chunks::new() }
    }

    /// Adds a string.
    pub async fn push(&mut self, text: &str, budget: &mut Budget) {
        // Nothing has 4 GiB: lines end at 16 MiB.
        self.starts.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        strings::without_nul(text.as_bytes(), &mut self.text, budget).await;
        self.text.push(0);
    }

    /// The string at `index`. Asked for only when all are there.
    pub fn get(&self, index: usize) -> Option<*const c_char> {
        let start = *self.starts.get(index)? as usize;
        // Not as a CStr: its length would have to be looked for.
        self.text.get(start..).filter(|text| !text.is_empty()).map(|text| text.as_ptr().cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use tmcp::json::task::Task;

    #[test]
    fn strings_end_where_they_ended() {
        let arena = Task::new(|mut budget| async move {
            let mut arena = Arena::default();
            for text in ["a", "", "x\0y"] {
                arena.push(text, &mut budget).await;
            }
            arena
        });
        let arena = arena.finish();
        // SAFETY: NUL-terminated, and the arena lives.
        let read = |index| arena.get(index).map(|text| unsafe { CStr::from_ptr(text) });
        assert_eq!((read(0), read(1)), (Some(c"a"), Some(c"")));
        assert_eq!((read(2), read(3)), (Some(c"x\u{fffd}y"), None));
    }
}
