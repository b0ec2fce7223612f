//! The binary parts of an answer: images, audio, blobs of resources.
//!
//! Separate from the text, which only measures them: the bytes are made when
//! somebody wants to keep them.

use serde_json::value::RawValue;

use crate::plain::schema::{Members, bare, parse};

/// A binary part, still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    mime: Option<&'a RawValue>,
    base64: &'a RawValue,
}

/// The binary parts of a raw answer, in its order: of a tool's result, a read
/// resource or an expanded prompt.
pub fn blobs(answer: &[u8]) -> Vec<Blob<'_>> {
    let mut found = Vec::new();
    let Ok(answer) = serde_json::from_slice::<Members<'_>>(answer) else { return found };
    let list = |name| answer.get(name).and_then(parse::<Vec<&RawValue>>).unwrap_or_default();
    for block in list("content").into_iter().filter_map(parse::<Members<'_>>) {
        found.extend(of_block(&block));
    }
    for resource in list("contents").into_iter().filter_map(parse::<Members<'_>>) {
        found.extend(of_resource(&resource));
    }
    for message in list("messages").into_iter().filter_map(parse::<Members<'_>>) {
        let block = message.get("content").and_then(parse::<Members<'_>>);
        found.extend(block.as_ref().and_then(of_block));
    }
    found
}

/// How many bytes a text in base64 stands for.
pub fn length(base64: &str) -> usize {
    sextets(base64).count() * 6 / 8
}

impl Blob<'_> {
    /// The type the server gave it, empty when it gave none.
    pub fn mime(&self) -> String {
        self.mime.filter(|raw| raw.get().starts_with('"')).map(bare).unwrap_or_default().into()
    }

    /// Its bytes. What is no base64 is skipped, so that line breaks and the other
    /// alphabet do no harm.
    pub fn decode(&self) -> Vec<u8> {
        let text = bare(self.base64);
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
        let (mut bits, mut count) = (0_u32, 0);
        for sextet in sextets(&text) {
            bits = bits << 6 | u32::from(sextet);
            count += 6;
            if count >= 8 {
                count -= 8;
                // The eight bits that are complete; what is above them went out before.
                bytes.push((bits >> count) as u8);
            }
        }
        bytes
    }
}

fn of_block<'a>(block: &Members<'a>) -> Option<Blob<'a>> {
    if let Some(resource) = block.get("resource") {
        return of_resource(&parse::<Members<'a>>(resource)?);
    }
    let kind = bare(block.get("type")?);
    let base64 = block.get("data").filter(|_| matches!(&*kind, "image" | "audio"))?;
    Some(Blob { mime: block.get("mimeType"), base64 })
}

fn of_resource<'a>(resource: &Members<'a>) -> Option<Blob<'a>> {
    Some(Blob { mime: resource.get("mimeType"), base64: resource.get("blob")? })
}

fn sextets(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().take_while(|byte| *byte != b'=').filter_map(sextet)
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
