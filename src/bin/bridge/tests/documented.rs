//! The example of docs/bridge.md works as it stands, with the scripted server in the place
//! of the one from npm.

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{BRIDGE, Directory, Peer, server_binary, until};
use serde_json::json;

const PAGE: &str = include_str!("../../../../docs/bridge.md");
const MANUAL: &str = include_str!("../tmcp-bridge.1");

/// The commands of the first example.
fn example() -> Vec<String> {
    let text = PAGE.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    let lines = text.expect("an example").lines();
    lines.map(|line| line.strip_prefix("$ ").expect("a command").to_owned()).collect()
}

#[test]
fn the_example_works_as_it_is_written() {
    let directory = Directory::new();
    let bin = directory.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(BRIDGE, bin.join("tmcp-bridge")).unwrap();
    std::os::unix::fs::symlink(server_binary(), bin.join("server")).unwrap();
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("XDG_RUNTIME_DIR", &directory.0).stderr(Stdio::null());
        command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        command
    };
    let commands = example();
    let [start, status] = &commands[..] else { panic!("{commands:?}") };
    let start = start.replace("npx -y @modelcontextprotocol/server-memory", "server");
    let start = start.strip_suffix(" &").expect("it runs in the background");
    let mut bridge = common::Ended(shell(&format!("exec {start}")).spawn().unwrap());
    let socket = directory.path("mcp/memory.sock");
    until("it listens", || std::os::unix::net::UnixStream::connect(&socket).ok());
    let mut client = Peer::connect(&socket);
    client.initialize(json!({}));
    assert_eq!(client.text(1, "echo", json!({"text": "x"})), "x");
    let said = shell(status).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("\nSession: 2025-06-18\n") && said.contains("\nConnections: 1\n"),
        "{said}"
    );
    assert!(bridge.end());
}

#[test]
fn the_manual_page_and_the_help_name_the_same_options() {
    let help = Command::new(BRIDGE).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = help.lines().filter_map(|line| line.strip_prefix("  --"));
    let names: Vec<&str> = options
        .map(|line| line.split([' ', ',']).next().unwrap())
        .filter(|name| !["help", "version"].contains(name))
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert!(MANUAL.contains(&format!(".It Fl -{name}")), "{name}");
    }
}
