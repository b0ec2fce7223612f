//! What is said of files and entries that are not quite, or not at all, used.

use super::Scope;

/// One entry or file that could not be used, or not quite as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The server, when one entry is concerned; `None` for a whole file.
    pub server: Option<String>,
    /// Where that entry would be in force.
    pub scope: Scope,
    /// What it means for the entry or file.
    pub kind: ProblemKind,
    /// The sentence for the user, with the file's name. Never contains a value of `env`.
    pub message: String,
}

/// What a problem means for its entry or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A file could not be read, or holds no servers where they belong.
    File,
    /// The entry is used, though not quite as written.
    Warning,
    /// The entry cannot be used as it is written.
    Refused,
    /// The user switched the entry off.
    Disabled,
    /// The entry is of a transport that is another program's, or not built in.
    Unsupported,
    /// The entry of a `.mcp.json` that the user has not approved.
    Unapproved,
}

impl Problem {
    /// A problem of a file.
    pub fn file(message: impl Into<String>) -> Problem {
        Problem {
            server: None,
            scope: Scope::User,
            kind: ProblemKind::File,
            message: message.into(),
        }
    }

    /// The name of an entry that is not used because of this problem.
    pub fn unused(&self) -> Option<&str> {
        self.server.as_deref().filter(|_| self.kind != ProblemKind::Warning)
    }

    /// Whether there is something to mend. An entry that is switched off, waits
    /// for its approval, or for its transport, is as it should be.
    pub fn is_fault(&self) -> bool {
        use ProblemKind::{File, Refused, Warning};
        matches!(self.kind, File | Refused | Warning)
    }
}

impl ProblemKind {
    /// One word for a list of servers.
    pub fn word(self) -> &'static str {
        match self {
            ProblemKind::File => "unreadable",
            ProblemKind::Warning => "warning",
            ProblemKind::Refused => "refused",
            ProblemKind::Disabled => "disabled",
            ProblemKind::Unsupported => "unsupported",
            ProblemKind::Unapproved => "unapproved",
        }
    }
}
