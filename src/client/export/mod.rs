//! Exports: a metrics file, an endpoint for scrapes, StatsD.
//!
//! Rendering is `metrics::export`'s. This part carries bytes: to a file, to those who connect, to
//! a socket for datagrams. It is driven by the turns of the client: one piece of work at a time,
//! as long as a turn has time left.
//!
//! Invariants:
//! - nothing here waits: descriptors do not block, and a file is local and written in pieces of
//!   at most some hundred KiB;
//! - a client without exports has one null pointer;
//! - what fails is told once, and again only after it went well in between.

mod endpoint;
mod file;
mod scrape;
mod settings;
mod statsd;

use std::time::Duration;

use mio::Token;

use super::Client;
use super::tokens::EXPORTS;
use crate::engine::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::metrics::{ClientFigures, ServerReport};
use crate::sys::clock;
use crate::time::Time;
use endpoint::MetricsEndpoint;
use file::MetricsFile;
use statsd::StatsdExport;

/// The tokens of exports: this one is the listener's, those of scrapes follow.
const LISTENER: Token = Token(*EXPORTS.start());
/// Scrapes at a time.
const SCRAPES: usize = 8;
/// How often a metrics file is written by default.
const INTERVAL: Duration = Duration::from_secs(15);
/// Bytes that are rendered before they are written or sent.
const PIECE: usize = 64 << 10;

/// What a piece of an export needs of the client.
pub(super) struct ExportSource<'a> {
    pub(super) now: Time,
    pub(super) client: ClientFigures,
    pub(super) servers: &'a dyn Fn() -> Vec<String>,
    pub(super) report: &'a dyn Fn(&str) -> Option<ServerReport<'a>>,
}

/// The exports of one client.
#[derive(Debug, Default)]
pub(super) struct Exports {
    /// The value of the label `client`; empty: made of the name and the process id.
    label: String,
    interval: Option<Duration>,
    file: Option<MetricsFile>,
    endpoint: Option<MetricsEndpoint>,
    statsd: Option<StatsdExport>,
    failed_writes: u64,
    dropped_datagrams: u64,
}

impl Exports {
    /// Whether an event is of an export. It is looked at in the same dispatch.
    pub(super) fn note(&mut self, token: Token) -> bool {
        let is_ours = EXPORTS.contains(&token.0);
        if let Some(endpoint) = self.endpoint.as_mut().filter(|_| is_ours) {
            endpoint.note(token);
        }
        is_ours
    }

    /// When there is something to do that no event announces.
    pub(super) fn deadline(&self, now: Time) -> Option<Time> {
        let file = self.file.as_ref().map(|file| file.deadline(now));
        let statsd = self.statsd.as_ref().map(|statsd| statsd.deadline(now));
        let endpoint = self.endpoint.as_ref().and_then(MetricsEndpoint::deadline);
        [file, statsd, endpoint].into_iter().flatten().min()
    }

    /// Whether a piece of work can be done now.
    pub(super) fn is_busy(&self, now: Time) -> bool {
        self.deadline(now).is_some_and(|due| due <= now)
            || self.endpoint.as_ref().is_some_and(MetricsEndpoint::is_ready)
    }

    /// Writes the label and the failures of exports into the figures.
    pub(super) fn fill(&self, figures: &mut ClientFigures) {
        if !self.label.is_empty() {
            figures.label.clone_from(&self.label);
        }
        figures.failed_writes = self.failed_writes;
        figures.dropped_datagrams = self.dropped_datagrams;
    }

    /// Does a piece of work of each export. Gives what is to be logged.
    fn step(&mut self, figures: &ExportSource<'_>, registry: &mio::Registry) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(file) = &mut self.file {
            let interval = self.interval.unwrap_or(INTERVAL);
            if let Err(failure) = file.step(figures, interval) {
                self.failed_writes += 1;
                told.extend(failure);
            }
        }
        if let Some(statsd) = &mut self.statsd {
            told.extend(statsd.step(figures, &mut self.dropped_datagrams));
        }
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.step(figures, registry);
        }
        told
    }
}

impl Client {
    /// Sets an export; `None` or an empty value ends it. The names:
    ///
    /// - `label`: the value of the label `client` of every sample;
    /// - `metrics-file`: the absolute path of a file that ends in `.prom`;
    /// - `metrics-interval`: how often it is written, 1 to 3600 seconds, 15 by default;
    /// - `metrics-listen`: `unix:/path`, `127.0.0.1:PORT` or `[::1]:PORT`;
    /// - `statsd`: `udp://127.0.0.1:8125` or `unix:///path`, with `?dogstatsd` and
    ///   `?interval=SECONDS` (1 to 600, 10 by default), joined by `&`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown name or a bad value, [`Kind::Io`] when nothing can listen
    /// or be sent there. The export is off then.
    pub fn set_export(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let value = value.filter(|value| !value.is_empty());
        if value.is_none() && self.exports.is_none() {
            return settings::check_name(name);
        }
        let (now, registry) = (clock::now(), self.poll.registry());
        let exports = self.exports.get_or_insert_default();
        match name {
            "label" => exports.label = value.map_or(Ok(String::new()), settings::label)?,
            "metrics-interval" => {
                exports.interval = value.map(|value| settings::seconds(value, 3600)).transpose()?;
                if let Some(file) = &mut exports.file {
                    file.due_at(now);
                }
            }
            "metrics-file" => {
                exports.file = None;
                exports.file = value.map(|path| MetricsFile::new(path, now)).transpose()?;
            }
            "metrics-listen" => {
                if let Some(mut old) = exports.endpoint.take() {
                    old.close(registry);
                }
                exports.endpoint = value
                    .map(|address| MetricsEndpoint::new(address, now, registry))
                    .transpose()?;
            }
            "statsd" => {
                exports.statsd = None;
                exports.statsd =
                    value.map(|address| StatsdExport::new(address, now)).transpose()?;
            }
            _ => settings::check_name(name)?,
        }
        if exports.file.is_some() || exports.endpoint.is_some() || exports.statsd.is_some() {
            self.engine.count_durations();
        }
        Ok(())
    }

    /// Where the endpoint listens, with the port that the system has chosen for port 0.
    pub fn metrics_address(&self) -> Option<String> {
        self.exports.as_ref()?.endpoint.as_ref()?.address()
    }

    /// Does a piece of the exports, if there is one to do.
    pub(super) fn export_on(&mut self, now: Time) {
        if self.exports.as_ref().is_none_or(|exports| !exports.is_busy(now)) {
            return;
        }
        let Some(mut exports) = self.exports.take() else { return };
        let mut client = self.figures();
        exports.fill(&mut client);
        let servers = || self.engine.server_names().map(str::to_owned).collect();
        let report = |name: &str| self.report(name).ok();
        let figures = ExportSource { now, client, servers: &servers, report: &report };
        let told = exports.step(&figures, self.poll.registry());
        self.exports = Some(exports);
        for line in told {
            (self.log)(LogLevel::Error, &line);
        }
    }
}

/// What is wrong with the value of an export.
fn invalid(name: &str, value: &str, what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Invalid, format!("{name} '{value}': {what}"))
}
