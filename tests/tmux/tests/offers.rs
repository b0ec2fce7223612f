//! Resources, prompts and completion.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

#[test]
fn resources_and_prompts_are_listed_and_filtered() {
    let tmux = Tmux::demo();
    let text = tmux.run(["mcp-resources", "demo"]).ok();
    assert!(text.contains("test://greeting") && text.contains("test://note/{name}"), "{text}");
    let text = tmux.run(["mcp-prompts", "demo"]).ok();
    assert!(text.contains("review") && text.contains("compose"), "{text}");
    let line = tmux.run(["mcp-prompts", "-F", "#{mcp_server}:#{mcp_name}", "demo"]).ok();
    assert_eq!(line, "demo:review\ndemo:compose\n");
    let line =
        tmux.run(["mcp-tools", "-F", "#{mcp_name}", "-f", "#{m:*o,#{mcp_name}}", "demo"]).ok();
    assert_eq!(line, "echo\n");
    let line = tmux.run(["mcp-tools", "-f", "#{==:#{mcp_name},add}", "demo"]).ok();
    assert_eq!(line, "add  Adds two numbers.\n");
    tmux.finish();
}

#[test]
fn what_a_server_says_of_itself_is_not_expanded_by_templates() {
    let tmux = Tmux::demo();
    let line = tmux
        .run([
            "mcp-tools",
            "-F",
            "#{mcp_title}|#{mcp_description}",
            "-f",
            "#{==:#{mcp_name},markup}",
            "demo",
        ])
        .ok();
    assert!(line.contains("#{pane_id}") && !line.contains('\u{1b}'), "{line:?}");
    tmux.finish();
}

#[test]
fn a_resource_is_read_as_text_as_json_or_in_part() {
    let tmux = Tmux::demo();
    let text = tmux.run(["mcp-read", "demo", "test://greeting"]).ok();
    assert_eq!(text, "hello, reader\n");
    let text = tmux.run(["mcp-read", "-q", "/contents/0/mimeType", "demo", "test://greeting"]).ok();
    assert_eq!(text, "text/plain\n");
    let text = tmux.run(["mcp-read", "-j", "demo", "test://greeting"]).ok();
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["contents"][0]["text"], "hello, reader");
    assert_ne!(tmux.run(["mcp-read", "demo", "test://nothing"]).code, 0);
    tmux.finish();
}

#[test]
fn the_parts_of_a_resource_are_rows() {
    let tmux = Tmux::demo();
    let read = |args: &[&str]| tmux.run(["mcp-read"].iter().chain(args)).ok();
    let format = "#{mcp_server} #{mcp_uri} #{mcp_mime} #{mcp_size} <#{mcp_text}>";
    let text = read(&["-F", format, "demo", "test://greeting"]);
    assert_eq!(text, "demo test://greeting text/plain 13 <hello, reader>\n");
    let text = read(&["-F", format, "demo", "test://pixel"]);
    assert!(text.starts_with("demo test://pixel image/png ") && text.ends_with(" <>\n"), "{text}");
    let only = ["-f", "#{m:image/*,#{mcp_mime}}", "demo"];
    assert_eq!(read(&[&only[..], &["test://greeting"]].concat()), "");
    assert!(
        read(&[&only[..], &["test://pixel"]].concat()).starts_with("test://pixel  image/png  ")
    );
    let bad = tmux.run(["mcp-read", "-j", "-F", "x", "demo", "test://greeting"]).fails(1);
    assert!(bad.contains("don't go with -j"), "{bad}");
    // Values of a template are expanded by -E, as -F has another meaning here.
    let value = "name=#{session_name}";
    let args = ["-t", "one:", "-F", "#{mcp_uri}", "demo", "test://note/{name}", value];
    assert_eq!(read(&[&["-E"][..], &args].concat()), "test://note/one\n");
    assert_eq!(read(&args), "test://note/%23%7Bsession_name%7D\n");
    tmux.finish();
}

#[test]
fn a_template_is_filled_and_its_values_are_escaped() {
    let tmux = Tmux::demo();
    let read = |value: &str| {
        tmux.run(["mcp-read", "-q", "/contents/0/uri", "demo", "test://note/{name}", value]).ok()
    };
    assert_eq!(read("name=plain"), "test://note/plain\n");
    assert_eq!(read("name=a b/c?é"), "test://note/a%20b%2Fc%3F%C3%A9\n");
    let bad = tmux.run(["mcp-read", "demo", "test://note/{name}", "other=x"]).fails(1);
    assert!(bad.contains("name=value"), "{bad}");
    let bad = tmux.run(["mcp-read", "demo", "test://note/{name}", "name=x", "more=y"]).fails(1);
    assert!(bad.contains("no template for more"), "{bad}");
    // All operators of RFC 6570, with a prefix and a variable that is left out.
    let uri = "test://note/{a:2}{/a}{.a}{;a,none}{?a,b}{&none}{#b}{+b}";
    let args = ["mcp-read", "-q", "/contents/0/uri", "demo", uri, "a=é x", "b=1/2"];
    let filled = tmux.run(args).ok();
    assert_eq!(
        filled,
        "test://note/%C3%A9%20/%C3%A9%20x.%C3%A9%20x;a=%C3%A9%20x?a=%C3%A9%20x&b=1%2F2#1/21/2\n"
    );
    let bad = tmux.run(["mcp-read", "demo", "test://greeting", "name=x"]).fails(1);
    assert!(bad.contains("no template"), "{bad}");
    tmux.finish();
}

#[test]
fn a_binary_resource_and_an_image_are_saved_for_the_user_alone() {
    let setup = Setup::new();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    let tmux = setup.server("demo", stdio(&[])).env("TMPDIR", &saved).start();
    for args in [&["mcp-read", "demo", "test://pixel"][..], &["mcp-call", "demo", "image"]] {
        let text = tmux.run(args).ok();
        let (_, rest) = text.split_once("saved in ").unwrap_or_else(|| panic!("{text}"));
        let path = rest.split(']').next().expect("split gives one");
        assert!(path.starts_with(&*saved.to_string_lossy()) && path.ends_with(".png"), "{text}");
        let meta = fs::metadata(path).expect("the file is there");
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert!(fs::read(path).expect("readable").starts_with(b"\x89PNG"));
    }
    let text = tmux.run(["mcp-call", "demo", "image"]).ok();
    assert!(text.starts_with("one pixel:\n"), "{text}");
    tmux.finish();
}

#[test]
fn a_prompt_is_pasted_into_a_pane_in_brackets() {
    let tmux = Tmux::demo();
    // A program that asks for bracketed paste and shows the brackets.
    let line = "printf '\\033[?2004h'; stty raw -echo; exec cat -v";
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", line]).ok();
    tmux.until_format("#{pane_current_command}", "cat");
    let text = tmux.run(["mcp-prompt", "-t", "one:", "demo", "review", "subject=the diff"]).ok();
    assert_eq!(text, "");
    until("it is pasted", || tmux.pane().contains("^[[200~Please review the diff.^[[201~"));
    let _ = tmux.run(["mcp-prompt", "-t", "one:", "demo", "compose", "to=Ann"]).ok();
    until("both messages are pasted", || tmux.pane().contains("Dear Ann,"));
    tmux.finish();
}

#[test]
fn a_prompt_of_one_line_goes_to_any_program() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["mcp-prompt", "-t", "one:", "demo", "review", "subject=x"]).ok();
    until("it is typed", || tmux.pane().contains("Please review x."));
    tmux.finish();
}

#[test]
fn a_prompt_can_go_elsewhere_and_take_its_arguments_from_buffers() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-buffer", "-b", "what", "a \"quoted\"\nthing"]).ok();
    let args = ["mcp-prompt", "-o", "stdout", "demo", "review", "subject@=buffer:what"];
    assert_eq!(tmux.run(args).ok(), "Please review a \"quoted\"\nthing.\n");
    let bad = tmux.run(["mcp-prompt", "-o", "stdout", "demo", "nothing"]);
    assert_ne!(bad.code, 0, "{bad:?}");
    tmux.finish();
}

#[test]
fn completion_offers_names_and_what_the_server_proposes() {
    let tmux = Setup::new().server("demo", stdio(&[])).server("other", stdio(&[])).start();
    let complete = |args: &[&str]| tmux.run(["mcp-complete"].iter().chain(args)).ok();
    assert_eq!(complete(&["servers"]), "demo\nother\n");
    assert!(complete(&["tools", "demo"]).lines().any(|line| line == "echo"));
    assert_eq!(complete(&["prompts", "demo"]), "review\ncompose\n");
    assert!(complete(&["resources", "demo"]).contains("test://greeting\n"));
    assert_eq!(complete(&["arguments", "demo", "add"]), "a=\nb=\n");
    assert_eq!(complete(&["demo", "compose", "tone"]), "kind\nstern\n");
    assert_eq!(complete(&["demo", "compose", "tone", "s"]), "stern\n");
    assert_eq!(complete(&["demo", "test://note/{name}", "name", "b"]), "beta\n");
    assert_eq!(complete(&["demo", "compose", "tone", "zzz"]), "");
    let row = "#{mcp_name} #{mcp_required}";
    assert_eq!(complete(&["-F", row, "arguments", "demo", "add"]), "a 1\nb 1\n");
    let tools = complete(&["-f", "#{m:e*,#{mcp_name}}", "tools", "demo"]);
    assert_eq!(tools, "echo\nexit\nenv\n");
    let values = complete(&["-F", "<#{mcp_value}>", "demo", "compose", "tone"]);
    assert_eq!(values, "<kind>\n<stern>\n");
    tmux.finish();
}

#[test]
fn a_watched_resource_runs_the_hook_until_it_is_watched_no_more() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .conf("set-hook -g mcp-resource-updated { set -gF @seen '#{@seen}+#{mcp_server} #{mcp_uri}' }")
        .start();
    let _ = tmux.run(["mcp-subscribe", "demo", "test://greeting"]).ok();
    let _ = tmux.call(["demo", "update"]).ok();
    until("the hook ran", || tmux.format("#{@seen}") == "+demo test://greeting");
    let _ = tmux.call(["demo", "update", "uri=test://pixel"]).ok();
    let _ = tmux.run(["mcp-subscribe", "-u", "demo", "test://greeting"]).ok();
    let _ = tmux.call(["demo", "update"]).ok();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert_eq!(tmux.format("#{@seen}"), "+demo test://greeting");
    tmux.finish();
}
