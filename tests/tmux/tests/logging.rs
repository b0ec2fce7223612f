//! The log: levels, the file, `show-messages`, and what must never be in it.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

const SECRET: &str = "hunter2-s3cret";

/// A server on a socket that is not there, with a command to fall back to.
fn falls_back(setup: &Setup) -> serde_json::Value {
    let mut entry = stdio(&["--stderr-flood", "100"]);
    entry["transport"] = json!("socket");
    entry["socket_path"] = json!(setup.path("s"));
    entry["env"] = json!({"TOKEN": SECRET});
    entry
}

#[test]
fn the_fallback_is_told_in_the_documented_words_and_order() {
    let setup = Setup::new();
    fs::write(setup.path("plain"), "").expect("written");
    let entry = falls_back(&setup);
    let path = setup.path("s");
    // A socket whose server has gone refuses connections.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
    let tmux = setup.server("demo", entry).conf("set -g mcp-log-level debug").start();
    let _terminal = tmux.attach();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    let messages = tmux.messages();
    let mut rest = messages.iter();
    for want in [
        format!("mcp: connecting to demo via socket {}", path.display()),
        "mcp: socket connection failed: Connection refused".to_string(),
        "mcp: socket connection failed, falling back to stdio".to_string(),
        "mcp: falling back to stdio transport".to_string(),
        "mcp: spawned server pid ".to_string(),
    ] {
        assert!(
            rest.any(|line| line.contains(&want)),
            "{want:?} is missing or out of order in {messages:#?}"
        );
    }
    let pid = tmux.call(["demo", "pid"]).ok();
    assert!(
        messages.iter().any(|line| line.ends_with(&format!("spawned server pid {}", pid.trim())))
    );
    tmux.finish();
}

#[test]
fn the_level_decides_what_is_told_and_can_change() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g mcp-log-level error").start();
    let _terminal = tmux.attach();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert!(!tmux.messages().iter().any(|line| line.contains("mcp: ")), "{:?}", tmux.messages());
    let _ = tmux.run(["set-option", "-g", "mcp-log-level", "debug"]).ok();
    let _ = tmux.call(["demo", "exit"]).fails(2);
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("debugging tells more", || {
        tmux.messages().iter().any(|line| line.contains("mcp: spawned server pid"))
    });
    let error = tmux.run(["set-option", "-g", "mcp-log-level", "loud"]).fails(1);
    assert_eq!(error, "unknown value: loud\n");
    tmux.finish();
}

#[test]
fn the_user_option_of_the_documents_is_another_name_of_the_level() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g @mcp-log-level debug").start();
    let _terminal = tmux.attach();
    let level = || tmux.run(["show-options", "-sv", "mcp-log-level"]).ok();
    assert_eq!(level(), "debug\n");
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert!(tmux.run(["mcp-log"]).ok().contains("spawned server pid"));
    let _ = tmux.run(["set-option", "-g", "@mcp-log-level", "loud"]).ok();
    assert!(tmux.messages().iter().any(|line| line.contains("unknown @mcp-log-level: loud")));
    assert_eq!(level(), "debug\n", "it stays");
    let _ = tmux.run(["set-option", "-g", "@mcp-log-level", "warn"]).ok();
    assert_eq!(level(), "warning\n");
    // What was set last counts, and what is unset is the default again.
    let _ = tmux.run(["set-option", "-g", "mcp-log-level", "error"]).ok();
    assert_eq!(level(), "error\n");
    let _ = tmux.run(["set-option", "-gu", "@mcp-log-level"]).ok();
    assert_eq!(level(), "info\n");
    tmux.finish();
}

#[test]
fn the_debug_variable_counts_from_the_next_command_on() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let _ = tmux.run(["set-environment", "-g", "TMUX_MCP_DEBUG", "1"]).ok();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert!(tmux.run(["mcp-log"]).ok().contains(" debug [tmux] mcp: "));
    let _ = tmux.run(["set-environment", "-gu", "TMUX_MCP_DEBUG"]).ok();
    let lines = || tmux.run(["mcp-log"]).ok().matches(" debug ").count();
    let _ = tmux.run(["mcp-jobs"]).ok();
    let before = lines();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert_eq!(lines(), before);
    tmux.finish();
}

#[test]
fn the_debug_variable_turns_everything_on() {
    let setup = Setup::new().env("TMUX_MCP_DEBUG", "1");
    let entry = falls_back(&setup);
    let tmux = setup.server("demo", entry).conf("set -g mcp-log-file on").start();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    let log =
        fs::read_to_string(tmux.path("home/.tmux/mcp-debug.log")).expect("the usual log file");
    assert!(log.contains(" debug [tmux] mcp: "), "{log}");
    assert!(
        log.contains("warning [tmux] mcp: socket connection failed, falling back to stdio"),
        "{log}"
    );
    tmux.finish();
}

/// A tmux that logs everything to a file, and that file.
fn logs_to_a_file() -> (Tmux, PathBuf) {
    let setup = Setup::new();
    let file = setup.path("mcp.log");
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf("set -g mcp-log-level debug")
        .conf(&format!("set -g mcp-log-file '{}'", file.display()))
        .start();
    (tmux, file)
}

#[test]
fn the_log_goes_to_the_file_that_was_named_and_stops_when_told() {
    let (tmux, file) = logs_to_a_file();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let log = fs::read_to_string(&file).expect("the log file");
    assert!(log.contains("spawned server pid"), "{log}");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).expect("it is there"));
    assert_eq!(mode & 0o777, 0o600, "only its owner reads it");
    let _ = tmux.run(["set-option", "-g", "mcp-log-file", "off"]).ok();
    let _ = tmux.call(["demo", "exit"]).fails(2);
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert_eq!(fs::read_to_string(&file).expect("the log file"), log, "nothing is added");
    tmux.finish();
}

#[test]
fn a_log_file_that_cannot_be_written_is_reported_and_holds_nothing_up() {
    let setup = Setup::new();
    let fifo = setup.path("fifo");
    assert!(
        std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success()
    );
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf(&format!("set -g mcp-log-file '{}'", fifo.display()))
        .start();
    let _terminal = tmux.attach();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    assert!(
        tmux.messages()
            .iter()
            .any(|line| line.contains("can't open log file") && line.contains("fifo")),
        "{:?}",
        tmux.messages()
    );
    let _ = tmux.run(["set-option", "-g", "mcp-log-file", "/does/not/exist"]).ok();
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    assert!(tmux.messages().iter().any(|line| line.contains("/does/not/exist")));
    tmux.finish();
}

#[test]
fn a_log_is_written_to_regular_files_only_and_through_no_link() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let _terminal = tmux.attach();
    let [other, link, fifo] = ["other", "link", "fifo"].map(|name| tmux.path(name));
    fs::write(&other, "mine").expect("written");
    std::os::unix::fs::symlink(&other, &link).expect("linked");
    assert!(
        std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success()
    );
    // Somebody reads, so that it could be opened.
    let _reader =
        fs::OpenOptions::new().read(true).write(true).open(&fifo).expect("the FIFO opens");
    for (path, why) in [
        (link.display().to_string(), "it is a link"),
        (fifo.display().to_string(), "not a regular file"),
        ("/dev/null".to_string(), "not a regular file"),
    ] {
        let _ = tmux.run(["set-option", "-g", "mcp-log-file", &path]).ok();
        assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
        let wanted = format!("can't open log file {path}: {why}");
        assert!(tmux.messages().iter().any(|line| line.contains(&wanted)), "{wanted}");
    }
    assert_eq!(fs::read_to_string(&other).expect("there"), "mine");
    tmux.finish();
}

#[test]
fn secrets_are_never_shown() {
    let setup = Setup::new().env("TMUX_MCP_DEBUG", "1").env("FROM_OUTSIDE", SECRET);
    let mut entry = falls_back(&setup);
    entry["env"]["OTHER"] = json!("${FROM_OUTSIDE}");
    let log = setup.path("mcp.log");
    let tmux = setup
        .server("demo", entry)
        .server("bad", json!({"command": "/does/not/exist", "env": {"TOKEN": SECRET}}))
        .server("worse", json!({"command": 5, "env": {"TOKEN": SECRET}}))
        .conf(&format!("set -g mcp-log-file '{}'", log.display()))
        .start();
    let _terminal = tmux.attach();
    assert_eq!(tmux.call(["demo", "env", "name=TOKEN"]).ok().trim(), SECRET, "the server has it");
    assert_eq!(tmux.call(["demo", "env", "name=OTHER"]).ok().trim(), SECRET, "and this one");
    let mut shown = vec![tmux.call(["bad", "echo", "text=x"]), tmux.call(["demo", "exit"])];
    for command in [&["mcp-reload"][..], &["mcp-stats"], &["mcp-tools"], &["show-messages"]] {
        shown.push(tmux.run(command));
    }
    for output in shown {
        assert!(!output.stdout.contains(SECRET) && !output.stderr.contains(SECRET), "{output:?}");
    }
    assert!(!fs::read_to_string(&log).expect("the log").contains(SECRET));
    tmux.finish();
}

#[test]
fn each_call_is_told_with_its_outcome_and_time_and_read_without_an_attached_client() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g mcp-log-level debug").start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let _ = tmux.call(["demo", "boom", "{}"]).fails(1);
    let _ = tmux.call(["demo", "fail", "message=x"]).fails(1);
    let log = tmux.run(["mcp-log"]).ok();
    for part in [
        "[tmux] mcp: demo echo: call ",
        " ok after ",
        "demo boom: call ",
        " failed after ",
        "boom (-32000)",
        " ended with a tool error after ",
    ] {
        assert!(log.contains(part), "{part:?} is missing in {log}");
    }
    assert!(log.lines().all(|line| line.contains(" [tmux] mcp: ")), "{log}");
    assert_eq!(tmux.run(["mcp-log", "-n", "2"]).ok().lines().count(), 2);
    assert_eq!(tmux.run(["mcp-log", "-n", "0"]).ok(), "");
    assert!(tmux.run(["mcp-log", "-n", "x"]).fails(1).contains("lines"));
    tmux.finish();
}

#[test]
fn the_log_is_followed_by_many_shells_until_they_go() {
    let tmux = Setup::new().server("demo", stdio(&[])).conf("set -g mcp-log-level debug").start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let file = |n: usize| tmux.path(&format!("follow{n}"));
    let binary = std::env::var_os("TMCP_TMUX").expect("the tests have it");
    let mut followers: Vec<std::process::Child> = (0..20)
        .map(|n| {
            let out = fs::File::create(file(n)).expect("created");
            let mut command = tmux.environment(std::path::Path::new(&binary));
            command.args(["-L", "test", "mcp-log", "-f", "-n", "1"]).stdout(out);
            command.stdin(std::process::Stdio::null()).spawn().expect("tmux starts")
        })
        .collect();
    let seen = |n: usize| fs::read_to_string(file(n)).unwrap_or_default();
    until("each has the line before", || (0..20).all(|n| seen(n).contains("ok after")));
    for round in 0..3 {
        let _ = tmux.call(["demo", "echo", "text=y"]).ok();
        until("each has the call", || {
            (0..20).all(|n| seen(n).matches("ok after").count() == round + 2)
        });
    }
    assert_eq!(seen(0).lines().count(), 7, "{}", seen(0));
    for follower in &mut followers {
        follower.kill().expect("killed");
        let _ = follower.wait().expect("reaped");
    }
    let _ = tmux.call(["demo", "echo", "text=z"]).ok();
    tmux.lives();
    tmux.finish();
}

#[test]
fn a_log_file_that_was_moved_away_is_made_anew() {
    let (tmux, file) = logs_to_a_file();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    for how in ["moved", "removed"] {
        match how {
            "moved" => fs::rename(&file, tmux.path("mcp.log.1")).expect("moved"),
            _ => fs::remove_file(&file).expect("removed"),
        }
        until("it is there again", || {
            let _ = tmux.call(["demo", "echo", "text=x"]).ok();
            fs::read_to_string(&file).is_ok_and(|log| log.contains("ok after"))
        });
    }
    let full = tmux.path("full");
    std::os::unix::fs::symlink("/dev/full", &full).expect("linked");
    let _terminal = tmux.attach();
    for bad in [full.to_string_lossy().into_owned(), tmux.path("").display().to_string()] {
        let _ = tmux.run(["set-option", "-g", "mcp-log-file", &bad]).ok();
        for _ in 0..3 {
            assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
        }
        let told = format!(" log file {bad}: ");
        let count = tmux.messages().iter().filter(|line| line.contains(&told)).count();
        assert_eq!(count, 1, "once: {:?}", tmux.messages());
    }
    tmux.finish();
}

#[test]
fn a_file_that_is_too_large_is_moved_and_another_begun() {
    let setup = Setup::new();
    let (path, old) = (setup.path("log"), setup.path("log.old"));
    fs::write(&old, "that of the week before\n").expect("written");
    let file = fs::File::create(&path).expect("made");
    file.set_len(16 << 20).expect("it has room");
    let line = format!("set -g mcp-log-file '{}'", path.display());
    let tmux = setup.server("demo", stdio(&[])).conf(&line).start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("another was begun", || fs::metadata(&path).is_ok_and(|file| file.len() < 1 << 20));
    assert_eq!(fs::metadata(&old).expect("it is there").len(), 16 << 20);
    assert!(fs::read_to_string(&path).expect("text").contains("spawned server pid"));
    tmux.finish();
}

#[test]
fn a_file_that_is_too_large_and_cannot_be_moved_is_left_as_it_is() {
    let setup = Setup::new();
    let path = setup.path("log");
    fs::create_dir(setup.path("log.old")).expect("made");
    let file = fs::File::create(&path).expect("made");
    file.set_len(16 << 20).expect("it has room");
    let line = format!("set -g mcp-log-file '{}'", path.display());
    let tmux = setup.server("demo", stdio(&[])).conf(&line).start();
    let _terminal = tmux.attach();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("the messages tell of it", || {
        tmux.messages().iter().any(|line| line.contains("is full, and can't be moved"))
    });
    let _ = tmux.call(["demo", "exit"]).fails(2);
    assert_eq!(file.metadata().expect("it is open").len(), 16 << 20);
    tmux.finish();
}

#[test]
fn what_tmux_is_told_is_in_the_log_without_an_attached_client() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set", "-s", "mcp-log-file", "/nonexistent/x"]).ok();
    let _ = tmux.run(["set", "-s", "mcp-preconnect", "nosuch"]).ok();
    let _ = tmux.call(["demo", "ask"]).ok();
    let log = tmux.run(["mcp-log"]).ok();
    for said in [
        "can't open log file /nonexistent/x",
        "mcp-preconnect: ",
        "asks and nobody is there: declined",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    tmux.finish();
}
