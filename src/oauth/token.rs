//! The token endpoint (RFC 6749, sections 4.1.3, 4.4.2, 5 and 6; RFC 8707, section 2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::challenge::words;
use super::form;
use super::grant::{ClientAuth, ClientIdentity, Grant};
use super::request::{OAuthReply, OAuthRequest, said};
use super::web_address::WebAddress;

/// Tokens as they come.
#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    access_token: String,
    token_type: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
}

/// Why a refresh gave no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshError {
    /// The refresh token is void: a person has to log in.
    Refused(String),
    /// The authorization server cannot be asked now, or its answer cannot be read.
    Unavailable(String),
}

/// A refreshed grant.
pub type Refreshed = Result<Grant, RefreshError>;

/// The request that gives tokens for a code.
pub(super) fn code_request(
    url: WebAddress,
    client: &ClientIdentity,
    code: &str,
    verifier: &str,
    redirect_uri: &str,
    resource: &str,
) -> OAuthRequest {
    let mut body = String::new();
    form::push(&mut body, "grant_type", "authorization_code");
    form::push(&mut body, "code", code);
    form::push(&mut body, "redirect_uri", redirect_uri);
    form::push(&mut body, "code_verifier", verifier);
    form::push(&mut body, "resource", resource);
    authenticated(url, client, body)
}

/// The request that gives tokens to a client that acts for itself.
pub(super) fn credentials_request(
    url: WebAddress,
    client: &ClientIdentity,
    scopes: &[String],
    resource: &str,
) -> OAuthRequest {
    let mut body = String::new();
    form::push(&mut body, "grant_type", "client_credentials");
    form::push(&mut body, "resource", resource);
    if !scopes.is_empty() {
        form::push(&mut body, "scope", &scopes.join(" "));
    }
    authenticated(url, client, body)
}

/// The request that refreshes a grant. `None`: it has no refresh token.
pub fn refresh_request(grant: &Grant) -> Option<OAuthRequest> {
    let token = grant.refresh_token.as_ref()?;
    let url = WebAddress::parse(&grant.token_endpoint).ok().filter(WebAddress::is_private)?;
    let mut body = String::new();
    form::push(&mut body, "grant_type", "refresh_token");
    form::push(&mut body, "refresh_token", token);
    form::push(&mut body, "resource", &grant.resource);
    Some(authenticated(url, &grant.client, body))
}

/// The grant after a refresh. A refresh token that the reply leaves out stays in force.
///
/// # Errors
///
/// [`RefreshError`].
pub fn refreshed(grant: &Grant, reply: &OAuthReply) -> Refreshed {
    let refusal = || format!("the token was not refreshed ({})", reply.refusal());
    match tokens(reply) {
        Ok(tokens) => Ok(with_tokens(grant.clone(), tokens)),
        // Anything but 400 and 401 says nothing about the token (RFC 6749, section 5.2).
        Err(_) if matches!(reply.status, 400 | 401) => Err(RefreshError::Refused(refusal())),
        Err(_) => Err(RefreshError::Unavailable(refusal())),
    }
}

/// A grant with the tokens of a reply.
///
/// # Errors
///
/// A sentence with what the authorization server said.
pub(super) fn granted(grant: Grant, reply: &OAuthReply) -> Result<Grant, String> {
    tokens(reply).map(|tokens| with_tokens(grant, tokens))
}

fn with_tokens(mut grant: Grant, tokens: Tokens) -> Grant {
    grant.access_token = tokens.access_token;
    grant.refresh_token = tokens.refresh_token.or(grant.refresh_token);
    if let Some(scope) = tokens.scope {
        // Scopes are asked for again with those of a later challenge, granted or not.
        for scope in words(&scope) {
            if !grant.scopes.contains(&scope) {
                grant.scopes.push(scope);
            }
        }
    }
    grant
}

fn tokens(reply: &OAuthReply) -> Result<Tokens, String> {
    let failed = |why: &str| format!("the authorization server gave no token ({why})");
    if !reply.is_success() {
        return Err(failed(&reply.refusal()));
    }
    let Ok(tokens) = serde_json::from_slice::<Tokens>(&reply.body) else {
        return Err(failed("its answer is no JSON"));
    };
    if tokens.access_token.is_empty() {
        // Some answer 200 to everything.
        let said = said(&reply.body);
        return Err(failed(&said.unwrap_or_else(|| "there is none in its answer".to_owned())));
    }
    // The token becomes part of a head of HTTP.
    if !tokens.access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed("it has characters that HTTP does not allow"));
    }
    match &tokens.token_type {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => {
            Err(failed("it is of another type than Bearer"))
        }
        _ => Ok(tokens),
    }
}

/// The request with what proves who the client is.
fn authenticated(url: WebAddress, client: &ClientIdentity, mut body: String) -> OAuthRequest {
    let secret = client.secret.as_deref().unwrap_or_default();
    match client.auth {
        ClientAuth::ClientSecretBasic => {
            let pair = format!("{}:{}", form::encoded(&client.id), form::encoded(secret));
            let mut request = OAuthRequest::form(url, body);
            let value = format!("Basic {}", STANDARD.encode(pair));
            request.headers.push(("Authorization", value));
            request
        }
        ClientAuth::ClientSecretPost => {
            form::push(&mut body, "client_id", &client.id);
            form::push(&mut body, "client_secret", secret);
            OAuthRequest::form(url, body)
        }
        ClientAuth::None => {
            form::push(&mut body, "client_id", &client.id);
            OAuthRequest::form(url, body)
        }
    }
}
