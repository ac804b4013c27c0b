//! `pressure`, `pressure --clear`, and the output of `status` while a budget is overspent.

use std::time::Duration;

use budget_guard_aws::SystemClock;
use budget_guard_core::budget::{FollowUp, OverspentBudget, OverspentBudgets};
use budget_guard_core::model::{AlertBasis, Timestamp};
use budget_guard_core::ports::Clock;
use budget_guard_core::run::{load, save};
use budget_guard_core::stored::Key;
use jiff::SignedDuration;
use serde_json::json;

use crate::Bench;
use crate::overlay::{Answer, Overlay};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, payload};

const SOON: Duration = Duration::from_secs(10);

/// An overspent budget of 100 USD.
fn press(name: &str, since: Timestamp, until: Timestamp) -> OverspentBudget {
    OverspentBudget {
        name: name.into(),
        basis: AlertBasis::Actual,
        since,
        until,
        reason: format!("the budget \"{name}\" has spent 91.25 USD"),
        limit: "$100".parse().ok(),
        threshold: "$80".parse().ok(),
        amount: "$91.25".parse().ok(),
        follow_up: FollowUp::default(),
    }
}

/// Stores overspent budgets as the function does. Returns the start, and the end of the first budget, in whole seconds.
async fn overspend(bench: &Bench, names: &[&str]) -> Result<[Timestamp; 2], Failure> {
    let second = Timestamp::from_second(SystemClock.now().as_second())?;
    let (since, until) = (second - SignedDuration::from_mins(5), second + SignedDuration::from_hours(48));
    let mut pressure = OverspentBudgets::default();
    for name in names {
        pressure.record(press(name, since, until), since);
        pressure.told(name, since);
    }
    let store = bench.guard()?.ports.store;
    let version = load::<OverspentBudgets>(&store, Key::Budgets).await?.map(|(_, version)| version);
    save(&store, &pressure, version, SystemClock.now()).await?;
    Ok([since, until])
}

#[tokio::test]
async fn pressure_on_ministack() -> Result<(), Failure> {
    Box::pin(shown_and_ended(Bench::start(Kind::Ministack).await?)).await
}

#[tokio::test]
async fn pressure_on_moto() -> Result<(), Failure> {
    Box::pin(shown_and_ended(Bench::start(Kind::Moto).await?)).await
}

async fn shown_and_ended(bench: Bench) -> Result<(), Failure> {
    let program = &bench.program;
    let none = ["no budget presses in us-east-1: the limits are what they always are"];
    assert_eq!(program.check("pressure", 0, &[], &none).await?, "");
    assert_eq!(program.json("pressure", 0).await?, json!([]));
    let nothing = ["refused: no budget presses, so there is nothing to end", "hint: to see what is known"];
    program.check("pressure --clear --reason x", 3, &[], &nothing).await?;
    program.check("pressure --clear --reason x --output json", 3, &[], &nothing).await?;

    let [since, until] = overspend(&bench, &["team blue", "all"]).await?;
    shown(&bench, since, until).await?;
    let reason = "--reason a-planned-migration";
    let ended = ["The budget \"all\" no longer presses.\nThe budget \"team blue\" no longer presses.\n"];
    let hint =
        ["rules that were cut stay cut: budget-guard status --region us-east-1; running functions follow"];
    program.check(&format!("pressure --clear {reason}"), 0, &ended, &hint).await?;
    // There is an alert, and the table has the reason.
    let alerts = bench.world.wait_for_alerts(2, SOON).await?;
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert_eq!(alerts[1].kind(), "budget");
    assert_eq!(alerts[1].subject.as_deref(), Some("Budget pressure cleared by hand"));
    assert_eq!(alerts[1].message["outcome"], "cleared");
    let why = r#"the pressure of the budget "team blue" was ended by hand: a-planned-migration"#;
    assert_eq!(alerts[1].message["reason"], why);
    assert_eq!(alerts[1].attributes["dedup_id"], format!("budget/team blue/{since}/cleared"));
    let by_hand =
        ["\"all\"\n  ended by hand at 20", ": a-planned-migration\n  why: the budget \"all\" has spent"];
    let out = program.check("pressure", 0, &by_hand, &[]).await?;
    assert!(!out.contains("presses since"), "{out}");
    let listed = program.json("pressure", 0).await?;
    assert_eq!(
        (&listed[0]["is_pressing"], &listed[0]["cleared"]["reason"]),
        (&json!(false), &json!("a-planned-migration"))
    );
    program.check(&format!("pressure --clear {reason}"), 3, &[], &nothing).await?;
    assert_eq!(bench.world.alerts().await?.len(), 0);
    let quiet = program.run("status").await?;
    assert!(!String::from_utf8(quiet.stderr)?.contains("suspects are cut"));
    Ok(())
}

async fn shown(bench: &Bench, since: Timestamp, until: Timestamp) -> Result<(), Failure> {
    let program = &bench.program;
    let lines = [
        format!("\"all\"\n  presses since {since}, until {until} or until AWS says that it is OK again\n"),
        "\"team blue\"\n  presses since ".to_owned(),
        "  why: the budget \"team blue\" has spent 91.25 USD\n".to_owned(),
    ];
    let clear = ["hint: to end it: budget-guard pressure --clear --reason TEXT --region us-east-1"];
    program.check("pressure", 0, &lines.each_ref().map(String::as_str), &clear).await?;
    // The commands in hints have the options of this run.
    let elsewhere = bench.program_at(&bench.emulator.endpoint())?.with("BUDGET_GUARD_TABLE", None);
    let (table, topic) = (&bench.world.table, &bench.world.topic_arn);
    let hint = format!("TEXT --region us-east-1 --table {table} --topic {topic}\n");
    elsewhere.check(&format!("pressure --table {table} --topic {topic}"), 0, &[], &[&hint]).await?;
    let expected = json!({
        "budget": {
            "name": "team blue",
            "limit": "100.00 USD",
            "threshold": "80.00 USD",
            "amount": "91.25 USD",
            "until": until,
        },
        "is_pressing": true,
        "since": since,
        "reason": "the budget \"team blue\" has spent 91.25 USD",
    });
    assert_eq!(program.json("pressure", 0).await?[1], expected);

    let warning = |divided: &str| {
        format!(
            "warning: the budget \"all\" has spent 91.25 USD: {divided}suspects are cut, until {until} or until AWS says \
             that it is OK again; see budget-guard pressure --region us-east-1\n"
        )
    };
    let by_four = warning("limits are divided by 4 and ");
    program.check("status", 0, &[], &[&by_four, "no rule has fired", "\"team blue\""]).await?;
    program.check("status --output json", 0, &["[]"], &[&by_four]).await?;
    let tenth = bench.program_at(&bench.emulator.endpoint())?.with("BUDGET_GUARD_PRESSURE", Some("10"));
    tenth.check("status", 0, &[], &[&warning("limits are divided by 10 and ")]).await?;
    let off = bench.program_at(&bench.emulator.endpoint())?.with("BUDGET_GUARD_PRESSURE", Some("1"));
    off.check("status", 0, &[], &[&warning("")]).await?;
    Ok(())
}

#[tokio::test]
async fn what_could_not_be_told_is_told_by_the_function() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    overspend(&bench, &["team blue"]).await?;
    let missing = "arn:aws:sns:us-east-1:000000000000:missing";
    let hints = [
        "warning: nobody was told yet: Publish: NotFound",
        "hint: is this the guard's topic? --topic names another",
        "hint: the alert is kept, and the guard's function publishes it with its next tick",
    ];
    let ended = ["The budget \"team blue\" no longer presses.\n"];
    bench.program.check(&format!("pressure --clear --reason x --topic {missing}"), 0, &ended, &hints).await?;
    assert_eq!(bench.world.alerts().await?.len(), 0);
    // Whoever began to publish it has a minute.
    let until = json!(SystemClock.now());
    bench
        .world
        .edit_item("pressure", "pressure", |stored| stored["outbox"][0]["lease"]["until"] = until)
        .await?;
    let guard = bench.guard()?;
    for _ in 0..2 {
        let (reply, summary) = Box::pin(guard.handle(&payload::tick(&payload::now()))).await;
        assert!(reply.is_ok() && summary.failed == 0, "{:?}", summary.notes);
    }
    let alerts = bench.world.wait_for_alerts(1, SOON).await?;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].message["reason"], r#"the pressure of the budget "team blue" was ended by hand: x"#);
    Ok(())
}

#[tokio::test]
async fn a_table_that_cannot_be_read_or_written_is_named() -> Result<(), Failure> {
    const DENIED: Answer = (
        "GetItem",
        400,
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:GetItem"}"#,
    );
    const READ_ONLY: Answer = (
        "PutItem",
        400,
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:PutItem"}"#,
    );
    let bench = Bench::start(Kind::Ministack).await?;
    overspend(&bench, &["team blue"]).await?;
    let check = async |answers: &'static [Answer], args: &str, exit: i32, stderr: &[&str]| {
        let overlay = Overlay::start(Some(&bench.emulator.endpoint()), answers).await?;
        bench.program_at(&overlay.endpoint)?.check(args, exit, &[], stderr).await
    };
    let get = [
        "error: GetItem: AccessDeniedException",
        "hint: the credentials in use need the permission dynamodb:GetItem",
    ];
    check(&[DENIED], "pressure", 1, &get).await?;
    check(&[DENIED], "pressure --clear --reason x", 1, &get).await?;
    // Without the item, the rules are listed all the same.
    let unread =
        ["warning: whether a budget presses was not read: GetItem: AccessDenied", "no rule has fired"];
    check(&[DENIED], "status", 0, &unread).await?;
    let put = ["error: PutItem: AccessDeniedException", "need the permission dynamodb:PutItem on table"];
    check(&[READ_ONLY], "pressure --clear --reason x", 1, &put).await?;
    bench.program.check("pressure", 0, &["presses since"], &[]).await?;
    let missing = ["there is no table \"nowhere\" in us-east-1", "hint: is this the guard's Region"];
    bench.program.check("pressure --table nowhere", 1, &[], &missing).await?;
    Ok(())
}
