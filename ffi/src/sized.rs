//! Structs that C allocates and that may grow.
//!
//! Such a struct starts with its own size, so that a host built against an
//! older header keeps working: fields it did not know read as zero, which every
//! field must take as "the default".

use std::mem::{MaybeUninit, size_of};

use crate::failure::Failure;

/// Nothing sensible is bigger; a size beyond it is an uninitialised field.
const ABSURD: usize = 1024;

/// A struct whose first field is its size, and for which all zeros is a value.
///
/// # Safety
/// Implementors are `repr(C)`, start with a `usize`, hold only types for which
/// all-zero bytes are valid, and fill whole words of eight bytes up to the end
/// of each field, so that a size in whole words never cuts a pointer in two.
pub unsafe trait Sized1: Copy {}

/// Copies the struct at `from`, `None` standing for NULL.
///
/// # Safety
/// `from` is NULL or points to a `usize`, and to as many readable bytes as
/// that says.
pub unsafe fn read<T: Sized1>(from: *const T, what: &str) -> Result<Option<T>, Failure> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller promises a usize at the front of the struct.
    let size = unsafe { from.cast::<usize>().read_unaligned() };
    if size < size_of::<usize>() || size > ABSURD || size % size_of::<usize>() != 0 {
        return Err(Failure::invalid(format!("{what}: size {size} is not sizeof(struct {what})")));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: `size` bytes are readable, `known` is no more.
    let unknown = unsafe { from.cast::<u8>().add(known) };
    // SAFETY: the rest of the `size` bytes the caller vouches for.
    let unknown = unsafe { std::slice::from_raw_parts(unknown, size - known) };
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(Failure::invalid(format!("{what}: a field set here needs a newer library")));
    }
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable at `from` and fit into `copy`.
    unsafe { from.cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), known) };
    // SAFETY: zeros and whole fields of C are a value of T, by the trait.
    Ok(Some(unsafe { copy.assume_init() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    struct Now {
        size: usize,
        old: u64,
        new: u64,
    }
    // SAFETY: repr(C), size first, integers of eight bytes.
    unsafe impl Sized1 for Now {}

    fn take(bytes: &[u64]) -> Result<Option<Now>, Failure> {
        // SAFETY: the tests never state more than they pass.
        unsafe { read(bytes.as_ptr().cast::<Now>(), "now") }
    }

    #[test]
    fn an_older_caller_gets_defaults_for_what_it_does_not_know() {
        let now = take(&[16, 7, 99]).unwrap().unwrap();
        assert_eq!((now.old, now.new), (7, 0));
    }

    #[test]
    fn a_newer_caller_is_served_while_it_asks_for_nothing_new() {
        let now = take(&[32, 7, 8, 0]).unwrap().unwrap();
        assert_eq!((now.size, now.old, now.new), (32, 7, 8));
        assert!(take(&[32, 7, 8, 1]).is_err());
    }

    #[test]
    fn sizes_that_no_struct_has_are_refused() {
        for size in [0, 1, 7, 12, 4096, u64::MAX] {
            assert!(take(&[size, 0, 0]).is_err(), "size {size}");
        }
    }
}
