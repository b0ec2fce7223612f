use super::*;

type ScanOutcome = std::result::Result<Option<String>, String>;

fn outcome(chunks: &[&[u8]], limit: usize) -> ScanOutcome {
    let mut scanner = DocumentScanner::new();
    scanner.limit = limit;
    for chunk in chunks {
        scanner.feed(chunk).map_err(|error| error.message().to_owned())?;
    }
    match scanner.finish() {
        Ok(found) => Ok(found.top(Key::Servers).map(|bytes| {
            String::from_utf8(bytes.to_vec()).expect("scanned text is UTF-8").trim().to_owned()
        })),
        Err(error) => Err(error.message().to_owned()),
    }
}

fn whole(document: impl AsRef<[u8]>) -> ScanOutcome {
    outcome(&[document.as_ref()], CAPTURE_LIMIT)
}

fn found(text: &str) -> ScanOutcome {
    Ok(Some(text.to_owned()))
}

fn fails(document: impl AsRef<[u8]>, message: &str) {
    assert_eq!(whole(document), Err(message.to_owned()));
}

/// Everything that is awkward to split: a byte order mark, CRLF, escapes, every
/// kind of number, characters of two to four bytes, brackets inside strings,
/// the wanted key nested, escaped and repeated.
const GNARLY: &str = "\u{feff} {\r\n\t\"history\": [\"a \\\"quote\\\" \\\\\", \"\\u00e9\\uD83D\\ude00 \
    é€😀 }]{[\", {\"mcpServers\": {\"no\": 1}}, [[], {}, [[[]]]]],\r\n\
    \"mcpServers\": {\"first\": {}},\n\"numbers\": [0, -0, 1, -12.50, 1e9, 1E+2, 3.25e-07, 10],\
    \"literals\":[true,false,null],\"mcpserver\":1,\"mcpServers2\":2,\"\":\"\",\n\
    \"mcp\\u0053ervers\" : {\"second 😀\":\t{\"args\":[\"}\\\"\\\\\",\"€\"],\r\n \"n\":-1.5e3}} ,\
    \"after\":{\"mcpServers\":[1]},\"last\":0}\r\n ";

const GNARLY_SERVERS: &str = "{\"second 😀\":\t{\"args\":[\"}\\\"\\\\\",\"€\"],\r\n \"n\":-1.5e3}}";

#[test]
fn the_wanted_value_comes_out_as_written() {
    assert_eq!(whole(GNARLY), found(GNARLY_SERVERS));
    assert_eq!(whole("{}"), Ok(None));
    assert_eq!(whole("{\"a\":{\"mcpServers\":1}}"), Ok(None));
    assert_eq!(whole("{\"a\":[{\"mcpServers\":1}]}"), Ok(None));
    assert_eq!(whole("{\"mcpServers\":{}}"), found("{}"));
    for scalar in ["null", "true", "12", "-0.5e3", "\"text\"", "[]"] {
        assert_eq!(whole(format!("{{\"mcpServers\":{scalar}}}")), found(scalar));
        assert_eq!(whole(format!("{{\"mcpServers\" : {scalar} ,\"b\":1}}")), found(scalar));
    }
}

#[test]
fn the_last_of_several_wins() {
    assert_eq!(whole("{\"mcpServers\":{\"a\":1},\"mcpServers\":2}"), found("2"));
    assert_eq!(whole("{\"mcpServers\":2,\"x\":3,\"mcpServers\":{}}"), found("{}"));
}

#[test]
fn only_the_very_key_is_wanted() {
    let escape =
        |key: &str| -> String { key.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect() };
    let escaped = escape("mcpServers");
    assert_eq!(escape("enableAllProjectMcpServers").len(), KEY_LIMIT);
    assert_eq!(whole(format!("{{\"{escaped}\":7}}")), found("7"));
    for key in ["mcpServer", "mcpServersx", "MCPSERVERS", " mcpServers", "mcpServers\\u0000"] {
        assert_eq!(whole(format!("{{\"{key}\":7}}")), Ok(None), "{key}");
    }
    assert_eq!(whole(format!("{{\"{escaped}x\":7}}")), Ok(None));
    assert_eq!(whole(format!("{{\"{}\":7}}", "mcpServers".repeat(1000))), Ok(None));
}

#[test]
fn any_split_gives_what_the_whole_gives() {
    let bytes = GNARLY.as_bytes();
    let expected = found(GNARLY_SERVERS);
    for a in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(a);
        assert_eq!(outcome(&[head, tail], CAPTURE_LIMIT), expected, "split at {a}");
        for b in (0..=tail.len()).step_by(7) {
            let (middle, tail) = tail.split_at(b);
            let chunks = [head, middle, &[], tail];
            assert_eq!(outcome(&chunks, CAPTURE_LIMIT), expected, "split at {a} and {b} on");
        }
    }
    for size in 1..20 {
        let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(outcome(&chunks, CAPTURE_LIMIT), expected, "chunks of {size}");
    }
}

#[test]
fn any_damage_is_reported_alike_however_it_is_split() {
    let bytes = GNARLY.as_bytes();
    let check = |damaged: &[u8], what: &str| {
        let expected = whole(damaged);
        let bytewise: Vec<&[u8]> = damaged.chunks(1).collect();
        assert_eq!(outcome(&bytewise, CAPTURE_LIMIT), expected, "{what}, byte by byte");
        let (head, tail) = damaged.split_at(damaged.len() / 2);
        assert_eq!(outcome(&[head, tail], CAPTURE_LIMIT), expected, "{what}, halved");
        expected
    };
    let end = GNARLY.trim_end().len();
    for at in 0..bytes.len() {
        let cut = check(&bytes[..at], &format!("cut at {at}"));
        assert_eq!(cut.is_err(), at < end, "cut at {at}");
        for junk in [0xff, 0xc3, 0x80, 0x00, b'"', b'}', b'x', b'\n'] {
            let mut damaged = bytes.to_vec();
            damaged[at] = junk;
            // Some of it is harmless, in a string for one.
            let _ = check(&damaged, &format!("{junk:#x} at {at}"));
        }
    }
}

/// What serde_json says, and of a text with comments or commas too many, what it
/// says once these are taken out.
fn valid(text: &str) -> bool {
    let mut scanner = DocumentScanner::new();
    let scanned = scanner.feed(text.as_bytes());
    let text = match scanned.is_ok() && scanner.tokenizer.is_relaxed() {
        true => plain_json(text.as_bytes()),
        false => text.as_bytes().to_vec(),
    };
    let whole = scanner.finish().is_ok();
    serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok() && whole
}

/// The grammar is written by hand here: every short text over an awkward
/// alphabet must be judged as serde_json judges it.
#[test]
fn what_is_json_is_decided_as_serde_json_decides() {
    let alphabet = [
        "{", "}", "[", "]", "\"a\"", ":", ",", "0", "1", "-", ".", "e", "+", "null", "t", " ",
        "\\", "\"", "\\u00e9", "\u{1}", "\n", "//", "/*", "*/",
    ];
    let mut documents = vec![String::new()];
    let mut from = 0;
    for _ in 0..3 {
        let to = documents.len();
        for i in from..to {
            for piece in alphabet {
                documents.push(format!("{}{piece}", documents[i]));
            }
        }
        from = to;
    }
    assert!(documents.len() > 9000);
    for text in &documents {
        let value = format!("{{\"mcpServers\":{text}}}");
        assert_eq!(whole(&value).is_ok(), valid(&value), "{value}");
        let object = format!("{{\"a\":{{{text}}}}}");
        assert_eq!(whole(&object).is_ok(), valid(&object), "{object}");
    }
}

#[test]
fn errors_name_line_and_column() {
    fails("", "the file is empty");
    fails("\u{feff} \r\n", "the file is empty");
    fails("[1]", "line 1 column 1: expected '{', found '['");
    fails("\u{feff}null", "line 1 column 1: expected '{', found 'n'");
    fails("# toml\n", "line 1 column 1: expected '{', found '#'");
    fails(
        "{\r\n  \"é€😀\": 1,\r\n  \"b\" 2}",
        "line 3 column 7: expected ':' after the key, found '2'",
    );
    fails("{\"é€😀\" 2}", "line 1 column 8: expected ':' after the key, found '2'");
    fails("{\"a\": 1,,}", "line 1 column 9: expected a key after the comma, found ','");
    fails("{,}", "line 1 column 2: expected a key or '}', found ','");
    fails("{\"a\": [1,,]}", "line 1 column 10: expected a value, found ','");
    fails("{\"a\": /x}", "line 1 column 8: expected a comment after '/', found 'x'");
    fails("{\"a\": 1 /* b", "line 1 column 13: the file ends inside a comment");
    fails("{'a': 1}", "line 1 column 2: expected a key or '}', found a single quote");
    fails("{\"a\": 1 \"b\": 2}", "line 1 column 9: expected ',' or '}', found '\"'");
    fails("{\"a\": [1 2]}", "line 1 column 10: expected ',' or ']', found '2'");
    fails("{\"a\": [1}", "line 1 column 9: expected ',' or ']', found '}'");
    fails("{\"a\": nul}", "line 1 column 10: expected true, false or null, found '}'");
    fails("{\"a\": 01}", "line 1 column 8: expected ',' or '}', found '1'");
    fails("{\"a\": -}", "line 1 column 8: expected a digit, found '}'");
    fails(
        "{\"a\": \"b\n\"}",
        "line 1 column 9: expected the end of the string, found a line break",
    );
    fails(
        "{\"a\": \"\\x\"}",
        "line 1 column 9: expected an escape such as \\n or \\u0000, found 'x'",
    );
    for short in ["\\u00e\"", "\\u00eg", "\\u\"", "\\uD83\\"] {
        let told = whole(format!("{{\"a\": \"{short}\"}}")).expect_err(short);
        assert!(told.contains("expected an escape such as"), "{short}: {told}");
    }
    fails("{\"a\": \u{0}}", "line 1 column 7: expected a value, found control character 0x00");
    fails("{} {}", "line 1 column 4: expected the end of the file, found '{'");
}

#[test]
fn a_truncated_document_is_an_error() {
    fails("{", "line 1 column 2: the file ends before '}'");
    fails("{\"a\": 1\n", "line 2 column 1: the file ends before '}'");
    fails("{\"a\": [1", "line 1 column 9: the file ends before ']'");
    fails("{\"a\": \"b", "line 1 column 9: the file ends inside a string");
    fails("{\"a\": \"\\u00", "line 1 column 12: the file ends inside a string");
    fails(b"{\"a\": \"\xc3", "line 1 column 8: the file is not valid UTF-8");
}

#[test]
fn what_is_not_utf8_is_an_error() {
    fails(b"\xff\xfe{\0}\0", "line 1 column 1: the file is not valid UTF-8");
    fails(b"{\"a\":\n\"\xc3\xa9\xe9\"}", "line 2 column 3: the file is not valid UTF-8");
    fails(b"{\xf0\x9f\x98", "line 1 column 2: the file is not valid UTF-8");
    fails(b"{\"\xed\xa0\x80\"}", "line 1 column 3: the file is not valid UTF-8");
}

#[test]
fn an_error_is_final() {
    let mut scanner = DocumentScanner::new();
    let first = scanner.feed(b"[").expect_err("not an object");
    let again = scanner.feed(b"{}").expect_err("it stays failed");
    assert_eq!(first.message(), again.message());
    assert_eq!(first.kind(), Kind::Invalid);
    assert_eq!(scanner.finish().expect_err("it stays failed").message(), first.message());
}

#[test]
fn the_captured_value_is_bounded() {
    const LIMIT: usize = 1 << 20;
    let document =
        |len: usize| format!("{{\"mcpServers\":\"{}\",\"b\":0}}", "é".repeat(len / 2 - 1));
    let fits = document(LIMIT);
    assert!(outcome(&[fits.as_bytes()], LIMIT).is_ok());
    let large = document(LIMIT + 2);
    let expected = Err("line 1 column 524303: 'mcpServers' is larger than 1 MiB".to_owned());
    assert_eq!(outcome(&[large.as_bytes()], LIMIT), expected);
    let chunks: Vec<&[u8]> = large.as_bytes().chunks(1000).collect();
    assert_eq!(outcome(&chunks, LIMIT), expected);

    // Twice what fits is one value at a time.
    let body = &fits[1..fits.len() - 1];
    assert!(outcome(&[format!("{{{body},{body}}}").as_bytes()], LIMIT).is_ok());
    // Values that nobody wants may have any size.
    assert_eq!(outcome(&[large.replace("mcp", "abc").as_bytes()], LIMIT), Ok(None));
}

#[test]
fn deep_nesting_costs_neither_stack_nor_much_memory() {
    let depth = 1_000_000;
    let mut document = b"{\"a\":".to_vec();
    document.extend(std::iter::repeat_n(b"[{\"\":", depth).flatten());
    document.push(b'1');
    document.extend(std::iter::repeat_n(b"}]", depth).flatten());
    document.extend(b",\"mcpServers\":{}}");
    assert_eq!(whole(&document), found("{}"));
    let unclosed = vec![b'['; depth];
    let mut scanner = DocumentScanner::new();
    scanner.feed(b"{\"a\":").expect("a good start");
    scanner.feed(&unclosed).expect("still good");
    assert!(scanner.window.is_empty());
    assert!(scanner.finish().is_err());
}

#[test]
fn a_large_file_of_history_is_walked_chunk_by_chunk() {
    let size = if cfg!(debug_assertions) { 5 } else { 50 } << 20;
    let mut document = String::with_capacity(size + 4096);
    document.push_str("{\n  \"numStartups\": 1234,\n  \"projects\": {\n");
    for i in 0.. {
        if document.len() > size {
            break;
        }
        let text =
            "please fix the \\\"failing\\\" test in src/main.rs – it says 'no' ".repeat(i % 40);
        document.push_str(&format!(
            "    \"/home/u/p{i}\": {{\n      \"history\": [{{\"display\": \"{text}\", \"n\": {i}.5e3}}],\n      \
             \"mcpServers\": {{}},\n      \"ok\": [true, false, null]\n    }},\n"
        ));
    }
    document.push_str("    \"/\": {}\n  },\n  \"mcpServers\": {\"a\": {\"command\": \"x\"}}\n}\n");

    let mut scanner = DocumentScanner::new();
    for chunk in document.as_bytes().chunks(64 << 10) {
        scanner.feed(chunk).expect("the document is valid");
    }
    let found = scanner.finish().expect("the document is whole");
    let raw = found.top(Key::Servers).expect("the key is there");
    assert_eq!(found.projects().count(), 0, "what is empty is not kept");
    assert_eq!(raw.trim_ascii(), b"{\"a\": {\"command\": \"x\"}}");
}

#[test]
fn debug_shows_no_captured_byte() {
    let mut scanner = DocumentScanner::new();
    scanner.feed(b"{\"mcpServers\":\"SECRET").expect("a good start");
    assert!(!format!("{scanner:?}").contains("SECRET"));
}

#[test]
fn comments_and_commas_too_many_are_read_over_however_the_file_is_split() {
    let document = "// Our servers\n{ /* all */ \"mcpServers\": { // none yet\n\"a\": {\"args\": \
        [\"//no\", \"/*no*/\", /***/ 1, ], }, /* , */ }, } // the end";
    let expected = r#"{"a":{"args":["//no","/*no*/",1]}}"#;
    let bytes = document.as_bytes();
    for size in 1..bytes.len() {
        let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
        let found = outcome(&chunks, CAPTURE_LIMIT).expect("it is read").expect("it is there");
        let value: serde_json::Value = serde_json::from_str(&found).expect("it is JSON");
        assert_eq!(value.to_string(), expected, "{size}");
    }
}

#[test]
fn projects_are_kept_by_path_and_key() {
    let document = r#"{"projects": {
        "/home/me/p": {"history": [{"mcpServers": {"no": 1}}], "mcpServers": {"time": {"command": "x"}},
            "enabledMcpjsonServers": ["a"], "disabledMcpjsonServers": [], "disabledMcpServers": ["b"],
            "hasTrustDialogAccepted": true, "other": {"mcpServers": 2}},
        "/home/me/\u0070": {"mcpServers": {"again": {}}},
        "/empty": {"mcpServers": {}, "enabledMcpjsonServers": []}},
        "mcpServers": {"user": {"command": "y"}}, "projects2": {"/x": {"mcpServers": {"z": 1}}},
        "enableAllProjectMcpServers": true}"#;
    for size in [1, 7, document.len()] {
        let mut scanner = DocumentScanner::new();
        for chunk in document.as_bytes().chunks(size) {
            scanner.feed(chunk).expect("the document is valid");
        }
        let found = scanner.finish().expect("the document is whole");
        assert_eq!(found.projects().collect::<Vec<_>>(), ["/home/me/p"]);
        let text = |key| {
            let value = found.of_project("/home/me/p", key);
            value.map(|value| String::from_utf8_lossy(value).trim().to_owned())
        };
        assert_eq!(text(Key::Servers).as_deref(), Some(r#"{"again": {}}"#), "the last counts");
        assert_eq!(text(Key::EnabledJson).as_deref(), Some(r#"["a"]"#));
        assert_eq!(text(Key::Disabled).as_deref(), Some(r#"["b"]"#));
        assert_eq!(text(Key::DisabledJson), None, "what is empty is not kept");
        assert_eq!(text(Key::Trusted).as_deref(), Some("true"));
        assert!(found.top(Key::Servers).is_some_and(|raw| raw.ends_with(b"\"y\"}}")));
        assert_eq!(found.top(Key::EnableAllJson).map(<[u8]>::trim_ascii), Some(&b"true"[..]));
        assert_eq!(found.foreign(), None);
    }
}

#[test]
fn a_file_of_another_client_is_recognised() {
    let foreign = |document: &str| {
        let mut scanner = DocumentScanner::new();
        scanner.feed(document.as_bytes()).expect("the document is valid");
        let found = scanner.finish().expect("the document is whole");
        found.foreign().map(str::to_owned)
    };
    for (document, told) in [
        (r#"{"inputs": [], "servers": {}}"#, "it has servers, as in VS Code's mcp.json"),
        (r#"{"context_servers": {"a": {}}}"#, "it has context_servers, as in Zed's settings"),
        (
            r#"{"mcp": {"a": {"type": "local"}}}"#,
            "it has mcp, as in opencode's and VS Code's settings",
        ),
        (r#"{"mcp.servers": {}}"#, "it has mcp.servers, as in VS Code's settings"),
        (r#"{"amp.mcpServers": {}}"#, "it has amp.mcpServers"),
        (r#"{"mcp_servers": {}}"#, "it has mcp_servers: did you mean mcpServers?"),
        (
            r#"{"time": {"command": "x"}}"#,
            "it has 'time' at the top: entries belong into \"mcpServers\": {}",
        ),
    ] {
        assert_eq!(foreign(document).as_deref(), Some(told), "{document}");
    }
    assert_eq!(foreign(r#"{"servers": {}, "mcpServers": {}}"#), None);
    assert_eq!(foreign(r#"{"numStartups": 1, "projects": {"/p": {}}}"#), None);
}
