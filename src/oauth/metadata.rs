//! The documents of discovery.

use serde::Deserialize;

use super::web_address::WebAddress;

/// Protected resource metadata (RFC 9728, section 2).
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ResourceMetadata {
    pub(super) resource: Option<String>,
    #[serde(default)]
    pub(super) authorization_servers: Vec<String>,
    pub(super) scopes_supported: Option<Vec<String>>,
}

/// Authorization server metadata (RFC 8414, section 2; OpenID Connect Discovery, section 3).
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ServerMetadata {
    #[serde(default)]
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) registration_endpoint: Option<String>,
    pub(super) scopes_supported: Option<Vec<String>>,
    pub(super) code_challenge_methods_supported: Option<Vec<String>>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) client_id_metadata_document_supported: bool,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl ServerMetadata {
    /// The endpoints of a server without metadata (2025-03-26, "Fallbacks for Servers without
    /// Metadata Discovery").
    pub(super) fn without_document(server: &WebAddress) -> ServerMetadata {
        let endpoint = |path: &str| Some(server.at(path).to_string());
        ServerMetadata {
            issuer: server.origin(),
            authorization_endpoint: endpoint("/authorize"),
            token_endpoint: endpoint("/token"),
            registration_endpoint: endpoint("/register"),
            code_challenge_methods_supported: Some(vec!["S256".to_owned()]),
            ..ServerMetadata::default()
        }
    }

    /// Whether the server checks PKCE by S256.
    pub(super) fn has_pkce(&self) -> bool {
        let methods = self.code_challenge_methods_supported.iter().flatten();
        methods.into_iter().any(|method| method == "S256")
    }

    /// Whether the server takes this method of authentication at its token endpoint.
    pub(super) fn takes(&self, method: &str) -> bool {
        self.token_endpoint_auth_methods_supported
            .as_ref()
            .is_none_or(|methods| methods.iter().any(|known| known == method))
    }
}

/// The address of an endpoint, if secrets may be sent there.
///
/// # Errors
///
/// A sentence that names the endpoint.
pub(super) fn endpoint(name: &str, address: Option<&String>) -> Result<WebAddress, String> {
    let Some(address) = address else {
        return Err(format!("the authorization server names no {name}"));
    };
    let read = WebAddress::parse(address).map_err(|why| format!("its {name} {why}"))?;
    match read.is_private() {
        true => Ok(read),
        false => Err(format!("its {name} {read} is not https")),
    }
}
