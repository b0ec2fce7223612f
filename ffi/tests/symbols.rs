//! What the archive exports and what it needs is what the lists say.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use support::{compare, read, root};

/// Builds the archive as it ships and returns it with the compiler's words.
fn archive() -> (PathBuf, String) {
    // A directory of its own: the tests' archive may carry the test hooks.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("archive");
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["rustc", "-p", "tmcp-ffi", "--lib", "--crate-type", "staticlib", "--offline"])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "--print", "native-static-libs"])
        .output()
        .expect("cargo runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    (target.join("debug/libtmcp_ffi.a"), words)
}

/// A sentence that only `Engine::check` says, which is compiled for the simulator.
const OF_THE_CHECK: &str = " has ended and is still in ";

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn the_sentence_that_the_archive_must_not_have_is_one_of_the_check() {
    assert!(read("src/engine/check.rs").contains(OF_THE_CHECK));
}

/// Names that the archive defines for everybody, mangled ones left out.
fn defined(readelf: &str) -> BTreeSet<&str> {
    readelf
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, _, _, _, binding, visibility, section, name, ..] = fields[..] else {
                return None;
            };
            let ours = matches!(binding, "GLOBAL" | "WEAK" | "UNIQUE")
                && matches!(visibility, "DEFAULT" | "PROTECTED")
                && section != "UND"
                && !name.starts_with("_ZN")
                && !name.starts_with("_R")
                // In unoptimised builds only.
                && !name.starts_with("__rustc_debug_gdb");
            ours.then_some(name)
        })
        .collect()
}

#[test]
fn the_archive_exports_what_the_list_says_and_needs_what_the_pc_file_names() {
    let (archive, words) = archive();
    let output = Command::new("readelf").arg("-sW").arg(&archive).output().expect("readelf runs");
    assert!(output.status.success());
    let readelf = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut names = defined(&readelf);
    assert!(names.remove("rust_eh_personality"), "readelf told nothing");
    let list: String = names.iter().map(|name| format!("{name}\n")).collect();
    compare("ffi/symbols.txt", &list);

    let bytes = std::fs::read(&archive).expect("the archive can be read");
    let has = |text: &str| contains(&bytes, text.as_bytes());
    assert!(has("the server closed the connection"), "no sentence of the engine is found");
    assert!(!has(OF_THE_CHECK), "the archive contains Engine::check");

    let native = words
        .lines()
        .find_map(|line| line.split_once("native-static-libs: ").map(|(_, libs)| libs.trim()))
        .expect("the compiler names the native libraries");
    assert_eq!(read("ffi/native-libs.txt").trim(), native, "ffi/native-libs.txt");
    assert!(read("ffi/tmcp.pc.in").contains("-ltmcp @NATIVE_LIBS@"));
}

#[test]
fn a_foreign_or_missing_name_is_seen() {
    let table = "\
     1: 0000000000000000     4 FUNC    GLOBAL DEFAULT    1 tmcp_version
     2: 0000000000000000     4 FUNC    GLOBAL DEFAULT    1 _ZN4core3fmtE
     3: 0000000000000000     4 FUNC    GLOBAL HIDDEN     1 memcpy
     4: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND malloc
     5: 0000000000000000     4 FUNC    LOCAL  DEFAULT    1 local
     6: 0000000000000000     4 FUNC    WEAK   DEFAULT    1 stray\n";
    let names: Vec<&str> = defined(table).into_iter().collect();
    assert_eq!(names, ["stray", "tmcp_version"]);
}
