//! JSON taken apart one level at a time.
//!
//! The readers of answers ask for the members of an object or the elements of a
//! list, and get each as the bytes it came as. Everything passed over is checked.
//!
//! Invariant: each value given out is whole and well-formed, in UTF-8, without blanks
//! around it.

use crate::json::budget::Budget;
use crate::json::tokenizer::{NotJson, Step, Token, Tokenizer};
use crate::json::unescape::unescape;

pub(crate) type Read<T> = Result<T, NotJson>;

/// The members of an object that were asked for.
pub(crate) type FoundMembers<'a, const N: usize> = [Option<&'a [u8]>; N];

/// A value, and when it is an object those of its members that were asked for.
pub(crate) type ValueMembers<'a, const N: usize> = (&'a [u8], Option<FoundMembers<'a, N>>);

/// An object or a list, member by member.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    json: &'a [u8],
    tokenizer: Tokenizer,
}

impl<'a> Cursor<'a> {
    /// The object that `json` begins with.
    pub(crate) async fn object(json: &'a [u8], budget: &mut Budget) -> Read<Cursor<'a>> {
        Cursor::open(json, Token::ObjectStart, budget).await
    }

    /// The list that `json` begins with.
    pub(crate) async fn list(json: &'a [u8], budget: &mut Budget) -> Read<Cursor<'a>> {
        Cursor::open(json, Token::ListStart, budget).await
    }

    /// A cursor before the value that `json` begins with.
    pub(crate) fn at(json: &'a [u8]) -> Cursor<'a> {
        Cursor { json, tokenizer: Tokenizer::new() }
    }

    async fn open(json: &'a [u8], wanted: Token, budget: &mut Budget) -> Read<Cursor<'a>> {
        let mut cursor = Cursor::at(json);
        match cursor.token(budget).await? {
            token if token == wanted => Ok(cursor),
            _ => Err(NotJson),
        }
    }

    /// The next member of an object: its name as it came, and its value.
    pub(crate) async fn member(
        &mut self,
        budget: &mut Budget,
    ) -> Read<Option<(&'a [u8], &'a [u8])>> {
        let Some(name) = self.name(budget).await? else { return Ok(None) };
        Ok(Some((name, self.next_value(budget).await?)))
    }

    /// The name of the next member of an object, as it came; its value is next.
    pub(crate) async fn name(&mut self, budget: &mut Budget) -> Read<Option<&'a [u8]>> {
        let token = self.token(budget).await?;
        Ok((token == Token::Key).then(|| self.found()))
    }

    /// The next value.
    pub(crate) async fn next_value(&mut self, budget: &mut Budget) -> Read<&'a [u8]> {
        let first = self.token(budget).await?;
        self.value(first, budget).await
    }

    /// The object that has just begun, and its members of `names`, of several the last.
    pub(crate) async fn members<const N: usize>(
        &mut self,
        names: &[&str; N],
        budget: &mut Budget,
    ) -> Read<(&'a [u8], FoundMembers<'a, N>)> {
        let (start, mut found) = (self.tokenizer.start(), [None; N]);
        while let Some(name) = self.name(budget).await? {
            let value = self.next_value(budget).await?;
            if let Some(at) = position(name, names) {
                found[at] = Some(value);
            }
            budget.charge(N);
        }
        Ok((&self.json[start..self.tokenizer.end()], found))
    }

    /// The next element of a list.
    pub(crate) async fn element(&mut self, budget: &mut Budget) -> Read<Option<&'a [u8]>> {
        match self.token(budget).await? {
            Token::ListEnd => Ok(None),
            first => self.value(first, budget).await.map(Some),
        }
    }

    /// The next element of a list, with its members of `names` when it is an object.
    pub(crate) async fn entry<const N: usize>(
        &mut self,
        names: &[&str; N],
        budget: &mut Budget,
    ) -> Read<Option<ValueMembers<'a, N>>> {
        match self.token(budget).await? {
            Token::ListEnd => Ok(None),
            first => self.entry_of(first, names, budget).await.map(Some),
        }
    }

    /// The entry that begins with the last token.
    pub(crate) async fn entry_of<const N: usize>(
        &mut self,
        first: Token,
        names: &[&str; N],
        budget: &mut Budget,
    ) -> Read<ValueMembers<'a, N>> {
        if first != Token::ObjectStart {
            return Ok((self.value(first, budget).await?, None));
        }
        let (raw, members) = self.members(names, budget).await?;
        Ok((raw, Some(members)))
    }

    /// Nothing but blanks may follow the value that was read to its end.
    pub(crate) async fn end(mut self, budget: &mut Budget) -> Read<()> {
        while self.tokenizer.trailing(self.json, budget)? == Step::OutOfBudget {
            budget.pause().await;
        }
        Ok(())
    }

    /// The bytes of the last token.
    fn found(&self) -> &'a [u8] {
        &self.json[self.tokenizer.start()..self.tokenizer.end()]
    }

    /// The next token.
    pub(crate) async fn token(&mut self, budget: &mut Budget) -> Read<Token> {
        loop {
            match self.tokenizer.next(self.json, budget)? {
                Step::Token(token) => return Ok(token),
                Step::OutOfBudget => budget.pause().await,
                Step::NeedInput => return self.tokenizer.finish()?.ok_or(NotJson),
                Step::End => return Err(NotJson),
            }
        }
    }

    /// All of the value that begins with the last token.
    pub(crate) async fn value(&mut self, first: Token, budget: &mut Budget) -> Read<&'a [u8]> {
        let start = self.tokenizer.start();
        if let Token::ObjectStart | Token::ListStart = first {
            let outside = self.tokenizer.nesting().depth() - 1;
            while !self.skip(outside, budget)? {
                budget.pause().await;
            }
        }
        Ok(&self.json[start..self.tokenizer.end()])
    }

    /// Reads on until `depth` brackets are open. False: the budget is spent.
    fn skip(&mut self, depth: usize, budget: &mut Budget) -> Read<bool> {
        loop {
            match self.tokenizer.next(self.json, budget)? {
                Step::Token(Token::ObjectEnd | Token::ListEnd)
                    if self.tokenizer.nesting().depth() == depth =>
                {
                    return Ok(true);
                }
                Step::Token(_) => {}
                Step::OutOfBudget => return Ok(false),
                Step::NeedInput | Step::End => return Err(NotJson),
            }
        }
    }
}

/// One value without the blanks around it.
pub(crate) async fn whole<'a>(json: &'a [u8], budget: &mut Budget) -> Read<&'a [u8]> {
    let mut cursor = Cursor::at(json);
    let value = cursor.next_value(budget).await?;
    cursor.end(budget).await?;
    Ok(value)
}

/// The members of `names` of an object, of several the last.
pub(crate) async fn last<'a, const N: usize>(
    json: &'a [u8],
    names: &[&str; N],
    budget: &mut Budget,
) -> Read<FoundMembers<'a, N>> {
    let mut cursor = Cursor::object(json, budget).await?;
    let (_, found) = cursor.members(names, budget).await?;
    cursor.end(budget).await?;
    Ok(found)
}

/// Which of `names` the raw string `name` is.
pub(crate) fn position<const N: usize>(name: &[u8], names: &[&str; N]) -> Option<usize> {
    let inside = name.get(1..name.len() - 1)?;
    // An escape takes at most six bytes for one.
    let is_near = |other: &str| (other.len()..=other.len() * 6).contains(&inside.len());
    if !names.iter().any(|other| is_near(other)) {
        return None;
    }
    if !inside.contains(&b'\\') {
        return names.iter().position(|other| other.as_bytes() == inside);
    }
    let name = unescape(name);
    names.iter().position(|other| *other == name)
}

/// A member that is there and not null.
pub(crate) fn given(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| *value != b"null")
}
