//! The API call behind an event: what was called, on which resource, with which parameters.

use std::borrow::Cow;

use super::{SessionKey, bounded};

/// The call as CloudTrail recorded it. Source: "CloudTrail record contents" (AWS CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// `eventSource`: `s3.amazonaws.com`.
    pub service: Cow<'a, str>,
    /// `eventName`: `PutBucketAcl`.
    pub operation: Cow<'a, str>,
    /// `userIdentity.sessionContext.sessionIssuer.arn`: the role behind a role session.
    pub role: Option<Cow<'a, str>>,
    /// `userIdentity.accessKeyId`: the key that the call was signed with.
    pub access_key: Option<Cow<'a, str>>,
    /// `userIdentity.invokedBy`: the service that made the call for somebody.
    pub invoked_by: Option<Cow<'a, str>>,
    /// `userIdentity.type` is `AWSService`: a service with an identity of its own.
    pub is_by_service: bool,
    /// Resource of the call; `None` where the record does not say.
    pub resource: Option<Resource<'a>>,
    /// Fingerprint of the parameters, the error code and the ids that a creating call made; `None` where they cannot be
    /// compared. Calls that differ in one of these differ here, but for 1 in 2³².
    pub wording: Option<u32>,
    pub outcome: CallOutcome,
}

/// Outcome of a call by its `errorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallOutcome {
    #[default]
    Succeeded,
    Refused,
    /// Refused because of too many requests, or for a moment. The caller is expected to try again.
    Throttled,
}

impl CallOutcome {
    /// Parts of the error codes that SDKs answer with a retry. Source: "Retry behavior" (AWS SDKs and tools reference
    /// guide), and the codes of Amazon EC2 and Amazon S3.
    const RETRIED: [&str; 5] =
        ["Throttl", "RequestLimitExceeded", "TooManyRequests", "ServiceUnavailable", "SlowDown"];

    /// Outcome of a call with this error code. An empty code is none.
    pub fn of(error_code: &str) -> Self {
        if error_code.is_empty() {
            Self::Succeeded
        } else if Self::RETRIED.iter().any(|part| error_code.contains(part)) {
            Self::Throttled
        } else {
            Self::Refused
        }
    }
}

/// Service of CloudTrail's sign-in events.
const SIGN_IN: &str = "signin.amazonaws.com";

/// Longest part of a call's name; longer ones are cut.
const MAX_NAME: usize = 64;

impl Call<'_> {
    /// Name for people: the service without its domain, and the operation, as in `s3 PutBucketAcl`.
    pub fn name(&self) -> String {
        format!("{} {}", bounded(self.short_service(), MAX_NAME), bounded(&self.operation, MAX_NAME))
    }

    /// Returns true if this is the call's name. Allocates nothing.
    pub fn has_name(&self, name: &str) -> bool {
        name.strip_prefix(self.short_service()).and_then(|rest| rest.strip_prefix(' '))
            == Some(&*self.operation)
    }

    fn short_service(&self) -> &str {
        self.service.split('.').next().unwrap_or_default()
    }

    /// Session that made the call, if one of a role did.
    pub fn session(&self) -> Option<SessionKey> {
        let key = self.access_key.as_deref().filter(|_| self.role.is_some())?;
        key.starts_with(SessionKey::PREFIX).then(|| SessionKey::of(key))
    }

    pub fn into_owned(self) -> Call<'static> {
        let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Call {
            service: text(self.service),
            operation: text(self.operation),
            role: self.role.map(text),
            access_key: self.access_key.map(text),
            invoked_by: self.invoked_by.map(text),
            resource: self.resource.map(|one| Resource { name: text(one.name), ids: one.ids }),
            is_by_service: self.is_by_service,
            wording: self.wording,
            outcome: self.outcome,
        }
    }

    /// Returns true for sign-in events.
    pub fn is_sign_in(&self) -> bool {
        self.service == SIGN_IN
    }

    /// Returns true if the event can be caused without the right to do anything: a sign-in, or a call that was refused.
    pub fn is_open_to_all(&self) -> bool {
        self.is_sign_in() || self.outcome != CallOutcome::Succeeded
    }
}

/// What a call was made on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource<'a> {
    /// For people: an ARN, or the identifying values joined by ` / `, or the service for account-wide settings.
    pub name: Cow<'a, str>,
    pub ids: ResourceIds,
}

/// Hashes of the values that identify a resource, ascending, without repetition; zero marks an unused place.
///
/// An object in a bucket has two: the bucket's name and the key. Calls on the bucket alone have one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ResourceIds([u32; ResourceIds::MAX]);

impl ResourceIds {
    /// Identifying values beyond the first four (in ascending order of their hashes) are not looked at.
    pub const MAX: usize = 4;

    pub fn new(hashes: impl IntoIterator<Item = u32>) -> Self {
        let mut ids = Self::default();
        hashes.into_iter().for_each(|hash| ids.insert(hash));
        ids
    }

    pub fn insert(&mut self, hash: u32) {
        let mut hash = hash.max(1);
        for id in &mut self.0 {
            if *id == hash {
                return;
            }
            // What is put aside here moves on to the next place.
            if *id == 0 || hash < *id {
                std::mem::swap(id, &mut hash);
            }
            if hash == 0 {
                return;
            }
        }
    }

    pub fn is_empty(self) -> bool {
        self.0[0] == 0
    }

    pub fn iter(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|id| *id != 0)
    }

    /// Whether one of the two names everything that the other names: a change of a bucket concerns its objects.
    pub fn meets(self, other: Self) -> bool {
        // Unused places compared as well: there are four, always, which is quicker than to look for the last one.
        let is_within = |one: &[u32; Self::MAX], other: &[u32; Self::MAX]| {
            one.iter().all(|id| *id == 0 || other.contains(id))
        };
        is_within(&self.0, &other.0) || is_within(&other.0, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_code_tells_the_outcome() {
        let check = |codes: &[&str], expected: CallOutcome| {
            codes.iter().for_each(|code| assert_eq!(CallOutcome::of(code), expected, "{code}"));
        };
        check(&[""], CallOutcome::Succeeded);
        check(
            &["AccessDenied", "Client.UnauthorizedOperation", "LimitExceededException"],
            CallOutcome::Refused,
        );
        check(&["Throttling", "ThrottlingException", "EC2ThrottledException"], CallOutcome::Throttled);
        check(&["Client.RequestLimitExceeded", "TooManyRequestsException"], CallOutcome::Throttled);
        check(&["ServiceUnavailable", "SlowDown"], CallOutcome::Throttled);
    }

    #[test]
    fn a_resource_meets_what_contains_it_and_what_it_contains() {
        let check = |one: &[u32], other: &[u32], expected: bool| {
            let ids = |hashes: &[u32]| ResourceIds::new(hashes.iter().copied());
            assert_eq!(ids(one).meets(ids(other)), expected, "{one:?} {other:?}");
            assert_eq!(ids(other).meets(ids(one)), expected, "{other:?} {one:?}");
        };
        check(&[7], &[7], true);
        check(&[7], &[8], false);
        check(&[7], &[7, 8], true);
        check(&[7, 9], &[7, 8], false);
        check(&[8, 7, 7], &[7, 8], true);
        check(&[1, 2, 3, 4, 5], &[1, 2, 3, 4], true);
        check(&[5, 4, 3, 2, 1, 3], &[1, 2, 3, 4], true);
    }

    #[test]
    fn the_lowest_four_are_kept_in_order() {
        let check = |hashes: &[u32], kept: &[u32]| {
            let ids = ResourceIds::new(hashes.iter().copied());
            assert_eq!(ids.iter().collect::<Vec<_>>(), kept, "{hashes:?}");
        };
        check(&[], &[]);
        check(&[0], &[1]);
        check(&[9, 9, 3], &[3, 9]);
        check(&[9, 8, 7, 6, 5, 8], &[5, 6, 7, 8]);
    }
}
