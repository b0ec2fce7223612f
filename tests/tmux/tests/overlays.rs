//! Menus, prompts and the notes beside them, when something else than the person
//! closes them, and on screens on which little fits.

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, Viewer, stdio, until};

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

fn demo() -> Tmux {
    let setup = Setup::new();
    let journal = setup.path("journal");
    setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .conf("bind-key -n C-g mcp-menu")
        .conf("bind-key -n C-h mcp-menu demo types")
        .conf("bind-key -n C-y mcp-call demo ask kind=long")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start()
}

/// The terminal tells its size again, which has not changed.
fn tell_size(tmux: &Tmux, viewer: &Viewer<'_>) {
    let _ = tmux.run(["set-hook", "-g", "client-resized", "set -g @told yes"]).ok();
    let _ = tmux.run(["set", "-g", "@told", "no"]).ok();
    viewer.client().signal(libc::SIGWINCH);
    tmux.until_format("#{@told}", "yes");
}

/// Reads a note to its end, page by page, and gives all words seen.
fn read_note(viewer: &Viewer<'_>) -> String {
    let mut seen = viewer.words();
    while viewer.screen().contains("PageDown") {
        let before = viewer.screen();
        viewer.keys(&["PageDown"]);
        until("the page turns", || {
            let now = viewer.screen();
            now != before && now.contains("Page")
        });
        seen.push(' ');
        seen.push_str(&viewer.words());
    }
    seen
}

#[test]
fn a_size_told_again_is_no_escape() {
    for (columns, rows) in SIZES {
        let tmux = demo();
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        for _ in 0..3 {
            tell_size(&tmux, &viewer);
        }
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("demo: ");
        tell_size(&tmux, &viewer);
        viewer.until("demo: ");
        // One step back and no further: the servers can be chosen from.
        viewer.keys(&["Escape"]);
        viewer.until("MCP: 1 server");
        tell_size(&tmux, &viewer);
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("demo: ");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_size_told_again_leaves_a_prompt_its_text_and_its_note() {
    for (columns, rows) in SIZES {
        let tmux = demo();
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-h"]);
        viewer.until("[1/9] i*:");
        viewer.until_words("an integer");
        viewer.text("4");
        viewer.until("[1/9] i*: 4");
        tell_size(&tmux, &viewer);
        viewer.text("2");
        viewer.until("[1/9] i*: 42");
        viewer.until_words("an integer");
        viewer.keys(&["Enter"]);
        viewer.until("[2/9] s*:");
        viewer.until_words("a string");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_menu_that_a_prompt_pushes_away_comes_back() {
    // Older ones put the prompt below the menu.
    if Tmux::release() < (3, 5) {
        return;
    }
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 1 server");
    viewer.keys(&["1"]);
    viewer.until("demo: ");
    let name = viewer.name();
    let prompt = tmux.start(["command-prompt", "-t", &name, "-p", "mine:", "set -g @p '%%'"]);
    viewer.until("mine:");
    viewer.until_gone("demo: ");
    viewer.text("yes");
    viewer.keys(&["Enter"]);
    assert_eq!(prompt.wait().code, 0);
    assert_eq!(tmux.format("#{@p}"), "yes");
    viewer.until("demo: ");
    viewer.keys(&["Escape"]);
    viewer.until("MCP: 1 server");
    drop(viewer);
    tmux.finish();
}

#[test]
fn an_error_is_read_whole_and_what_was_typed_is_there_again() {
    for (columns, rows) in SIZES {
        let tmux = demo();
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-h"]);
        viewer.until("[1/9] i*:");
        viewer.text("an integer is not this");
        viewer.keys(&["Enter"]);
        viewer.until_words("wants an integer, not 'an integer is not this'");
        // Beside it are what it wants, and which keys do what.
        viewer.until_words("-1000 to 1000");
        viewer.until_words("Escape: back");
        viewer.until("not this");
        viewer.keys(&["C-u"]);
        viewer.text("2000");
        viewer.keys(&["Enter"]);
        viewer.until_words("wants at most 1000, not '2000'");
        viewer.keys(&["C-u"]);
        viewer.text("7");
        viewer.keys(&["Enter"]);
        viewer.until("[2/9] s*:");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_long_description_is_read_page_by_page_beside_the_prompt() {
    for (columns, rows) in SIZES {
        let tmux = demo();
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-y"]);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        viewer.until("essay*:");
        viewer.text("so");
        let seen = read_note(&viewer);
        for number in 1..=120 {
            assert!(seen.contains(&format!("word{number} ")), "word{number} is not in {seen}");
        }
        assert!(seen.contains("Escape: back"), "{seen}");
        while !viewer.screen().contains("word1 ") {
            viewer.keys(&["PageUp"]);
        }
        viewer.text(" far");
        viewer.until("essay*: so far");
        viewer.keys(&["Enter"]);
        viewer.until("essay = so far");
        viewer.keys(&["d"]);
        viewer.until_words("the user chose: decline");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_note_is_beside_the_prompt_wherever_the_status_line_is() {
    for status in ["status-position top", "status off", "status 3"] {
        for position in ["top", "bottom"] {
            let tmux = demo();
            let viewer = tmux.view_sized(40, 12);
            let _ = tmux.run(["set", "-g", "status-position", position]).ok();
            let _ = tmux.shell(&format!("tmux set -g {status}")).ok();
            viewer.keys(&["C-h"]);
            viewer.until("[1/9] i*:");
            viewer.until_words("an integer");
            viewer.text("12");
            viewer.until("[1/9] i*: 12");
            viewer.keys(&["Enter"]);
            viewer.until("[2/9] s*:");
            viewer.text("x");
            viewer.until("[2/9] s*: x");
            viewer.until_words("a string");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn a_screen_too_small_for_a_note_still_has_the_prompt() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-h"]);
    viewer.until("[1/9] i*:");
    viewer.resize(15, 3);
    tmux.until_format("#{window_width}", "15");
    viewer.text("5");
    viewer.keys(&["Enter"]);
    viewer.until("s*");
    viewer.resize(80, 24);
    tmux.until_format("#{window_width}", "80");
    viewer.keys(&["Escape"]);
    viewer.until("[1/9] i*: 5");
    viewer.until_words("an integer");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_note_does_not_outlive_its_prompt() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    let _ = tmux.run(["bind-key", "-n", "C-h", "mcp-menu", "demo", "echo"]).ok();
    viewer.keys(&["C-h"]);
    viewer.until_words("what to say");
    viewer.text("hello");
    viewer.keys(&["Enter"]);
    viewer.until("text = hello");
    viewer.keys(&["Escape"]);
    viewer.until_words("what to say");
    viewer.keys(&["Escape"]);
    viewer.until_gone("what to say");
    viewer.text("typed again");
    until("the pane has the keys again", || tmux.pane().contains("typed again"));
    assert!(tmux.journal().is_empty(), "{}", json!(tmux.journal()));
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_first_note_says_what_a_tool_does_and_json_is_outlined() {
    for (columns, rows) in SIZES {
        let tmux = demo();
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-h"]);
        viewer.until("[1/9] i*:");
        viewer.until_words("Gives its arguments back as JSON, one of each type.");
        viewer.keys(&["7", "Enter"]);
        viewer.until("[2/9] s*:");
        assert!(!viewer.words().contains("Gives its arguments"), "{}", viewer.screen());
        viewer.keys(&["x", "Enter"]);
        viewer.press("a (left out)");
        viewer.until("[3/9] a:");
        viewer.until_words("string or JSON [string]");
        viewer.keys(&["Enter"]);
        viewer.press("o.x (left out)");
        viewer.until("] o.x:");
        viewer.until_words("number");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn the_name_of_a_field_is_seen_however_long_that_of_the_server_is() {
    let name = "a-server-with-a-long-name";
    let tmux = Setup::new().server(name, stdio(&[])).conf("set -g status-interval 0").start();
    let viewer = tmux.view_sized(40, 12);
    let call = tmux.start_call([name, "ask", "question=who is it?"]);
    viewer.asked(name);
    viewer.keys(&["a"]);
    viewer.until("name*:");
    viewer.until(name);
    viewer.until("who is it?");
    viewer.text("Ann");
    viewer.until("name*: Ann");
    viewer.keys(&["Enter"]);
    viewer.until("name = Ann");
    viewer.keys(&["a"]);
    assert_eq!(call.wait().ok(), "hello, Ann\n");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_menu_that_the_screen_has_become_too_small_for_waits_for_a_larger_one() {
    let tmux = demo();
    let viewer = tmux.view_sized(80, 24);
    let mut call = tmux.start_call(["demo", "ask"]);
    viewer.asked("demo");
    viewer.resize(15, 4);
    tmux.until_format("#{window_width}", "15");
    viewer.until_gone("Decline");
    viewer.resize(40, 12);
    viewer.until("Decline");
    assert!(!call.ended(), "a small screen has answered");
    viewer.keys(&["d"]);
    assert_eq!(call.wait().ok(), "the user chose: decline\n");
    drop(viewer);
    tmux.finish();
}
