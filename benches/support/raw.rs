//! The floor: the same bytes to the same server, one epoll_wait, one read and
//! one write for each call, and no JSON.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::echo::REQUEST;
use super::sys::{self, Epoll};
use super::table::Samples;

/// A connection without a protocol.
pub struct Raw {
    child: Option<Child>,
    reader: File,
    writer: File,
    epoll: Epoll,
    /// The loop that waits for `epoll`, when there is one.
    outer: Option<Epoll>,
    scratch: Vec<u8>,
    line: Vec<u8>,
}

impl Raw {
    pub fn connect(path: &Path) -> Raw {
        let stream = UnixStream::connect(path).expect("the server listens");
        let writer = stream.try_clone().expect("a descriptor");
        Raw::over(None, OwnedFd::from(stream), OwnedFd::from(writer))
    }

    pub fn spawn(program: &Path, args: &[&str]) -> Raw {
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let reader = OwnedFd::from(child.stdout.take().expect("it was asked for"));
        let writer = OwnedFd::from(child.stdin.take().expect("it was asked for"));
        Raw::over(Some(child), reader, writer)
    }

    fn over(child: Option<Child>, reader: OwnedFd, writer: OwnedFd) -> Raw {
        sys::set_nonblocking(reader.as_raw_fd());
        sys::set_nonblocking(writer.as_raw_fd());
        let epoll = Epoll::new();
        epoll.add(reader.as_raw_fd());
        Raw {
            child,
            reader: File::from(reader),
            writer: File::from(writer),
            epoll,
            outer: None,
            scratch: vec![0; 64 << 10],
            line: line(),
        }
    }

    /// Lives in another event loop from now on, as the client does: the loop waits
    /// with a time limit, then the own epoll is asked.
    pub fn inside_a_loop(mut self) -> Raw {
        let outer = Epoll::new();
        outer.add(self.epoll.fd());
        self.outer = Some(outer);
        self
    }

    /// `initialize` and back, as a client has to.
    pub fn handshake(&mut self) {
        let hello = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":\
            {\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\
            \"clientInfo\":{\"name\":\"raw\",\"version\":\"0\"}}}\n";
        self.writer.write_all(hello).expect("room for one line");
        self.epoll.wait(-1, |_| {});
        let n = self.reader.read(&mut self.scratch).expect("an answer");
        assert!(self.scratch[..n].ends_with(b"\n"), "the answer is whole");
        let ready = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
        self.writer.write_all(ready).expect("room for one line");
    }

    /// `calls` calls, `depth` of them under way at any time.
    pub fn run(&mut self, calls: usize, depth: usize) -> Samples {
        let mut samples = Samples::start(calls);
        let block = self.line.repeat(depth);
        let mut started = std::collections::VecDeque::with_capacity(depth);
        let (mut asked, mut done, mut unsent) = (depth, 0, block.len());
        started.extend(std::iter::repeat_n(Instant::now(), depth));
        while done < calls {
            // The part of a write that found no room follows the next read.
            while unsent > 0 {
                match self.writer.write(&block[block.len() - unsent..]) {
                    Ok(n) => unsent -= n,
                    Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                    Err(e) => panic!("write: {e}"),
                }
            }
            match &self.outer {
                Some(outer) => {
                    outer.wait(1000, |_| {});
                    self.epoll.wait(0, |_| {});
                }
                None => self.epoll.wait(-1, |_| {}),
            }
            let n = match self.reader.read(&mut self.scratch) {
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => continue,
                Err(e) => panic!("read: {e}"),
            };
            assert!(n > 0, "the server is gone");
            let now = Instant::now();
            for _ in memchr::memchr_iter(b'\n', &self.scratch[..n]) {
                let since = started.pop_front().expect("one start for each reply");
                samples.push(now - since);
                done += 1;
                if asked < calls {
                    asked += 1;
                    started.push_back(now);
                    unsent += self.line.len();
                }
            }
        }
        samples.stop()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The arguments that make a request line `REQUEST` bytes long.
pub fn arguments() -> String {
    let bare = bare_line("").len();
    format!("{{\"text\":\"{}\"}}", "y".repeat(REQUEST - bare))
}

fn line() -> Vec<u8> {
    let line = bare_line(&"y".repeat(REQUEST - bare_line("").len()));
    assert_eq!(line.len(), REQUEST);
    line.into_bytes()
}

fn bare_line(text: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":10000,\"method\":\"tools/call\",\"params\":{{\"name\":\
         \"bench\",\"arguments\":{{\"text\":\"{text}\"}},\"_meta\":{{\"progressToken\":10000}}}}}}\n"
    )
}
