//! Calls as CloudTrail records them: caller, operation and resource.

use super::super::*;
use crate::model::CallOutcome;

/// CloudTrail event whose `detail` has these members besides service and operation.
pub(super) fn event(service: &str, operation: &str, more: &str) -> String {
    format!(
        r#"{{"id":"e-1","source":"aws.any","detail-type":"AWS API Call via CloudTrail","time":"2026-11-20T10:00:00Z","detail":{{"eventSource":"{service}.amazonaws.com","eventName":"{operation}",{more}"eventID":"c-1"}}}}"#
    )
}

/// Passes the call of such an event to `see`. It is read by `serde_json` and in one pass, with equal results.
pub(super) fn with_call<T>(event: &str, see: impl FnOnce(Option<&Call<'_>>) -> T) -> T {
    let body = serde_json::to_string(event).unwrap();
    let batch = format!(r#"{{"Records":[{{"messageId":"m","body":{body},"eventSource":"aws:sqs"}}]}}"#);
    let Ok(Payload::Queue(messages)) = decode(batch.as_bytes()) else { panic!("no batch: {batch}") };
    let slow = decode_body(event).expect(event);
    assert_eq!(messages[0].body.as_ref().unwrap().received().as_ref(), Ok(&slow), "{event}");
    let Received::Bus(bus) = slow else { panic!("{slow:?}") };
    see(bus.event.call.as_ref())
}

/// Name of the resource, or the reason for which there is none.
fn resource(operation: &str, more: &str) -> String {
    with_call(&event("any", operation, more), |call| {
        let resource = call.expect("a call").resource.as_ref();
        resource.map_or("unknown".to_owned(), |resource| resource.name.clone().into_owned())
    })
}

fn ids(operation: &str, parameters: &str) -> crate::model::ResourceIds {
    let more = format!(r#""requestParameters":{parameters},"#);
    with_call(&event("any", operation, &more), |call| call.unwrap().resource.as_ref().unwrap().ids)
}

fn check_resource(operation: &str, parameters: &str, expected: &str) {
    let seen = resource(operation, &format!(r#""requestParameters":{parameters},"#));
    assert_eq!(seen, expected, "{operation} {parameters}");
}

#[test]
fn a_call_has_a_resource() {
    let check = check_resource;
    check(
        "PutBucketAcl",
        r#"{"bucketName":"uploads","Host":"uploads.s3.amazonaws.com","acl":""}"#,
        "uploads",
    );
    check("PutObject", r#"{"bucketName":"uploads","Host":"h","key":"a/b.png"}"#, "uploads / a/b.png");
    check("UpdateTrail", r#"{"name":"audit","s3BucketName":"logs","kmsKeyId":"k"}"#, "audit");
    check(
        "ModifyDBInstance",
        r#"{"dBInstanceIdentifier":"orders","dBParameterGroupName":"p","masterUsername":"u","kmsKeyId":"k"}"#,
        "orders",
    );
    check(
        "ModifyDBParameterGroup",
        r#"{"dBParameterGroupName":"p","parameters":[{"parameterName":"x"}]}"#,
        "p",
    );
    check(
        "CreateTags",
        r#"{"resourcesSet":{"items":[{"resourceId":"i-1"},{"resourceId":"i-2"}]},"tagSet":{"items":[{"key":"a","value":"b"}]}}"#,
        "i-1 / i-2",
    );
    check(
        "TagResource",
        r#"{"resourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/orders","tags":[]}"#,
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
    );
    check("ModifyInstanceAttribute", r#"{"instanceId":"i-1","userData":"x"}"#, "i-1");
    check(
        "RevokeSecurityGroupIngress",
        r#"{"groupId":"sg-1","ipPermissions":{"items":[{"groups":{"items":[{"groupId":"sg-2"}]}}]}}"#,
        "sg-1",
    );
    check(
        "UpdateAutoScalingGroup",
        r#"{"autoScalingGroupName":"web","vPCZoneIdentifier":"subnet-1"}"#,
        "web",
    );
    check(
        "SetQueueAttributes",
        r#"{"queueUrl":"https://sqs.us-east-1.amazonaws.com/1/q"}"#,
        "https://sqs.us-east-1.amazonaws.com/1/q",
    );
    check(
        "AttachRolePolicy",
        r#"{"roleName":"r","policyArn":"arn:aws:iam::aws:policy/P"}"#,
        "r / arn:aws:iam::aws:policy/P",
    );
    check("PutSubscriptionFilter", r#"{"logGroupName":"/g","filterName":"f","roleArn":"arn:r"}"#, "/g / f");
}

#[test]
fn a_call_may_name_its_resource_further_down() {
    let check = check_resource;
    check("TerminateInstances", r#"{"instancesSet":{"items":[{"instanceId":"i-1"}]}}"#, "i-1");
    check("DeleteFlowLogs", r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-1"}}}"#, "fl-1");
    check(
        "SendCommand",
        r#"{"documentName":"AWS-RunShellScript","instanceIds":["i-1"],"interactive":false}"#,
        "i-1",
    );
    check("UpdateService", r#"{"cluster":"c","service":"s","desiredCount":2}"#, "c / s");
    check(
        "AssumeRole",
        r#"{"roleArn":"arn:aws:iam::1:role/r","roleSessionName":"s-1"}"#,
        "arn:aws:iam::1:role/r",
    );
    check("PutObject", r#"{"bucketName":"b","key":"caf\u00e9\n"}"#, "b / caf??");
    check(
        "CreateVpc",
        r#"{"cidrBlock":"10.0.0.0/16","tagSpecificationSet":{"items":[{"tags":[{"key":"k"}]}]}}"#,
        "unknown",
    );
    check("DescribeInstances", r#"{"filterSet":{"items":[{"name":"tag:a"}]}}"#, "any.amazonaws.com");
    check("UpdateAccountPasswordPolicy", r#"{"minimumPasswordLength":14}"#, "any.amazonaws.com");
    check("Odd", r#"{"instanceId":7,"name":null,"id":"","arn":true}"#, "any.amazonaws.com");
    let deep = format!(r#"{{"a":{}"x"{}}}"#, r#"{"id":"#.repeat(20), "}".repeat(20));
    check("Deep", &deep, "any.amazonaws.com");
    let many = format!(r#"{{"a":[{}{{"id":"late"}}]}}"#, "0,".repeat(100));
    check("Many", &many, "any.amazonaws.com");
}

#[test]
fn what_the_parameters_do_not_tell() {
    let check = |more: &str, expected: &str| assert_eq!(resource("Put", more), expected, "{more}");
    check("", "unknown");
    for unknown in ["null", "{}", r#""text""#, r#"[{"name":"n"}]"#, "7", "true"] {
        check(&format!(r#""requestParameters":{unknown},"#), "unknown");
        check(&format!(r#""requestParameters":{unknown},"errorCode":"AccessDenied","#), "unknown");
    }
    // Concealed parameters may hide others as well.
    for hidden in
        [r#""value":"HIDDEN""#, r#""a":{"b":["x HIDDEN y"]}"#, r#""a":{"HIDDEN":"HIDDEN"}"#, r#""HIDDEN":1"#]
    {
        let hidden = hidden.replace("HIDDEN", "HIDDEN_DUE_TO_SECURITY_REASONS");
        check(&format!(r#""requestParameters":{{"name":"n",{hidden}}},"#), "unknown");
    }
    check(r#""requestParameters":{"name":"n","value":"HIDDEN_DUE_TO_SECURITY_REASON"},"#, "n");
    // The call may concern any resource, so it must not be merged with another.
    check(r#""errorCode":"ThrottlingException","requestParameters":null,"#, "unknown");
    check(r#""errorCode":"AccessDenied","#, "unknown");
    check(r#""errorCode":"AccessDenied","requestParameters":{},"#, "unknown");
    check(r#""errorCode":"AccessDenied","requestParameters":{"name":"n"},"#, "n");
    check(r#""errorCode":"Invalid","requestParameters":{"length":14},"#, "any.amazonaws.com");
    let listed =
        r#""resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k"},{"ARN":"arn:aws:s3:::b"},7,{}],"#;
    check(listed, "arn:aws:s3:::b/k");
    check(&format!(r#""requestParameters":{{"name":"n"}},{listed}"#), "n");
    check(&format!(r#""errorCode":"AccessDenied",{listed}"#), "arn:aws:s3:::b/k");
    check(
        &format!(r#""requestParameters":{{"a":"HIDDEN_DUE_TO_SECURITY_REASONS"}},{listed}"#),
        "arn:aws:s3:::b/k",
    );
    check(&format!(r#""requestParameters":{{"length":14}},{listed}"#), "arn:aws:s3:::b/k");
    check(r#""resources":{},"#, "unknown");
}

#[test]
fn calls_on_the_same_meet() {
    let check = |one: (&str, &str), other: (&str, &str), expected: bool| {
        assert_eq!(ids(one.0, one.1).overlaps(ids(other.0, other.1)), expected, "{one:?} {other:?}");
    };
    let arn = r#"{"resourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/orders"}"#;
    check(("UpdateTable", r#"{"tableName":"orders"}"#), ("TagResource", arn), true);
    check(("UpdateTable", r#"{"tableName":"other"}"#), ("TagResource", arn), false);
    let queue = r#"{"queueUrl":"https://sqs.us-east-1.amazonaws.com/1/q"}"#;
    check(("CreateQueue", r#"{"queueName":"q"}"#), ("SetQueueAttributes", queue), true);
    check(
        ("CreateRole", r#"{"roleName":"r"}"#),
        ("PutRolePolicy", r#"{"roleName":"r","policyName":"p"}"#),
        true,
    );
    let object = r#"{"bucketName":"b","key":"k"}"#;
    check(("PutBucketAcl", r#"{"bucketName":"b"}"#), ("PutObject", object), true);
    check(("PutObject", r#"{"bucketName":"b","key":"l"}"#), ("PutObject", object), false);
    check(
        ("DeleteAccountPasswordPolicy", r#"{"all":true}"#),
        ("UpdateAccountPasswordPolicy", r#"{"length":14}"#),
        true,
    );
    let orders =
        r#"{"dBInstanceIdentifier":"orders","dBSubnetGroupName":"s","dBName":"shop","optionGroupName":"o"}"#;
    check(("CreateDBInstance", orders), ("ModifyDBInstance", r#"{"dBInstanceIdentifier":"orders"}"#), true);
}

#[test]
fn a_batch_call_touches_all_that_it_names() {
    let arns = |names: &[&str]| {
        let arns = names.iter().map(|name| format!(r#""arn:aws:sqs:us-east-1:123456789012:{name}""#));
        format!(r#"{{"resourceARNList":[{}],"tags":{{"a":"b"}}}}"#, arns.collect::<Vec<_>>().join(","))
    };
    let three = arns(&["x", "y", "z"]);
    check_resource(
        "TagResources",
        &three,
        "arn:aws:sqs:us-east-1:123456789012:x / arn:aws:sqs:us-east-1:123456789012:y / arn:aws:sqs:us-east-1:123456789012:z",
    );
    assert_eq!(ids("TagResources", &three).iter().count(), 3);
    for name in ["x", "y", "z"] {
        assert!(
            ids("TagResources", &three).overlaps(ids("DeleteQueue", &format!(r#"{{"queueName":"{name}"}}"#)))
        );
    }
    assert_eq!(ids("TagResources", &arns(&["a", "b", "c", "d", "e", "f"])).iter().count(), 4);
}

#[test]
fn what_was_created_is_in_the_response() {
    let check = |operation: &str, more: &str, expected: &str| {
        assert_eq!(resource(operation, more), expected, "{operation} {more}");
    };
    check(
        "CreateSnapshot",
        r#""requestParameters":{"volumeId":"vol-1"},"responseElements":{"requestId":"r","snapshotId":"snap-1","volumeId":"vol-1","ownerId":"123456789012"},"#,
        "vol-1 / snap-1",
    );
    check(
        "CreateVolume",
        r#""requestParameters":{"size":"8"},"responseElements":{"requestId":"r","volumeId":"vol-1"},"#,
        "vol-1",
    );
    // CloudTrail usually writes the members in another order, which the parser does not rely on.
    check(
        "CreateVolume",
        r#""responseElements":{"volumeId":"vol-1"},"requestParameters":{"size":"8"},"#,
        "vol-1",
    );
    check(
        "CreateImage",
        r#""requestParameters":{"instanceId":"i-1","name":"n"},"responseElements":{"requestId":"r","imageId":"ami-1"},"#,
        "i-1 / n / ami-1",
    );
    check(
        "RunInstances",
        r#""requestParameters":{"instancesSet":{"items":[{"minCount":1}]},"clientToken":"t"},"responseElements":{"requesterId":"q","instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}},"#,
        "i-1 / i-2",
    );
    check(
        "CreateKey",
        r#""requestParameters":{"origin":"AWS_KMS"},"responseElements":{"keyMetadata":{"aWSAccountId":"123456789012","keyId":"0a1b","creationDate":"today"}},"#,
        "0a1b",
    );
    let unnamed = r#""requestParameters":{"size":"8","clientToken":"t"},"#;
    for response in ["", "null", r#""vol-1""#, r#"["vol-1"]"#, "7", "{}", r#"{"requestId":"r"}"#] {
        let response =
            if response.is_empty() { String::new() } else { format!(r#""responseElements":{response},"#) };
        check("CreateVolume", &format!("{unnamed}{response}"), "unknown");
    }
    check(
        "CreateVolume",
        &format!(
            r#"{unnamed}"responseElements":{{"volumeId":"vol-1","key":"HIDDEN_DUE_TO_SECURITY_REASONS"}},"#
        ),
        "unknown",
    );
    check(
        "CreateVolume",
        &format!(r#"{unnamed}"resources":[{{"ARN":"arn:aws:s3:::b"}}],"#),
        "arn:aws:s3:::b",
    );
    // Unknown parameters stay unknown if the response names an id. Calls that create nothing have no response to parse.
    check("CreateVolume", r#""requestParameters":null,"responseElements":{"volumeId":"vol-1"},"#, "unknown");
    check(
        "ModifyVolume",
        r#""requestParameters":{"size":"8"},"responseElements":{"volumeId":"vol-1"},"#,
        "any.amazonaws.com",
    );
}

#[test]
fn a_call_says_who_made_it() {
    let check = |identity: &str, role: Option<&str>, invoked_by: Option<&str>, is_by_service: bool| {
        let event = event("s3", "PutBucketAcl", &format!(r#""userIdentity":{identity},"#));
        with_call(&event, |call| {
            let call = call.expect("a call");
            assert_eq!((&*call.service, &*call.operation), ("s3.amazonaws.com", "PutBucketAcl"));
            assert_eq!((call.role.as_deref(), call.invoked_by.as_deref()), (role, invoked_by), "{identity}");
            assert_eq!((call.is_by_service, call.is_sign_in()), (is_by_service, false), "{identity}");
        });
    };
    check("null", None, None, false);
    check(r#"{"type":"IAMUser","arn":"arn:aws:iam::1:user/ann"}"#, None, None, false);
    let issuer = r#""sessionContext":{"attributes":{"mfaAuthenticated":"false"},"sessionIssuer":{"type":"ParameterRole","arn":"arn:r"}}"#;
    check(&format!(r#"{{"type":"AssumedRole",{issuer}}}"#), Some("arn:r"), None, false);
    check(
        &format!(r#"{{{issuer},"invokedBy":"cloudformation.amazonaws.com"}}"#),
        Some("arn:r"),
        Some("cloudformation.amazonaws.com"),
        false,
    );
    check(r#"{"type":"AWSService","invokedBy":"rds.amazonaws.com"}"#, None, Some("rds.amazonaws.com"), true);
    check(r#"{"type":"AWSService"}"#, None, None, true);
    check(r#"{"type":"IAMUser","arn":"a","invokedBy":"signin.amazonaws.com"}"#, None, None, false);
    check(r#"{"sessionContext":{"sessionIssuer":[]}}"#, None, None, false);
}

#[test]
fn a_call_has_an_outcome() {
    let check = |error_code: &str, expected: CallOutcome| {
        let more =
            if error_code.is_empty() { String::new() } else { format!(r#""errorCode":{error_code},"#) };
        with_call(&event("s3", "PutBucketAcl", &more), |call| {
            assert_eq!(call.unwrap().outcome, expected, "{more}")
        });
    };
    check("", CallOutcome::Succeeded);
    check("null", CallOutcome::Succeeded);
    check(r#""""#, CallOutcome::Succeeded);
    check(r#""AccessDenied""#, CallOutcome::Refused);
    check(r#"["Throttling"]"#, CallOutcome::Refused);
    check("7", CallOutcome::Refused);
    check(r#""Client.RequestLimitExceeded""#, CallOutcome::Throttled);
    check(r#""Throttl\u0069ng""#, CallOutcome::Throttled);
}

#[test]
fn a_sign_in_is_a_call_of_its_own_kind() {
    let event = event(
        "signin",
        "ConsoleLogin",
        r#""requestParameters":null,"responseElements":{"ConsoleLogin":"Success"},"#,
    );
    let event = event.replace("AWS API Call via", "AWS Console Sign In via");
    with_call(&event, |call| {
        let call = call.expect("a call");
        assert!(call.is_sign_in());
        assert_eq!((&call.resource, call.wording, call.outcome), (&None, None, CallOutcome::Succeeded));
    });
}

#[test]
fn only_records_of_calls_are_calls() {
    let check = |from: &str, to: &str| {
        let event = event("s3", "PutBucketAcl", "").replace(from, to);
        with_call(&event, |call| assert_eq!(call, None, "{event}"));
    };
    check("AWS API Call via CloudTrail", "order");
    check(r#""detail-type":"AWS API Call via CloudTrail""#, r#""detail-type":7"#);
    check(r#""eventName":"PutBucketAcl","#, "");
    check(r#""eventSource":"s3.amazonaws.com","#, "");
}
