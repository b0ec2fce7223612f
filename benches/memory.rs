//! Heap for each idle connection and for each server, counted by the allocator.

#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use support::host::Host;
use support::{Daemon, Home, table};
use tmcp::client::Event;

/// Counts the bytes in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
/// The largest single allocation so far, in bytes.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Relaxed);
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: `at` came from `alloc` above, hence from the same allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

/// Servers and connections to each: enough that the growth of tables by
/// doubling is part of the mean.
const SERVERS: usize = 16;
const CONNECTIONS: usize = 100;
/// The limits of the project, in KiB.
const FIXED: f64 = 68.0;
const PER_CONNECTION: f64 = 0.5;
const PER_SERVER: f64 = 20.0;
const BUSY_SERVER: f64 = 24.0;
const ALLOCATION: f64 = 1024.0;

fn main() {
    support::start("memory: heap in use, KiB", true);
    let home = Home::new("memory");
    let socket = home.path("echo.sock");
    let _daemon = Daemon::echo(&socket);
    let entry = format!(
        "{{\"socket_path\":{socket:?},\"era\":\"legacy\",\"pool_max_size\":{CONNECTIONS}}}"
    );
    let mut marks = vec![("nothing", IN_USE.load(Relaxed))];
    let none = Host::new("memory-none", "{}");
    marks.push(("a client without servers", IN_USE.load(Relaxed)));
    drop(none);
    let empty = marks[1].1 - marks[0].1;

    let before = IN_USE.load(Relaxed);
    let entries: Vec<String> = (0..SERVERS).map(|n| format!("\"s{n}\":{entry}")).collect();
    let mut host = Host::new("memory-host", &format!("{{{}}}", entries.join(",")));
    let unused = IN_USE.load(Relaxed) - before - empty;
    rounds(&mut host, 1);
    let used = IN_USE.load(Relaxed) - before - empty;
    // As many calls at once as connections: each opens its own.
    rounds(&mut host, CONNECTIONS);
    rounds(&mut host, CONNECTIONS);
    let connected = IN_USE.load(Relaxed) - before - empty;
    let open = SERVERS * (CONNECTIONS - 1);

    let kib = |bytes: usize, by: usize| bytes as f64 / by as f64 / 1024.0;
    let connection = kib(connected - used, open);
    let server = kib(used, SERVERS);
    table::head(&["what", "KiB", "at most"]);
    let row = |what: &str, value: f64, limit: Option<f64>| {
        let limit = limit.map_or(String::new(), |limit| format!("{limit}"));
        table::row(&[what.to_owned(), format!("{value:.2}"), limit]);
    };
    let fixed = kib(empty, 1);
    let largest = kib(LARGEST.load(Relaxed), 1);
    row("a client without servers (64 of it scratch)", fixed, Some(FIXED));
    row("a server that was never used", kib(unused, SERVERS), None);
    row("a server after its first call, with one connection", server, Some(PER_SERVER));
    row("its metrics after 15 busy minutes, 1 ms to 1 s", busy(), Some(BUSY_SERVER));
    row("an idle connection", connection, Some(PER_CONNECTION));
    row("the largest single allocation of all that", largest, Some(ALLOCATION));
    println!();
    assert!(fixed <= FIXED, "a client takes too much");
    assert!(connection <= PER_CONNECTION, "an idle connection takes too much");
    assert!(server <= PER_SERVER, "a server takes too much");
    assert!(largest <= ALLOCATION, "an allocation is too large");
}

/// The metrics of a server that is called all the time, by a clock of our own.
fn busy() -> f64 {
    use tmcp::metrics::{Outcome, ServerMetrics, Timings};
    let before = IN_USE.load(Relaxed);
    let mut metrics = ServerMetrics::new();
    for second in 0..16 * 60 {
        for call in 0..20u64 {
            let now = tmcp::time::Time::from_micros(second * 1_000_000 + call * 50_000);
            // A fast majority and a slow tail: 1 ms to 1 s.
            let total = 1000 << (call * call * 10 / 361);
            let timings = Timings {
                total: std::time::Duration::from_micros(total + second),
                queue: std::time::Duration::from_micros(10),
                connect: std::time::Duration::ZERO,
                server: std::time::Duration::from_micros(total),
            };
            metrics.request_sent(now, 1000);
            metrics.bytes_received(now, 2000);
            metrics.call_finished(now, Outcome::Ok, timings);
        }
    }
    (IN_USE.load(Relaxed) - before) as f64 / 1024.0
}

/// `count` calls at once to each server in turn.
fn rounds(host: &mut Host, count: usize) {
    for server in 0..SERVERS {
        for _ in 0..count {
            host.start(&format!("s{server}"), "bench", "{}", 0);
        }
        let mut done = 0;
        host.until(|event| {
            if let Event::Done(completion) = event {
                assert!(completion.outcome.is_ok(), "{completion:?}");
                done += 1;
            }
            done == count
        });
    }
}
