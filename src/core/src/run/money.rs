//! Alerts about money: AWS is asked, what it confirms becomes pressure, and people are told either way.

use jiff::SignedDuration;

use super::tend::{Unposted, log_given_up};
use super::{Guard, Summary, reference};
use crate::alerts::{Alert, BudgetBody, BudgetEvent, NotTaken, Occurrence, Repetition, Subject, Topic};
use crate::model::{BudgetStatus, Fault};
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
                let subject = Subject::Budget(press.name.clone());
                let occurrence = Occurrence::of_repeated(Topic::Full, Repetition::At(press.until));
                return self
                    .doubted(subject, occurrence, press.reason.clone(), NotTaken::Full, summary)
                    .await;
            }
        });
        self.tell(summary).await?;
        self.post().await.map_err(Unposted::into_fault)
    }

    /// Judges all rules for the budgets that have begun to press, and queues the alerts about them.
    pub(super) async fn tell(&self, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        for press in self.edit_pressure(|pressure| pressure.take_untold(now)).await? {
            let seen = self.look_at_all(&press.name, summary).await?;
            let (cut, left, unlisted) = (seen.cut, seen.left, seen.unlisted);
            let event = BudgetEvent::Pressure { why: press.reason.clone(), cut, left, unlisted };
            let alert = self.about_budget(&press, None, event);
            let queue = self.edit_pressure(|pressure| {
                pressure.told(&press.name, now);
                pressure.queue(alert.clone())
            });
            log_given_up(queue.await?);
        }
        Ok(())
    }

    /// An alert about what has become of this budget.
    pub(super) fn about_budget(&self, press: &Press, topic: Option<Topic>, event: BudgetEvent) -> Alert {
        let occurrence = Occurrence { topic, repetition: Some(Repetition::At(press.since)) };
        let body = BudgetBody { event, budget: Some(reference(press)), region: self.home.region.clone() };
        Alert::about_budget(Subject::Budget(press.name.clone()), occurrence, body, self.now())
    }

    pub(super) async fn unconfirmed(
        &self,
        message: &MoneyMessage,
        doubt: Option<&Doubt>,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let said = message.alert.to_string();
        let doubt = doubt.map_or(NotTaken::NoClaim, |doubt| NotTaken::Doubted(doubt.to_string()));
        let subject = Subject::of_message(message.message_id.as_deref(), &said, &doubt);
        self.doubted(subject, Occurrence::default(), said, doubt, summary).await
    }

    /// Tells people of what nothing follows from: each alert once, and only so many a day.
    async fn doubted(
        &self,
        subject: Subject,
        occurrence: Occurrence,
        said: String,
        doubt: NotTaken,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let now = self.now();
        let event = BudgetEvent::Unconfirmed { said, doubt };
        let body = BudgetBody { event, budget: None, region: self.home.region.clone() };
        let alert = Alert::about_budget(subject, occurrence, body, now);
        summary.notes.push(alert.reason());
        let id = alert.key.to_string();
        let queue =
            self.edit_pressure(|pressure| pressure.doubt(&id, now).then(|| pressure.queue(alert.clone())));
        let Some(given_up) = queue.await? else { return Ok(()) };
        log_given_up(given_up);
        self.post().await.map_err(Unposted::into_fault)
    }
}

/// Returns true if AWS may answer otherwise later, without anything having changed about the alert.
pub(super) fn may_resolve_later(doubt: &Doubt) -> bool {
    doubt.is_transient() || matches!(doubt, Doubt::NotAllowed(_))
}
