//! Servers that are reached by HTTP, on real sockets.

mod common;
#[path = "channels/site.rs"]
mod site;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use common::{Driver, Home, text_of, write_config};
use site::{Answer, Asked, Site};
use tmcp::engine::Completion;
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"x"}"#;

fn client(name: &str, url: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    write_config(&home, &format!(r#"{{"s":{{"type":"http","url":"{url}"{keys}}}}}"#));
    Driver::at(home)
}

/// A client of a legacy server that behaves.
fn legacy(
    name: &str,
    behave: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> (Driver, Site) {
    let site = Site::legacy(behave);
    (client(name, &site.url(), r#","era":"legacy","retry_attempts":0"#), site)
}

fn message_of(done: &Completion) -> String {
    done.outcome.as_ref().expect_err("it fails").message().to_owned()
}

fn is_call(asked: &Asked) -> bool {
    asked.method() == "tools/call"
}

#[test]
fn a_legacy_session_has_its_id_and_its_version() {
    let (mut driver, site) = legacy("http-legacy", |_| None);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let asked = site.asked();
    let of = |method: &str| asked.iter().find(|a| a.method() == method).expect(method).clone();
    assert_eq!(of("initialize").header("mcp-session-id"), None);
    for method in ["notifications/initialized", "tools/call"] {
        let asked = of(method);
        assert_eq!(asked.header("mcp-session-id").as_deref(), Some("session-1"), "{method}");
        assert_eq!(asked.header("mcp-protocol-version").as_deref(), Some("2025-06-18"), "{method}");
        assert_eq!(asked.header("mcp-method"), None, "{method}");
    }
    let accept = of("tools/call").header("accept").expect("it is always there");
    assert_eq!(accept, "application/json, text/event-stream");
    assert_eq!(driver.stat("s", "Transport"), "http");
}

#[test]
fn a_modern_request_repeats_what_it_is_about_in_its_head() {
    let site = Site::modern(|_| None);
    let mut driver = client("http-modern", &site.url(), r#","headers":{"X-Team":"a b"}"#);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let asked = site.asked();
    let call = asked.iter().find(|asked| is_call(asked)).expect("a call");
    assert_eq!(call.header("mcp-protocol-version").as_deref(), Some("2026-07-28"));
    assert_eq!(call.header("mcp-method").as_deref(), Some("tools/call"));
    assert_eq!(call.header("mcp-name").as_deref(), Some("echo"));
    assert_eq!(call.header("x-team").as_deref(), Some("a b"));
    assert!(asked.iter().all(|asked| asked.verb == "POST" && !asked.method().starts_with("notif")));
}

/// A modern server with a tool whose `region` is to be in the head, and one that is wrong.
/// It refuses a call without it, or `always`.
fn with_regions(always: bool) -> Site {
    Site::modern(move |asked| {
        match asked.method().as_str() {
        "tools/list" => Some(Answer::status(200).json(&asked.answer(
            r#"{"resultType":"complete","ttlMs":60000,"cacheScope":"private","tools":[
                {"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string"},
                "region":{"type":"string","x-mcp-header":"Region"}}}},
                {"name":"wrong","inputSchema":{"type":"object","properties":{
                "a":{"type":"number","x-mcp-header":"A"}}}}]}"#,
        ))),
        "tools/call" if always || asked.header("mcp-param-region").is_none() => {
            let error = r#"{"code":-32020,"message":"Mcp-Param-Region is missing"}"#;
            let body = format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, asked.id());
            Some(Answer::status(400).json(&body))
        }
        _ => None,
    }
    })
}

#[test]
fn the_head_repeats_the_arguments_that_a_tool_has_marked() {
    let site = with_regions(false);
    let mut driver = client("http-region", &site.url(), "");
    // The list is not known, which the server notices.
    let arguments = r#"{"text":"x","region":"Łódź"}"#;
    assert_eq!(driver.text("s", "echo", arguments), "x");
    assert_eq!(driver.text("s", "echo", arguments), "x");
    let calls: Vec<_> = site.asked().into_iter().filter(is_call).collect();
    let regions: Vec<_> = calls.iter().map(|call| call.header("mcp-param-region")).collect();
    let encoded = Some("=?base64?xYHDs2TFug==?=".to_owned());
    assert_eq!(regions, [None, encoded.clone(), encoded]);
    assert_eq!(site.count("tools/list"), 1);
}

#[test]
fn a_head_that_is_refused_again_is_an_error() {
    let site = with_regions(true);
    let mut driver = client("http-region-refused", &site.url(), "");
    let error = driver.error("s", "echo", r#"{"text":"x","region":"y"}"#);
    assert!(error.message().contains("Mcp-Param-Region is missing (-32020)"), "{error}");
    assert_eq!(site.count("tools/call"), 2);
}

#[test]
fn a_tool_whose_marks_are_wrong_is_left_out() {
    let site = with_regions(false);
    let mut driver = client("http-wrong-mark", &site.url(), "");
    let tools = driver.tools("s");
    assert_eq!(tools.iter().map(|tool| &tool["name"]).collect::<Vec<_>>(), ["echo"]);
    let line = "tool 'wrong' is left out: x-mcp-header 'A' is not on a string";
    assert!(driver.logged(line));
    let done = driver.words("s", "wrong", &["a:=1"]);
    assert!(message_of(&done).contains("has no tool 'wrong'"), "{done:?}");
    assert_eq!(site.count("tools/call"), 0);
}

#[test]
fn a_server_that_does_not_know_the_probe_is_legacy_whatever_it_says() {
    for (status, body) in [
        (400, r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request"},"id":null}"#),
        (404, "not found"),
        (405, ""),
        (200, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#),
    ] {
        let site = Site::legacy(move |asked| {
            (asked.method() == "server/discover").then(|| Answer::status(status).json(body))
        });
        let mut driver = client("http-probe", &site.url(), "");
        assert_eq!(driver.text("s", "echo", ECHO), "x", "{status}");
    }
}

#[test]
fn a_modern_server_that_refuses_the_probe_at_first_is_spoken_to_as_one() {
    let site = Site::modern(|asked| match asked.method().as_str() {
        "server/discover" => Some(Answer::status(404)),
        "initialize" => {
            let data = r#"{"supported":["2026-07-28"]}"#;
            let error = format!(r#"{{"code":-32022,"message":"no","data":{data}}}"#);
            let id = asked.id();
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#);
            Some(Answer::status(400).json(&body))
        }
        _ => None,
    });
    let mut driver = client("http-probe-late", &site.url(), "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let asked = site.asked();
    let call = asked.iter().find(|asked| is_call(asked)).expect("a call");
    assert_eq!(call.header("mcp-protocol-version").as_deref(), Some("2026-07-28"));
    assert_eq!(call.header("mcp-method").as_deref(), Some("tools/call"));
}

#[test]
fn an_answer_can_come_as_events_in_chunks_and_in_small_pieces() {
    for piece in [1, 7, 1 << 20] {
        let (mut driver, site) = legacy("http-events", move |asked| {
            is_call(asked).then(|| {
                let progress = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"d"}}"#;
                let answer = asked.answer(r#"{"content":[{"type":"text","text":"by events"}]}"#);
                let events = format!(": hello\n\nid: 1\ndata:\n\ndata: {progress}\n\nevent: message\r\ndata: {answer}\r\n\r\n");
                Answer::status(200).events(&events).in_pieces_of(piece)
            })
        });
        assert_eq!(driver.text("s", "echo", ECHO), "by events", "{piece}");
        assert_eq!(driver.text("s", "echo", ECHO), "by events", "{piece}");
        drop(site);
    }
}

#[test]
fn streams_are_kept_and_used_again() {
    let (mut driver, site) = legacy("http-kept", |_| None);
    for _ in 0..20 {
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
    // One for messages and one for what comes unasked; the second message of all may have found
    // the first stream still taken.
    let connections = site.connections.load(Ordering::SeqCst);
    assert!(connections <= 3, "{connections}");
}

#[test]
fn many_calls_are_in_flight_at_once_and_each_gets_its_own_answer() {
    let (mut driver, _site) = legacy("http-many", |asked| {
        is_call(asked).then(|| {
            std::thread::sleep(std::time::Duration::from_millis(asked.id() % 7 * 5));
            Answer::status(200).json(&asked.echo())
        })
    });
    let ids: Vec<_> = (0..40)
        .map(|n| (n, driver.start("s", "echo", &format!(r#"{{"text":"call {n}"}}"#))))
        .collect();
    for (n, id) in ids {
        let done = driver.done(id);
        assert_eq!(text_of(&done), format!("call {n}"));
    }
}

#[test]
fn a_session_that_the_server_has_forgotten_begins_once_more() {
    for body in [
        "",
        r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID"},"id":null}"#,
    ] {
        let status = if body.is_empty() { 404 } else { 400 };
        let site = Site::legacy(move |asked| {
            let is_old = asked.header("mcp-session-id").as_deref() == Some("session-1");
            (is_call(asked) && is_old && asked.nth_call > 1)
                .then(|| Answer::status(status).json(body))
        });
        let mut driver = client("http-forgotten", &site.url(), r#","era":"legacy""#);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        assert_eq!(driver.text("s", "echo", ECHO), "x", "the second session has it");
        assert_eq!(site.count("initialize"), 2, "{status}");
        // Once in the first session, once refused, once in the second: none ran twice.
        assert_eq!(site.count("tools/call"), 3, "{status}");
    }
}

#[test]
fn a_server_that_refuses_every_session_is_asked_twice() {
    let site = Site::legacy(|asked| is_call(asked).then(|| Answer::status(404).json("{}")));
    let mut driver = client("http-refuses", &site.url(), r#","era":"legacy""#);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("does not know a session that it has just begun"), "{error}");
    assert_eq!((site.count("initialize"), site.count("tools/call")), (2, 2));
    // The session of the others goes on.
    assert_eq!(driver.tools("s").len(), 1);
    assert_eq!(site.count("initialize"), 2);
}

#[test]
fn a_call_whose_answer_is_lost_is_not_made_again() {
    for cut in [
        Answer::status(200).json("{").cut(),
        Answer::status(200).events("data: {").cut(),
        Answer::nothing(),
        Answer::status(202),
    ] {
        let (mut driver, site) =
            legacy("http-lost", move |asked| is_call(asked).then(|| cut.clone()));
        let id = driver.start("s", "echo", ECHO);
        let done = driver.done(id);
        let error = done.outcome.as_ref().expect_err("its answer was lost");
        assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
        assert_eq!(site.count("tools/call"), 1);
    }
}

#[test]
fn refusals_are_told_in_words() {
    for (answer, words) in [
        (
            Answer::status(401).json(r#"{"error":"invalid_token"}"#),
            "the server wants to know who calls",
        ),
        (Answer::status(403), "HTTP 403 Forbidden: the server does not allow this"),
        (Answer::status(429).header("Retry-After", "7"), "too many requests (Retry-After: 7)"),
        (
            Answer::status(500).json("{\"detail\":\"kaput\"}"),
            "HTTP 500 Internal Server Error: {\"detail\":\"kaput\"}",
        ),
        (
            Answer::status(502).html("<html>bad gateway</html>"),
            "HTTP 502 Bad Gateway: a proxy does not reach the server",
        ),
        (
            Answer::status(200).html("<!doctype html>\n<p>Please sign in"),
            "answered with text/html, not with JSON: <!doctype html> <p>Please sign in",
        ),
        (
            Answer::status(301).header("Location", "https://elsewhere/mcp"),
            "the server is at https://elsewhere/mcp now",
        ),
        (
            Answer::status(307).header("Location", "http://elsewhere/mcp"),
            "the server is at http://elsewhere/mcp now",
        ),
        (Answer::raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "the server does not speak HTTP"),
    ] {
        let (mut driver, site) =
            legacy("http-refused", move |asked| is_call(asked).then(|| answer.clone()));
        let id = driver.start("s", "echo", ECHO);
        let done = driver.done(id);
        let message = message_of(&done);
        assert!(message.contains(words), "{message}");
        assert_eq!(site.count("tools/call"), 1, "{message}");
        // The number is told once more, for those who look for it.
        let status = words.strip_prefix("HTTP ").map(|rest| &rest[..3]);
        if let Some(status) = status {
            assert_eq!(driver.stat("s", "HTTP Status"), status);
        }
    }
}

#[test]
fn a_redirect_to_another_path_is_followed() {
    let site = Site::legacy(|asked| {
        (asked.path == "/mcp").then(|| Answer::status(307).header("Location", "/mcp/"))
    });
    let mut driver = client("http-redirect", &site.url(), "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let paths: Vec<String> = site.asked().iter().map(|asked| asked.path.clone()).collect();
    assert_eq!(paths.iter().filter(|path| *path == "/mcp").count(), 1, "{paths:?}");
}

#[test]
fn a_modern_request_is_the_same_behind_a_redirect() {
    let site = Site::modern(|asked| {
        (asked.path == "/mcp").then(|| Answer::status(308).header("Location", "/mcp/"))
    });
    let mut driver = client("http-modern-redirect", &site.url(), r#","era":"modern""#);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let asked = site.asked();
    let calls: Vec<_> = asked.iter().filter(|asked| is_call(asked)).collect();
    assert_eq!(calls.len(), 2, "{asked:?}");
    for field in ["mcp-method", "mcp-name", "mcp-protocol-version"] {
        assert_eq!(calls[0].header(field), calls[1].header(field), "{field}");
    }
    assert_eq!(calls[1].header("mcp-name").as_deref(), Some("echo"));
}

#[test]
fn a_redirect_that_never_ends_is_given_up() {
    let site = Site::legacy(|_| Some(Answer::status(308).header("Location", "/again")));
    let mut driver = client("http-circle", &site.url(), r#","retry_attempts":0"#);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("HTTP 308"), "{error}");
}

#[test]
fn an_answer_that_is_too_long_is_passed_over() {
    for events in [false, true] {
        let (mut driver, _site) = {
            let site = Site::legacy(move |asked| {
                is_call(asked).then(|| {
                    let text = "y".repeat(3 << 20);
                    let answer = asked
                        .answer(&format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#));
                    match events {
                        true => Answer::status(200).events(&format!("data: {answer}\n\n")),
                        false => Answer::status(200).json(&answer),
                    }
                })
            });
            let keys = r#","era":"legacy","retry_attempts":0,"max_answer":1"#;
            (client("http-long", &site.url(), keys), site)
        };
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains("more than the 1 MiB of max_answer"), "{error}");
        assert!(driver.tools("s").len() == 1, "the session goes on");
    }
}

#[test]
fn streams_whose_responses_do_not_end_are_not_gathered() {
    let (mut driver, site) = legacy("http-lingering", |asked| {
        is_call(asked).then(|| {
            let answer = asked.echo();
            Answer::status(200).events(&format!("data: {answer}\n\n")).stays_open()
        })
    });
    for _ in 0..30 {
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
    driver.until("few streams", |_| (site.open.load(Ordering::SeqCst) < 10).then_some(()));
    assert!(site.connections.load(Ordering::SeqCst) >= 30, "each call had one of its own");
}

#[test]
fn what_a_server_says_unasked_comes_by_its_own_stream() {
    let (mut driver, site) = legacy("http-unasked", |asked| {
        (asked.verb == "GET").then(|| {
            let changed = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"unasked"}}"#;
            Answer::status(200).events(&format!("data: {changed}\n\n")).stays_open()
        })
    });
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.until("the message", |driver| driver.logged("unasked").then_some(()));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(site.asked().iter().filter(|asked| asked.verb == "GET").count(), 1);
}

/// A client of a legacy server whose calls begin with events that have these lines, and are cut
/// off or ended. What is asked for by GET with `Last-Event-ID` is answered by `rest`.
fn broken_off(
    name: &str,
    lines: &'static str,
    is_cut: bool,
    rest: impl Fn(&Asked, u64) -> Answer + Send + Sync + 'static,
) -> (Driver, Site) {
    let called = AtomicU64::new(0);
    legacy(name, move |asked| {
        if is_call(asked) {
            called.store(asked.id(), Ordering::SeqCst);
            let begun = Answer::status(200).events(lines);
            return Some(if is_cut { begun.cut() } else { begun });
        }
        let is_rest = asked.verb == "GET" && asked.header("last-event-id").is_some();
        is_rest.then(|| rest(asked, called.load(Ordering::SeqCst)))
    })
}

fn rest_of(site: &Site) -> Vec<Asked> {
    site.asked().into_iter().filter(|asked| asked.header("last-event-id").is_some()).collect()
}

fn late_answer(id: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"late"}}]}}}}"#
    )
}

#[test]
fn the_rest_of_a_response_is_asked_for_after_the_pause_that_the_server_names() {
    for is_cut in [false, true] {
        let tries = AtomicUsize::new(0);
        let lines = "id: e1\nretry: 400\ndata: \n\nid: e2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\nid: e3\nda";
        let (mut driver, site) = broken_off("http-resumed", lines, is_cut, move |_, id| {
            // The first try brings nothing but another place.
            match tries.fetch_add(1, Ordering::SeqCst) {
                0 => Answer::status(200).events("id: e4\ndata: \n\n"),
                _ => Answer::status(200).events(&format!("id: e5\ndata: {}\n\n", late_answer(id))),
            }
        });
        driver.warm("s");
        let start = std::time::Instant::now();
        assert_eq!(driver.text("s", "echo", ECHO), "late");
        let took = start.elapsed().as_millis();
        assert!((780..5000).contains(&took), "two pauses of 400 ms took {took} ms");
        let asked = rest_of(&site);
        let ids: Vec<_> = asked.iter().filter_map(|asked| asked.header("last-event-id")).collect();
        assert_eq!(ids, ["e2", "e4"]);
        assert_eq!(asked[0].header("mcp-session-id").as_deref(), Some("session-1"));
        assert_eq!(site.count("tools/call"), 1);
        assert_eq!(driver.text("s", "echo", ECHO), "late", "the session goes on");
        assert_eq!(site.count("initialize"), 1);
    }
}

#[test]
fn a_rest_that_the_server_refuses_is_no_reason_to_call_again() {
    for status in [400, 404, 405, 500] {
        let (mut driver, site) =
            broken_off("http-no-rest", "id: e1\nretry: 1\ndata:\n\n", false, move |_, _| {
                Answer::status(status).json("{}")
            });
        let id = driver.start("s", "echo", ECHO);
        let done = driver.done(id);
        let error = done.outcome.as_ref().expect_err("its answer is lost");
        assert_eq!(error.kind(), Kind::OutcomeUnknown, "{status}: {error}");
        assert_eq!((site.count("tools/call"), rest_of(&site).len()), (1, 1), "{status}");
    }
}

#[test]
fn a_call_whose_response_goes_on_elsewhere_is_cancelled_by_a_message() {
    let (mut driver, site) =
        broken_off("http-rest-cancel", "id: e1\nretry: 60000\ndata:\n\n", false, |_, _| {
            Answer::status(200).events("")
        });
    let id = driver.start("s", "echo", ECHO);
    driver.until("the call", |_| (site.count("tools/call") == 1).then_some(()));
    driver.turns_within(std::time::Duration::from_millis(50));
    assert!(driver.client.cancel(id));
    driver.until("the message", |_| (site.count("notifications/cancelled") == 1).then_some(()));
    assert_eq!(rest_of(&site).len(), 0, "the pause is not over");
}

#[test]
fn what_a_server_says_unasked_is_asked_for_again_behind_the_last_event() {
    let (mut driver, site) = legacy("http-unasked-again", |asked| {
        let log = |id: &str, text: &str| {
            let params = format!(r#"{{"level":"error","data":"{text}"}}"#);
            let method = "notifications/message";
            let message = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#);
            Answer::status(200).events(&format!("id: {id}\nretry: 20\ndata: {message}\n\n"))
        };
        (asked.verb == "GET").then(|| match asked.header("last-event-id").as_deref() {
            None => log("1", "one of three").cut(),
            Some("1") => log("2", "two of three"),
            Some("2") => log("3", "three of three").stays_open(),
            Some(_) => Answer::status(400),
        })
    });
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.until("all messages", |driver| driver.logged("three of three").then_some(()));
    assert_eq!(site.asked().iter().filter(|asked| asked.verb == "GET").count(), 3);
    assert_eq!(site.count("initialize"), 1);
}

#[test]
fn a_server_without_a_stream_of_its_own_is_asked_for_it_once() {
    let (mut driver, site) =
        legacy("http-no-get", |asked| (asked.verb == "GET").then(|| Answer::status(405)));
    let gets = |site: &Site| site.asked().iter().filter(|asked| asked.verb == "GET").count();
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.until("the stream to be asked for", |_| (gets(&site) > 0).then_some(()));
    for _ in 0..5 {
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
    assert_eq!(gets(&site), 1);
}

#[test]
fn a_session_that_is_closed_on_purpose_is_told_to_the_server() {
    let deleted = |site: &Site| {
        let is_delete = |asked: &&Asked| asked.verb == "DELETE";
        site.asked().iter().find(is_delete).map(|asked| asked.header("mcp-session-id"))
    };
    let of_first = Some(Some("session-1".to_owned()));
    // Because it is idle.
    let site = Site::legacy(|_| None);
    let mut driver = client("http-idle", &site.url(), r#","era":"legacy","pool_idle_timeout":1"#);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let told = driver.until("the end of the session", |_| deleted(&site));
    assert_eq!(Some(told), of_first);
    assert_eq!(driver.text("s", "echo", ECHO), "x", "another session begins");
    // Because the host ends.
    let (mut driver, site) = legacy("http-ends", |_| None);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    drop(driver);
    let start = std::time::Instant::now();
    while deleted(&site) != of_first {
        assert!(start.elapsed() < common::PATIENCE, "{:?}", site.asked());
        std::thread::yield_now();
    }
}

#[test]
fn a_modern_response_has_no_rest() {
    let site = Site::modern(|asked| {
        is_call(asked).then(|| Answer::status(200).events("id: 1\nretry: 1\ndata:\n\n"))
    });
    let mut driver = client("http-modern-rest", &site.url(), r#","retry_attempts":0"#);
    assert_eq!(driver.error("s", "echo", ECHO).kind(), Kind::OutcomeUnknown);
    assert!(site.asked().iter().all(|asked| asked.verb == "POST"));
}

#[test]
fn a_request_waits_until_the_server_knows_that_the_session_has_begun() {
    let (mut driver, site) = legacy("http-order", |asked| {
        (asked.method() == "notifications/initialized").then(|| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            Answer::status(202)
        })
    });
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let answered = site.order();
    let at = |what: &str| answered.iter().position(|method| method == what).expect(what);
    assert!(at("notifications/initialized") < at("tools/call"), "{answered:?}");
}

#[test]
fn a_unix_socket_can_carry_it() {
    let home = Home::new("http-unix");
    let path = home.path("http.sock");
    let _site = Site::legacy_on(&path, |_| None);
    let url = format!("unix://{}#/mcp", path.display());
    write_config(&home, &format!(r#"{{"s":{{"type":"http","url":"{url}"}}}}"#));
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn secrets_of_headers_and_addresses_are_in_no_message() {
    let site = Site::legacy(|asked| {
        is_call(asked).then(|| {
            let token = asked.header("authorization").unwrap_or_default();
            Answer::status(403).json(&format!("{{\"detail\":\"no {token} here\"}}"))
        })
    });
    let keys = r#","era":"legacy","headers":{"Authorization":"Bearer s3cr3t-t0ken-value"}"#;
    let mut driver = client("http-secret", &(site.url() + "?key=s3cr3t-key-value"), keys);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("HTTP 403"), "{error}");
    assert!(!error.message().contains("s3cr3t-t0ken"), "{error}");
    assert!(!driver.logged("s3cr3t"));
}
