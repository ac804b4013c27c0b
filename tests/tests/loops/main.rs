//! Stories on MiniStack: rule → SQS → the real `bootstrap` → DynamoDB → `DisableRule` → SNS.
//!
//! Two loops below any rate limit are cut, with the proof in the alert. A busy honest machine is not cut, and neither
//! is a rule with forged events of a loop.

mod beside;
mod stage;
mod trial;

use aws_sdk_eventbridge::types::RuleState;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Outcome;
use budget_guard_tests::Failure;
use budget_guard_tests::alert::Alert;
use serde_json::{Value, json};
use stage::{Call, Machine, Stage, event, minutes_ago, time_of};

const ANN: &str = "arn:aws:iam::000000000000:user/ann";
const TERRAFORM: &str = "arn:aws:sts::000000000000:assumed-role/deploy/terraform";
const SOON: std::time::Duration = std::time::Duration::from_secs(20);
const MINUTE: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);
/// Number of firings until a loop of equal calls is cut, with the foreign one that began it.
const CUT_AFTER: usize = 9;
/// Number of equal calls among them, none of them explained by a reason.
const EQUAL: u64 = 8;
const SURPLUS: u64 = 5;

fn put_acl(acl: &str) -> Call<'static> {
    let parameters = json!({"bucketName": "uploads", "x-amz-acl": [acl], "acl": ""});
    Call { service: "s3", operation: "PutBucketAcl", parameters }
}

fn put_policy(policy: &str) -> Call<'static> {
    let parameters = json!({"bucketName": "uploads", "bucketPolicy": {"Id": policy}});
    Call { service: "s3", operation: "PutBucketPolicy", parameters }
}

fn delete_bucket() -> Call<'static> {
    Call { service: "s3", operation: "DeleteBucket", parameters: json!({"bucketName": "uploads"}) }
}

/// A rule on another call, with a function that makes no calls.
async fn listener(stage: &Stage) -> Result<Machine, Failure> {
    stage.machine("default", "tell-of-deletions", ("s3", json!(["DeleteBucket"])), "listener").await
}

/// Checks the content of every alert about a loop.
fn check_told(alert: &Alert, rule: &Machine, name: &str, (first, last): (Timestamp, Timestamp)) {
    let message = &alert.message;
    assert_eq!((alert.kind(), &alert.attributes["rule_arn"]), ("tripped", &rule.rule), "{message:#}");
    assert_eq!(message["state"], json!({"breaker": "open", "rule": "DISABLED"}));
    assert_eq!(message["undo"], format!("budget-guard enable {name} --region us-east-1"));
    let evidence = &message["evidence"];
    assert_eq!((&evidence["kind"], &evidence["own"]["resource"]), (&json!("surplus"), &json!("uploads")));
    assert_eq!(evidence["own"]["finding"], json!({"surplus": {"calls": EQUAL, "reasons": 1}}));
    assert_eq!((&evidence["first"], &evidence["last"]), (&json!(first), &json!(last)), "by event time");
    assert_eq!((&evidence["count"], &evidence["limit"]), (&json!(EQUAL), &json!(SURPLUS)));
    let bars = evidence["rate"]["counts"].as_array().map_or(0, Vec::len);
    assert!(bars > 1, "a curve over time: {evidence:#}");
    let otherwise = evidence["otherwise"].as_str().unwrap_or_default();
    assert!(otherwise.contains("would never have reached the limit of 200/60s"), "{otherwise}");
    // One Lambda function and one queue receive each firing: 0.20 and 0.40 USD per million.
    assert_eq!(message["cost"]["firing"]["delivery"]["per_million_micro_usd"], 600_000);
    let minutes = last.duration_since(first).as_mins();
    assert_eq!(
        message["cost"]["firings_per_day"],
        EQUAL as i64 * 1_440 / minutes,
        "{EQUAL} in {minutes} minutes"
    );
}

#[tokio::test]
async fn a_fixer_that_turns_once_a_minute_is_cut_by_proof() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    stage.world.catch_all().await?;
    let takes = ("s3", json!(["PutBucketAcl"]));
    let fixer = stage.machine("default", "fix-acl", takes, "acl-fixer").await?;
    let honest = listener(&stage).await?;
    stage.tick().await;

    let began = minutes_ago(50)?;
    for minute in 0..3 {
        let deleted = event(&honest.rule, ANN, delete_bucket(), began - MINUTE * (5 - minute));
        stage.happen("default", &[deleted]).await?;
    }
    let opened = event(&fixer.rule, ANN, put_acl("public-read"), began);
    let repairs = std::cell::RefCell::new(Vec::new());
    let heard = stage
        .go_round(&[&fixer], opened.clone(), |machine, heard| {
            let repair = machine.calls(put_acl("private"), time_of(heard).ok()? + MINUTE, true);
            repairs.borrow_mut().push(repair["detail"]["eventID"].clone());
            Some(repair)
        })
        .await?;
    assert_eq!(heard, [CUT_AFTER], "firings, one from outside and the rest its own");
    assert_eq!(stage.state(&fixer).await?, RuleState::Disabled);

    let alert = stage.alert().await?;
    check_told(&alert, &fixer, "fix-acl", (began + MINUTE, began + MINUTE * 8));
    let evidence = &alert.message["evidence"];
    let callers = json!([
        {"principal": fixer.session(), "issued_to": fixer.function, "count": EQUAL, "is_target": true},
        {"principal": ANN, "count": 1, "is_target": false},
    ]);
    assert_eq!(evidence["callers"], callers);
    // The repair after the last firing was made too; its event came to a disabled rule.
    assert_eq!(evidence["sample_event_ids"], json!(repairs.borrow()[3..8]), "the last of its own calls");
    let reason = alert.message["reason"].as_str().unwrap_or_default();
    assert!(
        reason.starts_with("8 equal calls for 1 reason: s3 PutBucketAcl on uploads, word for word the same"),
        "{reason}"
    );
    stage.check_left_alone(&honest, 3).await?;

    // It is silent since: the cut confirms the loop, and that says so once.
    stage.watched_since(&fixer, began + MINUTE * 9).await?;
    stage.tick().await;
    let alerts = stage.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.iter().map(Alert::kind).collect::<Vec<_>>(), ["confirmed"]);
    let reason = alerts[0].message["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("the calls stopped with the rule: "), "{reason}");
    assert_eq!(stage.state(&fixer).await?, RuleState::Disabled);
    Ok(())
}

/// The events of a real loop, put by a principal that only has the right to put events.
#[tokio::test]
async fn what_anybody_may_say_on_the_bus_proves_nothing() -> Result<(), Failure> {
    const CLAIMS: usize = 12;
    let stage = Stage::with(&[("BUDGET_GUARD_TRUSTED_SOURCES", "")]).await?;
    stage.world.catch_all().await?;
    let fixer = stage.machine("default", "fix-acl", ("s3", json!(["PutBucketAcl"])), "acl-fixer").await?;
    stage.tick().await;
    let began = minutes_ago(50)?;
    for minute in 0..CLAIMS {
        let at = began + MINUTE * i32::try_from(minute)?;
        stage.happen("default", &[fixer.calls(put_acl("private"), at, true)]).await?;
    }
    assert_eq!(stage.heard_by(&fixer).await?.len(), CLAIMS, "it did fire");
    stage.check_left_alone(&fixer, CLAIMS).await?;
    assert_eq!(stage.world.alerts().await?.len(), 0);
    let window = stage.record(&fixer).await?.window;
    let callers: Vec<_> =
        window.callers_of(window.all()).into_iter().map(|one| one.caller.principal).collect();
    assert_eq!(callers, ["source custom.s3"], "who put the event, as far as is known");
    Ok(())
}

#[tokio::test]
async fn of_two_rules_that_fire_each_other_one_is_cut() -> Result<(), Failure> {
    let stage = Stage::start().await?;
    stage.world.catch_all().await?;
    let takes = |operation: &str| ("s3", json!([operation]));
    let (acl, policy) = (takes("PutBucketAcl"), takes("PutBucketPolicy"));
    let closer = stage.machine("default", "close-bucket", acl, "closer").await?;
    let opener = stage.machine("default", "open-bucket", policy, "opener").await?;
    let honest = listener(&stage).await?;
    stage.tick().await;

    let began = minutes_ago(50)?;
    stage.happen("default", &[event(&honest.rule, ANN, delete_bucket(), began)]).await?;
    let opened = event(&closer.rule, ANN, put_acl("public-read"), began);
    let heard = stage
        .go_round(&[&closer, &opener], opened, |machine, heard| {
            let call = if machine.rule == closer.rule { put_policy("closed") } else { put_acl("open") };
            // Only the session shows the caller: not every record has AWS's fields about the credentials.
            Some(machine.calls(call, time_of(heard).ok()? + MINUTE, false))
        })
        .await?;
    assert!(heard.iter().all(|firings| *firings <= CUT_AFTER), "{heard:?}");
    let states = [stage.state(&closer).await?, stage.state(&opener).await?];
    assert_eq!(states, [RuleState::Disabled, RuleState::Enabled], "one of the two");

    let alert = stage.alert().await?;
    check_told(&alert, &closer, "close-bucket", (began + MINUTE * 2, began + MINUTE * 16));
    let evidence = &alert.message["evidence"];
    assert_eq!(evidence["own"]["cycle"], json!([closer.rule, opener.rule]));
    let reason = alert.message["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("round the cycle close-bucket → open-bucket → close-bucket"), "{reason}");
    let callers = json!([
        {"principal": opener.session(), "count": EQUAL, "is_target": false},
        {"principal": ANN, "count": 1, "is_target": false},
    ]);
    assert_eq!(evidence["callers"], callers);
    let trip = stage.record(&closer).await?.last_trip.ok_or("no trip")?;
    assert_eq!(trip.outcome, Outcome::Cut);
    let cycle = trip.evidence.own.map(|own| own.cycle).unwrap_or_default();
    let names: Vec<&str> = cycle.iter().map(|rule| rule.name()).collect();
    assert_eq!(names, ["close-bucket", "open-bucket"]);

    // The other rule keeps its purpose, and is not a suspect.
    stage.check_left_alone(&opener, heard[1]).await?;
    stage.check_left_alone(&honest, 1).await
}

fn create_volume() -> Call<'static> {
    // Only the response names the new volume.
    let parameters = json!({"size": "8", "zone": "us-east-1a", "volumeType": "gp3"});
    Call { service: "ec2", operation: "CreateVolume", parameters }
}

fn create_tags(volume: &Value) -> Call<'static> {
    let parameters = json!({
        "resourcesSet": {"items": [{"resourceId": volume}]},
        "tagSet": {"items": [{"key": "owner", "value": "terraform"}]},
    });
    Call { service: "ec2", operation: "CreateTags", parameters }
}

/// The tagger's answer to a new volume. A careful tagger ignores its own tags.
fn tagged(machine: &Machine, heard: &Value, is_careful: bool) -> Option<Value> {
    let detail = &heard["detail"];
    let volume = match detail["eventName"].as_str()? {
        "CreateVolume" => &detail["responseElements"]["volumeId"],
        _ if is_careful => return None,
        _ => &detail["requestParameters"]["resourcesSet"]["items"][0]["resourceId"],
    };
    let delay = jiff::SignedDuration::from_secs(3);
    Some(machine.calls(create_tags(volume), time_of(heard).ok()? + delay, true))
}

/// Runs on a custom bus that CloudTrail's events are forwarded to, with the guard attached to the rule.
#[tokio::test]
async fn terraform_with_an_auto_tagger_is_left_alone_and_a_tagger_of_tags_is_not() -> Result<(), Failure> {
    const VOLUMES: usize = 78;
    let stage = Stage::start().await?;
    stage.world.create_bus("infra").await?;
    let takes = ("ec2", json!([{"prefix": "Create"}]));
    let tagger = stage.machine("infra", "tag-all", takes, "auto-tagger").await?;
    let takes = ("ec2", json!(["CreateVolume"]));
    let honest = stage.machine("infra", "count-volumes", takes, "counter").await?;
    for rule in ["tag-all", "count-volumes"] {
        stage.world.attach("infra", rule, "budget-guard").await?;
    }
    stage.tick().await;

    let began = minutes_ago(20)?;
    let made = |n: usize, at| {
        let mut made = event(&tagger.rule, TERRAFORM, create_volume(), at);
        made["detail"]["responseElements"] = json!({"volumeId": format!("vol-{n:017x}"), "size": "8"});
        made
    };
    // Ten at a time, two per second, as in a Terraform run. The tags of each ten come with the next ten.
    let mut answers = Vec::new();
    for ten in (0..VOLUMES).collect::<Vec<_>>().chunks(10) {
        let at = |n: usize| began + jiff::SignedDuration::from_millis(500 * n as i64);
        let second = |n: usize| Timestamp::from_second(at(n).as_second()).unwrap_or(began);
        answers.extend(ten.iter().map(|n| made(*n, second(*n))));
        stage.happen("infra", &std::mem::take(&mut answers)).await?;
        let heard = stage.heard_by(&tagger).await?;
        answers.extend(heard.iter().filter_map(|event| tagged(&tagger, event, true)));
    }
    stage.happen("infra", &answers).await?;
    assert_eq!(stage.heard_by(&tagger).await?.len(), 8, "the tags of the last eight");
    stage.check_left_alone(&tagger, 2 * VOLUMES).await?;
    stage.check_left_alone(&honest, VOLUMES).await?;
    let said = stage.alert().await?;
    assert_eq!(
        (said.kind(), &said.attributes["rule_arn"]),
        ("advice", &tagger.rule),
        "half of the calls are its own"
    );

    // Counter-check: the same function is cut once it answers its own tags.
    let one_more = made(VOLUMES, began + MINUTE * 5);
    let heard = stage.go_round(&[&tagger], one_more, |machine, event| tagged(machine, event, false)).await?;
    assert_eq!(heard, [CUT_AFTER]);
    assert_eq!(stage.state(&tagger).await?, RuleState::Disabled);
    let alert = stage.alert().await?;
    assert_eq!((alert.kind(), &alert.attributes["rule_arn"]), ("tripped", &tagger.rule));
    let evidence = &alert.message["evidence"];
    assert_eq!(evidence["own"]["resource"], format!("vol-{VOLUMES:017x}"));
    let own = (&evidence["callers"][0]["count"], &evidence["callers"][0]["is_target"]);
    assert_eq!(own, (&json!(VOLUMES + heard[0] - 1), &json!(true)));
    assert_eq!(
        evidence["callers"][1],
        json!({"principal": TERRAFORM, "count": VOLUMES + 1, "is_target": false})
    );
    assert_eq!(alert.message["undo"], "budget-guard enable tag-all --bus infra --region us-east-1");
    let trip = stage.record(&tagger).await?.last_trip.ok_or("no trip")?;
    assert!(trip.evidence.proves_loop());
    stage.check_left_alone(&honest, VOLUMES + 1).await
}
