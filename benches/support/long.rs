//! A server whose answers are as long as they are asked to be, in every shape that
//! a long message has.

use std::io::{BufRead, Write};

/// A shape, and what it is called in the table.
pub const SHAPES: [(&str, &str); 7] = [
    ("text", "one text"),
    ("rows", "small rows"),
    ("error", "an error with long data"),
    ("batch", "a batch, mostly one result"),
    ("small", "a batch of small messages"),
    ("escaped", "escapes in the outermost keys"),
    ("blanks", "a quarter of blanks and a byte order mark before it"),
];

/// Serves standard input until it ends. The tool's name is the shape, `bytes` among
/// its arguments the length.
pub fn serve() -> ! {
    let mut output = std::io::stdout();
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
            Some((name, _)) => reply(name, id, bytes),
            None if line.contains("\"initialize\"") => format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"protocolVersion\":\"2025-03-26\",\
                 \"capabilities\":{{\"tools\":{{}}}},\"serverInfo\":{{\"name\":\"long\",\"version\":\"1\"}}}}}}"
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
