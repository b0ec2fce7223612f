//! Configuration files as users have them, good and bad.

mod common;

use std::time::Duration;

use common::{Driver, Home, entry, text_of, write_config};
use tmcp::client::{Event, Listing, Reply};
use tmcp::error::Kind;

const ECHO: &str = r#"{"text":"x"}"#;

/// The problems of the next configuration that is read.
fn problems(driver: &mut Driver) -> Vec<String> {
    driver.until("a configuration", |driver| {
        let at = driver.events.iter().position(|e| matches!(e, Event::ConfigLoaded { .. }))?;
        match driver.events.remove(at) {
            Event::ConfigLoaded { problems, .. } => Some(problems),
            _ => None,
        }
    })
}

fn with_file(name: &str, bytes: impl AsRef<[u8]>) -> Driver {
    let home = Home::new(name);
    std::fs::write(home.path(".claude.json"), bytes).unwrap();
    Driver::at(home)
}

#[test]
fn a_file_that_cannot_be_used_is_named_by_the_call_that_needs_it() {
    let missing = Home::new("missing");
    let directory = Home::new("is-directory");
    std::fs::create_dir(directory.path(".claude.json")).unwrap();
    let fifo = Home::new("is-fifo");
    let made = std::process::Command::new("mkfifo").arg(fifo.path(".claude.json")).status();
    assert!(made.unwrap().success());
    let dangling = Home::new("dangling");
    std::os::unix::fs::symlink("/nowhere", dangling.path(".claude.json")).unwrap();
    for (home, text) in [
        (missing, "No such file or directory"),
        (directory, "Is a directory"),
        (fifo, "not a regular file"),
        (dangling, "No such file or directory"),
    ] {
        let path = home.path(".claude.json");
        let mut driver = Driver::at(home);
        let error = driver.error("s", "echo", ECHO);
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.message().contains("unknown server 's'"), "{error}");
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");
        assert!(error.message().contains(text), "{error}");
        let problems = problems(&mut driver);
        assert_eq!(problems.len(), 1);
        assert_eq!(driver.client.server_count(), 0);
    }
}

#[test]
fn a_malformed_file_is_named_with_the_place() {
    for text in [
        "{",
        "",
        "[1]",
        "{\"mcpServers\":{\"s\":{\"command\":\"x\"}}",
        "\0\0\0",
        "{\"mcpServers\":7}",
    ] {
        let mut driver = with_file("malformed", text);
        let error = driver.error("s", "echo", ECHO);
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.message().contains(".claude.json"), "{text:?}: {error}");
    }
}

#[test]
fn a_file_without_servers_is_no_problem() {
    for text in ["{}", "{\"numStartups\":3}", "{\"mcpServers\":{}}"] {
        let mut driver = with_file("no-servers", text);
        assert_eq!(problems(&mut driver), Vec::<String>::new(), "{text}");
        let message = driver.start_error("s", "echo", ECHO);
        assert!(message.starts_with("unknown server 's'; none is configured"), "{message}");
    }
}

#[test]
fn a_byte_order_mark_and_odd_whitespace_are_read_over() {
    let text =
        format!("\u{feff}\r\n\t{{\r\n\"mcpServers\" : {{ \"s\" :{} }} }}\r\n", entry(&[], ""));
    let mut driver = with_file("mark", text);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn fifty_megabytes_of_history_hold_up_nobody() {
    let home = Home::new("history");
    let mut text = String::with_capacity(52 << 20);
    text.push_str("{\"numStartups\":1,\"projects\":{\"/somewhere\":{\"history\":[");
    let line = format!("{{\"display\":\"{} \\\"quoted\\\" {{[\"}},", "words ".repeat(150));
    while text.len() < 50 << 20 {
        text.push_str(&line);
    }
    text.push_str(&format!(
        "0],\"mcpServers\":{{\"no\":{{}}}}}}}},\"mcpServers\":{{\"s\":{}}}}}",
        entry(&[], "")
    ));
    std::fs::write(home.path(".claude.json"), text).unwrap();
    let mut driver = Driver::at(home);
    let call = driver.start("s", "echo", ECHO);
    let ready = driver.client.wait_ready(5);
    let mut dispatches = 0;
    while !driver.client.is_ready() {
        assert_eq!(driver.client.timeout(), Some(Duration::ZERO), "there is more to do now");
        let more = driver.client.dispatch(Duration::from_micros(500));
        assert!(more || driver.client.is_ready(), "dispatch stopped early and did not say so");
        dispatches += 1;
    }
    assert!(dispatches >= 10, "{dispatches} dispatches for the whole file");
    assert!(matches!(driver.done(ready).outcome, Ok(Reply::Ready)));
    assert_eq!(text_of(&driver.done(call)), "x");
    assert_eq!(driver.client.server_count(), 1);
}

#[test]
fn a_bad_entry_among_good_ones_costs_itself_alone() {
    let servers = format!(
        r#"{{"bad":{{"command":7}},"neither":{{}},"sse":{{"type":"sse","url":"ftp://x"}},
        "off":{0},"good":{1},"wrong":{{"command":"x","pool_max_size":"many"}}}}"#,
        entry(&[], "\"disabled\":true"),
        entry(&[], "\"unknown_key\":[1,2]"),
    );
    let mut driver = Driver::new("bad-entry", &servers);
    let problems = problems(&mut driver);
    assert_eq!(driver.text("good", "echo", ECHO), "x");
    assert_eq!(driver.client.server_count(), 1);
    for name in ["bad", "neither", "sse", "wrong"] {
        let problem = problems.iter().find(|problem| problem.contains(&format!("'{name}'")));
        let problem = problem.unwrap_or_else(|| panic!("nothing about {name}: {problems:?}"));
        assert!(driver.logged(problem));
        assert_eq!(&driver.start_error(name, "echo", ECHO), problem);
    }
    let message = driver.start_error("off", "echo", ECHO);
    assert!(message.contains("'off'"), "{message}");
}

#[test]
fn the_overlay_wins_and_adds() {
    let home = Home::new("overlay");
    write_config(
        &home,
        &format!("{{\"a\":{},\"b\":{}}}", entry(&[], "\"env\":{\"WHO\":\"main\"}"), entry(&[], "")),
    );
    let overlay = home.path(".config/tmux/mcp.json");
    std::fs::create_dir_all(overlay.parent().unwrap()).unwrap();
    let servers = format!(
        "{{\"mcpServers\":{{\"a\":{},\"c\":{}}}}}",
        entry(&[], "\"env\":{\"WHO\":\"overlay\"}"),
        entry(&[], "")
    );
    std::fs::write(&overlay, servers).unwrap();
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("a", "env", r#"{"name":"WHO"}"#), "overlay");
    assert_eq!(driver.text("b", "echo", ECHO), "x");
    assert_eq!(driver.text("c", "echo", ECHO), "x");
    assert_eq!(driver.client.server_count(), 3);
    // A broken overlay is told and takes nothing of the main file away.
    std::fs::write(&overlay, "{").unwrap();
    driver.events.clear();
    driver.client.reload();
    let problems = problems(&mut driver);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("mcp.json"), "{problems:?}");
    assert_eq!(driver.text("b", "echo", ECHO), "x");
}

#[test]
fn an_overlay_alone_is_enough() {
    let home = Home::new("overlay-alone");
    let overlay = home.path(".config/tmux/mcp.json");
    std::fs::create_dir_all(overlay.parent().unwrap()).unwrap();
    std::fs::write(&overlay, format!("{{\"mcpServers\":{{\"s\":{}}}}}", entry(&[], ""))).unwrap();
    assert_eq!(Driver::at(home).text("s", "echo", ECHO), "x");
}

#[test]
fn a_reload_adds_changes_and_removes_while_calls_are_in_flight() {
    let home = Home::new("reload");
    let three = |who: &str| format!("\"env\":{{\"WHO\":{who:?}}}");
    write_config(
        &home,
        &format!(
            "{{\"same\":{},\"changed\":{},\"removed\":{}}}",
            entry(&[], ""),
            entry(&[], &three("before")),
            entry(&[], "")
        ),
    );
    let mut driver = Driver::at(home);
    let pids: Vec<String> =
        ["same", "changed", "removed"].iter().map(|s| driver.text(s, "pid", "{}")).collect();
    let calls: Vec<_> = ["same", "changed", "removed"]
        .iter()
        .map(|server| driver.start(server, "sleep", r#"{"ms":500}"#))
        .collect();
    write_config(
        &driver.home,
        &format!(
            "{{\"same\":{},\"changed\":{},\"added\":{}}}",
            entry(&[], ""),
            entry(&[], &three("after")),
            entry(&[], "")
        ),
    );
    driver.events.clear();
    driver.client.reload();
    assert_eq!(problems(&mut driver), Vec::<String>::new());
    assert_eq!(driver.text("added", "echo", ECHO), "x");
    assert_eq!(driver.text("changed", "env", r#"{"name":"WHO"}"#), "after");
    assert_eq!(driver.text("same", "pid", "{}"), pids[0], "it was left alone");
    let message = driver.start_error("removed", "echo", ECHO);
    let told = message;
    assert!(told.starts_with("unknown server 'removed'; there are added, changed, same"), "{told}");
    for call in calls {
        assert_eq!(text_of(&driver.done(call)), "slept 500 ms");
    }
    for pid in &pids[1..] {
        let pid = pid.parse().unwrap();
        driver.until("the end of the old ones", |_| (!common::is_running(pid)).then_some(()));
    }
    assert_eq!(driver.client.server_count(), 3);
    // It comes back.
    write_config(&driver.home, &format!("{{\"removed\":{}}}", entry(&[], "")));
    driver.events.clear();
    driver.client.reload();
    problems(&mut driver);
    assert_ne!(driver.text("removed", "pid", "{}"), pids[2]);
    assert_eq!(driver.client.server_count(), 1);
}

#[test]
fn calls_that_wait_for_a_server_that_is_removed_are_told() {
    let home = Home::new("removed-waiting");
    write_config(&home, &format!("{{\"s\":{}}}", entry(&["--start-delay", "20000"], "")));
    let mut driver = Driver::at(home);
    let id = driver.start("s", "echo", ECHO);
    driver.until("the start", |d| d.logged("spawned server pid").then_some(()));
    write_config(&driver.home, "{}");
    driver.client.reload();
    let error = driver.done(id).outcome.unwrap_err();
    assert_eq!(error.message(), "server 's' is no longer configured");
}

#[test]
fn the_last_good_set_stays_in_force_when_the_file_breaks() {
    let home = Home::new("last-good");
    write_config(&home, &format!("{{\"s\":{}}}", entry(&[], "")));
    let path = home.path(".claude.json");
    let mut driver = Driver::at(home);
    let pid = driver.text("s", "pid", "{}");
    let none = r#"{"mcpServers":7}"#;
    for broken in [Some("{\"mcpServers\":{\"s\":"), Some(none), Some(""), None] {
        match broken {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        driver.events.clear();
        driver.client.reload();
        let problems = problems(&mut driver);
        assert_eq!(problems.len(), 1, "{broken:?}");
        assert!(problems[0].contains(".claude.json"), "{problems:?}");
        assert_eq!(driver.text("s", "pid", "{}"), pid, "{broken:?}");
    }
    write_config(&driver.home, &format!("{{\"s\":{}}}", entry(&[], "")));
    driver.events.clear();
    driver.client.reload();
    assert_eq!(problems(&mut driver), Vec::<String>::new());
    assert_eq!(driver.text("s", "pid", "{}"), pid);
}

#[test]
fn a_file_that_is_being_rewritten_is_given_a_moment() {
    let home = Home::new("rewritten");
    let path = home.path(".claude.json");
    let whole = format!("{{\"mcpServers\":{{\"s\":{}}}}}", entry(&[], ""));
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut driver = Driver::at(home);
    let id = driver.start("s", "echo", ECHO);
    // It has found half a file and waits.
    while driver.client.dispatch(Duration::from_millis(2)) {}
    assert!(!driver.client.is_ready());
    std::fs::write(&path, whole).unwrap();
    assert_eq!(text_of(&driver.done(id)), "x");
    assert_eq!(problems(&mut driver), Vec::<String>::new());
}

#[test]
fn variables_are_expanded_and_a_missing_one_is_told() {
    let home = Home::new("variables");
    let more = r#""env":{"A":"${HOME}/x","B":"${TMCP_NOT_SET:-fallback}","C":"${TMCP_GIVEN}"}"#;
    let servers = format!(
        "{{\"s\":{},\"t\":{}}}",
        entry(&[], more),
        entry(&[], r#""env":{"D":"${TMCP_MISSING}"}"#)
    );
    write_config(&home, &servers);
    let place = home.0.display().to_string();
    let mut driver =
        Driver::with(home, |o| o.env.push(("TMCP_GIVEN".into(), "given value".into())));
    for (name, value) in
        [("A", format!("{place}/x")), ("B", "fallback".into()), ("C", "given value".into())]
    {
        assert_eq!(driver.text("s", "env", &format!("{{\"name\":\"{name}\"}}")), value);
    }
    let problems = problems(&mut driver);
    assert!(
        problems.iter().any(|p| p.contains("'t'") && p.contains("TMCP_MISSING")),
        "{problems:?}"
    );
}

#[test]
fn secrets_are_in_no_log_line_no_error_and_no_report() {
    const MARK: &str = "tmcp-S3CR3T-mark";
    let home = Home::new("secrets");
    let env = format!(r#""env":{{"TOKEN":"{MARK}","EXPANDED":"${{TMCP_SECRET}}"}}"#);
    let servers = format!(
        r#"{{"s":{},"bad":{{"command":[["{MARK}"]],{env}}},"gone":{{"command":"/nowhere/x","args":["{MARK}"],{env},"retry_attempts":0}},
        "dies":{{"command":"false","args":["{MARK}","${{TMCP_SECRET}}"],{env},"retry_attempts":0}},
        "wrong":{{"command":"x","env":["{MARK}"]}},"missing":{{"command":"x","args":["${{TMCP_NONE}}{MARK}"]}}}}"#,
        entry(&["--stderr-flood", "10"], &env)
    );
    write_config(&home, &servers);
    let mut driver = Driver::with(home, |o| o.env.push(("TMCP_SECRET".into(), MARK.into())));
    assert_eq!(driver.text("s", "env", r#"{"name":"EXPANDED"}"#), MARK);
    let mut said = Vec::new();
    for server in ["gone", "dies"] {
        said.push(driver.error(server, "echo", ECHO).message().to_owned());
    }
    for server in ["bad", "wrong"] {
        said.push(driver.start_error(server, "echo", ECHO));
    }
    said.extend(problems(&mut driver));
    said.push(driver.client.stats(None, tmcp::metrics::Detail::Full).unwrap());
    said.push(format!("{:?}", driver.client));
    said.extend(driver.log.lock().unwrap().iter().cloned());
    assert!(said.len() > 10);
    for line in said {
        assert!(!line.contains(MARK), "{line}");
    }
}

#[test]
fn calls_before_the_configuration_run_in_their_order() {
    let (mut driver, journal) = common::journaled("early", &["--serial"], "");
    let ids: Vec<_> =
        (0..10).map(|n| driver.start("s", "echo", &format!("{{\"text\":\"{n}\"}}"))).collect();
    assert!(driver.client.cancel(ids[3]));
    for (n, id) in ids.iter().enumerate().filter(|(n, _)| *n != 3) {
        assert_eq!(text_of(&driver.done(*id)), n.to_string());
    }
    let ran: Vec<_> = journal.calls().iter().map(|c| c["arguments"]["text"].clone()).collect();
    assert_eq!(ran, ["0", "1", "2", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn nothing_is_started_before_it_is_needed() {
    let mut driver = common::one("lazy", &[], "");
    driver.ready();
    driver.turns_within(Duration::from_millis(100));
    assert!(!driver.logged("spawned"));
    assert_eq!(driver.client.timeout(), None);
}

#[test]
fn a_thousand_servers_come_into_force_piece_by_piece() {
    let entries = |numbers: std::ops::Range<usize>| {
        let entry = |n: usize| format!("\"s{n:04}\":{}", common::stdio(&[]));
        numbers.map(entry).collect::<Vec<_>>().join(",")
    };
    let mut driver = Driver::new("thousand", &format!("{{{}}}", entries(0..1000)));
    // Of such a turn only a piece of anything is done.
    driver.budget = Duration::from_nanos(1);
    let id = driver.start("s0999", "echo", ECHO);
    assert_eq!(text_of(&driver.done(id)), "x");
    assert_eq!(driver.client.server_count(), 1000);

    // Half of them go, others come, and the one that is in use stays.
    problems(&mut driver);
    write_config(&driver.home, &format!("{{{}}}", entries(500..1500)));
    driver.client.reload();
    assert_eq!(problems(&mut driver), [""; 0]);
    assert_eq!(driver.client.server_count(), 1000);
    assert_eq!(driver.text("s1499", "echo", ECHO), "x");
    assert_eq!(driver.text("s0999", "echo", ECHO), "x");
    assert_eq!(driver.count_logged("spawned server"), 2, "its connection is the same");
    let gone = driver.start_error("s0000", "echo", ECHO);
    assert!(gone.starts_with("unknown server 's0000'"), "{}", &gone[..80]);
}

/// Looks at the files as a host does before a command, and waits until what has
/// changed is in force.
fn refreshed(driver: &mut Driver, directory: &std::path::Path) {
    driver.client.refresh(Some(directory));
    driver.until("the configuration", |driver| driver.client.is_ready().then_some(()));
    driver.client.set_directory(Some(directory));
}

#[test]
fn changed_files_are_read_at_the_next_look_and_broken_ones_keep_what_they_had() {
    let home = Home::new("looked-at-again");
    write_config(&home, &format!("{{\"a\":{},\"k\":{}}}", entry(&[], ""), entry(&[], "")));
    let overlay = home.path(".config/tmux/mcp.json");
    std::fs::create_dir_all(overlay.parent().unwrap()).unwrap();
    let off = r#"{"mcpServers":{"k":{"disabled":true}}}"#;
    std::fs::write(&overlay, off).unwrap();
    let mut driver = Driver::at(home);
    driver.ready();
    let at = driver.home.path("");
    refreshed(&mut driver, &at);
    assert!(driver.start_error("k", "echo", ECHO).contains("is disabled"));
    assert!(driver.start_error("b", "echo", ECHO).starts_with("unknown server 'b'; there are a"));

    write_config(&driver.home, &format!("{{\"a\":{0},\"b\":{0},\"k\":{0}}}", entry(&[], "")));
    refreshed(&mut driver, &at);
    assert_eq!(driver.text("b", "echo", ECHO), "x");

    // The file that broke keeps what was read of it; the other one is read.
    std::fs::write(&overlay, "{broken").unwrap();
    write_config(&driver.home, &format!("{{\"c\":{0},\"k\":{0}}}", entry(&[], "")));
    refreshed(&mut driver, &at);
    assert!(driver.start_error("k", "echo", ECHO).contains("is disabled"));
    assert_eq!(driver.text("c", "echo", ECHO), "x");
    let (text, fault) = driver.client.configuration();
    assert!(fault && text.contains("mcp.json: line 1"), "{text}");
    assert!(text.contains("what was read of it before stays in force"), "{text}");

    std::fs::remove_file(&overlay).unwrap();
    refreshed(&mut driver, &at);
    assert_eq!(driver.text("k", "echo", ECHO), "x");
    let (text, fault) = driver.client.configuration();
    assert!(!fault && text.contains(".claude.json: 2 servers"), "{text}");
}

#[test]
fn servers_of_projects_are_in_force_there_alone() {
    let home = Home::new("scopes");
    let project = home.path("p");
    std::fs::create_dir_all(project.join("sub")).unwrap();
    std::os::unix::fs::symlink(&project, home.path("link")).unwrap();
    let who = |who: &str| entry(&[], &format!("\"env\":{{\"WHO\":\"{who}\"}}"));
    let text = format!(
        r#"{{"mcpServers":{{"s":{}}},"projects":{{{:?}:{{"mcpServers":{{"s":{},"time":{}}},
            "enabledMcpjsonServers":["shared"]}}}}}}"#,
        who("user"),
        project.to_str().unwrap(),
        who("local"),
        who("local"),
    );
    std::fs::write(home.path(".claude.json"), text).unwrap();
    let shared = format!(r#"{{"mcpServers":{{"shared":{0},"new":{0}}}}}"#, who("project"));
    std::fs::write(project.join(".mcp.json"), shared).unwrap();
    let mut driver = Driver::at(home);
    driver.ready();
    let env = r#"{"name":"WHO"}"#;

    let outside = driver.home.path("");
    refreshed(&mut driver, &outside);
    assert_eq!(driver.client.find("s").unwrap(), "s");
    let told = driver.client.find("time").unwrap_err();
    let expected = format!("time is configured for project {} only", project.display());
    assert!(told.message().contains(&expected), "{told}");

    for place in [project.join("sub"), driver.home.path("link"), project.clone()] {
        refreshed(&mut driver, &place);
        let id = driver.client.find("ti").unwrap();
        assert_eq!(id, format!("time@{}", project.display()));
        assert_eq!(driver.text(&id, "env", env), "local");
        let nearest = driver.client.find("s").unwrap();
        assert_eq!(driver.text(&nearest, "env", env), "local");
        let shared = driver.client.find("shared").unwrap();
        assert_eq!(driver.text(&shared, "env", env), "project");
        let told = driver.client.find("new").unwrap_err();
        assert!(told.message().contains(".mcp.json: server 'new' is not approved"), "{told}");
    }
    let call = tmcp::client::CallTool {
        server: "time".into(),
        tool: "env".into(),
        arguments: tmcp::client::Arguments::Json(env.into()),
        is_unattended: false,
    };
    let id = driver.client.call_at(&project, call, None, 0).unwrap();
    assert_eq!(text_of(&driver.done(id)), "local");
}

#[test]
fn a_name_of_an_entry_that_is_not_used_is_no_abbreviation() {
    let servers = format!(
        r#"{{"memory":{0},"mem":{{"command":"x","disabled":true}},"me":{{"command":5}}}}"#,
        entry(&[], "")
    );
    let mut driver = Driver::new("no-abbreviation", &servers);
    driver.ready();
    for (name, why) in [("mem", "server 'mem' is disabled"), ("me", "server 'me'")] {
        let told = driver.client.find(name).unwrap_err();
        assert!(told.message().contains(why), "{told}");
    }
    assert_eq!(driver.client.find("memo").unwrap(), "memory");
    assert_eq!(driver.client.find("m").unwrap(), "memory");
}

#[test]
fn a_filter_keeps_tools_from_lists_and_calls() {
    let mut driver =
        Driver::new("filter", &format!("{{\"s\":{}}}", entry(&[], r#""tools":{"deny":["e*"]}"#)));
    let error = driver.error("s", "echo", ECHO);
    let rule = "tool 'echo' of server 's' is refused: 'tools.deny' in ";
    assert!(error.message().starts_with(rule), "{error}");
    assert!(error.message().ends_with("has 'e*'"), "{error}");
    assert_eq!(driver.client.tool_hints("s", "echo").unwrap_err().message(), error.message());
    assert_eq!(driver.client.tool_hints("s", "fail").unwrap(), None, "nothing was started");
    let id = driver.client.list("s", Listing::Tools, None, 0).unwrap();
    match driver.done(id).outcome.unwrap() {
        Reply::List { items, .. } => {
            let text = String::from_utf8_lossy(&items).into_owned();
            assert!(!text.contains("\"echo\"") && text.contains("\"fail\""), "{text}");
        }
        other => panic!("{other:?}"),
    }
    // Once the tools are listed it is still the rule that is told.
    for told in [
        driver.error("s", "echo", ECHO),
        driver.client.tool_hints("s", "echo").unwrap_err(),
        driver.client.find_tool("s", "echo").unwrap_err(),
        driver.client.tool_arguments("s", "echo").unwrap_err(),
    ] {
        assert_eq!(told.message(), error.message());
    }
    let hints = driver.client.tool_hints("s", "fail").unwrap().expect("it is listed");
    assert!(!hints.is_destructive() && hints.fingerprint != 0, "{hints:?}");
    let id = driver.client.find_tool("s", "fai").unwrap();
    assert_eq!(id, "fail");
}
