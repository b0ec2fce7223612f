//! Opens the streams that the engine asks for.
//!
//! A process is started, and a Unix socket connected, within one call. Another channel
//! may say that it is not connected yet: its descriptors are watched, and the engine is told
//! when the channel has come to an end of it. How long that may take is the engine's to
//! decide; it has the stream dropped by `Action::Forget`.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use crate::channel::{Channel, ConnectError, ConnectErrorKind, Program, Proxied, Stdio, Tcp, Unix};
use crate::config::{Endpoint, HostPort, Proxy, ServerConfig, Tls, Transport};
use crate::engine::{LogLevel, OpenFailure, Opened, StreamId};
use crate::error::Kind;
use crate::time::Time;

use super::Client;
use super::link::Link;
#[cfg(feature = "tls")]
use super::tls_contexts::TlsContexts;

/// Makes the channel to a server that runs. The tests have one of their own.
pub(super) type Connect =
    fn(&ServerConfig, &mut Surroundings<'_>) -> Result<Box<dyn Channel>, OpenFailure>;

/// What channels need beside the entry of their server.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    /// The environment of the host.
    pub(super) env: &'a [(OsString, OsString)],
    #[cfg(feature = "tls")]
    pub(super) tls: &'a mut TlsContexts,
}

impl Client {
    /// Opens one of the streams that the engine asked for.
    pub(super) fn open_next(&mut self, now: Time) {
        let Some((id, channel, server)) = self.opening.pop_front() else { return };
        match self.engine.wants_fields(id) {
            true => self.open_with_fields(now, (id, channel), &server),
            false => self.open(now, id, channel, &server),
        }
        self.carry_out(now);
    }

    pub(super) fn open(
        &mut self,
        now: Time,
        id: StreamId,
        transport: Transport,
        server: &Arc<ServerConfig>,
    ) {
        // The host needs descriptors for those who attach to it.
        if let Err(limit) = self.make_room(now) {
            let message = format!(
                "too few descriptors are left: {limit} may be open (ulimit -n), and some are kept \
                 for attached clients"
            );
            let failure = OpenFailure { message, permanent: false, crowded: false };
            return self.engine.open_failed(now, id, failure);
        }
        let opened = if transport.is_process() {
            self.clear_socket(server);
            spawn(server, &self.options.env)
        } else {
            let mut around = Surroundings {
                env: &self.options.env,
                #[cfg(feature = "tls")]
                tls: &mut self.tls_contexts,
            };
            (self.connect)(server, &mut around)
        };
        let opened = opened.and_then(|mut channel| {
            let registered = channel.register(self.poll.registry(), Link::token(id));
            registered.map(|()| channel).map_err(|error| system_failure(&error))
        });
        let channel = match opened {
            Ok(channel) => channel,
            Err(failure) => return self.engine.open_failed(now, id, failure),
        };
        self.links.insert(id, Link::new(channel));
        self.apply_brake(now);
        let endpoint = server.endpoint().filter(|_| !transport.is_process());
        if let (Some(knocks), Some(Endpoint::Unix(path))) = (&mut self.knocks, endpoint) {
            // Without it others wait until the connection is idle for too long.
            let _ = knocks.watch(path);
        }
        self.finish_connect(now, id);
    }

    /// Asks a stream whether it is connected by now, and tells the engine when that is
    /// decided.
    pub(super) fn finish_connect(&mut self, now: Time, id: StreamId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let polled = link.channel.poll_connect(now, self.poll.registry(), Link::token(id));
        let connected = match polled {
            Poll::Ready(Err(error)) => {
                return self.engine.open_failed(now, id, connect_failure(&error));
            }
            Poll::Ready(Ok(())) => {
                link.connected();
                true
            }
            Poll::Pending => {
                link.await_connect();
                false
            }
        };
        // While it is connecting it is watched like a stream whose write is blocked.
        if let Err(error) = link.settle(self.poll.registry(), id) {
            return self.engine.open_failed(now, id, system_failure(&error));
        }
        if connected {
            let pid = link.channel.child().map(|child| child.pid());
            let group = link.channel.peer_group();
            let security = link.channel.security();
            let tls = security.map(|security| (security.version, security.cipher));
            self.engine.opened(now, id, Opened { pid, group, tls });
            self.come_back(now, id);
        }
        self.watch(now, id);
    }

    /// Before a process is started for a socket: a file that was left where it may want
    /// to listen would be in its way.
    fn clear_socket(&mut self, server: &ServerConfig) {
        let Some(Endpoint::Unix(path)) = server.endpoint() else { return };
        if server.transport.is_process() {
            return;
        }
        let (removed, path) = (Unix::remove_stale(path), path.display());
        match removed {
            Ok(true) => {
                (self.log)(LogLevel::Info, &format!("removed stale socket {path}"));
            }
            Ok(false) => {}
            Err(error) => {
                let text = crate::sys::sentence(&error);
                (self.log)(
                    LogLevel::Warning,
                    &format!("stale socket {path} cannot be removed: {text}"),
                );
            }
        }
    }
}

/// Makes the channel to the endpoint of an entry.
pub(super) fn connect(
    server: &ServerConfig,
    around: &mut Surroundings<'_>,
) -> Result<Box<dyn Channel>, OpenFailure> {
    let (channel, host): (Box<dyn Channel>, &str) = match server.endpoint() {
        Some(Endpoint::Unix(path)) => match Unix::connect(path, &server.socket_allow_uid) {
            Ok(socket) => (Box::new(socket), "localhost"),
            Err(error) => return Err(connect_failure(&error)),
        },
        Some(Endpoint::Tcp(address)) => {
            let http = server.http.as_ref();
            let channel: Box<dyn Channel> = match http.and_then(|http| http.proxy.as_deref()) {
                None => Box::new(Tcp::new(&address.host, address.port, around.env)),
                Some(proxy) => {
                    let to_it = Tcp::new(&proxy.address.host, proxy.address.port, around.env);
                    let is_asked =
                        http.and_then(|http| http.proxy_of_requests(server.tls.is_some()));
                    let request = match is_asked {
                        Some(_) => Vec::new(),
                        None => connect_request(proxy, address),
                    };
                    Box::new(Proxied::new(Box::new(to_it), proxy.to_string(), request))
                }
            };
            (channel, &address.host)
        }
        None => {
            let message = "no address is configured".to_owned();
            return Err(OpenFailure { message, permanent: true, crowded: false });
        }
    };
    match &server.tls {
        None => Ok(channel),
        Some(tls) => speak_tls(tls, host, channel, around),
    }
}

/// The request for a tunnel to a server (RFC 9110, section 9.3.6).
fn connect_request(proxy: &Proxy, server: &HostPort) -> Vec<u8> {
    let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n");
    if let Some(value) = &proxy.authorization {
        request += &format!("Proxy-Authorization: {value}\r\n");
    }
    request += "\r\n";
    request.into_bytes()
}

#[cfg(feature = "tls")]
fn speak_tls(
    tls: &Tls,
    host: &str,
    channel: Box<dyn Channel>,
    around: &mut Surroundings<'_>,
) -> Result<Box<dyn Channel>, OpenFailure> {
    let name = tls.server_name.as_deref().unwrap_or(host);
    let context = around.tls.context(tls, around.env);
    match context.and_then(|context| context.connect(channel, name)) {
        Ok(channel) => Ok(Box::new(channel)),
        Err(error) => Err(connect_failure(&error)),
    }
}

#[cfg(not(feature = "tls"))]
fn speak_tls(
    _: &Tls,
    _: &str,
    _: Box<dyn Channel>,
    _: &mut Surroundings<'_>,
) -> Result<Box<dyn Channel>, OpenFailure> {
    let message = "TLS is not built in".to_owned();
    Err(OpenFailure { message, permanent: true, crowded: false })
}

fn connect_failure(error: &ConnectError) -> OpenFailure {
    OpenFailure {
        message: error.message().to_owned(),
        crowded: error.kind() == ConnectErrorKind::Busy,
        permanent: error.kind().is_permanent(),
    }
}

/// Starts the server's process.
fn spawn(
    server: &ServerConfig,
    host: &[(OsString, OsString)],
) -> Result<Box<dyn Channel>, OpenFailure> {
    let Some(program) = program_of(server, host) else {
        let message = "no command is configured".to_owned();
        return Err(OpenFailure { message, permanent: true, crowded: false });
    };
    match Stdio::spawn(&program) {
        Ok(child) => Ok(Box::new(child)),
        Err(error) => Err(OpenFailure {
            message: error.message().to_owned(),
            permanent: error.kind() == Kind::Invalid,
            crowded: false,
        }),
    }
}

/// The process of an entry in the host's environment, with the entry's own variables,
/// and the socket's path when the process stands in for it.
pub(super) fn program_of(server: &ServerConfig, host: &[(OsString, OsString)]) -> Option<Program> {
    let command = server.command.as_ref()?;
    let mut program = Program::new(&command.program);
    program.args = command.args.iter().map(OsString::from).collect();
    program.cwd.clone_from(&command.cwd);
    program.env = host.to_vec();
    // One that puts its server into the background ends and leaves it in its group.
    program.spares_group = !server.transport.is_process();
    // The bridge has the socket as an argument, and its server none.
    if let Some(path) = server.socket_path.as_ref().filter(|_| !server.bridge) {
        program.env.push(("MCP_SOCKET_PATH".into(), path.into()));
    }
    program.env.extend(command.env.iter().map(|(key, value)| (key.into(), value.into())));
    Some(program)
}

fn system_failure(error: &io::Error) -> OpenFailure {
    OpenFailure { message: crate::sys::sentence(error), permanent: false, crowded: false }
}

#[cfg(test)]
mod tests;
