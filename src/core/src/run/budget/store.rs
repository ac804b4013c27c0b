//! The stored budget pressure: read at most every ten seconds, and saved only if its stored version is unchanged.

use jiff::SignedDuration;

use crate::budget::OverspentBudgets;
use crate::model::{Fault, Timestamp};
use crate::policy::Limits;
use crate::ports::Ports;
use crate::run::Guard;
use crate::run::fresh::{Fresh, Kept};
use crate::run::store::load;
use crate::stored::Key;

/// Time for which the pressure is used before it is read again.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(10);

/// The pressure that this process last read.
pub(crate) type BudgetCache = Kept<Option<Fresh<OverspentBudgets>>>;

impl BudgetCache {
    fn put(&self, now: Timestamp, pressure: &OverspentBudgets) {
        let before = self.lock().replace(Fresh::new(pressure.clone(), now, FRESH_FOR));
        let is_pressing = |name: &str| pressure.active(now).any(|overspent| overspent.name == name);
        for ended in before.iter().flat_map(|before| before.value.active(before.at)) {
            if !is_pressing(&ended.name) {
                let known = pressure.budgets().iter().find(|overspent| overspent.name == ended.name);
                let cleared = known.and_then(|overspent| overspent.follow_up.cleared.as_ref());
                let reason =
                    cleared.map_or("it is OK again, or its period is over", |cleared| &cleared.reason);
                tracing::info!(budget = ended.name, reason, "budget pressure ended");
            }
        }
    }
}

impl<P: Ports> Guard<P> {
    /// Brings what is known up to date, if it is older than ten seconds. What cannot be read now stays as it was known:
    /// firings are counted in any case.
    pub(crate) async fn read_pressure(&self) {
        let now = self.now();
        if self.pressure.lock().as_ref().is_some_and(|last| last.is_fresh(now)) {
            return;
        }
        match load::<OverspentBudgets>(self.ports.store(), Key::Budgets).await {
            Ok(stored) => self.pressure.put(now, &stored.map(|(pressure, _)| pressure).unwrap_or_default()),
            Err(fault) => tracing::warn!(%fault, "the budget pressure was not read; what was known holds"),
        }
    }

    /// These limits under the pressure that is known.
    pub(crate) fn under_pressure(&self, limits: Limits) -> Limits {
        let (now, last) = (self.now(), self.pressure.lock());
        let pressing = last.iter().flat_map(|last| last.value.active(now));
        let mut pressing = pressing.map(|overspent| overspent.name.as_str()).peekable();
        if pressing.peek().is_none() { limits } else { limits.with_overspent_budgets(pressing) }
    }

    /// Changes the stored pressure, and gives back what `edit` says of the version that was saved. Without a change
    /// nothing is saved.
    pub async fn edit_budgets<T>(&self, edit: impl Fn(&mut OverspentBudgets) -> T) -> Result<T, Fault> {
        let (after, outcome) = self.edit(Key::Budgets, edit).await?;
        self.pressure.put(self.now(), &after);
        Ok(outcome)
    }
}
