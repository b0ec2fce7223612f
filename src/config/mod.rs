//! Configuration: which servers there are and how each is to be reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Every server that could be read, and what was wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Usable servers, sorted by name.
    pub servers: Vec<Arc<ServerConfig>>,
    /// Entries or files that were not usable, each with a sentence that names it.
    pub problems: Vec<Problem>,
}

/// One entry or file that could not be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The server, when one entry is at fault; `None` for a whole file.
    pub server: Option<String>,
    /// The sentence for the user. Never contains a value of `env`.
    pub message: String,
}

/// How a server is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A Unix socket, with the command as the fallback when there is one.
    Socket,
    /// A child process and its pipes.
    Stdio,
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// One server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// The key under `mcpServers`, as written.
    pub name: String,
    /// How it is reached first.
    pub transport: Transport,
    /// Unix socket.
    pub socket_path: Option<PathBuf>,
    /// Peers that may serve the socket besides our own user and root.
    pub socket_allow_uid: Vec<u32>,
    /// The process to start.
    pub command: Option<Command>,
    /// `pool_max_size`, when given.
    pub pool_max_size: Option<u32>,
    /// `pool_idle_timeout`, when given; zero means never.
    pub pool_idle_timeout: Option<Duration>,
    /// `max_in_flight`, when given.
    pub max_in_flight: Option<u32>,
    /// `timeout`, when given.
    pub timeout: Option<Duration>,
    /// `operation_timeout`, when given.
    pub operation_timeout: Option<Duration>,
    /// `retry_attempts`, when given.
    pub retry_attempts: Option<u32>,
    /// `retry_backoff`, when given.
    pub retry_backoff: Option<Duration>,
    /// `era`, when given.
    pub era: Option<Era>,
    /// Tools that the user declared safe to run twice (`idempotent_tools`).
    pub idempotent_tools: Vec<String>,
}

/// Values for what an entry leaves out; tmux's `@mcp-*` options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// `@mcp-pool-max-size`.
    pub pool_max_size: Option<u32>,
    /// `@mcp-pool-idle-timeout`.
    pub pool_idle_timeout: Option<Duration>,
    /// `@mcp-max-in-flight`.
    pub max_in_flight: Option<u32>,
    /// `@mcp-timeout`.
    pub timeout: Option<Duration>,
    /// `@mcp-operation-timeout`.
    pub operation_timeout: Option<Duration>,
    /// `@mcp-retry-attempts`.
    pub retry_attempts: Option<u32>,
    /// `@mcp-retry-backoff`.
    pub retry_backoff: Option<Duration>,
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
    /// Whole call, whatever happens; `None` means `idle` 60 s without progress and 30 min in all.
    pub timeout: Option<Duration>,
    /// From send to reply.
    pub operation_timeout: Option<Duration>,
    /// Tries after a failure.
    pub retry_attempts: u32,
    /// First delay; doubles, full jitter, cap 30 s.
    pub retry_backoff: Duration,
}
