//! The reader of one entry of `mcpServers`, in the spellings of other clients, too.

use std::cell::RefCell;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::keys::{COMMAND, CWD, flatten, is_ours};
use super::spelling::{self, Spelled};
use crate::config::expand::{PROJECT, Variables, expand};
use crate::config::limits::Range;
use crate::config::{
    Command, Era, HttpTransport, Limits, PoolTuning, ProblemKind, Proxy, Scope, ServerConfig,
    Settings, ToolFilter, Transport, quoted,
};
use crate::json::with_whole_pairs;

/// The longest path `sockaddr_un` takes with its closing NUL.
const SOCKET_PATH_LIMIT: usize = 107;

/// The object inside an entry that holds only our keys.
const VENDOR: &str = "tmux";

/// A shorter `timeout`, in ms, was probably meant in seconds. Claude Code ignores it.
const SHORT_TIMEOUT: u64 = 1000;

/// The reason for which an entry gives no server.
pub(in crate::config) enum Unusable {
    /// A transport that another program uses internally.
    Foreign(String),
    Disabled,
    /// It needs a part that this program was built without.
    NotBuilt(&'static str),
    Wrong(String),
}

impl Unusable {
    /// The kind of the problem, and the rest of the sentence that begins with the server.
    pub(in crate::config) fn told(self) -> (ProblemKind, String) {
        match self {
            Unusable::Foreign(word) => (
                ProblemKind::Unsupported,
                format!(": transport {} belongs to another program alone", quoted(&word)),
            ),
            Unusable::Disabled => (ProblemKind::Disabled, " is disabled".to_owned()),
            Unusable::NotBuilt(what) => {
                (ProblemKind::Unsupported, format!(" is not used: {what} is not built in"))
            }
            Unusable::Wrong(what) => (ProblemKind::Refused, format!(": {what}")),
        }
    }
}

impl From<String> for Unusable {
    fn from(what: String) -> Unusable {
        Unusable::Wrong(what)
    }
}

/// The reader of one entry.
pub(in crate::config) struct EntryReader<'a> {
    fields: Map<String, Value>,
    vendor: Map<String, Value>,
    variables: Variables<'a>,
    /// The transport or the scheme of the address asks for TLS.
    pub(super) speaks_tls: bool,
    /// The transport asks for HTTP with SSE.
    pub(super) speaks_sse: bool,
    /// Each the rest of a sentence that begins with the server.
    warnings: &'a mut Vec<String>,
    /// Keys that were read. The others are unknown.
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> EntryReader<'a> {
    pub(in crate::config) fn read(
        raw: &[u8],
        env: &'a dyn Fn(&str) -> Option<String>,
        folder: Option<&'a Path>,
        warnings: &'a mut Vec<String>,
    ) -> Result<EntryReader<'a>, Unusable> {
        let value = serde_json::from_slice(&with_whole_pairs(raw)).map_err(|_| {
            "the entry holds a number out of range, or is nested too deeply".to_owned()
        })?;
        let Value::Object(mut fields) = value else {
            return Err(format!("the entry must be an object, not {}", kind(&value)).into());
        };
        let vendor = match fields.remove(VENDOR) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(vendor)) => vendor,
            Some(other) => return Err(expected(VENDOR, "an object", &other).into()),
        };
        let variables = Variables { env, folder };
        let asked = RefCell::default();
        let (speaks_tls, speaks_sse) = (false, false);
        let mut entry =
            EntryReader { fields, vendor, variables, speaks_tls, speaks_sse, warnings, asked };
        flatten(&mut entry.fields);
        Ok(entry)
    }

    /// The keys outside our own object that were not read.
    pub(in crate::config) fn unread(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        self.fields.keys().filter(|key| !asked.contains(&key.as_str())).cloned().collect()
    }

    pub(in crate::config) fn server(&mut self, name: &str) -> Result<ServerConfig, Unusable> {
        let transport = self.transport();
        if matches!(transport, Err(Unusable::Foreign(_))) {
            return transport.map(|_| ServerConfig::default());
        }
        if self.is_disabled()? {
            return Err(Unusable::Disabled);
        }
        let transport = transport?;

        let socket_path = self.path("socket_path", Empty::Refused)?;
        if let Some(path) = &socket_path {
            let length = path.as_os_str().as_bytes().len();
            if length > SOCKET_PATH_LIMIT {
                let what = format!(
                    "'socket_path' is {length} bytes long, the system allows {SOCKET_PATH_LIMIT}"
                );
                return Err(what.into());
            }
        }
        let has_address = self.has_address();
        let command = self.command(has_address)?;
        let place = self.http(transport, command.is_some(), socket_path.is_some())?;
        let (mut http, address, socket_path) = match place {
            Some(place) => (Some(place.http), place.address, socket_path.or(place.socket_path)),
            None => {
                self.tell_idle_helper();
                (None, self.address(transport, command.is_some())?, socket_path)
            }
        };
        let http_transport = http.as_ref().map(|http| http.transport);
        let transport = match (transport, &socket_path, &command) {
            _ if http_transport == Some(HttpTransport::WebSocket) => Transport::WebSocket,
            _ if http.is_some() => Transport::Http,
            (None, None, None) if address.is_some() => Transport::Tcp,
            (Some(Transport::Tcp), ..) => Transport::Tcp,
            (Some(Transport::Socket), None, _) => {
                return Err("transport 'socket' needs 'socket_path'".to_owned().into());
            }
            (_, None, None) => {
                let near = self.near_missing();
                return Err(format!("needs 'command' or 'socket_path'{near}").into());
            }
            (Some(Transport::Stdio), _, None) => {
                return Err("transport 'stdio' needs 'command'".to_owned().into());
            }
            (Some(transport), ..) => transport,
            (None, Some(_), None) => Transport::Socket,
            (None, ..) => Transport::Stdio,
        };
        let tls = if transport.is_process() { None } else { self.tls()? };
        if tls.is_some() && !cfg!(feature = "tls") {
            return Err(Unusable::NotBuilt("TLS (cargo feature 'tls')"));
        }
        if let (Some(http), Some(address)) = (&mut http, &address) {
            http.proxy = Proxy::of(self.variables.env, address, tls.is_some())?.map(Box::new);
        }
        if transport == Transport::WebSocket && !cfg!(feature = "websocket") {
            return Err(Unusable::NotBuilt("WebSocket (cargo feature 'websocket')"));
        }
        // The transport is older than the era without sessions.
        let legacy = Some(Era::Legacy).filter(|_| http_transport == Some(HttpTransport::Sse));
        let server = ServerConfig {
            name: name.to_owned(),
            scope: Scope::User,
            transport,
            socket_path,
            socket_allow_uid: self.uids()?,
            address,
            tls,
            http,
            command,
            settings: self.settings()?,
            pool_tuning: self.pool_tuning()?,
            era: self.era()?.or(legacy),
            unsolicited: self.flag("unsolicited")?.unwrap_or(false),
            idempotent_tools: self.idempotent_tools()?,
            keep: self.flag("keep")?.unwrap_or(false),
            bridge: self.bridge(transport)?,
            tools: self.tools()?,
        };
        self.tell_unknown_keys();
        Ok(server)
    }

    /// The value of `key`, and the key as it stands in the file.
    pub(super) fn field(&self, key: &'static str) -> Option<(String, &Value)> {
        self.asked.borrow_mut().push(key);
        let found = |map: &'_ Map<String, Value>| map.get(key).is_some_and(|v| !v.is_null());
        if found(&self.vendor) {
            return Some((format!("{VENDOR}.{key}"), &self.vendor[key]));
        }
        if found(&self.fields) {
            return Some((key.to_owned(), &self.fields[key]));
        }
        None
    }

    /// The first of several spellings that the entry has.
    pub(super) fn any_field(&self, keys: &[&'static str]) -> Option<(String, &Value)> {
        self.asked.borrow_mut().extend(keys);
        keys.iter().find_map(|key| self.field(key))
    }

    fn transport(&mut self) -> Result<Option<Transport>, Unusable> {
        self.asked.borrow_mut().extend(["transport", "type", "transportType", "transport_type"]);
        let pick = |map: &Map<String, Value>, prefix: &str| {
            ["transport", "type", "transportType", "transport_type"].iter().find_map(|key| {
                let value = map.get(*key).filter(|value| !value.is_null())?;
                Some((format!("{prefix}{key}"), value.clone()))
            })
        };
        let Some((key, value)) = pick(&self.vendor, "tmux.").or_else(|| pick(&self.fields, ""))
        else {
            return Ok(None);
        };
        let Value::String(word) = &value else {
            return Err(expected(&key, "a string", &value).into());
        };
        match spelling::transport(word) {
            Spelled::Known(transport) => Ok(Some(transport)),
            Spelled::Tls => {
                self.speaks_tls = true;
                let on_socket = self.field("socket_path").is_some();
                Ok(Some(if on_socket { Transport::Socket } else { Transport::Tcp }))
            }
            Spelled::Sse => {
                self.speaks_sse = true;
                Ok(Some(Transport::Http))
            }
            Spelled::Foreign => Err(Unusable::Foreign(word.clone())),
            Spelled::Unknown if self.has_address() => {
                self.warn(&format!(
                    "unknown transport {} is taken as 'http', because there is an address",
                    quoted(word)
                ));
                Ok(Some(Transport::Http))
            }
            Spelled::Unknown if self.any_field(&COMMAND).is_some() => {
                self.warn(&format!(
                    "unknown transport {} is taken as 'stdio', because there is a command",
                    quoted(word)
                ));
                Ok(Some(Transport::Stdio))
            }
            Spelled::Unknown => {
                let what = format!(
                    "unknown transport {} (use 'socket', 'tcp', 'tls' or 'stdio')",
                    quoted(word)
                );
                Err(what.into())
            }
        }
    }

    /// Whether the entry has the address of a remote server.
    pub(super) fn has_address(&self) -> bool {
        let full = |value: &Value| value.as_str().is_some_and(|url| !url.trim().is_empty());
        self.any_field(&spelling::ADDRESSES).is_some_and(|(_, value)| full(value))
    }

    fn is_disabled(&self) -> Result<bool, String> {
        if self.flag("disabled")?.unwrap_or(false) {
            return Ok(true);
        }
        let ours = self.vendor.get("disabled").is_some_and(|value| !value.is_null());
        for key in ["enabled", "isActive", "is_active", "active"] {
            if !ours && self.flag(key)? == Some(false) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn command(&mut self, has_address: bool) -> Result<Option<Command>, String> {
        let mut first = Vec::new();
        let program = match self.any_field(&COMMAND) {
            None => None,
            Some((_, Value::String(text))) if text.is_empty() && has_address => None,
            Some((key, Value::String(text))) => {
                let text = text.clone();
                let program = self.text(&key, &text, Empty::Refused)?;
                let line = program.trim_start().split_once(char::is_whitespace);
                if line.is_some_and(|(word, _)| !word.contains('/')) {
                    let key = quoted(&key);
                    self.warn(&format!("{key} holds blanks: arguments belong into 'args'"));
                }
                Some(self.home(program))
            }
            Some((key, Value::Array(items))) if !items.is_empty() => {
                let items = items.clone();
                let mut words = self.scalars(&key, &items)?.into_iter();
                let program = words.next().filter(|word| !word.is_empty());
                let program = program.ok_or_else(|| format!("{} is empty", quoted(&key)))?;
                first.extend(words);
                Some(program)
            }
            Some((key, other)) => {
                return Err(expected(&key, "a string or an array of strings", other));
            }
        };
        // Read even without a program, so that their problems are told.
        first.extend(self.args()?);
        let mut env = self.environment()?;
        let mut cwd = self.path_of(&CWD, Empty::Ignored)?;
        if let Some((key, _)) = self.any_field(&["envFile", "env_file"]) {
            let key = quoted(&key);
            self.warn(&format!("{key} is not read: put the variables into 'env'"));
        }
        if let Some(folder) = self.variables.folder {
            // As in Claude Code, which starts servers in the directory of the project.
            cwd = Some(match cwd {
                Some(cwd) => folder.join(cwd),
                None => folder.to_owned(),
            });
            if !env.iter().any(|(name, _)| name == PROJECT) {
                env.push((PROJECT.to_owned(), folder.display().to_string()));
            }
        }
        Ok(program.map(|program| Command { program, args: first, env, cwd }))
    }

    fn args(&mut self) -> Result<Vec<String>, String> {
        const EXPECTED: &str = "an array of strings";
        let Some((key, value)) = self.any_field(&["args", "arguments"]) else {
            return Ok(Vec::new());
        };
        match value.clone() {
            Value::Array(items) => self.scalars(&key, &items),
            Value::String(line) => {
                let Some(words) = spelling::words(&line) else {
                    return Err(format!("{} is a string with an open quote", quoted(&key)));
                };
                if !words.is_empty() {
                    let (key, count) = (quoted(&key), words.len());
                    self.warn(&format!(
                        "{key} is a string, taken as {count} argument{}: write an array",
                        if count == 1 { "" } else { "s" }
                    ));
                }
                let words = words.iter().enumerate();
                words.map(|(i, word)| self.word(&format!("{key}[{i}]"), word)).collect()
            }
            other => Err(expected(&key, EXPECTED, &other)),
        }
    }

    /// An array of strings. Numbers and booleans are taken as text, `null` is left out.
    fn scalars(&mut self, key: &str, items: &[Value]) -> Result<Vec<String>, String> {
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let key = format!("{key}[{i}]");
            if item.is_null() {
                self.warn(&format!("{} is null, and left out", quoted(&key)));
                continue;
            }
            let word = self.scalar(&key, item)?;
            out.push(self.home(word));
        }
        Ok(out)
    }

    fn environment(&mut self) -> Result<Vec<(String, String)>, String> {
        const EXPECTED: &str = "an object of strings";
        let Some((key, value)) = self.any_field(&["env", "environment", "envs"]) else {
            return Ok(Vec::new());
        };
        let mut pairs: Vec<(String, Value)> = Vec::new();
        match value.clone() {
            Value::Object(variables) => pairs.extend(variables),
            // As in a compose file.
            Value::Array(items) => {
                for item in items {
                    let pair = item.as_str().and_then(|line| line.split_once('='));
                    let Some((name, value)) = pair else {
                        return Err(format!(
                            "{} must be {EXPECTED}, not an array of anything but 'NAME=value'",
                            quoted(&key)
                        ));
                    };
                    pairs.push((name.to_owned(), Value::String(value.to_owned())));
                }
            }
            Value::String(text) if text.trim().is_empty() => {}
            other => return Err(expected(&key, EXPECTED, &other)),
        }
        let mut env = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            if name.is_empty() || name.contains(['=', '\0']) {
                // The text behind the sign may be a secret value.
                let shown = name.split(['=', '\0']).next().unwrap_or_default();
                return Err(format!(
                    "'{key}' holds a name that no variable can have, which begins with '{shown}'"
                ));
            }
            if !value.is_null() {
                let value = self.scalar(&format!("{key}.{name}"), &value)?;
                let value = self.home(value);
                env.push((name, value));
            }
        }
        Ok(env)
    }

    pub(super) fn scalar(&mut self, key: &str, value: &Value) -> Result<String, String> {
        let plain = match value {
            Value::String(text) => return self.text(key, text, Empty::Allowed),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            other => return Err(expected(key, "a string", other)),
        };
        self.warn(&format!("{} is {}, taken as text", quoted(key), kind(value)));
        Ok(plain)
    }

    pub(super) fn word(&mut self, key: &str, text: &str) -> Result<String, String> {
        let text = self.text(key, text, Empty::Allowed)?;
        Ok(self.home(text))
    }

    fn text(&mut self, key: &str, text: &str, empty: Empty) -> Result<String, String> {
        let mut unset = Vec::new();
        let text = expand(text, self.variables, &mut unset);
        for what in unset {
            self.warn(&what.replacen("{}", &quoted(key), 1));
        }
        if text.contains('\0') {
            return Err(format!("{} holds a NUL character", quoted(key)));
        }
        if text.is_empty() && matches!(empty, Empty::Refused) {
            return Err(format!("{} is empty", quoted(key)));
        }
        Ok(text)
    }

    /// The directory of the project that the entry belongs to.
    pub(super) fn folder(&self) -> Option<&'a Path> {
        self.variables.folder
    }

    pub(super) fn warn(&mut self, what: &str) {
        self.warnings.push(format!(": {what}"));
    }

    /// Replaces a leading `~/` by the home directory, as a shell does.
    fn home(&self, text: String) -> String {
        let below = match text.strip_prefix('~') {
            Some(below) if below.is_empty() || below.starts_with('/') => below,
            _ => return text,
        };
        match (self.variables.env)("HOME").filter(|home| !home.is_empty()) {
            Some(home) => format!("{}{below}", home.trim_end_matches('/')),
            None => text,
        }
    }

    fn path(&mut self, key: &'static str, empty: Empty) -> Result<Option<PathBuf>, String> {
        self.path_of(&[key], empty)
    }

    fn path_of(&mut self, keys: &[&'static str], empty: Empty) -> Result<Option<PathBuf>, String> {
        let Some((key, value)) = self.any_field(keys) else { return Ok(None) };
        let Value::String(text) = value else { return Err(expected(&key, "a string", value)) };
        let text = text.clone();
        let text = self.text(&key, &text, empty)?;
        if text.is_empty() {
            self.warn(&format!("{} is empty, and left out", quoted(&key)));
            return Ok(None);
        }
        Ok(Some(PathBuf::from(self.home(text))))
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, String> {
        match self.field(key) {
            None => Ok(None),
            Some((_, Value::Bool(flag))) => Ok(Some(*flag)),
            Some((_, Value::String(word))) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some((_, Value::String(word))) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some((key, other)) => Err(expected(&key, "true or false", other)),
        }
    }

    /// `bridge`, which only a command that speaks on its standard streams can have.
    fn bridge(&mut self, transport: Transport) -> Result<bool, String> {
        let is_wanted = self.flag("bridge")?.unwrap_or(false);
        if is_wanted && !transport.is_process() {
            self.warn("'bridge' is not used: the entry is not one of stdio");
        }
        Ok(is_wanted && transport.is_process())
    }

    fn number(&mut self, key: &'static str, range: Range) -> Result<Option<u64>, String> {
        let Some((key, value)) = self.field(key) else { return Ok(None) };
        let spelled = value.as_str().and_then(|text| text.trim().parse().ok());
        match whole(value).or(spelled) {
            Some(number) if range.contains(number) => {
                if spelled.is_some() {
                    self.warn(&format!("{} is a string, taken as a number", quoted(&key)));
                }
                Ok(Some(number))
            }
            _ => Err(wrong_number(&key, &range.expectation(), value)),
        }
    }

    fn settings(&mut self) -> Result<Settings, String> {
        let mut settings = Settings::default();
        for (key, range) in Settings::KEYS {
            let number = self.number(key, range)?;
            settings.set(key, number);
            let ours = self.vendor.get(key).is_some_and(|value| !value.is_null());
            if let ("timeout", Some(ms @ ..SHORT_TIMEOUT), false) = (key, number, ours) {
                self.warn(&format!(
                    "'timeout' is in milliseconds, so that calls end after {ms} ms (Claude Code \
                     ignores values below {SHORT_TIMEOUT}; a short one that is meant stands in \
                     \"tmux\": {{}})"
                ));
            }
        }
        match self.flag("breaker")? {
            Some(false) => settings.breaker_failures = Some(0),
            // What the host sets for all servers does not switch it off then.
            Some(true) if settings.breaker_failures.is_none() => {
                settings.breaker_failures = Some(Limits::BREAKER_FAILURES);
            }
            Some(true) | None => {}
        }
        Ok(settings)
    }

    fn uids(&self) -> Result<Vec<u32>, String> {
        const EXPECTED: &str = "a user id or an array of user ids";
        let Some((key, value)) = self.field("socket_allow_uid") else { return Ok(Vec::new()) };
        // The highest number means "no user" in system calls.
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

    fn pool_tuning(&self) -> Result<PoolTuning, String> {
        const EXPECTED: &str = "true, false or 'frozen'";
        match self.field("pool_tuning") {
            Some((_, Value::String(word))) if word.eq_ignore_ascii_case("frozen") => {
                Ok(PoolTuning::Frozen)
            }
            Some((key, Value::String(word)))
                if !["true", "false"].iter().any(|known| word.eq_ignore_ascii_case(known)) =>
            {
                Err(format!("'{key}' must be {EXPECTED}, not {}", quoted(word)))
            }
            Some((key, other)) if !other.is_boolean() && !other.is_string() => {
                Err(expected(&key, EXPECTED, other))
            }
            _ => match self.flag("pool_tuning")? {
                Some(true) => Ok(PoolTuning::On),
                Some(false) | None => Ok(PoolTuning::Off),
            },
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
        names(&key, value)
    }

    /// `tools`, as an object or as a list of allowed tools (Copilot CLI), else in the spelling
    /// of Gemini CLI or Codex. A filter that cannot be read refuses the entry, because it
    /// might let tools through that it was to keep out.
    fn tools(&mut self) -> Result<ToolFilter, String> {
        const ALLOW: [&str; 4] = ["includeTools", "enabled_tools", "enabledTools", "allowedTools"];
        const DENY: [&str; 4] = ["excludeTools", "disabled_tools", "disabledTools", "deniedTools"];
        let mut filter = ToolFilter::default();
        if let Some((key, value)) = self.any_field(&ALLOW) {
            (filter.allow, filter.allow_key) = (Some(globs(&key, value)?), key);
        }
        if let Some((key, value)) = self.any_field(&DENY) {
            (filter.deny, filter.deny_key) = (globs(&key, value)?, key);
        }
        let Some((key, value)) = self.field("tools") else { return Ok(filter) };
        match value.clone() {
            Value::Object(map) => {
                for (word, value) in &map {
                    let key = format!("{key}.{word}");
                    match word.as_str() {
                        _ if value.is_null() => {}
                        "allow" => {
                            (filter.allow, filter.allow_key) = (Some(globs(&key, value)?), key);
                        }
                        "deny" => (filter.deny, filter.deny_key) = (globs(&key, value)?, key),
                        _ => match spelling::near(word, ["allow", "deny"].into_iter()) {
                            Some(own) => {
                                return Err(format!(
                                    "unknown key {}: did you mean '{own}'?",
                                    quoted(&key)
                                ));
                            }
                            None => self.warn(&format!(
                                "unknown key {}: there are 'allow' and 'deny'",
                                quoted(&key)
                            )),
                        },
                    }
                }
            }
            // Permissions of Claude Code for a remote server.
            Value::Array(items) if items.iter().any(Value::is_object) => {}
            Value::Array(_) => {
                (filter.allow, filter.allow_key) = (Some(globs(&key, value)?), key);
            }
            other => {
                return Err(expected(&key, "an object with 'allow' and 'deny'", &other));
            }
        }
        Ok(filter)
    }

    /// Warns of each unknown key that is nearly one of ours, and of each unknown key in our
    /// own object.
    fn tell_unknown_keys(&mut self) {
        let asked = self.asked.borrow().clone();
        let ours = || asked.iter().copied().filter(|key| is_ours(key));
        let mut told = Vec::new();
        for key in self.fields.keys().filter(|key| !asked.contains(&key.as_str())) {
            if spelling::TRANSLATED.contains(&key.as_str()) {
                told.push(format!(
                    "{} is not read: mcp-import knows what becomes of it",
                    quoted(key)
                ));
                continue;
            }
            if let Some(own) = spelling::near(key, ours()) {
                told.push(format!("unknown key {}: did you mean '{own}'?", quoted(key)));
            }
        }
        for key in self.vendor.keys().filter(|key| !asked.contains(&key.as_str())) {
            let near = spelling::near(key, ours());
            let near = near.map(|own| format!(": did you mean '{own}'?")).unwrap_or_default();
            told.push(format!("unknown key {}{near}", quoted(&format!("{VENDOR}.{key}"))));
        }
        for what in told {
            self.warn(&what);
        }
    }

    /// The keys that an entry without a command has instead, in brackets.
    fn near_missing(&self) -> String {
        let found = self.fields.keys().chain(self.vendor.keys()).find_map(|key| {
            let own = spelling::near(key, ["command", "socket_path"].into_iter())?;
            Some(format!(" (did you mean '{own}' by {}?)", quoted(key)))
        });
        found.unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
enum Empty {
    Allowed,
    Refused,
    /// It counts as absent.
    Ignored,
}

/// A list of names, or a single name.
fn names(key: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(name) => Ok(vec![name.clone()]),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(i, item)| match item {
                    Value::String(tool) => Ok(tool.clone()),
                    other => Err(expected(&format!("{key}[{i}]"), "a string", other)),
                })
                .collect()
        }
        other => Err(expected(key, "an array of strings", other)),
    }
}

/// Globs of a filter. An empty one matches no tool, so it is a mistake.
fn globs(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let globs = names(key, value)?;
    match globs.iter().position(String::is_empty) {
        Some(i) => Err(format!("{} is empty: it matches no tool", quoted(&format!("{key}[{i}]")))),
        None => Ok(globs),
    }
}

pub(super) fn expected(key: &str, expected: &str, found: &Value) -> String {
    format!("{} must be {expected}, not {}", quoted(key), kind(found))
}

pub(super) fn wrong_number(key: &str, wanted: &str, found: &Value) -> String {
    match found {
        Value::Number(number) => format!("{} must be {wanted}, not {number}", quoted(key)),
        other => expected(key, wanted, other),
    }
}

pub(in crate::config) fn kind(value: &Value) -> &'static str {
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

/// The whole number of `value`. `300.0` is one, because JSON has only one type of numbers.
pub(in crate::config) fn whole(value: &Value) -> Option<u64> {
    /// Doubles represent every whole number up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..=EXACT).contains(&number)).then_some(number as u64)
    })
}
