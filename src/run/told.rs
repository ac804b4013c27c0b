//! Rules that are told who made what fires them: sessions that a target opened, and events that it put on a bus.

use crate::directory::{DEFAULT_BUS, Directory};
use crate::guard::Observation;
use crate::model::{ActorId, Cause, FiringId, Opened, Proof, Put, RuleArn, Session, Timestamp};
use crate::sources::{BusEvent, Made};

/// Maximum number of rules that are told of one call. Each costs a read, and a write if it is news to the rule. Rules that are
/// not told of a session ask CloudTrail when it matters.
const TOLD_AT_ONCE: usize = 8;

/// Rules, with what this call of a known target means for each.
pub(super) fn of(directory: &Directory, event: &BusEvent<'_>) -> Vec<(RuleArn, Observation<'static>)> {
    let Some(made) = &event.made else { return Vec::new() };
    let Some((actor, proof)) = directory.maker(&event.caller, event.call.as_ref()) else { return Vec::new() };
    match &**made {
        Made::Session(session) => of_session(directory, actor, proof, session, event.at),
        Made::Events(events) => of_events(directory, actor, events, event),
    }
}

/// The rules with this actor behind a target, and the session that it opened.
fn of_session(
    directory: &Directory,
    actor: &str,
    proof: Proof,
    session: &Session<'_>,
    at: Timestamp,
) -> Vec<(RuleArn, Observation<'static>)> {
    let rules = directory.rules_of(actor);
    if rules.len() > TOLD_AT_ONCE {
        return Vec::new();
    }
    let opened = Opened {
        key: session.key,
        arn: session.arn.clone().into_owned(),
        cause: Cause::Own { actor: ActorId::of(actor), proof },
        until: Session::longest_until(at),
    };
    let told = |rule| (rule, Observation::Opened(opened.clone()));
    rules.into_iter().filter(|rule| is_enabled(directory, rule)).map(told).collect()
}

/// The rules that these events may have fired: those with this actor behind a target, and those of other buses, for a cycle
/// may lead through them. The former alone if there are more, and none if these are too many.
fn of_events(
    directory: &Directory,
    actor: &str,
    events: &[FiringId],
    event: &BusEvent<'_>,
) -> Vec<(RuleArn, Observation<'static>)> {
    let own = directory.rules_of(actor);
    let others = directory.entries().keys().filter(|rule| rule.bus() != DEFAULT_BUS && !own.contains(rule));
    let others: Vec<RuleArn> =
        others.filter(|rule| is_enabled(directory, rule)).take(TOLD_AT_ONCE + 1).cloned().collect();
    let mut rules: Vec<RuleArn> = own.into_iter().filter(|rule| is_enabled(directory, rule)).collect();
    if rules.len() + others.len() <= TOLD_AT_ONCE {
        rules.extend(others);
    }
    if rules.len() > TOLD_AT_ONCE {
        return Vec::new();
    }
    let told = |rule: RuleArn| {
        let cause = directory.cause(&rule, &event.caller, event.call.as_ref());
        let is_by_target = matches!(cause, Cause::Own { .. } | Cause::Sibling(_));
        let put = Put { events: events.to_vec(), cause, at: event.at };
        is_by_target.then_some((rule, Observation::Put(put)))
    };
    rules.into_iter().filter_map(told).collect()
}

fn is_enabled(directory: &Directory, rule: &RuleArn) -> bool {
    directory.get(rule).is_some_and(|entry| entry.state.is_enabled())
}
