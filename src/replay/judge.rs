//! Each rule's firings in the order of event time, through the guard's own step; and the busiest window of each.

use super::collect::{Collected, Fired, Replay, Uncounted};
use super::rules::ListedRule;
use crate::guard::{self, Observation};
use crate::model::{Caller, Cause, Firing, RuleArn, Seconds, Timestamp};
use crate::policy::{BurstLimit, Limits, Mode};
use crate::record::{Record, Trip};

/// What would have become of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Distinct events that would have fired the rule.
    pub firings: u64,
    /// The most within one window of the limit; `None` without a firing.
    pub peak: Option<Peak>,
    pub trip: Option<WouldTrip>,
    /// Events that match, but are from another Region or account.
    pub elsewhere: u64,
    pub uncounted: Uncounted,
}

/// The busiest window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    pub count: u64,
    pub window: Seconds,
    /// When the count was reached.
    pub at: Timestamp,
}

/// The first trip.
#[derive(Debug, Clone, PartialEq)]
pub struct WouldTrip {
    pub trip: Trip,
    /// How often the rule had fired by then, the firing that tripped it included.
    pub firings_before: u64,
}

impl Outcome {
    /// The smallest burst limit of this window that the rule would not have reached: one above its peak. Above 512 the
    /// guard estimates, and some room is advisable.
    pub fn smallest_limit(&self, window: Seconds) -> String {
        format!("{}/{window}", self.peak.map_or(0, |peak| peak.count) + 1)
    }
}

/// Judges the firings of every rule, as they would have come: one by one, at once, in the order of event time.
pub fn judge(
    limits: &Limits,
    replay: &Replay,
    rules: &[&ListedRule],
    collected: &mut Collected,
) -> Vec<Outcome> {
    let mut fired = std::mem::take(&mut collected.fired);
    fired.sort_unstable_by_key(Fired::order);
    let mut by_rule: Vec<&[Fired]> = vec![&[]; replay.len()];
    for of_one in fired.chunk_by(|a, b| a.rule() == b.rule()) {
        by_rule[of_one[0].rule()] = of_one;
    }
    // What the live guard would only have said, so that no AWS call is waited for.
    // There is no history to ask in a log: the plain limits hold.
    let limits = Limits { mode: Mode::Observe, burst_is_tagged: true, sustained: None, ..limits.clone() };
    let each = by_rule.iter().enumerate().map(|(index, all)| {
        let keeps = collected.keeps_to_its_place(replay, index);
        let firings: Vec<Fired> = all.iter().copied().filter(|one| !(keeps && one.is_elsewhere())).collect();
        Outcome {
            firings: firings.len() as u64,
            peak: peak(&firings, limits.burst),
            trip: first_trip(
                &limits,
                rules.get(index).and_then(|rule| rule.arn.as_ref()),
                &firings,
                &collected.causes,
            ),
            elsewhere: (all.len() - firings.len()) as u64,
            uncounted: collected.uncounted(replay, index),
        }
    });
    each.collect()
}

/// The first of the busiest windows. Half open, as the guard's own.
fn peak(firings: &[Fired], limit: BurstLimit) -> Option<Peak> {
    let (mut start, mut most, mut end_of_most) = (0, 0, 0);
    for (end, last) in firings.iter().enumerate() {
        while last.at() - firings[start].at() >= limit.window.millis() {
            start += 1;
        }
        if end + 1 - start > most {
            (most, end_of_most) = (end + 1 - start, end);
        }
    }
    let at = Timestamp::from_millisecond(firings.get(end_of_most)?.at()).ok()?;
    Some(Peak { count: most as u64, window: limit.window, at })
}

fn first_trip(
    limits: &Limits,
    rule: Option<&RuleArn>,
    firings: &[Fired],
    causes: &[Caller<'static>],
) -> Option<WouldTrip> {
    let nameless = || "arn:aws:events:us-east-1:000000000000:rule/replay".parse::<RuleArn>().ok();
    let rule = rule.cloned().or_else(nameless)?;
    let mut record = Record::new(rule.clone(), limits.burst);
    for (index, fired) in firings.iter().enumerate() {
        let now = Timestamp::from_millisecond(fired.at()).ok()?;
        let Caller { principal, issued_to } = &causes[fired.cause()];
        let firing = Firing {
            rule: rule.clone(),
            event_id: format!("{:016x}", fired.id()).into(),
            at: now,
            caller: Caller {
                principal: (&**principal).into(),
                issued_to: issued_to.as_deref().map(Into::into),
            },
            call: None,
            cause: Cause::Unknown,
        };
        let (next, plan) = guard::step(limits, record, &[Observation::Firing(firing)], now);
        record = next;
        if plan.tally.would_trip > 0 {
            let trip = record.last_trip?;
            return Some(WouldTrip { trip, firings_before: index as u64 + 1 });
        }
    }
    None
}
