//! Lists of tools that a server allows to be kept survive their host.

mod common;

use common::{Driver, stdio, text_of};
use tmcp::client::{Arguments, CallTool, Pair};

fn started(driver: &Driver) -> bool {
    driver.log.lock().unwrap().iter().any(|line| line.contains("spawned server"))
}

#[test]
fn a_kept_list_is_there_before_the_server_is() {
    let config = |era: &str| format!("{{\"s\":{}}}", stdio(&["--era", era]));
    let mut driver = Driver::new("kept-tools", &config("modern"));
    driver.call("s", "echo", "{\"text\":\"x\"}");
    assert!(driver.client.tool_definition("s", "echo").is_none(), "nobody asked for it yet");
    assert!(!driver.tools("s").is_empty());

    let Driver { client, home, .. } = driver;
    drop(client);
    let mut driver = Driver::at(home);
    driver.until("the kept list", |driver| driver.client.tool_definition("s", "echo").map(|_| ()));
    assert!(!started(&driver));
    let table = driver.client.servers_table();
    assert_eq!(table.get(0, "tools"), Some("28"));
    let call = CallTool {
        server: "s".into(),
        tool: "add".into(),
        arguments: Arguments::Pairs(
            [("a", "1"), ("b", "2")]
                .map(|(key, value)| Pair { key: key.into(), value: value.into(), is_json: false })
                .into(),
        ),
    };
    let id = driver.client.call(call, None, 0).unwrap();
    assert_eq!(text_of(&driver.done(id)), "3");

    // Another entry is another server, whatever its name; and a list without a
    // lifetime is not kept at all.
    let Driver { client, home, .. } = driver;
    drop(client);
    let servers = format!("{{\"mcpServers\":{}}}", config("legacy"));
    std::fs::write(home.path(".claude.json"), servers).unwrap();
    let mut driver = Driver::at(home);
    let id = driver.client.wait_ready(0);
    driver.done(id);
    assert!(driver.client.tool_definition("s", "echo").is_none());
    assert!(!driver.tools("s").is_empty());
    let Driver { client, home, .. } = driver;
    drop(client);
    let mut driver = Driver::at(home);
    let id = driver.client.wait_ready(0);
    driver.done(id);
    for _ in 0..3 {
        driver.turn();
    }
    assert!(driver.client.tool_definition("s", "echo").is_none());
}
