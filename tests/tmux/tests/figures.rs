//! Figures for status lines and control clients.

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

#[test]
fn each_server_has_a_glyph_rates_and_a_sparkline() {
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .server("gone", serde_json::json!({"command": "/does/not/exist"}))
        .start();
    until("the configuration is loaded", || tmux.format("#{mcp_servers}") == "2");
    let cold = tmux.format("#{mcp_glyph_demo}");
    assert_eq!(cold.chars().count(), 1, "{cold}");
    for _ in 0..5 {
        let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    }
    let _ = tmux.call(["gone", "echo", "text=x"]).fails(2);
    assert_eq!(tmux.format("#{mcp_glyph_demo}#{mcp_glyph_gone}"), "●✗");
    assert_ne!(cold, "●");
    for key in ["p50", "p95", "p99", "p999", "avg"] {
        let value = tmux.format(&format!("#{{mcp_{key}_demo}}"));
        assert!(value.ends_with("ms") || value.ends_with("us"), "{key}: {value}");
    }
    assert!(tmux.format("#{mcp_rate_demo}").ends_with("/s"));
    assert!(tmux.format("#{mcp_hit_rate_demo}").ends_with('%'));
    assert_eq!(tmux.format("#{mcp_calls_demo}/#{mcp_errors_demo}"), "5/0");
    let spark = tmux.format("#{mcp_spark_demo}");
    assert_eq!(spark.chars().count(), 8, "{spark:?}");
    assert!(spark.chars().any(|bar| bar > '▁'), "{spark:?}");
    tmux.finish();
}

/// Labels of the report, and the format that has the same number.
const LABELS: &[(&str, &str)] = &[
    ("Transport", "transport"),
    ("Status", "state"),
    ("Socket Path", "socket_path"),
    ("Uptime Ratio", "up_ratio"),
    ("Reconnections", "reconnections"),
    ("Restarts", "restarts"),
    ("PID", "pid"),
    ("Protocol", "version"),
    ("Requests Sent", "calls"),
    ("Responses Received", "responses"),
    ("Errors", "errors"),
    ("Success Rate", "success_rate"),
    ("Successful Calls", "succeeded"),
    ("Cancelled", "cancelled"),
    ("Refused", "refused"),
    ("Outcome Unknown", "outcome_unknown"),
    ("In Flight", "running"),
    ("Queued", "queued"),
    ("Timeouts", "timeouts"),
    ("Average Latency", "avg"),
    ("P95 Latency", "p95"),
    ("P99 Latency", "p99"),
    ("Minimum", "min"),
    ("Percentile 50", "p50"),
    ("Percentile 99.9", "p999"),
    ("Maximum", "max"),
    ("Bytes Sent", "bytes_sent"),
    ("Bytes Received", "bytes_received"),
    ("Messages Sent", "messages_sent"),
    ("Messages Received", "messages_received"),
    ("Replies On Wire", "wire_replies"),
    ("Junk Lines", "junk_lines"),
    ("Late Replies", "late_replies"),
    ("Foreign Replies", "foreign_replies"),
    ("Duplicate Replies", "duplicate_replies"),
    ("Pings", "pings"),
    ("Changes Not Told", "dropped"),
    ("Questions Declined", "declined"),
    ("Log Lines Left Out", "unlogged"),
    ("Pauses In Reading", "paused"),
    ("Notifications", "notifications"),
    ("Total Connections", "connections"),
    ("Active", "active"),
    ("Idle", "idle"),
    ("Connecting", "connecting"),
    ("Pool Hits", "hits"),
    ("Pool Misses", "misses"),
    ("Evictions", "evictions"),
    ("Hit Rate", "hit_rate"),
    ("Shared Hits", "shared_hits"),
    ("Waits", "waits"),
    ("Overflow", "overflow"),
    ("Rejected", "rejected"),
    ("Total Time Saved", "time_saved"),
    ("Longest Connect", "longest_connect"),
    ("Health", "health"),
    ("Grade", "grade"),
];

#[test]
fn a_format_has_the_number_that_the_report_has() {
    let tmux = Setup::new().server("demo", stdio(&["--junk", "2", "--duplicate"])).start();
    for n in 0..3 {
        let _ = tmux.call(["demo", "add", &format!("a={n}"), "b=1"]).ok();
    }
    let _ = tmux.call(["demo", "fail", "message=x"]).fails(1);
    // The last duplicate comes after the answer.
    tmux.until_format("#{mcp_duplicate_replies_demo}", &tmux.format("#{mcp_wire_replies_demo}"));
    let report = tmux.run(["mcp-stats", "-v", "demo"]).ok();
    for (label, key) in LABELS {
        let found = report.lines().find_map(|line| {
            line.trim_start().strip_prefix(label)?.strip_prefix(": ").map(str::to_owned)
        });
        let shown = found.unwrap_or_else(|| panic!("no {label} in {report}"));
        let format = tmux.format(&format!("#{{mcp_{key}_demo}}"));
        assert_eq!(format, shown.replace(',', ""), "{label}, {key}");
        // With one server all are that one, but for what only a server has.
        let total = tmux.format(&format!("#{{mcp_{key}}}"));
        let own = ["transport", "socket_path", "pid", "version"].contains(key);
        assert_eq!(total, if own { "" } else { &format }, "{label}, {key} of all");
    }
    assert_eq!(tmux.format("#{mcp_junk_lines}"), "14", "two before each of seven replies");
    assert_eq!(tmux.format("#{mcp_closed_error_demo}/#{mcp_tool_errors_demo}"), "0/1");
    assert_eq!(tmux.format("#{mcp_1m_calls_demo}/#{mcp_15m_errors}"), "4/1");
    assert_eq!(tmux.format("#{mcp_connected}/#{mcp_failing}"), "1/0");
    tmux.finish();
}

#[test]
fn names_with_underscores_are_never_taken_for_figures() {
    let tmux = Setup::new()
        .server("p95_x", stdio(&[]))
        .server("x", stdio(&[]))
        .server("rate", stdio(&[]))
        .server("a-b", stdio(&[]))
        .server("a_b", stdio(&[]))
        .start();
    for (server, calls) in [("p95_x", 1), ("x", 2), ("rate", 3), ("a-b", 4), ("a_b", 5)] {
        for _ in 0..calls {
            let _ = tmux.call([server, "echo", "text=x"]).ok();
        }
    }
    let calls = |name: &str| tmux.format(&format!("#{{mcp_calls_{name}}}"));
    let found = ["p95_x", "x", "rate", "a-b", "a_b"].map(calls);
    assert_eq!(found, ["1", "2", "3", "4", "5"], "an exact name comes first");
    assert_eq!(tmux.format("#{mcp_calls}"), "15");
    // The total hit rate, whatever servers are called.
    assert!(tmux.format("#{mcp_hit_rate}").ends_with('%'));
    assert_eq!(tmux.format("#{mcp_hit_rate_rate}"), "75.0%");
    assert_eq!(tmux.format("#{mcp_p95_p95_x}"), tmux.format("#{mcp_max_p95_x}"));
    assert_eq!(tmux.format("#{mcp_p95_b}#{mcp_calls_p95}#{mcp_hit_rate_}#{mcp_p95_rate_x}"), "");
    tmux.finish();
}

#[test]
fn a_listing_knows_the_figures_of_the_server_of_each_row() {
    let tmux = Setup::new().server("a", stdio(&[])).server("b_a", stdio(&[])).start();
    let _ = tmux.call(["a", "echo", "text=x"]).ok();
    let format = "#{mcp_server} #{mcp_name} #{mcp_succeeded} #{mcp_calls_b_a} #{mcp_servers}";
    assert_eq!(tmux.run(["mcp-stats", "-F", format]).ok(), "a a 1 0 2\nb_a b_a 0 0 2\n");
    let format = "#{mcp_name} #{mcp_server} #{mcp_responses}";
    let list = tmux.run(["mcp-tools", "-F", format, "-f", "#{==:#{mcp_name},echo}"]).ok();
    assert_eq!(list, "echo a 1\necho b_a 0\n");
    tmux.finish();
}

#[test]
fn totals_count_all_servers() {
    let tmux = Setup::new().server("a", stdio(&[])).server("b", stdio(&[])).start();
    let _ = tmux.call(["a", "echo", "text=x"]).ok();
    let _ = tmux.call(["b", "fail", "message=x"]).fails(1);
    assert_eq!(tmux.format("#{mcp_servers}/#{mcp_calls}/#{mcp_errors}"), "2/2/1");
    for key in ["p50", "p95", "p99", "p999", "avg", "max", "1m_p95", "rate", "spark"] {
        assert_ne!(tmux.format(&format!("#{{mcp_{key}}}")), "-", "{key}");
    }
    tmux.finish();
}

#[test]
fn reports_take_templates_and_filters() {
    let tmux = Setup::new().server("a", stdio(&[])).server("b", stdio(&[])).start();
    let _ = tmux.call(["a", "echo", "text=x"]).ok();
    let list =
        |filter: &str| tmux.run(["mcp-stats", "-F", "#{mcp_name}=#{mcp_state}", "-f", filter]).ok();
    assert_eq!(list("1"), "a=connected\nb=disconnected\n");
    assert_eq!(list("#{==:#{mcp_state},connected}"), "a=connected\n");
    assert_eq!(list("0"), "");
    tmux.finish();
}

#[test]
fn a_control_client_is_told_of_figures_it_subscribed_to() {
    let tmux = Tmux::demo();
    let mut control = tmux.control();
    let _ = control.command("refresh-client -B 'p::#{mcp_progress}'");
    let _ = control.command("refresh-client -B 's::#{mcp_glyph_demo} #{mcp_state_demo}'");
    let told = |control: &tmcp_tmux_tests::Control, name: &str, text: &str| {
        until(&format!("{name} tells {text:?}"), || {
            control.notifications().iter().any(|line| {
                line.starts_with(&format!("%subscription-changed {name} ")) && line.contains(text)
            })
        });
    };
    let call = tmux.start_call(["demo", "progress", "steps=100", "delay_ms=100"]);
    told(&control, "s", "● connected");
    told(&control, "p", "%");
    let _ = tmux.run(["mcp-cancel", "-a"]).ok();
    let _ = call.wait().fails(1);
    control.well_formed();
    drop(control);
    tmux.finish();
}

#[test]
fn every_name_of_the_documents_is_one_that_mcp_stats_takes() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["demo", "echo", "text=a"]).ok();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tmux.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, table) = page.split_once("| figure | is |").expect("the table of formats");
    let table = table.split("\n\n").next().unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for line in table.lines().skip(2) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        names.extend(cell.split('`').skip(1).step_by(2).map(str::to_string));
    }
    for part in ["calls", "errors", "rate", "p50", "p95", "p99", "message_rate", "byte_rate"] {
        names.extend(["5m_", "15m_"].map(|window| format!("{window}{part}")));
    }
    let line = page.lines().find(|line| line.starts_with("| `mcp-stats` | `mcp_name`"));
    let columns = line.expect("the columns of mcp-stats").split('`').skip(3).step_by(2);
    names.extend(columns.map(str::to_string));
    let all = tmux.run(["display-message", "-a"]).ok();
    names.extend(all.lines().filter_map(|line| {
        line.starts_with("mcp_").then(|| line.split_once('=').map(|(name, _)| name.to_string()))?
    }));
    assert!(names.len() > 150, "{}", names.len());
    for name in &names {
        let value = tmux.run(["mcp-stats", "-F", name]).ok();
        assert_eq!(value.lines().count(), 1, "{name}: {value:?}");
        let short = name.trim_start_matches("mcp_");
        if !["last_error", "output", "progress", "socket_error", "socket_path"].contains(&short) {
            assert!(!value.trim().is_empty(), "{name} is empty");
        }
    }
    tmux.finish();
}

#[test]
fn a_name_that_is_not_known_is_told_with_those_that_are_near() {
    let tmux = Tmux::demo();
    for (format, near) in [
        ("p59", "mcp_p95"),
        ("#{mcp_sucess_rate}", "mcp_success_rate"),
        ("#{?#{mcp_cals},a,b}", "mcp_calls"),
        ("#{?mcp_inflght,a,b}", "mcp_inflight"),
        ("mcp_statu", "mcp_status"),
    ] {
        let why = tmux.run(["mcp-stats", "-F", format]).fails(1);
        assert!(why.contains("unknown format") && why.contains(near), "{format}: {why}");
    }
    assert_eq!(tmux.run(["mcp-stats", "-F", "#{mcp_name} #{version}x"]).code, 0);
    assert!(tmux.run(["mcp-stats", "-F", "#{mcp_calls_demo} mcp_x"]).ok().contains("mcp_x"));
    tmux.finish();
}
