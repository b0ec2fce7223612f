//! The committed header is the one that the sources give.

mod support;

use support::{compare, difference, read};

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/tmcp.h"));

#[test]
fn the_committed_header_is_up_to_date() {
    compare("include/tmcp.h", GENERATED);
}

#[test]
fn the_header_states_the_version_of_the_workspace() {
    let manifest = read("Cargo.toml");
    let version = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.package]")
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .expect("Cargo.toml states a version");
    assert!(GENERATED.contains(&format!("#define TMCP_VERSION \"{version}\"\n")));

    let part: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    let number = part[0] << 16 | part[1] << 8 | part[2];
    assert!(GENERATED.contains(&format!("#define TMCP_VERSION_NUMBER 0x{number:08x}u\n")));
    assert_eq!(tmcp_ffi::tmcp_version_number(), number);
}

#[test]
fn the_header_begins_with_the_conventions() {
    let top = GENERATED.split(" */").next().unwrap_or_default();
    let top: Vec<&str> =
        top.lines().skip(1).map(|line| line.strip_prefix(" *").unwrap_or(line).trim()).collect();
    let conventions = read("ffi/conventions.txt");
    let conventions: Vec<&str> = conventions.lines().collect();
    assert_eq!(top, conventions);
}

#[test]
fn a_stale_header_is_shown_as_a_difference() {
    let stale = GENERATED.replacen("tmcp_client_free", "tmcp_client_drop", 1);
    let difference = difference(&stale, GENERATED).expect("they differ");
    assert!(difference.contains("tmcp_client_drop"), "{difference}");
    assert!(difference.lines().any(|line| line.starts_with('+')), "{difference}");
}
