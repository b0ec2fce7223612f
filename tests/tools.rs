//! Tool lists: pages, changes, what is kept.

mod common;

use common::{Driver, one};
use tmcp::client::Event;
use tmcp::error::Kind;

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

#[test]
fn a_malformed_list_is_a_protocol_error() {
    for result in ["[]", "7", "{\"tools\":7}"] {
        let rest =
            format!("read a; echo '{{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{result}}}'; read a");
        let mut driver = answers("bad-list", &rest);
        let id = driver.client.list_tools("s", None, 0).unwrap();
        let error = driver.done(id).outcome.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{result}: {error}");
        assert!(error.message().contains("tools/list"), "{error}");
    }
}

#[test]
fn a_list_without_end_is_given_up() {
    let mut driver = answers(
        "endless",
        r#"n=3; while read a; do echo '{"jsonrpc":"2.0","id":'$n',"result":{"tools":[],"nextCursor":"more"}}'; n=$((n+1)); done"#,
    );
    let id = driver.client.list_tools("s", None, 0).unwrap();
    let error = driver.done(id).outcome.unwrap_err();
    assert!(error.message().contains("tools/list does not end"), "{error}");
}
