//! What a host waits for when it makes something of a long answer: in one go, and
//! in pieces with a budget of 500 us. The plain reader that the tests compare with
//! stands for the former.
//!
//! Wall time includes what the system gave to others meanwhile; processor time
//! is what the work itself took.

#![allow(clippy::print_stdout, missing_docs)]

#[path = "../tests/answers/plain/mod.rs"]
mod plain;
mod support;

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::sys::thread_time;
use support::{setting, table};
use tmcp::json::task::Task;
use tmcp::mcp::listing::Listing;
use tmcp::mcp::render::{blob, content, listing, pointer, rows};
use tmcp::mcp::schema::fields;

const BUDGET: Duration = Duration::from_micros(500);

/// An answer that is shared with the task, as the C border has it.
#[derive(Clone)]
struct Answer(Arc<Vec<u8>>);

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What is made of a shape of answers.
struct Case {
    words: &'static str,
    answer: fn(usize) -> String,
    make: fn(Answer) -> Task<'static, Product>,
    /// `None` when it would not end, or gave something else.
    plain: Option<fn(&[u8]) -> usize>,
}

/// What was made, kept so that freeing it is not measured, and how much that is.
type Product = (Box<dyn Any + Send>, usize);

/// One round: the longest call, and all of them.
#[derive(Clone, Copy)]
struct Round {
    longest: (Duration, Duration),
    calls: usize,
    total: Duration,
    whole: Option<Duration>,
}

fn main() {
    support::start("answers: made in pieces, with a budget of 500 us", false);
    let rounds = setting("ROUNDS", 5);
    table::head(&[
        "made of",
        "longest call, processor ms",
        "wall ms",
        "calls",
        "all of them, ms",
        "as it was, in one go, ms",
    ]);
    for mib in [4, 15] {
        for case in CASES {
            let answer = Answer(Arc::new((case.answer)(mib << 20).into_bytes()));
            let mut all: Vec<Round> = (0..rounds).map(|_| round(case, &answer)).collect();
            all.sort_by_key(|round| round.longest);
            show(&format!("{mib} MiB: {}", case.words), all[all.len() / 2]);
        }
    }
    println!();
}

fn show(what: &str, round: Round) {
    let ms = |time: Duration| format!("{:.2}", time.as_nanos() as f64 / 1e6);
    table::row(&[
        what.to_owned(),
        ms(round.longest.0),
        ms(round.longest.1),
        round.calls.to_string(),
        ms(round.total),
        round.whole.map_or("-".to_owned(), ms),
    ]);
}

fn round(case: &Case, answer: &Answer) -> Round {
    let start = thread_time();
    let plain = case.plain.map(|plain| plain(&answer.0));
    let whole = thread_time() - start;

    let mut longest = (Duration::ZERO, Duration::ZERO);
    let (mut calls, mut total) = (0, Duration::ZERO);
    let mut task = Some((case.make)(answer.clone()));
    let mut made = None;
    while let Some(mut left) = task.take() {
        let (used, began) = (thread_time(), Instant::now());
        task = loop {
            match left.step() {
                Ok(product) => {
                    made = Some(product);
                    break None;
                }
                Err(more) => left = more,
            }
            if began.elapsed() >= BUDGET {
                break Some(left);
            }
        };
        let call = (thread_time() - used, began.elapsed());
        longest = longest.max(call);
        calls += 1;
        total += call.0;
    }
    let made = made.map(|(_, length)| length);
    assert!(plain.is_none() || made == plain, "{}: {made:?}, not {plain:?}", case.words);
    Round { longest, calls, total, whole: plain.map(|_| whole) }
}

fn measured<T: Send + 'static>(
    task: Task<'static, T>,
    length: impl FnOnce(&T) -> usize + Send + 'static,
) -> Task<'static, Product> {
    Task::new(|mut budget| async move {
        let product = task.within(&mut budget).await;
        let length = length(&product);
        (Box::new(product) as Box<dyn Any + Send>, length)
    })
}

fn text(answer: Answer) -> Task<'static, Product> {
    measured(content::text_task(answer), String::len)
}

fn pretty(answer: Answer) -> Task<'static, Product> {
    measured(pointer::pretty_task(answer), |data| data.as_ref().map_or(0, String::len))
}

fn part(answer: Answer) -> Task<'static, Product> {
    let part = pointer::pick_task(answer, "/rows".to_owned());
    measured(part, |part| part.as_ref().map_or(0, String::len))
}

fn blobs(answer: Answer) -> Task<'static, Product> {
    measured(blob::blobs_task(answer), blob::Blobs::len)
}

fn tools(answer: Answer) -> Task<'static, Product> {
    measured(listing::task(answer, Listing::Tools), String::len)
}

fn prompts(answer: Answer) -> Task<'static, Product> {
    measured(listing::task(answer, Listing::Prompts), String::len)
}

fn tool_rows(answer: Answer) -> Task<'static, Product> {
    measured(rows::list_task(answer, Listing::Tools), |table| table.rows())
}

fn resource_rows(answer: Answer) -> Task<'static, Product> {
    measured(rows::list_task(answer, Listing::Resources), |table| table.rows())
}

fn contents(answer: Answer) -> Task<'static, Product> {
    measured(rows::of_result_task(answer), |table| table.as_ref().map_or(0, |table| table.rows()))
}

fn form(answer: Answer) -> Task<'static, Product> {
    measured(fields::arguments_task(answer), |table| table.rows())
}

fn plain_blobs(json: &[u8]) -> usize {
    let blobs: Vec<_> =
        plain::blob::blobs(json).iter().map(|blob| (blob.mime(), blob.decode())).collect();
    blobs.len()
}

/// `part` again and again, with commas between.
fn many(bytes: usize, part: &str) -> String {
    let mut all = vec![part; bytes / (part.len() + 1)];
    all.truncate(bytes);
    all.join(",")
}

fn block(bytes: usize, piece: &str) -> String {
    let text = piece.repeat(bytes / piece.len());
    format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#)
}

const TOOL: &str = r##"{"name":"files_search","title":"Search","description":"Looks for files.\nAll of them.","annotations":{"readOnlyHint":true},"inputSchema":{"type":"object","required":["path"],"properties":{"path":{"type":"string","description":"Where to look"},"depth":{"type":["integer","null"],"default":3},"kind":{"enum":["file","directory"]},"filter":{"$ref":"#/$defs/Filter"}},"$defs":{"Filter":{"type":"object","properties":{"name":{"type":"string"}}}}}}"##;

const CASES: &[Case] = &[
    Case {
        words: "text of lines",
        answer: |bytes| {
            block(bytes, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\\n")
        },
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text without an escape",
        answer: |bytes| block(bytes, "0123456789abcdef"),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of escapes",
        answer: |bytes| block(bytes, r"\n"),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: r"text of \u escapes",
        answer: |bytes| block(bytes, r"\u00e9"),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text beyond ASCII",
        answer: |bytes| block(bytes, "\u{e9}\u{20ac}\u{1d11e}"),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of tiny blocks",
        answer: |bytes| {
            format!(r#"{{"content":[{}]}}"#, many(bytes, r#"{"type":"text","text":""}"#))
        },
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of what is no block",
        answer: |bytes| format!(r#"{{"content":[{}]}}"#, many(bytes, "1")),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of structured content",
        answer: |bytes| {
            let rows = many(bytes, r#"{"name":"value","count":12,"on":true}"#);
            format!(r#"{{"content":[],"structuredContent":{{"rows":[{rows}]}}}}"#)
        },
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of a prompt",
        answer: |bytes| {
            let message = r#"{"role":"user","content":{"type":"text","text":"Say it."}}"#;
            let other = r#"{"role":"assistant","content":{"type":"text","text":"It."}}"#;
            format!(r#"{{"messages":[{},{other}]}}"#, many(bytes, message))
        },
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of a completion",
        answer: |bytes| format!(r#"{{"completion":{{"values":[{}]}}}}"#, many(bytes, "\"value\"")),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "text of blanks",
        answer: |bytes| format!(r#"{{"content":{}[]}}"#, " ".repeat(bytes)),
        make: text,
        plain: Some(|json| plain::content::text(json).len()),
    },
    Case {
        words: "pretty rows",
        answer: |bytes| {
            let rows = many(bytes, r#"{"name":"value","count":12,"on":true}"#);
            format!(r#"{{"content":[],"structuredContent":{{"rows":[{rows}]}}}}"#)
        },
        make: pretty,
        plain: Some(|json| plain::pointer::pretty(json).map_or(0, |data| data.len())),
    },
    Case {
        words: "pretty, deeply nested",
        answer: |bytes| format!("{}{}", "[".repeat(bytes / 2), "]".repeat(bytes / 2)),
        make: pretty,
        plain: Some(|json| plain::pointer::pretty(json).map_or(0, |data| data.len())),
    },
    Case {
        words: "pretty, of JSON in a text",
        answer: |bytes| {
            block(bytes, r#"{\"a\":[1,2]}"#)
                .replace(r#""text":""#, r#""text":"["#)
                .replace(r#"]}{"#, r#"]},{"#)
                .replace(r#"}"}]}"#, r#"}]"}]}"#)
        },
        make: pretty,
        plain: Some(|json| plain::pointer::pretty(json).map_or(0, |data| data.len())),
    },
    Case {
        words: "pretty blanks",
        answer: |bytes| format!("[{}]", " ".repeat(bytes)),
        make: pretty,
        plain: Some(|json| plain::pointer::pretty(json).map_or(0, |data| data.len())),
    },
    Case {
        words: "a part of rows",
        answer: |bytes| {
            let rows = many(bytes, r#"{ "name": "value", "count": 12 }"#);
            format!(r#"{{"structuredContent":{{"rows":[{rows}]}}}}"#)
        },
        make: part,
        plain: Some(|json| plain::pointer::pick(json, "/rows").map_or(0, |data| data.len())),
    },
    Case {
        words: "a part, one text",
        answer: |bytes| {
            format!(r#"{{"structuredContent":{{"rows":"{}"}}}}"#, "line\\n".repeat(bytes / 6))
        },
        make: part,
        plain: Some(|json| plain::pointer::pick(json, "/rows").map_or(0, |data| data.len())),
    },
    Case {
        words: "a blob",
        answer: |bytes| {
            let base64 = "Zm9v".repeat(bytes / 4);
            format!(r#"{{"content":[{{"type":"image","data":"{base64}"}}]}}"#)
        },
        make: blobs,
        plain: Some(plain_blobs),
    },
    Case {
        words: "tiny blobs",
        answer: |bytes| {
            let blob = r#"{"type":"image","mimeType":"a/b","data":"Zg=="}"#;
            format!(r#"{{"content":[{}]}}"#, many(bytes, blob))
        },
        make: blobs,
        plain: Some(plain_blobs),
    },
    Case {
        words: "listing of tools",
        answer: |bytes| format!("[{}]", many(bytes, TOOL)),
        make: tools,
        plain: Some(|json| plain::listing::text(json).len()),
    },
    Case {
        words: "listing of tiny tools",
        answer: |bytes| format!("[{}]", many(bytes, r#"{"name":"a"}"#)),
        make: tools,
        plain: Some(|json| plain::listing::text(json).len()),
    },
    Case {
        words: "listing of a tool of this length",
        answer: |bytes| {
            let field = many(bytes, r#""a":{"type":"string"}"#);
            format!(r#"[{{"name":"t","inputSchema":{{"properties":{{{field}}}}}}}]"#)
        },
        make: tools,
        plain: None,
    },
    Case {
        words: "listing of tools of 250 KiB",
        answer: |bytes| {
            let field = many(250 << 10, r#""a":{}"#);
            let tool = format!(r#"{{"name":"t","inputSchema":{{"properties":{{{field}}}}}}}"#);
            format!("[{}]", many(bytes, &tool))
        },
        make: tools,
        plain: Some(|json| plain::listing::text(json).len()),
    },
    Case {
        words: "listing of a long description",
        answer: |bytes| format!(r#"[{{"name":"t","description":"{}"}}]"#, " ".repeat(bytes)),
        make: tools,
        plain: Some(|json| plain::listing::text(json).len()),
    },
    Case {
        words: "listing of prompts",
        answer: |bytes| {
            let prompts = (0..bytes / 60).map(|n| {
                format!(r#"{{"name":"prompt {n:6}","arguments":[{{"name":"subject"}}]}}"#)
            });
            format!("[{}]", prompts.collect::<Vec<_>>().join(","))
        },
        make: prompts,
        plain: None,
    },
    Case {
        words: "table of tools",
        answer: |bytes| format!("[{}]", many(bytes, TOOL)),
        make: tool_rows,
        plain: Some(|json| plain::rows::tools(json).rows()),
    },
    Case {
        words: "table of tiny resources",
        answer: |bytes| format!("[{}]", many(bytes, r#"{"uri":"a:b"}"#)),
        make: resource_rows,
        plain: Some(|json| plain::rows::resources(json).rows()),
    },
    Case {
        words: "table of what is no entry",
        answer: |bytes| format!("[{}]", many(bytes, "1")),
        make: resource_rows,
        plain: Some(|json| plain::rows::resources(json).rows()),
    },
    Case {
        words: "table of a resource",
        answer: |bytes| {
            format!(r#"{{"contents":[{{"uri":"a:b","text":"{}"}}]}}"#, "line\\n".repeat(bytes / 6))
        },
        make: contents,
        plain: Some(|json| plain::rows::of_result(json).map_or(0, |table| table.rows())),
    },
    Case {
        words: "table of a form of this length",
        answer: |bytes| {
            format!(r#"{{"properties":{{{}}}}}"#, many(bytes, r#""a":{"type":"string"}"#))
        },
        make: form,
        plain: None,
    },
];
