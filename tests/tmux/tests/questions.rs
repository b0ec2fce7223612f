//! Servers that ask: forms and addresses, answered, declined, cancelled, or nobody there.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Terminal, Tmux, stdio, until};

const ERAS: [&str; 2] = ["legacy", "modern"];

fn asking(era: &str) -> Tmux {
    Setup::new().server("demo", stdio(&["--era", era])).conf("set -g status-interval 0").start()
}

#[test]
fn a_question_shows_who_asks_and_is_answered_in_both_eras() {
    for era in ERAS {
        for (columns, rows) in [(80, 24), (40, 12)] {
            let tmux = asking(era);
            let viewer = tmux.view_sized(columns, rows);
            let call = tmux.start_call(["demo", "ask", "question=who is #{pid}?"]);
            viewer.asked("demo");
            viewer.until("who is #{pid}?");
            viewer.keys(&["a"]);
            viewer.until("name*");
            viewer.keys(&["Enter"]);
            viewer.until("needs a v");
            viewer.text("Ann \"x\"");
            viewer.keys(&["Enter"]);
            viewer.until("name = Ann");
            viewer.keys(&["a"]);
            assert_eq!(call.wait().ok(), "hello, Ann \"x\"\n", "{era}");
            viewer.until_gone("answer to demo");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn it_can_be_declined_cancelled_or_escaped_from() {
    for era in ERAS {
        let tmux = asking(era);
        let viewer = tmux.view_sized(80, 24);
        for (key, action) in [("d", "decline"), ("c", "cancel"), ("Escape", "cancel")] {
            let call = tmux.start_call(["demo", "ask"]);
            viewer.asked("demo");
            viewer.keys(&[key]);
            assert_eq!(call.wait().ok(), format!("the user chose: {action}\n"), "{era}");
            viewer.until_gone("demo asks");
        }
        // Escape from the form leads back to the first step.
        let call = tmux.start_call(["demo", "ask"]);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        viewer.until("name*");
        viewer.keys(&["Escape"]);
        viewer.asked("demo");
        viewer.keys(&["d"]);
        assert_eq!(call.wait().ok(), "the user chose: decline\n", "{era}");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_form_has_defaults_titles_and_choices_and_numbers_are_checked() {
    for (era, (columns, rows)) in [("legacy", (80, 24)), ("modern", (40, 12))] {
        let tmux = asking(era);
        let viewer = tmux.view_sized(columns, rows);
        let call = tmux.start_call(["demo", "ask", "kind=fields"]);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        // One is required; the others are there on wish.
        viewer.until("1/5]");
        viewer.text("ann@example.org");
        viewer.keys(&["Enter"]);
        viewer.until("Accept and send");
        viewer.keys(&["e"]);
        for step in 1..=5 {
            let next = format!("{step}/5]");
            viewer.until(&next);
            let screen = viewer.screen();
            if screen.contains("Small") {
                viewer.until("Medium (default)");
                viewer.press("Small");
            } else if screen.contains("email*") {
                viewer.keys(&["Enter"]);
            } else if screen.contains("count") {
                viewer.keys(&["C-u"]);
                viewer.text("many");
                viewer.keys(&["Enter"]);
                viewer.until("wants");
                viewer.keys(&["C-u"]);
                viewer.text("3");
                viewer.keys(&["Enter"]);
            } else if screen.contains("agree") {
                viewer.until("false (default)");
                viewer.press("true");
            } else if screen.contains("[ ] green") {
                viewer.press("[ ] green");
                viewer.until("[x] green");
                viewer.keys(&["d"]);
            } else {
                panic!("which field is it?\n{screen}");
            }
        }
        viewer.until("Accept and send");
        viewer.keys(&["a"]);
        let text = call.wait().ok();
        let text = text.strip_prefix("accepted ").unwrap_or_else(|| panic!("{era}: {text}"));
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let expected = json!({"size": "s", "email": "ann@example.org", "count": 3,
            "agree": true, "colours": ["green"]});
        assert_eq!(value, expected, "{era}");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn an_address_is_shown_whole_and_copied_but_never_opened() {
    for era in ERAS {
        for (columns, rows) in [(80, 24), (40, 12)] {
            let tmux = asking(era);
            let viewer = tmux.view_sized(columns, rows);
            let call = tmux.start_call(["demo", "ask", "kind=url", "question=please sign in"]);
            viewer.asked("demo");
            let address = "https://example.com/sign-in?state=a%20b&for=you";
            until("the whole address can be read", || {
                let screen = viewer.screen();
                let joined: String = screen
                    .lines()
                    .map(|line| line.trim_matches(|c: char| c == '│' || c.is_whitespace()))
                    .collect();
                if !joined.contains("for=you") && screen.contains("(n)") {
                    viewer.keys(&["n"]);
                }
                joined.replace('│', "").contains(address)
            });
            viewer.keys(&["u"]);
            until("it is copied", || tmux.buffer("mcp-url").as_deref() == Some(address));
            viewer.asked("demo");
            viewer.keys(&["a"]);
            let text = call.wait().ok();
            assert!(text.contains("accept"), "{era}: {text}");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn a_question_waits_while_a_prompt_is_open_and_questions_wait_for_each_other() {
    for era in ERAS {
        let tmux = asking(era);
        let _ =
            tmux.run(["bind-key", "-n", "C-g", "command-prompt", "-p", "mine:", "set -g @p '%%'"]);
        let viewer = tmux.view_sized(80, 24);
        viewer.keys(&["C-g"]);
        viewer.until("mine:");
        viewer.text("so");
        let first = tmux.start_call(["demo", "ask", "question=first"]);
        // A question of the legacy era does not say which call it belongs to.
        until("the first server asks", || {
            tmux.run(["mcp-jobs", "-F", "#{mcp_state}"]).ok() == "asking\n"
        });
        let second = tmux.start_call(["demo", "ask", "question=second"]);
        tmux.until_format("#{mcp_inflight}", "2");
        viewer.text(" far");
        viewer.until("mine: so far");
        assert!(!viewer.screen().contains("demo asks"));
        viewer.keys(&["Enter"]);
        until("the prompt was answered", || tmux.format("#{@p}") == "so far");
        // The server asks in the order it likes, and tmux one after the other.
        viewer.asked("demo");
        let first_asks = viewer.screen().contains("first");
        let (one, other, next) =
            if first_asks { (first, second, "second") } else { (second, first, "first") };
        assert!(!viewer.screen().contains(next));
        viewer.keys(&["d"]);
        assert_eq!(one.wait().ok(), "the user chose: decline\n");
        viewer.asked_about(next);
        viewer.keys(&["c"]);
        assert_eq!(other.wait().ok(), "the user chose: cancel\n");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn it_is_declined_when_nobody_is_there_or_may_only_read() {
    for era in ERAS {
        let tmux = asking(era);
        assert_eq!(tmux.call(["demo", "ask"]).ok(), "the user chose: decline\n", "{era}");
        let terminal = Terminal::attach(&tmux, &["-r"]);
        assert_eq!(tmux.call(["demo", "ask"]).ok(), "the user chose: decline\n", "{era}");
        drop(terminal);
        tmux.finish();
    }
}

#[test]
fn it_is_cancelled_when_the_client_goes_in_the_middle() {
    for era in ERAS {
        for form in [false, true] {
            let tmux = asking(era);
            let viewer = tmux.view_sized(80, 24);
            let call = tmux.start_call(["demo", "ask"]);
            viewer.asked("demo");
            if form {
                viewer.keys(&["a"]);
                viewer.until("name*");
                viewer.text("half");
                viewer.client().signal(libc::SIGKILL);
            } else {
                let _ = tmux.run(["detach-client", "-s", "one"]).ok();
            }
            assert_eq!(call.wait().ok(), "the user chose: cancel\n", "{era}");
            assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn a_question_leaves_the_screen_when_its_call_is_cancelled() {
    for era in ERAS {
        let tmux = asking(era);
        let viewer = tmux.view_sized(80, 24);
        let call = tmux.start_call(["demo", "ask"]);
        viewer.asked("demo");
        let _ = tmux.run(["mcp-cancel", "-a"]).ok();
        assert!(call.wait().fails(1).contains("cancelled"), "{era}");
        viewer.until_gone("demo asks");
        assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_hook_answers_for_people() {
    for era in ERAS {
        let tmux = Setup::new()
            .server("demo", stdio(&["--era", era]))
            .conf("set-hook -g mcp-elicitation { run-shell -C 'mcp-answer #{mcp_id} name=Robot' }")
            .start();
        assert_eq!(tmux.call(["demo", "ask"]).ok(), "hello, Robot\n", "{era}");
        assert!(tmux.run(["mcp-answer", "7", "name=x"]).code != 0);
        assert!(tmux.run(["mcp-answer", "x"]).fails(1).contains("no such question: x"));
        tmux.finish();
    }
}

#[test]
fn the_client_that_made_the_call_is_asked() {
    for era in ERAS {
        let tmux = asking(era);
        let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-call", "-o", "buffer:got", "demo", "ask"]);
        let viewer = tmux.view_sized(80, 24);
        let mut other = tmux.attach();
        viewer.keys(&["C-g"]);
        viewer.asked("demo");
        // Somebody else typing does not take the question away.
        other.keys(b"typed elsewhere");
        until("it is in the pane", || tmux.pane().contains("typed elsewhere"));
        assert!(!other.saw(b"demo asks"), "{era}");
        viewer.keys(&["d"]);
        until("it is answered", || {
            tmux.buffer("got").as_deref() == Some("the user chose: decline")
        });
        drop((other, viewer));
        tmux.finish();
    }
}

#[test]
fn scripts_can_decline_and_cancel() {
    for (switch, action) in [("-d", "decline"), ("-x", "cancel")] {
        let hook = format!(
            "set-hook -g mcp-elicitation {{ run-shell -C 'mcp-answer {switch} #{{mcp_id}}' }}"
        );
        let tmux = Setup::new().server("demo", stdio(&[])).conf(&hook).start();
        assert_eq!(tmux.call(["demo", "ask"]).ok(), format!("the user chose: {action}\n"));
        tmux.finish();
    }
}
