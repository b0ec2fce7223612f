//! `headersHelper` of an entry: a command that prints further fields of requests.
//!
//! Claude Code's key. The command runs for each new connection, so that a token which is
//! valid for minutes is fresh. What it prints is secret and in no message.

use std::fmt;

use serde_json::{Map, Value};

use super::http_field::{HttpField, check_field};
use super::quoted;
use crate::json::with_whole_pairs;

/// A command that prints fields of requests.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeadersHelper {
    /// A line for `sh -c`. Variables in it are the shell's to expand.
    pub command: String,
    /// `url` of the entry, which the command is told.
    pub url: String,
}

impl fmt::Debug for HeadersHelper {
    /// A command may hold a token, and an address too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadersHelper").finish_non_exhaustive()
    }
}

impl HeadersHelper {
    /// Reads what the command has printed: an object of strings. Fields that are made for
    /// each request are left out.
    ///
    /// # Errors
    ///
    /// The rest of a sentence that begins with the key. It holds no value.
    pub fn fields(output: &[u8]) -> Result<Vec<(String, String)>, String> {
        if output.trim_ascii().is_empty() {
            return Err("printed nothing, and no JSON object of strings".to_owned());
        }
        let map: Map<String, Value> = match serde_json::from_slice(&with_whole_pairs(output)) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return Err("printed JSON that is no object of strings".to_owned()),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return Err(format!("printed no JSON: see its line {line} column {column}"));
            }
        };
        let mut fields = Vec::with_capacity(map.len());
        for (name, value) in map {
            let Value::String(value) = value else {
                return Err(format!("printed {}, which is no string", quoted(&name)));
            };
            let value = value.trim();
            match check_field(&name, value) {
                Ok(HttpField::Given) => fields.push((name, value.to_owned())),
                Ok(HttpField::Made) => {}
                Err(what) => return Err(format!("printed {}, which {what}", quoted(&name))),
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::HeadersHelper;

    #[test]
    fn an_object_of_strings_is_read() {
        let fields =
            HeadersHelper::fields(b" {\"Authorization\": \" Bearer x \", \"Host\": \"y\"}\n");
        assert_eq!(fields, Ok(vec![("Authorization".to_owned(), "Bearer x".to_owned())]));
        assert_eq!(HeadersHelper::fields(b"{}"), Ok(Vec::new()));
    }

    #[test]
    fn anything_else_is_told_without_a_value() {
        for (output, told) in [
            ("", "printed nothing, and no JSON object of strings"),
            (" \n", "printed nothing, and no JSON object of strings"),
            ("s3cret", "printed no JSON: see its line 1 column 1"),
            ("{\"A\": \"s3cret\"", "printed no JSON: see its line 1 column 14"),
            ("[\"s3cret\"]", "printed JSON that is no object of strings"),
            ("{\"A\": 7}", "printed 'A', which is no string"),
            ("{\"A b\": \"s3cret\"}", "printed 'A b', which is no name of a header"),
            ("{\"A\": \"s3cret\\nB: c\"}", "printed 'A', which must be one line of ASCII"),
        ] {
            assert_eq!(HeadersHelper::fields(output.as_bytes()), Err(told.to_owned()), "{output}");
        }
    }
}
