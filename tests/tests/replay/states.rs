//! Calls that a rule does not get because of its state.

use serde_json::json;

use crate::logs::{Record, in_file};
use crate::{folder, program};
use budget_guard_tests::Failure;

const THIRD: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

#[tokio::test]
async fn the_name_of_a_call_decides_what_a_plain_rule_receives() -> Result<(), Failure> {
    let doubt = "delivered perhaps: 2 matches with AssumeRole, of any; AWS's documents disagree";
    let withheld = "not delivered: 2 matches with calls named Get…, List… or Describe…, of any";
    let check = async |call: [&str; 3], state: &str, counts: [u64; 2], note: &str| -> Result<(), Failure> {
        let [service, operation, category] = call;
        let records = [0, 1].map(|n| Record::new(n, n).reading(service, operation, category));
        let rule =
            json!({"Name": "any", "State": state, "EventPattern": r#"{"source":[{"prefix":"aws."}]}"#});
        let rule = rule.to_string();
        let folder = folder(&[("rule.json", rule.as_bytes()), ("log.json", in_file(&records).as_bytes())])?;
        let at = folder.path().display();
        let args = format!("replay --rules {at}/rule.json {at}/log.json");
        let report = program()?.json(&args, 0).await?;
        let seen = [&report["rules"][0]["firings"], &report["rules"][0]["read_only"]];
        assert_eq!(seen, counts.map(|count| json!(count)).each_ref(), "{call:?} {state}");
        let stderr = String::from_utf8(program()?.run(&args).await?.stderr)?;
        let notes: Vec<&str> = stderr.lines().filter(|line| line.contains("delivered")).collect();
        assert_eq!(notes.len(), usize::from(!note.is_empty()), "{call:?} {state}: {stderr}");
        assert!(notes.iter().all(|line| line.starts_with(note)), "{call:?} {state}: {stderr}");
        Ok(())
    };
    check(["kms", "Decrypt", "Management"], "ENABLED", [2, 0], "").await?;
    check(["cloudtrail", "LookupEvents", "Management"], "ENABLED", [2, 0], "").await?;
    check(["sts", "GetSessionToken", "Management"], "ENABLED", [2, 0], "").await?;
    check(["kms", "DescribeKey", "Management"], "ENABLED", [0, 2], withheld).await?;
    check(["kms", "DescribeKey", "Management"], THIRD, [2, 0], "").await?;
    check(["s3", "GetObject", "Data"], "ENABLED", [2, 0], "").await?;
    check(["sts", "AssumeRole", "Management"], "ENABLED", [2, 0], doubt).await?;
    check(["sts", "AssumeRole", "Management"], THIRD, [2, 0], "").await
}
