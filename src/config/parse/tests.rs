use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::config::{
    Command, Era, HostPort, HttpEntry, PoolTuning, ServerConfig, Settings, Transport,
};

const ORIGIN: &str = "/home/u/.claude.json";

mod clients;
mod secrets;

fn env(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/home/u".to_owned()),
        "TOKEN" => Some("SECRET-FROM-ENV".to_owned()),
        "DIR" => Some("/opt/x".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(raw: &str) -> Config {
    parse_servers(raw.as_bytes(), &env, ORIGIN)
}

/// The one server of an entry that is right.
pub(super) fn good(entry: &str) -> ServerConfig {
    let config = parse(&format!("{{\"a\": {entry}}}"));
    assert_eq!(config.problems, [], "{entry}");
    assert_eq!(config.servers.len(), 1, "{entry}");
    (*config.servers[0]).clone()
}

/// What is told of an entry that is wrong, behind file and server.
pub(super) fn bad(entry: &str) -> String {
    let config = parse(&format!("{{\"good\": {{\"command\": \"x\"}}, \"a\": {entry}}}"));
    assert_eq!(config.servers.len(), 1, "{entry}");
    assert_eq!(config.servers[0].name, "good");
    assert_eq!(config.problems.len(), 1, "{entry}: {:?}", config.problems);
    assert_eq!(config.problems[0].server.as_deref(), Some("a"));
    let message = &config.problems[0].message;
    let told = message.strip_prefix("/home/u/.claude.json: server 'a'");
    let told = told.unwrap_or_else(|| panic!("{message}"));
    told.strip_prefix(": ").unwrap_or(told).to_owned()
}

fn command(entry: &str) -> Command {
    good(entry).command.expect("the entry has a command")
}

#[test]
fn the_documents_own_examples_are_read() {
    let config = parse(
        r#"{
        "enhanced-memory": {
          "transport": "socket",
          "socket_path": "/tmp/enhanced-memory.sock",
          "command": "node",
          "args": ["/path/to/server.js"],
          "env": {"MCP_SOCKET_PATH": "/tmp/enhanced-memory.sock"}
        },
        "agent-runtime": {
          "transport": "socket", "socket_path": "/tmp/slow.sock",
          "timeout": 30000, "retry_attempts": 3, "retry_backoff": 1000,
          "pool_max_size": 20, "pool_idle_timeout": 600, "operation_timeout": 5000
        }
    }"#,
    );
    assert_eq!(config.problems, []);
    let [runtime, memory] = config.servers.as_slice() else { panic!("two servers, sorted") };
    assert_eq!(memory.name, "enhanced-memory");
    assert_eq!(memory.transport, Transport::Socket);
    assert_eq!(memory.socket_path.as_deref(), Some(Path::new("/tmp/enhanced-memory.sock")));
    let command = memory.command.as_ref().expect("it has a fallback");
    assert_eq!(command.program, "node");
    assert_eq!(command.args, ["/path/to/server.js"]);
    let variable = ("MCP_SOCKET_PATH".to_owned(), "/tmp/enhanced-memory.sock".to_owned());
    assert_eq!(command.env, [variable]);

    assert_eq!(runtime.command, None);
    assert_eq!(runtime.settings.timeout, Some(Duration::from_secs(30)));
    assert_eq!(runtime.settings.retry_attempts, Some(3));
    assert_eq!(runtime.settings.retry_backoff, Some(Duration::from_secs(1)));
    assert_eq!(runtime.settings.pool_max_size, Some(20));
    assert_eq!(runtime.settings.pool_idle_timeout, Some(Duration::from_secs(600)));
    assert_eq!(runtime.settings.operation_timeout, Some(Duration::from_secs(5)));
}

#[test]
fn what_is_left_out_stays_open() {
    let server = good(r#"{"command": "x"}"#);
    let expected = ServerConfig {
        command: Some(crate::config::tests::command("x")),
        ..crate::config::tests::server("a")
    };
    assert_eq!(server, expected);
    let nulls = r#"{"command": "x", "args": null, "env": null, "cwd": null, "type": null,
        "socket_path": null, "timeout": null, "disabled": null, "era": null, "tmux": null,
        "idempotent_tools": null, "socket_allow_uid": null, "pool_max_size": null}"#;
    assert_eq!(good(nulls), expected);
    let foreign = r#"{"command": "x", "alwaysLoad": true, "role": 7, "url": [], "headers": 1}"#;
    assert_eq!(good(foreign), expected);
}

#[test]
fn every_key_is_read() {
    let keys = r#""transport": "unix", "socket_path": "/s", "command": "x", "args": ["y"],
        "env": {"K": "v"}, "cwd": "/w", "pool_max_size": 2, "pool_idle_timeout": 0,
        "pool_tuning": "frozen",
        "max_in_flight": 3, "timeout": 4000, "operation_timeout": 5, "retry_attempts": 6,
        "retry_backoff": 7, "startup_timeout": 8000, "max_answer": 9,
        "breaker_failures": 11, "breaker_pause": 12,
        "era": "modern", "unsolicited": true, "keep": true,
        "idempotent_tools": ["t", "u"],
        "socket_allow_uid": [33, 1000], "disabled": false"#;
    let expected = ServerConfig {
        name: "a".to_owned(),
        transport: Transport::Socket,
        socket_path: Some(PathBuf::from("/s")),
        socket_allow_uid: vec![33, 1000],
        command: Some(Command {
            program: "x".to_owned(),
            args: vec!["y".to_owned()],
            env: vec![("K".to_owned(), "v".to_owned())],
            cwd: Some(PathBuf::from("/w")),
        }),
        settings: Settings {
            pool_max_size: Some(2),
            pool_idle_timeout: Some(Duration::ZERO),
            max_in_flight: Some(3),
            timeout: Some(Duration::from_secs(4)),
            operation_timeout: Some(Duration::from_millis(5)),
            retry_attempts: Some(6),
            retry_backoff: Some(Duration::from_millis(7)),
            startup_timeout: Some(Duration::from_millis(8000)),
            max_answer: Some(9),
            breaker_failures: Some(11),
            breaker_pause: Some(12),
        },
        pool_tuning: PoolTuning::Frozen,
        era: Some(Era::Modern),
        unsolicited: true,
        idempotent_tools: vec!["t".to_owned(), "u".to_owned()],
        keep: true,
        ..ServerConfig::default()
    };
    assert_eq!(good(&format!("{{{keys}}}")), expected);
    assert_eq!(good(&format!("{{\"tmux\": {{{keys}}}}}")), expected);

    // Our own object wins, key by key, over what other programs are told.
    let others = r#""type": "http", "socket_path": 1, "command": 2, "args": 3, "env": 4, "cwd": 5,
        "pool_max_size": "", "pool_tuning": 0, "pool_idle_timeout": "", "max_in_flight": "", "timeout": "",
        "operation_timeout": "", "retry_attempts": "", "retry_backoff": "", "startup_timeout": "", "max_answer": "",
        "breaker_failures": "", "breaker_pause": "", "era": 0, "unsolicited": 1,
        "idempotent_tools": 0, "socket_allow_uid": "", "disabled": true"#;
    assert_eq!(good(&format!("{{{others}, \"tmux\": {{{keys}}}}}")), expected);
}

#[test]
fn the_transport_follows_from_what_is_given() {
    use Transport::{Socket, Stdio};
    for (entry, expected) in [
        (r#"{"command": "x"}"#, Stdio),
        (r#"{"socket_path": "/s"}"#, Socket),
        (r#"{"command": "x", "socket_path": "/s"}"#, Stdio),
        (r#"{"command": "x", "socket_path": "/s", "transport": "socket"}"#, Socket),
        (r#"{"command": "x", "socket_path": "/s", "type": "unix"}"#, Socket),
        (r#"{"command": "x", "type": "stdio"}"#, Stdio),
        (
            r#"{"command": "x", "socket_path": "/s", "type": "stdio", "transport": "socket"}"#,
            Socket,
        ),
        (
            r#"{"command": "x", "type": "stdio", "tmux": {"type": "socket", "socket_path": "/s"}}"#,
            Socket,
        ),
        (r#"{"command": "x", "transport": "http", "tmux": {"type": "stdio"}}"#, Stdio),
    ] {
        assert_eq!(good(entry).transport, expected, "{entry}");
    }
}

#[test]
fn transports_of_other_programs_are_told() {
    for transport in ["sdk", "sse-ide", "ws-ide", "claudeai-proxy"] {
        let told = format!("transport '{transport}' belongs to another program alone");
        assert_eq!(bad(&format!(r#"{{"type": "{transport}", "disabled": true}}"#)), told);
    }
    let told = "unknown transport 'pi\\u{1b}gs' (use 'socket', 'tcp', 'tls' or 'stdio')";
    assert_eq!(bad(r#"{"transport": "pi\u001bgs"}"#), told);
}

#[test]
fn a_disabled_server_is_told_apart_from_an_unknown_one() {
    assert_eq!(bad(r#"{"command": "x", "disabled": true}"#), " is disabled");
    assert_eq!(bad(r#"{"type": "http", "disabled": true, "args": 7}"#), " is disabled");
    assert_eq!(bad(r#"{"command": "x", "tmux": {"disabled": true}}"#), " is disabled");
    let config = parse(r#"{"a": {"command": "x", "disabled": true}}"#);
    let error = config.find("a").expect_err("it is disabled");
    assert_eq!(error.message(), "/home/u/.claude.json: server 'a' is disabled");
}

#[test]
fn one_bad_entry_is_named_with_key_expectation_and_finding() {
    for (entry, told) in [
        ("null", "the entry must be an object, not null"),
        ("[]", "the entry must be an object, not an array"),
        (r#""SECRET""#, "the entry must be an object, not a string"),
        ("{}", "needs 'command' or 'socket_path'"),
        (r#"{"args": ["SECRET"]}"#, "needs 'command' or 'socket_path'"),
        (r#"{"type": "stdio"}"#, "needs 'command' or 'socket_path'"),
        (r#"{"type": "stdio", "socket_path": "/s"}"#, "transport 'stdio' needs 'command'"),
        (r#"{"type": "socket"}"#, "transport 'socket' needs 'socket_path'"),
        (r#"{"type": "socket", "command": "x"}"#, "transport 'socket' needs 'socket_path'"),
        (r#"{"type": 7, "command": "x"}"#, "'type' must be a string, not a number"),
        (
            r#"{"tmux": {"transport": []}, "command": "x"}"#,
            "'tmux.transport' must be a string, not an array",
        ),
        (r#"{"tmux": "SECRET", "command": "x"}"#, "'tmux' must be an object, not a string"),
        (r#"{"command": []}"#, "'command' must be a string or an array of strings, not an array"),
        (r#"{"command": ["", "SECRET"]}"#, "'command' is empty"),
        (r#"{"command": 7}"#, "'command' must be a string or an array of strings, not a number"),
        (r#"{"command": ""}"#, "'command' is empty"),
        (r#"{"command": "${EMPTY}"}"#, "'command' is empty"),
        (r#"{"command": "SECRET\u0000"}"#, "'command' holds a NUL character"),
        (r#"{"socket_path": true}"#, "'socket_path' must be a string, not true"),
        (r#"{"socket_path": "${NO:-}"}"#, "'socket_path' is empty"),
        (r#"{"command": "x", "cwd": 5}"#, "'cwd' must be a string, not a number"),
        (r#"{"command": "x", "args": "'SECRET"}"#, "'args' is a string with an open quote"),
        (r#"{"command": "x", "args": {}}"#, "'args' must be an array of strings, not an object"),
        (r#"{"command": "x", "args": [["SECRET"]]}"#, "'args[0]' must be a string, not an array"),
        (
            r#"{"command": "x", "env": ["SECRET"]}"#,
            "'env' must be an object of strings, not an array of anything but 'NAME=value'",
        ),
        (r#"{"command": "x", "env": 7777}"#, "'env' must be an object of strings, not a number"),
        (
            r#"{"command": "x", "env": {"K": {"SECRET": 1}}}"#,
            "'env.K' must be a string, not an object",
        ),
        (r#"{"command": "x", "env": {"K": "SECRET\u0000"}}"#, "'env.K' holds a NUL character"),
        (
            r#"{"command": "x", "env": {"K=SECRET": ""}}"#,
            "'env' holds a name that no variable can have, which begins with 'K'",
        ),
        (
            r#"{"command": "x", "env": {"": "SECRET"}}"#,
            "'env' holds a name that no variable can have, which begins with ''",
        ),
        (
            r#"{"command": "x", "disabled": "SECRET"}"#,
            "'disabled' must be true or false, not a string",
        ),
        (r#"{"command": "x", "era": "new"}"#, "'era' must be 'legacy' or 'modern', not 'new'"),
        (
            r#"{"command": "x", "pool_tuning": "auto"}"#,
            "'pool_tuning' must be true, false or 'frozen', not 'auto'",
        ),
        (
            r#"{"command": "x", "tmux": {"pool_tuning": 1}}"#,
            "'tmux.pool_tuning' must be true, false or 'frozen', not a number",
        ),
        (r#"{"command": "x", "era": 2026}"#, "'era' must be 'legacy' or 'modern', not a number"),
        (
            r#"{"command": "x", "idempotent_tools": 7}"#,
            "'idempotent_tools' must be an array of strings, not a number",
        ),
        (
            r#"{"command": "x", "tools": {"deny": {"SECRET": 1}}}"#,
            "'tools.deny' must be an array of strings, not an object",
        ),
        (
            r#"{"command": "x", "tools": 1}"#,
            "'tools' must be an object with 'allow' and 'deny', not a number",
        ),
        (
            r#"{"command": "x", "tools": {"allow": ["a", null]}}"#,
            "'tools.allow[1]' must be a string, not null",
        ),
        (
            r#"{"command": "x", "tools": {"deny": ["a", ""]}}"#,
            "'tools.deny[1]' is empty: it matches no tool",
        ),
        (
            r#"{"command": "x", "tools": {"dney": ["delete_*"]}}"#,
            "unknown key 'tools.dney': did you mean 'deny'?",
        ),
        (
            r#"{"command": "x", "tools": {"Allow": ["read_*"]}}"#,
            "unknown key 'tools.Allow': did you mean 'allow'?",
        ),
        (
            r#"{"command": "x", "idempotent_tools": ["t", 1]}"#,
            "'idempotent_tools[1]' must be a string, not a number",
        ),
        (
            r#"{"command": "x", "socket_allow_uid": "root"}"#,
            "'socket_allow_uid' must be a user id or an array of user ids, not a string",
        ),
        (
            r#"{"command": "x", "socket_allow_uid": [0, -1]}"#,
            "'socket_allow_uid' must be a user id or an array of user ids, not -1",
        ),
        (
            r#"{"command": "x", "socket_allow_uid": 4294967295}"#,
            "'socket_allow_uid' must be a user id or an array of user ids, not 4294967295",
        ),
        (
            r#"{"command": "x", "timeout": 1e999}"#,
            "the entry holds a number out of range, or is nested too deeply",
        ),
        (
            r#"{"command": "x", "tmux": {"timeout": 0}}"#,
            "'tmux.timeout' must be a whole number of milliseconds from 1 to 604800000, not 0",
        ),
    ] {
        assert_eq!(bad(entry), told, "{entry}");
    }
    let deep =
        format!(r#"{{"command": "x", "k": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(bad(&deep).contains("nested too deeply"));
}

#[test]
fn half_a_surrogate_pair_costs_one_character() {
    let server = good(
        r#"{"command": "x", "args": ["a\ud83d", "\ud83d\ude00"], "env": {"\ude00": "b\ud800c"}}"#,
    );
    let command = server.command.expect("it has one");
    assert_eq!(command.args, ["a\u{fffd}", "\u{1f600}"]);
    assert_eq!(command.env, [pair("\u{fffd}", "b\u{fffd}c")]);
}

#[test]
fn numbers_have_ranges() {
    for (key, unit, min, max) in [
        ("pool_max_size", "connections", 1, 1024),
        ("pool_idle_timeout", "seconds", 0, 31_536_000),
        ("max_in_flight", "requests", 1, 1024),
        ("timeout", "milliseconds", 1, 604_800_000),
        ("operation_timeout", "milliseconds", 1, 604_800_000),
        ("retry_attempts", "attempts", 0, 100),
        ("retry_backoff", "milliseconds", 1, 30_000),
        ("startup_timeout", "milliseconds", 1, 604_800_000),
        ("max_answer", "MiB", 1, 256),
        ("breaker_failures", "failures", 0, 1000),
        ("breaker_pause", "seconds", 1, 3600),
    ] {
        let entry = |value: &str| format!(r#"{{"command": "x", "{key}": {value}}}"#);
        for value in [min, max] {
            for value in [value.to_string(), format!("{value}.0")] {
                let config = parse(&format!("{{\"a\": {}}}", entry(&value)));
                assert_eq!(config.servers.len(), 1, "{key} {value}: {:?}", config.problems);
            }
        }
        let expected =
            format!("'{key}' must be a whole number of {unit} from {min} to {max}, not ");
        let (above, below) = ((max + 1).to_string(), (min - 1).to_string());
        for value in [
            above.as_str(),
            below.as_str(),
            "-5",
            "2.5",
            "18446744073709551615",
            "1e+30",
            "-1e+300",
        ] {
            assert_eq!(bad(&entry(value)), format!("{expected}{value}"));
        }
        for (value, found) in
            [("\"five\"", "a string"), ("true", "true"), ("[5]", "an array"), ("{}", "an object")]
        {
            assert_eq!(bad(&entry(value)), format!("{expected}{found}"));
        }
    }
}

#[test]
fn a_socket_path_has_a_longest_length() {
    let path = |len: usize| format!("/{}", "s".repeat(len - 1));
    let longest = path(107);
    assert_eq!(
        good(&format!(r#"{{"socket_path": "{longest}"}}"#)).socket_path,
        Some(PathBuf::from(&longest))
    );
    let told = "'socket_path' is 108 bytes long, the system allows 107";
    assert_eq!(bad(&format!(r#"{{"socket_path": "{}"}}"#, path(108))), told);
    // What counts is the path behind the variables, in bytes.
    let told = "'socket_path' is 109 bytes long, the system allows 107";
    assert_eq!(bad(&format!(r#"{{"socket_path": "${{DIR}}/é{}"}}"#, path(100))), told);
    assert_eq!(bad(&format!(r#"{{"socket_path": "~{}"}}"#, path(102))), told);
}

#[test]
fn variables_are_expanded_where_they_may_stand() {
    let server = good(
        r#"{"command": "${DIR}/bin", "args": ["${TOKEN}", "${NO:-d}", "$HOME"], "cwd": "${DIR}",
            "env": {"K": "<${TOKEN}>", "${DIR}": "x"}, "socket_path": "${NO:-/run}/s",
            "idempotent_tools": ["${DIR}"]}"#,
    );
    assert_eq!(server.socket_path, Some(PathBuf::from("/run/s")));
    assert_eq!(server.idempotent_tools, ["${DIR}"]);
    let command = server.command.expect("it has one");
    assert_eq!(command.program, "/opt/x/bin");
    assert_eq!(command.args, ["SECRET-FROM-ENV", "d", "$HOME"]);
    assert_eq!(command.cwd, Some(PathBuf::from("/opt/x")));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(command.env, [pair("${DIR}", "x"), pair("K", "<SECRET-FROM-ENV>")]);
}

#[test]
fn a_variable_without_a_value_is_a_warning() {
    let config = parse(
        r#"{"a": {"command": "x", "args": ["y", "${NO}${NO}"], "env": {"K": "${NO}SECRET"}}}"#,
    );
    assert_eq!(
        config.find("a").expect("still usable").command.as_ref().map(|c| &c.args[1][..]),
        Some("${NO}${NO}")
    );
    let told: Vec<&str> = config.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "/home/u/.claude.json: server 'a': variable 'NO' in 'args[1]' is not set",
            "/home/u/.claude.json: server 'a': variable 'NO' in 'env.K' is not set",
        ]
    );
    assert!(config.problems.iter().all(|p| p.server.as_deref() == Some("a")));
    // An entry that fails tells why it failed, and that alone.
    assert_eq!(bad(r#"{"command": "${NO}", "timeout": 0}"#).matches("'timeout'").count(), 1);
}

/// What is told of an entry that is used all the same, behind file and server.
pub(super) fn warned(entry: &str) -> (ServerConfig, Vec<String>) {
    let config = parse(&format!("{{\"a\": {entry}}}"));
    assert_eq!(config.servers.len(), 1, "{entry}: {:?}", config.problems);
    assert!(config.problems.iter().all(|problem| problem.kind == ProblemKind::Warning));
    let told = config.problems.iter().map(|problem| {
        let told = problem.message.strip_prefix("/home/u/.claude.json: server 'a': ");
        told.unwrap_or_else(|| panic!("{}", problem.message)).to_owned()
    });
    ((*config.servers[0]).clone(), told.collect())
}

pub(super) fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_tilde_is_the_home_directory_wherever_a_shell_would_read_it() {
    let server = good(
        r#"{"command": "~/x", "args": ["~/y", "--dir=~/y", "~", "~other/z"], "cwd": "~/z",
            "socket_path": "~/s", "env": {"A": "~/e", "B": "a~/"}}"#,
    );
    assert_eq!(server.socket_path, Some(PathBuf::from("/home/u/s")));
    let command = server.command.expect("it has one");
    assert_eq!(command.program, "/home/u/x");
    assert_eq!(command.args, ["/home/u/y", "--dir=~/y", "/home/u", "~other/z"]);
    assert_eq!(command.cwd, Some(PathBuf::from("/home/u/z")));
    assert_eq!(command.env, [pair("A", "/home/u/e"), pair("B", "a~/")]);
    for homeless in [None, Some(String::new())] {
        let config = parse_servers(br#"{"a": {"socket_path": "~/s"}}"#, &|_| homeless.clone(), "");
        assert_eq!(config.servers[0].socket_path, Some(PathBuf::from("~/s")));
    }
}

#[test]
fn plain_values_among_strings_become_strings_with_a_warning() {
    let (server, told) = warned(
        r#"{"command": "x", "args": ["-p", 8080, -1, 2.5, true, null, false, ""],
            "env": {"A": 1, "B": true, "C": "", "D": null}}"#,
    );
    let command = server.command.expect("it has one");
    assert_eq!(command.args, ["-p", "8080", "-1", "2.5", "true", "false", ""]);
    assert_eq!(command.env, [pair("A", "1"), pair("B", "true"), pair("C", "")]);
    assert_eq!(told[0], "'args[1]' is a number, taken as text");
    assert_eq!(told[3], "'args[4]' is true, taken as text");
    assert_eq!(told[4], "'args[5]' is null, and left out");
    assert_eq!(told[6], "'env.A' is a number, taken as text");
    assert_eq!(told.len(), 8);
}

#[test]
fn a_command_is_read_as_a_list_a_line_or_an_object() {
    let expected = |program: &str, args: &[&str]| {
        let mut command = crate::config::tests::command(program);
        command.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        command
    };
    for entry in [
        r#"{"command": ["npx", "-y", "x"]}"#,
        r#"{"type": "local", "command": ["npx", "-y"], "args": ["x"], "enabled": true}"#,
        r#"{"command": {"path": "npx", "args": ["-y", "x"]}}"#,
        r#"{"transport": {"type": "STDIO", "command": "npx", "args": ["-y", "x"]}}"#,
        r#"{"cmd": "npx", "args": ["-y", "x"], "type": "stdio", "envs": {}, "timeout": 300000}"#,
    ] {
        let server = good(entry);
        assert_eq!(server.command, Some(expected("npx", &["-y", "x"])), "{entry}");
        assert_eq!(server.transport, Transport::Stdio);
    }
    let (server, told) = warned(r#"{"command": "npx", "args": "-y 'a b'"}"#);
    assert_eq!(server.command, Some(expected("npx", &["-y", "a b"])));
    assert_eq!(told, ["'args' is a string, taken as 2 arguments: write an array"]);
    let (server, told) = warned(r#"{"command": "npx -y SECRET"}"#);
    assert_eq!(server.command, Some(expected("npx -y SECRET", &[])));
    assert_eq!(told, ["'command' holds blanks: arguments belong into 'args'"]);
    good(r#"{"command": "/opt/my app/run"}"#);
}

#[test]
fn environments_are_read_in_other_spellings() {
    for entry in [
        r#"{"command": "x", "environment": {"K": "v"}}"#,
        r#"{"command": "x", "envs": {"K": "v"}}"#,
        r#"{"command": "x", "env": ["K=v"]}"#,
    ] {
        assert_eq!(command(entry).env, [pair("K", "v")], "{entry}");
    }
    for entry in [r#"{"command": "x", "env": []}"#, r#"{"command": "x", "env": ""}"#] {
        assert_eq!(command(entry).env, [], "{entry}");
    }
    let (_, told) = warned(r#"{"command": "x", "envFile": "SECRET"}"#);
    assert_eq!(told, ["'envFile' is not read: put the variables into 'env'"]);
    let (server, told) = warned(r#"{"command": "x", "env": {"K": "${input:key}"}}"#);
    assert_eq!(server.command.expect("it has one").env, [pair("K", "${input:key}")]);
    assert!(told[0].starts_with("'${input:...}' in 'env.K' is asked for by VS Code"), "{told:?}");
    assert_eq!(command(r#"{"command": "${env:DIR}/x"}"#).program, "/opt/x/x");
}

#[test]
fn an_address_under_any_name_is_http_and_a_process_in_any_words_is_stdio() {
    for key in ["url", "serverUrl", "httpUrl", "endpoint", "uri"] {
        let entry =
            format!(r#"{{"{key}": "http://h:81/mcp?k=v#x", "headers": {{"A": "${{TOKEN}}"}}}}"#);
        let server = good(&entry);
        assert_eq!(server.transport, Transport::Http, "{key}");
        assert_eq!(server.address, Some(HostPort { host: "h".to_owned(), port: 81 }));
        let headers = vec![pair("A", "SECRET-FROM-ENV")];
        let path = "/mcp?k=v".to_owned();
        assert_eq!(server.http, Some(HttpEntry { path, headers, ..HttpEntry::default() }));
    }
    for entry in [
        r#"{"transport": {"type": "http", "url": "http://h"}}"#,
        r#"{"type": "streamableHttp", "url": "http://h"}"#,
        r#"{"type": "streamable-http", "url": "HTTP://h"}"#,
        r#"{"type": "remote", "url": "http://h", "enabled": true}"#,
        r#"{"command": "", "url": "http://h"}"#,
        r#"{"type": "http", "url": "http://h", "command": "x"}"#,
    ] {
        let server = good(entry);
        assert_eq!(server.transport, Transport::Http, "{entry}");
        assert_eq!(server.address, Some(HostPort { host: "h".to_owned(), port: 80 }), "{entry}");
        assert_eq!(server.http.expect(entry).path, "/", "{entry}");
    }
    assert_eq!(good(r#"{"command": "x", "url": "http://h"}"#).transport, Transport::Stdio);
    let (server, told) = warned(r#"{"type": "surely-new", "url": "http://h"}"#);
    assert_eq!(server.transport, Transport::Http);
    assert!(told[0].contains("'surely-new' is taken as 'http'"), "{told:?}");
    let (server, told) = warned(r#"{"type": "newfangled", "command": "x"}"#);
    assert_eq!(server.transport, Transport::Stdio);
    let expected = "unknown transport 'newfangled' is taken as 'stdio', because there is a command";
    assert_eq!(told, [expected]);
    assert_eq!(bad(r#"{"url": ""}"#), "needs 'command' or 'socket_path'");
}

#[test]
fn an_entry_is_switched_off_in_any_words() {
    for entry in [
        r#"{"command": "x", "enabled": false}"#,
        r#"{"command": "x", "isActive": false}"#,
        r#"{"command": "x", "disabled": "true"}"#,
        r#"{"type": "http", "enabled": false}"#,
    ] {
        assert_eq!(bad(entry), " is disabled", "{entry}");
    }
    good(r#"{"command": "x", "enabled": false, "tmux": {"disabled": false}}"#);
    good(r#"{"command": "x", "enabled": true, "isActive": true, "disabled": false}"#);
}

#[test]
fn a_key_that_nearly_is_ours_is_told() {
    for (entry, told) in [
        (
            r#"{"command": "x", "poolMaxSize": 2}"#,
            "unknown key 'poolMaxSize': did you mean 'pool_max_size'?",
        ),
        (
            r#"{"command": "x", "pool-max-size": 2}"#,
            "unknown key 'pool-max-size': did you mean 'pool_max_size'?",
        ),
        (r#"{"command": "x", "arg": ["y"]}"#, "unknown key 'arg': did you mean 'args'?"),
        (r#"{"command": "x", "Env": {}}"#, "unknown key 'Env': did you mean 'env'?"),
        (r#"{"command": "x", "timeoutMs": 5}"#, "unknown key 'timeoutMs': did you mean 'timeout'?"),
        (
            r#"{"command": "x", "tmux": {"timout": 5}}"#,
            "unknown key 'tmux.timout': did you mean 'timeout'?",
        ),
        (r#"{"command": "x", "tmux": {"colour": 5}}"#, "unknown key 'tmux.colour'"),
        (r#"{"command": "x", "timeout": "5000"}"#, "'timeout' is a string, taken as a number"),
        (r#"{"command": "x", "cwd": ""}"#, "'cwd' is empty, and left out"),
        (
            r#"{"command": "x", "tools": {"colour": []}}"#,
            "unknown key 'tools.colour': there are 'allow' and 'deny'",
        ),
    ] {
        assert_eq!(warned(entry).1, [told], "{entry}");
    }
    let told = "needs 'command' or 'socket_path' (did you mean 'command' by 'Command'?)";
    assert_eq!(bad(r#"{"Command": "x"}"#), told);
    good(
        r#"{"command": "x", "alwaysAllow": [], "autoApprove": [], "trust": true, "icon": "x",
            "description": "y", "disabled": false, "gallery": true, "version": "1", "colour": 1}"#,
    );
}

#[test]
fn a_short_timeout_outside_our_object_is_told_and_counts() {
    let (server, told) = warned(r#"{"command": "x", "timeout": 60}"#);
    assert_eq!(server.settings.timeout, Some(Duration::from_millis(60)));
    assert!(told[0].starts_with("'timeout' is in milliseconds, so that calls end after 60 ms"));
    good(r#"{"command": "x", "timeout": 1000}"#);
    good(r#"{"command": "x", "tmux": {"timeout": 60}}"#);
}

#[test]
fn tools_are_filtered_by_globs_in_any_clients_spelling() {
    for entry in [
        r#"{"command": "x", "tools": {"allow": ["read_*"], "deny": ["read_secret"]}}"#,
        r#"{"command": "x", "includeTools": ["read_*"], "excludeTools": ["read_secret"]}"#,
        r#"{"command": "x", "enabled_tools": "read_*", "disabled_tools": ["read_secret"]}"#,
    ] {
        let tools = good(entry).tools;
        assert!(tools.allows("read_x"), "{entry}");
        assert!(!tools.allows("read_secret") && !tools.allows("write"), "{entry}");
    }
    let refused = |entry: &str| good(entry).tools.refusal("a", "write").expect("it is refused");
    for (entry, rule) in [
        (r#"{"command": "x", "tools": {"deny": ["w*"]}}"#, "'tools.deny' in {} has 'w*'"),
        (r#"{"command": "x", "tools": {"allow": ["r*"]}}"#, "'tools.allow' in {} does not have it"),
        (r#"{"command": "x", "tools": ["r*"]}"#, "'tools' in {} does not have it"),
        (r#"{"command": "x", "includeTools": ["r*"]}"#, "'includeTools' in {} does not have it"),
        (r#"{"command": "x", "excludeTools": "write"}"#, "'excludeTools' in {} has 'write'"),
        (
            r#"{"command": "x", "tmux": {"tools": {"deny": ["*"]}}}"#,
            "'tmux.tools.deny' in {} has '*'",
        ),
    ] {
        let rule = rule.replace("{}", ORIGIN);
        assert_eq!(refused(entry), format!("tool 'write' of server 'a' is refused: {rule}"));
    }
    assert!(good(r#"{"command": "x", "tools": ["*"]}"#).tools.allows("any"));
    assert!(!good(r#"{"command": "x", "tools": []}"#).tools.allows("any"));
    assert!(good(r#"{"command": "x", "tools": [{"name": "t"}]}"#).tools.is_open());
}

#[test]
fn a_project_is_the_directory_of_its_servers() {
    let scope = Scope::Project(Arc::new(crate::config::Directory::new("/home/u/p")));
    let raw = br#"{"a": {"command": "./run", "args": ["${workspaceFolder}/x"]},
        "b": {"command": "x", "cwd": "sub"}, "c": {"command": "x", "cwd": "/abs"}}"#;
    let config = Parser::new(raw, ORIGIN, scope.clone()).finish(&env);
    let [a, b, c] = config.servers.as_slice() else { panic!("{config:?}") };
    assert_eq!((a.scope.clone(), a.id()), (scope, "a@/home/u/p".to_owned()));
    let a = a.command.as_ref().expect("it has one");
    assert_eq!(a.cwd.as_deref(), Some(Path::new("/home/u/p")));
    assert_eq!(a.args, ["/home/u/p/x"]);
    assert_eq!(a.env, [pair("CLAUDE_PROJECT_DIR", "/home/u/p")]);
    let cwd = |server: &ServerConfig| server.command.as_ref().and_then(|c| c.cwd.clone());
    assert_eq!(cwd(b), Some(PathBuf::from("/home/u/p/sub")));
    assert_eq!(cwd(c), Some(PathBuf::from("/abs")));
}

#[test]
fn one_user_id_needs_no_array() {
    assert_eq!(good(r#"{"socket_path": "/s", "socket_allow_uid": 0}"#).socket_allow_uid, [0]);
    assert!(good(r#"{"socket_path": "/s", "socket_allow_uid": []}"#).socket_allow_uid.is_empty());
}

#[test]
fn the_last_of_two_equal_keys_wins() {
    let config = parse(
        r#"{"a": {"command": "x"}, "b": {"command": "y"}, "a": {"command": "z", "command": "w"}}"#,
    );
    assert_eq!(config.servers.len(), 2);
    assert_eq!(
        config.find("a").expect("it is there").command.as_ref().expect("given").program,
        "w"
    );
    // A broken later one is not repaired by the earlier.
    let config = parse(r#"{"a": {"command": "x"}, "a": 1}"#);
    let kinds: Vec<ProblemKind> = config.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(
        (config.servers.len(), kinds),
        (0, vec![ProblemKind::Warning, ProblemKind::Refused])
    );
    let told = "/home/u/.claude.json: server 'a' is there twice; the last entry counts";
    assert_eq!(config.problems[0].message, told);
}

#[test]
fn names_are_opaque() {
    let config =
        parse(r#"{"my srv.ö": {"command": "x"}, "": {"command": "y"}, "B": {"command": "z"}}"#);
    let names: Vec<&str> = config.servers.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["", "B", "my srv.ö"]);
    let config = parse(r#"{"bad\nname": 1}"#);
    assert!(config.problems[0].message.contains("server 'bad\\nname': "), "{config:?}");
}

#[test]
fn a_value_that_is_no_object_is_a_problem_of_the_file() {
    for raw in ["null", "{}", " \r\n{ } "] {
        assert_eq!(parse(raw), Config::default(), "{raw}");
    }
    for (raw, told) in [
        ("[]", "'mcpServers' must be an object, not an array"),
        ("\"SECRET\"", "'mcpServers' must be an object, not a string"),
        ("true", "'mcpServers' must be an object, not true or false"),
        ("-1", "'mcpServers' must be an object, not a number"),
        ("{\"a\":\n", "'mcpServers' is not valid JSON at its line 2 column 0"),
        ("{} SECRET", "'mcpServers' is not valid JSON at its line 1 column 4"),
        ("", "'mcpServers' is not valid JSON at its line 1 column 0"),
    ] {
        let config = parse(raw);
        assert_eq!(config.servers, []);
        assert_eq!(config.problems.len(), 1);
        assert_eq!(config.problems[0].server, None);
        assert_eq!(config.problems[0].message, format!("{ORIGIN}: {told}"), "{raw}");
    }
    assert_eq!(parse_servers(b"{\"a\xff\": {}}", &env, "").problems.len(), 1);
}

#[test]
fn entries_can_be_read_one_by_one() {
    let raw =
        r#"{"a": {"command": "x"}, "b": 1, "c": {"type": "sdk"}, "d": {"command": "SECRET"}}"#;
    let mut parser = Parser::new(raw.as_bytes(), ORIGIN, Scope::User);
    for left in (0..4).rev() {
        assert!(parser.step(&env));
        assert_eq!(parser.entries.len(), left);
        assert!(!format!("{parser:?}").contains("SECRET"));
    }
    assert!(!parser.step(&env));
    assert_eq!(parser.finish(&env), parse(raw));
    let mut parser = Parser::new(raw.as_bytes(), ORIGIN, Scope::User);
    parser.step(&env);
    assert_eq!(parser.finish(&env), parse(raw));
}

#[test]
fn a_name_with_a_nul_is_told_and_not_used() {
    let config =
        parse_servers(br#"{"a\u0000b": {"command": "x"}, "a": {"command": "y"}}"#, &|_| None, "");
    let names: Vec<&str> = config.servers.iter().map(|server| &*server.name).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(config.problems.len(), 1);
    assert!(config.problems[0].message.contains("a name cannot hold a NUL character"));
}
