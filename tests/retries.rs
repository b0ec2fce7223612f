//! What is tried again and what never is.

mod common;

use common::{Daemon, Driver, Home, Journal, entry, journaled, socket, write_config};
use tmcp::client::Listing;
use tmcp::error::Kind;

const QUICK: &str = r#""retry_backoff":1"#;
const ECHO: &str = r#"{"text":"x"}"#;

#[test]
fn a_call_that_was_sent_is_never_repeated() {
    for switches in [&["--half"][..], &["--garbage"], &["--huge-line", "17000000"]] {
        let args = [switches, &["--only", "tools/call"]].concat();
        let more = format!("{QUICK},\"retry_attempts\":5,\"timeout\":400");
        let (mut driver, journal) = journaled("sent", &args, &more);
        driver.warm("s");
        let error = driver.error("s", "echo", ECHO);
        // A line beyond the limit is an answer that failed, once all of it has come.
        let kinds = [Kind::OutcomeUnknown, Kind::Timeout, Kind::Protocol];
        assert!(kinds.contains(&error.kind()), "{switches:?}: {error}");
        driver.until("the call", |_| (journal.count("echo") > 0).then_some(()));
        assert_eq!(journal.count("echo"), 1, "{switches:?}");
    }
    for tool in ["exit", "crash"] {
        let more = format!("{QUICK},\"retry_attempts\":5");
        let (mut driver, journal) = journaled("sent-crash", &[], &more);
        assert_eq!(driver.error("s", tool, "{}").kind(), Kind::OutcomeUnknown);
        driver.tools("s");
        assert_eq!(journal.count(tool), 1);
    }
}

#[test]
fn a_tool_that_the_user_called_idempotent_is_repeated_as_often_as_allowed() {
    let more = format!("{QUICK},\"retry_attempts\":2,\"idempotent_tools\":[\"crash\"]");
    let (mut driver, journal) = journaled("idempotent", &[], &more);
    let error = driver.error("s", "crash", "{}");
    assert_eq!(error.kind(), Kind::Io);
    assert!(error.message().contains("the server process ended: "), "{error}");
    assert!(error.message().ends_with("(tried 3 times)"), "{error}");
    assert_eq!(journal.count("crash"), 3);
    assert_eq!(driver.error("s", "exit", "{}").kind(), Kind::OutcomeUnknown);
    assert_eq!(journal.count("exit"), 1, "the others are not");
}

#[test]
fn an_idempotent_tool_succeeds_at_the_second_try() {
    let home = Home::new("second-try");
    let path = home.path("s.sock");
    let journal = Journal(home.path("journal"));
    // Each connection of the daemon is the same process: only the first reply is half.
    let script = format!(
        "n=$(cat {0:?}/n 2>/dev/null || echo 0); echo $((n+1)) > {0:?}/n; \
         if [ $n = 0 ]; then exec \"$0\" \"$@\" --half --only tools/call; else exec \"$0\" \"$@\"; fi",
        home.0
    );
    let server = serde_json::json!({"command": "sh", "args": ["-c", script,
        common::server_binary(), "--journal", journal.0], "retry_backoff": 1,
        "idempotent_tools": ["echo"]});
    write_config(&home, &serde_json::json!({"s": server}).to_string());
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(journal.count("echo"), 2);
    assert_eq!(driver.number("s", "Requests Sent"), 1, "one call for its caller");
    assert_eq!(driver.number("s", "Successful Calls"), 1);
    assert!(!path.exists());
}

#[test]
fn reading_requests_are_repeated() {
    let home = Home::new("reading");
    let script = format!(
        "n=$(cat {0:?}/n 2>/dev/null || echo 0); echo $((n+1)) > {0:?}/n; \
         if [ $n -lt 2 ]; then exec \"$0\" --half --only tools/list; else exec \"$0\"; fi",
        home.0
    );
    let server = serde_json::json!({"command": "sh", "args": ["-c", script,
        common::server_binary()], "retry_backoff": 1});
    write_config(&home, &serde_json::json!({"s": server}).to_string());
    let mut driver = Driver::at(home);
    assert_eq!(driver.tools("s").len(), 28);
    assert_eq!(driver.count_logged("spawned server pid"), 3);
}

#[test]
fn the_number_of_tries_is_the_configured_one() {
    for attempts in [0, 1, 4] {
        let home = Home::new("attempts");
        let more = format!("{QUICK},\"retry_attempts\":{attempts}");
        let path = home.path("absent");
        write_config(&home, &format!("{{\"s\":{}}}", socket(&path, &more)));
        let mut driver = Driver::at(home);
        let error = driver.error("s", "echo", ECHO);
        let path = path.display();
        let suffix = match attempts {
            0 => String::new(),
            n => format!(" (tried {} times)", n + 1),
        };
        assert_eq!(
            error.message(),
            format!("server 's': socket {path}: No such file or directory{suffix}")
        );
        assert_eq!(error.kind(), Kind::Io);
    }
}

#[test]
fn a_server_that_starts_to_listen_while_it_is_being_tried_is_reached() {
    let home = Home::new("starts-late");
    let path = home.path("s.sock");
    let more = r#""retry_attempts":100,"retry_backoff":30"#;
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, more)));
    let mut driver = Driver::at(home);
    let id = driver.start("s", "echo", ECHO);
    driver.until("two failures", |d| (d.count_logged("s: socket") >= 2).then_some(()));
    let _daemon = Daemon::start(&path, &[]);
    assert_eq!(common::text_of(&driver.done(id)), "x");
}

#[test]
fn calls_that_wait_for_a_process_that_dies_are_run_by_the_next_one() {
    let home = Home::new("waiting");
    let journal = Journal(home.path("journal"));
    let args = ["--journal", journal.0.to_str().unwrap(), "--exit-after", "1"];
    let more = format!("{QUICK},\"max_in_flight\":1,\"retry_attempts\":0");
    write_config(&home, &format!("{{\"s\":{}}}", entry(&args, &more)));
    let mut driver = Driver::at(home);
    let ids: Vec<_> =
        (0..6).map(|n| driver.start("s", "echo", &format!("{{\"text\":\"{n}\"}}"))).collect();
    let mut lost = 0;
    for (n, id) in ids.into_iter().enumerate() {
        match driver.done(id).outcome {
            Ok(tmcp::client::Reply::Tool { result, .. }) => {
                assert!(String::from_utf8_lossy(&result).contains(&format!("\"{n}\"")));
            }
            Err(error) => {
                // It was sent just when the process went.
                assert!(matches!(error.kind(), Kind::OutcomeUnknown | Kind::Io), "{error}");
                lost += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    let ran = journal.count("echo");
    assert!(ran <= 6 && ran + lost >= 6, "{ran} ran, {lost} were lost");
}

#[test]
fn a_list_whose_second_page_kills_the_server_is_begun_three_times_in_all() {
    let more = format!("{QUICK},\"retry_attempts\":50");
    let args = ["--page", "5", "--half", "--only", "tools/list", "--skip", "1"];
    for words in [false, true] {
        let (mut driver, _journal) = journaled("second-page", &args, &more);
        driver.ready();
        let error = match words {
            true => driver.words("s", "echo", &["text=x"]).outcome.unwrap_err(),
            false => {
                let id = driver.client.list("s", Listing::Tools, None, 0).unwrap();
                driver.done(id).outcome.unwrap_err()
            }
        };
        assert_eq!(error.kind(), Kind::Io, "{error}");
        assert!(error.message().ends_with("(tried 3 times)"), "{error}");
        assert_eq!(driver.count_logged("spawned server pid"), 3);
    }
}
