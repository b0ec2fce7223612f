//! How servers did: reports, percentiles, JSON, bars.

use crate::client::Client;
use crate::engine::Listed;
use crate::error::Result;
use crate::metrics::{
    self, ClientFigures, Detail, Exposition, Look, MetricsFormat, Percentiles, Period,
    Presentation, ServerReport,
};
use crate::sys::clock;
use crate::time::Time;

impl Client {
    /// The report of one server, or of all.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn stats(&self, server: Option<&str>, detail: Detail) -> Result<String> {
        let form = if detail == Detail::Full { Presentation::Full } else { Presentation::Report };
        self.show(server, form, &Look::default())
    }

    /// The figures of one server as a JSON object, or of all as an array of them; see
    /// [`metrics::render_json`].
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn stats_json(&self, server: Option<&str>, percentiles: &Percentiles) -> Result<String> {
        let look = Look { percentiles: percentiles.clone(), ..Look::default() };
        self.show(server, Presentation::Json, &look)
    }

    /// The figures of the client and of all servers as a text for a monitoring system, in one
    /// go. Histograms of durations begin with the first text, or with the first export that
    /// is set.
    pub fn metrics(&mut self, format: MetricsFormat) -> String {
        self.engine.count_durations();
        let now = clock::now();
        let names = self.engine.server_names().map(str::to_owned).collect();
        let mut exposition = Exposition::new(format, names);
        let figures = self.figures();
        while exposition.step(&figures, &|name| self.report(name).ok(), now) {}
        exposition.take()
    }

    /// The latency of the calls of each server as a log of the HdrHistogram libraries.
    pub fn histogram_log(&self) -> String {
        let names = self.engine.server_names();
        let reports: Vec<_> = names.filter_map(|name| self.report(name).ok()).collect();
        metrics::render_histogram_log(&reports, clock::now())
    }

    /// What is exported of the client itself.
    pub(super) fn figures(&self) -> ClientFigures {
        let mut figures = ClientFigures {
            label: format!("{}-{}", self.options.name, std::process::id()),
            name: self.options.name.clone(),
            version: self.options.version.clone(),
            longest_dispatch: self.longest_dispatch,
            ..ClientFigures::default()
        };
        if let Some(exports) = &self.exports {
            exports.fill(&mut figures);
        }
        figures
    }

    /// A line with percentiles of the latency of one server, or of each.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn percentiles(&self, server: Option<&str>, which: &Percentiles) -> Result<String> {
        let look = Look { percentiles: which.clone(), ..Look::default() };
        self.show(server, Presentation::Percentiles, &look)
    }

    /// The figures of one server, or of all, in any form and of any window.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn show(&self, server: Option<&str>, form: Presentation, look: &Look) -> Result<String> {
        let now = clock::now();
        let reports = match server {
            Some(name) => vec![self.report_in(name, look.period)?],
            None => {
                let all = self.engine.shown().map(|name| self.report_in(name, look.period));
                all.collect::<Result<Vec<_>>>()?
            }
        };
        let one = reports.first().filter(|_| server.is_some());
        let each = |show: &dyn Fn(&ServerReport<'_>) -> String, between| {
            reports.iter().map(show).collect::<Vec<_>>().join(between)
        };
        Ok(match (form, one) {
            (Presentation::Report, Some(report)) => {
                metrics::render_server(report, now, Detail::Fixed)
            }
            (Presentation::Full, Some(report)) => metrics::render_server(report, now, Detail::Full),
            (Presentation::Report, None) => self.overview(&reports, now, Detail::Fixed),
            (Presentation::Full, None) => self.overview(&reports, now, Detail::Full),
            (Presentation::Json, one) => {
                let object = |r: &ServerReport<'_>| metrics::render_json(r, &look.percentiles, now);
                let objects = each(&object, ",");
                if one.is_some() { objects } else { format!("[{objects}]") }
            }
            (Presentation::Percentiles, _) => each(&|r| look.percentiles.line(r, now) + "\n", ""),
            (Presentation::Bars, _) => each(&|r| look.bars.render(r, &look.percentiles, now), "\n"),
        })
    }

    fn overview(&self, reports: &[ServerReport<'_>], now: Time, detail: Detail) -> String {
        let mut text = metrics::render(reports, now, detail);
        for entry in self.engine.visible() {
            if let Listed::Unused(problem) = entry {
                text += &format!("Not used: {}\n", problem.message);
            }
        }
        text
    }

    fn report_in(&self, name: &str, period: Period) -> Result<ServerReport<'_>> {
        Ok(ServerReport { period, ..self.report(name)? })
    }
}
