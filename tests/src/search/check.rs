//! Checks of the promises of the core: some at a request, the others once all processes have ended.

use budget_guard_core::breaker::{Breaker, Cut};
use budget_guard_core::record::Record;

use super::process::{AlertId, BlobId, Processes, Switch};
use super::world::World;

/// Promises 1 and 3: reason and found state are stored, and a trip disables once.
pub fn before_disable(world: &World, processes: &Processes, broken: &mut Vec<String>) {
    let stored = world.stored(processes);
    let found = stored.filter(|record| record.last_trip.is_some()).and_then(|record| match &record.breaker {
        Breaker::Open(cut) => cut.found(),
        _ => None,
    });
    match found {
        None => {
            let breaker = stored.map(|record| phase(&record.breaker));
            broken.push(format!("promise 1: DisableRule while the stored record says {breaker:?}"));
        }
        Some(found) if !has_had(world, Switch::of(found.state)) => {
            broken
                .push(format!("promise 1: the state stored as found is {}, which it never had", found.state));
        }
        Some(_) => {}
    }
    if !world.is_disturbed && world.disables > 0 {
        broken.push("promise 3: a trip disables the rule twice, and no call failed".to_owned());
    }
}

/// Promise 6: a restore puts back the state found, and only for a rule that the guard cut.
pub fn before_enable(world: &World, processes: &Processes, to: Switch, broken: &mut Vec<String>) {
    let stored = world.stored(processes);
    let is_right = stored.is_some_and(|record| match &record.breaker {
        Breaker::Restoring(restore) => Switch::of(restore.found.state) == to,
        // Another process has seen that the rule is enabled, before a slower step of the same restore.
        Breaker::HalfOpen { .. } => true,
        _ => false,
    });
    if !is_right || !has_had(world, to) {
        let breaker = stored.map(|record| phase(&record.breaker));
        broken.push(format!("promise 6: the rule is put to {to:?} while the stored record says {breaker:?}"));
    }
}

/// Promises 3, 4 and 9: one trip for each epoch, with evidence from it, and a small record.
pub fn before_save(world: &World, processes: &Processes, blob: BlobId, broken: &mut Vec<String>) {
    let record = processes.record(blob);
    let bytes = processes.bytes(blob);
    if bytes >= 32_768 {
        broken.push(format!("promise 9: the record has {bytes} bytes"));
    }
    let before = world.stored(processes);
    if before.is_some_and(|before| before.epoch.number > record.epoch.number) {
        broken.push("promise 3: an earlier epoch is back".to_owned());
    }
    let Some(trip) = &record.last_trip else { return };
    let is_new = before.is_none_or(|before| before.last_trip.as_ref() != Some(trip));
    let began = before.and_then(|before| before.epoch.began);
    if is_new
        && trip.epoch == record.epoch.number
        && let (Some(first), Some(began)) = (trip.evidence.first, began)
        && first.as_second() < began.as_second()
    {
        broken.push(format!("promise 4: a trip by a firing of {first}, and its epoch began at {began}"));
    }
}

/// Promise 3: an alert is published once, unless a call failed.
pub fn before_publish(world: &World, processes: &Processes, alert: AlertId, broken: &mut Vec<String>) {
    if !world.is_disturbed && world.published & (1 << alert) != 0 {
        broken.push(format!("promise 3: {} is published twice, and no call failed", processes.alert(alert)));
    }
}

/// Promises 3 and 8: once work is finished, the record and EventBridge agree, and all alerts are told. Returns what is not
/// so. Empty if all is.
pub fn at_rest(world: &World, processes: &Processes) -> Vec<String> {
    let Some(record) = world.stored(processes) else { return Vec::new() };
    let mut broken = Vec::new();
    if !record.outbox.is_empty() {
        broken.push("promise 8: an alert is not published".to_owned());
    }
    let is_on = world.rule != Switch::Off;
    let agrees = match &record.breaker {
        Breaker::Open(Cut::Disabled(_)) => !is_on,
        Breaker::Open(_) | Breaker::Restoring(_) => false,
        Breaker::Closed | Breaker::HalfOpen { .. } => {
            is_on || world.is_by_hand || is_told_of_overtaking(world, processes)
        }
    };
    if !agrees {
        let (state, by) = (world.rule, if world.is_by_hand { "by hand" } else { "by the guard" });
        broken.push(format!(
            "promise 8: the record says {}, and the rule is {state:?} {by}",
            phase(&record.breaker)
        ));
    }
    let is_cut = record.breaker.disabled().is_some();
    if is_cut && !is_published(world, processes, &format!("{}/{}/tripped", record.rule, record.epoch.number))
    {
        broken.push("promise 3: the rule is cut, and no alert has told of it".to_owned());
    }
    broken
}

/// A DisableRule from before a restore that took effect after it cannot be prevented: people are told.
fn is_told_of_overtaking(world: &World, processes: &Processes) -> bool {
    (0..64)
        .filter(|alert| world.published & (1 << alert) != 0)
        .any(|alert| processes.alert(alert).ends_with("/overtaken"))
}

fn is_published(world: &World, processes: &Processes, id: &str) -> bool {
    (0..64).filter(|alert| world.published & (1 << alert) != 0).any(|alert| processes.alert(alert) == id)
}

fn has_had(world: &World, state: Switch) -> bool {
    world.had & (1 << state as u8) != 0
}

/// Returns true if only a person can go on: an order to enable was interrupted.
pub fn awaits_order(record: &Record) -> bool {
    matches!(&record.breaker, Breaker::Restoring(restore) if restore.restore_at.is_none())
}

/// State of a breaker, with the progress of a cut.
pub fn phase(breaker: &Breaker) -> &'static str {
    match breaker {
        Breaker::Open(Cut::Inspecting { .. }) => "inspecting",
        Breaker::Open(Cut::Disabling { .. }) => "disabling",
        Breaker::Open(Cut::Disabled(_)) => "disabled",
        other => other.word(),
    }
}
