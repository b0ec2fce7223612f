//! Servers that are nearly right: what they print beside their messages, and answers
//! that are nearly JSON. None of it costs more than itself.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use common::{Driver, Home, write_config};
use tmcp::error::{Error, Kind};

const NO: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#;
const INIT: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}"#;
const HELLO: &str =
    r#"{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"hello"}]}}"#;

/// A server in the words of a shell: `$no`, `$init` and `$hello` are what it answers
/// to the probe, to initialize and to the first call.
fn shell(name: &str, script: &str, more: &str) -> Driver {
    let home = Home::new(name);
    // Not in the environment, whose values are shown to nobody.
    let script = format!("no='{NO}'; init='{INIT}'; hello='{HELLO}'; {script}");
    let args = serde_json::json!(["-c", script]);
    let entry = format!("{{\"command\":\"sh\",\"args\":{args}{more}}}");
    write_config(&home, &format!("{{\"s\":{entry}}}"));
    Driver::at(home)
}

/// One that behaves until the first call, which `answer` answers.
fn answering(name: &str, answer: &str) -> Driver {
    let start = r#"read a; echo "$no"; read a; echo "$init"; read a; read a"#;
    shell(name, &format!("{start}; {answer}; cat >/dev/null"), "")
}

fn text(driver: &mut Driver) -> String {
    driver.text("s", "anything", "{}")
}

/// How a call fails, which takes no time-out.
fn failure(driver: &mut Driver) -> Error {
    let start = Instant::now();
    let error = driver.error("s", "anything", "{}");
    assert_ne!(error.kind(), Kind::Timeout, "{error}");
    assert!(start.elapsed() < Duration::from_secs(8), "{error}");
    error
}

#[test]
fn what_stands_before_a_message_is_passed_over_with_one_warning() {
    for before in [r"\033]0;srv\007", r"\357\273\277", "npm warn {x} ", r"\033[32mup\033[0m > "] {
        let script = format!(
            r#"printf '{before}'; read a; echo "$no"; printf '{before}'; read a; echo "$init"
            read a; read a; printf '{before}'; echo "$hello"; cat >/dev/null"#
        );
        let mut driver = shell("before", &script, "");
        assert_eq!(text(&mut driver), "hello", "{before}");
        let warnings = usize::from(!before.starts_with(r"\357"));
        assert_eq!(driver.count_logged("s prints before a message: "), 3 * warnings, "{before}");
        assert_eq!(driver.number("s", "Junk Lines"), 3 * warnings as u64, "{before}");
    }
}

#[test]
fn several_messages_on_one_line_are_all_read() {
    let script = r#"read a; printf '%s' "$no"; read a; echo "$init"; read a; read a
        printf '%s %s\n' '{"jsonrpc":"2.0","method":"notifications/x"}' "$hello"; cat >/dev/null"#;
    assert_eq!(text(&mut shell("one-line", script, "")), "hello");
}

#[test]
fn messages_over_several_lines_are_put_together() {
    let script = r#"read a; printf '%s\n' '{' ' "jsonrpc": "2.0",' ' "id": 1,' '' ' "error": {}' '}'
        read a; echo "$init"; read a; read a
        printf '{\r\n "jsonrpc": "2.0", "id": 3, "result": {"content": [\r\n {"type": "text",'
        printf '"text": "one\n\n  two\tthree"}]}}\n'; cat >/dev/null"#;
    assert_eq!(text(&mut shell("lines", script, "")), "one\n\n  two\tthree");

    let unfinished = r#"echo '{"level": "info",'; echo "$hello""#;
    let mut driver = answering("unfinished", unfinished);
    assert_eq!(text(&mut driver), "hello");
    assert_eq!(driver.number("s", "Junk Lines"), 1);
}

#[test]
fn an_answer_that_is_nearly_json_is_read() {
    let answer = |text: &str| {
        let head = r#"{"jsonrpc":"2.0","id":3,"result":{"x":NaN,"content":[{"type":"text","text":"#;
        format!(r#"printf '{head}"{text}"}}]}}}}\n'"#)
    };
    for (bytes, wanted) in [(r"caf\351", "caf\u{fffd}"), (r"a\tb", "a\tb"), ("x", "x")] {
        assert_eq!(text(&mut answering("nearly", &answer(bytes))), wanted);
    }
}

#[test]
fn an_answer_that_cannot_be_read_fails_at_once_and_is_shown() {
    for (name, answer) in [
        ("first", r#"{"jsonrpc":"2.0","id":3,"result":{"content":oops}}"#),
        ("last", r#"{"jsonrpc":"2.0","result":{"content":oops},"id":3}"#),
        ("none", r#"{"jsonrpc":"2.0","result":{"content":oops}}"#),
    ] {
        let mut driver = answering(name, &format!("echo '{answer}'"));
        let error = failure(&mut driver);
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
        assert!(error.message().contains("the answer cannot be read (expected"), "{error}");
        assert!(error.message().ends_with(answer), "{error}");
    }
}

#[test]
fn an_error_without_an_id_ends_the_only_request() {
    for id in [r#""id":null,"#, ""] {
        let error = format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":-32700,"message":"bad"}}}}"#);
        let error = failure(&mut answering("null", &format!("echo '{error}'")));
        assert_eq!((error.code(), error.message()), (Some(-32700), "server 's': bad (-32700)"));
    }
    // One that may be about the notice before it is not taken for the call's.
    let script = r#"read a; echo '{"jsonrpc":"2.0","id":null,"error":{"code":-32601}}'
        read a; echo "$init"; read a; echo '{"jsonrpc":"2.0","id":null,"error":{"code":-32601}}'
        read a; echo "$hello"; cat >/dev/null"#;
    let mut driver = shell("null-start", script, "");
    let start = Instant::now();
    assert_eq!(text(&mut driver), "hello");
    assert!(start.elapsed() < Duration::from_secs(8), "the probe was answered");
}

#[test]
fn what_is_no_server_is_named_and_started_once() {
    for (name, script, wanted) in [
        ("echo", "exec cat", "gives back what it is sent (a terminal, -t?)"),
        (
            "lsp",
            r"read a; printf 'Content-Length: 2\r\n\r\n{}'; cat >/dev/null",
            "speaks with Content-Length headers",
        ),
        ("utf16", r"read a; printf '\377\376{\0\n\0'; cat >/dev/null", "writes UTF-16"),
    ] {
        let mut driver = shell(name, script, "");
        let error = failure(&mut driver);
        assert!(error.message().contains(wanted), "{error}");
        assert_eq!(driver.count_logged("spawned server pid"), 1, "{name}");
    }
}

#[test]
fn an_end_shows_the_lines_that_matter() {
    let usage = shell("usage", "echo 'Usage: srv --stdio'; exit 2", "");
    let quiet = shell("quiet", "exit 0", "");
    let node = shell(
        "node",
        "printf '%s\n' 'throw new Error(\"no KEY\")' '' 'at a' 'at b' 'at c' 'Node v1' >&2; exit 1",
        "",
    );
    for (mut driver, wanted) in [
        (usage, "exit status 2; stdout: Usage: srv --stdio"),
        (quiet, "exit status 0"),
        (node, "exit status 1; stderr: throw new Error(\"no KEY\") | at b | at c | Node v1"),
    ] {
        let error = failure(&mut driver);
        assert!(error.message().contains(wanted), "{error}");
    }
    let refuses =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"API_KEY is missing"}}"#;
    let script = format!("read a; echo '{refuses}'; cat >/dev/null");
    let mut driver = shell("refuses", &script, r#","era":"legacy""#);
    let error = failure(&mut driver);
    assert_eq!(
        error.message(),
        "server 's': the server refused initialize: API_KEY is missing (-32000)"
    );
    assert_eq!(driver.count_logged("spawned server pid"), 1);
}

#[test]
fn a_start_that_takes_too_long_shows_what_the_server_says_and_is_kept_while_it_speaks() {
    let script = r#"i=0; while [ $i -lt 30 ]; do printf "step $i\r" >&2; sleep 0.1; i=$((i+1)); done
        read a; echo "$no"; read a; echo "$init"; read a; read a; echo "$hello"; cat >/dev/null"#;
    let mut driver = shell("slow", script, r#","startup_timeout":1000"#);
    let id = driver.start("s", "anything", "{}");
    driver.until("the line in the list of what is under way", |d| {
        let jobs = d.client.jobs_table();
        jobs.get(0, "message").is_some_and(|text| text.starts_with("step ")).then_some(())
    });
    assert!(driver.client.cancel(id));
    let error = driver.error("s", "anything", "{}");
    assert_eq!(error.kind(), Kind::Timeout);
    let message = error.message();
    assert!(message.starts_with("server 's': timed out after 1 s, still starting: no answer to "));
    assert!(message.contains("; stderr: step "), "{message}");
    assert!(message.contains("\"era\": \"legacy\""), "{message}");
    let report = driver.client.stats(Some("s"), tmcp::metrics::Detail::Full).unwrap();
    assert!(report.contains("Server Output:\n    | step 0\n    | step 1\n"), "{report}");
    // The second call finds the same process, and whoever says how long waits so long.
    let id = driver.client.call(
        tmcp::client::CallTool {
            server: "s".into(),
            tool: "anything".into(),
            arguments: tmcp::client::Arguments::Json("{}".into()),
            is_unattended: false,
        },
        Some(Duration::from_secs(20)),
        0,
    );
    let done = driver.done(id.unwrap());
    assert!(done.outcome.is_ok(), "{:?}", done.outcome);
    assert_eq!(driver.count_logged("spawned server pid"), 1);
}

#[test]
fn a_silent_start_is_given_up_and_the_next_try_leaves_the_probe_out() {
    // After the probe it answers nothing.
    let script = r#"read a; case $a in *discover*) cat >/dev/null; exit;; esac
        echo "$init" | sed 's/"id":2/"id":3/'; read a; read a
        echo "$hello" | sed 's/"id":3/"id":4/'; cat >/dev/null"#;
    let mut driver = shell("poison", script, r#","startup_timeout":700,"retry_attempts":0"#);
    let error = driver.error("s", "anything", "{}");
    let message = error.message();
    assert!(message.contains("no answer to initialize"), "{message}");
    assert!(message.contains("\"era\": \"legacy\""), "{message}");
    driver.until("the process to be given up", |d| d.logged("(startup_timeout)").then_some(()));
    assert_eq!(text(&mut driver), "hello");
    assert_eq!(driver.count_logged("spawned server pid"), 2);
}

#[test]
fn a_silent_start_of_a_command_that_downloads_its_server_says_so() {
    let home = Home::new("npx");
    let npx = home.path("npx");
    std::fs::write(&npx, "#!/bin/sh\ncat >/dev/null\n").unwrap();
    std::fs::set_permissions(&npx, std::fs::Permissions::from_mode(0o700)).unwrap();
    let entry = serde_json::json!({"command": npx, "startup_timeout": 300, "era": "legacy"});
    write_config(&home, &serde_json::json!({"s": entry}).to_string());
    let mut driver = Driver::at(home);
    let advice = "; npx may still have been downloading it: call again, or set a longer ";
    let error = driver.error("s", "anything", "{}");
    assert!(error.message().contains(advice), "{error}");
    driver.until("the log to say so too", |d| {
        d.logged("(startup_timeout); npx may still have been").then_some(())
    });
}

#[test]
fn a_remembered_era_that_fails_is_forgotten() {
    let home = Home::new("forgotten");
    let state = home.path(".local/state/tmcp/eras.json");
    let broken = home.path("broken");
    let script = format!(
        r#"[ -e '{}' ] && exit 3; read a; echo "$no"; read a; echo "$init"; read a
        read a; echo "$hello"; cat >/dev/null"#,
        broken.display()
    );
    let env = serde_json::json!({"no": NO, "init": INIT, "hello": HELLO});
    let entry = serde_json::json!({"command": "sh", "args": ["-c", script], "env": env});
    write_config(&home, &serde_json::json!({"s": entry}).to_string());
    let kept = || std::fs::read_to_string(&state).unwrap_or_default();
    let mut driver = Driver::at(Home(home.0.clone()));
    assert_eq!(text(&mut driver), "hello");
    drop(driver.client);
    assert!(kept().contains("legacy"), "{}", kept());
    std::mem::forget(driver.home);
    std::fs::write(&broken, "").unwrap();
    let mut driver = Driver::at(home);
    assert!(failure(&mut driver).message().contains("exit status 3"));
    driver.until("the verdict to be forgotten", |_| (!kept().contains("legacy")).then_some(()));
}

#[test]
fn a_secret_that_a_server_prints_is_not_shown() {
    let script = "echo 'bad key sk-12345678901234567890' >&2; printf 'sk-12345678901234567890?' >&2; read a; sleep 60";
    let home = Home::new("secret");
    let env = serde_json::json!({"API_KEY": "sk-12345678901234567890"});
    let entry = serde_json::json!({"command": "sh", "args": ["-c", script], "env": env,
        "timeout": 1500});
    write_config(&home, &serde_json::json!({"s": entry}).to_string());
    let mut driver = Driver::at(home);
    let error = driver.error("s", "anything", "{}");
    assert!(error.message().contains("; stderr: bad key "), "{error}");
    assert!(!error.message().contains("sk-1234"), "{error}");
    let report = driver.client.stats(Some("s"), tmcp::metrics::Detail::Full).unwrap();
    assert!(report.contains("| bad key "), "{report}");
    assert!(!report.contains("sk-1234"), "{report}");
}
