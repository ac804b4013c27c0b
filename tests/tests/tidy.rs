//! Tests of the house rules: imports between the modules of the core, sizes, leftovers. The manifests hold the
//! directions between packages.

use std::fs;
use std::path::{Path, PathBuf};

use budget_guard_tests::folders::root;

/// Modules of the core, each with the modules it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("escape", &[]),
    ("prices", &["model"]),
    ("policy", &["model", "prices"]),
    ("json", &["model"]),
    ("sources", &["escape", "json", "model"]),
    ("attribution", &["model", "sources"]),
    ("stored", &["model"]),
    ("directory", &["alerts", "attribution", "model", "stored"]),
    ("hints", &["model"]),
    ("window", &["model", "policy"]),
    ("turns", &["model", "policy", "window"]),
    ("history", &["model", "policy"]),
    ("verdict", &["escape", "model", "policy", "turns", "window"]),
    ("cure", &["escape", "model", "verdict"]),
    ("aftermath", &["model", "turns"]),
    ("breaker", &["model"]),
    ("cuts", &["model", "stored"]),
    ("trial", &["model", "turns", "verdict"]),
    ("archive", &["escape", "model"]),
    (
        "alerts",
        &[
            "aftermath",
            "archive",
            "breaker",
            "cure",
            "cuts",
            "escape",
            "model",
            "policy",
            "prices",
            "trial",
            "verdict",
        ],
    ),
    (
        "record",
        &[
            "aftermath",
            "alerts",
            "archive",
            "breaker",
            "cure",
            "history",
            "model",
            "policy",
            "stored",
            "trial",
            "turns",
            "verdict",
            "window",
        ],
    ),
    (
        "guard",
        &[
            "aftermath",
            "alerts",
            "archive",
            "attribution",
            "breaker",
            "cure",
            "cuts",
            "history",
            "model",
            "policy",
            "prices",
            "record",
            "trial",
            "turns",
            "verdict",
            "window",
        ],
    ),
    ("budget", &["alerts", "model", "sources", "stored"]),
    ("ports", &["alerts", "archive", "history", "model", "stored"]),
    (
        "run",
        &[
            "alerts",
            "attribution",
            "breaker",
            "cuts",
            "directory",
            "guard",
            "history",
            "model",
            "policy",
            "prices",
            "ports",
            "budget",
            "record",
            "sources",
            "stored",
            "verdict",
        ],
    ),
    (
        "replay",
        &[
            "attribution",
            "guard",
            "hints",
            "history",
            "model",
            "policy",
            "prices",
            "record",
            "sources",
            "verdict",
            "window",
        ],
    ),
    ("settings", &["attribution", "model", "policy"]),
    ("telemetry", &["model", "run"]),
];

const MAX_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;

/// All Rust files below these folders, with their texts.
fn rust_files(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                files.push((path.strip_prefix(root()).expect("below the root").to_owned(), text));
            }
        }
    }
    assert!(files.len() > 5, "{folders:?}: {} files", files.len());
    files.sort();
    files
}

/// Module of the core that a file belongs to. `None` for `lib.rs`.
fn module(path: &Path) -> Option<String> {
    let path = path.strip_prefix("src/core/src").ok()?;
    let first = path.iter().next()?.to_str()?.trim_end_matches(".rs");
    (first != "lib").then(|| first.to_owned())
}

/// Code without comments and without the tests, which may import more.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "properties.rs")
}

#[test]
fn imports_point_one_way() {
    let mut problems = Vec::new();
    for (path, text) in rust_files(&["src/core/src"]) {
        let Some(module) = module(&path) else { continue };
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            problems.push(format!("{}: the module {module} has no line in this test", path.display()));
            continue;
        };
        if is_test(&path) {
            continue;
        }
        for piece in code(&text).split("crate::").skip(1) {
            let imported: String =
                piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if imported != module && !allowed.contains(&imported.as_str()) {
                problems.push(format!("{}: {module} may not import {imported}", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn files_and_functions_stay_small_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    for (path, text) in rust_files(&["src", "tests"]) {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            problems
                .push(format!("{}: {lines} lines, at most {MAX_LINES}; is there a seam?", path.display()));
        }
        if !text.starts_with("//! ") {
            problems.push(format!("{}: the first line does not say what the file is for", path.display()));
        }
        for (name, length) in functions(&text) {
            if length > MAX_FUNCTION_LINES {
                problems.push(format!("{}: fn {name} has {length} lines", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Names and lengths of functions, by rustfmt's indentation.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut functions = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let name = line.trim_start().split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next());
        match (&open, name) {
            (None, Some(name)) if !line.trim_start().starts_with("//") && !line.ends_with(';') => {
                open = Some((name.to_owned(), indent, number));
            }
            (Some((name, at, start)), _) if line.trim_start().starts_with('}') && indent == *at => {
                functions.push((name.clone(), number - start + 1));
                open = None;
            }
            _ => {}
        }
    }
    functions
}

#[test]
fn nothing_is_left_behind() {
    // In pieces, so that this file does not contain them.
    let markers =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["todo", "!("], ["unimplemented", "!("], ["dbg", "!("]];
    let mut problems = Vec::new();
    for (path, text) in rust_files(&["src", "tests"]) {
        for marker in markers.map(|pieces| pieces.concat()) {
            if text.contains(&marker) {
                problems.push(format!("{}: {marker}", path.display()));
            }
        }
        if path.starts_with("src") && code(&text).contains("unsafe ") {
            problems.push(format!("{}: unsafe", path.display()));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
