//! Who a server says it is (MCP "Lifecycle: Initialization", `Implementation`).

use std::str;

use crate::json::lenient::{is_text, members, text};

/// Who a server says it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerInfo {
    /// Its name, possibly empty.
    pub name: String,
    /// Its version, possibly empty.
    pub version: String,
}

impl ServerInfo {
    /// Reads a raw `Implementation`, whatever types its members have. Some servers
    /// give their name alone.
    pub(crate) fn read(info: Option<&[u8]>) -> ServerInfo {
        let info = info.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
        if is_text(info.as_bytes()) {
            let name = text(info.as_bytes()).into_owned();
            return ServerInfo { name, version: String::new() };
        }
        let [name, version] = members(info, &["name", "version"])
            .map(|raw| raw.map(text).unwrap_or_default().into_owned());
        ServerInfo { name, version }
    }
}
