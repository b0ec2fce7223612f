use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::families::{CLIENT, OPERATIONS, SERVER};
use super::sink::FamilyKind;
use super::*;
use crate::metrics::{ErrorCategory, EvictionCause, OperationKey, ServerMetrics, ServerReport};
use crate::time::Time;

const NOW: Time = Time::from_micros(10_000_000);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn client() -> ClientFigures {
    ClientFigures {
        label: "/tmp/tmux-1000/default".into(),
        name: "tmux".into(),
        version: "3.5a".into(),
        ..ClientFigures::default()
    }
}

fn key(tool: &str, error: &str) -> OperationKey {
    OperationKey { method: "tools/call", tool: Arc::from(tool), error: Arc::from(error) }
}

fn metrics() -> ServerMetrics {
    let mut metrics = ServerMetrics::new();
    metrics.went_up(Time::from_micros(8_000_000));
    metrics.connected(NOW, ms(4), false);
    metrics.bytes_sent(NOW, 100);
    metrics.bytes_received(NOW, 2500);
    metrics.pool.hits_idle = 7;
    metrics.pool.rejected = 2;
    metrics.pool.evicted(EvictionCause::PeerClosed);
    metrics.error(NOW, ErrorCategory::Handshake);
    let durations = metrics.durations_mut();
    durations.operation(key("add", ""), ms(10), &mut 0);
    durations.operation(key("add", ""), ms(1500), &mut 0);
    durations.operation(key("say \"no\\\"\n", "-32602"), ms(400_000), &mut 0);
    durations.session(ms(90_000), true);
    metrics
}

/// The whole text; `servers` all have `metrics`.
fn text(format: MetricsFormat, servers: &[&str], metrics: &ServerMetrics) -> String {
    let names = servers.iter().map(|name| (*name).to_owned()).collect();
    let mut exposition = Exposition::new(format, names);
    while exposition.step(&client(), &|name| report(name, metrics), NOW) {}
    exposition.take()
}

fn report<'a>(name: &str, metrics: &'a ServerMetrics) -> Option<ServerReport<'a>> {
    let name = ["a", "b"].into_iter().find(|known| *known == name)?;
    Some(ServerReport {
        transport: "socket",
        status: "connected",
        pool_idle: 3,
        queued: 1,
        tools: Some(5),
        protocol_version: Some("2025-11-25"),
        ..ServerReport::new(name, metrics)
    })
}

#[test]
fn every_figure_is_in_the_text() {
    let text = text(MetricsFormat::Prometheus, &["a", "b"], &metrics());
    let at = r#"client="/tmp/tmux-1000/default""#;
    for line in [
        format!(r#"mcp_client_info{{{at},name="tmux",version="3.5a"}} 1"#),
        format!(
            r#"mcp_server_info{{{at},server="a",transport="socket",protocol_version="2025-11-25"}} 1"#
        ),
        format!(r#"mcp_server_up{{{at},server="b"}} 1"#),
        format!(r#"mcp_server_uptime_seconds{{{at},server="a"}} 2"#),
        format!(r#"mcp_server_tools{{{at},server="a"}} 5"#),
        format!(r#"mcp_pool_connections{{{at},server="a",state="idle"}} 3"#),
        format!(r#"mcp_pool_pending_requests{{{at},server="a"}} 1"#),
        format!(r#"mcp_pool_acquires_total{{{at},server="a",result="idle"}} 7"#),
        format!(r#"mcp_pool_acquires_total{{{at},server="a",result="rejected"}} 2"#),
        format!(r#"mcp_pool_evictions_total{{{at},server="a",reason="peer_closed"}} 1"#),
        format!(r#"mcp_client_errors_total{{{at},server="a",category="handshake"}} 1"#),
        format!(r#"mcp_client_sent_bytes_total{{{at},server="a"}} 100"#),
        format!(r#"mcp_client_received_bytes_total{{{at},server="a"}} 2500"#),
        format!(r#"mcp_pool_connect_seconds_sum{{{at},server="a"}} 0.004"#),
        format!(
            r#"mcp_client_session_duration_seconds_count{{{at},server="a",error_type="lost"}} 1"#
        ),
    ] {
        assert!(text.contains(&(line.clone() + "\n")), "{line}\n{text}");
    }
    let add = format!(r#"{at},server="a",mcp_method_name="tools/call",gen_ai_tool_name="add""#);
    let histogram: Vec<&str> = text.lines().filter(|line| line.contains(&add)).collect();
    let bucket = |le: &str, count: u64| {
        format!(r#"mcp_client_operation_duration_seconds_bucket{{{add},le="{le}"}} {count}"#)
    };
    let bounds = ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0"];
    let bounds = bounds.into_iter().chain(["30.0", "60.0", "120.0", "300.0", "+Inf"]);
    let mut expected: Vec<String> =
        bounds.enumerate().map(|(at, le)| bucket(le, if at < 7 { 1 } else { 2 })).collect();
    expected.push(format!("mcp_client_operation_duration_seconds_sum{{{add}}} 1.51"));
    expected.push(format!("mcp_client_operation_duration_seconds_count{{{add}}} 2"));
    assert_eq!(histogram, expected);
    let odd = r#"gen_ai_tool_name="say \"no\\\"\n",error_type="-32602",le="300.0"} 0"#;
    assert!(text.contains(odd), "{text}");
    assert!(text.ends_with('\n') && !text.contains("# EOF"));
}

#[test]
fn families_are_not_interleaved_and_a_server_is_in_each_once() {
    let text = text(MetricsFormat::OpenMetrics, &["a", "b", "gone"], &metrics());
    let mut seen = BTreeSet::new();
    let mut family = "";
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        assert!(lines.insert(line), "twice: {line}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap();
            assert!(seen.insert(family), "{family} begins twice");
        }
        assert!(line == "# EOF" || line.contains(family), "{line} is not of {family}");
        assert!(!line.contains("gone"), "{line}");
    }
    assert_eq!(seen.len(), CLIENT.len() + SERVER.len() + 1);
    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains("# TYPE mcp_client info\n"));
    assert!(text.contains("# TYPE mcp_pool_acquires counter\n"));
    assert!(text.contains("# UNIT mcp_client_sent_bytes bytes\n"));
    let help = CLIENT.iter().map(|entry| &entry.family);
    for family in help.chain(SERVER.iter().map(|entry| &entry.family)).chain([&OPERATIONS]) {
        assert!(family.name.ends_with(family.unit), "{}", family.name);
        assert!(!family.help.contains(['\n', '\\']), "{}", family.help);
        let is_total = family.name.ends_with("_total") && family.kind == FamilyKind::Counter;
        assert!(!is_total, "{} has its suffix twice", family.name);
    }
}

#[test]
fn a_server_that_was_never_used_is_neither_up_nor_down() {
    let text = text(MetricsFormat::Prometheus, &["a"], &ServerMetrics::new());
    let status = |status| {
        let metrics = ServerMetrics::new();
        let mut exposition = Exposition::new(MetricsFormat::Prometheus, vec!["a".into()]);
        let report = |_: &str| Some(ServerReport { status, ..ServerReport::new("a", &metrics) });
        while exposition.step(&client(), &report, NOW) {}
        exposition.take().lines().any(|line| line.starts_with("mcp_server_up{"))
    };
    assert!(!status("disconnected") && status("idle"));
    assert!(text.contains("# TYPE mcp_server_up gauge\n"));
}

#[test]
fn many_servers_with_many_tools_are_rendered_in_small_steps() {
    let mut metrics = metrics();
    for n in 0..250 {
        metrics.durations_mut().operation(key(&format!("tool{n}"), ""), ms(n), &mut 0);
    }
    let names = std::iter::repeat_n("a".to_owned(), 100).collect();
    let mut exposition = Exposition::new(MetricsFormat::Prometheus, names);
    let (mut longest, mut all) = (0, 0);
    while exposition.step(&client(), &|name| report(name, &metrics), NOW) {
        let piece = exposition.take().len();
        (longest, all) = (longest.max(piece), all + piece);
    }
    assert!(all > 50 << 20, "{all} bytes");
    assert!(longest < 160 << 10, "{longest} bytes in one step");
}

/// All datagrams of a flush.
fn flush(state: &mut StatsdState, metrics: &ServerMetrics) -> Vec<String> {
    let mut datagrams = Vec::new();
    state.begin(vec!["a".into()]);
    while state.step(&client(), &|name| report(name, metrics), NOW) {
        datagrams.extend(std::iter::from_fn(|| state.next_datagram()));
    }
    datagrams.extend(std::iter::from_fn(|| state.next_datagram()));
    datagrams
}

#[test]
fn statsd_gets_differences_and_means() {
    let mut state = StatsdState::new(StatsdDialect::DogStatsd, 1432);
    let mut metrics = metrics();
    assert_eq!(flush(&mut state, &metrics), [""; 0], "the first flush notes where to go on");
    metrics.pool.hits_idle += 5;
    for took in [12, 16, 700] {
        metrics.durations_mut().operation(key("a:b|c@d,e#f", ""), ms(took), &mut 0);
    }
    let datagrams = flush(&mut state, &metrics);
    let lines: Vec<&str> = datagrams.iter().flat_map(|datagram| datagram.lines()).collect();
    let tags = "client:/tmp/tmux-1000/default,server:a";
    let tool = "mcp_method_name:tools/call,gen_ai_tool_name:a_b_c_d_e_f";
    for line in [
        format!("mcp.pool_acquires:5|c|#{tags},result:idle"),
        format!("mcp.server_up:1|g|#{tags}"),
        format!("mcp.client_operation_duration:14.000|ms|@0.500000000|#{tags},{tool}"),
        format!("mcp.client_operation_duration:700.000|ms|#{tags},{tool}"),
    ] {
        assert!(lines.contains(&&*line), "{line}: {lines:#?}");
    }
    let counters = lines.iter().filter(|line| line.contains("|c|")).count();
    assert_eq!(counters, 1, "only what has changed: {lines:#?}");
    let again = flush(&mut state, &metrics).concat();
    assert!(!again.contains("|c|") && !again.contains("|ms") && again.contains("|g|"));
}

#[test]
fn plain_statsd_has_labels_in_the_name_and_datagrams_a_limit() {
    let mut state = StatsdState::new(StatsdDialect::Plain, 200);
    let mut metrics = metrics();
    flush(&mut state, &metrics);
    metrics.pool.hits_idle += 5;
    let datagrams = flush(&mut state, &metrics);
    let name = "mcp.pool_acquires._tmp_tmux-1000_default.a.idle:5|c";
    assert!(datagrams.iter().flat_map(|d| d.lines()).any(|line| line == name), "{datagrams:#?}");
    assert!(datagrams.iter().all(|datagram| datagram.len() <= 200 && !datagram.contains('#')));
    assert!(datagrams.iter().any(|datagram| datagram.contains('\n')), "{datagrams:#?}");
    let fresh = ServerMetrics::new();
    assert!(!flush(&mut state, &fresh).concat().contains("|c"), "a server that begins anew");
}
