//! Tags, their floors, and what overspent budgets do to limits, as tables.

use super::*;
use crate::model::{Actor, Millis, Target};
use crate::prices::CostBasis;

#[test]
fn tags_override_and_bad_tags_are_named() {
    let check = |tags: &[(&str, &str)], mode: Mode, burst: &str, bad: &[&str]| {
        let defaults = Limits::new(Mode::Enforce, "200/60s".parse().unwrap());
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let limits = defaults.with_tags(&tags);
        assert_eq!((limits.mode, limits.burst.to_string().as_str()), (mode, burst));
        assert_eq!(limits.bad_tags.len(), bad.len(), "{:?}", limits.bad_tags);
        for (seen, expected) in limits.bad_tags.iter().zip(bad) {
            assert!(seen.contains(expected), "{seen}");
        }
    };
    check(&[], Mode::Enforce, "200/60s", &[]);
    check(&[("budget-guard:mode", "observe"), ("team", "blue")], Mode::Observe, "200/60s", &[]);
    check(&[("budget-guard:limit", "500/5m")], Mode::Enforce, "500/5m", &[]);
    check(&[("budget-guard:mode", "Ignore!")], Mode::Enforce, "200/60s", &[r#""Ignore!" is not a mode"#]);
    check(&[("budget-guard:limit", "many")], Mode::Enforce, "200/60s", &[r#""many" is not a burst limit"#]);
    check(
        &[("budget-guard:auto-restore", "soon")],
        Mode::Enforce,
        "200/60s",
        &[r#""soon" is not a duration"#],
    );
    check(
        &[("budget-guard:budget", " , ")],
        Mode::Enforce,
        "200/60s",
        &[r#"tag budget-guard:budget: " , " names no budget; expected"#],
    );
    check(&[("budget-guard:trial", "off")], Mode::Enforce, "200/60s", &[]);
    check(
        &[("budget-guard:trial", "maybe")],
        Mode::Enforce,
        "200/60s",
        &[r#"tag budget-guard:trial: "maybe" is not a switch; expected on or off"#],
    );
    check(
        &[("budget-guard:trial", "on")],
        Mode::Enforce,
        "200/60s",
        &["the stack does not let the guard restore rules; set Trial=true or AutoRestore=true"],
    );
    check(
        &[("budget-guard:limit", "0/60s"), ("budget-guard:mode", "")],
        Mode::Enforce,
        "200/60s",
        &["is not a mode", "is not a burst limit"],
    );
}

#[test]
fn tags_go_below_no_floor_and_enforce_only_where_they_may() {
    let check = |defaults: &Limits, tags: &[(&str, &str)], expected: [&str; 3], said: usize| {
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let limits = defaults.with_tags(&tags);
        let seen = [limits.mode.to_string(), limits.burst.to_string(), Switchable(limits.turns).to_string()];
        assert_eq!(seen, expected, "{tags:?}");
        assert_eq!(limits.bad_tags.len(), said, "{:?}", limits.bad_tags);
    };
    let observe = Limits::new(Mode::Observe, "200/60s".parse().unwrap());
    check(&observe, &[(LIMIT_TAG, "1/1d")], ["observe", "20/60s", "10"], 1);
    check(&observe, &[(LIMIT_TAG, "19/60s")], ["observe", "20/60s", "10"], 1);
    // Fewer than twenty a minute, however many.
    check(&observe, &[(LIMIT_TAG, "5000/1d")], ["observe", "20/60s", "10"], 1);
    check(&observe, &[(LIMIT_TAG, "20/60s")], ["observe", "20/60s", "10"], 0);
    check(&observe, &[(LIMIT_TAG, "10/30s")], ["observe", "10/30s", "10"], 0);
    check(&observe, &[(TURNS_TAG, "2")], ["observe", "200/60s", "5"], 1);
    check(&observe, &[(TURNS_TAG, "5")], ["observe", "200/60s", "5"], 0);
    check(&observe, &[(TURNS_TAG, "off")], ["observe", "200/60s", "off"], 0);
    check(&observe, &[(MODE_TAG, "enforce")], ["observe", "200/60s", "10"], 1);
    check(&observe, &[(MODE_TAG, "ignore")], ["ignore", "200/60s", "10"], 0);
    let by_tag = Limits { enforce_by_tag: true, ..observe.clone() };
    check(&by_tag, &[(MODE_TAG, "enforce")], ["enforce", "200/60s", "10"], 0);
    // The defaults are the operator's, and have no floor.
    let low = Limits { mode: Mode::Enforce, burst: "3/1d".parse().unwrap(), ..observe };
    check(&low, &[(MODE_TAG, "enforce")], ["enforce", "3/1d", "10"], 0);
}

#[test]
fn the_operators_word_on_who_acts_is_enough_to_know_it() {
    let ecs = "arn:aws:ecs:us-east-1:123456789012:";
    let role = Some("arn:aws:iam::123456789012:role/worker");
    let actor = crate::model::Actor::new(&format!("{ecs}task-definition/worker"), role);
    let task = Target { actors: vec![actor], ..Target::new("1", format!("{ecs}cluster/work")) };
    let check = |targets: &[Target], tag: Option<&str>, is_known: bool, starts_one_task: bool| {
        let tags: Tags = tag.map(|roles| (ACTS_AS_TAG.to_owned(), roles.to_owned())).into_iter().collect();
        let limits = Limits::new(Mode::Enforce, "200/60s".parse().unwrap()).with_tags(&tags);
        let seen = limits.with_targets(targets).answering;
        assert_eq!((seen.is_known, seen.starts_one_task), (is_known, starts_one_task), "{tag:?}");
    };
    let queue = Target::new("1", "arn:aws:sqs:us-east-1:123456789012:work");
    check(std::slice::from_ref(&task), None, true, true);
    // Sessions of a declared role are no tasks of the target.
    check(std::slice::from_ref(&task), Some("hub"), true, false);
    check(std::slice::from_ref(&queue), None, false, false);
    check(std::slice::from_ref(&queue), Some("hub"), true, false);
    check(std::slice::from_ref(&queue), Some("*"), false, false);
}

#[test]
fn a_limit_is_the_operators_word_only_if_its_own_tag_says_it() {
    let check = |tags: &[(&str, &str)], expected: [&str; 3], is_tagged: [bool; 2], bad: usize| {
        let defaults = Limits::new(Mode::Enforce, "200/60s".parse().unwrap());
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let limits = defaults.with_tags(&tags);
        let seen = [
            limits.burst.to_string(),
            Switchable(limits.sustained).to_string(),
            Switchable(limits.turns).to_string(),
        ];
        assert_eq!(seen, expected);
        assert_eq!([limits.burst_is_tagged, limits.sustained_is_tagged], is_tagged);
        assert_eq!(limits.bad_tags.len(), bad, "{:?}", limits.bad_tags);
    };
    check(&[], ["200/60s", "20/15m/8", "10"], [false, false], 0);
    // Equal to the default, but set by a tag.
    check(&[(LIMIT_TAG, "200/60s")], ["200/60s", "20/15m/8", "10"], [true, false], 0);
    check(&[(SUSTAINED_TAG, "30/20m/10")], ["200/60s", "30/20m/10", "10"], [false, true], 0);
    check(&[(SUSTAINED_TAG, "off"), (TURNS_TAG, "off")], ["200/60s", "off", "off"], [false, true], 0);
    check(&[(TURNS_TAG, "25")], ["200/60s", "20/15m/8", "25"], [false, false], 0);
    // A tag that cannot be parsed does not count as set.
    let bad = [(LIMIT_TAG, "many"), (SUSTAINED_TAG, "OFF"), (TURNS_TAG, "1")];
    check(&bad, ["200/60s", "20/15m/8", "10"], [false, false], 3);
}

#[test]
fn pressure_divides_the_limit_of_the_rules_it_covers() {
    let check = |limit: &str, divisor: u32, tag: Option<&str>, overspent: &[&str], expected: &str| {
        let mut defaults = Limits::new(Mode::Enforce, limit.parse().unwrap());
        defaults.pressure = NonZeroU32::new(divisor).unwrap();
        let tags = tag.map(|tag| (BUDGET_TAG.to_owned(), tag.to_owned())).into_iter().collect();
        let pressed = defaults.with_tags(&tags).with_overspent_budgets(overspent.iter().copied());
        let seen = format!("{} by {}", pressed.burst, pressed.overspent_budgets.join(", "));
        assert_eq!(seen, expected, "{limit} / {divisor}, {tag:?}, {overspent:?}");
        let again = pressed.with_overspent_budgets(overspent.iter().copied());
        assert_eq!(again.burst, pressed.burst, "divided twice");
    };
    check("200/60s", 4, None, &[], "200/60s by ");
    check("200/60s", 4, None, &["blue", "red"], "50/60s by blue, red");
    check("200/60s", 4, Some("red"), &["blue", "red"], "50/60s by red");
    check("200/60s", 4, Some("red, green"), &["blue"], "200/60s by ");
    check("200/60s", 1, None, &["blue"], "200/60s by blue");
    check("3/5m", 4, None, &["blue"], "1/5m by blue");
    check("3/5m", u32::MAX, None, &["blue"], "1/5m by blue");
}

#[test]
fn a_limit_in_dollars_becomes_firings_at_the_price_of_the_rule() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
    let check =
        |tag: Option<&str>, default: &str, target: &str, mean: Option<u32>, burst: &str, bad: &[&str]| {
            let tags = tag.map(|tag| (LIMIT_TAG.to_owned(), tag.to_owned())).into_iter().collect();
            let defaults = match default.parse().unwrap() {
                LimitSetting::Firings(burst) => Limits::new(Mode::Enforce, burst),
                LimitSetting::Spend(spend) => {
                    Limits { spend: Some(spend), ..Limits::new(Mode::Enforce, BurstLimit::DEFAULT) }
                }
            };
            let mut target = Target::new("1", target);
            if target.is_function() {
                target.actors.push(Actor::new(function, None).with_memory(Some(1_024)));
            }
            let basis = CostBasis::new("default", None, &[target]);
            let means = mean.map(|millis| (function.to_owned(), Millis::new(millis))).into_iter().collect();
            let limits = defaults.with_tags(&tags).with_cost_basis(basis).priced(&means);
            assert_eq!((limits.burst, limits.base_burst), (burst.parse().unwrap(), limits.burst));
            assert_eq!(limits.bad_tags.len(), bad.len(), "{:?}", limits.bad_tags);
            for (seen, expected) in limits.bad_tags.iter().zip(bad) {
                assert!(seen.contains(expected), "{seen}");
            }
        };
    let (ecs, dollars) = ("arn:aws:ecs:us-east-1:123456789012:cluster/c", Some("5USD/1h"));
    // 16.87 USD a million while the run is not measured; 1.87 if it takes 100 ms, and 168 if it takes 10 s.
    check(dollars, "200/60s", function, None, "296442/1h", &[]);
    check(dollars, "200/60s", function, Some(100), "2678572/1h", &[]);
    check(dollars, "200/60s", function, Some(10_000), "29964/1h", &[]);
    check(None, "5USD/1h", function, None, "296442/1h", &[]);
    check(Some("500/5m"), "5USD/1h", function, None, "500/5m", &[]);
    check(Some("many"), "5USD/1h", function, None, "296442/1h", &["5.00 USD in 1h holds"]);
    check(
        Some("0.01USD/1h"),
        "200/60s",
        function,
        None,
        "20/60s",
        &["0.01 USD in 1h is below the floor of 20/60s"],
    );
    check(None, "0.01USD/1h", function, None, "592/1h", &[]);
    check(dollars, "200/60s", ecs, None, "200/60s", &["no price is known for its targets; 200/60s holds"]);
    check(None, "5USD/1h", ecs, None, "200/60s", &[]);
    let tightened = Limits {
        spend: "5USD/1h".parse().ok().and_then(spend),
        ..Limits::new(Mode::Enforce, BurstLimit::DEFAULT)
    };
    let basis = CostBasis::new("default", None, &[Target::new("1", function)]);
    let tightened = tightened.with_overspent_budgets(["team"]).with_cost_basis(basis);
    assert_eq!(tightened.burst, tightened.base_burst.divided(DEFAULT_PRESSURE));
}

fn spend(setting: LimitSetting) -> Option<SpendLimit> {
    match setting {
        LimitSetting::Spend(spend) => Some(spend),
        LimitSetting::Firings(_) => None,
    }
}
