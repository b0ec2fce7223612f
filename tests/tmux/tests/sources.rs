//! Arguments taken from where the user is: `key@=source`, correct for any bytes.

use std::fs;

use tmcp_tmux_tests::{Tmux, until};

/// Text with all that is easily spoilt on the way.
const NASTY: &str = "a \"b\" 'c' \\d $HOME `id` #{pid} #(id) ;\n\n\ttab\r\n\u{1b}[31mred\u{1b}[0m \
     \u{7}größer 漢字 \u{1f468}\u{200d}\u{1f469} {\"k\": [1]} trailing ; \\";

fn take(tmux: &Tmux, source: &str) -> String {
    let argument = format!("text@={source}");
    let args = ["-o", "none", "-t", "one:", "demo", "echo", &argument];
    let _ = tmux.call(args).ok();
    tmux.last_arguments()["text"].as_str().expect("text is a string").to_string()
}

fn refused(tmux: &Tmux, source: &str) -> String {
    let argument = format!("text@={source}");
    tmux.call(["-t", "one:", "demo", "echo", &argument]).fails(1)
}

/// Sets a buffer as it is: neither a shell nor tmux's parser sees the text.
fn set_buffer(tmux: &Tmux, name: &str, text: &[u8]) {
    let _ = tmux.run_with(["load-buffer", "-b", name, "-"], text).ok();
}

#[test]
fn a_buffer_arrives_as_it_is() {
    let tmux = Tmux::demo();
    set_buffer(&tmux, "nasty", NASTY.as_bytes());
    assert_eq!(take(&tmux, "buffer:nasty"), NASTY);
    set_buffer(&tmux, "newer", b"the newest");
    let _ = tmux.run(["set-buffer", "automatic"]).ok();
    assert_eq!(take(&tmux, "buffer"), "automatic");
    assert!(refused(&tmux, "buffer:nobody").contains("no buffer nobody"));
    tmux.finish();
}

#[test]
fn a_megabyte_arrives_as_it_is() {
    let tmux = Tmux::demo();
    let text = NASTY.repeat(1024 * 1024 / NASTY.len() + 1);
    set_buffer(&tmux, "big", text.as_bytes());
    assert!(take(&tmux, "buffer:big") == text, "the text was changed on its way");
    tmux.finish();
}

#[test]
fn a_megabyte_arrives_from_a_file_a_history_and_a_selection() {
    let tmux = Tmux::demo();
    let text = NASTY.repeat(1024 * 1024 / NASTY.len() + 1);
    fs::write(tmux.path("home/big"), &text).expect("written");
    assert!(take(&tmux, "file:big") == text, "the file was changed on its way");

    // What can be shown, in lines that wrap. Copy mode makes room for a selection byte by
    // byte, and the sanitizer's allocator copies all of it each time.
    let sanitized = std::env::var_os("TMCP_SANITIZED").is_some();
    let lines: Vec<String> = (0..if sanitized { 100 } else { 2000 })
        .map(|n| {
            format!("{n} \"a\" 'b' \\c $D `e` #{{pid}} #(id) ; größer 漢字 ").repeat(13) + "end"
        })
        .collect();
    let text = lines.join("\n");
    assert!(sanitized || text.len() > 1 << 20);
    fs::write(tmux.path("home/lines"), &text).expect("written");
    let _ = tmux.run(["set", "-g", "history-limit", "50000"]).ok();
    let line = "stty -echo; cat lines; tput civis; exec cat";
    let _ = tmux.run(["respawn-window", "-k", "-t", "one:", line]).ok();
    let _ = tmux.run(["new-window", "-d", "-t", "one:9", line]).ok();
    let _ = tmux.run(["kill-window", "-t", "one:0"]).ok();
    tmux.until_format("#{cursor_flag}", "0");
    assert!(take(&tmux, "pane:-,-") == text, "the history was changed on its way");
    let _ = tmux.run(["copy-mode", "-t", "one:"]).ok();
    for command in ["history-top", "begin-selection", "history-bottom", "end-of-line"] {
        let _ = tmux.run(["send-keys", "-X", "-t", "one:", command]).ok();
    }
    assert!(take(&tmux, "selection") == text, "the selection was changed on its way");
    tmux.finish();
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_nul_arrives() {
    let tmux = Tmux::demo();
    set_buffer(&tmux, "bytes", b"a\xff\xc3b\0c");
    let text = take(&tmux, "buffer:bytes");
    assert!(text.starts_with('a') && text.ends_with("b\0c"), "{text:?}");
    set_buffer(&tmux, "bytes", b"a\xffb");
    assert_eq!(take(&tmux, "buffer:bytes"), "a\u{fffd}b");
    tmux.finish();
}

#[test]
fn a_file_is_read_and_nothing_else_is() {
    let tmux = Tmux::demo();
    fs::write(tmux.path("home/note"), NASTY).expect("written");
    assert_eq!(take(&tmux, "file:note"), NASTY);
    assert_eq!(take(&tmux, "file:~/note"), NASTY);
    let path = tmux.path("home/note");
    assert_eq!(take(&tmux, &format!("file:{}", path.display())), NASTY);
    assert!(refused(&tmux, "file:nothing").contains("nothing: No such file"));
    assert!(refused(&tmux, "file:/dev/zero").contains("not a regular file"));
    assert!(refused(&tmux, "file:/").contains("not a regular file"));
    let fifo = tmux.path("home/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("runs").success());
    assert!(refused(&tmux, "file:fifo").contains("not a regular file"));
    tmux.finish();
}

#[test]
fn arguments_are_read_from_regular_files_whoever_reads_them() {
    let tmux = Tmux::demo();
    let text = "x".repeat(1024 * 1024);
    let json = serde_json::json!({"text": text}).to_string();
    fs::write(tmux.path("home/args"), &json).expect("written");
    std::os::unix::fs::symlink(tmux.path("home/args"), tmux.path("home/link")).expect("linked");
    fs::write(tmux.path("home/long"), "{").expect("written");
    let long = fs::OpenOptions::new().write(true).open(tmux.path("home/long")).expect("opens");
    long.set_len(16 * 1024 * 1024 + 1).expect("a hole");
    let fifo = tmux.path("home/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("runs").success());

    let mut control = tmux.control();
    for name in ["args", "link"] {
        let path = tmux.path(&format!("home/{name}"));
        let buffer = format!("from-{name}");
        let _ = control
            .command(&format!("mcp-call -o buffer:{buffer} -i {} demo echo", path.display()));
        until("it is read", || tmux.buffer(&buffer).is_some());
        assert!(tmux.buffer(&buffer).as_deref() == Some(&text), "{name} was changed on its way");
    }
    for (name, why) in [
        ("fifo", "not a regular file"),
        ("long", "File too large"),
        ("none", "No such file"),
        ("", "not a regular file"),
    ] {
        let path = tmux.path(&format!("home/{name}"));
        let block = control.command(&format!("mcp-call -i '{}' demo echo", path.display()));
        assert!(block.error && block.lines[0].contains(why), "{name}: {block:?}");
        assert!(refused(&tmux, &format!("file:{}", path.display())).contains(why), "{name}");
    }
    // What a shell client reads has no end, and is let go when it is too much.
    let endless = tmux.call(["-i", "/dev/zero", "demo", "echo"]).fails(1);
    assert!(endless.contains("/dev/zero: File too large"), "{endless}");
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn what_is_no_source_is_named() {
    let tmux = Tmux::demo();
    assert!(refused(&tmux, "nonsense").contains("unknown source: nonsense"));
    assert!(refused(&tmux, "word:x").contains("unknown source: word:x"));
    assert!(refused(&tmux, "pane:a,b").contains("bad range of a pane: a,b"));
    assert!(refused(&tmux, "selection").contains("not in copy mode"));
    assert!(tmux.journal().is_empty(), "no tool ran");
    tmux.finish();
}

#[test]
fn the_pane_and_its_history_are_taken_with_wrapped_lines_joined() {
    let tmux = Tmux::demo();
    let long = "x".repeat(250);
    let file = tmux.path("home/lines");
    let lines: String = (1..=60).map(|n| format!("line {n}\n")).collect();
    fs::write(&file, format!("{lines}{long}\nlast 漢字 \"q\"\n")).expect("written");
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", "stty -echo; cat lines -"]).ok();
    until("it is shown", || tmux.pane().contains("last 漢字"));
    let text = take(&tmux, "pane");
    assert!(text.ends_with(&format!("\n{long}\nlast 漢字 \"q\"")), "{text}");
    assert!(!text.contains("line 1\n"));
    let text = take(&tmux, "pane:-,-");
    assert_eq!(text, format!("{lines}{long}\nlast 漢字 \"q\""));
    let visible = take(&tmux, "pane:0,0");
    assert_eq!(take(&tmux, "pane").lines().next(), Some(visible.as_str()));
    assert_eq!(take(&tmux, "pane:-2,-1").lines().count(), 2);
    tmux.finish();
}

#[test]
fn the_word_and_the_line_under_the_cursor_are_taken() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["send-keys", "-t", "one:", "first", "Enter"]).ok();
    until("it comes back", || tmux.pane().matches("first").count() == 2);
    let _ = tmux.run(["send-keys", "-t", "one:", "-l", "see src/main.rs"]).ok();
    until("it is shown", || tmux.pane().contains("main.rs"));
    assert_eq!(take(&tmux, "line"), "see src/main.rs");
    assert_eq!(take(&tmux, "word"), "rs", "words end at the separators of tmux");
    let _ = tmux.run(["copy-mode", "-t", "one:"]).ok();
    let _ = tmux.run(["send-keys", "-X", "-t", "one:", "start-of-line"]).ok();
    assert_eq!(take(&tmux, "word"), "see");
    assert_eq!(take(&tmux, "line"), "see src/main.rs");
    tmux.finish();
}

#[test]
fn the_position_that_copy_mode_shows_is_part_of_no_line() {
    let tmux = Tmux::demo();
    let width = 80;
    let full: Vec<String> = (1..=60).map(|n| format!("{n:>0width$}")).collect();
    let text = format!("{}\nx [0/1]", full.join("\n"));
    fs::write(tmux.path("home/lines"), text).expect("written");
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", "stty -echo; cat lines -"]).ok();
    until("it is shown", || tmux.pane().contains("x [0/1]"));
    let _ = tmux.run(["resize-window", "-t", "one:", "-x", "80", "-y", "24"]).ok();
    let copy = |command: &str| {
        let _ = tmux.run(["send-keys", "-X", "-t", "one:", command]).ok();
    };
    let _ = tmux.run(["copy-mode", "-t", "one:"]).ok();
    for commands in [&["history-top", "top-line"][..], &["scroll-down"], &["toggle-position"]] {
        commands.iter().for_each(|command| copy(command));
        copy("end-of-line");
        let row: usize = tmux.format("#{scroll_position}").parse().expect("a number");
        let history: usize = tmux.format("#{history_size}").parse().expect("a number");
        assert_eq!(tmux.format("#{copy_cursor_y}"), "0");
        let shown = tmux.format("#{copy_cursor_x} #{copy_cursor_line}");
        assert_eq!(take(&tmux, "line"), full[history - row], "{commands:?}");
        assert_eq!(take(&tmux, "word"), full[history - row], "{commands:?}");
        let after = tmux.format("#{copy_cursor_x} #{copy_cursor_line}");
        assert_eq!(after, shown, "cursor and position are as they were");
    }
    // What looks like the position and is not stays.
    copy("cancel");
    let _ = tmux.run(["copy-mode", "-t", "one:"]).ok();
    assert_eq!(take(&tmux, "line"), "x [0/1]");
    tmux.finish();
}

#[test]
fn the_selection_is_taken_and_stays_and_no_buffer_is_left() {
    let tmux = Tmux::demo();
    set_buffer(&tmux, "mine", b"mine");
    let _ = tmux.run(["send-keys", "-t", "one:", "-l", "first \"quoted\" 漢字"]).ok();
    until("it is shown", || tmux.pane().contains("漢字"));
    let _ = tmux.run(["copy-mode", "-t", "one:"]).ok();
    let _ = tmux.run(["send-keys", "-X", "-t", "one:", "start-of-line"]).ok();
    assert!(refused(&tmux, "selection").contains("no selection"));
    let _ = tmux.run(["send-keys", "-X", "-t", "one:", "begin-selection"]).ok();
    let _ = tmux.run(["send-keys", "-X", "-t", "one:", "end-of-line"]).ok();
    assert_eq!(take(&tmux, "selection"), "first \"quoted\" 漢字");
    assert_eq!(take(&tmux, "selection"), "first \"quoted\" 漢字", "it is still there");
    assert_eq!(tmux.format("#{pane_in_mode}#{selection_present}"), "11");
    assert_eq!(tmux.run(["list-buffers", "-F", "#{buffer_name}"]).ok(), "mine\n");
    tmux.finish();
}

#[test]
fn path_command_and_title_are_taken_and_not_expanded() {
    let tmux = Tmux::demo();
    let title = "t \"#{pid}\" #(id)";
    let _ = tmux.run(["select-pane", "-t", "one:", "-T", title]).ok();
    let home = fs::canonicalize(tmux.path("home")).expect("it is there");
    assert_eq!(take(&tmux, "path"), home.to_string_lossy());
    assert_eq!(take(&tmux, "command"), tmux.format("#{pane_current_command}"));
    assert_eq!(take(&tmux, "title"), tmux.format("#{pane_title}"));
    tmux.finish();
}

#[test]
fn sources_work_in_key_bindings_and_name_what_is_missing() {
    let tmux = Tmux::demo();
    let _ = tmux
        .run([
            "bind-key",
            "-n",
            "C-g",
            "mcp-call",
            "-o",
            "buffer:got",
            "demo",
            "echo",
            "text@=line",
        ])
        .ok();
    let mut terminal = tmux.attach();
    terminal.keys(b"hello there");
    until("it is shown", || tmux.pane().contains("hello there"));
    terminal.keys(b"\x07");
    until("the call was made", || tmux.buffer("got").as_deref() == Some("hello there"));
    drop(terminal);
    tmux.finish();
}
