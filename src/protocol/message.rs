//! MCP messages: what is written, and the few fields that are read.
//!
//! Requests are serialised straight into a connection's write buffer, compact
//! and on one line. A tool's arguments are carried as the text they came as.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::jsonrpc::{write_int, write_str};

/// Who we are, in the form in which it goes on the wire.
#[derive(Debug)]
pub struct Identity {
    /// `Implementation` object.
    pub info: String,
    /// Members of `_meta` that every 2026-07-28 request carries.
    pub modern_meta: String,
}

impl Identity {
    /// The identity of a client called `name` at `version`.
    pub fn new(name: &str, version: &str) -> Identity {
        let mut info = b"{\"name\":".to_vec();
        write_str(&mut info, name);
        info.extend_from_slice(b",\"version\":");
        write_str(&mut info, version);
        info.push(b'}');
        // Built from str and ASCII only.
        let info = String::from_utf8(info).unwrap_or_default();
        let modern_meta = format!(
            "\"io.modelcontextprotocol/protocolVersion\":\"{}\",\
             \"io.modelcontextprotocol/clientInfo\":{info},\
             \"io.modelcontextprotocol/clientCapabilities\":{{}}",
            super::modern::VERSION
        );
        Identity { info, modern_meta }
    }
}

/// Begins a request: everything up to and including `"params":{`.
fn begin(out: &mut Vec<u8>, id: u64, method: &str) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    write_int(out, id);
    out.extend_from_slice(b",\"method\":\"");
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(b"\",\"params\":{");
}

/// Ends a request with its `_meta`. The progress token is the request's id, so
/// that progress finds its request without a table.
fn end(out: &mut Vec<u8>, id: u64, meta: Option<&str>) {
    out.extend_from_slice(b"\"_meta\":{\"progressToken\":");
    write_int(out, id);
    if let Some(meta) = meta {
        out.push(b',');
        out.extend_from_slice(meta.as_bytes());
    }
    out.extend_from_slice(b"}}}\n");
}

/// Appends `tools/call`. `arguments` is a JSON object on one line.
pub fn write_call(out: &mut Vec<u8>, id: u64, tool: &str, arguments: &str, meta: Option<&str>) {
    out.reserve(tool.len() + arguments.len() + 256);
    begin(out, id, "tools/call");
    out.extend_from_slice(b"\"name\":");
    write_str(out, tool);
    out.extend_from_slice(b",\"arguments\":");
    out.extend_from_slice(arguments.as_bytes());
    out.push(b',');
    end(out, id, meta);
}

/// Appends `tools/list`. The cursor is opaque: an empty one is a cursor too.
pub fn write_list(out: &mut Vec<u8>, id: u64, cursor: Option<&str>, meta: Option<&str>) {
    begin(out, id, "tools/list");
    if let Some(cursor) = cursor {
        out.extend_from_slice(b"\"cursor\":");
        write_str(out, cursor);
        out.push(b',');
    }
    end(out, id, meta);
}

/// Appends `server/discover` (2026-07-28), asking for `version`.
pub fn write_discover(out: &mut Vec<u8>, id: u64, identity: &Identity) {
    begin(out, id, "server/discover");
    out.extend_from_slice(b"\"_meta\":{");
    out.extend_from_slice(identity.modern_meta.as_bytes());
    out.extend_from_slice(b"}}}\n");
}

/// Appends `initialize` (up to 2025-11-25).
pub fn write_initialize(out: &mut Vec<u8>, id: u64, identity: &Identity) {
    begin(out, id, "initialize");
    out.extend_from_slice(b"\"protocolVersion\":\"");
    out.extend_from_slice(super::legacy::NEWEST.as_bytes());
    out.extend_from_slice(b"\",\"capabilities\":{},\"clientInfo\":");
    out.extend_from_slice(identity.info.as_bytes());
    out.extend_from_slice(b"}}\n");
}

/// Appends `notifications/initialized`.
pub fn write_initialized(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
}

/// Appends `notifications/cancelled` for request `id`.
pub fn write_cancelled(out: &mut Vec<u8>, id: u64, reason: &str, meta: Option<&str>) {
    out.extend_from_slice(
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":",
    );
    write_int(out, id);
    out.extend_from_slice(b",\"reason\":");
    write_str(out, reason);
    if let Some(meta) = meta {
        out.extend_from_slice(b",\"_meta\":{");
        out.extend_from_slice(meta.as_bytes());
        out.push(b'}');
    }
    out.extend_from_slice(b"}}\n");
}

/// The fields of a result that decide what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultHead<'a> {
    /// The tool reports an error of its own.
    #[serde(default)]
    pub is_error: Option<bool>,
    /// 2026-07-28; absent means `complete`.
    #[serde(borrow, default)]
    pub result_type: Option<Cow<'a, str>>,
    /// Questions to the user, when the type is `input_required`.
    #[serde(borrow, default)]
    pub input_requests: Option<&'a RawValue>,
}

/// One page of `tools/list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolsPage<'a> {
    /// Raw definitions.
    #[serde(borrow)]
    pub tools: Vec<&'a RawValue>,
    /// Where the next page begins; only a missing or null one is the end.
    #[serde(borrow, default)]
    pub next_cursor: Option<Cow<'a, str>>,
    /// 2026-07-28: how long the page may be kept, in ms.
    #[serde(default)]
    pub ttl_ms: Option<f64>,
}

/// A tool's name.
#[derive(Debug, Deserialize)]
pub struct ToolName<'a> {
    /// The name, as it is called.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
}

/// Parameters of `notifications/progress`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressParams<'a> {
    /// The token we gave: the request's id.
    #[serde(borrow)]
    pub progress_token: &'a RawValue,
    /// Progress so far.
    pub progress: f64,
    /// Its end.
    #[serde(default)]
    pub total: Option<f64>,
    /// The server's words.
    #[serde(borrow, default)]
    pub message: Option<Cow<'a, str>>,
}

/// Parameters of `notifications/message`.
#[derive(Debug, Deserialize)]
pub struct LogParams<'a> {
    /// RFC 5424 level.
    #[serde(borrow, default)]
    pub level: Option<Cow<'a, str>>,
    /// Anything.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(out.last(), Some(&b'\n'));
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_call_carries_its_arguments_as_they_came() {
        let call = value(|out| write_call(out, 5, "a\"b\n", r#"{"x": 1.50}"#, None));
        assert_eq!(
            call,
            json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params":
                {"name": "a\"b\n", "arguments": {"x": 1.50}, "_meta": {"progressToken": 5}}})
        );
    }

    #[test]
    fn modern_requests_say_who_asks_each_time() {
        let identity = Identity::new("tm\"cp", "1");
        let list = value(|out| write_list(out, 6, Some(""), Some(&identity.modern_meta)));
        let meta = &list["params"]["_meta"];
        assert_eq!(list["params"]["cursor"], "");
        assert_eq!(meta["progressToken"], 6);
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "tm\"cp");
        assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], json!({}));
        let discover = value(|out| write_discover(out, 1, &identity));
        assert_eq!(discover["method"], "server/discover");
        assert!(discover["params"]["_meta"]["io.modelcontextprotocol/clientInfo"].is_object());
    }

    #[test]
    fn initialize_and_cancelled_have_the_published_shape() {
        let identity = Identity::new("tmcp", "1");
        let init = value(|out| write_initialize(out, 2, &identity));
        assert_eq!(init["params"]["protocolVersion"], "2025-11-25");
        assert_eq!(init["params"]["clientInfo"]["name"], "tmcp");
        let ready = value(write_initialized);
        assert!(ready.get("id").is_none());
        let gone = value(|out| write_cancelled(out, 9, "timed out", None));
        assert_eq!(gone["params"], json!({"requestId": 9, "reason": "timed out"}));
    }
}
