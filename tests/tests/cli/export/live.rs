//! `lint --live`: the rules of an account judged with the policies of its roles.

use std::collections::BTreeSet;

use budget_guard_tests::emulator::Kind;
use budget_guard_tests::program::Program;
use budget_guard_tests::{Failure, while_doing};
use serde_json::Value;

use super::{looping, others};
use crate::Bench;
use crate::overlay::{Answer, Overlay};

const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>";

#[tokio::test]
async fn a_rule_of_the_account_that_can_fire_itself_is_found_with_its_cure() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto).await?;
    looping(&bench).await?;
    others(&bench).await?;
    let account = bench.emulator.account();
    let way = format!(
        "rule fix-acl → arn:aws:lambda:us-east-1:{account}:function:fixer → role arn:aws:iam::{account}:role/fixer-role → \
         policy repair, statement Acl (s3:PutBucketAcl) → call s3 PutBucketAcl → rule fix-acl"
    );
    let found = ["us-east-1: rule fix-acl can fire itself", &way, "cure: leave out the calls of role"];
    let said = [
        "3 rules in us-east-1; 1 on other buses than default (orders)",
        "1 Region, 3 rules; can fire itself: 1, cannot: 0, cannot be told: 0, not on API calls: 2",
    ];
    bench.program.check("lint --live", 4, &found, &said).await?;
    let report = bench.program.json("lint --live --bus default", 4).await?;
    let names = report["files"].as_array().into_iter().flatten().map(|file| &file["path"]);
    assert_eq!(names.collect::<Vec<_>>(), ["us-east-1"]);
    let rule = format!("arn:aws:events:us-east-1:{account}:rule/fix-acl");
    let tag =
        aws_sdk_eventbridge::types::Tag::builder().key("budget-guard:lint").value("allow it stops by itself");
    let tagged = bench.world.events.tag_resource().resource_arn(rule).tags(tag.build()?).send().await;
    tagged.map_err(while_doing("tagging the rule"))?;
    let meant = ["us-east-1: rule fix-acl can fire itself, and is allowed to: it stops by itself"];
    bench.program.check("lint --live", 0, &meant, &[]).await?;
    Ok(())
}

#[tokio::test]
async fn roles_that_cannot_be_read_leave_the_verdict_open() -> Result<(), Failure> {
    const ANSWERS: [Answer; 1] = [("GetAccountAuthorizationDetails", 403, DENIED)];
    let bench = Bench::start(Kind::Moto).await?;
    looping(&bench).await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &ANSWERS).await?;
    let program = bench.program_at(&overlay.endpoint)?;
    let open = ["us-east-1: rule fix-acl: it cannot be told", "its policies are in none of the files"];
    let said = [
        "warning: not read, 1: policies of roles of the account (GetAccountAuthorizationDetails: AccessDenied)",
        "hint: the credentials in use need the permission iam:GetAccountAuthorizationDetails",
        "cannot be told: 1",
    ];
    program.check("lint --live --notes", 1, &open, &said).await?;
    Ok(())
}

#[tokio::test]
async fn the_rights_are_those_of_an_export_and_one_more() -> Result<(), Failure> {
    let program = Program::new(&[])?;
    let rights = async |args: &str| -> Result<BTreeSet<String>, Failure> {
        let policy: Value = program.json(args, 0).await?;
        Ok(serde_json::from_value(policy["Statement"][0]["Action"].clone())?)
    };
    let export = rights("rules export --print-policy").await?;
    let live = rights("lint --live --print-policy").await?;
    let more: Vec<&str> = live.difference(&export).map(String::as_str).collect();
    assert_eq!((more, export.is_subset(&live)), (vec!["iam:GetAccountAuthorizationDetails"], true));
    for args in ["--live a.yaml", "--all-regions a.yaml", "--bus orders a.yaml"] {
        program.check(&format!("lint {args}"), 2, &[], &["cannot be used with"]).await?;
    }
    program.check("lint --all-regions", 2, &[], &["required arguments were not provided", "<FILE>"]).await?;
    Ok(())
}
