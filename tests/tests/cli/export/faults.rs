//! Parts that cannot be read: denied, throttled, deleted meanwhile, interrupted.

use std::fs;
use std::time::Duration;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::Kind;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{folder, lines, looping};
use crate::Bench;
use crate::overlay::{Answer, Overlay};

const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"not authorized"}"#;
const THROTTLED: &str = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
const GONE: &str =
    r#"{"__type":"ResourceNotFoundException","message":"Rule fix-acl does not exist on EventBus default."}"#;

/// Exports rule `fix-acl` with these answers of AWS. Returns the rules of the file, and the text of it.
async fn export(
    answers: &'static [Answer],
    exit: i32,
    said: &[&str],
) -> Result<(Bench, tempfile::TempDir, Vec<serde_json::Value>), Failure> {
    let bench = Bench::start(Kind::Ministack).await?;
    looping(&bench).await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), answers).await?;
    let program = bench.program_at(&overlay.endpoint)?;
    let folder = folder()?;
    let path = folder.path().join("rules.jsonl");
    program.check(&format!("rules export --file {}", path.display()), exit, &[], said).await?;
    let rules = if path.exists() { lines(&fs::read_to_string(&path)?)? } else { Vec::new() };
    Ok((bench, folder, rules))
}

#[tokio::test]
async fn what_is_denied_is_named_and_unknown_to_lint_and_replay() -> Result<(), Failure> {
    const ANSWERS: [Answer; 2] = [("ListTargetsByRule", 400, DENIED), ("ListTagsForResource", 400, DENIED)];
    let said = [
        "1 rule in us-east-1; 1 with targets that are not fully known",
        "warning: not read, 1: targets of fix-acl (ListTargetsByRule: AccessDeniedException)",
        "warning: not read, 1: tags of fix-acl (ListTagsForResource: AccessDeniedException)",
        "hint: the credentials in use need the permission events:ListTargetsByRule",
        "hint: the credentials in use need the permission events:ListTagsForResource",
    ];
    let (bench, folder, rules) = export(&ANSWERS, 1, &said).await?;
    assert_eq!((rules[0].get("Targets"), rules[0].get("Tags")), (None, None));
    let unknown = json!([
        "targets: ListTargetsByRule: AccessDeniedException: not authorized",
        "tags: ListTagsForResource: AccessDeniedException: not authorized"
    ]);
    assert_eq!(rules[0]["unknown"], unknown);
    let told = ["cannot be told: 1"];
    let at = folder.path().display();
    bench.program.check(&format!("lint {at}/rules.jsonl"), 0, &[], &told).await?;
    Ok(())
}

/// The role of a function that cannot be read is not taken for no role.
#[tokio::test]
async fn an_actor_that_is_denied_is_unknown_and_not_nobody() -> Result<(), Failure> {
    const FUNCTION: &str = "/2015-03-31/functions/\
        arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Afixer/configuration";
    const ANSWERS: [Answer; 1] = [(FUNCTION, 403, DENIED)];
    let said = [
        "actors behind targets of fix-acl (lambda:GetFunctionConfiguration is denied)",
        "hint: the credentials in use need the permission lambda:GetFunctionConfiguration",
    ];
    let (bench, folder, rules) = export(&ANSWERS, 1, &said).await?;
    let target = &rules[0]["Targets"][0];
    assert_eq!(target["unfollowed"], "lambda:GetFunctionConfiguration is not allowed");
    let at = folder.path().display();
    fs::write(folder.path().join("log.json"), super::log(bench.emulator.account(), 5))?;
    bench.program.check(&format!("lint {at}/rules.jsonl"), 0, &[], &["cannot be told: 1"]).await?;
    let replay = format!("replay --rules {at}/rules.jsonl {at}/log.json");
    bench.program.check(&replay, 0, &["unknown"], &[]).await?;
    Ok(())
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() -> Result<(), Failure> {
    const ANSWERS: [Answer; 4] = [
        ("ListTagsForResource", 400, THROTTLED),
        ("ListTagsForResource", 400, THROTTLED),
        ("ListTagsForResource", 400, THROTTLED),
        ("ListTagsForResource", 200, r#"{"Tags":[{"Key":"a","Value":"b"}]}"#),
    ];
    let (_, _, rules) = export(&ANSWERS, 0, &["1 rule in us-east-1"]).await?;
    assert_eq!(rules[0]["Tags"], json!([{"Key": "a", "Value": "b"}]));
    Ok(())
}

#[tokio::test]
async fn a_rule_that_is_deleted_meanwhile_is_named() -> Result<(), Failure> {
    const ANSWERS: [Answer; 1] = [("ListTargetsByRule", 400, GONE)];
    let said = ["left out, because it was deleted meanwhile: rule fix-acl", "0 rules in us-east-1"];
    let (_, _, rules) = export(&ANSWERS, 0, &said).await?;
    assert!(rules.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_bus_that_cannot_be_listed_is_named() -> Result<(), Failure> {
    const BUSES: [Answer; 1] = [("ListEventBuses", 400, DENIED)];
    let said = [
        "not read, 1: the buses besides default of us-east-1 (ListEventBuses: AccessDeniedException)",
        "hint: the credentials in use need the permission events:ListEventBuses",
    ];
    let (_, _, rules) = export(&BUSES, 1, &said).await?;
    assert_eq!(rules.len(), 1, "those of the default bus");
    // Without any rule there is no file, which could be taken for the export of an account that has none.
    const NOTHING: [Answer; 2] = [("ListEventBuses", 400, DENIED), ("ListRules", 400, DENIED)];
    let (_, folder, rules) = export(&NOTHING, 1, &["error: ListEventBuses: AccessDeniedException"]).await?;
    assert!(rules.is_empty());
    assert_eq!(fs::read_dir(folder.path())?.count(), 0, "no file");
    Ok(())
}

#[tokio::test]
async fn an_interrupted_export_leaves_the_file_as_it_was() -> Result<(), Failure> {
    const ANSWERS: [Answer; 1] = [("ListTagsForResource", 400, THROTTLED)];
    let bench = Bench::start(Kind::Ministack).await?;
    bench.rule("default", "fix-acl").await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &ANSWERS).await?;
    let program = bench.program_at(&overlay.endpoint)?;
    let folder = folder()?;
    let path = folder.path().join("rules.jsonl");
    fs::write(&path, "before\n")?;
    let mut command = program.command(&format!("rules export --file {}", path.display()));
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    let id = i32::try_from(child.id().ok_or("it ended")?)?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while overlay.bodies("ListTagsForResource").is_empty() {
        assert!(Instant::now() < deadline, "it makes no call");
        sleep(Duration::from_millis(20)).await;
    }
    let names = || -> Result<usize, Failure> { Ok(fs::read_dir(folder.path())?.count()) };
    assert_eq!(names()?, 2, "the file, and the unfinished one");
    let kill = std::process::Command::new("kill").args(["-INT", &id.to_string()]).status()?;
    assert!(kill.success());
    let output = child.wait_with_output().await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted; ") && said.contains("rules.jsonl was not written"), "{said}");
    assert_eq!((names()?, fs::read_to_string(&path)?), (1, "before\n".to_owned()));
    Ok(())
}
