//! Distinct callers, and distinct calls if a rule's own calls are judged.

use std::collections::HashMap;
use std::hash::Hasher;

use crate::model::{Call, Caller, HashUse};

/// Caller of an event, with its call if own calls are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caused {
    /// Caller as CloudTrail recorded it.
    pub caller: Caller<'static>,
    /// API call; `None` if no rule needs it.
    pub call: Option<Box<Call<'static>>>,
    /// Index of the place where the event arose.
    pub place: u32,
}

/// Distinct causes, each identified by its index.
#[derive(Debug, Default)]
pub(super) struct Causes {
    list: Vec<Caused>,
    /// Indices by hash.
    known: HashMap<u64, Vec<u32>>,
}

impl Causes {
    /// Returns the index of this cause, and adds it if it is new.
    pub(super) fn add(&mut self, place: u32, caller: &Caller<'_>, call: Option<&Call<'_>>) -> u32 {
        let indices = self.known.entry(hash(place, caller, call)).or_default();
        let is_same = |index: &&u32| {
            let one = &self.list[**index as usize];
            one.place == place && one.caller == *caller && one.call.as_deref() == call
        };
        if let Some(index) = indices.iter().find(is_same) {
            return *index;
        }
        let index = self.list.len() as u32;
        indices.push(index);
        let call = call.map(|call| Box::new(call.clone().into_owned()));
        self.list.push(Caused { caller: caller.clone().into_owned(), call, place });
        index
    }

    /// Returns the cause at this index.
    pub(super) fn get(&self, index: usize) -> &Caused {
        &self.list[index]
    }

    /// Appends the causes of another reader, whose places have these indices here. Returns the number to be added to that
    /// reader's indices.
    pub(super) fn append(&mut self, mut other: Self, places: &[u32]) -> u32 {
        let moved = self.list.len() as u32;
        other.list.iter_mut().for_each(|one| one.place = places[one.place as usize]);
        self.list.append(&mut other.list);
        moved
    }
}

fn hash(place: u32, caller: &Caller<'_>, call: Option<&Call<'_>>) -> u64 {
    let mut hasher = HashUse::Memory.hasher();
    hasher.write_u32(place);
    let mut add = |text: Option<&str>| {
        hasher.write(text.unwrap_or_default().as_bytes());
        hasher.write_u8(0xff);
    };
    add(Some(&caller.principal));
    add(caller.issued_to.as_deref());
    if let Some(call) = call {
        add(Some(&call.operation));
        add(call.resource.as_ref().map(|resource| &*resource.name));
        add(call.access_key.as_deref());
        hasher.write_u32(call.wording.unwrap_or_default());
    }
    hasher.finish()
}
