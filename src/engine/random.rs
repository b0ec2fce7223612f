//! Random numbers for jitter.

use std::time::Duration;

/// A xorshift64* generator. Jitter need not be unpredictable, and a seed makes a run of
/// the simulator repeatable.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A generator whose numbers follow from `seed`.
    pub(super) fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A duration from zero to `limit`, `limit` included.
    pub(super) fn below(&mut self, limit: Duration) -> Duration {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(if micros == 0 { 0 } else { self.next() % (micros + 1) })
    }
}
