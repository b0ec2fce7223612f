//! What is said about a response that is no answer.

use std::str;

use super::head::{Content, ResponseHead};
use crate::json::lenient::members;

/// Bytes that are kept of the body of a refusal.
pub(super) const LONGEST: usize = 64 << 10;
/// Characters of it that are shown.
const SHOWN: usize = 200;

/// The JSON-RPC error in the body of a refusal, as the answer to request `id`. Servers leave
/// the id out, because they have refused before they read it.
pub(super) fn answer(id: u64, body: &[u8]) -> Option<Vec<u8>> {
    let [error] = members(str::from_utf8(body).ok()?, &["error"]);
    let [code] = members(str::from_utf8(error?).ok()?, &["code"]);
    code?;
    let mut out = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":").into_bytes();
    out.extend_from_slice(error?);
    out.push(b'}');
    Some(out)
}

/// What a refusal means for whoever has configured the server.
pub(super) fn words(head: &ResponseHead, body: &[u8]) -> String {
    let status = head.words();
    let wait = || head.retry_after.as_deref().map(|wait| format!(" (Retry-After: {wait})"));
    let meaning = match head.status {
        200..=299 => return wrong_body(head, body),
        300..=399 => match &head.location {
            Some(to) => {
                format!(": the server is at {} now; that belongs into 'url'", shown(to.as_bytes()))
            }
            None => String::new(),
        },
        401 => ": the server wants to know who calls; see 'headers', Authorization".to_owned(),
        403 => ": the server does not allow this".to_owned(),
        404 => ": there is no MCP server at this path; see 'url'".to_owned(),
        405 => ": what is at this path takes no requests of MCP; see 'url'".to_owned(),
        407 => {
            ": the proxy wants a user and a password, as in http://USER:PASSWORD@HOST".to_owned()
        }
        429 => format!(": too many requests{}", wait().unwrap_or_default()),
        502..=504 => format!(": a proxy does not reach the server{}", wait().unwrap_or_default()),
        _ => String::new(),
    };
    let said = match &head.content {
        Content::Other(media) if media == "text/html" => String::new(),
        _ => shown(body),
    };
    if said.is_empty() {
        format!("{status}{meaning}")
    } else {
        format!("{status}{meaning}: {said}")
    }
}

fn wrong_body(head: &ResponseHead, body: &[u8]) -> String {
    let media = match &head.content {
        Content::Other(media) => media,
        _ => "a body of no known type",
    };
    format!("the server answered with {media}, not with JSON: {}", shown(body))
}

/// The beginning of a text, in one line.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16) -> ResponseHead {
        ResponseHead { status, ..ResponseHead::default() }
    }

    #[test]
    fn an_error_of_json_rpc_gets_the_id_of_its_request() {
        let body = br#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no"},"id":null}"#;
        assert_eq!(
            String::from_utf8(answer(7, body).unwrap()).unwrap(),
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"no"}}"#
        );
        for body in ["", "<html>", "{}", r#"{"error":"no"}"#, r#"{"error":{"x":1}}"#] {
            assert_eq!(answer(7, body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_refusal_says_what_it_means() {
        assert_eq!(
            words(&head(401), b"{\"detail\":\n\"no token\"}"),
            "HTTP 401 Unauthorized: the server wants to know who calls; see 'headers', \
             Authorization: {\"detail\": \"no token\"}"
        );
        let busy = ResponseHead { retry_after: Some("30".to_owned()), ..head(429) };
        assert_eq!(
            words(&busy, b""),
            "HTTP 429 Too Many Requests: too many requests (Retry-After: 30)"
        );
        let html = ResponseHead { content: Content::Other("text/html".to_owned()), ..head(502) };
        assert_eq!(
            words(&html, b"<html>"),
            "HTTP 502 Bad Gateway: a proxy does not reach the server"
        );
        let page = ResponseHead { content: Content::Other("text/html".to_owned()), ..head(200) };
        assert_eq!(
            words(&page, b"<!doctype html>\n<title>Hi"),
            "the server answered with text/html, not with JSON: <!doctype html> <title>Hi"
        );
        assert_eq!(
            words(&head(500), &[b'x'; 1000]).len(),
            "HTTP 500 Internal Server Error: ".len() + SHOWN
        );
    }
}
