//! Agents at the socket of a client, on real descriptors: who gets what, who is refused, and
//! what becomes of the requests of one that goes.

mod common;

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use common::{Driver, Home, server_binary};
use serde_json::{Value, json};
use tmcp::engine::AgentCall;

/// A program that speaks to the socket.
struct Program {
    stream: UnixStream,
    /// What came and makes no line yet.
    bytes: Vec<u8>,
    lines: Vec<Value>,
}

impl Program {
    fn connect(driver: &Driver) -> Program {
        let stream = UnixStream::connect(socket(driver)).unwrap();
        stream.set_nonblocking(true).unwrap();
        Program { stream, bytes: Vec::new(), lines: Vec::new() }
    }

    /// One whose server was found.
    fn new(driver: &mut Driver, server: &str) -> Program {
        let mut program = Program::connect(driver);
        program.say(json!({"tmcp": 1, "connect": server, "directory": driver.home.0}));
        let welcome = program.next(driver);
        assert_eq!(welcome, json!({"tmcp": 1, "server": server}));
        program
    }

    /// One that has a session, too.
    fn initialized(driver: &mut Driver, server: &str, name: &str) -> Program {
        let mut program = Program::new(driver, server);
        let info = json!({"name": name, "version": "1"});
        program.say(json!({"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}}));
        let answer = program.next(driver);
        assert_eq!(answer["id"], "init", "{answer}");
        program.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        program
    }

    fn say(&mut self, message: Value) {
        self.stream.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn call(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) {
        self.say(json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": {"progressToken": tool}}}));
    }

    /// Reads what has come. False: the other end has closed.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 64 << 10];
        let is_open = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break false,
                Ok(n) => self.bytes.extend_from_slice(&buffer[..n]),
                Err(e) => break e.kind() == std::io::ErrorKind::WouldBlock,
            }
        };
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            self.lines.push(serde_json::from_slice(&line).unwrap());
        }
        is_open
    }

    /// The next message.
    fn next(&mut self, driver: &mut Driver) -> Value {
        driver.until("a message for the agent", |_| {
            self.read();
            (!self.lines.is_empty()).then(|| self.lines.remove(0))
        })
    }

    /// Waits until the other end has closed.
    fn is_closed(&mut self, driver: &mut Driver) {
        driver.until("the end of the connection", |_| (!self.read()).then_some(()));
    }
}

fn socket(driver: &Driver) -> PathBuf {
    driver.home.path("sockets/agents")
}

/// A client with the scripted server as `s`, which listens.
fn listening(name: &str, more: Value) -> Driver {
    let home = Home::new(name);
    let server = |args: &[&str]| json!({"command": server_binary(), "args": args, "tools": {"deny": ["upper"]}});
    let mut servers = json!({"s": server(&["--era", "legacy"]), "m": server(&["--era", "modern"])});
    servers.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    common::write_config(&home, &servers.to_string());
    let mut driver = Driver::at(home);
    let path = socket(&driver);
    driver.client.listen(Some(&path)).unwrap();
    driver
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

fn agent_call(driver: &mut Driver) -> AgentCall {
    use tmcp::client::Event;
    driver.until("the end of a call of an agent", |driver| {
        let at = driver.events.iter().position(|event| matches!(event, Event::AgentCall(_)))?;
        match driver.events.remove(at) {
            Event::AgentCall(call) => Some(*call),
            _ => None,
        }
    })
}

#[test]
fn agents_and_the_host_share_one_process() {
    for server in ["s", "m"] {
        let mut driver = listening("agents-share", json!({}));
        let mut one = Program::initialized(&mut driver, server, "one");
        let mut two = Program::initialized(&mut driver, server, "two");
        one.call(1, "pid", json!({}));
        two.call(1, "pid", json!({}));
        let (first, second) = (one.next(&mut driver), two.next(&mut driver));
        let own = driver.text(server, "pid", "{}");
        assert_eq!((text(&first), text(&second)), (&*own, &*own));
        let call = agent_call(&mut driver);
        assert!(call.who.starts_with(&format!("bridge: pid {}, ", std::process::id())));
        assert_eq!((&*call.server, &*call.tool, &*call.arguments), (server, "pid", "{}"));
        assert!(call.failure.is_none() && call.size > 0);
        assert_eq!(driver.number(server, "Requests Sent"), 3);
    }
}

#[test]
fn answers_reach_who_asked_and_jobs_say_who() {
    let mut driver = listening("agents-apart", json!({}));
    let mut agents: Vec<Program> =
        (0..8).map(|n| Program::initialized(&mut driver, "s", &format!("agent{n}"))).collect();
    for (n, agent) in agents.iter_mut().enumerate() {
        // The same ids everywhere, and answers in the other order.
        agent.call(1, "sleep", json!({"ms": 400 - 40 * n, "text": format!("late {n}")}));
        agent.call("1", "echo", json!({"text": format!("soon {n}")}));
    }
    let who = driver.until("eight jobs", |driver| {
        let table = driver.client.jobs_table();
        let slow = (0..table.rows()).filter(|row| table.get(*row, "tool") == Some("sleep"));
        let who: Vec<String> =
            slow.map(|row| table.get(row, "who").unwrap_or_default().to_owned()).collect();
        (who.len() == 8).then_some(who)
    });
    for n in 0..8 {
        assert!(who.iter().any(|who| who.ends_with(&format!(", agent{n} 1"))), "{who:?}");
    }
    for (n, agent) in agents.iter_mut().enumerate() {
        let mut answers = [agent.next(&mut driver), agent.next(&mut driver)];
        answers.sort_by_key(|answer| answer["id"].is_string());
        assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!("1")));
        assert_eq!(text(&answers[1]), format!("soon {n}"));
        assert!(text(&answers[0]).contains("slept"), "{}", answers[0]);
    }
}

#[test]
fn lists_leave_out_what_the_entry_denies_and_calls_of_it_are_refused() {
    let mut driver = listening("agents-denied", json!({}));
    let mut agent = Program::initialized(&mut driver, "s", "a");
    agent.say(json!({"id": 1, "method": "tools/list"}));
    let tools = agent.next(&mut driver)["result"]["tools"].clone();
    let names: Vec<&str> =
        tools.as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert!(names.contains(&"echo") && !names.contains(&"upper"), "{names:?}");
    agent.call(2, "upper", json!({"text": "x"}));
    let refused = agent.next(&mut driver);
    assert_eq!(refused["error"]["code"], -32602);
    assert!(refused["error"]["message"].as_str().unwrap().contains("upper"), "{refused}");
}

#[test]
fn progress_and_every_other_request_pass() {
    let mut driver = listening("agents-all", json!({}));
    let mut agent = Program::initialized(&mut driver, "s", "a");
    agent.call(1, "progress", json!({"steps": 3, "ms": 1}));
    let mut told = Vec::new();
    loop {
        let message = agent.next(&mut driver);
        if message["id"] == 1 {
            break;
        }
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "progress");
        told.push(message);
    }
    assert!(!told.is_empty());
    for (method, params, member) in [
        ("resources/list", json!({}), "resources"),
        ("resources/templates/list", json!({}), "resourceTemplates"),
        ("prompts/list", json!({}), "prompts"),
    ] {
        agent.say(json!({"id": method, "method": method, "params": params}));
        let answer = agent.next(&mut driver);
        assert!(answer["result"][member].as_array().is_some_and(|all| !all.is_empty()), "{answer}");
        if method == "resources/list" {
            let uri = answer["result"]["resources"][0]["uri"].clone();
            agent.say(json!({"id": 2, "method": "resources/read", "params": {"uri": uri}}));
            let read = agent.next(&mut driver);
            assert_eq!(read["result"]["contents"][0]["uri"], uri, "{read}");
        }
    }
    agent.say(json!({"id": 3, "method": "prompts/get", "params": {"name": "review"}}));
    let prompt = agent.next(&mut driver);
    assert!(prompt["result"]["messages"].is_array(), "{prompt}");
    agent.say(json!({"id": 4, "method": "no/such"}));
    assert_eq!(agent.next(&mut driver)["error"]["code"], -32601);
    agent.say(json!({"id": 5, "method": "resources/read", "params": {"uri": "no:such"}}));
    assert!(agent.next(&mut driver)["error"]["code"].is_number());
}

#[test]
fn a_server_is_named_or_the_nearest_is() {
    let entry = json!({"command": server_binary()});
    let mut driver = listening("agents-name", json!({"memory": entry}));
    for (name, part) in [
        ("memorry", "unknown server 'memorry'; there are m, memory, s"),
        ("memorry", "; did you mean 'memory'?"),
        // An abbreviation in a configuration would mean another server one day.
        ("mem", "unknown server 'mem'"),
    ] {
        let mut agent = Program::connect(&driver);
        agent.say(json!({"tmcp": 1, "connect": name}));
        let said = agent.next(&mut driver);
        assert!(said["error"].as_str().unwrap_or_default().contains(part), "{said}");
        agent.is_closed(&mut driver);
    }
    let mut agent = Program::connect(&driver);
    agent.say(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize"}));
    assert!(agent.next(&mut driver)["error"].as_str().unwrap().contains("no hello"));
    agent.is_closed(&mut driver);
}

#[test]
fn a_server_of_the_client_that_connects_to_the_client_is_refused() {
    let home = Home::new("agents-itself");
    // What tmcp-bridge connect does, and its end.
    let script = "import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'{\"tmcp\":1,\"connect\":\"s\"}\\n')
sys.exit('it said ' + s.recv(1000).decode())";
    let socket = home.path("sockets/agents");
    let args = json!(["-c", script, socket]);
    let servers = json!({"s": {"command": "python3", "args": args, "retry_attempts": 0}});
    common::write_config(&home, &servers.to_string());
    let mut driver = Driver::at(home);
    driver.client.listen(Some(&socket)).unwrap();
    let why = driver.error("s", "echo", "{}");
    assert!(why.message().contains("tmcp-bridge connect itself"), "{why}");
}

#[test]
fn a_server_that_does_not_start_fails_the_handshake_with_the_reason() {
    let mut driver = listening("agents-dead", json!({"d": {"command": "/no/such/program"}}));
    let mut agent = Program::new(&mut driver, "d");
    agent.say(json!({"id": 1, "method": "initialize", "params": {}}));
    let answer = agent.next(&mut driver);
    assert!(answer["error"]["message"].as_str().unwrap().contains("/no/such/program"), "{answer}");
}

#[test]
fn calls_of_an_agent_that_goes_or_cancels_are_cancelled() {
    let mut driver = listening("agents-gone", json!({}));
    let mut stays = Program::initialized(&mut driver, "s", "stays");
    let mut goes = Program::initialized(&mut driver, "s", "goes");
    stays.call(1, "sleep", json!({"ms": 600_000}));
    stays.call(2, "sleep", json!({"ms": 60_000, "until": driver.home.path("enough")}));
    goes.call(1, "sleep", json!({"ms": 600_000}));
    driver.until("three jobs", |driver| (driver.client.jobs().len() == 3).then_some(()));
    drop(goes);
    let call = agent_call(&mut driver);
    assert_eq!(call.failure.map(|why| why.to_string()).as_deref(), Some("the agent has gone"));
    assert!(call.who.ends_with("goes 1") && &*call.server == "s", "{}", call.who);
    stays.say(json!({"method": "notifications/cancelled", "params": {"requestId": 1}}));
    let call = agent_call(&mut driver);
    assert_eq!(call.failure.unwrap().message(), "cancelled by the agent");
    // No answer comes for it.
    std::fs::write(driver.home.path("enough"), "").unwrap();
    assert_eq!(stays.next(&mut driver)["id"], 2);
    assert!(driver.client.jobs().is_empty() && agent_call(&mut driver).failure.is_none());
    // The host may do so as well, and says so.
    stays.call(3, "sleep", json!({"ms": 600_000}));
    let id = driver.until("a job", |driver| driver.client.jobs().first().map(|job| job.id));
    assert!(driver.client.cancel(id));
    let answer = stays.next(&mut driver);
    assert_eq!(answer["error"]["message"], "cancelled in tmux", "{answer}");
    assert_eq!(agent_call(&mut driver).failure.unwrap().message(), "cancelled in tmux");
}

#[test]
fn answers_still_come_after_the_end_of_input() {
    let mut driver = listening("agents-half", json!({}));
    let mut agent = Program::initialized(&mut driver, "s", "a");
    agent.call(1, "sleep", json!({"ms": 100}));
    agent.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(agent.next(&mut driver)["id"], 1);
    agent.is_closed(&mut driver);
}

#[test]
fn changes_of_tools_are_told_to_the_agents_of_that_server() {
    let entry = json!({"command": server_binary(), "args": ["--change-tools-after", "1"]});
    let mut driver = listening("agents-changed", json!({"c": entry}));
    let mut other = Program::initialized(&mut driver, "s", "other");
    let mut agent = Program::initialized(&mut driver, "c", "a");
    agent.call(1, "echo", json!({"text": "x"}));
    let mut told = [agent.next(&mut driver), agent.next(&mut driver)];
    told.sort_by_key(|message| message["id"].is_null());
    assert_eq!(told[1]["method"], "notifications/tools/list_changed", "{told:?}");
    other.say(json!({"id": 1, "method": "ping"}));
    assert_eq!(other.next(&mut driver)["id"], 1, "nothing else was told");
}

#[test]
fn a_large_answer_passes_whole_while_others_are_served() {
    let mut driver = listening("agents-large", json!({}));
    let mut slow = Program::initialized(&mut driver, "s", "slow");
    let mut quick = Program::initialized(&mut driver, "s", "quick");
    slow.call(1, "big", json!({"bytes": 8 << 20}));
    driver.until("the end of the call", |driver| driver.client.jobs().is_empty().then_some(()));
    agent_call(&mut driver);
    // It has not been read yet, and nobody waits for that.
    quick.call(1, "echo", json!({"text": "x"}));
    assert_eq!(text(&quick.next(&mut driver)), "x");
    let answer = slow.next(&mut driver);
    assert!(text(&answer).len() >= 8 << 20);
}

#[test]
fn an_agent_that_floods_is_held_back_and_costs_the_others_nothing() {
    let mut driver = listening("agents-flood", json!({}));
    let mut quick = Program::initialized(&mut driver, "s", "quick");
    let mut flood = Program::new(&mut driver, "s");
    let line = "{\"id\":1,\"method\":\"no/such\"}\n".repeat(1000);
    let mut refused = 0;
    // It never reads: at last nothing more is taken from it.
    driver.until("the flood to be held back", |_| {
        match flood.stream.write(line.as_bytes()) {
            Ok(_) => refused = 0,
            Err(_) => refused += 1,
        }
        (refused > 50).then_some(())
    });
    quick.call(1, "echo", json!({"text": "x"}));
    assert_eq!(text(&quick.next(&mut driver)), "x");
    assert_eq!(driver.client.timeout().filter(|t| t.is_zero()), None, "it is not turned to");
}

#[test]
fn the_64_first_are_served_and_who_names_no_server_is_let_go() {
    let mut driver = listening("agents-many", json!({}));
    driver.ready();
    let mut silent: Vec<Program> = (0..64).map(|_| Program::connect(&driver)).collect();
    let mut beyond = Program::connect(&driver);
    let said = beyond.next(&mut driver);
    assert_eq!(said["error"], "64 agents are connected already");
    let start = std::time::Instant::now();
    let said = silent[0].next(&mut driver);
    assert_eq!(said["error"], "no server was named within 5 s");
    let took = start.elapsed();
    assert!(took.as_millis() > 4000 && took.as_secs() < 15, "{took:?}");
    for agent in &mut silent {
        agent.is_closed(&mut driver);
    }
    Program::new(&mut driver, "s");
}

#[test]
fn the_socket_is_ours_alone_and_goes_with_the_client() {
    let mut driver = listening("agents-socket", json!({}));
    let path = socket(&driver);
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&path), mode(&driver.home.path("sockets"))), (0o600, 0o700));
    // The same again changes nothing; another takes its place.
    let mut agent = Program::initialized(&mut driver, "s", "a");
    driver.client.listen(Some(&path)).unwrap();
    agent.say(json!({"id": 1, "method": "ping"}));
    assert_eq!(agent.next(&mut driver)["id"], 1);
    let other = driver.home.path("sockets/other");
    driver.client.listen(Some(&other)).unwrap();
    assert!(!path.exists() && std::fs::metadata(&other).unwrap().file_type().is_socket());
    agent.is_closed(&mut driver);
    // A socket that somebody listens on stays his, a file stays a file.
    let _theirs = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let why = driver.client.listen(Some(&path)).unwrap_err();
    assert!(why.message().contains("cannot listen on"), "{why}");
    assert!(path.exists() && !other.exists());
    let open = driver.home.path("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (bad, part) in [
        (open.join("s"), "mode 0755"),
        ("sockets/x".into(), "no absolute path"),
        (format!("/{}", "x".repeat(200)).into(), "201 bytes long"),
    ] {
        let why = driver.client.listen(Some(&bad)).unwrap_err();
        assert!(why.message().contains(part), "{why}");
    }
    driver.client.listen(Some(&other)).unwrap();
    driver.client.listen(None).unwrap();
    assert!(!other.exists());
    driver.client.listen(Some(&other)).unwrap();
    let Driver { client, home, .. } = driver;
    drop(client);
    assert!(!other.exists());
    drop(home);
}
