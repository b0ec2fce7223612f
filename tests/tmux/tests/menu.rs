//! Finding and calling a tool by menus alone, on two sizes of screen.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

/// A demo server with a journal, a dead one, and the menu on a key.
fn menu(switches: &[&str]) -> Tmux {
    let setup = Setup::new();
    let journal = setup.path("journal");
    let journal = journal.to_string_lossy();
    let mut all = vec!["--journal", &*journal];
    all.extend(switches);
    setup
        .server("demo", stdio(&all))
        .server("gone", json!({"command": "/does/not/exist"}))
        .conf("bind-key -n C-g mcp-menu")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start()
}

fn arguments(tmux: &Tmux) -> serde_json::Value {
    until("the tool ran", || !tmux.journal().is_empty());
    tmux.last_arguments()
}

#[test]
fn servers_tools_arguments_review_and_result_on_both_screens() {
    for (columns, rows) in SIZES {
        let tmux = menu(&[]);
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 2 servers");
        viewer.until("disconnected");
        viewer.keys(&["1"]);
        viewer.until("demo: ");
        viewer.press("echo ");
        viewer.until("text*");
        viewer.text("hello there");
        viewer.keys(&["Enter"]);
        viewer.until("text = hello there");
        viewer.until("Send");
        assert!(tmux.journal().is_empty(), "nothing is sent before the review");
        viewer.keys(&["s"]);
        until("the result is shown", || tmux.format("#{pane_mode}") == "view-mode");
        viewer.until("hello there");
        assert_eq!(arguments(&tmux), json!({"text": "hello there"}));
        assert_eq!(tmux.journal().len(), 1);
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn one_tool_is_not_several_and_a_title_does_not_say_its_name_again() {
    let mut entry = stdio(&[]);
    entry["tools"] = json!({"allow": ["crash"]});
    let tmux = Setup::new().server("demo", entry).conf("bind-key -n C-g mcp-menu").start();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 1 server");
    viewer.keys(&["1"]);
    viewer.until("demo: 1 tool\u{2500}");
    viewer.until("crash  Aborts the server");
    viewer.keys(&["b"]);
    viewer.until("connected, 1 tool ");
    drop(viewer);
    tmux.finish();
}

#[test]
fn escape_goes_back_one_step_each_time_and_sends_nothing() {
    for (columns, rows) in SIZES {
        let tmux = menu(&[]);
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 2 servers");
        viewer.keys(&["1"]);
        viewer.press("add ");
        viewer.until("[1/2] a*");
        viewer.keys(&["1", "Enter"]);
        viewer.until("[2/2] b*");
        viewer.keys(&["2", "Enter"]);
        viewer.until("b = 2");
        viewer.keys(&["Escape"]);
        viewer.until("[2/2] b*");
        viewer.keys(&["Escape"]);
        viewer.until("[1/2] a*");
        viewer.keys(&["Escape"]);
        viewer.until("tools");
        viewer.until("(b)");
        viewer.keys(&["Escape"]);
        viewer.until("MCP: 2 servers");
        viewer.keys(&["Escape"]);
        viewer.until_gone("MCP: 2 servers");
        assert!(tmux.journal().is_empty());
        viewer.text("typed again");
        until("the pane has the keys again", || tmux.pane().contains("typed again"));
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn every_type_has_its_own_question_and_numbers_are_checked() {
    for (columns, rows) in SIZES {
        let tmux = menu(&[]);
        let viewer = tmux.view_sized(columns, rows);
        let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "types"]).ok();
        viewer.keys(&["C-h"]);
        // Required first, with a star; the server gives them in this order.
        viewer.until("[1/9] i*");
        viewer.keys(&["Enter"]);
        viewer.until("needs a value");
        viewer.text("twelve");
        viewer.keys(&["Enter"]);
        viewer.until("wants");
        viewer.keys(&["C-u"]);
        viewer.text("12");
        viewer.keys(&["Enter"]);
        viewer.until("[2/9] s*");
        viewer.text("a \"b\" #{pid}");
        viewer.keys(&["Enter"]);
        // The optional ones are there on wish, one after the other.
        viewer.until("Send");
        viewer.keys(&["e"]);
        viewer.until("[1/9] i*: 12");
        viewer.keys(&["Enter"]);
        viewer.until("[2/9] s*: a");
        viewer.keys(&["Enter"]);
        viewer.until("[3/9]");
        let mut seen = Vec::new();
        while seen.len() < 7 {
            let next = format!("[{}/9]", seen.len() + 3);
            viewer.until(&next);
            let screen = viewer.screen();
            let at = screen.find(&next).expect("just seen");
            let before: Vec<&str> = screen[..at].split_whitespace().collect();
            let after = screen[at + next.len()..].split_whitespace().next().unwrap_or_default();
            let after = after.split('─').next().unwrap_or_default().trim_end_matches(':');
            let name = ["n", "b", "a", "o.x", "o.y", "e", "maybe"]
                .into_iter()
                .find(|name| after == *name || before.last() == Some(name))
                .unwrap_or_else(|| panic!("which field is it?\n{screen}"));
            match name {
                "b" => viewer.keys(&["1"]),
                "e" => {
                    viewer.until("red (default)");
                    viewer.keys(&["3"]);
                }
                "a" => {
                    viewer.text("[\"x\", ");
                    viewer.keys(&["Enter"]);
                    viewer.until("wants a JSON array");
                    viewer.text("\"y\"]");
                    viewer.keys(&["Enter"]);
                }
                "o.x" => {
                    viewer.text("1");
                    viewer.keys(&["Enter"]);
                }
                "n" => {
                    viewer.text("1.5");
                    viewer.keys(&["Enter"]);
                }
                _ => viewer.keys(&["Enter"]),
            }
            seen.push(name);
        }
        viewer.until("(s)");
        viewer.keys(&["s"]);
        let expected = json!({"s": "a \"b\" #{pid}", "i": 12, "n": 1.5, "b": true,
            "a": ["x", "y"], "o": {"x": 1}, "e": "blue"});
        assert_eq!(arguments(&tmux), expected);
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn defaults_are_prefilled_and_review_can_edit_one_of_them() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "progress"]).ok();
    viewer.keys(&["C-h"]);
    viewer.until("steps (left out, default 5)");
    viewer.keys(&["e"]);
    viewer.until("[1/2]");
    viewer.keys(&["Enter"]);
    viewer.until("[2/2]");
    viewer.keys(&["Enter"]);
    viewer.until("steps = 5");
    viewer.until("delay_ms = 10");
    let screen = viewer.screen();
    let line = screen.lines().find(|line| line.contains("steps = 5")).expect("just seen");
    viewer.keys(&[if line.contains("(1)") { "1" } else { "2" }]);
    viewer.until("steps: 5");
    viewer.keys(&["C-u", "3", "Enter"]);
    viewer.until("steps = 3");
    viewer.keys(&["s"]);
    assert_eq!(arguments(&tmux), json!({"steps": 3, "delay_ms": 10}));
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_tool_without_arguments_is_reviewed_too_and_can_be_cancelled() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "pid"]).ok();
    viewer.keys(&["C-h"]);
    viewer.until("no arguments");
    viewer.keys(&["c"]);
    viewer.until_gone("no arguments");
    assert!(tmux.journal().is_empty());
    viewer.keys(&["C-h"]);
    viewer.until("no arguments");
    viewer.keys(&["Escape"]);
    viewer.until_gone("no arguments");
    viewer.keys(&["C-h"]);
    viewer.until("no arguments");
    viewer.keys(&["s"]);
    until("it ran", || tmux.journal() == ["pid"]);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_dead_server_says_why_and_the_way_back_stays() {
    for (columns, rows) in SIZES {
        let tmux = menu(&[]);
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 2 servers");
        viewer.keys(&["2"]);
        viewer.until("/does/not/exist");
        viewer.until("Try again");
        assert!(!viewer.screen().contains("Prompts"), "{}", viewer.screen());
        viewer.keys(&["r"]);
        viewer.until("Try again");
        viewer.keys(&["Escape"]);
        viewer.until("MCP: 2 servers");
        viewer.until("failing");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_slow_server_can_be_left_while_it_is_waited_for() {
    let tmux = menu(&["--never-reply", "--only", "tools/list"]);
    let viewer = tmux.view_sized(40, 12);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    viewer.keys(&["1"]);
    viewer.until("waiting for the tools of demo");
    viewer.keys(&["Escape"]);
    viewer.until("MCP: 2 servers");
    viewer.keys(&["x"]);
    viewer.until_gone("MCP: 2 servers");
    until("nothing is under way", || tmux.run(["mcp-jobs"]).ok().is_empty());
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_client_that_is_killed_or_detached_in_the_middle_harms_nobody() {
    for step in 0..4 {
        for kill in [true, false] {
            let tmux = menu(&[]);
            let viewer = tmux.view_sized(80, 24);
            viewer.keys(&["C-g"]);
            viewer.until("MCP: 2 servers");
            if step > 0 {
                viewer.keys(&["1"]);
                viewer.until("demo: ");
            }
            if step > 1 {
                viewer.press("echo ");
                viewer.until("text*");
                viewer.text("half");
            }
            if step > 2 {
                viewer.keys(&["Enter"]);
                viewer.until("Send");
            }
            if kill {
                viewer.client().signal(libc::SIGKILL);
            } else {
                let _ = tmux.run(["detach-client", "-s", "one"]).ok();
            }
            until("the client has gone", || tmux.run(["list-clients"]).ok().is_empty());
            assert_eq!(tmux.call(["demo", "upper", "text=on"]).ok(), "ON\n");
            assert_eq!(tmux.journal(), ["upper"]);
            drop(viewer);
            let viewer = tmux.view_sized(80, 24);
            viewer.keys(&["C-g"]);
            viewer.until("MCP: 2 servers");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn nobody_is_shown_a_menu_twice_or_without_a_client() {
    let tmux = menu(&[]);
    assert!(tmux.run(["mcp-menu"]).code != 0);
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    let error = tmux.run(["mcp-menu"]);
    assert!(error.code != 0 && error.stderr.contains("busy"), "{error:?}");
    viewer.keys(&["Escape"]);
    viewer.until_gone("MCP: 2 servers");
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_servers_say_of_their_tools_cannot_draw_or_run_anything() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "markup"]).ok();
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    viewer.keys(&["1"]);
    viewer.until("demo: ");
    until("markup is listed", || {
        let screen = viewer.screen();
        if !screen.contains("markup") && screen.contains("(n)") {
            viewer.keys(&["n"]);
        }
        screen.contains("#[fg=red]#(touch")
    });
    assert!(!viewer.screen().contains("%0"), "a format was expanded");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_menu_and_a_prompt_stay_when_the_terminal_changes_its_size() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    viewer.resize(40, 12);
    tmux.until_format("#{window_width}", "40");
    viewer.until("MCP: 2 servers");
    viewer.keys(&["1"]);
    viewer.press("echo ");
    viewer.until("text*");
    viewer.text("before ");
    viewer.until("before");
    viewer.resize(80, 24);
    tmux.until_format("#{window_width}", "80");
    viewer.text("after");
    viewer.until("before after");
    viewer.keys(&["Enter"]);
    viewer.until("text = before after");
    viewer.resize(60, 20);
    tmux.until_format("#{window_width}", "60");
    viewer.until("text = before after");
    viewer.keys(&["s"]);
    assert_eq!(arguments(&tmux), json!({"text": "before after"}));
    drop(viewer);
    tmux.finish();
}

#[test]
fn values_of_all_kinds_of_letters_arrive_as_they_were_typed() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "echo"]).ok();
    for text in [
        "größer 漢字",
        "; kill-server ;",
        "a \"b\" 'c' \\",
        "#(id) #{pid} #[fg=red]",
        "-",
        "%1 $HOME",
    ] {
        let before = tmux.journal().len();
        viewer.keys(&["C-h"]);
        viewer.until("text*");
        viewer.text(text);
        viewer.until(text);
        viewer.keys(&["Enter"]);
        viewer.until(&format!("text = {text}"));
        viewer.keys(&["s"]);
        until("the tool ran", || tmux.journal().len() == before + 1);
        assert_eq!(tmux.last_arguments(), json!({ "text": text }));
        until("the result is shown", || tmux.format("#{pane_mode}") == "view-mode");
        viewer.keys(&["q"]);
        until("it is closed", || tmux.format("#{pane_mode}").is_empty());
    }
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_that_dies_in_the_middle_says_so() {
    let tmux = menu(&[]);
    let viewer = tmux.view_sized(40, 12);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "crash"]).ok();
    viewer.keys(&["C-h"]);
    viewer.until("no arguments");
    // It is destructive, so the form asks.
    viewer.keys(&["y"]);
    viewer.until("demo");
    until("the failure is counted", || tmux.format("#{mcp_errors}") == "1");
    // It is told where the call was made, and can be made again there.
    viewer.until("Yes, run it");
    viewer.keys(&["q"]);
    viewer.until_gone("Yes, run it");
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_click_chooses_and_the_wheel_does_nothing() {
    let tmux = menu(&[]);
    let _ = tmux.run(["set", "-g", "mouse", "on"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    let row = |text: &str| {
        let at = viewer.screen().lines().position(|line| line.contains(text));
        at.expect("the line is on the screen") + 1
    };
    let demo = row("demo");
    for end in [(64, 'M'), (65, 'M'), (2, 'M'), (35, 'M')] {
        viewer.text(&format!("\u{1b}[<{};40;{demo}{}", end.0, end.1));
    }
    viewer.text("\u{1b}[<0;2;2M\u{1b}[<0;2;2m");
    let _ = tmux.format("#{pid}");
    viewer.until("MCP: 2 servers");
    viewer.text(&format!("\u{1b}[<0;40;{demo}M\u{1b}[<0;40;{demo}m"));
    viewer.until("demo: ");
    let back = row("Back");
    viewer.text(&format!("\u{1b}[<0;40;{back}M\u{1b}[<0;40;{back}m"));
    viewer.until("MCP: 2 servers");
    drop(viewer);
    tmux.finish();
}

#[test]
fn keys_typed_ahead_go_to_the_menu_that_comes_next() {
    let tmux = menu(&[]);
    let _ = tmux.run(["mcp-tools", "demo"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 2 servers");
    // In one write: the server, not to wait for its tools, and out of the list.
    viewer.text("1cx");
    viewer.until_gone("MCP: 2 servers");
    let _ = tmux.format("#{pid}");
    assert!(!viewer.screen().contains("cx"), "{}", viewer.screen());
    assert!(!viewer.screen().contains("demo: "), "{}", viewer.screen());
    drop(viewer);
    tmux.finish();
}
