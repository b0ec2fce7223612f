#![allow(clippy::print_stdout, missing_docs)]
//! What one call costs above the bare system calls: the same bytes, the same
//! server, the same processor, in turns.

mod support;

use support::host::Host;
use support::raw::{self, Raw};
use support::table::{self, Round, thousands};
use support::{Daemon, Home, setting, this_program};

fn main() {
    support::start("call: one kept connection, 1 KB out, 2 KB back", true);
    let calls = setting("CALLS", 20_000);
    let rounds = setting("ROUNDS", 7);
    let home = Home::new("call");
    let socket = home.path("echo.sock");
    let _daemon = Daemon::echo(&socket);
    let program = this_program();
    let open = || [Raw::connect(&socket), Raw::spawn(&program, &["--echo-stdio"])];
    let mut raws = open();
    let mut nested = open().map(Raw::inside_a_loop);
    let rest = "\"era\":\"legacy\",\"pool_max_size\":1,\"max_in_flight\":64";
    let mut host = Host::new(
        "call-host",
        &format!(
            "{{\"uds\":{{\"socket_path\":{socket:?},{rest}}},\
              \"stdio\":{{\"command\":{program:?},\"args\":[\"--echo-stdio\"],{rest}}}}}"
        ),
    );
    let arguments = raw::arguments();
    let names = ["uds", "stdio"];
    let only = std::env::var("ONLY").ok();
    for depth in [1, 8, 64] {
        if only.as_ref().is_some_and(|only| *only != depth.to_string()) {
            continue;
        }
        let mut base: [Vec<Round>; 2] = Default::default();
        let mut looped: [Vec<Round>; 2] = Default::default();
        let mut ours: [Vec<Round>; 2] = Default::default();
        let mut texts: [Vec<Round>; 2] = Default::default();
        for (at, name) in names.iter().enumerate() {
            raws[at].run(depth * 50, depth);
            nested[at].run(depth * 50, depth);
            host.run(name, "bench", &arguments, depth * 50, depth, true);
        }
        for _ in 0..rounds {
            for (at, name) in names.iter().enumerate() {
                base[at].push(raws[at].run(calls, depth).round());
                looped[at].push(nested[at].run(calls, depth).round());
                for (is_text, rounds) in [(false, &mut ours), (true, &mut texts)] {
                    let samples = host.run(name, "bench", &arguments, calls, depth, is_text);
                    rounds[at].push(samples.round());
                }
            }
        }
        println!("{depth} in flight, {calls} calls, {rounds} rounds:\n");
        let columns =
            ["client", "p50 us", "p95", "p99", "calls/s", "p50 / raw", "p50 / raw in a loop"];
        table::head(&[&["transport"][..], &columns].concat());
        for (at, name) in names.iter().enumerate() {
            let clients = [
                ("raw, epoll", &base[at]),
                ("raw, in a loop", &looped[at]),
                ("tmcp, answer left as JSON", &ours[at]),
                ("tmcp, text taken", &texts[at]),
            ];
            for (who, rounds) in clients {
                let r = table::medians(rounds);
                table::row(&[
                    (*name).to_owned(),
                    who.to_owned(),
                    format!("{:.1}", r.p50),
                    format!("{:.1}", r.p95),
                    format!("{:.1}", r.p99),
                    thousands(r.per_second),
                    format!("{:.2}", table::ratio(rounds, &base[at])),
                    format!("{:.2}", table::ratio(rounds, &looped[at])),
                ]);
            }
        }
        println!();
    }
}
