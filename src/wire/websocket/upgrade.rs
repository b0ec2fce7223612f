//! The request that changes HTTP to WebSocket, and its answer (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::http::{RefusedResponse, Target};

/// The longest head that is read, in bytes.
const LONGEST: usize = 64 << 10;
/// The most fields that are read.
const FIELDS: usize = 100;
/// The subprotocol of MCP.
const PROTOCOL: &str = "mcp";
/// What is hashed behind the key (section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request to change the protocol.
#[derive(Debug, Default)]
pub(super) struct Upgrade {
    key: String,
    /// The beginning of the answer's head.
    head: Vec<u8>,
    /// The answer is no.
    refused: Option<RefusedResponse>,
}

/// What came of a request to change the protocol.
#[derive(Debug, PartialEq)]
pub(super) enum Upgraded {
    /// The answer is not whole.
    NotYet,
    /// Frames follow.
    Agreed,
    /// The reason, as a sentence, and whether it stays until somebody changes something.
    Refused { message: String, is_final: bool },
}

impl Upgrade {
    /// Writes the request. `key` is to be random.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, target: &Target, key: &[u8]) {
        self.key = STANDARD.encode(key);
        let mut line = |text: &[&str]| {
            text.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
            out.extend_from_slice(b"\r\n");
        };
        line(&["GET ", &target.path, " HTTP/1.1"]);
        line(&["Host: ", &target.host]);
        line(&["Upgrade: websocket"]);
        line(&["Connection: Upgrade"]);
        line(&["Sec-WebSocket-Key: ", &self.key]);
        line(&["Sec-WebSocket-Version: 13"]);
        line(&["Sec-WebSocket-Protocol: ", PROTOCOL]);
        for (name, value) in &target.headers {
            line(&[name, ": ", value]);
        }
        line(&[]);
    }

    /// Reads the answer. `input` shrinks to what is behind it.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Upgraded {
        if self.refused.is_none() {
            let before = self.head.len();
            self.head.extend_from_slice(input);
            match self.read_head() {
                Ok(None) => {
                    *input = &[];
                    return Upgraded::NotYet;
                }
                Ok(Some(length)) => *input = &input[length - before..],
                Err(why) => {
                    let message = format!("the server {why}");
                    return Upgraded::Refused { message, is_final: false };
                }
            }
        }
        let Some(refused) = &mut self.refused else { return Upgraded::Agreed };
        match refused.read(input) {
            None => Upgraded::NotYet,
            Some(message) => Upgraded::Refused { message, is_final: refused.is_final() },
        }
    }

    /// The length of the head, when it is there.
    fn read_head(&mut self) -> Result<Option<usize>, String> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        match response.parse(&self.head) {
            Ok(httparse::Status::Complete(length)) if response.code == Some(101) => {
                let agreed = check(response.headers, &self.key);
                agreed.map(|()| Some(length))
            }
            Ok(httparse::Status::Complete(_)) => {
                let (refused, length) = RefusedResponse::begin(&self.head)?;
                self.refused = Some(refused);
                Ok(Some(length))
            }
            Ok(httparse::Status::Partial) if self.head.len() > LONGEST => {
                Err(format!("sent an HTTP head longer than {} KiB", LONGEST >> 10))
            }
            Ok(httparse::Status::Partial) => Ok(None),
            Err(error) => Err(format!("does not speak HTTP ({error})")),
        }
    }
}

/// Whether the answer is what section 4.1 asks for.
fn check(fields: &[httparse::Header<'_>], key: &str) -> Result<(), String> {
    let all = |name: &'static str| {
        let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.filter_map(|field| std::str::from_utf8(field.value).ok()).map(str::trim)
    };
    let has_word = |name, word: &str| {
        all(name).flat_map(|value| value.split(',')).any(|w| w.trim().eq_ignore_ascii_case(word))
    };
    if !has_word("upgrade", "websocket") || !has_word("connection", "upgrade") {
        return Err("changed to another protocol than WebSocket".to_owned());
    }
    let accept = STANDARD.encode(sha1_smol::Sha1::from([key, GUID].concat()).digest().bytes());
    if all("sec-websocket-accept").ne([accept.as_str()]) {
        return Err("answered to another WebSocket key: a cache may stand in between".to_owned());
    }
    if all("sec-websocket-extensions").any(|value| !value.is_empty()) {
        return Err("wants a WebSocket extension that was not asked for".to_owned());
    }
    // A server that names none may speak MCP all the same.
    match all("sec-websocket-protocol").find(|protocol| *protocol != PROTOCOL) {
        Some(_) => Err(format!("chose another WebSocket subprotocol than '{PROTOCOL}'")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    /// What the example of RFC 6455, section 1.3, is asked and answers.
    fn answer(text: &str, step: usize) -> (Upgraded, usize) {
        let mut upgrade =
            Upgrade { key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(), ..Upgrade::default() };
        let mut read = Upgraded::NotYet;
        let mut left = text.as_bytes();
        while read == Upgraded::NotYet && !left.is_empty() {
            let mut chunk = &left[..step.min(left.len())];
            let whole = chunk.len();
            read = upgrade.read(&mut chunk);
            left = &left[whole - chunk.len()..];
        }
        (read, left.len())
    }

    #[test]
    fn frames_begin_behind_the_head() {
        for step in [1, 7, 1000] {
            let text = format!("{AGREED}Sec-WebSocket-Protocol: mcp\r\n\r\n\x01\x02");
            assert_eq!(answer(&text, step), (Upgraded::Agreed, 2));
        }
    }

    #[test]
    fn an_answer_that_agrees_to_something_else_is_refused() {
        let refusal = |text: &str| match answer(text, 1000).0 {
            Upgraded::Refused { message, .. } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refusal(&format!("{AGREED}Sec-WebSocket-Protocol: chat\r\n\r\n")),
            "the server chose another WebSocket subprotocol than 'mcp'"
        );
        assert!(
            refusal(&format!("{AGREED}Sec-WebSocket-Extensions: x\r\n\r\n")).contains("extension")
        );
        assert!(refusal(&format!("{}\r\n", AGREED.replace("s3pP", "S3pP"))).contains("key"));
        assert!(
            refusal(&format!("{}\r\n", AGREED.replace("WebSocket", "h2c"))).contains("another")
        );
        assert!(refusal("SSH-2.0-x\r\n").contains("does not speak HTTP"));
    }

    #[test]
    fn a_refusal_is_told_with_its_body() {
        for step in [1, 1000] {
            let text = "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nno !\n";
            let message = "HTTP 403 Forbidden: the server does not allow this: no !".to_owned();
            assert_eq!(answer(text, step).0, Upgraded::Refused { message, is_final: true });
        }
        let text = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\n\r\n";
        assert!(matches!(answer(text, 9).0, Upgraded::Refused { is_final: false, .. }));
    }
}
