//! Whether requests are worked on side by side, judged by the order of their answers.
//!
//! The earlier request of a pair is one that is being worked on for certain: at some moment
//! it was the only request that its connection (or its server) had. A serial server answers
//! nothing before it, in whatever order it takes the others. So an answer that overtakes it
//! proves concurrency.
//!
//! An answer in order proves nothing: calls of equal length end in order on a concurrent
//! server too. It counts for a serial server only if the later request waited out the
//! earlier one and then took about its own usual time. Durations can veto this evidence.
//! They never declare a server concurrent.
//!
//! Nothing is final. An overtaking answer always wins, and a streak of answers in order
//! turns a concurrent server into a serial one.

use std::time::Duration;

/// Answers in order without an overtaking one that make an unknown server serial.
const STREAK: u32 = 3;
/// The same for a server that was seen to be concurrent.
const STREAK_AFTER_OVERTAKING: u32 = 8;

/// What the pairs so far say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Too little was seen.
    #[default]
    Open,
    /// A later request was answered first.
    SideBySide,
    /// Later requests wait for earlier ones.
    InTurn,
}

/// A pair of requests, of which the earlier one was answered first.
#[derive(Clone, Copy, Debug)]
pub struct OrderedPair {
    /// From the send of the later request to the answer of the last earlier one.
    pub overlap: Duration,
    /// From there to the answer of the later request.
    pub rest: Duration,
    /// What the later request usually takes when nothing else runs, if that is known.
    pub usual: Option<Duration>,
}

/// The pairs that were seen, of one kind: on one connection, or on two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderEvidence {
    standing: Standing,
    overtaken: u32,
    waited: u32,
    vetoed: u32,
    streak: u32,
}

impl OrderEvidence {
    /// A request that is being worked on was overtaken by a later one.
    pub fn overtaken(&mut self) {
        self.overtaken = self.overtaken.saturating_add(1);
        self.streak = 0;
        self.standing = Standing::SideBySide;
    }

    /// The earlier request of a pair was answered first.
    pub fn in_order(&mut self, pair: OrderedPair) {
        match waited_its_turn(pair) {
            None => {}
            Some(false) => {
                self.vetoed = self.vetoed.saturating_add(1);
                self.streak = self.streak.saturating_sub(1);
            }
            Some(true) => {
                self.waited = self.waited.saturating_add(1);
                self.streak = self.streak.saturating_add(1);
                let needed = match self.standing {
                    Standing::SideBySide => STREAK_AFTER_OVERTAKING,
                    Standing::Open | Standing::InTurn => STREAK,
                };
                if self.streak >= needed {
                    self.standing = Standing::InTurn;
                }
            }
        }
    }

    /// What the pairs say.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Answers that overtook an earlier request.
    pub fn overtakings(&self) -> u32 {
        self.overtaken
    }

    /// Requests that waited for an earlier one.
    pub fn waits(&self) -> u32 {
        self.waited
    }

    /// Answers in order whose durations are those of a concurrent server.
    pub fn vetoes(&self) -> u32 {
        self.vetoed
    }

    /// Pairs of any outcome.
    pub fn pairs(&self) -> u32 {
        self.overtaken.saturating_add(self.waited).saturating_add(self.vetoed)
    }
}

/// Whether the later request waited for the earlier one; `None` if that cannot be told.
fn waited_its_turn(pair: OrderedPair) -> Option<bool> {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let usual = micros(pair.usual?).max(1);
    let (overlap, rest) = (micros(pair.overlap), micros(pair.rest));
    // A request that was sent shortly before the answer of the earlier one takes about its
    // usual time in either case.
    if overlap < usual / 2 || rest > usual.saturating_mul(8) / 5 {
        return None;
    }
    // On a serial server `rest` is the duration, on a concurrent one the sum: that one is
    // meant which is nearer to the usual time, as a ratio.
    let (rest, whole, usual) =
        (u128::from(rest), u128::from(overlap) + u128::from(rest), u128::from(usual));
    Some(rest * whole >= usual * usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(overlap: u64, rest: u64, usual: u64) -> OrderedPair {
        OrderedPair {
            overlap: Duration::from_millis(overlap),
            rest: Duration::from_millis(rest),
            usual: Some(Duration::from_millis(usual)),
        }
    }

    /// A later call of 100 ms that waited 80 ms for the earlier one.
    fn serial() -> OrderedPair {
        pair(80, 100, 100)
    }

    #[test]
    fn one_overtaking_answer_proves_concurrency() {
        let mut evidence = OrderEvidence::default();
        evidence.overtaken();
        assert_eq!(evidence.standing(), Standing::SideBySide);
    }

    #[test]
    fn three_that_waited_their_turn_make_a_server_serial() {
        let mut evidence = OrderEvidence::default();
        for wanted in [Standing::Open, Standing::Open, Standing::InTurn] {
            evidence.in_order(serial());
            assert_eq!(evidence.standing(), wanted);
        }
    }

    #[test]
    fn calls_of_equal_length_in_order_are_no_evidence_for_a_serial_server() {
        let mut evidence = OrderEvidence::default();
        for _ in 0..1000 {
            // Sent 5 ms after the earlier one, answered 5 ms after it.
            evidence.in_order(pair(995, 5, 1000));
        }
        assert_eq!((evidence.standing(), evidence.vetoes()), (Standing::Open, 1000));
    }

    #[test]
    fn durations_never_declare_concurrency() {
        let mut evidence = OrderEvidence::default();
        (0..3).for_each(|_| evidence.in_order(serial()));
        (0..1000).for_each(|_| evidence.in_order(pair(995, 5, 1000)));
        assert_eq!(evidence.standing(), Standing::InTurn);
    }

    #[test]
    fn a_slow_tool_is_not_taken_for_a_queue() {
        // The later call is long by itself: on a concurrent server it ends long after the
        // earlier one, and took all its usual time.
        let mut evidence = OrderEvidence::default();
        for _ in 0..100 {
            evidence.in_order(pair(50, 14_950, 15_000));
            evidence.in_order(pair(9_000, 6_000, 15_000));
        }
        assert_eq!((evidence.standing(), evidence.waits()), (Standing::Open, 0));
    }

    #[test]
    fn nothing_is_told_without_a_usual_time_or_by_a_call_that_takes_longer_than_ever() {
        let mut evidence = OrderEvidence::default();
        for _ in 0..100 {
            evidence.in_order(OrderedPair { usual: None, ..serial() });
            evidence.in_order(pair(80, 500, 100));
        }
        assert_eq!(evidence.pairs(), 0);
    }

    #[test]
    fn evidence_flips_both_ways_and_is_never_final() {
        let mut evidence = OrderEvidence::default();
        evidence.overtaken();
        (0..7).for_each(|_| evidence.in_order(serial()));
        assert_eq!(evidence.standing(), Standing::SideBySide, "chance alone does not flip it");
        evidence.in_order(serial());
        assert_eq!(evidence.standing(), Standing::InTurn);
        evidence.overtaken();
        assert_eq!(evidence.standing(), Standing::SideBySide);
        (0..7).for_each(|_| evidence.in_order(serial()));
        evidence.overtaken();
        (0..7).for_each(|_| evidence.in_order(serial()));
        assert_eq!(evidence.standing(), Standing::SideBySide, "the streak begins anew");
    }
}
