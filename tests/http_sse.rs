//! Servers that are reached by HTTP with SSE, the transport of 2024-11-05, on real sockets.

mod common;
#[path = "channels/old_site.rs"]
mod old_site;

use common::{Driver, Home, text_of, write_config};
use old_site::{OldServer, OldSite};
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"x"}"#;

fn client(name: &str, kind: &str, server: &OldServer) -> Driver {
    let home = Home::new(name);
    let url = &server.url;
    let keys = r#""retry_attempts":0"#;
    write_config(&home, &format!(r#"{{"s":{{"type":"{kind}","url":"{url}",{keys}}}}}"#));
    Driver::at(home)
}

fn echoes(driver: &mut Driver) {
    let ids: Vec<_> = (0..20)
        .map(|n| (n, driver.start("s", "echo", &format!(r#"{{"text":"call {n}"}}"#))))
        .collect();
    for (n, id) in ids {
        assert_eq!(text_of(&driver.done(id)), format!("call {n}"));
    }
}

#[test]
fn messages_are_posted_and_answers_are_events() {
    for closes in [false, true] {
        let server = OldSite { closes, ..OldSite::usual() }.start("/sse");
        let mut driver = client("sse", "sse", &server);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        echoes(&mut driver);
        let asked = server.asked();
        assert_eq!(asked.iter().filter(|(verb, ..)| verb == "GET").count(), 1);
        let posts = asked.iter().filter(|(verb, ..)| verb == "POST");
        assert!(posts.into_iter().all(|(_, path, _)| path == "/messages?session=1"), "{asked:?}");
        assert_eq!(server.count("server/discover"), 0);
        assert_eq!(driver.stat("s", "Transport"), "sse");
    }
}

#[test]
fn the_endpoint_may_be_relative_absolute_or_behind_the_prefix_of_a_proxy() {
    for (events, endpoint, messages) in [
        ("/a/sse", "messages?session={session}", "/a/messages"),
        ("/a/sse?key=1", "?session={session}", "/a/sse"),
        ("/sse", "http://127.0.0.1:{port}/m?session={session}", "/m"),
        // The server knows nothing of the beginning of the path.
        ("/proxy/sse", "/messages?session={session}", "/proxy/messages"),
    ] {
        let own = OldSite {
            endpoint: endpoint.to_owned(),
            messages: messages.to_owned(),
            ..OldSite::usual()
        };
        let path = events.split('?').next().unwrap_or_default();
        let mut server = own.start(path);
        server.url += &events[path.len()..];
        let mut driver = client("sse-endpoint", "sse", &server);
        assert_eq!(driver.text("s", "echo", ECHO), "x", "{endpoint}");
        assert_eq!(server.count("tools/call"), 1, "{endpoint}");
    }
}

#[test]
fn messages_are_not_sent_to_another_server() {
    for endpoint in ["http://127.0.0.2:1/messages", "//elsewhere/messages", "https://[::1]/m"] {
        let own = OldSite { endpoint: endpoint.to_owned(), ..OldSite::usual() };
        let server = own.start("/sse");
        let mut driver = client("sse-elsewhere", "sse", &server);
        let error = driver.error("s", "echo", ECHO);
        let words = "the server wants messages to be sent to another server";
        assert!(error.message().contains(words), "{error}");
        assert!(server.asked().iter().all(|(verb, ..)| verb == "GET"), "{endpoint}");
    }
}

#[test]
fn an_entry_of_the_newer_transport_falls_back() {
    for post in [(405, true), (404, true), (400, false), (405, false)] {
        let server = OldSite { post, ..OldSite::usual() }.start("/sse");
        let mut driver = client("sse-fallback", "http", &server);
        assert_eq!(driver.text("s", "echo", ECHO), "x", "{post:?}");
        echoes(&mut driver);
        let asked = server.asked();
        assert_eq!(asked.iter().filter(|(verb, ..)| verb == "GET").count(), 1, "{post:?}");
        assert_eq!(server.count("initialize"), 2, "once by each transport");
    }
}

#[test]
fn a_server_of_neither_transport_is_told_by_its_first_refusal() {
    let own = OldSite { post: (404, true), ..OldSite::usual() };
    let mut server = own.start("/sse");
    server.url = server.url.replace("/sse", "/nowhere");
    let mut driver = client("sse-neither", "http", &server);
    let error = driver.error("s", "echo", ECHO);
    let words = "there is no MCP server at this path; see 'url'";
    assert!(error.message().contains(words), "{error}");
    let mut driver = client("sse-nowhere", "sse", &server);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("HTTP 404"), "{error}");
}

#[test]
fn the_session_ends_with_the_stream_of_events() {
    let server = OldSite { ends_at_call: true, ..OldSite::usual() }.start("/sse");
    let mut driver = client("sse-lost", "sse", &server);
    let error = driver.error("s", "echo", ECHO);
    assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
    assert_eq!(server.count("tools/call"), 1, "it may have run");

    let server = OldSite::usual().start("/sse");
    let mut driver = client("sse-again", "sse", &server);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    server.end_events();
    driver.until("the end", |driver| driver.logged("lost s: ").then_some(()));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(server.count("initialize"), 2);
}

#[test]
fn a_message_that_is_refused_ends_its_call_and_not_the_session() {
    let own = OldSite { refusal: Some((500, "kaput")), ..OldSite::usual() };
    let server = own.start("/sse");
    let mut driver = client("sse-refused", "sse", &server);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("HTTP 500"), "{error}");
    assert_eq!(driver.tools("s").len(), 1);
    assert_eq!(server.count("initialize"), 1);
}

#[test]
fn a_call_that_is_cancelled_is_told_to_the_server() {
    for closes in [false, true] {
        let server = OldSite { closes, mute_at: "mute", ..OldSite::usual() }.start("/sse");
        let mut driver = client("sse-cancel", "sse", &server);
        let id = driver.start("s", "echo", r#"{"text":"mute"}"#);
        driver.until("the call", |_| (server.count("tools/call") == 1).then_some(()));
        // The stream that the call was sent on may have ended by then.
        driver.turns_within(std::time::Duration::from_millis(20));
        assert!(driver.client.cancel(id));
        driver
            .until("the message", |_| (server.count("notifications/cancelled") == 1).then_some(()));
        assert_eq!(driver.text("s", "echo", ECHO), "x", "the session goes on");
        assert_eq!(server.count("initialize"), 1);
    }
}
