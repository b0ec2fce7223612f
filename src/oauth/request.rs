//! One exchange over HTTP that a login needs.

use std::fmt;

use serde::Deserialize;

use super::web_address::WebAddress;

/// Characters that are shown of what a server said.
const SHOWN: usize = 200;

/// A request of HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where it goes.
    pub url: WebAddress,
    /// Fields beside `Host` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for GET.
    pub body: String,
}

/// The reply to it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OAuthReply {
    /// The status code.
    pub status: u16,
    /// `WWW-Authenticate`.
    pub www_authenticate: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl OAuthRequest {
    /// A request for a document of JSON.
    pub(super) fn get(url: WebAddress) -> OAuthRequest {
        let headers = vec![
            ("Accept", "application/json".to_owned()),
            ("MCP-Protocol-Version", "2025-11-25".to_owned()),
        ];
        OAuthRequest { method: "GET", url, headers, body: String::new() }
    }

    /// A form.
    pub(super) fn form(url: WebAddress, body: String) -> OAuthRequest {
        let headers = vec![
            ("Accept", "application/json".to_owned()),
            ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
        ];
        OAuthRequest { method: "POST", url, headers, body }
    }

    /// A document of JSON to be stored.
    pub(super) fn json(url: WebAddress, body: String) -> OAuthRequest {
        let headers = vec![
            ("Accept", "application/json, text/event-stream".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        OAuthRequest { method: "POST", url, headers, body }
    }
}

impl OAuthReply {
    /// Whether the status says that it is what was asked for.
    pub(super) fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// What is told of a refusal: the status, and what the body says by RFC 6749, section 5.2.
    pub(super) fn refusal(&self) -> String {
        let said = said(&self.body);
        match said {
            Some(said) => format!("HTTP {}: {said}", self.status),
            None => format!("HTTP {}", self.status),
        }
    }
}

impl fmt::Debug for OAuthRequest {
    /// Bodies and fields hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.method, self.url)
    }
}

impl fmt::Debug for OAuthReply {
    /// Bodies hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}, {} bytes", self.status, self.body.len())
    }
}

/// What an error document says (RFC 6749, section 5.2).
pub(super) fn said(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorDocument {
        error: Option<String>,
        error_description: Option<String>,
    }
    let said: ErrorDocument = serde_json::from_slice(body).ok()?;
    let text = match (said.error?, said.error_description) {
        (error, Some(description)) => format!("{error}: {description}"),
        (error, None) => error,
    };
    Some(one_line(&text))
}

/// A text of a server in one line, cut.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
