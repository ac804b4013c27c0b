//! The Terraform module is the same stack as `infra/template.yaml`. No provider and no Terraform are needed for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use budget_guard_tests::Failure;
use budget_guard_tests::emulator::venv_program;
use budget_guard_tests::folders::{root, say};
use serde_json::Value;

/// Result of `tests/src/terraform/compare.py` for the module in this folder.
fn compared(folder: &Path) -> Result<Value, Failure> {
    let output = Command::new(venv_program("python")?)
        .arg(root().join("tests/src/terraform/compare.py"))
        .arg(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn problems(compared: &Value) -> Vec<&str> {
    compared["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn the_terraform_module_is_the_stack_of_the_template() -> Result<(), Failure> {
    let compared = compared(&root().join("infra/terraform"))?;
    let problems = problems(&compared);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(compared["resources"].as_u64().is_some_and(|number| number > 50), "{compared}");

    let text = fs::read_to_string(root().join("infra/terraform/README.md"))?;
    let table = text.split("## Differences from the template").nth(1).ok_or("no section")?;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    let reasons = compared["reasons"].as_object().ok_or("no reasons")?;
    let expected: Vec<String> = reasons
        .iter()
        .map(|(place, reason)| format!("| `{place}` | {} |", reason.as_str().unwrap_or_default()))
        .collect();
    for row in &expected {
        assert!(rows.contains(&row.as_str()), "infra/terraform/README.md should have the row: {row}");
    }
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    Ok(())
}

/// Each change is one that a person may make by mistake in one of the two files.
#[test]
fn a_module_that_differs_from_the_template_is_noticed() -> Result<(), Failure> {
    for (file, from, to, expected) in [
        (
            "rights.tf",
            r#""events:DisableRule"]"#,
            r#""events:*"]"#,
            "aws_iam_policy.guard.policy.Statement.0.Action",
        ),
        ("rights.tf", "local.may_restore ? [", "var.trial ? [", "aws_iam_policy.guard.policy.Statement"),
        ("queues.tf", r#"Effect    = "Deny""#, r#"Effect    = "Allow""#, "aws_sqs_queue_policy"),
        ("operator.tf", r#""false" }"#, r#""true" }"#, "aws_iam_policy.operator.policy.Statement"),
        ("variables.tf", r#"default     = "observe""#, r#"default     = "enforce""#, "var.mode.default"),
        ("variables.tf", "var.pressure <= 100", "var.pressure <= 1000", "var.pressure.validation"),
        (
            "variables.tf",
            r#"variable "turns""#,
            r#"variable "turn""#,
            "var.turn: the template has no such parameter",
        ),
        ("alarms.tf", "threshold           = 300", "threshold           = 3000", "behind.threshold"),
        (
            "memory.tf",
            "deletion_protection_enabled = true",
            "deletion_protection_enabled = false",
            "records.deletion",
        ),
        (
            "alerts.tf",
            "count = local.has_slack ? 1 : 0",
            "count = 1",
            "aws_chatbot_slack_channel_configuration.chat",
        ),
        (
            "money.tf",
            "threshold                 = 80",
            "threshold                 = 90",
            "aws_budgets_budget.monthly",
        ),
        ("outputs.tf", "aws_sqs_queue.firings.url", "aws_sqs_queue.attached.url", "output.queue_url"),
        (
            "functions.tf",
            "timeout                        = 60",
            "timeout                        = 6",
            "control.timeout",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        for entry in fs::read_dir(root().join("infra/terraform"))? {
            let entry = entry?;
            fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
        }
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path)?;
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replace(from, to))?;
        let compared = compared(folder.path())?;
        let problems = problems(&compared);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{from}: {problems:?}");
    }
    Ok(())
}

/// Terraform's own opinion of the files, where it is installed.
#[test]
fn terraform_would_format_the_module_as_it_is() -> Result<(), Failure> {
    let check = Command::new("terraform")
        .args(["fmt", "-check", "-diff", "-no-color"])
        .arg(root().join("infra/terraform"))
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .output();
    let Ok(output) = check else {
        say("skipped: terraform is not installed");
        return Ok(());
    };
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{told}");
    Ok(())
}
