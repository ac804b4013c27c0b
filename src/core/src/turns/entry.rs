//! Stored form of one call or event.

use crate::model::{
    ActorId, Call, CallOutcome, Caller, Cause, Fingerprint, Firing, FiringId, HashUse, Proof,
};

/// Maker of a stored call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Maker {
    /// An actor of the rule's own target, with the proof of that.
    Own(ActorId, Proof),
    /// A sibling, by its place in the list of siblings.
    Sibling(u8),
    /// Unknown, because the firing is an event and no API call.
    Event {
        /// True if CloudTrail reported that the rule's own target put the event.
        is_own: bool,
    },
}

/// One stored call. Two deliveries of one event are equal in `at` and `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Event time in seconds since 1970.
    pub at: i64,
    /// Lowest 32 bits of the firing's id. They identify an event within its second.
    pub id: u32,
    /// Maker of the call.
    pub maker: Maker,
    /// Fingerprint of the session of a call, which identifies its container; 0 for functions and siblings. For an
    /// event: the root of its trace, 0 if it has none.
    pub run: u32,
    /// Fingerprint of caller, call, parameters and resource. Zero if the call is not compared with others.
    pub equal: u32,
    /// True if the call was refused or throttled.
    pub is_failed: bool,
}

impl Entry {
    /// Fingerprint of the container that made the call; `None` if containers are not distinguished.
    pub(super) fn task(&self) -> Option<u32> {
        Some(self.run).filter(|run| *run != 0 && matches!(self.maker, Maker::Own(..)))
    }

    /// Sort key: time first, then id.
    pub(super) fn key(&self) -> (i64, u32) {
        (self.at, self.id)
    }
}

/// Returns the lowest 32 bits of a firing's id.
pub(super) fn short(id: FiringId) -> u32 {
    (id.bits() & 0xffff_ffff) as u32
}

/// Returns the value of [`Entry::run`] for a firing.
pub(super) fn run(maker: Maker, firing: &Firing<'_>) -> u32 {
    match (maker, &firing.cause) {
        (Maker::Own(_, Proof::Role), _) => Fingerprint::of(&firing.caller.principal).max(1),
        (Maker::Event { .. }, Cause::Traced(root)) => root.bits(),
        _ => 0,
    }
}

/// Returns a fingerprint that two calls share if caller, operation, parameters and resource are equal word for word.
/// Returns 0 if parameters or resource are not known.
///
/// It is stored, so neither the hash nor its keys may ever change.
pub(super) fn equality(caller: &Caller<'_>, call: &Call<'_>) -> u32 {
    use std::hash::Hasher;
    let (Some(wording), Some(resource)) = (call.wording, &call.resource) else { return 0 };
    let mut hasher = HashUse::EqualCalls.hasher();
    let who = call.role.as_deref().unwrap_or(&caller.principal);
    for part in [who, &call.service, &call.operation] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.write_u32(wording);
    resource.ids.iter().for_each(|id| hasher.write_u32(id));
    // Zero means that the call is not compared with others.
    ((hasher.finish() >> 32) as u32).max(1)
}

/// Returns true if the call was refused or throttled.
pub(super) fn is_failed(call: &Call<'_>) -> bool {
    call.outcome != CallOutcome::Succeeded
}
