//! `mcp-stats -w` and `-H`: figures of a window, and latencies as bars.

use tmcp_tmux_tests::{Tmux, until};

/// A server with three calls, of which one failed.
fn used() -> Tmux {
    let tmux = Tmux::demo();
    for _ in 0..2 {
        let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    }
    let _ = tmux.call(["demo", "boom", "{}"]).fails(1);
    tmux
}

#[test]
fn the_window_that_is_shown_is_named_in_every_form() {
    let tmux = used();
    let plain = tmux.run(["mcp-stats", "demo"]).ok();
    assert!(!plain.contains("Window"), "{plain}");
    let all = tmux.run(["mcp-stats", "-w", "all", "demo"]).ok();
    assert_eq!(all.lines().count(), plain.lines().count(), "{all}");
    for (word, name) in
        [("1m", "the last minute"), ("5m", "the last 5 minutes"), ("15m", "the last 15 minutes")]
    {
        let report = tmux.run(["mcp-stats", "-w", word, "demo"]).ok();
        let head =
            format!("Server: demo\n  Window: {name}; connections and pool since the start\n");
        assert!(report.starts_with(&head), "{report}");
        for line in ["Requests Sent: 3", "Responses Received: 3", "Errors: 1", "Pool Misses: 1"] {
            assert!(report.contains(&format!("    {line}\n")), "{line} in\n{report}");
        }
        let line = tmux.run(["mcp-stats", "-w", word, "-p", "50", "demo"]).ok();
        assert!(line.starts_with(&format!("demo  in {name}  calls 3  p50 ")), "{line}");
        let row = tmux.run(["mcp-stats", "-w", word, "-s"]).ok();
        let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
        let want = format!("healthy in {word} calls 3 errors 1 success 100% p95 ");
        assert!(row.contains(&want), "{row}");
        let json = tmux.run(["mcp-stats", "-w", word, "-j", "demo"]).ok();
        let json: serde_json::Value = serde_json::from_str(&json).expect("an object");
        let shown = &json["shown"];
        assert_eq!((&shown["window"], &shown["errors"]), (&word.into(), &1.into()), "{json}");
        let bars = tmux.run(["mcp-stats", "-w", word, "-H", "demo"]).ok();
        assert!(bars.contains(&format!("  Latency of 3 calls, {name}\n")), "{bars}");
    }
    tmux.finish();
}

#[test]
fn an_unknown_window_names_the_four_and_what_has_no_window_says_so() {
    let tmux = Tmux::demo();
    for form in [&[][..], &["-s"], &["-H"], &["-j"], &["-p", "50"]] {
        let said = tmux.run([&["mcp-stats", "-w", "2m"], form].concat()).fails(1);
        assert!(said.contains("'2m' is no window: it takes 1m, 5m, 15m or all"), "{form:?} {said}");
    }
    for wrong in [&["-v"][..], &["-F", "name"], &["-f", "1"]] {
        let said = tmux.run([&["mcp-stats", "-w", "5m"], wrong].concat()).fails(1);
        assert!(said.contains("-w can't be used with -F, -f or -v"), "{wrong:?} {said}");
    }
    for wrong in [&["-v"][..], &["-F", "name"], &["-f", "1"], &["-j"], &["-s"]] {
        let said = tmux.run([&["mcp-stats", "-H"], wrong].concat()).fails(1);
        assert!(said.contains("-H can't be used with"), "{wrong:?} {said}");
    }
    tmux.finish();
}

#[test]
fn bars_are_as_wide_as_the_pane_and_of_block_characters() {
    let tmux = used();
    for columns in [40, 80, 132] {
        let _ = tmux.run(["resize-window", "-x", &columns.to_string()]).ok();
        until("the pane has its width", || tmux.format("#{pane_width}") == columns.to_string());
        let text = tmux.run(["mcp-stats", "-H", "demo"]).ok();
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width <= columns), "{columns}:\n{text}");
        // The row with most calls reaches to the end, but for the names of percentiles.
        assert!(widths.iter().any(|width| *width > columns - 21), "{columns}:\n{text}");
        assert!(text.contains('\u{2588}') && text.contains("  p50 "), "{text}");
    }
    tmux.finish();
}

#[test]
fn a_client_without_utf8_gets_bars_of_plain_ascii() {
    let tmux = used();
    // Within tmux a client counts as one with UTF-8, whatever its locale.
    let text = tmux.shell("unset TMUX; LC_ALL=C LC_CTYPE=C LANG=C tmux mcp-stats -H demo").ok();
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("ms ####"), "{text}");
    tmux.finish();
}

#[test]
fn a_server_without_calls_has_no_bars_and_says_so() {
    let tmux = Tmux::demo();
    let text = tmux.run(["mcp-stats", "-H"]).ok();
    let want = "Server: demo\n  Latency of 0 calls, since the start\n    nothing recorded\n";
    assert_eq!(text, want);
    tmux.finish();
}
