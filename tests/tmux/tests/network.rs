//! Servers on a port of a host.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::json;
use tmcp_tmux_tests::{Setup, SocketServer, until};

/// Passes the connections to a port of the loopback interface on to a Unix socket, in
/// threads that end with the test program. The port.
fn forward_to(path: &Path) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let path = path.to_path_buf();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = UnixStream::connect(&path).expect("the server listens");
            let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || {
                pump(&near_too, &far_too);
                let _ = far_too.shutdown(Shutdown::Write);
            });
            std::thread::spawn(move || {
                pump(&far, &near);
                let _ = near.shutdown(Shutdown::Write);
            });
        }
    });
    port
}

fn pump(mut from: impl Read, mut to: impl Write) {
    let _ = std::io::copy(&mut from, &mut to);
}

#[test]
fn a_server_on_a_port_is_called_and_its_address_is_shown() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let port = forward_to(&server.path);
    let tmux = setup
        .server("demo", json!({"transport": "tcp", "host": "localhost", "port": port}))
        .server(
            "gone",
            json!({"url": format!("tcp://no-such.invalid:{port}"), "retry_attempts": 0}),
        )
        .start();
    assert_eq!(tmux.call(["demo", "echo", "text=over tcp"]).ok(), "over tcp\n");
    let stats = tmux.run(["mcp-stats", "demo"]).ok();
    assert!(stats.contains("Transport: tcp\n"), "{stats}");
    assert!(stats.contains(&format!("Address: localhost:{port}\n")), "{stats}");

    // A name is resolved by a process, which tmux reaps.
    let error = tmux.call(["gone", "echo", "text=x"]).fails(2);
    assert!(error.contains("no such host 'no-such.invalid'"), "{error}");
    let has_zombies = || tmux.server().children().iter().any(|child| child.is_zombie());
    until("the resolver to be reaped", || !has_zombies());
    tmux.finish();
}

/// tmux waits for every child, and may be the one that learns how the command ended.
#[test]
fn how_the_command_for_headers_ended_is_known_whoever_reaped_it() {
    let entry = |helper: &str| json!({"type": "http", "url": "http://127.0.0.1:1/mcp", "headersHelper": helper, "retry_attempts": 0});
    let tmux = Setup::new()
        .server("wrong", entry("echo no session >&2; exit 3"))
        .server("right", entry("echo '{}'"))
        .start();
    for _ in 0..5 {
        let told = tmux.run(["mcp-call", "wrong", "echo", "{}"]).fails(2);
        let wanted = "'headersHelper' of server 'wrong' failed, exit status 3: no session";
        assert!(told.contains(wanted), "{told}");
        let told = tmux.run(["mcp-call", "right", "echo", "{}"]).fails(2);
        assert!(told.contains("Connection refused"), "{told}");
    }
}
