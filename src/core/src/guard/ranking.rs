//! Ranking of a rule for an overspent budget: its present rate, its cost, and its causes.

use jiff::SignedDuration;

use crate::alerts::{Ranked, RuleRef};
use crate::attribution::is_target;
use crate::breaker::Breaker;
use crate::model::{MicroUsd, Target, Timestamp};
use crate::prices::CostBasis;
use crate::record::Record;
use crate::verdict;
use crate::window::LATENESS;

/// Length of time over which firings are counted. CloudTrail events may arrive this late.
const SPAN: SignedDuration = SignedDuration::from_millis(LATENESS.millis());
/// Time for which a report as suspect is shown in the ranking.
const SUSPECT_FOR: SignedDuration = SignedDuration::from_hours(48);

/// Returns true if the rule is cut, or its cut has begun.
pub fn is_open(record: &Record) -> bool {
    matches!(record.breaker, Breaker::Open(_))
}

/// The rule as it fires now; `None` if it does not. Its targets, if they are known, tell costs and causes.
pub fn rank_entry(record: &Record, targets: Option<&[Target]>, now: Timestamp) -> Option<Ranked> {
    let firings = record.window.count_since(now - SPAN);
    if firings == 0 || matches!(record.breaker, Breaker::Open(_) | Breaker::Restoring { .. }) {
        return None;
    }
    Some(ranked(record, firings, targets, now))
}

/// Returns the numbers of a rule that was cut for this budget and still is, at the time of its cut. `None` for any
/// other rule.
pub fn cut_for(record: &Record, budget: &str, targets: Option<&[Target]>, now: Timestamp) -> Option<Ranked> {
    let trip = record.last_trip.as_ref().filter(|_| is_open(record))?;
    let evidence = &trip.evidence;
    evidence.overspent_budgets.iter().any(|name| name == budget).then(|| {
        let (first, last) = (evidence.first.unwrap_or(now), evidence.last.unwrap_or(now));
        let seconds = u64::try_from(last.duration_since(first).as_secs()).unwrap_or(0).max(60);
        let mut ranked = ranked(record, 0, targets, now);
        ranked.firings_per_hour = evidence.count.saturating_mul(3_600) / seconds;
        ranked.price(record, targets);
        ranked.own_percent = targets.and_then(|_| percent(evidence.own_calls()));
        ranked
    })
}

fn ranked(record: &Record, firings: u64, targets: Option<&[Target]>, now: Timestamp) -> Ranked {
    let rule = &record.rule;
    let span = SPAN.as_secs().unsigned_abs();
    let is_suspect = record.suspected.last().is_some_and(|at| now.duration_since(at) < SUSPECT_FOR);
    let own_percent = targets.and_then(|targets| {
        let mut evidence = verdict::all(&record.window);
        evidence.mark_targets(|caller, targets| is_target(caller, rule, targets), targets);
        percent(evidence.own_calls())
    });
    let mut ranked = Ranked {
        rule: RuleRef { arn: rule.clone(), name: rule.name().into(), bus: rule.bus().into() },
        firings_per_hour: firings.saturating_mul(3_600) / span,
        cost_per_hour_micro_usd: None,
        own_percent,
        is_suspect,
    };
    ranked.price(record, targets);
    ranked
}

fn percent((own, all): (u32, u32)) -> Option<u8> {
    u8::try_from(u64::from(own) * 100 / u64::from(all.max(1))).ok().filter(|_| all > 0)
}

impl Ranked {
    fn price(&mut self, record: &Record, targets: Option<&[Target]>) {
        let price = targets.and_then(|targets| {
            let cost = CostBasis::new(record.rule.bus(), None, targets).firing(record.means(), None);
            let price = cost.per_million();
            // A service without a listed price is not free.
            (cost.unpriced_services.is_empty() || price > MicroUsd::default()).then_some(price)
        });
        self.cost_per_hour_micro_usd = price.map(|price| price.per_million_times(self.firings_per_hour));
    }
}

/// Sorts the most expensive rules first. Among rules of unknown cost, those fired by their own targets come first, then
/// the busiest.
pub fn rank(rules: &mut [Ranked]) {
    rules.sort_by(|a, b| {
        let key = |one: &Ranked| (one.cost_per_hour_micro_usd, one.own_percent, one.firings_per_hour);
        key(b).cmp(&key(a)).then_with(|| a.rule.arn.cmp(&b.rule.arn))
    });
}
