//! Opening a stream has a limit.

use serde_json::{Value, json};

use crate::config::Transport;
use crate::engine::testing::Bench;
use crate::engine::{Action, Event};

const SECOND: u64 = 1_000_000;

/// A server whose streams are never opened, and a call to it.
fn unreachable(entry: &Value) -> Bench {
    let mut bench = Bench::new(entry);
    bench.is_unreachable = true;
    bench.call("t");
    bench
}

/// What was asked for since the last look: transports to be opened, and how many
/// connections are to be forgotten.
fn asked(bench: &mut Bench) -> (Vec<Transport>, usize) {
    let (mut opens, mut forgotten) = (Vec::new(), 0);
    for action in bench.actions.drain(..) {
        match action {
            Action::Open { channel, .. } => opens.push(channel),
            Action::Forget { .. } => forgotten += 1,
            other => panic!("{other:?}"),
        }
    }
    (opens, forgotten)
}

fn error(bench: &mut Bench) -> Option<String> {
    bench.events().into_iter().find_map(|event| match event {
        Event::Done(done) => Some(done.outcome.unwrap_err().to_string()),
        _ => None,
    })
}

#[test]
fn a_connect_that_takes_too_long_is_a_failed_try() {
    let mut entry = json!({"transport": "socket", "socket_path": "/x", "retry_attempts": 0});
    let mut bench = unreachable(&entry);
    bench.wait(10 * SECOND - 1);
    assert_eq!((asked(&mut bench), error(&mut bench)), ((vec![Transport::Socket], 0), None));
    bench.wait(1);
    assert_eq!(asked(&mut bench), (vec![], 1));
    let expected = "server 's': socket /x: no connection within 10 s";
    assert_eq!(error(&mut bench).unwrap(), expected);

    entry["startup_timeout"] = json!(2500);
    let mut bench = unreachable(&entry);
    bench.wait(3 * SECOND);
    let message = error(&mut bench).unwrap();
    assert!(message.contains("2.5 s"), "{message}");
}

#[test]
fn a_socket_that_does_not_connect_falls_back_to_its_command() {
    let mut bench =
        unreachable(&json!({"transport": "socket", "socket_path": "/x", "command": "x"}));
    bench.wait(10 * SECOND);
    assert_eq!(asked(&mut bench), (vec![Transport::Socket, Transport::Stdio], 1));
    bench.is_unreachable = false;
    bench.call("t");
    bench.wait(SECOND);
    assert_eq!(error(&mut bench), None, "both calls wait for the process");
}

#[test]
fn a_connect_is_tried_again_as_often_as_the_entry_says() {
    let entry = json!({"transport": "socket", "socket_path": "/x", "retry_attempts": 1});
    let mut bench = unreachable(&entry);
    bench.wait(15 * SECOND);
    assert_eq!(asked(&mut bench), (vec![Transport::Socket, Transport::Socket], 1));
    bench.wait(10 * SECOND);
    assert_eq!(asked(&mut bench).1, 1);
    let expected = "server 's': socket /x: no connection within 10 s (tried 2 times)";
    assert_eq!(error(&mut bench).unwrap(), expected);
}

#[test]
fn a_process_may_take_as_long_to_be_started_as_to_answer() {
    let mut bench = unreachable(&json!({"command": "x", "startup_timeout": 20_000}));
    bench.wait(20 * SECOND - 1);
    assert_eq!(asked(&mut bench), (vec![Transport::Stdio], 0));
    bench.wait(1);
    assert_eq!(asked(&mut bench), (vec![], 1));
    let message = error(&mut bench).unwrap();
    assert!(message.contains("20 s"), "{message}");
}
