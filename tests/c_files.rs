//! The shape of tmux's side, held: `tmux-patches/src` is in groups with one header each, a
//! file calls its own group and those below it, and no two files call each other in a
//! circle. tmux-patches/README.md has the groups in this order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The headers of the groups, the lowest first. A header names the files of its group.
const GROUPS: [&str; 9] = [
    "mcp.h",
    "mcp-dialog.h",
    "mcp-output.h",
    "mcp-request.h",
    "mcp-settings.h",
    "mcp-run.h",
    "mcp-form.h",
    "mcp-browse.h",
    "mcp-complete.h",
];

/// C code without comments and strings.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        let (skipped, left) = match rest.as_bytes() {
            [b'/', b'*', ..] => ("", rest[2..].split_once("*/").map_or("", |(_, left)| left)),
            [b'/', ..] => ("/", &rest[1..]),
            [quote, ..] => ("", after_quote(&rest[1..], *quote)),
            [] => ("", ""),
        };
        code.push_str(skipped);
        rest = left;
    }
    code + rest
}

fn after_quote(text: &str, quote: u8) -> &str {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if byte == quote && !escaped {
            return &text[at + 1..];
        }
        escaped = byte == b'\\' && !escaped;
    }
    ""
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The functions of a file that others can call: style(9) has a name at the beginning of a
/// line, below its type.
fn exported(code: &str) -> Vec<&str> {
    let lines: Vec<&str> = code.lines().collect();
    lines
        .windows(2)
        .filter(|pair| !pair[0].starts_with("static"))
        .filter_map(|pair| pair[1].split_once('('))
        .map(|(name, _)| name)
        .filter(|name| {
            words(name).eq([*name]) && name.starts_with(|c: char| c.is_ascii_lowercase())
        })
        .collect()
}

/// Who calls whom: pairs of files, and a function by which one calls the other.
fn calls(files: &[(String, String)]) -> BTreeMap<(String, String), String> {
    let codes: Vec<(&str, String)> =
        files.iter().map(|(name, text)| (name.as_str(), code_of(text))).collect();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (file, code) in codes.iter().filter(|(file, _)| file.ends_with(".c")) {
        owners.extend(exported(code).into_iter().map(|function| (function, *file)));
    }
    let mut calls = BTreeMap::new();
    for (file, code) in codes.iter().filter(|(file, _)| file.ends_with(".c")) {
        for word in words(code) {
            if let Some(owner) = owners.get(word).filter(|owner| *owner != file) {
                calls.insert(((*file).to_owned(), (*owner).to_owned()), word.to_owned());
            }
        }
    }
    calls
}

/// The files that can be reached from each other.
fn circle(calls: &BTreeMap<(String, String), String>) -> BTreeSet<String> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in calls.keys() {
        next.entry(from).or_default().push(to);
    }
    let reached = |start: &str| {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if found.insert(to) {
                    open.push(to);
                }
            }
        }
        found.contains(start)
    };
    next.keys().filter(|file| reached(file)).map(|file| (*file).to_owned()).collect()
}

/// The place of each file's group in [`GROUPS`]; commands and modes are in none.
fn groups(files: &[(String, String)]) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for (place, header) in GROUPS.iter().enumerate() {
        let (_, text) = files.iter().find(|(name, _)| name == header).expect(header);
        let named = text.lines().filter_map(|line| line.strip_prefix("/* ")?.strip_suffix(" */"));
        for file in named.filter(|name| name.ends_with(".c")) {
            let before = groups.insert(file.to_owned(), place);
            assert_eq!(before, None, "{file} is in two groups");
        }
    }
    groups
}

/// The prototypes that stand under another file than their own.
fn misplaced(files: &[(String, String)]) -> Vec<String> {
    let code =
        |name: &str| files.iter().find(|(file, _)| file == name).map(|(_, text)| code_of(text));
    let mut misplaced = Vec::new();
    for (header, text) in files.iter().filter(|(file, _)| GROUPS.contains(&file.as_str())) {
        for section in text.split("\n/* ").filter_map(|section| section.split_once(".c */\n")) {
            let file = format!("{}.c", section.0);
            let code = code(&file).unwrap_or_default();
            let exported = exported(&code);
            misplaced.extend(
                prototypes(section.1)
                    .filter(|name| !exported.contains(name))
                    .map(|name| format!("{header}: {name} is not in {file}")),
            );
        }
    }
    misplaced
}

fn prototypes(section: &str) -> impl Iterator<Item = &str> {
    section.split(';').filter_map(|prototype| {
        let name = prototype.split_once('(')?.0.rsplit(['\t', ' ', '*', ')']).next()?;
        let is_function = name.starts_with("mcp_") && !prototype.contains("typedef");
        is_function.then_some(name)
    })
}

/// The calls that go to a group above the caller's.
fn upwards(files: &[(String, String)]) -> Vec<String> {
    let groups = groups(files);
    let place = |file: &str| groups.get(file).copied().unwrap_or(GROUPS.len());
    calls(files)
        .into_iter()
        .filter(|((from, to), _)| place(to) > place(from))
        .map(|((from, to), function)| format!("{from} calls {function} of {to}"))
        .collect()
}

fn sources() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tmux-patches/src");
    let mut files: Vec<(String, String)> = std::fs::read_dir(directory)
        .expect("the directory is read")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_str().expect("a plain name").to_owned();
            (name, std::fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn no_c_files_call_each_other_in_a_circle() {
    let calls = calls(&sources());
    assert!(calls.len() > 200, "only {} pairs were found", calls.len());
    assert_eq!(circle(&calls), BTreeSet::new());
}

#[test]
fn no_group_calls_one_above_it() {
    assert_eq!(upwards(&sources()), Vec::<String>::new());
}

#[test]
fn prototypes_stand_under_their_file() {
    assert_eq!(misplaced(&sources()), Vec::<String>::new());
}

#[test]
fn every_kind_of_call_is_noticed() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let two = [
        file("a.c", "void\na(void)\n{\n\tb(1);\n}\n"),
        file("b.c", "/* a */\nint\nb(int x)\n{\n\tuse(a);\n}\n"),
    ];
    assert_eq!(circle(&calls(&two)), BTreeSet::from(["a.c".to_owned(), "b.c".to_owned()]));
    let none = [
        file("a.c", "void\na(void)\n{\n\tb(1);\n}\n"),
        file("b.c", "int\nb(int x)\n{\n\tf(\"a \\\" a\", 'a');\n}\n/* a(); */\n"),
        file("c.c", "static void\na(void)\n{\n}\nvoid\nc(void)\n{\n\ta();\n}\n"),
    ];
    assert_eq!(circle(&calls(&none)), BTreeSet::new());

    let mut files: Vec<_> = GROUPS.iter().map(|header| file(header, "")).collect();
    files[0].1 = "/* a.c */\n".to_owned();
    files[1].1 = "/* b.c */\n".to_owned();
    files.extend(two[..1].iter().cloned());
    files.push(file("b.c", "int\nb(int x)\n{\n}\n"));
    assert_eq!(upwards(&files), ["a.c calls b of b.c"]);
    let header =
        "x\n/* a.c */\nvoid\t\t mcp_a(int (*)(int),\n\t\t     int);\nint\t\t*mcp_b(void);\n";
    let text = "int *\nmcp_b(void)\n{\n}\nstatic void\nmcp_a(int x)\n{\n}\n";
    assert_eq!(
        misplaced(&[file("mcp.h", header), file("a.c", text)]),
        ["mcp.h: mcp_a is not in a.c"]
    );
}
