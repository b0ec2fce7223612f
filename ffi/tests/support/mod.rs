//! What the checks of the border share: the tree, its exports, and differences.

#![allow(dead_code)] // each test binary uses a part

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("ffi/ has a parent").to_owned()
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares what is committed at `path` with what it should be; writes it
/// instead when asked to by `ffi/header`.
pub fn compare(path: &str, wanted: &str) {
    if std::env::var_os("TMCP_BLESS").is_some_and(|bless| !bless.is_empty()) {
        fs::write(root().join(path), wanted).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let have = fs::read_to_string(root().join(path)).unwrap_or_default();
    if let Some(difference) = difference(&have, wanted) {
        panic!("{path} is out of date; run ffi/header\n{difference}");
    }
}

/// Lines removed and added between two texts; `None` when they are equal.
pub fn difference(have: &str, wanted: &str) -> Option<String> {
    if have == wanted {
        return None;
    }
    let (have, wanted): (Vec<_>, Vec<_>) = (have.lines().collect(), wanted.lines().collect());
    let same_front = have.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
    let rest = have.len().min(wanted.len()) - same_front;
    let same_back =
        have.iter().rev().zip(wanted.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut out = format!("@@ line {}\n", same_front + 1);
    for line in &have[same_front..have.len() - same_back] {
        out.push_str(&format!("-{line}\n"));
    }
    for line in &wanted[same_front..wanted.len() - same_back] {
        out.push_str(&format!("+{line}\n"));
    }
    Some(out)
}

/// An exported function as its source has it.
#[derive(Debug)]
pub struct Export {
    pub file: String,
    pub name: String,
    /// Doc comment, without the slashes.
    pub doc: Vec<String>,
    /// First thing in the body.
    pub body: String,
    pub mangled: bool,
}

/// Every `extern "C" fn` with a body in `source`.
pub fn exports(file: &str, source: &str) -> Vec<Export> {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    let lines: Vec<&str> = code.lines().collect();
    let mut exports = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((_, rest)) = line.split_once("extern \"C\" fn ") else { continue };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let above: Vec<&str> = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("///") || line.starts_with("#["))
            .copied()
            .collect();
        let open = (at..lines.len()).find(|at| lines[*at].ends_with('{')).unwrap_or(at);
        exports.push(Export {
            file: file.to_owned(),
            name,
            mangled: !above.contains(&"#[unsafe(no_mangle)]"),
            doc: above
                .iter()
                .rev()
                .filter_map(|line| line.strip_prefix("///"))
                .map(|line| line.trim().to_owned())
                .collect(),
            body: lines[open + 1..].iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n"),
        });
    }
    exports
}

/// Every exported function of the border, hooks for tests left out.
pub fn all_exports() -> Vec<Export> {
    let mut files: Vec<_> = fs::read_dir(root().join("ffi/src"))
        .expect("ffi/src is there")
        .map(|entry| entry.expect("ffi/src can be read").path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            !name.ends_with("_tests.rs") && name != "hooks.rs"
        })
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let source = fs::read_to_string(path).expect("a source can be read");
            exports(&path.display().to_string(), &source)
        })
        .collect()
}
