//! Follow-up of budget pressure: alerts to people, further questions to AWS, and decisions of a person.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{OverspentBudget, OverspentBudgets};
use crate::alerts::{Alert, AlertKey};
use crate::model::{DAILY, Lease, TextId, Throttle, Timestamp, whole_seconds};
use crate::sources::cost::{BudgetNotice, CostAlert, CostMessage};

/// Time for one invocation to judge all rules for a budget. After it another one may do it.
const TAKEN_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Time between two questions about a budget. AWS computes budgets a few times a day.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Time after which an alert that AWS has not answered for is given up.
const WAIT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Maximum number of alerts that wait for an answer of AWS.
const MAX_WAITING: usize = 5;
/// Maximum number of unconfirmed alerts of one group that are reported within a day. Further ones, which may be forged,
/// appear in the log only.
pub const MAX_DOUBTED: usize = 20;
/// Maximum number of alerts that wait to be published.
const MAX_OUTBOX: usize = super::MAX_BUDGETS;

/// Follow-up of one overspent budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Time at which all rules were judged and the alert was queued. `None` before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
    /// Lease of the invocation that judges the rules. It is stored as the time at which it was taken.
    #[serde(default, skip_serializing_if = "Lease::is_unused", with = "taken")]
    taken: Lease,
    /// Time of the last question whether the budget is still overspent. `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Timestamp>,
    /// Decision of a person to end the effect of the budget. `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
    /// True if that decision is in the log of the Lambda function.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_logged: bool,
}

/// Stored form of a lease: the time at which it was taken.
mod taken {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::TAKEN_FOR;
    use crate::model::{Lease, Timestamp};

    pub(super) fn serialize<S: Serializer>(lease: &Lease, serializer: S) -> Result<S::Ok, S::Error> {
        lease.until.map(|until| until - TAKEN_FOR).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lease, D::Error> {
        let until = |at: Timestamp| at.saturating_add(TAKEN_FOR).unwrap_or(Timestamp::MAX);
        let at = Option::<Timestamp>::deserialize(deserializer)?;
        Ok(at.map(|at| Lease::held_until(until(at))).unwrap_or_default())
    }
}

/// Decision of a person to end the effect of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Time of the decision, in whole seconds.
    pub at: Timestamp,
    /// Reason that the person gave.
    pub reason: String,
}

/// Group of messages without consequence. Each has its own number of reports a day, so that a flood of messages that
/// anyone can make up mutes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtGroup {
    /// About a budget that AWS has. There are no more of them than budgets in the account.
    KnownBudget,
    /// Cost anomalies and billing alarms, which no one can be asked about.
    Unasked,
    /// All others: unknown budgets, other accounts, text of any kind.
    Other,
}

/// Result of noting a message without consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It is to be reported.
    Told,
    /// It is to be reported, as the last of its group within a day.
    Last,
    /// It was reported before, or too many of its group were.
    Muted,
}

impl FollowUp {
    /// Returns true if nothing is done yet.
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

/// Alert for which AWS has to be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredNotice {
    /// Content of the alert.
    pub notice: BudgetNotice,
    /// Time at which SNS received it. `None` if the message had no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// Time of the first question.
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
    /// Budgets whose alert is not queued yet. Their announcement is claimed by this caller.
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

    /// Notes that the alert about this budget is queued.
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

    /// Returns the decisions of a person that are not in the log yet, each with the name of the budget.
    pub fn unlogged(&self) -> Vec<(String, Cleared)> {
        let unlogged = self.budgets.iter().filter(|overspent| !overspent.follow_up.is_logged);
        unlogged
            .filter_map(|overspent| Some((overspent.name.clone(), overspent.follow_up.cleared.clone()?)))
            .collect()
    }

    /// Notes that these decisions are in the log.
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

    /// Adds an alert to the outbox. Returns the oldest one if there is no room for it any more. A budget whose alert is
    /// given up before it was published is announced again.
    pub fn queue(&mut self, alert: Alert) -> Option<Alert> {
        let given_up = self.outbox.queue(alert, MAX_OUTBOX)?;
        if let Some(name) = given_up.announced_budget() {
            let announced = self.budgets.iter_mut().filter(|overspent| overspent.name == name);
            announced.for_each(|overspent| overspent.follow_up.told = None);
        }
        Some(given_up)
    }

    /// The alerts to publish, from now on this caller's to do.
    pub fn claim_outbox(&mut self, now: Timestamp) -> Vec<Alert> {
        self.outbox.claim(now)
    }

    /// This alert is published.
    pub fn mark_published(&mut self, key: &AlertKey) {
        self.outbox.published(key);
    }

    /// AWS will be asked about this alert again. One that waits already changes nothing. Returns false if there is no
    /// room for it.
    pub fn wait(&mut self, waiting: UnansweredNotice) -> bool {
        let is_known = self.waiting.iter().any(|known| known.notice == waiting.notice);
        let has_room = is_known || self.waiting.len() < MAX_WAITING;
        if has_room && !is_known {
            self.waiting.push(waiting);
        }
        has_room
    }

    /// The alerts to ask about again; those given up are left out.
    pub fn waiting(&mut self, now: Timestamp) -> Vec<UnansweredNotice> {
        self.waiting.retain(|waiting| now < waiting.ends());
        self.waiting.clone()
    }

    /// Removes an alert after AWS answered for it.
    pub fn answered(&mut self, notice: &BudgetNotice) {
        self.waiting.retain(|known| known.notice != *notice);
    }

    /// Notes an alert that is not confirmed. It is to be reported once, and at most 20 of a group within a day.
    pub fn note_unconfirmed(&mut self, group: DoubtGroup, id: &str, now: Timestamp) -> Report {
        let reported = match group {
            DoubtGroup::KnownBudget => &mut self.doubted_known,
            DoubtGroup::Unasked => &mut self.doubted_unasked,
            DoubtGroup::Other => &mut self.doubted,
        };
        reported.retain(|(_, told)| !told.is_due(now, DAILY));
        let id = TextId::of(id).bits();
        if reported.len() >= MAX_DOUBTED || reported.iter().any(|(known, _)| *known == id) {
            return Report::Muted;
        }
        reported.push((id, Throttle::reported(now)));
        if reported.len() == MAX_DOUBTED { Report::Last } else { Report::Told }
    }
}
