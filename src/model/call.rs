//! The API call behind an event: what was called, on which resource, with which parameters.

use std::borrow::Cow;

/// The call as CloudTrail recorded it. Source: "CloudTrail record contents" (AWS CloudTrail user guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// `eventSource`: `s3.amazonaws.com`.
    pub service: Cow<'a, str>,
    /// `eventName`: `PutBucketAcl`.
    pub operation: Cow<'a, str>,
    /// `userIdentity.sessionContext.sessionIssuer.arn`: the role behind a role session.
    pub role: Option<Cow<'a, str>>,
    /// `userIdentity.invokedBy`, or the service itself for identities of type `AWSService`.
    pub invoked_by: Option<Cow<'a, str>>,
    /// What the call was made on. `None` when the event does not tell: parameters of failed calls may be missing.
    pub resource: Option<Resource<'a>>,
    /// Fingerprint of `requestParameters`: calls that differ in a parameter differ here, but for 1 in 2³².
    pub parameters: u32,
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
        let mut all: Vec<u32> = hashes.into_iter().map(|hash| hash.max(1)).collect();
        all.sort_unstable();
        all.dedup();
        let mut ids = [0; Self::MAX];
        ids.iter_mut().zip(all).for_each(|(id, hash)| *id = hash);
        Self(ids)
    }

    pub fn iter(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|id| *id != 0)
    }

    /// Whether one of the two names everything that the other names: a change of a bucket concerns its objects.
    pub fn meets(self, other: Self) -> bool {
        let is_within = |one: Self, other: Self| one.iter().all(|id| other.iter().any(|known| known == id));
        is_within(self, other) || is_within(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
