//! Behaviour without AWS: wrong arguments, missing settings, credentials, help, completions.

use budget_guard_tests::Failure;
use budget_guard_tests::program::Program;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";
const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";

/// Program with every setting, and with an endpoint that does not answer.
fn program() -> Result<Program, Failure> {
    let settings = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("BUDGET_GUARD_TABLE", "guard"),
        ("BUDGET_GUARD_TOPIC_ARN", TOPIC),
        ("BUDGET_GUARD_QUEUE_ARN", "arn:aws:sqs:us-east-1:123456789012:guard"),
    ];
    Program::new(&settings.map(|(name, value)| (name, value.to_owned())))
}

#[tokio::test]
async fn bad_input_says_what_was_seen_and_what_is_expected() -> Result<(), Failure> {
    let program = program()?;
    let long = format!("disable fix-acl --reason {}", "x".repeat(301));
    let mixed = format!("attach {RULE} arn:aws:events:eu-west-1:123456789012:rule/other");
    let cases: &[(&str, &[&str])] = &[
        ("", &["Usage: budget-guard"]),
        ("stauts", &["unrecognized subcommand", "status"]),
        ("explain", &["<RULE>"]),
        ("enable", &["<RULE>"]),
        ("disable fix-acl", &["--reason <TEXT>"]),
        ("attach", &["<RULE>..."]),
        ("completions tcsh", &["tcsh", "possible values: bash"]),
        ("status --output yaml", &["yaml", "possible values: text, json"]),
        (
            "status --output html",
            &["--output html: this command has text, json alone", "hint: html is for explain and replay"],
        ),
        ("explain fix-acl --output markdown", &["this command has text, json, html alone"]),
        ("explain fix-acl --output json --to a", &["--to a: expected with --output html or markdown"]),
        ("status a*b", &[r#""a*b" is not a rule"#, "expected a name"]),
        ("status /fix-acl", &[r#""" is not the name of an event bus"#]),
        ("status fix-acl --bus a:b", &[r#""a:b" is not the name of an event bus"#]),
        ("status --bus a:b", &[r#""a:b" is not the name of an event bus"#]),
        (
            "explain arn:aws:lambda:us-east-1:123456789012:function:f",
            &["is not a rule ARN", "expected arn:aws:events"],
        ),
        ("enable orders/fix-acl --bus default", &[r#"--bus is "default", but"#, r#"on bus "orders""#]),
        ("pressure --clear", &["--reason <TEXT>"]),
        ("pressure --reason x", &["--clear"]),
        ("pressure fix-acl", &["unexpected argument 'fix-acl'"]),
        (
            "pressure --clear --reason=",
            &["--reason is empty; expected a sentence that explains why the pressure ends"],
        ),
        (
            "pressure --clear --reason x --topic alerts",
            &[r#"--topic is "alerts"; it takes the ARN of an SNS topic"#],
        ),
        ("drill --within soon", &[r#""soon" is not a duration"#]),
        ("drill --queue guard", &[r#"--queue: "guard" is not the ARN of a standard SQS queue"#]),
        ("status --region EU", &[r#"--region is "EU"; expected the name of a Region"#]),
        ("status --table a", &[r#"--table is "a"; it takes the name of a DynamoDB table"#]),
        ("status --table=", &[r#"--table is "";"#]),
        ("enable fix-acl --topic alerts", &[r#"--topic is "alerts"; it takes the ARN of an SNS topic"#]),
        (
            "attach fix-acl --queue work",
            &[r#"--queue: "work" is not the ARN of a standard SQS queue"#, "expected one like"],
        ),
        ("attach fix-acl --queue arn:aws:sqs:us-east-1:123456789012:q.fifo", &["it is a FIFO queue"]),
        ("rule create fix-acl --service s3 --target x", &["--operation <CALL>", "--any-operation"]),
        (
            "rule create budget-guard-x --service s3 --any-operation --target x",
            &["does not begin with budget-guard-"],
        ),
        ("rule create x --service S3 --any-operation --target x", &[r#"--service is "S3"; expected"#]),
        ("disable fix-acl --reason=", &["--reason is empty"]),
        (&long, &["--reason has 301 characters; expected at most 300"]),
        (&mixed, &["is in eu-west-1, but another rule is in us-east-1; expected one Region"]),
    ];
    for (args, stderr) in cases {
        program.check(args, 2, &[], stderr).await?;
    }
    let foreign = format!("status {RULE} --region eu-west-1");
    program.check(&foreign, 2, &[], &["is in us-east-1, but --region is eu-west-1"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_missing_setting_names_the_option_and_the_variable() -> Result<(), Failure> {
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            "BUDGET_GUARD_TABLE",
            "status",
            "BUDGET_GUARD_TABLE is not set; it takes",
            "hint: give --table, or export",
        ),
        ("BUDGET_GUARD_TABLE", "explain fix-acl", "BUDGET_GUARD_TABLE is not set", "hint: give --table"),
        (
            "BUDGET_GUARD_TOPIC_ARN",
            "enable fix-acl",
            "BUDGET_GUARD_TOPIC_ARN is not set; it takes",
            "hint: give --topic",
        ),
        (
            "BUDGET_GUARD_QUEUE_ARN",
            "attach fix-acl",
            "BUDGET_GUARD_QUEUE_ARN is not set; it takes",
            "hint: give --queue",
        ),
        ("BUDGET_GUARD_TABLE", "pressure", "BUDGET_GUARD_TABLE is not set", "hint: give --table"),
        (
            "BUDGET_GUARD_TOPIC_ARN",
            "pressure --clear --reason x",
            "BUDGET_GUARD_TOPIC_ARN is not set; it takes",
            "hint: give --topic",
        ),
        ("AWS_REGION", "status", "no Region is set", "hint: give --region"),
    ];
    for (variable, args, error, hint) in cases {
        program()?.with(variable, None).check(args, 2, &[], &[error, hint]).await?;
        program()?.with(variable, Some("")).check(args, 2, &[], &[error, hint]).await?;
    }
    let region = program()?.with("AWS_REGION", Some("EU West"));
    region.check("status", 2, &[], &[r#"the Region in use is "EU West"; expected"#]).await?;
    let malformed = program()?.with("BUDGET_GUARD_TABLE", Some("a b"));
    malformed.check("status", 2, &[], &[r#"BUDGET_GUARD_TABLE is "a b""#]).await?;
    Ok(())
}

#[tokio::test]
async fn without_credentials_it_says_how_to_get_some() -> Result<(), Failure> {
    let none = || Ok::<_, Failure>(program()?.with("AWS_ACCESS_KEY_ID", None));
    none()?.check("status", 1, &[], &["error: no AWS credentials: none in", "hint: sign in"]).await?;
    let config = "[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\n\
                  [sso-session corp]\nsso_start_url = https://example.com/start\nsso_region = us-east-1\n\
                  [profile console]\nlogin_session = arn:aws:iam::123456789012:user/ann\n\
                  [profile script]\ncredential_process = /bin/false\n";
    // Keys in the environment must not override a profile given by its option.
    let program = program()?.with_aws_config(config)?;
    let cases: &[(&str, &str)] = &[
        ("status --profile work", "hint: sign in again: aws sso login --profile work"),
        ("status --profile console", "hint: sign in again: aws login --profile console"),
        ("status --profile script", "hint: run the profile's credential_process by hand"),
        ("status --profile nobody", "hint: to see the profiles: aws configure list-profiles"),
    ];
    for (args, hint) in cases {
        program.check(args, 1, &[], &["error: no AWS credentials: ", hint]).await?;
    }
    let named = none()?.with_aws_config(config)?.with("AWS_PROFILE", Some("nobody"));
    named.check("status", 1, &[], &["`nobody` was not defined", "list-profiles"]).await?;
    Ok(())
}

#[tokio::test]
async fn when_nothing_answers_it_says_where_to_look() -> Result<(), Failure> {
    let program = program()?.with("AWS_MAX_ATTEMPTS", Some("1"));
    for args in [
        "status",
        "status fix-acl",
        "enable fix-acl",
        "attach fix-acl",
        "detach fix-acl",
        "drill",
        "pressure",
    ] {
        program.check(args, 1, &[], &["Connection refused", "AWS_ENDPOINT_URL"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn help_is_worth_reading() -> Result<(), Failure> {
    let program = Program::new(&[])?;
    let mut pages = String::new();
    let commands = "status/explain/enable/disable/pressure/attach/detach/replay/lint/match/rule create/rules export/drill/completions";
    for command in std::iter::once("").chain(commands.split('/')) {
        let page = program.check(&format!("{command} --help"), 0, &["Usage: budget-guard"], &[]).await?;
        pages.push_str(&format!("$ budget-guard {command} --help\n{page}\n"));
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("help", pages);
    });
    program.check("--version", 0, &[env!("CARGO_PKG_VERSION")], &[]).await?;
    Ok(())
}

#[tokio::test]
async fn completions_come_for_every_shell() -> Result<(), Failure> {
    let program = Program::new(&[])?;
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        program.check(&format!("completions {shell}"), 0, &["attach", "reason"], &[]).await?;
    }
    Ok(())
}
