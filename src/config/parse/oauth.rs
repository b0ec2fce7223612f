//! `oauth` of an entry.

use serde_json::Value;

use super::entry::{EntryReader, expected, wrong_number};
use super::spelling;
use crate::config::{OAuthEntry, quoted};

const KEYS: [&str; 7] = [
    "clientId",
    "clientSecret",
    "clientMetadataUrl",
    "callbackPort",
    "authServerMetadataUrl",
    "scopes",
    "grantType",
];
/// Spellings of other clients.
const OTHER: [(&str, &str); 6] = [
    ("client_id", "clientId"),
    ("client_secret", "clientSecret"),
    ("callback_port", "callbackPort"),
    ("scope", "scopes"),
    ("CLIENT_ID", "clientId"),
    ("CLIENT_SECRET", "clientSecret"),
];

impl EntryReader<'_> {
    /// `oauth`: an object. Claude Code's keys, and `clientSecret`, `clientMetadataUrl`,
    /// `grantType`.
    pub(super) fn oauth(&mut self) -> Result<Option<OAuthEntry>, String> {
        let (key, map) = match self.any_field(&["oauth"]) {
            None | Some((_, Value::Bool(_))) => return Ok(None),
            Some((key, Value::Object(map))) => (key, map.clone()),
            Some((key, other)) => return Err(expected(&key, "an object", other)),
        };
        let mut entry = OAuthEntry::default();
        for (word, value) in &map {
            if value.is_null() {
                continue;
            }
            let at = format!("{key}.{word}");
            let known = OTHER.iter().find(|(other, _)| other == word).map(|(_, own)| *own);
            match known.unwrap_or(word) {
                "clientId" => entry.client_id = self.oauth_text(&at, value)?,
                "clientSecret" => entry.client_secret = self.oauth_text(&at, value)?,
                "clientMetadataUrl" => entry.client_metadata_url = self.oauth_text(&at, value)?,
                "authServerMetadataUrl" => entry.metadata_url = self.oauth_text(&at, value)?,
                "callbackPort" => {
                    let number = match value {
                        Value::String(text) => self.word(&at, text)?.trim().parse().ok(),
                        other => other.as_u64(),
                    };
                    let port = number.and_then(|port| u16::try_from(port).ok());
                    entry.callback_port = Some(
                        port.filter(|port| *port != 0)
                            .ok_or_else(|| wrong_number(&at, "a port from 1 to 65535", value))?,
                    );
                }
                "scopes" => {
                    let texts = match value {
                        Value::Array(items) => items.clone(),
                        other => vec![other.clone()],
                    };
                    for text in &texts {
                        let text = self.scalar(&at, text)?;
                        entry.scopes.extend(text.split_whitespace().map(str::to_owned));
                    }
                }
                "grantType" => match self.scalar(&at, value)?.as_str() {
                    "client_credentials" => entry.is_client_credentials = true,
                    "authorization_code" => {}
                    _ => {
                        let at = quoted(&at);
                        return Err(format!(
                            "{at} must be 'authorization_code' or 'client_credentials'"
                        ));
                    }
                },
                _ => match spelling::near(word, KEYS.into_iter()) {
                    Some(own) => {
                        let at = quoted(&at);
                        return Err(format!("unknown key {at}: did you mean '{own}'?"));
                    }
                    None => self.warn(&format!(
                        "unknown key {}: there are {}",
                        quoted(&at),
                        KEYS.map(quoted).join(", ")
                    )),
                },
            }
        }
        Ok(Some(entry))
    }

    /// A text in one line; an empty one counts as none.
    fn oauth_text(&mut self, at: &str, value: &Value) -> Result<Option<String>, String> {
        let text = self.scalar(at, value)?.trim().to_owned();
        if text.chars().any(char::is_control) {
            return Err(format!("{} must be one line", quoted(at)));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bad, good, warned};
    use crate::config::OAuthEntry;

    fn entry(oauth: &str) -> String {
        format!(r#"{{"type": "http", "url": "https://h/mcp", "oauth": {oauth}}}"#)
    }

    fn read(oauth: &str) -> OAuthEntry {
        *good(&entry(oauth)).http.expect("it has one").oauth.expect("it has one")
    }

    #[test]
    fn the_keys_of_a_login_are_read() {
        assert_eq!(
            read(
                r#"{"clientId": "c", "clientSecret": "s", "callbackPort": "8080",
                "authServerMetadataUrl": "https://a/x", "scopes": "a b",
                "clientMetadataUrl": "https://c/m.json", "grantType": "client_credentials"}"#
            ),
            OAuthEntry {
                client_id: Some("c".to_owned()),
                client_secret: Some("s".to_owned()),
                client_metadata_url: Some("https://c/m.json".to_owned()),
                callback_port: Some(8080),
                metadata_url: Some("https://a/x".to_owned()),
                scopes: vec!["a".to_owned(), "b".to_owned()],
                is_client_credentials: true,
            }
        );
        let others = read(r#"{"client_id": "c", "scopes": ["a", "b c"], "callbackPort": null}"#);
        assert_eq!(others.client_id.as_deref(), Some("c"));
        assert_eq!(others.scopes, ["a", "b", "c"]);
        assert!(good(&entry("false")).http.expect("it has one").oauth.is_none());
    }

    #[test]
    fn what_a_login_cannot_have_is_told() {
        for (oauth, told) in [
            ("7", "'oauth' must be an object, not a number"),
            (
                r#"{"callbackPort": 70000}"#,
                "'oauth.callbackPort' must be a port from 1 to 65535, not 70000",
            ),
            (r#"{"clientID": "c"}"#, "unknown key 'oauth.clientID': did you mean 'clientId'?"),
            (r#"{"clientId": "a\nb"}"#, "'oauth.clientId' must be one line"),
            (
                r#"{"grantType": "password"}"#,
                "'oauth.grantType' must be 'authorization_code' or 'client_credentials'",
            ),
        ] {
            assert_eq!(bad(&entry(oauth)), told, "{oauth}");
        }
        let (server, told) = warned(&entry(r#"{"xaa": true, "clientSecret": "SECRET"}"#));
        assert!(told[0].starts_with("unknown key 'oauth.xaa': there are 'clientId', "), "{told:?}");
        assert!(!format!("{server:?}").contains("SECRET"));
    }
}
