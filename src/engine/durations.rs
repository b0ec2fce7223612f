//! Durations of operations and sessions for exports, counted only once an export wants them.

use std::sync::Arc;

use crate::engine::connection::Connection;
use crate::engine::request::{Request, RequestKind};
use crate::engine::{Engine, RequestId};
use crate::metrics::{OperationKey, Outcome};
use crate::time::Time;

impl Engine {
    /// Counts durations from now on. What was before is not in the histograms.
    pub fn count_durations(&mut self) {
        self.operation_series.get_or_insert(0);
    }

    /// Counts a request that has ended, or a page of a list, if it was ever sent.
    /// `code`: that of the JSON-RPC error that the server answered with.
    pub(super) fn count_operation(
        &mut self,
        now: Time,
        request: &Request,
        outcome: Outcome,
        code: Option<i64>,
    ) {
        let (Some(all), Some(server)) = (&mut self.operation_series, request.server()) else {
            return;
        };
        let Some((key, sent)) = operation(request, outcome, code) else { return };
        let metrics = &mut self.servers[server.0 as usize].metrics;
        metrics.durations_mut().operation(key, now.since(sent), all);
    }

    /// Counts a page of a list after which the next one is asked for.
    pub(super) fn count_page(&mut self, now: Time, id: RequestId) {
        let Some(all) = &mut self.operation_series else { return };
        let Some(request) = self.requests.get(&id) else { return };
        let Some((key, sent)) = operation(request, Outcome::Ok, None) else { return };
        let Some(server) = request.server() else { return };
        let metrics = &mut self.servers[server.0 as usize].metrics;
        metrics.durations_mut().operation(key, now.since(sent), all);
    }

    /// Counts a session that has ended.
    pub(super) fn count_session(&mut self, now: Time, connection: &Connection, is_lost: bool) {
        if self.operation_series.is_none() {
            return;
        }
        let metrics = &mut self.server_mut(connection.server).metrics;
        metrics.durations_mut().session(now.since(connection.opened), is_lost);
    }
}

/// What a request is counted under, and when it was sent last; `None` if it never left.
fn operation(
    request: &Request,
    outcome: Outcome,
    code: Option<i64>,
) -> Option<(OperationKey, Time)> {
    let sent = request.assigned?;
    let method = match &request.kind {
        RequestKind::Call { .. } => "tools/call",
        RequestKind::List { what, .. } => what.method(),
        RequestKind::Ask { method, .. } => method.name(),
        RequestKind::Subscribe { .. } => "resources/subscribe",
        // Nobody asked for a probe.
        RequestKind::Probe { .. } | RequestKind::Ready | RequestKind::Driver => return None,
    };
    let error: Arc<str> = match (outcome, code) {
        (Outcome::Ok, _) => Arc::from(""),
        (Outcome::ToolError, _) => Arc::from("tool_error"),
        (_, Some(code)) => Arc::from(code.to_string()),
        (Outcome::Timeout, _) => Arc::from("timeout"),
        (Outcome::Cancelled, _) => Arc::from("cancelled"),
        (Outcome::Lost, _) => Arc::from("lost"),
        (Outcome::ServerError | Outcome::Refused | Outcome::Invalid, _) => Arc::from("_OTHER"),
    };
    Some((OperationKey { method, tool: request.tool(), error }, sent))
}
