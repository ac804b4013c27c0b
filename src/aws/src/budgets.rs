//! AWS Budgets, which confirms alerts about budgets. The service has one global endpoint for all Regions.

use aws_config::SdkConfig;
use aws_sdk_budgets::Client;
use aws_sdk_budgets::types as sdk;
use aws_smithy_types::DateTime;

use super::fault::fault;
use super::lazy::Lazy;
use budget_guard_core::model::{
    AlertBasis, Amount, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, Fault, FaultKind,
    NotificationState, Threshold, Timestamp,
};
use budget_guard_core::ports::Budgets;

/// Reads budgets through the AWS Budgets API (2016-10-20).
#[derive(Debug, Clone)]
pub struct AwsBudgets {
    client: Lazy<Client>,
    account: String,
}

impl AwsBudgets {
    /// Reads the budgets of `account`, a 12-digit account ID.
    pub fn new(config: &SdkConfig, account: &str) -> Self {
        Self { client: Lazy::new(config, Client::new), account: account.to_owned() }
    }

    /// All alert thresholds of a budget. `unit` is the unit of its limit, such as `USD`.
    async fn notifications(&self, name: &str, unit: &str) -> Result<Vec<BudgetNotification>, Fault> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let call = self
                .client
                .describe_notifications_for_budget()
                .account_id(&self.account)
                .budget_name(name)
                .set_next_token(next_token);
            let page = call.send().await.map_err(|error| fault("DescribeNotificationsForBudget", &error))?;
            for alert in page.notifications() {
                found.push(notification(alert, unit)?);
            }
            next_token = page.next_token().map(str::to_owned);
            if next_token.is_none() {
                return Ok(found);
            }
        }
    }
}

impl Budgets for AwsBudgets {
    fn account(&self) -> &str {
        &self.account
    }

    async fn budget(&self, name: &str) -> Result<BudgetStatus, Fault> {
        let call = self.client.describe_budget().account_id(&self.account).budget_name(name);
        let reply = call.send().await.map_err(|error| fault("DescribeBudget", &error))?;
        let budget = reply.budget().ok_or_else(|| unreadable("no budget in the answer"))?;
        let spend = budget.calculated_spend();
        let limit = budget.budget_limit().map(amount).transpose()?;
        let unit = limit.as_ref().map_or("USD", Amount::unit).to_owned();
        Ok(BudgetStatus {
            account: self.account.clone(),
            name: budget.budget_name().to_owned(),
            kind: budget.budget_type().as_str().to_owned(),
            period: period(budget)?,
            limit,
            actual: spend.and_then(|spend| spend.actual_spend()).map(amount).transpose()?,
            forecast: spend.and_then(|spend| spend.forecasted_spend()).map(amount).transpose()?,
            notifications: self.notifications(name, &unit).await?,
        })
    }
}

fn unreadable(problem: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Other, format!("AWS Budgets: {problem}"))
}

fn amount(spend: &sdk::Spend) -> Result<Amount, Fault> {
    Amount::from_decimal(spend.amount(), spend.unit()).map_err(unreadable)
}

fn period(budget: &sdk::Budget) -> Result<BudgetPeriod, Fault> {
    Ok(match budget.time_unit() {
        sdk::TimeUnit::Daily => BudgetPeriod::Daily,
        sdk::TimeUnit::Monthly => BudgetPeriod::Monthly,
        sdk::TimeUnit::Quarterly => BudgetPeriod::Quarterly,
        sdk::TimeUnit::Annually => BudgetPeriod::Annually,
        sdk::TimeUnit::Custom => {
            let period = budget.time_period();
            let time = |at: Option<&DateTime>| at.and_then(|at| Timestamp::from_second(at.secs()).ok());
            let since = period.and_then(|period| time(period.start())).unwrap_or(Timestamp::MIN);
            let until = period.and_then(|period| time(period.end())).unwrap_or(Timestamp::MAX);
            BudgetPeriod::Custom { since, until }
        }
        other => return Err(unreadable(format!("the period {other} is not known to this version"))),
    })
}

fn notification(alert: &sdk::Notification, unit: &str) -> Result<BudgetNotification, Fault> {
    // Display gives the shortest decimal that is this float, which is the number as it was entered.
    let number = alert.threshold().to_string();
    let threshold = Amount::from_decimal(&number, unit).map_err(unreadable)?;
    Ok(BudgetNotification {
        basis: match alert.notification_type() {
            sdk::NotificationType::Actual => AlertBasis::Actual,
            sdk::NotificationType::Forecasted => AlertBasis::Forecasted,
            other => return Err(unreadable(format!("the alert type {other} is not known to this version"))),
        },
        comparison: match alert.comparison_operator() {
            sdk::ComparisonOperator::GreaterThan => Comparison::GreaterThan,
            sdk::ComparisonOperator::LessThan => Comparison::LessThan,
            sdk::ComparisonOperator::EqualTo => Comparison::EqualTo,
            other => return Err(unreadable(format!("the comparison {other} is not known to this version"))),
        },
        threshold: match alert.threshold_type() {
            Some(sdk::ThresholdType::AbsoluteValue) => Threshold::Absolute(threshold),
            // The API's default. Source: `ThresholdType` (AWS CloudFormation, `AWS::Budgets::Budget Notification`).
            _ => Threshold::Percentage(threshold.micros()),
        },
        state: match alert.notification_state() {
            Some(sdk::NotificationState::Alarm) => Some(NotificationState::Alarm),
            Some(sdk::NotificationState::Ok) => Some(NotificationState::Ok),
            _ => None,
        },
    })
}
