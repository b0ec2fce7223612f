//! Hooks, servers that start with tmux, and abbreviations.

use serde_json::json;
use tmcp_tmux_tests::process::Process;
use tmcp_tmux_tests::{Setup, stdio, until};

#[test]
fn hooks_run_for_calls_that_end_well_and_badly() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf(
            "set-hook -g mcp-call-done { set -gF @done '#{mcp_server} #{mcp_tool} #{mcp_result}' }",
        )
        .conf("set-hook -g mcp-call-failed { set -gF @failed '#{mcp_tool} #{mcp_error}' }")
        .start();
    let _ = tmux.call(["demo", "echo", "text=fine"]).ok();
    until("done ran", || tmux.format("#{@done}") == "demo echo fine");
    assert_eq!(tmux.format("#{@failed}"), "");
    let _ = tmux.call(["demo", "fail", "message=sorry"]).fails(1);
    until("failed ran", || tmux.format("#{@failed}") == "fail sorry");
    assert_eq!(tmux.format("#{@done}"), "demo echo fine");
    let _ = tmux.call(["-T", "200", "demo", "sleep", "ms=60000"]).fails(124);
    until("failed ran for the timeout", || tmux.format("#{@failed}").starts_with("sleep server"));
    tmux.finish();
}

#[test]
fn a_result_in_a_hook_is_not_expanded_and_runs_nothing() {
    let setup = Setup::new();
    let witness = setup.path("witness");
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-call-done { set -gF @done '#{mcp_result}' }")
        .start();
    let text = format!("text=#(touch {}) #{{pid}}", witness.display());
    let _ = tmux.call(["demo", "echo", &text]).ok();
    until("the hook ran", || !tmux.run(["show", "-gv", "@done"]).ok().trim().is_empty());
    let shown = tmux.run(["show", "-gv", "@done"]).ok();
    assert_eq!(shown.trim_end(), &text["text=".len()..]);
    assert!(!witness.exists());
    tmux.finish();
}

#[test]
fn a_hook_that_calls_a_tool_does_not_run_itself_again() {
    let setup = Setup::new();
    let journal = setup.path("journal");
    let tmux = setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .conf("set-hook -g mcp-call-done { mcp-call -b demo upper text=again }")
        .start();
    let _ = tmux.call(["demo", "echo", "text=once"]).ok();
    until("the hook called", || tmux.journal() == ["echo", "upper"]);
    tmux.until_format("#{mcp_inflight}", "0");
    let _ = tmux.call(["demo", "fail", "message=x"]).fails(1);
    assert_eq!(tmux.journal(), ["echo", "upper", "fail"]);
    tmux.finish();
}

#[test]
fn hooks_tell_of_servers_that_come_and_go() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-server-up { set -gF @up '#{@up}+#{mcp_server}' }")
        .conf("set-hook -g mcp-server-down { set -gF @down '#{@down}+#{mcp_server}' }")
        .start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("it came", || tmux.format("#{@up}") == "+demo");
    assert_eq!(tmux.format("#{@down}"), "");
    let _ = tmux.call(["demo", "crash"]).fails(2);
    until("it went", || tmux.format("#{@down}") == "+demo");
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("it came again", || tmux.format("#{@up}") == "+demo+demo");
    tmux.finish();
}

#[test]
fn a_hook_tells_of_tools_that_changed() {
    let tmux = Setup::new()
        .server("demo", stdio(&["--change-tools-after", "1"]))
        .conf("set-hook -g mcp-tools-changed { set -gF @changed '#{mcp_server}' }")
        .start();
    assert!(!tmux.run(["mcp-tools", "demo"]).ok().contains("extra"));
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("the hook ran", || tmux.format("#{@changed}") == "demo");
    assert!(tmux.run(["mcp-tools", "demo"]).ok().contains("extra"));
    tmux.finish();
}

#[test]
fn a_broken_hook_is_an_error_when_it_is_set_and_the_one_before_stays() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-call-done { set -gF @done '#{mcp_result}' }")
        .start();
    let error = tmux.run(["set-hook", "-g", "mcp-call-done[0]", "no-such-command"]).fails(1);
    assert_eq!(error, "unknown command: no-such-command\n");
    assert_eq!(tmux.call(["demo", "echo", "text=x"]).ok(), "x\n");
    until("the hook ran", || tmux.format("#{@done}") == "x");
    tmux.finish();
}

#[test]
fn a_hook_is_an_array_that_is_shown_run_in_order_and_unset_one_by_one() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let name = "mcp-call-done";
    for (index, letter) in [(2, "c"), (0, "a")] {
        let hook = format!("set -gF @order '#{{@order}}{letter}'");
        let _ = tmux.run(["set-hook", "-g", &format!("{name}[{index}]"), &hook]).ok();
    }
    // A command that fails keeps none of the others from running.
    let _ = tmux.run(["set-hook", "-ga", name, "kill-pane -t nowhere"]).ok();
    let shown = tmux.run(["show-hooks", "-g", name]).ok();
    let indices: Vec<_> = shown.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(indices, ["mcp-call-done[0]", "mcp-call-done[1]", "mcp-call-done[2]"], "{shown}");
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("both ran", || tmux.format("#{@order}") == "ac");
    let _ = tmux.run(["set-hook", "-gu", "mcp-call-done[0]"]).ok();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    until("the last ran", || tmux.format("#{@order}") == "acc");
    let _ = tmux.run(["set-hook", "-gu", "mcp-call-done[1]"]).ok();
    let _ = tmux.run(["set-hook", "-R", name]).ok();
    until("it runs by hand too", || tmux.format("#{@order}") == "accc");
    let _ = tmux.run(["set-hook", "-gu", name]).ok();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert_eq!(tmux.run(["show-hooks", "-g", name]).ok(), "mcp-call-done\n");
    tmux.until_format("#{mcp_inflight}", "0");
    assert_eq!(tmux.format("#{@order}"), "accc");
    tmux.finish();
}

#[test]
fn a_hook_of_a_session_is_run_for_the_calls_of_that_session_and_in_it() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-call-done { set -gF @by 'all #{hook} #{session_name}' }")
        .start();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "cat"]).ok();
    let hook = "set -gF @by 'two #{hook} #{session_name} #{pane_id} #{mcp_result}'";
    let _ = tmux.run(["set-hook", "-t", "two", "mcp-call-done", hook]).ok();
    let _ = tmux.run(["split-window", "-d", "-t", "two:", "cat"]).ok();
    let pane = tmux.run(["display-message", "-p", "-t", "two:.1", "#{pane_id}"]).ok();
    let call = |target: &str, text: &str| {
        let _ = tmux.call(["-t", target, "demo", "echo", text]).ok();
    };
    call("two:.1", "text=x");
    until("its own ran", || {
        tmux.format("#{@by}") == format!("two mcp-call-done two {} x", pane.trim())
    });
    call("one:", "text=y");
    until("that of all ran", || tmux.format("#{@by}") == "all mcp-call-done one");
    // The session may go while the call runs: then the hook of all is run.
    let pending = tmux.start_call(["-t", "two:.1", "demo", "sleep", "ms=300"]);
    tmux.until_format("#{mcp_inflight}", "1");
    let _ = tmux.run(["set-option", "-g", "@by", ""]).ok();
    let _ = tmux.run(["kill-session", "-t", "two"]).ok();
    let _ = pending.wait().ok();
    until("that of all ran again", || tmux.format("#{@by}") == "all mcp-call-done one");
    tmux.finish();
}

#[test]
fn servers_named_in_preconnect_are_up_before_anybody_calls() {
    let tmux = Setup::new()
        .server("warm", stdio(&[]))
        .server("cold", stdio(&[]))
        .conf("set -g mcp-preconnect warm")
        .start();
    tmux.until_format("#{mcp_state_warm}/#{mcp_state_cold}", "connected/disconnected");
    assert_eq!(tmux.format("#{mcp_calls}"), "0");
    let _ = tmux.run(["set", "-g", "mcp-preconnect", "warm cold", ";", "mcp-jobs"]).ok();
    tmux.until_format("#{mcp_state_cold}", "connected");
    tmux.finish();
}

#[test]
fn servers_named_in_preconnect_have_the_environment_of_the_configuration_file() {
    let tmux = Setup::new()
        .server("warm", stdio(&[]))
        .conf("set-environment -g BY_FILE yes")
        .conf("set -g mcp-preconnect warm")
        .start();
    tmux.until_format("#{mcp_state_warm}", "connected");
    let said = tmux.run(["mcp-call", "warm", "env", "name=BY_FILE"]).ok();
    assert_eq!(said.trim(), "yes");
    tmux.finish();
}

#[test]
fn a_wrong_name_in_preconnect_is_told() {
    let tmux =
        Setup::new().server("warm", stdio(&[])).conf("set -g mcp-preconnect 'nobody warm'").start();
    let terminal = tmux.attach();
    tmux.until_format("#{mcp_state_warm}", "connected");
    until("the messages tell of it", || {
        tmux.messages()
            .iter()
            .any(|line| line.contains("mcp-preconnect") && line.contains("nobody"))
    });
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_name_of_the_configuration_is_never_an_abbreviation_and_destructive_tools_have_none() {
    let journal = Setup::new();
    let path = journal.path("journal");
    let off = json!({"command": "true", "disabled": true});
    let tmux = journal
        .server("memory", stdio(&["--journal", &path.to_string_lossy()]))
        .server("mem", off)
        .start();
    let _ = tmux.run(["mcp-tools", "memory"]).ok();
    // An entry that is not used keeps its name to itself, whatever begins with it.
    let error = tmux.call(["mem", "echo", "text=x"]).fails(1);
    assert!(error.contains("server 'mem' is disabled"), "{error}");
    assert_eq!(tmux.call(["memo", "echo", "text=x"]).ok(), "x\n");
    let error = tmux.call(["memory", "cra"]).fails(1);
    assert!(error.contains("tool crash is destructive: write its whole name"), "{error}");
    assert_eq!(tmux.journal(), ["echo"], "nothing destructive was called");
    assert!(tmux.call(["memory", "wor", "text=a b"]).ok().contains("words"));
    tmux.finish();
}

#[test]
fn names_are_abbreviated_while_it_is_clear_who_is_meant() {
    let tmux = Setup::new().server("memory", stdio(&[])).server("mail", stdio(&[])).start();
    // Tools are looked up once they are listed; before, the server is asked as it is.
    let _ = tmux.run(["mcp-tools", "memory"]).ok();
    assert_eq!(tmux.call(["me", "ech", "text=x"]).ok(), "x\n");
    let error = tmux.call(["m", "echo", "text=x"]).fails(1);
    assert!(error.contains("ambiguous server: m (mail, memory)"), "{error}");
    let error = tmux.call(["zeta", "echo", "text=x"]).fails(1);
    assert!(error.contains("zeta") && error.contains("memory"), "{error}");
    let error = tmux.call(["memory", "e", "text=x"]).fails(1);
    assert!(error.contains("ambiguous tool: e") && error.contains("echo"), "{error}");
    let error = tmux.call(["memory", "zz", "text=x"]).fails(1);
    assert!(error.contains("has no tool 'zz'"), "{error}");
    tmux.finish();
}

/// A server whose tools change all the time, as it says.
const RESTLESS: &str = r#"
import json, sys, time
for line in sys.stdin:
    ask = json.loads(line)
    if ask.get("method") == "initialize":
        print(json.dumps({"jsonrpc": "2.0", "id": ask["id"], "result": {
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "restless", "version": "1"}}}), flush=True)
    if ask.get("method") == "notifications/initialized":
        while True:
            print('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}', flush=True)
            time.sleep(0.02)
"#;

#[test]
fn a_hook_waits_while_eight_processes_of_it_are_alive() {
    let entry = json!({"command": "python3", "args": ["-c", RESTLESS], "era": "legacy"});
    let tmux = Setup::new()
        .server("demo", entry)
        .conf("set -g mcp-preconnect demo")
        .conf("set-hook -g mcp-tools-changed { run-shell -b 'exec sleep 4711' }")
        .start();
    let sleepers = || -> Vec<_> {
        let is_sleeper = |child: &Process| {
            let line = std::fs::read(format!("/proc/{}/cmdline", child.pid)).unwrap_or_default();
            line == b"sleep\x004711\0"
        };
        tmux.server().children().into_iter().filter(is_sleeper).collect()
    };
    let _terminal = tmux.attach();
    until("it waits", || {
        tmux.messages().iter().any(|line| line.contains("mcp-tools-changed waits: 8 processes"))
    });
    until("eight are alive", || sleepers().len() == 8);
    let before = sleepers();
    before[0].signal(9);
    until("another took the place", || {
        let now = sleepers();
        now.len() == 8 && now.iter().any(|child| !before.contains(child))
    });
    tmux.finish();
}

#[test]
fn panes_that_people_open_while_a_hook_runs_do_not_hold_it_up() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -g @runs ''")
        .conf("set-hook -g mcp-server-down { set -ga @runs x; run-shell 'sleep 1' }")
        .start();
    let _ = tmux.call(["demo", "exit"]).fails(2);
    until("the hook runs", || tmux.format("#{@runs}") == "x");
    for _ in 0..9 {
        let _ = tmux.run(["new-window", "-d", "exec sleep 1000"]).ok();
    }
    let _ = tmux.call(["demo", "exit"]).fails(2);
    until("the hook runs again", || tmux.format("#{@runs}") == "xx");
    tmux.finish();
}
