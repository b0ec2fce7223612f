//! Servers of another client's file, taken over into our own.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use common::{Driver, Home, stdio};
use tmcp::client::{ImportFile, Reply};
use tmcp::error::{Error, Kind};

const OVERLAY: &str = "config/mcp.json";

fn driver(name: &str, overlay: Option<&str>) -> Driver {
    let home = Home::new(name);
    if let Some(text) = overlay {
        fs::create_dir_all(home.path("config")).unwrap();
        fs::write(home.path(OVERLAY), text).unwrap();
    }
    fs::write(home.path(".claude.json"), "{}").unwrap();
    let overlay = home.path(OVERLAY);
    let mut driver = Driver::with(home, |options| options.overlay_path = Some(overlay));
    driver.ready();
    driver
}

fn file(driver: &Driver, text: &str) -> ImportFile {
    let path = driver.home.path("other.json");
    fs::write(&path, text).unwrap();
    ImportFile { path, ..ImportFile::default() }
}

/// A line for each row.
fn import(driver: &mut Driver, file: ImportFile) -> Result<Vec<String>, Error> {
    let id = driver.client.import(file, 7).expect("it begins");
    let done = driver.done(id);
    assert_eq!(done.user_data, 7);
    match done.outcome? {
        Reply::Imported(table) => Ok((0..table.rows())
            .map(|row| {
                let cell = |column| table.get(row, column).expect("a column");
                format!("{} {} {}", cell("name"), cell("outcome"), cell("reason"))
            })
            .collect()),
        other => panic!("{other:?}"),
    }
}

fn overlay(driver: &Driver) -> PathBuf {
    driver.home.path(OVERLAY)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Nothing is left beside the file.
fn assert_alone(path: &Path) {
    let names: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_server_is_imported_and_can_be_called_at_once() {
    let mut driver = driver("import-call", None);
    let text = format!("{{\"servers\": {{\"new\": {}, \"bad\": {{}}}}}}", stdio(&[]));
    let from = file(&driver, &text);
    let lines = import(&mut driver, from.clone()).unwrap();
    assert_eq!(lines, ["bad left out needs 'command' or 'socket_path'", "new added "]);
    assert_eq!(driver.text("new", "echo", r#"{"text":"hello"}"#), "hello");
    let path = overlay(&driver);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_alone(&path);
    // Again there is nothing to do.
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let lines = import(&mut driver, from).unwrap();
    assert_eq!(lines[1], "new same ");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn another_entry_of_the_name_stays_until_it_may_be_replaced() {
    let ours = "{\n  // mine\n  \"mcpServers\": {\n    \"a\": {\"command\": \"mine\"}\n  },\n  \"z\": 1\n}\n";
    let mut driver = driver("import-replace", Some(ours));
    let path = overlay(&driver);
    let text =
        r#"{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}, "c": {"command": "z"}}}"#;
    let from = file(&driver, text);
    let only = |names: &[&str], is_dry, may_replace| ImportFile {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        is_dry,
        may_replace,
        ..from.clone()
    };
    let differs = format!("a left out {} has another entry of this name", path.display());
    let missing = format!("d left out {} has no entry of this name", from.path.display());
    let lines = import(&mut driver, only(&["d", "b", "a"], true, false)).unwrap();
    assert_eq!(lines, [&differs, "b added ", &missing]);
    assert_eq!(read(&path), ours, "a dry run writes nothing");
    let lines = import(&mut driver, only(&["a"], false, false)).unwrap();
    assert_eq!((lines, read(&path)), (vec![differs], ours.to_owned()));
    let lines = import(&mut driver, only(&["a", "b"], false, true)).unwrap();
    assert_eq!(lines, ["a replaced ", "b added "]);
    assert_eq!(
        read(&path),
        "{\n  // mine\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"x\"\n    },\n    \
         \"b\": {\n      \"command\": \"y\"\n    }\n  },\n  \"z\": 1\n}\n"
    );
    assert_alone(&path);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_ours_is_never_overwritten() {
    let mut driver = driver("import-broken", Some("{\"mcpServers\": {\"a\": "));
    let from = file(&driver, r#"{"mcpServers": {"b": {"command": "x"}}}"#);
    let path = overlay(&driver);
    let broken = read(&path);
    let error = import(&mut driver, from.clone()).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    let told = format!("{}: line 1 column 22: it cannot be read", path.display());
    assert_eq!(error.message(), told);
    assert_eq!(read(&path), broken);

    let missing = ImportFile { path: driver.home.path("none"), ..ImportFile::default() };
    let error = import(&mut driver, missing).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert!(error.message().ends_with("none: No such file or directory"), "{error}");

    let secret =
        file(&driver, "{\"mcpServers\": {\"a\": {\"env\": {\"K\": \"hunter2hunter2\" 7}}}}");
    let error = import(&mut driver, secret).unwrap_err();
    assert!(error.message().contains("line 1 column"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
    assert!(!driver.logged("hunter2"), "{:?}", driver.log.lock().unwrap());

    // Where nothing can be written.
    let from = file(&driver, r#"{"mcpServers": {"b": {"command": "x"}}}"#);
    fs::remove_file(&path).unwrap();
    symlink("/nowhere/mcp.json", &path).unwrap();
    let error = import(&mut driver, from.clone()).unwrap_err();
    assert!(error.message().ends_with("No such file or directory"), "{error}");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    fs::remove_file(&path).unwrap();
    fs::remove_dir(driver.home.path("config")).unwrap();
    fs::write(driver.home.path("config"), "a file").unwrap();
    assert_eq!(import(&mut driver, from).unwrap_err().kind(), Kind::Io);
}

#[test]
fn a_link_stays_a_link() {
    let mut driver = driver("import-link", Some("{}"));
    let (path, target) = (overlay(&driver), driver.home.path("dotfiles.json"));
    fs::rename(&path, &target).unwrap();
    symlink(&target, &path).unwrap();
    let from = file(&driver, r#"{"mcpServers": {"b": {"command": "x"}}}"#);
    assert_eq!(import(&mut driver, from).unwrap(), ["b added "]);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(read(&target).contains("\"command\": \"x\""));
    assert_alone(&path);
}

#[test]
fn imports_take_turns_and_a_cancelled_one_writes_nothing() {
    let mut driver = driver("import-turns", None);
    let servers: Vec<String> =
        (0..400).map(|i| format!("\"s{i}\": {{\"command\": \"x{i}\"}}")).collect();
    let from = file(&driver, &format!("{{\"mcpServers\": {{{}}}}}", servers.join(",")));
    let only = |name: &str| ImportFile { names: vec![name.to_owned()], ..from.clone() };
    let first = driver.client.import(only("s1"), 1).unwrap();
    let second = driver.client.import(only("s2"), 2).unwrap();
    let third = driver.client.import(only("s3"), 3).unwrap();
    assert!(driver.client.cancel(second));
    for id in [first, third] {
        assert!(driver.done(id).outcome.is_ok());
    }
    let text = read(&overlay(&driver));
    let has = |name: &str| text.contains(&format!("\"{name}\""));
    assert!(has("s1") && !has("s2") && has("s3"), "{text}");
    assert!(driver.client.longest_dispatch() < std::time::Duration::from_millis(500));
}

#[test]
fn without_a_file_of_our_own_it_is_refused() {
    let home = Home::new("import-none");
    fs::write(home.path(".claude.json"), "{}").unwrap();
    let mut driver = Driver::with(home, |options| options.overlay_path = Some("/dev/null".into()));
    let error = driver.client.import(ImportFile::default(), 0).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
}
