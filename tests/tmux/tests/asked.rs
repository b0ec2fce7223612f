//! Who is asked, and what becomes of a question or a menu when the client is locked,
//! suspended or detached, or the server dies, at the wrong moment.

use std::time::Instant;

use tmcp_tmux_tests::{PATIENCE, Setup, Terminal, Tmux, Viewer, stdio, until};

const ERAS: [&str; 2] = ["legacy", "modern"];

fn demo(switches: &[&str]) -> Tmux {
    Setup::new()
        .server("demo", stdio(switches))
        .conf("bind-key -n C-g mcp-menu")
        .conf("bind-key -n C-y mcp-call -o buffer:got demo ask")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .conf("set -g lock-command 'clear; echo LOCKED; read x'")
        .start()
}

fn jobs_end(tmux: &Tmux) {
    until("nothing is under way", || tmux.run(["mcp-jobs"]).ok().is_empty());
}

fn lock(tmux: &Tmux, viewer: &Viewer<'_>) {
    let _ = tmux.run(["lock-session", "-t", "one"]).ok();
    viewer.until("LOCKED");
}

fn unlock(viewer: &Viewer<'_>) {
    viewer.keys(&["Enter"]);
    viewer.until_gone("LOCKED");
}

#[test]
fn a_locked_client_is_not_there_for_the_calls_of_others() {
    for era in ERAS {
        let tmux = demo(&["--era", era]);
        let viewer = tmux.view_sized(40, 12);
        lock(&tmux, &viewer);
        assert_eq!(tmux.call(["demo", "ask"]).ok(), "the user chose: decline\n", "{era}");
        viewer.until("LOCKED");
        unlock(&viewer);
        let call = tmux.start_call(["demo", "ask"]);
        viewer.asked("demo");
        viewer.keys(&["d"]);
        assert_eq!(call.wait().ok(), "the user chose: decline\n", "{era}");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_question_waits_until_the_client_of_the_call_is_unlocked() {
    for era in ERAS {
        for (columns, rows) in [(80, 24), (40, 12)] {
            let tmux = demo(&["--era", era, "--work-ms", "700"]);
            let viewer = tmux.view_sized(columns, rows);
            viewer.keys(&["C-y"]);
            tmux.until_format("#{mcp_inflight}", "1");
            lock(&tmux, &viewer);
            let asking = ["mcp-jobs", "-F", "#{mcp_state}"];
            until("the server asks", || tmux.run(asking).ok() == "asking\n");
            viewer.until("LOCKED");
            unlock(&viewer);
            viewer.asked("demo");
            viewer.keys(&["c"]);
            until("it is answered", || {
                tmux.buffer("got").as_deref() == Some("the user chose: cancel")
            });
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn what_is_open_when_the_client_is_locked_is_open_when_it_comes_back() {
    for (columns, rows) in [(80, 24), (40, 12)] {
        let tmux = demo(&[]);
        let viewer = tmux.view_sized(columns, rows);
        // A menu, and a size that changes while nobody sees it.
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        lock(&tmux, &viewer);
        viewer.resize(60, 15);
        unlock(&viewer);
        viewer.until("MCP: 1 server");
        viewer.keys(&["x"]);
        viewer.until_gone("MCP: 1 server");
        viewer.resize(columns, rows);
        // A question, and then its prompt.
        let call = tmux.start_call(["demo", "ask"]);
        viewer.asked("demo");
        lock(&tmux, &viewer);
        unlock(&viewer);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        viewer.until("name*:");
        viewer.text("half");
        lock(&tmux, &viewer);
        unlock(&viewer);
        viewer.until("name*: half");
        viewer.text(" and whole");
        viewer.keys(&["Enter"]);
        viewer.until("name = half and whole");
        viewer.keys(&["a"]);
        assert_eq!(call.wait().ok(), "hello, half and whole\n");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_suspended_client_is_asked_when_it_is_back() {
    // 3.7 loses a client that is suspended, without us too.
    if Tmux::release() == (3, 7) {
        return;
    }
    for era in ERAS {
        let tmux = demo(&["--era", era]);
        let mut terminal = Terminal::attach(&tmux, &[]);
        let name = tmux.run(["list-clients", "-F", "#{client_name}"]).ok();
        let _ = tmux.run(["suspend-client", "-t", name.trim()]).ok();
        until("it is suspended", || {
            tmux.run(["list-clients", "-F", "#{client_flags}"]).ok().contains("suspended")
        });
        assert_eq!(tmux.call(["demo", "ask"]).ok(), "the user chose: decline\n", "{era}");
        terminal.process().signal(libc::SIGCONT);
        until("it is back", || {
            !tmux.run(["list-clients", "-F", "#{client_flags}"]).ok().contains("suspended")
        });
        let call = tmux.start_call(["demo", "ask"]);
        until("it is asked", || tmux.run(["mcp-answer"]).code == 0);
        terminal.until(b"Decline");
        // Suspended in the middle, it finds the question again.
        let _ = tmux.run(["suspend-client", "-t", name.trim()]).ok();
        until("it is suspended", || {
            tmux.run(["list-clients", "-F", "#{client_flags}"]).ok().contains("suspended")
        });
        terminal.process().signal(libc::SIGCONT);
        until("it is back", || {
            !tmux.run(["list-clients", "-F", "#{client_flags}"]).ok().contains("suspended")
        });
        terminal.keys(b"d");
        assert_eq!(call.wait().ok(), "the user chose: decline\n", "{era}");
        drop(terminal);
        tmux.finish();
    }
}

#[test]
fn whoever_detaches_cancels_what_it_was_asked_and_no_other_is_asked_instead() {
    for era in ERAS {
        let tmux = demo(&["--era", era]);
        let viewer = tmux.view_sized(80, 24);
        let other = tmux.attach();
        viewer.keys(&["C-y"]);
        viewer.asked("demo");
        let _ = tmux.run(["detach-client", "-t", &viewer.name()]).ok();
        until("it is cancelled", || {
            tmux.buffer("got").is_some() || tmux.format("#{mcp_calls}") == "1"
        });
        jobs_end(&tmux);
        assert!(!other.saw(b"demo asks"), "{era}");
        tmux.lives();
        drop((other, viewer));
        tmux.finish();
    }
}

#[test]
fn a_client_that_may_only_read_gets_no_menu() {
    let tmux = demo(&[]);
    let viewer = tmux.view_sized(80, 24);
    let reader = Terminal::attach(&tmux, &["-r"]);
    let clients = tmux.run(["list-clients", "-F", "#{client_readonly} #{client_name}"]).ok();
    let name = clients.lines().find_map(|line| line.strip_prefix("1 ")).expect("it is attached");
    assert!(tmux.run(["mcp-menu", "-c", name]).fails(1).contains("read-only"));
    // It was there last, and yet it is the other that is asked.
    let call = tmux.start_call(["demo", "ask"]);
    viewer.asked("demo");
    viewer.keys(&["d"]);
    assert_eq!(call.wait().ok(), "the user chose: decline\n");
    assert!(!reader.saw(b"Decline"), "the reader was asked");
    drop((reader, viewer));
    tmux.finish();
}

#[test]
fn what_is_awaited_is_dropped_when_the_client_goes() {
    for method in ["tools/list", "prompts/list", "completion/complete"] {
        for kill in [true, false] {
            let tmux = demo(&["--never-reply", "--only", method]);
            let viewer = tmux.view_sized(40, 12);
            viewer.keys(&["C-g"]);
            viewer.until("MCP: 1 server");
            viewer.keys(&["1"]);
            if method != "tools/list" {
                viewer.until("demo: 28 tools");
                viewer.keys(&["P"]);
            }
            if method == "completion/complete" {
                viewer.press("review");
                viewer.until_words("asking demo for suggestions");
            } else {
                viewer.until_words(if kill { "waiting for the" } else { "of demo" });
            }
            if kill {
                viewer.client().signal(libc::SIGKILL);
            } else {
                let _ = tmux.run(["detach-client", "-s", "one"]).ok();
            }
            jobs_end(&tmux);
            drop(viewer);
            let viewer = tmux.view_sized(40, 12);
            viewer.keys(&["C-g"]);
            viewer.until("MCP: 1 server");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn a_question_of_a_server_that_dies_ends_as_its_era_has_it() {
    for era in ERAS {
        let tmux = demo(&["--era", era]);
        let viewer = tmux.view_sized(80, 24);
        let call = tmux.start_call(["demo", "ask"]);
        viewer.asked("demo");
        tmux.mcp_children().iter().for_each(|child| child.signal(libc::SIGKILL));
        if era == "legacy" {
            // The call is lost with the server, and nobody waits for an answer.
            assert_ne!(call.wait().code, 0);
            viewer.until_gone("demo asks");
        } else {
            // The question stands by itself; its answer finds a new server.
            until("it has gone", || tmux.mcp_children().is_empty());
            viewer.keys(&["a"]);
            viewer.until("name*:");
            viewer.text("Ann");
            viewer.keys(&["Enter"]);
            viewer.until("name = Ann");
            viewer.keys(&["a"]);
            assert_eq!(call.wait().ok(), "hello, Ann\n");
        }
        assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_server_that_dies_while_its_tools_are_awaited_says_why() {
    let tmux = demo(&["--never-reply", "--only", "tools/list"]);
    let viewer = tmux.view_sized(40, 12);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 1 server");
    viewer.keys(&["1"]);
    viewer.until("waiting for the tools of demo");
    let start = Instant::now();
    while !viewer.screen().contains("Try again") {
        assert!(start.elapsed() < PATIENCE, "it is never given up\n{}", viewer.screen());
        tmux.mcp_children().iter().for_each(|child| child.signal(libc::SIGKILL));
    }
    viewer.until_words("signal 9");
    viewer.keys(&["Escape"]);
    viewer.until("MCP: 1 server");
    drop(viewer);
    tmux.finish();
}
