//! Sessions up to 2025-11-25: `initialize` first, then both sides may ask.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::jsonrpc::{self, METHOD_NOT_FOUND};
use crate::protocol::negotiation::Session;
use crate::protocol::offers::Offers;

/// The revision that `initialize` offers.
pub const NEWEST: &str = "2025-11-25";

/// The user does not want a model to be asked (sampling, "Error Handling").
pub const REFUSED: i64 = -1;

/// Every revision that is spoken, oldest first.
pub const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", NEWEST];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitializeResult<'a> {
    #[serde(borrow)]
    protocol_version: Cow<'a, str>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(default)]
    server_info: ServerInfo,
}

/// Who a server says it is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct ServerInfo {
    /// Its name, possibly empty.
    #[serde(default)]
    pub name: String,
    /// Its version, possibly empty.
    #[serde(default)]
    pub version: String,
}

/// The session that an `InitializeResult` opens.
///
/// # Errors
/// A sentence when the result is none, or names a revision we do not speak.
pub fn session(result: &RawValue) -> Result<Session, String> {
    let answer: InitializeResult<'_> = serde_json::from_str(result.get())
        .map_err(|error| format!("the answer to initialize is malformed: {error}"))?;
    let offers = Offers::read(answer.capabilities);
    VERSIONS
        .into_iter()
        .find(|version| *version == answer.protocol_version)
        .map(|version| Session::legacy(version, answer.server_info, offers))
        .ok_or_else(|| {
            format!(
                "the server speaks protocol version '{}', which is none of {}",
                answer.protocol_version,
                VERSIONS.join(", ")
            )
        })
}

/// Answers a request from a server. Nothing is ever left hanging: a server that
/// waits for an answer may wait for it at its own shutdown too.
pub fn write_answer(out: &mut Vec<u8>, id: &RawValue, method: &str, roots: &str) {
    match method {
        "ping" => jsonrpc::write_result(out, id, "{}"),
        // Asked without the capability too: an empty list is the truth then, and
        // an error makes some servers give up.
        "roots/list" => jsonrpc::write_result(out, id, roots),
        "elicitation/create" => jsonrpc::write_result(out, id, "{\"action\":\"decline\"}"),
        _ => {
            let message = format!("Method not found: {method}");
            jsonrpc::write_error(out, id, METHOD_NOT_FOUND, &message);
        }
    }
}
