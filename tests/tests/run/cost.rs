//! Budget alerts: asked about, confirmed, applied and reported; late, twice, forged, and with failing calls.

use super::*;
use budget_guard_core::alerts::{Alert, AlertJson, BudgetOutcome, Coverage};
use budget_guard_core::budget::{Change, Confirmation, Doubt, OverspentBudgets, confirm};
use budget_guard_core::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, NotificationState, Threshold,
};
use budget_guard_core::ports::{Budgets, SaveError};
use budget_guard_core::run::{load, save};
use budget_guard_core::stored::Key;

pub(super) const NOTICE: &str =
    "Budget Name: blue\nAlert Type: ACTUAL\nAlert Threshold: > $80.00\nACTUAL Amount: $91.25\n";

pub(super) fn notice() -> String {
    let topic = "arn:aws:sns:us-east-1:123456789012:money";
    json!({"Type": "Notification", "MessageId": "s-1", "TopicArn": topic, "Message": NOTICE}).to_string()
}

pub(super) fn hand_over(world: &World, payload: &[u8]) -> (Result<Reply, HandleError>, Summary) {
    run(guard(world, "200/60s").handle(payload)).unwrap()
}

/// Outcomes of the alerts about budgets.
pub(super) fn told(world: &World) -> Vec<BudgetOutcome> {
    world.budget_alerts().iter().filter_map(|alert| alert.outcome).collect()
}

pub(super) fn overspent_count(world: &World) -> usize {
    world.pressure().map_or(0, |pressure| pressure.active(NOON).count())
}

#[test]
fn an_alert_about_money_is_taken_up_however_it_comes() {
    let direct = notice();
    let sns: serde_json::Value = serde_json::from_str(&direct).unwrap();
    let to_function = json!({"Records": [{"EventSource": "aws:sns", "Sns": sns}]}).to_string().into_bytes();
    let event = json!({
        "id": "e-1", "source": "ours", "detail-type": "mail", "account": "123456789012", "time": NOON,
        "detail": {"message": NOTICE},
    });
    let event = event.to_string();
    for payload in [
        to_function,
        direct.clone().into_bytes(),
        batch([direct.as_str(), NOTICE]),
        event.clone().into_bytes(),
        batch([event.as_str()]),
    ] {
        let world = World::new(NOON);
        world.put_budget(blue(NotificationState::Alarm));
        let (answer, summary) = hand_over(&world, &payload);
        answer.unwrap();
        assert_eq!((summary.decode_errors, summary.failed, overspent_count(&world)), (0, 0, 1));
        assert_eq!(told(&world), [BudgetOutcome::Pressure], "{:?}", summary.notes);
        // SNS and SQS may deliver more than once.
        hand_over(&world, &payload).0.unwrap();
        assert_eq!((told(&world).len(), overspent_count(&world)), (1, 1));
    }
}

#[test]
fn what_nobody_confirms_is_told_once_and_nothing_is_cut() {
    let check = |world: &World, body: &str, expected: Option<&str>| {
        for _ in 0..2 {
            let (reply, _) = hand_over(world, &batch([body]));
            assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), json!({"batchItemFailures": []}));
        }
        let reasons: Vec<String> = world.budget_alerts().into_iter().map(|alert| alert.reason).collect();
        match expected {
            None => assert_eq!(reasons, Vec::<String>::new(), "{body}"),
            Some(part) => {
                assert_eq!(reasons.len(), 1, "{reasons:?}");
                assert!(
                    reasons[0].contains(part) && reasons[0].ends_with(". Nothing was cut"),
                    "{reasons:?}"
                );
            }
        }
        assert_eq!(overspent_count(world), 0, "{body}");
    };
    let new = || World::new(NOON);
    let from = |topic: &str, text: &str| {
        json!({"Type": "Notification", "TopicArn": topic, "Message": text}).to_string()
    };
    check(&new(), &notice(), Some("has no budget \"blue\": the alert was forged"));
    let ok = new();
    ok.put_budget(blue(NotificationState::Ok));
    check(&ok, &notice(), Some("in state OK"));
    check(
        &new(),
        &from("arn:aws:sns:us-east-1:123456789012:money", "hello"),
        Some(r#"none of AWS's about money: "hello""#),
    );
    let asks = json!({"Type": "SubscriptionConfirmation", "TopicArn": "arn:t", "Message": "m", "SubscribeURL": "https://example.com"});
    check(&new(), &asks.to_string(), Some("asks to be confirmed"));
    // The guard's own alerts, as JSON and as text, have no effect.
    let own =
        from("arn:aws:sns:us-east-1:123456789012:money", r#"{"kind":"budget","dedup_id":"d","reason":"r"}"#);
    check(&new(), &own, None);
    let coverage = Coverage::of(&[], &[rule("deploys")], &[], &[]);
    let unwatched = AlertJson::of(&Alert::about_coverage(coverage, NOON));
    let own = from("arn:aws:sns:us-east-1:123456789012:money", &serde_json::to_string(&unwatched).unwrap());
    check(&new(), &own, None);
    check(&new(), &from(budget_guard_core::ports::Alerts::topic_arn(&new()), "Money is running out."), None);
    check(&new(), &from(budget_guard_core::ports::Alerts::topic_arn(&new()), NOTICE), None);
}

#[test]
fn an_alert_that_aws_cannot_answer_for_is_asked_about_again() {
    for (kind, calls) in [(FaultKind::Throttled, 3), (FaultKind::Denied, 1)] {
        let world = World::new(NOON);
        world.put_budget(blue(NotificationState::Alarm));
        (1..=4).for_each(|nth| world.faults.plan(Call::Budget, nth, Fate::Fails(kind)));
        hand_over(&world, &batch([notice().as_str()])).0.unwrap();
        assert_eq!(
            (world.faults.count(Call::Budget), told(&world)),
            (calls, vec![BudgetOutcome::Unconfirmed])
        );
        world.faults.clear();
        world.advance(SignedDuration::from_secs(60));
        hand_over(&world, &tick()).0.unwrap();
        assert_eq!(told(&world), [BudgetOutcome::Unconfirmed, BudgetOutcome::Pressure]);
        world.advance(SignedDuration::from_secs(60));
        hand_over(&world, &tick()).0.unwrap();
        assert_eq!(told(&world).len(), 2);
    }
}

/// A rule with three firings a minute for twenty minutes up to noon. `before` is CloudWatch's earlier count per minute.
pub(super) fn slow_loop(world: &World, name: &str, before: u64) -> RuleArn {
    let arn = rule(name);
    world.put_rule(&arn, World::rule(RuleState::Enabled));
    let minutes = (61..14 * 24 * 60).map(|m| (NOON - SignedDuration::from_mins(m), before));
    world.put_history(&arn, minutes);
    let bodies: Vec<String> = (0..60)
        .map(|n| {
            body(&arn, n)
                .replace(&NOON.to_string(), &(NOON - SignedDuration::from_secs(n as i64 * 20)).to_string())
        })
        .collect();
    hand_over(world, &batch(bodies.iter().map(String::as_str))).0.unwrap();
    arn
}

#[test]
fn when_the_money_runs_out_suspects_are_cut_and_the_rest_is_ranked() {
    let world = World::new(NOON);
    let (suspect, busy) = (slow_loop(&world, "suspect", 0), slow_loop(&world, "busy", 3));
    assert_eq!(world.rule_state(&suspect), Some(RuleState::Enabled), "a suspect is left alone");
    world.put_budget(blue(NotificationState::Alarm));
    let (_, summary) = hand_over(&world, &batch([notice().as_str()]));
    assert_eq!(summary.tripped, std::slice::from_ref(&suspect));
    assert_eq!(world.rule_state(&suspect), Some(RuleState::Disabled));
    assert_eq!(world.rule_state(&busy), Some(RuleState::Enabled), "as busy as it always was");
    let [alert] = &world.budget_alerts()[..] else { panic!("{:?}", world.budget_alerts()) };
    let names = |list: &[budget_guard_core::alerts::Ranked]| -> Vec<String> {
        list.iter().map(|ranked| format!("{} {}", ranked.rule.name, ranked.firings_per_hour)).collect()
    };
    assert_eq!(
        (names(&alert.cut), names(&alert.ranking)),
        (vec!["suspect 180".into()], vec!["busy 180".into()])
    );
    assert!(
        alert.text().contains("Disabled:  \"suspect\": 180 firings an hour, a suspect"),
        "{}",
        alert.text()
    );
    assert!(alert.hint.as_ref().unwrap().contains("budget-guard disable busy"), "{:?}", alert.hint);
    let trip = world.record(&suspect).unwrap().last_trip.unwrap();
    assert!(trip.reason.ends_with(", while the budget \"blue\" is overspent"), "{}", trip.reason);
    assert_eq!(world.broken_promises(), Vec::<String>::new());
    // A rate that is weeks old is no reason for a cut.
    slow_loop(&world, "busy", 3);
    assert_eq!(world.rule_state(&busy), Some(RuleState::Enabled));
}

#[test]
fn whatever_fails_on_the_way_the_suspect_is_cut_once_and_told_of() {
    let calls =
        [Call::Budget, Call::LoadPressure, Call::SavePressure, Call::Records, Call::Disable, Call::Publish];
    for call in calls {
        for nth in 1..=4 {
            for fate in
                [Fate::Fails(FaultKind::Throttled), Fate::ReplyLost, Fate::DiesBefore, Fate::DiesAfter]
            {
                let story = format!("{fate:?} in call {nth} of {call:?}");
                let world = World::new(NOON);
                let suspect = slow_loop(&world, "suspect", 0);
                world.put_budget(blue(NotificationState::Alarm));
                world.faults.clear();
                world.faults.plan(call, nth, fate);
                let payload = batch([notice().as_str()]);
                let ended = run(guard(&world, "200/60s").handle(&payload));
                world.faults.clear();
                let is_back = ended.is_none_or(|(_, summary)| summary.failed > 0);
                if is_back {
                    hand_over(&world, &payload).0.unwrap();
                }
                for _ in 0..3 {
                    world.advance(SignedDuration::from_secs(61));
                    hand_over(&world, &tick()).0.unwrap();
                }
                assert_eq!(world.rule_state(&suspect), Some(RuleState::Disabled), "{story}");
                let told: Vec<_> = world
                    .budget_alerts()
                    .into_iter()
                    .filter(|alert| alert.outcome == Some(BudgetOutcome::Pressure))
                    .collect();
                assert!(
                    !told.is_empty() && told.iter().all(|alert| alert.dedup_id == told[0].dedup_id),
                    "{story}: {told:?}"
                );
                assert_eq!(told.last().unwrap().cut.len(), 1, "{story}: {told:?}");
                assert_eq!(world.broken_promises(), Vec::<String>::new(), "{story}");
            }
        }
    }
}

#[test]
fn pressure_ends_when_the_budget_is_ok_again_or_its_period_is_over() {
    let world = World::new(NOON);
    world.put_budget(blue(NotificationState::Alarm));
    hand_over(&world, &batch([notice().as_str()])).0.unwrap();
    world.advance(SignedDuration::from_mins(11));
    hand_over(&world, &tick()).0.unwrap();
    assert_eq!((overspent_count(&world), world.faults.count(Call::Budget)), (1, 2));
    world.put_budget(blue(NotificationState::Ok));
    hand_over(&world, &tick()).0.unwrap();
    assert_eq!(world.faults.count(Call::Budget), 2, "asked every ten minutes");
    world.advance(SignedDuration::from_mins(11));
    hand_over(&world, &tick()).0.unwrap();
    assert_eq!(
        (overspent_count(&world), told(&world)),
        (0, vec![BudgetOutcome::Pressure, BudgetOutcome::Eased])
    );

    let late = World::new(NOON);
    late.put_budget(blue(NotificationState::Alarm));
    hand_over(&late, &batch([notice().as_str()])).0.unwrap();
    // No question and no message: the month ends.
    let december: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(late.pressure().unwrap().active(december).count(), 0);
    assert_eq!(late.pressure().unwrap().active(december - SignedDuration::from_secs(1)).count(), 1);
}

#[test]
fn what_a_person_has_cleared_does_not_come_back_with_the_same_alert() {
    let world = World::new(NOON);
    world.put_budget(blue(NotificationState::Alarm));
    hand_over(&world, &batch([notice().as_str()])).0.unwrap();
    let guard = guard(&world, "200/60s");
    let cleared = run(guard.clear_pressure("a planned migration")).unwrap().unwrap();
    assert_eq!((cleared.budgets.len(), cleared.untold), (1, None));
    assert_eq!(told(&world), [BudgetOutcome::Pressure, BudgetOutcome::Cleared]);
    assert!(world.budget_alerts()[1].reason.contains("a planned migration"));
    hand_over(&world, &batch([notice().as_str()])).0.unwrap();
    assert_eq!((overspent_count(&world), told(&world).len()), (0, 2));
}

#[test]
fn what_is_no_alert_does_not_stop_the_firings_beside_it() {
    let arn = rule("fix-acl");
    let world = world_with(&arn, World::rule(RuleState::Enabled));
    let unknown = json!({"Type": "Notification", "TopicArn": "arn", "Message": "hello"}).to_string();
    let firing = body(&arn, 1);
    let payload = batch([unknown.as_str(), firing.as_str(), "hello"]);
    let (reply, summary) = run(guard(&world, "10/60s").handle(&payload)).unwrap();
    let failed = json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]});
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), failed, "plain text that no topic sent");
    assert_eq!((summary.tally.firings, told(&world)), (1, vec![BudgetOutcome::Unconfirmed]));
}

/// Budget `blue` of 100 USD with an alert at 80 USD in this state.
pub(super) fn blue(state: NotificationState) -> BudgetStatus {
    let amount = |text: &str| Some(text.parse().unwrap());
    let alert = BudgetNotification {
        basis: AlertBasis::Actual,
        comparison: Comparison::GreaterThan,
        threshold: Threshold::Percentage(80_000_000),
        state: Some(state),
    };
    BudgetStatus {
        account: "123456789012".into(),
        name: "blue".into(),
        kind: "COST".into(),
        period: BudgetPeriod::Monthly,
        limit: amount("$100"),
        actual: amount("$91.25"),
        forecast: None,
        notifications: vec![alert],
    }
}

/// Two instances ask, decide and save once, whatever fails on the way.
#[test]
fn two_instances_ask_decide_and_keep_once() {
    let world = World::new(NOON);
    let received = budget_guard_core::sources::cost::CostMessage {
        topic_arn: None,
        message_id: None,
        sent: Some(NOON),
        alert: budget_guard_core::sources::cost::read(None, NOTICE),
    };
    let ask = || {
        let answer = run(world.budget("blue")).unwrap();
        match confirm(&received, world.account(), answer.as_ref(), NOON) {
            Confirmation::Confirmed(overspent) => Ok(*overspent),
            Confirmation::Unconfirmed(doubt) => Err((doubt.is_transient(), doubt)),
        }
    };
    assert!(matches!(ask(), Err((false, Doubt::NoSuchBudget { .. }))));
    // AWS is late: the state is that of this morning.
    world.put_budget(blue(NotificationState::Ok));
    assert!(matches!(ask(), Err((false, Doubt::NotRaised))));
    world.put_budget(blue(NotificationState::Alarm));
    for (kind, is_transient) in
        [(FaultKind::Throttled, true), (FaultKind::Timeout, true), (FaultKind::Denied, false)]
    {
        world.faults.plan(Call::Budget, 1, Fate::Fails(kind));
        assert_eq!(ask().unwrap_err().0, is_transient, "{kind:?}");
    }
    let [mut first, mut second] = [OverspentBudgets::default(), OverspentBudgets::default()];
    assert_eq!(run(load::<OverspentBudgets>(&world, Key::Budgets)).unwrap().unwrap(), None);
    assert_eq!([first.record(ask().unwrap(), NOON), second.record(ask().unwrap(), NOON)], [Change::Begun; 2]);
    world.faults.plan(Call::SavePressure, 1, Fate::ReplyLost);
    assert!(matches!(run(save(&world, &first, None, NOON)).unwrap(), Err(SaveError::Fault(_))));
    assert_eq!(run(save(&world, &second, None, NOON)).unwrap(), Err(SaveError::Conflict));
    let (mut stored, version) =
        run(load::<OverspentBudgets>(&world, Key::Budgets)).unwrap().unwrap().unwrap();
    assert_eq!((stored.record(ask().unwrap(), NOON), version), (Change::None, 1));
    assert!(stored.ease(&ask().unwrap()));
    assert_eq!(run(save(&world, &stored, Some(1), NOON)).unwrap(), Ok(2));
    assert_eq!(
        run(load::<OverspentBudgets>(&world, Key::Budgets)).unwrap().unwrap(),
        Some((OverspentBudgets::default(), 2))
    );
}
