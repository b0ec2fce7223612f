//! What is told of wrong entries holds none of their values.

use super::parse;

#[test]
fn no_message_and_no_debug_text_holds_a_secret() {
    // Every key in turn is broken beside an environment full of secrets.
    let keys = [
        "transport",
        "socket_path",
        "command",
        "args",
        "env",
        "cwd",
        "pool_max_size",
        "timeout",
        "retry_backoff",
        "startup_timeout",
        "max_answer",
        "disabled",
        "socket_allow_uid",
        "idempotent_tools",
        "tmux",
    ];
    let values = ["[[\"SECRET\"]]", "{\"SECRET\": {\"SECRET\": []}}", "[\"SECRET\", 77770000]"];
    let mut told = 0;
    for key in keys {
        for value in values {
            // The first of a list is the program, whose name is shown.
            let value =
                if key == "command" { value.replace("[\"S", "[\"x\", \"S") } else { value.into() };
            let entry = format!(
                r#"{{"a": {{"type": "stdio", "command": "x ${{TOKEN}}", "args": ["${{TOKEN}}", "${{GONE}}"],
                    "env": {{"K": "SECRET", "N": 77770000, "T": "${{TOKEN}}${{GONE:-SECRET}}"}},
                    "cwd": "/${{TOKEN}}", "{key}": {value}}}}}"#
            );
            let config = parse(&entry);
            told += config.problems.len();
            // The name of a variable is no secret, even a silly one.
            let text = format!("{config:?}").replace("env.SECRET", "").replace("tmux.SECRET", "");
            assert!(!text.contains("SECRET") && !text.contains("77770000"), "{text}");
        }
    }
    assert!(told > keys.len() * 2, "{told}");
}
