//! Checklists as text for people and as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Check, CheckVerdict, Checklist};
use crate::metrics::units;

/// Lines about several servers, in order.
#[derive(Debug, Default)]
pub struct CheckPage {
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    /// The list and the server; `None`: the files.
    about: Option<(Checklist, String)>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct CheckLine<'a> {
    list: &'a str,
    server: Option<&'a str>,
    check: &'a str,
    verdict: &'a str,
    found: &'a str,
    advice: Option<&'a str>,
}

impl CheckPage {
    /// Adds what concerns the files: what was read first, or is wrong.
    pub fn add_configuration(&mut self, found: String, is_fault: bool, servers: usize) {
        let advice = match is_fault {
            true => "correct the file, then run mcp-reload",
            false => "add a server, or take them over from another client with mcp-import",
        };
        let check = Check::of(!is_fault && servers > 0, "Configuration", found, advice);
        self.sections.push(Section { about: None, checks: vec![check] });
    }

    /// Adds an entry that is not used.
    pub fn add_unused(&mut self, server: &str, why: String) {
        let advice = "correct the entry, then run mcp-reload";
        let check = Check::fail("Entry", why, advice);
        self.add(Checklist::Setup, server, vec![check]);
    }

    /// Adds the lines of a list about a server.
    pub fn add(&mut self, list: Checklist, server: &str, checks: Vec<Check>) {
        self.sections.push(Section { about: Some((list, server.to_owned())), checks });
    }

    /// How many lines failed.
    pub fn failed(&self) -> usize {
        self.checks().filter(|check| matches!(check.verdict, CheckVerdict::Fail(_))).count()
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        self.sections.iter().flat_map(|section| &section.checks)
    }

    /// A heading for each list and server, a line for each check with its advice below,
    /// and the sum.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Section { about, checks } in &self.sections {
            match about {
                Some((list, server)) => {
                    let _ = writeln!(text, "{}: {}", list.name(), units::line(server));
                }
                None => text += "Files:\n",
            }
            for check in checks {
                let (word, title) = (check.verdict.word(), check.title);
                let _ = writeln!(text, "  {word:<4}  {title:<13}  {}", check.found);
                if let CheckVerdict::Fail(advice) = &check.verdict {
                    let _ = writeln!(text, "        {advice}");
                }
            }
        }
        let count = |key| self.checks().filter(|check| check.verdict.key() == key).count();
        let (passed, unknown) = (count("pass"), count("unknown"));
        let _ = writeln!(text, "{passed} passed, {} failed, {unknown} not known", self.failed());
        text
    }

    /// An array with an object for each line.
    pub fn json(&self) -> String {
        let mut lines = Vec::new();
        for Section { about, checks } in &self.sections {
            lines.extend(checks.iter().map(|check| CheckLine {
                list: about.as_ref().map_or(Checklist::Setup, |(list, _)| *list).key(),
                server: about.as_ref().map(|(_, server)| server.as_str()),
                check: check.title,
                verdict: check.verdict.key(),
                found: &check.found,
                advice: match &check.verdict {
                    CheckVerdict::Fail(advice) => Some(advice),
                    _ => None,
                },
            }));
        }
        // Strings and numbers always fit.
        serde_json::to_string(&lines).unwrap_or_default()
    }
}
