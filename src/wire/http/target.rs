//! Where the requests of a session go, and their heads (MCP "Streamable HTTP").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::AccessToken;

/// The address of a server as HTTP has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// `Host`: name and port.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// The requests are for a forward proxy, and name the server (RFC 9112, section 3.2.2).
    pub is_for_proxy: bool,
    /// Further fields: names and values.
    pub headers: Vec<(String, String)>,
    /// `headers` can be renewed, so that a refusal of them is not the last word.
    pub is_renewable: bool,
    /// The access token. It is not sent if `headers` have an `Authorization`.
    pub token: Option<AccessToken>,
}

impl std::fmt::Debug for Target {
    /// Values of fields and the query may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("Target")
            .field("host", &self.host)
            .field("path", &path)
            .field("headers", &names)
            .finish()
    }
}

/// What a session adds to the head of each request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SessionFields {
    /// `MCP-Protocol-Version`.
    pub(super) version: Option<String>,
    /// `Mcp-Session-Id`.
    pub(super) id: Option<String>,
}

/// What the body is about, which the modern era repeats in the head
/// (2026-07-28, "Streamable HTTP").
#[derive(Clone, Copy, Debug)]
pub(super) struct Mirror<'a> {
    pub(super) method: &'a str,
    /// Of the tool, prompt or resource; may be empty.
    pub(super) name: &'a str,
    /// Arguments of the tool: names of fields and values.
    pub(super) fields: &'a [(String, String)],
}

impl Target {
    /// Whether the entry says itself who calls.
    pub(super) fn has_own_authorization(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    }

    /// Writes the head of a POST with a body of `length` bytes.
    pub(super) fn write_post(
        &self,
        out: &mut Vec<u8>,
        session: &SessionFields,
        mirror: Option<Mirror<'_>>,
        length: usize,
    ) {
        self.begin(out, "POST", session);
        line(out, "Accept", "application/json, text/event-stream");
        line(out, "Content-Type", "application/json");
        line(out, "Content-Length", &length.to_string());
        if let Some(Mirror { method, name, fields }) = mirror {
            line(out, "Mcp-Method", method);
            if !name.is_empty() {
                line(out, "Mcp-Name", &encoded(name));
            }
            for (name, value) in fields {
                line(out, name, &encoded(value));
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the request for the events that belong to no request of ours.
    /// `last`: those behind the event with this id.
    pub(super) fn write_get(
        &self,
        out: &mut Vec<u8>,
        session: &SessionFields,
        last: Option<&[u8]>,
    ) {
        self.begin(out, "GET", session);
        line(out, "Accept", "text/event-stream");
        if let Some(id) = last {
            out.extend_from_slice(b"Last-Event-ID: ");
            out.extend_from_slice(id);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the request that ends the session.
    pub(super) fn write_delete(&self, out: &mut Vec<u8>, session: &SessionFields) {
        self.begin(out, "DELETE", session);
        out.extend_from_slice(b"\r\n");
    }

    fn begin(&self, out: &mut Vec<u8>, method: &str, session: &SessionFields) {
        out.extend_from_slice(method.as_bytes());
        out.push(b' ');
        if self.is_for_proxy {
            out.extend_from_slice(b"http://");
            out.extend_from_slice(self.host.as_bytes());
        }
        out.extend_from_slice(self.path.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
        line(out, "Host", &self.host);
        if self.is_for_proxy {
            line(out, "Connection", "close");
        }
        for (name, value) in &self.headers {
            line(out, name, value);
        }
        if let Some(token) = self.token.as_ref().filter(|_| !self.has_own_authorization()) {
            line(out, "Authorization", &format!("Bearer {}", token.secret()));
        }
        if let Some(version) = &session.version {
            line(out, "MCP-Protocol-Version", version);
        }
        if let Some(id) = &session.id {
            line(out, "Mcp-Session-Id", id);
        }
    }

    /// The path of the messages, from the `endpoint` event on the stream of events at `base`
    /// (2024-11-05, "HTTP with SSE"), if it is at the same server.
    pub(super) fn endpoint(&self, base: &str, address: &str) -> Option<String> {
        if address.contains("://") {
            return self.path_of(address);
        }
        if let Some(rest) = address.strip_prefix("//") {
            return self.path_of(&format!("http://{rest}"));
        }
        if address.starts_with('/') {
            return self.path_of(address);
        }
        let base = base.split('?').next().unwrap_or_default();
        if address.starts_with('?') {
            return self.path_of(&format!("{base}{address}"));
        }
        let mut directory = &base[..base.rfind('/').unwrap_or_default()];
        let mut rest = address;
        loop {
            if let Some(below) = rest.strip_prefix("./") {
                rest = below;
            } else if let Some(above) = rest.strip_prefix("../") {
                rest = above;
                directory = &directory[..directory.rfind('/').unwrap_or_default()];
            } else {
                break;
            }
        }
        if rest.is_empty() { None } else { self.path_of(&format!("{directory}/{rest}")) }
    }

    /// The path that a redirect leads to, if it stays at the same server.
    pub(super) fn path_of(&self, location: &str) -> Option<String> {
        let rest = match location.split_once("://") {
            Some((scheme, rest)) => {
                let is_http = ["http", "https"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if !is_http || !host.eq_ignore_ascii_case(&self.host) {
                    return None;
                }
                if path.is_empty() { "/" } else { path }
            }
            None => location,
        };
        let path = rest.split('#').next().unwrap_or_default();
        let is_path = path.starts_with('/') && !path.starts_with("//");
        (is_path && path.bytes().all(|byte| byte.is_ascii_graphic())).then(|| path.to_owned())
    }
}

fn line(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A value as it stands in a field (2026-07-28, "Streamable HTTP", "Encoding").
fn encoded(value: &str) -> String {
    const SENTINEL: &str = "=?base64?";
    let is_plain = value.bytes().all(|byte| (0x20..=0x7e).contains(&byte) || byte == b'\t')
        && value.trim() == value
        && !value.starts_with(SENTINEL);
    match is_plain {
        true => value.to_owned(),
        false => format!("{SENTINEL}{}?=", STANDARD.encode(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let headers = vec![("Authorization".to_owned(), "Bearer s3cret".to_owned())];
        let path = "/mcp?key=s3cret".to_owned();
        let host = "h:80".to_owned();
        let (is_for_proxy, is_renewable, token) = (false, false, None);
        Target { host, path, is_for_proxy, headers, is_renewable, token }
    }

    #[test]
    fn a_head_has_what_its_era_wants() {
        let mut out = Vec::new();
        let session =
            SessionFields { version: Some("2026-07-28".to_owned()), id: Some("7".to_owned()) };
        let mirror = Mirror {
            method: "tools/call",
            name: "größe",
            fields: &[("Mcp-Param-A".to_owned(), " b".to_owned())],
        };
        target().write_post(&mut out, &session, Some(mirror), 12);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /mcp?key=s3cret HTTP/1.1\r\nHost: h:80\r\nAuthorization: Bearer s3cret\r\n\
             MCP-Protocol-Version: 2026-07-28\r\nMcp-Session-Id: 7\r\n\
             Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
             Content-Length: 12\r\nMcp-Method: tools/call\r\nMcp-Name: =?base64?Z3LDtsOfZQ==?=\r\n\
             Mcp-Param-A: =?base64?IGI=?=\r\n\r\n"
        );
    }

    #[test]
    fn a_request_for_a_proxy_names_the_server() {
        let mut out = Vec::new();
        let target = Target { is_for_proxy: true, ..target() };
        target.write_get(&mut out, &SessionFields::default(), None);
        let head = String::from_utf8(out).unwrap();
        assert!(head.starts_with("GET http://h:80/mcp?key=s3cret HTTP/1.1\r\nHost: h:80\r\n"));
        assert!(head.contains("\r\nConnection: close\r\n"), "its stream is not used again");
    }

    #[test]
    fn names_are_encoded_where_a_field_cannot_hold_them() {
        for (name, field) in [
            ("plain name", "plain name"),
            (" blank", "=?base64?IGJsYW5r?="),
            ("two\nlines", "=?base64?dHdvCmxpbmVz?="),
            ("=?base64?x?=", "=?base64?PT9iYXNlNjQ/eD89?="),
        ] {
            assert_eq!(encoded(name), field);
        }
    }

    #[test]
    fn a_redirect_stays_at_its_server() {
        let path = |location: &str| target().path_of(location);
        assert_eq!(path("/mcp/").as_deref(), Some("/mcp/"));
        assert_eq!(path("http://H:80/mcp/#x").as_deref(), Some("/mcp/"));
        assert_eq!(path("http://h:80").as_deref(), Some("/"));
        for elsewhere in ["http://other/mcp", "//other/mcp", "ftp://h:80/x", "mcp/", "/a b", ""] {
            assert_eq!(path(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn an_endpoint_is_found_from_the_path_of_the_events() {
        let endpoint = |address: &str| target().endpoint("/a/b/sse?key=x", address);
        for (address, path) in [
            ("/messages?s=1", "/messages?s=1"),
            ("messages?s=1", "/a/b/messages?s=1"),
            ("./messages", "/a/b/messages"),
            ("../../messages", "/messages"),
            ("../../../messages", "/messages"),
            ("?s=1", "/a/b/sse?s=1"),
            ("http://h:80/x?s=1", "/x?s=1"),
            ("//h:80/x", "/x"),
        ] {
            assert_eq!(endpoint(address).as_deref(), Some(path), "{address}");
        }
        for elsewhere in ["http://other/x", "//other/x", "ftp://h:80/x", "", "x y", "./"] {
            assert_eq!(endpoint(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn secrets_are_in_no_debug_text() {
        assert!(!format!("{:?}", target()).contains("s3cret"));
    }
}
