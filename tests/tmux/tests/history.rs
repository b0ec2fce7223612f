//! The last calls: listed with their outcome, and made again; nothing secret is kept.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

/// A server of python whose tool `login` takes a secret.
const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    method, r = m.get("method"), None
    if method == "initialize":
        r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "p", "version": "1"}}
    elif method == "tools/list":
        r = {"tools": [{"name": "login", "inputSchema": {"type": "object", "properties":
            {"user": {"type": "string"}, "password": {"type": "string"}}}}]}
    elif method == "tools/call":
        r = {"content": [{"type": "text", "text": "welcome"}]}
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r} if r is not None else
        {"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
"#;

fn with_secret() -> Tmux {
    let entry = json!({"command": "python3", "args": ["-c", SERVER], "era": "legacy"});
    Setup::new().server("s", entry).start()
}

fn history(tmux: &Tmux, format: &str) -> Vec<String> {
    let text = tmux.run(["mcp-history", "-F", format]).ok();
    text.lines().map(str::to_string).collect()
}

#[test]
fn calls_are_listed_with_their_outcome_and_size() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-history"]).ok(), "");
    let _ = tmux.call(["demo", "echo", "text=one two"]).ok();
    let _ = tmux.call(["demo", "add", r#"{"a": 1, "b": 2}"#]).ok();
    let _ = tmux.call(["demo", "fail", "message=broken"]).fails(1);
    let _ = tmux.call(["-T", "100", "demo", "sleep", "ms=60000"]).fails(124);
    let format = "#{mcp_server} #{mcp_tool} #{mcp_outcome} #{mcp_arguments} #{mcp_error}";
    let lines = history(&tmux, format);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[0], "demo echo ok text='one two' ");
    assert_eq!(lines[1], r#"demo add ok {"a": 1, "b": 2} "#);
    assert_eq!(lines[2], "demo fail error message=broken broken");
    assert!(lines[3].starts_with("demo sleep timeout ms=60000 "), "{lines:?}");
    let sizes = history(&tmux, "#{e|>|:#{mcp_size},0} #{e|>|:#{mcp_time},1000000000} #{mcp_id}");
    assert!(sizes[0].starts_with("1 1 ") && sizes[3].starts_with("0 1 "), "{sizes:?}");
    let some = tmux.run(["mcp-history", "-F", "#{mcp_tool}", "-f", "#{==:#{mcp_outcome},ok}"]);
    assert_eq!(some.ok(), "echo\nadd\n");
    let line = tmux.run(["mcp-history"]).ok();
    assert!(line.contains("demo echo ok"), "{line}");
    assert!(tmux.run(["mcp-history", "-j", "-F", "x"]).fails(1).contains("-j"));
    tmux.finish();
}

#[test]
fn the_history_is_json_when_it_is_asked_for() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-history", "-j"]).ok(), "[]\n");
    let _ = tmux.call(["demo", "echo", "text=a \"b\"\u{1b}[31m"]).ok();
    let _ = tmux.call(["demo", "fail", "message=x"]).fails(1);
    let list: Value = serde_json::from_str(&tmux.run(["mcp-history", "-j"]).ok()).expect("JSON");
    assert_eq!(list[0]["tool"], "echo");
    assert_eq!(list[0]["outcome"], "ok");
    assert_eq!(list[1]["error"], "x");
    assert!(list[1]["id"].as_u64() > list[0]["id"].as_u64());
    tmux.finish();
}

/// What is not seen is escaped as JSON does it: with `\342\200\256` it was no JSON any more.
#[test]
fn json_stays_json_with_characters_that_are_not_seen() {
    let tmux = Tmux::demo();
    let odd = "a\u{202e}b\u{200b}c\u{85}d\u{9b}31me\u{7f}f\u{e0041}g\u{1f468}\u{200d}\u{1f469}";
    let json = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
    };
    let answer = json(&tmux.call(["-j", "demo", "echo", &format!("text={odd}")]).ok());
    assert_eq!(answer["content"][0]["text"], odd);
    let history = tmux.run(["mcp-history", "-j"]).ok();
    assert!(!history.contains(['\u{202e}', '\u{85}', '\u{7f}']), "{history}");
    // 3.3a has no width for these two, and takes their bytes for no characters.
    let kept = match Tmux::version() == "3.3a" {
        true => odd.replace(['\u{85}', '\u{9b}'], "\u{fffd}\u{fffd}"),
        false => odd.to_owned(),
    };
    assert_eq!(json(&history)[0]["arguments"], format!("text={kept}"));
    let inner = format!("text={}", serde_json::json!({"x": odd}));
    assert_eq!(
        json(&tmux.call(["-p", "demo", "echo", &inner]).ok()),
        serde_json::json!({"x": odd})
    );
    tmux.finish();
}

#[test]
fn arguments_that_are_cut_say_so() {
    let tmux = Tmux::demo();
    for (at, length, is_cut) in [(0, 900, false), (1, 5000, true)] {
        let _ = tmux.call(["demo", "echo", &format!("text={}", "x".repeat(length))]).ok();
        let list = tmux.run(["mcp-history", "-j"]).ok();
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let arguments = list[at]["arguments"].as_str().expect("text");
        assert_eq!((arguments.ends_with("..."), list[at]["cut"] == true), (is_cut, is_cut));
    }
    tmux.finish();
}

#[test]
fn a_call_is_made_again_by_its_number_or_as_the_last() {
    let tmux = Tmux::demo();
    assert!(tmux.run(["mcp-again"]).fails(1).contains("no tool was called yet"));
    let _ = tmux.run(["set", "-s", "mcp-history-size", "0"]).ok();
    assert!(tmux.run(["mcp-again"]).fails(1).contains("mcp-history-size is 0"));
    let _ = tmux.run(["set", "-su", "mcp-history-size"]).ok();
    let _ = tmux.call(["demo", "echo", "text=first"]).ok();
    let id = history(&tmux, "#{mcp_id}").remove(0);
    let _ = tmux.call(["demo", "add", r#"{"a": 19, "b": 23}"#]).ok();
    assert_eq!(tmux.run(["mcp-again"]).ok(), "42\n");
    assert_eq!(tmux.last_arguments(), json!({"a": 19, "b": 23}));
    assert_eq!(tmux.run(["mcp-again", &id]).ok(), "first\n");
    assert_eq!(tmux.last_arguments(), json!({"text": "first"}));
    // That was a call of its own.
    assert_eq!(history(&tmux, "#{mcp_tool}"), ["echo", "add", "add", "echo"]);
    assert_eq!(tmux.journal().len(), 4);
    assert_eq!(tmux.run(["mcp-again", "-q", "/content/0/text", &id]).ok(), "first\n");
    for bad in ["0", "x", "99999"] {
        assert!(tmux.run(["mcp-again", bad]).fails(1).contains("no such call"), "{bad}");
    }
    tmux.finish();
}

#[test]
fn what_came_from_a_source_is_not_kept_and_such_a_call_says_so() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-buffer", "-b", "b", "out of a buffer"]).ok();
    let _ = tmux.call(["demo", "echo", "text@=buffer:b"]).ok();
    assert_eq!(history(&tmux, "#{mcp_arguments}"), ["text=(not kept)"]);
    let why = tmux.run(["mcp-again"]).fails(1);
    assert!(why.contains("can't repeat demo echo: argument 'text' came from a source"), "{why}");
    assert_eq!(tmux.journal().len(), 1);
    tmux.finish();
}

#[test]
fn what_a_schema_marks_as_secret_is_not_kept() {
    let tmux = with_secret();
    let _ = tmux.call(["s", "login", "user=ann", "password=hunter2"]).ok();
    let format = "#{mcp_arguments}";
    until("the schema was looked at", || history(&tmux, format)[0].contains("user"));
    assert_eq!(history(&tmux, format), ["user=ann password=(not kept)"]);
    assert!(tmux.run(["mcp-again"]).fails(1).contains("argument 'password' is secret"));
    let _ = tmux.call(["s", "login", r#"{"password": "hunter2"}"#]).ok();
    until("the schema was looked at", || history(&tmux, format)[1] == "(not kept)");
    assert!(tmux.run(["mcp-again"]).fails(1).contains("takes a secret ('password')"));
    assert!(!tmux.run(["mcp-history", "-j"]).ok().contains("hunter2"));
    // Without it a call can be made again.
    let _ = tmux.call(["s", "login", "user=bob"]).ok();
    assert_eq!(tmux.run(["mcp-again"]).ok(), "welcome\n");
    tmux.finish();
}

#[test]
fn arguments_are_not_shown_before_it_is_known_which_are_secret() {
    let tmux = with_secret();
    // A call with JSON needs no list of tools.
    let _ = tmux.call(["s", "login", r#"{"password": "hunter2"}"#]).ok();
    let shown = history(&tmux, "#{mcp_arguments}");
    assert!(!shown[0].contains("hunter2"), "{shown:?}");
    let _ = tmux.run(["mcp-tools", "s"]).ok();
    until("it is known now", || history(&tmux, "#{mcp_arguments}")[0] == "(not kept)");
    tmux.finish();
}

#[test]
fn the_history_is_as_long_as_the_option_says() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g mcp-history-size 2").start();
    for n in ["1", "2", "3"] {
        let _ = tmux.call(["demo", "echo", &format!("text={n}")]).ok();
    }
    assert_eq!(history(&tmux, "#{mcp_arguments}"), ["text=2", "text=3"]);
    let _ = tmux.run(["set", "-g", "mcp-history-size", "0"]).ok();
    assert_eq!(history(&tmux, "x"), [""; 0]);
    let _ = tmux.call(["demo", "echo", "text=4"]).ok();
    assert_eq!(history(&tmux, "x"), [""; 0]);
    assert!(tmux.run(["mcp-stats", "-v"]).ok().contains("demo"));
    tmux.finish();
}

#[test]
fn large_arguments_are_not_kept_and_all_of_them_are_bounded() {
    let tmux = Tmux::demo();
    let call = |text: &str| {
        let file = tmux.path("arguments.json");
        std::fs::write(&file, json!({ "text": text }).to_string()).expect("written");
        let _ = tmux.call(["-o", "none", "-i", &file.to_string_lossy(), "demo", "echo"]).ok();
    };
    call(&"x".repeat(100_000));
    assert!(tmux.run(["mcp-again"]).fails(1).contains("were not kept"));
    for _ in 0..40 {
        call(&"y".repeat(60_000));
    }
    let kept = history(&tmux, "#{mcp_id}").len();
    assert!(kept <= 17, "{kept} calls of 60 KB are kept");
    let _ = tmux.run(["mcp-again", "-o", "none"]).ok();
    tmux.finish();
}

#[test]
fn a_call_under_way_and_one_that_was_cancelled_are_in_it() {
    let tmux = Tmux::demo();
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("it runs", || history(&tmux, "#{mcp_outcome}") == ["running"]);
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait().fails(1);
    assert_eq!(history(&tmux, "#{mcp_outcome}"), ["cancelled"]);
    let gone = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("it runs", || {
        history(&tmux, "#{mcp_outcome}").last().is_some_and(|last| last == "running")
    });
    drop(gone);
    until("it was cancelled", || {
        history(&tmux, "#{mcp_outcome}").last().is_some_and(|last| last == "cancelled")
    });
    tmux.finish();
}
