//! The keys of an entry that say where a server listens on a network, and `tls`.

use std::path::PathBuf;

use serde_json::Value;

use super::entry::{EntryReader, expected};
use super::spelling;
use crate::config::endpoint::check_host;
use crate::config::{HostPort, Tls, Transport, quoted};

/// Schemes of addresses that lead to a stream of lines: the second with TLS.
const SCHEMES: [&str; 2] = ["tcp", "tls"];
/// The keys of `tls`.
const TLS_KEYS: [&str; 5] = ["ca", "cert", "key", "server_name", "insecure"];

impl EntryReader<'_> {
    /// `host` and `port`, or a `url` such as `tcp://host:port`. An entry without `transport`
    /// means it if it has no command, as with a socket.
    pub(super) fn address(
        &mut self,
        transport: Option<Transport>,
        has_command: bool,
    ) -> Result<Option<HostPort>, String> {
        let is_meant = match transport {
            Some(transport) => transport == Transport::Tcp,
            None => !has_command,
        };
        if !is_meant {
            return Ok(None);
        }
        if let Some((key, rest)) = self.url()? {
            let rest = rest.strip_suffix('/').unwrap_or(&rest);
            let address = HostPort::parse(rest, None);
            return address.map(Some).map_err(|what| format!("{} {what}", quoted(&key)));
        }
        // The host of an entry whose address has another scheme is not ours.
        if transport.is_none() && self.has_address() {
            return Ok(None);
        }
        let host = match self.any_field(&["host", "hostname"]) {
            None => None,
            Some((key, Value::String(host))) => Some((key, host.clone())),
            Some((key, other)) => return Err(expected(&key, "a string", other)),
        };
        let Some((key, host)) = host else {
            return match transport {
                None => Ok(None),
                Some(_) => {
                    let name = if self.speaks_tls { "tls" } else { "tcp" };
                    Err(format!("transport '{name}' needs 'host' and 'port'"))
                }
            };
        };
        let host = self.word(&key, &host)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        check_host(host).map_err(|what| format!("{} {what}", quoted(&key)))?;
        let Some(port) = self.port()? else {
            return Err(format!("needs 'port' beside {}", quoted(&key)));
        };
        Ok(Some(HostPort { host: host.to_owned(), port }))
    }

    /// The key of the address, and what stands behind its scheme, which is one of ours.
    fn url(&mut self) -> Result<Option<(String, String)>, String> {
        let Some((key, Value::String(url))) = self.any_field(&spelling::ADDRESSES) else {
            return Ok(None);
        };
        let url = url.clone();
        let url = self.word(&key, &url)?;
        let Some((scheme, rest)) = url.trim().split_once("://") else { return Ok(None) };
        let is_ours = SCHEMES.iter().any(|ours| scheme.eq_ignore_ascii_case(ours));
        self.speaks_tls |= scheme.eq_ignore_ascii_case("tls");
        Ok(is_ours.then(|| (key, rest.to_owned())))
    }

    /// `tls`: how TLS is spoken. `None`: it is not spoken.
    pub(super) fn tls(&mut self) -> Result<Option<Tls>, String> {
        let Some((key, value)) = self.field("tls") else {
            return Ok(self.speaks_tls.then(Tls::default));
        };
        let map = match value.clone() {
            Value::Bool(false) if self.speaks_tls => {
                return Err(format!("{} is false, and transport 'tls' is given", quoted(&key)));
            }
            Value::Bool(speaks) => return Ok(speaks.then(Tls::default)),
            Value::Object(map) => map,
            other => return Err(expected(&key, "true, false or an object", &other)),
        };
        let mut tls = Tls::default();
        for (word, value) in &map {
            let key = format!("{key}.{word}");
            match (word.as_str(), value) {
                (_, Value::Null) => {}
                ("ca", value) => tls.ca = Some(self.file(&key, value)?),
                ("cert", value) => tls.cert = Some(self.file(&key, value)?),
                ("key", value) => tls.key = Some(self.file(&key, value)?),
                ("server_name", Value::String(name)) => {
                    let name = self.word(&key, name)?;
                    check_host(&name).map_err(|what| format!("{} {what}", quoted(&key)))?;
                    tls.server_name = Some(name);
                }
                ("server_name", other) => return Err(expected(&key, "a string", other)),
                ("insecure", Value::Bool(insecure)) => tls.insecure = *insecure,
                ("insecure", other) => return Err(expected(&key, "true or false", other)),
                _ => match spelling::near(word, TLS_KEYS.into_iter()) {
                    Some(own) => {
                        let key = quoted(&key);
                        return Err(format!("unknown key {key}: did you mean '{own}'?"));
                    }
                    None => self.warn(&format!(
                        "unknown key {}: there are {}",
                        quoted(&key),
                        TLS_KEYS.map(quoted).join(", ")
                    )),
                },
            }
        }
        if tls.key.is_some() && tls.cert.is_none() {
            return Err(format!("{} needs 'cert' beside it", quoted(&format!("{key}.key"))));
        }
        if tls.insecure {
            let key = quoted(&format!("{key}.insecure"));
            self.warn(&format!("{key} is set: anybody can pretend to be this server"));
        }
        Ok(Some(tls))
    }

    /// The path of a file, which does not depend on the directory of tmux.
    fn file(&mut self, key: &str, value: &Value) -> Result<PathBuf, String> {
        let Value::String(text) = value else { return Err(expected(key, "a path", value)) };
        let path = PathBuf::from(self.word(key, text)?);
        match self.folder() {
            Some(folder) => Ok(folder.join(path)),
            None if path.is_absolute() => Ok(path),
            None => Err(format!("{} must be an absolute path", quoted(key))),
        }
    }

    fn port(&mut self) -> Result<Option<u16>, String> {
        let Some((key, value)) = self.field("port") else { return Ok(None) };
        let value = value.clone();
        let number = match &value {
            // A port often comes from a variable.
            Value::String(text) => self.word(&key, text)?.trim().parse().ok(),
            other => other.as_u64(),
        };
        match number.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0) {
            Some(port) => Ok(Some(port)),
            None => Err(super::entry::wrong_number(&key, "a port from 1 to 65535", &value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Transport, parse_servers};

    fn parse(entry: &str) -> Config {
        let env = |name: &str| match name {
            "HOME" => Some("/home/me".to_owned()),
            "PORT" => Some("81".to_owned()),
            _ => None,
        };
        parse_servers(format!("{{\"a\": {entry}}}").as_bytes(), &env, "/f")
    }

    fn endpoint(entry: &str) -> (Transport, String, bool) {
        let config = parse(entry);
        let server = config.servers.first().unwrap_or_else(|| panic!("{entry}: {config:?}"));
        assert_eq!(config.problems, [], "{entry}");
        let endpoint = server.endpoint().map_or_else(String::new, |endpoint| endpoint.to_string());
        (server.transport, endpoint, server.tls.is_some())
    }

    #[test]
    fn an_endpoint_is_read_in_each_of_its_forms() {
        use Transport::{Socket, Stdio, Tcp};
        for (entry, transport, shown, tls) in [
            (r#"{"transport": "tcp", "host": "h", "port": 80}"#, Tcp, "h:80", false),
            (r#"{"type": "TCP", "host": "[::1]", "port": "${PORT}"}"#, Tcp, "[::1]:81", false),
            (r#"{"host": "h", "port": 80}"#, Tcp, "h:80", false),
            (r#"{"url": "tcp://h:80/"}"#, Tcp, "h:80", false),
            (r#"{"url": "TLS://h:${PORT}"}"#, Tcp, "h:81", true),
            (r#"{"transport": "tls", "url": "tcp://h:80"}"#, Tcp, "h:80", true),
            (r#"{"transport": "tcp", "url": "tcp://h:80", "tls": {}}"#, Tcp, "h:80", true),
            (r#"{"transport": "tcp", "url": "tcp://h:80", "tls": false}"#, Tcp, "h:80", false),
            (r#"{"transport": "tls", "socket_path": "/s"}"#, Socket, "/s", true),
            (r#"{"socket_path": "/s", "tls": true}"#, Socket, "/s", true),
            (r#"{"socket_path": "/s", "transport": "tcp", "url": "tcp://h:1"}"#, Tcp, "h:1", false),
            (r#"{"command": "c", "transport": "tcp", "url": "tcp://h:1"}"#, Tcp, "h:1", false),
            (r#"{"command": "c", "host": "h", "port": "x", "tls": 1}"#, Stdio, "", false),
        ] {
            // In builds without TLS such an entry is not used.
            if cfg!(feature = "tls") || !tls {
                assert_eq!(endpoint(entry), (transport, shown.to_owned(), tls), "{entry}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_an_endpoint_is_told_with_its_key() {
        for (entry, expected) in [
            (r#"{"transport": "tcp"}"#, "transport 'tcp' needs 'host' and 'port'"),
            (r#"{"transport": "tls", "command": "c"}"#, "transport 'tls' needs 'host' and 'port'"),
            (r#"{"transport": "tcp", "host": "h"}"#, "needs 'port' beside 'host'"),
            (
                r#"{"transport": "tcp", "host": "h", "port": 0}"#,
                "'port' must be a port from 1 to 65535, not 0",
            ),
            (r#"{"transport": "tcp", "host": 1}"#, "'host' must be a string, not a number"),
            (
                r#"{"transport": "tcp", "host": "a b", "port": 1}"#,
                "'host' must have the name or the address of a host",
            ),
            (r#"{"tmux": {"url": "tcp://h"}}"#, "'tmux.url' names no port"),
            (
                r#"{"url": "tcp://h:1", "tls": 1}"#,
                "'tls' must be true, false or an object, not a number",
            ),
            (
                r#"{"url": "tls://h:1", "tls": false}"#,
                "'tls' is false, and transport 'tls' is given",
            ),
            (r#"{"url": "tcp://h:1", "tls": {"ca": 1}}"#, "'tls.ca' must be a path, not a number"),
            (r#"{"url": "tcp://h:1", "tls": {"ca": "x"}}"#, "'tls.ca' must be an absolute path"),
            (r#"{"url": "tcp://h:1", "tls": {"key": "/k"}}"#, "'tls.key' needs 'cert' beside it"),
            (
                r#"{"url": "tcp://h:1", "tls": {"servername": "h"}}"#,
                "unknown key 'tls.servername': did you mean 'server_name'?",
            ),
        ] {
            let config = parse(entry);
            let message = config.problems.first().map(|problem| problem.message.as_str());
            let message = message.unwrap_or_else(|| panic!("{entry}: {config:?}"));
            assert!(message.contains(expected), "{entry}: {message}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_keys_of_tls_are_read_and_insecure_is_told() {
        let config = parse(
            r#"{"url": "tls://h:1", "tls": {"ca": "~/ca", "cert": "/c", "key": "/k",
                "server_name": "n", "insecure": true}}"#,
        );
        let expected = crate::config::Tls {
            ca: Some("/home/me/ca".into()),
            cert: Some("/c".into()),
            key: Some("/k".into()),
            server_name: Some("n".to_owned()),
            insecure: true,
        };
        assert_eq!(config.servers[0].tls, Some(expected));
        let told = &config.problems[0].message;
        assert!(told.contains("'tls.insecure' is set"), "{told}");
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_tls_an_entry_says_what_is_missing() {
        for entry in [r#"{"url": "tls://h:1"}"#, r#"{"socket_path": "/s", "tls": true}"#] {
            let config = parse(entry);
            assert!(config.servers.is_empty(), "{entry}");
            let told = &config.problems[0].message;
            assert!(
                told.contains("is not used: TLS (cargo feature 'tls') is not built in"),
                "{told}"
            );
        }
    }
}
