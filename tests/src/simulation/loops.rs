//! Check at the end that loops without a notable rate are cut, each at one rule only.

use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::RuleArn;
use budget_guard_core::record::Record;
use budget_guard_core::verdict::Finding;

use super::KICK_MS;
use super::aws::{START, Shared};
use super::happenings::Caller;
use super::machines::{Machine, Machines, Nature};

/// Maximum number of equal calls of a loop before its cut, beside those that people's calls explain. Answers from the
/// first phase may still arrive. The stories test the exact numbers.
const MAX_TURNS: usize = 20;
/// Number of calls that one call of a person explains. Lambda tries three times.
const TRIES: usize = 3;
/// Seconds for ten turns at the longest answer time, and for the guard's own work.
const TURNS: i64 = 10 * 63 + 90;

/// Checks the loops. `quiet_since` is the end of the faults, in milliseconds.
pub fn at_rest(shared: &Shared, machines: &Machines, quiet_since: i64) {
    let second = quiet_since / 1_000;
    let by_targets =
        |machine: &Machine| machine.fired.iter().filter(|(_, by)| matches!(by, Caller::Target(_))).count();
    let since = |machine: &Machine, floor: i64| machine.fired.iter().filter(|(at, _)| *at > floor).count();
    let mut state = shared.lock();
    let is_slow = |machine: &&Machine| machine.nature == Nature::Loop && machine.names_resource;
    let slow: Vec<&Machine> = machines.list.iter().filter(is_slow).collect();
    for machine in &slow {
        let late = since(machine, second + KICK_MS / 1_000 + TURNS);
        if late > 0 && by_targets(machine) > MAX_TURNS {
            state.broke(11, format!("{} fires {late} times after it should have been cut", machine.rule));
        }
        let people = machine.fired.iter().filter(|(_, by)| *by == Caller::Person).count();
        let Some(record) = state.record(&machine.rule) else { continue };
        let reasons = people.max(reasons_of(&record));
        // The start of a run that continues after a restore is not known; its turns count from the next reason.
        let is_first_life = record.epoch.number == 1;
        let (turns, allowed) = (since(machine, second), TRIES * reasons + MAX_TURNS);
        if turns > allowed && is_first_life && !machine.varies && !is_in_ring(&machine.rule) {
            state.broke(11, format!("{} turned {turns} times when all was quiet", machine.rule));
        }
    }
    let quiet = START + jiff::SignedDuration::from_millis(quiet_since + 2_000);
    let cut_since = |rule: &RuleArn| {
        let record = state.record(rule);
        record.is_some_and(|record| match record.breaker {
            // Each rule's rate on probation is judged separately.
            Breaker::Open(_) => {
                record.last_trip.is_some_and(|trip| trip.at > quiet && trip.evidence.proves_loop())
            }
            _ => false,
        })
    };
    let cut = slow.iter().filter(|one| is_in_ring(&one.rule) && cut_since(&one.rule)).count();
    if cut > 1 {
        state.broke(11, format!("{cut} rules of one cycle were cut"));
    }
}

/// Number of reasons that the guard counted. Calls before the actors of a rule were known count as reasons too.
fn reasons_of(record: &Record) -> usize {
    let share = record.turns.own_share();
    let by_trip = record.last_trip.as_ref().and_then(|trip| match trip.evidence.own.as_ref()?.finding {
        Finding::Surplus { reasons, .. } => Some(u64::from(reasons)),
        // The trip was by a chain or the rate; its duration is checked above.
        _ => Some(1_000),
    });
    usize::try_from(by_trip.unwrap_or(share.all - share.own)).unwrap_or(usize::MAX)
}

fn is_in_ring(rule: &RuleArn) -> bool {
    rule.name().starts_with("ring")
}
