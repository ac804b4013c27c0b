//! Coverage gaps: rules of the default bus that fire on events which the guard's catch-all rule does not receive.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Directory, Entry};
use crate::alerts::{ALL_SETTING, Coverage, READS_SETTING};
use crate::model::{ACTS_AS_TAG, Answering, ListedRule, OWN_PREFIX, Own, RuleArn, RuleState, Target, TextId};

/// End of the `detail-type` of events that CloudTrail delivers.
const CALLS: &str = "via CloudTrail";

/// Coverage gaps, by the setting that closes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unwatched {
    /// Rules that also fire on calls named `Get…`, `List…` or `Describe…`.
    pub reads: Vec<RuleArn>,
    /// Rules that also fire on events other than API calls.
    pub events: Vec<RuleArn>,
    /// Rules with targets whose actors are not known.
    pub actors: Vec<RuleArn>,
    /// Rules that have the guard's name and are no part of its stack. They are judged like any other.
    pub lookalikes: Vec<RuleArn>,
}

impl Unwatched {
    /// Finds the gaps among the listed rules of the default bus. There are none, except rules with the guard's name, if
    /// the catch-all rule of the stack `own` is absent or disabled. `covered` are rules without gaps; `seen` are rules
    /// whose firings have reached the guard.
    pub fn of(
        listed: &[ListedRule],
        own: &Own,
        covered: &BTreeSet<&RuleArn>,
        seen: &BTreeSet<&RuleArn>,
    ) -> Self {
        let watches: Vec<&ListedRule> =
            listed.iter().filter(|one| one.state.is_enabled() && own.is_watch(&one.rule)).collect();
        // Without its ARNs the guard cannot tell its own rules from others with its name.
        let is_lookalike = |one: &&ListedRule| {
            own.arns().next().is_some() && own.is_lookalike(&one.rule) && one.managed_by.is_none()
        };
        let lookalikes = listed.iter().filter(|one| one.state.is_enabled()).filter(is_lookalike);
        let lookalikes = lookalikes.map(|one| one.rule.clone()).collect();
        let mut unwatched = Self { lookalikes, ..Self::default() };
        if watches.is_empty() {
            return unwatched;
        }
        let has_reads = watches.iter().any(|watch| takes_reads(watch));
        let others = listed.iter().filter(|one| {
            let is_others = !own.has_rule(&one.rule) && one.managed_by.is_none();
            is_others && one.state.is_enabled() && one.event_pattern.is_some() && !covered.contains(&one.rule)
        });
        for one in others {
            if !has_reads && takes_reads(one) {
                unwatched.reads.push(one.rule.clone());
            }
            if !watches.iter().any(|watch| shows(watch, one)) && !seen.contains(&one.rule) {
                unwatched.events.push(one.rule.clone());
            }
        }
        unwatched
    }

    /// Returns true if there are no gaps.
    pub fn is_empty(&self) -> bool {
        let all = [&self.reads, &self.events, &self.actors, &self.lookalikes];
        all.into_iter().all(Vec::is_empty)
    }

    /// The same gaps as an alert reports them.
    pub fn coverage(&self) -> Coverage {
        Coverage::of(&self.reads, &self.events, &self.actors, &self.lookalikes)
    }

    /// One id per rule and setting, by which gaps already reported are recognised.
    pub fn ids(&self) -> BTreeSet<u64> {
        let id = |setting: &str, rule: &RuleArn| TextId::of(&format!("{setting} {rule}")).bits();
        let reads = self.reads.iter().map(|rule| id(READS_SETTING, rule));
        let events = self.events.iter().map(|rule| id(ALL_SETTING, rule));
        let actors = self.actors.iter().map(|rule| id(ACTS_AS_TAG, rule));
        let lookalikes = self.lookalikes.iter().map(|rule| id(OWN_PREFIX, rule));
        reads.chain(events).chain(actors).chain(lookalikes).collect()
    }
}

impl Directory {
    /// Coverage gaps of the account and Region. `None` until the targets of all rules have been read, except those that
    /// cannot be. Attached rules, which send to `queue`, have no gaps in `reads` and `events`. Rules that `is_ignored`
    /// selects have none at all.
    pub fn unwatched(&self, queue: Option<&str>, is_ignored: impl Fn(&Entry) -> bool) -> Option<Unwatched> {
        let entries: Vec<&Entry> =
            self.entries().values().filter(|entry| entry.rule.is_on_default_bus()).collect();
        // A rule that could not be read may be attached.
        let is_unknown = |entry: &Entry| entry.details_at.is_none();
        if entries.iter().any(|entry| is_unknown(entry) && entry.retry_at.is_none()) {
            return None;
        }
        let is_attached = |entry: &Entry| queue.is_some_and(|queue| entry.sends_to(queue));
        let covered =
            entries.iter().filter(|entry| is_unknown(entry) || is_attached(entry) || is_ignored(entry));
        let covered = covered.map(|entry| &entry.rule).collect();
        let listed: Vec<ListedRule> = entries.iter().map(|entry| entry.listed()).collect();
        let is_followed = |entry: &Entry| {
            let others = entry.targets.iter().filter(|target| queue != Some(target.arn.as_str()));
            let others: Vec<Target> = others.cloned().collect();
            others.is_empty() || Answering::of(&others).is_known || !entry.acts_as().is_empty()
        };
        // Events other than API calls name no caller, so their rules are not judged by actors.
        let has_watch =
            entries.iter().any(|entry| entry.state.is_enabled() && self.own.is_watch(&entry.rule));
        let is_judged =
            |entry: &Entry| has_watch && entry.is_guarded(&self.own) && takes_calls_alone(&entry.listed());
        let unresolved_reason = entries.iter().filter(|entry| is_judged(entry) && !is_followed(entry));
        let unresolved_reason = unresolved_reason.filter(|entry| !is_ignored(entry) && !is_unknown(entry));
        let actors = unresolved_reason.map(|entry| entry.rule.clone()).collect();
        Some(Unwatched { actors, ..Unwatched::of(&listed, &self.own, &covered, &BTreeSet::new()) })
    }
}

/// Returns true if the guard's enabled catch-all rules are all in the state `ENABLED`, and there is at least one.
pub(super) fn is_shown_by_plain<'e>(entries: impl Iterator<Item = &'e Entry>, own: &Own) -> bool {
    let is_ours = |entry: &&Entry| entry.rule.is_on_default_bus() && own.is_watch(&entry.rule);
    let mut states =
        entries.filter(is_ours).map(|entry| entry.state).filter(|state| state.is_enabled()).peekable();
    states.peek().is_some() && states.all(|state| state == RuleState::Enabled)
}

/// Returns true if an enabled catch-all rule receives every event that this rule takes.
pub(super) fn is_shown<'e>(entry: &Entry, entries: impl Iterator<Item = &'e Entry>, own: &Own) -> bool {
    let watches = entries.filter(|one| one.rule.is_on_default_bus() && own.is_watch(&one.rule));
    let mut watches = watches.filter(|one| one.state.is_enabled()).map(Entry::listed);
    let rule = entry.listed();
    entry.event_pattern.is_some()
        && entry.rule.is_on_default_bus()
        && watches.any(|watch| shows(&watch, &rule))
}

/// Returns true if the catch-all rule receives every event of AWS that this rule takes, and of the sources that it
/// names.
fn shows(watch: &ListedRule, rule: &ListedRule) -> bool {
    if !takes_calls_alone(watch) {
        return true;
    }
    let (shown, taken) = (sources(watch), sources(rule));
    let is_shown = |source: &Value| {
        let text = source.as_str().or_else(|| source["prefix"].as_str());
        let is_taken = |one: &Value| match one["prefix"].as_str() {
            Some(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            None => one == source,
        };
        shown.as_ref().is_none_or(|shown| shown.iter().any(is_taken))
    };
    takes_calls_alone(rule) && taken.is_none_or(|taken| taken.iter().all(is_shown))
}

/// Sources in the rule's pattern. `None` if it names none.
fn sources(rule: &ListedRule) -> Option<Vec<Value>> {
    let pattern: Value = serde_json::from_str(rule.event_pattern.as_deref()?).ok()?;
    pattern["source"].as_array().cloned()
}

fn takes_reads(rule: &ListedRule) -> bool {
    rule.state == RuleState::EnabledWithAllCloudtrailManagementEvents
}

/// Returns true if every `detail-type` in the rule's pattern is one of CloudTrail's. False if the pattern is too
/// complex to decide.
fn takes_calls_alone(rule: &ListedRule) -> bool {
    let pattern = rule.event_pattern.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
    let kinds = pattern.as_ref().and_then(|pattern| pattern["detail-type"].as_array());
    let is_call = |kind: &Value| {
        let text = ["suffix", "prefix"].iter().find_map(|operator| kind[operator].as_str());
        let any_case = |text: &str| text.to_lowercase().ends_with(&CALLS.to_lowercase());
        kind.as_str().or(text).is_some_and(|text| text.ends_with(CALLS))
            || kind["equals-ignore-case"].as_str().is_some_and(any_case)
    };
    kinds.is_some_and(|kinds| kinds.iter().all(is_call))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = r#"{"detail-type":["AWS API Call via CloudTrail"]}"#;
    const WATCH: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
    const ALL: &str = r#"{"source":[{"prefix":""}]}"#;
    const THIRD: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

    fn arn(name: &str) -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
    }

    fn rule(name: &str, state: RuleState, pattern: &str) -> ListedRule {
        ListedRule {
            rule: arn(name),
            state,
            event_pattern: Some(pattern.to_owned()),
            schedule_expression: None,
            role_arn: None,
            managed_by: None,
        }
    }

    fn own() -> Own {
        Own::example()
    }

    fn unwatched(listed: &[ListedRule]) -> Unwatched {
        Unwatched::of(listed, &own(), &BTreeSet::new(), &BTreeSet::new())
    }

    #[test]
    fn the_wider_setting_is_asked_for_where_a_rule_needs_it() {
        let on = RuleState::Enabled;
        let rules = [rule("reader", THIRD, CALL), rule("deploys", on, r#"{"source":["deploy"]}"#)];
        let quiet = [rule("calls", on, CALL), rule("off", RuleState::Disabled, r#"{"source":["x"]}"#)];
        let check = |state, pattern: &str, expected: &[(&str, &str)]| {
            let mut listed = vec![rule("budget-guard-watch", state, pattern)];
            listed.extend(rules.iter().chain(&quiet).cloned());
            let found = unwatched(&listed);
            let said = found.coverage().sentences();
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, (rule, setting)) in said.iter().zip(expected) {
                assert!(said.starts_with(&format!("rule {rule}: ")) && said.ends_with(setting), "{said}");
            }
            assert_eq!(
                found.coverage().settings(),
                expected.iter().map(|(_, setting)| *setting).collect::<Vec<_>>()
            );
            assert_eq!((found.coverage().rules.len(), found.ids().len()), (expected.len(), expected.len()));
        };
        let (reads, all) = (("reader", "WatchReadOnlyCalls=true"), ("deploys", "Watch=all"));
        check(on, WATCH, &[reads, all]);
        check(THIRD, WATCH, &[all]);
        check(on, ALL, &[reads]);
        check(THIRD, ALL, &[]);
        check(RuleState::Disabled, WATCH, &[]);
    }

    #[test]
    fn calls_of_sources_that_the_catch_all_rule_leaves_out_are_not_shown() {
        let check = |watch: &str, source: &str, expected: bool| {
            let kinds = r#""detail-type":["AWS API Call via CloudTrail"]"#;
            let pattern = match source {
                "" => format!("{{{kinds}}}"),
                source => format!(r#"{{"source":[{source}],{kinds}}}"#),
            };
            let on = RuleState::Enabled;
            let seen = shows(&rule("budget-guard-watch", on, watch), &rule("a", on, &pattern));
            assert_eq!(seen, expected, "{source} by {watch}");
        };
        let some = r#"{"source":[{"prefix":"aws."},{"prefix":"trails."},"budget-guard.drill"],"detail-type":[{"suffix":"via CloudTrail"}]}"#;
        check(some, r#""aws.s3""#, true);
        check(some, r#"{"prefix":"aws.s3"}"#, true);
        check(some, r#""aws.s3","trails.eu""#, true);
        check(some, r#""budget-guard.drill""#, true);
        // The rule takes events of AWS, and the guard is shown all of them. Events of other senders prove nothing in any case.
        check(some, "", true);
        check(some, r#""orders""#, false);
        check(some, r#""aws.s3","orders""#, false);
        check(some, r#"{"prefix":"aw"}"#, false);
        check(some, r#"{"anything-but":"aws.s3"}"#, false);
        check(WATCH, r#""orders""#, true);
        check(ALL, r#""orders""#, true);
    }

    #[test]
    fn what_only_calls_fire_is_known_by_the_kinds_it_names() {
        let check = |kinds: &str, expected: bool| {
            let rule = rule("a", RuleState::Enabled, &format!(r#"{{"detail-type":[{kinds}]}}"#));
            assert_eq!(takes_calls_alone(&rule), expected, "{kinds}");
        };
        check(r#""AWS API Call via CloudTrail""#, true);
        check(r#"{"suffix":"via CloudTrail"}"#, true);
        check(r#"{"prefix":"AWS API Call via CloudTrail"}"#, true);
        check(r#"{"equals-ignore-case":"aws api call VIA cloudtrail"}"#, true);
        check(r#""AWS API Call via CloudTrail",{"prefix":"AWS Console Sign In via CloudTrail"}"#, true);
        check(r#""aws api call via cloudtrail""#, false);
        check(r#"{"prefix":"AWS API Call"}"#, false);
        check(r#"{"equals-ignore-case":"deployed"}"#, false);
        check(r#"{"anything-but":"AWS API Call via CloudTrail"}"#, false);
        check(r#""AWS API Call via CloudTrail","deployed""#, false);
    }

    #[test]
    fn a_rule_that_is_covered_or_has_fired_into_the_table_is_seen() {
        let on = RuleState::Enabled;
        let listed = [
            rule("budget-guard-watch", on, WATCH),
            rule("deploys", on, r#"{"source":["deploy"]}"#),
            rule("reader", THIRD, CALL),
        ];
        let (deploys, reader) = (&listed[1].rule, &listed[2].rule);
        let check = |covered: &[&RuleArn], seen: &[&RuleArn], expected: &[&RuleArn]| {
            let found = Unwatched::of(
                &listed,
                &own(),
                &covered.iter().copied().collect(),
                &seen.iter().copied().collect(),
            );
            assert_eq!(
                found.coverage().rules.iter().collect::<BTreeSet<_>>(),
                expected.iter().copied().collect(),
                "{covered:?} {seen:?}"
            );
        };
        check(&[], &[], &[deploys, reader]);
        check(&[], &[deploys], &[reader]);
        // Its firings may have been calls that write.
        check(&[], &[reader], &[deploys, reader]);
        check(&[deploys, reader], &[], &[]);
    }
}
