//! Hostile principals, ids and targets in what the program prints of a rule.

use aws_sdk_eventbridge::types::Target;
use budget_guard_aws::SystemClock;
use budget_guard_core::guard::Observation;
use budget_guard_core::model::{Caller, Cause, Firing};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::drive;

use crate::Bench;
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::hostile::{NAMES, plain_problem, words};

#[tokio::test]
async fn a_rule_is_shown_whoever_fires_it() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let rule = bench.rule("default", "fix-acl").await?;
    let (guard, now) = (bench.guard()?, SystemClock.now());
    let firing = |n: usize| {
        let name = NAMES[n % NAMES.len()];
        Observation::Firing(Firing {
            rule: rule.clone(),
            event_id: if n == 199 { "event-199".into() } else { format!("{name}{n}").into() },
            at: now,
            caller: Caller { principal: name.into(), issued_to: Some(name.into()) },
            call: None,
            cause: Cause::Unknown,
        })
    };
    let firings: Vec<Observation<'_>> = (0..200).map(firing).collect();
    let limits = guard.limits(&rule).await;
    assert_eq!(Box::pin(drive(&guard, &rule, limits, &firings)).await?.tally.trips, 1);
    for args in ["status", "status fix-acl", "explain fix-acl"] {
        let out = bench.program.check(args, 0, &["fix-acl"], &[]).await?;
        assert_eq!(plain_problem(&out), None, "{args}\n{out}");
        let out = bench.program.run(&format!("{args} --output json")).await?;
        assert_eq!(plain_problem(&String::from_utf8(out.stdout)?), None, "{args}");
    }
    let out = bench.program.check("explain fix-acl", 0, &["\n  event-199\n"], &[]).await?;
    let hint = out.lines().find(|line| line.contains("lookup-events")).ok_or("no hint")?;
    let words = words(hint)?;
    assert_eq!((words.len(), &*words[4]), (7, "AttributeKey=EventId,AttributeValue=event-199"), "{words:?}");
    Ok(())
}

#[tokio::test]
async fn a_target_brings_no_command_into_a_hint() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.rule("default", "fix-acl").await?;
    let arn = "arn:aws:sqs:us-east-1:000000000000:q; touch /tmp/owned #`id`";
    let target = Target::builder().id("budget-guard").arn(arn).build()?;
    bench.world.events.put_targets().rule("fix-acl").targets(target).send().await?;
    for verb in ["attach", "detach"] {
        let output = bench.program.run(&format!("{verb} fix-acl")).await?;
        let err = String::from_utf8(output.stderr)?;
        let (_, option) = err.lines().find_map(|line| line.split_once("--queue ")).ok_or(err.clone())?;
        assert_eq!(words(option)?, [arn], "{verb}\n{err}");
    }
    Ok(())
}
