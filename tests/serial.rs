//! Servers that serve one connection at a time, and those that serve none.

mod common;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use common::{Daemon, Driver, Home, held, socket, text_of, write_config};
use tmcp::error::Kind;

const PID: &str = "{}";

fn client(path: &Path, more: &str) -> Driver {
    let home = Home::new("serial-client");
    write_config(&home, &format!("{{\"s\":{}}}", socket(path, more)));
    let mut driver = Driver::at(home);
    driver.ready();
    driver
}

#[test]
fn calls_at_once_wait_for_each_other_and_the_log_says_so_once() {
    let home = Home::new("serial");
    let path = home.path("s.sock");
    let _daemon = Daemon::start(&path, &["--one-at-a-time"]);
    let mut driver = client(&path, r#""pool_max_size":5"#);
    let file = driver.home.path("over");
    let first = driver.start("s", "sleep", &held(&file));
    driver.until("the call", |d| (d.number("s", "In Flight") == 1).then_some(()));
    let others: Vec<_> = (0..10).map(|_| driver.start("s", "pid", PID)).collect();
    // Long enough for a handshake that is silent to be looked at.
    driver.turns_within(Duration::from_millis(400));
    std::fs::write(&file, "").unwrap();
    assert!(text_of(&driver.done(first)).starts_with("slept"));
    for id in others {
        driver.done(id).outcome.expect("it is served");
    }
    let said = "s serves one connection at a time";
    driver.until("the evidence", |d| d.logged(said).then_some(()));
    for _ in 0..20 {
        let ids: Vec<_> = (0..5).map(|_| driver.start("s", "pid", PID)).collect();
        for id in ids {
            driver.done(id).outcome.expect("it is served");
        }
    }
    assert_eq!(driver.count_logged(said), 1);
    assert_eq!(driver.stat("s", "Transport"), "socket (one connection at a time)");
    assert_eq!(driver.number("s", "Errors"), 0);
    assert!(!driver.logged("falling back"));
}

#[test]
fn a_client_that_keeps_an_idle_connection_gives_it_to_another_that_waits() {
    let home = Home::new("serial-two");
    let path = home.path("s.sock");
    let _daemon = Daemon::start(&path, &["--one-at-a-time"]);
    let (mut one, mut other) = (client(&path, ""), client(&path, ""));
    for _ in 0..3 {
        for turn in 0..2 {
            let (asks, idle) =
                if turn == 0 { (&mut one, &mut other) } else { (&mut other, &mut one) };
            let id = asks.start("s", "pid", PID);
            let start = std::time::Instant::now();
            let done = loop {
                asks.turn();
                idle.turn();
                let found = asks
                    .events
                    .iter()
                    .any(|event| matches!(event, tmcp::client::Event::Done(done) if done.id == id));
                if found {
                    break asks.done(id);
                }
                assert!(start.elapsed() < common::PATIENCE, "it waits in vain");
            };
            done.outcome.expect("it is served");
        }
    }
    for driver in [&one, &other] {
        assert_eq!(driver.number("s", "Errors"), 0);
        assert_eq!(driver.number("s", "Responses Received"), 3);
    }
}

#[test]
fn a_socket_that_never_answers_says_what_it_waits_for() {
    let home = Home::new("silent");
    let path = home.path("s.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let mut driver = client(&path, r#""retry_attempts":0"#);
    let error = driver.error("s", "pid", PID);
    assert_eq!(error.kind(), Kind::Io);
    let path = path.display();
    assert_eq!(
        error.message(),
        format!(
            "server 's': socket {path}: it accepts connections and does not answer: its server \
             may be busy with another client"
        )
    );
    assert_eq!(driver.count_logged("s accepts the connection and does not answer yet"), 1);
}

#[test]
fn a_server_that_stops_reading_is_left_and_its_bytes_are_given_back() {
    let mut driver =
        common::one("stops-reading", &["--stop-reading"], r#""timeout":300,"retry_backoff":1"#);
    driver.ready();
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20));
    let error = driver.error("s", "echo", &long);
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    driver.until("the loss", |d| {
        d.logged("lost s: the server does not read what it is sent").then_some(())
    });
    assert_ne!(driver.stat("s", "Status"), "connected");
}
