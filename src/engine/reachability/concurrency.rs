//! Whether a socket server serves several connections at once.
//!
//! A socket that accepts a connection and stays silent may belong to a server that
//! serves one connection at a time. While one connection of ours is served, an answer on
//! it proves that: the server is alive, and the other connection gets nothing. While
//! none is served, a connection of another client may keep the server busy. A knock asks
//! other clients to close their idle connections.

use std::mem;
use std::time::Duration;

use crate::time::Time;

/// The pause between two looks at a silent connection.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a socket may be silent while no connection of ours is served, and the pause
/// between two looks once the server is known to serve one connection at a time.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long an idle connection to a serial server is kept.
const SERIAL_IDLE: Duration = Duration::from_secs(1);

/// How a server takes several connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Service {
    #[default]
    Unknown,
    /// One at a time.
    Serial,
    /// Two sessions stood at once.
    Concurrent,
}

/// What is to be done about a connection that is silent in its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Silence {
    /// Nothing before `until`, because another connection is served. `found_serial`: the
    /// server turns out to serve one connection at a time.
    Wait { until: Time, found_serial: bool },
    /// Other clients are asked to close idle connections. The next look is at `until`.
    Knock { until: Time },
    /// The connection is given up.
    GiveUp,
}

/// What is known of a socket server's connections.
#[derive(Debug, Default)]
pub(super) struct Concurrency {
    service: Service,
    /// The time of the last answer to a request.
    answered: Option<Time>,
    /// Another client has knocked. The next connection that falls idle is closed.
    knocked: bool,
}

impl Concurrency {
    /// Whether the server serves one connection at a time.
    pub(super) fn is_serial(&self) -> bool {
        self.service == Service::Serial
    }

    /// How long an idle connection is kept. Other clients of a serial server need their
    /// turn.
    pub(super) fn idle_timeout(&self, configured: Option<Duration>) -> Option<Duration> {
        match self.service {
            Service::Serial => Some(configured.map_or(SERIAL_IDLE, |idle| idle.min(SERIAL_IDLE))),
            Service::Concurrent | Service::Unknown => configured,
        }
    }

    /// A request was answered.
    pub(super) fn request_answered(&mut self, now: Time) {
        self.answered = Some(now);
    }

    /// A second session stands while another one does.
    pub(super) fn served_at_once(&mut self) {
        self.service = Service::Concurrent;
    }

    /// Judges a connection that was `opened` and has been silent since `silent_since`.
    /// `is_up`: another connection is served.
    pub(super) fn judge(
        &mut self,
        now: Time,
        is_up: bool,
        opened: Time,
        silent_since: Time,
    ) -> Silence {
        if is_up {
            let answered = self.answered.is_some_and(|answered| answered > opened);
            if self.service == Service::Concurrent || !answered {
                return Silence::Wait { until: now + PAUSE, found_serial: false };
            }
            let found_serial = mem::replace(&mut self.service, Service::Serial) == Service::Unknown;
            return Silence::Wait { until: now + PATIENCE, found_serial };
        }
        if now.since(silent_since) >= PATIENCE {
            return Silence::GiveUp;
        }
        Silence::Knock { until: now + PAUSE }
    }

    /// Another client has knocked.
    pub(super) fn peer_knocked(&mut self) {
        self.knocked = true;
    }

    /// Whether another client has knocked since the last call.
    pub(super) fn take_knock(&mut self) -> bool {
        mem::take(&mut self.knocked)
    }
}
