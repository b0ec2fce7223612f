//! Servers on a TCP port, on real sockets of the loopback interface.

mod common;
#[path = "channels/lines.rs"]
mod lines;

use std::net::TcpListener;

use common::{Driver, Home, write_config};
use lines::Behaviour;

const ECHO: &str = r#"{"text":"x"}"#;
const QUICK: &str = r#""era":"legacy","retry_attempts":0"#;

/// A listener on a port of the loopback interface that nobody else has.
fn listener(address: &str) -> (TcpListener, u16) {
    let listener = TcpListener::bind((address, 0)).expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

/// Serves every connection with lines, in threads that end with the test program.
fn serve(listener: TcpListener, behaviour: Behaviour) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || lines::serve(stream, behaviour));
        }
    });
}

fn client(name: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    write_config(&home, &format!("{{\"s\":{{\"transport\":\"tcp\",{keys},{QUICK}}}}}"));
    Driver::at(home)
}

#[test]
fn a_call_goes_over_tcp_by_address_by_name_and_by_url() {
    let (listener, port) = listener("127.0.0.1");
    serve(listener, Behaviour::Answer);
    for (keys, shown) in [
        (format!("\"host\":\"127.0.0.1\",\"port\":{port}"), format!("127.0.0.1:{port}")),
        (format!("\"host\":\"localhost\",\"port\":\"{port}\""), format!("localhost:{port}")),
        (format!("\"url\":\"tcp://127.0.0.1:{port}\""), format!("127.0.0.1:{port}")),
    ] {
        let mut driver = client("tcp-call", &keys);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        assert!(driver.logged(&format!("connecting to s via tcp {shown}")), "{keys}");
        assert_eq!(driver.stat("s", "Transport"), "tcp");
        assert_eq!(driver.stat("s", "Address"), shown);
    }
}
