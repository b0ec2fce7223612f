//! Which entries of a project's `.mcp.json` the user has approved.
//!
//! The file is content of a repository, and to start its servers is to run what
//! somebody else wrote. So an entry counts only once the user said so in Claude
//! Code, which notes it in its own file or in the project's
//! `.claude/settings.local.json`; the latter is believed only if the project was
//! trusted, because a repository can bring one along.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::json::with_whole_pairs;

use super::{Captured, Config, Directory, Key, Problem, ProblemKind, Scope, quoted};

/// What the user said about the entries of one project.
#[derive(Debug, Default)]
pub struct Approval {
    all: bool,
    enabled: BTreeSet<String>,
    rejected: BTreeSet<String>,
    /// Servers of any scope that are switched off there.
    disabled: BTreeSet<String>,
}

impl Approval {
    /// Adds what a file says at its top, or of a project.
    pub fn add(&mut self, file: &Captured, project: Option<&str>) {
        let get = |key| match project {
            None => file.top(key),
            Some(path) => file.of_project(path, key),
        };
        self.all |= get(Key::EnableAllJson).is_some_and(|raw| raw.trim_ascii() == b"true");
        self.enabled.extend(names(get(Key::EnabledJson)));
        self.rejected.extend(names(get(Key::DisabledJson)));
        self.disabled.extend(names(get(Key::Disabled)));
    }

    /// Turns the servers of a `.mcp.json` that are not approved into problems.
    pub fn apply(&self, config: &mut Config, origin: &str) {
        let mut kept = Vec::with_capacity(config.servers.len());
        for server in config.servers.drain(..) {
            let (kind, what) = if self.rejected.contains(&server.name) {
                (ProblemKind::Disabled, "is disabled (disabledMcpjsonServers)")
            } else if self.all || self.enabled.contains(&server.name) {
                kept.push(server);
                continue;
            } else {
                (
                    ProblemKind::Unapproved,
                    "is not approved: start Claude Code there once, or name it in \
                     enabledMcpjsonServers",
                )
            };
            // What else was said of it does not matter.
            config.problems.retain(|problem| problem.server.as_deref() != Some(&*server.name));
            config.problems.push(Problem {
                server: Some(server.name.clone()),
                scope: server.scope.clone(),
                kind,
                message: format!("{origin}: server {} {what}", quoted(&server.name)),
            });
        }
        config.servers = kept;
    }

    /// Switches servers off in a project: `disabledMcpServers`. Only names that
    /// stand somewhere in `config` are told.
    pub fn switch_off(&self, config: &mut Config, directory: &Arc<Directory>, origin: &str) {
        let local = Scope::Local(directory.clone());
        for name in &self.disabled {
            let reaches = |scope: &Scope| *scope == Scope::User || local.replaces(scope);
            let known = config.servers.iter().any(|s| s.name == *name && reaches(&s.scope));
            if !known {
                continue;
            }
            config.servers.retain(|s| s.name != *name || !local.replaces(&s.scope));
            let place = directory.literal.display();
            config.problems.push(Problem {
                server: Some(name.clone()),
                scope: local.clone(),
                kind: ProblemKind::Disabled,
                message: format!(
                    "{origin}: server {} is disabled in {place} (disabledMcpServers)",
                    quoted(name)
                ),
            });
        }
    }
}

/// The strings of a list; anything else in it says nothing.
fn names(raw: Option<&[u8]>) -> Vec<String> {
    let read = |raw| serde_json::from_slice(&with_whole_pairs(raw)).ok();
    let values: Vec<serde_json::Value> = raw.and_then(read).unwrap_or_default();
    values.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DocumentScanner, Parser};

    fn captured(text: &str) -> Captured {
        let mut scanner = DocumentScanner::new();
        scanner.feed(text.as_bytes()).expect("the document is valid");
        scanner.finish().expect("the document is whole")
    }

    fn project() -> (Arc<Directory>, Config) {
        let directory = Arc::new(Directory::new("/p"));
        let raw = br#"{"a": {"command": "x", "args": 1.5}, "b": {"command": "x"}, "c": {"command": "x"}}"#;
        let raw = String::from_utf8_lossy(raw).replace(", \"args\": 1.5", "");
        let scope = Scope::Project(directory.clone());
        (directory, Parser::new(raw.as_bytes(), "/p/.mcp.json", scope).finish(&|_| None))
    }

    #[test]
    fn only_what_was_approved_is_used() {
        let main = captured(
            r#"{"projects": {"/p": {"enabledMcpjsonServers": ["a", 7], "disabledMcpjsonServers": ["b"]}}}"#,
        );
        let mut approval = Approval::default();
        approval.add(&main, Some("/p"));
        let (_, mut config) = project();
        approval.apply(&mut config, "/p/.mcp.json");
        let names: Vec<&str> = config.servers.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["a"]);
        let told: Vec<_> = config.problems.iter().map(|p| (p.unused(), p.kind)).collect();
        let expected = [(Some("b"), ProblemKind::Disabled), (Some("c"), ProblemKind::Unapproved)];
        assert_eq!(told, expected);

        // All at once, but for those that were refused by name.
        approval.add(&captured(r#"{"enableAllProjectMcpServers": true}"#), None);
        let (_, mut config) = project();
        approval.apply(&mut config, "/p/.mcp.json");
        assert_eq!((config.servers.len(), config.problems.len()), (2, 1));
    }

    #[test]
    fn a_server_can_be_switched_off_in_one_project() {
        let main = captured(
            r#"{"projects": {"/p": {"disabledMcpServers": ["a", "user", "plugin:\ud83d"]}}}"#,
        );
        let mut approval = Approval::default();
        approval.add(&main, Some("/p"));
        let (directory, mut config) = project();
        let user = Parser::new(br#"{"user": {"command": "x"}}"#, "f", Scope::User);
        config.servers.extend(user.finish(&|_| None).servers);
        approval.switch_off(&mut config, &directory, "f");
        let names: Vec<String> = config.servers.iter().map(|s| s.id()).collect();
        assert_eq!(names, ["b@/p", "c@/p", "user"], "elsewhere it is still used");
        let told: Vec<_> = config.problems.iter().map(|p| (p.unused(), p.scope.clone())).collect();
        let local = Scope::Local(directory);
        assert_eq!(told, [(Some("a"), local.clone()), (Some("user"), local)]);
    }
}
