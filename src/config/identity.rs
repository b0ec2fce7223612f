//! The key under which something learnt about a server outlives this process.
//!
//! FNV-1a, 64 bits, over a fixed layout: unlike `std::hash` its results are the
//! same in every run and every version, so a verdict written by one tmux is
//! found by the next. The layout is part of the file format of the state: it
//! must not change. Each field is a tag byte, its length as eight little-endian
//! bytes, and its bytes, so that no two configurations run together; `env` is
//! sorted by name. An absent field is left out.
//!
//! Values of `env` are hashed and cannot be read back, but a guess can be
//! checked against the hash: the state file belongs to the user alone.

use std::os::unix::ffi::OsStrExt;

use super::{HttpTransport, ServerConfig};

impl ServerConfig {
    /// A stable hash of what this server is: socket path, address, command, arguments,
    /// environment and working directory, not its name or its tuning.
    pub fn identity(&self) -> u64 {
        let mut hash = Fnv::new();
        if let Some(path) = &self.socket_path {
            hash.field(b'S', path.as_os_str().as_bytes());
        }
        if let Some(address) = &self.address {
            hash.field(b'T', address.to_string().as_bytes());
        }
        if let Some(http) = &self.http {
            hash.field(b'H', http.path.as_bytes());
            match http.transport {
                HttpTransport::Streamable => {}
                HttpTransport::Sse => hash.field(b'E', b""),
                HttpTransport::WebSocket => hash.field(b'U', b"websocket"),
            }
            for (name, value) in &http.headers {
                hash.field(b'F', name.as_bytes());
                hash.field(b'G', value.as_bytes());
            }
            if let Some(helper) = &http.headers_helper {
                hash.field(b'Q', helper.command.as_bytes());
            }
        }
        if let Some(command) = &self.command {
            hash.field(b'P', command.program.as_bytes());
            for arg in &command.args {
                hash.field(b'A', arg.as_bytes());
            }
            let mut env: Vec<&(String, String)> = command.env.iter().collect();
            env.sort();
            for (name, value) in env {
                hash.field(b'N', name.as_bytes());
                hash.field(b'V', value.as_bytes());
            }
            if let Some(cwd) = &command.cwd {
                hash.field(b'W', cwd.as_os_str().as_bytes());
            }
        }
        hash.0
    }
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn field(&mut self, tag: u8, bytes: &[u8]) {
        self.write(&[tag]);
        self.write(&(bytes.len() as u64).to_le_bytes());
        self.write(bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Fnv;
    use crate::config::HostPort;
    use crate::config::tests::{command, server};

    #[test]
    fn the_hash_is_the_published_fnv_1a() {
        let of = |text: &str| {
            let mut hash = Fnv::new();
            hash.write(text.as_bytes());
            hash.0
        };
        assert_eq!(of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn identity_never_changes_between_versions() {
        let mut server = server("a");
        server.socket_path = Some(PathBuf::from("/tmp/a.sock"));
        let command = server.command.insert(command("node"));
        command.args = vec!["server.js".to_owned(), "-y".to_owned()];
        command.env = vec![("K".to_owned(), "v".to_owned())];
        command.cwd = Some(PathBuf::from("/srv"));
        assert_eq!(server.identity(), GOLDEN);
    }

    /// Worked out apart from this code.
    const GOLDEN: u64 = 0x81ab_b96c_6195_63b0;

    #[test]
    fn identity_tells_every_field_apart_and_nothing_else() {
        let base = server("a");
        let with = |change: &dyn Fn(&mut crate::config::Command)| {
            let mut server = base.clone();
            change(server.command.as_mut().expect("the fixture has a command"));
            server.identity()
        };
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let mut socket = base.clone();
        socket.socket_path = Some(PathBuf::from("/tmp/a.sock"));
        let mut address = base.clone();
        address.address = Some(HostPort { host: "a".to_owned(), port: 1 });
        let mut all = vec![
            base.identity(),
            socket.identity(),
            address.identity(),
            with(&|c| c.program = "other".to_owned()),
            with(&|c| c.args = words(&["ab"])),
            with(&|c| c.args = words(&["a", "b"])),
            with(&|c| c.args = words(&["b", "a"])),
            with(&|c| c.env = pairs(&[("a", "b")])),
            with(&|c| c.env = pairs(&[("a", "c")])),
            with(&|c| c.env = pairs(&[("b", "b")])),
            with(&|c| c.cwd = Some(PathBuf::from("/"))),
        ];
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);

        let mut tuned = base.clone();
        tuned.name = "b".to_owned();
        tuned.settings.pool_max_size = Some(9);
        assert_eq!(tuned.identity(), base.identity());
        assert_eq!(
            with(&|c| c.env = pairs(&[("a", "1"), ("b", "2")])),
            with(&|c| c.env = pairs(&[("b", "2"), ("a", "1")])),
        );
    }
}
