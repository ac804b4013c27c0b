//! Findings about a rule from the firings that are kept.

use crate::model::Timestamp;

/// Verdict on the firings kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// A loop, proved.
    pub proof: Option<Found>,
    /// A slow proof waits until then for reasons that come late.
    pub waits_until: Option<Timestamp>,
    /// As many calls of its own as the limit, with no other reason near: a loop, unless the rule was always so busy.
    pub rate: Option<Found>,
    /// Looks like a loop, with what is missing for a proof.
    pub suspicion: Option<Found>,
    /// Deepest firing.
    pub turns: u32,
    /// Most equal calls without a reason.
    pub surplus: u32,
}

/// Firings that show something.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub kind: FoundKind,
    /// Calls of the rule's own targets among them.
    pub count: u64,
    /// Event time of the first and the last of them.
    pub first: Timestamp,
    pub last: Timestamp,
    /// Event times of the calls that are kept one by one, in seconds since 1970 and ascending.
    pub times: Vec<i64>,
    /// Fingerprint of the equal calls.
    pub(super) equal: Option<u32>,
    /// What is missing for a proof.
    pub missing: Option<Missing>,
}

/// Kind of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    /// A chain of this many firings, each of which can only have been caused by one before it.
    Turns(u32),
    /// Equal calls, and the reasons that there were for them.
    Surplus { calls: u32, reasons: u32 },
    /// Own calls within the window of the burst limit, in a chain of two turns or more.
    Rate,
    /// Own calls within the window, too many for the firings of others near them.
    FanOut { others: u64 },
    /// Own calls in strict turn with a service's, a sibling's or an unplaced session's.
    Alternation(u32),
    /// Own calls with no reason near.
    SelfStarted(u32),
    /// A chain of this many turns of events that no AWS service sent.
    Events(u32),
}

/// Missing part of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The beginning of the chain was not seen, or its target began by itself.
    Anchor,
    /// Its target was seen to act by itself within a day.
    Initiative,
    /// The calls may be late answers that a concurrency limit held back.
    Backlog,
    /// Somebody else takes part whom the guard cannot place.
    Place,
    /// Its target may have put the events for other callers, or one program all of them.
    Occasion,
}

impl Missing {
    /// The rest of "not proved, because …".
    pub const fn because(self) -> &'static str {
        match self {
            Self::Anchor => "the beginning of the chain was not seen: its target may have begun by itself",
            Self::Initiative => "its target was seen to act by itself within the last day",
            Self::Backlog => "the calls may be late answers that a concurrency limit held back",
            Self::Place => "the guard cannot tell who makes the calls between its own",
            Self::Occasion => {
                "its target may also be invoked from elsewhere and put events for that, or one program have put them all"
            }
        }
    }
}
