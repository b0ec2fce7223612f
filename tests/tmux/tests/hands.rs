//! Hands on a keyboard: nothing that a server does takes a key that was typed for
//! something else, closes what somebody reads, or answers for a person.

use std::thread;
use std::time::{Duration, Instant};

use tmcp_tmux_tests::{Setup, Tmux, Viewer, stdio, until};

/// With the pause that users have, and a pane that shows what is typed.
fn demo() -> Tmux {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set -gu mcp-key-delay")
        .conf("set -g status-interval 0")
        .conf("set -g mouse on")
        .conf("bind -n C-g mcp-call -o buffer:got demo ask")
        .conf("bind -n C-y mcp-answer")
        .start();
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:0.0", "exec cat"]).ok();
    tmux
}

fn pane(tmux: &Tmux) -> String {
    tmux.run(["capture-pane", "-p", "-J", "-t", "one:0.0"]).ok()
}

/// A question is there, and not open.
fn announced(tmux: &Tmux, viewer: &Viewer<'_>) {
    viewer.keys(&["C-g"]);
    tmux.until_format("#{mcp_questions}", "1");
}

/// Opens it and waits until it takes keys.
fn open(tmux: &Tmux, viewer: &Viewer<'_>) {
    announced(tmux, viewer);
    viewer.keys(&["C-y"]);
    viewer.until("Decline");
    thread::sleep(Duration::from_millis(350));
}

fn undecided(tmux: &Tmux) {
    assert_eq!(tmux.format("#{mcp_questions}/#{mcp_inflight}"), "1/1");
    assert_eq!(tmux.buffer("got"), None);
}

#[test]
fn lines_typed_while_a_server_asks_reach_the_shell_whole() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    announced(&tmux, &viewer);
    for letter in "make all 1 day; find . -delete; cd a".chars() {
        viewer.text(&letter.to_string());
    }
    viewer.keys(&["Enter"]);
    until("it is all there", || {
        pane(&tmux).matches("make all 1 day; find . -delete; cd a").count() == 2
    });
    undecided(&tmux);
    viewer.until("demo asks: C-y opens the question");
    viewer.keys(&["C-y"]);
    viewer.until("Decline");
    undecided(&tmux);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_question_takes_no_keys_until_it_was_there_for_a_while_and_typing_has_paused() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    announced(&tmux, &viewer);
    viewer.keys(&["C-y"]);
    viewer.until("Decline");
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(700) {
        viewer.keys(&["d", "Escape", "c"]);
    }
    assert!(viewer.screen().contains("Decline"));
    undecided(&tmux);
    thread::sleep(Duration::from_millis(350));
    viewer.keys(&["d"]);
    until("it is declined", || tmux.buffer("got").as_deref() == Some("the user chose: decline"));
    assert!(!pane(&tmux).contains('d'), "a key went on into the pane: {}", pane(&tmux));
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_mouse_closes_neither_questions_nor_prompts() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    open(&tmux, &viewer);
    for prompt in [false, true] {
        if prompt {
            viewer.keys(&["a"]);
            viewer.until("name*");
        }
        for (button, end) in
            [(0, 'M'), (0, 'm'), (2, 'M'), (2, 'm'), (64, 'M'), (65, 'M'), (32, 'M'), (35, 'M')]
        {
            for (x, y) in [(3, 3), (40, 11), (40, 24)] {
                viewer.text(&format!("\u{1b}[<{button};{x};{y}{end}"));
            }
        }
        viewer.text("\u{1b}[I");
        let _ = tmux.format("#{pid}");
        viewer.until(if prompt { "name*" } else { "Decline" });
        undecided(&tmux);
    }
    viewer.text("Ann");
    viewer.keys(&["Enter"]);
    viewer.until("name = Ann");
    viewer.keys(&["Escape"]);
    viewer.until("name*: Ann");
    viewer.keys(&["Escape"]);
    viewer.until_gone("name*");
    viewer.until("Decline");
    viewer.keys(&["Escape"]);
    until("Escape cancels", || tmux.buffer("got").as_deref() == Some("the user chose: cancel"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_is_pasted_chooses_nothing_and_ends_no_prompt() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    open(&tmux, &viewer);
    viewer.text("\u{1b}[200~dacd\rd\u{1b}[201~");
    viewer.until("Decline");
    undecided(&tmux);
    viewer.keys(&["a"]);
    viewer.until("name*");
    viewer.text("\u{1b}[200~Ann\ra\rand Bob\r\u{1b}[201~");
    viewer.until("name*: Annaand Bob");
    viewer.keys(&["Enter"]);
    viewer.until("name = Annaand Bob");
    viewer.keys(&["a"]);
    until("it is sent", || tmux.buffer("got").as_deref() == Some("hello, Annaand Bob"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_paste_of_100_kb_goes_into_the_pane_while_a_server_asks() {
    let tmux = demo();
    let file = tmux.path("pasted");
    let cat = format!("stty raw -echo; exec cat >'{}'", file.display());
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:0.0", &cat]).ok();
    until("it reads", || file.exists());
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    let line = b"acd e\r".repeat(17_000);
    terminal.keys(b"\x1b[200~");
    for piece in line.chunks(4096) {
        terminal.keys(piece);
    }
    terminal.keys(b"\x1b[201~");
    until("all of it is in the pane", || {
        std::fs::read(&file)
            .is_ok_and(|bytes| bytes.windows(6).filter(|w| *w == b"acd e\r").count() == 17_000)
    });
    tmux.until_format("#{mcp_questions}", "1");
    undecided(&tmux);
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_question_that_is_withdrawn_while_it_is_answered_keeps_what_is_still_typed() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    open(&tmux, &viewer);
    viewer.keys(&["a"]);
    viewer.until("name*");
    viewer.text("rm -rf ");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    for _ in 0..20 {
        viewer.text("x");
    }
    viewer.keys(&["Enter"]);
    viewer.until("demo does not ask any more");
    assert!(!pane(&tmux).contains('x'), "{}", pane(&tmux));
    thread::sleep(Duration::from_millis(350));
    viewer.keys(&["Escape"]);
    viewer.until_gone("demo does not ask any more");
    drop(viewer);
    tmux.finish();
}

#[test]
fn panes_go_on_drawing_beside_questions_prompts_and_messages() {
    let tmux = demo();
    let ticks = "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done";
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["split-window", "-d", "-b", "-l", "4", "-t", "one:0.0", ticks]).ok();
    let newest = |viewer: &Viewer<'_>| -> u32 {
        let screen = viewer.screen();
        screen
            .lines()
            .filter_map(|line| line.trim().strip_prefix("tick ")?.parse().ok())
            .max()
            .unwrap_or(0)
    };
    let goes_on = |what: &str| {
        let before = newest(&viewer);
        until(&format!("panes draw beside {what}:\n{}", viewer.screen()), || {
            newest(&viewer) > before + 5
        });
        assert!(viewer.screen().contains(what), "{}", viewer.screen());
    };
    let _ = tmux.run(["set-option", "-g", "display-time", "0"]).ok();
    announced(&tmux, &viewer);
    viewer.until("demo asks");
    goes_on("demo asks");
    viewer.keys(&["C-y"]);
    viewer.until("Decline");
    goes_on("Decline");
    thread::sleep(Duration::from_millis(350));
    viewer.keys(&["a"]);
    viewer.until("name*");
    goes_on("name*");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_question_waits_for_another_client_when_the_one_it_was_put_to_goes() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    let mut other = tmux.attach();
    announced(&tmux, &viewer);
    let _ = tmux.run(["detach-client", "-t", &viewer.name()]).ok();
    other.until(b"demo asks");
    other.keys(b"\x19");
    other.until(b"Decline");
    undecided(&tmux);
    drop((other, viewer));
    tmux.finish();
}

#[test]
fn what_cannot_be_opened_says_why() {
    let tmux = demo();
    assert!(tmux.run(["mcp-answer"]).fails(1).contains("no question"));
    assert!(tmux.run(["mcp-answer", "-d"]).fails(1).contains("an id is needed"));
    let viewer = tmux.view_sized(80, 24);
    announced(&tmux, &viewer);
    let _ = tmux.run(["command-prompt", "-b", "-t", &viewer.name(), "-p", "mine:"]);
    viewer.until("mine:");
    assert!(tmux.run(["mcp-answer"]).fails(1).contains("busy with a menu or prompt"));
    viewer.keys(&["Escape"]);
    for bad in ["18446744073709551616", "0", "1x", ""] {
        assert!(tmux.run(["mcp-answer", bad]).fails(1).contains("no such question"), "{bad}");
    }
    undecided(&tmux);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_hook_that_opens_questions_leaves_the_keys_to_who_types() {
    let tmux = demo();
    let _ = tmux.run(["set-hook", "-g", "mcp-elicitation", "mcp-answer"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    let mut typed = 0;
    while tmux.format("#{mcp_questions}") != "1" || typed < 25 {
        viewer.text("d");
        typed += 1;
        assert!(!viewer.screen().contains("Decline"), "it opened while somebody types");
    }
    until("what was typed is in the pane", || pane(&tmux).matches('d').count() == typed);
    undecided(&tmux);
    // Then it opens, and what is typed at this moment still goes to the pane.
    viewer.until("Decline");
    viewer.text("d");
    typed += 1;
    until("that too", || {
        pane(&tmux).matches('d').count() == typed || tmux.format("#{mcp_questions}") == "0"
    });
    viewer.until("Decline");
    undecided(&tmux);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_question_opens_over_the_form_that_waits_for_its_call() {
    let tmux = demo();
    let _ = tmux.run(["bind", "-n", "C-t", "mcp-menu", "demo", "ask"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-t"]);
    viewer.until("Send");
    viewer.press("Send");
    // Nobody presses a key for it.
    viewer.until("Decline");
    undecided(&tmux);
    thread::sleep(Duration::from_millis(350));
    viewer.keys(&["d"]);
    viewer.until_gone("Decline");
    viewer.until("the user chose: decline");
    assert!(!viewer.screen().contains("Leave it running"), "{}", viewer.screen());
    assert!(!pane(&tmux).contains('d'), "a key went on into the pane: {}", pane(&tmux));
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_question_of_another_call_does_not_open_over_a_form_that_waits() {
    let tmux = demo();
    let _ = tmux.run(["bind", "-n", "C-t", "mcp-menu", "demo", "sleep"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-t"]);
    viewer.until("ms*");
    viewer.text("600000");
    viewer.keys(&["Enter"]);
    viewer.until("Send");
    viewer.press("Send");
    viewer.until("Leave it running");
    let call = tmux.start_call(["demo", "ask"]);
    tmux.until_format("#{mcp_questions}", "1");
    thread::sleep(Duration::from_millis(1500));
    viewer.until("Leave it running");
    assert!(!viewer.screen().contains("Decline"));
    viewer.press("Cancel the call");
    viewer.until_gone("Leave it running");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait();
    drop(viewer);
    tmux.finish();
}

#[test]
fn only_escape_and_the_items_end_a_question() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    open(&tmux, &viewer);
    for key in ["q", "C-c", "C-g", "BSpace", "Tab", "x", "0"] {
        viewer.keys(&[key]);
        let _ = tmux.format("#{pid}");
        assert!(viewer.screen().contains("Decline"), "{key}:\n{}", viewer.screen());
        undecided(&tmux);
    }
    viewer.keys(&["Escape"]);
    until("Escape cancels", || tmux.buffer("got").as_deref() == Some("the user chose: cancel"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_terminal_that_is_too_small_cancels_no_question() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    announced(&tmux, &viewer);
    for (tries, (columns, rows)) in [(20, 5), (5, 3), (1, 1)].into_iter().enumerate() {
        viewer.resize(columns, rows);
        let size = format!("{columns}x{rows}");
        let list = ["list-clients", "-F", "#{client_width}x#{client_height}"];
        until(&format!("the client is {size}"), || tmux.run(list).ok().trim() == size);
        let _ = tmux.run(["mcp-answer"]).ok();
        let told = |line: &&String| line.contains("message: The terminal is too small");
        until("it was tried", || tmux.messages().iter().filter(told).count() == tries + 1);
        undecided(&tmux);
    }
    viewer.resize(80, 24);
    until("it opens now", || {
        let _ = tmux.run(["mcp-answer"]);
        viewer.screen().contains("Decline")
    });
    undecided(&tmux);
    thread::sleep(Duration::from_millis(350));
    viewer.keys(&["d"]);
    until("it is declined", || tmux.buffer("got").as_deref() == Some("the user chose: decline"));
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_announcement_takes_the_place_of_the_note_that_the_call_runs_and_stays() {
    let tmux = demo();
    let _ = tmux.run(["set-option", "-g", "display-time", "100"]).ok();
    let _ = tmux.run(["bind", "-n", "C-g", "mcp-call", "demo", "sleep", "ms=600000"]).ok();
    let _ = tmux.run(["set-hook", "-g", "mcp-elicitation", "set -g @asked 1"]).ok();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("demo sleep: running");
    let call = tmux.start_call(["demo", "ask"]);
    viewer.until("demo asks: C-y opens the question");
    thread::sleep(Duration::from_millis(800));
    assert!(viewer.screen().contains("demo asks: C-y"), "{}", viewer.screen());
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait();
    drop(viewer);
    tmux.finish();
}
