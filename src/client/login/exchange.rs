//! One exchange over HTTP on a connection of its own.

use std::ffi::OsString;
use std::task::Poll;
use std::time::Duration;

use mio::{Registry, Token};

use crate::channel::{Channel, Flow, Tcp};
#[cfg(feature = "tls")]
use crate::client::tls_contexts::TlsContexts;
use crate::config::Tls;
use crate::oauth::{OAuthReply, OAuthRequest};
use crate::sys;
use crate::time::Time;
use crate::wire::http::{ResponseReader, WholeResponse};

/// How long an exchange may take, from the connect to the end of the body.
const LIMIT: Duration = Duration::from_secs(30);
/// How many redirects are followed.
const REDIRECTS: u32 = 3;

/// What connections of a login need beside their address.
pub(super) struct Network<'a> {
    pub(super) registry: &'a Registry,
    /// The environment of the host.
    pub(super) env: &'a [(OsString, OsString)],
    #[cfg(feature = "tls")]
    pub(super) tls: &'a mut TlsContexts,
    pub(super) scratch: &'a mut [u8],
}

/// `tls` of an entry and the origin for which it counts: nowhere else are its certificates
/// shown, or its issuers trusted.
#[derive(Clone, Debug)]
pub(super) struct OwnTls {
    pub(super) origin: String,
    pub(super) tls: Option<Tls>,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct WebExchange {
    request: OAuthRequest,
    own_tls: OwnTls,
    base: Token,
    channel: Option<Box<dyn Channel>>,
    is_connected: bool,
    output: Vec<u8>,
    sent: usize,
    reader: ResponseReader,
    deadline: Time,
    redirects: u32,
}

impl WebExchange {
    /// An exchange whose descriptors bear the tokens of `base`. It begins with the first
    /// [`poll`](WebExchange::poll).
    pub(super) fn new(
        now: Time,
        request: OAuthRequest,
        own_tls: OwnTls,
        base: Token,
    ) -> WebExchange {
        WebExchange {
            output: head_and_body(&request),
            request,
            own_tls,
            base,
            channel: None,
            is_connected: false,
            sent: 0,
            reader: ResponseReader::default(),
            deadline: now + LIMIT,
            redirects: 0,
        }
    }

    /// When [`poll`](WebExchange::poll) is due although no event comes.
    pub(super) fn deadline(&self) -> Time {
        let connect = self.channel.as_ref().filter(|_| !self.is_connected);
        let connect = connect.and_then(|channel| channel.connect_deadline());
        connect.map_or(self.deadline, |due| due.min(self.deadline))
    }

    /// Goes on as far as possible without waiting.
    ///
    /// # Errors
    ///
    /// A sentence that names the address.
    pub(super) fn poll(
        &mut self,
        now: Time,
        network: &mut Network<'_>,
    ) -> Poll<Result<OAuthReply, String>> {
        let step = match now >= self.deadline {
            true => Err(format!("no answer within {} s", LIMIT.as_secs())),
            false => self.advance(now, network),
        };
        match step {
            Ok(None) => Poll::Pending,
            Ok(Some(whole)) => {
                self.close(network.registry);
                Poll::Ready(Ok(OAuthReply {
                    status: whole.status,
                    www_authenticate: whole.www_authenticate,
                    body: whole.body,
                }))
            }
            Err(why) => {
                self.close(network.registry);
                Poll::Ready(Err(format!("{}: {why}", self.request.url.origin())))
            }
        }
    }

    fn advance(
        &mut self,
        now: Time,
        network: &mut Network<'_>,
    ) -> Result<Option<WholeResponse>, String> {
        loop {
            if self.channel.is_none() {
                self.open(network)?;
            }
            let Some(channel) = &mut self.channel else { return Ok(None) };
            let failed = |error: std::io::Error| sys::sentence(&error);
            if !self.is_connected {
                match channel.poll_connect(now, network.registry, self.base) {
                    Poll::Ready(Ok(())) => self.is_connected = true,
                    Poll::Ready(Err(error)) => return Err(error.message().to_owned()),
                    Poll::Pending => {
                        channel.watch_room(network.registry, self.base, true).map_err(failed)?;
                        return Ok(None);
                    }
                }
            }
            let mut is_blocked = false;
            while self.sent < self.output.len() && !is_blocked {
                match channel.write(&self.output[self.sent..]).map_err(failed)? {
                    Flow::Bytes(n) => self.sent += n,
                    Flow::Blocked => is_blocked = true,
                    // What the server said before it closed may still be read.
                    Flow::Closed => break,
                }
            }
            if channel.has_output() {
                is_blocked |= channel.flush().map_err(failed)? == Flow::Blocked;
            }
            channel.watch_room(network.registry, self.base, is_blocked).map_err(failed)?;
            let whole = loop {
                match channel.read(network.scratch).map_err(failed)? {
                    Flow::Bytes(n) => {
                        if let Some(whole) = self.reader.read(&network.scratch[..n])? {
                            break whole;
                        }
                    }
                    Flow::Blocked => return Ok(None),
                    Flow::Closed => break self.reader.end()?,
                }
            };
            if !self.follow(&whole, network.registry) {
                return Ok(Some(whole));
            }
        }
    }

    /// Begins anew where a redirect leads, if that is the same origin and the request may be
    /// repeated there.
    fn follow(&mut self, whole: &WholeResponse, registry: &Registry) -> bool {
        let is_followed = match whole.status {
            307 | 308 => true,
            301..=303 => self.request.method == "GET",
            _ => false,
        };
        let to = whole.location.as_deref().filter(|_| is_followed && self.redirects < REDIRECTS);
        let Some(url) = to.and_then(|to| self.request.url.redirected(to)) else { return false };
        self.close(registry);
        self.redirects += 1;
        self.request.url = url;
        self.output = head_and_body(&self.request);
        self.sent = 0;
        self.is_connected = false;
        self.reader = ResponseReader::default();
        true
    }

    fn open(&mut self, network: &mut Network<'_>) -> Result<(), String> {
        let place = &self.request.url.place;
        let channel: Box<dyn Channel> = Box::new(Tcp::new(&place.host, place.port, network.env));
        let mut channel = match self.request.url.is_tls {
            true => self.encrypted(channel, network)?,
            false => channel,
        };
        let registered = channel.register(network.registry, self.base);
        registered.map_err(|error| sys::sentence(&error))?;
        self.channel = Some(channel);
        Ok(())
    }

    #[cfg(feature = "tls")]
    fn encrypted(
        &self,
        channel: Box<dyn Channel>,
        network: &mut Network<'_>,
    ) -> Result<Box<dyn Channel>, String> {
        let own = Some(&self.own_tls).filter(|own| own.origin == self.request.url.origin());
        let tls = own.and_then(|own| own.tls.clone()).unwrap_or_default();
        let name = tls.server_name.as_deref().unwrap_or(&self.request.url.place.host);
        let context = network.tls.context(&tls, network.env);
        match context.and_then(|context| context.connect(channel, name)) {
            Ok(channel) => Ok(Box::new(channel)),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn encrypted(
        &self,
        _: Box<dyn Channel>,
        _: &mut Network<'_>,
    ) -> Result<Box<dyn Channel>, String> {
        let OwnTls { origin, tls } = &self.own_tls;
        let is_own = tls.is_some() && *origin == self.request.url.origin();
        Err(format!("TLS is not built in{}", if is_own { ", which the entry wants" } else { "" }))
    }

    /// Closes the connection.
    pub(super) fn close(&mut self, registry: &Registry) {
        if let Some(mut channel) = self.channel.take() {
            // Nothing depends on it: the descriptor is closed next.
            let _ = channel.deregister(registry);
        }
    }
}

fn head_and_body(request: &OAuthRequest) -> Vec<u8> {
    let OAuthRequest { method, url, headers, body } = request;
    let mut text = format!(
        "{method} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        url.path,
        url.host_field()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if *method == "POST" {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}
