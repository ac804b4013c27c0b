//! Budget pressure: which budgets are overspent now, by AWS's own word, and until when that counts.
//!
//! One small stored item, shared by all instances. It ends by itself: each budget at the end of its period, or
//! once AWS says that it is OK again. What a rule makes of it is in [`crate::policy::Limits::with_overspent_budgets`].

mod confirm;
mod follow_up;

pub use confirm::{Confirmation, Doubt, confirm};
pub use follow_up::{Cleared, FollowUp, UnansweredNotice};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::alerts::Outbox;
use crate::model::{AlertBasis, Amount, Throttle, Timestamp};
use crate::stored::{Blob, Key, Stored, StoredError};

/// Layout of the stored item.
const SCHEMA: u32 = 1;
/// Time that the item outlives the last of its budgets by: other clocks may be behind.
const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// So many budgets fit into the item, which is read with every batch. Rules without a tag are covered by any one of them.
pub const MAX_BUDGETS: usize = 20;
/// What has ended is remembered for so long: another instance's clock may say that it has not.
const REMEMBER: SignedDuration = SignedDuration::from_hours(1);

/// One overspent budget: confirmed, with the numbers that AWS gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverspentBudget {
    pub name: String,
    /// Overspent, or expected to be.
    pub basis: AlertBasis,
    /// When it was first confirmed, by the clock of the instance that did.
    pub since: Timestamp,
    /// The end of the budget's period.
    pub until: Timestamp,
    /// One sentence with the numbers.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    #[serde(rename = "care", default, skip_serializing_if = "FollowUp::is_new")]
    pub follow_up: FollowUp,
}

/// The overspent budgets, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverspentBudgets {
    schema: u32,
    budgets: Vec<OverspentBudget>,
    /// Alerts that AWS Budgets has not been able to answer for yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<UnansweredNotice>,
    /// Alerts that were told of without being confirmed, each with the time: the same one is told once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubted: Vec<(u64, Throttle)>,
    /// Alerts about money that are not published yet.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    outbox: Outbox,
}

/// What a confirmed alert changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A budget presses that did not: save and announce it.
    Begun,
    /// It presses for longer or for a stronger reason: save it, people know already.
    Grown,
    /// Nothing to save.
    None,
    /// More budgets press than are kept. Nothing to save, but people should know.
    Full,
}

impl Default for OverspentBudgets {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            budgets: Vec::new(),
            waiting: Vec::new(),
            doubted: Vec::new(),
            outbox: Outbox::default(),
        }
    }
}

impl OverspentBudgets {
    /// Adds a confirmed alert. The same one again changes nothing, whichever instance saw it first.
    pub fn record(&mut self, overspent: OverspentBudget, now: Timestamp) -> Change {
        if overspent.until <= now {
            return Change::None;
        }
        if let Some(known) = self.budgets.iter_mut().find(|known| known.name == overspent.name) {
            if !is_stronger(&overspent, known) {
                return Change::None;
            }
            // What a person has cleared begins anew only for more money than was known then.
            let is_over = known.until <= now || known.follow_up.cleared.is_some();
            let (since, follow_up) = if is_over {
                (overspent.since, FollowUp::default())
            } else {
                (known.since, known.follow_up.clone())
            };
            *known = OverspentBudget { since, follow_up, ..overspent };
            return if is_over { Change::Begun } else { Change::Grown };
        }
        let kept_until =
            |known: &OverspentBudget| known.until.saturating_add(REMEMBER).unwrap_or(Timestamp::MAX);
        self.budgets.retain(|known| kept_until(known) > now);
        if self.budgets.len() >= MAX_BUDGETS {
            return Change::Full;
        }
        let place = self.budgets.partition_point(|known| known.name < overspent.name);
        self.budgets.insert(place, overspent);
        Change::Begun
    }

    /// Takes a budget out that AWS, `asked` about this pressure, says is OK again. Whether it was in. What has begun or
    /// grown since then stays: AWS's answer was to another question.
    pub fn ease(&mut self, asked: &OverspentBudget) -> bool {
        fn question(overspent: &OverspentBudget) -> impl PartialEq + '_ {
            (&overspent.name, overspent.since, overspent.until, overspent.basis, &overspent.threshold)
        }
        let before = self.budgets.len();
        self.budgets.retain(|known| question(known) != question(asked));
        self.budgets.len() < before
    }

    /// The budgets that press now.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = &OverspentBudget> {
        self.budgets
            .iter()
            .filter(move |overspent| now < overspent.until && overspent.follow_up.cleared.is_none())
    }

    /// When the last of what is in it ends.
    pub fn ends(&self) -> Option<Timestamp> {
        let doubted = self.doubted.iter().filter_map(|(_, told)| told.last());
        let others = self.waiting.iter().map(UnansweredNotice::ends).chain(doubted);
        let others = others.chain(self.outbox.ends());
        self.budgets.iter().map(|overspent| overspent.until).chain(others).max()
    }

    /// All budgets in it, also those that have ended or that a person has cleared.
    pub fn budgets(&self) -> &[OverspentBudget] {
        &self.budgets
    }
}

impl Stored for OverspentBudgets {
    const NAME: &'static str = "the budget pressure";
    const SCHEMA: u32 = SCHEMA;

    fn key(&self) -> Key<'_> {
        Key::Budgets
    }

    fn encode(&self) -> Result<Blob, StoredError> {
        serde_json::to_string(self).map(Blob::from).map_err(Self::damaged)
    }

    fn decode(blob: &Blob) -> Result<Self, StoredError> {
        Self::parse(&blob.json)
    }

    fn expires(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.ends().unwrap_or(now).saturating_add(KEEP).unwrap_or(Timestamp::MAX))
    }
}

/// Whether the new alert says more about its budget: a later period, actual instead of forecasted, a higher threshold.
fn is_stronger(new: &OverspentBudget, known: &OverspentBudget) -> bool {
    let threshold = |overspent: &OverspentBudget| overspent.threshold.as_ref().map(Amount::micros);
    let rank = |overspent: &OverspentBudget| (overspent.until, overspent.basis, threshold(overspent));
    rank(new) > rank(known)
}

#[cfg(test)]
mod tests;
