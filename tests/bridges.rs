//! Entries with `"bridge": true`: one process of the command behind `tmcp-bridge`, shared by
//! all clients.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use common::{Driver, Home, entry, is_running, server_binary, write_config};

/// What clients of one user share: home, runtime directory, and the bridges in it.
struct User(Home);

impl User {
    fn new(name: &str) -> User {
        assert!(bridge().exists(), "run `cargo build -p tmcp-bridge`");
        User(Home::new(name))
    }

    fn sockets(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.0.path("run/tmcp-bridge")) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.extension().is_some_and(|end| end == "sock")).collect()
    }

    /// The pids of the bridge and its server, and how often that was started anew.
    fn status(&self) -> Option<(String, String, String)> {
        let socket = self.sockets().pop()?;
        let asked = Command::new(bridge()).args(["--status", "--socket"]).arg(socket).output();
        let text = String::from_utf8(asked.ok()?.stdout).ok()?;
        let of =
            |name: &str| Some(text.lines().find_map(|line| line.strip_prefix(name))?.to_owned());
        Some((of("Pid: ")?, of("Server pid: ")?, of("Restarts: ")?))
    }

    /// A client with a configuration of its own.
    fn client(&self, name: &str, more: &str) -> Driver {
        self.client_on(name, more, &format!("{}:", bridge().parent().expect("one").display()))
    }

    fn client_on(&self, name: &str, more: &str, path: &str) -> Driver {
        let home = Home::new(name);
        write_config(&home, &format!("{{\"s\":{}}}", entry(&[], more)));
        let mut driver = Driver::with(home, |options| {
            let usual = std::env::var("PATH").unwrap_or_default();
            options.env = vec![
                ("HOME".into(), self.0.path("").into()),
                ("PATH".into(), format!("{path}{usual}").into()),
                ("XDG_RUNTIME_DIR".into(), self.0.path("run").into()),
            ];
        });
        let file = driver.home.path(".claude.json");
        driver.client.set_config_path(Some(file));
        driver.client.reload();
        driver.ready();
        driver
    }
}

impl Drop for User {
    /// The bridges outlive their clients.
    fn drop(&mut self) {
        for socket in self.sockets() {
            let status =
                Command::new(bridge()).args(["--status", "--socket"]).arg(&socket).output();
            let status = status.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
            let told = status.unwrap_or_default();
            let pid = told.lines().find_map(|line| line.strip_prefix("Pid: ")?.parse().ok());
            let Some(pid) = pid else { panic!("no pid in {told}") };
            end(pid);
        }
    }
}

fn bridge() -> PathBuf {
    server_binary().with_file_name("tmcp-bridge")
}

fn end(pid: u32) {
    let _ = Command::new("kill").arg(pid.to_string()).status();
    let start = std::time::Instant::now();
    while is_running(pid) {
        assert!(start.elapsed() < common::PATIENCE, "{pid} lives on");
        std::thread::yield_now();
    }
}

fn pid(driver: &mut Driver) -> u32 {
    driver.text("s", "pid", "{}").parse().expect("a number")
}

#[test]
fn clients_share_one_process_that_outlives_them() {
    let user = User::new("bridge-shared");
    let mut first = user.client("bridge-first", r#""bridge":true"#);
    let server = pid(&mut first);
    let mut second = user.client("bridge-second", r#""bridge":true"#);
    assert_eq!(pid(&mut second), server);
    assert_eq!(first.count_logged("spawned server pid"), 1);
    assert_eq!(second.count_logged("spawned server pid"), 0);
    assert_eq!(first.stat("s", "Transport"), "socket");
    let [socket] = &user.sockets()[..] else { panic!("{:?}", user.sockets()) };
    let directory = socket.parent().expect("one");
    assert_eq!(fs::metadata(directory).expect("it is there").mode() & 0o777, 0o700);
    // The server has a place of its own, whoever was first, and no socket to listen on.
    let place = fs::read_link(format!("/proc/{server}/cwd")).expect("it runs");
    assert_eq!(place, user.0.path("").canonicalize().expect("it is there"));
    let environment = fs::read(format!("/proc/{server}/environ")).expect("it runs");
    assert!(!String::from_utf8_lossy(&environment).contains("MCP_SOCKET_PATH"));
    drop(first);
    assert_eq!(pid(&mut second), server);
    drop(second);
    assert_eq!(pid(&mut user.client("bridge-third", r#""bridge":true"#)), server);
}

#[test]
fn clients_that_start_at_once_end_with_one_process() {
    let user = User::new("bridge-race");
    let mut clients: Vec<Driver> =
        (0..3).map(|_| user.client("bridge-racing", r#""bridge":true"#)).collect();
    let ids: Vec<_> = clients.iter_mut().map(|client| client.start("s", "pid", "{}")).collect();
    let mut pids = Vec::new();
    while pids.len() < ids.len() {
        let at = pids.len();
        for client in clients.iter_mut() {
            client.turn();
        }
        let found = clients[at].events.iter().find_map(|event| match event {
            tmcp::client::Event::Done(done) if done.id == ids[at] => Some(common::text_of(done)),
            _ => None,
        });
        pids.extend(found);
    }
    pids.dedup();
    assert_eq!(pids.len(), 1, "{pids:?}");
    assert_eq!(user.sockets().len(), 1);
}

#[test]
fn another_environment_is_another_process() {
    let user = User::new("bridge-other");
    let mut first = user.client("bridge-a", r#""bridge":true,"env":{"A":"1"}"#);
    let mut second = user.client("bridge-b", r#""bridge":true,"env":{"A":"2"}"#);
    assert_ne!(pid(&mut first), pid(&mut second));
    assert_eq!(user.sockets().len(), 2);
}

#[test]
fn a_bridge_that_was_killed_is_started_again() {
    let user = User::new("bridge-killed");
    let mut driver = user.client("bridge-kill", r#""bridge":true"#);
    let server = pid(&mut driver);
    end(driver.stat("s", "PID").parse().expect("a number"));
    driver.until("the loss", |d| (d.number("s", "Total Connections") == 0).then_some(()));
    assert_ne!(pid(&mut driver), server);
    assert_eq!(driver.count_logged("starting a bridge for s"), 2);
}

#[test]
fn without_the_program_the_command_is_started_as_ever() {
    let user = User::new("bridge-missing");
    let mut first = user.client_on("bridge-none", r#""bridge":true"#, "");
    let mut second = user.client_on("bridge-none", r#""bridge":true"#, "");
    assert_ne!(pid(&mut first), pid(&mut second));
    assert!(first.logged("server 's': 'bridge' is not used: tmcp-bridge is not found on PATH"));
    assert_eq!(first.stat("s", "Transport"), "stdio");
    assert!(user.sockets().is_empty());
}

#[test]
fn a_command_that_cannot_run_is_told_as_without_a_bridge() {
    let user = User::new("bridge-wrong");
    let mut driver = user.client("bridge-no-command", r#""bridge":true,"cwd":"/""#);
    let file = driver.home.path(".claude.json");
    let entry = r#"{"mcpServers":{"s":{"command":"no-such-program","bridge":true}}}"#;
    fs::write(&file, entry).expect("it is written");
    driver.client.reload();
    driver.ready();
    let error = driver.error("s", "pid", "{}");
    assert!(error.message().contains("no-such-program"), "{error}");
}

#[test]
fn a_bridge_whose_server_starts_too_slowly_is_left_to_go_on() {
    let user = User::new("bridge-late");
    let mut driver = user.client("bridge-too-late", "");
    let file = driver.home.path(".claude.json");
    let more = r#""bridge":true,"startup_timeout":600,"retry_attempts":0"#;
    let server = entry(&["--start-delay", "4000"], more);
    fs::write(&file, format!(r#"{{"mcpServers":{{"s":{server}}}}}"#)).expect("it is written");
    driver.client.reload();
    driver.ready();
    let error = driver.error("s", "pid", "{}");
    assert!(
        error.message().contains("does not answer") || error.message().contains("start"),
        "{error}"
    );
    // The same bridge is there for the next call, with the process that it had started.
    let before = driver.until("the bridge", |_| user.status());
    // Each call waits for a part of the second that the server needs.
    let own = (0..100).find_map(|_| {
        let id = driver.start("s", "pid", "{}");
        let done = driver.done(id);
        done.outcome.is_ok().then(|| common::text_of(&done))
    });
    let own = own.expect("it is ready at last");
    let after = user.status().expect("it runs");
    assert_eq!((&after, after.1.as_str()), (&before, own.as_str()));
    assert_eq!(after.2, "0");
}

#[test]
fn a_bridge_outlives_a_client_that_goes_before_its_server_has_answered() {
    let user = User::new("bridge-early");
    let client = || {
        let mut driver = user.client("bridge-too-early", "");
        let file = driver.home.path(".claude.json");
        let server = entry(&["--start-delay", "1500"], r#""bridge":true"#);
        fs::write(&file, format!(r#"{{"mcpServers":{{"s":{server}}}}}"#)).expect("it is written");
        driver.client.reload();
        driver.ready();
        driver
    };
    let mut first = client();
    first.start("s", "pid", "{}");
    let before = first.until("the bridge", |_| user.status());
    drop(first);
    assert_eq!(pid(&mut client()).to_string(), before.1);
    assert_eq!(user.status(), Some(before));
}

#[test]
fn a_server_that_starts_slowly_is_waited_for() {
    for era in ["legacy", "modern"] {
        let user = User::new("bridge-slow");
        let mut driver = user.client("bridge-slowly", "");
        let file = driver.home.path(".claude.json");
        let args = ["--start-delay", "1500", "--era", era];
        let server = entry(&args, r#""bridge":true"#);
        fs::write(&file, format!(r#"{{"mcpServers":{{"s":{server}}}}}"#)).expect("it is written");
        driver.client.reload();
        driver.ready();
        pid(&mut driver);
        assert_eq!(driver.stat("s", "Transport"), "socket");
        assert_eq!(driver.number("s", "Errors"), 0, "{era}");
        assert_eq!(driver.count_logged("does not answer yet"), 0);
    }
}
