//! The binary parts of an answer: images, audio, blobs of resources.
//!
//! Separate from the text, which only measures them: the bytes are made when
//! somebody wants to keep them.

use serde_json::value::RawValue;

use crate::plain::content::blocks;
use crate::plain::schema::{Members, bare, parse, text as string};

/// A binary part, still encoded.
#[derive(Clone, Debug)]
pub struct Blob {
    mime: String,
    base64: String,
}

/// The binary parts of a raw answer, in its order: of a tool's result, a read
/// resource or an expanded prompt.
pub fn blobs(answer: &[u8]) -> Vec<Blob> {
    let mut found = Vec::new();
    if answer.starts_with(b"[") {
        let Ok(raw) = serde_json::from_slice::<&RawValue>(answer) else { return found };
        return blocks(raw).into_iter().filter_map(of_block).collect();
    }
    let Ok(answer) = serde_json::from_slice::<Members<'_>>(answer) else { return found };
    let list = |name| answer.get(name).map(blocks).unwrap_or_default();
    found.extend(list("content").into_iter().filter_map(of_block));
    found.extend(list("contents").into_iter().filter_map(of_block));
    for raw in list("messages") {
        let Some(message) = parse::<Members<'_>>(raw) else { continue };
        let content = message.get("content").unwrap_or(raw);
        found.extend(blocks(content).into_iter().filter_map(of_block));
    }
    found
}

/// How many bytes a raw string in base64 stands for.
pub fn length(base64: &RawValue) -> usize {
    Blob::of(None, base64).map_or(0, |blob| blob.decode().len())
}

impl Blob {
    pub fn of(mime: Option<&RawValue>, data: &RawValue) -> Option<Blob> {
        if !data.get().starts_with('"') {
            return None;
        }
        let text = bare(data).into_owned();
        let mime = mime.filter(|raw| raw.get().starts_with('"') && raw.get().len() <= 4096);
        let mime = mime.map(bare).unwrap_or_default().into_owned();
        Some(Blob { mime, base64: text })
    }

    /// The type the server gave it, empty when it gave none.
    pub fn mime(&self) -> String {
        self.mime.clone()
    }

    /// Its bytes. What is no base64 is skipped, so that line breaks and the other
    /// alphabet do no harm; what follows padding was encoded by itself.
    pub fn decode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in self.base64.split('=') {
            let (mut bits, mut count) = (0_u32, 0);
            for sextet in text.bytes().filter_map(sextet) {
                bits = bits << 6 | u32::from(sextet);
                count += 6;
                if count >= 8 {
                    count -= 8;
                    // The eight bits that are complete; what is above them went out before.
                    bytes.push((bits >> count) as u8);
                }
            }
        }
        bytes
    }
}

fn of_block(raw: &RawValue) -> Option<Blob> {
    let block = parse::<Members<'_>>(raw)?;
    let of = |of: &Members<'_>, data: Option<&RawValue>| {
        let data = data.filter(|data| data.get() != "null")?;
        Blob::of(of.get("mimeType").filter(|raw| raw.get() != "null"), data)
    };
    if let Some(resource) = block.get("resource").and_then(parse::<Members<'_>>) {
        return of(&resource, resource.get("blob"));
    }
    let kind = block.get("type").and_then(string).filter(|kind| !kind.is_empty());
    let binary = kind.is_none_or(|kind| {
        kind.eq_ignore_ascii_case("image") || kind.eq_ignore_ascii_case("audio")
    });
    let given = |name| block.get(name).filter(|raw: &&RawValue| raw.get() != "null");
    of(&block, given("data").filter(|_| binary).or(given("blob")))
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
