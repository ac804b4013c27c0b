//! What goes wrong, and at which call: a script, so that a test can be read and repeated.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use budget_guard_core::model::{Fault, FaultKind, RuleArn};

/// The calls that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Load,
    Save,
    Watched,
    Watch,
    Unwatch,
    Inspect,
    Tags,
    Disable,
    Restore,
    Buses,
    List,
    ListTargets,
    ListSchedules,
    ReadSchedule,
    Head,
    SaveHead,
    Chunk,
    SaveChunk,
    DeleteChunk,
    Publish,
    Triggered,
    Openings,
    Budget,
    Records,
    LoadPressure,
    SavePressure,
}

/// How one call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It has no effect and says so.
    Fails(FaultKind),
    /// It has its effect, but the reply is lost.
    ReplyLost,
    /// The process dies before it: this call and all later ones never end.
    DiesBefore,
    /// The process dies after it took effect.
    DiesAfter,
}

/// The script: the n-th call of a kind from now on has this fate.
#[derive(Debug, Default)]
pub struct Faults {
    script: Mutex<VecDeque<(Call, u32, Fate)>>,
    /// Rules of which every call of a kind fails.
    lasting: Mutex<Vec<(Call, RuleArn, FaultKind)>>,
    log: Mutex<Vec<Call>>,
}

impl Faults {
    /// The `nth` call of this kind from now (1 is the next one) will have this fate.
    pub fn plan(&self, call: Call, nth: u32, fate: Fate) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back((call, nth, fate));
    }

    /// Every call of this kind for this rule fails.
    pub fn always(&self, call: Call, rule: &RuleArn, kind: FaultKind) {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.push((call, rule.clone(), kind));
    }

    /// Every call since the start, in order.
    pub fn log(&self) -> Vec<Call> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn count(&self, call: Call) -> usize {
        self.log().iter().filter(|seen| **seen == call).count()
    }

    /// Forgets what was planned and has not happened: a new process has new luck.
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

    /// Runs one call for a rule as the script says, unless every such call fails.
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

    /// Runs one call as the script says. `effect` is what AWS does; it may not happen.
    pub(super) async fn run<T, E: From<Fault>>(
        &self,
        call: Call,
        effect: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // A point where others may run, as any call over a network is one.
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
