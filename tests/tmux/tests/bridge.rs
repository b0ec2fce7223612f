//! tmux and other clients behind one process: a server on stdio, put behind a socket by
//! `tmcp-bridge`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tmcp_tmux_tests::servers::{binary, bridge_binary};
use tmcp_tmux_tests::{Setup, stdio, until};

/// The program on the PATH of tmux.
fn path_with_bridge() -> String {
    let usual = std::env::var("PATH").unwrap_or_default();
    format!("{}:{usual}", bridge_binary().parent().expect("a directory").display())
}

/// The bridges that were started in a directory, told to end.
fn end_bridges(run: &Path) {
    for entry in std::fs::read_dir(run.join("tmcp-bridge")).expect("bridges").flatten() {
        let socket = entry.path();
        if socket.extension().is_none_or(|end| end != "sock") {
            continue;
        }
        let mut ask = Command::new(bridge_binary());
        let told = ask.args(["--status", "--socket"]).arg(&socket).output().expect("it runs");
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let pid = told.lines().find_map(|line| line.strip_prefix("Pid: ")).expect("a pid");
        Command::new("kill").arg(pid).status().expect("it runs");
        until("the bridge is gone", || !socket.exists());
    }
}

/// A bridge that ends with the test.
struct Bridge(Child);

impl Bridge {
    fn start(socket: &Path) -> Bridge {
        let child = Command::new(bridge_binary())
            .arg("--socket")
            .arg(socket)
            .arg("--")
            .arg(binary())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the bridge starts");
        until("the bridge listens", || UnixStream::connect(socket).is_ok());
        Bridge(child)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[test]
fn key_bindings_and_another_client_share_one_process() {
    let directory = std::env::temp_dir().join(format!("tmcp-tb-{}", std::process::id()));
    let socket = directory.join("s");
    let _bridge = Bridge::start(&socket);
    let tmux = Setup::new()
        .server("shared", json!({"transport": "socket", "socket_path": socket}))
        .start();
    let said = |line: &str| tmux.run(["mcp-call", "shared", line]).ok();
    let pid = said("pid");
    let mut other = UnixStream::connect(&socket).expect("a second client");
    other.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let init = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "o", "version": "0"}}});
    let call =
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "pid"}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    other.write_all(format!("{init}\n{ready}\n{call}\n").as_bytes()).expect("written");
    let mut lines = BufReader::new(&other).lines();
    let answers: Vec<Value> = (0..2)
        .map(|_| serde_json::from_str(&lines.next().expect("a line").expect("read")).expect("JSON"))
        .collect();
    assert_eq!(answers[1]["result"]["content"][0]["text"], pid.trim());
    let lost = tmux.run(["mcp-call", "shared", "exit"]).fails(1);
    assert!(lost.contains("outcome unknown"), "{lost}");
    assert_ne!(said("pid"), pid, "the next call has another process");
    let _ = std::fs::remove_dir_all(&directory);
}

#[test]
fn two_tmux_servers_share_the_process_of_an_entry_with_bridge() {
    let run = std::env::temp_dir().join(format!("tmcp-tb-run-{}", std::process::id()));
    std::fs::create_dir_all(&run).expect("a directory");
    let start = || {
        let mut entry = stdio(&[]);
        (entry["bridge"], entry["cwd"]) = (json!(true), json!("/"));
        let setup = Setup::new().server("shared", entry);
        setup.env("XDG_RUNTIME_DIR", &run).env("PATH", path_with_bridge()).start()
    };
    let (first, second) = (start(), start());
    let pid = first.run(["mcp-call", "shared", "pid"]).ok();
    assert_eq!(second.run(["mcp-call", "shared", "pid"]).ok(), pid);
    let stats = second.run(["mcp-stats", "shared"]).ok();
    assert!(stats.contains("Transport: socket"), "{stats}");
    // It is nobody's own, so the end of the one that started it is not its end.
    let _ = first.run(["kill-server"]).ok();
    until("the first is gone", || first.run(["list-sessions"]).code != 0);
    drop(first);
    assert_eq!(second.run(["mcp-call", "shared", "pid"]).ok(), pid);
    drop(second);
    let third = start();
    assert_eq!(third.run(["mcp-call", "shared", "pid"]).ok(), pid);
    drop(third);
    end_bridges(&run);
    std::fs::remove_dir_all(&run).expect("it goes");
}
