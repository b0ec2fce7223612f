//! `choose-mcp`: servers, what they have and what they do, as lines of a mode.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, Viewer, gated, held, stdio, until};

/// A server `demo` that keeps a journal, and one that cannot be started.
fn two() -> Tmux {
    let setup = Setup::new();
    let journal = setup.path("journal");
    setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .server("broken", json!({"command": "/bin/false"}))
        .conf("set -g mouse on")
        .start()
}

fn open<'a>(tmux: &'a Tmux, args: &[&str]) -> Viewer<'a> {
    open_sized(tmux, 80, args)
}

fn open_sized<'a>(tmux: &'a Tmux, width: u16, args: &[&str]) -> Viewer<'a> {
    let viewer = tmux.view_sized(width, 24);
    let _ = tmux.run(["choose-mcp", "-t", "one:"].iter().chain(args)).ok();
    tmux.until_format("#{pane_mode}", "mcp-mode");
    viewer.until_gone("reading the configuration");
    viewer
}

/// The lines above the preview.
fn lines(viewer: &Viewer<'_>) -> Vec<String> {
    let screen = viewer.screen();
    screen.lines().take_while(|line| !line.starts_with('\u{250c}')).map(str::to_owned).collect()
}

/// What a tool is in the list of lines: its name after the lines that draw the tree.
fn has_tool(viewer: &Viewer<'_>, tool: &str) -> bool {
    lines(viewer).iter().any(|line| line.contains(&format!("> {tool}: ")))
}

/// Goes to a line by the search.
fn search(viewer: &Viewer<'_>, text: &str) {
    viewer.keys(&["/"]);
    viewer.until("(search)");
    viewer.text(text);
    viewer.until(&format!("(search) {text}"));
    viewer.keys(&["Enter"]);
    viewer.until_gone("(search)");
}

/// Goes to a tool: the preview says that it is there.
fn go(viewer: &Viewer<'_>, tool: &str) {
    search(viewer, tool);
    viewer.until(&format!("Tool: {tool}"));
}

/// The title of the preview, which begins with what is current.
fn current(viewer: &Viewer<'_>) -> String {
    let screen = viewer.screen();
    let title = screen.lines().find_map(|line| line.strip_prefix("\u{250c} ")).unwrap_or("");
    title.split(" (sort").next().unwrap_or("").to_string()
}

fn view_mode(tmux: &Tmux) {
    until("a result is shown", || tmux.format("#{pane_mode}") == "view-mode");
}

fn answers(tmux: &Tmux) {
    assert_eq!(tmux.call(["demo", "echo", "text=still here"]).ok(), "still here\n");
}

#[test]
fn opening_starts_no_server_and_a_line_that_is_opened_does() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.until("demo: disconnected");
    viewer.keys(&["M-+"]);
    viewer.until("not listed");
    assert_eq!(tmux.mcp_children().len(), 0, "nothing was started");
    viewer.keys(&["M--"]);
    viewer.until_gone("not listed");
    assert_eq!(current(&viewer), "broken");
    viewer.keys(&["Right"]);
    viewer.until("the server process ended");
    viewer.keys(&["M--", "Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    viewer.until("demo: connected, 28 tools");
    assert_eq!(tmux.mcp_children().len(), 1);
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_mode}", "");
    // What was listed is known when it is opened again.
    let _ = tmux.run(["choose-mcp", "-t", "one:"]).ok();
    viewer.until("demo: connected, 28 tools");
    viewer.keys(&["M-+"]);
    viewer.until("echo: Gives the text back.");
    drop(viewer);
    answers(&tmux);
    tmux.finish();
}

#[test]
fn a_tool_runs_through_the_form_and_again_with_the_same_arguments() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    go(&viewer, "echo");
    viewer.until("Annotations: read only, idempotent");
    viewer.until("text  string, required");
    viewer.keys(&["r"]);
    viewer.until("Not called yet");
    viewer.keys(&["Enter"]);
    viewer.until("text*:");
    viewer.text("out of a form");
    viewer.keys(&["Enter"]);
    viewer.until("text = out of a form");
    viewer.keys(&["s"]);
    view_mode(&tmux);
    assert_eq!(tmux.last_arguments(), json!({"text": "out of a form"}));
    viewer.keys(&["q"]);
    viewer.until("Tool: echo");
    viewer.keys(&["r"]);
    view_mode(&tmux);
    assert_eq!(tmux.journal(), ["echo", "echo"]);
    assert_eq!(tmux.last_arguments(), json!({"text": "out of a form"}));
    viewer.keys(&["q"]);
    viewer.until("demo: connected, 28 tools, 2 calls");
    // Both calls are below the server, and can be repeated there.
    search(&viewer, "last calls");
    viewer.keys(&["Right", "Down"]);
    viewer.until("text='out of a form'");
    viewer.keys(&["r"]);
    until("it ran a third time", || tmux.journal().len() == 3);
    drop(viewer);
    tmux.finish();
}

#[test]
fn arguments_are_edited_as_json_in_the_editor() {
    let setup = Setup::new();
    let journal = setup.path("journal");
    let editor = setup.path("editor");
    fs::write(&editor, "#!/bin/sh\ncp \"$1\" \"$HOME/before\"\ncat \"$HOME/after\" >\"$1\"\n")
        .expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&editor, mode).expect("set");
    let tmux = setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .env("EDITOR", &editor)
        .start();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Enter", "Enter"]);
    viewer.keys(&["Right"]);
    viewer.until("echo: Gives the text back.");
    go(&viewer, "echo");
    let before = tmux.path("home/before");
    let after = tmux.path("home/after");
    fs::write(&after, "{\"text\": 1").expect("written");
    viewer.keys(&["e"]);
    viewer.until("rguments");
    until("the editor had the schema", || {
        fs::read_to_string(&before).is_ok_and(|text| text == "{\n  \"text\": \"\"\n}\n")
    });
    // What it wrote is read once the popup is gone.
    viewer.until("not valid JSON");
    assert_eq!(tmux.journal(), [""; 0]);
    // What was refused is there again.
    fs::write(&after, "{\"text\": \"edited\"}\n").expect("written");
    until("the popup is gone and opens again", || {
        viewer.keys(&["e"]);
        tmux.journal() == ["echo"]
    });
    assert_eq!(fs::read_to_string(&before).expect("there"), "{\"text\": 1");
    assert_eq!(tmux.last_arguments(), json!({"text": "edited"}));
    view_mode(&tmux);
    viewer.keys(&["q"]);
    viewer.until("Tool: echo");
    fs::write(&after, "{\"text\": \"again\"}").expect("written");
    viewer.keys(&["e"]);
    until("it ran again", || tmux.journal().len() == 2);
    let text = fs::read_to_string(&before).expect("there");
    assert_eq!(text, "{\n  \"text\": \"edited\"\n}\n", "it begins with the last arguments");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_editor_begins_with_members_of_objects_and_repeated_keys_of_the_last_call() {
    let setup = Setup::new();
    let journal = setup.path("journal");
    let editor = setup.path("editor");
    fs::write(&editor, "#!/bin/sh\ncp \"$1\" \"$HOME/before\"\n").expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&editor, mode).expect("set");
    let tmux = setup
        .server("demo", stdio(&["--journal", &journal.to_string_lossy()]))
        .env("EDITOR", &editor)
        .start();
    let words = ["demo", "types", "s=12", "o.y=2", "a=one", "i=7", "o.x=1", "a=two", "e=green"];
    let _ = tmux.call(words).ok();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Right"]);
    viewer.until("echo: Gives the text back.");
    go(&viewer, "types");
    viewer.keys(&["e"]);
    until("it ran with what the editor left as it was", || tmux.journal().len() == 2);
    let text = fs::read_to_string(tmux.path("home/before")).expect("there");
    let wanted = r#"{
  "s": "12",
  "o": {
    "y": 2,
    "x": 1
  },
  "a": [
    "one",
    "two"
  ],
  "i": 7,
  "e": "green",
  "b": false
}
"#;
    assert_eq!(text, wanted);
    let wanted = json!({"s": "12", "o": {"x": 1, "y": 2}, "a": ["one", "two"], "i": 7,
        "e": "green", "b": false});
    assert_eq!(tmux.last_arguments(), wanted);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_is_switched_off_and_on_by_a_key() {
    let tmux = two();
    answers(&tmux);
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down"]);
    viewer.until("demo: connected");
    viewer.keys(&["D"]);
    viewer.until("demo: disabled, server 'demo' is switched off");
    until("the server ends", || tmux.mcp_children().is_empty());
    let refused = tmux.call(["demo", "echo", "text=x"]).fails(1);
    assert!(refused.contains("server 'demo' is switched off"), "{refused}");
    assert_eq!(tmux.format("#{mcp_state_demo}"), "disabled");
    assert!(tmux.run(["mcp-stats"]).ok().contains("Not used: server 'demo' is switched off"));
    let _ = tmux.run(["mcp-reload"]);
    assert_eq!(tmux.format("#{mcp_state_demo}"), "disabled");
    assert_eq!(current(&viewer), "demo");
    viewer.keys(&["D"]);
    viewer.until("demo: disconnected");
    answers(&tmux);
    // A healthy server is connected anew.
    viewer.until("demo: connected");
    let before = tmux.mcp_children()[0].pid;
    viewer.keys(&["R"]);
    until("another process serves", || {
        let now = tmux.mcp_children();
        now.len() == 1 && now[0].pid != before
    });
    drop(viewer);
    answers(&tmux);
    tmux.finish();
}

#[test]
fn a_job_is_shown_while_it_runs_and_cancelled_by_a_key() {
    let tmux = two();
    let over = tmux.path("over");
    let [ms, file] = held(&over);
    let call = tmux.start_call(["demo", "sleep", &ms, &file]);
    let other = tmux.start_call(["demo", "sleep", &ms, &file]);
    tmux.until_format("#{mcp_inflight}", "2");
    let viewer = open(&tmux, &[]);
    viewer.until("running 2");
    viewer.keys(&["Down", "Right"]);
    viewer.until("running: 2");
    search(&viewer, "sleep: running");
    viewer.until("call ");
    viewer.keys(&["x"]);
    tmux.until_format("#{mcp_inflight}", "1");
    viewer.until("running: 1");
    // And by a tag.
    search(&viewer, "sleep: running");
    viewer.keys(&["t", "Up", "X"]);
    tmux.until_format("#{mcp_inflight}", "0");
    let ends = [call.wait().fails(1), other.wait().fails(1)];
    assert!(ends.iter().all(|why| why.contains("cancelled")), "{ends:?}");
    viewer.until_gone("running: ");
    drop(viewer);
    answers(&tmux);
    tmux.finish();
}

#[test]
fn a_filter_is_for_tools_of_all_servers_and_a_search_goes_into_what_is_closed() {
    let tmux = Setup::new()
        .server("a", stdio(&["--more-tools", "300"]))
        .server("b", stdio(&[]))
        .server("c", stdio(&[]))
        .conf("set -g status-keys emacs")
        .start();
    let _ = tmux.run(["mcp-tools"]).ok();
    let viewer = open(&tmux, &[]);
    viewer.until("c: connected, 28 tools");
    assert!(!viewer.screen().contains("Adds two numbers"));
    go(&viewer, "unicode");
    assert!(has_tool(&viewer, "unicode"), "{}", viewer.screen());
    viewer.keys(&["M--"]);
    viewer.keys(&["f"]);
    viewer.until("(filter)");
    viewer.text("#{==:#{mcp_name},add}");
    viewer.keys(&["Enter"]);
    viewer.until("(filter: active)");
    until("a tool of each server is there", || {
        lines(&viewer).iter().filter(|line| line.contains("add: Adds two numbers")).count() == 3
    });
    assert!(!viewer.screen().contains("echo: "), "{}", viewer.screen());
    viewer.keys(&["f"]);
    viewer.until("(filter)");
    viewer.keys(&["C-u"]);
    viewer.text("#{==:#{mcp_name},nobody}");
    viewer.keys(&["Enter"]);
    viewer.until("no matches");
    viewer.keys(&["f"]);
    viewer.until("(filter)");
    viewer.keys(&["C-u", "Enter"]);
    viewer.until_gone("(filter");
    viewer.until("a: connected, 328 tools");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_format_draws_its_own_styles_and_none_that_a_name_brings() {
    let tmux = Setup::new().server("a#[reverse]b", stdio(&[])).start();
    let format = "#[bold]<#{mcp_name}>#{?mcp_name,##[x],}";
    let viewer = open(&tmux, &["-N", "-F", format]);
    viewer.until("a_[reverse]b: <a#[reverse]b>#[x]");
    assert!(!viewer.screen().contains("#[bold]"), "{}", viewer.screen());
    drop(viewer);
    tmux.finish();
}

#[test]
fn flags_are_those_of_choose_tree() {
    let tmux = two();
    let _ = tmux.run(["split-window", "-t", "one:", "cat"]).ok();
    let flags =
        ["-Z", "-N", "-r", "-O", "name", "-F", "<#{mcp_type}|#{mcp_name}>", "-K", "M-#{line}"];
    let viewer = open(&tmux, &flags);
    viewer.until("demo: <server|demo>");
    assert_eq!(tmux.format("#{window_zoomed_flag}"), "1");
    let shown = lines(&viewer);
    assert!(shown[0].starts_with("(M-0) + demo"), "{shown:?}");
    assert!(shown[1].starts_with("(M-1) + broken"), "{shown:?}");
    assert!(!viewer.screen().contains("Server: demo"), "there is no preview");
    viewer.keys(&["o"]);
    until("the order is another", || lines(&viewer)[0].contains("broken"));
    viewer.keys(&["O"]);
    viewer.keys(&["v"]);
    // Since 3.7 tmux has its own names of orders.
    viewer.until(if Tmux::release() < (3, 7) { "(sort: state)" } else { "(sort: activity)" });
    viewer.keys(&["M-1"]);
    viewer.until("tool|echo");
    viewer.keys(&["q"]);
    tmux.until_format("#{window_zoomed_flag}", "0");
    let _ = tmux.run(["choose-mcp", "-Zt", "one:", "-f", "#{==:#{mcp_name},broken}"]).ok();
    viewer.until("(filter: active)");
    viewer.until("broken: ");
    viewer.until_gone("demo: ");
    drop(viewer);
    tmux.finish();
}

#[test]
fn entries_that_are_not_used_say_why() {
    let tmux = Setup::new()
        .server("off", json!({"command": "/bin/true", "disabled": true}))
        .server("wrong", json!({"command": 7}))
        .start();
    // Wide enough for the path of the file, wherever that is.
    let viewer = open_sized(&tmux, 200, &[]);
    viewer.until("off: disabled");
    viewer.keys(&["Right", "Enter", "r", "e", "x", "R", "s"]);
    viewer.keys(&["s"]);
    viewer.until("not used: ");
    viewer.until("server 'off' is disabled");
    viewer.keys(&["Down"]);
    viewer.until("wrong");
    assert_eq!(tmux.mcp_children().len(), 0);
    tmux.lives();
    drop(viewer);
    tmux.finish();
}

#[test]
fn without_servers_it_says_so() {
    let tmux = Setup::new().start_with(None);
    let viewer = open(&tmux, &[]);
    viewer.until("no servers are configured");
    viewer.keys(&["Enter", "Right", "t", "X", "R", "r", "e", "x", "?"]);
    viewer.until("open or close a server");
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_mode}", "");
    drop(viewer);
    tmux.finish();
}

#[test]
fn prompts_and_resources_are_listed_when_they_are_opened() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    // Without the tools there is room for the others.
    viewer.keys(&["Down", "Left"]);
    viewer.until_gone("echo: Gives");
    viewer.until("+ prompts");
    search(&viewer, "prompts");
    viewer.keys(&["Right"]);
    viewer.until("review: asks for a review");
    search(&viewer, "resources");
    viewer.keys(&["Enter"]);
    viewer.keys(&["End"]);
    search(&viewer, "test://greeting");
    viewer.until("type: text/plain");
    viewer.keys(&["Enter"]);
    view_mode(&tmux);
    viewer.until("hello");
    viewer.keys(&["q"]);
    search(&viewer, "test://note/");
    viewer.keys(&["Enter"]);
    viewer.until("name*");
    viewer.keys(&["Escape"]);
    viewer.until_gone("name*");
    search(&viewer, "compose");
    viewer.until("arguments: ");
    viewer.keys(&["Enter"]);
    viewer.until("to*");
    viewer.keys(&["Escape"]);
    viewer.until_gone("to*");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_schemas_the_help_and_the_text_as_a_whole_are_a_key_away() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    go(&viewer, "types");
    viewer.keys(&["s"]);
    viewer.until("\"inputSchema\": {");
    until("the text scrolls", || {
        viewer.keys(&[">"]);
        viewer.screen().contains("\"name\": \"types\"")
    });
    viewer.keys(&["<"]);
    viewer.keys(&["s"]);
    viewer.until("Tool: types");
    viewer.keys(&["?"]);
    viewer.until("open or close a server");
    viewer.keys(&["?"]);
    viewer.until("Tool: types");
    viewer.keys(&["i"]);
    view_mode(&tmux);
    viewer.until("Tool: types");
    viewer.keys(&["q"]);
    // A small terminal has no room below the lines.
    viewer.resize(40, 12);
    // A key that comes before tmux has the new size is for the preview.
    tmux.until_format("#{pane_width}", "40");
    viewer.until_gone("Tool: types");
    viewer.keys(&["?"]);
    view_mode(&tmux);
    viewer.until("open or close");
    viewer.keys(&["q"]);
    viewer.keys(&["s"]);
    view_mode(&tmux);
    viewer.until("inputSchema");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_words_of_servers_are_made_harmless() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    search(&viewer, "markup");
    // As they stand in the list, in the preview and in the menu of the line.
    viewer.until("Markup #[fg=red]#(touch /nonexistent)");
    viewer.keys(&["s"]);
    viewer.until("\\u001b[31m#{pane_id}");
    let coloured = viewer.coloured();
    assert!(!coloured.contains("\u{1b}[31m"), "{coloured}");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_that_dies_while_it_is_shown_says_so_and_is_reached_again() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("demo: connected");
    until("it runs", || tmux.mcp_children().len() == 1);
    tmux.mcp_children()[0].signal(libc::SIGKILL);
    viewer.until_gone("demo: connected");
    assert!(has_tool(&viewer, "echo"), "what is known stays: {}", viewer.screen());
    go(&viewer, "echo");
    viewer.keys(&["R"]);
    viewer.until("demo: connected, 28 tools");
    viewer.keys(&["Enter"]);
    viewer.until("text*:");
    viewer.text("x");
    viewer.keys(&["Enter"]);
    viewer.until("text = x");
    viewer.keys(&["s"]);
    view_mode(&tmux);
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_pane_is_closed_and_a_client_detached_while_servers_are_asked() {
    let setup = Setup::new();
    let gate = setup.path("gate");
    let tmux = setup
        .server("demo", gated(&gate, stdio(&[])))
        .server("other", gated(&gate, stdio(&["--more-tools", "2000"])))
        .start();
    let _ = tmux.run(["split-window", "-d", "-t", "one:", "cat"]).ok();
    let viewer = tmux.view_sized(80, 30);
    for end in ["kill-pane", "detach-client"] {
        let _ = tmux.run(["choose-mcp", "-t", "one:0.0"]).ok();
        tmux.until_format("#{pane_mode}", "mcp-mode");
        viewer.until("demo: ");
        viewer.keys(&["Right", "Home"]);
        viewer.until("listing...");
        if end == "kill-pane" {
            let _ = tmux.run(["kill-pane", "-t", "one:0.0"]).ok();
            viewer.until_gone("listing...");
        } else {
            let _ = tmux.run(["detach-client", "-s", "one"]).ok();
        }
    }
    drop(viewer);
    fs::write(&gate, "").expect("written");
    until("it listed them for nobody", || {
        tmux.format("#{mcp_inflight}") == "0" && !tmux.format("#{mcp_tools_demo}").is_empty()
    });
    answers(&tmux);
    let viewer = tmux.view_sized(80, 24);
    viewer.until("demo: ");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_configuration_is_reloaded_while_it_is_open() {
    let setup = Setup::new();
    let gate = setup.path("gate");
    let tmux = setup
        .server("a", stdio(&["--more-tools", "500"]))
        .server("b", gated(&gate, stdio(&[])))
        .server("c", stdio(&[]))
        .start();
    let viewer = open(&tmux, &["-O", "name"]);
    viewer.keys(&["Right"]);
    viewer.until("a: connected, 528 tools");
    viewer.keys(&["M--", "Down", "Right"]);
    viewer.until("listing...");
    // The servers go, one of them while its list is awaited, and come back.
    for round in 0..5 {
        let with = json!({"c": stdio(&[]), "z": stdio(&[])});
        let without = json!({"a": stdio(&["--more-tools", "500"]), "b": gated(&gate, stdio(&[]))});
        let servers: &Value = if round % 2 == 0 { &with } else { &without };
        tmux.write_servers(servers);
        assert!(tmux.run(["mcp-reload"]).ok().starts_with("read "));
        let (there, gone) = if round % 2 == 0 { ("z: ", "b: ") } else { ("b: ", "z: ") };
        viewer.until(there);
        viewer.until_gone(gone);
        viewer.keys(&["M-+", "Home", "Down", "Down", "t", "End", "Up", "s", "s"]);
        viewer.keys(&["M--", "Home", "Right", "Down", "Right"]);
    }
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_mode}", "");
    tmux.lives();
    drop(viewer);
    tmux.finish();
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Down", "Right"]);
    viewer.until("echo: Gives the text back.");
    for (columns, rows) in [(40, 12), (200, 50), (20, 5), (10, 3), (80, 24)] {
        viewer.resize(columns, rows);
        tmux.until_format("#{window_width}", &columns.to_string());
        viewer.keys(&["End", "s", "s", "Home"]);
    }
    viewer.until("echo: Gives the text back.");
    drop(viewer);
    tmux.finish();
}

/// tmux gave the mode that comes to the front again no size, and drew lines that it had not.
#[test]
fn it_fills_the_pane_that_grew_while_another_mode_lay_over_it() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.resize(60, 12);
    tmux.until_format("#{window_height}", "11");
    viewer.keys(&["i"]);
    view_mode(&tmux);
    viewer.resize(80, 40);
    tmux.until_format("#{window_height}", "39");
    let _ = tmux.run(["choose-mcp", "-t", "one:"]).ok();
    tmux.until_format("#{pane_mode}", "mcp-mode");
    until("the lower part ends at the end of the pane", || {
        viewer.screen().lines().nth(38).is_some_and(|line| line.starts_with('\u{2514}'))
    });
    drop(viewer);
    tmux.finish();
}

/// The lines are built twice then, and the current one must live until the second time.
#[test]
fn the_only_server_that_a_filter_shows_may_leave_the_configuration() {
    let tmux = two();
    let viewer = open(&tmux, &["-f", "#{==:#{mcp_name},demo}"]);
    viewer.until_gone("broken");
    let path = tmux.path("home/.claude.json");
    let text = fs::read_to_string(&path).expect("there");
    let mut all: Value = serde_json::from_str(&text).expect("JSON");
    let demo = all["mcpServers"].as_object_mut().expect("servers").remove("demo");
    assert!(demo.is_some());
    fs::write(&path, all.to_string()).expect("written");
    let _ = tmux.run(["mcp-reload"]).ok();
    viewer.until("no matches");
    viewer.until("broken: disconnected");
    fs::write(&path, text).expect("written");
    let _ = tmux.run(["mcp-reload"]).ok();
    viewer.until("demo: disconnected");
    viewer.until_gone("broken");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_server_with_many_tagged_lines_is_asked_once() {
    let setup = Setup::new();
    let many = stdio(&["--more-tools", "500"]);
    let tmux = setup.server("a", many).server("b", stdio(&[])).start();
    let viewer = open(&tmux, &[]);
    viewer.keys(&["Right"]);
    viewer.until("a: connected, 528 tools");
    let sent = || -> u32 { tmux.format("#{mcp_messages_sent_a}").parse().expect("a number") };
    let before = sent();
    viewer.keys(&["C-t"]);
    viewer.until("upper*");
    viewer.keys(&["R"]);
    until("it was asked", || sent() > before);
    viewer.until_gone("listing...");
    let after = sent();
    assert!(after < before + 10, "{before} messages, then {after}");
    drop(viewer);
    tmux.finish();
}

#[test]
fn the_mouse_chooses_lines_and_scrolls() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.until("demo: disconnected");
    let click = |button: u8, column: u16, row: u16| {
        viewer.text(&format!("\u{1b}[<{button};{column};{row}M\u{1b}[<{button};{column};{row}m"));
    };
    click(0, 8, 2);
    until("the line is current", || current(&viewer) == "demo");
    viewer.keys(&["Right"]);
    viewer.until("echo: Gives the text back.");
    viewer.text("\u{1b}[<65;8;2M");
    until("the wheel moves", || current(&viewer) != "demo");
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_client_that_may_only_read_runs_nothing() {
    let tmux = two();
    let viewer = open(&tmux, &[]);
    viewer.until("demo: disconnected");
    let _ = tmux.run(["switch-client", "-c", &viewer.name(), "-r"]).ok();
    viewer.keys(&["Down", "Right", "Enter", "R", "x", "r", "e"]);
    tmux.lives();
    assert_eq!(tmux.mcp_children().len(), 0);
    drop(viewer);
    tmux.finish();
}

#[test]
fn five_hundred_servers_are_shown_and_walked_through() {
    let socket = SocketServer::start(&socket_path(), &[]);
    let mut setup = Setup::new().conf("set -g @mcp-pool-max-size 1");
    for n in 0..500 {
        setup = setup.server(&format!("s{n:03}"), socket.entry());
    }
    let tmux = setup.start();
    let viewer = open(&tmux, &[]);
    viewer.until("s000: ");
    viewer.keys(&["End"]);
    viewer.until("s499: ");
    viewer.keys(&["Right"]);
    viewer.until("s499: connected, 28 tools");
    viewer.keys(&["Down", "Down"]);
    viewer.until("echo: Gives the text back.");
    search(&viewer, "s250");
    until("it is current", || current(&viewer) == "s250");
    viewer.keys(&["M-+"]);
    viewer.until("not listed");
    assert_eq!(tmux.format("#{mcp_connections}"), "1", "the others were not reached");
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_mode}", "");
    drop(viewer);
    tmux.finish();
}

fn socket_path() -> PathBuf {
    std::env::temp_dir().join(format!("tmcp-browse-{}", std::process::id()))
}
