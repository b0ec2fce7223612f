//! Tool lists: pages, changes, what is kept.

mod common;

use common::{Driver, one};
use tmcp::client::{Event, Listing, Reply};

#[test]
fn all_pages_are_one_list_in_both_eras() {
    for era in ["legacy", "modern"] {
        let mut driver = one("all", &["--era", era], "");
        let whole = driver.tools("s");
        assert_eq!(whole.len(), 28);
        for page in ["1", "7", "28"] {
            let mut driver = one("pages", &["--era", era, "--page", page], "");
            assert_eq!(driver.tools("s"), whole, "{era} {page}");
        }
    }
}

#[test]
fn definitions_come_as_the_server_wrote_them() {
    let mut driver = one("raw", &[], "");
    let tools = driver.tools("s");
    let types = tools.iter().find(|tool| tool["name"] == "types").unwrap();
    assert_eq!(types["inputSchema"]["properties"]["e"]["enum"][1], "green");
    assert!(types["inputSchema"]["additionalProperties"] == false);
}

#[test]
fn a_change_is_told_and_the_list_is_asked_for_again() {
    let mut driver = one("changed", &["--change-tools-after", "2"], "");
    assert_eq!(driver.tools("s").len(), 28);
    let done = driver.words("s", "extra", &[]);
    assert!(done.outcome.unwrap_err().message().contains("has no tool 'extra'"));
    driver.text("s", "echo", r#"{"text":"1"}"#);
    driver.text("s", "echo", r#"{"text":"2"}"#);
    driver.until("the news", |driver| {
        let news = |event: &_| matches!(event, Event::ToolsChanged { server } if &**server == "s");
        driver.events.iter().any(news).then_some(())
    });
    let error = driver.error("s", "nothing", "{}");
    assert!(error.message().ends_with(", extra"), "the old list is kept: {error}");
    let done = driver.words("s", "extra", &[]);
    assert!(done.outcome.is_ok(), "{done:?}");
    assert_eq!(driver.tools("s").len(), 29);
}

#[test]
fn many_callers_share_one_list() {
    let mut driver = one("one-list", &[], "");
    driver.text("s", "pid", "{}");
    let before = driver.number("s", "Replies On Wire");
    let ids: Vec<_> = (0..10)
        .map(|n| {
            let call = tmcp::client::CallTool {
                server: "s".into(),
                tool: "echo".into(),
                arguments: tmcp::client::Arguments::Pairs(vec![tmcp::client::Pair {
                    key: "text".into(),
                    value: n.to_string(),
                    is_json: false,
                }]),
                is_unattended: false,
            };
            driver.client.call(call, None, n).unwrap()
        })
        .collect();
    for (n, id) in ids.into_iter().enumerate() {
        let done = driver.done(id);
        assert_eq!(done.user_data, n as u64);
        assert_eq!(common::text_of(&done), n.to_string());
    }
    assert_eq!(driver.number("s", "Replies On Wire"), before + 11);
}

/// A legacy server in a shell that answers its third request with `result`.
fn answers(name: &str, rest: &str) -> Driver {
    let script = format!(
        r#"read a; echo '{{"jsonrpc":"2.0","id":1,"error":{{"code":-32601,"message":"no"}}}}'
        read a; echo '{{"jsonrpc":"2.0","id":2,"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"x","version":"1"}}}}}}'
        read a; {rest}"#
    );
    let servers = serde_json::json!({"s": {"command": "sh", "args": ["-c", script]}});
    Driver::new(name, &servers.to_string())
}

#[test]
fn a_server_that_does_not_know_the_method_has_no_tools() {
    let mut driver = answers(
        "no-tools",
        r#"read a; echo '{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}'; read a"#,
    );
    assert_eq!(driver.tools("s").len(), 0);
}

/// The log has one warning about this field of the server, and no more.
#[track_caller]
fn warned_once(driver: &Driver, field: &str) {
    let log = driver.log.lock().unwrap();
    let told = log.iter().filter(|line| line.contains("s: ") && line.contains(field)).count();
    assert_eq!(told, 1, "{field} in {log:#?}");
}

#[test]
fn a_list_that_is_none_is_empty_and_named_once() {
    for result in ["{}", "null", "7", "{\"tools\":null}", "{\"tools\":7}", "{\"tools\":{}}"] {
        let rest = format!(
            "read a; n=3; while read a; do echo '{{\"jsonrpc\":\"2.0\",\"id\":'$n',\"result\":{result}}}'; n=$((n+1)); done"
        );
        // The notice that the session stands is no request.
        let mut driver = answers("no-list", rest.strip_prefix("read a; ").unwrap());
        for _ in 0..2 {
            assert_eq!(driver.tools("s").len(), 0, "{result}");
        }
        warned_once(&driver, "tools of tools/list");
    }
}

#[test]
fn a_cursor_that_comes_again_ends_the_list() {
    for (cursor, field) in
        [("\"more\"", "nextCursor of"), ("\"\"", "nextCursor of"), ("7", "once more")]
    {
        let rest = format!(
            r#"n=3; while read a; do echo '{{"jsonrpc":"2.0","id":'$n',"result":{{"tools":[{{"name":"t"}}],"nextCursor":{cursor}}}}}'; n=$((n+1)); done"#
        );
        let mut driver = answers("endless", &rest);
        assert_eq!(driver.tools("s").len(), 1, "what came twice is there once: {cursor}");
        warned_once(&driver, field);
        assert_eq!(driver.number("s", "Replies On Wire"), 4, "two for the handshake: {cursor}");
    }
}

#[test]
fn a_cursor_that_is_a_number_goes_back_as_a_number() {
    let script = r#"n=3; while read a; do
        case "$a" in *'"cursor":10,'*) r='{"tools":[{"name":"b"}]}';; *cursor*) r='{"tools":[]}';;
        *) r='{"tools":[{"name":"a"}],"nextCursor":10}';; esac
        echo '{"jsonrpc":"2.0","id":'$n',"result":'"$r"'}'; n=$((n+1)); done"#;
    let mut driver = answers("numbered", script);
    let names: Vec<_> = driver.tools("s").iter().map(|tool| tool["name"].to_string()).collect();
    assert_eq!(names, ["\"a\"", "\"b\""]);
    warned_once(&driver, "nextCursor of tools/list is a number");
}

#[test]
fn an_error_for_what_was_never_offered_is_an_empty_list() {
    let script = r#"n=3; while read a; do
        echo '{"jsonrpc":"2.0","id":'$n',"error":{"code":-32603,"message":"boom"}}'; n=$((n+1)); done"#;
    let mut driver = answers("never-offered", script);
    for what in [Listing::Resources, Listing::ResourceTemplates, Listing::Prompts, Listing::Tools] {
        let id = driver.client.list("s", what, None, 0).unwrap();
        let Ok(Reply::List { items, .. }) = driver.done(id).outcome else { panic!("{what:?}") };
        assert_eq!(&*items, b"[]", "{what:?}");
    }
    warned_once(&driver, "resources/list failed");
    // Where it was offered the error is told, with all that the server says.
    let offers = r#"read a; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
        read a; echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{"prompts":{}},"serverInfo":{}}}'
        read a; read a; echo '{"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"boom","data":"disk full"}}'; read a"#;
    let servers = serde_json::json!({"s": {"command": "sh", "args": ["-c", offers]}});
    let mut driver = Driver::new("offered", &servers.to_string());
    let id = driver.client.list("s", Listing::Prompts, None, 0).unwrap();
    let error = driver.done(id).outcome.unwrap_err();
    assert_eq!(error.message(), "server 's': boom (-32603): disk full");
    assert_eq!(error.json(), r#"{"code":-32603,"message":"boom","data":"disk full"}"#);
}
