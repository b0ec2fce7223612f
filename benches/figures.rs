//! What one value in a status line costs: of one server, and of fifty together.
//!
//! The servers have had calls of all lengths in each of the last 15 minutes, so
//! that every window is as full as it gets.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use support::host::Host;
use support::{setting, table};
use tmcp::metrics::{Figures, Latency, Outcome, ServerMetrics, ServerReport, Timings};
use tmcp::time::Time;

const SERVERS: usize = 50;

fn main() {
    support::start("figures: one value of a format, 50 servers", true);
    let rounds = setting("ROUNDS", 5);
    let (now, mut latency) = (Time::from_micros(3_600_000_000), Latency::default());
    let metrics: Vec<_> = (0..SERVERS).map(|_| busy(now, &mut latency)).collect();
    let error = Some(("connection lost", now));
    let reports: Vec<_> = metrics
        .iter()
        .map(|metrics| ServerReport { last_error: error, ..ServerReport::new("s", metrics) })
        .collect();
    let all = Figures::of_all(&reports, &latency, now);
    let one = Figures::of(&reports[0], now);
    table::head(&["figure", "of one server, us", "of 50 together, us"]);
    for key in ["calls", "success_rate", "p999", "spark", "rate", "15m_rate", "15m_p99"] {
        table::row(&[key.to_owned(), cost(rounds, &one, key), cost(rounds, &all, key)]);
    }
    let keys: Vec<String> = Figures::keys().collect();
    let every = |figures: &Figures<'_>| {
        let times = (0..rounds).map(|_| {
            let start = Instant::now();
            keys.iter().for_each(|key| drop(black_box(figures.value(key))));
            start.elapsed().as_nanos() as f64 / 1000.0
        });
        format!("{:.1}", table::median(times))
    };
    table::row(&[format!("all {} of them", keys.len()), every(&one), every(&all)]);
    println!();
    table::head(&["key, asked of a client with 50 servers", "us"]);
    let entries: Vec<_> = (0..SERVERS).map(|n| format!("\"s{n}\":{{\"command\":\"x\"}}")).collect();
    let host = Host::new("figures", &format!("{{{}}}", entries.join(",")));
    for key in ["mcp_calls_s49", "mcp_calls", "mcp_glyph", "mcp_progress"] {
        assert!(host.client.format(key).is_some(), "{key}");
        table::row(&[key.to_owned(), time(rounds, || host.client.format(black_box(key)))]);
    }
    println!();
}

fn busy(now: Time, latency: &mut Latency) -> ServerMetrics {
    let mut metrics = ServerMetrics::new();
    for minute in 0..15 {
        for n in 0..200u64 {
            let when = Time::from_micros(now.as_micros() - minute * 60_000_000 - n * 200_000);
            let total = Duration::from_micros(20 << (n % 24));
            latency.record(total);
            metrics.call_finished(when, Outcome::Ok, Timings { total, ..Timings::default() });
        }
    }
    metrics
}

fn cost(rounds: usize, figures: &Figures<'_>, key: &str) -> String {
    time(rounds, || figures.value(black_box(key)))
}

/// What one of many costs, in microseconds.
fn time<T>(rounds: usize, each: impl Fn() -> T) -> String {
    const TIMES: u32 = 200;
    let round = || {
        let start = Instant::now();
        (0..TIMES).for_each(|_| drop(black_box(each())));
        start.elapsed().as_nanos() as f64 / 1000.0 / f64::from(TIMES)
    };
    format!("{:.2}", table::median((0..rounds).map(|_| round())))
}
