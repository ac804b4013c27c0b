//! Observations for rules about calls of their actors: sessions that a target opened, and events that it put on a bus.

use crate::directory::Directory;
use crate::guard::Observation;
use crate::model::{ActorId, Cause, Opened, Put, RuleArn, Session};
use crate::sources::{BusEvent, Made};

/// Maximum number of rules that receive one call as an observation. Each costs a read, and a write if it is new. For
/// more rules, sessions are looked up in CloudTrail when they are needed.
const TOLD_AT_ONCE: usize = 8;

/// Returns the observations that follow from this call of a known actor, by rule.
pub(super) fn of(directory: &Directory, event: &BusEvent<'_>) -> Vec<(RuleArn, Observation<'static>)> {
    let Some(made) = &event.made else { return Vec::new() };
    let Some((actor, proof)) = directory.maker(&event.caller, event.call.as_ref()) else { return Vec::new() };
    match &**made {
        Made::Session(session) => {
            let opened = Opened {
                key: session.key,
                arn: session.arn.clone().into_owned(),
                cause: Cause::Own { actor: ActorId::of(actor), proof },
                until: Session::longest_until(event.at),
            };
            to_rules_of(directory, actor, &Observation::Opened(opened))
        }
        Made::Events(events) => {
            let put = Put { events: events.clone(), at: event.at };
            to_rules_of(directory, actor, &Observation::Put(put))
        }
    }
}

/// Returns the observation for each enabled rule with this actor behind a target. Empty if there are too many.
fn to_rules_of(
    directory: &Directory,
    actor: &str,
    told: &Observation<'static>,
) -> Vec<(RuleArn, Observation<'static>)> {
    let is_enabled = |rule: &RuleArn| directory.get(rule).is_some_and(|entry| entry.state.is_enabled());
    let rules: Vec<RuleArn> = directory.rules_of(actor).into_iter().filter(is_enabled).collect();
    if rules.len() > TOLD_AT_ONCE {
        return Vec::new();
    }
    rules.into_iter().map(|rule| (rule, told.clone())).collect()
}
