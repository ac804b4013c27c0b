//! Files of rules as people have them: packed, in UTF-16, of Terraform, with a page or a rule missing.

use serde_json::{Value, json};

use crate::logs::{gzip, in_file};
use crate::{FIX_ACL, calls, folder, program};
use budget_guard_tests::Failure;

const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;
const ARN: &str = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";

/// Resources of a state, as kind and values.
fn resources() -> [(&'static str, Value); 3] {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
    let rule = json!({"name": "fix-acl", "arn": ARN, "event_pattern": PATTERN, "state": "ENABLED"});
    let target = json!({"rule": "fix-acl", "arn": function, "target_id": "fixer"});
    let role = "arn:aws:iam::123456789012:role/fixer-role";
    let lambda = json!({"arn": function, "function_name": "fixer", "role": role});
    [
        ("aws_cloudwatch_event_rule", rule),
        ("aws_cloudwatch_event_target", target),
        ("aws_lambda_function", lambda),
    ]
}

/// State as `terraform show -json` prints it.
fn shown() -> String {
    let resource = |(kind, values): (&str, Value)| json!({"address": format!("{kind}.x"), "type": kind, "values": values});
    let resources: Vec<Value> = resources().into_iter().map(resource).collect();
    json!({"format_version": "1.0", "values": {"root_module": {"resources": resources}}}).to_string()
}

/// The state file itself.
fn state() -> String {
    let resource = |(kind, values): (&str, Value)| json!({"mode": "managed", "type": kind, "name": "x", "instances": [{"attributes": values}]});
    let resources: Vec<Value> = resources().into_iter().map(resource).collect();
    json!({"version": 4, "terraform_version": "1.9.0", "resources": resources}).to_string()
}

#[tokio::test]
async fn rules_are_read_in_each_shape() -> Result<(), Failure> {
    let page = |token: &str| {
        let rule = json!({"Name": "fix-acl", "Arn": ARN, "EventPattern": PATTERN});
        format!(r#"{{"Rules":[{rule}]{token}}}"#)
    };
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(FIX_ACL.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let terraform = json!({"name": "fix-acl", "event_pattern": PATTERN}).to_string();
    let odd = format!("{FIX_ACL}\n{{\"name\":\"odd\",\"state\":\"ON\"}}\n");
    let broken = format!("{{\"name\":\n{FIX_ACL}");
    let cases: Vec<(&str, Vec<u8>, i32, &str)> = vec![
        ("a page", page("").into(), 0, ""),
        ("a page that is not the last", page(r#","NextToken":"x""#).into(), 2, "rules are missing in"),
        ("gzip", gzip(FIX_ACL.as_bytes())?, 0, ""),
        ("UTF-16", wide, 0, ""),
        ("byte order mark", [b"\xef\xbb\xbf", FIX_ACL.as_bytes()].concat(), 0, ""),
        ("names of Terraform", terraform.into(), 0, ""),
        ("a state, shown", shown().into(), 0, ""),
        ("a state", state().into(), 0, ""),
        ("a state, packed", gzip(state().as_bytes())?, 0, ""),
        ("an odd rule", odd.into(), 2, "left out a rule: "),
        ("a broken line", broken.into(), 2, "not a file of rules: EOF while parsing"),
    ];
    let log = in_file(&calls(3, 1_000));
    for (name, rules, code, stderr) in cases {
        let folder = folder(&[("rules", &rules), ("log.json", log.as_bytes())])?;
        let at = folder.path().display();
        for command in ["replay", "match"] {
            let args = format!("{command} --rules {at}/rules {at}/log.json");
            let seen = program()?.check(&args, code, &["fix-acl"], &[stderr]).await;
            seen.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_state_tells_who_acts() -> Result<(), Failure> {
    let log = in_file(&calls(3, 1_000));
    let folder = folder(&[("x.tfstate", state().as_bytes()), ("log.json", log.as_bytes())])?;
    let args = format!("replay --rules {0}/x.tfstate {0}/log.json", folder.path().display());
    let report = program()?.json(&args, 0).await?;
    let rule = &report["rules"][0];
    assert_eq!((&rule["arn"], &rule["who_acts"], &rule["own"]), (&ARN.into(), &"known".into(), &3.into()));
    Ok(())
}
