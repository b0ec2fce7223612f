//! The driver: owns the poll, the descriptors and the clock, decides nothing.
//!
//! It tells the engine what happened, carries out what the engine asks, and
//! keeps what an edge-triggered poll said until it is used up. Inside another
//! event loop (tmux's libevent) it is one descriptor and one timeout.
//!
//! Invariants:
//! * no call here waits for anything: not for a server, a child or a file;
//! * a dispatch ends within its budget plus one piece of work (one read of
//!   64 KiB, one process start), and says when more is ready;
//! * a descriptor with unread bytes is in `busy` or will be reported by the poll;
//! * files of our own are written in dispatches that have time left, one at a time.

mod bridge;
mod checklists;
mod descriptors;
mod drive;
mod era_cache;
mod export;
mod headers_helper;
mod import;
mod link;
mod listening;
mod loader;
#[cfg(feature = "oauth")]
mod login;
mod opening;
mod overrides;
mod own;
mod private_socket;
mod sources;
mod speculative_read;
mod stats;
mod tables;
#[cfg(feature = "tls")]
mod tls_contexts;
mod tokens;
mod tool_list_cache;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::hash::RandomState;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::channel::{Channel, ExitStatus};
use crate::config::{Config, Defaults, ProblemKind, ServerConfig, Transport, paths};
pub use crate::engine::{
    Abilities, AgentCall, Answer, Arguments, Asks, CallTool, Completion, Event, Job, Listing,
    LogLevel, NewWire, Pair, Progress, Question, QuestionId, Reference, Reply, RequestId,
    Unfinished,
};
use crate::engine::{Engine, IdMap, Listed, StreamId};
use crate::error::{Error, Kind, Result};
pub use crate::mcp::trace_parent::TraceParent;
use crate::metrics::{self, Figures};
use crate::release;
use crate::sys::knock::Knocks;
use crate::sys::{clock, entropy};
use crate::time::Time;
use era_cache::EraCache;
use export::Exports;
pub use import::ImportFile;
use import::Importing;
use link::Link;
use listening::Listening;
use loader::Loader;
use opening::Connect;
use overrides::Overrides;
use sources::Sources;
use speculative_read::SpeculativeRead;
use tokens::KNOCKS;
use tool_list_cache::ToolListCache;

/// The path of a configuration file that a host does not want.
const NO_FILE: &str = "/dev/null";
/// Bytes read at once, shared by all connections.
const SCRATCH: usize = 64 << 10;
/// Events taken from the poll at once; it keeps the others.
const EVENTS: usize = 32;
/// What a process group that survived its leader is given to go.
const STRAGGLER: Duration = Duration::from_secs(2);

/// Where a client finds its files and what it gives to servers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `None`: `$CLAUDE_CONFIG_DIR/.claude.json`, else `~/.claude.json`; `/dev/null`: none.
    pub config_path: Option<PathBuf>,
    /// `None`: `~/.config/tmux/mcp.json`; `/dev/null`: none.
    pub overlay_path: Option<PathBuf>,
    /// `None`: `$XDG_STATE_HOME/tmcp/eras.json`; empty: keep nothing.
    pub state_path: Option<PathBuf>,
    /// The environment of servers and of `${VAR}`.
    pub env: Vec<(OsString, OsString)>,
    /// Told to servers as the client's name.
    pub name: String,
    /// Told to servers as the client's version.
    pub version: String,
}

/// Where log lines go. Must not call back into the client.
pub type LogSink = Box<dyn FnMut(LogLevel, &str) + Send>;

/// An MCP client inside somebody else's event loop.
pub struct Client {
    engine: Engine,
    options: Options,
    defaults: Defaults,
    poll: mio::Poll,
    events: mio::Events,
    links: IdMap<StreamId, Link>,
    /// Links with something to do that no event will announce.
    busy: VecDeque<StreamId>,
    /// What the engine asked to open, and no turn has had the time for.
    opening: VecDeque<(StreamId, Transport, Arc<ServerConfig>)>,
    /// How a server that runs is connected to.
    connect: Connect,
    #[cfg(feature = "tls")]
    tls_contexts: tls_contexts::TlsContexts,
    helpers: headers_helper::HelperRuns,
    speculative_read: SpeculativeRead,
    /// Other clients of the same sockets ask for room by it.
    knocks: Option<Knocks>,
    knocked: bool,
    /// Links whose process no event will report.
    watched: Vec<StreamId>,
    /// Links with something to read that is left unread for a while.
    unread: Vec<StreamId>,
    /// Between an event that the host pulled and the end of its pull.
    pulling: bool,
    /// Links that were given bytes meanwhile: a host that answers many events
    /// with many calls gets one write for each link, not one for each call.
    unwritten: Vec<StreamId>,
    /// Channels given up whose process group still lives, to be killed then.
    orphaned_groups: Vec<(Time, Box<dyn Channel>)>,
    scratch: Box<[u8]>,
    /// The socket for agents, if the host wants one.
    listening: Option<Box<Listening>>,
    loader: Option<Loader>,
    sources: Sources,
    /// One at a time, because each reads what the one before has written.
    imports: VecDeque<Importing>,
    /// What the files said when they were read last.
    loaded: Config,
    overrides: Overrides,
    /// Files that had servers when they were read last, and how many.
    files: Vec<(PathBuf, usize)>,
    /// The environment is another than when the entries were read.
    outdated: bool,
    eras: EraCache,
    tool_lists: ToolListCache,
    #[cfg(feature = "oauth")]
    logins: login::Logins,
    /// Made when the first export is set.
    exports: Option<Box<Exports>>,
    /// The key of the fingerprints of tools, which servers do not know.
    fingerprints: RandomState,
    log: LogSink,
    longest_dispatch: Duration,
    /// The longest piece of work of the last dispatches.
    longest_piece: Duration,
    /// Dispatches for which the clock may still wait until what came is read.
    patience: u32,
    /// When it is looked next whether the host is short of descriptors.
    relief_due: Option<Time>,
}

impl Client {
    /// A client. Nothing is read or started yet; the configuration is read by
    /// the first dispatches.
    ///
    /// # Errors
    /// [`Kind::Io`] when the system has no descriptor left for the poll.
    pub fn new(options: Options, level: LogLevel, log: LogSink) -> Result<Client> {
        let poll = mio::Poll::new()
            .map_err(|e| Error::new(Kind::Io, format!("cannot create a poll: {e}")))?;
        // Without it other clients get no room before a connection is idle for long.
        let knocks = Knocks::new().ok().filter(|knocks| {
            let source = &mut mio::unix::SourceFd(&knocks.as_raw_fd());
            poll.registry().register(source, KNOCKS, mio::Interest::READABLE).is_ok()
        });
        let env = |name: &str| lookup(&options.env, name);
        let state = match &options.state_path {
            None => paths::state_path(&env),
            Some(path) if path.as_os_str().is_empty() => None,
            Some(path) => Some(path.clone()),
        };
        let tool_lists =
            ToolListCache::new(state.as_ref().map(|path| path.with_extension("tools")));
        let eras = EraCache::load(state);
        let mut engine = Engine::new(&options.name, &options.version, entropy::seed(), level);
        engine.recall(eras.iter());
        let mut defaults = Defaults::default();
        defaults.set_environment(&env);
        engine.set_defaults(clock::now(), defaults.clone());
        engine.learn_environment(text_of(&options.env));
        let mut client = Client {
            engine,
            defaults,
            poll,
            events: mio::Events::with_capacity(EVENTS),
            links: IdMap::default(),
            busy: VecDeque::new(),
            opening: VecDeque::new(),
            connect: opening::connect,
            #[cfg(feature = "tls")]
            tls_contexts: tls_contexts::TlsContexts::default(),
            helpers: headers_helper::HelperRuns::default(),
            speculative_read: SpeculativeRead::default(),
            knocks,
            knocked: false,
            watched: Vec::new(),
            unread: Vec::new(),
            pulling: false,
            unwritten: Vec::new(),
            orphaned_groups: Vec::new(),
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            listening: None,
            loader: None,
            sources: Sources::default(),
            imports: VecDeque::new(),
            loaded: Config::default(),
            overrides: Overrides::default(),
            files: Vec::new(),
            outdated: false,
            eras,
            tool_lists,
            #[cfg(feature = "oauth")]
            logins: login::Logins::default(),
            exports: None,
            fingerprints: RandomState::new(),
            log,
            longest_dispatch: Duration::ZERO,
            longest_piece: Duration::ZERO,
            patience: drive::PATIENCE,
            relief_due: None,
            options,
        };
        client.reload();
        Ok(client)
    }

    // ----- the host's loop --------------------------------------------------

    /// The descriptor to watch for reading; the same for the client's life.
    pub fn as_raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    /// How long the host may wait before it calls `dispatch`: `None` for ever,
    /// zero for now. To be asked again after every call to the client.
    pub fn timeout(&self) -> Option<Duration> {
        let has_events = self.listening.as_ref().is_some_and(|agents| agents.has_events());
        if self.has_more() || !self.unwritten.is_empty() || self.engine.has_events() || has_events {
            return Some(Duration::ZERO);
        }
        let now = clock::now();
        let loader = self.loader.as_ref().map(|loader| loader.due().unwrap_or(now));
        let watched = self.watched.iter().filter_map(|id| self.links.get(id));
        let links = watched.filter_map(|link| link.deadline(now));
        let orphaned_groups = self.orphaned_groups.iter().map(|(when, _)| *when);
        let unread = self.unread.iter().map(|id| self.read_again_at(*id).unwrap_or(now));
        let all = self.engine.deadline().into_iter().chain(loader).chain(links);
        let agents = self.listening.as_ref().and_then(|agents| agents.deadline());
        let all = all.chain(orphaned_groups).chain(unread).chain(self.relief_due).chain(agents);
        #[cfg(feature = "oauth")]
        let all = all.chain(self.logins.deadline(now));
        let exports = self.exports.as_ref().and_then(|exports| exports.deadline(now));
        let all = all.chain(self.helpers.deadline(now)).chain(release::due(now)).chain(exports);
        all.min().map(|when| when.since(now))
    }

    /// The next thing to tell the host. To be asked until there is nothing:
    /// calls made in between leave together when it says so.
    pub fn next_event(&mut self) -> Option<Event> {
        let event = match self.listening {
            Some(_) => self.next_event_among_agents(),
            None => self.engine.poll_event(),
        };
        self.pulling = event.is_some();
        if event.is_none() && !self.unwritten.is_empty() {
            self.flush(clock::now());
        }
        event
    }

    // ----- requests ---------------------------------------------------------

    /// Calls a tool; see [`Engine::call`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] or [`Kind::Busy`]; such a request has no event.
    pub fn call(
        &mut self,
        call: CallTool,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.call(now, call, timeout, user_data))
    }

    /// The same, of the server that the name means at a directory: that of the
    /// nearest project, else the user's.
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn call_at(
        &mut self,
        directory: &Path,
        call: CallTool,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.refresh(Some(directory));
        let directory = self.sources.directory(clock::now(), directory);
        self.tell(|engine, now| engine.call_at(now, directory, call, timeout, user_data))
    }

    /// [`call_at`](Client::call_at), or [`call`](Client::call) without a directory, as a part
    /// of the caller's trace.
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn call_in_trace(
        &mut self,
        directory: Option<&Path>,
        call: (CallTool, TraceParent),
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        let directory = directory.map(|directory| {
            self.refresh(Some(directory));
            self.sources.directory(clock::now(), directory)
        });
        self.tell(|engine, now| engine.call_in_trace(now, directory, call, timeout, user_data))
    }

    /// Lists tools, resources, templates or prompts; see [`Engine::list`].
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn list(
        &mut self,
        server: &str,
        what: Listing,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.list(now, server, what, timeout, user_data))
    }

    /// Reads a resource; see [`Engine::read_resource`].
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn read_resource(
        &mut self,
        server: &str,
        uri: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.read_resource(now, server, uri, timeout, user_data))
    }

    /// Expands a prompt; see [`Engine::get_prompt`].
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn get_prompt(
        &mut self,
        server: &str,
        name: &str,
        arguments: Arguments,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.get_prompt(now, server, name, arguments, timeout, user_data))
    }

    /// Asks how an argument may go on; see [`Engine::complete`].
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn complete(
        &mut self,
        server: &str,
        wanted: Unfinished<'_>,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.complete(now, server, wanted, timeout, user_data))
    }

    /// Watches a resource; see [`Engine::subscribe`].
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub fn subscribe(
        &mut self,
        server: &str,
        uri: &str,
        timeout: Option<Duration>,
        user_data: u64,
    ) -> Result<RequestId> {
        self.tell(|engine, now| engine.subscribe(now, server, uri, timeout, user_data))
    }

    /// No longer watches a resource. False: it was not watched.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server.
    pub fn unsubscribe(&mut self, server: &str, uri: &str) -> Result<bool> {
        self.tell(|engine, now| engine.unsubscribe(now, server, uri))
    }

    /// Opens a connection to a server that has none.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown server.
    pub fn connect(&mut self, server: &str) -> Result<()> {
        self.tell(|engine, now| engine.connect(now, server))
    }

    /// Answers a question of a server; see [`Engine::answer`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it is not open any more, or the answer does not fit.
    pub fn answer(&mut self, question: QuestionId, answer: Answer) -> Result<()> {
        self.tell(|engine, now| engine.answer(now, question, answer))
    }

    /// Takes servers of another client's file over into our own file. Ends in
    /// [`Reply::Imported`], and never before the file is written.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when there is no file of our own.
    pub fn import(&mut self, file: ImportFile, user_data: u64) -> Result<RequestId> {
        self.find_files();
        let Some(overlay) = self.sources.overlay.clone() else {
            let what = "there is no file of our own to write to";
            return Err(Error::new(Kind::Invalid, what));
        };
        let id = self.engine.add_driver_request(clock::now(), "", None, user_data);
        self.imports.push_back(Importing::new(id, file, overlay));
        Ok(id)
    }

    /// Whether a question takes a value for a field; see [`Engine::check_answer`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a sentence that says what is wanted.
    pub fn check_answer(&self, question: QuestionId, pair: &Pair) -> Result<()> {
        self.engine.check_answer(question, pair)
    }

    /// Whether a question still waits for its answer.
    pub fn is_open(&self, question: QuestionId) -> bool {
        self.engine.is_open(question)
    }

    /// What the host can do for servers; see [`Engine::set_abilities`].
    pub fn set_abilities(&mut self, abilities: Abilities) {
        self.engine.set_abilities(abilities);
    }

    /// The roots to tell servers that ask; see [`Engine::set_roots`].
    pub fn set_roots(&mut self, roots: Vec<String>) {
        self.tell(|engine, now| engine.set_roots(now, roots));
    }

    /// Requests of the host that have not ended, oldest first.
    pub fn jobs(&self) -> Vec<Job> {
        self.engine.jobs(clock::now())
    }

    /// The raw definition of a tool, when the server's tools are known.
    pub fn tool_definition(&self, server: &str, tool: &str) -> Option<&str> {
        self.engine.tool_definition(server, tool)
    }

    fn tell<T>(&mut self, what: impl FnOnce(&mut Engine, Time) -> T) -> T {
        let now = clock::now();
        let result = what(&mut self.engine, now);
        self.carry_out(now);
        result
    }

    /// A request that ends as soon as the configuration has been read.
    pub fn wait_ready(&mut self, user_data: u64) -> RequestId {
        self.engine.wait_ready(clock::now(), user_data)
    }

    /// Forgets a request. True: its completion never comes.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        if self.cancel_of_agent(clock::now(), id) {
            return true;
        }
        self.tell(|engine, now| engine.cancel(now, id))
    }

    /// The host reaped a child; `status` is what `waitpid` gave. True: it was
    /// one of ours, and nobody will signal it any more.
    pub fn child_exited(&mut self, pid: i32, status: i32) -> bool {
        let found = self
            .links
            .iter_mut()
            .find(|(_, link)| link.channel.child().is_some_and(|child| child.pid() == pid));
        let Some((&id, link)) = found else { return self.helpers.child_exited(pid, status) };
        if let (Some(status), Some(child)) =
            (ExitStatus::from_wait(status), link.channel.child_mut())
        {
            child.exited_elsewhere(status);
            let now = clock::now();
            link.look(now);
            self.enlist(id);
            self.watch(now, id);
        }
        true
    }

    // ----- settings ---------------------------------------------------------

    /// Reads the configuration anew, in the background. What is in force stays
    /// in force until the new one is whole.
    pub fn reload(&mut self) {
        self.find_files();
        let all = self.sources.all(clock::now());
        self.load_files(all);
    }

    /// Looks whether configuration files have changed, those in force at
    /// `directory` among them, and begins to read those that have. Requests made
    /// until that is done wait for it, and [`is_ready`](Client::is_ready) is false.
    ///
    /// This is a `stat` of a few files, without which nothing is read. Files on a
    /// file system that can hang are left to [`reload`](Client::reload).
    pub fn refresh(&mut self, directory: Option<&Path>) {
        let now = clock::now();
        self.find_files();
        let directory = directory.map(|path| self.sources.directory(now, path));
        if !self.engine.has_config() || self.loader.is_some() && self.engine.is_loading_config() {
            // A file that changes while it is read is met by the next look.
            return;
        }
        let changed = self.sources.changed(now, directory.as_deref());
        if !changed.is_empty() || std::mem::take(&mut self.outdated) {
            self.load_files(changed);
        }
    }

    fn load_files(&mut self, files: Vec<PathBuf>) {
        self.outdated = false;
        self.loader = Some(Loader::new(files));
        self.engine.begin_loading_config();
    }

    fn find_files(&mut self) {
        let env = |name: &str| lookup(&self.options.env, name);
        let main = self.options.config_path.clone().or_else(|| paths::config_path(&env));
        let overlay = self.options.overlay_path.clone().or_else(|| paths::overlay_path(&env));
        let settings = paths::settings_paths(&env);
        let sources = &mut self.sources;
        let is_file = |path: &PathBuf| path != Path::new(NO_FILE);
        sources.is_without_main = main.as_ref().is_some_and(|path| !is_file(path));
        let (main, overlay) = (main.filter(is_file), overlay.filter(is_file));
        if (&sources.main, &sources.overlay) != (&main, &overlay) {
            // What was read of other files is in force no longer.
            let gone = [&sources.main, &sources.overlay].map(|path| path.clone());
            for path in gone.into_iter().flatten() {
                if main.as_ref() != Some(&path) && overlay.as_ref() != Some(&path) {
                    sources.files.remove(&path);
                }
            }
        }
        (sources.main, sources.overlay, sources.settings) = (main, overlay, settings);
    }

    /// The directory for which names are looked up and servers shown: those of its
    /// projects, nearest first, and the user's. `None`: the user's alone.
    pub fn set_directory(&mut self, directory: Option<&Path>) {
        let now = clock::now();
        let directory = directory.map(|path| self.sources.directory(now, path));
        self.engine.set_directory(directory);
    }

    /// The server that is meant by `name`, perhaps abbreviated, at the directory
    /// set last: the name under which every other call finds it.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with why its entry is not used, where it is configured
    /// instead, or which names there are.
    pub fn find(&self, name: &str) -> Result<String> {
        self.engine.resolve(name).map(str::to_owned)
    }

    /// The tool of `server` that is meant by `name`, perhaps abbreviated.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with which tools may be meant, or which there are.
    pub fn find_tool(&self, server: &str, name: &str) -> Result<String> {
        self.engine.resolve_tool(server, name)
    }

    /// Which files were read and all that is wrong with them, a line each; true:
    /// there is something to mend.
    pub fn configuration(&self) -> (String, bool) {
        // What concerns a whole file stands first, because it hides behind warnings.
        let (files, entries): (Vec<_>, Vec<_>) =
            self.engine.problems().iter().partition(|problem| problem.kind == ProblemKind::File);
        let mut text = String::new();
        for problem in &files {
            text += &format!("{}\n", problem.message);
        }
        for (file, count) in &self.files {
            let servers = if *count == 1 { "server" } else { "servers" };
            text += &format!("read {}: {count} {servers}\n", file.display());
        }
        if self.files.is_empty() {
            text += "no configuration file was read\n";
        }
        for problem in &entries {
            text += &format!("{}\n", problem.message);
        }
        let fault = files.iter().chain(&entries).any(|problem| problem.is_fault());
        (text, fault)
    }

    /// Reads another file from the next `reload` on; `None`: the usual one.
    pub fn set_config_path(&mut self, path: Option<PathBuf>) {
        self.options.config_path = path;
    }

    /// The environment of processes started from now on.
    pub fn set_env(&mut self, env: Vec<(OsString, OsString)>) {
        self.outdated |= self.options.env != env;
        self.engine.learn_environment(text_of(&env));
        self.options.env = env;
        self.defaults.set_environment(&|name| lookup(&self.options.env, name));
        self.engine.set_defaults(clock::now(), self.defaults.clone());
    }

    /// Makes the codecs of connections from now on; by default each session speaks lines
    /// of JSON.
    pub fn set_wires(&mut self, new_wire: NewWire) {
        self.engine.set_wires(new_wire);
    }

    /// How loud the log is.
    pub fn set_log_level(&mut self, level: LogLevel) {
        self.engine.set_log_level(level);
    }

    /// A value for what entries leave out; see [`Defaults::set`].
    ///
    /// # Errors
    /// [`Kind::Invalid`] for an unknown name or a value out of range.
    pub fn set_default(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        self.defaults.set(name, value)?;
        let now = clock::now();
        self.engine.set_defaults(now, self.defaults.clone());
        self.carry_out(now);
        Ok(())
    }

    // ----- what is known ----------------------------------------------------

    /// Whether a configuration has been read, well or badly, and no other one is
    /// being read.
    pub fn is_ready(&self) -> bool {
        self.engine.has_config() && !self.engine.is_loading_config()
    }

    /// How many servers are configured.
    pub fn server_count(&self) -> usize {
        self.engine.server_count()
    }

    /// The name of the `index`-th server, in sorted order.
    pub fn server_name(&self, index: usize) -> Option<&str> {
        self.engine.server_name(index)
    }

    /// The value of a status line key: a figure of all servers such as `mcp_p95`,
    /// or of one, `mcp_p95_NAME` or, with the exact name, `mcp_p95:NAME`; see
    /// [`Figures`]. `mcp_servers` is their number, `mcp_progress` the newest request
    /// that reports progress, and `mcp_figures` the keys without a name, sorted.
    pub fn format(&self, key: &str) -> Option<String> {
        let (key, now) = (key.strip_prefix("mcp_")?, clock::now());
        match key {
            "servers" => return Some(self.server_count().to_string()),
            "progress" => return Some(self.progress()),
            "figures" => return Some(figure_keys()),
            key if Figures::is_key(key) => {
                let names = self.engine.server_names();
                let reports: Vec<_> = names.filter_map(|name| self.report(name).ok()).collect();
                return Figures::of_all(&reports, self.engine.latency(), now).value(key);
            }
            _ => {}
        }
        if let Some((figure, name)) = key.split_once(':') {
            return match self.report(name) {
                Ok(report) => Figures::of(&report, now).value(figure),
                Err(_) => self.unused_figure(figure, |unused| unused == name),
            };
        }
        // One cut at most leaves a figure.
        let mut cuts = key.match_indices('_').map(|(at, _)| (&key[..at], &key[at + 1..]));
        let (figure, word) = cuts.find(|(figure, _)| Figures::is_key(figure))?;
        let Some(name) = self.engine.server_by_word(word) else {
            return self.unused_figure(figure, |unused| metrics::word(unused) == word);
        };
        Figures::of(&self.report(name).ok()?, now).value(figure)
    }

    /// The state of an entry that is not used: `disabled`, for example. It has no other
    /// figure.
    fn unused_figure(&self, figure: &str, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        if figure != "state" && figure != "status" {
            return None;
        }
        self.engine.visible().into_iter().find_map(|entry| match entry {
            Listed::Unused(problem) if is_meant(entry.name()) => {
                Some(problem.kind.word().to_owned())
            }
            _ => None,
        })
    }

    /// The longest dispatch so far.
    pub fn longest_dispatch(&self) -> Duration {
        self.longest_dispatch
    }

    /// The tool of the newest request that reports progress, and how far it is.
    fn progress(&self) -> String {
        match self.engine.newest_progress() {
            Some((tool, Some(percent))) => format!("{} {percent}%", metrics::word(&tool)),
            Some((tool, None)) => format!("{} ...", metrics::word(&tool)),
            None => String::new(),
        }
    }

    fn report(&self, name: &str) -> Result<metrics::ServerReport<'_>> {
        let snapshot = self.engine.snapshot(name)?;
        let mut report = snapshot.report;
        let link = snapshot.stream.and_then(|id| self.links.get(&id));
        report.socket_fd = link.and_then(|link| link.channel.fd());
        Ok(report)
    }
}

/// The keys of [`Client::format`] that name no server, separated by spaces.
fn figure_keys() -> String {
    let plain = ["progress", "servers"].into_iter().map(str::to_owned);
    let mut keys: Vec<_> = Figures::keys().chain(plain).map(|key| format!("mcp_{key}")).collect();
    keys.sort_unstable();
    keys.join(" ")
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

/// The variables that are text.
fn text_of(env: &[(OsString, OsString)]) -> impl Iterator<Item = (&str, &str)> {
    env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
}

/// A variable of the servers' environment. Of two the last counts.
fn lookup(env: &[(OsString, OsString)], name: &str) -> Option<String> {
    let (_, value) = env.iter().rev().find(|(key, _)| *key == *name)?;
    value.to_str().map(str::to_owned)
}
