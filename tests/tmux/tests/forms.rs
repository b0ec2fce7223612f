//! What forms take: several choices, limits, rounds of questions, long addresses.

use serde_json::{Value, json};
use tmcp_tmux_tests::{Setup, Tmux, Viewer, stdio, until};

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];
const ERAS: [&str; 2] = ["legacy", "modern"];

fn demo(era: &str) -> Tmux {
    let setup = Setup::new();
    let journal = setup.path("journal");
    setup
        .server("demo", stdio(&["--era", era, "--journal", &journal.to_string_lossy()]))
        .conf("bind-key -n C-g mcp-menu demo pick")
        .conf("set -g status-interval 0")
        .conf("set -g display-time 0")
        .start()
}

/// Types a value in the place of what is there.
fn put(viewer: &Viewer<'_>, text: &str) {
    viewer.keys(&["C-u"]);
    viewer.text(text);
    viewer.keys(&["Enter"]);
}

#[test]
fn several_choices_are_made_in_the_form_of_a_tool() {
    for (columns, rows) in SIZES {
        let tmux = demo("legacy");
        let viewer = tmux.view_sized(columns, rows);
        viewer.keys(&["C-g"]);
        viewer.until("[1/2] sides*");
        viewer.until("where to look");
        viewer.until("[x] south");
        viewer.press("[ ] north");
        viewer.until("[x] north");
        viewer.press("[x] south");
        viewer.until("[ ] south");
        viewer.press("[ ] east");
        viewer.until("[x] east");
        viewer.keys(&["d"]);
        // The second one is optional, and has titles.
        viewer.press("colours (left out");
        viewer.until("[2/2] colours");
        viewer.press("[ ] Green");
        viewer.until("[x] Green");
        viewer.keys(&["d"]);
        viewer.until("colours = ");
        // What was chosen is still chosen when it is looked at again.
        viewer.press("sides = ");
        viewer.until("[x] north");
        viewer.until("[ ] south");
        viewer.press("[x] north");
        viewer.until("[ ] north");
        viewer.keys(&["d"]);
        viewer.until("sides = [\"east\"]");
        viewer.keys(&["s"]);
        until("the tool ran", || !tmux.journal().is_empty());
        assert_eq!(tmux.last_arguments(), json!({"sides": ["east"], "colours": ["g"]}));
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn several_choices_may_be_none_or_left_out() {
    let tmux = demo("legacy");
    let viewer = tmux.view_sized(80, 24);
    viewer.keys(&["C-g"]);
    viewer.until("[1/2] sides*");
    viewer.press("[x] south");
    viewer.until("[ ] south");
    viewer.keys(&["d"]);
    viewer.until("colours (left out");
    viewer.keys(&["s"]);
    until("the tool ran", || !tmux.journal().is_empty());
    assert_eq!(tmux.last_arguments(), json!({"sides": []}));
    drop(viewer);
    tmux.finish();
}

#[test]
fn each_limit_is_told_at_its_field_before_anything_is_sent() {
    for (era, (columns, rows)) in ERAS.into_iter().zip(SIZES) {
        let tmux = demo(era);
        let viewer = tmux.view_sized(columns, rows);
        let call = tmux.start_call(["demo", "ask", "kind=rules"]);
        viewer.asked("demo");
        viewer.keys(&["a"]);
        for step in 1..=4 {
            viewer.until(&format!("[demo {step}/4] "));
            let wrong: &[(&str, &str)] = match viewer.screen() {
                screen if screen.contains("nick*") => {
                    viewer.until_words("3 to 5 characters");
                    &[("ab", "at least 3 characters"), ("abcdef", "at most 5 characters")]
                }
                screen if screen.contains("ratio*") => {
                    viewer.until_words("number, 0.5 to 1.5");
                    &[("0.25", "at least 0.5"), ("2", "at most 1.5"), ("x", "wants a number")]
                }
                screen if screen.contains("day*") => &[("tomorrow", "a date like 2026-07-28")],
                screen if screen.contains("site*") => &[("here", "wants a URI")],
                screen => panic!("which field is it?\n{screen}"),
            };
            let right = match wrong[0].0 {
                "ab" => "abcd",
                "0.25" => "1.25",
                "tomorrow" => "2026-11-24",
                _ => "https://example.com/",
            };
            for (value, error) in wrong {
                put(&viewer, value);
                viewer.until_words(error);
            }
            put(&viewer, right);
        }
        viewer.until("Accept and send");
        viewer.keys(&["a"]);
        let text = call.wait().ok();
        let text = text.strip_prefix("accepted ").unwrap_or_else(|| panic!("{era}: {text}"));
        let value: Value = serde_json::from_str(text).expect("JSON");
        let expected = json!({"nick": "abcd", "ratio": 1.25, "day": "2026-11-24",
            "site": "https://example.com/"});
        assert_eq!(value, expected);
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn a_server_asks_again_and_again_and_its_state_goes_with_the_answers() {
    for era in ERAS {
        for (columns, rows) in SIZES {
            let tmux = demo(era);
            let viewer = tmux.view_sized(columns, rows);
            let call = tmux.start_call(["demo", "ask", "kind=rounds", "question=a word"]);
            for (round, word) in ["one \"1\"", "two", "three"].into_iter().enumerate() {
                viewer.asked_about(&format!("a word ({} of 3)", round + 1));
                viewer.keys(&["a"]);
                viewer.until("word*:");
                viewer.text(word);
                viewer.keys(&["Enter"]);
                viewer.until(&format!("word = {word}"));
                viewer.keys(&["a"]);
            }
            assert_eq!(call.wait().ok(), "one \"1\", two, three\n", "{era}");
            // A round of the modern era is a request of its own.
            let requests = if era == "modern" { 4 } else { 1 };
            assert_eq!(tmux.journal().len(), requests, "{era}");
            drop(viewer);
            tmux.finish();
        }
    }
}

#[test]
fn one_round_declined_is_the_end_of_them() {
    for era in ERAS {
        let tmux = demo(era);
        let viewer = tmux.view_sized(80, 24);
        let call = tmux.start_call(["demo", "ask", "kind=rounds", "question=a word"]);
        viewer.asked_about("a word (1 of 3)");
        viewer.keys(&["a"]);
        viewer.until("word*:");
        viewer.text("x");
        viewer.keys(&["Enter"]);
        viewer.until("word = x");
        viewer.keys(&["a"]);
        viewer.asked_about("a word (2 of 3)");
        viewer.keys(&["d"]);
        assert_eq!(call.wait().ok(), "the user chose: \"decline\"\n", "{era}");
        viewer.until_gone("demo asks");
        drop(viewer);
        tmux.finish();
    }
}

#[test]
fn an_address_longer_than_the_screen_is_read_in_pages_and_copied_whole() {
    for (columns, rows) in SIZES {
        let tmux = demo("modern");
        let viewer = tmux.view_sized(columns, rows);
        let call = tmux.start_call(["demo", "ask", "kind=far"]);
        viewer.asked("demo");
        let mut seen = String::new();
        loop {
            let screen = viewer.screen();
            let text = screen.lines().filter(|line| line.contains('\u{2502}'));
            let text = text.map(|line| line.trim_matches(|c| c == '\u{2502}' || c == ' '));
            seen.extend(text.filter(|line| !line.ends_with(')')));
            if !screen.contains("(n)") {
                break;
            }
            viewer.keys(&["n"]);
            until("the page turns", || {
                let now = viewer.screen();
                now != screen && now.contains("Decline")
            });
        }
        let steps: String = (1..=150).map(|number| format!("/step{number}")).collect();
        let address = format!("https://example.com{steps}?end");
        assert!(seen.contains(&address), "{seen}");
        viewer.keys(&["u"]);
        until("it is copied", || tmux.buffer("mcp-url").as_deref() == Some(&*address));
        viewer.asked("demo");
        viewer.keys(&["d"]);
        assert_eq!(call.wait().ok(), "the user chose: decline\n");
        drop(viewer);
        tmux.finish();
    }
}
