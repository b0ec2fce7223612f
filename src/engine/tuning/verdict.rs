//! How a server takes several requests.

use crate::engine::tuning::order_evidence::{OrderEvidence, Standing};

/// How a server takes several requests, as far as the order of its answers tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcurrencyVerdict {
    /// Too little was seen.
    #[default]
    Unknown,
    /// Many requests on one connection run side by side.
    Concurrent,
    /// One request a connection; connections run side by side.
    SerialPerConnection,
    /// One request at a time, on whatever connection.
    Serial,
}

impl ConcurrencyVerdict {
    /// The verdict by the pairs on one connection and the pairs on two.
    pub(super) fn of(one: &OrderEvidence, two: &OrderEvidence) -> ConcurrencyVerdict {
        match (one.standing(), two.standing()) {
            (Standing::SideBySide, _) => ConcurrencyVerdict::Concurrent,
            (_, Standing::InTurn) => ConcurrencyVerdict::Serial,
            (Standing::InTurn, _) => ConcurrencyVerdict::SerialPerConnection,
            (Standing::Open, _) => ConcurrencyVerdict::Unknown,
        }
    }

    /// The words in a report and in the log.
    pub fn name(self) -> &'static str {
        match self {
            ConcurrencyVerdict::Unknown => "unknown",
            ConcurrencyVerdict::Concurrent => "concurrent",
            ConcurrencyVerdict::SerialPerConnection => "serial per connection",
            ConcurrencyVerdict::Serial => "serial",
        }
    }
}

/// The evidence in one sentence.
pub(super) fn sentence(one: &OrderEvidence, two: &OrderEvidence) -> String {
    let mut parts = Vec::new();
    for (evidence, place) in [(one, "on one connection"), (two, "on two connections")] {
        if evidence.pairs() > 0 {
            let (overtakings, waits) = (evidence.overtakings(), evidence.waits());
            let vetoes = evidence.vetoes();
            parts.push(format!(
                "{place} {overtakings} answers overtook an earlier call, {waits} waited for it, \
                 {vetoes} came in order and prove nothing"
            ));
        }
    }
    if parts.is_empty() { "no two calls overlapped".to_owned() } else { parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::tuning::order_evidence::OrderedPair;

    #[test]
    fn pairs_on_one_connection_and_on_two_make_the_verdict() {
        let open = OrderEvidence::default();
        let (mut overtaken, mut waited) = (open, open);
        overtaken.overtaken();
        for _ in 0..3 {
            let ms = Duration::from_millis;
            waited.in_order(OrderedPair { overlap: ms(9), rest: ms(9), usual: Some(ms(9)) });
        }
        for (one, two, verdict) in [
            (&open, &open, ConcurrencyVerdict::Unknown),
            (&open, &overtaken, ConcurrencyVerdict::Unknown),
            (&overtaken, &open, ConcurrencyVerdict::Concurrent),
            (&overtaken, &waited, ConcurrencyVerdict::Concurrent),
            (&waited, &open, ConcurrencyVerdict::SerialPerConnection),
            (&waited, &overtaken, ConcurrencyVerdict::SerialPerConnection),
            (&waited, &waited, ConcurrencyVerdict::Serial),
            (&open, &waited, ConcurrencyVerdict::Serial),
        ] {
            assert_eq!(ConcurrencyVerdict::of(one, two), verdict);
        }
        assert_eq!(sentence(&open, &open), "no two calls overlapped");
        assert_eq!(
            sentence(&overtaken, &open),
            "on one connection 1 answers overtook an earlier call, 0 waited for it, 0 came in \
             order and prove nothing"
        );
    }
}
