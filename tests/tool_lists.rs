//! Lists of tools that a server allows to be kept survive their host.

mod common;

use std::path::{Path, PathBuf};

use common::{Driver, Home, stdio, text_of};
use tmcp::client::{Arguments, CallTool, Pair};

fn started(driver: &Driver) -> bool {
    driver.log.lock().unwrap().iter().any(|line| line.contains("spawned server"))
}

/// The next client in the same home, once this one has gone.
fn restarted(driver: Driver) -> Driver {
    let Driver { client, home, .. } = driver;
    drop(client);
    Driver::at(home)
}

#[test]
fn a_kept_list_is_there_before_the_server_is() {
    let config = |era: &str| format!("{{\"s\":{}}}", stdio(&["--era", era]));
    let mut driver = Driver::new("kept-tools", &config("modern"));
    driver.call("s", "echo", "{\"text\":\"x\"}");
    assert!(driver.client.tool_definition("s", "echo").is_none(), "nobody asked for it yet");
    assert!(!driver.tools("s").is_empty());

    let mut driver = restarted(driver);
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
        is_unattended: false,
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
    let mut driver = restarted(driver);
    let id = driver.client.wait_ready(0);
    driver.done(id);
    for _ in 0..3 {
        driver.turn();
    }
    assert!(driver.client.tool_definition("s", "echo").is_none());
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            path => vec![path],
        })
        .collect()
}

#[test]
fn a_list_that_no_turn_had_the_time_to_write_is_kept_at_the_end() {
    let mut driver =
        Driver::new("late-tools", &format!("{{\"s\":{}}}", stdio(&["--era", "modern"])));
    driver.budget = std::time::Duration::ZERO;
    assert!(!driver.tools("s").is_empty());
    let mut driver = restarted(driver);
    driver.until("the kept list", |driver| driver.client.tool_definition("s", "echo").map(|_| ()));
    assert!(!started(&driver));
}

#[test]
fn whatever_lies_where_a_kept_list_was_harms_nobody() {
    let mut driver =
        Driver::new("strange-tools", &format!("{{\"s\":{}}}", stdio(&["--era", "modern"])));
    assert!(!driver.tools("s").is_empty());
    let Driver { client, mut home, .. } = driver;
    drop(client);
    let kept = files(&home.path("")).into_iter().filter(|path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("{\"until\":"))
    });
    let [path] = &kept.collect::<Vec<_>>()[..] else { panic!("one list is kept") };
    let until = u64::MAX / 2;
    let real = std::fs::read_to_string(path).unwrap();
    let soon = real.split([':', ',']).nth(1).unwrap();
    for text in [
        String::new(),
        "\0\u{fffd}{{{".into(),
        "[]".into(),
        "{\"until\":\"tomorrow\",\"tools\":[]}".into(),
        format!("{{\"until\":{until},\"tools\":[]}}"),
        format!("{{\"until\":{soon},\"tools\":\"x\"}}"),
        format!("{{\"until\":{soon},\"tools\":{{\"echo\":1}}}}"),
        format!("{{\"until\":{soon},\"tools\":[1,null,{{\"name\":5}},[]]}}"),
        format!("{{\"until\":{soon},\"tools\":[{{\"name\":\"add\",\"inputSchema\":7}}]}}"),
        format!("{{\"until\":{soon},\"tools\":{}", "[".repeat(100_000)),
        real[..real.len() / 2].into(),
        format!("{real}{}", " ".repeat(2 << 20)),
    ] {
        std::fs::write(path, &text).unwrap();
        home = adds(home, text.get(..80).unwrap_or(&text));
    }
    for what in ["nothing", "directory", "fifo", "link"] {
        let _ = std::fs::remove_file(path);
        match what {
            "directory" => std::fs::create_dir(path).unwrap(),
            "fifo" => {
                let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
                assert!(made.success());
            }
            "link" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
            _ => {}
        }
        home = adds(home, what);
        let _ = std::fs::remove_dir(path);
    }
}

/// A host in this home calls a tool by words, which needs the list.
fn adds(home: Home, what: &str) -> Home {
    let mut driver = Driver::at(home);
    let done = driver.words("s", "add", &["a=1", "b=2"]);
    assert!(done.outcome.is_ok(), "{what}: {done:?}");
    assert_eq!(text_of(&done), "3", "{what}");
    assert!(driver.tools("s").iter().any(|tool| tool["name"] == "echo"), "{what}");
    let Driver { client, home, .. } = driver;
    drop(client);
    home
}
