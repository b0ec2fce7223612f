//! The first law, measured: nothing that goes on with servers keeps anybody waiting
//! who types into a pane or asks in control mode.
//!
//! Each case is held against a positive control in the same tmux: a stop of 250 ms
//! that both probes have to see. A machine may be slow, but then it is so for a
//! while; a case counts as held up only if tmux was away for a good part of the
//! time in every round that patience allows for.
//!
//! `tests/stall` prints the figures of each case, with the idle tmux beside it.

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tmcp_tmux_tests::probe::{Round, STOP};
use tmcp_tmux_tests::{PATIENCE, Probe, Setup, SocketServer, Tmux, Viewer, held, stdio, until};

/// Cases are measured one after the other: they are a load themselves.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So much of the time any machine may take for itself.
const HARDLY: f64 = 0.1;

/// How long one round is.
fn round_time() -> Duration {
    let seconds = std::env::var("TMCP_STALL_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(0.5))
}

/// The rounds of a case in `tmux`, while `work` is done over and over.
fn hold(name: &str, tmux: &Tmux, work: impl FnMut() + Send) {
    let mut probe = Probe::attach(tmux);
    hold_with(name, tmux, &mut probe, work);
}

/// The same with a probe that is there already.
fn hold_with(name: &str, tmux: &Tmux, probe: &mut Probe, mut work: impl FnMut() + Send) {
    let _alone = alone();
    let idle = probe.measure(round_time());
    let over = AtomicBool::new(false);
    let busy = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                work();
            }
        });
        let busy = best(probe);
        over.store(true, Ordering::Relaxed);
        worker.join().expect("the work is done");
        busy
    });
    judge(name, tmux, probe, &idle, &busy);
}

/// The first round in which tmux was hardly away, or the best there was.
fn best(probe: &mut Probe) -> Round {
    let start = Instant::now();
    let mut best = probe.measure(round_time());
    while best.away() > HARDLY && start.elapsed() < PATIENCE {
        let next = probe.measure(round_time());
        if next.away() < best.away() {
            best = next;
        }
    }
    best
}

/// The positive control, and the longest wait that both probes saw in it. It is
/// tried again for a probe that happened to be kept from asking at the beginning.
fn stopped(tmux: &Tmux, probe: &mut Probe) -> (Round, Duration) {
    let mut tries = 0;
    loop {
        tries += 1;
        let round = probe.measure_stopped(tmux);
        let seen = round.typing.longest().min(round.control.longest());
        if seen >= STOP || tries == 3 {
            return (round, seen);
        }
    }
}

/// Compares with the positive control, and prints the line of the table.
#[expect(clippy::print_stdout, reason = "tests/stall shows it")]
fn judge(name: &str, tmux: &Tmux, probe: &mut Probe, idle: &Round, busy: &Round) {
    let (stop, seen) = stopped(tmux, probe);
    println!(
        "| {name} | {} | {} | {} | {} | {:.0} |",
        idle.typing,
        busy.typing,
        idle.control,
        busy.control,
        seen.as_secs_f64() * 1000.0
    );
    assert!(seen >= STOP, "the probes are blind: {seen:?}");
    let limit = stop.typing.away().min(stop.control.away()) / 2.0;
    assert!(limit > 0.1, "the stop was {limit} of its round");
    assert!(
        busy.away() < limit,
        "{name}: tmux was away for {:.0} % of the time; typing {}, control {}",
        busy.away() * 100.0,
        busy.typing,
        busy.control
    );
    tmux.lives();
}

/// A tmux with a second session for those who do not type.
fn with_two(setup: Setup) -> Tmux {
    let tmux = setup.conf("set -g escape-time 0").conf("set -g status-interval 0").start();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "cat"]).ok();
    tmux
}

fn demo() -> Setup {
    Setup::new().server("demo", stdio(&[]))
}

fn bind(tmux: &Tmux, key: &str, command: &[&str]) {
    let _ = tmux.run(["bind-key", "-n", key].iter().chain(command)).ok();
}

/// Runs commands as a file, which takes one client instead of one for each.
fn source(tmux: &Tmux, lines: &str) {
    let file = tmux.path("lines.conf");
    fs::write(&file, lines).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
}

/// The value of a line of a server's report.
fn stat(tmux: &Tmux, server: &str, key: &str) -> u64 {
    let report = tmux.run(["mcp-stats", "-v", server]).ok();
    let line = report.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
    line.and_then(|value| value.replace(',', "").parse().ok()).expect("a number")
}

fn rest() {
    thread::sleep(Duration::from_millis(20));
}

#[test]
fn a_call_of_the_client_that_is_typed_at() {
    let tmux = demo().start();
    let over = tmux.path("over");
    let [ms, file] = held(&over);
    bind(&tmux, "C-g", &["mcp-call", "-o", "buffer", "demo", "sleep", &ms, &file]);
    let mut probe = Probe::attach(&tmux);
    probe.terminal().keys(b"\x07");
    tmux.until_format("#{mcp_inflight}", "1");
    hold_with("a call of a key of the same client", &tmux, &mut probe, rest);
    assert_eq!(tmux.format("#{mcp_inflight}"), "1", "it was under way all the time");
    fs::write(&over, "").expect("written");
    until("it ends all the same", || tmux.buffer("mcp").is_some());
    tmux.finish();
}

#[test]
fn a_hundred_calls_in_flight() {
    let tmux = demo().conf("set -g mcp-max-in-flight 200").start();
    let lines: String =
        (0..100).map(|n| format!("mcp-call -b -o buffer:b{n} demo sleep ms=600000\n")).collect();
    source(&tmux, &lines);
    tmux.until_format("#{mcp_inflight}", "100");
    hold("100 calls in flight", &tmux, rest);
    assert_eq!(tmux.format("#{mcp_inflight}"), "100", "they were in flight all the time");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    tmux.finish();
}

#[test]
fn a_hundred_calls_complete_at_once() {
    let tmux =
        demo().conf("set -g mcp-max-in-flight 200").conf("set -g mcp-buffer-limit 100").start();
    let over = tmux.path("over");
    let [ms, file] = held(&over);
    let lines: String = (0..100)
        .map(|n| format!("mcp-call -b -o buffer:b{n} demo sleep {ms} '{file}'\n"))
        .collect();
    hold("100 calls are made and end together", &tmux, || {
        let _ = fs::remove_file(&over);
        source(&tmux, &lines);
        tmux.until_format("#{mcp_inflight}", "100");
        fs::write(&over, "").expect("written");
        tmux.until_format("#{mcp_inflight}", "0");
    });
    let buffers = tmux.run(["list-buffers", "-F", "#{buffer_name}"]).ok();
    assert_eq!(buffers.lines().filter(|name| name.starts_with('b')).count(), 100);
    tmux.finish();
}

#[test]
fn two_shells_call_without_a_pause() {
    let tmux = demo().start();
    hold("two shells call without a pause", &tmux, || {
        let calls = [0, 1].map(|_| tmux.start_call(["demo", "echo", "text=x"]));
        for call in calls {
            assert_eq!(call.wait().ok(), "x\n");
        }
    });
    tmux.finish();
}

#[test]
fn a_menu_is_walked_through_in_another_client() {
    let tmux = with_two(demo());
    bind(&tmux, "C-g", &["mcp-menu"]);
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    hold_with("a menu is walked through elsewhere", &tmux, &mut probe, || {
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("demo: ");
        viewer.keys(&["n"]);
        viewer.keys(&["Escape"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["Escape"]);
        viewer.until_gone("MCP: 1 server");
    });
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_question_is_open_in_another_client() {
    let tmux = with_two(demo());
    bind(&tmux, "C-g", &["mcp-call", "-o", "none", "demo", "ask"]);
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    viewer.keys(&["C-g"]);
    viewer.asked("demo");
    hold_with("a question is open elsewhere", &tmux, &mut probe, rest);
    viewer.asked("demo");
    drop(viewer);
    tmux.finish();
}

#[test]
fn questions_are_asked_and_answered_in_another_client() {
    let tmux = with_two(demo());
    bind(&tmux, "C-g", &["mcp-call", "-o", "none", "demo", "ask"]);
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    hold_with("questions are answered elsewhere", &tmux, &mut probe, || {
        viewer.keys(&["C-g"]);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        viewer.until("name*");
        viewer.text("Ann");
        viewer.keys(&["Enter"]);
        viewer.until("name = Ann");
        viewer.keys(&["a"]);
        tmux.until_format("#{mcp_inflight}", "0");
    });
    drop(viewer);
    tmux.finish();
}

/// Here the letters go into the answer, and are drawn by tmux alone.
#[test]
fn a_question_is_open_in_the_client_that_is_typed_at() {
    let tmux = demo().conf("set -g escape-time 0").conf("set -g status-interval 0").start();
    bind(&tmux, "C-g", &["mcp-call", "-o", "none", "demo", "ask"]);
    let _alone = alone();
    let mut probe = Probe::attach(&tmux);
    let idle = probe.measure(round_time());
    let terminal = probe.terminal();
    terminal.keys(b"\x07");
    until("it is asked", || tmux.run(["mcp-answer"]).code == 0);
    terminal.until(b"Decline");
    terminal.keys(b"a");
    terminal.until(b"name*");
    let busy = best(&mut probe);
    assert_eq!(tmux.format("#{mcp_inflight}"), "1", "the question was open all the time");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    tmux.until_format("#{mcp_inflight}", "0");
    until("the prompt is gone", || {
        probe.terminal().keys(b"q");
        tmux.pane().contains('q')
    });
    judge("a question is open in the same client", &tmux, &mut probe, &idle, &busy);
    tmux.finish();
}

#[test]
fn ten_megabytes_arrive_and_are_shown() {
    let tmux = with_two(demo());
    bind(&tmux, "C-g", &["mcp-call", "demo", "big", "bytes=10000000"]);
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    hold_with("10 MB are shown in view mode elsewhere", &tmux, &mut probe, || {
        viewer.keys(&["C-g"]);
        viewer.until("0123456789abcdef");
        viewer.keys(&["q"]);
        viewer.until_gone("0123456789abcdef");
    });
    drop(viewer);
    tmux.finish();
}

#[test]
fn ten_megabytes_are_printed_by_a_shell_client() {
    let tmux = demo().start();
    hold("10 MB go to a shell client", &tmux, || {
        let call = tmux.start_call(["demo", "big", "bytes=10000000"]);
        assert_eq!(call.wait().ok().len(), 10_000_001);
    });
    tmux.finish();
}

#[test]
fn ten_megabytes_go_to_a_buffer() {
    let tmux = with_two(demo());
    let arguments = json!({"bytes": 10_000_000}).to_string();
    let follow = "{ set -gF @over '#{e|+:#{@over},1}' }";
    let call = format!("mcp-call -o buffer:kept demo large '{arguments}' {follow}");
    source(&tmux, &format!("set -g @over 0\nbind -n C-g {call}\n"));
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    let mut times = 0;
    hold_with("10 MB go to two buffers, commands follow", &tmux, &mut probe, || {
        times += 1;
        viewer.keys(&["C-g"]);
        tmux.until_format("#{@over}", &times.to_string());
    });
    let sizes = tmux.run(["list-buffers", "-F", "#{buffer_name} #{buffer_size}"]).ok();
    assert!(sizes.contains("mcp 10000000\n"), "{sizes}");
    until("the other is there as well", || {
        tmux.run(["list-buffers", "-F", "#{buffer_name} #{buffer_size}"])
            .ok()
            .contains("kept 10000000\n")
    });
    drop(viewer);
    tmux.finish();
}

#[test]
fn ten_megabytes_of_images_are_saved() {
    let setup = demo();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    let tmux = setup.env("TMPDIR", &saved).start();
    let arguments = json!({"shape": "images", "bytes": 10_000_000}).to_string();
    hold("10 MB of images are saved", &tmux, || {
        let text = tmux.call(["demo", "large", &arguments]).ok();
        assert_eq!(text.matches("2500000 bytes, saved in ").count(), 4, "{text}");
        for directory in fs::read_dir(&saved).expect("readable").flatten() {
            for file in fs::read_dir(directory.path()).expect("readable").flatten() {
                fs::remove_file(file.path()).expect("removed");
            }
        }
    });
    tmux.finish();
}

#[test]
fn five_thousand_tools_are_listed() {
    let tmux = Setup::new().server("demo", stdio(&["--more-tools", "5000"])).start();
    hold("5,000 tools are listed by a template", &tmux, || {
        let list = tmux.run(["mcp-tools", "-F", "#{mcp_name} #{mcp_description}", "demo"]).ok();
        assert!(list.lines().count() > 5000);
    });
    tmux.finish();
}

#[test]
fn a_server_floods_with_lines_and_another_with_one_that_is_huge() {
    let tmux = Setup::new()
        .server("flood", stdio(&["--junk", "2000"]))
        .server("big", stdio(&["--huge-line", "8000000"]))
        .start();
    hold("2,000 lines of noise and a line of 8 MB", &tmux, || {
        for call in ["flood", "big"].map(|name| tmux.start_call([name, "echo", "text=x"])) {
            assert_eq!(call.wait().ok(), "x\n");
        }
    });
    tmux.finish();
}

#[test]
fn servers_crash_and_are_started_again() {
    let names = ["a", "b", "c", "d"];
    let mut setup = Setup::new()
        .conf("set -g mcp-retry-backoff 1")
        .server("exits", json!({"command": "/bin/false", "retry_attempts": 100}));
    for name in names {
        setup = setup.server(name, stdio(&[]));
    }
    let tmux = setup.start();
    hold("5 servers crash in a loop", &tmux, || {
        let background = tmux.start_call(["-T", "2000", "exits", "echo", "{}"]);
        for _ in 0..5 {
            for call in names.map(|name| tmux.start_call([name, "crash", "{}"])) {
                assert_eq!(call.wait().code, 2);
            }
        }
        drop(background);
    });
    assert!(stat(&tmux, "a", "Restarts") > 1);
    tmux.finish();
}

#[test]
fn a_configuration_of_fifty_megabytes_is_read() {
    let tmux = demo().start();
    let mut text = String::from("{\"projects\":{");
    for n in 0..50_000 {
        let _ = write!(text, "\"/p/{n}\":{{\"history\":[\"{}\"]}},", "x".repeat(1000));
    }
    let _ = write!(text, "\"last\":{{}}}},\"mcpServers\":{{\"demo\":{}}}}}", stdio(&[]));
    assert!(text.len() > 50_000_000);
    tmux.write_config(&text);
    drop(text);
    hold("50 MB of configuration are read", &tmux, || {
        assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
    });
    tmux.finish();
}

#[test]
fn fifty_servers_connect_at_once() {
    let servers = |n: usize| -> Value {
        // Another switch makes them other servers, which have to be started.
        let entry = |name: usize| (format!("s{name}"), stdio(&["--page", &(100 + n).to_string()]));
        Value::Object((0..50).map(entry).collect())
    };
    let all: Vec<String> = (0..50).map(|name| format!("s{name}")).collect();
    let tmux = Setup::new().start();
    let up = "#{mcp_state_s0}#{mcp_state_s24}#{mcp_state_s49}";
    let mut n = 0;
    hold("50 servers are started at once", &tmux, || {
        n += 1;
        let _ = tmux.run(["set-option", "-g", "mcp-preconnect", "", ";", "mcp-jobs"]).ok();
        tmux.write_servers(&servers(n));
        assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
        let _ = tmux.run(["set-option", "-g", "mcp-preconnect", &all.join(" "), ";", "mcp-jobs"]);
        tmux.until_format(up, "connectedconnectedconnected");
    });
    tmux.finish();
}

/// Announcements that a watched resource changed, with and without a hook.
fn updates(name: &str, conf: &str) {
    let tmux = Setup::new().server("demo", stdio(&["--updates", "10000"])).conf(conf).start();
    let _ = tmux.run(["mcp-subscribe", "demo", "test://greeting"]).ok();
    until("the storm begins", || stat(&tmux, "demo", "Notifications") > 1000);
    let before = stat(&tmux, "demo", "Notifications");
    hold(name, &tmux, rest);
    let came = stat(&tmux, "demo", "Notifications") - before;
    assert!(came > 500, "only {came} came");
    tmux.finish();
}

#[test]
fn ten_thousand_updates_a_second_come_in() {
    updates("10,000 updates a second", "set -g @none 1");
}

#[test]
fn ten_thousand_updates_a_second_run_a_hook() {
    updates(
        "10,000 updates a second, with a hook",
        "set-hook -g mcp-resource-updated 'set -g @seen 1'",
    );
}

#[test]
fn progress_comes_in_as_fast_as_it_can_be_sent() {
    let tmux = demo().start();
    let mut call = tmux.start_call(["demo", "progress", "steps=100000000", "delay_ms=0"]);
    until("the storm begins", || stat(&tmux, "demo", "Notifications") > 1000);
    hold("progress as fast as it can be sent", &tmux, rest);
    assert!(!call.ended(), "it went on all the time");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    tmux.finish();
}

/// Five hundred servers, of which twenty have listed 528 tools each.
fn five_hundred() -> (SocketServer, Tmux) {
    let path = std::env::temp_dir().join(format!("tmcp-stall-{}", std::process::id()));
    let socket = SocketServer::start(&path, &["--more-tools", "500"]);
    let mut setup = Setup::new();
    for n in 0..500 {
        setup = setup.server(&format!("s{n:03}"), socket.entry());
    }
    let tmux = with_two(setup);
    for n in 0..20 {
        let _ = tmux.run(["mcp-tools", "-F", "#{mcp_name}", &format!("s{n:03}")]).ok();
    }
    (socket, tmux)
}

#[test]
fn ten_thousand_tools_are_walked_through_in_choose_mcp() {
    let (_socket, tmux) = five_hundred();
    bind(&tmux, "C-g", &["choose-mcp"]);
    let mut probe = Probe::attach(&tmux);
    let viewer = Viewer::attach_to(&tmux, "two", 80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("s000: connected, 528 tools");
    let walk = || {
        viewer.keys(&["NPage", "NPage", "Down", "Down", "Up", "End"]);
        viewer.until("s499: ");
        viewer.keys(&["PPage", "Home"]);
        viewer.until("s000: ");
    };
    hold_with("500 servers, 10,560 tools: lines are walked through", &tmux, &mut probe, walk);
    viewer.keys(&["M-+"]);
    viewer.until("echo: Gives the text back.");
    hold_with("the same with all of them expanded", &tmux, &mut probe, walk);
    hold_with("one of them is closed and opened, the others open", &tmux, &mut probe, || {
        viewer.keys(&["Home", "Left"]);
        viewer.until("+ s000: ");
        viewer.keys(&["Right"]);
        viewer.until("- s000: ");
    });
    viewer.keys(&["M--"]);
    viewer.until("s001: connected");
    hold_with("10,560 tools are searched", &tmux, &mut probe, || {
        viewer.keys(&["Home", "/"]);
        viewer.until("(search)");
        viewer.text("nobody has this");
        viewer.keys(&["Enter"]);
        viewer.until_gone("(search)");
    });
    hold_with("10,560 tools are filtered", &tmux, &mut probe, || {
        viewer.keys(&["f"]);
        viewer.until("(filter)");
        viewer.text("#{m:*nobody*,#{mcp_name}}");
        viewer.keys(&["Enter"]);
        viewer.until("no matches");
        viewer.keys(&["f"]);
        viewer.until("(filter)");
        viewer.keys(&["Escape"]);
        viewer.until_gone("(filter:");
    });
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_never_answers_and_another_does_not_read() {
    let tmux = Setup::new()
        .server("mute", stdio(&["--never-reply"]))
        .server("deaf", stdio(&["--stop-reading"]))
        .start();
    let big = json!({"text": "x".repeat(4_000_000)}).to_string();
    let file = tmux.path("big.json");
    fs::write(&file, big).expect("written");
    let file = file.to_string_lossy().into_owned();
    let calls = [
        tmux.start_call(["-T", "600000", "mute", "echo", "text=x"]),
        tmux.start_call(["-T", "600000", "-i", &file, "deaf", "echo"]),
    ];
    tmux.until_format("#{mcp_inflight}", "2");
    hold("one server is mute and one is deaf", &tmux, rest);
    assert_eq!(tmux.format("#{mcp_inflight}"), "2");
    drop(calls);
    tmux.finish();
}
