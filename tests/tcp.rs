//! Servers on a TCP port, on real sockets of the loopback interface.

mod common;
#[path = "channels/lines.rs"]
mod lines;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Driver, Home, PATIENCE, server_binary, write_config};
use lines::Behaviour;

const ECHO: &str = r#"{"text":"x"}"#;
const QUICK: &str = r#""era":"legacy","retry_attempts":0"#;

/// A listener on a port of an address of the loopback interface.
fn listener(address: &str, port: u16) -> TcpListener {
    TcpListener::bind((address, port)).expect("a port")
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("it is bound").port()
}

/// A port where nobody listens.
fn free_port() -> u16 {
    port_of(&listener("127.0.0.1", 0))
}

/// Serves every connection with lines, in threads that end with the test program, and gives
/// `end` those whose call was not answered. Counts the connections.
fn serve(
    listener: TcpListener,
    behaviour: Behaviour,
    end: impl Fn(TcpStream) + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let (count, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(end));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let end = end.clone();
            std::thread::spawn(move || {
                if let (stream, false) = lines::serve(stream, behaviour) {
                    end(stream);
                }
            });
        }
    });
    count
}

fn entry(keys: &str) -> String {
    format!("{{\"s\":{{\"transport\":\"tcp\",{keys},{QUICK}}}}}")
}

fn client(name: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    write_config(&home, &entry(keys));
    Driver::at(home)
}

/// A client whose resolver is a script of the test.
fn resolving(name: &str, script: &str, keys: &str) -> Driver {
    let home = Home::new(name);
    let file = home.path("getent");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("it is written");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("it is ours");
    with_path(home, keys)
}

/// A client whose PATH begins with its home.
fn with_path(home: Home, keys: &str) -> Driver {
    write_config(&home, &entry(keys));
    let mut path = home.0.clone().into_os_string();
    path.push(":/usr/bin:/bin");
    Driver::with(home, |options| {
        for (name, value) in &mut options.env {
            if name == "PATH" {
                value.clone_from(&path);
            }
        }
    })
}

/// A listener whose backlog is full, so that connects to it wait for ever.
struct Deaf {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Deaf {
    fn new(address: &str, port: u16) -> Deaf {
        let listener = listener(address, port);
        #[allow(unsafe_code)]
        // SAFETY: the descriptor is open; the call touches no memory.
        unsafe {
            libc::listen(listener.as_raw_fd(), 0);
        }
        let at = listener.local_addr().expect("it is bound");
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&at, Duration::from_millis(200)) {
            assert!(waiting.len() < 16, "the backlog is never full");
            waiting.push(stream);
        }
        Deaf { listener, _waiting: waiting }
    }
}

/// Longest turn of the driver until a call ends, and its outcome.
fn longest_turn(driver: &mut Driver, json: &str) -> (Duration, tmcp::client::Completion) {
    let id = driver.start("s", "echo", json);
    let mut longest = Duration::ZERO;
    let done = driver.until("the call", |driver| {
        let start = Instant::now();
        driver.client.dispatch(driver.budget);
        longest = longest.max(start.elapsed());
        while let Some(event) = driver.client.next_event() {
            driver.events.push(event);
        }
        let at = driver
            .events
            .iter()
            .position(|event| matches!(event, tmcp::client::Event::Done(done) if done.id == id))?;
        match driver.events.remove(at) {
            tmcp::client::Event::Done(done) => Some(done),
            _ => None,
        }
    });
    (longest, done)
}

#[test]
fn a_call_goes_over_tcp_by_address_by_name_and_by_url() {
    let listener = listener("127.0.0.1", 0);
    let port = port_of(&listener);
    serve(listener, Behaviour::Answer, drop);
    for (keys, shown) in [
        (format!("\"host\":\"127.0.0.1\",\"port\":{port}"), format!("127.0.0.1:{port}")),
        (format!("\"host\":\"localhost\",\"port\":\"{port}\""), format!("localhost:{port}")),
        (format!("\"url\":\"tcp://127.0.0.1:{port}\""), format!("127.0.0.1:{port}")),
    ] {
        let mut driver = client("tcp-call", &keys);
        assert_eq!(driver.text("s", "echo", ECHO), "x");
        assert!(driver.logged(&format!("connecting to s via tcp {shown}")), "{keys}");
        assert_eq!(driver.stat("s", "Transport"), "tcp");
        assert_eq!(driver.stat("s", "Address"), shown);
    }
}

#[test]
fn a_port_where_nobody_listens_is_told_or_the_command_stands_in() {
    let port = free_port();
    let mut driver = client("tcp-refused", &format!("\"url\":\"tcp://localhost:{port}\""));
    let error = driver.error("s", "echo", ECHO);
    let expected = format!("tcp localhost:{port}: Connection refused");
    assert!(error.message().contains(&expected), "{error}");

    let keys = format!("\"url\":\"tcp://localhost:{port}\",\"command\":{:?}", server_binary());
    let mut driver = client("tcp-fallback", &keys);
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    assert_eq!(driver.stat("s", "Transport"), "stdio (fallback from tcp)");
    assert!(driver.logged("tcp connection failed: Connection refused"));
    assert!(driver.logged("tcp connection failed, falling back to stdio"));
}

#[test]
fn a_slow_connect_holds_nobody_up_and_has_a_limit() {
    let deaf = Deaf::new("127.0.0.1", 0);
    let port = port_of(&deaf.listener);
    let keys = format!("\"url\":\"tcp://127.0.0.1:{port}\",\"startup_timeout\":300");
    let mut driver = client("tcp-slow", &keys);
    driver.ready();
    let (longest, done) = longest_turn(&mut driver, ECHO);
    let error = done.outcome.expect_err("nobody accepts");
    assert!(error.message().contains("300 ms"), "{error}");
    assert!(longest < Duration::from_millis(100), "a turn took {longest:?}");

    // Once the server accepts, the connect that waited goes on.
    let mut driver = client("tcp-late", &format!("\"url\":\"tcp://127.0.0.1:{port}\""));
    let id = driver.start("s", "echo", ECHO);
    driver.until("the connect", |driver| driver.logged("connecting to s").then_some(()));
    serve(deaf.listener.try_clone().expect("a descriptor"), Behaviour::Answer, drop);
    assert_eq!(common::text_of(&driver.done(id)), "x");
}

#[test]
fn a_reset_in_the_middle_of_an_answer_leaves_the_outcome_unknown() {
    let listener = listener("127.0.0.1", 0);
    let port = port_of(&listener);
    let count = serve(listener, Behaviour::Half, |stream| {
        let linger = libc::linger { l_onoff: 1, l_linger: 0 };
        #[allow(unsafe_code)]
        // SAFETY: the pointer and the size describe `linger`, which is only read.
        unsafe {
            libc::setsockopt(
                stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const linger).cast(),
                size_of::<libc::linger>() as libc::socklen_t,
            );
        }
    });
    let keys = format!("\"url\":\"tcp://127.0.0.1:{port}\",\"tmux\":{{\"retry_attempts\":3}}");
    let mut driver = client("tcp-reset", &keys);
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("Connection reset by peer"), "{error}");
    assert!(error.message().contains("unknown"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1, "the call ran again");
}

#[test]
fn a_server_that_closes_its_half_ends_the_call() {
    let listener = listener("127.0.0.1", 0);
    let port = port_of(&listener);
    serve(listener, Behaviour::Nothing, |stream| {
        let _ = stream.shutdown(Shutdown::Write);
        // It reads on, and never closes.
        let _ = lines::serve(stream, Behaviour::Nothing);
    });
    let mut driver = client("tcp-half-open", &format!("\"url\":\"tcp://127.0.0.1:{port}\""));
    let start = Instant::now();
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("unknown"), "{error}");
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn of_two_families_the_one_that_answers_wins() {
    let (dead, living) = match TcpListener::bind("[::1]:0") {
        Ok(_) => ("::1", "127.0.0.1"),
        Err(_) => ("127.0.0.2", "127.0.0.1"),
    };
    let listener = listener(living, 0);
    let port = port_of(&listener);
    serve(listener, Behaviour::Answer, drop);
    let script = format!("echo '{dead} STREAM both.example'; echo '{living} STREAM'");
    let keys = format!("\"host\":\"both.example\",\"port\":{port}");

    // Refused: the next one is tried at once.
    let mut driver = resolving("tcp-refuses", &script, &keys);
    assert_eq!(driver.text("s", "echo", ECHO), "x");

    // Nothing comes back: the next one is tried beside it.
    let _deaf = Deaf::new(dead, port);
    let mut driver = resolving("tcp-race", &script, &keys);
    driver.ready();
    let start = Instant::now();
    assert_eq!(driver.text("s", "echo", ECHO), "x");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(240), "{took:?}: the first was given no time");
    assert!(took < Duration::from_millis(900), "{took:?}: as long as a packet that is repeated");
}

#[test]
fn a_name_that_the_system_does_not_know_is_told() {
    // By the resolver of the system.
    let mut driver = resolving(
        "tcp-system",
        "exec /usr/bin/getent \"$@\"",
        "\"host\":\"no-such.invalid\",\"port\":9",
    );
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("no such host 'no-such.invalid'"), "{error}");
}

#[test]
fn a_resolver_that_finds_nothing_or_prints_garbage_is_told() {
    let keys = "\"host\":\"a.example\",\"port\":9";
    for (script, expected) in [
        ("exit 2", "tcp a.example:9: no such host 'a.example'"),
        ("echo garbage; echo 1.2.3.4.5", "getent printed no address"),
        ("head -c 100000 /dev/zero", "getent printed no address"),
        ("yes garbage", "getent printed no address"),
        ("[ \"$*\" = 'ahosts a.example' ] || exit 3; exec 1>&-; exit 0", "no such host"),
    ] {
        let error = resolving("tcp-garbage", script, keys).error("s", "echo", ECHO);
        assert!(error.message().contains(expected), "{script}: {error}");
    }
}

#[test]
fn without_a_resolver_the_error_says_what_to_do() {
    let home = Home::new("tcp-no-getent");
    write_config(&home, &entry("\"host\":\"a.example\",\"port\":9"));
    let nowhere = home.path("nowhere").into_os_string();
    let mut driver = Driver::with(home, |options| {
        options.env.retain(|(name, _)| name != "PATH");
        options.env.push(("PATH".into(), nowhere));
    });
    let error = driver.error("s", "echo", ECHO);
    assert!(error.message().contains("command 'getent' not found on PATH"), "{error}");
    assert!(error.message().contains("an address in its place needs no resolver"), "{error}");
}

#[test]
fn a_resolver_that_hangs_costs_the_limit_and_is_killed() {
    let keys = "\"host\":\"a.example\",\"port\":9,\"startup_timeout\":500";
    let home = Home::new("tcp-hangs");
    let pid_file = home.path("pid");
    let script =
        format!("trap '' TERM; echo $$ >{}; while :; do sleep 1; done", pid_file.display());
    let mut driver = resolving("tcp-hangs-client", &script, keys);
    driver.ready();
    let (longest, done) = longest_turn(&mut driver, ECHO);
    let error = done.outcome.expect_err("nothing is resolved");
    assert!(error.message().contains("500 ms"), "{error}");
    assert!(longest < Duration::from_millis(100), "a turn took {longest:?}");
    let pid = std::fs::read_to_string(&pid_file).expect("it was started");
    let pid = pid.trim().parse().expect("a number");
    driver.until("the end of the resolver", |_| (!common::is_running(pid)).then_some(()));
}
