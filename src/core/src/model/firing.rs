//! Firings of rules: event, time and caller.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Call, Cause, RuleArn, TextId};

/// Id of the event behind a firing: 40 bits of SipHash-1-3 over `detail.eventID`, else the envelope's `id`.
///
/// Among 1,536 firings kept for a rule, a new one is mistaken for another with a probability of 2 in a billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiringId(u64);

impl FiringId {
    /// Number of bits in use.
    pub const BITS: u32 = TextId::BITS;

    /// Hashes the id of an event. The result is stored in records: neither the hash nor its keys may ever change.
    pub fn of(event_id: &str) -> Self {
        Self(TextId::of(event_id).bits())
    }

    /// Restores a stored id. Higher bits are ignored.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << Self::BITS) - 1))
    }

    /// Bits for storage.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Caller of the API call that fired the rule, from CloudTrail's `userIdentity`.
///
/// Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller<'a> {
    /// `userIdentity.arn`, else its `principalId`, the calling service, or the event's `source`.
    pub principal: Cow<'a, str>,
    /// `userIdentity.inScopeOf.credentialsIssuedTo`: resource to which AWS issued the credentials. Set by AWS, not by
    /// the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<Cow<'a, str>>,
}

impl Caller<'_> {
    /// Copies all borrowed text.
    pub fn into_owned(self) -> Caller<'static> {
        Caller {
            principal: self.principal.into_owned().into(),
            issued_to: self.issued_to.map(|arn| arn.into_owned().into()),
        }
    }
}

/// Event that matched one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing<'a> {
    /// Rule that matched the event.
    pub rule: RuleArn,
    /// `detail.eventID`, else the envelope's `id`.
    pub event_id: Cow<'a, str>,
    /// Event time: the envelope's `time`.
    pub at: Timestamp,
    /// Caller of the API call, or the event's source.
    pub caller: Caller<'a>,
    /// API call that the event reports. `None` for other events.
    pub call: Option<Call<'a>>,
    /// Maker of the call, relative to the rule.
    pub cause: Cause,
}
