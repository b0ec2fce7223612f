//! Streams that take a while to connect.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::task::Poll;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use serde_json::{Value, json};

use crate::channel::{Channel, ConnectError, ConnectErrorKind, EventSource, Flow};
use crate::client::opening::Surroundings;
use crate::client::{Arguments, CallTool, Client, Event, LogLevel, Options};
use crate::config::ServerConfig;
use crate::engine::OpenFailure;
use crate::time::Time;

/// A socket that counts as connected once its far end has read what filled it.
#[derive(Debug)]
struct LateSocket(UnixStream);

impl LateSocket {
    /// The socket, and its far end.
    fn pair() -> (LateSocket, UnixStream) {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        let mut socket = LateSocket(near);
        while socket.0.write(&[b'\n'; 4096]).is_ok() {}
        (socket, far)
    }

    fn flow(result: io::Result<usize>) -> io::Result<Flow> {
        match result {
            Ok(0) => Ok(Flow::Closed),
            Ok(n) => Ok(Flow::Bytes(n)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Flow::Blocked),
            Err(error) => Err(error),
        }
    }

    fn watch(&self, registry: &Registry, base: Token, interest: Interest) -> io::Result<()> {
        let fd = self.0.as_raw_fd();
        let source = &mut SourceFd(&fd);
        let token = EventSource::Write.token(base);
        match registry.reregister(source, token, interest) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                registry.register(source, token, interest)
            }
            result => result,
        }
    }
}

impl Channel for LateSocket {
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        self.watch(registry, base, Interest::READABLE)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut SourceFd(&self.0.as_raw_fd()))
    }

    fn poll_connect(&mut self, _: Time, _: &Registry, _: Token) -> Poll<Result<(), ConnectError>> {
        match self.0.write(b"\n") {
            Ok(_) => Poll::Ready(Ok(())),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            Err(_) => {
                let message = "Connection refused".to_owned();
                Poll::Ready(Err(ConnectError::new(ConnectErrorKind::Refused, message)))
            }
        }
    }

    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        self.watch(registry, base, if watch { both } else { Interest::READABLE })
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        Self::flow(self.0.read(buf))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        Self::flow(self.0.write(bytes))
    }

    fn shutdown_write(&mut self) {}

    fn fd(&self) -> Option<RawFd> {
        Some(self.0.as_raw_fd())
    }
}

thread_local! {
    static FAR_END: RefCell<Option<UnixStream>> = const { RefCell::new(None) };
}

/// Connects to a far end that the test holds.
fn connect(_: &ServerConfig, _: &mut Surroundings<'_>) -> Result<Box<dyn Channel>, OpenFailure> {
    let (near, far) = LateSocket::pair();
    FAR_END.set(Some(far));
    Ok(Box::new(near))
}

/// A client, and a server that is connected to by [`connect`].
struct OpeningBench {
    client: Client,
    far: Option<UnixStream>,
    events: Vec<Event>,
    directory: std::path::PathBuf,
}

impl OpeningBench {
    /// Calls a tool; the connect is under way.
    fn new(name: &str, startup_timeout: u64) -> OpeningBench {
        let directory =
            std::env::temp_dir().join(format!("tmcp-opening-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let config = directory.join("config.json");
        let entry = json!({"transport": "socket", "socket_path": "/nowhere", "era": "legacy",
            "retry_attempts": 0, "startup_timeout": startup_timeout});
        std::fs::write(&config, json!({"mcpServers": {"s": entry}}).to_string()).unwrap();
        let options = Options {
            config_path: Some(config),
            overlay_path: Some(directory.join("none")),
            state_path: Some(Default::default()),
            ..Options::default()
        };
        let mut client = Client::new(options, LogLevel::Debug, Box::new(|_, _| {})).unwrap();
        client.connect = connect;
        let mut bench = OpeningBench { client, far: None, events: Vec::new(), directory };
        bench.until("the configuration", |bench| bench.client.is_ready());
        let arguments = Arguments::Json("{}".into());
        let call =
            CallTool { server: "s".into(), tool: "t".into(), arguments, is_unattended: false };
        bench.client.call(call, None, 7).unwrap();
        bench.until("the connect", |bench| {
            bench.far = FAR_END.take();
            bench.far.is_some()
        });
        bench
    }

    /// Turns until `done`; fails when that takes longer than any machine needs.
    #[track_caller]
    fn until(&mut self, what: &str, mut done: impl FnMut(&mut OpeningBench) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < deadline, "waited for {what}: {:?}", self.events);
            self.client.dispatch(Duration::from_millis(2));
            while let Some(event) = self.client.next_event() {
                self.events.push(event);
            }
            std::thread::yield_now();
        }
    }

    /// How the call ended.
    fn outcome(&self) -> Option<Result<(), String>> {
        self.events.iter().find_map(|event| match event {
            Event::Done(done) => {
                Some(done.outcome.as_ref().map(|_| ()).map_err(|error| error.to_string()))
            }
            _ => None,
        })
    }

    /// The server reads what there is, and answers it.
    fn serve(&mut self, unread: &mut Vec<u8>) {
        let Some(far) = &mut self.far else { return };
        let mut bytes = [0; 65536];
        while let Ok(n) = far.read(&mut bytes) {
            if n == 0 {
                break;
            }
            unread.extend(&bytes[..n]);
        }
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = unread.drain(..=end).collect();
            let Ok(message) = serde_json::from_slice::<Value>(&line) else { continue };
            let result = match message["method"].as_str() {
                Some("initialize") => json!({"protocolVersion": "2025-11-25",
                    "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}),
                Some("tools/call") => json!({"content": []}),
                _ => continue,
            };
            let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
            writeln!(far, "{answer}").unwrap();
        }
    }
}

impl Drop for OpeningBench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn a_stream_that_connects_late_is_used_then_and_not_before() {
    let mut bench = OpeningBench::new("late", 60_000);
    for _ in 0..20 {
        bench.client.dispatch(Duration::from_millis(2));
        assert!(!bench.client.has_more(), "it is waited for, and not turned for");
    }
    assert!(bench.client.links.values().all(|link| link.connecting));
    assert_eq!(bench.outcome(), None);
    let mut unread = Vec::new();
    bench.until("the answer", |bench| {
        bench.serve(&mut unread);
        bench.outcome().is_some()
    });
    assert_eq!(bench.outcome(), Some(Ok(())));
    assert!(bench.client.links.values().all(|link| !link.watches_room));
}

#[test]
fn a_stream_that_fails_to_connect_late_is_a_failed_try() {
    let mut bench = OpeningBench::new("refused", 60_000);
    bench.client.dispatch(Duration::from_millis(2));
    assert_eq!(bench.outcome(), None);
    bench.far = None;
    bench.until("the failure", |bench| bench.outcome().is_some());
    let expected = "server 's': socket /nowhere: Connection refused";
    assert_eq!(bench.outcome(), Some(Err(expected.to_owned())));
    assert!(bench.client.links.is_empty());
}

#[test]
fn a_stream_that_never_connects_is_dropped_when_the_engine_gives_it_up() {
    let mut bench = OpeningBench::new("never", 100);
    bench.until("the end", |bench| bench.outcome().is_some() && bench.client.links.is_empty());
    assert!(bench.outcome().is_some_and(|outcome| outcome.is_err()), "{:?}", bench.outcome());
    let mut rest = Vec::new();
    let mut far = bench.far.take().unwrap();
    far.set_nonblocking(false).unwrap();
    far.read_to_end(&mut rest).unwrap();
    assert!(rest.iter().all(|byte| *byte == b'\n'), "it is closed, and nothing was sent");
}
