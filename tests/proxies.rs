//! Servers that are reached through a forward proxy of the environment.

#![cfg(all(feature = "websocket", feature = "tls"))]

#[path = "channels/authority.rs"]
mod authority;
mod common;
#[path = "channels/forward_proxy.rs"]
mod forward_proxy;
#[path = "channels/site.rs"]
mod site;
#[path = "channels/ws_site.rs"]
mod ws_site;

use std::net::TcpListener;
use std::sync::Arc;

use authority::{Authority, Validity};
use common::{Driver, Home, write_config};
use forward_proxy::ForwardProxy;
use rustls::{ServerConnection, StreamOwned};
use site::{Answer, Site};
use ws_site::{Reply, WsSite};

const ECHO: &str = r#"{"text":"x"}"#;

fn client(home: Home, entry: &str, variables: &[(&str, String)]) -> Driver {
    write_config(&home, &format!("{{\"s\":{entry}}}"));
    Driver::with(home, |options| {
        options.env.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
    })
}

fn port_of(url: &str) -> u16 {
    let authority = url.split('/').nth(2).expect("an authority");
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

fn failure(driver: &mut Driver) -> String {
    let id = driver.start("s", "echo", ECHO);
    driver.done(id).outcome.as_ref().expect_err("it fails").message().to_owned()
}

#[test]
fn plain_requests_name_their_server_and_carry_the_password() {
    let site = Site::legacy(|_| None);
    let proxy = ForwardProxy::start(port_of(&site.url()), None);
    let address = format!("http://me:s%33cret@127.0.0.1:{}", proxy.port);
    let mut driver = client(
        Home::new("proxy-plain"),
        r#"{"type":"http","url":"http://mcp.example/mcp"}"#,
        &[("http_proxy", address)],
    );
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let asked = site.asked();
    assert!(asked.iter().all(|a| a.path == "http://mcp.example/mcp"), "{asked:?}");
    assert_eq!(asked[0].header("host").as_deref(), Some("mcp.example"));
    // me:s3cret
    let expected = Some("Basic bWU6czNjcmV0");
    assert_eq!(asked[0].header("proxy-authorization").as_deref(), expected);
    let through = format!("mcp.example:80 through proxy 127.0.0.1:{} (http_proxy)", proxy.port);
    assert!(driver.logged(&through));
    assert!(!driver.logged("bWU6czNjcmV0") && !driver.logged("s3cret"));
}

/// As tinyproxy does. What is sent on such a stream before its end is seen is lost, and may
/// have been run.
#[test]
fn a_proxy_that_closes_behind_each_response_without_a_word_loses_no_call() {
    let site = Site::modern(|asked| {
        let body = match &*asked.method() {
            "server/discover" => asked.answer(
                r#"{"resultType":"complete","supportedVersions":["2026-07-28"],
                    "capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#,
            ),
            _ => asked.echo(),
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        Some(Answer::raw(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()))
    });
    let proxy = ForwardProxy::start(port_of(&site.url()), None);
    let mut driver = client(
        Home::new("proxy-closes"),
        r#"{"type":"http","url":"http://mcp.example/mcp","era":"modern"}"#,
        &[("http_proxy", format!("http://127.0.0.1:{}", proxy.port))],
    );
    for _ in 0..5 {
        assert_eq!(driver.text("s", "echo", ECHO), "x");
    }
    assert_eq!(site.count("tools/call"), 5);
}

#[test]
fn websocket_goes_through_a_tunnel() {
    let site = WsSite::start(|_, _| Reply::Usual);
    let proxy = ForwardProxy::start(port_of(&site.url), None);
    let mut driver = client(
        Home::new("proxy-ws"),
        r#"{"type":"ws","url":"ws://mcp.example:81/mcp"}"#,
        &[("ALL_PROXY", format!("127.0.0.1:{}", proxy.port))],
    );
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let expected = "CONNECT mcp.example:81 HTTP/1.1\r\nHost: mcp.example:81\r\n\r\n";
    assert_eq!(proxy.heads(), [expected]);
    assert!(site.heads.lock().expect("no panic")[0].starts_with("GET /mcp HTTP/1.1\r\n"));
}

#[test]
fn tls_is_spoken_with_the_server_inside_the_tunnel() {
    let authority = Authority::new();
    let config = Arc::new(authority.server("mcp.example", Validity::Good));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let site = WsSite::new(String::new(), |_| None, |_, _| Reply::Usual);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            site.serve(StreamOwned::new(connection, stream));
        }
    });
    let proxy = ForwardProxy::start(port, None);
    let home = Home::new("proxy-tls");
    let ca = home.path("ca.pem");
    std::fs::write(&ca, authority.pem()).expect("it is written");
    let entry = format!(r#"{{"url":"wss://mcp.example/mcp","tls":{{"ca":{ca:?}}}}}"#);
    let variable = ("https_proxy", format!("http://127.0.0.1:{}", proxy.port));
    let mut driver = client(home, &entry, &[variable]);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert!(driver.stat("s", "TLS").starts_with("TLSv1_3"));
    assert!(proxy.heads()[0].starts_with("CONNECT mcp.example:443 HTTP/1.1\r\n"));
}

#[test]
fn a_refusal_names_the_proxy_and_is_final() {
    for (answer, told) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "HTTP 407 Proxy Authentication Required: it wants a user and a password, as in \
             http://USER:PASSWORD@HOST",
        ),
        ("HTTP/1.1 403 Filtered\r\n\r\n", "HTTP 403 Filtered: it does not connect to this server"),
        ("220 mail.example ESMTP\r\n", "it does not speak HTTP (invalid HTTP version)"),
        ("HTTP/1.1 200 OK\r\n\r\nearly", "it sent bytes before it was asked"),
    ] {
        let proxy = ForwardProxy::start(1, Some(answer));
        let mut driver = client(
            Home::new("proxy-refused"),
            r#"{"type":"http","url":"https://mcp.example/mcp"}"#,
            &[("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port))],
        );
        let message = failure(&mut driver);
        let expected = format!("proxy 127.0.0.1:{} (HTTPS_PROXY): {told}", proxy.port);
        assert!(message.ends_with(&expected), "{message}");
        assert_eq!(proxy.heads().len(), 1);
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named_whatever_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    for scheme in ["http", "https"] {
        let entry =
            format!(r#"{{"type":"http","url":"{scheme}://mcp.example/","retry_attempts":0}}"#);
        let address = format!("http://127.0.0.1:{port}");
        let mut driver = client(Home::new("proxy-gone"), &entry, &[("all_proxy", address)]);
        let message = failure(&mut driver);
        let expected = format!("proxy 127.0.0.1:{port} (all_proxy): Connection refused");
        assert!(message.ends_with(&expected), "{message}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_refuses_the_entry_and_not_others() {
    let site = Site::legacy(|_| None);
    let home = Home::new("proxy-socks");
    let local = site.url();
    write_config(
        &home,
        &format!(r#"{{"far":{{"url":"http://mcp.example/"}},"s":{{"url":"{local}"}}}}"#),
    );
    let mut driver = Driver::with(home, |options| {
        options.env.push(("http_proxy".into(), "socks5://me:s3cret@127.0.0.1:1".into()));
    });
    driver.ready();
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let told = driver.start_error("far", "echo", ECHO);
    assert!(told.ends_with("http_proxy of the environment must begin with http://"), "{told}");
    assert!(!told.contains("s3cret"));
}
