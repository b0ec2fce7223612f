//! The keys of an entry that say where a server is reached by HTTP or WebSocket: `url`,
//! `headers` and `headersHelper`.

use std::path::PathBuf;

use serde_json::Value;

use super::entry::{EntryReader, Unusable, expected};
use super::spelling;
use crate::config::http_field::{HttpField, check_field};
use crate::config::{HeadersHelper, HostPort, HttpEntry, HttpTransport, Transport, quoted};

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
        let named = transport.filter(|t| matches!(t, Transport::Http | Transport::WebSocket));
        let is_named = named.is_some();
        let needs_url = || format!("transport '{}' needs 'url'", named.unwrap_or_default().name());
        if !is_named && (transport.is_some() || has_command) {
            return Ok(None);
        }
        let Some((key, value)) = self.any_field(&spelling::ADDRESSES) else {
            return match is_named {
                true => Err(needs_url().into()),
                false => Ok(None),
            };
        };
        let Value::String(url) = value.clone() else {
            return Err(expected(&key, "a string", &value.clone()).into());
        };
        let url = self.word(&key, &url)?;
        let url = url.trim();
        if url.is_empty() {
            return if is_named { Err(needs_url().into()) } else { Ok(None) };
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let wrong = |what: &str| Unusable::Wrong(format!("{} {what}", quoted(&key)));
        let place = match scheme.to_ascii_lowercase().as_str() {
            "tcp" | "tls" if !is_named => return Ok(None),
            "http" | "ws" => self.place_of(rest, 80),
            "https" | "wss" => {
                self.speaks_tls = true;
                self.place_of(rest, 443)
            }
            // As in VS Code: the path of the socket, and behind # the path of the request.
            // "ws+unix://PATH:/mcp" is the form of the library ws of Node.
            "unix" | "ws+unix" => {
                let colon = rest.find(":/").filter(|_| !scheme.eq_ignore_ascii_case("unix"));
                let cut = rest.find('#').or(colon);
                let (socket, path) = cut.map_or((rest, "/"), |at| (&rest[..at], &rest[at + 1..]));
                if !socket.starts_with('/') {
                    return Err(wrong("must have the absolute path of a socket behind unix://"));
                }
                let http = HttpEntry { path: path.to_owned(), ..HttpEntry::default() };
                Ok(HttpPlace { http, address: None, socket_path: Some(socket.into()) })
            }
            _ => Err("must begin with http://, https://, ws://, wss:// or unix://".to_owned()),
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
        let is_websocket = named == Some(Transport::WebSocket)
            || ["ws", "wss", "ws+unix"].iter().any(|ws| scheme.eq_ignore_ascii_case(ws));
        let is_sse = self.speaks_sse || (!is_named && matches!(&*key, "sseUrl" | "sse_url"));
        place.http.transport = match (is_websocket, is_sse) {
            (true, _) => HttpTransport::WebSocket,
            (false, true) => HttpTransport::Sse,
            (false, false) => HttpTransport::Streamable,
        };
        place.http.oauth = self.oauth()?.map(Box::new);
        place.http.headers_helper = self.headers_helper(url)?.map(Box::new);
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
        let http = HttpEntry { path: path.to_owned(), ..HttpEntry::default() };
        Ok(HttpPlace { http, address: Some(address), socket_path: None })
    }

    /// `headersHelper` of an entry whose address is `url`.
    fn headers_helper(&mut self, url: &str) -> Result<Option<HeadersHelper>, String> {
        match self.field("headersHelper") {
            None => Ok(None),
            Some((_, Value::String(command))) if !command.trim().is_empty() => {
                Ok(Some(HeadersHelper { command: command.clone(), url: url.to_owned() }))
            }
            Some((key, Value::String(_))) => Err(format!("{} is empty", quoted(&key))),
            Some((key, other)) => Err(expected(&key, "a string, a command of the shell", other)),
        }
    }

    /// Tells of a `headersHelper` of an entry that sends no requests of HTTP.
    pub(super) fn tell_idle_helper(&mut self) {
        if let Some((key, _)) = self.field("headersHelper") {
            self.warn(&format!("{} is not used: there is no HTTP", quoted(&key)));
        }
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
            match check_field(&name, &value) {
                Ok(HttpField::Given) => {}
                Ok(HttpField::Made) => {
                    let at = quoted(&at);
                    self.warn(&format!("{at} is left out: it is made for each request"));
                    continue;
                }
                Err(what) => return Err(format!("{} {what}", quoted(&at))),
            }
            headers.push((name, value));
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bad, good, pair, warned};
    #[cfg(feature = "websocket")]
    use crate::config::Transport;

    #[test]
    fn a_socket_has_its_path_behind_unix_and_that_of_the_request_behind_a_hash() {
        let server = good(r#"{"type": "http", "url": "unix:///run/s.sock#/mcp"}"#);
        assert_eq!(server.socket_path, Some("/run/s.sock".into()));
        assert_eq!(server.http.expect("it has one").path, "/mcp");
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn websocket_is_read_in_each_of_its_forms() {
        for (entry, place, path) in [
            (r#"{"type": "ws", "url": "ws://h/mcp"}"#, "h:80", "/mcp"),
            (r#"{"url": "WS://h:81"}"#, "h:81", "/"),
            (r#"{"type": "websocket", "url": "http://h/x?y#z"}"#, "h:80", "/x?y"),
            (r#"{"type": "http", "url": "ws://h/mcp"}"#, "h:80", "/mcp"),
            (r#"{"type": "ws", "url": "unix:///s.sock#/mcp"}"#, "/s.sock", "/mcp"),
            (r#"{"url": "ws+unix:///s.sock:/mcp"}"#, "/s.sock", "/mcp"),
            (r#"{"type": "ws", "url": "unix:///s:/a"}"#, "/s:/a", "/"),
        ] {
            let server = good(entry);
            assert_eq!(server.transport, Transport::WebSocket, "{entry}");
            assert_eq!(server.endpoint().expect("it has one").to_string(), place, "{entry}");
            let http = server.http.expect("it has one");
            let spoken = crate::config::HttpTransport::WebSocket;
            assert_eq!((http.path.as_str(), http.transport), (path, spoken), "{entry}");
        }
        if cfg!(feature = "tls") {
            let server = good(r#"{"url": "wss://h/mcp"}"#);
            assert_eq!(server.endpoint().expect("it has one").to_string(), "h:443");
            assert!(server.tls.is_some());
        }
        let other = good(r#"{"type": "http", "url": "http://h"}"#);
        let same = good(r#"{"type": "ws", "url": "http://h"}"#);
        assert_ne!(other.identity(), same.identity());
        assert_eq!(bad(r#"{"type": "ws"}"#), "transport 'ws' needs 'url'");
    }

    #[cfg(not(feature = "websocket"))]
    #[test]
    fn without_websocket_an_entry_says_what_is_missing() {
        let told = bad(r#"{"url": "ws://h"}"#);
        assert_eq!(told, " is not used: WebSocket (cargo feature 'websocket') is not built in");
    }

    #[test]
    fn a_command_for_headers_belongs_to_http_alone() {
        let entry = r#""url": "http://H:80/mcp?k=s3cret", "headersHelper": "echo ${X} s3cret""#;
        let server = good(&format!("{{{entry}}}"));
        let helper = server.headers_helper().expect("it has one");
        assert_eq!(helper.command, "echo ${X} s3cret", "the shell expands it");
        assert_eq!(helper.url, "http://H:80/mcp?k=s3cret");
        assert!(!format!("{server:?}").contains("s3cret"));
        let plain = good(r#"{"url": "http://H:80/mcp?k=s3cret"}"#);
        assert_ne!(server.identity(), plain.identity());
        for (helper, told) in [
            ("7", "'headersHelper' must be a string, a command of the shell, not a number"),
            ("\" \"", "'headersHelper' is empty"),
        ] {
            let entry = format!(r#"{{"url": "http://h", "headersHelper": {helper}}}"#);
            assert_eq!(bad(&entry), told);
        }
        let (_, told) = warned(r#"{"command": "x", "headersHelper": "y"}"#);
        assert_eq!(told, ["'headersHelper' is not used: there is no HTTP"]);
    }

    #[test]
    fn the_older_transport_has_sessions() {
        for (entry, is_sse) in [
            (r#"{"type": "sse", "url": "http://h/sse"}"#, true),
            (r#"{"transport": "http-sse", "url": "https://h/sse"}"#, true),
            (r#"{"sseUrl": "http://h/sse"}"#, true),
            (r#"{"type": "http", "sseUrl": "http://h/sse"}"#, false),
            (r#"{"url": "http://h/sse"}"#, false),
        ] {
            let server = good(entry);
            let transport = server.http.as_ref().map(|http| http.transport);
            assert_eq!(transport == Some(crate::config::HttpTransport::Sse), is_sse, "{entry}");
            assert_eq!(server.era == Some(crate::config::Era::Legacy), is_sse, "{entry}");
        }
        assert_ne!(
            good(r#"{"type": "sse", "url": "http://h/x"}"#).identity(),
            good(r#"{"type": "http", "url": "http://h/x"}"#).identity()
        );
    }

    #[test]
    fn what_http_cannot_have_is_refused_and_named() {
        let url = r#""type": "http", "url": "http://h""#;
        for (entry, told) in [
            (r#"{"type": "http"}"#.to_owned(), "transport 'http' needs 'url'"),
            (r#"{"type": "http", "url": 7}"#.to_owned(), "'url' must be a string, not a number"),
            (
                r#"{"type": "http", "url": "ftp://h"}"#.to_owned(),
                "'url' must begin with http://, https://, ws://, wss:// or unix://",
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
