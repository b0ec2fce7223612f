//! Runs of bytes that stand for themselves inside a JSON string.
//!
//! Nearly all bytes of a message lie inside strings. A run ends at a quote, at a
//! backslash, at a control character, which JSON forbids there, and at the first
//! byte beyond ASCII, because text from there on is checked as UTF-8.

/// Bytes compared together. Without an early exit in the loop, the compiler uses
/// vector instructions of whatever processor it builds for.
pub(crate) const BLOCK: usize = 32;
const WORD: usize = size_of::<u64>();

/// Length in bytes of the run at the start of `text`.
///
/// `wide`: bytes beyond ASCII belong to the run. `near`: expect the end within 8
/// bytes; tunes speed only.
pub(crate) fn plain_run(text: &[u8], wide: bool, near: bool) -> usize {
    match (wide, near) {
        (false, true) => short_run::<false>(text),
        (false, false) => run::<false>(text),
        (true, true) => short_run::<true>(text),
        (true, false) => run::<true>(text),
    }
}

/// Length in bytes of the string that ends in the first 16 bytes of `text`, when it is
/// plain ASCII without an escape.
#[inline]
pub(crate) fn short_string(text: &[u8]) -> Option<usize> {
    let (first, rest) = text.split_first_chunk::<WORD>()?;
    let stop = stops::<false>(u64::from_le_bytes(*first)).trailing_zeros() as usize / 8;
    if stop < WORD {
        return (first[stop] == b'"').then_some(stop);
    }
    let second = rest.first_chunk::<WORD>()?;
    let stop = stops::<false>(u64::from_le_bytes(*second)).trailing_zeros() as usize / 8;
    (stop < WORD && second[stop] == b'"').then_some(WORD + stop)
}

fn short_run<const WIDE: bool>(text: &[u8]) -> usize {
    if let Some((first, rest)) = text.split_first_chunk::<WORD>() {
        let stops = stops::<WIDE>(u64::from_le_bytes(*first));
        return match stops {
            0 => WORD + run::<WIDE>(rest),
            _ => stops.trailing_zeros() as usize / 8,
        };
    }
    run::<WIDE>(text)
}

fn run<const WIDE: bool>(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((block, more)) = rest.split_first_chunk::<BLOCK>() {
        if has_stop::<WIDE>(block) {
            break;
        }
        rest = more;
    }
    while let Some((word, more)) = rest.split_first_chunk::<WORD>() {
        let stops = stops::<WIDE>(u64::from_le_bytes(*word));
        if stops != 0 {
            return text.len() - rest.len() + stops.trailing_zeros() as usize / 8;
        }
        rest = more;
    }
    let end = rest.iter().position(|byte| is_stop::<WIDE>(*byte));
    text.len() - rest.len() + end.unwrap_or(rest.len())
}

fn is_stop<const WIDE: bool>(byte: u8) -> bool {
    // Bytes beyond ASCII are negative as i8, so one comparison covers both.
    let below = if WIDE { byte < b' ' } else { (byte as i8) < b' ' as i8 };
    byte == b'"' || byte == b'\\' || below
}

fn has_stop<const WIDE: bool>(block: &[u8; BLOCK]) -> bool {
    // u8 instead of bool, because LLVM does not vectorise the fold of bools.
    let found = block.iter().fold(0, |found, &byte| {
        let below = if WIDE { byte < b' ' } else { (byte as i8) < b' ' as i8 };
        found | u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(below)
    });
    found != 0
}

/// The high bit of each byte of `word` that is a stop. Only the lowest is exact:
/// a subtraction borrows from the bytes above it.
fn stops<const WIDE: bool>(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let beyond = if WIDE { 0 } else { word };
    (is(b'"') | is(b'\\') | below(word, b' ') | beyond) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slowly(text: &[u8], wide: bool) -> usize {
        let stops = |byte: &u8| match byte {
            b'"' | b'\\' | 0..0x20 => true,
            0x80.. => !wide,
            _ => false,
        };
        text.iter().position(stops).unwrap_or(text.len())
    }

    fn agrees(text: &[u8]) {
        for wide in [false, true] {
            for near in [false, true] {
                assert_eq!(plain_run(text, wide, near), slowly(text, wide), "{text:?}");
            }
        }
    }

    #[test]
    fn every_byte_is_judged_alike_wherever_it_lies() {
        for byte in 0..=255 {
            for length in [1, 7, 8, 9, 31, 32, 33, 47, 64, 100] {
                for at in 0..length {
                    let mut text = vec![b'x'; length];
                    text[at] = byte;
                    agrees(&text);
                }
            }
        }
    }

    #[test]
    fn the_first_of_two_stops_is_found() {
        // Neighbours of the stops are what a borrow would disturb.
        let bytes = [0, 1, 0x1f, b' ', b'!', b'"', b'#', b'[', b'\\', b']', 0x7f, 0x80, 0xff];
        for first in bytes {
            for second in bytes {
                for at in 0..10 {
                    let mut text = [b'a'; 12];
                    (text[at], text[at + 1]) = (first, second);
                    agrees(&text);
                }
            }
        }
        agrees(b"");
    }
}
