//! The address at which a server listens, and whether it speaks TLS there.
//!
//! An endpoint says where a byte stream leads and nothing of what is spoken on it, so every
//! codec connects by the same channels.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::ServerConfig;

/// The address at which a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// A Unix socket.
    Unix(&'a Path),
    /// A port of a host.
    Tcp(&'a HostPort),
}

/// A host, by name or by address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name, or an address without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
}

/// `tls` of an entry: how TLS is spoken with the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// `ca`: certificates of the issuers to trust, in place of the system's.
    pub ca: Option<PathBuf>,
    /// `cert`: our own certificate and its chain.
    pub cert: Option<PathBuf>,
    /// `key`: the private key of `cert`.
    pub key: Option<PathBuf>,
    /// `server_name`: the name in the server's certificate, in place of the host.
    pub server_name: Option<String>,
    /// `insecure`: any certificate is accepted.
    pub insecure: bool,
}

impl Endpoint<'_> {
    /// Whether a process that is started here can listen there.
    pub fn is_local(&self) -> bool {
        match self {
            Endpoint::Unix(_) => true,
            Endpoint::Tcp(HostPort { host, .. }) => match host.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => is_localhost(host),
            },
        }
    }
}

/// Whether a name is that of this host: `localhost` and all names below it (RFC 6761,
/// section 6.3).
pub fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl ServerConfig {
    /// The address at which the server listens. `None`: it has only a command.
    pub fn endpoint(&self) -> Option<Endpoint<'_>> {
        match (&self.address, &self.socket_path) {
            (Some(address), _) => Some(Endpoint::Tcp(address)),
            (None, Some(path)) => Some(Endpoint::Unix(path)),
            (None, None) => None,
        }
    }
}

impl HostPort {
    /// As it stands in `Host` and in a URL: without the port that the scheme has anyway,
    /// because some servers compare it.
    pub fn without_usual_port(&self, is_tls: bool) -> String {
        let mut text = self.to_string();
        if self.port == if is_tls { 443 } else { 80 } {
            text.truncate(text.rfind(':').unwrap_or(text.len()));
        }
        text
    }

    /// Reads `HOST:PORT` or `[ADDRESS]:PORT`, as it stands in a URL. Without a port the
    /// port is `default`.
    ///
    /// # Errors
    ///
    /// The rest of a sentence that begins with the key.
    pub fn parse(text: &str, default: Option<u16>) -> Result<HostPort, String> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return Err("has more than a port behind the address".to_owned()),
            },
            None => match text.rsplit_once(':') {
                Some((host, _)) if host.contains(':') => {
                    return Err("has an IPv6 address that does not stand in [ ]".to_owned());
                }
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        check_host(host)?;
        let port = match port.filter(|port| !port.is_empty()) {
            None => default.ok_or("names no port")?,
            Some(port) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                port.ok_or("must have a port from 1 to 65535")?
            }
        };
        Ok(HostPort { host: host.to_owned(), port })
    }
}

/// Whether `host` is an address or can be a name.
///
/// # Errors
///
/// The rest of a sentence that begins with the key.
pub(super) fn check_host(host: &str) -> Result<(), String> {
    /// The longest name that DNS knows.
    const LONGEST: usize = 253;
    if host.is_empty() {
        return Err("names no host".to_owned());
    }
    if host.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    // A name that begins with a dash would be an option of the resolver process.
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.len() > LONGEST || host.starts_with('-') || !host.chars().all(is_name) {
        // The text is not shown: a password may stand before the host.
        return Err("must have the name or the address of a host".to_owned());
    }
    Ok(())
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => path.display().fmt(f),
            Endpoint::Tcp(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostPort { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn hosts_and_ports_are_read_and_written_as_in_a_url() {
        for (text, host, port) in [
            ("example.com:80", "example.com", 80),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
            ("[::1]:9", "::1", 9),
            ("my_host-1:1", "my_host-1", 1),
            ("bücher.example:1", "bücher.example", 1),
        ] {
            let expected = HostPort { host: host.to_owned(), port };
            assert_eq!(HostPort::parse(text, None), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
        assert_eq!(HostPort::parse("a", Some(443)).map(|a| a.port), Ok(443));
        assert_eq!(HostPort::parse("[::1]", Some(443)).map(|a| a.host), Ok("::1".to_owned()));
    }

    #[test]
    fn what_is_no_host_or_no_port_is_told() {
        for (text, error) in [
            ("", "names no host"),
            (":80", "names no host"),
            ("a", "names no port"),
            ("a:", "names no port"),
            ("a:0", "must have a port from 1 to 65535"),
            ("a:65536", "must have a port from 1 to 65535"),
            ("a:x", "must have a port from 1 to 65535"),
            ("::1:80", "has an IPv6 address that does not stand in [ ]"),
            ("[::1]80", "has more than a port behind the address"),
            ("-x:80", "must have the name or the address of a host"),
            ("SECRET@a:80", "must have the name or the address of a host"),
            ("a b:80", "must have the name or the address of a host"),
            ("[x/y]:80", "must have the name or the address of a host"),
        ] {
            assert_eq!(HostPort::parse(text, None), Err(error.to_owned()), "{text}");
        }
    }
}
