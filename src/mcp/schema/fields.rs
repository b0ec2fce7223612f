//! The arguments of tools and the fields of forms, read from their schemas.
//!
//! Words are encoded by it, and listings and prompts are made from it. It keeps the order of
//! the server, and does not validate.
//!
//! Invariants:
//! - the root is read like every nested schema, with `$ref`, `allOf`, `anyOf` and `oneOf`;
//! - a part that cannot be read counts as absent, and does not affect the others.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::json::cursor::{Cursor, last, whole};
use crate::json::lenient;
use crate::json::task::Task;
use crate::json::text::bare as write_bare;
use crate::json::{Budget, NotJson};
use crate::mcp::schema::field::{Field, Member};
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::schema_value::{bare, json_text};
use crate::mcp::schema::subschema::{Document, Reach, Work};
use crate::mcp::schema::type_hint;
use crate::redact::is_masked_name;
use crate::table::Table;

/// Only the names of the arguments are read of a schema with more bytes.
pub(crate) const LONGEST: usize = 256 << 10;
/// The most members of one object, and the most required names.
const NAMES: usize = 4096;
/// The most bytes of choices of one argument, and of all. Further choices are not offered.
const CHOICES_OF_ONE: usize = 128 << 10;
const CHOICES_OF_ALL: usize = 256 << 10;
/// The most levels of objects whose members get rows, and the most rows of one argument.
const ROWS_DEPTH: usize = 3;
const ROWS_OF_ONE: usize = 64;

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
    "open",
    "secret",
    "choice_values",
    "item",
];

/// A schema of an object.
#[derive(Debug)]
pub(crate) struct Schema<'a> {
    document: Document<'a>,
    properties: Vec<Property<'a>>,
    required: HashSet<Cow<'a, str>>,
    required_in_order: Vec<Cow<'a, str>>,
    /// No other members are allowed.
    is_closed: bool,
    /// The schemas of other members, by the beginning of their names.
    patterns: Vec<(Cow<'a, str>, &'a str)>,
    additional: Option<&'a str>,
    /// A limit was reached, and a part of the schema was not read.
    pub(crate) is_cut: bool,
}

/// A member, and the schemas that apply to it in each alternative.
#[derive(Debug)]
struct Property<'a> {
    name: Cow<'a, str>,
    alternatives: Vec<Vec<&'a str>>,
}

/// The arguments of a raw schema, a row each: required ones first, else in the order of the
/// server. A member of an object has a row of its own, called `address.street`.
///
/// A schema with more than 256 KiB gives only the names.
pub fn arguments(schema: &str) -> Table {
    arguments_task(schema).finish()
}

/// The same as [`arguments`], in steps.
pub fn arguments_task<'a>(schema: impl AsRef<[u8]> + Send + Sync + 'a) -> Task<'a, Table> {
    Task::new(|mut budget| async move {
        let schema = schema.as_ref();
        let mut table = Table::with_room(ARGUMENTS, schema.len());
        // A schema that cannot be read has no arguments.
        match schema.len() > LONGEST {
            true => _ = write_names(schema, &mut table, &mut budget).await,
            false => _ = write_rows(schema, &mut table, &mut budget).await,
        }
        table
    })
}

async fn write_rows(schema: &[u8], table: &mut Table, budget: &mut Budget) -> Result<(), NotJson> {
    let mut work = Work::new(schema.len(), budget);
    let schema_read = Schema::read(whole(schema, work.budget).await?, &mut work).await;
    let mut rows = Rows { left: CHOICES_OF_ALL };
    for wanted in [true, false] {
        for at in 0..schema_read.len() {
            if schema_read.is_required_at(at) != wanted {
                continue;
            }
            let Some((name, required, field)) = schema_read.argument(at, &mut work).await else {
                continue;
            };
            rows.write(&name, required, &field, table, work.budget).await;
        }
    }
    Ok(())
}

async fn write_names(schema: &[u8], table: &mut Table, budget: &mut Budget) -> Result<(), NotJson> {
    let [properties] = last(whole(schema, budget).await?, &["properties"], budget).await?;
    let mut members = Cursor::object(properties.ok_or(NotJson)?, budget).await?;
    while let Some((name, _)) = members.member(budget).await? {
        write_bare(name, table, budget).await;
        ARGUMENTS.iter().for_each(|_| table.end_cell());
    }
    Ok(())
}

/// The raw `inputSchema` of a raw tool definition, `{}` when it has none.
pub fn input_schema(definition: &str) -> &str {
    let [schema] = lenient::members(definition, &["inputSchema"]);
    schema.map_or("{}", json_text)
}

impl<'a> Schema<'a> {
    /// Reads the root of a schema, a value as [`Cursor`] gives it.
    pub(crate) async fn read(schema: &'a [u8], work: &mut Work<'_, 'a>) -> Schema<'a> {
        let document = Document(json_text(schema));
        let root = document.outside(&[document.0], work).await;
        let mut schema = Schema {
            document,
            properties: Vec::new(),
            required: HashSet::new(),
            required_in_order: Vec::new(),
            is_closed: true,
            patterns: Vec::new(),
            additional: None,
            is_cut: root.is_cut,
        };
        let is_object = |types: &[Type]| types.is_empty() || types.contains(&Type::Object);
        let mut alternatives: Vec<_> =
            root.alternatives.iter().filter(|one| is_object(&one.types)).collect();
        if alternatives.is_empty() {
            alternatives = root.alternatives.iter().collect();
        }
        let mut places = std::collections::HashMap::new();
        for (index, one) in alternatives.iter().enumerate() {
            for (name, raws) in &one.properties {
                work.budget.spend(64).await;
                let at = *places.entry(name.clone()).or_insert_with(|| {
                    schema
                        .properties
                        .push(Property { name: name.clone(), alternatives: Vec::new() });
                    schema.properties.len() - 1
                });
                let known = &mut schema.properties[at].alternatives;
                if known.len() < 32 && !known.contains(raws) {
                    known.push(raws.clone());
                }
            }
            // A name outside `properties` is a typing error, unless the schema has
            // `additionalProperties` or `patternProperties`.
            let is_closed = match one.additional {
                None => !one.properties.is_empty(),
                Some(value) => value == "false",
            };
            schema.is_closed &= is_closed && one.patterns.is_empty();
            schema.additional =
                schema.additional.or(one.additional.filter(|raw| raw.starts_with('{')));
            schema.patterns.extend(one.patterns.iter().cloned());
            // An argument is required if every alternative requires it.
            work.budget.spend(one.required.len() * 64).await;
            let required: HashSet<Cow<'a, str>> =
                one.required.iter().take(NAMES).cloned().collect();
            if index == 0 {
                schema.required = required;
                schema.required_in_order.clone_from(&one.required);
            } else {
                schema.required.retain(|name| required.contains(name));
            }
        }
        // A name that is required and not described cannot be given as a word.
        let (is_closed, required) = (schema.is_closed, &mut schema.required);
        required.retain(|name| !is_closed || places.contains_key(name));
        let mut seen = HashSet::new();
        schema
            .required_in_order
            .retain(|name| schema.required.contains(name) && seen.insert(name.clone()));
        schema
    }

    /// The name of the argument at `index`, whether it is required, and its field. `None`
    /// past the end.
    pub(crate) async fn argument(
        &self,
        index: usize,
        work: &mut Work<'_, 'a>,
    ) -> Option<(Cow<'a, str>, bool, Field<'a>)> {
        let property = self.properties.get(index)?;
        let field = self.field(property, Reach::ALL, work).await;
        Some((property.name.clone(), self.requires(&property.name), field))
    }

    /// The field of the argument `name`.
    pub(crate) async fn find(
        &self,
        name: &str,
        reach: Reach,
        work: &mut Work<'_, 'a>,
    ) -> Option<Field<'a>> {
        work.budget.spend(self.properties.len() * 2 + 8).await;
        if let Some(property) = self.properties.iter().find(|property| property.name == name) {
            return Some(self.field(property, reach, work).await);
        }
        let fits = |pattern: &str| has_beginning(name, pattern);
        let pattern = self.patterns.iter().find(|(pattern, _)| fits(pattern));
        let raw = pattern.map(|(_, raw)| *raw).or(self.additional)?;
        Some(self.document.field(&[raw], reach, work).await)
    }

    async fn field(
        &self,
        property: &Property<'a>,
        reach: Reach,
        work: &mut Work<'_, 'a>,
    ) -> Field<'a> {
        let mut all: Option<Field<'a>> = None;
        for raws in &property.alternatives {
            let field = self.document.field(raws, reach, work).await;
            match &mut all {
                None => all = Some(field),
                Some(all) => all.or_else(field),
            }
        }
        let mut all = all.unwrap_or_default();
        all.secret |= is_masked_name(&property.name);
        all
    }

    /// The number of arguments.
    pub(crate) fn len(&self) -> usize {
        self.properties.len()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name == name)
    }

    pub(crate) fn requires(&self, name: &str) -> bool {
        self.required.contains(name)
    }

    fn is_required_at(&self, index: usize) -> bool {
        self.properties.get(index).is_some_and(|property| self.requires(&property.name))
    }

    /// The required names, each once.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        self.required_in_order.iter().map(|name| &**name)
    }

    /// The names of all arguments.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().map(|property| &*property.name)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// Whether a name may match a pattern, judged by the literal characters at its beginning.
fn has_beginning(name: &str, pattern: &str) -> bool {
    let anchored = pattern.strip_prefix('^');
    let (is_anchored, pattern) = (anchored.is_some(), anchored.unwrap_or(pattern));
    let is_special = |c: char| "\\.[]{}()*+?|^$".contains(c);
    let mut plain = pattern.split(is_special).next().unwrap_or_default();
    // An optional character is not compared.
    if pattern[plain.len()..].starts_with(['*', '?', '{']) || pattern.contains('|') {
        plain = "";
    }
    if is_anchored { name.starts_with(plain) } else { name.contains(plain) }
}

/// Writes rows of [`arguments`].
struct Rows {
    /// Bytes of choices that may still be written.
    left: usize,
}

impl Rows {
    /// Writes a row, or a row for each member of an object.
    async fn write(
        &mut self,
        name: &str,
        required: bool,
        field: &Field<'_>,
        table: &mut Table,
        budget: &mut Budget,
    ) {
        let mut leaves = Vec::new();
        leaves_of(name.to_owned(), required, field, ROWS_DEPTH, &mut leaves);
        if leaves.len() > ROWS_OF_ONE {
            leaves = vec![(name.to_owned(), required, field)];
        }
        for (name, required, field) in leaves {
            self.row(&name, required, field, table, budget).await;
        }
    }

    async fn row(
        &mut self,
        name: &str,
        required: bool,
        field: &Field<'_>,
        table: &mut Table,
        budget: &mut Budget,
    ) {
        let multiple = field.is_multiple();
        let from = field.items().filter(|_| multiple).unwrap_or(field);
        let limits = field.limits();
        let strings = || field.choices().all(|choice| choice.value.starts_with('"'));
        let types: Vec<&str> = field.types().into_iter().map(Type::name).collect();
        let kind = match types.join(" or ") {
            none if none.is_empty() && field.has_choices() && strings() => "string".to_owned(),
            kind => kind,
        };
        let flag = |flag: bool| if flag { "1" } else { "" };
        let words = |words: &Option<Cow<'_, str>>| words.as_deref().unwrap_or_default().to_owned();
        let mut size = 0;
        for choice in from.choices() {
            size += choice.value.len() + choice.title.as_deref().map_or(0, str::len) + 2;
            budget.spend(4).await;
        }
        let is_shown = size <= CHOICES_OF_ONE.min(self.left);
        self.left -= if is_shown { size } else { 0 };
        let is_titled = is_shown && from.choices().any(|choice| choice.title.is_some());
        for cell in [name, &kind, flag(required)] {
            cell_of(cell, table);
        }
        write_raw(field.default, table, budget).await;
        write_lines(from, ChoiceForm::Value, is_shown, table, budget).await;
        cell_of(&words(&field.description), table);
        cell_of(&words(&field.title), table);
        write_raw(limits.minimum.or(limits.shortest), table, budget).await;
        write_raw(limits.maximum.or(limits.longest), table, budget).await;
        cell_of(&words(&limits.format), table);
        cell_of(flag(multiple && is_shown), table);
        write_lines(from, ChoiceForm::Title, is_titled, table, budget).await;
        cell_of(&type_hint::outline(field), table);
        cell_of(flag(from.is_open() || !is_shown), table);
        cell_of(flag(field.secret), table);
        write_lines(from, ChoiceForm::Json, is_shown, table, budget).await;
        let item = field.items().filter(|_| field.takes(Type::Array));
        cell_of(&item.map(Field::type_name).unwrap_or_default(), table);
        budget.spend(table.bytes().min(LONGEST) / 64).await;
    }
}

/// The rows of a field. An object with known members has a row for each of them. A list of
/// such objects has the rows of its first item.
fn leaves_of<'f, 'a>(
    name: String,
    required: bool,
    field: &'f Field<'a>,
    depth: usize,
    leaves: &mut Vec<(String, bool, &'f Field<'a>)>,
) {
    let is_only = |field: &Field<'_>, wanted: Type| {
        field.takes(wanted)
            && field.types().iter().all(|kind| *kind == wanted || *kind == Type::Null)
    };
    let (name, object) = match field.items() {
        Some(items) if is_only(field, Type::Array) && field.prefix().is_empty() => {
            (format!("{name}.0"), items)
        }
        _ => (name, field),
    };
    let members: Vec<(&Member<'a>, bool)> = object.members();
    // A required object without required members gets one row, because its members may all
    // be left empty.
    let is_enough = !required || members.iter().any(|(_, required)| *required);
    let is_object = is_only(object, Type::Object) && !members.is_empty();
    if depth == 0 || !is_object || object.has_choices() || !is_enough {
        let name = match std::ptr::eq(object, field) {
            true => name,
            false => name[..name.len() - 2].to_owned(),
        };
        leaves.push((name, required, field));
        return;
    }
    for (member, member_required) in members {
        if leaves.len() > ROWS_OF_ONE {
            return;
        }
        let name = format!("{name}.{}", member.name);
        leaves_of(name, required && member_required, &member.field, depth - 1, leaves);
    }
}

/// The form in which a choice is written.
#[derive(Clone, Copy, PartialEq)]
enum ChoiceForm {
    Json,
    Title,
    Value,
}

fn cell_of(text: &str, table: &mut Table) {
    table.append(text);
    table.end_cell();
}

async fn write_raw(raw: Option<&str>, table: &mut Table, budget: &mut Budget) {
    if let Some(raw) = raw {
        write_bare(raw.as_bytes(), table, budget).await;
    }
    table.end_cell();
}

/// Writes a line for each choice.
async fn write_lines(
    from: &Field<'_>,
    line: ChoiceForm,
    is_shown: bool,
    table: &mut Table,
    budget: &mut Budget,
) {
    for (at, choice) in from.choices().enumerate() {
        if !is_shown {
            break;
        }
        if at > 0 {
            table.append("\n");
        }
        let text = match (line, choice.title.as_deref()) {
            (ChoiceForm::Title, Some(title)) => Cow::Borrowed(title),
            (ChoiceForm::Json, _) => Cow::Borrowed(choice.value),
            _ => bare(choice.value),
        };
        table.append(&text.replace(['\n', '\r'], " "));
        budget.spend(text.len() + 16).await;
    }
    table.end_cell();
}

/// The names of the arguments of a raw schema, and the required names.
pub(crate) async fn names<'a>(
    schema: Option<&'a [u8]>,
    budget: &mut Budget,
) -> (Vec<Cow<'a, str>>, Vec<Cow<'a, str>>) {
    let Some(schema) = schema else { return Default::default() };
    if schema.len() > LONGEST {
        let names = ["properties", "required"];
        let [properties, required] = last(schema, &names, budget).await.unwrap_or_default();
        let mut work = Work::new(schema.len(), budget);
        let properties = work.members(json_text(properties.unwrap_or_default())).await;
        let names = properties.0.iter().map(|(name, _)| name.clone()).collect();
        let required = required.unwrap_or_default();
        return (names, crate::mcp::schema::schema_value::texts(required, work.budget).await);
    }
    let mut work = Work::new(schema.len(), budget);
    let schema = Schema::read(schema, &mut work).await;
    let names = schema.properties.iter().map(|property| property.name.clone()).collect();
    (names, schema.required_in_order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(schema: &str, row: usize) -> Vec<(&'static str, String)> {
        let table = arguments(schema);
        let cells = ARGUMENTS.iter().map(|name| (*name, table.get(row, name).unwrap().to_owned()));
        let told = |name: &str| !["open", "choice_values", "item"].contains(&name);
        cells.filter(|(name, cell)| told(name) && !cell.is_empty()).collect()
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
        assert_eq!(arguments(knot).get(0, "type"), Some("array or integer"));
    }

    #[test]
    fn what_cannot_be_read_is_an_argument_all_the_same() {
        says(r#"{"properties":{"a":true,"b":{"type":7,"enum":3}}}"#, 0, &[("name", "a")]);
        says(r#"{"properties":{"a":true,"b":{"type":7,"enum":3}}}"#, 1, &[("name", "b")]);
        assert_eq!(arguments("[]").rows(), 0);
    }
}
