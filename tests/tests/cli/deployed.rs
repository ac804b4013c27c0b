//! Commands without settings: they are read from the deployed guard's function.

use aws_sdk_lambda::types::Environment;

use crate::Bench;
use crate::export::REGIONS;
use crate::overlay::{Answer, Overlay};
use budget_guard_core::settings::{ATTACHED_QUEUE, TABLE, TOPIC};
use budget_guard_tests::emulator::Kind;
use budget_guard_tests::{Failure, functions, while_doing};

const QUEUE: &str = "BUDGET_GUARD_QUEUE_ARN";

/// Creates the function of a guard with this name, with the settings of the bench.
async fn deploy(bench: &Bench, guard: &str) -> Result<(), Failure> {
    let function = format!("{guard}-ingest");
    functions::create(&bench.emulator, &function, "guard-role").await?;
    let of_queue = (ATTACHED_QUEUE, bench.world.attached_queue.arn.clone());
    let variables = bench.world.environment().into_iter().chain([of_queue]);
    let environment = variables.fold(Environment::builder(), |all, (name, value)| all.variables(name, value));
    let functions = aws_sdk_lambda::Client::new(&bench.emulator.sdk_config());
    let update = functions.update_function_configuration().function_name(&function);
    let updated = update.environment(environment.build()).send().await;
    updated.map(drop).map_err(while_doing("setting the function's environment"))
}

async fn found(mut bench: Bench) -> Result<(), Failure> {
    bench.rule("default", "fix-acl").await?;
    functions::create_role(&bench.emulator, "guard-role").await?;
    for name in [TABLE, TOPIC, QUEUE] {
        bench.program = bench.program.with(name, None);
    }
    let program = &bench.program;
    let lacks = "BUDGET_GUARD_TABLE is not set; it takes the name of a DynamoDB table; there is no function \
                 budget-guard-ingest in us-east-1";
    let hints = ["hint: give --table, or", "hint: is this the guard's Region", "as in --stack"];
    let disable = "disable fix-acl --reason incident-7";
    program.check(disable, 2, &[], &[&[lacks][..], &hints].concat()).await?;
    program
        .check("attach fix-acl", 2, &[], &["BUDGET_GUARD_QUEUE_ARN is not set", "there is no function"])
        .await?;

    deploy(&bench, "budget-guard").await?;
    program.check("attach fix-acl", 0, &["attached"], &[]).await?;
    program
        .check(disable, 0, &["is disabled"], &["hint: to put it back as it was: budget-guard enable"])
        .await?;
    program.check("status", 0, &["fix-acl"], &[]).await?;
    program.check("explain fix-acl", 0, &["cut by hand: incident-7"], &[]).await?;
    program.check("enable fix-acl", 0, &["is ENABLED again"], &[]).await?;
    program.check("detach fix-acl", 0, &["detached"], &[]).await?;
    // A value that is given outranks that of the guard.
    program.check("status --table nowhere", 1, &[], &["there is no table \"nowhere\""]).await?;

    // A guard that is named outranks the environment, and its name stays in the commands of the hints.
    deploy(&bench, "budget-guard-two").await?;
    let other = bench
        .program
        .with(TABLE, Some("of-another-guard"))
        .with(TOPIC, Some("arn:aws:sns:us-east-1:000000000000:x"));
    let undo = "budget-guard enable fix-acl --region us-east-1 --stack budget-guard-two";
    other.check(&format!("{disable} --stack budget-guard-two"), 0, &["is disabled"], &[undo]).await?;
    other
        .check("status --stack budget-guard-three", 2, &[], &["no function budget-guard-three-ingest"])
        .await?;
    other.check("status --stack guard", 2, &[], &["--stack is \"guard\"; expected the guard's name"]).await?;
    other.check("status", 1, &[], &["there is no table \"of-another-guard\""]).await.map(drop)
}

#[tokio::test]
async fn status_lists_the_guards_of_all_regions() -> Result<(), Failure> {
    let bench = Bench::start(Kind::Moto).await?;
    bench.rule("default", "fix-acl").await?;
    functions::create_role(&bench.emulator, "guard-role").await?;
    deploy(&bench, "budget-guard").await?;
    bench.program.check("disable fix-acl --reason incident-7", 0, &[], &[]).await?;
    let overlay = Overlay::start(Some(&bench.emulator.endpoint()), &REGIONS).await?;
    let program = bench.program_at(&overlay.endpoint)?.with(TABLE, Some("of-no-guard"));
    let said = [
        "left out, because the account has not enabled them: af-south-1",
        "no guard in: eu-west-1",
        "hint: why it was cut: budget-guard explain fix-acl --region us-east-1",
    ];
    program.check("status --all-regions", 0, &["us-east-1\nRULE", "fix-acl"], &said).await?;
    let rules = program.json("status --all-regions", 0).await?;
    assert_eq!(rules.as_array().map(Vec::len), Some(1), "{rules}");
    program.check("status --all-regions --open --bus orders", 0, &["no such rule"], &[]).await?;
    program.check("status --all-regions --region us-east-1", 2, &[], &["cannot be used with"]).await?;
    program.check("status --all-regions --watch", 2, &[], &["cannot be used with"]).await?;
    let no_terminal = ["--watch draws on a terminal", "hint: for scripts: budget-guard status --output json"];
    program.check("status --watch", 2, &[], &no_terminal).await?;
    let denied = Overlay::start(Some(&bench.emulator.endpoint()), &DENIED).await?;
    let hints =
        ["the permission account:ListRegions", "hint: without that right, ask for each Region by itself"];
    bench.program_at(&denied.endpoint)?.check("status --all-regions", 1, &[], &hints).await.map(drop)
}

/// Reply to a caller without the right to list the Regions.
const DENIED: [Answer; 1] =
    [("/listRegions", 403, r#"{"__type":"AccessDeniedException","message":"not authorized"}"#)];

#[tokio::test]
async fn a_guard_is_found_on_ministack() -> Result<(), Failure> {
    Box::pin(found(Bench::start(Kind::Ministack).await?)).await
}

#[tokio::test]
async fn a_guard_is_found_on_moto() -> Result<(), Failure> {
    Box::pin(found(Bench::start(Kind::Moto).await?)).await
}
