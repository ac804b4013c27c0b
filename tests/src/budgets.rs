//! Budgets of AWS Budgets on an emulator.

use aws_sdk_budgets::types as sdk;
use aws_sdk_budgets::types::{NotificationState, NotificationType};

use super::emulator::Emulator;
use super::{Failure, while_doing};

/// Alert at this share of the limit, in percent.
pub fn alert(
    basis: NotificationType,
    percent: f64,
    state: NotificationState,
) -> Result<sdk::Notification, Failure> {
    let alert = sdk::Notification::builder().notification_type(basis).threshold(percent);
    let alert = alert.threshold_type(sdk::ThresholdType::Percentage).notification_state(state);
    Ok(alert.comparison_operator(sdk::ComparisonOperator::GreaterThan).build()?)
}

/// Creates a budget of 100 USD a month with this actual and forecasted spend in USD. Alerts go out by e-mail.
pub async fn create(
    emulator: &Emulator,
    name: &str,
    spent: &str,
    expected: Option<&str>,
    alerts: impl IntoIterator<Item = sdk::Notification>,
) -> Result<(), Failure> {
    let spend = |amount: &str| sdk::Spend::builder().amount(amount).unit("USD").build();
    let calculated = sdk::CalculatedSpend::builder().actual_spend(spend(spent)?);
    let calculated = calculated.set_forecasted_spend(expected.map(spend).transpose()?).build();
    let budget = sdk::Budget::builder()
        .budget_name(name)
        .budget_type(sdk::BudgetType::Cost)
        .time_unit(sdk::TimeUnit::Monthly)
        .budget_limit(spend("100.0")?)
        .calculated_spend(calculated)
        .build()?;
    let mail = sdk::Subscriber::builder().subscription_type(sdk::SubscriptionType::Email);
    let mail = mail.address("a@example.com").build()?;
    let client = aws_sdk_budgets::Client::new(&emulator.sdk_config());
    let mut call = client.create_budget().account_id(emulator.account()).budget(budget);
    for alert in alerts {
        let alert = sdk::NotificationWithSubscribers::builder().notification(alert).subscribers(mail.clone());
        call = call.notifications_with_subscribers(alert.build()?);
    }
    call.send().await.map(drop).map_err(while_doing("CreateBudget"))
}
