//! What a server says is text: it never reaches a terminal raw and is never
//! expanded, wherever it is shown.

use std::fs;

use serde_json::json;
use tmcp_tmux_tests::pty::find;
use tmcp_tmux_tests::{Setup, Tmux, until};

/// Things that a terminal, a status line or a shell would act on.
const EVIL: &str =
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{1b}P+q\u{1b}\\\u{9b}2J\u{8}\u{7f}\u{0}#[fg=red]x#{pid}";

/// Bytes that must not reach a terminal.
const RAW: [&[u8]; 5] =
    [b"\x1b]0;title", b"\x1bP+q", b"\xc2\x9b2J", b"\x1bPowned", b"\x1b]0;owned"];

#[track_caller]
fn harmless(bytes: &[u8]) {
    for raw in RAW {
        assert!(!find(bytes, raw), "{:?} came through", String::from_utf8_lossy(raw));
    }
}

/// A program that answers in the legacy protocol with names and texts of `EVIL`.
fn evil_server(setup: &Setup) -> serde_json::Value {
    let witness = setup.path("witness");
    let evil = format!("{EVIL}#(touch {})", witness.display());
    let tool = json!({"name": format!("t{evil}"), "title": evil, "description": evil,
        "inputSchema": {"type": "object", "properties": {&evil: {"type": "string", "description": evil}}}});
    let script = r#"
import sys, json
evil, tool = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    r = {"jsonrpc": "2.0", "id": m["id"]}
    if m["method"] == "initialize":
        r["result"] = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": evil, "version": evil}}
    elif m["method"] == "tools/list":
        r["result"] = {"tools": [tool, {"name": "plain", "inputSchema": {"type": "object"}}]}
    elif m["method"] == "tools/call" and m["params"]["name"] == "plain":
        r["result"] = {"content": [{"type": "text", "text": evil}]}
    elif m["method"] == "tools/call" and m["params"]["name"] == "toolerror":
        r["result"] = {"content": [{"type": "text", "text": evil}], "isError": True}
    else:
        r["error"] = {"code": -32601, "message": evil}
    print("junk " + evil, file=sys.stderr, flush=True)
    print(json.dumps(r), flush=True)
"#;
    json!({"command": "python3", "args": ["-c", script, json!(evil).to_string(), tool.to_string()]})
}

fn evil_tmux() -> Tmux {
    let setup = Setup::new();
    let entry = evil_server(&setup);
    setup.server("evil", entry).conf("set -g mcp-log-level debug").start()
}

#[track_caller]
fn nothing_ran(tmux: &Tmux) {
    // Jobs that were started before this one have had their turn when it ends.
    let _ = tmux.run(["run-shell", "sleep 0.2"]).ok();
    assert!(!tmux.path("witness").exists(), "#() of a server ran");
    tmux.lives();
}

#[test]
fn a_shell_client_prints_escapes_as_text() {
    let tmux = evil_tmux();
    let output = tmux.call(["evil", "plain", "{}"]).ok();
    harmless(output.as_bytes());
    assert!(
        output.contains("red\\033]0;title") && output.contains("#[fg=red]x#{pid}#(touch"),
        "{output}"
    );
    assert!(output.bytes().all(|b| b >= 0x20 && b != 0x7f || b == b'\n'), "{output:?}");
    let error = tmux.call(["evil", "toolerror", "{}"]);
    let error = error.fails(1);
    harmless(error.as_bytes());
    assert!(error.bytes().all(|b| b >= 0x20 && b != 0x7f || b == b'\n'), "{error:?}");
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn names_and_descriptions_are_printed_as_text() {
    let tmux = evil_tmux();
    for command in
        [&["mcp-tools", "evil"][..], &["mcp-tools"], &["mcp-stats"], &["mcp-stats", "evil"]]
    {
        let output = tmux.run(command).ok();
        harmless(output.as_bytes());
        assert!(output.bytes().all(|b| b >= 0x20 && b != 0x7f || b == b'\n'), "{output:?}");
    }
    let error = tmux.call(["evil", "nosuch", "a=b"]).fails(1);
    harmless(error.as_bytes());
    assert!(error.contains("plain"), "{error}");
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn view_mode_and_the_terminal_get_text_only() {
    let tmux = evil_tmux();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "evil", "plain", "{}"]).ok();
    let viewer = tmux.view();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    viewer.until("red\\033]0;title");
    viewer.until("#[fg=red]x#{pid}#(touch");
    terminal.until(b"033]0;title");
    harmless(&terminal.bytes());
    drop(terminal);
    drop(viewer);
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn errors_in_the_status_line_and_the_message_log_are_text_only() {
    let tmux = evil_tmux();
    let _ = tmux.run(["set-option", "-g", "display-time", "0"]).ok();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "evil", "toolerror", "{}"]).ok();
    let mut terminal = tmux.attach();
    let viewer = tmux.view();
    terminal.keys(b"\x07");
    terminal.until(b"033]0;title");
    until("it is in the messages", || {
        tmux.messages().iter().any(|line| line.contains("Red\\033]0;title"))
    });
    let log = tmux.messages().join("\n");
    harmless(log.as_bytes());
    assert!(log.bytes().all(|b| b >= 0x20 && b != 0x7f || b == b'\n'), "{log:?}");
    harmless(&terminal.bytes());
    assert!(!terminal.saw(tmux.server().pid.to_string().as_bytes()), "#{{pid}} was expanded");
    drop(viewer);
    drop(terminal);
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn styles_in_an_error_do_not_style_the_status_line() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "display-time", "0"]).ok();
    let _ = tmux
        .run([
            "bind-key",
            "-n",
            "C-g",
            "mcp-call",
            "demo",
            "fail",
            "message=before #[fg=red]after#[bg=blue]",
        ])
        .ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("Before #[fg=red]after#[bg=blue]");
    drop(viewer);
    tmux.finish();
}

#[test]
fn results_are_text_in_formats_of_the_commands_that_follow() {
    let tmux = evil_tmux();
    let mut control = tmux.control();
    let _ = control.command("mcp-call evil plain { display-message -p 'got #{mcp_result}' ; set-option -gF @copy '#{mcp_result}' }");
    let line = control.wait_line("got ");
    harmless(line.as_bytes());
    assert!(line.contains("red\\033]0;title") && line.contains("#{pid}#(touch"), "{line}");
    let _ = control.command("mcp-call evil toolerror { display-message -p 'err #{mcp_error}' }");
    harmless(control.wait_line("err ").as_bytes());
    control.well_formed();
    drop(control);
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn a_message_of_a_follow_up_does_not_expand_the_result() {
    let tmux = evil_tmux();
    let file = tmux.path("bind.conf");
    fs::write(&file, "set -g display-time 0\nbind -n C-g mcp-call evil plain { display-message 'got #{mcp_result}' }\n").expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    terminal.until(b"033]0;title");
    harmless(&terminal.bytes());
    drop(terminal);
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn the_markup_tool_of_the_test_server_is_shown_as_it_is() {
    let tmux = Tmux::demo();
    let text = tmux.call(["demo", "markup"]).ok();
    assert!(text.contains("plain red") && text.ends_with("\\302\\2332J\nend\n"), "{text}");
    assert_eq!(tmux.call(["demo", "nul"]).ok(), "before\u{fffd}after\n");
    let unicode = tmux.call(["demo", "unicode"]).ok();
    assert!(unicode.contains("größer, 漢字かな, 한국어"), "{unicode}");
    tmux.finish();
}

#[test]
fn server_names_and_problems_of_the_configuration_are_text_only() {
    let tmux = Setup::new().start_with(Some(
        &json!({"mcpServers": {EVIL: {"command": 5}, format!("a{EVIL}"): {"command": "/no\u{1b}[31mred#(touch x)"}}}).to_string(),
    ));
    let name = format!("a{}", EVIL.replace('\0', ""));
    for output in [
        tmux.run(["mcp-stats"]),
        tmux.run(["mcp-reload"]),
        tmux.run(["mcp-tools"]),
        tmux.run(["mcp-call", &name, "x", "{}"]),
    ] {
        let text = format!("{}{}", output.stdout, output.stderr);
        assert!(!text.is_empty());
        harmless(text.as_bytes());
        assert!(text.bytes().all(|b| b >= 0x20 && b != 0x7f || b == b'\n'), "{text:?}");
    }
    let _terminal = tmux.attach();
    // What a user typed is in the log as it was typed: that is tmux's own affair.
    let mut log = tmux.messages();
    log.retain(|line| !line.contains(" command: "));
    harmless(log.join("\n").as_bytes());
    nothing_ran(&tmux);
    tmux.finish();
}

#[test]
fn colours_are_drawn_in_view_mode_and_left_out_elsewhere() {
    let tmux = Tmux::demo();
    let text =
        "text=\u{1b}[32mgreen\u{1b}[0m\tplain \u{1b}[1;38:5:9mbold\u{1b}[m \u{1b}[2Jgone \u{1b}[";
    let shown = "green\tplain bold \\033[2Jgone \\033[\n";
    assert_eq!(tmux.call(["demo", "echo", text]).ok(), shown);
    // What is kept for pasting has none either; other sequences stay as they came.
    let stored = "green\tplain bold \u{1b}[2Jgone \u{1b}[";
    let _ = tmux.call(["-o", "buffer:kept", "demo", "echo", text]).ok();
    assert_eq!(tmux.buffer("kept").as_deref(), Some(stored));
    let _ = tmux.call(["-b", "demo", "echo", text]).ok();
    until("it is stored", || tmux.buffer("mcp").as_deref() == Some(stored));
    let mut control = tmux.control();
    let _ = control.command(
        "mcp-call demo echo 'text=\u{1b}[32mok' { display-message -p 'got #{mcp_result}' }",
    );
    assert_eq!(control.wait_line("got "), "got ok");
    drop(control);
    let viewer = tmux.view();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "echo", text]).ok();
    viewer.keys(&["C-g"]);
    viewer.until("green   plain bold \\033[2Jgone");
    let drawn = tmux.run(["capture-pane", "-p", "-e", "-M", "-t", "one:"]);
    let drawn = if drawn.stdout.is_empty() { None } else { Some(drawn.stdout) };
    // capture-pane shows modes from 3.6 on only; the screen was looked at in any case.
    assert!(drawn.is_none_or(|drawn| drawn.contains("\u{1b}[32mgreen")));
    drop(viewer);
    tmux.finish();
}

#[test]
fn an_empty_result_says_so_beside_the_output() {
    let tmux = Tmux::demo();
    let output = tmux.call(["demo", "echo", "text="]);
    assert_eq!((&*output.stdout, &*output.stderr), ("", "demo echo: the result is empty\n"));
    let viewer = tmux.view();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call demo echo text="]).ok();
    viewer.keys(&["C-g"]);
    viewer.until("The result is empty");
    drop(viewer);
    tmux.finish();
}
