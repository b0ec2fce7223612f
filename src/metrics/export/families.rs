//! All families, in the order of the texts.
//!
//! A HELP line is a constant: two files with different ones for a name fail the whole gather
//! of a textfile collector.

use std::time::Duration;

use super::sink::{Family, FamilyKind, Samples};
use crate::metrics::{Accumulator, ErrorCategory, EvictionCause, Outcome, ServerReport};
use crate::time::Time;

/// What is exported of the client itself.
#[derive(Clone, Debug, Default)]
pub struct ClientFigures {
    /// The value of the label `client` of every sample.
    pub label: String,
    /// The name of the host's program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The longest dispatch so far.
    pub longest_dispatch: Duration,
    /// StatsD datagrams that could not be sent.
    pub dropped_datagrams: u64,
    /// Metrics files that could not be written.
    pub failed_writes: u64,
}

/// A family of the client.
pub(super) struct ClientFamily {
    pub(super) family: Family,
    pub(super) fill: fn(&ClientFigures, &mut Samples<'_>),
}

/// A family with samples of each server.
pub(super) struct ServerFamily {
    pub(super) family: Family,
    pub(super) fill: fn(&ServerReport<'_>, Time, &mut Samples<'_>),
}

const fn client(
    name: &'static str,
    kind: FamilyKind,
    unit: &'static str,
    help: &'static str,
    fill: fn(&ClientFigures, &mut Samples<'_>),
) -> ClientFamily {
    ClientFamily { family: Family { name, kind, unit, help }, fill }
}

const fn server(
    name: &'static str,
    kind: FamilyKind,
    unit: &'static str,
    help: &'static str,
    fill: fn(&ServerReport<'_>, Time, &mut Samples<'_>),
) -> ServerFamily {
    ServerFamily { family: Family { name, kind, unit, help }, fill }
}

const fn counter(
    name: &'static str,
    help: &'static str,
    fill: fn(&ServerReport<'_>, Time, &mut Samples<'_>),
) -> ServerFamily {
    server(name, FamilyKind::Counter, "", help, fill)
}

/// The families of the client.
pub(super) static CLIENT: &[ClientFamily] = &[
    client(
        "mcp_client",
        FamilyKind::Info,
        "",
        "The program that the MCP client is in.",
        |client, samples| {
            samples.number(&[("name", &client.name), ("version", &client.version)], 1.0);
        },
    ),
    client(
        "mcp_client_longest_dispatch_seconds",
        FamilyKind::Gauge,
        "seconds",
        "The longest time that the client has held up the program it is in.",
        |client, samples| samples.number(&[], client.longest_dispatch.as_secs_f64()),
    ),
    client(
        "mcp_export_dropped_datagrams",
        FamilyKind::Counter,
        "",
        "StatsD datagrams that could not be sent.",
        |client, samples| samples.count(&[], client.dropped_datagrams),
    ),
    client(
        "mcp_export_failed_writes",
        FamilyKind::Counter,
        "",
        "Metrics files that could not be written.",
        |client, samples| samples.count(&[], client.failed_writes),
    ),
];

/// The families of servers without the histograms of operations, whose samples are many.
pub(super) static SERVER: &[ServerFamily] = &[
    server(
        "mcp_server",
        FamilyKind::Info,
        "",
        "How an MCP server is reached, and the protocol revision agreed on.",
        |server, _, samples| {
            let version = server.protocol_version.unwrap_or_default();
            samples.number(&[("transport", server.transport), ("protocol_version", version)], 1.0);
        },
    ),
    server(
        "mcp_server_up",
        FamilyKind::Gauge,
        "",
        "1 while the MCP server is connected or was closed for being idle, 0 after it was lost or \
         not reached; without a sample before it is used.",
        |server, now, samples| {
            let (_, watched) = server.metrics.uptime_share(now);
            if server.metrics.uptime(now).is_some() || server.status == "idle" {
                samples.number(&[], 1.0);
            } else if !watched.is_zero() || server.metrics.last_activity().is_some() {
                samples.number(&[], 0.0);
            }
        },
    ),
    server(
        "mcp_server_uptime_seconds",
        FamilyKind::Gauge,
        "seconds",
        "How long the MCP server has been up without a break.",
        |server, now, samples| {
            if let Some(up) = server.metrics.uptime(now) {
                samples.number(&[], up.as_secs_f64());
            }
        },
    ),
    server(
        "mcp_server_tools",
        FamilyKind::Gauge,
        "",
        "Tools that the MCP server has, once they were listed.",
        |server, _, samples| {
            if let Some(tools) = server.tools {
                samples.number(&[], tools as f64);
            }
        },
    ),
    server(
        "mcp_pool_connections",
        FamilyKind::Gauge,
        "",
        "Open connections to the MCP server by state.",
        |server, _, samples| {
            for (state, count) in [
                ("active", server.pool_active),
                ("idle", server.pool_idle),
                ("connecting", server.pool_connecting),
            ] {
                samples.number(&[("state", state)], count as f64);
            }
        },
    ),
    server(
        "mcp_pool_pending_requests",
        FamilyKind::Gauge,
        "",
        "Requests that wait for a connection to the MCP server.",
        |server, _, samples| samples.number(&[], server.queued as f64),
    ),
    server(
        "mcp_client_active_requests",
        FamilyKind::Gauge,
        "",
        "Requests that wait for the answer of the MCP server.",
        |server, _, samples| samples.number(&[], server.in_flight as f64),
    ),
    counter(
        "mcp_pool_acquires",
        "Requests by how they came by a connection: it was idle, shared or opened for them, or \
         they were rejected because the queue was full.",
        |server, _, samples| {
            let pool = &server.metrics.pool;
            samples.count(&[("result", "idle")], pool.hits_idle);
            samples.count(&[("result", "shared")], pool.hits_shared);
            samples.count(&[("result", "opened")], pool.misses);
            samples.count(&[("result", "rejected")], pool.rejected);
        },
    ),
    counter(
        "mcp_pool_waits",
        "Requests that had to queue for a connection.",
        |server, _, samples| {
            samples.count(&[], server.metrics.pool.waits);
        },
    ),
    counter(
        "mcp_pool_overflows",
        "Connections opened beyond the size of the pool.",
        |server, _, samples| samples.count(&[], server.metrics.pool.overflow),
    ),
    counter(
        "mcp_pool_evictions",
        "Connections that were closed, by reason.",
        |server, _, samples| {
            for cause in EvictionCause::ALL {
                let reason = match cause {
                    EvictionCause::PeerClosed => "peer_closed",
                    cause => cause.name(),
                };
                samples.count(&[("reason", reason)], server.metrics.pool.evictions_by(cause));
            }
        },
    ),
    counter("mcp_client_calls", "Tool calls that have ended, by outcome.", |server, _, samples| {
        for outcome in Outcome::ALL {
            samples.count(&[("outcome", outcome_name(outcome))], server.metrics.calls(outcome));
        }
    }),
    counter("mcp_client_errors", "Errors by category.", |server, _, samples| {
        for category in ErrorCategory::ALL {
            let count = server.metrics.errors_by(category).count;
            samples.count(&[("category", category.name())], count);
        }
    }),
    counter(
        "mcp_client_timeouts",
        "Deadlines that passed, of calls, connects, handshakes and pings.",
        |server, _, samples| samples.count(&[], server.metrics.timeouts()),
    ),
    counter(
        "mcp_client_requests",
        "Requests sent, handshakes and retries included.",
        |s, _, to| {
            to.count(&[], s.metrics.requests());
        },
    ),
    counter("mcp_client_responses", "Responses received.", |server, _, samples| {
        samples.count(&[], server.metrics.responses());
    }),
    counter("mcp_client_messages", "Messages of every kind by direction.", |server, _, samples| {
        let (sent, received) = server.metrics.messages();
        samples.count(&[("direction", "sent")], sent);
        samples.count(&[("direction", "received")], received);
    }),
    server(
        "mcp_client_sent_bytes",
        FamilyKind::Counter,
        "bytes",
        "Bytes sent to the MCP server.",
        |server, _, samples| samples.count(&[], server.metrics.bytes().0),
    ),
    server(
        "mcp_client_received_bytes",
        FamilyKind::Counter,
        "bytes",
        "Bytes received from the MCP server.",
        |server, _, samples| samples.count(&[], server.metrics.bytes().1),
    ),
    counter(
        "mcp_client_oddities",
        "What the MCP server sent and no request waited for, by kind.",
        |server, _, samples| {
            let wire = &server.metrics.wire;
            for (kind, count) in [
                ("junk_line", wire.junk_lines),
                ("late_reply", wire.late_replies),
                ("foreign_reply", wire.foreign_replies),
                ("duplicate_reply", wire.duplicate_replies),
            ] {
                samples.count(&[("kind", kind)], count);
            }
        },
    ),
    counter(
        "mcp_server_restarts",
        "Processes of the MCP server that ended and were to be started \
         again.",
        |server, _, samples| samples.count(&[], server.metrics.restarts()),
    ),
    counter("mcp_client_reconnections", "Connections made after a loss.", |server, _, samples| {
        samples.count(&[], server.metrics.reconnections());
    }),
    server(
        "mcp_client_queue_seconds",
        FamilyKind::Summary,
        "seconds",
        "Time that calls waited for a connection to have room.",
        |server, _, samples| accumulated(server.metrics.queue_wait(), samples),
    ),
    server(
        "mcp_client_connect_seconds",
        FamilyKind::Summary,
        "seconds",
        "Time that calls waited for a new connection.",
        |server, _, samples| accumulated(server.metrics.connect_wait(), samples),
    ),
    server(
        "mcp_pool_connect_seconds",
        FamilyKind::Summary,
        "seconds",
        "Time that new connections took to become usable.",
        |server, _, samples| accumulated(server.metrics.connection_time(), samples),
    ),
    server(
        "mcp_client_session_duration_seconds",
        FamilyKind::Histogram,
        "seconds",
        "The duration of the MCP session as observed on the MCP client.",
        |server, _, samples| {
            let Some(durations) = server.metrics.durations() else { return };
            let [ended, lost] = durations.sessions();
            for (error, histogram) in [("", ended), ("lost", lost)] {
                if histogram.count() > 0 {
                    samples.histogram(&[("error_type", error)], histogram);
                }
            }
        },
    ),
];

/// `mcp.client.operation.duration`, whose samples are the series of the servers.
pub(super) static OPERATIONS: Family = Family {
    name: "mcp_client_operation_duration_seconds",
    kind: FamilyKind::Histogram,
    unit: "seconds",
    help: "The duration of the MCP request as observed on the sender from the time it was sent \
           until the response is received.",
};

fn accumulated(time: &Accumulator, samples: &mut Samples<'_>) {
    samples.summary(time.count(), time.sum_us());
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::ToolError => "tool_error",
        Outcome::ServerError => "server_error",
        Outcome::Timeout => "timeout",
        Outcome::Cancelled => "cancelled",
        Outcome::Lost => "lost",
        Outcome::Refused => "refused",
        Outcome::Invalid => "invalid",
    }
}
