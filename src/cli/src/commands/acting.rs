//! Knowledge of the actors behind a rule's targets: known, partly known or unknown, and the reasons.

use std::collections::BTreeMap;
use std::fmt;

use budget_guard_core::directory::Directory;
use budget_guard_core::model::{ACTS_AS_TAG, ActsAs, Answering, Arn, RuleArn, Target, unqualified};
use budget_guard_core::replay::RuleSpec;
use serde::{Serialize, Serializer};

use super::lines::Lines;

/// Knowledge of the actors of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// All actors are known.
    Known,
    /// Some actors are known.
    Partly,
    /// No actor is known.
    Unknown,
}

impl Knowledge {
    /// Judges the targets of a rule. The guard's own queue is left out, and an `acts-as` tag makes all actors known.
    pub(crate) fn of(targets: &[Target], acts_as: &ActsAs) -> Self {
        let others: Vec<Target> = others(targets).cloned().collect();
        if others.is_empty() || !acts_as.is_empty() || Answering::of(&others).is_known {
            Self::Known
        } else if others.iter().any(|target| !target.actors.is_empty()) {
            Self::Partly
        } else {
            Self::Unknown
        }
    }

    /// One word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Partly => "partly",
            Self::Unknown => "unknown",
        }
    }

    /// Judges the targets of a rule from a file. `None` if the file has no targets.
    pub(crate) fn of_listed(rule: &RuleSpec) -> Option<Self> {
        rule.targets.as_deref().map(|targets| Self::of(targets, &rule.acts_as))
    }
}

impl fmt::Display for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "known",
            Self::Partly => "partly known",
            Self::Unknown => "unknown",
        })
    }
}

impl Serialize for Knowledge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Knowledge for each rule that the directory has with its targets.
pub(crate) type ByRule = BTreeMap<RuleArn, Knowledge>;

/// Knowledge for all rules of the stored directory.
pub(crate) fn by_rule(directory: &Directory) -> ByRule {
    let read = directory.entries().values().filter(|entry| entry.details_at.is_some());
    read.map(|entry| (entry.rule.clone(), Knowledge::of(&entry.targets, &entry.acts_as()))).collect()
}

/// Adds lines for one rule: each actor, and each target with missing actors and the reason.
pub(crate) fn lines(lines: &mut Lines, targets: &[Target], acts_as: &ActsAs) {
    lines.pair("Who acts", Knowledge::of(targets, acts_as));
    if !acts_as.is_empty() {
        lines.pair("", format_args!("{acts_as}, by the tag {ACTS_AS_TAG}"));
    }
    for target in others(targets) {
        for actor in &target.actors {
            match &actor.role {
                Some(role) => {
                    let role = role.rsplit('/').next().unwrap_or(role);
                    lines.pair("", format_args!("{} as {role}", name(&actor.arn)));
                }
                None => lines.pair("", format_args!("{}, whose role could not be read", name(&actor.arn))),
            }
        }
        if let Some(why) = &target.unresolved_reason {
            let words = why.split(' ').map(|word| if word.starts_with("arn:") { name(word) } else { word });
            lines.pair("", format_args!("{}: {}", name(&target.arn), words.collect::<Vec<_>>().join(" ")));
        }
    }
}

fn others(targets: &[Target]) -> impl Iterator<Item = &Target> {
    targets.iter().filter(|target| target.id != crate::targets::TARGET_ID)
}

/// Name in an ARN, without the type of the resource, a version or an alias.
fn name(arn: &str) -> &str {
    let resource = Arn::parse(unqualified(arn)).map_or(arn, |arn| arn.resource);
    let path = resource.split_once('/').map(|(_, name)| name);
    path.or(resource.rsplit(':').next()).unwrap_or(resource)
}

#[cfg(test)]
mod tests;
