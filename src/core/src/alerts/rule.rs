//! Events in the life of one rule, as data.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::cost::CostEstimate;
use super::key::AlertKind;
use super::occurrence::{Occurrence, Repetition, Topic};
use crate::model::{RuleDefinition, RuleState, Tags, TextId, Timestamp, whole_seconds};
use crate::policy::BurstLimit;
use crate::verdict::{Evidence, EvidenceKind};

/// Content of an alert about one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleBody {
    pub event: RuleEvent,
    /// State of the breaker, in its word.
    pub breaker: String,
    /// State of the rule, as far as the guard knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RuleState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
}

/// Event in the life of one rule. `why` is the verdict's sentence, which the trip keeps as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleEvent {
    Tripped {
        why: String,
        next: AfterCut,
    },
    /// `at`: time of the trip. `is_observed`: an observed rule, and not one that may never be cut.
    WouldTrip {
        why: String,
        because: String,
        at: Timestamp,
        is_observed: bool,
    },
    Suspect {
        why: String,
        because: Option<String>,
        kind: EvidenceKind,
    },
    /// Put back by the guard. `changed`: parts that others changed while the rule was disabled.
    Restored {
        to: RuleState,
        limit: BurstLimit,
        changed: Vec<String>,
    },
    /// Found put back: an earlier restore was interrupted.
    RestoredBefore {
        to: RuleState,
    },
    Undone {
        by: Option<String>,
        to: RuleState,
        limit: BurstLimit,
        source: Option<CodeSource>,
    },
    Deleted {
        by: Option<String>,
    },
    Reminder {
        since: Option<Timestamp>,
        why: String,
        source: Option<CodeSource>,
    },
    Failed(Failure),
    /// Firings within 24 hours: by the rule's own targets, and all. `role`: the role of these targets, if it is known.
    Advice {
        own: u64,
        all: u64,
        role: Option<String>,
    },
}

/// Outlook for a rule that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterCut {
    /// Only a person restores rules here.
    ByPerson,
    /// The guard restores the rule at this time.
    RestoredAt(Timestamp),
    /// Too many trips within a day ended automatic restores.
    TrippedTooOften,
    /// A proved loop is not restored automatically.
    LoopIsProved,
}

/// Work of the guard that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// A sentence for each malformed tag.
    Tags(Vec<String>),
    /// The event pattern is beyond the guard, for this reason.
    Pattern(String),
    /// The disabled rule fired at this time.
    NotCut(Timestamp),
    /// The rule could not be disabled, for this reason: the fault as text.
    Disable(String),
    /// The rule could not be restored, for this reason: the fault as text.
    Restore(String),
    Overtaken,
    /// A restore changed these parts of the rule.
    RestoreChanged(Vec<String>),
}

/// Infrastructure as code that a rule comes from, as its tags show it.
///
/// CloudFormation tags what it makes by itself; Terraform does not, but its users commonly tag `terraform` somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeSource {
    CloudFormation { stack: String, logical_id: Option<String> },
    Terraform,
}

impl RuleBody {
    /// An event of a rule whose breaker is in this state.
    pub fn new(event: RuleEvent, breaker: &str) -> Self {
        Self { event, breaker: breaker.into(), state: None, evidence: None, cost: None }
    }

    /// With the evidence of a trip, and the price of its firings if the rule was read.
    pub fn with_evidence(mut self, evidence: &Evidence, found: Option<&RuleDefinition>) -> Self {
        self.evidence = Some(evidence.clone());
        self.cost = found.and_then(|found| CostEstimate::new(evidence, found));
        self
    }

    /// With the state that the rule is in.
    pub fn with_state(mut self, state: RuleState) -> Self {
        self.state = Some(state);
        self
    }
}

impl RuleEvent {
    /// Kind of the alert about this event.
    pub const fn kind(&self) -> AlertKind {
        match self {
            Self::Tripped { .. } => AlertKind::Tripped,
            Self::WouldTrip { .. } => AlertKind::WouldTrip,
            Self::Suspect { .. } => AlertKind::Suspect,
            Self::Restored { .. } | Self::RestoredBefore { .. } => AlertKind::Restored,
            Self::Undone { .. } | Self::Deleted { .. } => AlertKind::Undone,
            Self::Reminder { .. } => AlertKind::Reminder,
            Self::Failed(_) => AlertKind::Failed,
            Self::Advice { .. } => AlertKind::Advice,
        }
    }

    /// Marks that tell this event from others of its kind, if it happens now.
    pub fn occurrence(&self, now: Timestamp) -> Occurrence {
        let today = || Occurrence::repeated(Repetition::On(now.to_zoned(TimeZone::UTC).date()));
        match self {
            Self::Tripped { .. } | Self::Restored { .. } | Self::RestoredBefore { .. } => {
                Occurrence::default()
            }
            Self::WouldTrip { at, .. } => Occurrence::repeated(Repetition::At(*at)),
            Self::Undone { .. } => Occurrence::default(),
            Self::Deleted { .. } => Occurrence::of(Topic::Deleted),
            Self::Suspect { .. } | Self::Reminder { .. } | Self::Advice { .. } => today(),
            Self::Failed(failure) => failure.occurrence(now),
        }
    }
}

impl Failure {
    fn occurrence(&self, now: Timestamp) -> Occurrence {
        let at = Repetition::At(whole_seconds(now));
        match self {
            Self::Tags(problems) => {
                let hash = TextId::of(&problems.join("; ")).bits();
                Occurrence::of_repeated(Topic::Tags, Repetition::Hash(hash))
            }
            Self::Pattern(_) => Occurrence::of_repeated(Topic::Pattern, at),
            Self::Disable(_) => Occurrence::of_repeated(Topic::Disable, at),
            Self::Restore(_) => Occurrence::of_repeated(Topic::Restore, at),
            Self::NotCut(_) => Occurrence::of(Topic::NotCut),
            Self::Overtaken => Occurrence::of(Topic::Overtaken),
            Self::RestoreChanged(_) => Occurrence::of(Topic::RestoreChanged),
        }
    }
}

impl CodeSource {
    /// The source that these tags of a rule show, if any.
    pub fn of(tags: &Tags) -> Option<Self> {
        if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
            let logical_id = tags.get("aws:cloudformation:logical-id").cloned();
            return Some(Self::CloudFormation { stack: stack.clone(), logical_id });
        }
        let mentions = |text: &str| text.to_ascii_lowercase().contains("terraform");
        tags.iter().any(|(key, value)| mentions(key) || mentions(value)).then_some(Self::Terraform)
    }
}
