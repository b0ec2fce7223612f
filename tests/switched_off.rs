//! Servers that the program switches off and on, and connects anew.

mod common;

use common::{Driver, entry, text_of};
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"x"}"#;

/// Turns until no process of the server runs.
fn until_gone(driver: &mut Driver, pid: &str) {
    let path = format!("/proc/{pid}");
    driver.until("the process ends", |_| (!std::path::Path::new(&path).exists()).then_some(()));
}

#[test]
fn what_is_in_flight_ends_and_then_the_server_goes() {
    let mut driver = Driver::new("off", &format!("{{\"s\":{}}}", entry(&[], "")));
    let pid = driver.text("s", "pid", "{}");
    let call = driver.start("s", "sleep", r#"{"ms":200}"#);
    assert!(driver.client.set_enabled("s", false).unwrap());
    assert!(!driver.client.set_enabled("s", false).unwrap());
    let message = driver.start_error("s", "echo", ECHO);
    assert_eq!(message, "server 's' is switched off");
    assert!(driver.client.find("s").unwrap_err().message().contains("switched off"));
    assert!(driver.done(call).outcome.is_ok());
    until_gone(&mut driver, &pid);
    assert_eq!(driver.client.format("mcp_state_s").as_deref(), Some("disabled"));
    assert_eq!(driver.client.format("mcp_p95_s"), None);
    let report = driver.client.stats(None, tmcp::metrics::Detail::Full).unwrap();
    assert!(report.contains("Not used: server 's' is switched off"), "{report}");
    assert!(driver.client.set_enabled("s", true).unwrap());
    assert_ne!(driver.text("s", "pid", "{}"), pid);
}

#[test]
fn calls_that_wait_are_told_and_a_cancelled_one_frees_the_server() {
    let servers = format!("{{\"s\":{}}}", entry(&[], "\"max_in_flight\":1"));
    let mut driver = Driver::new("off-waiting", &servers);
    let pid = driver.text("s", "pid", "{}");
    let running = driver.start("s", "sleep", r#"{"ms":60000}"#);
    let waiting = driver.start("s", "echo", ECHO);
    assert!(driver.client.set_enabled("s", false).unwrap());
    let error = driver.done(waiting).outcome.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Invalid, "server 's' is switched off"));
    assert!(driver.client.cancel(running));
    until_gone(&mut driver, &pid);
}

#[test]
fn a_reload_and_a_changed_file_keep_a_server_off() {
    let mut driver = Driver::new("off-reload", &format!("{{\"s\":{}}}", entry(&[], "")));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert!(driver.client.set_enabled("s", false).unwrap());
    let other = format!("{{\"s\":{0},\"t\":{0}}}", entry(&[], "\"timeout\":9000"));
    common::write_config(&driver.home, &other);
    driver.client.reload();
    driver.until("the configuration", |driver| driver.client.is_ready().then_some(()));
    assert_eq!(driver.start_error("s", "echo", ECHO), "server 's' is switched off");
    assert_eq!(driver.text("t", "echo", ECHO), "x");
    assert!(driver.client.set_enabled("s", true).unwrap());
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn only_what_the_program_switched_off_is_switched_on() {
    let servers = format!("{{\"s\":{}}}", entry(&[], "\"disabled\":true"));
    let mut driver = Driver::new("off-file", &servers);
    assert_eq!(driver.client.set_enabled("s", true).unwrap_err().kind(), Kind::Busy);
    driver.until("ready", |driver| driver.client.is_ready().then_some(()));
    let error = driver.client.set_enabled("s", true).unwrap_err();
    assert!(error.message().contains("server 's' is disabled"), "{error}");
    let error = driver.client.set_enabled("none", false).unwrap_err();
    assert!(error.message().contains("unknown server 'none'"), "{error}");
}

#[test]
fn a_healthy_server_is_connected_anew_and_its_calls_end() {
    let mut driver = Driver::new("reconnect", &format!("{{\"s\":{}}}", entry(&[], "")));
    let pid = driver.text("s", "pid", "{}");
    let call = driver.start("s", "sleep", r#"{"ms":300}"#);
    driver.client.reconnect("s").unwrap();
    // The new connection serves while the old one still has its call.
    let other = driver.text("s", "pid", "{}");
    assert_ne!(other, pid);
    assert!(!text_of(&driver.done(call)).is_empty());
    until_gone(&mut driver, &pid);
    assert_eq!(driver.text("s", "pid", "{}"), other);
    assert!(driver.client.reconnect("none").is_err());
}
