//! The actors behind a rule's targets, as `status RULE` shows them: known, partly known or unknown, and what would tell.

use budget_guard::model::{ACTS_AS_TAG, ActsAs, Answering, Target};
use budget_guard::replay::ListedRule;

use super::lines::Lines;

/// All actors of the targets are known.
pub const KNOWN: &str = "known";

/// `known`, `partly known` or `unknown`. The guard's own queue is no target that acts; the operator's word is enough.
pub fn known(targets: &[Target], acts_as: &ActsAs) -> &'static str {
    let others: Vec<Target> = others(targets).cloned().collect();
    if others.is_empty() || !acts_as.is_empty() || Answering::of(&others).is_known {
        KNOWN
    } else if others.iter().any(|target| !target.actors.is_empty()) {
        "partly known"
    } else {
        "unknown"
    }
}

/// The same for a rule of a file; `None` if the file does not tell its targets.
pub fn listed(rule: &ListedRule) -> Option<&'static str> {
    rule.targets.as_deref().map(|targets| known(targets, &rule.acts_as))
}

/// A line for each actor, and for each target whose actors are not all known, with the reason.
pub fn lines(lines: &mut Lines, targets: &[Target], acts_as: &ActsAs) {
    lines.pair("Who acts", known(targets, acts_as));
    if !acts_as.is_empty() {
        lines.pair("", format_args!("{acts_as}, by the tag {ACTS_AS_TAG}"));
    }
    for target in others(targets) {
        for actor in &target.actors {
            match &actor.role {
                Some(role) => lines.pair("", format_args!("{} as {}", name(&actor.arn), name(role))),
                None => lines.pair("", format_args!("{}, whose role could not be read", name(&actor.arn))),
            }
        }
        if let Some(why) = &target.unfollowed {
            lines.pair("", format_args!("{}: {why}", name(&target.arn)));
        }
    }
}

fn others(targets: &[Target]) -> impl Iterator<Item = &Target> {
    targets.iter().filter(|target| target.id != crate::targets::TARGET_ID)
}

/// The last part of an ARN.
fn name(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}
