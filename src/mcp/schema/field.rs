//! An argument, or a member of one, with references and alternatives resolved.
//!
//! A field is a list of alternatives. `anyOf` and `oneOf` add alternatives; `allOf`, `$ref`
//! and plain keywords add constraints to each.

use std::borrow::Cow;
use std::sync::Arc;

use crate::mcp::schema::schema_type::Type;

/// The most choices of one field.
pub(crate) const CHOICES: usize = 4096;
/// The most alternatives of one field.
pub(crate) const ALTERNATIVES: usize = 64;

/// The values that a field takes, and its description for people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field<'a> {
    /// A value has to fit one of them. At least one, once the field was read.
    pub(crate) alternatives: Vec<Alternative<'a>>,
    /// The only choice is that of `const`.
    pub(crate) constant: bool,
    pub(crate) default: Option<&'a str>,
    pub(crate) title: Option<Cow<'a, str>>,
    pub(crate) description: Option<Cow<'a, str>>,
    /// The value is masked while it is typed.
    pub(crate) secret: bool,
    /// A limit was reached, and a part of the schema was not read: any value may fit.
    pub(crate) is_cut: bool,
}

/// Constraints that hold at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alternative<'a> {
    /// In the order of the server. Empty: any type.
    pub(crate) types: Vec<Type>,
    /// `nullable: true` stands beside the types.
    pub(crate) nullable: bool,
    /// The constraints contradict each other.
    pub(crate) impossible: bool,
    pub(crate) choices: Option<Arc<Vec<Choice<'a>>>>,
    pub(crate) limits: ValueLimits<'a>,
    pub(crate) items: Option<&'a str>,
    pub(crate) prefix: Vec<&'a str>,
    /// Each member of an object with the schemas that apply to it.
    pub(crate) properties: Vec<(Cow<'a, str>, Vec<&'a str>)>,
    pub(crate) required: Vec<Cow<'a, str>>,
    pub(crate) additional: Option<&'a str>,
    pub(crate) patterns: Vec<(Cow<'a, str>, &'a str)>,
    /// The fields inside, when they were read.
    pub(crate) inside: NestedFields<'a>,
}

/// The fields inside lists and objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct NestedFields<'a> {
    pub(crate) items: Option<Box<Field<'a>>>,
    pub(crate) prefix: Vec<Field<'a>>,
    pub(crate) members: Vec<Member<'a>>,
    pub(crate) others: Option<Box<Field<'a>>>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) required: bool,
    pub(crate) field: Field<'a>,
}

/// The limits of numbers and texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ValueLimits<'a> {
    pub(crate) minimum: Option<&'a str>,
    pub(crate) maximum: Option<&'a str>,
    /// The minimum, or the maximum, is exclusive.
    pub(crate) above: bool,
    pub(crate) below: bool,
    pub(crate) shortest: Option<&'a str>,
    pub(crate) longest: Option<&'a str>,
    pub(crate) format: Option<Cow<'a, str>>,
    pub(crate) secret: bool,
}

impl<'a> ValueLimits<'a> {
    /// Adds the limits that are not set yet.
    pub(crate) fn add(&mut self, other: &ValueLimits<'a>) {
        if self.minimum.is_none() {
            (self.minimum, self.above) = (other.minimum, other.above);
        }
        if self.maximum.is_none() {
            (self.maximum, self.below) = (other.maximum, other.below);
        }
        self.shortest = self.shortest.or(other.shortest);
        self.longest = self.longest.or(other.longest);
        if self.format.is_none() {
            self.format.clone_from(&other.format);
        }
        self.secret |= other.secret;
    }
}

/// A value of an enumeration.
#[derive(Clone, Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) value: &'a str,
    pub(crate) title: Option<Cow<'a, str>>,
}

impl<'a> Field<'a> {
    /// Whether one of the alternatives takes values of a type.
    pub(crate) fn takes(&self, kind: Type) -> bool {
        self.alternatives.iter().any(|alternative| alternative.takes(kind))
    }

    /// The types of all alternatives, in the order of the server.
    pub(crate) fn types(&self) -> Vec<Type> {
        let mut types = Vec::new();
        let mut nullable = false;
        for alternative in &self.alternatives {
            nullable |= alternative.nullable;
            for kind in alternative.types.iter().copied().chain(alternative.implied()) {
                if !types.contains(&kind) {
                    types.push(kind);
                }
            }
        }
        if nullable && !types.is_empty() && !types.contains(&Type::Null) {
            types.push(Type::Null);
        }
        types
    }

    /// The choices.
    pub(crate) fn choices(&self) -> impl Iterator<Item = &Choice<'a>> {
        self.alternatives.iter().filter_map(|one| one.choices.as_deref()).flatten()
    }

    /// The number of choices.
    pub(crate) fn choices_len(&self) -> usize {
        self.alternatives.iter().filter_map(|one| one.choices.as_ref()).map(|all| all.len()).sum()
    }

    pub(crate) fn has_choices(&self) -> bool {
        self.choices().next().is_some()
    }

    /// Whether other values than the choices are allowed.
    pub(crate) fn is_open(&self) -> bool {
        let is_open = |one: &Alternative<'a>| one.choices.is_none() && !one.is_null();
        self.is_cut || self.alternatives.is_empty() || self.alternatives.iter().any(is_open)
    }

    /// The field of the items of a list.
    pub(crate) fn items(&self) -> Option<&Field<'a>> {
        self.alternatives.iter().find_map(|one| one.inside.items.as_deref())
    }

    /// The fields of the first items of a list (`prefixItems`), in order.
    pub(crate) fn prefix(&self) -> &[Field<'a>] {
        let all = self.alternatives.iter().map(|one| &*one.inside.prefix);
        all.max_by_key(|prefix| prefix.len()).unwrap_or_default()
    }

    /// The members of all alternatives that are objects, each with whether all of these
    /// require it.
    pub(crate) fn members(&self) -> Vec<(&Member<'a>, bool)> {
        let objects: Vec<_> = self
            .alternatives
            .iter()
            .filter(|one| !one.inside.members.is_empty())
            .map(|one| &one.inside.members)
            .collect();
        let mut members: Vec<(&Member<'a>, bool)> = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            for member in *object {
                if at == 0 {
                    members.push((member, member.required));
                } else if members.iter().all(|(known, _)| known.name != member.name) {
                    members.push((member, false));
                }
            }
        }
        for object in objects.iter().skip(1) {
            for (member, required) in &mut members {
                let is_required = |other: &Member<'_>| other.required && other.name == member.name;
                *required = *required && object.iter().any(is_required);
            }
        }
        members
    }

    /// The field of other members. `None`: there may be none.
    pub(crate) fn others(&self) -> Option<Cow<'_, Field<'a>>> {
        let mut objects = self.alternatives.iter().filter(|one| one.takes(Type::Object));
        let mut any = None;
        objects
            .find_map(|one| match (&one.inside.others, one.additional) {
                (Some(others), _) => Some(Cow::Borrowed(&**others)),
                (None, Some("false")) => None,
                (None, None) if !one.inside.members.is_empty() => None,
                (None, _) => {
                    any = Some(Cow::Owned(Field::default()));
                    None
                }
            })
            .or(any)
    }

    /// Whether it is a list of choices.
    pub(crate) fn is_multiple(&self) -> bool {
        self.takes(Type::Array)
            && self.items().is_some_and(|items| items.has_choices() && !items.is_open())
    }

    /// Adds the alternatives of another field.
    pub(crate) fn or_else(&mut self, other: Field<'a>) {
        for one in other.alternatives {
            let is_alike = |known: &Alternative<'a>| {
                known.is_choices() && one.is_choices() && known.types == one.types
            };
            match self.alternatives.iter().position(is_alike) {
                Some(at) => self.alternatives[at].join(one),
                None if self.alternatives.len() < ALTERNATIVES => self.alternatives.push(one),
                None => self.is_cut = true,
            }
        }
        self.constant = false;
        self.is_cut |= other.is_cut;
        self.secret |= other.secret;
        self.default = self.default.or(other.default);
        self.title = self.title.take().or(other.title);
        self.description = self.description.take().or(other.description);
    }

    /// The limits to show: the first that an alternative has.
    pub(crate) fn limits(&self) -> ValueLimits<'a> {
        let mut all = ValueLimits::default();
        self.alternatives.iter().for_each(|one| all.add(&one.limits));
        all
    }

    /// The types in words: `array of string`, `integer or null`.
    pub(crate) fn type_name(&self) -> String {
        let names = self.types().into_iter().map(|kind| match self.items() {
            Some(items) if kind == Type::Array && !items.type_name().is_empty() => {
                format!("array of {}", items.type_name())
            }
            _ => kind.name().to_owned(),
        });
        names.collect::<Vec<_>>().join(" or ")
    }
}

impl<'a> Alternative<'a> {
    /// Whether the types are given, or implied by other keywords.
    pub(crate) fn takes(&self, kind: Type) -> bool {
        if self.types.is_empty() {
            return self.implied() == Some(kind);
        }
        self.types.contains(&kind) || kind == Type::Null && self.nullable
    }

    /// The type that other keywords imply.
    pub(crate) fn implied(&self) -> Option<Type> {
        if !self.types.is_empty() || self.choices.is_some() {
            None
        } else if !self.properties.is_empty() || !self.patterns.is_empty() {
            Some(Type::Object)
        } else if self.items.is_some() || !self.prefix.is_empty() {
            Some(Type::Array)
        } else if self.limits.minimum.is_some() || self.limits.maximum.is_some() {
            Some(Type::Number)
        } else {
            None
        }
    }

    /// Whether it has choices and no other constraint.
    pub(crate) fn is_choices(&self) -> bool {
        self.choices.is_some() && self.properties.is_empty() && self.items.is_none()
    }

    /// Whether it takes only null.
    pub(crate) fn is_null(&self) -> bool {
        self.types == [Type::Null] && self.choices.is_none()
    }

    /// Keeps the types that are in `types`, too. An integer is a number.
    pub(crate) fn narrow(&mut self, types: Vec<Type>) {
        if types.is_empty() {
            return;
        }
        if self.types.is_empty() {
            self.types = types;
            return;
        }
        let both = |one: Type, other: Type| match (one, other) {
            (Type::Integer, Type::Number) | (Type::Number, Type::Integer) => Some(Type::Integer),
            _ => (one == other).then_some(one),
        };
        let mut common: Vec<Type> = Vec::new();
        for one in &self.types {
            for kind in types.iter().filter_map(|other| both(*one, *other)) {
                if !common.contains(&kind) {
                    common.push(kind);
                }
            }
        }
        match common.is_empty() {
            true => self.impossible = true,
            false => self.types = common,
        }
    }

    /// Keeps the choices that are in `choices`, too.
    pub(crate) fn choose(&mut self, choices: Arc<Vec<Choice<'a>>>) {
        let Some(known) = &self.choices else {
            self.choices = Some(choices);
            return;
        };
        // To compare long lists takes too long. The first list wins.
        if known.len().saturating_mul(choices.len()) > 65536 {
            return;
        }
        let is_in = |choice: &Choice<'a>| {
            choices.iter().find(|other| other.value == choice.value).map(|other| {
                let title = choice.title.clone().or_else(|| other.title.clone());
                Choice { value: choice.value, title }
            })
        };
        let both: Vec<Choice<'a>> = known.iter().filter_map(is_in).collect();
        match both.is_empty() {
            true => self.impossible = true,
            false => self.choices = Some(Arc::new(both)),
        }
    }

    /// Adds the choices of another alternative.
    pub(crate) fn join(&mut self, other: Alternative<'a>) {
        let (Some(choices), Some(more)) = (&mut self.choices, other.choices) else { return };
        let choices = Arc::make_mut(choices);
        let room = CHOICES.saturating_sub(choices.len());
        choices.extend(more.iter().take(room).cloned());
        self.nullable |= other.nullable;
    }

    /// Adds a schema of a member.
    pub(crate) fn add_property(&mut self, name: Cow<'a, str>, raw: &'a str) {
        // Names repeat in an object of hostile servers only, and among few in `allOf`.
        match self.properties.iter_mut().rev().take(256).find(|(known, _)| *known == name) {
            Some((_, raws)) if raws.len() < 16 => raws.push(raw),
            Some(_) => {}
            None => self.properties.push((name, vec![raw])),
        }
    }
}
