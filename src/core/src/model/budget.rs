//! AWS budgets as the Budgets API describes them. Source: `Budget` and `Notification` (AWS Budgets API 2016-10-20).

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::Amount;

/// Amount that an alert compares with its threshold. API: `NotificationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AlertBasis {
    /// Amount that AWS expects for the whole period.
    Forecasted,
    /// Amount spent or used so far.
    Actual,
}

impl fmt::Display for AlertBasis {
    /// Spelling of the API.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Actual => "ACTUAL",
            Self::Forecasted => "FORECASTED",
        })
    }
}

/// Side of the threshold on which the alert is raised. API: `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Raised above the threshold.
    GreaterThan,
    /// Raised below the threshold.
    LessThan,
    /// Raised at exactly the threshold.
    EqualTo,
}

impl Comparison {
    /// Compares an amount with its threshold. `None` if one of them is missing or their units differ.
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

/// Threshold of an alert. API: `ThresholdType` and `Threshold`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Threshold {
    /// Part of the budget's limit, in millionths of a percent.
    Percentage(i128),
    /// Fixed amount.
    Absolute(Amount),
}

/// State of an alert. API: `NotificationState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    /// The threshold is not crossed.
    Ok,
    /// The threshold is crossed.
    Alarm,
}

/// Alert of a budget, which has ten at most. API: `Notification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetNotification {
    /// Amount that is compared: actual or forecasted.
    pub basis: AlertBasis,
    /// Side of the threshold on which the alert is raised.
    pub comparison: Comparison,
    /// Amount, or part of the limit, at which the alert is raised.
    pub threshold: Threshold,
    /// State that AWS reports. Optional in the API; emulators leave it out.
    pub state: Option<NotificationState>,
}

/// Period after which a budget starts again. API: `TimeUnit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetPeriod {
    /// Calendar day.
    Daily,
    /// Calendar month.
    Monthly,
    /// Quarter of the calendar year.
    Quarterly,
    /// Calendar year.
    Annually,
    /// Single period without renewal.
    Custom {
        /// Start of the period.
        since: Timestamp,
        /// End of the period.
        until: Timestamp,
    },
}

impl BudgetPeriod {
    /// End of the period that contains `at`, by the calendar in UTC. `None` if that is beyond the range of dates.
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

/// Start of a day in UTC.
fn midnight(day: civil::Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.to_datetime(civil::Time::midnight())).ok()
}

/// Budget with its spend and the states of its alerts. AWS updates them every 8 to 12 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetStatus {
    /// Account whose Budgets API was asked.
    pub account: String,
    /// Name of the budget, unique in its account.
    pub name: String,
    /// Type of the budget: `COST`, `USAGE`, `RI_UTILIZATION`, …. API: `BudgetType`.
    pub kind: String,
    /// Period of the budget.
    pub period: BudgetPeriod,
    /// Budgeted amount. `None` if AWS reports none.
    pub limit: Option<Amount>,
    /// Amount of the current period so far.
    pub actual: Option<Amount>,
    /// Amount expected for the current period. `None` while AWS has too little history.
    pub forecast: Option<Amount>,
    /// Alerts of the budget.
    pub notifications: Vec<BudgetNotification>,
}

impl BudgetStatus {
    /// Amount of this basis, `None` if AWS reports none.
    pub fn amount(&self, basis: AlertBasis) -> Option<&Amount> {
        match basis {
            AlertBasis::Actual => self.actual.as_ref(),
            AlertBasis::Forecasted => self.forecast.as_ref(),
        }
    }

    /// Threshold of one of the budget's alerts, in the unit of the budget.
    pub fn threshold(&self, notification: &BudgetNotification) -> Option<Amount> {
        match &notification.threshold {
            Threshold::Absolute(amount) => Some(amount.clone()),
            Threshold::Percentage(percent) => self.limit.as_ref()?.percent(*percent),
        }
    }

    /// Returns true if this alert is raised now, by its state. Without a state, the amounts are compared.
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
