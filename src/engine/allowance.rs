//! How much of something a server may do unasked: so much at once, and so much a
//! second from then on.

use std::time::Duration;

use crate::time::Time;

/// Parts of a unit: what a microsecond gives back at one unit a second.
const PARTS: i64 = 1_000_000;

/// An amount that is used up and comes back with time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Units a second.
    rate: u32,
    /// Units that are saved up at most.
    burst: u32,
    /// What is left, in parts of a unit; below zero after more was used than was left.
    left: i64,
    filled: Time,
}

impl Allowance {
    /// One that is full: `burst` units, and `rate` (at least 1) more each second.
    pub(super) const fn new(rate: u32, burst: u32) -> Allowance {
        Allowance { rate, burst, left: burst as i64 * PARTS, filled: Time::ZERO }
    }

    /// Uses up `units` if there are so many. False: there are not.
    pub(super) fn take(&mut self, now: Time, units: u32) -> bool {
        self.fill(now);
        let fits = self.left >= i64::from(units) * PARTS;
        if fits {
            self.left -= i64::from(units) * PARTS;
        }
        fits
    }

    /// Uses up `units`, there or not.
    pub(super) fn charge(&mut self, now: Time, units: usize) {
        self.fill(now);
        let units = i64::try_from(units).unwrap_or(i64::MAX).saturating_mul(PARTS);
        self.left = self.left.saturating_sub(units);
    }

    /// When what was used beyond what there was has come back; `None`: it has.
    pub(super) fn back_at(&self) -> Option<Time> {
        let missing = u64::try_from(-self.left).ok().filter(|missing| *missing > 0)?;
        Some(self.filled + Duration::from_micros(missing.div_ceil(u64::from(self.rate))))
    }

    /// Whether more was used than there was, as of when `other` was used last.
    pub(super) fn is_used_up(&self, other: &Allowance) -> bool {
        let mut then = *self;
        then.fill(other.filled);
        then.left < 0
    }

    fn fill(&mut self, now: Time) {
        let micros = i64::try_from(now.since(self.filled).as_micros()).unwrap_or(i64::MAX);
        let back = micros.saturating_mul(i64::from(self.rate));
        self.left = self.left.saturating_add(back).min(i64::from(self.burst) * PARTS);
        self.filled = self.filled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    #[test]
    fn so_much_at_once_and_so_much_a_second() {
        let mut allowance = Allowance::new(10, 3);
        let taken =
            |allowance: &mut Allowance, now| (0..100).filter(|_| allowance.take(now, 1)).count();
        assert_eq!(taken(&mut allowance, at(5_000)), 3);
        assert_eq!(taken(&mut allowance, at(5_099)), 0);
        assert_eq!(taken(&mut allowance, at(5_100)), 1);
        assert_eq!(taken(&mut allowance, at(5_300)), 2);
        assert_eq!(taken(&mut allowance, at(99_000)), 3, "more is not saved up");
    }

    #[test]
    fn what_was_used_beyond_it_comes_back_first() {
        let mut allowance = Allowance::new(1000, 100);
        allowance.charge(at(1_000), 100);
        assert_eq!(allowance.back_at(), None);
        assert!(!allowance.is_used_up(&allowance));
        allowance.charge(at(1_000), 500);
        assert_eq!(allowance.back_at(), Some(at(1_500)));
        assert!(allowance.is_used_up(&allowance));
        let mut later = allowance;
        later.charge(at(9_000), 0);
        assert!(!allowance.is_used_up(&later), "it has come back by then");
        assert!(!allowance.take(at(1_499), 1));
        assert!(allowance.take(at(1_501), 1));
        allowance.charge(at(1_501), usize::MAX);
        assert!(allowance.back_at().is_some());
        assert!(!allowance.take(at(0), 1), "time does not run backwards");
    }
}
