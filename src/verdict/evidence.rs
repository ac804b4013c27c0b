//! What a verdict rests on, and how it reads in one sentence.

use serde::{Deserialize, Serialize};

use crate::model::{Caller, Proof, RuleArn, Seconds, Seen, Target, Timestamp, about};
use crate::policy::{BurstLimit, Limits};
use crate::window::CallerCount;

use super::Curve;

/// Which kind of evidence led to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Too many distinct firings within one window.
    Burst,
    /// The rule's own targets fired it, again and again, on one resource.
    Echo,
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
    /// Of echoes on one resource the first and the last; else the last events of the rule.
    #[serde(default)]
    pub sample_event_ids: Vec<String>,
    /// What echoes have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<EchoEvidence>,
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

/// Echoes on one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoEvidence {
    pub resource: String,
    /// Echoes of which a role is the only proof that others use as well. Two of these count as one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shared: u32,
    /// Same caller, same call, same parameters.
    pub identical: bool,
    /// Outside firings between the echoes: none, but on resources that outsiders touch all the time.
    pub outside: u32,
    /// What shows that the caller was a target of the rule; `None` when other rules relayed every firing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The rules that fire each other in turn, the cut one first. Empty for a rule that fires itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cycle: Vec<RuleArn>,
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
    fn from(CallerCount { caller, count }: CallerCount) -> Self {
        Self {
            principal: caller.principal.into_owned(),
            issued_to: caller.issued_to.map(|arn| arn.into_owned()),
            count,
            is_target: false,
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
            echo: None,
            rate: None,
            history: None,
            pressed_by: Vec::new(),
            otherwise: None,
        }
    }

    /// Marks the callers that are targets of the rule.
    pub fn mark_targets(&mut self, is_target: impl Fn(&Caller<'_>, &[Target]) -> bool, targets: &[Target]) {
        for one in &mut self.callers {
            let caller = Caller {
                principal: one.principal.as_str().into(),
                issued_to: one.issued_to.as_deref().map(Into::into),
            };
            one.is_target = is_target(&caller, targets);
        }
    }

    /// The share of firings caused by the rule's own targets, as (echoes, all).
    pub fn echoes(&self) -> (u32, u32) {
        let sum = |only_targets: bool| {
            self.callers.iter().filter(|one| one.is_target || !only_targets).map(|one| one.count).sum()
        };
        (sum(true), sum(false))
    }

    /// Whether it is proved that the rule fires itself: by echoes on one resource, or because nine of ten of these firings
    /// were caused by its own targets.
    pub fn proves_loop(&self) -> bool {
        let (echoes, all) = self.echoes();
        self.echo.is_some() || echoes > 0 && u64::from(echoes) * 10 >= u64::from(all) * 9
    }

    /// Whether these firings are too many for these limits, which were read after they were counted.
    pub fn fills(&self, limits: &Limits, burst: BurstLimit) -> bool {
        if !self.pressed_by.is_empty() && !limits.is_pressed() {
            return false;
        }
        match self.kind {
            EvidenceKind::Manual => true,
            EvidenceKind::Echo => limits.echo.is_some_and(|limit| match &self.echo {
                Some(echo) if echo.identical => echo.weight(self.count) >= limit.identical().into(),
                Some(echo) => echo.weight(self.count) >= limit.get().into(),
                None => self.count >= limit.get().into(),
            }),
            EvidenceKind::Sustained => limits.sustained.is_some(),
            EvidenceKind::Burst => {
                let (Some(first), Some(last)) = (self.first, self.last) else { return true };
                self.count >= u64::from(burst.count.get())
                    && last.duration_since(first) < jiff::SignedDuration::from(burst.window)
            }
        }
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
        let count = self.count;
        let firings = if count == 1 { "firing" } else { "firings" };
        let window = self.window_seconds.map(|window| format!(" within {window}")).unwrap_or_default();
        let pressure = self.pressure();
        match &self.echo {
            Some(echo) => echo.sentence(count, limit, &between),
            None if self.kind == EvidenceKind::Sustained => {
                format!(
                    "{about}{count} distinct {firings}{window}, minute after minute, at the limit of {limit} {between}{pressure}"
                )
            }
            None => format!(
                "{about}{count} distinct {firings}{window}, at the limit of {limit} {between}{pressure}"
            ),
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

/// For serde, which hands over a reference.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl EchoEvidence {
    /// What so many echoes count for.
    pub fn weight(&self, count: u64) -> u64 {
        count.saturating_sub(u64::from(self.shared).div_ceil(2))
    }

    /// What is less than proof about the callers, if anything is.
    fn doubt(&self, count: u64) -> String {
        match u64::from(self.shared) {
            0 => String::new(),
            shared if shared >= count => ", by a role that others use as well (each counts half)".to_owned(),
            shared => format!(", {shared} of them by a role that others use as well (each counts half)"),
        }
    }

    fn sentence(&self, count: u64, limit: u64, between: &str) -> String {
        let alike = if self.identical { ", word for word the same call," } else { "" };
        let outside = match self.outside {
            0 => "no outside firing between them".to_owned(),
            n => format!("only {n} outside firings among them"),
        };
        let resource = &self.resource;
        let names: Vec<&str> = self.cycle.iter().chain(self.cycle.first()).map(RuleArn::name).collect();
        let cause = match names.is_empty() {
            true => "were caused by its own target".to_owned(),
            false => format!("came round the cycle {}", names.join(" → ")),
        };
        let doubt = self.doubt(count);
        format!(
            "{count} firings on {resource}{alike} {cause}{doubt}, with {outside}, at the limit of {limit} {between}"
        )
    }
}
