//! Messages about costs: AWS is asked, a confirmed budget tightens the limits, and an alert reports the outcome.

use jiff::SignedDuration;

use super::tick::{Unposted, log_given_up};
use crate::alerts::{Alert, BudgetBody, BudgetEvent, NotTaken, Occurrence, Repetition, Subject, Topic};
use crate::budget::{Change, Confirmation, Doubt, OverspentBudget, UnansweredNotice, confirm};
use crate::model::{BudgetStatus, Fault};
use crate::ports::{Alerts, Budgets, Clock, Ports};
use crate::run::{Guard, Summary, reference};
use crate::sources::cost::{AlarmState, BudgetNotice, CostAlert, CostMessage};

/// Number of questions to AWS in one invocation.
const ATTEMPTS: u32 = 3;
/// Wait before the second question. The wait before the third one is twice as long.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

impl<P: Ports> Guard<P> {
    /// Takes up one alert about cost. An error means that it is not stored, and has to be delivered again.
    pub(crate) async fn money(&self, message: &CostMessage, summary: &mut Summary) -> Result<(), Fault> {
        let is_own_topic = message.topic_arn.as_deref() == Some(self.ports.alerts().topic_arn());
        let said = message.alert.to_string();
        match &message.alert {
            CostAlert::OwnAlert { .. } => summary.notes.push(said),
            // An alert about it would arrive here again, without end.
            _ if is_own_topic => {
                summary
                    .notes
                    .push(format!("{said}; it came from the guard's own topic, and is not answered"));
            }
            CostAlert::BillingAlarm(alarm) if alarm.state == AlarmState::Ok => summary.notes.push(said),
            CostAlert::Budget(notice) => return self.budget(message, notice, summary).await,
            CostAlert::Anomaly(_)
            | CostAlert::BillingAlarm(_)
            | CostAlert::Subscription { .. }
            | CostAlert::Unrecognised(_) => {
                let doubt = match &message.alert {
                    CostAlert::Subscription { .. } => None,
                    _ => Some(Doubt::NotABudget),
                };
                return self.unconfirmed(message, doubt.as_ref(), summary).await;
            }
        }
        Ok(())
    }

    async fn budget(
        &self,
        message: &CostMessage,
        notice: &BudgetNotice,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let answer = self.ask(&notice.name, ATTEMPTS).await;
        match confirm(message, self.ports.budgets().account(), answer.as_ref(), self.now()) {
            Confirmation::Confirmed(overspent) => self.record_overspent(&overspent, summary).await,
            Confirmation::Unconfirmed(doubt) => {
                // AWS Budgets sends an alert once, so the tick asks again until AWS answers.
                if may_resolve_later(&doubt) {
                    let (notice, sent, since) = (notice.clone(), message.sent, self.now());
                    let waiting = UnansweredNotice { notice, sent, since };
                    self.edit_budgets(|pressure| pressure.wait(waiting.clone())).await?;
                }
                self.unconfirmed(message, Some(&doubt), summary).await
            }
        }
    }

    pub(crate) async fn ask(&self, name: &str, attempts: u32) -> Result<BudgetStatus, Fault> {
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
    pub(crate) async fn record_overspent(
        &self,
        overspent: &OverspentBudget,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let now = self.now();
        let change = self.edit_budgets(|pressure| pressure.record(overspent.clone(), now)).await?;
        summary.notes.push(match change {
            Change::Begun => format!("{}: its pressure begins", overspent.reason),
            Change::Grown => format!("{}: its pressure goes on", overspent.reason),
            Change::None => format!("{}: known already", overspent.reason),
            Change::Full => {
                let subject = Subject::Budget(overspent.name.clone());
                let occurrence = Occurrence::of_repeated(Topic::Full, Repetition::At(overspent.until));
                return self
                    .doubted(subject, occurrence, overspent.reason.clone(), NotTaken::Full, summary)
                    .await;
            }
        });
        self.tell(summary).await?;
        self.post().await.map_err(Unposted::into_fault)
    }

    /// Judges all rules for the budgets that have begun to press, and queues the alerts about them.
    pub(crate) async fn tell(&self, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        for overspent in self.edit_budgets(|pressure| pressure.claim_unannounced(now)).await? {
            let seen = self.judge_all_rules(&overspent.name, summary).await?;
            let (cut, left, unlisted) = (seen.cut, seen.left, seen.unlisted);
            let event = BudgetEvent::Pressure { why: overspent.reason.clone(), cut, left, unlisted };
            let alert = self.about_budget(&overspent, None, event);
            let queue = self.edit_budgets(|pressure| {
                pressure.told(&overspent.name, now);
                pressure.queue(alert.clone())
            });
            log_given_up(queue.await?);
        }
        Ok(())
    }

    /// An alert about what has become of this budget.
    pub(crate) fn about_budget(
        &self,
        overspent: &OverspentBudget,
        topic: Option<Topic>,
        event: BudgetEvent,
    ) -> Alert {
        let occurrence = Occurrence { topic, repetition: Some(Repetition::At(overspent.since)) };
        let body = BudgetBody { event, budget: Some(reference(overspent)), region: self.home.region.clone() };
        Alert::about_budget(Subject::Budget(overspent.name.clone()), occurrence, body, self.now())
    }

    pub(crate) async fn unconfirmed(
        &self,
        message: &CostMessage,
        doubt: Option<&Doubt>,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let said = message.alert.to_string();
        let doubt = doubt.map_or(NotTaken::NoClaim, |doubt| NotTaken::Doubted(doubt.to_string()));
        let subject = Subject::of_message(message.message_id.as_deref(), &said, &doubt);
        self.doubted(subject, Occurrence::default(), said, doubt, summary).await
    }

    /// Reports a message without consequence: each one once, and a maximum number a day.
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
        let queue = self.edit_budgets(|pressure| {
            pressure.note_unconfirmed(&id, now).then(|| pressure.queue(alert.clone()))
        });
        let Some(given_up) = queue.await? else { return Ok(()) };
        log_given_up(given_up);
        self.post().await.map_err(Unposted::into_fault)
    }
}

/// Returns true if AWS may answer otherwise later, without anything having changed about the alert.
pub(crate) fn may_resolve_later(doubt: &Doubt) -> bool {
    doubt.is_transient() || matches!(doubt, Doubt::NotAllowed(_))
}
