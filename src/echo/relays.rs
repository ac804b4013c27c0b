//! Rules whose targets made the calls that fired this rule, and whether the chain leads back to it.

use serde::{Deserialize, Serialize};

use crate::model::RuleArn;

/// How many sets of rules are remembered.
const MAX_RELAYS: usize = 4;
/// … and how many rules of each.
const MAX_RULES: usize = 2;
/// An answer about a chain holds for so long; rules and their targets change.
const ANSWER_SECONDS: i64 = 60 * 60;

/// Rules that have a target in common, which made calls that fired this rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    pub rules: Vec<RuleArn>,
    /// How many of this rule's firings they caused.
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
    leads_back: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Relays(Vec<Relay>);

impl Relays {
    /// Counts a firing; its place in the list, unless the list is full of rules that matter still. `reused` is told a
    /// place that was another's.
    pub fn count(&mut self, rules: &[RuleArn], at: i64, reused: impl FnOnce(u8)) -> Option<u8> {
        let rules = &rules[..rules.len().min(MAX_RULES)];
        let known = self.0.iter().position(|relay| relay.rules == rules);
        let new = Relay { rules: rules.to_vec(), count: 0, last: at, answer: None };
        let index = match known {
            Some(index) => index,
            None if self.0.len() < MAX_RELAYS => {
                self.0.push(new);
                self.0.len() - 1
            }
            None => {
                let idle = self.0.iter().enumerate().filter(|(_, relay)| relay.makes_room(at));
                let (index, _) = idle.min_by_key(|(_, relay)| relay.last)?;
                self.0[index] = new;
                reused(u8::try_from(index).ok()?);
                index
            }
        };
        let relay = &mut self.0[index];
        relay.count = relay.count.saturating_add(1);
        relay.last = relay.last.max(at);
        u8::try_from(index).ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Relay> {
        self.0.iter()
    }

    pub fn has_open_questions(&self) -> bool {
        self.0.iter().any(Relay::is_open)
    }

    pub fn traced(&mut self, leads_back: impl Fn(&Relay) -> bool, at: i64) {
        for relay in &mut self.0 {
            let answer = Answer { at, count: relay.count, leads_back: leads_back(relay) };
            relay.answer = Some(answer);
        }
    }

    pub fn get(&self, place: u8) -> Option<&Relay> {
        self.0.get(usize::from(place))
    }

    pub fn has(&self, place: u8) -> bool {
        usize::from(place) < self.0.len()
    }
}

impl Relay {
    /// Whether it may be forgotten: its firings no longer count, or they are no echoes as far as anybody knows.
    fn makes_room(&self, at: i64) -> bool {
        self.last < at - super::HORIZON_SECONDS || self.leads_back() == Some(false)
    }

    /// Whether the chain has yet to be followed, or has to be again: after an hour, or after half as many firings
    /// once more.
    pub(super) fn is_open(&self) -> bool {
        self.answer.is_none_or(|answer| {
            let since = self.count.saturating_sub(answer.count);
            self.last - answer.at > ANSWER_SECONDS || since >= (answer.count / 2).max(3)
        })
    }

    /// Whether it was known by then, in seconds since 1970, that the chain leads back.
    pub fn led_back_by(&self, at: i64) -> bool {
        self.answer.is_some_and(|answer| answer.leads_back && answer.at <= at)
    }

    /// `None` while nobody has followed the chain.
    pub fn leads_back(&self) -> Option<bool> {
        self.answer.map(|answer| answer.leads_back)
    }
}
