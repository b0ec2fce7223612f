//! The plain counters and the words they are counted under.

use std::time::Duration;

use super::latency::micros;
use crate::time::Time;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The server answered with a result.
    Ok,
    /// The server answered with a result that the tool marked as an error.
    ToolError,
    /// The server answered with a JSON-RPC error.
    ServerError,
    /// The deadline passed.
    Timeout,
    /// The caller gave up.
    Cancelled,
    /// No answer will come: transport or protocol failure, or an unknown outcome.
    Lost,
    /// Turned away before it was sent, because of the server's state: the queue
    /// was full, or the server is left alone for a while.
    Refused,
    /// Never became an attempt: the call itself was wrong.
    Invalid,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 8] = [
        Outcome::Ok,
        Outcome::ToolError,
        Outcome::ServerError,
        Outcome::Timeout,
        Outcome::Cancelled,
        Outcome::Lost,
        Outcome::Refused,
        Outcome::Invalid,
    ];

    /// The call became an attempt.
    pub const fn is_attempt(self) -> bool {
        !matches!(self, Outcome::Invalid)
    }

    /// The time that the call took says something about the server.
    pub const fn is_timed(self) -> bool {
        !matches!(self, Outcome::Invalid | Outcome::Refused)
    }

    /// The server answered, well or badly.
    pub const fn is_answered(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::ToolError | Outcome::ServerError)
    }

    /// The call got no answer, and not by its caller's wish: what health is judged by.
    pub const fn is_unanswered(self) -> bool {
        matches!(self, Outcome::Timeout | Outcome::Lost | Outcome::Refused)
    }

    /// The call failed, and not by its caller's wish.
    pub const fn is_error(self) -> bool {
        self.category().is_some()
    }

    /// The category of the failure, when the call failed.
    pub const fn category(self) -> Option<ErrorCategory> {
        match self {
            Outcome::Ok | Outcome::Cancelled | Outcome::Invalid => None,
            Outcome::ToolError => Some(ErrorCategory::Tool),
            Outcome::ServerError => Some(ErrorCategory::Server),
            Outcome::Timeout => Some(ErrorCategory::Timeout),
            Outcome::Lost => Some(ErrorCategory::Lost),
            Outcome::Refused => Some(ErrorCategory::Busy),
        }
    }
}

/// Where the time of one call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From the caller's enqueue to the end.
    pub total: Duration,
    /// Waiting for a connection to have room.
    pub queue: Duration,
    /// Waiting for a new connection to become usable; zero when there was one.
    pub connect: Duration,
    /// From the send to the reply; zero when the call never left.
    pub server: Duration,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCategory {
    /// A socket could not be connected.
    Connect,
    /// A process could not be started, or ended at once.
    Spawn,
    /// A connection did not become usable.
    Handshake,
    /// A deadline passed.
    Timeout,
    /// The server broke the protocol.
    Protocol,
    /// The server answered with a JSON-RPC error.
    Server,
    /// A tool reported an error.
    Tool,
    /// A call lost its answer.
    Lost,
    /// The configuration is wrong.
    Config,
    /// A call was turned away because of the server's state.
    Busy,
}

impl ErrorCategory {
    /// Every category.
    pub const ALL: [ErrorCategory; 10] = [
        ErrorCategory::Connect,
        ErrorCategory::Spawn,
        ErrorCategory::Handshake,
        ErrorCategory::Timeout,
        ErrorCategory::Protocol,
        ErrorCategory::Server,
        ErrorCategory::Tool,
        ErrorCategory::Lost,
        ErrorCategory::Config,
        ErrorCategory::Busy,
    ];

    /// The word shown to the user.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCategory::Connect => "connect",
            ErrorCategory::Spawn => "spawn",
            ErrorCategory::Handshake => "handshake",
            ErrorCategory::Timeout => "timeout",
            ErrorCategory::Protocol => "protocol",
            ErrorCategory::Server => "server",
            ErrorCategory::Tool => "tool",
            ErrorCategory::Lost => "lost",
            ErrorCategory::Config => "config",
            ErrorCategory::Busy => "busy",
        }
    }
}

/// How often one category occurred, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorCount {
    /// Occurrences.
    pub count: u64,
    /// The latest one; meaningless while `count` is 0.
    pub last: Time,
}

/// Why a connection left the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvictionCause {
    /// Idle longer than `pool_idle_timeout`.
    Idle,
    /// The peer closed it.
    PeerClosed,
    /// It failed.
    Error,
    /// It was beyond the pool's size and closed after use.
    Overflow,
    /// Its configuration changed.
    Reload,
    /// The client is shutting down.
    Shutdown,
    /// Its request timed out or was cancelled, and it cannot be reused.
    Abandoned,
}

impl EvictionCause {
    /// Every cause, in the order of [`PoolCounters::evictions`].
    pub const ALL: [EvictionCause; 7] = [
        EvictionCause::Idle,
        EvictionCause::PeerClosed,
        EvictionCause::Error,
        EvictionCause::Overflow,
        EvictionCause::Reload,
        EvictionCause::Shutdown,
        EvictionCause::Abandoned,
    ];

    /// The words shown to the user.
    pub const fn name(self) -> &'static str {
        match self {
            EvictionCause::Idle => "idle",
            EvictionCause::PeerClosed => "peer closed",
            EvictionCause::Error => "error",
            EvictionCause::Overflow => "overflow",
            EvictionCause::Reload => "reload",
            EvictionCause::Shutdown => "shutdown",
            EvictionCause::Abandoned => "abandoned",
        }
    }
}

/// What the pool did, counted by the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Requests that got an idle connection.
    pub hits_idle: u64,
    /// Requests that shared a live connection.
    pub hits_shared: u64,
    /// Requests for which a connection was opened.
    pub misses: u64,
    /// Requests that got a connection that came back before the one that was opened for
    /// them was up.
    pub elided: u64,
    /// Requests that had to queue.
    pub waits: u64,
    /// Connections opened beyond the pool's size.
    pub overflow: u64,
    /// Requests refused because the queue was full.
    pub rejected: u64,
    /// Connections gone, by [`EvictionCause`].
    pub evictions: [u64; EvictionCause::ALL.len()],
}

impl PoolCounters {
    /// Counts a connection that left the pool.
    pub fn evicted(&mut self, cause: EvictionCause) {
        let count = &mut self.evictions[cause as usize];
        *count = count.saturating_add(1);
    }

    /// Connections that left the pool because of `cause`.
    pub fn evictions_by(&self, cause: EvictionCause) -> u64 {
        self.evictions[cause as usize]
    }

    /// Requests served without opening a connection.
    pub fn hits(&self) -> u64 {
        self.hits_idle.saturating_add(self.hits_shared)
    }

    /// The share (0 to 1) of requests served without opening a connection.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits().saturating_add(self.misses);
        (all > 0).then(|| self.hits() as f64 / all as f64)
    }
}

/// What came over the wire beside the replies we wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireCounters {
    /// Lines that were no message.
    pub junk_lines: u64,
    /// Replies to a request that had already ended.
    pub late_replies: u64,
    /// Replies to a request that was never made.
    pub foreign_replies: u64,
    /// Second replies to the same request.
    pub duplicate_replies: u64,
    /// Pings from the server.
    pub pings: u64,
    /// Notifications from the server.
    pub notifications: u64,
    /// Changes that were told and that the host did not hear of: nobody had asked for
    /// them, or others followed too fast.
    pub dropped: u64,
    /// Questions that were declined because too many were open or came at once, or
    /// because no call was under way.
    pub declined: u64,
    /// Lines about the server that were left out of the log: there were too many.
    pub unlogged: u64,
    /// Times that it was not listened to for a while: it said too much unasked.
    pub paused: u64,
}

/// Count, sum and maximum of a duration, in 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accumulator {
    count: u64,
    sum: u64,
    max: u64,
}

impl Accumulator {
    /// Adds one sample.
    pub fn record(&mut self, sample: Duration) {
        let sample = micros(sample);
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(sample);
        self.max = self.max.max(sample);
    }

    /// Adds the samples of another.
    pub fn merge(&mut self, other: &Accumulator) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the samples, in whole microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum
    }

    /// The mean, in whole microseconds.
    pub fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.count).map(Duration::from_micros)
    }

    /// The longest sample.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.max))
    }
}
