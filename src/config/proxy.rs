//! Forward proxies, as the environment names them.
//!
//! The rules are curl's: `https_proxy` or `http_proxy` by the scheme of the server, else
//! `all_proxy`, in lower case before upper case; `no_proxy` lists hosts that need none. Other
//! than curl, this host is never reached through a proxy: a proxy would connect to itself.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::{Endpoint, HostPort};
use super::percent;

/// A forward proxy that is spoken to by plain HTTP.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Where it listens.
    pub address: HostPort,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
    /// The variable that names it.
    pub variable: &'static str,
}

impl fmt::Debug for Proxy {
    /// The authorization is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {} ({})", self.address, self.variable)
    }
}

impl Proxy {
    /// The proxy through which a server is reached.
    ///
    /// # Errors
    ///
    /// The environment names one that cannot be used, as a whole sentence. It does not hold
    /// the value, in which a password may stand.
    pub(super) fn of(
        env: &dyn Fn(&str) -> Option<String>,
        server: &HostPort,
        is_tls: bool,
    ) -> Result<Option<Proxy>, String> {
        const TLS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        const PLAIN: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
        let set = |name: &'static str| {
            let value = env(name)?.trim().to_owned();
            (!value.is_empty()).then_some((name, value))
        };
        let names = if is_tls { TLS } else { PLAIN };
        let Some((variable, value)) = names.into_iter().find_map(set) else { return Ok(None) };
        let exceptions = ["no_proxy", "NO_PROXY"].into_iter().find_map(set);
        let is_excepted = exceptions.is_some_and(|(_, list)| is_listed(&list, server));
        if is_excepted || Endpoint::Tcp(server).is_local() {
            return Ok(None);
        }
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", &value));
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(format!("{variable} of the environment must begin with http://"));
        }
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, address) = match rest.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, rest),
        };
        // The port that curl takes.
        let address = HostPort::parse(address, Some(1080))
            .map_err(|what| format!("{variable} of the environment {what}"))?;
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let pair = [percent::decoded(name), b":".to_vec(), percent::decoded(password)].concat();
            format!("Basic {}", STANDARD.encode(pair))
        });
        Ok(Some(Proxy { address, authorization, variable }))
    }
}

/// Whether a list of hosts has the server: `*`, names with all below them, addresses, each
/// perhaps with a port.
fn is_listed(list: &str, server: &HostPort) -> bool {
    let host = server.host.trim_end_matches('.').to_ascii_lowercase();
    list.split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let entry = entry.to_ascii_lowercase();
        let (name, port) = match HostPort::parse(entry.trim_start_matches('.'), Some(server.port)) {
            Ok(HostPort { host, port }) => (host, port),
            // An IPv6 address without brackets.
            Err(_) => (entry, server.port),
        };
        let name = name.trim_end_matches('.');
        let is_below = || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        port == server.port && (host == name || is_below())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vars: &[(&str, &str)], host: &str, is_tls: bool) -> Result<Option<Proxy>, String> {
        let env = |name: &str| {
            vars.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        };
        Proxy::of(&env, &HostPort::parse(host, Some(443)).unwrap(), is_tls)
    }

    #[test]
    fn the_variable_follows_the_scheme_and_lower_case_comes_first() {
        let vars = [
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "http://lower:2/"),
            ("http_proxy", ""),
            ("ALL_PROXY", "all"),
        ];
        let shown = |is_tls| of(&vars, "example.com", is_tls).unwrap().unwrap().to_string();
        assert_eq!(shown(true), "proxy lower:2 (https_proxy)");
        assert_eq!(shown(false), "proxy all:1080 (ALL_PROXY)");
        assert_eq!(of(&[], "example.com", true), Ok(None));
    }

    #[test]
    fn no_proxy_is_read_as_curl_does_and_this_host_needs_none() {
        let is_used = |list: &str, host: &str| {
            let vars = [("http_proxy", "http://p:1"), ("NO_PROXY", list)];
            of(&vars, host, false).unwrap().is_some()
        };
        for (list, host, used) in [
            ("", "example.com", true),
            ("*", "example.com", false),
            ("other.com, example.com", "example.com", false),
            (".example.com", "a.Example.com.", false),
            ("example.com", "a.example.com", false),
            ("example.com", "notexample.com", true),
            ("example.com:8080", "example.com", true),
            ("example.com:443", "example.com", false),
            ("192.0.2.7", "192.0.2.7", false),
            ("2001:db8::1", "[2001:db8::1]", false),
            ("", "localhost", false),
            ("", "127.0.0.9", false),
            ("", "[::1]", false),
        ] {
            assert_eq!(is_used(list, host), used, "{list} {host}");
        }
    }

    #[test]
    fn a_user_and_a_password_are_decoded_and_shown_nowhere() {
        let vars = [("all_proxy", "http://us%40er:s3cret%3A@p:1")];
        let proxy = of(&vars, "h", true).unwrap().unwrap();
        let basic = STANDARD.encode("us@er:s3cret:");
        assert_eq!(proxy.authorization, Some(format!("Basic {basic}")));
        assert!(!format!("{proxy:?} {proxy}").contains(&basic));
        for value in ["socks5://u:s3cret@p", "http://u:s3cret@p:x", "http://"] {
            let told = of(&[("all_proxy", value)], "h", true).unwrap_err();
            assert!(told.starts_with("all_proxy of the") && !told.contains("s3cret"), "{told}");
        }
    }
}
