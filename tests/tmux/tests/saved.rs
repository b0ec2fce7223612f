//! What results leave behind: files of images, named buffers, the log.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;
use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

/// The start of a PNG.
const DATA: &str = "iVBORw0KGgo=";

fn saving() -> (Tmux, PathBuf) {
    let setup = Setup::new();
    let saved = setup.path("saved");
    fs::create_dir_all(&saved).expect("made");
    (setup.server("demo", stdio(&[])).env("TMPDIR", &saved).start(), saved)
}

/// Has the server answer with so many images; the paths that the answer names.
fn images(tmux: &Tmux, count: usize) -> Vec<PathBuf> {
    let part = json!({"type": "image", "mimeType": "image/png", "data": DATA});
    let result = json!({"result": {"content": vec![part; count]}}).to_string();
    let text = tmux.call(["demo", "answer", &result]).ok();
    let path = |line: &str| line.split_once("saved in ").map(|(_, rest)| rest.replace(']', ""));
    text.lines().filter_map(path).map(PathBuf::from).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let list = fs::read_dir(directory).expect("a directory");
    list.map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn files_are_in_a_private_directory_listed_and_removed_at_the_end() {
    let (tmux, saved) = saving();
    assert_eq!(tmux.run(["mcp-files"]).ok(), "");
    assert!(entries(&saved).is_empty(), "made when it is needed");
    let paths = images(&tmux, 2);
    assert_eq!(paths.len(), 2);
    let [directory] = &entries(&saved)[..] else { panic!("one directory") };
    let about = fs::symlink_metadata(directory).expect("there");
    assert!(about.is_dir());
    assert_eq!(about.permissions().mode() & 0o777, 0o700);
    assert_eq!(about.uid(), fs::metadata("/proc/self").expect("there").uid());
    for path in &paths {
        assert_eq!(path.parent(), Some(directory.as_path()));
        assert_eq!(fs::metadata(path).expect("there").mode() & 0o777, 0o600);
    }
    let list = tmux.run(["mcp-files", "-F", "#{mcp_path} #{mcp_size} #{mcp_tool}"]).ok();
    let lines: String = paths.iter().map(|p| format!("{} 8 answer\n", p.display())).collect();
    assert_eq!(list, lines);
    assert!(tmux.run(["mcp-files"]).ok().contains("image/png"));
    assert_eq!(tmux.run(["mcp-files", "-f", "#{==:#{mcp_mime},image/gif}"]).ok(), "");
    let server = tmux.server();
    let _ = tmux.run(["kill-server"]).ok();
    until("the server has gone", || !server.runs());
    assert!(entries(&saved).is_empty(), "all is removed");
}

#[test]
fn a_directory_that_was_exchanged_is_not_used() {
    let (tmux, saved) = saving();
    let first = images(&tmux, 1);
    let directory = first[0].parent().expect("a parent").to_path_buf();
    let elsewhere = saved.join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    fs::rename(&directory, saved.join("moved")).expect("moved");
    symlink(&elsewhere, &directory).expect("a link");
    let second = images(&tmux, 1);
    assert_ne!(second[0].parent(), Some(directory.as_path()));
    assert!(entries(&elsewhere).is_empty(), "nothing went through the link");
    let about = fs::metadata(second[0].parent().expect("a parent")).expect("there");
    assert_eq!(about.mode() & 0o777, 0o700);
    tmux.finish();
}

#[test]
fn the_oldest_files_go_when_there_are_too_many() {
    let (tmux, _) = saving();
    let _ = tmux.run(["set-option", "-s", "mcp-file-limit", "64"]).ok();
    assert!(tmux.run(["set-option", "-s", "mcp-file-limit", "63"]).code != 0);
    let first = images(&tmux, 3);
    let second = images(&tmux, 62);
    assert!(!first[0].exists(), "the oldest has gone");
    assert!(first[1..].iter().chain(&second).all(|path| path.exists()));
    assert_eq!(tmux.run(["mcp-files"]).ok().lines().count(), 64);
    tmux.finish();
}

#[test]
fn named_buffers_of_results_are_bounded_and_others_are_left_alone() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["set-option", "-s", "mcp-buffer-limit", "3"]).ok();
    let _ = tmux.run(["set-buffer", "-b", "mine", "x"]).ok();
    let put = |name: &str| {
        let _ = tmux.call(["-o", &format!("buffer:{name}"), "demo", "echo", "text=a"]).ok();
    };
    put("r1");
    put("r2");
    // Set by somebody since, so it is no result any more.
    let _ = tmux.run(["set-buffer", "-b", "r2", "kept"]).ok();
    put("r3");
    put("r4");
    assert!(tmux.buffer("r1").is_some(), "three are");
    put("r5");
    assert!(tmux.buffer("r1").is_none(), "the oldest has gone");
    assert_eq!(tmux.buffer("r2").as_deref(), Some("kept"));
    assert_eq!(tmux.buffer("mine").as_deref(), Some("x"));
    for name in ["r3", "r4", "r5"] {
        assert!(tmux.buffer(name).is_some(), "{name}");
    }
    tmux.finish();
}

#[test]
fn the_log_rotates_at_the_size_of_its_option() {
    let setup = Setup::new();
    let log = setup.path("log");
    // As large as it may be: the next line begins another.
    fs::write(&log, vec![b'x'; 1024 * 1024]).expect("written");
    let tmux = setup
        .server("demo", stdio(&[]))
        .conf("set -s mcp-log-size 1")
        .conf("set -s mcp-log-level debug")
        .conf(&format!("set -s mcp-log-file '{}'", log.display()))
        .start();
    let _ = tmux.call(["demo", "echo", "text=a"]).ok();
    let old = log.with_extension("old");
    until("the old one is moved", || old.exists());
    assert!(fs::metadata(&old).expect("there").len() >= 1024 * 1024);
    assert!(fs::metadata(&log).expect("there").len() < 1024 * 1024);
    tmux.finish();
}
