//! Which fields an entry may give to requests of HTTP.

/// Fields that are the codec's own.
const OWN: [&str; 13] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "mcp-session-id",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
];

/// What a field of a request is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpField {
    /// The entry may give it.
    Given,
    /// The codec makes it for each request.
    Made,
}

/// Looks whether a field fits a head of HTTP (RFC 9110, section 5).
///
/// # Errors
///
/// The rest of a sentence that begins with the field.
pub(super) fn check_field(name: &str, value: &str) -> Result<HttpField, &'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("is no name of a header");
    }
    if OWN.contains(&name.to_ascii_lowercase().as_str()) {
        return Ok(HttpField::Made);
    }
    if !value.bytes().all(|byte| (0x20..=0x7e).contains(&byte) || byte == b'\t') {
        return Err("must be one line of ASCII");
    }
    Ok(HttpField::Given)
}
