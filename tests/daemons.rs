//! Servers whose `command` listens on `socket_path`: the process is the daemon.

mod common;

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use common::{Daemon, Driver, Home, is_running, server_binary, text_of, write_config};
use tmcp::error::Kind;

/// The whole entry of a server on `path` whose command is a shell script; `$0` is the
/// scripted server.
fn entry(path: &Path, script: &str, more: serde_json::Value) -> String {
    let mut entry = serde_json::json!({"transport": "socket", "socket_path": path,
        "command": "sh", "args": ["-c", script, server_binary()]});
    for (key, value) in more.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    serde_json::json!({ "s": entry }).to_string()
}

/// A script that becomes the daemon, which neither replaces nor removes files.
fn listening(switches: &str) -> String {
    format!("exec \"$0\" --socket \"$MCP_SOCKET_PATH\" --leave-files {switches}")
}

fn client(name: &str, script: &str, more: serde_json::Value) -> Driver {
    let home = Home::new(name);
    write_config(&home, &entry(&home.path("s.sock"), script, more));
    let mut driver = Driver::at(home);
    driver.ready();
    driver
}

fn pid(driver: &mut Driver) -> u32 {
    driver.text("s", "pid", "{}").parse().expect("a number")
}

fn gone(driver: &mut Driver, pid: u32) {
    driver.until("the end of the daemon", |_| (!is_running(pid)).then_some(()));
}

/// Waits without a client that would do something.
fn await_end(pid: u32) {
    let start = std::time::Instant::now();
    while is_running(pid) {
        assert!(start.elapsed() < common::PATIENCE, "{pid} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(pid: u32) {
    #[allow(unsafe_code)]
    // SAFETY: the call takes plain numbers; the process is one that a test started.
    let killed = unsafe { libc::kill(pid as i32, libc::SIGKILL) };
    assert_eq!(killed, 0);
    await_end(pid);
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}

#[test]
fn a_command_that_listens_is_used_and_kept_and_the_log_says_what_it_always_said() {
    let mut driver = client("listens", &listening(""), serde_json::json!({}));
    let path = driver.home.path("s.sock").display().to_string();
    let first = pid(&mut driver);
    for line in [
        &format!("connecting to s via socket {path}"),
        "socket connection failed: No such file or directory",
        "socket connection failed, falling back to stdio",
        "falling back to stdio transport",
        &format!("spawned server pid {first}"),
        &format!("s listens on socket {path}: server pid {first} is kept"),
    ] {
        let lines = driver.log.lock().unwrap().iter().filter(|l| **l == *line).count();
        assert_eq!(lines, 1, "{line}: {:#?}", driver.log.lock().unwrap());
    }
    assert_eq!(driver.stat("s", "Transport"), "socket");
    assert_eq!(driver.stat("s", "PID"), first.to_string());
    assert_eq!(pid(&mut driver), first);
    // Several at once are served by connections, not by processes.
    let ids: Vec<_> = (0..8).map(|_| driver.start("s", "sleep", r#"{"ms":50}"#)).collect();
    for id in ids {
        assert!(text_of(&driver.done(id)).starts_with("slept"));
    }
    assert_eq!(driver.count_logged("spawned server pid"), 1);
    assert!(driver.number("s", "Total Connections") > 1);
    assert_eq!(driver.number("s", "Errors"), 0);
}

#[test]
fn a_daemon_that_was_killed_is_started_again_in_spite_of_its_file() {
    // No other test has a socket of this name: a file that is younger than a second stays
    // while one is bound anywhere, as it may be in a container.
    let home = Home::new("killed");
    let path = home.path("killed.sock");
    write_config(&home, &entry(&path, &listening(""), serde_json::json!({})));
    let mut driver = Driver::at(home);
    driver.ready();
    for round in 1..=3 {
        let daemon = pid(&mut driver);
        kill(daemon);
        assert!(is_socket(&path), "it leaves its file");
        driver.until("the loss", |d| (d.number("s", "Total Connections") == 0).then_some(()));
        assert_ne!(pid(&mut driver), daemon);
        assert_eq!(driver.count_logged("removed stale socket"), round);
    }
}

#[test]
fn a_daemon_ends_with_the_client_and_with_its_entry_unless_it_is_to_be_kept() {
    for keep in [false, true] {
        let more = serde_json::json!({ "keep": keep });
        let mut driver = client("life", &listening(""), more.clone());
        let path = driver.home.path("s.sock");
        let first = pid(&mut driver);
        let Driver { client, home, .. } = driver;
        drop(client);
        if !keep {
            await_end(first);
        }
        // The next client finds the file, or the daemon.
        let mut driver = Driver::at(home);
        let second = pid(&mut driver);
        assert_eq!(second == first, keep);

        // Another way to start it is another daemon; another limit is not.
        let mut other = more.clone();
        other["retry_attempts"] = 5.into();
        write_config(&driver.home, &entry(&path, &listening(""), other));
        driver.client.reload();
        driver.until("the reload", |d| (d.count_logged("1 servers configured") == 2).then_some(()));
        assert_eq!(pid(&mut driver), second);
        if keep {
            kill(first);
            continue;
        }
        write_config(&driver.home, &entry(&path, &listening("--work-ms 1"), more));
        driver.client.reload();
        driver.until("the reload", |d| (d.count_logged("1 servers configured") == 3).then_some(()));
        let third = pid(&mut driver);
        assert_ne!(third, second);
        assert!(!is_running(second));
        write_config(&driver.home, "{}");
        driver.client.reload();
        gone(&mut driver, third);
    }
}

#[test]
fn a_daemon_of_a_removed_entry_finishes_what_is_under_way() {
    let mut driver = client("under-way", &listening(""), serde_json::json!({}));
    let daemon = pid(&mut driver);
    let file = driver.home.path("over");
    let id = driver.start("s", "sleep", &common::held(&file));
    driver.until("the call", |d| (d.number("s", "In Flight") == 1).then_some(()));
    write_config(&driver.home, "{}");
    driver.client.reload();
    driver.until("the reload", |d| d.logged("0 servers configured").then_some(()));
    assert!(is_running(daemon));
    std::fs::write(&file, "").unwrap();
    assert!(text_of(&driver.done(id)).starts_with("slept"));
    gone(&mut driver, daemon);
}

#[test]
fn a_daemon_may_take_its_time_make_its_directory_print_a_banner_or_speak_on_stdio_too() {
    for (name, script) in [
        ("slow", listening("--start-delay 1500")),
        ("directory", format!("mkdir -p \"$HOME/d\"; sleep 0.1; {}", listening(""))),
        ("banner", format!("echo 'MCP server listening'; echo '{{'; {}", listening(""))),
        ("both", listening("--stdio-too")),
        ("mute", format!("exec >/dev/null 2>&1 </dev/null; sleep 0.3; {}", listening(""))),
    ] {
        let home = Home::new(name);
        let path = match name {
            "directory" => home.path("d/s.sock"),
            _ => home.path("s.sock"),
        };
        write_config(&home, &entry(&path, &script, serde_json::json!({})));
        let mut driver = Driver::at(home);
        let first = pid(&mut driver);
        // One that does both is found to listen after a while, and stays the same.
        while driver.stat("s", "Transport") != "socket" {
            assert_eq!(pid(&mut driver), first, "{name}");
            driver.turns_within(Duration::from_millis(20));
        }
        assert_eq!(pid(&mut driver), first, "{name}");
        assert_eq!(driver.count_logged("spawned server pid"), 1, "{name}");
        assert_eq!(driver.stat("s", "PID"), first.to_string(), "{name}");
        assert_eq!(driver.number("s", "Errors"), 0, "{name}");
        let Driver { client, home, .. } = driver;
        drop(client);
        await_end(first);
        drop(home);
    }
}

#[test]
fn a_daemon_that_ends_while_it_still_works_on_its_standard_streams_has_a_successor() {
    let mut driver = client("still", &listening("--stdio-too"), serde_json::json!({}));
    let first = pid(&mut driver);
    let busy = driver.start("s", "sleep", r#"{"ms":600000}"#);
    while driver.count_logged("is kept") == 0 {
        assert_eq!(pid(&mut driver), first);
        driver.turns_within(Duration::from_millis(20));
    }
    kill(first);
    assert!(driver.done(busy).outcome.is_err());
    let second = pid(&mut driver);
    assert_ne!(second, first);
    while driver.stat("s", "Transport") != "socket" {
        assert_eq!(pid(&mut driver), second);
        driver.turns_within(Duration::from_millis(20));
    }
    assert_eq!(driver.count_logged("is kept"), 2);
}

#[test]
fn a_command_that_puts_its_server_into_the_background_is_waited_for() {
    let background = "(sleep 0.2; exec \"$0\" --socket \"$MCP_SOCKET_PATH\" --leave-files) &";
    let quiet = format!("{} >/dev/null 2>&1 </dev/null &", background.trim_end_matches(" &"));
    for script in [background, &quiet] {
        let mut driver = client("background", script, serde_json::json!({}));
        let first = pid(&mut driver);
        assert_eq!(driver.stat("s", "Transport"), "socket");
        assert_eq!(pid(&mut driver), first);
        assert_eq!(driver.count_logged("spawned server pid"), 1);
        let Driver { client, home, .. } = driver;
        drop(client);
        await_end(first);
        drop(home);
    }
}

#[test]
fn what_fails_says_why_and_leaves_what_is_at_the_path() {
    let home = Home::new("fails");
    let path = home.path("s.sock");
    for (what, file) in [("nothing", 0), ("file", 1), ("directory", 2), ("link", 3)] {
        match file {
            1 => std::fs::write(&path, "mine").unwrap(),
            2 => std::fs::create_dir(&path).unwrap(),
            3 => {
                drop(UnixListener::bind(home.path("target")).unwrap());
                std::os::unix::fs::symlink(home.path("target"), &path).unwrap();
            }
            _ => {}
        }
        let before = std::fs::symlink_metadata(&path).ok().map(|meta| meta.ino());
        // The file is older than one that somebody has just made.
        std::thread::sleep(Duration::from_millis(60));
        let client = Home::new("fails-client");
        write_config(&client, &entry(&path, &listening(""), serde_json::json!({})));
        let mut driver = Driver::at(client);
        if file == 0 {
            pid(&mut driver);
            drop(driver);
            std::fs::remove_file(&path).unwrap();
            continue;
        }
        let error = driver.error("s", "pid", "{}");
        assert_eq!(error.kind(), Kind::Io, "{what}: {error}");
        assert!(error.message().contains("Address already in use"), "{what}: {error}");
        assert_eq!(driver.count_logged("spawned server pid"), 2, "{what}");
        assert_eq!(std::fs::symlink_metadata(&path).ok().map(|meta| meta.ino()), before);
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir(&path);
    }
}

#[test]
fn a_stale_socket_of_somebody_else_is_never_removed() {
    let home = Home::new("foreign-file");
    let path = home.path("s.sock");
    drop(UnixListener::bind(&path).unwrap());
    if std::os::unix::fs::chown(&path, Some(65534), None).is_err() {
        // Only root can make a file somebody else's.
        return;
    }
    std::thread::sleep(Duration::from_millis(60));
    let client = Home::new("foreign-file-client");
    write_config(&client, &entry(&path, &listening(""), serde_json::json!({})));
    let mut driver = Driver::at(client);
    let error = driver.error("s", "pid", "{}");
    assert!(error.message().contains("Address already in use"), "{error}");
    assert!(is_socket(&path));
}

#[test]
fn a_command_that_fails_at_once_is_told_at_once_each_time() {
    let more = serde_json::json!({"retry_backoff": 30_000});
    let mut driver = client("false", "echo no such flag >&2; exit 2", more);
    for call in 1..=3 {
        let error = driver.error("s", "pid", "{}");
        assert!(error.message().contains("exit status 2; stderr: no such flag"), "{error}");
        assert_eq!(driver.count_logged("spawned server pid"), 2 * call);
    }
}

#[test]
fn two_clients_that_start_one_daemon_at_once_use_the_same() {
    for round in 0..4 {
        let home = Home::new("race");
        let path = home.path("s.sock");
        let mut drivers: Vec<Driver> = (0..2)
            .map(|_| {
                let client = Home::new("race-client");
                write_config(&client, &entry(&path, &listening(""), serde_json::json!({})));
                let mut driver = Driver::at(client);
                driver.ready();
                driver
            })
            .collect();
        let ids: Vec<_> = drivers.iter_mut().map(|d| d.start("s", "pid", "{}")).collect();
        // Both take their turns until both have their answers.
        let mut pids = Vec::new();
        for _ in 0..4 {
            for driver in &mut drivers {
                driver.turns_within(Duration::from_millis(1));
            }
        }
        for (driver, id) in drivers.iter_mut().zip(ids) {
            pids.push(text_of(&driver.done(id)));
        }
        assert_eq!(pids[0], pids[1], "round {round}");
    }
}

#[test]
fn an_old_daemon_of_ours_is_used_and_not_ended() {
    let home = Home::new("found");
    let path = home.path("s.sock");
    let daemon = Daemon::start(&path, &[]);
    write_config(&home, &entry(&path, &listening(""), serde_json::json!({})));
    let mut driver = Driver::at(home);
    assert_eq!(pid(&mut driver), daemon.0.id());
    let Driver { client, home, .. } = driver;
    drop(client);
    assert!(is_running(daemon.0.id()));
    drop(home);
}
