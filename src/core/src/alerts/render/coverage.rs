//! Text of alerts about coverage gaps.

use super::{AlertJson, Commands, Words};
use crate::alerts::RuleRef;
use crate::alerts::coverage::{ALL_SETTING, Coverage, Named, READS_SETTING};
use crate::model::{ACTS_AS_TAG, OWN_PREFIX, RuleArn, plural};

pub(super) fn words(coverage: &Coverage, commands: &Commands) -> Words {
    let settings = coverage.settings();
    let next = match &settings[..] {
        [] => commands.bare("status RULE"),
        settings => format!("make deploy PARAMETERS=\"{}\"", settings.join(" ")),
    };
    Words::new(
        coverage.sentences().join(". "),
        format!("{next}; rules with the tag budget-guard:mode=ignore are left out here"),
    )
}

impl Coverage {
    /// Returns one sentence for each kind of gap: the rules, the reason, and the remedy.
    pub fn sentences(&self) -> Vec<String> {
        let reads = names(&self.reads).map(|names| {
            format!(
                "{names}: calls named Get…, List… or Describe… fire this too, and the guard is not shown those; \
                 deploy the stack with {READS_SETTING}"
            )
        });
        let events = names(&self.events).map(|names| {
            format!(
                "{names}: not only API calls fire this, and the guard is shown nothing else; \
                 budget-guard attach RULE, or deploy the stack with {ALL_SETTING}"
            )
        });
        let actors = names(&self.actors).map(|names| {
            format!(
                "{names}: who acts behind the targets is not known, so a slow loop is not seen; budget-guard status RULE \
                 says what is missing, and the tag {ACTS_AS_TAG} names the roles"
            )
        });
        let lookalikes = names(&self.lookalikes).map(|names| {
            format!(
                "{names}: the name is the guard's, and no rule of its stack has it; it is judged like any other, and \
                 only another stack of the guard has a reason for such a name"
            )
        });
        reads.into_iter().chain(events).chain(actors).chain(lookalikes).collect()
    }
}

/// Formats rules as `rule a`, `rules a and b` or `rules a, b, c and 4 others`.
fn names(rules: &Named) -> Option<String> {
    let names: Vec<&str> = rules.first.iter().map(RuleArn::name).collect();
    match (names.as_slice(), rules.others) {
        ([], _) => None,
        ([one], 0) => Some(format!("rule {one}")),
        ([most @ .., last], 0) => Some(format!("rules {} and {last}", most.join(", "))),
        (named, 1) => Some(format!("rules {} and 1 other", named.join(", "))),
        (named, others) => Some(format!("rules {} and {others} others", named.join(", "))),
    }
}

fn is_by_settings(alert: &AlertJson) -> bool {
    alert.settings.as_ref().is_some_and(|settings| !settings.is_empty())
}

/// Returns true if there is nothing else to say of the rules than that they have the guard's name.
fn are_lookalikes(alert: &AlertJson) -> bool {
    let has_name = |rule: &RuleRef| rule.name.starts_with(OWN_PREFIX);
    !is_by_settings(alert) && alert.rules.iter().all(has_name)
}

/// Returns the subject line.
pub(super) fn subject(alert: &AlertJson) -> String {
    if are_lookalikes(alert) {
        return format!("{} not of budget-guard have its name", plural(alert.rules.len() as u64, "rule"));
    }
    let what = match is_by_settings(alert) {
        true => "is not shown all that fires",
        false => "cannot tell who acts for",
    };
    match alert.rules.len() as u64 + alert.unlisted.unwrap_or_default() {
        1 => format!("budget-guard {what} 1 rule"),
        n => format!("budget-guard {what} {n} rules"),
    }
}

/// Returns the first sentences.
pub(super) fn opening(alert: &AlertJson) -> &'static str {
    if are_lookalikes(alert) {
        return "Rules have the name of budget-guard and are not its own. It judges them like any other.";
    }
    match is_by_settings(alert) {
        true => "Some rules fire on events that budget-guard is not shown. It cannot cut a loop of theirs.",
        false => {
            "Some rules have targets that budget-guard cannot follow. It may miss a slow loop of theirs."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        let check = |all: &[&str], expected: Option<&str>| {
            let arn =
                |name: &&str| format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap();
            let rules: Vec<RuleArn> = all.iter().map(arn).collect();
            assert_eq!(names(&Coverage::of(&rules, &[], &[], &[]).reads).as_deref(), expected);
        };
        check(&[], None);
        check(&["a"], Some("rule a"));
        check(&["a", "b"], Some("rules a and b"));
        check(&["a", "b", "c"], Some("rules a, b and c"));
        check(&["a", "b", "c", "d"], Some("rules a, b, c and 1 other"));
        check(&["a", "b", "c", "d", "e"], Some("rules a, b, c and 2 others"));
    }
}
