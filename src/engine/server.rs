//! One configured server: its pool, its queue, and what was learnt about it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::config::{ConnectCost, Defaults, Era, Limits, ServerConfig, Transport};
use crate::engine::allowance::Allowance;
use crate::engine::catalogue::Catalogue;
use crate::engine::evidence::Said;
use crate::engine::log::Talk;
use crate::engine::notices::Notices;
use crate::engine::pool::{Pool, Shape};
use crate::engine::questions;
use crate::engine::reachability::{Fallback, Reachability};
use crate::engine::retry::Backoff;
use crate::engine::silence::Manners;
use crate::engine::{ConnectionId, RequestId};
use crate::json::lenient::Oddity;
use crate::mcp::capabilities::Offers;
use crate::metrics::ServerMetrics;
use crate::session::negotiation::Prior;
use crate::time::Time;

/// Requests that may wait for a process, and for the connections of a socket, which
/// are many and are opened as they are needed.
const SHORT_QUEUE: usize = 128;
const LONG_QUEUE: usize = 1024;
/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: Arc<str>,
    pub(super) config: Arc<ServerConfig>,
    pub(super) limits: Limits,
    /// It is no longer in the configuration; what it had in flight goes on.
    pub(super) removed: bool,
    pub(super) pool: Pool,
    pub(super) queue: VecDeque<RequestId>,
    pub(super) fallback: Option<Fallback>,
    /// A connection that looks whether the socket is back.
    pub(super) recovery_probe: Option<ConnectionId>,
    pub(super) backoff: Backoff,
    pub(super) reach: Reachability,
    pub(super) manners: Manners,
    /// Connections opened in the same round fail together, once.
    pub(super) round: u32,
    pub(super) armed: Option<Time>,
    pub(super) era: Option<Era>,
    /// It died of the probe: the next connection does not ask.
    pub(super) probe_kills: bool,
    pub(super) catalogue: Option<Catalogue>,
    /// The connection that it came by: another one may lead to other tools.
    pub(super) listed_on: Option<ConnectionId>,
    /// The driver keeps its list of tools.
    pub(super) kept: bool,
    /// The engine's own request for the catalogue, and who waits for it.
    pub(super) listing: Option<RequestId>,
    pub(super) listeners: Vec<RequestId>,
    pub(super) metrics: ServerMetrics,
    pub(super) last_error: Option<(String, Time)>,
    /// Why it could not be reached or started the last time.
    pub(super) failed_start: Option<(String, Time)>,
    /// The last lines of its stderr.
    pub(super) said: Said,
    pub(super) version: Option<&'static str>,
    pub(super) offers: Option<Offers>,
    /// It was usable at least once.
    pub(super) was_up: bool,
    /// Resources whose changes a server agreed to tell.
    pub(super) watched: BTreeSet<Box<str>>,
    /// Subscriptions that it has not confirmed yet.
    pub(super) watchers: Vec<RequestId>,
    /// When they were last made again, and when that is due.
    pub(super) renewed: Option<Time>,
    pub(super) watch_armed: Option<Time>,
    /// Lines that may be logged about it.
    pub(super) talk: Talk,
    /// Questions that it may put.
    pub(super) asking: Allowance,
    /// Changes that are still to be told.
    pub(super) notices: Notices,
    /// What was odd in its messages and has been told. The kinds are few and fixed.
    pub(super) oddities: BTreeSet<Oddity>,
}

impl Server {
    pub(super) fn new(config: Arc<ServerConfig>, defaults: &Defaults, era: Option<Era>) -> Server {
        Server {
            name: Arc::from(config.id()),
            limits: config.limits(defaults, config.transport),
            removed: false,
            pool: Pool::default(),
            queue: VecDeque::new(),
            fallback: None,
            recovery_probe: None,
            backoff: Backoff::default(),
            reach: Reachability::default(),
            manners: Manners::default(),
            round: 0,
            armed: None,
            era,
            probe_kills: false,
            catalogue: None,
            listed_on: None,
            kept: false,
            listing: None,
            listeners: Vec::new(),
            metrics: ServerMetrics::default(),
            last_error: None,
            failed_start: None,
            said: Said::default(),
            version: None,
            offers: None,
            was_up: false,
            watched: BTreeSet::new(),
            watchers: Vec::new(),
            renewed: None,
            watch_armed: None,
            talk: Talk::default(),
            asking: questions::RATE,
            notices: Notices::default(),
            oddities: BTreeSet::new(),
            config,
        }
    }

    /// The channel on which the next connection is opened.
    pub(super) fn channel(&self, now: Time) -> Transport {
        match &self.fallback {
            Some(fallback) if now < fallback.retry_at => self.config.transport.fallback(),
            _ => self.config.transport,
        }
    }

    /// Recomputes what depends on the channel or the defaults.
    pub(super) fn relimit(&mut self, defaults: &Defaults) {
        let channel = match self.fallback {
            Some(_) => self.config.transport.fallback(),
            None => self.config.transport,
        };
        self.limits = self.config.limits(defaults, channel);
    }

    /// The numbers that the pool's policy depends on.
    pub(super) fn shape(&self) -> Shape {
        let transport = self.config.transport;
        let serial = self.is_serial();
        Shape {
            size: if serial { 1 } else { self.limits.pool_max_size as usize },
            in_flight: self.limits.max_in_flight,
            overflow: self.fallback.is_none()
                && transport.connect_cost() == ConnectCost::Descriptor
                && !serial,
            // Two processes cannot listen on one socket.
            cautious: self.backoff.failures() > 0 || self.fallback.is_some(),
        }
    }

    /// Whether the server behind the entry's own transport serves one connection at a time.
    fn is_serial(&self) -> bool {
        self.fallback.is_none() && self.config.transport.is_shared() && self.manners.serial
    }

    /// How many requests may wait.
    pub(super) fn most_waiting(&self) -> usize {
        match self.config.transport.connect_cost() {
            ConnectCost::Descriptor => LONG_QUEUE,
            ConnectCost::Process => SHORT_QUEUE,
        }
    }

    /// What is known before a handshake.
    pub(super) fn prior(&self) -> Prior {
        match (self.config.era, self.era) {
            (Some(Era::Modern), _) => Prior::Modern,
            (Some(Era::Legacy), _) => Prior::Legacy,
            (None, Some(Era::Legacy)) => Prior::Legacy,
            _ if self.probe_kills => Prior::Legacy,
            _ => Prior::Unknown,
        }
    }

    /// One word for how it is.
    pub(super) fn status(&self) -> &'static str {
        if self.removed {
            "removed"
        } else if self.pool.is_up() {
            "connected"
        } else if self.pool.connecting() > 0 {
            "connecting"
        } else if self.backoff.failures() > 0 {
            "failing"
        } else if self.was_up {
            "idle"
        } else {
            "disconnected"
        }
    }
}
