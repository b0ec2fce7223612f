//! One entry of another client, in our own keys.

use serde_json::{Map, Value};

use super::{Form, Input};
use crate::config::parse::entry::{EntryReader, Unusable, kind};
use crate::config::parse::keys;
use crate::config::parse::spelling::{self, Spelled};
use crate::config::quoted;
use crate::json::with_whole_pairs;

/// A shorter `timeout` can only be meant in seconds.
const SHORT_TIMEOUT: f64 = 1000.0;

/// Keys of the file for which a remote server has a use.
const REMOTE: [&str; 2] = ["headersHelper", "oauth"];

/// Keys of other clients without a meaning here, besides those of [`spelling::FOREIGN`].
const MEANINGLESS: [&str; 11] = [
    "authProviderType",
    "default_tools_approval_mode",
    "disabledReason",
    "extensionName",
    "oauth_resource",
    "remote",
    "scopes",
    "targetAudience",
    "targetServiceAccount",
    "tool_approvals",
    "request_timeout_ms",
];

/// What an entry is translated by.
pub(super) struct Context<'a> {
    pub(super) form: Form,
    /// The project of the file.
    pub(super) folder: Option<&'a str>,
    pub(super) inputs: &'a [Input],
    /// It is switched off elsewhere in the file.
    pub(super) is_off: bool,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

/// The entry `raw` as a JSON object in our keys.
pub(super) fn translate(
    raw: &[u8],
    context: &mut Context<'_>,
    notes: &mut Vec<String>,
) -> Result<String, String> {
    let value = serde_json::from_slice(&with_whole_pairs(raw))
        .map_err(|_| "a number is out of range, or it is nested too deeply".to_owned())?;
    let Value::Object(mut fields) = value else {
        return Err(format!("it must be an object, not {}", kind(&value)));
    };
    fields.retain(|_, value| !value.is_null());
    let is_extension = fields.get("source").and_then(Value::as_str) == Some("extension");
    keys::flatten(&mut fields);
    if is_extension && !fields.contains_key("command") && !fields.contains_key("url") {
        return Err("its command is known to an extension of Zed alone".to_owned());
    }
    let mut out = Translator { fields, context, out: Vec::new(), dropped: Vec::new(), notes };
    out.transport()?;
    out.command()?;
    out.address();
    out.headers()?;
    out.switch();
    out.timeouts();
    out.tools();
    out.rest();
    let Translator { out, .. } = out;
    let members: Vec<String> =
        out.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let json = format!("{{{}}}", members.join(","));
    check(&json, context.env, notes)?;
    Ok(json)
}

/// Reads the entry as it will be read from our file, and notes what is said of it.
fn check(
    json: &str,
    env: &dyn Fn(&str) -> Option<String>,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let mut warnings = Vec::new();
    let plain = |what: &str| what.trim_start_matches(':').trim_start().to_owned();
    let mut unread = Vec::new();
    let read =
        EntryReader::read(json.as_bytes(), env, None, &mut warnings).and_then(|mut entry| {
            entry.server("")?;
            unread = entry.unread();
            Ok(())
        });
    match read {
        Ok(()) => {}
        Err(unusable @ (Unusable::Wrong(_) | Unusable::Foreign(_))) => {
            return Err(plain(&unusable.told().1));
        }
        Err(other) => notes.push(format!("it{}", other.told().1)),
    }
    notes.extend(warnings.iter().map(|what| plain(what)));
    for key in unread.iter().filter(|key| *key != "url" && *key != "headers") {
        notes.push(format!("{} is not known, and kept as it is", quoted(key)));
    }
    Ok(())
}

struct Translator<'a, 'b> {
    fields: Map<String, Value>,
    context: &'a Context<'b>,
    out: Vec<(String, Value)>,
    /// Keys that have no meaning here.
    dropped: Vec<String>,
    notes: &'a mut Vec<String>,
}

impl Translator<'_, '_> {
    /// Removes the first of several keys that the entry has.
    fn take(&mut self, keys: &[&str]) -> Option<Value> {
        let key = keys.iter().find(|key| self.fields.contains_key(**key))?;
        self.fields.remove(*key)
    }

    fn put(&mut self, key: &str, value: Value) {
        let value = self.substituted(key, value);
        self.out.push((key.to_owned(), value));
    }

    fn transport(&mut self) -> Result<(), String> {
        let has = |keys: &[&str]| keys.iter().any(|key| self.fields.contains_key(*key));
        let full = |key: &&str| self.fields.get(*key).is_some_and(|value| value != "");
        let has_command = keys::COMMAND.iter().any(full);
        let has_sse = has(&["sseUrl", "sse_url"]);
        let has_url = has(&["url"]);
        let has_address = has(&spelling::ADDRESSES);
        let word = self.take(&["transport", "type", "transportType", "transport_type"]);
        let Some(word) = word else {
            let is_gemini_sse = self.context.form == Form::Gemini
                && has_url
                && !self.fields.contains_key("httpUrl");
            if has_address && !has_command && !self.fields.contains_key("socket_path") {
                let name = if has_sse || is_gemini_sse { "sse" } else { "http" };
                self.put("type", name.into());
            }
            return Ok(());
        };
        let Value::String(word) = word else {
            return Err(format!("'type' must be a string, not {}", kind(&word)));
        };
        match spelling::transport(&word) {
            // The default of an entry with a command.
            Spelled::Known(transport) if transport == Default::default() => {}
            Spelled::Known(transport) => self.put("type", transport.name().into()),
            Spelled::Sse => self.put("type", "sse".into()),
            Spelled::Tls => self.put("type", "tls".into()),
            Spelled::Foreign | Spelled::Unknown => self.put("type", word.into()),
        }
        Ok(())
    }

    fn command(&mut self) -> Result<(), String> {
        let mut args = Vec::new();
        match self.take(&keys::COMMAND) {
            Some(Value::Array(words)) => {
                let mut words = words.into_iter();
                if let Some(program) = words.next() {
                    self.put("command", program);
                }
                args.extend(words);
            }
            // An empty one stands beside an address.
            Some(Value::String(word)) if word.is_empty() => {}
            Some(command) => self.put("command", command),
            None => {}
        }
        match self.take(&["args", "arguments"]) {
            Some(Value::Array(words)) => args.extend(words),
            Some(Value::String(line)) => {
                let words = spelling::words(&line);
                let words = words.ok_or("'args' is a string with an open quote")?;
                args.extend(words.into_iter().map(Value::from));
            }
            Some(other) => {
                return Err(format!("'args' must be an array of strings, not {}", kind(&other)));
            }
            None => {}
        }
        if !args.is_empty() {
            self.put("args", args.into());
        }
        match self.take(&["env", "environment", "envs"]) {
            Some(Value::Array(items)) => {
                let pair = |item: &Value| {
                    let (name, value) = item.as_str()?.split_once('=')?;
                    Some((name.to_owned(), Value::from(value)))
                };
                let pairs: Option<Map<String, Value>> = items.iter().map(pair).collect();
                let pairs = pairs.ok_or("'env' holds something other than 'NAME=value'")?;
                self.put("env", pairs.into());
            }
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(env) => self.put("env", env),
            None => {}
        }
        if let Some(cwd) = self.take(&keys::CWD) {
            self.put("cwd", cwd);
        }
        for key in ["envFile", "env_file"] {
            if self.fields.remove(key).is_some() {
                self.notes.push(format!("'{key}' is not read: put the variables into 'env'"));
            }
        }
        // A server has all variables of the environment anyway.
        self.fields.remove("env_vars");
        Ok(())
    }

    fn address(&mut self) {
        let kind = self.out.iter().find(|(key, _)| key == "type").and_then(|(_, v)| v.as_str());
        let is_http = kind.is_none_or(|kind| matches!(kind, "http" | "sse" | "ws"));
        if !is_http {
            return;
        }
        let first = ["httpUrl", "http_url"].into_iter().chain(spelling::ADDRESSES);
        let first: Vec<&str> = first.collect();
        if let Some(url) = self.take(&first) {
            self.put("url", url);
        }
    }

    fn headers(&mut self) -> Result<(), String> {
        let mut headers = Map::new();
        match self.take(&["headers", "http_headers", "httpHeaders"]) {
            Some(Value::Object(map)) => headers = map,
            Some(Value::Array(lines)) => {
                for line in lines {
                    let pair = line.as_str().and_then(|line| line.split_once(':'));
                    let (name, value) = pair.ok_or("'headers' holds something without a ':'")?;
                    headers.insert(name.trim().to_owned(), value.trim().into());
                }
            }
            Some(other) => {
                return Err(format!("'headers' must be an object, not {}", kind(&other)));
            }
            None => {}
        }
        if let Some(Value::Object(map)) = self.take(&["env_http_headers"]) {
            for (name, variable) in map {
                if let Some(variable) = variable.as_str() {
                    headers.insert(name, format!("${{{variable}}}").into());
                }
            }
        }
        if let Some(Value::String(variable)) = self.take(&["bearer_token_env_var"]) {
            headers.insert("Authorization".to_owned(), format!("Bearer ${{{variable}}}").into());
        }
        if !headers.is_empty() {
            self.put("headers", headers.into());
        }
        Ok(())
    }

    /// `disabled`, in all of its spellings.
    fn switch(&mut self) {
        let is = |value: &Value, wanted: bool| {
            value.as_bool() == Some(wanted)
                || value.as_str().is_some_and(|word| word.eq_ignore_ascii_case(&wanted.to_string()))
        };
        let mut off = self.context.is_off;
        for (key, wanted) in [
            ("disabled", true),
            ("enabled", false),
            ("isActive", false),
            ("is_active", false),
            ("active", false),
        ] {
            if let Some(value) = self.fields.remove(key) {
                off |= is(&value, wanted);
            }
        }
        if off {
            self.put("disabled", true.into());
        }
    }

    fn timeouts(&mut self) {
        let seconds = |value: &Value| value.as_f64().filter(|number| *number > 0.0);
        let ms = |seconds: f64| Value::from((seconds * 1000.0).round() as u64);
        if let Some(value) = self.take(&["tool_timeout_sec"]) {
            self.put("timeout", seconds(&value).map_or(value, ms));
            self.fields.remove("timeout");
        }
        if let Some(value) = self.take(&["timeout"]) {
            let in_seconds = matches!(self.context.form, Form::Zed | Form::Cline);
            match seconds(&value) {
                Some(number) if in_seconds => self.put("timeout", ms(number)),
                Some(number) if number < SHORT_TIMEOUT => {
                    self.put("timeout", ms(number));
                    self.notes.push(format!("'timeout' is taken as {number} seconds"));
                }
                _ => self.put("timeout", value),
            }
        }
        if let Some(value) = self.take(&["startup_timeout_ms"]) {
            self.put("startup_timeout", value);
            self.fields.remove("startup_timeout_sec");
        }
        if let Some(value) = self.take(&["startup_timeout_sec"]) {
            self.put("startup_timeout", seconds(&value).map_or(value, ms));
        }
    }

    fn tools(&mut self) {
        let mut tools = Map::new();
        let all = |value: &Value| {
            value.as_array().is_some_and(|items| items.iter().any(|item| item == "*"))
        };
        let allow = self.take(&["includeTools", "enabled_tools", "enabledTools", "allowedTools"]);
        let deny = self.take(&["excludeTools", "disabled_tools", "disabledTools", "deniedTools"]);
        let mut allow = allow;
        match self.fields.remove("tools") {
            Some(Value::Object(map)) if map.contains_key("allow") || map.contains_key("deny") => {
                tools = map;
            }
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(Value::Array(items)) if !items.iter().any(Value::is_object) => {
                allow = Some(items.into());
            }
            // What the client does before it calls a tool.
            Some(Value::Object(_) | Value::Array(_)) => self.dropped.push("tools".to_owned()),
            // It cannot be read, and our own reader says so.
            Some(other) => return self.put("tools", other),
            None => {}
        }
        if let Some(allow) = allow.filter(|allow| !all(allow)) {
            tools.entry("allow").or_insert(allow);
        }
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        if let Some(deny) = deny.filter(|deny| !is_empty(deny)) {
            tools.entry("deny").or_insert(deny);
        }
        if !tools.is_empty() {
            self.put("tools", tools.into());
        }
    }

    /// Leaves out what has no meaning here, and keeps the rest as it is.
    fn rest(&mut self) {
        let is_remote = self.out.iter().any(|(key, _)| key == "url");
        for (key, value) in std::mem::take(&mut self.fields) {
            let word = key.as_str();
            let is_foreign = spelling::FOREIGN.contains(&word) || MEANINGLESS.contains(&word);
            if is_foreign && !(is_remote && REMOTE.contains(&word)) {
                self.dropped.push(key);
            } else {
                self.put(&key, value);
            }
        }
        let quoted: Vec<String> = self.dropped.drain(..).map(|key| quoted(&key)).collect();
        match quoted.len() {
            0 => {}
            1 => self.notes.push(format!("{} has no meaning here", quoted[0])),
            _ => self.notes.push(format!("{} have no meaning here", quoted.join(", "))),
        }
    }

    /// The value with the variables of the other client in our spelling.
    fn substituted(&mut self, key: &str, value: Value) -> Value {
        const EXPANDED: [&str; 7] =
            ["command", "args", "env", "cwd", "url", "headers", "socket_path"];
        if !EXPANDED.contains(&key.split('.').next().unwrap_or_default()) {
            return value;
        }
        match value {
            Value::String(text) => self.text(key, &text).into(),
            Value::Array(items) => {
                items.into_iter().map(|item| self.substituted(key, item)).collect()
            }
            Value::Object(map) => map
                .into_iter()
                .map(|(name, value)| {
                    let value = self.substituted(&format!("{key}.{name}"), value);
                    (name, value)
                })
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }

    fn text(&mut self, key: &str, text: &str) -> String {
        let mut text = match self.context.form {
            Form::Gemini => braced(text),
            _ => text.to_owned(),
        };
        if let Some(folder) = self.context.folder {
            let name = folder.rsplit('/').next().unwrap_or_default();
            for (variable, value) in [
                ("${workspaceFolder}", folder),
                ("${workspaceRoot}", folder),
                ("${workspaceFolderBasename}", name),
            ] {
                text = text.replace(variable, value);
            }
        }
        let mut out = String::new();
        let mut rest = &text[..];
        while let Some((before, after)) = rest.split_once("${input:") {
            let Some((id, after)) = after.split_once('}') else { break };
            let variable = variable_of(id);
            let input = self.context.inputs.iter().find(|input| input.id == id);
            let default = input.and_then(|input| input.default.as_deref());
            let default = default.filter(|default| !default.contains('}'));
            let default = default.map(|default| format!(":-{default}")).unwrap_or_default();
            out.push_str(&format!("{before}${{{variable}{default}}}"));
            self.notes.push(format!(
                "{} holds an input of VS Code: set the variable {variable}",
                quoted(key)
            ));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The variable for an input: `github-token` is `GITHUB_TOKEN`.
fn variable_of(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let word: String = id.chars().map(plain).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) || word.is_empty() {
        return format!("INPUT_{word}");
    }
    word
}

/// `$NAME` as `${NAME}`.
fn braced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = after.find(|c| !letter(c)).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            out.push('$');
            rest = after;
        } else {
            out.push_str(&format!("${{{name}}}"));
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}
