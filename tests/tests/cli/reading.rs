//! `status` and `explain`.

use aws_sdk_eventbridge::types::RuleState;
use serde_json::{Value, json};

use crate::{Bench, FIXER};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, payload};

#[tokio::test]
async fn reading_on_ministack() -> Result<(), Failure> {
    Box::pin(reading(Bench::start(Kind::Ministack).await?)).await
}

#[tokio::test]
async fn reading_on_moto() -> Result<(), Failure> {
    Box::pin(reading(Bench::start(Kind::Moto).await?)).await
}

/// Names of an object's fields, sorted.
fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

async fn reading(bench: Bench) -> Result<(), Failure> {
    let program = &bench.program;
    program
        .check("status", 0, &[], &["no rule has fired into table", "on another bus: budget-guard attach"])
        .await?;
    assert_eq!(program.json("status", 0).await?, json!([]));

    bench.world.create_bus("orders").await?;
    let queue = bench.world.create_queue("work").await?;
    let looping = bench.rule("orders", "fix-acl").await?;
    bench.world.add_queue_target("orders", "fix-acl", "work", &queue).await?;
    let calm = bench.rule("default", "fix-acl").await?;
    let tags = [("budget-guard:mode", "observe"), ("budget-guard:limit", "5/5m")];
    let observed = bench.rule_in("default", "tag-instances", RuleState::Enabled, &tags).await?;
    let unseen =
        bench.rule_in("default", "unseen", RuleState::Disabled, &[("budget-guard:mode", "x")]).await?;
    assert_eq!(bench.fire(&looping, 200).await?.tally.trips, 1);
    bench.fire(&looping, 3).await?;
    bench.fire(&calm, 12).await?;
    bench.fire(&observed, 7).await?;

    list(&bench).await?;
    acting(&bench).await?;
    one(&bench, looping.as_str(), unseen.as_str()).await?;
    explained(&bench).await
}

async fn list(bench: &Bench) -> Result<(), Failure> {
    let program = &bench.program;
    let expected = [
        "open     -     -         0 of 200   ",
        "closed   -     -         12 of 200  -\n",
        "closed   -     -         7 of 5     ",
        " rate, spared\n",
    ];
    let hint = ["hint: why it was cut: budget-guard explain fix-acl --bus orders --region us-east-1"];
    let out = program.check("status", 0, &expected, &hint).await?;
    let first: Vec<&str> = out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(
        first,
        ["RULE", "orders/fix-acl", "tag-instances", "fix-acl"],
        "those in trouble first\n{out}"
    );
    program.check("status --bus orders", 0, &["orders/fix-acl"], &[]).await?;
    let names = async |args: &str| -> Result<Vec<String>, Failure> {
        let out = program.check(args, 0, &[], &[]).await?;
        Ok(out.lines().skip(1).filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect())
    };
    assert_eq!(names("status --open").await?, ["orders/fix-acl"]);
    assert_eq!(names("status --suspect").await?, ["tag-instances"]);
    // An order that was refused is no firing, and no row.
    bench.rule_in("default", "off", RuleState::Disabled, &[]).await?;
    program.check("disable off --reason x", 3, &[], &["refused: "]).await?;
    assert!(!names("status").await?.contains(&"off".to_owned()));
    assert!(names("status --all").await?.contains(&"off".to_owned()));
    program.check("status --open --suspect", 2, &[], &["cannot be used with"]).await?;

    let listed = program.json("status", 0).await?;
    let expected = [
        "aftermath",
        "breaker",
        "disabled_at",
        "epoch",
        "failed_alerts",
        "failed_changes",
        "firings",
        "last_trip",
        "late",
        "mode",
        "pending_alerts",
        "rule",
        "who_acts",
    ];
    assert_eq!(fields(&listed[0]), expected);
    assert_eq!(listed[0]["breaker"], "open");
    assert_eq!(
        listed[2]["firings"],
        json!({"count": 12, "limit": 200, "window_seconds": 60, "is_estimate": false})
    );
    assert_eq!(listed[2]["last_trip"], Value::Null);
    Ok(())
}

/// Checks the actors of each rule in `status`, from a directory that a tick has built.
async fn acting(bench: &Bench) -> Result<(), Failure> {
    let program = &bench.program;
    let list = program.check("status", 0, &["RULE"], &[]).await?;
    assert!(!list.contains("known"), "before the first tick nothing is known\n{list}");
    assert_eq!(program.json("status", 0).await?[0]["who_acts"], Value::Null);

    let guard = bench.guard()?;
    Box::pin(guard.handle(&payload::tick(&payload::now()))).await.0?;
    let rows =
        ["  enforce  unknown   0 of 200", "  enforce  known     12 of 200", "  observe  known     7 of 5"];
    let hint = "hint: what would tell who acts: budget-guard status fix-acl --bus orders --region us-east-1";
    program.check("status", 0, &rows, &[hint]).await?;
    let listed = program.json("status", 0).await?;
    let known = listed.as_array().into_iter().flatten().map(|one| &one["who_acts"]);
    assert_eq!(known.collect::<Vec<_>>(), ["unknown", "known", "known"]);
    let one = program.json("status orders/fix-acl", 0).await?;
    assert_eq!(one["who_acts"], "unknown", "as the list has it");

    bench.world.edit_item("directory", "json", |head| head["schema"] = json!(99)).await?;
    let hint = "who acts for the rules is not shown: the head of the directory has schema 99, this version reads up to 1";
    let list = program.check("status", 0, &["orders/fix-acl"], &[hint]).await?;
    assert!(!list.contains("known"), "{list}");
    Ok(())
}

async fn one(bench: &Bench, looping: &str, unseen: &str) -> Result<(), Failure> {
    let program = &bench.program;
    let expected = [
        "Rule \"fix-acl\" on bus \"orders\"",
        looping,
        "Breaker    open (rule disabled)",
        "Late       3 firings",
        "State      DISABLED",
        "limit        200/60s (default)",
        ":work",
    ];
    let hint = ["hint: why: budget-guard explain fix-acl --bus orders"];
    for rule in ["orders/fix-acl", "fix-acl --bus orders", looping] {
        program.check(&format!("status {rule}"), 0, &expected, &hint).await?;
    }
    program
        .check(
            "status tag-instances",
            0,
            &["mode         observe (tag)", "limit        5/5m (tag)", "turns        10 (default)", "Quiet"],
            &[],
        )
        .await?;
    let warnings = ["is not a mode; expected enforce", "the rule is disabled, and not by the guard"];
    program.check("status unseen", 0, &[unseen, "the guard has not seen this rule fire"], &warnings).await?;
    let details = program.json("status tag-instances", 0).await?;
    assert_eq!(
        details["settings"]["mode"],
        json!({"tag": "budget-guard:mode", "value": "observe", "origin": "tag"})
    );
    assert_eq!((&details["rule_state"], &details["is_seen"]), (&json!("ENABLED"), &json!(true)));

    let similar =
        ["there is no rule \"fix-acll\" on bus \"default\"", "hint: similar names on this bus: fix-acl"];
    program.check("status fix-acll", 1, &[], &similar).await?;
    let list = ["hint: to see the rules: aws events list-rules --event-bus-name orders --region us-east-1"];
    program.check("explain something-else --bus orders", 1, &[], &list).await?;
    let foreign = looping.replace(bench.emulator.account(), "210987654321");
    program.check(&format!("status {foreign}"), 2, &[], &["is a rule of account 210987654321"]).await?;
    program
        .check(
            "status --table nowhere",
            1,
            &[],
            &["there is no table \"nowhere\" in us-east-1", "list-tables"],
        )
        .await?;
    let elsewhere = ["there is no table", "in eu-west-1", "hint: is this the guard's Region"];
    program.check("status --region eu-west-1", 1, &[], &elsewhere).await?;

    // A rule that was deleted while it was cut is still in the records.
    bench.world.events.remove_targets().event_bus_name("orders").rule("fix-acl").ids("work").send().await?;
    bench.world.events.delete_rule().event_bus_name("orders").name("fix-acl").send().await?;
    program
        .check("status orders/fix-acl", 0, &["open (rule disabled)"], &["is gone from EventBridge"])
        .await?;
    Ok(())
}

async fn explained(bench: &Bench) -> Result<(), Failure> {
    let program = &bench.program;
    let principal = format!("180 {FIXER}");
    let expected = [
        "Rule \"fix-acl\" on bus \"orders\": open (rule disabled)",
        "Why        200 distinct firings within 60s, at the limit of 200",
        "Then       disabled at",
        "Firings    200 within 60s, limit 200",
        principal.as_str(),
        "20 arn:aws:iam::000000000000:user/ann",
        "Otherwise  at this rate, ten times as many firings (2000) after",
        "aws cloudtrail lookup-events",
        "State      ENABLED",
        ":work",
        "budget-guard enable fix-acl --bus orders --region us-east-1",
    ];
    program.check("explain orders/fix-acl", 0, &expected, &[]).await?;
    let page =
        ["<!DOCTYPE html>", "<span class=\"word\">", "How fast it fired", "budget-guard enable fix-acl"];
    program.check("explain orders/fix-acl --output html", 0, &page, &[]).await?;
    let none = ["\"fix-acl\" never tripped: there is no trip to show", "hint: how it stands: "];
    program.check("explain fix-acl --output html", 2, &[], &none).await?;
    let explanation = program.json("explain orders/fix-acl", 0).await?;
    assert_eq!(explanation["evidence"]["count"], 200);
    assert_eq!(explanation["found"]["state"], "ENABLED");
    assert_eq!(explanation["undo"], "budget-guard enable fix-acl --bus orders --region us-east-1");
    program.check("explain fix-acl", 0, &["never tripped: closed (rule enabled)"], &["hint: "]).await?;
    program.check("explain unseen", 0, &["the guard has not seen it fire"], &["hint: "]).await?;
    let spared =
        ["not disabled, because its mode is observe", "aws events disable-rule --name tag-instances"];
    program.check("explain tag-instances", 0, &spared, &[]).await?;
    assert_eq!(program.json("explain fix-acl", 0).await?["trip"], Value::Null);
    Ok(())
}
