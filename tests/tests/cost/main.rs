//! Budget alerts end to end: a message of SNS → the real `bootstrap` → AWS Budgets → cuts, and one alert.

mod bench;
mod doubts;
mod records;

use aws_sdk_budgets::types::{Notification, NotificationState, NotificationType};
use aws_sdk_eventbridge::types::RuleState;
use bench::{BUDGET, Bench, Function, SOON};
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use budget_guard_tests::emulator::{Emulator, Kind};
use budget_guard_tests::metrics::put_rule_metric;
use budget_guard_tests::{Failure, budgets, while_doing};
use serde_json::{Value, json};

/// The two alerts of the budget, on actual and forecasted spend.
fn alerts(state: &NotificationState) -> Result<[Notification; 2], Failure> {
    let of = |basis, percent| budgets::alert(basis, percent, state.clone());
    Ok([of(NotificationType::Actual, 80.0)?, of(NotificationType::Forecasted, 100.0)?])
}

/// Creates a budget with this actual spend in USD and a forecast above the limit. Both alerts are in this state.
async fn create(emulator: &Emulator, spent: &str, state: NotificationState) -> Result<(), Failure> {
    budgets::create(emulator, BUDGET, spent, Some("120"), alerts(&state)?).await
}

/// Resets the budget to OK. On the emulator that cannot change alerts, the budget is deleted.
async fn ease(emulator: &Emulator) -> Result<(), Failure> {
    let client = aws_sdk_budgets::Client::new(&emulator.sdk_config());
    let account = emulator.account();
    if emulator.kind() == Kind::Moto {
        let delete = client.delete_budget().account_id(account).budget_name(BUDGET).send().await;
        return delete.map(drop).map_err(while_doing("DeleteBudget"));
    }
    let [raised, ok] = [NotificationState::Alarm, NotificationState::Ok].map(|state| alerts(&state));
    for (old, new) in raised?.into_iter().zip(ok?) {
        let update = client.update_notification().account_id(account).budget_name(BUDGET);
        let update = update.old_notification(old).new_notification(new).send().await;
        update.map_err(while_doing("UpdateNotification"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_suspect_is_cut_when_the_money_runs_out_on_moto() -> Result<(), Failure> {
    Box::pin(the_money_runs_out(Kind::Moto)).await
}

#[tokio::test]
async fn a_suspect_is_cut_when_the_money_runs_out_on_ministack() -> Result<(), Failure> {
    Box::pin(the_money_runs_out(Kind::Ministack)).await
}

async fn the_money_runs_out(kind: Kind) -> Result<(), Failure> {
    let bench = Bench::start(kind, None).await?;
    let [slow, busy, calm] =
        [bench.rule("slow").await?, bench.rule("busy").await?, bench.rule("calm").await?];
    // CloudWatch has counted three a minute. Moto is slow with more points than these.
    let minute = SystemClock.now().as_second() / 60 * 60;
    let points: Vec<(i64, u64)> = (61..79).map(|ago| (minute - ago * 60, 3)).collect();
    put_rule_metric(&bench.emulator, "TriggeredRules", None, "busy", &points).await?;
    let control = bench.function().await?;
    control.tick().await?;
    let ingest = bench.function().await?;
    ingest.firings(&[(&slow, 3), (&busy, 3), (&calm, 0)]).await?;
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    let kinds: Vec<_> =
        told.iter().map(|alert| (alert.kind(), alert.attributes["rule_arn"].as_str())).collect();
    assert_eq!(kinds, [("suspect", slow.as_str())], "it is told of, and left alone");
    bench.assert_states(&[("slow", true), ("busy", true), ("calm", true)]).await?;

    // The notification of AWS Budgets comes hours later.
    create(&bench.emulator, "91.25", NotificationState::Alarm).await?;
    let answer = control.notify("1", &bench.notice("FORECASTED")).await;
    assert_eq!(answer, json!({"firings": 0, "tripped": [slow], "suspects": []}), "{:?}", control.logs());
    bench.assert_states(&[("slow", false), ("busy", true), ("calm", true)]).await?;
    let told = bench.world.wait_for_alerts(2, SOON).await?;
    let kinds: Vec<_> = told.iter().map(budget_guard_tests::alert::Alert::kind).collect();
    assert_eq!(kinds, ["tripped", "budget"]);
    let reason = told[0].message["reason"].as_str().unwrap_or_default();
    assert!(reason.ends_with(", while the budget \"team blue\" is overspent"), "{reason}");
    check_alert(&told[1].message, told[1].subject.as_deref(), kind);

    // SNS delivers again, and then the limit is really exceeded: nothing new follows.
    for (id, basis) in [("1", "FORECASTED"), ("2", "ACTUAL"), ("2", "ACTUAL")] {
        let nothing = json!({"firings": 0, "tripped": [], "suspects": []});
        assert_eq!(control.notify(id, &bench.notice(basis)).await, nothing);
    }
    assert_eq!(bench.world.alerts().await?.len(), 0, "people know already");
    assert_eq!(bench.calls("DisableRule"), 1);
    let stored = bench.pressure().await?;
    assert_eq!(
        (stored["budgets"].as_array().map(Vec::len), &stored["budgets"][0]["basis"]),
        (Some(1), &json!("ACTUAL"))
    );
    while_it_presses_and_after(&bench, &control).await
}

/// Checks the only alert.
fn check_alert(alert: &Value, subject: Option<&str>, kind: Kind) {
    assert_eq!(subject, Some("Budget alert: budget-guard disabled 1 rule"));
    // MiniStack computes the actual spend and has no forecast.
    let expected = if kind == Kind::Moto { "120.00 USD" } else { "too much" };
    let reason = format!(
        "the budget \"team blue\" is expected to spend {expected}, more than its alert threshold of 100.00 USD; \
         budgeted are 100.00 USD"
    );
    assert_eq!((&alert["outcome"], &alert["reason"]), (&json!("pressure"), &json!(reason)));
    let budget = &alert["budget"];
    assert_eq!((&budget["name"], &budget["limit"]), (&json!(BUDGET), &json!("100.00 USD")));
    let ranked = |list: &Value| -> Vec<String> {
        let line = |one: &Value| {
            let suspect = if one["is_suspect"] == true { ", a suspect" } else { "" };
            let (name, cost) =
                (one["rule"]["name"].as_str().unwrap_or_default(), &one["cost_per_hour_micro_usd"]);
            format!("{name}: {} an hour for {cost}{suspect}", one["firings_per_hour"])
        };
        list.as_array().into_iter().flatten().map(line).collect()
    };
    // 42 firings in a quarter of an hour, each with one message to SQS and one to the guard.
    assert_eq!(ranked(&alert["cut"]), ["slow: 168 an hour for 134, a suspect"]);
    assert_eq!(ranked(&alert["ranking"]), ["busy: 168 an hour for 134", "calm: 8 an hour for 6"]);
    let next = "see why: budget-guard explain slow --region us-east-1; \
                cut another rule by hand: budget-guard disable busy --region us-east-1 --reason TEXT; \
                see or end the pressure: budget-guard pressure --region us-east-1";
    assert_eq!(alert["hint"], next);
}

async fn while_it_presses_and_after(bench: &Bench, control: &Function) -> Result<(), Failure> {
    let [second, third] = [bench.rule("second").await?, bench.rule("third").await?];
    // While a budget is overspent, a suspect is cut without an alert before.
    bench.function().await?.firings(&[(&second, 3)]).await?;
    bench.assert_states(&[("second", false), ("third", true)]).await?;
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(told[0].kind(), "tripped");

    ease(&bench.emulator).await?;
    control.tick().await?;
    assert_eq!(bench.world.alerts().await?.len(), 0, "asked every ten minutes");
    bench.minutes_ago(11).await?;
    control.tick().await?;
    let told = bench.world.wait_for_alerts(1, SOON).await?;
    let because = match bench.emulator.kind() {
        Kind::Moto => "it was deleted",
        Kind::Ministack => "AWS Budgets has no raised alert for it any more",
    };
    assert_eq!(
        told[0].subject.as_deref(),
        Some("Budget OK again: it no longer tightens budget-guard's limits")
    );
    assert_eq!(told[0].message["reason"], format!("the budget \"team blue\" no longer presses: {because}"));
    bench.function().await?.firings(&[(&third, 3)]).await?;
    bench.assert_states(&[("slow", false), ("second", false), ("third", true), ("busy", true)]).await?;
    assert_eq!(bench.world.wait_for_alerts(1, SOON).await?[0].kind(), "suspect");
    Ok(())
}

#[tokio::test]
async fn pressure_ends_with_the_period_and_by_hand() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto, None).await?;
    create(&bench.emulator, "91.25", NotificationState::Alarm).await?;
    let control = bench.function().await?;
    control.notify("1", &bench.notice("ACTUAL")).await;
    assert_eq!(bench.world.wait_for_alerts(1, SOON).await?[0].kind(), "budget");
    let cleared = json!({"at": "2026-11-20T12:00:00Z", "reason": "a planned migration"});
    bench.edit_press(|press| press["care"]["cleared"] = cleared).await?;
    // The command that cleared it publishes the alert. The function only logs it, once.
    for _ in 0..2 {
        control.tick().await?;
    }
    let lines: Vec<String> =
        control.logs().into_iter().filter(|line| line.contains("was ended by hand")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line: Value = serde_json::from_str(&lines[0])?;
    let said = ["budget", "at", "reason"].map(|field| line[field].as_str().unwrap_or_default());
    assert_eq!(said, [BUDGET, "2026-11-20T12:00:00Z", "a planned migration"]);
    // The same notification does not restore the effect.
    control.notify("2", &bench.notice("ACTUAL")).await;
    let rule = bench.rule("slow").await?;
    bench.function().await?.firings(&[(&rule, 3)]).await?;
    assert_eq!(bench.world.wait_for_alerts(1, SOON).await?[0].kind(), "suspect");

    // No person cleared it, but the month is over.
    let past = json!(SystemClock.now() - jiff::SignedDuration::from_secs(1));
    bench
        .edit_press(|press| {
            press["care"] = json!({});
            press["until"] = past;
        })
        .await?;
    let next = bench.rule("next").await?;
    bench.function().await?.firings(&[(&next, 3)]).await?;
    assert_eq!(bench.world.wait_for_alerts(1, SOON).await?[0].kind(), "suspect");
    assert_eq!(bench.world.rule_state("default", "next").await?, RuleState::Enabled);
    Ok(())
}
