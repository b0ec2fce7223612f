//! A small forward proxy for tests: whatever host is asked for, it connects to one port.

#![allow(dead_code)] // Each test crate uses its part.

use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The proxy.
#[derive(Clone)]
pub struct ForwardProxy {
    pub port: u16,
    /// The heads of what it was asked.
    pub heads: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    /// A proxy that connects to `port`, or answers to all with `refusal`.
    pub fn start(port: u16, refusal: Option<&'static str>) -> ForwardProxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("it is bound").port();
        let proxy = ForwardProxy { port: own, heads: Arc::default() };
        let heads = proxy.heads.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heads = heads.clone();
                std::thread::spawn(move || serve(stream, port, refusal, &heads));
            }
        });
        proxy
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no test has failed with it").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    port: u16,
    refusal: Option<&str>,
    heads: &Mutex<Vec<String>>,
) -> Option<()> {
    let head = super::ws_site::read_head(&mut BufReader::with_capacity(1, &stream))?;
    heads.lock().expect("no test has failed with it").push(head.clone());
    if let Some(refusal) = refusal {
        return stream.write_all(refusal.as_bytes()).ok();
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    match head.starts_with("CONNECT ") {
        true => stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?,
        false => server.write_all(head.as_bytes()).ok()?,
    }
    let (mut from, mut to) = (stream.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut stream);
    stream.shutdown(Shutdown::Both).ok()
}
