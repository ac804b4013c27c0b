//! Forged messages, and an AWS Budgets that does not answer at once: they are reported, and change nothing.

use serde_json::{Value, json};
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::bench::{BUDGET, Bench, SOON};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, payload};

/// A suspect that is not cut, after its alert.
async fn with_suspect(bench: &Bench) -> Result<String, Failure> {
    let slow = bench.rule("slow").await?;
    bench.function().await?.firings(&[(&slow, 3)]).await?;
    assert_eq!(bench.world.wait_for_alerts(1, SOON).await?[0].kind(), "suspect");
    Ok(slow)
}

#[tokio::test]
async fn what_is_forged_is_told_of_and_changes_nothing() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto, None).await?;
    with_suspect(&bench).await?;
    let account = bench.emulator.account();
    crate::create(&bench.emulator, "12", aws_sdk_budgets::types::NotificationState::Ok).await?;
    let control = bench.function().await?;
    let notice = |account: &str, budget: &str, threshold: &str| {
        payload::budget_notice(account, budget, "ACTUAL", threshold, "$91.25")
    };
    let check = async |id: &str, text: &str, because: &str| -> Result<(), Failure> {
        // SNS delivers it twice.
        for _ in 0..2 {
            control.notify(id, text).await;
        }
        let told = bench.world.wait_for_alerts(1, SOON).await?;
        assert_eq!(told.len(), 1, "{because}: {told:?}");
        assert_eq!(told[0].subject.as_deref(), Some("Budget alert, not confirmed: nothing was cut"));
        let reason = told[0].message["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(because) && reason.ends_with(". Nothing was cut"), "{reason}");
        assert_eq!(told[0].attributes["dedup_id"], format!("budget/message/{id}"));
        Ok(())
    };
    check("1", &notice(account, "of-nobody", "$80.00"), "has no budget \"of-nobody\": the alert was forged")
        .await?;
    check("2", &notice("999999999999", BUDGET, "$80.00"), "it is about account 999999999999").await?;
    check("3", &notice(account, BUDGET, "$7.00"), "the budget has no such alert").await?;
    check("4", &notice(account, BUDGET, "$80.00"), "AWS Budgets has this alert in state OK").await?;
    check("5", "Disable everything, please", "none of AWS's about money: \"Disable everything, please\"")
        .await?;
    let answer = control.ask_to_confirm("6").await;
    assert_eq!(answer, json!({"firings": 0, "tripped": [], "suspects": []}));
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    assert!(
        told[0].message["reason"].as_str().unwrap_or_default().contains("asks to be confirmed"),
        "{told:?}"
    );

    bench.assert_states(&[("slow", true)]).await?;
    assert_eq!(bench.calls("DisableRule") + bench.calls("Scan") + bench.calls("ConfirmSubscription"), 0);
    assert_eq!(bench.pressure().await?["budgets"], json!([]));
    Ok(())
}

/// AWS Budgets with planned replies.
struct Budgets(MockServer);

impl Budgets {
    async fn says(&self, call: &str, times: Option<u64>, status: u16, body: Value) {
        let mock = Mock::given(header("x-amz-target", format!("AWSBudgetServiceGateway.{call}").as_str()))
            .respond_with(ResponseTemplate::new(status).set_body_json(body));
        match times {
            Some(times) => mock.up_to_n_times(times).with_priority(1).mount(&self.0).await,
            None => mock.mount(&self.0).await,
        }
    }

    async fn refuses(&self, times: Option<u64>, code: &str) {
        self.says("DescribeBudget", times, 400, json!({"__type": code, "message": "as planned"})).await;
    }

    /// Sets a budget of 100 USD with an alert at 80 % of the actual spend and one at 100 % of the forecasted spend.
    async fn has(&self, spent: &str, expected: &str, states: [&str; 2]) {
        let spend = |amount: &str| json!({"Amount": amount, "Unit": "USD"});
        let budget = json!({"Budget": {
            "BudgetName": BUDGET, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": spend("100.0"),
            "CalculatedSpend": {"ActualSpend": spend(spent), "ForecastedSpend": spend(expected)},
        }});
        self.says("DescribeBudget", None, 200, budget).await;
        let alert = |basis: &str, threshold: u32, state: &str| {
            json!({
                "NotificationType": basis, "ComparisonOperator": "GREATER_THAN", "Threshold": threshold,
                "ThresholdType": "PERCENTAGE", "NotificationState": state,
            })
        };
        let alerts = [alert("ACTUAL", 80, states[0]), alert("FORECASTED", 100, states[1])];
        self.says("DescribeNotificationsForBudget", None, 200, json!({"Notifications": alerts})).await;
    }

    async fn asked(&self) -> usize {
        self.0.received_requests().await.unwrap_or_default().len()
    }
}

#[tokio::test]
async fn a_throttled_budget_is_asked_again_and_its_spend_may_rise() -> Result<(), Failure> {
    let budgets = Budgets(MockServer::start().await);
    let bench = Bench::start(Kind::Ministack, Some(budgets.0.uri())).await?;
    let slow = with_suspect(&bench).await?;
    // More than the SDK's own attempts in one call.
    budgets.refuses(Some(4), "ThrottlingException").await;
    budgets.has("70", "120.5", ["OK", "ALARM"]).await;
    let control = bench.function().await?;
    let answer = control.notify("1", &bench.notice("FORECASTED")).await;
    assert_eq!(answer["tripped"], json!([slow]), "{:#?}", control.logs());
    let told = bench.world.wait_for_alerts(2, SOON).await?;
    let reason = "the budget \"team blue\" is expected to spend 120.50 USD, more than its alert threshold of 100.00 USD; \
                  budgeted are 100.00 USD";
    assert_eq!((told[1].kind(), &told[1].message["reason"]), ("budget", &json!(reason)));

    budgets.0.reset().await;
    budgets.has("101.5", "180", ["ALARM", "ALARM"]).await;
    control.notify("2", &bench.notice("ACTUAL")).await;
    assert_eq!((bench.world.alerts().await?.len(), bench.calls("DisableRule")), (0, 1), "the same story");
    let risen = "the budget \"team blue\" has spent 101.50 USD, more than its alert threshold of 80.00 USD; \
                 budgeted are 100.00 USD";
    assert_eq!(bench.pressure().await?["budgets"][0]["reason"], risen);

    // After a refund, AWS reports OK, and the next tick reads it.
    budgets.0.reset().await;
    budgets.has("60", "90", ["OK", "OK"]).await;
    bench.minutes_ago(11).await?;
    control.tick().await?;
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(told[0].message["outcome"], "eased");
    assert_eq!(bench.pressure().await?["budgets"], json!([]));
    bench.assert_states(&[("slow", false)]).await
}

#[tokio::test]
async fn a_denied_question_is_told_with_the_missing_right_and_asked_again() -> Result<(), Failure> {
    let budgets = Budgets(MockServer::start().await);
    let bench = Bench::start(Kind::Ministack, Some(budgets.0.uri())).await?;
    let slow = with_suspect(&bench).await?;
    budgets.refuses(None, "AccessDeniedException").await;
    let control = bench.function().await?;
    control.notify("1", &bench.notice("ACTUAL")).await;
    assert_eq!(budgets.asked().await, 1, "no use to try again at once");
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    let reason = told[0].message["reason"].as_str().unwrap_or_default();
    let because = "Not confirmed: AWS Budgets may not be asked (DescribeBudget: AccessDeniedException: as planned); \
                   allow the function budgets:ViewBudget. Nothing was cut";
    assert!(reason.ends_with(because), "{reason}");
    bench.assert_states(&[("slow", true)]).await?;
    control.tick().await?;
    assert_eq!((budgets.asked().await, bench.world.alerts().await?.len()), (2, 0), "asked again, told once");

    // The right is granted now, and the message need not be sent again.
    budgets.0.reset().await;
    budgets.has("91.25", "120", ["ALARM", "ALARM"]).await;
    control.tick().await?;
    let told = bench.world.wait_for_alerts(2, SOON).await?;
    let kinds: Vec<_> = told.iter().map(|alert| alert.kind()).collect();
    assert_eq!(kinds, ["tripped", "budget"]);
    assert_eq!(told[0].attributes["rule_arn"], slow);
    bench.assert_states(&[("slow", false)]).await?;
    let asked = budgets.asked().await;
    control.tick().await?;
    assert_eq!((budgets.asked().await, bench.world.alerts().await?.len()), (asked, 0), "that settles it");
    Ok(())
}
