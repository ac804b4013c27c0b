//! The report as HTML and Markdown: on standard output, and in a file that is replaced whole.

use std::fs;

use budget_guard_tests::Failure;

use crate::{FIX_ACL, folder, given, program};

#[tokio::test]
async fn the_report_is_a_page_or_markdown() -> Result<(), Failure> {
    let (rules, logs) = (given("account/rules.json"), given("account/logs"));
    let args = format!("replay --rules {} {} --limit 3/60s", rules.display(), logs.display());
    let of = async |format: &str, expected: &[&str]| -> Result<(), Failure> {
        program()?.check(&format!("{args} --output {format}"), 4, expected, &["would trip"]).await?;
        let folder = folder(&[("report", b"before")])?;
        let file = folder.path().join("report");
        let to = format!("{args} --output {format} --to {}", file.display());
        let hint = format!("hint: the report is in {}", file.display());
        program()?.check(&to, 4, &[], &[&hint]).await?;
        let written = fs::read_to_string(&file)?;
        assert!(expected.iter().all(|part| written.contains(part)), "{written}");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    };
    let page = ["<!DOCTYPE html>", "would have tripped", "Limit needed", "<svg role=\"img\"", "over limit"];
    of("html", &page).await?;
    of("markdown", &["## ", "would have tripped", "| rule | verdict |", "| over limit |"]).await
}

#[tokio::test]
async fn names_of_strangers_stay_text() -> Result<(), Failure> {
    let hostile = FIX_ACL.replace("fix-acl", "<script>alert(1)</script>|@ann");
    let folder = folder(&[("rules.jsonl", hostile.as_bytes()), ("log.json", br#"{"Records":[]}"#)])?;
    let args = format!("replay --rules {0}/rules.jsonl {0}/log.json", folder.path().display());
    for format in ["html", "markdown"] {
        let seen = String::from_utf8(program()?.run(&format!("{args} --output {format}")).await?.stdout)?;
        assert!(seen.contains("script") && !seen.contains("<script>"), "{seen}");
        assert!(!seen.contains("|@ann") || format == "html", "{seen}");
    }
    Ok(())
}

#[tokio::test]
async fn a_format_that_a_command_does_not_have_is_refused() -> Result<(), Failure> {
    let cases = [
        (
            "replay --rules a b --to c",
            "--to c: expected with --output html or markdown, and the output is text",
        ),
        ("replay --rules a b --output pdf", "possible values: text, json, html"),
        ("match --pattern a b --output html", "--output html: this command has text, json alone"),
    ];
    for (args, problem) in cases {
        program()?.check(args, 2, &[], &[problem]).await?;
    }
    Ok(())
}
