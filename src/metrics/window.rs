//! What happened in the last 1, 5 and 15 minutes.
//!
//! A ring of one-minute slots: fifteen whole minutes and the one that is going
//! on. Nothing rotates: a slot knows its minute and is emptied by the first
//! record of a later one, and a reader ignores slots that are too old, so an
//! idle server needs no wake-up.
//!
//! A view ends now and is as long as its name says. The oldest slot lies partly
//! outside; it counts by the share inside, taking its traffic as even between
//! its first and last record. A steady pace and a single event are therefore
//! shown right at every second, and nothing stays in view longer than its time.
//! Counts are rounded up, so that one error does not vanish.

use std::time::Duration;

use super::counters::Outcome;
use super::distribution::Distribution;
use super::latency::micros;
use crate::time::Time;

/// The length of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// The last minute.
    One,
    /// The last five minutes.
    Five,
    /// The last fifteen minutes.
    Fifteen,
}

impl Span {
    /// Every span, shortest first.
    pub const ALL: [Span; 3] = [Span::One, Span::Five, Span::Fifteen];

    /// The length in minutes.
    pub const fn minutes(self) -> u64 {
        match self {
            Span::One => 1,
            Span::Five => 5,
            Span::Fifteen => 15,
        }
    }
}

/// The counts of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The time covered: the span, or since the first record when that is
    /// shorter, but no less than a second.
    pub covered: Duration,
    /// Calls finished.
    pub calls: u64,
    /// Calls failed.
    pub errors: u64,
    /// Calls that the server answered, well or badly.
    pub answered: u64,
    /// Calls that got no answer, and not by their caller's wish.
    pub unanswered: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Messages received.
    pub messages_in: u64,
    /// Messages sent.
    pub messages_out: u64,
}

impl View {
    /// Adds what was counted elsewhere in the same span.
    pub fn merge(&mut self, other: &View) {
        self.covered = self.covered.max(other.covered);
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.answered = self.answered.saturating_add(other.answered);
        self.unanswered = self.unanswered.saturating_add(other.unanswered);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.messages_in = self.messages_in.saturating_add(other.messages_in);
        self.messages_out = self.messages_out.saturating_add(other.messages_out);
    }

    /// Calls finished per second.
    pub fn calls_per_second(&self) -> f64 {
        self.per_second(self.calls)
    }

    /// Messages per second, both ways.
    pub fn messages_per_second(&self) -> f64 {
        self.per_second(self.messages_in.saturating_add(self.messages_out))
    }

    /// Bytes per second, both ways.
    pub fn bytes_per_second(&self) -> f64 {
        self.per_second(self.bytes_in.saturating_add(self.bytes_out))
    }

    fn per_second(&self, count: u64) -> f64 {
        let seconds = self.covered.as_secs_f64();
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }
}

/// The latencies of one window, within 4 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLatency {
    /// The median.
    pub p50: Duration,
    /// The 95th percentile.
    pub p95: Duration,
    /// The 99th percentile.
    pub p99: Duration,
}

/// The ring of one-minute slots, allocated by the first record.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    ring: Option<Ring>,
}

#[derive(Clone, Debug)]
struct Ring {
    started: Time,
    slots: Box<[Slot]>,
}

#[derive(Clone, Debug)]
struct Slot {
    /// The minute plus one; 0 for a slot that was never used.
    minute: u64,
    first: Time,
    last: Time,
    counts: View,
    samples: u64,
    /// One sample in `1 << shift` is counted. A busy minute would overflow the
    /// small counters; thinning keeps their proportions.
    shift: u32,
    buckets: Buckets,
}

/// Counters for the buckets from `low` on; those around them are zero. The calls
/// of one minute take times of a similar size, so that few are ever needed.
#[derive(Clone, Debug, Default)]
struct Buckets {
    low: usize,
    counts: Vec<u16>,
}

impl Windows {
    /// Counts a finished call, with its latency if that says something.
    pub fn call(&mut self, now: Time, latency: Option<Duration>, outcome: Outcome) {
        let slot = self.slot(now);
        let counts = &mut slot.counts;
        for (count, counted) in [
            (&mut counts.calls, true),
            (&mut counts.errors, outcome.is_error()),
            (&mut counts.answered, outcome.is_answered()),
            (&mut counts.unanswered, outcome.is_unanswered()),
        ] {
            *count = count.saturating_add(u64::from(counted));
        }
        if let Some(latency) = latency {
            slot.record(micros(latency));
        }
    }

    /// Counts bytes received.
    pub fn bytes_in(&mut self, now: Time, n: u64) {
        let counts = &mut self.slot(now).counts;
        counts.bytes_in = counts.bytes_in.saturating_add(n);
    }

    /// Counts bytes sent.
    pub fn bytes_out(&mut self, now: Time, n: u64) {
        let counts = &mut self.slot(now).counts;
        counts.bytes_out = counts.bytes_out.saturating_add(n);
    }

    /// Counts a message received.
    pub fn message_in(&mut self, now: Time) {
        let counts = &mut self.slot(now).counts;
        counts.messages_in = counts.messages_in.saturating_add(1);
    }

    /// Counts a message sent.
    pub fn message_out(&mut self, now: Time) {
        let counts = &mut self.slot(now).counts;
        counts.messages_out = counts.messages_out.saturating_add(1);
    }

    /// The counts of the `span` that ends at `now`.
    pub fn view(&self, now: Time, span: Span) -> View {
        let Some(ring) = &self.ring else { return View::default() };
        let mut sums = [0u128; 8];
        for (slot, weight) in ring.weighted(now, span) {
            let c = &slot.counts;
            let parts = [
                c.calls,
                c.errors,
                c.answered,
                c.unanswered,
                c.bytes_in,
                c.bytes_out,
                c.messages_in,
                c.messages_out,
            ];
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum += u128::from(part) * u128::from(weight);
            }
        }
        let [calls, errors, answered, unanswered, bytes_in, bytes_out, messages_in, messages_out] =
            sums.map(|sum| u64::try_from(sum.div_ceil(u128::from(WHOLE))).unwrap_or(u64::MAX));
        let length = Duration::from_micros(span.minutes() * MINUTE_US);
        let covered = now.since(ring.started).min(length).max(Duration::from_secs(1));
        View {
            covered,
            calls,
            errors,
            answered,
            unanswered,
            bytes_in,
            bytes_out,
            messages_in,
            messages_out,
        }
    }

    /// The latencies of the calls that finished in the `span` that ends at `now`.
    pub fn latency(&self, now: Time, span: Span) -> Option<WindowLatency> {
        Windows::latency_of(std::iter::once(self), now, span)
    }

    /// The same of several together.
    pub fn latency_of<'a>(
        windows: impl Iterator<Item = &'a Windows>,
        now: Time,
        span: Span,
    ) -> Option<WindowLatency> {
        let merged = Windows::merged(windows, now, span);
        let total: u128 = merged.iter().map(|&count| u128::from(count)).sum();
        if total == 0 {
            return None;
        }
        let at = |percent: u128| {
            let wanted = (total * percent).div_ceil(100);
            let mut seen = 0u128;
            let bucket = merged.iter().position(|&count| {
                seen += u128::from(count);
                seen >= wanted
            });
            Duration::from_micros(bucket_middle(bucket.unwrap_or(BUCKETS - 1)))
        };
        Some(WindowLatency { p50: at(50), p95: at(95), p99: at(99) })
    }

    /// How the latencies of the calls that finished in the `span` that ends at `now` are spread.
    pub fn distribution(&self, now: Time, span: Span) -> Distribution {
        let merged = Windows::merged(std::iter::once(self), now, span);
        let points = merged.iter().enumerate();
        Distribution::new(
            points.map(|(bucket, count)| (bucket_middle(bucket), count.div_ceil(WHOLE))),
        )
    }

    /// The buckets of the slots that overlap the `span`, in parts of `WHOLE`.
    fn merged<'a>(
        windows: impl Iterator<Item = &'a Windows>,
        now: Time,
        span: Span,
    ) -> [u64; BUCKETS] {
        let mut merged = [0u64; BUCKETS];
        let rings = windows.filter_map(|windows| windows.ring.as_ref());
        for (slot, weight) in rings.flat_map(|ring| ring.weighted(now, span)) {
            // Buckets lie below BUCKETS.
            let sums = &mut merged[slot.buckets.low..];
            let factor = weight << slot.shift;
            for (sum, &count) in sums.iter_mut().zip(&slot.buckets.counts) {
                // At most 2^16 * 2^16 << MAX_SHIFT, so that 2^16 slots fit. A check
                // would keep the loop from being done in parallel.
                *sum = sum.wrapping_add(u64::from(count) * factor);
            }
        }
        merged
    }

    /// Bytes of heap in use.
    pub fn heap_bytes(&self) -> usize {
        let Some(ring) = &self.ring else { return 0 };
        let counts: usize = ring.slots.iter().map(|slot| slot.buckets.counts.capacity()).sum();
        size_of_val(&*ring.slots) + counts * size_of::<u16>()
    }

    fn slot(&mut self, now: Time) -> &mut Slot {
        let ring = self.ring.get_or_insert_with(|| Ring {
            started: now,
            slots: vec![Slot::EMPTY; SLOTS].into_boxed_slice(),
        });
        let minute = now.as_micros() / MINUTE_US;
        // The remainder is below SLOTS, which is the length.
        let slot = &mut ring.slots[(minute % SLOTS as u64) as usize];
        // A clock that went back keeps counting in the later minute.
        if slot.minute < minute + 1 {
            *slot = Slot { minute: minute + 1, first: now, last: now, ..Slot::EMPTY };
        }
        slot.last = slot.last.max(now);
        slot
    }
}

impl Ring {
    /// The slots that overlap the window, each with its share of `WHOLE`.
    fn weighted(&self, now: Time, span: Span) -> impl Iterator<Item = (&Slot, u64)> {
        let window_start = now.as_micros().saturating_sub(span.minutes() * MINUTE_US);
        self.slots.iter().filter(|slot| slot.minute > 0).filter_map(move |slot| {
            let (first, last) = (slot.first.as_micros(), slot.last.as_micros());
            if first >= window_start {
                return Some((slot, WHOLE));
            }
            // `first < window_start`, so a slot that reaches inside has a length,
            // and no slot is longer than a minute.
            let inside = last.checked_sub(window_start)?;
            let weight = inside * WHOLE / (last - first);
            (weight > 0).then_some((slot, weight))
        })
    }
}

impl Slot {
    const EMPTY: Slot = Slot {
        minute: 0,
        first: Time::ZERO,
        last: Time::ZERO,
        counts: View {
            covered: Duration::ZERO,
            calls: 0,
            errors: 0,
            answered: 0,
            unanswered: 0,
            bytes_in: 0,
            bytes_out: 0,
            messages_in: 0,
            messages_out: 0,
        },
        samples: 0,
        shift: 0,
        buckets: Buckets { low: 0, counts: Vec::new() },
    };

    fn record(&mut self, sample: u64) {
        self.samples = self.samples.wrapping_add(1);
        if self.shift > 0 {
            // Multiplying by the golden ratio spreads the samples that are kept,
            // so that callers with a rhythm of their own are not favoured.
            let spread = self.samples.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if spread >> (64 - self.shift) != 0 {
                return;
            }
        }
        let bucket = bucket_of(sample);
        if *self.buckets.at(bucket) == u16::MAX {
            if self.shift == MAX_SHIFT {
                return;
            }
            self.shift += 1;
            for count in &mut self.buckets.counts {
                *count = count.div_ceil(2);
            }
        }
        *self.buckets.at(bucket) += 1;
    }
}

impl Buckets {
    /// The counter of `bucket`, which is below `BUCKETS`.
    fn at(&mut self, bucket: usize) -> &mut u16 {
        // Room grows by powers of two of latency.
        let (from, to) = (bucket / 16 * 16, bucket / 16 * 16 + 16);
        if self.counts.is_empty() {
            self.low = from;
        }
        if from < self.low {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.low - from));
            self.low = from;
        }
        let wanted = to - self.low;
        if wanted > self.counts.len() {
            self.counts.reserve_exact(wanted - self.counts.len());
            self.counts.resize(wanted, 0);
        }
        // `low` is at most `from`, and `counts` reaches to `to`.
        &mut self.counts[bucket - self.low]
    }
}

/// The log-linear bucket of `sample`: 16 to each power of two.
fn bucket_of(sample: u64) -> usize {
    let sample = sample.min(TOP_US);
    if sample < 16 {
        return sample as usize;
    }
    let power = sample.ilog2();
    ((power - 3) as usize) * 16 + ((sample >> (power - 4)) & 15) as usize
}

/// The middle of the samples that fall into `bucket`.
fn bucket_middle(bucket: usize) -> u64 {
    if bucket < 32 {
        return bucket as u64;
    }
    let shift = (bucket / 16 - 1) as u32;
    let low = (16 + (bucket % 16) as u64) << shift;
    low + (1 << shift) / 2
}

const MINUTE_US: u64 = 60_000_000;
const SLOTS: usize = 16;
const TOP_US: u64 = 3_600_000_000;
const BUCKETS: usize = 464;
const WHOLE: u64 = 1 << 16;
/// Seventy million calls per second in each bucket.
const MAX_SHIFT: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Time {
        // An odd start, so that minutes of the clock and of the run differ.
        Time::from_micros(1_234_567_890 + (seconds * 1e6) as u64)
    }

    fn near(shown: f64, exact: f64) -> bool {
        (shown - exact).abs() <= exact * 0.02
    }

    #[test]
    fn an_unused_window_costs_nothing_and_shows_nothing() {
        let windows = Windows::default();
        assert_eq!(windows.heap_bytes(), 0);
        assert_eq!(windows.view(at(0.0), Span::One), View::default());
        assert_eq!(windows.view(at(0.0), Span::One).calls_per_second(), 0.0);
        assert_eq!(windows.latency(at(0.0), Span::Fifteen), None);
    }

    #[test]
    fn a_steady_pace_shows_the_same_rate_at_every_second() {
        let mut windows = Windows::default();
        for tenth in 0..20 * 600 {
            let now = at(f64::from(tenth) / 10.0);
            windows.call(now, Some(Duration::from_millis(2)), Outcome::Ok);
            windows.bytes_in(now, 100);
            windows.bytes_out(now, 50);
            windows.message_in(now);
            windows.message_out(now);
            if tenth > 100 && tenth % 7 == 0 {
                for span in Span::ALL {
                    let view = windows.view(now, span);
                    assert!(near(view.calls_per_second(), 10.0), "{tenth} {span:?} {view:?}");
                    assert!(near(view.messages_per_second(), 20.0), "{tenth} {view:?}");
                    assert!(near(view.bytes_per_second(), 1500.0), "{tenth} {view:?}");
                }
            }
        }
        let now = at(1200.0);
        for span in Span::ALL {
            let calls = windows.view(now, span).calls as f64;
            assert!(near(calls, span.minutes() as f64 * 600.0), "{span:?} {calls}");
        }
    }

    #[test]
    fn a_young_server_is_measured_over_its_own_age() {
        let mut windows = Windows::default();
        for n in 0..50 {
            windows.message_in(at(f64::from(n) / 10.0));
        }
        let view = windows.view(at(5.0), Span::Fifteen);
        assert_eq!(view.covered, Duration::from_secs(5));
        assert!(near(view.messages_per_second(), 10.0));
        let first = {
            let mut windows = Windows::default();
            windows.message_in(at(0.0));
            windows.view(at(0.0), Span::One).messages_per_second()
        };
        assert_eq!(first, 1.0, "the first instant is no infinite rate");
    }

    #[test]
    fn what_is_old_leaves_each_window_in_its_time() {
        let mut windows = Windows::default();
        windows.call(at(0.0), Some(Duration::from_millis(5)), Outcome::Lost);
        for span in Span::ALL {
            let length = span.minutes() as f64 * 60.0;
            assert_eq!(windows.view(at(length - 0.5), span).errors, 1);
            assert!(windows.latency(at(length - 0.5), span).is_some());
            assert_eq!(windows.view(at(length + 0.5), span).calls, 0);
            assert_eq!(windows.latency(at(length + 0.5), span), None);
        }
    }

    #[test]
    fn buckets_keep_their_counts_however_they_grow() {
        let mut buckets = Buckets::default();
        let order = [200, 7, BUCKETS - 1, 0, 208, 199];
        for (n, bucket) in order.into_iter().enumerate() {
            *buckets.at(bucket) += n as u16 + 1;
        }
        for (n, bucket) in order.into_iter().enumerate() {
            assert_eq!(*buckets.at(bucket), n as u16 + 1, "{bucket}");
        }
        assert_eq!(buckets.counts.len(), BUCKETS);
    }

    #[test]
    fn a_long_idle_ring_is_not_mistaken_for_a_fresh_one() {
        let mut windows = Windows::default();
        for minute in 0..16 {
            windows.message_in(at(f64::from(minute) * 60.0));
        }
        // The same slot again, days later.
        let later = at(16.0 * 60.0 * 1000.0);
        assert_eq!(windows.view(later, Span::Fifteen).messages_in, 0);
        windows.message_in(later);
        assert_eq!(windows.view(later, Span::Fifteen).messages_in, 1);
    }

    #[test]
    fn window_quantiles_follow_an_exact_sort() {
        let mut windows = Windows::default();
        for n in 1..=1000u64 {
            windows.call(at(0.0), Some(Duration::from_micros(n * 100)), Outcome::Ok);
        }
        let shown = windows.latency(at(1.0), Span::One).unwrap();
        for (shown, exact) in [(shown.p50, 50_000.0), (shown.p95, 95_000.0), (shown.p99, 99_000.0)]
        {
            let shown = shown.as_micros() as f64;
            assert!((shown - exact).abs() <= exact * 0.04, "{shown} for {exact}");
        }
    }

    #[test]
    fn a_minute_with_more_calls_than_a_counter_holds_keeps_its_shape() {
        let mut windows = Windows::default();
        for n in 0..2_000_000u32 {
            let slow = n % 100 < 10;
            let latency = Duration::from_micros(if slow { 5000 } else { 40 });
            windows.call(at(0.0), Some(latency), Outcome::Ok);
        }
        let slot = windows.slot(at(0.0));
        let slow = f64::from(*slot.buckets.at(bucket_of(5000)));
        let fast = f64::from(*slot.buckets.at(bucket_of(40)));
        assert!(near(slow / (slow + fast), 0.1), "{slow} {fast}");
        let kept = (slow + fast) * f64::from(1 << slot.shift);
        assert!(near(kept, 2_000_000.0), "{kept}");
        let shown = windows.latency(at(0.0), Span::One).unwrap();
        assert_eq!(bucket_of(micros(shown.p50)), bucket_of(40), "{shown:?}");
        assert!(shown.p95 > Duration::from_millis(4), "{shown:?}");
        assert_eq!(windows.view(at(0.0), Span::One).calls, 2_000_000);
    }

    #[test]
    fn a_busy_minute_outweighs_a_quiet_one() {
        let mut windows = Windows::default();
        for _ in 0..1_000_000 {
            windows.call(at(0.0), Some(Duration::from_micros(40)), Outcome::Ok);
        }
        for _ in 0..30_000 {
            windows.call(at(60.0), Some(Duration::from_micros(5000)), Outcome::Ok);
        }
        let shown = windows.latency(at(60.0), Span::Five).unwrap();
        assert!(shown.p95 < Duration::from_micros(50), "{shown:?}");
        assert!(shown.p99 > Duration::from_millis(4), "{shown:?}");
    }

    #[test]
    fn every_sample_lies_in_the_bucket_that_stands_for_it() {
        for power in 0..32 {
            for offset in [0, 1, 3] {
                let sample = ((1u64 << power) + offset * (1 << power) / 4).min(TOP_US);
                let shown = bucket_middle(bucket_of(sample)) as f64;
                let error = (shown - sample as f64).abs();
                assert!(error <= sample as f64 * 0.04, "{sample}: {shown}");
            }
        }
        assert_eq!(bucket_of(u64::MAX), bucket_of(TOP_US));
        assert!(bucket_of(TOP_US) < BUCKETS);
    }

    #[test]
    fn extreme_times_and_amounts_do_not_panic() {
        let mut windows = Windows::default();
        let end = Time::from_micros(u64::MAX);
        for now in [at(100.0), Time::ZERO, end, at(50.0)] {
            windows.bytes_in(now, u64::MAX);
            windows.bytes_in(now, u64::MAX);
            windows.call(now, Some(Duration::MAX), Outcome::Lost);
            for span in Span::ALL {
                windows.view(now, span);
                windows.view(Time::ZERO, span);
                windows.view(end, span);
                windows.latency(now, span);
            }
        }
        assert_eq!(windows.view(end, Span::One).bytes_in, u64::MAX);
    }
}
