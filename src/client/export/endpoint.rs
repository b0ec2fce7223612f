//! A listener for scrapes: `GET /metrics` over HTTP/1.1, on this host alone.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};

use super::scrape::{Scrape, ScrapeStream};
use super::settings::ExportAddress;
use super::{ExportSource, LISTENER, SCRAPES, settings};
use crate::channel::Unix;
use crate::error::{Error, Kind, Result};
use crate::sys::{fd, peer, sentence};
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
    /// With device and inode: what else lies at the path later is not ours.
    Unix {
        listener: UnixListener,
        path: PathBuf,
        file: Option<(u64, u64)>,
    },
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
            ScrapeListener::Unix { path, .. } => Some(path.display().to_string()),
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
            ExportAddress::Unix(path) => {
                let listener = match UnixListener::bind(&path) {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                        if !Unix::remove_stale(&path)? {
                            return Err(error);
                        }
                        UnixListener::bind(&path)?
                    }
                    bound => bound?,
                };
                let file = identity(&path);
                let listener = ScrapeListener::Unix { listener, path, file };
                if let ScrapeListener::Unix { path, .. } = &listener {
                    fs::set_permissions(path, Permissions::from_mode(0o600))?;
                }
                Ok(listener)
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            ScrapeListener::Tcp(listener) => listener,
            ScrapeListener::Unix { listener, .. } => listener,
        }
    }

    /// `None`: somebody else's connection, which was closed.
    fn accept(&self) -> io::Result<Option<ScrapeStream>> {
        match self {
            ScrapeListener::Tcp(listener) => Ok(Some(ScrapeStream::Tcp(listener.accept()?.0))),
            ScrapeListener::Unix { listener, .. } => {
                let (stream, _) = listener.accept()?;
                // Another user may have connected before the mode of the file was set.
                let uid = peer::peer(stream.as_fd())?.uid;
                let is_trusted = uid == peer::our_uid() || uid == 0;
                Ok(is_trusted.then_some(ScrapeStream::Unix(stream)))
            }
        }
    }
}

impl Drop for ScrapeListener {
    fn drop(&mut self) {
        if let ScrapeListener::Unix { path, file, .. } = self {
            if file.is_some() && identity(path) == *file {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Device and inode.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}
