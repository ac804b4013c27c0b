//! Changes by others to the guard itself: to its tags on rules, and to the parts of its stack.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::model::{DAILY, RuleArn, TextId};

/// Maximum number of changes in one alert. The others are counted.
const LISTED: usize = 20;

/// Changes that one alert tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tampering {
    /// First changes, up to the maximum.
    pub changes: Vec<Tampered>,
    /// Number of changes beyond that maximum.
    pub unlisted: u64,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tampered {
    /// Part that was changed.
    pub change: Tamper,
    /// Principal that changed it. `None` if no event told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Kind of change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// A tag of the guard on a rule.
    Tag {
        /// ARN of the rule.
        rule: RuleArn,
        /// Key of the tag.
        key: String,
        /// Value before. `None` if the tag was not set.
        before: Option<String>,
        /// Value now. `None` if the tag is not set.
        after: Option<String>,
    },
    /// A call on a part of the stack.
    Call {
        /// ARN of the part.
        part: String,
        /// Name of the call.
        call: String,
    },
    /// A problem with a part of the stack, as a clause.
    Found(String),
}

impl Tampered {
    /// Returns a hash of the change and its author.
    pub fn id(&self) -> u64 {
        TextId::of(&format!("{self:?}")).bits()
    }

    /// Time after which the same is told again. `None` for changes that are told each time.
    pub fn told_every(&self) -> Option<SignedDuration> {
        match self.change {
            Tamper::Tag { .. } => None,
            Tamper::Call { .. } => Some(SignedDuration::from_hours(1)),
            Tamper::Found(_) => Some(DAILY),
        }
    }
}

impl Tampering {
    /// Creates the content of an alert about these changes.
    pub fn of(mut changes: Vec<Tampered>) -> Self {
        let unlisted = changes.len().saturating_sub(LISTED) as u64;
        changes.truncate(LISTED);
        Self { changes, unlisted }
    }

    /// Returns a hash of the listed changes.
    pub(super) fn hash(&self) -> u64 {
        TextId::of(&format!("{:?}", self.changes)).bits()
    }

    /// Returns the rules whose tags were changed, each once.
    pub fn rules(&self) -> Vec<&RuleArn> {
        let mut rules: Vec<&RuleArn> = Vec::new();
        for tampered in &self.changes {
            if let Tamper::Tag { rule, .. } = &tampered.change
                && !rules.contains(&rule)
            {
                rules.push(rule);
            }
        }
        rules
    }
}
