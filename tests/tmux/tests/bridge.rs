//! tmux and other clients behind one process: a server on stdio, put behind a socket by
//! `tmcp-bridge`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, stdio, until};

/// The scripted server, which is built when it is asked for.
fn binary() -> PathBuf {
    stdio(&[])["command"].as_str().expect("a path").into()
}

/// The bridge, built where the test server is.
fn bridge_binary() -> PathBuf {
    let path = binary().with_file_name("tmcp-bridge");
    let profile = path.parent().expect("a profile");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "tmcp-bridge"]);
    cargo.args(profile.ends_with("release").then_some("--release"));
    cargo.arg("--target-dir").arg(profile.parent().expect("the target directory"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(cargo.status().expect("cargo runs").success(), "tmcp-bridge does not build");
    path
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
