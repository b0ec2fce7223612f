//! What an entry says of a server that is reached by HTTP or WebSocket, beside its address.

use std::fmt;

/// Path and fields of the requests to one server.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HttpEntry {
    /// Path and query of `url`; it begins with a slash.
    pub path: String,
    /// `headers`: names and values, fit for a head of HTTP.
    pub headers: Vec<(String, String)>,
    /// WebSocket is spoken after the first request.
    pub websocket: bool,
}

impl fmt::Debug for HttpEntry {
    /// Values of fields and the query may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("HttpEntry").field("path", &path).field("headers", &names).finish()
    }
}
