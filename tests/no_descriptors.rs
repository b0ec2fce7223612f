//! A host without a descriptor to spare. Alone in its binary: the limit is the
//! whole process's.

mod common;

use common::{Daemon, Driver, Home, Journal, entry, held, one, socket, write_config};
use tmcp::error::Kind;

#[allow(unsafe_code)]
fn set_limit(soft: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the limit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    let old = limit.rlim_cur;
    limit.rlim_cur = soft.min(limit.rlim_max);
    // SAFETY: `limit` is a valid limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    old
}

fn used() -> u64 {
    std::fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

/// Whether an error says that descriptors are missing: the system has none, or the
/// last ones are kept for the host.
fn names_the_cause(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("too many open files") || message.contains("too few descriptors are left")
}

/// Of what may be open, a fifth is for connections that nobody uses, and no more.
fn idle_connections_take_a_fifth_of_what_may_be_open() {
    const CALLS: u64 = 50;
    let home = Home::new("brake");
    let (path, file) = (home.path("s.sock"), home.path("over"));
    let journal = Journal(home.path("journal"));
    let _daemon = Daemon::start(&path, &["--journal", journal.0.to_str().unwrap()]);
    let more = format!("\"pool_max_size\":{CALLS}");
    let servers = format!(
        "{{\"s\":{},\"other\":{},\"process\":{}}}",
        socket(&path, &more),
        socket(&path, ""),
        entry(&[], "")
    );
    write_config(&home, &servers);
    let mut driver = Driver::at(home);
    driver.ready();
    assert_eq!(driver.text("process", "echo", r#"{"text":"x"}"#), "x");
    let limit = used() + 120;
    let old = set_limit(limit);
    let ids: Vec<_> = (0..CALLS).map(|_| driver.start("s", "sleep", &held(&file))).collect();
    driver.until("all at work", |_| (journal.count("sleep") as u64 == CALLS).then_some(()));
    assert_eq!(driver.number("s", "Total Connections"), CALLS, "what works is left alone");
    std::fs::write(&file, "").unwrap();
    for id in ids {
        assert!(driver.done(id).outcome.is_ok());
    }
    // The process has four descriptors.
    driver.until("the others are closed", |driver| {
        (driver.number("s", "Total Connections") + 4 <= limit / 5).then_some(())
    });
    let kept = driver.number("s", "Total Connections");
    assert!(kept + 8 >= limit / 5, "{kept} of {limit}: those within the fifth are kept");
    assert_eq!(driver.number("process", "Total Connections"), 1, "a process is kept");
    // Below the fifth they are kept again.
    set_limit(old);
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    assert_eq!(driver.number("s", "Total Connections"), kept);
    // Above a quarter, the next connection closes those that were idle already.
    set_limit((kept + 4) * 4 - 8);
    assert_eq!(driver.text("other", "echo", r#"{"text":"x"}"#), "x");
    driver.until("there is room", |driver| {
        (driver.number("s", "Total Connections") < kept - 1).then_some(())
    });
    set_limit(old);
}

#[test]
fn a_host_without_descriptors_gets_clear_errors_and_recovers() {
    let home = Home::new("no-descriptors");
    let path = home.path("s.sock");
    let _daemon = Daemon::start(&path, &[]);
    let few = r#""retry_attempts":1,"retry_backoff":1"#;
    let servers = format!("{{\"process\":{},\"socket\":{}}}", entry(&[], few), socket(&path, few));
    write_config(&home, &servers);
    let mut driver = Driver::at(home);
    driver.ready();
    let before = used();
    let old = set_limit(3);
    let errors: Vec<_> = ["process", "socket"]
        .iter()
        .map(|server| driver.error(server, "echo", r#"{"text":"x"}"#))
        .collect();
    set_limit(old);
    for error in errors {
        assert_eq!(error.kind(), Kind::Io, "{error}");
        assert!(names_the_cause(error.message()), "{error}");
        assert!(error.message().ends_with("(tried 2 times)"), "{error}");
    }
    assert_eq!(used(), before, "something was opened by halves and left");
    // Every number of descriptors in between fails cleanly or works.
    for spare in 1..12 {
        let old = set_limit(before + spare);
        let ids: Vec<_> = ["process", "socket"]
            .iter()
            .map(|server| driver.start(server, "echo", r#"{"text":"x"}"#))
            .collect();
        for id in ids {
            if let Err(error) = driver.done(id).outcome {
                assert!(names_the_cause(error.message()), "{spare}: {error}");
            }
        }
        set_limit(old);
    }
    for server in ["process", "socket"] {
        assert_eq!(driver.text(server, "echo", r#"{"text":"x"}"#), "x");
    }
    // What is idle is given up when the host has used up what is left.
    let mut driver = one("few-descriptors", &[], "");
    let old = set_limit(used() + 60);
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    set_limit(used() + 2);
    driver.until("it is given up", |driver| {
        (driver.number("s", "Total Connections") == 0).then_some(())
    });
    set_limit(old);
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    // The limit is that of the process, so one follows the other.
    idle_connections_take_a_fifth_of_what_may_be_open();
}
