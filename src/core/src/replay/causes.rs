//! Callers, each distinct one once; and, where a rule's own calls are judged, their calls.

use std::collections::HashMap;
use std::hash::Hasher;

use crate::model::{Call, Caller, HashUse};

/// Who made a call, and which one if that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caused {
    pub caller: Caller<'static>,
    pub call: Option<Box<Call<'static>>>,
}

/// All that was kept, known by its place.
#[derive(Debug, Default)]
pub(super) struct Causes {
    list: Vec<Caused>,
    /// Places by hash.
    known: HashMap<u64, Vec<u32>>,
}

impl Causes {
    /// The place of these two, which is a new one if they are.
    pub fn add(&mut self, caller: &Caller<'_>, call: Option<&Call<'_>>) -> u32 {
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

    pub fn get(&self, place: usize) -> &Caused {
        &self.list[place]
    }

    /// Takes over what another reader has kept. Returns what has to be added to its places.
    pub fn append(&mut self, mut other: Self) -> u32 {
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
