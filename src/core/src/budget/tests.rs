//! Alerts compared with the answers of AWS Budgets, and the resulting pressure over time.

use super::*;
use crate::alerts::{
    Alert, AlertJson, AlertKind, BudgetBody, BudgetEvent, BudgetRef, Occurrence, Repetition, Subject, Topic,
};
use crate::model::{
    BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, Fault, FaultKind, NotificationState,
    Threshold,
};
use crate::sources::cost::{self, CostMessage};

mod follow_up;

const ACCOUNT: &str = "123456789012";
const NOON: &str = "2026-11-20T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alert(basis: &str, threshold: &str) -> CostMessage {
    let text = format!(
        "AWS Budget Notification November 20, 2026\nAWS Account {ACCOUNT}\n\nBudget Name: blue\nBudgeted Amount: $100.00\nAlert Type: {basis}\nAlert Threshold: > {threshold}\n{basis} Amount: $91.25\n"
    );
    let sent = Some(at("2026-11-20T11:59:30Z"));
    CostMessage { topic_arn: None, message_id: None, sent, alert: cost::read(None, &text) }
}

/// Budget of 100 USD with a raised alert at 80 % of actual costs, and one at 100 USD of the forecast, not raised.
fn blue() -> BudgetStatus {
    let amount = |text: &str| Some(text.parse().unwrap());
    let notification = |basis, threshold, state| BudgetNotification {
        basis,
        comparison: Comparison::GreaterThan,
        threshold,
        state: Some(state),
    };
    BudgetStatus {
        account: ACCOUNT.into(),
        name: "blue".into(),
        kind: "COST".into(),
        period: BudgetPeriod::Monthly,
        limit: amount("$100"),
        actual: amount("$95.50"),
        forecast: amount("$99"),
        notifications: vec![
            notification(AlertBasis::Actual, Threshold::Percentage(80_000_000), NotificationState::Alarm),
            notification(
                AlertBasis::Forecasted,
                Threshold::Absolute("$100".parse().unwrap()),
                NotificationState::Ok,
            ),
        ],
    }
}

fn outcome(message: &CostMessage, answer: Result<&BudgetStatus, &Fault>, now: &str) -> String {
    match confirm(message, ACCOUNT, answer, at(now)) {
        Confirmation::Confirmed(overspent) => format!("until {}: {}", overspent.until, overspent.reason),
        Confirmation::Unconfirmed(doubt) if doubt.is_transient() => format!("not now: {doubt}"),
        Confirmation::Unconfirmed(doubt) => format!("no: {doubt}"),
    }
}

#[test]
fn an_alert_counts_if_aws_says_so_too() {
    let check = |message: &CostMessage, change: &dyn Fn(&mut BudgetStatus), expected: &str| {
        let mut status = blue();
        change(&mut status);
        assert_eq!(outcome(message, Ok(&status), NOON), expected, "{}", message.alert);
    };
    let actual = alert("ACTUAL", "$80.00");
    let spent = r#"until 2026-12-01T00:00:00Z: the budget "blue" has spent 95.50 USD, more than its alert threshold of 80.00 USD; budgeted are 100.00 USD"#;
    check(&actual, &|_| {}, spent);
    check(&alert("ACTUAL", "?"), &|_| {}, spent);
    check(
        &alert("ACTUAL", "$75.00"),
        &|_| {},
        "no: the budget has no such alert: it was forged, or the budget changed since",
    );
    check(
        &alert("ACTUAL", "€80.00"),
        &|_| {},
        "no: the budget has no such alert: it was forged, or the budget changed since",
    );
    check(
        &alert("FORECASTED", "$80.00"),
        &|_| {},
        "no: the budget has no such alert: it was forged, or the budget changed since",
    );
    let gone = "no: AWS Budgets has this alert in state OK: it was forged, or its cause is gone";
    check(&alert("FORECASTED", "$100.00"), &|_| {}, gone);
    let expected = r#"until 2026-12-01T00:00:00Z: the budget "blue" is expected to spend 99.00 USD, more than its alert threshold of 100.00 USD; budgeted are 100.00 USD"#;
    let raise = |status: &mut BudgetStatus| status.notifications[1].state = Some(NotificationState::Alarm);
    check(&alert("FORECASTED", "$100.00"), &raise, expected);
    // Among several alerts that match, the strongest one counts.
    check(&alert("?", "?"), &raise, spent);
    // Without a state, the amounts decide.
    let spent_without_state = |actual: Option<&str>| {
        let actual = actual.map(|amount| amount.parse().unwrap());
        move |status: &mut BudgetStatus| {
            status.notifications[0].state = None;
            status.actual = actual.clone();
        }
    };
    check(&actual, &spent_without_state(Some("$95.50")), spent);
    check(&actual, &spent_without_state(Some("$80")), gone);
    check(&actual, &spent_without_state(None), gone);
    // The message gives cents only.
    let fine = |status: &mut BudgetStatus| status.limit = Some("$100.004".parse().unwrap());
    check(&actual, &fine, &spent.replace("80.00 USD", "80.0032 USD").replace("100.00", "100.004"));
    check(
        &actual,
        &|status| status.limit = None,
        "no: the budget has no such alert: it was forged, or the budget changed since",
    );
    check(
        &actual,
        &|status| status.kind = "RI_UTILIZATION".into(),
        "no: a budget of type RI_UTILIZATION is not about what is spent",
    );
    let below = |status: &mut BudgetStatus| status.notifications[0].comparison = Comparison::LessThan;
    check(&actual, &below, "no: the budget has no such alert: it was forged, or the budget changed since");
}

#[test]
fn an_alert_counts_until_its_period_ends() {
    let check = |period: BudgetPeriod, date: &str, sent: Option<&str>, now: &str, expected: &str| {
        let mut message = alert("ACTUAL", "$80.00");
        if let cost::CostAlert::Budget(notice) = &mut message.alert {
            notice.date = date.parse().ok();
        }
        message.sent = sent.map(at);
        let seen = outcome(&message, Ok(&BudgetStatus { period, ..blue() }), now);
        assert!(seen.starts_with(expected), "{period:?} {date} {sent:?} {now}: {seen}");
    };
    let sent = Some("2026-11-20T11:59:30Z");
    check(BudgetPeriod::Monthly, "2026-11-20", sent, "2026-11-30T23:59:59Z", "until 2026-12-01T00:00:00Z");
    check(
        BudgetPeriod::Monthly,
        "2026-11-20",
        sent,
        "2026-12-01T00:00:00Z",
        "no: the period it is about ended at 2026-12-01T00:00:00Z",
    );
    check(BudgetPeriod::Quarterly, "2026-11-20", sent, NOON, "until 2027-01-01T00:00:00Z");
    check(BudgetPeriod::Annually, "2026-11-20", None, NOON, "until 2027-01-01T00:00:00Z");
    // An alert of a daily budget is about the day before.
    check(BudgetPeriod::Daily, "2026-11-20", sent, NOON, "until 2026-11-22T00:00:00Z");
    check(BudgetPeriod::Daily, "2026-11-20", sent, "2026-11-22T00:00:00Z", "no: the period");
    // Forwarded weeks later.
    check(
        BudgetPeriod::Monthly,
        "2026-10-20",
        sent,
        NOON,
        "no: the period it is about ended at 2026-11-01T00:00:00Z",
    );
    // The date may be in another time zone.
    let night = "2026-11-01T03:00:00Z";
    check(BudgetPeriod::Monthly, "2026-10-31", Some(night), night, "until 2026-12-01T00:00:00Z");
    // Without a date or an envelope the present time counts, as it does for dates in the future.
    check(BudgetPeriod::Monthly, "?", None, NOON, "until 2026-12-01T00:00:00Z");
    check(BudgetPeriod::Monthly, "2031-01-01", sent, NOON, "until 2026-12-01T00:00:00Z");
    check(
        BudgetPeriod::Monthly,
        "2031-01-01",
        Some("2031-01-01T00:00:00Z"),
        NOON,
        "until 2026-12-01T00:00:00Z",
    );
    let week = BudgetPeriod::Custom { since: at("2026-11-16T00:00:00Z"), until: at("2026-11-23T00:00:00Z") };
    check(week, "2026-11-20", sent, NOON, "until 2026-11-23T00:00:00Z");
}

#[test]
fn an_alert_that_cannot_be_checked_says_why() {
    let check = |kind: FaultKind, expected: &str| {
        let fault = Fault::new(kind, "DescribeBudget: words");
        assert_eq!(outcome(&alert("ACTUAL", "$80.00"), Err(&fault), NOON), expected);
    };
    let missing = r#"no: account 123456789012 has no budget "blue": the alert was forged, or the budget renamed or deleted"#;
    check(FaultKind::NotFound, missing);
    check(
        FaultKind::Denied,
        "no: AWS Budgets may not be asked (DescribeBudget: words); allow the function budgets:ViewBudget",
    );
    for passing in [FaultKind::Throttled, FaultKind::Timeout, FaultKind::Other] {
        check(passing, "not now: AWS Budgets gave no answer (DescribeBudget: words); the alert may be true");
    }
    let mut foreign = alert("ACTUAL", "$80.00");
    if let cost::CostAlert::Budget(notice) = &mut foreign.alert {
        notice.account = Some("999999999999".into());
    }
    let other = "no: it is about account 999999999999, and this guard asks about account 123456789012";
    assert_eq!(outcome(&foreign, Ok(&blue()), NOON), other);
    let unknown = CostMessage { alert: cost::read(None, "hello"), ..foreign };
    assert_eq!(outcome(&unknown, Ok(&blue()), NOON), "no: only alerts of AWS Budgets can be checked");
}

fn overspent(name: &str, basis: AlertBasis, threshold: &str, since: &str, until: &str) -> OverspentBudget {
    OverspentBudget {
        name: name.into(),
        basis,
        since: at(since),
        until: at(until),
        reason: format!("{basis} {threshold}"),
        limit: None,
        threshold: Some(threshold.parse().unwrap()),
        amount: None,
        follow_up: FollowUp::default(),
    }
}

/// Alerts of one budget in order: (time, basis, threshold, until, change, reason in effect afterwards).
fn check(story: &[(&str, AlertBasis, &str, &str, Change, &str)]) {
    let mut pressure = OverspentBudgets::default();
    for (now, basis, threshold, until, change, holds) in story {
        let alert = overspent("blue", *basis, threshold, now, until);
        assert_eq!(pressure.record(alert, at(now)), *change, "at {now}: {basis} {threshold} until {until}");
        let reasons: Vec<&str> =
            pressure.active(at(now)).map(|overspent| overspent.reason.as_str()).collect();
        assert_eq!(reasons.join(", "), *holds, "at {now}");
        pressure = OverspentBudgets::decode(&pressure.encode().unwrap()).unwrap();
    }
}

#[test]
fn pressure_begins_once_and_only_grows() {
    use AlertBasis::{Actual, Forecasted};
    let end = "2026-12-01T00:00:00Z";
    check(&[
        ("2026-11-10T00:00:00Z", Forecasted, "$80", end, Change::Begun, "FORECASTED $80"),
        ("2026-11-10T00:00:09Z", Forecasted, "$80", end, Change::None, "FORECASTED $80"),
        ("2026-11-11T00:00:00Z", Forecasted, "$100", end, Change::Grown, "FORECASTED $100"),
        ("2026-11-12T00:00:00Z", Forecasted, "$80", end, Change::None, "FORECASTED $100"),
        ("2026-11-13T00:00:00Z", Actual, "$80", end, Change::Grown, "ACTUAL $80"),
        ("2026-11-14T00:00:00Z", Actual, "$80", end, Change::None, "ACTUAL $80"),
        ("2026-11-15T00:00:00Z", Forecasted, "$100", end, Change::None, "ACTUAL $80"),
        ("2026-12-01T00:00:00Z", Actual, "$80", end, Change::None, ""),
        // An instance whose clock is behind receives the old alert again. Nothing changes.
        ("2026-11-30T23:59:50Z", Actual, "$80", end, Change::None, "ACTUAL $80"),
        ("2026-12-09T00:00:00Z", Forecasted, "$80", "2027-01-01T00:00:00Z", Change::Begun, "FORECASTED $80"),
    ]);
    // A daily budget continues from day to day.
    check(&[
        ("2026-11-10T08:00:00Z", Actual, "$5", "2026-11-12T00:00:00Z", Change::Begun, "ACTUAL $5"),
        ("2026-11-11T08:00:00Z", Actual, "$5", "2026-11-13T00:00:00Z", Change::Grown, "ACTUAL $5"),
        ("2026-11-11T09:00:00Z", Actual, "$5", "2026-11-12T00:00:00Z", Change::None, "ACTUAL $5"),
        ("2026-11-20T08:00:00Z", Actual, "$5", "2026-11-22T00:00:00Z", Change::Begun, "ACTUAL $5"),
    ]);
}

#[test]
fn since_is_when_the_story_began() {
    let mut pressure = OverspentBudgets::default();
    let [first, second] = ["2026-11-10T08:00:00Z", "2026-11-11T08:00:00Z"];
    pressure.record(overspent("blue", AlertBasis::Actual, "$5", first, "2026-11-12T00:00:00Z"), at(first));
    pressure.record(overspent("blue", AlertBasis::Actual, "$5", second, "2026-11-13T00:00:00Z"), at(second));
    let sinces: Vec<String> =
        pressure.active(at(second)).map(|overspent| overspent.since.to_string()).collect();
    assert_eq!(sinces, [first]);
    assert_eq!(pressure.ends(), Some(at("2026-11-13T00:00:00Z")));
    // The clock of this instance is behind that of the one that began it: the pressure holds here, too.
    assert_eq!(pressure.active(at("2026-11-10T07:59:00Z")).count(), 1);
}

#[test]
fn a_budget_that_is_ok_again_presses_no_longer() {
    let mut pressure = OverspentBudgets::default();
    for name in ["red", "blue", "green"] {
        pressure.record(overspent(name, AlertBasis::Actual, "$5", NOON, "2026-12-01T00:00:00Z"), at(NOON));
    }
    let later = at("2026-11-20T12:10:00Z");
    let asked =
        pressure.claim_due_checks(later).into_iter().find(|overspent| overspent.name == "blue").unwrap();
    assert!(pressure.ease(&asked));
    assert!(!pressure.ease(&asked));
    let names: Vec<&str> = pressure.active(at(NOON)).map(|overspent| overspent.name.as_str()).collect();
    assert_eq!(names, ["green", "red"]);
}

#[test]
fn a_budget_without_an_end_is_no_trouble() {
    let mut pressure = OverspentBudgets::default();
    let presses = |name| overspent(name, AlertBasis::Actual, "$5", NOON, "2026-12-01T00:00:00Z");
    let endless = OverspentBudget { until: Timestamp::MAX, ..presses("endless") };
    assert_eq!(pressure.record(endless, at(NOON)), Change::Begun);
    assert_eq!(pressure.record(presses("blue"), at(NOON)), Change::Begun);
    assert_eq!((pressure.active(at(NOON)).count(), pressure.ends()), (2, Some(Timestamp::MAX)));
}

#[test]
fn the_item_stays_small() {
    let mut pressure = OverspentBudgets::default();
    let later = "2026-12-01T00:00:00Z";
    // Longest name that AWS allows, of the longest characters, with the largest numbers.
    let mut status = BudgetStatus { name: "😀".repeat(100), ..blue() };
    status.limit = Some(format!("{} Lambda-GB-Second", "9".repeat(32)).parse().unwrap());
    status.actual = status.limit.clone();
    let mut message = alert("ACTUAL", "?");
    message.alert = cost::read(None, &format!("Budget Name: {}", status.name));
    status.notifications[0].threshold = Threshold::Absolute(status.limit.clone().unwrap());
    let Confirmation::Confirmed(long) = confirm(&message, ACCOUNT, Ok(&status), at(NOON)) else {
        panic!("no")
    };
    for n in 0..MAX_BUDGETS {
        let named = OverspentBudget { name: format!("{n:02}{}", "😀".repeat(98)), ..*long.clone() };
        assert_eq!(pressure.record(named, at(NOON)), Change::Begun);
    }
    assert_eq!(
        pressure.record(overspent("blue", AlertBasis::Actual, "$5", NOON, later), at(NOON)),
        Change::Full
    );
    let size = pressure.encode().unwrap().json.len();
    assert!(size < 32 * 1_024, "{size} bytes");
    // Also while alerts cannot be published for a long time.
    let mut told = pressure.clone();
    for overspent in told.clear(&"😀".repeat(300), at(NOON)) {
        let reason = overspent.follow_up.cleared.as_ref().map_or("", |cleared| &cleared.reason).to_owned();
        let (name, limit) = (overspent.name.clone(), overspent.limit.clone());
        let (threshold, amount, until) =
            (overspent.threshold.clone(), overspent.amount.clone(), Some(overspent.until));
        let budget = BudgetRef { name, limit, threshold, amount, until };
        let event = BudgetEvent::Cleared(reason);
        let body = BudgetBody { event, budget: Some(budget), region: "us-east-1".into() };
        let cleared = Occurrence::of_repeated(Topic::Cleared, Repetition::At(overspent.since));
        let alert = Alert::about_budget(Subject::Budget(overspent.name), cleared, body, at(NOON));
        assert_eq!(told.queue(alert), None);
    }
    let size = told.encode().unwrap().json.len();
    assert!(size < 128 * 1_024, "{size} bytes");
    // Budgets that have ended are removed for new ones.
    let next = "2026-12-02T00:00:00Z";
    assert_eq!(
        pressure.record(overspent("blue", AlertBasis::Actual, "$5", next, "2027-01-01T00:00:00Z"), at(next)),
        Change::Begun
    );
    assert_eq!(pressure.active(at(next)).count(), 1);
}

#[test]
fn a_stored_item_is_read_or_named() {
    let check = |json: &str, expected: &str| {
        let error = OverspentBudgets::decode(&Blob::from(json.to_owned())).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    assert_eq!(
        OverspentBudgets::decode(&Blob::from(r#"{"schema":1,"budgets":[]}"#.to_owned())).unwrap(),
        OverspentBudgets::default()
    );
    check(
        r#"{"schema":2,"budgets":[]}"#,
        "the budget pressure has schema 2, this version reads up to 1; install",
    );
    check("{", "the budget pressure is damaged: EOF");
    check(r#"{"schema":1,"budgets":[{}]}"#, "the budget pressure is damaged: missing field `name`");
}
