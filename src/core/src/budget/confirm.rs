//! Confirmation of an alert about costs. Every principal that may publish to the topic can forge one, so AWS Budgets
//! itself is asked.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};

use super::OverspentBudget;
use crate::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, Excerpt, Fault, FaultKind,
    Timestamp, whole_seconds,
};
use crate::sources::cost::{BudgetNotice, CostAlert, CostMessage};

/// Types of budgets about spending. The other types are about utilization and coverage.
const SPENDING: [&str; 2] = ["COST", "USAGE"];

/// Outcome of asking AWS Budgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// AWS says so too, and this is what counts.
    Confirmed(Box<OverspentBudget>),
    /// AWS does not confirm it. It has no consequence.
    Unconfirmed(Doubt),
}

/// Reason why an alert is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The alert does not come from AWS Budgets.
    #[error("only alerts of AWS Budgets can be checked")]
    NotABudget,
    /// The alert is about another account.
    #[error("it is about account {claimed}, and this guard asks about account {asked}")]
    OtherAccount {
        /// Account in the alert.
        claimed: String,
        /// Account that the guard asks.
        asked: String,
    },
    /// The account has no such budget.
    #[error("account {asked} has no budget {name}: the alert was forged, or the budget renamed or deleted")]
    NoSuchBudget {
        /// Name of the budget in the alert.
        name: Excerpt,
        /// Account that the guard asks.
        asked: String,
    },
    /// The budget is about usage, reservations or savings plans.
    #[error("a budget of type {kind} is not about what is spent")]
    NotSpending {
        /// Type of the budget, as AWS names it.
        kind: String,
    },
    /// The period of the alert is over.
    #[error("the period it is about ended at {until}")]
    PeriodOver {
        /// End of that period.
        until: Timestamp,
    },
    /// The budget has no such alert.
    #[error("the budget has no such alert: it was forged, or the budget changed since")]
    NoSuchAlert,
    /// The alert of the budget is not raised.
    #[error("AWS Budgets has this alert in state OK: it was forged, or its cause is gone")]
    NotRaised,
    /// The guard lacks the permission to ask.
    #[error("AWS Budgets may not be asked ({0}); allow the function budgets:ViewBudget")]
    NotAllowed(Fault),
    /// AWS Budgets returned an error.
    #[error("AWS Budgets gave no answer ({0}); the alert may be true")]
    NoAnswer(Fault),
}

impl Doubt {
    /// Returns true if another question soon may be answered.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NoAnswer(_))
    }

    /// Word for a doubt about a budget that AWS Budgets has, so that its name is not made up. `None` for the others.
    pub fn about_known_budget(&self) -> Option<&'static str> {
        match self {
            Self::NotSpending { .. } => Some("not-spending"),
            Self::PeriodOver { .. } => Some("period-over"),
            Self::NoSuchAlert => Some("no-such-alert"),
            Self::NotRaised => Some("not-raised"),
            _ => None,
        }
    }
}

/// Compares an alert with the answer of the Budgets API. `account` is the account that was asked.
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

/// Returns true if the message may be about this alert of the budget. The message gives the threshold in cents.
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

/// Time at which the alert was raised. The message has a date in an unknown time zone; the time of SNS is used if it
/// fits that date.
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

/// End of the effect of an alert. An alert of a daily budget arrives on the next day, so it counts until the end of
/// that day.
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
