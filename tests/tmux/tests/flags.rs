//! Flags mean one thing everywhere, and what was spelled otherwise before says so.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

fn two() -> Tmux {
    let broken = json!({"command": "/nonexistent/server"});
    Setup::new().server("demo", stdio(&[])).server("gone", broken).start()
}

#[test]
fn old_spellings_are_answered_with_the_new_ones() {
    let tmux = Tmux::demo();
    for (old, new) in [
        (&["mcp-call", "-F", "demo", "echo", "text=#{pid}"][..], "-E"),
        (&["mcp-prompt", "-F", "-o", "stdout", "demo", "compose", "tone=#{pid}"], "-E"),
        (&["mcp-answer", "-F", "1", "a=#{pid}"], "-E"),
        (&["mcp-answer", "-j", "{}", "1"], "-J"),
        (&["mcp-answer", "-c", "1"], "-x"),
        (&["mcp-menu", "-t", "client"], "-c"),
    ] {
        let why = tmux.run(old).fails(1);
        assert!(why.contains(new), "{old:?}: {why}");
    }
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn json_is_taken_with_upper_case_j() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["-J", r#"{"text": "a b"}"#, "demo", "echo"]).ok(), "a b\n");
    let why = tmux.call(["-J", r#"{"text": "a"}"#, "demo", "echo", "text=b"]).fails(1);
    assert!(why.contains("only argument"), "{why}");
    let why = tmux.call(["-J", "{}", "-i", "/dev/null", "demo", "echo"]).fails(1);
    assert!(why.contains("-J"), "{why}");
    tmux.finish();
}

#[test]
fn every_list_goes_where_it_is_sent() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "echo", "text=a"]).ok(), "a\n");
    for list in [
        &["mcp-tools"][..],
        &["mcp-resources"],
        &["mcp-prompts"],
        &["mcp-stats"],
        &["mcp-history"],
        &["mcp-log"],
        &["mcp-complete"],
    ] {
        let name = list[0];
        let more: &[&str] = if name == "mcp-complete" { &["servers"] } else { &[] };
        let here = tmux.run(list.iter().chain(more)).ok();
        assert!(here.contains("demo"), "{name}: {here}");
        let buffer = format!("buffer:{name}");
        let run = [name, "-o", &buffer];
        assert_eq!(tmux.run(run.iter().chain(more)).ok(), "", "{name}");
        let kept = tmux.buffer(name).unwrap_or_default();
        assert!(kept.contains("demo"), "{name}: {kept}");
        let _ = tmux.run(["delete-buffer", "-b", name]).ok();
        // Without waiting, it is in the usual buffer.
        assert_eq!(tmux.run([name, "-b"].iter().chain(more)).ok(), "", "{name}");
        until(&format!("{name} -b leaves a buffer"), || tmux.buffer("mcp").is_some());
        let _ = tmux.run(["delete-buffer", "-b", "mcp"]).ok();
    }
    let why = tmux.run(["mcp-jobs", "-o", "paper"]);
    assert_eq!(why.code, 0, "an empty list is shown nowhere");
    assert!(tmux.run(["mcp-stats", "-o", "paper"]).fails(1).contains("paper"));
    tmux.finish();
}

#[test]
fn schemas_of_all_servers_are_one_json_text() {
    let tmux = two();
    let output = tmux.run(["mcp-tools", "-j"]);
    let list: Vec<Value> = serde_json::from_str(&output.stdout).expect("an array");
    let demo = list.iter().find(|one| one["server"] == "demo").expect("demo is there");
    let echo =
        demo["tools"].as_array().and_then(|tools| tools.iter().find(|t| t["name"] == "echo"));
    assert_eq!(echo.expect("echo")["inputSchema"]["type"], "object");
    let gone = list.iter().find(|one| one["server"] == "gone").expect("gone is there");
    assert!(gone["error"].as_str().is_some_and(|why| !why.is_empty()), "{gone}");
    // In one piece, for a buffer, it is the same.
    let _ = tmux.run(["mcp-tools", "-j", "-o", "buffer:j"]);
    let kept = tmux.buffer("j").expect("a buffer");
    let again: Vec<Value> = serde_json::from_str(&kept).expect("an array");
    assert_eq!(again.len(), list.len());
    let resources = tmux.run(["mcp-resources", "-j"]).stdout;
    let list: Vec<Value> = serde_json::from_str(&resources).expect("an array");
    assert!(list.iter().any(|one| one["resources"].is_array()), "{resources}");
    assert!(list.iter().any(|one| one["resourceTemplates"].is_array()), "{resources}");
    tmux.finish();
}

#[test]
fn a_key_table_has_an_output_of_its_own() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "mcp-output[0]", "root=buffer:root"]).ok();
    let _ = tmux.run(["set-option", "-g", "mcp-output[1]", "buffer:other"]).ok();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "demo", "echo", "text=one"]).ok();
    let _ = tmux.run(["bind-key", "g", "mcp-call", "demo", "echo", "text=two"]).ok();
    let nested = "if-shell -F 1 { mcp-call demo echo text=three }";
    let _ = tmux.run(["bind-key", "-n", "C-t", nested]).ok();
    let chosen = ["bind-key", "-n", "C-y", "mcp-jobs ; mcp-call -o buffer:c demo echo text=four"];
    let _ = tmux.run(chosen).ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    until("the table's output", || tmux.buffer("root").as_deref() == Some("one"));
    viewer.keys(&["C-b", "g"]);
    until("the output of all", || tmux.buffer("other").as_deref() == Some("two"));
    viewer.keys(&["C-t"]);
    until("of a command in another", || tmux.buffer("root").as_deref() == Some("three"));
    viewer.keys(&["C-y"]);
    until("-o is stronger", || tmux.buffer("c").as_deref() == Some("four"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn commands_have_short_names() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcall", "demo", "echo", "text=a"]).ok(), "a\n");
    assert_eq!(tmux.run(["mcp-query", "demo", "echo", "text=b"]).ok(), "b\n");
    let names =
        tmux.run(["list-commands", "-F", "#{command_list_name} #{command_list_alias}"]).ok();
    let mut aliases: Vec<&str> = names
        .lines()
        .filter(|line| line.starts_with("mcp-") && !line.starts_with("mcp-query"))
        .map(|line| line.split_once(' ').map_or("", |(_, alias)| alias))
        .collect();
    assert!(aliases.iter().all(|alias| alias.starts_with('m')), "{names}");
    let count = aliases.len();
    aliases.sort_unstable();
    aliases.dedup();
    assert_eq!(aliases.len(), count, "{names}");
    tmux.finish();
}
