//! The types of JSON Schema.

/// A type of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Type {
    /// The type of that name, in any letter case and with the names that programmers give it.
    pub(crate) fn named(name: &str) -> Option<Type> {
        if name.len() > 16 {
            return None;
        }
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "array" | "list" | "tuple" => Type::Array,
            "boolean" | "bool" => Type::Boolean,
            "integer" | "int" | "long" => Type::Integer,
            "null" | "none" => Type::Null,
            "number" | "float" | "double" => Type::Number,
            "object" | "dict" | "map" => Type::Object,
            "string" | "str" | "text" => Type::String,
            _ => return None,
        })
    }

    /// The name in JSON Schema.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Type::Array => "array",
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Null => "null",
            Type::Number => "number",
            Type::Object => "object",
            Type::String => "string",
        }
    }
}
