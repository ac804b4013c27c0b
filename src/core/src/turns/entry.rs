//! A call of the rule's own target, or of a sibling's, as it is kept.

use crate::model::{
    ActorId, Call, CallOutcome, Caller, Cause, Fingerprint, Firing, FiringId, HashUse, Proof,
};

/// Maker of a kept call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Maker {
    Own(ActorId, Proof),
    /// A target of other rules; its place among the siblings.
    Sibling(u8),
    /// Not named, for it is no API call but an event. CloudTrail may have told that the rule's own target put it.
    Event {
        is_own: bool,
    },
}

/// One kept call. Two deliveries of one event are equal in `at` and `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Event time in seconds since 1970.
    pub at: i64,
    /// 32 bits of the event's id: enough to know an event again within its second.
    pub id: u32,
    pub maker: Maker,
    /// Fingerprint of the session, which tells one container from another; 0 for functions and siblings. Of an event whose
    /// maker is not named: the root of its trace, 0 for none.
    pub run: u32,
    /// Fingerprint of caller, call, parameters and resource; 0 if the call equals no other.
    pub equal: u32,
    /// The call was refused or throttled.
    pub is_failed: bool,
}

impl Entry {
    /// Fingerprint of the container that made the call; `None` where one is not told from another.
    pub fn task(&self) -> Option<u32> {
        Some(self.run).filter(|run| *run != 0 && matches!(self.maker, Maker::Own(..)))
    }

    /// Order of time, and of identity within a second.
    pub fn key(&self) -> (i64, u32) {
        (self.at, self.id)
    }
}

pub(super) fn short(id: FiringId) -> u32 {
    (id.bits() & 0xffff_ffff) as u32
}

/// Fingerprint of the session of a target that is no function, or of the trace of an event.
pub(super) fn run(maker: Maker, firing: &Firing<'_>) -> u32 {
    match (maker, &firing.cause) {
        (Maker::Own(_, Proof::Role), _) => Fingerprint::of(&firing.caller.principal).max(1),
        (Maker::Event { .. }, Cause::Traced(root)) => root.bits(),
        _ => 0,
    }
}

/// Fingerprint that equals another one only for the same call by the same caller on the same resource, word for word.
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
    // Zero stands for a call that equals no other.
    ((hasher.finish() >> 32) as u32).max(1)
}

pub(super) fn is_failed(call: &Call<'_>) -> bool {
    call.outcome != CallOutcome::Succeeded
}
