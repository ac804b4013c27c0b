//! What holds for any text that claims to be about money: shared by the fuzz target and the test that replays its corpus.

use budget_guard_core::model::Amount;
use budget_guard_core::sources::cost::{BudgetNotice, CostAlert, read};
use budget_guard_core::sources::{Received, decode_body};
use serde_json::json;

/// The sentence goes into an alert, and is read by a person.
const MAX_SENTENCE_CHARS: usize = 1_000;
/// And an ellipsis.
const MAX_TEXT_CHARS: usize = 1_001;

/// Panics if the reader breaks one of its promises on this text.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let alert = read(None, text);
    assert_eq!(alert, read(None, text), "read twice, it differs");
    check_sentence(&alert.to_string());
    check_deliveries(text, &alert);
    match &alert {
        CostAlert::Budget(notice) => check_notice(notice),
        CostAlert::Anomaly(anomaly) => {
            [&anomaly.impact, &anomaly.actual, &anomaly.expected]
                .into_iter()
                .flatten()
                .for_each(check_amount);
        }
        CostAlert::BillingAlarm(alarm) => {
            [&alarm.threshold, &alarm.charges].into_iter().flatten().for_each(check_amount);
        }
        CostAlert::Unrecognised(unrecognised) => {
            assert!(unrecognised.text.chars().count() <= MAX_TEXT_CHARS, "{unrecognised:?}");
            assert!(unrecognised.text.chars().all(|c| c == '\n' || !c.is_control()), "{unrecognised:?}");
        }
        CostAlert::Subscription { .. } | CostAlert::OwnAlert { .. } => {}
    }
}

/// In the envelope of a topic it says the same, and without one the same or nothing.
fn check_deliveries(text: &str, alert: &CostAlert) {
    let envelope = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:money", "Message": text});
    match decode_body(&envelope.to_string()) {
        Ok(Received::Cost(message)) => assert_eq!(message.alert, *alert),
        other => panic!("a message of a topic became {other:?}"),
    }
    if let Ok(Received::Cost(message)) = decode_body(text)
        && message.topic_arn.is_none()
    {
        assert_eq!(message.alert, *alert);
    }
}

/// Written down as AWS does, it is read as what it was.
fn check_notice(notice: &BudgetNotice) {
    let is_known = |c: char| !c.is_control() && c != ':' && c != '\\';
    let length = notice.name.chars().count();
    assert!((1..=100).contains(&length) && notice.name.chars().all(is_known), "{:?}", notice.name);
    [&notice.limit, &notice.threshold, &notice.amount].into_iter().flatten().for_each(check_amount);
    let written = as_aws_writes(notice);
    let expected = CostAlert::Budget(BudgetNotice { period: None, ..notice.clone() });
    assert_eq!(read(None, &written), expected, "{written}");
    let quoted: String = written.lines().map(|line| format!("> {line}\r\n")).collect();
    assert_eq!(read(None, &quoted), expected, "{quoted}");
    if !notice.name.contains('#') {
        let on_one_line = written.replace('\n', "#");
        assert_eq!(read(None, &on_one_line), expected, "{on_one_line}");
    }
}

fn as_aws_writes(notice: &BudgetNotice) -> String {
    let amount = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string).unwrap_or_default();
    let date = notice.date.map(|date| date.strftime("%B %d, %Y").to_string()).unwrap_or_default();
    let basis = notice.basis.map(|basis| basis.to_string()).unwrap_or_default();
    let comparison = notice.comparison.map(|comparison| comparison.to_string()).unwrap_or_default();
    format!(
        "AWS Budget Notification {date}\nAWS Account {}\n\nDear AWS Customer,\n\nBudget Name: {}\nBudget Type: Cost\n\
         Budgeted Amount: {}\nAlert Type: {basis}\nAlert Threshold: {comparison} {}\nACTUAL Amount: {}\n\n[1] https://\n",
        notice.account.as_deref().unwrap_or("?"),
        notice.name,
        amount(&notice.limit),
        amount(&notice.threshold),
        amount(&notice.amount),
    )
}

fn check_amount(amount: &Amount) {
    assert_eq!(amount.to_string().parse().as_ref(), Ok(amount), "{amount} is not read as what it is");
}

/// One line, and nothing that a terminal obeys.
fn check_sentence(sentence: &str) {
    let count = sentence.chars().count();
    assert!(count > 0 && count < MAX_SENTENCE_CHARS, "{count} characters: {sentence}");
    let is_printable = |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c]);
    assert!(sentence.chars().all(is_printable), "{sentence:?}");
}
