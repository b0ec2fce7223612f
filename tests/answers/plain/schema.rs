//! The schemas of arguments and forms, as far as a person needs them.
//!
//! The one reader of JSON Schema: words are encoded by it, listings and prompts
//! are made from it. It keeps the order of the server, resolves references and
//! alternatives into one `Field` for each argument, and validates nothing by
//! itself.
//!
//! Invariants:
//! - only references into the schema itself are followed, and only so deep;
//! - a field that cannot be read accepts anything; it is never an error.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::plain::shape;
use crate::plain::table::Table;

/// How deep `$ref`, `anyOf` and the like are followed.
const DEPTH: usize = 8;
/// How far nested items are read.
const ITEMS: usize = 4;
/// Choices of one field; more serve nobody.
const CHOICES: usize = 4096;
/// Parts of one field that are looked at: alternatives of alternatives of a
/// hostile schema would never end.
const PARTS: usize = 2000;

/// How far a field is looked into. Members of objects are for people to read: a
/// word is encoded without.
#[derive(Clone, Copy)]
struct Reach {
    depth: usize,
    items: usize,
    members: bool,
}

const REACH: Reach = Reach { depth: DEPTH, items: ITEMS, members: false };

/// Columns of [`arguments`].
pub const ARGUMENTS: &[&str] = &[
    "name",
    "type",
    "required",
    "default",
    "choices",
    "description",
    "title",
    "minimum",
    "maximum",
    "format",
    "multiple",
    "choice_titles",
    "shape",
];

/// A schema of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema<'a> {
    #[serde(borrow, default)]
    properties: Members<'a>,
    #[serde(borrow, default)]
    required: Vec<Text<'a>>,
    #[serde(borrow)]
    additional_properties: Option<&'a RawValue>,
    #[serde(rename = "$defs", borrow, default)]
    defs: Members<'a>,
    #[serde(borrow, default)]
    definitions: Members<'a>,
}

/// What an argument accepts, references and alternatives resolved.
#[derive(Debug, Default)]
pub struct Field<'a> {
    pub types: Vec<Cow<'a, str>>,
    pub choices: Vec<Choice<'a>>,
    /// There is but one choice, and it stands in `const`.
    pub constant: bool,
    pub items: Option<Box<Field<'a>>>,
    pub members: Vec<Member<'a>>,
    pub default: Option<&'a RawValue>,
    pub title: Option<Cow<'a, str>>,
    pub description: Option<Cow<'a, str>>,
    pub minimum: Option<&'a RawValue>,
    pub maximum: Option<&'a RawValue>,
    pub shortest: Option<&'a RawValue>,
    pub longest: Option<&'a RawValue>,
    pub format: Option<Cow<'a, str>>,
}

/// A member of an object.
#[derive(Debug)]
pub struct Member<'a> {
    pub name: Cow<'a, str>,
    pub required: bool,
    pub field: Field<'a>,
}

/// One of the values that a field may have.
#[derive(Debug)]
pub struct Choice<'a> {
    pub value: &'a RawValue,
    pub title: Option<Cow<'a, str>>,
}

/// The members of an object in the order in which they came.
#[derive(Debug, Default)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

/// A string, borrowed when it can be.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A property as it is written; what a member holds is looked at later, so that
/// one that is malformed spoils no other.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    r#enum: Option<&'a RawValue>,
    #[serde(borrow)]
    enum_names: Option<&'a RawValue>,
    #[serde(borrow)]
    r#const: Option<&'a RawValue>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    required: Option<&'a RawValue>,
    #[serde(borrow)]
    any_of: Option<&'a RawValue>,
    #[serde(borrow)]
    one_of: Option<&'a RawValue>,
    #[serde(borrow)]
    all_of: Option<&'a RawValue>,
    #[serde(rename = "$ref", borrow)]
    reference: Option<&'a RawValue>,
    #[serde(borrow)]
    default: Option<&'a RawValue>,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    minimum: Option<&'a RawValue>,
    #[serde(borrow)]
    maximum: Option<&'a RawValue>,
    #[serde(borrow)]
    min_length: Option<&'a RawValue>,
    #[serde(borrow)]
    max_length: Option<&'a RawValue>,
    #[serde(borrow)]
    format: Option<&'a RawValue>,
}

/// The arguments that a raw schema asks for, one row each: required ones first,
/// else in the order of the server.
pub fn arguments(schema: &str) -> Table {
    let mut table = Table::new(ARGUMENTS);
    let schema = Schema::read(schema).unwrap_or_default();
    for wanted in [true, false] {
        for (name, required, field) in schema.fields() {
            if required == wanted {
                table.push(row(&name, required, &field));
            }
        }
    }
    table
}

/// The raw `inputSchema` of a raw tool definition, `{}` when it has none.
pub fn input_schema(definition: &str) -> &str {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Definition<'a> {
        #[serde(borrow, default)]
        input_schema: Option<&'a RawValue>,
    }
    serde_json::from_str::<Definition<'_>>(definition)
        .ok()
        .and_then(|definition| definition.input_schema)
        .map_or("{}", RawValue::get)
}

impl<'a> Schema<'a> {
    /// # Errors
    /// What serde found wrong.
    pub fn read(schema: &'a str) -> serde_json::Result<Schema<'a>> {
        serde_json::from_str(schema)
    }

    /// Each argument: its name, whether it is required, what it accepts.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'a, str>, bool, Field<'a>)> + '_ {
        self.properties.0.iter().map(|(name, raw)| {
            let mut parts = PARTS;
            let reach = Reach { members: true, ..REACH };
            (name.clone(), self.requires(name), self.field(raw, reach, &mut parts))
        })
    }

    /// What the argument `name` accepts.
    pub fn find(&self, name: &str) -> Option<Field<'a>> {
        let mut parts = PARTS;
        self.properties.get(name).map(|raw| self.field(raw, REACH, &mut parts))
    }

    pub fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|other| other.0 == name)
    }

    /// The names of what is required.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.required.iter().map(|name| &*name.0)
    }

    /// The names of all arguments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.0.iter().map(|(name, _)| &**name)
    }

    /// A name outside `properties` is a slip of the keyboard, unless the schema
    /// invites others in so many words.
    pub fn is_closed(&self) -> bool {
        match self.additional_properties {
            None => !self.properties.0.is_empty(),
            Some(value) => value.get() == "false",
        }
    }

    fn field(&self, raw: &'a RawValue, reach: Reach, parts: &mut usize) -> Field<'a> {
        let mut field = Field::default();
        self.collect(raw, &mut field, Reach { depth: DEPTH, ..reach }, true, parts);
        field
    }

    /// Adds what `raw` says to `into`. Alternatives (not `outer`) have no say in
    /// what the whole is called.
    fn collect(
        &self,
        raw: &'a RawValue,
        into: &mut Field<'a>,
        reach: Reach,
        outer: bool,
        parts: &mut usize,
    ) {
        let Some(left) = parts.checked_sub(1) else { return };
        *parts = left;
        let property = parse::<Property<'a>>(raw).unwrap_or_default();
        into.add_types(property.r#type);
        if outer {
            take(&mut into.title, property.title.and_then(text));
            take(&mut into.description, property.description.and_then(text));
        }
        take(&mut into.default, property.default);
        take(&mut into.minimum, property.minimum);
        take(&mut into.maximum, property.maximum);
        take(&mut into.shortest, property.min_length);
        take(&mut into.longest, property.max_length);
        take(&mut into.format, property.format.and_then(text));
        let names = property.enum_names.and_then(parse::<Vec<&'a RawValue>>).unwrap_or_default();
        let values = property.r#enum.and_then(parse::<Vec<&'a RawValue>>).unwrap_or_default();
        let titles = names.into_iter().map(text).chain(std::iter::repeat(None));
        into.add_choices(values.into_iter().zip(titles));
        if let Some(value) = property.r#const {
            into.constant = outer;
            let title = if outer { None } else { property.title.and_then(text) };
            into.add_choices([(value, title)]);
        }
        let inside = reach.items.checked_sub(1).map(|items| Reach { items, ..reach });
        if let (Some(raw), None, Some(inside)) = (property.items, &into.items, inside) {
            into.items = Some(Box::new(self.field(raw, inside, parts)));
        }
        if let (Some(raw), true, Some(inside)) =
            (property.properties, reach.members && into.members.is_empty(), inside)
        {
            let required = property.required.and_then(parse::<Vec<Text<'a>>>).unwrap_or_default();
            for (name, raw) in parse::<Members<'a>>(raw).unwrap_or_default().0 {
                let field = self.field(raw, inside, parts);
                let required = required.iter().any(|other| other.0 == name);
                into.members.push(Member { name, required, field });
            }
        }
        let Some(depth) = reach.depth.checked_sub(1) else { return };
        let reach = Reach { depth, ..reach };
        for (list, outer) in
            [(property.any_of, false), (property.one_of, false), (property.all_of, outer)]
        {
            for part in list.and_then(parse::<Vec<&'a RawValue>>).unwrap_or_default() {
                self.collect(part, into, reach, outer, parts);
            }
        }
        if let Some(target) = property.reference.and_then(text).and_then(|at| self.resolve(&at)) {
            self.collect(target, into, reach, outer, parts);
        }
    }

    /// Only references into the schema itself; nothing is ever fetched.
    fn resolve(&self, reference: &str) -> Option<&'a RawValue> {
        if let Some(name) = reference.strip_prefix("#/$defs/") {
            return self.defs.get(name);
        }
        self.definitions.get(reference.strip_prefix("#/definitions/")?)
    }
}

impl<'a> Field<'a> {
    pub fn takes(&self, name: &str) -> bool {
        self.types.iter().any(|other| other == name)
    }

    /// A list of which each item is one of several choices.
    pub fn is_multiple(&self) -> bool {
        self.takes("array") && self.items.as_ref().is_some_and(|items| !items.choices.is_empty())
    }

    /// The types in words: `array of string`, `integer or null`.
    pub fn type_name(&self) -> String {
        let names: Vec<String> = self
            .types
            .iter()
            .map(|name| match self.items.as_ref().map(|items| items.type_name()) {
                Some(items) if name == "array" && !items.is_empty() => format!("array of {items}"),
                _ => name.to_string(),
            })
            .collect();
        names.join(" or ")
    }

    fn add_types(&mut self, raw: Option<&'a RawValue>) {
        let Some(raw) = raw else { return };
        let names = match text(raw) {
            Some(name) => vec![name],
            None => parse::<Vec<Text<'a>>>(raw)
                .map(|names| names.into_iter().map(|name| name.0).collect())
                .unwrap_or_default(),
        };
        for name in names {
            if !self.takes(&name) {
                self.types.push(name);
            }
        }
    }

    fn add_choices(
        &mut self,
        choices: impl IntoIterator<Item = (&'a RawValue, Option<Cow<'a, str>>)>,
    ) {
        for (value, title) in choices {
            if self.choices.len() < CHOICES {
                self.choices.push(Choice { value, title });
            }
        }
    }
}

impl<'a> Members<'a> {
    /// The value of the last member of that name, as JSON parsers have it.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((member.0.0, member.1));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

fn row(name: &str, required: bool, field: &Field<'_>) -> Vec<String> {
    let raw = |raw: Option<&RawValue>| raw.map_or_else(String::new, |raw| bare(raw).into_owned());
    let words = |words: &Option<Cow<'_, str>>| words.as_deref().unwrap_or_default().to_owned();
    let multiple = field.is_multiple();
    let from = field.items.as_deref().filter(|_| multiple).unwrap_or(field);
    let lines = |cell: &dyn Fn(&Choice<'_>) -> String| -> String {
        let lines: Vec<String> =
            from.choices.iter().map(|choice| cell(choice).replace(['\n', '\r'], " ")).collect();
        lines.join("\n")
    };
    let value = |choice: &Choice<'_>| bare(choice.value).into_owned();
    let title = |choice: &Choice<'_>| {
        choice.title.as_deref().map_or_else(|| bare(choice.value).into_owned(), str::to_owned)
    };
    let titled = from.choices.iter().any(|choice| choice.title.is_some());
    let strings = || field.choices.iter().all(|choice| choice.value.get().starts_with('"'));
    let kind = match field.types.join(" or ") {
        none if none.is_empty() && !field.choices.is_empty() && strings() => "string".to_owned(),
        kind => kind,
    };
    let flag = |flag: bool| if flag { "1".to_owned() } else { String::new() };
    vec![
        name.to_owned(),
        kind,
        flag(required),
        raw(field.default),
        lines(&value),
        words(&field.description),
        words(&field.title),
        raw(field.minimum.or(field.shortest)),
        raw(field.maximum.or(field.longest)),
        words(&field.format),
        flag(multiple),
        if titled { lines(&title) } else { String::new() },
        shape::outline(field),
    ]
}

pub fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// A string, or nothing when it is something else.
pub fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    parse::<Text<'_>>(raw).map(|text| text.0)
}

/// A string without its quotes, anything else as JSON.
pub fn bare(raw: &RawValue) -> Cow<'_, str> {
    text(raw).unwrap_or(Cow::Borrowed(raw.get()))
}

fn take<T>(into: &mut Option<T>, value: Option<T>) {
    if into.is_none() {
        *into = value;
    }
}
