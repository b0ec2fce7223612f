//! Calls under way: listed with their progress, and cancelled by one, by server, or all.

use std::fs;

use tmcp_tmux_tests::{Setup, Tmux, gated, recorded, until};

/// Two servers whose input is recorded in `a.in` and `b.in`.
fn two() -> Tmux {
    let setup = Setup::new();
    let (a, b) = (setup.path("a.in"), setup.path("b.in"));
    setup.server("alpha", recorded(&a, &[])).server("beta", recorded(&b, &[])).start()
}

fn input(tmux: &Tmux, name: &str) -> String {
    fs::read_to_string(tmux.path(name)).unwrap_or_default()
}

/// Waits until the server that records in `name` has this many calls: one that is
/// merely under way may not have left tmux, and then its end is no news to a server.
#[track_caller]
fn until_it_has(tmux: &Tmux, name: &str, calls: usize) {
    until(&format!("{name} has {calls} calls"), || {
        input(tmux, name).matches("\"tools/call\"").count() == calls
    });
}

fn ids(tmux: &Tmux, filter: &str) -> Vec<String> {
    let text = tmux.run(["mcp-jobs", "-F", "#{mcp_id}", "-f", filter]).ok();
    text.lines().map(str::to_string).collect()
}

#[test]
fn nothing_under_way_is_an_empty_list() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-jobs"]).ok(), "");
    assert!(tmux.run(["mcp-cancel"]).fails(1).contains("mcp-jobs"));
    assert!(tmux.run(["mcp-cancel", "99"]).fails(1).contains("no such job: 99"));
    assert!(tmux.run(["mcp-cancel", "x"]).fails(1).contains("no such job: x"));
    assert!(tmux.run(["mcp-cancel", "-a", "1"]).fails(1).contains("-a"));
    assert!(tmux.run(["mcp-cancel", "-s", "zeta"]).fails(1).contains("unknown server 'zeta'"));
    tmux.finish();
}

#[test]
fn a_job_tells_its_server_tool_state_and_who_started_it() {
    let tmux = Tmux::demo();
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    until("the call is listed", || !ids(&tmux, "#{==:#{mcp_tool},sleep}").is_empty());
    let line = tmux.run(["mcp-jobs"]).ok();
    assert!(line.contains("demo sleep"), "{line}");
    let template = "#{mcp_server}/#{mcp_tool}/#{e|<|:#{mcp_age_us},60000000}/#{mcp_who}";
    let line = tmux.run(["mcp-jobs", "-F", template]).ok();
    let who = line.strip_prefix("demo/sleep/1/").unwrap_or_else(|| panic!("{line}"));
    assert!(who.contains(&call.process().pid.to_string()) || who.trim().len() > 1, "{line}");
    assert_eq!(ids(&tmux, "#{==:#{mcp_server},other}"), [""; 0]);
    drop(call);
    until("the list is empty again", || tmux.run(["mcp-jobs"]).ok().is_empty());
    tmux.finish();
}

#[test]
fn one_job_is_cancelled_and_its_server_hears_of_it() {
    let tmux = two();
    let first = tmux.start_call(["alpha", "sleep", "ms=60000"]);
    let second = tmux.start_call(["beta", "sleep", "ms=60000"]);
    until_it_has(&tmux, "a.in", 1);
    until_it_has(&tmux, "b.in", 1);
    let id = ids(&tmux, "#{==:#{mcp_server},alpha}");
    assert_eq!(id.len(), 1);
    let _ = tmux.run(["mcp-cancel", &id[0]]).ok();
    assert!(first.wait().fails(1).contains("cancelled"));
    until("alpha hears of it", || input(&tmux, "a.in").contains("notifications/cancelled"));
    assert!(!input(&tmux, "b.in").contains("notifications/cancelled"));
    tmux.until_format("#{mcp_inflight}", "1");
    assert!(tmux.run(["mcp-cancel", &id[0]]).fails(1).contains("no such job"));
    assert_eq!(tmux.call(["alpha", "echo", "text=still here"]).ok(), "still here\n");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = second.wait().fails(1);
    tmux.finish();
}

#[test]
fn all_jobs_of_one_server_are_cancelled() {
    let tmux = two();
    let calls: Vec<_> = (0..3).map(|_| tmux.start_call(["alpha", "sleep", "ms=60000"])).collect();
    let other = tmux.start_call(["beta", "sleep", "ms=60000"]);
    until_it_has(&tmux, "a.in", 3);
    until_it_has(&tmux, "b.in", 1);
    let _ = tmux.run(["mcp-cancel", "-s", "al"]).ok();
    for call in calls {
        assert!(call.wait().fails(1).contains("cancelled"));
    }
    until("alpha hears of three", || {
        input(&tmux, "a.in").matches("notifications/cancelled").count() == 3
    });
    assert_eq!(tmux.format("#{mcp_inflight}"), "1");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = other.wait().fails(1);
    until("beta hears of it", || input(&tmux, "b.in").contains("notifications/cancelled"));
    assert_eq!(tmux.run(["mcp-jobs"]).ok(), "");
    tmux.finish();
}

#[test]
fn a_call_that_ends_before_it_was_sent_never_reaches_its_server() {
    let setup = Setup::new();
    let (sent, gate) = (setup.path("a.in"), setup.path("gate"));
    let tmux = setup.server("alpha", gated(&gate, recorded(&sent, &[]))).start();
    let cancelled = tmux.start_call(["alpha", "sleep", "{\"ms\":60001}"]);
    let killed = tmux.start_call(["alpha", "sleep", "{\"ms\":60002}"]);
    let in_time = tmux.start_call(["alpha", "echo", "{\"text\":\"in time\"}"]);
    let late = tmux.start_call(["-T", "300", "alpha", "sleep", "{\"ms\":60003}"]);
    assert!(late.wait().fails(124).contains("timed out"));
    until("three of them are listed", || ids(&tmux, "1").len() == 3);
    let who = format!("#{{==:#{{mcp_who}},client-{}}}", cancelled.process().pid);
    let _ = tmux.run(["mcp-cancel", &ids(&tmux, &who)[0]]).ok();
    assert!(cancelled.wait().fails(1).contains("cancelled"));
    killed.process().signal(libc::SIGKILL);
    let _ = killed.wait();
    tmux.until_format("#{mcp_inflight}", "1");
    assert_eq!(input(&tmux, "a.in"), "", "the server is not there yet");
    fs::write(&gate, "").expect("the gate opens");
    assert_eq!(in_time.wait().ok(), "in time\n");
    // What comes in order has all come once the last of it is answered.
    assert_eq!(tmux.call(["alpha", "echo", "{\"text\":\"last\"}"]).ok(), "last\n");
    let sent = input(&tmux, "a.in");
    assert_eq!(sent.matches("\"tools/call\"").count(), 2, "{sent}");
    assert!(!sent.contains("sleep") && !sent.contains("notifications/cancelled"), "{sent}");
    tmux.finish();
}

#[test]
fn a_cancelled_call_runs_its_commands_with_the_reason() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    control.send("mcp-call demo sleep ms=60000 { display-message -p 'why=#{mcp_error}' }");
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    assert_eq!(control.wait_line("why="), "why=cancelled");
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn progress_is_in_the_list_and_in_the_status_line() {
    let setup = Setup::new();
    let tmux = setup
        .server("demo", tmcp_tmux_tests::stdio(&[]))
        .conf("set -g status-interval 0")
        .conf("set -g status-right-length 60")
        .conf("set -g status-right '<#{mcp_progress}>'")
        .start();
    let viewer = tmux.view();
    viewer.until("<>");
    let call = tmux.start_call(["demo", "progress", "steps=100", "delay_ms=100"]);
    let template = "#{mcp_tool}=#{mcp_progress}=#{mcp_message}";
    until("the list tells how far it is", || {
        let line = tmux.run(["mcp-jobs", "-F", template]).ok();
        let parts: Vec<&str> = line.trim_end().split('=').collect();
        parts.len() == 3
            && parts[1].parse::<u32>().is_ok_and(|percent| (1..=100).contains(&percent))
            && parts[2].ends_with("of 100")
    });
    viewer.until("%");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait().fails(1);
    viewer.until("<>");
    drop(viewer);
    tmux.finish();
}

#[test]
fn jobs_are_json_with_numbers_as_numbers() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-jobs", "-j"]).ok(), "[]\n");
    let call = tmux.start_call(["demo", "sleep", "ms=60000"]);
    tmux.until_format("#{mcp_running}", "1");
    let jobs = tmux.run(["mcp-jobs", "-j"]).ok();
    let jobs: serde_json::Value = serde_json::from_str(&jobs).expect("an array");
    assert_eq!(jobs.as_array().map(Vec::len), Some(1));
    let job = &jobs[0];
    assert_eq!((&job["server"], &job["tool"]), (&"demo".into(), &"sleep".into()));
    assert!(job["id"].is_u64() && job["age_us"].is_u64() && job["progress"].is_null(), "{job}");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait().fails(1);
    tmux.finish();
}
