//! The pause before the engine tries a server again.

use std::time::Duration;

use crate::engine::random::Random;
use crate::time::Time;

/// The longest pause.
const CAP: Duration = Duration::from_secs(30);

/// How long a pause after a failure may be.
pub(in crate::engine) struct RetryPause<'a> {
    /// The longest pause after one failure (`retry_backoff`).
    pub(in crate::engine) first: Duration,
    /// The most tries that a waiting request has used up, with the one that failed now;
    /// `None`: no request waits.
    pub(in crate::engine) tries: Option<u32>,
    pub(in crate::engine) random: &'a mut Random,
}

/// Exponential back-off with full jitter, up to 30 s.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Time>,
}

impl Backoff {
    /// Counts a failure and begins a pause. Returns the end of the pause. The tries of a
    /// waiting request take the place of the number of failures, because failures before
    /// the request was made must not delay the request.
    pub(super) fn fail(&mut self, now: Time, pause: RetryPause<'_>) -> Time {
        let RetryPause { first, tries, random } = pause;
        let doublings = tries.map_or(self.failures, |tries| tries.saturating_sub(1));
        let ceiling = first.saturating_mul(1 << doublings.min(20)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        let when = now + random.below(ceiling);
        self.not_before = Some(when);
        when
    }

    /// Forgets all failures: the server answered.
    pub(super) fn succeed(&mut self) {
        *self = Backoff::default();
    }

    /// Failures since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Ends the pause. The failures stay counted.
    pub(super) fn end_pause(&mut self) {
        self.not_before = None;
    }

    /// The end of the pause; `None` outside of one.
    pub(super) fn paused_until(&self, now: Time) -> Option<Time> {
        self.not_before.filter(|when| *when > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);

    fn pause(tries: Option<u32>, random: &mut Random) -> RetryPause<'_> {
        RetryPause { first: FIRST, tries, random }
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_jitter_below_it() {
        let mut random = Random::new(7);
        for round in 0..40 {
            let mut backoff = Backoff { failures: round, not_before: None };
            let ceiling = FIRST.saturating_mul(1 << round.min(20)).min(CAP);
            let delays: Vec<Duration> = (0..200)
                .map(|_| {
                    backoff.failures = round;
                    backoff.fail(Time::ZERO, pause(None, &mut random)).since(Time::ZERO)
                })
                .collect();
            assert!(delays.iter().all(|delay| *delay <= ceiling), "round {round}");
            assert!(delays.iter().any(|delay| *delay > ceiling / 2), "round {round}");
            assert!(delays.iter().any(|delay| *delay < ceiling / 2), "round {round}");
        }
    }

    #[test]
    fn a_request_is_delayed_by_its_own_tries_alone() {
        let mut random = Random::new(7);
        let mut backoff = Backoff::default();
        for _ in 0..40 {
            backoff.fail(Time::ZERO, pause(None, &mut random));
        }
        for _ in 0..200 {
            let delay = backoff.fail(Time::ZERO, pause(Some(1), &mut random)).since(Time::ZERO);
            assert!(delay <= FIRST, "{delay:?}");
            let delay = backoff.fail(Time::ZERO, pause(Some(3), &mut random)).since(Time::ZERO);
            assert!(delay <= 4 * FIRST, "{delay:?}");
        }
    }
}
