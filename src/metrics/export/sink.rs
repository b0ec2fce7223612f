//! What a family is, and what takes its samples.

use crate::metrics::DurationHistogram;

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyKind {
    Counter,
    Gauge,
    Histogram,
    /// Labels that describe something; the value is 1.
    Info,
    /// A count and a sum, without quantiles.
    Summary,
}

/// Samples of one name.
#[derive(Debug)]
pub(super) struct Family {
    /// The name without the suffix of its type (`_total`, `_info`), with that of its unit.
    pub(super) name: &'static str,
    pub(super) kind: FamilyKind,
    /// `seconds`, `bytes` or empty; the name ends in it.
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
}

/// The name and the value of a label.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Takes the samples of one family after the other.
pub(super) trait SampleSink {
    /// All samples of `family` follow, and of no other before the next `begin`.
    fn begin(&mut self, family: &'static Family);
    /// A counter, a gauge or an info.
    fn number(&mut self, family: &'static Family, labels: &[Label<'_>], value: f64);
    fn histogram(
        &mut self,
        family: &'static Family,
        labels: &[Label<'_>],
        histogram: &DurationHistogram,
    );
    fn summary(&mut self, family: &'static Family, labels: &[Label<'_>], count: u64, sum_us: u64);
}

/// A sink together with the family and the labels that all its samples have.
pub(super) struct Samples<'a> {
    pub(super) sink: &'a mut dyn SampleSink,
    pub(super) family: &'static Family,
    pub(super) common: &'a [Label<'a>],
}

impl Samples<'_> {
    pub(super) fn number(&mut self, labels: &[Label<'_>], value: f64) {
        let labels = [self.common, labels].concat();
        self.sink.number(self.family, &labels, value);
    }

    pub(super) fn count(&mut self, labels: &[Label<'_>], value: u64) {
        // Above 2^53 the last digits are lost, as in every system that reads them.
        self.number(labels, value as f64);
    }

    pub(super) fn histogram(&mut self, labels: &[Label<'_>], histogram: &DurationHistogram) {
        let labels = [self.common, labels].concat();
        self.sink.histogram(self.family, &labels, histogram);
    }

    pub(super) fn summary(&mut self, count: u64, sum_us: u64) {
        self.sink.summary(self.family, self.common, count, sum_us);
    }
}
