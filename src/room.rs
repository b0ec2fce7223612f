//! Room for texts of which only a bound of the length is known.
//!
//! The text of an answer is at most as long as the answer, and nearly always either about
//! as long or, when the answer is an image or a list of schemas, a thousand times shorter.
//! Room for all of it from the start would be memory that a host with a limit does not
//! have; room that grows by doubling would be moved when it has megabytes, which takes
//! milliseconds.
//!
//! So a short text gets its bound at once, a longer one room as it grows up to [`STEP`], and
//! the bound only when it has become longer than that: no more than [`STEP`] bytes are ever
//! moved at once.

/// A bound up to which all of it is reserved at once, in bytes.
const SHORT: usize = 64 << 10;
/// The room of a text, in bytes, before its bound is reserved.
pub const STEP: usize = 1 << 20;

/// An empty text that has at most `most` bytes.
pub fn text(most: usize) -> String {
    String::with_capacity(if most <= SHORT { most } else { 0 })
}

/// Makes room for `more` bytes and a NUL at the end of a text that has at most `most` bytes.
#[inline]
pub fn make(text: &mut String, more: usize, most: usize) {
    let wanted = text.len() + more + 1;
    if wanted > text.capacity() {
        grow(text, wanted, most);
    }
}

#[cold]
fn grow(text: &mut String, wanted: usize, most: usize) {
    let capacity = match wanted <= STEP {
        true => (text.capacity() * 2).min(STEP).min(most),
        false => most,
    };
    text.reserve_exact(capacity.max(wanted) - text.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The capacities of a text that grows to `length` bytes, `by` at a time.
    fn capacities(length: usize, by: usize, most: usize) -> Vec<usize> {
        let mut out = text(most);
        let mut seen = vec![out.capacity()];
        while out.len() < length {
            make(&mut out, by, most);
            out.extend(std::iter::repeat_n('x', by));
            if seen.last() != Some(&out.capacity()) {
                seen.push(out.capacity());
            }
        }
        seen
    }

    #[test]
    fn a_short_text_is_reserved_once_and_a_long_one_is_not_moved_once_it_is_long() {
        assert_eq!(capacities(900, 90, 1000), [1000]);
        assert_eq!(capacities(1000, 100, 15 << 20), [0, 101, 202, 404, 808, 1616]);
        let capacities = capacities(14 << 20, 1 << 10, 15 << 20);
        assert_eq!(capacities[capacities.len() - 2..], [STEP, 15 << 20], "{capacities:?}");
    }

    #[test]
    fn a_long_part_gets_its_room_at_once() {
        assert_eq!(capacities(700_000, 700_000, 15 << 20), [0, 700_001]);
        assert_eq!(capacities(14 << 20, 14 << 20, 15 << 20), [0, 15 << 20]);
    }
}
