//! One firing of one rule: which event, when, and who made the call behind it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Call, Cause, RuleArn, TextId};

/// Identifies the event behind a firing: the [`TextId`] of `detail.eventID`, else of the envelope's `id`.
///
/// Among 1,536 firings kept for a rule, a new one is mistaken for another with a probability of 2 in a billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiringId(u64);

impl FiringId {
    /// Number of bits in use.
    pub const BITS: u32 = TextId::BITS;

    /// Id of the event with this `eventID` or `id`.
    pub fn of(event_id: &str) -> Self {
        Self(TextId::of(event_id).bits())
    }

    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << Self::BITS) - 1))
    }

    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Who made the call that fired the rule, as CloudTrail's `userIdentity` tells it.
///
/// Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller<'a> {
    /// `userIdentity.arn`, else its `principalId`, the calling service, or the event's `source`.
    pub principal: Cow<'a, str>,
    /// `userIdentity.inScopeOf.credentialsIssuedTo`: the resource AWS issued the credentials to. Set by AWS, not by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<Cow<'a, str>>,
}

impl Caller<'_> {
    pub fn into_owned(self) -> Caller<'static> {
        Caller {
            principal: self.principal.into_owned().into(),
            issued_to: self.issued_to.map(|arn| arn.into_owned().into()),
        }
    }
}

/// A rule matched an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing<'a> {
    pub rule: RuleArn,
    /// `detail.eventID`, else the envelope's `id`.
    pub event_id: Cow<'a, str>,
    /// Event time: the envelope's `time`.
    pub at: Timestamp,
    pub caller: Caller<'a>,
    /// `None` for events that are no API calls.
    pub call: Option<Call<'a>>,
    pub cause: Cause,
}
