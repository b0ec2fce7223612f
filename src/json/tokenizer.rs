//! The one grammar of JSON (RFC 8259) in this crate.
//!
//! [`Tokenizer::next`] stops wherever the text or the budget ends and goes on there
//! at the next call, so a message of megabytes costs each turn of a loop only its
//! share. It accepts the texts that `serde_json` accepts, whatever their depth.

use crate::json::budget::Budget;
use crate::json::nesting::Nesting;
use crate::json::number::Number;
use crate::json::plain_run::{BLOCK, plain_run, short_string};

/// Bytes of a string or of blanks between two looks at the budget.
const PIECE: usize = 8 << 10;

/// A lexical element. Commas and colons are checked and not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ListStart,
    /// `]`
    ListEnd,
    /// The name of a member, a string.
    Key,
    /// A string that is a value.
    Text,
    /// A number.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

/// The result of a call of [`Tokenizer::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A token, from [`Tokenizer::start`] to [`Tokenizer::end`].
    Token(Token),
    /// The text ends here. Call again with a longer text, or [`Tokenizer::finish`].
    NeedInput,
    /// The budget is spent. Call again with another.
    OutOfBudget,
    /// The value has ended. Bytes after it are not looked at.
    End,
}

/// The text is not JSON; [`Tokenizer::error`] says why.
///
/// Carries nothing, so that the result of each token fits into a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Offset in bytes of the first byte that does not fit.
    pub at: usize,
    /// The noun that JSON allows there, for a message: "expected a value".
    pub expected: &'static str,
}

/// Which texts are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 8259.
    #[default]
    Json,
    /// JSON with `//` and `/* */` comments and commas before a closing bracket, as
    /// editors write their settings.
    Jsonc,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before a value: of the document, or after a colon.
    #[default]
    Value,
    /// Before the brace of a document that must be an object.
    Object,
    /// After `[`.
    FirstElement,
    /// After a comma in a list.
    Element,
    /// After `{`.
    FirstKey,
    /// After a comma in an object.
    Key,
    Colon,
    /// After a value inside brackets.
    After,
    /// Inside a string that is a key.
    InKey,
    /// Inside a string that is a value.
    InText,
    InNumber,
    Done,
}

impl State {
    /// Whether no token begins at the next byte.
    #[inline]
    fn is_inside(self) -> bool {
        matches!(self, State::InKey | State::InText | State::InNumber | State::Done)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Comment {
    #[default]
    None,
    /// After the slash, which begins either.
    Slash,
    Line,
    Block,
}

/// Reads one JSON value, token by token.
#[derive(Debug, Default)]
pub struct Tokenizer {
    state: State,
    /// How far the number has come, in its state.
    number: Number,
    nesting: Nesting,
    /// Everything before was read.
    at: usize,
    /// Where the last token begins and ends.
    start: usize,
    end: usize,
    is_escaped: bool,
    /// The string has gone beyond ASCII, and is UTF-8 up to `checked`.
    is_wide: bool,
    checked: usize,
    is_multiline: bool,
    /// A comment or a comma too many was read over.
    is_relaxed: bool,
    dialect: Dialect,
    comment: Comment,
    error: Option<SyntaxError>,
}

impl Tokenizer {
    /// A tokenizer at the start of a text.
    pub fn new() -> Tokenizer {
        Tokenizer::default()
    }

    /// The same for another dialect.
    pub fn of(dialect: Dialect) -> Tokenizer {
        Tokenizer { dialect, ..Tokenizer::default() }
    }

    /// The same for a text that must be an object.
    pub fn of_object(dialect: Dialect) -> Tokenizer {
        Tokenizer { state: State::Object, ..Tokenizer::of(dialect) }
    }

    /// Where the last token begins, as an offset in the text.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Where the last token ends.
    pub fn end(&self) -> usize {
        self.end
    }

    /// How far the text was read: at least to the end of the last token.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Why the text is not JSON, after [`NotJson`].
    pub fn error(&self) -> Option<SyntaxError> {
        self.error
    }

    /// Whether the last token is a string that contains a backslash.
    pub fn is_escaped(&self) -> bool {
        self.is_escaped
    }

    /// Whether line breaks lie between the tokens so far.
    pub fn is_multiline(&self) -> bool {
        self.is_multiline
    }

    /// The brackets that are open after the last token.
    pub fn nesting(&self) -> &Nesting {
        &self.nesting
    }

    /// The value has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The token that has begun and not ended, at [`start`](Self::start).
    pub fn unfinished(&self) -> Option<Token> {
        match self.state {
            State::InKey => Some(Token::Key),
            State::InText => Some(Token::Text),
            State::InNumber => Some(Token::Number),
            _ => None,
        }
    }

    /// Whether a comment or a comma before a closing bracket was read over.
    pub fn is_relaxed(&self) -> bool {
        self.is_relaxed
    }

    /// The caller drops the first `count` bytes of the text, at most [`at`](Self::at).
    /// A token that began there has lost its start.
    pub fn rebase(&mut self, count: usize) {
        debug_assert!(count <= self.at);
        self.at -= count;
        self.start = self.start.saturating_sub(count);
        self.end = self.end.saturating_sub(count);
        self.checked = self.checked.saturating_sub(count);
    }

    /// The caller has read the object or list that the last token opened: it ends at `end`.
    pub fn pass_value(&mut self, text: &[u8], end: usize) {
        self.at = end;
        self.nesting.pop();
        self.end_value(text);
    }

    /// Reads on. `text` is the whole text so far; bytes of earlier calls must not change.
    ///
    /// # Errors
    /// The text stops being JSON.
    #[inline]
    pub fn next(&mut self, text: &[u8], budget: &mut Budget) -> Result<Step, NotJson> {
        loop {
            if budget.is_spent() {
                return Ok(Step::OutOfBudget);
            }
            if self.state.is_inside() {
                return self.go_on(text, budget);
            }
            let byte = match text.get(self.at) {
                Some(byte) if *byte > b' ' && self.comment == Comment::None => *byte,
                _ => match self.skip_blanks(text, budget)? {
                    Ok(byte) => byte,
                    Err(step) => return Ok(step),
                },
            };
            budget.charge(8);
            match self.state {
                State::Value | State::FirstElement | State::Element => match byte {
                    b'"' => return self.begin_string(State::InText, text, budget),
                    b'{' => return Ok(self.open(Token::ObjectStart)),
                    b'[' => return Ok(self.open(Token::ListStart)),
                    b'-' | b'0'..=b'9' => {
                        self.start = self.at;
                        return self.number(Number::Start, text, budget);
                    }
                    b't' => return self.literal(text, b"true", Token::True),
                    b'f' => return self.literal(text, b"false", Token::False),
                    b'n' => return self.literal(text, b"null", Token::Null),
                    b']' if self.state == State::FirstElement => {
                        return Ok(self.close(Token::ListEnd, text));
                    }
                    _ => {}
                },
                State::Key | State::FirstKey => match byte {
                    b'"' => return self.begin_string(State::InKey, text, budget),
                    b'}' if self.state == State::FirstKey => {
                        return Ok(self.close(Token::ObjectEnd, text));
                    }
                    _ => {}
                },
                State::After => match byte {
                    b',' => {
                        self.at += 1;
                        self.state = self.after_comma();
                        continue;
                    }
                    b'}' if self.nesting.in_object() => {
                        return Ok(self.close(Token::ObjectEnd, text));
                    }
                    b']' if !self.nesting.in_object() => {
                        return Ok(self.close(Token::ListEnd, text));
                    }
                    _ => {}
                },
                State::Object if byte == b'{' => return Ok(self.open(Token::ObjectStart)),
                State::Colon if byte == b':' => {
                    self.at += 1;
                    self.state = State::Value;
                    continue;
                }
                _ => {}
            }
            if let Some(step) = self.rare(byte, text)? {
                return Ok(step);
            }
        }
    }

    /// Reads on inside a token, or stays behind the end of the value.
    #[inline(never)]
    fn go_on(&mut self, text: &[u8], budget: &mut Budget) -> Result<Step, NotJson> {
        match self.state {
            State::InNumber => self.number(self.number, text, budget),
            State::Done => Ok(Step::End),
            _ => self.string(text, budget),
        }
    }

    /// Bytes that begin a comment, or do not fit.
    #[inline(never)]
    fn rare(&mut self, byte: u8, text: &[u8]) -> Result<Option<Step>, NotJson> {
        let is_jsonc = self.dialect == Dialect::Jsonc;
        match (self.state, byte) {
            (_, b'/') if is_jsonc => {
                self.at += 1;
                self.comment = Comment::Slash;
                self.is_relaxed = true;
                Ok(None)
            }
            (State::Key, b'}') if is_jsonc => {
                self.is_relaxed = true;
                Ok(Some(self.close(Token::ObjectEnd, text)))
            }
            (State::Element, b']') if is_jsonc => {
                self.is_relaxed = true;
                Ok(Some(self.close(Token::ListEnd, text)))
            }
            (State::Object, _) => self.expected("'{'"),
            (State::Done, _) => self.expected("the end"),
            (State::Value | State::FirstElement | State::Element, _) => self.expected("a value"),
            (State::After, _) if self.nesting.in_object() => self.expected("',' or '}'"),
            (State::After, _) => self.expected("',' or ']'"),
            (State::Colon, _) => self.expected("':' after the key"),
            (State::Key, _) => self.expected("a key after the comma"),
            (_, _) => self.expected("a key or '}'"),
        }
    }

    /// Reads the blanks and comments behind the value, once that has ended.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn trailing(&mut self, text: &[u8], budget: &mut Budget) -> Result<Step, NotJson> {
        loop {
            match self.skip_blanks(text, budget)? {
                Err(step) => return Ok(step),
                Ok(byte) => {
                    if let Some(step) = self.rare(byte, text)? {
                        return Ok(step);
                    }
                }
            }
        }
    }

    /// No more text comes. Returns the number that the text ends with, if it is the
    /// whole value, because nothing else shows its end.
    ///
    /// # Errors
    /// The value is not complete.
    pub fn finish(&mut self) -> Result<Option<Token>, NotJson> {
        match self.state {
            _ if self.comment == Comment::Slash => self.expected("a comment after '/'"),
            _ if self.comment == Comment::Block => self.expected("the end of the comment"),
            State::Done => Ok(None),
            State::InNumber if self.nesting.depth() == 0 && self.number.is_complete() => {
                self.end_value(&[]);
                Ok(Some(Token::Number))
            }
            State::InNumber if !self.number.is_complete() => self.expected("a digit"),
            State::InKey | State::InText => self.expected("the end of the string"),
            _ if self.nesting.depth() == 0 => self.expected("a value"),
            _ if self.nesting.in_object() => self.expected("'}'"),
            _ => self.expected("']'"),
        }
    }

    fn expected<T>(&mut self, expected: &'static str) -> Result<T, NotJson> {
        self.expected_at(self.at, expected)
    }

    #[cold]
    fn expected_at<T>(&mut self, at: usize, expected: &'static str) -> Result<T, NotJson> {
        self.error = Some(SyntaxError { at, expected });
        Err(NotJson)
    }

    /// The first byte that is neither a blank nor in a comment, or why there is none yet.
    ///
    /// # Errors
    /// No comment begins after the slash.
    fn skip_blanks(
        &mut self,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Result<u8, Step>, NotJson> {
        loop {
            let piece = &text[self.at..text.len().min(self.at + PIECE)];
            let Some(first) = piece.first() else { return Ok(Err(Step::NeedInput)) };
            let count = match self.comment {
                Comment::None => {
                    let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
                    let count = piece.iter().position(|byte| !blank(byte)).unwrap_or(piece.len());
                    if count == 0 {
                        return Ok(Ok(*first));
                    }
                    self.is_multiline |= piece[..count].iter().any(|b| matches!(b, b'\n' | b'\r'));
                    count
                }
                Comment::Slash => {
                    self.comment = match first {
                        b'/' => Comment::Line,
                        b'*' => Comment::Block,
                        _ => return self.expected("a comment after '/'"),
                    };
                    1
                }
                Comment::Line => match memchr::memchr(b'\n', piece) {
                    Some(end) => {
                        self.comment = Comment::None;
                        end
                    }
                    None => piece.len(),
                },
                Comment::Block => match memchr::memmem::find(piece, b"*/") {
                    Some(end) => {
                        self.comment = Comment::None;
                        end + 2
                    }
                    // The text may be cut between the two.
                    None => piece.len().saturating_sub(1),
                },
            };
            self.at += count;
            budget.charge(count / 2 + 1);
            if count == 0 && self.comment == Comment::Block {
                return Ok(Err(Step::NeedInput));
            }
            if budget.is_spent() {
                return Ok(Err(Step::OutOfBudget));
            }
        }
    }

    #[inline]
    fn begin_string(
        &mut self,
        state: State,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Step, NotJson> {
        self.start = self.at;
        self.at += 1;
        self.is_escaped = false;
        self.is_wide = false;
        self.state = state;
        // Most strings between short values are short themselves.
        if let Some(length) = short_string(&text[self.at..]) {
            self.at += length + 1;
            return Ok(Step::Token(self.end_string(text)));
        }
        self.string(text, budget)
    }

    #[inline(never)]
    fn string(&mut self, text: &[u8], budget: &mut Budget) -> Result<Step, NotJson> {
        loop {
            let (before, mut escapes) = (self.at, 0);
            let mut step = self.string_piece(text, &mut escapes);
            if self.is_wide {
                step = self.check_text(step, text);
            }
            budget.charge((self.at - before) / 8 + escapes * 4 + 2);
            if step != Ok(Step::OutOfBudget) || budget.is_spent() {
                return step;
            }
        }
    }

    /// The string up to its end, at most [`PIECE`] bytes of it.
    #[inline]
    fn string_piece(&mut self, text: &[u8], escapes: &mut usize) -> Result<Step, NotJson> {
        let reach = text.len().min(self.at + PIECE);
        let part = &text[..reach];
        // Where one escape was near the next one is, too.
        let mut near = self.is_escaped;
        let mut at = self.at;
        loop {
            let run = plain_run(&part[at..], self.is_wide, near);
            near = run < BLOCK;
            at += run;
            match part.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Step::Token(self.end_string(text)));
                }
                Some(b'\\') => {
                    self.is_escaped = true;
                    *escapes += 1;
                    if let Some(b'n' | b'"' | b'\\' | b'/' | b't' | b'r' | b'b' | b'f') =
                        part.get(at + 1)
                    {
                        at += 2;
                        continue;
                    }
                    self.at = at;
                    match escape_length(&text[at..]) {
                        Ok(Some(length)) => at += length,
                        Ok(None) => return Ok(Step::NeedInput),
                        Err(offset) => {
                            let expected = "an escape such as \\n or \\u0000";
                            return self.expected_at(at + offset, expected);
                        }
                    }
                    if at >= reach {
                        self.at = at;
                        return Ok(Step::OutOfBudget);
                    }
                }
                Some(..b' ') => {
                    self.at = at;
                    return self.expected("the end of the string");
                }
                Some(_) => {
                    self.is_wide = true;
                    self.checked = at;
                }
                None => {
                    self.at = at;
                    let is_all = reach == text.len();
                    return Ok(if is_all { Step::NeedInput } else { Step::OutOfBudget });
                }
            }
        }
    }

    /// Checks that the string is UTF-8 as far as it was read; a character may lack its
    /// end there.
    #[inline(never)]
    fn check_text(&mut self, step: Result<Step, NotJson>, text: &[u8]) -> Result<Step, NotJson> {
        let end = if matches!(step, Ok(Step::Token(_))) { self.end } else { self.at };
        match std::str::from_utf8(&text[self.checked..end]) {
            Ok(_) => self.checked = end,
            Err(error) => {
                self.checked += error.valid_up_to();
                let is_cut = error.error_len().is_none() && step.is_ok();
                if !is_cut {
                    return self.expected_at(self.checked, "UTF-8");
                }
                // The head of a character is read again, with its tail.
                self.at = self.checked;
            }
        }
        step
    }

    #[inline]
    fn end_string(&mut self, text: &[u8]) -> Token {
        if self.state == State::InText {
            self.end_value(text);
            return Token::Text;
        }
        self.end = self.at;
        // The colon is read at once, because it nearly always follows.
        if text.get(self.at) == Some(&b':') {
            self.at += 1;
            self.state = State::Value;
        } else {
            self.state = State::Colon;
        }
        Token::Key
    }

    fn number(
        &mut self,
        mut number: Number,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Step, NotJson> {
        let before = self.at;
        let piece = &text[self.at..text.len().min(self.at + PIECE)];
        for (offset, byte) in piece.iter().enumerate() {
            // Most bytes of a number are digits that change nothing.
            if number == Number::Integer && byte.is_ascii_digit() {
                continue;
            }
            match number.next(*byte) {
                Some(next) => number = next,
                None if number.is_complete() => {
                    self.at = before + offset;
                    self.end_value(text);
                    return Ok(Step::Token(Token::Number));
                }
                None => return self.expected_at(before + offset, "a digit"),
            }
        }
        self.at = before + piece.len();
        self.number = number;
        self.state = State::InNumber;
        budget.charge(piece.len());
        Ok(if self.at == text.len() { Step::NeedInput } else { Step::OutOfBudget })
    }

    #[inline]
    fn literal<const N: usize>(
        &mut self,
        text: &[u8],
        word: &[u8; N],
        token: Token,
    ) -> Result<Step, NotJson> {
        let rest = &text[self.at..];
        if rest.first_chunk() != Some(word) {
            if word.starts_with(rest) {
                return Ok(Step::NeedInput);
            }
            let same = word.iter().zip(rest).take_while(|(a, b)| a == b).count();
            return self.expected_at(self.at + same, "true, false or null");
        }
        self.start = self.at;
        self.at += word.len();
        self.end_value(text);
        Ok(Step::Token(token))
    }

    #[inline]
    fn open(&mut self, token: Token) -> Step {
        self.start = self.at;
        self.at += 1;
        self.end = self.at;
        let is_object = token == Token::ObjectStart;
        self.nesting.push(is_object);
        self.state = if is_object { State::FirstKey } else { State::FirstElement };
        Step::Token(token)
    }

    #[inline]
    fn close(&mut self, token: Token, text: &[u8]) -> Step {
        self.start = self.at;
        self.at += 1;
        self.nesting.pop();
        self.end_value(text);
        Step::Token(token)
    }

    #[inline]
    fn end_value(&mut self, text: &[u8]) {
        self.end = self.at;
        if self.nesting.depth() == 0 {
            self.state = State::Done;
        } else if text.get(self.at) == Some(&b',') {
            self.at += 1;
            self.state = self.after_comma();
        } else {
            self.state = State::After;
        }
    }

    fn after_comma(&self) -> State {
        if self.nesting.in_object() { State::Key } else { State::Element }
    }
}

/// Length in bytes of the escape that `text` begins with, `None` when it is cut.
///
/// # Errors
/// The offset of the first byte that does not belong to an escape.
pub(super) fn escape_length(text: &[u8]) -> Result<Option<usize>, usize> {
    match text.get(1) {
        None => Ok(None),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(Some(2)),
        Some(b'u') => {
            let digits = &text[2..text.len().min(6)];
            match digits.iter().position(|byte| !byte.is_ascii_hexdigit()) {
                Some(bad) => Err(2 + bad),
                None => Ok((digits.len() == 4).then_some(6)),
            }
        }
        Some(_) => Err(1),
    }
}

#[cfg(test)]
mod tests;
