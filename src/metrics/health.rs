//! The verdict on a server, one word for the eye.
//!
//! It is about now: the last 15 minutes when they have at least [`ENOUGH`] calls,
//! else the latest calls, as many. What a server did yesterday is shown beside it
//! and decides nothing. An answer is an answer, whatever it says: a JSON-RPC
//! error or a tool that said no is never held against the server, and neither
//! is a call that its user cancelled.

use super::server::ServerMetrics;
use super::window::Span;
use crate::time::Time;

/// The fewest calls that a verdict on their share is based on.
pub const ENOUGH: u32 = 20;

/// How a server does, the worse the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// No call has ended yet, and nothing is known against the server.
    Unproven,
    /// Calls were answered, but too few for a grade.
    Few,
    /// 99 to 100 % of the calls are answered.
    Excellent,
    /// 95 to 99 %.
    Good,
    /// 90 to 95 %.
    Degraded,
    /// Below 90 %, none of the first few calls, or the server cannot be reached or
    /// started at all.
    Unhealthy,
}

impl Health {
    /// Judges by the share of the latest calls that were answered. A server that
    /// cannot be reached now (`failing`) is unhealthy whatever its past.
    pub fn judge(metrics: &ServerMetrics, now: Time, failing: bool) -> Health {
        if failing {
            return Health::Unhealthy;
        }
        let window = metrics.windows().view(now, Span::Fifteen);
        let all = window.answered.saturating_add(window.unanswered);
        if all >= u64::from(ENOUGH) {
            return Health::of_share(window.answered, all);
        }
        if let Some(answered) = metrics.answered_of_latest(ENOUGH) {
            return Health::of_share(u64::from(answered), u64::from(ENOUGH));
        }
        match (metrics.calls_answered(), metrics.calls_unanswered()) {
            (0, 0) => Health::Unproven,
            (0, _) => Health::Unhealthy,
            _ => Health::Few,
        }
    }

    fn of_share(answered: u64, all: u64) -> Health {
        let at_least = |percent: u128| u128::from(answered) * 100 >= u128::from(all) * percent;
        if at_least(99) {
            Health::Excellent
        } else if at_least(95) {
            Health::Good
        } else if at_least(90) {
            Health::Degraded
        } else {
            Health::Unhealthy
        }
    }

    /// The word after `Health:`. A server that nobody has called yet is healthy
    /// until it shows otherwise.
    pub const fn name(self) -> &'static str {
        match self {
            Health::Unproven | Health::Few | Health::Excellent | Health::Good => "healthy",
            Health::Degraded => "degraded",
            Health::Unhealthy => "unhealthy",
        }
    }

    /// The finer word, `-` when there is no rate yet.
    pub const fn grade(self) -> &'static str {
        match self {
            Health::Unproven => "-",
            Health::Few => "few calls",
            Health::Excellent => "excellent",
            Health::Good => "good",
            Health::Degraded => "degraded",
            Health::Unhealthy => "unhealthy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Outcome, Timings};
    use crate::time::Time;

    const NOW: Time = Time::from_micros(7_200_000_000);

    fn add(metrics: &mut ServerMetrics, when: Time, outcome: Outcome, count: u64) {
        for _ in 0..count {
            metrics.call_finished(when, outcome, Timings::default());
        }
    }

    fn with(ok: u64, lost: u64) -> ServerMetrics {
        let mut metrics = ServerMetrics::new();
        add(&mut metrics, NOW, Outcome::Ok, ok);
        add(&mut metrics, NOW, Outcome::Lost, lost);
        metrics
    }

    #[test]
    fn the_grade_follows_the_table() {
        for (ok, lost, health) in [
            (100, 0, Health::Excellent),
            (99, 1, Health::Excellent),
            (989, 11, Health::Good),
            (95, 5, Health::Good),
            (949, 51, Health::Degraded),
            (90, 10, Health::Degraded),
            (899, 101, Health::Unhealthy),
            (20, 0, Health::Excellent),
            (19, 1, Health::Good),
            (18, 1, Health::Few),
            (1, 0, Health::Few),
            (4, 1, Health::Few),
            (0, 1, Health::Unhealthy),
            (0, 0, Health::Unproven),
        ] {
            assert_eq!(Health::judge(&with(ok, lost), NOW, false), health, "{ok} ok, {lost} lost");
        }
    }

    #[test]
    fn what_is_long_ago_decides_nothing_once_there_is_newer() {
        let before = Time::from_micros(0);
        let mut metrics = ServerMetrics::new();
        add(&mut metrics, before, Outcome::Timeout, 1000);
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Unhealthy, "the last known");
        // Less than enough in the window: the latest twenty, of which one is old.
        add(&mut metrics, NOW, Outcome::Ok, 19);
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Good);
        add(&mut metrics, NOW, Outcome::Ok, 1);
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Excellent);
        // In the window all of it counts, not the latest alone.
        add(&mut metrics, NOW, Outcome::Lost, 20);
        add(&mut metrics, NOW, Outcome::Ok, 20);
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Unhealthy);
    }

    #[test]
    fn a_failing_server_is_unhealthy_with_or_without_calls() {
        assert_eq!(Health::judge(&with(0, 0), NOW, true), Health::Unhealthy);
        assert_eq!(Health::judge(&with(1000, 0), NOW, true), Health::Unhealthy);
    }

    #[test]
    fn an_answer_of_any_kind_and_a_caller_who_gave_up_leave_the_server_healthy() {
        let mut metrics = with(20, 0);
        for outcome in
            [Outcome::Cancelled, Outcome::ToolError, Outcome::ServerError, Outcome::Invalid]
        {
            add(&mut metrics, NOW, outcome, 100);
        }
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Excellent);
        assert_eq!(metrics.answered_of_latest(ENOUGH), Some(ENOUGH));
    }

    #[test]
    fn calls_that_are_turned_away_count_against_the_server() {
        let mut metrics = with(80, 0);
        add(&mut metrics, NOW, Outcome::Refused, 20);
        assert_eq!(Health::judge(&metrics, NOW, false), Health::Unhealthy);
        assert_eq!(metrics.answered_of_latest(ENOUGH), Some(0));
        assert_eq!(metrics.calls_failed(), 20);
    }
}
