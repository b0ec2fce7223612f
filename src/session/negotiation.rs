//! Which era a server speaks, and the handshake that opens a session.
//!
//! A dual-era client sends `server/discover` first and falls back to `initialize`
//! (2026-07-28, stdio, "Backward Compatibility"). An answer, silence or the end of the
//! stream tells the era; no single error code does.
//!
//! Invariants:
//! * `initialize` is sent at most once on a stream and never cancelled, but for a
//!   server that refuses a version and names one that we speak;
//! * a stream on which `initialize` was sent may still turn out to be modern: by
//!   a late answer to the probe, or by the error with which a server that is
//!   locked to the modern era answers `initialize`;
//! * there is a deadline until the session stands. Signs of life move the deadline, up to
//!   ten times the limit.

use std::time::Duration;

use HandshakeRequest::{Discover, Initialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mcp::server_info::ServerInfo;
use crate::mcp::version;
use crate::rpc::envelope::RpcError;
use crate::session::{Session, legacy, modern};
use crate::time::{Time, in_words};

/// A server that shows life may take this many times as long as a silent one.
const ALIVE: u32 = 10;
/// A probe that is not answered is given up after a third of the time for a start.
const PROBE_SHARE: u32 = 3;

/// What is known about a server before a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Nothing, or the server was modern: the probe is sent.
    Unknown,
    /// The server was legacy, or ended after the probe: `initialize` is sent at once.
    Legacy,
    /// The configuration says that the server is modern: there is no handshake.
    Modern,
}

/// A handshake request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeRequest {
    /// `server/discover`.
    Discover,
    /// `initialize`, with this version.
    Initialize(&'static str),
}

impl HandshakeRequest {
    /// The JSON-RPC method.
    pub fn method(self) -> &'static str {
        match self {
            Discover => "server/discover",
            Initialize(_) => "initialize",
        }
    }
}

/// The next step of a handshake.
#[derive(Debug, PartialEq)]
pub enum HandshakeStep {
    /// Nothing before an answer comes or the deadline passes.
    Wait,
    /// A request is to be sent.
    Ask(HandshakeRequest),
    /// The session stands; a legacy one is owed `notifications/initialized`.
    Established(Session),
    /// There is no session on this stream, for this reason.
    Failed(String),
}

/// A handshake under way on one stream.
#[derive(Debug)]
pub struct Negotiation {
    waiting_for: HandshakeRequest,
    /// When a silent probe is given up.
    patience: Time,
    began: Time,
    limit: Duration,
    /// When the handshake has taken too long.
    deadline: Time,
    /// `server/discover` was sent.
    probed: bool,
    /// The server has answered a request of the handshake.
    answered: bool,
    /// A request was repeated with another version, which happens once.
    retried: bool,
}

impl Negotiation {
    /// Begins on a fresh stream. `patience` is how long a probe may stay
    /// unanswered before the server counts as legacy. `limit` is how long all may take
    /// from `began` on, when the connect or the start of the process began.
    pub fn start(
        now: Time,
        began: Time,
        prior: Prior,
        patience: Duration,
        limit: Duration,
    ) -> (Negotiation, HandshakeStep) {
        let mut negotiation = Negotiation {
            waiting_for: Discover,
            patience: now + patience.min(limit / PROBE_SHARE),
            began,
            limit,
            deadline: began + limit,
            probed: prior == Prior::Unknown,
            answered: false,
            retried: false,
        };
        let step = match prior {
            Prior::Unknown => HandshakeStep::Ask(Discover),
            Prior::Legacy => negotiation.initialize(),
            Prior::Modern => {
                HandshakeStep::Established(Session::modern(ServerInfo::default(), None))
            }
        };
        (negotiation, step)
    }

    /// An answer to `question` came.
    pub fn handle_reply(
        &mut self,
        question: HandshakeRequest,
        outcome: Result<&RawValue, &RpcError>,
    ) -> HandshakeStep {
        self.answered = true;
        match (question, outcome) {
            (Discover, Ok(result)) => match modern::session(result) {
                Some(session) => HandshakeStep::Established(session),
                None => self.fall_back(),
            },
            (Discover, Err(error)) if error.code == modern::UNSUPPORTED_VERSION => {
                self.pick_version(error)
            }
            (Initialize(asked), Err(error)) if self.may_ask_otherwise(asked, error) => {
                self.retried = true;
                let version = other_version(asked, error).unwrap_or(asked);
                self.waiting_for = Initialize(version);
                HandshakeStep::Ask(self.waiting_for)
            }
            (_, Err(error)) if modern::PROOFS.contains(&error.code) => {
                HandshakeStep::Established(Session::modern(ServerInfo::default(), None))
            }
            (Discover, Err(_)) => self.fall_back(),
            (Initialize(_), Ok(result)) => match legacy::session(result) {
                Ok(session) => HandshakeStep::Established(session),
                Err(reason) => HandshakeStep::Failed(reason),
            },
            (Initialize(_), Err(error)) => HandshakeStep::Failed(refusal(error)),
        }
    }

    /// Whether a refused `initialize` is worth another try: the server names a version
    /// that we speak, and it is not one of the modern era that is locked to that.
    fn may_ask_otherwise(&self, asked: &str, error: &RpcError) -> bool {
        let is_modern = modern::PROOFS.contains(&error.code)
            && (error.data.is_empty() || error.data.contains(version::MODERN));
        !self.retried && !is_modern && other_version(asked, error).is_some()
    }

    /// The deadline passed.
    pub fn handle_timeout(&mut self, now: Time) -> HandshakeStep {
        if self.is_overdue(now) {
            let awaited = self.awaited();
            let took = in_words(now.since(self.began));
            let advice = self.advice();
            return HandshakeStep::Failed(format!(
                "no answer to {awaited} within {took} (startup_timeout){advice}"
            ));
        }
        match self.waiting_for {
            Discover if now >= self.patience => self.initialize(),
            _ => HandshakeStep::Wait,
        }
    }

    /// When `handle_timeout` is due.
    pub fn deadline(&self) -> Time {
        match self.waiting_for {
            Discover => self.patience.min(self.deadline),
            Initialize(_) => self.deadline,
        }
    }

    /// Whether the handshake has taken too long.
    pub fn is_overdue(&self, now: Time) -> bool {
        now >= self.deadline
    }

    /// The server has shown a sign of life: the deadline moves.
    pub fn alive(&mut self, now: Time) {
        let most = self.began + self.limit.saturating_mul(ALIVE);
        self.deadline = self.deadline.max((now + self.limit).min(most));
    }

    /// The method of the request that is not answered.
    pub fn awaited(&self) -> &'static str {
        self.waiting_for.method()
    }

    /// Advice for a request that is not answered: empty, or behind a semicolon.
    pub fn advice(&self) -> &'static str {
        let gave_up = matches!(self.waiting_for, Initialize(_));
        if self.probed && gave_up && !self.answered {
            "; should it not bear server/discover, \"era\": \"legacy\" leaves that out"
        } else {
            ""
        }
    }

    /// Moves the deadline: the server may be busy with another stream.
    pub fn postpone(&mut self, until: Time) {
        self.deadline = self.deadline.max(until);
    }

    /// Whether `server/discover` was sent on the stream. If the stream ends in the
    /// handshake, the server may have ended because of it.
    pub fn probed(&self) -> bool {
        self.probed
    }

    fn fall_back(&mut self) -> HandshakeStep {
        match self.waiting_for {
            Discover => self.initialize(),
            Initialize(_) => HandshakeStep::Wait,
        }
    }

    fn initialize(&mut self) -> HandshakeStep {
        self.waiting_for = Initialize(version::NEWEST_LEGACY);
        HandshakeStep::Ask(self.waiting_for)
    }

    fn pick_version(&mut self, error: &RpcError) -> HandshakeStep {
        let supported = supported(error);
        if supported.iter().any(|version| version == version::MODERN) && !self.retried {
            self.retried = true;
            return HandshakeStep::Ask(Discover);
        }
        if supported.iter().any(|version| version::LEGACY.contains(&version.as_str())) {
            return self.fall_back();
        }
        HandshakeStep::Failed(format!(
            "the server speaks protocol versions {}, not {}",
            if supported.is_empty() { "unknown".to_owned() } else { supported.join(", ") },
            version::MODERN
        ))
    }
}

/// The versions that an error lists in its `data`. Servers differ in the name of the list
/// and in its form.
fn supported(error: &RpcError) -> Vec<String> {
    let data: Value = serde_json::from_str(&error.data).unwrap_or_default();
    let list = match &data {
        Value::Object(members) => ["supported", "supportedVersions", "supportedProtocolVersions"]
            .iter()
            .find_map(|name| members.get(*name))
            .unwrap_or(&Value::Null),
        other => other,
    };
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match list {
        Value::Array(items) => items.iter().filter_map(word).collect(),
        Value::String(text) => text.split([',', ' ']).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The newest of our versions that an error names, other than the refused one. Some
/// servers list their versions in `data`, and some in the message.
fn other_version(asked: &str, error: &RpcError) -> Option<&'static str> {
    let named = |version: &&str| error.data.contains(version) || error.message.contains(version);
    let others = version::LEGACY.into_iter().filter(|version| *version != asked);
    others.rev().find(|version| named(version))
}

/// The reason for a refused `initialize`, with the versions that the server lists.
fn refusal(error: &RpcError) -> String {
    let code = match error.code {
        0 => String::new(),
        code => format!(" ({code})"),
    };
    let mut text = format!("the server refused initialize: {}{code}", error.message);
    let supported = supported(error);
    if !supported.is_empty() {
        text += &format!("; it speaks {}, we {}", supported.join(", "), version::LEGACY.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Era;

    const WAIT: Duration = Duration::from_secs(1);
    const LIMIT: Duration = Duration::from_secs(60);
    const INITIALIZE: HandshakeRequest = Initialize(version::NEWEST_LEGACY);

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn error(code: i64, data: &str) -> RpcError {
        RpcError { code, message: "no".into(), data: data.into(), json: String::new() }
    }

    fn probing() -> Negotiation {
        let (negotiation, step) =
            Negotiation::start(Time::ZERO, Time::ZERO, Prior::Unknown, WAIT, LIMIT);
        assert_eq!(step, HandshakeStep::Ask(Discover));
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
        let step = probing().handle_reply(Discover, Ok(&raw(DISCOVERED)));
        let HandshakeStep::Established(session) = step else { panic!("{step:?}") };
        assert_eq!((session.era, session.version), (Era::Modern, "2026-07-28"));
        assert_eq!(session.server.name, "s");
    }

    #[test]
    fn a_slow_connect_leaves_the_handshake_less_time() {
        let now = Time::ZERO + LIMIT / 4;
        let (mut n, _) = Negotiation::start(now, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
        assert_eq!(n.deadline(), Time::ZERO + LIMIT);
        let step = n.handle_timeout(Time::ZERO + LIMIT);
        assert!(matches!(step, HandshakeStep::Failed(_)), "{step:?}");
    }

    #[test]
    fn any_other_error_and_silence_fall_back_to_initialize() {
        for code in [-32601, -32602, -32600, -32000, 0] {
            let step = probing().handle_reply(Discover, Err(&error(code, "")));
            assert_eq!(step, HandshakeStep::Ask(INITIALIZE), "{code}");
        }
        let mut silent = probing();
        assert_eq!(silent.handle_timeout(Time::from_micros(999_999)), HandshakeStep::Wait);
        assert_eq!(silent.handle_timeout(Time::ZERO + WAIT), HandshakeStep::Ask(INITIALIZE));
        assert_eq!(silent.deadline(), Time::ZERO + LIMIT);
        let step = silent.handle_timeout(Time::ZERO + LIMIT);
        let HandshakeStep::Failed(why) = step else { panic!("{step:?}") };
        assert!(
            why.starts_with("no answer to initialize within 60 s (startup_timeout); "),
            "{why}"
        );
        assert!(why.contains("\"era\": \"legacy\""), "{why}");
    }

    #[test]
    fn a_server_that_shows_life_has_ten_times_as_long() {
        let (mut n, _) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
        let mut now = Time::ZERO;
        for _ in 0..19 {
            now = now + LIMIT / 2;
            n.alive(now);
            assert!(n.deadline() > now, "{now:?}");
        }
        assert_eq!(n.deadline(), Time::ZERO + LIMIT * ALIVE);
        let step = n.handle_timeout(Time::ZERO + LIMIT * ALIVE);
        let why = "no answer to initialize within 600 s (startup_timeout)";
        assert_eq!(
            step,
            HandshakeStep::Failed(why.into()),
            "nothing is said of a probe that was not sent"
        );
        let mut quick = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Unknown, WAIT, WAIT).0;
        assert_eq!(
            quick.handle_timeout(Time::ZERO + WAIT / PROBE_SHARE),
            HandshakeStep::Ask(INITIALIZE)
        );
    }

    #[test]
    fn every_legacy_revision_is_accepted_and_an_unknown_one_taken_for_the_nearest() {
        for version in version::LEGACY {
            let (mut n, step) =
                Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
            assert_eq!(step, HandshakeStep::Ask(INITIALIZE));
            let result = initialize_result(version);
            let step = n.handle_reply(INITIALIZE, Ok(&result));
            let HandshakeStep::Established(session) = step else { panic!("{step:?}") };
            assert_eq!((session.era, session.version), (Era::Legacy, version));
        }
        for (version, spoken) in [
            ("\"2031-01-01\"", "2025-11-25"),
            ("\"2024-10-07\"", "2024-11-05"),
            ("\"1.0\"", "2024-11-05"),
            ("20250618", "2025-11-25"),
            ("null", "2025-11-25"),
            ("[]", "2025-11-25"),
        ] {
            let (mut n, _) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
            let result = raw(&format!("{{\"protocolVersion\":{version},\"serverInfo\":7}}"));
            let step = n.handle_reply(INITIALIZE, Ok(&result));
            let HandshakeStep::Established(session) = step else { panic!("{version}: {step:?}") };
            assert_eq!((session.era, session.version), (Era::Legacy, spoken), "{version}");
            assert!(session.remark.unwrap().contains(version), "{version}");
        }
    }

    #[test]
    fn a_refused_version_is_asked_for_anew_once_when_the_server_names_one() {
        let listed = r#"{"supported":["2024-11-05","2025-03-26"],"requested":"2025-11-25"}"#;
        let old = Initialize("2025-03-26");
        let (mut n, _) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
        assert_eq!(
            n.handle_reply(INITIALIZE, Err(&error(-32602, listed))),
            HandshakeStep::Ask(old)
        );
        let step = n.handle_reply(old, Err(&error(-32602, listed)));
        let HandshakeStep::Failed(why) = step else { panic!("{step:?}") };
        assert!(why.contains("refused initialize: no (-32602); it speaks 2024-11-05, "), "{why}");

        let (mut n, _) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
        let message = "2025-11-25 is unknown, use one of 2024-11-05 and 2025-03-26".to_owned();
        let in_words = RpcError { code: -32600, message, ..RpcError::default() };
        assert_eq!(n.handle_reply(INITIALIZE, Err(&in_words)), HandshakeStep::Ask(old));

        for (data, told) in [
            (r#"{"supported":["2031-01-01",7]}"#, "it speaks 2031-01-01, 7, we 2024-11-05, "),
            (r#"{"supported":"2031-01-01"}"#, "it speaks 2031-01-01, we "),
            (r#"["1"]"#, "it speaks 1, we "),
            ("7", "no (-32602)"),
            ("", "no (-32602)"),
        ] {
            let (mut n, _) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Legacy, WAIT, LIMIT);
            let step = n.handle_reply(INITIALIZE, Err(&error(-32602, data)));
            assert!(
                matches!(&step, HandshakeStep::Failed(why) if why.contains(told)),
                "{data}: {step:?}"
            );
        }
    }

    #[test]
    fn a_late_discover_result_or_a_locked_server_is_still_modern() {
        let mut late = probing();
        assert_eq!(late.handle_timeout(Time::ZERO + WAIT), HandshakeStep::Ask(INITIALIZE));
        let step = late.handle_reply(Discover, Ok(&raw(DISCOVERED)));
        assert!(
            matches!(step, HandshakeStep::Established(ref s) if s.era == Era::Modern),
            "{step:?}"
        );

        let mut locked = probing();
        locked.handle_timeout(Time::ZERO + WAIT);
        let step = locked.handle_reply(INITIALIZE, Err(&error(-32022, "")));
        assert!(
            matches!(step, HandshakeStep::Established(ref s) if s.era == Era::Modern),
            "{step:?}"
        );

        let mut refused = probing();
        refused.handle_timeout(Time::ZERO + WAIT);
        let step = refused.handle_reply(Discover, Err(&error(-32601, "")));
        assert_eq!(step, HandshakeStep::Wait, "initialize must not be sent twice");
    }

    #[test]
    fn an_unsupported_version_is_retried_once_with_one_the_server_names() {
        let both = r#"{"supported":["2026-07-28","2027-01-01"],"requested":"x"}"#;
        let mut n = probing();
        let step = n.handle_reply(Discover, Err(&error(-32022, both)));
        assert_eq!(step, HandshakeStep::Ask(Discover));
        let step = n.handle_reply(Discover, Err(&error(-32022, both)));
        assert!(matches!(step, HandshakeStep::Failed(_)), "{step:?}");

        let other = r#"{"supported":["2027-01-01"]}"#;
        let step = probing().handle_reply(Discover, Err(&error(-32022, other)));
        assert!(
            matches!(step, HandshakeStep::Failed(ref why) if why.contains("2027-01-01")),
            "{step:?}"
        );

        let old = r#"{"supported":["2025-11-25"]}"#;
        let step = probing().handle_reply(Discover, Err(&error(-32022, old)));
        assert_eq!(step, HandshakeStep::Ask(INITIALIZE));
    }

    #[test]
    fn a_server_that_lists_no_version_of_ours_is_legacy() {
        let only_old = raw(r#"{"supportedVersions":["2025-11-25"],"capabilities":{}}"#);
        let step = probing().handle_reply(Discover, Ok(&only_old));
        assert_eq!(step, HandshakeStep::Ask(INITIALIZE));
    }

    #[test]
    fn a_pinned_modern_server_is_not_asked() {
        let (_, step) = Negotiation::start(Time::ZERO, Time::ZERO, Prior::Modern, WAIT, LIMIT);
        assert!(
            matches!(step, HandshakeStep::Established(ref s) if s.era == Era::Modern),
            "{step:?}"
        );
    }
}
