//! What is known of one event; its memory is kept for the next.

use super::candidates::Chosen;
use super::index::NONE;
use super::marks::Marks;
use super::value::{Literal, Value};

#[derive(Debug, Default)]
pub(super) struct Work {
    pub marks: Marks,
    pub frames: Vec<Frame>,
    /// Values at paths that patterns name.
    pub leaves: Vec<Leaf>,
    /// The elements of lists that values stand in, each before those within it. The first is the event.
    pub nodes: Vec<Node>,
    pub lists: Vec<List>,
    /// Texts without their escapes.
    pub decoded: Vec<u8>,
    /// Of each path.
    pub seen: Vec<Seen>,
    /// Named values that were seen, once each.
    pub values: Vec<u32>,
    /// A bit for each of them.
    pub value_bits: Vec<u64>,
    /// Of each condition: the event it was last decided for, twice, plus one if it holds.
    pub verdicts: Vec<u32>,
    pub chosen: Chosen,
    /// The number of the event; what was noted with another number is out of date.
    pub turn: u32,
    /// Whether a leaf came where no more was relied on.
    pub is_late: bool,
    pub solver: super::lists::Solver,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub step: u32,
    /// What it stands in.
    pub node: u32,
    /// `NONE` for an object.
    pub list: u32,
    /// Whether it is the node: an element of a list.
    pub is_node: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub parent: u32,
    pub list: u32,
    /// The number of nodes when it ended.
    pub end: u32,
    pub depth: u32,
}

/// The nodes within a list of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub first: u32,
    /// The number of nodes when it ended.
    pub end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Of the same path.
    pub next: u32,
    pub node: u32,
    /// Which named values it is: as text, number or literal, and as an address.
    pub value: u32,
    pub address: u32,
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Its place is in `decoded`.
    Decoded,
    Number,
    Literal(Literal),
}

/// The leaves of one path.
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
    pub fn value<'e>(&self, event: &'e [u8], decoded: &'e [u8]) -> Value<'e> {
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
    /// Forgets the last event; makes room for as many paths, values and conditions.
    pub fn begin(&mut self, paths: usize, values: usize, conditions: usize) {
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

    /// Forgets what was found.
    pub fn forget(&mut self) {
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

    /// Whether there are leaves of a path. That there will be no more of them is relied on.
    pub fn rely_on(&mut self, path: u32) -> bool {
        let seen = &mut self.seen[path as usize];
        let is_seen = seen.turn == self.turn;
        seen.is_relied_on |= is_seen;
        is_seen
    }

    pub fn is_seen(&self, value: u32) -> bool {
        self.value_bits[value as usize / 64] >> (value % 64) & 1 == 1
    }

    /// The leaves of a path, if there are any.
    pub fn seen(&self, path: u32) -> Option<&Seen> {
        self.seen.get(path as usize).filter(|seen| seen.turn == self.turn)
    }

    /// In the order of the event.
    pub fn leaves(&self, path: u32) -> impl Iterator<Item = &Leaf> {
        let mut next = self.seen(path).map_or(NONE, |seen| seen.first);
        std::iter::from_fn(move || {
            let leaf = self.leaves.get(next as usize)?;
            next = leaf.next;
            Some(leaf)
        })
    }

    /// Keeps a leaf.
    pub fn push(&mut self, path: u32, leaf: Leaf) {
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
