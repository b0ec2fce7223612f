//! The way through all samples, in steps.

use super::families::{CLIENT, ClientFigures, OPERATIONS, SERVER};
use super::sink::{SampleSink, Samples};
use crate::metrics::ServerReport;
use crate::time::Time;

/// Histograms that are rendered in one step.
const SERIES: usize = 32;
/// Servers whose samples of a family are rendered in one step.
const SERVERS: usize = 16;

/// Where an export is on its way through the families.
#[derive(Debug)]
pub(super) struct Walk {
    /// Fixed at the start, so that a family has each server once, whatever is reloaded.
    servers: Vec<String>,
    family: usize,
    server: usize,
    series: usize,
}

impl Walk {
    pub(super) fn new(servers: Vec<String>) -> Walk {
        Walk { servers, family: 0, server: 0, series: 0 }
    }

    /// Gives the next samples to `sink`. True: there are more. `report` gives `None` for a
    /// server that is gone.
    pub(super) fn step<'a>(
        &mut self,
        client: &ClientFigures,
        report: &dyn Fn(&str) -> Option<ServerReport<'a>>,
        now: Time,
        sink: &mut dyn SampleSink,
    ) -> bool {
        if let Some(next) = CLIENT.get(self.family) {
            self.family += 1;
            sink.begin(&next.family);
            let common = [("client", &*client.label)];
            (next.fill)(client, &mut Samples { sink, family: &next.family, common: &common });
            return true;
        }
        let entry = SERVER.get(self.family - CLIENT.len());
        let family = entry.map_or(&OPERATIONS, |entry| &entry.family);
        if self.server == 0 && self.series == 0 {
            sink.begin(family);
        }
        for _ in 0..SERVERS {
            let Some(name) = self.servers.get(self.server) else {
                self.server = 0;
                self.family += 1;
                return entry.is_some();
            };
            let Some(report) = report(name) else {
                self.server += 1;
                self.series = 0;
                continue;
            };
            let common = [("client", &*client.label), ("server", &**name)];
            let mut samples = Samples { sink, family, common: &common };
            match entry {
                Some(entry) => (entry.fill)(&report, now, &mut samples),
                None => {
                    self.series = operations(&report, self.series, &mut samples);
                    if self.series > 0 {
                        return true;
                    }
                }
            }
            self.server += 1;
        }
        true
    }
}

/// Gives some series of operations to the sink. Returns where to go on; 0: there are no more.
fn operations(report: &ServerReport<'_>, from: usize, samples: &mut Samples<'_>) -> usize {
    let all = report.metrics.durations().map_or(&[][..], |durations| durations.series());
    let end = all.len().min(from + SERIES);
    for series in all.get(from..end).unwrap_or_default() {
        let key = &series.key;
        let labels = [
            ("mcp_method_name", key.method),
            ("gen_ai_tool_name", &*key.tool),
            ("error_type", &*key.error),
        ];
        samples.histogram(&labels, &series.histogram);
    }
    if end < all.len() { end } else { 0 }
}
