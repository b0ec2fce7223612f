//! Agents in panes that reach the servers of tmux with `tmcp-bridge connect`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tmcp_tmux_tests::servers::bridge_binary;
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// What an agent starts, with the environment of a pane.
struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
}

impl Agent {
    fn start(tmux: &Tmux, name: &str) -> Agent {
        let mut child = connect(tmux, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bridge starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Agent { stdin: child.stdin.take(), child, lines }
    }

    fn initialized(tmux: &Tmux, server: &str, name: &str) -> Agent {
        // tmux listens once it has read its options.
        let path = PathBuf::from(format!("{}.mcp", tmux.format("#{socket_path}")));
        until("tmux listens", || path.exists());
        let mut agent = Agent::start(tmux, server);
        let info = json!({"name": name, "version": "1.2"});
        agent.say(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}}));
        let answer = agent.next();
        assert!(answer["result"]["capabilities"]["tools"].is_object(), "{answer}");
        agent.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        agent
    }

    fn say(&mut self, message: Value) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(format!("{message}\n").as_bytes()).expect("it is written");
    }

    fn call(&mut self, tool: &str, arguments: Value) {
        self.say(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}}));
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a message")
    }

    fn text(&self) -> String {
        let answer = self.next();
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).into()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `tmcp-bridge connect NAME` with what tells a pane where its tmux is.
fn connect(tmux: &Tmux, name: &str) -> Command {
    let mut command = Command::new(bridge_binary());
    command.args(["connect", name]).stderr(Stdio::piped());
    let socket = tmux.run(["display-message", "-p", "#{socket_path}"]).ok();
    command.env_remove("TMCP_SOCKET").env("TMUX", format!("{},1,0", socket.trim()));
    command
}

/// What it says when it cannot serve anybody.
fn refused(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn two_agents_and_a_key_share_one_process_and_jobs_show_all_three() {
    let setup = Setup::new();
    let enough = setup.path("enough");
    let sleep = format!("mcp-call -b demo sleep ms=60000 until='{}'", enough.display());
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf("set -s mcp-listen on")
        .conf(&format!("bind -n C-g {sleep}"))
        .start();
    let mut one = Agent::initialized(&tmux, "demo", "first");
    let mut two = Agent::initialized(&tmux, "demo", "second");
    let viewer = tmux.view();
    let held = json!({"ms": 60_000, "until": enough});
    one.call("sleep", held.clone());
    two.call("sleep", held);
    viewer.keys(&["C-g"]);
    let mut jobs = String::new();
    until("three jobs", || {
        jobs = tmux.run(["mcp-jobs"]).ok();
        jobs.lines().filter(|line| line.contains("demo sleep running")).count() == 3
    });
    for (agent, name) in [(&one, "first"), (&two, "second")] {
        let who = format!("(bridge: pid {}, {name} 1.2)", agent.child.id());
        assert!(jobs.contains(&who), "{who} is missing in {jobs}");
    }
    assert_eq!(jobs.matches("(bridge: ").count(), 2, "{jobs}");
    let listed: Value = serde_json::from_str(&tmux.run(["mcp-jobs", "-j"]).ok()).expect("JSON");
    let who = listed[0]["who"].as_str().unwrap_or_default();
    assert!(who.starts_with("bridge: pid "), "{listed}");
    std::fs::write(&enough, "").expect("it is written");
    assert_eq!(one.text(), two.text());
    one.call("pid", json!({}));
    two.call("pid", json!({}));
    let pid = tmux.run(["mcp-call", "demo", "pid"]).ok();
    assert_eq!((one.text(), two.text()), (pid.trim().to_owned(), pid.trim().to_owned()));
    let history = tmux.run(["mcp-history", "-F", "#{mcp_tool} #{mcp_outcome} #{mcp_who}"]).ok();
    for line in ["sleep ok bridge: pid ", "pid ok bridge: pid "] {
        assert_eq!(history.matches(line).count(), 2, "{history}");
    }
    // What agents do is not what is called again.
    assert_eq!(tmux.run(["mcp-again"]).ok(), pid);
    let stats = tmux.run(["mcp-stats", "demo"]).ok();
    assert!(stats.contains("Requests Sent: 7"), "{stats}");
    drop(viewer);
    drop((one, two));
    tmux.finish();
}

#[test]
fn a_cancelled_job_of_an_agent_is_told_to_the_agent_and_a_dead_agent_leaves_none() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -s mcp-listen on").start();
    let mut one = Agent::initialized(&tmux, "demo", "first");
    one.call("sleep", json!({"ms": 600_000}));
    let job = || tmux.run(["mcp-jobs", "-F", "#{mcp_id}"]).ok();
    until("a job", || !job().is_empty());
    assert_eq!(tmux.run(["mcp-cancel", job().trim()]).ok(), "");
    assert_eq!(one.next()["error"]["message"], "cancelled in tmux");
    one.call("sleep", json!({"ms": 600_000}));
    until("another job", || !job().is_empty());
    drop(one);
    until("no job", || job().is_empty());
    let history = tmux.run(["mcp-history"]).ok();
    assert!(history.contains("cancelled in tmux") && history.contains("the agent has gone"));
    tmux.finish();
}

#[test]
fn the_option_makes_the_socket_and_panes_know_of_it() {
    let setup = Setup::new();
    let path = setup.path("own/agents");
    let tmux = setup.server("demo", stdio(&[])).start();
    let said = refused(&mut connect(&tmux, "demo"));
    assert!(said.contains("mcp-listen"), "{said}");
    let _ = tmux.run(["set", "-s", "mcp-listen", &path.display().to_string()]).ok();
    until("the socket", || path.exists());
    let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shown = || tmux.run(["show-environment", "-g", "TMCP_SOCKET"]).ok();
    assert_eq!(shown().trim(), format!("TMCP_SOCKET={}", path.display()));
    let from_pane = path.with_file_name("from-pane");
    let line = format!(
        "printf %s \"$TMCP_SOCKET\" > '{0}.part' && mv '{0}.part' '{0}'",
        from_pane.display()
    );
    let _ = tmux.run(["new-window", "-d", &line]).ok();
    until("the pane", || from_pane.exists());
    assert_eq!(std::fs::read_to_string(&from_pane).expect("read"), path.display().to_string());
    let named = |name| {
        let mut command = connect(&tmux, name);
        command.env("TMCP_SOCKET", &path);
        command
    };
    let said = refused(&mut named("dem"));
    assert!(
        said.contains("unknown server 'dem'") && said.contains("did you mean 'demo'"),
        "{said}"
    );
    // A client that says nothing more gets nothing and leaves well.
    let output = named("demo").stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let _ = tmux.run(["set", "-s", "mcp-listen", "off"]).ok();
    until("the end of the socket", || !path.exists());
    let said = tmux.run(["show-environment", "-g", "TMCP_SOCKET"]).fails(1);
    assert!(said.contains("unknown variable"), "{said}");
    let viewer = tmux.view();
    let _ = tmux.run(["set", "-s", "mcp-listen", "relative/path"]).ok();
    until("a message", || {
        let said = tmux.messages();
        said.iter().any(|line| line.contains("bad value for mcp-listen: relative/path"))
    });
    drop(viewer);
    let mut nowhere = Command::new(bridge_binary());
    nowhere.args(["connect", "demo"]).env_remove("TMUX").env_remove("TMCP_SOCKET");
    assert!(refused(&mut nowhere).contains("there is no tmux around"));
    tmux.finish();
}

#[test]
fn a_tmux_that_ends_takes_the_socket_with_it_and_says_so() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -s mcp-listen on").start();
    let path = PathBuf::from(format!("{}.mcp", tmux.format("#{socket_path}")));
    let mut agent = Agent::initialized(&tmux, "demo", "a");
    agent.call("sleep", json!({"ms": 600_000}));
    until("a job", || !tmux.run(["mcp-jobs"]).ok().is_empty());
    assert!(path.exists());
    tmux.finish();
    assert!(!path.exists());
    let status = agent.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
    let mut said = String::new();
    let mut stderr = agent.child.stderr.take().expect("it is piped");
    std::io::Read::read_to_string(&mut stderr, &mut said).expect("it is read");
    assert!(said.contains("tmux has closed the connection"), "{said}");
}
