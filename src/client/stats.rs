//! How servers did: reports, percentiles, JSON.

use crate::client::Client;
use crate::engine::Listed;
use crate::error::Result;
use crate::metrics::{self, Percentiles};
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
