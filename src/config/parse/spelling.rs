//! The spellings of keys and values of an entry in other clients.

use crate::config::Transport;
use crate::nearest;

/// The meaning of a transport's name.
#[derive(Debug, PartialEq)]
pub(in crate::config) enum Spelled {
    /// A transport of ours.
    Known(Transport),
    /// HTTP with SSE.
    Sse,
    /// TLS, on a port of a host or on a Unix socket.
    Tls,
    /// A transport that another program uses internally.
    Foreign,
    /// No name that a known client uses.
    Unknown,
}

/// Reads the name of a transport. Case, dashes, underscores and blanks are ignored: `STDIO`,
/// `streamable-http`, `streamableHttp`, `streamable_http`.
pub(in crate::config) fn transport(word: &str) -> Spelled {
    match plain(word).as_str() {
        "stdio" | "local" | "stdin" | "stdinout" | "stdinstdout" | "pipe" | "pipes" | "command"
        | "cmd" | "process" | "subprocess" | "childprocess" | "exec" | "executable" | "cli"
        | "shell" => Spelled::Known(Transport::Stdio),
        "socket" | "unix" | "uds" | "unixsocket" | "unixdomainsocket" => {
            Spelled::Known(Transport::Socket)
        }
        "http" | "https" | "streamablehttp" | "streamhttp" | "httpstream" | "httpstreamable"
        | "httpstreaming" | "streamable" | "remote" | "url" => Spelled::Known(Transport::Http),
        "sse" | "httpsse" | "ssehttp" | "serversentevents" => Spelled::Sse,
        "ws" | "wss" | "websocket" | "websockets" => Spelled::Known(Transport::WebSocket),
        "tcp" => Spelled::Known(Transport::Tcp),
        "tls" | "ssl" => Spelled::Tls,
        "sdk" | "sseide" | "wside" | "claudeaiproxy" | "builtin" | "inprocess" | "inmemory"
        | "frontend" | "platform" => Spelled::Foreign,
        _ => Spelled::Unknown,
    }
}

/// Keys for the address of a remote server.
pub(in crate::config) const ADDRESSES: [&str; 12] = [
    "url",
    "serverUrl",
    "server_url",
    "httpUrl",
    "http_url",
    "sseUrl",
    "sse_url",
    "baseUrl",
    "base_url",
    "endpoint",
    "uri",
    "address",
];

/// Keys of other clients that are read by `mcp-import` alone, because their values are to be
/// translated, or that ask for something that is not done here.
pub(in crate::config) const TRANSLATED: [&str; 7] = [
    "bearer_token_env_var",
    "envFile",
    "env_file",
    "env_http_headers",
    "startup_timeout_ms",
    "startup_timeout_sec",
    "tool_timeout_sec",
];

/// Keys of other clients that have no meaning here. No warning is given.
pub(in crate::config) const FOREIGN: [&str; 42] = [
    "alwaysAllow",
    "alwaysLoad",
    "autoApprove",
    "auto_approve",
    "autoStart",
    "bundled",
    "cost",
    "description",
    "dev",
    "displayName",
    "display_name",
    "env_keys",
    "env_vars",
    "gallery",
    "headersHelper",
    "icon",
    "id",
    "logo",
    "longRunning",
    "name",
    "note",
    "notes",
    "oauth",
    "permissions",
    "providerOptions",
    "required",
    "role",
    "sandbox",
    "settings",
    "source",
    "supports_parallel_tool_calls",
    "tags",
    "title",
    "toolPermissions",
    "trust",
    "version",
    "$schema",
    "comment",
    "_comment",
    "//",
    "registryUrl",
    "inputs",
];

/// Our key that `key` nearly is: in another case, with dashes for underscores, or with a
/// typing error.
pub(super) fn near<'a>(key: &str, ours: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if FOREIGN.contains(&key) || ADDRESSES.contains(&key) || key.len() > 40 {
        return None;
    }
    let plain_key = plain(key);
    let mut best = None;
    for own in ours {
        let plain_own = plain(own);
        if plain_own == plain_key {
            return Some(own);
        }
        let allowed = if plain_own.len() >= 7 { 2 } else { 1 };
        let Some(distance) = nearest::distance(&plain_key, &plain_own, allowed) else { continue };
        if plain_own.len() >= 3 && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, own));
        }
    }
    best.map(|(_, own)| own)
}

/// Lower case, letters and digits alone.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Splits a command line as a shell does, by blanks, quotes and backslashes. `None`: a quote
/// is not closed.
pub(in crate::config) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_read_in_any_spelling() {
        for word in ["stdio", "STDIO", "Stdio", "std-io", "local", "Local", "command", "process"] {
            assert_eq!(transport(word), Spelled::Known(Transport::Stdio), "{word}");
        }
        for word in [
            "http",
            "HTTP",
            "streamable-http",
            "streamableHttp",
            "streamable_http",
            "Streamable HTTP",
            "http-stream",
        ] {
            assert_eq!(transport(word), Spelled::Known(Transport::Http), "{word}");
        }
        assert_eq!(transport("UNIX"), Spelled::Known(Transport::Socket));
        assert_eq!(transport("SSE"), Spelled::Sse);
        assert_eq!(transport("WebSocket"), Spelled::Known(Transport::WebSocket));
        assert_eq!(transport("claudeai-proxy"), Spelled::Foreign);
        assert_eq!(transport("pigs"), Spelled::Unknown);
    }

    #[test]
    fn near_keys_are_found_and_foreign_ones_left_alone() {
        let ours = [
            "command",
            "args",
            "env",
            "cwd",
            "pool_max_size",
            "socket_path",
            "timeout",
            "tools",
            "era",
        ];
        let near = |key: &str| near(key, ours.into_iter());
        for (key, own) in [
            ("Command", "command"),
            ("comand", "command"),
            ("poolMaxSize", "pool_max_size"),
            ("pool-max-size", "pool_max_size"),
            ("socketpath", "socket_path"),
            ("sockt_path", "socket_path"),
            ("arg", "args"),
            ("ENV", "env"),
            ("timout", "timeout"),
            ("tmieout", "timeout"),
        ] {
            assert_eq!(near(key), Some(own), "{key}");
        }
        for key in
            ["alwaysLoad", "headers", "url", "trust", "icon", "id", "x", "retries", "autoApprove"]
        {
            assert_eq!(near(key), None, "{key}");
        }
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let expected = ["-y", "a b", "c\"d", "", "e'f", "g h"];
        assert_eq!(words(r#"-y "a b"  c\"d '' "e'f" g\ h"#).expect("closed"), expected);
        assert_eq!(words("  "), Some(vec![]));
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("a\\"), None);
    }
}
