//! Whether and how a server can be reached.
//!
//! [`Reachability`] owns what is known of the way to one server: the pauses between
//! tries, the fallback from a socket to the command, the probe of a socket that failed,
//! the watch on a socket whose command may listen on it, the process that listens, and
//! the era. Its methods take the time and facts, and return decisions. The engine
//! carries the decisions out (`attempts.rs`, `silence.rs`, `daemon.rs`).
//!
//! Back-off delays what the engine does by itself. The first try of a request that
//! somebody waits for is made at once; its further tries wait.
//!
//! Invariants:
//! * a socket is watched only while a process that may listen on it runs, or for a
//!   grace after its end;
//! * there is one recovery probe at most;
//! * attempts of one round count as one failure.

mod attempt;
mod backoff;
mod concurrency;
mod daemon;
mod decision;
mod era_memory;
mod fallback;
mod socket_probes;
mod socket_watch;
#[cfg(test)]
mod tests;

use std::mem;
use std::time::Duration;

pub(super) use attempt::{Attempt, Circumstances, FailedAttempt, LostHandshake, LostSession};
pub(super) use backoff::RetryPause;
pub(super) use concurrency::Silence;
pub(super) use daemon::{DaemonEnd, StartedProcess};
pub(super) use decision::{AfterFailure, AfterHandshake, Permit, ReadySession, WatchStep};

use crate::config::{Era, ServerConfig, Transport};
use crate::engine::ConnectionId;
use crate::session::negotiation::Prior;
use crate::time::Time;
use backoff::Backoff;
use concurrency::Concurrency;
use daemon::DaemonSlot;
use era_memory::EraMemory;
use fallback::Fallback;
use socket_probes::{ProbeDue, SocketProbes};
use socket_watch::Grace;

/// A connection that was ready for this long was not lost to a failed start.
const STABLE: Duration = Duration::from_secs(10);

/// What is known of the way to one server.
#[derive(Debug, Default)]
pub(super) struct Reachability {
    backoff: Backoff,
    /// Attempts that were opened in the same round fail together, once.
    round: u32,
    /// Set while the command stands in for the socket.
    fallback: Option<Fallback>,
    probes: SocketProbes,
    daemon: DaemonSlot,
    concurrency: Concurrency,
    era: EraMemory,
    /// The last attempt that failed: why, and when.
    last_failure: Option<(String, Time)>,
    /// A session stood at least once.
    was_up: bool,
}

impl Reachability {
    /// A server whose era in an earlier run is known, or not.
    pub(super) fn new(era: Option<Era>) -> Reachability {
        Reachability { era: EraMemory::new(era), ..Reachability::default() }
    }

    // ----- opening ----------------------------------------------------------

    /// Whether a connection may be opened for the requests that wait. `is_up`: others
    /// are ready and serve them, too. `has_first_try`: whether a request that somebody
    /// waits for has not failed yet; asked only during a pause.
    pub(super) fn permit(
        &self,
        now: Time,
        is_up: bool,
        has_first_try: impl FnOnce() -> bool,
    ) -> Permit {
        if self.is_held() {
            return Permit::Held;
        }
        match self.backoff.paused_until(now) {
            Some(until) if is_up || !has_first_try() => Permit::NotBefore(until),
            _ => Permit::Granted,
        }
    }

    /// Whether no connection is opened before a process is gone or the watch on the
    /// socket is over. Either is told.
    pub(super) fn is_held(&self) -> bool {
        self.daemon.is_ending() || self.probes.is_ending()
    }

    /// The channel of the next connection.
    pub(super) fn next_channel(&self, now: Time, config: &ServerConfig) -> Transport {
        match &self.fallback {
            Some(fallback) if !fallback.is_due(now) => config.transport.fallback(),
            _ => config.transport,
        }
    }

    /// Whether a recovery probe is to be opened: the command stands in for the socket,
    /// serves, and the pause is over.
    pub(super) fn wants_recovery_probe(&self, now: Time, is_up: bool) -> bool {
        let is_due = self.fallback.as_ref().is_some_and(|fallback| fallback.is_due(now));
        is_due && is_up && self.probes.is_at_rest()
    }

    /// A recovery probe is being opened.
    pub(super) fn recovery_probe_opened(&mut self, id: ConnectionId) {
        self.probes.opened(id);
    }

    /// Takes the recovery probe out, because its connection is to be closed. The watch on
    /// the socket goes on.
    pub(super) fn take_recovery_probe(&mut self, now: Time) -> Option<ConnectionId> {
        self.probes.take(now)
    }

    /// How the next handshake begins.
    pub(super) fn prior(&self, config: &ServerConfig) -> Prior {
        self.era.prior(config.era)
    }

    // ----- sessions ---------------------------------------------------------

    /// A handshake has succeeded. True: it was the recovery probe's, so the socket takes
    /// the place of the processes.
    pub(super) fn handshake_done(&mut self, now: Time, attempt: Attempt) -> bool {
        if self.probes.succeeded(attempt.connection) {
            return true;
        }
        if attempt.channel.is_process() && self.probes.end_watch() {
            if let Some(fallback) = &mut self.fallback {
                fallback.process_answered(now);
            }
        }
        false
    }

    /// A session of `era` stands. `is_up`: beside another one.
    pub(super) fn session_ready(
        &mut self,
        config: &ServerConfig,
        channel: Transport,
        era: Era,
        is_up: bool,
    ) -> ReadySession {
        if is_up && channel.is_shared() {
            self.concurrency.served_at_once();
        }
        let was_up = mem::replace(&mut self.was_up, true);
        ReadySession {
            is_reconnection: was_up && !is_up && self.is_failing(),
            ends_fallback: !channel.is_process() && self.fallback.take().is_some(),
            is_new_era: self.era.learn(era) && config.era.is_none(),
        }
    }

    /// A request was answered.
    pub(super) fn request_answered(&mut self, now: Time) {
        self.backoff.succeed();
        self.concurrency.request_answered(now);
    }

    /// A connection that was ready was lost. True: so soon that its start has failed.
    pub(super) fn session_lost(
        &mut self,
        now: Time,
        lost: &LostSession,
        pause: RetryPause<'_>,
    ) -> bool {
        if lost.lifetime >= STABLE {
            self.backoff.succeed();
        }
        if lost.channel.is_process() || lost.requests_wait {
            self.backoff.fail(now, pause);
        }
        self.round += 1;
        lost.lifetime < STABLE
    }

    /// A further stream of a connection could not be opened.
    pub(super) fn stream_failed(&mut self, now: Time, pause: RetryPause<'_>) {
        self.backoff.fail(now, pause);
    }

    // ----- failures ---------------------------------------------------------

    /// A connection was lost in its handshake. The server may have ended because of the
    /// probe, or for want of it. Returns whether the era of an earlier run is to be
    /// forgotten, too.
    pub(super) fn handshake_lost(
        &mut self,
        now: Time,
        given: &Circumstances<'_>,
        lost: LostHandshake,
    ) -> (bool, AfterHandshake) {
        let LostHandshake { attempt, is_overdue, is_hopeless, .. } = lost;
        let forgotten = self.era.forget().filter(|_| given.config.era.is_none());
        let has_other_way = attempt.probed || forgotten == Some(Era::Legacy);
        let may_repeat = has_other_way && !is_hopeless && !is_overdue;
        if may_repeat && self.era.repeats(attempt.probed) {
            if self.probes.is_recovery_probe(attempt.connection) {
                self.probes.take(now);
            }
            return (forgotten.is_some(), AfterHandshake::Repeat);
        }
        self.era.failure_told();
        // A server that stayed silent after the probe gets none the next time.
        self.era.set_skips_probe(attempt.probed && is_overdue);
        let failed = lost.into_failed_attempt();
        if given.is_connecting || !attempt.channel.is_process() {
            return (forgotten.is_some(), AfterHandshake::Fail(failed));
        }
        // While the socket is watched, another process may have been quicker to listen.
        let next = match self.probes.hold(now, Grace::AfterFailure, failed) {
            Some(failed) => AfterHandshake::Fail(failed),
            None => AfterHandshake::Hold,
        };
        (forgotten.is_some(), next)
    }

    /// No usable connection came of an attempt.
    pub(super) fn attempt_failed(
        &mut self,
        now: Time,
        given: &Circumstances<'_>,
        failed: &FailedAttempt,
        pause: RetryPause<'_>,
    ) -> AfterFailure {
        let FailedAttempt { attempt, failure, category } = failed;
        if self.probes.is_recovery_probe(attempt.connection) {
            if self.probes.failed(now, *category) {
                return AfterFailure::KeepWatching;
            }
            if let Some(fallback) = &mut self.fallback {
                fallback.socket_failed(now, &failure.message);
            }
            return AfterFailure::KeepFallback;
        }
        if failure.crowded && (given.is_up || given.is_connecting) {
            self.backoff.fail(now, RetryPause { tries: Some(1), ..pause });
            return AfterFailure::LeaveToOthers;
        }
        let is_first = attempt.round == self.round;
        // A crowded server is there.
        if !attempt.channel.is_process() && given.config.command.is_some() && !failure.crowded {
            self.round += u32::from(is_first);
            self.fallback = Some(Fallback::new(now, failure.message.clone()));
            return AfterFailure::FallBack { is_first };
        }
        if !is_first {
            return AfterFailure::Ignore;
        }
        let message = failed.message(given.config, self.fallback_reason());
        self.round += 1;
        self.last_failure = Some((message.clone(), now));
        self.backoff.fail(now, pause);
        AfterFailure::FailTry { message }
    }

    // ----- the watch on the socket ------------------------------------------

    /// A process was started. Its socket is watched from now on, if it has one.
    pub(super) fn process_started(&mut self, now: Time, config: &ServerConfig) {
        let may_listen = config.endpoint().is_some_and(|endpoint| endpoint.is_local());
        if !config.transport.is_process() && may_listen {
            self.probes.process_started(now);
        }
    }

    /// A process ended with status 0 before it answered, as one does that puts its server
    /// into the background. `group` is the process when others of its process group live
    /// on. The failure is told when the watch on the socket is over.
    pub(super) fn went_into_background(
        &mut self,
        now: Time,
        config: &ServerConfig,
        failed: FailedAttempt,
        group: Option<i32>,
    ) {
        let grace = match group {
            Some(pid) => {
                self.daemon.keep_group(failed.attempt.connection, pid, config.keep);
                Grace::Background
            }
            None => Grace::AfterSuccess,
        };
        // Nobody calls this without a watch, which holds the failure.
        self.probes.hold(now, grace, failed);
    }

    /// The time of the next probe of a watched socket has come.
    pub(super) fn probe_due(&mut self, now: Time, config: &ServerConfig) -> WatchStep {
        // A changed entry may have a `socket_path` and use its command all the same.
        let failed = match self.probes.due(now, !config.transport.is_process()) {
            ProbeDue::Nothing => return WatchStep::Wait,
            ProbeDue::Probe => return WatchStep::Probe,
            ProbeDue::WatchEnds(failed) => failed,
        };
        let daemon = self.daemon.end_group();
        let next = match failed {
            // The process may have ended because of the probe.
            Some(failed) if failed.attempt.probed && self.era.repeats(true) => {
                AfterHandshake::Repeat
            }
            Some(failed) => {
                self.era.failure_told();
                AfterHandshake::Fail(failed)
            }
            None => AfterHandshake::Hold,
        };
        WatchStep::End { daemon, next }
    }

    /// When [`probe_due`](Reachability::probe_due) is due.
    pub(super) fn next_probe(&self) -> Option<Time> {
        self.probes.next_probe()
    }

    /// Whether the socket is watched because the command may listen on it.
    pub(super) fn watches_socket(&self) -> bool {
        self.probes.is_watching()
    }

    // ----- the daemon -------------------------------------------------------

    /// The socket answers, and `group` is the process group of its server. Of the
    /// processes that were started for the socket the one that listens is kept: returns
    /// it if it was not kept before. Ends the watch.
    pub(super) fn adopt_daemon(
        &mut self,
        config: &ServerConfig,
        group: Option<i32>,
        processes: &[StartedProcess],
    ) -> Option<StartedProcess> {
        let was_watched = self.probes.end_watch();
        self.daemon.adopt(config.keep, was_watched, group, processes)
    }

    /// The process of the daemon has ended by itself.
    pub(super) fn daemon_exited(&mut self) {
        self.daemon.exited();
    }

    /// The entry was removed, or its command changed: the daemon ends once no request is
    /// on the socket.
    pub(super) fn release_daemon(&mut self) {
        self.probes.end_watch();
        self.daemon.release();
    }

    /// Ends a released daemon, unless the socket `is_busy` with requests.
    pub(super) fn end_released_daemon(&mut self, is_busy: bool) -> Option<DaemonEnd> {
        if is_busy { None } else { self.daemon.end_released() }
    }

    /// The process of a connection is gone, or does not die. True: connections may be
    /// opened again.
    pub(super) fn process_gone(&mut self, id: ConnectionId) -> bool {
        self.daemon.process_gone(id)
    }

    /// The process that listens on the socket.
    pub(super) fn daemon_pid(&self) -> Option<i32> {
        self.daemon.pid()
    }

    /// Whether the process of a connection is the daemon.
    pub(super) fn is_daemon(&self, id: ConnectionId) -> bool {
        self.daemon.is(id)
    }

    /// Whether the process of a connection is left running when the client ends.
    pub(super) fn keeps_running(&self, id: ConnectionId) -> bool {
        self.daemon.keeps_running(id)
    }

    // ----- one connection at a time -----------------------------------------

    /// Judges a socket that was opened at `opened` and has been silent in its handshake
    /// since `silent_since`. `is_up`: another connection is ready.
    pub(super) fn judge_silence(
        &mut self,
        now: Time,
        is_up: bool,
        opened: Time,
        silent_since: Time,
    ) -> Silence {
        let silence = self.concurrency.judge(now, is_up, opened, silent_since);
        if silence == Silence::GiveUp {
            // Another handshake would be silent for as long.
            self.era.repeat_no_more();
        }
        silence
    }

    /// Another client waits for the server: the next idle connection is to be closed.
    pub(super) fn peer_knocked(&mut self) {
        self.concurrency.peer_knocked();
    }

    /// Whether an idle connection is to be closed for another client.
    pub(super) fn take_knock(&mut self) -> bool {
        self.concurrency.take_knock()
    }

    /// Whether the socket is in use, and its server serves one connection at a time.
    pub(super) fn is_serial(&self) -> bool {
        self.fallback.is_none() && self.concurrency.is_serial()
    }

    /// How long an idle connection is kept.
    pub(super) fn idle_timeout(
        &self,
        channel: Transport,
        configured: Option<Duration>,
    ) -> Option<Duration> {
        match channel.is_shared() {
            true => self.concurrency.idle_timeout(configured),
            false => configured,
        }
    }

    // ----- the configuration ------------------------------------------------

    /// The configuration was read again. A person who does that wants to see what comes
    /// of it, so the next try is made at once.
    pub(super) fn configuration_read(&mut self) {
        self.backoff.end_pause();
    }

    /// The entry is another one. `era` is the era of its server in an earlier run. What
    /// was learned of the way is void; processes and probes go on.
    pub(super) fn entry_changed(&mut self, era: Option<Era>) {
        self.era = EraMemory::new(era);
        self.fallback = None;
        self.backoff.succeed();
        self.concurrency = Concurrency::default();
    }

    /// The entry was removed.
    pub(super) fn entry_removed(&mut self) {
        self.release_daemon();
        self.era.failure_told();
    }

    // ----- for reports ------------------------------------------------------

    /// The round of attempts to which the next connection belongs.
    pub(super) fn round(&self) -> u32 {
        self.round
    }

    /// The channel that is in use: the command's while it stands in for the socket.
    pub(super) fn channel(&self, config: &ServerConfig) -> Transport {
        match self.fallback {
            Some(_) => config.transport.fallback(),
            None => config.transport,
        }
    }

    /// Why the command stands in for the socket; `None`: it does not.
    pub(super) fn fallback_reason(&self) -> Option<&str> {
        self.fallback.as_ref().map(Fallback::reason)
    }

    /// The era of the last session, or of one in an earlier run.
    pub(super) fn era(&self) -> Option<Era> {
        self.era.last()
    }

    /// Whether an attempt or a session has failed since the last answer.
    pub(super) fn is_failing(&self) -> bool {
        self.backoff.failures() > 0
    }

    /// Whether a session stood at least once.
    pub(super) fn was_up(&self) -> bool {
        self.was_up
    }

    /// Why the last attempt failed, if that was not before `since`.
    pub(super) fn failure_since(&self, since: Time) -> Option<&str> {
        self.last_failure.as_ref().filter(|(_, when)| *when >= since).map(|(why, _)| &**why)
    }

    /// Whether nothing is under way: no probe, no watch, no daemon.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.probes.is_at_rest() && self.daemon.is_at_rest()
    }
}
