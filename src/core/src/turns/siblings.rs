//! Actors of other rules' targets that made calls which fired this rule, and whether a chain of rules leads back to it.

use serde::{Deserialize, Serialize};

use crate::model::Seconds;

/// Maximum number of actors that are remembered.
const MAX: usize = 4;
/// Seconds that an answer about a chain holds; rules and their targets change.
const ANSWER_SECONDS: i64 = 60 * 60;

/// Part that siblings' calls have in a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// They are reasons: the rule alone is judged.
    Apart,
    /// They count as the rule's own where their chain was found to lead back to it.
    Followed,
    /// The same, and also where their chain has yet to be followed, as do calls of sessions whose opener is not known yet.
    Assumed,
    /// They are reasons, and events by the rule's own target, or of a trace that fired it before, are its own.
    Events,
}

/// An actor behind targets of other rules. Any number of rules may share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sibling {
    /// ARN of the function, state machine or task.
    pub actor: String,
    /// Number of this rule's firings that it caused.
    pub count: u32,
    /// Event time of the last one, in seconds since 1970.
    pub last: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    at: i64,
    /// The count when it was asked.
    count: u32,
    /// Longest answer of all rules of the cycle together; `None` if the chain does not lead back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cycle_seconds: Option<Seconds>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Siblings(Vec<Sibling>);

impl Siblings {
    /// Counts a firing. Returns the actor's place, unless the list is full of actors that matter still. `reused` is told a
    /// place that was another's.
    pub fn count(&mut self, actor: &str, at: i64, reused: impl FnOnce(u8)) -> Option<u8> {
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

    pub fn iter(&self) -> impl Iterator<Item = &Sibling> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has_open_questions(&self) -> bool {
        self.0.iter().any(Sibling::is_open)
    }

    pub fn traced(&mut self, cycle: impl Fn(&Sibling) -> Option<Seconds>, at: i64) {
        for sibling in &mut self.0 {
            sibling.answer = Some(Answer { at, count: sibling.count, cycle_seconds: cycle(sibling) });
        }
    }

    /// Answer time in seconds of the cycle that this actor's calls are part of; `None` where they are reasons.
    pub fn cycle(&self, place: u8, chains: Chains) -> Option<i64> {
        let sibling = self.0.get(usize::from(place))?;
        match chains {
            Chains::Apart | Chains::Events => None,
            Chains::Assumed if sibling.is_open() => Some(0),
            Chains::Assumed | Chains::Followed => {
                sibling.answer?.cycle_seconds.map(|seconds| i64::from(seconds.get()))
            }
        }
    }

    pub fn has(&self, place: u8) -> bool {
        usize::from(place) < self.0.len()
    }
}

impl Sibling {
    /// Returns true if it may be forgotten: its firings no longer count, or no chain led back through it.
    fn makes_room(&self, at: i64) -> bool {
        let leads_nowhere = self.answer.is_some_and(|answer| answer.cycle_seconds.is_none());
        self.last < at - super::HORIZON_SECONDS || leads_nowhere
    }

    /// Returns true if the chain has yet to be followed, or has to be again: after an hour, or after half as many firings
    /// once more.
    pub fn is_open(&self) -> bool {
        self.answer.is_none_or(|answer| {
            let since = self.count.saturating_sub(answer.count);
            self.last - answer.at > ANSWER_SECONDS || since >= (answer.count / 2).max(3)
        })
    }

    /// Returns true if it was known by then, in seconds since 1970, that the chain leads back.
    pub fn led_back_by(&self, at: i64) -> bool {
        self.answer.is_some_and(|answer| answer.cycle_seconds.is_some() && answer.at <= at)
    }
}
