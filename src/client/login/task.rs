//! One piece of work on the tokens of a server: a login, a refresh or a logout.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mio::{Registry, Token};

use super::exchange::{Network, OwnTls, WebExchange};
use super::loopback::Loopback;
use super::store::{StoreLock, TokenStore};
use crate::config::ServerConfig;
use crate::engine::RequestId;
use crate::oauth::{
    FlowStep, Grant, LoginFlow, OAuthRequest, RefreshError, refresh_request, refreshed,
};
use crate::time::Time;

/// How long a person may take.
const PERSON: Duration = Duration::from_secs(600);
/// How often the lock on the file is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(100);
/// How long it is tried: another process may have an exchange of 30 s under it.
const LOCK_LIMIT: Duration = Duration::from_secs(45);

/// One piece of work.
#[derive(Debug)]
pub(super) struct LoginTask {
    /// The server's key in the file.
    pub(super) address: String,
    pub(super) server: Arc<ServerConfig>,
    /// The request of the host; `None`: the engine wants a token.
    pub(super) request: Option<RequestId>,
    /// The token that the server has refused.
    pub(super) refused: Option<String>,
    pub(super) base: Token,
    pub(super) own_tls: OwnTls,
    pub(super) flow: Option<Box<LoginFlow>>,
    pub(super) loopback: Option<Loopback>,
    pub(super) stage: LoginStage,
    pub(super) limit: Time,
    /// When the lock is tried again.
    pub(super) again: Time,
    /// The beginning of `flow`, if that needs no person and has not been used.
    pub(super) first_step: Option<FlowStep>,
}

/// Where a piece of work is.
#[derive(Debug)]
pub(super) enum LoginStage {
    /// The flow goes on by this step.
    Step(FlowStep),
    /// An exchange of the flow.
    Asking(Box<WebExchange>),
    /// A person has the page.
    Person,
    /// A grant of a login is to be kept, under the lock.
    Keeping(Box<Grant>),
    /// The token is to be refreshed, under the lock.
    Renewing,
    /// It is being refreshed.
    Refreshing(Box<WebExchange>, StoreLock, Box<Grant>),
    /// The grants are to be removed, under the lock.
    Removing,
}

/// What came of a step.
#[derive(Debug)]
pub(super) enum LoginOutcome {
    /// It waits for an event, or for [`LoginTask::deadline`].
    Waits,
    /// A person has to open a page.
    Page(String),
    /// There is a token. The text says why it could not be kept; empty: it was.
    Token(Box<Grant>, String),
    /// There is none, for this reason; empty: nobody has logged in.
    None(String),
    /// The grants were removed. False: there were none.
    Removed(bool),
}

impl LoginTask {
    /// When [`step`](LoginTask::step) is due although no event comes.
    pub(super) fn deadline(&self, now: Time) -> Time {
        match &self.stage {
            LoginStage::Step(_) => now,
            LoginStage::Asking(exchange) | LoginStage::Refreshing(exchange, ..) => {
                exchange.deadline()
            }
            LoginStage::Person => {
                let visitors = self.loopback.as_ref().and_then(Loopback::deadline);
                visitors.map_or(self.limit, |due| due.min(self.limit))
            }
            LoginStage::Keeping(_) | LoginStage::Renewing | LoginStage::Removing => self.again,
        }
    }

    /// Goes on as far as possible without waiting.
    pub(super) fn step(
        &mut self,
        now: Time,
        network: &mut Network<'_>,
        store: Option<&TokenStore>,
    ) -> LoginOutcome {
        loop {
            match &mut self.stage {
                LoginStage::Step(_) => {
                    if let Some(outcome) = self.take_step(now) {
                        return outcome;
                    }
                }
                LoginStage::Asking(exchange) => {
                    let Poll::Ready(reply) = exchange.poll(now, network) else {
                        return LoginOutcome::Waits;
                    };
                    let Some(flow) = &mut self.flow else {
                        return LoginOutcome::None(String::new());
                    };
                    self.stage = LoginStage::Step(flow.replied(reply));
                }
                LoginStage::Person => {
                    if now >= self.limit {
                        let minutes = PERSON.as_secs() / 60;
                        let why = format!("nobody has logged in within {minutes} minutes");
                        return LoginOutcome::None(why);
                    }
                    self.hear_browser(now, network.registry);
                    if matches!(self.stage, LoginStage::Person) {
                        return LoginOutcome::Waits;
                    }
                }
                LoginStage::Keeping(_) => return self.keep(now, store),
                LoginStage::Removing => return self.remove(now, store),
                LoginStage::Renewing => {
                    if let Some(outcome) = self.renew(now, store) {
                        return outcome;
                    }
                }
                LoginStage::Refreshing(exchange, lock, grant) => {
                    let Poll::Ready(reply) = exchange.poll(now, network) else {
                        return LoginOutcome::Waits;
                    };
                    let reply = reply.map_err(RefreshError::Unavailable);
                    let result = reply.and_then(|reply| refreshed(grant, &reply));
                    let Some(store) = store else { return LoginOutcome::None(String::new()) };
                    return settle(store, lock, &self.address, grant, result);
                }
            }
        }
    }

    fn take_step(&mut self, now: Time) -> Option<LoginOutcome> {
        let step = std::mem::replace(&mut self.stage, LoginStage::Person);
        let LoginStage::Step(step) = step else { return Some(LoginOutcome::Waits) };
        match step {
            FlowStep::Exchange(request) => self.ask(now, request),
            FlowStep::Visit(page) => {
                self.limit = now + PERSON;
                return Some(match self.request {
                    Some(_) => LoginOutcome::Page(page),
                    // Nobody is there who could open it.
                    None => LoginOutcome::None(String::new()),
                });
            }
            FlowStep::Granted(grant) => {
                self.limit = now + LOCK_LIMIT;
                self.stage = LoginStage::Keeping(grant);
            }
            FlowStep::Failed(why) => return Some(LoginOutcome::None(why)),
        }
        None
    }

    fn ask(&mut self, now: Time, request: OAuthRequest) {
        let exchange = WebExchange::new(now, request, self.own_tls.clone(), self.base);
        self.stage = LoginStage::Asking(Box::new(exchange));
    }

    /// Takes what a browser brings back.
    fn hear_browser(&mut self, now: Time, registry: &Registry) {
        let (Some(loopback), Some(flow)) = (&mut self.loopback, &mut self.flow) else { return };
        let mut next = None;
        loopback.poll(now, registry, |target| match flow.returned(target) {
            Err(why) => (400, format!("This is not the answer that is waited for: {why}.")),
            Ok(step) => {
                let page = match &step {
                    FlowStep::Failed(why) => (400, format!("The login has failed: {why}.")),
                    _ => (200, "You are logged in. This page can be closed.".to_owned()),
                };
                next.get_or_insert(step);
                page
            }
        });
        if let Some(step) = next {
            self.stage = LoginStage::Step(step);
        }
    }

    /// Takes an address that a person has pasted.
    ///
    /// # Errors
    ///
    /// Why it is not the answer; the login goes on waiting.
    pub(super) fn returned(&mut self, address: &str) -> Result<(), &'static str> {
        let flow = self.flow.as_mut().filter(|_| matches!(self.stage, LoginStage::Person));
        let step = flow.ok_or("no page is open for a login")?.returned(address)?;
        self.stage = LoginStage::Step(step);
        Ok(())
    }

    /// The lock, or what is told when there is none.
    fn lock(&mut self, now: Time, store: &TokenStore) -> Result<StoreLock, LoginOutcome> {
        self.again = now + LOCK_PAUSE;
        match store.try_lock() {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) if now < self.limit => Err(LoginOutcome::Waits),
            Ok(None) => {
                let path = store.path().display();
                Err(LoginOutcome::None(format!("another process does not let go of {path}")))
            }
            Err(why) => Err(LoginOutcome::None(why)),
        }
    }

    fn keep(&mut self, now: Time, store: Option<&TokenStore>) -> LoginOutcome {
        let LoginStage::Keeping(grant) = &self.stage else { return LoginOutcome::Waits };
        let grant = grant.clone();
        let Some(store) = store else {
            let why = "there is no directory to keep it in";
            return LoginOutcome::Token(grant, why.to_owned());
        };
        let lock = match self.lock(now, store) {
            Ok(lock) => lock,
            Err(LoginOutcome::None(why)) => return LoginOutcome::Token(grant, why),
            Err(outcome) => return outcome,
        };
        let kept = store.put(&lock, &self.address, &grant);
        LoginOutcome::Token(grant, kept.err().unwrap_or_default())
    }

    fn remove(&mut self, now: Time, store: Option<&TokenStore>) -> LoginOutcome {
        let Some(store) = store else { return LoginOutcome::Removed(false) };
        let lock = match self.lock(now, store) {
            Ok(lock) => lock,
            Err(outcome) => return outcome,
        };
        let removed = store.read().and_then(|mut grants| {
            let had = grants.remove(&self.address);
            if had {
                store.write(&lock, &grants)?;
            }
            Ok(had)
        });
        match removed {
            Ok(had) => LoginOutcome::Removed(had),
            Err(why) => LoginOutcome::None(why),
        }
    }

    /// Looks for a token other than the refused one, and begins to refresh it if there is
    /// none. Another process may have been quicker, so the file decides.
    fn renew(&mut self, now: Time, store: Option<&TokenStore>) -> Option<LoginOutcome> {
        let Some(store) = store else { return Some(LoginOutcome::None(String::new())) };
        for is_locked in [false, true] {
            let lock = match is_locked.then(|| self.lock(now, store)) {
                Some(Err(outcome)) => return Some(outcome),
                Some(Ok(lock)) => Some(lock),
                None => None,
            };
            let grant = match store.read() {
                Ok(grants) => grants.get(&self.address).cloned(),
                Err(why) => return Some(LoginOutcome::None(why)),
            };
            let is_other =
                |grant: &Grant| self.refused.as_deref() != Some(grant.access_token.as_str());
            let request = match &grant {
                Some(grant) if is_other(grant) => {
                    return Some(LoginOutcome::Token(Box::new(grant.clone()), String::new()));
                }
                Some(grant) => refresh_request(grant),
                None => None,
            };
            let (Some(grant), Some(request)) = (grant, request) else {
                return self.without_grant();
            };
            if let Some(lock) = lock {
                let exchange = WebExchange::new(now, request, self.own_tls.clone(), self.base);
                self.stage = LoginStage::Refreshing(Box::new(exchange), lock, Box::new(grant));
            }
        }
        None
    }

    /// Nothing can be refreshed. A client that acts for itself asks for a new token.
    fn without_grant(&mut self) -> Option<LoginOutcome> {
        if let Some(step) = self.first_step.take() {
            self.stage = LoginStage::Step(step);
            return None;
        }
        let why = match self.refused {
            Some(_) => "the token of the login is no longer valid",
            None => "",
        };
        Some(LoginOutcome::None(why.to_owned()))
    }

    /// Closes all descriptors.
    pub(super) fn close(&mut self, registry: &Registry) {
        if let Some(loopback) = &mut self.loopback {
            loopback.close(registry);
        }
        if let LoginStage::Asking(exchange) | LoginStage::Refreshing(exchange, ..) = &mut self.stage
        {
            exchange.close(registry);
        }
    }
}

/// Keeps the result of a refresh. The lock is held, so no other process has changed the file
/// since it was read.
fn settle(
    store: &TokenStore,
    lock: &StoreLock,
    address: &str,
    old: &Grant,
    result: Result<Grant, RefreshError>,
) -> LoginOutcome {
    match result {
        Ok(grant) => {
            let kept = store.put(lock, address, &grant);
            LoginOutcome::Token(Box::new(grant), kept.err().unwrap_or_default())
        }
        Err(RefreshError::Unavailable(why)) => LoginOutcome::None(why),
        Err(RefreshError::Refused(why)) => {
            let removed = store.read().and_then(|mut grants| {
                if grants.get(address) == Some(old) {
                    grants.remove_first(address);
                    store.write(lock, &grants)?;
                }
                Ok(())
            });
            LoginOutcome::None(match removed {
                Ok(()) => why,
                Err(more) => format!("{why}; {more}"),
            })
        }
    }
}
