//! `cure`: shown, put and taken back; refused, interrupted and denied.

use std::process::Stdio;

use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::{RuleState, Target};
use budget_guard_aws::SystemClock;
use budget_guard_core::ports::Clock;
use jiff::SignedDuration;
use serde_json::Value;

use crate::Bench;
use crate::overlay::{Answer, Overlay};
use crate::turns::{change, deliver};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::gate::{Gate, Side};
use budget_guard_tests::{Failure, functions, payload};

const DENIED_PUT: Answer = (
    "PutRule",
    400,
    r#"{"__type":"AccessDeniedException","message":"User: arn:aws:iam::000000000000:user/ann is not authorized to perform: iam:PassRole"}"#,
);
/// Reply without the change.
const LOST_PUT: Answer = ("PutRule", 200, "{}");
const MANAGED: Answer = (
    "DescribeRule",
    200,
    r#"{"Name":"fix-acl","Arn":"arn:aws:events:us-east-1:000000000000:rule/fix-acl","State":"ENABLED","EventPattern":"{}","ManagedBy":"securityhub.amazonaws.com"}"#,
);
/// White space and order that have to come back.
const PATTERN: &str = r#"{ "source": ["custom.s3"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["PutBucketAcl", "PutObject"]} }"#;
const THIRD_STATE: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;
const ROLE: &str = "arn:aws:iam::000000000000:role/rules-own";
const CURE: &str = r#""userIdentity":{"sessionContext":{"sessionIssuer":{"arn":[{"anything-but":["arn:aws:iam::000000000000:role/fixer-role"]},{"exists":false}]}}}"#;

impl Bench {
    /// A rule with a function behind it, which has fired itself so many times.
    async fn looping(&self, name: &str, turns: i64) -> Result<(), Failure> {
        let function = functions::create(&self.emulator, "fixer", "fixer-role").await?;
        let put = self.world.events.put_rule().name(name).event_pattern(PATTERN).state(RuleState::Enabled);
        let arn = put.description("it's ours").role_arn(ROLE).send().await?.rule_arn.ok_or("no ARN")?;
        let target = Target::builder().id("fixer").arn(&function).build()?;
        self.world.events.put_targets().rule(name).targets(target).send().await?;
        self.world.attach("default", name, "budget-guard").await?;
        let minutes = |n: i64| SystemClock.now() - SignedDuration::from_mins(60 - n);
        let turn = |n| (arn.as_str(), change(&arn, (n > 0).then_some(function.as_str()), minutes(n)));
        deliver(self, &(0..=turns).map(turn).collect::<Vec<_>>()).await
    }

    async fn described(&self, name: &str) -> Result<DescribeRuleOutput, Failure> {
        Ok(self.world.events.describe_rule().name(name).send().await?)
    }

    /// Expects the rule in this state, with or without the cure, and else as it was made.
    async fn expect(&self, name: &str, state: RuleState, is_cured: bool) -> Result<(), Failure> {
        let rule = self.described(name).await?;
        let pattern = rule.event_pattern().unwrap_or_default();
        assert_eq!(pattern.contains(CURE), is_cured, "{pattern}");
        assert!(is_cured || pattern == PATTERN, "{pattern}");
        assert_eq!(rule.state(), Some(&state));
        assert_eq!((rule.description(), rule.role_arn()), (Some("it's ours"), Some(ROLE)));
        let targets = self.world.events.list_targets_by_rule().rule(name).send().await?;
        assert_eq!(targets.targets().len(), 2);
        Ok(())
    }
}

#[tokio::test]
async fn a_cure_is_put_and_taken_back() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (program, name) = (&bench.program, "fix-acl");
    bench.looping(name, 8).await?;
    bench.expect(name, RuleState::Disabled, false).await?;
    let apply = "budget-guard cure fix-acl --region us-east-1 --apply";
    program.check("explain fix-acl", 0, &["This event pattern ends the loop", CURE, apply], &[]).await?;
    let shown = [
        r#"  -     "eventName": ["PutBucketAcl","PutObject"]"#,
        r#"  +     "userIdentity": {"#,
        r#"  +             {"exists":false}"#,
        "the rule fires itself",
        apply,
    ];
    program.check("cure fix-acl", 0, &shown, &[]).await?;
    let view: Value = program.json("cure fix-acl", 0).await?;
    assert_eq!((&view["result"], &view["is_proved"]), (&"shown".into(), &true.into()), "{view}");
    assert_eq!(view["before"], PATTERN);
    bench.expect(name, RuleState::Disabled, false).await?;

    program.check("enable fix-acl", 3, &[], &["nothing has changed since"]).await?;
    let hints = ["to put the rule back with it: budget-guard enable fix-acl", "to put the old pattern back"];
    program.check("cure fix-acl --apply", 0, &["has the changed pattern"], &hints).await?;
    bench.expect(name, RuleState::Disabled, true).await?;
    program
        .check("cure fix-acl --apply", 3, &[], &["refused: ", "the cure is put already", "--undo"])
        .await?;
    program.check("cure fix-acl", 0, &["the holder of access key", "put the cure", "--undo"], &[]).await?;

    program.check("enable fix-acl", 0, &["is ENABLED again"], &[]).await?;
    bench.expect(name, RuleState::Enabled, true).await?;
    let undone = program.json("cure fix-acl --undo", 0).await?;
    assert_eq!(undone["result"], "undone", "{undone}");
    bench.expect(name, RuleState::Enabled, false).await?;
    program.check("cure fix-acl --undo", 3, &[], &["refused: ", "nothing to take back"]).await?;
    let alerts = bench.world.wait_for_alerts(4, std::time::Duration::from_secs(5)).await?;
    let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind()).collect();
    assert_eq!(kinds, ["tripped", "cured", "restored", "cured"]);
    Ok(())
}

#[tokio::test]
async fn an_interrupted_cure_is_finished_by_the_same_command() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (program, name) = (&bench.program, "fix-acl");
    bench.looping(name, 8).await?;
    let after = program.json("cure fix-acl", 0).await?["after"].as_str().unwrap_or_default().to_owned();
    // PutRule did not take effect.
    let words = ["does not read back with the new pattern yet", "to go on: budget-guard cure fix-acl"];
    bench.check_at(&[LOST_PUT], "cure fix-acl --apply", 1, &[], &words).await?;
    bench.expect(name, RuleState::Disabled, false).await?;
    program.check("cure fix-acl --apply", 0, &["has the changed pattern"], &["was interrupted"]).await?;
    bench.expect(name, RuleState::Disabled, true).await?;
    bench.check_at(&[LOST_PUT], "cure fix-acl --undo", 1, &[], &["--undo"]).await?;
    program.check("cure fix-acl --apply", 3, &[], &["the old pattern is about to be put back"]).await?;
    program.check("cure fix-acl --undo", 0, &["has its old pattern again"], &["its loop was proved"]).await?;
    bench.expect(name, RuleState::Disabled, false).await?;

    // It took effect, and the command ended before it could save that.
    bench.check_at(&[LOST_PUT], "cure fix-acl --apply", 1, &[], &words).await?;
    let put = bench.world.events.put_rule().name(name).event_pattern(after).state(RuleState::Disabled);
    put.description("it's ours").role_arn(ROLE).send().await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &[]).await?;
    bench.program_at(&overlay.endpoint)?.check("cure fix-acl --apply", 0, &["has the changed"], &[]).await?;
    assert_eq!(overlay.bodies("PutRule").len(), 0);
    bench.expect(name, RuleState::Disabled, true).await
}

#[tokio::test]
async fn what_must_not_be_changed_is_refused() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (program, name) = (&bench.program, "fix-acl");
    bench.world.events.put_rule().name("nightly").schedule_expression("rate(1 day)").send().await?;
    program.check("cure nightly --apply", 3, &[], &["refused: ", "it is a schedule"]).await?;
    bench.rule("default", "budget-guard-tick").await?;
    program.check("cure budget-guard-tick", 3, &[], &["it belongs to the guard itself"]).await?;
    bench.rule("default", "unseen").await?;
    program.check("cure unseen", 3, &[], &["the guard has not seen it fire"]).await?;
    program.check("cure unseen --apply --undo", 2, &[], &["cannot be used with"]).await?;

    // A suspect at most: three turns prove nothing.
    bench.looping(name, 3).await?;
    program.check("cure fix-acl", 0, &["this loop is not proved", "+ "], &[]).await?;
    bench
        .check_at(
            &[MANAGED],
            "cure fix-acl",
            3,
            &[],
            &["the AWS service securityhub.amazonaws.com manages it"],
        )
        .await?;
    let words = ["the permission events:PutRule", "then also needs iam:PassRole on that role"];
    bench.check_at(&[DENIED_PUT], "cure fix-acl --apply", 1, &[], &["is not authorized", words[1]]).await?;
    bench.expect(name, RuleState::Enabled, false).await?;
    program.check("cure fix-acl --undo", 3, &[], &["nothing to take back"]).await?;

    // A rule that is not cut, in the state that only PutRule reaches.
    let put = bench.world.events.put_rule().name(name).event_pattern(PATTERN).state(THIRD_STATE);
    put.description("it's ours").role_arn(ROLE).send().await?;
    program.check("cure fix-acl --apply", 0, &["has the changed pattern"], &[]).await?;
    bench.expect(name, THIRD_STATE, true).await?;
    program.check("cure fix-acl --undo", 0, &["has its old pattern again"], &[]).await?;
    bench.expect(name, THIRD_STATE, false).await?;

    program.check("disable fix-acl --reason x", 0, &[], &[]).await?;
    let put = bench.world.events.put_rule().name(name).event_pattern(payload::PATTERN);
    put.state(RuleState::Disabled).send().await?;
    let words =
        ["refused: ", "its event pattern is no longer the one that the guard cut", "budget-guard enable"];
    program.check("cure fix-acl --apply", 3, &[], &words).await?;
    assert_eq!(bench.described(name).await?.event_pattern(), Some(payload::PATTERN));
    Ok(())
}

/// Number of calls of `cure --apply` at most, with all that belongs to it.
const MANY: u32 = 60;

#[tokio::test]
async fn killed_in_any_call_the_command_goes_on() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.looping("fix-acl", 8).await?;
    let mut killed_in = Vec::new();
    // After a call is before the next one.
    for nth in 1..MANY {
        let gate = Gate::start(&bench.emulator.endpoint(), nth, Side::After).await?;
        let mut command = bench.program_at(&gate.endpoint())?.command("cure fix-acl --apply");
        let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let is_killed = tokio::select! {
            () = gate.reached() => true,
            ended = first.wait() => { assert!(ended?.success()); false }
        };
        first.kill().await?;
        killed_in.extend(gate.calls().pop().filter(|_| is_killed));
        let again = bench.program.run("cure fix-acl --apply").await?;
        // The first call may have done all of it.
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        let is_done = again.status.success() || said.contains("the cure is put already");
        assert!(is_done, "{nth} {killed_in:?}: {said}");
        bench.expect("fix-acl", RuleState::Disabled, true).await?;
        bench.program.check("cure fix-acl --undo", 0, &["its old pattern"], &[]).await?;
        bench.expect("fix-acl", RuleState::Disabled, false).await?;
        if !is_killed {
            break;
        }
    }
    for call in ["DescribeRule", "GetItem", "PutItem", "PutRule", "Publish"] {
        assert!(killed_in.iter().any(|killed| killed == call), "{call}: {killed_in:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rule_that_is_cut_meanwhile_stays_cut() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.looping("fix-acl", 3).await?;
    // Once without a hold, to count the calls.
    let gate = Gate::start(&bench.emulator.endpoint(), u32::MAX, Side::After).await?;
    bench.program_at(&gate.endpoint())?.check("cure fix-acl --apply", 0, &[], &[]).await?;
    let nth = gate.calls().iter().position(|call| call == "PutRule").ok_or("no PutRule")? + 1;
    bench.program.check("cure fix-acl --undo", 0, &[], &[]).await?;
    bench.expect("fix-acl", RuleState::Enabled, false).await?;

    // The reply to PutRule is lost, and the SDK makes the call again: with the state from before the cut.
    let gate = Gate::start(&bench.emulator.endpoint(), u32::try_from(nth)?, Side::After).await?;
    let program = bench.program_at(&gate.endpoint())?;
    let cut = async {
        gate.reached().await;
        bench.program.check("disable fix-acl --reason x", 0, &["is disabled"], &[]).await
    };
    let (applied, cut) = tokio::join!(program.check("cure fix-acl --apply", 0, &[], &[]), cut);
    applied?;
    cut?;
    assert_eq!(gate.calls().iter().filter(|call| *call == "PutRule").count(), 2);
    bench.expect("fix-acl", RuleState::Disabled, true).await
}
