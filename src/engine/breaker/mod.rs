//! Whether a server that fails is left alone for a while.
//!
//! [`Breaker`] counts what came of calls and of starts, and says who may call. It has no
//! I/O, no clock and no timers: it takes the time and facts, and returns decisions, which
//! the engine carries out (`breaking.rs`).
//!
//! Only what the way to the server did counts: lost connections, timeouts, failed starts,
//! answers that cannot be read. A server that answers, with whatever error, is well.
//!
//! Invariants:
//! * while the breaker is not closed, at most one request is the probe;
//! * a probe has a deadline, after which the breaker is open again, so it never stays
//!   half-open for good;
//! * the result of a call counts only if the breaker has not changed since the call was
//!   let through.

mod window;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use crate::engine::RequestId;
use crate::engine::random::Random;
use crate::metrics::LeftAlone;
use crate::time::Time;
use window::Window;

/// The first pause. It doubles with each failed probe.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// Starts in a row that came to nothing.
const STARTS: u8 = 3;

/// The numbers of a server's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BreakerLimits {
    /// Failures in a row that open the breaker (`breaker_failures`); 0: it never opens.
    pub(super) failures: u32,
    /// The longest pause (`breaker_pause`).
    pub(super) pause: Duration,
}

/// What a breaker is, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// Everybody may call.
    Closed,
    /// The server is left alone, but for the calls of people, one at a time.
    Open,
    /// The pause is over. The next call is let through, or a probe goes before it.
    HalfOpen,
}

impl BreakerState {
    /// The word shown to the user.
    pub(super) fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        }
    }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A person, who is told what is really wrong.
    Person,
    /// A hook or a program, which may call again later.
    Unattended,
}

/// The answer to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The request goes on, with this pass.
    Granted(Pass),
    /// The request waits until the probe has ended.
    Held,
    /// The same, and a probe has to be sent with this pass.
    HeldForProbe(Pass),
    /// The request fails. It may be made again after this time.
    Refused(Duration),
}

/// Says under which state of the breaker a request was let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pass(u32);

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallResult {
    /// The server answered, well or badly.
    Answered,
    /// The server answered the engine's own probe. Whether it serves calls is not known yet.
    ProbeAnswered,
    /// No answer came, or none that can be read.
    Failed,
    /// Nothing is known: it was cancelled, or never left.
    Unknown,
}

/// Why the breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Calls failed one after the other.
    InARow(u32),
    /// Of the calls of half a minute too many failed.
    Share { failed: u32, calls: u32 },
    /// The server ended soon after its start, again and again.
    Starts(u32),
    /// It was closed by a probe, and the next call failed.
    AfterProbe,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::InARow(1) => write!(f, "a call failed"),
            Reason::InARow(n) => write!(f, "{n} calls in a row failed"),
            Reason::Share { failed, calls } => write!(f, "{failed} of {calls} calls failed"),
            Reason::Starts(n) => write!(f, "it failed soon after its start {n} times"),
            Reason::AfterProbe => write!(f, "it failed again"),
        }
    }
}

/// The request that finds out whether the server is back.
#[derive(Clone, Copy, Debug)]
struct Probe {
    pass: Pass,
    deadline: Time,
}

#[derive(Clone, Copy, Debug)]
enum BreakerPhase {
    Closed,
    Open { until: Time, reason: Reason, probe: Option<Probe> },
}

/// The breaker of one server.
#[derive(Debug)]
pub(super) struct Breaker {
    phase: BreakerPhase,
    /// Grows with every change and every probe. A pass bears it.
    generation: u32,
    /// Pauses since the last call that was answered.
    pauses: u8,
    in_a_row: u16,
    /// The last failure in a row. Those of one moment have one cause and count as one.
    last_failure: Time,
    /// Starts in a row that came to nothing.
    starts: u8,
    /// A probe has closed the breaker, and no call was answered yet.
    on_trial: bool,
    window: Window,
    /// How often it was opened, but for the pauses that followed without a break.
    opened: u32,
    held: Vec<RequestId>,
    /// The last probe of the engine was sent and not answered: the next one asks something
    /// else, because some servers do not answer what they do not know.
    pub(super) probe_was_silent: bool,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker {
            phase: BreakerPhase::Closed,
            generation: 0,
            pauses: 0,
            in_a_row: 0,
            last_failure: Time::ZERO,
            starts: 0,
            on_trial: false,
            window: Window::default(),
            opened: 0,
            held: Vec::new(),
            probe_was_silent: false,
        }
    }
}

impl Breaker {
    /// Says whether a request may go on.
    pub(super) fn admit(&mut self, now: Time, caller: Caller) -> Admission {
        let BreakerPhase::Open { until, ref mut probe, .. } = self.phase else {
            return Admission::Granted(Pass(self.generation));
        };
        if caller == Caller::Unattended && now < until {
            return Admission::Refused(until.since(now));
        }
        if probe.is_some() {
            return Admission::Held;
        }
        self.generation = self.generation.wrapping_add(1);
        let pass = Pass(self.generation);
        *probe = Some(Probe { pass, deadline: now + PROBE_LIMIT });
        match caller {
            Caller::Person => Admission::Granted(pass),
            Caller::Unattended => Admission::HeldForProbe(pass),
        }
    }

    /// Counts what came of a request. True: the breaker has changed, or its probe has ended.
    pub(super) fn request_ended(
        &mut self,
        now: Time,
        pass: Pass,
        result: CallResult,
        limits: BreakerLimits,
        random: &mut Random,
    ) -> bool {
        match &mut self.phase {
            BreakerPhase::Closed if pass.0 != self.generation => false,
            BreakerPhase::Closed => self.count(now, result, limits, random),
            BreakerPhase::Open { probe, .. } => {
                if probe.is_none_or(|probe| probe.pass != pass) {
                    return false;
                }
                *probe = None;
                match result {
                    CallResult::Answered => self.close(false),
                    CallResult::ProbeAnswered => self.close(true),
                    CallResult::Failed => self.probe_failed(now, limits, random),
                    CallResult::Unknown => {}
                }
                true
            }
        }
    }

    /// A server has failed to start, or ended soon after it.
    pub(super) fn start_failed(
        &mut self,
        now: Time,
        limits: BreakerLimits,
        random: &mut Random,
    ) -> bool {
        let BreakerPhase::Closed = self.phase else { return false };
        self.starts = self.starts.saturating_add(1);
        if self.on_trial {
            self.open(now, Reason::AfterProbe, limits, random)
        } else if self.starts >= STARTS {
            self.open(now, Reason::Starts(self.starts.into()), limits, random)
        } else {
            false
        }
    }

    /// A server has run for long enough after its start.
    pub(super) fn start_was_good(&mut self) {
        self.starts = 0;
    }

    /// A probe that has taken too long has failed. True: there was one.
    pub(super) fn expire(&mut self, now: Time, limits: BreakerLimits, random: &mut Random) -> bool {
        let BreakerPhase::Open { probe, .. } = &mut self.phase else { return false };
        if probe.is_none_or(|probe| now < probe.deadline) {
            return false;
        }
        *probe = None;
        self.probe_failed(now, limits, random);
        true
    }

    /// Forgets everything but the requests that are held: the entry is another one, or a
    /// person wants another try.
    pub(super) fn reset(&mut self) {
        let generation = self.generation.wrapping_add(1);
        let (held, opened) = (std::mem::take(&mut self.held), self.opened);
        *self = Breaker { generation, held, opened, ..Breaker::default() };
    }

    fn count(
        &mut self,
        now: Time,
        result: CallResult,
        limits: BreakerLimits,
        random: &mut Random,
    ) -> bool {
        match result {
            CallResult::Answered => {
                self.window.count(now, false);
                self.in_a_row = 0;
                self.starts = 0;
                self.pauses = 0;
                self.on_trial = false;
                false
            }
            CallResult::Failed => {
                self.window.count(now, true);
                if std::mem::replace(&mut self.last_failure, now) != now {
                    self.in_a_row = self.in_a_row.saturating_add(1);
                }
                if self.on_trial {
                    return self.open(now, Reason::AfterProbe, limits, random);
                }
                if u32::from(self.in_a_row) >= limits.failures {
                    return self.open(now, Reason::InARow(self.in_a_row.into()), limits, random);
                }
                match self.window.is_bad(now) {
                    Some((failed, calls)) => {
                        self.open(now, Reason::Share { failed, calls }, limits, random)
                    }
                    None => false,
                }
            }
            CallResult::ProbeAnswered | CallResult::Unknown => false,
        }
    }

    fn open(
        &mut self,
        now: Time,
        reason: Reason,
        limits: BreakerLimits,
        random: &mut Random,
    ) -> bool {
        // It was switched off after requests were let through by it.
        if limits.failures == 0 {
            return false;
        }
        self.opened = self.opened.saturating_add(u32::from(!self.on_trial));
        self.pause(now, reason, limits, random);
        true
    }

    /// Begins a pause of half its length at least, so that many clients do not come back
    /// at once, and none at once.
    fn pause(&mut self, now: Time, reason: Reason, limits: BreakerLimits, random: &mut Random) {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.pauses.min(16)).min(limits.pause);
        self.pauses = self.pauses.saturating_add(1);
        self.generation = self.generation.wrapping_add(1);
        let until = now + longest / 2 + random.below(longest / 2);
        self.phase = BreakerPhase::Open { until, reason, probe: None };
    }

    /// A probe that a person made before the end of the pause changes nothing.
    fn probe_failed(&mut self, now: Time, limits: BreakerLimits, random: &mut Random) {
        if let BreakerPhase::Open { until, reason, .. } = self.phase {
            if now >= until {
                self.pause(now, reason, limits, random);
            }
        }
    }

    fn close(&mut self, on_trial: bool) {
        let pauses = if on_trial { self.pauses } else { 0 };
        self.reset();
        (self.pauses, self.on_trial) = (pauses, on_trial);
    }

    // ----- requests that wait -----------------------------------------------

    /// Keeps a request until the probe has ended.
    pub(super) fn hold(&mut self, id: RequestId) {
        self.held.push(id);
    }

    /// The requests that wait for the probe, the first first.
    pub(super) fn held(&self) -> &[RequestId] {
        &self.held
    }

    /// Takes out all requests that wait.
    pub(super) fn take_held(&mut self) -> Vec<RequestId> {
        std::mem::take(&mut self.held)
    }

    /// Takes out one request.
    pub(super) fn forget_held(&mut self, id: RequestId) {
        self.held.retain(|other| *other != id);
    }

    // ----- for reports ------------------------------------------------------

    /// What the breaker is now.
    pub(super) fn state(&self, now: Time) -> BreakerState {
        match self.phase {
            BreakerPhase::Closed => BreakerState::Closed,
            BreakerPhase::Open { until, .. } if now < until => BreakerState::Open,
            BreakerPhase::Open { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether everybody may call.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, BreakerPhase::Closed)
    }

    /// How long unattended calls fail from now on; `None`: they do not.
    pub(super) fn retry_after(&self, now: Time) -> Option<Duration> {
        match self.phase {
            BreakerPhase::Open { until, .. } if now < until => Some(until.since(now)),
            _ => None,
        }
    }

    /// Why the breaker is not closed.
    pub(super) fn reason(&self) -> Option<Reason> {
        match self.phase {
            BreakerPhase::Closed => None,
            BreakerPhase::Open { reason, .. } => Some(reason),
        }
    }

    /// Until when and why the server is left alone.
    pub(super) fn left_alone(&self) -> Option<LeftAlone> {
        match self.phase {
            BreakerPhase::Closed => None,
            BreakerPhase::Open { until, reason, .. } => {
                Some(LeftAlone { until, reason: reason.to_string() })
            }
        }
    }

    /// How often it was opened.
    pub(super) fn opened(&self) -> u32 {
        self.opened
    }

    /// The deadline of the probe, if there is one.
    pub(super) fn probe_deadline(&self) -> Option<Time> {
        match self.phase {
            BreakerPhase::Closed => None,
            BreakerPhase::Open { probe, .. } => probe.map(|probe| probe.deadline),
        }
    }

    /// Whether a pass is that of the probe.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_probe(&self, pass: Pass) -> bool {
        matches!(self.phase, BreakerPhase::Open { probe: Some(probe), .. } if probe.pass == pass)
    }
}
