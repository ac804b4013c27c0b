//! Tags as weapons: `events:TagResource` alone must neither cut a rule nor blind the guard in silence.

use super::zero_touch::{PATTERN, call, definition, guarded, handle, later, rule_call};
use super::*;
use budget_guard_core::alerts::AlertJson;
use budget_guard_core::settings;

const MODE: &str = "budget-guard:mode";
const LIMIT: &str = "budget-guard:limit";

fn tagged(tags: &[(&str, &str)]) -> RuleDefinition {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    RuleDefinition { tags, ..definition(PATTERN) }
}

/// Guard with these settings and those that the stack has by default.
fn deployed(world: &World, variables: &[(&str, &str)]) -> Guard<World> {
    let lookup = |name: &str| {
        let value = variables.iter().find(|(known, _)| *known == name);
        value.map(|(_, value)| (*value).to_owned())
    };
    let defaults = settings::defaults(lookup).expect("the settings are right");
    let mut guard = guard(world, "200/60s");
    guard.defaults = defaults;
    guard
}

fn calls(ids: std::ops::Range<usize>) -> Vec<u8> {
    let bodies: Vec<String> = ids.map(|id| call(id).to_string()).collect();
    batch(bodies.iter().map(String::as_str))
}

fn texts(world: &World) -> Vec<String> {
    world.alerts().iter().map(AlertJson::text).collect()
}

/// Alerts about changes to the guard itself.
fn tampered(world: &World) -> Vec<String> {
    let alerts = world.published(|alert| alert.kind.as_str() == "tampered");
    alerts.into_iter().map(|alert| alert.reason).collect()
}

/// Event of a change of a rule's tags by `ann`.
fn retagged(name: &str, path: &str) -> Vec<u8> {
    batch([rule_call(name, json!({"resourceARN": rule(path)}), NOON).as_str()])
}

#[test]
fn tags_alone_cut_nothing_while_the_account_observes() {
    let check = |variables: &[(&str, &str)], firings: usize, expected: RuleState| {
        let world = world_with(&rule("fix-acl"), tagged(&[(MODE, "enforce"), (LIMIT, "1/1d")]));
        let guard = deployed(&world, variables);
        handle(&guard, &tick());
        handle(&guard, &calls(0..firings));
        assert_eq!(world.rule_state(&rule("fix-acl")), Some(expected), "{variables:?} {firings}");
        texts(&world).join("\n").replace("\n           ", " ")
    };
    let said = check(&[], 1, RuleState::Enabled);
    assert!(said.contains("tag budget-guard:mode: enforce is not obeyed"), "{said}");
    assert!(
        said.contains("tag budget-guard:limit: 1/1d is below the floor of 20/60s, which holds"),
        "{said}"
    );
    check(&[], 40, RuleState::Enabled);
    // The operator may allow both, each by itself.
    let enforces = ("BUDGET_GUARD_ENFORCE_BY_TAG", "true");
    check(&[enforces], 19, RuleState::Enabled);
    check(&[enforces], 20, RuleState::Disabled);
    check(&[("BUDGET_GUARD_MODE", "enforce")], 19, RuleState::Enabled);
    check(&[("BUDGET_GUARD_MODE", "enforce"), ("BUDGET_GUARD_TAG_FLOOR", "1/1d")], 1, RuleState::Disabled);
}

/// A drill shows that the guard cuts, also where the account observes. Its tags harm its own rule alone.
#[test]
fn the_tags_of_a_drill_are_taken_at_their_word() {
    let arn = rule("drill-budget-guard-1");
    let world = world_with(&arn, tagged(&[(MODE, "enforce"), (LIMIT, "5/60s")]));
    let guard = deployed(&world, &[]);
    handle(&guard, &tick());
    handle(&guard, &calls(0..5));
    assert_eq!(world.rule_state(&arn), Some(RuleState::Disabled));
    assert!(texts(&world).iter().all(|text| !text.contains("budget-guard:mode")), "{:?}", texts(&world));
}

#[test]
fn a_changed_guard_tag_is_told_with_its_author_and_both_values() {
    let check = |before: &[(&str, &str)], after: &[(&str, &str)], expected: &[&str]| {
        let (world, guard) = guarded(&[("fix-acl", tagged(before))], "200/60s");
        handle(&guard, &calls(0..3));
        world.put_rule(&rule("fix-acl"), tagged(after));
        handle(&guard, &retagged("TagResource", "fix-acl"));
        assert_eq!(tampered(&world), expected, "{before:?} {after:?}");
        // The same event again, and the next reading of all rules, tell nothing new.
        handle(&guard, &retagged("TagResource", "fix-acl"));
        later(&world, 7 * 3_600);
        handle(&guard, &tick());
        assert_eq!(tampered(&world).len(), expected.len());
    };
    check(
        &[],
        &[(MODE, "ignore")],
        &[r#"the tag budget-guard:mode of rule "fix-acl" was not set, and is "ignore" now, by ann"#],
    );
    check(
        &[(MODE, "enforce"), (LIMIT, "500/5m")],
        &[(LIMIT, "1/1d")],
        &[
            r#"the tag budget-guard:limit of rule "fix-acl" was "500/5m", and is "1/1d" now, by ann; the tag budget-guard:mode of rule "fix-acl" was "enforce", and is not set now, by ann"#,
        ],
    );
    check(&[(MODE, "enforce"), ("team", "red")], &[(MODE, "enforce"), ("team", "blue")], &[]);
}

/// Tags that a rule is made with are no change, and neither is the first sight of an older rule.
#[test]
fn tags_at_first_sight_are_no_change() {
    let (world, guard) = guarded(&[("older", tagged(&[(MODE, "ignore")]))], "200/60s");
    world.put_rule(&rule("fix-acl"), tagged(&[(MODE, "ignore")]));
    let made =
        rule_call("PutRule", json!({"name": "fix-acl", "tags": [{"key": MODE, "value": "ignore"}]}), NOON);
    handle(
        &guard,
        &batch([
            made.as_str(),
            rule_call("TagResource", json!({"resourceARN": rule("fix-acl")}), NOON).as_str(),
        ]),
    );
    later(&world, 60);
    handle(&guard, &tick());
    assert_eq!(tampered(&world), Vec::<String>::new());
}

/// More rules than are read at once: the tick reads the rest, and the author is still known.
#[test]
fn a_flood_of_tag_changes_hides_none_and_keeps_their_author() {
    let names = ["a", "b", "c", "d", "e"];
    let rules = names.map(|name| (name, definition(PATTERN)));
    let (world, guard) = guarded(&rules, "200/60s");
    names.iter().for_each(|name| world.put_rule(&rule(name), tagged(&[(MODE, "ignore")])));
    let events = names.map(|name| rule_call("TagResource", json!({"resourceARN": rule(name)}), NOON));
    handle(&guard, &batch(events.iter().map(String::as_str)));
    later(&world, 60);
    handle(&guard, &tick());
    let told = tampered(&world).join("; ");
    for name in names {
        let words = format!(r#"of rule "{name}" was not set, and is "ignore" now, by ann"#);
        assert!(told.contains(&words), "{name}: {told}");
    }
}
