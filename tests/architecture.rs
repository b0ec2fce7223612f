//! The shape of the source, held: who may use whom, what may be named where,
//! how long a file may be, and that a name means one type. docs/architecture.md draws
//! what is checked here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which module may use which others. Nothing points up; `engine` and
/// `channel` never see each other.
const EDGES: &[(&str, &[&str])] = &[
    ("chunks", &[]),
    ("error", &[]),
    ("json", &["room"]),
    ("room", &[]),
    ("table", &["chunks", "room"]),
    ("nearest", &[]),
    ("time", &[]),
    ("config", &["error", "json", "nearest", "time"]),
    ("metrics", &["error", "time"]),
    ("redact", &["json"]),
    ("release", &["time"]),
    ("rpc", &["chunks", "json"]),
    ("mcp", &["chunks", "json", "nearest", "redact", "room", "rpc", "table"]),
    ("wire", &["json", "mcp", "release", "rpc"]),
    ("session", &["config::Era", "json", "mcp", "rpc", "time"]),
    (
        "engine",
        &[
            "config",
            "error",
            "json",
            "mcp",
            "metrics",
            "nearest",
            "oauth::Challenge",
            "redact",
            "rpc",
            "session",
            "table",
            "time",
            "wire",
        ],
    ),
    // A login is a protocol of its own: it knows the entry and nothing of MCP's messages.
    ("oauth", &["config"]),
    ("listener", &["engine", "error", "json", "mcp", "release", "rpc", "session", "wire"]),
    ("sys", &["error", "time"]),
    ("process", &["error", "sys"]),
    ("channel", &["config::is_localhost", "error", "process", "sys", "time"]),
    (
        "client",
        &[
            "channel",
            "config",
            "engine",
            "error",
            "json",
            "listener",
            "mcp",
            "metrics",
            "oauth",
            "release",
            "sys",
            "table",
            "time",
            "wire::AccessToken",
            "wire::http",
        ],
    ),
];

/// Modules that decide and touch nothing.
const PURE: &[&str] = &["json", "rpc", "mcp", "oauth", "wire", "session", "engine", "listener"];
/// What would touch something.
const IMPURE_STD: &[&str] = &["fs", "io", "net", "os", "process", "thread"];
const IMPURE_WORDS: &[&str] =
    &["BorrowedFd", "Instant", "OwnedFd", "RawFd", "SystemTime", "libc", "mio"];

/// Modules that may name a variant of `config::Transport`: the one that parses it, and the
/// one that opens it. All others ask for a capability.
const KNOW_TRANSPORTS: &[&str] = &["config", "client"];
const TRANSPORTS: &[&str] = &["Transport::Socket", "Transport::Stdio", "Transport::Tcp"];

const LONGEST: usize = 800;

/// Everything wrong with the file at `path` (relative to the root of the sources).
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(format!("{path}: {what}"));
    let lines = text.lines().count();
    if lines > LONGEST {
        say(format!("{lines} lines, {LONGEST} are allowed"));
    }
    let Some(inside) = path.strip_prefix("src/").filter(|path| path.ends_with(".rs")) else {
        return found;
    };
    // Programs are crates of their own. They stand on what the library makes public.
    if inside.starts_with("bin/") {
        return found;
    }
    let code = code_of(text);
    let module = inside.split(['/', '.']).next().unwrap_or_default();
    if module != "sys" && has_word(&code, "unsafe") {
        say("unsafe is for src/sys and ffi".into());
    }
    if module == "lib" {
        return found;
    }
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == module) else {
        say(format!("module {module} has no line in the table of edges"));
        return found;
    };
    let mut used = paths_after(&code, "crate");
    used.extend(paths_after(&code, "tmcp"));
    for (name, _) in EDGES {
        if code.contains(&format!("super::super::{name}::")) {
            used.insert((*name).to_owned());
        }
    }
    for path in used {
        let top = path.split("::").next().unwrap_or_default();
        let fits =
            |edge: &str| edge == top || edge == path || path.starts_with(&format!("{edge}::"));
        if top != module && !allowed.iter().any(|edge| fits(edge)) {
            say(format!("{module} may not use {path}"));
        }
    }
    let tested = inside.ends_with("tests.rs") || inside.contains("/tests/");
    if !KNOW_TRANSPORTS.contains(&module) && !tested {
        let code = without_tests(&code);
        for variant in TRANSPORTS.iter().filter(|variant| has_word(&code, variant)) {
            say(format!("{module} asks for a capability, it may not name {variant}"));
        }
    }
    if PURE.contains(&module) {
        for path in paths_after(&code, "std") {
            let top = path.split("::").next().unwrap_or_default();
            // A cursor over bytes in memory is how the library of WebSocket takes them.
            if IMPURE_STD.contains(&top) && path != "io::Cursor" {
                say(format!("{module} decides and touches nothing, it may not use std::{path}"));
            }
        }
        for word in IMPURE_WORDS {
            if has_word(&code, word) {
                say(format!("{module} decides and touches nothing, it may not name {word}"));
            }
        }
    }
    found
}

/// The text without comments and without what stands in literals.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    let next = |at: usize| chars.get(at).copied().unwrap_or('\n');
    while at < chars.len() {
        let c = chars[at];
        let previous = code.chars().last().unwrap_or(' ');
        match c {
            '/' if next(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if next(at + 1) == '*' => {
                let mut depth = 0;
                while at < chars.len() {
                    match (chars[at], next(at + 1)) {
                        ('/', '*') => depth += 1,
                        ('*', '/') => depth -= 1,
                        _ => {
                            at += 1;
                            continue;
                        }
                    }
                    at += 2;
                    if depth == 0 {
                        break;
                    }
                }
            }
            'r' if !is_word(previous) || previous == 'b' => {
                let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                if next(at + 1 + hashes) != '"' {
                    code.push(c);
                    at += 1;
                    continue;
                }
                at += 2 + hashes;
                while at < chars.len() {
                    let closing = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                    at += 1;
                    if chars[at - 1] == '"' && closing >= hashes {
                        at += hashes;
                        break;
                    }
                }
                code.push_str("\"\"");
            }
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
                code.push_str("\"\"");
            }
            // A character, not a lifetime.
            '\'' if next(at + 1) == '\\' => {
                at += 3;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            '\'' if next(at + 2) == '\'' => at += 3,
            _ => {
                code.push(c);
                at += 1;
            }
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back().unwrap_or(' ');
        let after = code[at + word.len()..].chars().next().unwrap_or(' ');
        !is_word(before) && !is_word(after)
    })
}

fn has_word(code: &str, word: &str) -> bool {
    words(code, word).next().is_some()
}

/// Every path that continues `root::`, groups in braces spelt out.
fn paths_after(code: &str, root: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for at in words(code, root) {
        if let Some(rest) = code[at + root.len()..].trim_start().strip_prefix("::") {
            spell_out("", rest.trim_start(), &mut paths);
        }
    }
    paths
}

/// Adds the paths at the start of `rest`; how much of it they took.
fn spell_out(prefix: &str, rest: &str, paths: &mut BTreeSet<String>) -> usize {
    let mut at = 0;
    if rest.starts_with('{') {
        at += 1;
        while at < rest.len() && !rest[at..].starts_with('}') {
            let skipped = rest[at..].find(|c: char| is_word(c) || c == '{' || c == '}' || c == '*');
            at += skipped.unwrap_or(rest.len() - at);
            let before = at;
            if !rest[at..].starts_with('}') {
                at += spell_out(prefix, &rest[at..], paths);
            }
            if at == before {
                break;
            }
        }
        return at + 1;
    }
    let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    if length == 0 {
        paths.insert(format!("{prefix}*"));
        return 1;
    }
    let path = format!("{prefix}{}", &rest[..length]);
    at += length;
    match rest[at..].strip_prefix("::") {
        Some(more) if more.starts_with(['{', '*']) || more.starts_with(is_word) => {
            at + 2 + spell_out(&format!("{path}::"), more, paths)
        }
        _ => {
            paths.insert(path);
            at
        }
    }
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| ["rs", "c", "h"].iter().any(|x| e == *x)) {
            found.push(path);
        }
    }
}

#[test]
fn the_sources_keep_to_their_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("build.rs")];
    all.retain(|path| path.exists());
    for directory in ["src", "ffi", "tests", "benches", "tmux-patches"] {
        files(&root.join(directory), &mut all);
    }
    assert!(all.len() > 80, "only {} files were found", all.len());
    let mut wrong = Vec::new();
    for path in &all {
        let text = std::fs::read_to_string(path).expect("sources are UTF-8");
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy();
        wrong.extend(violations(&name, &text));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (module, _) in EDGES {
        let file = root.join(format!("src/{module}.rs"));
        assert!(file.exists() || root.join(format!("src/{module}")).is_dir(), "{module} is gone");
    }
}

#[test]
fn every_kind_of_violation_is_noticed() {
    for (path, text, part) in [
        ("src/engine/pool.rs", "use crate::channel::Unix;", "may not use channel"),
        ("src/engine/pool.rs", "use crate::{\n error,\n client::Client};", "may not use client"),
        ("src/engine/pool.rs", "fn f() { crate::sys::clock::now(); }", "may not use sys"),
        ("src/channel/unix.rs", "use crate::engine::Action;", "may not use engine"),
        ("src/channel/unix.rs", "use crate::metrics::Latency;", "may not use metrics"),
        ("src/session/message.rs", "use crate::config::Limits;", "may not use config::Limits"),
        ("src/session/x.rs", "use crate::config::{Era, Config};", "may not use config::Config"),
        ("src/session/x.rs", "use crate::config;", "may not use config"),
        ("src/session/x.rs", "use crate::engine::*;", "may not use engine::*"),
        ("src/error.rs", "use crate::time::Time;", "may not use time"),
        ("src/config/scan.rs", "use crate::metrics::Latency;", "may not use metrics"),
        ("src/config/scan.rs", "use super::super::engine::Engine;", "may not use engine"),
        ("src/metrics/mod.rs", "pub(in crate::client) fn f() {}", "may not use client"),
        ("src/sys/fd.rs", "use crate::channel::Flow;", "may not use channel"),
        ("src/novel/mod.rs", "", "module novel has no line"),
        ("src/engine/x.rs", "use std::io;", "may not use std::io"),
        ("src/engine/x.rs", "use std::{fmt, net::TcpStream};", "may not use std::net"),
        ("src/engine/x.rs", "fn f() { std::thread::sleep(d); }", "may not use std::thread"),
        ("src/engine/x.rs", "use std :: os::fd::AsFd;", "may not use std::os"),
        ("src/session/x.rs", "use std::fs::File;", "may not use std::fs"),
        ("src/session/x.rs", "std::process::exit(1)", "may not use std::process"),
        ("src/session/x.rs", "use std::time::Instant;", "may not name Instant"),
        ("src/engine/x.rs", "use std::time::{Duration, SystemTime};", "may not name SystemTime"),
        ("src/engine/x.rs", "fn f(fd: RawFd) {}", "may not name RawFd"),
        ("src/engine/x.rs", "fn f(fd: OwnedFd) {}", "may not name OwnedFd"),
        ("src/engine/x.rs", "use mio::Token;", "may not name mio"),
        ("src/engine/x.rs", "let x = libc::EAGAIN;", "may not name libc"),
        ("src/engine/x.rs", "if a == Transport::Stdio {}", "may not name Transport::Stdio"),
        ("src/engine/x.rs", "matches!(a, Transport::Socket)", "may not name Transport::Socket"),
        ("src/channel/x.rs", "match a { Transport::Stdio => {} }", "may not name Transport"),
        ("src/client/x.rs", "unsafe { f() }", "unsafe is for"),
        ("src/lib.rs", "unsafe fn f() {}", "unsafe is for"),
        ("src/client/x.rs", "let a = \"\\\"\"; unsafe { f() }", "unsafe is for"),
        ("src/client/x.rs", "let a = '\"'; unsafe { f() } // \"", "unsafe is for"),
        ("src/client/x.rs", "let a = r#\"\"\"#; unsafe { f() }", "unsafe is for"),
        ("src/client/x.rs", "/* /* */ */ unsafe { f() }", "unsafe is for"),
        ("src/client/x.rs", &"\n".repeat(801), "801 lines"),
        ("ffi/src/x.rs", &"\n".repeat(801), "801 lines"),
    ] {
        let found = violations(path, text);
        assert!(
            found.len() == 1 && found[0].starts_with(path) && found[0].contains(part),
            "{path}: {text:?}: {found:?}"
        );
    }
}

#[test]
fn what_is_allowed_is_left_alone() {
    for (path, text) in [
        ("src/engine/x.rs", "use std::{fmt, mem};\nuse std::time::Duration;"),
        ("src/engine/x.rs", "use crate::{config::{Era, Limits}, wire::ndjson::Lines};"),
        ("src/engine/x.rs", "// std::io, mio, unsafe\n/* RawFd */ /// libc\nlet a = \"Instant\";"),
        ("src/engine/x.rs", "let amio = instant; const UNSAFE: u8 = 1;"),
        ("src/session/x.rs", "use crate::config::Era;\nuse crate::session::modern;"),
        ("src/session/x.rs", "fn f<'a>(x: &'a str, c: char) { c == 'a' }"),
        ("src/client/x.rs", "match a { Transport::Stdio => {} }"),
        ("src/engine/x.rs", "#[cfg(test)]\nmod tests { fn f() { g(Transport::Stdio) } }"),
        ("src/engine/x/tests.rs", "fn f() { g(Transport::Stdio) }"),
        ("src/sys/x.rs", "unsafe { f() }"),
        ("src/client/x.rs", "#![deny(unsafe_code)]"),
        ("src/channel/x.rs", "use std::os::fd::RawFd;\nuse crate::sys;"),
        ("src/client/x.rs", &"\n".repeat(800)),
        ("ffi/src/x.rs", "unsafe { f() }"),
    ] {
        assert_eq!(violations(path, text), Vec::<String>::new(), "{path}: {text:?}");
    }
}

/// The circles of imports among the files of one crate: each as its files, sorted.
///
/// `sources` are pairs of a path below the crate's `src` and a text. A name that a
/// `mod.rs` only hands on counts as its own file's. A file may name what the
/// modules around it define.
fn circles(sources: &[(String, String)]) -> Vec<Vec<String>> {
    let modules: Vec<(String, &str, String)> = sources
        .iter()
        .map(|(path, text)| (module_of(path), path.as_str(), without_tests(&code_of(text))))
        .collect();
    let reaches: Vec<BTreeSet<usize>> = modules
        .iter()
        .map(|(module, _, code)| {
            let mut reached = BTreeSet::new();
            for path in absolute_paths(module, code) {
                if let Some(at) = file_of(&path, &modules, 0) {
                    let around = modules[at].0.as_str();
                    let inside = module.strip_prefix(around).is_some_and(|rest| {
                        around.is_empty() || rest.is_empty() || rest.starts_with("::")
                    });
                    if !inside {
                        reached.insert(at);
                    }
                }
            }
            reached
        })
        .collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for start in 0..modules.len() {
        let from_start = closure(start, &reaches);
        let circle: Vec<String> = from_start
            .iter()
            .filter(|other| closure(**other, &reaches).contains(&start))
            .map(|other| modules[*other].1.to_owned())
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// All that is reached from `start` by one step or more.
fn closure(start: usize, reaches: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in &reaches[at] {
            if found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}

/// The path of the module that a file holds: `engine::pool` for `engine/pool.rs`.
fn module_of(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { String::new() } else { stem.replace('/', "::") }
}

/// The code before its unit tests.
fn without_tests(code: &str) -> String {
    code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

/// Every path that the code of `module` names, from the root of its crate.
fn absolute_paths(module: &str, code: &str) -> BTreeSet<String> {
    let mut paths = paths_after(code, "crate");
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    for (root, base) in [("super", parent), ("self", module)] {
        for path in paths_after(code, root) {
            paths.insert(if base.is_empty() { path } else { format!("{base}::{path}") });
        }
    }
    paths
}

/// Which of the files defines `path`, its re-exports followed.
fn file_of(path: &str, modules: &[(String, &str, String)], depth: usize) -> Option<usize> {
    let mut name = path;
    loop {
        if let Some(at) = modules.iter().position(|(module, ..)| module == name) {
            let rest = path[name.len()..].trim_start_matches("::");
            let item = rest.split("::").next().unwrap_or_default();
            let handed_on = handed_on(&modules[at].0, &modules[at].2, item);
            return handed_on
                .filter(|_| depth < 8)
                .and_then(|path| file_of(&path, modules, depth + 1))
                .or(Some(at));
        }
        name = match name.rsplit_once("::") {
            Some((parent, _)) => parent,
            None => return None,
        };
    }
}

/// Where `module` has `item` from when it only hands it on by `pub use`.
fn handed_on(module: &str, code: &str, item: &str) -> Option<String> {
    for statement in code.split(';') {
        let Some(at) = words(statement, "use").next() else { continue };
        if !statement[..at].trim_end().rsplit('\n').next()?.trim_start().starts_with("pub") {
            continue;
        }
        let mut paths = BTreeSet::new();
        spell_out("", statement[at + "use".len()..].trim_start(), &mut paths);
        let path = paths.into_iter().find(|path| path.rsplit("::").next() == Some(item));
        if let Some(path) = path {
            return Some(match path.strip_prefix("crate::") {
                Some(rest) => rest.to_owned(),
                None if module.is_empty() => path,
                None => format!("{module}::{path}"),
            });
        }
    }
    None
}

fn sources(crate_root: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    files(crate_root, &mut all);
    all.sort();
    let name = |path: &Path| path.strip_prefix(crate_root).unwrap().to_string_lossy().into_owned();
    all.iter()
        .map(|path| (name(path), std::fs::read_to_string(path).expect("sources are UTF-8")))
        .filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("tests/"))
        .collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["src", "ffi/src"] {
        let sources = sources(&root.join(directory));
        assert!(sources.len() > 15, "only {} files were found", sources.len());
        let circles = circles(&sources);
        assert_eq!(circles, Vec::<Vec<String>>::new(), "in {directory}");
    }
}

#[test]
fn every_kind_of_circle_is_noticed() {
    let circles = |sources: &[(&str, &str)]| {
        let sources: Vec<_> =
            sources.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        circles(&sources).into_iter().map(|circle| circle.join(" ")).collect::<Vec<_>>()
    };
    // Two files, three files, by `super`, by a full path in code, by a re-export.
    let two = [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")];
    assert_eq!(circles(&two), ["a.rs b.rs"]);
    let three =
        [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::c;"), ("c.rs", "use crate::a;")];
    assert_eq!(circles(&three), ["a.rs b.rs c.rs"]);
    let by_super = [("m/a.rs", "use super::b::B;"), ("m/b.rs", "fn f() { super::a::g() }")];
    assert_eq!(circles(&by_super), ["m/a.rs m/b.rs"]);
    let handed_on = [
        ("m/mod.rs", "mod a;\nmod b;\npub use a::A;\npub(crate) use b::{B, C};"),
        ("m/a.rs", "use crate::m::C;"),
        ("m/b.rs", "use crate::{m::{A}};"),
    ];
    assert_eq!(circles(&handed_on), ["m/a.rs m/b.rs"]);
    let folders = [("m/mod.rs", "use crate::n::N;"), ("n/mod.rs", "fn f(x: crate::m::M) {}")];
    assert_eq!(circles(&folders), ["m/mod.rs n/mod.rs"]);
    // What is no circle.
    let child = [("m/mod.rs", "mod a;\nuse crate::m::a::A;"), ("m/a.rs", "use crate::m::M;")];
    assert_eq!(circles(&child), [""; 0]);
    let tests =
        [("a.rs", "#[cfg(test)]\nmod tests {\n use crate::b; }"), ("b.rs", "use crate::a;")];
    assert_eq!(circles(&tests), [""; 0]);
    let prefix = [("a.rs", "use crate::ab::X;"), ("ab.rs", ""), ("b.rs", "use crate::a;")];
    assert_eq!(circles(&prefix), [""; 0]);
}

/// The names that more than one type bears, each with the files that define it.
/// Associated types, which are indented, have the names of their traits.
fn doubled_names(sources: &[(String, String)]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let code: Vec<_> = sources.iter().map(|(path, text)| (path, code_of(text))).collect();
    for (path, code) in &code {
        for line in code.lines() {
            // Without the `(in path)` of its visibility.
            let own = line
                .split_once("pub(")
                .map_or(line, |(_, own)| own.split_once(')').map_or(own, |(_, own)| own));
            let mut words = own.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
            let is_own = |word: &&str| {
                matches!(*word, "struct" | "enum" | "union" | "trait")
                    || *word == "type" && !line.starts_with(' ')
            };
            let keyword = words.find(|word| !matches!(*word, "pub" | "unsafe"));
            if let (Some(_), Some(name)) = (keyword.filter(is_own), words.next()) {
                places.entry(name).or_default().push(path);
            }
        }
    }
    places.retain(|_, paths| paths.len() > 1);
    places.iter().map(|(name, paths)| format!("{name}: {}", paths.join(" "))).collect()
}

#[test]
fn no_two_types_have_the_same_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for directory in ["src", "ffi/src"] {
        files(&root.join(directory), &mut all);
    }
    all.sort();
    let sources: Vec<_> = all
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("UTF-8")))
        .collect();
    assert!(sources.len() > 150, "only {} files were found", sources.len());
    // A program is a crate of its own, in which no name of the library's means anything.
    let (programs, library): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|(path, _)| path.contains("/src/bin/"));
    let programs: Vec<_> =
        programs.into_iter().filter(|(path, _)| !path.contains("/tests/")).collect();
    assert_eq!(doubled_names(&library), Vec::<String>::new());
    assert_eq!(doubled_names(&programs), Vec::<String>::new());
}

#[test]
fn every_kind_of_doubled_name_is_noticed() {
    let doubled = |one: &str, other: &str| {
        doubled_names(&[("a.rs".into(), one.into()), ("b.rs".into(), other.into())])
    };
    for one in [
        "struct A;",
        "pub struct A<'a>(&'a str);",
        "pub(in crate::m) enum A {}",
        "pub unsafe trait A {}",
        "union A {}",
        "mod tests {\n    struct A;\n}",
        "pub type A = u8;",
    ] {
        assert_eq!(doubled(one, "x();\npub(super) struct A {\n}"), ["A: a.rs b.rs"], "{one}");
    }
    assert_eq!(doubled("struct A;\nenum A {}", ""), ["A: a.rs a.rs"]);
    for one in ["struct Ab;", "// struct A;", "impl I {\n    type A = u8;\n}", "enum B { A }"] {
        assert_eq!(doubled(one, "struct A;"), [""; 0], "{one}");
    }
}
