//! The two tables that the first design of this project promised: stdio against
//! a socket, and pools of several sizes under callers that call at once.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::host::Host;
use support::raw;
use support::table::{self, Samples};
use support::{Daemon, Home, scripted_server, setting};
use tmcp::client::Event;

fn main() {
    support::start("pooling: a server that works a few ms for each call", false);
    let calls = setting("CALLS", 1000);
    let work = setting("WORK_MS", 3).to_string();
    let callers = setting("CALLERS", 8);
    let Some(server) = scripted_server() else { return };
    let home = Home::new("pooling");
    // Serial in each connection: what many real servers are.
    let socket = home.path("serial.sock");
    let mut command = Command::new(&server);
    command.args(["--serial", "--work-ms", &work, "--socket"]).arg(&socket);
    let _daemon = Daemon::start(command, &socket);
    let arguments = raw::arguments();

    println!("Stdio vs socket: {calls} calls one after the other, {work} ms of work each\n");
    table::head(&["metric", "stdio", "socket"]);
    let stdio = format!(
        "{{\"command\":{server:?},\"args\":[\"--serial\",\"--work-ms\",{work:?}],\
          \"era\":\"legacy\"}}"
    );
    let on_socket = format!("{{\"socket_path\":{socket:?},\"era\":\"legacy\"}}");
    let both = [&stdio, &on_socket].map(|entry| {
        let mut host = Host::new("pooling-host", &format!("{{\"s\":{entry}}}"));
        let start = Instant::now();
        host.start("s", "bench", &arguments, 0);
        host.until(|event| matches!(event, Event::ServerUp { .. }));
        let connect = start.elapsed();
        // Its end must not be taken for that of another call.
        host.until(|event| matches!(event, Event::Done(_)));
        (connect, host.run("s", "bench", &arguments, calls, 1, false).round())
    });
    let ms = |us: f64| format!("{:.2} ms", us / 1000.0);
    let line = |name: &str, value: &dyn Fn(&(Duration, table::Round)) -> String| {
        table::row(&[name.to_owned(), value(&both[0]), value(&both[1])]);
    };
    line("connect time", &|(connect, _)| ms(connect.as_nanos() as f64 / 1000.0));
    line("avg latency", &|(_, r)| ms(r.mean));
    line("p95 latency", &|(_, r)| ms(r.p95));
    line("p99 latency", &|(_, r)| ms(r.p99));
    line("throughput", &|(_, r)| format!("{:.0} msg/s", r.per_second));

    println!("\nConnection pooling: {calls} calls by {callers} callers at once\n");
    table::head(&["configuration", "avg latency", "p95", "p99", "total time"]);
    let show = |name: &str, samples: &Samples| {
        let r = samples.round();
        let total = format!("{:.2} s", r.seconds);
        table::row(&[name.to_owned(), ms(r.mean), ms(r.p95), ms(r.p99), total]);
    };
    show("no pool, process for each call", &unpooled(&stdio, calls / 20, callers));
    show("no pool, connection for each call", &unpooled(&on_socket, calls, callers));
    // One connection that serves one call at a time is a pool of one, by force:
    // a process never overflows.
    let one = "\"pool_max_size\":1,\"max_in_flight\":1";
    let entry = format!("{},{one}}}", stdio.trim_end_matches('}'));
    show("one process, one call at a time", &pooled(&entry, calls, callers));
    for size in [1, 5, 10, 20] {
        let entry = format!("{},\"pool_max_size\":{size}}}", on_socket.trim_end_matches('}'));
        show(&format!("socket, pool size {size}"), &pooled(&entry, calls, callers));
    }
    println!();
}

fn pooled(entry: &str, calls: usize, callers: usize) -> Samples {
    let mut host = Host::new("pooling-host", &format!("{{\"s\":{entry}}}"));
    host.run("s", "bench", &raw::arguments(), calls, callers, false)
}

/// Without a pool: the pool cannot be switched off, so each call has a server
/// entry of its own that no call has used before, all of them the same server.
fn unpooled(entry: &str, calls: usize, callers: usize) -> Samples {
    let entries: Vec<String> = (0..calls).map(|n| format!("\"s{n}\":{entry}")).collect();
    let mut host = Host::new("pooling-host", &format!("{{{}}}", entries.join(",")));
    let arguments = raw::arguments();
    let mut samples = Samples::start(calls);
    let mut starts = vec![Instant::now(); calls];
    let (mut asked, mut done) = (0, 0);
    while done < calls {
        while asked < calls && asked - done < callers {
            starts[asked] = Instant::now();
            host.start(&format!("s{asked}"), "bench", &arguments, asked as u64);
            asked += 1;
        }
        host.turn();
        while let Some(event) = host.client.next_event() {
            let Event::Done(completion) = event else { continue };
            assert!(completion.outcome.is_ok(), "{completion:?}");
            samples.push(starts[completion.user_data as usize].elapsed());
            done += 1;
        }
    }
    samples.stop()
}
