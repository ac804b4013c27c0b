//! Alerts about money: they are told, none is lost, and so far nothing follows from them.

use super::*;
use crate::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, NotificationState, Threshold,
};
use crate::ports::{Budgets, PressureStore, SaveError};
use crate::pressure::{Change, Confirmation, Doubt, Pressure, confirm};

const NOTICE: &str =
    "Budget Name: blue\nAlert Type: ACTUAL\nAlert Threshold: > $80.00\nACTUAL Amount: $91.25\n";

#[test]
fn an_alert_about_money_is_told_however_it_comes() {
    let sns = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:money", "Message": NOTICE});
    let to_function = json!({"Records": [{"EventSource": "aws:sns", "Sns": sns}]}).to_string().into_bytes();
    let direct = sns.to_string();
    let expected = r#"AWS Budgets says that the actual cost of the budget "blue" is 91.25 USD, above its alert threshold of 80.00 USD. Nothing was cut"#;
    let nothing = json!({"firings": 0, "tripped": [], "suspects": []});
    for (payload, reply) in [
        (to_function, &nothing),
        (direct.clone().into_bytes(), &nothing),
        (batch([direct.as_str(), NOTICE]), &json!({"batchItemFailures": []})),
    ] {
        let world = World::new(NOON);
        let (answer, summary) = run(guard(&world, "10/60s").handle(&payload)).unwrap();
        assert_eq!(serde_json::to_value(answer.unwrap()).unwrap(), *reply);
        assert!(
            !summary.notes.is_empty() && summary.notes.iter().all(|note| note == expected),
            "{:?}",
            summary.notes
        );
        assert_eq!((summary.decode_errors, summary.failed, world.alerts().len()), (0, 0, 0));
    }
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
    let told = r#"a topic sent a message that is none of AWS's about money: "hello". Nothing was cut"#;
    assert_eq!((summary.tally.firings, summary.notes), (1, vec![told.to_owned()]));
}

/// The budget `blue` of 100 USD with an alert at 80 USD, in this state.
fn blue(state: NotificationState) -> BudgetStatus {
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

/// What the ports offer is enough to ask, to decide and to keep, whatever goes wrong on the way.
#[test]
fn two_instances_ask_decide_and_keep_once() {
    let world = World::new(NOON);
    let received = crate::sources::money::MoneyMessage {
        topic_arn: None,
        message_id: None,
        sent: Some(NOON),
        alert: crate::sources::money::read(None, NOTICE),
    };
    let ask = || {
        let answer = run(world.budget("blue")).unwrap();
        match confirm(&received, world.account(), answer.as_ref(), NOON) {
            Confirmation::Confirmed(press) => Ok(*press),
            Confirmation::Unconfirmed(doubt) => Err((doubt.is_passing(), doubt)),
        }
    };
    assert!(matches!(ask(), Err((false, Doubt::NoSuchBudget { .. }))));
    // AWS is late: the state is still that of this morning.
    world.put_budget(blue(NotificationState::Ok));
    assert!(matches!(ask(), Err((false, Doubt::NotRaised))));
    world.put_budget(blue(NotificationState::Alarm));
    for (kind, is_passing) in
        [(FaultKind::Throttled, true), (FaultKind::Timeout, true), (FaultKind::Denied, false)]
    {
        world.faults.plan(Call::Budget, 1, Fate::Fails(kind));
        assert_eq!(ask().unwrap_err().0, is_passing, "{kind:?}");
    }
    let [mut first, mut second] = [Pressure::default(), Pressure::default()];
    assert_eq!(run(world.load_pressure()).unwrap().unwrap(), None);
    assert_eq!([first.press(ask().unwrap(), NOON), second.press(ask().unwrap(), NOON)], [Change::Begun; 2]);
    world.faults.plan(Call::SavePressure, 1, Fate::ReplyLost);
    assert!(matches!(run(world.save_pressure(&first, None)).unwrap(), Err(SaveError::Fault(_))));
    assert_eq!(run(world.save_pressure(&second, None)).unwrap(), Err(SaveError::Conflict));
    let (mut stored, version) = run(world.load_pressure()).unwrap().unwrap().unwrap();
    assert_eq!((stored.press(ask().unwrap(), NOON), version), (Change::None, 1));
    assert!(stored.ease("blue"));
    assert_eq!(run(world.save_pressure(&stored, Some(1))).unwrap(), Ok(2));
    assert_eq!(run(world.load_pressure()).unwrap().unwrap(), Some((Pressure::default(), 2)));
}
