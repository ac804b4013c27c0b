//! Planned failures of calls, in a script that makes tests repeatable.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use budget_guard_core::model::{Fault, FaultKind, RuleArn};

/// A call that can fail, by the method of its trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `Ledger::load`.
    Load,
    /// `Ledger::save`.
    Save,
    /// `Ledger::watched`.
    Watched,
    /// `Ledger::watch`.
    Watch,
    /// `Ledger::unwatch`.
    Unwatch,
    /// `Rules::inspect`.
    Inspect,
    /// `Rules::tags`.
    Tags,
    /// `Rules::disable`.
    Disable,
    /// `Rules::restore`.
    Restore,
    /// `Rules::replay`.
    Replay,
    /// `Rules::buses`.
    Buses,
    /// `Rules::list`.
    List,
    /// `Rules::list_targets`.
    ListTargets,
    /// `Scheduler::enabled`.
    ListSchedules,
    /// `Scheduler::read`.
    ReadSchedule,
    /// `Shelf::head`.
    Head,
    /// `Shelf::save_head`.
    SaveHead,
    /// `Shelf::chunk`.
    Chunk,
    /// `Shelf::save_chunk`.
    SaveChunk,
    /// `Shelf::delete_chunk`.
    DeleteChunk,
    /// `Alerts::publish`, `announce` and `warn`.
    Publish,
    /// `History::triggered`.
    Triggered,
    /// `Trail::openings`.
    AssumeRoleCalls,
    /// `Budgets::budget`.
    Budget,
    /// `Ledger::records`.
    Records,
    /// `PressureStore::load_pressure`.
    LoadPressure,
    /// `PressureStore::save_pressure`.
    SavePressure,
    /// Loads the cuts of the last hour.
    LoadCuts,
    /// Saves them.
    SaveCuts,
}

/// Failure of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// No effect, and an error of this kind.
    Fails(FaultKind),
    /// The effect happens, and the reply is lost.
    ReplyLost,
    /// The process dies before the call: it and all later ones never end.
    DiesBefore,
    /// The process dies after the effect.
    DiesAfter,
}

/// Script of failures: the n-th call of a kind from now has this fate.
#[derive(Debug, Default)]
pub struct Faults {
    script: Mutex<VecDeque<(Call, u32, Fate)>>,
    /// Calls of a kind that always fail for a rule.
    lasting: Mutex<Vec<(Call, RuleArn, FaultKind)>>,
    log: Mutex<Vec<Call>>,
}

impl Faults {
    /// Plans the fate of the `nth` call of this kind from now (1 is the next one).
    pub fn plan(&self, call: Call, nth: u32, fate: Fate) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back((call, nth, fate));
    }

    /// Plans that every call of this kind for this rule fails.
    pub fn always(&self, call: Call, rule: &RuleArn, kind: FaultKind) {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.push((call, rule.clone(), kind));
    }

    /// All calls since the start, in order.
    pub fn log(&self) -> Vec<Call> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Number of calls of this kind since the start.
    pub fn count(&self, call: Call) -> usize {
        self.log().iter().filter(|seen| **seen == call).count()
    }

    /// Removes all planned failures that have not happened yet.
    pub fn clear(&self) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn next(&self, call: Call) -> Option<Fate> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fate = None;
        script.retain_mut(|(planned, left, planned_fate)| {
            if *planned != call {
                return true;
            }
            *left -= 1;
            if *left == 0 {
                fate.get_or_insert(planned_fate.clone());
            }
            *left > 0
        });
        fate
    }

    /// Runs one call for a rule by the script. Without a planned fate it fails if such calls always fail for the rule.
    pub(super) async fn run_for<T, E: From<Fault>>(
        &self,
        call: Call,
        rule: &RuleArn,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let kind = {
            let lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
            lasting.iter().find(|(of, about, _)| (*of, about) == (call, rule)).map(|(_, _, kind)| *kind)
        };
        let fails = |kind| Err(Fault::new(kind, format!("{call:?} fails for this rule")).into());
        self.run(call, || kind.map_or_else(effect, fails)).await
    }

    /// Runs one call by the script. `effect` is the work of AWS, and may not happen.
    pub(super) async fn run<T, E: From<Fault>>(
        &self,
        call: Call,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // Other tasks may run here, as in a call over a network.
        give_way().await;
        match self.next(call) {
            None => effect(),
            Some(Fate::Fails(kind)) => Err(Fault::new(kind, format!("{call:?} fails as planned")).into()),
            Some(Fate::ReplyLost) => {
                let _ = effect();
                Err(Fault::new(FaultKind::Timeout, format!("{call:?}: the reply was lost")).into())
            }
            Some(Fate::DiesBefore) => std::future::pending().await,
            Some(Fate::DiesAfter) => {
                let _ = effect();
                std::future::pending().await
            }
        }
    }
}

/// Gives every other task of the executor one turn.
async fn give_way() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
