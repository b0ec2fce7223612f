//! Arguments of tools, as typed and as given, against a real schema.

mod common;

use common::{Driver, one, text_of};
use tmcp::error::Kind;

fn typed(driver: &mut Driver, words: &[&str]) -> serde_json::Value {
    let done = driver.words("s", "types", words);
    serde_json::from_str(&text_of(&done)).unwrap()
}

fn refusal(driver: &mut Driver, tool: &str, words: &[&str]) -> String {
    let done = driver.words("s", tool, words);
    let error = done.outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    error.message().to_owned()
}

#[test]
fn words_become_what_the_schema_asks_for() {
    let mut driver = one("types", &[], "");
    let value = typed(
        &mut driver,
        &["s=12", "i=-7", "n=2.5", "b=true", "a=one", "o={\"x\":1}", "e=blue", "maybe=3"],
    );
    assert_eq!(
        value,
        serde_json::json!({"s": "12", "i": -7, "n": 2.5, "b": true, "a": ["one"],
            "o": {"x": 1}, "e": "blue", "maybe": 3})
    );
    let value = typed(&mut driver, &["s=a=b c", "i=1", "a:=[\"x\",\"y\"]", "maybe:=null"]);
    assert_eq!(value, serde_json::json!({"s": "a=b c", "i": 1, "a": ["x", "y"], "maybe": null}));
    let value = typed(&mut driver, &["s=größer \"漢字\"\n", "i=1"]);
    assert_eq!(value["s"], "größer \"漢字\"\n");
}

#[test]
fn the_schema_is_fetched_once_and_only_for_words() {
    let mut driver = one("fetched", &[], "");
    driver.text("s", "echo", r#"{"text":"x"}"#);
    let before = driver.number("s", "Replies On Wire");
    driver.text("s", "echo", r#"{"text":"x"}"#);
    assert_eq!(driver.number("s", "Replies On Wire"), before + 1, "JSON needs no schema");
    typed(&mut driver, &["s=x", "i=1"]);
    assert_eq!(driver.number("s", "Replies On Wire"), before + 3, "a list and a call");
    typed(&mut driver, &["s=x", "i=1"]);
    assert_eq!(driver.number("s", "Replies On Wire"), before + 4, "the list is kept");
}

#[test]
fn what_does_not_fit_is_refused_with_the_argument_s_name_and_never_run() {
    let (mut driver, journal) = common::journaled("refused", &[], "");
    for (words, parts) in [
        (&["s=x"][..], &["'i'", "types"][..]),
        (&["i=1"], &["'s'", "types"]),
        (&[], &["'s'"]),
        (&["s=x", "i=1", "wrong=2"], &["no argument 'wrong'"]),
        (&["s=x", "i=one"], &["'i'", "'one'"]),
        (&["s=x", "i=1.5"], &["'i'", "'1.5'"]),
        (&["s=x", "i=1", "b=maybe"], &["'b'", "'maybe'"]),
        (&["s=x", "i=1", "e=mauve"], &["'e'", "red", "'mauve'"]),
        (&["s=x", "i=1", "o:={\"x\":"], &["'o' is not valid JSON"]),
        (&["s=x", "s=y", "i=1"], &["'s'"]),
    ] {
        let message = refusal(&mut driver, "types", words);
        for part in parts {
            assert!(message.contains(part), "{words:?}: {message}");
        }
    }
    assert_eq!(journal.calls().len(), 0);
    assert_eq!(driver.number("s", "Invalid"), 10);
}

#[test]
fn an_unknown_tool_is_answered_with_the_tools_there_are() {
    let mut driver = one("unknown-tool", &[], "");
    let message = refusal(&mut driver, "nothing", &["a=b"]);
    assert!(
        message.starts_with("server 's' has no tool 'nothing'; it has echo, upper"),
        "{message}"
    );
    let message = driver.error("s", "nothing", "{}");
    // What the server says comes first: it may know better.
    let told =
        "unknown tool: nothing (-32602); server 's' has no tool 'nothing'; it has echo, upper";
    assert!(message.message().starts_with(told), "{message}");
}

#[test]
fn a_name_that_is_nearly_right_is_answered_with_the_one_that_may_be_meant() {
    let mut driver = one("nearly", &[], "");
    let tool = refusal(&mut driver, "ecco", &["text=x"]);
    assert!(tool.starts_with("server 's' has no tool 'ecco'; it has echo, upper"), "{tool}");
    assert!(tool.ends_with("; did you mean 'echo'?"), "{tool}");
    let argument = refusal(&mut driver, "echo", &["txet=hi"]);
    assert!(argument.contains("tool 'echo' has no argument 'txet'; it takes text"), "{argument}");
    assert!(argument.ends_with("; did you mean 'text'?"), "{argument}");
    let server = driver.start_error("S", "echo", "{}");
    assert!(server.starts_with("unknown server 'S'; there are s"), "{server}");
    assert!(server.ends_with("; did you mean 's'?"), "{server}");
    let far = refusal(&mut driver, "nothing", &["text=x"]);
    assert!(!far.contains("did you mean"), "{far}");
}

#[test]
fn arguments_that_are_no_json_object_are_refused_at_once() {
    let mut driver = one("no-object", &[], "");
    driver.ready();
    for (json, part) in [
        ("{", "arguments are not valid JSON"),
        ("{\"a\":1} x", "arguments are not valid JSON"),
        ("[1]", "arguments must be a JSON object"),
        ("\"text\"", "arguments must be a JSON object"),
        ("null", "arguments must be a JSON object"),
    ] {
        let message = driver.start_error("s", "echo", json);
        assert!(message.contains(part), "{json}: {message}");
    }
    // Written over several lines it is one line on the wire.
    assert_eq!(driver.text("s", "echo", "{\n  \"text\":\r\n \"x\"\n}\n"), "x");
    assert!(driver.text("s", "pid", "").parse::<u32>().is_ok());
}

#[test]
fn what_is_required_is_looked_for_in_json_and_in_nothing_once_the_tools_are_known() {
    let (mut driver, journal) = common::journaled("required", &[], "");
    typed(&mut driver, &["s=x", "i=1"]);
    let before = journal.calls().len();
    for json in ["{}", "", "{\"s\":\"x\"}", "{\"n\":{\"i\":1,\"s\":2}}"] {
        let error = driver.error("s", "types", json);
        assert_eq!(error.kind(), Kind::Invalid, "{json}: {error}");
        assert!(error.message().contains("tool 'types' needs argument"), "{json}: {error}");
    }
    let error = driver.error("s", "types", "");
    assert!(
        error.message().contains("it takes i (integer, required), s (string, required)"),
        "{error}"
    );
    assert_eq!(journal.calls().len(), before, "none of them ran");
    driver.text("s", "types", "{\"s\":\"x\",\"i\":12345678901234567890}");
}
