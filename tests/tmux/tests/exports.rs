//! Exports: options, the texts of `mcp-stats`, traces.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tmcp_tmux_tests::{Setup, Tmux, stdio, until};

#[test]
fn mcp_stats_prints_the_texts_of_monitoring_systems() {
    let tmux = Tmux::demo();
    let text = tmux.run(["mcp-stats", "-P"]).ok();
    assert!(text.contains("# TYPE mcp_server_up gauge\n"), "{text}");
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let text = tmux.run(["mcp-stats", "-P"]).ok();
    let socket = tmux.format("#{socket_path}");
    let up = format!("mcp_server_up{{client=\"{socket}\",server=\"demo\"}} 1\n");
    assert!(text.contains(&up), "{text}");
    assert!(text.contains("gen_ai_tool_name=\"echo\",le=\"+Inf\"} 1\n"), "{text}");
    assert!(tmux.run(["mcp-stats", "-O"]).ok().ends_with("\n# EOF\n"));
    assert!(tmux.run(["mcp-stats", "-L"]).ok().contains("\nTag=demo,0.000,"));
    for (flags, why) in [
        (&["-P", "-O"][..], "only one of -P, -O and -L can be used\n"),
        (&["-P", "demo"], "-P, -O and -L are of all servers\n"),
        (&["-L", "-j"], "-P, -O and -L go with no other form\n"),
        (&["-O", "-F", "x"], "-P, -O and -L go with no other form\n"),
    ] {
        let args = ["mcp-stats"].iter().chain(flags);
        assert_eq!(tmux.run(args).fails(1), why);
    }
    tmux.finish();
}

#[test]
fn the_metrics_file_follows_its_option_and_ends_with_tmux() {
    let setup = Setup::new().server("demo", stdio(&[]));
    let home = setup.path("home");
    let tmux = setup
        .conf("set -g mcp-metrics-interval 1")
        .conf("set -g mcp-metrics-file '~/tmux-#{uid}.prom'")
        .start();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let uid = tmux.format("#{uid}");
    let path = home.join(format!("tmux-{uid}.prom"));
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    until("the call is in the file", || read().contains("gen_ai_tool_name=\"echo\""));
    let other = home.join("other.prom");
    let _ = tmux.run(["set", "-g", "mcp-metrics-file", other.to_str().expect("text")]).ok();
    until("the other file is there", || other.exists());
    assert!(!path.exists(), "the first one is gone");
    let _terminal = tmux.attach();
    let _ = tmux.run(["set", "-g", "mcp-metrics-file", "m.txt"]).ok();
    let why = "mcp: bad value for mcp-metrics-file: metrics-file 'm.txt': the path does not begin \
               with /";
    until("it is told", || tmux.messages().iter().any(|line| line.contains(why)));
    assert!(!other.exists());
    let _ = tmux.run(["set", "-g", "mcp-metrics-file", other.to_str().expect("text")]).ok();
    until("the other file is there again", || other.exists());
    let error = tmux.run(["set", "-g", "mcp-metrics-interval", "0"]).fails(1);
    assert!(error.contains("too small"), "{error}");
    let server = tmux.server();
    let _ = tmux.run(["kill-server"]);
    until("tmux has gone", || !server.runs());
    assert!(!other.exists(), "a file that stays is taken for the truth");
}

#[test]
fn scrapes_are_answered_and_statsd_is_told() {
    let agent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    agent.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let to = format!("udp://{}?interval=1", agent.local_addr().expect("bound"));
    let setup = Setup::new().server("demo", stdio(&[]));
    let socket = setup.path("metrics.sock");
    let tmux = setup
        .conf(&format!("set -g mcp-metrics-listen 'unix:{}'", socket.display()))
        .conf(&format!("set -g mcp-statsd '{to}'"))
        .start();
    until("the socket is there", || socket.exists());
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    let mut stream = UnixStream::connect(&socket).expect("tmux listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("gen_ai_tool_name=\"echo\",le=\"+Inf\"} 1\n"), "{answer}");
    let mut buffer = [0; 2048];
    let mut seen = String::new();
    while !seen.contains(".demo.tools_call.echo:") {
        let n = agent.recv(&mut buffer).expect("datagrams come every second");
        seen += std::str::from_utf8(&buffer[..n]).expect("text");
    }
    let _terminal = tmux.attach();
    let _ = tmux.run(["set", "-g", "mcp-metrics-listen", "0.0.0.0:9"]).ok();
    let why = "mcp: bad value for mcp-metrics-listen: metrics-listen '0.0.0.0:9': ";
    until("it is told", || tmux.messages().iter().any(|line| line.contains(why)));
    assert!(!socket.exists());
    tmux.finish();
}

#[test]
fn a_call_is_a_part_of_the_trace_of_its_caller() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let setup = Setup::new();
    let lines = setup.path("lines");
    let entry = tmcp_tmux_tests::recorded(&lines, &[]);
    let tmux = setup.server("demo", entry).start();
    let seen = || std::fs::read_to_string(&lines).unwrap_or_default().matches(TRACE).count();
    let _ = tmux.call(["demo", "echo", "text=x"]).ok();
    assert_eq!(seen(), 0);
    let _ = tmux.call(["-C", TRACE, "demo", "echo", "text=x"]).ok();
    until("the server has it", || seen() == 1);
    let _ = tmux.shell(&format!("TRACEPARENT={TRACE} tmux mcp-call demo echo text=x")).ok();
    until("the server has it from the shell", || seen() == 2);
    // A wrong one of the environment does not count; after -C it is an error.
    let _ = tmux.shell("TRACEPARENT=nonsense tmux mcp-call demo echo text=x").ok();
    let error = tmux.call(["-C", "nonsense", "demo", "echo", "text=x"]).fails(1);
    assert!(error.starts_with("traceparent 'nonsense': not "), "{error}");
    tmux.finish();
}
