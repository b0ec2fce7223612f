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
