use super::*;

/// `name json`, or `name! reason`, with notes in lines that begin with two spaces.
fn read(path: &str, text: &str) -> String {
    let env = |name: &str| match name {
        "HOME" => Some("/home/u".to_owned()),
        name if name == "NOT_SET" || name.contains(':') => None,
        _ => Some("x".to_owned()),
    };
    let mut reader = ImportReader::new(path);
    for piece in text.as_bytes().chunks(700) {
        reader.feed(piece).expect("the file can be read");
    }
    let mut import = reader.finish(&env).expect("the file has servers");
    let mut out = String::new();
    while let Some(entry) = import.step(&env) {
        match entry.json {
            Ok(json) => out += &format!("{} {json}\n", entry.name),
            Err(reason) => out += &format!("{}! {reason}\n", entry.name),
        }
        for note in entry.notes {
            out += &format!("  {note}\n");
        }
    }
    out
}

fn fails(path: &str, text: &str) -> String {
    let mut reader = ImportReader::new(path);
    let fed = reader.feed(text.as_bytes());
    fed.and_then(|()| reader.finish(&|_| None)).expect_err("it has no servers").message().to_owned()
}

#[test]
fn claude_code() {
    let text = r#"{
      "numStartups": 7, "projects": {"/p": {"mcpServers": {"no": {"command": "x"}}}},
      "mcpServers": {
        "a": {"type": "stdio", "command": "npx", "args": ["-y", "x"],
              "env": {"K": "${V:-d}", "T": "${NOT_SET}"}, "timeout": 60000, "alwaysLoad": true},
        "b": {"type": "http", "url": "https://h/mcp", "headersHelper": "get-token",
              "headers": {"Authorization": "Bearer ${T}"}},
        "c": {"type": "sdk", "name": "c"},
        "d": {"args": ["x"]}, "e": 7, "f": {"command": "x", "tmux": {"keep": true}, "colour": 1}
      }}"#;
    assert_eq!(
        read("/home/u/.claude.json", text),
        r#"a {"command":"npx","args":["-y","x"],"env":{"K":"${V:-d}","T":"${NOT_SET}"},"timeout":60000}
  'alwaysLoad' has no meaning here
  variable 'NOT_SET' in 'env.T' is not set
b {"type":"http","url":"https://h/mcp","headers":{"Authorization":"Bearer ${T}"},"headersHelper":"get-token"}
c! transport 'sdk' belongs to another program alone
d! needs 'command' or 'socket_path'
e! it must be an object, not a number
f {"command":"x","colour":1,"tmux":{"keep":true}}
  'colour' is not known, and kept as it is
"#
    );
}

#[test]
fn claude_desktop() {
    let text = "\u{feff}{\"mcpServers\": {\"files\": {\"command\": \"npx\", \"args\": [\"-y\", \
                \"@modelcontextprotocol/server-filesystem\", \"/home/u\"]}}, \
                \"globalShortcut\": \"\"}";
    assert_eq!(
        read("/home/u/.config/Claude/claude_desktop_config.json", text),
        "files {\"command\":\"npx\",\"args\":[\"-y\",\
         \"@modelcontextprotocol/server-filesystem\",\"/home/u\"]}\n"
    );
}

#[test]
fn vs_code() {
    let text = r#"// of the workspace
    {
      "inputs": [
        {"type": "promptString", "id": "api-key", "description": "Key", "password": true,
         "default": "secret"},
        {"type": "pickString", "id": "level", "options": ["a", "b"], "default": "a"},
      ],
      "servers": {
        /* local */
        "time": {"type": "stdio", "command": "uvx",
          "args": ["mcp-server-time", "${workspaceFolder}/x", "--level=${input:level}",],
          "env": {"KEY": "${input:api-key}", "U": "${env:USER}"},
          "envFile": "${workspaceFolder}/.env", "dev": {"watch": "**"},
          "sandboxEnabled": true},
        "web": {"type": "http", "url": "https://api.example/mcp/"},
        "own": {"type": "stdio", "command": "${command:pick}"},
      },
    }"#;
    assert_eq!(
        read("/home/u/proj/.vscode/mcp.json", text),
        r#"own {"command":"${command:pick}"}
  '${command}' in 'command' is a variable of an editor, and stays as written
time {"command":"uvx","args":["mcp-server-time","/home/u/proj/x","--level=${LEVEL:-a}"],"env":{"KEY":"${API_KEY}","U":"${env:USER}"},"sandboxEnabled":true}
  'args' holds an input of VS Code: set the variable LEVEL
  'env.KEY' holds an input of VS Code: set the variable API_KEY
  'envFile' is not read: put the variables into 'env'
  'dev' has no meaning here
  'sandboxEnabled' is not known, and kept as it is
web {"type":"http","url":"https://api.example/mcp/"}
"#
    );
    let settings =
        r#"{"editor.fontSize": 12, "mcp": {"inputs": [], "servers": {"a": {"command": "x"}}}}"#;
    assert_eq!(
        read("/home/u/.config/Code/User/settings.json", settings),
        "a {\"command\":\"x\"}\n"
    );
}

#[test]
fn cursor() {
    let text = r#"{"mcpServers": {
      "local": {"command": "npx", "args": ["-y", "s"], "envFile": "/home/u/.env",
                "env": {"K": "${env:NAME}", "W": "${workspaceFolder}"}},
      "far": {"url": "https://h/mcp", "headers": {"X": "${env:NAME}"},
              "auth": {"CLIENT_ID": "x"}}}}"#;
    assert_eq!(
        read("/home/u/.cursor/mcp.json", text),
        r#"far {"type":"http","url":"https://h/mcp","headers":{"X":"${env:NAME}"},"auth":{"CLIENT_ID":"x"}}
  'auth' is not known, and kept as it is
local {"command":"npx","args":["-y","s"],"env":{"K":"${env:NAME}","W":"${workspaceFolder}"}}
  'envFile' is not read: put the variables into 'env'
  '${workspaceFolder}' in 'env.W' is not known: the entry belongs to no project
"#
    );
}

#[test]
fn copilot_cli() {
    let text = r#"{"mcpServers": {
      "all": {"type": "local", "command": "x", "args": [], "env": {}, "tools": ["*"]},
      "some": {"type": "local", "command": "x", "tools": ["read", "list"], "timeout": 30000},
      "far": {"type": "http", "url": "https://h/mcp", "headers": {"K": "v"}, "tools": ["*"]}}}"#;
    assert_eq!(
        read("/home/u/.copilot/mcp-config.json", text),
        r#"all {"command":"x"}
far {"type":"http","url":"https://h/mcp","headers":{"K":"v"}}
some {"command":"x","timeout":30000,"tools":{"allow":["read","list"]}}
"#
    );
}

#[cfg(feature = "toml")]
#[test]
fn codex() {
    let text = r#"model = "gpt"
# servers
[projects."/home/u/x"]
trust_level = "trusted"

[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-mcp"]
env_vars = ["TOKEN"]
cwd = "/srv"
startup_timeout_sec = 20
tool_timeout_sec = 1.5
enabled_tools = ["read", "search"]
disabled_tools = ["write"]
required = true
[mcp_servers.docs.env]
LEVEL = '''a
b'''

[mcp_servers.docs.tools.read]
approval_mode = "approve"

[mcp_servers."a.b"]
command = "x"
enabled = false

[mcp_servers.web]
url = "https://h/mcp"
bearer_token_env_var = "WEB_TOKEN"
http_headers = { "X-A" = "1" }
env_http_headers = { "X-B" = "B" }
startup_timeout_ms = 5000
"#;
    assert_eq!(
        read("/home/u/.codex/config.toml", text),
        r#"a.b {"command":"x","disabled":true}
  it is disabled
docs {"command":"npx","args":["-y","docs-mcp"],"env":{"LEVEL":"a\nb"},"cwd":"/srv","timeout":1500,"startup_timeout":20000,"tools":{"allow":["read","search"],"deny":["write"]}}
  'tools', 'required' have no meaning here
web {"type":"http","url":"https://h/mcp","headers":{"Authorization":"Bearer ${WEB_TOKEN}","X-A":"1","X-B":"${B}"},"startup_timeout":5000}
"#
    );
    // Recognised by its text as well.
    assert_eq!(read("/tmp/x", "[mcp_servers.a]\ncommand = 'x'\n"), "a {\"command\":\"x\"}\n");
    let told = fails("/tmp/c.toml", "[mcp_servers.a]\nenv = {K = 'hunter2\n");
    assert!(told.starts_with("line 2: ") && !told.contains("hunter2"), "{told}");
    assert_eq!(fails("/tmp/c.toml", "model = 'x'"), "it has no [mcp_servers.NAME]");
    assert_eq!(fails("/tmp/c.toml", &"#".repeat(200 << 10)), "the file is larger than 128 KiB");
}

#[test]
fn gemini_cli() {
    let text = r#"{"theme": "x", "mcp": {"excluded": ["off"]}, "mcpServers": {
      "py": {"command": "python", "args": ["-m", "s"], "cwd": "./s", "timeout": 15000,
             "env": {"K": "$API_KEY", "M": "a${API_KEY}b", "P": "5$"}, "trust": true,
             "includeTools": ["safe"], "excludeTools": ["bad"]},
      "sse": {"url": "https://h/sse"},
      "web": {"httpUrl": "https://h/mcp", "headers": {"Authorization": "Bearer $T"},
              "timeout": 5000, "description": "d"},
      "off": {"command": "x"}}}"#;
    assert_eq!(
        read("/home/u/.gemini/settings.json", text),
        r#"off {"command":"x","disabled":true}
  it is disabled
py {"command":"python","args":["-m","s"],"env":{"K":"${API_KEY}","M":"a${API_KEY}b","P":"5$"},"cwd":"./s","timeout":15000,"tools":{"allow":["safe"],"deny":["bad"]}}
  'trust' has no meaning here
sse {"type":"sse","url":"https://h/sse"}
web {"type":"http","url":"https://h/mcp","headers":{"Authorization":"Bearer ${T}"},"timeout":5000}
  'description' has no meaning here
"#
    );
}

#[test]
fn zed() {
    let text = r#"// Zed settings
    {"context_servers": {
      "new": {"source": "custom", "enabled": true, "command": "x", "args": ["a"], "timeout": 120},
      "old": {"command": {"path": "x", "args": ["a"], "env": {"K": "v"}}, "settings": {}},
      "far": {"url": "https://h/mcp", "headers": {"A": "b"}},
      "extension": {"source": "extension", "settings": {"token": "hunter2"}},
    }}"#;
    assert_eq!(
        read("/home/u/.config/zed/settings.json", text),
        r#"extension! its command is known to an extension of Zed alone
far {"type":"http","url":"https://h/mcp","headers":{"A":"b"}}
new {"command":"x","args":["a"],"timeout":120000}
  'source' has no meaning here
old {"command":"x","args":["a"],"env":{"K":"v"}}
  'settings' has no meaning here
"#
    );
}

#[test]
fn cline() {
    let text = r#"{"mcpServers": {
      "s": {"command": "x", "disabled": false, "timeout": 3600, "autoApprove": ["t"]},
      "off": {"command": "x", "disabled": true},
      "web": {"type": "streamableHttp", "url": "https://h/mcp", "timeout": 60}}}"#;
    assert_eq!(
        read("/home/u/x/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", text),
        r#"off {"command":"x","disabled":true}
  it is disabled
s {"command":"x","timeout":3600000}
  'autoApprove' has no meaning here
web {"type":"http","url":"https://h/mcp","timeout":60000}
"#
    );
    // Elsewhere a short one is seconds, too, because nobody means so few milliseconds.
    assert_eq!(
        read("/tmp/x.json", r#"{"mcpServers": {"s": {"command": "x", "timeout": 60}}}"#),
        "s {\"command\":\"x\",\"timeout\":60000}\n  'timeout' is taken as 60 seconds\n"
    );
}

#[test]
fn opencode_and_other_spellings() {
    let text = r#"{"mcp": {"a": {"type": "local", "command": ["npx", "-y", "s"], "enabled": true,
                   "environment": {"K": "{env:NAME}"}}}}"#;
    assert_eq!(
        read("/home/u/.config/opencode/opencode.json", text),
        "a {\"command\":\"npx\",\"args\":[\"-y\",\"s\"],\"env\":{\"K\":\"{env:NAME}\"}}\n"
    );
    let text = r#"{"mcpServers": {"a": {"transport": {"type": "stdio", "command": "x"},
                   "args": "-y 'a b'", "env": ["A=b=c"]}, "b": {"command": "", "serverUrl": "http://u"},
                   "c": {"command": "x", "tools": 7}}}"#;
    assert_eq!(
        read("/tmp/x.json", text),
        "a {\"command\":\"x\",\"args\":[\"-y\",\"a b\"],\"env\":{\"A\":\"b=c\"}}\n\
         b {\"type\":\"http\",\"url\":\"http://u\"}\n\
         c! 'tools' must be an object with 'allow' and 'deny', not a number\n"
    );
}

#[test]
fn files_without_servers_are_told() {
    for (path, text, told) in [
        ("x.json", "", "the file is empty"),
        ("x.json", "{}", "it has none of 'mcpServers'"),
        ("x.json", "{\"mcpservers\": {}}", "did you mean mcpServers?"),
        ("x.json", "{\"mcpServers\": [1]}", "must be an object, not an array"),
        ("x.json", "{\"mcpServers\": {\n\"a\": }}", "line 2 column 6"),
        ("x.yaml", "extensions:\n  a: 1\n", "YAML is not read"),
    ] {
        let found = fails(path, text);
        assert!(found.contains(told), "{text}: {found}");
    }
}

#[test]
fn the_rest_of_our_file_stays_as_it_is() {
    let put = |text: &str, entries: &[(&str, &str)]| {
        let mut overlay = Overlay::new(text.as_bytes().to_vec()).expect("it can be read");
        for (name, json) in entries {
            overlay.put(name, json, true);
        }
        let out = String::from_utf8(overlay.finish()).expect("UTF-8");
        for (name, json) in entries {
            let mut again = Overlay::new(out.clone().into()).expect("it is still JSON");
            assert_eq!(again.put(name, json, true), MergeOutcome::Same, "{out}");
        }
        out
    };
    let new = [("b", r#"{"command":"x"}"#)];
    for (before, after) in [
        ("", "{\n  \"mcpServers\": {\n    \"b\": {\n      \"command\": \"x\"\n    }\n  }\n}\n"),
        ("{}", "{\n  \"mcpServers\": {\n    \"b\": {\n      \"command\": \"x\"\n    }\n  }\n}"),
        (
            "{\n\t\"z\": 1 // one\n}\n",
            "{\n\t\"z\": 1, // one\n\t\"mcpServers\": {\n\t\t\"b\": {\n\t\t  \"command\": \"x\"\n\t\t}\n\t}\n}\n",
        ),
        (
            "{\"mcpServers\": null, \"z\": [1,]}",
            "{\"mcpServers\": {\n    \"b\": {\n      \"command\": \"x\"\n    }\n  }, \"z\": [1,]}",
        ),
        (
            "{\"mcpServers\": {\n  \"a\": {\"q\": 1}, // last,\n  /* , */\n}, \"z\": 1e0}",
            "{\"mcpServers\": {\n  \"a\": {\"q\": 1}, // last,\n  /* , */\n  \"b\": {\n    \"command\": \"x\"\n  }\n}, \"z\": 1e0}",
        ),
        (
            "{\"mcpServers\": {\n  \"b\": {\"q\": 1} // old\n  , \"a\": 7}}",
            "{\"mcpServers\": {\n  \"b\": {\n    \"command\": \"x\"\n  } // old\n  , \"a\": 7}}",
        ),
    ] {
        assert_eq!(put(before, &new), after, "{before}");
    }
    // Replaced and added at once.
    let both = [("a", r#"{"command":"y"}"#), ("b", r#"{"command":"x"}"#)];
    assert_eq!(
        put("{\"mcpServers\": {\"a\": 1}}", &both),
        "{\"mcpServers\": {\"a\": {\n  \"command\": \"y\"\n},\n    \"b\": {\n      \"command\": \"x\"\n    }\n  }}"
    );
}

#[test]
fn an_entry_of_ours_is_not_replaced_unasked_and_a_broken_file_not_at_all() {
    let text = r#"{"mcpServers": {"a": {"args": [], "command": "x",}, "b": {"command": "y"}}}"#;
    let mut overlay = Overlay::new(text.into()).expect("it can be read");
    assert_eq!(overlay.put("a", r#"{"command":"x","args":[]}"#, false), MergeOutcome::Same);
    assert_eq!(overlay.put("b", r#"{"command":"z"}"#, false), MergeOutcome::Differs);
    assert!(!overlay.is_changed());
    assert_eq!(overlay.put("b", r#"{"command":"z"}"#, true), MergeOutcome::Replaced);
    assert_eq!(overlay.put("c", r#"{"command":"z"}"#, false), MergeOutcome::Added);
    assert!(overlay.is_changed());
    for broken in ["{", "[]", "{\"mcpServers\": []}", "{\"mcpServers\": {\"a\": }}", "{} x", "{}{"]
    {
        assert!(Overlay::new(broken.into()).is_err(), "{broken}");
    }
    assert!(Overlay::new(vec![b' '; (1 << 20) + 1]).is_err());
}
