//! `oauth` of an entry: how the client becomes known to the authorization server.

use std::fmt;

/// What an entry says about its login.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct OAuthEntry {
    /// `clientId`: a client that was registered by hand.
    pub client_id: Option<String>,
    /// `clientSecret`: its secret.
    pub client_secret: Option<String>,
    /// `clientMetadataUrl`: the address of a client id metadata document.
    pub client_metadata_url: Option<String>,
    /// `callbackPort`: the port of this host to which the browser is led back.
    pub callback_port: Option<u16>,
    /// `authServerMetadataUrl`: the metadata of the authorization server, in place of what
    /// the server says.
    pub metadata_url: Option<String>,
    /// `scopes`: what is asked for, in place of what the server says.
    pub scopes: Vec<String>,
    /// `grantType` is `client_credentials`: no person takes part.
    pub is_client_credentials: bool,
}

impl fmt::Debug for OAuthEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthEntry")
            .field("callback_port", &self.callback_port)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
