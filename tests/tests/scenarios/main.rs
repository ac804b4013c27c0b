//! Timelines as stories, each with its verdict: loops are cut, honest machines are not.

mod cast;
mod events;
mod language;
mod outcome;
mod parse;
mod stage;

use std::fs;
use std::path::PathBuf;

use budget_guard_tests::folders::root;
use language::{Expected, Story};
use outcome::Outcome;
use parse::parse;
use stage::play;

/// Numbers of events per batch. A story may ask for more.
const BATCHES: [usize; 3] = [1, 7, 100];
/// Maximum number of firings until the cut, by the beginning of the file's name: for the same call in each turn, and
/// for several calls in turn.
const AIMS: [(&str, u64); 2] = [("loop-self", 10), ("loop-in-turn", 23)];

/// All stories with the paths of their files.
fn stories() -> Vec<(PathBuf, Story)> {
    let entries = fs::read_dir(root().join("tests/tests/scenarios")).expect("the stories");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "story"));
    paths.sort();
    assert!(paths.len() >= 100, "{} stories", paths.len());
    let read = |path: PathBuf| {
        let story = parse(&fs::read_to_string(&path).expect("UTF-8"))
            .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        (path, story)
    };
    paths.into_iter().map(read).collect()
}

/// Compares an outcome with its expectation. The number of firings is exact if events come one by one.
fn check(outcome: &Outcome, expected: &Expected, is_exact: bool) -> Result<(), String> {
    let Outcome { firings, cut_by, would_be_cut_by, suspects, advices, .. } = outcome;
    let is_cut = cut_by.is_some() || would_be_cut_by.is_some();
    let is_right = match expected {
        Expected::Cut { by, after } => {
            cut_by.as_ref() == Some(by) && (!is_exact || firings == after) && would_be_cut_by.is_none()
        }
        Expected::WouldBeCut { by, after } => {
            would_be_cut_by.as_ref() == Some(by) && (!is_exact || firings == after) && cut_by.is_none()
        }
        Expected::Suspect => !is_cut && *suspects > 0,
        Expected::AtMostSuspect => !is_cut,
        Expected::LeftAlone => !is_cut && *suspects == 0,
        Expected::Advice => !is_cut && *advices > 0,
    };
    if is_right { Ok(()) } else { Err(format!("expected {expected:?}, saw {outcome:?}")) }
}

fn check_all(batch: usize, shuffled: Option<u64>) {
    let mut problems = Vec::new();
    let all = stories();
    // Stories with many events are played once.
    let is_first = batch == BATCHES[0];
    for (path, story) in all.iter().filter(|(_, story)| is_first || story.batch == 1) {
        let outcomes = play(story, batch, shuffled);
        for (rule, expected) in &story.expected {
            let is_exact = batch == 1 && story.batch == 1 && shuffled.is_none();
            if let Err(problem) = check(&outcomes[rule], expected, is_exact) {
                let name = path.file_name().unwrap_or_default().display();
                problems.push(format!("{name}, batches of {batch}: {rule}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_story_ends_as_it_says() {
    check_all(BATCHES[0], None);
}

#[test]
fn and_in_batches() {
    check_all(BATCHES[1], None);
    check_all(BATCHES[2], None);
}

#[test]
fn and_in_any_order_with_every_event_twice() {
    check_all(BATCHES[1], Some(1));
    check_all(BATCHES[2], Some(2));
}

#[test]
fn the_table_of_loops_is_what_is_measured() {
    let mut rows = Vec::new();
    for (path, story) in stories() {
        let name = path.file_name().unwrap_or_default().display().to_string();
        if !name.starts_with("loop-") {
            continue;
        }
        let outcomes = play(&story, 1, None);
        for (rule, expected) in &story.expected {
            let Expected::Cut { by, .. } = expected else { continue };
            let firings = outcomes[rule].firings;
            let outcome = outcomes[rule].after_cut.unwrap_or("not seen");
            assert!(!matches!(outcome, "goes on" | "cleared"), "{name}: {outcome}");
            rows.push((firings, format!("| {} | {firings} | {by} | {outcome} |", story.title)));
            for (_, aim) in AIMS.iter().filter(|(begin, _)| name.starts_with(begin)) {
                assert!(firings <= *aim, "{name}: {firings} firings, the aim is {aim}");
            }
        }
    }
    rows.sort();
    let table: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    let head = "| loop | firings until the cut | found by | outcome of the cut |\n|---|---|---|---|";
    let table = format!("{head}\n{}\n", table.join("\n"));
    let document = fs::read_to_string(root().join("infra/evidence.md")).expect("the document");
    assert!(document.contains(&table), "infra/evidence.md should say:\n\n{table}");
}

#[test]
fn what_is_no_story_is_refused_with_the_line() {
    let refused = |text: &str, words: &str| {
        let problem = parse(text).expect_err(text);
        assert!(problem.contains(words), "{problem}");
    };
    refused("story a\nrule r\n  takes s3\nexpect q left alone", "\"q\", which is no rule");
    refused("story a\nrule r\n  takes s3", "nothing is expected");
    refused("rule r\nexpect r left alone", "there is no title");
    refused("story a\nat noon ann: s3 Put", "line 2: \"at noon ann: s3 Put\": \"noon\" is not a duration");
    refused("story a\nat 0s ann s3 Put", "expected at D");
    refused("story a\nexpect r cut by magic after 6 firings", "no kind of evidence");
    refused("story a\nexpect r cut by turns after six firings", "\"six\" is not a whole number");
    refused("story a\nanswers: s3 Put", "begins no statement here");
    refused("story a\nfunction f as r\n  answers soon: s3 Put", "no modifier");
    refused("story a\nat 0s ann: s3 Put now", "no part of a call");
    refused("story a\nrule r\n  runs f behind shelf b", "no kind of target");
    refused("story a\nrule r\nrule q\nexpect r left alone", "nothing is expected of \"q\"");
}
