//! The keys of an entry that say where a server listens on a network.

use serde_json::Value;

use super::entry::{EntryReader, expected};
use super::spelling;
use crate::config::endpoint::check_host;
use crate::config::{HostPort, Transport, quoted};

/// Schemes of addresses that lead to a stream of lines.
const SCHEMES: [&str; 1] = ["tcp"];

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
        let host = match self.any_field(&["host", "hostname"]) {
            None => None,
            Some((key, Value::String(host))) => Some((key, host.clone())),
            Some((key, other)) => return Err(expected(&key, "a string", other)),
        };
        let Some((key, host)) = host else {
            return match transport {
                None => Ok(None),
                Some(_) => Err("transport 'tcp' needs 'host' and 'port'".to_owned()),
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
        Ok(is_ours.then(|| (key, rest.to_owned())))
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
