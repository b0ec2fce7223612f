//! The head of an HTTP response (RFC 9112, section 4 and 5).

/// The longest head that is read, in bytes.
pub(super) const LONGEST: usize = 64 << 10;
/// The most fields that are read.
const FIELDS: usize = 100;

/// What is read of a head.
#[derive(Debug, Default)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) framing: Framing,
    pub(super) content: Content,
    /// The stream can carry another exchange after this one.
    pub(super) is_kept: bool,
    /// `Mcp-Session-Id`.
    pub(super) session: Option<String>,
    /// `Location`.
    pub(super) location: Option<String>,
    /// `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// `WWW-Authenticate`; several are joined by commas.
    pub(super) www_authenticate: Option<String>,
}

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the stream.
    #[default]
    UntilClose,
}

/// The media type of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// `application/json`.
    Json,
    /// `text/event-stream`.
    Events,
    /// Another one, as it stands there.
    Other(String),
    /// None is named.
    #[default]
    Unnamed,
}

impl ResponseHead {
    /// Reads a head at the start of `bytes`, and its length. `None`: it is not there yet.
    ///
    /// # Errors
    ///
    /// Why it is none, as the rest of a sentence that begins with the server.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(ResponseHead, usize)>, String> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() >= LONGEST => {
                return Err(format!("sent an HTTP head longer than {} KiB", LONGEST >> 10));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("does not speak HTTP ({error})")),
        };
        let mut head = ResponseHead {
            status: response.code.unwrap_or_default(),
            reason: response.reason.unwrap_or_default().to_owned(),
            is_kept: response.version == Some(1),
            ..ResponseHead::default()
        };
        let (mut lengths, mut is_chunked) = (Vec::new(), false);
        for field in response.headers.iter() {
            let text = || String::from_utf8_lossy(field.value).trim().to_owned();
            match field.name.to_ascii_lowercase().as_str() {
                "content-length" => lengths.push(text()),
                "transfer-encoding" => is_chunked = is_chunked_last(&text())?,
                "content-type" => head.content = Content::of(&text()),
                "content-encoding" if !text().eq_ignore_ascii_case("identity") => {
                    return Err(format!("sent a body in {}, which was not asked for", text()));
                }
                "connection" => head.is_kept = keeps_alive(&text()).unwrap_or(head.is_kept),
                "mcp-session-id" => head.session = Some(text()).filter(|id| is_session(id)),
                "location" => head.location = Some(text()),
                "retry-after" => head.retry_after = Some(text()),
                "www-authenticate" => match &mut head.www_authenticate {
                    Some(before) => *before += &format!(", {}", text()),
                    none => *none = Some(text()),
                },
                _ => {}
            }
        }
        head.framing = match (head.status, lengths.split_first()) {
            (100..=199 | 204 | 304, _) => Framing::Length(0),
            // Both together are an attack on somebody (section 6.1): the stream is not kept.
            _ if is_chunked => {
                head.is_kept &= lengths.is_empty();
                Framing::Chunked
            }
            (_, Some((first, others))) => {
                let number =
                    first.parse().ok().filter(|_| first.bytes().all(|b| b.is_ascii_digit()));
                match number.filter(|_| others.iter().all(|other| other == first)) {
                    Some(number) => Framing::Length(number),
                    None => return Err("sent an HTTP head with a wrong Content-Length".to_owned()),
                }
            }
            _ => Framing::UntilClose,
        };
        head.is_kept &= head.framing != Framing::UntilClose;
        Ok(Some((head, length)))
    }

    /// Whether the server has done what it was asked for.
    pub(super) fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// "HTTP 502 Bad Gateway".
    pub(super) fn words(&self) -> String {
        let reason: String = self.reason.chars().filter(|c| !c.is_control()).take(60).collect();
        let reason = if reason.is_empty() { usual_reason(self.status).to_owned() } else { reason };
        format!("HTTP {} {reason}", self.status).trim_end().to_owned()
    }
}

impl Content {
    fn of(value: &str) -> Content {
        let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" => Content::Json,
            "text/event-stream" => Content::Events,
            // "application/problem+json" and the like.
            _ if media.ends_with("+json") => Content::Json,
            "" => Content::Unnamed,
            _ => Content::Other(media.chars().take(60).collect()),
        }
    }
}

/// A session id is visible ASCII (2025-11-25, "Session Management").
fn is_session(id: &str) -> bool {
    !id.is_empty() && id.len() <= 4096 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

/// Whether the last coding is `chunked`; no other one is read.
fn is_chunked_last(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "chunked" => Ok(true),
        "identity" => Ok(false),
        _ => Err(format!("sent a body in the transfer coding '{value}'")),
    }
}

fn keeps_alive(value: &str) -> Option<bool> {
    let mut words = value.split(',').map(str::trim);
    words.find_map(|word| match word.to_ascii_lowercase().as_str() {
        "close" => Some(false),
        "keep-alive" => Some(true),
        _ => None,
    })
}

/// The words of a status whose head has none: HTTP/1.1 servers may leave them out.
fn usual_reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> ResponseHead {
        let text = text.replace('\n', "\r\n") + "\r\n\r\n";
        let (head, length) = ResponseHead::read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(length, text.len());
        head
    }

    fn refusal(text: &str) -> String {
        ResponseHead::read((text.replace('\n', "\r\n") + "\r\n\r\n").as_bytes()).unwrap_err()
    }

    #[test]
    fn fields_are_read_whatever_their_case() {
        let head = head(
            "HTTP/1.1 200 OK\nCONTENT-TYPE: Application/JSON; charset=utf-8\ncontent-length: 7\n\
             mcp-session-id: abc-1",
        );
        assert_eq!(
            (head.status, head.content, head.framing),
            (200, Content::Json, Framing::Length(7))
        );
        assert_eq!((head.session.as_deref(), head.is_kept), (Some("abc-1"), true));
    }

    #[test]
    fn the_end_of_a_body_is_known_by_the_rules() {
        let framing = |text: &str| (head(text).framing, head(text).is_kept);
        assert_eq!(
            framing("HTTP/1.1 200 OK\nTransfer-Encoding: chunked"),
            (Framing::Chunked, true)
        );
        let both = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 3";
        assert_eq!(framing(both), (Framing::Chunked, false));
        assert_eq!(framing("HTTP/1.1 200 OK"), (Framing::UntilClose, false));
        assert_eq!(framing("HTTP/1.1 204 No Content"), (Framing::Length(0), true));
        assert_eq!(framing("HTTP/1.0 200 OK\nContent-Length: 0"), (Framing::Length(0), false));
        let kept = "HTTP/1.0 200 OK\nContent-Length: 0\nConnection: Keep-Alive";
        assert_eq!(framing(kept), (Framing::Length(0), true));
        let closed = "HTTP/1.1 200 OK\nContent-Length: 0\nConnection: x, close";
        assert_eq!(framing(closed), (Framing::Length(0), false));
        assert_eq!(
            framing("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5").0,
            Framing::Length(5)
        );
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        for text in [
            "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6",
            "HTTP/1.1 200 OK\nContent-Length: +5",
            "HTTP/1.1 200 OK\nContent-Length: 99999999999999999999",
        ] {
            assert_eq!(refusal(text), "sent an HTTP head with a wrong Content-Length", "{text}");
        }
        assert!(refusal("HTTP/1.1 200 OK\nContent-Encoding: gzip").contains("gzip"));
        assert!(refusal("HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked").contains("gzip"));
        assert!(refusal("{\"jsonrpc\":\"2.0\"}").starts_with("does not speak HTTP"));
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LONGEST));
        assert!(ResponseHead::read(long.as_bytes()).unwrap_err().contains("64 KiB"));
        assert!(ResponseHead::read(b"HTTP/1.1 200 OK\r\nX: y\r\n").unwrap().is_none());
    }

    #[test]
    fn a_status_is_told_in_words() {
        assert_eq!(head("HTTP/1.1 502 Bad Gateway").words(), "HTTP 502 Bad Gateway");
        assert_eq!(head("HTTP/1.1 429 ").words(), "HTTP 429 Too Many Requests");
        assert_eq!(head("HTTP/1.1 599 ").words(), "HTTP 599");
    }
}
