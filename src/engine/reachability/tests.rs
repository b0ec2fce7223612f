//! [`Reachability`] alone: facts go in, decisions come out, and no engine runs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::config::parse_servers;
use crate::engine::action::OpenFailure;
use crate::engine::loss::Loss;
use crate::engine::random::Random;
use crate::metrics::{ErrorCategory, EvictionCause};

const FIRST_PAUSE: Duration = Duration::from_millis(100);

fn at(ms: u64) -> Time {
    Time::from_micros(ms * 1000)
}

fn config(entry: &Value) -> Arc<ServerConfig> {
    let servers = json!({ "s": entry }).to_string();
    let config = parse_servers(servers.as_bytes(), &|_| None, "test");
    assert_eq!(config.problems, []);
    config.servers[0].clone()
}

/// A socket, with a command as its fallback.
fn socket_or_command() -> Arc<ServerConfig> {
    config(&json!({"socket_path": "/s", "command": "x", "transport": "socket"}))
}

/// A socket without a command.
fn socket_alone() -> Arc<ServerConfig> {
    config(&json!({"socket_path": "/s"}))
}

/// A command.
fn command() -> Arc<ServerConfig> {
    config(&json!({"command": "x"}))
}

fn attempt(id: u64, channel: Transport) -> Attempt {
    Attempt { connection: ConnectionId(id), channel, round: 0, probed: false }
}

fn failure(message: &str) -> OpenFailure {
    OpenFailure { message: message.to_owned(), permanent: false, crowded: false }
}

fn failed(attempt: Attempt) -> FailedAttempt {
    let category = match attempt.channel {
        Transport::Http | Transport::Socket | Transport::Tcp | Transport::WebSocket => {
            ErrorCategory::Connect
        }
        Transport::Stdio => ErrorCategory::Spawn,
    };
    FailedAttempt { attempt, failure: failure("no"), category }
}

/// A server behind an entry, with nothing in its pool.
struct Case {
    reach: Reachability,
    config: Arc<ServerConfig>,
    is_up: bool,
    is_connecting: bool,
    random: Random,
}

impl Case {
    fn new(config: Arc<ServerConfig>) -> Case {
        let random = Random::new(1);
        Case { reach: Reachability::new(None), config, is_up: false, is_connecting: false, random }
    }

    fn fail(&mut self, now: Time, failed: &FailedAttempt) -> AfterFailure {
        let Case { reach, config, is_up, is_connecting, random } = self;
        let given = Circumstances { config, is_up: *is_up, is_connecting: *is_connecting };
        reach.attempt_failed(
            now,
            &given,
            failed,
            RetryPause { first: FIRST_PAUSE, tries: None, random },
        )
    }

    fn lose_handshake(
        &mut self,
        now: Time,
        attempt: Attempt,
        change: impl FnOnce(&mut LostHandshake),
    ) -> (bool, AfterHandshake) {
        let Case { reach, config, is_up, is_connecting, .. } = self;
        let given = Circumstances { config, is_up: *is_up, is_connecting: *is_connecting };
        let (cause, category) = (EvictionCause::PeerClosed, ErrorCategory::Lost);
        let loss = Loss { reason: "gone".to_owned(), cause, category };
        let mut lost = LostHandshake { attempt, loss, is_overdue: false, is_hopeless: false };
        change(&mut lost);
        reach.handshake_lost(now, &given, lost)
    }

    fn channel(&self, now: Time) -> Transport {
        self.reach.next_channel(now, &self.config)
    }

    /// A socket whose command stands in for it since `now`.
    fn fallen_back(now: Time) -> Case {
        let mut case = Case::new(socket_or_command());
        let next = case.fail(now, &failed(attempt(1, Transport::Socket)));
        assert_eq!(next, AfterFailure::FallBack { is_first: true });
        case
    }

    /// The same, with a process that was started at `now`.
    fn watching(now: Time) -> Case {
        let mut case = Case::fallen_back(now);
        case.reach.process_started(now, &case.config);
        assert!(case.reach.watches_socket());
        case
    }
}

// ----- attempts that fail ---------------------------------------------------

#[test]
fn a_failed_attempt_is_judged_by_its_channel_round_and_room() {
    use Transport::{Socket, Stdio};
    let try_failed = |message: &str| AfterFailure::FailTry { message: message.to_owned() };
    let fall_back = |is_first| AfterFailure::FallBack { is_first };
    // The entry, the channel, the round, crowded, others in the pool, the decision.
    for (config, channel, round, crowded, others, decision) in [
        (socket_or_command(), Socket, 0, false, false, fall_back(true)),
        (socket_or_command(), Socket, 7, false, false, fall_back(false)),
        (socket_or_command(), Socket, 0, false, true, fall_back(true)),
        (socket_or_command(), Socket, 0, true, false, try_failed("socket /s: no")),
        (socket_or_command(), Socket, 0, true, true, AfterFailure::LeaveToOthers),
        (socket_or_command(), Stdio, 0, false, false, try_failed("no")),
        (socket_alone(), Socket, 0, false, false, try_failed("socket /s: no")),
        (socket_alone(), Socket, 7, false, false, AfterFailure::Ignore),
        (socket_alone(), Socket, 0, true, true, AfterFailure::LeaveToOthers),
        (command(), Stdio, 0, false, false, try_failed("no")),
        (command(), Stdio, 7, false, false, AfterFailure::Ignore),
    ] {
        let mut case = Case::new(config);
        (case.is_up, case.is_connecting) = (others, false);
        let mut failed = failed(Attempt { round, ..attempt(1, channel) });
        failed.failure.crowded = crowded;
        let name = format!("{channel:?} {round} {crowded} {others}");
        assert_eq!(case.fail(at(0), &failed), decision, "{name}");
        let told = matches!(decision, AfterFailure::FailTry { .. });
        assert_eq!(case.reach.failure_since(at(0)).is_some(), told, "{name}");
        let pauses = told || decision == AfterFailure::LeaveToOthers;
        assert_eq!(case.reach.is_failing(), pauses, "{name}");
        let falls_back = matches!(decision, AfterFailure::FallBack { .. });
        assert_eq!(case.reach.fallback_reason(), falls_back.then_some("no"), "{name}");
    }
}

#[test]
fn attempts_of_one_round_count_once() {
    let mut case = Case::new(socket_alone());
    let first = case.fail(at(0), &failed(attempt(1, Transport::Socket)));
    assert!(matches!(first, AfterFailure::FailTry { .. }));
    assert_eq!(case.reach.round(), 1);
    assert_eq!(case.fail(at(0), &failed(attempt(2, Transport::Socket))), AfterFailure::Ignore);
    let next = Attempt { round: 1, ..attempt(3, Transport::Socket) };
    assert!(matches!(case.fail(at(0), &failed(next)), AfterFailure::FailTry { .. }));
}

#[test]
fn a_process_that_fails_after_the_socket_names_both() {
    let mut case = Case::fallen_back(at(0));
    let process = Attempt { round: 1, ..attempt(2, Transport::Stdio) };
    let failed = FailedAttempt { failure: failure("no x"), ..failed(process) };
    let message = "no x; socket /s: no".to_owned();
    assert_eq!(case.fail(at(1), &failed), AfterFailure::FailTry { message });
    assert_eq!(case.reach.failure_since(at(1)), Some("no x; socket /s: no"));
    assert_eq!(case.reach.failure_since(at(2)), None);
}

// ----- permits --------------------------------------------------------------

#[test]
fn a_pause_holds_everything_but_a_first_try_without_others() {
    let mut case = Case::new(command());
    assert_eq!(case.reach.permit(at(0), false, || false), Permit::Granted);
    while case.reach.permit(at(0), false, || false) == Permit::Granted {
        let failed = failed(Attempt { round: case.reach.round(), ..attempt(1, Transport::Stdio) });
        case.fail(at(0), &failed);
    }
    let Permit::NotBefore(until) = case.reach.permit(at(0), false, || false) else { panic!() };
    assert_eq!(case.reach.permit(at(0), false, || true), Permit::Granted);
    assert_eq!(case.reach.permit(at(0), true, || true), Permit::NotBefore(until));
    assert_eq!(case.reach.permit(until, false, || false), Permit::Granted);
    case.reach.configuration_read();
    assert_eq!(case.reach.permit(at(0), false, || false), Permit::Granted);
    assert!(case.reach.is_failing(), "a failure is not forgotten with the pause");
    case.reach.request_answered(at(0));
    assert!(!case.reach.is_failing());
}

// ----- the fallback and the recovery probe ----------------------------------

#[test]
fn a_fallback_lasts_ten_seconds_and_is_then_probed_beside_the_process() {
    let mut case = Case::fallen_back(at(0));
    let probe_wanted = |case: &Case, now| case.reach.wants_recovery_probe(now, true);
    for (now, channel) in [(9_999, Transport::Stdio), (10_000, Transport::Socket)] {
        assert_eq!(case.channel(at(now)), channel, "{now}");
        assert_eq!(probe_wanted(&case, at(now)), channel == Transport::Socket, "{now}");
    }
    let is_up = false;
    assert!(!case.reach.wants_recovery_probe(at(10_000), is_up), "the next connection tries it");
    case.reach.recovery_probe_opened(ConnectionId(5));
    assert!(!probe_wanted(&case, at(10_000)), "one is under way");
    let probe =
        FailedAttempt { failure: failure("still"), ..failed(attempt(5, Transport::Socket)) };
    assert_eq!(case.fail(at(10_500), &probe), AfterFailure::KeepFallback);
    assert_eq!(case.reach.fallback_reason(), Some("still"));
    assert!(!probe_wanted(&case, at(20_499)));
    assert!(probe_wanted(&case, at(20_500)));
    assert!(!case.reach.is_failing(), "the server itself has not failed");
}

#[test]
fn a_recovery_probe_that_succeeds_ends_the_fallback() {
    let mut case = Case::fallen_back(at(0));
    case.reach.recovery_probe_opened(ConnectionId(5));
    assert!(!case.reach.handshake_done(at(1), attempt(6, Transport::Stdio)));
    assert!(case.reach.handshake_done(at(1), attempt(5, Transport::Socket)));
    let config = case.config.clone();
    let ready = case.reach.session_ready(&config, Transport::Socket, Era::Legacy, false);
    assert!(ready.ends_fallback && ready.is_new_era && !ready.is_reconnection);
    assert_eq!(case.reach.fallback_reason(), None);
    assert_eq!(case.channel(at(1)), Transport::Socket);
    assert!(case.reach.is_at_rest());
}

#[test]
fn a_session_after_a_failure_is_a_reconnection_unless_another_stands() {
    for (is_up, fails, is_reconnection) in
        [(false, true, true), (true, true, false), (false, false, false)]
    {
        let mut case = Case::new(socket_alone());
        let config = case.config.clone();
        let ready = case.reach.session_ready(&config, Transport::Socket, Era::Modern, false);
        assert!(!ready.is_reconnection, "the first");
        let lost = LostSession {
            channel: Transport::Socket,
            lifetime: Duration::ZERO,
            requests_wait: fails,
        };
        let random = &mut Random::new(1);
        let pause = RetryPause { first: FIRST_PAUSE, tries: None, random };
        case.reach.session_lost(at(1), &lost, pause);
        let ready = case.reach.session_ready(&config, Transport::Socket, Era::Modern, is_up);
        assert_eq!(ready.is_reconnection, is_reconnection, "{is_up} {fails}");
        assert!(!ready.is_new_era);
    }
}

// ----- eras -----------------------------------------------------------------

#[test]
fn a_handshake_lost_after_the_probe_is_repeated_without_it_once() {
    let mut case = Case::new(command());
    let probed = Attempt { probed: true, ..attempt(1, Transport::Stdio) };
    assert_eq!(case.reach.prior(&case.config), Prior::Unknown);
    let (forgets, next) = case.lose_handshake(at(0), probed, |_| {});
    assert!(!forgets && matches!(next, AfterHandshake::Repeat), "{next:?}");
    assert_eq!(case.reach.prior(&case.config), Prior::Legacy);
    assert!(!case.reach.is_failing(), "no try is used up");
    let (_, next) = case.lose_handshake(at(0), attempt(2, Transport::Stdio), |_| {});
    let AfterHandshake::Fail(failed) = next else { panic!("{next:?}") };
    assert!(failed.failure.permanent, "a process that ended does so again");
    assert_eq!(failed.category, ErrorCategory::Spawn);
    assert_eq!(case.reach.prior(&case.config), Prior::Unknown, "the next try probes again");
    let (_, next) = case.lose_handshake(at(0), probed, |_| {});
    assert!(matches!(next, AfterHandshake::Repeat), "{next:?}");
}

#[test]
fn a_session_lets_the_next_lost_handshake_be_repeated_again() {
    for era in [Era::Legacy, Era::Modern] {
        let mut case = Case::new(command());
        let probed = Attempt { probed: true, ..attempt(1, Transport::Stdio) };
        let config = case.config.clone();
        for time in 0..3 {
            let (_, next) = case.lose_handshake(at(time), probed, |_| {});
            assert!(matches!(next, AfterHandshake::Repeat), "{era:?}, {time}: {next:?}");
            case.reach.session_ready(&config, Transport::Stdio, era, false);
        }
    }
}

#[test]
fn a_new_entry_lets_a_lost_handshake_be_repeated_again() {
    let mut case = Case::new(command());
    let probed = Attempt { probed: true, ..attempt(1, Transport::Stdio) };
    for renew in [Reachability::entry_removed, |reach: &mut Reachability| reach.entry_changed(None)]
    {
        let (_, next) = case.lose_handshake(at(0), probed, |_| {});
        assert!(matches!(next, AfterHandshake::Repeat), "{next:?}");
        renew(&mut case.reach);
    }
    let (_, next) = case.lose_handshake(at(0), probed, |_| {});
    assert!(matches!(next, AfterHandshake::Repeat), "{next:?}");
}

#[test]
fn what_is_remembered_is_forgotten_when_it_may_be_why_a_handshake_failed() {
    for (last, pinned, forgets, repeats) in [
        (Some(Era::Legacy), None, true, true),
        (Some(Era::Modern), None, true, false),
        (Some(Era::Legacy), Some("legacy"), false, false),
        (None, None, false, false),
    ] {
        let mut entry = json!({"command": "x"});
        if let Some(era) = pinned {
            entry["era"] = json!(era);
        }
        let mut case = Case::new(config(&entry));
        case.reach = Reachability::new(last);
        let next = case.lose_handshake(at(0), attempt(1, Transport::Stdio), |_| {});
        assert_eq!(next.0, forgets, "{last:?} {pinned:?}");
        let is_repeat = matches!(next.1, AfterHandshake::Repeat);
        assert_eq!(is_repeat, repeats, "{last:?} {pinned:?}");
        assert_eq!(case.reach.era(), None);
    }
}

#[test]
fn a_handshake_is_not_repeated_when_another_way_cannot_help() {
    let probed = Attempt { probed: true, ..attempt(1, Transport::Socket) };
    // What happened, whether it is permanent, the category, and the next prior.
    type ChangeOfLoss = fn(&mut LostHandshake);
    let overdue: ChangeOfLoss = |lost| {
        lost.is_overdue = true;
        lost.loss.category = ErrorCategory::Handshake;
    };
    let hopeless: ChangeOfLoss = |lost| lost.is_hopeless = true;
    for (change, permanent, prior) in
        [(overdue, false, Prior::Legacy), (hopeless, true, Prior::Unknown)]
    {
        let mut case = Case::new(socket_alone());
        let (_, next) = case.lose_handshake(at(0), probed, change);
        let AfterHandshake::Fail(failed) = next else { panic!("{next:?}") };
        assert_eq!(failed.failure.permanent, permanent);
        assert_eq!(failed.category, ErrorCategory::Handshake);
        assert_eq!(case.reach.prior(&case.config), prior);
    }
}

// ----- the watch on the socket ----------------------------------------------

#[test]
fn a_watched_socket_is_probed_every_5_to_50_ms() {
    let mut case = Case::watching(at(0));
    assert!(!case.reach.wants_recovery_probe(at(60_000), true), "the watch probes");
    let mut last = at(0);
    for pause in [5_000, 7_500, 11_250, 16_875, 25_312, 37_968, 50_000, 50_000] {
        let due = case.reach.next_probe().unwrap();
        assert_eq!(due.since(last), Duration::from_micros(pause));
        assert!(matches!(case.reach.probe_due(due, &case.config), WatchStep::Probe));
        case.reach.recovery_probe_opened(ConnectionId(9));
        assert_eq!(case.reach.next_probe(), None, "one is under way");
        let probe = failed(attempt(9, Transport::Socket));
        assert_eq!(case.fail(due, &probe), AfterFailure::KeepWatching);
        last = due;
    }
}

#[test]
fn a_watched_socket_that_refuses_sessions_is_probed_less_often() {
    let mut case = Case::watching(at(0));
    let mut now = case.reach.next_probe().unwrap();
    for pause in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
        assert!(matches!(case.reach.probe_due(now, &case.config), WatchStep::Probe));
        case.reach.recovery_probe_opened(ConnectionId(9));
        let mut probe = failed(attempt(9, Transport::Socket));
        probe.category = ErrorCategory::Handshake;
        assert_eq!(case.fail(now, &probe), AfterFailure::KeepWatching);
        let due = case.reach.next_probe().unwrap();
        assert_eq!(due.since(now), Duration::from_millis(pause));
        now = due;
    }
}

#[test]
fn a_process_that_answers_ends_the_watch_and_the_socket_is_probed_a_second_later() {
    let mut case = Case::watching(at(0));
    assert!(!case.reach.handshake_done(at(100), attempt(2, Transport::Stdio)));
    assert!(!case.reach.watches_socket());
    assert!(!case.reach.wants_recovery_probe(at(1_099), true));
    assert!(case.reach.wants_recovery_probe(at(1_100), true));
}

#[test]
fn a_failed_start_is_held_while_another_process_may_listen() {
    let process = attempt(2, Transport::Stdio);
    let mut case = Case::watching(at(0));
    case.is_connecting = true;
    let (_, next) = case.lose_handshake(at(10), process, |_| {});
    assert!(matches!(next, AfterHandshake::Fail(_)), "others are starting: {next:?}");

    let mut case = Case::watching(at(0));
    let (_, next) = case.lose_handshake(at(10), process, |_| {});
    assert!(matches!(next, AfterHandshake::Hold), "{next:?}");
    assert_eq!(case.reach.permit(at(10), false, || true), Permit::Held);
    let early = case.reach.probe_due(at(259), &case.config);
    assert!(matches!(early, WatchStep::Probe), "{early:?}");
    let step = case.reach.probe_due(at(260), &case.config);
    let WatchStep::End { daemon: None, next: AfterHandshake::Fail(failed) } = step else {
        panic!("{step:?}")
    };
    assert_eq!(failed.failure.message, "gone");
    assert!(!case.reach.watches_socket());
    assert_eq!(case.reach.permit(at(260), false, || true), Permit::Granted);
}

#[test]
fn another_process_takes_back_the_end_of_the_watch() {
    let mut case = Case::watching(at(0));
    case.lose_handshake(at(10), attempt(2, Transport::Stdio), |_| {});
    case.reach.process_started(at(20), &case.config);
    let step = case.reach.probe_due(at(9_000), &case.config);
    assert!(matches!(step, WatchStep::Probe), "{step:?}");
}

#[test]
fn a_process_in_the_background_is_given_3_s_or_60_s_to_listen() {
    for (group, grace) in [(None, 3_000), (Some(77), 60_000)] {
        let mut case = Case::watching(at(0));
        let mut failed = failed(attempt(2, Transport::Stdio));
        failed.attempt.probed = true;
        case.reach.went_into_background(at(0), &case.config, failed, group);
        assert_eq!(case.reach.daemon_pid(), None, "the process itself has ended");
        let early = case.reach.probe_due(at(grace - 1), &case.config);
        assert!(matches!(early, WatchStep::Probe), "{early:?}");
        let step = case.reach.probe_due(at(grace), &case.config);
        let WatchStep::End { daemon, next: AfterHandshake::Repeat } = step else {
            panic!("it may have ended because of the probe: {step:?}")
        };
        assert_eq!(daemon, group.map(|_| DaemonEnd::Forget(ConnectionId(2))));
        assert_eq!(case.reach.prior(&case.config), Prior::Legacy);
        assert!(case.reach.is_at_rest());
    }
}

#[test]
fn an_entry_that_becomes_a_command_ends_the_watch() {
    let mut case = Case::watching(at(0));
    let step = case.reach.probe_due(at(5), &command());
    assert!(matches!(step, WatchStep::End { daemon: None, next: AfterHandshake::Hold }));
    assert_eq!(case.reach.next_probe(), None);
}

#[test]
fn a_recovery_probe_that_is_closed_lets_the_watch_go_on() {
    let mut case = Case::watching(at(0));
    assert!(matches!(case.reach.probe_due(at(5), &case.config), WatchStep::Probe));
    case.reach.recovery_probe_opened(ConnectionId(9));
    assert!(matches!(case.reach.probe_due(at(6), &case.config), WatchStep::Wait));
    assert_eq!(case.reach.take_recovery_probe(at(7)), Some(ConnectionId(9)));
    assert!(case.reach.next_probe().is_some());
    assert_eq!(case.reach.take_recovery_probe(at(7)), None);
}

// ----- the daemon -----------------------------------------------------------

fn process(id: u64, pid: i32, is_starting: bool) -> StartedProcess {
    StartedProcess { connection: ConnectionId(id), pid, is_starting }
}

#[test]
fn the_process_that_listens_is_kept() {
    let (idle, fresh) = (process(2, 20, false), process(3, 30, true));
    // Watched, the peer's process group, the processes, the daemon.
    for (watched, group, processes, daemon) in [
        (true, None, vec![idle, fresh], Some(30)),
        (true, Some(20), vec![idle, fresh], Some(20)),
        (true, Some(99), vec![idle], None),
        (false, Some(20), vec![idle, fresh], Some(20)),
        (false, None, vec![idle, fresh], None),
    ] {
        let mut case = if watched { Case::watching(at(0)) } else { Case::fallen_back(at(0)) };
        let found = case.reach.adopt_daemon(&case.config, group, &processes);
        assert_eq!(found.map(|process| process.pid), daemon, "{watched} {group:?}");
        assert_eq!(case.reach.daemon_pid(), daemon, "{watched} {group:?}");
        assert!(!case.reach.watches_socket());
        let again = case.reach.adopt_daemon(&case.config, Some(30), &processes);
        assert_eq!(again.is_some(), daemon.is_none() && processes.len() > 1, "kept before");
    }
}

#[test]
fn a_released_daemon_ends_once_the_socket_is_not_busy() {
    let entry = |keep| {
        config(&json!({"socket_path": "/s", "command": "x", "transport": "socket", "keep": keep}))
    };
    for (keep, end) in
        [(false, DaemonEnd::Terminate(ConnectionId(3))), (true, DaemonEnd::LetGo(ConnectionId(3)))]
    {
        let mut case = Case::new(entry(keep));
        case.reach.process_started(at(0), &case.config);
        case.reach.adopt_daemon(&case.config, None, &[process(3, 30, true)]);
        assert_eq!(case.reach.keeps_running(ConnectionId(3)), keep);
        assert_eq!(case.reach.end_released_daemon(false), None, "not released");
        case.reach.release_daemon();
        assert_eq!(case.reach.permit(at(0), false, || true), Permit::Held);
        assert_eq!(case.reach.end_released_daemon(true), None, "busy");
        assert_eq!(case.reach.end_released_daemon(false), Some(end));
        let held = case.reach.permit(at(0), false, || true);
        assert_eq!(held == Permit::Held, !keep, "until its process is gone");
        assert!(!case.reach.process_gone(ConnectionId(4)));
        assert_eq!(case.reach.process_gone(ConnectionId(3)), !keep);
        assert_eq!(case.reach.permit(at(0), false, || true), Permit::Granted);
        assert!(case.reach.is_at_rest());
    }
}

// ----- one connection at a time ---------------------------------------------

#[test]
fn silence_is_judged_by_what_else_is_served() {
    let wait = |until, found_serial| Silence::Wait { until: at(until), found_serial };
    // Whether a session was served at once, when a request was answered, whether another
    // connection is ready, since when the socket is silent, and the decision at 20 s.
    for (concurrent, answered, is_up, silent_since, decision) in [
        (false, None, true, 0, wait(21_000, false)),
        (false, Some(500), true, 0, wait(21_000, false)),
        (false, Some(1_500), true, 0, wait(35_000, true)),
        (true, Some(1_500), true, 0, wait(21_000, false)),
        (false, None, false, 5_001, Silence::Knock { until: at(21_000) }),
        (false, None, false, 5_000, Silence::GiveUp),
    ] {
        let mut case = Case::new(socket_alone());
        let config = case.config.clone();
        if concurrent {
            case.reach.session_ready(&config, Transport::Socket, Era::Modern, true);
        }
        if let Some(answered) = answered {
            case.reach.request_answered(at(answered));
        }
        let silence = case.reach.judge_silence(at(20_000), is_up, at(1_000), at(silent_since));
        assert_eq!(silence, decision);
        let is_serial = matches!(decision, Silence::Wait { found_serial: true, .. });
        assert_eq!(case.reach.is_serial(), is_serial);
    }
}

#[test]
fn a_serial_server_is_found_once_and_its_idle_connections_are_kept_for_a_second() {
    let mut case = Case::new(socket_alone());
    case.reach.request_answered(at(2_000));
    let judge = |case: &mut Case| case.reach.judge_silence(at(3_000), true, at(1_000), at(0));
    assert!(matches!(judge(&mut case), Silence::Wait { found_serial: true, .. }));
    assert!(matches!(judge(&mut case), Silence::Wait { found_serial: false, .. }));
    let second = Some(Duration::from_secs(1));
    for (channel, configured, kept) in [
        (Transport::Socket, Some(Duration::from_secs(300)), second),
        (Transport::Socket, None, second),
        (Transport::Socket, Some(Duration::from_millis(10)), Some(Duration::from_millis(10))),
        (Transport::Stdio, None, None),
    ] {
        assert_eq!(case.reach.idle_timeout(channel, configured), kept, "{channel:?}");
    }
    let config = case.config.clone();
    case.reach.session_ready(&config, Transport::Socket, Era::Modern, true);
    assert!(!case.reach.is_serial(), "two sessions stood at once");
}

#[test]
fn a_silent_server_that_is_given_up_is_not_asked_in_another_way() {
    let mut case = Case::new(socket_alone());
    assert_eq!(case.reach.judge_silence(at(20_000), false, at(0), at(0)), Silence::GiveUp);
    let probed = Attempt { probed: true, ..attempt(1, Transport::Socket) };
    let (_, next) = case.lose_handshake(at(20_000), probed, |_| {});
    assert!(matches!(next, AfterHandshake::Fail(_)), "{next:?}");
}

#[test]
fn a_knock_closes_one_idle_connection() {
    let mut case = Case::new(socket_alone());
    assert!(!case.reach.take_knock());
    case.reach.peer_knocked();
    assert!(case.reach.take_knock());
    assert!(!case.reach.take_knock());
}

// ----- the configuration ----------------------------------------------------

#[test]
fn another_entry_voids_what_was_learned_and_keeps_the_processes() {
    let mut case = Case::watching(at(0));
    let failed = failed(Attempt { round: 1, ..attempt(2, Transport::Stdio) });
    case.fail(at(0), &failed);
    case.reach.adopt_daemon(&case.config, None, &[process(3, 30, true)]);
    case.reach.entry_changed(Some(Era::Modern));
    assert_eq!(case.reach.fallback_reason(), None);
    assert_eq!(case.reach.era(), Some(Era::Modern));
    assert!(!case.reach.is_failing());
    assert_eq!(case.reach.daemon_pid(), Some(30));
    case.reach.entry_removed();
    assert_eq!(case.reach.permit(at(0), false, || true), Permit::Held);
}
