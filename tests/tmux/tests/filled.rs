//! Forms of tools: what is asked, what is sent, and what is told while a call runs.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, Viewer, until};

/// Types a value in the place of what is there.
fn put(viewer: &Viewer<'_>, text: &str) {
    viewer.keys(&["C-u"]);
    viewer.text(text);
    viewer.keys(&["Enter"]);
}

/// A server of python, whose tool `t` has the schema and gives its arguments back. With FAIL
/// it refuses the first call; with UNTIL it works until there is such a file.
const SERVER: &str = r#"
import json, os, sys, time
refuse = os.environ.get("FAIL")
say = lambda m: print(json.dumps(dict(m, jsonrpc="2.0")), flush=True)
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    method, r = m.get("method"), None
    if method == "initialize":
        r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "p", "version": "1"}}
    elif method == "tools/list":
        r = {"tools": [{"name": "t", "inputSchema": json.loads(os.environ["SCHEMA"])}]}
    elif method == "tools/call":
        p = m["params"]
        open(os.environ["JOURNAL"], "a").write(json.dumps(p["arguments"]) + "\n")
        until = os.environ.get("UNTIL")
        while until and not os.path.exists(until):
            token = p.get("_meta", {}).get("progressToken")
            if token is not None:
                say({"method": "notifications/progress", "params": {"progressToken": token, "progress": 1, "total": 4, "message": "digging"}})
            time.sleep(0.1)
        text = "no such town" if refuse else json.dumps(p["arguments"])
        r = {"content": [{"type": "text", "text": text}], "isError": bool(refuse)}
        refuse = None
    say({"id": m["id"], "result": r} if r is not None else {"id": m["id"], "error": {"code": -32601, "message": "no"}})
"#;

struct Form {
    tmux: Tmux,
    journal: std::path::PathBuf,
}

/// A form on C-g for a tool with that schema, and a call of it on C-y.
fn form(schema: &str, mut env: Value) -> Form {
    let setup = Setup::new();
    let journal = setup.path("calls");
    env["JOURNAL"] = journal.to_string_lossy().into();
    env["SCHEMA"] = schema.into();
    if let Some(name) = env["UNTIL"].as_str().map(str::to_owned) {
        env["UNTIL"] = setup.path(&name).to_string_lossy().into();
    }
    env.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    let entry = json!({"command": "python3", "args": ["-c", SERVER], "era": "legacy", "env": env});
    let tmux = setup
        .server("s", entry)
        .conf("bind-key -n C-g mcp-menu s t")
        .conf("bind-key -n C-y mcp-call s t a=1")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start();
    Form { tmux, journal }
}

impl Form {
    /// The arguments of the calls so far, as they came.
    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.journal).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn sent(&self, arguments: &str) {
        until(&format!("{arguments} is sent"), || {
            self.calls().last().is_some_and(|last| last == arguments)
        });
    }
}

#[test]
fn only_what_is_required_is_asked_and_the_cursor_is_on_send() {
    let optional: Vec<String> =
        (0..24).map(|n| format!(r#""o{n:02}":{{"type":"string"}}"#)).collect();
    let schema = format!(
        r#"{{"properties":{{"req":{{"type":"string"}},{}}},"required":["req"]}}"#,
        optional.join(",")
    );
    let form = form(&schema, json!({}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("req*:");
    viewer.text("v");
    viewer.keys(&["Enter"]);
    viewer.until("req = v");
    viewer.until("o00 (left out)");
    // The menus of 3.3a cannot begin on a line.
    viewer.keys(&[if Tmux::version() == "3.3a" { "s" } else { "Enter" }]);
    form.sent(r#"{"req": "v"}"#);
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn a_list_of_one_an_empty_text_and_choices_are_sent_as_they_are_meant() {
    let schema = r#"{"properties":{"p":{"type":"array","items":{"type":"number"}},
        "e":{"type":"string"},"n":{"type":"string","enum":["1","2"]},
        "m":{"type":"array","items":{"enum":[1,2]}},
        "b":{"type":"boolean","oneOf":[{"const":true,"title":"Please"},{"const":false,"title":"No thanks"}]},
        "sort":{"anyOf":[{"enum":["asc","desc"]},{"type":"string"}]}},
        "required":["p","e","n","m","b","sort"]}"#;
    let form = form(schema, json!({}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("] p*:");
    viewer.text("1");
    viewer.keys(&["Enter"]);
    viewer.until("] e*:");
    viewer.keys(&["Enter"]);
    viewer.until("needs a value");
    viewer.text("\"\"");
    viewer.keys(&["Enter"]);
    viewer.until("] n*");
    viewer.press("1");
    viewer.until("] m*");
    viewer.press("[ ] 2");
    viewer.until("[x] 2");
    viewer.press("Done");
    viewer.until("] b*");
    viewer.press("No thanks");
    viewer.until("] sort*");
    viewer.until("desc");
    viewer.press("Type it");
    viewer.until("sort*:");
    viewer.text("name");
    viewer.keys(&["Enter"]);
    viewer.until("b = No thanks");
    // More of the list.
    viewer.press("p = 1");
    viewer.press("Add an item");
    viewer.until("p*:");
    viewer.text("2.50");
    viewer.keys(&["Enter"]);
    viewer.until("1, 2.50");
    viewer.press("Done");
    viewer.until("p = 1, 2.50");
    viewer.press("Send");
    form.sent(r#"{"p": [1, 2.5], "e": "", "n": "1", "m": [2], "b": false, "sort": "name"}"#);
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn an_error_comes_back_to_the_form_with_all_that_was_typed() {
    let schema = r#"{"properties":{"town":{"type":"string"}},"required":["town"]}"#;
    let form = form(schema, json!({"FAIL": "1"}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("town*:");
    viewer.text("Atlantis");
    viewer.keys(&["Enter"]);
    viewer.until("town = Atlantis");
    viewer.press("Send");
    viewer.until("no such town");
    viewer.press("town = Atlantis");
    viewer.until("town*: Atlantis");
    put(&viewer, "Rome");
    viewer.until("town = Rome");
    viewer.press("Send");
    form.sent(r#"{"town": "Rome"}"#);
    until("the result is shown", || form.tmux.format("#{pane_mode}") == "view-mode");
    assert_eq!(form.calls().len(), 2);
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn what_is_typed_is_in_no_history_and_a_secret_is_nowhere_on_the_screen() {
    let schema = r#"{"properties":{"user":{"type":"string"},"api_key":{"type":"string"}},
        "required":["user","api_key"]}"#;
    let form = form(schema, json!({}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("user*:");
    viewer.text("somebody");
    viewer.keys(&["Enter"]);
    viewer.until("api_key*:");
    viewer.text("sk-S\u{e9}*CRET");
    viewer.until("api_key*: **********");
    assert!(!viewer.screen().contains("CRET"), "{}", viewer.screen());
    viewer.keys(&["BSpace", "Enter"]);
    viewer.until("api_key = ********");
    assert!(!viewer.screen().contains("CRE"), "{}", viewer.screen());
    viewer.press("Send");
    form.sent(r#"{"user": "somebody", "api_key": "sk-S\u00e9*CRE"}"#);
    let history = form.tmux.run(["show-prompt-history"]).ok();
    assert!(!history.contains("somebody") && !history.contains("**"), "{history}");
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn parts_of_objects_and_items_of_lists_are_asked_for_one_by_one() {
    let schema = r##"{"properties":{"address":{"$ref":"#/$defs/A"},
        "people":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}},
        "required":["address"],"$defs":{"A":{"type":"object","properties":{"street":{"type":"string"},
        "zip":{"type":"integer"}},"required":["street"]}}}"##;
    let form = form(schema, json!({}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("address.street*:");
    viewer.text("Elm");
    viewer.keys(&["Enter"]);
    viewer.press("address.zip (left out)");
    viewer.until("address.zip:");
    viewer.text("12345");
    viewer.keys(&["Enter"]);
    viewer.press("people.0.name (left out)");
    viewer.until("people.0.name:");
    viewer.text("Ann");
    viewer.keys(&["Enter"]);
    viewer.press("people: another");
    viewer.until("people.1.name:");
    viewer.text("Bo");
    viewer.keys(&["Enter"]);
    viewer.until("people.1.name = Bo");
    viewer.press("Send");
    form.sent(
        r#"{"address": {"street": "Elm", "zip": 12345}, "people": [{"name": "Ann"}, {"name": "Bo"}]}"#,
    );
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn a_call_that_takes_long_shows_that_it_runs_and_how_far_it_is() {
    let schema = r#"{"properties":{"a":{"type":"integer"}}}"#;
    let form = form(schema, json!({"UNTIL": "go"}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-y"]);
    viewer.until("s t: running");
    viewer.until("25%: digging");
    // Panes go on meanwhile.
    let _ = form.tmux.shell("tmux send-keys -t one: 'echo still-drawn' Enter").ok();
    viewer.until("still-drawn");
    viewer.until("s t: running");
    let go = form.journal.with_file_name("go");
    std::fs::write(&go, "").expect("written");
    viewer.until_gone("s t: running");
    std::fs::remove_file(&go).expect("removed");
    viewer.keys(&["q", "C-g"]);
    viewer.press("Send");
    viewer.until("25%: digging");
    viewer.press("Leave it running");
    viewer.until_gone("Leave it running");
    std::fs::write(&go, "").expect("written");
    until("both ran", || form.calls().len() == 2);
    viewer.until_gone("s t: running");
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn an_edited_argument_is_on_the_page_that_is_shown_then() {
    let optional: Vec<String> =
        (0..12).map(|n| format!(r#""o{n:02}":{{"type":"string"}}"#)).collect();
    let form = form(&format!(r#"{{"properties":{{{}}}}}"#, optional.join(",")), json!({}));
    let viewer = form.tmux.view_sized(40, 12);
    viewer.keys(&["C-g"]);
    viewer.press("o09 (left out)");
    viewer.until("o09:");
    viewer.text("v");
    viewer.keys(&["Enter"]);
    viewer.until("Send");
    viewer.until("o09 = v");
    viewer.press("Send");
    form.sent(r#"{"o09": "v"}"#);
    drop(viewer);
    form.tmux.finish();
}

#[test]
fn a_menu_without_actions_does_not_end_in_a_line() {
    let schema = r#"{"properties":{"kind":{"enum":["letter","card"]}},"required":["kind"]}"#;
    let form = form(schema, json!({}));
    let viewer = form.tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("card");
    assert!(!viewer.screen().contains('\u{251c}'), "{}", viewer.screen());
    drop(viewer);
    form.tmux.finish();
}
