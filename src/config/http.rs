//! What an entry says of a server that is reached by HTTP or WebSocket, beside its address.

use std::fmt;

use super::{HeadersHelper, OAuthEntry, Proxy, ServerConfig};

/// Path and fields of the requests to one server.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HttpEntry {
    /// Path and query of `url`; it begins with a slash.
    pub path: String,
    /// `headers`: names and values, fit for a head of HTTP.
    pub headers: Vec<(String, String)>,
    /// What is spoken there.
    pub transport: HttpTransport,
    /// The forward proxy of the environment for this server.
    pub proxy: Option<Box<Proxy>>,
    /// `oauth`: how its login is done. Few entries have it.
    pub oauth: Option<Box<OAuthEntry>>,
    /// `headersHelper`: what it prints wins over `headers`. Few entries have it.
    pub headers_helper: Option<Box<HeadersHelper>>,
}

/// The transports that begin with a request of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpTransport {
    /// Streamable HTTP.
    #[default]
    Streamable,
    /// HTTP with SSE (2024-11-05).
    Sse,
    /// WebSocket.
    WebSocket,
}

impl HttpEntry {
    /// The proxy that the requests themselves are for, because it needs no tunnel: it is one
    /// for plain HTTP (RFC 9112, section 3.2.2).
    pub fn proxy_of_requests(&self, is_tls: bool) -> Option<&Proxy> {
        let is_http = self.transport != HttpTransport::WebSocket;
        self.proxy.as_deref().filter(|_| !is_tls && is_http)
    }

    /// The fields of requests, with those that `headersHelper` has printed: they win.
    pub fn fields(&self, printed: &[(String, String)]) -> Vec<(String, String)> {
        let wins = |name: &str| printed.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let own = self.headers.iter().filter(|(name, _)| !wins(name));
        own.chain(printed).cloned().collect()
    }
}

impl ServerConfig {
    /// The name under which requests wait for a token or for other fields.
    pub fn authorization_key(&self) -> Option<String> {
        let helper = || Some(self.headers_helper()?.url.clone());
        self.login_address().or_else(helper)
    }

    /// The command that prints fields of requests.
    pub fn headers_helper(&self) -> Option<&HeadersHelper> {
        self.http.as_ref()?.headers_helper.as_deref()
    }

    /// The address that tokens belong to: of a server on a network whose entry leaves them to
    /// us. A query is left out, because it may be secret.
    pub fn login_address(&self) -> Option<String> {
        let (http, address) = (self.http.as_ref()?, self.address.as_ref()?);
        let mut names = http.headers.iter().map(|(name, _)| name);
        if names.any(|name| name.eq_ignore_ascii_case("authorization")) {
            return None;
        }
        let is_tls = self.tls.is_some();
        let scheme = if is_tls { "https" } else { "http" };
        let place = address.without_usual_port(is_tls);
        let path = http.path.split('?').next().unwrap_or_default();
        Some(format!("{scheme}://{}{path}", place.to_ascii_lowercase()))
    }
}

impl fmt::Debug for HttpEntry {
    /// Values of fields and the query may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("HttpEntry")
            .field("path", &path)
            .field("headers", &names)
            .field("transport", &self.transport)
            .finish()
    }
}
