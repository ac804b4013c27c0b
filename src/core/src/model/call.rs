//! API calls behind events: operation, resource and parameters.

use std::borrow::Cow;

use super::{SessionKey, printable_ascii};

/// API call as CloudTrail recorded it. Source: "CloudTrail record contents" (AWS CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// `eventSource`, as in `s3.amazonaws.com`.
    pub service: Cow<'a, str>,
    /// `eventName`, as in `PutBucketAcl`.
    pub operation: Cow<'a, str>,
    /// `userIdentity.sessionContext.sessionIssuer.arn`: role of the caller's session. `None` for callers without a
    /// session.
    pub role: Option<Cow<'a, str>>,
    /// `userIdentity.accessKeyId`: key that signed the call.
    pub access_key: Option<Cow<'a, str>>,
    /// `userIdentity.invokedBy`: service that made the call on behalf of another principal.
    pub invoked_by: Option<Cow<'a, str>>,
    /// True if `userIdentity.type` is `AWSService`: a service with its own identity.
    pub is_by_service: bool,
    /// Resource of the call. `None` if the record names none.
    pub resource: Option<Resource<'a>>,
    /// Fingerprint of the parameters, the error code and the ids that a creating call returned. `None` if they cannot
    /// be compared. Different calls have the same fingerprint with a probability of 1 in 2³².
    pub wording: Option<u32>,
    /// Outcome by `errorCode`.
    pub outcome: CallOutcome,
}

/// Outcome of a call, by its `errorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallOutcome {
    /// The call had no error code.
    #[default]
    Succeeded,
    /// The call failed, and the caller is not expected to retry it.
    Refused,
    /// The call was throttled or the service was unavailable for a moment. The caller is expected to retry it.
    Throttled,
}

impl CallOutcome {
    /// Parts of the error codes that SDKs retry. Source: "Retry behavior" (AWS SDKs and tools reference guide), and the
    /// codes of Amazon EC2 and Amazon S3.
    const RETRIED: [&str; 5] =
        ["Throttl", "RequestLimitExceeded", "TooManyRequests", "ServiceUnavailable", "SlowDown"];

    /// Returns the outcome of a call with this error code. An empty code means success.
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

/// Service name of CloudTrail's sign-in events.
const SIGN_IN: &str = "signin.amazonaws.com";

/// Maximum length of each part of a call's name. Longer ones are cut.
const MAX_NAME: usize = 64;

impl Call<'_> {
    /// Name for display: service without its domain, and operation, as in `s3 PutBucketAcl`.
    pub fn name(&self) -> String {
        format!(
            "{} {}",
            printable_ascii(self.short_service(), MAX_NAME),
            printable_ascii(&self.operation, MAX_NAME)
        )
    }

    /// Returns true if `name` is the display name of this call. Allocates nothing.
    pub fn has_name(&self, name: &str) -> bool {
        name.strip_prefix(self.short_service()).and_then(|rest| rest.strip_prefix(' '))
            == Some(&*self.operation)
    }

    fn short_service(&self) -> &str {
        self.service.split('.').next().unwrap_or_default()
    }

    /// Key of the role session that made the call. `None` for other callers.
    pub fn session(&self) -> Option<SessionKey> {
        let key = self.access_key.as_deref().filter(|_| self.role.is_some())?;
        key.starts_with(SessionKey::PREFIX).then(|| SessionKey::of(key))
    }

    /// Copies all borrowed text.
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

    /// Returns true if the event needs no permission to cause: a sign-in, or a call that did not succeed.
    pub fn needs_no_permission(&self) -> bool {
        self.is_sign_in() || self.outcome != CallOutcome::Succeeded
    }
}

/// Resource of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource<'a> {
    /// Name for display: an ARN, the identifying values joined by ` / `, or the service for account-wide settings.
    pub name: Cow<'a, str>,
    /// Hashes of the identifying values.
    pub ids: ResourceIds,
}

/// Hashes of the values that identify a resource, ascending and distinct. Zero marks an unused place.
///
/// An object in a bucket has two: the bucket's name and the key. Calls on the bucket alone have one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ResourceIds([u32; ResourceIds::MAX]);

impl ResourceIds {
    /// Maximum number of values kept: those with the lowest hashes.
    pub const MAX: usize = 4;

    /// Collects these hashes.
    pub fn new(hashes: impl IntoIterator<Item = u32>) -> Self {
        let mut ids = Self::default();
        hashes.into_iter().for_each(|hash| ids.insert(hash));
        ids
    }

    /// Inserts a hash in its order. Without a free place, the highest hash is dropped. Zero counts as 1.
    pub fn insert(&mut self, hash: u32) {
        let mut hash = hash.max(1);
        for id in &mut self.0 {
            if *id == hash {
                return;
            }
            // The hash that is replaced moves to the next place.
            if *id == 0 || hash < *id {
                std::mem::swap(id, &mut hash);
            }
            if hash == 0 {
                return;
            }
        }
    }

    /// Returns true if there are no hashes.
    pub fn is_empty(self) -> bool {
        self.0[0] == 0
    }

    /// Hashes in ascending order.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|id| *id != 0)
    }

    /// Returns true if one set contains the other: a change of a bucket concerns its objects.
    pub fn overlaps(self, other: Self) -> bool {
        // Comparing all four places is faster than finding the last used one.
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
            assert_eq!(ids(one).overlaps(ids(other)), expected, "{one:?} {other:?}");
            assert_eq!(ids(other).overlaps(ids(one)), expected, "{other:?} {one:?}");
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
