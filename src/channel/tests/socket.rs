//! The Unix socket channel.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixDatagram, UnixListener};

use super::*;
use crate::sys::{peer, testing};

#[test]
fn bytes_go_both_ways_and_the_peer_sees_the_end() {
    let dir = Scratch::new();
    let listener = UnixListener::bind(dir.path("s")).unwrap();
    let mut unix = Unix::connect(&dir.path("s"), &[]).unwrap();
    let mut host = Host::watching(&mut unix);
    let (mut server, _) = listener.accept().unwrap();

    assert_eq!(unix.read(&mut [0; 8]).unwrap(), Flow::Blocked);
    assert_eq!(unix.write(b"ping").unwrap(), Flow::Bytes(4));
    let mut got = [0; 4];
    server.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"ping");
    server.write_all(b"pong").unwrap();
    host.until(&mut unix, |h| h.out == b"pong");

    unix.shutdown_write();
    assert_eq!(server.read(&mut got).unwrap(), 0);
    server.write_all(b"late").unwrap();
    drop(server);
    host.until(&mut unix, |h| h.closed);
    assert_eq!(host.text(), "ponglate");
    assert!(host.parts.iter().all(|p| *p == EventSource::Write));
    unix.deregister(host.poll.registry()).unwrap();
}

#[test]
fn a_full_socket_blocks_and_becomes_writable_again() {
    let dir = Scratch::new();
    let listener = UnixListener::bind(dir.path("s")).unwrap();
    let mut unix = Unix::connect(&dir.path("s"), &[]).unwrap();
    let mut host = Host::watching(&mut unix);
    let (mut server, _) = listener.accept().unwrap();
    let mut sent = 0;
    while let Flow::Bytes(n) = unix.write(&[7; 65536]).unwrap() {
        sent += n;
    }
    host.parts.clear();
    unix.watch_room(host.poll.registry(), BASE, true).unwrap();
    let mut got = vec![0; sent];
    server.read_exact(&mut got).unwrap();
    host.until(&mut unix, |h| !h.parts.is_empty());
    assert!(matches!(unix.write(&[7; 65536]).unwrap(), Flow::Bytes(_)));
}

#[test]
fn failures_read_as_the_system_says_them() {
    let dir = Scratch::new();
    let fail = |path: &Path| {
        let e = Unix::connect(path, &[]).unwrap_err();
        (e.kind(), e.to_string())
    };
    drop(UnixListener::bind(dir.path("dead")).unwrap());
    let text = "Connection refused".to_owned();
    assert_eq!(fail(&dir.path("dead")), (ConnectErrorKind::Refused, text));
    let text = "No such file or directory".to_owned();
    assert_eq!(fail(&dir.path("none")), (ConnectErrorKind::NotFound, text));

    let text = format!("'{}' is a directory, not a socket", dir.0.display());
    assert_eq!(fail(&dir.0), (ConnectErrorKind::NotASocket, text));
    let file = dir.file("file", "", 0o644);
    let text = format!("'{}' is not a socket", file.display());
    assert_eq!(fail(&file), (ConnectErrorKind::NotASocket, text));
    let _datagram = UnixDatagram::bind(dir.path("dgram")).unwrap();
    assert_eq!(fail(&dir.path("dgram")).0, ConnectErrorKind::NotASocket);

    assert_eq!(fail(Path::new("")), (ConnectErrorKind::Path, "the socket path is empty".into()));
    let long = format!("/{}", "x".repeat(107));
    let text = format!("socket path is 108 bytes long and the system allows 107: {long}");
    assert_eq!(fail(Path::new(&long)), (ConnectErrorKind::Path, text));
    assert_eq!(fail(Path::new(&long[..107])).0, ConnectErrorKind::NotFound);
}

#[test]
fn a_full_backlog_is_an_error_of_its_own_and_no_wait() {
    let dir = Scratch::new();
    let listener = UnixListener::bind(dir.path("s")).unwrap();
    testing::shrink_backlog(&listener);
    let _first = Unix::connect(&dir.path("s"), &[]).unwrap();
    let error = Unix::connect(&dir.path("s"), &[]).unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Busy);
    let text = "Resource temporarily unavailable (the server's backlog is full)";
    assert_eq!(error.to_string(), text);
    listener.accept().unwrap();
    Unix::connect(&dir.path("s"), &[]).unwrap();
}

#[test]
fn a_closed_peer_is_an_end_and_no_signal() {
    assert!(!is_alone());
    let (status, out) = alone("channel::tests::socket::alone_writing_to_a_closed_socket");
    assert_eq!(status, ExitStatus::Code(0), "{out}");
}

#[test]
#[ignore = "run by a_closed_peer_is_an_end_and_no_signal"]
fn alone_writing_to_a_closed_socket() {
    if !is_alone() {
        return;
    }
    testing::make_sigpipe_deadly();
    let dir = Scratch::new();
    let listener = UnixListener::bind(dir.path("s")).unwrap();
    let mut unix = Unix::connect(&dir.path("s"), &[]).unwrap();
    drop(listener.accept().unwrap());
    assert_eq!(unix.write(b"x").unwrap(), Flow::Closed);
    assert_eq!(unix.read(&mut [0; 8]).unwrap(), Flow::Closed);
}

#[test]
fn a_server_of_another_user_is_refused_unless_allowed() {
    if peer::our_uid() != 0 {
        return;
    }
    let dir = Scratch::new();
    let listener = testing::listen_as(12345, &dir.path("s"));
    let error = Unix::connect(&dir.path("s"), &[1]).unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Peer);
    let text = format!(
        "socket '{}' is served by uid 12345, which is neither ours (0) nor root nor in \
         socket_allow_uid",
        dir.path("s").display()
    );
    assert_eq!(error.to_string(), text);
    let (mut server, _) = listener.accept().unwrap();
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0, "it was sent nothing");
    Unix::connect(&dir.path("s"), &[1, 12345]).unwrap();
}
