//! What is known, as tables: servers, requests, arguments of tools.

use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::config::{Problem, Scope};
use crate::engine::{Completion, Event, Listed, Listing, Reply, RequestId};
use crate::error::{Error, Kind, Result};
use crate::json::task::Task;
use crate::mcp::capabilities::Offers;
use crate::mcp::render::tool_hints::ToolHints;
use crate::mcp::schema::arguments::{self, Pair};
use crate::mcp::schema::{draft, fields};
use crate::metrics::Figures;
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
    "scope",
    "id",
    "reason",
    "here",
];

impl Client {
    /// The arguments of a tool, made in steps; see [`fields::arguments_task`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the server's tools are not known, or have none of
    /// that name.
    pub fn tool_arguments(&self, server: &str, tool: &str) -> Result<Task<'static, Table>> {
        let definition = self.definition(server, tool)?;
        Ok(fields::arguments_task(fields::input_schema(definition).to_owned()))
    }

    /// The last list of a server's tools, as the request for a list ends; `None` when they
    /// were not listed yet. The server is not asked.
    pub fn known_tools(&self, server: &str) -> Option<Event> {
        let (server, items) = self.engine.known_tools(server)?;
        Some(Event::Done(Completion {
            id: RequestId(0),
            user_data: 0,
            server,
            tool: Arc::from(""),
            elapsed: Duration::ZERO,
            outcome: Ok(Reply::List { what: Listing::Tools, items }),
        }))
    }

    /// What a server has declared that it has, if it has, and whether its tools are known.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when there is no such server.
    pub fn server_offers(&self, server: &str) -> Result<(Option<Offers>, bool)> {
        self.engine.offers(server)
    }

    /// What a tool says that it changes, and the fingerprint of its definition.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the entry of the server does not allow the tool, with a sentence
    /// that names the rule and the file. `Ok(None)`: the server's tools are not known, or
    /// have none of that name.
    pub fn tool_hints(&self, server: &str, tool: &str) -> Result<Option<ToolHints>> {
        if let Some(message) = self.engine.tool_refusal(server, tool) {
            return Err(Error::new(Kind::Invalid, message));
        }
        let definition = self.engine.tool_definition(server, tool);
        Ok(definition.map(|definition| match definition {
            // It is too long to be read.
            "{}" => ToolHints::default(),
            definition => ToolHints::read(definition, &self.fingerprints),
        }))
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

    /// The arguments object that a call of a tool would send for `pairs`; see
    /// [`arguments::encode`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the tool is not known or the arguments do not fit.
    pub fn encode_arguments(&self, server: &str, tool: &str, pairs: &[Pair]) -> Result<String> {
        let definition = self.definition(server, tool)?;
        arguments::encode(tool, definition, pairs)
            .map(|encoded| encoded.json)
            .map_err(|message| Error::new(Kind::Invalid, message))
    }

    /// An arguments object to be edited; see [`draft::draft`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the tool is not known.
    pub fn draft_arguments(&self, server: &str, tool: &str, pairs: &[Pair]) -> Result<String> {
        Ok(draft::draft(self.definition(server, tool)?, pairs))
    }

    /// Requests that have not ended, oldest first. `who` is empty for those of the host.
    pub fn jobs_table(&self) -> Table {
        let mut table =
            Table::new(&["id", "server", "tool", "state", "age_us", "progress", "message", "who"]);
        for job in self.jobs() {
            let percent = job.percent().map(|percent| percent.to_string());
            let words = job.progress.map(|(_, _, words)| words).or(job.starting);
            table.push([
                job.id.0.to_string(),
                job.server.to_string(),
                job.what.to_string(),
                job.state.to_owned(),
                job.age.as_micros().to_string(),
                percent.unwrap_or_default(),
                words.unwrap_or_default(),
                self.agent_of(job.id).unwrap_or_default(),
            ]);
        }
        table
    }

    /// The last calls that may have run and of which nobody knows, the oldest first.
    pub fn unknown_table(&self) -> Table {
        let now = clock::now();
        let mut table = Table::new(&["id", "server", "tool", "ago_us", "elapsed_us", "message"]);
        for call in self.engine.unknown_outcomes() {
            table.push([
                call.id.0.to_string(),
                call.server.to_string(),
                call.tool.to_string(),
                now.since(call.when).as_micros().to_string(),
                call.elapsed.as_micros().to_string(),
                call.reason.clone(),
            ]);
        }
        table
    }

    /// The servers, sorted by name.
    pub fn servers_table(&self) -> Table {
        let now = clock::now();
        let mut table = Table::new(SERVERS);
        let visible = self.engine.visible();
        let mut rows: Vec<(&str, &str, &Scope, Option<&Problem>)> = visible
            .iter()
            .map(|entry| match *entry {
                Listed::Server(id, name, scope) => (id, name, scope, None),
                Listed::Unused(problem) => ("", entry.name(), entry.scope(), Some(problem)),
            })
            .collect();
        // Servers of other places that are in use; their plain names mean others here.
        for id in self.engine.shown() {
            if !rows.iter().any(|(other, ..)| *other == id) {
                let scope = self.engine.configured_as(id).map_or(&Scope::User, |(_, scope)| scope);
                rows.push((id, id, scope, None));
            }
        }
        rows.sort_by_key(|(_, name, ..)| *name);
        for (id, name, scope, problem) in rows {
            // Others are named by their ids.
            let here = scope.directory().is_none() || id != name;
            let about = |column: &str| match column {
                "name" => Some(name.to_owned()),
                "id" => Some(id.to_owned()),
                "scope" => Some(scope.to_string()),
                "here" => Some(if here { "1" } else { "" }.to_owned()),
                "reason" => Some(problem.map(|p| p.message.clone()).unwrap_or_default()),
                _ => None,
            };
            if let Some(problem) = problem {
                table.push(SERVERS.iter().map(|column| match *column {
                    "state" | "status" => problem.kind.word().to_owned(),
                    // It was never called and never will be: as a figure that is not known.
                    "name" | "id" | "scope" | "here" | "reason" | "transport" | "socket_path"
                    | "tools" | "last_error" | "spark" | "offers" => {
                        about(column).unwrap_or_default()
                    }
                    _ => "-".to_owned(),
                }));
                continue;
            }
            let Ok(report) = self.report(id) else { continue };
            table.push(SERVERS.iter().map(|column| {
                match *column {
                    "name" | "id" | "scope" | "reason" | "here" => {
                        about(column).unwrap_or_default()
                    }
                    "transport" => report.transport.to_owned(),
                    "status" => report.status.to_owned(),
                    "socket_path" => report.socket_path.unwrap_or_default().to_owned(),
                    "tools" => report.tools.map(|tools| tools.to_string()).unwrap_or_default(),
                    "offers" => self
                        .server_offers(id)
                        .ok()
                        .and_then(|(o, _)| o)
                        .map(|o| o.to_string())
                        .unwrap_or_default(),
                    "last_error" => {
                        report.last_error.map_or_else(String::new, |(why, _)| why.into())
                    }
                    key => Figures::of(&report, now).value(key).unwrap_or_default(),
                }
            }));
        }
        table
    }

    fn definition(&self, server: &str, tool: &str) -> Result<&str> {
        self.engine.tool_definition(server, tool).ok_or_else(|| {
            let refusal = self.engine.tool_refusal(server, tool);
            let message =
                refusal.unwrap_or_else(|| format!("tool '{tool}' of '{server}' is not known"));
            Error::new(Kind::Invalid, message)
        })
    }
}
