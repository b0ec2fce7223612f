//! One process behind all connections.

mod client;
mod process;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use mio::event::Event;
use tmcp::channel::{EventSource, Program};

use crate::daemon::{Mode, Turn};
use crate::log;
use crate::message;
use crate::router::{ClientId, Outgoing, Router};
use client::Connection;
use process::ServerProcess;

/// While more than this waits for the process, nothing is read from clients.
const MOST_QUEUED: usize = 1 << 20;
/// While more than this waits for a process to start, nothing is read from clients.
const MOST_HELD: usize = 32 << 20;
/// A client for which more than this waits is disconnected, unless it is one message.
const MOST_UNREAD: usize = 32 << 20;
/// Delay before the first restart. Doubled for each process that ends without serving.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// The environment of this process, without what was meant for it alone.
pub(crate) fn program(command: &[OsString]) -> Program {
    let mut program = Program::new(command.first().cloned().unwrap_or_default());
    program.args = command.iter().skip(1).cloned().collect();
    program.env = std::env::vars_os()
        .filter(|(name, _)| {
            !["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"].iter().any(|own| name == own)
        })
        .collect();
    program
}

/// The state of the mode.
#[derive(Debug)]
pub(crate) struct Shared {
    program: Program,
    router: Router,
    /// By the first of their tokens, which is also their number in the router.
    clients: BTreeMap<ClientId, Connection>,
    process: Option<ServerProcess>,
    /// When the next process may start.
    restart_at: Option<Instant>,
    delay: Duration,
    restarts: u64,
    last_end: Option<String>,
}

impl Shared {
    pub(crate) fn new(command: &[OsString], declared: Vec<&'static str>) -> Shared {
        Shared {
            program: program(command),
            router: Router::new(declared),
            clients: BTreeMap::new(),
            process: None,
            restart_at: None,
            delay: FIRST_DELAY,
            restarts: 0,
            last_end: None,
        }
    }

    /// Starts a process, if somebody waits for one and it is time.
    fn restart(&mut self, turn: &mut Turn<'_>) {
        if self.process.is_some()
            || !self.router.is_wanted()
            || self.restart_at.is_some_and(|at| turn.now < at)
        {
            return;
        }
        self.restarts += 1;
        if let Err(why) = self.spawn(turn) {
            log::line(&why);
            self.router.server_failed(&why);
            self.back_off(why, turn.now);
        }
    }

    fn spawn(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        let block = turn.block();
        let process = ServerProcess::spawn(&self.program, block, turn)?;
        log::line(&format!("started the server, pid {}", process.pid()));
        self.process = Some(process);
        self.restart_at = None;
        self.router.server_started();
        Ok(())
    }

    fn back_off(&mut self, why: String, now: Instant) {
        if self.router.is_serving() {
            self.delay = FIRST_DELAY;
        }
        self.restart_at = Some(now + self.delay);
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        self.last_end = Some(why);
    }

    /// Reads from the process and hands on what it says.
    fn read_process(&mut self, turn: &mut Turn<'_>) {
        let Some(process) = &mut self.process else { return };
        let router = &mut self.router;
        process.read_stderr(turn);
        process.read(turn, |message| match message {
            Ok(line) => {
                let shown =
                    String::from_utf8_lossy(&line.text[..line.text.len().min(200)]).into_owned();
                if router.server_line(line) > 0 {
                    log::line(&format!("the server wrote something that is no message: {shown}"));
                }
            }
            Err(too_long) => router.server_line_too_long(&too_long, message::LIMIT),
        });
        let Some(why) = process.end(turn.now) else { return };
        let Some(mut process) = self.process.take() else { return };
        log::line(&why);
        let was_serving = self.router.is_serving();
        let unsent = process.take_unsent();
        self.router.server_lost(&why, unsent);
        if was_serving {
            self.delay = FIRST_DELAY;
        }
        self.restart_at = Some(turn.now + self.delay);
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        self.last_end = Some(why);
        turn.endings.end(process.into_channel(), turn.registry, turn.now);
    }

    fn read_clients(&mut self, turn: &mut Turn<'_>) {
        let queued = self.process.as_ref().map_or(0, ServerProcess::queued);
        let mut is_paused = queued > MOST_QUEUED || self.router.held_bytes() > MOST_HELD;
        let mut gone = Vec::new();
        for (number, client) in &mut self.clients {
            if client.is_hung_up && (is_paused || client.is_ended) {
                gone.push((*number, None));
                continue;
            }
            if is_paused || !client.is_readable {
                continue;
            }
            let router = &mut self.router;
            let read = client.read(turn.scratch, |message| match message {
                Ok(line) => router.client_line(*number, line),
                Err(too_long) => router.client_line_too_long(*number, &too_long, message::LIMIT),
            });
            if let Err(e) = read {
                gone.push((*number, Some(e.to_string())));
            } else if client.is_ended && client.is_hung_up {
                gone.push((*number, None));
            }
            // One chunk may hold a long message; the next client waits for room.
            is_paused = self.router.held_bytes() > MOST_HELD;
        }
        for (number, why) in gone {
            self.disconnect(number, why.as_deref(), turn);
        }
    }

    fn disconnect(&mut self, number: ClientId, why: Option<&str>, turn: &mut Turn<'_>) {
        let Some(mut client) = self.clients.remove(&number) else { return };
        client.deregister(turn.registry);
        if let Some(why) = why {
            log::line(&format!("client {} was disconnected: {why}", client.pid));
        }
        self.router.disconnected(number);
    }

    /// Puts what the router has decided into the queues.
    fn route(&mut self, turn: &mut Turn<'_>) {
        while let Some(outgoing) = self.router.poll() {
            match outgoing {
                Outgoing::ToServer(request, text) => {
                    if let Some(process) = &mut self.process {
                        process.queue(request, text, turn.now);
                    }
                }
                Outgoing::ToClient(number, text) => {
                    let Some(client) = self.clients.get_mut(&number) else { continue };
                    let waiting = client.output.len();
                    client.output.push(&text);
                    if waiting > 0 && waiting + text.len() > MOST_UNREAD {
                        let why =
                            format!("it does not read, {} bytes wait for it", waiting + text.len());
                        self.disconnect(number, Some(&why), turn);
                    }
                }
            }
        }
    }

    fn write(&mut self, turn: &mut Turn<'_>) {
        if let Some(process) = &mut self.process {
            process.write();
        }
        let mut gone = Vec::new();
        for (number, client) in &mut self.clients {
            if let Err(e) = client.write() {
                let why = (e.kind() != io::ErrorKind::BrokenPipe).then(|| e.to_string());
                gone.push((*number, why));
            } else if client.is_ended
                && client.output.is_empty()
                && !self.router.awaits_answers(*number)
            {
                gone.push((*number, None));
            }
        }
        for (number, why) in gone {
            self.disconnect(number, why.as_deref(), turn);
        }
    }

    fn has_more(&self) -> bool {
        let queued = self.process.as_ref().map_or(0, ServerProcess::queued);
        let is_paused = queued > MOST_QUEUED || self.router.held_bytes() > MOST_HELD;
        self.process.as_ref().is_some_and(ServerProcess::has_more)
            || self.clients.values().any(|client| {
                (client.is_readable && !is_paused)
                    || (client.is_writable && !client.output.is_empty())
            })
    }
}

impl Mode for Shared {
    fn start(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        self.spawn(turn)
    }

    fn accepted(&mut self, stream: UnixStream, turn: &mut Turn<'_>) -> io::Result<()> {
        let number = turn.block();
        let connection = Connection::new(stream, turn.registry, number)?;
        self.clients.insert(number, connection);
        self.router.connected(number);
        Ok(())
    }

    fn event(&mut self, event: &Event) {
        let (base, source) = EventSource::of(event.token());
        if let Some(client) = self.clients.get_mut(&base.0) {
            client.event(event);
        } else if let Some(process) = &mut self.process {
            if process.block() == base.0 {
                process.event(source);
            }
        }
    }

    fn turn(&mut self, turn: &mut Turn<'_>) -> bool {
        self.read_process(turn);
        self.route(turn);
        self.read_clients(turn);
        self.restart(turn);
        self.route(turn);
        self.write(turn);
        self.route(turn);
        self.has_more()
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.process {
            Some(process) => process.deadline(),
            None => self.restart_at.filter(|_| self.router.is_wanted()),
        }
    }

    fn connections(&self) -> usize {
        self.clients.len()
    }

    fn stop(&mut self, turn: &mut Turn<'_>) {
        let numbers: Vec<ClientId> = self.clients.keys().copied().collect();
        for number in numbers {
            self.disconnect(number, None, turn);
        }
        if let Some(process) = self.process.take() {
            turn.endings.end(process.into_channel(), turn.registry, turn.now);
        }
    }

    fn status(&self, now: Instant) -> String {
        let mut text = match &self.process {
            Some(process) => format!(
                "Server pid: {}\nServer uptime: {} s\n",
                process.pid(),
                now.duration_since(process.started()).as_secs()
            ),
            None => "Server pid: none\n".to_owned(),
        };
        text += &format!("Restarts: {}\n", self.restarts);
        if let Some(why) = &self.last_end {
            text += &format!("Last end: {why}\n");
        }
        text + &self.router.status()
    }
}
