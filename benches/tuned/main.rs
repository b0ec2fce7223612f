//! Tuned pools on real runtimes: a server in Python whose tools block its event loop, and
//! one in Node whose tools do not. Bursts of calls of 5 to 40 ms, with the default pool and
//! with `pool_tuning`.

#![allow(clippy::print_stdout, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use support::host::Host;
use support::table::{self, Samples};
use support::{Daemon, Home, setting};
use tmcp::client::Event;
use tmcp::metrics::Percentiles;

fn main() {
    support::start("tuned: bursts of 1 to 8 calls of 5 to 40 ms", false);
    let bursts = setting("BURSTS", 200);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/tuned");
    let home = Home::new("tuned");
    table::head(&["server", "pool", "p50", "p95", "connections opened", "takes requests"]);
    for (name, program, script) in
        [("Python", "python3", "serial.py"), ("Node", "node", "concurrent.mjs")]
    {
        if Command::new(program).arg("--version").output().is_err() {
            println!("there is no {program}");
            continue;
        }
        for (pool, key) in [("default", "false"), ("tuned", "true")] {
            let socket = home.path(&format!("{name}-{pool}"));
            let mut command = Command::new(program);
            command.arg(here.join(script)).arg(&socket);
            let _daemon = Daemon::start(command, &socket);
            let entry = format!(
                "{{\"s\":{{\"socket_path\":{socket:?},\"era\":\"legacy\",\"pool_tuning\":{key}}}}}"
            );
            let mut host = Host::new("tuned-host", &entry);
            let round = calls(&mut host, bursts).round();
            let json = host.client.stats_json(Some("s"), &Percentiles::default()).expect("s");
            let stats: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            let pool_of = &stats["pool"];
            let closed = pool_of["closed"].as_object().expect("causes");
            let gone: u64 = closed.values().filter_map(serde_json::Value::as_u64).sum();
            let seen = &pool_of["concurrency"];
            table::row(&[
                name.to_owned(),
                pool.to_owned(),
                format!("{:.1} ms", round.p50 / 1000.0),
                format!("{:.1} ms", round.p95 / 1000.0),
                (gone + pool_of["total"].as_u64().unwrap_or_default()).to_string(),
                format!(
                    "{} ({})",
                    seen["verdict"].as_str().unwrap_or("-"),
                    seen["evidence"].as_str().unwrap_or("-")
                ),
            ]);
        }
    }
    println!();
}

/// Bursts whose sizes and durations follow from their number alone.
fn calls(host: &mut Host, bursts: usize) -> Samples {
    let mut samples = Samples::start(bursts * 8);
    for burst in 0..bursts {
        let size = 1 + burst * 5 % 8;
        let starts: Vec<Instant> = (0..size)
            .map(|n| {
                let ms = [5, 10, 20, 40][(burst + n * 3) % 4];
                let tool = format!("wait{ms}");
                host.start("s", &tool, &format!("{{\"ms\":{ms}}}"), n as u64);
                Instant::now()
            })
            .collect();
        let mut left = size;
        host.until(|event| {
            if let Event::Done(done) = event {
                assert!(done.outcome.is_ok(), "{done:?}");
                samples.push(starts[done.user_data as usize].elapsed());
                left -= 1;
            }
            left == 0
        });
    }
    samples.stop()
}
