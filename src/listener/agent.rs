//! One agent: its lines, its open requests and what it is told.

use std::collections::{HashMap, VecDeque};
use std::str;
use std::sync::Arc;

use memchr::memmem;
use serde_json::value::RawValue;

use crate::engine::{Listing, Progress, Reply};
use crate::error::{Error, Kind};
use crate::json::kept::Json;
use crate::json::lenient::{is_text, members, text};
use crate::json::raw::LONGEST;
use crate::listener::hello::{self, Hello};
use crate::listener::output::AgentOutput;
use crate::listener::requests::{AgentRequest, AgentRequestId, Demand};
use crate::mcp::capabilities::Offers;
use crate::mcp::version::{LEGACY, MODERN, NEWEST_LEGACY};
use crate::rpc::envelope::{
    self, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Message, write_int, write_str,
};
use crate::rpc::line::Line;
use crate::session::modern::UNSUPPORTED_VERSION;
use crate::wire::TooLong;
use crate::wire::ndjson::Lines;

/// Longest first line, in bytes.
const LONGEST_HELLO: usize = 16 << 10;
/// Longest message of an agent, in bytes, because a message is read in one go on the loop
/// of the host.
pub(super) const LONGEST_LINE: usize = 1 << 20;
/// Requests of one agent that are open at once.
pub(super) const MOST_OPEN: usize = 256;
/// Longest id of a request, in bytes, because it is kept.
const LONGEST_ID: usize = 4 << 10;
/// Longest name and longest version of a client that is shown, in characters.
const LONGEST_NAME: usize = 40;
/// Bytes that may wait for an agent before nothing more is read from it.
const FULL: usize = 1 << 20;
/// Bytes that may wait for an agent before it is given up.
const OVERFULL: usize = 64 << 20;

/// The line is no JSON-RPC message (JSON-RPC, "Parse error").
const PARSE_ERROR: i64 = -32700;
/// The request has failed, and the server gave no code.
const SERVER_ERROR: i64 = -32000;
/// The request timed out (the code of the official SDKs).
const TIMED_OUT: i64 = -32001;

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";

/// One connection of an agent.
#[derive(Debug)]
pub struct Agent {
    pid: i32,
    lines: Lines,
    stage: AgentStage,
    /// Name and version as the agent gave them, for a person to read; may be empty.
    client: String,
    /// The id of its server.
    server: Arc<str>,
    /// The configured name of its server.
    server_name: Box<str>,
    /// It was told the result of `initialize`, so that it is told of changes.
    has_session: bool,
    open: HashMap<AgentRequestId, OpenRequest>,
    ids: HashMap<Box<str>, AgentRequestId>,
    count: u64,
    demands: VecDeque<Demand>,
    output: AgentOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AgentStage {
    /// The first line has not come.
    AwaitingHello,
    /// The driver looks the server up.
    Resolving,
    Serving,
    /// Nothing more is read; the output is written and the connection closed.
    Refused,
}

#[derive(Debug)]
struct OpenRequest {
    id: Box<RawValue>,
    progress_token: Option<Box<RawValue>>,
    is_modern: bool,
    kind: OpenKind,
}

#[derive(Debug)]
enum OpenKind {
    Initialize {
        version: &'static str,
    },
    Discover,
    /// It never ends by itself; `tools`: changes of tools are wanted.
    Listen {
        tools: bool,
    },
    Read,
    Other,
}

impl Agent {
    /// A connection of the process `pid`.
    pub fn new(pid: i32) -> Agent {
        let mut lines = Lines::default();
        lines.set_limit(LONGEST_HELLO);
        Agent {
            pid,
            lines,
            stage: AgentStage::AwaitingHello,
            client: String::new(),
            server: Arc::from(""),
            server_name: Box::default(),
            has_session: false,
            open: HashMap::new(),
            ids: HashMap::new(),
            count: 0,
            demands: VecDeque::new(),
            output: AgentOutput::default(),
        }
    }

    // ----- input ------------------------------------------------------------

    /// The agent has sent bytes.
    pub fn receive(&mut self, mut bytes: &[u8]) {
        while self.stage != AgentStage::Refused {
            match self.lines.next(&mut bytes) {
                Ok(Some(mut text)) => self.line(&mut text.line()),
                Ok(None) => return,
                Err(too_long) => self.too_long(&too_long),
            }
        }
    }

    /// The server that the agent named was found.
    pub fn accept(&mut self, id: &str, name: &str) {
        self.server = Arc::from(id);
        self.server_name = name.into();
        self.stage = AgentStage::Serving;
        self.output.push(&hello::welcome(name));
    }

    /// The agent cannot be served. It is told why, and the connection ends.
    pub fn refuse(&mut self, why: &str) {
        self.stage = AgentStage::Refused;
        self.demands.clear();
        self.output.push(&hello::refusal(why));
    }

    /// The server's capabilities are known, or cannot be.
    pub fn offered(&mut self, id: AgentRequestId, outcome: Result<Offers, &Error>) {
        let Some(request) = self.close(id) else { return };
        let offers = match outcome {
            Ok(offers) => offers,
            Err(error) => return self.write_error(&request.id, error),
        };
        let capabilities = capabilities(offers);
        let info = self.server_info();
        let body = match request.kind {
            OpenKind::Initialize { version } => {
                self.has_session = true;
                format!(
                    "{{\"protocolVersion\":\"{version}\",\"capabilities\":{capabilities},\
                     \"serverInfo\":{info}}}"
                )
            }
            _ => {
                let versions: Vec<String> = [MODERN]
                    .iter()
                    .chain(LEGACY.iter().rev())
                    .map(|v| format!("\"{v}\""))
                    .collect();
                format!(
                    "{{\"resultType\":\"complete\",\"supportedVersions\":[{}],\
                     \"capabilities\":{capabilities},\"ttlMs\":0,\"cacheScope\":\"private\",\
                     \"serverInfo\":{info},\
                     \"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{info}}}}}",
                    versions.join(",")
                )
            }
        };
        self.write_result(&request.id, &body);
    }

    /// A request has ended.
    pub fn finish(&mut self, id: AgentRequestId, outcome: Result<Reply, Error>) {
        let Some(request) = self.close(id) else { return };
        let json = match outcome {
            Ok(Reply::Tool { result, .. } | Reply::Result(result)) => result,
            Ok(Reply::List { what, items }) => {
                let cache = match request.is_modern {
                    true => "\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",",
                    false => "",
                };
                self.begin_answer(&request.id, "result");
                self.output.push(format!("{{{cache}\"{}\":", list_member(what)).as_bytes());
                self.output.push_json(items);
                return self.output.push(b"}}\n");
            }
            Ok(Reply::Ready | Reply::Imported(_)) => return self.write_result(&request.id, "{}"),
            Err(error) => return self.write_error(&request.id, &error),
        };
        self.begin_answer(&request.id, "result");
        match request.is_modern {
            true => self.push_modern_result(&request.kind, json),
            false => self.output.push_json(json),
        }
        self.output.push(b"}\n");
    }

    /// A result in the era of 2026-07-28, which asks for members that servers of the other
    /// era do not give. Those that the server gave stay as they are.
    fn push_modern_result(&mut self, kind: &OpenKind, json: Json) {
        const MEMBERS: [(&str, &str); 3] =
            [("resultType", "\"complete\""), ("ttlMs", "0"), ("cacheScope", "\"private\"")];
        let count = if let OpenKind::Read = kind { 3 } else { 1 };
        let [a, b, c] = MEMBERS.map(|(name, _)| name);
        let is_long = json.len() > LONGEST;
        let text = str::from_utf8(if is_long { b"{}" } else { &json }).unwrap_or_default();
        let found = members(text, &[a, b, c]).map(|raw| raw.is_some());
        // A long result is searched and not read: the word elsewhere in it counts, too.
        let is_there = |(name, found): (&str, bool)| {
            found || is_long && memmem::find(&json, format!("\"{name}\"").as_bytes()).is_some()
        };
        let missing: Vec<String> = MEMBERS[..count]
            .iter()
            .zip(found)
            .filter(|((name, _), found)| !is_there((*name, *found)))
            .map(|((name, value), _)| format!("\"{name}\":{value}"))
            .collect();
        if missing.is_empty() || !json.starts_with(b"{") {
            return self.output.push_json(json);
        }
        let is_empty = json[1..].trim_ascii_start().starts_with(b"}");
        let comma = if is_empty { "" } else { "," };
        self.output.push(format!("{{{}{comma}", missing.join(",")).as_bytes());
        self.output.push_json_behind(json, 1);
    }

    /// The server reports progress on a request. It is told if the agent gave a token.
    pub fn progress(&mut self, id: AgentRequestId, progress: &Progress) {
        let Some(request) = self.open.get(&id) else { return };
        let Some(token) = &request.progress_token else { return };
        if !progress.progress.is_finite() {
            return;
        }
        let mut out = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":\
             {{\"progressToken\":{},\"progress\":{}",
            token.get(),
            progress.progress
        )
        .into_bytes();
        if let Some(total) = progress.total.filter(|total| total.is_finite()) {
            out.extend_from_slice(format!(",\"total\":{total}").as_bytes());
        }
        if let Some(message) = &progress.message {
            out.extend_from_slice(b",\"message\":");
            write_str(&mut out, message);
        }
        out.extend_from_slice(b"}}\n");
        self.output.push(&out);
    }

    /// The tools of the server have changed.
    pub fn tools_changed(&mut self) {
        const METHOD: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"";
        if self.has_session {
            self.output.push(METHOD.as_bytes());
            self.output.push(b"}\n");
        }
        for request in self.open.values() {
            if let OpenKind::Listen { tools: true } = request.kind {
                let id = request.id.get();
                let meta = format!("{{\"io.modelcontextprotocol/subscriptionId\":{id}}}");
                let text = format!("{METHOD},\"params\":{{\"_meta\":{meta}}}}}\n");
                self.output.push(text.as_bytes());
            }
        }
    }

    // ----- output -----------------------------------------------------------

    /// The next thing to do for the agent. `None` also while its server is looked up.
    pub fn next_demand(&mut self) -> Option<Demand> {
        if let Some(Demand::Hello { .. }) = self.demands.front() {
            return self.demands.pop_front();
        }
        match self.stage {
            AgentStage::Serving => self.demands.pop_front(),
            _ => None,
        }
    }

    /// Bytes for the agent.
    pub fn output(&mut self) -> &mut AgentOutput {
        &mut self.output
    }

    /// Whether more may be read of it now.
    pub fn is_readable(&self) -> bool {
        let is_reading = matches!(self.stage, AgentStage::AwaitingHello | AgentStage::Serving);
        is_reading && self.output.len() < FULL
    }

    /// Whether it reads too slowly to be kept.
    pub fn is_overfull(&self) -> bool {
        self.output.len() > OVERFULL
    }

    /// Whether its first line has not come.
    pub fn awaits_hello(&self) -> bool {
        self.stage == AgentStage::AwaitingHello
    }

    /// Whether the connection ends as soon as the output is written.
    pub fn is_refused(&self) -> bool {
        self.stage == AgentStage::Refused
    }

    /// Whether its server is still looked up.
    pub fn awaits_server(&self) -> bool {
        self.stage == AgentStage::Resolving
    }

    /// Whether an answer is still to come. A `subscriptions/listen` never has one.
    pub fn is_waiting(&self) -> bool {
        let answered = |request: &OpenRequest| !matches!(request.kind, OpenKind::Listen { .. });
        !self.demands.is_empty() || self.open.values().any(answered)
    }

    /// The process at the other end.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The id of the server; empty before it is found.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Who calls, for a person: `bridge: pid 1234, claude-code 1.2`.
    pub fn who(&self) -> String {
        match &*self.client {
            "" => format!("bridge: pid {}", self.pid),
            client => format!("bridge: pid {}, {client}", self.pid),
        }
    }

    // ----- lines ------------------------------------------------------------

    fn line(&mut self, line: &mut Line<'_>) {
        if self.stage == AgentStage::AwaitingHello {
            match Hello::read(line.text) {
                Ok(Hello { server, directory }) => {
                    self.stage = AgentStage::Resolving;
                    self.lines.set_limit(LONGEST_LINE);
                    self.demands.push_back(Demand::Hello { server, directory });
                }
                Err(why) => self.refuse(&why),
            }
            return;
        }
        let outcome = envelope::parse_line(line, |message| match message {
            Message::Request { id, method, params } => {
                let params = params.map_or(&b"{}"[..], |params| params.raw().text());
                self.request(id, &method, params);
            }
            Message::Notification { method, params } => {
                let params = params.and_then(|params| str::from_utf8(params.raw().text()).ok());
                self.notification(&method, params.unwrap_or_default());
            }
            // The agent is asked nothing, so that no answer is awaited.
            Message::Response { .. } => {}
        });
        if outcome.is_err() {
            self.write_refusal("null", PARSE_ERROR, "the line is no JSON-RPC message");
        }
    }

    fn too_long(&mut self, line: &TooLong) {
        if self.stage == AgentStage::AwaitingHello {
            return self.refuse("the first line is no hello of tmcp-bridge connect");
        }
        // Nothing is asked of the agent, so it is no answer, whatever it looks like.
        let id = line.request_id.as_deref().unwrap_or("null");
        let why = format!(
            "a message of {} bytes, {LONGEST_LINE} are allowed; it was not sent",
            line.bytes
        );
        self.write_refusal(id, INVALID_REQUEST, &why);
    }

    fn request(&mut self, id: &RawValue, method: &str, params: &[u8]) {
        let raw = id.get();
        if raw.len() > LONGEST_ID || !raw.starts_with(|c: char| matches!(c, '"' | '-' | '0'..='9'))
        {
            let why = "the id of a request is a string or a number";
            return self.write_refusal("null", INVALID_REQUEST, why);
        }
        if self.ids.contains_key(raw) {
            let why = "a request with this id is in flight; it was not sent";
            return self.write_refusal(raw, INVALID_REQUEST, why);
        }
        if self.open.len() >= MOST_OPEN {
            let why = format!("{MOST_OPEN} requests are in flight; it was not sent");
            return self.write_refusal(raw, SERVER_ERROR, &why);
        }
        let Ok(params) = str::from_utf8(params) else {
            return self.write_refusal(raw, INVALID_PARAMS, "the parameters are not UTF-8");
        };
        let [meta] = members(params, &["_meta"]);
        let meta = meta.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
        let [token, version, info] = members(meta, &["progressToken", META_VERSION, META_CLIENT]);
        let version = version.map(text);
        if let Some(version) = version.as_deref().filter(|v| *v != MODERN && !LEGACY.contains(v)) {
            return self.unsupported_version(raw, version);
        }
        if let Some(info) = info {
            self.introduce(info);
        }
        let mut request = OpenRequest {
            id: id.to_owned(),
            progress_token: token.and_then(|raw| serde_json::from_slice(raw).ok()),
            is_modern: version.as_deref() == Some(MODERN),
            kind: OpenKind::Other,
        };
        match method {
            "ping" => return self.write_result(id, "{}"),
            "initialize" => {
                let [version, info] = members(params, &["protocolVersion", "clientInfo"]);
                if let Some(info) = info {
                    self.introduce(info);
                }
                let asked = version.map(text).unwrap_or_default();
                let known = LEGACY.into_iter().find(|known| *known == asked);
                request.kind = OpenKind::Initialize { version: known.unwrap_or(NEWEST_LEGACY) };
                return self.start(request, AgentRequest::Offers);
            }
            "server/discover" => {
                request.kind = OpenKind::Discover;
                return self.start(request, AgentRequest::Offers);
            }
            "subscriptions/listen" => return self.listen(request, params),
            _ => {}
        }
        match AgentRequest::read(method, params) {
            Ok(Some(asked)) => self.start(request, asked),
            Ok(None) => {
                let method: String = method.chars().take(200).collect();
                let why = format!("Method not found: {method}");
                self.write_refusal(raw, METHOD_NOT_FOUND, &why);
            }
            Err(why) => self.write_refusal(raw, INVALID_PARAMS, &why),
        }
    }

    fn start(&mut self, mut request: OpenRequest, asked: AgentRequest) {
        if let AgentRequest::Read { .. } = asked {
            request.kind = OpenKind::Read;
        }
        let id = self.add(request);
        self.demands.push_back(Demand::Start(id, asked));
    }

    fn add(&mut self, request: OpenRequest) -> AgentRequestId {
        self.count += 1;
        let id = AgentRequestId(self.count);
        self.ids.insert(request.id.get().into(), id);
        self.open.insert(id, request);
        id
    }

    fn close(&mut self, id: AgentRequestId) -> Option<OpenRequest> {
        let request = self.open.remove(&id)?;
        self.ids.remove(request.id.get());
        Some(request)
    }

    /// 2026-07-28: acknowledges a subscription. Of all changes those of tools are known.
    fn listen(&mut self, mut request: OpenRequest, params: &str) {
        let [wanted] = members(params, &["notifications"]);
        let wanted = wanted.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
        let [tools] = members(wanted, &["toolsListChanged"]);
        let tools = tools == Some(b"true");
        request.kind = OpenKind::Listen { tools };
        let told = if tools { "{\"toolsListChanged\":true}" } else { "{}" };
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\
             \"params\":{{\"_meta\":{{\"io.modelcontextprotocol/subscriptionId\":{}}},\
             \"notifications\":{told}}}}}\n",
            request.id.get()
        );
        self.add(request);
        self.output.push(text.as_bytes());
    }

    fn notification(&mut self, method: &str, params: &str) {
        if method != "notifications/cancelled" {
            return;
        }
        let [raw] = members(params, &["requestId"]);
        let raw = raw.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
        let Some(&id) = self.ids.get(raw) else { return };
        // MCP, "Cancellation": initialize must not be cancelled.
        if matches!(self.open.get(&id), Some(OpenRequest { kind: OpenKind::Initialize { .. }, .. }))
        {
            return;
        }
        self.close(id);
        let before = self.demands.len();
        self.demands.retain(|demand| !matches!(demand, Demand::Start(other, _) if *other == id));
        if self.demands.len() == before {
            self.demands.push_back(Demand::Cancel(id));
        }
    }

    /// Notes who the agent says that it is.
    fn introduce(&mut self, info: &[u8]) {
        let info = str::from_utf8(info).unwrap_or_default();
        let shown = |raw: Option<&[u8]>| -> String {
            let raw = raw.filter(|raw| is_text(raw)).map(text).unwrap_or_default();
            raw.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
        };
        let [name, version] = members(info, &["name", "version"]);
        let client = format!("{} {}", shown(name), shown(version));
        client.trim().clone_into(&mut self.client);
    }

    // ----- answers ----------------------------------------------------------

    fn begin_answer(&mut self, id: &RawValue, member: &str) {
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"{member}\":", id.get());
        self.output.push(text.as_bytes());
    }

    fn write_result(&mut self, id: &RawValue, body: &str) {
        self.begin_answer(id, "result");
        self.output.push(body.as_bytes());
        self.output.push(b"}\n");
    }

    /// The error of the server as it came, else one of ours.
    fn write_error(&mut self, id: &RawValue, error: &Error) {
        if error.kind() == Kind::Server && error.json().starts_with('{') {
            self.begin_answer(id, "error");
            self.output.push_json(error.json().as_bytes().into());
            return self.output.push(b"}\n");
        }
        let code = match error.kind() {
            Kind::Invalid => INVALID_PARAMS,
            Kind::Timeout => TIMED_OUT,
            _ => error.code().unwrap_or(SERVER_ERROR),
        };
        self.write_refusal(id.get(), code, error.message());
    }

    fn write_refusal(&mut self, id: &str, code: i64, why: &str) {
        let mut out =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":")
                .into_bytes();
        write_str(&mut out, why);
        out.extend_from_slice(b"}}\n");
        self.output.push(&out);
    }

    fn unsupported_version(&mut self, id: &str, asked: &str) {
        let mut out =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":").into_bytes();
        out.push(b'-');
        write_int(&mut out, UNSUPPORTED_VERSION.unsigned_abs());
        out.extend_from_slice(b",\"message\":\"Unsupported protocol version\",\"data\":");
        out.extend_from_slice(format!("{{\"supported\":[\"{MODERN}\"],\"requested\":").as_bytes());
        write_str(&mut out, &asked.chars().take(LONGEST_NAME).collect::<String>());
        out.extend_from_slice(b"}}}\n");
        self.output.push(&out);
    }

    fn server_info(&self) -> String {
        let mut out = b"{\"name\":".to_vec();
        write_str(&mut out, &self.server_name);
        let out = String::from_utf8(out).unwrap_or_default();
        format!("{out},\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"))
    }
}

fn capabilities(offers: Offers) -> String {
    let members = [
        (offers.tools, "\"tools\":{\"listChanged\":true}"),
        (offers.resources, "\"resources\":{}"),
        (offers.prompts, "\"prompts\":{}"),
        (offers.completions, "\"completions\":{}"),
    ];
    let members: Vec<&str> =
        members.into_iter().filter_map(|(is_there, member)| is_there.then_some(member)).collect();
    format!("{{{}}}", members.join(","))
}

fn list_member(what: Listing) -> &'static str {
    match what {
        Listing::Tools => "tools",
        Listing::Resources => "resources",
        Listing::ResourceTemplates => "resourceTemplates",
        Listing::Prompts => "prompts",
    }
}
