//! What a verdict rests on, and how it reads in one sentence.

use serde::{Deserialize, Serialize};

use crate::model::{Caller, RuleArn, Seconds, Seen, Target, Timestamp, about, plural};
use crate::policy::{BurstLimit, Limits};
use crate::window::CallerCount;

use super::Curve;

/// Kind of evidence that led to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Too many distinct firings within one window.
    Burst,
    /// A chain of firings, each of which can only have been caused by one before it.
    #[serde(alias = "echo")]
    Turns,
    /// Word-for-word equal calls of the rule's own targets, more than there were reasons for.
    Surplus,
    /// Steady firing over many minutes. Alone it makes a suspect, not a loop.
    Sustained,
    /// A person said so.
    Manual,
}

/// The evidence of one trip, as it stands in the record and in alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub kind: EvidenceKind,
    /// Distinct firings.
    pub count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<Seconds>,
    /// Event time of the first and the last of these firings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// `count` is estimated from a sample (limits above 512).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimate: bool,
    #[serde(default)]
    pub callers: Vec<CallerEvidence>,
    /// Ids of the last events: of the rule's own calls where the evidence rests on those.
    #[serde(default)]
    pub sample_event_ids: Vec<String>,
    /// The API call behind the firings, or the most frequent one: `s3 PutBucketAcl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What shows that the rule's own targets made the calls; `None` where only their number counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnEvidence>,
    /// The firings over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Curve>,
    /// How this compares with the rule's own past, in a sentence; or why that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// The overspent budgets without which this would not have been enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressed_by: Vec<String>,
    /// What would have happened had the guard not acted, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// Calls of the rule's own targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEvidence {
    pub finding: Finding,
    /// Resource of the equal calls, or of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Missing part of a proof, to follow "because"; `None` for a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The rules that fire each other in turn, the cut one first. Empty for a rule that fires itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cycle: Vec<RuleArn>,
}

/// Finding about these calls, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Firings in a chain.
    Turns { turns: u32 },
    /// Equal calls, and the reasons that there were for them.
    Surplus { calls: u32, reasons: u32 },
    /// Own calls within the window, in a chain of two turns or more.
    Rate,
    /// Own calls within the window, and the firings of others near them.
    FanOut { others: u64 },
    /// Own calls in strict turn with somebody else's.
    Alternation { turns: u32 },
    /// Own calls without any reason near.
    SelfStarted { calls: u32 },
    /// Events in a chain, of one trace or put by the rule's own target.
    Events { turns: u32 },
}

/// Who made how many of the calls that fired the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerEvidence {
    pub principal: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<String>,
    pub count: u32,
    /// Whether the caller is a target of the rule itself. `false` until the targets have been read.
    pub is_target: bool,
}

impl From<CallerCount> for CallerEvidence {
    fn from(CallerCount { caller, is_own, count }: CallerCount) -> Self {
        Self {
            principal: caller.principal.into_owned(),
            issued_to: caller.issued_to.map(|arn| arn.into_owned()),
            count,
            is_target: is_own,
        }
    }
}

impl Evidence {
    /// A cut by hand rests on nothing but the operator's word.
    pub fn manual() -> Self {
        Self {
            kind: EvidenceKind::Manual,
            count: 0,
            limit: None,
            window_seconds: None,
            first: None,
            last: None,
            is_estimate: false,
            callers: Vec::new(),
            sample_event_ids: Vec::new(),
            call: None,
            own: None,
            rate: None,
            history: None,
            pressed_by: Vec::new(),
            otherwise: None,
        }
    }

    /// Marks the callers that are targets of the rule, besides those that were known when their calls were counted.
    pub fn mark_targets(&mut self, is_target: impl Fn(&Caller<'_>, &[Target]) -> bool, targets: &[Target]) {
        for one in &mut self.callers {
            let caller = Caller {
                principal: one.principal.as_str().into(),
                issued_to: one.issued_to.as_deref().map(Into::into),
            };
            one.is_target |= is_target(&caller, targets);
        }
    }

    /// The rule's own calls among these firings, as (own, all).
    pub fn own_calls(&self) -> (u32, u32) {
        let sum = |only_targets: bool| {
            self.callers.iter().filter(|one| one.is_target || !only_targets).map(|one| one.count).sum()
        };
        (sum(true), sum(false))
    }

    /// Returns true if it is proved that the rule fires itself: no innocent explanation is left.
    pub fn proves_loop(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.missing.is_none())
    }

    /// Whether these firings are too many for these limits, which were read after they were counted.
    pub fn fills(&self, limits: &Limits, burst: BurstLimit) -> bool {
        if !self.pressed_by.is_empty() && !limits.is_pressed() {
            return false;
        }
        match self.kind {
            EvidenceKind::Manual => true,
            EvidenceKind::Turns | EvidenceKind::Surplus => {
                let finding = self.own.as_ref().map(|own| own.finding);
                limits.turns.is_some_and(|limit| match finding {
                    Some(Finding::Turns { turns }) => turns >= limit.get(),
                    // One reason explains three tries; what is more than that has none.
                    Some(Finding::Surplus { .. }) => {
                        self.limit.is_some_and(|seen| seen >= limit.surplus().into())
                    }
                    _ => true,
                })
            }
            EvidenceKind::Sustained => limits.sustained.is_some(),
            EvidenceKind::Burst => {
                let (Some(first), Some(last)) = (self.first, self.last) else { return true };
                self.count >= u64::from(burst.count.get())
                    && last.duration_since(first) < jiff::SignedDuration::from(burst.window)
            }
        }
    }

    /// Returns true if the number of firings is all there is, while the rule's actors are known: what they do themselves is
    /// judged apart, and the calls of others are no loop of this rule, whatever they cost.
    pub fn is_number_alone(&self, limits: &Limits) -> bool {
        self.own.is_none() && !limits.everybody_counts()
    }

    /// With what would have happened had the guard not acted: when the rate alone would have been enough.
    pub fn with_otherwise(mut self, burst: BurstLimit) -> Self {
        let (Some(first), Some(last)) = (self.first, self.last) else { return self };
        let millis = last.duration_since(first).as_millis().max(1_000);
        let next = match self.kind {
            EvidenceKind::Burst => u64::from(burst.count.get()).saturating_mul(10),
            _ => u64::from(burst.count.get()),
        };
        let in_window = i128::from(self.count) * i128::from(burst.window.millis()) / millis;
        self.otherwise = Some(match self.kind {
            EvidenceKind::Burst => {
                let seconds = i128::from(next) * millis / i128::from(self.count.max(1)) / 1_000;
                format!("at this rate, ten times as many firings ({next}) after {}", about(seconds))
            }
            _ if in_window < i128::from(next) => {
                format!("its rate alone would never have reached the limit of {burst}")
            }
            _ => format!("its rate alone would have reached the limit of {burst} too, but later"),
        });
        self
    }

    /// The reason in one sentence, with the numbers.
    pub fn sentence(&self) -> String {
        let (Some(limit), Some(first), Some(last)) = (self.limit, self.first, self.last) else {
            return "cut by hand".to_owned();
        };
        let between = format!("({first} to {last})");
        let about = if self.is_estimate { "about " } else { "" };
        let firings = plural(self.count, "distinct firing");
        let window = self.window_seconds.map(|window| format!(" within {window}")).unwrap_or_default();
        let pressure = self.pressure();
        match (&self.own, self.kind) {
            (Some(own), _) => format!("{}{pressure} {between}", own.sentence(self, limit, &window)),
            (None, EvidenceKind::Sustained) => {
                format!(
                    "{about}{firings}{window}, minute after minute, at the limit of {limit} {between}{pressure}"
                )
            }
            (None, _) => format!("{about}{firings}{window}, at the limit of {limit} {between}{pressure}"),
        }
    }

    /// Why this was enough, if it would not have been at other times.
    fn pressure(&self) -> String {
        let names: Vec<String> = self.pressed_by.iter().map(|name| Seen::new(name).to_string()).collect();
        match &names[..] {
            [] => String::new(),
            [name] => format!(", while the budget {name} is overspent"),
            names => format!(", while the budgets {} are overspent", names.join(", ")),
        }
    }
}

impl OwnEvidence {
    fn sentence(&self, evidence: &Evidence, limit: u64, window: &str) -> String {
        let call = evidence.call.as_deref().unwrap_or("API");
        let on = self.resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
        let calls = plural(evidence.count, "call");
        let mut text = match self.finding {
            Finding::Turns { turns } => format!(
                "{}: each of these {call} calls can only have been caused by one before it, at the limit of {limit}",
                plural(turns, "turn"),
            ),
            Finding::Surplus { calls, reasons } => format!(
                "{} for {}: {call}{on}, word for word the same, {limit} more than the reasons explain",
                plural(calls, "equal call"),
                plural(reasons, "reason"),
            ),
            Finding::Rate => format!(
                "{calls} by its own target{window}, at the limit of {limit}, each caused by one before it: {call}{on}"
            ),
            Finding::FanOut { others } => format!(
                "{calls} by its own target{window} for {} by others, ten times the limit of {limit}: {call}{on}",
                plural(others, "firing"),
            ),
            Finding::Alternation { turns } => format!(
                "{} in strict turn with calls that the guard cannot place: {call}{on}",
                plural(turns, "own call"),
            ),
            Finding::Events { turns } => format!(
                "{} of events, each put by its own target or of the trace of one before it, at the limit of {limit}",
                plural(turns, "turn"),
            ),
            Finding::SelfStarted { calls } => {
                format!("{} with no reason near: {call}{on}", plural(calls, "own call"))
            }
        };
        if !self.cycle.is_empty() {
            let names: Vec<&str> = self.cycle.iter().chain(self.cycle.first()).map(RuleArn::name).collect();
            text = format!("{text}; round the cycle {}", names.join(" → "));
        }
        match &self.missing {
            Some(missing) => format!("{text}; not proved, because {missing}"),
            None => text,
        }
    }
}
