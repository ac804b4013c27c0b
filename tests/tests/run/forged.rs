//! Forged notices about money: in any number, they mute no genuine one, and count no more than AWS Budgets says.

use super::cost::{blue, hand_over, overspent_count, told};
use super::*;
use budget_guard_core::alerts::BudgetOutcome;
use budget_guard_core::budget::MAX_DOUBTED;
use budget_guard_core::model::NotificationState;

/// Message of a topic, as anyone who may publish to it can write it.
fn message(id: &str, text: &str) -> String {
    let topic = "arn:aws:sns:us-east-1:123456789012:money";
    json!({"Type": "Notification", "MessageId": id, "TopicArn": topic, "Message": text}).to_string()
}

fn notice(budget: &str, threshold: &str, date: &str) -> String {
    format!(
        "AWS Budget Notification {date}\nBudget Name: {budget}\nAlert Type: ACTUAL\nAlert Threshold: > {threshold}\n"
    )
}

fn anomaly(id: &str) -> String {
    json!({"anomalyId": id, "accountId": "123456789012", "impact": {"totalImpact": 151}}).to_string()
}

fn reasons(world: &World) -> Vec<String> {
    world.budget_alerts().into_iter().map(|alert| alert.reason).collect()
}

/// Publishes a notice about each of these budgets that AWS does not have.
fn flood(world: &World, count: usize) {
    for n in 0..count {
        let text = notice(&format!("made up {n}"), "$80.00", "November 20, 2026");
        hand_over(world, &batch([message(&format!("forged-{n}"), &text).as_str()])).0.unwrap();
    }
}

#[test]
fn forged_notices_mute_no_genuine_one() {
    let world = World::new(NOON);
    flood(&world, 2 * MAX_DOUBTED);
    let reported = reasons(&world);
    assert_eq!(reported.len(), MAX_DOUBTED);
    let last = "this is message 20 of its kind within a day: further ones are only in the log";
    assert!(reported[MAX_DOUBTED - 1].contains(last), "{:?}", reported.last());
    assert!(!reported[MAX_DOUBTED - 2].contains("of its kind"), "{reported:?}");
    // A genuine one about a budget that has recovered since, a cost anomaly, and one that presses.
    world.put_budget(blue(NotificationState::Ok));
    let blue_notice = notice("blue", "$80.00", "November 20, 2026");
    for (id, text, expected) in
        [("s-1", blue_notice.clone(), "in state OK"), ("s-2", anomaly("a-1"), "the anomaly \"a-1\"")]
    {
        hand_over(&world, &batch([message(id, &text).as_str()])).0.unwrap();
        let reported = reasons(&world);
        assert!(reported.last().unwrap().contains(expected), "{reported:?}");
    }
    world.put_budget(blue(NotificationState::Alarm));
    hand_over(&world, &batch([message("s-3", &blue_notice).as_str()])).0.unwrap();
    assert_eq!((overspent_count(&world), told(&world).last()), (1, Some(&BudgetOutcome::Pressure)));
}

#[test]
fn a_forged_notice_about_a_budget_in_alarm_counts_once() {
    let world = World::new(NOON);
    world.put_budget(blue(NotificationState::Alarm));
    for n in 0..30 {
        // Each with an id, a day and words of its own.
        let text = notice("blue", ["$80.00", "?"][n % 2], &format!("November {:02}, 2026", n % 20 + 1));
        hand_over(&world, &batch([message(&format!("forged-{n}"), &text).as_str()])).0.unwrap();
    }
    assert_eq!((overspent_count(&world), told(&world)), (1, vec![BudgetOutcome::Pressure]));
    assert_eq!(world.pressure().unwrap().budgets()[0].until.to_string(), "2026-12-01T00:00:00Z");
    // It ends when AWS says so, and the same notice again does not bring it back.
    world.put_budget(blue(NotificationState::Ok));
    world.advance(SignedDuration::from_mins(11));
    hand_over(&world, &tick()).0.unwrap();
    for n in 0..30 {
        let text = notice("blue", "$80.00", &format!("November {:02}, 2026", n % 20 + 1));
        hand_over(&world, &batch([message(&format!("again-{n}"), &text).as_str()])).0.unwrap();
    }
    let expected = [BudgetOutcome::Pressure, BudgetOutcome::Eased, BudgetOutcome::Unconfirmed];
    assert_eq!((overspent_count(&world), told(&world)), (0, expected.to_vec()));
}

#[test]
fn forged_notices_that_wait_for_an_answer_push_out_no_genuine_one() {
    let world = World::new(NOON);
    world.put_budget(blue(NotificationState::Alarm));
    (1..=100).for_each(|nth| world.faults.plan(Call::Budget, nth, Fate::Fails(FaultKind::Throttled)));
    let mut is_back = false;
    for n in 0..30 {
        let text = notice(&format!("made up {n}"), "$80.00", "November 20, 2026");
        let (_, summary) = hand_over(&world, &batch([message(&format!("forged-{n}"), &text).as_str()]));
        is_back |= summary.failed > 0;
        if is_back {
            break;
        }
    }
    assert!(is_back, "what has no place goes back to the queue");
    let genuine = batch([message("s-1", &notice("blue", "$80.00", "November 20, 2026")).as_str()]);
    let (reply, _) = hand_over(&world, &genuine);
    let failed = json!({"batchItemFailures": [{"itemIdentifier": "m-0"}]});
    assert_eq!(serde_json::to_value(reply.unwrap()).unwrap(), failed, "delivered again, not lost");
    world.faults.clear();
    hand_over(&world, &tick()).0.unwrap();
    hand_over(&world, &genuine).0.unwrap();
    assert_eq!((overspent_count(&world), told(&world).last()), (1, Some(&BudgetOutcome::Pressure)));
}

#[test]
fn an_id_of_a_message_is_an_id() {
    let world = World::new(NOON);
    let long = "x".repeat(100_000);
    for id in [&long, "<!channel>", "a\nb"] {
        hand_over(&world, &batch([message(id, "hello").as_str()])).0.unwrap();
    }
    let ids: Vec<String> = world.budget_alerts().into_iter().map(|alert| alert.dedup_id).collect();
    assert!(matches!(&ids[..], [one] if one.starts_with("budget/text/")), "by its content, once: {ids:?}");
}
