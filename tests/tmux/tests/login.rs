//! `mcp-login` and `mcp-logout`: a server that wants to know who calls.

#[path = "../../channels/login_site.rs"]
mod login_site;
#[path = "../../channels/site.rs"]
mod site;

use std::fs;
use std::path::Path;
use std::process::Command;

use login_site::{agreed, start};
use serde_json::json;
use tmcp_tmux_tests::run::Running;
use tmcp_tmux_tests::wait::until_some;
use tmcp_tmux_tests::{Setup, Tmux, tmux, until};

fn setup(url: &str) -> Setup {
    Setup::new().server("s", json!({"type": "http", "url": url, "retry_attempts": 0}))
}

/// Starts `mcp-login` in a shell; its page, once it is printed.
fn log_in(tmux: &Tmux) -> (Running, String) {
    let file = tmux.path("page");
    let _ = fs::remove_file(&file);
    let mut command = tmux.environment(Path::new("/bin/sh"));
    let script = format!(
        "exec '{}' -L test -f '{}' mcp-login s > '{}'",
        tmux::binary().display(),
        tmux.path("tmux.conf").display(),
        file.display()
    );
    let running = Running::start(command.arg("-c").arg(script), b"");
    let page = until_some("the page", || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let page = text.strip_prefix("to log in to s, open\n")?.strip_suffix('\n')?;
        Some(page.to_owned())
    });
    (running, page)
}

/// What a browser on this host does.
fn visit(page: &str) -> String {
    let output = Command::new("curl").args(["-sL", page]).output().expect("curl");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn call(tmux: &Tmux) -> String {
    tmux.call(["s", "echo", "text=hello"]).ok()
}

#[test]
fn a_person_logs_in_once_and_the_token_outlives_the_server() {
    let (site, authority) = start(false);
    let tmux = setup(&site.url()).start();
    let why = tmux.call(["s", "echo", "text=hello"]).fails(2);
    assert!(why.contains("the server wants to know who calls: mcp-login s"), "{why}");
    let (running, page) = log_in(&tmux);
    // Meanwhile tmux serves everybody else, and calls fail at once.
    assert_eq!(tmux.format("#{session_name}"), "one");
    assert!(tmux.call(["s", "echo", "text=hello"]).fails(2).contains("mcp-login s"));
    assert!(visit(&page).contains("You are logged in."));
    let _ = running.wait().ok();
    let printed = fs::read_to_string(tmux.path("page")).expect("printed");
    assert!(printed.ends_with("\nlogged in to s\n"), "{printed}");
    assert_eq!(call(&tmux), "hello\n");

    // A server of a later day, which tells all that it does in its log.
    let server = tmux.server();
    let _ = tmux.run(["kill-server"]).ok();
    until("the server to end", || !server.runs());
    let _ = tmux.run(["-vv", "new-session", "-d", "-x100", "-y30", "-sone", "cat"]).ok();
    let _ = tmux.run(["set-option", "-s", "mcp-log-level", "debug"]).ok();
    assert_eq!(call(&tmux), "hello\n");
    authority.lock().expect("no panic").good.clear();
    assert_eq!(call(&tmux), "hello\n");
    assert_eq!(authority.lock().expect("no panic").given, 2);
    assert_eq!(tmux.run(["mcp-logout", "s"]).ok(), "logged out of s\n");
    assert!(tmux.call(["s", "echo", "text=hello"]).fails(2).contains("mcp-login s"));
    let why = tmux.run(["mlogout", "s"]).fails(1);
    assert!(why.contains("server 's': nobody has logged in"), "{why}");
    let (running, page) = log_in(&tmux);
    let _ = visit(&page);
    let _ = running.wait().ok();
    assert_eq!(call(&tmux), "hello\n");
    let stats = tmux.run(["mcp-stats", "-v"]).ok();
    let _ = tmux.run(["kill-server"]).ok();

    let logs = fs::read_dir(tmux.path("home")).expect("a directory").flatten();
    let logs: Vec<_> = logs.filter(|f| f.file_name().to_string_lossy().ends_with(".log")).collect();
    assert!(!logs.is_empty(), "tmux has written no log");
    let mut is_told = false;
    for log in logs {
        let text = fs::read(log.path()).expect("a log");
        let text = String::from_utf8_lossy(&text).into_owned() + &stats;
        is_told |= text.contains("connecting to s via http");
        for secret in ["secret-access", "secret-refresh", "secret-code"] {
            let line = text.lines().find(|line| line.contains(secret));
            // The page that curl visits is not tmux's; tmux never writes what came back.
            assert_eq!(line, None, "{}", log.path().display());
        }
    }
    assert!(is_told, "the log does not tell what the core does");
    tmux.finish();
}

#[test]
fn a_key_shows_the_page_and_a_pasted_address_ends_the_login() {
    let (site, _authority) = start(true);
    let tmux = setup(&site.url())
        .conf("bind -n F5 mcp-login s")
        .conf("set -s mcp-browser \"printf '%s' > opened\"")
        .start();
    let viewer = tmux.view();
    viewer.keys(&["F5"]);
    viewer.until("to log in to s, open (buffer mcp-url)");
    let page = tmux.buffer("mcp-url").expect("it is copied");
    assert!(page.contains("/authorize?response_type=code&"), "{page}");
    let opened = tmux.path("home/opened");
    until("the browser", || fs::read_to_string(&opened).is_ok_and(|text| !text.is_empty()));

    let why = tmux.run(["mcp-login", "-a", "http://x/?code=a&state=b", "s"]).fails(1);
    assert!(why.contains("the address belongs to another login"), "{why}");
    let _ = tmux.run(["mcp-login", "-a", &agreed(&page), "s"]).ok();
    until("the login", || tmux.call(["s", "echo", "text=x"]).code == 0);
    let why = tmux.run(["mcp-login", "-a", &agreed(&page), "s"]).fails(1);
    assert!(why.contains("no login is under way"), "{why}");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_login_that_nobody_waits_for_is_given_up() {
    let (site, _authority) = start(true);
    let tmux = setup(&site.url()).server("local", json!({"command": "x"})).start();
    assert_eq!(tmux.run(["mcp-complete", "words", "mcp-login", "lo"]).ok(), "local\n");
    let (running, page) = log_in(&tmux);
    running.process().signal(15);
    let _ = running.wait();
    let address = agreed(&page);
    let place = address.split('/').nth(2).expect("a port").to_owned();
    until("the port is closed", || std::net::TcpStream::connect(&place).is_err());
    for (name, words) in [("none", "none"), ("local", "is not reached by HTTP")] {
        let why = tmux.run(["mcp-login", name]).fails(1);
        assert!(why.contains(words), "{why}");
    }
    let _ = tmux.run(["mcp-login"]).fails(1);
    tmux.finish();
}
