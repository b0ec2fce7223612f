//! Sessions since 2026-07-28: no handshake state, every request stands alone.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::legacy::ServerInfo;
use crate::protocol::negotiation::Session;
use crate::protocol::offers::Offers;

/// The revision that is spoken.
pub const VERSION: &str = "2026-07-28";

/// The server does not speak the version that the request named.
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// Errors that only a modern server gives: they prove the era (versioning,
/// "Backward Compatibility").
pub const PROOFS: [i64; 3] = [-32020, -32021, UNSUPPORTED_VERSION];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoverResult<'a> {
    #[serde(borrow)]
    supported_versions: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(rename = "_meta", default)]
    meta: Option<DiscoverMeta>,
}

#[derive(Deserialize)]
struct DiscoverMeta {
    #[serde(rename = "io.modelcontextprotocol/serverInfo", default)]
    server_info: Option<ServerInfo>,
}

/// The session that a `DiscoverResult` opens; `None` when the server lists no
/// modern revision that we speak, or when the result is none at all.
pub fn session(result: &RawValue) -> Option<Session> {
    let answer: DiscoverResult<'_> = serde_json::from_str(result.get()).ok()?;
    let info = answer.meta.and_then(|meta| meta.server_info).unwrap_or_default();
    answer
        .supported_versions
        .iter()
        .any(|version| version == VERSION)
        .then(|| Session::modern(info, Some(Offers::read(answer.capabilities))))
}
