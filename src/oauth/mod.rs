//! Authorization of MCP over HTTP, without I/O (MCP "Authorization", 2025-03-26 to 2026-07-28).
//!
//! A [`LoginFlow`] is one login. It says which exchange over HTTP it needs next, or which page a
//! person has to open, and takes the reply. It opens no stream, reads no clock and no file,
//! and gets its random bytes from the caller.
//!
//! * [`challenge`](Challenge) — `WWW-Authenticate` (RFC 9110, RFC 6750, RFC 9728).
//! * `discovery` — which documents to ask for, and in which order (RFC 9728, RFC 8414).
//! * `metadata` — the documents themselves.
//! * `registration` — how the client becomes known to the authorization server.
//! * `pkce`, `authorize` — the page that a person opens, and the address it leads back to.
//! * `token` — code, refresh token or client credentials for an access token.
//!
//! Invariants:
//! - A code is sent only after `state` and `iss` of the redirected address were checked.
//! - No `Debug` text and no error holds a token, a code, a verifier or a client secret.
//! - Every address that is asked is `https`, or of this host.

mod authorize;
mod challenge;
mod discovery;
mod flow;
mod form;
mod grant;
mod metadata;
mod pkce;
mod registration;
mod request;
mod token;
mod web_address;

pub use challenge::Challenge;
pub use flow::{FlowSettings, FlowStep, LoginFlow, RANDOM_BYTES};
pub use grant::{ClientAuth, ClientIdentity, Grant};
pub use request::{OAuthReply, OAuthRequest};
pub use token::{RefreshError, Refreshed, refresh_request, refreshed};
pub use web_address::WebAddress;

#[cfg(test)]
mod tests;
