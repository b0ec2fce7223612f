//! A long list that never moves what it holds.
//!
//! A vector that grows copies itself, which takes milliseconds once it has
//! megabytes, and whoever shares a thread with others feels it.

use std::fmt;

/// A list that can be added to at its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Chunks<T>(Vec<Vec<T>>);

/// Entries of one chunk.
const CHUNK: usize = 4096;

impl<T> Chunks<T> {
    /// An empty list; it takes no memory.
    pub const fn new() -> Chunks<T> {
        Chunks(Vec::new())
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(entry),
            _ => {
                // Most lists are short.
                let room = if self.0.is_empty() { 4 } else { CHUNK };
                let mut chunk = Vec::with_capacity(room);
                chunk.push(entry);
                self.0.push(chunk);
            }
        }
    }

    /// Frees some thousand entries at the end. Whether there were any.
    pub fn shed(&mut self) -> bool {
        self.0.pop().is_some()
    }

    /// The entry at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// The last entry.
    pub fn last(&self) -> Option<&T> {
        self.0.last()?.last()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Chunks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_where_they_were_put() {
        let mut list = Chunks::new();
        assert_eq!((list.len(), list.is_empty(), list.get(0), list.last()), (0, true, None, None));
        for entry in 0..CHUNK * 2 + 1 {
            list.push(entry);
            assert_eq!((list.len(), list.last()), (entry + 1, Some(&entry)));
        }
        for entry in [0, CHUNK - 1, CHUNK, CHUNK * 2] {
            assert_eq!(list.get(entry), Some(&entry));
        }
        assert_eq!(list.get(CHUNK * 2 + 1), None);
        assert!(list.shed());
        assert_eq!((list.len(), list.last()), (CHUNK * 2, Some(&(CHUNK * 2 - 1))));
        assert!(list.shed() && list.shed() && !list.shed());
    }
}
