//! From the raw `mcpServers` to servers and problems.
//!
//! The file belongs to another program and to the user's hand: unknown keys are
//! ignored, `null` counts as absent, the last of two equal keys wins, and
//! whatever cannot be read costs its own entry only. Every key of ours may
//! stand in a `"tmux"` object inside the entry, where it wins.
//!
//! Messages name server, key, what was expected and what kind of thing was
//! found. Of values they show numbers where a number belongs and the names of
//! transports and eras, nothing else: tokens are pasted into the oddest places.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::expand::expand;
use super::limits::{self, Range, narrow};
use super::{Command, Config, Era, Problem, ServerConfig, Transport, quoted};

/// The longest path `sockaddr_un` takes with its closing NUL.
const SOCKET_PATH_LIMIT: usize = 107;

/// The object inside an entry whose keys are ours alone.
const VENDOR: &str = "tmux";

/// Reads `raw`, the value of `mcpServers` in the file `origin`, and expands
/// variables by `env`.
pub fn parse_servers(raw: &[u8], env: &dyn Fn(&str) -> Option<String>, origin: &str) -> Config {
    Parser::new(raw, origin).finish(env)
}

/// [`parse_servers`] in steps of one entry, for a host that must not stop for
/// as long as a thousand entries take.
pub struct Parser {
    origin: String,
    entries: btree_map::IntoIter<String, Box<RawValue>>,
    config: Config,
}

impl Parser {
    /// Takes the value of `mcpServers` in the file `origin` apart into entries.
    pub fn new(raw: &[u8], origin: &str) -> Parser {
        let mut config = Config::default();
        let entries = entries(raw).unwrap_or_else(|what| {
            config.problems.push(Problem { server: None, message: located(origin, &what) });
            BTreeMap::new()
        });
        Parser { origin: origin.to_owned(), entries: entries.into_iter(), config }
    }

    /// Reads one entry; false when there was none left.
    pub fn step(&mut self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        let Some((name, raw)) = self.entries.next() else { return false };
        let mut told = Vec::new();
        match Entry::read(&raw, env, &mut told).and_then(|entry| entry.server(&name)) {
            Ok(server) => self.config.servers.push(Arc::new(server)),
            Err(Unusable::Foreign) => told.clear(),
            Err(Unusable::Disabled) => told = vec![" is disabled".to_owned()],
            Err(Unusable::Wrong(what)) => told = vec![format!(": {what}")],
        }
        for what in told {
            let message = located(&self.origin, &format!("server {}{what}", quoted(&name)));
            self.config.problems.push(Problem { server: Some(name.clone()), message });
        }
        true
    }

    /// Reads what is left, and hands out everything.
    pub fn finish(mut self, env: &dyn Fn(&str) -> Option<String>) -> Config {
        while self.step(env) {}
        self.config
    }
}

impl fmt::Debug for Parser {
    /// Leaves the entries out: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("origin", &self.origin)
            .field("left", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The entries by name, unread; a map sorts them and keeps the last duplicate.
fn entries(raw: &[u8]) -> Result<BTreeMap<String, Box<RawValue>>, String> {
    match raw.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None | Some(b'{') => {}
        Some(b'n') => return Ok(BTreeMap::new()),
        Some(first) => {
            let found = match first {
                b'[' => "an array",
                b'"' => "a string",
                b't' | b'f' => "true or false",
                _ => "a number",
            };
            return Err(format!("'mcpServers' must be an object, not {found}"));
        }
    }
    // serde_json's own sentence may quote the text it stumbled on.
    serde_json::from_slice(raw).map_err(|error| {
        format!(
            "'mcpServers' is not valid JSON at its line {} column {}",
            error.line(),
            error.column()
        )
    })
}

fn located(origin: &str, what: &str) -> String {
    if origin.is_empty() { what.to_owned() } else { format!("{origin}: {what}") }
}

/// Why an entry gives no server.
enum Unusable {
    /// Another program's internal kind: nobody is missing it.
    Foreign,
    Disabled,
    Wrong(String),
}

impl From<String> for Unusable {
    fn from(what: String) -> Unusable {
        Unusable::Wrong(what)
    }
}

/// One entry while it is read.
struct Entry<'a> {
    fields: Map<String, Value>,
    vendor: Map<String, Value>,
    env: &'a dyn Fn(&str) -> Option<String>,
    /// Each a message from the server's name on.
    warnings: &'a mut Vec<String>,
}

impl<'a> Entry<'a> {
    fn read(
        raw: &RawValue,
        env: &'a dyn Fn(&str) -> Option<String>,
        warnings: &'a mut Vec<String>,
    ) -> Result<Entry<'a>, Unusable> {
        let value = serde_json::from_str(raw.get()).map_err(|_| {
            "the entry holds a number or a character out of range, or is nested too deeply"
                .to_owned()
        })?;
        let Value::Object(mut fields) = value else {
            return Err(format!("the entry must be an object, not {}", kind(&value)).into());
        };
        let vendor = match fields.remove(VENDOR) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(vendor)) => vendor,
            Some(other) => return Err(expected(VENDOR, "an object", &other).into()),
        };
        Ok(Entry { fields, vendor, env, warnings })
    }

    fn server(mut self, name: &str) -> Result<ServerConfig, Unusable> {
        let transport = self.transport();
        if matches!(transport, Err(Unusable::Foreign)) {
            return Err(Unusable::Foreign);
        }
        if self.flag("disabled")? {
            return Err(Unusable::Disabled);
        }
        let transport = transport?;

        let socket_path = self.path("socket_path")?;
        if let Some(path) = &socket_path {
            let length = path.as_os_str().as_bytes().len();
            if length > SOCKET_PATH_LIMIT {
                let what = format!(
                    "'socket_path' is {length} bytes long, the system allows {SOCKET_PATH_LIMIT}"
                );
                return Err(what.into());
            }
        }
        let command = self.command()?;
        let transport = match (transport, &socket_path, &command) {
            (Some(Transport::Socket), None, _) => {
                return Err("transport 'socket' needs 'socket_path'".to_owned().into());
            }
            (_, None, None) if self.field("url").is_some() => {
                return Err(unsupported("http").into());
            }
            (_, None, None) => {
                return Err("needs 'command' or 'socket_path'".to_owned().into());
            }
            (Some(Transport::Stdio), _, None) => {
                return Err("transport 'stdio' needs 'command'".to_owned().into());
            }
            (Some(transport), ..) => transport,
            (None, Some(_), None) => Transport::Socket,
            (None, ..) => Transport::Stdio,
        };
        Ok(ServerConfig {
            name: name.to_owned(),
            transport,
            socket_path,
            socket_allow_uid: self.uids()?,
            command,
            pool_max_size: self.number("pool_max_size", limits::POOL_MAX_SIZE)?.map(narrow),
            pool_idle_timeout: self
                .number("pool_idle_timeout", limits::POOL_IDLE_TIMEOUT)?
                .map(Duration::from_secs),
            max_in_flight: self.number("max_in_flight", limits::MAX_IN_FLIGHT)?.map(narrow),
            timeout: self.number("timeout", limits::TIMEOUT)?.map(Duration::from_millis),
            operation_timeout: self
                .number("operation_timeout", limits::TIMEOUT)?
                .map(Duration::from_millis),
            retry_attempts: self.number("retry_attempts", limits::RETRY_ATTEMPTS)?.map(narrow),
            retry_backoff: self
                .number("retry_backoff", limits::RETRY_BACKOFF)?
                .map(Duration::from_millis),
            era: self.era()?,
            idempotent_tools: self.idempotent_tools()?,
        })
    }

    /// The value of `key` and the key as the user finds it in the file.
    fn field(&self, key: &str) -> Option<(String, &Value)> {
        let found = |map: &'_ Map<String, Value>| map.get(key).is_some_and(|v| !v.is_null());
        if found(&self.vendor) {
            return Some((format!("{VENDOR}.{key}"), &self.vendor[key]));
        }
        if found(&self.fields) {
            return Some((key.to_owned(), &self.fields[key]));
        }
        None
    }

    fn transport(&self) -> Result<Option<Transport>, Unusable> {
        let pick = |map: &Map<String, Value>, prefix: &str| {
            ["transport", "type"].iter().find_map(|key| {
                let value = map.get(*key).filter(|value| !value.is_null())?;
                Some((format!("{prefix}{key}"), value.clone()))
            })
        };
        let Some((key, value)) = pick(&self.vendor, "tmux.").or_else(|| pick(&self.fields, ""))
        else {
            return Ok(None);
        };
        let Value::String(transport) = &value else {
            return Err(expected(&key, "a string", &value).into());
        };
        match transport.as_str() {
            "stdio" => Ok(Some(Transport::Stdio)),
            "socket" | "unix" => Ok(Some(Transport::Socket)),
            "http" | "sse" | "ws" | "streamable-http" | "streamableHttp" | "tcp" | "tls" => {
                Err(unsupported(transport).into())
            }
            "sdk" | "sse-ide" | "ws-ide" | "claudeai-proxy" => Err(Unusable::Foreign),
            other => {
                let what = format!("unknown transport {} (use 'socket' or 'stdio')", quoted(other));
                Err(what.into())
            }
        }
    }

    fn command(&mut self) -> Result<Option<Command>, String> {
        let program = match self.field("command") {
            None => None,
            Some((key, Value::String(text))) => {
                let text = text.clone();
                Some(self.text(&key, &text, Empty::Refused)?)
            }
            Some((key, other)) => return Err(expected(&key, "a string", other)),
        };
        // Read even without a program, so that what is wrong in them is told.
        let args = self.args()?;
        let env = self.environment()?;
        let cwd = self.path("cwd")?;
        Ok(program.map(|program| Command { program, args, env, cwd }))
    }

    fn args(&mut self) -> Result<Vec<String>, String> {
        let Some((key, value)) = self.field("args") else { return Ok(Vec::new()) };
        let Value::Array(items) = value.clone() else {
            return Err(expected(&key, "an array of strings", value));
        };
        let args = items.iter().enumerate();
        args.map(|(i, item)| self.scalar(&format!("{key}[{i}]"), item)).collect()
    }

    fn environment(&mut self) -> Result<Vec<(String, String)>, String> {
        let Some((key, value)) = self.field("env") else { return Ok(Vec::new()) };
        let Value::Object(variables) = value.clone() else {
            return Err(expected(&key, "an object of strings", value));
        };
        let mut env = Vec::with_capacity(variables.len());
        for (name, value) in variables {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("'{key}' holds a name that no variable can have"));
            }
            if !value.is_null() {
                let value = self.scalar(&format!("{key}.{name}"), &value)?;
                env.push((name, value));
            }
        }
        Ok(env)
    }

    fn scalar(&mut self, key: &str, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => self.text(key, text, Empty::Allowed),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(expected(key, "a string", other)),
        }
    }

    fn text(&mut self, key: &str, text: &str, empty: Empty) -> Result<String, String> {
        let mut unset = Vec::new();
        let text = expand(text, self.env, &mut unset);
        for variable in unset {
            let what = format!(": variable '{variable}' in {} is not set", quoted(key));
            self.warnings.push(what);
        }
        if text.contains('\0') {
            return Err(format!("{} holds a NUL character", quoted(key)));
        }
        if text.is_empty() && matches!(empty, Empty::Refused) {
            return Err(format!("{} is empty", quoted(key)));
        }
        Ok(text)
    }

    /// A path of ours, where a leading `~/` means what it means in a shell: a
    /// directory of that name below tmux's own is never meant.
    fn path(&mut self, key: &str) -> Result<Option<PathBuf>, String> {
        let Some((key, value)) = self.field(key) else { return Ok(None) };
        let Value::String(text) = value else { return Err(expected(&key, "a string", value)) };
        let text = text.clone();
        let text = self.text(&key, &text, Empty::Refused)?;
        let home = (self.env)("HOME").filter(|home| !home.is_empty());
        Ok(Some(match (text.strip_prefix("~/"), home) {
            (Some(below), Some(home)) => PathBuf::from(home).join(below),
            _ => PathBuf::from(text),
        }))
    }

    fn flag(&self, key: &str) -> Result<bool, String> {
        match self.field(key) {
            None => Ok(false),
            Some((_, Value::Bool(flag))) => Ok(*flag),
            Some((key, other)) => Err(expected(&key, "true or false", other)),
        }
    }

    fn number(&self, key: &str, range: Range) -> Result<Option<u64>, String> {
        let Some((key, value)) = self.field(key) else { return Ok(None) };
        match whole(value) {
            Some(number) if range.contains(number) => Ok(Some(number)),
            _ => Err(wrong_number(&key, &range.expectation(), value)),
        }
    }

    fn uids(&self) -> Result<Vec<u32>, String> {
        const EXPECTED: &str = "a user id or an array of user ids";
        let Some((key, value)) = self.field("socket_allow_uid") else { return Ok(Vec::new()) };
        // The highest number stands for "no user" in the system's calls.
        let uid = |value: &Value| {
            whole(value)
                .and_then(|number| u32::try_from(number).ok())
                .filter(|&uid| uid != u32::MAX)
                .ok_or_else(|| wrong_number(&key, EXPECTED, value))
        };
        match value {
            Value::Array(items) => items.iter().map(uid).collect(),
            single => Ok(vec![uid(single)?]),
        }
    }

    fn era(&self) -> Result<Option<Era>, String> {
        const EXPECTED: &str = "'legacy' or 'modern'";
        match self.field("era") {
            None => Ok(None),
            Some((key, Value::String(era))) => match era.as_str() {
                "legacy" => Ok(Some(Era::Legacy)),
                "modern" => Ok(Some(Era::Modern)),
                other => Err(format!("'{key}' must be {EXPECTED}, not {}", quoted(other))),
            },
            Some((key, other)) => Err(expected(&key, EXPECTED, other)),
        }
    }

    fn idempotent_tools(&self) -> Result<Vec<String>, String> {
        let Some((key, value)) = self.field("idempotent_tools") else { return Ok(Vec::new()) };
        let Value::Array(items) = value else {
            return Err(expected(&key, "an array of strings", value));
        };
        let items = items.iter().enumerate();
        items
            .map(|(i, item)| match item {
                Value::String(tool) => Ok(tool.clone()),
                other => Err(expected(&format!("{key}[{i}]"), "a string", other)),
            })
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Empty {
    Allowed,
    Refused,
}

fn unsupported(transport: &str) -> String {
    format!("transport '{transport}' is not supported yet")
}

fn expected(key: &str, expected: &str, found: &Value) -> String {
    format!("{} must be {expected}, not {}", quoted(key), kind(found))
}

fn wrong_number(key: &str, wanted: &str, found: &Value) -> String {
    match found {
        Value::Number(number) => format!("{} must be {wanted}, not {number}", quoted(key)),
        other => expected(key, wanted, other),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The whole number that `value` is, `300.0` included: JSON knows one kind only.
fn whole(value: &Value) -> Option<u64> {
    /// Up to here every whole number has a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..=EXACT).contains(&number)).then_some(number as u64)
    })
}

#[cfg(test)]
mod tests;
