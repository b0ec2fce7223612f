//! Entries of a configuration, all of them for the scripted test server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use serde_json::{Value, json};

use crate::process::Process;
use crate::wait::until;

/// The scripted server. It is built beside the tests if it has not been yet.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn binary() -> PathBuf {
    static BUILT: Once = Once::new();
    built("tmcp-test-server", &BUILT)
}

/// The bridge, in the same way.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn bridge_binary() -> PathBuf {
    static BUILT: Once = Once::new();
    built("tmcp-bridge", &BUILT)
}

/// The program of a package, beside the tests.
fn built(package: &str, once: &Once) -> PathBuf {
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let release = path.ends_with("release");
    once.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "-p", package]);
        cargo.args(release.then_some("--release"));
        cargo.arg("--target-dir").arg(path.parent().expect("a profile is in the target directory"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "{package} does not build");
    });
    path.join(package)
}

/// The switches of a server: those it was given, after what the environment adds to all.
fn switches(given: &[&str]) -> Vec<String> {
    let more = std::env::var("TMCP_TEST_SWITCHES").unwrap_or_default();
    more.split_whitespace().chain(given.iter().copied()).map(str::to_string).collect()
}

/// The arguments of `sleep` that end it when there is this file, and not before.
#[must_use]
pub fn held(file: &Path) -> [String; 2] {
    ["ms=60000".into(), format!("until={}", file.display())]
}

/// A server on the pipes of a process.
#[must_use]
pub fn stdio(given: &[&str]) -> Value {
    json!({"command": binary(), "args": switches(given)})
}

/// The same, with every byte that tmux sends it copied to a file.
#[must_use]
pub fn recorded(file: &Path, given: &[&str]) -> Value {
    let mut args = vec![
        json!("-c"),
        json!("f=$1; shift; exec tee -a \"$f\" | exec \"$@\""),
        json!("sh"),
        json!(file),
        json!(binary()),
    ];
    args.extend(switches(given).iter().map(|switch| json!(switch)));
    json!({"command": "/bin/sh", "args": args})
}

/// A server whose process does nothing, not even read, until there is a file `gate`.
#[must_use]
pub fn gated(gate: &Path, mut entry: Value) -> Value {
    let script = "until [ -e \"$0\" ]; do sleep 0.05; done; exec \"$@\"";
    let mut args = vec![json!("-c"), json!(script), json!(gate), entry["command"].take()];
    args.extend(entry["args"].as_array().into_iter().flatten().cloned());
    entry["command"] = json!("/bin/sh");
    entry["args"] = json!(args);
    entry
}

/// A server on a Unix socket that runs on its own, as a daemon would.
#[derive(Debug)]
pub struct SocketServer {
    child: std::process::Child,
    /// Where it listens.
    pub path: PathBuf,
}

impl SocketServer {
    /// Starts one and waits for its socket.
    ///
    /// # Panics
    /// When there is none in time.
    #[must_use]
    pub fn start(path: &Path, switches: &[&str]) -> SocketServer {
        let child = Command::new(binary())
            .arg("--socket")
            .arg(path)
            .args(switches)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the test server starts");
        until("the server listens", || fs::symlink_metadata(path).is_ok());
        SocketServer { child, path: path.to_path_buf() }
    }

    /// Its entry in a configuration.
    #[must_use]
    pub fn entry(&self) -> Value {
        json!({"transport": "socket", "socket_path": self.path})
    }

    /// Its process.
    ///
    /// # Panics
    /// When it has gone.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::of(self.child.id() as i32).expect("the server runs")
    }
}

impl Drop for SocketServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.path);
    }
}
