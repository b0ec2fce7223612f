//! How the client becomes known to an authorization server (MCP "Client Registration").

use serde::Deserialize;
use serde_json::json;

use super::grant::{ClientAuth, ClientIdentity};
use super::metadata::{ServerMetadata, endpoint};
use super::request::{OAuthReply, OAuthRequest};
use crate::config::OAuthEntry;

/// The way that is open to the client.
pub(super) enum Registration {
    /// It is known already.
    Known(ClientIdentity),
    /// It has to be registered by this request (RFC 7591).
    Needed(OAuthRequest),
}

/// Chooses the way: a client that was registered by hand, a client id metadata document, or
/// dynamic registration.
///
/// # Errors
///
/// A sentence when no way is open.
pub(super) fn choose(
    entry: &OAuthEntry,
    server: &ServerMetadata,
    client_name: &str,
    redirect_uri: &str,
) -> Result<Registration, String> {
    if let Some(id) = &entry.client_id {
        let auth = match &entry.client_secret {
            None => ClientAuth::None,
            Some(_) => auth_with_secret(server, None),
        };
        let (id, secret) = (id.clone(), entry.client_secret.clone());
        return Ok(Registration::Known(ClientIdentity { id, secret, auth }));
    }
    let document = entry.client_metadata_url.as_ref();
    if let Some(id) = document.filter(|_| server.client_id_metadata_document_supported) {
        let auth = ClientAuth::None;
        return Ok(Registration::Known(ClientIdentity { id: id.clone(), secret: None, auth }));
    }
    if server.registration_endpoint.is_none() {
        return Err("the authorization server registers no clients: register one there by hand \
                    and put \"oauth\": {\"clientId\": ...} into the entry"
            .to_owned());
    }
    let url = endpoint("registration_endpoint", server.registration_endpoint.as_ref())?;
    // A secret that lies in a file of every user proves nothing, so none is wanted.
    let method = ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .find(|method| server.takes(method))
        .unwrap_or("none");
    let body = json!({
        "client_name": client_name,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        // OpenID Connect takes a client without it for one on the web, and refuses loopback.
        "application_type": "native",
    });
    Ok(Registration::Needed(OAuthRequest::json(url, body.to_string())))
}

/// The client that a registration has made.
///
/// # Errors
///
/// A sentence with what the authorization server said.
pub(super) fn registered(
    server: &ServerMetadata,
    reply: &OAuthReply,
) -> Result<ClientIdentity, String> {
    #[derive(Deserialize)]
    struct Registered {
        client_id: String,
        client_secret: Option<String>,
        token_endpoint_auth_method: Option<String>,
    }
    if !reply.is_success() {
        return Err(format!("the client was not registered ({})", reply.refusal()));
    }
    let made: Registered = serde_json::from_slice(&reply.body)
        .map_err(|_| "the answer to the registration has no client_id".to_owned())?;
    let auth = match &made.client_secret {
        None => ClientAuth::None,
        Some(_) => auth_with_secret(server, made.token_endpoint_auth_method.as_deref()),
    };
    Ok(ClientIdentity { id: made.client_id, secret: made.client_secret, auth })
}

/// How a client with a secret proves who it is: as it was registered, or else by what the
/// server takes. Without a word of the server that is `client_secret_basic` (RFC 8414).
fn auth_with_secret(server: &ServerMetadata, registered: Option<&str>) -> ClientAuth {
    match registered {
        Some("none") => ClientAuth::None,
        Some("client_secret_post") => ClientAuth::ClientSecretPost,
        Some("client_secret_basic") => ClientAuth::ClientSecretBasic,
        _ if server.takes("client_secret_basic") => ClientAuth::ClientSecretBasic,
        _ if server.takes("client_secret_post") => ClientAuth::ClientSecretPost,
        _ => ClientAuth::None,
    }
}
