//! Access tokens, and what follows when a server refuses one (MCP "Authorization").
//!
//! The fields that `headersHelper` of an entry prints are renewed in the same way: the driver
//! runs the command again, and the requests wait meanwhile.
//!
//! The driver finds tokens: it reads them, refreshes them, and has people log in. Meanwhile
//! the requests of the server wait here, because a refused request was not executed. What a
//! person does takes minutes and holds no request: without a token requests fail, and the
//! error names the command for the login.
//!
//! Invariants:
//! - a request is held for a token once; refused again, it fails;
//! - a handshake is held for a token once on each connection.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::config::ServerConfig;
use crate::engine::action::Action;
use crate::engine::connection::{Phase, Purpose};
use crate::engine::request::RequestState;
use crate::engine::{ConnectionId, Engine, RequestId, ServerId};
use crate::error::{self, Error};
use crate::rpc::envelope::RpcError;
use crate::session::negotiation::HandshakeRequest;
use crate::time::Time;
use crate::wire::{AccessToken, Unauthorized};

/// How long a handshake may wait for a token beside its own limit. The driver gives up
/// earlier.
const TOKEN_WAIT: Duration = Duration::from_secs(90);

/// The tokens of all servers, by the address of the server, which is its
/// [`authorization_key`](ServerConfig::authorization_key).
#[derive(Debug, Default)]
pub(super) struct Authorizations {
    by_address: BTreeMap<Box<str>, Authorization>,
}

/// The token of one server.
#[derive(Default)]
struct Authorization {
    token: Option<AccessToken>,
    /// The driver looks for another one.
    is_asked: bool,
    /// Requests that were refused, and are in the queue again.
    refused: Vec<RequestId>,
    /// Requests of a handshake that were refused, with what the server said.
    held: Vec<(ConnectionId, HandshakeRequest, String)>,
    /// Connections whose handshake was held before.
    retried: Vec<ConnectionId>,
    /// Why there was no token when it was asked for last; may be empty.
    why: Unavailable,
}

/// Why there is no token, or are no other fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// A login can help. The text is empty, or a reason in a sentence.
    Login(String),
    /// The command of `headersHelper` has failed, as a whole sentence.
    Helper(String),
}

impl Default for Unavailable {
    fn default() -> Unavailable {
        Unavailable::Login(String::new())
    }
}

impl Unavailable {
    /// What is told of a request to the server called `name`.
    fn sentence(&self, name: &str) -> String {
        match self {
            Unavailable::Login(why) if why.is_empty() => format!(
                "the server wants to know who calls: mcp-login {name}, or 'headers', Authorization"
            ),
            Unavailable::Login(why) => format!("{why}; log in again: mcp-login {name}"),
            Unavailable::Helper(why) => why.clone(),
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("has_token", &self.token.is_some())
            .field("is_asked", &self.is_asked)
            .finish_non_exhaustive()
    }
}

impl Authorizations {
    /// The token for the requests to a server.
    pub(super) fn token(&self, config: &ServerConfig) -> Option<AccessToken> {
        if self.by_address.is_empty() {
            return None;
        }
        self.by_address.get(config.login_address()?.as_str())?.token.clone()
    }

    /// Whether the requests of a server wait for a token.
    pub(super) fn is_holding(&self, config: &ServerConfig) -> bool {
        !self.by_address.is_empty()
            && config.authorization_key().is_some_and(|address| {
                self.by_address.get(address.as_str()).is_some_and(|known| known.is_asked)
            })
    }
}

impl Engine {
    /// A server refused a request for want of a token.
    pub(super) fn unauthorized(
        &mut self,
        now: Time,
        id: ConnectionId,
        wire: u64,
        refusal: Unauthorized,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let server = connection.server;
        let config = self.servers[server.0 as usize].config.clone();
        let Some(address) = config.authorization_key() else {
            return self.refused(now, id, wire, refusal.message);
        };
        let Unauthorized { message, challenge, is_stale, has_own_authorization, lacks_scopes } =
            refusal;
        if lacks_scopes {
            let scopes = scopes_of(challenge.as_deref().unwrap_or_default());
            let sentence = format!(
                "the login does not reach for this{scopes}; log in again: mcp-login {}",
                config.name
            );
            self.actions.push_back(Action::Authorize { server: config, challenge, lacks_scopes });
            return self.refused(now, id, wire, sentence);
        }
        let exchange = connection.exchanges.iter().find(|exchange| exchange.wire == wire).copied();
        let Some(exchange) = exchange else { return };
        let known = self.authorizations.by_address.entry(address.into()).or_default();
        let is_held = match exchange.purpose {
            Purpose::Request(request) => {
                let Some(state) = self.requests.get_mut(&request) else { return };
                let is_first = is_stale || !std::mem::replace(&mut state.is_reauthorized, true);
                if is_first && !is_stale {
                    known.refused.push(request);
                }
                is_first
            }
            Purpose::Handshake(question) => {
                let is_first = is_stale || !known.retried.contains(&id);
                if is_first && !is_stale {
                    known.held.push((id, question, message.clone()));
                    if let Phase::Negotiating(negotiation) = &mut connection.phase {
                        negotiation.postpone(now + TOKEN_WAIT);
                    }
                }
                is_first
            }
            Purpose::Listen | Purpose::Abandoned { .. } => {
                return self.refused(now, id, wire, message);
            }
        };
        if is_held && !is_stale && !std::mem::replace(&mut known.is_asked, true) {
            let action = Action::Authorize { server: config.clone(), challenge, lacks_scopes };
            self.actions.push_back(action);
        }
        let why = match (&known.why, has_own_authorization) {
            (Unavailable::Login(_), true) => Unavailable::Helper(format!(
                "the server refuses what 'headersHelper' of server '{}' prints: {}",
                config.name, message
            )),
            (why, _) => why.clone(),
        };
        self.server_mut(server).metrics.response_received(now);
        match exchange.purpose {
            Purpose::Handshake(question) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.take(wire);
                }
                match (is_held, is_stale) {
                    (true, true) => self.ask(now, id, question),
                    (true, false) => self.note_connection(id),
                    (false, _) => self.handshake_refused(now, id, question, message, &why),
                }
            }
            Purpose::Request(request) if is_held => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.take(wire);
                }
                self.requeue(now, request, server);
                self.release(now, id);
            }
            _ => {
                let refused = "the server refuses the token of the login".to_owned();
                let why = if has_own_authorization { why } else { Unavailable::Login(refused) };
                self.refused(now, id, wire, why.sentence(&config.name));
            }
        }
    }

    /// The driver has a token for a server, or the login was given up. Requests that wait for
    /// a token go on.
    pub fn set_token(&mut self, now: Time, address: &str, token: Option<AccessToken>) {
        if let Some(token) = &token {
            self.redactor.learn(token.secret());
        }
        let known = self.authorizations.by_address.entry(address.into()).or_default();
        if !known.is_asked && known.token == token {
            return;
        }
        known.token.clone_from(&token);
        known.refused.clear();
        known.why = Unavailable::default();
        let held = std::mem::take(&mut known.held);
        let is_alive = |id: &ConnectionId| self.connections.contains_key(id);
        known.retried.retain(is_alive);
        known.retried.extend(held.iter().map(|(id, ..)| *id));
        known.is_asked = false;
        let servers = self.servers_at(address);
        for (_, connection) in self.connections.iter_mut() {
            if servers.contains(&connection.server) {
                connection.wire.set_token(token.clone());
            }
        }
        for (id, question, _) in held {
            if self.connections.get(&id).is_some_and(|connection| connection.is_negotiating()) {
                self.ask(now, id, question);
                self.note_connection(id);
            }
        }
        for server in servers {
            // The last attempt may have failed for want of this token.
            self.server_mut(server).reach.configuration_read();
            self.pump(now, server);
        }
    }

    /// The driver has found no token, or no other one: the requests that were refused fail.
    pub fn token_unavailable(&mut self, now: Time, address: &str, why: &Unavailable) {
        let Some(known) = self.authorizations.by_address.get_mut(address) else { return };
        known.why.clone_from(why);
        known.is_asked = false;
        let (refused, held) = (std::mem::take(&mut known.refused), std::mem::take(&mut known.held));
        let is_alive = |id: &ConnectionId| self.connections.contains_key(id);
        known.retried.retain(is_alive);
        known.retried.extend(held.iter().map(|(id, ..)| *id));
        for id in refused {
            let request = self.requests.get(&id);
            let Some(request) = request.filter(|request| waits(request)) else { continue };
            let Some(server) = request.server() else { continue };
            let state = self.server_mut(server);
            state.queue.remove(id);
            let message = why.sentence(&state.config.name);
            self.finish(now, id, Err(Error::new(error::Kind::Io, message)));
        }
        for (id, question, message) in held {
            self.handshake_refused(now, id, question, message, why);
        }
        for server in self.servers_at(address) {
            self.pump(now, server);
        }
    }

    /// The token that requests to an address bear.
    pub fn token(&self, address: &str) -> Option<AccessToken> {
        self.authorizations.by_address.get(address)?.token.clone()
    }

    /// The address of the page that a person has to open for a login.
    pub fn login_page(&mut self, id: RequestId, page: String) {
        let Some(request) = self.requests.get(&id) else { return };
        let (server, user_data) = (request.server_name.clone(), request.user_data);
        self.events.push_back(super::Event::LoginPage { id, user_data, server, page });
    }

    /// A handshake goes on without a token: many servers want one for calls alone. What
    /// refuses `initialize` as well is given up at once, because no try can help.
    fn handshake_refused(
        &mut self,
        now: Time,
        id: ConnectionId,
        question: HandshakeRequest,
        message: String,
        why: &Unavailable,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Phase::Negotiating(negotiation) = &mut connection.phase else { return };
        if question == HandshakeRequest::Discover {
            let error = RpcError { message, ..RpcError::default() };
            let step = negotiation.handle_reply(question, Err(&error));
            return self.negotiate(now, id, step);
        }
        let server = connection.server;
        let message = why.sentence(&self.server(server).config.name);
        self.disown(now, id, &message);
    }

    fn servers_at(&self, address: &str) -> Vec<ServerId> {
        let is_it = |id: &ServerId| {
            let config = &self.server(*id).config;
            config.authorization_key().is_some_and(|own| own == address)
        };
        self.servers.ids().filter(is_it).collect()
    }
}

/// Whether a request is in the queue of its server.
fn waits(request: &super::request::Request) -> bool {
    matches!(request.state, RequestState::Queued)
}

/// The scopes of a challenge for a sentence.
#[cfg(feature = "oauth")]
fn scopes_of(challenge: &str) -> String {
    let scopes = crate::oauth::Challenge::parse(challenge).unwrap_or_default().scopes;
    match scopes.is_empty() {
        true => String::new(),
        false => format!(", which needs the scopes {}", scopes.join(" ")),
    }
}

#[cfg(not(feature = "oauth"))]
fn scopes_of(_: &str) -> String {
    String::new()
}
