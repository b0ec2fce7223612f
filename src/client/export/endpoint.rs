//! A listener for scrapes: `GET /metrics` over HTTP/1.1, on this host alone.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::net::TcpListener;
use mio::{Interest, Registry, Token};

use super::scrape::{Scrape, ScrapeStream};
use super::settings::ExportAddress;
use super::{ExportSource, LISTENER, SCRAPES, settings};
use crate::client::private_socket::PrivateSocket;
use crate::error::{Error, Kind, Result};
use crate::sys::{fd, sentence};
use crate::time::Time;

/// The listener, and those who are served.
#[derive(Debug)]
pub(super) struct MetricsEndpoint {
    listener: ScrapeListener,
    /// Somebody may wait to be accepted.
    may_accept: bool,
    scrapes: [Option<Scrape>; SCRAPES],
}

#[derive(Debug)]
enum ScrapeListener {
    Tcp(TcpListener),
    Unix(PrivateSocket),
}

impl MetricsEndpoint {
    pub(super) fn new(value: &str, now: Time, registry: &Registry) -> Result<MetricsEndpoint> {
        let address = settings::listen(value, now)?;
        let failed = |error: io::Error| {
            Error::new(Kind::Io, format!("metrics-listen '{value}': {}", sentence(&error)))
        };
        let mut listener = ScrapeListener::new(address).map_err(failed)?;
        registry.register(listener.source(), LISTENER, Interest::READABLE).map_err(failed)?;
        Ok(MetricsEndpoint { listener, may_accept: true, scrapes: Default::default() })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<String> {
        match &self.listener {
            ScrapeListener::Tcp(listener) => Some(listener.local_addr().ok()?.to_string()),
            ScrapeListener::Unix(socket) => Some(socket.path().display().to_string()),
        }
    }

    /// Notes an event.
    pub(super) fn note(&mut self, token: Token) {
        match token.0 - LISTENER.0 {
            0 => self.may_accept = true,
            n => {
                if let Some(scrape) = self.scrapes.get_mut(n - 1).and_then(Option::as_mut) {
                    scrape.is_ready = true;
                }
            }
        }
    }

    /// Whether a step has something to do.
    pub(super) fn is_ready(&self) -> bool {
        let has_room = self.scrapes.iter().any(Option::is_none);
        self.may_accept && has_room || self.scrapes.iter().flatten().any(|s| s.is_ready)
    }

    /// When the time of a scrape is over.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.scrapes.iter().flatten().map(|scrape| scrape.until).min()
    }

    /// Takes a connection if there is room, and goes on with each that is ready.
    pub(super) fn step(&mut self, figures: &ExportSource<'_>, registry: &Registry) {
        if self.may_accept {
            self.accept(figures.now, registry);
        }
        for slot in &mut self.scrapes {
            let Some(scrape) = slot else { continue };
            let goes_on = figures.now < scrape.until && (!scrape.is_ready || scrape.step(figures));
            if !goes_on {
                let _ = scrape.stream.source().deregister(registry);
                *slot = None;
            }
        }
    }

    fn accept(&mut self, now: Time, registry: &Registry) {
        // While all are taken the others wait in the backlog.
        let Some(at) = self.scrapes.iter().position(Option::is_none) else { return };
        let mut stream = match self.listener.accept() {
            Ok(Some(stream)) => stream,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            // Nobody waits, or there is no descriptor: the next event tries again.
            Err(_) => return self.may_accept = false,
        };
        // The host needs descriptors for those who attach to it; a scrape comes again.
        if fd::shortage(stream.as_fd().as_raw_fd(), 0).is_some() {
            return;
        }
        let token = Token(LISTENER.0 + 1 + at);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if registry.register(stream.source(), token, interest).is_ok() {
            self.scrapes[at] = Some(Scrape::new(stream, now));
        }
    }

    /// Stops listening, and drops those who are served.
    pub(super) fn close(&mut self, registry: &Registry) {
        for scrape in self.scrapes.iter_mut().flatten() {
            let _ = scrape.stream.source().deregister(registry);
        }
        let _ = self.listener.source().deregister(registry);
    }
}

impl ScrapeListener {
    fn new(address: ExportAddress) -> io::Result<ScrapeListener> {
        match address {
            ExportAddress::Internet(address) => {
                Ok(ScrapeListener::Tcp(TcpListener::bind(address)?))
            }
            ExportAddress::Unix(path) => Ok(ScrapeListener::Unix(PrivateSocket::bind(&path)?)),
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            ScrapeListener::Tcp(listener) => listener,
            ScrapeListener::Unix(socket) => &mut socket.listener,
        }
    }

    /// `None`: somebody else's connection, which was closed.
    fn accept(&self) -> io::Result<Option<ScrapeStream>> {
        match self {
            ScrapeListener::Tcp(listener) => Ok(Some(ScrapeStream::Tcp(listener.accept()?.0))),
            ScrapeListener::Unix(socket) => {
                Ok(socket.accept()?.ok().map(|(stream, _)| ScrapeStream::Unix(stream)))
            }
        }
    }
}
