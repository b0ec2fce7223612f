//! What a word may be, for shells and for the command prompt; and that clients
//! that are read-only have no server started or asked for anything.

use std::process::Command;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Terminal, Tmux, Viewer, stdio, until};

/// A server whose names are as they should not be, with tools of all types.
fn odd() -> Value {
    let script = r#"
import sys, json
tools = [{"name": n, "inputSchema": {"type": "object", "properties": {
    "mode": {"type": "string", "enum": ["fast", "very slow", "it's"]},
    "on": {"type": "boolean"}, "text": {"type": "string"}}}}
    for n in ["plain", "two words", "a:b", "c,d}", "e#{pid}", "q'\"x", "größe", "l" * 300]]
for line in sys.stdin:
    m = json.loads(line)
    r = {}
    if m.get("method") == "initialize":
        r = {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"}}
    elif m.get("method") == "tools/list":
        r = {"tools": tools}
    elif m.get("method") == "tools/call":
        r = {"content": [{"type": "text", "text": m["params"]["name"]}]}
    if "id" in m:
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
"#;
    json!({"command": "python3", "args": ["-c", script]})
}

const NAMES: [&str; 7] = ["plain", "two words", "a:b", "c,d}", "e#{pid}", "q'\"x", "größe"];

fn words(tmux: &Tmux, words: &[&str]) -> Vec<String> {
    let text = tmux.run(["mcp-complete", "words"].iter().chain(words)).ok();
    text.lines().map(str::to_string).collect()
}

#[test]
fn the_words_of_every_command_are_known() {
    let tmux = Setup::new().server("demo", stdio(&[])).server("odd", odd()).start();
    assert_eq!(words(&tmux, &["mcp-call", ""]), ["demo", "odd"]);
    assert_eq!(words(&tmux, &["mcall", "-o", "view", "d"]), ["demo"]);
    assert_eq!(words(&tmux, &["mcp-call", "-bo", "m"]), ["message"]);
    assert_eq!(words(&tmux, &["mcp-call", "demo", "ech"]), ["echo"]);
    assert_eq!(words(&tmux, &["mcp-tools", "-t", "x", "demo", "ech"]), ["echo"]);
    assert_eq!(words(&tmux, &["mcp-call", "demo", "add", ""]), ["a=", "b="]);
    assert_eq!(words(&tmux, &["mcp-call", "demo", "add", "a=1", ""]), ["b="]);
    let values = ["mode=fast", "mode=very slow", "mode=it's"];
    assert_eq!(words(&tmux, &["mcp-call", "odd", "plain", "mode="]), values);
    assert_eq!(words(&tmux, &["mcp-call", "odd", "plain", "on="]), ["on=true", "on=false"]);
    assert_eq!(words(&tmux, &["mcp-call", "odd", "plain", "on=f"]), ["on=false"]);
    assert_eq!(words(&tmux, &["mcp-prompt", "demo", "comp"]), ["compose"]);
    assert!(words(&tmux, &["mcp-prompt", "demo", "compose", ""]).contains(&"tone=".into()));
    let tones = ["tone=kind", "tone=stern"];
    assert_eq!(words(&tmux, &["mcp-prompt", "demo", "compose", "tone="]), tones);
    let resources = words(&tmux, &["mcp-read", "demo", "test://"]);
    assert!(resources.contains(&"test://greeting".into()), "{resources:?}");
    assert!(resources.contains(&"test://note/{name}".into()), "{resources:?}");
    assert_eq!(words(&tmux, &["mcp-read", "demo", "test://note/{name}", ""]), ["name="]);
    let beta = words(&tmux, &["mcp-read", "demo", "test://note/{name}", "name=b"]);
    assert_eq!(beta, ["name=beta"]);
    let file = tmux.path("go");
    let [ms, gate] = tmcp_tmux_tests::held(&file);
    let held = tmux.start_call(["demo", "sleep", &ms, &gate]);
    until("the call runs", || !words(&tmux, &["mcp-cancel", ""]).is_empty());
    assert_eq!(words(&tmux, &["mcp-cancel", "-s", "de"]), ["demo"]);
    std::fs::write(&file, "").expect("written");
    let _ = held.wait();
    assert_eq!(words(&tmux, &["mcp-again", ""]).len(), 1);
    for nothing in [&["mcp-call", "none", ""][..], &["list-keys", ""], &["mcp-call"], &["x", ""]] {
        assert!(words(&tmux, nothing).is_empty(), "{nothing:?}");
    }
    tmux.finish();
}

#[test]
fn a_name_may_have_any_characters() {
    let tmux = Setup::new().server("a b:c,d}#{pid}'\"é", odd()).server("demo", stdio(&[])).start();
    let server = "a b:c,d}#{pid}'\"é";
    assert_eq!(words(&tmux, &["mcp-call", "a"]), [server]);
    let listed = words(&tmux, &["mcp-call", server, ""]);
    for name in NAMES {
        assert!(listed.contains(&name.to_string()), "{name}: {listed:?}");
        assert_eq!(tmux.call([server, name]).ok(), format!("{name}\n"));
        let args = ["mcp-tools", "-F", "#{mcp_server}|#{mcp_name}", "-f"];
        let text = tmux.run(args.iter().chain(&["#{m:*p*,#{mcp_name}}", server])).ok();
        assert!(text.contains(&format!("{server}|plain\n")), "{text}");
    }
    let long = "l".repeat(300);
    assert_eq!(tmux.call([server, &long]).ok(), format!("{long}\n"));
    let stats = tmux.run(["mcp-stats", "-F", "#{mcp_name} #{mcp_succeeded}", server]).ok();
    assert_eq!(stats, format!("{server} 8\n"));
    let filter = "#{==:#{mcp_name},demo}";
    assert_eq!(tmux.run(["mcp-stats", "-F", "name", "-f", filter]).ok(), "demo\n");
    let figure = "mcp_succeeded_a_b_c_d___pid____";
    assert!(tmux.format(&format!("#{{{figure}}}")).starts_with('8'), "as the documents spell it");
    assert_eq!(tmux.run(["mcp-cancel", "-s", server]).ok(), "");
    let history = tmux.run(["mcp-history", "-F", "#{mcp_server}", "-f", "1"]).ok();
    assert!(history.lines().all(|line| line == server), "{history}");
    tmux.finish();
}

/// The prompt is at the end of the screen and reads so.
fn prompt(viewer: &Viewer<'_>, text: &str) {
    let line = format!(":{text}");
    let mut seen = String::new();
    until(&format!("the prompt reads {text:?}"), || {
        seen = viewer.screen();
        seen.trim_end().ends_with(line.trim_end())
    });
}

#[test]
fn tab_completes_in_the_command_prompt() {
    let tmux = Setup::new().server("demo", stdio(&[])).server("odd", odd()).start();
    let viewer = tmux.view();
    viewer.keys(&["C-b", ":"]);
    viewer.text("mcp-call o");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd ");
    viewer.text("pl");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd plain ");
    viewer.text("m");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd plain mode=");
    viewer.text("v");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd plain 'mode=very slow' ");
    viewer.text("on=");
    // Two values: a menu, from which one is chosen.
    viewer.keys(&["Tab"]);
    viewer.until("on=false");
    viewer.keys(&["1"]);
    prompt(&viewer, "mcp-call odd plain 'mode=very slow' on=false ");
    viewer.text("text");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd plain 'mode=very slow' on=false text=");
    viewer.keys(&["Enter"]);
    viewer.until("plain");
    viewer.keys(&["q"]);
    // What is not typed as it is gets quotes, also behind another command.
    viewer.keys(&["C-b", ":"]);
    viewer.text("display x ; mcp-call odd q");
    viewer.keys(&["Tab"]);
    viewer.until("display x ; mcp-call odd 'q'\\''\"x'");
    viewer.keys(&["C-u"]);
    viewer.text("mcp-call odd gr");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "mcp-call odd größe ");
    // tmux's own words are still its own.
    viewer.keys(&["C-u"]);
    viewer.text("list-ke");
    viewer.keys(&["Tab"]);
    prompt(&viewer, "list-keys ");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_client_that_is_read_only_starts_nothing() {
    let tmux = Tmux::demo();
    for command in [
        "mcp-tools -o view",
        "mcp-resources demo",
        "mcp-prompts demo",
        "mcp-complete tools demo",
        "mcp-complete words mcp-call demo ''",
    ] {
        let _ = tmux.run(["bind-key", "-n", "C-g", command]).ok();
        let mut terminal = Terminal::attach(&tmux, &["-r"]);
        terminal.keys(b"\x07");
        // What a key does is done when a key behind it has been.
        let _ = tmux.run(["bind-key", "-n", "C-t", "detach-client"]).ok();
        terminal.keys(b"\x14");
        until("it is detached", || terminal.ended());
        assert_eq!(tmux.format("#{mcp_connected}"), "0", "{command}");
        assert!(tmux.mcp_children().is_empty(), "{command} started a server");
    }
    // A list goes nowhere else, and tools that are known are shown.
    let _ = tmux.call(["demo", "echo", "text=a"]).ok();
    assert!(tmux.run(["mcp-tools", "demo"]).ok().contains("echo"));
    tmux.finish();
}

#[test]
fn bash_completes_values_and_names() {
    let tmux = Setup::new().server("demo", stdio(&[])).server("odd", odd()).start();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tmux-patches/completion/mcp.bash");
    let complete = |line: &str, pieces: &[&str]| {
        let quoted: Vec<String> = pieces.iter().map(|p| format!("'{p}'")).collect();
        let script = format!(
            "source {file}\nCOMP_WORDS=({})\nCOMP_CWORD={}\nCOMP_LINE='{line}'\n\
             COMP_POINT=${{#COMP_LINE}}\n_tmux_mcp\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            pieces.len() - 1,
        );
        // The function runs the first word: a tmux with the socket of the test.
        let mut bash = tmux.environment("bash".as_ref());
        let inner = tmux.command(["start-server"]);
        let program = std::iter::once(inner.get_program())
            .chain(inner.get_args().take_while(|arg| *arg != "start-server"));
        let words: Vec<String> =
            program.map(|arg| format!("'{}'", arg.to_string_lossy())).collect();
        let script = format!("tmux() {{ {} \"$@\"; }}\n{script}", words.join(" "));
        let output = bash.args(["-c", &script]).output().expect("bash runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    };
    if Command::new("bash").arg("-c").arg("true").status().is_err() {
        return;
    }
    assert_eq!(complete("tmux mcp-call o", &["tmux", "mcp-call", "o"]), "odd");
    let line = "tmux mcp-call odd plain on=";
    assert_eq!(complete(line, &["tmux", "mcp-call", "odd", "plain", "on", "="]), "true\nfalse");
    let line = "tmux mcp-call odd plain on=f";
    assert_eq!(complete(line, &["tmux", "mcp-call", "odd", "plain", "on", "=", "f"]), "false");
    assert_eq!(complete("tmux mcp-ag", &["tmux", "mcp-ag"]), "mcp-again");
    tmux.finish();
}
