//! Logins: tokens of servers that want to know who calls (MCP "Authorization").
//!
//! [`LoginFlow`] and the engine decide; this part carries out exchanges, listens for the
//! browser, and keeps the file. Each piece of work is a [`LoginTask`] that goes on when one of its
//! descriptors or its time says so. No call waits.
//!
//! Invariants:
//! - a server has at most one task: a later login or logout takes the place of what goes on;
//! - a request of the host ends exactly once, or the host has cancelled it;
//! - no token, code or verifier is in a log line, an error or an event.

mod exchange;
mod loopback;
mod store;
mod task;

use std::collections::BTreeMap;
use std::sync::Arc;

use mio::Token;

use crate::channel::TOKENS;
use crate::config::ServerConfig;
use crate::engine::{LogLevel, Reply, RequestId, Unavailable};
use crate::error::{Error, Kind, Result};
use crate::oauth::{Challenge, FlowSettings, FlowStep, Grant, LoginFlow, RANDOM_BYTES, WebAddress};
use crate::sys::{clock, entropy};
use crate::time::Time;
use crate::wire::AccessToken;

use super::Client;
use super::tokens::LOGINS;
use exchange::{Network, OwnTls};
use loopback::Loopback;
use store::TokenStore;
use task::{LoginOutcome, LoginStage, LoginTask};

/// How long a file may be locked by others before a task gives up, in seconds.
const LOCK_LIMIT: std::time::Duration = std::time::Duration::from_secs(45);

/// The logins of one client.
#[derive(Debug, Default)]
pub(super) struct Logins {
    tasks: Vec<LoginTask>,
    /// How many tasks there were.
    begun: usize,
    /// A descriptor of a task has something.
    is_ready: bool,
    /// The challenges with which servers refused, by their addresses.
    challenges: BTreeMap<String, Challenge>,
}

impl Logins {
    /// Whether an event is of a login. Its task goes on with the next dispatch.
    pub(super) fn note(&mut self, token: Token) -> bool {
        let is_ours = LOGINS.contains(&token.0);
        self.is_ready |= is_ours;
        is_ours
    }

    /// When a task is due although no event comes.
    pub(super) fn deadline(&self, now: Time) -> Option<Time> {
        if self.is_ready {
            return Some(now);
        }
        self.tasks.iter().map(|task| task.deadline(now)).min()
    }
}

impl Client {
    /// Logs in at a server. [`Event::LoginPage`](crate::engine::Event::LoginPage) has the page
    /// for a person, unless the entry needs none; the request ends with
    /// [`Reply::Ready`], or says what has failed. A login of the server that goes on is
    /// cancelled.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server, or one that has no login.
    pub fn login(&mut self, server: &str, user_data: u64) -> Result<RequestId> {
        let now = clock::now();
        let config = self.engine.entry(server)?;
        let (address, web) = login_address(&config)?;
        let stored = match self.token_store().as_ref().map(TokenStore::read) {
            Some(Ok(stored)) => stored.get(&address).cloned(),
            Some(Err(why)) => return Err(Error::new(Kind::Invalid, why)),
            None => None,
        };
        self.end_login(now, &address);
        let scopes = stored.map(|grant| grant.scopes).unwrap_or_default();
        let mut task = self.new_task(now, &address, &config, LoginStage::Renewing);
        let port = config.http.as_ref().and_then(|http| http.oauth.as_ref()?.callback_port);
        let listener = Token(task.base.0 + TOKENS);
        let redirect_uri = match Loopback::new(port, self.poll.registry(), listener) {
            Ok(loopback) => {
                let uri = loopback.redirect_uri().to_owned();
                task.loopback = Some(loopback);
                uri
            }
            Err(error) => {
                let (port, text) = (port.unwrap_or_default(), crate::sys::sentence(&error));
                (self.log)(
                    LogLevel::Warning,
                    &format!("port {port} of this host cannot be listened on: {text}"),
                );
                Loopback::unheard(port)
            }
        };
        let (flow, step) = self.flow(&config, web, &address, redirect_uri, scopes)?;
        (task.flow, task.stage) = (Some(Box::new(flow)), LoginStage::Step(step));
        let name = config.id();
        let id = self.engine.add_driver_request(now, &name, None, user_data);
        task.request = Some(id);
        self.logins.tasks.push(task);
        self.drive_logins(now);
        Ok(id)
    }

    /// Takes the address to which a browser was led back, for a login whose browser cannot
    /// reach this host.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server, or when it is not the answer to its login.
    pub fn login_answer(&mut self, server: &str, address: &str) -> Result<()> {
        let now = clock::now();
        let config = self.engine.entry(server)?;
        let (key, _) = login_address(&config)?;
        let task = self.logins.tasks.iter_mut().find(|task| task.address == key);
        let taken = match task {
            Some(task) => task.returned(address),
            None => Err("no login is under way"),
        };
        let name = &config.name;
        taken.map_err(|why| Error::new(Kind::Invalid, format!("server '{name}': {why}")))?;
        self.drive_logins(now);
        Ok(())
    }

    /// Forgets the tokens of a server, also in the file. The request ends with
    /// [`Reply::Ready`], or says that there were none.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server, or one that has no login.
    pub fn logout(&mut self, server: &str, user_data: u64) -> Result<RequestId> {
        let now = clock::now();
        let config = self.engine.entry(server)?;
        let (address, _) = login_address(&config)?;
        self.end_login(now, &address);
        let id = self.engine.add_driver_request(now, &config.id(), None, user_data);
        let mut task = self.new_task(now, &address, &config, LoginStage::Removing);
        task.request = Some(id);
        self.logins.tasks.push(task);
        self.drive_logins(now);
        Ok(id)
    }

    /// A server wants a token, or another one.
    pub(super) fn authorize(
        &mut self,
        now: Time,
        config: &Arc<ServerConfig>,
        challenge: Option<&str>,
        lacks_scopes: bool,
    ) {
        let Some(address) = config.login_address() else { return };
        if let Some(challenge) = challenge.and_then(Challenge::parse) {
            self.logins.challenges.insert(address.clone(), challenge);
        }
        if lacks_scopes {
            return;
        }
        if self.logins.tasks.iter().any(|task| task.address == address) {
            // A login or a logout goes on, which may take minutes.
            return self.engine.token_unavailable(now, &address, &Unavailable::default());
        }
        let mut task = self.new_task(now, &address, config, LoginStage::Renewing);
        task.refused = self.engine.token(&address).map(|token| token.secret().to_owned());
        let oauth = config.http.as_ref().and_then(|http| http.oauth.as_ref());
        if oauth.is_some_and(|oauth| oauth.is_client_credentials) {
            if let Ok((_, web)) = login_address(config) {
                match self.flow(config, web, &address, String::new(), Vec::new()) {
                    Ok((flow, step)) => {
                        (task.flow, task.first_step) = (Some(Box::new(flow)), Some(step));
                    }
                    Err(error) => (self.log)(LogLevel::Warning, error.message()),
                }
            }
        }
        self.logins.tasks.push(task);
        self.logins.is_ready = true;
    }

    /// Tokens are kept beside the file of eras; without one they are kept in memory.
    fn token_store(&self) -> Option<TokenStore> {
        Some(TokenStore::new(self.eras.path()?.with_file_name("tokens.json")))
    }

    /// Reads the tokens that logins have left, those of other processes among them.
    pub(super) fn read_tokens(&mut self, now: Time) {
        let Some(store) = self.token_store() else { return };
        match store.read() {
            Ok(stored) => {
                for (address, grant) in stored.iter() {
                    let is_free = !self.logins.tasks.iter().any(|task| task.address == address);
                    if let Some(token) = AccessToken::new(&grant.access_token).filter(|_| is_free) {
                        learn(&mut self.engine, grant);
                        self.engine.set_token(now, address, Some(token));
                    }
                }
            }
            Err(why) => (self.log)(LogLevel::Warning, &format!("tokens are not used: {why}")),
        }
    }

    /// Has the tasks go on that have something to do.
    pub(super) fn drive_logins(&mut self, now: Time) {
        let due = self.logins.deadline(now).is_some_and(|due| due <= now);
        if !due {
            return;
        }
        self.logins.is_ready = false;
        let mut tasks = std::mem::take(&mut self.logins.tasks);
        tasks.retain_mut(|task| {
            let is_wanted = task.request.is_none_or(|id| self.engine.has_request(id));
            let goes_on = is_wanted && self.step(now, task);
            if !goes_on {
                task.close(self.poll.registry());
            }
            goes_on
        });
        self.logins.tasks.append(&mut tasks);
        self.carry_out(now);
    }

    /// A step of a task. False: it is over.
    fn step(&mut self, now: Time, task: &mut LoginTask) -> bool {
        let store = self.token_store();
        loop {
            let mut network = Network {
                registry: self.poll.registry(),
                env: &self.options.env,
                #[cfg(feature = "tls")]
                tls: &mut self.tls_contexts,
                scratch: &mut self.scratch,
            };
            match task.step(now, &mut network, store.as_ref()) {
                LoginOutcome::Waits => return true,
                LoginOutcome::Page(page) => {
                    if let Some(id) = task.request {
                        self.engine.login_page(id, page);
                    }
                }
                LoginOutcome::Token(grant, why) => {
                    self.token_came(now, task, &grant, &why);
                    return false;
                }
                LoginOutcome::None(why) => {
                    match task.request {
                        Some(id) => {
                            let error = Error::new(Kind::Io, why);
                            self.engine.finish_driver_request(now, id, Err(error));
                        }
                        None => {
                            let why = Unavailable::Login(why);
                            self.engine.token_unavailable(now, &task.address, &why);
                        }
                    }
                    return false;
                }
                LoginOutcome::Removed(had) => {
                    let had = had || self.engine.token(&task.address).is_some();
                    self.engine.set_token(now, &task.address, None);
                    if let Some(id) = task.request {
                        let outcome = match had {
                            true => Ok(Reply::Ready),
                            false => Err(Error::new(Kind::Invalid, "nobody has logged in")),
                        };
                        self.engine.finish_driver_request(now, id, outcome);
                    }
                    return false;
                }
            }
        }
    }

    fn token_came(&mut self, now: Time, task: &LoginTask, grant: &Grant, why: &str) {
        learn(&mut self.engine, grant);
        if !why.is_empty() {
            let line = format!("the token of {} is not kept: {why}", task.server.name);
            (self.log)(LogLevel::Warning, &line);
        }
        self.logins.challenges.remove(&task.address);
        match AccessToken::new(&grant.access_token) {
            Some(token) => self.engine.set_token(now, &task.address, Some(token)),
            // The file may have been changed by hand.
            None => {
                let why = Unavailable::Login("the token is damaged".to_owned());
                self.engine.token_unavailable(now, &task.address, &why);
            }
        }
        if let Some(id) = task.request {
            self.engine.finish_driver_request(now, id, Ok(Reply::Ready));
        }
    }

    /// Ends what goes on for a server, because a later command takes its place.
    fn end_login(&mut self, now: Time, address: &str) {
        let at = self.logins.tasks.iter().position(|task| task.address == address);
        let Some(at) = at else { return };
        let mut task = self.logins.tasks.swap_remove(at);
        task.close(self.poll.registry());
        match task.request {
            Some(id) => {
                let error = Error::new(Kind::Cancelled, "a later login or logout took its place");
                self.engine.finish_driver_request(now, id, Err(error));
            }
            None => self.engine.token_unavailable(now, address, &Unavailable::default()),
        }
    }

    fn new_task(
        &mut self,
        now: Time,
        address: &str,
        config: &Arc<ServerConfig>,
        stage: LoginStage,
    ) -> LoginTask {
        self.logins.begun += 1;
        let origin = WebAddress::parse(address).map(|web| web.origin()).unwrap_or_default();
        LoginTask {
            address: address.to_owned(),
            server: config.clone(),
            request: None,
            refused: None,
            base: Token(LOGINS.start() + 2 * TOKENS * self.logins.begun),
            own_tls: OwnTls { origin, tls: config.tls.clone() },
            flow: None,
            loopback: None,
            stage,
            limit: now + LOCK_LIMIT,
            again: Time::ZERO,
            first_step: None,
        }
    }

    fn flow(
        &self,
        config: &ServerConfig,
        web: WebAddress,
        address: &str,
        redirect_uri: String,
        scopes: Vec<String>,
    ) -> Result<(LoginFlow, FlowStep)> {
        let mut random = [0; RANDOM_BYTES];
        entropy::fill(&mut random).map_err(|error| {
            let text = crate::sys::sentence(&error);
            Error::new(Kind::Io, format!("the system has no random bytes: {text}"))
        })?;
        let oauth = config.http.as_ref().and_then(|http| http.oauth.as_deref());
        let client_name = match self.options.name.as_str() {
            "" => "tmcp",
            name => name,
        };
        Ok(LoginFlow::start(FlowSettings {
            server: web,
            entry: oauth.cloned().unwrap_or_default(),
            challenge: self.logins.challenges.get(address).cloned(),
            scopes,
            client_name: client_name.to_owned(),
            redirect_uri,
            random,
        }))
    }
}

/// Keeps the secrets of a grant in mind.
fn learn(engine: &mut crate::engine::Engine, grant: &Grant) {
    let secrets = [Some(&grant.access_token), grant.refresh_token.as_ref()];
    for secret in secrets.into_iter().flatten().chain(&grant.client.secret) {
        engine.learn_secret(secret);
    }
}

/// The address of a server that tokens belong to.
///
/// # Errors
/// [`Kind::Invalid`] with why there is no login.
fn login_address(config: &ServerConfig) -> Result<(String, WebAddress)> {
    let refused = |why: &str| Error::new(Kind::Invalid, format!("server '{}' {why}", config.name));
    if config.http.is_none() {
        return Err(refused("is not reached by HTTP, so it has no login"));
    }
    if config.address.is_none() {
        return Err(refused("is reached by a Unix socket, so it has no login"));
    }
    let Some(address) = config.login_address() else {
        return Err(refused("has an Authorization of its own in 'headers'"));
    };
    let web = WebAddress::parse(&address);
    let web = web.map_err(|why| refused(&format!("has an address that {why}")))?;
    match web.is_private() {
        true => Ok((address, web)),
        false => Err(refused("is reached without TLS, by which no token is sent")),
    }
}
