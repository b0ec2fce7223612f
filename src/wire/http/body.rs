//! The body of an HTTP response, without its framing (RFC 9112, sections 6 and 7).

use super::head::Framing;

/// The longest line between chunks, in bytes.
const LONGEST_LINE: usize = 4096;
/// The longest trailer behind the last chunk, in bytes.
const LONGEST_TRAILER: usize = 64 << 10;

/// Where a body is.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes are still to come.
    Length(u64),
    /// All until the stream ends.
    UntilClose,
    /// In chunks.
    Chunked(ChunkPlace),
    /// At its end.
    Over,
}

/// Where a body in chunks is. The beginnings of lines are kept.
#[derive(Debug)]
pub(super) enum ChunkPlace {
    /// In the line before a chunk.
    Size(Vec<u8>),
    /// So many bytes before the end of a chunk.
    Data(u64),
    /// In the line end behind a chunk.
    End(Vec<u8>),
    /// Behind the last chunk: the line that has begun, and the bytes of those before it.
    Trailer(Vec<u8>, usize),
}

impl Body {
    pub(super) fn new(framing: Framing) -> Body {
        match framing {
            Framing::Length(0) => Body::Over,
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(ChunkPlace::Size(Vec::new())),
            Framing::UntilClose => Body::UntilClose,
        }
    }

    /// What of the body stands at the start of `input`, behind framing that is passed over.
    /// Empty: there is none of it, or the body is over. [`take`](Body::take) moves on.
    ///
    /// # Errors
    ///
    /// What is wrong with the framing, as the rest of a sentence that begins with the server.
    pub(super) fn peek<'i>(&mut self, input: &mut &'i [u8]) -> Result<&'i [u8], &'static str> {
        loop {
            let left = match self {
                Body::Over => return Ok(&[]),
                Body::UntilClose => return Ok(input),
                Body::Length(left) | Body::Chunked(ChunkPlace::Data(left)) => *left,
                Body::Chunked(place) => match place.pass(input)? {
                    Some(Some(next)) => {
                        *place = next;
                        continue;
                    }
                    Some(None) => {
                        *self = Body::Over;
                        continue;
                    }
                    None => return Ok(&[]),
                },
            };
            return Ok(&input[..input.len().min(usize::try_from(left).unwrap_or(usize::MAX))]);
        }
    }

    /// `n` bytes of what [`peek`](Body::peek) gave are used.
    pub(super) fn take(&mut self, input: &mut &[u8], n: usize) {
        *input = &input[n..];
        match self {
            Body::Length(left) => {
                *left -= n as u64;
                if *left == 0 {
                    *self = Body::Over;
                }
            }
            Body::Chunked(place) => {
                if let ChunkPlace::Data(left) = place {
                    *left -= n as u64;
                    if *left == 0 {
                        *place = ChunkPlace::End(Vec::new());
                    }
                }
            }
            Body::UntilClose | Body::Over => {}
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Body::Over)
    }

    /// Whether the end of the stream is the end of the body.
    pub(super) fn may_end(&self) -> bool {
        matches!(self, Body::UntilClose | Body::Over)
    }
}

impl ChunkPlace {
    /// Passes over the line that the body is in. `None`: its end has not come;
    /// `Some(None)`: the body is over.
    #[allow(clippy::option_option)]
    fn pass(&mut self, input: &mut &[u8]) -> Result<Option<Option<ChunkPlace>>, &'static str> {
        let (ChunkPlace::Size(line) | ChunkPlace::End(line) | ChunkPlace::Trailer(line, _)) = self
        else {
            return Ok(None);
        };
        let end = memchr::memchr(b'\n', input).map_or(input.len(), |at| at + 1);
        line.extend_from_slice(&input[..end]);
        *input = &input[end..];
        let (length, is_whole) = (line.len(), line.last() == Some(&b'\n'));
        // Looked at byte by byte, so that it does not matter how much came at once.
        let fits_an_end = b"\r\n".starts_with(line) || **line == *b"\n";
        if matches!(self, ChunkPlace::End(_)) && !fits_an_end {
            return Err("sent a chunk that is longer than it says");
        }
        if length > LONGEST_LINE {
            return Err("sent a chunk without a size");
        }
        if !is_whole {
            return Ok(None);
        }
        let (ChunkPlace::Size(line) | ChunkPlace::End(line) | ChunkPlace::Trailer(line, _)) = self
        else {
            return Ok(None);
        };
        let is_blank = matches!(&line[..], b"\n" | b"\r\n");
        Ok(Some(match self {
            ChunkPlace::Size(line) if !line[0].is_ascii_hexdigit() => {
                return Err("sent a chunk without a size");
            }
            ChunkPlace::Size(line) => match httparse::parse_chunk_size(line) {
                Ok(httparse::Status::Complete((_, 0))) => Some(ChunkPlace::Trailer(Vec::new(), 0)),
                Ok(httparse::Status::Complete((_, size))) => Some(ChunkPlace::Data(size)),
                _ => return Err("sent a chunk without a size"),
            },
            ChunkPlace::End(_) if is_blank => Some(ChunkPlace::Size(Vec::new())),
            ChunkPlace::End(_) => return Err("sent a chunk that is longer than it says"),
            ChunkPlace::Trailer(..) if is_blank => None,
            ChunkPlace::Trailer(line, before) => match *before + line.len() {
                bytes if bytes > LONGEST_TRAILER => return Err("sent a trailer without an end"),
                bytes => Some(ChunkPlace::Trailer(Vec::new(), bytes)),
            },
            ChunkPlace::Data(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of `text`, which comes in pieces of `step` bytes, and what is behind it.
    fn read(
        framing: Framing,
        text: &[u8],
        step: usize,
    ) -> Result<(Vec<u8>, Vec<u8>, bool), &'static str> {
        let (mut body, mut out, mut behind) = (Body::new(framing), Vec::new(), Vec::new());
        for mut piece in text.chunks(step) {
            loop {
                let payload = body.peek(&mut piece)?;
                if payload.is_empty() {
                    break;
                }
                out.extend_from_slice(payload);
                body.take(&mut piece, payload.len());
            }
            behind.extend_from_slice(piece);
        }
        Ok((out, behind, body.is_over()))
    }

    #[test]
    fn a_body_is_the_same_wherever_it_is_cut() {
        let chunked = b"3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\nNEXT";
        for step in 1..chunked.len() {
            let (out, behind, over) = read(Framing::Chunked, chunked, step).unwrap();
            assert_eq!(
                (&out[..], &behind[..], over),
                (&b"abc0123456789abcdef"[..], &b"NEXT"[..], true)
            );
            let (out, behind, over) = read(Framing::Length(4), b"abcdNEXT", step).unwrap();
            assert_eq!((&out[..], &behind[..], over), (&b"abcd"[..], &b"NEXT"[..], true));
            let (out, _, over) = read(Framing::UntilClose, b"abcd", step).unwrap();
            assert_eq!((&out[..], over), (&b"abcd"[..], false));
        }
    }

    #[test]
    fn wrong_chunks_are_refused() {
        for (text, why) in [
            (&b"x\r\n"[..], "sent a chunk without a size"),
            (b"\r\n", "sent a chunk without a size"),
            (b"3\r\nabcd\r\n", "sent a chunk that is longer than it says"),
            (&[b'0'; 5000], "sent a chunk without a size"),
            (format!("1;{}", "x=y;".repeat(2000)).as_bytes(), "sent a chunk without a size"),
            (
                format!("0\r\n{}", "A: b\r\n".repeat(20_000)).as_bytes(),
                "sent a trailer without an end",
            ),
        ] {
            assert_eq!(read(Framing::Chunked, text, 7).unwrap_err(), why);
        }
    }
}
