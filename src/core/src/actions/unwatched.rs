//! An alert about rules that fire on more than the guard is shown. Its JSON form is public interface.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::alert::RuleRef;
use super::chat::Chat;
use super::text::quoted;
use crate::model::{RuleArn, TextId, Timestamp, grouped, whole_seconds};

/// As many rules as fit into a message in each of its forms; the others are counted.
const LISTED: usize = 100;

/// One alert about what the guard's stack has to be shown. It is about no single rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnwatchedAlert {
    pub kind: Kind,
    pub dedup_id: String,
    pub time: Timestamp,
    /// A sentence for each setting.
    pub reason: String,
    pub rules: Vec<RuleRef>,
    /// So many more than are listed.
    #[serde(default)]
    pub unlisted: u64,
    /// Parameters of the stack, as `WatchReadOnlyCalls=true`.
    pub settings: Vec<String>,
    /// What to do next.
    pub hint: String,
}

/// The `kind` of these alerts, beside those of [`super::AlertKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Unwatched,
}

impl UnwatchedAlert {
    /// The `kind` attribute of the SNS message.
    pub const KIND: &str = "unwatched";

    pub fn new<'r>(
        sentences: &[String],
        rules: impl IntoIterator<Item = &'r RuleArn>,
        settings: &[&str],
        now: Timestamp,
    ) -> Self {
        let mut rules: Vec<RuleRef> = rules.into_iter().map(RuleRef::of).collect();
        let names: Vec<&str> = rules.iter().map(|rule| rule.arn.as_str()).collect();
        let id = TextId::of(&[&names[..], settings].concat().join(" "));
        let time = whole_seconds(now);
        let unlisted = rules.len().saturating_sub(LISTED) as u64;
        rules.truncate(LISTED);
        Self {
            kind: Kind::Unwatched,
            dedup_id: format!("unwatched/{id}/{time}"),
            time,
            reason: sentences.join(". "),
            rules,
            unlisted,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            hint: match settings {
                [] => {
                    "budget-guard status RULE; rules with the tag budget-guard:mode=ignore are left out here"
                        .to_owned()
                }
                settings => format!(
                    "make deploy PARAMETERS=\"{}\"; rules with the tag budget-guard:mode=ignore are left out here",
                    settings.join(" ")
                ),
            },
        }
    }

    /// One line of printable ASCII, as SNS requires of a subject.
    pub fn subject(&self) -> String {
        let what =
            if self.settings.is_empty() { "cannot tell who acts for" } else { "is not shown all that fires" };
        match self.rules.len() as u64 + self.unlisted {
            1 => format!("budget-guard {what} 1 rule"),
            n => format!("budget-guard {what} {n} rules"),
        }
    }

    /// The whole alert as plain text, for a person.
    pub fn text(&self) -> String {
        let mut text = match self.settings[..] {
            [] => "Some rules have targets that budget-guard cannot follow. It may miss a slow loop of theirs.\n\n",
            _ => "Some rules fire on events that budget-guard is not shown. It cannot cut a loop of theirs.\n\n",
        }
        .to_owned();
        let _ = writeln!(text, "Why:       {}\nTime:      {}", self.reason, self.time);
        for (n, rule) in self.rules.iter().enumerate() {
            let _ = writeln!(text, "{:10} {}", if n == 0 { "Rules:" } else { "" }, quoted(&rule.arn));
        }
        if self.unlisted > 0 {
            let _ = writeln!(text, "           and {} more", grouped(self.unlisted));
        }
        let _ = write!(text, "\nNext: {}\n\nAlert id: {}\n", self.hint, self.dedup_id);
        text
    }

    /// The body of one SNS message.
    pub fn sns_message(&self) -> Result<String, serde_json::Error> {
        let chat = Chat {
            id: &self.dedup_id,
            kind: Self::KIND,
            thread: "unwatched",
            title: self.subject(),
            description: &self.reason,
            next_steps: vec![self.hint.clone()],
            rules: self.rules.iter().map(|rule| &rule.arn).collect(),
        };
        chat.sns_message(&self.text(), self)
    }
}
