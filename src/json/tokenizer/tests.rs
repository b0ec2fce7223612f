use super::*;

const TEXTS: &[&str] = &[
    r#"{"a":1,"b":[true,false,null,-0.5e+3,"x\n\u00e9"],"c":{}}"#,
    r#" [ ] "#,
    "{\n  \"k\" : \"é€😀\" ,\r\n\t\"l\" : [ [ ] , { } ]\n}",
    "7",
    "-0",
    "1e400",
    r#""\ud83d half""#,
    r#"[1,2,{"a":[{"b":[[[]]]}]}]"#,
    "null",
    r#"{"":""}"#,
];

/// All tokens as (token, text), or the error.
fn tokens(text: &[u8], cuts: &[usize], units: usize) -> Result<Vec<(Token, Vec<u8>)>, SyntaxError> {
    let mut tokenizer = Tokenizer::new();
    let found = read(&mut tokenizer, text, cuts, units);
    let found = found.map_err(|NotJson| tokenizer.error().expect("it says why"))?;
    let rest = text[tokenizer.end()..].iter().find(|byte| !b" \n\r\t".contains(byte));
    match rest {
        None => Ok(found),
        Some(_) => Err(SyntaxError { at: tokenizer.end(), expected: "the end" }),
    }
}

fn read(
    tokenizer: &mut Tokenizer,
    text: &[u8],
    cuts: &[usize],
    units: usize,
) -> Result<Vec<(Token, Vec<u8>)>, NotJson> {
    let mut found = Vec::new();
    let mut cuts = cuts.iter().copied().chain([text.len()]);
    let mut end = cuts.next().unwrap_or(text.len());
    loop {
        let step = tokenizer.next(&text[..end], &mut Budget::new(units))?;
        match step {
            Step::Token(token) => {
                found.push((token, text[tokenizer.start()..tokenizer.end()].to_vec()));
            }
            Step::OutOfBudget => {}
            Step::NeedInput => match cuts.next() {
                Some(next) => end = next,
                None => break,
            },
            Step::End => break,
        }
    }
    if let Some(token) = tokenizer.finish()? {
        found.push((token, text[tokenizer.start()..tokenizer.end()].to_vec()));
    }
    Ok(found)
}

fn is_json(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text);
    text.is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

#[test]
fn it_accepts_what_serde_json_accepts() {
    for text in TEXTS {
        assert!(tokens(text.as_bytes(), &[], usize::MAX).is_ok(), "{text}");
        for at in 0..text.len() {
            for byte in b"{}[]\":,\\0-+.eE nt/u\x00\x1f\x7f\x80\xc3\xff" {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = *byte;
                agrees(&changed);
                changed.insert(at, b'"');
                agrees(&changed);
            }
            let mut shorter = text.as_bytes().to_vec();
            shorter.remove(at);
            agrees(&shorter);
            agrees(&text.as_bytes()[..at]);
        }
    }
}

fn agrees(text: &[u8]) {
    let said = tokens(text, &[], usize::MAX).is_ok();
    assert_eq!(said, is_json(text), "{}", String::from_utf8_lossy(text));
}

#[test]
fn cuts_and_budgets_change_nothing() {
    for text in TEXTS {
        let text = text.as_bytes();
        let whole = tokens(text, &[], usize::MAX).unwrap();
        for first in 0..text.len() {
            assert_eq!(tokens(text, &[first], usize::MAX).as_ref(), Ok(&whole), "cut at {first}");
            assert_eq!(
                tokens(text, &[first], 1).as_ref(),
                Ok(&whole),
                "cut at {first}, small steps"
            );
        }
        let bytes: Vec<usize> = (0..text.len()).collect();
        assert_eq!(tokens(text, &bytes, 1), Ok(whole));
    }
}

#[test]
fn errors_lie_at_the_first_byte_that_does_not_fit() {
    for (text, at, expected) in [
        ("", 0, "a value"),
        ("{\"a\" 1}", 5, "':' after the key"),
        ("{\"a\":1 2}", 7, "',' or '}'"),
        ("[1 2]", 3, "',' or ']'"),
        ("[1,]", 3, "a value"),
        ("{,}", 1, "a key or '}'"),
        ("{\"a\":1,}", 7, "a key after the comma"),
        ("[tru]", 4, "true, false or null"),
        ("[-]", 2, "a digit"),
        ("[1.]", 3, "a digit"),
        ("\"a\tb\"", 2, "the end of the string"),
        ("\"\\x\"", 2, "an escape such as \\n or \\u0000"),
        ("\"\\u00g0\"", 5, "an escape such as \\n or \\u0000"),
        ("\"open", 5, "the end of the string"),
        ("{\"a\":[1", 7, "']'"),
        ("{\"a\":1", 6, "'}'"),
    ] {
        let bytes: Vec<usize> = (0..text.len()).collect();
        for cuts in [&[][..], &bytes] {
            let found = tokens(text.as_bytes(), cuts, usize::MAX);
            assert_eq!(found, Err(SyntaxError { at, expected }), "{text}");
        }
    }
}

#[test]
fn strings_beyond_a_piece_keep_their_characters() {
    for character in ["x", "é", "€", "😀", "\\n", "\\u20ac"] {
        for before in 0..7 {
            let text = format!("[\"{}{}\"]", "y".repeat(before), character.repeat(3 * PIECE));
            let found = tokens(text.as_bytes(), &[PIECE, PIECE + 1], 100).unwrap();
            assert_eq!(found.len(), 3, "{character}");
            assert_eq!(found[1].1.len(), text.len() - 2);
        }
    }
}

#[test]
fn the_start_of_a_text_can_be_dropped() {
    let text = br#"{"a":[1,22,"long enough"],"b":null}"#;
    let (mut tokenizer, mut window, mut found) = (Tokenizer::new(), Vec::new(), Vec::new());
    for byte in text {
        window.push(*byte);
        while let Step::Token(token) =
            tokenizer.next(&window, &mut Budget::unlimited()).expect("it is JSON")
        {
            found.push((token, window[tokenizer.start()..tokenizer.end()].to_vec()));
            let read = tokenizer.at();
            window.drain(..read);
            tokenizer.rebase(read);
        }
    }
    assert_eq!(Ok(found), tokens(text, &[], usize::MAX));
}

#[test]
fn what_was_read_of_a_string_can_be_dropped() {
    let text = "[\"é€😀 \\n\\ud83d\\ude00\",1]".as_bytes();
    let (mut tokenizer, mut window, mut found) = (Tokenizer::new(), Vec::new(), Vec::new());
    for byte in text {
        window.push(*byte);
        while let Step::Token(token) =
            tokenizer.next(&window, &mut Budget::unlimited()).expect("it is JSON")
        {
            found.push(token);
        }
        let read = tokenizer.at();
        window.drain(..read);
        tokenizer.rebase(read);
        assert!(window.len() < 6, "no more than an escape that is cut");
    }
    assert_eq!(found, [Token::ListStart, Token::Text, Token::Number, Token::ListEnd]);
}

#[test]
fn comments_and_last_commas_are_for_those_who_ask() {
    let text = b"// one\n{ /* two * / */ \"a\" : [ 1 , ] , // three\n \"b\": \"//\", }";
    let read = |dialect, step: usize| {
        let mut tokenizer = Tokenizer::of(dialect);
        let mut found = Vec::new();
        let mut end = step.min(text.len());
        loop {
            match tokenizer.next(&text[..end], &mut Budget::new(1))? {
                Step::Token(token) => found.push(token),
                Step::OutOfBudget => {}
                Step::NeedInput if end < text.len() => end = text.len().min(end + step),
                Step::NeedInput => return tokenizer.finish().map(|_| found),
                Step::End => return Ok(found),
            }
        }
    };
    use Token::*;
    let wanted = vec![ObjectStart, Key, ListStart, Number, ListEnd, Key, Text, ObjectEnd];
    for step in [1, 2, 3, 7, text.len()] {
        assert_eq!(read(Dialect::Jsonc, step), Ok(wanted.clone()), "{step} bytes at a time");
    }
    assert_eq!(read(Dialect::Json, 100), Err(NotJson));
}

#[test]
fn depth_is_limited_by_the_length_alone() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(tokens(deep.as_bytes(), &[], usize::MAX).unwrap().len(), 200_000);
    let crossed = format!("{}{}", "[{\"a\":".repeat(1000), "]}".repeat(1000));
    assert!(tokens(crossed.as_bytes(), &[], usize::MAX).is_err());
}

#[test]
fn a_step_is_bounded_by_its_budget() {
    for text in [
        format!("\"{}\"", "x".repeat(1 << 20)),
        format!("\"{}\"", "é".repeat(1 << 19)),
        format!("\"{}\"", "\\n".repeat(1 << 19)),
        format!("{}1", " ".repeat(1 << 20)),
        "1".repeat(1 << 20),
        format!("[{}1]", "1,".repeat(1 << 19)),
    ] {
        let text = text.as_bytes();
        let (mut tokenizer, mut before, mut most) = (Tokenizer::new(), 0, 0);
        loop {
            let mut budget = Budget::new(1000);
            let step = loop {
                match tokenizer.next(text, &mut budget).expect("it is JSON") {
                    Step::Token(_) => {}
                    step => break step,
                }
            };
            most = most.max(tokenizer.at() - before);
            before = tokenizer.at();
            if step != Step::OutOfBudget {
                break;
            }
        }
        assert!(most <= 2 * PIECE, "{most} bytes in one step of {:?}", &text[..8]);
    }
}
