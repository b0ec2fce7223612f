//! What a login ends with: tokens, and what is needed to refresh them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the client proves at the token endpoint who it is (RFC 7591, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// It does not: a public client.
    #[default]
    None,
    /// `client_secret_basic`: in `Authorization`.
    ClientSecretBasic,
    /// `client_secret_post`: in the body.
    ClientSecretPost,
}

/// A client as one authorization server knows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientIdentity {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// How it is used.
    #[serde(default)]
    pub auth: ClientAuth,
}

/// Tokens for one server, of one authorization server.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The authorization server.
    pub issuer: String,
    /// Where tokens come from.
    pub token_endpoint: String,
    /// `resource` of RFC 8707.
    pub resource: String,
    /// The client to which the tokens were given.
    pub client: ClientIdentity,
    /// The access token.
    pub access_token: String,
    /// The refresh token, if the authorization server gives any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scopes that were asked for or granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("issuer", &self.issuer)
            .field("resource", &self.resource)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
