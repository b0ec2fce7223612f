//! Which documents are asked for, and in which order (MCP "Authorization Server Discovery").

use std::collections::VecDeque;

use super::web_address::WebAddress;

/// Where protected resource metadata may be: at the path of the server, then at the root
/// (RFC 9728, section 3.1). An address that the server has named comes alone.
pub(super) fn resource_documents(
    server: &WebAddress,
    named: Option<&str>,
) -> Result<VecDeque<WebAddress>, String> {
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    if let Some(named) = named {
        let address = WebAddress::parse(named)
            .map_err(|why| format!("the address of its resource metadata {why}"))?;
        let is_as_private = address.is_private() || address.origin() == server.origin();
        return match is_as_private {
            true => Ok([address].into()),
            false => Err("the address of its resource metadata is not https".to_owned()),
        };
    }
    let path = server.bare_path();
    let mut all: VecDeque<WebAddress> = [server.at(WELL_KNOWN)].into();
    if !path.is_empty() {
        all.push_front(server.at(&format!("{WELL_KNOWN}{path}")));
    }
    Ok(all)
}

/// Where the metadata of an authorization server may be (RFC 8414, sections 3.1 and 5).
///
/// # Errors
///
/// A sentence when the issuer is no address that can be asked.
pub(super) fn server_documents(issuer: &str) -> Result<VecDeque<WebAddress>, String> {
    let address = WebAddress::parse(issuer)
        .map_err(|why| format!("the address of its authorization server {why}"))?;
    if !address.is_private() {
        return Err(format!("its authorization server {address} is not https"));
    }
    let path = address.bare_path();
    let oauth = address.at(&format!("/.well-known/oauth-authorization-server{path}"));
    let openid = address.at(&format!("/.well-known/openid-configuration{path}"));
    let mut all: VecDeque<WebAddress> = [oauth, openid].into();
    if !path.is_empty() {
        all.push_back(address.at(&format!("{path}/.well-known/openid-configuration")));
    }
    Ok(all)
}

/// The resource for which tokens are asked (RFC 8707, section 2): what the metadata says, if
/// the server is within it, else the server's own address.
///
/// # Errors
///
/// A sentence when the metadata is about another server.
pub(super) fn resource(server: &WebAddress, said: Option<&str>) -> Result<String, String> {
    let Some(said) = said else {
        return Ok(format!("{}{}", server.origin(), server.bare_path()));
    };
    let resource = WebAddress::parse(said).map_err(|why| format!("its resource {why}"))?;
    let (whole, part) = (server.bare_path(), resource.bare_path());
    let is_within = whole.strip_prefix(part).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    match resource.origin() == server.origin() && is_within {
        true => Ok(said.to_owned()),
        false => Err(format!("its metadata is about another server, {resource:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> WebAddress {
        WebAddress::parse(text).expect("an address")
    }

    fn texts(addresses: Result<VecDeque<WebAddress>, String>) -> Vec<String> {
        addresses.expect("addresses").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn metadata_of_a_resource_is_at_its_path_and_then_at_the_root() {
        assert_eq!(
            texts(resource_documents(&address("https://h/a/mcp?key=x"), None)),
            [
                "https://h/.well-known/oauth-protected-resource/a/mcp",
                "https://h/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            texts(resource_documents(&address("https://h/"), None)),
            ["https://h/.well-known/oauth-protected-resource"]
        );
        assert_eq!(
            texts(resource_documents(&address("https://h/mcp"), Some("https://g/x"))),
            ["https://g/x"]
        );
        let other = resource_documents(&address("https://h/mcp"), Some("http://g/x"));
        assert_eq!(other.unwrap_err(), "the address of its resource metadata is not https");
    }

    #[test]
    fn metadata_of_an_authorization_server_has_three_places() {
        assert_eq!(
            texts(server_documents("https://h/t/1")),
            [
                "https://h/.well-known/oauth-authorization-server/t/1",
                "https://h/.well-known/openid-configuration/t/1",
                "https://h/t/1/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            texts(server_documents("https://h/")),
            [
                "https://h/.well-known/oauth-authorization-server",
                "https://h/.well-known/openid-configuration"
            ]
        );
        assert!(server_documents("http://h.example").is_err());
        assert!(server_documents("http://127.0.0.1:9").is_ok());
    }

    #[test]
    fn a_resource_is_the_server_or_around_it() {
        let server = address("https://h/a/mcp?key=x");
        assert_eq!(resource(&server, None).as_deref(), Ok("https://h/a/mcp"));
        for around in ["https://h", "https://h/", "https://h/a", "https://H/a/mcp"] {
            assert_eq!(resource(&server, Some(around)).as_deref(), Ok(around));
        }
        for other in ["https://g/a/mcp", "http://h/a/mcp", "https://h/b", "https://h/a/m", "x"] {
            assert!(resource(&server, Some(other)).is_err(), "{other}");
        }
    }
}
