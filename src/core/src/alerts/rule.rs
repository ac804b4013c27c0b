//! Events of one rule, as data.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::cost::CostEstimate;
use super::key::AlertKind;
use super::occurrence::{Occurrence, Repetition, Topic};
use crate::aftermath::{CutOutcome, Missed};
use crate::archive::Replay;
use crate::cure::{Cure, NoCure};
use crate::model::{RuleState, Tags, TextId, Timestamp, whole_seconds};
use crate::policy::BurstLimit;
use crate::trial::TrialOutcome;
use crate::verdict::{Evidence, EvidenceKind};

/// Content of an alert about one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleBody {
    /// Event to report.
    pub event: RuleEvent,
    /// State of the breaker, as a word.
    pub breaker: String,
    /// State of the rule. `None` if the guard does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RuleState>,
    /// Evidence of the trip. `None` for events without a trip, and after the alert has waited behind others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Cost of the firings. `None` if the targets or the times of the firings are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
    /// Cure of a proved loop. `None` where none is proved, and after the alert has waited behind others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<Remedy>,
}

/// Cure of a loop by its pattern, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Changed pattern.
    Pattern(Cure),
    /// Reason, as a clause.
    Refused(String),
}

impl From<Result<Cure, NoCure>> for Remedy {
    fn from(cure: Result<Cure, NoCure>) -> Self {
        cure.map_or_else(|why| Self::Refused(why.to_string()), Self::Pattern)
    }
}

/// Event of one rule. `why` is the sentence of the verdict, which is also stored with the trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleEvent {
    /// The rule was disabled.
    Tripped {
        /// Reason of the trip.
        why: String,
        /// Way in which the rule is restored.
        next: AfterCut,
        /// True if the guard sees the events that the rule misses. `None` in alerts of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        is_watched: Option<bool>,
    },
    /// The rule is off for a trial.
    TrialBegun {
        /// Reason of the suspicion.
        why: String,
        /// End of the trial.
        until: Timestamp,
    },
    /// The trial is over, and the rule is not cut for it.
    TrialOver {
        /// The outcome.
        outcome: TrialOutcome,
        /// Outcome in one sentence, with its numbers.
        why: String,
        /// Time at which the events that the rule missed are replayed. `None` if they are not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replay_at: Option<Timestamp>,
    },
    /// The outcome of a cut is known.
    CutOutcome {
        /// The outcome.
        outcome: CutOutcome,
        /// True if the guard puts the rule back for it.
        is_restored: bool,
        /// True if a person cut the rule. The guard then never puts it back.
        #[serde(default)]
        is_by_hand: bool,
    },
    /// The rule would have been disabled.
    WouldTrip {
        /// Reason of the trip.
        why: String,
        /// Reason for not disabling the rule.
        because: String,
        /// Time of the trip.
        at: Timestamp,
        /// True if the mode of the rule is `observe`. False if the rule must never be cut.
        is_observed: bool,
    },
    /// The rule looks like a loop, without proof.
    Suspect {
        /// Reason of the suspicion.
        why: String,
        /// Reason for not disabling the rule, if its evidence would have tripped it otherwise.
        because: Option<String>,
        /// Kind of the evidence.
        kind: EvidenceKind,
    },
    /// The guard put the rule back.
    Restored {
        /// State that the rule was put back to.
        to: RuleState,
        /// Burst limit on probation.
        limit: BurstLimit,
        /// Parts of the rule that were changed by others while it was disabled.
        changed: Vec<String>,
        /// Events that the rule missed meanwhile. `None` if none are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missed: Option<Missed>,
    },
    /// An interrupted restore had already put the rule back.
    RestoredBefore {
        /// State that the rule was found in.
        to: RuleState,
    },
    /// Another principal changed the state of a rule that the guard had cut.
    Undone {
        /// Principal. `None` if it is not known.
        by: Option<String>,
        /// New state of the rule.
        to: RuleState,
        /// Burst limit on probation.
        limit: BurstLimit,
        /// Infrastructure as code that defines the rule. `None` if its tags show none.
        source: Option<CodeSource>,
    },
    /// Another principal deleted a rule that the guard had cut.
    Deleted {
        /// Principal. `None` if it is not known.
        by: Option<String>,
    },
    /// The rule is still disabled.
    Reminder {
        /// Time of the cut. `None` if it is not known.
        since: Option<Timestamp>,
        /// Reason of the trip.
        why: String,
        /// Infrastructure as code that defines the rule. `None` if its tags show none.
        source: Option<CodeSource>,
    },
    /// An action of the guard failed.
    Failed(Failure),
    /// The rule is fired mostly by its own targets.
    Advice {
        /// Number of firings within 24 hours that its own targets caused.
        own: u64,
        /// Number of all firings within these 24 hours.
        all: u64,
        /// ARN of the role of these targets. `None` if it is not known.
        role: Option<String>,
    },
    /// A person changed the pattern with `budget-guard cure`.
    PatternChanged {
        /// Description of the person.
        by: String,
        /// True if the old pattern was put back.
        is_undone: bool,
    },
}

/// Way in which a rule that was cut is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterCut {
    /// A person restores it: automatic restores are off.
    ByPerson,
    /// The guard restores it at this time.
    RestoredAt(Timestamp),
    /// A person restores it: too many trips within a day ended automatic restores.
    TrippedTooOften,
    /// A person restores it: proved loops are not restored automatically.
    LoopIsProved,
}

/// Action of the guard that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Tags of the rule are malformed: one sentence for each.
    Tags(Vec<String>),
    /// The guard cannot evaluate the event pattern, for this reason.
    Pattern(String),
    /// The rule reads as disabled, but fired at this time.
    NotCut(Timestamp),
    /// The rule could not be disabled. Holds the fault as text.
    Disable(String),
    /// The rule could not be restored. Holds the fault as text.
    Restore(String),
    /// A delayed `DisableRule` took effect after the rule had been restored.
    Overtaken,
    /// The events that the rule missed during a trial could not be replayed.
    Replay {
        /// Fault as text.
        fault: String,
        /// ARN of the archive that has them.
        archive: String,
        /// Events to be replayed.
        replay: Replay,
    },
    /// A restore changed these parts of the rule besides its state.
    RestoreChanged(Vec<String>),
}

/// Infrastructure as code that defines a rule, recognised by its tags.
///
/// CloudFormation adds its tags by itself. Terraform does not, but many of its users have a tag that contains
/// `terraform`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeSource {
    /// CloudFormation.
    CloudFormation {
        /// Name of the stack.
        stack: String,
        /// Logical id of the rule in the template. `None` if that tag is absent.
        logical_id: Option<String>,
    },
    /// Terraform.
    Terraform,
}

impl RuleBody {
    /// Creates the content from an event and the state of the breaker.
    pub fn new(event: RuleEvent, breaker: &str) -> Self {
        Self { event, breaker: breaker.into(), state: None, evidence: None, cost: None, cure: None }
    }

    /// Adds the evidence of a trip.
    pub fn with_evidence(mut self, evidence: &Evidence) -> Self {
        self.evidence = Some(evidence.clone());
        self
    }

    /// Adds the cost of the firings.
    pub fn with_cost(self, cost: Option<CostEstimate>) -> Self {
        Self { cost, ..self }
    }

    /// Adds the cure of a proved loop.
    pub fn with_cure(mut self, cure: Option<Result<Cure, NoCure>>) -> Self {
        self.cure = cure.map(Remedy::from);
        self
    }

    /// Adds the state of the rule.
    pub fn with_state(mut self, state: RuleState) -> Self {
        self.state = Some(state);
        self
    }
}

impl RuleEvent {
    /// Returns the kind of the alert about this event.
    pub const fn kind(&self) -> AlertKind {
        match self {
            Self::Tripped { .. } => AlertKind::Tripped,
            Self::WouldTrip { .. } => AlertKind::WouldTrip,
            Self::TrialBegun { .. } => AlertKind::Trial,
            Self::TrialOver { outcome: TrialOutcome::Honest, .. } => AlertKind::Exonerated,
            Self::TrialOver { .. } => AlertKind::Inconclusive,
            Self::CutOutcome { outcome, .. } => match outcome {
                CutOutcome::Stopped { .. } => AlertKind::Confirmed,
                CutOutcome::GoesOn(_) | CutOutcome::Cleared | CutOutcome::Contradicted { .. } => {
                    AlertKind::Exonerated
                }
                CutOutcome::NotYetKnown | CutOutcome::Partly(_) | CutOutcome::Ended(..) => {
                    AlertKind::Inconclusive
                }
            },
            Self::Suspect { .. } => AlertKind::Suspect,
            Self::Restored { .. } | Self::RestoredBefore { .. } => AlertKind::Restored,
            Self::Undone { .. } | Self::Deleted { .. } => AlertKind::Undone,
            Self::Reminder { .. } => AlertKind::Reminder,
            Self::Failed(_) => AlertKind::Failed,
            Self::Advice { .. } => AlertKind::Advice,
            Self::PatternChanged { .. } => AlertKind::Cured,
        }
    }

    /// Returns the marks that distinguish this event from others of its kind, if it happens at `now`.
    pub fn occurrence(&self, now: Timestamp) -> Occurrence {
        let today = || Occurrence::repeated(Repetition::On(now.to_zoned(TimeZone::UTC).date()));
        match self {
            Self::Tripped { .. } | Self::Restored { .. } | Self::RestoredBefore { .. } => {
                Occurrence::default()
            }
            Self::WouldTrip { at, .. } => Occurrence::repeated(Repetition::At(*at)),
            Self::Undone { .. } => Occurrence::default(),
            Self::Deleted { .. } => Occurrence::of(Topic::Deleted),
            Self::CutOutcome { outcome: CutOutcome::Ended(..), .. } => Occurrence::of(Topic::Ended),
            Self::TrialBegun { .. } | Self::TrialOver { .. } => {
                Occurrence::of_repeated(Topic::Trial, Repetition::At(whole_seconds(now)))
            }
            Self::CutOutcome { .. } => Occurrence::default(),
            Self::PatternChanged { .. } => Occurrence::repeated(Repetition::At(whole_seconds(now))),
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
            Self::Replay { .. } => Occurrence::of_repeated(Topic::Replay, at),
            Self::NotCut(_) => Occurrence::of(Topic::NotCut),
            Self::Overtaken => Occurrence::of(Topic::Overtaken),
            Self::RestoreChanged(_) => Occurrence::of(Topic::RestoreChanged),
        }
    }
}

impl CodeSource {
    /// Recognises the source by the tags of a rule. `None` if they show none.
    pub fn of(tags: &Tags) -> Option<Self> {
        if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
            let logical_id = tags.get("aws:cloudformation:logical-id").cloned();
            return Some(Self::CloudFormation { stack: stack.clone(), logical_id });
        }
        let mentions = |text: &str| text.to_ascii_lowercase().contains("terraform");
        tags.iter().any(|(key, value)| mentions(key) || mentions(value)).then_some(Self::Terraform)
    }
}
