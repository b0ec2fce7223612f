//! The keys of an entry that say where a server is reached by HTTP: `url` and `headers`.

use std::path::PathBuf;

use serde_json::Value;

use super::entry::{EntryReader, Unusable, expected};
use super::spelling;
use crate::config::{HostPort, HttpEntry, Transport, quoted};

const NEEDS_URL: &str = "transport 'http' needs 'url'";

/// Fields that are the codec's own.
const OWN: [&str; 8] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "mcp-session-id",
    "transfer-encoding",
    "upgrade",
];

/// Where a server is reached by HTTP.
pub(super) struct HttpPlace {
    pub(super) http: HttpEntry,
    /// A port of a host.
    pub(super) address: Option<HostPort>,
    /// A Unix socket.
    pub(super) socket_path: Option<PathBuf>,
}

impl EntryReader<'_> {
    /// `url` of an entry that is reached by HTTP. An entry without `transport` means it if it
    /// has no command.
    pub(super) fn http(
        &mut self,
        transport: Option<Transport>,
        has_command: bool,
        has_socket: bool,
    ) -> Result<Option<HttpPlace>, Unusable> {
        let is_named = transport == Some(Transport::Http);
        if !is_named && (transport.is_some() || has_command) {
            return Ok(None);
        }
        let Some((key, value)) = self.any_field(&spelling::ADDRESSES) else {
            return match is_named {
                true => Err(NEEDS_URL.to_owned().into()),
                false => Ok(None),
            };
        };
        let Value::String(url) = value.clone() else {
            return Err(expected(&key, "a string", &value.clone()).into());
        };
        let url = self.word(&key, &url)?;
        let url = url.trim();
        if url.is_empty() {
            return if is_named { Err(NEEDS_URL.to_owned().into()) } else { Ok(None) };
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let wrong = |what: &str| Unusable::Wrong(format!("{} {what}", quoted(&key)));
        let place = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "wss" => return Err(Unusable::Unsupported("ws")),
            "tcp" | "tls" if !is_named => return Ok(None),
            "http" => self.place_of(rest, 80),
            "https" => {
                self.speaks_tls = true;
                self.place_of(rest, 443)
            }
            // As in VS Code: the path of the socket, and behind # the path of the request.
            "unix" => {
                let (socket, path) = rest.split_once('#').unwrap_or((rest, "/"));
                if !socket.starts_with('/') {
                    return Err(wrong("must have the absolute path of a socket behind unix://"));
                }
                let http = HttpEntry { path: path.to_owned(), headers: Vec::new() };
                Ok(HttpPlace { http, address: None, socket_path: Some(socket.into()) })
            }
            _ => Err("must begin with http://, https:// or unix://".to_owned()),
        };
        let mut place = place.map_err(|what| wrong(&what))?;
        if has_socket && place.address.is_some() {
            // The host is what the server is called; the socket is where it is.
            place.address = None;
        }
        let path = &mut place.http.path;
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("must be ASCII without blanks: write other characters as %XX"));
        }
        place.http.headers = self.headers()?;
        Ok(Some(place))
    }

    /// What stands behind `http://`.
    fn place_of(&mut self, rest: &str, port: u16) -> Result<HttpPlace, String> {
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("holds a user name: put it into 'headers', Authorization".to_owned());
        }
        let address = HostPort::parse(authority, Some(port))?;
        let http = HttpEntry { path: path.to_owned(), headers: Vec::new() };
        Ok(HttpPlace { http, address: Some(address), socket_path: None })
    }

    /// `headers`: an object of strings, or an array of strings "Name: value".
    fn headers(&mut self) -> Result<Vec<(String, String)>, String> {
        let Some((key, value)) = self.any_field(&["headers", "http_headers", "requestInit"]) else {
            return Ok(Vec::new());
        };
        let fields: Vec<(String, Value)> = match value.clone() {
            Value::Object(map) => match map.get("headers") {
                Some(Value::Object(inner)) if key == "requestInit" => {
                    inner.clone().into_iter().collect()
                }
                _ => map.into_iter().collect(),
            },
            Value::Array(items) => {
                let field = |item: &Value| {
                    let (name, value) = item.as_str()?.split_once(':')?;
                    Some((name.trim().to_owned(), Value::from(value.trim())))
                };
                let fields: Option<Vec<_>> = items.iter().map(field).collect();
                fields.ok_or_else(|| expected(&key, "an object of strings", value))?
            }
            other => return Err(expected(&key, "an object of strings", &other)),
        };
        let mut headers = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            if value.is_null() {
                continue;
            }
            let at = format!("{key}.{name}");
            let value = self.scalar(&at, &value)?;
            let value = value.trim().to_owned();
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(format!("{} is no name of a header", quoted(&at)));
            }
            if OWN.contains(&name.to_ascii_lowercase().as_str()) {
                let at = quoted(&at);
                self.warn(&format!("{at} is left out: it is made for each request"));
                continue;
            }
            if !value.bytes().all(|byte| (0x20..=0x7e).contains(&byte) || byte == b'\t') {
                return Err(format!("{} must be one line of ASCII", quoted(&at)));
            }
            headers.push((name, value));
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bad, good, pair, warned};

    #[test]
    fn a_socket_has_its_path_behind_unix_and_that_of_the_request_behind_a_hash() {
        let server = good(r#"{"type": "http", "url": "unix:///run/s.sock#/mcp"}"#);
        assert_eq!(server.socket_path, Some("/run/s.sock".into()));
        assert_eq!(server.http.expect("it has one").path, "/mcp");
    }

    #[test]
    fn what_http_cannot_have_is_refused_and_named() {
        let url = r#""type": "http", "url": "http://h""#;
        for (entry, told) in [
            (r#"{"type": "http"}"#.to_owned(), "transport 'http' needs 'url'"),
            (r#"{"type": "http", "url": 7}"#.to_owned(), "'url' must be a string, not a number"),
            (
                r#"{"type": "http", "url": "ftp://h"}"#.to_owned(),
                "'url' must begin with http://, https:// or unix://",
            ),
            (
                r#"{"type": "http", "url": "http://u:SECRET@h"}"#.to_owned(),
                "'url' holds a user name: put it into 'headers', Authorization",
            ),
            (r#"{"type": "http", "url": "http://"}"#.to_owned(), "'url' names no host"),
            (
                r#"{"type": "http", "url": "http://h/a b"}"#.to_owned(),
                "'url' must be ASCII without blanks: write other characters as %XX",
            ),
            (
                r#"{"type": "http", "url": "unix://s.sock"}"#.to_owned(),
                "'url' must have the absolute path of a socket behind unix://",
            ),
            (
                format!(r#"{{{url}, "headers": 7}}"#),
                "'headers' must be an object of strings, not a number",
            ),
            (
                format!(r#"{{{url}, "headers": {{"A b": "x"}}}}"#),
                "'headers.A b' is no name of a header",
            ),
            (
                format!(r#"{{{url}, "headers": {{"A": "SECRET\nB: c"}}}}"#),
                "'headers.A' must be one line of ASCII",
            ),
        ] {
            assert_eq!(bad(&entry), told, "{entry}");
        }
        let (server, told) = warned(&format!(r#"{{{url}, "headers": {{"Host": "x", "B": "y"}}}}"#));
        assert_eq!(server.http.expect("it has one").headers, [pair("B", "y")]);
        assert_eq!(told, ["'headers.Host' is left out: it is made for each request"]);
        let array = good(&format!(r#"{{{url}, "headers": ["B: y", "C:z"]}}"#));
        assert_eq!(array.http.expect("it has one").headers, [pair("B", "y"), pair("C", "z")]);
        let debug = format!("{:?}", good(&format!(r#"{{{url}, "headers": {{"A": "SECRET"}}}}"#)));
        assert!(!debug.contains("SECRET"), "{debug}");
    }
}
