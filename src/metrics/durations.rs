//! Durations counted into the boundaries of the OpenTelemetry conventions for MCP.
//!
//! Separate from [`Latency`](super::Latency) because a classic histogram is exact only if
//! each sample is counted between the boundaries that are exported, and because a client
//! that exports nothing must not pay for it.
//!
//! Invariants:
//! - a server has at most [`MAX_TOOLS`] tools and [`MAX_ERRORS`] error types, and all servers of
//!   a client [`MAX_SERIES`] series; the rest is counted under `_OTHER`, whatever names servers
//!   make up;
//! - a series keeps its index as long as the value lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::latency::micros;

/// The upper boundaries in microseconds: 10 ms to 300 s, those of
/// `mcp.client.operation.duration`.
pub const BOUNDARIES_US: [u64; 14] = [
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];

/// Buckets of a histogram: one for each boundary, and one for what is above all.
pub const BUCKETS: usize = BOUNDARIES_US.len() + 1;

/// Tools of a server that have series of their own.
pub const MAX_TOOLS: usize = 256;
/// Error types of a server that have series of their own.
pub const MAX_ERRORS: usize = 32;
/// Series of all servers of a client, those of `_OTHER` not counted: a text with all of them is
/// made in one go by `mcp-stats -P`.
pub const MAX_SERIES: usize = 1024;

/// The value of a label whose own value would be one too many.
const OTHER: &str = "_OTHER";

/// A histogram with the boundaries [`BOUNDARIES_US`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DurationHistogram {
    /// Samples up to each boundary and above the one before it; the last: above all.
    counts: [u64; BUCKETS],
    /// The sum of the samples of each bucket, in microseconds.
    sums_us: [u64; BUCKETS],
}

impl DurationHistogram {
    /// Adds one sample.
    pub fn record(&mut self, sample: Duration) {
        let sample = micros(sample);
        // A boundary belongs to its bucket: `le` is "less or equal".
        let bucket = BOUNDARIES_US.partition_point(|boundary| *boundary < sample);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.sums_us[bucket] = self.sums_us[bucket].saturating_add(sample);
    }

    /// Samples up to each boundary, all below it included; the last is all samples.
    pub fn cumulative(&self) -> [u64; BUCKETS] {
        let mut sum = 0_u64;
        self.counts.map(|count| {
            sum = sum.saturating_add(count);
            sum
        })
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The sum of all samples in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sums_us.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }

    /// Of each bucket the number of its samples and their sum in microseconds.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.into_iter().zip(self.sums_us)
    }
}

/// What an operation is counted under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationKey {
    /// `mcp.method.name`.
    pub method: &'static str,
    /// `gen_ai.tool.name`; empty when no tool is called.
    pub tool: Arc<str>,
    /// `error.type`; empty when the operation went well.
    pub error: Arc<str>,
}

/// One series of `mcp.client.operation.duration`.
#[derive(Clone, Debug)]
pub struct OperationSeries {
    /// Its labels.
    pub key: OperationKey,
    /// Its samples.
    pub histogram: DurationHistogram,
}

/// The durations of one server's operations and sessions.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    series: Vec<OperationSeries>,
    index: BTreeMap<OperationKey, usize>,
    tools: Vec<Arc<str>>,
    errors: Vec<Arc<str>>,
    sessions_ended: DurationHistogram,
    sessions_lost: DurationHistogram,
}

impl Durations {
    /// Counts an operation that left us: `took` is from its send to its answer, or to the
    /// time at which nobody waited for one any more. `all` is the number of series of all
    /// servers, which grows if this is a new one.
    pub fn operation(&mut self, mut key: OperationKey, took: Duration, all: &mut usize) {
        if let Some(&at) = self.index.get(&key) {
            return self.series[at].histogram.record(took);
        }
        key.tool = bounded(&mut self.tools, key.tool, MAX_TOOLS);
        key.error = bounded(&mut self.errors, key.error, MAX_ERRORS);
        if *all >= MAX_SERIES {
            for label in [&mut key.tool, &mut key.error] {
                if !label.is_empty() {
                    *label = Arc::from(OTHER);
                }
            }
        }
        let series = &mut self.series;
        let at = *self.index.entry(key).or_insert_with_key(|key| {
            *all += 1;
            series.push(OperationSeries { key: key.clone(), histogram: Default::default() });
            series.len() - 1
        });
        self.series[at].histogram.record(took);
    }

    /// Counts a session that has ended after `took`. `is_lost` says that it was not closed
    /// by us.
    pub fn session(&mut self, took: Duration, is_lost: bool) {
        match is_lost {
            true => self.sessions_lost.record(took),
            false => self.sessions_ended.record(took),
        }
    }

    /// The series, the oldest first.
    pub fn series(&self) -> &[OperationSeries] {
        &self.series
    }

    /// Sessions that we closed, and those that were lost.
    pub fn sessions(&self) -> [&DurationHistogram; 2] {
        [&self.sessions_ended, &self.sessions_lost]
    }
}

/// `value` if it is known or there is room for it, else `_OTHER`.
fn bounded(known: &mut Vec<Arc<str>>, value: Arc<str>, limit: usize) -> Arc<str> {
    if value.is_empty() || known.contains(&value) {
        return value;
    }
    if known.len() >= limit {
        return Arc::from(OTHER);
    }
    known.push(value.clone());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tool: &str, error: &str) -> OperationKey {
        OperationKey { method: "tools/call", tool: Arc::from(tool), error: Arc::from(error) }
    }

    #[test]
    fn a_sample_counts_in_the_bucket_whose_boundary_it_does_not_exceed() {
        let mut histogram = DurationHistogram::default();
        for boundary in BOUNDARIES_US {
            histogram.record(Duration::from_micros(boundary));
            histogram.record(Duration::from_micros(boundary + 1));
        }
        // One at 10 ms; two in each bucket that follows; one above 300 s.
        let mut expected = [0; 15];
        for (at, expected) in expected.iter_mut().enumerate() {
            *expected = (at as u64 * 2 + 1).min(28);
        }
        assert_eq!(histogram.cumulative(), expected);
        assert_eq!(histogram.count(), 28);
        assert_eq!(histogram.sum_us(), BOUNDARIES_US.iter().sum::<u64>() * 2 + 14);
    }

    #[test]
    fn names_that_a_server_makes_up_have_a_bound() {
        let (mut durations, mut all) = (Durations::default(), 0);
        let mut count = |durations: &mut Durations, tool: &str, error: &str| {
            durations.operation(key(tool, error), Duration::from_millis(1), &mut all);
            all
        };
        for n in 0..2 * MAX_TOOLS {
            count(&mut durations, &format!("t{n}"), "");
        }
        assert_eq!(durations.series().len(), MAX_TOOLS + 1);
        let other = durations.series().last().unwrap();
        assert_eq!((&*other.key.tool, other.histogram.count()), (OTHER, MAX_TOOLS as u64));
        for code in 0..2 * MAX_ERRORS {
            count(&mut durations, "t0", &code.to_string());
        }
        assert_eq!(durations.series().len(), MAX_TOOLS + 1 + MAX_ERRORS + 1);
        for n in 0..MAX_TOOLS {
            for code in 0..MAX_ERRORS {
                count(&mut durations, &format!("t{n}"), &code.to_string());
            }
        }
        assert_eq!(durations.series().len(), MAX_SERIES + 1);
        let samples: u64 = durations.series().iter().map(|s| s.histogram.count()).sum();
        let calls = 2 * MAX_TOOLS + 2 * MAX_ERRORS + MAX_TOOLS * MAX_ERRORS;
        assert_eq!(samples, calls as u64, "no sample is lost");
        let mut another = Durations::default();
        let before = count(&mut another, "t", "");
        assert_eq!(&*another.series()[0].key.tool, OTHER, "another server shares the room");
        assert_eq!(count(&mut another, "u", ""), before);
    }
}
