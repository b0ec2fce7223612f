//! Large answers, of every shape and in every place: they are made, copied and
//! written in steps, and come out whole, in order, and only when all is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tmcp_tmux_tests::{PATIENCE, Setup, Tmux, stdio, until};

/// What the server's tool `large` has in its n-th line.
fn line(n: usize) -> String {
    format!("{n:07} 0123456789abcdef\n")
}

const LINE: usize = 25;

fn lines(bytes: usize) -> String {
    (0..bytes / LINE).map(line).collect()
}

/// Asserts that both are the same, without printing megabytes.
#[track_caller]
fn same(found: &str, expected: &str) {
    let at = found.bytes().zip(expected.bytes()).position(|(a, b)| a != b);
    assert!(at.is_none(), "they differ from byte {at:?}");
    assert_eq!(found.len(), expected.len());
}

/// The arguments of a call of `large`.
fn large(shape: &str, bytes: usize) -> [String; 3] {
    ["demo".into(), "large".into(), json!({"shape": shape, "bytes": bytes}).to_string()]
}

/// The same behind options.
fn with(options: &[&str], shape: &str, bytes: usize) -> Vec<String> {
    options.iter().map(ToString::to_string).chain(large(shape, bytes)).collect()
}

/// Binds a key to a call, with what follows it on the line.
fn bind(tmux: &Tmux, options: &str, shape: &str, bytes: usize, follow: &str) {
    let arguments = json!({"shape": shape, "bytes": bytes});
    let line = format!("bind -n C-g mcp-call {options} demo large '{arguments}' {follow}\n");
    let file = tmux.path("bind.conf");
    fs::write(&file, line).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
}

/// A tmux that saves binary parts in a directory of the test's own.
fn saving() -> (Tmux, PathBuf) {
    let setup = Setup::new();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    let tmux = setup.server("demo", stdio(&[])).env("TMPDIR", &saved).start();
    (tmux, saved)
}

/// What is saved in the directory of this server, which is in `dir` once there was a file.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("readable").flatten();
    // It may be removed just now.
    let directories = entries.filter_map(|entry| fs::read_dir(entry.path()).ok());
    let mut files: Vec<PathBuf> = directories.flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    files
}

/// The bytes of one of the four images of a result.
fn image(part: usize, bytes: usize) -> Vec<u8> {
    let count = bytes / LINE;
    let piece = |n: usize| {
        let mut piece = [0xff; LINE];
        piece[..8].copy_from_slice(&(n as u64).to_be_bytes());
        piece
    };
    (0..count / 4).flat_map(|n| piece(part * count + n)).collect()
}

#[test]
fn texts_reach_a_shell_whole() {
    let tmux = Tmux::demo();
    for (shape, bytes) in [("lines", 10_000_000), ("blocks", 5_000_000), ("lines", 66_000)] {
        same(&tmux.call(large(shape, bytes)).ok(), &lines(bytes));
    }
    let one = lines(6_000_000).replace('\n', ".") + "\n";
    same(&tmux.call(large("one", 6_000_000)).ok(), &one);
    tmux.finish();
}

#[test]
fn the_end_of_a_line_is_not_cut_in_two() {
    let tmux = Tmux::demo();
    // What a shell is sent in one turn has 16384 bytes.
    for at in 16380..=16388 {
        let text = format!("{}\r\nend", "x".repeat(at));
        let arguments = json!({"result": {"content": [{"type": "text", "text": text}]}});
        let options = ["mcp-call", "-i", "-", "demo", "answer"];
        let shown = tmux.run_with(options, arguments.to_string().as_bytes()).ok();
        same(&shown, &format!("{}\nend\n", "x".repeat(at)));
    }
    tmux.finish();
}

#[test]
fn data_reaches_a_shell_whole() {
    let tmux = Tmux::demo();
    let bytes = 3_000_000;
    let last = bytes / LINE - 1;
    let raw: Value = serde_json::from_str(&tmux.call(with(&["-j"], "data", bytes)).ok())
        .expect("the answer is JSON");
    let data = &raw["structuredContent"];
    assert_eq!(data["rows"].as_array().map(Vec::len), Some(last + 1));
    let pretty = tmux.call(with(&["-p"], "data", bytes)).ok();
    assert!(pretty.lines().count() > last, "it has line breaks");
    assert!(serde_json::from_str::<Value>(&pretty).expect("JSON") == *data);
    let rows = tmux.call(with(&["-q", "/rows"], "data", bytes)).ok();
    assert!(serde_json::from_str::<Value>(&rows).expect("JSON") == data["rows"]);
    let pointer = format!("/rows/{last}/is");
    same(&tmux.call(with(&["-q", &pointer], "data", bytes)).ok(), &line(last));
    let error = tmux.call(with(&["-q", "/none"], "data", bytes)).fails(1);
    assert_eq!(error, "nothing in the result at: /none\n");
    tmux.finish();
}

#[test]
fn a_call_into_a_buffer_ends_when_the_buffer_is_there() {
    let tmux = Tmux::demo();
    for bytes in [10_000_000, 300_000, 70_000] {
        assert_eq!(tmux.call(with(&["-o", "buffer:kept"], "lines", bytes)).ok(), "");
        same(&tmux.buffer("kept").expect("it is there"), &lines(bytes));
    }
    let pretty = tmux.call(with(&["-p"], "data", 2_000_000)).ok();
    assert_eq!(tmux.call(with(&["-p", "-o", "buffer:kept"], "data", 2_000_000)).ok(), "");
    same(&format!("{}\n", tmux.buffer("kept").expect("it is there")), &pretty);
    tmux.finish();
}

#[test]
fn the_commands_that_follow_find_the_whole_in_the_buffer() {
    let tmux = Tmux::demo();
    let saved = tmux.path("saved");
    let follow = format!(
        "{{ set -gF @n '#{{n:mcp_result}}' ; save-buffer -b mcp '{}' ; set -g @over 1 }}",
        saved.display()
    );
    bind(&tmux, "", "lines", 8_000_000, &follow);
    let mut terminal = tmux.attach();
    terminal.keys(b"\x07");
    until("the commands ran", || tmux.format("#{@over}") == "1");
    same(&fs::read_to_string(&saved).expect("it was there"), &lines(8_000_000));
    // To the end of the last line that fits into 64 KiB.
    assert_eq!(tmux.format("#{@n}"), (65536 / LINE * LINE).to_string());
    drop(terminal);
    tmux.finish();
}

#[test]
fn a_hook_is_run_for_an_answer_that_nobody_wants_the_text_of() {
    let setup = Setup::new().conf("set-hook -g mcp-call-done 'set -gF @n \"#{n:mcp_result}\"'");
    let tmux = setup.server("demo", stdio(&[])).start();
    assert_eq!(tmux.call(with(&["-o", "none"], "lines", 5_000_000)).ok(), "");
    tmux.until_format("#{@n}", &(65536 / LINE * LINE).to_string());
    let raw = tmux.call(with(&["-j"], "lines", 1_000_000)).ok();
    assert!(raw.len() > 1_000_000);
    tmux.finish();
}

#[test]
fn answers_keep_their_order() {
    let setup = Setup::new()
        .conf("set-hook -g mcp-call-done 'set -gF @order \"#{@order} #{mcp_id}\"'")
        .conf("set -g @order ''")
        .server("demo", stdio(&["--serial"]));
    let tmux = setup.start();
    let sizes = [8_000_000, 200_000, 14_000_000, 70_000];
    let calls: String = sizes
        .iter()
        .map(|bytes| format!("mcp-call -b -o buffer:same demo large '{{\"bytes\":{bytes}}}'\n"))
        .collect();
    let file = tmux.path("calls.conf");
    fs::write(&file, calls).expect("written");
    let _ = tmux.run(["source-file", &file.to_string_lossy()]).ok();
    until("all have ended", || tmux.format("#{@order}").split_whitespace().count() == 4);
    let order = tmux.format("#{@order}");
    let ids: Vec<u64> = order.split_whitespace().map(|id| id.parse().expect("a number")).collect();
    assert!(ids.is_sorted(), "{order}");
    until("the last has the buffer", || {
        tmux.buffer("same").is_some_and(|text| text.len() == sizes[3])
    });
    let _ = tmux.call(["-o", "buffer:same", "demo", "echo", "text=small"]).ok();
    assert_eq!(tmux.buffer("same").as_deref(), Some("small"));
    tmux.finish();
}

#[test]
fn many_at_once_come_to_those_who_asked() {
    let tmux = Tmux::demo();
    let sizes: Vec<usize> = (0..6).map(|n| 500_000 + n * 700_000).collect();
    let calls: Vec<_> = sizes.iter().map(|bytes| tmux.start_call(large("lines", *bytes))).collect();
    for (call, bytes) in calls.into_iter().zip(sizes) {
        same(&call.wait().ok(), &lines(bytes));
    }
    tmux.finish();
}

#[test]
fn a_view_and_a_popup_say_where_the_rest_is_once_it_is_there() {
    let setup = Setup::new();
    let (pager, shown) = (setup.path("pager"), setup.path("shown"));
    let script = format!("#!/bin/sh\ncat >'{0}.new'\nmv '{0}.new' '{0}'\n", shown.display());
    fs::write(&pager, script).expect("written");
    fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).expect("executable");
    let tmux = setup.server("demo", stdio(&[])).env("PAGER", &pager).start();
    let viewer = tmux.view();
    let whole = lines(7_000_000);
    let note = format!("[cut: all {} bytes are in buffer mcp]", whole.len());

    bind(&tmux, "", "lines", whole.len(), "");
    viewer.keys(&["C-g"]);
    until("the note is shown", || {
        let _ = tmux.run(["send-keys", "-t", "one:", "-X", "history-bottom"]);
        viewer.screen().contains(&note)
    });
    same(&tmux.buffer("mcp").expect("it is there"), &whole);
    assert!(viewer.screen().contains(line(999).trim_end()), "{}", viewer.screen());
    viewer.keys(&["q"]);
    tmux.until_format("#{pane_in_mode}", "0");

    for sink in ["popup", "window"] {
        let _ = tmux.run(["delete-buffer", "-b", "mcp"]).ok();
        let _ = fs::remove_file(&shown);
        bind(&tmux, &format!("-o {sink}"), "lines", whole.len(), "");
        viewer.keys(&["C-g"]);
        until("the pager has all it gets", || shown.exists());
        let text = fs::read_to_string(&shown).expect("readable");
        let part = text.strip_suffix(&note).unwrap_or_else(|| panic!("no note: {}", text.len()));
        same(part, &whole[..(1 << 20) / LINE * LINE]);
        same(&tmux.buffer("mcp").expect("it is there"), &whole);
    }
    drop(viewer);
    tmux.finish();
}

#[test]
fn a_control_client_gets_one_whole_block() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    // The pane says something all the time, which must not get into the block.
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", "while :; do echo noise; done"]).ok();
    let _ = control.command("mcp-call demo large '{\"bytes\":4000000}'");
    let late = control.late(1);
    let (note, part) = late[0].lines.split_last().expect("lines");
    assert_eq!(note, "[cut: all 4000000 bytes are in buffer mcp]");
    same(&(part.join("\n") + "\n"), &lines((1 << 20) / LINE * LINE));
    same(&tmux.buffer("mcp").expect("it is there"), &lines(4_000_000));
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn a_paste_into_a_pane_is_one_paste() {
    let tmux = Tmux::demo();
    let text = lines(2_000_000);
    let got = tmux.path("got");
    let expected = format!("\x1b[200~{}\x1b[201~", text.trim_end().replace('\n', "\r"));
    let script = format!(
        "stty raw -echo; printf '\\033[?2004hready'; head -c {} >'{}'; exec cat",
        expected.len(),
        got.display()
    );
    let _ = tmux.run(["respawn-pane", "-k", "-t", "one:", &script]).ok();
    until("the pane is ready", || tmux.pane().contains("ready"));
    let options = ["-o", "pane", "-t", "one:"];
    assert_eq!(tmux.call(with(&options, "lines", text.len())).ok(), "");
    until("all has come", || {
        fs::metadata(&got).is_ok_and(|found| found.len() == expected.len() as u64)
    });
    same(&fs::read_to_string(&got).expect("text"), &expected);
    tmux.finish();
}

#[test]
fn an_error_is_cut_and_kept_whole() {
    let tmux = Tmux::demo();
    let whole = lines(5_000_000);
    let error = tmux.call(large("failure", whole.len())).fails(1);
    let note = format!("[cut: all {} bytes are in buffer mcp]\n", whole.len());
    same(&error, &format!("{}{note}", &whole[..16384 / LINE * LINE]));
    same(&tmux.buffer("mcp").expect("it is there"), &whole);
    let raw = tmux.call(with(&["-j"], "failure", 1_000_000));
    assert_eq!(raw.code, 1);
    assert!(serde_json::from_str::<Value>(&raw.stdout).is_ok_and(|raw| raw["isError"] == true));
    tmux.finish();
}

#[test]
fn images_are_saved_whole() {
    let (tmux, saved) = saving();
    let bytes = 8_000_000;
    let text = tmux.call(large("images", bytes)).ok();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("saved in ")).collect();
    assert_eq!(said.len(), 4, "{text}");
    assert!(text.starts_with("four images\n"), "{text}");
    for (part, said) in said.iter().enumerate() {
        let expected = image(part, bytes);
        let (about, path) = said.split_once(", saved in ").expect("filtered by it");
        assert_eq!(about, format!("[image/png, {} bytes", expected.len()));
        let path = path.strip_suffix(']').expect("a bracket");
        assert!(fs::read(path).expect("it is there") == expected, "image {part} differs");
        let mode = fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(files(&saved).len(), 4);
    tmux.finish();
}

#[test]
fn what_cannot_be_saved_is_said_and_leaves_nothing() {
    let setup = Setup::new();
    let missing = setup.path("missing");
    let tmux = setup.server("demo", stdio(&[])).env("TMPDIR", &missing).start();
    let text = tmux.call(large("images", 4_000_000)).ok();
    assert_eq!(text.matches("not saved: No such file or directory]").count(), 4, "{text}");
    tmux.finish();
}

/// Calls whose answers are made, copied or written for a while.
fn busy(tmux: &Tmux, n: u64) -> tmcp_tmux_tests::run::Running {
    match n % 6 {
        0 => tmux.start_call(large("lines", 3_000_000)),
        1 => tmux.start_call(large("images", 3_000_000)),
        2 => tmux.start_call(with(&["-p"], "data", 1_000_000)),
        3 => tmux.start_call(with(&["-o", "buffer"], "blocks", 2_000_000)),
        4 => tmux.start(["mcp-tools", "-F", "#{mcp_name} #{mcp_description}", "demo"]),
        _ => tmux.start_call(large("failure", 3_000_000)),
    }
}

#[test]
fn clients_that_are_killed_meanwhile_leave_nothing() {
    let setup = Setup::new();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    let entry = stdio(&["--more-tools", "3000"]);
    let tmux = setup.server("demo", entry).env("TMPDIR", &saved).start();
    let _ = tmux.call(["demo", "echo", "text=warm"]).ok();
    let before = tmux.server().descriptors();
    for n in 0_u64..48 {
        let call = busy(&tmux, n);
        // Not a wait for anything: the moment is to differ.
        std::thread::sleep(Duration::from_millis(n * 7 % 90));
        call.process().signal(libc::SIGKILL);
        let _ = call.wait();
    }
    tmux.until_format("#{mcp_inflight}", "0");
    // What is behind all the others in the same steps has come.
    same(&tmux.call(large("lines", 500_000)).ok(), &lines(500_000));
    until("no descriptor is left open", || tmux.server().descriptors() <= before);
    // A client may have been told of its files before it was killed.
    let left = files(&saved);
    assert_eq!(left.len() % 4, 0, "{left:?}");
    let size = image(0, 3_000_000).len() as u64;
    for file in left {
        assert_eq!(fs::metadata(&file).expect("it is there").len(), size, "it is whole");
    }
    tmux.lives();
    tmux.finish();
}

/// Starts a call with images, and waits until there is the first file.
fn saving_call(tmux: &Tmux, saved: &Path, options: &[&str]) -> tmcp_tmux_tests::run::Running {
    let call = tmux.start_call(with(options, "images", IMAGES));
    let start = Instant::now();
    while files(saved).is_empty() {
        assert!(start.elapsed() < PATIENCE, "no file comes");
    }
    call
}

/// The bytes of the images that are being saved when somebody goes.
const IMAGES: usize = 11_000_000;

/// Asserts that all of the images are there or none, and removes them. Returns
/// whether there was none: whoever went did so in time.
#[track_caller]
fn all_or_none(saved: &Path) -> bool {
    let left = files(saved);
    assert!(left.is_empty() || left.len() == 4, "{left:?}");
    for file in &left {
        let size = fs::metadata(file).expect("it is there").len();
        assert_eq!(size, image(0, IMAGES).len() as u64, "it is whole");
        fs::remove_file(file).expect("removed");
    }
    left.is_empty()
}

#[test]
fn the_files_of_a_client_that_is_killed_are_removed() {
    let (tmux, saved) = saving();
    // The directory is made for the first, and stays open.
    let _ = tmux.call(large("images", 1000)).ok();
    for file in files(&saved) {
        fs::remove_file(file).expect("removed");
    }
    let before = tmux.server().descriptors();
    let caught = (0..10).any(|_| {
        let call = saving_call(&tmux, &saved, &[]);
        call.process().signal(libc::SIGKILL);
        let _ = call.wait();
        // Between two files no descriptor is open, either.
        until("no descriptor is left open, and all files are there or none", || {
            tmux.server().descriptors() <= before && matches!(files(&saved).len(), 0 | 4)
        });
        all_or_none(&saved)
    });
    assert!(caught, "all were written each time before the client had gone");
    tmux.lives();
    tmux.finish();
}

#[test]
fn kill_server_removes_files_that_are_not_yet_whole() {
    let caught = (0..10).any(|_| {
        let (tmux, saved) = saving();
        // Nobody waits for it who could be missed.
        let call = saving_call(&tmux, &saved, &["-b"]);
        tmux.server().signal(libc::SIGTERM);
        until("tmux has gone", || !tmux.server().runs());
        drop(call);
        let caught = all_or_none(&saved);
        tmux.finish();
        caught
    });
    assert!(caught, "all were written each time before tmux had gone");
}

#[test]
fn a_client_that_is_killed_while_its_answer_is_made_harms_nobody() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    for n in 1..=12 {
        let call = tmux.start_call(with(&["-p"], "data", 5_000_000));
        let ended = format!("{n}/0");
        until("the call has ended", || {
            control.command("display-message -p '#{mcp_calls}/#{mcp_inflight}'").lines
                == [ended.as_str()]
        });
        call.process().signal(libc::SIGKILL);
        let _ = call.wait();
    }
    control.round_trip();
    assert_eq!(tmux.call(["demo", "echo", "text=on"]).ok(), "on\n");
    same(&tmux.call(large("lines", 500_000)).ok(), &lines(500_000));
    drop(control);
    tmux.lives();
    tmux.finish();
}

#[test]
fn kill_server_meanwhile_leaves_nothing() {
    for n in 0_u64..6 {
        let (tmux, saved) = saving();
        let calls: Vec<_> =
            (0..6).filter(|kind| *kind != 4).map(|kind| busy(&tmux, kind)).collect();
        // Not a wait for anything: the moment is to differ.
        std::thread::sleep(Duration::from_millis(60 + n * 35));
        let _ = tmux.run(["kill-server"]);
        drop(calls);
        let size = image(0, 3_000_000).len() as u64;
        until("tmux has gone", || !tmux.server().runs());
        for file in files(&saved) {
            assert_eq!(fs::metadata(&file).expect("it is there").len(), size, "it is whole");
        }
        tmux.finish();
    }
}

#[test]
fn an_answer_that_is_here_can_not_be_cancelled_any_more() {
    let tmux = Tmux::demo();
    for n in 0_u64..8 {
        let call = tmux.start_call(large("lines", 3_000_000));
        // Not a wait for anything: the moment is to differ.
        std::thread::sleep(Duration::from_millis(n * 12));
        let _ = tmux.run(["mcp-cancel", "-a"]).ok();
        let output = call.wait();
        if output.code == 0 {
            same(&output.stdout, &lines(3_000_000));
        } else {
            assert_eq!(output.fails(1), "cancelled\n");
        }
        assert_eq!(tmux.run(["mcp-jobs"]).ok(), "");
    }
    tmux.finish();
}

#[test]
fn a_list_of_thousands_is_printed_whole() {
    let tmux = Setup::new()
        .server("demo", stdio(&["--more-tools", "5000"]))
        .server("other", stdio(&["--more-tools", "700"]))
        .start();
    let expected: String = (0..5000).map(|n| format!("tool-{n:05}\n")).collect();
    let filter = "#{m:tool-*,#{mcp_name}}";
    let list = tmux.run(["mcp-tools", "-F", "#{mcp_name}", "-f", filter, "demo"]).ok();
    same(&list, &expected);
    let both = tmux.run(["mcp-tools", "-F", "#{mcp_server} #{mcp_name}", "-f", filter]).ok();
    assert_eq!(both.lines().count(), 5700);
    // The one with fewer tools may be quicker, but neither is in the midst of the other.
    let servers: Vec<&str> = both.lines().filter_map(|line| line.split(' ').next()).collect();
    let changes = servers.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!((changes, servers.iter().filter(|name| **name == "demo").count()), (1, 5000));
    let plain = tmux.run(["mcp-tools"]).ok();
    assert_eq!(plain.matches("tool-").count(), 5700);
    assert!(plain.starts_with("Server: ") && plain.contains("\n\nServer: "));
    assert!(plain.contains("Server: demo\n") && plain.contains("Server: other\n"));
    let words = tmux.run(["mcp-complete", "tools", "demo"]).ok();
    assert!(words.ends_with(&expected), "the words of a shell");
    tmux.finish();
}
