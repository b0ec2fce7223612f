//! Sessions since 2026-07-28: requests without a handshake.

use std::str;

use serde_json::value::RawValue;

use crate::json::lenient::{is_text, members, text};
use crate::mcp::capabilities::Offers;
use crate::mcp::render::blocks;
use crate::mcp::server_info::ServerInfo;
use crate::mcp::version::MODERN;
use crate::session::Session;

/// The server does not speak the version that the request named.
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// The head of a request lacks something that its body has, or differs from it.
pub const HEADER_MISMATCH: i64 = -32020;

/// Errors that only a modern server gives: they prove the era (versioning,
/// "Backward Compatibility").
pub const PROOFS: [i64; 3] = [HEADER_MISMATCH, -32021, UNSUPPORTED_VERSION];

/// The session that a `DiscoverResult` opens; `None` when the server lists no modern
/// revision that we speak, or when the text is no such result.
pub fn session(result: &RawValue) -> Option<Session> {
    let names = ["supportedVersions", "capabilities", "_meta"];
    let [versions, capabilities, meta] = members(result.get(), &names);
    let meta = meta.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
    let [info] = members(meta, &["io.modelcontextprotocol/serverInfo"]);
    let versions = versions.and_then(|raw| str::from_utf8(raw).ok()).unwrap_or_default();
    // A version that is no string is not ours. A single version may stand without a list.
    blocks::all(versions)
        .into_iter()
        .any(|version| is_text(version.as_bytes()) && text(version.as_bytes()) == MODERN)
        .then(|| Session::modern(ServerInfo::read(info), Some(Offers::read(capabilities))))
}
