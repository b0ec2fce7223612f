//! What tmcp costs a C program, beside bare epoll and rmcp: the same bytes, the
//! same server, the same processor, in turns.
//!
//! The clients are programs of their own (`compare/client.c`, `rmcp/`) that measure
//! what a line of their input names. rmcp takes part when `RMCP=1`.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use support::table::{self, thousands};
use support::{Daemon, Home, setting, this_program};

/// Length of a reply of the server with large ones.
const LARGE: usize = 1 << 20;

/// A client in a process of its own.
struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What one measurement came to; times in microseconds.
#[derive(Clone, Copy)]
struct Round {
    p50: f64,
    p99: f64,
    per_second: f64,
}

/// A client of a row: its name in the table, whether it is rmcp's program, and the
/// name of the measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Who(&'static str, bool, &'static str);

const RAW: Who = Who("epoll", false, "raw");
const NESTED: Who = Who("epoll in epoll", false, "nested");
const JSON: Who = Who("tmcp, JSON", false, "json");
const TEXT: Who = Who("tmcp, text", false, "text");
const RMCP: Who = Who("rmcp", true, "text");

/// What is measured together.
struct Row {
    title: &'static str,
    /// The server's name in the configuration.
    route: &'static str,
    depth: usize,
    /// A hundredth of the calls of a round.
    share: usize,
    clients: &'static [Who],
}

const ROWS: [Row; 9] = [
    Row {
        title: "one call, socket",
        route: "uds",
        depth: 1,
        share: 100,
        clients: &[RAW, NESTED, JSON, TEXT, RMCP],
    },
    Row {
        title: "one call, stdio",
        route: "stdio",
        depth: 1,
        share: 100,
        clients: &[RAW, NESTED, JSON, TEXT, RMCP],
    },
    Row {
        title: "8 in flight, socket",
        route: "uds",
        depth: 8,
        share: 100,
        clients: &[RAW, JSON, TEXT, RMCP],
    },
    Row {
        title: "64 in flight, socket",
        route: "uds",
        depth: 64,
        share: 100,
        clients: &[RAW, JSON, TEXT, RMCP],
    },
    Row {
        title: "8 in flight, stdio",
        route: "stdio",
        depth: 8,
        share: 100,
        clients: &[RAW, JSON, TEXT, RMCP],
    },
    Row {
        title: "64 in flight, stdio",
        route: "stdio",
        depth: 64,
        share: 100,
        clients: &[RAW, JSON, TEXT, RMCP],
    },
    Row {
        title: "1 MiB answer, socket",
        route: "large",
        depth: 1,
        share: 1,
        clients: &[RAW, JSON, TEXT, RMCP],
    },
    Row {
        title: "the text of 2 KB alone",
        route: "uds",
        depth: 1,
        share: 5,
        clients: &[Who("tmcp_event_text", false, "alone"), Who("serde_json", true, "alone")],
    },
    Row {
        title: "the first call",
        route: "uds",
        depth: 1,
        share: 1,
        clients: &[
            Who("tmcp, first call", false, "first"),
            Who("tmcp, era configured", false, "first"),
            Who("tmcp, with a new client", false, "new"),
            Who("rmcp, connect and initialize", true, "connect"),
            Who("rmcp, and the first call", true, "first"),
        ],
    },
];

fn main() {
    support::start("compare: a client in C beside bare epoll and rmcp", true);
    let calls = setting("CALLS", 20_000);
    let rounds = setting("ROUNDS", 7);
    let only = std::env::var("ONLY").unwrap_or_default();
    let home = Home::new("compare");
    let (socket, large) = (home.path("echo.sock"), home.path("large.sock"));
    let _daemons = [Daemon::echo(&socket), Daemon::echo_of(&large, LARGE)];
    let program = this_program();
    let config = home.path("servers.json");
    let pool = "\"pool_max_size\":1,\"max_in_flight\":64";
    let legacy = "\"era\":\"legacy\"";
    let entries = format!(
        "{{\"mcpServers\":{{\
         \"uds\":{{\"socket_path\":{socket:?},{pool}}},\
         \"legacy\":{{\"socket_path\":{socket:?},{legacy},{pool}}},\
         \"large\":{{\"socket_path\":{large:?},{legacy},{pool}}},\
         \"stdio\":{{\"command\":{program:?},\"args\":[\"--echo-stdio\"],{legacy},{pool}}}}}}}"
    );
    std::fs::write(&config, entries).expect("a configuration");
    let args = [&socket, &large, &config, &program];
    let start = |path: &Path| Runner::start(path, &args, &home);
    // Another build of the client takes turns with this one, to compare two trees.
    let other = std::env::var_os("OTHER").map(|path| start(Path::new(&path)));
    let mut ours = start(&c_client(&home));
    let mut other = other;
    let mut rmcp = setting("RMCP", 0) > 0;
    let mut theirs = rmcp.then(|| start(&rmcp_client()));
    rmcp &= theirs.is_some();

    println!("{calls} calls, {rounds} rounds; ratios are medians of the rounds' ratios\n");
    table::head(&[
        "what",
        "client",
        "p50 us",
        "p99",
        "calls/s",
        "/ epoll",
        "/ epoll in epoll",
        "/ rmcp",
    ]);
    for row in ROWS.iter().filter(|row| row.title.contains(&only)) {
        let mut clients: Vec<(Who, bool)> = Vec::new();
        for who in row.clients.iter().filter(|who| rmcp || !who.1) {
            clients.push((*who, false));
            if other.is_some() && !who.1 && *who != RAW && *who != NESTED {
                clients.push((*who, true));
            }
        }
        let mut results: Vec<Vec<Round>> = vec![Vec::new(); clients.len()];
        for round in 0..=rounds {
            for ((who, is_other), results) in clients.iter().zip(&mut results) {
                let runner = match (who.1, is_other) {
                    (true, _) => theirs.as_mut(),
                    (_, true) => other.as_mut(),
                    _ => Some(&mut ours),
                };
                let Some(runner) = runner else { continue };
                let route = match who.0 {
                    "tmcp, era configured" => "legacy",
                    _ => row.route,
                };
                let count = (calls * row.share / 100).max(row.depth);
                // The first round warms up.
                let count = if round == 0 { (count / 20).max(row.depth) } else { count };
                let result = runner.measure(who.2, route, row.depth, count);
                if round > 0 {
                    results.push(result);
                }
            }
        }
        let base = |name: &str| {
            let at = clients.iter().position(|(who, _)| who.0 == name);
            at.map(|at| results[at].as_slice())
        };
        let bases = [
            base(RAW.0),
            base(NESTED.0),
            base(RMCP.0).or(base("serde_json")).or(base("rmcp, connect and initialize")),
        ];
        for ((who, is_other), results) in clients.iter().zip(&results) {
            let of = |field: fn(&Round) -> f64| table::median(results.iter().map(field));
            let mut cells = vec![
                row.title.to_owned(),
                format!("{}{}", who.0, if *is_other { " (other)" } else { "" }),
                format!("{:.2}", of(|r| r.p50)),
                format!("{:.1}", of(|r| r.p99)),
                thousands(of(|r| r.per_second)),
            ];
            cells.extend(bases.iter().map(|base| ratio(results, *base, row.depth)));
            table::row(&cells);
        }
    }
    println!();
}

/// The ratio of the medians; of the calls a second where many are in flight.
fn ratio(rounds: &[Round], base: Option<&[Round]>, depth: usize) -> String {
    let Some(base) = base else { return String::new() };
    let ratios = rounds.iter().zip(base).map(|(round, base)| match depth {
        1 => round.p50 / base.p50,
        _ => round.per_second / base.per_second,
    });
    let ratio = table::median(ratios);
    if depth == 1 { format!("{ratio:.2}") } else { format!("{ratio:.2} x calls/s") }
}

impl Runner {
    fn start(program: &Path, args: &[&PathBuf], home: &Home) -> Runner {
        let mut child = Command::new(program)
            .args(args)
            .env("HOME", &home.0)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the client starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        Runner { child, input, output }
    }

    fn measure(&mut self, client: &str, route: &str, depth: usize, calls: usize) -> Round {
        let mut input = self.input.as_ref().expect("open until the end");
        writeln!(input, "{client} {route} {depth} {calls}").expect("the client reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the client answers");
        let numbers: Vec<f64> =
            line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [p50, _, p99, per_second] = numbers[..] else {
            panic!("{client} over {route}: {line:?}");
        };
        Round { p50: p50 / 1000.0, p99: p99 / 1000.0, per_second }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// Builds the archive and the client in C.
fn c_client(home: &Home) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = target(root);
    // A path that is set is a client that was built already.
    if let Some(path) = std::env::var_os("CLIENT") {
        return path.into();
    }
    run(Command::new("make").args(["-s", "-f", "ffi/install.mk", "lib", "CARGO=cargo -q"]));
    let out = home.path("client");
    let native = std::fs::read_to_string(root.join("ffi/native-libs.txt")).expect("a list");
    run(Command::new("cc")
        .args(["-std=gnu99", "-O2", "-Wall", "-Iinclude", "benches/compare/client.c", "-o"])
        .arg(&out)
        .arg(target.join("release/libtmcp_ffi.a"))
        .args(native.split_whitespace()));
    out
}

/// Builds the client that is made of rmcp.
fn rmcp_client() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = target(root).join("rmcp");
    run(Command::new("cargo")
        .args(["build", "-q", "--release", "--manifest-path", "benches/rmcp/Cargo.toml"])
        .arg("--target-dir")
        .arg(&target));
    target.join("release/tmcp-bench-rmcp")
}

fn target(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root.join(target)
}

fn run(command: &mut Command) {
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}
