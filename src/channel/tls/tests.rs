//! TLS over a channel in memory, of which the test decides what it takes.

use std::sync::{Arc, Mutex, MutexGuard};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use super::*;

/// Both directions of a connection.
#[derive(Debug, Default)]
struct Pipe {
    to_client: Vec<u8>,
    to_server: Vec<u8>,
    /// Bytes that the client may still write.
    room: usize,
    /// The next write after the room is used up fails.
    reset: bool,
}

#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Pipe>>);

impl Memory {
    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.0.lock().unwrap()
    }
}

impl Channel for Memory {
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<Flow> {
        let from = &mut self.pipe().to_client;
        let n = buf.len().min(from.len());
        if n == 0 {
            return Ok(Flow::Blocked);
        }
        buf[..n].copy_from_slice(&from[..n]);
        from.drain(..n);
        Ok(Flow::Bytes(n))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        let mut pipe = self.pipe();
        let n = bytes.len().min(pipe.room);
        if n == 0 && pipe.reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if n == 0 {
            return Ok(Flow::Blocked);
        }
        pipe.room -= n;
        pipe.to_server.extend_from_slice(&bytes[..n]);
        Ok(Flow::Bytes(n))
    }

    fn shutdown_write(&mut self) {}

    fn fd(&self) -> Option<RawFd> {
        None
    }
}

/// A client and a server with a pipe between them.
struct TlsPair {
    client: TlsStream,
    server: ServerConnection,
    memory: Memory,
    poll: mio::Poll,
}

impl TlsPair {
    fn new() -> TlsPair {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        config.send_half_rtt_data = true;
        let files = TlsFiles { insecure: true, ..TlsFiles::default() };
        let memory = Memory::default();
        memory.pipe().room = usize::MAX;
        let context = TlsContext::new(&files, None).unwrap();
        let client = context.connect(Box::new(memory.clone()), "a.example").unwrap();
        let server = ServerConnection::new(Arc::new(config)).unwrap();
        TlsPair { client, server, memory, poll: mio::Poll::new().unwrap() }
    }

    /// What the server has read.
    fn serve(&mut self) -> Vec<u8> {
        let mut got = Vec::new();
        let bytes = std::mem::take(&mut self.memory.pipe().to_server);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            self.server.read_tls(&mut rest).unwrap();
            self.server.process_new_packets().unwrap();
            // The end of the connection is no error here.
            let _ = self.server.reader().read_to_end(&mut got);
        }
        let mut out = Vec::new();
        while self.server.wants_write() {
            self.server.write_tls(&mut out).unwrap();
        }
        self.memory.pipe().to_client.extend(out);
        got
    }

    fn connect(&mut self) -> Poll<Result<(), ConnectError>> {
        self.client.poll_connect(Time::ZERO, self.poll.registry(), Token(0))
    }

    fn connected() -> TlsPair {
        let mut pair = TlsPair::new();
        assert!(pair.connect().is_pending());
        pair.serve();
        assert!(pair.connect().is_ready());
        pair.serve();
        // Tickets.
        assert_eq!(pair.client.read(&mut [0; 64]).unwrap(), Flow::Blocked);
        pair
    }
}

#[test]
fn what_comes_with_the_end_of_the_handshake_needs_no_event() {
    let mut pair = TlsPair::new();
    assert!(pair.connect().is_pending());
    assert!(!pair.client.has_input());
    // The server may speak before it has the client's last message (RFC 8446, 4.2.10).
    pair.serve();
    pair.server.writer().write_all(b"early\n").unwrap();
    pair.serve();
    assert!(pair.connect().is_ready());
    assert!(pair.client.has_input());
    let mut buf = [0; 64];
    assert_eq!(pair.client.read(&mut buf).unwrap(), Flow::Bytes(6));
    assert_eq!(&buf[..6], b"early\n");
    assert!(!pair.client.has_input());
}

#[test]
fn bytes_that_were_accepted_and_do_not_fit_wait_for_room() {
    let mut pair = TlsPair::connected();
    pair.memory.pipe().room = 10;
    assert_eq!(pair.client.write(b"a request").unwrap(), Flow::Bytes(9));
    assert!(pair.client.has_output());
    // Nothing more is accepted until they are gone.
    assert_eq!(pair.client.write(b"another").unwrap(), Flow::Blocked);
    assert_eq!(pair.client.flush().unwrap(), Flow::Blocked);
    pair.memory.pipe().room = usize::MAX;
    assert_eq!(pair.client.flush().unwrap(), Flow::Bytes(0));
    assert!(!pair.client.has_output());
    assert_eq!(pair.serve(), b"a request");
}

#[test]
fn of_a_connection_that_dies_bytes_count_as_sent_as_soon_as_one_was() {
    let mut pair = TlsPair::connected();
    (pair.memory.pipe().room, pair.memory.pipe().reset) = (10, true);
    assert_eq!(pair.client.write(b"a request").unwrap(), Flow::Bytes(9));
    assert_eq!(pair.client.write(b"another").unwrap(), Flow::Closed);

    let mut pair = TlsPair::connected();
    (pair.memory.pipe().room, pair.memory.pipe().reset) = (0, true);
    assert!(pair.client.write(b"a request").is_err(), "the server has seen none of it");
}

#[test]
fn the_end_of_the_writing_half_is_told_to_the_server() {
    let mut pair = TlsPair::connected();
    pair.client.write(b"last").unwrap();
    pair.client.shutdown_write();
    assert_eq!(pair.serve(), b"last");
    assert!(pair.server.process_new_packets().unwrap().peer_has_closed());
}

#[test]
fn an_end_with_close_notify_is_an_end() {
    let mut pair = TlsPair::connected();
    pair.server.writer().write_all(b"answer").unwrap();
    pair.server.send_close_notify();
    pair.serve();
    let mut buf = [0; 64];
    assert_eq!(pair.client.read(&mut buf).unwrap(), Flow::Bytes(6));
    assert!(pair.client.has_input(), "no event tells the end");
    assert_eq!(pair.client.read(&mut buf).unwrap(), Flow::Closed);
}
