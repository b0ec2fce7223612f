//! The loop: one thread, one poll, signals and timers. It carries one of two modes.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use tmcp::channel::TOKENS;

use crate::args::Options;
use crate::ending::Endings;
use crate::endpoint::Endpoint;
use crate::log;
use crate::separate::Separate;
use crate::shared::Shared;

/// Bytes read at once.
pub(crate) const CHUNK: usize = 64 << 10;
/// Connections accepted in one turn.
const ACCEPTS: usize = 16;

const LISTENER: Token = Token(0);
const STATUS: Token = Token(1);
const SIGNALS: Token = Token(2);

/// What a mode may use in a turn.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) scratch: &'a mut [u8],
    pub(crate) endings: &'a mut Endings,
    /// The next block of tokens.
    pub(crate) next: &'a mut usize,
    pub(crate) now: Instant,
}

impl Turn<'_> {
    /// A block of tokens that was never used.
    pub(crate) fn block(&mut self) -> usize {
        *self.next += TOKENS;
        *self.next
    }
}

/// One process for all connections, or one for each.
pub(crate) trait Mode: fmt::Debug {
    /// Begins, before anybody connects.
    fn start(&mut self, turn: &mut Turn<'_>) -> Result<(), String>;
    /// A client has connected.
    fn accepted(&mut self, stream: UnixStream, turn: &mut Turn<'_>) -> io::Result<()>;
    /// An event for a token of the mode's.
    fn event(&mut self, event: &Event);
    /// Reads, routes and writes, a bounded amount. True: there is more to do now.
    fn turn(&mut self, turn: &mut Turn<'_>) -> bool;
    /// When `turn` is wanted without an event.
    fn deadline(&self) -> Option<Instant>;
    /// Connections of clients.
    fn connections(&self) -> usize;
    /// Lets go of clients and processes.
    fn stop(&mut self, turn: &mut Turn<'_>);
    /// Lines for `--status`.
    fn status(&self, now: Instant) -> String;
}

/// Serves until a signal or the idle timeout ends it.
pub(crate) fn run(options: Options) -> Result<(), String> {
    let failed = |e: io::Error| format!("the system refuses: {e}");
    let is_open_to_others = !options.allowed_uids.is_empty();
    let endpoint = Endpoint::open(options.socket.as_deref(), is_open_to_others)?;
    let status = match endpoint.open_status() {
        Ok(status) => status,
        Err(why) if endpoint.path.as_deref() == options.socket.as_deref() => return Err(why),
        Err(why) => {
            log::line(&format!("--status will not work: {why}"));
            None
        }
    };
    let mut poll = Poll::new().map_err(failed)?;
    let (signals, sender) = UnixStream::pair().map_err(failed)?;
    signals.set_nonblocking(true).map_err(failed)?;
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let sender = sender.try_clone().map_err(failed)?;
        signal_hook::low_level::pipe::register(signal, sender).map_err(failed)?;
    }
    let mut watched =
        vec![(endpoint.listener.as_raw_fd(), LISTENER), (signals.as_raw_fd(), SIGNALS)];
    watched.extend(status.as_ref().map(|status| (status.listener.as_raw_fd(), STATUS)));
    for (fd, token) in watched {
        poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE).map_err(failed)?;
    }
    let mut daemon = Daemon {
        mode: match options.per_connection {
            true => Box::new(Separate::new(&options.command)),
            false => Box::new(Shared::new(&options.command, options.declared.clone())),
        },
        endings: Endings::default(),
        next: 0,
        started: Instant::now(),
        quiet_since: Some(Instant::now()),
        accepted: 0,
        refused: 0,
        options,
        may_accept: true,
        stopping: 0,
    };
    let shown =
        endpoint.path.as_deref().map_or("a socket of systemd".into(), |p| p.display().to_string());
    daemon.start(poll.registry())?;
    log::line(&format!("listening on {shown}"));
    daemon.serve(&mut poll, &endpoint, status.as_ref(), &signals).map_err(failed)
}

#[derive(Debug)]
struct Daemon {
    mode: Box<dyn Mode>,
    endings: Endings,
    next: usize,
    started: Instant,
    /// Since when nobody is connected.
    quiet_since: Option<Instant>,
    accepted: u64,
    refused: u64,
    options: Options,
    /// The listener may have connections that wait.
    may_accept: bool,
    /// Signals that asked for the end.
    stopping: u32,
}

impl Daemon {
    /// Starts the shared process, so that a wrong command ends the bridge and is seen.
    fn start(&mut self, registry: &Registry) -> Result<(), String> {
        let mut turn = Turn {
            registry,
            scratch: &mut [],
            endings: &mut self.endings,
            next: &mut self.next,
            now: Instant::now(),
        };
        self.mode.start(&mut turn)
    }

    fn serve(
        &mut self,
        poll: &mut Poll,
        endpoint: &Endpoint,
        status: Option<&Endpoint>,
        signals: &UnixStream,
    ) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let mut scratch = vec![0; CHUNK];
        let mut has_more = false;
        loop {
            let timeout =
                if has_more || self.may_accept { Some(Duration::ZERO) } else { self.timeout() };
            match poll.poll(&mut events, timeout) {
                Err(e) if e.kind() != ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.may_accept = true,
                    STATUS => self.tell_status(status),
                    SIGNALS => self.count_signals(signals),
                    _ => self.mode.event(event),
                }
            }
            let now = Instant::now();
            let (mut endings, mut next) = (std::mem::take(&mut self.endings), self.next);
            let mut turn = Turn {
                registry: poll.registry(),
                scratch: &mut scratch,
                endings: &mut endings,
                next: &mut next,
                now,
            };
            self.accept(endpoint, &mut turn);
            let before = self.mode.connections();
            has_more = self.mode.turn(&mut turn);
            // A descriptor is free again for a connection that could not be accepted.
            self.may_accept |= self.mode.connections() < before;
            if self.mode.connections() > 0 {
                self.quiet_since = None;
            } else {
                self.quiet_since.get_or_insert(now);
            }
            if self.stopping == 0 && self.is_idle_too_long(now) {
                log::line("nobody is connected any more: leaving");
                self.stopping = 1;
            }
            if self.stopping > 0 {
                self.mode.stop(&mut turn);
            }
            endings.turn(&mut scratch, now);
            self.endings = endings;
            self.next = next;
            if self.stopping > 0 {
                if self.stopping > 1 {
                    self.endings.hurry(now);
                }
                if self.endings.len() == 0 {
                    return Ok(());
                }
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let now = Instant::now();
        let idle =
            self.options.idle_timeout.zip(self.quiet_since).map(|(limit, since)| since + limit);
        let due = [self.mode.deadline(), self.endings.deadline(now), idle];
        let due = due.into_iter().flatten().min()?;
        // Never shorter than a millisecond, which is what the poll can count.
        Some(due.saturating_duration_since(now).max(Duration::from_millis(1)))
    }

    fn is_idle_too_long(&self, now: Instant) -> bool {
        let quiet = self.quiet_since.map(|since| now.duration_since(since));
        self.options.idle_timeout.zip(quiet).is_some_and(|(limit, quiet)| quiet >= limit)
    }

    fn accept(&mut self, endpoint: &Endpoint, turn: &mut Turn<'_>) {
        if self.stopping > 0 {
            self.may_accept = false;
        }
        for _ in 0..ACCEPTS {
            if !self.may_accept {
                return;
            }
            match endpoint.accept(&self.options.allowed_uids) {
                Ok(Some(stream)) if self.mode.connections() >= self.options.max_clients => {
                    self.refused += 1;
                    let text = "the bridge has as many clients as --max-clients allows";
                    // It fits an empty buffer, or is lost with the connection.
                    let _ = (&stream).write(&crate::message::refusal(b"null", -32000, text));
                }
                Ok(Some(stream)) => {
                    self.accepted += 1;
                    if let Err(e) = self.mode.accepted(stream, turn) {
                        log::line(&format!("a connection was dropped: {e}"));
                    }
                }
                Ok(None) => self.refused += 1,
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.may_accept = false,
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(e) => {
                    // No descriptors are left. The next event tries again.
                    log::line(&format!("cannot accept: {e}"));
                    self.may_accept = false;
                }
            }
        }
    }

    fn count_signals(&mut self, signals: &UnixStream) {
        let mut bytes = [0; 16];
        while let Ok(n) = io::Read::read(&mut &*signals, &mut bytes) {
            if n == 0 {
                return;
            }
            self.stopping += n as u32;
        }
    }

    fn tell_status(&mut self, status: Option<&Endpoint>) {
        let Some(status) = status else { return };
        // Only those who may connect may ask.
        while let Ok(stream) = status.accept(&[]) {
            let Some(mut stream) = stream else { continue };
            let now = Instant::now();
            let text = format!(
                "Pid: {}\nUptime: {} s\nMode: {}\nCommand: {}\nConnections: {}\nAccepted: {}\nRefused: {}\n{}",
                std::process::id(),
                now.duration_since(self.started).as_secs(),
                if self.options.per_connection {
                    "a process for each connection"
                } else {
                    "shared"
                },
                self.options.command.join(" ".as_ref()).to_string_lossy(),
                self.mode.connections(),
                self.accepted,
                self.refused,
                self.mode.status(now),
            );
            // A few hundred bytes fit an empty buffer.
            let _ = stream.write_all(text.as_bytes());
        }
    }
}
