//! State of matching one event. The memory is reused for the next event.

use super::candidates::Chosen;
use super::index::NONE;
use super::marks::Marks;
use super::value::{Literal, Value};

#[derive(Debug, Default)]
pub(super) struct Work {
    /// Marks of the event's strings, objects and lists.
    pub marks: Marks,
    /// Objects and lists that contain the present position, innermost last.
    pub frames: Vec<Frame>,
    /// Values at paths that patterns name.
    pub leaves: Vec<Leaf>,
    /// Elements of lists that contain values, each before those within it. The first is the event.
    pub nodes: Vec<Node>,
    /// Lists that contain values.
    pub lists: Vec<List>,
    /// Texts with their escapes decoded.
    pub decoded: Vec<u8>,
    /// Leaves of each path.
    pub seen: Vec<Seen>,
    /// Named values that were seen, once each.
    pub values: Vec<u32>,
    /// Bit set of `values`.
    pub value_bits: Vec<u64>,
    /// Result of each condition: twice the number of the event it was last decided for, plus one if it holds.
    pub verdicts: Vec<u32>,
    /// Alternatives that may match.
    pub chosen: Chosen,
    /// Number of the event. Entries with another number are out of date.
    pub turn: u32,
    /// True if a leaf was added to a path after [`Work::rely_on`].
    pub is_late: bool,
    /// Memory of the search in lists.
    pub solver: super::lists::Solver,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub step: u32,
    /// Node that contains it.
    pub node: u32,
    /// Index of the list; `NONE` for an object.
    pub list: u32,
    /// True if the frame is itself a node, an element of a list.
    pub is_node: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub parent: u32,
    pub list: u32,
    /// Number of nodes when it ended.
    pub end: u32,
    pub depth: u32,
}

/// Range of the nodes within a list of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub first: u32,
    /// Number of nodes when it ended.
    pub end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Next leaf of the same path; `NONE` for the last.
    pub next: u32,
    pub node: u32,
    /// Index of the named value that it equals, or `NONE`. The next field is the index of its address.
    pub value: u32,
    pub address: u32,
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Text with escapes. Its range lies in `decoded`.
    Decoded,
    Number,
    Literal(Literal),
}

/// Leaves of one path.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub turn: u32,
    pub first: u32,
    pub last: u32,
    pub in_list: bool,
    pub outside: bool,
    pub is_relied_on: bool,
}

impl Leaf {
    pub(crate) fn value<'e>(&self, event: &'e [u8], decoded: &'e [u8]) -> Value<'e> {
        let place = self.start as usize..self.end as usize;
        match self.kind {
            Kind::Text => Value::Text(&event[place]),
            Kind::Decoded => Value::Text(&decoded[place]),
            Kind::Number => Value::Number(&event[place]),
            Kind::Literal(literal) => Value::Literal(literal),
        }
    }
}

impl Work {
    /// Drops the last event, and makes room for these numbers of paths, values and conditions.
    pub(crate) fn begin(&mut self, paths: usize, values: usize, conditions: usize) {
        if self.turn >= u32::MAX / 2 - 2 {
            self.seen.clear();
            self.verdicts.clear();
            self.turn = 0;
        }
        if self.verdicts.len() < conditions {
            self.verdicts.resize(conditions, 0);
        }
        if self.seen.len() < paths {
            self.seen.resize(paths, Seen::default());
        }
        if self.value_bits.len() * 64 < values {
            self.value_bits.resize(values.div_ceil(64), 0);
        }
        self.forget();
    }

    /// Drops all findings.
    pub(crate) fn forget(&mut self) {
        self.turn += 1;
        self.is_late = false;
        self.frames.clear();
        self.leaves.clear();
        self.nodes.clear();
        self.nodes.push(Node { parent: NONE, list: NONE, end: NONE, depth: 0 });
        self.lists.clear();
        self.decoded.clear();
        for value in self.values.drain(..) {
            self.value_bits[value as usize / 64] = 0;
        }
    }

    /// Returns true if a path has leaves. From then on, the scan relies on seeing no more of them.
    pub(crate) fn rely_on(&mut self, path: u32) -> bool {
        let seen = &mut self.seen[path as usize];
        let is_seen = seen.turn == self.turn;
        seen.is_relied_on |= is_seen;
        is_seen
    }

    pub(crate) fn is_seen(&self, value: u32) -> bool {
        self.value_bits[value as usize / 64] >> (value % 64) & 1 == 1
    }

    /// Returns the leaves of a path; `None` if it has none.
    pub(crate) fn seen(&self, path: u32) -> Option<&Seen> {
        self.seen.get(path as usize).filter(|seen| seen.turn == self.turn)
    }

    /// Returns the leaves of a path in the order of the event.
    pub(crate) fn leaves(&self, path: u32) -> impl Iterator<Item = &Leaf> {
        let mut next = self.seen(path).map_or(NONE, |seen| seen.first);
        std::iter::from_fn(move || {
            let leaf = self.leaves.get(next as usize)?;
            next = leaf.next;
            Some(leaf)
        })
    }

    /// Adds a leaf.
    pub(crate) fn push(&mut self, path: u32, leaf: Leaf) {
        let number = self.leaves.len() as u32;
        let seen = &mut self.seen[path as usize];
        if seen.turn == self.turn {
            self.leaves[seen.last as usize].next = number;
            self.is_late |= seen.is_relied_on;
        } else {
            *seen = Seen { turn: self.turn, first: number, ..Seen::default() };
        }
        seen.last = number;
        seen.in_list |= leaf.node != 0;
        seen.outside |= leaf.node == 0;
        for value in [leaf.value, leaf.address] {
            if value != NONE && !self.is_seen(value) {
                self.value_bits[value as usize / 64] |= 1 << (value % 64);
                self.values.push(value);
            }
        }
        self.leaves.push(leaf);
    }
}
