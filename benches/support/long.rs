//! A server whose answers are as long as they are asked to be, in every shape that
//! a long message has.

use std::io::{BufRead, Write};

/// A shape, and what it is called in the table.
pub const SHAPES: [(&str, &str); 20] = [
    ("text", "one text"),
    ("rows", "small rows"),
    ("error", "an error with long data"),
    ("batch", "a batch, mostly one result"),
    ("small", "a batch of small messages"),
    ("escaped", "escapes in the outermost keys"),
    ("blanks", "a quarter of blanks and a byte order mark before it"),
    ("log", "a log message"),
    ("progress", "progress with long words and many members"),
    ("asks", "a question of the server for a model"),
    ("asks-form", "a question of the server for a form"),
    ("question", "a result that asks a model"),
    ("questions", "a result with many questions"),
    ("warnings", "warnings for the log"),
    ("pings", "pings that are not waited for"),
    ("roots", "requests for roots that are not waited for"),
    ("handshake", "an answer to the handshake"),
    ("tools", "a list of small tools"),
    ("tool", "a list of one tool"),
    ("pages", "a list of two pages"),
];

/// The shapes of lists, which are asked for by a request of their own.
pub const LISTS: [&str; 3] = ["tools", "tool", "pages"];

/// Calls that end a server which dies.
pub const FATAL: usize = 64;

/// Serves standard input until it ends. The tool's name is the shape, `bytes` among
/// its arguments the length.
///
/// A server that `dies` does so as soon as it has read [`FATAL`] calls of `silent`,
/// which it never answers. The answer to the handshake has `wordy` bytes too many.
pub fn serve(dies: bool, wordy: usize) -> ! {
    let mut output = std::io::stdout();
    let (mut list, mut size, mut silent) = ("", 0, 0);
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let number = |name: &str| -> usize {
            let rest = line.split_once(name).map_or("", |(_, rest)| rest);
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        };
        let (id, bytes) = (number("\"id\":"), number("\"bytes\":"));
        let shape = SHAPES.iter().find(|(name, _)| line.contains(&format!("\"name\":\"{name}\"")));
        let reply = match shape {
            Some((name, _)) if LISTS.contains(name) => {
                (list, size) = (name, bytes);
                reply("text", id, 100)
            }
            Some((name, _)) => reply(name, id, bytes),
            None if line.contains("\"tools/list\"") => {
                page(list, id, size, line.contains("\"cursor\""))
            }
            None if line.contains("\"silent\"") => {
                silent += 1;
                match dies && silent == FATAL {
                    true => break,
                    false => continue,
                }
            }
            None if line.contains("\"initialize\"") => format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"protocolVersion\":\"2025-03-26\",\
                 \"capabilities\":{{\"tools\":{{}}}},\"serverInfo\":{{\"name\":\"long\",\"version\":\"1\"}}{}}}}}",
                match wordy {
                    0 => String::new(),
                    bytes => format!(",\"x\":[{}0]", "{\"a\":1},".repeat(bytes / 8)),
                }
            ),
            None => continue,
        };
        if output.write_all((reply + "\n").as_bytes()).and_then(|()| output.flush()).is_err() {
            break;
        }
    }
    std::process::exit(0)
}

fn reply(shape: &str, id: usize, bytes: usize) -> String {
    let head = format!("\"jsonrpc\":\"2.0\",\"id\":{id}");
    let text = |bytes: usize| {
        let row = "0123456789abcdef".repeat(4) + "\\n";
        format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"{}\"}}]}}", row.repeat(bytes / 66))
    };
    let told = |method: &str, params: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}\n\
             {{{head},\"result\":{}}}",
            text(100)
        )
    };
    let note = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/nothing\"},";
    match shape {
        "rows" => {
            let row = "{\"name\":\"value\",\"count\":12,\"on\":true},";
            let rows = row.repeat(bytes / row.len());
            format!("{{{head},\"result\":{{\"content\":[],\"rows\":[{rows}0]}}}}")
        }
        "error" => {
            let data = "x".repeat(bytes);
            format!(
                "{{{head},\"error\":{{\"code\":-32000,\"message\":\"no\",\"data\":\"{data}\"}}}}"
            )
        }
        "batch" => format!("[{note}{{{head},\"result\":{}}}]", text(bytes)),
        "small" => {
            format!("[{}{{{head},\"result\":{}}}]", note.repeat(bytes / note.len()), text(100))
        }
        "escaped" => {
            let head = head.replace("id", "i\\u0064");
            format!("{{{head},\"res\\u0075lt\":{}}}", text(bytes))
        }
        "log" => {
            let data = "words of a log, ".repeat(bytes / 16);
            let params = format!("{{\"level\":\"info\",\"data\":\"{data}\"}}");
            told("notifications/message", &params)
        }
        "progress" => {
            let members = "\"a\":1,".repeat(bytes / 12);
            let words = "x".repeat(bytes / 2);
            let params = format!(
                "{{\"progressToken\":{id},\"progress\":1,{members}\"message\":\"{words}\"}}"
            );
            told("notifications/progress", &params)
        }
        "warnings" => {
            let line = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\
                        \"params\":{\"level\":\"warning\",\"data\":\"look out\"}}\n";
            line.repeat(bytes / line.len()) + &told("x", "{}")
        }
        "pings" => {
            let line = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n";
            line.repeat(bytes / line.len()) + &told("x", "{}")
        }
        "roots" => {
            let line = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"roots/list\"}\n";
            line.repeat(bytes / line.len()) + &told("x", "{}")
        }
        "asks" => told("sampling/createMessage\",\"id\":\"q", &sample(bytes)),
        "asks-form" => told("elicitation/create\",\"id\":\"q", &form(bytes)),
        "question" => {
            let asked = format!(
                "\"one\":{{\"method\":\"sampling/createMessage\",\"params\":{}}}",
                sample(bytes)
            );
            format!("{{{head},{}}}", required(&asked))
        }
        "questions" => {
            let asked =
                format!("\"one\":{{\"method\":\"elicitation/create\",\"params\":{}}}", form(100));
            let asked = (asked.clone() + ",").repeat(bytes / asked.len()) + &asked;
            format!("{{{head},{}}}", required(&asked))
        }
        "blanks" => {
            format!(
                "{}\u{feff}{{{head},\"result\":{}}}",
                " ".repeat(bytes / 4),
                text(bytes / 4 * 3)
            )
        }
        _ => format!("{{{head},\"result\":{}}}", text(bytes)),
    }
}

/// A result that asks for something.
fn required(asked: &str) -> String {
    format!(
        "\"result\":{{\"resultType\":\"input_required\",\"requestState\":\"s\",\
         \"inputRequests\":{{{asked}}}}}"
    )
}

fn sample(bytes: usize) -> String {
    let message = "{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":\"go on\"}},";
    let messages = message.repeat(bytes / message.len());
    format!("{{\"maxTokens\":5,\"messages\":[{}]}}", messages.trim_end_matches(','))
}

fn form(bytes: usize) -> String {
    let field = "\"field\":{\"type\":\"string\"},";
    let fields = field.repeat(bytes / field.len() + 1);
    format!(
        "{{\"message\":\"which?\",\"requestedSchema\":{{\"type\":\"object\",\
         \"properties\":{{{}}}}}}}",
        fields.trim_end_matches(',')
    )
}

fn page(list: &str, id: usize, bytes: usize, second: bool) -> String {
    let tool = |fields: usize| {
        let schema = form(fields);
        format!("{{\"name\":\"tool\",\"description\":\"Does.\",\"inputSchema\":{schema}}}")
    };
    let bytes = if list == "pages" { bytes / 2 } else { bytes };
    let tools = match list {
        "tool" => tool(bytes),
        _ => {
            let one = tool(200) + ",";
            one.repeat(bytes / one.len()).trim_end_matches(',').to_owned()
        }
    };
    let next = if list == "pages" && !second { ",\"nextCursor\":\"2\"" } else { "" };
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"tools\":[{tools}]{next}}}}}")
}
