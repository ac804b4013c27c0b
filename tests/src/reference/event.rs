//! Splits an event into its leaves by dotted path, each with the array elements that it belongs to.

use std::collections::BTreeMap;

use super::json::{Json, Unreadable, read};
use super::{Path, longer};

/// A scalar of an event.
#[derive(Debug)]
pub struct Leaf {
    /// The scalar.
    pub value: Json,
    /// Arrays around the leaf, each with the index of the element. The array directly around the scalar is left out.
    pub elements: Vec<(usize, usize)>,
}

/// Leaves of an event by path.
pub type Leaves = BTreeMap<Path, Vec<Leaf>>;

/// Reason why there is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnEvent {
    /// Not JSON.
    Malformed,
    /// JSON, but not an object.
    NotAnObject,
    /// Too large for this reader.
    GaveUp,
}

/// Reads an event.
pub fn read_event(bytes: &[u8]) -> Result<Leaves, NotAnEvent> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotAnEvent::Malformed)?;
    let (event, rest) = read(text).map_err(|unreadable| match unreadable {
        Unreadable::Malformed => NotAnEvent::Malformed,
        Unreadable::TooDeep => NotAnEvent::GaveUp,
    })?;
    if !rest.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        return Err(NotAnEvent::Malformed);
    }
    let Json::Object(members) = event else { return Err(NotAnEvent::NotAnObject) };
    let mut flattening = Flattening { leaves: Leaves::new(), arrays: 0 };
    flattening.object(members, None, &[]);
    Ok(flattening.leaves)
}

struct Flattening {
    leaves: Leaves,
    /// Number of arrays so far.
    arrays: usize,
}

impl Flattening {
    fn object(&mut self, members: Vec<(String, Json)>, path: Option<&Path>, elements: &[(usize, usize)]) {
        for (key, value) in members {
            self.value(value, &longer(path, &key), elements);
        }
    }

    fn value(&mut self, value: Json, path: &Path, elements: &[(usize, usize)]) {
        match value {
            Json::Object(members) => self.object(members, Some(path), elements),
            Json::Array(items) => {
                let array = self.arrays;
                self.arrays += 1;
                for (index, item) in items.into_iter().enumerate() {
                    match item {
                        Json::Object(_) | Json::Array(_) => {
                            self.value(item, path, &[elements, &[(array, index)]].concat());
                        }
                        scalar => self.value(scalar, path, elements),
                    }
                }
            }
            scalar => {
                let leaf = Leaf { value: scalar, elements: elements.to_vec() };
                self.leaves.entry(path.clone()).or_default().push(leaf);
            }
        }
    }
}
