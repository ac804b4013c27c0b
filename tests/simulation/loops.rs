//! Whether the loops that no rate shows are seen once nothing fails any more, and cut at one place.

use budget_guard::breaker::Breaker;
use budget_guard::model::RuleArn;
use budget_guard::verdict::EvidenceKind;

use super::aws::{START, Shared};
use super::happenings::Caller;
use super::machines::{Machine, Machines, Nature};

/// Turns of a loop after which it has to be cut: those of the limit, and as many again, for the answers of the turmoil
/// still come in, and people's calls lie between. The stories hold the exact figures.
const MAX_TURNS: usize = 10;
/// The same if no two calls are alike, or if each of two rules may leave it to the other for a while.
const MORE_TURNS: usize = 20;

/// To be asked at the end, `quiet_since` being when faults stopped, in milliseconds.
pub fn at_rest(shared: &Shared, machines: &Machines, quiet_since: i64) {
    let second = quiet_since / 1_000;
    let by_targets = |machine: &Machine| {
        machine.fired.iter().filter(|(at, by)| *at > second && matches!(by, Caller::Target(_))).count()
    };
    let mut state = shared.lock();
    let is_slow = |machine: &&Machine| machine.nature == Nature::Loop && machine.names_resource;
    let slow: Vec<&Machine> = machines.list.iter().filter(is_slow).collect();
    for machine in &slow {
        let turns = by_targets(machine);
        if turns > if machine.varies || is_in_ring(&machine.rule) { MORE_TURNS } else { MAX_TURNS } {
            state.broke(11, format!("{} turned {turns} times when all was quiet", machine.rule));
        }
    }
    let since = START + jiff::SignedDuration::from_millis(quiet_since + 2_000);
    let cut_since = |rule: &RuleArn| {
        let record = state.record(rule);
        record.is_some_and(|record| match record.breaker {
            // Their rate, on probation, is each rule's own affair.
            Breaker::Open(_) => record
                .last_trip
                .is_some_and(|trip| trip.at > since && trip.evidence.kind == EvidenceKind::Echo),
            _ => false,
        })
    };
    let cut = slow.iter().filter(|one| is_in_ring(&one.rule) && cut_since(&one.rule)).count();
    if cut > 1 {
        state.broke(11, format!("{cut} rules of one cycle were cut"));
    }
}

fn is_in_ring(rule: &RuleArn) -> bool {
    rule.name().starts_with("ring")
}
