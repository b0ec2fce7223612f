//! The page that a person opens, and the address to which it leads back
//! (RFC 6749, section 4.1; RFC 9207).

use super::form;
use super::metadata::ServerMetadata;
use super::request::one_line;
use super::web_address::WebAddress;

/// What the address of the page is made of.
pub(super) struct PageRequest<'a> {
    pub(super) endpoint: &'a WebAddress,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) resource: &'a str,
    pub(super) state: &'a str,
    pub(super) code_challenge: &'a str,
}

impl PageRequest<'_> {
    /// The whole address.
    pub(super) fn address(&self) -> String {
        let mut text = self.endpoint.to_string();
        text.push(if text.contains('?') { '&' } else { '?' });
        form::push(&mut text, "response_type", "code");
        form::push(&mut text, "client_id", self.client_id);
        form::push(&mut text, "redirect_uri", self.redirect_uri);
        form::push(&mut text, "state", self.state);
        form::push(&mut text, "code_challenge", self.code_challenge);
        form::push(&mut text, "code_challenge_method", "S256");
        form::push(&mut text, "resource", self.resource);
        if !self.scopes.is_empty() {
            form::push(&mut text, "scope", &self.scopes.join(" "));
            // OpenID Connect gives no refresh token without consent.
            if self.scopes.iter().any(|scope| scope == "offline_access") {
                form::push(&mut text, "prompt", "consent");
            }
        }
        text
    }
}

/// Why a redirected address does not end the login, or ends it without a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is not the answer to this page: the login goes on waiting.
    Foreign(&'static str),
    /// The login has failed.
    Failed(String),
}

/// The code in a redirected address: a whole address, or what stands behind its `?`.
///
/// # Errors
///
/// Why there is none.
pub(super) fn code(address: &str, state: &str, server: &ServerMetadata) -> Result<String, Unfit> {
    let address = address.trim();
    let query = address.split_once('?').map_or(address, |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let pairs = form::pairs(query);
    let value = |name: &str| {
        let found = pairs.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    match value("state") {
        None => return Err(Unfit::Foreign("the address holds no state")),
        Some(theirs) if theirs != state => {
            return Err(Unfit::Foreign("the address belongs to another login"));
        }
        Some(_) => {}
    }
    let failed = |text: &str| Err(Unfit::Failed(text.to_owned()));
    // What a wrong server says is neither used nor shown (RFC 9207, section 2.4).
    match value("iss") {
        Some(issuer) if issuer != server.issuer => {
            return failed("the answer is from another authorization server (iss)");
        }
        None if server.authorization_response_iss_parameter_supported => {
            return failed("the answer does not say from which authorization server it is (iss)");
        }
        _ => {}
    }
    if let Some(error) = value("error") {
        let description = value("error_description").map(|text| format!(": {text}"));
        let said = format!("{error}{}", description.unwrap_or_default());
        return Err(Unfit::Failed(format!(
            "the authorization server refused ({})",
            one_line(&said)
        )));
    }
    match value("code") {
        Some(code) => Ok(code.to_owned()),
        None => failed("the answer of the authorization server holds no code"),
    }
}
