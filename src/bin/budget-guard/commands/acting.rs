//! The actors behind a rule's targets, as `status RULE` shows them: known, partly known or unknown, and what would tell.

use budget_guard::model::{Answering, Target};

use super::lines::Lines;

/// `known`, `partly known` or `unknown`. The guard's own queue is no target that acts.
pub fn known(targets: &[Target]) -> &'static str {
    let others: Vec<Target> = others(targets).cloned().collect();
    if others.is_empty() || Answering::of(&others).is_known {
        "known"
    } else if others.iter().any(|target| !target.actors.is_empty()) {
        "partly known"
    } else {
        "unknown"
    }
}

/// A line for each actor, and for each target whose actors are not all known, with the reason.
pub fn lines(lines: &mut Lines, targets: &[Target]) {
    lines.pair("Who acts", known(targets));
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
