//! Missed events, counted by their makers and callers.

use serde::{Deserialize, Serialize};

use crate::model::{Cause, Firing, Timestamp, printable_ascii};

/// Maximum number of callers that are counted one by one.
const MAX_CALLERS: usize = 4;
/// Maximum length of a stored caller, in bytes.
const MAX_TEXT: usize = 128;

/// Maker of a missed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker {
    /// Kind of the maker, relative to the rule.
    pub by: MissedBy,
    /// True if the call is one for the judgement. False if anybody may make such a call.
    pub is_counted: bool,
    /// True if its calls are the rule's own, or those of a cycle of rules that it belongs to.
    pub is_own: bool,
}

/// Kind of a maker, relative to the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedBy {
    /// The rule's own targets.
    Own,
    /// Targets of other rules.
    Siblings,
    /// AWS services.
    Services,
    /// People, deployments and other programs.
    Others,
    /// Sessions that belong to no known target.
    Unplaced,
}

impl MissedBy {
    /// All kinds, in the order of texts.
    pub const ALL: [Self; 5] = [Self::Own, Self::Siblings, Self::Services, Self::Others, Self::Unplaced];

    /// Kind of the maker that this cause names.
    pub const fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Own { .. } => Self::Own,
            Cause::Sibling(_) => Self::Siblings,
            Cause::Service => Self::Services,
            Cause::Foreign | Cause::Unknown | Cause::Traced(_) => Self::Others,
            Cause::Unplaced => Self::Unplaced,
        }
    }

    /// Phrase after a number, as in "3 by its own target".
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Own => "by its own target",
            Self::Siblings => "by targets of other rules",
            Self::Services => "by AWS services",
            Self::Others => "by others",
            Self::Unplaced => "by sessions that could not be placed",
        }
    }
}

/// Number of missed events of one kind of maker, with the first and last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedCount {
    /// Kind of the maker.
    pub by: MissedBy,
    /// Number of distinct events.
    pub count: u64,
    /// Event time of the first.
    pub first: Timestamp,
    /// Event time of the last.
    pub last: Timestamp,
}

/// Number of missed events by one caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedCaller {
    /// Principal, as CloudTrail recorded it.
    pub principal: String,
    /// Number of distinct events.
    pub count: u64,
}

/// Missed events by maker, and the most frequent callers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// Kinds of makers with at least one event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makers: Vec<MissedCount>,
    /// Callers. A new caller replaces the one with the fewest events once there are four, and takes over its number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<MissedCaller>,
}

impl Missed {
    pub(super) fn count(&mut self, maker: Maker, firing: &Firing<'_>) {
        match self.makers.iter_mut().find(|one| one.by == maker.by) {
            Some(one) => {
                one.count += 1;
                (one.first, one.last) = (one.first.min(firing.at), one.last.max(firing.at));
            }
            None => {
                self.makers.push(MissedCount { by: maker.by, count: 1, first: firing.at, last: firing.at });
                self.makers.sort_by_key(|one| MissedBy::ALL.iter().position(|by| *by == one.by));
            }
        }
        let principal = printable_ascii(&firing.caller.principal, MAX_TEXT);
        if let Some(known) = self.callers.iter_mut().find(|one| one.principal == principal) {
            known.count += 1;
        } else if self.callers.len() < MAX_CALLERS {
            self.callers.push(MissedCaller { principal: principal.into_owned(), count: 1 });
        } else if let Some(least) = self.callers.iter_mut().min_by_key(|one| one.count) {
            *least = MissedCaller { principal: principal.into_owned(), count: least.count + 1 };
        }
    }

    /// Number of all missed events.
    pub fn total(&self) -> u64 {
        self.makers.iter().map(|one| one.count).sum()
    }
}

impl std::fmt::Display for Missed {
    /// A clause: "12 events: 9 by its own target, 3 by others".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::model::plural(self.total(), "event"))?;
        for (index, one) in self.makers.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(f, "{separator}{} {}", one.count, one.by.phrase())?;
        }
        Ok(())
    }
}
