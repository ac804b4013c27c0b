//! Stage 6: one alert type for all kinds, the outbox that keeps alerts until they are published, and their text.

mod body;
mod budget;
mod cost;
mod coverage;
mod key;
mod occurrence;
mod outbox;
mod paused;
mod render;
mod rule;
mod tampering;

pub use body::{Body, RuleRef};
pub use budget::{BudgetBody, BudgetEvent, BudgetRef, EasedBy, NotTaken, Ranked};
pub use cost::{BUDGET_ALERT_HOURS, CostEstimate, CostSoFar};
pub use coverage::{ALL_SETTING, Coverage, READS_SETTING};
pub use key::{AlertKey, AlertKind, Subject};
pub use occurrence::{Occurrence, Repetition, Topic};
pub use outbox::Outbox;
pub use paused::Paused;
pub use render::{
    AlertJson, BudgetOutcome, Commands, CureJson, Message, StateRef, command, command_in, cost_lines,
    details, list_prices, message, quoted,
};
pub use rule::{AfterCut, CodeSource, Failure, Remedy, RuleBody, RuleEvent};
pub use tampering::{Tamper, Tampered, Tampering};

use serde::{Deserialize, Serialize};

use crate::cuts::Pause;
use crate::model::{RuleArn, TextId, Timestamp, whole_seconds};

/// Alert with its identity and its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Alert {
    /// Identity, by which repetitions are recognised.
    pub key: AlertKey,
    /// Time of the event, in whole seconds.
    pub time: Timestamp,
    /// Content as data.
    pub body: Body,
}

/// Layouts of a stored alert: the one of this version, and the public JSON that earlier versions stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Typed { key: AlertKey, time: Timestamp, body: Body },
    Written(Box<AlertJson>),
}

impl From<Stored> for Alert {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Typed { key, time, body } => Self { key, time, body },
            Stored::Written(json) => Self::written(*json),
        }
    }
}

impl Alert {
    /// Name of the budget whose overspending the alert announces. `None` for all other alerts.
    pub fn announced_budget(&self) -> Option<&str> {
        match (&self.key.subject, &self.body) {
            (Subject::Budget(name), Body::Budget(budget)) => {
                matches!(budget.event, BudgetEvent::Pressure { .. }).then_some(name)
            }
            _ => None,
        }
    }

    /// Creates an alert about a rule in this epoch.
    pub fn about_rule(rule: &RuleArn, epoch: u64, body: RuleBody, now: Timestamp) -> Self {
        let key = AlertKey {
            subject: Subject::Rule { rule: rule.clone(), epoch },
            kind: body.event.kind(),
            occurrence: body.event.occurrence(now),
        };
        Self { key, time: whole_seconds(now), body: Body::Rule(Box::new(body)) }
    }

    /// Creates an alert about a budget of the account, or about a message that names one.
    pub fn about_budget(subject: Subject, occurrence: Occurrence, body: BudgetBody, now: Timestamp) -> Self {
        let key = AlertKey { subject, kind: AlertKind::Budget, occurrence };
        Self { key, time: whole_seconds(now), body: Body::Budget(Box::new(body)) }
    }

    /// Creates an alert about coverage gaps.
    pub fn about_coverage(coverage: Coverage, now: Timestamp) -> Self {
        let time = whole_seconds(now);
        let occurrence = Occurrence::repeated(Repetition::HashAt(coverage.hash, time));
        let key = AlertKey { subject: Subject::Coverage, kind: AlertKind::Unwatched, occurrence };
        Self { key, time, body: Body::Coverage(Box::new(coverage)) }
    }

    /// Creates an alert about a pause of the guard.
    pub fn about_pause(pause: &Pause, now: Timestamp) -> Self {
        let occurrence = Occurrence::repeated(Repetition::At(whole_seconds(pause.since)));
        let key = AlertKey { subject: Subject::Guard, kind: AlertKind::Paused, occurrence };
        let withheld = pause.withheld.first().cloned();
        let body = Body::Paused(Box::new(Paused { cut: pause.cut.clone(), withheld }));
        Self { key, time: whole_seconds(now), body }
    }

    /// Creates an alert about changes by others to the guard itself. Each has a subject of its own, so that no alert takes
    /// the place of another one that still waits.
    pub fn about_tampering(tampering: Tampering, now: Timestamp) -> Self {
        let time = whole_seconds(now);
        let occurrence = Occurrence::repeated(Repetition::At(time));
        let key =
            AlertKey { subject: Subject::Text(tampering.hash()), kind: AlertKind::Tampered, occurrence };
        Self { key, time, body: Body::Tampering(Box::new(tampering)) }
    }

    /// Creates an alert from finished text.
    pub fn written(json: AlertJson) -> Self {
        let subject = Subject::Stored(json.dedup_id.clone());
        let key = AlertKey { subject, kind: json.kind, occurrence: Occurrence::default() };
        Self { key, time: json.time, body: Body::Written(Box::new(json)) }
    }

    /// Returns the reason in one sentence, with its numbers.
    pub fn reason(&self) -> String {
        AlertJson::of(self).reason
    }

    fn drop_evidence(&mut self) {
        match &mut self.body {
            Body::Rule(body) => (body.evidence, body.cure) = (None, None),
            Body::Written(json) => (json.evidence, json.cure) = (None, None),
            Body::Budget(_) | Body::Coverage(_) | Body::Paused(_) | Body::Tampering(_) => {}
        }
    }
}

impl Subject {
    /// Creates the subject of a message about costs: by its id, or by its content if it has none.
    pub fn of_message(id: Option<&str>, said: &str, doubt: &NotTaken) -> Self {
        match id {
            Some(id) => Self::Message(id.to_owned()),
            None => Self::Text(TextId::of(&render::not_taken(said, doubt)).bits()),
        }
    }
}

#[cfg(test)]
mod tests;
