//! What the benchmarks share: an echo server that costs next to nothing, a host
//! that drives the client as an event loop does, one processor for both, and
//! tables.
//!
//! The server is this program again, started with an argument, so that a bench
//! needs nothing built beside it.

#![allow(dead_code, clippy::print_stdout)] // Each bench uses its part.

pub mod echo;
pub mod host;
pub mod long;
pub mod raw;
pub mod sys;
pub mod table;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time a bench waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Becomes the echo server when the arguments say so, else prepares the process.
///
/// Children inherit the processor and the priority: client and server share
/// both. On two processors every wake-up crosses cores, which costs several
/// times what is to be measured and varies tenfold between rounds.
pub fn start(name: &str, one_processor: bool) {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("--echo-socket") => {
            let length = args.get(3).and_then(|length| length.parse().ok());
            echo::serve_socket(Path::new(&args[2]), length.unwrap_or(echo::REPLY))
        }
        Some("--echo-stdio") => echo::serve_stdio(),
        Some("--long-stdio") => {
            long::serve(false, args.get(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(0))
        }
        Some("--long-dies") => long::serve(true, 0),
        _ => {}
    }
    let machine = machine();
    let nice = if sys::raise_priority(-15) { "nice -15" } else { "no priority" };
    let pinned = match sys::last_processor().filter(|_| one_processor) {
        Some(cpu) if sys::pin(cpu) => format!("client and server on processor {cpu}"),
        _ => "all processors".to_owned(),
    };
    println!("## {name}\n\n{machine}, {pinned}, {nice}\n");
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(':').nth(1))
        .unwrap_or("unknown processor");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} x{count}, Linux {}", model.trim(), kernel.trim())
}

/// The rounds or calls to make: `$name` if it is set, for quick looks.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// A directory of this bench alone, removed at the end.
pub struct Home(pub PathBuf);

impl Home {
    pub fn new(name: &str) -> Home {
        let path = std::env::temp_dir().join(format!("tmcp-bench-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory for the bench");
        Home(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// This program, to be started again as a server.
pub fn this_program() -> PathBuf {
    std::env::current_exe().expect("a bench has a path")
}

/// The scripted server, built beside the benches in the same profile.
pub fn scripted_server() -> Option<PathBuf> {
    let mut path = this_program();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let path = path.join("tmcp-test-server");
    if !path.exists() {
        println!("{} is missing: cargo build --release --workspace\n", path.display());
        return None;
    }
    Some(path)
}

/// A server on a socket, stopped at the end.
pub struct Daemon(Child);

impl Daemon {
    /// The echo server.
    pub fn echo(socket: &Path) -> Daemon {
        Daemon::echo_of(socket, echo::REPLY)
    }

    /// The echo server with replies of `length` bytes.
    pub fn echo_of(socket: &Path, length: usize) -> Daemon {
        let mut command = Command::new(this_program());
        command.arg("--echo-socket").arg(socket).arg(length.to_string());
        Daemon::start(command, socket)
    }

    /// Starts `command` and waits until `socket` is listened on.
    pub fn start(mut command: Command, socket: &Path) -> Daemon {
        let child = command.stdin(Stdio::null()).spawn().expect("the server starts");
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(socket).is_err() {
            assert!(start.elapsed() < PATIENCE, "nobody listens on {}", socket.display());
            std::thread::sleep(Duration::from_millis(2));
        }
        Daemon(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
