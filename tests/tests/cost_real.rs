//! Real budget alerts from public sources, with the fields that have to be read from them.
//!
//! The messages are not part of the project. Without them the tests print that they are skipped, and pass.

use std::fs;

use budget_guard_core::sources::cost::{self, CostAlert, CostMessage};
use budget_guard_core::sources::{Bus, Payload, Received, decode, decode_body};
use budget_guard_tests::folders::shared;
use serde_json::Value;

/// Messages of a file, decoded as in the Lambda function: a payload, or else the body of a message.
fn messages(path: &str) -> Option<Vec<CostMessage>> {
    // AWS's documentation leaves the time open in places; any value is fine.
    let text = fs::read_to_string(shared(path)?).expect("UTF-8").replace("<date>", "2026-11-20T10:00:00Z");
    let taken = |received: Received<'_>| match received {
        Received::Cost(message) | Received::Bus(Bus { money: Some(message), .. }) => *message,
        other => panic!("{path}: {other:?}"),
    };
    Some(match decode(text.as_bytes()) {
        Ok(Payload::Topic(messages)) => messages,
        Ok(Payload::Single(received)) => vec![taken(received)],
        Ok(Payload::Queue(messages)) => {
            let read =
                messages.iter().map(|message| message.body.as_ref().expect(path).received().expect(path));
            read.map(taken).collect()
        }
        Err(_) => vec![taken(decode_body(&text).unwrap_or_else(|error| panic!("{path}: {error}")))],
    })
}

/// Compares each message of a file, field by field.
fn check(path: &str, expected: &[&str]) {
    let Some(messages) = messages(path) else { return };
    let seen: Vec<String> = messages.iter().map(|message| describe(&message.alert)).collect();
    assert_eq!(seen, expected, "{path}");
}

fn describe(alert: &CostAlert) -> String {
    let amount = |amount: &Option<budget_guard_core::model::Amount>| {
        amount.as_ref().map_or("?".into(), ToString::to_string)
    };
    let text = |text: &Option<String>| text.clone().unwrap_or("?".into());
    match alert {
        CostAlert::Budget(notice) => format!(
            "{} | {} | {} | {} {} | limit {} | {} {} | {}",
            notice.name,
            text(&notice.account),
            notice.date.map_or("?".into(), |date| date.to_string()),
            notice.basis.map_or("?".into(), |basis| basis.to_string()),
            notice.period.map_or("?".into(), |period| format!("{period:?}")),
            amount(&notice.limit),
            notice.comparison.map_or("?".into(), |comparison| comparison.to_string()),
            amount(&notice.threshold),
            amount(&notice.amount),
        ),
        CostAlert::BillingAlarm(alarm) => format!(
            "{} | {} | {:?} | {} | threshold {} | charges {}",
            alarm.name,
            text(&alarm.account),
            alarm.state,
            alarm.since.map_or("?".into(), |since| since.to_string()),
            amount(&alarm.threshold),
            amount(&alarm.charges),
        ),
        CostAlert::Anomaly(anomaly) => format!(
            "{} | {} | {} | {} to {} | {} = {} - {} | {} from {}",
            anomaly.id,
            text(&anomaly.account),
            text(&anomaly.dimension),
            anomaly.since.map_or("?".into(), |since| since.to_string()),
            anomaly.until.map_or("?".into(), |until| until.to_string()),
            amount(&anomaly.impact),
            amount(&anomaly.actual),
            amount(&anomaly.expected),
            anomaly.root_causes.iter().map(|cause| amount(&cause.contribution)).collect::<String>(),
            anomaly.root_causes.iter().map(|cause| text(&cause.service)).collect::<String>(),
        ),
        CostAlert::Unrecognised(unrecognised) => format!("{}: {}", unrecognised.why, unrecognised.text),
        other => other.to_string(),
    }
}

#[test]
fn budget_notifications() {
    check(
        "budgets/actual-monthly-2019.message.txt",
        &["billingThree | ? | 2019-10-28 | ACTUAL Month | limit 30.00 USD | > 24.00 USD | 36.69 USD"],
    );
    check(
        "budgets/actual-monthly-2022.sns-http.json",
        &["Test Budget | 017790921725 | 2022-09-26 | ACTUAL Month | limit 0.20 USD | > 0.16 USD | 0.59 USD"],
    );
    check(
        "budgets/actual-daily-2023.message.txt",
        &["killswitch | 265627204426 | 2023-03-04 | ACTUAL Day | limit 70.00 USD | > 0.00 USD | 2.15 USD"],
    );
    // The sentence has $0.60: the author of the source changed the line.
    check(
        "budgets/actual-2024.sns-lambda.json",
        &[
            "AwsCostNotificationStack-MonthlyCostBudget | 123456789012 | 2024-05-13 | ACTUAL Month | limit 0.01 USD | > 0.01 USD | 0.50 USD",
        ],
    );
    check(
        "budgets/forecasted-2024.sns-lambda.json",
        &[
            "AwsCostNotificationStack-MonthlyCostBudget | 123456789012 | 2024-05-13 | FORECASTED Month | limit 0.01 USD | > 0.01 USD | 0.50 USD",
        ],
    );
    check(
        "budgets/forecasted-2026.sqs-lambda.json",
        &["test | 391613010373 | 2026-01-28 | FORECASTED Month | limit 0.02 USD | > 0.00 USD | 0.95 USD"],
    );
}

#[test]
fn budget_notifications_that_somebody_forwarded() {
    check(
        "budgets/actual-daily-hash-delimited-2021.eventbridge.json",
        &[
            "cost-managment-test | 522955560990 | 2021-06-27 | ACTUAL Day | limit 100.00 USD | > 80.00 USD | 81.00 USD",
        ],
    );
    check(
        "budgets/forecasted-wrapped-lines-2020.email.txt",
        &[
            "Development EC2 Monthly Budget | ? | 2020-05-04 | FORECASTED Month | limit 10.00 USD | > 10.00 USD | 15.00 USD",
        ],
    );
    check(
        "budgets/actual-zero-spend-2025.email-html-as-text.txt",
        &["My Zero-Spend Budget | ? | ? | ACTUAL Month | limit 1.00 USD | > 0.01 USD | 0.60 USD"],
    );
    check(
        "budgets/forecasted-huge-thousands-separators-2026.excerpt.txt",
        &[
            "My Monthly Cost Budget | ? | ? | FORECASTED Month | limit ? | > 100.00 USD | 183,965,812,157.54 USD",
        ],
    );
}

#[test]
fn cost_anomalies() {
    let numbers = "2021-05-25T00:00:00Z to 2021-05-25T00:00:00Z | 1,001.00 USD = 1,301.00 USD - 300.00 USD | 601.00 USD from";
    let id = "12345678-abcd-ef12-3456-987654321a12";
    check(
        "cost-anomaly/sns-docs.json",
        &[&format!("{id} | 123456789012 | ServiceName | {numbers} AnomalousServiceName")],
    );
    check(
        "cost-anomaly/eventbridge-docs.json",
        &[&format!("{id} | <account ID> | <dimension value> | {numbers} <service name>")],
    );
}

#[test]
fn billing_alarms() {
    check(
        "cloudwatch-alarm/billing-estimatedcharges-2020.sns-lambda.json",
        &[
            "eng-1332 | 312594956781 | Alarm | 2020-10-15T14:13:14.09Z | threshold 1.00 USD | charges 424.20 USD",
        ],
    );
    check(
        "cloudwatch-alarm/billing-estimatedcharges-2016.message.json",
        &[
            "Estimated Charges more than $1 | 1234567890 | Alarm | 2016-03-07T20:47:12.888Z | threshold 0.00 USD | charges 1.23 USD",
        ],
    );
}

#[test]
fn alarms_about_something_else() {
    let files = [
        ("lambda-concurrency-2022.message.json", "AWS/Lambda ConcurrentExecutions"),
        ("rust-lambda-events-cloudwatch-alarm-sns-payload-single-metric.json", "AWS/EC2 NetworkOut"),
        ("rust-lambda-events-cloudwatch-alarm-sns-payload-multiple-metrics.json", "several metrics"),
    ];
    for (file, metric) in files {
        let Some(messages) = messages(&format!("cloudwatch-alarm/{file}")) else { return };
        let expected = format!("a CloudWatch alarm on {metric}, and that is not about money: {{\"");
        assert!(!messages.is_empty());
        for message in messages {
            let seen = describe(&message.alert);
            assert!(seen.replace("{\n \"", "{\"").starts_with(&expected), "{file}: {seen}");
        }
    }
    // An alarm may also invoke the function directly. That is not a message of a topic, and not about a budget.
    for file in [
        "rust-lambda-events-cloudwatch-alarm-metric.json",
        "rust-lambda-events-cloudwatch-alarm-composite.json",
    ] {
        let Some(path) = shared(&format!("cloudwatch-alarm/{file}")) else { return };
        let error = decode(&fs::read(path).expect("readable")).expect_err(file).to_string();
        assert!(
            error.starts_with(r#"an object with the keys "accountId", "alarmArn", "alarmData""#),
            "{error}"
        );
    }
}

#[test]
fn messages_about_nothing_that_is_known() {
    let not = "a message that is none of AWS's about money";
    check("sns/powertools-snsEvent.json", &[&format!("{not}: Hello from SNS!")]);
    for spelling in ["sns-event", "sns-event-pascal-case"] {
        check(&format!("sns/rust-lambda-events-{spelling}.json"), &[&format!("{not}: Hello \nworld!")]);
    }
    for queue in ["snsSqsEvent", "snsSqsFifoEvent"] {
        check(
            &format!("sqs/powertools-{queue}.json"),
            &[&format!(r#"{not}: {{"message": "hello world", "username": "lessa"}}"#)],
        );
    }
    check(
        "sns/subscription-confirmation-docs.json",
        &[
            r#"the topic "arn:aws:sns:us-west-2:123456789012:MyTopic" asks to be confirmed as a source; that is for a person to do"#,
        ],
    );
}

/// The envelope has the time and the topic.
#[test]
fn envelopes_are_kept() {
    let Some(messages) = messages("budgets/forecasted-2026.sqs-lambda.json") else { return };
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.topic_arn.as_deref(), Some("arn:aws:sns:eu-west-1:391613010373:budget-alerts"));
    assert_eq!(message.message_id.as_deref(), Some("d7eac51f-e9b1-5584-b17f-a4ec13707c7d"));
    assert_eq!(message.sent.map(|sent| sent.to_string()).as_deref(), Some("2026-01-28T11:52:33.584Z"));
}

/// All files, with those that are not named above.
#[test]
fn every_message_is_recognised() {
    let Some(folder) = shared("budgets") else { return };
    for file in [folder.clone(), folder.with_file_name("cost-anomaly")].iter().flat_map(|folder| {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    }) {
        let text = fs::read_to_string(&file).expect("UTF-8");
        let text = match serde_json::from_str::<Value>(&text) {
            Ok(json) => json["Records"][0]["Sns"]["Message"].as_str().map_or(text, str::to_owned),
            Err(_) => text,
        };
        let is_known = matches!(decode(text.as_bytes()), Ok(Payload::Queue(_)))
            || !matches!(cost::read(None, &text), CostAlert::Unrecognised(_))
            || matches!(decode_body(&text), Ok(Received::Cost(_)));
        assert!(is_known, "{}", file.display());
    }
}
