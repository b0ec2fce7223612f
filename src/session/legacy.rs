//! Sessions up to 2025-11-25: `initialize` first, then requests in both directions.

use std::str;

use serde_json::value::RawValue;

use crate::json::lenient::{is_text, members, text};
use crate::mcp::capabilities::Offers;
use crate::mcp::server_info::ServerInfo;
use crate::mcp::version::{LEGACY, NEWEST_LEGACY};
use crate::rpc::envelope::{self, METHOD_NOT_FOUND};
use crate::session::Session;

/// The user does not want a model to be asked (sampling, "Error Handling").
pub const REFUSED: i64 = -1;

/// The session that an `InitializeResult` opens. An unknown version, or a value that is no
/// version, is taken for the nearest version that we speak, because servers hardly differ
/// by it.
///
/// # Errors
/// A sentence when the result is no object.
pub fn session(result: &RawValue) -> Result<Session, String> {
    if !result.get().starts_with('{') {
        let shown: String = result.get().chars().take(200).collect();
        return Err(format!("the answer to initialize is no object: {shown}"));
    }
    let names = ["protocolVersion", "capabilities", "serverInfo"];
    let [version, capabilities, info] = members(result.get(), &names);
    let named = version.map_or("null", |raw| str::from_utf8(raw).unwrap_or_default());
    let known = LEGACY.into_iter().find(|known| version.is_some_and(|raw| text(raw) == *known));
    let nearest = match version {
        Some(raw) if is_text(raw) && *text(raw) < *LEGACY[0] => LEGACY[0],
        _ => NEWEST_LEGACY,
    };
    let offers = Offers::read(capabilities);
    let mut session = Session::legacy(known.unwrap_or(nearest), ServerInfo::read(info), offers);
    if known.is_none() {
        let named: String = named.chars().take(40).collect();
        session.remark = Some(format!(
            "answered initialize with protocolVersion {named}, which is none of {}: it is \
             spoken to as {nearest}",
            LEGACY.join(", ")
        ));
    }
    Ok(session)
}

/// Answers a request from a server. Every request is answered, because a server may wait
/// for an answer even at its own shutdown.
pub fn write_answer(out: &mut Vec<u8>, id: &RawValue, method: &str, roots: &str) {
    match method {
        "ping" => envelope::write_result(out, id, "{}"),
        // Some servers ask without the capability, and give up after an error. An empty
        // list is true then.
        "roots/list" => envelope::write_result(out, id, roots),
        "elicitation/create" => envelope::write_result(out, id, "{\"action\":\"decline\"}"),
        _ => {
            let message = format!("Method not found: {method}");
            envelope::write_error(out, id, METHOD_NOT_FOUND, &message);
        }
    }
}
