//! Large results of several shapes, in which nothing can be missing, doubled or in
//! the wrong place unseen.

use serde_json::{Value, json};

/// The length of one line of [`line()`].
const LINE: usize = 25;

/// Makes a result of about that many bytes.
pub(crate) fn result(shape: &str, bytes: usize) -> Option<Value> {
    let count = bytes / LINE;
    let block = |text: String| json!({"type": "text", "text": text});
    let content = match shape {
        "lines" => vec![block((0..count).map(line).collect())],
        "one" => vec![block((0..count).map(line).collect::<String>().replace('\n', "."))],
        "blocks" => (0..count).map(|n| block(line(n).trim_end().to_string())).collect(),
        "images" => {
            // Four of them, and a word before the first.
            let image = |part: usize| {
                let data: Vec<u8> = (0..count / 4).flat_map(|n| bits(part * count + n)).collect();
                json!({"type": "image", "mimeType": "image/png", "data": base64(&data)})
            };
            std::iter::once(block("four images".to_string())).chain((0..4).map(image)).collect()
        }
        "data" => {
            let rows: Vec<Value> =
                (0..count).map(|n| json!({"n": n, "is": line(n).trim_end()})).collect();
            let data = json!({"last": count.saturating_sub(1), "rows": rows});
            return Some(json!({"content": [], "structuredContent": data}));
        }
        "failure" => {
            let content = vec![block((0..count).map(line).collect())];
            return Some(json!({"content": content, "isError": true}));
        }
        _ => return None,
    };
    Some(json!({"content": content}))
}

/// The n-th line.
fn line(n: usize) -> String {
    format!("{n:07} 0123456789abcdef\n")
}

/// The n-th piece of an image, as long as a line.
fn bits(n: usize) -> [u8; LINE] {
    let mut piece = [0xff; LINE];
    piece[..8].copy_from_slice(&(n as u64).to_be_bytes());
    piece
}

fn base64(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
    for three in data.chunks(3) {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) & 63]));
        }
        out.extend(std::iter::repeat_n('=', 3 - three.len()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
