//! Lines beyond the limit. Alone in its binary: it measures the process's memory.

mod common;

use common::one;
use tmcp::error::Kind;

/// The most memory that was ever resident, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn a_line_beyond_the_limit_is_an_error_and_is_never_held() {
    const LIMIT: usize = 16 << 20;
    let only = ["--only", "tools/call", "--huge-line"];
    let before = peak();
    for bytes in [LIMIT + 1, 100_000_000] {
        let bytes = bytes.to_string();
        let mut driver = one("huge", &[&only[..], &[&*bytes]].concat(), "");
        let error = driver.error("s", "echo", r#"{"text":"x"}"#);
        assert_eq!(error.kind(), Kind::OutcomeUnknown, "{error}");
        assert!(error.message().contains("a line longer than 16 MiB"), "{error}");
        assert!(driver.stat("s", "Connections Closed").contains("error 1"));
    }
    let grown = peak().saturating_sub(before);
    assert!(grown < 2 * LIMIT + (4 << 20), "{grown} bytes were held for lines of at most {LIMIT}");

    let bytes = LIMIT.to_string();
    let mut driver = one("huge", &[&only[..], &[&*bytes]].concat(), "");
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
}
