//! What a server printed beside its messages: it is shown when something fails.
//!
//! Invariants:
//! * memory is bounded in lines and in characters, however much a server prints;
//! * a line is kept without what colours it; whoever shows it makes the rest harmless;
//! * an address stands in a line whole.

use std::collections::VecDeque;

use crate::engine::RequestId;
use crate::rpc::salvage::Fold;
use crate::time::Time;

/// Characters of a line that are kept. Addresses of a login are long.
const LONGEST: usize = 4096;
/// Characters of a line without an address that are shown in an error.
const SHOWN: usize = 300;
/// Lines of stdout that are kept: the first, for a banner says most.
const PRINTED: usize = 3;
/// Lines of stderr that are shown in an error: the last, where the reason stands.
const LAST: usize = 3;
/// Lines of stderr with "error" that are shown too. The first of npm's is a bare code,
/// and the second says what it is about.
const ERRORS: usize = 2;
/// Lines of a server's stderr that are kept for its report.
const REPORT: usize = 20;

/// What came on one connection that was no message.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The first lines of its output that were no messages.
    printed: Vec<(Time, String)>,
    /// The first lines of stderr that speak of an error.
    errors: Vec<(Time, String)>,
    /// The last lines of stderr.
    last: VecDeque<(Time, String)>,
    /// The line of stderr that has no end yet.
    unfinished: Option<(Time, String)>,
    /// It was told that something stands before a message.
    pub(super) warned: bool,
    /// A message that goes on in the next line.
    pub(super) fold: Option<Box<Fold>>,
    /// The request that the message is the answer to, as far as is known.
    pub(super) fold_of: Option<RequestId>,
    /// The server is none: to start it again cannot help.
    pub(super) hopeless: bool,
}

impl Evidence {
    /// A line of the output that is no message.
    pub(super) fn printed(&mut self, now: Time, line: &[u8]) {
        if self.printed.len() < PRINTED {
            let line = plain(&String::from_utf8_lossy(&line[..line.len().min(LONGEST)]));
            if !line.is_empty() {
                self.printed.push((now, line));
            }
        }
    }

    /// A line of stderr.
    pub(super) fn said(&mut self, now: Time, line: &str) {
        self.unfinished = None;
        // A closing brace or the `^^^^` below a line of source explains nothing.
        if !line.chars().any(char::is_alphanumeric) {
            return;
        }
        if self.errors.len() < ERRORS && has_error(line) {
            self.errors.push((now, line.to_owned()));
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back((now, line.to_owned()));
    }

    /// What stands on stderr without a line end.
    pub(super) fn says(&mut self, now: Time, text: &str) {
        self.unfinished = Some((now, text.to_owned())).filter(|_| !text.is_empty());
    }

    /// Whether a message has begun that goes on in the next line.
    pub(super) fn is_folding(&self) -> bool {
        self.fold.is_some()
    }

    /// Whether it has printed something that is no message.
    pub(super) fn has_output(&self) -> bool {
        !self.printed.is_empty()
    }

    /// Forgets the lines of the output: what was wrong with them is said otherwise.
    pub(super) fn forget_output(&mut self) {
        self.printed.clear();
    }

    /// What was printed since `since`: empty, or `; stderr: ...; stdout: ...`.
    pub(super) fn sentence(&self, since: Time) -> String {
        self.told(since, &self.printed)
    }

    /// What was written to stderr: empty, or `; stderr: ...`.
    pub(super) fn stderr_sentence(&self) -> String {
        self.told(Time::ZERO, &[])
    }

    fn told(&self, since: Time, printed: &[(Time, String)]) -> String {
        let recent = |(when, _): &&(Time, String)| *when >= since;
        let mut lines: Vec<&str> = Vec::new();
        for (_, line) in self.last.iter().chain(&self.unfinished).filter(recent) {
            lines.push(line);
        }
        let last = &lines[lines.len().saturating_sub(LAST)..];
        let errors = self.errors.iter().filter(recent).map(|(_, line)| &**line);
        let errors = errors.filter(|error| !last.contains(error));
        let stderr: Vec<String> = errors.chain(last.iter().copied()).map(shown).collect();
        let printed = printed.iter().filter(recent);
        let stdout: Vec<String> = printed.map(|(_, line)| shown(line)).collect();
        let mut text = String::new();
        for (name, lines) in [("stderr", stderr), ("stdout", stdout)] {
            if !lines.is_empty() {
                text += &format!("; {name}: {}", lines.join(" | "));
            }
        }
        text
    }
}

/// The last lines of a server's stderr, for its report.
#[derive(Debug, Default)]
pub(super) struct Said {
    lines: Vec<String>,
    /// The last of them has no end yet.
    unfinished: bool,
}

impl Said {
    /// A line.
    pub(super) fn line(&mut self, line: &str) {
        self.says("");
        if self.lines.len() == REPORT {
            self.lines.remove(0);
        }
        self.lines.push(line.to_owned());
    }

    /// What stands there without a line end.
    pub(super) fn says(&mut self, text: &str) {
        if std::mem::take(&mut self.unfinished) {
            self.lines.pop();
        }
        if !text.is_empty() {
            self.line(text);
            self.unfinished = true;
        }
    }

    /// All of them, the oldest first.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// A line as it is shown in an error: an address whole, the rest of bounded length.
fn shown(line: &str) -> String {
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) if !line.contains("://") => format!("{}...", &line[..end]),
        _ => line.to_owned(),
    }
}

/// Whether "error" stands in a line, in any case.
fn has_error(line: &str) -> bool {
    line.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"error"))
}

/// A line without blanks around it and without the sequences that colour it or set
/// the title of a terminal.
pub(super) fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    let mut room = LONGEST;
    while let Some(c) = chars.next().filter(|_| room > 0) {
        if c != '\x1b' {
            out.push(c);
            room -= 1;
            continue;
        }
        match chars.next() {
            Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            Some(']' | 'P' | '_' | '^') => {
                while let Some(c) = chars.next() {
                    if c == '\x07' || (c == '\x1b' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::ZERO;

    #[test]
    fn the_lines_that_matter_are_shown() {
        let mut evidence = Evidence::default();
        assert_eq!(evidence.sentence(NOW), "");
        for line in ["start", "TypeError: x", "an error more", "at a", "at b", "at c"] {
            evidence.said(NOW, line);
        }
        let errors = "; stderr: TypeError: x | an error more | ";
        assert_eq!(evidence.sentence(NOW), format!("{errors}at a | at b | at c"));
        evidence.says(NOW, "Code: ");
        assert_eq!(evidence.sentence(NOW), format!("{errors}at b | at c | Code: "));
        evidence.says(NOW, "");
        for line in [&b"Usage: a"[..], b"", b"two", b"three", b"four"] {
            evidence.printed(NOW, line);
        }
        let output = "; stdout: Usage: a | two | three";
        assert!(evidence.sentence(NOW).ends_with(output));
        assert!(!evidence.stderr_sentence().contains("stdout"));
        assert_eq!(evidence.sentence(Time::from_micros(1)), "", "all of it is older");
    }

    #[test]
    fn an_error_among_the_last_lines_is_shown_once_and_long_lines_are_cut() {
        let mut evidence = Evidence::default();
        evidence.said(NOW, "Error: no key");
        assert_eq!(evidence.stderr_sentence(), "; stderr: Error: no key");
        let address = format!("open https://example.org/{}", "a".repeat(1000));
        evidence.said(NOW, &address);
        evidence.said(NOW, &"x".repeat(1000));
        let sentence = evidence.stderr_sentence();
        assert!(sentence.contains(&address), "an address stays whole");
        assert!(sentence.ends_with(&format!("{}...", "x".repeat(SHOWN))));
    }

    #[test]
    fn what_launchers_print_is_shown_by_what_it_says() {
        for (printed, wanted) in [
            (
                "npm error code E404\nnpm error 404 Not Found - GET https://r/x - Not found\n\
                 npm error 404\nnpm error 404 Note that you can also\nnpm error 404 install\n\
                 npm error A complete log",
                "npm error code E404 | npm error 404 Not Found - GET https://r/x - Not found | \
                 npm error 404 Note that you can also | npm error 404 install | \
                 npm error A complete log",
            ),
            (
                "Traceback:\nFile \"x.py\"\n    @server.list\n    ^^^^^^^^^^^^\nAttributeError: no list",
                "File \"x.py\" |     @server.list | AttributeError: no list",
            ),
            (
                "TypeError: fetch failed {\n  host: 'h'\n  }\n}",
                "TypeError: fetch failed { |   host: 'h'",
            ),
            ("}", ""),
        ] {
            let mut evidence = Evidence::default();
            printed.lines().for_each(|line| evidence.said(NOW, line));
            let sentence = evidence.stderr_sentence();
            assert_eq!(sentence.strip_prefix("; stderr: ").unwrap_or_default(), wanted);
        }
    }

    #[test]
    fn colours_and_titles_are_left_out() {
        for (line, wanted) in [
            ("\x1b[31mred\x1b[0m ", "red"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b[", ""),
            ("\x1b", ""),
            ("caf\u{e9}", "caf\u{e9}"),
        ] {
            assert_eq!(plain(line), wanted);
        }
        assert_eq!(plain(&"x".repeat(9999)).len(), LONGEST);
    }

    #[test]
    fn a_report_has_the_last_lines_and_the_one_without_an_end() {
        let mut said = Said::default();
        for n in 0..30 {
            said.line(&n.to_string());
        }
        assert_eq!((said.lines().len(), &*said.lines()[0]), (REPORT, "10"));
        said.says("a");
        said.says("ab");
        assert_eq!(said.lines()[REPORT - 2..], ["29", "ab"]);
        said.line("abc");
        assert_eq!(said.lines()[REPORT - 2..], ["29", "abc"]);
        said.says("");
        assert_eq!(said.lines()[REPORT - 1], "abc");
    }
}
