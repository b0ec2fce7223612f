//! What tmux's own parser takes of an argument, and the ways out that the manual gives.

use std::fs;

use tmcp_tmux_tests::{Tmux, until};

#[test]
fn a_shell_loses_a_last_semicolon_and_there_are_ways_out() {
    let tmux = Tmux::demo();
    assert_eq!(tmux.call(["demo", "echo", "text=select 1;"]).ok(), "select 1\n");
    for word in [r"text=select 1\;", r#"{"text": "select 1;"}"#, r#"text:="select 1;""#] {
        assert_eq!(tmux.call(["demo", "echo", word]).ok(), "select 1;\n", "{word}");
    }
    let json = r#"{"text": "select 1;"}"#;
    let output = tmux.run_with(["mcp-call", "-i", "-", "demo", "echo"], json.as_bytes());
    assert_eq!(output.ok(), "select 1;\n");
    tmux.finish();
}

#[test]
fn a_configuration_file_has_the_whole_syntax() {
    let tmux = Tmux::demo();
    let file = tmux.path("line.conf");
    let home = tmux.format("#{session_name}");
    for (at, (word, sent)) in [
        ("text=x;", "x"),
        ("'text=x;'", "x;"),
        (r"text=x\;", "x;"),
        ("'text=$TERM'", "$TERM"),
        (r#""text=\$TERM""#, "$TERM"),
        ("'text=#{session_name}'", "#{session_name}"),
        ("'text={b}'", "{b}"),
        ("text=50%", "50%"),
        ("text=~/x", "~/x"),
        (r#"'{"text": "1"}'"#, "1"),
        (r#""text=it's""#, "it's"),
        (r#"text="b""#, "b"),
        (r#"'text="b"'"#, "\"b\""),
        ("text=-1", "-1"),
        ("-E 'text=#{session_name}'", &*home),
        ("-E 'text=##{session_name}'", "#{session_name}"),
    ]
    .into_iter()
    .enumerate()
    {
        let (flag, word) = word.strip_prefix("-E ").map_or(("", word), |word| ("-E", word));
        let buffer = format!("b{at}");
        fs::write(&file, format!("mcp-call {flag} -o buffer:{buffer} demo echo {word}\n"))
            .expect("the file is written");
        let _ = tmux.run(["source-file", &*file.to_string_lossy()]).ok();
        let mut got = None;
        until(&format!("{word} is sent"), || {
            got = tmux.buffer(&buffer);
            got.is_some()
        });
        let got = got.unwrap_or_default();
        assert_eq!(got.trim_end_matches('\n'), sent, "{word}");
    }
    for word in ["text=#{pid}", "text={b}", r#"{"text": 1}"#, "~=1", "text=a %b=1"] {
        fs::write(&file, format!("mcp-call demo echo {word}\n")).expect("the file is written");
        let output = tmux.run(["source-file", &*file.to_string_lossy()]);
        let said = output.stdout + &output.stderr;
        let error = if word.starts_with('{') { "unknown command: text:" } else { "syntax error" };
        assert!(said.contains(error), "{word}: {said}");
    }
    tmux.finish();
}
