//! Eras and versions: what is spoken with whom, and what is remembered.

mod common;

use std::time::{Duration, Instant};

use common::{Daemon, Driver, Home, entry, one, socket, write_config};

const MODERN: &str = "2026-07-28";

fn protocol(driver: &mut Driver) -> String {
    assert_eq!(driver.text("s", "echo", r#"{"text":"hello"}"#), "hello");
    driver.stat("s", "Protocol")
}

#[test]
fn every_legacy_version_is_spoken_as_the_server_offers_it() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut driver = one("version", &["--versions", version], "");
        assert_eq!(protocol(&mut driver), version);
    }
}

#[test]
fn a_server_of_both_eras_is_spoken_to_in_the_modern_one() {
    for era in ["modern", "dual", "dual-ts"] {
        let mut driver = one("both-eras", &["--era", era], "");
        assert_eq!(protocol(&mut driver), MODERN, "{era}");
    }
}

#[test]
fn any_error_to_the_probe_means_a_legacy_server() {
    for code in ["error-32601", "error-32602", "error-32600", "error-32000"] {
        let mut driver = one("probe-error", &["--probe", code], "");
        assert_eq!(protocol(&mut driver), "2025-11-25", "{code}");
    }
}

#[test]
fn a_server_that_dies_of_the_probe_is_started_again_without_it() {
    let mut driver = one("probe-exit", &["--probe", "exit"], r#""retry_attempts":0"#);
    assert_eq!(protocol(&mut driver), "2025-11-25");
    assert_eq!(driver.count_logged("spawned server pid"), 2);
    assert_eq!(driver.number("s", "Errors"), 0);

    let home = Home::new("probe-exit-socket");
    let path = home.path("s.sock");
    let daemon = Daemon::start(&path, &["--probe", "exit"]);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, r#""retry_attempts":0"#)));
    assert_eq!(protocol(&mut Driver::at(home)), "2025-11-25");
    drop(daemon);
}

#[test]
fn a_silent_probe_on_a_socket_costs_one_second() {
    let home = Home::new("probe-silent");
    let path = home.path("s.sock");
    let _daemon = Daemon::start(&path, &["--probe", "silent"]);
    write_config(&home, &format!("{{\"s\":{}}}", socket(&path, "")));
    let mut driver = Driver::at(home);
    let start = Instant::now();
    assert_eq!(protocol(&mut driver), "2025-11-25");
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_locked_itself_to_the_modern_era_is_understood_however_late_it_answers() {
    for era in ["dual", "modern"] {
        let home = Home::new("probe-late");
        let path = home.path("s.sock");
        let _daemon = Daemon::start(&path, &["--era", era, "--probe", "late-1500"]);
        write_config(&home, &format!("{{\"s\":{}}}", socket(&path, "")));
        assert_eq!(protocol(&mut Driver::at(home)), MODERN, "{era}");
    }
}

#[test]
fn a_server_that_answers_the_probe_in_its_own_time_is_modern() {
    let mut driver = one("probe-slow", &["--era", "modern", "--probe", "late-1500"], "");
    assert_eq!(protocol(&mut driver), MODERN);
}

#[test]
fn a_version_that_nobody_knows_is_taken_for_the_nearest_or_named() {
    let mut driver = one("odd-version", &["--refuse-version"], "");
    assert_eq!(protocol(&mut driver), "2024-11-05");
    assert!(driver.logged("s answered initialize with protocolVersion \""));

    let args = ["--era", "modern", "--refuse-version"];
    let mut driver = one("refused", &args, r#""retry_attempts":0"#);
    let error = driver.error("s", "echo", r#"{"text":"x"}"#);
    assert!(error.message().contains("protocol version"), "{error}");
    assert!(error.message().starts_with("server 's': "), "{error}");
}

#[test]
fn the_verdict_is_remembered_by_the_next_client() {
    let home = Home::new("verdict");
    let state = home.path(".local/state/tmcp/eras.json");
    write_config(&home, &format!("{{\"s\":{}}}", entry(&["--probe", "exit"], "")));
    let mut first = Driver::at(Home(home.0.clone()));
    assert_eq!(protocol(&mut first), "2025-11-25");
    assert!(std::fs::read_to_string(&state).unwrap().contains("legacy"));
    // Its home is the test's, which has to stay.
    std::mem::forget(std::mem::replace(&mut first.home, Home::new("verdict-none")));
    drop(first);
    let mut second = Driver::at(home);
    assert_eq!(protocol(&mut second), "2025-11-25");
    assert_eq!(second.count_logged("spawned server pid"), 1, "it was not probed again");
}

#[test]
fn a_wrong_verdict_is_corrected() {
    let home = Home::new("wrong-verdict");
    let state = home.path(".local/state/tmcp/eras.json");
    let args = ["--era", "modern"];
    write_config(&home, &format!("{{\"s\":{}}}", entry(&args, "")));
    let mut first = Driver::at(Home(home.0.clone()));
    assert_eq!(protocol(&mut first), MODERN);
    std::mem::forget(std::mem::replace(&mut first.home, Home::new("wrong-verdict-none")));
    drop(first);
    let text = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, text.replace("modern", "legacy")).unwrap();
    let mut second = Driver::at(home);
    assert_eq!(protocol(&mut second), MODERN);
    assert!(std::fs::read_to_string(&state).unwrap().contains("modern"));
}

#[test]
fn a_pinned_era_is_not_asked_for() {
    let mut legacy = one("pinned-legacy", &["--probe", "exit"], r#""era":"legacy""#);
    assert_eq!(protocol(&mut legacy), "2025-11-25");
    assert_eq!(legacy.count_logged("spawned server pid"), 1);

    let args = ["--era", "modern", "--probe", "exit"];
    let mut modern = one("pinned-modern", &args, r#""tmux":{"era":"modern"}"#);
    assert_eq!(protocol(&mut modern), MODERN);
    assert_eq!(modern.count_logged("spawned server pid"), 1);
}

#[test]
fn a_broken_or_unwritable_state_file_is_nobody_s_problem() {
    let home = Home::new("state-broken");
    let state = home.path(".local/state/tmcp");
    std::fs::create_dir_all(state.join("eras.json")).unwrap();
    write_config(&home, &format!("{{\"s\":{}}}", entry(&[], "")));
    let mut driver = Driver::at(home);
    assert_eq!(protocol(&mut driver), "2025-11-25");
    assert!(driver.logged("what was learnt could not be kept"));
}
