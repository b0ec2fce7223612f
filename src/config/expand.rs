//! `${VAR}` and `${VAR:-default}`, as Claude Code writes them, and the spellings
//! of other clients.
//!
//! Claude's reference matches `\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}`. Cursor
//! and VS Code write `${env:VAR}`, opencode `{env:VAR}`; of VS Code's other
//! variables those with a meaning here are known. Anything else that looks like a
//! reference is plain text. A variable that is set to nothing is set: the default
//! is for unset ones. What was put in is not looked at again.

use std::path::Path;

use PlaceholderKind::{Editor, Input, Variable};

/// Where values come from.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// The project's directory, of an entry that belongs to one.
    pub(super) folder: Option<&'a Path>,
}

/// Expands the references in `text`. Those without a value and a default stay in
/// the text as written; `unset` gets a sentence about each, once: its subject is
/// the reference, and `{}` in it stands for the key.
pub(super) fn expand(text: &str, variables: Variables<'_>, unset: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(reference) = Placeholder::at_start_of(from) else {
            out.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        };
        let (written, after) = from.split_at(reference.len);
        match reference.value(variables) {
            Ok(value) => out.push_str(&value),
            Err(what) => {
                out.push_str(written);
                if !unset.contains(&what) {
                    unset.push(what);
                }
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Something between `${` and `}`, or `{env:` and `}`.
struct Placeholder<'a> {
    kind: PlaceholderKind<'a>,
    /// Bytes from its first character to the closing brace.
    len: usize,
}

enum PlaceholderKind<'a> {
    Variable {
        name: &'a str,
        default: Option<&'a str>,
    },
    /// VS Code asks a person for it.
    Input,
    /// Another of VS Code's own.
    Editor(&'a str),
}

impl<'a> Placeholder<'a> {
    fn at_start_of(text: &'a str) -> Option<Placeholder<'a>> {
        let (inner, before) = match text.strip_prefix("${") {
            Some(inner) => (inner, 2),
            None => (text.strip_prefix('{').filter(|inner| inner.starts_with("env:"))?, 1),
        };
        let variable = inner.strip_prefix("env:").unwrap_or(inner);
        let prefix = before + inner.len() - variable.len();
        if let Some((name, default, len)) = variable_in(variable) {
            if prefix > 2 || !EDITOR.contains(&name) {
                let kind = Variable { name, default };
                return Some(Placeholder { kind, len: prefix + len + 1 });
            }
        }
        let whole = &inner[..inner.find('}')?];
        let len = before + whole.len() + 1;
        if whole.starts_with("input:") {
            return Some(Placeholder { kind: Input, len });
        }
        let own = whole.split(':').next().is_some_and(|word| EDITOR.contains(&word));
        own.then_some(Placeholder { kind: Editor(whole), len })
    }

    fn value(&self, variables: Variables<'_>) -> Result<String, String> {
        let no_project =
            |name| format!("'${{{name}}}' in {{}} is not known: the entry belongs to no project");
        let folder = || variables.folder.map(|folder| folder.display().to_string());
        match self.kind {
            Variable { name: PROJECT, default } if variables.folder.is_some() => {
                Ok(folder().unwrap_or_else(|| default.unwrap_or_default().to_owned()))
            }
            Variable { name, default } => (variables.env)(name)
                .or_else(|| default.map(str::to_owned))
                .ok_or_else(|| format!("variable '{name}' in {{}} is not set")),
            Input => Err("'${input:...}' in {} is asked for by VS Code alone: write the value, \
                          or a variable such as ${TOKEN}"
                .to_owned()),
            Editor("pathSeparator" | "/") => Ok("/".to_owned()),
            Editor("userHome") => (variables.env)("HOME")
                .ok_or_else(|| "'${userHome}' in {} is not known: HOME is not set".to_owned()),
            Editor("workspaceFolder" | "workspaceRoot") => {
                folder().ok_or_else(|| no_project("workspaceFolder"))
            }
            Editor("workspaceFolderBasename") => variables
                .folder
                .and_then(|folder| folder.file_name())
                .map(|name| name.to_string_lossy().into_owned())
                .ok_or_else(|| no_project("workspaceFolderBasename")),
            Editor(other) => (variables.env)(other).ok_or_else(|| {
                let word = other.split(':').next().unwrap_or_default();
                format!("'${{{word}}}' in {{}} is a variable of an editor, and stays as written")
            }),
        }
    }
}

/// Set for the servers of a project by Claude Code.
pub(super) const PROJECT: &str = "CLAUDE_PROJECT_DIR";

/// Variables of VS Code and its kin that are no variables of the environment.
const EDITOR: [&str; 11] = [
    "workspaceFolder",
    "workspaceRoot",
    "workspaceFolderBasename",
    "userHome",
    "pathSeparator",
    "/",
    "cwd",
    "file",
    "config",
    "command",
    "extensionPath",
];

/// A name, its default, and the bytes up to the closing brace.
fn variable_in(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(letter) {
        return None;
    }
    let end = text.find(|c| !letter(c) && !c.is_ascii_digit())?;
    let (name, tail) = text.split_at(end);
    match tail.strip_prefix(":-") {
        Some(tail) => {
            let brace = tail.find('}')?;
            Some((name, Some(&tail[..brace]), end + 2 + brace))
        }
        None => tail.starts_with('}').then_some((name, None, end)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Variables, expand};

    fn run(text: &str) -> (String, Vec<String>) {
        let env = |name: &str| match name {
            "A" => Some("alpha".to_owned()),
            "_b2" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut unset = Vec::new();
        let folder = Some(std::path::Path::new("/home/u/proj"));
        let text = expand(text, Variables { env: &env, folder }, &mut unset);
        (text, unset)
    }

    #[test]
    fn references_are_replaced_by_the_variable_or_the_default() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("${A}", "alpha"),
            ("<${A}${A}>", "<alphaalpha>"),
            ("${A:-no}", "alpha"),
            ("${NO:-yes}", "yes"),
            ("${NO:-}", ""),
            ("${NO:-a:-b}", "a:-b"),
            ("${NO:-a b\n{c}", "a b\n{c"),
            ("${NO:-${A}", "${A"),
            ("${EMPTY:-default}", ""),
            ("${_b2}", "${A}"),
            ("ä${A}ö", "alphaö".replace("alpha", "äalpha").as_str()),
        ] {
            assert_eq!(run(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_reference_is_kept() {
        for text in [
            "$", "$$", "$A", "${", "${}", "${A", "${A:", "${A:-", "${1A}", "${A-b}", "${A:b}",
            "${ä}",
        ] {
            assert_eq!(run(text), (text.to_owned(), vec![]), "{text}");
        }
        assert_eq!(run("$${A}"), ("$alpha".to_owned(), vec![]));
        assert_eq!(run("${${A}"), ("${alpha".to_owned(), vec![]));
    }

    #[test]
    fn an_unset_variable_stays_as_written_and_is_named() {
        let (text, unset) = run("x${NO}y${A}${NEVER}${NO}");
        assert_eq!(text, "x${NO}yalpha${NEVER}${NO}");
        let told = ["variable 'NO' in {} is not set", "variable 'NEVER' in {} is not set"];
        assert_eq!(unset, told);
    }

    #[test]
    fn other_clients_spellings_are_read() {
        for (text, expected) in [
            ("${env:A}", "alpha"),
            ("<{env:A}>", "<alpha>"),
            ("${env:NO:-d}", "d"),
            ("${workspaceFolder}/x", "/home/u/proj/x"),
            ("${workspaceFolderBasename}", "proj"),
            ("${CLAUDE_PROJECT_DIR:-.}", "/home/u/proj"),
            ("a${/}b${pathSeparator}c", "a/b/c"),
            ("{\"env\": {env}}", "{\"env\": {env}}"),
        ] {
            assert_eq!(run(text), (expected.to_owned(), vec![]), "{text}");
        }
        for (text, told) in [
            ("${env:NO}", "variable 'NO' in {} is not set"),
            ("${input:token}", "'${input:...}' in {} is asked for by VS Code alone"),
            ("${config:some.key}", "'${config}' in {} is a variable of an editor"),
            ("${command:x.y}", "'${command}' in {} is a variable of an editor"),
            ("${userHome}", "'${userHome}' in {} is not known: HOME is not set"),
        ] {
            let (kept, unset) = run(text);
            assert_eq!(kept, text);
            assert!(unset.len() == 1 && unset[0].starts_with(told), "{unset:?}");
        }
    }

    #[test]
    fn a_folder_is_known_to_entries_of_a_project_alone() {
        let mut unset = Vec::new();
        let variables = Variables { env: &|_| None, folder: None };
        let text = "${workspaceFolder} ${CLAUDE_PROJECT_DIR:-.}";
        assert_eq!(expand(text, variables, &mut unset), "${workspaceFolder} .");
        assert!(unset[0].contains("belongs to no project"), "{unset:?}");
    }
}
