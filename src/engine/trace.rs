//! Debug lines about each call: its begin, its outcome and its duration. Arguments and
//! results are never logged.

use std::fmt;
use std::time::Duration;

use crate::engine::event::Reply;
use crate::engine::request::Request;
use crate::engine::{Engine, LogLevel, RequestId};
use crate::error::Result;
use crate::time::Time;

impl Engine {
    /// A request was accepted.
    pub(super) fn trace_begin(&mut self, id: RequestId) {
        if !self.log.tells(LogLevel::Debug) {
            return;
        }
        let Some(request) = self.requests.get(&id).filter(|request| !request.internal) else {
            return;
        };
        let (server, what) = (request.server_name.clone(), request.what());
        self.note(LogLevel::Debug, format_args!("{server} {what}: call {} begins", id.0));
    }

    /// A request was refused before it had an id.
    pub(super) fn trace_refused(&mut self, server: &str, why: &str) {
        self.note(LogLevel::Debug, format_args!("{server}: call refused: {why}"));
    }

    /// A request has ended with `outcome`.
    pub(super) fn trace_end(
        &mut self,
        now: Time,
        id: RequestId,
        request: &Request,
        outcome: &Result<Reply>,
    ) {
        if !self.log.tells(LogLevel::Debug) || request.server().is_none() {
            return;
        }
        let (end, error) = match outcome {
            Ok(Reply::Tool { is_error: true, .. }) => ("ended with a tool error", String::new()),
            Ok(_) => ("ok", String::new()),
            Err(error) => ("failed", format!(": {error}")),
        };
        let (server, what) = (&request.server_name, request.what());
        let took = Took(now.since(request.enqueued));
        let line = format_args!("{server} {what}: call {} {end} after {took}{error}", id.0);
        self.note(LogLevel::Debug, line);
    }

    /// A request was cancelled by the user.
    pub(super) fn trace_cancelled(&mut self, now: Time, id: RequestId) {
        if !self.log.tells(LogLevel::Debug) {
            return;
        }
        let Some(request) = self.requests.get(&id) else { return };
        let took = Took(now.since(request.enqueued));
        let (server, what) = (request.server_name.clone(), request.what());
        let line = format_args!("{server} {what}: call {} cancelled after {took}", id.0);
        self.note(LogLevel::Debug, line);
    }
}

/// A duration in milliseconds: `12.345 ms`.
struct Took(Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0.as_micros();
        write!(f, "{}.{:03} ms", us / 1000, us % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_behind_the_point() {
        for (us, shown) in [(0, "0.000 ms"), (1_005, "1.005 ms"), (61_000_000, "61000.000 ms")] {
            assert_eq!(Took(Duration::from_micros(us)).to_string(), shown);
        }
    }
}
