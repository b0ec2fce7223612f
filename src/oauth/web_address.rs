//! An absolute address of HTTP.

use std::fmt;

use crate::config::{Endpoint, HostPort};

/// An address with the scheme `http` or `https`, without user name and fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress {
    /// The scheme is `https`.
    pub is_tls: bool,
    /// Where it leads; the name in lower case.
    pub place: HostPort,
    /// Path and query; begins with a slash.
    pub path: String,
}

impl WebAddress {
    /// Reads an absolute address. A fragment is left out.
    ///
    /// # Errors
    ///
    /// The rest of a sentence that begins with what the address is.
    pub fn parse(text: &str) -> Result<WebAddress, String> {
        let (scheme, rest) = text.split_once("://").ok_or("is no absolute address")?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("begins with neither https:// nor http://".to_owned()),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("holds a user name".to_owned());
        }
        let mut place = HostPort::parse(authority, Some(if is_tls { 443 } else { 80 }))?;
        place.host.make_ascii_lowercase();
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has characters that an address cannot have".to_owned());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(WebAddress { is_tls, place, path: format!("{slash}{path}") })
    }

    /// Scheme, host and port, without a port that the scheme has anyway.
    pub fn origin(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.host_field())
    }

    /// The value of `Host`.
    pub fn host_field(&self) -> String {
        self.place.without_usual_port(self.is_tls)
    }

    /// The path without the query, and without a slash at its end: empty at the root.
    pub fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default().trim_end_matches('/')
    }

    /// The same server, with another path.
    pub fn at(&self, path: &str) -> WebAddress {
        WebAddress { path: path.to_owned(), ..self.clone() }
    }

    /// Whether a secret may be sent there: it is encrypted, or does not leave this host.
    pub fn is_private(&self) -> bool {
        self.is_tls || Endpoint::Tcp(&self.place).is_local()
    }

    /// Where a redirect from here leads, if it stays at the same origin.
    pub fn redirected(&self, location: &str) -> Option<WebAddress> {
        if location.contains("://") {
            return WebAddress::parse(location).ok().filter(|to| to.origin() == self.origin());
        }
        let path = location.split('#').next().unwrap_or_default();
        let is_path = path.starts_with('/') && !path.starts_with("//");
        (is_path && path.bytes().all(|byte| byte.is_ascii_graphic())).then(|| self.at(path))
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl fmt::Debug for WebAddress {
    /// A query may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path.split('?').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::WebAddress;

    fn address(text: &str) -> WebAddress {
        WebAddress::parse(text).expect("an address")
    }

    #[test]
    fn an_address_is_read_and_written() {
        for (text, origin, path) in [
            ("https://H.example", "https://h.example", "/"),
            ("https://h:443/a?b=c#d", "https://h", "/a?b=c"),
            ("http://[::1]:8080/a/", "http://[::1]:8080", "/a/"),
            ("HTTP://h:443", "http://h:443", "/"),
            ("http://h?x", "http://h", "/?x"),
        ] {
            let read = address(text);
            assert_eq!((read.origin().as_str(), read.path.as_str()), (origin, path), "{text}");
            assert_eq!(read.to_string(), format!("{origin}{path}"));
        }
        assert_eq!(address("https://h/a/?b").bare_path(), "/a");
        assert_eq!(address("https://h/").bare_path(), "");
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, why) in [
            ("/a", "is no absolute address"),
            ("ftp://h", "begins with neither https:// nor http://"),
            ("https://u:p@h", "holds a user name"),
            ("https://", "names no host"),
            ("https://h/a b", "has characters that an address cannot have"),
            ("https://h/a\r\nX: y", "has characters that an address cannot have"),
        ] {
            assert_eq!(WebAddress::parse(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn secrets_go_by_tls_or_stay_here() {
        for (text, is_private) in [
            ("https://h", true),
            ("http://h", false),
            ("http://127.0.0.1:8", true),
            ("http://localhost", true),
            ("http://[::1]", true),
            ("http://localhost.example", false),
        ] {
            assert_eq!(address(text).is_private(), is_private, "{text}");
        }
    }

    #[test]
    fn a_redirect_stays_at_its_origin() {
        let to = |location: &str| address("https://h/a").redirected(location);
        assert_eq!(to("/b?c#d"), Some(address("https://h/b?c")));
        assert_eq!(to("https://H:443/b"), Some(address("https://h/b")));
        for elsewhere in ["https://g/b", "http://h/b", "//g/b", "b", "", "/a b"] {
            assert_eq!(to(elsewhere), None, "{elsewhere}");
        }
    }
}
