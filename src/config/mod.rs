//! Configuration: which servers there are and how each is to be reached.
//!
//! A leaf: no file is opened here. The driver reads a file chunk by chunk into
//! a [`DocumentScanner`], gives what that captured to a [`Parser`], lays the
//! overlay over the base with [`merge`], and asks each server for its
//! [`Limits`]. [`paths`] says which files those are.
//!
//! Invariants:
//! - a bad entry costs that entry, never the file;
//! - no message and no `Debug` text contains a value of `env`, an argument, or
//!   the value of a variable in a command.

pub mod paths;

mod approval;
mod bridge;
mod endpoint;
mod expand;
mod headers_helper;
mod http;
mod http_field;
mod identity;
pub mod import;
mod limits;
mod oauth;
mod parse;
pub(crate) mod percent;
mod problem;
mod proxy;
mod scan;
mod scope;
mod tools;
mod transport;

pub use approval::Approval;
pub use bridge::bridge_directory;
pub use endpoint::{Endpoint, HostPort, Tls, is_localhost};
pub use headers_helper::HeadersHelper;
pub use http::{HttpEntry, HttpTransport};
pub use oauth::OAuthEntry;
pub use parse::{Parser, not_an_object, parse_servers};
pub use problem::{Problem, ProblemKind};
pub use proxy::Proxy;
pub use scan::{Captured, DocumentScanner, Key, other_format};
pub use scope::{Directory, Scope};
pub use tools::ToolFilter;
pub use transport::{ConnectCost, Transport};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind, Result};

/// Every server that could be read, and what was wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Usable servers, sorted by name.
    pub servers: Vec<Arc<ServerConfig>>,
    /// Entries or files that were not usable, each with a sentence that names it;
    /// and warnings, whose server is among `servers` all the same.
    pub problems: Vec<Problem>,
}

impl Config {
    /// The server called `name`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with the reason why its entry is not usable, or with
    /// the names there are.
    pub fn find(&self, name: &str) -> Result<&Arc<ServerConfig>> {
        if let Ok(at) = self.servers.binary_search_by(|server| server.name.as_str().cmp(name)) {
            return Ok(&self.servers[at]);
        }
        let problem = self.problems.iter().find(|problem| problem.unused() == Some(name));
        if let Some(problem) = problem {
            return Err(Error::new(Kind::Invalid, problem.message.clone()));
        }
        let names: Vec<String> = self.servers.iter().map(|server| quoted(&server.name)).collect();
        let known = if names.is_empty() {
            "none is configured".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        Err(Error::new(Kind::Invalid, format!("unknown server {}: {known}", quoted(name))))
    }
}

/// Lays `overlay` over `base`: an entry of the overlay, usable or not, replaces
/// the base's entry of that name whole.
///
/// A broken entry of the overlay does not fall back to the base's: the user
/// changed that server on purpose, and running the old one would hide it.
pub fn merge(base: Config, overlay: Config) -> Config {
    let usable = overlay.servers.iter().map(|server| (server.name.as_str(), &server.scope));
    let told = overlay.problems.iter();
    let told = told.filter_map(|problem| Some((problem.server.as_deref()?, &problem.scope)));
    let mut by: BTreeMap<&str, BTreeSet<&Scope>> = BTreeMap::new();
    for (name, scope) in usable.chain(told) {
        by.entry(name).or_default().insert(scope);
    }
    let replaced = |name: &str, scope: &Scope| {
        by.get(name).is_some_and(|scopes| scopes.iter().any(|new| new.replaces(scope)))
    };

    let mut servers = base.servers;
    servers.retain(|server| !replaced(&server.name, &server.scope));
    let mut problems = base.problems;
    problems.retain(|problem| {
        problem.server.as_deref().is_none_or(|name| !replaced(name, &problem.scope))
    });

    servers.extend(overlay.servers);
    servers.sort_by(|a, b| (&a.name, &a.scope).cmp(&(&b.name, &b.scope)));
    problems.extend(overlay.problems);
    Config { servers, problems }
}

/// Protocol generation: `initialize` sessions or stateless requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2024-11-05 to 2025-11-25.
    Legacy,
    /// 2026-07-28.
    Modern,
}

/// A server process.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// Program, looked up on the child's PATH when it has no slash.
    pub program: String,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Added to the host's environment.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
}

impl fmt::Debug for Command {
    /// Shows names only. Tokens are passed in `env` and in arguments, often by
    /// way of a variable, and now and then a whole command line ends up in
    /// `program`: of that, the first word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program.split_whitespace().next().unwrap_or_default();
        let env: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Command")
            .field("program", &program)
            .field("args", &format_args!("<{} hidden>", self.args.len()))
            .field("env", &env)
            .field("cwd", &self.cwd.as_ref().map(|_| format_args!("<hidden>")))
            .finish()
    }
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerConfig {
    /// The key under `mcpServers`, as written.
    pub name: String,
    /// Where it is in force.
    pub scope: Scope,
    /// How it is reached first.
    pub transport: Transport,
    /// Unix socket.
    pub socket_path: Option<PathBuf>,
    /// Peers that may serve the socket besides our own user and root.
    pub socket_allow_uid: Vec<u32>,
    /// A port of a host; it comes before the Unix socket.
    pub address: Option<HostPort>,
    /// TLS is spoken on the socket or with the host.
    pub tls: Option<Tls>,
    /// HTTP is spoken on the socket or with the host.
    pub http: Option<HttpEntry>,
    /// The process to start.
    pub command: Option<Command>,
    /// Its numbers, as far as they are given.
    pub settings: Settings,
    /// Whether its pool follows what is seen of the server (`pool_tuning`).
    pub pool_tuning: PoolTuning,
    /// `era`, when given.
    pub era: Option<Era>,
    /// `unsolicited`: it may ask people while nobody waits for it.
    pub unsolicited: bool,
    /// Tools that the user declared safe to run twice (`idempotent_tools`).
    pub idempotent_tools: Vec<String>,
    /// The command's process lives on when the client goes or the entry is removed, if
    /// it listens on the socket (`keep`).
    pub keep: bool,
    /// The command runs behind `tmcp-bridge` (`bridge`).
    pub bridge: bool,
    /// Which of its tools are offered.
    pub tools: ToolFilter,
}

impl ServerConfig {
    /// The name that tells it apart from servers of the same name in other
    /// scopes; see [`Scope::id`].
    pub fn id(&self) -> String {
        self.scope.id(&self.name)
    }
}

/// Whether a pool follows what is seen of its server (`pool_tuning`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolTuning {
    /// The configured numbers count.
    #[default]
    Off,
    /// It does, within the configured numbers.
    On,
    /// It stays as it is.
    Frozen,
}

/// The numbers of an entry, or of the host for what entries leave out (tmux's `mcp-*`
/// options). `None` where none is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `pool_max_size`.
    pub pool_max_size: Option<u32>,
    /// `pool_idle_timeout`; zero means never.
    pub pool_idle_timeout: Option<Duration>,
    /// `max_in_flight`.
    pub max_in_flight: Option<u32>,
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `operation_timeout`.
    pub operation_timeout: Option<Duration>,
    /// `retry_attempts`.
    pub retry_attempts: Option<u32>,
    /// `retry_backoff`.
    pub retry_backoff: Option<Duration>,
    /// `startup_timeout`.
    pub startup_timeout: Option<Duration>,
    /// `max_answer`, in MiB.
    pub max_answer: Option<u32>,
    /// `breaker_failures`; zero, or `"breaker": false`, means no breaker.
    pub breaker_failures: Option<u32>,
    /// `breaker_pause`, in seconds.
    pub breaker_pause: Option<u32>,
}

/// Values for what an entry leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// The host's.
    pub settings: Settings,
    /// `MCP_TIMEOUT` of the environment, for where `startup_timeout` is not set.
    pub startup_environment: Option<Duration>,
}

/// The numbers in force for a server on one kind of channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Base connections (1..=1024).
    pub pool_max_size: u32,
    /// `None` keeps idle connections for ever.
    pub pool_idle_timeout: Option<Duration>,
    /// Requests multiplexed on one connection (1..=1024).
    pub max_in_flight: u32,
    /// `max_in_flight` is configured and counts on this channel.
    pub is_max_in_flight_set: bool,
    /// The same of `pool_max_size`.
    pub is_pool_max_size_set: bool,
    /// Whole call, whatever happens; `None` means `idle` 60 s without progress and 30 min in all.
    pub timeout: Option<Duration>,
    /// Where `timeout` was set, for the message.
    pub timeout_key: &'static str,
    /// From send to reply.
    pub operation_timeout: Option<Duration>,
    /// Tries after a failure.
    pub retry_attempts: u32,
    /// First delay; doubles, full jitter, cap 30 s.
    pub retry_backoff: Duration,
    /// From the start of a process, or the connect, to a finished handshake.
    pub startup_timeout: Duration,
    /// Longest message that is read, in bytes (1 MiB to 256 MiB).
    pub max_answer: usize,
    /// Failures in a row after which the server is left alone (1..=1000); 0: it never is.
    pub breaker_failures: u32,
    /// The longest time for which it is left alone, in seconds (1..=3600).
    pub breaker_pause: u32,
}

/// `text` in single quotes, fit for a one-line message: names come from files.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        out.push_str("...");
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests;
