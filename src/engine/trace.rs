//! What the log tells of every call at debug level: that it began, how it ended
//! and after how long. Never its arguments, never its result.

use std::fmt;
use std::time::Duration;

use crate::engine::event::Reply;
use crate::engine::request::Request;
use crate::engine::{Engine, LogLevel, RequestId};
use crate::error::Result;
use crate::time::Time;

impl Engine {
    /// A request was taken in.
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

    /// A request was turned away before it was one.
    pub(super) fn trace_refused(&mut self, server: &str, why: &str) {
        self.note(LogLevel::Debug, format_args!("{server}: call refused: {why}"));
    }

    /// A request has ended with `outcome`, its message made ready for the host.
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
        let took = Took(now.since(request.enqueued));
        let (server, what) = (&request.server_name, request.what());
        let line = match outcome {
            Ok(Reply::Tool { is_error: true, .. }) => {
                format!("{server} {what}: call {} ended with a tool error after {took}", id.0)
            }
            Ok(_) => format!("{server} {what}: call {} ok after {took}", id.0),
            Err(error) => {
                format!("{server} {what}: call {} failed after {took}: {error}", id.0)
            }
        };
        self.note(LogLevel::Debug, format_args!("{line}"));
    }

    /// A request was cancelled by the user.
    pub(super) fn trace_cancelled(&mut self, now: Time, id: RequestId) {
        if !self.log.tells(LogLevel::Debug) {
            return;
        }
        let Some(request) = self.requests.get(&id) else { return };
        let took = Took(now.since(request.enqueued));
        let (server, what) = (request.server_name.clone(), request.what());
        self.note(
            LogLevel::Debug,
            format_args!("{server} {what}: call {} cancelled after {took}", id.0),
        );
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
