//! What still has to be done about budget pressure: telling people, asking AWS again, and what a person has decided.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{OverspentBudget, OverspentBudgets};
use crate::alerts::{Alert, AlertKey};
use crate::model::{DAILY, Lease, TextId, Throttle, Timestamp, whole_seconds};
use crate::sources::cost::{BudgetNotice, CostAlert, CostMessage};

/// Whoever looks at all rules for a budget has this long; then the next one does it again.
const TAKEN_FOR: SignedDuration = SignedDuration::from_secs(60);
/// AWS computes budgets a few times a day.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// An alert that AWS never answers for is given up after this.
const WAIT_FOR: SignedDuration = SignedDuration::from_hours(24);
const MAX_WAITING: usize = 5;
/// So many alerts that are not confirmed are told of within a day; whoever forges more finds them in the log alone.
const MAX_DOUBTED: usize = 20;
/// Maximum number of alerts that wait to be published.
const MAX_OUTBOX: usize = super::MAX_BUDGETS;

/// What has been done about one overspent budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// All rules were looked at, and the alert about it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
    /// Claim of that work. Stored as the time of its beginning.
    #[serde(default, skip_serializing_if = "Lease::is_unused", with = "taken")]
    taken: Lease,
    /// When AWS was last asked whether the budget is OK again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Timestamp>,
    /// A person ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
    /// That stands in the log of the guard's function.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_logged: bool,
}

/// A lease as the time at which it was taken.
mod taken {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::TAKEN_FOR;
    use crate::model::{Lease, Timestamp};

    pub fn serialize<S: Serializer>(lease: &Lease, serializer: S) -> Result<S::Ok, S::Error> {
        lease.until.map(|until| until - TAKEN_FOR).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lease, D::Error> {
        let until = |at: Timestamp| at.saturating_add(TAKEN_FOR).unwrap_or(Timestamp::MAX);
        let at = Option::<Timestamp>::deserialize(deserializer)?;
        Ok(at.map(|at| Lease::held_until(until(at))).unwrap_or_default())
    }
}

/// A person's word that a budget shall not press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    pub at: Timestamp,
    pub reason: String,
}

impl FollowUp {
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

/// An alert to ask AWS about again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredNotice {
    pub notice: BudgetNotice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    pub since: Timestamp,
}

impl UnansweredNotice {
    pub(super) fn ends(&self) -> Timestamp {
        self.since.saturating_add(WAIT_FOR).unwrap_or(Timestamp::MAX)
    }

    /// The alert as it came.
    pub fn message(&self) -> CostMessage {
        let alert = CostAlert::Budget(self.notice.clone());
        CostMessage { topic_arn: None, message_id: None, sent: self.sent, alert }
    }
}

impl OverspentBudgets {
    /// The budgets of which people have yet to be told, from now on this caller's to do.
    pub fn claim_unannounced(&mut self, now: Timestamp) -> Vec<OverspentBudget> {
        let is_due = |overspent: &&mut OverspentBudget| {
            let is_open = overspent.follow_up.told.is_none() && overspent.follow_up.taken.is_free(now);
            now < overspent.until && overspent.follow_up.cleared.is_none() && is_open
        };
        let due = self.budgets.iter_mut().filter(is_due);
        due.map(|overspent| {
            overspent.follow_up.taken.take_for(now, TAKEN_FOR);
            overspent.clone()
        })
        .collect()
    }

    pub fn told(&mut self, name: &str, now: Timestamp) {
        for overspent in self.budgets.iter_mut().filter(|overspent| overspent.name == name) {
            overspent.follow_up.told = Some(now);
        }
    }

    /// The pressing budgets to ask AWS about again; the next ask is ten minutes away.
    pub fn claim_due_checks(&mut self, now: Timestamp) -> Vec<OverspentBudget> {
        let is_due = |overspent: &&mut OverspentBudget| {
            let last = overspent.follow_up.asked.unwrap_or(overspent.since);
            now < overspent.until
                && overspent.follow_up.cleared.is_none()
                && now.duration_since(last) >= ASK_EVERY
        };
        let due = self.budgets.iter_mut().filter(is_due);
        due.map(|overspent| {
            overspent.follow_up.asked = Some(now);
            overspent.clone()
        })
        .collect()
    }

    /// A person ends what presses now; what is cleared stays known, so that the same alert again does not bring it back.
    pub fn clear(&mut self, reason: &str, now: Timestamp) -> Vec<OverspentBudget> {
        let mut cleared = Vec::new();
        self.waiting.clear();
        for overspent in &mut self.budgets {
            if now < overspent.until && overspent.follow_up.cleared.is_none() {
                overspent.follow_up.cleared =
                    Some(Cleared { at: whole_seconds(now), reason: reason.to_owned() });
                cleared.push(overspent.clone());
            }
        }
        cleared
    }

    /// What people have cleared and the log does not say yet.
    pub fn unlogged(&self) -> Vec<(String, Cleared)> {
        let unlogged = self.budgets.iter().filter(|overspent| !overspent.follow_up.is_logged);
        unlogged
            .filter_map(|overspent| Some((overspent.name.clone(), overspent.follow_up.cleared.clone()?)))
            .collect()
    }

    /// The log says of these.
    pub fn logged(&mut self, known: &[(String, Cleared)]) {
        for (name, cleared) in known {
            let is_meant = |overspent: &&mut OverspentBudget| {
                overspent.name == *name && overspent.follow_up.cleared.as_ref() == Some(cleared)
            };
            self.budgets
                .iter_mut()
                .filter(is_meant)
                .for_each(|overspent| overspent.follow_up.is_logged = true);
        }
    }

    /// Keeps an alert until it is published. Returns the oldest one, if there is no room for it any more.
    pub fn queue(&mut self, alert: Alert) -> Option<Alert> {
        self.outbox.queue(alert, MAX_OUTBOX)
    }

    /// The alerts to publish, from now on this caller's to do.
    pub fn claim_outbox(&mut self, now: Timestamp) -> Vec<Alert> {
        self.outbox.claim(now)
    }

    /// This alert is published.
    pub fn mark_published(&mut self, key: &AlertKey) {
        self.outbox.published(key);
    }

    /// AWS will be asked about this alert again. One that waits already, or one too many, changes nothing.
    pub fn wait(&mut self, waiting: UnansweredNotice) {
        let is_known = self.waiting.iter().any(|known| known.notice == waiting.notice);
        if !is_known && self.waiting.len() < MAX_WAITING {
            self.waiting.push(waiting);
        }
    }

    /// The alerts to ask about again; those given up are left out.
    pub fn waiting(&mut self, now: Timestamp) -> Vec<UnansweredNotice> {
        self.waiting.retain(|waiting| now < waiting.ends());
        self.waiting.clone()
    }

    /// AWS has answered.
    pub fn answered(&mut self, notice: &BudgetNotice) {
        self.waiting.retain(|known| known.notice != *notice);
    }

    /// Whether people are to be told of this alert, which is not confirmed: the same one once, and only so many a day.
    pub fn note_unconfirmed(&mut self, id: &str, now: Timestamp) -> bool {
        self.doubted.retain(|(_, told)| !told.is_due(now, DAILY));
        let id = TextId::of(id).bits();
        let is_known = self.doubted.iter().any(|(known, _)| *known == id);
        let is_told = !is_known && self.doubted.len() < MAX_DOUBTED;
        if is_told {
            self.doubted.push((id, Throttle::reported(now)));
        }
        is_told
    }
}
