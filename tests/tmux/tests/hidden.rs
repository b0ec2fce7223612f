//! What nobody sees, and what reorders text, is shown escaped wherever a person
//! reads the words of a server; what is printed for programs is left as it is.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, until};

/// Each of a different kind, between letters: bidi controls and marks, zero width
/// characters, soft hyphen, byte order mark, a tag, selectors, separators, C1.
const HIDDEN: [(&str, &str); 16] = [
    ("\u{202e}", "\\342\\200\\256"),
    ("\u{202a}", "\\342\\200\\252"),
    ("\u{2066}", "\\342\\201\\246"),
    ("\u{2069}", "\\342\\201\\251"),
    ("\u{200e}", "\\342\\200\\216"),
    ("\u{61c}", "\\330\\234"),
    ("\u{200b}", "\\342\\200\\213"),
    ("\u{200d}", "\\342\\200\\215"),
    ("\u{2060}", "\\342\\201\\240"),
    ("\u{ad}", "\\302\\255"),
    ("\u{feff}", "\\357\\273\\277"),
    ("\u{e0041}", "\\363\\240\\201\\201"),
    ("\u{fe01}", "\\357\\270\\201"),
    ("\u{e0100}", "\\363\\240\\204\\200"),
    ("\u{2028}", "\\342\\200\\250"),
    ("\u{9b}", "\\302\\233"),
];

/// What is left where it belongs: a family, a heart, a keycap, Persian.
const HONEST: &str = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{2764}\u{fe0f}\u{200d}\u{1f525} 1\u{fe0f}\u{20e3} \u{645}\u{6cc}\u{200c}\u{62e}";

fn raw() -> String {
    HIDDEN.iter().map(|(raw, _)| format!("a{raw}")).collect::<String>() + "z"
}

fn shown() -> String {
    HIDDEN.iter().map(|(_, shown)| format!("a{shown}")).collect::<String>() + "z"
}

#[track_caller]
fn none_hidden(text: &str) {
    for (hidden, _) in HIDDEN.iter().filter(|(hidden, _)| *hidden != "\u{200d}") {
        assert!(!text.contains(hidden), "{:?} came through: {text:?}", hidden);
    }
    assert!(!text.contains("a\u{200d}"), "a joiner came through: {text:?}");
}

fn tmux() -> Tmux {
    let script = r#"
import sys, json
evil, honest = sys.argv[1], sys.argv[2]
calls = {}
def send(**m): print(json.dumps(dict(jsonrpc="2.0", **m)), flush=True)
for line in sys.stdin:
    m = json.loads(line)
    if "method" not in m:
        send(id=calls.pop(m["id"]), result={"content": [{"type": "text", "text": "answered"}]})
        continue
    if "id" not in m: continue
    i, name = m["id"], m.get("params", {}).get("name")
    if m["method"] == "initialize":
        send(id=i, result={"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": evil}})
    elif m["method"] == "tools/list":
        send(id=i, result={"tools": [{"name": n, "title": "T", "description": evil + honest,
            "inputSchema": {"type": "object", "properties": {"p": {"type": "string", "description": evil}}, "required": ["p"]} if n == "plain" else {"type": "object"}} for n in ("plain", "fail", "ask")]})
    elif name == "plain":
        send(id=i, result={"content": [{"type": "text", "text": evil + honest}]})
    elif name == "ask":
        calls["q"] = i
        send(id="q", method="elicitation/create", params={"message": evil, "requestedSchema": {"type": "object", "properties": {}}})
    else:
        print("junk " + evil, file=sys.stderr, flush=True)
        send(id=i, error={"code": -32000, "message": evil})
"#;
    let entry: Value = json!({"command": "python3", "args": ["-c", script, raw(), HONEST], "env": {"PYTHONIOENCODING": "utf-8"}, "tmux": {"era": "legacy"}});
    Setup::new()
        .server("s", entry)
        .conf("set -g mcp-log-level debug")
        .conf("set -g display-time 0")
        .conf("set -g status-interval 1")
        .conf("bind -n C-g mcp-call s plain p=x")
        .conf("bind -n C-f mcp-call s fail '{}'")
        .conf("bind -n C-a mcp-call s ask '{}'")
        .conf("bind -n C-y mcp-answer")
        .start()
}

#[test]
fn lists_and_errors_show_them_and_a_result_on_standard_output_is_left_alone() {
    let tmux = tmux();
    let result = tmux.call(["s", "plain", "p=x"]).ok();
    let expected = raw().replace('\u{9b}', "\\302\\233");
    // 3.3a has no width for a line separator and escapes it by itself.
    let result = result.replace("\\342\\200\\250", "\u{2028}");
    assert_eq!(result, format!("{expected}{HONEST}\n"));
    let _ = tmux.call(["-o", "buffer:kept", "s", "plain", "p=x"]).ok();
    assert_eq!(tmux.buffer("kept"), Some(format!("{}{HONEST}", raw())));

    for command in [
        &["mcp-tools", "s"][..],
        &["mcp-tools", "-F", "#{mcp_description}", "s"],
        &["mcp-call", "s", "fail", "{}"],
    ] {
        let output = tmux.run(command);
        let text = format!("{}{}", output.stdout, output.stderr);
        none_hidden(&text);
        if command[0] != "mcp-tools" || command.len() > 2 {
            assert!(text.contains(&shown()), "{command:?}: {text}");
        }
    }
    let list = tmux.run(["mcp-tools", "-F", "#{mcp_description}", "s"]).ok();
    assert!(list.contains(HONEST), "{list:?}");
    for command in [&["mcp-stats"][..], &["mcp-stats", "-v"], &["mcp-stats", "-s"]] {
        none_hidden(&tmux.run(command).ok());
    }
    tmux.finish();
}

#[test]
fn formats_the_log_and_commands_that_follow_show_them() {
    let tmux = tmux();
    let _ = tmux.run(["mcp-call", "s", "fail", "{}"]).fails(1);
    let error = tmux.format("#{mcp_last_error}");
    assert!(error.contains("a\\342\\200\\256a"), "{error}");
    none_hidden(&error);
    let terminal = tmux.attach();
    let log = tmux.messages().join("\n");
    drop(terminal);
    assert!(log.contains("a\\342\\200\\256a"), "{log}");
    none_hidden(&log);
    let mut control = tmux.control();
    let _ = control.command("mcp-call s plain p=x { display-message -p 'got #{mcp_result}' }");
    let line = control.wait_line("got ");
    none_hidden(&line);
    assert!(line.contains(&shown()), "{line}");
    let _ = control.command("mcp-call s fail '{}'");
    none_hidden(&control.wait_line("server 's'"));
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn menus_forms_questions_messages_and_view_mode_show_them() {
    let tmux = tmux();
    let viewer = tmux.view_sized(150, 30);
    let head = &shown()[..24];

    let _ = tmux.run(["mcp-tools", "s"]).ok();
    viewer.keys(&["C-g"]);
    viewer.until(head);
    none_hidden(&viewer.screen());
    viewer.keys(&["q"]);
    viewer.until_gone(head);

    viewer.keys(&["C-f"]);
    viewer.until(head);
    none_hidden(&viewer.screen());
    viewer.keys(&["x"]);
    viewer.until_gone(head);

    viewer.keys(&["C-a"]);
    tmux.until_format("#{mcp_questions}", "1");
    viewer.keys(&["C-y"]);
    viewer.until("Decline");
    viewer.until(head);
    none_hidden(&viewer.screen());
    viewer.keys(&["d"]);
    viewer.until_gone("Decline");
    viewer.until("answered");
    viewer.keys(&["q"]);
    viewer.until_gone("answered");

    let _ = tmux.run(["bind", "-n", "C-t", "mcp-menu", "s"]).ok();
    viewer.keys(&["C-t"]);
    viewer.until(head);
    none_hidden(&viewer.screen());
    viewer.keys(&["Escape"]);
    viewer.until_gone(head);

    let _ = tmux.run(["bind", "-n", "C-t", "mcp-menu", "s", "plain"]).ok();
    viewer.keys(&["C-t"]);
    viewer.until("p*:");
    viewer.until(head);
    none_hidden(&viewer.screen());

    let _ = tmux.run(["set", "-g", "status-right", "<#{mcp_last_error}>"]).ok();
    let _ = tmux.run(["set", "-g", "status-right-length", "140"]).ok();
    until("the status line shows it", || viewer.screen().contains(head));
    none_hidden(&viewer.screen());
    drop(viewer);
    tmux.finish();
}

/// The first and the last of each range that is escaped.
const RANGES: [(u32, u32); 18] = [
    (0x80, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
];

#[test]
fn each_range_is_escaped_from_its_first_character_to_its_last() {
    let tmux = Tmux::demo();
    let ends = RANGES.iter().flat_map(|&(first, last)| [first, last]);
    for code in ends {
        let hidden = char::from_u32(code).expect("a character");
        let escaped: String =
            hidden.to_string().bytes().map(|byte| format!("\\{byte:03o}")).collect();
        let message = format!("message=a{hidden}z");
        let told = tmux.call(["demo", "fail", &message]).fails(1);
        assert!(told.contains(&format!("a{escaped}z")), "U+{code:04X}: {told:?}");
    }
    tmux.finish();
}
