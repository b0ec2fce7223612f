//! No secret in any text that is not a result, whoever printed it.

mod common;

use common::{Driver, Home, write_config};
use serde_json::json;
use tmcp::engine::LogLevel;
use tmcp::metrics::Detail;

const SECRET: &str = "hunter2-s3cret";

/// A driver of one server that a shell script plays, its log loud.
fn script(name: &str, script: &str, env: serde_json::Value) -> Driver {
    let home = Home::new(name);
    let entry = json!({"command": "/bin/sh", "args": ["-c", script], "env": env, "era": "legacy"});
    write_config(&home, &json!({ "s": entry }).to_string());
    let mut driver = Driver::at(home);
    driver.client.set_log_level(LogLevel::Debug);
    driver.ready();
    driver
}

/// Everything that is told of a server.
fn told(driver: &Driver, error: &str) -> String {
    let report = driver.client.stats(Some("s"), Detail::Full).expect("the server is known");
    let figures: Vec<String> = ["output", "last_error"]
        .iter()
        .filter_map(|key| driver.client.format(&format!("mcp_{key}_s")))
        .collect();
    let log = driver.log.lock().expect("no panic").join("\n");
    format!("{error}\n{report}\n{}\n{log}", figures.join("\n"))
}

#[test]
fn an_environment_printed_by_a_server_that_ends_is_hidden() {
    let env =
        json!({"TOKEN": SECRET, "NODE_ENV": "production", "OTHER": "a1b2c3d4e5", "HALF": "x"});
    let line = "echo \"fatal: TOKEN=$TOKEN OTHER=$OTHER mode $NODE_ENV\" >&2; exit 3";
    let mut driver = script("printed", line, env);
    let error = driver.error("s", "echo", "{}").to_string();
    let told = told(&driver, &error);
    assert!(error.contains("TOKEN=*** OTHER=*** mode production"), "{error}");
    assert!(told.matches("TOKEN=***").count() >= 3, "{told}");
    assert!(!told.contains(SECRET) && !told.contains("a1b2c3d4e5"), "{told}");
}

#[test]
fn a_secret_is_hidden_in_every_spelling_and_when_lines_or_writes_cut_it() {
    let line = "printf 'a hunter2-s3 b\\nTOKEN=hunter2-\\ns3cret c\\nTOK' >&2; sleep 0.05; \
        printf 'EN=hunt' >&2; sleep 0.05; \
        printf 'er2-s3cret\\nurl p%%40ss%%2Fw0rd, basic dTpodW50ZXIyLXMzY3JldA==\\n' >&2; sleep 0.05; exit 1";
    let mut driver = script("cut", line, json!({"TOKEN": SECRET, "PASSWORD": "p@ss/w0rd"}));
    let error = driver.error("s", "echo", "{}").to_string();
    let told = told(&driver, &error);
    for part in ["stderr: TOKEN=***", "stderr: *** c", "url ***, basic dTp***"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    for part in [SECRET, "hunter2-\n", "s3cret c", "p%40ss", "aHVudGVy", "odW50ZXIy"] {
        assert!(!told.contains(part), "{part} in {told}");
    }
}

#[test]
fn an_argument_that_is_masked_is_hidden_in_the_error_that_names_it() {
    let answer = r#"read -r a; echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}'
        read -r b; read -r c; id=${c#*\"id\":}; id=${id%%[,\}]*}
        echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"refused swordfish"}}'
        echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32000,"message":"wrong password swordfish for somebody"}}'
        read -r d"#;
    let mut driver = script("masked", answer, json!({}));
    let call = r#"{"user":"somebody","password":"swordfish"}"#;
    let error = driver.error("s", "login", call).to_string();
    assert_eq!(error, "server 's': wrong password *** for somebody (-32000)");
    let told = told(&driver, &error);
    assert!(told.contains("says: \"refused ***\""), "{told}");
    assert!(!told.contains("swordfish"), "{told}");
    assert!(told.contains("s login: call ") && told.contains(" begins"), "{told}");
    assert!(told.contains("failed after "), "{told}");
}

#[test]
fn a_secret_in_the_command_line_or_inherited_is_hidden_too() {
    let home = Home::new("argv");
    let script = "echo \"bad option $1 $2 key $MY_API_KEY\" >&2; exit 1";
    let entry = json!({"command": "/bin/sh",
        "args": ["-c", script, "sh", "--api-key", "sk-live-77"], "env": {"MY_API_KEY": "${OUTSIDE}"}});
    write_config(&home, &json!({ "s": entry }).to_string());
    let mut driver = Driver::at(home);
    driver.client.set_log_level(LogLevel::Debug);
    driver.client.set_env(vec![
        ("HOME".into(), driver.home.path("").into()),
        ("OUTSIDE".into(), "inherit3d-value".into()),
        ("PATH".into(), "/usr/bin:/bin".into()),
    ]);
    driver.client.reload();
    driver.ready();
    let error = driver.error("s", "echo", "{}").to_string();
    assert!(error.contains("bad option --api-key *** key ***"), "{error}");
}
