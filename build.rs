//! Build script of the C border: version facts and a freshly generated header.
//!
//! Writes into the build directory only. The committed `include/tmcp.h` is
//! compared with what lands there by a test, because a build that repaired the
//! tree would hide the drift it found.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The sources in the order in which a reader of the header meets them. Not
/// found through `lib.rs`, because that would sort them by name.
const SOURCES: [&str; 29] = [
    "version",
    "result",
    "log",
    "options",
    "handle",
    "client",
    "call",
    "request",
    "arguments",
    "json",
    "host",
    "configuration",
    "servers",
    "import",
    "login",
    "hints",
    "offers",
    "stats",
    "show",
    "checklist",
    "export",
    "event_type",
    "event",
    "table",
    "part",
    "want",
    "prepare",
    "question",
    "agents",
];

/// The conventions as the comment that the header begins with.
fn top_comment(ffi: &Path) -> Result<String, Box<dyn Error>> {
    let mut comment = String::from("/*\n");
    for line in fs::read_to_string(ffi.join("conventions.txt"))?.lines() {
        comment.push_str(format!(" * {line}").trim_end());
        comment.push('\n');
    }
    comment.push_str(" */");
    Ok(comment)
}

/// What `after_includes` of the header says about the version.
fn version_macros(number: u32) -> Result<String, Box<dyn Error>> {
    let version = env::var("CARGO_PKG_VERSION")?;
    Ok(format!(
        "\n/** The version this header belongs to, as text. */\n\
         #define TMCP_VERSION \"{version}\"\n\
         \n/** The same as a number: 0x00MMmmpp. */\n\
         #define TMCP_VERSION_NUMBER 0x{number:08x}u"
    ))
}

/// `0x00MMmmpp`; a part over 255 would spill into its neighbour and is refused.
fn version_number() -> Result<u32, Box<dyn Error>> {
    let part = |name: &str| -> Result<u32, Box<dyn Error>> {
        Ok(u32::from(env::var(name)?.parse::<u8>()?))
    };
    Ok(part("CARGO_PKG_VERSION_MAJOR")? << 16
        | part("CARGO_PKG_VERSION_MINOR")? << 8
        | part("CARGO_PKG_VERSION_PATCH")?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let ffi = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for input in
        ["src", "cbindgen.toml", "conventions.txt", "Cargo.toml", "../Cargo.toml", "../build.rs"]
    {
        println!("cargo::rerun-if-changed={}", ffi.join(input).display());
    }

    let number = version_number()?;
    println!("cargo::rustc-env=TMCP_VERSION_NUMBER={number}");

    let mut config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))?;
    config.after_includes = Some(version_macros(number)?);
    config.header = Some(top_comment(&ffi)?);
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(ffi.join("src").join(source).with_extension("rs"));
    }
    let bindings = builder.generate()?;
    bindings.write_to_file(out.join("tmcp.h"));
    Ok(())
}
