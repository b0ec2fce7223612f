//! Which era a server speaks, and the handshake that opens a session.
//!
//! A dual-era client asks `server/discover` first and falls back to
//! `initialize` (2026-07-28, stdio, "Backward Compatibility"). What answers,
//! what stays silent and what dies tells the era; no single error code does.
//!
//! Invariants:
//! * `initialize` is sent at most once on a stream and never cancelled;
//! * a stream on which `initialize` was sent may still turn out to be modern: by
//!   a late answer to the probe, or by the error with which a server that is
//!   locked to the modern era answers `initialize`;
//! * there is always a deadline until the session stands.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::Era;
use crate::protocol::jsonrpc::RpcError;
use crate::protocol::legacy::{self, ServerInfo};
use crate::protocol::modern;
use crate::protocol::offers::Offers;
use crate::time::Time;

/// How long `initialize` may take.
pub const STARTUP: Duration = Duration::from_secs(30);

/// What is known about a server before a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Nothing, or that it was modern: ask.
    Unknown,
    /// It was legacy, or it died of the question: do not ask.
    Legacy,
    /// The user says that it is modern: say nothing, begin.
    Modern,
}

/// An established session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its era.
    pub era: Era,
    /// The revision both sides speak.
    pub version: &'static str,
    /// Who the server says it is.
    pub server: ServerInfo,
    /// What it says to have; unknown when it was not asked.
    pub offers: Option<Offers>,
}

/// A handshake request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `server/discover`.
    Discover,
    /// `initialize`.
    Initialize,
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Nothing until something comes or the deadline passes.
    Wait,
    /// Send this.
    Ask(Question),
    /// The session stands; a legacy one is owed `notifications/initialized`.
    Established(Session),
    /// No session can be had on this stream.
    Failed(String),
}

/// A handshake under way on one stream.
#[derive(Debug)]
pub struct Negotiation {
    waiting_for: Question,
    deadline: Time,
    probed: bool,
    retried: bool,
}

#[derive(Deserialize)]
struct Supported {
    #[serde(default)]
    supported: Vec<String>,
}

impl Session {
    /// A session up to 2025-11-25.
    pub fn legacy(version: &'static str, server: ServerInfo, offers: Offers) -> Session {
        Session { era: Era::Legacy, version, server, offers: Some(offers) }
    }

    /// A session since 2026-07-28.
    pub fn modern(server: ServerInfo, offers: Option<Offers>) -> Session {
        Session { era: Era::Modern, version: modern::VERSION, server, offers }
    }
}

impl Negotiation {
    /// Begins on a fresh stream. `patience` is how long a probe may stay
    /// unanswered before the server counts as legacy.
    pub fn start(now: Time, prior: Prior, patience: Duration) -> (Negotiation, Step) {
        let mut negotiation = Negotiation {
            waiting_for: Question::Discover,
            deadline: now + patience,
            probed: prior == Prior::Unknown,
            retried: false,
        };
        let step = match prior {
            Prior::Unknown => Step::Ask(Question::Discover),
            Prior::Legacy => negotiation.initialize(now),
            Prior::Modern => Step::Established(Session::modern(ServerInfo::default(), None)),
        };
        (negotiation, step)
    }

    /// An answer to `question` came.
    pub fn handle_reply(
        &mut self,
        now: Time,
        question: Question,
        outcome: Result<&RawValue, &RpcError>,
    ) -> Step {
        match (question, outcome) {
            (Question::Discover, Ok(result)) => match modern::session(result) {
                Some(session) => Step::Established(session),
                None => self.fall_back(now),
            },
            (Question::Discover, Err(error)) if error.code == modern::UNSUPPORTED_VERSION => {
                self.pick_version(now, error)
            }
            (_, Err(error)) if modern::PROOFS.contains(&error.code) => {
                Step::Established(Session::modern(ServerInfo::default(), None))
            }
            (Question::Discover, Err(_)) => self.fall_back(now),
            (Question::Initialize, Ok(result)) => match legacy::session(result) {
                Ok(session) => Step::Established(session),
                Err(reason) => Step::Failed(reason),
            },
            (Question::Initialize, Err(error)) => Step::Failed(format!(
                "the server refused initialize: {} ({})",
                error.message, error.code
            )),
        }
    }

    /// The deadline passed.
    pub fn handle_timeout(&mut self, now: Time) -> Step {
        if now < self.deadline {
            return Step::Wait;
        }
        match self.waiting_for {
            Question::Discover => self.initialize(now),
            Question::Initialize => {
                Step::Failed(format!("no answer to initialize within {} s", STARTUP.as_secs()))
            }
        }
    }

    /// When `handle_timeout` is due.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// The probe was sent here: should the stream end now, the server may have
    /// died of it and deserves a try without.
    pub fn probed(&self) -> bool {
        self.probed
    }

    fn fall_back(&mut self, now: Time) -> Step {
        match self.waiting_for {
            Question::Discover => self.initialize(now),
            Question::Initialize => Step::Wait,
        }
    }

    fn initialize(&mut self, now: Time) -> Step {
        self.waiting_for = Question::Initialize;
        self.deadline = now + STARTUP;
        Step::Ask(Question::Initialize)
    }

    fn pick_version(&mut self, now: Time, error: &RpcError) -> Step {
        let supported: Vec<String> =
            serde_json::from_str::<Supported>(&error.data).map(|s| s.supported).unwrap_or_default();
        if supported.iter().any(|version| version == modern::VERSION) && !self.retried {
            self.retried = true;
            return Step::Ask(Question::Discover);
        }
        if supported.iter().any(|version| legacy::VERSIONS.contains(&version.as_str())) {
            return self.fall_back(now);
        }
        Step::Failed(format!(
            "the server speaks protocol versions {}, not {}",
            if supported.is_empty() { "unknown".to_owned() } else { supported.join(", ") },
            modern::VERSION
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn error(code: i64, data: &str) -> RpcError {
        RpcError { code, message: "no".into(), data: data.into(), json: String::new() }
    }

    fn probing() -> Negotiation {
        let (negotiation, step) = Negotiation::start(Time::ZERO, Prior::Unknown, WAIT);
        assert_eq!(step, Step::Ask(Question::Discover));
        negotiation
    }

    fn initialize_result(version: &str) -> Box<RawValue> {
        raw(&format!(
            r#"{{"protocolVersion":"{version}","capabilities":{{}},"serverInfo":{{"name":"s","version":"1"}}}}"#
        ))
    }

    const DISCOVERED: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{},
        "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#;

    #[test]
    fn a_discover_result_makes_a_modern_session() {
        let step = probing().handle_reply(Time::ZERO, Question::Discover, Ok(&raw(DISCOVERED)));
        let Step::Established(session) = step else { panic!("{step:?}") };
        assert_eq!((session.era, session.version), (Era::Modern, "2026-07-28"));
        assert_eq!(session.server.name, "s");
    }

    #[test]
    fn any_other_error_and_silence_fall_back_to_initialize() {
        for code in [-32601, -32602, -32600, -32000, 0] {
            let step =
                probing().handle_reply(Time::ZERO, Question::Discover, Err(&error(code, "")));
            assert_eq!(step, Step::Ask(Question::Initialize), "{code}");
        }
        let mut silent = probing();
        assert_eq!(silent.handle_timeout(Time::from_micros(999_999)), Step::Wait);
        assert_eq!(silent.handle_timeout(Time::ZERO + WAIT), Step::Ask(Question::Initialize));
        let step = silent.handle_timeout(Time::ZERO + WAIT + STARTUP);
        assert_eq!(step, Step::Failed("no answer to initialize within 30 s".into()));
    }

    #[test]
    fn every_legacy_revision_is_accepted_and_an_unknown_one_named() {
        for version in legacy::VERSIONS {
            let (mut n, step) = Negotiation::start(Time::ZERO, Prior::Legacy, WAIT);
            assert_eq!(step, Step::Ask(Question::Initialize));
            let result = initialize_result(version);
            let step = n.handle_reply(Time::ZERO, Question::Initialize, Ok(&result));
            let Step::Established(session) = step else { panic!("{step:?}") };
            assert_eq!((session.era, session.version), (Era::Legacy, version));
        }
        let (mut n, _) = Negotiation::start(Time::ZERO, Prior::Legacy, WAIT);
        let result = initialize_result("2031-01-01");
        let step = n.handle_reply(Time::ZERO, Question::Initialize, Ok(&result));
        assert!(matches!(step, Step::Failed(ref why) if why.contains("2031-01-01")), "{step:?}");
    }

    #[test]
    fn a_late_discover_result_or_a_locked_server_is_still_modern() {
        let mut late = probing();
        assert_eq!(late.handle_timeout(Time::ZERO + WAIT), Step::Ask(Question::Initialize));
        let step = late.handle_reply(Time::ZERO, Question::Discover, Ok(&raw(DISCOVERED)));
        assert!(matches!(step, Step::Established(ref s) if s.era == Era::Modern), "{step:?}");

        let mut locked = probing();
        locked.handle_timeout(Time::ZERO + WAIT);
        let step = locked.handle_reply(Time::ZERO, Question::Initialize, Err(&error(-32022, "")));
        assert!(matches!(step, Step::Established(ref s) if s.era == Era::Modern), "{step:?}");

        let mut refused = probing();
        refused.handle_timeout(Time::ZERO + WAIT);
        let step = refused.handle_reply(Time::ZERO, Question::Discover, Err(&error(-32601, "")));
        assert_eq!(step, Step::Wait, "initialize must not be sent twice");
    }

    #[test]
    fn an_unsupported_version_is_retried_once_with_one_the_server_names() {
        let both = r#"{"supported":["2026-07-28","2027-01-01"],"requested":"x"}"#;
        let mut n = probing();
        let step = n.handle_reply(Time::ZERO, Question::Discover, Err(&error(-32022, both)));
        assert_eq!(step, Step::Ask(Question::Discover));
        let step = n.handle_reply(Time::ZERO, Question::Discover, Err(&error(-32022, both)));
        assert!(matches!(step, Step::Failed(_)), "{step:?}");

        let other = r#"{"supported":["2027-01-01"]}"#;
        let step =
            probing().handle_reply(Time::ZERO, Question::Discover, Err(&error(-32022, other)));
        assert!(matches!(step, Step::Failed(ref why) if why.contains("2027-01-01")), "{step:?}");

        let old = r#"{"supported":["2025-11-25"]}"#;
        let step = probing().handle_reply(Time::ZERO, Question::Discover, Err(&error(-32022, old)));
        assert_eq!(step, Step::Ask(Question::Initialize));
    }

    #[test]
    fn a_server_that_lists_no_version_of_ours_is_legacy() {
        let only_old = raw(r#"{"supportedVersions":["2025-11-25"],"capabilities":{}}"#);
        let step = probing().handle_reply(Time::ZERO, Question::Discover, Ok(&only_old));
        assert_eq!(step, Step::Ask(Question::Initialize));
    }

    #[test]
    fn a_pinned_modern_server_is_not_asked() {
        let (_, step) = Negotiation::start(Time::ZERO, Prior::Modern, WAIT);
        assert!(matches!(step, Step::Established(ref s) if s.era == Era::Modern), "{step:?}");
    }
}
