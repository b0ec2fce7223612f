//! The client on real descriptors against the scripted server.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use common::{Daemon, Driver, Home, PATIENCE, socket, stdio, write_config};
use serde_json::{Value, json};
use tmcp::client::{Arguments, CallTool, Event, Reply, TraceParent};

#[test]
fn a_tool_is_called_over_stdio_in_both_eras() {
    for era in ["legacy", "modern", "dual", "dual-ts"] {
        let servers = format!("{{\"s\":{}}}", stdio(&["--era", era]));
        let mut driver = Driver::new(&format!("stdio-{era}"), &servers);
        assert_eq!(driver.text("s", "echo", r#"{"text":"hello"}"#), "hello", "{era}");
        let done = driver.call("s", "fail", r#"{"message":"no"}"#);
        assert!(matches!(done.outcome, Ok(Reply::Tool { is_error: true, .. })), "{done:?}");
    }
}

#[test]
fn a_socket_is_used_first_and_the_command_stands_in_for_it() {
    let home = Home::new("fallback");
    let socket = home.path("s.sock");
    let entry = stdio(&[]);
    let servers = format!(
        "{{\"mcpServers\":{{\"s\":{{\"transport\":\"socket\",\"socket_path\":{socket:?},{}}}}}",
        &entry[1..]
    );
    std::fs::write(home.path(".claude.json"), servers).unwrap();
    let daemon = Daemon::start(&socket, &[]);
    let mut driver = Driver::at(home);
    let pid = driver.text("s", "pid", "{}");
    assert_eq!(pid, daemon.0.id().to_string());
    drop(daemon);
    driver.until("the loss", |driver| driver.logged("lost s").then_some(()));
    let other = driver.text("s", "pid", "{}");
    assert_ne!(pid, other);
    for line in [
        &format!("connecting to s via socket {}", socket.display()),
        "socket connection failed: ",
        "socket connection failed, falling back to stdio",
        "falling back to stdio transport",
        &format!("spawned server pid {other}"),
    ] {
        assert!(driver.logged(line), "{line}: {:#?}", driver.log.lock());
    }
    let report = driver.client.stats(Some("s"), tmcp::metrics::Detail::Full).unwrap();
    assert!(report.contains("Transport: stdio (fallback from socket)"), "{report}");
    assert!(report.contains(&socket.display().to_string()), "{report}");
}

#[test]
fn unknown_names_are_answered_with_what_there_is() {
    let mut driver = Driver::new("unknown", &format!("{{\"s\":{}}}", stdio(&[])));
    let done = driver.call("nobody", "echo", "{}");
    let error = done.outcome.unwrap_err();
    let told = "unknown server 'nobody'; there are s (configured in ";
    assert!(error.message().starts_with(told), "{error}");
    let done = driver.call("s", "nothing", "{}");
    let error = done.outcome.unwrap_err();
    let told = "unknown tool: nothing (-32602); server 's' has no tool 'nothing'; it has ";
    assert!(error.message().starts_with(told), "{error}");
}

/// The far end of a connection, played by the test, so that it is known what is
/// there to be read and when.
struct Played(BufReader<UnixStream>);

impl Played {
    /// Takes a connection, which says `initialize` first.
    fn accept(driver: &mut Driver, listener: &UnixListener) -> Played {
        listener.set_nonblocking(true).expect("a socket that can be looked at");
        let (stream, _) = driver.until("the connection", |_| listener.accept().ok());
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let mut played = Played(BufReader::new(stream));
        played.answer();
        played
    }

    /// Answers the next request, and gives it.
    fn answer(&mut self) -> Value {
        let message: Value = loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("the client writes");
            let message: Value = serde_json::from_str(&line).expect("whole messages");
            if message.get("id").is_some() {
                break message;
            }
        };
        let result = match message["method"].as_str() {
            Some("initialize") => json!({"protocolVersion": "2025-11-25",
                "capabilities": {}, "serverInfo": {"name": "played", "version": "1"}}),
            _ => json!({"content": []}),
        };
        let reply = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        writeln!(self.0.get_mut(), "{reply}").expect("the client reads");
        message
    }
}

#[test]
fn a_server_that_answers_at_once_keeps_no_other_waiting() {
    let home = Home::new("busy-and-slow");
    let names = ["busy", "slow"];
    let listeners = names.map(|name| UnixListener::bind(home.path(name)).expect("a socket"));
    let entry =
        |name: &str| format!("\"{name}\":{}", socket(&home.path(name), "\"era\":\"legacy\""));
    write_config(&home, &format!("{{{}}}", names.map(entry).join(",")));
    let mut driver = Driver::at(home);
    driver.ready();
    let mut ends = names.iter().zip(&listeners).map(|(name, listener)| {
        let id = driver.start(name, "t", "{}");
        let mut end = Played::accept(&mut driver, listener);
        driver.until("the session", |driver| {
            driver.logged(&format!("{name} is ready")).then_some(())
        });
        end.answer();
        driver.done(id);
        end
    });
    let (mut busy, mut slow) = (ends.next().unwrap(), ends.next().unwrap());
    drop(ends);
    let id = driver.start("slow", "t", "{}");
    let mut round = |driver: &mut Driver| {
        driver.start("busy", "t", "{}");
        busy.answer();
        driver.client.dispatch(Duration::from_millis(2));
        let mut ended = false;
        while let Some(event) = driver.client.next_event() {
            ended |= matches!(&event, Event::Done(done) if done.id == id);
        }
        ended
    };
    assert!(!round(&mut driver), "nothing was said yet");
    slow.answer();
    // From here on the only link that was written to has its answer each time.
    assert!((0..20).any(|_| round(&mut driver)), "the other is never looked at");
}

#[test]
fn a_call_may_be_a_part_of_the_callers_trace() {
    let home = Home::new("trace");
    let listener = UnixListener::bind(home.path("s")).expect("a socket");
    let entry = socket(&home.path("s"), "\"era\":\"legacy\"");
    write_config(&home, &format!("{{\"s\":{entry}}}"));
    let mut driver = Driver::at(home);
    driver.ready();
    let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let call = CallTool {
        server: "s".into(),
        tool: "t".into(),
        arguments: Arguments::Json("{}".to_owned()),
        is_unattended: false,
    };
    let traced = (call, TraceParent::parse(text).expect("a good one"));
    let id = driver.client.call_in_trace(None, traced, None, 0).expect("accepted");
    let mut end = Played::accept(&mut driver, &listener);
    driver.until("the session", |driver| driver.logged("s is ready").then_some(()));
    assert_eq!(end.answer()["params"]["_meta"]["traceparent"], text);
    driver.done(id);
    let id = driver.start("s", "t", "{}");
    assert_eq!(end.answer()["params"]["_meta"].get("traceparent"), None);
    driver.done(id);
}
