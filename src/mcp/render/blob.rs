//! The binary parts of an answer: images, audio, blobs of resources.
//!
//! Separate from the text, which only measures them: the bytes are decoded when the
//! host asks for them.

use std::borrow::Cow;

use crate::chunks::Chunks;
use crate::json::cursor::{Cursor, given, last, whole};
use crate::json::task::Task;
use crate::json::text::{plain, read};
use crate::json::{Budget, NotJson, Sink, Unescape};
use crate::mcp::render::blocks::Blocks;

/// A binary part, still encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blob<'a> {
    /// A raw string, or the media type of a data URI, without quotes.
    mime: Option<&'a [u8]>,
    /// The inside of a raw string, without the prefix of a data URI.
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

/// How many binary parts a raw answer has. None of them is decoded.
pub fn count(answer: &[u8]) -> usize {
    Task::new(|mut budget| async move { find(answer, &mut budget).await.len() }).finish()
}

/// The binary parts of a raw answer in its order, decoded, in steps: of a tool's result, a
/// read resource or an expanded prompt.
pub fn blobs_task<'a>(answer: impl AsRef<[u8]> + Send + Sync + 'a) -> Task<'a, Blobs> {
    Task::new(|mut budget| async move {
        let answer = answer.as_ref();
        let found = find(answer, &mut budget).await;
        let mut blobs = Blobs::default();
        let sizes = (0..found.len()).filter_map(|at| found.get(at));
        blobs.bytes.reserve_exact(sizes.map(|blob| blob.base64.len() / 4 * 3 + 3).sum());
        for at in 0..found.len() {
            let Some(blob) = found.get(at) else { continue };
            blobs.mimes.push_str(&blob.type_name());
            blobs.bytes = blob.read(blobs.bytes, &mut budget).await;
            blobs.ends.push((blobs.mimes.len(), blobs.bytes.len()));
        }
        let mut found = found;
        while found.shed() {
            budget.spend(4096).await;
        }
        blobs
    })
}

/// How many bytes a raw string in base64 stands for; 0 for any other value.
pub(crate) async fn length(base64: &[u8], budget: &mut Budget) -> usize {
    match Blob::new(None, base64) {
        Some(blob) => blob.length(budget).await,
        None => 0,
    }
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

impl<'a> Blob<'a> {
    /// The part in the raw value `data`, which is base64 or a data URI (RFC 2397);
    /// `None` for any other value.
    pub(crate) fn new(mime: Option<&'a [u8]>, data: &'a [u8]) -> Option<Blob<'a>> {
        let inside = data.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let mime = mime.filter(|mime| mime.starts_with(b"\"") && *mime != b"\"\"");
        Some(match data_uri(inside) {
            Some((said, base64)) => Blob { mime: mime.or(said), base64 },
            None => Blob { mime, base64: inside },
        })
    }

    /// How many bytes it stands for.
    pub(crate) async fn length(&self, budget: &mut Budget) -> usize {
        let mut length = 0;
        let mut decoder = Decoder { bits: 0, count: 0, each: |_| length += 1 };
        read(Unescape::inside(self.base64), &mut decoder, budget).await;
        length
    }

    /// The type the server gave it, empty when it gave none.
    fn type_name(&self) -> Cow<'a, str> {
        // Of a longer one only the beginning could be a type.
        const LONGEST: usize = 4096;
        let mime = self.mime.filter(|mime| mime.len() <= LONGEST).unwrap_or_default();
        match mime.starts_with(b"\"") || !mime.contains(&b'\\') {
            true => plain(mime),
            // Of a data URI: "\/" is the only escape in it.
            false => Cow::Owned(String::from_utf8_lossy(mime).replace('\\', "")),
        }
    }

    /// Adds its bytes, of either alphabet, to `bytes`. Bytes that are not base64 are skipped,
    /// because servers break lines.
    async fn read(&self, mut bytes: Vec<u8>, budget: &mut Budget) -> Vec<u8> {
        let mut decoder = Decoder { bits: 0, count: 0, each: |byte| bytes.push(byte) };
        read(Unescape::inside(self.base64), &mut decoder, budget).await;
        bytes
    }
}

/// Media type and data of a data URI.
fn data_uri(inside: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    // Longer than the type and the parameters of images that servers send.
    const LONGEST: usize = 200;
    let rest = inside.trim_ascii_start();
    let rest = rest.get(5..).filter(|_| rest[..5].eq_ignore_ascii_case(b"data:"))?;
    let comma = rest.iter().take(LONGEST).position(|byte| *byte == b',')?;
    let (header, data) = (&rest[..comma], &rest[comma + 1..]);
    let mime = header.split(|byte| *byte == b';').next().filter(|mime| !mime.is_empty());
    Some((mime, data))
}

async fn find<'a>(answer: &'a [u8], budget: &mut Budget) -> Chunks<Blob<'a>> {
    let mut found = Chunks::new();
    // An answer that cannot be read has none.
    let _ = find_in(answer, &mut found, budget).await;
    found
}

async fn find_in<'a>(
    answer: &'a [u8],
    found: &mut Chunks<Blob<'a>>,
    budget: &mut Budget,
) -> Result<(), NotJson> {
    if answer.starts_with(b"[") {
        return find_blocks(whole(answer, budget).await?, found, budget).await;
    }
    let lists = last(answer, &["content", "contents", "messages"], budget).await?;
    let [content, contents, messages] = lists.map(given);
    for list in [content, contents].into_iter().flatten() {
        find_blocks(list, found, budget).await?;
    }
    let mut cursor = Cursor::at(messages.unwrap_or(b"null"));
    let mut messages = Blocks::of(&mut cursor);
    while let Some((raw, members)) = messages.next(&["content"], budget).await? {
        if let Some([content]) = members {
            find_blocks(content.unwrap_or(raw), found, budget).await?;
        }
    }
    Ok(())
}

async fn find_blocks<'a>(
    value: &'a [u8],
    found: &mut Chunks<Blob<'a>>,
    budget: &mut Budget,
) -> Result<(), NotJson> {
    let names = ["resource", "type", "data", "mimeType", "blob"];
    let mut cursor = Cursor::at(value);
    let mut blocks = Blocks::of(&mut cursor);
    while let Some((_, members)) = blocks.next(&names, budget).await? {
        let Some(members) = members else { continue };
        let [resource, kind, data, mime, blob] = members.map(given);
        let blob = match resource.filter(|resource| resource.starts_with(b"{")) {
            Some(resource) => {
                let names = ["mimeType", "blob"];
                let [mime, blob] = last(resource, &names, budget).await?.map(given);
                blob.and_then(|blob| Blob::new(mime, blob))
            }
            None => {
                let binary = kind.is_none_or(is_binary);
                let data = data.filter(|_| binary).or(blob);
                data.and_then(|data| Blob::new(mime, data))
            }
        };
        if let Some(blob) = blob {
            found.push(blob);
        }
    }
    Ok(())
}

/// Whether a block of this raw type has its bytes in `data`.
fn is_binary(kind: &[u8]) -> bool {
    // Longer than either, each character written as an escape.
    const LONGEST: usize = 40;
    let is = |name: &str| kind.len() <= LONGEST && plain(kind).eq_ignore_ascii_case(name);
    !kind.starts_with(b"\"") || kind == b"\"\"" || is("image") || is("audio")
}

/// Base64, of which `each` takes byte by byte.
struct Decoder<F> {
    bits: u32,
    count: u32,
    each: F,
}

impl<F: FnMut(u8) + Send> Sink for Decoder<F> {
    const COST: usize = 16;

    fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    fn push_bytes(&mut self, text: &[u8]) {
        for byte in text.iter().copied() {
            if byte == b'=' {
                // The bytes behind the padding were encoded by themselves.
                (self.bits, self.count) = (0, 0);
            }
            let Some(sextet) = sextet(byte) else { continue };
            self.bits = self.bits << 6 | u32::from(sextet);
            self.count += 6;
            if self.count >= 8 {
                self.count -= 8;
                // The cast drops the bits that were given to `each` before.
                (self.each)((self.bits >> self.count) as u8);
            }
        }
    }
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

    /// Type and bytes of each binary part.
    fn blobs(answer: &[u8]) -> Vec<(String, Vec<u8>)> {
        let blobs = blobs_task(answer).finish();
        assert_eq!(count(answer), blobs.len());
        let part = |at| blobs.get(at).map(|(mime, bytes)| (mime.to_owned(), bytes.to_owned()));
        (0..blobs.len()).filter_map(part).collect()
    }

    fn decoded(base64: &str) -> Vec<u8> {
        let answer = format!(r#"{{"content":[{{"type":"image","data":"{base64}"}}]}}"#);
        blobs(answer.as_bytes()).remove(0).1
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
        assert_eq!(decoded(" Zm 9v\\tYg== "), b"foob", "blanks");
        assert_eq!(decoded("Zg==Zm8="), b"ffo", "pieces that were encoded by themselves");
    }

    #[test]
    fn a_data_uri_is_its_type_and_its_data() {
        let of = |block: &str| {
            let answer = format!(r#"{{"content":[{block}]}}"#);
            blobs(answer.as_bytes()).remove(0)
        };
        for (block, mime) in [
            (r#"{"type":"image","data":"data:image/png;base64,Zm9v"}"#, "image/png"),
            (
                r#"{"type":"image","data":" DATA:image\/gif;base64,Zm9v","mimeType":null}"#,
                "image/gif",
            ),
            (r#"{"type":"image","data":"data:image/png;base64,Zm9v","mimeType":"a/b"}"#, "a/b"),
            (r#"{"data":"data:;base64,Zm9v"}"#, ""),
            (r#"{"type":7,"blob":"Zm9v","mimeType":7}"#, ""),
            (r#"[[{"type":"IMAGE","data":"Zm9v"}]]"#, ""),
        ] {
            assert_eq!(of(block), (mime.to_owned(), b"foo".to_vec()), "{block}");
        }
        assert!(
            blobs(br#"{"content":[{"type":"image","data":7},{"type":"x","data":"Zg=="}]}"#)
                .is_empty()
        );
    }

    #[test]
    fn every_binary_part_is_found_in_its_order() {
        let result = br#"{"content":[{"type":"text","text":"Zg=="},
            {"type":"audio","mimeType":"audio/wav","data":"Zg=="},
            {"type":"resource","resource":{"uri":"x","blob":"Zm8="}},
            {"type":"resource","resource":{"uri":"x","text":"t"}}, 7]}"#;
        let found = [("audio/wav".to_owned(), b"f".to_vec()), (String::new(), b"fo".to_vec())];
        assert_eq!(blobs(result), found);
        assert_eq!(blobs(br#"{"contents":[{"uri":"x","mimeType":"a/b","blob":"Zg=="}]}"#).len(), 1);
        let prompt = br#"{"messages":[{"role":"user","content":{"type":"image","data":"Zg=="}}]}"#;
        assert_eq!(blobs(prompt).len(), 1);
        assert!(blobs(b"[]").is_empty() && blobs(b"").is_empty());
    }
}
