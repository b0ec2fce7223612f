//! `mcp-import`: servers of another client's file.

use std::fs;

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, stdio};

const OVERLAY: &str = "config/tmux/mcp.json";

fn overlay(tmux: &Tmux) -> String {
    fs::read_to_string(tmux.path(OVERLAY)).unwrap_or_default()
}

#[test]
fn servers_are_taken_over_and_can_be_called() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let servers = json!({"inputs": [], "servers": {"new": stdio(&[]), "other": {"command": "x"}}});
    let file = tmux.path("mcp.json");
    fs::write(&file, servers.to_string()).unwrap();
    let file = file.to_str().unwrap();

    let text = tmux.run(["mcp-import", "-n", file]).ok();
    assert_eq!(text, "new: added\nother: added\n");
    assert_eq!(overlay(&tmux), "", "only said");
    assert_eq!(tmux.run(["mcp-import", file, "new"]).ok(), "new: added\n");
    assert!(overlay(&tmux).contains("new"));
    assert_eq!(tmux.call(["new", "echo", "text=hello"]).ok(), "hello\n");
    assert!(!overlay(&tmux).contains("other"));
    assert_eq!(tmux.run(["mimport", file, "new"]).ok(), "new: same\n");
    tmux.finish();
}

#[test]
fn what_is_left_out_is_told_with_status_1() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    fs::create_dir_all(tmux.path("config/tmux")).unwrap();
    fs::write(tmux.path(OVERLAY), "{\"mcpServers\": {\"a\": {\"command\": \"mine\"}}}").unwrap();
    let file = tmux.path("config.toml");
    fs::write(&file, "[mcp_servers.a]\ncommand = 'x'\n[mcp_servers.b]\nrequired = true\n").unwrap();
    let file = file.to_str().unwrap();

    let output = tmux.run(["mcp-import", file]);
    assert_eq!(output.code, 1);
    let text = &output.stdout;
    let path = tmux.path(OVERLAY);
    assert_eq!(
        *text,
        format!(
            "a: left out: {} has another entry of this name\n\
             b: left out: needs 'command' or 'socket_path'\n",
            path.display()
        )
    );
    assert!(overlay(&tmux).contains("mine"));
    assert_eq!(tmux.run(["mcp-import", "-r", file, "a"]).ok(), "a: replaced\n");
    assert!(overlay(&tmux).contains("\"x\"") && !overlay(&tmux).contains("mine"));

    let why = tmux.run(["mcp-import", "/nowhere/x.json"]).fails(2);
    assert!(why.contains("/nowhere/x.json: No such file or directory"), "{why}");
    fs::write(tmux.path(OVERLAY), "{\"mcpServers\": ").unwrap();
    let why = tmux.run(["mcp-import", file]).fails(1);
    assert!(why.contains("it cannot be read"), "{why}");
    assert_eq!(overlay(&tmux), "{\"mcpServers\": ");
    tmux.finish();
}

#[test]
fn it_goes_where_it_is_sent_and_finds_paths_from_the_client() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    fs::write(tmux.path("home/here.json"), "{\"mcpServers\": {\"q\": {\"command\": \"x\"}}}")
        .unwrap();
    let home = "~/here.json";
    assert_eq!(tmux.run(["mcp-import", "-n", "-o", "buffer:im", home]).ok(), "");
    assert_eq!(tmux.buffer("im").unwrap_or_default().trim_end(), "q: added");
    assert!(tmux.run(["mcp-import"]).code != 0);
    tmux.finish();
}
