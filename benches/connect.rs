//! Time to a usable connection: reached or started, and through its handshake.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use support::host::Host;
use support::raw::Raw;
use support::table::{self, Round, Samples};
use support::{Daemon, Home, scripted_server, setting, this_program};
use tmcp::client::{Event, Listing};

/// One way to a server.
struct Way {
    name: String,
    /// A connection by hand; `None` where only the client is of interest.
    by_hand: Option<Box<dyn FnMut()>>,
    /// The server's entry in the configuration.
    entry: String,
    /// Tries in a round.
    count: usize,
}

fn main() {
    support::start("connect: until a connection is usable", true);
    let rounds = setting("ROUNDS", 5);
    let calls = setting("CALLS", 50);
    let home = Home::new("connect");
    let program = this_program();
    let legacy = "\"era\":\"legacy\"";
    let socket = home.path("echo.sock");
    let mut daemons = vec![Daemon::echo(&socket)];
    let mut ways = vec![
        Way {
            name: "socket, echo server".into(),
            by_hand: Some(Box::new({
                let socket = socket.clone();
                move || Raw::connect(&socket).handshake()
            })),
            entry: format!("{{\"socket_path\":{socket:?},{legacy}}}"),
            count: calls,
        },
        Way {
            name: "stdio, echo server".into(),
            by_hand: Some(Box::new({
                let program = program.clone();
                move || Raw::spawn(&program, &["--echo-stdio"]).handshake()
            })),
            entry: format!("{{\"command\":{program:?},\"args\":[\"--echo-stdio\"],{legacy}}}"),
            count: calls,
        },
    ];
    if let Some(server) = scripted_server() {
        let socket = home.path("scripted.sock");
        let mut command = Command::new(&server);
        command.args(["--era", "dual", "--socket"]).arg(&socket);
        daemons.push(Daemon::start(command, &socket));
        for era in ["legacy", "modern"] {
            ways.push(Way {
                name: format!("socket, scripted server, {era}"),
                by_hand: None,
                entry: format!("{{\"socket_path\":{socket:?},\"era\":\"{era}\"}}"),
                count: calls,
            });
        }
        ways.push(Way {
            name: "stdio, scripted server, legacy".into(),
            by_hand: None,
            entry: format!("{{\"command\":{server:?},{legacy}}}"),
            count: calls,
        });
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/servers");
    for (interpreter, file) in [("python3", "server.py"), ("node", "server.js")] {
        if !Command::new(interpreter).arg("--version").output().is_ok_and(|o| o.status.success()) {
            println!("{interpreter} is not there\n");
            continue;
        }
        let script = examples.join(file);
        let socket = home.path(file);
        let mut command = Command::new(interpreter);
        command.arg(&script).env("MCP_SOCKET_PATH", &socket);
        daemons.push(Daemon::start(command, &socket));
        ways.push(Way {
            name: format!("socket, {interpreter} server"),
            by_hand: None,
            entry: format!("{{\"socket_path\":{socket:?},{legacy}}}"),
            count: calls,
        });
        let own = home.path(&format!("own-{file}"));
        ways.push(Way {
            name: format!("stdio, {interpreter} server"),
            by_hand: None,
            entry: format!(
                "{{\"command\":{interpreter:?},\"args\":[{script:?}],{legacy},\
                  \"env\":{{\"MCP_SOCKET_PATH\":{own:?}}}}}"
            ),
            count: 2,
        });
    }
    let mut ours: Vec<Vec<Round>> = vec![Vec::new(); ways.len()];
    let mut base = ours.clone();
    for _ in 0..rounds {
        for (at, way) in ways.iter_mut().enumerate() {
            ours[at].push(connections(&way.entry, way.count).round());
            if let Some(by_hand) = &mut way.by_hand {
                let mut samples = Samples::start(way.count);
                for _ in 0..way.count {
                    let start = Instant::now();
                    by_hand();
                    samples.push(start.elapsed());
                }
                base[at].push(samples.stop().round());
            }
        }
    }
    table::head(&["way", "by hand, p50 us", "tmcp, p50 us", "p95"]);
    for (at, way) in ways.iter().enumerate() {
        let r = table::medians(&ours[at]);
        let by_hand = match base[at].is_empty() {
            true => String::new(),
            false => format!("{:.0}", table::medians(&base[at]).p50),
        };
        let (p50, p95) = (format!("{:.0}", r.p50), format!("{:.0}", r.p95));
        table::row(&[way.name.clone(), by_hand, p50, p95]);
    }
    println!();
}

/// New clients that have read their configuration, each until its server is up.
fn connections(entry: &str, count: usize) -> Samples {
    let mut samples = Samples::start(count);
    for _ in 0..count {
        let mut host = Host::new("connect-host", &format!("{{\"s\":{entry}}}"));
        let start = Instant::now();
        host.client.list("s", Listing::Tools, None, 0).expect("the request is accepted");
        host.until(|event| matches!(event, Event::ServerUp { .. }));
        samples.push(start.elapsed());
    }
    samples.stop()
}
