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
    pub(super) fn add(&mut self, caller: &Caller<'_>, call: Option<&Call<'_>>) -> u32 {
        let places = self.known.entry(hash(caller, call)).or_default();
        let is_same = |place: &&u32| {
            let one = &self.list[**place as usize];
            one.caller == *caller && one.call.as_deref() == call
        };
        if let Some(place) = places.iter().find(is_same) {
            return *place;
        }
        let place = self.list.len() as u32;
        places.push(place);
        let call = call.map(|call| Box::new(call.clone().into_owned()));
        self.list.push(Caused { caller: caller.clone().into_owned(), call });
        place
    }

    /// Returns the cause at this index.
    pub(super) fn get(&self, place: usize) -> &Caused {
        &self.list[place]
    }

    /// Appends the causes of another reader. Returns the number to be added to that reader's indices.
    pub(super) fn append(&mut self, mut other: Self) -> u32 {
        let moved = self.list.len() as u32;
        self.list.append(&mut other.list);
        moved
    }
}

fn hash(caller: &Caller<'_>, call: Option<&Call<'_>>) -> u64 {
    let mut hasher = HashUse::Memory.hasher();
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
