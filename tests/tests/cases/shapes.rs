//! Tests of the reader of cases: each known shape of `functions` and `stage`, and a problem for each unknown one.

use std::fs;
use std::io::Write;

use budget_guard_core::model::Actor;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::cast::Cast;
use super::expect::Expected;
use super::folder::{Case, read_all};

/// A case with one rule, these targets, one event of each session, and these keys in `case.json`.
fn case(more: &Value, targets: &[&str], sessions: &[&str]) -> Case {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("one");
    fs::create_dir(&root).expect("room");
    let mut told = json!({"story": "", "kind": "loop", "expect": {"r": "cut"}});
    let keys = more.as_object().expect("an object").clone();
    told.as_object_mut().expect("an object").extend(keys);
    fs::write(root.join("case.json"), told.to_string()).expect("room");
    let targets: Vec<Value> = targets.iter().map(|arn| json!({"Arn": arn_of(arn)})).collect();
    let rule = json!({"Name": "r", "Arn": arn_of("events:rule/r"), "EventPattern": "{}", "Targets": targets});
    fs::write(root.join("rules.jsonl"), rule.to_string()).expect("room");
    let event = |session: &&str| {
        let arn = format!("arn:aws:sts::000000000000:assumed-role/{session}");
        let identity = json!({"type": "AssumedRole", "accountId": "000000000000", "arn": arn});
        json!({"time": "2026-11-20T12:00:00Z", "detail": {"userIdentity": identity}}).to_string()
    };
    let lines = sessions.iter().map(event).collect::<Vec<_>>().join("\n");
    let file = fs::File::create(root.join("events.jsonl.gz")).expect("room");
    let mut packed = GzEncoder::new(file, Compression::fast());
    packed.write_all(lines.as_bytes()).expect("room");
    packed.finish().expect("room");
    read_all(folder.path()).remove(0)
}

/// ARN of `SERVICE:REST`. A double colon leaves the account empty.
fn arn_of(text: &str) -> String {
    match text.split_once("::") {
        Some((service, rest)) => format!("arn:aws:{service}:us-east-1::{rest}"),
        None => format!("arn:aws:{}", text.replacen(':', ":us-east-1:000000000000:", 1)),
    }
}

/// Checks the actors of the targets of a case.
fn check(more: &Value, targets: &[&str], sessions: &[&str], expected: &[&str]) {
    let case = case(more, targets, sessions);
    let cast = Cast::new(&case);
    assert_eq!((&case.problems, &cast.problems), (&vec![], &vec![]), "{more}");
    let told = |actor: &Actor| {
        let name = actor.arn.split(':').skip(5).collect::<Vec<_>>().join(":");
        let role = actor.role.as_deref().and_then(|role| role.rsplit('/').next());
        let via = if actor.via.is_some() { "; forwarded" } else { "" };
        format!("{name} as {}{via}", role.unwrap_or("-"))
    };
    let targets = cast.targets(&case.rules[0]);
    let seen: Vec<String> = targets.iter().flat_map(|target| &target.actors).map(told).collect();
    assert_eq!(seen, expected, "{more}");
}

/// `case.json` with two functions, and this key in its stage.
fn with(key: &str, value: &Value) -> Value {
    let functions = json!({"f": {"role": "fr", "timeout_seconds": 9, "delay_seconds": 5}, "g": "gr"});
    json!({"stage": {"functions": functions, key: value}})
}

const FUNCTION: &str = "lambda:function:f";
const QUEUE: &str = "sqs:q";
const TOPIC: &str = "sns:t";
const FORWARDED: &[&str] = &["function:f as fr; forwarded"];

#[test]
fn every_known_shape_gives_its_actors() {
    let functions = &with("queues", &json!([]))["stage"]["functions"];
    check(&json!({"functions": functions}), &["lambda:function:f:live"], &[], &["function:f as fr"]);
    check(&json!({"stage": {"functions": functions}}), &["lambda:function:g"], &[], &["function:g as gr"]);
    check(&json!({}), &[FUNCTION], &["ann/x"], &[]);
    // Forwarded, by name or by ARN.
    let mapped = |from: &str, to: &str| with("mappings", &json!([{"source": from, "function": to}]));
    check(&mapped(&arn_of(QUEUE), "f"), &[QUEUE], &[], FORWARDED);
    check(&mapped("q", &arn_of(FUNCTION)), &[QUEUE], &[], FORWARDED);
    check(&with("mappings", &json!({"q": "f"})), &[QUEUE], &[], FORWARDED);
    let subscribed = json!([{"topic": "t", "endpoint": arn_of(FUNCTION)}]);
    check(&with("subscriptions", &subscribed), &[TOPIC], &[], FORWARDED);
    let both = json!({"functions": functions, "topics": ["t"], "queues": ["q"],
        "subscriptions": [{"topic": "t", "queue": "q"}], "mappings": [{"source": "q", "function": "f"}]});
    check(&json!({ "stage": both }), &[TOPIC], &[], FORWARDED);
    let stream = with("delivery_streams", &json!([{"name": "d", "role": "dr", "functions": ["f"]}]));
    let both = ["deliverystream/d as dr", "function:f as fr; forwarded"];
    check(&stream, &["firehose:deliverystream/d"], &[], &both);
    // Runs as a role.
    let machine = ["stateMachine:m as mr"];
    let listed = json!([{"name": "m", "role": "mr"}]);
    check(&json!({"stage": {"machines": listed}}), &["states:stateMachine:m"], &[], &machine);
    check(&json!({"stage": {"machines": {"m": "mr"}}}), &["states:stateMachine:m"], &[], &machine);
    let project = json!({"stage": {"projects": {"p": {"role": "pr"}}}});
    check(&project, &["codebuild:project/p"], &[], &["project/p as pr"]);
}

#[test]
fn an_unknown_actor_is_the_role_that_calls() {
    // A step of the state machine calls.
    let step = ["stateMachine:m as mr", "function:f as fr; forwarded"];
    let machine = with("machines", &json!({"m": "mr"}));
    check(&machine, &["states:stateMachine:m"], &["ann/x", "fr/f"], &step);
    // The caller of the first event is a reason.
    let (build, automation) = ("pr/AWSCodeBuild-1", "sr/Automation-1");
    let (project, document) = ("codebuild:project/p", "ssm::automation-definition/d");
    check(&json!({}), &[project], &["ci/x", build, "ci/x"], &["project/p as pr"]);
    check(&json!({}), &[project], &[build], &["project/p as pr"]);
    check(&json!({}), &[document], &["ci/x", automation], &["automation-definition/d as sr"]);
    check(&json!({"kind": "honest"}), &["batch:job-queue/b"], &["ci/x", "ci/y"], &[]);
    // A function reads the queue, or another target calls.
    let queue = with("queues", &json!(["q"]));
    check(&queue, &[QUEUE], &["ann/x", "fr/f"], FORWARDED);
    check(&queue, &[QUEUE, FUNCTION], &["ann/x", "fr/f"], &["function:f as fr"]);
    // An API destination has no actor.
    check(&json!({}), &["events:api-destination/saas/1"], &["ci/x", "saas/y"], &[]);
}

#[test]
fn every_unknown_shape_is_a_problem() {
    let check = |more: Value, expected: &str| {
        let case = case(&more, &["lambda:function:f"], &[]);
        let told = [case.problems.clone(), Cast::new(&case).problems].concat();
        assert!(told.iter().any(|problem| problem.contains(expected)), "{more}: {told:?}");
    };
    check(json!({"stage": {"robots": []}}), "stage has the key \"robots\"");
    check(
        json!({"stage": {"functions": {"f": {"role": "r", "memory": 1}}}}),
        "function f has the key \"memory\"",
    );
    check(json!({"stage": {"mappings": [{"function": "f"}]}}), "mappings has {\"function\":\"f\"}");
    check(json!({"stage": {"machines": [{"role": "r"}]}}), "machines has {\"role\":\"r\"}");
    check(json!({"functions": ["f"]}), "functions is [\"f\"]");
    check(json!({"weather": 1}), "case.json has the key \"weather\"");
    check(json!({"kind": "odd"}), "kind is Some(\"odd\")");
    check(json!({"expect": {}}), "nothing is expected");
    check(json!({"expect": {"q": "cut"}}), "\"q\", which is no rule");
    check(json!({"expect": {"r": "maybe"}}), "rule r: \"maybe\" is no verdict");
    check(json!({"history_per_minute": {"r": "busy"}}), "history_per_minute of r is \"busy\"");
}

#[test]
fn expected_verdicts_are_read_from_sentences() {
    let check = |text: &str, expected: Expected| assert_eq!(text.parse(), Ok(expected), "{text}");
    check("cut", Expected::Cut);
    check("cut, or asked; the operator can declare it", Expected::CutOrAsked);
    check("not cut", Expected::NotCut);
    check("not cut; a suspect", Expected::NotCut);
    check("a suspect that says who calls", Expected::Suspect);
    check("a suspect within the minute; cut if it goes on", Expected::SuspectThenCut);
}
