//! Why a WebSocket ends: the codes of RFC 6455, section 7.4, in words.

use tungstenite::protocol::frame::coding::CloseCode;

/// Characters of a reason that are shown.
const SHOWN: usize = 123;

/// Why the stream ends.
#[derive(Debug)]
pub(super) struct Closing {
    /// What the server said, or what we say to it.
    code: Option<CloseCode>,
    reason: String,
    /// A Close frame is sent.
    has_frame: bool,
}

impl Closing {
    /// The code for an end that we want.
    pub(super) fn normal() -> Option<u16> {
        Some(CloseCode::Normal.into())
    }

    /// Frames were never spoken.
    pub(super) fn without_frame() -> Closing {
        Closing { code: None, reason: String::new(), has_frame: false }
    }

    /// The server broke the rules.
    pub(super) fn protocol_error() -> Closing {
        Closing { code: Some(CloseCode::Protocol), reason: String::new(), has_frame: true }
    }

    /// Reads the payload of a Close frame.
    ///
    /// # Errors
    ///
    /// It is none, as the rest of a sentence that begins with the server.
    pub(super) fn read(payload: &[u8]) -> Result<Closing, &'static str> {
        let (code, reason) = match payload {
            [] => (None, &[][..]),
            [high, low, reason @ ..] => {
                let code = CloseCode::from(u16::from_be_bytes([*high, *low]));
                if !code.is_allowed() {
                    return Err("closed the stream with a code that nobody may send");
                }
                (Some(code), reason)
            }
            [_] => return Err("closed the stream with half of a code"),
        };
        let reason = String::from_utf8_lossy(reason);
        let reason = reason.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        Ok(Closing { code, reason, has_frame: true })
    }

    /// The code of the frame that is sent because of it: that of the server.
    pub(super) fn reply(&self) -> Option<u16> {
        self.has_frame.then(|| self.code.unwrap_or(CloseCode::Normal).into())
    }

    /// The sentence for the user and the log.
    pub(super) fn words(&self) -> String {
        let mut words = "the server closed the WebSocket".to_owned();
        if let Some(code) = self.code {
            words += &format!(": {code}");
            if let Some(meaning) = meaning(code) {
                words += &format!(" ({meaning})");
            }
        }
        if !self.reason.is_empty() {
            words += &format!(": {}", self.reason);
        }
        words
    }
}

fn meaning(code: CloseCode) -> Option<&'static str> {
    Some(match code {
        CloseCode::Normal => "normal end",
        CloseCode::Away => "the server goes away",
        CloseCode::Protocol => "protocol error",
        CloseCode::Unsupported => "it does not take such data",
        CloseCode::Invalid => "a text was no UTF-8",
        CloseCode::Policy => "against its policy",
        CloseCode::Size => "a message was too big for it",
        CloseCode::Extension => "it wants an extension",
        CloseCode::Error => "error in the server",
        CloseCode::Restart => "the server is started anew",
        CloseCode::Again => "try again later",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_told_in_words_and_answered_with_its_code() {
        for (payload, words, reply) in [
            (&b""[..], "the server closed the WebSocket", 1000),
            (b"\x03\xe8", "the server closed the WebSocket: 1000 (normal end)", 1000),
            (
                b"\x03\xf0no token\n",
                "the server closed the WebSocket: 1008 (against its policy): no token",
                1008,
            ),
            (b"\x0f\xa1own", "the server closed the WebSocket: 4001: own", 4001),
        ] {
            let closing = Closing::read(payload).unwrap();
            assert_eq!((closing.words(), closing.reply()), (words.to_owned(), Some(reply)));
        }
    }

    #[test]
    fn codes_that_nobody_may_send_are_refused() {
        for payload in [&b"\x03"[..], b"\x03\xed", b"\x03\xee", b"\x00\x00", b"\x08\x00"] {
            assert!(Closing::read(payload).is_err(), "{payload:?}");
        }
    }
}
