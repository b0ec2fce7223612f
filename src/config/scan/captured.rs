//! What is kept of a file: servers, and what Claude Code knows of its projects.

use std::collections::BTreeMap;

use crate::json::task::Task;
use crate::json::{Dialect, pretty};

/// The keys whose values are kept, at the top of a file or of a project in
/// Claude's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `mcpServers`.
    Servers,
    /// `enabledMcpjsonServers`: entries of `.mcp.json` that the user approved.
    EnabledJson,
    /// `disabledMcpjsonServers`: those that the user refused.
    DisabledJson,
    /// `enableAllProjectMcpServers`: all of them are approved.
    EnableAllJson,
    /// `disabledMcpServers`: servers of any scope that are switched off there.
    Disabled,
    /// `hasTrustDialogAccepted`: the project's own settings may be believed.
    Trusted,
    /// `servers`: those of VS Code.
    VsCodeServers,
    /// `inputs`: the values that VS Code asks a person for.
    Inputs,
    /// `context_servers`: those of Zed.
    ContextServers,
    /// `mcp`: servers of opencode, or settings of VS Code or Gemini CLI.
    Mcp,
}

impl Key {
    /// The longest of their names.
    pub(super) const LONGEST: usize = "enableAllProjectMcpServers".len();

    pub(super) fn of(name: &str) -> Option<Key> {
        Some(match name {
            "mcpServers" => Key::Servers,
            "enabledMcpjsonServers" => Key::EnabledJson,
            "disabledMcpjsonServers" => Key::DisabledJson,
            "enableAllProjectMcpServers" => Key::EnableAllJson,
            "disabledMcpServers" => Key::Disabled,
            "hasTrustDialogAccepted" => Key::Trusted,
            _ => return None,
        })
    }

    /// The same for a key at the top of a file of any client, which is imported.
    pub(super) fn of_client(name: &str) -> Option<Key> {
        Some(match name {
            "servers" => Key::VsCodeServers,
            "inputs" => Key::Inputs,
            "context_servers" => Key::ContextServers,
            "mcp" => Key::Mcp,
            "amp.mcpServers" => Key::Servers,
            _ => return Key::of(name),
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Key::Servers => "mcpServers",
            Key::EnabledJson => "enabledMcpjsonServers",
            Key::DisabledJson => "disabledMcpjsonServers",
            Key::EnableAllJson => "enableAllProjectMcpServers",
            Key::Disabled => "disabledMcpServers",
            Key::Trusted => "hasTrustDialogAccepted",
            Key::VsCodeServers => "servers",
            Key::Inputs => "inputs",
            Key::ContextServers => "context_servers",
            Key::Mcp => "mcp",
        }
    }
}

/// The values of the keys of interest in a whole file, as JSON without comments.
#[derive(Default)]
pub struct Captured {
    pub(super) values: BTreeMap<(Option<Box<str>>, Key), Vec<u8>>,
    pub(super) foreign: Option<String>,
}

impl Captured {
    /// The raw value of a key at the top of the file.
    pub fn top(&self, key: Key) -> Option<&[u8]> {
        self.values.get(&(None, key)).map(|value| &value[..])
    }

    /// The raw value of a key of a project.
    pub fn of_project(&self, path: &str, key: Key) -> Option<&[u8]> {
        // A borrowed pair cannot be looked up in a map of owned ones.
        self.values.get(&(Some(Box::from(path)), key)).map(|value| &value[..])
    }

    /// The projects of which anything is known, sorted.
    pub fn projects(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.values.keys().filter_map(move |(path, _)| {
            let path = path.as_deref()?;
            (last != Some(path)).then(|| {
                last = Some(path);
                path
            })
        })
    }

    /// When the file has no `mcpServers`: what it has where another client looks
    /// for its servers.
    pub fn foreign(&self) -> Option<&str> {
        let none = !self.values.keys().any(|(_, key)| *key == Key::Servers);
        self.foreign.as_deref().filter(|_| none)
    }
}

impl std::fmt::Debug for Captured {
    /// Shows the keys only: the values hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The client that a key at the top of a file without `mcpServers` belongs to.
pub(super) fn foreign_key(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match name {
        "servers" => "it has servers, as in VS Code's mcp.json".to_owned(),
        "context_servers" => "it has context_servers, as in Zed's settings".to_owned(),
        "mcp" => "it has mcp, as in opencode's and VS Code's settings".to_owned(),
        "mcp.servers" => "it has mcp.servers, as in VS Code's settings".to_owned(),
        "extensions" => "it has extensions, as in Goose's configuration".to_owned(),
        _ if plain.eq_ignore_ascii_case("mcpServers") && name.len() < 60 => {
            format!("it has {}: did you mean mcpServers?", name.escape_debug())
        }
        _ if name.len() < 60 && name.to_ascii_lowercase().ends_with("mcpservers") => {
            format!("it has {}", name.escape_debug())
        }
        _ => return None,
    })
}

/// The format of a file that is no JSON object, by its first characters.
pub fn other_format(text: &str) -> Option<&'static str> {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.-\"'".contains(c))
    };
    let table = line.strip_prefix('[').and_then(|rest| rest.split(']').next());
    if table.is_some_and(|name| word(name) && name.starts_with(char::is_alphabetic))
        || line.split_once('=').is_some_and(|(key, _)| word(key.trim_end()))
    {
        return Some(" (TOML, as of Codex, is only imported)");
    }
    if line == "---" || line.split_once(':').is_some_and(|(key, _)| word(key)) {
        return Some(" (YAML, as of Goose, is not read)");
    }
    None
}

/// JSON without comments and without commas before a closing bracket. What it is
/// given is known to be JSON but for these.
pub(in crate::config) fn plain_json(raw: &[u8]) -> Vec<u8> {
    let of = |mut budget| async move {
        let mut out = String::with_capacity(raw.len());
        pretty::compact(raw, Dialect::Jsonc, &mut out, &mut budget).await;
        out.into_bytes()
    };
    Task::new(of).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_taken_out_and_strings_left_alone() {
        for (raw, expected) in [
            (r#"{"a": 1, // x"#.to_owned() + "\n}", r#"{"a":1}"#),
            (r#"{"a": [1, /* , ] */ ], /**/ }"#.to_owned(), r#"{"a":[1]}"#),
            (
                r#"{"//": "/* , } */", "b": ",]\"}//"}"#.to_owned(),
                r#"{"//":"/* , } */","b":",]\"}//"}"#,
            ),
            ("[1,2 , ]".to_owned(), "[1,2]"),
            ("[{},[],]".to_owned(), "[{},[]]"),
        ] {
            let plain = plain_json(raw.as_bytes());
            let value: serde_json::Value = serde_json::from_slice(&plain)
                .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&plain)));
            let expected: serde_json::Value = serde_json::from_str(expected).expect("it is JSON");
            assert_eq!(value, expected, "{raw}");
        }
    }

    #[test]
    fn other_formats_are_recognised() {
        for toml in ["[mcp_servers.time]\ncommand = \"x\"", "model = \"x\"\n"] {
            assert!(other_format(toml).is_some_and(|told| told.contains("TOML")), "{toml}");
        }
        for yaml in ["extensions:\n  x:\n", "---\na: 1"] {
            assert!(other_format(yaml).is_some_and(|told| told.contains("YAML")), "{yaml}");
        }
        for other in ["[1]", "null", "", "[\"a\"]", "[{}]"] {
            assert_eq!(other_format(other), None, "{other}");
        }
    }

    #[test]
    fn keys_of_other_clients_are_recognised() {
        assert!(foreign_key("servers").is_some_and(|told| told.starts_with("it has servers")));
        for name in ["mcpservers", "mcp_servers", "MCPServers", "mcp-servers"] {
            let told = foreign_key(name).expect(name);
            assert!(told.contains(name) && told.contains("did you mean mcpServers"), "{told}");
        }
        assert!(foreign_key("amp.mcpServers").is_some());
        assert_eq!(foreign_key("projects"), None);
    }
}
