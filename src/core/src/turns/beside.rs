//! Own calls for hours beside calls of others that may explain each of them. An attacker who keeps calling can hide a
//! loop in this way; a target that makes many calls for each firing looks the same.

use super::found::{Found, FoundKind, Missing};
use super::siblings::Chains;
use super::tally::Span;
use super::{Terms, Turns};
use crate::model::Timestamp;

/// Number of hours in a row.
const HOURS: i64 = 3;
/// Minimum number of own calls in each of these hours.
const CALLS_AN_HOUR: u64 = 200;
/// Number of own calls for each call by others.
const RATIO: u64 = 20;

impl Turns {
    /// Judges the last three hours. Returns a suspicion, never a proof.
    pub fn judge_beside(&self, terms: &Terms) -> Option<Found> {
        terms.turns?;
        let oldest = self.past.spans.first().map(|span| span.from);
        let oldest = oldest.into_iter().chain(self.entries.first().map(|entry| entry.at)).min()?;
        // Most rules have no calls so old, and need no timeline.
        if oldest > self.newest()? - (HOURS - 1) * 3_600 {
            return None;
        }
        let (own, others) = self.by_maker(terms, Chains::Apart);
        let newest = own.last()?.to;
        let count = |spans: &[Span], from: i64, to: i64| -> u64 {
            spans
                .iter()
                .filter(|span| span.from > from && span.to <= to)
                .map(|span| u64::from(span.count))
                .sum()
        };
        let hour = |n: i64| newest - n * 3_600;
        let is_busy = (0..HOURS).all(|n| count(&own, hour(n + 1), hour(n)) >= CALLS_AN_HOUR);
        let (calls, others) = (count(&own, hour(HOURS), newest), count(&others, hour(HOURS), newest));
        if !is_busy || others == 0 || calls < others.saturating_mul(RATIO) {
            return None;
        }
        let first = own.iter().find(|span| span.from > hour(HOURS))?.from;
        Some(Found {
            kind: FoundKind::Beside { others },
            count: calls,
            first: Timestamp::from_second(first).ok()?,
            last: Timestamp::from_second(newest).ok()?,
            times: own.iter().map(|span| span.from).filter(|at| *at > hour(HOURS)).collect(),
            equal: None,
            missing: Some(Missing::Reasons),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Caller, Cause, Firing, FiringId, Proof, Seconds};
    use crate::turns::Delivery;

    const NOON: i64 = 1_795_176_000;

    /// Own calls at this distance for four hours, beside calls of others.
    fn found(own_every: usize, others_every: usize) -> Option<FoundKind> {
        let mut turns = Turns::default();
        let mut number = 0;
        let mut insert = |second: i64, cause: Cause| {
            number += 1;
            let firing = Firing {
                rule: "arn:aws:events:us-east-1:123456789012:rule/r".parse().expect("an ARN"),
                event_id: format!("event-{number}").into(),
                at: Timestamp::from_second(NOON + second).expect("a time"),
                caller: Caller { principal: "role".into(), issued_to: None },
                call: None,
                cause,
            };
            let id = FiringId::of(&firing.event_id);
            turns.insert(&firing, id, Delivery::First, firing.at);
            turns.settle();
        };
        for second in 0..4 * 3_600 {
            let second_of = |every: usize| (second as usize).is_multiple_of(every);
            if second_of(others_every) {
                insert(second, Cause::Foreign);
            }
            if second_of(own_every) {
                insert(second, Cause::own(Proof::Issued));
            }
        }
        let terms = Terms {
            turns: Some(Default::default()),
            starts_one_task: false,
            burst: "200/60s".parse().expect("a limit"),
            answer: Seconds::new(63),
            time_limit: 3,
            schedules: Default::default(),
            began: None,
            is_resumed: false,
            now: Timestamp::from_second(NOON + 4 * 3_600).expect("a time"),
        };
        turns.judge_beside(&terms).map(|found| found.kind)
    }

    #[test]
    fn a_busy_rule_with_bait_is_a_suspect() {
        assert!(matches!(found(5, 300), Some(FoundKind::Beside { others: 30..=40 })));
        assert_eq!(found(5, 50), None, "ten own calls for each of others");
        assert_eq!(found(60, 3_000), None, "60 an hour");
        assert_eq!(found(5, 100_000), None, "no calls of others");
    }
}
