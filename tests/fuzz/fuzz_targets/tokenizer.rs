//! The tokenizer beside serde_json: arbitrary bytes, cut anywhere, in steps of any size.
//!
//! The first bytes of the input choose the cuts and the budget. Three things hold:
//! the tokenizer accepts what serde_json accepts, the tokens do not depend on cuts or
//! budgets, and strings unescape to the same text wherever serde_json can read them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use tmcp::json::{Budget, NotJson, Step, SyntaxError, Token, Tokenizer, is_number, unescape};

type Tokens = Vec<(Token, usize, usize)>;

fn tokens(text: &[u8], cuts: &[usize], units: usize) -> Result<Tokens, SyntaxError> {
    let mut tokenizer = Tokenizer::new();
    let read = read(&mut tokenizer, text, cuts, units);
    read.map_err(|NotJson| tokenizer.error().expect("an error says why"))
}

fn read(
    tokenizer: &mut Tokenizer,
    text: &[u8],
    cuts: &[usize],
    units: usize,
) -> Result<Tokens, NotJson> {
    let mut found = Vec::new();
    let mut ends = cuts.iter().copied().chain([text.len()]);
    let mut end = ends.next().unwrap_or(text.len());
    loop {
        match tokenizer.next(&text[..end], &mut Budget::new(units))? {
            Step::Token(token) => found.push((token, tokenizer.start(), tokenizer.end())),
            Step::OutOfBudget => {}
            Step::NeedInput => match ends.next() {
                Some(next) => end = next,
                None => break,
            },
            Step::End => return Ok(found),
        }
    }
    if let Some(token) = tokenizer.finish()? {
        found.push((token, tokenizer.start(), tokenizer.end()));
    }
    Ok(found)
}

fuzz_target!(|data: &[u8]| {
    let Some((head, text)) = data.split_first_chunk::<4>() else { return };
    let mut cuts: Vec<usize> =
        head[..3].iter().map(|cut| usize::from(*cut) * (text.len() + 1) / 256).collect();
    cuts.sort_unstable();
    let whole = tokens(text, &[], usize::MAX);
    let in_steps = tokens(text, &cuts, usize::from(head[3]) + 1);
    assert_eq!(whole, in_steps);

    let end = whole.as_ref().ok().and_then(|tokens| tokens.last()).map(|(_, _, end)| *end);
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let is_whole = end.is_some_and(|end| text[end..].iter().all(blank));
    let is_json = std::str::from_utf8(text)
        .is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    assert_eq!(is_whole, is_json);

    for (token, start, end) in whole.unwrap_or_default() {
        let text = &text[start..end];
        match token {
            Token::Key | Token::Text => {
                if let Ok(said) = serde_json::from_slice::<String>(text) {
                    assert_eq!(unescape(text), said);
                }
            }
            Token::Number => assert!(is_number(text)),
            _ => {}
        }
    }
});
