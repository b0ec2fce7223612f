//! Answers of every shape, from a seed.

/// A member of an object: its name, and what makes its value.
type Member<'m> = (&'m str, &'m dyn Fn(&mut Random) -> String);

/// Numbers that look random; the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    fn next(&mut self) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn blank(&mut self) -> &'static str {
        if self.one_in(8) { self.of(&[" ", "\n", "\t", "\r\n", "  \n  "]) } else { "" }
    }

    fn list(&mut self, most: usize, mut element: impl FnMut(&mut Random) -> String) -> String {
        let mut out = String::from("[");
        for at in 0..self.below(most + 1) {
            if at > 0 {
                out.push(',');
            }
            out.push_str(self.blank());
            out.push_str(&element(self));
            out.push_str(self.blank());
        }
        out + "]"
    }

    /// An object of some of the members, in any order, some of them twice.
    fn object(&mut self, members: &[Member<'_>]) -> String {
        let mut out = String::from("{");
        out.push_str(self.blank());
        let mut is_first = true;
        let from = self.below(members.len().max(1));
        let mut member = |random: &mut Random, name: &str, value: String| {
            if !std::mem::take(&mut is_first) {
                out.push(',');
            }
            out.push_str(random.blank());
            out.push_str(&random.name(name));
            out.push_str(random.blank());
            out.push(':');
            out.push_str(random.blank());
            out.push_str(&value);
            out.push_str(random.blank());
        };
        for at in 0..members.len() {
            let (name, value) = members[(from + at) % members.len()];
            if self.one_in(6) {
                continue;
            }
            for _ in 0..if self.one_in(40) { 2 } else { 1 } {
                let value = if self.one_in(25) { self.anything(2) } else { value(self) };
                member(self, name, value);
            }
        }
        if self.one_in(5) {
            let value = self.anything(2);
            let name = self.of(&["other", "_meta", "\u{e9}", "", "Type"]);
            member(self, name, value);
        }
        out + "}"
    }

    /// A name, now and then with an escape in it, rarely no text.
    fn name(&mut self, name: &str) -> String {
        if self.one_in(400) {
            return r#""\ud800""#.into();
        }
        let escaped = name.char_indices().next().filter(|_| self.one_in(12));
        match escaped {
            Some((_, first)) if first.is_ascii() => {
                format!("\"\\u{:04x}{}\"", first as u32, &name[1..])
            }
            _ => format!("\"{name}\""),
        }
    }

    pub fn text(&mut self) -> String {
        let mut out = String::from("\"");
        for _ in 0..self.below(9) {
            let piece = self.of(&[
                "a",
                "word",
                " ",
                "\u{e9}",
                "\u{20ac}\u{1d11e}",
                r"\n",
                r"\r\n",
                r"\t",
                r"\u00e9",
                r"\ud834\udd1e",
                r"\u0000",
                r#"\""#,
                r"\\",
                r"\/",
                "=",
                "Zm9v",
                "\u{a0}",
                "{",
                "]",
                "name",
                r"\b\f",
                "-_+/",
                "\u{2003}",
                "x, y: z",
            ]);
            out.push_str(piece);
        }
        if self.one_in(60) {
            out.push_str(self.of(&[r"\ud800", r"\udc00", r"\ud800\u0041"]));
        }
        out + "\""
    }

    fn number(&mut self) -> String {
        self.of(&["0", "-1", "12", "1.50", "1e400", "-0.0E-3", "123456789012345678901234567890"])
            .into()
    }

    fn anything(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => self.text(),
            1 => self.number(),
            2 => "null".into(),
            3 => self.of(&["true", "false"]).into(),
            4 => self.list(3, |random| random.anything(depth - 1)),
            _ => {
                let value: &dyn Fn(&mut Random) -> String = &|random| random.anything(depth - 1);
                self.object(&[("a", value), ("b~/c", value), ("name", value)])
            }
        }
    }
}

fn text(random: &mut Random) -> String {
    random.text()
}

fn word(words: &'static [&'static str]) -> impl Fn(&mut Random) -> String {
    move |random| {
        let word = random.of(words);
        random.name(word)
    }
}

fn resource(random: &mut Random) -> String {
    let base64 = word(&["", "Zg==", "Zm9vYmE", "-_8", r"\/\/8=", "Zm=9v", "Z m"]);
    let mime = word(&["", "text/plain", "image/png"]);
    random.object(&[("uri", &text), ("mimeType", &mime), ("text", &text), ("blob", &base64)])
}

fn block(random: &mut Random) -> String {
    if random.one_in(30) {
        // As a struct may be written, too.
        return r#"["text","seven",null,null,null,null,null]"#.into();
    }
    let kinds =
        word(&["text", "text", "image", "audio", "resource", "resource_link", "hologram", ""]);
    let base64 = word(&["", "Zg==", "Zm9vYg==", "Zm9v"]);
    random.object(&[
        ("type", &kinds),
        ("text", &text),
        ("data", &base64),
        ("mimeType", &text),
        ("name", &text),
        ("uri", &text),
        ("resource", &resource),
    ])
}

fn message(random: &mut Random) -> String {
    let roles = word(&["user", "user", "assistant", "a\u{e9}"]);
    random.object(&[("role", &roles), ("content", &block)])
}

fn result(random: &mut Random) -> String {
    let data = |random: &mut Random| random.anything(4);
    let blocks = |random: &mut Random| random.list(4, block);
    let json = |random: &mut Random| {
        let words = random.anything(3).replace('\\', r"\\").replace('"', r#"\""#);
        let words = words.replace('\n', r"\n").replace('\t', r"\t").replace('\r', r"\r");
        format!(r#"[{{"type":"text","text":" {words}"}}]"#)
    };
    let completion = |random: &mut Random| {
        let values = |random: &mut Random| random.list(4, text);
        random.object(&[("values", &values)])
    };
    match random.below(6) {
        0 => random.object(&[("content", &json)]),
        1 => random.object(&[("contents", &|random| random.list(4, resource))]),
        2 => random.object(&[("messages", &|random| random.list(4, message))]),
        3 => random.object(&[("completion", &completion)]),
        4 => random.object(&[("content", &blocks), ("structuredContent", &data)]),
        _ => random.object(&[
            ("content", &blocks),
            ("contents", &|random| random.list(2, resource)),
            ("messages", &|random| random.list(2, message)),
            ("completion", &completion),
            ("structuredContent", &data),
        ]),
    }
}

fn property(random: &mut Random, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else { return "{}".into() };
    let types = |random: &mut Random| match random.below(4) {
        0 => r#"["integer","null","integer"]"#.into(),
        _ => random.of(&["\"string\"", "\"array\"", "\"object\"", "\"number\""]).into(),
    };
    let inner = |random: &mut Random| property(random, depth);
    let all = |random: &mut Random| random.list(3, |random| property(random, depth));
    let references = word(&["#/$defs/A", "#/definitions/B", "#/$defs/none", "http://x"]);
    let any = |random: &mut Random| random.anything(1);
    let members = move |random: &mut Random| {
        let inner = |random: &mut Random| property(random, depth);
        random.object(&[("a", &inner), ("\u{e9}", &inner)])
    };
    let mut chosen: Vec<Member<'_>> = Vec::new();
    let choices: &dyn Fn(&mut Random) -> String =
        &|random| random.list(8, |random| random.anything(0));
    let titles: &dyn Fn(&mut Random) -> String = &|random| random.list(5, text);
    let names: &dyn Fn(&mut Random) -> String = &|random| random.list(3, word(&["a", "name"]));
    let possible: [Member<'_>; 19] = [
        ("type", &types),
        ("type", &types),
        ("description", &text),
        ("title", &text),
        ("default", &any),
        ("enum", choices),
        ("enumNames", titles),
        ("const", &any),
        ("items", &inner),
        ("properties", &members),
        ("required", names),
        ("anyOf", &all),
        ("oneOf", &all),
        ("allOf", &all),
        ("$ref", &references),
        ("minimum", &any),
        ("maxLength", &any),
        ("format", &text),
        ("minLength", &any),
    ];
    for _ in 0..random.below(6) {
        let (name, value) = possible[random.below(possible.len())];
        if chosen.iter().all(|(known, _)| *known != name) {
            chosen.push((name, value));
        }
    }
    random.object(&chosen)
}

fn schema(random: &mut Random) -> String {
    let deep = |random: &mut Random| property(random, 3);
    let properties = move |random: &mut Random| {
        random.object(&[
            ("name", &deep),
            ("b\u{e9}", &deep),
            ("a_longer_name_than_most_are", &deep),
        ])
    };
    let defs = move |random: &mut Random| random.object(&[("A", &deep), ("B", &deep)]);
    let required = |random: &mut Random| random.list(3, word(&["name", "a", "b\u{e9}"]));
    random.object(&[
        ("properties", &properties),
        ("required", &required),
        ("$defs", &defs),
        ("definitions", &defs),
    ])
}

fn entry(random: &mut Random) -> String {
    let flag = word(&["true"]);
    let flags = move |random: &mut Random| {
        if random.one_in(3) { flag(random) } else { random.of(&["true", "false", "null"]).into() }
    };
    let notes = |random: &mut Random| {
        let flags: &dyn Fn(&mut Random) -> String = &flags;
        random.object(&[("title", &text), ("readOnlyHint", flags), ("destructiveHint", flags)])
    };
    let argument = |random: &mut Random| {
        let flags: &dyn Fn(&mut Random) -> String = &flags;
        random.object(&[
            ("name", &text),
            ("required", flags),
            ("description", &text),
            ("title", &text),
        ])
    };
    let arguments = |random: &mut Random| random.list(3, argument);
    let names = word(&["name", "name", "x", "two\\nlines"]);
    let size = |random: &mut Random| random.number();
    match random.below(3) {
        0 => random.object(&[
            ("name", &names),
            ("title", &text),
            ("description", &text),
            ("annotations", &notes),
            ("inputSchema", &schema),
        ]),
        1 => random.object(&[
            ("uri", &text),
            ("uriTemplate", &text),
            ("name", &names),
            ("title", &text),
            ("description", &text),
            ("mimeType", &text),
            ("size", &size),
        ]),
        _ => random.object(&[
            ("name", &names),
            ("title", &text),
            ("description", &text),
            ("arguments", &arguments),
        ]),
    }
}

/// Some answer, mostly well-formed.
pub fn answer(random: &mut Random) -> String {
    let answer = match random.below(8) {
        0..4 => result(random),
        4 | 5 => random.list(4, entry),
        6 => schema(random),
        _ => random.anything(4),
    };
    format!("{}{answer}{}", random.blank(), random.blank())
}

/// An answer that was cut, or of which a byte is another.
pub fn damaged(answer: &str, random: &mut Random) -> String {
    let mut at = random.below(answer.len().max(1));
    while !answer.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = answer.split_at(at);
    match random.below(4) {
        0 => before.to_owned(),
        1 => {
            format!("{before}{}{after}", random.of(&["\"", "\\", "}", "]", ",", "\u{1}", "0", ":"]))
        }
        2 => format!("{before}{}", after.chars().skip(1).collect::<String>()),
        _ => format!("{answer}{}", random.of(&["x", "{}", ",", "]", "\u{a0}", "\0"])),
    }
}

/// Pointers worth asking for.
pub fn pointers(seed: u64) -> Vec<String> {
    let all = [
        "",
        "/",
        "/a",
        "/0",
        "/1/0",
        "/content/0/text",
        "/a/b~0~1c",
        "/name",
        "/01",
        "/a~",
        "/content",
        "/b~0~1c/a",
        "nonsense",
        "/0/name",
        "/contents/1",
        "/18446744073709551616",
    ];
    let from = seed as usize % all.len();
    all.iter().cycle().skip(from).take(3).map(|at| (*at).to_owned()).collect()
}

/// An answer of which some part is longer than what is looked at between two steps.
pub fn long(random: &mut Random, shape: u64) -> String {
    let length = 9000 + random.below(20_000);
    let escaped = r"\n\u00e9\ud834\udd1e".repeat(length / 20);
    let wide = "e\u{e9}\u{20ac}\u{1d11e}".repeat(length / 10);
    let base64 = "Zm9v-_".repeat(length / 6);
    let blanks = " \n\t".repeat(length / 3);
    match shape % 12 {
        0 => format!(r#"{{"content":[{{"type":"text","text":"{wide}"}}]}}"#),
        1 => format!(r#"{{"content":[{{"type":"text","text":"{escaped}"}}],"a":[{blanks}1]}}"#),
        2 => {
            format!(r#"{{"content":[{{"type":"image","mimeType":"{wide}","data":"{base64}=="}}]}}"#)
        }
        3 => format!(
            r#"{{"structuredContent":{{"a":{}{}}}}}"#,
            "[".repeat(length),
            "]".repeat(length)
        ),
        4 => format!(
            r#"{blanks}{{"content":{blanks}[],"structuredContent":[{blanks}"{wide}",{}]}}{blanks}"#,
            "7".repeat(length)
        ),
        5 => format!(
            r#"{{"contents":[{{"uri":"{wide}","text":"{escaped}"}},{{"blob":"{base64}"}}]}}"#
        ),
        6 => format!(
            r#"{{"messages":[{{"role":"{wide}","content":{{"type":"text","text":"{wide}"}}}},{{"role":"user","content":{{"type":"{escaped}","name":"{wide}"}}}}]}}"#
        ),
        7 => format!(
            r#"[{{"name":"{wide}","description":"{}{wide}\n{escaped}","inputSchema":{{"properties":{{"{wide}":{{"description":"{}x{}","default":"{escaped}","enum":["{wide}",[{blanks}]]}}}}}}}}]"#,
            r"\n ".repeat(length / 3),
            " ".repeat(length),
            " ".repeat(length)
        ),
        8 => format!(
            r#"[{{"name":"{wide}","title":"{}","arguments":[{{"name":"{escaped}","description":"{}\r\nx"}}]}},{{"uri":"{escaped}","name":"name"}}]"#,
            " ".repeat(length),
            "a ".repeat(length)
        ),
        9 => format!(r#"{{"completion":{{"values":["{escaped}","{wide}\n"]}}}}"#),
        10 => format!(
            r#"{{"content":[{{"type":"text","text":"{}{{\"a\":[\"{wide}\"]}}{}"}}]}}"#,
            r"\n\u00a0 ".repeat(length / 9),
            "\u{2003}".repeat(length / 3)
        ),
        _ => format!(r#"{{"{wide}":{{"a\u0062":1}},"{escaped}":"{wide}","0":["{wide}"#),
    }
}
