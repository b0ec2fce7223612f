//! Servers that are reached by HTTP and mean harm: each call ends in its time, and no turn of
//! the client is long.

mod common;
#[path = "channels/site.rs"]
mod site;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Driver, Home, write_config};
use site::{Answer, Site};

const ECHO: &str = r#"{"text":"x"}"#;

fn client(name: &str, url: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    write_config(
        &home,
        &format!(r#"{{"s":{{"type":"http","url":"{url}","retry_attempts":0{keys}}}}}"#),
    );
    Driver::at(home)
}

/// A legacy server whose calls are answered with these bytes, once; then it behaves.
fn once(answer: Answer) -> Site {
    let calls = AtomicUsize::new(0);
    Site::legacy(move |asked| {
        let is_first = asked.method() == "tools/call" && calls.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then(|| answer.clone())
    })
}

#[test]
fn what_never_ends_is_broken_off() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(10_000);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extensions = format!("{head}1;{}", "a=b;".repeat(100_000));
    let trailer = format!("{head}0\r\n{}", "A: b\r\n".repeat(100_000));
    let long_head = format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(200_000));
    let fields = format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(10_000));
    for (bytes, words) in [
        (interim, "sent no response but of status 1xx"),
        (extensions, "sent a chunk without a size"),
        (trailer, "sent a trailer without an end"),
        (long_head, "sent an HTTP head longer than 64 KiB"),
        (fields, "does not speak HTTP (too many headers)"),
    ] {
        let site = once(Answer::raw(bytes.as_bytes()));
        let mut driver = client("hostile-endless", &site.url(), r#","era":"legacy""#);
        let error = driver.error("s", "echo", ECHO);
        assert!(error.message().contains(words), "{error}");
        assert_eq!(driver.text("s", "echo", ECHO), "x", "the session goes on: {words}");
        assert_eq!(site.count("initialize"), 1, "{words}");
    }
}

#[test]
fn events_without_an_answer_do_not_hold_a_call_beyond_its_time() {
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/nothing","params":{}}"#;
    let events = format!("data: {notice}\n\n").repeat(10_000);
    let site = once(Answer::status(200).events(&events).stays_open());
    let mut driver = client("hostile-events", &site.url(), r#","era":"legacy","timeout":2000"#);
    driver.warm("s");
    let start = std::time::Instant::now();
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("timed out"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    assert!(driver.client.longest_dispatch() < Duration::from_millis(500));
    assert_eq!(driver.text("s", "echo", ECHO), "x");
}

#[test]
fn a_head_that_comes_byte_by_byte_is_given_up_in_time() {
    // It takes connections, and sends one byte of a head each time it is looked at.
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("it is bound"));
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let counted = counted.clone();
            std::thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
                let head = b"HTTP/1.1 200 OK\r\nA: ".iter().chain(std::iter::repeat(&b'b'));
                for byte in head {
                    if stream.write_all(&[*byte]).is_err() {
                        break;
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.read(&mut [0; 4096]);
                }
            });
        }
    });
    let mut driver = client("hostile-slow", &url, r#","timeout":1500,"startup_timeout":1000"#);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("startup_timeout") || error.message().contains("timed out"));
    assert!(sent.load(Ordering::SeqCst) > 20, "{}", sent.load(Ordering::SeqCst));
    assert!(driver.client.longest_dispatch() < Duration::from_millis(500));
}
