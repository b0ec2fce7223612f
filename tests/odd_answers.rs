//! Every field of every message that is read, damaged in every way: each costs at
//! most itself, in both eras.
//!
//! A template below is one message of a server. Each of its members is damaged in
//! turn: null, missing, there twice, empty, of every other type. To add a field is to
//! add it to a template. Words that begin with `seen-` have to be shown whatever is
//! damaged, unless the damage is at them or above them. The request must end at once,
//! and the next one must be answered on the same connection.

// How much was tried is shown with --nocapture.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tmcp::config::parse_servers;
use tmcp::engine::{
    Action, Arguments, CallTool, Completion, Engine, Event, Listing, LogLevel, Opened, Reference,
    Reply, RequestId, StreamId, Unfinished,
};
use tmcp::mcp::render::{content, listing};
use tmcp::time::Time;

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    Call,
    List(Listing),
    Read,
    Prompt,
    Complete,
}

/// One message of a server.
struct Template {
    name: &'static str,
    ask: Ask,
    /// The method whose answer it is; of a notification the one before whose answer
    /// it comes.
    method: &'static str,
    message: &'static str,
    /// Members whose damage may cost more than themselves: what it may cost.
    costs: &'static [(&'static str, &'static str)],
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "initialize",
        ask: Ask::Call,
        method: "initialize",
        message: r#"{"jsonrpc":"2.0","result":{"protocolVersion":"2025-11-25",
            "capabilities":{"tools":{"listChanged":true},"logging":{},"experimental":{"x":1}},
            "serverInfo":{"name":"n","title":"t","version":"1"},"instructions":"i","_meta":{"a":1}}}"#,
        // Without a version there is no session.
        costs: &[("/result", "skip"), ("/result/protocolVersion", "skip")],
    },
    Template {
        name: "discover",
        ask: Ask::Call,
        method: "server/discover",
        message: r#"{"jsonrpc":"2.0","result":{"supportedVersions":["2026-07-28"],
            "capabilities":{"tools":{}},"resultType":"complete","ttlMs":1,"cacheScope":"public",
            "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}}"#,
        costs: &[("/result", "skip"), ("/result/supportedVersions", "skip")],
    },
    Template {
        name: "call",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","result":{"content":[
            {"type":"text","text":"seen-text","annotations":{"audience":["user"],"priority":1},"_meta":{"a":1}},
            {"type":"image","mimeType":"image/seen-png","data":"Zg=="},
            {"type":"audio","mimeType":"audio/seen-wav","data":"Zg=="},
            {"type":"resource","resource":{"uri":"a:b","mimeType":"a/b","text":"seen-inside"}},
            {"type":"resource","resource":{"uri":"a:b","mimeType":"a/seen-blob","blob":"Zg=="}},
            {"type":"resource_link","name":"seen-name","uri":"seen-uri","title":"t","description":"d",
                "mimeType":"a/b","size":5}],
            "structuredContent":{"rows":["seen-row",1.0]},"isError":false,"resultType":"complete",
            "_meta":{"progressToken":1}}}"#,
        // An unknown type of result is none that may be understood (2026-07-28).
        costs: &[("/result/resultType", "/result")],
    },
    Template {
        name: "failed call",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"seen-why"}],"isError":true}}"#,
        costs: &[],
    },
    Template {
        name: "error",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"seen-message","data":{"why":"seen-data"}}}"#,
        costs: &[],
    },
    Template {
        name: "address",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","error":{"code":-32042,"message":"seen-message","data":{"elicitations":[
            {"mode":"url","elicitationId":"1","url":"https://seen-address","message":"seen-login"}]}}}"#,
        costs: &[
            // An address that is none leaves nothing to log in to.
            ("/error/data/elicitations/0/url", "/error/data/elicitations/0"),
        ],
    },
    Template {
        name: "tools",
        ask: Ask::List(Listing::Tools),
        method: "tools/list",
        message: r#"{"jsonrpc":"2.0","result":{"tools":[
            {"name":"seen-a","title":"t","description":"seen-words","icons":[{"src":"x"}],"_meta":{"a":1},
                "outputSchema":{"type":"object"},"execution":{"taskSupport":"optional"},
                "annotations":{"title":"t","readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,
                    "openWorldHint":true}},
            {"name":"seen-b","description":"seen-described","inputSchema":{"type":"object",
                "properties":{"seen-arg":{"type":"integer","description":"x"}},"required":["seen-arg"]}}],
            "nextCursor":null,"ttlMs":5000,"cacheScope":"private","resultType":"complete","_meta":{"a":1}}}"#,
        costs: &[
            // Without a name nothing can be called.
            ("/result/tools/0/name", "/result/tools/0"),
            ("/result/tools/1/name", "/result/tools/1"),
            // The required argument has the same name.
            ("/result/tools/1/inputSchema/properties", "/result/tools/1/inputSchema"),
            ("/result/tools/1/inputSchema/properties/seen-arg", "/result/tools/1/inputSchema"),
        ],
    },
    Template {
        name: "resources",
        ask: Ask::List(Listing::Resources),
        method: "resources/list",
        message: r#"{"jsonrpc":"2.0","result":{"resources":[{"uri":"seen-uri","name":"n","title":"t",
            "description":"seen-words","mimeType":"a/b","size":5,"annotations":{"priority":1},"icons":[],"_meta":{"a":1}},
            {"uri":"seen-other","name":"seen-name"}],"nextCursor":null,"ttlMs":1}}"#,
        costs: &[],
    },
    Template {
        name: "templates",
        ask: Ask::List(Listing::ResourceTemplates),
        method: "resources/templates/list",
        message: r#"{"jsonrpc":"2.0","result":{"resourceTemplates":[{"uriTemplate":"seen-{x}","name":"n",
            "title":"t","description":"seen-words","mimeType":"a/b","annotations":{}},
            {"uriTemplate":"seen-other","name":"seen-name"}],"nextCursor":null}}"#,
        costs: &[],
    },
    Template {
        name: "prompts",
        ask: Ask::List(Listing::Prompts),
        method: "prompts/list",
        message: r#"{"jsonrpc":"2.0","result":{"prompts":[{"name":"seen-p","title":"t","description":"seen-words",
            "icons":[],"arguments":[{"name":"seen-arg","title":"t","description":"seen-what","required":true}]},
            {"name":"seen-q"}],"nextCursor":null}}"#,
        costs: &[
            ("/result/prompts/0/name", "/result/prompts/0"),
            ("/result/prompts/1/name", "/result/prompts/1"),
        ],
    },
    Template {
        name: "read",
        ask: Ask::Read,
        method: "resources/read",
        message: r#"{"jsonrpc":"2.0","result":{"contents":[{"uri":"a:b","mimeType":"a/b","text":"seen-text"},
            {"uri":"seen-uri","mimeType":"seen/mime","blob":"Zg=="}],"ttlMs":1,"cacheScope":"public"}}"#,
        costs: &[],
    },
    Template {
        name: "prompt",
        ask: Ask::Prompt,
        method: "prompts/get",
        message: r#"{"jsonrpc":"2.0","result":{"description":"d","messages":[
            {"role":"user","content":{"type":"text","text":"seen-question"}},
            {"role":"assistant","content":{"type":"text","text":"seen-answer"}}]}}"#,
        costs: &[],
    },
    Template {
        name: "completion",
        ask: Ask::Complete,
        method: "completion/complete",
        message: r#"{"jsonrpc":"2.0","result":{"completion":{"values":["seen-x","seen-y"],"total":2,"hasMore":false}}}"#,
        costs: &[],
    },
    Template {
        name: "progress",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"ID",
            "progress":1,"total":2,"message":"m","_meta":{"a":1}}}"#,
        costs: &[],
    },
    Template {
        name: "log",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","logger":"l",
            "data":{"a":1},"_meta":{"a":1}}}"#,
        costs: &[],
    },
    Template {
        name: "updated",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b","title":"t",
            "_meta":{"io.modelcontextprotocol/subscriptionId":"1"}}}"#,
        costs: &[],
    },
    Template {
        name: "acknowledged",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{
            "notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:b"]},
            "_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#,
        costs: &[],
    },
    Template {
        name: "cancelled",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99,"reason":"r"}}"#,
        costs: &[],
    },
    Template {
        name: "list changed",
        ask: Ask::Call,
        method: "tools/call",
        message: r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"a":1}}}"#,
        costs: &[],
    },
];

/// Members of all templates together. One that is added is to be counted.
const FIELDS: usize = 270;

/// What stands where a member should be.
const DAMAGES: &[&str] = &[
    "null",
    "\"\"",
    "\"text\"",
    "\"half \\ud800\"",
    "0",
    "-7.5",
    "12345678901234567890",
    "1e400",
    "true",
    "false",
    "[]",
    "[null]",
    "[[\"x\"],7]",
    "{}",
    "{\"a\":null,\"a\":[]}",
];

/// How a member is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Missing,
    Is(&'static str),
    TwiceFirst(&'static str),
    TwiceLast(&'static str),
}

impl Damage {
    fn all() -> Vec<Damage> {
        let mut all = vec![Damage::Missing];
        all.extend(DAMAGES.iter().map(|raw| Damage::Is(raw)));
        for raw in ["null", "\"text\"", "7", "[]", "{}"] {
            all.extend([Damage::TwiceFirst(raw), Damage::TwiceLast(raw)]);
        }
        all
    }
}

/// The paths of all members and elements of a value.
fn paths(value: &Value, at: &str, all: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        _ => return,
    };
    for (name, child) in children {
        let path = format!("{at}/{}", name.replace('/', "~1"));
        paths(child, &path, all);
        all.push(path);
    }
}

/// `value` as JSON, damaged at `path`.
fn render(value: &Value, at: &str, path: &str, damage: Damage) -> String {
    let piece = |name: &str, child: &Value| -> Vec<String> {
        let here = format!("{at}/{}", name.replace('/', "~1"));
        let good = render(child, &here, path, damage);
        if here != path {
            return vec![good];
        }
        match damage {
            Damage::Missing => vec![],
            Damage::Is(raw) => vec![raw.into()],
            Damage::TwiceFirst(raw) => vec![raw.into(), good],
            Damage::TwiceLast(raw) => vec![good, raw.into()],
        }
    };
    match value {
        Value::Object(members) => {
            let members = members.iter().flat_map(|(name, child)| {
                piece(name, child).into_iter().map(move |raw| format!("{}:{raw}", json!(name)))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => {
            let items = list.iter().enumerate().flat_map(|(n, child)| piece(&n.to_string(), child));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        leaf => leaf.to_string(),
    }
}

/// The words of `value` that have to be seen, with their paths.
fn witnesses(value: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    paths(value, "", &mut all);
    let words = |path: String| {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let text = value.pointer(&path).and_then(Value::as_str).unwrap_or_default().to_owned();
        [name, text].into_iter().find(|word| word.contains("seen-")).map(|word| (path, word))
    };
    all.into_iter().filter_map(words).collect()
}

/// An engine, and a server that answers each method by a line.
struct World {
    engine: Engine,
    now: Time,
    streams: BTreeSet<u64>,
    warnings: Vec<String>,
}

const ALIVE: &str = r#"{"content":[{"type":"text","text":"alive"}]}"#;

impl World {
    fn new() -> World {
        let mut engine = Engine::new("odd", "1", 1, LogLevel::Warning);
        let servers = json!({"s": {"command": "x"}});
        let config = parse_servers(servers.to_string().as_bytes(), &|_| None, "test");
        let now = Time::from_micros(1_000_000);
        engine.configure(now, config);
        World { engine, now, streams: BTreeSet::new(), warnings: Vec::new() }
    }

    /// Carries out everything that can be without time passing.
    fn run(&mut self, answer: &dyn Fn(&str, &Value) -> String) {
        loop {
            while let Some(action) = self.engine.poll_action() {
                match action {
                    Action::Open { stream, .. } => {
                        self.streams.insert(stream.0);
                        let opened = Opened { pid: Some(1), ..Opened::default() };
                        self.engine.opened(self.now, stream, opened);
                    }
                    Action::Write { stream } => self.serve(stream, answer),
                    _ => {}
                }
            }
            while let Some((level, line)) = self.engine.poll_log() {
                if level == LogLevel::Warning {
                    self.warnings.push(line);
                }
            }
            if !self.engine.has_work() {
                return;
            }
            self.engine.work(self.now, usize::MAX);
        }
    }

    fn serve(&mut self, stream: StreamId, answer: &dyn Fn(&str, &Value) -> String) {
        let bytes = self.engine.pending(stream).to_vec();
        self.engine.wrote(self.now, stream, bytes.len());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // A cursor goes back as it came, half a surrogate pair and all.
            let line = String::from_utf8_lossy(line).replace("\\ud800", "\\ufffd");
            let request: Value = serde_json::from_str(&line).expect("exact in what is sent");
            let Some(method) = request["method"].as_str() else { continue };
            if request.get("id").is_some() {
                let text = answer(method, &request["id"]);
                self.engine.received(self.now, stream, text.as_bytes());
            }
        }
    }

    fn ask(&mut self, ask: Ask) -> RequestId {
        let (engine, now) = (&mut self.engine, self.now);
        let arguments = Arguments::Json("{}".into());
        match ask {
            Ask::Call => {
                let call = CallTool {
                    server: "s".into(),
                    tool: "t".into(),
                    arguments,
                    is_unattended: false,
                };
                engine.call(now, call, None, 1)
            }
            Ask::List(what) => engine.list(now, "s", what, None, 1),
            Ask::Read => engine.read_resource(now, "s", "a:b", None, 1),
            Ask::Prompt => engine.get_prompt(now, "s", "p", arguments, None, 1),
            Ask::Complete => {
                let reference = Reference::Prompt("p");
                let wanted = Unfinished { reference, argument: "a", value: "", given: &[] };
                engine.complete(now, "s", wanted, None, 1)
            }
        }
        .expect("it is accepted")
    }

    fn done(&mut self, id: RequestId) -> Option<Completion> {
        let mut found = None;
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Done(done) if done.id == id => found = Some(done),
                _ => {}
            }
        }
        found
    }
}

/// All that a person is shown of the end of a request.
fn shown(done: &Completion) -> String {
    match &done.outcome {
        Ok(Reply::Tool { result, .. } | Reply::Result(result)) => content::text(result),
        Ok(Reply::List { what, items }) => listing::task(items.to_vec(), *what).finish(),
        Ok(Reply::Ready | Reply::Imported(_)) => String::new(),
        Err(error) => error.message().to_owned(),
    }
}

/// The answer to everything that is not damaged.
fn usual(method: &str, modern: bool) -> String {
    match method {
        "server/discover" if modern => {
            r#""result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"resources":{},"prompts":{},"completions":{}}}"#.into()
        }
        "server/discover" => r#""error":{"code":-32601,"message":"no"}"#.into(),
        "initialize" => {
            r#""result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{},"prompts":{},"completions":{}},"serverInfo":{"name":"s","version":"1"}}"#.into()
        }
        _ => format!("\"result\":{ALIVE}"),
    }
}

/// Tries one damage. What went wrong.
fn try_one(template: &Template, modern: bool, path: &str, damage: Damage) -> Result<(), String> {
    let value: Value = serde_json::from_str(template.message).expect("a template is JSON");
    let damaged = render(&value, "", path, damage);
    let is_notice = value.get("method").is_some();
    let cost = template.costs.iter().find(|(at, _)| *at == path).map_or(path, |(_, cost)| cost);
    let answer = |method: &str, id: &Value| -> String {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{}}}\n", usual(method, modern));
        if method != template.method {
            return line;
        }
        if is_notice {
            return format!("{}\n{line}", damaged.replace("\"ID\"", &id.to_string()));
        }
        // The id is damaged in a test of its own.
        let rest = damaged.strip_prefix('{').expect("an object");
        format!("{{\"id\":{id}{}{rest}\n", if rest == "}" { "" } else { "," })
    };
    let mut world = World::new();
    let id = world.ask(template.ask);
    world.run(&answer);
    let done = world.done(id).ok_or("the request has not ended")?;
    let text = shown(&done);
    for (at, word) in witnesses(&value) {
        let below = at == cost || at.starts_with(&format!("{cost}/"));
        // What stands beside the type of a result that is unknown, and above it.
        if !below && !text.contains(&word) {
            return Err(format!("{word} is not shown, but {text:?}"));
        }
    }
    if (is_notice || value.get("result").is_some_and(|_| template.method.contains("initialize")))
        && text != "alive"
    {
        return Err(format!("a notice or a handshake cost the answer: {text:?}"));
    }
    let fields: BTreeSet<&String> = world.warnings.iter().collect();
    if fields.len() != world.warnings.len() || world.warnings.len() > 3 {
        return Err(format!("too many warnings: {:?}", world.warnings));
    }
    // The next request is answered on the same connection.
    let next = |method: &str, id: &Value| {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{}}}\n", usual(method, modern))
    };
    let id = world.ask(Ask::Call);
    world.run(&next);
    let done = world.done(id).ok_or("the next request has not ended")?;
    if shown(&done) != "alive" || world.streams.len() != 1 {
        return Err(format!("the next answer is {:?}", shown(&done)));
    }
    Ok(())
}

/// An id that is none of ours, or two that differ, cost the answer and no other.
#[test]
fn a_damaged_id_costs_its_answer_alone() {
    for id in ["null", "\"x\"", "[]", "1e400", "99999999999999999999", "-1", "4711"] {
        let mut world = World::new();
        let first = world.ask(Ask::Call);
        world.run(&|method, own| match method {
            "tools/call" => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{ALIVE}}}\n"),
            _ => format!("{{\"id\":{own},{}}}\n", usual(method, false)),
        });
        // Whether it has ended or still waits, nobody else got its answer.
        let early = world.done(first);
        assert!(early.is_none_or(|done| done.outcome.is_err()), "{id}");
        let second = world.ask(Ask::Call);
        world.run(&|method, own| format!("{{\"id\":\"{own}.0\",{}}}\n", usual(method, false)));
        let done = world.done(second).expect("the next request has ended");
        assert_eq!(shown(&done), "alive", "{id}");
    }
}

#[test]
fn a_damaged_field_costs_at_most_itself() {
    let (mut fields, mut tries, mut wrong) = (0, 0, Vec::new());
    for template in TEMPLATES {
        let value: Value = serde_json::from_str(template.message).expect("a template is JSON");
        let mut all = Vec::new();
        paths(&value, "", &mut all);
        fields += all.len();
        let eras: &[bool] = match template.method {
            "initialize" => &[false],
            "server/discover" => &[true],
            _ => &[false, true],
        };
        for path in &all {
            let skip = template.costs.iter().any(|(at, cost)| {
                *cost == "skip"
                    && (path == at || path.starts_with(&format!("{at}/")) && *at != "/result")
            });
            for (modern, damage) in
                eras.iter().flat_map(|era| Damage::all().into_iter().map(|damage| (*era, damage)))
            {
                if skip {
                    continue;
                }
                tries += 1;
                if let Err(why) = try_one(template, modern, path, damage) {
                    let era = if modern { "modern" } else { "legacy" };
                    wrong.push(format!("{} ({era}) {path} {damage:?}: {why}", template.name));
                }
            }
        }
    }
    println!("{fields} fields, {tries} damages, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(fields, FIELDS, "fields were added or taken away");
}
