//! Alerts about money: AWS is asked, what it confirms becomes pressure, and people are told either way.

use jiff::SignedDuration;

use super::{Guard, Summary, reference};
use crate::actions::{BudgetAlert, MoneyOutcome};
use crate::model::{BudgetStatus, Fault, TextId};
use crate::ports::{Alerts, Budgets, Clock, Ports};
use crate::pressure::{Change, Confirmation, Doubt, Press, Waiting, confirm};
use crate::sources::money::{AlarmState, BudgetNotice, MoneyAlert, MoneyMessage};

/// How often AWS is asked in one invocation, and how long to wait before the second time; twice that before the third.
const ATTEMPTS: u32 = 3;
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

impl<P: Ports> Guard<P> {
    /// Takes up one alert about money. An error means that it is not safe, and has to be delivered again.
    pub(super) async fn money(&self, message: &MoneyMessage, summary: &mut Summary) -> Result<(), Fault> {
        let is_own_topic = message.topic_arn.as_deref() == Some(self.ports.alerts().topic_arn());
        let said = message.alert.to_string();
        match &message.alert {
            MoneyAlert::OwnAlert { .. } => summary.notes.push(said),
            // An alert about it would come back, and so on for ever.
            _ if is_own_topic => {
                summary
                    .notes
                    .push(format!("{said}; it came from the guard's own topic, and is not answered"));
            }
            MoneyAlert::BillingAlarm(alarm) if alarm.state == AlarmState::Ok => summary.notes.push(said),
            MoneyAlert::Budget(notice) => return self.budget(message, notice, summary).await,
            MoneyAlert::Anomaly(_)
            | MoneyAlert::BillingAlarm(_)
            | MoneyAlert::Subscription { .. }
            | MoneyAlert::Unrecognised(_) => {
                let doubt = match &message.alert {
                    MoneyAlert::Subscription { .. } => None,
                    _ => Some(Doubt::NotABudget),
                };
                return self.unconfirmed(message, doubt.as_ref(), summary).await;
            }
        }
        Ok(())
    }

    async fn budget(
        &self,
        message: &MoneyMessage,
        notice: &BudgetNotice,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let answer = self.ask(&notice.name, ATTEMPTS).await;
        match confirm(message, self.ports.budgets().account(), answer.as_ref(), self.now()) {
            Confirmation::Confirmed(press) => self.press(&press, summary).await,
            Confirmation::Unconfirmed(doubt) => {
                // Budgets sends an alert once: the tick asks again until AWS answers.
                if may_resolve_later(&doubt) {
                    let (notice, sent, since) = (notice.clone(), message.sent, self.now());
                    let waiting = Waiting { notice, sent, since };
                    self.edit_pressure(|pressure| pressure.wait(waiting.clone())).await?;
                }
                self.unconfirmed(message, Some(&doubt), summary).await
            }
        }
    }

    pub(super) async fn ask(&self, name: &str, attempts: u32) -> Result<BudgetStatus, Fault> {
        let mut answer = self.ports.budgets().budget(name).await;
        for attempt in 1..attempts {
            if !answer.as_ref().is_err_and(Fault::is_transient) {
                break;
            }
            let wait = PAUSE * i32::try_from(attempt).unwrap_or(1);
            self.ports.clock().sleep_until(self.now() + wait).await;
            answer = self.ports.budgets().budget(name).await;
        }
        answer
    }

    /// A confirmed alert: the limits are tighter from now on, everywhere.
    pub(super) async fn press(&self, press: &Press, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        let change = self.edit_pressure(|pressure| pressure.press(press.clone(), now)).await?;
        summary.notes.push(match change {
            Change::Begun => format!("{}: its pressure begins", press.reason),
            Change::Grown => format!("{}: its pressure goes on", press.reason),
            Change::None => format!("{}: known already", press.reason),
            Change::Full => {
                let reason = format!(
                    "{}. More budgets press than the guard keeps, so this one does not",
                    press.reason
                );
                let id = format!("budget/full/{}/{}", press.name, press.until);
                return self.doubted(&id, reason, summary).await;
            }
        });
        self.tell(summary).await
    }

    /// Looks at all rules for the budgets that nobody has looked at them for, and tells people.
    pub(super) async fn tell(&self, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        for press in self.edit_pressure(|pressure| pressure.take_untold(now)).await? {
            let seen = self.look_at_all(&press.name, summary).await?;
            let id = format!("budget/{}/{}", press.name, press.since);
            let mut alert = BudgetAlert::new(MoneyOutcome::Pressure, id, press.reason.clone(), self.now());
            alert.budget = Some(reference(&press));
            alert.hint = Some(seen.hint(&self.home.region));
            (alert.cut, alert.ranking, alert.unlisted) = (seen.cut, seen.left, seen.unlisted);
            self.ports.alerts().announce(&alert).await?;
            self.edit_pressure(|pressure| pressure.told(&press.name, now)).await?;
        }
        Ok(())
    }

    pub(super) async fn unconfirmed(
        &self,
        message: &MoneyMessage,
        doubt: Option<&Doubt>,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let mut reason = message.alert.to_string();
        if let Some(doubt) = doubt {
            reason = format!("{reason}. Not confirmed: {doubt}");
        }
        let id = match &message.message_id {
            Some(id) => format!("budget/message/{id}"),
            None => format!("budget/text/{}", TextId::of(&reason)),
        };
        self.doubted(&id, reason, summary).await
    }

    /// Tells people of what nothing follows from: each alert once, and only so many a day.
    async fn doubted(&self, id: &str, reason: String, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        let reason = format!("{reason}. Nothing was cut");
        summary.notes.push(reason.clone());
        let mut alert = BudgetAlert::new(MoneyOutcome::Unconfirmed, id.to_owned(), reason, now);
        alert.hint = Some(format!(
            "look at the budget, and at the rules: budget-guard status --region {}",
            self.home.region
        ));
        if self.edit_pressure(|pressure| pressure.clone().doubt(id, now)).await? {
            // First told, then noted: twice is better than never.
            self.ports.alerts().announce(&alert).await?;
            self.edit_pressure(|pressure| pressure.doubt(id, now)).await?;
        }
        Ok(())
    }
}

/// Returns true if AWS may answer otherwise later, without anything having changed about the alert.
pub(super) fn may_resolve_later(doubt: &Doubt) -> bool {
    doubt.is_transient() || matches!(doubt, Doubt::NotAllowed(_))
}
