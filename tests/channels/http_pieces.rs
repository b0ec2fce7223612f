//! What the codec of HTTP makes of bytes, which must not depend on how they are cut.

use tmcp::wire::http::{Http, Target};
use tmcp::wire::{Incoming, Outgoing, Shared, StreamId, Want, Wire};

/// The codec of a session whose first request was sent.
fn asked(is_sse: bool) -> (Box<dyn Wire>, Shared, StreamId) {
    let mut shared = Shared::default();
    let stream = shared.new_stream();
    let target = Target {
        host: "h".to_owned(),
        path: "/a/mcp".to_owned(),
        is_for_proxy: false,
        headers: Vec::new(),
        is_renewable: false,
        token: None,
    };
    let mut wire = match is_sse {
        true => Http::with_sse(stream, target),
        false => Http::new(stream, target),
    };
    wire.set_limit(1 << 12);
    wire.opened(stream);
    let what = Outgoing::Request { method: "initialize", name: "", definition: "" };
    wire.send(&mut shared, what, &mut |out| {
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}");
    });
    (Box::new(wire), shared, stream)
}

fn words(incoming: Incoming<'_>) -> String {
    match incoming {
        Incoming::Text(mut text) => String::from_utf8_lossy(text.line().text).into_owned(),
        other => format!("{other:?}"),
    }
}

/// What comes of `bytes` on the stream of the first request, cut into pieces, until the stream
/// ends or the codec has it closed.
pub fn read(is_sse: bool, bytes: &[u8], mut piece: impl FnMut() -> usize) -> Vec<String> {
    let (mut wire, mut shared, stream) = asked(is_sse);
    let (mut found, mut left) = (Vec::new(), bytes);
    'read: while !left.is_empty() {
        let mut input = &left[..piece().clamp(1, left.len())];
        left = &left[input.len()..];
        while let Some(incoming) = wire.next(stream, &mut input) {
            found.push(words(incoming));
            assert!(found.len() <= bytes.len() + 1, "it finds more than there is");
        }
        assert_eq!(input, b"", "all of it is used");
        // As the engine does: a write is taken, and a stream that is closed says nothing more.
        while let Some(want) = wire.poll() {
            match want {
                Want::Write(stream) => {
                    let n = wire.output(stream).len();
                    wire.wrote(&mut shared, stream, n);
                }
                Want::Close(closed) if closed == stream => break 'read,
                _ => {}
            }
        }
        assert!(wire.held(stream).bytes <= (1 << 16) + (1 << 13), "it keeps too much");
    }
    // A head that is none may be known earlier when more of it comes at once.
    found.retain(|words| !words.contains("does not speak HTTP"));
    if let Some(text) = wire.finish(stream) {
        found.push(words(Incoming::Text(text)));
    }
    found
}
