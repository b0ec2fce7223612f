//! What tmux does for servers: roots, and the words of a model from a hook.

use std::path::Path;

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

const ERAS: [&str; 2] = ["legacy", "modern"];

fn uri(path: &Path) -> String {
    let path = std::fs::canonicalize(path).expect("it is there");
    format!("file://{}", path.display()).replace(' ', "%20").replace('é', "%C3%A9")
}

fn of(answer: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).expect("JSON");
    let roots = answer["roots"].as_array().unwrap_or_else(|| panic!("no roots in {answer}"));
    roots.iter().map(|root| root["uri"].as_str().expect("a URI").to_owned()).collect()
}

fn roots(tmux: &Tmux) -> Vec<String> {
    of(&tmux.call(["demo", "where", "{}"]).ok())
}

#[test]
fn roots_are_the_directories_of_sessions_and_panes_in_both_eras() {
    for era in ERAS {
        let tmux =
            Setup::new().server("demo", stdio(&["--era", era])).conf("set -g mcp-roots on").start();
        let session = uri(&tmux.path("home"));
        assert_eq!(roots(&tmux), [session.as_str()], "{era}: session and pane are in one place");
        let other = tmux.path("another é place");
        std::fs::create_dir(&other).expect("made");
        let path = other.to_string_lossy().into_owned();
        let _ = tmux.run(["split-window", "-d", "-t", "one:", "-c", &path, "cat"]).ok();
        // The pane is there before its program has gone to the directory.
        until("the pane is in the list", || roots(&tmux) == [session.clone(), uri(&other)]);
        let _ = tmux.run(["kill-pane", "-t", "one:.1"]).ok();
        assert_eq!(roots(&tmux), [session.as_str()], "{era}");
        let _ = tmux.run(["set", "-g", "mcp-roots", "off"]).ok();
        assert_eq!(roots(&tmux), [""; 0], "{era}: off again");
        tmux.finish();
    }
}

#[test]
fn servers_are_told_of_no_roots_unless_that_is_wanted() {
    for era in ERAS {
        let tmux = Setup::new().server("demo", stdio(&["--era", era])).start();
        assert_eq!(roots(&tmux), [""; 0], "{era}");
        tmux.finish();
    }
}

#[test]
fn roots_are_those_of_the_sessions_that_tell_them() {
    let tmux = Setup::new().server("demo", stdio(&[])).start();
    let other = tmux.path("other");
    std::fs::create_dir(&other).expect("made");
    let path = other.to_string_lossy().into_owned();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "-c", &path, "cat"]).ok();
    let _ = tmux.run(["set", "-t", "two", "mcp-roots", "on"]).ok();
    until("the pane is in its place", || roots(&tmux) == [uri(&other)]);
    let _ = tmux.run(["set", "-t", "two", "mcp-roots", "off"]).ok();
    assert_eq!(roots(&tmux), [""; 0]);
    tmux.finish();
}

#[test]
fn a_server_of_the_old_era_is_told_when_roots_change() {
    let tmux =
        Setup::new().server("demo", stdio(&["--ask-roots"])).conf("set -g mcp-roots on").start();
    // The server asks when it is told, and "roots" tells what it heard last.
    let heard = || {
        let output = tmux.call(["demo", "roots", "{}"]);
        let answer: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        if output.code == 0 { of(&answer["result"].to_string()) } else { Vec::new() }
    };
    let home = uri(&tmux.path("home"));
    until("it has asked after the handshake", || heard() == [home.clone()]);
    let other = tmux.path("other");
    std::fs::create_dir(&other).expect("made");
    let path = other.to_string_lossy().into_owned();
    let _ = tmux.run(["new-session", "-d", "-s", "two", "-c", &path, "cat"]).ok();
    until("it was told and has asked again", || {
        let heard = heard();
        heard.len() == 2 && heard.contains(&home) && heard.contains(&uri(&other))
    });
    tmux.finish();
}

#[test]
fn a_hook_answers_for_a_model_in_both_eras() {
    for era in ERAS {
        let words = json!({"role": "assistant", "model": "tmux",
            "content": {"type": "text", "text": "hello"}});
        let hook = format!(
            "set-hook -g mcp-sampling {{ set -gF @asked '#{{mcp_server}} #{{mcp_tool}} #{{mcp_json}}' \
             ; mcp-answer -J '{words}' \"#{{mcp_id}}\" }}"
        );
        let tmux = Setup::new().server("demo", stdio(&["--era", era])).conf(&hook).start();
        let said = tmux.call(["demo", "sample", "{}"]).ok();
        assert_eq!(said, "the model says: hello\n", "{era}");
        let asked = tmux.format("#{@asked}");
        let params = asked.strip_prefix("demo sample ").unwrap_or_else(|| panic!("{era}: {asked}"));
        let params: Value = serde_json::from_str(params).expect("the parameters as they came");
        assert_eq!(params["messages"][0]["content"]["text"], "say \"hello\"", "{era}");
        tmux.finish();
    }
}

#[test]
fn without_a_hook_nobody_is_asked_for_a_model() {
    for era in ERAS {
        let tmux = Setup::new().server("demo", stdio(&["--era", era])).start();
        let viewer = tmux.view();
        let said = tmux.call(["demo", "sample", "{}"]).fails(1);
        let polite = ["the client has no model", "asks for sampling/createMessage, which nobody"];
        assert!(polite.iter().any(|words| said.contains(words)), "{era}: {said}");
        assert!(!viewer.screen().contains("asks"), "{era}: {}", viewer.screen());
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_hook_may_decline_for_the_model() {
    for era in ERAS {
        let tmux = Setup::new()
            .server("demo", stdio(&["--era", era]))
            .conf("set-hook -g mcp-sampling 'mcp-answer -d \"#{mcp_id}\"'")
            .start();
        let said = tmux.call(["demo", "sample", "{}"]).fails(1);
        assert!(!said.is_empty(), "{era}");
        tmux.lives();
        tmux.finish();
    }
}
