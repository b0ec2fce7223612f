//! The driver: owns the poll, the descriptors and the clock, decides nothing.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

pub use crate::engine::{
    Arguments, CallTool, Completion, Event, LogLevel, Pair, Progress, Reply, RequestId,
};
use crate::error::Result;

/// Where a client finds its files and what it gives to servers.
#[derive(Debug, Default)]
pub struct Options {
    /// `None`: `$CLAUDE_CONFIG_DIR/.claude.json`, else `~/.claude.json`.
    pub config_path: Option<PathBuf>,
    /// `None`: `~/.config/tmux/mcp.json`.
    pub overlay_path: Option<PathBuf>,
    /// `None`: `$XDG_STATE_HOME/tmcp/eras.json`; empty: keep nothing.
    pub state_path: Option<PathBuf>,
    /// The environment of servers and of `${VAR}`.
    pub env: Vec<(OsString, OsString)>,
    /// Told to servers as the client's name.
    pub name: String,
    /// Told to servers as the client's version.
    pub version: String,
}

/// Where log lines go. Must not call back into the client.
pub type LogSink = Box<dyn FnMut(LogLevel, &str) + Send>;

/// An MCP client inside somebody else's event loop.
#[derive(Debug)]
pub struct Client {}

#[allow(unused_variables, missing_docs)]
impl Client {
    pub fn new(options: Options, level: LogLevel, log: LogSink) -> Result<Client> {
        loop {}
    }
    pub fn as_raw_fd(&self) -> RawFd {
        0
    }
    /// `None`: no deadline; zero: call `dispatch` now.
    pub fn timeout(&self) -> Option<Duration> {
        None
    }
    /// Does what is ready within `budget`; true when more is ready and the fd will not say so.
    pub fn dispatch(&mut self, budget: Duration) -> bool {
        false
    }
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }
    pub fn call(
        &mut self,
        call: CallTool,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        loop {}
    }
    pub fn list_tools(
        &mut self,
        server: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        loop {}
    }
    pub fn wait_ready(&mut self, user_data: u64) -> RequestId {
        loop {}
    }
    /// True: the request's completion never comes.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        false
    }
    /// True: the pid was ours.
    pub fn child_exited(&mut self, pid: i32, status: i32) -> bool {
        false
    }
    pub fn reload(&mut self) {}
    pub fn set_config_path(&mut self, path: Option<PathBuf>) {}
    pub fn set_env(&mut self, env: Vec<(OsString, OsString)>) {}
    pub fn set_log_level(&mut self, level: LogLevel) {}
    pub fn set_default(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        Ok(())
    }
    pub fn is_ready(&self) -> bool {
        false
    }
    pub fn server_count(&self) -> usize {
        0
    }
    pub fn server_name(&self, index: usize) -> Option<&str> {
        None
    }
    pub fn stats(&mut self, server: Option<&str>) -> Result<String> {
        loop {}
    }
    pub fn format(&self, key: &str) -> Option<String> {
        None
    }
    /// Closes everything without waiting; also done by `Drop`.
    pub fn shutdown(&mut self) {}
}
