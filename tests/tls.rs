//! Servers that speak TLS, over TCP and over Unix sockets, with certificates made here.

#![cfg(feature = "tls")]

#[path = "channels/authority.rs"]
mod authority;
mod common;
#[path = "channels/lines.rs"]
mod lines;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use authority::{Authority, Validity};
use common::{Driver, Home, PATIENCE, write_config};
use lines::Behaviour;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

const ECHO: &str = r#"{"text":"x"}"#;
const QUICK: &str = r#""era":"legacy","retry_attempts":0,"pool_max_size":1"#;

/// What became of the handshakes at a server.
type Handshakes = Arc<Mutex<Vec<HandshakeKind>>>;

/// A TLS server of lines on a port of its own. Its threads end with the test program.
fn serve(config: ServerConfig, behaviour: Behaviour) -> (u16, Handshakes) {
    let (config, handshakes) = (Arc::new(config), Handshakes::default());
    let seen = handshakes.clone();
    let port = listen(move |stream| {
        let connection = ServerConnection::new(config.clone()).expect("a connection");
        let (stream, closed) = lines::serve(StreamOwned::new(connection, stream), behaviour);
        seen.lock().expect("no panic").extend(stream.conn.handshake_kind());
        if !closed {
            // Without a close_notify.
            let _ = stream.sock.shutdown(Shutdown::Both);
        }
    });
    (port, handshakes)
}

/// Gives each connection to a thread.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn client(home: Home, port: u16, tls: &str, more: &str) -> Driver {
    let entry = format!(
        "{{\"url\":\"tls://localhost:{port}\",\"transport\":\"tls\",{QUICK},\"tls\":{tls}{more}}}"
    );
    write_config(&home, &format!("{{\"s\":{entry}}}"));
    Driver::at(home)
}

/// `tls` of an entry that trusts the authority.
fn trusting(home: &Home, authority: &Authority) -> String {
    let file = home.path("ca.pem");
    std::fs::write(&file, authority.pem()).expect("it is written");
    format!("{{\"ca\":{file:?}}}")
}

#[test]
fn a_call_goes_over_tls_and_the_report_says_how() {
    let (home, authority) = (Home::new("tls-good"), Authority::new());
    let (port, _) = serve(authority.server("localhost", Validity::Good), Behaviour::Answer);
    let tls = trusting(&home, &authority);
    let mut driver = client(home, port, &tls, "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert!(driver.stat("s", "TLS").starts_with("TLSv1_3, TLS13_"), "{}", driver.stat("s", "TLS"));
    assert_eq!(driver.stat("s", "Address"), format!("localhost:{port}"));
    assert_eq!(driver.number("s", "Errors"), 0);
}

#[test]
fn tls_1_2_is_spoken_too() {
    let (home, authority) = (Home::new("tls-old"), Authority::new());
    let (port, _) = serve(authority.old_server("localhost"), Behaviour::Answer);
    let tls = trusting(&home, &authority);
    let mut driver = client(home, port, &tls, "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert!(driver.stat("s", "TLS").starts_with("TLSv1_2, "), "{}", driver.stat("s", "TLS"));
}

#[test]
fn the_command_stands_in_for_a_server_that_proves_nothing() {
    let (home, authority) = (Home::new("tls-stand-in"), Authority::new());
    let (port, _) = serve(authority.server("localhost", Validity::Expired), Behaviour::Answer);
    let tls = trusting(&home, &authority);
    let more = format!(",\"command\":{:?}", common::server_binary());
    let mut driver = client(home, port, &tls, &more);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(driver.stat("s", "Transport"), "stdio (fallback from tcp)");
    assert!(driver.stat("s", "Socket Error").contains("has expired"));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn a_certificate_that_proves_nothing_is_told_in_words() {
    let (good, other) = (Authority::new(), Authority::new());
    let selfmade = Authority::new();
    for (name, server, expected) in [
        ("expired", good.server("localhost", Validity::Expired), "certificate has expired"),
        ("future", good.server("localhost", Validity::Future), "certificate is not valid yet"),
        (
            "name",
            good.server("other.example", Validity::Good),
            "certificate is for other.example, not for localhost ('tls.server_name'",
        ),
        ("issuer", other.server("localhost", Validity::Good), "issuer of the server's certificate"),
        ("self", selfmade.self_signed("localhost"), "the certificate is self-signed"),
    ] {
        let home = Home::new("tls-bad");
        let (port, _) = serve(server, Behaviour::Answer);
        let tls = trusting(&home, &good);
        let mut driver = client(home, port, &tls, "");
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains(expected), "{name}: {error}");
        assert!(error.message().contains(&format!("localhost:{port}")), "{name}: {error}");
    }
}

#[test]
fn a_name_of_the_entry_takes_the_place_of_the_host_and_insecure_of_all_proof() {
    let authority = Authority::new();
    let (port, _) = serve(authority.server("other.example", Validity::Good), Behaviour::Answer);
    let home = Home::new("tls-name");
    let tls = trusting(&home, &authority).replace('}', ",\"server_name\":\"other.example\"}");
    assert_eq!(client(home, port, &tls, "").text("s", "echo", ECHO), "x");
    let mut driver = client(Home::new("tls-insecure"), port, "{\"insecure\":true}", "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.ready();
}

#[test]
fn a_client_certificate_is_shown_and_one_that_is_missing_is_asked_for() {
    let authority = Authority::new();
    let (port, _) = serve(authority.server_that_asks("localhost"), Behaviour::Answer);
    let home = Home::new("tls-client-cert");
    let (cert, key) = authority.client();
    std::fs::write(home.path("me.pem"), cert).unwrap();
    std::fs::write(home.path("me.key"), key).unwrap();
    let (cert, key) = (home.path("me.pem"), home.path("me.key"));
    let tls =
        trusting(&home, &authority).replace('}', &format!(",\"cert\":{cert:?},\"key\":{key:?}}}"));
    assert_eq!(client(home, port, &tls, "").text("s", "echo", ECHO), "x");

    let home = Home::new("tls-no-client-cert");
    let tls = trusting(&home, &authority);
    let error = client(home, port, &tls, "").error("s", "echo", ECHO);
    let expected = "asks for a client certificate ('tls.cert' and 'tls.key')";
    assert!(error.message().contains(expected), "{error}");
}

#[test]
fn files_that_cannot_be_used_are_told_with_their_key() {
    let home = Home::new("tls-files");
    std::fs::write(home.path("empty"), "").unwrap();
    let (empty, absent) = (home.path("empty"), home.path("absent"));
    for (tls, expected) in [
        (format!("{{\"ca\":{absent:?}}}"), "'tls.ca': "),
        (format!("{{\"ca\":{empty:?}}}"), "'tls.ca': no PEM certificate is in "),
        (format!("{{\"ca\":{:?}}}", home.0), "not a regular file"),
        (format!("{{\"cert\":{empty:?},\"insecure\":true}}"), "'tls.cert': no PEM certificate"),
    ] {
        let mut driver = client(Home::new("tls-file"), 9, &tls, "");
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains(expected), "{tls}: {error}");
    }
}

#[test]
fn a_peer_that_speaks_no_tls_is_told() {
    for greeting in
        ["HTTP/1.1 400 Bad Request\r\n\r\n", "{\"jsonrpc\":\"2.0\"}\n", "\0\0\0\0\0\0\0\0"]
    {
        let port = listen(move |mut stream| {
            let _ = stream.write_all(greeting.as_bytes());
            let _ = stream.read(&mut [0; 4096]);
        });
        let mut driver = client(Home::new("tls-plain"), port, "{\"insecure\":true}", "");
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains("the server does not speak TLS"), "{greeting}: {error}");
    }
}

#[test]
fn a_peer_that_closes_or_stops_in_the_handshake_costs_its_limit_alone() {
    let port = listen(|mut stream| drop(stream.read(&mut [0; 64])));
    let mut driver = client(Home::new("tls-close"), port, "{\"insecure\":true}", "");
    let error = driver.error("s", "echo", ECHO);
    let closed = error.message().contains("closed the connection in the TLS handshake");
    assert!(closed || error.message().contains("lost in the TLS handshake"), "{error}");

    let port = listen(|mut stream| while stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {});
    let more = ",\"startup_timeout\":300";
    let mut driver = client(Home::new("tls-stops"), port, "{\"insecure\":true}", more);
    let start = Instant::now();
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("300 ms"), "{error}");
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_handshake_without_end_is_ended() {
    // Records of a handshake message that says that it is 16 MiB long.
    let port = listen(|mut stream| {
        let mut record = vec![22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff];
        record.resize(5 + 0x4000, 0);
        while stream.write_all(&record).is_ok() {
            record[5..9].fill(0);
        }
    });
    let mut driver = client(Home::new("tls-endless"), port, "{\"insecure\":true}", "");
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("TLS"), "{error}");
}

#[test]
fn large_answers_come_whole_and_need_no_event_of_their_own() {
    let (home, authority) = (Home::new("tls-large"), Authority::new());
    let server = authority.server("localhost", Validity::Good);
    let (port, _) = serve(server, Behaviour::Large(1 << 20));
    let tls = trusting(&home, &authority);
    let mut driver = client(home, port, &tls, "");
    for _ in 0..3 {
        assert_eq!(driver.text("s", "echo", ECHO).len(), 1 << 20);
    }
}

#[test]
fn a_request_longer_than_the_socket_holds_is_sent_when_there_is_room() {
    let (home, authority) = (Home::new("tls-long"), Authority::new());
    let (port, _) = serve(authority.server("localhost", Validity::Good), Behaviour::Answer);
    let tls = trusting(&home, &authority);
    let mut driver = client(home, port, &tls, "");
    let text = "y".repeat(8 << 20);
    let answer = driver.text("s", "echo", &format!("{{\"text\":\"{text}\"}}"));
    assert!(answer == text, "{} bytes came back", answer.len());
}

#[test]
fn sessions_are_resumed() {
    let (home, authority) = (Home::new("tls-resumed"), Authority::new());
    let (port, handshakes) =
        serve(authority.server("localhost", Validity::Good), Behaviour::Answer);
    let tls = trusting(&home, &authority);
    let mut driver = client(home, port, &tls, "");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.client.reconnect("s").expect("the server is known");
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    driver.client.reconnect("s").expect("the server is known");
    driver.until("both handshakes", |_| {
        let seen = handshakes.lock().unwrap();
        (seen.len() == 2).then(|| assert_eq!(seen[1], HandshakeKind::Resumed))
    });
}

#[test]
fn an_end_without_close_notify_is_told_and_a_call_that_may_have_run_is_not_repeated() {
    for behaviour in [Behaviour::Half, Behaviour::Nothing] {
        let (home, authority) = (Home::new("tls-truncated"), Authority::new());
        let server = authority.server("localhost", Validity::Good);
        let (port, handshakes) = serve(server, behaviour);
        let tls = trusting(&home, &authority);
        let mut driver = client(home, port, &tls, ",\"tmux\":{\"retry_attempts\":3}");
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains("no close_notify"), "{behaviour:?}: {error}");
        assert!(error.message().contains("unknown"), "{behaviour:?}: {error}");
        assert_eq!(handshakes.lock().unwrap().len(), 1, "{behaviour:?}");
    }
}

#[test]
fn tls_is_spoken_on_a_unix_socket_too() {
    let (home, authority) = (Home::new("tls-unix"), Authority::new());
    let path = home.path("s.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let config = Arc::new(authority.server("localhost", Validity::Good));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            std::thread::spawn(move || {
                lines::serve(StreamOwned::new(connection, stream), Behaviour::Answer)
            });
        }
    });
    let tls = trusting(&home, &authority);
    let entry =
        format!("{{\"transport\":\"socket\",\"socket_path\":{path:?},{QUICK},\"tls\":{tls}}}");
    write_config(&home, &format!("{{\"s\":{entry}}}"));
    let mut driver = Driver::at(home);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(driver.stat("s", "Transport"), "socket");
    assert!(driver.stat("s", "TLS").starts_with("TLSv1_"));
}
