//! JSON taken apart in pieces, one level at a time.
//!
//! The readers of answers ask for the members of an object or the elements of a
//! list, and get each as the bytes it came as. Everything passed over is checked
//! as `serde_json` checks it, so that both call the same bytes unreadable.
//!
//! Invariant: what is given out is one whole, well-formed value without blanks
//! around it.

use crate::json::plain_run;
use crate::json::skip::{self, Open};
use crate::json::task::Pace;
use crate::json::text;

/// Bytes looked at between two stops.
pub(crate) const PIECE: usize = 8 << 10;
/// No longer string, escapes and all, is one of the short words that are looked for.
const SHORT: usize = 160;

/// It is not JSON, or not what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bad;

type Read<T> = Result<T, Bad>;

/// An object or a list, member by member.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    walk: Walk<'a>,
    close: u8,
    first: bool,
}

#[derive(Debug)]
struct Walk<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Split<'a> {
    /// The object that `json` begins with.
    pub(crate) async fn object(json: &'a [u8], pace: &mut Pace) -> Read<Split<'a>> {
        Split::open(json, pace).await.and_then(|split| split.only(b'}'))
    }

    /// The list that `json` begins with.
    pub(crate) async fn list(json: &'a [u8], pace: &mut Pace) -> Read<Split<'a>> {
        Split::open(json, pace).await.and_then(|split| split.only(b']'))
    }

    async fn open(json: &'a [u8], pace: &mut Pace) -> Read<Split<'a>> {
        let mut walk = Walk { json, at: 0 };
        walk.blanks(pace).await;
        let close = match walk.next() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            _ => return Err(Bad),
        };
        walk.at += 1;
        Ok(Split { walk, close, first: true })
    }

    fn only(self, close: u8) -> Read<Split<'a>> {
        if self.close == close { Ok(self) } else { Err(Bad) }
    }

    /// The next member of an object: its name as it came, and its value.
    pub(crate) async fn member(&mut self, pace: &mut Pace) -> Read<Option<(&'a [u8], &'a [u8])>> {
        if !self.is_more(pace).await? {
            return Ok(None);
        }
        let name = self.walk.name(pace).await?;
        Ok(Some((name, self.walk.value(pace).await?)))
    }

    /// The next element of a list.
    pub(crate) async fn element(&mut self, pace: &mut Pace) -> Read<Option<&'a [u8]>> {
        match self.is_more(pace).await? {
            true => self.walk.value(pace).await.map(Some),
            false => Ok(None),
        }
    }

    /// Nothing but blanks may follow what was read to its end.
    pub(crate) async fn end(mut self, pace: &mut Pace) -> Read<()> {
        self.walk.end(pace).await
    }

    async fn is_more(&mut self, pace: &mut Pace) -> Read<bool> {
        pace.spend(16).await;
        let walk = &mut self.walk;
        walk.blanks(pace).await;
        match walk.next() {
            Some(close) if close == self.close => {
                walk.at += 1;
                return Ok(false);
            }
            Some(b',') if !self.first => {
                walk.at += 1;
                walk.blanks(pace).await;
            }
            Some(_) if self.first => {}
            _ => return Err(Bad),
        }
        self.first = false;
        Ok(true)
    }
}

impl<'a> Walk<'a> {
    fn next(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Read<()> {
        if self.next() != Some(byte) {
            return Err(Bad);
        }
        self.at += 1;
        Ok(())
    }

    async fn blanks(&mut self, pace: &mut Pace) {
        loop {
            let piece = piece(self.json, self.at);
            let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            let count = piece.iter().position(|byte| !blank(byte)).unwrap_or(piece.len());
            self.at += count;
            if count < piece.len() || count == 0 {
                return;
            }
            pace.spend(count).await;
        }
    }

    async fn end(&mut self, pace: &mut Pace) -> Read<()> {
        self.blanks(pace).await;
        if self.next().is_none() { Ok(()) } else { Err(Bad) }
    }

    async fn name(&mut self, pace: &mut Pace) -> Read<&'a [u8]> {
        let start = self.at;
        let end = self.json.len().min(start + pace.stride());
        if let Some((name, next)) = skip::name(&self.json[..end], start) {
            self.at = next;
            pace.spend((next - start) / 8 + 8).await;
            return Ok(&self.json[start..name]);
        }
        let name = self.string(pace).await?;
        self.blanks(pace).await;
        self.take(b':')?;
        self.blanks(pace).await;
        Ok(name)
    }

    async fn string(&mut self, pace: &mut Pace) -> Read<&'a [u8]> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            let piece = piece(self.json, self.at);
            let count = plain_run(piece, true, true);
            self.at += count;
            pace.spend(count / 8 + 2).await;
            if count == piece.len() && count > 0 {
                continue;
            }
            match self.next() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.json[start..self.at]);
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(Bad),
            }
        }
    }

    fn escape(&mut self) -> Read<()> {
        self.at = skip::escape(self.json, self.at).ok_or(Bad)?;
        Ok(())
    }

    /// Whatever value begins here.
    async fn value(&mut self, pace: &mut Pace) -> Read<&'a [u8]> {
        let start = self.at;
        let (mut open, mut is_over) = (Open::default(), false);
        loop {
            let (before, end) = (self.at, self.json.len().min(self.at + pace.stride()));
            let steps = skip::pass(&self.json[..end], &mut self.at, &mut open, &mut is_over)?;
            if is_over && open.last().is_none() {
                pace.spend((self.at - before) / 8 + steps * 8).await;
                return Ok(&self.json[start..self.at]);
            }
            pace.spend((self.at - before) / 8 + steps * 8 + 8).await;
            // What did not fit in there may fit from here on.
            if self.at == before {
                self.token(&mut open, &mut is_over, pace).await?;
            }
        }
    }

    /// One token that is too long to be passed over in one go, and what belongs to it.
    async fn token(&mut self, open: &mut Open, is_over: &mut bool, pace: &mut Pace) -> Read<()> {
        if *is_over {
            let close = open.last().ok_or(Bad)?;
            self.blanks(pace).await;
            if self.next() == Some(close) {
                self.at += 1;
                open.pop();
                return Ok(());
            }
            self.take(b',')?;
            self.blanks(pace).await;
            if close == b'}' {
                self.name(pace).await?;
            }
            *is_over = false;
            return Ok(());
        }
        let close = match self.next() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            first => {
                match first {
                    Some(b'"') => _ = self.string(pace).await?,
                    _ => self.scalar(pace).await?,
                }
                *is_over = true;
                return Ok(());
            }
        };
        self.at += 1;
        self.blanks(pace).await;
        if self.next() == Some(close) {
            self.at += 1;
            *is_over = true;
            return Ok(());
        }
        open.push(close);
        if close == b'}' {
            self.name(pace).await?;
        }
        Ok(())
    }

    async fn scalar(&mut self, pace: &mut Pace) -> Read<()> {
        for word in ["null", "true", "false"] {
            if self.json[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        if self.next() == Some(b'-') {
            self.at += 1;
        }
        match self.next() {
            Some(b'0') => {
                self.at += 1;
                if self.next().is_some_and(|byte| byte.is_ascii_digit()) {
                    return Err(Bad);
                }
            }
            _ => self.digits(pace).await?,
        }
        if self.next() == Some(b'.') {
            self.at += 1;
            self.digits(pace).await?;
        }
        if let Some(b'e' | b'E') = self.next() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.next() {
                self.at += 1;
            }
            self.digits(pace).await?;
        }
        Ok(())
    }

    async fn digits(&mut self, pace: &mut Pace) -> Read<()> {
        let start = self.at;
        loop {
            let piece = piece(self.json, self.at);
            let count = piece.iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.at += count;
            if count < piece.len() || count == 0 {
                return if self.at > start { Ok(()) } else { Err(Bad) };
            }
            pace.spend(count).await;
        }
    }
}

/// The bytes from `at` on that are looked at before the next stop.
pub(crate) fn piece(json: &[u8], at: usize) -> &[u8] {
    &json[at..json.len().min(at + PIECE)]
}

/// One value without the blanks around it.
pub(crate) async fn whole<'a>(json: &'a [u8], pace: &mut Pace) -> Read<&'a [u8]> {
    let mut walk = Walk { json, at: 0 };
    walk.blanks(pace).await;
    let value = walk.value(pace).await?;
    walk.end(pace).await?;
    Ok(value)
}

/// The members of `names` of an object, of several the last.
pub(crate) async fn last<'a, const N: usize>(
    json: &'a [u8],
    names: &[&str; N],
    pace: &mut Pace,
) -> Read<[Option<&'a [u8]>; N]> {
    let mut found = [None; N];
    let mut split = Split::object(json, pace).await?;
    while let Some((name, value)) = split.member(pace).await? {
        if let Some(at) = position(name, names, pace).await? {
            found[at] = Some(value);
        }
    }
    split.end(pace).await?;
    Ok(found)
}

/// Which of `names` the raw string `name` is. One that is no text spoils all.
pub(crate) async fn position<const N: usize>(
    name: &[u8],
    names: &[&str; N],
    pace: &mut Pace,
) -> Read<Option<usize>> {
    pace.spend(N).await;
    if name.len() <= SHORT && !name.contains(&b'\\') {
        let name = &name[1..name.len() - 1];
        return Ok(names.iter().position(|other| other.as_bytes() == name));
    }
    if !text::is_text(name, pace).await {
        return Err(Bad);
    }
    if name.len() > SHORT {
        return Ok(None);
    }
    let name = text::decoded(name, pace).await?;
    Ok(names.iter().position(|other| *other == name))
}

/// A member that is there and not null.
pub(crate) fn given(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| *value != b"null")
}
