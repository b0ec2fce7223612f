//! The values of exports, checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::invalid;
use crate::error::{Error, Kind, Result};
use crate::metrics::StatsdDialect;
use crate::sys::mounts::Mounts;
use crate::time::Time;

/// The longest label, in bytes.
const LABEL: usize = 256;
/// How often StatsD is sent to by default.
const FLUSH: Duration = Duration::from_secs(10);

/// Where something listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExportAddress {
    /// A numeric address: names are not resolved.
    Internet(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Where and how StatsD is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatsdSettings {
    pub(super) address: ExportAddress,
    pub(super) dialect: StatsdDialect,
    pub(super) interval: Duration,
}

pub(super) fn check_name(name: &str) -> Result<()> {
    const NAMES: [&str; 5] =
        ["label", "metrics-file", "metrics-interval", "metrics-listen", "statsd"];
    match NAMES.contains(&name) {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Invalid,
            format!("unknown export '{name}'; there are {}", NAMES.join(", ")),
        )),
    }
}

pub(super) fn label(value: &str) -> Result<String> {
    match value.len() <= LABEL {
        true => Ok(value.to_owned()),
        false => Err(invalid("label", value, format_args!("longer than {LABEL} bytes"))),
    }
}

/// Whole seconds from 1 to `most`.
pub(super) fn seconds(value: &str, most: u64) -> Result<Duration> {
    match value.parse() {
        Ok(seconds) if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => {
            let what = format!("interval '{value}': not a number of seconds from 1 to {most}");
            Err(Error::new(Kind::Invalid, what))
        }
    }
}

/// An absolute path on a file system that cannot hang.
pub(super) fn path(name: &str, value: &str, path: &str, now: Time) -> Result<PathBuf> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(invalid(name, value, "the path does not begin with /"));
    }
    if path.file_name().is_none() || value.contains('\0') {
        return Err(invalid(name, value, "the path names no file"));
    }
    if Mounts::default().may_hang(now, path) {
        return Err(invalid(name, value, "it is on a network file system, which can hang"));
    }
    Ok(path.to_path_buf())
}

/// `unix:/path`, or a loopback address with a port.
pub(super) fn listen(value: &str, now: Time) -> Result<ExportAddress> {
    const NAME: &str = "metrics-listen";
    if let Some(socket) = value.strip_prefix("unix:") {
        return Ok(ExportAddress::Unix(path(NAME, value, socket, now)?));
    }
    let Ok(address) = value.parse::<SocketAddr>() else {
        let what = "neither unix:/path nor 127.0.0.1:PORT nor [::1]:PORT";
        return Err(invalid(NAME, value, what));
    };
    if !address.ip().is_loopback() {
        let what = "not an address of this host alone, such as 127.0.0.1";
        return Err(invalid(NAME, value, what));
    }
    Ok(ExportAddress::Internet(address))
}

/// `udp://ADDRESS:PORT` or `unix:///path`, and what follows a `?`.
pub(super) fn statsd(value: &str, now: Time) -> Result<StatsdSettings> {
    const NAME: &str = "statsd";
    let (place, query) = value.split_once('?').unwrap_or((value, ""));
    let address = if let Some(socket) = place.strip_prefix("unix://") {
        ExportAddress::Unix(path(NAME, value, socket, now)?)
    } else if let Some(address) = place.strip_prefix("udp://") {
        match address.parse() {
            Ok(address) => ExportAddress::Internet(address),
            Err(_) => {
                let what = "no numeric address with a port; names are not resolved";
                return Err(invalid(NAME, value, what));
            }
        }
    } else {
        return Err(invalid(NAME, value, "neither udp://ADDRESS:PORT nor unix:///path"));
    };
    let mut settings = StatsdSettings { address, dialect: StatsdDialect::Plain, interval: FLUSH };
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            None if part == "dogstatsd" => settings.dialect = StatsdDialect::DogStatsd,
            Some(("interval", number)) => settings.interval = seconds(number, 600)?,
            _ => {
                let what = format_args!("'{part}' is neither dogstatsd nor interval=SECONDS");
                return Err(invalid(NAME, value, what));
            }
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_listened_on() {
        let listen = |value| listen(value, Time::ZERO);
        assert!(matches!(listen("127.0.0.1:0"), Ok(ExportAddress::Internet(_))));
        assert!(matches!(listen("[::1]:9464"), Ok(ExportAddress::Internet(_))));
        assert!(matches!(listen("unix:/run/m.sock"), Ok(ExportAddress::Unix(_))));
        for bad in ["0.0.0.0:9464", "[::]:9464", "192.168.1.1:80", "localhost:80", "9464", "unix:m"]
        {
            let error = listen(bad).unwrap_err();
            assert!(error.message().starts_with(&format!("metrics-listen '{bad}': ")), "{error}");
        }
    }

    #[test]
    fn statsd_is_an_address_and_what_follows_a_question_mark() {
        let read = statsd("unix:///run/agent.sock?dogstatsd&interval=2", Time::ZERO).unwrap();
        assert_eq!(read.address, ExportAddress::Unix("/run/agent.sock".into()));
        assert_eq!(read.dialect, StatsdDialect::DogStatsd);
        assert_eq!(read.interval, Duration::from_secs(2));
        let read = statsd("udp://127.0.0.1:8125", Time::ZERO).unwrap();
        assert_eq!((read.dialect, read.interval), (StatsdDialect::Plain, FLUSH));
        for bad in ["127.0.0.1:8125", "udp://localhost:8125", "udp://127.0.0.1", "unix://x"] {
            assert!(statsd(bad, Time::ZERO).is_err(), "{bad}");
        }
        for bad in ["tags", "interval=0", "interval=601", "interval=x", "interval"] {
            assert!(statsd(&format!("udp://127.0.0.1:1?{bad}"), Time::ZERO).is_err(), "{bad}");
        }
    }
}
