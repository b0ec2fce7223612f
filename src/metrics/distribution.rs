//! How the latencies of calls are spread.

use std::time::Duration;

/// Latencies in ascending order, each with how many calls took so long: within 1 % when they are
/// all calls since the start, within 4 % when they are those of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Microseconds, and the calls.
    points: Vec<(u64, u64)>,
    count: u64,
}

impl Distribution {
    /// The distribution with these points, which ascend.
    pub(super) fn new(points: impl Iterator<Item = (u64, u64)>) -> Distribution {
        let points: Vec<_> = points.filter(|(_, count)| *count > 0).collect();
        let count = points.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        Distribution { points, count }
    }

    /// Microseconds and calls, ascending.
    pub fn points(&self) -> &[(u64, u64)] {
        &self.points
    }

    /// How many calls there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest.
    pub fn min(&self) -> Option<Duration> {
        self.points.first().map(|(us, _)| Duration::from_micros(*us))
    }

    /// The longest.
    pub fn max(&self) -> Option<Duration> {
        self.points.last().map(|(us, _)| Duration::from_micros(*us))
    }

    /// The mean.
    pub fn mean(&self) -> Option<Duration> {
        let product = |(us, count): &(u64, u64)| u128::from(*us) * u128::from(*count);
        let sum: u128 = self.points.iter().map(product).sum();
        let mean = sum.checked_div(u128::from(self.count))?;
        Some(Duration::from_micros(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The latency that a share of `quantile` (0 to 1) of the calls does not exceed.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        // The cast saturates and takes NaN for 0. A share such as 0.07 of 100 is not exact, so
        // that a little is taken away before it is rounded up.
        let wanted = (quantile * self.count as f64 - 1e-6).ceil() as u64;
        let mut seen = 0u64;
        let point = self.points.iter().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= wanted
        });
        point.map(|(us, _)| Duration::from_micros(*us)).or_else(|| self.max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_of_no_calls() {
        let none = Distribution::new([(5, 0)].into_iter());
        assert_eq!((none.count(), none.min(), none.max(), none.mean()), (0, None, None, None));
        assert_eq!((none.quantile(0.5), none.points().len()), (None, 0));
    }

    #[test]
    fn quantiles_are_those_of_a_sorted_list() {
        let hundred = Distribution::new((1..=100).map(|us| (us, 1)));
        for percent in 1..=100u64 {
            let shown = hundred.quantile(percent as f64 / 100.0);
            assert_eq!(shown, Some(Duration::from_micros(percent)), "{percent}");
        }
        assert_eq!(hundred.mean(), Some(Duration::from_micros(50)));
        assert_eq!(hundred.quantile(f64::NAN), hundred.min());
        assert_eq!(hundred.quantile(7.0), hundred.max());
    }

    #[test]
    fn extreme_counts_do_not_panic() {
        let odd = Distribution::new([(1, u64::MAX), (u64::MAX, u64::MAX)].into_iter());
        assert_eq!(odd.count(), u64::MAX);
        assert!(odd.mean().is_some() && odd.quantile(0.99).is_some());
    }
}
