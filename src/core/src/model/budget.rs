//! An AWS budget as the Budgets API describes it. Source: `Budget` and `Notification` (AWS Budgets API 2016-10-20).

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::Amount;

/// What an alert is measured by: what was spent, or what is expected to be. API: `NotificationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AlertBasis {
    Forecasted,
    Actual,
}

impl fmt::Display for AlertBasis {
    /// As AWS spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Actual => "ACTUAL",
            Self::Forecasted => "FORECASTED",
        })
    }
}

/// On which side of the threshold the alarm lies. API: `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    GreaterThan,
    LessThan,
    EqualTo,
}

impl Comparison {
    /// `None` when an amount is missing or in another unit.
    pub fn holds(self, value: Option<&Amount>, threshold: Option<&Amount>) -> Option<bool> {
        let (value, threshold) = (value?, threshold?);
        let order = value.micros().cmp(&threshold.micros());
        (value.unit() == threshold.unit()).then_some(match self {
            Self::GreaterThan => order.is_gt(),
            Self::LessThan => order.is_lt(),
            Self::EqualTo => order.is_eq(),
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GreaterThan => ">",
            Self::LessThan => "<",
            Self::EqualTo => "=",
        })
    }
}

/// API: `ThresholdType` and `Threshold`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Threshold {
    /// Of the budget's limit, in millionths of a percent.
    Percentage(i128),
    Absolute(Amount),
}

/// API: `NotificationState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    Ok,
    Alarm,
}

/// One of the up to ten alerts of a budget. API: `Notification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetNotification {
    pub basis: AlertBasis,
    pub comparison: Comparison,
    pub threshold: Threshold,
    /// Optional in the API; emulators leave it out.
    pub state: Option<NotificationState>,
}

/// How often a budget begins anew. API: `TimeUnit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetPeriod {
    Daily,
    Monthly,
    Quarterly,
    Annually,
    /// Once, from `since` until `until`.
    Custom {
        since: Timestamp,
        until: Timestamp,
    },
}

impl BudgetPeriod {
    /// When the period that `at` lies in ends: by the calendar, in UTC. `None` only at the end of all calendars.
    pub fn end(self, at: Timestamp) -> Option<Timestamp> {
        let day = TimeZone::UTC.to_datetime(at).date();
        let month = |month: i8| civil::Date::new(day.year(), month, 1).ok();
        let (first, months) = match self {
            Self::Custom { until, .. } => return Some(until),
            Self::Daily => return midnight(day.tomorrow().ok()?),
            Self::Monthly => (day.first_of_month(), 1),
            Self::Quarterly => (month((day.month() - 1) / 3 * 3 + 1)?, 3),
            Self::Annually => (month(1)?, 12),
        };
        midnight(first.checked_add(jiff::Span::new().months(months)).ok()?)
    }
}

/// The beginning of a day in UTC.
fn midnight(day: civil::Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.to_datetime(civil::Time::midnight())).ok()
}

/// A budget with its spend and the states of its alerts, as AWS has them now; AWS updates them every 8 to 12 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetStatus {
    /// The account that was asked.
    pub account: String,
    pub name: String,
    /// `COST`, `USAGE`, `RI_UTILIZATION`, …: API `BudgetType`.
    pub kind: String,
    pub period: BudgetPeriod,
    pub limit: Option<Amount>,
    pub actual: Option<Amount>,
    /// Absent while AWS has too little history.
    pub forecast: Option<Amount>,
    pub notifications: Vec<BudgetNotification>,
}

impl BudgetStatus {
    pub fn amount(&self, basis: AlertBasis) -> Option<&Amount> {
        match basis {
            AlertBasis::Actual => self.actual.as_ref(),
            AlertBasis::Forecasted => self.forecast.as_ref(),
        }
    }

    /// The threshold of one of its alerts, in the unit of the budget.
    pub fn threshold(&self, notification: &BudgetNotification) -> Option<Amount> {
        match &notification.threshold {
            Threshold::Absolute(amount) => Some(amount.clone()),
            Threshold::Percentage(percent) => self.limit.as_ref()?.percent(*percent),
        }
    }

    /// Whether this alert of the budget is raised now: by its state, and without one by the numbers.
    pub fn is_raised(&self, notification: &BudgetNotification) -> bool {
        match notification.state {
            Some(state) => state == NotificationState::Alarm,
            None => {
                let threshold = self.threshold(notification);
                let amount = self.amount(notification.basis);
                notification.comparison.holds(amount, threshold.as_ref()) == Some(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_by_the_calendar() {
        let check = |period: BudgetPeriod, at: &str, end: &str| {
            assert_eq!(period.end(at.parse().unwrap()).unwrap().to_string(), end, "{period:?} at {at}");
        };
        check(BudgetPeriod::Daily, "2026-11-20T12:00:00Z", "2026-11-21T00:00:00Z");
        check(BudgetPeriod::Daily, "2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z");
        check(BudgetPeriod::Monthly, "2026-11-20T12:00:00Z", "2026-12-01T00:00:00Z");
        check(BudgetPeriod::Monthly, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z");
        check(BudgetPeriod::Quarterly, "2026-11-20T12:00:00Z", "2027-01-01T00:00:00Z");
        check(BudgetPeriod::Quarterly, "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z");
        check(BudgetPeriod::Annually, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let [since, until] = ["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"].map(|at| at.parse().unwrap());
        check(BudgetPeriod::Custom { since, until }, "2026-12-24T00:00:00Z", "2026-11-08T00:00:00Z");
        assert_eq!(BudgetPeriod::Annually.end(Timestamp::MAX), None);
    }
}
