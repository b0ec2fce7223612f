//! A response that refuses to change the protocol (RFC 6455, section 4.1).

use super::body::Body;
use super::head::ResponseHead;
use super::refusal;

/// A response that is read only for its reason.
#[derive(Debug)]
pub(in crate::wire) struct RefusedResponse {
    head: Box<ResponseHead>,
    body: Body,
    text: Vec<u8>,
}

impl RefusedResponse {
    /// The response whose head is at the start of `bytes`, and the length of the head.
    ///
    /// # Errors
    ///
    /// The head cannot be read, as the rest of a sentence that begins with the server.
    pub(in crate::wire) fn begin(bytes: &[u8]) -> Result<(RefusedResponse, usize), String> {
        let Some((head, length)) = ResponseHead::read(bytes)? else {
            return Err("sent half of an HTTP head".to_owned());
        };
        let body = Body::new(head.framing);
        Ok((RefusedResponse { head: Box::new(head), body, text: Vec::new() }, length))
    }

    /// Reads the body: the sentence, once there is enough of it. A body without a length is not
    /// waited for.
    pub(in crate::wire) fn read(&mut self, input: &mut &[u8]) -> Option<String> {
        while let Ok(payload) = self.body.peek(input) {
            let length = payload.len();
            let room = refusal::LONGEST.saturating_sub(self.text.len());
            self.text.extend_from_slice(&payload[..length.min(room)]);
            self.body.take(input, length);
            if length > room || self.body.may_end() {
                break;
            }
            if length == 0 {
                return None;
            }
        }
        Some(refusal::words(&self.head, &self.text))
    }

    /// Whether to try again cannot help until somebody changes something.
    pub(in crate::wire) fn is_final(&self) -> bool {
        matches!(self.head.status, 200..=407 | 409..=428 | 430..=499)
    }
}
