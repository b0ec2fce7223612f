//! What is known, as tables: servers, requests, arguments of tools.

use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::metrics::Figures;
use crate::protocol::arguments::{self, Pair};
use crate::protocol::schema;
use crate::sys::clock;
use crate::table::Table;

const SERVERS: &[&str] = &[
    "name",
    "state",
    "transport",
    "status",
    "socket_path",
    "inflight",
    "queued",
    "calls",
    "errors",
    "p50",
    "p95",
    "p99",
    "p999",
    "avg",
    "rate",
    "hit_rate",
    "tools",
    "last_error",
    "spark",
    "offers",
];

impl Client {
    /// The arguments of a tool; see [`schema::arguments`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the server's tools are not known, or have none of
    /// that name.
    pub fn tool_arguments(&self, server: &str, tool: &str) -> Result<Table> {
        let definition = self.definition(server, tool)?;
        Ok(schema::arguments(schema::input_schema(definition)))
    }

    /// Whether a tool takes a value for an argument.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a sentence that says what is wanted.
    pub fn check_argument(&self, server: &str, tool: &str, pair: &Pair) -> Result<()> {
        let definition = self.definition(server, tool)?;
        arguments::check(tool, definition, pair)
            .map_err(|message| Error::new(Kind::Invalid, message))
    }

    /// Requests that have not ended, oldest first.
    pub fn jobs_table(&self) -> Table {
        let mut table =
            Table::new(&["id", "server", "tool", "state", "age_us", "progress", "message"]);
        for job in self.jobs() {
            let percent = job.percent().map(|percent| percent.to_string());
            let words = job.progress.map(|(_, _, words)| words);
            table.push([
                job.id.0.to_string(),
                job.server.to_string(),
                job.what.to_string(),
                job.state.to_owned(),
                job.age.as_micros().to_string(),
                percent.unwrap_or_default(),
                words.unwrap_or_default(),
            ]);
        }
        table
    }

    /// The servers, sorted by name.
    pub fn servers_table(&self) -> Table {
        let now = clock::now();
        let mut table = Table::new(SERVERS);
        for name in self.engine.server_names() {
            let Ok(report) = self.report(name) else { continue };
            table.push(SERVERS.iter().map(|column| match *column {
                "name" => name.to_owned(),
                "transport" => report.transport.to_owned(),
                "status" => report.status.to_owned(),
                "socket_path" => report.socket_path.unwrap_or_default().to_owned(),
                "tools" => report.tools.map(|tools| tools.to_string()).unwrap_or_default(),
                "offers" => self.engine.offers(name).map(|o| o.to_string()).unwrap_or_default(),
                "last_error" => report.last_error.map_or_else(String::new, |(why, _)| why.into()),
                key => Figures::of(&report, now).value(key).unwrap_or_default(),
            }));
        }
        table
    }

    fn definition(&self, server: &str, tool: &str) -> Result<&str> {
        self.engine.tool_definition(server, tool).ok_or_else(|| {
            Error::new(Kind::Invalid, format!("tool '{tool}' of '{server}' is not known"))
        })
    }
}
