//! The stored budget pressure: read at most every ten seconds, changed only over the version that was read.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use super::Guard;
use super::drive::pause;
use crate::model::{Fault, FaultKind, Timestamp};
use crate::policy::Limits;
use crate::ports::{Ports, PressureStore, SaveError};
use crate::pressure::Pressure;

/// How long an invocation goes by what it knows before it asks whether there is something newer.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(10);
/// After this many lost races the change goes back to where it came from.
const MAX_CONFLICTS: u32 = 12;

/// What this process last read, and when.
#[derive(Debug, Default)]
pub struct PressureCache(Mutex<Option<(Timestamp, Pressure)>>);

impl PressureCache {
    fn read(&self) -> Option<(Timestamp, Pressure)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, now: Timestamp, pressure: &Pressure) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace((now, pressure.clone()));
        let is_pressing = |name: &str| pressure.pressing(now).any(|press| press.name == name);
        for ended in before.iter().flat_map(|(at, before)| before.pressing(*at)) {
            if !is_pressing(&ended.name) {
                let known = pressure.budgets().iter().find(|press| press.name == ended.name);
                let cleared = known.and_then(|press| press.care.cleared.as_ref());
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
    pub(super) async fn read_pressure(&self) {
        let now = self.now();
        if self.pressure.read().is_some_and(|(at, _)| at <= now && now < at + FRESH_FOR) {
            return;
        }
        match self.ports.ledger().load_pressure().await {
            Ok(stored) => self.pressure.put(now, &stored.map(|(pressure, _)| pressure).unwrap_or_default()),
            Err(fault) => tracing::warn!(%fault, "the budget pressure was not read; what was known holds"),
        }
    }

    /// These limits under the pressure that is known.
    pub(super) fn under_pressure(&self, limits: Limits) -> Limits {
        let Some((_, pressure)) = self.pressure.read() else { return limits };
        let now = self.now();
        let mut pressing = pressure.pressing(now).map(|press| press.name.as_str()).peekable();
        if pressing.peek().is_none() { limits } else { limits.with_pressure(pressing) }
    }

    /// Changes the stored pressure, and gives back what `edit` says of the version that was saved. Without a change
    /// nothing is saved.
    pub async fn edit_pressure<T>(&self, edit: impl Fn(&mut Pressure) -> T) -> Result<T, Fault> {
        let ledger = self.ports.ledger();
        for lost in 0..MAX_CONFLICTS {
            let (before, version) = match ledger.load_pressure().await? {
                Some((pressure, version)) => (pressure, Some(version)),
                None => (Pressure::default(), None),
            };
            let mut after = before.clone();
            let outcome = edit(&mut after);
            let saved = match after == before {
                true => Ok(()),
                false => ledger.save_pressure(&after, version).await.map(|_| ()),
            };
            match saved {
                Ok(()) => {
                    self.pressure.put(self.now(), &after);
                    return Ok(outcome);
                }
                Err(SaveError::Conflict) => pause(self, "pressure", lost).await,
                Err(SaveError::Fault(fault)) => return Err(fault),
            }
        }
        let message = format!("{MAX_CONFLICTS} races for the budget pressure were lost");
        Err(Fault::new(FaultKind::Conflict, message))
    }
}
