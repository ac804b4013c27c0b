//! Display of cost alerts: one sentence of printable text.

use std::fmt;

use super::{AlarmState, BillingAlarm, BudgetNotice, CostAlert, CostAnomaly, RootCause, Unrecognised};
use crate::model::{AlertBasis, Comparison, Excerpt};

impl fmt::Display for CostAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(notice) => notice.fmt(f),
            Self::Anomaly(anomaly) => anomaly.fmt(f),
            Self::BillingAlarm(alarm) => alarm.fmt(f),
            Self::Subscription { topic_arn } => write!(
                f,
                "the topic {} asks to be confirmed as a source; that is for a person to do",
                Excerpt::new(topic_arn)
            ),
            Self::OwnAlert { dedup_id } => {
                write!(f, "an alert of the guard itself came back to it ({})", Excerpt::new(dedup_id))
            }
            Self::Unrecognised(Unrecognised { text, why }) => {
                write!(f, "a topic sent {why}: {}", Excerpt::new(text))
            }
        }
    }
}

impl fmt::Display for BudgetNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measured = match self.basis {
            Some(AlertBasis::Actual) => "the actual cost",
            Some(AlertBasis::Forecasted) => "the forecasted cost",
            None => "the cost",
        };
        write!(f, "AWS Budgets says that {measured} of the budget {} ", Excerpt::new(&self.name))?;
        match &self.amount {
            Some(amount) => write!(f, "is {amount}, ")?,
            None => f.write_str("is ")?,
        }
        f.write_str(match self.comparison {
            Some(Comparison::LessThan) => "below",
            Some(Comparison::EqualTo) => "at",
            Some(Comparison::GreaterThan) | None => "above",
        })?;
        f.write_str(" its alert threshold")?;
        if let Some(threshold) = &self.threshold {
            write!(f, " of {threshold}")?;
        }
        if let Some(limit) = &self.limit {
            write!(f, "; budgeted are {limit}")?;
        }
        if let Some(account) = &self.account {
            write!(f, "; account {account}")?;
        }
        self.date.map_or(Ok(()), |date| write!(f, "; {date}"))
    }
}

impl fmt::Display for CostAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cost Anomaly Detection found the anomaly {}", Excerpt::new(&self.id))?;
        if let Some(dimension) = &self.dimension {
            write!(f, " in {}", Excerpt::new(dimension))?;
        }
        if let Some(impact) = &self.impact {
            write!(f, ": {impact} above what was expected")?;
        }
        if let (Some(actual), Some(expected)) = (&self.actual, &self.expected) {
            write!(f, " ({actual} instead of {expected})")?;
        }
        for RootCause { service, region, account, usage_type, .. } in self.root_causes.iter().take(1) {
            let parts = [service, usage_type, region, account].map(Option::as_deref);
            let parts: Vec<&str> = parts.into_iter().flatten().collect();
            write!(f, "; first cause {}", Excerpt::new(&parts.join(", ")))?;
        }
        self.account.as_deref().map_or(Ok(()), |account| write!(f, "; account {}", Excerpt::new(account)))
    }
}

impl fmt::Display for BillingAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            AlarmState::Ok => "OK",
            AlarmState::Alarm => "ALARM",
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
        };
        write!(f, "the billing alarm {} is in state {state}", Excerpt::new(&self.name))?;
        if let Some(charges) = &self.charges {
            write!(f, ": charges of {charges}")?;
        }
        if let Some(threshold) = &self.threshold {
            write!(f, ", threshold {threshold}")?;
        }
        if let Some(service) = &self.service {
            write!(f, ", for {}", Excerpt::new(service))?;
        }
        self.account.as_deref().map_or(Ok(()), |account| write!(f, "; account {}", Excerpt::new(account)))
    }
}
