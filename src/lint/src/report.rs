//! Results of a run, file by file.

use serde::Serialize;

use crate::form::{Language, Remark};
use crate::node::Place;

/// Results of all files, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files.
    pub files: Vec<FileReport>,
}

/// Results of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Path as given.
    pub path: String,
    /// Language; `None` for a file that cannot be read.
    pub language: Option<Language>,
    /// Reason why the file cannot be read: what was seen and what was expected.
    pub unreadable: Option<Remark>,
    /// Parts of the file that were not understood.
    pub remarks: Vec<Remark>,
    /// True if the file, or rules of it, could not be read.
    pub is_partial: bool,
    /// Rules in the order of the file.
    pub rules: Vec<RuleReport>,
    /// Cycles over several rules of the file.
    pub cycles: Vec<Cycle>,
}

/// Verdict on one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A target can make a call that matches the rule's pattern.
    CanFireItself,
    /// No call that a target's role allows can match.
    Cannot,
    /// The file does not tell enough.
    CannotBeTold,
    /// API calls do not fire the rule: another kind of event, a schedule, another bus.
    NotOnCalls,
}

/// Result for one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// Logical id, Terraform address or name.
    pub name: String,
    /// Position in the file; line 0 if the file has none.
    pub place: Place,
    /// Verdict.
    pub verdict: Verdict,
    /// Ways from the rule back to itself, one for each role.
    pub paths: Vec<Path>,
    /// Things that the file does not tell, or why the rule was not judged.
    pub unknown: Vec<String>,
    /// Reason why the pattern can never match; `None` if it can.
    pub never: Option<String>,
    /// Reason for which the author allows the rule to fire itself.
    pub allowed: Option<String>,
    /// Change of the pattern that ends the loop. `None` without a path.
    pub cure: Option<Cure>,
}

/// Way from a rule to a rule through one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Steps in words: rule, target, role, statement, call, rule.
    pub steps: Vec<String>,
    /// Further calls of the same role that match, as `s3 PutBucketAcl`.
    pub more_calls: Vec<String>,
    /// JSON text of an event that the matcher matches; `None` if none was constructed.
    pub event: Option<String>,
}

/// Rules that fire one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cycle {
    /// Names of the rules, in the order of the cycle.
    pub rules: Vec<String>,
    /// Position of the first rule.
    pub place: Place,
    /// Steps in words, back to the first rule.
    pub steps: Vec<String>,
    /// Change of the first rule's pattern that breaks the cycle.
    pub cure: Option<Cure>,
    /// Reason for which the author of one of the rules allows it.
    pub allowed: Option<String>,
}

/// Change of a pattern that ends a loop, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cure {
    /// A verified change.
    Change {
        /// Changed pattern as JSON text. `${…}` stands for what the template refers to.
        pattern: String,
        /// Description of the change.
        how: String,
        /// The change in the language of the file: a unified diff, or lines to add. `None` where only the pattern is
        /// known.
        lines: Option<String>,
        /// True if `lines` is a unified diff.
        is_diff: bool,
    },
    /// Reason why the pattern cannot be changed.
    Refused(String),
}

impl Report {
    /// Returns true if a rule or a cycle can loop, and is not allowed to.
    pub fn can_loop(&self) -> bool {
        self.files.iter().any(|file| {
            file.rules.iter().any(RuleReport::is_finding)
                || file.cycles.iter().any(|cycle| cycle.allowed.is_none())
        })
    }

    /// Returns true if a file, or rules of it, could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.files.iter().any(|file| file.is_partial)
    }
}

impl RuleReport {
    /// Returns true if the rule can fire itself and is not allowed to.
    pub fn is_finding(&self) -> bool {
        self.verdict == Verdict::CanFireItself && self.allowed.is_none()
    }
}

impl Path {
    /// The steps in one line.
    pub fn sentence(&self) -> String {
        sentence(&self.steps)
    }
}

/// Steps in one line.
pub(crate) fn sentence(steps: &[String]) -> String {
    steps.join(" → ")
}
