//! The client inside an event loop, driven as libevent drives it: the client's
//! descriptor lies in the loop's own epoll, and events are pulled until none is
//! left.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use tmcp::client::{
    Arguments, CallTool, Client, Completion, Event, LogLevel, Options, Reply, RequestId,
};
use tmcp::mcp::render::content;

use super::sys::{self, Epoll};
use super::table::Samples;
use super::{Home, PATIENCE};

/// What tmux gives a dispatch.
pub const BUDGET: Duration = Duration::from_millis(2);

/// A client and its loop.
pub struct Host {
    pub client: Client,
    epoll: Epoll,
    /// Longest dispatch by the wall and by the processor.
    pub longest: (Duration, Duration),
    /// Whether to measure them; it costs two system calls a turn.
    pub watch: bool,
    /// Dispatches so far.
    pub turns: usize,
    pub home: Home,
}

impl Host {
    /// A client whose `~/.claude.json` has these servers, once it has read them.
    pub fn new(name: &str, servers: &str) -> Host {
        let mut host = Host::unread(name, &format!("{{\"mcpServers\":{servers}}}"));
        host.ready();
        host
    }

    /// A client that has this file still to read.
    pub fn unread(name: &str, file: &str) -> Host {
        let home = Home::new(name);
        std::fs::write(home.path(".claude.json"), file).expect("a configuration");
        Host::at(home)
    }

    /// A client in a prepared home.
    pub fn at(home: Home) -> Host {
        let env = vec![
            (OsString::from("HOME"), home.0.clone().into_os_string()),
            (OsString::from("PATH"), std::env::var_os("PATH").unwrap_or_default()),
        ];
        let options =
            Options { env, name: "tmcp-bench".into(), version: "0".into(), ..Options::default() };
        let mut log = std::fs::File::create(home.path("log")).expect("a log");
        let sink = Box::new(move |_, line: &str| {
            // As dear as the sink of a host that writes to a file.
            let _ = log.write_all(format!("{line}\n").as_bytes());
        });
        let client = Client::new(options, LogLevel::Warning, sink).expect("a client");
        let epoll = Epoll::new();
        epoll.add(client.as_raw_fd());
        let longest = (Duration::ZERO, Duration::ZERO);
        Host { client, epoll, longest, watch: false, turns: 0, home }
    }

    /// Turns until the configuration is read.
    pub fn ready(&mut self) {
        self.client.wait_ready(0);
        self.until(|event| matches!(event, Event::Done(_)));
    }

    /// Waits as the loop does, and dispatches once.
    pub fn turn(&mut self) {
        let ms = match self.client.timeout() {
            None => -1,
            Some(wait) => wait.as_micros().div_ceil(1000).min(1000) as i32,
        };
        if ms != 0 {
            self.epoll.wait(ms, |_| {});
        }
        self.turns += 1;
        if !self.watch {
            self.client.dispatch(BUDGET);
            return;
        }
        let (wall, used) = (Instant::now(), sys::thread_time());
        self.client.dispatch(BUDGET);
        self.longest.1 = self.longest.1.max(sys::thread_time() - used);
        self.longest.0 = self.longest.0.max(wall.elapsed());
    }

    /// Turns until `wanted` has seen what it wants.
    pub fn until(&mut self, mut wanted: impl FnMut(Event) -> bool) {
        let start = Instant::now();
        loop {
            let mut seen = false;
            while let Some(event) = self.client.next_event() {
                seen |= wanted(event);
            }
            if seen {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain");
            self.turn();
        }
    }

    pub fn start(&mut self, server: &str, tool: &str, json: &str, user_data: u64) -> RequestId {
        let call = CallTool {
            server: server.into(),
            tool: tool.into(),
            arguments: Arguments::Json(json.into()),
            is_unattended: false,
        };
        self.client.call(call, None, user_data).expect("the call is accepted")
    }

    /// Calls and waits.
    pub fn call(&mut self, server: &str, tool: &str, json: &str) {
        let id = self.start(server, tool, json, 0);
        self.until(|event| matches!(event, Event::Done(done) if ok(&done).id == id));
    }

    /// `calls` calls, `depth` of them under way at any time. `is_text`: the text of each
    /// answer is taken, inside the time of its call.
    pub fn run(
        &mut self,
        server: &str,
        tool: &str,
        json: &str,
        calls: usize,
        depth: usize,
        is_text: bool,
    ) -> Samples {
        let mut samples = Samples::start(calls);
        let mut starts: Vec<Instant> = vec![Instant::now(); depth];
        let mut free: VecDeque<usize> = (0..depth).collect();
        let (mut asked, mut done) = (0, 0);
        loop {
            while asked < calls {
                let Some(slot) = free.pop_front() else { break };
                starts[slot] = Instant::now();
                self.start(server, tool, json, slot as u64);
                asked += 1;
            }
            if done == calls {
                return samples.stop();
            }
            self.turn();
            // A host goes on in the handler of the event, inside the pull.
            while let Some(event) = self.client.next_event() {
                let Event::Done(completion) = event else { continue };
                let slot = ok(&completion).user_data as usize;
                if let (true, Ok(Reply::Tool { result, .. })) = (is_text, &completion.outcome) {
                    black_box(content::text(result));
                }
                let now = Instant::now();
                samples.push(now - starts[slot]);
                done += 1;
                if asked < calls {
                    starts[slot] = now;
                    self.start(server, tool, json, slot as u64);
                    asked += 1;
                }
            }
        }
    }
}

fn ok(done: &Completion) -> &Completion {
    match &done.outcome {
        Ok(Reply::Tool { is_error: false, .. } | Reply::Ready | Reply::List { .. }) => done,
        other => panic!("a call failed: {other:?}"),
    }
}
