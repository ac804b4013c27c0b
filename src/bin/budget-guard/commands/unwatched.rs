//! Rules of the default bus that fire on events which the guard's catch-all rule does not bring it.

use std::collections::BTreeSet;

use budget_guard::aws::EventBridgeRules;
use budget_guard::model::{Fault, ListedRule, OWN_PREFIX, RuleArn, RuleState};
use budget_guard::ports::Rules;
use serde_json::Value;

/// Of 100 rules each; more than the quota of rules on a bus.
const PAGES: u32 = 20;
/// As many names as a line of text holds; the others are counted.
const NAMED: usize = 3;
const CALLS: &str = "via CloudTrail";

/// What is asked of the guard's stack, a sentence for each setting; none if its catch-all rule is not there.
pub async fn hints(rules: &EventBridgeRules, seen: &BTreeSet<&RuleArn>) -> Result<Vec<String>, Fault> {
    let mut listed = Vec::new();
    let mut next_token = None;
    for _ in 0..PAGES {
        let page = rules.list("default", next_token.as_deref()).await?;
        listed.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    Ok(sentences(&listed, seen))
}

fn sentences(listed: &[ListedRule], seen: &BTreeSet<&RuleArn>) -> Vec<String> {
    let is_watch = |name: &str| {
        name.starts_with(OWN_PREFIX) && (name.ends_with("-watch") || name.ends_with("-catch-all"))
    };
    let watches: Vec<&ListedRule> =
        listed.iter().filter(|one| one.state.is_enabled() && is_watch(one.rule.name())).collect();
    if watches.is_empty() {
        return Vec::new();
    }
    let has_reads = watches.iter().any(|watch| hears_reads(watch));
    let has_all = watches.iter().any(|watch| !hears_calls_alone(watch));
    let others = listed.iter().filter(|one| {
        let is_others = !one.rule.name().starts_with(OWN_PREFIX) && one.managed_by.is_none();
        is_others && one.state.is_enabled() && one.event_pattern.is_some()
    });
    let (mut reads, mut events) = (Vec::new(), Vec::new());
    for one in others {
        if !has_reads && hears_reads(one) {
            reads.push(one.rule.name());
        }
        // One that has fired into the table is attached.
        if !has_all && !hears_calls_alone(one) && !seen.contains(&one.rule) {
            events.push(one.rule.name());
        }
    }
    let mut sentences = Vec::new();
    if let Some(names) = names(&reads) {
        sentences.push(format!(
            "{names}: calls that only read fire this too, and the guard is not shown those; \
             deploy the stack with WatchReadOnlyCalls=true"
        ));
    }
    if let Some(names) = names(&events) {
        sentences.push(format!(
            "{names}: not only API calls fire this, and the guard is shown nothing else; \
             budget-guard attach RULE, or deploy the stack with Watch=all"
        ));
    }
    sentences
}

fn hears_reads(rule: &ListedRule) -> bool {
    rule.state == RuleState::EnabledWithAllCloudtrailManagementEvents
}

/// Whether every kind of event that its pattern names is one of CloudTrail's. What is not plain is not.
fn hears_calls_alone(rule: &ListedRule) -> bool {
    let pattern = rule.event_pattern.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
    let kinds = pattern.as_ref().and_then(|pattern| pattern["detail-type"].as_array());
    let is_call = |kind: &Value| {
        let text = kind.as_str().or_else(|| kind["suffix"].as_str());
        text.is_some_and(|text| text.ends_with(CALLS))
    };
    kinds.is_some_and(|kinds| kinds.iter().all(is_call))
}

/// `rule a`, `rules a and b`, `rules a, b, c and 4 others`.
fn names(names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("rule {one}")),
        [most @ .., last] if names.len() <= NAMED => Some(format!("rules {} and {last}", most.join(", "))),
        _ => {
            let (named, others) = names.split_at(NAMED);
            let others =
                if others.len() == 1 { "1 other".into() } else { format!("{} others", others.len()) };
            Some(format!("rules {} and {others}", named.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = r#"{"detail-type":["AWS API Call via CloudTrail"]}"#;
    const WATCH: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
    const ALL: &str = r#"{"source":[{"prefix":""}]}"#;
    const THIRD: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

    fn rule(name: &str, state: RuleState, pattern: &str) -> ListedRule {
        ListedRule {
            rule: format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap(),
            state,
            event_pattern: Some(pattern.to_owned()),
            schedule_expression: None,
            role_arn: None,
            managed_by: None,
        }
    }

    #[test]
    fn the_wider_setting_is_asked_for_where_a_rule_needs_it() {
        let on = RuleState::Enabled;
        let rules = [rule("reader", THIRD, CALL), rule("deploys", on, r#"{"source":["deploy"]}"#)];
        let quiet = [rule("calls", on, CALL), rule("off", RuleState::Disabled, r#"{"source":["x"]}"#)];
        let check = |state, pattern: &str, expected: &[&str]| {
            let mut listed = vec![rule("budget-guard-watch", state, pattern)];
            listed.extend(rules.iter().chain(&quiet).cloned());
            let said = sentences(&listed, &BTreeSet::new());
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, expected) in said.iter().zip(expected) {
                assert!(said.starts_with(expected.split(' ').next().unwrap()), "{said}");
                assert!(expected.split(' ').all(|word| said.contains(word)), "{said}: {expected}");
            }
        };
        let (reads, all) = ("rule reader: WatchReadOnlyCalls=true", "rule deploys: Watch=all");
        check(on, WATCH, &[reads, all]);
        check(THIRD, WATCH, &[all]);
        check(on, ALL, &[reads]);
        check(THIRD, ALL, &[]);
        check(RuleState::Disabled, WATCH, &[]);
    }

    #[test]
    fn a_rule_that_has_fired_into_the_table_is_seen() {
        let on = RuleState::Enabled;
        let listed = [rule("budget-guard-watch", on, WATCH), rule("deploys", on, r#"{"source":["deploy"]}"#)];
        assert_eq!(sentences(&listed, &BTreeSet::new()).len(), 1);
        assert_eq!(sentences(&listed, &BTreeSet::from([&listed[1].rule])), Vec::<String>::new());
    }

    #[test]
    fn many_names_are_counted() {
        let check = |all: &[&str], expected: Option<&str>| assert_eq!(names(all).as_deref(), expected);
        check(&[], None);
        check(&["a"], Some("rule a"));
        check(&["a", "b"], Some("rules a and b"));
        check(&["a", "b", "c"], Some("rules a, b and c"));
        check(&["a", "b", "c", "d"], Some("rules a, b, c and 1 other"));
        check(&["a", "b", "c", "d", "e"], Some("rules a, b, c and 2 others"));
    }
}
