//! Report as text.

use std::fmt::Write;

use budget_guard_core::escape::plain;

use crate::report::{Cure, FileReport, Path, Report, RuleReport, Verdict, sentence};

/// Report as text: a paragraph for each finding. `with_notes` adds the rules about which
/// nothing can be told.
pub fn text(report: &Report, with_notes: bool) -> String {
    let mut text = String::new();
    for file in &report.files {
        file_text(file, with_notes, &mut text);
    }
    text
}

/// `Writing` to a string cannot fail.
fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "{}", plain(words));
}

fn file_text(file: &FileReport, with_notes: bool, text: &mut String) {
    if let Some(problem) = &file.unreadable {
        let (at, column) = (problem.place.line, problem.place.column);
        line(text, &format!("{}:{at}:{column}: cannot be read: {}", file.path, problem.text));
    }
    for remark in &file.remarks {
        line(text, &format!("{}:{}: {}", file.path, remark.place.line, remark.text));
    }
    for rule in &file.rules {
        rule_text(&file.path, rule, with_notes, text);
    }
    for cycle in &file.cycles {
        let names = cycle.rules.join(", ");
        let place = place(&file.path, cycle.place.line);
        let allowed =
            cycle.allowed.as_ref().map_or_else(String::new, |why| format!(", and are allowed to: {why}"));
        line(text, &format!("{place}: rules {names} can fire one another{allowed}"));
        line(text, &format!("  {}", sentence(&cycle.steps)));
        if let Some(cure) = cycle.cure.as_ref().filter(|_| cycle.allowed.is_none()) {
            cure_text(cure, text);
        }
    }
}

fn rule_text(path: &str, rule: &RuleReport, with_notes: bool, text: &mut String) {
    let place = place(path, rule.place.line);
    if let Some(why) = &rule.never {
        line(text, &format!("{place}: rule {} can never match: {why}", rule.name));
    }
    match (rule.verdict, &rule.allowed) {
        (Verdict::CanFireItself, Some(why)) => {
            line(text, &format!("{place}: rule {} can fire itself, and is allowed to: {why}", rule.name));
        }
        (Verdict::CanFireItself, None) => {
            line(text, &format!("{place}: rule {} can fire itself", rule.name));
            rule.paths.iter().for_each(|path| path_text(path, text));
            if let Some(cure) = &rule.cure {
                cure_text(cure, text);
            }
        }
        (Verdict::CannotBeTold, _) if with_notes => {
            line(text, &format!("{place}: rule {}: it cannot be told if it can fire itself", rule.name));
            rule.unknown.iter().for_each(|why| line(text, &format!("  {why}")));
            rule.paths.iter().for_each(|path| path_text(path, text));
        }
        _ => {}
    }
}

fn path_text(path: &Path, text: &mut String) {
    line(text, &format!("  {}", path.sentence()));
    if !path.more_calls.is_empty() {
        line(text, &format!("  also by {}", path.more_calls.join(", ")));
    }
}

fn cure_text(cure: &Cure, text: &mut String) {
    match cure {
        Cure::Refused(why) => line(text, &format!("  no cure by the pattern: {why}")),
        Cure::Change { how, lines, pattern, .. } => {
            line(text, &format!("  cure: {how}"));
            // Tabs indent lines of files, and a diff has to keep them.
            let shown = |one: &str| {
                one.split('\t').map(|part| plain(part).into_owned()).collect::<Vec<_>>().join("\t")
            };
            match lines {
                Some(lines) => lines.lines().for_each(|one| {
                    let _ = writeln!(text, "{}", shown(one));
                }),
                None => line(text, &format!("  {pattern}")),
            }
        }
    }
}

fn place(path: &str, line: usize) -> String {
    if line == 0 { path.to_owned() } else { format!("{path}:{line}") }
}

/// Numbers of rules by verdict, in one line. `noun` is the word for a file of the report.
pub fn totals(report: &Report, noun: &str) -> String {
    let rules = || report.files.iter().flat_map(|file| &file.rules);
    let count = |verdict| rules().filter(|rule| rule.verdict == verdict).count();
    let cycles: usize = report.files.iter().map(|file| file.cycles.len()).sum();
    let unreadable = report.files.iter().filter(|file| file.unreadable.is_some()).count();
    let never = rules().filter(|rule| rule.never.is_some()).count();
    let mut text = format!(
        "{}, {}; can fire itself: {}, cannot: {}, cannot be told: {}, not on API calls: {}",
        counted(report.files.len(), noun),
        counted(rules().count(), "rule"),
        count(Verdict::CanFireItself),
        count(Verdict::Cannot),
        count(Verdict::CannotBeTold),
        count(Verdict::NotOnCalls),
    );
    for (number, words) in [(never, "can never match"), (cycles, "cycles"), (unreadable, "files not read")] {
        if number > 0 {
            text.push_str(&format!(", {words}: {number}"));
        }
    }
    text
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
