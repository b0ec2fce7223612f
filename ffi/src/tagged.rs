//! A tag in front of each value that C holds a pointer to.
//!
//! C may pass any of our pointers to any function. The tag lies at the address itself,
//! whatever the type, so that a function reads nothing but the tag of a value that is not
//! of its type. The layout of the value behind the tag is no part of the contract.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The type of a tagged value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `tmcp_client`.
    Client = 0x746d_636c,
    /// `tmcp_event`.
    Event = 0x746d_6576,
    /// `tmcp_table`.
    Table = 0x746d_7462,
}

/// The tag of a value that was freed. A pointer to freed memory cannot be recognised for
/// sure, because reading the tag is already wrong.
const FREED: usize = 0x6465_6164;

/// A value and its tag.
///
/// The tag is a whole `usize`: a struct that states its size in its first field
/// (`sized`) is told apart from a tagged value by it.
#[derive(Debug)]
#[repr(C)]
pub struct Tagged<T> {
    tag: AtomicUsize,
    value: T,
}

impl<T> Tagged<T> {
    /// Puts a tag in front of a value.
    pub fn new(tag: Tag, value: T) -> Tagged<T> {
        Tagged { tag: AtomicUsize::new(tag as usize), value }
    }

    /// Gives C a pointer to a value. `take` ends it.
    pub fn give(tag: Tag, value: T) -> *mut T {
        Box::into_raw(Box::new(Tagged::new(tag, value))).cast()
    }

    /// The value behind a pointer from `give`; `None` for NULL and for a value with
    /// another tag.
    ///
    /// # Safety
    /// `pointer` is NULL, or came from `give` with this `T` and `tag` and was not taken, or
    /// points to a readable `usize` that is not `tag`.
    pub unsafe fn find<'a>(pointer: *const T, tag: Tag) -> Option<&'a T> {
        let tagged = pointer.cast::<Tagged<T>>();
        if tagged.is_null() || !tagged.is_aligned() {
            return None;
        }
        // SAFETY: the caller promises a readable tag, which is the first field.
        let found = unsafe { &*tagged.cast::<AtomicUsize>() };
        if found.load(Ordering::Relaxed) != tag as usize {
            return None;
        }
        // SAFETY: the tag says that `give` made it, from a `T` by the caller's promise.
        Some(unsafe { &(*tagged).value })
    }

    /// Takes a value back that `give` gave; `None` as in `find`.
    ///
    /// # Safety
    /// As `find`. Nobody uses the value meanwhile.
    pub unsafe fn take(pointer: *mut T, tag: Tag) -> Option<Box<Tagged<T>>> {
        // SAFETY: what this function asks of its caller.
        unsafe { Tagged::find(pointer, tag) }?;
        // SAFETY: made by Box::into_raw in `give`, and taken once: the tag goes with it.
        let tagged = unsafe { Box::from_raw(pointer.cast::<Tagged<T>>()) };
        tagged.tag.store(FREED, Ordering::Relaxed);
        Some(tagged)
    }

    /// The value without its tag.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Tagged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_own_tag_alone() {
        let given = Tagged::give(Tag::Event, 7_u64);
        // SAFETY: `given` is living until it is taken, with this type and tag.
        unsafe {
            assert_eq!(Tagged::find(given, Tag::Event), Some(&7));
        }
        // SAFETY: as above; its tag is readable.
        assert_eq!(unsafe { Tagged::find(given, Tag::Table) }, None);
        // SAFETY: as above.
        assert!(unsafe { Tagged::take(given, Tag::Client) }.is_none());
        // SAFETY: as above.
        assert_eq!(unsafe { Tagged::take(given, Tag::Event) }.map(|value| **value), Some(7));
    }

    #[test]
    fn nothing_is_read_of_a_pointer_that_cannot_be_one() {
        for address in [0, 1, 0x11] {
            let nowhere = std::ptr::without_provenance::<u64>(address);
            // SAFETY: NULL or not aligned, so it is not read.
            assert_eq!(unsafe { Tagged::find(nowhere, Tag::Event) }, None);
        }
    }
}
