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
fn an_answer_beyond_the_limit_fails_alone_and_is_never_held() {
    const LIMIT: usize = 16 << 20;
    let only = ["--only", "tools/call", "--huge-line"];
    let before = peak();
    for bytes in [LIMIT + 1, 100_000_000] {
        let bytes = bytes.to_string();
        let mut driver = one("huge", &[&only[..], &[&*bytes]].concat(), "");
        let error = driver.error("s", "echo", r#"{"text":"x"}"#);
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
        let wanted = format!("the answer has {bytes} bytes, more than the 16 MiB of max_answer");
        assert!(error.message().contains(&wanted), "{error}");
        assert_eq!(driver.tools("s").len(), 28);
        assert_eq!(driver.count_logged("spawned server pid"), 1);
    }
    let grown = peak().saturating_sub(before);
    assert!(grown < 2 * LIMIT + (4 << 20), "{grown} bytes were held for lines of at most {LIMIT}");

    let bytes = LIMIT.to_string();
    let mut driver = one("huge", &[&only[..], &[&*bytes]].concat(), "");
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");

    let bytes = (LIMIT + 1).to_string();
    let mut driver = one("huge", &[&only[..], &[&*bytes]].concat(), r#""max_answer":17"#);
    assert_eq!(driver.text("s", "echo", r#"{"text":"x"}"#), "x");
    let mut driver = one("huge", &[&only[..], &["1048577"]].concat(), r#""max_answer":1"#);
    let error = driver.error("s", "echo", r#"{"text":"x"}"#);
    assert!(error.message().contains("more than the 1 MiB of max_answer"), "{error}");
}
