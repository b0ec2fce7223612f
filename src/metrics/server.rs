//! Everything recorded about one server.
//!
//! One value per server, never per connection, so that a big pool costs no more
//! than a small one.
//!
//! Invariant: each thing is told once. [`ServerMetrics::call_finished`] counts
//! all that follows from a call's outcome, its error category and timeout
//! included; [`ServerMetrics::error`] and [`ServerMetrics::timeout`] are for
//! what ended no call. Bytes are counted by [`ServerMetrics::bytes_sent`] and
//! [`ServerMetrics::bytes_received`] alone.

use std::time::Duration;

use super::counters::{
    Accumulator, ErrorCategory, ErrorCount, Outcome, PoolCounters, Timings, WireCounters,
};
use super::durations::Durations;
use super::latency::{Latency, micros};
use super::pulse::Pulse;
use super::window::Windows;
use crate::time::Time;

/// The counters, latencies and windows of one server.
#[derive(Clone, Debug, Default)]
pub struct ServerMetrics {
    /// What the pool did.
    pub pool: PoolCounters,
    /// What came over the wire beside the replies.
    pub wire: WireCounters,
    latency: Latency,
    windows: Windows,
    pulse: Pulse,
    queue: Accumulator,
    connect: Accumulator,
    server: Accumulator,
    connection: Accumulator,
    outcomes: [u64; Outcome::ALL.len()],
    /// The latest calls that count for health, the newest in bit 0; a set bit had no answer.
    recent: u32,
    /// How many of them there are, up to the most that a `u32` can count.
    judged: u32,
    errors: [ErrorCount; ErrorCategory::ALL.len()],
    requests: u64,
    request_bytes: u64,
    responses: u64,
    messages_sent: u64,
    messages_received: u64,
    bytes_sent: u64,
    bytes_received: u64,
    reconnections: u64,
    timeouts: u64,
    restarts: u64,
    outcomes_unknown: u64,
    last_activity: Option<Time>,
    up: Stretch,
    watched: Stretch,
    /// Made for the first sample of an export.
    durations: Option<Box<Durations>>,
}

/// Time added up over stretches, one of which may be going on.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    since: Option<Time>,
    finished: u64,
}

impl ServerMetrics {
    /// Metrics of a server that was never used.
    pub fn new() -> ServerMetrics {
        ServerMetrics::default()
    }

    /// Counts a request of ours, `bytes` long, that began to leave. Its bytes are
    /// added by [`bytes_sent`](Self::bytes_sent) as the kernel takes them.
    pub fn request_sent(&mut self, now: Time, bytes: usize) {
        add(&mut self.requests, 1);
        add(&mut self.request_bytes, bytes as u64);
        self.message_sent(now);
    }

    /// Counts a message of ours that is no request: a notification or a reply.
    pub fn message_sent(&mut self, now: Time) {
        add(&mut self.messages_sent, 1);
        self.windows.message_out(now);
        self.last_activity = Some(now);
    }

    /// Counts `n` bytes that the kernel took from us.
    pub fn bytes_sent(&mut self, now: Time, n: usize) {
        add(&mut self.bytes_sent, n as u64);
        self.windows.bytes_out(now, n as u64);
        self.last_activity = Some(now);
    }

    /// Counts `n` bytes read.
    pub fn bytes_received(&mut self, now: Time, n: usize) {
        add(&mut self.bytes_received, n as u64);
        self.windows.bytes_in(now, n as u64);
        self.last_activity = Some(now);
    }

    /// Counts a message of any kind from the server.
    pub fn message_received(&mut self, now: Time) {
        add(&mut self.messages_received, 1);
        self.windows.message_in(now);
        self.last_activity = Some(now);
    }

    /// Counts a message, already told to [`message_received`](Self::message_received),
    /// as the reply to a request of ours.
    pub fn response_received(&mut self, now: Time) {
        add(&mut self.responses, 1);
        self.last_activity = Some(now);
    }

    /// Counts a call that ended, once per call and whatever its end.
    pub fn call_finished(&mut self, now: Time, outcome: Outcome, timings: Timings) {
        add(&mut self.outcomes[outcome as usize], 1);
        if !outcome.is_attempt() {
            return;
        }
        if outcome.is_answered() || outcome.is_unanswered() {
            self.recent = self.recent << 1 | u32::from(outcome.is_unanswered());
            self.judged = self.judged.saturating_add(1);
        }
        if let Some(category) = outcome.category() {
            self.error(now, category);
        }
        self.windows.call(now, outcome.is_timed().then_some(timings.total), outcome);
        if !outcome.is_timed() {
            return;
        }
        self.latency.record(timings.total);
        self.pulse.beat(now);
        self.queue.record(timings.queue);
        if !timings.connect.is_zero() {
            self.connect.record(timings.connect);
        }
        if !timings.server.is_zero() {
            self.server.record(timings.server);
        }
    }

    /// Counts a connection that became usable `took` after it was asked for.
    /// `reconnect` says that it replaces one that was lost.
    pub fn connected(&mut self, now: Time, took: Duration, reconnect: bool) {
        self.connection.record(took);
        add(&mut self.reconnections, u64::from(reconnect));
        self.last_activity = Some(now);
    }

    /// Notes that the server can be used from now on.
    pub fn went_up(&mut self, now: Time) {
        self.up.begin(now);
        self.watched.begin(now);
    }

    /// Notes that the server cannot be used: an attempt failed, or it was lost.
    pub fn went_down(&mut self, now: Time) {
        self.up.end(now);
        self.watched.begin(now);
    }

    /// Notes that we closed the last connection ourselves. Until the next
    /// attempt nobody knows whether the server is up, so the time in between
    /// counts for neither side of the uptime ratio.
    pub fn went_idle(&mut self, now: Time) {
        self.up.end(now);
        self.watched.end(now);
    }

    /// Counts a deadline that passed and ended no call: connect, handshake, ping.
    pub fn timeout(&mut self) {
        add(&mut self.timeouts, 1);
    }

    /// Counts a process that was started again.
    pub fn restart(&mut self) {
        add(&mut self.restarts, 1);
    }

    /// Counts a call that may have run, beside its outcome.
    pub fn outcome_unknown(&mut self) {
        add(&mut self.outcomes_unknown, 1);
    }

    /// Counts an error that is not the outcome of a call.
    pub fn error(&mut self, now: Time, category: ErrorCategory) {
        let error = &mut self.errors[category as usize];
        add(&mut error.count, 1);
        error.last = now;
    }

    /// The histograms of exports, made when they are asked for.
    pub fn durations_mut(&mut self) -> &mut Durations {
        self.durations.get_or_insert_default()
    }

    /// The histograms of exports; `None` when nothing was counted in them.
    pub fn durations(&self) -> Option<&Durations> {
        self.durations.as_deref()
    }

    /// The latency of the calls since the start, from the caller's enqueue.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// The last 1, 5 and 15 minutes.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The calls of the last minute.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How long calls waited for a connection to have room.
    pub fn queue_wait(&self) -> &Accumulator {
        &self.queue
    }

    /// How long calls waited for a new connection, of those that had to.
    pub fn connect_wait(&self) -> &Accumulator {
        &self.connect
    }

    /// How long the server took for calls that were sent.
    pub fn server_time(&self) -> &Accumulator {
        &self.server
    }

    /// How long new connections took to become usable.
    pub fn connection_time(&self) -> &Accumulator {
        &self.connection
    }

    /// Calls that ended with `outcome`.
    pub fn calls(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Calls that were attempted and have ended.
    pub fn calls_finished(&self) -> u64 {
        self.calls_where(Outcome::is_attempt)
    }

    /// Calls that the server answered, well or badly.
    pub fn calls_answered(&self) -> u64 {
        self.calls_where(Outcome::is_answered)
    }

    /// Calls that failed, and not by their caller's wish.
    pub fn calls_failed(&self) -> u64 {
        self.calls_where(Outcome::is_error)
    }

    /// Calls that got no answer, and not by their caller's wish.
    pub fn calls_unanswered(&self) -> u64 {
        self.calls_where(Outcome::is_unanswered)
    }

    /// How many of the latest `n` (1 to 32) answered or unanswered calls had an
    /// answer; `None` when there were fewer.
    pub fn answered_of_latest(&self, n: u32) -> Option<u32> {
        let mask = u32::MAX.checked_shr(32_u32.saturating_sub(n)).unwrap_or(0);
        (self.judged >= n).then(|| n - (self.recent & mask).count_ones().min(n))
    }

    /// Connection time saved so far: hits times the mean time to a usable connection.
    pub fn time_saved(&self) -> Option<Duration> {
        let mean = micros(self.connection.mean()?);
        Some(Duration::from_micros(mean.saturating_mul(self.pool.hits())))
    }

    /// Requests of every kind, retries and handshakes included, that began to leave.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The bytes of those requests.
    pub fn request_bytes(&self) -> u64 {
        self.request_bytes
    }

    /// The mean size in bytes of a request.
    pub fn request_size(&self) -> Option<u64> {
        self.request_bytes.checked_div(self.requests)
    }

    /// Replies of every kind to requests of ours.
    pub fn responses(&self) -> u64 {
        self.responses
    }

    /// Messages sent and received.
    pub fn messages(&self) -> (u64, u64) {
        (self.messages_sent, self.messages_received)
    }

    /// Bytes sent and received.
    pub fn bytes(&self) -> (u64, u64) {
        (self.bytes_sent, self.bytes_received)
    }

    /// Connections made after a loss.
    pub fn reconnections(&self) -> u64 {
        self.reconnections
    }

    /// Deadlines that passed, of calls and of anything else.
    pub fn timeouts(&self) -> u64 {
        self.timeouts.saturating_add(self.calls(Outcome::Timeout))
    }

    /// Processes started again.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Calls that may have run, and of which nobody knows.
    pub fn outcomes_unknown(&self) -> u64 {
        self.outcomes_unknown
    }

    /// When bytes or messages last went either way.
    pub fn last_activity(&self) -> Option<Time> {
        self.last_activity
    }

    /// How long the server has been up, when it is.
    pub fn uptime(&self, now: Time) -> Option<Duration> {
        self.up.since.map(|since| now.since(since))
    }

    /// The time up and the time watched, since the first attempt to reach it.
    pub fn uptime_share(&self, now: Time) -> (Duration, Duration) {
        (self.up.total(now), self.watched.total(now))
    }

    /// How often `category` occurred.
    pub fn errors_by(&self, category: ErrorCategory) -> ErrorCount {
        self.errors[category as usize]
    }

    /// The categories that occurred: most frequent first, then most recent.
    pub fn top_errors(&self) -> Vec<(ErrorCategory, ErrorCount)> {
        let mut top: Vec<_> = ErrorCategory::ALL
            .iter()
            .map(|&category| (category, self.errors_by(category)))
            .filter(|(_, error)| error.count > 0)
            .collect();
        top.sort_by_key(|(_, error)| std::cmp::Reverse((error.count, error.last)));
        top
    }

    /// Bytes of heap in use.
    pub fn heap_bytes(&self) -> usize {
        self.latency.heap_bytes() + self.windows.heap_bytes()
    }

    fn calls_where(&self, counts: impl Fn(Outcome) -> bool) -> u64 {
        let chosen = Outcome::ALL.into_iter().filter(|&outcome| counts(outcome));
        chosen.fold(0, |sum, outcome| sum.saturating_add(self.calls(outcome)))
    }
}

impl Stretch {
    fn begin(&mut self, now: Time) {
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Time) {
        self.finished = micros(self.total(now));
        self.since = None;
    }

    fn total(&self, now: Time) -> Duration {
        let current = self.since.map_or(0, |since| micros(now.since(since)));
        Duration::from_micros(self.finished.saturating_add(current))
    }
}

fn add(counter: &mut u64, n: u64) {
    *counter = counter.saturating_add(n);
}
