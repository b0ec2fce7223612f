//! Where the engine learns secrets, and the texts that it hides them in: log lines,
//! errors, the kept lines of stderr, progress messages. Results are not changed.

use std::borrow::Cow;

use memchr::memmem;

use crate::config::ServerConfig;
use crate::engine::request::{CallArguments, RequestKind};
use crate::engine::{Engine, ServerId};
use crate::error::Error;

/// A longer definition of a tool is not searched for masked arguments.
const LONGEST_DEFINITION: usize = 256 * 1024;

impl Engine {
    /// Learns the secrets in the environment that servers inherit: the values of variables
    /// with secret names.
    pub fn learn_environment<'a>(&mut self, variables: impl Iterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if crate::redact::is_secret_name(name) {
                self.redactor.learn_variable(name, value);
            }
        }
    }

    /// Learns a secret of a login.
    pub fn learn_secret(&mut self, secret: &str) {
        self.redactor.learn(secret);
    }

    /// Learns the secrets among fields of requests.
    pub(super) fn learn_fields(&mut self, fields: &[(String, String)]) {
        for (name, value) in fields {
            self.redactor.learn_variable(name, value);
            // "Bearer TOKEN": the token is told without the word, too.
            if let Some((_, token)) = value.split_once(' ') {
                self.redactor.learn_variable(name, token);
            }
        }
    }

    /// Learns the secrets in the environment and arguments of an entry's command.
    pub(super) fn learn_entry(&mut self, config: &ServerConfig) {
        if let Some(http) = &config.http {
            self.learn_fields(&http.headers);
        }
        let proxy = config.http.as_ref().and_then(|http| http.proxy.as_deref());
        if let Some(value) = proxy.and_then(|proxy| proxy.authorization.as_deref()) {
            let name = "Proxy-Authorization";
            self.redactor.learn_variable(name, value.trim_start_matches("Basic "));
        }
        let oauth = config.http.iter().filter_map(|http| http.oauth.as_ref());
        for secret in oauth.filter_map(|oauth| oauth.client_secret.as_ref()) {
            self.redactor.learn(secret);
        }
        let Some(command) = &config.command else { return };
        for (name, value) in &command.env {
            self.redactor.learn_variable(name, value);
        }
        self.redactor.learn_command(&command.args);
    }

    /// Learns the secrets among the arguments of a request.
    pub(super) fn learn_request(&mut self, kind: &RequestKind, server: Option<ServerId>) {
        match kind {
            RequestKind::Call { tool, arguments, .. } => {
                let definition =
                    server.and_then(|id| self.servers[id.0 as usize].tools.definition(tool));
                let masked = definition.map(masked_names).unwrap_or_default();
                let is_masked = |name: &str| masked.iter().any(|known| known == name);
                match arguments {
                    // Arguments with secret names were learnt when the host gave the JSON.
                    CallArguments::Json(_) if masked.is_empty() => {}
                    CallArguments::Json(json) => self.redactor.learn_arguments(json, is_masked),
                    CallArguments::Pairs(pairs) => {
                        for pair in pairs {
                            let json = match pair.is_json {
                                true => pair.value.clone(),
                                false => serde_json::Value::from(pair.value.as_str()).to_string(),
                            };
                            let key = serde_json::Value::from(pair.key.as_str());
                            let json = format!("{{{key}:{json}}}");
                            self.redactor.learn_arguments(&json, is_masked);
                        }
                    }
                }
            }
            RequestKind::Ask { members, .. } => {
                let json = format!("{{{}}}", members.trim_end_matches(','));
                self.redactor.learn_arguments(&json, |_| false);
            }
            RequestKind::List { .. }
            | RequestKind::Subscribe { .. }
            | RequestKind::Probe { .. }
            | RequestKind::Ready
            | RequestKind::Driver => {}
        }
    }

    /// The error with its secrets hidden, because a server may quote them.
    pub(super) fn clean_error(&self, error: Error) -> Error {
        let error = match self.redactor.clean(error.json()) {
            Cow::Borrowed(_) => error,
            Cow::Owned(clean) => error.with_json(clean),
        };
        match self.redactor.clean(error.message()) {
            Cow::Borrowed(_) => error,
            Cow::Owned(clean) => error.with_message(clean),
        }
    }

    /// A text with its secrets hidden.
    pub(super) fn clean(&self, text: &str) -> String {
        self.redactor.clean(text).into_owned()
    }
}

/// Arguments that the definition of a tool marks as passwords, at any depth.
fn masked_names(definition: &str) -> Vec<String> {
    let mut names = Vec::new();
    let says_so = memmem::find(definition.as_bytes(), b"\"password\"").is_some();
    if says_so && definition.len() <= LONGEST_DEFINITION {
        if let Ok(value) = serde_json::from_str(definition) {
            add_masked(&value, &mut names);
        }
    }
    names
}

fn add_masked(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                if member.get("format").and_then(serde_json::Value::as_str) == Some("password") {
                    names.push(name.clone());
                }
                add_masked(member, names);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| add_masked(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::masked_names;

    #[test]
    fn arguments_that_a_schema_marks_are_found_at_any_depth() {
        let definition = r#"{"name":"login","inputSchema":{"properties":{"user":{"type":"string"},
            "word":{"type":"string","format":"password"},
            "deep":{"properties":{"pin":{"format":"password"}}}}}}"#;
        let mut names = masked_names(definition);
        names.sort();
        assert_eq!(names, ["pin", "word"]);
        assert!(masked_names("{}").is_empty() && masked_names("\"password\" no json").is_empty());
    }
}
