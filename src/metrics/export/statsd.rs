//! StatsD and DogStatsD datagrams: what has changed since the last flush.
//!
//! Counters are sent as differences, gauges as they are. Durations were aggregated: the new
//! samples of a bucket are one timing, their mean, with the sample rate `1/n`, so that the
//! count is right at the receiver and the distribution is as fine as the boundaries.
//!
//! Plain StatsD has no tags: the values of labels are parts of the name.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt::Write as _;

use super::families::ClientFigures;
use super::sink::{Family, FamilyKind, Label, SampleSink};
use super::walk::Walk;
use crate::metrics::durations::BUCKETS;
use crate::metrics::{DurationHistogram, ServerReport};
use crate::time::Time;

/// How labels are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsdDialect {
    /// As parts of the name.
    Plain,
    /// As tags.
    DogStatsd,
}

/// What was sent last, and the datagrams that are being made.
#[derive(Debug)]
pub struct StatsdState {
    sink: Datagrams,
    walk: Option<Walk>,
}

impl StatsdState {
    /// Nothing was sent yet. A datagram has `limit` bytes at most.
    pub fn new(dialect: StatsdDialect, limit: usize) -> StatsdState {
        let sink = Datagrams {
            dialect,
            limit,
            is_silent: true,
            sent: BTreeMap::new(),
            ready: VecDeque::new(),
            line: String::new(),
        };
        StatsdState { sink, walk: None }
    }

    /// Begins a flush of these servers. The first one sends nothing: it notes from where the
    /// counters go on.
    pub fn begin(&mut self, servers: Vec<String>) {
        self.walk = Some(Walk::new(servers));
    }

    /// Does a piece of the flush. True: there is more.
    pub fn step<'a>(
        &mut self,
        client: &ClientFigures,
        report: &dyn Fn(&str) -> Option<ServerReport<'a>>,
        now: Time,
    ) -> bool {
        let Some(walk) = &mut self.walk else { return false };
        if walk.step(client, report, now, &mut self.sink) {
            return true;
        }
        self.walk = None;
        self.sink.is_silent = false;
        false
    }

    /// Whether a flush is under way.
    pub fn is_flushing(&self) -> bool {
        self.walk.is_some()
    }

    /// The next datagram; while a flush is under way only full ones.
    pub fn next_datagram(&mut self) -> Option<String> {
        let least = if self.walk.is_some() { 2 } else { 1 };
        if self.sink.ready.len() < least { None } else { self.sink.ready.pop_front() }
    }
}

#[derive(Debug)]
struct Datagrams {
    dialect: StatsdDialect,
    limit: usize,
    is_silent: bool,
    /// By name and labels: the counters as they were sent last; of a histogram each bucket.
    sent: BTreeMap<String, Box<[u64]>>,
    /// The last one is not full.
    ready: VecDeque<String>,
    line: String,
}

impl Datagrams {
    /// Puts the name, and with plain StatsD the labels, into `line`.
    fn name(&mut self, family: &Family, labels: &[Label<'_>], is_timing: bool) {
        let name = family.name.strip_prefix("mcp_").unwrap_or(family.name);
        let name = match is_timing {
            true => name.strip_suffix("_seconds").unwrap_or(name),
            false => name,
        };
        self.line.clear();
        self.line.push_str("mcp.");
        self.line.push_str(name);
        if self.dialect == StatsdDialect::Plain {
            for (_, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
                self.line.push('.');
                self.line.extend(value.chars().map(|c| if is_plain(c) { c } else { '_' }));
            }
        }
    }

    /// Ends the line that begins as `line`, and puts it into a datagram.
    fn send(&mut self, labels: &[Label<'_>], value: std::fmt::Arguments<'_>) {
        if self.is_silent {
            return;
        }
        let start = self.line.len();
        let _ = self.line.write_fmt(value);
        if self.dialect == StatsdDialect::DogStatsd {
            let mut before = "|#";
            for (key, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
                self.line.push_str(before);
                before = ",";
                self.line.push_str(key);
                self.line.push(':');
                self.line.extend(value.chars().map(|c| if is_tag(c) { c } else { '_' }));
            }
        }
        // Only a label without end is too long by itself; such a sample has no datagram.
        if self.line.len() <= self.limit {
            match self.ready.back_mut() {
                Some(last) if last.len() + 1 + self.line.len() <= self.limit => {
                    last.push('\n');
                    last.push_str(&self.line);
                }
                _ => self.ready.push_back(self.line.clone()),
            }
        }
        self.line.truncate(start);
    }

    /// What each of `counters` has grown by since it was sent last.
    fn growth<const N: usize>(
        &mut self,
        family: &Family,
        labels: &[Label<'_>],
        counters: [u64; N],
    ) -> [u64; N] {
        let mut key = family.name.to_owned();
        for (_, value) in labels {
            key.push('\0');
            key.push_str(value);
        }
        let sent = self.sent.entry(key).or_insert_with(|| Box::new([0; N]));
        let mut growth = [0; N];
        for (at, (now, before)) in counters.into_iter().zip(sent.iter_mut()).enumerate() {
            // A server that was configured anew counts from zero.
            growth[at] = now.checked_sub(*before).unwrap_or(now);
            *before = now;
        }
        growth
    }

    fn timing(&mut self, labels: &[Label<'_>], count: u64, sum_us: u64) {
        if count == 0 {
            return;
        }
        let mean = sum_us as f64 / count as f64 / 1e3;
        if count == 1 {
            self.send(labels, format_args!(":{mean:.3}|ms"));
        } else {
            self.send(labels, format_args!(":{mean:.3}|ms|@{:.9}", 1.0 / count as f64));
        }
    }
}

impl SampleSink for Datagrams {
    fn begin(&mut self, _family: &'static Family) {}

    fn number(&mut self, family: &'static Family, labels: &[Label<'_>], value: f64) {
        match family.kind {
            FamilyKind::Counter => {
                // Counters are whole numbers, made from u64.
                let [growth] = self.growth(family, labels, [value as u64]);
                if growth > 0 {
                    self.name(family, labels, false);
                    self.send(labels, format_args!(":{growth}|c"));
                }
            }
            FamilyKind::Gauge => {
                self.name(family, labels, false);
                self.send(labels, format_args!(":{value}|g"));
            }
            // Words are for systems with labels.
            FamilyKind::Info | FamilyKind::Histogram | FamilyKind::Summary => {}
        }
    }

    fn histogram(
        &mut self,
        family: &'static Family,
        labels: &[Label<'_>],
        histogram: &DurationHistogram,
    ) {
        let mut all = [0; 2 * BUCKETS];
        for (at, (count, sum)) in histogram.buckets().enumerate() {
            (all[at], all[BUCKETS + at]) = (count, sum);
        }
        let growth = self.growth(family, labels, all);
        self.name(family, labels, true);
        for at in 0..BUCKETS {
            self.timing(labels, growth[at], growth[BUCKETS + at]);
        }
    }

    fn summary(&mut self, family: &'static Family, labels: &[Label<'_>], count: u64, sum_us: u64) {
        let [count, sum_us] = self.growth(family, labels, [count, sum_us]);
        self.name(family, labels, true);
        self.timing(labels, count, sum_us);
    }
}

/// Whether a character may be in a part of a name.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a character may be in the value of a tag.
fn is_tag(c: char) -> bool {
    !c.is_control() && !matches!(c, ':' | '|' | '@' | ',' | '#') && !c.is_whitespace()
}
