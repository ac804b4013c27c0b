//! Role sessions, identified by the access key that AWS issues for each.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::{Cause, HashUse};

/// 64 bits that stand for the access key id of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(u64);

impl SessionKey {
    /// Prefix of the access key ids that AWS STS issues. Source: "Understanding unique ID prefixes" (AWS IAM user
    /// guide).
    pub const PREFIX: &'static str = "ASIA";

    /// Hashes an access key id. The result is stored in records: neither the hash nor its keys may ever change.
    pub fn of(access_key_id: &str) -> Self {
        Self(HashUse::Session.of(access_key_id))
    }

    /// Restores a stored key.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Bits for storage.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Session that an `AssumeRole` call opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session<'a> {
    /// Hash of the session's access key id.
    pub key: SessionKey,
    /// `responseElements.assumedRoleUser.arn`: the caller's ARN in the calls of this session.
    pub arn: Cow<'a, str>,
}

impl Session<'_> {
    /// Maximum duration of a session opened by another session. Source: "Methods to assume a role" (AWS IAM user
    /// guide), on role chaining.
    pub const LONGEST_CHAINED: SignedDuration = SignedDuration::from_hours(1);
    /// Maximum number of chained sessions followed to the target that opened the first.
    pub const MAX_CHAIN: usize = 3;

    /// Latest end of a session that another session opened at this time.
    pub fn longest_until(at: Timestamp) -> Timestamp {
        at.saturating_add(Self::LONGEST_CHAINED).unwrap_or(Timestamp::MAX)
    }
}

/// Session whose opener is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Hash of the session's access key id.
    pub key: SessionKey,
    /// ARN of the session.
    pub arn: String,
    /// Maker of the call that opened the first session of the chain, relative to one rule.
    pub cause: Cause,
    /// Latest end of the session.
    pub until: Timestamp,
}

/// Sessions whose openers are to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSessions {
    /// Sessions, each with the ARN of its role.
    pub sessions: Vec<(SessionKey, String)>,
    /// Event time of the earliest call of these sessions.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_changes() {
        assert_eq!(SessionKey::of("ASIAEXAMPLE").bits(), 15_372_975_639_192_462_435);
    }
}
