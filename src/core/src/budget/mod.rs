//! Budget pressure: overspent budgets that AWS confirmed, and the time until which each of them counts.
//!
//! All instances share one small stored item. A budget ends by itself at the end of its period, or once AWS no longer
//! reports it as overspent. [`crate::policy::Limits::with_pressure`] is the effect on a rule.

mod confirm;
mod follow_up;

pub use confirm::{Confirmation, Doubt, confirm};
pub use follow_up::{Cleared, DoubtGroup, FollowUp, MAX_DOUBTED, Report, UnansweredNotice};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::alerts::Outbox;
use crate::model::{AlertBasis, Amount, Throttle, Timestamp};
use crate::stored::{Blob, Key, Stored, StoredError};

/// Version of the layout of the stored item.
const SCHEMA: u32 = 1;
/// Time for which the item is kept after the end of its last budget, because other clocks may be behind.
const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// Maximum number of budgets kept. The item is read with every batch, so it stays small. Any one of them tightens the
/// limits of rules without a tag.
pub const MAX_BUDGETS: usize = 20;
/// Time for which a budget is kept after its end, because the clock of another instance may be behind.
const REMEMBER: SignedDuration = SignedDuration::from_hours(1);

/// Overspent budget, confirmed, with the numbers that AWS returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverspentBudget {
    /// Name of the budget, unique in the account.
    pub name: String,
    /// Basis of the alert: actual or forecasted costs.
    pub basis: AlertBasis,
    /// Time of the first confirmation, by the clock of the instance that received it.
    pub since: Timestamp,
    /// End of the effect: the end of the budget's period.
    pub until: Timestamp,
    /// Numbers of the budget in one sentence.
    pub reason: String,
    /// Budgeted amount. `None` if AWS returned none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Amount>,
    /// Threshold of the alert, as an amount. `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    /// Actual or forecasted amount. `None` if AWS returned none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Steps that are done about it.
    #[serde(rename = "care", default, skip_serializing_if = "FollowUp::is_new")]
    pub follow_up: FollowUp,
}

/// Overspent budgets, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverspentBudgets {
    schema: u32,
    budgets: Vec<OverspentBudget>,
    /// Alerts that AWS Budgets has not answered for yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<UnansweredNotice>,
    /// Hashes of unconfirmed alerts that were reported, each with its time. The same one is not reported again. Those
    /// of the other groups follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubted: Vec<(u64, Throttle)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubted_known: Vec<(u64, Throttle)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubted_unasked: Vec<(u64, Throttle)>,
    /// Alerts about costs that are not published yet.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    outbox: Outbox,
}

/// Change by a confirmed alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The budget is new. It has to be saved and reported.
    Begun,
    /// The effect lasts longer or has a stronger reason. It has to be saved, and was reported before.
    Grown,
    /// No change.
    None,
    /// No change, because the maximum number of budgets is kept. It has to be reported.
    Full,
}

impl Default for OverspentBudgets {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            budgets: Vec::new(),
            waiting: Vec::new(),
            doubted: Vec::new(),
            doubted_known: Vec::new(),
            doubted_unasked: Vec::new(),
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
            // A budget that a person has cleared counts again only for a higher amount than was known then.
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

    /// Returns the end of the last entry. `None` if there are no entries.
    pub fn ends(&self) -> Option<Timestamp> {
        let doubted = [&self.doubted, &self.doubted_known, &self.doubted_unasked].into_iter().flatten();
        let doubted = doubted.filter_map(|(_, told)| told.last());
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

/// Returns true if the new alert says more: a later period, actual instead of forecasted, a higher threshold.
fn is_stronger(new: &OverspentBudget, known: &OverspentBudget) -> bool {
    let threshold = |overspent: &OverspentBudget| overspent.threshold.as_ref().map(Amount::micros);
    let rank = |overspent: &OverspentBudget| (overspent.until, overspent.basis, threshold(overspent));
    rank(new) > rank(known)
}

#[cfg(test)]
mod tests;
