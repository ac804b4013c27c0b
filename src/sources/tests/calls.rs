//! Calls as CloudTrail records them, and who made them on what.

use super::super::*;
use crate::model::Fingerprint;

/// A CloudTrail event whose `detail` has these members besides service and operation.
fn event(service: &str, operation: &str, more: &str) -> String {
    format!(
        r#"{{"id":"e-1","source":"aws.any","detail-type":"AWS API Call via CloudTrail","time":"2026-11-20T10:00:00Z","detail":{{"eventSource":"{service}.amazonaws.com","eventName":"{operation}",{more}"eventID":"c-1"}}}}"#
    )
}

/// The call of such an event, read by `serde_json` and in one pass, which have to agree.
fn with_call<T>(event: &str, see: impl FnOnce(Option<&Call<'_>>) -> T) -> T {
    let body = serde_json::to_string(event).unwrap();
    let batch = format!(r#"{{"Records":[{{"messageId":"m","body":{body},"eventSource":"aws:sqs"}}]}}"#);
    let Ok(Payload::Queue(messages)) = decode(batch.as_bytes()) else { panic!("no batch: {batch}") };
    let slow = decode_body(event).expect(event);
    assert_eq!(messages[0].body.as_ref().unwrap().received().as_ref(), Ok(&slow), "{event}");
    let Received::Bus(bus) = slow else { panic!("{slow:?}") };
    see(bus.event.call.as_ref())
}

/// The name of the resource, or why there is none.
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

fn parameters(parameters: &str) -> u32 {
    let more = format!(r#""requestParameters":{parameters},"#);
    with_call(&event("any", "Put", &more), |call| call.unwrap().parameters)
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
        "any.amazonaws.com",
    );
    check("UpdateAccountPasswordPolicy", r#"{"minimumPasswordLength":14}"#, "any.amazonaws.com");
    check("Odd", r#"{"instanceId":7,"name":null,"id":"","arn":true}"#, "any.amazonaws.com");
    check("Odd", r#""text""#, "any.amazonaws.com");
    let deep = format!(r#"{{"a":{}"x"{}}}"#, r#"{"id":"#.repeat(20), "}".repeat(20));
    check("Deep", &deep, "any.amazonaws.com");
    let many = format!(r#"{{"a":[{}{{"id":"late"}}]}}"#, "0,".repeat(100));
    check("Many", &many, "any.amazonaws.com");
}

#[test]
fn what_the_parameters_do_not_tell() {
    let check = |more: &str, expected: &str| assert_eq!(resource("Put", more), expected, "{more}");
    check("", "any.amazonaws.com");
    check(r#""requestParameters":null,"#, "any.amazonaws.com");
    check(r#""requestParameters":{},"#, "any.amazonaws.com");
    // It may have been a call on anything: nothing may be merged by it.
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
    check(r#""resources":{},"#, "any.amazonaws.com");
}

#[test]
fn calls_on_the_same_meet() {
    let check = |one: (&str, &str), other: (&str, &str), expected: bool| {
        assert_eq!(ids(one.0, one.1).meets(ids(other.0, other.1)), expected, "{one:?} {other:?}");
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
    check(("DeleteAccountPasswordPolicy", "null"), ("UpdateAccountPasswordPolicy", r#"{"length":14}"#), true);
    let orders =
        r#"{"dBInstanceIdentifier":"orders","dBSubnetGroupName":"s","dBName":"shop","optionGroupName":"o"}"#;
    check(("CreateDBInstance", orders), ("ModifyDBInstance", r#"{"dBInstanceIdentifier":"orders"}"#), true);
}

#[test]
fn a_fingerprint_tells_parameters_apart_but_not_tokens() {
    let check = |one: &str, other: &str, same: bool| {
        assert_eq!(parameters(one) == parameters(other), same, "{one} {other}");
    };
    check(r#"{"a":"b"}"#, r#"{"a":"b"}"#, true);
    check(r#"{"a":"b"}"#, r#"{ "a" : "b" }"#, true);
    check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, false);
    check(r#"{"a":"b"}"#, r#"{"b":"a"}"#, false);
    check(r#"{"a":"1"}"#, r#"{"a":1}"#, false);
    check(r#"{"a":"b","c":"d"}"#, r#"{"a":"bcd"}"#, false);
    check(r#"{"a":{"b":["\"","\\",1]}}"#, r#"{"a":{"b":["\"","\\",2]}}"#, false);
    check(r#"{"policy":"{\"Effect\":\"Allow\"}"}"#, r#"{"policy":"{\"Effect\":\"Deny\"}"}"#, false);
    check(r#"{"name":"n","clientToken":"1"}"#, r#"{"name":"n","clientToken":"2"}"#, true);
    check(r#"{"name":"n"}"#, r#"{"name":"n","clientRequestToken":"2"}"#, true);
    check("null", "{}", true);
    assert_eq!(parameters(r#"{"a":"b"}"#), Fingerprint::of("a\u{1}b\u{3}"), "stored ones stay comparable");
}

#[test]
fn a_call_says_who_made_it() {
    let check = |identity: &str, role: Option<&str>, invoked_by: Option<&str>| {
        let event = event("s3", "PutBucketAcl", &format!(r#""userIdentity":{identity},"#));
        with_call(&event, |call| {
            let call = call.expect("a call");
            assert_eq!((&*call.service, &*call.operation), ("s3.amazonaws.com", "PutBucketAcl"));
            assert_eq!((call.role.as_deref(), call.invoked_by.as_deref()), (role, invoked_by), "{identity}");
        });
    };
    check("null", None, None);
    check(r#"{"type":"IAMUser","arn":"arn:aws:iam::1:user/ann"}"#, None, None);
    let issuer = r#""sessionContext":{"attributes":{"mfaAuthenticated":"false"},"sessionIssuer":{"type":"Role","arn":"arn:r"}}"#;
    check(&format!(r#"{{"type":"AssumedRole",{issuer}}}"#), Some("arn:r"), None);
    check(
        &format!(r#"{{{issuer},"invokedBy":"cloudformation.amazonaws.com"}}"#),
        Some("arn:r"),
        Some("cloudformation.amazonaws.com"),
    );
    check(r#"{"type":"AWSService","invokedBy":"rds.amazonaws.com"}"#, None, Some("rds.amazonaws.com"));
    check(r#"{"type":"AWSService"}"#, None, Some("s3.amazonaws.com"));
    check(r#"{"type":"IAMUser","arn":"a","invokedBy":"signin.amazonaws.com"}"#, None, None);
    check(r#"{"sessionContext":{"sessionIssuer":[]}}"#, None, None);
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
