//! The client for the public conformance suite (`@modelcontextprotocol/conformance`).
//!
//! The suite starts it with the address of a server as the last argument, and judges what the
//! server was sent. `MCP_CONFORMANCE_CONTEXT` may say which calls are to be made; otherwise
//! every tool is called, every resource read and every prompt expanded.

mod browser;
mod host;

use std::process::ExitCode;

use host::{Host, say};
use serde_json::{Map, Value, json};
use tmcp::client::Listing;

fn main() -> ExitCode {
    let Some(url) = std::env::args().next_back().filter(|url| url.contains("://")) else {
        say("usage: tmcp-conformance URL");
        return ExitCode::from(2);
    };
    match run(&url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

/// One scenario.
fn run(url: &str) -> Result<(), String> {
    let context = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_default();
    let context: Value = serde_json::from_str(&context).unwrap_or_default();
    let mut host = Host::new(url, &oauth_of(&context))?;
    let tools = logged_in(&mut host, |host| host.list(Listing::Tools))?;
    match context["toolCalls"].as_array() {
        Some(calls) => wanted_calls(&mut host, calls)?,
        None => logged_in(&mut host, |host| every_tool(host, &tools))?,
    }
    for resource in host.list(Listing::Resources)? {
        host.read(resource["uri"].as_str().unwrap_or_default())?;
    }
    for prompt in host.list(Listing::Prompts)? {
        let arguments = prompt["arguments"].as_array().cloned().unwrap_or_default();
        let of = |argument: &Value| {
            Some((argument["name"].as_str()?.to_owned(), Value::from("conformance")))
        };
        let arguments: Map<String, Value> = arguments.iter().filter_map(of).collect();
        let name = prompt["name"].as_str().unwrap_or_default();
        host.prompt(name, &Value::Object(arguments).to_string())?;
    }
    Ok(())
}

/// `oauth` of the entry: the client that the scenario has registered, if it has.
fn oauth_of(context: &Value) -> Value {
    let mut oauth =
        json!({"clientMetadataUrl": "https://conformance-test.local/client-metadata.json"});
    for (key, from) in [("clientId", "client_id"), ("clientSecret", "client_secret")] {
        if let Some(value) = context.get(from) {
            oauth[key] = value.clone();
        }
    }
    if context["name"].as_str().is_some_and(|name| name.starts_with("auth/client-credentials")) {
        oauth["grantType"] = "client_credentials".into();
    }
    oauth
}

/// Does something, as a person who logs in whenever that is asked for, up to three times.
fn logged_in<T>(
    host: &mut Host,
    mut attempt: impl FnMut(&mut Host) -> Result<T, String>,
) -> Result<T, String> {
    for _ in 0..3 {
        match attempt(host) {
            Err(why) if why.contains("mcp-login") => {
                say(&why);
                host.login()?;
            }
            done => return done,
        }
    }
    attempt(host)
}

/// The calls that the scenario names, one after the other.
fn wanted_calls(host: &mut Host, calls: &[Value]) -> Result<(), String> {
    for call in calls {
        let name = call["name"].as_str().unwrap_or_default();
        let id = host.call(name, &call["arguments"].to_string())?;
        host.wait(id)?;
    }
    Ok(())
}

/// Calls every tool, all at the same time.
fn every_tool(host: &mut Host, tools: &[Value]) -> Result<(), String> {
    let mut calls = Vec::new();
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    for tool in tools {
        let name = tool["name"].as_str().unwrap_or_default();
        let arguments = match name {
            // It compares its own schema with what the client has kept of it.
            "json_schema_echo" => schema_of(host, &names).unwrap_or_default(),
            _ => arguments_for(&tool["inputSchema"]).to_string(),
        };
        calls.push(host.call(name, &arguments)?);
    }
    for call in calls {
        host.wait(call)?;
    }
    Ok(())
}

/// The arguments of `json_schema_echo`: the schema of another tool, byte for byte.
fn schema_of(host: &Host, names: &[&str]) -> Option<String> {
    let name = names.iter().find(|name| **name != "json_schema_echo")?;
    let definition = host.definition(name)?;
    let raw: std::collections::BTreeMap<&str, &serde_json::value::RawValue> =
        serde_json::from_str(&definition).ok()?;
    Some(format!("{{\"schema\":{}}}", raw.get("inputSchema")?.get()))
}

/// Something for each required field of a schema.
fn arguments_for(schema: &Value) -> Value {
    let mut arguments = Map::new();
    for field in schema["required"].as_array().into_iter().flatten() {
        let Some(name) = field.as_str() else { continue };
        let of = &schema["properties"][name];
        let value = match of["type"].as_str() {
            Some("number" | "integer") => json!(5),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => of["enum"].get(0).cloned().unwrap_or_else(|| json!("conformance")),
        };
        arguments.insert(name.to_owned(), of.get("default").cloned().unwrap_or(value));
    }
    Value::Object(arguments)
}
