//! Where servers come from: lists of tools, reloads, and configurations that are
//! missing or broken.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, held, servers, stdio, until};

#[test]
fn the_tools_of_one_server_are_listed_with_their_arguments() {
    let tmux = Setup::new().server("demo", stdio(&["--page", "3"])).start();
    let text = tmux.run(["mcp-tools", "demo"]).ok();
    assert!(text.starts_with("echo  Gives the text back.\n    text  string, required  "), "{text}");
    assert!(
        text.contains("\ntypes  Gives its arguments back as JSON, one of each type.\n"),
        "the last page is there: {text}"
    );
    assert!(
        text.contains("    e      string, default red, one of red | green | blue  a colour\n"),
        "{text}"
    );
    assert!(tmux.run(["mcp-tools", "nobody"]).fails(1).contains("there are demo"));
    tmux.finish();
}

#[test]
fn the_tools_of_all_servers_are_listed_though_one_is_broken() {
    let tmux = Setup::new()
        .server("a", stdio(&[]))
        .server("b", json!({"command": "/does/not/exist"}))
        .server("c", stdio(&["--era", "modern"]))
        .start();
    let output = tmux.run(["mcp-tools"]);
    let text = &output.stdout;
    let a = text.find("Server: a\necho  Gives the text back.\n").expect(text);
    let b = text.find("\nServer: b\nerror: server 'b': command '/does/not/exist'").expect(text);
    let c = text.find("\nServer: c\necho  Gives the text back.\n").expect(text);
    assert!(a < b && b < c, "{text}");
    assert_eq!(output.code, 2, "one of them failed");
    tmux.finish();
}

#[test]
fn a_list_that_does_not_come_in_time_ends_with_124() {
    let tmux =
        Setup::new().server("mute", stdio(&["--never-reply", "--only", "tools/list"])).start();
    let error = tmux.run(["mcp-tools", "-T", "300", "mute"]).fails(124);
    assert!(error.contains("timed out"), "{error}");
    tmux.finish();
}

#[test]
fn a_reload_brings_new_servers_and_takes_removed_ones_away() {
    let tmux = Tmux::demo();
    let pid: i32 = tmux.call(["demo", "pid"]).ok().trim().parse().expect("a pid");
    let journal = tmux.path("journal").to_string_lossy().into_owned();
    let demo = stdio(&["--journal", &journal]);
    tmux.write_servers(&json!({"demo": demo, "extra": stdio(&[])}));
    assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
    assert_eq!(tmux.format("#{mcp_servers}"), "2");
    assert_eq!(tmux.call(["extra", "echo", "text=new"]).ok(), "new\n");
    assert_eq!(tmux.call(["demo", "pid"]).ok().trim(), pid.to_string(), "the same process goes on");

    tmux.write_servers(&json!({"extra": stdio(&[])}));
    assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
    let error = tmux.call(["demo", "echo", "text=x"]).fails(1);
    assert!(error.starts_with("unknown server 'demo'; there are extra (configured in "), "{error}");
    until("its process has gone", || tmux.mcp_children().len() == 1);
    tmux.finish();
}

#[test]
fn a_call_under_way_survives_a_reload_of_its_server() {
    let tmux = Tmux::demo();
    let [ms, file] = held(&tmux.path("over"));
    let call = tmux.start_call(["demo", "sleep", &ms, &file]);
    until("it runs", || tmux.journal() == ["sleep"]);
    tmux.write_servers(&json!({"demo": stdio(&["--era", "modern"])}));
    assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
    assert_eq!(tmux.call(["demo", "echo", "text=the new one"]).ok(), "the new one\n");
    fs::write(tmux.path("over"), "").expect("written");
    assert!(call.wait().ok().starts_with("slept until there was "));
    until("the old process has gone", || tmux.mcp_children().len() <= 1);
    assert_eq!(tmux.call(["demo", "echo", "text=and again"]).ok(), "and again\n");
    assert_eq!(tmux.journal(), ["sleep"], "the old one got nothing more");
    tmux.finish();
}

#[test]
fn a_broken_configuration_keeps_the_last_good_one_and_says_what_is_wrong() {
    let warned = json!({"command": "true", "args": ["${TMCP_NOT_SET}"]});
    let tmux = Setup::new().server("demo", stdio(&[])).server("warned", warned).start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    tmux.write_config("{\"mcpServers\": {\"demo\": {\"command\"");
    let error = tmux.run(["mcp-reload"]).fails(1);
    // It stands before what was read, and before the warnings of entries.
    let first = error.lines().next().unwrap_or_default();
    assert!(first.contains(".claude.json: line 1") && first.contains("in force"), "{error}");
    assert!(error.contains("TMCP_NOT_SET"), "{error}");
    assert_eq!(tmux.call(["demo", "echo", "text=still here"]).ok(), "still here\n");

    fs::remove_file(tmux.path("home/.claude.json")).expect("removed");
    fs::create_dir(tmux.path("home/.claude.json")).expect("a directory");
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains(".claude.json"), "{error}");
    assert_eq!(tmux.call(["demo", "echo", "text=still here"]).ok(), "still here\n");
    tmux.finish();
}

#[test]
fn one_bad_entry_is_named_and_the_others_work() {
    let tmux = Setup::new()
        .server("good", stdio(&[]))
        .server("bad", json!({"command": 5}))
        .server("long", json!({"transport": "socket", "socket_path": "/x".repeat(100)}))
        .start();
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains("'bad'"), "{error}");
    assert!(error.contains("'long'") && error.contains("200"), "{error}");
    assert_eq!(tmux.call(["good", "echo", "text=fine"]).ok(), "fine\n");
    tmux.finish();
}

#[test]
fn without_a_configuration_every_command_says_so() {
    let tmux = Setup::new().start_with(None);
    let error = tmux.call(["demo", "echo", "text=x"]).fails(1);
    assert!(error.contains("'demo'") && error.contains(".claude.json: No such file"), "{error}");
    assert_eq!(tmux.run(["mcp-tools"]).fails(1), "no servers are configured\n");
    assert!(tmux.run(["mcp-stats"]).ok().contains("Total Servers: 0\n"));
    assert_eq!(tmux.format("[#{mcp_servers}#{mcp_inflight}#{mcp_state_demo}]"), "[00]");
    tmux.write_servers(&json!({"demo": stdio(&[])}));
    assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
    assert_eq!(tmux.call(["demo", "echo", "text=now"]).ok(), "now\n");
    tmux.finish();
}

#[test]
fn a_malformed_configuration_at_the_start_is_reported() {
    for config in ["", "{", "[]", "\u{0}\u{1}", "{\"mcpServers\": []}"] {
        let tmux = Setup::new().start_with(Some(config));
        assert_eq!(tmux.call(["demo", "echo", "text=x"]).code, 1, "{config:?}");
        let error = tmux.run(["mcp-reload"]).fails(1);
        assert!(error.contains(".claude.json"), "{config:?}: {error}");
        tmux.lives();
        tmux.finish();
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_reported() {
    let tmux = Setup::new().start_with(None);
    let file = tmux.path("home/.claude.json");
    // A link to itself cannot be read even by root.
    std::os::unix::fs::symlink(&file, &file).expect("a link");
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains(".claude.json"), "{error}");
    fs::remove_file(&file).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&file).status().expect("mkfifo runs");
    assert!(made.success());
    let error = tmux.run(["mcp-reload"]).fails(1);
    assert!(error.contains(".claude.json"), "a pipe does not hold tmux up: {error}");
    tmux.lives();
    tmux.finish();
}

#[test]
fn the_overlay_file_wins() {
    let setup = Setup::new().server("demo", stdio(&[]));
    let dir = setup.path("config/tmux");
    fs::create_dir_all(&dir).expect("a directory");
    let overlay = json!({"mcpServers": {"demo": {"command": "/over/laid"}, "more": stdio(&[])}});
    fs::write(dir.join("mcp.json"), overlay.to_string()).expect("written");
    let tmux = setup.start();
    assert!(tmux.call(["demo", "echo", "text=x"]).fails(2).contains("/over/laid"));
    assert_eq!(tmux.call(["more", "echo", "text=x"]).ok(), "x\n");
    tmux.finish();
}

#[test]
fn variables_in_the_configuration_are_expanded_and_found_on_path() {
    let setup = Setup::new().env("WHERE", "from the environment");
    let entry = json!({"command": "server", "env": {"A": "${WHERE}", "B": "${NOWHERE:-default}", "PATH": "${BIN}:/bin"}});
    let bin = setup.path("bin");
    fs::create_dir(&bin).expect("a directory");
    std::os::unix::fs::symlink(servers::binary(), bin.join("server")).expect("a link");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let tmux = setup.env("BIN", &bin).env("PATH", path).server("demo", entry).start();
    assert_eq!(tmux.call(["demo", "env", "name=A"]).ok(), "from the environment\n");
    assert_eq!(tmux.call(["demo", "env", "name=B"]).ok(), "default\n");
    tmux.finish();
}

#[test]
fn the_environment_of_a_server_is_the_one_of_tmux_now() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-environment", "-g", "LATE", "set later"]).ok();
    assert_eq!(tmux.call(["demo", "env", "name=LATE"]).ok(), "set later\n");
    assert!(tmux.call(["demo", "env", "name=TMUX"]).ok().contains("/test,"), "TMUX is set");
    tmux.finish();
}

#[test]
fn a_variable_that_changes_between_two_commands_reaches_the_next_start() {
    let tmux = Tmux::demo();
    let value = |name: &str| {
        let _ = tmux.call(["demo", "exit"]).fails(2);
        tmux.call(["demo", "env", &format!("name={name}")])
    };
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    for (option, text) in [("-g", "global"), ("-tone", "of the session"), ("-tone", "again")] {
        let _ = tmux.run(["set-environment", option, "LATE", text]).ok();
        assert_eq!(value("LATE").ok().trim_end(), text);
    }
    let _ = tmux.run(["set-environment", "-tone", "-u", "LATE"]).ok();
    assert_eq!(value("LATE").ok().trim_end(), "global");
    // The newest session, and again the old one when that has gone.
    let _ = tmux.run(["new-session", "-d", "-s", "two", "-e", "LATE=of another", "cat"]).ok();
    assert_eq!(value("LATE").ok().trim_end(), "of another");
    let _ = tmux.run(["kill-session", "-t", "two"]).ok();
    assert_eq!(value("LATE").ok().trim_end(), "global");
    tmux.finish();
}

#[test]
fn what_update_environment_brings_reaches_the_next_start() {
    let setup = Setup::new().conf("set -g update-environment 'BROUGHT PATH'");
    let bin = setup.path("bin");
    fs::create_dir(&bin).expect("a directory");
    let tmux = setup.server("late", json!({"command": "late-server"})).start();
    let searched = std::env::var("PATH").unwrap_or_default();
    let error = tmux.call(["late", "echo", "text=x"]).fails(2);
    assert!(error.contains(&format!("'late-server' not found on PATH ({searched};")), "{error}");
    assert!(error.contains("tmux set-environment -g PATH"), "{error}");

    // Somebody comes with a shell that finds it.
    std::os::unix::fs::symlink(servers::binary(), bin.join("late-server")).expect("a link");
    let mut command = tmux.command(["new-session", "-d", "-s", "second", "sleep 600"]);
    command.env("BROUGHT", "along").env("PATH", format!("{}:{searched}", bin.display()));
    assert!(command.status().expect("tmux runs").success());
    assert_eq!(tmux.call(["late", "env", "name=BROUGHT"]).ok(), "along\n");
    tmux.finish();
}

#[test]
fn a_socket_that_nobody_serves_falls_back_to_the_command() {
    let setup = Setup::new();
    let path = setup.path("s");
    let mut entry = stdio(&[]);
    entry["transport"] = json!("socket");
    entry["socket_path"] = json!(path);
    let tmux = setup.server("demo", entry).start();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    let report = tmux.run(["mcp-stats", "demo"]).ok();
    assert!(report.contains("  Transport: stdio (fallback from socket)\n"), "{report}");
    assert!(report.contains(&format!("  Socket Path: {}", path.display())), "{report}");
    assert_eq!(
        tmux.call(["demo", "env", "name=MCP_SOCKET_PATH"]).ok().trim(),
        path.to_string_lossy()
    );
    tmux.finish();
}

#[test]
fn a_socket_without_rights_is_a_clear_error() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let dir = setup.path("dir");
    fs::create_dir(&dir).expect("a directory");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("private");
    let tmux = setup
        .server(
            "directory",
            json!({"transport": "socket", "socket_path": dir, "retry_attempts": 1}),
        )
        .server("good", server.entry())
        .start();
    let error = tmux.call(["directory", "echo", "text=x"]).fails(2);
    assert!(error.contains("'directory'") && error.contains("dir"), "{error}");
    assert_eq!(tmux.call(["good", "echo", "text=x"]).ok(), "x\n");
    tmux.finish();
}
