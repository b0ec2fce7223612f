//! Memory of large texts, given back to the system piece by piece.
//!
//! The system takes about a tenth of a millisecond to take back a megabyte, so that
//! a text of 256 MiB which is freed in one go holds up the host's loop for 30 ms. A
//! large buffer is kept here instead, and each dispatch of a client gives back some
//! of it. The buffers are those of the whole process, because a text may outlive its
//! client.

use std::sync::{Mutex, MutexGuard, PoisonError};

static WAITING: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A smaller buffer is freed at once.
const LARGE: usize = 4 << 20;
/// Bytes given back in one step.
const PIECE: usize = 1 << 20;

fn waiting() -> MutexGuard<'static, Vec<Vec<u8>>> {
    // Nothing panics inside; and what is kept is free memory in any case.
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees a buffer: now if it is small, and in steps otherwise.
pub fn later(buffer: impl Into<Vec<u8>>) {
    let buffer = buffer.into();
    if buffer.capacity() >= LARGE {
        waiting().push(buffer);
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
        later(vec![7; LARGE - 1]);
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
}
