//! The first line of a connection, before MCP begins.
//!
//! The agent's side says `{"tmcp":1,"connect":NAME,"directory":PATH}`; PATH decides which
//! of several servers of a name is meant. The answer is `{"tmcp":1,"server":NAME}` or, before
//! the connection is closed, `{"tmcp":1,"error":SENTENCE}`.

use std::str;

use crate::json::lenient::{is_text, members, number, text};
use crate::rpc::envelope::write_str;

/// The version of the first line.
const VERSION: f64 = 1.0;

/// What the first line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) server: String,
    pub(super) directory: String,
}

impl Hello {
    /// Reads the first line.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn read(line: &[u8]) -> Result<Hello, String> {
        let line = str::from_utf8(line).unwrap_or_default();
        let [version, server, directory] = members(line, &["tmcp", "connect", "directory"]);
        match version.map(number) {
            None => return Err("the first line is no hello of tmcp-bridge connect".into()),
            Some(Some(VERSION)) => {}
            Some(_) => return Err("tmcp-bridge is of another version than tmux".into()),
        }
        let server = server.filter(|raw| is_text(raw)).map(text).unwrap_or_default();
        if server.is_empty() {
            return Err("the first line names no server".into());
        }
        let directory = directory.filter(|raw| is_text(raw)).map(text).unwrap_or_default();
        Ok(Hello { server: server.into_owned(), directory: directory.into_owned() })
    }
}

/// The line that accepts a connection.
pub(super) fn welcome(server: &str) -> Vec<u8> {
    line("server", server)
}

/// The line that refuses one.
pub(super) fn refusal(why: &str) -> Vec<u8> {
    line("error", why)
}

fn line(name: &str, value: &str) -> Vec<u8> {
    let mut out = format!("{{\"tmcp\":1,\"{name}\":").into_bytes();
    write_str(&mut out, value);
    out.extend_from_slice(b"}\n");
    out
}
