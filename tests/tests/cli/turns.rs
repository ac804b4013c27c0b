//! `explain` of rules that fired themselves, as text and as JSON.

use aws_sdk_eventbridge::types::Target;
use budget_guard_aws::SystemClock;
use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::Bench;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, functions, payload};

const ANN: &str = "arn:aws:iam::000000000000:user/ann";

/// A rule with a function of this name behind it. Returns the ARNs of both.
async fn rule(bench: &Bench, name: &str, function: &str) -> Result<(String, String), Failure> {
    let rule = bench.rule("default", name).await?;
    let function = functions::create(&bench.emulator, function, &format!("{function}-role")).await?;
    let target = Target::builder().id("1").arn(&function).build()?;
    bench.world.events.put_targets().rule(name).targets(target).send().await?;
    bench.world.attach("default", name, "budget-guard").await?;
    Ok((rule.to_string(), function))
}

/// Event of a change to the bucket "uploads", by a person or by a function.
pub fn change(rule: &str, function: Option<&str>, at: Timestamp) -> Value {
    let name = function.and_then(|arn| arn.rsplit(':').next());
    let who = name.map(|name| format!("arn:aws:sts::000000000000:assumed-role/{name}-role/{name}"));
    let who = who.unwrap_or_else(|| ANN.to_owned());
    let mut event = payload::event(rule, &payload::unique_id(), &at.to_string(), &who);
    event["detail"]["eventName"] = json!("PutBucketAcl");
    event["detail"]["requestParameters"] =
        json!({"bucketName": "uploads", "x-amz-acl": [name.unwrap_or("open")]});
    if let Some(function) = function {
        let scope = json!({"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": function});
        event["detail"]["userIdentity"]["inScopeOf"] = scope;
    }
    event
}

/// Gives the guard these firings, each in its own invocation.
pub async fn deliver(bench: &Bench, firings: &[(&str, Value)]) -> Result<(), Failure> {
    let guard = bench.guard()?;
    let handle = async |payload: Vec<u8>| match Box::pin(guard.handle(&payload)).await {
        (Ok(_), _) => Ok(()),
        (Err(error), _) => Err(Failure::from(error.to_string())),
    };
    handle(payload::tick(&payload::now())).await?;
    for (rule, event) in firings {
        handle(payload::attached_event(rule, event)).await?;
    }
    Ok(())
}

/// Printed text, with the times of this run replaced by the minute after `began`, or by `now`.
fn page(printed: &str, began: Timestamp) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['(', ')', ',']);
        let Ok(at) = bare.parse::<Timestamp>() else { return word.to_owned() };
        let minutes = at.duration_since(began).as_mins();
        let shown = if minutes < 30 { format!("minute-{minutes}") } else { "now".to_owned() };
        word.replace(bare, &shown)
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(word).collect();
        let line = words.join(" ");
        // The age depends on the duration of the test.
        line.split_once("now (").map_or(line.clone(), |(before, _)| format!("{before}now"))
    };
    printed.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_rule_that_fires_itself_is_explained() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (arn, function) = rule(&bench, "fix-acl", "fixer").await?;
    let began = Timestamp::from_second(SystemClock.now().as_second() - 3_600)?;
    let at = |minute: i64| began + SignedDuration::from_mins(minute);
    let firing = |minute| {
        let mut event = change(&arn, (minute > 0).then_some(&function), at(minute));
        event["detail"]["eventID"] = json!(format!("event-{minute}"));
        (arn.as_str(), event)
    };
    deliver(&bench, &(0..9).map(firing).collect::<Vec<_>>()).await?;

    let page = page(&bench.program.check("explain fix-acl", 0, &[], &[]).await?, began);
    let page = page.replace(&bench.world.attached_queue.arn, "(the guard's queue)");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("explain_turns", page);
    });
    let told = bench.program.json("explain fix-acl", 0).await?;
    let evidence = &told["evidence"];
    let callers = json!([
        {"principal": "arn:aws:sts::000000000000:assumed-role/fixer-role/fixer", "issued_to": function,
         "count": 8, "is_target": true},
        {"principal": ANN, "count": 1, "is_target": false},
    ]);
    assert_eq!(evidence["callers"], callers);
    let own = json!({"resource": "uploads", "finding": {"surplus": {"calls": 8, "reasons": 1}}});
    assert_eq!((&evidence["kind"], &evidence["own"]), (&json!("surplus"), &own));
    assert_eq!((&evidence["count"], &evidence["limit"]), (&json!(8), &json!(5)));
    assert_eq!((&evidence["first"], &evidence["last"]), (&json!(at(1)), &json!(at(8))));
    let counts = evidence["rate"]["counts"].as_array().into_iter().flatten().filter_map(Value::as_u64);
    assert_eq!(counts.sum::<u64>(), 8, "the curve is that of the equal calls");
    let ids = json!(["event-4", "event-5", "event-6", "event-7", "event-8"]);
    assert_eq!(evidence["sample_event_ids"], ids);
    let otherwise = "its rate alone would never have reached the limit of 200/60s";
    assert_eq!(evidence["otherwise"], otherwise);
    // One Lambda function, 0.20 USD a million, and one queue, 0.40; runs of 128 MB, not measured; one PUT request of
    // Amazon S3 each. Eight firings in seven minutes.
    let cost = &told["cost"];
    let sums =
        json!([cost["firings_per_day"], cost["per_day_micro_usd"], cost["per_million_firings_micro_usd"]]);
    assert_eq!(sums, json!([1_645, 12_639, 7_683_333]));
    let parts = ["event", "delivery", "function", "requests"];
    let parts = parts.map(|part| cost["firing"][part]["per_million_micro_usd"].as_u64());
    assert_eq!(parts, [Some(0), Some(600_000), Some(2_083_333), Some(5_000_000)]);
    assert_eq!(told["undo"], "budget-guard enable fix-acl --region us-east-1");
    Ok(())
}

#[tokio::test]
async fn a_cycle_is_explained_as_a_whole() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let (close, closer) = rule(&bench, "close-bucket", "closer").await?;
    let (open, opener) = rule(&bench, "open-bucket", "opener").await?;
    let began = Timestamp::from_second(SystemClock.now().as_second() - 3_600)?;
    let mut firings = vec![(close.as_str(), change(&close, None, began))];
    for turn in 0..10i64 {
        let at = |second: i64| began + SignedDuration::from_secs(turn * 20 + second);
        firings.push((&open, change(&open, Some(&closer), at(10))));
        firings.push((&close, change(&close, Some(&opener), at(20))));
    }
    deliver(&bench, &firings).await?;
    let stdout = [
        "Rule \"close-bucket\": open (rule disabled)",
        "8 equal calls for 1 reason: s3 PutBucketAcl on uploads, word for word the same, 5 more than the reasons explain; \
         round the cycle close-bucket → open-bucket → close-bucket",
        "Surplus    8 equal calls for 1 reason, limit 5 beyond what they explain",
        "Resource   uploads",
        "Cycle      \"close-bucket\" → \"open-bucket\" → \"close-bucket\"",
        "8 arn:aws:sts::000000000000:assumed-role/opener-role/opener",
        "1 arn:aws:iam::000000000000:user/ann",
        "budget-guard enable close-bucket",
    ];
    bench.program.check("explain close-bucket", 0, &stdout, &[]).await?;
    let told = bench.program.json("explain close-bucket", 0).await?;
    assert_eq!(told["evidence"]["own"]["cycle"], json!([close, open]));
    bench.program.check("explain open-bucket", 0, &["never tripped: closed (rule enabled)"], &[]).await?;
    Ok(())
}
