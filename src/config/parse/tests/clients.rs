//! Entries of other clients that stand in a file of ours as they are.

use super::super::spelling::FOREIGN;
use super::parse;

/// Each key of an entry of another client changes something, is told, or is one of those
/// that are known to have no meaning here.
#[test]
fn no_key_of_another_client_is_passed_over_unawares() {
    let remote = r#""headers": {"A": "b"}"#;
    for (client, entry) in [
        (
            "Claude Code",
            r#"{"type": "stdio", "command": "x", "args": ["y"], "env": {"K": "v"},
            "timeout": 60000, "alwaysLoad": true}"#
                .to_owned(),
        ),
        (
            "Claude Code",
            format!(
                r#"{{"type": "sse", "url": "http://h/mcp", {remote},
            "headersHelper": "z", "oauth": {{"clientId": "i", "callbackPort": 8080}}}}"#
            ),
        ),
        ("Claude Desktop", r#"{"command": "x", "args": ["y"], "env": {"K": "v"}}"#.to_owned()),
        (
            "VS Code",
            r#"{"type": "stdio", "command": "x", "args": ["y"], "cwd": "/p",
            "env": {"K": "v"}, "envFile": "/e", "dev": {"watch": "*"}}"#
                .to_owned(),
        ),
        ("VS Code", format!(r#"{{"type": "sse", "url": "unix:///s.sock#/p", {remote}}}"#)),
        (
            "Cursor",
            r#"{"command": "x", "args": ["y"], "env": {"K": "${env:HOME}"},
            "envFile": "/e"}"#
                .to_owned(),
        ),
        ("Cursor", format!(r#"{{"url": "http://h/mcp", {remote}}}"#)),
        (
            "Codex",
            r#"{"command": "x", "args": ["y"], "env": {"K": "v"}, "env_vars": ["H"],
            "cwd": "/p", "startup_timeout_sec": 10, "tool_timeout_sec": 60,
            "enabled_tools": ["a"], "disabled_tools": ["b"], "required": true,
            "supports_parallel_tool_calls": true}"#
                .to_owned(),
        ),
        (
            "Codex",
            r#"{"url": "http://h/mcp", "bearer_token_env_var": "T",
            "http_headers": {"A": "b"}, "env_http_headers": {"C": "D"}}"#
                .to_owned(),
        ),
        (
            "Gemini CLI",
            r#"{"command": "x", "args": ["y"], "env": {"K": "v"}, "cwd": "/p",
            "timeout": 5000, "trust": true, "includeTools": ["a"], "excludeTools": ["b"],
            "description": "d"}"#
                .to_owned(),
        ),
        ("Gemini CLI", format!(r#"{{"httpUrl": "http://h/mcp", {remote}}}"#)),
        (
            "Zed",
            r#"{"source": "custom", "command": "x", "args": ["y"], "env": {"K": "v"},
            "timeout": 60}"#
                .to_owned(),
        ),
        ("Zed", format!(r#"{{"url": "http://h/mcp", {remote}}}"#)),
    ] {
        let whole: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&entry).expect("it is JSON");
        let read = |map: &serde_json::Map<String, serde_json::Value>| {
            parse(&serde_json::json!({ "s": map }).to_string())
        };
        for key in whole.keys() {
            let mut without = whole.clone();
            without.remove(key);
            let is_meaningless = FOREIGN.contains(&key.as_str());
            // A transport that follows from the rest changes nothing.
            let is_usual = whole[key] == "stdio";
            let makes_no_difference = read(&whole) == read(&without);
            let is_known = !makes_no_difference || is_meaningless || is_usual;
            assert!(is_known, "{client}: {key} is passed over without a word");
        }
    }
}
