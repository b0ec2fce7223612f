//! Results of every shape, in every place where one can be shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

/// The longest tmux may be away while something big is shown.
const AWAY: Duration = Duration::from_millis(400);

/// The start of a PNG.
const DATA: &str = "iVBORw0KGgo=";

fn answer(result: &Value) -> String {
    json!({"result": result}).to_string()
}

fn show(tmux: &Tmux, result: &Value) -> String {
    tmux.call(["demo", "answer", &answer(result)]).ok()
}

/// A tmux whose pager shows what it gets and stays.
fn with_pager() -> Tmux {
    let setup = Setup::new();
    let pager = setup.path("pager");
    fs::write(&pager, "#!/bin/sh\ncat\nexec sleep 600\n").expect("written");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("executable");
    let journal = setup.path("journal");
    setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .conf("set -g display-time 0")
        .env("PAGER", pager)
        .start()
}

#[test]
fn binary_parts_are_saved_under_the_ending_of_their_type() {
    let setup = Setup::new();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    let tmux = setup.server("demo", stdio(&[])).env("TMPDIR", &saved).start();
    for (kind, mime, ending) in [
        ("image", "image/png", ".png"),
        ("image", "IMAGE/JPEG; q=1", ".jpg"),
        ("image", "image/svg+xml", ".svg"),
        ("audio", "audio/wav", ".wav"),
        ("audio", "audio/mpeg", ".mp3"),
        ("image", "../../etc/passwd", ".bin"),
        ("audio", "", ".bin"),
    ] {
        let part = json!({"type": kind, "mimeType": mime, "data": DATA});
        let text = show(&tmux, &json!({"content": [{"type": "text", "text": "see"}, part]}));
        let (_, rest) = text.split_once("saved in ").unwrap_or_else(|| panic!("{text}"));
        let path = rest.split(']').next().expect("split gives one");
        assert!(path.starts_with(&*saved.to_string_lossy()) && path.ends_with(ending), "{text}");
        assert_eq!(fs::read(path).expect("readable"), b"\x89PNG\r\n\x1a\n", "{text}");
    }
    let blob = json!({"type": "resource", "resource":
        {"uri": "a://b", "mimeType": "application/pdf", "blob": DATA}});
    let text = show(&tmux, &json!({"content": [blob]}));
    assert!(text.contains("saved in ") && text.contains(".pdf]"), "{text}");
    let part = json!({"type": "image", "mimeType": "image/gif", "data": DATA});
    let many = json!({"content": vec![part.clone(); 70]});
    let text = show(&tmux, &many);
    assert_eq!(text.matches("saved in ").count(), 64);
    assert!(text.ends_with("[6 more, too many to save]\n"), "{text}");
    // What goes wrong is often to be seen.
    let failed = answer(&json!({"isError": true, "content": [part]}));
    let error = tmux.call(["demo", "answer", &failed]).fails(1);
    assert!(error.contains("saved in ") && error.contains(".gif]"), "{error}");
    tmux.finish();
}

#[test]
fn links_and_embedded_texts_are_told_apart() {
    let tmux = Tmux::demo();
    let text = show(
        &tmux,
        &json!({"content": [
            {"type": "text", "text": "two of them:"},
            {"type": "resource_link", "uri": "file:///a/b.txt", "name": "b"},
            {"type": "resource", "resource": {"uri": "c://d", "text": "what c says"}},
            {"type": "hologram", "x": 1},
        ]}),
    );
    assert_eq!(
        text,
        "two of them:\n[resource b file:///a/b.txt]\nwhat c says\n{\"type\":\"hologram\",\"x\":1}\n"
    );
    tmux.finish();
}

#[test]
fn a_tool_error_looks_like_one_wherever_it_goes() {
    let tmux = with_pager();
    let viewer = tmux.view();
    for sink in ["stdout", "none", "buffer:kept", "pane", "view", "popup", "window", "message"] {
        let text = format!("message=no {sink}");
        let error = tmux.call(["-o", sink, "-t", "one:", "demo", "fail", &text]).fails(1);
        assert_eq!(error, format!("no {sink}\n"), "whoever waits is told");
    }
    assert_eq!(tmux.buffer("kept"), None, "an error is no result to be kept");
    assert!(!tmux.pane().contains("no pane"), "nor typed into a pane: {}", tmux.pane());
    assert_eq!(tmux.format("#{session_windows} #{pane_in_mode}"), "1 0");
    for sink in ["view", "popup", "window", "message", "pane", "buffer:kept"] {
        let call = format!("mcp-call -o {sink} demo fail 'message=Bad {sink}'");
        let _ = tmux.run(["bind-key", "-n", "C-g", &call]).ok();
        viewer.keys(&["C-g"]);
        // The message line, in the style of messages, until a key is pressed.
        viewer.until(&format!("Bad {sink}"));
        let row = viewer.screen().lines().last().unwrap_or_default().to_owned();
        assert!(row.starts_with(&format!("Bad {sink}")), "{sink}: {row}");
        viewer.keys(&["q"]);
        viewer.until_gone(&format!("Bad {sink}"));
    }
    drop(viewer);
    tmux.finish();
}

#[test]
fn an_error_without_words_is_still_one() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-call-failed { set -gF @failed '#{mcp_error}' }")
        .start();
    let silent = answer(&json!({"isError": true, "content": []}));
    let why = "the tool failed and did not say why";
    assert_eq!(tmux.call(["demo", "answer", &silent]).fails(1), format!("{why}\n"));
    until("the hook ran", || tmux.format("#{@failed}") == why);
    let mut control = tmux.control();
    let line =
        format!("mcp-call demo answer '{silent}' {{ display-message -p 'E=#{{mcp_error}}' }}");
    let _ = control.command(&line);
    assert_eq!(control.wait_line("E="), format!("E={why}"));
    drop(control);
    tmux.finish();
}

#[test]
fn a_pointer_leads_into_what_a_tool_has_answered() {
    let tmux = Tmux::demo();
    let data = json!({"": "empty", "a/b": "slash", "m~n": "tilde", "l": [1, [], {"k": "v\tw"}]});
    let result = answer(&json!({"content": [], "structuredContent": data}));
    let pick = |pointer: &str| tmux.call(["-q", pointer, "demo", "answer", &result]);
    for (pointer, part) in [
        ("/", "empty"),
        ("/a~1b", "slash"),
        ("/m~0n", "tilde"),
        ("/l/0", "1"),
        ("/l/1", "[]"),
        ("/l/2", r#"{"k":"v\tw"}"#),
        ("/l/2/k", "v\tw"),
    ] {
        assert_eq!(pick(pointer).ok(), format!("{part}\n"), "{pointer}");
    }
    for nothing in ["/m~n", "/l/-", "/l/00", "/l/3", "l", "/l/", "/l/99999999999999999999"] {
        let error = pick(nothing).fails(1);
        assert_eq!(error, format!("nothing in the result at: {nothing}\n"));
    }
    tmux.finish();
}

#[test]
fn many_lines_and_wide_ones_hold_nobody_up_wherever_they_go() {
    let tmux = with_pager();
    let lines: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    let wide = "wide ".repeat(200_000);
    let viewer = tmux.view();
    let clients = tmux.run(["list-clients", "-F", "#{client_name}"]).ok();
    // A popup waits for the one before it.
    let close = format!("display-popup -C -c {}", clients.trim_end());
    let mut control = tmux.control();
    for (name, text) in [("lines", &lines), ("wide", &wide)] {
        let file = tmux.path(name);
        fs::write(&file, json!({"text": text}).to_string()).expect("written");
        let file = file.to_string_lossy();
        for sink in ["none", "buffer:kept", "view", "popup", "window", "message", "pane", "stdout"]
        {
            // A busy machine may be away for longer, but not each time.
            let times = (0..3).map(|_| {
                let args = ["-o", sink, "-t", "one:0", "-i", &file, "demo", "echo"];
                let mut call = tmux.start_call(args);
                let mut worst = Duration::ZERO;
                // The client ends when all is on its way; what is still shown
                // then comes in the turns after.
                let mut after = 20;
                while after > 0 {
                    worst = worst.max(control.round_trip());
                    after -= u32::from(call.ended());
                }
                let _ = call.wait().ok();
                for command in [close.as_str(), "kill-window -a -t one:0"] {
                    let _ = control.command(command);
                }
                let _ = tmux.run(["send-keys", "-t", "one:0", "-X", "cancel"]);
                worst
            });
            let mut seen = Vec::new();
            let fast = times.inspect(|time| seen.push(*time)).any(|time| time < AWAY);
            assert!(fast, "{name} to {sink}: away for {seen:?}");
        }
    }
    assert_eq!(tmux.buffer("kept").map(|text| text.len()), Some(wide.len()));
    control.well_formed();
    drop(control);
    drop(viewer);
    tmux.finish();
}
