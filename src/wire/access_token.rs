//! What proves to a server who calls.

use std::fmt;
use std::sync::Arc;

/// An access token (RFC 6750). It is part of a head of HTTP, so it is visible ASCII.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Arc<str>);

impl AccessToken {
    /// `None`: the text cannot be part of a head.
    pub fn new(text: &str) -> Option<AccessToken> {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| AccessToken(Arc::from(text)))
    }

    /// The token itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken")
    }
}

#[cfg(test)]
mod tests {
    use super::AccessToken;

    #[test]
    fn a_token_is_fit_for_a_head_and_in_no_debug_text() {
        for text in ["", "a b", "a\r\nX: y", "größe"] {
            assert_eq!(AccessToken::new(text), None, "{text}");
        }
        let token = AccessToken::new("s3cret").expect("it is one");
        assert_eq!(token.secret(), "s3cret");
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
