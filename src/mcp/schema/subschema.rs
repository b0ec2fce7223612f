//! The reader of JSON Schema: gathers the constraints on a value from all keywords.
//!
//! `$ref` (JSON Pointer, `$anchor`, `$id`), `allOf`, `anyOf`, `oneOf` and the plain keywords of
//! drafts 4 to 2020-12 are resolved into the alternatives of one [`Field`]. Everything else
//! (`not`, `if`, `dependentRequired` ...) is left to the server, which validates anyway.
//!
//! Invariants:
//! - only references into the document itself are followed, nothing is ever fetched;
//! - a schema that cannot be read accepts anything; it is never an error;
//! - the work is bounded by a [`Work`], whatever a schema refers to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::json::Budget;
use crate::json::cursor::{Cursor, given, last};
use crate::json::text::decoded;
use crate::mcp::schema::field::{
    ALTERNATIVES, Alternative, CHOICES, Choice, Field, Member, ValueLimits,
};
use crate::mcp::schema::schema_type::Type;
use crate::mcp::schema::schema_value::{Members, address, bare, json_text, texts};
use crate::redact::is_masked_name;

/// The most levels of `$ref`, `anyOf`, `oneOf` and `allOf` that are followed.
const DEPTH: usize = 48;
/// The most levels of items and members that are read.
const ITEMS: usize = 4;
/// The most entries of `type`. JSON Schema has seven types.
const TYPES: usize = 64;
/// The most schemas that are read for one field, because nested alternatives can be
/// exponentially many.
const PARTS: usize = 6000;
/// The most schemas that are read for all nested fields of one [`Work`].
const ALL_PARTS: usize = 60_000;
/// Schemas below this many bytes are not cached, because to read them again is cheaper.
const REMEMBERED: usize = 256;

/// The keywords that are read. A malformed one does not affect the others.
const KEYWORDS: [&str; 32] = [
    "type",
    "properties",
    "required",
    "$ref",
    "enum",
    "const",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "default",
    "title",
    "description",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "format",
    "additionalProperties",
    "patternProperties",
    "prefixItems",
    "nullable",
    "enumNames",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "writeOnly",
    "$dynamicRef",
    "minItems",
    "maxItems",
    "x-enumNames",
    "$recursiveRef",
    "examples",
];

type Keywords<'a> = [Option<&'a [u8]>; KEYWORDS.len()];

/// The limits of one piece of work, and the schemas that it has read.
#[derive(Debug)]
pub(crate) struct Work<'p, 'a> {
    pub(crate) budget: &'p mut Budget,
    /// Bytes that may still be read.
    bytes: usize,
    parts: usize,
    all_parts: usize,
    /// A limit was reached, and a part of the schema was left out.
    pub(crate) is_over: bool,
    /// The schemas that are applied to the current value, outermost first.
    applied: Vec<(usize, usize)>,
    keywords: HashMap<(usize, usize), Keywords<'a>>,
    members: HashMap<(usize, usize), Arc<Members<'a>>>,
    choices: HashMap<(usize, usize), Arc<Vec<Choice<'a>>>>,
    targets: HashMap<(usize, String), Option<&'a str>>,
    fields: HashMap<(usize, usize), Field<'a>>,
}

/// The levels inside a field that are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    items: usize,
    /// Whether members of objects are read. They are shown to people, and needed for keys
    /// such as `address.street`; most words are encoded without.
    members: bool,
}

/// The position of a schema relative to its field.
#[derive(Clone, Copy, Debug)]
struct SchemaPosition {
    depth: usize,
    /// The schema applies to the whole field, not to one alternative.
    outer: bool,
}

/// The whole schema, to which references are relative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a>(pub(crate) &'a str);

impl<'p, 'a> Work<'p, 'a> {
    /// Limits for all fields of schemas of `length` bytes.
    pub(crate) fn new(length: usize, budget: &'p mut Budget) -> Work<'p, 'a> {
        Work::bounded(length.saturating_mul(16).saturating_add(1 << 20), ALL_PARTS, budget)
    }

    /// Limits for the arguments of one call: about a millisecond of work.
    pub(crate) fn small(budget: &'p mut Budget) -> Work<'p, 'a> {
        Work::bounded(2 << 20, PARTS, budget)
    }

    fn bounded(bytes: usize, all_parts: usize, budget: &'p mut Budget) -> Work<'p, 'a> {
        Work {
            budget,
            bytes,
            parts: PARTS,
            all_parts,
            is_over: false,
            applied: Vec::new(),
            keywords: HashMap::new(),
            members: HashMap::new(),
            choices: HashMap::new(),
            targets: HashMap::new(),
            fields: HashMap::new(),
        }
    }

    /// Charges the bytes of `raw`. False: the limit is reached.
    fn may_read(&mut self, raw: &[u8]) -> bool {
        match self.bytes.checked_sub(raw.len()) {
            Some(bytes) => self.bytes = bytes,
            None => self.is_over = true,
        }
        !self.is_over
    }

    fn may_go_on(&mut self) -> bool {
        match (self.parts.checked_sub(1), self.all_parts.checked_sub(1)) {
            (Some(parts), Some(all)) => (self.parts, self.all_parts) = (parts, all),
            _ => self.is_over = true,
        }
        !self.is_over
    }

    async fn keywords(&mut self, raw: &'a str) -> Keywords<'a> {
        if let Some(known) = self.keywords.get(&address(raw)) {
            return *known;
        }
        if !raw.starts_with('{') || !self.may_read(raw.as_bytes()) {
            return Keywords::default();
        }
        let keywords = last(raw.as_bytes(), &KEYWORDS, self.budget).await;
        let keywords = keywords.unwrap_or_default();
        if raw.len() >= REMEMBERED {
            self.keywords.insert(address(raw), keywords);
        }
        keywords
    }

    /// The members of an object. Other values have none.
    pub(crate) async fn members(&mut self, raw: &'a str) -> Arc<Members<'a>> {
        if let Some(known) = self.members.get(&address(raw)) {
            return Arc::clone(known);
        }
        if !raw.starts_with('{') || !self.may_read(raw.as_bytes()) {
            return Arc::default();
        }
        let members = Arc::new(Members::of(raw.as_bytes(), self.budget).await);
        if raw.len() >= REMEMBERED {
            self.members.insert(address(raw), Arc::clone(&members));
        }
        members
    }

    async fn choices(&mut self, values: &'a [u8], names: Option<&'a [u8]>) -> Arc<Vec<Choice<'a>>> {
        let place = address(json_text(values));
        if let (Some(known), None) = (self.choices.get(&place), names) {
            return Arc::clone(known);
        }
        if !self.may_read(values) {
            return Arc::default();
        }
        let names_given = names.is_some();
        let mut choices = Vec::new();
        let mut names = match names {
            Some(names) => Cursor::list(names, self.budget).await.ok(),
            None => None,
        };
        if let Ok(mut values) = Cursor::list(values, self.budget).await {
            while let Ok(Some(value)) = values.element(self.budget).await {
                let mut title = None;
                if let Some(all) = &mut names {
                    match all.element(self.budget).await {
                        Ok(Some(name)) => title = decoded(name, self.budget).await,
                        _ => names = None,
                    }
                }
                if choices.len() == CHOICES {
                    break;
                }
                choices.push(Choice { value: json_text(value), title });
            }
        }
        let choices = Arc::new(choices);
        if !names_given && values.len() >= REMEMBERED {
            self.choices.insert(place, Arc::clone(&choices));
        }
        choices
    }
}

impl Reach {
    /// Items of lists, and no members of objects.
    pub(crate) const ITEMS: Reach = Reach { items: ITEMS, members: false };
    /// Everything that is shown to people.
    pub(crate) const ALL: Reach = Reach { items: ITEMS, members: true };
}

impl<'a> Document<'a> {
    /// The field that `raws` describe together.
    pub(crate) async fn field(
        &self,
        raws: &[&'a str],
        reach: Reach,
        work: &mut Work<'_, 'a>,
    ) -> Field<'a> {
        work.parts = PARTS;
        let mut field = self.outside(raws, work).await;
        self.look_inside(&mut field, reach, work).await;
        field
    }

    /// As [`field`](Self::field), without the fields inside lists and objects.
    pub(crate) async fn outside(&self, raws: &[&'a str], work: &mut Work<'_, 'a>) -> Field<'a> {
        let mut field = Field { alternatives: vec![Alternative::default()], ..Field::default() };
        let applied = std::mem::take(&mut work.applied);
        for raw in raws {
            self.apply(raw, &mut field, SchemaPosition { depth: DEPTH, outer: true }, work).await;
        }
        work.applied = applied;
        field.is_cut |= work.is_over;
        // Contradictory alternatives are left out, unless all are.
        if field.alternatives.iter().any(|one| !one.impossible) {
            field.alternatives.retain(|one| !one.impossible);
        }
        field.secret |= field.alternatives.iter().any(|one| one.limits.secret);
        field
    }

    /// Adds the constraints of `raw` to `into`.
    fn apply<'s>(
        &'s self,
        raw: &'a str,
        into: &'s mut Field<'a>,
        place: SchemaPosition,
        work: &'s mut Work<'_, 'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 's>> {
        Box::pin(async move {
            // To apply a schema again adds nothing. This ends circular references.
            if work.applied.contains(&address(raw)) || !work.may_go_on() {
                return;
            }
            work.budget.spend(work.applied.len() / 2 + 8).await;
            work.applied.push(address(raw));
            let keywords = work.keywords(raw).await;
            // `const` may be null. Any other keyword that is null counts as absent.
            let constant = keywords[5];
            let keywords = keywords.map(given);
            let [
                types,
                properties,
                required,
                reference,
                values,
                _,
                items,
                any_of,
                one_of,
                all_of,
                default,
                title,
                description,
                ..,
            ] = keywords;
            let rest = &keywords[13..];
            if place.outer {
                take_text(&mut into.title, title, work.budget).await;
                take_text(&mut into.description, description, work.budget).await;
                // A default of null means that there is none.
                into.default = into.default.or(default.map(json_text));
            }
            let Some(depth) = place.depth.checked_sub(1) else { return };
            let inner = SchemaPosition { depth, ..place };
            for reference in [reference, rest[13], rest[17]].into_iter().flatten() {
                let Some(reference) = decoded(reference, work.budget).await else { continue };
                if let Some(target) = self.resolve(&reference, work).await {
                    self.apply_target(target, into, inner, work).await;
                }
            }

            let mut own = Alternative {
                types: types_of(types, work.budget).await,
                nullable: rest[8] == Some(b"true"),
                ..Alternative::default()
            };
            self.limits(&mut own, rest, work).await;
            let names = rest[9].or(rest[16]);
            if let Some(values) = values {
                own.choices = Some(work.choices(values, names).await);
            } else if let (Some(names), [Type::Boolean]) = (names, &*own.types) {
                own.choices = Some(work.choices(b"[true,false]", Some(names)).await);
            }
            // An empty enumeration would forbid every value.
            own.choices = own.choices.filter(|choices| !choices.is_empty());
            if let Some(value) = constant {
                into.constant |= place.outer;
                let mut name = None;
                if !place.outer {
                    take_text(&mut name, title, work.budget).await;
                    take_text(&mut name, description, work.budget).await;
                }
                own.choices = Some(Arc::new(vec![Choice { value: json_text(value), title: name }]));
            } else if let (Some(choices), false) = (&mut own.choices, place.outer) {
                // Older generators write a constant as an enumeration of one value.
                if let ([only], Some(title)) = (choices.as_slice(), title) {
                    if only.title.is_none() {
                        let title = decoded(title, work.budget).await;
                        *choices = Arc::new(vec![Choice { value: only.value, title }]);
                    }
                }
            }
            match items {
                // Up to 2019-09 a list of items is a tuple.
                Some(list) if list.starts_with(b"[") => own.prefix = elements(list, work).await,
                Some(items) => own.items = Some(json_text(items)),
                None => {}
            }
            if let Some(list) = rest[7] {
                own.prefix = elements(list, work).await;
            }
            if let Some(required) = required {
                own.required = texts(required, work.budget).await;
            }
            own.additional = rest[5].map(json_text);
            if let Some(patterns) = rest[6] {
                own.patterns.clone_from(&work.members(json_text(patterns)).await.0);
            }
            let properties = match properties {
                Some(properties) => work.members(json_text(properties)).await,
                None => Arc::default(),
            };
            for one in &mut into.alternatives {
                work.budget.spend(properties.0.len() * 16 + 16).await;
                add(one, &own, &properties);
            }

            if let Some(all_of) = all_of {
                for part in elements(all_of, work).await {
                    self.apply(part, into, inner, work).await;
                }
            }
            for list in [any_of, one_of].into_iter().flatten() {
                self.branch(list, into, depth, work).await;
            }
        })
    }

    /// Replaces the alternatives by their combinations with each schema of a list.
    async fn branch(
        &self,
        list: &'a [u8],
        into: &mut Field<'a>,
        depth: usize,
        work: &mut Work<'_, 'a>,
    ) {
        let (mut all, mark): (Vec<Alternative<'a>>, _) = (Vec::new(), work.applied.len());
        for part in elements(list, work).await {
            let mut branch = Field { alternatives: into.alternatives.clone(), ..Field::default() };
            self.apply(part, &mut branch, SchemaPosition { depth, outer: false }, work).await;
            work.applied.truncate(mark);
            into.is_cut |= branch.is_cut;
            for one in branch.alternatives.into_iter().filter(|one| !one.impossible) {
                if let Some(before) = all.last_mut().filter(|_| one.is_choices()) {
                    if before.is_choices() && before.types == one.types {
                        before.join(one);
                        continue;
                    }
                }
                match all.len() < ALTERNATIVES {
                    true => all.push(one),
                    false => into.is_cut = true,
                }
            }
            work.budget.spend(64).await;
        }
        if !all.is_empty() {
            into.alternatives = all;
        }
    }

    /// Adds the constraints of the target of a reference. Large targets are cached.
    async fn apply_target(
        &self,
        target: &'a str,
        into: &mut Field<'a>,
        place: SchemaPosition,
        work: &mut Work<'_, 'a>,
    ) {
        let is_fresh = matches!(&*into.alternatives, [only] if only.is_fresh());
        let is_worth = is_fresh && place.outer && target.len() >= REMEMBERED;
        if !is_worth {
            return self.apply(target, into, place, work).await;
        }
        if !work.fields.contains_key(&address(target)) {
            let mut field =
                Field { alternatives: vec![Alternative::default()], ..Field::default() };
            self.apply(target, &mut field, place, work).await;
            field.is_cut |= work.is_over;
            work.fields.insert(address(target), field);
        }
        let Some(known) = work.fields.get(&address(target)) else { return };
        into.alternatives.clone_from(&known.alternatives);
        into.is_cut |= known.is_cut;
        into.constant |= known.constant;
        into.default = into.default.or(known.default);
        if into.title.is_none() {
            into.title.clone_from(&known.title);
        }
        if into.description.is_none() {
            into.description.clone_from(&known.description);
        }
        let cost = into.alternatives.len() * 64;
        work.budget.spend(cost).await;
    }

    async fn limits(
        &self,
        own: &mut Alternative<'a>,
        rest: &[Option<&'a [u8]>],
        work: &mut Work<'_, 'a>,
    ) {
        let number = |raw: Option<&'a [u8]>| {
            raw.filter(|raw| matches!(raw.first(), Some(b'-' | b'0'..=b'9'))).map(json_text)
        };
        let limits = &mut own.limits;
        (limits.minimum, limits.maximum) = (number(rest[0]), number(rest[1]));
        // A boolean in draft 4, the limit itself in later drafts.
        for (raw, limit, open) in [
            (rest[10], &mut limits.minimum, &mut limits.above),
            (rest[11], &mut limits.maximum, &mut limits.below),
        ] {
            if let Some(number) = number(raw) {
                (*limit, *open) = (Some(number), true);
            } else if raw == Some(b"true") {
                *open = true;
            }
        }
        (limits.shortest, limits.longest) = (number(rest[2]), number(rest[3]));
        take_text(&mut limits.format, rest[4], work.budget).await;
        let is_password = limits.format.as_deref() == Some("password");
        limits.secret = is_password || rest[12] == Some(b"true");
    }

    /// Reads the fields inside lists and objects.
    pub(crate) fn look_inside<'s>(
        &'s self,
        field: &'s mut Field<'a>,
        reach: Reach,
        work: &'s mut Work<'_, 'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 's>> {
        Box::pin(async move {
            let Some(items) = reach.items.checked_sub(1) else { return };
            let inside = Reach { items, ..reach };
            for one in &mut field.alternatives {
                if let Some(raw) = one.items {
                    one.inside.items = Some(Box::new(self.nested(&[raw], inside, work).await));
                }
                for raw in one.prefix.clone() {
                    let item = self.nested(&[raw], inside, work).await;
                    one.inside.prefix.push(item);
                }
                if !reach.members {
                    continue;
                }
                work.budget.spend(one.required.len() * one.properties.len() + 8).await;
                for (name, raws) in &one.properties {
                    let mut field = self.nested(raws, inside, work).await;
                    field.secret |= is_masked_name(name);
                    let required = one.required.iter().any(|other| other == name);
                    one.inside.members.push(Member { name: name.clone(), required, field });
                }
                let others = one.additional.filter(|raw| raw.starts_with('{'));
                if let Some(raw) = others.or(one.patterns.first().map(|(_, raw)| *raw)) {
                    one.inside.others = Some(Box::new(self.nested(&[raw], inside, work).await));
                }
            }
        })
    }

    async fn nested(&self, raws: &[&'a str], reach: Reach, work: &mut Work<'_, 'a>) -> Field<'a> {
        let mut field = self.outside(raws, work).await;
        self.look_inside(&mut field, reach, work).await;
        field
    }

    /// The target of a reference into this document. Nothing is ever fetched.
    async fn resolve(&self, reference: &str, work: &mut Work<'_, 'a>) -> Option<&'a str> {
        let key = (address(self.0).0, reference.to_owned());
        if let Some(known) = work.targets.get(&key) {
            return *known;
        }
        let target = match reference.split_once('#') {
            Some((_, "")) => Some(self.0),
            Some((_, pointer)) if pointer.starts_with('/') => self.point(pointer, work).await,
            Some((_, anchor)) => self.named(anchor, None, work).await,
            None => self.named(reference, Some(reference), work).await,
        };
        if work.targets.len() < 4096 {
            work.targets.insert(key, target);
        }
        target
    }

    /// Follows a JSON Pointer in a URI fragment (RFC 6901, section 6).
    async fn point(&self, pointer: &str, work: &mut Work<'_, 'a>) -> Option<&'a str> {
        let mut at = self.0;
        for token in pointer[1..].split('/').take(64) {
            let token = percent_decoded(token).replace("~1", "/").replace("~0", "~");
            if at.starts_with('{') {
                at = work.members(at).await.get(&token)?;
                continue;
            }
            let index: usize = token.parse().ok()?;
            if !work.may_read(at.as_bytes()) {
                return None;
            }
            let mut list = Cursor::list(at.as_bytes(), work.budget).await.ok()?;
            for _ in 0..index {
                list.element(work.budget).await.ok()??;
            }
            at = json_text(list.element(work.budget).await.ok()??);
        }
        Some(at)
    }

    /// The definition that calls itself `name` by its `$anchor` or `$id`, or has the key `key`.
    async fn named(
        &self,
        name: &str,
        key: Option<&str>,
        work: &mut Work<'_, 'a>,
    ) -> Option<&'a str> {
        let root = work.members(self.0).await;
        for group in ["$defs", "definitions"] {
            let Some(group) = root.get(group) else { continue };
            let all = work.members(group).await;
            for (own_key, raw) in &all.0 {
                let members = work.members(raw).await;
                let ids = ["$anchor", "$dynamicAnchor", "$id", "id"];
                let is_named = ids.iter().filter_map(|key| members.get(key)).any(|id| {
                    let id = bare(id);
                    id == name || id.strip_prefix('#') == Some(name)
                });
                if is_named || key.is_some_and(|key| own_key == key) {
                    return Some(*raw);
                }
            }
        }
        None
    }
}

impl Alternative<'_> {
    /// Whether there are no constraints yet.
    fn is_fresh(&self) -> bool {
        self.types.is_empty()
            && !self.nullable
            && self.choices.is_none()
            && self.properties.is_empty()
            && self.required.is_empty()
            && self.items.is_none()
            && self.prefix.is_empty()
            && self.additional.is_none()
            && self.patterns.is_empty()
            && self.limits == ValueLimits::default()
    }
}

/// Adds the constraints of `own` to `one`.
fn add<'a>(one: &mut Alternative<'a>, own: &Alternative<'a>, properties: &Members<'a>) {
    // `nullable: true` adds null to the types.
    let was_nullable = one.nullable;
    one.narrow(own.types.clone());
    one.nullable = own.nullable || was_nullable;
    if let Some(choices) = &own.choices {
        one.choose(Arc::clone(choices));
    }
    one.limits.add(&own.limits);
    one.items = one.items.or(own.items);
    if one.prefix.is_empty() {
        one.prefix.clone_from(&own.prefix);
    }
    one.additional = one.additional.or(own.additional);
    one.patterns.extend(own.patterns.iter().cloned());
    for name in &own.required {
        if one.required.len() < CHOICES {
            one.required.push(name.clone());
        }
    }
    if one.properties.is_empty() {
        one.properties =
            properties.0.iter().map(|(name, raw)| (name.clone(), vec![*raw])).collect();
    } else {
        for (name, raw) in &properties.0 {
            one.add_property(name.clone(), raw);
        }
    }
}

/// The schemas of a list.
async fn elements<'a>(list: &'a [u8], work: &mut Work<'_, 'a>) -> Vec<&'a str> {
    let mut all = Vec::new();
    if !work.may_read(list) {
        return all;
    }
    let Ok(mut list) = Cursor::list(list, work.budget).await else { return all };
    while let Ok(Some(part)) = list.element(work.budget).await {
        if all.len() == PARTS {
            work.is_over = true;
            break;
        }
        all.push(json_text(part));
    }
    all
}

async fn types_of(raw: Option<&[u8]>, budget: &mut Budget) -> Vec<Type> {
    let mut types = Vec::new();
    let Some(raw) = raw else { return types };
    let names = match decoded(raw, budget).await {
        Some(name) => vec![name],
        None => texts(raw, budget).await,
    };
    for kind in names.iter().take(TYPES).filter_map(|name| Type::named(name)) {
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    types
}

async fn take_text<'a>(
    into: &mut Option<Cow<'a, str>>,
    raw: Option<&'a [u8]>,
    budget: &mut Budget,
) {
    if let (None, Some(raw)) = (&into, raw) {
        *into = decoded(raw, budget).await;
    }
}

fn percent_decoded(token: &str) -> Cow<'_, str> {
    if !token.contains('%') {
        return Cow::Borrowed(token);
    }
    let (bytes, mut out, mut at) = (token.as_bytes(), Vec::new(), 0);
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    while at < bytes.len() {
        match (bytes[at], hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}
