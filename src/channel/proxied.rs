//! The channel to a server through a forward proxy (RFC 9110, section 9.3.6).
//!
//! With a CONNECT request the proxy is a tunnel: what comes behind its answer is the server's.
//! Without one the requests themselves are for the proxy, and only its name is added to errors.

use std::io;
use std::os::fd::RawFd;
use std::task::Poll;

use mio::{Registry, Token};

use super::{Channel, ConnectError, ConnectErrorKind, Flow};
use crate::time::Time;

/// The longest answer of a proxy that is read, in bytes.
const LONGEST: usize = 16 << 10;
/// The most fields that are read.
const FIELDS: usize = 100;

/// A channel through a proxy.
#[derive(Debug)]
pub struct Proxied {
    /// To the proxy.
    inner: Box<dyn Channel>,
    /// The proxy in errors.
    name: String,
    /// Bytes of the CONNECT request that were not sent.
    request: Vec<u8>,
    /// The beginning of its answer. `None`: no answer is awaited.
    answer: Option<Vec<u8>>,
    is_connected: bool,
}

impl Proxied {
    /// `inner` leads to the proxy called `name`. `request`: the CONNECT request, or nothing.
    pub fn new(inner: Box<dyn Channel>, name: String, request: Vec<u8>) -> Proxied {
        let answer = (!request.is_empty()).then(Vec::new);
        Proxied { inner, name, request, answer, is_connected: false }
    }

    fn error(&self, kind: ConnectErrorKind, what: &str) -> ConnectError {
        ConnectError::new(kind, format!("{}: {what}", self.name))
    }

    fn tunnel(&mut self) -> Result<bool, ConnectError> {
        let Some(mut answer) = self.answer.take() else { return Ok(true) };
        let failed = |error: io::Error| crate::sys::sentence(&error);
        while !self.request.is_empty() {
            match self.inner.write(&self.request) {
                Ok(Flow::Bytes(n)) => drop(self.request.drain(..n)),
                Ok(Flow::Blocked) => break,
                Ok(Flow::Closed) => {
                    return Err(self.error(ConnectErrorKind::Io, "it closed the connection"));
                }
                Err(error) => return Err(self.error(ConnectErrorKind::Io, &failed(error))),
            }
        }
        let mut buf = [0; 1024];
        loop {
            match self.inner.read(&mut buf) {
                Ok(Flow::Bytes(n)) => answer.extend_from_slice(&buf[..n]),
                Ok(Flow::Blocked) => {
                    self.answer = Some(answer);
                    return Ok(false);
                }
                Ok(Flow::Closed) => {
                    return Err(self.error(ConnectErrorKind::Io, "it closed the connection"));
                }
                Err(error) => return Err(self.error(ConnectErrorKind::Io, &failed(error))),
            }
            match read_answer(&answer) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err((kind, what)) => return Err(self.error(kind, &what)),
            }
        }
    }
}

/// Whether the proxy has agreed. False: its answer is not whole.
fn read_answer(bytes: &[u8]) -> Result<bool, (ConnectErrorKind, String)> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST => return Ok(false),
        Ok(httparse::Status::Partial) => {
            let what = format!("it sent an HTTP head longer than {} KiB", LONGEST >> 10);
            return Err((ConnectErrorKind::Proxy, what));
        }
        Err(error) => {
            let what = format!("it does not speak HTTP ({error})");
            return Err((ConnectErrorKind::Proxy, what));
        }
    };
    let status = response.code.unwrap_or_default();
    let reason: String = response.reason.unwrap_or_default().chars().take(60).collect();
    let words = format!("HTTP {status} {reason}");
    match status {
        // The client speaks first on every stream that a tunnel is for.
        200..=299 if length < bytes.len() => {
            Err((ConnectErrorKind::Proxy, "it sent bytes before it was asked".to_owned()))
        }
        200..=299 => Ok(true),
        407 => Err((
            ConnectErrorKind::Proxy,
            format!("{words}: it wants a user and a password, as in http://USER:PASSWORD@HOST"),
        )),
        400..=499 => {
            Err((ConnectErrorKind::Proxy, format!("{words}: it does not connect to this server")))
        }
        _ => Err((ConnectErrorKind::Io, format!("{words}: it does not reach the server"))),
    }
}

impl Channel for Proxied {
    fn register(&mut self, registry: &Registry, base: Token) -> io::Result<()> {
        self.inner.register(registry, base)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.inner.deregister(registry)
    }

    fn poll_connect(
        &mut self,
        now: Time,
        registry: &Registry,
        base: Token,
    ) -> Poll<Result<(), ConnectError>> {
        if !self.is_connected {
            match self.inner.poll_connect(now, registry, base) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.error(error.kind(), error.message())));
                }
                Poll::Ready(Ok(())) => self.is_connected = true,
            }
        }
        match self.tunnel() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn connect_deadline(&self) -> Option<Time> {
        if self.is_connected { None } else { self.inner.connect_deadline() }
    }

    fn watch_room(&mut self, registry: &Registry, base: Token, watch: bool) -> io::Result<()> {
        self.inner.watch_room(registry, base, watch)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        self.inner.read(buf)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        self.inner.write(bytes)
    }

    fn shutdown_write(&mut self) {
        self.inner.shutdown_write();
    }

    fn fd(&self) -> Option<RawFd> {
        self.inner.fd()
    }
}
