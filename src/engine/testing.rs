//! An engine with one server for unit tests: what a server says goes in as text,
//! and what the engine sends comes out as JSON.

use serde_json::{Value, json};

use crate::config::{Era, parse_servers};
use crate::engine::{
    Abilities, Action, Arguments, CallTool, Engine, Event, LogLevel, Opened, RequestId, StreamId,
};
use crate::time::Time;

/// An engine whose only server is called `s`.
pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) now: Time,
    /// The stream that was opened last.
    pub(super) stream: StreamId,
    /// Everything that was sent and not looked at yet, on whichever connection.
    sent: Vec<Value>,
    /// The server reads nothing more.
    pub(super) is_deaf: bool,
    /// Streams are never opened.
    pub(super) is_unreachable: bool,
    /// Every action but the writes.
    pub(super) actions: Vec<Action>,
}

impl Bench {
    /// A server of the era that `entry` pins, which may ask everything.
    pub(super) fn new(entry: &Value) -> Bench {
        let mut engine = Engine::new("bench", "1", 1, LogLevel::Debug);
        engine.set_abilities(Abilities { elicitation: true, roots: true, sampling: true });
        let mut bench = Bench {
            engine,
            now: Time::from_micros(1_000_000),
            stream: StreamId(0),
            sent: Vec::new(),
            is_deaf: false,
            is_unreachable: false,
            actions: Vec::new(),
        };
        bench.configure(&json!({ "s": entry }));
        bench
    }

    /// One with a process that speaks the legacy era.
    pub(super) fn legacy() -> Bench {
        Bench::new(&json!({"command": "x", "era": "legacy"}))
    }

    /// One with a process that speaks the modern era.
    pub(super) fn modern() -> Bench {
        Bench::new(&json!({"command": "x", "era": "modern"}))
    }

    pub(super) fn configure(&mut self, servers: &Value) {
        let config = parse_servers(servers.to_string().as_bytes(), &|_| None, "test");
        assert_eq!(config.problems, []);
        self.engine.configure(self.now, config);
        while self.engine.has_work() {
            self.engine.work(self.now, usize::MAX);
        }
        self.carry_out();
    }

    /// Whether the server speaks the modern era.
    pub(super) fn is_modern(&self) -> bool {
        self.engine.era(self.stream) == Some(Era::Modern)
    }

    /// Calls a tool; the connection is opened and its handshake answered.
    pub(super) fn call(&mut self, tool: &str) -> RequestId {
        self.call_of("s", tool)
    }

    /// Calls a tool of a server.
    pub(super) fn call_of(&mut self, server: &str, tool: &str) -> RequestId {
        let arguments = Arguments::Json("{}".into());
        let call =
            CallTool { server: server.into(), tool: tool.into(), arguments, is_unattended: false };
        let id = self.engine.call(self.now, call, None, 7).unwrap();
        self.carry_out();
        id
    }

    /// The server says something.
    pub(super) fn says(&mut self, message: &Value) {
        self.line(&message.to_string());
    }

    /// The server writes a line.
    pub(super) fn line(&mut self, line: &str) {
        self.engine.received(self.now, self.stream, line.as_bytes());
        self.engine.received(self.now, self.stream, b"\n");
        self.carry_out();
    }

    /// What was sent since the last look.
    pub(super) fn sent(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.sent)
    }

    /// Everything that waits to be told.
    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    /// Time passes, and every deadline in it is served.
    pub(super) fn wait(&mut self, micros: u64) {
        self.carry_out();
        let until = Time::from_micros(self.now.as_micros() + micros);
        while let Some(when) = self.engine.deadline().filter(|when| *when <= until) {
            self.now = self.now.max(when);
            self.engine.handle_timeout(self.now);
            self.carry_out();
        }
        self.now = until;
    }

    /// The stream of the connection ends.
    pub(super) fn hang_up(&mut self) {
        self.engine.end_of_stream(self.now, self.stream, None);
        self.engine.child_exited(self.now, self.stream, Default::default());
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Open { .. } if self.is_unreachable => self.actions.push(action),
                Action::Open { stream, .. } => {
                    self.stream = stream;
                    self.engine.opened(
                        self.now,
                        stream,
                        Opened { pid: Some(1), ..Opened::default() },
                    );
                }
                Action::Write { .. } if self.is_deaf => {}
                Action::Write { stream } => {
                    let bytes = self.engine.pending(stream).to_vec();
                    self.engine.wrote(self.now, stream, bytes.len());
                    for line in bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
                        let message: Value = serde_json::from_slice(line).unwrap();
                        self.answer_handshake(stream, &message);
                        self.sent.push(message);
                    }
                }
                other => self.actions.push(other),
            }
        }
        self.engine.check().unwrap();
    }

    fn answer_handshake(&mut self, stream: StreamId, message: &Value) {
        let result = match message["method"].as_str() {
            Some("initialize") => json!({"protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": {"name": "s", "version": "1"}}),
            Some("server/discover") => {
                json!({"supportedVersions": ["2026-07-28"], "capabilities": {}})
            }
            _ => return,
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        let line = format!("{answer}\n");
        self.engine.received(self.now, stream, line.as_bytes());
    }
}
