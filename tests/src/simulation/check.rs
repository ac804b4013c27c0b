//! Checks of the promises: some at a call, the others at the end.

use std::collections::BTreeMap;

use budget_guard_core::alerts::{AlertJson, AlertKind};
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{RuleArn, RuleState};
use budget_guard_core::record::Record;
use budget_guard_core::stored::Stored;
use budget_guard_core::verdict::EvidenceKind;

use super::MAX_SKEW_MS;
use super::aws::{START, Shared, State};
use super::machines::{Machine, Machines, Nature};

/// Promises 1, 3 and 5: evidence and found state are stored, one cut per epoch, and only for rules that allow it.
pub fn before_disable(state: &mut State, rule: &RuleArn) {
    let Some(actual) = state.rules.get(rule).map(|rule| rule.definition.clone()) else { return };
    let stored = state.record(rule);
    let cut = stored.as_ref().and_then(|record| match &record.breaker {
        Breaker::Open(cut) => Some(cut),
        _ => None,
    });
    match cut.map(|cut| cut.found()) {
        Some(Some(found)) if actual.state == RuleState::Disabled || found.state == actual.state => {}
        // A person changed the rule after the inspection.
        Some(Some(_)) if is_changed_since_trip(state, rule) => {}
        found => state.broke(1, format!("DisableRule {rule} while the record says {found:?}")),
    }
    let is_tagged = actual.tags.contains_key("budget-guard:mode");
    if actual.managed_by.is_some() || rule.name().starts_with("budget-guard-") || is_tagged {
        state.broke(5, format!("DisableRule {rule}"));
    }
    if actual.state.is_enabled() {
        let epoch = stored.map_or(0, |record| record.epoch.number);
        let cuts = state.cuts.entry((rule.clone(), epoch)).or_default();
        *cuts += 1;
        if *cuts > 1 {
            state.broke(3, format!("{rule} was cut twice in epoch {epoch}"));
        }
    }
}

fn is_changed_since_trip(state: &State, rule: &RuleArn) -> bool {
    let trip = state.record(rule).and_then(|record| record.last_trip);
    let tripped = trip.map(|trip| trip.at.duration_since(START).as_millis());
    let clicked = state.clicked.get(rule).map(|clicked| i128::from(clicked + MAX_SKEW_MS));
    clicked.zip(tripped).is_some_and(|(clicked, tripped)| clicked > tripped)
}

/// Promise 6: restores only rules that the guard cut, to the state found.
pub fn before_restore(state: &mut State, rule: &RuleArn, to: RuleState) {
    let found = state.record(rule).and_then(|record| match record.breaker {
        Breaker::Restoring(restore) => Some(restore.found.state),
        // The rule fired already, so a slower step of the same restore finds it on probation.
        Breaker::HalfOpen { .. } => Some(to),
        _ => None,
    });
    if found != Some(to) {
        state.broke(6, format!("{rule} is put to {to}, the record has {found:?}"));
    }
}

/// Promises 4 and 9: the evidence of a new trip is from its own epoch, and the record is small.
pub fn before_save(state: &mut State, record: &Record) {
    let bytes = record.encode().map_or(0, |blob| blob.json.len() + blob.firings.len());
    if bytes >= 32_768 {
        state.broke(9, format!("{} has {bytes} bytes", record.rule));
    }
    let before = state.record(&record.rule);
    let was_open = before.as_ref().is_some_and(|before| before.last_trip == record.last_trip);
    let (Some(trip), false) = (&record.last_trip, was_open) else { return };
    let began = before.and_then(|before| before.epoch.began);
    if trip.evidence.kind == EvidenceKind::Burst
        && trip.epoch == record.epoch.number
        && let (Some(first), Some(began)) = (trip.evidence.first, began)
        && first.as_second() < began.as_second()
    {
        state
            .broke(4, format!("{} tripped on firings from {first}, its epoch began at {began}", record.rule));
    }
}

/// All conditions at the end, when no call fails any more.
pub fn at_rest(shared: &Shared, machines: &Machines, queued: usize, dead_letters: usize) {
    let mut state = shared.lock();
    if queued > 0 {
        state.broke(7, format!("{queued} messages are left"));
    }
    if dead_letters != machines.bad_messages {
        let sent = machines.bad_messages;
        state
            .broke(7, format!("{sent} messages cannot be read, {dead_letters} are in the dead-letter queue"));
    }
    for machine in &machines.list {
        let rule = &machine.rule;
        let Some(record) = state.record(rule) else { continue };
        evidence_is_true(&mut state, machines, &record);
        if !record.outbox.is_empty() {
            state.broke(8, format!("{rule}: an alert was not published"));
        }
        let actual = state.rules[rule].definition.state;
        match &record.breaker {
            Breaker::Open(cut) if cut.disabled().is_none() => {
                state.broke(8, format!("{rule}: the cut was not finished"));
            }
            Breaker::Open(_) if actual.is_enabled() => {
                state.broke(8, format!("{rule} is enabled, and the record says it is cut"));
            }
            Breaker::Restoring { .. } => state.broke(8, format!("{rule}: the restore was not finished")),
            _ => {}
        }
        let is_about = |alert: &AlertJson| alert.rule.as_ref().is_some_and(|about| about.arn == *rule);
        let mut cuts = state.alerts.iter().filter(|alert| alert.kind == AlertKind::Tripped);
        let was_cut = cuts.any(is_about);
        let is_innocent = machine.nature == Nature::Honest && !had_late_reasons(machine, &record);
        if was_cut && (!machine.is_enforced || is_innocent) {
            state.broke(5, format!("{rule} was cut"));
        }
    }
    one_alert_per_epoch(&mut state);
}

/// Returns true if the event of a person's call that may be a reason for the last trip's calls arrived after the trip. A
/// fast proof does not wait for it.
fn had_late_reasons(machine: &Machine, record: &Record) -> bool {
    let Some(trip) = &record.last_trip else { return false };
    let (Some(first), Some(last)) = (trip.evidence.first, trip.evidence.last) else { return false };
    // A reason may be a minute older than the first call that answers it.
    let (first, last) = (first.as_second() - 60, last.as_second());
    let is_before = |at: i64| (first..=last).contains(&(START.as_second() + at));
    let tripped_ms = trip.at.duration_since(START).as_millis() - i128::from(MAX_SKEW_MS);
    machine.arrivals.iter().any(|(at, arrives_ms)| is_before(*at) && i128::from(*arrives_ms) > tripped_ms)
}

/// Promise 2: the firings in the last trip's evidence happened and are distinct.
fn evidence_is_true(state: &mut State, machines: &Machines, record: &Record) {
    let Some(trip) = &record.last_trip else { return };
    let (Some(first), Some(last)) = (trip.evidence.first, trip.evidence.last) else { return };
    let Some(machine) = machines.list.iter().find(|machine| machine.rule == record.rule) else { return };
    let inside = |at: i64| (first.as_second()..=last.as_second()).contains(&(START.as_second() + at));
    let happened = machine.fired.iter().filter(|(at, _)| inside(*at)).count() as u64;
    if happened < trip.evidence.count {
        let count = trip.evidence.count;
        state.broke(2, format!("{}: {count} firings were counted, {happened} happened", record.rule));
    }
}

/// Promise 3: one alert for each trip. A crash or a lost reply may repeat it.
fn one_alert_per_epoch(state: &mut State) {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for alert in state.alerts.iter().filter(|alert| alert.kind == AlertKind::Tripped) {
        *times.entry(alert.dedup_id.clone()).or_default() += 1;
    }
    let repeated: Vec<String> = times.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect();
    if !repeated.is_empty() && state.faults == 0 {
        state.broke(3, format!("repeated without a fault: {repeated:?}"));
    }
}
