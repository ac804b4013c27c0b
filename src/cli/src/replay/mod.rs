//! `replay`: runs rules over CloudTrail logs. Needs no AWS.

mod document;
mod interrupt;
mod json;
mod read;
mod remarks;
mod text;
mod verdict;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use budget_guard_aws::SystemClock;
use budget_guard_core::policy::BurstLimit;
use budget_guard_core::ports::Clock;
use budget_guard_core::replay::{Replay, RuleReport, RuleSpec, judge};
use budget_guard_report::{replay_html, replay_markdown};

use crate::args::{Format, PageFile};
use crate::context::Context;
use crate::exit::Exit;
use crate::files::InputFiles;
use crate::input;
use crate::output;
use crate::problem::Problem;
use crate::rule_file::{BadPattern, RuleFile};
use read::Reading;

/// Result of a replay.
#[derive(Debug)]
struct Report<'a> {
    limit: BurstLimit,
    files: usize,
    reading: Reading,
    /// Rules with their results: those that tripped first, then by number of firings.
    rules: Vec<(&'a RuleSpec, RuleReport)>,
    bad_patterns: Vec<BadPattern>,
    left_out: Vec<(&'a RuleSpec, String)>,
    /// False if a part of the file of rules could not be read.
    has_all_rules: bool,
}

/// Runs `replay`.
pub(crate) fn run(
    context: &Context,
    rules: &Path,
    logs: &[PathBuf],
    page: &PageFile,
) -> Result<Exit, Problem> {
    let limits = context.defaults()?;
    logs.iter().try_for_each(|log| input::check_read_once(rules, log))?;
    let own = context.own()?;
    let file = RuleFile::read(rules)?;
    let named = logs;
    let logs = InputFiles::find(named, Some(rules))?;
    if logs.is_empty() {
        logs.left_out.report();
        return Err(no_log(named));
    }
    let files = logs.files.len();
    let mut patterns = Vec::new();
    let (mut bad_patterns, mut left_out) = (Vec::new(), Vec::new());
    for rule in &file.rules {
        match (rule.left_out_because(&own), &rule.pattern) {
            (None, Some(pattern)) => match file.compile(rule, pattern) {
                Ok(pattern) => patterns.push((rule, pattern)),
                Err(bad) => bad_patterns.push(bad),
            },
            (because, _) => left_out.push((rule, because.unwrap_or_default())),
        }
    }
    let watched: Vec<&RuleSpec> = patterns.iter().map(|(rule, _)| *rule).collect();
    let replay = Replay::new(patterns, &own);
    interrupt::watch();
    let mut reading = read::read(&replay, logs)?;
    let outcomes = judge(&limits, &replay, &mut reading.collected);
    let mut rules: Vec<_> = watched.into_iter().zip(outcomes).collect();
    rules.sort_by_cached_key(|(rule, outcome)| {
        let busiest = Reverse(outcome.peak().map_or(0, |peak| peak.count));
        (outcome.trip().is_none(), busiest, Reverse(outcome.firings()), rule.name.clone())
    });
    let has_all_rules = file.is_whole;
    let report = Report { limit: limits.burst, files, reading, rules, bad_patterns, left_out, has_all_rules };
    let troubles = remarks::troubles(&report);
    troubles.print();
    report.reading.left_out.report();
    if report.reading.collected.events == 0 && report.reading.skipped > 0 {
        return Err(Problem::usage("no CloudTrail record could be read from these files")
            .hint("expected CloudTrail's log files, or an export of its records: see \"Files\" in infra/reference.md"));
    }
    let explanations = remarks::explanations(context, &report);
    let document = || {
        let advice = [troubles.advice(), explanations.advice()].concat();
        document::report(&report, advice, SystemClock.now())
    };
    match context.format() {
        Format::Json => output::json(&json::View::new(&report))?,
        Format::Text => output::data(&text::table(&report))?,
        Format::Html => crate::document::write(page, &replay_html(&document()))?,
        Format::Markdown => crate::document::write(page, &replay_markdown(&document()))?,
    }
    explanations.print();
    Ok(report.exit())
}

/// Problem of folders without a log.
fn no_log(named: &[PathBuf]) -> Problem {
    let seen: Vec<String> = named.iter().map(|path| path.display().to_string()).collect();
    Problem::usage(format!(
        "no log file in {}; expected JSON, JSON lines or CSV, also packed",
        seen.join(", ")
    ))
    .hint("CloudTrail's bucket holds them: aws s3 sync s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail logs")
}

impl Report<'_> {
    /// Rules that would have tripped.
    fn tripped(&self) -> impl Iterator<Item = &(&RuleSpec, RuleReport)> {
        self.rules.iter().filter(|(_, outcome)| outcome.trip().is_some())
    }

    /// Number of rules with targets, whose own calls are judged.
    fn with_targets(&self) -> usize {
        self.rules.iter().filter(|(rule, _)| rule.targets.is_some()).count()
    }

    /// Returns true if a part of the input was left out, so that a quiet rule may not be quiet.
    fn is_partial(&self) -> bool {
        !self.has_all_rules || self.reading.skipped > 0 || !self.reading.left_out.is_harmless()
    }

    fn exit(&self) -> Exit {
        let found = if self.tripped().next().is_some() { Exit::Found } else { Exit::Done };
        match found {
            _ if self.reading.io_failed || interrupt::is_interrupted() => Exit::Failed,
            Exit::Done if self.is_partial() => Exit::Usage,
            found => found,
        }
    }
}
