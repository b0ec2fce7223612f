//! The listener on this host to which the browser is led back (RFC 8252, section 7.3).
//!
//! It takes a few connections at a time, reads the first line of each, and answers with a
//! small page. No call waits.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use crate::time::Time;

/// The path of the address that browsers are led back to.
const PATH: &str = "/callback";
/// Connections at a time: a browser opens some that it does not use.
const MOST: usize = 8;
/// The longest head that is read, in bytes.
const LONGEST: usize = 16 << 10;
/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// The listener of one login.
#[derive(Debug)]
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    visitors: Vec<Visitor>,
    token: Token,
    redirect_uri: String,
}

/// A connection of a browser.
#[derive(Debug)]
struct Visitor {
    stream: TcpStream,
    head: Vec<u8>,
    until: Time,
    /// The path and query that were asked for.
    target: Option<String>,
}

impl Loopback {
    /// Listens on a port of this host; without one the system chooses it.
    ///
    /// # Errors
    ///
    /// What the system said, mostly that another program has the port.
    pub(super) fn new(
        port: Option<u16>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Loopback> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))?;
        let place = first.local_addr()?;
        let mut listeners = vec![first];
        // The address of a chosen port is registered by its name, as other clients have it,
        // and the name may mean the address of IPv6.
        let host = match port {
            Some(port) => {
                let second = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
                listeners.extend(TcpListener::bind(second).ok());
                "localhost"
            }
            None => "127.0.0.1",
        };
        for listener in &listeners {
            listener.set_nonblocking(true)?;
            let source = &mut SourceFd(&listener.as_raw_fd());
            registry.register(source, token, Interest::READABLE)?;
        }
        let redirect_uri = format!("http://{host}:{}{PATH}", place.port());
        Ok(Loopback { listeners, visitors: Vec::new(), token, redirect_uri })
    }

    /// The address of this listener when a port cannot be had: only a pasted address ends
    /// such a login.
    pub(super) fn unheard(port: u16) -> String {
        format!("http://localhost:{port}{PATH}")
    }

    /// `redirect_uri` of the login.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// When [`poll`](Loopback::poll) is due although no event comes.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.visitors.iter().map(|visitor| visitor.until).min()
    }

    /// Takes connections and reads from them. Each target that came is given to `answer`,
    /// which says the status and the text of the page.
    pub(super) fn poll(
        &mut self,
        now: Time,
        registry: &Registry,
        mut answer: impl FnMut(&str) -> (u16, String),
    ) {
        for listener in &self.listeners {
            while let Ok((stream, _)) = listener.accept() {
                let fd = stream.as_raw_fd();
                let is_kept = self.visitors.len() < MOST && stream.set_nonblocking(true).is_ok();
                let source = &mut SourceFd(&fd);
                if is_kept && registry.register(source, self.token, Interest::READABLE).is_ok() {
                    let (head, until) = (Vec::new(), now + PATIENCE);
                    self.visitors.push(Visitor { stream, head, until, target: None });
                }
            }
        }
        let mut at = 0;
        while at < self.visitors.len() {
            let visitor = &mut self.visitors[at];
            let goes_on = visitor.read() && now < visitor.until && visitor.target.is_none();
            if goes_on {
                at += 1;
                continue;
            }
            let mut visitor = self.visitors.swap_remove(at);
            if let Some(target) = visitor.target.take() {
                let is_ours = target.split('?').next() == Some(PATH);
                let (status, text) = match is_ours {
                    true => answer(&target),
                    false => (404, "There is nothing here.".to_owned()),
                };
                visitor.say(status, &text);
            }
            let _ = registry.deregister(&mut SourceFd(&visitor.stream.as_raw_fd()));
        }
    }

    /// Closes everything.
    pub(super) fn close(&mut self, registry: &Registry) {
        let listeners = self.listeners.iter().map(AsRawFd::as_raw_fd);
        let visitors = self.visitors.iter().map(|visitor| visitor.stream.as_raw_fd());
        for fd in listeners.chain(visitors) {
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
        self.listeners.clear();
        self.visitors.clear();
    }
}

impl Visitor {
    /// Reads what is there. False: the connection has ended.
    fn read(&mut self) -> bool {
        let mut piece = [0; 2048];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return false,
                Ok(n) => self.head.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if self.head.len() > LONGEST {
                return false;
            }
        }
        if memchr::memmem::find(&self.head, b"\r\n\r\n").is_some() {
            let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            let mut words = line.split(' ');
            let (method, target) = (words.next(), words.next().unwrap_or_default());
            self.target = Some(match method {
                Some("GET") => target.to_owned(),
                _ => String::new(),
            });
        }
        true
    }

    /// Answers. The page is small, so it fits the empty buffer of the socket.
    fn say(&mut self, status: u16, text: &str) {
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>tmux</title><p>{}</p>\n",
            escaped(text)
        );
        let head = format!(
            "HTTP/1.1 {status} \r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
             Connection: close\r\n\r\n",
            page.len()
        );
        let _ = self.stream.write_all((head + &page).as_bytes());
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn ask(loopback: &mut Loopback, poll: &mio::Poll, text: &str) -> (Vec<String>, String) {
        let place = loopback.listeners[0].local_addr().unwrap();
        let mut browser = TcpStream::connect(place).unwrap();
        browser.set_nonblocking(true).unwrap();
        browser.write_all(text.as_bytes()).unwrap();
        let (mut seen, mut said) = (Vec::new(), Vec::new());
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            assert!(Instant::now() < until, "no page came");
            loopback.poll(Time::ZERO, poll.registry(), |target| {
                seen.push(target.to_owned());
                (200, "a < b".to_owned())
            });
            let mut piece = [0; 4096];
            match browser.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => said.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        (seen, String::from_utf8(said).unwrap())
    }

    #[test]
    fn a_browser_gets_a_page_and_its_target_is_told() {
        let poll = mio::Poll::new().unwrap();
        let mut loopback = Loopback::new(None, poll.registry(), Token(7)).unwrap();
        assert!(loopback.redirect_uri().starts_with("http://127.0.0.1:"));
        let request = "GET /callback?code=a&state=b HTTP/1.1\r\nHost: x\r\n\r\n";
        let (seen, said) = ask(&mut loopback, &poll, request);
        assert_eq!(seen, ["/callback?code=a&state=b"]);
        assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("a &lt; b"), "{said}");
        for other in ["GET /favicon.ico HTTP/1.1\r\n\r\n", "POST /callback?code=a HTTP/1.1\r\n\r\n"]
        {
            let (seen, said) = ask(&mut loopback, &poll, other);
            assert!(seen.is_empty() && said.starts_with("HTTP/1.1 404 "), "{said}");
        }
        let long = format!("GET /callback?{} HTTP/1.1\r\n", "x".repeat(2 * LONGEST));
        assert_eq!(ask(&mut loopback, &poll, &long), (Vec::new(), String::new()));
        loopback.close(poll.registry());
        assert!(loopback.visitors.is_empty() && loopback.listeners.is_empty());
    }

    #[test]
    fn who_connects_and_says_nothing_is_let_go() {
        let poll = mio::Poll::new().unwrap();
        let mut loopback = Loopback::new(None, poll.registry(), Token(7)).unwrap();
        let place = loopback.listeners[0].local_addr().unwrap();
        let silent: Vec<TcpStream> =
            (0..MOST + 3).map(|_| TcpStream::connect(place).unwrap()).collect();
        let nobody = |_: &str| (200, String::new());
        let until = Instant::now() + Duration::from_secs(10);
        while loopback.visitors.len() < MOST {
            assert!(Instant::now() < until, "they did not come");
            loopback.poll(Time::ZERO, poll.registry(), nobody);
        }
        let due = loopback.deadline().expect("they are waited for");
        loopback.poll(due, poll.registry(), nobody);
        assert!(loopback.visitors.is_empty());
        drop(silent);
    }
}
