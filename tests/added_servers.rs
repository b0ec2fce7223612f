//! Servers that the program adds without a file.

mod common;

use common::{Driver, Home, entry};
use tmcp::error::Kind;

const WHO: &str = r#"{"name":"WHO"}"#;

fn who(name: &str) -> String {
    entry(&[], &format!("\"env\":{{\"WHO\":{name:?}}}"))
}

fn ready(driver: &mut Driver) {
    driver.until("the configuration", |driver| driver.client.is_ready().then_some(()));
}

/// A client that reads no file of the user.
fn without_files(name: &str) -> Driver {
    Driver::with(Home::new(name), |options| {
        options.config_path = Some("/dev/null".into());
        options.overlay_path = Some("/dev/null".into());
    })
}

#[test]
fn a_program_needs_no_file() {
    let mut driver = without_files("no-file");
    driver.client.add_server("own", &who("me")).unwrap();
    assert_eq!(driver.text("own", "env", WHO), "me");
    let (text, fault) = driver.client.configuration();
    assert!(!fault, "{text}");
    assert_eq!(text, "no configuration file was read\n");
    assert_eq!(driver.client.server_count(), 1);
}

#[test]
fn an_entry_of_a_project_is_nearer_than_an_added_server() {
    let home = Home::new("added-project");
    let project = home.path("project");
    std::fs::create_dir(&project).unwrap();
    let text = format!(
        "{{\"mcpServers\":{{\"s\":{}}},\"projects\":{{{:?}:{{\"mcpServers\":{{\"s\":{}}}}}}}}}",
        who("file"),
        project.to_str().unwrap(),
        who("project")
    );
    std::fs::write(home.path(".claude.json"), text).unwrap();
    let mut driver = Driver::at(home);
    ready(&mut driver);
    assert_eq!(driver.text("s", "env", WHO), "file");
    driver.client.add_server("s", &who("added")).unwrap();
    assert_eq!(driver.text("s", "env", WHO), "added");
    driver.client.refresh(Some(&project));
    ready(&mut driver);
    driver.client.set_directory(Some(&project));
    let id = driver.client.find("s").unwrap();
    assert_eq!(driver.text(&id, "env", WHO), "project");
    driver.client.set_directory(None);
    assert!(driver.client.remove_server("s"));
    assert!(!driver.client.remove_server("s"));
    assert_eq!(driver.text("s", "env", WHO), "file");
}

#[test]
fn an_added_server_can_be_switched_off_and_what_was_added_survives_a_bad_entry() {
    let mut driver = without_files("added-off");
    driver.client.add_server("s", &who("first")).unwrap();
    ready(&mut driver);
    assert!(driver.client.set_enabled("s", false).unwrap());
    assert_eq!(driver.start_error("s", "env", WHO), "server 's' is switched off");
    assert!(driver.client.set_enabled("s", true).unwrap());
    let secret = r#"{"command":"x","env":{"TOKEN":"hunter2-hunter2"},"pool_max_size":"many"}"#;
    let error = driver.client.add_server("s", secret).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.message().contains("pool_max_size"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
    assert_eq!(driver.text("s", "env", WHO), "first");
}
