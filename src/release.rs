//! Memory of large texts: used again within a second, and given back to the system
//! piece by piece.
//!
//! A fresh megabyte costs 256 page faults, about as much as to read a megabyte of JSON,
//! so the last two buffers of up to 4 MiB serve the next long line and the next long
//! text. A client that rests for a second gives them back.
//!
//! The system takes about a tenth of a millisecond to take back a megabyte, so that
//! a text of 256 MiB which is freed in one go holds up the host's loop for 30 ms. A
//! large buffer is kept here instead, and each dispatch of a client gives back some
//! of it. The buffers are those of the whole process, because a text may outlive its
//! client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::time::Time;

static WAITING: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static SPARE: Mutex<SpareTexts> = Mutex::new(SpareTexts::NONE);
/// How many spare buffers there are, for those who want to know without the lock.
static SPARES: AtomicUsize = AtomicUsize::new(0);

/// A larger buffer is freed in steps.
const LARGE: usize = 4 << 20;
/// A smaller buffer is freed at once.
pub const SMALL: usize = 128 << 10;
/// Bytes given back in one step.
const PIECE: usize = 1 << 20;
/// Spare buffers that are kept.
const MOST: usize = 2;
/// How long a spare buffer is kept.
const KEEP: Duration = Duration::from_secs(1);

// Nothing panics inside the locks; and what they guard is free memory in any case.
fn waiting() -> MutexGuard<'static, Vec<Vec<u8>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees a buffer: now if it is small, in steps if it is large, and one between is kept
/// for a second.
pub fn later(buffer: impl Into<Vec<u8>>) {
    let buffer = buffer.into();
    match buffer.capacity() {
        LARGE.. => waiting().push(buffer),
        SMALL.. => with_spare(|spare| spare.push(buffer)),
        _ => {}
    }
}

/// An empty buffer for `capacity` bytes: a spare one with room for them, else a new one.
pub fn buffer(capacity: usize) -> Vec<u8> {
    let spare = match capacity {
        SMALL.. if has_spare() => with_spare(|spare| spare.smallest(capacity)),
        _ => None,
    };
    spare.unwrap_or_else(|| Vec::with_capacity(capacity))
}

/// The largest spare buffer, if it has room for `capacity` bytes: for a text of which
/// nobody knows how long it will be.
pub fn largest(capacity: usize) -> Option<Vec<u8>> {
    if has_spare() { with_spare(|spare| spare.largest(capacity)) } else { None }
}

/// When [`expire`] wants to be called; `None` when there is no spare buffer.
pub fn due(now: Time) -> Option<Time> {
    has_spare().then(|| with_spare(|spare| spare.until.unwrap_or(now)))
}

/// Gives the spare buffers back whose time is over.
pub fn expire(now: Time) {
    if has_spare() {
        with_spare(|spare| spare.expire(now));
    }
}

fn has_spare() -> bool {
    SPARES.load(Ordering::Relaxed) > 0
}

fn with_spare<T>(change: impl FnOnce(&mut SpareTexts) -> T) -> T {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let result = change(&mut spare);
    SPARES.store(spare.buffers.len(), Ordering::Relaxed);
    result
}

/// Empty buffers for the next long texts.
struct SpareTexts {
    buffers: Vec<Vec<u8>>,
    /// When they are given back; `None` until a client has looked at its clock.
    until: Option<Time>,
}

impl SpareTexts {
    const NONE: SpareTexts = SpareTexts { buffers: Vec::new(), until: None };

    fn push(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.until = None;
        if self.buffers.len() == MOST {
            self.buffers.remove(0);
        }
        self.buffers.push(buffer);
    }

    fn smallest(&mut self, capacity: usize) -> Option<Vec<u8>> {
        let fits = self.buffers.iter().enumerate().filter(|(_, b)| b.capacity() >= capacity);
        let (index, _) = fits.min_by_key(|(_, buffer)| buffer.capacity())?;
        Some(self.buffers.remove(index))
    }

    fn largest(&mut self, capacity: usize) -> Option<Vec<u8>> {
        let all = self.buffers.iter().enumerate();
        let (index, buffer) = all.max_by_key(|(_, buffer)| buffer.capacity())?;
        (buffer.capacity() >= capacity).then(|| self.buffers.remove(index))
    }

    fn expire(&mut self, now: Time) {
        let until = *self.until.get_or_insert(now + KEEP);
        if until <= now {
            *self = SpareTexts::NONE;
        }
    }
}

/// Whether [`step`] has something to give back.
pub fn is_pending() -> bool {
    !waiting().is_empty()
}

/// Gives back one piece. Whether there are more.
pub fn step() -> bool {
    let mut waiting = waiting();
    if let Some(buffer) = waiting.last_mut() {
        let left = buffer.capacity().saturating_sub(PIECE);
        if left < PIECE {
            waiting.pop();
        } else {
            buffer.truncate(left);
            buffer.shrink_to(left);
        }
    }
    !waiting.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_is_given_back_in_pieces() {
        later(vec![7; SMALL - 1]);
        later(Vec::with_capacity(LARGE));
        later(vec![7; 3 * LARGE]);
        let mut steps = 1;
        while step() {
            steps += 1;
        }
        // Other tests may have large buffers, too.
        assert!(steps >= 14, "{steps}");
        assert!(!step());
    }
    #[test]
    fn a_buffer_is_used_again_until_its_time_is_over() {
        let time = Time::from_micros;
        let mut spare = SpareTexts::NONE;
        for mib in [1, 3, 2] {
            spare.push(vec![7; mib << 20]);
        }
        let text = spare.smallest(1 << 20).unwrap();
        assert_eq!((text.capacity(), text.len()), (2 << 20, 0), "the oldest has gone");
        assert!(spare.largest((3 << 20) + 1).is_none() && spare.smallest(4 << 20).is_none());
        spare.push(text);
        let line = spare.largest(1 << 20).unwrap();
        assert_eq!((line.capacity(), line.len()), (3 << 20, 0));

        spare.expire(time(5));
        assert_eq!(spare.until, Some(time(1_000_005)));
        spare.expire(time(1_000_004));
        assert_eq!(spare.buffers.len(), 1);
        spare.push(line);
        spare.expire(time(1_000_005));
        assert_eq!(spare.buffers.len(), 2, "a second from the last one on");
        spare.expire(time(2_000_005));
        assert_eq!(spare.buffers.len(), 0);
    }

    #[test]
    fn a_buffer_for_a_text_has_room_for_it() {
        for capacity in [0, 100, SMALL, 1 << 20] {
            later(Vec::with_capacity(capacity + 7));
            let buffer = buffer(capacity);
            assert!(buffer.is_empty() && buffer.capacity() >= capacity);
        }
    }
}
