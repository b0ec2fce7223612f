//! The verdict on a server, one word for the eye.

use super::server::ServerMetrics;

/// How a server does, the worse the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// No call has ended yet, and nothing is known against the server.
    Unproven,
    /// 99 to 100 % of the calls succeed.
    Excellent,
    /// 95 to 99 %.
    Good,
    /// 90 to 95 %.
    Degraded,
    /// Below 90 %, or the server cannot be reached or started at all.
    Unhealthy,
}

impl Health {
    /// Judges by the success rate of the finished calls. A server that cannot
    /// be reached now (`failing`) is unhealthy whatever its past.
    pub fn judge(metrics: &ServerMetrics, failing: bool) -> Health {
        let (served, all) = metrics.success();
        let at_least = |percent: u128| u128::from(served) * 100 >= u128::from(all) * percent;
        if failing {
            Health::Unhealthy
        } else if all == 0 {
            Health::Unproven
        } else if at_least(99) {
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
            Health::Unproven | Health::Excellent | Health::Good => "healthy",
            Health::Degraded => "degraded",
            Health::Unhealthy => "unhealthy",
        }
    }

    /// The finer word, `-` when there is no rate yet.
    pub const fn grade(self) -> &'static str {
        match self {
            Health::Unproven => "-",
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

    fn with(ok: u64, lost: u64) -> ServerMetrics {
        let mut metrics = ServerMetrics::new();
        for (outcome, count) in [(Outcome::Ok, ok), (Outcome::Lost, lost)] {
            for _ in 0..count {
                metrics.call_finished(Time::ZERO, outcome, Timings::default());
            }
        }
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
            (0, 1, Health::Unhealthy),
            (0, 0, Health::Unproven),
        ] {
            assert_eq!(Health::judge(&with(ok, lost), false), health, "{ok} ok, {lost} lost");
        }
    }

    #[test]
    fn a_failing_server_is_unhealthy_with_or_without_calls() {
        assert_eq!(Health::judge(&with(0, 0), true), Health::Unhealthy);
        assert_eq!(Health::judge(&with(1000, 0), true), Health::Unhealthy);
    }

    #[test]
    fn a_cancelled_call_a_tool_error_and_a_refusal_leave_the_server_healthy() {
        let mut metrics = with(1, 0);
        for outcome in [Outcome::Cancelled, Outcome::ToolError, Outcome::Refused] {
            metrics.call_finished(Time::ZERO, outcome, Timings::default());
        }
        assert_eq!(Health::judge(&metrics, false), Health::Excellent);
    }
}
