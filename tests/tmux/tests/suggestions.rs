//! Prompts, resources and templates by menus, with what the server proposes for
//! their arguments, on two sizes of screen.

use tmcp_tmux_tests::{Setup, Terminal, Tmux, Viewer, stdio, until};

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

/// A demo server, the menu on a key, and a pane that takes pastes of several lines.
fn demo(switches: &[&str]) -> Tmux {
    let tmux = Setup::new()
        .server("demo", stdio(switches))
        .conf("bind-key -n C-g mcp-menu")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start();
    let line = "printf '\\033[?2004h'; stty raw -echo; exec cat -v";
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", line]).ok();
    tmux.until_format("#{pane_current_command}", "cat");
    tmux
}

/// Opens a page of the server's.
fn page<'a>(tmux: &'a Tmux, (columns, rows): (u16, u16), key: &str) -> Viewer<'a> {
    let viewer = tmux.view_sized(columns, rows);
    viewer.keys(&["C-g"]);
    viewer.until("MCP: 1 server");
    viewer.keys(&["1"]);
    viewer.until("demo: 28 tools");
    viewer.keys(&[key]);
    viewer.until(if key == "P" { "demo: 2 prompts" } else { "demo: 4 resources" });
    viewer
}

/// Waits until the pane has this text, however its lines are broken.
fn pasted(tmux: &Tmux, text: &str) {
    until(&format!("{text} is pasted"), || {
        tmux.run(["capture-pane", "-pJ", "-t", "one:"]).ok().contains(text)
    });
}

fn jobs_end(tmux: &Tmux) {
    until("nothing is under way", || tmux.run(["mcp-jobs"]).ok().is_empty());
}

#[test]
fn a_prompt_is_found_filled_from_candidates_and_pasted() {
    for size in SIZES {
        for era in ["legacy", "modern"] {
            let tmux = demo(&["--era", era]);
            let viewer = page(&tmux, size, "P");
            viewer.press("compose");
            // What was given already decides what else is proposed.
            viewer.until("to*");
            viewer.press("gamma");
            viewer.press("tone (left out)");
            viewer.press("kind  ");
            viewer.press("to = gamma");
            viewer.until("Bea");
            viewer.keys(&["f"]);
            viewer.until("to begins:");
            viewer.text("An");
            viewer.keys(&["Enter"]);
            viewer.until("beginning with: An");
            viewer.until_gone("Bea");
            viewer.press("Anton");
            viewer.until("tone = kind");
            viewer.until("to = Anton");
            viewer.until("Paste into the pane");
            viewer.keys(&["s"]);
            pasted(&tmux, "^[[200~Write a kind letter.");
            pasted(&tmux, "Dear Anton,^[[201~");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn escape_is_one_step_back_from_everywhere() {
    for size in SIZES {
        let tmux = demo(&[]);
        let viewer = page(&tmux, size, "P");
        viewer.press("compose");
        viewer.until("Find by beg");
        viewer.keys(&["t"]);
        viewer.until("to*:");
        viewer.until_gone("Find by beg");
        viewer.keys(&["Escape"]);
        viewer.until("Find by beg");
        viewer.keys(&["f"]);
        viewer.until("to begins:");
        viewer.keys(&["Escape"]);
        viewer.until("Find by beg");
        viewer.keys(&["Escape"]);
        viewer.until("demo: 2 prompts");
        viewer.keys(&["Escape"]);
        viewer.until("demo: 28 tools");
        viewer.keys(&["R"]);
        viewer.until("demo: 4 resources");
        viewer.keys(&["Escape"]);
        viewer.until("demo: 28 tools");
        viewer.keys(&["Escape"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["Escape"]);
        viewer.until_gone("MCP: 1 server");
        viewer.text("typed again");
        until("the pane has the keys again", || tmux.pane().contains("typed again"));
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_resource_and_a_template_open_in_view_mode() {
    for size in SIZES {
        let tmux = demo(&[]);
        let viewer = page(&tmux, size, "R");
        viewer.press("greeting");
        until("it is shown", || tmux.format("#{pane_mode}") == "view-mode");
        viewer.until("hello, reader");
        viewer.keys(&["q"]);
        viewer.until_gone("hello, reader");
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("demo: 28 tools");
        viewer.keys(&["R"]);
        viewer.press("note ");
        viewer.press("beta");
        viewer.until("name = beta");
        viewer.keys(&["s"]);
        viewer.until("a note on beta");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn candidates_may_be_many_strange_or_none() {
    for size in SIZES {
        let tmux = demo(&[]);
        let viewer = page(&tmux, size, "R");
        viewer.press("words ");
        viewer.until_words("1000 of 10000, find the others by their beginning");
        viewer.until("word-0000");
        viewer.keys(&["f"]);
        viewer.until("many begins:");
        viewer.text("word-0999");
        viewer.keys(&["Enter"]);
        viewer.until("beginning with: word-0999");
        viewer.press("word-09995");
        viewer.until("odd*");
        viewer.until("#(touch /nonexistent)");
        let mut seen = viewer.screen();
        while !seen.contains("two lines") {
            viewer.keys(&["n"]);
            until("the page turns", || !seen.ends_with(&viewer.screen()));
            seen.push_str(&viewer.screen());
        }
        assert!(seen.contains("red\\a") && seen.contains("#[fg=red]styled"), "{seen}");
        if viewer.screen().contains("(p)") {
            viewer.keys(&["p"]);
        }
        viewer.press("#(touch /nonexistent)");
        // Nothing is proposed for this one: it is typed.
        viewer.until("none*:");
        viewer.text("x y");
        viewer.keys(&["Enter"]);
        viewer.until("odd = #(touch /nonexistent)");
        viewer.keys(&["s"]);
        viewer.until("%28touch%20%2Fnonexistent%29/x%20y");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn nothing_that_begins_so_leaves_all_ways_open() {
    let tmux = demo(&[]);
    let viewer = page(&tmux, (40, 12), "P");
    viewer.press("compose");
    viewer.press("gamma");
    viewer.press("tone (left out)");
    viewer.until("Find by beg");
    viewer.keys(&["f"]);
    viewer.until("tone begins:");
    viewer.text("zzz");
    viewer.keys(&["Enter"]);
    viewer.until("nothing begins with: zzz");
    viewer.keys(&["f"]);
    viewer.until("tone begins: zzz");
    viewer.keys(&["C-u"]);
    viewer.text("s");
    viewer.keys(&["Enter"]);
    viewer.until("beginning with: s");
    viewer.press("stern ");
    viewer.until("tone = stern");
    drop(viewer);
    tmux.finish();
}

#[test]
fn candidates_that_never_come_hold_nobody_up() {
    for size in SIZES {
        let tmux = demo(&["--never-reply", "--only", "completion/complete"]);
        let viewer = page(&tmux, size, "P");
        viewer.press("review");
        viewer.until_words("asking demo for suggestions");
        viewer.keys(&["Escape"]);
        viewer.until("demo: 2 prompts");
        jobs_end(&tmux);
        viewer.press("review");
        viewer.until_words("asking demo for suggestions");
        viewer.keys(&["t"]);
        viewer.until("subject*:");
        jobs_end(&tmux);
        viewer.text("the diff");
        viewer.keys(&["Enter"]);
        viewer.until("subject = the diff");
        viewer.keys(&["s"]);
        pasted(&tmux, "Please review the diff.");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn candidates_that_come_late_disturb_no_prompt() {
    let tmux = demo(&["--delay", "700", "--only", "completion/complete"]);
    let viewer = page(&tmux, (80, 24), "P");
    viewer.press("review");
    viewer.until_words("asking demo for suggestions");
    viewer.keys(&["t"]);
    viewer.until("subject*:");
    viewer.text("so");
    // The answer that nobody waits for any more comes before this one.
    assert_eq!(tmux.run(["mcp-complete", "demo", "compose", "tone"]).ok(), "kind\nstern\n");
    viewer.text(" far");
    viewer.until("subject*: so far");
    viewer.keys(&["Enter"]);
    viewer.until("subject = so far");
    // Whoever waits gets them.
    viewer.press("subject = ");
    viewer.until_words("asking demo for suggestions");
    viewer.press("gamma");
    viewer.until("subject = gamma");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_that_dies_while_candidates_are_awaited_leaves_the_prompt() {
    let setup = Setup::new();
    let file = setup.path("pid").to_string_lossy().into_owned();
    let switches = ["--never-reply", "--only", "completion/complete", "--pid-file", &file];
    let tmux = setup
        .server("demo", stdio(&switches))
        .conf("bind-key -n C-g mcp-menu")
        .conf("set -g status-interval 0")
        .start();
    let viewer = page(&tmux, (40, 12), "P");
    viewer.press("review");
    viewer.until_words("asking demo for suggestions");
    // It is asked again for as long as that makes sense.
    until("it is given up", || {
        tmux.mcp_children().iter().for_each(|child| child.signal(libc::SIGKILL));
        viewer.screen().contains("no suggestions:")
    });
    viewer.until("subject*:");
    viewer.text("x");
    viewer.keys(&["Enter"]);
    viewer.until("subject = x");
    viewer.keys(&["s"]);
    pasted(&tmux, "Please review x.");
    drop(viewer);
    tmux.finish();
}

#[test]
fn only_what_a_server_has_is_led_to() {
    for era in ["legacy", "modern"] {
        let tmux = demo(&["--era", era, "--without", "prompts"]);
        let viewer = tmux.view_sized(80, 24);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("Resources");
        assert!(!viewer.screen().contains("Prompts"), "{}", viewer.screen());
        drop(viewer);
        tmux.finish();
        let tmux = demo(&["--era", era, "--without", "completions"]);
        let viewer = page(&tmux, (80, 24), "P");
        viewer.press("review");
        viewer.until("subject*:");
        viewer.keys(&["Escape"]);
        viewer.until("demo: 2 prompts");
        drop(viewer);
        tmux.finish();
        // Without tools, they are not what one is shown.
        let tmux = demo(&["--era", era, "--without", "tools"]);
        let viewer = tmux.view_sized(40, 12);
        viewer.keys(&["C-g"]);
        viewer.until("MCP: 1 server");
        viewer.keys(&["1"]);
        viewer.until("Prompts");
        viewer.keys(&["P"]);
        viewer.until("demo: 2 prompts");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_key_asks_for_what_its_command_lacks() {
    let tmux = demo(&[]);
    for (key, command) in [
        ("C-h", "mcp-prompt dem compose"),
        ("C-y", "mcp-prompt dem compose tone=stern"),
        ("C-k", "mcp-prompt dem review subject=this"),
        ("C-l", "mcp-read dem test://note/{name}"),
        ("C-t", "mcp-prompt dem nothing"),
    ] {
        let _ = tmux.shell(&format!("tmux bind-key -n {key} {command}")).ok();
    }
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-h"]);
    viewer.until("Find by beg");
    viewer.keys(&["Escape"]);
    viewer.until_gone("Find by beg");
    // What is given is not asked for again, but can be gone back to.
    viewer.keys(&["C-y"]);
    viewer.press("the council");
    viewer.until("tone = stern");
    viewer.keys(&["Escape"]);
    viewer.until("the council (chosen)");
    viewer.press("the council");
    viewer.until("Paste into the pane");
    viewer.keys(&["s"]);
    pasted(&tmux, "Dear the council,");
    // Nothing is missing, and nothing is asked.
    viewer.keys(&["C-k"]);
    pasted(&tmux, "Please review this.");
    viewer.keys(&["C-t"]);
    viewer.until("no such prompt");
    viewer.keys(&["C-l"]);
    viewer.press("alpha");
    viewer.until("name = alpha");
    viewer.keys(&["s"]);
    viewer.until("a note on alpha");
    drop(viewer);
    tmux.finish();
}

#[test]
fn scripts_are_not_asked() {
    let tmux = demo(&[]);
    let viewer = tmux.view_sized(80, 24);
    // What is required is looked for before the server is asked.
    let error = tmux.run(["mcp-prompt", "-o", "stdout", "demo", "compose"]).fails(1);
    assert_eq!(error, "prompt 'compose' needs 'to'; it takes tone, to (required)\n");
    let text = tmux.run(["mcp-prompt", "-o", "stdout", "demo", "compose", "to=me"]).ok();
    assert!(text.contains("Dear me,"), "{text}");
    let _ = tmux.run(["mcp-prompt", "-b", "demo", "compose"]).ok();
    assert!(!viewer.screen().contains("stern"));
    drop(viewer);
    let terminal = Terminal::attach(&tmux, &["-r"]);
    assert!(tmux.run(["mcp-menu"]).fails(1).contains("read-only"));
    drop(terminal);
    tmux.finish();
}
