//! Results of judging the stored firings.

use crate::model::Timestamp;

/// Result of judging the stored firings of a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Proved loop, or `None`.
    pub proof: Option<Found>,
    /// Time until which a slow proof waits for reasons that arrive late.
    pub waits_until: Option<Timestamp>,
    /// Own calls that reached the limit with no other reason near. A loop, unless the rule always had this rate.
    pub rate: Option<Found>,
    /// Firings that look like a loop, with what is missing for a proof.
    pub suspicion: Option<Found>,
    /// Greatest depth of a firing, in turns.
    pub turns: u32,
    /// Greatest number of equal calls without a reason.
    pub surplus: u32,
}

/// Firings that prove or suggest a loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Kind of finding.
    pub kind: FoundKind,
    /// Number of own calls among the firings.
    pub count: u64,
    /// Event time of the first own call.
    pub first: Timestamp,
    /// Event time of the last own call.
    pub last: Timestamp,
    /// Event times of the own calls that are stored one by one, in seconds since 1970 and ascending.
    pub times: Vec<i64>,
    /// Fingerprint of the equal calls. Only a surplus has one.
    pub(super) equal: Option<u32>,
    /// Missing part of the proof; `None` for a proof.
    pub missing: Option<Missing>,
}

/// Kind of a finding, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    /// A chain of this many turns. Each firing can only have been caused by the one before it.
    Turns(u32),
    /// A run of word-for-word equal calls, more than the reasons explain.
    Surplus {
        /// Number of equal calls, not counting repeated tries of one invocation.
        calls: u32,
        /// Number of reasons that explain some of them.
        reasons: u32,
    },
    /// Own calls that reached the burst limit within its window, in a chain of two turns or more.
    Rate,
    /// Own calls within the window, too many for a fan-out of the firings near them.
    FanOut {
        /// Number of firings by other makers within the window and the answer time before it.
        others: u64,
    },
    /// This many own calls in strict alternation with calls by a service, a sibling or an unplaced session.
    Alternation(u32),
    /// This many own calls with no reason near.
    SelfStarted(u32),
    /// A chain of this many turns of events that no AWS service sent.
    Events(u32),
    /// Own calls for hours, many for each call by others.
    Beside {
        /// Number of calls by others in the same hours.
        others: u64,
    },
}

/// Part that is missing for a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The beginning of the chain was not seen, or the target began by itself.
    Anchor,
    /// The target acted by itself within the last day.
    Initiative,
    /// The calls may be late answers that a concurrency limit held back.
    Backlog,
    /// The calls between its own are by a principal that the guard cannot place.
    Place,
    /// A call by others lies near each of its own, and may be its reason.
    Reasons,
    /// The target may have put the events for other callers, or one program may have put all of them.
    Occasion,
}

impl Missing {
    /// Returns the clause that completes "not proved, because …".
    pub const fn because(self) -> &'static str {
        match self {
            Self::Anchor => "the beginning of the chain was not seen: its target may have begun by itself",
            Self::Initiative => "its target was seen to act by itself within the last day",
            Self::Backlog => "the calls may be late answers that a concurrency limit held back",
            Self::Place => "the guard cannot tell who makes the calls between its own",
            Self::Reasons => "calls by others lie near its own and may be their reasons, as bait would",
            Self::Occasion => {
                "its target may also be invoked from elsewhere and put events for that, or one program have put them all"
            }
        }
    }
}
