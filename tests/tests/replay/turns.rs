//! Loops that `replay` finds at any speed by their callers, with the rules' targets in the file.

use serde_json::{Value, json};

use crate::logs::{Record, in_file};
use crate::{folder, program};
use budget_guard_tests::Failure;

const ANN: &str = "arn:aws:iam::123456789012:user/ann";
const FIXER: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/fixer";
/// A session of a state machine with the same role.
const WORKFLOW: &str = "arn:aws:sts::123456789012:assumed-role/fixer-role/rZ7kQw0pYbUxLmTnVcJdHs5GfWa3Ei8o";
const OTHER: &str = "arn:aws:sts::123456789012:assumed-role/opener-role/opener";

/// A rule as in `describe-rule`, with its functions as in `list-targets-by-rule`, and their roles.
fn rule(name: &str, calls: &Value, function: &str) -> Value {
    json!({
        "Name": name, "Arn": format!("arn:aws:events:us-east-1:123456789012:rule/{name}"), "State": "ENABLED",
        "EventBusName": "default",
        "EventPattern": json!({"source": ["aws.s3"], "detail": {"eventName": calls}}).to_string(),
        "Targets": [{"Id": "1", "Arn": format!("arn:aws:lambda:us-east-1:123456789012:function:{function}"),
                     "role": format!("arn:aws:iam::123456789012:role/{function}-role")}],
    })
}

/// Log with one call per minute, by caller, operation and bucket.
fn log(calls: &[(&str, &str, &str)]) -> String {
    let record = |(n, (who, call, bucket)): (usize, &(&str, &str, &str))| {
        Record::new(n as u64, n as u64 * 60_000).by(who).calling(call, &json!({"bucketName": bucket}))
    };
    in_file(&calls.iter().enumerate().map(record).collect::<Vec<_>>())
}

async fn report(rules: &[Value], log: &str, exit: i32) -> Result<Value, Failure> {
    let rules: Vec<String> = rules.iter().map(Value::to_string).collect();
    let folder = folder(&[("rules.jsonl", rules.join("\n").as_bytes()), ("log.json", log.as_bytes())])?;
    let at = folder.path().display();
    program()?.json(&format!("replay --rules {at}/rules.jsonl {at}/log.json"), exit).await
}

#[tokio::test]
async fn a_loop_of_one_turn_a_minute_is_found_if_the_targets_are_told() -> Result<(), Failure> {
    let mut calls = vec![(ANN, "PutBucketAcl", "uploads")];
    calls.extend([(FIXER, "PutBucketAcl", "uploads"); 20]);
    let mut told = rule("fix-acl", &json!(["PutBucketAcl"]), "fixer");
    let seen = report(std::slice::from_ref(&told), &log(&calls), 4).await?;
    let seen = &seen["rules"][0];
    assert_eq!((&seen["firings"], &seen["own"]), (&json!(21), &json!(20)));
    let trip = &seen["trip"];
    assert_eq!((&trip["kind"], &trip["firings_before"]), (&json!("surplus"), &json!(9)), "{trip}");
    assert_eq!(trip["at"], "2026-11-20T10:08:00Z");
    let finding = json!({"surplus": {"calls": 8, "reasons": 1}});
    assert_eq!((&trip["own"]["resource"], &trip["own"]["finding"]), (&json!("uploads"), &finding));
    let callers = json!([
        {"principal": FIXER, "count": 8, "is_target": true}, {"principal": ANN, "count": 1, "is_target": false}
    ]);
    assert_eq!(trip["callers"], callers);

    // A function of another name, or without a known role, does not make these calls its own.
    let mut roleless = told.clone();
    roleless["Targets"][0].as_object_mut().ok_or("an object")?.remove("role");
    for other in [rule("fix-acl", &json!(["PutBucketAcl"]), "other"), roleless] {
        let seen = report(&[other], &log(&calls), 0).await?;
        assert_eq!((&seen["rules"][0]["own"], &seen["rules"][0]["trip"]), (&json!(0), &Value::Null));
    }
    told.as_object_mut().ok_or("an object")?.remove("Targets");
    let seen = report(&[told], &log(&calls), 0).await?;
    assert_eq!((&seen["rules"][0]["own"], &seen["rules"][0]["trip"]), (&Value::Null, &Value::Null));
    Ok(())
}

#[tokio::test]
async fn a_constant_role_in_the_input_of_a_target_tells_who_acts() -> Result<(), Failure> {
    let check =
        async |(arn, session): (&str, &str), settings: Value, who_acts: &str| -> Result<(), Failure> {
            let session = format!("arn:aws:sts::123456789012:assumed-role/fixer-role/{session}");
            let mut calls = vec![(ANN, "PutBucketAcl", "uploads")];
            calls.extend([(session.as_str(), "PutBucketAcl", "uploads"); 10]);
            let mut rule = rule("fix-acl", &json!(["PutBucketAcl"]), "fixer");
            rule["Targets"][0] = settings;
            rule["Targets"][0]["Arn"] = json!(arn);
            let is_known = who_acts == "known";
            let seen = report(&[rule], &log(&calls), if is_known { 4 } else { 0 }).await?;
            let seen = &seen["rules"][0];
            let own = if is_known { 10 } else { 0 };
            assert_eq!((&seen["who_acts"], &seen["own"]), (&json!(who_acts), &json!(own)), "{arn}: {seen}");
            Ok(())
        };
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    let input = |input: Value| json!({"Id": "1", "Input": input.to_string()});
    let template = |role: &str| {
        let template = format!(r#"{{"AutomationAssumeRole":[{role}],"BucketName":[<bucket>]}}"#);
        json!({"Id": "1", "InputTransformer": {"InputTemplate": template}})
    };
    let automation = (
        "arn:aws:ssm:us-east-1::automation-definition/AWS-Fix:$DEFAULT",
        "Automation-00000000-0000-4000-8000-000000000001",
    );
    check(automation, input(json!({"AutomationAssumeRole": [role]})), "known").await?;
    check(automation, input(json!({"automationAssumeRole": [role]})), "known").await?;
    check(automation, template(&format!("\"{role}\"")), "known").await?;
    check(automation, template("<role>"), "unknown").await?;
    let cluster = ("arn:aws:ecs:us-east-1:123456789012:cluster/work", "6b777c18000000000000000000000000");
    check(cluster, input(json!({"taskRoleArn": role})), "known").await?;
    check(cluster, input(json!({"containerOverrides": []})), "unknown").await
}

#[tokio::test]
async fn honest_machines_are_left_alone() -> Result<(), Failure> {
    let buckets: Vec<String> = (0..30).map(|n| format!("bucket-{n}")).collect();
    // One call per bucket, and then a person and the fixer who change one bucket in turn.
    let once =
        buckets.iter().flat_map(|one| [(ANN, "PutBucketAcl", one.as_str()), (FIXER, "PutBucketAcl", one)]);
    let dispute = [(ANN, "PutBucketAcl", "uploads"), (FIXER, "PutBucketAcl", "uploads")].repeat(30);
    for calls in [once.collect(), dispute] {
        let seen = report(&[rule("fix-acl", &json!(["PutBucketAcl"]), "fixer")], &log(&calls), 0).await?;
        let seen = &seen["rules"][0];
        assert_eq!((&seen["firings"], &seen["own"], &seen["trip"]), (&json!(60), &json!(30), &Value::Null));
    }
    Ok(())
}

#[tokio::test]
async fn a_cycle_of_two_rules_trips_one_of_them() -> Result<(), Failure> {
    let rules = [
        rule("close-bucket", &json!(["PutBucketAcl"]), "fixer"),
        rule("open-bucket", &json!(["PutBucketPolicy"]), "opener"),
    ];
    let turn = [(FIXER, "PutBucketPolicy", "uploads"), (OTHER, "PutBucketAcl", "uploads")];
    let mut calls = vec![(ANN, "PutBucketAcl", "uploads")];
    calls.extend(turn.repeat(10));
    let seen = report(&rules, &log(&calls), 4).await?;
    let of = |name: &str| seen["rules"].as_array().into_iter().flatten().find(|one| one["rule"] == name);
    let (close, open) = (of("close-bucket").ok_or("a rule")?, of("open-bucket").ok_or("a rule")?);
    assert_eq!((&close["trip"]["firings_before"], &open["trip"]), (&json!(9), &Value::Null), "{seen}");
    let arn = |name: &str| format!("arn:aws:events:us-east-1:123456789012:rule/{name}");
    assert_eq!(close["trip"]["own"]["cycle"], json!([arn("close-bucket"), arn("open-bucket")]));
    assert_eq!((&close["own"], &open["own"]), (&json!(0), &json!(0)), "each was fired by the other's target");
    Ok(())
}

#[tokio::test]
async fn the_report_says_what_was_judged_and_how() -> Result<(), Failure> {
    let mut calls = vec![(ANN, "PutBucketAcl", "uploads")];
    calls.extend([(WORKFLOW, "PutBucketAcl", "uploads"); 10]);
    let fix = json!({
        "name": "fix-acl", "pattern": {"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}},
        "targets": [{"arn": "arn:aws:states:us-east-1:123456789012:stateMachine:fix",
                     "role": "arn:aws:iam::123456789012:role/service-role/fixer-role"}],
    });
    let audit = json!({"name": "audit", "pattern": {"source": ["aws.s3"]}});
    let rules = format!("{fix}\n{audit}\n");
    let folder = folder(&[("rules.jsonl", rules.as_bytes()), ("log.json", log(&calls).as_bytes())])?;
    let args = format!("replay --rules {0}/rules.jsonl {0}/log.json", folder.path().display());
    let output = program()?.run(&args).await?;
    let page = String::from_utf8([output.stdout, b"--- standard error\n".to_vec(), output.stderr].concat())?;
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("turns", page);
    });
    Ok(())
}
