//! The keys of an entry: where they may stand, how they are spelled, whose they are.

use serde_json::{Map, Value};

/// Moves the keys of a nested object into the entry: some clients write
/// `"transport": {"type": "stdio", "command": ..}` or `"command": {"path": ..}`. Keys of
/// the entry win.
pub(in crate::config) fn flatten(fields: &mut Map<String, Value>) {
    for (outer, own) in [("transport", "type"), ("command", "path")] {
        let Some(Value::Object(_)) = fields.get(outer) else { continue };
        let Some(Value::Object(mut inner)) = fields.remove(outer) else { continue };
        let names = [own, "type", "program", "command"];
        if let Some(value) = names.iter().find_map(|name| inner.remove(*name)) {
            if outer == "transport" {
                // The other keys of the object may hold the command.
                fields.insert(outer.to_owned(), value);
            } else {
                inner.insert(outer.to_owned(), value);
            }
        }
        for (key, value) in inner {
            fields.entry(key).or_insert(value);
        }
    }
}

/// Spellings of the key for the program, and for its directory.
pub(in crate::config) const COMMAND: [&str; 2] = ["command", "cmd"];
pub(in crate::config) const CWD: [&str; 5] =
    ["cwd", "workingDirectory", "working_directory", "workdir", "working_dir"];

/// Our keys without an underscore, and those that we share. Keys with one are recognized by
/// it.
const OURS: [&str; 15] = [
    "args",
    "breaker",
    "bridge",
    "command",
    "cwd",
    "disabled",
    "enabled",
    "env",
    "era",
    "keep",
    "timeout",
    "tools",
    "transport",
    "type",
    "unsolicited",
];

/// Keys with an underscore that belong to other clients.
const THEIRS: [&str; 11] = [
    "base_url",
    "disabled_tools",
    "enabled_tools",
    "env_file",
    "http_url",
    "is_active",
    "server_url",
    "sse_url",
    "transport_type",
    "working_dir",
    "working_directory",
];

/// Whether a key of an entry is ours, or shared.
pub(super) fn is_ours(key: &str) -> bool {
    OURS.contains(&key) || (key.contains('_') && !THEIRS.contains(&key))
}
