//! Cost alerts, and the sentences in which they are shown.

use serde_json::json;

use super::*;
use crate::sources::{Bus, Payload, Received, decode, decode_body};

/// A notification as a topic delivers it.
const MONTHLY: &str = "AWS Budget Notification March 03, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nYou requested that we alert you when the ACTUAL Cost associated with your team-blue budget is greater than $80.00 for the current month. The ACTUAL Cost associated with this budget is $91.25. You can find additional details below and by accessing the AWS Budgets dashboard [1].\n\nBudget Name: team-blue\nBudget Type: Cost\nBudgeted Amount: $100.00\nAlert Type: ACTUAL\nAlert Threshold: > $80.00\nACTUAL Amount: $91.25\n\n[1] https://console.aws.amazon.com/billing/home#/budgets\n";
const MONTHLY_READ: &str =
    "team-blue | 123456789012 | 2026-03-03 | ACTUAL Month | limit 100.00 USD | > 80.00 USD | 91.25 USD";

fn describe(notice: &BudgetNotice) -> String {
    let amount =
        |amount: &Option<crate::model::Amount>| amount.as_ref().map_or("?".into(), ToString::to_string);
    format!(
        "{} | {} | {} | {} {} | limit {} | {} {} | {}",
        notice.name,
        notice.account.as_deref().unwrap_or("?"),
        notice.date.map_or("?".into(), |date| date.to_string()),
        notice.basis.map_or("?".into(), |basis| basis.to_string()),
        notice.period.map_or("?".into(), |period| format!("{period:?}")),
        amount(&notice.limit),
        notice.comparison.map_or("?".into(), |comparison| comparison.to_string()),
        amount(&notice.threshold),
        amount(&notice.amount),
    )
}

fn check(text: &str, expected: &str) {
    match read(None, text) {
        CostAlert::Budget(notice) => assert_eq!(describe(&notice), expected, "{text}"),
        other => assert_eq!(other.to_string(), expected, "{text}"),
    }
}

fn message(received: Result<Received<'_>, crate::sources::DecodeError>) -> CostMessage {
    match received {
        Ok(Received::Cost(message)) => *message,
        // The event fires rules as any other does.
        Ok(Received::Bus(Bus { money: Some(message), .. })) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_wording_of_a_budget_notification_is_read() {
    check(MONTHLY, MONTHLY_READ);
    check(
        &MONTHLY.replace("ACTUAL", "FORECASTED").replace("$91.25", "$183,965,812,157.54"),
        "team-blue | 123456789012 | 2026-03-03 | FORECASTED Month | limit 100.00 USD | > 80.00 USD | 183,965,812,157.54 USD",
    );
    check(
        &MONTHLY.replace(" for the current month. The", " per day. Yesterday, the"),
        &MONTHLY_READ.replace("Month", "Day"),
    );
    check(
        "Dear AWS Customer,\n\nYou requested that we alert you when the forecasted cost associated with your My Zero Budget budget exceeds $0.01 for the current quarter. The quarter forecasted cost associated with this budget is $1,000.60. You can find additional details below.\n\nBudget Name\tBudget Type\tBudgeted Amount\tAlert Type\tAlert Threshold\tFORECASTED Amount\nMy Zero Budget\tCost\t$1.00\tFORECASTED\t> $0.01\t$1,000.60\n",
        "My Zero Budget | ? | ? | FORECASTED Quarter | limit 1.00 USD | > 0.01 USD | 1,000.60 USD",
    );
    // Sentences without lines.
    check(
        "You requested that we alert you when the actual cost associated with your team blue budget exceeds $5.00 for the current month. The month actual cost associated with this budget is $7.",
        "team blue | ? | ? | ACTUAL Month | limit ? | > 5.00 USD | 7.00 USD",
    );
    check(
        "You requested that we alert you when the ACTUAL Utilization associated with your RI budget is less than 80% per day. Yesterday, the ACTUAL Utilization associated with this budget is 71.5%. Bye.",
        "RI | ? | ? | ACTUAL Day | limit ? | < 80% | 71.5%",
    );
    // Lines without sentences.
    check(
        "Budget Name: traffic\nBudget Type: Usage\nBudgeted Amount: 100 GB\nAlert Type: ACTUAL\nAlert Threshold: > 90 GB\nACTUAL Amount: 1,090.5 GB",
        "traffic | ? | ? | ACTUAL ? | limit 100 GB | > 90 GB | 1,090.5 GB",
    );
    check("budget name: only", "only | ? | ? | ? ? | limit ? | ? ? | ?");
}

#[test]
fn what_forwarders_do_to_a_notification_is_undone() {
    check(&MONTHLY.trim_end().replace('\n', "#"), MONTHLY_READ);
    check(&MONTHLY.replace('\n', "#"), MONTHLY_READ);
    check(&MONTHLY.replace('\n', "\r\n"), MONTHLY_READ);
    let quoted: String = MONTHLY.lines().map(|line| format!("> {line}\n")).collect();
    check(&format!("FYI\n\n---- Forwarded message ----\nFrom: AWS Budgets\n\n{quoted}"), MONTHLY_READ);
    let wrapped = MONTHLY
        .replace("with your team-blue", "with your \nteam-blue")
        .replace("$91.25. You", "$91.25. \n\nYou");
    check(&wrapped, MONTHLY_READ);
    let long_name = MONTHLY.replace("team-blue", "Blue Team Monthly Budget");
    check(
        &long_name.replace("Name: Blue Team", "Name: Blue \n> Team"),
        &MONTHLY_READ.replace("team-blue", "Blue Team Monthly Budget"),
    );
    check(&MONTHLY.replace("123456789012", "<account>"), &MONTHLY_READ.replace("123456789012", "?"));
    check(&MONTHLY.replace("March 03", "Smarch 03"), &MONTHLY_READ.replace("2026-03-03", "?"));
}

#[test]
fn names_and_amounts_are_taken_as_they_stand() {
    let named =
        |name: &str| check(&MONTHLY.replace("team-blue", name), &MONTHLY_READ.replace("team-blue", name));
    named("Budget");
    named("my budget is greater than yours");
    named("team #1, \"blue\" <b>");
    named("équipe bleue – 2026");
    named(&"x".repeat(100));
    check(
        &MONTHLY.replace("team-blue", "a#b").trim_end().replace('\n', "#"),
        &MONTHLY_READ.replace("team-blue", "a#b"),
    );
    // The API allows no such names, so the text is not from AWS.
    let unread = "a topic sent a message that is none of AWS's about money: ";
    check(
        &MONTHLY.replace("team-blue", &"x".repeat(101)),
        &format!("{unread}{}", crate::model::Excerpt::new(MONTHLY)),
    );
    check("Budget Name: \nBudget Type: Cost", &format!(r#"{unread}"Budget Name: \nBudget Type: Cost""#));
    // Other currencies. Ambiguous amounts are not parsed.
    check(&MONTHLY.replace('$', "€"), &MONTHLY_READ.replace("USD", "EUR"));
    check(&MONTHLY.replace("$91.25", "1.091,25 €"), &MONTHLY_READ.replace("91.25 USD", "?"));
    // The lines are more precise than the sentences.
    check(&MONTHLY.replace("budget is $91.25", "budget is $90"), MONTHLY_READ);
    check(&MONTHLY.replace("ACTUAL Amount: $91.25\n", ""), MONTHLY_READ);
}

#[test]
fn text_that_says_nothing_about_money_is_kept() {
    check(
        "Hello\u{1b}[31m from SNS!",
        r#"a topic sent a message that is none of AWS's about money: "Hello [31m from SNS!""#,
    );
    check("{}", r#"a topic sent a message that is none of AWS's about money: "{}""#);
    check("", r#"a topic sent a message that is none of AWS's about money: """#);
    let CostAlert::Unrecognised(long) = read(None, &"é\n".repeat(100_000)) else { panic!("recognised") };
    assert_eq!((long.text.chars().count(), long.text.chars().last()), (1_001, Some('…')));
    // The subject is parsed even if the wording of the text has changed.
    let subject = Some("AWS Budgets: team blue has exceeded your alert threshold");
    let CostAlert::Budget(notice) = read(subject, "in new words") else { panic!("unrecognised") };
    assert_eq!(describe(&notice), "team blue | ? | ? | ? ? | limit ? | ? ? | ?");
}

#[test]
fn a_cost_anomaly_is_read_in_both_spellings() {
    let anomaly = |dimension: &str| {
        json!({
            "accountId": "123456789012", "anomalyId": "a-1", dimension: "Amazon S3", "monitorArn": "arn:m",
            "anomalyStartDate": "2026-03-01T00:00:00Z", "anomalyEndDate": "2026-03-02T00:00:00Z",
            "impact": {"maxImpact": 151, "totalImpact": 1001.1, "totalActualSpend": 1301.1, "totalExpectedSpend": 300},
            "rootCauses": [{"service": "Amazon S3", "region": "eu-west-1", "usageType": "Requests-Tier1",
                "linkedAccount": "123456789012", "impact": {"contribution": 601}}],
        })
    };
    let expected = r#"Cost Anomaly Detection found the anomaly "a-1" in "Amazon S3": 1,001.10 USD above what was expected (1,301.10 USD instead of 300.00 USD); first cause "Amazon S3, Requests-Tier1, eu-west-1, 123456789012"; account "123456789012""#;
    check(&anomaly("dimensionalValue").to_string(), expected);
    let event = json!({"id": "e-1", "source": "aws.ce", "detail-type": "Anomaly Detected", "time": "2026-03-02T07:00:00Z", "detail": anomaly("dimensionValue")});
    assert_eq!(message(decode_body(&event.to_string())).alert.to_string(), expected);
    check(&event.to_string(), expected);
    let exact = anomaly("dimensionalValue").to_string().replace("1001.1", "0.1000005");
    assert!(
        matches!(read(None, &exact), CostAlert::Anomaly(CostAnomaly { impact: Some(impact), .. }) if impact.micros() == 100_000)
    );
    check(
        r#"{"anomalyId":"a-1"}"#,
        r#"a topic sent a message that is none of AWS's about money: "{\"anomalyId\":\"a-1\"}""#,
    );
}

#[test]
fn a_billing_alarm_is_read_and_another_one_is_not() {
    let alarm = |namespace: &str, reason: &str| {
        json!({
            "AlarmName": "bill", "AWSAccountId": "123456789012", "NewStateValue": "ALARM", "NewStateReason": reason,
            "StateChangeTime": "2026-03-02T07:00:00.500+0000",
            "Trigger": {"MetricName": "EstimatedCharges", "Namespace": namespace, "Threshold": 50.0,
                "Dimensions": [{"name": "Currency", "value": "USD"}, {"name": "ServiceName", "value": "AmazonEC2"}]},
        })
        .to_string()
    };
    let now = "Threshold Crossed: 1 out of the last 1 datapoints [62.5 (02/03/26 01:00:00)] was greater than the threshold (50.0).";
    let then = "Threshold Crossed: 1 datapoint (62.5) was greater than the threshold (50.0).";
    for reason in [now, then] {
        let expected = r#"the billing alarm "bill" is in state ALARM: charges of 62.50 USD, threshold 50.00 USD, for "AmazonEC2"; account "123456789012""#;
        check(&alarm("AWS/Billing", reason), expected);
    }
    let CostAlert::BillingAlarm(read) = read(None, &alarm("AWS/Billing", now)) else { panic!("not read") };
    assert_eq!(read.since, Some("2026-03-02T07:00:00.5Z".parse().unwrap()));
    check(
        &alarm("AWS/Lambda", now),
        r#"a topic sent a CloudWatch alarm on AWS/Lambda EstimatedCharges, and that is not about money: "{\"AWSAccountId\":\"123456789012\",\"AlarmName\":\"bill\",\"NewStateReason\":\"T…""#,
    );
}

#[test]
fn a_message_says_the_same_however_it_travels() {
    let (topic, id) = ("arn:aws:sns:us-east-1:123456789012:money", "s-1");
    let sns = json!({
        "Type": "Notification", "MessageId": id, "TopicArn": topic, "Subject": "x", "Message": MONTHLY,
        "Timestamp": "2026-03-03T09:00:00.123Z", "SignatureVersion": "1", "MessageAttributes": {},
    });
    let expected = CostMessage {
        topic_arn: Some(topic.into()),
        message_id: Some(id.into()),
        sent: Some("2026-03-03T09:00:00.123Z".parse().unwrap()),
        alert: read(None, MONTHLY),
    };
    let to_function =
        json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]}).to_string();
    let Ok(Payload::Topic(messages)) = decode(to_function.as_bytes()) else { panic!("{to_function}") };
    assert_eq!(messages, std::slice::from_ref(&expected));
    let bodies = [sns.to_string(), MONTHLY.to_owned()];
    let records = bodies.iter().map(|body| json!({"messageId": "m", "eventSource": "aws:sqs", "body": body}));
    let batch = json!({ "Records": records.collect::<Vec<_>>() }).to_string();
    let Ok(Payload::Queue(messages)) = decode(batch.as_bytes()) else { panic!("{batch}") };
    let [envelope, raw] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message(envelope.body.as_ref().unwrap().received()), expected);
    assert_eq!(message(raw.body.as_ref().unwrap().received()), CostMessage::bare(expected.alert.clone()));
    let event = |detail: serde_json::Value| {
        json!({"id": "e", "source": "ours", "detail-type": "budget", "time": "2026-03-03T09:00:00Z", "detail": detail}).to_string()
    };
    let forwarded = event(json!({"message": MONTHLY.replace('\n', "#")}));
    assert_eq!(message(decode_body(&forwarded)).alert, expected.alert);
    assert!(matches!(decode_body(&event(json!({"message": "Budget 2026"}))), Ok(Received::Bus(_))));
}

#[test]
fn what_is_no_alert_is_told_apart() {
    let read = |kind: &str, text: &str| {
        let body =
            json!({"Type": kind, "TopicArn": "arn:aws:sns:us-east-1:123456789012:money", "Message": text});
        message(decode_body(&body.to_string())).alert.to_string()
    };
    let asks = r#"the topic "arn:aws:sns:us-east-1:123456789012:money" asks to be confirmed as a source; that is for a person to do"#;
    assert_eq!(read("SubscriptionConfirmation", "visit the SubscribeURL"), asks);
    assert_eq!(read("UnsubscribeConfirmation", MONTHLY), asks);
    assert_eq!(read("Surprise", "x"), r#"a topic sent an SNS message that is no notification: "x""#);
    // The guard's alerts topic feeds the guard, which must not answer its own alerts.
    let own = json!({"kind": "budget", "dedup_id": "d-1", "reason": "r"}).to_string();
    assert_eq!(read("Notification", &own), r#"an alert of the guard itself came back to it ("d-1")"#);
    let refused =
        |body: &str, expected: &str| assert_eq!(decode_body(body).unwrap_err().to_string(), expected);
    refused(r#"{"Type":"Notification","TopicArn":"arn","Message":7}"#, "Message is a number; expected text");
    let error = decode_body("The budget is fine").unwrap_err().to_string();
    assert!(error.starts_with("not JSON: "), "{error}");
    let mixed = json!({"Records": [
        {"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": "x"}}, {"eventSource": "aws:sqs", "messageId": "m", "body": ""},
    ]});
    let error = decode(mixed.to_string().as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with(r#"Records[].eventSource is "aws:sqs"; expected"#), "{error}");
}
