//! What words become by the schemas that real servers have, and what is said of them.

use serde_json::Value;
use tmcp::mcp::listing::Listing;
use tmcp::mcp::render::listing;
use tmcp::mcp::schema::arguments::{Encoded, Pair, check_required_by, encode_by};
use tmcp::mcp::schema::fields::arguments;

fn pairs(words: &[&str]) -> Vec<Pair> {
    let pair = |word: &&str| {
        let (key, value) = word.split_once('=').expect("a word is key=value");
        let (key, is_json) = key.strip_suffix(':').map_or((key, false), |key| (key, true));
        Pair { key: key.into(), value: value.into(), is_json }
    };
    words.iter().map(pair).collect()
}

fn given(schema: &str, words: &[&str]) -> Result<Encoded, String> {
    serde_json::from_str::<Value>(schema).expect("the schema is JSON");
    encode_by("it", schema, &pairs(words))
}

#[track_caller]
fn gives(schema: &str, words: &[&str], json: &str) {
    let encoded = given(schema, words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    assert_eq!(encoded.json, json, "{words:?}");
    assert_eq!(encoded.note, None, "{words:?}");
}

#[track_caller]
fn refuses(schema: &str, words: &[&str], why: &str) {
    let error = given(schema, words).expect_err("it does not fit");
    assert!(error.contains(why), "{words:?}: {error}");
}

fn property(schema: &str) -> String {
    format!(r#"{{"type":"object","properties":{{"x":{schema}}}}}"#)
}

#[track_caller]
fn x(schema: &str, word: &str, json: &str) {
    gives(&property(schema), &[&format!("x={word}")], &format!("{{\"x\":{json}}}"));
}

#[track_caller]
fn no_x(schema: &str, word: &str, why: &str) {
    refuses(&property(schema), &[&format!("x={word}")], why);
}

#[test]
fn references_lead_to_anywhere_in_the_document() {
    let schema = r##"{"properties":{"a":{"type":"integer"},"b":{"$ref":"#/properties/a"},
        "c":{"$ref":"#/$defs/a~1b"},"d":{"$ref":"#/$defs/til~0de"},"e":{"$ref":"#/$defs/p%25%20c"},
        "f":{"$ref":"#/$defs/deep/properties/in/items/1"},"g":{"$ref":"#named"},
        "h":{"$ref":"http://example.com/by-id"},"i":{"$ref":"#/definitions/old"},
        "j":{"$ref":"other.json#/$defs/a~1b"},"k":{"$ref":"#/nothing"}},
        "definitions":{"old":{"type":"integer"}},
        "$defs":{"a/b":{"type":"integer"},"til~de":{"type":"integer"},"p% c":{"type":"integer"},
        "deep":{"properties":{"in":{"items":[{},{"type":"integer"}]}}},
        "n":{"$anchor":"named","type":"integer"},
        "m":{"$id":"http://example.com/by-id","type":"integer"}}}"##;
    for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        gives(schema, &[&format!("{key}=7")], &format!("{{\"{key}\":7}}"));
    }
    gives(schema, &["k=7"], r#"{"k":"7"}"#);
}

#[test]
fn a_knot_of_references_ends() {
    for schema in [
        r##"{"properties":{"x":{"$ref":"#/properties/x"}}}"##,
        r##"{"properties":{"x":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
        r##"{"properties":{"x":{"allOf":[{"$ref":"#/$defs/a"}]}},"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}}}"##,
    ] {
        gives(schema, &["x=a"], r#"{"x":"a"}"#);
        assert_eq!(arguments(schema).rows(), 1);
    }
    gives(r##"{"$ref":"#"}"##, &["x=1"], r#"{"x":"1"}"#);
    let tree = r##"{"properties":{"x":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":
        {"value":{"type":"integer"},"next":{"$ref":"#/$defs/N"}}}}}"##;
    gives(tree, &["x.value=1", "x.next.value=2"], r#"{"x":{"value":1,"next":{"value":2}}}"#);
}

#[test]
fn the_root_may_be_a_reference_or_made_of_parts() {
    for schema in [
        r##"{"$ref":"#/$defs/In","$defs":{"In":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}"##,
        r#"{"type":"object","allOf":[{"properties":{"n":{"type":"integer"}},"required":["n"]}]}"#,
        r##"{"allOf":[{"$ref":"#/$defs/In"},{"properties":{"o":{}}}],"$defs":{"In":{"properties":{"n":{"type":"integer"}},"required":["n"]}}}"##,
        r#"{"anyOf":[{"properties":{"n":{"type":"integer"}},"required":["n"]},{"type":"null"}]}"#,
    ] {
        gives(schema, &["n=5"], r#"{"n":5}"#);
        refuses(schema, &[], "needs argument 'n'");
        assert_eq!(arguments(schema).get(0, "required"), Some("1"));
        assert!(
            listing::task(
                format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#).as_bytes(),
                Listing::Tools
            )
            .finish()
            .contains("n  integer, required")
        );
    }
    let schema = r#"{"oneOf":[{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]},
        {"type":"object","properties":{"m":{"type":"string"}},"required":["m"]}]}"#;
    gives(schema, &["n=5"], r#"{"n":5}"#);
    gives(schema, &["m=5"], r#"{"m":"5"}"#);
    refuses(schema, &["o=5"], "no argument 'o'; it takes m, n");
    // A property that differs from one to the other takes what one of them takes.
    let schema = r#"{"oneOf":[{"properties":{"kind":{"const":"a"},"v":{"type":"integer"}},"required":["kind","v"]},
        {"properties":{"kind":{"const":"b"},"v":{"type":"string"}},"required":["kind"]}]}"#;
    gives(schema, &["kind=b", "v=x"], r#"{"kind":"b","v":"x"}"#);
    gives(schema, &["kind=a", "v=1"], r#"{"kind":"a","v":1}"#);
    refuses(schema, &["kind=c"], "wants one of a, b");
    refuses(schema, &["v=1"], "needs argument 'kind'");
    // Alternatives that only say what is required leave the properties as they are.
    let schema = r#"{"properties":{"a":{"type":"integer"},"b":{"type":"integer"}},
        "anyOf":[{"required":["a"]},{"required":["b"]}]}"#;
    gives(schema, &["b=1"], r#"{"b":1}"#);
}

#[test]
fn choices_beside_other_values_are_proposals() {
    let sort = r#"{"anyOf":[{"enum":["asc","desc"]},{"type":"string"}]}"#;
    x(sort, "name", r#""name""#);
    x(sort, "asc", r#""asc""#);
    x(r#"{"anyOf":[{"const":"max"},{"type":"integer"}]}"#, "5", "5");
    x(r#"{"anyOf":[{"const":"max"},{"type":"integer"}]}"#, "max", r#""max""#);
    no_x(r#"{"anyOf":[{"const":"max"},{"type":"integer"}]}"#, "min", "wants an integer");
    let table = arguments(&property(sort));
    assert_eq!((table.get(0, "choices"), table.get(0, "open")), (Some("asc\ndesc"), Some("1")));
    let table = arguments(&property(r#"{"enum":["1",1,null,true,"a b"]}"#));
    assert_eq!(table.get(0, "choice_values"), Some("\"1\"\n1\nnull\ntrue\n\"a b\""));
    assert_eq!(table.get(0, "open"), Some(""));
    no_x(r#"{"type":"string","anyOf":[{"enum":["a"]},{"enum":["b"]}]}"#, "c", "one of a, b");
    x(r#"{"type":["string","null"],"enum":["a",null]}"#, "null", "null");
    x(r#"{"enum":[1,"1"]}"#, "1", "1");
    x(r#"{"enum":["1"]}"#, "1", r#""1""#);
    x(r#"{"const":null}"#, "null", "null");
    x(r#"{"const":3}"#, "3", "3");
}

#[test]
fn null_beside_a_type_is_heeded_in_every_spelling() {
    for schema in [
        r#"{"type":["integer","null"]}"#,
        r#"{"type":"integer","nullable":true}"#,
        r#"{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"X"}"#,
        r#"{"oneOf":[{"type":"null"},{"type":"integer"}]}"#,
        r#"{"TYPE":"x","type":["Integer","NULL"]}"#,
    ] {
        x(schema, "5", "5");
        x(schema, "null", "null");
        no_x(schema, "five", "wants an integer");
        assert!(arguments(&property(schema)).get(0, "type").unwrap().contains("null"), "{schema}");
    }
    x(r#"{"anyOf":[{"enum":["a","b"]},{"type":"null"}]}"#, "null", "null");
    no_x(r#"{"anyOf":[{"enum":["a","b"]},{"type":"null"}]}"#, "c", "wants one of a, b");
    // Text is text, and what was left out has no default.
    x(r#"{"anyOf":[{"type":"string"},{"type":"null"}],"default":null}"#, "null", r#""null""#);
    let table = arguments(&property(r#"{"type":"string","default":null}"#));
    assert_eq!(table.get(0, "default"), Some(""));
}

#[test]
fn numbers_are_sent_as_they_were_typed() {
    for number in ["12345678901234567890", "1e400", "0.10", "-0", "1E5", "123456789.123456789123"] {
        x(r#"{"type":"number"}"#, number, number);
        gives(&property("{}"), &[&format!("x:={number}")], &format!("{{\"x\":{number}}}"));
    }
    for (word, json) in [
        ("12345678901234567890123", "12345678901234567890123"),
        ("5.0", "5"),
        ("1e3", "1000"),
        ("1.50e2", "150"),
        ("120e-1", "12"),
        ("-0", "-0"),
        ("-2.0", "-2"),
        ("+7", "7"),
        ("1e400", "1e400"),
        ("0.0", "0"),
        ("0e5", "0"),
    ] {
        x(r#"{"type":"integer"}"#, word, json);
    }
    x(r#"{"type":"number"}"#, "+.5", "0.5");
    for word in
        ["1.5", "1e-1", "0x10", "1_000", "", "--1", "1e", "NaN", "007", "1e99999999999999999999"]
    {
        no_x(r#"{"type":"integer"}"#, word, "wants an integer");
    }
    gives(
        &property("{}"),
        &["x:={\"b\": 1.10, \"a\": [1e400,\n -0]}"],
        r#"{"x":{"b": 1.10, "a": [1e400,  -0]}}"#,
    );
}

#[test]
fn keys_keep_their_order_and_any_name_will_do() {
    let schema = r#"{"properties":{"z":{},"a.b":{"type":"integer"},"-b":{},"a":{"type":"object"},
        "sp ace":{},"größe":{"type":"integer"}}}"#;
    gives(
        schema,
        &["größe=1", "z=1", "a.b=2", "sp ace=x", "-b=y"],
        r#"{"größe":1,"z":"1","a.b":2,"sp ace":"x","-b":"y"}"#,
    );
    gives(schema, &["a.c=x"], r#"{"a":{"c":"x"}}"#);
}

#[test]
fn words_that_look_like_something_else() {
    x(r#"{"type":"string"}"#, "{\"a\":1}", r#""{\"a\":1}""#);
    x(r#"{"type":"string"}"#, "[1]", r#""[1]""#);
    x(r#"{"type":"string"}"#, "", r#""""#);
    x(r#"{"type":"string"}"#, "5", r#""5""#);
    x(r#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, "5", "5");
    x(r#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, "5x", r#""5x""#);
    x(r#"{"type":["string","array"]}"#, "[1]", "[1]");
    x(r#"{"type":["string","array"]}"#, "[1", r#""[1""#);
    x(r#"{"type":["array","string"]}"#, "x", r#""x""#);
    for (word, json) in
        [("true", "true"), ("Yes", "true"), ("1", "true"), ("on", "true"), ("OFF", "false")]
    {
        x(r#"{"type":"boolean"}"#, word, json);
        x(r#"{"type":"boolean","enum":[true,false]}"#, word, json);
    }
    no_x(r#"{"type":"object"}"#, "1", "wants a JSON object");
    no_x(r#"{"type":"object"}"#, "{", "wants a JSON object");
    // Decimal of pydantic: a number, or a text that looks like one.
    let decimal = r#"{"anyOf":[{"type":"number"},{"type":"string","pattern":"^\\d+$"}]}"#;
    x(decimal, "0.10", "0.10");
    x("true", "5", r#""5""#);
    x("false", "5", r#""5""#);
    x("7", "5", r#""5""#);
}

#[test]
fn lists_tuples_and_maps() {
    let numbers = r#"{"type":"array","items":{"type":"number"}}"#;
    x(numbers, "1", "[1]");
    gives(&property(numbers), &["x=1", "x=2.50", "x=[3, 4]"], r#"{"x":[1,2.50,3, 4]}"#);
    gives(&property(numbers), &["x=[]"], r#"{"x":[]}"#);
    gives(&property(numbers), &["x:=[1]", "x=2"], r#"{"x":[1,2]}"#);
    no_x(numbers, "a", "wants a number");
    for tuple in [
        r#"{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}]}"#,
        r#"{"type":"array","items":[{"type":"string"},{"type":"integer"}]}"#,
    ] {
        gives(&property(tuple), &["x=1", "x=1"], r#"{"x":["1",1]}"#);
        assert_eq!(arguments(&property(tuple)).get(0, "shape"), Some("[string, integer]"));
    }
    let scores = r#"{"type":"object","additionalProperties":{"type":"integer"}}"#;
    gives(&property(scores), &["x.ann=1", "x.b.c=2"], r#"{"x":{"ann":1,"b.c":2}}"#);
    refuses(&property(scores), &["x.ann=a"], "wants an integer");
    assert_eq!(arguments(&property(scores)).get(0, "shape"), Some("{\"name\": integer, ..}"));
    let schema = r#"{"properties":{"a":{}},"additionalProperties":{"type":"integer"},
        "patternProperties":{"^s_":{"type":"string"},"^f":{"type":"boolean"}}}"#;
    gives(schema, &["b=1", "s_x=1", "flag=1"], r#"{"b":1,"s_x":"1","flag":true}"#);
    let people = r#"{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},
        "age":{"type":"integer"}},"required":["name"]}}"#;
    gives(
        &property(people),
        &["x.0.name=Ann", "x.1.name=Bo", "x.0.age=5"],
        r#"{"x":[{"name":"Ann","age":5},{"name":"Bo"}]}"#,
    );
    refuses(&property(people), &["x.1.name=Bo"], "argument 'x' of it needs item 0");
    refuses(&property(people), &["x.0.age=5"], "argument 'x.0' of it needs 'name'");
}

#[test]
fn members_of_objects_are_given_one_by_one() {
    let schema = r##"{"properties":{"address":{"$ref":"#/$defs/Address"}},"required":["address"],
        "$defs":{"Address":{"type":"object","properties":{"street":{"type":"string"},
        "zip":{"type":"integer"}},"required":["street"],"additionalProperties":false}}}"##;
    gives(schema, &["address.zip=5", "address.street=x"], r#"{"address":{"zip":5,"street":"x"}}"#);
    refuses(schema, &["address.zip=x"], "argument 'address.zip' of it wants an integer, not 'x'");
    refuses(schema, &["address.zip=5"], "argument 'address' of it needs 'street'");
    refuses(schema, &["address.town=5"], "no member 'town'; it takes street, zip");
    refuses(schema, &["address.street=a", "address.street=b"], "given twice");
    refuses(schema, &["address={}", "address.street=b"], "given twice");
    let table = arguments(schema);
    assert_eq!(
        (table.get(0, "name"), table.get(0, "required")),
        (Some("address.street"), Some("1"))
    );
    assert_eq!((table.get(1, "name"), table.get(1, "required")), (Some("address.zip"), Some("")));
}

#[test]
fn what_is_malformed_counts_as_absent_and_the_rest_is_kept() {
    for wrong in ["null", "{}", "7", "\"a\"", "true", "[1]", "[null]"] {
        let schema = format!(r#"{{"properties":{{"a":{{"type":"integer"}}}},"required":{wrong}}}"#);
        gives(&schema, &["a=1"], r#"{"a":1}"#);
        gives(&schema, &[], "{}");
        let schema = format!(
            r#"{{"properties":{{"a":{{"type":"integer"}}}},"$defs":{wrong},"definitions":{wrong},"additionalProperties":{wrong}}}"#
        );
        gives(&schema, &["a=1"], r#"{"a":1}"#);
        let schema = format!(r#"{{"type":"object","properties":{wrong}}}"#);
        if wrong != "{}" {
            gives(&schema, &["x=1"], r#"{"x":"1"}"#);
        }
        gives(wrong, &["x=1"], r#"{"x":"1"}"#);
        let schema = format!(
            r#"{{"properties":{{"a":{{"type":"integer","enum":{wrong},"anyOf":{wrong},"allOf":{wrong},
            "$ref":{wrong},"items":{wrong},"title":{wrong},"minimum":{wrong},"nullable":{wrong}}}}}}}"#
        );
        if wrong != "7" && !wrong.starts_with('[') {
            gives(&schema, &["a=1"], r#"{"a":1}"#);
        }
    }
    let text = listing::task(
        br#"[{"name":"t","inputSchema":{"properties":{"a":{"type":"integer"}},"required":null}}]"#,
        Listing::Tools,
    )
    .finish();
    assert_eq!(text, "t\n    a  integer\n");
    // Nobody can give what the schema itself does not know.
    gives(r#"{"properties":{"a":{}},"required":["a","gone"]}"#, &["a=1"], r#"{"a":"1"}"#);
}

#[test]
fn what_is_required_is_looked_for_in_json_too() {
    let schema =
        r#"{"properties":{"a":{"type":"integer"},"b":{"enum":["x","y"]}},"required":["a"]}"#;
    assert_eq!(check_required_by("it", schema, r#"{"a":null}"#), Ok(()));
    assert_eq!(check_required_by("it", schema, r#"{"b":1,"\u0061":2}"#), Ok(()));
    let error = check_required_by("it", schema, r#"{"b":"x"}"#).unwrap_err();
    assert_eq!(error, "it needs argument 'a'; it takes a (required), b");
    let error = check_required_by("it", schema, "{}").unwrap_err();
    assert_eq!(error, "it needs argument 'a'; it takes a (integer, required), b (x | y)");
    assert_eq!(given(schema, &[]).unwrap_err(), error);
}

#[test]
fn limits_of_every_draft() {
    no_x(r#"{"type":"integer","exclusiveMinimum":5}"#, "5", "wants more than 5");
    no_x(r#"{"type":"integer","minimum":5,"exclusiveMinimum":true}"#, "5", "wants more than 5");
    no_x(r#"{"type":"number","exclusiveMaximum":1}"#, "1", "wants less than 1");
    x(r#"{"type":"integer","minimum":5,"exclusiveMinimum":false}"#, "5", "5");
    x(r#"{"anyOf":[{"type":"integer","minimum":5},{"type":"string"}]}"#, "4", r#""4""#);
}

#[test]
fn titles_of_choices_and_flags() {
    let titled = |schema: &str, titles: &str, values: &str| {
        let table = arguments(&property(schema));
        assert_eq!(table.get(0, "choice_titles"), Some(titles), "{schema}");
        assert_eq!(table.get(0, "choice_values"), Some(values), "{schema}");
    };
    let flag = r#"{"type":"boolean","oneOf":[{"const":true,"title":"Please"},{"const":false,"title":"No"}]}"#;
    titled(flag, "Please\nNo", "true\nfalse");
    x(flag, "Please", "true");
    titled(r#"{"type":"boolean","enumNames":["On","Off"]}"#, "On\nOff", "true\nfalse");
    titled(r#"{"enum":["r","g"],"enumNames":["Red","Green"]}"#, "Red\nGreen", "\"r\"\n\"g\"");
    titled(
        r#"{"oneOf":[{"enum":["a"],"title":"A"},{"enum":["b"],"title":"B"}]}"#,
        "A\nB",
        "\"a\"\n\"b\"",
    );
}

#[test]
fn secrets_are_known_by_format_and_by_name() {
    let secret = |name: &str, schema: &str| {
        let table = arguments(&format!(r#"{{"properties":{{"{name}":{schema}}}}}"#));
        table.get(0, "secret") == Some("1")
    };
    assert!(secret("x", r#"{"format":"password"}"#));
    assert!(secret("x", r#"{"writeOnly":true}"#));
    assert!(secret("x", r#"{"anyOf":[{"type":"string","format":"password"},{"type":"null"}]}"#));
    for name in
        ["token", "api_key", "apiKey", "key", "client-secret", "PIN", "dbPassword", "x_credential"]
    {
        assert!(secret(name, "{}"), "{name}");
    }
    for name in ["max_tokens", "keyword", "pinned", "sort_key", "text"] {
        assert!(!secret(name, "{}"), "{name}");
    }
}

#[test]
fn a_hostile_schema_costs_no_more_than_its_own_arguments() {
    // Each definition refers twice to the next: 2^40 ways.
    let defs: Vec<String> = (0..40)
        .map(|n| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, n + 1);
            format!(r#""d{n}":{{"anyOf":[{next},{next}],"allOf":[{next},{next}]}}"#)
        })
        .collect();
    let schema = format!(
        r##"{{"properties":{{"x":{{"$ref":"#/$defs/d0"}},"y":{{"type":"integer"}}}},"$defs":{{{},"d40":{{"type":"integer"}}}}}}"##,
        defs.join(",")
    );
    let encoded = given(&schema, &["y=1"]).unwrap();
    assert_eq!(encoded.json, r#"{"y":1}"#);
    given(&schema, &["x=1"]).unwrap();
    assert!(arguments(&schema).rows() == 2);
    // What is beyond the limits is taken as it is written, and that is said.
    let wide: Vec<String> =
        (0..9000).map(|n| format!(r#"{{"type":"integer","minimum":{n}}}"#)).collect();
    let schema = property(&format!(r#"{{"anyOf":[{}]}}"#, wide.join(",")));
    let encoded = given(&schema, &["x=five"]).unwrap();
    assert_eq!(encoded.json, r#"{"x":"five"}"#);
    assert!(encoded.note.unwrap().contains("taken as written: x"));
}
