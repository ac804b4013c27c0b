//! `attach` and `detach`.

use aws_sdk_eventbridge::types::{DeadLetterConfig, RuleState, Target};
use serde_json::json;

use crate::Bench;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::world::TEMPLATE;
use budget_guard_tests::{Failure, while_doing};

#[tokio::test]
async fn attachments_on_ministack() -> Result<(), Failure> {
    Box::pin(attachments(Bench::start(Kind::Ministack).await?)).await
}

#[tokio::test]
async fn attachments_on_moto() -> Result<(), Failure> {
    Box::pin(attachments(Bench::start(Kind::Moto).await?)).await
}

async fn attachments(bench: Bench) -> Result<(), Failure> {
    bench.world.create_bus("orders").await?;
    there_and_back(&bench).await?;
    what_is_there_already(&bench).await?;
    refused(&bench).await?;
    several(&bench).await
}

impl Bench {
    async fn targets(&self, bus: &str, rule: &str) -> Result<Vec<Target>, Failure> {
        let listed = self.world.events.list_targets_by_rule().event_bus_name(bus).rule(rule).send().await;
        Ok(listed.map_err(while_doing("listing targets"))?.targets.unwrap_or_default())
    }

    async fn put_target(&self, rule: &str, target: Target) -> Result<(), Failure> {
        let put = self.world.events.put_targets().rule(rule).targets(target).send().await;
        put.map(drop).map_err(while_doing("adding a target"))
    }
}

async fn there_and_back(bench: &Bench) -> Result<(), Failure> {
    let program = &bench.program;
    let arn = bench.rule("orders", "fix-acl").await?;
    let policy = format!(
        "hint: the policy of queue budget-guard-1 must allow events.amazonaws.com to sqs:SendMessage with aws:SourceArn {arn}"
    );
    let policy = policy.replace("budget-guard-1", &format!("{}-rules", bench.world.table));
    program.check("attach orders/fix-acl", 0, &["orders/fix-acl: attached"], &[&policy]).await?;
    let targets = bench.targets("orders", "fix-acl").await?;
    let target = targets.first().ok_or("no target")?;
    assert_eq!((target.id(), target.arn()), ("budget-guard", bench.world.attached_queue.arn.as_str()));
    let transformer = target.input_transformer().ok_or("no transformer")?;
    assert_eq!(transformer.input_template(), TEMPLATE);
    program.check("attach fix-acl --bus orders", 0, &["already attached"], &[]).await?;
    program.check("status orders/fix-acl", 0, &["(the guard)"], &[]).await?;

    program.check(&format!("detach {arn}"), 0, &["orders/fix-acl: detached"], &[]).await?;
    assert_eq!(bench.targets("orders", "fix-acl").await?, []);
    program.check(&format!("detach {arn}"), 0, &["not attached, nothing to do"], &[]).await?;
    Ok(())
}

async fn what_is_there_already(bench: &Bench) -> Result<(), Failure> {
    let (program, queue) = (&bench.program, &bench.world.attached_queue.arn);
    // A person attached the queue without the transformer, but with a dead-letter queue, which stays.
    bench.rule("default", "raw").await?;
    let dead = bench.world.create_queue("dead-letters").await?.arn;
    let raw = Target::builder().id("budget-guard").arn(queue).input_path("$.detail");
    let raw = raw.dead_letter_config(DeadLetterConfig::builder().arn(&dead).build());
    bench.put_target("raw", raw.build()?).await?;
    program.check("attach raw", 0, &["raw: was attached; what it sends is now"], &[]).await?;
    let target = bench.targets("default", "raw").await?.remove(0);
    assert_eq!(target.dead_letter_config().and_then(|config| config.arn()), Some(dead.as_str()));
    assert!(target.input_transformer().is_some() && target.input_path().is_none(), "{target:?}");

    // A stack attached the queue with another target ID.
    bench.rule("default", "stacked").await?;
    bench.world.attach("default", "stacked", "FromAStack").await?;
    program.check("attach stacked", 0, &["already attached as target FromAStack"], &[]).await?;
    assert_eq!(bench.targets("default", "stacked").await?.len(), 1);

    // The ID belongs to another target.
    bench.rule("default", "taken").await?;
    let other = bench.world.create_queue("other").await?;
    bench.world.add_queue_target("default", "taken", "budget-guard", &other).await?;
    let detach =
        format!("hint: to make room: budget-guard detach taken --region us-east-1 --queue {}", other.arn);
    program
        .check("attach taken", 3, &[], &["target id budget-guard is taken by", &other.arn, &detach])
        .await?;
    program.check("detach taken", 3, &[], &["it may not be the guard's", "hint: if it is"]).await?;
    let nameless = bench.program_at(&bench.emulator.endpoint())?.with("BUDGET_GUARD_QUEUE_ARN", None);
    nameless.check("detach taken", 3, &[], &["without the guard's input transformer"]).await?;
    program.check(&format!("detach taken --queue {}", other.arn), 0, &["taken: detached"], &[]).await?;
    nameless.check("detach raw", 0, &["raw: detached"], &[]).await?;
    Ok(())
}

async fn refused(bench: &Bench) -> Result<(), Failure> {
    let (program, world) = (&bench.program, &bench.world);
    bench.rule("default", "budget-guard-catch-all").await?;
    world.events.put_rule().name("nightly").schedule_expression("rate(1 day)").send().await?;
    bench.rule("default", "full").await?;
    for n in 1..=5 {
        let arn = world.attached_queue.arn.replace("budget-guard", &format!("q{n}"));
        bench.put_target("full", Target::builder().id(format!("t{n}")).arn(arn).build()?).await?;
    }
    let cases: &[(&str, &str)] = &[
        ("attach budget-guard-catch-all", "it belongs to the guard itself"),
        ("attach nightly", "it is a schedule, which no event can fire"),
        ("attach full", "it has 5 targets, and AWS allows 5 per rule, a quota it does not raise"),
    ];
    for (args, because) in cases {
        program.check(args, 3, &[], &["refused: ", because]).await?;
    }
    assert_eq!(bench.targets("default", "full").await?.len(), 5);
    Ok(())
}

async fn several(bench: &Bench) -> Result<(), Failure> {
    let program = &bench.program;
    bench.rule("default", "first").await?;
    bench.rule_in("default", "last", RuleState::Disabled, &[("budget-guard:mode", "ignore")]).await?;
    let done = ["first: attached", "last: attached"];
    let told =
        ["refused: rule \"full\"", "rule \"last\" is disabled", "has the tag budget-guard:mode=ignore"];
    program.check("attach first full last", 3, &done, &told).await?;
    // A failure does not stop the others, and outranks a refusal in the exit code.
    let told = ["there is no rule \"nowhere\"", "refused: rule \"full\""];
    program.check("attach nowhere full last", 1, &["last: already attached"], &told).await?;
    let results = program.json("detach first nowhere last", 1).await?;
    let words: Vec<&str> =
        results.as_array().into_iter().flatten().filter_map(|one| one["result"].as_str()).collect();
    assert_eq!(words, ["detached", "failed", "detached"]);
    assert_eq!((&results[1]["name"], &results[1]["arn"]), (&json!("nowhere"), &json!(null)));
    let far = "attach first --queue arn:aws:sqs:eu-west-1:111111111111:guard";
    program.check(far, 0, &["first: attached"], &["EventBridge may not deliver there"]).await?;
    Ok(())
}
