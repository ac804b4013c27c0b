//! Stand-ins for what a log or a file of rules does not tell: where the guard stands, and the ARN of a rule.

use super::collect::Watched;
use crate::attribution::Home;
use crate::model::RuleArn;

/// A guard where the event is from, and a rule of its: enough to tell calls that count from those that never do.
pub(super) fn guard(account: &str, region: &str) -> Option<(RuleArn, Home)> {
    // Names that were changed, to publish a log, may be no names that AWS gives.
    let places = [(account, region), (account, "us-east-1"), ("000000000000", "us-east-1")];
    let rule: RuleArn = places.iter().find_map(|(account, region)| {
        format!("arn:aws:events:{region}:{account}:rule/replay").parse().ok()
    })?;
    let home = Home::new(rule.partition(), rule.region(), rule.account());
    Some((rule, home))
}

/// For a rule whose ARN the file does not tell: a place for its name, if AWS would take it and no other rule has it.
pub(super) fn stand_in(name: &str, taken: &[Watched]) -> Option<RuleArn> {
    let is_free = |arn: &RuleArn| taken.iter().all(|one| one.arn != *arn);
    let numbered = (taken.len() + 1..).map(|n| format!("rule-{n}"));
    let names = std::iter::once(name.to_owned()).chain(numbered);
    let arns = names.map(|name| format!("arn:aws:events:us-east-1:000000000000:rule/{name}").parse());
    arns.filter_map(Result::ok).find(is_free)
}
