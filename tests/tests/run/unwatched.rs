//! Rules with events that the guard does not get: an alert names them, and the setting of the stack that helps.

use super::*;
use budget_guard_core::alerts::AlertJson;
use budget_guard_core::model::Target;

const CALLS: &str = r#"{"detail-type":["AWS API Call via CloudTrail"]}"#;
const WATCH: &str = r#"{"detail-type":[{"suffix":"via CloudTrail"}]}"#;
const ALL: &str = r#"{"source":[{"prefix":""}]}"#;
const DEPLOYS: &str = r#"{"source":["deploy"]}"#;
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:budget-guard-attached";
const ON: RuleState = RuleState::Enabled;
const THIRD: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

fn definition(state: RuleState, pattern: &str) -> RuleDefinition {
    RuleDefinition { event_pattern: Some(pattern.to_owned()), ..World::rule(state) }
}

/// The catch-all rule of the stack.
fn watch(state: RuleState, pattern: &str) -> RuleDefinition {
    let queue = "arn:aws:sqs:us-east-1:123456789012:budget-guard-firings";
    RuleDefinition { targets: vec![Target::new("guard", queue)], ..definition(state, pattern) }
}

fn sent_to_the_guard(state: RuleState, pattern: &str) -> RuleDefinition {
    RuleDefinition { targets: vec![Target::new("guard", QUEUE)], ..definition(state, pattern) }
}

/// World with the stack's catch-all rule, and a rule on API calls, which the catch-all rule covers.
fn world() -> World {
    let world = World::new(NOON);
    world.put_rule(&rule("budget-guard-watch"), watch(ON, WATCH));
    world.put_rule(&rule("calls"), definition(ON, CALLS));
    world
}

/// A guard to whose queue attached rules send.
fn with_queue(world: &World) -> Guard<World> {
    let mut guard = guard(world, "200/60s");
    guard.home.attached_queue = Some(QUEUE.into());
    guard
}

/// Tick of another process after this time.
fn tick_after(world: &World, hours: i64) {
    world.advance(SignedDuration::from_hours(hours));
    let (reply, summary) = run(with_queue(world).handle(&tick())).unwrap();
    reply.unwrap();
    assert_eq!(summary.failed, 0, "{summary:?}");
}

fn told(alert: &AlertJson) -> (Vec<&str>, Vec<&str>) {
    let rules = alert.rules.iter().map(|rule| rule.name.as_str()).collect();
    (rules, alert.settings.iter().flatten().map(String::as_str).collect())
}

#[test]
fn one_alert_names_the_rules_and_the_setting() {
    let (reads, all) = ("WatchReadOnlyCalls=true", "Watch=all");
    let tagged = |mode: &str| {
        let mut rule = definition(ON, DEPLOYS);
        rule.tags.insert("budget-guard:mode".into(), mode.into());
        rule
    };
    let managed = RuleDefinition { managed_by: Some("x.amazonaws.com".into()), ..definition(ON, DEPLOYS) };
    let check =
        |watch: RuleDefinition, others: &[(&str, RuleDefinition)], rules: &[&str], settings: &[&str]| {
            let world = world();
            world.put_rule(&rule("budget-guard-watch"), watch);
            for (name, definition) in others {
                world.put_rule(&rule(name), definition.clone());
            }
            tick_after(&world, 0);
            let alerts = world.unwatched_alerts();
            let expected = if rules.is_empty() { vec![] } else { vec![(rules.to_vec(), settings.to_vec())] };
            assert_eq!(alerts.iter().map(told).collect::<Vec<_>>(), expected, "{others:?}");
        };
    let (deploys, reader) = (("deploys", definition(ON, DEPLOYS)), ("reader", definition(THIRD, CALLS)));
    let both = [deploys.clone(), reader.clone()];
    check(watch(ON, WATCH), &[], &[], &[]);
    check(watch(ON, WATCH), std::slice::from_ref(&deploys), &["deploys"], &[all]);
    check(watch(ON, WATCH), std::slice::from_ref(&reader), &["reader"], &[reads]);
    check(watch(ON, WATCH), &both, &["deploys", "reader"], &[reads, all]);
    check(watch(THIRD, WATCH), &both, &["deploys"], &[all]);
    check(watch(ON, ALL), &both, &["reader"], &[reads]);
    check(watch(THIRD, ALL), &both, &[], &[]);
    // Without a catch-all rule, every rule has to be attached, and no rule is reported.
    check(watch(RuleState::Disabled, WATCH), &both, &[], &[]);
    let shown = [
        ("attached", sent_to_the_guard(ON, DEPLOYS)),
        ("ignored", tagged("ignore")),
        ("managed", managed),
        ("off", definition(RuleState::Disabled, DEPLOYS)),
        ("orders/custom", definition(ON, DEPLOYS)),
    ];
    check(watch(ON, WATCH), &shown, &[], &[]);
    check(watch(ON, WATCH), &[("observed", tagged("observe"))], &["observed"], &[all]);
}

#[test]
fn targets_that_cannot_be_followed_are_told() {
    let check = |arn: &str, role: Option<&str>, tag: Option<&str>, expected: &[&str]| {
        let world = world();
        let mut definition = definition(ON, CALLS);
        let actors =
            role.map(|role| budget_guard_core::model::Actor::new(arn, Some(role))).into_iter().collect();
        definition.targets = vec![Target { actors, ..Target::new("1", arn) }];
        definition.tags.extend(tag.map(|roles| ("budget-guard:acts-as".to_owned(), roles.to_owned())));
        world.put_rule(&rule("calls"), definition);
        tick_after(&world, 0);
        let alerts = world.unwatched_alerts();
        let reasons: Vec<&str> = alerts.iter().map(|alert| alert.reason.as_str()).collect();
        assert_eq!(reasons, expected, "{arn} {role:?} {tag:?}");
        if let Some(alert) = alerts.first() {
            assert_eq!(alert.subject(), "budget-guard cannot tell who acts for 1 rule");
            assert!(alert.text().starts_with("Some rules have targets that budget-guard cannot follow."));
        }
    };
    let elsewhere = "arn:aws:events:us-east-1:123456789012:api-destination/chat/1";
    let said = "rule calls: who acts behind the targets is not known, so a slow loop is not seen; budget-guard status RULE says \
                what is missing, and the tag budget-guard:acts-as names the roles";
    check(elsewhere, None, None, &[said]);
    check(elsewhere, None, Some("hub"), &[]);
    check(elsewhere, None, Some("*"), &[said]);
    check(
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        Some("arn:aws:iam::123456789012:role/r"),
        None,
        &[],
    );
    check("arn:aws:lambda:us-east-1:123456789012:function:f", None, None, &[said]);
}

#[test]
fn it_is_told_once_and_what_is_new_a_day_later() {
    let world = world();
    world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
    let alerts = |after: i64| {
        tick_after(&world, after);
        world.unwatched_alerts().iter().map(|alert| told(alert).0.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(alerts(0), ["deploys"]);
    assert_eq!(alerts(1), ["deploys"], "it is known");
    world.put_rule(&rule("reader"), definition(THIRD, CALLS));
    assert_eq!(alerts(1), ["deploys"], "one a day");
    assert_eq!(alerts(22), ["deploys", "deploys reader"]);
    assert_eq!(alerts(48), ["deploys", "deploys reader"], "both are known");
    world.delete_rule(&rule("deploys"));
    assert_eq!(alerts(48).len(), 2, "less than that is no news");
    world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
    assert_eq!(alerts(48).len(), 2, "it was gone for days");
    world.delete_rule(&rule("deploys"));
    assert_eq!(alerts(48).len(), 2);
    world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
    world.advance(SignedDuration::from_hours(24));
    world.delete_rule(&rule("deploys"));
    assert_eq!((alerts(1).len(), alerts(30 * 24).len()), (2, 2));
    world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
    assert_eq!(alerts(1).len(), 3, "it was gone for a month");
    let ids: Vec<String> = world.unwatched_alerts().into_iter().map(|alert| alert.dedup_id).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn a_rule_that_is_off_at_night_is_told_once() {
    let world = world();
    for _ in 0..40 {
        world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
        tick_after(&world, 12);
        world.put_rule(&rule("deploys"), definition(RuleState::Disabled, DEPLOYS));
        tick_after(&world, 12);
    }
    assert_eq!(world.unwatched_alerts().len(), 1);
}

#[test]
fn it_waits_until_all_targets_are_known() {
    let world = world();
    for n in 0..60 {
        world.put_rule(&rule(&format!("r{n:02}")), sent_to_the_guard(ON, DEPLOYS));
    }
    world.put_rule(&rule("z-deploys"), definition(ON, DEPLOYS));
    tick_after(&world, 0);
    assert!(world.unwatched_alerts().is_empty(), "62 rules are more than a tick reads");
    tick_after(&world, 1);
    assert_eq!(
        world.unwatched_alerts().iter().map(told).collect::<Vec<_>>(),
        [(vec!["z-deploys"], vec!["Watch=all"])]
    );
}

#[test]
fn one_rule_that_cannot_be_read_does_not_silence_the_others() {
    for kind in [FaultKind::Other, FaultKind::Timeout, FaultKind::Managed, FaultKind::Denied] {
        let world = world();
        world.put_rule(&rule("a-broken"), definition(ON, CALLS));
        world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
        world.faults.always(Call::ListTargets, &rule("a-broken"), kind);
        (0..20).for_each(|_| tick_after(&world, 1));
        let alerts = world.unwatched_alerts();
        assert_eq!(
            alerts.iter().map(told).collect::<Vec<_>>(),
            [(vec!["deploys"], vec!["Watch=all"])],
            "{kind:?}"
        );
    }
}

#[test]
fn a_rule_whose_targets_may_not_be_read_is_not_said_to_be_unattached() {
    let check = |unreadable: &str, expected: &[&str]| {
        let world = world();
        world.put_rule(&rule("attached"), sent_to_the_guard(ON, DEPLOYS));
        world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
        world.faults.always(Call::ListTargets, &rule(unreadable), FaultKind::Denied);
        (0..3).for_each(|_| tick_after(&world, 1));
        let alerts = world.unwatched_alerts();
        assert_eq!(
            alerts.iter().flat_map(|alert| told(alert).0).collect::<Vec<_>>(),
            expected,
            "{unreadable}"
        );
    };
    check("calls", &["deploys"]);
    check("attached", &["deploys"]);
    check("deploys", &[]);
    check("budget-guard-watch", &["deploys"]);
}

#[test]
fn what_could_not_be_told_is_told_by_the_next_pass() {
    for fate in [Fate::Fails(FaultKind::Throttled), Fate::DiesBefore, Fate::DiesAfter, Fate::ReplyLost] {
        let world = world();
        world.put_rule(&rule("deploys"), definition(ON, DEPLOYS));
        world.faults.plan(Call::Publish, 1, fate.clone());
        let _ = run(with_queue(&world).handle(&tick()));
        world.faults.clear();
        tick_after(&world, 1);
        tick_after(&world, 1);
        let alerts = world.unwatched_alerts().len();
        let twice = matches!(fate, Fate::DiesAfter | Fate::ReplyLost);
        assert_eq!(alerts, if twice { 2 } else { 1 }, "{fate:?}");
    }
}
