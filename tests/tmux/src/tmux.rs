//! A tmux server of a test's own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::process::Process;
use crate::run::{Output, Running};
use crate::wait::{until, until_some};
use crate::{Control, Terminal, Viewer};

/// What a server will find when it starts: directories, configuration, environment.
#[derive(Debug)]
pub struct Setup {
    dir: PathBuf,
    servers: serde_json::Map<String, Value>,
    conf: String,
    env: Vec<(OsString, OsString)>,
}

/// The tmux under test.
///
/// # Panics
/// When `TMCP_TMUX` does not name one.
#[must_use]
pub fn binary() -> PathBuf {
    let path = std::env::var_os("TMCP_TMUX").map(PathBuf::from).unwrap_or_default();
    assert!(
        path.is_absolute() && path.is_file(),
        "these tests drive a patched tmux: run \
         `TMCP_TMUX=$(tmux-patches/build) cargo test -p tmcp-tmux-tests`"
    );
    path
}

/// Directories are numbered, so that tests of one process never share one.
static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Setup {
    /// Private directories, no servers, an empty `tmux.conf`.
    ///
    /// # Panics
    /// When the directories cannot be made.
    #[must_use]
    pub fn new() -> Setup {
        let _ = binary();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Short: socket paths are.
        let dir = std::env::temp_dir().join(format!("tmcp-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        for part in ["home", "run", "state", "config", "cache"] {
            fs::create_dir_all(dir.join(part)).expect("a directory for the test");
        }
        Setup { dir, servers: serde_json::Map::new(), conf: String::new(), env: Vec::new() }
    }

    /// A path in the test's own directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Adds an MCP server.
    #[must_use]
    pub fn server(mut self, name: &str, entry: Value) -> Setup {
        self.servers.insert(name.to_string(), entry);
        self
    }

    /// Adds a line to `tmux.conf`.
    #[must_use]
    pub fn conf(mut self, line: &str) -> Setup {
        self.conf.push_str(line);
        self.conf.push('\n');
        self
    }

    /// Sets a variable for everything that is started.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Setup {
        self.env.push((name.into(), value.as_ref().into()));
        self
    }

    /// Writes the configuration and starts tmux, one session with `cat` in it.
    #[must_use]
    pub fn start(self) -> Tmux {
        let config = json!({"mcpServers": self.servers}).to_string();
        self.start_with(Some(&config))
    }

    /// The same, with this `~/.claude.json`, or none.
    ///
    /// # Panics
    /// When tmux does not start.
    #[must_use]
    pub fn start_with(self, config: Option<&str>) -> Tmux {
        let mut tmux = Tmux { dir: self.dir, env: self.env, server: None };
        if let Some(config) = config {
            tmux.write_config(config);
        }
        // Keys of a test come faster than a person's. They are no paste, in which
        // tmux would look for no binding.
        let conf = format!("set -g assume-paste-time 0\nset -g mcp-key-delay 0\n{}", self.conf);
        fs::write(tmux.path("tmux.conf"), conf).expect("tmux.conf is written");
        let _ = tmux.run(["new-session", "-d", "-x100", "-y30", "-sone", "cat"]).ok();
        let pid = tmux.run(["display-message", "-p", "#{pid}"]).ok();
        let pid = pid.trim().parse().expect("a pid is a number");
        tmux.server = Some(Process::of(pid).expect("the server runs"));
        tmux
    }
}

impl Default for Setup {
    fn default() -> Setup {
        Setup::new()
    }
}

/// A running tmux server. Dropped, it is ended, and its end is checked.
#[derive(Debug)]
pub struct Tmux {
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    server: Option<Process>,
}

impl Tmux {
    /// A server with one MCP server `demo` on stdio, which keeps a journal.
    #[must_use]
    pub fn demo() -> Tmux {
        let setup = Setup::new();
        let journal = setup.path("journal");
        let entry = crate::stdio(&["--journal", &journal.to_string_lossy()]);
        setup.server("demo", entry).start()
    }

    /// The version of the tmux under test.
    ///
    /// # Panics
    /// When it does not say.
    #[must_use]
    pub fn version() -> String {
        let output = Command::new(binary()).arg("-V").output().expect("tmux -V runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().trim_start_matches("tmux ").to_string()
    }

    /// The release of the tmux under test: 3.3a is (3, 3), and so is next-3.3.
    ///
    /// # Panics
    /// When its version has no two numbers in it.
    #[must_use]
    pub fn release() -> (u32, u32) {
        let version = Tmux::version();
        let mut numbers =
            version.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
        let mut number = || numbers.next().expect("a version with two numbers");
        (number(), number())
    }

    /// A path in the test's own directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Replaces `~/.claude.json`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_config(&self, config: &str) {
        let file = self.path("home/.claude.json");
        fs::write(file, config).expect("the configuration is written");
    }

    /// Replaces the servers in `~/.claude.json`.
    pub fn write_servers(&self, servers: &Value) {
        self.write_config(&json!({"mcpServers": servers}).to_string());
    }

    /// The calls that `demo` ran, by the names of their tools.
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("journal")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|entry| Some(entry["tool"].as_str()?.to_string()))
            .collect()
    }

    /// The arguments of the last call that `demo` ran.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn last_arguments(&self) -> Value {
        let text = fs::read_to_string(self.path("journal")).expect("the journal is there");
        let line = text.lines().last().expect("a call is in the journal");
        let mut entry: Value = serde_json::from_str(line).expect("a journal has whole lines");
        entry["arguments"].take()
    }

    /// A command in the test's environment.
    #[must_use]
    pub fn environment(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home"));
        command.env("TMUX_TMPDIR", self.path("run"));
        command.env("XDG_STATE_HOME", self.path("state"));
        command.env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_CACHE_HOME", self.path("cache"));
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "screen-256color");
        command.env("SHELL", "/bin/sh");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.path("home"));
        command
    }

    /// A tmux command that has not been started.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.environment(&binary());
        command.args(["-L", "test", "-f"]).arg(self.path("tmux.conf")).args(args);
        command
    }

    /// Runs a tmux command in a shell client.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.start(args).wait()
    }

    /// Runs one with this standard input.
    #[track_caller]
    pub fn run_with<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        stdin: &[u8],
    ) -> Output {
        Running::start(&mut self.command(args), stdin).wait()
    }

    /// Starts a tmux command in a shell client.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        Running::start(&mut self.command(args), b"")
    }

    /// Runs a line of shell in which `tmux` is this one.
    #[track_caller]
    pub fn shell(&self, script: &str) -> Output {
        let mut command = self.environment(Path::new("/bin/sh"));
        let tmux = format!(
            "tmux() {{ '{}' -L test -f '{}' \"$@\"; }}\n{script}",
            binary().display(),
            self.path("tmux.conf").display()
        );
        Running::start(command.arg("-c").arg(tmux), b"").wait()
    }

    /// `mcp-call` with these arguments.
    #[track_caller]
    pub fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.start_call(args).wait()
    }

    /// `mcp-call`, started.
    pub fn start_call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        let mut command = self.command(["mcp-call"]);
        Running::start(command.args(args), b"")
    }

    /// The value of a format.
    #[track_caller]
    #[must_use]
    pub fn format(&self, format: &str) -> String {
        let text = self.run(["display-message", "-p", "-t", "one:", format]).ok();
        text.strip_suffix('\n').unwrap_or(&text).to_string()
    }

    /// Waits until a format has a value.
    #[track_caller]
    pub fn until_format(&self, format: &str, value: &str) {
        until(&format!("{format} is {value}"), || self.format(format) == value);
    }

    /// The message log, oldest first. There must be an attached client.
    #[track_caller]
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let text = self.run(["show-messages"]).ok();
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        lines.reverse();
        lines
    }

    /// What a paste buffer holds, if there is one of that name.
    #[track_caller]
    #[must_use]
    pub fn buffer(&self, name: &str) -> Option<String> {
        let output = self.run(["show-buffer", "-b", name]);
        (output.code == 0).then_some(output.stdout)
    }

    /// What the first pane shows, modes aside.
    #[track_caller]
    #[must_use]
    pub fn pane(&self) -> String {
        self.run(["capture-pane", "-p", "-t", "one:"]).ok()
    }

    /// The server.
    ///
    /// # Panics
    /// When it was never started.
    #[must_use]
    pub fn server(&self) -> Process {
        self.server.expect("set when it is started")
    }

    /// The MCP servers that run as children of tmux, panes left out.
    #[must_use]
    pub fn mcp_children(&self) -> Vec<Process> {
        let panes = self.run(["list-panes", "-a", "-F", "#{pane_pid}"]).ok();
        let panes: Vec<i32> = panes.lines().filter_map(|line| line.parse().ok()).collect();
        let mut children = self.server().children();
        children.retain(|child| !panes.contains(&child.pid));
        children
    }

    /// Asserts that the server is the one that was started, and answers.
    #[track_caller]
    pub fn lives(&self) {
        assert!(self.server().runs(), "the tmux server has gone");
        assert_eq!(self.format("#{pid}"), self.server().pid.to_string());
    }

    /// Attaches a client on a terminal.
    #[must_use]
    pub fn attach(&self) -> Terminal {
        Terminal::attach(self, &[])
    }

    /// Attaches a client whose screen can be read.
    #[must_use]
    pub fn view(&self) -> Viewer<'_> {
        Viewer::attach(self)
    }

    /// Attaches a client on a screen of this size.
    #[must_use]
    pub fn view_sized(&self, columns: u16, rows: u16) -> Viewer<'_> {
        Viewer::attach_sized(self, columns, rows)
    }

    /// Attaches a control client.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::attach(self)
    }

    /// Ends the server as a user does and checks that nothing of it is left.
    #[track_caller]
    pub fn finish(mut self) {
        self.end();
    }

    /// Says after a failure what tmux and the files of the test have to say.
    #[expect(clippy::print_stderr, reason = "the test harness shows it with the failure")]
    fn report(&self) {
        eprintln!("the files of this test are in {}", self.dir.display());
        // The messages are for a client in a session.
        let messages = ["-C", "attach", "-t", "one", ";", "show-messages", ";", "detach"];
        for ask in [&messages[..], &["list-clients"], &["mcp-jobs"]] {
            let answer = self.ask_soon(ask).unwrap_or_else(|| "no answer in time".into());
            // A thousand times the same question of a probe tells nothing.
            let answer: Vec<&str> =
                answer.lines().filter(|line| !line.contains("display-message -p")).collect();
            eprintln!("--- {}\n{}", ask.join(" "), tail(&answer.join("\n")));
        }
        let files = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_type().is_ok_and(|kind| kind.is_file())) {
            let bytes = fs::read(file.path()).unwrap_or_default();
            let name = file.file_name().to_string_lossy().into_owned();
            eprintln!("--- {name}\n{}", tail(&String::from_utf8_lossy(&bytes)));
        }
    }

    /// What a command prints, if it does so soon: a tmux that hangs is why we ask.
    fn ask_soon(&self, args: &[&str]) -> Option<String> {
        let mut running = self.start(args);
        let start = std::time::Instant::now();
        while !running.ended() {
            if start.elapsed() > std::time::Duration::from_secs(2) {
                return None;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let output = running.wait();
        Some(output.stdout + &output.stderr)
    }

    #[track_caller]
    fn end(&mut self) {
        let Some(server) = self.server.take() else {
            return;
        };
        let mut left = server.descendants();
        if server.runs() {
            let output = self.run(["kill-server"]);
            if !std::thread::panicking() {
                assert_eq!(output.code, 0, "kill-server fails: {output:?}");
            }
        }
        left.push(server);
        self.gone(&left);
    }

    /// Waits for the end of processes; those that stay are killed and a failure.
    #[track_caller]
    fn gone(&self, processes: &[Process]) {
        if std::thread::panicking() {
            processes.iter().for_each(|process| process.signal(libc::SIGKILL));
            return;
        }
        until_some("everything that tmux started has gone", || {
            (!processes.iter().any(|process| process.runs())).then_some(())
        });
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report();
        }
        self.end();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// The last lines, none of them long.
fn tail(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| line.chars().take(300).collect()).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
