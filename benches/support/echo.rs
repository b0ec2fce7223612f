//! The cheapest MCP server there can be: one thread, a scan for the id, a reply
//! that was written before. It adds about two microseconds to a bare echo.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::OnceLock;

use super::sys::Epoll;

/// Length of a request line and of a reply line, newline included.
pub const REQUEST: usize = 1024;
pub const REPLY: usize = 2048;

/// The length of a reply line where it is another.
static REPLY_LENGTH: OnceLock<usize> = OnceLock::new();

/// Serves a socket until it is killed, with replies of `length` bytes.
pub fn serve_socket(path: &Path, length: usize) -> ! {
    REPLY_LENGTH.get_or_init(|| length);
    let listener = UnixListener::bind(path).expect("the socket is free");
    let epoll = Epoll::new();
    epoll.add(listener.as_raw_fd());
    let mut peers = HashMap::new();
    let mut ready: Vec<RawFd> = Vec::new();
    loop {
        ready.clear();
        epoll.wait(-1, |fd| ready.push(fd));
        for fd in &ready {
            if *fd == listener.as_raw_fd() {
                let (stream, _) = listener.accept().expect("a peer");
                epoll.add(stream.as_raw_fd());
                peers.insert(stream.as_raw_fd(), (stream, Echo::default()));
                continue;
            }
            let Some((stream, echo)) = peers.get_mut(fd) else { continue };
            let mut reader = &*stream;
            let n = reader.read(echo.room()).unwrap_or(0);
            let reply = echo.answer(n);
            if n == 0 || (&*stream).write_all(reply).is_err() {
                // Closing takes it out of the epoll.
                peers.remove(fd);
            }
        }
    }
}

/// Serves standard input until it ends.
pub fn serve_stdio() -> ! {
    let mut echo = Echo::default();
    // Unbuffered, unlike what the standard library offers.
    #[allow(unsafe_code)]
    // SAFETY: nothing else in this process uses descriptor 0.
    let mut input = unsafe { std::fs::File::from_raw_fd(0) };
    #[allow(unsafe_code)]
    // SAFETY: nothing else in this process uses descriptor 1.
    let mut output = unsafe { std::fs::File::from_raw_fd(1) };
    loop {
        let n = input.read(echo.room()).unwrap_or(0);
        if n == 0 || output.write_all(echo.answer(n)).is_err() {
            std::process::exit(0);
        }
    }
}

/// One stream: bytes in, replies out.
struct Echo {
    input: Vec<u8>,
    held: usize,
    output: Vec<u8>,
}

impl Default for Echo {
    fn default() -> Echo {
        Echo { input: vec![0; 128 << 10], held: 0, output: Vec::new() }
    }
}

impl Echo {
    fn room(&mut self) -> &mut [u8] {
        if self.held == self.input.len() {
            self.input.resize(self.held * 2, 0);
        }
        &mut self.input[self.held..]
    }

    fn answer(&mut self, n: usize) -> &[u8] {
        self.output.clear();
        let end = self.held + n;
        let mut start = 0;
        let from = self.held;
        for at in memchr::memchr_iter(b'\n', &self.input[from..end]) {
            let at = from + at;
            reply(&self.input[start..at], &mut self.output);
            start = at + 1;
        }
        self.input.copy_within(start..end, 0);
        self.held = end - start;
        &self.output
    }
}

fn reply(line: &[u8], out: &mut Vec<u8>) {
    let Some(rest) = line.strip_prefix(b"{\"jsonrpc\":\"2.0\",\"id\":") else { return };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(&rest[..digits]);
    let method = rest[digits..].strip_prefix(b",\"method\":\"").unwrap_or_default();
    if method.starts_with(b"tools/call") {
        let tail = result();
        // A longer id leaves a shorter text.
        out.extend_from_slice(&tail[digits..]);
    } else if method.starts_with(b"initialize") {
        out.extend_from_slice(
            b",\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},\
              \"serverInfo\":{\"name\":\"echo\",\"version\":\"1\"}}}\n",
        );
    } else {
        out.extend_from_slice(b",\"error\":{\"code\":-32601,\"message\":\"no such method\"}}\n");
    }
}

/// What follows the id: rows of 64 characters, so that there is something to
/// unescape. `[digits..]` cuts spaces, which JSON allows there.
fn result() -> &'static [u8] {
    static RESULT: OnceLock<Vec<u8>> = OnceLock::new();
    RESULT.get_or_init(|| {
        let begin =
            format!("{},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"", " ".repeat(20));
        let end = "\"}]}}\n";
        let length = *REPLY_LENGTH.get_or_init(|| REPLY);
        let room = length - "{\"jsonrpc\":\"2.0\",\"id\":".len() - begin.len() - end.len();
        let mut text = String::new();
        while text.len() + 66 <= room {
            text.push_str(&"0123456789abcdef".repeat(4));
            text.push_str("\\n");
        }
        text.push_str(&"x".repeat(room - text.len()));
        format!("{begin}{text}{end}").into_bytes()
    })
}
