//! What may be tried again, and when.

use std::time::Duration;

use crate::time::Time;

/// Longest delay between two tries.
const CAP: Duration = Duration::from_secs(30);

/// A small generator for jitter; nothing here needs to be unpredictable.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// The next number (xorshift64*).
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: Duration) -> Duration {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(if micros == 0 { 0 } else { self.next() % (micros + 1) })
    }
}

/// Delays between tries to reach one server: doubling, full jitter, capped.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Time>,
}

impl Backoff {
    /// Something failed; nothing is to be opened before the time returned. Where
    /// somebody waits the delay follows from the `tries` of the call: it is not to pay
    /// for what failed before it was made.
    pub(super) fn fail(
        &mut self,
        now: Time,
        first: Duration,
        tries: Option<u32>,
        random: &mut Random,
    ) -> Time {
        let doublings = tries.map_or(self.failures, |tries| tries.saturating_sub(1));
        let ceiling = first.saturating_mul(1 << doublings.min(20)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        let when = now + random.below(ceiling);
        self.not_before = Some(when);
        when
    }

    /// The server answered.
    pub(super) fn succeed(&mut self) {
        *self = Backoff::default();
    }

    /// Failures since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The next try may be made at once.
    pub(super) fn end_pause(&mut self) {
        self.not_before = None;
    }

    /// Until when nothing is to be opened.
    pub(super) fn blocked_until(&self, now: Time) -> Option<Time> {
        self.not_before.filter(|when| *when > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_jitter_below_it() {
        let mut random = Random::new(7);
        let first = Duration::from_millis(100);
        for round in 0..40 {
            let mut backoff = Backoff { failures: round, not_before: None };
            let ceiling = first.saturating_mul(1 << round.min(20)).min(CAP);
            let delays: Vec<Duration> = (0..200)
                .map(|_| {
                    backoff.failures = round;
                    backoff.fail(Time::ZERO, first, None, &mut random).since(Time::ZERO)
                })
                .collect();
            assert!(delays.iter().all(|delay| *delay <= ceiling), "round {round}");
            assert!(delays.iter().any(|delay| *delay > ceiling / 2), "round {round}");
            assert!(delays.iter().any(|delay| *delay < ceiling / 2), "round {round}");
        }
    }

    #[test]
    fn a_call_pays_for_its_own_tries_alone() {
        let mut random = Random::new(7);
        let first = Duration::from_millis(100);
        let mut backoff = Backoff::default();
        for _ in 0..40 {
            backoff.fail(Time::ZERO, first, None, &mut random);
        }
        for _ in 0..200 {
            let delay = backoff.fail(Time::ZERO, first, Some(1), &mut random).since(Time::ZERO);
            assert!(delay <= first, "{delay:?}");
            let delay = backoff.fail(Time::ZERO, first, Some(3), &mut random).since(Time::ZERO);
            assert!(delay <= 4 * first, "{delay:?}");
        }
    }
}
