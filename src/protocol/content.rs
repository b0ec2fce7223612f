//! The text of a tool's result, for people.
//!
//! Separate from the messages because nothing on the loop needs it: a result
//! stays bytes until somebody wants to read it, and then a few passes over those
//! bytes write the text, in pieces.
//!
//! Invariants:
//! - every input gives a text: what cannot be read is shown as it came;
//! - binary content is measured, never decoded.

use crate::protocol::job::{Job, Pace, room};
use crate::protocol::layout;
use crate::protocol::walk::{Bad, Split, fields, given, piece, position};
use crate::protocol::words::{OneLine, bare, copy, decoded, is_text, is_utf8, unescape};

/// The readable text of a raw result: of a tool call its text blocks joined by
/// newlines, a note in brackets for whatever is no text, and the structured
/// content only when there is no text block; of a resource its contents, of a
/// prompt its messages, of a completion one value a line.
pub fn text(result: &[u8]) -> String {
    text_job(result).finish()
}

/// What [`text`] gives, in steps.
pub fn text_job<'a>(result: impl AsRef<[u8]> + Send + Sync + 'a) -> Job<'a, String> {
    Job::new(|mut pace| async move { in_pieces(result.as_ref(), &mut pace).await })
}

/// `json` with line breaks and indentation, its strings and numbers untouched.
pub fn pretty(json: &str) -> String {
    let of = |mut pace| async move {
        let mut out = String::new();
        layout::pretty(json.as_bytes(), &mut out, &mut pace).await;
        out
    };
    Job::new(of).finish()
}

pub(super) async fn in_pieces(result: &[u8], pace: &mut Pace) -> String {
    // Room for all of it, so that it need not move, and for a NUL behind it.
    let text = String::with_capacity(room(result.len() + 1));
    let mut text = Lines { text, is_begun: false };
    if !is_utf8(result, pace).await || write(result, &mut text, pace).await.is_err() {
        text.text.clear();
        copy(result, &mut text.text, pace).await;
    }
    text.text
}

/// Lines joined by newlines.
struct Lines {
    text: String,
    is_begun: bool,
}

/// Any content block; which fields matter is a question of its type.
struct Block<'a> {
    kind: &'a [u8],
    text: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    mime_type: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    resource: Option<Resource<'a>>,
}

/// A resource sent along, as text or as base64.
struct Resource<'a> {
    uri: Option<&'a [u8]>,
    mime_type: Option<&'a [u8]>,
    text: Option<&'a [u8]>,
    blob: Option<&'a [u8]>,
}

const UNREADABLE: &str = "[content that cannot be read]";

impl Lines {
    fn begin(&mut self) -> &mut String {
        if std::mem::replace(&mut self.is_begun, true) {
            self.text.push('\n');
        }
        &mut self.text
    }
}

async fn write(result: &[u8], lines: &mut Lines, pace: &mut Pace) -> Result<(), Bad> {
    const NAMES: [&str; 5] = ["content", "contents", "messages", "completion", "structuredContent"];
    let (mut has_text, mut structured) = (false, None);
    let mut members = Split::object(result, pace).await?;
    while let Some((name, value)) = members.member(pace).await? {
        match position(name, &NAMES, pace).await?.map(|at| NAMES[at]) {
            Some("content") => {
                let mut blocks = Split::list(value, pace).await?;
                while let Some(block) = blocks.element(pace).await? {
                    has_text |= write_block(block, lines, pace).await;
                }
            }
            Some("contents") => {
                let mut resources = Split::list(value, pace).await?;
                while let Some(raw) = resources.element(pace).await? {
                    match Resource::read(raw, pace).await {
                        Ok(resource) => {
                            has_text = true;
                            resource.write(lines.begin(), pace).await;
                        }
                        Err(Bad) => lines.begin().push_str(UNREADABLE),
                    }
                }
            }
            Some("messages") => {
                write_messages(value, lines, pace).await?;
                has_text = true;
            }
            Some("completion") => {
                write_values(value, lines, pace).await;
                has_text = true;
            }
            // null means the same as leaving it out.
            Some(_) => structured = given(Some(value)),
            None => {}
        }
    }
    if let (false, Some(structured)) = (has_text, structured) {
        layout::pretty(structured, lines.begin(), pace).await;
    }
    Ok(())
}

/// Whether it counts as text.
async fn write_block(raw: &[u8], lines: &mut Lines, pace: &mut Pace) -> bool {
    match Block::read(raw, pace).await {
        Ok(block) => block.write(lines.begin(), pace).await,
        Err(Bad) => {
            lines.begin().push_str(UNREADABLE);
            false
        }
    }
}

/// Who speaks is only worth a word when several do.
async fn write_messages(raw: &[u8], lines: &mut Lines, pace: &mut Pace) -> Result<(), Bad> {
    let (mut first, mut mixed) = (None, false);
    let mut messages = Split::list(raw, pace).await?;
    while let Some(raw) = messages.element(pace).await? {
        let Ok((role, _)) = message(raw, pace).await else { continue };
        let Ok(role) = decoded(role, pace).await else { continue };
        mixed |= first.as_ref().is_some_and(|first| *first != role);
        first.get_or_insert(role);
    }
    let mut messages = Split::list(raw, pace).await?;
    while let Some(raw) = messages.element(pace).await? {
        let Ok((role, content)) = message(raw, pace).await else {
            lines.begin().push_str(UNREADABLE);
            continue;
        };
        let Ok(block) = Block::read(content, pace).await else {
            lines.begin().push_str(UNREADABLE);
            continue;
        };
        let out = lines.begin();
        if mixed && position(role, &["user"], pace).await?.is_none() {
            unescape(role, out, pace).await?;
            out.push_str(": ");
        }
        block.write(out, pace).await;
    }
    Ok(())
}

/// Role and content of one message of a prompt.
async fn message<'a>(raw: &'a [u8], pace: &mut Pace) -> Result<(&'a [u8], &'a [u8]), Bad> {
    let [role, content] = fields(raw, &["role", "content"], pace).await?;
    let role = words(role, pace).await?.ok_or(Bad)?;
    Ok((role, content.ok_or(Bad)?))
}

/// The values of a completion, when all of them can be read.
async fn write_values(raw: &[u8], lines: &mut Lines, pace: &mut Pace) {
    let Ok([Some(values)]) = fields(raw, &["values"], pace).await else { return };
    let Ok(mut all) = Split::list(values, pace).await else { return };
    while let Ok(Some(value)) = all.element(pace).await {
        if !is_text(value, pace).await {
            return;
        }
    }
    let Ok(mut all) = Split::list(values, pace).await else { return };
    while let Ok(Some(value)) = all.element(pace).await {
        let mut out = OneLine { out: lines.begin(), tabs: false };
        bare(value, &mut out, pace).await;
    }
}

/// A string that may be missing.
async fn words<'a>(raw: Option<&'a [u8]>, pace: &mut Pace) -> Result<Option<&'a [u8]>, Bad> {
    match given(raw) {
        Some(raw) if !is_text(raw, pace).await => Err(Bad),
        words => Ok(words),
    }
}

impl<'a> Resource<'a> {
    async fn read(raw: &'a [u8], pace: &mut Pace) -> Result<Resource<'a>, Bad> {
        let names = ["uri", "mimeType", "text", "blob"];
        let [uri, mime_type, text, blob] = fields(raw, &names, pace).await?;
        Ok(Resource {
            uri: words(uri, pace).await?,
            mime_type: words(mime_type, pace).await?,
            text: words(text, pace).await?,
            blob: given(blob),
        })
    }

    /// As part of what `resources/read` gave.
    async fn write(&self, out: &mut String, pace: &mut Pace) {
        if let Some(text) = self.text {
            return bare(text, out, pace).await;
        }
        out.push_str("[resource");
        let start = out.len();
        for raw in [self.uri, self.mime_type].into_iter().flatten() {
            out.push(' ');
            bare(raw, out, pace).await;
        }
        match self.blob {
            None => out.push_str(" without content]"),
            Some(blob) => {
                if out.len() == start + 1 {
                    out.truncate(start);
                }
                measure(None, Some(blob), out, pace).await;
            }
        }
    }
}

impl<'a> Block<'a> {
    async fn read(raw: &'a [u8], pace: &mut Pace) -> Result<Block<'a>, Bad> {
        let names = ["type", "text", "data", "mimeType", "name", "uri", "resource"];
        let [kind, text, data, mime_type, name, uri, resource] = fields(raw, &names, pace).await?;
        Ok(Block {
            kind: words(kind, pace).await?.ok_or(Bad)?,
            text: words(text, pace).await?,
            data: given(data),
            mime_type: words(mime_type, pace).await?,
            name: words(name, pace).await?,
            uri: words(uri, pace).await?,
            resource: match given(resource) {
                Some(raw) => Some(Resource::read(raw, pace).await?),
                None => None,
            },
        })
    }

    /// Whether it counts as text.
    async fn write(&self, out: &mut String, pace: &mut Pace) -> bool {
        const KINDS: [&str; 5] = ["text", "resource", "resource_link", "image", "audio"];
        let kind = position(self.kind, &KINDS, pace).await.ok().flatten().map(|at| KINDS[at]);
        match (kind, &self.resource) {
            (Some("text"), _) => {
                if let Some(text) = self.text {
                    bare(text, out, pace).await;
                }
                return true;
            }
            (Some("resource"), Some(Resource { text: Some(text), .. })) => {
                bare(text, out, pace).await;
                return true;
            }
            (Some("resource"), Some(Resource { blob: Some(blob), mime_type, .. })) => {
                out.push_str("[blob");
                measure(*mime_type, Some(blob), out, pace).await;
            }
            (Some("resource"), Some(resource)) => {
                note(b"\"resource\"", [resource.uri, None], out, pace).await;
            }
            (Some("resource_link"), _) => {
                note(b"\"resource\"", [self.name, self.uri], out, pace).await;
            }
            (Some(kind @ ("image" | "audio")), _) => {
                out.push('[');
                out.push_str(kind);
                measure(self.mime_type, self.data, out, pace).await;
            }
            _ => note(self.kind, [self.name, self.uri], out, pace).await,
        }
        false
    }
}

async fn note(kind: &[u8], words: [Option<&[u8]>; 2], out: &mut String, pace: &mut Pace) {
    out.push('[');
    bare(kind, out, pace).await;
    for word in words.into_iter().flatten() {
        out.push(' ');
        bare(word, out, pace).await;
    }
    out.push(']');
}

/// Type and size of what a base64 string stands for, and the bracket behind them.
async fn measure(mime_type: Option<&[u8]>, data: Option<&[u8]>, out: &mut String, pace: &mut Pace) {
    if let Some(mime_type) = mime_type {
        out.push(' ');
        bare(mime_type, out, pace).await;
    }
    let bytes = decoded_len(data.unwrap_or_default(), pace).await;
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    out.push_str(&format!(" {bytes} {unit}]"));
}

/// How many bytes a base64 string stands for.
async fn decoded_len(base64: &[u8], pace: &mut Pace) -> usize {
    // "\/" is the only escape that base64 in JSON may hold: one character.
    let counts =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/' | b'-' | b'_');
    let (mut at, mut sextets) = (0, 0);
    while at < base64.len() {
        let piece = piece(base64, at);
        sextets += piece.iter().filter(counts).count();
        at += piece.len();
        pace.spend(piece.len()).await;
    }
    sextets / 4 * 3 + sextets % 4 * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(blocks: &str) -> String {
        text(format!(r#"{{"content":[{blocks}]}}"#).as_bytes())
    }

    #[test]
    fn text_blocks_are_joined_by_newlines() {
        let blocks = r#"{"type":"text","text":"a\tb"},{"type":"text","text":""},
                        {"type":"text","text":"\u00e9"}"#;
        assert_eq!(of(blocks), "a\tb\n\n\u{e9}");
    }

    #[test]
    fn binary_content_is_named_and_measured() {
        assert_eq!(
            of(r#"{"type":"image","mimeType":"image/png","data":"aGVsbG8="}"#),
            "[image image/png 5 bytes]"
        );
        assert_eq!(of(r#"{"type":"audio","data":"aA=="}"#), "[audio 1 byte]");
        assert_eq!(
            of(r#"{"type":"image","mimeType":"image/png","data":"\/\/\/\/"}"#),
            "[image image/png 3 bytes]"
        );
        assert_eq!(
            of(r#"{"type":"resource","resource":{"uri":"f:///x","mimeType":"a/b","blob":"aGk="}}"#),
            "[blob a/b 2 bytes]"
        );
    }

    #[test]
    fn resources_give_their_text_or_their_name() {
        assert_eq!(of(r#"{"type":"resource","resource":{"uri":"u","text":"body"}}"#), "body");
        assert_eq!(
            of(r#"{"type":"resource_link","uri":"f:///x","name":"x"}"#),
            "[resource x f:///x]"
        );
        assert_eq!(of(r#"{"type":"resource_link","uri":"f:///x"}"#), "[resource f:///x]");
    }

    #[test]
    fn structured_content_is_shown_only_without_text() {
        let structured = r#""structuredContent":{"b":1.50,"a":[true,{}]}"#;
        let with = format!(r#"{{"content":[{{"type":"text","text":"t"}}],{structured}}}"#);
        assert_eq!(text(with.as_bytes()), "t");
        let without = format!(r#"{{{structured},"content":[]}}"#);
        assert_eq!(
            text(without.as_bytes()),
            "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    {}\n  ]\n}"
        );
        let image = format!(r#"{{"content":[{{"type":"image","data":""}}],{structured}}}"#);
        assert!(text(image.as_bytes()).starts_with("[image 0 bytes]\n{\n"));
        assert_eq!(text(br#"{"content":[],"structuredContent":null}"#), "");
    }

    #[test]
    fn what_is_unknown_or_broken_is_still_shown() {
        assert_eq!(of(r#"{"type":"hologram","name":"x"}"#), "[hologram x]");
        assert_eq!(
            of(r#"5,{"type":"text","text":7},{"type":"text","text":"ok"}"#),
            "[content that cannot be read]\n[content that cannot be read]\nok"
        );
        assert_eq!(text(b"{\"content\":7}"), "{\"content\":7}");
        assert_eq!(text(b"{\"content\":[\xff"), "{\"content\":[\u{fffd}");
        assert_eq!(text(b""), "");
        assert_eq!(text(b"{}"), "");
    }

    #[test]
    fn pretty_leaves_strings_and_numbers_alone() {
        assert_eq!(
            pretty(r#"{"a, b":"{\"[","n":1e400}"#),
            "{\n  \"a, b\": \"{\\\"[\",\n  \"n\": 1e400\n}"
        );
        assert_eq!(pretty("[ ]"), "[]");
        assert_eq!(pretty(" 7 "), "7");
        assert_eq!(pretty("\"open"), "\"open");
    }

    #[test]
    fn depth_cannot_make_the_text_explode() {
        let depth = 100_000;
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(pretty(&json).len() < depth * 2 * 90);
    }
}
