//! The documents only name commands, settings, files and sections that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use budget_guard_core::model::{ACTS_AS_TAG, Timestamp};
use budget_guard_core::policy::{
    AUTO_RESTORE_TAG, BUDGET_TAG, LIMIT_TAG, MODE_TAG, SUSTAINED_TAG, TURNS_TAG,
};
use budget_guard_core::run::Summary;
use budget_guard_core::telemetry;
use budget_guard_tests::folders::root;
use budget_guard_tests::programs;

/// Maximum size of `README.md` in bytes, which is an introduction with links to the rest.
const MAX_README: usize = 10_240;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All documents, with their folders and texts.
fn documents() -> Vec<(PathBuf, String)> {
    let mut documents = Vec::new();
    for folder in ["", "src", "infra", "infra/terraform", "tests"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                documents.push((path, text));
            }
        }
    }
    documents
}

/// Words after `lead` in code: a fenced block or a span between backticks.
fn words_after(lead: &str) -> BTreeSet<String> {
    let in_code = |line: &str| line.contains('`') || !line.contains("](");
    let mut words = BTreeSet::new();
    for (_, text) in documents() {
        for line in text.lines().filter(|line| in_code(line)) {
            let before_ok = line.starts_with(lead)
                || line.contains(&format!("`{lead}"))
                || line.contains(&format!("$ {lead}"));
            let is_of_word = |c: &char| c.is_ascii_lowercase() || *c == '-';
            let pieces = line.split(lead).skip(1).filter(|_| before_ok);
            words.extend(pieces.map(|piece| piece.chars().take_while(is_of_word).collect::<String>()));
        }
    }
    words.remove("");
    words
}

/// Names of the test functions below a folder.
fn tests_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                let name = line.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next());
                match name {
                    Some(name) if is_test => {
                        found.push(name.to_owned());
                        is_test = false;
                    }
                    _ => is_test |= line == "#[test]" || line == "#[tokio::test]",
                }
            }
        }
    }
}

/// Lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_fenced ^= is_fence;
        !is_fenced && !is_fence
    })
}

/// Anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_make_target_that_is_named_exists() {
    let makefile = read("Makefile");
    let targets = words_after("make ");
    assert!(targets.len() >= 10, "{targets:?}");
    for target in targets {
        let is_there = makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
        assert!(is_there, "make {target} does not exist");
    }
}

#[test]
fn every_command_of_the_program_that_is_named_exists() {
    let verbs = words_after("budget-guard ");
    assert!(verbs.contains("enable") && verbs.contains("attach"), "{verbs:?}");
    for verb in verbs {
        let help = Command::new(programs::command()).args(["help", &verb]).output();
        assert!(help.expect("it runs").status.success(), "budget-guard {verb} does not exist");
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_section() {
    let mut problems = Vec::new();
    let mut links = 0;
    for (path, text) in documents() {
        let targets = prose(&text).flat_map(|line| line.split("](").skip(1));
        let targets = targets.filter_map(|rest| rest.split(')').next());
        for link in targets.filter(|link| !link.starts_with("https://")) {
            links += 1;
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a folder").join(file),
            };
            let is_there = match section {
                "" => target.exists(),
                section => fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(section)),
            };
            if !is_there {
                problems.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(links > 40, "{links} links");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_readme_is_short() {
    let size = read("README.md").len();
    assert!(size <= MAX_README, "{size} bytes");
}

#[test]
fn the_reference_is_complete() {
    let reference = read("infra/reference.md");
    let check = |name: &str| assert!(reference.contains(&format!("`{name}`")), "{name} is not described");
    let is_name = |text: &&str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let settings = read("src/core/src/settings.rs");
    let variables = settings.split('"').filter(|text| text.starts_with("BUDGET_GUARD_")).filter(is_name);
    variables.for_each(check);
    let tags = [MODE_TAG, LIMIT_TAG, SUSTAINED_TAG, TURNS_TAG, AUTO_RESTORE_TAG, BUDGET_TAG, ACTS_AS_TAG];
    tags.iter().for_each(|tag| check(tag));
    let metrics = telemetry::metrics(&Summary::default(), "", Timestamp::UNIX_EPOCH);
    let metrics = metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("metrics");
    metrics.iter().for_each(|metric| check(metric["Name"].as_str().expect("a name")));
    let kinds = read("src/core/src/alerts/key.rs");
    let kinds =
        kinds.lines().filter(|line| line.trim_start().starts_with("Self::") && line.contains("=> \""));
    kinds.filter_map(|line| line.split('"').nth(1)).for_each(check);
    let help = Command::new(programs::command()).arg("--help").output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let usage = help.find("Usage:").map(|start| help[start..].trim_end());
    let usage = usage.expect("a usage");
    assert!(reference.contains(usage), "infra/reference.md should say:\n\n{usage}");
}

#[test]
fn the_policy_for_tags_can_be_copied() {
    let text = read("infra/security.md");
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let policies: Vec<serde_json::Value> =
        blocks.map(|block| serde_json::from_str(block).expect("a policy is JSON")).collect();
    let [policy] = &policies[..] else { panic!("{} policies", policies.len()) };
    assert_eq!(policy["Version"], "2012-10-17");
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(statement["Action"], serde_json::json!(["events:TagResource", "events:UntagResource"]));
    let condition = &statement["Condition"];
    let keys = condition["ForAnyValue:StringLike"]["aws:TagKeys"].as_str().expect("a pattern of keys");
    let prefix = keys.strip_suffix('*').expect("all keys that begin so");
    for tag in [MODE_TAG, LIMIT_TAG, SUSTAINED_TAG, TURNS_TAG, AUTO_RESTORE_TAG, BUDGET_TAG, ACTS_AS_TAG] {
        assert!(tag.starts_with(prefix), "{tag}");
    }
    let except = condition["ArnNotLike"]["aws:PrincipalArn"].as_str();
    assert!(except.is_some_and(|arn| arn.starts_with("arn:aws:iam::*:role/")), "{except:?}");
    // Service control policies have at most 5,120 characters.
    assert!(policy.to_string().len() <= 5_120);
}

#[test]
fn each_threat_and_each_promise_names_tests_that_exist() {
    let mut tests = Vec::new();
    tests_below(&root().join("tests"), &mut tests);
    tests_below(&root().join("src"), &mut tests);
    assert!(
        tests.iter().any(|name| name == "each_threat_and_each_promise_names_tests_that_exist"),
        "{tests:?}"
    );

    for (document, section, least) in
        [("infra/security.md", "## Threats", 8), ("src/README.md", "## Promises", 11)]
    {
        let text = read(document);
        let table = text.split(section).nth(1).and_then(|text| text.split("\n## ").next());
        let rows: Vec<&str> = table.expect("a table").lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > least, "{document}: {rows:?}");
        // Rows after the header and its separator.
        for row in &rows[2..] {
            let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            let named: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!named.is_empty(), "no test: {row}");
            for name in named.into_iter().filter(|name| !name.starts_with("make ")) {
                assert!(tests.iter().any(|test| test == name), "there is no test {name}: {row}");
            }
        }
    }
}
