//! Actors of other rules' targets with calls that fired this rule, and the result of following their chains.

use serde::{Deserialize, Serialize};

use crate::model::Seconds;

/// Maximum number of siblings stored.
const MAX: usize = 4;
/// Time for which the result of following a chain is used, in seconds. Rules and their targets may change.
const ANSWER_SECONDS: i64 = 60 * 60;

/// Treatment of siblings' calls, of unplaced sessions and of events in a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// Siblings' calls are reasons, so the rule is judged alone.
    Apart,
    /// Siblings' calls count as own if their chain leads back to the rule.
    Followed,
    /// Like [`Self::Followed`]. Siblings whose chain was not followed yet and unplaced sessions count as own too.
    Assumed,
    /// Siblings' calls are reasons. Events put by the rule's own target, and events of a trace that fired the rule
    /// before, count as own.
    Events,
}

/// An actor behind targets of other rules. Several rules may share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sibling {
    /// ARN of the function, state machine or task definition.
    pub actor: String,
    /// Number of this rule's firings that the actor caused.
    pub count: u32,
    /// Event time of the last of them, in seconds since 1970.
    pub last: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    at: i64,
    /// Value of [`Sibling::count`] when the chain was followed.
    count: u32,
    /// Sum of the answer times of all rules of the cycle; `None` if the chain does not lead back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cycle_seconds: Option<Seconds>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Siblings(Vec<Sibling>);

impl Siblings {
    /// Counts a firing. Returns the actor's place, or `None` if all places are in use. Calls `reused` with a place that
    /// belonged to another actor.
    pub(super) fn count(&mut self, actor: &str, at: i64, reused: impl FnOnce(u8)) -> Option<u8> {
        let known = self.0.iter().position(|sibling| sibling.actor == actor);
        let new = || Sibling { actor: actor.to_owned(), count: 0, last: at, answer: None };
        let index = match known {
            Some(index) => index,
            None if self.0.len() < MAX => {
                self.0.push(new());
                self.0.len() - 1
            }
            None => {
                let idle = self.0.iter().enumerate().filter(|(_, sibling)| sibling.makes_room(at));
                let (index, _) = idle.min_by_key(|(_, sibling)| sibling.last)?;
                self.0[index] = new();
                reused(u8::try_from(index).ok()?);
                index
            }
        };
        let sibling = &mut self.0[index];
        sibling.count = sibling.count.saturating_add(1);
        sibling.last = sibling.last.max(at);
        u8::try_from(index).ok()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Sibling> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_open_questions(&self) -> bool {
        self.0.iter().any(Sibling::is_open)
    }

    pub(super) fn traced(&mut self, cycle: impl Fn(&Sibling) -> Option<Seconds>, at: i64) {
        for sibling in &mut self.0 {
            sibling.answer = Some(Answer { at, count: sibling.count, cycle_seconds: cycle(sibling) });
        }
    }

    /// Returns the answer time in seconds of the cycle that this sibling belongs to. `None` if its calls are reasons.
    pub(super) fn cycle(&self, place: u8, chains: Chains) -> Option<i64> {
        let sibling = self.0.get(usize::from(place))?;
        match chains {
            Chains::Apart | Chains::Events => None,
            Chains::Assumed if sibling.is_open() => Some(0),
            Chains::Assumed | Chains::Followed => {
                sibling.answer?.cycle_seconds.map(|seconds| i64::from(seconds.get()))
            }
        }
    }

    pub(super) fn has(&self, place: u8) -> bool {
        usize::from(place) < self.0.len()
    }
}

impl Sibling {
    /// Returns true if the sibling may be replaced: its firings are older than [`super::HORIZON_SECONDS`], or its chain
    /// does not lead back.
    fn makes_room(&self, at: i64) -> bool {
        let leads_nowhere = self.answer.is_some_and(|answer| answer.cycle_seconds.is_none());
        self.last < at - super::HORIZON_SECONDS || leads_nowhere
    }

    /// Returns true if the chain was not followed yet, or has to be followed again: after an hour, or after half as
    /// many further firings.
    pub fn is_open(&self) -> bool {
        self.answer.is_none_or(|answer| {
            let since = self.count.saturating_sub(answer.count);
            self.last - answer.at > ANSWER_SECONDS || since >= (answer.count / 2).max(3)
        })
    }

    /// Returns true if it was known at `at`, in seconds since 1970, that the chain leads back.
    pub fn led_back_by(&self, at: i64) -> bool {
        self.answer.is_some_and(|answer| answer.cycle_seconds.is_some() && answer.at <= at)
    }
}
