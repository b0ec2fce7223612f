//! One connection's conversation: which era it is in, and what each message gets.
//!
//! Invariants:
//! - a request gets one reply, or none if it was cancelled;
//! - a request out of order, or without what its era requires, is refused;
//! - calls that take time run on threads of their own, so that the reader is
//!   free to see cancellations, unless `--serial` says otherwise.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::args::{Era, Options};
use crate::catalog;
use crate::faults::Probe;
use crate::journal::Journal;
use crate::output::{Body, Output};
use crate::tools::{self, Call, Outcome};
use crate::transport;

const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
const MODERN: &str = "2026-07-28";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// What all connections of the process share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) options: &'static Options,
    pub(crate) journal: Journal,
    sessions: Mutex<Vec<Weak<Session>>>,
    /// Whether the tool "extra" is there.
    extended: AtomicBool,
    answered: AtomicU64,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) server: Arc<Server>,
    pub(crate) output: Arc<Output>,
    state: Mutex<State>,
    calls: Mutex<HashMap<String, Arc<Cancel>>>,
    asked: Mutex<Asked>,
    /// A call of `bench` went the long way here and nothing forbids a short one.
    shortcut: AtomicBool,
}

/// Tells a running call that nobody wants its result any more.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    cancelled: Mutex<bool>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// A modern request was read on a connection that keeps the eras apart.
    modern: bool,
    legacy: Legacy,
    handshake_over: bool,
    /// The open `subscriptions/listen` requests.
    listeners: Vec<Listener>,
    /// Resources watched by `resources/subscribe`.
    watched: Vec<String>,
    roots: Option<Value>,
}

/// An open `subscriptions/listen` request and what it wants to hear of.
#[derive(Clone, Debug)]
struct Listener {
    id: Value,
    tools: bool,
    resources: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Legacy {
    #[default]
    Fresh,
    Initializing,
    Ready,
}

#[derive(Debug, Default)]
struct Asked {
    last_id: u64,
    waiting: HashMap<u64, Sender<Value>>,
}

impl Server {
    pub(crate) fn new(options: &'static Options) -> Result<Server, String> {
        Ok(Server {
            options,
            journal: Journal::open(options.journal.as_deref())?,
            sessions: Mutex::default(),
            extended: AtomicBool::new(false),
            answered: AtomicU64::new(0),
        })
    }

    /// Whether nothing has to be done for a call but to answer it.
    fn allows_shortcuts(&self) -> bool {
        let options = self.options;
        let counts = options.change_tools_after.is_some() || options.faults.exit_after.is_some();
        options.work.is_zero() && options.journal.is_none() && !counts
    }

    fn versions(&self) -> Vec<String> {
        if self.options.refuse_version {
            return vec!["2099-01-01".to_string()];
        }
        if let Some(versions) = &self.options.versions {
            return versions.clone();
        }
        match self.options.era {
            Era::Legacy => LEGACY.map(str::to_string).to_vec(),
            Era::Dual | Era::DualTs | Era::Modern => vec![MODERN.to_string()],
        }
    }

    fn legacy_versions(&self) -> Vec<String> {
        match (&self.options.versions, self.options.refuse_version) {
            (_, true) => vec!["1999-01-01".to_string()],
            (Some(versions), _) => {
                versions.iter().filter(|version| version.as_str() < MODERN).cloned().collect()
            }
            (None, _) => LEGACY.map(str::to_string).to_vec(),
        }
    }

    /// Tells every client that watches a resource that it changed.
    pub(crate) fn announce_update(&self, uri: &str) {
        let sessions: Vec<_> = lock(&self.sessions).iter().filter_map(Weak::upgrade).collect();
        for session in sessions {
            session.announce_update(uri);
        }
    }

    fn call_answered(&self, output: &Output) {
        let answered = self.answered.fetch_add(1, Ordering::SeqCst) + 1;
        let (change, exit) = (self.options.change_tools_after, self.options.faults.exit_after);
        if change == Some(answered) || exit == Some(answered) {
            // The reply comes before what it brings about.
            output.flush();
        }
        if change == Some(answered) {
            self.extended.store(true, Ordering::SeqCst);
            let sessions: Vec<_> = lock(&self.sessions).iter().filter_map(Weak::upgrade).collect();
            for session in sessions {
                session.announce_tools();
            }
        }
        if exit == Some(answered) {
            transport::leave(0);
        }
    }
}

impl Session {
    pub(crate) fn open(server: &Arc<Server>, output: Arc<Output>) -> Arc<Session> {
        let session = Arc::new(Session {
            server: Arc::clone(server),
            output,
            state: Mutex::default(),
            calls: Mutex::default(),
            asked: Mutex::default(),
            shortcut: AtomicBool::new(false),
        });
        let mut sessions = lock(&server.sessions);
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(&session));
        session
    }

    /// Takes one line from the client.
    pub(crate) fn handle_line(self: &Arc<Session>, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() || self.answer_bench(line) {
            return;
        }
        match serde_json::from_slice(line) {
            Ok(Value::Array(messages)) => {
                for message in messages {
                    self.handle_message(message);
                }
            }
            Ok(message) => self.handle_message(message),
            Err(error) => {
                let text = format!("parse error: {error}");
                self.output.reply("", &Value::Null, &Body::error(-32700, text));
            }
        }
    }

    /// Whether `--stop-reading` takes effect now.
    pub(crate) fn stops_reading(&self) -> bool {
        self.server.options.faults.stop_reading && lock(&self.state).handshake_over
    }

    /// The client is gone: nobody waits for what still runs.
    pub(crate) fn end(&self) {
        for cancel in lock(&self.calls).values() {
            cancel.cancel();
        }
        lock(&self.asked).waiting.clear();
    }

    /// Sends a request to the client; its response comes through the receiver,
    /// which is closed if the client goes away first.
    pub(crate) fn ask(&self, method: &str, params: Value) -> Receiver<Value> {
        let (sender, receiver) = channel();
        let mut asked = lock(&self.asked);
        // Numbers from 1 on, as the client uses for its own: they must not mix.
        asked.last_id += 1;
        let id = asked.last_id;
        asked.waiting.insert(id, sender);
        drop(asked);
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            request["params"] = params;
        }
        self.output.send_own(&request);
        receiver
    }

    /// What the client answered to roots/list.
    pub(crate) fn roots(&self) -> Option<Value> {
        lock(&self.state).roots.clone()
    }

    /// Answers a call of `bench` without parsing it, so that benchmarks measure
    /// the client. Only for the usual order of members.
    fn answer_bench(&self, line: &[u8]) -> bool {
        if !self.shortcut.load(Ordering::Relaxed) {
            return false;
        }
        let Some(rest) = line.strip_prefix(br#"{"jsonrpc":"2.0","id":"#) else { return false };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (id, rest) = rest.split_at(digits);
        const CALL: &[u8] = br#","method":"tools/call","params":{"name":"bench","#;
        if !rest.starts_with(CALL) || !rest.ends_with(b"}}") {
            return false;
        }
        let Ok(id) = std::str::from_utf8(id).unwrap_or_default().parse::<u64>() else {
            return false;
        };
        self.server.journal.record(&Value::Null, "bench", &Value::Null);
        self.output.reply("tools/call", &Value::from(id), &tools::bench());
        true
    }

    fn handle_message(self: &Arc<Session>, message: Value) {
        let Value::Object(mut message) = message else {
            let body = Body::error(-32600, "not a request");
            return self.output.reply("", &Value::Null, &body);
        };
        let id = message.remove("id");
        let params = message.remove("params").unwrap_or_default();
        if !params.is_object() && !params.is_null() {
            let body = Body::error(-32602, "params must be an object");
            return self.output.reply("", &id.unwrap_or_default(), &body);
        }
        match (message.remove("method"), id) {
            (Some(Value::String(method)), Some(id)) => self.handle_request(&method, id, params),
            (Some(Value::String(method)), None) => self.handle_notification(&method, &params),
            (None, Some(id)) if message.contains_key("result") || message.contains_key("error") => {
                self.handle_response(&id, Value::Object(message));
            }
            (_, id) => {
                let body = Body::error(-32600, "not a request");
                self.output.reply("", &id.unwrap_or_default(), &body);
            }
        }
    }

    fn handle_request(self: &Arc<Session>, method: &str, id: Value, params: Value) {
        let modern = params["_meta"][META_VERSION].is_string() || method == "server/discover";
        let modern = match self.server.options.era {
            Era::Legacy => false,
            Era::Modern => true,
            Era::DualTs => modern,
            Era::Dual => {
                let mut state = lock(&self.state);
                state.modern |= modern && state.legacy == Legacy::Fresh;
                state.modern
            }
        };
        if method == "server/discover" {
            match self.server.options.faults.probe {
                Probe::Answer => {}
                Probe::Error(code) => {
                    return self.output.reply(method, &id, &Body::error(code, "no such method"));
                }
                Probe::Exit => return self.output.close(),
                Probe::Late(late) => {
                    let session = Arc::clone(self);
                    std::thread::spawn(move || {
                        std::thread::sleep(late);
                        session.answer("server/discover", &id, params, modern);
                        session.output.flush();
                    });
                    return;
                }
                Probe::Silent => return,
            }
        }
        self.answer(method, &id, params, modern);
    }

    fn answer(self: &Arc<Session>, method: &str, id: &Value, params: Value, modern: bool) {
        let refusal = if modern { self.refuse_modern(method, &params) } else { None };
        let refusal = refusal.or_else(|| (!modern).then(|| self.refuse_legacy(method)).flatten());
        if let Some(body) = refusal {
            return self.output.reply(method, id, &body);
        }
        let body = match (method, modern) {
            ("tools/call", _) => return self.call(id, params, modern),
            ("initialize", false) => return self.initialize(id, &params),
            ("server/discover", true) => self.discover(),
            ("subscriptions/listen", true) => return self.listen(id, &params),
            ("ping", false) => Body::Result(json!({})),
            ("resources/subscribe" | "resources/unsubscribe", false) => self.watch(method, &params),
            ("logging/setLevel", false) => {
                self.output.send_own(&json!({
                    "jsonrpc": "2.0", "method": "notifications/message",
                    "params": {"level": "info", "logger": "test",
                        "data": format!("level is {} now", params["level"])},
                }));
                Body::Result(json!({}))
            }
            _ => self.read(method, &params, modern),
        };
        self.output.reply(method, id, &body);
    }

    /// The requests that only look something up.
    fn read(&self, method: &str, params: &Value, modern: bool) -> Body {
        let family = match method.split('/').next() {
            Some("completion") => "completions",
            Some(family) => family,
            None => method,
        };
        if self.server.options.without.iter().any(|name| name == family) {
            return Body::error(-32601, format!("method not found: {method}"));
        }
        let text = |name: &str| params[name].as_str().unwrap_or_default();
        let found = match method {
            "tools/list" => {
                let extended = self.server.extended.load(Ordering::SeqCst);
                let page = self.server.options.page;
                let more = self.server.options.more_tools;
                catalog::tool_page(params["cursor"].as_str(), page, extended, more)
                    .ok_or((-32602, "no such cursor"))
            }
            "resources/list" => Ok(catalog::resources()),
            "resources/templates/list" => Ok(catalog::templates()),
            "resources/read" => {
                let unknown = if modern { -32602 } else { -32002 };
                catalog::resource(text("uri")).ok_or((unknown, "resource not found"))
            }
            "prompts/list" => Ok(catalog::prompts()),
            "prompts/get" => catalog::prompt(text("name"), &params["arguments"])
                .ok_or((-32602, "no such prompt")),
            "completion/complete" => Ok(catalog::completions(params)),
            _ => Err((-32601, "method not found")),
        };
        match found {
            Ok(mut result) => {
                if modern {
                    result["resultType"] = json!("complete");
                    if method != "completion/complete" && method != "prompts/get" {
                        result["ttlMs"] = json!(60_000);
                        result["cacheScope"] = json!("public");
                    }
                }
                Body::Result(result)
            }
            Err((code, message)) => Body::error(code, format!("{message}: {method}")),
        }
    }

    fn refuse_modern(&self, method: &str, params: &Value) -> Option<Body> {
        let versions = self.server.versions();
        let unsupported = |requested: &str| Body::Error {
            code: -32022,
            message: "unsupported protocol version".to_string(),
            data: Some(json!({"supported": versions, "requested": requested})),
        };
        if method == "initialize" {
            let requested = params["protocolVersion"].as_str().unwrap_or_default();
            return Some(unsupported(requested));
        }
        let meta = &params["_meta"];
        let Some(requested) = meta[META_VERSION].as_str() else {
            return Some(Body::error(-32602, format!("missing _meta {META_VERSION}")));
        };
        if !meta[META_CAPABILITIES].is_object() {
            return Some(Body::error(-32602, format!("missing _meta {META_CAPABILITIES}")));
        }
        if requested < MODERN || !versions.iter().any(|version| version == requested) {
            // A server with legacy versions only still answers the probe.
            let tells = method == "server/discover" && !versions.iter().any(|v| v == MODERN);
            return (!tells || self.server.options.refuse_version).then(|| unsupported(requested));
        }
        None
    }

    fn refuse_legacy(&self, method: &str) -> Option<Body> {
        let legacy = lock(&self.state).legacy;
        match (legacy, method) {
            (_, "ping") | (Legacy::Fresh, "initialize") | (Legacy::Ready, _) => {
                let twice = method == "initialize" && legacy == Legacy::Ready;
                twice.then(|| Body::error(-32600, "initialize came twice"))
            }
            (_, "server/discover") => Some(Body::error(-32601, "method not found")),
            (Legacy::Initializing, "initialize") => {
                Some(Body::error(-32600, "initialize came twice"))
            }
            _ => Some(Body::error(-32602, "request before initialization was complete")),
        }
    }

    fn capabilities(&self) -> Value {
        let mut all = json!({
            "tools": {"listChanged": true}, "resources": {"subscribe": true}, "prompts": {},
            "completions": {},
        });
        if let Some(all) = all.as_object_mut() {
            all.retain(|name, _| !self.server.options.without.contains(name));
        }
        all
    }

    fn discover(&self) -> Body {
        lock(&self.state).handshake_over = true;
        Body::Result(json!({
            "resultType": "complete",
            "supportedVersions": self.server.versions(),
            "capabilities": self.capabilities(),
            "instructions": "A server for tests.",
            "ttlMs": 60_000,
            "cacheScope": "public",
            "_meta": {"io.modelcontextprotocol/serverInfo": server_info()},
        }))
    }

    fn initialize(self: &Arc<Session>, id: &Value, params: &Value) {
        let offered = self.server.legacy_versions();
        let requested = params["protocolVersion"].as_str().unwrap_or_default();
        let version = offered.iter().find(|version| *version == requested).or(offered.first());
        let body = match version {
            None => self.refuse_modern("initialize", params),
            Some(version) => {
                lock(&self.state).legacy = Legacy::Initializing;
                Some(Body::Result(json!({
                    "protocolVersion": version,
                    "capabilities": self.capabilities(),
                    "serverInfo": server_info(),
                    "instructions": "A server for tests.",
                })))
            }
        };
        let body = body.unwrap_or_else(|| Body::error(-32602, "no version"));
        if !self.server.options.faults.ping_on_init {
            return self.output.reply("initialize", id, &body);
        }
        let pong = self.ask("ping", Value::Null);
        let (session, id) = (Arc::clone(self), id.clone());
        std::thread::spawn(move || {
            if pong.recv().is_ok() {
                session.output.reply("initialize", &id, &body);
                session.output.flush();
            }
        });
    }

    fn listen(&self, id: &Value, params: &Value) {
        let wanted = &params["notifications"];
        let tools = wanted["toolsListChanged"] == true;
        let resources: Vec<String> = wanted["resourceSubscriptions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|uri| catalog::resource(uri).is_some())
            .map(str::to_string)
            .collect();
        let agreed = json!({"toolsListChanged": tools, "resourceSubscriptions": resources});
        lock(&self.state).listeners.push(Listener { id: id.clone(), tools, resources });
        self.output.send_own(&json!({
            "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
            "params": {"_meta": {META_SUBSCRIPTION: id}, "notifications": agreed},
        }));
    }

    /// `resources/subscribe` and its opposite.
    fn watch(&self, method: &str, params: &Value) -> Body {
        let uri = params["uri"].as_str().unwrap_or_default();
        let mut state = lock(&self.state);
        state.watched.retain(|other| other != uri);
        if method == "resources/subscribe" {
            if catalog::resource(uri).is_none() {
                return Body::error(-32002, "resource not found");
            }
            state.watched.push(uri.to_string());
        }
        Body::Result(json!({}))
    }

    fn announce_tools(&self) {
        let ready = lock(&self.state).legacy == Legacy::Ready;
        self.announce("notifications/tools/list_changed", &json!({}), ready, |who| who.tools);
    }

    fn announce_update(&self, uri: &str) {
        let watched = lock(&self.state).watched.iter().any(|other| other == uri);
        let hears = |who: &Listener| who.resources.iter().any(|other| other == uri);
        self.announce("notifications/resources/updated", &json!({"uri": uri}), watched, hears);
    }

    /// Sends a notification to a legacy client, and for each listener that hears it.
    fn announce(
        &self,
        method: &str,
        params: &Value,
        legacy: bool,
        hears: impl Fn(&Listener) -> bool,
    ) {
        let listeners = lock(&self.state).listeners.clone();
        let mut message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        if legacy {
            self.output.send_own(&message);
        }
        for listener in listeners.iter().filter(|listener| hears(listener)) {
            message["params"]["_meta"] = json!({META_SUBSCRIPTION: listener.id});
            self.output.send_own(&message);
        }
    }

    fn handle_notification(self: &Arc<Session>, method: &str, params: &Value) {
        match method {
            "notifications/initialized" => {
                let mut state = lock(&self.state);
                if state.legacy != Legacy::Initializing {
                    return;
                }
                state.legacy = Legacy::Ready;
                state.handshake_over = true;
                drop(state);
                if self.server.options.ask_roots {
                    self.ask_roots();
                }
            }
            "notifications/cancelled" => {
                let id = &params["requestId"];
                lock(&self.state).listeners.retain(|listener| listener.id != *id);
                if let Some(cancel) = lock(&self.calls).get(&id.to_string()) {
                    cancel.cancel();
                }
            }
            "notifications/roots/list_changed" if self.server.options.ask_roots => {
                self.ask_roots();
            }
            _ => {}
        }
    }

    fn ask_roots(self: &Arc<Session>) {
        let answer = self.ask("roots/list", Value::Null);
        let session = Arc::downgrade(self);
        std::thread::spawn(move || {
            if let (Ok(answer), Some(session)) = (answer.recv(), session.upgrade()) {
                lock(&session.state).roots = Some(answer);
            }
        });
    }

    fn handle_response(&self, id: &Value, response: Value) {
        let waiting = id.as_u64().and_then(|id| lock(&self.asked).waiting.remove(&id));
        match waiting {
            // The asking thread may have given up meanwhile.
            Some(sender) => drop(sender.send(response)),
            None => crate::complain(&format!("a response to {id}, which was not asked")),
        }
    }

    fn call(self: &Arc<Session>, id: &Value, mut params: Value, modern: bool) {
        let name = params["name"].as_str().unwrap_or_default().to_string();
        let extended = self.server.extended.load(Ordering::SeqCst);
        let Some(definition) = catalog::tool(&name, extended) else {
            let body = Body::error(-32602, format!("unknown tool: {name}"));
            return self.output.reply("tools/call", id, &body);
        };
        let arguments = match params["arguments"].take() {
            Value::Null => Value::Object(Map::new()),
            arguments => arguments,
        };
        let cancel = Arc::new(Cancel::default());
        let call = Call { name, arguments, params, modern, definition };
        let works = tools::takes_time(&call.name) || !self.server.options.work.is_zero();
        // A tool that asks the client needs the reader even in a serial server.
        if !works
            || (self.server.options.serial
                && !matches!(call.name.as_str(), "ask" | "sample" | "where"))
        {
            return self.run(id, &call, &cancel);
        }
        lock(&self.calls).insert(id.to_string(), Arc::clone(&cancel));
        let (session, id) = (Arc::clone(self), id.clone());
        std::thread::spawn(move || {
            session.run(&id, &call, &cancel);
            lock(&session.calls).remove(&id.to_string());
            session.output.flush();
        });
    }

    fn run(self: &Arc<Session>, id: &Value, call: &Call, cancel: &Cancel) {
        if !matches!(call.name.as_str(), "count" | "calls") {
            self.server.journal.record(id, &call.name, &call.arguments);
        }
        if cancel.wait(self.server.options.work) {
            return;
        }
        let body = match tools::run(call, self, cancel) {
            Outcome::Body(body) => body,
            Outcome::Cancelled => return,
            Outcome::Exit(code) => {
                self.output.flush();
                transport::leave(code);
            }
            Outcome::Crash(body) => {
                self.output.send_half(id, &body);
                crate::sys::crash();
            }
        };
        if cancel.is_cancelled() {
            return;
        }
        self.output.reply("tools/call", id, &body);
        if call.name == "bench" && self.server.allows_shortcuts() {
            self.shortcut.store(true, Ordering::Relaxed);
        }
        self.server.call_answered(&self.output);
    }
}

impl Cancel {
    fn cancel(&self) {
        *lock(&self.cancelled) = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *lock(&self.cancelled)
    }

    /// Waits, and tells whether the call was cancelled meanwhile.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let cancelled = lock(&self.cancelled);
        if time.is_zero() {
            return *cancelled;
        }
        let waited = self.changed.wait_timeout_while(cancelled, time, |cancelled| !*cancelled);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn server_info() -> Value {
    json!({"name": "tmcp-test-server", "title": "Test server", "version": env!("CARGO_PKG_VERSION")})
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
