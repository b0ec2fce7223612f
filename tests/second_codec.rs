//! The client on real sockets with a codec that is not lines: frames with a length, a
//! stream for each request, opened on demand.
//!
//! The simulator proves the engine with this codec. Here the driver, the poll and the
//! channels carry it, unchanged.

mod common;
#[path = "second_codec/peer.rs"]
mod peer;
#[path = "simulation/prefixed.rs"]
mod prefixed;

use std::collections::BTreeSet;

use common::{Driver, Home, server_binary, socket, text_of, write_config};
use peer::Peer;
use tmcp::client::{Event, RequestId};
use tmcp::error::Kind;

/// One session, on which calls run side by side.
const ONE_SESSION: &str =
    r#""era":"legacy","pool_max_size":1,"max_in_flight":8,"retry_backoff":1,"max_answer":1"#;

/// A client of a peer, each with the codec of frames.
fn pair(name: &str) -> (Driver, Peer) {
    let home = Home::new(name);
    let path = home.path("s.sock");
    let peer = Peer::listen(&path);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, ONE_SESSION)));
    let mut driver = Driver::at(home);
    driver.client.set_wires(prefixed::wires);
    (driver, peer)
}

fn hold(driver: &mut Driver, text: &str) -> RequestId {
    driver.start("s", "hold", &format!("{{\"text\":{text:?}}}"))
}

/// Turns until the calls run at the peer; their streams.
fn running(driver: &mut Driver, peer: &Peer, texts: &[&str]) -> Vec<u64> {
    driver.until("the calls to run", |_| {
        texts.iter().map(|text| peer.state().stream_of(text)).collect()
    })
}

fn echo(driver: &mut Driver, text: &str) {
    assert_eq!(driver.text("s", "echo", &format!("{{\"text\":{text:?}}}")), text);
}

fn sessions(peer: &Peer) -> BTreeSet<u64> {
    peer.state().sessions.values().copied().collect()
}

#[test]
fn calls_in_flight_have_a_stream_each_of_one_session_and_streams_are_used_again() {
    let (mut driver, peer) = pair("codec-streams");
    let texts = ["a", "b", "c", "d"];
    let ids = texts.map(|text| hold(&mut driver, text));
    let streams = running(&mut driver, &peer, &texts);
    assert_eq!(streams.iter().collect::<BTreeSet<_>>().len(), 4, "{streams:?}");
    assert_eq!(sessions(&peer).len(), 1);
    // In another order than they were sent, and a byte at a time.
    peer.state().piece = 1;
    for index in [2, 0, 3, 1] {
        peer.release(texts[index]);
        assert_eq!(text_of(&driver.done(ids[index])), texts[index]);
    }
    for n in 0..20 {
        echo(&mut driver, &format!("again {n}"));
    }
    let state = peer.state();
    assert_eq!(state.accepted, 4, "no stream was opened that was not needed");
    assert_eq!(state.ran.len(), 24);
    drop(state);
    assert_eq!(driver.number("s", "Total Connections"), 1);
}

#[test]
fn a_cancelled_call_takes_its_stream_with_it_and_no_other() {
    let (mut driver, peer) = pair("codec-cancel");
    let (a, b) = (hold(&mut driver, "a"), hold(&mut driver, "b"));
    let streams = running(&mut driver, &peer, &["a", "b"]);
    // Given up before a byte of it left.
    let unsent = hold(&mut driver, "unsent");
    assert!(driver.client.cancel(unsent) && driver.client.cancel(a));
    peer.release("b");
    assert_eq!(text_of(&driver.done(b)), "b");
    // The peer is reading again, so that it learns of the end.
    peer.release("a");
    driver.until("the end of the stream", |_| (!peer.state().is_open(streams[0])).then_some(()));
    echo(&mut driver, "after");
    let state = peer.state();
    assert!(state.is_open(streams[1]) && state.stream_of("unsent").is_none());
    drop(state);
    assert_eq!(sessions(&peer).len(), 1);
    let is_done = |event: &Event| matches!(event, Event::Done(_));
    assert!(!driver.events.iter().any(is_done), "nothing is heard of what was cancelled");
}

#[test]
fn a_stream_that_breaks_ends_its_call_alone() {
    let (mut driver, peer) = pair("codec-break");
    let (a, b) = (hold(&mut driver, "a"), hold(&mut driver, "b"));
    let streams = running(&mut driver, &peer, &["a", "b"]);
    peer.state().cut(streams[0]);
    let error = driver.done(a).outcome.expect_err("its stream is gone");
    assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
    peer.release("b");
    assert_eq!(text_of(&driver.done(b)), "b");
    echo(&mut driver, "after");
    assert_eq!(sessions(&peer).len(), 1, "the session goes on");
    assert_eq!(peer.state().ran.len(), 3, "none ran twice");
}

#[test]
fn a_peer_that_dies_ends_its_calls_and_is_connected_to_anew() {
    let home = Home::new("codec-dies");
    let path = home.path("s.sock");
    let first = Peer::listen(&path);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, ONE_SESSION)));
    let mut driver = Driver::at(home);
    driver.client.set_wires(prefixed::wires);
    let (a, b) = (hold(&mut driver, "a"), hold(&mut driver, "b"));
    running(&mut driver, &first, &["a", "b"]);
    let ran = first.state().ran.clone();
    drop(first);
    std::fs::remove_file(&path).unwrap();
    for id in [a, b] {
        let error = driver.done(id).outcome.expect_err("the peer is gone");
        assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
    }
    let second = Peer::listen(&path);
    echo(&mut driver, "after");
    assert_eq!((ran.len(), second.state().ran.len()), (2, 1), "none ran twice");
}

#[test]
fn a_frame_that_is_too_long_ends_its_call_alone() {
    let (mut driver, peer) = pair("codec-long");
    let other = hold(&mut driver, "other");
    running(&mut driver, &peer, &["other"]);
    let error = driver.error("s", "echo", r#"{"text":"much","more":2000000}"#);
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    assert!(error.message().contains("1 MiB of max_answer"), "{error}");
    peer.release("other");
    assert_eq!(text_of(&driver.done(other)), "other");
    // What is just within the limit is read, on the stream where the other was skipped.
    let done = driver.call("s", "echo", r#"{"text":"","more":1000000}"#);
    assert_eq!(text_of(&done).len(), 1_000_000);
    assert_eq!((sessions(&peer).len(), peer.state().accepted), (1, 2));
}

#[test]
fn a_request_longer_than_the_socket_holds_is_written_as_the_peer_reads() {
    let (mut driver, peer) = pair("codec-request");
    let long = "y".repeat(3 << 20);
    let id = driver.start("s", "count", &format!("{{\"text\":\"short\",\"rest\":{long:?}}}"));
    assert_eq!(text_of(&driver.done(id)), "short");
    assert!(peer.state().longest > long.len());
}

#[test]
fn a_process_that_stands_in_for_the_socket_speaks_lines() {
    let home = Home::new("codec-fallback");
    let path = home.path("s.sock");
    let command = format!("{ONE_SESSION},\"command\":{:?}", server_binary());
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, &command)));
    let mut driver = Driver::at(home);
    driver.client.set_wires(prefixed::wires);
    echo(&mut driver, "by lines");
    assert!(driver.stat("s", "Transport").contains("fallback"));
}
