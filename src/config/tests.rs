//! Fixtures of this module's tests, and the tests of what lies in `mod.rs`.

use super::*;

/// A plain stdio server.
pub(super) fn server(name: &str) -> ServerConfig {
    ServerConfig {
        name: name.to_owned(),
        command: Some(command("server")),
        ..ServerConfig::default()
    }
}

/// A program without arguments.
pub(super) fn command(program: &str) -> Command {
    Command { program: program.to_owned(), args: Vec::new(), env: Vec::new(), cwd: None }
}

fn config(servers: &[&str], problems: &[(Option<&str>, &str)]) -> Config {
    Config {
        servers: servers.iter().map(|name| Arc::new(server(name))).collect(),
        problems: problems
            .iter()
            .map(|(server, message)| Problem {
                server: server.map(str::to_owned),
                scope: Scope::User,
                kind: ProblemKind::Refused,
                message: (*message).to_owned(),
            })
            .collect(),
    }
}

#[test]
fn the_overlay_replaces_entries_whole_by_name() {
    let base = config(
        &["a", "b", "broken in both", "d"],
        &[(None, "base file"), (Some("a"), "base a"), (Some("c"), "base c"), (Some("e"), "base e")],
    );
    let mut overlay = config(
        &["b", "c", "z"],
        &[(None, "overlay file"), (Some("a"), "overlay a"), (Some("broken in both"), "overlay x")],
    );
    let mut changed = server("b");
    changed.transport = Transport::Socket;
    changed.command = None;
    overlay.servers[0] = Arc::new(changed.clone());

    let merged = merge(base, overlay);
    let names: Vec<&str> = merged.servers.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "d", "z"]);
    assert_eq!(*merged.servers[0], changed);
    let problems: Vec<&str> = merged.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(problems, ["base file", "base e", "overlay file", "overlay a", "overlay x"]);
}

#[test]
fn merging_with_nothing_changes_nothing() {
    let some = config(&["a", "b"], &[(Some("c"), "c is bad"), (None, "file")]);
    assert_eq!(merge(some.clone(), Config::default()), some);
    assert_eq!(merge(Config::default(), some.clone()), some);
}

#[test]
fn a_server_is_found_or_the_reason_is_told() {
    let config =
        config(&["a", "b c"], &[(Some("bad"), "server 'bad' is disabled"), (Some("a"), "w")]);
    assert_eq!(config.find("b c").expect("it is there").name, "b c");
    assert_eq!(config.find("a").expect("a warning does not hide it").name, "a");
    let message = |name: &str| {
        let error = config.find(name).expect_err(name);
        assert_eq!(error.kind(), Kind::Invalid);
        error.message().to_owned()
    };
    assert_eq!(message("bad"), "server 'bad' is disabled");
    assert_eq!(message("no\nne"), "unknown server 'no\\nne': there are 'a', 'b c'");
    let error = Config::default().find("a").expect_err("there is none");
    assert_eq!(error.message(), "unknown server 'a': none is configured");
}

#[test]
fn debug_shows_no_secret_of_a_command() {
    let mut server = server("a");
    let command = server.command.insert(command("sh -c SECRET0"));
    command.args = vec!["--token".to_owned(), "SECRET1".to_owned()];
    command.env = vec![("TOKEN".to_owned(), "SECRET2".to_owned())];
    command.cwd = Some(PathBuf::from("/SECRET3"));
    for text in [format!("{server:?}"), format!("{server:#?}")] {
        assert!(!text.contains("SECRET"), "{text}");
        assert!(text.contains("\"sh\"") && text.contains("TOKEN"), "{text}");
        assert!(text.contains("<2 hidden>"), "{text}");
    }
}

#[test]
fn a_quoted_name_is_one_short_line() {
    assert_eq!(quoted("plain name"), "'plain name'");
    assert_eq!(quoted("ä\u{1b}[m\n"), "'ä\\u{1b}[m\\n'");
    assert_eq!(quoted(&"ä".repeat(200)), format!("'{}...'", "ä".repeat(80)));
}

#[test]
fn a_file_and_its_overlay_become_one_configuration() {
    let read = |file: &str, origin: &str| {
        let mut scanner = DocumentScanner::new();
        for chunk in file.as_bytes().chunks(11) {
            scanner.feed(chunk).expect("the file is valid");
        }
        let found = scanner.finish().expect("the file is whole");
        parse_servers(found.top(Key::Servers).unwrap_or_default(), &|_| None, origin)
    };
    let base = read(
        r#"{"history": ["mcpServers"], "mcpServers": {
            "a": {"command": "base"}, "b": {"command": "base", "timeout": -1}, "c": {"command": "base"}
        }, "projects": {"/": {"mcpServers": {"d": {"command": "not ours"}}}}}"#,
        "base",
    );
    let overlay = read(r#"{"mcpServers": {"a": {"command": "over"}, "c": 5}}"#, "overlay");
    let merged = merge(base, overlay);
    assert_eq!(merged.find("a").expect("it is there").command, Some(command("over")));
    let reason = |name: &str| merged.find(name).expect_err(name).message().to_owned();
    assert!(reason("b").starts_with("base: server 'b': 'timeout' must be"), "{}", reason("b"));
    assert_eq!(reason("c"), "overlay: server 'c': the entry must be an object, not a number");
    assert_eq!(reason("d"), "unknown server 'd': there are 'a'");
}
