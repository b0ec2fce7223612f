//! MCP messages: what is written, and the few fields that are read.
//!
//! Requests are serialised straight into a connection's write buffer, compact
//! and on one line. A tool's arguments are carried as the text they came as.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str;

use serde_json::value::RawValue;

use crate::json::lenient::{Oddity, is_text, members, number, text};
use crate::json::raw::Raw;
use crate::mcp::trace_parent::TraceParent;
use crate::rpc::envelope::{RawResult, own_id, write_int, write_str};
use crate::rpc::spans::{ListMember, Place};

/// Questions of one result. Nobody answers so many one by one.
const MAX_QUESTIONS: usize = 100;

/// Who we are and what we can do for a server, in the form in which it goes on
/// the wire.
#[derive(Debug)]
pub struct Identity {
    /// `Implementation` object.
    pub info: String,
    /// `ClientCapabilities` object.
    pub capabilities: String,
    /// Members of `_meta` that every 2026-07-28 request carries.
    pub modern_meta: String,
}

/// What the host can do for servers; declared only when it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// A user can be asked, by form and by URL.
    pub elicitation: bool,
    /// There are roots to tell.
    pub roots: bool,
    /// A model can be asked.
    pub sampling: bool,
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
        let mut identity =
            Identity { info, capabilities: String::new(), modern_meta: String::new() };
        identity.declare(Abilities::default());
        identity
    }

    /// Declares what the host can do, from the next request on.
    pub fn declare(&mut self, abilities: Abilities) {
        let members = [
            (abilities.elicitation, "\"elicitation\":{\"form\":{},\"url\":{}}"),
            (abilities.roots, "\"roots\":{\"listChanged\":true}"),
            (abilities.sampling, "\"sampling\":{}"),
        ];
        let declared: Vec<&str> =
            members.iter().filter(|(able, _)| *able).map(|(_, member)| *member).collect();
        self.capabilities = format!("{{{}}}", declared.join(","));
        self.modern_meta = format!(
            "\"io.modelcontextprotocol/protocolVersion\":\"{}\",\
             \"io.modelcontextprotocol/clientInfo\":{},\
             \"io.modelcontextprotocol/clientCapabilities\":{}",
            crate::mcp::version::MODERN,
            self.info,
            self.capabilities
        );
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
    end_traced(out, id, None, meta);
}

/// The same with the trace that the request is a part of (SEP-414).
fn end_traced(out: &mut Vec<u8>, id: u64, trace: Option<&TraceParent>, meta: Option<&str>) {
    out.extend_from_slice(b"\"_meta\":{\"progressToken\":");
    write_int(out, id);
    if let Some(trace) = trace {
        out.extend_from_slice(b",\"traceparent\":\"");
        out.extend_from_slice(trace.as_str().as_bytes());
        out.push(b'"');
    }
    if let Some(meta) = meta {
        out.push(b',');
        out.extend_from_slice(meta.as_bytes());
    }
    out.extend_from_slice(b"}}}");
}

/// Appends `tools/call`. `arguments` is a JSON object on one line; `extra` is
/// empty, or further members of `params`, each followed by a comma. `trace` goes into `_meta`.
pub fn write_call(
    out: &mut Vec<u8>,
    id: u64,
    (tool, trace): (&str, Option<&TraceParent>),
    arguments: &str,
    extra: &str,
    meta: Option<&str>,
) {
    out.reserve(tool.len() + arguments.len() + extra.len() + 256);
    begin(out, id, "tools/call");
    out.extend_from_slice(b"\"name\":");
    write_str(out, tool);
    out.extend_from_slice(b",\"arguments\":");
    out.extend_from_slice(arguments.as_bytes());
    out.push(b',');
    out.extend_from_slice(extra.as_bytes());
    end_traced(out, id, trace, meta);
}

/// Appends any other request. `members` are those of `params`, each followed by
/// a comma, and so are `extra`.
pub fn write_request(
    out: &mut Vec<u8>,
    id: u64,
    method: &str,
    members: &str,
    extra: &str,
    meta: Option<&str>,
) {
    begin(out, id, method);
    out.extend_from_slice(members.as_bytes());
    out.extend_from_slice(extra.as_bytes());
    end(out, id, meta);
}

/// A JSON string followed by a comma, as a member called `key`.
pub fn member(key: &str, value: &str) -> String {
    let mut out = Vec::with_capacity(key.len() + value.len() + 8);
    write_str(&mut out, key);
    out.push(b':');
    write_str(&mut out, value);
    out.push(b',');
    // Written by serde_json from str.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends one of the list requests. The cursor is raw JSON, and opaque: an empty
/// one is a cursor too, and one that is a number goes back as that number.
pub fn write_list(
    out: &mut Vec<u8>,
    id: u64,
    method: &str,
    cursor: Option<&str>,
    meta: Option<&str>,
) {
    begin(out, id, method);
    if let Some(cursor) = cursor {
        out.extend_from_slice(b"\"cursor\":");
        out.extend_from_slice(cursor.as_bytes());
        out.push(b',');
    }
    end(out, id, meta);
}

/// Appends `server/discover` (2026-07-28), asking for `version`.
pub fn write_discover(out: &mut Vec<u8>, id: u64, identity: &Identity) {
    begin(out, id, "server/discover");
    out.extend_from_slice(b"\"_meta\":{");
    out.extend_from_slice(identity.modern_meta.as_bytes());
    out.extend_from_slice(b"}}}");
}

/// Appends `initialize` (up to 2025-11-25).
pub fn write_initialize(out: &mut Vec<u8>, id: u64, version: &str, identity: &Identity) {
    begin(out, id, "initialize");
    out.extend_from_slice(b"\"protocolVersion\":\"");
    out.extend_from_slice(version.as_bytes());
    out.extend_from_slice(b"\",\"capabilities\":");
    out.extend_from_slice(identity.capabilities.as_bytes());
    out.extend_from_slice(b",\"clientInfo\":");
    out.extend_from_slice(identity.info.as_bytes());
    out.extend_from_slice(b"}}");
}

/// Whether `method` is one that only clients ask.
pub fn is_ours(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "server/discover"
            | "tools/list"
            | "tools/call"
            | "prompts/list"
            | "prompts/get"
            | "resources/list"
            | "resources/read"
            | "resources/templates/list"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "completion/complete"
            | "subscriptions/listen"
    )
}

/// `notifications/initialized`
pub const INITIALIZED: &str = "notifications/initialized";
/// `notifications/roots/list_changed`
pub const ROOTS_CHANGED: &str = "notifications/roots/list_changed";
/// `notifications/cancelled`
pub const CANCELLED: &str = "notifications/cancelled";

/// Appends `notifications/initialized`.
pub fn write_initialized(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

/// Appends `notifications/roots/list_changed` (up to 2025-11-25).
pub fn write_roots_changed(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}");
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
    out.extend_from_slice(b"}}");
}

/// A request that a server makes of us, in a message or inside a result.
#[derive(Debug)]
pub struct InputRequest<'a> {
    /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
    pub method: Cow<'a, str>,
    /// Its parameters.
    pub params: Option<Raw<'a>>,
}

impl<'a> InputRequest<'a> {
    /// The questions in a result and the state that is to go back with their
    /// answers, byte for byte (2026-07-28, multi round-trip requests).
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of_result(answer: &RawResult<'a>) -> Result<InputRequests<'a>, String> {
        answer.look_deeper(|deep| {
            let given = |place: Place| {
                let raw = answer.part(place.range());
                (!matches!(raw.text(), b"" | b"null")).then_some(raw)
            };
            let mut asked = BTreeMap::new();
            let list = deep.list(ListMember::Questions);
            if let Some(questions) = given(list.place) {
                if !questions.text().starts_with(b"{") {
                    return Err("inputRequests: no object".to_owned());
                }
                let entries = list.entries();
                if entries.len() > MAX_QUESTIONS || list.overflows {
                    return Err(format!("inputRequests: more than {MAX_QUESTIONS}"));
                }
                for entry in entries.iter() {
                    let key = answer.part(entry.key.range()).string()?;
                    let malformed = |why| format!("inputRequests: '{key}': {why}");
                    if entry.name.is_empty() {
                        return Err(malformed("no method".to_owned()));
                    }
                    let method = answer.part(entry.name.range()).string().map_err(malformed)?;
                    let params = given(entry.params);
                    asked.insert(key.into_owned(), InputRequest { method, params });
                }
            }
            let state = given(deep.state).map(|state| {
                state.short().ok_or(format!("requestState: {} bytes", state.text().len()))
            });
            Ok(InputRequests { asked, state: state.transpose()? })
        })
    }
}

/// What a server wants to know before it answers.
#[derive(Debug)]
pub struct InputRequests<'a> {
    /// By the server's keys.
    pub asked: BTreeMap<String, InputRequest<'a>>,
    /// A JSON value.
    pub state: Option<&'a str>,
}

/// Parameters of `elicitation/create`.
#[derive(Debug)]
pub struct ElicitParams<'a> {
    /// `form` (also when absent) or `url`.
    pub mode: Option<Cow<'a, str>>,
    /// The server's words.
    pub message: Cow<'a, str>,
    /// What a form asks for, raw.
    pub requested_schema: &'a str,
    /// Where a URL question leads.
    pub url: Option<Cow<'a, str>>,
}

impl<'a> ElicitParams<'a> {
    /// Reads raw parameters.
    pub fn read(params: &'a str) -> ElicitParams<'a> {
        let names = ["mode", "message", "requestedSchema", "url"];
        let [mode, message, schema, url] = members(params, &names);
        let schema = schema.and_then(|raw| str::from_utf8(raw).ok());
        ElicitParams {
            mode: mode.filter(|raw| is_text(raw)).map(text),
            message: message.map(text).unwrap_or_default(),
            requested_schema: schema.filter(|raw| raw.starts_with('{')).unwrap_or("{}"),
            url: url.filter(|raw| is_text(raw)).map(text),
        }
    }
}

/// The raw `requestId` in the parameters of `notifications/cancelled` from a server:
/// of its own request, or of our listen request.
pub fn cancelled_id(params: &str) -> Option<&str> {
    let [id] = members(params, &["requestId"]);
    str::from_utf8(id?).ok()
}

/// The resource in the parameters of `notifications/resources/updated`.
pub fn updated_uri(params: &str) -> Option<Cow<'_, str>> {
    let [uri] = members(params, &["uri"]);
    uri.filter(|uri| is_text(uri)).map(text)
}

/// Parameters of `notifications/subscriptions/acknowledged`.
#[derive(Debug, Default)]
pub struct AcknowledgedParams {
    /// Resources whose changes will be told.
    pub resources: Vec<String>,
    /// The listen request that it is about, when it says so: `None` inside for an id
    /// that is none of ours.
    pub about: Option<Option<u64>>,
}

impl AcknowledgedParams {
    /// Reads raw parameters.
    pub fn read(params: &str) -> AcknowledgedParams {
        let [notifications, meta] = members(params, &["notifications", "_meta"]);
        let inside = |raw: Option<&[u8]>, name: &str| {
            let raw = str::from_utf8(raw?).ok()?;
            let [found] = members(raw, &[name]);
            Some(str::from_utf8(found?).ok()?.to_owned())
        };
        let list = inside(notifications, "resourceSubscriptions").unwrap_or_default();
        let about = inside(meta, "io.modelcontextprotocol/subscriptionId");
        let about = about.and_then(|id| RawValue::from_string(id).ok());
        // One that is no text is none that anybody watches.
        let list: Vec<&RawValue> = serde_json::from_str(&list).unwrap_or_default();
        let resources = list.iter().map(|raw| raw.get().as_bytes()).filter(|raw| is_text(raw));
        AcknowledgedParams {
            resources: resources.map(|raw| text(raw).into_owned()).collect(),
            about: about.map(|id| own_id(&id)),
        }
    }
}

/// Parameters of `notifications/progress`.
#[derive(Debug)]
pub struct ProgressParams<'a> {
    /// The token we gave: the request's id.
    pub token: u64,
    /// Progress so far; `None` when it is none.
    pub progress: Option<f64>,
    /// Its end.
    pub total: Option<f64>,
    /// The server's words.
    pub message: Option<Cow<'a, str>>,
}

impl<'a> ProgressParams<'a> {
    /// Reads raw parameters; `None` when they belong to no request of ours. `odd` is
    /// told what is not as it should be.
    pub fn read(params: &'a str, mut odd: impl FnMut(Oddity)) -> Option<ProgressParams<'a>> {
        let names = ["progressToken", "progress", "total", "message"];
        let [token, progress, total, message] = members(params, &names);
        let token = str::from_utf8(token?).ok()?;
        let token = own_id(serde_json::from_str(token).ok()?)?;
        let mut tell = |field, what| odd(Oddity { of: "progress", field, what });
        for (field, raw) in [("progress", progress), ("total", total)] {
            if raw.is_some_and(|raw| is_text(raw) || number(raw).is_none()) {
                tell(field, "is no number");
            }
        }
        if message.is_some_and(|raw| !is_text(raw)) {
            tell("message", "is no text");
        }
        Some(ProgressParams {
            token,
            progress: progress.and_then(number),
            total: total.and_then(number),
            message: message.map(text),
        })
    }
}

/// Parameters of `notifications/message`.
#[derive(Debug)]
pub struct LogParams<'a> {
    /// RFC 5424 level, in small letters; a number is one, too.
    pub level: String,
    /// Anything, raw.
    pub data: &'a str,
}

impl<'a> LogParams<'a> {
    /// Reads raw parameters. What is no object is all that is said.
    pub fn read(params: &'a str) -> LogParams<'a> {
        // RFC 5424, table 2.
        const LEVELS: [&str; 8] =
            ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
        let [level, data, message] = members(params, &["level", "data", "message"]);
        let data = data.or(message).and_then(|raw| str::from_utf8(raw).ok());
        let level = match level.and_then(number) {
            Some(level) if (0.0..8.0).contains(&level) => LEVELS[level as usize].to_owned(),
            _ => level.map(text).unwrap_or_default().to_ascii_lowercase(),
        };
        LogParams { level, data: data.unwrap_or(params) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        // A codec may have one message a line.
        assert!(!out.contains(&b'\n'));
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_call_carries_its_arguments_as_they_came() {
        let call = value(|out| write_call(out, 5, ("a\"b\n", None), r#"{"x": 1.50}"#, "", None));
        assert_eq!(
            call,
            json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params":
                {"name": "a\"b\n", "arguments": {"x": 1.50}, "_meta": {"progressToken": 5}}})
        );
    }

    #[test]
    fn modern_requests_say_who_asks_each_time() {
        let identity = Identity::new("tm\"cp", "1");
        let list = value(|out| {
            write_list(out, 6, "tools/list", Some("\"\""), Some(&identity.modern_meta))
        });
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
        let init = value(|out| write_initialize(out, 2, "2025-11-25", &identity));
        assert_eq!(init["params"]["protocolVersion"], "2025-11-25");
        assert_eq!(init["params"]["clientInfo"]["name"], "tmcp");
        let ready = value(write_initialized);
        assert!(ready.get("id").is_none());
        let gone = value(|out| write_cancelled(out, 9, "timed out", None));
        assert_eq!(gone["params"], json!({"requestId": 9, "reason": "timed out"}));
    }
}
