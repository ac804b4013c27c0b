//! Exports of the same records in the shapes that tools give them.

use serde_json::{Value, json};

use crate::logs::{Record, gzip, in_file};
use crate::{FIX_ACL, calls, folder, program};
use budget_guard_tests::Failure;

/// Number of records in each sample.
const COUNT: u64 = 3;

/// Records of a log file.
fn records(file: &str) -> Result<Vec<Value>, Failure> {
    Ok(serde_json::from_value(serde_json::from_str::<Value>(file)?["Records"].take())?)
}

fn lines(values: Vec<Value>, between: &str) -> Vec<u8> {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(between).into_bytes()
}

/// One page of an answer, with its values under this name.
fn page(key: &str, values: Vec<Value>) -> Vec<u8> {
    json!({ key: values }).to_string().into_bytes()
}

/// Samples by name: the records themselves, and exports of AWS. Each has the same records.
fn of_aws(file: &str) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let records = records(file)?;
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let all = |wrap: fn(&Value) -> Value| records.iter().map(wrap).collect::<Vec<Value>>();
    let envelope = |record: &Value| json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": record});
    let looked_up =
        |record: &Value| json!({"EventId": record["eventID"], "CloudTrailEvent": record.to_string()});
    let logged = |record: &Value| json!({"timestamp": 1, "message": record.to_string()});
    let lower = |record: &Value| {
        let members = record.as_object().into_iter().flatten().map(|(key, value)| {
            let value = if value.is_string() { value.clone() } else { json!(value.to_string()) };
            (key.to_lowercase(), value)
        });
        Value::Object(members.collect())
    };
    let stamped: Vec<String> = texts.iter().map(|text| format!("2026-11-20T10:00:00.000Z {text}")).collect();
    let pages = [page("Events", all(looked_up)), b"\n".to_vec(), page("Events", Vec::new())].concat();
    Ok(vec![
        ("array", json!(records).to_string().into_bytes()),
        ("lines", texts.join("\r\n").into_bytes()),
        ("concatenated", texts.concat().into_bytes()),
        ("events of the bus", lines(all(envelope), "\n")),
        ("events from Firehose", lines(all(envelope), "")),
        ("lookup-events", page("Events", all(looked_up))),
        ("lookup-events, two pages", pages),
        ("lookup-events, query as JSON", json!(texts).to_string().into_bytes()),
        ("lookup-events, query as text", texts.join("\t").into_bytes()),
        ("lookup-events, lines", lines(all(looked_up), "\n")),
        (
            "CloudTrail Lake",
            page("QueryResultRows", all(|record| json!([{"eventJson": record.to_string()}]))),
        ),
        ("Athena", lines(all(lower), "\n")),
        ("CloudWatch Logs", page("events", all(logged))),
        ("CloudWatch Logs, exported", stamped.join("\n").into_bytes()),
        ("CloudWatch Logs, subscription", page("logEvents", all(logged))),
    ])
}

/// Samples by name: messages, exports of other tools, and packed files.
fn of_others(file: &str) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let records = records(file)?;
    let all = |wrap: fn(&Value) -> Value| records.iter().map(wrap).collect::<Vec<Value>>();
    let found = |record: &Value| json!({"_index": "i", "_source": record});
    let hits = json!({"took": 1, "hits": {"total": 3, "hits": all(found)}});
    let raw = |record: &Value| json!({"preview": false, "result": {"_raw": record.to_string()}});
    let queued = |record: &Value| json!({"Body": json!({"detail-type": "x", "detail": record}).to_string()});
    let notified = |record: &Value| {
        let notice = json!({"Type": "Notification", "Message": record.to_string()});
        json!({"Body": notice.to_string()})
    };
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(file.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    Ok(vec![
        ("Elasticsearch", lines(all(found), "\n")),
        ("Elasticsearch, search", hits.to_string().into_bytes()),
        ("Splunk", lines(all(raw), "\n")),
        ("SQS", page("Messages", all(queued))),
        ("SNS in SQS", page("Messages", all(notified))),
        ("byte order mark", [b"\xef\xbb\xbf".as_slice(), file.as_bytes()].concat()),
        ("UTF-16", wide),
        ("gzip", gzip(file.as_bytes())?),
        ("gzip twice", gzip(&gzip(file.as_bytes())?)?),
    ])
}

#[tokio::test]
async fn each_shape_gives_the_same_result() -> Result<(), Failure> {
    let file = in_file(&calls(COUNT, 1_000));
    for (name, bytes) in of_aws(&file)?.into_iter().chain(of_others(&file)?) {
        let folder = folder(&[("rules.jsonl", FIX_ACL.as_bytes()), ("sample", &bytes)])?;
        let at = folder.path().display();
        let report = program()?.json(&format!("replay --rules {at}/rules.jsonl {at}/sample"), 0).await;
        let report = report.map_err(|error| format!("{name}: {error}"))?;
        let seen = [&report["events"], &report["rules"][0]["firings"], &report["skipped"]];
        assert_eq!(seen.map(Value::as_u64), [Some(COUNT), Some(COUNT), Some(0)], "{name}: {report}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_left_out_is_said_with_the_exit_code() -> Result<(), Failure> {
    let record = in_file(&[Record::new(1, 0)]);
    let insight = r#"{"Records":[{"eventType":"AwsCloudTrailInsight","eventID":"x","eventTime":"y","insightDetails":{}}]}"#;
    let events = |token: &str| {
        let text = json!(record[12..record.len() - 2]).to_string();
        format!(r#"{{"Events":[{{"CloudTrailEvent":{text}}}]{token}}}"#)
    };
    let notice = r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}]}"#;
    let cases: [(&str, String, i32, &str); 6] = [
        ("insight", insight.to_owned(), 0, "Insight records, which report unusual activity"),
        (
            "digest",
            r#"{"digestStartTime":"x","logFiles":[]}"#.to_owned(),
            0,
            "digest files, which hold hashes",
        ),
        ("notice", notice.to_owned(), 2, "fetch it: aws s3 cp"),
        ("empty", String::new(), 2, "it is empty"),
        ("next", events(r#","NextToken":"abc""#), 2, "its NextToken names a next page"),
        ("last", events(r#","NextToken":null"#), 0, ""),
    ];
    for (name, text, code, expected) in cases {
        let files = [("rules.jsonl", FIX_ACL), ("whole.json", record.as_str()), (name, text.as_str())];
        let folder = folder(&files.map(|(name, text)| (name, text.as_bytes())))?;
        let at = folder.path().display();
        let args = format!("replay --rules {at}/rules.jsonl {at}/whole.json {at}/{name}");
        program()?.check(&args, code, &[], &[expected]).await?;
    }
    Ok(())
}
