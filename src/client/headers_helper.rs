//! Runs the commands of `headersHelper`, which print fields of requests.
//!
//! A command runs before the first stream of a connection is opened, and again when the
//! server has refused the fields. Connections that are wanted while it runs share the run. No
//! call waits: what the command prints is read when the poll says so.
//!
//! Invariants:
//! - a server has at most one run;
//! - a run ends within [`LIMIT`]; its process group is killed then, and when the client goes;
//! - at most [`MOST_OUTPUT`] bytes of output are kept.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use mio::{Registry, Token};

use crate::channel::{Channel, ExitStatus, Flow, Program, Signal, Stdio, TOKENS};
use crate::config::{HeadersHelper, ServerConfig, Transport};
use crate::engine::{OpenFailure, StreamId, Unavailable};
use crate::time::{Time, in_words};

use super::link::{POLL, REPORT};
use super::tokens::HELPERS;
use super::{Client, STRAGGLER};

/// Claude Code's limit.
const LIMIT: Duration = Duration::from_secs(10);
/// As much as a head of a request could have.
const MOST_OUTPUT: usize = 64 << 10;
/// Characters of the last line of standard error that are told.
const LONGEST_LINE: usize = 300;
/// Reads of standard error in one step: a command may print without an end.
const STDERR_READS: usize = 4;

/// The commands that run.
#[derive(Debug, Default)]
pub(super) struct HelperRuns {
    runs: Vec<HelperRun>,
    /// How many there were.
    begun: usize,
    /// A descriptor has something.
    is_ready: bool,
}

/// A command that runs for one server.
#[derive(Debug)]
struct HelperRun {
    server: Arc<ServerConfig>,
    process: Stdio,
    output: Vec<u8>,
    until: Time,
    /// When the exit status of a process that the host has reaped is no longer waited for.
    unexplained: Option<Time>,
    /// Streams that are opened with the fields.
    streams: Vec<(StreamId, Transport)>,
    /// The server has refused the fields of before, with this `WWW-Authenticate`.
    refused: Option<Option<String>>,
}

/// What a run has printed, or a whole sentence.
type Printed = Result<Vec<(String, String)>, String>;

impl HelperRuns {
    /// Whether an event is of a command. Its run goes on with the next dispatch.
    pub(super) fn note(&mut self, token: Token) -> bool {
        let is_ours = HELPERS.contains(&token.0);
        self.is_ready |= is_ours;
        is_ours
    }

    /// When a run is due although no event comes.
    pub(super) fn deadline(&self, now: Time) -> Option<Time> {
        if self.is_ready {
            return Some(now);
        }
        self.runs.iter().map(|run| run.deadline(now)).min()
    }

    /// The host has reaped a process. True: it was that of a run.
    pub(super) fn child_exited(&mut self, pid: i32, status: i32) -> bool {
        let mut children = self.runs.iter_mut().filter_map(|run| run.process.child_mut());
        let Some(child) = children.find(|child| child.pid() == pid) else { return false };
        if let Some(status) = ExitStatus::from_wait(status) {
            child.exited_elsewhere(status);
        }
        self.is_ready = true;
        true
    }

    /// A stream is not wanted any more. Its run if nobody else waits for that.
    fn forget(&mut self, id: StreamId) -> Option<HelperRun> {
        let at = self.runs.iter_mut().position(|run| {
            let count = run.streams.len();
            run.streams.retain(|(other, _)| *other != id);
            run.streams.len() < count && run.streams.is_empty() && run.refused.is_none()
        });
        at.map(|at| self.runs.swap_remove(at))
    }

    /// Ends all commands, because the client goes.
    pub(super) fn shut_down(&mut self, registry: &Registry) {
        for mut run in self.runs.drain(..) {
            run.end(registry);
        }
    }
}

impl HelperRun {
    fn start(
        now: Time,
        server: &Arc<ServerConfig>,
        helper: &HeadersHelper,
        env: &[(OsString, OsString)],
    ) -> Result<HelperRun, String> {
        let mut program = Program::new("sh");
        program.args = vec!["-c".into(), helper.command.clone().into()];
        program.env = env.to_vec();
        program.env.push(("CLAUDE_CODE_MCP_SERVER_NAME".into(), server.name.clone().into()));
        program.env.push(("CLAUDE_CODE_MCP_SERVER_URL".into(), helper.url.clone().into()));
        if let Some(directory) = server.scope.directory() {
            program.cwd = Some(directory.literal.clone());
            program.env.push(("CLAUDE_PROJECT_DIR".into(), directory.literal.clone().into()));
        }
        let mut process = Stdio::spawn(&program).map_err(|error| {
            let name = &server.name;
            format!("'headersHelper' of server '{name}' cannot run: {}", error.message())
        })?;
        process.close_stdin();
        Ok(HelperRun {
            server: server.clone(),
            process,
            output: Vec::new(),
            until: now + LIMIT,
            unexplained: None,
            streams: Vec::new(),
            refused: None,
        })
    }

    fn deadline(&self, now: Time) -> Time {
        let has_descriptor = self.process.child().is_some_and(|child| child.pidfd().is_some());
        let poll = (!has_descriptor).then(|| now + POLL);
        [poll, self.unexplained].into_iter().flatten().fold(self.until, Time::min)
    }

    /// Reads what there is. `None`: the command still runs. `more` is set if there is more to
    /// read.
    fn step(&mut self, now: Time, scratch: &mut [u8], more: &mut bool) -> Option<Printed> {
        // Before the pipes are read: what the process wrote before it went is in them.
        let gone = match self.process.child_mut() {
            Some(child) => {
                let status = child.try_reap();
                child.is_gone().then_some(status)
            }
            None => Some(None),
        };
        let mut reads = 0;
        while let Ok(Flow::Bytes(_)) = self.process.read_stderr(scratch) {
            reads += 1;
            if reads == STDERR_READS {
                *more = true;
                break;
            }
        }
        while let Ok(Flow::Bytes(n)) = self.process.read(scratch) {
            self.output.extend_from_slice(&scratch[..n]);
            if self.output.len() > MOST_OUTPUT {
                let kib = MOST_OUTPUT >> 10;
                return Some(Err(self.told(&format!("printed more than {kib} KiB"))));
            }
        }
        let status = match gone {
            None if now < self.until => return None,
            None => {
                let limit = in_words(LIMIT);
                return Some(Err(self.told(&format!("did not end within {limit}"))));
            }
            Some(None) if *self.unexplained.get_or_insert(now + REPORT) > now => return None,
            Some(status) => status,
        };
        Some(match status {
            Some(ExitStatus::Code(0)) | None => {
                HeadersHelper::fields(&self.output).map_err(|what| self.told(&what))
            }
            Some(status) => Err(self.told(&format!("failed, {status}"))),
        })
    }

    /// A sentence about the command, with the last line that it has written to stderr.
    fn told(&mut self, what: &str) -> String {
        let name = &self.server.name;
        let mut last = None;
        if let Some(ring) = self.process.stderr_mut() {
            let lines = std::iter::from_fn(|| ring.next_line()).collect::<Vec<_>>();
            let mut lines = lines.into_iter().chain(ring.take_partial());
            last = lines.rfind(|line| !line.trim_ascii().is_empty());
        }
        let Some(line) = last else { return format!("'headersHelper' of server '{name}' {what}") };
        let line = String::from_utf8_lossy(line.trim_ascii());
        let line: String = line.chars().take(LONGEST_LINE).collect();
        format!("'headersHelper' of server '{name}' {what}: {line}")
    }

    /// Ends what is left of the command. True: a process may be there for a moment.
    fn end(&mut self, registry: &Registry) -> bool {
        // Nothing can be done about an error here, and nothing depends on it.
        let _ = self.process.deregister(registry);
        let Some(child) = self.process.child_mut() else { return false };
        child.signal(Signal::Kill);
        child.try_reap();
        child.group_is_alive()
    }
}

impl Client {
    /// Runs the command of a server, and opens a stream with what it prints.
    pub(super) fn open_with_fields(
        &mut self,
        now: Time,
        stream: (StreamId, Transport),
        server: &Arc<ServerConfig>,
    ) {
        match self.helper_run(now, server) {
            Ok(run) => run.streams.push(stream),
            Err(message) => {
                let failure = OpenFailure { message, permanent: true, crowded: false };
                self.engine.open_failed(now, stream.0, failure);
            }
        }
    }

    /// A server has refused what its command printed: it runs again.
    pub(super) fn renew_fields(
        &mut self,
        now: Time,
        server: &Arc<ServerConfig>,
        challenge: Option<String>,
    ) {
        match self.helper_run(now, server) {
            Ok(run) => run.refused = Some(challenge),
            Err(message) => self.fields_unavailable(now, server, message),
        }
    }

    /// The run of a server's command, which is started if there is none.
    fn helper_run(
        &mut self,
        now: Time,
        server: &Arc<ServerConfig>,
    ) -> Result<&mut HelperRun, String> {
        let HelperRuns { runs, begun, .. } = &mut self.helpers;
        if let Some(at) = runs.iter().position(|run| run.server == *server) {
            return Ok(&mut runs[at]);
        }
        let Some(helper) = server.headers_helper() else {
            return Err("the entry has no 'headersHelper'".to_owned());
        };
        let mut run = HelperRun::start(now, server, helper, &self.options.env)?;
        let base = Token(HELPERS.start() + TOKENS * *begun);
        run.process.register(self.poll.registry(), base).map_err(|error| {
            format!("'headersHelper' cannot be watched: {}", crate::sys::sentence(&error))
        })?;
        *begun += 1;
        runs.push(run);
        let last = runs.len() - 1;
        Ok(&mut runs[last])
    }

    /// Has the runs go on that have something to do.
    pub(super) fn drive_helpers(&mut self, now: Time) {
        if self.helpers.deadline(now).is_none_or(|due| now < due) {
            return;
        }
        self.helpers.is_ready = false;
        let mut at = 0;
        while let Some(run) = self.helpers.runs.get_mut(at) {
            let Some(printed) = run.step(now, &mut self.scratch, &mut self.helpers.is_ready) else {
                at += 1;
                continue;
            };
            let mut run = self.helpers.runs.swap_remove(at);
            let (streams, refused) = (std::mem::take(&mut run.streams), run.refused.take());
            let server = run.server.clone();
            self.end_helper(now, run);
            for (id, transport) in streams {
                match &printed {
                    Ok(fields) => {
                        self.engine.set_fields(now, id, fields);
                        self.open(now, id, transport, &server);
                    }
                    Err(message) => {
                        // The command runs again with the next call, and not for this one.
                        let message = message.clone();
                        let failure = OpenFailure { message, permanent: true, crowded: false };
                        self.engine.open_failed(now, id, failure);
                    }
                }
            }
            if let Some(challenge) = refused {
                self.fields_renewed(now, &server, printed, challenge);
            }
        }
        self.carry_out(now);
    }

    /// A stream is not wanted any more.
    pub(super) fn forget_helper(&mut self, now: Time, id: StreamId) {
        if let Some(run) = self.helpers.forget(id) {
            self.end_helper(now, run);
        }
    }

    /// The requests that were refused go on, or a login is the next way.
    fn fields_renewed(
        &mut self,
        now: Time,
        server: &Arc<ServerConfig>,
        printed: Printed,
        challenge: Option<String>,
    ) {
        let fields = match printed {
            Ok(fields) => fields,
            Err(message) => return self.fields_unavailable(now, server, message),
        };
        let are_other = self.engine.renew_fields(server, &fields);
        let is_its_own = |(name, _): &(String, String)| name.eq_ignore_ascii_case("authorization");
        let can_log_in = !fields.iter().any(is_its_own) && server.login_address().is_some();
        if are_other || !can_log_in {
            let key = server.authorization_key().unwrap_or_default();
            self.engine.set_token(now, &key, self.engine.token(&key));
        } else {
            self.authorize(now, server, challenge.as_deref(), false);
        }
    }

    fn fields_unavailable(&mut self, now: Time, server: &Arc<ServerConfig>, why: String) {
        let key = server.authorization_key().unwrap_or_default();
        self.engine.token_unavailable(now, &key, &Unavailable::Helper(why));
    }

    fn end_helper(&mut self, now: Time, mut run: HelperRun) {
        if run.end(self.poll.registry()) {
            self.orphaned_groups.push((now + STRAGGLER, Box::new(run.process)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_does_not_end_is_given_up_after_the_limit() {
        let server = ServerConfig { name: "s".to_owned(), ..ServerConfig::default() };
        let command = "echo asking >&2; exec sleep 1000".to_owned();
        let helper = HeadersHelper { command, url: String::new() };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let env = [("PATH".into(), path)];
        let mut run = HelperRun::start(Time::ZERO, &Arc::new(server), &helper, &env).unwrap();
        let (mut scratch, mut more) = (vec![0; 1024], false);
        while run.process.stderr().is_some_and(|ring| ring.total() == 0) {
            assert_eq!(run.step(Time::ZERO, &mut scratch, &mut more), None);
        }
        let before = Time::ZERO + (LIMIT - Duration::from_micros(1));
        assert_eq!(run.step(before, &mut scratch, &mut more), None);
        assert_eq!(run.deadline(before), Time::ZERO + LIMIT);
        let told = "'headersHelper' of server 's' did not end within 10 s: asking";
        assert_eq!(run.step(Time::ZERO + LIMIT, &mut scratch, &mut more), Some(Err(told.into())));
        let poll = mio::Poll::new().unwrap();
        run.end(poll.registry());
        let child = run.process.child_mut().unwrap();
        while child.try_reap().is_none() {}
        assert_eq!(child.status(), Some(ExitStatus::Signal(9)));
    }
}
