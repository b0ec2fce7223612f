use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tungstenite::Message;
use tungstenite::protocol::Role;

use super::*;

/// A codec whose server has agreed, and what it wrote until then.
fn agreed() -> (WebSocket, Shared) {
    let target = Target {
        host: "h".to_owned(),
        path: "/mcp".to_owned(),
        is_for_proxy: false,
        headers: Vec::new(),
        is_renewable: false,
        token: None,
    };
    let mut wire = WebSocket::new(StreamId(1), target);
    wire.upgrade = None;
    (wire, Shared::default())
}

fn send(wire: &mut WebSocket, shared: &mut Shared, text: &str) -> Ticket {
    let what = Outgoing::Request { method: "m", name: "", definition: "" };
    wire.send(shared, what, &mut |out| out.extend_from_slice(text.as_bytes()))
}

/// What an independent reader makes of bytes of ours.
fn as_read(bytes: &[u8]) -> Vec<Message> {
    let stream = Cursor::new(bytes.to_vec());
    let mut socket = tungstenite::WebSocket::from_raw_socket(stream, Role::Server, None);
    std::iter::from_fn(|| socket.read().ok()).collect()
}

/// What comes of bytes of the server.
fn incoming(wire: &mut WebSocket, mut bytes: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(incoming) = wire.next(StreamId(1), &mut bytes) {
        told.push(match incoming {
            Incoming::Text(mut text) => String::from_utf8_lossy(text.line().text).into_owned(),
            Incoming::TooLong(long) => format!("too long: {} {:?}", long.bytes, long.id),
            Incoming::Ended { message, .. } => message,
            other => format!("{other:?}"),
        });
    }
    assert!(bytes.is_empty());
    told
}

#[test]
fn nothing_but_the_request_is_written_before_the_server_has_agreed() {
    let headers = vec![("X-Key".to_owned(), "s3cret".to_owned())];
    let target = Target {
        host: "h:81".to_owned(),
        path: "/mcp?a=b".to_owned(),
        is_for_proxy: false,
        headers,
        is_renewable: false,
        token: None,
    };
    let (mut wire, mut shared) = (WebSocket::new(StreamId(1), target), Shared::default());
    wire.opened(StreamId(1));
    let ticket = send(&mut wire, &mut shared, "{}");
    assert_eq!(wire.poll(), Some(Want::Write(StreamId(1))));
    let head = String::from_utf8(wire.output(StreamId(1)).to_vec()).unwrap();
    let key = head.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 16);
    assert_eq!(
        head,
        format!(
            "GET /mcp?a=b HTTP/1.1\r\nHost: h:81\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: mcp\r\nX-Key: s3cret\r\n\r\n"
        )
    );
    wire.wrote(&mut shared, StreamId(1), head.len());
    assert_eq!(wire.output(StreamId(1)), b"");
    assert_eq!(wire.delivery(&ticket), Delivery::Unsent);
    let hash = sha1_smol::Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = STANDARD.encode(hash.digest().bytes());
    let answer = format!(
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n\u{89}"
    );
    let answer = answer.replace('\u{89}', "");
    assert_eq!(incoming(&mut wire, answer.as_bytes()), [""; 0]);
    assert_eq!(wire.poll(), Some(Want::Write(StreamId(1))));
    assert_eq!(as_read(wire.output(StreamId(1))), [Message::text("{}")]);
}

#[test]
fn a_message_may_have_been_read_once_the_last_byte_of_its_frame_has_left() {
    let (mut wire, mut shared) = agreed();
    let first = send(&mut wire, &mut shared, "{}");
    let second = send(&mut wire, &mut shared, "{\"a\":1}");
    assert_eq!(first.size(), 2 + 4 + 2);
    wire.wrote(&mut shared, StreamId(1), 7);
    assert_eq!(wire.delivery(&first), Delivery::Torn);
    wire.wrote(&mut shared, StreamId(1), 1);
    assert_eq!(wire.delivery(&first), Delivery::Sent);
    assert_eq!(wire.delivery(&second), Delivery::Unsent);
    assert_eq!(wire.cancel(&mut shared, &first), Cancel::Notify);
    assert_eq!(wire.cancel(&mut shared, &second), Cancel::TakenBack);
    assert_eq!(wire.output(StreamId(1)), b"");
}

#[test]
fn each_frame_has_a_mask_of_its_own() {
    let (mut wire, mut shared) = agreed();
    for _ in 0..2 {
        send(&mut wire, &mut shared, "{}");
    }
    let bytes = wire.output(StreamId(1)).to_vec();
    assert_ne!(bytes[2..6], bytes[10..14]);
    assert_eq!(as_read(&bytes), [Message::text("{}"), Message::text("{}")]);
}

#[test]
fn a_ping_is_answered_with_its_bytes_while_the_server_reads() {
    let (mut wire, mut shared) = agreed();
    assert_eq!(incoming(&mut wire, b"\x89\x02hi\x81\x02{}"), ["{}"]);
    assert_eq!(wire.poll(), Some(Want::Write(StreamId(1))));
    assert_eq!(as_read(wire.output(StreamId(1))), [Message::Pong("hi".into())]);
    for _ in 0..100_000 {
        incoming(&mut wire, b"\x89\x02hi");
    }
    assert!(wire.unwritten() <= MOST_PENDING + 8, "{}", wire.unwritten());
    let pending = wire.unwritten();
    wire.wrote(&mut shared, StreamId(1), pending);
    incoming(&mut wire, b"\x89\x00");
    assert_eq!(wire.unwritten(), 6);
}

#[test]
fn a_message_beyond_the_limit_is_skipped_in_one_frame_and_in_many() {
    let answer = |padding: usize| {
        format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"x":"{}"}}}}"#, "y".repeat(padding))
    };
    let long = answer(5000);
    let length = u16::try_from(long.len()).unwrap().to_be_bytes();
    let one = [&b"\x81\x7e"[..], &length, long.as_bytes()].concat();
    let (head, tail) = long.as_bytes().split_at(100);
    let rest = u16::try_from(tail.len()).unwrap().to_be_bytes();
    let many = [&b"\x01\x64"[..], head, b"\x80\x7e", &rest, tail].concat();
    for stream in [one, many] {
        for step in [1, 50, 4096, 10_000] {
            let (mut wire, _) = agreed();
            wire.set_limit(4096);
            let mut told = Vec::new();
            for chunk in stream.chunks(step).chain([&b"\x81\x02{}"[..]]) {
                told.extend(incoming(&mut wire, chunk));
            }
            let skipped = format!("too long: {} Some(7)", long.len());
            assert_eq!(told, [skipped, "{}".to_owned()], "{step}");
        }
    }
}

fn last_words(wire: &mut WebSocket) -> Vec<u8> {
    wire.farewell(false).map(|(_, bytes)| bytes).unwrap_or_default()
}

#[test]
fn a_close_is_answered_with_its_code_and_our_own_is_1000() {
    let code = |wire: &mut WebSocket| match as_read(&last_words(wire)).as_slice() {
        [Message::Close(Some(frame))] => Some(u16::from(frame.code)),
        [] => None,
        other => panic!("{other:?}"),
    };
    let (mut wire, mut shared) = agreed();
    assert_eq!(code(&mut wire), Some(1000));
    let told = incoming(&mut wire, b"\x88\x06\x03\xf0none\x81\x02{}");
    assert_eq!(told, ["the server closed the WebSocket: 1008 (against its policy): none"]);
    assert_eq!(code(&mut wire), Some(1008));
    let (mut broken, _) = agreed();
    let told = incoming(&mut broken, b"\x81\x80\0\0\0\0");
    assert_eq!(told, ["the server sent a masked frame, which WebSocket does not allow"]);
    assert_eq!(code(&mut broken), Some(1002));
    // A frame inside another one would be part of it.
    let (mut torn, _) = agreed();
    send(&mut torn, &mut shared, "{}");
    assert_eq!(code(&mut torn), None);
}
