//! The servers of another client's file, as entries of our own file.
//!
//! A leaf, as all of the configuration: the driver feeds an [`ImportReader`] with the file,
//! takes one [`ImportedEntry`] a step from the [`Import`], and puts it into an [`Overlay`].
//!
//! Invariants:
//! - what cannot be expressed here is named with its key and the reason;
//! - no note and no reason contains a value of the file.

mod overlay;
mod translate;

use std::collections::btree_map;
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

pub use self::overlay::{MergeOutcome, Overlay};
use super::parse;
use super::scan::{Captured, DocumentScanner, Key, other_format};
use crate::error::{Error, Kind, Result};

/// The largest file in TOML, because it is parsed in one go: about a millisecond.
const TOML_LIMIT: usize = 128 << 10;

/// The client that a file belongs to, as far as it changes the meaning of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Claude Code, Claude Desktop, Copilot CLI, Cursor and kin; our own.
    Usual,
    /// VS Code: `inputs`.
    VsCode,
    /// Zed: `timeout` in seconds.
    Zed,
    /// Codex: TOML.
    #[cfg_attr(not(feature = "toml"), allow(dead_code))]
    Codex,
    /// Gemini CLI: `url` is SSE, `$NAME` is a variable.
    Gemini,
    /// Cline and Roo Code: `timeout` in seconds.
    Cline,
    /// opencode: `command` is a list.
    Opencode,
}

/// A value that VS Code asks a person for.
#[derive(Debug)]
struct Input {
    id: String,
    default: Option<String>,
}

/// One entry of the file.
#[derive(Debug)]
pub struct ImportedEntry {
    /// The name of the server.
    pub name: String,
    /// The entry as a JSON object.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub json: std::result::Result<String, String>,
    /// What is different here, one sentence each.
    pub notes: Vec<String>,
}

/// Reads a file in pieces.
pub struct ImportReader {
    path: String,
    format: Format,
}

enum Format {
    Unknown,
    Json(Box<DocumentScanner>),
    Toml(Vec<u8>),
}

impl ImportReader {
    /// A reader of the file at `path`, whose name tells some clients apart.
    pub fn new(path: &str) -> ImportReader {
        ImportReader { path: path.to_owned(), format: Format::Unknown }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when they cannot be read.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        if matches!(self.format, Format::Unknown) {
            let head = String::from_utf8_lossy(&chunk[..chunk.len().min(256)]);
            let format = other_format(&head).unwrap_or_default();
            let is_toml = self.path.ends_with(".toml")
                || format.contains("TOML")
                || (head.starts_with('#') && !self.path.ends_with(".json"));
            self.format = match is_toml {
                true => Format::Toml(Vec::new()),
                false if format.contains("YAML") => {
                    return Err(Error::new(Kind::Invalid, "YAML is not read"));
                }
                false => Format::Json(Box::new(DocumentScanner::of_any_client())),
            };
        }
        match &mut self.format {
            Format::Unknown => Ok(()),
            Format::Json(scanner) => scanner.feed(chunk),
            Format::Toml(text) if text.len() + chunk.len() > TOML_LIMIT => {
                let what = format!("the file is larger than {} KiB", TOML_LIMIT >> 10);
                Err(Error::new(Kind::Invalid, what))
            }
            Format::Toml(text) => {
                text.extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it cannot be read or has no servers.
    pub fn finish(self, env: &dyn Fn(&str) -> Option<String>) -> Result<Import> {
        let folder = folder(&self.path, env("HOME").as_deref());
        match self.format {
            Format::Unknown => Err(Error::new(Kind::Invalid, "the file is empty")),
            Format::Json(scanner) => of_json(&self.path, folder, &scanner.finish()?),
            Format::Toml(text) => of_toml(folder, &text),
        }
    }
}

impl fmt::Debug for ImportReader {
    /// Without what was read, which holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportReader").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The servers of a file that was read.
pub struct Import {
    form: Form,
    folder: Option<String>,
    inputs: Vec<Input>,
    /// Servers that are switched off elsewhere in the file.
    off: Vec<String>,
    entries: btree_map::IntoIter<String, Box<[u8]>>,
}

impl Import {
    /// Translates the next entry.
    pub fn step(&mut self, env: &dyn Fn(&str) -> Option<String>) -> Option<ImportedEntry> {
        let (name, raw) = self.entries.next()?;
        let mut notes = Vec::new();
        let mut context = translate::Context {
            form: self.form,
            folder: self.folder.as_deref(),
            inputs: &self.inputs,
            is_off: self.off.contains(&name),
            env,
        };
        let json = match name.contains('\0') {
            true => Err("a name cannot hold a NUL character".to_owned()),
            false => translate::translate(&raw, &mut context, &mut notes),
        };
        if json.is_err() {
            // Of an entry that is not used only the reason is told.
            notes.clear();
        }
        Some(ImportedEntry { name, json, notes })
    }
}

impl fmt::Debug for Import {
    /// Without the entries, which hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("form", &self.form)
            .field("left", &self.entries.len())
            .finish_non_exhaustive()
    }
}

fn of_json(path: &str, folder: Option<String>, captured: &Captured) -> Result<Import> {
    let settings: Value =
        captured.top(Key::Mcp).and_then(|raw| serde_json::from_slice(raw).ok()).unwrap_or_default();
    let nested = settings.get("servers").filter(|servers| servers.is_object());
    let mut off = Vec::new();
    let mut inputs: Value = captured
        .top(Key::Inputs)
        .and_then(|raw| serde_json::from_slice(raw).ok())
        .unwrap_or_default();
    let (form, raw) = if let Some(raw) = captured.top(Key::Servers) {
        let form = form_of(path);
        off = switched_off(&settings, raw);
        (form, raw.to_vec())
    } else if let Some(raw) = captured.top(Key::VsCodeServers) {
        (Form::VsCode, raw.to_vec())
    } else if let Some(raw) = captured.top(Key::ContextServers) {
        (Form::Zed, raw.to_vec())
    } else if let Some(servers) = nested {
        inputs = settings.get("inputs").cloned().unwrap_or_default();
        (Form::VsCode, servers.to_string().into_bytes())
    } else if settings.as_object().is_some_and(|map| map.values().any(Value::is_object)) {
        (Form::Opencode, settings.to_string().into_bytes())
    } else {
        let found = captured.foreign().map(|found| format!(" ({found})")).unwrap_or_default();
        let what = format!(
            "it has none of 'mcpServers', 'servers', 'context_servers', 'mcp' and \
             'mcp_servers'{found}"
        );
        return Err(Error::new(Kind::Invalid, what));
    };
    let entries = parse::entries(&raw)
        .map_err(|what| Error::new(Kind::Invalid, what.replace("mcpServers", "the servers")))?;
    Ok(Import { form, folder, inputs: inputs_of(&inputs), off, entries: entries.map.into_iter() })
}

#[cfg(feature = "toml")]
fn of_toml(folder: Option<String>, text: &[u8]) -> Result<Import> {
    let text = std::str::from_utf8(text)
        .map_err(|_| Error::new(Kind::Invalid, "the file is not valid UTF-8"))?;
    let value: Value = toml::from_str(text).map_err(|error| {
        // Its display shows the line, which may hold a secret.
        let line = error.span().map_or(1, |span| {
            text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
        });
        Error::new(Kind::Invalid, format!("line {line}: {}", error.message()))
    })?;
    let servers = value.get("mcp_servers").and_then(Value::as_object);
    let Some(servers) = servers else {
        return Err(Error::new(Kind::Invalid, "it has no [mcp_servers.NAME]"));
    };
    let entries: std::collections::BTreeMap<String, Box<[u8]>> = servers
        .iter()
        .map(|(name, entry)| (name.clone(), entry.to_string().into_bytes().into()))
        .collect();
    let entries = entries.into_iter();
    Ok(Import { form: Form::Codex, folder, inputs: Vec::new(), off: Vec::new(), entries })
}

#[cfg(not(feature = "toml"))]
fn of_toml(_: Option<String>, _: &[u8]) -> Result<Import> {
    Err(Error::new(Kind::Invalid, "TOML is not built in"))
}

/// The form of a file with `mcpServers`, by its path.
fn form_of(path: &str) -> Form {
    let path = path.to_ascii_lowercase();
    let has = |word: &str| path.contains(word);
    match () {
        () if has("/.gemini/") => Form::Gemini,
        () if has("cline") || has("/.roo/") || has("roo-cline") => Form::Cline,
        () => Form::Usual,
    }
}

/// The servers that Gemini CLI does not start: `mcp.excluded`, and those that are not in
/// `mcp.allowed`.
fn switched_off(settings: &Value, servers: &[u8]) -> Vec<String> {
    let list = |key: &str| -> Option<Vec<String>> {
        let items = settings.get(key)?.as_array()?.iter();
        Some(items.filter_map(|item| item.as_str().map(str::to_owned)).collect())
    };
    let mut off = list("excluded").unwrap_or_default();
    if let Some(allowed) = list("allowed") {
        let servers: Map<String, Value> = serde_json::from_slice(servers).unwrap_or_default();
        off.extend(servers.into_iter().map(|(name, _)| name).filter(|n| !allowed.contains(n)));
    }
    off
}

fn inputs_of(inputs: &Value) -> Vec<Input> {
    let text = |input: &Value, key: &str| input.get(key).and_then(Value::as_str).map(str::to_owned);
    let inputs = inputs.as_array().into_iter().flatten();
    inputs
        .filter_map(|input| {
            let is_secret = input.get("password") == Some(&Value::Bool(true));
            let default = text(input, "default").filter(|_| !is_secret);
            Some(Input { id: text(input, "id")?, default })
        })
        .collect()
}

/// The directory of the project that a file belongs to: `.vscode/mcp.json`, `.mcp.json`.
fn folder(path: &str, home: Option<&str>) -> Option<String> {
    const DIRECTORIES: [&str; 8] =
        [".vscode", ".cursor", ".gemini", ".codex", ".zed", ".roo", ".kilocode", ".amazonq"];
    let path = Path::new(path);
    let directory = path.parent()?;
    let folder = match directory.file_name().and_then(|name| name.to_str()) {
        Some(name) if DIRECTORIES.contains(&name) => directory.parent()?,
        _ if path.ends_with(".mcp.json") => directory,
        _ => return None,
    };
    // The user's own file, which belongs to no project.
    let is_home = home.is_some_and(|home| Path::new(home) == folder);
    folder.to_str().filter(|folder| !is_home && !folder.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
