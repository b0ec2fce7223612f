//! The binary parts of an answer: images, audio, blobs of resources.
//!
//! Separate from the text, which only measures them: the bytes are made when
//! somebody wants to keep them.

use crate::chunks::Chunks;
use crate::protocol::job::{Job, Pace, room};
use crate::protocol::walk::{Bad, Split, last, position};
use crate::protocol::words::{Sink, bare, is_utf8};

/// A binary part, still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    mime: Option<&'a [u8]>,
    base64: &'a [u8],
}

/// The binary parts of an answer, decoded.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    mimes: String,
    bytes: Vec<u8>,
    /// Where each ends in both.
    ends: Chunks<(usize, usize)>,
}

/// The binary parts of a raw answer, in its order: of a tool's result, a read
/// resource or an expanded prompt.
pub fn blobs(answer: &[u8]) -> Vec<Blob<'_>> {
    let found = Job::new(|mut pace| async move { find(answer, &mut pace).await }).finish();
    (0..found.len()).filter_map(|at| found.get(at).copied()).collect()
}

/// The binary parts of a raw answer, decoded, in steps.
pub fn blobs_job<'a>(answer: impl AsRef<[u8]> + Send + Sync + 'a) -> Job<'a, Blobs> {
    Job::new(|mut pace| async move {
        let answer = answer.as_ref();
        let found = find(answer, &mut pace).await;
        let mut blobs = Blobs::default();
        if !found.is_empty() {
            blobs.bytes.reserve_exact(room(answer.len() / 4 * 3 + 3));
        }
        for at in 0..found.len() {
            let Some(blob) = found.get(at) else { continue };
            blob.write_mime(&mut blobs.mimes, &mut pace).await;
            blobs.bytes = blob.read(blobs.bytes, &mut pace).await;
            blobs.ends.push((blobs.mimes.len(), blobs.bytes.len()));
        }
        let mut found = found;
        while found.shed() {
            pace.spend(4096).await;
        }
        blobs
    })
}

/// How many bytes a raw string in base64 stands for.
pub(super) async fn length(base64: &[u8], pace: &mut Pace) -> usize {
    let mut length = Length { sextets: 0, over: false };
    bare(base64, &mut length, pace).await;
    length.sextets * 6 / 8
}

impl Blobs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Type and bytes of one; the type is empty when the server gave none.
    pub fn get(&self, index: usize) -> Option<(&str, &[u8])> {
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        let (mimes, bytes) = before.copied().unwrap_or_default();
        let (mimes_end, bytes_end) = *self.ends.get(index)?;
        Some((self.mimes.get(mimes..mimes_end)?, self.bytes.get(bytes..bytes_end)?))
    }
}

impl Blob<'_> {
    /// The type the server gave it, empty when it gave none.
    pub fn mime(&self) -> String {
        let of = |mut pace| async move {
            let mut mime = String::new();
            self.write_mime(&mut mime, &mut pace).await;
            mime
        };
        Job::new(of).finish()
    }

    /// Its bytes. What is no base64 is skipped, so that line breaks and the other
    /// alphabet do no harm.
    pub fn decode(&self) -> Vec<u8> {
        let bytes = Vec::with_capacity(self.base64.len() / 4 * 3 + 3);
        Job::new(|mut pace| async move { self.read(bytes, &mut pace).await }).finish()
    }

    async fn write_mime(&self, out: &mut String, pace: &mut Pace) {
        if let Some(raw) = self.mime.filter(|raw| raw.starts_with(b"\"")) {
            bare(raw, out, pace).await;
        }
    }

    /// Adds its bytes to `bytes`.
    async fn read(&self, bytes: Vec<u8>, pace: &mut Pace) -> Vec<u8> {
        let mut decoder = Decoder { bytes, bits: 0, count: 0, over: false };
        bare(self.base64, &mut decoder, pace).await;
        decoder.bytes
    }
}

async fn find<'a>(answer: &'a [u8], pace: &mut Pace) -> Chunks<Blob<'a>> {
    let mut found = Chunks::new();
    // An answer that cannot be read has none.
    if !is_utf8(answer, pace).await {
        return found;
    }
    let lists = last(answer, &["content", "contents", "messages"], pace).await;
    let [content, contents, messages] = lists.unwrap_or_default();
    for (list, of) in [(content, Of::Block), (contents, Of::Resource), (messages, Of::Message)] {
        let Some(list) = list else { continue };
        let Ok(mut list) = Split::list(list, pace).await else { continue };
        while let Ok(Some(raw)) = list.element(pace).await {
            if let Ok(Some(blob)) = of_element(raw, of, pace).await {
                found.push(blob);
            }
        }
    }
    found
}

/// What the elements of a list are.
#[derive(Clone, Copy)]
enum Of {
    Block,
    Resource,
    Message,
}

async fn of_element<'a>(raw: &'a [u8], of: Of, pace: &mut Pace) -> Result<Option<Blob<'a>>, Bad> {
    match of {
        Of::Block => of_block(raw, pace).await,
        Of::Resource => of_resource(raw, pace).await,
        Of::Message => {
            let [content] = last(raw, &["content"], pace).await?;
            of_block(content.ok_or(Bad)?, pace).await
        }
    }
}

async fn of_block<'a>(raw: &'a [u8], pace: &mut Pace) -> Result<Option<Blob<'a>>, Bad> {
    let names = ["resource", "type", "data", "mimeType"];
    let [resource, kind, data, mime] = last(raw, &names, pace).await?;
    if let Some(resource) = resource {
        return of_resource(resource, pace).await;
    }
    let kind = kind.filter(|kind| kind.starts_with(b"\"")).ok_or(Bad)?;
    let known = position(kind, &["image", "audio"], pace).await?.is_some();
    Ok(data.filter(|_| known).map(|base64| Blob { mime, base64 }))
}

async fn of_resource<'a>(raw: &'a [u8], pace: &mut Pace) -> Result<Option<Blob<'a>>, Bad> {
    let [mime, blob] = last(raw, &["mimeType", "blob"], pace).await?;
    Ok(blob.map(|base64| Blob { mime, base64 }))
}

/// Base64 of which the bytes are wanted.
struct Decoder {
    bytes: Vec<u8>,
    bits: u32,
    count: u32,
    over: bool,
}

/// Base64 of which the length is wanted.
struct Length {
    sextets: usize,
    over: bool,
}

impl Sink for Decoder {
    const COST: usize = 16;

    fn push(&mut self, text: &str) {
        let text = until_padding(text, &mut self.over);
        for sextet in text.bytes().filter_map(sextet) {
            self.bits = self.bits << 6 | u32::from(sextet);
            self.count += 6;
            if self.count >= 8 {
                self.count -= 8;
                // The eight bits that are complete; what is above them went out before.
                self.bytes.push((self.bits >> self.count) as u8);
            }
        }
    }
}

impl Sink for Length {
    const COST: usize = 16;

    fn push(&mut self, text: &str) {
        self.sextets += until_padding(text, &mut self.over).bytes().filter_map(sextet).count();
    }
}

/// What stands before the first `=`.
fn until_padding<'a>(text: &'a str, over: &mut bool) -> &'a str {
    if *over {
        return "";
    }
    let Some((text, _)) = text.split_once('=') else { return text };
    *over = true;
    text
}

fn sextet(byte: u8) -> Option<u8> {
    const NONE: u8 = 64;
    const SEXTETS: [u8; 256] = {
        let mut sextets = [NONE; 256];
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut at = 0;
        while at < alphabet.len() {
            sextets[alphabet[at] as usize] = at as u8;
            at += 1;
        }
        (sextets[b'-' as usize], sextets[b'_' as usize]) = (62, 63);
        sextets
    };
    Some(SEXTETS[usize::from(byte)]).filter(|sextet| *sextet != NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(base64: &str) -> Vec<u8> {
        let answer = format!(r#"{{"content":[{{"type":"image","data":"{base64}"}}]}}"#);
        blobs(answer.as_bytes())[0].decode()
    }

    #[test]
    fn base64_is_decoded_whatever_its_dialect() {
        // The vectors of RFC 4648.
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE", "fooba"),
            (r"Zm9v\nYmFy\r\n", "foobar"),
        ] {
            assert_eq!(decoded(text), bytes.as_bytes(), "{text}");
        }
        assert_eq!(decoded(r"\/+8="), [0xff, 0xef]);
        assert_eq!(decoded("_-8"), [0xff, 0xef]);
    }

    #[test]
    fn every_binary_part_is_found_in_its_order() {
        let result = br#"{"content":[{"type":"text","text":"Zg=="},
            {"type":"audio","mimeType":"audio/wav","data":"Zg=="},
            {"type":"resource","resource":{"uri":"x","blob":"Zm8="}},
            {"type":"resource","resource":{"uri":"x","text":"t"}}, 7]}"#;
        let found = blobs(result);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].mime().as_str(), found[0].decode()), ("audio/wav", b"f".to_vec()));
        assert_eq!((found[1].mime().as_str(), found[1].decode()), ("", b"fo".to_vec()));
        assert_eq!(blobs(br#"{"contents":[{"uri":"x","mimeType":"a/b","blob":"Zg=="}]}"#).len(), 1);
        let prompt = br#"{"messages":[{"role":"user","content":{"type":"image","data":"Zg=="}}]}"#;
        assert_eq!(blobs(prompt).len(), 1);
        assert!(blobs(b"[]").is_empty() && blobs(b"").is_empty());
    }
}
