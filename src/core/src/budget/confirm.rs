//! Is an alert true? Anyone who may publish to the topic can write one, so AWS Budgets itself is asked.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};

use super::OverspentBudget;
use crate::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, Excerpt, Fault, FaultKind,
    Timestamp, whole_seconds,
};
use crate::sources::cost::{BudgetNotice, CostAlert, CostMessage};

/// Budgets of these types are about spending; the others are about how well something paid for is used.
const SPENDING: [&str; 2] = ["COST", "USAGE"];

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// AWS says so too, and this is what counts.
    Confirmed(Box<OverspentBudget>),
    /// Nothing may follow from it.
    Unconfirmed(Doubt),
}

/// Why an alert is not taken for true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("only alerts of AWS Budgets can be checked")]
    NotABudget,
    #[error("it is about account {claimed}, and this guard asks about account {asked}")]
    OtherAccount { claimed: String, asked: String },
    #[error("account {asked} has no budget {name}: the alert was forged, or the budget renamed or deleted")]
    NoSuchBudget { name: Excerpt, asked: String },
    #[error("a budget of type {kind} is not about what is spent")]
    NotSpending { kind: String },
    #[error("the period it is about ended at {until}")]
    PeriodOver { until: Timestamp },
    #[error("the budget has no such alert: it was forged, or the budget changed since")]
    NoSuchAlert,
    #[error("AWS Budgets has this alert in state OK: it was forged, or its cause is gone")]
    NotRaised,
    #[error("AWS Budgets may not be asked ({0}); allow the function budgets:ViewBudget")]
    NotAllowed(Fault),
    #[error("AWS Budgets gave no answer ({0}); the alert may be true")]
    NoAnswer(Fault),
}

impl Doubt {
    /// Returns true if AWS may give an answer soon.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NoAnswer(_))
    }
}

/// Compares an alert with what the Budgets API of `account` said when it was asked for the budget of that name.
pub fn confirm(
    message: &CostMessage,
    account: &str,
    answer: Result<&BudgetStatus, &Fault>,
    now: Timestamp,
) -> Confirmation {
    let CostAlert::Budget(notice) = &message.alert else {
        return Confirmation::Unconfirmed(Doubt::NotABudget);
    };
    match check(notice, message.sent, account, answer, now) {
        Ok(overspent) => Confirmation::Confirmed(Box::new(overspent)),
        Err(doubt) => Confirmation::Unconfirmed(doubt),
    }
}

fn check(
    notice: &BudgetNotice,
    sent: Option<Timestamp>,
    account: &str,
    answer: Result<&BudgetStatus, &Fault>,
    now: Timestamp,
) -> Result<OverspentBudget, Doubt> {
    if let Some(claimed) = notice.account.as_ref().filter(|claimed| *claimed != account) {
        return Err(Doubt::OtherAccount { claimed: claimed.clone(), asked: account.to_owned() });
    }
    let status = answer.map_err(|fault| match fault.kind {
        FaultKind::NotFound => {
            Doubt::NoSuchBudget { name: Excerpt::new(&notice.name), asked: account.to_owned() }
        }
        FaultKind::Denied => Doubt::NotAllowed(fault.clone()),
        _ => Doubt::NoAnswer(fault.clone()),
    })?;
    if !SPENDING.contains(&status.kind.as_str()) {
        return Err(Doubt::NotSpending { kind: status.kind.clone() });
    }
    let until = until(status.period, said_at(notice.date, sent, now)).unwrap_or(Timestamp::MAX);
    if until <= now {
        return Err(Doubt::PeriodOver { until });
    }
    let mut meant = status.notifications.iter().filter(|alert| is_meant(notice, status, alert)).peekable();
    meant.peek().ok_or(Doubt::NoSuchAlert)?;
    let raised = meant.filter(|alert| status.is_raised(alert));
    let strongest =
        raised.max_by_key(|alert| (alert.basis, status.threshold(alert).map(|amount| amount.micros())));
    Ok(overspent(status, strongest.ok_or(Doubt::NotRaised)?, now, until))
}

/// Whether this alert of the budget may be the one that the text is about. The text gives the threshold in cents.
fn is_meant(notice: &BudgetNotice, status: &BudgetStatus, alert: &BudgetNotification) -> bool {
    let is_same_threshold = match (&notice.threshold, status.threshold(alert)) {
        (Some(said), Some(known)) => said.is_about(&known),
        (Some(_), None) => false,
        (None, _) => true,
    };
    alert.comparison == Comparison::GreaterThan
        && notice.comparison.is_none_or(|said| said == alert.comparison)
        && notice.basis.is_none_or(|said| said == alert.basis)
        && is_same_threshold
}

/// When the alert was raised: by the text's date, which is a day in an unknown time zone, and exactly if SNS's time fits.
fn said_at(date: Option<Date>, sent: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let sent = sent.unwrap_or(now);
    let start = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok()).map(|start| start.timestamp());
    let fits = |start: Timestamp| {
        start - SignedDuration::from_hours(24) <= sent && sent < start + SignedDuration::from_hours(48)
    };
    match start {
        Some(start) if !fits(start) => start.min(now),
        _ => sent.min(now),
    }
}

/// Until when the alert counts. Of a daily budget it comes on the next day, so it counts until the end of the one after.
fn until(period: BudgetPeriod, said_at: Timestamp) -> Option<Timestamp> {
    let end = period.end(said_at)?;
    if period == BudgetPeriod::Daily { period.end(end) } else { Some(end) }
}

fn overspent(
    status: &BudgetStatus,
    alert: &BudgetNotification,
    now: Timestamp,
    until: Timestamp,
) -> OverspentBudget {
    let (threshold, amount) = (status.threshold(alert), status.amount(alert.basis));
    let verb = match alert.basis {
        AlertBasis::Actual => "has spent",
        AlertBasis::Forecasted => "is expected to spend",
    };
    let spent = amount.map_or_else(|| "too much".to_owned(), ToString::to_string);
    let mut reason = format!("the budget {} {verb} {spent}", Excerpt::new(&status.name));
    if let Some(threshold) = &threshold {
        reason += &format!(", more than its alert threshold of {threshold}");
    }
    if let Some(limit) = &status.limit {
        reason += &format!("; budgeted are {limit}");
    }
    OverspentBudget {
        name: status.name.clone(),
        basis: alert.basis,
        since: whole_seconds(now),
        until,
        reason,
        limit: status.limit.clone(),
        threshold,
        amount: amount.cloned(),
        follow_up: super::FollowUp::default(),
    }
}
