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
use std::future::Future;
use std::pin::Pin;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocol::job::{Job, Pace, room};
use crate::protocol::raw::Text;
use crate::protocol::shape;
use crate::protocol::walk::{Bad, Split, fields, fields_from, given, whole};
use crate::protocol::words::{bare as write_bare, decoded, is_text, is_utf8};
use crate::table::Table;

/// How deep `$ref`, `anyOf` and the like are followed.
const DEPTH: usize = 8;
/// How far nested items are read.
const ITEMS: usize = 4;
/// Choices of one field; more serve nobody.
const CHOICES: usize = 4096;
/// Types of one field; there are seven.
const TYPES: usize = 64;
/// A schema beyond this is read no further than the names of its arguments.
pub(super) const LONGEST: usize = 256 << 10;
/// Parts of one field that are looked at: alternatives of alternatives of a
/// hostile schema would never end.
const PARTS: usize = 2000;

/// What may still be read, and how fast. All that references and alternatives lead
/// to has to be read for each field anew, and a hostile schema makes much of that.
pub(super) struct Work<'p> {
    pub(super) pace: &'p mut Pace,
    parts: usize,
    bytes: usize,
}

impl<'p> Work<'p> {
    /// Enough for everything in `length` bytes of honest schemas.
    pub(super) fn new(length: usize, pace: &'p mut Pace) -> Work<'p> {
        Work { pace, parts: PARTS, bytes: length.saturating_mul(16).saturating_add(1 << 20) }
    }
}

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
pub(super) struct Schema<'a> {
    #[serde(borrow, default)]
    properties: Members<'a>,
    #[serde(borrow, default)]
    required: Vec<Text<'a>>,
    #[serde(borrow)]
    additional_properties: Option<Raw<'a>>,
    #[serde(rename = "$defs", borrow, default)]
    defs: Members<'a>,
    #[serde(borrow, default)]
    definitions: Members<'a>,
}

/// What an argument accepts, references and alternatives resolved.
#[derive(Debug, Default)]
pub(super) struct Field<'a> {
    pub(super) types: Vec<Cow<'a, str>>,
    pub(super) choices: Vec<Choice<'a>>,
    /// There is but one choice, and it stands in `const`.
    pub(super) constant: bool,
    pub(super) items: Option<Box<Field<'a>>>,
    pub(super) members: Vec<Member<'a>>,
    pub(super) default: Option<Raw<'a>>,
    pub(super) title: Option<Cow<'a, str>>,
    pub(super) description: Option<Cow<'a, str>>,
    pub(super) minimum: Option<Raw<'a>>,
    pub(super) maximum: Option<Raw<'a>>,
    pub(super) shortest: Option<Raw<'a>>,
    pub(super) longest: Option<Raw<'a>>,
    pub(super) format: Option<Cow<'a, str>>,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) required: bool,
    pub(super) field: Field<'a>,
}

/// One of the values that a field may have.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) value: Raw<'a>,
    pub(super) title: Option<Cow<'a, str>>,
}

/// The members of an object in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, Raw<'a>)>);

/// A value as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a>(&'a str);

/// The members of a property that are read; what each holds is looked at by itself,
/// so that one that is malformed spoils no other.
const PROPERTY: [&str; 19] = [
    "type",
    "enum",
    "enumNames",
    "const",
    "items",
    "properties",
    "required",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "default",
    "title",
    "description",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "format",
];

/// The arguments that a raw schema asks for, one row each: required ones first,
/// else in the order of the server.
///
/// Of a schema beyond 256 KiB only the names are given.
pub fn arguments(schema: &str) -> Table {
    arguments_job(schema).finish()
}

/// What [`arguments`] gives, in steps.
pub fn arguments_job<'a>(schema: impl AsRef<[u8]> + Send + Sync + 'a) -> Job<'a, Table> {
    Job::new(|mut pace| async move {
        let schema = schema.as_ref();
        let mut table = Table::with_room(ARGUMENTS, room(schema.len()));
        // What cannot be read asks for nothing.
        match schema.len() > LONGEST {
            true => _ = write_names(schema, &mut table, &mut pace).await,
            false => _ = write_rows(schema, &mut table, &mut pace).await,
        }
        table
    })
}

async fn write_rows(schema: &[u8], table: &mut Table, pace: &mut Pace) -> Result<(), Bad> {
    if !is_utf8(schema, pace).await {
        return Err(Bad);
    }
    let schema_read = Schema::in_pieces(whole(schema, pace).await?, pace).await?;
    let mut work = Work::new(schema.len(), pace);
    for wanted in [true, false] {
        for at in 0..schema_read.properties.0.len() {
            let Some((name, required, field)) = schema_read.argument(at, wanted, &mut work).await
            else {
                continue;
            };
            write_row(&name, required, &field, table, work.pace).await;
        }
    }
    Ok(())
}

async fn write_names(schema: &[u8], table: &mut Table, pace: &mut Pace) -> Result<(), Bad> {
    if !is_utf8(schema, pace).await {
        return Err(Bad);
    }
    let [properties, ..] = parts(whole(schema, pace).await?, pace).await?;
    let mut members = Split::object(properties.ok_or(Bad)?, pace).await?;
    while let Some((name, _)) = members.member(pace).await? {
        write_bare(name, table, pace).await;
        ARGUMENTS.iter().for_each(|_| table.end_cell());
    }
    Ok(())
}

/// The raw `inputSchema` of a raw tool definition, `{}` when it has none.
pub fn input_schema(definition: &str) -> &str {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Definition<'a> {
        #[serde(borrow, default)]
        input_schema: Option<Raw<'a>>,
    }
    serde_json::from_str::<Definition<'_>>(definition)
        .ok()
        .and_then(|definition| definition.input_schema)
        .map_or("{}", Raw::get)
}

impl<'a> Schema<'a> {
    /// # Errors
    /// What serde found wrong.
    pub(super) fn read(schema: &'a str) -> serde_json::Result<Schema<'a>> {
        serde_json::from_str(schema)
    }

    /// As [`Schema::read`], in steps, from a value as [`Split`] gives it.
    pub(super) async fn in_pieces(schema: &'a [u8], pace: &mut Pace) -> Result<Schema<'a>, Bad> {
        let [properties, required, additional, defs, definitions] = parts(schema, pace).await?;
        Ok(Schema {
            properties: Members::of(properties, pace).await?,
            required: texts(required.unwrap_or(b"[]"), pace).await?,
            additional_properties: given(additional).map(Raw::new),
            defs: Members::of(defs, pace).await?,
            definitions: Members::of(definitions, pace).await?,
        })
    }

    /// The argument at `index`: its name, whether it is required, what it accepts.
    /// `None` past the end, and when the answer to the second is not the `wanted` one.
    pub(super) async fn argument(
        &self,
        index: usize,
        wanted: impl Into<Option<bool>>,
        work: &mut Work<'_>,
    ) -> Option<(Cow<'a, str>, bool, Field<'a>)> {
        let (name, raw) = self.properties.0.get(index)?;
        work.pace.spend(self.required.len() * 4 + 4).await;
        let required = self.requires(name);
        if wanted.into().is_some_and(|wanted| wanted != required) {
            return None;
        }
        work.parts = PARTS;
        let field = self.field(*raw, Reach { members: true, ..REACH }, work).await;
        Some((name.clone(), required, field))
    }

    /// What the argument `name` accepts.
    pub(super) fn find(&self, name: &str) -> Option<Field<'a>> {
        let raw = self.properties.get(name)?;
        let of = |mut pace| async move {
            let mut work = Work::new(LONGEST, &mut pace);
            self.field(raw, REACH, &mut work).await
        };
        Some(Job::new(of).finish())
    }

    /// How many arguments there are.
    pub(super) fn len(&self) -> usize {
        self.properties.0.len()
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|other| other.0 == name)
    }

    /// The names of what is required.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        self.required.iter().map(|name| &*name.0)
    }

    /// The names of all arguments.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.0.iter().map(|(name, _)| &**name)
    }

    /// A name outside `properties` is a slip of the keyboard, unless the schema
    /// invites others in so many words.
    pub(super) fn is_closed(&self) -> bool {
        match self.additional_properties {
            None => !self.properties.0.is_empty(),
            Some(value) => value.get() == "false",
        }
    }

    async fn field(&self, raw: Raw<'a>, reach: Reach, work: &mut Work<'_>) -> Field<'a> {
        let mut field = Field::default();
        self.collect(raw, &mut field, Reach { depth: DEPTH, ..reach }, true, work).await;
        field
    }

    /// Adds what `raw` says to `into`. Alternatives (not `outer`) have no say in
    /// what the whole is called.
    fn collect<'s>(
        &'s self,
        raw: Raw<'a>,
        into: &'s mut Field<'a>,
        reach: Reach,
        outer: bool,
        work: &'s mut Work<'_>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 's>> {
        Box::pin(async move {
            let left = (work.parts.checked_sub(1), work.bytes.checked_sub(raw.0.len()));
            let (Some(parts), Some(bytes)) = left else { return };
            (work.parts, work.bytes) = (parts, bytes);
            let property = fields(raw.0.as_bytes(), &PROPERTY, work.pace).await;
            let property = property.unwrap_or_default().map(given);
            let [
                r#type,
                r#enum,
                enum_names,
                r#const,
                items,
                properties,
                required,
                any_of,
                one_of,
                all_of,
                reference,
                default,
                title,
                description,
                minimum,
                maximum,
                min_length,
                max_length,
                format,
            ] = property;
            into.add_types(r#type, work.pace).await;
            if outer {
                take_text(&mut into.title, title, work.pace).await;
                take_text(&mut into.description, description, work.pace).await;
            }
            take(&mut into.default, default.map(Raw::new));
            take(&mut into.minimum, minimum.map(Raw::new));
            take(&mut into.maximum, maximum.map(Raw::new));
            take(&mut into.shortest, min_length.map(Raw::new));
            take(&mut into.longest, max_length.map(Raw::new));
            take_text(&mut into.format, format, work.pace).await;
            if let Some(values) = r#enum {
                into.add_choices(values, enum_names, work.pace).await;
            }
            if let Some(value) = r#const {
                into.constant = outer;
                let mut name = None;
                if !outer {
                    take_text(&mut name, title, work.pace).await;
                }
                into.add_choice(value, name);
            }
            let inside = reach.items.checked_sub(1).map(|items| Reach { items, ..reach });
            if let (Some(raw), None, Some(inside)) = (items, &into.items, inside) {
                into.items = Some(Box::new(self.field(Raw::new(raw), inside, work).await));
            }
            if let (Some(raw), true, Some(inside)) =
                (properties, reach.members && into.members.is_empty(), inside)
            {
                let required = match required {
                    Some(required) => texts(required, work.pace).await.unwrap_or_default(),
                    None => Vec::new(),
                };
                let members = Members::of(Some(raw), work.pace).await.unwrap_or_default();
                for (name, raw) in members.0 {
                    let field = self.field(raw, inside, work).await;
                    work.pace.spend(required.len() * 4).await;
                    let required = required.iter().any(|other| other.0 == name);
                    into.members.push(Member { name, required, field });
                }
            }
            let Some(depth) = reach.depth.checked_sub(1) else { return };
            let reach = Reach { depth, ..reach };
            for (list, outer) in [(any_of, false), (one_of, false), (all_of, outer)] {
                let Ok(mut list) = Split::list(list.unwrap_or_default(), work.pace).await else {
                    continue;
                };
                while let Ok(Some(part)) = list.element(work.pace).await {
                    self.collect(Raw::new(part), into, reach, outer, work).await;
                }
            }
            let Some(reference) = reference else { return };
            let Ok(reference) = decoded(reference, work.pace).await else { return };
            work.pace.spend((self.defs.0.len() + self.definitions.0.len()) * 4).await;
            if let Some(target) = self.resolve(&reference) {
                self.collect(target, into, reach, outer, work).await;
            }
        })
    }

    /// Only references into the schema itself; nothing is ever fetched.
    fn resolve(&self, reference: &str) -> Option<Raw<'a>> {
        if let Some(name) = reference.strip_prefix("#/$defs/") {
            return self.defs.get(name);
        }
        self.definitions.get(reference.strip_prefix("#/definitions/")?)
    }
}

impl<'a> Field<'a> {
    pub(super) fn takes(&self, name: &str) -> bool {
        self.types.iter().any(|other| other == name)
    }

    /// A list of which each item is one of several choices.
    pub(super) fn is_multiple(&self) -> bool {
        self.takes("array") && self.items.as_ref().is_some_and(|items| !items.choices.is_empty())
    }

    /// The types in words: `array of string`, `integer or null`.
    pub(super) fn type_name(&self) -> String {
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

    async fn add_types(&mut self, raw: Option<&'a [u8]>, pace: &mut Pace) {
        let Some(raw) = raw else { return };
        let names = match decoded(raw, pace).await {
            Ok(name) => vec![Text(name)],
            Err(Bad) => texts(raw, pace).await.unwrap_or_default(),
        };
        for Text(name) in names {
            pace.spend(16).await;
            if self.types.len() < TYPES && !self.takes(&name) {
                self.types.push(name);
            }
        }
    }

    async fn add_choices(&mut self, values: &'a [u8], names: Option<&'a [u8]>, pace: &mut Pace) {
        let Ok(mut values) = Split::list(values, pace).await else { return };
        let mut names = match names {
            Some(names) => Split::list(names, pace).await.ok(),
            None => None,
        };
        while let Ok(Some(value)) = values.element(pace).await {
            let mut title = None;
            if let Some(all) = &mut names {
                match all.element(pace).await {
                    Ok(Some(name)) => take_text(&mut title, Some(name), pace).await,
                    _ => names = None,
                }
            }
            self.add_choice(value, title);
        }
    }

    fn add_choice(&mut self, value: &'a [u8], title: Option<Cow<'a, str>>) {
        if self.choices.len() < CHOICES {
            self.choices.push(Choice { value: Raw::new(value), title });
        }
    }
}

impl<'a> Raw<'a> {
    /// A value as [`Split`] gives it.
    fn new(value: &'a [u8]) -> Raw<'a> {
        // The whole of it was looked at before; none is the safe answer.
        Raw(std::str::from_utf8(value).unwrap_or("null"))
    }

    /// It, as it came.
    pub(super) fn get(self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw<'a>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Raw(raw.get()))
    }
}

impl<'a> Members<'a> {
    /// Those of an object as [`Split`] gives it; none when it is missing.
    async fn of(raw: Option<&'a [u8]>, pace: &mut Pace) -> Result<Members<'a>, Bad> {
        let mut members = Members::default();
        let Some(raw) = raw else { return Ok(members) };
        let mut split = Split::object(raw, pace).await?;
        while let Some((name, value)) = split.member(pace).await? {
            members.0.push((decoded(name, pace).await?, Raw::new(value)));
        }
        Ok(members)
    }

    /// The value of the last member of that name, as JSON parsers have it.
    fn get(&self, name: &str) -> Option<Raw<'a>> {
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
                while let Some(member) = map.next_entry::<Text<'de>, Raw<'de>>()? {
                    members.push((member.0.0, member.1));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

async fn write_row(
    name: &str,
    required: bool,
    field: &Field<'_>,
    table: &mut Table,
    pace: &mut Pace,
) {
    let multiple = field.is_multiple();
    let from = field.items.as_deref().filter(|_| multiple).unwrap_or(field);
    let titled = from.choices.iter().any(|choice| choice.title.is_some());
    let strings = || field.choices.iter().all(|choice| choice.value.0.starts_with('"'));
    let kind = match field.types.join(" or ") {
        none if none.is_empty() && !field.choices.is_empty() && strings() => "string".to_owned(),
        kind => kind,
    };
    let flag = |flag: bool| if flag { "1" } else { "" };
    let words = |words: &Option<Cow<'_, str>>| words.as_deref().unwrap_or_default().to_owned();
    pace.spend(field.choices.len() * 2).await;
    for cell in [name, &kind, flag(required)] {
        cell_of(cell, table);
    }
    write_raw(field.default, table, pace).await;
    write_lines(from, false, table, pace).await;
    cell_of(&words(&field.description), table);
    cell_of(&words(&field.title), table);
    write_raw(field.minimum.or(field.shortest), table, pace).await;
    write_raw(field.maximum.or(field.longest), table, pace).await;
    cell_of(&words(&field.format), table);
    cell_of(flag(multiple), table);
    match titled {
        true => write_lines(from, true, table, pace).await,
        false => cell_of("", table),
    }
    cell_of(&shape::outline(field), table);
    pace.spend(table.bytes().min(LONGEST) / 64).await;
}

fn cell_of(text: &str, table: &mut Table) {
    table.append(text);
    table.end_cell();
}

async fn write_raw(raw: Option<Raw<'_>>, table: &mut Table, pace: &mut Pace) {
    if let Some(raw) = raw {
        write_bare(raw.0.as_bytes(), table, pace).await;
    }
    table.end_cell();
}

/// A line for each choice: its title, if that is wanted and there is one, or its value.
async fn write_lines(from: &Field<'_>, titles: bool, table: &mut Table, pace: &mut Pace) {
    for (at, choice) in from.choices.iter().enumerate() {
        if at > 0 {
            table.append("\n");
        }
        let text = match choice.title.as_deref().filter(|_| titles) {
            Some(title) => Cow::Borrowed(title),
            None => bare(choice.value),
        };
        table.append(&text.replace(['\n', '\r'], " "));
        pace.spend(text.len() + 16).await;
    }
    table.end_cell();
}

/// The members of a schema that are read.
async fn parts<'a>(schema: &'a [u8], pace: &mut Pace) -> Result<[Option<&'a [u8]>; 5], Bad> {
    let names = ["properties", "required", "additionalProperties", "$defs", "definitions"];
    fields_from(schema, &names, 3, pace).await
}

/// The raw `properties` and `required` of a raw tool, when all of its schema can be
/// read.
pub(super) async fn names_of_tool<'a>(
    tool: &'a [u8],
    pace: &mut Pace,
) -> Result<(&'a [u8], &'a [u8]), Bad> {
    let [schema] = fields(tool, &["inputSchema"], pace).await?;
    let [properties, required, _, defs, definitions] =
        parts(given(schema).ok_or(Bad)?, pace).await?;
    for members in [properties, defs, definitions].into_iter().flatten() {
        let mut members = Split::object(members, pace).await?;
        while let Some((name, _)) = members.member(pace).await? {
            if !is_text(name, pace).await {
                return Err(Bad);
            }
        }
    }
    if let Some(required) = required {
        let mut names = Split::list(required, pace).await?;
        while let Some(name) = names.element(pace).await? {
            if !is_text(name, pace).await {
                return Err(Bad);
            }
        }
    }
    Ok((properties.unwrap_or_default(), required.unwrap_or_default()))
}

/// The strings of a list of nothing else.
async fn texts<'a>(raw: &'a [u8], pace: &mut Pace) -> Result<Vec<Text<'a>>, Bad> {
    let (mut texts, mut list) = (Vec::new(), Split::list(raw, pace).await?);
    while let Some(text) = list.element(pace).await? {
        texts.push(Text(decoded(text, pace).await?));
    }
    Ok(texts)
}

/// A string without its quotes, anything else as JSON.
pub(super) fn bare(raw: Raw<'_>) -> Cow<'_, str> {
    let text = serde_json::from_str::<Text<'_>>(raw.0);
    text.map_or(Cow::Borrowed(raw.0), |text| text.0)
}

async fn take_text<'a>(into: &mut Option<Cow<'a, str>>, raw: Option<&'a [u8]>, pace: &mut Pace) {
    if let (None, Some(raw)) = (&into, raw) {
        *into = decoded(raw, pace).await.ok();
    }
}

fn take<T>(into: &mut Option<T>, value: Option<T>) {
    if into.is_none() {
        *into = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(schema: &str, row: usize) -> Vec<(&'static str, String)> {
        let table = arguments(schema);
        let cells = ARGUMENTS.iter().map(|name| (*name, table.get(row, name).unwrap().to_owned()));
        cells.filter(|(_, cell)| !cell.is_empty()).collect()
    }

    fn says(schema: &str, row: usize, wanted: &[(&'static str, &str)]) {
        let wanted: Vec<_> = wanted.iter().map(|(name, cell)| (*name, cell.to_string())).collect();
        assert_eq!(cells(schema, row), wanted);
    }

    #[test]
    fn required_arguments_come_first_and_the_others_keep_their_order() {
        let table = arguments(
            r#"{"properties":{"z":{},"b":{},"a":{},"y":{}},"required":["y","b","gone"]}"#,
        );
        let names: Vec<_> = (0..table.rows()).map(|row| table.get(row, "name").unwrap()).collect();
        assert_eq!(names, ["b", "y", "z", "a"]);
    }

    #[test]
    fn a_row_has_everything_that_a_prompt_needs() {
        says(
            r#"{"properties":{"n":{"type":"integer","minimum":1,"maximum":9,"default":3,
                "title":"N","description":"how many"}},"required":["n"]}"#,
            0,
            &[
                ("name", "n"),
                ("type", "integer"),
                ("required", "1"),
                ("default", "3"),
                ("description", "how many"),
                ("title", "N"),
                ("minimum", "1"),
                ("maximum", "9"),
            ],
        );
        says(
            r#"{"properties":{"m":{"type":"string","format":"email","maxLength":40}}}"#,
            0,
            &[("name", "m"), ("type", "string"), ("maximum", "40"), ("format", "email")],
        );
    }

    #[test]
    fn choices_come_from_enums_titled_enums_and_lists_of_them() {
        let wanted = |extra: &[(&'static str, &'static str)], kind: &'static str| {
            let mut all = vec![("name", "c"), ("type", kind)];
            all.push(("choices", "r\ng"));
            all.extend(extra);
            all
        };
        says(r#"{"properties":{"c":{"enum":["r","g"]}}}"#, 0, &wanted(&[], "string"));
        for titled in [
            r#"{"type":"string","enum":["r","g"],"enumNames":["Red","Green"]}"#,
            r#"{"type":"string","oneOf":[{"const":"r","title":"Red"},{"const":"g","title":"Green"}]}"#,
        ] {
            let schema = format!(r#"{{"properties":{{"c":{titled}}}}}"#);
            says(&schema, 0, &wanted(&[("choice_titles", "Red\nGreen")], "string"));
        }
        let many = r#"{"properties":{"c":{"type":"array","items":{"anyOf":[
            {"const":"r","title":"Red"},{"const":"g"}]}}}}"#;
        says(many, 0, &wanted(&[("multiple", "1"), ("choice_titles", "Red\ng")], "array"));
    }

    #[test]
    fn references_are_resolved_and_a_knot_ends() {
        says(
            r##"{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string",
                "description":"an A","enum":["x"]}}}"##,
            0,
            &[("name", "a"), ("type", "string"), ("choices", "x"), ("description", "an A")],
        );
        let knot = r##"{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"anyOf":[
            {"$ref":"#/$defs/A"},{"type":"integer"}],"items":{"$ref":"#/$defs/A"}}}}"##;
        assert_eq!(arguments(knot).get(0, "type"), Some("integer"));
    }

    #[test]
    fn what_cannot_be_read_is_an_argument_all_the_same() {
        says(r#"{"properties":{"a":true,"b":{"type":7,"enum":3}}}"#, 0, &[("name", "a")]);
        says(r#"{"properties":{"a":true,"b":{"type":7,"enum":3}}}"#, 1, &[("name", "b")]);
        assert_eq!(arguments("[]").rows(), 0);
    }
}
