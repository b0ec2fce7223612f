//! Where the files are when nobody says otherwise.
//!
//! Pure functions of the environment. A variable set to nothing counts as
//! unset, and so does a relative XDG directory, as its specification asks.
//! `None` means that there is nowhere to look: `HOME` is not set either.

use std::path::PathBuf;

/// Claude's file: `$CLAUDE_CONFIG_DIR/.claude.json`, else `~/.claude.json`.
pub fn config_path(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let directory = set(env, "CLAUDE_CONFIG_DIR").or_else(|| set(env, "HOME"))?;
    Some(directory.join(".claude.json"))
}

/// Claude Code's settings of the user: they may approve entries of projects.
pub fn settings_paths(env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let directory =
        set(env, "CLAUDE_CONFIG_DIR").or_else(|| set(env, "HOME").map(|home| home.join(".claude")));
    let files = ["settings.json", "settings.local.json"];
    directory.map(|dir| files.map(|file| dir.join(file)).to_vec()).unwrap_or_default()
}

/// Our own file of the same shape, which wins: `tmux/mcp.json` under
/// `$XDG_CONFIG_HOME`, else under `~/.config`.
pub fn overlay_path(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    Some(xdg(env, "XDG_CONFIG_HOME", ".config")?.join("tmux/mcp.json"))
}

/// What was learnt about servers: `tmcp/eras.json` under `$XDG_STATE_HOME`,
/// else under `~/.local/state`.
pub fn state_path(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    Some(xdg(env, "XDG_STATE_HOME", ".local/state")?.join("tmcp/eras.json"))
}

fn set(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<PathBuf> {
    env(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn xdg(env: &dyn Fn(&str) -> Option<String>, name: &str, below_home: &str) -> Option<PathBuf> {
    set(env, name)
        .filter(|directory| directory.is_absolute())
        .or_else(|| set(env, "HOME").map(|home| home.join(below_home)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn all(variables: &[(&str, &str)]) -> [Option<PathBuf>; 3] {
        let env = |name: &str| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        [config_path(&env), overlay_path(&env), state_path(&env)]
    }

    fn check(variables: &[(&str, &str)], expected: [&str; 3]) {
        assert_eq!(all(variables), expected.map(|path| Some(Path::new(path).to_owned())));
    }

    #[test]
    fn files_lie_under_home() {
        check(
            &[("HOME", "/home/u")],
            [
                "/home/u/.claude.json",
                "/home/u/.config/tmux/mcp.json",
                "/home/u/.local/state/tmcp/eras.json",
            ],
        );
    }

    #[test]
    fn variables_move_them() {
        check(
            &[
                ("HOME", "/home/u"),
                ("CLAUDE_CONFIG_DIR", "/c"),
                ("XDG_CONFIG_HOME", "/x"),
                ("XDG_STATE_HOME", "/s"),
            ],
            ["/c/.claude.json", "/x/tmux/mcp.json", "/s/tmcp/eras.json"],
        );
    }

    #[test]
    fn empty_and_relative_values_do_not_count() {
        check(
            &[
                ("HOME", "/h"),
                ("CLAUDE_CONFIG_DIR", ""),
                ("XDG_CONFIG_HOME", "rel"),
                ("XDG_STATE_HOME", ""),
            ],
            ["/h/.claude.json", "/h/.config/tmux/mcp.json", "/h/.local/state/tmcp/eras.json"],
        );
    }

    #[test]
    fn without_home_there_is_nowhere_to_look() {
        assert_eq!(all(&[]), [None, None, None]);
        assert_eq!(all(&[("HOME", "")]), [None, None, None]);
    }
}
