//! Follow-up of budget pressure by the tick and by people: asking AWS again, ending it, and publishing alerts.

use super::notice::may_resolve_later;
use crate::alerts::{Alert, BudgetEvent, BudgetRef, EasedBy, Topic};
use crate::budget::{Confirmation, OverspentBudget, confirm};
use crate::model::{BudgetNotification, BudgetStatus, Comparison, Fault, FaultKind, Timestamp};
use crate::ports::{Alerts, Budgets, Ports};
use crate::run::{Guard, Summary};

/// Result of [`Guard::clear_pressure`].
#[derive(Debug)]
pub struct ClearedPressure {
    /// Budgets that were active until then.
    pub budgets: Vec<OverspentBudget>,
    /// Reason for which alerts were not published. They are kept, and the next tick publishes them. `None` on success.
    pub untold: Option<Fault>,
    /// Reason for which it was not saved that alerts were published. The next tick may publish them again. `None` on
    /// success.
    pub unnoted: Option<Fault>,
}

/// Failure of publishing the waiting alerts.
pub(crate) enum Unposted {
    Untold(Fault),
    /// All alerts are published, but that was not saved, so they may be published again.
    Unnoted(Fault),
}

impl<P: Ports> Guard<P> {
    /// Work of the tick on budgets: asks AWS again, ends the effect of budgets that are OK, publishes what waits. One
    /// part that fails does not keep the others waiting.
    pub async fn follow_up_budgets(&self, summary: &mut Summary) -> Result<(), Fault> {
        let settled = self.settle_waiting(summary).await;
        let eased = self.ease_all(summary).await;
        let told = self.tell(summary).await;
        let logged = self.log_cleared().await;
        let posted = self.post().await;
        let parts = [
            ("asking again about alerts", settled),
            ("ending what is OK again", eased),
            ("telling of what began", told),
            ("logging what people ended", logged),
            ("telling of what ended", posted.map_err(Unposted::into_fault)),
        ];
        let mut result = Ok(());
        for (part, outcome) in parts {
            if let (Err(fault), Err(_)) = (&outcome, &result) {
                tracing::error!(part, %fault, "another part of looking after budget pressure failed, too");
            }
            result = result.and(outcome);
        }
        result
    }

    /// Asks again about the alerts that AWS has not answered for.
    async fn settle_waiting(&self, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        for waiting in self.edit_budgets(|pressure| pressure.waiting(now)).await? {
            let answer = self.ask(&waiting.notice.name, 1).await;
            let message = waiting.message();
            match confirm(&message, self.ports.budgets().account(), answer.as_ref(), now) {
                Confirmation::Unconfirmed(doubt) if may_resolve_later(&doubt) => continue,
                Confirmation::Unconfirmed(doubt) => self.unconfirmed(&message, Some(&doubt), summary).await?,
                Confirmation::Confirmed(overspent) => self.record_overspent(&overspent, summary).await?,
            }
            self.edit_budgets(|pressure| pressure.answered(&waiting.notice)).await?;
        }
        Ok(())
    }

    /// Ends the effect of budgets that AWS no longer reports as overspent.
    async fn ease_all(&self, summary: &mut Summary) -> Result<(), Fault> {
        let now = self.now();
        for overspent in self.edit_budgets(|pressure| pressure.claim_due_checks(now)).await? {
            match self.ask(&overspent.name, 1).await {
                Ok(status) if is_raised(&status) => {}
                Ok(_) => self.ease(&overspent, EasedBy::NoRaisedAlert, summary).await?,
                Err(fault) if fault.kind == FaultKind::NotFound => {
                    self.ease(&overspent, EasedBy::Deletion, summary).await?;
                }
                Err(fault) => {
                    tracing::warn!(budget = overspent.name, %fault, "not known whether the budget is OK again")
                }
            }
        }
        Ok(())
    }

    /// The alert is saved with the change that it tells of, and published after.
    async fn ease(
        &self,
        overspent: &OverspentBudget,
        by: EasedBy,
        summary: &mut Summary,
    ) -> Result<(), Fault> {
        let alert = self.about_budget(overspent, Some(Topic::Eased), BudgetEvent::Eased(by));
        let ease =
            self.edit_budgets(|pressure| pressure.ease(overspent).then(|| pressure.queue(alert.clone())));
        if let Some(given_up) = ease.await? {
            summary.notes.push(alert.reason());
            log_given_up(given_up);
        }
        Ok(())
    }

    /// Ends the effect of every budget, by order of a person.
    ///
    /// # Errors
    /// The change was not saved.
    pub async fn clear_pressure(&self, reason: &str) -> Result<ClearedPressure, Fault> {
        let now = self.now();
        let clear = self.edit_budgets(|pressure| {
            let cleared = pressure.clear(reason, now);
            let mut given_up = Vec::new();
            for overspent in &cleared {
                let event = BudgetEvent::Cleared(reason.to_owned());
                given_up.extend(pressure.queue(self.about_budget(overspent, Some(Topic::Cleared), event)));
            }
            (cleared, given_up)
        });
        let (budgets, given_up) = clear.await?;
        given_up.into_iter().for_each(|alert| log_given_up(Some(alert)));
        let posted = if budgets.is_empty() { Ok(()) } else { self.post().await };
        let (untold, unnoted) = match posted {
            Ok(()) => (None, None),
            Err(Unposted::Untold(fault)) => (Some(fault), None),
            Err(Unposted::Unnoted(fault)) => (None, Some(fault)),
        };
        Ok(ClearedPressure { budgets, untold, unnoted })
    }

    /// Publishes what waits. What cannot be published stays, for the next tick.
    pub(crate) async fn post(&self) -> Result<(), Unposted> {
        let now = self.now();
        let waiting = self.edit_budgets(|pressure| pressure.claim_outbox(now)).await;
        let mut result = Ok(());
        for alert in waiting.map_err(Unposted::Untold)? {
            self.ports.alerts().publish(&alert).await.map_err(Unposted::Untold)?;
            let noted = self.edit_budgets(|pressure| pressure.mark_published(&alert.key)).await;
            result = result.and(noted.map_err(Unposted::Unnoted));
        }
        result
    }

    /// Logs the budgets that people ended from the command line, so that the function's log has them. The note that it
    /// was logged is saved afterwards.
    async fn log_cleared(&self) -> Result<(), Fault> {
        let unlogged = self.edit_budgets(|pressure| pressure.unlogged()).await?;
        for (budget, cleared) in &unlogged {
            tracing::info!(budget, at = %cleared.at, reason = cleared.reason, "budget pressure was ended by hand");
        }
        self.edit_budgets(|pressure| pressure.logged(&unlogged)).await
    }
}

impl Unposted {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Untold(fault) | Self::Unnoted(fault) => fault,
        }
    }
}

pub(crate) fn log_given_up(alert: Option<Alert>) {
    if let Some(alert) = alert {
        tracing::error!(dedup_id = %alert.key, reason = alert.reason(), "too many alerts wait to be published; the oldest is given up");
    }
}

fn is_raised(status: &BudgetStatus) -> bool {
    let above = |alert: &&BudgetNotification| alert.comparison == Comparison::GreaterThan;
    status.notifications.iter().filter(above).any(|alert| status.is_raised(alert))
}

/// The numbers of a budget, for people.
pub fn reference(overspent: &OverspentBudget) -> BudgetRef {
    BudgetRef {
        name: overspent.name.clone(),
        limit: overspent.limit.clone(),
        threshold: overspent.threshold.clone(),
        amount: overspent.amount.clone(),
        until: (overspent.until != Timestamp::MAX).then_some(overspent.until),
    }
}
