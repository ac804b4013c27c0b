//! Stand-ins for facts that a log or a file of rules does not contain: the guard's own place, and the ARN of a rule.

use super::collect::Watched;
use crate::attribution::Home;
use crate::model::{Own, RuleArn};

/// Returns a guard in the event's place, of this stack, with one of the rules there. This is enough to separate calls that count from those
/// that never do.
pub(super) fn guard(account: &str, region: &str, own: &Own) -> Option<(RuleArn, Home)> {
    // A log that was published with changed names may hold names that AWS would not accept.
    let places = [(account, region), (account, "us-east-1"), ("000000000000", "us-east-1")];
    let rule: RuleArn = places.iter().find_map(|(account, region)| {
        format!("arn:aws:events:{region}:{account}:rule/replay").parse().ok()
    })?;
    let home = Home { own: own.clone(), ..Home::new(rule.partition(), rule.region(), rule.account()) };
    Some((rule, home))
}

/// Returns an ARN for a rule whose ARN the file does not give. It has the rule's name if AWS would accept the name and
/// no other rule has it, else a numbered name.
pub(super) fn stand_in(name: &str, taken: &[Watched]) -> Option<RuleArn> {
    let is_free = |arn: &RuleArn| taken.iter().all(|one| one.arn != *arn);
    let numbered = (taken.len() + 1..).map(|n| format!("rule-{n}"));
    let names = std::iter::once(name.to_owned()).chain(numbered);
    let arns = names.map(|name| format!("arn:aws:events:us-east-1:000000000000:rule/{name}").parse());
    arns.filter_map(Result::ok).find(is_free)
}
