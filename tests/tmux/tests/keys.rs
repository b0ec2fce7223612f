//! A key calls a tool, and nothing that is typed ever waits for it.

use std::time::{Duration, Instant};

use tmcp_tmux_tests::{Setup, Terminal, Tmux, stdio, until};

/// Far above what a loaded machine needs, far below what a stop shows.
const PROMPT: Duration = Duration::from_millis(150);
const STOP: Duration = Duration::from_millis(250);

fn bind(tmux: &Tmux, command: &[&str]) {
    let _ = tmux.run(["bind-key", "-n", "C-g"].iter().chain(command)).ok();
}

/// The slower of the two: a command's way and back, and a key's.
///
/// One slow moment can be the machine's own, so that the best of three rounds
/// counts; a call that holds tmux up does so in all of them.
fn slowest(tmux: &Tmux, terminal: &mut Terminal, under_way: impl Fn() -> bool) -> Duration {
    let mut control = tmux.control();
    let mut best = Duration::MAX;
    for round in 0..3 {
        assert!(under_way(), "the calls ended before round {round}");
        let mut worst = Duration::ZERO;
        let start = Instant::now();
        let mut letter = b'a';
        while start.elapsed() < Duration::from_millis(400) {
            worst = worst.max(control.round_trip()).max(terminal.echo(letter));
            letter = if letter == b'z' { b'a' } else { letter + 1 };
        }
        best = best.min(worst);
        if best < PROMPT {
            break;
        }
    }
    assert!(under_way(), "the calls ended before the measurement did");
    best
}

/// The same measurement while tmux is stopped for a while: it has to be seen.
fn stopped(tmux: &Tmux, terminal: &mut Terminal) {
    let mut control = tmux.control();
    control.round_trip();
    let server = tmux.server();
    server.signal(libc::SIGSTOP);
    let start = Instant::now();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(STOP);
        server.signal(libc::SIGCONT);
    });
    let key = terminal.echo(b'S');
    let both = key.max(start.elapsed());
    waker.join().expect("the server goes on");
    assert!(both >= Duration::from_millis(240), "the probe is blind: {both:?}");

    server.signal(libc::SIGSTOP);
    let waker = std::thread::spawn(move || {
        std::thread::sleep(STOP);
        server.signal(libc::SIGCONT);
    });
    let command = control.round_trip();
    waker.join().expect("the server goes on");
    assert!(command >= Duration::from_millis(240), "the probe is blind: {command:?}");
}

#[test]
fn the_result_of_a_key_opens_in_view_mode() {
    let tmux = Tmux::demo();
    bind(&tmux, &["mcp-call", "demo", "echo", "text=shown in view mode\nand a second line"]);
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("shown in view mode");
    viewer.until("and a second line");
    assert_eq!(tmux.format("#{pane_mode}"), "view-mode");
    viewer.keys(&["q"]);
    until("q leaves it", || tmux.format("#{pane_in_mode}") == "0");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_error_of_a_key_is_shown_in_the_status_line() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-g", "display-time", "0"]).ok();
    bind(&tmux, &["mcp-call", "demo", "fail", "message=it is broken"]);
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("It is broken");
    assert_eq!(tmux.format("#{pane_in_mode}"), "0");
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_is_typed_during_a_call_of_a_key_reaches_the_pane_at_once() {
    let tmux = Tmux::demo();
    bind(&tmux, &["mcp-call", "-o", "buffer", "demo", "sleep", "ms=2500"]);
    let mut terminal = tmux.attach();
    terminal.echo(b'A');
    terminal.keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    let worst = slowest(&tmux, &mut terminal, || tmux.format("#{mcp_inflight}") == "1");
    assert!(worst < PROMPT, "a key waited {worst:?}");
    until("the call ends all the same", || tmux.buffer("mcp").is_some());
    stopped(&tmux, &mut terminal);
    drop(terminal);
    tmux.finish();
}

#[test]
fn what_is_typed_while_a_hundred_calls_are_under_way_is_not_delayed() {
    let tmux =
        Setup::new().server("demo", stdio(&[])).conf("set -g @mcp-max-in-flight 200").start();
    let mut terminal = tmux.attach();
    terminal.echo(b'A');
    let calls: Vec<String> = (0..100)
        .map(|n| format!("mcp-call -b -o buffer:b{n} demo sleep ms={}", 5000 + 20 * n))
        .collect();
    let file = tmux.path("calls.conf");
    std::fs::write(&file, calls.join("\n")).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
    tmux.until_format("#{mcp_inflight}", "100");
    let worst = slowest(&tmux, &mut terminal, || tmux.format("#{mcp_inflight}") == "100");
    assert!(worst < PROMPT, "with calls in flight: {worst:?}");
    // And while their answers come in.
    until("the answers begin", || tmux.format("#{mcp_inflight}") != "100");
    let worst = slowest(&tmux, &mut terminal, || true);
    assert!(worst < PROMPT, "with answers coming in: {worst:?}");
    tmux.until_format("#{mcp_inflight}", "0");
    let buffers = tmux.run(["list-buffers", "-F", "#{buffer_name}"]).ok();
    assert_eq!(buffers.lines().filter(|name| name.starts_with('b')).count(), 100);
    stopped(&tmux, &mut terminal);
    drop(terminal);
    tmux.finish();
}

#[test]
fn what_is_typed_while_a_server_floods_is_not_delayed() {
    let tmux = Setup::new()
        .server("flood", stdio(&["--junk", "2000"]))
        .server("big", stdio(&["--huge-line", "8000000"]))
        .start();
    let mut terminal = tmux.attach();
    terminal.echo(b'A');
    let mut control = tmux.control();
    let mut worst: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let mut calls = vec![
            tmux.start_call(["flood", "echo", "text=x"]),
            tmux.start_call(["big", "echo", "text=y"]),
        ];
        let mut slow = Duration::ZERO;
        while !calls.iter_mut().all(tmcp_tmux_tests::run::Running::ended) {
            slow = slow.max(control.round_trip()).max(terminal.echo(b'x'));
        }
        worst.push(slow);
        for call in calls {
            let _ = call.wait().ok();
        }
    }
    worst.sort();
    assert!(worst[1] < PROMPT, "{worst:?}");
    drop(terminal);
    drop(control);
    tmux.finish();
}

#[test]
fn a_key_that_calls_a_server_which_never_answers_harms_nobody() {
    let tmux = Setup::new().server("mute", stdio(&["--never-reply"])).start();
    bind(&tmux, &["mcp-call", "-T", "1500", "mute", "echo", "text=x"]);
    let mut terminal = tmux.attach();
    // One at a time: what comes at once is a paste to tmux.
    for n in 1..4 {
        terminal.keys(b"\x07");
        tmux.until_format("#{mcp_inflight}", &n.to_string());
    }
    let worst = slowest(&tmux, &mut terminal, || true);
    assert!(worst < PROMPT, "a key waited {worst:?}");
    tmux.until_format("#{mcp_inflight}", "0");
    until("the user is told", || {
        tmux.messages().iter().any(|line| line.contains("imed out after 1.5 s"))
    });
    drop(terminal);
    tmux.finish();
}
