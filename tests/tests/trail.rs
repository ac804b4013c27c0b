//! Openers of role sessions: on an emulator, and against a server with replies in the form of AWS.

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use budget_guard_aws::{CloudTrail, SystemClock};
use budget_guard_core::model::{FaultKind, Timestamp};
use budget_guard_core::ports::{Clock, Trail};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::{Emulator, Kind};
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ROLE: &str = "arn:aws:iam::123456789012:role/team/member";
const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn trail(server: &MockServer) -> CloudTrail {
    let config = SdkConfig::builder()
        .region(Region::from_static("us-east-1"))
        .endpoint_url(server.uri())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "testing", "testing", None, None, "a test",
        )))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    CloudTrail::new(&config)
}

/// An event in the list of `LookupEvents`, this many seconds after noon.
fn event(name: &str, second: i64) -> Value {
    json!({"EventName": name, "EventTime": (NOON.as_second() + second) as f64 + 0.25, "EventSource": "sts.amazonaws.com",
        "EventId": format!("{name}-{second}"), "CloudTrailEvent": format!("{{\"n\":{second}}}")})
}

async fn answer(server: &MockServer, part: Value, reply: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(header("x-amz-target", "CloudTrail_20131101.LookupEvents"))
        .and(body_partial_json(part))
        .respond_with(reply)
        .mount(server)
        .await;
}

#[tokio::test]
async fn openings_are_read_page_by_page() -> Result<(), Failure> {
    let server = MockServer::start().await;
    let second = json!({"Events": [event("AssumeRoleWithSAML", 1)], "NextToken": ""});
    answer(&server, json!({"NextToken": "more"}), ResponseTemplate::new(200).set_body_json(second)).await;
    let first =
        json!({"Events": [event("AssumeRole", 9), event("AttachRolePolicy", 5)], "NextToken": "more"});
    let asked = json!({
        "LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": ROLE}],
        "StartTime": NOON.as_second(), "EndTime": NOON.as_second() + 60, "MaxResults": 50,
    });
    answer(&server, asked, ResponseTemplate::new(200).set_body_json(first)).await;
    let until = NOON + jiff::SignedDuration::from_secs(60);
    let found = trail(&server).openings(ROLE, NOON, until).await?;
    let found: Vec<(i64, &str)> =
        found.iter().map(|record| (record.at.as_second() - NOON.as_second(), &*record.json)).collect();
    assert_eq!(found, [(9, r#"{"n":9}"#), (1, r#"{"n":1}"#)]);
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_told_apart() {
    let check = async |code: &str, expected: FaultKind| {
        let server = MockServer::start().await;
        let refused = ResponseTemplate::new(400).set_body_json(json!({"__type": code, "message": "no"}));
        answer(&server, json!({}), refused).await;
        let fault = trail(&server).openings(ROLE, NOON, NOON).await.expect_err("refused");
        assert_eq!(fault.kind, expected, "{code}");
        let calls = server.received_requests().await.unwrap_or_default().len();
        assert_eq!(calls, 1, "firings wait: {code}");
    };
    check("ThrottlingException", FaultKind::Throttled).await;
    check("AccessDeniedException", FaultKind::Denied).await;
}

/// The emulator's audit log has no response of `AssumeRole`, but it speaks the protocol.
#[tokio::test]
async fn an_emulator_understands_the_question() -> Result<(), Failure> {
    let emulator = Emulator::start(Kind::Ministack).await?;
    let trail = CloudTrail::new(&emulator.sdk_config());
    let now = SystemClock.now();
    assert_eq!(trail.openings(ROLE, now - jiff::SignedDuration::from_hours(1), now).await?, []);
    Ok(())
}
