//! Servers that are reached by WebSocket, on real sockets.

#![cfg(feature = "websocket")]

#[cfg(feature = "tls")]
#[path = "channels/authority.rs"]
mod authority;
mod common;
#[path = "channels/ws_site.rs"]
mod ws_site;

use common::{Driver, Home, text_of, write_config};
use serde_json::Value;
use tmcp::engine::Completion;
use tmcp::error::Kind;
use tungstenite::Message;
use ws_site::{Reply, WsSite, usual};

const ECHO: &str = r#"{"text":"x"}"#;
const QUICK: &str = r#","era":"legacy","retry_attempts":0"#;

fn client(name: &str, url: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    write_config(&home, &format!(r#"{{"s":{{"type":"ws","url":"{url}"{keys}}}}}"#));
    Driver::at(home)
}

fn message_of(done: &Completion) -> String {
    done.outcome.as_ref().expect_err("it fails").message().to_owned()
}

fn is_call(message: &Value) -> bool {
    message["method"] == "tools/call"
}

#[test]
fn a_session_has_one_stream_and_is_closed_with_a_word() {
    let site = WsSite::start(|_, _| Reply::Usual);
    let mut driver = client("ws-plain", &site.url, r#","headers":{"X-Team":"a b"}"#);
    for _ in 0..3 {
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
    assert_eq!(driver.stat("s", "Transport"), "ws");
    let heads = site.heads.lock().expect("no panic").clone();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("GET /mcp HTTP/1.1\r\n"), "{}", heads[0]);
    assert!(heads[0].contains("Sec-WebSocket-Protocol: mcp\r\nX-Team: a b\r\n"), "{}", heads[0]);
    // The probe of the modern era is answered, and the session begins on the same stream.
    assert_eq!((site.count("server/discover"), site.count("initialize")), (1, 1));
    write_config(&driver.home, "{}");
    driver.client.reload();
    let closes = site.closes.clone();
    driver.until("the close", |_| (*closes.lock().expect("no panic") == [1000]).then_some(()));
}

#[test]
fn a_socket_is_reached_in_each_of_its_forms() {
    let home = Home::new("ws-socket");
    let path = home.path("ws.sock");
    let site = WsSite::on(&path);
    let path = path.display();
    write_config(
        &home,
        &format!(
            r#"{{"a":{{"type":"ws","url":"unix://{path}#/a"}},"b":{{"url":"ws+unix://{path}:/b"}},
            "c":{{"type":"ws","url":"ws://name/c","socket_path":"{path}"}}}}"#
        ),
    );
    let mut driver = Driver::at(home);
    for name in ["a", "b", "c"] {
        assert_eq!(driver.text(name, "echo", ECHO), "x");
        let heads = site.heads.lock().expect("no panic").clone();
        let head = heads.last().expect("one came");
        assert!(head.starts_with(&format!("GET /{name} HTTP/1.1\r\n")), "{head}");
    }
}

#[test]
fn messages_come_in_fragments_with_pings_in_between() {
    let site = WsSite::start(|message, _| {
        if !is_call(message) {
            return Reply::Usual;
        }
        let answer = usual(message).expect("a request").to_string();
        let mut bytes = b"\x89\x02hi".to_vec();
        for (at, byte) in answer.bytes().enumerate() {
            bytes.extend_from_slice(&[u8::from(at == 0), 1, byte]);
            if at % 16 == 0 {
                bytes.extend_from_slice(b"\x89\x00\x8a\x00");
            }
        }
        bytes.extend_from_slice(b"\x80\x00");
        Reply::Raw(bytes)
    });
    let mut driver = client("ws-fragments", &site.url, QUICK);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let pongs = site.pongs.clone();
    driver.until("the pongs", |_| {
        let pongs = pongs.lock().expect("no panic");
        (pongs.first().is_some_and(|first| first == b"hi") && pongs.len() > 3).then_some(())
    });
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn many_calls_are_in_flight_at_once_and_each_gets_its_own_answer() {
    let held = std::sync::Mutex::new(Vec::new());
    let site = WsSite::start(move |message, nth_call| {
        if !is_call(message) {
            return Reply::Usual;
        }
        let mut held = held.lock().expect("no panic");
        held.push(Message::text(usual(message).expect("a request").to_string()));
        match nth_call {
            // In another order than they were asked in.
            16 => Reply::Messages(held.drain(..).rev().collect()),
            _ => Reply::Messages(Vec::new()),
        }
    });
    let mut driver = client("ws-many", &site.url, QUICK);
    let start = |driver: &mut Driver, n: usize| {
        driver.start("s", "echo", &format!(r#"{{"text":"call {n}"}}"#))
    };
    let ids: Vec<_> = (0..16).map(|n| (n, start(&mut driver, n))).collect();
    for (n, id) in ids {
        assert_eq!(text_of(&driver.done(id)), format!("call {n}"));
    }
    assert_eq!(site.heads.lock().expect("no panic").len(), 1);
}

#[test]
fn a_refusal_of_the_upgrade_is_told_in_words() {
    for (answer, told) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 8\r\n\r\nno token",
            "HTTP 401 Unauthorized: the server wants to know who calls; see 'headers', \
             Authorization: no token",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>",
            "HTTP 404 Not Found: there is no MCP server at this path; see 'url'",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
            "the server answered with text/plain, not with JSON: hi",
        ),
        ("SSH-2.0-OpenSSH\r\n", "the server does not speak HTTP (invalid HTTP version)"),
    ] {
        let site = WsSite::refusing(move |_| Some(answer.to_owned()), |_, _| Reply::Usual);
        let mut driver = client("ws-refused", &site.url, r#","retry_attempts":0"#);
        let id = driver.start("s", "echo", ECHO);
        let message = message_of(&driver.done(id));
        assert!(message.ends_with(told), "{message}");
        if answer.starts_with("HTTP/1.1 4") {
            assert_eq!(site.heads.lock().expect("no panic").len(), 1, "it is final");
        }
    }
}

#[test]
fn a_close_is_told_with_its_code_and_a_call_that_may_have_run_is_not_repeated() {
    let site = WsSite::start(|message, _| match is_call(message) {
        true => Reply::Close(1008, "not today".to_owned()),
        false => Reply::Usual,
    });
    let mut driver = client("ws-close", &site.url, r#","era":"legacy""#);
    let id = driver.start("s", "echo", ECHO);
    let done = driver.done(id);
    let error = done.outcome.as_ref().expect_err("it fails");
    assert_eq!(error.kind(), Kind::OutcomeUnknown);
    let told = "the server closed the WebSocket: 1008 (against its policy): not today";
    assert!(error.message().ends_with(told), "{}", error.message());
    let closes = site.closes.clone();
    driver.until("the answer", |_| (*closes.lock().expect("no panic") == [1008]).then_some(()));
    assert_eq!(site.count("tools/call"), 1);
}

#[test]
fn a_connection_that_ends_without_a_close_is_told_too() {
    let site = WsSite::start(|message, _| match is_call(message) {
        true => Reply::Drop,
        false => Reply::Usual,
    });
    let mut driver = client("ws-drop", &site.url, QUICK);
    let id = driver.start("s", "echo", ECHO);
    let done = driver.done(id);
    assert_eq!(done.outcome.as_ref().expect_err("it fails").kind(), Kind::OutcomeUnknown);
    assert_eq!(site.count("tools/call"), 1);
}

#[test]
fn what_breaks_the_rules_ends_the_session_with_1002() {
    for (bytes, told) in [
        (&b"\x81\x81\0\0\0\0x"[..], "sent a masked frame"),
        (b"\xc1\x01x", "used an extension that was not asked for"),
        (b"\x89\x7e\x01\x00", "a control frame that is too long or in pieces"),
    ] {
        let site = WsSite::start(move |message, _| match is_call(message) {
            true => Reply::Raw(bytes.to_vec()),
            false => Reply::Usual,
        });
        let mut driver = client("ws-rules", &site.url, QUICK);
        let id = driver.start("s", "echo", ECHO);
        let message = message_of(&driver.done(id));
        assert!(message.contains(told), "{message}");
        let closes = site.closes.clone();
        driver.until("the close", |_| (*closes.lock().expect("no panic") == [1002]).then_some(()));
    }
}

#[test]
fn an_answer_beyond_the_limit_costs_its_call_alone() {
    let site = WsSite::start(|message, nth_call| match (is_call(message), nth_call) {
        (true, 1) => {
            let mut answer = usual(message).expect("a request");
            answer["result"]["content"][0]["text"] = Value::from("x".repeat(2 << 20));
            let text = answer.to_string();
            let (head, tail) = text.split_at(text.len() / 2);
            let frame = |code: u8, part: &str| {
                let length = (part.len() as u64).to_be_bytes();
                [&[code, 127][..], &length, part.as_bytes()].concat()
            };
            Reply::Raw([frame(0x01, head), frame(0x80, tail)].concat())
        }
        _ => Reply::Usual,
    });
    let mut driver = client("ws-limit", &site.url, r#","era":"legacy","max_answer":1"#);
    let id = driver.start("s", "echo", ECHO);
    let message = message_of(&driver.done(id));
    assert!(message.contains("more than the 1 MiB of max_answer"), "{message}");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(site.heads.lock().expect("no panic").len(), 1, "the session goes on");
}

#[test]
fn a_request_longer_than_a_socket_holds_arrives_whole() {
    let site = WsSite::start(|_, _| Reply::Usual);
    let mut driver = client("ws-long", &site.url, QUICK);
    let text = "y".repeat(3 << 20);
    let id = driver.start("s", "echo", &format!(r#"{{"text":"{text}"}}"#));
    assert!(text_of(&driver.done(id)) == text);
}

#[cfg(feature = "tls")]
#[test]
fn wss_is_websocket_inside_tls() {
    use rustls::{ServerConnection, StreamOwned};

    let authority = authority::Authority::new();
    let config = std::sync::Arc::new(authority.server("localhost", authority::Validity::Good));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let site = WsSite::new(format!("wss://localhost:{port}/mcp"), |_| None, |_, _| Reply::Usual);
    let own = site.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            own.serve(StreamOwned::new(connection, stream));
        }
    });
    let home = Home::new("ws-tls");
    let ca = home.path("ca.pem");
    std::fs::write(&ca, authority.pem()).expect("it is written");
    let entry = format!(r#"{{"s":{{"url":"{}","tls":{{"ca":{ca:?}}}}}}}"#, site.url);
    write_config(&home, &entry);
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert!(driver.stat("s", "TLS").starts_with("TLSv1_3"), "{}", driver.stat("s", "TLS"));
    write_config(&driver.home, "{}");
    driver.client.reload();
    let closes = site.closes.clone();
    driver.until("the close", |_| (*closes.lock().expect("no panic") == [1000]).then_some(()));
}
