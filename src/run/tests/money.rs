//! Alerts about money: they are told, none is lost, and so far nothing follows from them.

use super::*;

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
