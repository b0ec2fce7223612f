//! The tuning of pools on scripted servers: what it finds out, and what it never exceeds.

mod common;

use common::{Daemon, Driver, Home, journaled, socket, write_config};
use tmcp::client::Event;
use tmcp::engine::tuning::{ConcurrencyRecord, TuningInput};
use tmcp::metrics::Percentiles;

/// A client of a daemon that gets `args`.
fn on_socket(name: &str, args: &[&str], more: &str) -> (Driver, Daemon) {
    let home = Home::new(name);
    let path = home.path("s.sock");
    let daemon = Daemon::start(&path, args);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, more)));
    let mut driver = Driver::at(home);
    driver.ready();
    (driver, daemon)
}

/// Calls of these milliseconds at once; waits for all and returns the most connections.
fn burst(driver: &mut Driver, times: &[u32]) -> u64 {
    let ids: Vec<_> =
        times.iter().map(|ms| driver.start("s", "sleep", &format!("{{\"ms\":{ms}}}"))).collect();
    let mut most = 0;
    for id in ids {
        driver.until("a completion", |d| {
            most = most.max(d.number("s", "Total Connections"));
            let ended = |e: &_| matches!(e, Event::Done(done) if done.id == id);
            d.events.iter().any(ended).then_some(())
        });
        driver.done(id).outcome.expect("it is served");
    }
    most
}

/// Bursts until the report says this of the server.
fn bursts_until(driver: &mut Driver, times: &[u32], verdict: &str) {
    for _ in 0..60 {
        burst(driver, times);
        let takes = driver.stat("s", "Takes Requests");
        if takes.starts_with(&format!("{verdict} (")) {
            let said = format!("s takes requests: {verdict} (");
            assert!(driver.logged(&said), "{said}");
            return;
        }
    }
    panic!("{}", driver.stat("s", "Takes Requests"));
}

const ON: &str = r#""pool_tuning":true"#;

#[test]
fn a_concurrent_server_gets_one_connection() {
    let (mut driver, _daemon) = on_socket("tuning-concurrent", &[], ON);
    bursts_until(&mut driver, &[40, 30, 20, 10], "concurrent");
    burst(&mut driver, &[30, 20]);
    assert_eq!(driver.number("s", "Total Connections"), 1);
    assert_eq!(burst(&mut driver, &[30; 20]), 1, "twenty calls share it");
    assert_eq!(driver.stat("s", "Pool Tuning"), "on, for concurrent");
    let json = driver.client.stats_json(Some("s"), &Percentiles::default()).unwrap();
    assert!(json.contains("\"verdict\":\"concurrent\""), "{json}");
}

#[test]
fn a_server_that_takes_one_call_a_connection_gets_a_pool() {
    let args = ["--serial"];
    let (mut driver, _daemon) = on_socket("tuning-serial", &args, ON);
    bursts_until(&mut driver, &[20, 20, 20], "serial per connection");
    assert_eq!(driver.stat("s", "Pool Tuning"), "on, for serial per connection");
    let before = driver.number("s", "Shared Hits");
    assert!(burst(&mut driver, &[40; 8]) >= 5, "the calls run side by side");
    assert!(driver.number("s", "Shared Hits") <= before + 1, "none is put behind another");
}

#[test]
fn the_maximum_of_the_entry_is_never_exceeded() {
    let more = r#""pool_tuning":true,"pool_max_size":2"#;
    let (mut driver, _daemon) = on_socket("tuning-most", &["--serial"], more);
    for _ in 0..4 {
        assert!(burst(&mut driver, &[10; 12]) <= 2);
    }
    assert_eq!(driver.number("s", "Overflow"), 0);
}

#[test]
fn a_process_stays_alone_and_a_serial_one_is_waited_for_here() {
    let (mut driver, journal) = journaled("tuning-stdio", &["--serial"], ON);
    driver.ready();
    burst(&mut driver, &[50]);
    for pair in 0.. {
        // The server has begun the first call, and answers it before it reads the second:
        // calls that it reads at once it answers at once, which proves nothing.
        let before = journal.count("sleep");
        let first = driver.start("s", "sleep", r#"{"ms":50}"#);
        driver.until("the first call", |_| (journal.count("sleep") > before).then_some(()));
        let second = driver.start("s", "sleep", r#"{"ms":50}"#);
        for id in [first, second] {
            driver.done(id).outcome.expect("it is served");
        }
        if driver.logged("s takes requests: serial per connection (") {
            break;
        }
        assert!(pair < 60, "{}", driver.stat("s", "Takes Requests"));
    }
    assert_eq!(burst(&mut driver, &[10; 10]), 1);
    assert!(driver.number("s", "Waits") >= 8, "they waited here");
}

#[test]
fn without_the_key_a_server_is_watched_and_nothing_changes() {
    for (more, word) in [("", "off"), (r#""pool_tuning":"frozen""#, "frozen")] {
        let (mut driver, _daemon) = on_socket("tuning-off", &[], more);
        for _ in 0..5 {
            assert_eq!(burst(&mut driver, &[30, 20, 10]), 3, "{word}");
        }
        assert_eq!(driver.number("s", "Shared Hits"), 0);
        assert_eq!(driver.stat("s", "Pool Tuning"), format!("{word}, for unknown"));
    }
}

#[test]
fn a_verdict_is_made_again_from_the_trace_in_the_log() {
    let (mut driver, _daemon) = on_socket("tuning-trace", &["--serial"], ON);
    bursts_until(&mut driver, &[20, 20, 20], "serial per connection");
    let mut record = ConcurrencyRecord::default();
    let mut verdicts = 0;
    for line in driver.log.lock().unwrap().iter() {
        if let Some((_, input)) = line.split_once("s tuning: ") {
            let input: TuningInput = input.parse().expect("a line of the trace");
            verdicts += usize::from(record.apply(input).is_some());
        }
    }
    assert!(verdicts > 0, "the trace has what the verdict was made of");
    let takes = driver.stat("s", "Takes Requests");
    assert_eq!(takes, format!("{} ({})", record.verdict().name(), record.evidence()));
}
