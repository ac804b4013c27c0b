//! A budget that is overspent for some time, and its messages: late, repeated, forged.

use budget_guard_core::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, NotificationState, Threshold,
};

use super::aws::{Shared, State};
use super::happenings::{Agenda, Happening, Message};

/// Adds the messages to the agenda. Its generator is its own, so that the rest of the world does not change.
pub fn schedule(seed: u64, agenda: &mut Agenda, end: i64) {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xb1de_6e75);
    let forged = rng.i64(0..end);
    agenda.add(forged, Happening::Available(message("forged", "red")));
    if rng.u32(0..3) == 0 {
        return;
    }
    let (from, until) = (rng.i64(0..end * 2 / 3), rng.i64(end * 2 / 3..end));
    agenda.add(from, Happening::Budget { is_overspent: true });
    for copy in 0..rng.usize(1..4) {
        // Some arrive after the budget is no longer overspent.
        let at = from + rng.i64(1..end / 2);
        agenda.add(at, Happening::Available(message(&copy.to_string(), "blue")));
    }
    agenda.add(until, Happening::Budget { is_overspent: false });
}

fn message(id: &str, budget: &str) -> Message {
    let text = format!("Budget Name: {budget}\\nAlert Type: ACTUAL\\nAlert Threshold: > $80.00\\n");
    let topic = "arn:aws:sns:us-east-1:123456789012:money";
    let body = format!(
        r#"{{"Type":"Notification","MessageId":"{budget}","TopicArn":"{topic}","Message":"{text}"}}"#
    );
    Message { id: format!("money/{id}"), body, receives: 0, is_good: true }
}

/// Reply of the Budgets API about the world's only budget.
pub fn status(state: &State) -> BudgetStatus {
    let amount = |text: &str| Some(text.parse().expect("an amount"));
    let alert = BudgetNotification {
        basis: AlertBasis::Actual,
        comparison: Comparison::GreaterThan,
        threshold: Threshold::Percentage(80_000_000),
        state: Some(if state.is_overspent { NotificationState::Alarm } else { NotificationState::Ok }),
    };
    BudgetStatus {
        account: "123456789012".into(),
        name: "blue".into(),
        kind: "COST".into(),
        period: BudgetPeriod::Monthly,
        limit: amount("$100"),
        actual: amount(if state.is_overspent { "$91.25" } else { "$12" }),
        forecast: None,
        notifications: vec![alert],
    }
}

/// Checks that the pressure ended with the budget, that alerts were published, and that a forged message had no effect.
pub fn at_rest(shared: &Shared, now: budget_guard_core::model::Timestamp) {
    let mut state = shared.lock();
    let stored = state.pressure().unwrap_or_default();
    for overspent in stored.active(now) {
        let told = overspent.follow_up.told.is_some();
        state.broke(10, format!("the budget {} still presses (told: {told})", overspent.name));
    }
    let forged = state.alerts.iter().filter(|alert| alert.dedup_id == "budget/message/red").count();
    if forged == 0 {
        state.broke(10, "nobody was told of the forged alert".to_owned());
    }
    if state.alerts.iter().any(|alert| alert.budget.as_ref().is_some_and(|budget| budget.name == "red")) {
        state.broke(10, "a forged alert put pressure on".to_owned());
    }
}
