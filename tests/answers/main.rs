//! What an answer gives is the same in the smallest steps, in the usual ones and
//! in one, and the same as a plain reader has it.
//!
//! Answers are generated from seeds; `SEED` repeats one, `SEEDS` says how many.

mod generate;
mod plain;
mod rules;

use generate::Random;
use tmcp::json::task::Task;
use tmcp::mcp::listing::Listing;
use tmcp::mcp::render::{blob, content, listing, pointer, rows};
use tmcp::mcp::schema::fields;
use tmcp::table::Table;

const LISTS: [Listing; 4] =
    [Listing::Tools, Listing::Resources, Listing::ResourceTemplates, Listing::Prompts];

/// Cells by rows; `None` when there is no table.
type Cells = Option<Vec<Vec<String>>>;

/// The product of a task in steps of each size; all must agree.
fn made<T: PartialEq + std::fmt::Debug>(what: &str, task: impl Fn() -> Task<'static, T>) -> T {
    let at_once = task().finish();
    for units in [1, 7, 100, 32 << 10] {
        let mut task = task().in_steps_of(units);
        let stepped = loop {
            match task.step() {
                Ok(product) => break product,
                Err(more) => task = more,
            }
        };
        assert_eq!(stepped, at_once, "{what} in steps of {units}");
    }
    at_once
}

fn cells(table: Option<Table>) -> Cells {
    let table = table?;
    let row = |row| (0..table.columns().len()).map(move |column| (row, column));
    let cell = |(row, column)| table.cell(row, column).unwrap().to_owned();
    Some((0..table.rows()).map(|at| row(at).map(cell).collect()).collect())
}

fn plain_cells(table: Option<plain::table::Table>) -> Cells {
    let table = table?;
    let row = |row| (0..table.columns().len()).map(move |column| (row, column));
    let cell = |(row, column)| table.cell(row, column).unwrap().to_owned();
    Some((0..table.rows()).map(|at| row(at).map(cell).collect()).collect())
}

fn told(seed: u64, what: &str, json: &str, stepped: &impl std::fmt::Debug) -> String {
    let json: String = json.chars().take(3000).collect();
    format!("SEED={seed}: {what} of {json}\ngave {stepped:?}")
}

/// Half a surrogate pair becomes U+FFFD, in the same number of bytes: the plain
/// reader refuses it.
fn healed(json: &str) -> String {
    let unit = |at: usize| {
        let hex = json.get(at..at + 6).and_then(|text| text.strip_prefix("\\u"))?;
        u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))
    };
    let (mut out, mut at) = (String::with_capacity(json.len()), 0);
    while let Some(next) = json[at..].chars().next() {
        let low = |at| unit(at).is_some_and(|unit| (0xdc00..0xe000).contains(&unit));
        let length = match unit(at) {
            Some(0xd800..0xdc00) if low(at + 6) => 12,
            Some(0xd800..0xe000) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            Some(_) => 6,
            None if next == '\\' => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
            None => next.len_utf8(),
        };
        out.push_str(&json[at..at + length]);
        at += length;
    }
    out
}

/// Compares all that can be made of `json`.
fn agrees(seed: u64, json: &str) {
    let bytes = || json.to_owned().into_bytes();
    let came = json;
    let json = &*healed(json);
    let same = |what: &str, stepped: &str, plain: &str| {
        let (stepped, plain) = (healed(stepped), healed(plain));
        assert!(stepped == plain, "{}\nnot {plain:?}", told(seed, what, came, &stepped));
    };
    let same_cells = |what: &str, stepped: &Cells, plain: &Cells| {
        let healed = |cells: &Cells| {
            let row = |row: &Vec<String>| row.iter().map(|cell| healed(cell)).collect();
            cells.as_ref().map(|rows| rows.iter().map(row).collect::<Vec<Vec<String>>>())
        };
        let (stepped, plain) = (healed(stepped), healed(plain));
        assert!(stepped == plain, "{}\nnot {plain:?}", told(seed, what, came, &stepped));
    };
    let text = made("text", || content::text_task(bytes()));
    same("text", &text, &plain::content::text(json.as_bytes()));
    // What is no JSON stands as it came, from where it stops being JSON.
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
    let pretty = content::pretty(json);
    if is_json {
        same("pretty", &pretty, &plain::content::pretty(json));
    } else {
        let unblank = |text: &str| text.split_whitespace().collect::<String>();
        same("not pretty", &unblank(&pretty), &unblank(json));
    }
    let pretty = made("pretty data", || pointer::pretty_task(bytes())).unwrap_or("-".into());
    same("pretty data", &pretty, &plain::pointer::pretty(json.as_bytes()).unwrap_or("-".into()));
    for at in generate::pointers(seed) {
        let part = made(&at, || pointer::pick_task(bytes(), at.clone())).unwrap_or("-".into());
        same(&at, &part, &plain::pointer::pick(json.as_bytes(), &at).unwrap_or("-".into()));
    }
    for list in LISTS {
        let items = json.as_bytes();
        let (text, table) = match list {
            Listing::Tools => (plain::listing::text(items), plain::rows::tools(items)),
            Listing::Resources => (plain::listing::resources(items), plain::rows::resources(items)),
            Listing::ResourceTemplates => {
                (plain::listing::templates(items), plain::rows::templates(items))
            }
            Listing::Prompts => (plain::listing::prompts(items), plain::rows::prompts(items)),
        };
        same(&format!("{list:?}"), &made("listing", || listing::task(bytes(), list)), &text);
        let rows = made("rows", || rows::list_task(bytes(), list));
        same_cells(&format!("rows of {list:?}"), &cells(Some(rows)), &plain_cells(Some(table)));
    }
    let arguments = rows::prompt_arguments(json.as_bytes(), "name");
    let plain = plain::rows::prompt_arguments(json.as_bytes(), "name");
    same_cells("arguments of a prompt", &cells(arguments), &plain_cells(plain));
    let rows = made("rows of a result", || rows::of_result_task(bytes()));
    let plain = plain::rows::of_result(json.as_bytes());
    same_cells("rows of a result", &cells(rows), &plain_cells(plain));
    made("fields", || fields::arguments_task(bytes()));

    let plain: Vec<(String, Vec<u8>)> = plain::blob::blobs(json.as_bytes())
        .iter()
        .map(|blob| (blob.mime(), blob.decode()))
        .collect();
    let all = |task: Task<'static, blob::Blobs>| {
        Task::new(|mut budget| async move {
            let blobs = task.within(&mut budget).await;
            let of = |(mime, bytes): (&str, &[u8])| (mime.to_owned(), bytes.to_owned());
            (0..blobs.len()).filter_map(|at| blobs.get(at).map(of)).collect::<Vec<_>>()
        })
    };
    let blobs = made("blobs", || all(blob::blobs_task(bytes())));
    assert!(blobs == plain, "{}\nnot {plain:?}", told(seed, "blobs", json, &blobs));
    assert_eq!(blob::count(json.as_bytes()), plain.len());
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seeds(usual: u64) -> std::ops::Range<u64> {
    match setting("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("SEEDS").unwrap_or(usual),
    }
}

#[test]
fn generated_answers_give_the_same_in_pieces() {
    for seed in seeds(600) {
        agrees(seed, &generate::answer(&mut Random::new(seed)));
    }
}

#[test]
fn answers_that_were_cut_or_damaged_give_the_same_in_pieces() {
    for seed in seeds(600) {
        let mut random = Random::new(seed ^ 0xda3a6ed);
        let answer = generate::answer(&mut random);
        agrees(seed, &generate::damaged(&answer, &mut random));
    }
}

#[test]
fn long_answers_give_the_same_in_pieces() {
    for seed in 0..24 {
        agrees(seed, &generate::long(&mut Random::new(seed), seed));
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_as_they_came() {
    for bytes in [&b"{\"content\":[\xff"[..], b"\xff\xfe", b"[\"\xe2\x82\"]", b"{}\xf0\x9f\x98"] {
        let text = made("text", || content::text_task(bytes));
        assert_eq!(text, String::from_utf8_lossy(bytes));
        assert_eq!(made("part", || pointer::pick_task(bytes, String::new())), None);
        assert_eq!(blob::count(bytes), 0);
        assert_eq!(rows::list_task(bytes, Listing::Resources).finish().rows(), 0);
    }
}

#[test]
fn a_large_schema_is_named_and_a_hostile_one_comes_to_an_end() {
    let schema = format!(
        r#"{{"properties":{{"a":{{"default":"{}"}}}},"required":["a"]}}"#,
        "x".repeat(300 << 10)
    );
    let huge = format!(r#"[{{"name":"t","title":"T","inputSchema":{schema}}},{{"name":"u"}}]"#);
    let text = listing::task(huge.as_bytes(), Listing::Tools).finish();
    assert_eq!(text, format!("t  T\n    [a definition of {} bytes]\nu\n", schema.len()));
    let fields = fields::arguments(&schema);
    assert_eq!((fields.rows(), fields.get(0, "name")), (1, Some("a")));
    let table = rows::list_task(huge.as_bytes(), Listing::Tools).finish();
    assert_eq!((table.get(0, "arguments"), table.get(0, "required")), (Some("a"), Some("a")));

    // Each field leads to a list of references to the same long definition.
    let field = r##""f#":{"$ref":"#/$defs/A"}"##;
    let fields: Vec<String> = (0..500).map(|n| field.replace("f#", &format!("f{n}"))).collect();
    let references = [r##"{"$ref":"#/$defs/B"}"##].repeat(1000).join(",");
    let schema = format!(
        r#"{{"properties":{{{}}},"$defs":{{"A":{{"anyOf":[{references}]}},"B":{{"description":"{}"}}}}}}"#,
        fields.join(","),
        "x".repeat(100 << 10)
    );
    assert_eq!(fields::arguments(&schema).rows(), 500);
}

/// How many stops there are in a task, at the most.
fn stops<T>(task: Task<'_, T>) -> usize {
    let (mut task, mut stops) = (task.in_steps_of(1), 0);
    while let Err(more) = task.step() {
        (task, stops) = (more, stops + 1);
    }
    stops
}

#[test]
fn no_shape_has_a_long_way_between_two_stops() {
    const LENGTH: usize = 64 << 10;
    let of = |piece: &str| piece.repeat(LENGTH / piece.len());
    let texts = [of("x"), of(r"\n"), of(r"\u00e9"), of("\u{20ac}"), of(" "), of(r"\u0000")];
    for text in &texts {
        let string = format!("\"{text}\"");
        let json = format!(r#"{{"content":[{{"type":"text","text":{string}}}]}}"#);
        // It is passed over twice at least, as JSON and as text; a pass that does not
        // stop leaves too few.
        check(&json, &|json| stops(content::text_task(json)) / 2);
        for json in [
            format!(r#"{{"content":[{{"type":"text","text":{string}}}]}}"#),
            format!(r#"{{"content":[{{"type":{string}}}]}}"#),
            format!(r#"{{"content":[{{"type":"image","data":{string}}}]}}"#),
            format!(r#"{{"messages":[{{"role":{string},"content":{{"type":"text"}}}}]}}"#),
            format!(r#"{{"completion":{{"values":[{string}]}}}}"#),
            format!(r#"{{"structuredContent":{string}}}"#),
            format!(r#"{{{string}:1}}"#),
        ] {
            check(&json, &|json| stops(content::text_task(json)));
            check(&json, &|json| stops(pointer::pretty_task(json)));
            check(&json, &|json| stops(pointer::pick_task(json, String::new())));
            check(&json, &|json| stops(blob::blobs_task(json)));
            check(&json, &|json| stops(rows::of_result_task(json)));
        }
        let json = format!(
            r#"[{{"name":{string},"description":{string},"arguments":[{{"name":{string}}}],
            "uri":{string},"inputSchema":{{"properties":{{{string}:{{}}}}}}}}]"#
        );
        for list in LISTS {
            check(&json, &|json| stops(listing::task(json, list)));
            check(&json, &|json| stops(rows::list_task(json, list)));
        }
        let form = format!(r#"{{"properties":{{{string}:{{"default":{string}}}}}}}"#);
        check(&form, &|json| stops(fields::arguments_task(json)));
    }
    let data = [
        of(" ") + "1",
        of("1"),
        format!("[{}1]", of("1,")),
        format!("{}{}", of("["), of("]")),
        format!("[{}[]]", of(r#"{"a":{}},"#)),
    ];
    for data in data {
        let json = format!(r#"{{"structuredContent":{data},"content":[]}}"#);
        check(&json, &|json| stops(content::text_task(json)));
        check(&json, &|json| stops(pointer::pretty_task(json)));
        check(&json, &|json| stops(pointer::pick_task(json, "/0".to_owned())));
        check(&json, &|json| stops(blob::blobs_task(json)));
        check(&data, &|json| stops(listing::task(json, Listing::Tools)));
        check(&data, &|json| stops(rows::list_task(json, Listing::Prompts)));
    }
}

fn check(json: &str, stops: &dyn Fn(&[u8]) -> usize) {
    let (stops, length) = (stops(json.as_bytes()), json.len());
    let beginning: String = json.chars().take(60).collect();
    // Between eight pieces lie seven stops.
    assert!(stops + 1 >= length / (8 << 10), "{stops} stops in {length} bytes of {beginning}");
}
