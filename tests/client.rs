//! The client on real descriptors against the scripted server.

mod common;

use std::time::{Duration, Instant};

use common::{Daemon, Driver, Home, stdio};
use tmcp::client::{Event, Reply};

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
    let report = driver.client.stats(Some("s")).unwrap();
    assert!(report.contains("Transport: stdio (fallback from socket)"), "{report}");
    assert!(report.contains(&socket.display().to_string()), "{report}");
}

#[test]
fn unknown_names_are_answered_with_what_there_is() {
    let mut driver = Driver::new("unknown", &format!("{{\"s\":{}}}", stdio(&[])));
    let done = driver.call("nobody", "echo", "{}");
    let error = done.outcome.unwrap_err();
    assert_eq!(error.message(), "unknown server 'nobody'; there are s");
    let done = driver.call("s", "nothing", "{}");
    let error = done.outcome.unwrap_err();
    assert!(error.message().starts_with("server 's' has no tool 'nothing'; it has "), "{error}");
}

#[test]
fn a_server_that_answers_at_once_keeps_no_other_waiting() {
    let servers = format!("{{\"busy\":{},\"slow\":{}}}", stdio(&[]), stdio(&[]));
    let mut driver = Driver::new("busy-and-slow", &servers);
    for server in ["busy", "slow"] {
        driver.text(server, "echo", r#"{"text":"warm"}"#);
    }
    let slow = driver.start("slow", "sleep", r#"{"ms":50}"#);
    let (start, mut ended) = (Instant::now(), false);
    while !ended {
        assert!(start.elapsed() < Duration::from_secs(10), "it is never looked at");
        driver.start("busy", "echo", r#"{"text":"x"}"#);
        // The answer is there when the client looks, so that reading where it was
        // written to is right each time.
        std::thread::sleep(Duration::from_millis(2));
        driver.client.dispatch(Duration::from_millis(2));
        while let Some(event) = driver.client.next_event() {
            ended |= matches!(&event, Event::Done(done) if done.id == slow);
        }
    }
}
