//! How many connections a server needs: the peak of concurrent use, which is halved every
//! minute (as HAProxy shrinks its pools). Averages are no measure: agents call in bursts.

use std::time::Duration;

use crate::time::Time;

/// How long a peak counts in full.
pub const PERIOD: Duration = Duration::from_secs(60);

/// The demand on one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTarget {
    /// What is left of the peaks of earlier periods.
    kept: u32,
    /// The peak of this period.
    peak: u32,
    in_use: u32,
    /// The start of this period.
    since: Option<Time>,
}

impl PoolTarget {
    /// From `now` on `in_use` requests are in flight.
    pub fn set_in_use(&mut self, now: Time, in_use: u32) {
        self.advance(now);
        self.in_use = in_use;
        self.peak = self.peak.max(in_use);
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: Time) {
        let since = *self.since.get_or_insert(now);
        let periods = now.since(since).as_micros() / PERIOD.as_micros();
        // After 32 halvings nothing is left of any peak.
        for _ in 0..periods.min(32) {
            self.kept = self.peak.max(self.kept / 2);
            self.peak = self.in_use;
        }
        if periods > 0 {
            let whole = u64::try_from(periods * PERIOD.as_micros()).unwrap_or(u64::MAX);
            self.since = Some(since + Duration::from_micros(whole));
        }
    }

    /// Connections to keep, from 1 to `most`.
    pub fn size(&self, most: usize) -> usize {
        (self.kept.max(self.peak) as usize).clamp(1, most.max(1))
    }

    /// When [`advance`](PoolTarget::advance) may lower the size; `None` if it is 1.
    pub fn next_halving(&self) -> Option<Time> {
        let since = self.since?;
        (self.kept.max(self.peak) > 1).then(|| since + PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_peak_is_kept_and_halved_every_minute() {
        let mut target = PoolTarget::default();
        target.set_in_use(at(10), 20);
        target.set_in_use(at(11), 0);
        assert_eq!(target.size(32), 20);
        for (seconds, wanted) in [(69, 20), (70, 20), (130, 10), (190, 5), (250, 2), (310, 1)] {
            target.advance(at(seconds));
            assert_eq!(target.size(32), wanted, "{seconds} s");
        }
        assert_eq!(target.next_halving(), None);
    }

    #[test]
    fn the_bounds_hold_whatever_the_peak() {
        let mut target = PoolTarget::default();
        assert_eq!((target.size(5), target.size(0)), (1, 1));
        target.set_in_use(at(0), 1000);
        assert_eq!((target.size(5), target.size(1), target.size(0)), (5, 1, 1));
    }

    #[test]
    fn what_is_in_use_all_the_time_is_no_surplus() {
        let mut target = PoolTarget::default();
        target.set_in_use(at(0), 4);
        target.advance(at(10_000));
        assert_eq!(target.size(32), 4);
    }

    #[test]
    fn a_clock_that_leaps_or_goes_back_does_no_harm() {
        let mut target = PoolTarget::default();
        target.set_in_use(at(1000), 8);
        target.set_in_use(at(1000), 0);
        target.advance(at(0));
        assert_eq!(target.size(32), 8);
        target.advance(Time::from_micros(u64::MAX));
        assert_eq!(target.size(32), 1);
    }

    #[test]
    fn bursts_and_not_averages_are_measured() {
        let mut target = PoolTarget::default();
        for minute in 0..10 {
            // Eight at once for a moment, and nothing for the rest of the minute: 0.01 on average.
            target.set_in_use(at(60 * minute), 8);
            target.set_in_use(at(60 * minute), 0);
            target.advance(at(60 * minute + 59));
            assert_eq!(target.size(32), 8);
        }
    }
}
