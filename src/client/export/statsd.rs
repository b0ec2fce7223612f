//! Sends what has changed to a StatsD server, at an interval.
//!
//! A datagram that is not taken at once is dropped and counted: figures are not worth a wait.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use super::settings::{ExportAddress, StatsdSettings};
use super::{ExportSource, settings};
use crate::error::{Error, Kind, Result};
use crate::metrics::StatsdState;
use crate::sys::mounts::Mounts;
use crate::sys::sentence;
use crate::time::Time;

/// Bytes of a datagram that fit into a packet of an Ethernet.
const UDP: usize = 1432;
/// Bytes that agents read from a Unix socket.
const UNIX: usize = 8192;

/// What is sent to one StatsD server.
#[derive(Debug)]
pub(super) struct StatsdExport {
    place: String,
    socket: StatsdSocket,
    state: StatsdState,
    interval: std::time::Duration,
    due: Time,
    /// A datagram was dropped, and that was told.
    has_failed: bool,
    /// A datagram of this flush was dropped.
    has_dropped: bool,
}

#[derive(Debug)]
enum StatsdSocket {
    Udp(UdpSocket),
    /// Not connected: agents come and go.
    Unix {
        socket: UnixDatagram,
        path: PathBuf,
        mounts: Mounts,
    },
}

impl StatsdExport {
    /// The first flush, with the next turn, sends nothing: counters go on from there.
    pub(super) fn new(value: &str, now: Time) -> Result<StatsdExport> {
        let StatsdSettings { address, dialect, interval } = settings::statsd(value, now)?;
        let failed = |error: io::Error| {
            Error::new(Kind::Io, format!("statsd '{value}': {}", sentence(&error)))
        };
        let (socket, limit) = match address {
            ExportAddress::Internet(address) => {
                (StatsdSocket::Udp(udp(address).map_err(failed)?), UDP)
            }
            ExportAddress::Unix(path) => {
                let socket = UnixDatagram::unbound().map_err(failed)?;
                socket.set_nonblocking(true).map_err(failed)?;
                (StatsdSocket::Unix { socket, path, mounts: Mounts::default() }, UNIX)
            }
        };
        Ok(StatsdExport {
            place: value.to_owned(),
            socket,
            state: StatsdState::new(dialect, limit),
            interval,
            due: now,
            has_failed: false,
            has_dropped: false,
        })
    }

    /// When the next piece is due.
    pub(super) fn deadline(&self, now: Time) -> Time {
        if self.state.is_flushing() { now } else { self.due }
    }

    /// Does a piece of a flush. Gives a line for the log when datagrams are dropped that were
    /// taken before.
    pub(super) fn step(&mut self, figures: &ExportSource<'_>, dropped: &mut u64) -> Option<String> {
        if !self.state.is_flushing() {
            if figures.now < self.due {
                return None;
            }
            self.due = figures.now + self.interval;
            self.has_dropped = false;
            self.state.begin((figures.servers)());
            return None;
        }
        let more = self.state.step(&figures.client, figures.report, figures.now);
        let mut failure = None;
        while let Some(datagram) = self.state.next_datagram() {
            if let Err(error) = self.socket.send(figures.now, datagram.as_bytes()) {
                *dropped = dropped.saturating_add(1);
                self.has_dropped = true;
                failure.get_or_insert(error);
            }
        }
        if !more && !self.has_dropped {
            self.has_failed = false;
        }
        let error = failure.filter(|_| !std::mem::replace(&mut self.has_failed, true))?;
        Some(format!("statsd {}: datagrams are dropped: {}", self.place, sentence(&error)))
    }
}

impl StatsdSocket {
    fn send(&mut self, now: Time, datagram: &[u8]) -> io::Result<()> {
        match self {
            StatsdSocket::Udp(socket) => socket.send(datagram).map(drop),
            StatsdSocket::Unix { socket, path, mounts } => {
                if mounts.may_hang(now, path) {
                    let what = "it is on a network file system, which can hang";
                    return Err(io::Error::other(what));
                }
                socket.send_to(datagram, path).map(drop)
            }
        }
    }
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    Ok(socket)
}
