//! The table of an earlier version: its items are the ones that the core's tests keep, as that version wrote them.

use std::fs;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::{RuleState, Target};
use serde_json::Value;

use crate::Bench;
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::folders::root;

/// Text of a stored item.
fn stored(name: &str) -> Result<String, Failure> {
    let path = root().join("src/core/src/stored/tests").join(name);
    Ok(fs::read_to_string(path)?.trim_end().to_owned())
}

impl Bench {
    /// Puts an item as the store does. `version` is what a writer compares.
    async fn put_stored(
        &self,
        pk: &str,
        attribute: &str,
        json: String,
        window: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let put = self.world.dynamodb.put_item().table_name(&self.world.table);
        let put = put
            .item("pk", AttributeValue::S(pk.to_owned()))
            .item(attribute, AttributeValue::S(json))
            .item("version", AttributeValue::N("7".to_owned()));
        let put = match window {
            Some(bytes) => put.item("window", AttributeValue::B(Blob::new(bytes))),
            None => put,
        };
        put.send().await?;
        Ok(())
    }
}

/// The items name the account that Moto has.
#[tokio::test]
async fn the_table_of_an_earlier_version_is_worked_with() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto).await?;
    let record = stored("open.json")?;
    let json: Value = serde_json::from_str(&record)?;
    assert_eq!(json["schema"], 1, "the layout of an earlier version");
    let found = &json["breaker"]["found"];
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("not text");
    let (arn, pattern) = (text(&json["rule"])?, text(&found["event_pattern"])?);
    let made = bench.world.create_rule("default", "fix-acl", &pattern, RuleState::Disabled, &[]).await?;
    assert_eq!(made, arn);
    let target =
        Target::builder().id(text(&found["targets"][0]["id"])?).arn(text(&found["targets"][0]["arn"])?);
    bench.world.events.put_targets().rule("fix-acl").targets(target.build()?).send().await?;

    let hex = stored("open.window.hex")?;
    let bytes: Result<Vec<u8>, _> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect();
    let key = format!("rule#{arn}");
    bench.put_stored(&key, "record", record, Some(bytes?)).await?;
    bench.put_stored("directory", "json", stored("head.json")?, None).await?;
    let chunk = "directory#1-425daa626c765ff982819b8b52d91a9e";
    bench.put_stored(chunk, "json", stored("chunk.json")?, None).await?;
    bench.put_stored("pressure", "pressure", stored("pressure.json")?, None).await?;

    let program = &bench.program;
    program.check("status", 0, &["fix-acl  open  "], &[]).await?;
    program
        .check("explain fix-acl", 0, &["8 equal calls for 1 reason: s3 PutBucketAcl on bucket"], &[])
        .await?;
    program.check("enable fix-acl --force", 0, &["is ENABLED again, as it was."], &[]).await?;
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    // This version writes its own layout.
    let item = bench.world.record(&arn).await?.ok_or("no record")?;
    let json = item["record"].as_s().map_err(|_| "not text")?;
    assert_eq!(serde_json::from_str::<Value>(json)?["schema"], 2);
    program.check("status fix-acl", 0, &["half-open"], &[]).await?;
    Ok(())
}
