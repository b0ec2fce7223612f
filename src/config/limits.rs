//! The numbers: what range each may have, where it comes from, what is in force.
//!
//! An entry's own value wins over the host's default (tmux's `mcp-*` options),
//! which wins over the built-in one. Both kinds are checked here against the
//! same ranges, so that an option cannot do what an entry may not.

use std::time::Duration;

use super::{ConnectCost, Defaults, Limits, ServerConfig, Settings, Transport, quoted};
use crate::error::{Error, Kind, Result};

const CONNECTIONS: Range = Range { min: 1, max: 1024, unit: "connections" };
/// A year; zero means never.
const IDLE_SECONDS: Range = Range { min: 0, max: 31_536_000, unit: "seconds" };
const REQUESTS: Range = Range { min: 1, max: 1024, unit: "requests" };
/// A week: Claude Code's own default for a tool is more than a day.
const TIMEOUT: Range = Range { min: 1, max: 604_800_000, unit: "milliseconds" };
const ATTEMPTS: Range = Range { min: 0, max: 100, unit: "attempts" };
/// Not beyond the cap of the doubling.
const BACKOFF: Range = Range { min: 1, max: 30_000, unit: "milliseconds" };
/// Longest message of a server. Memory is taken only for what comes.
const ANSWER: Range = Range { min: 1, max: 256, unit: "MiB" };

/// Zero means no breaker.
const FAILURES: Range = Range { min: 0, max: 1000, unit: "failures" };
/// An hour at most: a longer pause is as good as `"disabled": true`.
const PAUSE: Range = Range { min: 1, max: 3600, unit: "seconds" };

/// The whole numbers a setting may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) unit: &'static str,
}

impl Range {
    pub(super) fn contains(self, number: u64) -> bool {
        (self.min..=self.max).contains(&number)
    }

    /// "a whole number of seconds from 0 to 31536000".
    pub(super) fn expectation(self) -> String {
        format!("a whole number of {} from {} to {}", self.unit, self.min, self.max)
    }
}

impl Settings {
    /// The keys of an entry that are numbers, each with its range.
    pub(super) const KEYS: [(&'static str, Range); 11] = [
        ("pool_max_size", CONNECTIONS),
        ("pool_idle_timeout", IDLE_SECONDS),
        ("max_in_flight", REQUESTS),
        ("timeout", TIMEOUT),
        ("operation_timeout", TIMEOUT),
        ("retry_attempts", ATTEMPTS),
        ("retry_backoff", BACKOFF),
        ("startup_timeout", TIMEOUT),
        ("max_answer", ANSWER),
        ("breaker_failures", FAILURES),
        ("breaker_pause", PAUSE),
    ];

    /// Sets the number of `key` to one in its range, or takes it out.
    pub(super) fn set(&mut self, key: &str, number: Option<u64>) {
        let count = number.map(narrow);
        let millis = number.map(Duration::from_millis);
        match key {
            "pool_max_size" => self.pool_max_size = count,
            "pool_idle_timeout" => self.pool_idle_timeout = number.map(Duration::from_secs),
            "max_in_flight" => self.max_in_flight = count,
            "timeout" => self.timeout = millis,
            "operation_timeout" => self.operation_timeout = millis,
            "retry_attempts" => self.retry_attempts = count,
            "retry_backoff" => self.retry_backoff = millis,
            "startup_timeout" => self.startup_timeout = millis,
            "max_answer" => self.max_answer = count,
            "breaker_failures" => self.breaker_failures = count,
            "breaker_pause" => self.breaker_pause = count,
            _ => {}
        }
    }
}

impl Limits {
    /// Failures in a row after which a server is left alone, unless something else is set.
    pub(super) const BREAKER_FAILURES: u32 = 5;
}

impl Defaults {
    /// Sets the default called `name`, as in `tmcp_client_set_default`, or with
    /// `None` returns to the built-in one.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when there is no such default or `value` is not a
    /// number in its range; nothing is changed then.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let names = Settings::KEYS.map(|(key, _)| key.replace('_', "-"));
        let Some(at) = names.iter().position(|known| known == name) else {
            let (name, names) = (quoted(name), names.join(", "));
            let message = format!("unknown default {name}: there are {names}");
            return Err(Error::new(Kind::Invalid, message));
        };
        let (key, range) = Settings::KEYS[at];
        let number = value.map(|text| match text.trim().parse() {
            Ok(number) if range.contains(number) => Ok(number),
            _ => Err(Error::new(
                Kind::Invalid,
                format!("{name} must be {}, not {}", range.expectation(), quoted(text)),
            )),
        });
        self.settings.set(key, number.transpose()?);
        Ok(())
    }

    /// Takes over what the environment sets: `MCP_TIMEOUT`, the milliseconds that a
    /// server may take to start, as Claude Code reads it. What is no number in the
    /// range of `startup_timeout` counts as not set.
    pub fn set_environment(&mut self, env: &dyn Fn(&str) -> Option<String>) {
        let number = env("MCP_TIMEOUT").and_then(|text| text.trim().parse().ok());
        let number = number.filter(|number| TIMEOUT.contains(*number));
        self.startup_environment = number.map(Duration::from_millis);
    }
}

impl ServerConfig {
    /// The numbers in force on `channel`, which is `Stdio` for a socket server
    /// that has fallen back to its command.
    ///
    /// A socket carries one request at a time over five connections, a process
    /// many at a time: each further process is slow to start and has a state of
    /// its own. Who asks for several processes wants calls to run in them side
    /// by side, so then each takes one at a time unless told otherwise;
    /// with 64 the first would never be full and the pool never grow.
    ///
    /// After the fallback neither an entry's nor a default's `pool_max_size` and
    /// `max_in_flight` count: they were meant for a socket, where twenty
    /// connections cost nothing, and must not become twenty processes.
    pub fn limits(&self, defaults: &Defaults, channel: Transport) -> Limits {
        let (own, host) = (&self.settings, &defaults.settings);
        let pool_max_size = own.pool_max_size.or(host.pool_max_size);
        let max_in_flight = own.max_in_flight.or(host.max_in_flight);
        let counts = channel == self.transport || !channel.is_process();
        let is_max_in_flight_set = counts && max_in_flight.is_some();
        let is_pool_max_size_set = counts && pool_max_size.is_some();
        let (pool_max_size, max_in_flight) = match channel.connect_cost() {
            ConnectCost::Descriptor => (pool_max_size.unwrap_or(5), max_in_flight.unwrap_or(1)),
            ConnectCost::Session => (pool_max_size.unwrap_or(1), max_in_flight.unwrap_or(16)),
            ConnectCost::Process if channel != self.transport => (1, 64),
            ConnectCost::Process => {
                let processes = pool_max_size.unwrap_or(1);
                let each = if processes > 1 { 1 } else { 64 };
                (processes, max_in_flight.unwrap_or(each))
            }
        };
        let idle = own.pool_idle_timeout.or(host.pool_idle_timeout);
        let backoff = own.retry_backoff.or(host.retry_backoff);
        let startup = own.startup_timeout.or(host.startup_timeout);
        Limits {
            pool_max_size: pool_max_size.clamp(1, narrow(CONNECTIONS.max)),
            pool_idle_timeout: match idle {
                Some(Duration::ZERO) => None,
                Some(idle) => Some(idle),
                None => Some(Duration::from_secs(300)),
            },
            max_in_flight: max_in_flight.clamp(1, narrow(REQUESTS.max)),
            is_max_in_flight_set,
            is_pool_max_size_set,
            timeout: own.timeout.or(host.timeout),
            timeout_key: match (own.timeout, host.timeout) {
                (Some(_), _) => "'timeout' of the entry",
                (None, Some(_)) => "mcp-timeout",
                (None, None) => "",
            },
            operation_timeout: own.operation_timeout.or(host.operation_timeout),
            retry_attempts: own.retry_attempts.or(host.retry_attempts).unwrap_or(3),
            retry_backoff: backoff.unwrap_or(Duration::from_millis(100)),
            startup_timeout: startup
                .or(defaults.startup_environment)
                .unwrap_or(Duration::from_secs(60)),
            max_answer: (own.max_answer.or(host.max_answer).unwrap_or(16) as usize) << 20,
            breaker_failures: own
                .breaker_failures
                .or(host.breaker_failures)
                .unwrap_or(Limits::BREAKER_FAILURES),
            breaker_pause: own.breaker_pause.or(host.breaker_pause).unwrap_or(60),
        }
    }
}

/// For numbers whose range fits: every range of a count does.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_servers;
    use crate::config::tests::server;

    #[test]
    fn a_bare_stdio_server_gets_one_process_and_many_requests() {
        let limits = server("a").limits(&Defaults::default(), Transport::Stdio);
        assert_eq!(
            limits,
            Limits {
                pool_max_size: 1,
                pool_idle_timeout: Some(Duration::from_secs(300)),
                max_in_flight: 64,
                is_max_in_flight_set: false,
                is_pool_max_size_set: false,
                timeout: None,
                timeout_key: "",
                operation_timeout: None,
                retry_attempts: 3,
                retry_backoff: Duration::from_millis(100),
                startup_timeout: Duration::from_secs(60),
                max_answer: 16 << 20,
                breaker_failures: 5,
                breaker_pause: 60,
            }
        );
    }

    #[test]
    fn a_start_may_take_as_long_as_the_environment_says_unless_an_option_or_an_entry_does() {
        let mut server = server("a");
        let mut defaults = Defaults::default();
        let starts = |server: &ServerConfig, defaults: &Defaults| {
            server.limits(defaults, Transport::Stdio).startup_timeout.as_millis()
        };
        for (text, wanted) in [("120000", 120_000), (" 5 ", 5), ("0", 60_000), ("1m", 60_000)] {
            defaults.set_environment(&|name| (name == "MCP_TIMEOUT").then(|| text.to_owned()));
            assert_eq!(starts(&server, &defaults), wanted, "{text}");
        }
        defaults.set_environment(&|_| Some("9000".to_owned()));
        defaults.set("startup-timeout", Some("8000")).expect("it is in range");
        assert_eq!(starts(&server, &defaults), 8000);
        server.settings.startup_timeout = Some(Duration::from_secs(7));
        assert_eq!(starts(&server, &defaults), 7000);
    }

    #[test]
    fn a_bare_socket_server_gets_five_connections_of_one_request() {
        let mut server = server("a");
        server.transport = Transport::Socket;
        let limits = server.limits(&Defaults::default(), Transport::Socket);
        assert_eq!((limits.pool_max_size, limits.max_in_flight), (5, 1));
    }

    #[test]
    fn several_processes_take_one_request_each_so_that_the_pool_grows() {
        let mut server = server("a");
        let numbers = |server: &ServerConfig, defaults: &Defaults| {
            let limits = server.limits(defaults, Transport::Stdio);
            (limits.pool_max_size, limits.max_in_flight)
        };
        let mut defaults = Defaults::default();
        server.settings.pool_max_size = Some(5);
        assert_eq!(numbers(&server, &defaults), (5, 1));
        server.settings.max_in_flight = Some(8);
        assert_eq!(numbers(&server, &defaults), (5, 8));
        server.settings.pool_max_size = Some(1);
        server.settings.max_in_flight = None;
        assert_eq!(numbers(&server, &defaults), (1, 64));
        server.settings.pool_max_size = None;
        defaults.settings.pool_max_size = Some(3);
        assert_eq!(numbers(&server, &defaults), (3, 1));
        defaults.settings.max_in_flight = Some(2);
        assert_eq!(numbers(&server, &defaults), (3, 2));
    }

    #[test]
    fn a_fallback_to_stdio_is_one_process_whatever_the_socket_was_given() {
        let mut server = server("a");
        server.transport = Transport::Socket;
        server.settings.pool_max_size = Some(20);
        server.settings.max_in_flight = Some(2);
        let settings =
            Settings { pool_max_size: Some(9), max_in_flight: Some(9), ..Settings::default() };
        let defaults = Defaults { settings, ..Defaults::default() };
        let limits = server.limits(&defaults, Transport::Stdio);
        assert_eq!((limits.pool_max_size, limits.max_in_flight), (1, 64));
        let limits = server.limits(&defaults, Transport::Socket);
        assert_eq!((limits.pool_max_size, limits.max_in_flight), (20, 2));
    }

    #[test]
    fn an_entry_wins_over_a_default_which_wins_over_the_built_in() {
        let mut defaults = Defaults::default();
        for (name, value) in [
            ("pool-max-size", "7"),
            ("pool-idle-timeout", "0"),
            ("max-in-flight", "3"),
            ("timeout", "1000"),
            ("operation-timeout", " 500 "),
            ("retry-attempts", "0"),
            ("retry-backoff", "250"),
            ("startup-timeout", "90000"),
            ("max-answer", "256"),
            ("breaker-failures", "0"),
            ("breaker-pause", "9"),
        ] {
            defaults.set(name, Some(value)).expect("all are in range");
        }
        let mut server = server("a");
        let from_defaults = server.limits(&defaults, Transport::Stdio);
        assert_eq!(
            from_defaults,
            Limits {
                pool_max_size: 7,
                pool_idle_timeout: None,
                max_in_flight: 3,
                is_max_in_flight_set: true,
                is_pool_max_size_set: true,
                timeout: Some(Duration::from_secs(1)),
                timeout_key: "mcp-timeout",
                operation_timeout: Some(Duration::from_millis(500)),
                retry_attempts: 0,
                retry_backoff: Duration::from_millis(250),
                startup_timeout: Duration::from_secs(90),
                max_answer: 256 << 20,
                breaker_failures: 0,
                breaker_pause: 9,
            }
        );
        server.settings.pool_idle_timeout = Some(Duration::from_secs(9));
        server.settings.timeout = Some(Duration::from_secs(8));
        server.settings.operation_timeout = Some(Duration::from_secs(7));
        server.settings.retry_attempts = Some(6);
        server.settings.retry_backoff = Some(Duration::from_secs(5));
        server.settings.max_in_flight = Some(4);
        server.settings.pool_max_size = Some(2);
        server.settings.startup_timeout = Some(Duration::from_secs(3));
        server.settings.max_answer = Some(1);
        server.settings.breaker_failures = Some(7);
        server.settings.breaker_pause = Some(2);
        let own = server.limits(&defaults, Transport::Stdio);
        assert_eq!(own, server.limits(&Defaults::default(), Transport::Stdio));
        assert_eq!((own.pool_max_size, own.max_in_flight, own.retry_attempts), (2, 4, 6));

        for name in [
            "pool-max-size",
            "pool-idle-timeout",
            "max-in-flight",
            "timeout",
            "operation-timeout",
            "retry-attempts",
            "retry-backoff",
            "startup-timeout",
            "max-answer",
            "breaker-failures",
            "breaker-pause",
        ] {
            defaults.set(name, None).expect("all exist");
        }
        assert_eq!(defaults, Defaults::default());
    }

    #[test]
    fn a_bad_default_is_refused_with_its_range_and_changes_nothing() {
        let settings = Settings { pool_max_size: Some(7), ..Settings::default() };
        let mut defaults = Defaults { settings, ..Defaults::default() };
        for value in ["", "0", "1025", "-1", "+", "5.5", "5s", "many", "99999999999999999999"] {
            let error = defaults.set("pool-max-size", Some(value)).expect_err(value);
            assert_eq!(error.kind(), Kind::Invalid);
            assert_eq!(
                error.message(),
                format!(
                    "pool-max-size must be a whole number of connections from 1 to 1024, \
                     not '{value}'"
                )
            );
        }
        let error = defaults.set("timeout", Some("0")).expect_err("zero");
        assert!(error.message().contains("milliseconds from 1 to 604800000, not '0'"), "{error}");
        let error = defaults.set("pool_max_size", Some("5")).expect_err("an underscore");
        assert!(
            error.message().starts_with("unknown default 'pool_max_size': there are"),
            "{error}"
        );
        let settings = Settings { pool_max_size: Some(7), ..Settings::default() };
        assert_eq!(defaults, Defaults { settings, ..Defaults::default() });
    }

    #[test]
    fn a_breaker_is_switched_off_and_on() {
        let parse = |keys: &str| {
            let entry = format!("{{\"a\": {{\"command\": \"x\"{keys}}}}}");
            parse_servers(entry.as_bytes(), &|_| None, "test")
        };
        let failures = |keys: &str| parse(keys).servers[0].settings.breaker_failures;
        assert_eq!(failures(""), None);
        assert_eq!(failures(r#", "breaker": false"#), Some(0));
        assert_eq!(failures(r#", "breaker": false, "breaker_failures": 3"#), Some(0));
        assert_eq!(failures(r#", "breaker": true"#), Some(5));
        assert_eq!(failures(r#", "breaker": true, "breaker_failures": 3"#), Some(3));
        let config = parse(r#", "breaker": 3"#);
        let problem = &config.problems[0].message;
        assert!(problem.contains("'breaker' must be true or false"), "{problem}");
    }
}
