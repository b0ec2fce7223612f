//! Frames of both directions (RFC 6455, section 5). Headers are read and written by
//! `tungstenite`; which of them may follow which is held here.
//!
//! Invariants:
//! - a frame that lies whole inside one chunk is never copied;
//! - of a frame that does not, no more is kept than its header, or a control frame.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::close::Closing;

/// The longest header.
const HEADER: usize = 14;
/// The longest payload of a control frame (section 5.5).
const CONTROL: usize = 125;
/// The most frames of one message. A frame may be empty, so that the limit of a message does
/// not bound them.
const MOST_FRAGMENTS: u32 = 1 << 20;

/// What comes in frames.
#[derive(Debug)]
pub(super) enum ServerFrame<'i> {
    /// A message that came as one frame inside one chunk.
    Whole(&'i [u8]),
    /// The next bytes of a message.
    Piece {
        bytes: &'i [u8],
        is_last: bool,
    },
    Ping(Vec<u8>),
    Close(Closing),
}

/// Reads frames.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// The beginning of a header.
    header: Vec<u8>,
    place: FramePlace,
    /// A message has begun that ends with a later frame.
    is_begun: bool,
    fragments: u32,
}

/// Where a reader is.
#[derive(Debug, Default)]
enum FramePlace {
    #[default]
    Header,
    /// In the payload of a message.
    Data { left: u64, is_last: bool },
    /// In a control frame.
    Control { control: Control, left: usize, payload: Vec<u8> },
}

impl FrameReader {
    /// The next thing in frames. `input` shrinks to what was not used; `None`: all of it was.
    ///
    /// # Errors
    ///
    /// What is against the rules, as the rest of a sentence that begins with the server.
    pub(super) fn next<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<ServerFrame<'i>>, &'static str> {
        loop {
            match &mut self.place {
                FramePlace::Header => {
                    let Some((header, length)) = self.read_header(input)? else {
                        return Ok(None);
                    };
                    let was_begun = self.is_begun;
                    self.enter(&header, length)?;
                    // The usual case: one frame, and all of it is there.
                    let whole = usize::try_from(length).ok().filter(|n| *n <= input.len());
                    if let (FramePlace::Data { is_last: true, .. }, false, Some(length)) =
                        (&self.place, was_begun, whole)
                    {
                        self.place = FramePlace::Header;
                        self.is_begun = false;
                        let (payload, rest) = input.split_at(length);
                        *input = rest;
                        return Ok(Some(ServerFrame::Whole(payload)));
                    }
                }
                FramePlace::Data { left, is_last } => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    if here == 0 && *left > 0 {
                        return Ok(None);
                    }
                    let (bytes, rest) = input.split_at(here);
                    *input = rest;
                    *left -= here as u64;
                    let is_over = *left == 0;
                    let is_last = is_over && *is_last;
                    if is_over {
                        self.place = FramePlace::Header;
                    }
                    if is_last {
                        self.is_begun = false;
                    }
                    return Ok(Some(ServerFrame::Piece { bytes, is_last }));
                }
                FramePlace::Control { control, left, payload } => {
                    let here = (*left).min(input.len());
                    payload.extend_from_slice(&input[..here]);
                    *input = &input[here..];
                    *left -= here;
                    if *left > 0 {
                        return Ok(None);
                    }
                    let (control, payload) = (*control, std::mem::take(payload));
                    self.place = FramePlace::Header;
                    match control {
                        Control::Ping => return Ok(Some(ServerFrame::Ping(payload))),
                        Control::Close => {
                            return Closing::read(&payload).map(ServerFrame::Close).map(Some);
                        }
                        Control::Pong | Control::Reserved(_) => {}
                    }
                }
            }
        }
    }

    /// Bytes that are kept of a frame.
    pub(super) fn held(&self) -> usize {
        let control = match &self.place {
            FramePlace::Control { payload, .. } => payload.len(),
            FramePlace::Header | FramePlace::Data { .. } => 0,
        };
        self.header.len() + control
    }

    fn read_header(
        &mut self,
        input: &mut &[u8],
    ) -> Result<Option<(FrameHeader, u64)>, &'static str> {
        if self.header.is_empty() {
            let mut cursor = Cursor::new(&input[..input.len().min(HEADER)]);
            if let Some(found) = parse(&mut cursor)? {
                *input = &input[cursor.position() as usize..];
                return Ok(Some(found));
            }
        }
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.header.push(*byte);
            if let Some(found) = parse(&mut Cursor::new(&self.header[..]))? {
                self.header.clear();
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Goes behind a header, if such a frame may come now.
    fn enter(&mut self, header: &FrameHeader, length: u64) -> Result<(), &'static str> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err("used an extension that was not asked for");
        }
        if header.mask.is_some() {
            return Err("sent a masked frame");
        }
        if length > i64::MAX as u64 {
            return Err("sent a frame with a length beyond 63 bits");
        }
        self.place = match header.opcode {
            OpCode::Control(control) => {
                let left = usize::try_from(length).unwrap_or(usize::MAX);
                if left > CONTROL || !header.is_final {
                    return Err("sent a control frame that is too long or in pieces");
                }
                FramePlace::Control { control, left, payload: Vec::new() }
            }
            OpCode::Data(data) => {
                match (data, self.is_begun) {
                    (Data::Continue, false) => {
                        return Err("went on with a message that had not begun");
                    }
                    (Data::Text | Data::Binary, true) => {
                        return Err("began a message inside another one");
                    }
                    _ => {}
                }
                self.fragments = if self.is_begun { self.fragments + 1 } else { 1 };
                if self.fragments > MOST_FRAGMENTS {
                    return Err("sent a message in more than 1,048,576 frames");
                }
                self.is_begun = true;
                FramePlace::Data { left: length, is_last: header.is_final }
            }
        };
        Ok(())
    }
}

fn parse(cursor: &mut Cursor<&[u8]>) -> Result<Option<(FrameHeader, u64)>, &'static str> {
    FrameHeader::parse(cursor).map_err(|_| "sent a frame of an unknown kind")
}

/// Writes a frame whose payload `write` writes, under a mask.
pub(super) fn write_frame(
    out: &mut Vec<u8>,
    opcode: OpCode,
    mask: [u8; 4],
    write: impl FnOnce(&mut Vec<u8>),
) {
    /// The length of the header of most messages: 126 bytes to 64 KiB.
    const USUAL: usize = 8;
    let start = out.len();
    out.extend_from_slice(&[0; USUAL]);
    write(out);
    let length = out.len() - start - USUAL;
    let header = FrameHeader {
        is_final: true,
        rsv1: false,
        rsv2: false,
        rsv3: false,
        opcode,
        mask: Some(mask),
    };
    let mut bytes = Vec::with_capacity(HEADER);
    // Writing to memory cannot fail.
    let _ = header.format(length as u64, &mut bytes);
    let payload = start + bytes.len();
    out.splice(start..start + USUAL, bytes);
    for (byte, mask) in out[payload..].iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream says, cut into chunks of `step` bytes.
    fn read(bytes: &[u8], step: usize) -> Result<Vec<String>, &'static str> {
        let (mut reader, mut out, mut message) =
            (FrameReader::default(), Vec::new(), Vec::<u8>::new());
        for mut chunk in bytes.chunks(step) {
            while let Some(frame) = reader.next(&mut chunk)? {
                match frame {
                    ServerFrame::Whole(text) => {
                        out.push(String::from_utf8_lossy(text).into_owned())
                    }
                    ServerFrame::Piece { bytes, is_last } => {
                        message.extend_from_slice(bytes);
                        if is_last {
                            out.push(String::from_utf8_lossy(&message).into_owned());
                            message.clear();
                        }
                    }
                    ServerFrame::Ping(payload) => {
                        out.push(format!("ping {}", String::from_utf8_lossy(&payload)));
                    }
                    ServerFrame::Close(closing) => out.push(closing.words()),
                }
            }
        }
        Ok(out)
    }

    #[test]
    fn any_cut_of_the_stream_gives_the_same_messages() {
        let mut stream =
            b"\x81\x02{}\x01\x01a\x89\x02hi\x00\x00\x80\x01b\x81\x00\x8a\x01x".to_vec();
        stream.extend_from_slice(b"\x82\x7e\x00\x80");
        stream.extend_from_slice(&[b'y'; 128]);
        stream.extend_from_slice(b"\x88\x02\x03\xe9");
        let long = "y".repeat(128);
        let closed = "the server closed the WebSocket: 1001 (the server goes away)";
        for step in 1..stream.len() {
            let read = read(&stream, step).unwrap();
            assert_eq!(read, ["{}", "ping hi", "ab", "", &long, closed], "{step}");
        }
    }

    #[test]
    fn what_is_against_the_rules_is_told() {
        for (bytes, expected) in [
            (&b"\xc1\x00"[..], "used an extension that was not asked for"),
            (b"\x81\x80\0\0\0\0", "sent a masked frame"),
            (b"\x89\x7e\x00\x7e", "sent a control frame that is too long or in pieces"),
            (b"\x09\x00", "sent a control frame that is too long or in pieces"),
            (b"\x80\x00", "went on with a message that had not begun"),
            (b"\x01\x00\x81\x00", "began a message inside another one"),
            (b"\x83\x00", "sent a frame of an unknown kind"),
            (b"\x81\x7f\xff\0\0\0\0\0\0\0", "sent a frame with a length beyond 63 bits"),
            (b"\x88\x01x", "closed the stream with half of a code"),
        ] {
            assert_eq!(read(bytes, 1), Err(expected));
        }
    }

    #[test]
    fn frames_have_a_bound_also_if_they_are_empty() {
        let mut stream = b"\x01\x00".to_vec();
        stream.extend((0..MOST_FRAGMENTS).flat_map(|_| [0, 0]));
        assert_eq!(read(&stream, 1 << 16), Err("sent a message in more than 1,048,576 frames"));
    }

    #[test]
    fn a_frame_of_ours_has_its_mask_whatever_its_length() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let mut out = b"before".to_vec();
            let mask = [1, 2, 3, 4];
            write_frame(&mut out, OpCode::Data(Data::Text), mask, |out| {
                out.resize(out.len() + length, b'x');
            });
            let mut cursor = Cursor::new(&out[6..]);
            let (header, found) = parse(&mut cursor).unwrap().unwrap();
            assert_eq!((header.mask, found, header.is_final), (Some(mask), length as u64, true));
            let payload = &out[6 + cursor.position() as usize..];
            assert_eq!(payload.len(), length);
            assert!(payload.iter().enumerate().all(|(i, byte)| byte ^ mask[i % 4] == b'x'));
        }
    }
}
