//! `disable` and `enable`.

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use jiff::SignedDuration;

use crate::Bench;
use crate::turns::{change, deliver};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, payload};

const THIRD_STATE: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

#[tokio::test]
async fn orders_on_ministack() -> Result<(), Failure> {
    Box::pin(orders(Bench::start(Kind::Ministack).await?)).await
}

#[tokio::test]
async fn orders_on_moto() -> Result<(), Failure> {
    Box::pin(orders(Bench::start(Kind::Moto).await?)).await
}

async fn orders(bench: Bench) -> Result<(), Failure> {
    bench.world.create_bus("orders").await?;
    // A rule of the same name on another bus must not be changed.
    bench.rule("default", "fix-acl").await?;
    there_and_back(&bench, "orders/fix-acl", "orders", RuleState::Enabled).await?;
    there_and_back(&bench, "third", "default", THIRD_STATE).await?;
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    refused(&bench).await?;
    as_json(&bench).await
}

async fn there_and_back(bench: &Bench, rule: &str, bus: &str, state: RuleState) -> Result<(), Failure> {
    let (program, world) = (&bench.program, &bench.world);
    let name = rule.rsplit('/').next().unwrap_or(rule);
    bench.rule_in(bus, name, state.clone(), &[]).await?;
    world.alerts().await?;

    let was = format!("is disabled; it was {}.", state.as_str());
    let undo = format!("hint: to put it back as it was: budget-guard enable {name}");
    let disable = format!("disable {rule} --reason incident-7");
    program.check(&disable, 0, &[&was], &[&undo]).await?;
    assert_eq!(world.rule_state(bus, name).await?, RuleState::Disabled);
    program.check(&disable, 3, &[], &["refused: ", "the guard already cut this rule", "hint: why: "]).await?;
    let why = ["cut by hand: incident-7", "a person cut the rule", "Once the reason is gone"];
    program.check(&format!("explain {rule}"), 0, &why, &[]).await?;

    let back = format!("is {} again, as it was.", state.as_str());
    program
        .check(&format!("enable {rule}"), 0, &[&back], &["Counting starts anew, on probation until"])
        .await?;
    assert_eq!(world.rule_state(bus, name).await?, state);
    let hint = format!("hint: if someone else disabled it: aws events enable-rule --name {name}");
    program.check(&format!("enable {rule}"), 3, &[], &["refused: ", "has not cut this rule", &hint]).await?;
    program
        .check(
            &format!("explain {rule}"),
            0,
            &["put back as it was", "The rule is back, on probation until"],
            &[],
        )
        .await?;

    let alerts = world.wait_for_alerts(2, std::time::Duration::from_secs(5)).await?;
    let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind()).collect();
    assert_eq!(kinds, ["tripped", "restored"]);
    Ok(())
}

async fn refused(bench: &Bench) -> Result<(), Failure> {
    let (program, world) = (&bench.program, &bench.world);
    bench.rule_in("default", "off", RuleState::Disabled, &[]).await?;
    bench.rule("default", "budget-guard-tick").await?;
    world.events.put_rule().name("nightly").schedule_expression("rate(1 day)").send().await?;
    let cases: &[(&str, &str)] = &[
        ("disable off --reason x", "it is already disabled, and not by the guard"),
        ("disable budget-guard-tick --reason x", "it belongs to the guard itself"),
        ("disable nightly --reason x", "it is a schedule"),
        ("enable off", "the guard has not cut this rule"),
        (
            "enable fix-acl --topic arn:aws:sns:eu-west-1:123456789012:alerts",
            "this guard, by its topic, acts on account 123456789012 in eu-west-1 only",
        ),
    ];
    for (args, because) in cases {
        program.check(args, 3, &[], &["refused: ", because, "hint: "]).await?;
    }
    assert_eq!(world.rule_state("default", "off").await?, RuleState::Disabled);
    assert_eq!(world.rule_state("default", "nightly").await?, RuleState::Enabled);
    Ok(())
}

#[tokio::test]
async fn an_order_leaves_the_functions_limit_alone() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let rule = bench.rule("default", "busy").await?;
    bench.fire(&rule, 1).await?;
    let other = bench.program_at(&bench.emulator.endpoint())?.with("BUDGET_GUARD_LIMIT", Some("7/5m"));
    for args in ["disable busy --reason x", "enable busy"] {
        other.check(args, 0, &[], &[]).await?;
        bench.program.check("status busy", 0, &["200/60s (default)"], &[]).await?;
    }
    bench.program.check("status busy", 0, &["0 of 50 in 60s", "on probation"], &[]).await?;
    Ok(())
}

async fn as_json(bench: &Bench) -> Result<(), Failure> {
    let arn = bench.rule("default", "scripted").await?;
    let disabled = bench.program.json(&format!("disable {arn} --reason x"), 0).await?;
    assert_eq!((&disabled["result"], &disabled["breaker"]), (&"disabled".into(), &"open".into()));
    assert_eq!(disabled["rule"]["arn"], arn.as_str());
    assert_eq!(disabled["undo"], "budget-guard enable scripted --region us-east-1");
    let enabled = bench.program.json(&format!("enable {arn}"), 0).await?;
    assert_eq!((&enabled["result"], &enabled["rule_state"]), (&"enabled".into(), &"ENABLED".into()));
    assert_eq!(enabled["epoch"], 2);
    Ok(())
}

#[tokio::test]
async fn a_rule_that_is_gone_is_forgotten() -> Result<(), Failure> {
    // Only moto reports a deleted rule at EnableRule.
    let bench = Bench::start(Kind::Moto).await?;
    bench.rule("default", "brief").await?;
    bench.program.check("disable brief --reason x", 0, &[], &[]).await?;
    bench.world.events.delete_rule().name("brief").send().await?;
    bench
        .program
        .check("enable brief", 3, &[], &["is gone from EventBridge", "the rule no longer exists"])
        .await?;
    bench.program.check("status brief", 0, &["closed"], &[]).await?;
    Ok(())
}

#[tokio::test]
async fn firing_goes_on_only_while_the_rule_is_enabled() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (program, world) = (&bench.program, &bench.world);
    let arn = bench.rule("default", "fix-acl").await?;
    program.check("attach fix-acl", 0, &["attached"], &[]).await?;
    let event = || payload::event(arn.as_str(), &payload::unique_id(), &payload::now(), crate::FIXER);
    world.put_events("default", &[event()]).await?;
    let firings = world.drain(&world.attached_queue).await?;
    let firing: serde_json::Value = serde_json::from_str(firings.first().ok_or("no firing")?)?;
    assert_eq!(firing["ruleArn"], arn.as_str());
    program.check("disable fix-acl --reason x", 0, &[], &[]).await?;
    world.put_events("default", &[event()]).await?;
    assert_eq!(world.drain(&world.attached_queue).await?.len(), 0);
    program.check("enable fix-acl", 0, &[], &[]).await?;
    world.put_events("default", &[event()]).await?;
    assert_eq!(world.drain(&world.attached_queue).await?.len(), 1);
    Ok(())
}

/// An archive without files. No test runs it, but its hash changes with the comment.
fn archive(comment: &str) -> Blob {
    let mut bytes = b"PK\x05\x06".to_vec();
    bytes.extend([0; 16]);
    bytes.extend(u16::try_from(comment.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(comment.as_bytes());
    Blob::new(bytes)
}

#[tokio::test]
async fn a_proved_loop_is_put_back_only_once_something_has_changed() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let functions = aws_sdk_lambda::Client::new(&bench.emulator.sdk_config());
    let create = functions.create_function().function_name("fixer").runtime(Runtime::Providedal2023);
    let create = create.role("arn:aws:iam::000000000000:role/fixer-role").handler("bootstrap");
    let created = create.code(FunctionCode::builder().zip_file(archive("buggy")).build()).send().await?;
    let function = created.function_arn().ok_or("the function has no ARN")?;
    let rule = bench.rule("default", "self-firing").await?;
    let target = Target::builder().id("fixer").arn(function).build()?;
    bench.world.events.put_targets().rule("self-firing").targets(target).send().await?;
    bench.world.attach("default", "self-firing", "budget-guard").await?;
    let arn = rule.to_string();
    let minutes = |n: i64| SystemClock.now() - SignedDuration::from_mins(60 - n);
    let turn = |n| (arn.as_str(), change(&arn, (n > 0).then_some(function), minutes(n)));
    deliver(&bench, &(0..9).map(turn).collect::<Vec<_>>()).await?;

    let words = ["refused: ", "this loop was proved, and nothing has changed since", "add --force"];
    bench.program.check("enable self-firing", 3, &[], &words).await?;
    // The guard's own queue is no part of the loop.
    bench.program.check("detach self-firing", 0, &["detached"], &[]).await?;
    bench.program.check("enable self-firing", 3, &[], &words).await?;
    bench.program.check("attach self-firing", 0, &["attached"], &[]).await?;
    let words =
        ["refused: ", "its loop was proved, and the events that it missed may start it again", "add --force"];
    bench.program.check("enable self-firing --replay-missed", 3, &[], &words).await?;
    assert_eq!(bench.world.rule_state("default", "self-firing").await?, RuleState::Disabled);
    let update = functions.update_function_code().function_name("fixer").zip_file(archive("mended"));
    update.send().await?;
    bench.program.check("enable self-firing", 0, &["is ENABLED again"], &["on probation"]).await?;

    bench.program.check("disable self-firing --reason again", 0, &[], &[]).await?;
    bench.program.check("enable self-firing --force", 0, &["is ENABLED again"], &[]).await?;
    Ok(())
}
