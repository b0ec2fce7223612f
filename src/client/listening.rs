//! The socket on which agents reach the servers of this client: descriptors, readiness and
//! deadlines. What is said on a connection is [`listener`](crate::listener)'s.
//!
//! Invariants:
//! * a connection that is not read or written stays registered and costs no wake-up;
//! * each piece of work is one accept, or one read of 16 KiB and what it asks for, or one
//!   write of 256 KiB;
//! * a request of an agent is in `requests` of its connection and in `owners`, or in neither.

mod agent_socket;
mod serving;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mio::net::UnixStream;
use mio::{Interest, Token};

use crate::client::Client;
use crate::client::private_socket::PrivateSocket;
use crate::client::tokens::AGENTS;
use crate::config::Directory;
use crate::engine::{Event, IdMap, LogLevel, RequestId};
use crate::error::{Error, Kind, Result};
use crate::listener::{Agent, AgentRequestId};
use crate::sys::{clock, socket};
use crate::time::Time;

/// The token of the listening socket; those of connections follow.
const FIRST_TOKEN: usize = *AGENTS.start();
/// Agents at once.
const MOST_AGENTS: usize = 64;
/// How long an agent may take to name its server.
const HELLO: Duration = Duration::from_secs(5);
/// When a connection is accepted again after the descriptors had run out.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// Bytes read in one go. Each may hold a few hundred requests.
const READ: usize = 16 << 10;
/// Bytes written in one go.
const WRITE: usize = 256 << 10;

/// The listening socket and the connections of agents.
#[derive(Debug)]
pub(super) struct Listening {
    socket: PrivateSocket,
    /// The poll said that somebody connects.
    is_acceptable: bool,
    accept_again: Option<Time>,
    /// Connections so far; the number of one is never used again.
    count: usize,
    agents: HashMap<usize, AgentLink>,
    /// Connections with something to do.
    busy: VecDeque<usize>,
    /// Connections whose server is looked up when the configuration is read.
    resolving: Vec<(usize, String, Arc<Directory>)>,
    owners: IdMap<RequestId, Owner>,
    /// For the host, before the events of the engine.
    events: VecDeque<Event>,
}

/// One connection of an agent.
#[derive(Debug)]
struct AgentLink {
    stream: UnixStream,
    agent: Agent,
    requests: HashMap<AgentRequestId, RequestId>,
    hello_by: Time,
    readable: bool,
    writable: bool,
    /// The agent sends nothing more.
    ended: bool,
    /// The agent reads nothing more either: it has closed the connection.
    gone: bool,
    listed: bool,
}

/// Whose request of the engine it is.
#[derive(Debug)]
struct Owner {
    link: usize,
    request: AgentRequestId,
    /// The answer to the handshake waits for it.
    is_handshake: bool,
    server: Arc<str>,
    tool: Box<str>,
    /// Arguments of a call, for the history of the host; empty when they are long.
    arguments: Box<str>,
    begun: Time,
}

impl Listening {
    /// Keeps what an event says. False: it is not about agents.
    pub(super) fn note(&mut self, event: &mio::event::Event) -> bool {
        let Token(token) = event.token();
        if !AGENTS.contains(&token) {
            return false;
        }
        let number = token - FIRST_TOKEN;
        if number == 0 {
            self.is_acceptable = true;
        } else if let Some(link) = self.agents.get_mut(&number) {
            link.readable |= event.is_readable() || event.is_read_closed();
            link.writable |= event.is_writable();
            link.gone |= event.is_write_closed() || event.is_error();
            self.enlist(number);
        }
        true
    }

    /// Whether there is something to do that no event and no deadline announces.
    /// `is_ready`: the configuration is read.
    pub(super) fn is_busy(&self, is_ready: bool) -> bool {
        let resolves = is_ready && !self.resolving.is_empty();
        self.is_acceptable || !self.busy.is_empty() || resolves
    }

    /// Whether there are events for the host.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// When something is due although no event comes.
    pub(super) fn deadline(&self) -> Option<Time> {
        let silent = self.agents.values().filter(|link| link.agent.awaits_hello());
        silent.map(|link| link.hello_by).chain(self.accept_again).min()
    }

    fn enlist(&mut self, number: usize) {
        if let Some(link) = self.agents.get_mut(&number) {
            if !std::mem::replace(&mut link.listed, true) {
                self.busy.push_back(number);
            }
        }
    }
}

impl AgentLink {
    /// Writes what the agent takes. False: the connection is broken.
    fn write(&mut self) -> bool {
        let mut left = WRITE;
        while self.writable && left > 0 && !self.agent.output().is_empty() {
            let front = self.agent.output().front();
            let front = &front[..front.len().min(left)];
            match socket::send(self.stream.as_fd(), front) {
                Ok(n) => {
                    left -= n;
                    self.agent.output().wrote(n);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Reads a piece. False: the connection is broken.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        match self.stream.read(buffer) {
            Ok(0) => (self.readable, self.ended) = (false, true),
            Ok(n) => self.agent.receive(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
        true
    }

    /// Whether it can be served now.
    fn is_busy(&mut self) -> bool {
        let reads = self.readable && !self.ended && self.agent.is_readable();
        reads || self.writable && !self.agent.output().is_empty()
    }

    /// Whether nothing more comes of it: all was said that will be.
    fn is_over(&mut self) -> bool {
        let is_written = self.agent.output().is_empty();
        let has_gone = self.ended && !self.agent.is_waiting() && !self.agent.awaits_server();
        is_written && (self.agent.is_refused() || has_gone)
    }
}

impl Client {
    /// Listens for agents at `path`, an absolute path; `None`: no longer. Whoever runs as our
    /// user or as root may connect. The directory is made, or must be ours alone. Agents that
    /// are connected stay when the path is the same, and are let go otherwise.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a path that is relative or too long, [`Kind::Io`] when the system
    /// does not let us listen there. Nobody listens then.
    pub fn listen(&mut self, path: Option<&Path>) -> Result<()> {
        if let (Some(listening), Some(path)) = (&self.listening, path) {
            if listening.socket.path() == path && listening.socket.is_in_place() {
                return Ok(());
            }
        }
        self.stop_listening();
        let Some(path) = path else { return Ok(()) };
        let mut socket = agent_socket::open(path)?;
        self.poll
            .registry()
            .register(&mut socket.listener, Token(FIRST_TOKEN), Interest::READABLE)
            .map_err(|e| Error::new(Kind::Io, format!("{}: {e}", path.display())))?;
        self.listening = Some(Box::new(Listening {
            socket,
            is_acceptable: false,
            accept_again: None,
            count: 0,
            agents: HashMap::new(),
            busy: VecDeque::new(),
            resolving: Vec::new(),
            owners: IdMap::default(),
            events: VecDeque::new(),
        }));
        Ok(())
    }

    /// Lets all agents go and cancels their requests.
    fn stop_listening(&mut self) {
        let Some(listening) = &self.listening else { return };
        let now = clock::now();
        for number in listening.agents.keys().copied().collect::<Vec<_>>() {
            self.let_agent_go(now, number);
        }
        if let Some(mut listening) = self.listening.take() {
            let _ = self.poll.registry().deregister(&mut listening.socket.listener);
        }
    }

    /// Does a piece of what agents ask for.
    pub(super) fn serve_agents(&mut self, now: Time) {
        let is_ready = self.is_ready();
        let Some(listening) = &mut self.listening else { return };
        if is_ready && !listening.resolving.is_empty() {
            for (number, name, directory) in std::mem::take(&mut listening.resolving) {
                self.resolve_agent(now, number, &name, &directory);
            }
        } else if listening.is_acceptable {
            self.accept_agent(now);
        } else if let Some(number) = listening.busy.pop_front() {
            self.serve_agent(now, number);
        }
    }

    /// Gives up agents that have not named a server in time, and accepts again.
    pub(super) fn expire_agents(&mut self, now: Time) {
        let Some(listening) = &mut self.listening else { return };
        if listening.accept_again.is_some_and(|at| at <= now) {
            listening.accept_again = None;
            listening.is_acceptable = true;
        }
        for (number, link) in &mut listening.agents {
            if link.agent.awaits_hello() && link.hello_by <= now {
                link.agent.refuse("no server was named within 5 s");
                if !std::mem::replace(&mut link.listed, true) {
                    listening.busy.push_back(*number);
                }
            }
        }
    }

    fn accept_agent(&mut self, now: Time) {
        let Some(listening) = &mut self.listening else { return };
        let (mut stream, peer) = match listening.socket.accept() {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(other)) => {
                let line = format!("an agent of user {} was turned away", other.uid);
                return (self.log)(LogLevel::Warning, &line);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                listening.is_acceptable = false;
                return;
            }
            Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                // No event tells that there are descriptors again.
                listening.is_acceptable = false;
                listening.accept_again = Some(now + ACCEPT_AGAIN);
                let text = crate::sys::sentence(&error);
                return (self.log)(LogLevel::Error, &format!("an agent cannot connect: {text}"));
            }
            Err(_) => return,
        };
        let mut agent = Agent::new(peer.pid);
        if listening.agents.len() >= MOST_AGENTS {
            agent.refuse(&format!("{MOST_AGENTS} agents are connected already"));
            // It fits into the buffer of a fresh socket.
            let _ = socket::send(stream.as_fd(), agent.output().front());
            return;
        }
        listening.count += 1;
        let number = listening.count;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(FIRST_TOKEN + number);
        if self.poll.registry().register(&mut stream, token, interest).is_err() {
            return;
        }
        let link = AgentLink {
            stream,
            agent,
            requests: HashMap::new(),
            hello_by: now + HELLO,
            readable: true,
            writable: true,
            ended: false,
            gone: false,
            listed: false,
        };
        listening.agents.insert(number, link);
        listening.enlist(number);
    }

    fn serve_agent(&mut self, now: Time, number: usize) {
        let Some(listening) = &mut self.listening else { return };
        let Some(link) = listening.agents.get_mut(&number) else { return };
        link.listed = false;
        let mut is_good = !link.gone && link.write();
        if is_good && link.readable && !link.ended && link.agent.is_readable() {
            is_good = link.read(&mut self.scratch[..READ]);
        }
        if !is_good {
            return self.let_agent_go(now, number);
        }
        self.meet_demands(now, number);
        self.settle_agent(now, number);
    }

    /// Writes what waits for an agent. Lets it go when nothing more comes of it, and has it
    /// served again when there is more to do.
    fn settle_agent(&mut self, now: Time, number: usize) {
        let Some(listening) = &mut self.listening else { return };
        let Some(link) = listening.agents.get_mut(&number) else { return };
        if !link.write() || link.is_over() || link.agent.is_overfull() {
            return self.let_agent_go(now, number);
        }
        if link.is_busy() {
            listening.enlist(number);
        }
    }

    /// Closes the connection of an agent and cancels its requests.
    fn let_agent_go(&mut self, now: Time, number: usize) {
        let Some(listening) = &mut self.listening else { return };
        let Some(mut link) = listening.agents.remove(&number) else { return };
        listening.resolving.retain(|(other, ..)| *other != number);
        let _ = self.poll.registry().deregister(&mut link.stream);
        let who = link.agent.who();
        for id in link.requests.into_values() {
            self.cancel_for_agent(now, id, &who, "the agent has gone");
        }
        self.carry_out(now);
    }
}
