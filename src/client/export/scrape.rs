//! One connection of the endpoint: a head, an answer, the end.

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};

use super::{ExportSource, PIECE};
use crate::metrics::{Exposition, MetricsFormat};
use crate::sys::socket;
use crate::time::Time;

/// The longest head that is read, in bytes.
const HEAD: usize = 8 << 10;
/// Fields of a head that are looked at.
const FIELDS: usize = 64;
/// How long a scrape may take in all.
const LIMIT: Duration = Duration::from_secs(5);

/// A connection.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) stream: ScrapeStream,
    pub(super) until: Time,
    /// An event came, or there is more to do without one.
    pub(super) is_ready: bool,
    head: Vec<u8>,
    answer: Option<ScrapeAnswer>,
}

#[derive(Debug)]
pub(super) enum ScrapeStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

#[derive(Debug)]
struct ScrapeAnswer {
    /// Bytes to be sent, and how many of them were.
    bytes: Vec<u8>,
    sent: usize,
    /// What is still to be rendered.
    rest: Option<Exposition>,
    /// HTTP/1.1: the end of the body is told, so that a torn one is noticed.
    is_chunked: bool,
}

/// What a head asks for.
#[derive(Debug, PartialEq, Eq)]
enum ScrapeRequest {
    Metrics { format: MetricsFormat, is_chunked: bool },
    Refused { status: &'static str, field: &'static str },
}

impl Scrape {
    pub(super) fn new(stream: ScrapeStream, now: Time) -> Scrape {
        Scrape { stream, until: now + LIMIT, is_ready: true, head: Vec::new(), answer: None }
    }

    /// Reads, renders or sends a piece. False: the connection is at its end.
    pub(super) fn step(&mut self, figures: &ExportSource<'_>) -> bool {
        match self.try_step(figures) {
            Ok(goes_on) => goes_on,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.is_ready = false;
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    fn try_step(&mut self, figures: &ExportSource<'_>) -> io::Result<bool> {
        let Some(answer) = &mut self.answer else {
            let mut piece = [0; 2048];
            let n = self.stream.reader().read(&mut piece)?;
            self.head.extend_from_slice(&piece[..n]);
            let is_port = matches!(self.stream, ScrapeStream::Tcp(_));
            let Some(request) = read_head(&self.head, is_port) else { return Ok(n > 0) };
            self.answer = Some(ScrapeAnswer::new(request, (figures.servers)()));
            return Ok(true);
        };
        if answer.sent < answer.bytes.len() {
            // Without a signal when the peer is gone.
            answer.sent += socket::send(self.stream.as_fd(), &answer.bytes[answer.sent..])?;
            return Ok(true);
        }
        let Some(rest) = &mut answer.rest else {
            self.stream.shut_down();
            return Ok(false);
        };
        let more = rest.step(&figures.client, figures.report, figures.now);
        if more && rest.text().len() < PIECE {
            return Ok(true);
        }
        let text = rest.take();
        answer.render(&text, more);
        Ok(true)
    }
}

impl ScrapeAnswer {
    fn new(request: ScrapeRequest, servers: Vec<String>) -> ScrapeAnswer {
        let (head, rest, is_chunked) = match request {
            ScrapeRequest::Metrics { format, is_chunked } => {
                let coding = if is_chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {}\r\n{coding}Connection: close\r\n\r\n",
                    format.content_type()
                );
                (head, Some(Exposition::new(format, servers)), is_chunked)
            }
            ScrapeRequest::Refused { status, field } => {
                let length = status.len() + 1;
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
                     {field}Connection: close\r\n\r\n{status}\n"
                );
                (head, None, false)
            }
        };
        ScrapeAnswer { bytes: head.into_bytes(), sent: 0, rest, is_chunked }
    }

    /// Makes a piece of the body of a text.
    fn render(&mut self, text: &str, more: bool) {
        self.bytes.clear();
        self.sent = 0;
        if self.is_chunked {
            if !text.is_empty() {
                self.bytes.extend_from_slice(format!("{:x}\r\n", text.len()).as_bytes());
                self.bytes.extend_from_slice(text.as_bytes());
                self.bytes.extend_from_slice(b"\r\n");
            }
            if !more {
                self.bytes.extend_from_slice(b"0\r\n\r\n");
            }
        } else {
            self.bytes.extend_from_slice(text.as_bytes());
        }
        if !more {
            self.rest = None;
        }
    }
}

impl ScrapeStream {
    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            ScrapeStream::Tcp(stream) => stream,
            ScrapeStream::Unix(stream) => stream,
        }
    }

    fn reader(&mut self) -> &mut dyn Read {
        match self {
            ScrapeStream::Tcp(stream) => stream,
            ScrapeStream::Unix(stream) => stream,
        }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            ScrapeStream::Tcp(stream) => stream.as_fd(),
            ScrapeStream::Unix(stream) => stream.as_fd(),
        }
    }

    fn shut_down(&self) {
        // Fails only when the peer is gone.
        let _ = match self {
            ScrapeStream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            ScrapeStream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

/// Reads a head; `None`: there is more of it to come. `is_port`: it came over a port.
fn read_head(head: &[u8], is_port: bool) -> Option<ScrapeRequest> {
    let refused = |status, field| Some(ScrapeRequest::Refused { status, field });
    if head.len() > HEAD {
        return refused("431 Request Header Fields Too Large", "");
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return None,
        Err(httparse::Error::TooManyHeaders) => {
            return refused("431 Request Header Fields Too Large", "");
        }
        Err(_) => return refused("400 Bad Request", ""),
    }
    let field = |name: &str| {
        let found = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    // A page in a browser can reach this port under a name of its own, and read the answer.
    if is_port && field("host").is_some_and(|host| !is_this_host(host)) {
        return refused("403 Forbidden", "");
    }
    let target = request.path.unwrap_or_default();
    // A client that takes this for a proxy names the host in the target.
    let target = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    if target.split('?').next() != Some("/metrics") {
        return refused("404 Not Found", "");
    }
    if request.method != Some("GET") {
        return refused("405 Method Not Allowed", "Allow: GET\r\n");
    }
    let format = negotiate(field("accept").unwrap_or_default());
    Some(ScrapeRequest::Metrics { format, is_chunked: request.version == Some(1) })
}

/// Whether a `Host` means this host by an address, or by the name that is always its own.
fn is_this_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback || name.is_empty() || name.eq_ignore_ascii_case("localhost")
}

/// The format that an `Accept` prefers; the older one unless the other is asked for by name.
fn negotiate(accept: &str) -> MetricsFormat {
    let (mut open, mut plain) = (0.0_f32, 0.0_f32);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut weight, mut version) = (1.0_f32, "");
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => weight = value.trim().parse().unwrap_or(0.0),
                "version" => version = value.trim(),
                _ => {}
            }
        }
        match &*kind {
            "application/openmetrics-text" if matches!(version, "" | "1.0.0" | "0.0.1") => {
                open = open.max(weight);
            }
            "text/plain" | "text/*" | "*/*" => plain = plain.max(weight),
            _ => {}
        }
    }
    match open > 0.0 && open >= plain {
        true => MetricsFormat::OpenMetrics,
        false => MetricsFormat::Prometheus,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> &'static str {
        match read_head(head.as_bytes(), true) {
            Some(ScrapeRequest::Refused { status, .. }) => status,
            Some(ScrapeRequest::Metrics { .. }) => "200",
            None => "more",
        }
    }

    #[test]
    fn only_get_of_metrics_is_answered() {
        for (head, expected) in [
            ("GET /metrics HTTP/1.1\r\n\r\n", "200"),
            ("GET /metrics?x=1 HTTP/1.0\r\nHost: localhost:80\r\n\r\n", "200"),
            ("GET /metrics HTTP/1.1\r\nHost: [::1]:9464\r\n\r\n", "200"),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403 Forbidden"),
            ("GET http://127.0.0.1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "200"),
            ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("GET http://127.0.0.1 HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("GET /metrics/x HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
            ("nonsense\r\n\r\n", "400 Bad Request"),
            ("GET /metrics HT", "more"),
        ] {
            assert_eq!(status(head), expected, "{head}");
        }
        let long = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(HEAD));
        assert_eq!(status(&long), "431 Request Header Fields Too Large");
        // Nobody in a browser gets at a Unix socket.
        let named = b"GET /metrics HTTP/1.1\r\nHost: tmux\r\n\r\n";
        assert!(matches!(read_head(named, false), Some(ScrapeRequest::Metrics { .. })));
        let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(FIELDS + 1));
        assert_eq!(status(&many), "431 Request Header Fields Too Large");
    }

    #[test]
    fn the_format_is_the_one_that_is_preferred() {
        use MetricsFormat::{OpenMetrics, Prometheus};
        let of_prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                             application/openmetrics-text;version=0.0.1;q=0.5,\
                             text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            ("", Prometheus),
            ("*/*", Prometheus),
            (of_prometheus, OpenMetrics),
            ("application/openmetrics-text; version=1.0.0", OpenMetrics),
            ("application/openmetrics-text;q=0.1,text/plain;q=0.5", Prometheus),
            ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=0", Prometheus),
        ] {
            assert_eq!(negotiate(accept), expected, "{accept}");
        }
    }
}
