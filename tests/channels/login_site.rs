//! A server that wants to know who calls, and its authorization server, in one [`Site`].

#![allow(dead_code)] // Each test crate uses its part.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::site::{Answer, Asked, Site};

/// How the authorization server behaves, and what it has given out.
#[derive(Default)]
pub struct Authority {
    /// Tokens that the server takes.
    pub good: Vec<String>,
    /// How many tokens were given out.
    pub given: usize,
    /// Requests to the token endpoint: their forms.
    pub forms: Vec<String>,
    /// What the token endpoint says instead of a token.
    pub refusal: Option<(u16, &'static str)>,
    /// No token is good.
    pub takes_nothing: bool,
    /// The scope that calls need beside a token.
    pub scope: Option<&'static str>,
    /// Whether `initialize` is answered without a token.
    pub is_open_at_first: bool,
    /// Whether tokens come with refresh tokens.
    pub has_no_refresh: bool,
    /// How long the token endpoint takes.
    pub delay: Duration,
    pub origin: String,
}

pub type Shared = Arc<Mutex<Authority>>;

/// Starts both.
pub fn start(is_modern: bool) -> (Site, Shared) {
    let shared = Shared::default();
    let own = shared.clone();
    let behave = move |asked: &Asked| behave(asked, &own);
    let site = if is_modern { Site::modern(behave) } else { Site::legacy(behave) };
    let url = site.url();
    shared.lock().expect("no panic").origin = url.trim_end_matches("/mcp").to_owned();
    (site, shared)
}

fn behave(asked: &Asked, shared: &Shared) -> Option<Answer> {
    if asked.path == "/token" {
        let delay = shared.lock().expect("no panic").delay;
        std::thread::sleep(delay);
    }
    let mut authority = shared.lock().expect("no panic");
    let origin = authority.origin.clone();
    let json = |value: serde_json::Value| Some(Answer::status(200).json(&value.to_string()));
    match asked.path.split('?').next().unwrap_or_default() {
        "/.well-known/oauth-protected-resource/mcp" => json(json!({
            "resource": format!("{origin}/mcp"), "authorization_servers": [origin],
            "scopes_supported": ["read"]})),
        "/.well-known/oauth-authorization-server" => json(json!({
            "issuer": origin, "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"),
            "registration_endpoint": format!("{origin}/register"),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"]})),
        // The person agrees at once.
        "/authorize" => Some(Answer::status(302).header("Location", &agreed(&asked.path))),
        "/register" => json(json!({"client_id": "made"})),
        "/token" => {
            authority.forms.push(asked.body.as_str().unwrap_or_default().to_owned());
            if let Some((status, body)) = authority.refusal {
                return Some(Answer::status(status).json(body));
            }
            authority.given += 1;
            let token = format!("secret-access-{}", authority.given);
            authority.good = vec![token.clone()];
            let mut answer = json!({"access_token": token, "token_type": "Bearer"});
            if !authority.has_no_refresh {
                answer["refresh_token"] = json!(format!("secret-refresh-{}", authority.given));
            }
            json(answer)
        }
        "/mcp" => {
            let opening = ["initialize", "notifications/initialized"];
            if authority.is_open_at_first && opening.contains(&asked.method().as_str()) {
                return None;
            }
            let bearer = asked.header("authorization").unwrap_or_default();
            let token = bearer.strip_prefix("Bearer ").unwrap_or_default().to_owned();
            let metadata = format!("{origin}/.well-known/oauth-protected-resource/mcp");
            if authority.takes_nothing || !authority.good.contains(&token) {
                let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"read\"");
                return Some(Answer::status(401).header("WWW-Authenticate", &challenge));
            }
            let lacking = authority.scope.filter(|_| asked.method() == "tools/call");
            lacking.map(|scope| {
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                Answer::status(403).header("WWW-Authenticate", &challenge)
            })
        }
        _ => Some(Answer::status(404)),
    }
}

/// The address to which the page leads back once the person has agreed.
pub fn agreed(page: &str) -> String {
    let value = |name: &str| {
        let (_, rest) = page.split_once(&format!("{name}=")).expect("it is there");
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let uri = value("redirect_uri").replace("%3A", ":").replace("%2F", "/");
    format!("{uri}?code=secret-code&state={}", value("&state"))
}

/// What a browser gets at an address of this host.
pub fn browse(address: &str) -> String {
    let rest = address.strip_prefix("http://").expect("an address of this host");
    let (place, path) = rest.split_at(rest.find('/').expect("a path"));
    let mut stream = TcpStream::connect(place).expect("somebody listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {place}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page);
    page
}
