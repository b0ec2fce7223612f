//! What is asked before a destructive tool runs, what is said of one that has changed, and
//! what an entry does not allow.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, Viewer, stdio, until};

/// A server of python: `wipe` is destructive, `plain` says nothing of itself, `flip` changes
/// `plain` and says so.
const SERVER: &str = r#"
import json, os, sys
flipped = False
def send(**m): print(json.dumps({"jsonrpc": "2.0", **m}), flush=True)
def tool(name, description, annotations, **properties):
    return {"name": name, "description": description, "annotations": annotations,
        "inputSchema": {"type": "object", "properties": properties, "required": list(properties)}}
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    kind = m["method"]
    if kind == "initialize":
        send(id=m["id"], result={"protocolVersion": "2025-06-18", "serverInfo": {"name": "p", "version": "1"},
            "capabilities": {"tools": {"listChanged": True}}})
    elif kind == "tools/list":
        send(id=m["id"], result={"tools": [
            tool("wipe", "Wipes.", {"destructiveHint": True}, path={"type": "string"}),
            tool("plain", "New words." if flipped else "Old words.", {}),
            tool("flip", "Flips.", {"readOnlyHint": True})]})
    elif kind == "tools/call":
        name = m["params"]["name"]
        open(os.environ["RAN"], "a").write(name + "\n")
        if name == "flip":
            flipped = True
            send(method="notifications/tools/list_changed")
        send(id=m["id"], result={"content": [{"type": "text", "text": "ran " + name}]})
    else:
        send(id=m["id"], error={"code": -32601, "message": "no"})
"#;

fn start() -> Tmux {
    let setup = Setup::new();
    let ran = setup.path("ran");
    let entry = json!({"command": "python3", "args": ["-c", SERVER], "era": "legacy",
        "env": {"RAN": ran.to_string_lossy()}});
    setup.server("s", entry).start()
}

/// The tools that the server ran.
fn ran(tmux: &Tmux) -> Vec<String> {
    let text = std::fs::read_to_string(tmux.path("ran")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn bind(tmux: &Tmux, key: &str, command: &str) {
    let file = tmux.path("bind.conf");
    std::fs::write(&file, format!("bind -n {key} {command}\n")).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
}

/// Waits for the result of a call in view mode, and leaves it.
fn leave(tmux: &Tmux, viewer: &Viewer<'_>, text: &str) {
    tmux.until_format("#{pane_mode}", "view-mode");
    viewer.until(text);
    let _ = tmux.run(["send-keys", "-t", "one:0.0", "-X", "cancel"]).ok();
    tmux.until_format("#{pane_mode}", "");
}

/// choose-mcp with the cursor at a tool, whose line there is given.
fn at_tool<'a>(tmux: &'a Tmux, line: &str) -> Viewer<'a> {
    let viewer = tmux.view();
    let _ = tmux.run(["choose-mcp", "-t", "one:"]).ok();
    tmux.until_format("#{pane_mode}", "mcp-mode");
    viewer.until(line);
    viewer.keys(&["/"]);
    viewer.until("(search)");
    let (tool, words) = line.split_once(": ").expect("a tool and what it does");
    viewer.text(&format!("{tool}: {}", &words[..1]));
    viewer.keys(&["Enter"]);
    viewer.until(&format!("Tool: {tool}"));
    viewer
}

const DESTROYS: &str = "wipe of s says that it may destroy something";
const CHANGED: &str = "It has changed since it was used last";

#[test]
fn the_form_of_a_destructive_tool_is_sent_by_y_alone_and_asks_once() {
    let tmux = start();
    bind(&tmux, "C-g", "mcp-menu s wipe");
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until_words(DESTROYS);
    viewer.until("path*:");
    viewer.text("home");
    viewer.keys(&["Enter"]);
    viewer.until("Yes, run it");
    assert!(viewer.words().contains(DESTROYS) && viewer.words().contains("s: wipe"));
    // Enter is at the arguments, and s, which sends other forms, does nothing.
    viewer.keys(&["s"]);
    // The menus of 3.3a have no line under the cursor at first, and Enter leaves them.
    if Tmux::version() != "3.3a" {
        viewer.keys(&["Enter"]);
        viewer.until("path*:");
        viewer.keys(&["Enter"]);
    }
    viewer.until("Yes, run it");
    assert_eq!(ran(&tmux), [""; 0]);
    viewer.keys(&["y"]);
    leave(&tmux, &viewer, "ran wipe");
    assert_eq!(ran(&tmux), ["wipe"]);
    // A tool that says nothing of itself is not asked about.
    bind(&tmux, "C-g", "mcp-menu s plain");
    viewer.keys(&["C-g"]);
    viewer.until("Send");
    viewer.keys(&["s"]);
    leave(&tmux, &viewer, "ran plain");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_call_is_made_again_when_somebody_says_yes() {
    let tmux = start();
    // The command line says which tool and with what, so it is not asked about.
    let _ = tmux.call(["s", "wipe", "path=home"]).ok();
    let told = tmux.run(["mcp-again"]).fails(1);
    assert!(told.contains(DESTROYS) && told.contains("-y runs it"), "{told}");
    assert_eq!(ran(&tmux).len(), 1);
    assert_eq!(tmux.run(["mcp-again", "-y"]).ok(), "ran wipe\n");
    bind(&tmux, "C-g", "mcp-again");
    let viewer = tmux.view();
    for no in ["Enter", "n", "Escape"] {
        viewer.keys(&["C-g"]);
        viewer.until("Yes, run it");
        let words = viewer.words();
        assert!(words.contains(DESTROYS) && words.contains("arguments: path=home"), "{words}");
        viewer.keys(&[no]);
        viewer.until("s wipe was not run");
    }
    assert_eq!(ran(&tmux).len(), 2);
    viewer.keys(&["C-g"]);
    viewer.until("Yes, run it");
    viewer.keys(&["y"]);
    leave(&tmux, &viewer, "ran wipe");
    assert_eq!(ran(&tmux).len(), 3);
    let _ = tmux.run(["set", "-s", "mcp-confirm", "none"]).ok();
    assert_eq!(tmux.run(["mcp-again"]).ok(), "ran wipe\n");
    let _ = tmux.run(["set", "-s", "mcp-confirm", "all"]).ok();
    let _ = tmux.call(["s", "plain"]).ok();
    let told = tmux.run(["mcp-again"]).fails(1);
    assert!(told.contains("plain of s does not say whether it changes something"), "{told}");
    assert_eq!(ran(&tmux), ["wipe", "wipe", "wipe", "wipe", "plain"]);
    assert!(tmux.run(["set", "-s", "mcp-confirm", "some"]).fails(1).contains("unknown value"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_call_whose_tool_is_not_listed_yet_is_asked_about_after_the_list() {
    let tmux = start();
    // JSON needs no list of tools.
    let _ = tmux.call(["s", "wipe", r#"{"path": "home"}"#]).ok();
    let _ = tmux.call(["s", "plain", "{}"]).ok();
    assert_eq!(tmux.run(["mcp-again"]).ok(), "ran plain\n");
    let id = tmux.run(["mcp-history", "-F", "#{mcp_id}", "-f", "#{==:#{mcp_tool},wipe}"]).ok();
    assert!(tmux.run(["mcp-again", id.trim()]).fails(1).contains(DESTROYS));
    assert_eq!(ran(&tmux), ["wipe", "plain", "plain"]);
    tmux.finish();
}

#[test]
fn choose_mcp_asks_before_it_runs_a_destructive_tool_again() {
    let tmux = start();
    let _ = tmux.call(["s", "wipe", "path=home"]).ok();
    let viewer = at_tool(&tmux, "wipe: Wipes.");
    viewer.keys(&["r"]);
    viewer.until("Yes, run it");
    viewer.keys(&["n"]);
    viewer.until("s wipe was not run");
    assert_eq!(ran(&tmux).len(), 1);
    viewer.keys(&["r"]);
    viewer.until("Yes, run it");
    viewer.keys(&["y"]);
    until("it ran", || ran(&tmux).len() == 2);
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_the_editor_leaves_for_a_destructive_tool_is_asked_about_once_the_popup_is_gone() {
    let tmux = start();
    let _ = tmux.call(["s", "wipe", "path=home"]).ok();
    let _ = tmux.run(["set", "-g", "editor", "true"]).ok();
    let viewer = at_tool(&tmux, "wipe: Wipes.");
    viewer.keys(&["e"]);
    viewer.until("Yes, run it");
    assert_eq!(ran(&tmux).len(), 1);
    viewer.keys(&["y"]);
    until("it ran", || ran(&tmux).len() == 2);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_tool_that_has_changed_since_it_was_used_is_said_to_have() {
    let tmux = start();
    let _ = tmux.run(["mcp-tools", "s"]).ok();
    let _ = tmux.call(["s", "plain"]).ok();
    assert_eq!(tmux.run(["mcp-again"]).ok(), "ran plain\n");
    let id = tmux.run(["mcp-history", "-F", "#{mcp_id}", "-f", "#{==:#{mcp_tool},plain}"]).ok();
    let id = id.lines().next().expect("it was called");
    let _ = tmux.call(["s", "flip"]).ok();
    until("the new words are listed", || tmux.run(["mcp-tools", "s"]).ok().contains("New words."));
    let told = tmux.run(["mcp-again", id]).fails(1);
    assert!(told.contains(CHANGED), "{told}");

    let viewer = at_tool(&tmux, "plain: New words.");
    viewer.until_words(CHANGED);
    viewer.keys(&["Enter"]);
    viewer.until("Yes, run it");
    assert!(viewer.words().contains(CHANGED), "{}", viewer.screen());
    viewer.keys(&["y"]);
    until("it ran", || ran(&tmux).last().is_some_and(|tool| tool == "plain"));
    // Now it is what was used last.
    assert_eq!(tmux.run(["mcp-again", id]).ok(), "ran plain\n");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_tool_that_the_entry_does_not_allow_is_nowhere_and_a_call_names_the_rule() {
    let mut entry = stdio(&[]);
    entry["tools"] = json!({"deny": ["cr*"]});
    let tmux = Setup::new().server("demo", entry).start();
    let rule = "tool 'crash' of server 'demo' is refused: 'tools.deny' in ";
    let refused = || {
        let told = tmux.call(["demo", "crash"]).fails(1);
        assert!(told.contains(rule) && told.trim_end().ends_with(".json has 'cr*'"), "{told}");
    };
    refused();
    assert_eq!(tmux.format("#{mcp_state_demo}"), "disconnected", "nothing was started");
    assert!(!tmux.run(["mcp-tools", "demo"]).ok().contains("crash"));
    refused();
    let names = tmux.run(["mcp-complete", "tools", "demo"]).ok();
    assert!(names.contains("echo") && !names.contains("crash"), "{names}");
    bind(&tmux, "C-g", "mcp-menu demo crash");
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("is refused: 'tools.deny' in");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_tool_that_changes_while_it_is_asked_about_is_not_run() {
    let tmux = start();
    let _ = tmux.run(["set", "-s", "mcp-confirm", "all"]).ok();
    let _ = tmux.call(["s", "plain"]).ok();
    bind(&tmux, "C-g", "mcp-again");
    let viewer = tmux.view();
    let _ = tmux.run(["mcp-tools", "s"]).ok();
    viewer.keys(&["C-g"]);
    viewer.until("Yes, run it");
    let _ = tmux.call(["s", "flip"]).ok();
    until("the new words are known", || {
        tmux.run(["mcp-tools", "s", "plain"]).ok().contains("New words.")
    });
    viewer.keys(&["y"]);
    viewer.until("s plain was not run: it changed while the question was open");
    assert_eq!(ran(&tmux), ["plain", "flip"]);
    drop(viewer);
    tmux.finish();
}
