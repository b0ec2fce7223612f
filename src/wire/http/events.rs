//! Server-sent events (WHATWG HTML, section 9.2.6 "Interpreting an event stream").

use super::event_place::EventPlace;

/// The longest address in an `endpoint` event, in bytes.
const LONGEST_ADDRESS: usize = 8 << 10;

/// The events of one body. `message` events carry messages of MCP, and `endpoint` events of
/// the transport of 2024-11-05 the address for them.
#[derive(Debug)]
pub(super) struct Events {
    /// The line that has begun.
    line: Vec<u8>,
    /// The `data` of the event that has begun; lines are joined with a newline.
    data: Vec<u8>,
    has_data: bool,
    kind: EventKind,
    /// The `id` of the event that has begun. It counts once the event is whole.
    id: Option<Vec<u8>>,
    /// There was a message.
    has_brought: bool,
    /// The data of the last `endpoint` event.
    endpoint: Option<Vec<u8>>,
    /// Where the events are, for whoever asks for the rest of them on another stream.
    place: Option<Box<EventPlace>>,
    /// The last byte was a carriage return: a newline that follows belongs to it.
    after_return: bool,
    /// Nothing of the body was read yet.
    is_first: bool,
    /// The most bytes of an event.
    limit: usize,
    /// The event is longer: the bytes that were left out, all and of this line.
    long: Option<(u64, u64)>,
}

/// The name of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum EventKind {
    #[default]
    Message,
    Endpoint,
    Other,
}

/// An event that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SseEvent {
    /// The data of a message.
    Message(Vec<u8>),
    /// One longer than the limit, which was not kept: its bytes.
    TooLong(u64),
}

impl Events {
    pub(super) fn new(limit: usize) -> Events {
        Events {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            kind: EventKind::Message,
            id: None,
            has_brought: false,
            endpoint: None,
            place: None,
            after_return: false,
            is_first: true,
            limit,
            long: None,
        }
    }

    /// Reads on until an event is whole; `input` shrinks to what was not used.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<SseEvent> {
        while !input.is_empty() {
            if std::mem::take(&mut self.after_return) && input[0] == b'\n' {
                *input = &input[1..];
                continue;
            }
            let end = memchr::memchr2(b'\r', b'\n', input);
            self.push(&input[..end.unwrap_or(input.len())]);
            let Some(end) = end else {
                *input = &[];
                return None;
            };
            self.after_return = input[end] == b'\r';
            *input = &input[end + 1..];
            if let Some(event) = self.end_line() {
                return Some(event);
            }
            if self.endpoint.is_some() {
                // It is taken before what follows is read.
                return None;
            }
        }
        None
    }

    /// What the end of the body leaves. An event without the blank line behind it counts
    /// for nothing by the rules; a whole answer is worth more than the rule.
    pub(super) fn finish(&mut self) -> Option<SseEvent> {
        self.end_line().or_else(|| self.end_line())
    }

    /// Where messages are to be sent (2024-11-05, "HTTP with SSE"), once the server has said it.
    pub(super) fn take_endpoint(&mut self) -> Option<Vec<u8>> {
        self.endpoint.take()
    }

    /// Where the events are. `None`: the server has not said how to go on.
    pub(super) fn take_place(&mut self) -> Option<Box<EventPlace>> {
        if std::mem::take(&mut self.has_brought) {
            self.place.get_or_insert_default().bring();
        }
        self.place.take()
    }

    /// The beginning of the event that has begun, its bytes, and those that were left out.
    pub(super) fn held(&self) -> (&[u8], usize, u64) {
        let text = if self.data.is_empty() { &self.line } else { &self.data };
        (text, self.data.len() + self.line.len(), self.long.map_or(0, |(all, _)| all))
    }

    fn push(&mut self, piece: &[u8]) {
        let length = piece.len() as u64;
        if let Some((all, line)) = &mut self.long {
            *all += length;
            *line += length;
        } else if self.data.len() + self.line.len() + piece.len() > self.limit {
            let line = std::mem::take(&mut self.line).len() as u64 + length;
            self.long = Some((std::mem::take(&mut self.data).len() as u64 + line, line));
        } else {
            self.line.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_first) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if let Some((_, of_line)) = &mut self.long {
            let is_blank = std::mem::take(of_line) == 0;
            return if is_blank { self.end_long() } else { None };
        }
        if line.is_empty() {
            return self.end_event();
        }
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let from = colon + 1 + usize::from(line.get(colon + 1) == Some(&b' '));
        match &line[..colon] {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                    self.data.extend_from_slice(line.get(from..).unwrap_or_default());
                } else {
                    line.drain(..from.min(line.len()));
                    self.data = line;
                }
                self.has_data = true;
            }
            b"event" => {
                let name = line.get(from..).unwrap_or_default();
                self.kind = match name {
                    b"" | b"message" => EventKind::Message,
                    b"endpoint" => EventKind::Endpoint,
                    _ => EventKind::Other,
                };
            }
            b"id" => {
                line.drain(..from.min(line.len()));
                self.id = Some(line).filter(|id| !id.contains(&0));
            }
            b"retry" => {
                let ms = std::str::from_utf8(line.get(from..).unwrap_or_default());
                if let Some(ms) = ms.ok().and_then(|ms| ms.parse().ok()) {
                    self.place.get_or_insert_default().set_pause(ms);
                }
            }
            // A comment, and what nobody knows.
            _ => {
                line.clear();
                self.line = line;
            }
        }
        None
    }

    fn end_event(&mut self) -> Option<SseEvent> {
        let data = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.kind);
        let has_data = std::mem::take(&mut self.has_data);
        self.pass_id();
        // Some servers open a stream with an event that has empty data (2025-11-25).
        if !has_data || data.trim_ascii().is_empty() {
            return None;
        }
        match kind {
            EventKind::Message => {
                self.has_brought = true;
                Some(SseEvent::Message(data))
            }
            EventKind::Endpoint => {
                self.endpoint = Some(data).filter(|address| address.len() <= LONGEST_ADDRESS);
                None
            }
            EventKind::Other => None,
        }
    }

    fn end_long(&mut self) -> Option<SseEvent> {
        let (bytes, _) = self.long.take()?;
        self.has_data = false;
        self.pass_id();
        let kind = std::mem::take(&mut self.kind);
        (kind == EventKind::Message).then_some(SseEvent::TooLong(bytes))
    }

    /// An event is whole: what follows it can be asked for by its id.
    fn pass_id(&mut self) {
        if let Some(id) = self.id.take() {
            self.place.get_or_insert_default().pass(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], step: usize, limit: usize) -> Vec<SseEvent> {
        let (mut events, mut found) = (Events::new(limit), Vec::new());
        for mut piece in text.chunks(step) {
            while !piece.is_empty() {
                found.extend(events.next(&mut piece));
                events.take_endpoint();
            }
        }
        found.extend(events.finish());
        found
    }

    fn messages(text: &str) -> Vec<String> {
        let whole = read(text.as_bytes(), usize::MAX, 1 << 20);
        for step in 1..text.len().max(2) {
            assert_eq!(read(text.as_bytes(), step, 1 << 20), whole, "in pieces of {step}");
        }
        let text = |event: &SseEvent| match event {
            SseEvent::Message(data) => String::from_utf8(data.clone()).unwrap(),
            SseEvent::TooLong(bytes) => format!("{bytes} bytes"),
        };
        whole.iter().map(text).collect()
    }

    #[test]
    fn events_are_the_same_wherever_they_are_cut() {
        assert_eq!(messages("data: {\"a\":1}\n\ndata:{2}\r\n\r\n"), ["{\"a\":1}", "{2}"]);
        assert_eq!(messages("data: a\rdata: b\r\r"), ["a\nb"]);
        assert_eq!(messages("\u{feff}data: a\n\n"), ["a"]);
        assert_eq!(messages(": ping\n\nid: 7\nevent: message\nretry: 5\ndata: a\n\n"), ["a"]);
        assert_eq!(messages("event: endpoint\ndata: /x\n\ndata: a\n\n"), ["a"]);
        assert_eq!(messages("event: other\ndata: /x\n\ndata: a\n\n"), ["a"]);
        assert_eq!(messages("data\n\ndata:\n\ndata: \n\n"), [""; 0]);
        assert_eq!(messages("data: a\ndata\ndata: b\n\n"), ["a\n\nb"]);
        assert_eq!(
            messages("data: whole, but for the blank line"),
            ["whole, but for the blank line"]
        );
        assert_eq!(messages("nobody: knows\ndata: a: b\n\n"), ["a: b"]);
    }

    #[test]
    fn the_id_of_an_event_counts_once_the_event_is_whole() {
        for (text, id, ms) in [
            ("id: 1\nretry: 500\ndata: \n\n", Some("1"), Some(500)),
            ("id: 1\ndata: a\n\nid: 2\ndata: b", Some("1"), None),
            ("id: 1\n\nid\ndata: b\n\n", None, None),
            ("id: 1\n\nid: \0\n\nretry: x\n\n", Some("1"), None),
            ("retry: 7\n", None, Some(7)),
            ("data: a\n\n", None, None),
        ] {
            let mut events = Events::new(1 << 20);
            let mut input = text.as_bytes();
            while events.next(&mut input).is_some() {}
            let place = events.take_place().unwrap_or_default();
            assert_eq!(place.id(), id.map(str::as_bytes), "{text:?}");
            assert_eq!(place.asked_pause().map(|pause| pause.as_millis()), ms, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_event_is_good_again() {
        let line = format!("data: {}\n", "x".repeat(2500));
        let text = format!("{line}{line}\ndata: b\n\n");
        for step in [1, 7, 4096, 1 << 20] {
            let events = read(text.as_bytes(), step, 100);
            assert_eq!(events.len(), 2, "{events:?}");
            assert!(matches!(events[0], SseEvent::TooLong(bytes) if bytes > 4000), "{events:?}");
            assert_eq!(events[1], SseEvent::Message(b"b".to_vec()));
        }
    }
}
