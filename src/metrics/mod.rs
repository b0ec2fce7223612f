//! What is counted about each server, and how it is shown.
//!
//! A leaf: plain numbers that `engine` feeds and everybody reads. It has no
//! clock, no I/O and no globals; every method that needs the time is told
//! `now`, once per loop turn, by whoever read the clock.
//!
//! # What the words mean
//!
//! - A *call* is what a user asked for. Its one [`Outcome`] is recorded by
//!   [`ServerMetrics::call_finished`]; retries, handshakes and pings are not calls.
//! - *Requests Sent* are calls attempted: finished, waiting, in flight or turned
//!   away because of the server's state, but not [`Outcome::Invalid`], which
//!   never became an attempt.
//! - *Responses Received* are calls the server answered, well or badly: with a
//!   result, with a tool error or with a JSON-RPC error.
//! - *Errors* are calls that failed: tool error, server error, timeout, lost,
//!   refused.
//! - *Success Rate* is responses / requests, of the numbers that stand beside it.
//! - *Health* is about now, see [`Health::judge`]: of the latest calls, how many
//!   were answered. One in flight has not failed, one that its user cancelled says
//!   nothing about the server, and a server that answers with an error works.
//! - *Evictions* are connections closed for having been idle too long; the
//!   other reasons are counted beside them by [`EvictionCause`].
//!
//! # Invariants
//!
//! - Recording never fails, never panics and does not allocate after the first
//!   call and the first byte, but for one copy in four billion calls; counters
//!   stay at their maximum when they reach it.
//! - A server that was never used costs no heap; a used one at most 40 KB.
//! - A rate is always over a window, never since the start.
//! - A number that is not known yet is `None` here and `-` on screen, never 0.

mod bars;
mod checklist;
mod counters;
mod distribution;
mod durations;
mod export;
mod figures;
mod health;
mod json;
mod latency;
mod left_alone;
mod look;
mod percentiles;
mod period;
mod pulse;
mod report;
mod seen;
mod server;
mod units;
mod window;

pub use bars::Bars;
pub use checklist::{Check, CheckPage, CheckVerdict, Checklist, EntryFacts};
pub use counters::{
    Accumulator, ErrorCategory, ErrorCount, EvictionCause, Outcome, PoolCounters, Timings,
    WireCounters,
};
pub use distribution::Distribution;
pub use durations::{BOUNDARIES_US, DurationHistogram, Durations, OperationKey, OperationSeries};
pub use export::{
    ClientFigures, Exposition, MetricsFormat, StatsdDialect, StatsdState, render_histogram_log,
};
pub use figures::{Figures, word};
pub use health::Health;
pub use json::render_json;
pub use latency::Latency;
pub use left_alone::LeftAlone;
pub use look::{Look, Presentation};
pub use percentiles::Percentiles;
pub use period::Period;
pub use pulse::Pulse;
pub use report::{ConcurrencyFigures, Detail, ServerReport, render, render_server};
pub use seen::Seen;
pub use server::ServerMetrics;
pub use window::{Span, View, WindowLatency, Windows};

#[cfg(test)]
mod tests;
