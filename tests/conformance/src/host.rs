//! The host of the library: one descriptor, one timeout, and pulled events, as in tmux.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tmcp::client::{
    Abilities, Answer, Arguments, Asks, CallTool, Client, Completion, Event, Listing, LogLevel,
    Options, Reply, RequestId,
};
use tmcp::error::Kind;

use crate::browser;

/// The name of the only server.
pub const SERVER: &str = "suite";
/// The longest time for all of a scenario. The suite itself waits longer.
const LIMIT: Duration = Duration::from_secs(25);
/// What one dispatch may take, as in tmux.
const BUDGET: Duration = Duration::from_millis(2);

/// A client with one server, and what drives it.
pub struct Host {
    client: Client,
    /// Completions that nobody took yet.
    done: Vec<Completion>,
    until: Instant,
    directory: PathBuf,
}

impl Host {
    /// A client whose only server is at `url`.
    /// `oauth` is the key of its entry.
    pub fn new(url: &str, oauth: &serde_json::Value) -> Result<Host, String> {
        let directory =
            std::env::temp_dir().join(format!("tmcp-conformance.{}", std::process::id()));
        let said = |error: std::io::Error| format!("{}: {error}", directory.display());
        std::fs::create_dir_all(&directory).map_err(said)?;
        let entry = serde_json::json!({"type": "http", "url": url, "oauth": oauth});
        let servers = serde_json::json!({"mcpServers": {SERVER: entry}});
        let file = directory.join("servers.json");
        std::fs::write(&file, servers.to_string()).map_err(said)?;
        let options = Options {
            config_path: Some(file),
            overlay_path: Some("/dev/null".into()),
            state_path: Some(directory.join("state/eras.json")),
            env: vec![(OsString::from("HOME"), directory.clone().into_os_string())],
            name: "tmcp-conformance".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let log = |_: LogLevel, line: &str| say(line);
        let mut client = Client::new(options, LogLevel::Debug, Box::new(log))
            .map_err(|error| error.message().to_owned())?;
        client.set_abilities(Abilities { elicitation: true, roots: false, sampling: false });
        Ok(Host { client, done: Vec::new(), until: Instant::now() + LIMIT, directory })
    }

    /// Waits in poll(2), and dispatches once.
    fn turn(&mut self) -> Result<(), String> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("no answer within {} s", LIMIT.as_secs()));
        }
        let wait = self.client.timeout().map_or(left, |wait| wait.min(left));
        // Less than a millisecond is still a wait.
        let ms = wait.as_micros().div_ceil(1000) as libc::c_int;
        let mut poll =
            libc::pollfd { fd: self.client.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid pollfd is passed.
        unsafe {
            libc::poll(&mut poll, 1, ms);
        }
        self.client.dispatch(BUDGET);
        while let Some(event) = self.client.next_event() {
            match event {
                Event::Done(done) => self.done.push(done),
                Event::Question(question) => {
                    let answer = match question.asks {
                        Asks::Form { schema, .. } => Answer::Json(defaults_of(&schema)),
                        Asks::Url { .. } | Asks::Sample { .. } => Answer::Decline,
                    };
                    let answered = self.client.answer(question.id, answer);
                    answered.map_err(|error| error.message().to_owned())?;
                }
                Event::LoginPage { page, .. } => {
                    let led_to = browser::visit(&page)?;
                    // What does not belong to the login is refused, and the login waits on.
                    if let Err(error) = self.client.login_answer(SERVER, &led_to) {
                        say(error.message());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Logs in, with the browser of a person who agrees to everything.
    pub fn login(&mut self) -> Result<(), String> {
        let id = self.client.login(SERVER, 0).map_err(|error| error.message().to_owned())?;
        self.wait(id).map(drop)
    }

    /// The end of a request. An error that the server itself answered with is an end as any
    /// other: `None`.
    pub fn wait(&mut self, id: RequestId) -> Result<Option<Reply>, String> {
        loop {
            if let Some(at) = self.done.iter().position(|done| done.id == id) {
                return match self.done.swap_remove(at).outcome {
                    Ok(reply) => Ok(Some(reply)),
                    Err(error) if error.kind() == Kind::Server => Ok(None),
                    Err(error) => Err(error.message().to_owned()),
                };
            }
            self.turn()?;
        }
    }

    /// The entries of a list.
    pub fn list(&mut self, what: Listing) -> Result<Vec<serde_json::Value>, String> {
        let id = self.client.list(SERVER, what, None, 0).map_err(|e| e.message().to_owned())?;
        match self.wait(id)? {
            Some(Reply::List { items, .. }) => {
                serde_json::from_slice(&items).map_err(|error| error.to_string())
            }
            Some(other) => Err(format!("no list: {other:?}")),
            None => Ok(Vec::new()),
        }
    }

    /// Calls a tool, without waiting for its end.
    pub fn call(&mut self, tool: &str, arguments: &str) -> Result<RequestId, String> {
        let arguments = Arguments::Json(arguments.to_owned());
        let call =
            CallTool { server: SERVER.into(), tool: tool.into(), arguments, is_unattended: false };
        self.client.call(call, None, 0).map_err(|error| error.message().to_owned())
    }

    /// Reads a resource.
    pub fn read(&mut self, uri: &str) -> Result<Option<Reply>, String> {
        let id = self.client.read_resource(SERVER, uri, None, 0);
        self.wait(id.map_err(|error| error.message().to_owned())?)
    }

    /// Expands a prompt.
    pub fn prompt(&mut self, name: &str, arguments: &str) -> Result<Option<Reply>, String> {
        let arguments = Arguments::Json(arguments.to_owned());
        let id = self.client.get_prompt(SERVER, name, arguments, None, 0);
        self.wait(id.map_err(|error| error.message().to_owned())?)
    }

    /// The raw definition of a tool.
    pub fn definition(&self, tool: &str) -> Option<String> {
        self.client.tool_definition(SERVER, tool).map(str::to_owned)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("client", &self.client).finish_non_exhaustive()
    }
}

/// The form as a person leaves it who changes nothing.
fn defaults_of(schema: &str) -> String {
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap_or_default();
    let fields = schema["properties"].as_object().into_iter().flatten();
    let of = |(name, field): (&String, &serde_json::Value)| {
        Some((name.clone(), field.get("default")?.clone()))
    };
    serde_json::Value::Object(fields.filter_map(of).collect()).to_string()
}

/// A line for whoever reads why a scenario failed.
#[expect(clippy::print_stderr, reason = "the suite keeps what its client writes to stderr")]
pub fn say(line: &str) {
    eprintln!("{line}");
}
