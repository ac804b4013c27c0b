//! Replies that no emulator gives: AWS denies, throttles, fails in part, or manages the rule.

use aws_sdk_eventbridge::types::RuleState;

use crate::Bench;
use crate::overlay::{Answer, Overlay};
use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Kind;

const DENIED_SCAN: Answer = (
    "Scan",
    400,
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"User: arn:aws:iam::000000000000:user/ann is not authorized to perform: dynamodb:Scan"}"#,
);
const DENIED_DISABLE: Answer = (
    "DisableRule",
    400,
    r#"{"__type":"AccessDeniedException","message":"User: arn:aws:iam::000000000000:user/ann is not authorized to perform: events:DisableRule"}"#,
);
const DENIED_DESCRIBE: Answer =
    ("DescribeRule", 400, r#"{"__type":"AccessDeniedException","message":"not authorized"}"#);
const EXPIRED: Answer = (
    "Scan",
    400,
    r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#,
);
const UNKNOWN_KEY: Answer = (
    "Scan",
    400,
    r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
);
const NO_BUS: [Answer; 2] = [
    (
        "DescribeRule",
        400,
        r#"{"__type":"ResourceNotFoundException","message":"Event bus nobus does not exist."}"#,
    ),
    (
        "ListRules",
        400,
        r#"{"__type":"ResourceNotFoundException","message":"Event bus nobus does not exist."}"#,
    ),
];
const MANAGED: Answer = (
    "DescribeRule",
    200,
    r#"{"Name":"fix-acl","Arn":"arn:aws:events:us-east-1:000000000000:rule/fix-acl","State":"ENABLED","EventPattern":"{}","ManagedBy":"securityhub.amazonaws.com"}"#,
);
const HALF_PUT: Answer = (
    "PutTargets",
    200,
    r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"budget-guard","ErrorCode":"ConcurrentModificationException","ErrorMessage":"another call"}]}"#,
);
const HALF_REMOVED: Answer = (
    "RemoveTargets",
    200,
    r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"budget-guard","ErrorCode":"InternalException","ErrorMessage":"sorry"}]}"#,
);
/// Reply of a proxy between the program and AWS.
const PROXY: Answer = ("Scan", 403, "<html>no</html>");

impl Bench {
    /// Runs one command with these replies.
    pub async fn check_at(
        &self,
        answers: &'static [Answer],
        args: &str,
        exit: i32,
        stdout: &[&str],
        stderr: &[&str],
    ) -> Result<(), Failure> {
        let overlay = Overlay::start(Some(&self.emulator.endpoint()), answers).await?;
        self.program_at(&overlay.endpoint)?.check(args, exit, stdout, stderr).await?;
        Ok(())
    }
}

#[tokio::test]
async fn failed_calls_say_what_to_do_next() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.rule("default", "fix-acl").await?;
    let cases: &[(&'static [Answer], &str, i32, &[&str])] = &[
        (
            &[DENIED_SCAN],
            "status",
            1,
            &["hint: the credentials in use need the permission dynamodb:Scan on table"],
        ),
        (
            &[DENIED_DESCRIBE],
            "attach fix-acl",
            1,
            &["hint: the credentials in use need the permission events:DescribeRule"],
        ),
        (&[EXPIRED], "status", 1, &["hint: the credentials have expired; sign in again: aws sso login"]),
        (&[UNKNOWN_KEY], "status", 1, &["hint: AWS does not accept these credentials"]),
        (&[PROXY], "status", 1, &["hint: the answer does not look like AWS's"]),
        (
            &NO_BUS,
            "status x --bus nobus",
            1,
            &["there is no event bus \"nobus\"", "aws events list-event-buses"],
        ),
        (&[MANAGED], "attach fix-acl", 3, &["the AWS service securityhub.amazonaws.com manages it"]),
        (
            &[MANAGED],
            "disable fix-acl --reason x",
            3,
            &["the AWS service securityhub.amazonaws.com manages it"],
        ),
        (
            &[HALF_PUT],
            "attach fix-acl",
            1,
            &["error: rule \"fix-acl\": PutTargets: ConcurrentModificationException"],
        ),
    ];
    for (answers, args, exit, stderr) in cases {
        bench.check_at(answers, args, *exit, &[], stderr).await?;
    }
    bench.program.check("attach fix-acl", 0, &["attached"], &[]).await?;
    let sorry = ["error: rule \"fix-acl\": RemoveTargets: InternalException: sorry"];
    bench.check_at(&[HALF_REMOVED], "detach fix-acl", 1, &[], &sorry).await?;
    Ok(())
}

#[tokio::test]
async fn a_cut_that_is_denied_is_recorded_and_can_be_taken_back() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    let arn = bench.rule("default", "fix-acl").await?;
    let told = [
        "error: could not disable rule \"fix-acl\": DisableRule: AccessDeniedException",
        "hint: the credentials in use need the permission events:DisableRule",
        "hint: the order is recorded: the guard tries again every minute",
    ];
    bench.check_at(&[DENIED_DISABLE], "disable fix-acl --reason x", 1, &[], &told).await?;
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);
    let warning = "warning: rule \"fix-acl\": 1 attempt to disable failed";
    bench.program.check("status", 0, &["  open  "], &[warning]).await?;
    bench.program.check("status fix-acl", 0, &["open (rule about to be disabled)"], &[]).await?;
    bench.program.check("enable fix-acl", 0, &["is ENABLED again"], &[]).await?;
    assert_eq!(bench.program.json("status", 0).await?[0]["breaker"], "half-open");

    // An operator without the right to read rules can still read the records.
    for rule in ["fix-acl", arn.as_str()] {
        let told = ["could not be read", "events:DescribeRule"];
        bench
            .check_at(
                &[DENIED_DESCRIBE],
                &format!("status {rule}"),
                0,
                &["half-open (rule enabled on probation)"],
                &told,
            )
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_alert_that_cannot_be_sent_is_kept() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.rule("default", "fix-acl").await?;
    let topic = bench.world.topic_arn.replace("budget-guard", "nowhere");
    let disable = format!("disable fix-acl --reason x --topic {topic}");
    let told = [
        "warning: could not publish the alert",
        "hint: is this the guard's topic?",
        "hint: the alert is kept",
    ];
    bench.program.check(&disable, 0, &["is disabled"], &told).await?;
    bench.program.check("status", 0, &["  open  "], &["1 alert not yet published"]).await?;
    assert_eq!(bench.program.json("status", 0).await?[0]["pending_alerts"], 1);
    Ok(())
}
