//! Exports on real files and sockets: the metrics file, the endpoint, StatsD.

mod common;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Driver, stdio};
use tmcp::client::Client;
use tmcp::metrics::MetricsFormat;

fn driver(name: &str) -> Driver {
    let mut driver = Driver::new(name, &format!("{{\"s\":{}}}", stdio(&[])));
    driver.ready();
    driver.client.set_export("label", Some(name)).unwrap();
    driver
}

/// Calls that end in every way that a server can end them.
fn calls(driver: &mut Driver) {
    driver.text("s", "echo", r#"{"text":"x"}"#);
    let _ = driver.call("s", "fail", r#"{"message":"no"}"#);
    let _ = driver.call("s", "nothing", "{}");
}

/// A sample of an operation, without the value.
fn operation(client: &str, tool: &str, error: &str) -> String {
    let error = if error.is_empty() { String::new() } else { format!(",error_type=\"{error}\"") };
    format!(
        "mcp_client_operation_duration_seconds_count{{client=\"{client}\",server=\"s\",\
         mcp_method_name=\"tools/call\",gen_ai_tool_name=\"{tool}\"{error}}} "
    )
}

/// promtool of Prometheus itself reads a text and finds nothing wrong.
fn promtool(text: &str) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, which tests/packages installs with the package prometheus");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn operations_are_counted_by_tool_and_error_from_the_first_text_on() {
    let mut driver = driver("operations");
    driver.text("s", "echo", r#"{"text":"x"}"#);
    let before = driver.client.metrics(MetricsFormat::Prometheus);
    assert!(!before.contains("_bucket{"), "{before}");
    calls(&mut driver);
    driver.tools("s");
    let text = driver.client.metrics(MetricsFormat::Prometheus);
    for (tool, error) in [("echo", ""), ("fail", "tool_error"), ("nothing", "-32602")] {
        let line = operation("operations", tool, error) + "1\n";
        assert!(text.contains(&line), "{line}\n{text}");
    }
    assert!(text.contains(r#"mcp_method_name="tools/list"} "#), "{text}");
    assert!(
        text.contains(
            "mcp_client_calls_total{client=\"operations\",server=\"s\",outcome=\"ok\"} 2\n"
        )
    );
    assert!(text.contains(r#"mcp_server_up{client="operations",server="s"} 1"#), "{text}");
    promtool(&text);
    promtool(&before);
}

#[test]
fn each_page_of_a_list_and_each_session_is_counted() {
    let mut driver = Driver::new("pages", &format!("{{\"s\":{}}}", stdio(&["--page", "10"])));
    driver.ready();
    driver.client.metrics(MetricsFormat::Prometheus);
    let tools = driver.tools("s").len();
    assert!(tools > 20, "{tools}");
    let text = driver.client.metrics(MetricsFormat::Prometheus);
    let list = r#"server="s",mcp_method_name="tools/list"} "#;
    let line = text.lines().find(|l| l.contains("duration_seconds_count") && l.contains(list));
    let pages = tools.div_ceil(10).to_string();
    assert!(line.is_some_and(|line| line.ends_with(&format!("}} {pages}"))), "{text}");
    let sessions = |driver: &mut Driver, error: &str, count: usize| {
        let text = driver.client.metrics(MetricsFormat::Prometheus);
        let line = format!(r#"server="s"{error}}} {count}"#);
        let name = "mcp_client_session_duration_seconds_count{";
        text.lines().any(|text| text.starts_with(name) && text.ends_with(&line))
    };
    let _ = driver.call("s", "crash", "{}");
    driver.until("the lost session", |d| sessions(d, r#",error_type="lost""#, 1).then_some(()));
    driver.text("s", "echo", r#"{"text":"x"}"#);
    driver.client.reconnect("s").unwrap();
    driver.until("the closed session", |d| sessions(d, "", 1).then_some(()));
}

#[test]
fn the_metrics_file_is_written_whole_and_removed_at_the_end() {
    let mut driver = driver("file");
    let path = driver.home.path("tmcp.prom");
    let started = driver.client.set_export("metrics-file", path.to_str());
    started.unwrap();
    driver.client.set_export("metrics-interval", Some("1")).unwrap();
    calls(&mut driver);
    let text = driver.until("the calls in the file", |_| {
        let text = std::fs::read_to_string(&path).ok()?;
        assert!(text.contains("mcp_client_operation"), "a part of a text: {text}");
        text.contains(&operation("file", "fail", "tool_error")).then_some(text)
    });
    promtool(&text);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
    let home = driver.home.0.clone();
    let parts = || {
        let names = std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains("tmcp.prom")).count()
    };
    assert_eq!(parts(), 1);
    let Driver { client, home: _home, .. } = driver;
    drop(client);
    assert_eq!(parts(), 0, "nothing stays");
}

#[test]
fn a_file_that_cannot_be_written_is_told_once_until_it_can() {
    let mut driver = driver("unwritable");
    let directory = driver.home.path("later");
    let path = directory.join("m.prom");
    driver.client.set_export("metrics-file", path.to_str()).unwrap();
    driver.client.set_export("metrics-interval", Some("1")).unwrap();
    let failures = |client: &mut Client| {
        let text = client.metrics(MetricsFormat::Prometheus);
        let name = "mcp_export_failed_writes_total{client=\"unwritable\"} ";
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].parse::<u64>().unwrap()
    };
    driver.until("two failures", |driver| (failures(&mut driver.client) >= 2).then_some(()));
    let told = |driver: &Driver| {
        let log = driver.log.lock().unwrap();
        log.iter().filter(|line| line.contains("m.prom cannot be written")).cloned().collect()
    };
    let lines: Vec<String> = told(&driver);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with(": No such file or directory"), "{lines:?}");
    std::fs::create_dir(&directory).unwrap();
    driver.until("the file", |_| path.exists().then_some(()));
    std::fs::remove_dir_all(&directory).unwrap();
    driver.until("the second word", |driver| (told(driver).len() == 2).then_some(()));
}

#[test]
fn what_is_no_metrics_file_is_refused_and_what_others_put_there_stays() {
    let mut driver = driver("refused");
    for (path, why) in [
        ("m.prom", "the path does not begin with /"),
        ("/tmp/.bashrc", "the name does not end in .prom"),
        ("/", "the path names no file"),
    ] {
        let error = driver.client.set_export("metrics-file", Some(path)).unwrap_err();
        assert_eq!(error.message(), format!("metrics-file '{path}': {why}"));
    }
    for interval in ["0", "3601", "x", "-1", "1.5"] {
        assert!(driver.client.set_export("metrics-interval", Some(interval)).is_err());
    }
    let error = driver.client.set_export("metrics", Some("x")).unwrap_err();
    assert!(error.message().starts_with("unknown export 'metrics'; there are label"), "{error}");
    let path = driver.home.path("own.prom");
    driver.client.set_export("metrics-file", path.to_str()).unwrap();
    driver.until("the file", |_| path.exists().then_some(()));
    let other = driver.home.path("other");
    std::fs::write(&other, "of another program").unwrap();
    std::fs::rename(&other, &path).unwrap();
    driver.client.set_export("metrics-file", None).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of another program");
    // Nor is it replaced, and no link is.
    let link = driver.home.path("link.prom");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for (place, why) in [(&path, "a file of another program"), (&link, "something that is no file")]
    {
        driver.client.set_export("metrics-file", place.to_str()).unwrap();
        driver.until("a word in the log", |driver| {
            let log = driver.log.lock().unwrap();
            log.iter().any(|line| line.contains(why)).then_some(())
        });
        driver.client.set_export("metrics-file", None).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of another program");
    assert!(link.is_symlink());
    // What an earlier tmux has left is.
    std::fs::write(&path, "# HELP mcp_client_info old\n").unwrap();
    driver.client.set_export("metrics-file", path.to_str()).unwrap();
    driver.until("the file anew", |_| {
        (std::fs::read_to_string(&path).unwrap().len() > 100).then_some(())
    });
}

/// What the endpoint answers to a head; the client is driven meanwhile.
fn ask<S: Read + Write>(driver: &mut Driver, mut stream: S, head: &str) -> String {
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    driver.until("the answer", |_| {
        loop {
            match stream.read(&mut piece) {
                Ok(0) => return Some(()),
                Ok(n) => answer.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => panic!("{error}"),
            }
        }
    });
    String::from_utf8(answer).unwrap()
}

fn unix(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn tcp(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// The body of an answer in chunks.
fn unchunk(answer: &str) -> String {
    let (_, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    let mut body = String::new();
    loop {
        let (size, more) = rest.split_once("\r\n").expect("a chunk begins with its size");
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            assert_eq!(more, "\r\n", "nothing follows the last chunk");
            return body;
        }
        body += &more[..size];
        rest = more[size..].strip_prefix("\r\n").expect("a chunk ends with a line break");
    }
}

#[test]
fn the_endpoint_speaks_both_formats_and_http_of_both_ages() {
    let mut driver = driver("endpoint");
    driver.client.set_export("metrics-listen", Some("127.0.0.1:0")).unwrap();
    let address = driver.client.metrics_address().unwrap();
    calls(&mut driver);
    let head = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let answer = ask(&mut driver, tcp(&address), &head);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
    let body = unchunk(&answer);
    assert!(body.contains(&operation("endpoint", "fail", "tool_error")), "{body}");
    promtool(&body);
    let head = "GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text\r\n\r\n";
    let answer = ask(&mut driver, tcp(&address), head);
    assert!(answer.contains("Content-Type: application/openmetrics-text; version=1.0.0"));
    assert!(answer.ends_with("# EOF\n") && !answer.contains("chunked"), "{answer}");
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("PUT /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        ("GET /metrics HTTP/1.1\r\nHost: x.example\r\n\r\n", "403 Forbidden"),
    ] {
        let answer = ask(&mut driver, tcp(&address), head);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
    }
    let taken = driver.client.metrics_address().unwrap();
    let mut other = Driver::new("endpoint-2", "{}");
    let error = other.client.set_export("metrics-listen", Some(&taken)).unwrap_err();
    assert_eq!(error.message(), format!("metrics-listen '{taken}': Address already in use"));
}

#[test]
fn a_text_that_is_longer_than_a_socket_holds_comes_whole_and_only_as_it_is_read() {
    let entries: Vec<String> = (0..400).map(|n| format!("\"s{n}\":{}", stdio(&[]))).collect();
    let mut driver = Driver::new("long", &format!("{{{}}}", entries.join(",")));
    driver.ready();
    let (path, file) = (driver.home.path("m.sock"), driver.home.path("long.prom"));
    let address = format!("unix:{}", path.display());
    driver.client.set_export("metrics-listen", Some(&address)).unwrap();
    driver.client.set_export("metrics-file", file.to_str()).unwrap();
    driver.until("the file", |_| file.exists().then_some(()));
    let whole = std::fs::read_to_string(&file).unwrap();
    let (mut reader, mut gone) = (unix(&path), unix(&path));
    for stream in [&mut reader, &mut gone] {
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    }
    // Until the sockets are full: the client then waits for an event.
    driver.until("rest", |driver| driver.client.timeout().filter(|wait| !wait.is_zero()));
    drop(gone);
    let answer = ask(&mut driver, reader, "");
    let body = unchunk(&answer);
    let first = answer.split("\r\n").skip_while(|line| !line.is_empty()).nth(1).unwrap();
    let first = usize::from_str_radix(first, 16).unwrap();
    assert!(first < 200 << 10, "{first} bytes are made before one is sent");
    assert!(body.len() > 1 << 20, "{} bytes", body.len());
    assert_eq!(body.lines().count(), whole.lines().count());
    promtool(&body);
}

#[test]
fn those_who_say_nothing_do_not_keep_others_out() {
    let mut driver = driver("silent");
    driver.client.set_export("metrics-listen", Some("127.0.0.1:0")).unwrap();
    let address = driver.client.metrics_address().unwrap();
    let mut silent: Vec<TcpStream> = (0..8).map(|_| tcp(&address)).collect();
    // It waits until their time is over.
    let head = "GET /metrics HTTP/1.0\r\n\r\n";
    let answer = ask(&mut driver, tcp(&address), head);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(silent[0].read(&mut [0; 8]).unwrap(), 0, "closed after its time");
}

#[test]
fn the_socket_is_private_replaces_a_stale_one_and_goes_at_the_end() {
    let mut driver = driver("socket");
    // A name of its own: while another socket of that name is bound, a new one counts as alive.
    let path = driver.home.path("stale.sock");
    drop(UnixListener::bind(&path).unwrap());
    let address = format!("unix:{}", path.display());
    driver.client.set_export("metrics-listen", Some(&address)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let answer = ask(&mut driver, unix(&path), "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n");
    promtool(&unchunk(&answer));
    let mut other = Driver::new("socket-2", "{}");
    let error = other.client.set_export("metrics-listen", Some(&address)).unwrap_err();
    assert!(error.message().ends_with("Address already in use"), "{error}");
    driver.client.set_export("metrics-listen", None).unwrap();
    assert!(!path.exists());
    other.client.set_export("metrics-listen", Some(&address)).unwrap();
    assert!(path.exists());
    drop(other);
    assert!(!path.exists());
}

/// A line of a datagram: name, value, type, count that it stands for, tags.
#[derive(Debug, PartialEq)]
struct Metric {
    name: String,
    value: f64,
    kind: String,
    count: f64,
    tags: Vec<String>,
}

/// Reads a line by the published grammar, as an agent does, and refuses anything else.
fn parse(line: &str) -> Metric {
    let mut parts = line.split('|');
    let (name, value) = parts.next().unwrap().split_once(':').expect("a name and a value");
    let kind = parts.next().expect("a type");
    assert!(["c", "g", "ms"].contains(&kind), "{line}");
    assert!(!name.is_empty() && !name.contains(|c: char| "@#,".contains(c) || c.is_whitespace()));
    let mut metric = Metric {
        name: name.to_owned(),
        value: value.parse().unwrap(),
        kind: kind.to_owned(),
        count: 1.0,
        tags: Vec::new(),
    };
    for part in parts {
        match part.split_at(1) {
            ("@", rate) => {
                let rate: f64 = rate.parse().unwrap();
                assert!(rate > 0.0 && rate <= 1.0, "{line}");
                metric.count = 1.0 / rate;
            }
            ("#", tags) => metric.tags = tags.split(',').map(str::to_owned).collect(),
            _ => panic!("what is {part} in {line}"),
        }
    }
    metric
}

#[test]
fn statsd_gets_every_call_once_over_udp_and_over_a_socket() {
    let mut driver = driver("statsd");
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    agent.set_nonblocking(true).unwrap();
    driver.text("s", "echo", r#"{"text":"before"}"#);
    let to = format!("udp://{}?interval=1", agent.local_addr().unwrap());
    driver.client.set_export("statsd", Some(&to)).unwrap();
    driver.turn();
    for _ in 0..3 {
        driver.text("s", "echo", r#"{"text":"x"}"#);
    }
    let _ = driver.call("s", "fail", r#"{"message":"no"}"#);
    let mut metrics = Vec::new();
    let mut buffer = [0; 65536];
    let sum = |metrics: &[Metric], name: &str| -> f64 {
        let of_name = metrics.iter().filter(|metric| metric.name == name);
        of_name.map(|metric| if metric.kind == "c" { metric.value } else { metric.count }).sum()
    };
    let ok = "mcp.client_calls.statsd.s.ok";
    let echo = "mcp.client_operation_duration.statsd.s.tools_call.echo";
    let failed = "mcp.client_operation_duration.statsd.s.tools_call.fail.tool_error";
    driver.until("four calls", |_| {
        while let Ok(n) = agent.recv(&mut buffer) {
            assert!(n <= 1432, "{n} bytes");
            metrics.extend(std::str::from_utf8(&buffer[..n]).unwrap().lines().map(parse));
        }
        (sum(&metrics, ok) >= 3.0 && sum(&metrics, failed) >= 1.0).then_some(())
    });
    assert_eq!(sum(&metrics, ok), 3.0, "what was before is not told: {metrics:#?}");
    assert!((sum(&metrics, echo) - 3.0).abs() < 1e-6, "{metrics:#?}");
    assert!(metrics.iter().any(|metric| metric.kind == "g" && metric.name.contains("pool_conn")));

    // The same, with tags, to a socket that is there only later.
    let path = driver.home.path("agent.sock");
    let to = format!("unix://{}?dogstatsd&interval=1", path.display());
    driver.client.set_export("statsd", Some(&to)).unwrap();
    driver.until("the word that nobody listens", |driver| {
        driver.logged("agent.sock?dogstatsd&interval=1: datagrams are dropped").then_some(())
    });
    let text = driver.client.metrics(MetricsFormat::Prometheus);
    assert!(!text.contains("mcp_export_dropped_datagrams_total{client=\"statsd\"} 0\n"), "{text}");
    let agent = UnixDatagram::bind(&path).unwrap();
    agent.set_nonblocking(true).unwrap();
    driver.text("s", "echo", r#"{"text":"x"}"#);
    let tags = ["client:statsd", "server:s", "outcome:ok"];
    driver.until("the call with tags", |_| {
        let n = agent.recv(&mut buffer).ok()?;
        assert!(n <= 8192, "{n} bytes");
        let lines = std::str::from_utf8(&buffer[..n]).unwrap().lines().map(parse);
        lines.into_iter().find(|m| m.name == "mcp.client_calls" && m.tags == tags)
    });
}

#[test]
fn the_host_is_not_woken_for_nothing() {
    let mut driver = driver("idle");
    let wait = |driver: &mut Driver| {
        driver.until("rest", |driver| driver.client.timeout().filter(|wait| !wait.is_zero()))
    };
    let path = driver.home.path("idle.prom");
    driver.client.set_export("metrics-file", path.to_str()).unwrap();
    driver.until("the file", |_| path.exists().then_some(()));
    let long = wait(&mut driver);
    assert!(long > std::time::Duration::from_secs(5), "{long:?}");
    driver.client.set_export("metrics-listen", Some("127.0.0.1:0")).unwrap();
    let long = wait(&mut driver);
    assert!(long > std::time::Duration::from_secs(5), "{long:?}");
}

/// The words of a text that begin with `mcp_`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("mcp_")).collect()
}

#[test]
fn the_dashboard_the_alerts_and_the_manual_name_what_is_exported() {
    let mut driver = driver("names");
    let text = driver.client.metrics(MetricsFormat::Prometheus);
    let mut exported = BTreeSet::from(["mcp_method_name".to_owned()]);
    let mut families = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        families.insert(name);
        exported.insert(name.to_owned());
        for suffix in ["_bucket", "_sum", "_count"] {
            if kind == "histogram" || kind == "summary" && suffix != "_bucket" {
                exported.insert(format!("{name}{suffix}"));
            }
        }
    }
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let manual = read("docs/operations.md");
    let (_, manual) = manual.split_once("\n## Export\n").unwrap();
    let manual = manual.split("\n## ").next().unwrap();
    let (dashboard, alerts) =
        (read("docs/operations/dashboard.json"), read("docs/operations/alerts.yml"));
    for (file, text) in [("dashboard", &*dashboard), ("alerts", &alerts), ("manual", manual)] {
        let names = names(text);
        assert!(names.len() > 8, "{file}: {names:?}");
        let unknown: Vec<_> = names.into_iter().filter(|name| !exported.contains(*name)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let known = names(manual);
    let untold: Vec<_> = families.iter().filter(|name| !known.contains(*name)).collect();
    assert!(untold.is_empty(), "docs/operations.md does not tell of {untold:?}");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("the dashboard is JSON");
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "rules", "docs/operations/alerts.yml"]);
    let output = promtool.output().expect("promtool, which tests/packages installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
