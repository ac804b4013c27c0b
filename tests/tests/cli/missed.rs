//! `enable --replay-missed`: what is refused before the rule is touched, and what becomes of a replay.

use std::process::Stdio;

use aws_sdk_eventbridge::types::{RuleState, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use crate::Bench;
use crate::overlay::{Answer, Overlay};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, payload};

const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/default";
const ENABLE: &str = "enable fix-acl --replay-missed";
/// The same without the minutes that AWS asks for.
const AT_ONCE: &str = "enable fix-acl --replay-missed --archive-delay 0s";

const LISTED: Answer = ("ListArchives", 200, r#"{"Archives":[{"ArchiveName":"calls"}]}"#);
const SERVES: Answer = (
    "DescribeArchive",
    200,
    r#"{"ArchiveName":"calls","ArchiveArn":"arn:aws:events:us-east-1:000000000000:archive/calls","State":"ENABLED","RetentionDays":7,"CreationTime":1000}"#,
);
const DISABLED: Answer = (
    "DescribeArchive",
    200,
    r#"{"ArchiveName":"calls","ArchiveArn":"arn:aws:events:us-east-1:000000000000:archive/calls","State":"DISABLED","StateReason":"no more","RetentionDays":7,"CreationTime":1000}"#,
);
const OTHERS: Answer = (
    "DescribeArchive",
    200,
    r#"{"ArchiveName":"calls","ArchiveArn":"arn:aws:events:us-east-1:000000000000:archive/calls","State":"ENABLED","EventPattern":"{\"source\":[\"orders\"]}","RetentionDays":0,"CreationTime":1000}"#,
);
const LATER: Answer = (
    "DescribeArchive",
    200,
    r#"{"ArchiveName":"calls","ArchiveArn":"arn:aws:events:us-east-1:000000000000:archive/calls","State":"ENABLED","RetentionDays":7,"CreationTime":9000000000}"#,
);
const DOUBTFUL: Answer = (
    "DescribeArchive",
    200,
    r#"{"ArchiveName":"calls","ArchiveArn":"arn:aws:events:us-east-1:000000000000:archive/calls","State":"ENABLED","EventPattern":"{\"account\":[\"000000000000\"]}","RetentionDays":7,"CreationTime":1000}"#,
);
const NO_REPLAYS: Answer = ("ListReplays", 200, r#"{"Replays":[]}"#);
/// Two pages for the first state, one for each of the others.
const TEN_REPLAYS: [Answer; 3] = [
    (
        "ListReplays",
        200,
        r#"{"Replays":[{"ReplayName":"1"},{"ReplayName":"2"},{"ReplayName":"3"},{"ReplayName":"4"}],"NextToken":"more"}"#,
    ),
    ("ListReplays", 200, r#"{"Replays":[{"ReplayName":"5"},{"ReplayName":"6"}]}"#),
    ("ListReplays", 200, r#"{"Replays":[{"ReplayName":"7"},{"ReplayName":"8"}]}"#),
];
const DENIED_REPLAYS: Answer = ("ListReplays", 400, r#"{"__type":"AccessDeniedException","message":"no"}"#);
const BUSY_ARCHIVES: Answer =
    ("ListArchives", 400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
const STARTED: Answer = ("StartReplay", 200, r#"{"State":"STARTING"}"#);
const BUSY: Answer = ("DescribeReplay", 400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
const RUNNING: Answer = ("DescribeReplay", 200, r#"{"State":"RUNNING","EventLastReplayedTime":9000000000}"#);
const COMPLETED: Answer = ("DescribeReplay", 200, r#"{"State":"COMPLETED"}"#);

impl Bench {
    /// A rule with a target, cut by hand.
    async fn cut(&self) -> Result<(), Failure> {
        self.rule("default", "fix-acl").await?;
        let work = self.world.create_queue("work").await?;
        self.world.add_queue_target("default", "fix-acl", "work", &work).await?;
        self.program.check("disable fix-acl --reason x", 0, &[], &[]).await?;
        Ok(())
    }

    /// Runs the command with these replies, on a rule that is cut, and returns the proxy with its calls.
    async fn replay_with(
        &self,
        answers: &'static [Answer],
        args: &str,
        exit: i32,
        words: (&[&str], &[&str]),
    ) -> Result<Overlay, Failure> {
        let overlay = Overlay::start(Some(&self.emulator.endpoint()), answers).await?;
        self.program_at(&overlay.endpoint)?.check(args, exit, words.0, words.1).await?;
        Ok(overlay)
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_rule_cut_and_says_how_to_go_on() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.rule("default", "fix-acl").await?;
    bench
        .program
        .check(ENABLE, 3, &[], &["refused: ", "the guard has not cut this rule", "enable-rule"])
        .await?;
    bench.program.check("enable fix-acl --archive-delay 1s", 2, &[], &["--replay-missed"]).await?;
    bench.cut().await?;
    let without = "hint: to put it back without them: budget-guard enable fix-acl --region us-east-1";
    let cases: &[(&'static [Answer], i32, &[&str])] = &[
        (
            &[],
            3,
            &[
                "refused: ",
                "bus \"default\" has no archive",
                without,
                "the stack's parameter ArchiveDays, or aws events create-archive --archive-name",
            ],
        ),
        (&[LISTED, DISABLED], 3, &["archive calls is DISABLED: no more", without]),
        (
            &[LISTED, OTHERS],
            3,
            &["archive calls leaves out events that the rule takes, by its pattern for source"],
        ),
        (
            &[LISTED, LATER],
            3,
            &["archive calls was made at 2255-", "for the events that it has: aws events start-replay"],
        ),
        (
            &[LISTED, SERVES, DENIED_REPLAYS],
            1,
            &["hint: the credentials in use need the permission events:ListReplays"],
        ),
        (&[BUSY_ARCHIVES], 1, &["error: ListArchives: ThrottlingException", "hint: AWS is busy"]),
    ];
    for (answers, exit, words) in cases {
        bench.replay_with(answers, ENABLE, *exit, (&[], words)).await?;
        assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Disabled, "{words:?}");
    }
    Ok(())
}

#[tokio::test]
async fn no_eleventh_replay_is_started() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    const ANSWERS: [Answer; 5] = [LISTED, SERVES, TEN_REPLAYS[0], TEN_REPLAYS[1], TEN_REPLAYS[2]];
    let by_hand =
        "hint: then, to replay them by hand: aws events start-replay --replay-name budget-guard-fix-acl-";
    let words = ["10 replays are under way, and AWS runs 10 at a time", "once one has ended", by_hand];
    let overlay = bench.replay_with(&ANSWERS, ENABLE, 3, (&[], &words)).await?;
    let asked: Vec<Value> = overlay
        .bodies("ListReplays")
        .iter()
        .map(|body| serde_json::from_str(body))
        .collect::<Result<_, _>>()?;
    let expected = [
        json!({"State": "STARTING"}),
        json!({"State": "STARTING", "NextToken": "more"}),
        json!({"State": "RUNNING"}),
        json!({"State": "CANCELLING"}),
    ];
    assert_eq!(asked, expected);
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);
    Ok(())
}

#[tokio::test]
async fn a_rule_that_takes_other_events_now_is_left_to_people() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    let (events, answers) = (&bench.world.events, &[LISTED, SERVES, NO_REPLAYS]);
    let put = |pattern: String| {
        events.put_rule().name("fix-acl").event_pattern(pattern).state(RuleState::Disabled).send()
    };
    put(r#"{"source":["orders"]}"#.to_owned()).await?;
    let words =
        ["it has changed since the cut", "event pattern", "start-replay", r#"--event-end-time "$(date -u"#];
    bench.replay_with(answers, ENABLE, 3, (&[], &words)).await?;
    put(payload::PATTERN.to_owned()).await?;
    let target = Target::builder().id("more").arn(&bench.world.attached_queue.arn).build()?;
    events.put_targets().rule("fix-acl").targets(target).send().await?;
    bench
        .replay_with(answers, ENABLE, 3, (&[], &["it has changed since the cut", "target more (added)"]))
        .await?;
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Disabled);

    let mut pattern: Value = serde_json::from_str(payload::PATTERN)?;
    pattern["replay-name"] = json!([{"exists": false}]);
    bench.world.create_rule("default", "live", &pattern.to_string(), RuleState::Enabled, &[]).await?;
    bench.program.check("disable live --reason x", 0, &[], &[]).await?;
    let words = ["its event pattern leaves out the events of replays"];
    bench.replay_with(answers, "enable live --replay-missed", 3, (&[], &words)).await?;
    Ok(())
}

#[tokio::test]
async fn the_replay_goes_to_the_rule_alone_and_is_followed_through_a_busy_aws() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    const ANSWERS: [Answer; 9] =
        [LISTED, DOUBTFUL, NO_REPLAYS, STARTED, BUSY, BUSY, BUSY, RUNNING, COMPLETED];
    let out = ["Rule \"fix-acl\" is ENABLED again", "were replayed to it."];
    let err = [
        "warning: archive calls may not have all the events: its pattern and the rule's cannot be compared for account",
        "AWS asks for 0s",
        "is started.",
        "replaying: 100 %",
    ];
    let overlay = bench.replay_with(&ANSWERS, AT_ONCE, 0, (&out, &err)).await?;
    let [start] = &overlay.bodies("StartReplay")[..] else { return Err("not one replay".into()) };
    let start: Value = serde_json::from_str(start)?;
    let rule = "arn:aws:events:us-east-1:000000000000:rule/fix-acl";
    assert_eq!(start["Destination"], json!({"Arn": BUS, "FilterArns": [rule]}));
    assert_eq!(start["EventSourceArn"], "arn:aws:events:us-east-1:000000000000:archive/calls");
    assert!(
        start["ReplayName"].as_str().is_some_and(|name| name.starts_with("budget-guard-fix-acl-")),
        "{start}"
    );
    let record = bench.program.json("status fix-acl", 0).await?;
    let (from, to) = (start["EventStartTime"].as_f64(), start["EventEndTime"].as_f64());
    assert!(from < to && from.is_some_and(|from| from.fract() == 0.0), "{start}");
    let cut: jiff::Timestamp = record["last_trip"]["at"].as_str().ok_or("no trip")?.parse()?;
    assert!(
        from.zip(to)
            .is_some_and(|(from, to)| (from - cut.as_second() as f64).abs() <= 1.0 && to - from < 60.0),
        "{start}"
    );
    assert_eq!(
        json!([overlay.bodies("ListArchives")[0].parse::<Value>()?]),
        json!([{"EventSourceArn": BUS}])
    );
    Ok(())
}

#[tokio::test]
async fn a_replay_that_does_not_end_well_leaves_the_rule_restored() -> Result<(), Failure> {
    const REFUSED: Answer =
        ("StartReplay", 400, r#"{"__type":"LimitExceededException","message":"too many"}"#);
    const BUSY_START: Answer =
        ("StartReplay", 400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
    const TWICE: Answer =
        ("StartReplay", 400, r#"{"__type":"ResourceAlreadyExistsException","message":"exists"}"#);
    const DENIED: Answer = ("DescribeReplay", 400, r#"{"__type":"AccessDeniedException","message":"no"}"#);
    const FAILED: Answer = (
        "DescribeReplay",
        200,
        r#"{"State":"FAILED","StateReason":"internal","EventLastReplayedTime":1795176000}"#,
    );
    const CANCELLED: Answer = ("DescribeReplay", 200, r#"{"State":"CANCELLED"}"#);
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    let by_hand = "hint: the rule is back; to replay what it missed: aws events start-replay --replay-name budget-guard-fix-acl-";
    let cases: &[(&'static [Answer], i32, &[&str])] = &[
        (&[LISTED, SERVES, NO_REPLAYS, REFUSED], 1, &["error: StartReplay: LimitExceededException", by_hand]),
        // The last attempt may come after the call's time is over.
        (&[LISTED, SERVES, NO_REPLAYS, BUSY_START], 1, &["error: StartReplay: ", by_hand]),
        (&[LISTED, SERVES, NO_REPLAYS, TWICE, COMPLETED], 0, &["is started."]),
        (
            &[LISTED, SERVES, NO_REPLAYS, STARTED, DENIED],
            1,
            &["events:DescribeReplay", "the replay goes on; to follow it"],
        ),
        (
            &[LISTED, SERVES, NO_REPLAYS, STARTED, FAILED],
            1,
            &["ended as FAILED: internal", "from 2026-11-20T12:00:00Z on", "-rest --event"],
        ),
        (&[LISTED, SERVES, NO_REPLAYS, STARTED, CANCELLED], 1, &["ended as CANCELLED", "the rule is back"]),
    ];
    for (answers, exit, words) in cases {
        bench.replay_with(answers, AT_ONCE, *exit, (&["is ENABLED again"], words)).await?;
        assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled, "{words:?}");
        bench.program.check("disable fix-acl --reason again", 0, &[], &[]).await?;
    }
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), cases[4].0).await?;
    let seen = bench.program_at(&overlay.endpoint)?.json(AT_ONCE, 1).await?;
    assert_eq!((&seen["result"], &seen["replay"]["state"]), (&json!("enabled"), &json!("FAILED")), "{seen}");
    bench.program.check("disable fix-acl --reason again", 0, &[], &[]).await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), cases[0].0).await?;
    let seen = bench.program_at(&overlay.endpoint)?.json(AT_ONCE, 1).await?;
    assert_eq!(
        (&seen["replay"]["archive"], &seen["replay"]["state"]),
        (&json!("calls"), &Value::Null),
        "{seen}"
    );
    Ok(())
}

/// Interrupts the command once it has said `after`. Returns its exit code and the rest of its messages.
async fn interrupt(mut command: Command, after: &str) -> Result<(Option<i32>, String), Failure> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut stderr = BufReader::new(child.stderr.take().ok_or("no standard error")?);
    let mut line = String::new();
    while !line.contains(after) {
        line.clear();
        if stderr.read_line(&mut line).await? == 0 {
            return Err(format!("the command ended without saying: {after}").into());
        }
    }
    let pid = child.id().ok_or("no process")?.to_string();
    Command::new("kill").args(["-INT", &pid]).status().await?;
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).await?;
    Ok((child.wait().await?.code(), rest))
}

#[tokio::test]
async fn an_interrupted_command_says_what_is_left_to_do() -> Result<(), Failure> {
    const ANSWERS: [Answer; 5] = [LISTED, SERVES, NO_REPLAYS, STARTED, RUNNING];
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &ANSWERS).await?;
    let program = bench.program_at(&overlay.endpoint)?;
    let (code, said) = interrupt(program.command(ENABLE), "AWS asks for 10m").await?;
    let words = [
        "interrupted before the replay was started",
        "are in the archive by",
        "to replay what it missed: aws events start-replay",
    ];
    assert!(code == Some(1) && words.iter().all(|words| said.contains(words)), "{code:?}: {said}");
    assert_eq!(overlay.bodies("StartReplay").len(), 0);
    assert_eq!(bench.world.rule_state("default", "fix-acl").await?, RuleState::Enabled);

    bench.program.check("disable fix-acl --reason again", 0, &[], &[]).await?;
    let (code, said) = interrupt(program.command(AT_ONCE), "is started.").await?;
    let words = [
        "interrupted before the end of the replay",
        "aws events describe-replay",
        "aws events cancel-replay",
    ];
    assert!(code == Some(1) && words.iter().all(|words| said.contains(words)), "{code:?}: {said}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_replayed_to_a_rule_that_is_cut_again() -> Result<(), Failure> {
    const ANSWERS: [Answer; 3] = [LISTED, SERVES, NO_REPLAYS];
    let bench = Bench::start(Kind::Ministack).await?;
    bench.cut().await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &ANSWERS).await?;
    let mut command = bench.program_at(&overlay.endpoint)?.command(&AT_ONCE.replace("0s", "4s"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().ok_or("no standard error")?);
    // Once the program has read the rule back, a change is another person's and no failed restore.
    while !said.contains("are replayed at") {
        assert_ne!(lines.read_line(&mut said).await?, 0, "{said}");
    }
    bench.world.events.disable_rule().name("fix-acl").send().await?;
    lines.read_to_string(&mut said).await?;
    let status = child.wait().await?;
    assert!(
        status.code() == Some(1)
            && said.contains("is disabled again, so nothing is replayed to it")
            && said.contains("hint: once it is enabled, to replay what it missed: aws events start-replay"),
        "{said}"
    );
    assert_eq!(overlay.bodies("StartReplay").len(), 0);
    Ok(())
}
