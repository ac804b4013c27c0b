//! Arguments, exit codes and outputs.

use std::fs;
use std::path::Path;

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;
use budget_guard_tests::program::Program;
use serde_json::Value;
use tempfile::TempDir;

const SAMPLES: &str = "src/lint/tests/samples";

/// Folder with these files.
fn folder(files: &[(&str, &[u8])]) -> Result<TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("budget-guard-lint-").tempdir()?;
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes)?;
    }
    Ok(folder)
}

fn at(folder: &Path, args: &str) -> String {
    args.replace('@', &format!("{}/", folder.display()))
}

fn sample(name: &str) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(root().join(SAMPLES).join(name))?)
}

/// The guard hears the calls that it makes itself, and leaves them out.
#[tokio::test]
async fn the_guards_own_rules_are_no_finding() -> Result<(), Failure> {
    let template = root().join("infra/template.yaml");
    let seen = ["rule ChangesRule can fire itself, and is allowed to: the guard leaves out its own calls"];
    Program::new(&[])?.check(&format!("lint {}", template.display()), 0, &seen, &["3 rules; "]).await?;
    Ok(())
}

#[tokio::test]
async fn a_loop_is_exit_code_4_and_all_files_are_judged() -> Result<(), Failure> {
    let (looping, honest) = (sample("aws-example.yaml")?, sample("honest.yaml")?);
    let folder = folder(&[
        ("loop.yaml", &looping),
        ("honest.yaml", &honest),
        ("bad.yaml", b"Resources: [1\nx: y"),
        ("other.json", b"{\"a\": 1}"),
        ("latin.yaml", b"a: \xe9"),
    ])?;
    let cases: &[(&str, i32, &[&str], &[&str])] = &[
        ("lint", 2, &[], &["<FILE>..."]),
        ("lint @none.yaml", 2, &[], &["none.yaml: No such file", "0 files, 0 rules; "]),
        ("lint @honest.yaml", 0, &[], &["1 file, ", "; can fire itself: 0, "]),
        ("lint @loop.yaml", 4, &["loop.yaml:9: rule AclRule can fire itself", "+++ b/"], &[]),
        (
            "lint @bad.yaml @other.json @latin.yaml @loop.yaml",
            2,
            &[
                "bad.yaml:2:2: cannot be read: neither YAML nor JSON",
                "other.json:1:1: cannot be read: saw a mapping with a; expected a CloudFormation or SAM template",
                "rule AclRule can fire itself",
            ],
            &["latin.yaml: byte 3 is no UTF-8"],
        ),
    ];
    for (args, exit, stdout, stderr) in cases {
        Program::new(&[])?.check(&at(folder.path(), args), *exit, stdout, stderr).await?;
    }
    Ok(())
}

#[tokio::test]
async fn templates_are_read_packed_in_folders_and_from_standard_input() -> Result<(), Failure> {
    let looping = sample("aws-example.yaml")?;
    let text = String::from_utf8(looping.clone())?;
    let wide: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &looping)?;
    let state = br#"{"version":4,"terraform_version":"1.9.0","resources":[]}"#;
    let folder = folder(&[
        ("wide.yaml", &wide),
        ("packed.yaml.gz", &packed.finish()?),
        ("x.tfstate", state),
        ("package.json", b"{\"name\": \"x\"}"),
        ("notes.txt", b"no template"),
    ])?;
    let found = "rule AclRule can fire itself";
    let all = ["packed.yaml.gz:9: rule AclRule", "wide.yaml:9: rule AclRule"];
    let left_out =
        ["left out 1 file from @notes.txt", "left out 2 files from @package.json on: files that name no"];
    let left_out = left_out.map(|text| at(folder.path(), text));
    let left_out: Vec<&str> = left_out.iter().map(String::as_str).collect();
    let cases: &[(&str, i32, &[&str], &[&str])] = &[
        ("lint @wide.yaml", 4, &[found], &[]),
        ("lint @packed.yaml.gz", 4, &[found], &[]),
        ("lint @x.tfstate", 0, &[], &["1 file, 0 rules"]),
        ("lint @", 4, &all, &left_out),
    ];
    for (args, exit, stdout, stderr) in cases {
        Program::new(&[])?.check(&at(folder.path(), args), *exit, stdout, stderr).await?;
    }
    let mut command = Program::new(&[])?.command("lint -");
    let template = fs::File::open(root().join(SAMPLES).join("aws-example.yaml"))?;
    let output = command.stdin(template).output().await?;
    assert!(String::from_utf8(output.stdout)?.contains("standard input:9: rule AclRule"));
    Ok(())
}

#[tokio::test]
async fn the_report_is_json_and_sarif_too() -> Result<(), Failure> {
    let looping = sample("aws-example.yaml")?;
    let folder = folder(&[("loop.yaml", &looping)])?;
    let report = Program::new(&[])?.json(&at(folder.path(), "lint @loop.yaml"), 4).await?;
    let rule = &report["files"][0]["rules"][0];
    assert_eq!((&rule["name"], &rule["verdict"]), (&"AclRule".into(), &"can-fire-itself".into()));
    assert!(rule["cure"]["change"]["pattern"].is_string(), "{rule:#}");
    let output = Program::new(&[])?.run(&at(folder.path(), "lint --sarif @loop.yaml")).await?;
    assert_eq!(output.status.code(), Some(4));
    let log: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "can-fire-itself");
    Ok(())
}

/// Names of a stranger's template cannot write to the terminal.
#[tokio::test]
async fn names_of_a_template_are_printed_in_visible_characters() -> Result<(), Failure> {
    let text = String::from_utf8(sample("aws-example.yaml")?)?.replace("AclRule", "\"\\e[31mred\\u202e\"");
    let folder = folder(&[("loop.yaml", text.as_bytes())])?;
    for args in [
        "lint @loop.yaml",
        "lint --notes @loop.yaml",
        "lint --sarif @loop.yaml",
        "--output json lint @loop.yaml",
    ] {
        let output = Program::new(&[])?.run(&at(folder.path(), args)).await?;
        let printed = String::from_utf8(output.stdout)?;
        assert!(printed.contains("[31mred"), "{printed}");
        assert!(!printed.contains(['\u{1b}', '\u{202e}']), "{args}: {printed:?}");
    }
    Ok(())
}
