//! What is shown of a server's calls, since the start or of a window.

use std::borrow::Cow;
use std::time::Duration;

use super::distribution::Distribution;
use super::latency::Latency;
use super::period::Period;
use super::server::ServerMetrics;
use crate::time::Time;

/// The calls of a server, and how long they took.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Calls attempted. Those that have not ended are among them since the start only: of a
    /// window they are not known yet.
    pub attempted: u64,
    /// Calls that the server answered, well or badly.
    pub answered: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// The time that this is about.
    pub covered: Option<Duration>,
    times: Spread<'a>,
}

#[derive(Clone, Debug)]
enum Spread<'a> {
    Start(&'a Latency),
    Window(Distribution),
}

impl<'a> Seen<'a> {
    /// What is seen of `metrics` in the `period` that ends at `now`, of `attempted` calls so far.
    pub fn of(metrics: &'a ServerMetrics, attempted: u64, period: Period, now: Time) -> Seen<'a> {
        match period {
            Period::All => Seen {
                attempted,
                answered: metrics.calls_answered(),
                errors: metrics.calls_failed(),
                bytes_out: metrics.bytes().0,
                bytes_in: metrics.bytes().1,
                covered: None,
                times: Spread::Start(metrics.latency()),
            },
            Period::Last(span) => {
                let view = metrics.windows().view(now, span);
                Seen {
                    attempted: view.calls,
                    answered: view.answered,
                    errors: view.errors,
                    bytes_out: view.bytes_out,
                    bytes_in: view.bytes_in,
                    covered: Some(view.covered),
                    times: Spread::Window(metrics.windows().distribution(now, span)),
                }
            }
        }
    }

    /// Calls whose time is known.
    pub fn timed(&self) -> u64 {
        match &self.times {
            Spread::Start(latency) => latency.count(),
            Spread::Window(window) => window.count(),
        }
    }

    /// The shortest latency.
    pub fn min(&self) -> Option<Duration> {
        match &self.times {
            Spread::Start(latency) => latency.min(),
            Spread::Window(window) => window.min(),
        }
    }

    /// The mean latency.
    pub fn mean(&self) -> Option<Duration> {
        match &self.times {
            Spread::Start(latency) => latency.mean(),
            Spread::Window(window) => window.mean(),
        }
    }

    /// The longest latency.
    pub fn max(&self) -> Option<Duration> {
        match &self.times {
            Spread::Start(latency) => latency.max(),
            Spread::Window(window) => window.max(),
        }
    }

    /// The latency that a share of `quantile` (0 to 1) of the calls does not exceed.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        match &self.times {
            Spread::Start(latency) => latency.quantile(quantile),
            Spread::Window(window) => window.quantile(quantile),
        }
    }

    /// How the latencies are spread.
    pub fn distribution(&self) -> Cow<'_, Distribution> {
        match &self.times {
            Spread::Start(latency) => Cow::Owned(latency.distribution()),
            Spread::Window(window) => Cow::Borrowed(window),
        }
    }
}
