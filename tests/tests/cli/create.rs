//! `rule create`: the rule, its grants, and the plan that is printed first.

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::Bench;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::world::Queue;
use budget_guard_tests::{Failure, functions, payload, while_doing};

const ROLE: &str = "arn:aws:iam::000000000000:role/fixer-role";

#[tokio::test]
async fn a_rule_is_made_the_guarded_way() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let fixer = function(&bench).await?;
    let work = bench.world.create_queue("work").await?;
    planned(&bench, &fixer).await?;
    created(&bench, &fixer, &work).await?;
    with_roles(&bench).await?;
    trail(&bench, &fixer).await
}

/// A function with a role that may make the call that fires the rule.
async fn function(bench: &Bench) -> Result<String, Failure> {
    let iam = aws_sdk_iam::Client::new(&bench.emulator.sdk_config());
    functions::create_role(&bench.emulator, "fixer-role").await?;
    let rights = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*"
    }]});
    let rights =
        iam.put_role_policy().role_name("fixer-role").policy_name("p").policy_document(rights.to_string());
    rights.send().await.map_err(while_doing("giving the role its rights"))?;
    functions::create(&bench.emulator, "fixer", "fixer-role").await
}

async fn planned(bench: &Bench, fixer: &str) -> Result<(), Failure> {
    let args =
        format!("rule create fix-acl --service s3 --operation PutBucketAcl --target {fixer} --dry-run");
    let stdout = [
        "Event pattern:",
        r#""PutBucketAcl""#,
        "Plan, in us-east-1:",
        "1. make rule fix-acl on bus default, disabled",
        "2. allow EventBridge to invoke",
        "3. add 1 target and the guard's queue to its targets",
        "4. set it to ENABLED",
        "The pattern without calls of the target's own role:",
        r#""anything-but""#,
    ];
    let own = format!("warning: the rule can fire itself: its target's role may make this call ({ROLE})");
    let stderr =
        ["warning: no trail is logging here", "a rule holds for one Region", &own, "Nothing was done"];
    bench.program.check(&args, 0, &stdout, &stderr).await?;
    assert!(bench.world.rule_state("default", "fix-acl").await.is_err(), "--dry-run made a rule");

    let other =
        format!("rule create fix-acl --service s3 --operation PutBucketTagging --target {fixer} --dry-run");
    let plan = bench.program.json(&other, 0).await?;
    assert_eq!((&plan["result"], &plan["arn"]), (&json!("planned"), &Value::Null));
    assert_eq!(plan["pattern_without_own_calls"], Value::Null, "its role may not make that call");
    Ok(())
}

async fn created(bench: &Bench, fixer: &str, work: &Queue) -> Result<(), Failure> {
    let program = &bench.program;
    let args = format!(
        "rule create fix-acl --service s3 --operation PutBucketAcl PutObjectAcl --target {fixer} {}",
        work.arn
    );
    let made = program.json(&args, 0).await?;
    let arn = made["arn"].as_str().ok_or("no ARN")?;
    assert_eq!(made["result"], "created");
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    let targets = targets(bench, "fix-acl").await?;
    let ids: Vec<&str> = targets.iter().map(Target::id).collect();
    assert_eq!(ids, ["target-1", "target-2", "budget-guard"]);

    let policy = QueueAttributeName::Policy;
    let queue = bench.world.sqs.get_queue_attributes().queue_url(&work.url).attribute_names(policy.clone());
    let queue = queue.send().await.map_err(while_doing("reading the queue's policy"))?;
    let queue = queue.attributes.and_then(|mut attributes| attributes.remove(&policy)).unwrap_or_default();
    let lambda = aws_sdk_lambda::Client::new(&bench.emulator.sdk_config());
    let function = lambda.get_policy().function_name(fixer).send().await;
    let function = function.map_err(while_doing("reading the function's policy"))?.policy.unwrap_or_default();
    for policy in [queue, function] {
        assert!(policy.contains(arn) && policy.contains("events.amazonaws.com"), "{policy}");
    }

    let root = "arn:aws:iam::000000000000:user/ann";
    let fixers = "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer";
    let pattern = made["pattern"].to_string();
    assert!(matches(bench, &pattern, "PutBucketAcl", root).await?);
    assert!(matches(bench, &pattern, "PutBucketAcl", fixers).await?);
    assert!(!matches(bench, &pattern, "PutBucketTagging", root).await?);
    let without = made["pattern_without_own_calls"].to_string();
    assert!(matches(bench, &without, "PutBucketAcl", root).await?, "people's calls still count: {without}");
    assert!(!matches(bench, &without, "PutBucketAcl", fixers).await?, "its own do not: {without}");

    let taken = ["refused: there is a rule \"fix-acl\" already", "budget-guard attach"];
    program.check(&args, 3, &[], &taken).await?;
    let reads = "rule create reads --service s3 --operation GetBucketAcl --target";
    let stderr =
        ["do not get GetBucketAcl, except as data events", "--read-only-calls makes the rule one that does"];
    program.check(&format!("{reads} {} --dry-run", work.arn), 0, &[], &stderr).await?;
    let stdout = ["Rule \"reads\" is ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];
    program.check(&format!("{reads} {} --read-only-calls", work.arn), 0, &stdout, &[]).await?;
    let third = RuleState::EnabledWithAllCloudtrailManagementEvents;
    assert_eq!(bench.world.rule_state("default", "reads").await?, third);
    Ok(())
}

async fn with_roles(bench: &Bench) -> Result<(), Failure> {
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:fix";
    let args = format!("rule create start --service s3 --any-operation --target {machine}");
    let stderr = ["needs a role that EventBridge takes; expected --role ARN or --create-role"];
    bench.program.check(&args, 2, &[], &stderr).await?;
    bench
        .program
        .check(&format!("{args} --create-role"), 0, &["make a role that EventBridge takes"], &[])
        .await?;
    let role = targets(bench, "start").await?.first().and_then(|target| target.role_arn.clone());
    assert_eq!(role.as_deref(), Some("arn:aws:iam::000000000000:role/eventbridge-start"));
    let iam = aws_sdk_iam::Client::new(&bench.emulator.sdk_config());
    let policy = iam.get_role_policy().role_name("eventbridge-start").policy_name("targets").send().await;
    let policy = policy.map_err(while_doing("reading the role's policy"))?.policy_document;
    assert!(policy.contains("StartExecution") && policy.contains("stateMachine"), "{policy}");
    Ok(())
}

async fn trail(bench: &Bench, fixer: &str) -> Result<(), Failure> {
    let cloudtrail = aws_sdk_cloudtrail::Client::new(&bench.emulator.sdk_config());
    let create = cloudtrail.create_trail().name("all").s3_bucket_name("trail").send().await;
    create.map_err(while_doing("creating a trail"))?;
    let start = cloudtrail.start_logging().name("all").send().await;
    start.map_err(while_doing("starting the trail"))?;
    let args = format!("rule create other --service s3 --operation PutBucketAcl --target {fixer} --dry-run");
    let warnings = bench.program.json(&args, 0).await?["warnings"].to_string();
    assert!(!warnings.contains("no trail") && warnings.contains("can fire itself"), "{warnings}");
    Ok(())
}

async fn targets(bench: &Bench, rule: &str) -> Result<Vec<Target>, Failure> {
    let listed = bench.world.events.list_targets_by_rule().rule(rule).send().await;
    Ok(listed.map_err(while_doing("listing targets"))?.targets.unwrap_or_default())
}

/// Returns true if the pattern matches this call, by EventBridge's own TestEventPattern.
async fn matches(bench: &Bench, pattern: &str, call: &str, principal: &str) -> Result<bool, Failure> {
    let rule = "arn:aws:events:us-east-1:000000000000:rule/x";
    let mut event = payload::event(rule, "e", &payload::now(), principal);
    event["source"] = json!("aws.s3");
    event["detail"]["eventName"] = json!(call);
    let test = bench.world.events.test_event_pattern().event_pattern(pattern).event(event.to_string());
    Ok(test.send().await.map_err(while_doing("testing a pattern"))?.result)
}
