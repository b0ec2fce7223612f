//! How servers did: reports, percentiles, JSON.

use crate::client::Client;
use crate::engine::Listed;
use crate::error::Result;
use crate::metrics::{self, ClientFigures, Exposition, MetricsFormat, Percentiles};
use crate::sys::clock;

impl Client {
    /// The report of one server, or of all.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn stats(&self, server: Option<&str>, detail: metrics::Detail) -> Result<String> {
        let now = clock::now();
        let Some(name) = server else {
            let reports =
                self.engine.shown().map(|name| self.report(name)).collect::<Result<Vec<_>>>()?;
            let mut text = metrics::render(&reports, now, detail);
            for entry in self.engine.visible() {
                if let Listed::Unused(problem) = entry {
                    text += &format!("Not used: {}\n", problem.message);
                }
            }
            return Ok(text);
        };
        Ok(metrics::render_server(&self.report(name)?, now, detail))
    }

    /// The figures of one server as a JSON object, or of all as an array of them; see
    /// [`metrics::render_json`].
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for an unknown server.
    pub fn stats_json(&self, server: Option<&str>, percentiles: &Percentiles) -> Result<String> {
        let now = clock::now();
        let object = |name| Ok(metrics::render_json(&self.report(name)?, percentiles, now));
        match server {
            Some(name) => object(name),
            None => {
                let all = self.engine.shown().map(object).collect::<Result<Vec<String>>>()?;
                Ok(format!("[{}]", all.join(",")))
            }
        }
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
        let line = |name| Ok(which.line(&self.report(name)?) + "\n");
        match server {
            Some(name) => line(name),
            None => self.engine.shown().map(line).collect(),
        }
    }
}
