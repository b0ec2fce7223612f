//! `mcp-call` from a shell: what is printed where, and the exit status.

use std::fs;

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, held, recorded, stdio, until};

#[test]
fn a_call_prints_the_text_of_its_result() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "echo", "text=hello"]).ok(), "hello\n");
    assert_eq!(tmux.journal(), ["echo"]);
    tmux.finish();
}

#[test]
fn a_tool_error_is_on_stderr_with_status_1() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "fail", "message=it broke"]).fails(1), "it broke\n");
    tmux.finish();
}

#[test]
fn a_json_rpc_error_names_the_server_its_message_and_its_code() {
    let tmux = Tmux::demo();
    let error = tmux.call(["demo", "boom", "message=no luck", "code=-32042"]).fails(1);
    assert_eq!(error, "server 'demo': no luck (-32042): {\"tool\":\"boom\"}\n");
    tmux.finish();
}

#[test]
fn an_unknown_server_is_answered_with_the_servers_there_are() {
    let tmux = Setup::new().server("one", stdio(&[])).server("two", stdio(&[])).start();
    let error = tmux.call(["three", "echo", "text=x"]).fails(1);
    assert!(
        error.starts_with("unknown server 'three'; there are one, two (configured in "),
        "{error}"
    );
    assert!(tmux.mcp_children().is_empty(), "nothing was started for it");
    tmux.finish();
}

#[test]
fn an_unknown_tool_is_answered_with_the_tools_there_are() {
    let tmux = Tmux::demo();
    for arguments in ["text=x", "{\"text\":\"x\"}"] {
        let error = tmux.call(["demo", "ecco", arguments]).fails(1);
        assert!(error.contains("server 'demo' has no tool 'ecco'; it has echo, upper,"), "{error}");
    }
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn bad_json_is_refused_with_the_place_where_it_is_bad() {
    let tmux = Tmux::demo();
    let error = tmux.call(["demo", "echo", "{\"text\": nope}"]).fails(1);
    assert!(error.starts_with("arguments are not valid JSON: "), "{error}");
    assert!(error.contains("line 1 column"), "{error}");
    let error = tmux.call(["demo", "types", "i:=nope"]).fails(1);
    assert!(error.contains("'i'") && error.contains("not valid JSON"), "{error}");
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn a_missing_argument_and_an_unknown_one_are_named() {
    let tmux = Tmux::demo();
    assert!(tmux.call(["demo", "echo"]).fails(1).contains("text"), "the missing one");
    let error = tmux.call(["demo", "echo", "text=a", "bogus=1"]).fails(1);
    assert!(error.contains("'bogus'") && error.contains("it takes text"), "{error}");
    tmux.finish();
}

#[test]
fn arguments_that_are_neither_json_nor_pairs_are_refused() {
    let tmux = Tmux::demo();
    assert!(tmux.call(["demo", "echo", "plain"]).fails(1).contains("plain"));
    assert!(tmux.call(["demo", "echo", "=x"]).fails(1).contains("no key"));
    assert!(tmux.call(["demo", "echo", "{}", "text=x"]).fails(1).contains("only argument"));
    assert!(tmux.call(["demo", "echo", "text=x", "{}"]).fails(1).contains("mixed"));
    assert!(tmux.call(["-E", "demo", "echo", "{}"]).fails(1).contains("-E"));
    assert!(tmux.call(["-T", "soon", "demo", "echo"]).fails(1).contains("timeout"));
    assert!(tmux.call(["-T", "0", "demo", "echo"]).fails(1).contains("timeout"));
    assert!(tmux.call(["-o", "paper", "demo", "echo"]).fails(1).contains("paper"));
    assert!(tmux.call(["demo"]).fails(1).contains("mcp-call"));
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn a_call_that_takes_longer_than_its_timeout_ends_with_124() {
    let setup = Setup::new();
    let file = setup.path("sent");
    let tmux = setup.server("demo", recorded(&file, &[])).start();
    // Connected, so that the limit is over while the tool runs.
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let output = tmux.call(["-T", "300", "demo", "sleep", "ms=60000"]);
    assert!(output.took.as_secs() < 10, "{output:?}");
    assert_eq!(output.fails(124), "server 'demo': timed out after 300 ms\n");
    until("the server is told", || {
        fs::read_to_string(&file).is_ok_and(|sent| sent.contains("notifications/cancelled"))
    });
    assert_eq!(tmux.call(["demo", "echo", "text=still here"]).ok(), "still here\n");
    tmux.finish();
}

#[test]
fn a_server_that_does_not_start_is_a_failure_of_transport() {
    let tmux = Setup::new()
        .server("missing", json!({"command": "/does/not/exist"}))
        .server("short", json!({"command": "/bin/false", "retry_attempts": 1}))
        .server("talker", json!({"command": "/bin/echo", "args": ["hello"], "retry_attempts": 1}))
        .server(
            "nowhere",
            json!({"transport": "socket", "socket_path": "/does/not/exist", "retry_attempts": 1}),
        )
        .start();
    for name in ["missing", "short", "talker", "nowhere"] {
        let error = tmux.call([name, "echo", "text=x"]).fails(2);
        assert!(error.contains(&format!("'{name}'")), "{error}");
    }
    let error = tmux.call(["missing", "echo", "text=x"]).fails(2);
    assert!(error.contains("/does/not/exist"), "{error}");
    tmux.finish();
}

#[test]
fn a_server_that_dies_in_a_call_leaves_an_outcome_that_is_unknown() {
    let tmux = Tmux::demo();
    let error = tmux.call(["demo", "exit", "code=3"]).fails(2);
    assert!(error.contains("outcome unknown"), "{error}");
    assert_eq!(tmux.journal(), ["exit"], "it ran once");
    assert_eq!(tmux.call(["demo", "echo", "text=again"]).ok(), "again\n");
    tmux.finish();
}

#[test]
fn a_background_call_returns_at_once_and_leaves_its_result_in_a_buffer() {
    let tmux = Tmux::demo();
    let over = tmux.path("over");
    let [ms, until_file] = held(&over);
    let output = tmux.call(["-b", "demo", "sleep", &ms, &until_file]);
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""));
    assert_eq!(tmux.format("#{mcp_inflight}"), "1", "it is still under way");
    fs::write(&over, "").expect("written");
    tmux.until_format("#{mcp_inflight}", "0");
    let text = tmux.buffer("mcp").expect("the result is kept");
    assert!(text.starts_with("slept until there was "), "{text}");
    tmux.finish();
}

#[test]
fn the_error_of_a_background_call_is_shown_to_the_attached_client() {
    let tmux = Tmux::demo();
    let _terminal = tmux.attach();
    let _ = tmux.call(["-b", "demo", "fail", "message=quietly"]).ok();
    until("the message is there", || {
        tmux.messages().iter().any(|line| line.ends_with("message: Quietly"))
    });
    tmux.finish();
}

#[test]
fn j_prints_the_whole_result_as_json() {
    let tmux = Tmux::demo();
    let text = tmux.call(["-j", "demo", "words", "text=one two"]).ok();
    let result: serde_json::Value = serde_json::from_str(&text).expect("the result is JSON");
    assert_eq!(result["structuredContent"]["words"], 2);
    tmux.finish();
}

#[test]
fn arguments_can_be_read_from_a_file() {
    let tmux = Tmux::demo();
    fs::write(tmux.path("home/args.json"), "\n {\"text\": \"from a file\"}\n").expect("written");
    assert_eq!(tmux.call(["-i", "args.json", "demo", "echo"]).ok(), "from a file\n");
    let error = tmux.call(["-i", "none.json", "demo", "echo"]).fails(1);
    assert!(error.ends_with("none.json: No such file or directory\n"), "{error}");
    fs::write(tmux.path("home/list.json"), "[1]").expect("written");
    assert!(tmux.call(["-i", "list.json", "demo", "echo"]).fails(1).contains("not a JSON object"));
    fs::write(tmux.path("home/bad.json"), "{1}").expect("written");
    assert!(tmux.call(["-i", "bad.json", "demo", "echo"]).fails(1).contains("JSON"));
    assert!(tmux.call(["-i", "args.json", "demo", "echo", "text=x"]).fails(1).contains("-i"));
    tmux.finish();
}

#[test]
fn a_megabyte_of_arguments_can_come_from_standard_input() {
    let tmux = Tmux::demo();
    let text = "z".repeat(1_000_000);
    let json = json!({"text": text}).to_string();
    let output = tmux.run_with(["mcp-call", "-i", "-", "demo", "upper"], json.as_bytes());
    assert_eq!(output.ok().trim_end(), text.to_uppercase());
    let error = tmux.run_with(["mcp-call", "-i", "-", "demo", "upper"], b"").fails(1);
    assert!(error.contains("not a JSON object"), "{error}");
    tmux.finish();
}

#[test]
fn formats_in_values_are_expanded_only_with_upper_case_e() {
    let tmux = Tmux::demo();
    let format = "text=#{session_name} #{pane_current_path}";
    let home = tmux.path("home");
    let plain = tmux.call(["-t", "one:", "demo", "echo", format]).ok();
    assert_eq!(plain, "#{session_name} #{pane_current_path}\n");
    let expanded = tmux.call(["-E", "-t", "one:", "demo", "echo", format]).ok();
    assert_eq!(expanded, format!("one {}\n", home.display()));
    tmux.finish();
}

#[test]
fn expansion_runs_no_shell_commands_and_breaks_no_json() {
    let tmux = Tmux::demo();
    let witness = tmux.path("witness");
    let _ = tmux.run(["set-option", "-g", "@t", "a \"quoted\" \\ {value}\n"]).ok();
    let value = format!("text=[#(touch {})]#{{@t}}", witness.display());
    let _ = tmux.call(["-E", "-t", "one:", "demo", "echo", &value]).ok();
    let text = tmux.last_arguments()["text"].as_str().expect("a string").to_string();
    assert!(text.ends_with("a \"quoted\" \\ {value}\n"), "{text:?}");
    // A job would have run by the time of a second answer.
    let _ = tmux.call(["-E", "-t", "one:", "demo", "echo", &value]).ok();
    let _ = tmux.run(["run-shell", "true"]).ok();
    assert!(!witness.exists(), "#() in an argument ran");
    tmux.finish();
}

#[test]
fn values_take_the_types_of_the_schema() {
    let tmux = Tmux::demo();
    let _ = tmux
        .call([
            "demo",
            "types",
            "s=12",
            "i=34",
            "n=5.5",
            "b=true",
            "a:=[\"x\",\"y\"]",
            "o:={\"x\":1,\"y\":2}",
            "e=green",
            "maybe=7",
        ])
        .ok();
    let want = json!({"s": "12", "i": 34, "n": 5.5, "b": true, "a": ["x", "y"],
        "o": {"x": 1, "y": 2}, "e": "green", "maybe": 7});
    assert_eq!(tmux.last_arguments(), want);
    let error = tmux.call(["demo", "types", "s=x", "i=many"]).fails(1);
    assert!(error.contains("'i'") && error.contains("integer"), "{error}");
    tmux.finish();
}

#[test]
fn any_text_reaches_the_tool_and_comes_back_as_it_was() {
    let tmux = Tmux::demo();
    for text in [
        "it's \"quoted\" \\ back",
        "größer 漢字 👋",
        "a=b;c #{d} #(e) $HOME `id`",
        "",
        " ",
        "%1 ~ {x}",
    ] {
        let output = tmux.call(["demo", "echo", &format!("text={text}")]).ok();
        assert_eq!(output.strip_suffix('\n').unwrap_or(&output), text);
        assert_eq!(tmux.last_arguments()["text"], text);
    }
    let _ = tmux.call(["demo", "echo", "text=two\nlines\tand a tab"]).ok();
    assert_eq!(tmux.last_arguments()["text"], "two\nlines\tand a tab");
    tmux.finish();
}

#[test]
fn the_alias_and_a_prefix_of_the_name_work() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.run(["mcp-query", "demo", "echo", "text=a"]).ok(), "a\n");
    assert_eq!(tmux.run(["mcp-cal", "demo", "echo", "text=b"]).ok(), "b\n");
    assert!(tmux.run(["mcp-st", "demo"]).ok().contains("Server: demo"));
    tmux.finish();
}

#[test]
fn commands_in_one_line_run_one_after_the_other() {
    let tmux = Tmux::demo();
    let args = [
        "mcp-call",
        "demo",
        "echo",
        "text=1",
        ";",
        "mcp-call",
        "demo",
        "echo",
        "text=2",
        ";",
        "display-message",
        "-p",
        "3",
    ];
    assert_eq!(tmux.run(args).ok(), "1\n2\n3\n");
    let args = ["mcp-call", "demo", "fail", "message=no", ";", "display-message", "-p", "next"];
    let output = tmux.run(args);
    assert_eq!(output.stderr, "no\n");
    tmux.finish();
}
