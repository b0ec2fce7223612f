//! One attempt to get a usable connection, and how it failed.

use std::time::Duration;

use crate::config::{ServerConfig, Transport};
use crate::engine::ConnectionId;
use crate::engine::action::OpenFailure;
use crate::engine::loss::Loss;
use crate::metrics::{ErrorCategory, EvictionCause};

/// An attempt.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Attempt {
    pub(in crate::engine) connection: ConnectionId,
    pub(in crate::engine) channel: Transport,
    /// The round of attempts at the time the connection was opened. Attempts of one round
    /// fail together, once.
    pub(in crate::engine) round: u32,
    /// `server/discover` was sent on the connection.
    pub(in crate::engine) probed: bool,
}

/// An attempt that failed.
#[derive(Debug)]
pub(in crate::engine) struct FailedAttempt {
    pub(in crate::engine) attempt: Attempt,
    pub(in crate::engine) failure: OpenFailure,
    pub(in crate::engine) category: ErrorCategory,
}

impl FailedAttempt {
    /// The message for the requests that wait. It names the endpoint, because the name of
    /// the entry tells a person only which process was meant.
    pub(super) fn message(&self, config: &ServerConfig, fallback_reason: Option<&str>) -> String {
        let message = &self.failure.message;
        let Some(endpoint) = config.endpoint().map(|endpoint| endpoint.to_string()) else {
            return message.clone();
        };
        let name_endpoint = |message: &str| match message.contains(&endpoint) {
            true => message.to_owned(),
            false => format!("{} {endpoint}: {message}", config.transport.name()),
        };
        match fallback_reason {
            _ if !self.attempt.channel.is_process() => name_endpoint(message),
            Some(reason) => format!("{message}; {}", name_endpoint(reason)),
            None => message.clone(),
        }
    }
}

/// A connection that was lost in its handshake.
pub(in crate::engine) struct LostHandshake {
    pub(in crate::engine) attempt: Attempt,
    pub(in crate::engine) loss: Loss,
    /// The server has taken longer than `startup_timeout`.
    pub(in crate::engine) is_overdue: bool,
    /// The server has printed why it cannot start.
    pub(in crate::engine) is_hopeless: bool,
}

impl LostHandshake {
    /// The failure of the attempt. A process that ends before it has said anything does
    /// so again, and so does a server that refuses: waiting requests are told at once.
    pub(super) fn into_failed_attempt(self) -> FailedAttempt {
        let LostHandshake { attempt, loss, is_overdue, is_hopeless } = self;
        let is_process = attempt.channel.is_process();
        let refused = loss.category == ErrorCategory::Handshake && !is_overdue;
        let ended = loss.cause == EvictionCause::PeerClosed && is_process;
        let permanent = is_hopeless || refused || ended;
        let failure = OpenFailure { message: loss.reason, permanent, crowded: false };
        let category = match loss.category {
            ErrorCategory::Lost if is_process => ErrorCategory::Spawn,
            ErrorCategory::Lost => ErrorCategory::Handshake,
            other => other,
        };
        FailedAttempt { attempt, failure, category }
    }
}

/// A connection that was ready and was lost.
pub(in crate::engine) struct LostSession {
    pub(in crate::engine) channel: Transport,
    /// How long ago the connection was opened.
    pub(in crate::engine) lifetime: Duration,
    pub(in crate::engine) requests_wait: bool,
}

/// What the engine knows of a server when an attempt to reach it has failed.
pub(in crate::engine) struct Circumstances<'a> {
    pub(in crate::engine) config: &'a ServerConfig,
    /// Another connection is ready.
    pub(in crate::engine) is_up: bool,
    /// Another connection is being opened, or in its handshake.
    pub(in crate::engine) is_connecting: bool,
}
