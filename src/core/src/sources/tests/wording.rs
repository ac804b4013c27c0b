//! Calls that are word-for-word equal, and calls that cannot be compared.

use super::calls::{event, with_call};
use crate::model::Fingerprint;

/// Wording of a call whose `detail` has these members.
fn wording(operation: &str, more: &str) -> Option<u32> {
    with_call(&event("any", operation, more), |call| call.expect("a call").wording)
}

fn with_parameters(operation: &str, parameters: &str) -> Option<u32> {
    wording(operation, &format!(r#""requestParameters":{parameters},"#))
}

#[test]
fn equal_parameters_are_equal_but_for_tokens() {
    let check = |one: &str, other: &str, same: bool| {
        let [one_wording, other_wording] = [one, other].map(|this| with_parameters("Put", this));
        assert!(one_wording.is_some() && other_wording.is_some(), "{one} {other}");
        assert_eq!(one_wording == other_wording, same, "{one} {other}");
    };
    check(r#"{"a":"b"}"#, r#"{"a":"b"}"#, true);
    check(r#"{"a":"b"}"#, r#"{ "a" : "b" }"#, true);
    check(r#"{"a":"b","c":"d"}"#, r#"{"c":"d","a":"b"}"#, true);
    check(r#"{"a":"b","c":"d"}"#, r#"{"c":"b","a":"d"}"#, false);
    check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, false);
    check(r#"{"a":"b"}"#, r#"{"b":"a"}"#, false);
    check(r#"{"a":"1"}"#, r#"{"a":1}"#, false);
    check(r#"{"a":"b","c":"d"}"#, r#"{"a":"bcd"}"#, false);
    check(r#"{"a":{"b":["\"","\\",1]}}"#, r#"{"a":{"b":["\"","\\",2]}}"#, false);
    check(r#"{"policy":"{\"Effect\":\"Allow\"}"}"#, r#"{"policy":"{\"Effect\":\"Deny\"}"}"#, false);
    check(r#"{"name":"n","clientToken":"1"}"#, r#"{"name":"n","clientToken":"2"}"#, true);
    check(r#"{"name":"n"}"#, r#"{"name":"n","clientRequestToken":"2"}"#, true);
    check(r#"{"name":"n","taskToken":"1"}"#, r#"{"name":"n","taskToken":"2"}"#, false);
    let arns = |last: &str| format!(r#"{{"resourceARNList":["arn:a","arn:b","{last}"],"tags":{{"a":"b"}}}}"#);
    check(&arns("arn:c"), &arns("arn:c"), true);
    check(&arns("arn:c"), &arns("arn:d"), false);
    let many = |last: &str| format!(r#"{{"instanceIds":["{}{last}"]}}"#, r#"i-1",""#.repeat(500));
    check(&many("i-2"), &many("i-3"), false);
    let expected = Some(Fingerprint::of("a\u{1}b\u{3}"));
    assert_eq!(with_parameters("Put", r#"{"a":"b"}"#), expected, "stored ones stay comparable");
}

#[test]
fn what_is_not_known_is_equal_to_nothing() {
    let check =
        |operation: &str, more: &str| assert_eq!(wording(operation, more), None, "{operation} {more}");
    check("Put", "");
    for parameters in [
        "null",
        "{}",
        r#""text""#,
        r#"["a"]"#,
        "7",
        "false",
        r#"{"name":"n","value":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"name":"n","a":[{"value":"HIDDEN_DUE_TO_SECURITY_REASONS"}]}"#,
        r#"{"name":"n","a":{"HIDDEN_DUE_TO_SECURITY_REASONS":"b"}}"#,
        r#"{"name":"n","a":"{\"value\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}"}"#,
    ] {
        check("Put", &format!(r#""requestParameters":{parameters},"#));
        check(
            "Put",
            &format!(r#""requestParameters":{parameters},"resources":[{{"ARN":"arn:aws:s3:::b"}}],"#),
        );
        check(
            "CreateVolume",
            &format!(r#""requestParameters":{parameters},"responseElements":{{"volumeId":"v"}},"#),
        );
    }
    for code in ["ThrottlingException", "Client.RequestLimitExceeded", "SlowDown", "ServiceUnavailable"] {
        check("Put", &format!(r#""requestParameters":{{"name":"n"}},"errorCode":"{code}","#));
    }
}

#[test]
fn the_error_code_is_part_of_it() {
    let with = |code: &str| wording("Put", &format!(r#""requestParameters":{{"name":"n"}},{code}"#));
    let check =
        |one: &str, other: &str, same: bool| assert_eq!(with(one) == with(other), same, "{one} {other}");
    let denied = r#""errorCode":"AccessDenied","#;
    check("", r#""errorCode":"","#, true);
    check("", r#""errorCode":null,"#, true);
    check("", denied, false);
    check(denied, denied, true);
    check(denied, r#""errorMessage":"no","errorCode":"AccessDenied","#, true);
    check(denied, r#""errorCode":"Invalid","#, false);
}

#[test]
fn the_listed_resource_is_part_of_it_where_the_parameters_name_none() {
    let with = |parameters: &str, arn: &str| {
        wording("Encrypt", &format!(r#""requestParameters":{parameters},"resources":[{{"ARN":"{arn}"}}],"#))
    };
    let algorithm = r#"{"algorithm":"a"}"#;
    assert!(with(algorithm, "arn:aws:s3:::b").is_some());
    assert_eq!(with(algorithm, "arn:aws:s3:::b"), with(algorithm, "arn:aws:s3:::b"));
    assert_ne!(with(algorithm, "arn:aws:s3:::b"), with(algorithm, "arn:aws:s3:::c"));
}

#[test]
fn what_was_created_is_part_of_it() {
    let with = |operation: &str, parameters: &str, response: &str| {
        wording(operation, &format!(r#""requestParameters":{parameters},"responseElements":{response},"#))
    };
    let check = |operation: &str, parameters: &str, one: &str, other: &str, same: bool| {
        let [one, other] = [one, other].map(|response| with(operation, parameters, response));
        assert!(one.is_some() && other.is_some(), "{operation} {parameters}");
        assert_eq!(one == other, same, "{operation} {parameters}");
    };
    let volume = r#"{"volumeId":"vol-1"}"#;
    let snapshot =
        |id: &str, request: &str| format!(r#"{{"requestId":"{request}","snapshotId":"{id}","status":"s"}}"#);
    check("CreateSnapshot", volume, &snapshot("snap-1", "r"), &snapshot("snap-2", "r"), false);
    check("CreateSnapshot", volume, &snapshot("snap-1", "r"), &snapshot("snap-1", "q"), true);
    check("CreateSnapshot", volume, "null", &snapshot("snap-1", "r"), false);
    check("CreateSnapshot", volume, "null", "null", true);
    check("DeleteSnapshot", volume, &snapshot("snap-1", "r"), &snapshot("snap-2", "r"), true);
    let image = r#"{"instanceId":"i-1","name":"n"}"#;
    check("CreateImage", image, r#"{"imageId":"ami-1"}"#, r#"{"imageId":"ami-2"}"#, false);
    let run = r#"{"instancesSet":{"items":[{"imageId":"ami-1"}]}}"#;
    let instances = |ids: [&str; 2]| {
        let items = ids.map(|id| format!(r#"{{"instanceId":"{id}","state":{{"code":0,"name":"pending"}}}}"#));
        format!(r#"{{"requestId":"{}","instancesSet":{{"items":[{}]}}}}"#, ids[0], items.join(","))
    };
    check("RunInstances", run, &instances(["i-1", "i-2"]), &instances(["i-1", "i-3"]), false);
    check("RunInstances", run, &instances(["i-1", "i-2"]), &instances(["i-2", "i-1"]), true);
    let key = |id: &str| format!(r#"{{"keyMetadata":{{"keyId":"{id}","enabled":true}}}}"#);
    check("CreateKey", r#"{"origin":"AWS_KMS"}"#, &key("0a"), &key("0b"), false);
    // A new version of one policy; an id with an escape; a number.
    let version = |id: &str| format!(r#"{{"policyVersion":{{"versionId":{id},"isDefaultVersion":true}}}}"#);
    let policy = r#"{"policyArn":"arn:aws:iam::123456789012:policy/p"}"#;
    check("CreatePolicyVersion", policy, &version(r#""v1""#), &version(r#""v2""#), false);
    check("CreatePolicyVersion", policy, &version(r#""v\"1""#), &version(r#""v\"2""#), false);
    check("CreatePolicyVersion", policy, &version("1"), &version("2"), false);

    let check_unknown = |operation: &str, parameters: &str, response: &str| {
        assert_eq!(with(operation, parameters, response), None, "{operation} {parameters} {response}");
    };
    for response in ["null", "7", r#""vol-1""#, r#"["vol-1"]"#, "{}", r#"{"requestId":"r"}"#] {
        check_unknown("CreateVolume", r#"{"size":"8","clientToken":"t"}"#, response);
    }
    check_unknown("CreateSnapshot", volume, r#"{"snapshotId":"s","note":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#);
    // There may be other ids beyond the search limits.
    check_unknown("CreateSnapshot", volume, &format!(r#"{{"a":[{}0],"snapshotId":"s"}}"#, "0,".repeat(600)));
    check_unknown("CreateSnapshot", volume, &format!("{}7{}", r#"{"a":"#.repeat(13), "}".repeat(13)));
    check_unknown("CreateSnapshot", volume, r#"{"snapshot\u0049d":"s"}"#);
}
