//! The longest dispatch under everything at once: a storm of calls, messages of
//! 15 MiB in every shape, a configuration of 50 MB.
//!
//! Wall time includes what the system gave to others meanwhile; processor time
//! is what the client itself took.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use support::host::{BUDGET, Host};
use support::long::{FATAL, LISTS, SHAPES};
use support::table;
use support::{Daemon, Home, raw, setting, this_program};
use tmcp::client::{Abilities, Answer, Arguments, CallTool, Event, Listing, Reply};

fn main() {
    support::start("dispatch: the longest one, with a budget of 2 ms", false);
    let rounds = setting("ROUNDS", 5);
    table::head(&["load", "longest dispatch, processor ms", "wall ms", "dispatches"]);
    let only = std::env::var("SHAPE").ok();
    if only.is_none() {
        let storm = best(rounds, storm);
        show("storm: 50 servers, 64 calls in flight on each, 64,000 calls", storm);
        let config = best(rounds, configuration);
        show("configuration of 50 MB", config);
    }
    if only.is_none() || only.as_deref() == Some("servers") {
        for count in [100, 1000] {
            let config = best(rounds, || servers(count));
            show(&format!("configuration of {count} servers"), config);
        }
    }
    if only.is_none() || only.as_deref() == Some("ends") {
        for servers in [5, 50] {
            let late = best(rounds, || ends(servers, CALLS, false));
            show(&format!("{} calls time out at once", servers * CALLS), late);
            let lost = best(rounds, || ends(servers, FATAL, true));
            show(&format!("{} calls lose their servers", servers * FATAL), lost);
        }
    }
    for mib in [4, 15] {
        for (shape, words) in SHAPES {
            if only.as_ref().is_some_and(|only| only != shape) {
                continue;
            }
            let line = best(rounds, || long_line(shape, mib << 20));
            show(&format!("{mib} MiB: {words}"), line);
        }
    }
    println!();
}

type Longest = (Duration, Duration, usize);

/// The median round by processor time.
fn best(rounds: usize, mut round: impl FnMut() -> Longest) -> Longest {
    let mut all: Vec<Longest> = (0..rounds).map(|_| round()).collect();
    all.sort();
    all[all.len() / 2]
}

fn show(what: &str, (used, wall, count): Longest) {
    let ms = |time: Duration| format!("{:.2}", time.as_nanos() as f64 / 1e6);
    let over = if used > BUDGET { " (over)" } else { "" };
    table::row(&[what.to_owned(), ms(used) + over, ms(wall), count.to_string()]);
}

fn storm() -> Longest {
    const SERVERS: usize = 50;
    let calls = SERVERS * 1280;
    let home = Home::new("storm");
    let socket = home.path("echo.sock");
    let _daemon = Daemon::echo(&socket);
    let entries: Vec<String> = (0..SERVERS)
        .map(|n| {
            format!(
                "\"s{n}\":{{\"socket_path\":{socket:?},\"era\":\"legacy\",\
                 \"pool_max_size\":1,\"max_in_flight\":64}}"
            )
        })
        .collect();
    let mut host = Host::new("storm-host", &format!("{{{}}}", entries.join(",")));
    host.watch = true;
    let arguments = raw::arguments();
    for server in 0..SERVERS {
        for _ in 0..64 {
            host.start(&format!("s{server}"), "bench", &arguments, server as u64);
        }
    }
    let (mut asked, mut done) = (SERVERS * 64, 0);
    while done < calls {
        host.turn();
        while let Some(event) = host.client.next_event() {
            let Event::Done(completion) = event else { continue };
            assert!(completion.outcome.is_ok(), "{completion:?}");
            done += 1;
            if asked < calls {
                asked += 1;
                host.start(&completion.server, "bench", &arguments, 0);
            }
        }
    }
    (host.longest.1, host.longest.0, host.turns)
}

fn configuration() -> Longest {
    let mut file = String::with_capacity(51 << 20);
    file.push_str("{\"history\":[");
    while file.len() < 50_000_000 {
        file.push_str("{\"display\":\"some \\\"words\\\" of a prompt\",\"n\":[1,2,3],\"x\":null},");
    }
    file.push_str("0],\"mcpServers\":{\"s\":{\"command\":\"true\"}}}");
    let mut host = Host::unread("configuration", &file);
    host.watch = true;
    host.ready();
    assert_eq!(host.client.server_count(), 1);
    (host.longest.1, host.longest.0, host.turns)
}

fn servers(count: usize) -> Longest {
    let entries: Vec<String> = (0..count)
        .map(|n| {
            format!(
                "\"server-{n}\":{{\"command\":\"npx\",\"args\":[\"-y\",\"@some/server-{n}\"],\
                 \"env\":{{\"TOKEN\":\"${{TOKEN:-none}}\"}},\"socket_path\":\"/run/s{n}.sock\"}}"
            )
        })
        .collect();
    let file = format!("{{\"mcpServers\":{{{}}}}}", entries.join(","));
    let mut host = Host::unread("servers", &file);
    host.watch = true;
    host.ready();
    assert_eq!(host.client.server_count(), count);
    (host.longest.1, host.longest.0, host.turns)
}

/// Calls to each server that never answers: as many as are in flight and wait.
const CALLS: usize = 190;

/// Calls that end together, because their time is over or the servers' is.
fn ends(count: usize, calls: usize, dies: bool) -> Longest {
    let program = this_program();
    let silent = if dies { "--long-dies" } else { "--long-stdio" };
    let entries: Vec<String> = (0..count)
        .map(|n| {
            format!(
                "\"s{n}\":{{\"command\":{program:?},\"args\":[{silent:?}],\"era\":\"legacy\",\
                 \"pool_max_size\":1,\"max_in_flight\":{FATAL},\"retry_attempts\":0}}"
            )
        })
        .collect();
    let mut host = Host::new("ends", &format!("{{{}}}", entries.join(",")));
    for server in 0..count {
        host.call(&format!("s{server}"), "text", "{\"bytes\":100}");
    }
    let due = Instant::now() + Duration::from_secs(1);
    for n in 0..count * calls {
        let server = format!("s{}", n % count);
        let arguments = Arguments::Json("{}".into());
        let call = CallTool { server, tool: "silent".into(), arguments, is_unattended: false };
        let left = (!dies).then(|| due.saturating_duration_since(Instant::now()));
        host.client.call(call, left, 0).expect("the call is accepted");
    }
    host.watch = true;
    let mut ended = 0;
    while ended < count * calls {
        host.until(|event| {
            let done = matches!(&event, Event::Done(done) if done.outcome.is_err());
            ended += usize::from(done);
            done
        });
    }
    (host.longest.1, host.longest.0, host.turns)
}

fn long_line(shape: &str, bytes: usize) -> Longest {
    let program = this_program();
    let wordy = if shape == "handshake" { bytes } else { 0 };
    let rest = format!("\"args\":[\"--long-stdio\",\"{wordy}\"],\"era\":\"legacy\"");
    let mut host = Host::new("line", &format!("{{\"s\":{{\"command\":{program:?},{rest}}}}}"));
    let abilities = Abilities { elicitation: true, roots: true, sampling: true };
    host.client.set_abilities(abilities);
    host.client.set_roots((0..100).map(|n| format!("file:///home/somebody/work/{n}")).collect());
    if shape == "handshake" {
        host.watch = true;
    } else {
        host.call("s", "text", "{\"bytes\":100}");
    }
    if LISTS.contains(&shape) {
        host.call("s", shape, &format!("{{\"bytes\":{bytes}}}"));
    }
    host.watch = true;
    let id = match LISTS.contains(&shape) {
        true => host.client.list("s", Listing::Tools, None, 0).expect("the request is accepted"),
        false => host.start("s", shape, &format!("{{\"bytes\":{bytes}}}"), 0),
    };
    let (mut asked, mut ended) = (Vec::new(), None);
    while ended.is_none() {
        host.until(|event| match event {
            Event::Done(done) => {
                assert_eq!(done.id, id);
                ended = Some(done.outcome);
                true
            }
            Event::Question(question) => {
                asked.push(question.id);
                true
            }
            _ => false,
        });
        for question in asked.drain(..) {
            // It may be gone with its call.
            let _ = host.client.answer(question, Answer::Decline);
        }
    }
    let told = match &ended {
        Some(Ok(Reply::Tool { result, .. })) => result.len() > 100,
        Some(Ok(Reply::List { items, .. })) => items.len() > bytes / 10 * 9,
        Some(Err(error)) => match shape {
            "error" => error.code() == Some(-32000),
            "handshake" => error.message().contains("the answer has"),
            _ => shape.starts_with("question") || matches!(shape, "pings" | "roots"),
        },
        _ => false,
    };
    assert!(told, "{shape}: {:?}", ended.map(|outcome| outcome.err()));
    (host.longest.1, host.longest.0, host.turns)
}
