//! Messages about costs: AWS is asked, a confirmed budget tightens the limits, and an alert reports the outcome.

use jiff::SignedDuration;

use super::tick::{Unposted, log_given_up};
use crate::alerts::{Alert, BudgetBody, BudgetEvent, NotTaken, Occurrence, Repetition, Subject, Topic};
use crate::budget::{
    Change, Confirmation, Doubt, DoubtGroup, MAX_DOUBTED, OverspentBudget, Report, UnansweredNotice, confirm,
};
use crate::model::{BudgetStatus, Fault, FaultKind};
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
                let mut is_kept = true;
                if may_resolve_later(&doubt) {
                    let (notice, sent, since) = (notice.clone(), message.sent, self.now());
                    let waiting = UnansweredNotice { notice, sent, since };
                    is_kept = self.edit_budgets(|pressure| pressure.wait(waiting.clone())).await?;
                }
                self.unconfirmed(message, Some(&doubt), summary).await?;
                // Forged alerts may have taken all places. What cannot wait here is delivered again.
                if doubt.is_transient() && !is_kept {
                    let full = "too many alerts wait for an answer of AWS Budgets";
                    return Err(Fault::new(FaultKind::Throttled, full));
                }
                Ok(())
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
                let origin = (DoubtGroup::KnownBudget, format!("full/{}", overspent.name));
                return self
                    .doubted(subject, occurrence, (overspent.reason.clone(), NotTaken::Full), origin, summary)
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
        let origin = origin(message, doubt);
        let doubt = doubt.map_or(NotTaken::NoClaim, |doubt| NotTaken::Doubted(doubt.to_string()));
        let subject = Subject::of_message(message.message_id.as_deref(), &said, &doubt);
        self.doubted(subject, Occurrence::default(), (said, doubt), origin, summary).await
    }

    /// Reports a message without consequence: once for what `origin` names in its group, and a maximum number a day.
    async fn doubted(
        &self,
        subject: Subject,
        occurrence: Occurrence,
        (said, doubt): (String, NotTaken),
        (group, name): (DoubtGroup, String),
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let now = self.now();
        let about = |said: String| {
            let event = BudgetEvent::Unconfirmed { said, doubt: doubt.clone() };
            let body = BudgetBody { event, budget: None, region: self.home.region.clone() };
            Alert::about_budget(subject.clone(), occurrence.clone(), body, now)
        };
        let alert = about(said.clone());
        summary.notes.push(alert.reason());
        let id = if name.is_empty() { alert.key.to_string() } else { name };
        let queue = self.edit_budgets(|pressure| match pressure.note_unconfirmed(group, &id, now) {
            Report::Told => Some(pressure.queue(alert.clone())),
            Report::Last => Some(pressure.queue(about(format!(
                "{said} (this is message {MAX_DOUBTED} of its kind within a day: further ones are only in the log)"
            )))),
            Report::Muted => None,
        });
        let Some(given_up) = queue.await? else { return Ok(()) };
        log_given_up(given_up);
        self.post().await.map_err(Unposted::into_fault)
    }
}

/// Returns the group of a message without consequence, and the name by which it is reported once: for a budget that AWS
/// has, the budget and the doubt, whatever else the message says. An empty name stands for the id of the alert.
fn origin(message: &CostMessage, doubt: Option<&Doubt>) -> (DoubtGroup, String) {
    match (&message.alert, doubt.and_then(Doubt::about_known_budget)) {
        (CostAlert::Budget(notice), Some(doubt)) => {
            (DoubtGroup::KnownBudget, format!("{doubt}/{}", notice.name))
        }
        (CostAlert::Anomaly(_) | CostAlert::BillingAlarm(_), _) => (DoubtGroup::Unasked, String::new()),
        _ => (DoubtGroup::Other, String::new()),
    }
}

/// Returns true if AWS may answer otherwise later, without anything having changed about the alert.
pub(crate) fn may_resolve_later(doubt: &Doubt) -> bool {
    doubt.is_transient() || matches!(doubt, Doubt::NotAllowed(_))
}
