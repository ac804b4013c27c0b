//! Follow-up of budget pressure: waiting alerts, questions to AWS, and decisions of a person.

use super::*;

fn alert_of(id: &str, time: Timestamp) -> Alert {
    Alert::written(AlertJson::new(AlertKind::Budget, id.into(), "r".into(), time))
}

#[test]
fn alerts_wait_until_they_are_published_by_one() {
    let alert = |id: &str| alert_of(id, at(NOON));
    let ids = |alerts: Vec<Alert>| -> Vec<String> {
        alerts.into_iter().map(|alert| alert.key.to_string()).collect()
    };
    let mut pressure = OverspentBudgets::default();
    assert_eq!([pressure.queue(alert("a")), pressure.queue(alert("b"))], [None, None]);
    assert_eq!(ids(pressure.claim_outbox(at(NOON))), ["a", "b"]);
    // The caller that claimed them is at work, or its clock runs ahead.
    assert_eq!(ids(pressure.claim_outbox(at("2026-11-20T12:00:59Z"))), [""; 0]);
    assert_eq!(ids(pressure.claim_outbox(at("2026-11-20T11:59:01Z"))), [""; 0]);
    pressure.mark_published(&alert("a").key);
    pressure = OverspentBudgets::decode(&pressure.encode().unwrap()).unwrap();
    // That caller died: the next one publishes.
    assert_eq!(ids(pressure.claim_outbox(at("2026-11-20T12:01:00Z"))), ["b"]);
    pressure.mark_published(&alert("b").key);
    assert_eq!(pressure, OverspentBudgets::default());
    let given_up = (0..=MAX_BUDGETS).filter_map(|n| pressure.queue(alert(&n.to_string())));
    assert_eq!(ids(given_up.collect()), ["0"]);
}

#[test]
fn a_budget_whose_alert_is_given_up_is_announced_again() {
    let noon = at(NOON);
    let mut budgets = OverspentBudgets::default();
    budgets.record(overspent("blue", AlertBasis::Actual, "$80", NOON, "2026-12-01T00:00:00Z"), noon);
    assert_eq!(budgets.claim_unannounced(noon).len(), 1);
    let event = BudgetEvent::Pressure { why: "r".into(), cut: Vec::new(), left: Vec::new(), unlisted: 0 };
    let body = BudgetBody { event, budget: None, region: "us-east-1".into() };
    let subject = Subject::Budget("blue".into());
    budgets.queue(Alert::about_budget(subject, Occurrence::default(), body, noon));
    budgets.told("blue", noon);
    let later = at("2026-11-20T12:05:00Z");
    assert_eq!(budgets.claim_unannounced(later), []);
    let given_up: Vec<Alert> =
        (0..MAX_BUDGETS).filter_map(|n| budgets.queue(alert_of(&n.to_string(), noon))).collect();
    assert_eq!(given_up.len(), 1);
    assert_eq!(budgets.claim_unannounced(later).len(), 1);
}

#[test]
fn an_alert_that_waits_keeps_the_item() {
    let (begun, noon) = (at("2026-11-03T12:00:00Z"), at(NOON));
    let mut pressure = OverspentBudgets::default();
    assert_eq!(pressure.note_unconfirmed(DoubtGroup::Other, "forged", begun), Report::Told);
    let alert = alert_of("a", noon);
    pressure.queue(alert.clone());
    assert_eq!(pressure.ends(), Some(at("2026-11-23T12:00:00Z")));
    // Each attempt is a new hope.
    pressure.claim_outbox(at("2026-11-22T12:00:00Z"));
    assert_eq!(pressure.ends(), Some(at("2026-11-25T12:00:00Z")));
    pressure.mark_published(&alert.key);
    assert_eq!(pressure.ends(), Some(begun));
}

#[test]
fn the_log_says_once_what_a_person_has_cleared() {
    let mut pressure = OverspentBudgets::default();
    let press_for =
        |threshold| overspent("blue", AlertBasis::Actual, threshold, NOON, "2026-12-01T00:00:00Z");
    pressure.record(press_for("$5"), at(NOON));
    assert_eq!(pressure.unlogged(), []);
    pressure.clear("a migration", at(NOON));
    let cleared = Cleared { at: at(NOON), reason: "a migration".into() };
    let unlogged = pressure.unlogged();
    assert_eq!(unlogged, [("blue".to_owned(), cleared)]);
    let before = pressure.clone();
    pressure.logged(&unlogged);
    assert_eq!(pressure.unlogged(), []);
    // A higher amount counts again, with an alert of its own.
    pressure.record(press_for("$6"), at(NOON));
    pressure.clear("again", at(NOON));
    pressure.logged(&before.unlogged());
    assert_eq!(pressure.unlogged().len(), 1);
}

#[test]
fn an_answer_about_what_pressed_before_ends_nothing_newer() {
    let end = "2026-12-01T00:00:00Z";
    let [later, asked_at] = ["2026-11-20T12:05:00Z", "2026-11-20T12:10:00Z"];
    let check = |newer: OverspentBudget, is_eased: bool| {
        let mut pressure = OverspentBudgets::default();
        pressure.record(overspent("blue", AlertBasis::Forecasted, "$80", NOON, end), at(NOON));
        let asked = pressure.claim_due_checks(at(asked_at)).remove(0);
        let change = pressure.record(newer.clone(), at(asked_at));
        assert_eq!(pressure.ease(&asked), is_eased, "{newer:?}: {change:?}");
        assert_eq!(pressure.active(at(asked_at)).count(), usize::from(!is_eased), "{newer:?}");
    };
    // The same alert once more.
    check(overspent("blue", AlertBasis::Forecasted, "$80", later, end), true);
    check(overspent("blue", AlertBasis::Forecasted, "$100", later, end), false);
    check(overspent("blue", AlertBasis::Actual, "$80", later, end), false);
    check(overspent("blue", AlertBasis::Forecasted, "$80", later, "2026-12-02T00:00:00Z"), false);
    // It ended, was eased by another instance, and began anew.
    let mut pressure = OverspentBudgets::default();
    pressure.record(overspent("blue", AlertBasis::Actual, "$5", later, end), at(later));
    assert!(!pressure.ease(&overspent("blue", AlertBasis::Actual, "$5", NOON, end)));
}
