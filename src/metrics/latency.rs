//! The latency of a server's calls since the start.
//!
//! Invariants: minimum, maximum, sum and count are exact; only quantiles come
//! from the histogram, within 1 % of the true sample up to one hour.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::distribution::Distribution;

/// A histogram of latencies with exact extremes and mean.
///
/// The histogram exists from the first sample on, so that a server nobody calls
/// costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    histogram: Option<Box<Histogram<u32>>>,
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
}

impl Latency {
    /// Adds one sample.
    pub fn record(&mut self, sample: Duration) {
        self.record_n(micros(sample), 1);
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest sample.
    pub fn min(&self) -> Option<Duration> {
        self.known(self.min)
    }

    /// The longest sample.
    pub fn max(&self) -> Option<Duration> {
        self.known(self.max)
    }

    /// The exact mean, in whole microseconds.
    pub fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.count).map(Duration::from_micros)
    }

    /// The sample that a share of `quantile` (0 to 1) of all samples does not exceed.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let histogram = self.histogram.as_ref()?;
        if quantile >= 1.0 {
            return self.max();
        }
        // NaN and negative numbers ask for the smallest sample.
        if quantile.is_nan() || quantile <= 0.0 {
            return self.min();
        }
        let high = histogram.value_at_quantile(quantile);
        // The middle of the bucket halves the error of its upper end.
        let low = histogram.lowest_equivalent(high);
        let middle = low + high.saturating_sub(low) / 2;
        Some(Duration::from_micros(middle.clamp(self.min, self.max)))
    }

    /// The histogram in microseconds, if there is a sample.
    pub(super) fn histogram(&self) -> Option<&Histogram<u32>> {
        self.histogram.as_deref()
    }

    /// How they are spread.
    pub fn distribution(&self) -> Distribution {
        let Some(histogram) = &self.histogram else { return Distribution::default() };
        let middle = |high| {
            let low = histogram.lowest_equivalent(high);
            (low + high.saturating_sub(low) / 2).clamp(self.min, self.max)
        };
        // Past four billion calls the histogram is halved, which keeps the shares.
        let recorded = histogram.iter_recorded();
        Distribution::new(
            recorded.map(|bucket| {
                (middle(bucket.value_iterated_to()), u64::from(bucket.count_at_value()))
            }),
        )
    }

    /// Bytes of heap in use.
    pub fn heap_bytes(&self) -> usize {
        self.histogram.as_ref().map_or(0, |histogram| {
            size_of::<Histogram<u32>>() + histogram.distinct_values() * size_of::<u32>()
        })
    }

    pub(super) fn record_n(&mut self, sample: u64, n: u32) {
        let histogram = self.histogram.get_or_insert_with(new_histogram);
        if histogram.len().saturating_add(u64::from(n)) > u64::from(u32::MAX) {
            halve(histogram);
        }
        histogram.saturating_record_n(sample, n);
        self.min = if self.count == 0 { sample } else { self.min.min(sample) };
        self.max = self.max.max(sample);
        self.sum = self.sum.saturating_add(sample.saturating_mul(u64::from(n)));
        self.count = self.count.saturating_add(u64::from(n));
    }

    fn known(&self, micros: u64) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(micros))
    }
}

/// `duration` in whole microseconds, at the far end when it does not fit.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cold]
fn new_histogram() -> Box<Histogram<u32>> {
    const HOUR_US: u64 = 3_600_000_000;
    // Constant bounds that satisfy every rule of the constructor: 1 <= low,
    // 2 * low <= high, and at most five digits.
    Box::new(Histogram::new_with_bounds(1, HOUR_US, 2).expect("constant bounds are valid"))
}

/// Makes room before any counter can saturate, which would bend the quantiles.
/// Once in billions of calls.
#[cold]
fn halve(histogram: &mut Histogram<u32>) {
    let old = histogram.clone();
    histogram.reset();
    for bucket in old.iter_recorded() {
        let half = bucket.count_at_value().div_ceil(2);
        histogram.saturating_record_n(bucket.value_iterated_to(), half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    #[test]
    fn nothing_is_known_and_nothing_allocated_before_the_first_sample() {
        let latency = Latency::default();
        assert_eq!((latency.min(), latency.max(), latency.mean()), (None, None, None));
        assert_eq!(latency.quantile(0.5), None);
        assert_eq!((latency.count(), latency.heap_bytes()), (0, 0));
    }

    #[test]
    fn extremes_and_mean_are_exact() {
        let mut latency = Latency::default();
        for sample in [987_001, 1_000_003, 123_457] {
            latency.record(us(sample));
        }
        assert_eq!(latency.min(), Some(us(123_457)));
        assert_eq!(latency.max(), Some(us(1_000_003)));
        assert_eq!(latency.mean(), Some(us((987_001 + 1_000_003 + 123_457) / 3)));
        for nothing in [0.0, -1.0, f64::NAN] {
            assert_eq!(latency.quantile(nothing), latency.min());
        }
        assert_eq!(latency.quantile(1.0), latency.max());
    }

    #[test]
    fn quantiles_lie_within_one_percent_of_an_exact_sort() {
        let mut latency = Latency::default();
        let mut samples = Vec::new();
        let mut state = 1u64;
        for _ in 0..20_000 {
            // A generator with a long tail: 20 us to some minutes.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let magnitude = (state >> 33) as f64 / f64::from(1u32 << 31) * 16.0;
            let sample = (20.0 * magnitude.exp()) as u64;
            latency.record(us(sample));
            samples.push(sample);
        }
        samples.sort_unstable();
        for quantile in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999] {
            let rank = (quantile * samples.len() as f64).ceil() as usize;
            let exact = samples[rank - 1] as f64;
            let shown = latency.quantile(quantile).unwrap().as_micros() as f64;
            assert!((shown - exact).abs() <= exact * 0.01, "{quantile}: {shown} for {exact}");
        }
    }

    #[test]
    fn extreme_samples_and_quantiles_do_not_panic() {
        let mut latency = Latency::default();
        for sample in [Duration::ZERO, us(1), Duration::MAX, Duration::from_secs(86_400)] {
            latency.record(sample);
        }
        assert_eq!(latency.min(), Some(Duration::ZERO));
        assert_eq!(latency.max(), Some(us(u64::MAX)));
        for quantile in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 2.0] {
            assert!(latency.quantile(quantile).is_some());
        }
        assert_eq!(latency.quantile(f64::NAN), latency.min());
    }

    #[test]
    fn a_sample_beyond_the_range_counts_as_one_hour() {
        let mut latency = Latency::default();
        latency.record(us(1));
        for _ in 0..10 {
            latency.record(Duration::from_secs(2 * 3600));
        }
        let median = latency.quantile(0.5).unwrap();
        assert!(median >= Duration::from_secs(3590), "{median:?}");
        assert_eq!(latency.max(), Some(Duration::from_secs(2 * 3600)));
    }

    #[test]
    fn billions_of_samples_keep_their_shape() {
        let mut latency = Latency::default();
        for _ in 0..10 {
            latency.record_n(100, 1_900_000_000);
            latency.record_n(5000, 100_000_000);
        }
        assert_eq!(latency.count(), 20_000_000_000);
        assert_eq!(latency.quantile(0.94), Some(us(100)));
        let slow = latency.quantile(0.96).unwrap();
        assert!(slow >= us(4950) && slow <= us(5000), "{slow:?}");
    }
}
