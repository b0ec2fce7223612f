//! What docs/c-api.md quotes is what there is.

mod support;

use support::read;

#[test]
fn the_page_quotes_the_conventions_and_the_example() {
    let page = read("docs/c-api.md");
    for (fence, path) in [("text", "ffi/conventions.txt"), ("c", "ffi/examples/poll.c")] {
        let quoted = format!("```{fence}\n{}```\n", read(path));
        assert!(page.contains(&quoted), "docs/c-api.md does not quote {path} as it is");
    }
}

#[test]
fn the_page_has_every_result_with_its_number() {
    let (page, header) = (read("docs/c-api.md"), read("include/tmcp.h"));
    let results: Vec<(&str, &str)> = header
        .lines()
        .filter_map(|line| {
            let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
            name.starts_with("TMCP_RESULT_").then_some((name, number))
        })
        .collect();
    assert!(results.len() >= 15, "the header has {} results", results.len());
    for (name, number) in results {
        assert!(page.contains(&format!("| {number} | `{name}` |")), "{name}");
    }
}

#[test]
fn the_page_names_every_function_of_the_header_and_no_other() {
    let (page, header) = (read("docs/c-api.md"), read("include/tmcp.h"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // A declaration has its name before the parenthesis, a comment has it elsewhere too.
    let code = header.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    let functions: Vec<&str> = code
        .filter_map(|line| {
            let name = line.split_once('(')?.0.rsplit(|c| !is_part(c)).next()?;
            name.starts_with("tmcp_").then_some(name)
        })
        .collect();
    assert!(functions.len() >= 60, "the header has {} functions", functions.len());
    let words: Vec<&str> = page.split(|c| !is_part(c)).collect();
    for name in &functions {
        assert!(words.contains(name), "docs/c-api.md does not name {name}");
    }
    for name in words.iter().filter(|word| word.starts_with("tmcp_client_")) {
        assert!(functions.contains(name), "docs/c-api.md names {name}, which is not there");
    }
}
