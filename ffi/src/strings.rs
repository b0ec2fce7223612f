//! Text across the border, in both directions.
//!
//! What comes in is copied at once, so that no lifetime of C's has to be
//! trusted after the call. What goes out is NUL-terminated UTF-8, with any NUL
//! a server slipped into it replaced, so that both ways of measuring agree.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use tmcp::json::{Budget, Unescape};
use tmcp::release;

use crate::failure::Failure;

/// An environment longer than this is not an environment.
const ENV_MAX: usize = 1 << 20;
/// Bytes looked at between two stops.
const PIECE: usize = 8 << 10;

/// A required string.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
pub unsafe fn required(text: *const c_char, what: &str) -> Result<String, Failure> {
    // SAFETY: the caller's promise, passed on.
    unsafe { optional(text, what) }?.ok_or_else(|| Failure::null(what))
}

/// A string that may be missing.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
pub unsafe fn optional(text: *const c_char, what: &str) -> Result<Option<String>, Failure> {
    // SAFETY: the caller's promise, passed on.
    let Some(bytes) = (unsafe { bytes(text) }) else { return Ok(None) };
    utf8(bytes, what).map(Some)
}

/// A string with its length; `len` 0 means that it is NUL-terminated.
///
/// # Safety
/// `text` is NULL, or `len` bytes are readable, or `len` is 0 and it is
/// NUL-terminated.
pub unsafe fn counted(
    text: *const c_char,
    len: usize,
    what: &str,
) -> Result<Option<String>, Failure> {
    if text.is_null() || len == 0 {
        // SAFETY: NULL, or NUL-terminated as promised for length 0.
        return unsafe { optional(text, what) };
    }
    if isize::try_from(len).is_err() {
        return Err(Failure::invalid(format!("{what}: length {len} is impossible")));
    }
    // SAFETY: `len` readable bytes are promised and the length is possible.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), len) };
    utf8(bytes.to_vec(), what).map(Some)
}

/// A path that may be missing.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
pub unsafe fn path(text: *const c_char) -> Option<PathBuf> {
    // SAFETY: the caller's promise, passed on.
    unsafe { bytes(text) }.map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
}

/// An environment; NULL stands for the process's own.
///
/// # Safety
/// `envp` is NULL or a NULL-terminated array of NUL-terminated strings.
pub unsafe fn environment(envp: *const *const c_char) -> Vec<(OsString, OsString)> {
    if envp.is_null() {
        return std::env::vars_os().collect();
    }
    let mut env = Vec::new();
    for index in 0..ENV_MAX {
        // SAFETY: no NULL was met before `index`, so it is within the array.
        let entry = unsafe { envp.add(index) };
        // SAFETY: as above.
        let entry = unsafe { entry.read() };
        // SAFETY: an entry is NULL or NUL-terminated.
        let Some(entry) = (unsafe { bytes(entry) }) else { break };
        // A leading '=' is part of the name, as the C library has it.
        let Some(at) = entry.iter().skip(1).position(|byte| *byte == b'=') else { continue };
        let (name, value) = entry.split_at(at + 1);
        env.push((OsStr::from_bytes(name).into(), OsStr::from_bytes(&value[1..]).into()));
    }
    env
}

/// The longest array of strings.
const ARRAY_MAX: usize = 65_536;

/// `count` strings, none of which may be NULL.
///
/// # Safety
/// `array` is NULL or has `count` pointers that are NULL or NUL-terminated.
pub unsafe fn array(
    array: *const *const c_char,
    count: usize,
    what: &str,
) -> Result<Vec<String>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if array.is_null() {
        return Err(Failure::null(what));
    }
    if count > ARRAY_MAX || !array.is_aligned() {
        return Err(Failure::invalid(format!("{what} is no array of {count} strings")));
    }
    // SAFETY: `count` pointers are readable.
    let array = unsafe { std::slice::from_raw_parts(array, count) };
    // SAFETY: NULL or NUL-terminated.
    array.iter().map(|text| unsafe { required(*text, what) }).collect()
}

/// A list of strings; NULL is an empty one.
///
/// # Safety
/// `list` is NULL or a NULL-terminated array of NUL-terminated strings.
pub unsafe fn list(list: *const *const c_char, what: &str) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    if list.is_null() {
        return Ok(texts);
    }
    for index in 0..ENV_MAX {
        // SAFETY: no NULL was met before `index`, so it is within the array.
        let entry = unsafe { list.add(index) };
        // SAFETY: as above.
        let entry = unsafe { entry.read() };
        // SAFETY: an entry is NULL or NUL-terminated.
        let Some(text) = unsafe { optional(entry, what) }? else { break };
        texts.push(text);
    }
    Ok(texts)
}

/// Writes `text` as far as it fits, always NUL-terminated, never half a
/// character; returns the length it has in full.
///
/// # Safety
/// `buf` is NULL or `len` bytes at it are writable.
pub unsafe fn copy_out(text: &str, buf: *mut c_char, len: usize) -> usize {
    if !buf.is_null() && len > 0 {
        let fits = text.floor_char_boundary_at(len - 1);
        // SAFETY: `fits` is below `len`, and Rust's text cannot overlap C's buffer.
        unsafe { text.as_ptr().copy_to_nonoverlapping(buf.cast(), fits) };
        // SAFETY: `fits` is at most len - 1.
        let end = unsafe { buf.add(fits) };
        // SAFETY: within the buffer, as above.
        unsafe { end.write(0) };
    }
    text.len()
}

/// Writes to an optional output.
///
/// # Safety
/// `out` is NULL or writable.
pub unsafe fn store<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not NULL, hence writable by the caller's promise.
        unsafe { out.write(value) };
    }
}

/// [`copy_out`] for a function whose caller is told the full length in `needed`.
///
/// # Safety
/// `buf` is NULL or `len` bytes at it are writable; `needed` is NULL or writable.
pub unsafe fn copy_and_measure(text: &str, buf: *mut c_char, len: usize, needed: *mut usize) {
    // SAFETY: by the caller's promise.
    let full = unsafe { copy_out(text, buf, len) };
    // SAFETY: as above.
    unsafe { store(needed, full) };
}

/// NUL-terminated bytes of `text`, without a NUL inside.
pub fn terminated(text: String) -> CString {
    match CString::new(text) {
        Ok(text) => text,
        Err(error) => {
            let text = error.into_vec();
            let text = String::from_utf8_lossy(&text).replace('\0', "\u{fffd}");
            // Cannot fail, every NUL was just replaced; empty is the safe answer.
            CString::new(text).unwrap_or_default()
        }
    }
}

/// NUL-terminated text without a NUL inside, in a buffer that may have room for more.
#[derive(Debug)]
pub struct Terminated(Vec<u8>);

impl Terminated {
    /// The text, to be read as C does.
    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// Its length in bytes without the NUL.
    pub fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// The buffer, to be used again.
    pub fn into_buffer(self) -> Vec<u8> {
        self.0
    }
}

impl From<CString> for Terminated {
    fn from(text: CString) -> Terminated {
        Terminated(text.into_bytes_with_nul())
    }
}

/// As [`terminated`], in pieces.
pub async fn terminated_in_pieces(text: String, budget: &mut Budget) -> CString {
    let clean = cleaned(text.into_bytes(), budget).await;
    // SAFETY: `cleaned` leaves one NUL, at the end.
    unsafe { CString::from_vec_with_nul_unchecked(clean) }
}

/// `text`, which is UTF-8, without a NUL inside and with one behind it, in pieces.
async fn cleaned(text: Vec<u8>, budget: &mut Budget) -> Vec<u8> {
    let mut nuls = 0;
    for piece in text.chunks(PIECE) {
        // A search for one is faster than a count.
        if memchr::memchr(0, piece).is_some() {
            nuls += memchr::memchr_iter(0, piece).count();
        }
        budget.spend(piece.len() / 4).await;
    }
    let mut clean = text;
    if nuls > 0 {
        let text = clean;
        clean = Vec::with_capacity(text.len() + nuls * 2 + 1);
        without_nul(&text, &mut clean, budget).await;
        budget.release(text).await;
    }
    clean.reserve_exact(1);
    clean.push(0);
    clean
}

/// The text of a JSON string, in pieces. `quoted` has its quotes.
pub async fn unescaped(quoted: &[u8], budget: &mut Budget) -> Terminated {
    // No text is longer than its string, whose quotes leave room for the NUL.
    let mut text = release::buffer(quoted.len());
    let mut rest = Unescape::new(quoted);
    while !rest.read_into(&mut text, budget) {
        budget.pause().await;
    }
    let mut clean = cleaned(text, budget).await;
    if clean.len() < clean.capacity() / 2 {
        clean.shrink_to_fit();
    }
    Terminated(clean)
}

/// Adds `text` without a NUL inside to `out`, in pieces.
pub async fn without_nul(text: &[u8], out: &mut Vec<u8>, budget: &mut Budget) {
    for piece in text.chunks(PIECE) {
        let mut parts = piece.split(|byte| *byte == 0);
        out.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            out.extend_from_slice("\u{fffd}".as_bytes());
            out.extend_from_slice(part);
        }
        budget.spend(piece.len() / 2 + 8).await;
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn bytes(text: *const c_char) -> Option<Vec<u8>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, hence NUL-terminated by the caller's promise.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes().to_vec())
}

fn utf8(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::invalid(format!("{what} is not valid UTF-8")))
}

/// Cutting text without cutting a character.
trait Boundary {
    fn floor_char_boundary_at(&self, at: usize) -> usize;
}

impl Boundary for str {
    fn floor_char_boundary_at(&self, at: usize) -> usize {
        (0..=at.min(self.len())).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tmcp::json::task::Task;

    fn copied(text: &str, len: usize) -> (usize, Vec<u8>) {
        let mut buf = vec![0x7f_u8; len.max(1)];
        // SAFETY: the buffer has `len` bytes.
        let full = unsafe { copy_out(text, buf.as_mut_ptr().cast(), len) };
        (full, buf)
    }

    #[test]
    fn a_short_buffer_gets_a_whole_prefix_and_a_nul() {
        assert_eq!(copied("abc", 4), (3, b"abc\0".to_vec()));
        assert_eq!(copied("abc", 3), (3, b"ab\0".to_vec()));
        assert_eq!(copied("ab\u{e9}", 4), (4, b"ab\0\x7f".to_vec()));
        assert_eq!(copied("abc", 1), (3, b"\0".to_vec()));
        assert_eq!(copied("abc", 0), (3, b"\x7f".to_vec()));
    }

    #[test]
    fn nul_from_a_server_does_not_cut_a_text() {
        assert_eq!(terminated("a\0b".into()).to_bytes(), "a\u{fffd}b".as_bytes());
    }

    #[test]
    fn in_pieces_or_not_a_text_is_the_same() {
        let long = "e\u{e9}".repeat(PIECE);
        for text in ["", "a", "\0", "a\0\0b", &long, &format!("{long}\0{long}\0")] {
            let owned = text.to_owned();
            let task =
                Task::new(
                    |mut budget| async move { terminated_in_pieces(owned, &mut budget).await },
                );
            assert_eq!(task.in_steps_of(1).finish(), terminated(text.to_owned()));
        }
    }

    #[test]
    fn an_environment_is_split_at_its_first_equals_sign() {
        let entries = [c"A=1=2".as_ptr(), c"junk".as_ptr(), c"=B=3".as_ptr(), std::ptr::null()];
        // SAFETY: NULL-terminated, of literals.
        let env = unsafe { environment(entries.as_ptr()) };
        assert_eq!(env, [("A".into(), "1=2".into()), ("=B".into(), "3".into())]);
    }

    #[test]
    fn text_from_c_must_be_utf8() {
        // SAFETY: a literal.
        let failure = unsafe { required(c"\xff".as_ptr(), "server name") }.unwrap_err();
        assert!(format!("{failure:?}").contains("server name is not valid UTF-8"));
    }

    #[test]
    fn a_stated_length_wins_over_the_nul() {
        // SAFETY: two bytes of a literal of three.
        let text = unsafe { counted(c"{}x".as_ptr(), 2, "json") }.unwrap();
        assert_eq!(text.as_deref(), Some("{}"));
        // SAFETY: refused before it is read.
        assert!(unsafe { counted(c"{}".as_ptr(), usize::MAX, "json") }.is_err());
    }
}
