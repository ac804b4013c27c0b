//! AWS Budgets: replies of two emulators, and of a stub for throttling, refusals and pages.

use aws_config::Region;
use aws_sdk_budgets::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_budgets::types as sdk;
use aws_sdk_sqs::config::Credentials;
use budget_guard_aws::AwsBudgets;
use budget_guard_core::budget::{Confirmation, Doubt, confirm};
use budget_guard_core::model::{
    AlertBasis, BudgetNotification, BudgetPeriod, BudgetStatus, Comparison, Fault, FaultKind,
    NotificationState, Threshold, Timestamp,
};
use budget_guard_core::ports::Budgets;
use budget_guard_core::sources::cost::{self, CostMessage};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::{Emulator, Kind};
use serde_json::{Value, json};
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACCOUNT: &str = "123456789012";
const NOW: Timestamp = Timestamp::constant(1_795_176_000, 0);

/// Creates the budget `team blue` with this actual spend in USD and one alert in this state.
async fn create(emulator: &Emulator, spent: &str, state: sdk::NotificationState) -> Result<(), Failure> {
    let alert = budget_guard_tests::budgets::alert(sdk::NotificationType::Actual, 80.0, state)?;
    budget_guard_tests::budgets::create(emulator, "team blue", spent, None, [alert]).await
}

/// A notification of the budget `team blue`, for the alert at 80 % of 100 USD.
fn message(threshold: &str) -> CostMessage {
    let text = format!("Budget Name: team blue\nAlert Type: ACTUAL\nAlert Threshold: > {threshold}\n");
    CostMessage { topic_arn: None, message_id: None, sent: Some(NOW), alert: cost::read(None, &text) }
}

#[tokio::test]
async fn a_raised_alert_is_confirmed_by_moto() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Moto).await?;
    let budgets = AwsBudgets::new(&emulator.sdk_config(), emulator.account());
    assert_eq!(budgets.budget("team blue").await.map_err(|fault| fault.kind), Err(FaultKind::NotFound));
    create(&emulator, "183965812157.54", sdk::NotificationState::Alarm).await?;
    let status = budgets.budget("team blue").await?;
    let notification = BudgetNotification {
        basis: AlertBasis::Actual,
        comparison: Comparison::GreaterThan,
        threshold: Threshold::Percentage(80_000_000),
        state: Some(NotificationState::Alarm),
    };
    let expected = BudgetStatus {
        account: ACCOUNT.into(),
        name: "team blue".into(),
        kind: "COST".into(),
        period: BudgetPeriod::Monthly,
        limit: Some("$100".parse()?),
        actual: Some("$183,965,812,157.54".parse()?),
        forecast: None,
        notifications: vec![notification],
    };
    assert_eq!(status, expected);
    let Confirmation::Confirmed(press) = confirm(&message("$80.00"), budgets.account(), Ok(&status), NOW)
    else {
        panic!("not confirmed")
    };
    let reason = r#"the budget "team blue" has spent 183,965,812,157.54 USD, more than its alert threshold of 80.00 USD; budgeted are 100.00 USD"#;
    assert_eq!((press.reason.as_str(), press.until.to_string().as_str()), (reason, "2026-12-01T00:00:00Z"));
    Ok(())
}

#[tokio::test]
async fn a_forged_alert_is_found_out_on_ministack() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let budgets = AwsBudgets::new(&emulator.sdk_config(), emulator.account());
    assert_eq!(budgets.budget("team blue").await.map_err(|fault| fault.kind), Err(FaultKind::NotFound));
    // The emulator computes the actual spend, which is 0.
    create(&emulator, "95", sdk::NotificationState::Ok).await?;
    let status = budgets.budget("team blue").await?;
    assert_eq!(status.actual, Some("$0".parse()?));
    let outcome = |threshold: &str| confirm(&message(threshold), budgets.account(), Ok(&status), NOW);
    assert_eq!(outcome("$80.00"), Confirmation::Unconfirmed(Doubt::NotRaised));
    assert_eq!(outcome("$79.00"), Confirmation::Unconfirmed(Doubt::NoSuchAlert));
    Ok(())
}

/// Budgets through the guard's own client, with its timeouts, against a stub.
async fn against(stub: &MockServer) -> AwsBudgets {
    let credentials = Credentials::new("testing", "testing", None, None, "a test");
    let config = budget_guard_aws::loader().region(Region::from_static("eu-west-1")).endpoint_url(stub.uri());
    AwsBudgets::new(&config.credentials_provider(credentials).load().await, ACCOUNT)
}

fn is_call(name: &str) -> impl wiremock::Match + use<> {
    header("x-amz-target", format!("AWSBudgetServiceGateway.{name}").as_str())
}

fn budget(time_unit: &str) -> Value {
    json!({"Budget": {
        "BudgetName": "team blue", "BudgetType": "COST", "TimeUnit": time_unit,
        "TimePeriod": {"Start": 1_793_491_200, "End": 1_796_083_200},
        "BudgetLimit": {"Amount": "100.0", "Unit": "EUR"},
        "CalculatedSpend": {"ActualSpend": {"Amount": "1.0E-7", "Unit": "EUR"}, "ForecastedSpend": {"Amount": "-3.5", "Unit": "EUR"}},
    }})
}

async fn answers(stub: &MockServer, call: &str, status: u16, body: Value) {
    Mock::given(is_call(call))
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(stub)
        .await;
}

#[tokio::test]
async fn every_page_of_alerts_is_read_in_the_unit_of_the_budget() -> Result<(), Failure> {
    let stub = MockServer::start().await;
    answers(&stub, "DescribeBudget", 200, budget("CUSTOM")).await;
    let page = |kind: &str, threshold: f64, more: Value| {
        let mut page = json!({"Notifications": [{
            "NotificationType": "FORECASTED", "ComparisonOperator": "GREATER_THAN", "Threshold": threshold,
            "ThresholdType": kind, "NotificationState": "ALARM",
        }]});
        page.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        page
    };
    let second = page("ABSOLUTE_VALUE", 12.34, json!({}));
    let first = page("PERCENTAGE", 33.333, json!({"NextToken": "more"}));
    Mock::given(is_call("DescribeNotificationsForBudget"))
        .and(wiremock::matchers::body_partial_json(json!({"NextToken": "more", "AccountId": ACCOUNT})))
        .respond_with(ResponseTemplate::new(200).set_body_json(second))
        .with_priority(1)
        .mount(&stub)
        .await;
    answers(&stub, "DescribeNotificationsForBudget", 200, first).await;
    let status = against(&stub).await.budget("team blue").await?;
    let thresholds: Vec<_> = status.notifications.iter().map(|alert| alert.threshold.clone()).collect();
    assert_eq!(thresholds, [Threshold::Percentage(33_333_000), Threshold::Absolute("12.34 EUR".parse()?)]);
    assert!(status.notifications.iter().all(|alert| alert.state == Some(NotificationState::Alarm)));
    assert_eq!((status.actual, status.forecast), (Some("0 EUR".parse()?), Some("-3.5 EUR".parse()?)));
    assert_eq!(status.period.end(NOW).map(|end| end.to_string()).as_deref(), Some("2026-12-01T00:00:00Z"));
    Ok(())
}

async fn refused(status: u16, code: &str) -> (Fault, usize) {
    let stub = MockServer::start().await;
    answers(&stub, "DescribeBudget", status, json!({"__type": code, "message": "as planned"})).await;
    let fault = against(&stub).await.budget("team blue").await.expect_err(code);
    (fault, stub.received_requests().await.unwrap_or_default().len())
}

#[tokio::test]
async fn what_aws_refuses_says_what_to_do() -> Result<(), Failure> {
    let (denied, calls) = refused(400, "AccessDeniedException").await;
    assert_eq!((denied.kind, calls), (FaultKind::Denied, 1), "{denied}");
    let outcome = confirm(&message("$80.00"), ACCOUNT, Err(&denied), NOW);
    let expected = "AWS Budgets may not be asked (DescribeBudget: AccessDeniedException: as planned); allow the function budgets:ViewBudget";
    assert!(
        matches!(&outcome, Confirmation::Unconfirmed(doubt) if doubt.to_string() == expected),
        "{outcome:?}"
    );
    // Repeated within the time limit of a call.
    let (throttled, calls) = refused(400, "ThrottlingException").await;
    assert!(
        matches!(throttled.kind, FaultKind::Throttled | FaultKind::Timeout) && calls > 1,
        "{throttled}, {calls} calls"
    );
    let outcome = confirm(&message("$80.00"), ACCOUNT, Err(&throttled), NOW);
    assert!(matches!(&outcome, Confirmation::Unconfirmed(doubt) if doubt.is_transient()), "{outcome:?}");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_named() -> Result<(), Failure> {
    let stub = MockServer::start().await;
    answers(&stub, "DescribeBudget", 200, budget("FORTNIGHTLY")).await;
    let fault = against(&stub).await.budget("team blue").await.expect_err("unknown");
    assert_eq!(fault.to_string(), "AWS Budgets: the period FORTNIGHTLY is not known to this version");
    Ok(())
}

/// The service needs no Region.
#[tokio::test]
async fn every_region_has_the_one_endpoint() -> Result<(), Failure> {
    for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
        let params = Params::builder().region(region).build()?;
        let endpoint = ResolveEndpoint::resolve_endpoint(&DefaultResolver::new(), &params).await?;
        assert_eq!(endpoint.url(), "https://budgets.amazonaws.com", "{region}");
    }
    Ok(())
}
