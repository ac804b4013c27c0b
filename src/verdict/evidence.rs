//! What a verdict rests on, and how it reads in one sentence.

use serde::{Deserialize, Serialize};

use crate::model::{Caller, Seconds, Target, Timestamp};
use crate::window::CallerCount;

/// Which kind of evidence led to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Too many distinct firings within one window.
    Burst,
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
    #[serde(default)]
    pub sample_event_ids: Vec<String>,
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

    /// Whether it is proved that the rule fires itself: nine of ten of these firings were caused by its own targets.
    pub fn proves_loop(&self) -> bool {
        let (echoes, all) = self.echoes();
        echoes > 0 && u64::from(echoes) * 10 >= u64::from(all) * 9
    }

    /// Whether these firings are too many for this limit, which was read after they were counted.
    pub fn fills(&self, limit: crate::policy::BurstLimit) -> bool {
        let (Some(first), Some(last)) = (self.first, self.last) else { return true };
        self.count >= u64::from(limit.count.get())
            && last.duration_since(first) < jiff::SignedDuration::from(limit.window)
    }

    /// The reason in one sentence, with the numbers.
    pub fn sentence(&self) -> String {
        match (self.limit, self.window_seconds, self.first, self.last) {
            (Some(limit), Some(window), Some(first), Some(last)) => {
                let about = if self.is_estimate { "about " } else { "" };
                let count = self.count;
                let firings = if count == 1 { "firing" } else { "firings" };
                format!(
                    "{about}{count} distinct {firings} within {window}, at the limit of {limit} ({first} to {last})"
                )
            }
            _ => "cut by hand".to_owned(),
        }
    }
}
