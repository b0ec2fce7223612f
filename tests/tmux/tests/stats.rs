//! `mcp-stats`: the documented lines, the documented pipelines, true numbers.

use std::os::unix::net::UnixStream;

use serde_json::json;
use tmcp_tmux_tests::{Setup, SocketServer, Tmux, stdio, until};

/// The value of a line of a report.
#[track_caller]
fn value(report: &str, key: &str) -> String {
    let start = format!("{key}: ");
    let line = report.lines().map(str::trim_start).find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("no {key} in\n{report}"))[start.len()..].to_string()
}

#[test]
fn the_numbers_are_true_after_five_calls_of_which_one_fails() {
    let tmux = Tmux::demo();
    for _ in 0..4 {
        let _ = tmux.call(["demo", "echo", "{\"text\":\"x\"}"]).ok();
    }
    let _ = tmux.call(["demo", "boom", "{}"]).fails(1);
    let report = tmux.run(["mcp-stats", "demo"]).ok();
    for (key, want) in [
        ("Server", "demo"),
        ("Transport", "stdio"),
        ("Status", "connected"),
        ("Requests Sent", "5"),
        ("Responses Received", "5"),
        ("Errors", "1"),
        ("Success Rate", "100%"),
        ("Connection Active", "yes"),
        ("Total Connections", "1"),
        ("Active", "0"),
        ("Idle", "1"),
        ("Pool Hits", "4"),
        ("Pool Misses", "1"),
        ("Hit Rate", "80.0%"),
        ("Health", "healthy"),
    ] {
        assert_eq!(value(&report, key), want, "{key} in\n{report}");
    }
    assert_eq!(tmux.format("#{mcp_calls} #{mcp_errors} #{mcp_inflight}"), "5 1 0");
    tmux.finish();
}

#[test]
fn the_layout_is_the_documented_one_line_for_line() {
    let setup = Setup::new();
    let server = SocketServer::start(&setup.path("s"), &[]);
    let tmux = setup.server("mem", server.entry()).server("other", stdio(&[])).start();
    let _ = tmux.call(["mem", "echo", "text=x"]).ok();
    let report = tmux.run(["mcp-stats"]).ok();
    assert!(report.starts_with("MCP Performance Statistics\n==========================\nTotal Servers: 2\n\nServer: mem\n"), "{report}");
    let one = tmux.run(["mcp-stats", "mem"]).ok();
    assert!(one.starts_with("Server: mem\n"), "{one}");
    let whole = tmux.run(["mcp-stats", "-v", "mem"]).ok();
    let lines = [
        "  Transport: socket",
        "  Status: connected",
        "  Socket Path: ",
        "  Socket FD: ",
        "  Uptime: ",
        "  Last Activity: ",
        "  Statistics:",
        "    Requests Sent: ",
        "    Responses Received: ",
        "    Errors: ",
        "    Success Rate: ",
        "  Performance:",
        "    Average Latency: ",
        "    P95 Latency: ",
        "    P99 Latency: ",
        "  Socket Statistics:",
        "    Connection Active: yes",
        "    Bytes Sent: ",
        "    Bytes Received: ",
        "  Pool Statistics:",
        "    Total Connections: ",
        "    Active: ",
        "    Idle: ",
        "    Pool Hits: ",
        "    Pool Misses: ",
        "    Evictions: ",
        "    Hit Rate: ",
        "  Performance Impact:",
        "    Avg Connection Time Saved: ",
        "    Total Time Saved: ",
        "  Health: healthy",
    ];
    let mut rest = whole.lines();
    for want in lines {
        assert!(
            rest.any(|line| line.starts_with(want)),
            "{want:?} is missing or out of order in\n{whole}"
        );
    }
    // Nothing else stands in the report of one, and less in that of all.
    let told = |text: &str, wanted: &[&str]| {
        let shown: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(shown.len(), wanted.len() + 1, "{text}");
        for (line, want) in shown[1..].iter().zip(wanted) {
            assert!(line.starts_with(want), "{line:?} instead of {want:?} in\n{text}");
        }
    };
    told(&one, &lines);
    let overview: Vec<&str> = lines
        .into_iter()
        .filter(|line| !["Evict", "Impact", "Saved"].iter().any(|word| line.contains(word)))
        .collect();
    let (_, rest) = report.split_once("Total Servers: 2\n\n").expect("the header");
    told(rest.split("\nServer: ").next().expect("the first"), &overview);
    assert_eq!(value(&one, "Socket Path"), server.path.to_string_lossy());
    let fd: u32 = value(&one, "Socket FD").parse().expect("a number");
    let link =
        std::fs::read_link(format!("/proc/{}/fd/{fd}", tmux.server().pid)).expect("it is open");
    assert!(link.to_string_lossy().starts_with("socket:"), "{link:?}");
    tmux.finish();
}

#[test]
fn the_documented_pipelines_work_as_they_are_written() {
    let tmux = Setup::new()
        .server("enhanced-memory", stdio(&[]))
        .server("agent-runtime", stdio(&[]))
        .server("sequential-thinking", stdio(&[]))
        .start();
    let _ = tmux.call(["agent-runtime", "echo", "text=x"]).ok();

    let text = tmux.shell("tmux mcp-stats | grep -E \"(P95|P99|Average)\"").ok();
    assert_eq!(text.lines().filter(|line| line.contains("Average Latency: ")).count(), 3, "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("P95 Latency: ")).count(), 3, "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("P99 Latency: ")).count(), 3, "{text}");

    let text = tmux.shell("tmux mcp-stats agent-runtime | grep -A3 \"Pool Statistics\"").ok();
    assert_eq!(text, "  Pool Statistics:\n    Total Connections: 1\n    Active: 0\n    Idle: 1\n");

    let text = tmux
        .shell("for server in enhanced-memory agent-runtime sequential-thinking; do\n  echo \"=== $server ===\"\n  tmux mcp-stats $server | grep -E \"(Latency|Success Rate|Hit Rate)\"\n  echo\ndone")
        .ok();
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("===")).collect();
    assert_eq!(
        heads,
        ["=== enhanced-memory ===", "=== agent-runtime ===", "=== sequential-thinking ==="]
    );
    let part = text.split("===").nth(4).expect("the second of three");
    for line in
        ["Success Rate: 100%", "Average Latency: ", "P95 Latency: ", "P99 Latency: ", "Hit Rate: "]
    {
        assert!(part.contains(line), "{line:?} in {part}");
    }
    tmux.finish();
}

#[test]
fn the_report_can_be_watched() {
    let tmux = Tmux::demo();
    let mut shapes: Vec<usize> = Vec::new();
    for n in 0..20 {
        let _ = tmux.call(["demo", "echo", "text=x"]).ok();
        let report = tmux.run(["mcp-stats"]).ok();
        // The tools are listed once for key=value, which is no call of anybody's.
        assert_eq!(value(&report, "Requests Sent"), (n + 1).to_string());
        shapes.push(report.lines().count());
    }
    assert!(shapes.iter().all(|lines| *lines == shapes[0]), "{shapes:?}");
    assert_eq!(tmux.mcp_children().len(), 1, "nothing is started again and again");
    tmux.finish();
}

#[test]
fn a_quick_look_is_one_aligned_line_for_each_server() {
    let long = "a-name-that-is-longer-than-others".to_string();
    let tmux = Setup::new()
        .server("demo", stdio(&[]))
        .server("\u{65e5}\u{672c} x", stdio(&[]))
        .server(&long, json!({"command": "/bin/false"}))
        .start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let text = tmux.run(["mcp-stats", "-s"]).ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    // Two of the characters are as wide as four others.
    let column = |line: &str, word: &str| {
        let before = &line[..line.find(word).unwrap_or_else(|| panic!("no {word} in {line}"))];
        before.chars().map(|c| if c > '\u{2000}' { 2 } else { 1 }).sum::<usize>()
    };
    for word in ["stdio", "healthy", "calls ", "errors ", "success ", "p95 ", "hits "] {
        let at: Vec<usize> = lines.iter().map(|line| column(line, word)).collect();
        assert_eq!(at, [at[0]; 3], "{word} in\n{text}");
    }
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    let told = "demo stdio connected healthy calls 1 errors 0 success 100% p95";
    assert!(words.join(" ").starts_with(told), "{text}");
    let one = tmux.run(["mcp-stats", "-s", "dem"]).ok();
    assert!(one.starts_with("demo  stdio  connected  "), "{one}");
    assert_eq!(tmux.run(["mcp-stats", "-s", "-f", "#{mcp_calls}"]).ok().lines().count(), 1);
    for wrong in [&["-s", "-F", "x"][..], &["-s", "-v"], &["-v", "-F", "x"], &["-v", "-f", "x"]] {
        let error = tmux.run([&["mcp-stats"], wrong].concat()).fails(1);
        assert!(error.contains("can't be used with"), "{error}");
    }
    tmux.finish();
    let tmux = Setup::new().start_with(Some("{\"mcpServers\":{}}"));
    assert_eq!(tmux.run(["mcp-stats", "-s"]).ok(), "no servers are configured\n");
    tmux.finish();
}

#[test]
fn an_entry_that_is_not_used_has_no_figures_and_not_those_of_all() {
    let later = json!({"type": "http", "url": "ftp://example.org/mcp"});
    let tmux = Setup::new().server("demo", stdio(&[])).server("later", later).start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let text = tmux.run(["mcp-stats", "-s"]).ok();
    let words: Vec<&str> = text.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "later refused - calls - errors - success - p95 - hits -",
        "{text}"
    );
    tmux.finish();
}

#[test]
fn calls_that_a_full_queue_turns_away_count_as_errors_and_against_health() {
    let tmux = Setup::new().server("demo", stdio(&["--never-reply"])).start();
    let line =
        "i=0; while [ $i -lt 300 ]; do tmux mcp-call -b -T 60000 demo echo '{}'; i=$((i+1)); done";
    let _ = tmux.shell(line);
    let refused = || tmux.format("#{mcp_refused_demo}").parse::<u32>().unwrap_or(0);
    assert!(refused() >= 100, "{}", tmux.run(["mcp-stats", "-v", "demo"]).stdout);
    assert_eq!(tmux.format("#{mcp_errors_demo}"), tmux.format("#{mcp_refused_demo}"));
    assert_eq!(tmux.format("#{mcp_calls_demo} #{mcp_health_demo}"), "300 unhealthy");
    tmux.finish();
}

#[test]
fn an_unknown_server_is_answered_with_the_servers_there_are() {
    let tmux = Setup::new().server("one", stdio(&[])).server("two", stdio(&[])).start();
    let error = tmux.run(["mcp-stats", "three"]).fails(1);
    assert!(
        error.starts_with("unknown server 'three'; there are one, two (configured in "),
        "{error}"
    );
    assert!(tmux.run(["mcp-stats", "a", "b"]).code == 1);
    tmux.finish();
}

#[test]
fn the_report_waits_for_the_configuration_at_the_very_start() {
    let setup = Setup::new().server("demo", stdio(&[]));
    let padding = "x".repeat(30_000_000);
    let config =
        json!({"projects": {"history": padding}, "mcpServers": {"demo": {"command": "/bin/true"}}})
            .to_string();
    let tmux = setup.start_with(Some(&config));
    let report = tmux.run(["mcp-stats"]).ok();
    assert!(report.contains("Total Servers: 1\n"), "{report}");
    tmux.finish();

    // In one command line with the start of the server, nothing is loaded yet.
    let tmux = Tmux::demo();
    let server = tmux.server();
    let socket = tmux.run(["display-message", "-p", "#{socket_path}"]).ok();
    let _ = tmux.run(["kill-server"]).ok();
    until("the first server has gone", || !server.runs());
    // A child of it that has not called exec yet listens with its descriptors.
    until("nobody listens", || UnixStream::connect(socket.trim()).is_err());
    let line = "tmux new-session -d -s early cat \\; mcp-stats \\; mcp-call demo echo text=early; tmux kill-server";
    let text = tmux.shell(line).ok();
    assert!(text.contains("Total Servers: 1\n") && text.ends_with("\nearly\n"), "{text}");
}

#[test]
fn a_tool_error_is_an_error_but_no_failure_of_the_server() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["demo", "fail", "{\"message\":\"x\"}"]).fails(1);
    let report = tmux.run(["mcp-stats", "demo"]).ok();
    assert_eq!(
        (value(&report, "Errors").as_str(), value(&report, "Success Rate").as_str()),
        ("1", "100%")
    );
    // A server that answers with an error has answered.
    for _ in 0..30 {
        let _ = tmux.call(["demo", "boom", "{}"]).fails(1);
    }
    let report = tmux.run(["mcp-stats", "-v", "demo"]).ok();
    assert_eq!(value(&report, "Success Rate"), "100%");
    assert_eq!(value(&report, "Grade"), "excellent");
    assert_eq!(value(&report, "Answered 15 min"), "100.0% of 31 calls");
    assert_eq!(value(&report, "Answered Lifetime"), "100.0% of 31 calls");
    assert_eq!(value(&report, "Health"), "healthy");
    tmux.finish();
}

#[test]
fn a_report_in_an_attached_client_opens_in_view_mode() {
    let tmux = Tmux::demo();
    let _ = tmux.run(["bind-key", "-n", "C-g", "mcp-stats"]).ok();
    let viewer = tmux.view();
    viewer.keys(&["C-g"]);
    until("view mode opens", || tmux.format("#{pane_mode}") == "view-mode");
    viewer.keys(&["g"]);
    viewer.until("MCP Performance Statistics");
    drop(viewer);
    tmux.finish();
}

#[test]
fn large_numbers_have_thousands_separators() {
    let tmux = Tmux::demo();
    let _ = tmux.call(["-o", "none", "demo", "big", "bytes=1500000"]).ok();
    let report = tmux.run(["mcp-stats", "demo"]).ok();
    let bytes = value(&report, "Bytes Received");
    assert!(bytes.starts_with("1,50"), "{bytes}");
    assert_eq!(bytes.matches(',').count(), 2, "{bytes}");
    tmux.finish();
}

#[test]
fn json_has_the_numbers_of_the_report_and_any_percentiles() {
    let tmux = Tmux::demo();
    for _ in 0..3 {
        let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    }
    let one = tmux.run(["mcp-stats", "-j", "-p", "50,99.99", "demo"]).ok();
    let one: serde_json::Value = serde_json::from_str(&one).expect("an object");
    assert_eq!((&one["name"], &one["calls"]["ok"]), (&"demo".into(), &3.into()));
    assert!(one["latency_us"]["p99.99"].as_u64() >= one["latency_us"]["p50"].as_u64());
    let all = tmux.run(["mcp-stats", "-j"]).ok();
    let all: serde_json::Value = serde_json::from_str(&all).expect("an array");
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    let line = tmux.run(["mcp-stats", "-p", "50,99.99"]).ok();
    assert!(line.starts_with("demo  calls 3  p50 ") && line.contains("  p99.99 "), "{line}");
    for (arguments, why) in [
        (&["-p", "50,101"][..], "'101' is no percentile"),
        (&["-j", "-v"], "-j and -p can't be used with"),
        (&["-j", "nowhere"], "nowhere"),
    ] {
        let said = tmux.run([&["mcp-stats"], arguments].concat()).fails(1);
        assert!(said.contains(why), "{said}");
    }
    tmux.finish();
}
