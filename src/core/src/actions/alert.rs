//! An alert: what happened to which rule, and why. Its JSON form is public interface.

use serde::{Deserialize, Serialize};

use crate::actions::cost::cost_per_million;
use crate::model::{MicroUsd, RuleArn, RuleDefinition, RuleState, Timestamp, whole_seconds};
use crate::verdict::Evidence;

/// What an alert is about. The words are the `kind` attribute of the SNS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A rule was disabled.
    Tripped,
    /// A rule would have been disabled, but is observed or must not be touched.
    WouldTrip,
    /// A rule fires as a slow loop would; a person should look.
    Suspect,
    /// A rule was put back.
    Restored,
    /// Someone else enabled or deleted a rule that the guard had cut.
    Undone,
    /// A rule has been disabled for long.
    Reminder,
    /// Something the guard should have done did not work.
    Failed,
    /// A rule is fired mostly by its own target.
    Advice,
}

impl AlertKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tripped => "tripped",
            Self::WouldTrip => "would-trip",
            Self::Suspect => "suspect",
            Self::Restored => "restored",
            Self::Undone => "undone",
            Self::Reminder => "reminder",
            Self::Failed => "failed",
            Self::Advice => "advice",
        }
    }
}

/// One alert. The same event in the life of a rule always has the same `dedup_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub kind: AlertKind,
    pub dedup_id: String,
    pub time: Timestamp,
    pub rule: RuleRef,
    pub state: StateRef,
    /// One sentence with the numbers.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What the firings cost, when the targets are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
    /// The command that takes the guard's action back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// What to do next, when it is not an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    pub arn: RuleArn,
    pub name: String,
    pub bus: String,
}

/// The state of the breaker, and of the rule as far as the guard knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRef {
    pub breaker: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleState>,
}

/// List prices of the requests that the firings make. The run time of targets, and what they call, is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostEstimate {
    pub per_million_firings_micro_usd: MicroUsd,
    pub per_day_micro_usd: MicroUsd,
    pub firings_per_day: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced_services: Vec<String>,
}

impl RuleRef {
    pub fn of(rule: &RuleArn) -> Self {
        Self { arn: rule.clone(), name: rule.name().into(), bus: rule.bus().into() }
    }
}

impl Alert {
    /// An alert about a rule in this epoch of its life. `detail` tells apart alerts of one kind within an epoch.
    pub fn new(
        kind: AlertKind,
        rule: &RuleArn,
        epoch: u64,
        breaker: &str,
        detail: &str,
        reason: String,
        now: Timestamp,
    ) -> Self {
        let separator = if detail.is_empty() { "" } else { "/" };
        Self {
            kind,
            dedup_id: format!("{rule}/{epoch}/{}{separator}{detail}", kind.as_str()),
            time: whole_seconds(now),
            rule: RuleRef::of(rule),
            state: StateRef { breaker: breaker.into(), rule: None },
            reason,
            evidence: None,
            cost: None,
            undo: None,
            hint: None,
        }
    }

    /// Whether it tells of the same trouble as this earlier one: then one of the two is enough.
    pub fn repeats(&self, earlier: &Self) -> bool {
        // What tells the repetitions apart comes last: a day, or a time.
        let trouble = |alert: &Self| alert.dedup_id.rsplit_once('/').map(|(trouble, _)| trouble.to_owned());
        let is_one_of_many =
            |trouble: &String| self.kind == AlertKind::Failed && trouble.ends_with("/failed");
        let same = trouble(self).filter(|trouble| !is_one_of_many(trouble));
        self.kind == earlier.kind && same.is_some() && same == trouble(earlier)
    }

    /// With the evidence of a trip, and what its firings cost if the rule was read.
    pub fn with_evidence(mut self, evidence: &Evidence, found: Option<&RuleDefinition>) -> Self {
        self.evidence = Some(evidence.clone());
        self.cost = found.and_then(|found| CostEstimate::new(evidence, found));
        self
    }

    pub fn with_state(mut self, state: RuleState) -> Self {
        self.state.rule = Some(state);
        self
    }

    pub fn with_undo(mut self) -> Self {
        self.undo = Some(command("enable", &self.rule.arn));
        self
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A `budget-guard` command for one rule, as a person would type it.
pub fn command(verb: &str, rule: &RuleArn) -> String {
    let bus = if rule.is_on_default_bus() { String::new() } else { format!(" --bus {}", rule.bus()) };
    format!("budget-guard {verb} {}{bus} --region {}", rule.name(), rule.region())
}

impl CostEstimate {
    fn new(evidence: &Evidence, found: &RuleDefinition) -> Option<Self> {
        let (first, last) = (evidence.first?, evidence.last?);
        // Event times have whole seconds, so the shortest burst is taken to last one.
        let millis = last.duration_since(first).as_millis().max(1_000);
        let firings_per_day = u64::try_from(i128::from(evidence.count) * 86_400_000 / millis).ok()?;
        let (price, unpriced) = cost_per_million(&found.targets);
        Some(Self {
            per_million_firings_micro_usd: price,
            per_day_micro_usd: price.per_million_times(firings_per_day),
            firings_per_day,
            unpriced_services: unpriced,
        })
    }
}
