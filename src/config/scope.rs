//! Where a server is in force: everywhere, or at and below one directory.
//!
//! The scopes are those of Claude Code: `mcpServers` at the top of its file
//! (user), `projects[PATH].mcpServers` (local), and `.mcp.json` of a project
//! (project). The nearest one wins; at the same directory local wins over
//! project. No file is opened here: the driver fills in canonical paths.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A path as it was written, and the one behind its symbolic links when known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Directory {
    /// As written.
    pub literal: PathBuf,
    /// Without symbolic links; `None` when it is the same or not known.
    pub canonical: Option<PathBuf>,
}

impl Directory {
    /// A directory of which only the written path is known.
    pub fn new(literal: impl Into<PathBuf>) -> Directory {
        Directory { literal: literal.into(), canonical: None }
    }

    /// Whether `other` is this directory or lies below it, by either path.
    pub fn contains(&self, other: &Directory) -> bool {
        let below = |path: &Path| {
            path.starts_with(&self.literal)
                || self.canonical.as_ref().is_some_and(|canonical| path.starts_with(canonical))
        };
        below(&other.literal) || other.canonical.as_deref().is_some_and(below)
    }

    /// Whether both name the same directory.
    pub fn is(&self, other: &Directory) -> bool {
        self.contains(other) && other.contains(self)
    }
}

/// Where a server is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere.
    #[default]
    User,
    /// At and below a directory, by `.mcp.json` in it.
    Project(Arc<Directory>),
    /// At and below a directory, by the user's own file.
    Local(Arc<Directory>),
}

impl Scope {
    /// The directory it is limited to.
    pub fn directory(&self) -> Option<&Directory> {
        match self {
            Scope::User => None,
            Scope::Project(directory) | Scope::Local(directory) => Some(directory),
        }
    }

    /// How near the scope is to `place`, larger is nearer; `None`: it is not in
    /// force there. Without a place only the user scope is.
    pub fn nearness(&self, place: Option<&Directory>) -> Option<usize> {
        let Some(directory) = self.directory() else { return Some(0) };
        if !directory.contains(place?) {
            return None;
        }
        let depth = directory.literal.components().count() * 2;
        Some(depth + usize::from(matches!(self, Scope::Local(_))))
    }

    /// The name under which a server called `name` is told apart from those of
    /// other scopes: `time`, or `time@/home/me/p`.
    pub fn id(&self, name: &str) -> String {
        match self.directory() {
            None => name.to_owned(),
            Some(directory) => format!("{name}@{}", directory.literal.display()),
        }
    }

    /// Whether an entry of the same name in `other` is replaced by one in this
    /// scope, wherever one stands.
    pub fn replaces(&self, other: &Scope) -> bool {
        match (self, other) {
            (Scope::User, Scope::User) => true,
            (Scope::Local(a), Scope::Local(b) | Scope::Project(b))
            | (Scope::Project(a), Scope::Project(b)) => a.is(b),
            _ => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::User => f.write_str("user"),
            Scope::Project(directory) => write!(f, "project {}", directory.literal.display()),
            Scope::Local(directory) => write!(f, "local {}", directory.literal.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(path: &str) -> Scope {
        Scope::Local(Arc::new(Directory::new(path)))
    }

    fn project(path: &str) -> Scope {
        Scope::Project(Arc::new(Directory::new(path)))
    }

    #[test]
    fn the_nearest_scope_is_the_deepest_directory_and_local_before_project() {
        let place = Directory::new("/home/me/p/src");
        let near = |scope: &Scope| scope.nearness(Some(&place));
        let order = [
            Scope::User,
            project("/home"),
            local("/home"),
            project("/home/me/p"),
            local("/home/me/p"),
        ];
        for pair in order.windows(2) {
            assert!(near(&pair[0]) < near(&pair[1]), "{pair:?}");
        }
        for elsewhere in ["/home/me/p2", "/home/me/p/src/x", "/home/me/p/sr"] {
            assert_eq!(near(&local(elsewhere)), None, "{elsewhere}");
        }
        assert!(near(&local("/")).is_some());
        assert_eq!(Scope::User.nearness(None), Some(0));
        assert_eq!(local("/").nearness(None), None);
    }

    #[test]
    fn a_directory_is_known_by_either_path() {
        let link = Directory { literal: "/home/me/p".into(), canonical: Some("/data/p".into()) };
        for place in ["/home/me/p", "/home/me/p/x", "/data/p/y"] {
            assert!(link.contains(&Directory::new(place)), "{place}");
        }
        let place = Directory { literal: "/elsewhere".into(), canonical: Some("/data/p/z".into()) };
        assert!(link.contains(&place));
        assert!(Directory::new("/data").contains(&place));
        assert!(!link.contains(&Directory::new("/data/pp")));
    }

    #[test]
    fn ids_tell_scopes_apart() {
        assert_eq!(Scope::User.id("time"), "time");
        assert_eq!(local("/home/me/p").id("time"), "time@/home/me/p");
        assert_eq!(local("/p").to_string(), "local /p");
        assert!(local("/p").replaces(&project("/p")));
        assert!(!project("/p").replaces(&local("/p")));
        assert!(!local("/p").replaces(&Scope::User) && !local("/p").replaces(&local("/q")));
    }
}
