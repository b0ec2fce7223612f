//! What somebody sees in mcp-menu while a server is waited for: what it says, and
//! what it asks, whatever of it was chosen.

use std::fs::File;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, gated, stdio, until};

/// Asks which one is meant before it answers, whatever it is asked for.
fn asks() -> Value {
    let script = r#"
import sys, json
waiting = {}
def send(**m): print(json.dumps(dict(jsonrpc="2.0", **m)), flush=True)
schema = {"type": "object", "properties": {"which": {"type": "string"}}}
for line in sys.stdin:
    m = json.loads(line)
    i, p = m.get("id"), m.get("params") or {}
    kind = m.get("method")
    if kind is None:
        asked, said = waiting.pop(i), m["result"]["action"]
        text = asked + " " + said
        if asked.endswith("failing"):
            send(id=waiting["of"], error={"code": -32603, "message": text})
        elif asked == "p":
            send(id=waiting["of"], result={"messages": [{"role": "user",
                "content": {"type": "text", "text": text}}]})
        else:
            send(id=waiting["of"], result={"contents": [{"uri": asked, "text": text}]})
    elif kind == "initialize":
        send(id=i, result={"protocolVersion": "2025-06-18", "serverInfo": {"name": "a", "version": "1"},
            "capabilities": {"tools": {}, "prompts": {}, "resources": {}}})
    elif kind == "tools/list": send(id=i, result={"tools": [{"name": "t"}]})
    elif kind == "prompts/list": send(id=i, result={"prompts": [{"name": "p"}]})
    elif kind == "resources/list":
        send(id=i, result={"resources": [{"uri": "a://plain", "name": "plain"},
            {"uri": "failing", "name": "failing"}]})
    elif kind == "resources/templates/list":
        send(id=i, result={"resourceTemplates": [{"uriTemplate": "a://x/{which}", "name": "template"}]})
    elif kind in ("prompts/get", "resources/read"):
        waiting["of"] = i
        waiting["q"] = p.get("name") or p.get("uri")
        send(id="q", method="elicitation/create", params={"message": "which one?", "requestedSchema": schema})
    elif i is not None: send(id=i, error={"code": -32601, "message": "no"})
"#;
    json!({"command": "python3", "args": ["-c", script]})
}

fn menu(setup: Setup) -> Tmux {
    setup
        .conf("bind-key -n C-g mcp-menu s")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start()
}

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

#[test]
fn a_question_opens_over_the_dialog_of_a_prompt_a_resource_and_a_template() {
    for (columns, rows) in SIZES {
        let tmux = menu(Setup::new().server("s", asks()));
        let viewer = tmux.view_sized(columns, rows);
        let opens_by_itself = || {
            viewer.until("which one?");
            viewer.until("Decline");
            viewer.keys(&["d"]);
        };
        viewer.keys(&["C-g"]);
        viewer.until("(P)");
        viewer.keys(&["P"]);
        viewer.press("p ");
        viewer.until("Paste into the pane");
        viewer.keys(&["s"]);
        opens_by_itself();
        until("the prompt is pasted", || tmux.pane().contains("p decline"));

        viewer.keys(&["C-g"]);
        viewer.until("(R)");
        viewer.keys(&["R"]);
        viewer.press("plain");
        opens_by_itself();
        viewer.until("a://plain decline");
        viewer.keys(&["q"]);

        viewer.keys(&["C-g"]);
        viewer.until("(R)");
        viewer.keys(&["R"]);
        viewer.press("a://x/");
        viewer.until("which*:");
        viewer.text("one");
        viewer.keys(&["Enter"]);
        viewer.until("which = one");
        viewer.keys(&["s"]);
        opens_by_itself();
        viewer.until("a://x/one decline");
        viewer.keys(&["q"]);

        // One that fails leads back to where it was chosen.
        viewer.keys(&["C-g"]);
        viewer.until("(R)");
        viewer.keys(&["R"]);
        viewer.press("failing");
        opens_by_itself();
        viewer.until_words("failing decline");
        viewer.until("Return to the list");
        viewer.keys(&["r"]);
        viewer.until("plain");
        viewer.keys(&["Escape", "Escape"]);
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_template_that_fails_keeps_what_was_given() {
    let tmux = menu(Setup::new().server("s", asks()));
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    viewer.until("(R)");
    viewer.keys(&["R"]);
    viewer.press("a://x/");
    viewer.until("which*:");
    viewer.text("failing");
    viewer.keys(&["Enter"]);
    for _ in 0..2 {
        viewer.until("which = failing");
        viewer.keys(&["s"]);
        viewer.until("which one?");
        viewer.keys(&["d"]);
        viewer.until("a://x/failing decline");
    }
    viewer.until("which = failing");
    drop(viewer);
    tmux.finish();
}

#[test]
fn what_a_server_says_while_it_starts_is_beside_what_is_waited_for() {
    let address =
        "https://example.org/device?code=ABCD-EFGH&user=somebody@example.org&back=to-tmux-again";
    for (columns, rows) in SIZES {
        let setup = Setup::new();
        let gate = setup.path("gate");
        let mut entry = gated(&gate, stdio(&[]));
        let wait = entry["args"][1].as_str().expect("a script").to_owned();
        entry["args"][1] = json!(format!("echo first >&2; echo 'visit {address}' >&2; {wait}"));
        let tmux = menu(setup.server("s", entry));
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("waiting for the tools of s");
        until("the address is there, whole", || {
            let words: String = viewer.words().split_whitespace().collect();
            words.contains(&format!("visit{address}"))
        });
        File::create(&gate).expect("the gate opens");
        viewer.until("s: 28 tools");
        viewer.keys(&["Escape"]);
        viewer.until_gone("s: 28 tools");
        drop(viewer);
        tmux.finish();
    }
}
