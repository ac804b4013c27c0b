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
const CALLS_AN_HOUR: u64 = 20;
/// Number of own calls for each call by others.
const RATIO: u64 = 10;

impl Turns {
    /// Judges the last three hours. Returns a suspicion, never a proof.
    pub fn judge_beside(&self, terms: &Terms) -> Option<Found> {
        terms.turns?;
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
