//! One rule for strings, base64 and numbers, whichever reader meets them.
//!
//! Each table is given to every reader. A new reader is added to the tables.

use tmcp::config::{DocumentScanner, Key, parse_servers};
use tmcp::json::is_number;
use tmcp::mcp::list_page::Page;
use tmcp::mcp::listing::Listing;
use tmcp::mcp::render::rows;
use tmcp::mcp::render::{blob, content, error_data, listing, pointer, tool_details};
use tmcp::mcp::schema::arguments::{Pair, encode_by};
use tmcp::mcp::schema::fields;

/// Raw strings, and the text that each stands for.
const STRINGS: &[(&str, &str)] = &[
    (r#""a \ud83d b""#, "a \u{fffd} b"),
    (r#""\ude00x""#, "\u{fffd}x"),
    (r#""x\ud83d""#, "x\u{fffd}"),
    (r#""\ud83d\u0041""#, "\u{fffd}A"),
    (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
    (r#""\uD83D\uDE00 \u00e9\/\"\\x""#, "\u{1f600} \u{e9}/\"\\x"),
    (r#""x\u0000y""#, "x\u{0}y"),
    ("\"\u{e9}\u{20ac}\u{1f600}\"", "\u{e9}\u{20ac}\u{1f600}"),
    (r#""0123456789abcdef\u00e90123456789""#, "0123456789abcdef\u{e9}0123456789"),
];

/// Where a string stands, and the text that is read there.
type StringReader = (&'static str, fn(&str, &str) -> String);

const STRING_READERS: &[StringReader] = &[
    ("text block", |raw, _| text(&format!(r#"{{"content":[{{"text":{raw}}}]}}"#))),
    ("content without its list", |raw, _| text(&format!(r#"{{"content":{raw}}}"#))),
    ("resource", |raw, _| text(&format!(r#"{{"contents":[{{"text":{raw}}}]}}"#))),
    ("prompt", |raw, _| text(&format!(r#"{{"messages":[{{"role":"user","content":{raw}}}]}}"#))),
    ("completion", |raw, _| text(&format!(r#"{{"completion":{{"values":[{raw}]}}}}"#))),
    ("structured content", |raw, _| text(&format!(r#"{{"structuredContent":{raw}}}"#))),
    ("data of an error", |raw, _| {
        let told = error_data::text_of(0, "none", raw);
        told.strip_prefix(": ").unwrap_or(&told).to_owned()
    }),
    ("part of an answer", |raw, _| part(&format!(r#"{{"a":{raw}}}"#), "/a")),
    ("name of a part", |raw, said| {
        let token = said.replace('~', "~0").replace('/', "~1");
        part(&format!(r#"{{"a":{{{raw}:"{}"}}}}"#, "found"), &format!("/a/{token}"))
            .replace("found", said)
    }),
    ("name of a member", |raw, said| {
        let token = said.replace('~', "~0").replace('/', "~1");
        part(&format!(r#"{{{raw}:"found"}}"#), &format!("/{token}")).replace("found", said)
    }),
    ("type of a blob", |raw, _| {
        let answer = format!(r#"{{"contents":[{{"blob":"","mimeType":{raw}}}]}}"#);
        let blobs = blob::blobs_task(answer.as_bytes()).finish();
        blobs.get(0).map_or(String::new(), |(mime, _)| mime.to_owned())
    }),
    ("name in a listing", |raw, _| {
        let list = format!(r#"[{{"uri":{raw}}}]"#);
        let listing = listing::task(list.as_bytes(), Listing::Resources).finish();
        listing.strip_suffix('\n').unwrap_or(&listing).to_owned()
    }),
    ("name in a table", |raw, _| {
        let list = format!(r#"[{{"name":{raw}}}]"#);
        cell(&rows::list_task(list.as_bytes(), Listing::Tools).finish(), "name")
    }),
    ("argument in a table", |raw, _| {
        let list = format!(r#"[{{"inputSchema":{{"properties":{{{raw}:{{}}}}}}}}]"#);
        cell(&rows::list_task(list.as_bytes(), Listing::Tools).finish(), "arguments")
    }),
    ("argument of a prompt", |raw, _| {
        let list = format!(r#"[{{"name":"p","arguments":[{raw}]}}]"#);
        cell(&rows::prompt_arguments(list.as_bytes(), "p").unwrap(), "name")
    }),
    ("title of a tool", |raw, _| {
        let list = format!(r#"[{{"name":"t","title":{raw}}}]"#);
        let told = tool_details::text(list.as_bytes(), "t").unwrap();
        let title = told.strip_prefix("Tool: t\n  Title: ").unwrap_or(&told);
        title.strip_suffix('\n').unwrap_or(title).to_owned()
    }),
    ("name of a tool", |raw, said| {
        let list = format!(r#"[{{"name":{raw}}}]"#);
        tool_details::text(list.as_bytes(), said).map_or(String::new(), |_| said.to_owned())
    }),
    ("name on a page", |raw, said| {
        let page = Page::recall(format!(r#"[{{"name":{raw}}}]"#).as_bytes()).unwrap();
        assert!(page.find(said).is_some(), "{raw}");
        page.names().collect()
    }),
    ("field of a form", |raw, _| {
        cell(&fields::arguments(&format!(r#"{{"properties":{{{raw}:{{}}}}}}"#)), "name")
    }),
    ("default of a field", |raw, _| {
        let schema = format!(r#"{{"properties":{{"a":{{"default":{raw}}}}}}}"#);
        cell(&fields::arguments(&schema), "default")
    }),
    ("target of a reference", |raw, said| {
        let schema = format!(
            r##"{{"properties":{{"a":{{"$ref":{raw}}}}},"$defs":{{{raw}:{{"title":"found"}}}}}}"##
        );
        cell(&fields::arguments(&schema), "title").replace("found", said)
    }),
    ("choice of an argument", |raw, said| {
        let schema = format!(r#"{{"properties":{{"a":{{"enum":[{raw}]}}}}}}"#);
        let pair = Pair { key: "a".into(), value: said.into(), is_json: false };
        part(&encode_by("it", &schema, &[pair]).unwrap().json, "/a")
    }),
    ("schema behind a member", |raw, said| {
        let definition = format!(r#"{{{raw}:1,"inputSchema":{{"found":1}}}}"#);
        fields::input_schema(&definition).replace(r#"{"found":1}"#, said)
    }),
    ("name of a server", |raw, _| {
        let servers = format!(r#"{{{raw}:{{"command":"x"}},"z":{{"command":"x"}}}}"#);
        let config = parse_servers(servers.as_bytes(), &|_| None, "");
        let problem = config.problems.iter().find_map(|problem| problem.server.clone());
        let found = config.servers.iter().map(|server| &server.name).find(|name| *name != "z");
        found.cloned().or(problem).unwrap_or_default()
    }),
    ("path of a project", |raw, _| {
        let file = format!(r#"{{"projects":{{{raw}:{{"mcpServers":{{"a":1}}}}}}}}"#);
        let mut scanner = DocumentScanner::new();
        scanner.feed(file.as_bytes()).unwrap();
        let captured = scanner.finish().unwrap();
        let path = captured.projects().next().unwrap_or_default();
        assert!(captured.of_project(path, Key::Servers).is_some());
        path.to_owned()
    }),
];

/// What a string in base64 stands for.
const BASE64: &[(&str, &[u8])] = &[
    ("", b""),
    ("Zm9v", b"foo"),
    ("Zg", b"f"),
    ("Zg==Zm8=", b"ffo"),
    (r"Zm9v\nYmFy", b"foobar"),
    (r"\u005am9v", b"foo"),
    (r"\/+8_-w", &[0xff, 0xef, 0x3f, 0xfb]),
    (r"Zm\ud8009v!", b"foo"),
    ("data:a/b;base64,Zm9v", b"foo"),
    ("Z", b""),
];

/// Texts that are tried as numbers.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "01",
    "1.",
    ".5",
    "-",
    "+1",
    "1e5",
    "1E+2",
    "1e",
    "1e-",
    "1e400",
    "-1.50",
    "0x1",
    "NaN",
    "Infinity",
    "1_0",
    "00",
    "-01",
    "0.0e0",
    "12345678901234567890123",
    "1 ",
    " 1",
    "- 1",
];

fn text(answer: &str) -> String {
    content::text(answer.as_bytes())
}

fn part(answer: &str, pointer: &str) -> String {
    pointer::pick(answer.as_bytes(), pointer).unwrap_or_default()
}

fn cell(table: &tmcp::table::Table, column: &str) -> String {
    table.get(0, column).unwrap_or_default().to_owned()
}

#[test]
fn every_reader_reads_a_string_alike() {
    let mut wrong = Vec::new();
    for (raw, said) in STRINGS {
        for (place, reader) in STRING_READERS {
            let found = reader(raw, said);
            if found != *said {
                wrong.push(format!("{place}: {raw} is {found:?}, not {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reader_measures_base64_alike() {
    for (inside, bytes) in BASE64 {
        let block = format!(r#"{{"content":[{{"type":"image","data":"{inside}"}}]}}"#);
        let noun = if bytes.len() == 1 { "byte" } else { "bytes" };
        assert_eq!(text(&block), format!("[image {} {noun}]", bytes.len()), "{inside}");
        let resource = format!(r#"{{"contents":[{{"uri":"u","blob":"{inside}"}}]}}"#);
        let table = rows::of_result_task(resource.as_bytes()).finish().unwrap();
        assert_eq!(cell(&table, "size"), bytes.len().to_string(), "{inside}");
        for answer in [&block, &resource] {
            let blobs = blob::blobs_task(answer.as_bytes()).finish();
            assert_eq!(blobs.get(0).map(|(_, bytes)| bytes), Some(*bytes), "{inside}");
        }
    }
}

#[test]
fn every_reader_takes_the_same_for_a_number() {
    for word in NUMBERS {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(word).is_ok();
        let bare = word.trim() == *word;
        assert_eq!(is_number(word.as_bytes()), is_json && bare, "{word}");
        let object = format!(r#"{{"a":{word}}}"#);
        assert_eq!(!part(&object, "/a").is_empty(), is_json, "{word}");
        let mut scanner = DocumentScanner::new();
        let scanned = scanner.feed(object.as_bytes()).and_then(|()| scanner.finish());
        assert_eq!(scanned.is_ok(), is_json, "{word}");
        assert_eq!(
            parse_servers(object.as_bytes(), &|_| None, "").problems[0].server.is_some(),
            is_json,
            "{word}"
        );
        let pair = Pair { key: "a".into(), value: (*word).into(), is_json: true };
        assert_eq!(encode_by("it", "{}", &[pair]).is_ok(), is_json, "{word}");
        let list = format!(r#"[{{"name":{word}}}]"#);
        assert_eq!(Page::recall(list.as_bytes()).is_some(), is_json, "{word}");
        let table = rows::list_task(list.as_bytes(), Listing::Prompts).finish();
        assert_eq!(table.rows() == 1, is_json, "{word}");
    }
}
