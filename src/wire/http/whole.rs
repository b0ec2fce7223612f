//! One response read whole, for exchanges that carry no messages of MCP.

use super::body::Body;
use super::head::ResponseHead;

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// A response.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WholeResponse {
    /// The status code.
    pub status: u16,
    /// `WWW-Authenticate`.
    pub www_authenticate: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads one response from the bytes of a stream.
#[derive(Debug, Default)]
pub struct ResponseReader {
    head: Vec<u8>,
    /// The head, and how far the body has come.
    began: Option<(Box<ResponseHead>, Body)>,
    body: Vec<u8>,
}

impl ResponseReader {
    /// Takes bytes of the stream. `None`: the response is not whole yet.
    ///
    /// # Errors
    ///
    /// Why it is no response, as the rest of a sentence that begins with the server.
    pub fn read(&mut self, mut input: &[u8]) -> Result<Option<WholeResponse>, String> {
        loop {
            let Some((_, body)) = &mut self.began else {
                self.head.extend_from_slice(input);
                let Some((head, length)) = ResponseHead::read(&self.head)? else {
                    return Ok(None);
                };
                let behind = self.head.split_off(length);
                // 100 Continue and the like stand before the response.
                if (100..=199).contains(&head.status) {
                    self.head = behind;
                    input = &[];
                    continue;
                }
                self.head = Vec::new();
                let body = Body::new(head.framing);
                self.began = Some((Box::new(head), body));
                return self.read(&behind);
            };
            let payload = body.peek(&mut input)?;
            if payload.is_empty() {
                return Ok(if body.is_over() { self.take() } else { None });
            }
            if self.body.len() + payload.len() > LONGEST_BODY {
                return Err(format!("sent a body longer than {} MiB", LONGEST_BODY >> 20));
            }
            self.body.extend_from_slice(payload);
            let length = payload.len();
            body.take(&mut input, length);
        }
    }

    /// The stream has ended.
    ///
    /// # Errors
    ///
    /// As [`read`](ResponseReader::read).
    pub fn end(&mut self) -> Result<WholeResponse, String> {
        let is_whole = self.began.as_ref().is_some_and(|(_, body)| body.may_end());
        let whole = if is_whole { self.take() } else { None };
        whole.ok_or_else(|| "closed the connection before its answer was whole".to_owned())
    }

    fn take(&mut self) -> Option<WholeResponse> {
        let (head, _) = self.began.take()?;
        Some(WholeResponse {
            status: head.status,
            www_authenticate: head.www_authenticate.clone(),
            location: head.location,
            body: std::mem::take(&mut self.body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, step: usize) -> Result<Option<WholeResponse>, String> {
        let (mut reader, mut found) = (ResponseReader::default(), None);
        for piece in text.as_bytes().chunks(step) {
            if let Some(whole) = reader.read(piece)? {
                found.get_or_insert(whole);
            }
        }
        match found {
            Some(found) => Ok(Some(found)),
            None => reader.end().map(Some),
        }
    }

    #[test]
    fn a_response_is_the_same_wherever_it_is_cut() {
        for text in [
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic x\r\nwww-authenticate: Bearer y\r\n\
             Location: /z\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nWWW-Authenticate: Basic x\r\n\
             WWW-Authenticate: Bearer y\r\nLocation: /z\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.0 401 No\r\nWWW-Authenticate: Basic x, Bearer y\r\nLocation: /z\r\n\r\nabc",
        ] {
            for step in 1..text.len() {
                let whole = read(text, step).unwrap().unwrap();
                assert_eq!(whole.status, 401, "{text}");
                assert_eq!(whole.www_authenticate.as_deref(), Some("Basic x, Bearer y"));
                assert_eq!(whole.location.as_deref(), Some("/z"));
                assert_eq!(whole.body, b"abc", "{step} {text}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_refused() {
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
        assert!(read(cut, 7).unwrap_err().contains("before its answer was whole"));
        assert!(read("HTTP/1.1 200", 5).unwrap_err().contains("before its answer was whole"));
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LONGEST_BODY + 1));
        assert_eq!(read(&long, 1 << 16).unwrap_err(), "sent a body longer than 1 MiB");
        let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(70_000));
        assert!(read(&head, 1 << 12).unwrap_err().contains("64 KiB"));
    }
}
