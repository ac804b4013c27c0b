//! Sessions of roles, known by the access key that AWS issues for each.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::{Cause, HashUse};

/// 64 bits that stand for the access key id of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(u64);

impl SessionKey {
    /// Prefix of the access key ids that AWS STS issues. Source: "Understanding unique ID prefixes" (AWS IAM user guide).
    pub const PREFIX: &'static str = "ASIA";

    /// Key of the session with this access key id.
    pub fn of(access_key_id: &str) -> Self {
        Self(HashUse::Session.of(access_key_id))
    }

    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// A session as the `AssumeRole` call that opened it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session<'a> {
    pub key: SessionKey,
    /// `responseElements.assumedRoleUser.arn`, which is the caller's ARN in what the session does.
    pub arn: Cow<'a, str>,
}

impl Session<'_> {
    /// Maximum duration of a session that another session has opened. Source: "Methods to assume a role" (AWS IAM user
    /// guide), on role chaining.
    pub const LONGEST_CHAINED: SignedDuration = SignedDuration::from_hours(1);
    /// Maximum number of sessions in a row that are followed to the target that opened the first.
    pub const MAX_CHAIN: usize = 3;

    /// Latest end of a session that was opened at this time by another session.
    pub fn longest_until(at: Timestamp) -> Timestamp {
        at.saturating_add(Self::LONGEST_CHAINED).unwrap_or(Timestamp::MAX)
    }
}

/// A session whose opener is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub key: SessionKey,
    pub arn: String,
    /// Maker of the call that opened the first session, seen from one rule.
    pub cause: Cause,
    /// End of the session, at the latest.
    pub until: Timestamp,
}

/// Sessions to ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSessions {
    /// Each session with the ARN of its role.
    pub sessions: Vec<(SessionKey, String)>,
    /// Event time of the first call that waits.
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
