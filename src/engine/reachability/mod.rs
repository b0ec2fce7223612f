//! Whether and how a server can be reached.
//!
//! [`Reachability`] owns what is known of the way to one server: the pauses between
//! tries, the fallback from a socket to the command, the probe of a socket that failed,
//! the watch on a socket whose command may listen on it, the process that listens, and
//! the era. Its methods take the time and facts, and return decisions. The engine
//! carries the decisions out (`attempts.rs`, `socket_watch.rs`, `daemon.rs`).
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
use crate::metrics::ErrorCategory;
use crate::session::negotiation::Prior;
use crate::time::Time;
use backoff::Backoff;
use concurrency::Concurrency;
use daemon::Daemon;
use era_memory::EraMemory;
use fallback::Fallback;
use socket_watch::{Grace, SocketWatch};

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
    /// The connection that probes whether the socket answers, beside the pool.
    recovery_probe: Option<ConnectionId>,
    watch: Option<SocketWatch>,
    daemon: Option<Daemon>,
    /// A daemon that was told to end, until its process is gone.
    terminating: Option<ConnectionId>,
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
        self.terminating.is_some()
            || self.daemon.is_some_and(|daemon| daemon.is_released)
            || self.watch.as_ref().is_some_and(SocketWatch::is_ending)
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
        is_due && is_up && self.recovery_probe.is_none() && self.watch.is_none()
    }

    /// A recovery probe is being opened.
    pub(super) fn recovery_probe_opened(&mut self, id: ConnectionId) {
        self.recovery_probe = Some(id);
    }

    /// Takes the recovery probe out, because its connection is to be closed. The watch on
    /// the socket goes on.
    pub(super) fn take_recovery_probe(&mut self, now: Time) -> Option<ConnectionId> {
        let probe = self.recovery_probe.take()?;
        self.probe_after_pause(now);
        Some(probe)
    }

    /// How the next handshake begins.
    pub(super) fn prior(&self, config: &ServerConfig) -> Prior {
        self.era.prior(config.era)
    }

    // ----- sessions ---------------------------------------------------------

    /// A handshake has succeeded. True: it was the recovery probe's, so the socket takes
    /// the place of the processes.
    pub(super) fn handshake_done(&mut self, now: Time, attempt: Attempt) -> bool {
        if self.recovery_probe == Some(attempt.connection) {
            self.recovery_probe = None;
            return true;
        }
        if attempt.channel.is_process() && self.watch.take().is_some() {
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

    /// A connection that was ready was lost.
    pub(super) fn session_lost(&mut self, now: Time, lost: &LostSession, pause: RetryPause<'_>) {
        if lost.lifetime >= STABLE {
            self.backoff.succeed();
        }
        if lost.channel.is_process() || lost.requests_wait {
            self.backoff.fail(now, pause);
        }
        self.round += 1;
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
            if self.is_recovery_probe(attempt.connection) {
                self.recovery_probe = None;
                self.probe_after_pause(now);
            }
            return (forgotten.is_some(), AfterHandshake::Repeat);
        }
        self.era.failure_told();
        // A server that stayed silent after the probe gets none the next time.
        self.era.set_skips_probe(attempt.probed && is_overdue);
        let failed = lost.into_failed_attempt();
        // While the socket is watched, another process may have been quicker to listen.
        let may_hold = !given.is_connecting && attempt.channel.is_process();
        let Some(watch) = self.watch.as_mut().filter(|_| may_hold) else {
            return (forgotten.is_some(), AfterHandshake::Fail(failed));
        };
        watch.processes_ended(now, Grace::AfterFailure, failed);
        self.probe_after_pause(now);
        (forgotten.is_some(), AfterHandshake::Hold)
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
        if self.is_recovery_probe(attempt.connection) {
            self.recovery_probe = None;
            return self.recovery_probe_failed(now, &failure.message, *category);
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
        let message = self.failure_message(given.config, attempt.channel, &failure.message);
        self.round += 1;
        self.last_failure = Some((message.clone(), now));
        self.backoff.fail(now, pause);
        AfterFailure::FailTry { message }
    }

    /// The recovery probe got no session.
    fn recovery_probe_failed(
        &mut self,
        now: Time,
        reason: &str,
        category: ErrorCategory,
    ) -> AfterFailure {
        if let Some(watch) = &mut self.watch {
            match category {
                ErrorCategory::Connect => watch.probe_after_pause(now),
                _ => watch.probe_after_refusal(now),
            }
            return AfterFailure::KeepWatching;
        }
        if let Some(fallback) = &mut self.fallback {
            fallback.socket_failed(now, reason);
        }
        AfterFailure::KeepFallback
    }

    /// The message about a failed attempt. It names the socket, because the name of the
    /// entry tells a person only which process was meant.
    fn failure_message(&self, config: &ServerConfig, channel: Transport, message: &str) -> String {
        let Some(path) = &config.socket_path else { return message.to_owned() };
        let name_socket = |message: &str| {
            let path = path.to_string_lossy();
            match message.contains(&*path) {
                true => message.to_owned(),
                false => format!("socket {path}: {message}"),
            }
        };
        match &self.fallback {
            _ if !channel.is_process() => name_socket(message),
            Some(fallback) => format!("{message}; {}", name_socket(fallback.reason())),
            None => message.to_owned(),
        }
    }

    // ----- the watch on the socket ------------------------------------------

    /// A process was started. Its socket is watched from now on, if it has one.
    pub(super) fn process_started(&mut self, now: Time, config: &ServerConfig) {
        if !config.transport.is_process() {
            self.watch.get_or_insert_with(SocketWatch::new).process_started();
            self.probe_after_pause(now);
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
        if let Some(pid) = group {
            let daemon = Daemon::new(failed.attempt.connection, pid, config.keep);
            self.daemon = Some(Daemon { has_ended: true, ..daemon });
        }
        if let Some(watch) = &mut self.watch {
            let grace = if group.is_some() { Grace::Background } else { Grace::AfterSuccess };
            watch.processes_ended(now, grace, failed);
        }
        self.probe_after_pause(now);
    }

    /// The time of the next probe of a watched socket has come.
    pub(super) fn probe_due(&mut self, now: Time, config: &ServerConfig) -> WatchStep {
        let Some(watch) = &mut self.watch else { return WatchStep::Wait };
        // A changed entry may have a `socket_path` and use its command all the same.
        if watch.goes_on(now) && !config.transport.is_process() {
            return match self.recovery_probe {
                Some(_) => WatchStep::Wait,
                None => WatchStep::Probe,
            };
        }
        let failed = self.watch.take().and_then(SocketWatch::into_failure);
        let daemon = match self.daemon {
            Some(daemon) if daemon.has_ended => self.end_daemon(),
            _ => None,
        };
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

    /// Ends the watch on the socket, with what was to be told at its end.
    fn end_watch(&mut self) -> bool {
        self.watch.take().is_some()
    }

    /// Sets the time of the next probe of a watched socket, unless one is under way.
    fn probe_after_pause(&mut self, now: Time) {
        if let Some(watch) = self.watch.as_mut().filter(|_| self.recovery_probe.is_none()) {
            watch.probe_after_pause(now);
        }
    }

    /// When [`probe_due`](Reachability::probe_due) is due.
    pub(super) fn next_probe(&self) -> Option<Time> {
        self.watch.as_ref()?.next_probe()
    }

    /// Whether the socket is watched because the command may listen on it.
    pub(super) fn watches_socket(&self) -> bool {
        self.watch.is_some()
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
        let was_watched = self.end_watch();
        if self.daemon.is_some() {
            return None;
        }
        // A process that has not answered is the daemon even if another process listens,
        // because it may have started that one elsewhere, as docker does.
        let listens = |process: &&StartedProcess| {
            was_watched && process.is_starting || group == Some(process.pid)
        };
        let found = *processes.iter().find(listens)?;
        self.daemon = Some(Daemon::new(found.connection, found.pid, config.keep));
        Some(found)
    }

    /// The process of the daemon has ended by itself.
    pub(super) fn daemon_exited(&mut self) {
        self.daemon = None;
    }

    /// The entry was removed, or its command changed: the daemon ends once no request is
    /// on the socket.
    pub(super) fn release_daemon(&mut self) {
        self.end_watch();
        if let Some(daemon) = &mut self.daemon {
            daemon.is_released = true;
        }
    }

    /// Ends a released daemon, unless the socket `is_busy` with requests.
    pub(super) fn end_released_daemon(&mut self, is_busy: bool) -> Option<DaemonEnd> {
        let ends = !is_busy && self.daemon.is_some_and(|daemon| daemon.is_released);
        if ends { self.end_daemon() } else { None }
    }

    fn end_daemon(&mut self) -> Option<DaemonEnd> {
        let end = self.daemon.take()?.end();
        if let DaemonEnd::Terminate(connection) = end {
            self.terminating = Some(connection);
        }
        Some(end)
    }

    /// The process of a connection is gone, or does not die. True: connections may be
    /// opened again.
    pub(super) fn process_gone(&mut self, id: ConnectionId) -> bool {
        let awaited = self.terminating == Some(id);
        if awaited {
            self.terminating = None;
        }
        awaited
    }

    /// The process that listens on the socket.
    pub(super) fn daemon_pid(&self) -> Option<i32> {
        self.daemon.filter(|daemon| !daemon.has_ended).map(|daemon| daemon.pid)
    }

    /// Whether the process of a connection is the daemon.
    pub(super) fn is_daemon(&self, id: ConnectionId) -> bool {
        self.daemon.is_some_and(|daemon| daemon.connection == id)
    }

    /// Whether the process of a connection is left running when the client ends.
    pub(super) fn keeps_running(&self, id: ConnectionId) -> bool {
        self.daemon.is_some_and(|daemon| daemon.connection == id && daemon.keep)
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

    /// Whether a connection is the recovery probe.
    pub(super) fn is_recovery_probe(&self, id: ConnectionId) -> bool {
        self.recovery_probe == Some(id)
    }

    /// Whether nothing is under way: no probe, no watch, no daemon.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.watch.is_none()
            && self.terminating.is_none()
            && self.daemon.is_none()
            && self.recovery_probe.is_none()
    }
}
