//! What is known of one event; its memory is kept for the next.

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
    /// For each value the event it was last seen in.
    pub value_turns: Vec<u32>,
    /// Of each condition: the event it was last decided for, twice, plus one if it holds.
    pub verdicts: Vec<u32>,
    /// For each rule the event it was last decided for.
    pub rule_turns: Vec<u32>,
    /// The number of the event; what was noted with another number is out of date.
    pub turn: u32,
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
    /// Forgets the last event; makes room for as many paths, values, conditions and rules.
    pub fn begin(&mut self, paths: usize, values: usize, conditions: usize, rules: usize) {
        if self.turn >= u32::MAX / 2 - 1 {
            self.seen.clear();
            self.value_turns.clear();
            self.verdicts.clear();
            self.rule_turns.clear();
            self.turn = 0;
        }
        self.turn += 1;
        let grow = |turns: &mut Vec<u32>, size: usize| {
            if turns.len() < size {
                turns.resize(size, 0);
            }
        };
        grow(&mut self.value_turns, values);
        grow(&mut self.verdicts, conditions);
        grow(&mut self.rule_turns, rules);
        if self.seen.len() < paths {
            self.seen.resize(paths, Seen::default());
        }
        self.frames.clear();
        self.leaves.clear();
        self.nodes.clear();
        self.nodes.push(Node { parent: NONE, list: NONE, end: NONE, depth: 0 });
        self.lists.clear();
        self.decoded.clear();
        self.values.clear();
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
        } else {
            *seen = Seen { turn: self.turn, first: number, last: number, in_list: false, outside: false };
        }
        seen.last = number;
        seen.in_list |= leaf.node != 0;
        seen.outside |= leaf.node == 0;
        for value in [leaf.value, leaf.address] {
            if value != NONE && self.value_turns[value as usize] != self.turn {
                self.value_turns[value as usize] = self.turn;
                self.values.push(value);
            }
        }
        self.leaves.push(leaf);
    }
}
