//! Checklists: what is looked at, whether it holds, and what to do where it does not.
//!
//! Two lists: whether a server is set up well ([`Checklist::Setup`]), and
//! how it does ([`Checklist::Monitoring`]). A line passes, fails with the reason and advice, or
//! is not known: nobody called enough, or it does not apply. What is not known never
//! fails, so that a fresh tmux passes.
//!
//! Shares are judged from [`ENOUGH`] samples on.

mod facts;
mod monitoring;
mod page;
mod setup;
#[cfg(test)]
mod tests;

pub use facts::EntryFacts;
pub use page::CheckPage;

use super::health::ENOUGH;
use super::report::ServerReport;
use crate::time::Time;

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checklist {
    /// Whether the entry, its socket and its command are as they should be.
    Setup,
    /// How the server does.
    Monitoring,
}

impl Checklist {
    /// Both, in the order in which they are shown.
    pub const ALL: [Checklist; 2] = [Checklist::Setup, Checklist::Monitoring];

    /// The words before the server's name.
    pub const fn name(self) -> &'static str {
        match self {
            Checklist::Setup => "Set-up",
            Checklist::Monitoring => "Monitoring",
        }
    }

    /// The word for programs.
    pub const fn key(self) -> &'static str {
        match self {
            Checklist::Setup => "setup",
            Checklist::Monitoring => "monitoring",
        }
    }

    /// The lines about one server.
    pub fn check(self, report: &ServerReport<'_>, facts: &EntryFacts, now: Time) -> Vec<Check> {
        match self {
            Checklist::Setup => setup::checks(report, facts),
            Checklist::Monitoring => monitoring::checks(report, facts, now),
        }
    }
}

/// How a line came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckVerdict {
    /// It holds.
    Pass,
    /// It does not; what can be done about it.
    Fail(String),
    /// It cannot be said, or does not apply.
    Unknown,
}

impl CheckVerdict {
    /// The word shown.
    pub const fn word(&self) -> &'static str {
        match self {
            CheckVerdict::Pass => "pass",
            CheckVerdict::Fail(_) => "FAIL",
            CheckVerdict::Unknown => "-",
        }
    }

    /// The word for programs.
    pub const fn key(&self) -> &'static str {
        match self {
            CheckVerdict::Pass => "pass",
            CheckVerdict::Fail(_) => "fail",
            CheckVerdict::Unknown => "unknown",
        }
    }
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is looked at.
    pub title: &'static str,
    /// How it came out.
    pub verdict: CheckVerdict,
    /// What was found, one line.
    pub found: String,
}

impl Check {
    fn pass(title: &'static str, found: impl Into<String>) -> Check {
        Check { title, verdict: CheckVerdict::Pass, found: found.into() }
    }

    fn unknown(title: &'static str, found: impl Into<String>) -> Check {
        Check { title, verdict: CheckVerdict::Unknown, found: found.into() }
    }

    fn fail(title: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { title, verdict: CheckVerdict::Fail(advice.into()), found: found.into() }
    }

    /// Passes, or fails with advice.
    fn of(holds: bool, title: &'static str, found: String, advice: impl Into<String>) -> Check {
        if holds { Check::pass(title, found) } else { Check::fail(title, found, advice) }
    }
}

/// "12 calls, 20 are needed": too few samples for a share.
fn too_few(samples: u64, what: &str) -> String {
    format!("{samples} {what}, {ENOUGH} are needed")
}
