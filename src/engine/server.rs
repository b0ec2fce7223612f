//! One configured server: its pool, its queue, and what is known of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{ConnectCost, Defaults, Era, Limits, PoolTuning, ServerConfig, Transport};
use crate::engine::ConnectionId;
use crate::engine::allowance::Allowance;
use crate::engine::breaker::Breaker;
use crate::engine::evidence::Said;
use crate::engine::log::Talk;
use crate::engine::notices::Notices;
use crate::engine::pool::{CEILING, Pool, Shape};
use crate::engine::questions;
use crate::engine::queue::Queue;
use crate::engine::reachability::Reachability;
use crate::engine::retry_budget::RetryBudget;
use crate::engine::subscriptions::Subscriptions;
use crate::engine::tool_catalogue::ToolCatalogue;
use crate::engine::tuning::{ConcurrencyVerdict, Tuning, TuningBounds};
use crate::json::lenient::Oddity;
use crate::mcp::capabilities::Offers;
use crate::metrics::{ConcurrencyFigures, EvictionCause, ServerMetrics};
use crate::time::{Time, in_words};

/// How long a connect to a server that runs may take. `startup_timeout` is 60 s by default
/// and leaves time for a process; a fallback that waits as long comes too late.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Requests on one connection to a server that was seen to be concurrent: as many as on a
/// process.
const MOST_IN_FLIGHT: u32 = 64;

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: Arc<str>,
    pub(super) config: Arc<ServerConfig>,
    pub(super) limits: Limits,
    /// The entry is no longer in the configuration. Requests in flight go on.
    pub(super) removed: bool,
    /// Why the entry of a removed server is not used, if it is still there.
    pub(super) unused_because: Option<Box<str>>,
    pub(super) pool: Pool,
    pub(super) queue: Queue,
    /// Made when two requests are in flight for the first time.
    pub(super) tuning: Option<Box<Tuning>>,
    pub(super) reach: Reachability,
    /// `None`: nothing was counted yet.
    pub(super) breaker: Option<Box<Breaker>>,
    pub(super) retry_budget: RetryBudget,
    pub(super) tools: ToolCatalogue,
    pub(super) metrics: ServerMetrics,
    pub(super) last_error: Option<(String, Time)>,
    /// The last lines of its stderr.
    pub(super) said: Said,
    pub(super) version: Option<&'static str>,
    /// The version of TLS and the cipher suite of the connection that was opened last.
    /// Boxed, because few servers have it.
    pub(super) tls: Option<Box<(&'static str, &'static str)>>,
    pub(super) offers: Option<Offers>,
    pub(super) subscriptions: Subscriptions,
    /// How many log lines may be written about the server.
    pub(super) talk: Talk,
    /// How many questions the server may ask.
    pub(super) asking: Allowance,
    /// Changes that are held back.
    pub(super) notices: Notices,
    /// Oddities of its messages that were logged. The kinds are few and fixed.
    pub(super) oddities: BTreeSet<Oddity>,
}

impl Server {
    pub(super) fn new(config: Arc<ServerConfig>, defaults: &Defaults, era: Option<Era>) -> Server {
        Server {
            name: Arc::from(config.id()),
            limits: config.limits(defaults, config.transport),
            removed: false,
            unused_because: None,
            pool: Pool::default(),
            queue: Queue::default(),
            tuning: None,
            reach: Reachability::new(era),
            breaker: None,
            retry_budget: RetryBudget::default(),
            tools: ToolCatalogue::default(),
            metrics: ServerMetrics::default(),
            last_error: None,
            said: Said::default(),
            version: None,
            tls: None,
            offers: None,
            subscriptions: Subscriptions::default(),
            talk: Talk::default(),
            asking: questions::RATE,
            notices: Notices::default(),
            oddities: BTreeSet::new(),
            config,
        }
    }

    /// How long a stream over `channel` may take to open.
    pub(super) fn open_limit(&self, channel: Transport) -> Duration {
        let limit = self.limits.startup_timeout;
        if channel.is_process() { limit } else { limit.min(CONNECT_LIMIT) }
    }

    /// What is told of a stream that has taken longer.
    pub(super) fn open_overdue(&self, channel: Transport) -> String {
        let limit = self.open_limit(channel);
        let what =
            if channel.is_process() { "the process was not started" } else { "no connection" };
        let setting = if limit == self.limits.startup_timeout { " (startup_timeout)" } else { "" };
        format!("{what} within {}{setting}", in_words(limit))
    }

    /// Recomputes what depends on the channel or the defaults.
    pub(super) fn relimit(&mut self, defaults: &Defaults) {
        self.limits = self.config.limits(defaults, self.reach.channel(&self.config));
    }

    /// The numbers that the pool's policy depends on.
    pub(super) fn shape(&self) -> Shape {
        match (&self.tuning, self.tuning_bounds()) {
            (Some(tuning), Some(bounds)) => tuning.shape(&bounds),
            (None, Some(bounds)) => bounds.untuned,
            (_, None) => self.untuned_shape(),
        }
    }

    /// What the tuning may do; `None` if the entry does not ask for tuning, or the server
    /// serves one connection at a time, or a process stands in for it.
    pub(super) fn tuning_bounds(&self) -> Option<TuningBounds> {
        let is_fixed = self.reach.is_serial() || self.reach.fallback_reason().is_some();
        if self.config.pool_tuning == PoolTuning::Off || is_fixed {
            return None;
        }
        let mut untuned = self.untuned_shape();
        let cost = self.config.transport.connect_cost();
        if self.limits.is_pool_max_size_set || cost != ConnectCost::Descriptor {
            untuned.most = untuned.size;
        }
        let in_flight = match cost {
            _ if self.limits.is_max_in_flight_set => self.limits.max_in_flight,
            ConnectCost::Session => self.limits.max_in_flight,
            ConnectCost::Descriptor | ConnectCost::Process => MOST_IN_FLIGHT,
        };
        Some(TuningBounds { untuned, in_flight, is_cheap: cost == ConnectCost::Descriptor })
    }

    /// Whether a tuned pool has more connections than the entry and the host allow: one
    /// process unless a number of them is given. For assertions, so it reads the numbers and
    /// not the shape that was made of them.
    pub(super) fn is_beyond_maximum(&self) -> bool {
        let is_tuned = self.tuning_bounds().is_some();
        let is_process = self.config.transport.is_process();
        let most = match (self.limits.is_pool_max_size_set, is_process) {
            (true, _) => self.limits.pool_max_size as usize,
            (false, true) => 1,
            (false, false) => CEILING,
        };
        is_tuned && self.pool.members().iter().filter(|member| !member.retiring).count() > most
    }

    /// How it takes several requests, for its report.
    pub(super) fn concurrency(&self) -> Option<ConcurrencyFigures> {
        let tuning = self.tuning.as_ref()?;
        let shape = self.shape();
        let is_followed = self.tuning_bounds().is_some();
        let mode = if is_followed { tuning.mode() } else { ConcurrencyVerdict::Unknown };
        Some(ConcurrencyFigures {
            verdict: tuning.record().verdict().name(),
            evidence: tuning.record().evidence(),
            tuning: match self.config.pool_tuning {
                PoolTuning::Off => "off",
                PoolTuning::On => "on",
                PoolTuning::Frozen => "frozen",
            },
            mode: mode.name(),
            size: shape.size,
            in_flight: shape.in_flight,
        })
    }

    fn untuned_shape(&self) -> Shape {
        let transport = self.config.transport;
        let (serial, falls_back) = (self.reach.is_serial(), self.reach.fallback_reason().is_some());
        Shape {
            size: if serial { 1 } else { self.limits.pool_max_size as usize },
            in_flight: self.limits.max_in_flight,
            most: CEILING,
            overflow: !falls_back && !serial && transport.connect_cost() == ConnectCost::Descriptor,
            // Two processes cannot listen on one socket.
            cautious: self.reach.is_failing() || falls_back,
        }
    }

    /// A connection is closed, and the list of tools that came by it may be void.
    pub(super) fn connection_closed(&mut self, now: Time, id: ConnectionId, cause: EvictionCause) {
        self.tools.connection_closed(now, id, cause, self.pool.any_ready());
    }

    /// The word for its state in a report.
    pub(super) fn status(&self) -> &'static str {
        if self.removed {
            "removed"
        } else if self.pool.is_up() {
            "connected"
        } else if self.pool.connecting() > 0 {
            "connecting"
        } else if self.reach.is_failing() {
            "failing"
        } else if self.reach.was_up() {
            "idle"
        } else {
            "disconnected"
        }
    }
}
