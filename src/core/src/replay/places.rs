//! Places of rules and records: an account and a Region. Events of one place do not reach the rules of another.

use std::collections::HashMap;
use std::fmt;

use crate::model::RuleArn;

/// Region of an account. Either part is empty if a record does not name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Account, 12 digits.
    pub account: String,
    /// Region, such as `us-east-1`.
    pub region: String,
}

impl Place {
    /// Place of a rule.
    pub fn of(rule: &RuleArn) -> Self {
        Self { account: rule.account().to_owned(), region: rule.region().to_owned() }
    }

    /// Returns true if an event of `other` reaches the rules here. A part that a record does not name is taken to fit.
    pub fn admits(&self, other: &Self) -> bool {
        let fits = |own: &str, other: &str| other.is_empty() || own == other;
        fits(&self.account, &other.account) && fits(&self.region, &other.region)
    }
}

impl fmt::Display for Place {
    /// Prints `123456789012 us-east-1`, and `-` for a part that is not named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &str| if part.is_empty() { "-".to_owned() } else { part.to_owned() };
        write!(f, "{} {}", part(&self.account), part(&self.region))
    }
}

/// Distinct places, each identified by its index.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: Vec<Place>,
    known: HashMap<Place, u32>,
    /// Index of the last place. A log file has records of one place, as a rule.
    last: u32,
}

impl Places {
    /// Returns the index of a place, and adds it if it is new.
    pub(super) fn add(&mut self, account: &str, region: &str) -> u32 {
        let is_last = |place: &Place| place.account == account && place.region == region;
        if !self.list.get(self.last as usize).is_some_and(is_last) {
            let place = Place { account: account.to_owned(), region: region.to_owned() };
            self.last = *self.known.entry(place).or_insert_with_key(|place| {
                self.list.push(place.clone());
                self.list.len() as u32 - 1
            });
        }
        self.last
    }

    /// Place at an index that [`Self::add`] returned.
    pub(super) fn get(&self, index: u32) -> &Place {
        &self.list[index as usize]
    }

    /// All places in the order in which they were added.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Place> {
        self.list.iter()
    }

    /// Adds the places of another reader. Returns the index here of each of its places.
    pub(super) fn append(&mut self, other: &Self) -> Vec<u32> {
        other.list.iter().map(|place| self.add(&place.account, &place.region)).collect()
    }
}
