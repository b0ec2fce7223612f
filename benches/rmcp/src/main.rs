//! The clients of `benches/compare.rs` that are made of rmcp and of `serde_json`.
//!
//! Takes the same arguments and the same commands as `benches/compare/client.c`:
//!
//! - `text`: rmcp, one call after the other or `DEPTH` at a time;
//! - `connect`: rmcp, connect and initialize;
//! - `first`: the same and the first call;
//! - `alone`: `serde_json`, the text of a result into a `String`.

use std::error::Error;
use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::{Peer, RoleClient, RunningService, ServiceExt};
use rmcp::transport::TokioChildProcess;
use tokio::net::UnixStream;
use tokio::process::Command;

type Connection = RunningService<RoleClient, ()>;
type Failure = Box<dyn Error>;

/// Length of a request line without its text, in bytes.
const BARE: usize =
    "{\"jsonrpc\":\"2.0\",\"id\":10000,\"method\":\"tools/call\",\"params\":{\"_meta\":\
    {\"progressToken\":10000},\"name\":\"bench\",\"arguments\":{\"text\":\"\"}}}\n"
        .len();
/// Texts that are read one after the other.
const BLOCK: usize = 16;

struct Servers {
    socket: String,
    large: String,
    program: String,
}

impl Servers {
    async fn open(&self, route: &str) -> Result<Connection, Failure> {
        Ok(match route {
            "stdio" => {
                let mut command = Command::new(&self.program);
                command.arg("--echo-stdio");
                ().serve(TokioChildProcess::new(command)?).await?
            }
            _ => {
                let path = if route == "large" { &self.large } else { &self.socket };
                ().serve(UnixStream::connect(path).await?.into_split()).await?
            }
        })
    }
}

#[derive(Default)]
struct Samples(Vec<u64>);

impl Samples {
    fn push(&mut self, since: Instant) {
        self.0.push(since.elapsed().as_nanos() as u64);
    }

    fn report(mut self, start: Instant) {
        let took = start.elapsed().as_secs_f64();
        self.0.sort_unstable();
        let at = |percent: usize| self.0[self.0.len() * percent / 100];
        println!("{} {} {} {:.0}", at(50), at(95), at(99), self.0.len() as f64 / took);
    }
}

async fn call(peer: &Peer<RoleClient>, text: &str) -> Result<usize, Failure> {
    // A caller has its arguments in a form of its own: the object is made for each call.
    let arguments = JsonObject::from_iter([("text".to_owned(), text.into())]);
    let params = CallToolRequestParams::new("bench").with_arguments(arguments);
    let result = peer.call_tool(params).await?;
    let text = result.content.first().and_then(|block| block.as_text()).ok_or("no text")?;
    Ok(black_box(&text.text).len())
}

async fn calls(
    peer: &Peer<RoleClient>,
    depth: usize,
    count: usize,
    text: &str,
) -> Result<(), Failure> {
    let mut samples = Samples::default();
    let start = Instant::now();
    let timed = || async {
        let since = Instant::now();
        call(peer, text).await.map(|_| since)
    };
    if depth == 1 {
        while samples.0.len() < count {
            samples.push(timed().await?);
        }
    } else {
        let mut under_way = FuturesUnordered::new();
        for asked in 0..count {
            if asked >= depth {
                samples.push(under_way.next().await.ok_or("none is under way")??);
            }
            under_way.push(timed());
        }
        while let Some(since) = under_way.next().await {
            samples.push(since?);
        }
    }
    samples.report(start);
    Ok(())
}

async fn connections(
    servers: &Servers,
    route: &str,
    count: usize,
    text: Option<&str>,
) -> Result<(), Failure> {
    let mut samples = Samples::default();
    let start = Instant::now();
    for _ in 0..count {
        let since = Instant::now();
        let connection = servers.open(route).await?;
        if let Some(text) = text {
            call(&connection, text).await?;
        }
        samples.push(since);
        connection.cancel().await?;
    }
    samples.report(start);
    Ok(())
}

/// The text as the echo server of the benches has it.
fn texts(count: usize) -> Result<(), Failure> {
    let row = "0123456789abcdef".repeat(4) + "\\n";
    let quoted = format!("\"{}{}\"", row.repeat(29), "x".repeat(40));
    let mut samples = Samples::default();
    let start = Instant::now();
    while samples.0.len() < count {
        let since = Instant::now();
        for _ in 0..BLOCK {
            black_box(serde_json::from_str::<String>(black_box(&quoted))?);
        }
        samples.0.push(since.elapsed().as_nanos() as u64 / BLOCK as u64);
    }
    samples.report(start);
    Ok(())
}

async fn run(servers: Servers) -> Result<(), Failure> {
    let text = "y".repeat(1024 - BARE);
    let mut open: Vec<(String, Connection)> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [client, route, depth, count] = words[..] else { return Err("a bad command".into()) };
        let (depth, count) = (depth.parse()?, count.parse()?);
        match client {
            "alone" => texts(count)?,
            "connect" => connections(&servers, route, count, None).await?,
            "first" => connections(&servers, route, count, Some(&text)).await?,
            "text" => {
                if !open.iter().any(|(of, _)| of == route) {
                    open.push((route.to_owned(), servers.open(route).await?));
                }
                let connection = open.iter().find(|(of, _)| of == route);
                let (_, connection) = connection.ok_or("just opened")?;
                calls(connection, depth, count, &text).await?;
            }
            _ => return Err("no such client".into()),
        }
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let [_, socket, large, _, program] = &args[..] else {
        return Err("usage: tmcp-bench-rmcp socket large-socket config program".into());
    };
    let servers =
        Servers { socket: socket.clone(), large: large.clone(), program: program.clone() };
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(servers))
}
