//! Evidence of a verdict, and the sentence that states it.

use serde::{Deserialize, Serialize};

use crate::escape::is_id;
use crate::model::{Caller, Excerpt, RuleArn, Seconds, Target, Timestamp, about, plural};
use crate::policy::{BurstLimit, Limits};
use crate::window::CallerCount;

use super::Curve;

/// Kind of evidence that led to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Too many distinct firings within one window.
    Burst,
    /// A chain of firings. Each of them can only have been caused by one before it.
    #[serde(alias = "echo")]
    Turns,
    /// More word-for-word equal calls by the rule's own targets than the reasons explain.
    Surplus,
    /// Steady firing over many minutes. Alone it makes a suspect, not a loop.
    Sustained,
    /// Cut by a person's order.
    Manual,
}

/// Evidence of one trip, as stored in the record and shown in alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Kind of the evidence.
    pub kind: EvidenceKind,
    /// Number of distinct firings, or of own calls if [`Self::own`] is set.
    pub count: u64,
    /// Limit that was reached, in firings, turns or surplus calls; `None` for a cut by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Length of the window; `None` where no window applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<Seconds>,
    /// Event time of the first firing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Event time of the last firing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// True if `count` is estimated from a sample, as for limits above 512.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimate: bool,
    /// Callers of the firings, most frequent first; the less frequent ones together.
    #[serde(default)]
    pub callers: Vec<CallerEvidence>,
    /// Ids of the last events counted, oldest first.
    #[serde(default)]
    pub sample_event_ids: Vec<String>,
    /// API call of the firings, or the most frequent one, such as `s3 PutBucketAcl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Evidence that the rule's own targets made the calls; `None` if only the rate counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnEvidence>,
    /// Rate curve of the firings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Curve>,
    /// Comparison with the rule's own past as one sentence, or the reason why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// Names of the overspent budgets without which this would not have reached the limit.
    #[serde(rename = "pressed_by", default, skip_serializing_if = "Vec::is_empty")]
    pub overspent_budgets: Vec<String>,
    /// Sentence that says what would have happened without the guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// Calls by the rule's own targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEvidence {
    /// Finding about the calls.
    pub finding: Finding,
    /// Resource of the equal calls, or of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Missing part of a proof as a clause after "because"; `None` for a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Rules that fire each other, the cut one first. Empty for a rule that fires itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cycle: Vec<RuleArn>,
}

/// Finding about own calls, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A chain of firings.
    Turns {
        /// Number of turns in the chain.
        turns: u32,
    },
    /// A run of word-for-word equal calls.
    Surplus {
        /// Number of equal calls.
        calls: u32,
        /// Number of reasons that explain some of them.
        reasons: u32,
    },
    /// Own calls within the window, in a chain of two turns or more.
    Rate,
    /// Own calls within the window, too many for a fan-out.
    FanOut {
        /// Number of firings by other makers near them.
        others: u64,
    },
    /// Own calls in strict alternation with calls that the guard cannot place.
    Alternation {
        /// Number of own calls that alternate.
        turns: u32,
    },
    /// Own calls without a reason near.
    SelfStarted {
        /// Number of own calls.
        calls: u32,
    },
    /// Own calls for hours, many for each call by others.
    Beside {
        /// Number of calls by others in the same hours.
        others: u64,
    },
    /// A chain of events of one trace, or put by the rule's own target.
    Events {
        /// Number of turns in the chain.
        turns: u32,
    },
}

/// Number of calls by one caller that fired the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerEvidence {
    /// Principal of the caller, as CloudTrail recorded it.
    pub principal: String,
    /// ARN of the resource that AWS issued the credentials to; `None` if the event does not name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<String>,
    /// Number of calls among the firings; a sample of them with a limit above 512.
    pub count: u32,
    /// True if the caller is a target of the rule itself. False until the targets are read.
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
    /// Evidence of a cut by hand, which has no numbers.
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
            overspent_budgets: Vec::new(),
            otherwise: None,
        }
    }

    /// Marks the callers that are targets of the rule, in addition to those known when their calls were counted.
    pub fn mark_targets(&mut self, is_target: impl Fn(&Caller<'_>, &[Target]) -> bool, targets: &[Target]) {
        for one in &mut self.callers {
            let caller = Caller {
                principal: one.principal.as_str().into(),
                issued_to: one.issued_to.as_deref().map(Into::into),
            };
            one.is_target |= is_target(&caller, targets);
        }
    }

    /// Ids of the last events counted that can be ids, oldest first. The others are no AWS event's, and are not shown.
    pub fn event_ids(&self) -> impl Iterator<Item = &str> {
        self.sample_event_ids.iter().map(String::as_str).filter(|id| is_id(id))
    }

    /// Number of own calls, and of all calls by listed callers.
    pub fn own_calls(&self) -> (u32, u32) {
        let sum = |only_targets: bool| {
            self.callers.iter().filter(|one| one.is_target || !only_targets).map(|one| one.count).sum()
        };
        (sum(true), sum(false))
    }

    /// Returns true if the evidence proves that the rule fires itself, with no innocent explanation left.
    pub fn proves_loop(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.missing.is_none())
    }

    /// Returns true if the firings also reach these limits, which were read after the count.
    pub fn fills(&self, limits: &Limits, burst: BurstLimit) -> bool {
        if !self.overspent_budgets.is_empty() && !limits.is_tightened() {
            return false;
        }
        match self.kind {
            EvidenceKind::Manual => true,
            EvidenceKind::Turns | EvidenceKind::Surplus => {
                let finding = self.own.as_ref().map(|own| own.finding);
                limits.turns.is_some_and(|limit| match finding {
                    Some(Finding::Turns { turns }) => turns >= limit.get(),
                    // Each reason explains three tries; the surplus is what remains.
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

    /// Returns true if only the rate counts although the rule's actors are known. Own calls are then judged by `turns`,
    /// and calls by other makers are no loop of this rule.
    pub fn is_number_alone(&self, limits: &Limits) -> bool {
        self.own.is_none() && !limits.counts_all_callers()
    }

    /// Adds the sentence that says what would have happened without the guard.
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

    /// Returns the reason as one sentence with its numbers.
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

    /// Clause that names the overspent budgets; empty if there are none.
    fn pressure(&self) -> String {
        let names: Vec<String> =
            self.overspent_budgets.iter().map(|name| Excerpt::new(name).to_string()).collect();
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
            Finding::Beside { others } => format!(
                "{calls} by its own target within three hours, beside {} by others: {call}{on}",
                plural(others, "call"),
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
