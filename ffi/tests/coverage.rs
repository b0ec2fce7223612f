//! No exported function escapes the guard, the manual, the lists or the tests.

mod support;

use std::collections::BTreeSet;
use std::fs;

use support::{Export, all_exports, exports, read, root};

/// What is wrong with one function, in words.
fn faults(export: &Export, header: &str, symbols: &[&str], tests: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let called = format!("{}(", export.name);
    if !export.body.starts_with("guard! {") {
        faults.push("does not start with guard!".to_owned());
    }
    if export.mangled {
        faults.push("is not no_mangle".to_owned());
    }
    for heading in ["Ownership: ", "NULL: ", "Errors: ", "Lifetime: "] {
        if !export.doc.iter().any(|line| line.starts_with(heading)) {
            faults.push(format!("has no {heading}line"));
        }
    }
    if !header.contains(&called) {
        faults.push("is not in include/tmcp.h".to_owned());
    }
    if !symbols.contains(&export.name.as_str()) {
        faults.push("is not in ffi/symbols.txt".to_owned());
    }
    if !tests.contains(&called) {
        faults.push("is in no C test".to_owned());
    }
    faults.into_iter().map(|fault| format!("{}: {} {fault}", export.file, export.name)).collect()
}

fn c_tests() -> String {
    let mut tests = String::new();
    for entry in fs::read_dir(root().join("tests/c")).expect("tests/c is there") {
        let path = entry.expect("tests/c can be read").path();
        if path.extension().is_some_and(|extension| extension == "c") {
            tests.push_str(&fs::read_to_string(path).expect("a C test can be read"));
        }
    }
    tests
}

#[test]
fn every_exported_function_is_guarded_documented_listed_and_tested() {
    let (header, symbols, tests) = (read("include/tmcp.h"), read("ffi/symbols.txt"), c_tests());
    let symbols: Vec<&str> = symbols.lines().collect();
    let exports = all_exports();
    let faults: Vec<String> =
        exports.iter().flat_map(|export| faults(export, &header, &symbols, &tests)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let names: BTreeSet<&str> = exports.iter().map(|export| export.name.as_str()).collect();
    let listed: BTreeSet<&str> = symbols.into_iter().collect();
    assert_eq!(names, listed, "ffi/symbols.txt lists what no source defines");
}

#[test]
fn the_check_sees_what_it_is_there_for() {
    let source = r#"
/// Does a thing.
/// NULL: fine.
pub unsafe extern "C" fn tmcp_thing(
    x: *const u8,
) -> i32 {
    let y = 1;
    guard! { y }
}
"#;
    let found = exports("x.rs", source);
    assert_eq!(found.len(), 1);
    let faults = faults(&found[0], "", &[], "").join("\n");
    for fault in [
        "guard!",
        "no_mangle",
        "Ownership",
        "Errors",
        "Lifetime",
        "tmcp.h",
        "symbols.txt",
        "C test",
    ] {
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
    assert!(!faults.contains("NULL"));
}

#[test]
fn raw_pointers_are_read_in_few_places() {
    // Everything else goes through these, so that each cast is argued once.
    let allowed = [
        "event.rs",
        "table.rs",
        "handle.rs",
        "tagged.rs",
        "sized.rs",
        "strings.rs",
        "log.rs",
        "call.rs",
    ];
    for entry in fs::read_dir(root().join("ffi/src")).expect("ffi/src is there") {
        let path = entry.expect("ffi/src can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let source = fs::read_to_string(&path).expect("a source can be read");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for reading in [".read()", "from_raw_parts", "CStr::from_ptr", "&*", "copy_to_non"] {
            assert!(
                !source.contains(reading)
                    || allowed.contains(&name.as_str())
                    || name.contains("_tests"),
                "{name} reads a raw pointer: {reading}"
            );
        }
    }
}
