//! What the project is built and tested with: licences, sources and bans of `deny.toml`, and packages with hashes.
//!
//! `cargo metadata` is enough for these, so they hold on every machine. `make deny` asks cargo-deny as well, where it is
//! installed, and for known weaknesses.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::{fs, iter};

use budget_guard_tests::Failure;
use budget_guard_tests::folders::root;
use serde_json::Value;
use toml_edit::Document;

/// Texts of a list in `deny.toml`.
fn listed(table: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let rules = Document::parse(text.as_str()).expect("TOML");
    let items = rules[table][key].as_array().expect("a list").iter();
    let text = |item: &toml_edit::Value| match item.as_inline_table() {
        Some(table) => table["name"].as_str().map(str::to_owned),
        None => item.as_str().map(str::to_owned),
    };
    items.map(|item| text(item).expect("text")).collect()
}

/// Packages that are built for one of the systems in `deny.toml`.
fn packages() -> Vec<Value> {
    let of = |system: String| {
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--offline",
                "--locked",
                "--format-version",
                "1",
                "--filter-platform",
                &system,
            ])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let nodes = metadata["resolve"]["nodes"].as_array().expect("a graph").iter();
        let built: BTreeSet<String> = nodes.map(|node| node["id"].to_string()).collect();
        let packages = metadata["packages"].as_array().expect("packages").clone();
        packages.into_iter().filter(move |package| built.contains(&package["id"].to_string()))
    };
    let packages: Vec<Value> = listed("graph", "targets").into_iter().flat_map(of).collect();
    assert!(packages.len() > 500, "{} packages for all systems", packages.len());
    packages
}

/// Returns true if the licences in `allowed` satisfy the expression.
///
/// Source: "License expressions" (SPDX specification, annex D). A `/` is Cargo's old way to write `OR`.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let is_met = any(&mut words, allowed);
    is_met && words.next().is_none()
}

type Words<'a> = iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut is_met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        is_met |= all(words, allowed);
    }
    is_met
}

fn all(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut is_met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        is_met &= one(words, allowed);
    }
    is_met
}

fn one(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let is_met = any(words, allowed);
        return words.next_if_eq(&")").is_some() && is_met;
    }
    let Some(licence) = words.next() else { return false };
    match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => allowed.contains(&&*format!("{licence} WITH {exception}")),
        None => allowed.contains(&licence),
    }
}

#[test]
fn a_licence_is_allowed_if_its_expression_is_met() {
    let check = |expression: &str, expected: bool| {
        assert_eq!(is_allowed(expression, &["MIT", "Apache-2.0", "Zlib"]), expected, "{expression}");
    };
    check("MIT", true);
    check("GPL-3.0-only", false);
    check("MIT OR GPL-3.0-only", true);
    check("GPL-3.0-only/MIT", true);
    check("MIT AND GPL-3.0-only", false);
    check("MIT AND Apache-2.0", true);
    check("GPL-3.0-only OR MIT AND Zlib", true);
    check("(GPL-3.0-only OR MIT) AND Unicode-3.0", false);
    check("(GPL-3.0-only OR MIT) AND Zlib", true);
    check("Apache-2.0 WITH LLVM-exception", false);
    check("Apache-2.0 WITH LLVM-exception OR MIT", true);
    check("", false);
    check("MIT Apache-2.0", false);
    check("(MIT", false);
    check("MIT OR", true);
}

#[test]
fn licences_sources_and_bans_are_those_of_the_rules() {
    let allowed = listed("licenses", "allow");
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    let banned = listed("bans", "deny");
    let (mut problems, mut registries) = (BTreeSet::new(), BTreeSet::new());
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            problems.insert(format!("{name}: licence {licence:?}, allowed are {allowed:?}"));
        }
        if banned.iter().any(|banned| banned == name) {
            problems.insert(format!("{name}: banned"));
        }
        match package["source"].as_str() {
            Some(source) if source.starts_with("registry+") => _ = registries.insert(source.to_owned()),
            Some(source) => _ = problems.insert(format!("{name}: from {source}, and not from the registry")),
            None => {
                let manifest = package["manifest_path"].as_str().expect("a path");
                if !Path::new(manifest).starts_with(root()) {
                    problems.insert(format!("{name}: {manifest} is not in this repository"));
                }
                let needs = package["dependencies"].as_array().expect("dependencies").iter();
                let any = needs.filter(|need| need["req"] == "*" && need["path"].is_null());
                problems.extend(any.map(|need| format!("{name}: any version of {}", need["name"])));
            }
        }
    }
    assert_eq!(problems, BTreeSet::new());
    assert_eq!(registries.len(), 1, "{registries:?}");
}

/// Runs `make deny` with a cargo that knows a cargo-deny of this script, or none. Returns its outcome and the calls.
fn make_deny(script: Option<&str>) -> Result<(bool, String, String), Failure> {
    let folder = tempfile::tempdir()?;
    let (cargo, calls) = (folder.path().join("cargo"), folder.path().join("calls"));
    fs::write(&calls, "")?;
    let script = script.unwrap_or("exit 101");
    fs::write(&cargo, format!("#!/bin/sh\necho \"$*\" >> {}\n{script}\n", calls.display()))?;
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
    let mut make = Command::new("make");
    make.arg("deny").arg(format!("CARGO={}", cargo.display())).current_dir(root());
    let output = make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").output()?;
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    let calls = fs::read_to_string(calls)?
        .lines()
        .filter(|call| !call.ends_with("--version"))
        .collect::<Vec<_>>()
        .join("; ");
    Ok((output.status.success(), calls, told))
}

#[test]
fn cargo_deny_is_asked_as_far_as_it_can_be_had() -> Result<(), Failure> {
    let check = |script: Option<&str>, is_good: bool, calls: &str, told: &str| -> Result<(), Failure> {
        let seen = make_deny(script)?;
        assert_eq!((seen.0, seen.1.as_str()), (is_good, calls), "{script:?}: {}", seen.2);
        assert!(seen.2.contains(told), "{script:?}: {}", seen.2);
        Ok(())
    };
    let (rules, fetch, advisories) =
        ("deny check licenses bans sources", "deny fetch db", "deny check advisories");
    check(None, true, "", "cargo-deny is not installed")?;
    check(Some("exit 0"), true, &format!("{rules}; {fetch}; {advisories}"), "")?;
    let no_network = r#"[ "$2" != fetch ]"#;
    check(Some(no_network), true, &format!("{rules}; {fetch}"), "advisories are not checked")?;
    check(Some(r#"[ "$3" != licenses ]"#), false, rules, "")?;
    check(Some(r#"[ "$3" != advisories ]"#), false, &format!("{rules}; {fetch}; {advisories}"), "")
}

/// `pip` refuses what is not listed, and files with another hash.
#[test]
fn every_package_of_the_emulators_is_pinned_by_hash() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect(path);
    assert!(read("Makefile").contains("pip install --quiet --disable-pip-version-check --require-hashes"));
    let text = read("tests/requirements.txt").replace("\\\n", " ");
    let packages: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(packages.len() > 50, "{}", packages.len());
    for package in packages {
        let mut words = package.split_whitespace();
        assert!(words.next().is_some_and(|pin| pin.contains("==")), "{package}");
        let is_hash = |word: &str| word.strip_prefix("--hash=sha256:").is_some_and(|hash| hash.len() == 64);
        let hashes: Vec<&str> = words.collect();
        assert!(!hashes.is_empty() && hashes.iter().all(|word| is_hash(word)), "{package}");
    }
}
