//! The codec of HTTP finds the same in the same bytes, however they are cut.

#[path = "channels/http_pieces.rs"]
mod http_pieces;

use http_pieces::read;

/// Responses, each of which is damaged in many ways.
const RESPONSES: [&str; 9] = [
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
     1b;x=y\r\nid: 1\r\nretry: 5\r\ndata: {\"a\"\r\n8\r\n:1}\r\n\r\n\r\n\r\n0\r\nA: b\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n: hello\n\nevent: endpoint\ndata: /messages?x\n\ndata: {\"b\":2}\n\n\
     data: [1,\rdata: 2]\r\revent: other\ndata: 7\n\ndata: {\"last\":1}",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 72\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"no session\"}}",
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[{\"a\":1},{\"b\":2}]",
    "HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\nConnection: close\r\n\r\nAccepted",
    "SSH-2.0-OpenSSH_9.2\r\n",
];

/// A small generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// One response, with a few bytes changed, left out, or there twice.
fn damaged(random: &mut Random) -> Vec<u8> {
    let mut bytes = RESPONSES[random.below(RESPONSES.len())].as_bytes().to_vec();
    for _ in 0..random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let length = random.below(12).min(bytes.len() - at);
        match random.below(5) {
            0 => bytes[at] = b"\r\n:;0f \xff"[random.below(8)],
            1 => drop(bytes.drain(at..at + length)),
            2 => {
                let again = bytes[at..at + length].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let many = vec![bytes[at]; random.below(10_000)];
                bytes.splice(at..at, many);
            }
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

#[test]
fn what_is_found_does_not_depend_on_the_cuts() {
    let first: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + 4000 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let bytes = damaged(&mut random);
        let is_sse = random.below(3) == 0;
        let whole = read(is_sse, &bytes, || usize::MAX);
        let longest = [1, 2, 7, 100][random.below(4)];
        let cut = read(is_sse, &bytes, || 1 + random.below(longest));
        assert_eq!(whole, cut, "SEED={seed}: {}", String::from_utf8_lossy(&bytes));
    }
}
