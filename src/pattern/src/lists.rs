//! Lists of objects: the conditions on one list have to hold for one of its elements.
//!
//! Each condition that holds by a value binds the lists around that value to the elements that contain it. No list may
//! be bound twice. The absence of a path is tested in the order of the paths: a path is absent if none of its values
//! fits the elements bound by then. Lists in the same element are independent of each other, so each is searched
//! alone. Elements that lack a value are passed over.

use super::work::{List, Node};

/// Error of a search that took too many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Maximum depth of nested lists. AWS reads no event that is nested deeper.
const MAX_DEPTH: u32 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Solver {
    /// Nodes of values, sorted and distinct for each condition.
    pub nodes: Vec<u32>,
    /// Conditions that are being solved. Those of an inner search follow those of the outer one.
    pub slots: Vec<Slot>,
}

/// Range in `Solver::nodes`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// First index.
    pub from: u32,
    /// Index after the last.
    pub to: u32,
}

/// Condition, restricted to a part of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Position of the condition in the order of the paths.
    pub order: u32,
    /// Nodes with values that satisfy it. Empty if only absence does.
    pub hits: Span,
    /// Nodes with any value of its path.
    pub all: Span,
    /// True if a value may still satisfy it.
    pub may_hit: bool,
    /// True if absence may still satisfy it.
    pub may_be_absent: bool,
}

impl Span {
    fn is_empty(self) -> bool {
        self.from >= self.to
    }
}

/// Search in the nodes and lists of an event.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// Nodes and conditions of the search.
    pub solver: &'a mut Solver,
    /// All nodes of the event.
    pub nodes: &'a [Node],
    /// All lists of the event.
    pub lists: &'a [List],
    /// Number of steps left.
    pub steps: &'a mut u32,
}

impl Search<'_> {
    /// Returns true if the conditions from slot `from` on can hold together within a node. Earlier slots stay
    /// unchanged.
    pub(crate) fn solve(&mut self, node: u32, from: usize) -> Result<bool, Exhausted> {
        self.step(1)?;
        if self.nodes[node as usize].depth > MAX_DEPTH {
            return Err(Exhausted);
        }
        let found = self.solve_slots(node, from);
        self.solver.slots.truncate(from);
        found
    }

    fn solve_slots(&mut self, node: u32, from: usize) -> Result<bool, Exhausted> {
        if !self.settle(node, from) {
            return Ok(false);
        }
        // A condition with several possibilities is tried with each of them.
        for place in from..self.solver.slots.len() {
            let slot = self.solver.slots[place];
            if slot.may_be_absent && slot.may_hit {
                let hit = Slot { may_be_absent: false, ..slot };
                return Ok(self.try_with(node, from, place, Some(hit))?
                    || self.try_with(node, from, place, Some(Slot { may_hit: false, ..slot }))?);
            }
            if !slot.may_hit {
                continue;
            }
            // A value of this node itself binds nothing. A deeper value may make another path absent.
            if self.first(slot.hits) == node {
                let hits = Span { from: slot.hits.from + 1, ..slot.hits };
                return Ok(self.try_with(node, from, place, None)?
                    || (!hits.is_empty()
                        && self.try_with(node, from, place, Some(Slot { hits, ..slot }))?));
            }
            let list = self.list_below(node, slot.hits)?;
            let (within, after) = self.split(slot.hits, self.lists[list as usize].end);
            if !after.is_empty() {
                return Ok(self.try_with(node, from, place, Some(Slot { hits: within, ..slot }))?
                    || self.try_with(node, from, place, Some(Slot { hits: after, ..slot }))?);
            }
        }
        if !self.absences_follow_hits(node, from)? {
            return Ok(false);
        }
        for place in from..self.solver.slots.len() {
            let slot = self.solver.slots[place];
            if slot.may_hit
                && !self.is_repeated(node, from, place)?
                && !self.some_element(node, from, place)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Drops conditions that hold in any case. Returns false if one cannot hold.
    fn settle(&mut self, node: u32, from: usize) -> bool {
        let mut may_be_absent = false;
        for place in from..self.solver.slots.len() {
            let mut slot = self.solver.slots[place];
            if slot.all.is_empty() {
                // The path is absent, or its hit lies elsewhere.
                if !slot.may_be_absent {
                    return false;
                }
                slot.may_hit = false;
            } else {
                slot.may_be_absent &= self.first(slot.all) != node;
                slot.may_hit &= !slot.hits.is_empty();
                may_be_absent |= slot.may_be_absent;
                if !slot.may_be_absent && !slot.may_hit {
                    return false;
                }
            }
            self.solver.slots[place] = slot;
        }
        let mut kept = from;
        for place in from..self.solver.slots.len() {
            let slot = self.solver.slots[place];
            let is_absent = slot.all.is_empty();
            let is_here = !may_be_absent && slot.may_hit && self.first(slot.hits) == node;
            if !is_absent && !is_here {
                self.solver.slots[kept] = slot;
                kept += 1;
            }
        }
        self.solver.slots.truncate(kept);
        true
    }

    /// Solves with the slot at `place` replaced, or dropped for `None`.
    fn try_with(
        &mut self,
        node: u32,
        from: usize,
        place: usize,
        other: Option<Slot>,
    ) -> Result<bool, Exhausted> {
        let end = self.solver.slots.len();
        self.step((end - from) as u32)?;
        for copied in from..end {
            let slot = if copied == place { other } else { Some(self.solver.slots[copied]) };
            self.solver.slots.extend(slot);
        }
        self.solve(node, end)
    }

    /// Returns true if each list with values that have to be absent is bound when the absence is tested.
    fn absences_follow_hits(&mut self, node: u32, from: usize) -> Result<bool, Exhausted> {
        for place in from..self.solver.slots.len() {
            let slot = self.solver.slots[place];
            let mut left = if slot.may_hit { Span { from: 0, to: 0 } } else { slot.all };
            while !left.is_empty() {
                let list = self.list_below(node, left)?;
                let mut is_bound = false;
                self.step(1)?;
                for other in from..self.solver.slots.len() {
                    let other = self.solver.slots[other];
                    is_bound |= other.may_hit
                        && other.order < slot.order
                        && self.list_below(node, other.hits)? == list;
                }
                if !is_bound {
                    return Ok(false);
                }
                (_, left) = self.split(left, self.lists[list as usize].end);
            }
        }
        Ok(true)
    }

    /// Returns true if an earlier slot has its hits in the same list.
    fn is_repeated(&mut self, node: u32, from: usize, place: usize) -> Result<bool, Exhausted> {
        let list = self.list_below(node, self.solver.slots[place].hits)?;
        for earlier in from..place {
            let slot = self.solver.slots[earlier];
            if slot.may_hit && self.list_below(node, slot.hits)? == list {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if one element satisfies all conditions on the list that holds the hits of the slot at `place`.
    fn some_element(&mut self, node: u32, from: usize, place: usize) -> Result<bool, Exhausted> {
        let list = self.list_below(node, self.solver.slots[place].hits)?;
        let List { first: first_element, end } = self.lists[list as usize];
        let first = self.solver.slots.len();
        for other in from..first {
            let slot = self.solver.slots[other];
            if slot.may_hit {
                if self.list_below(node, slot.hits)? == list {
                    self.solver.slots.push(slot);
                }
            } else {
                // Only the part within this list.
                let within = self.narrowed(slot.all, first_element, end);
                if !within.is_empty() {
                    self.solver.slots.push(Slot { all: within, ..slot });
                }
            }
        }
        let found = self.each_element(node, first);
        self.solver.slots.truncate(first);
        found
    }

    /// Tries the elements that contain a hit of the rarest condition.
    fn each_element(&mut self, node: u32, first: usize) -> Result<bool, Exhausted> {
        let last = self.solver.slots.len();
        let hits = self.solver.slots[first..last].iter().filter(|slot| slot.may_hit);
        let Some(rarest) = hits.map(|slot| slot.hits).min_by_key(|hits| hits.to - hits.from) else {
            return Ok(true);
        };
        let mut left = rarest;
        while !left.is_empty() {
            let element = self.below(node, self.first(left))?;
            let end = self.nodes[element as usize].end;
            self.step((last - first) as u32)?;
            let mut lacks = false;
            for place in first..last {
                let slot = self.solver.slots[place];
                let narrowed = Slot {
                    hits: self.narrowed(slot.hits, element, end),
                    all: self.narrowed(slot.all, element, end),
                    ..slot
                };
                lacks |= slot.may_hit && narrowed.hits.is_empty();
                if lacks {
                    break;
                }
                if slot.may_hit || !narrowed.all.is_empty() {
                    self.solver.slots.push(narrowed);
                }
            }
            if lacks {
                self.solver.slots.truncate(last);
            } else if self.solve(element, last)? {
                return Ok(true);
            }
            (_, left) = self.split(left, end);
        }
        Ok(false)
    }

    fn first(&self, span: Span) -> u32 {
        self.solver.nodes[span.from as usize]
    }

    /// Returns the element directly under `node` that contains a deeper node, or is that node.
    fn below(&mut self, node: u32, mut other: u32) -> Result<u32, Exhausted> {
        while self.nodes[other as usize].parent != node {
            other = self.nodes[other as usize].parent;
            self.step(1)?;
        }
        Ok(other)
    }

    /// Returns the list under `node` that contains the first node of the span.
    fn list_below(&mut self, node: u32, span: Span) -> Result<u32, Exhausted> {
        let element = self.below(node, self.first(span))?;
        Ok(self.nodes[element as usize].list)
    }

    /// Splits a span before the given node.
    fn split(&self, span: Span, node: u32) -> (Span, Span) {
        let nodes = &self.solver.nodes[span.from as usize..span.to as usize];
        let middle = span.from + nodes.partition_point(|other| *other < node) as u32;
        (Span { to: middle, ..span }, Span { from: middle, ..span })
    }

    fn narrowed(&self, span: Span, node: u32, end: u32) -> Span {
        if span.is_empty() {
            return span;
        }
        let (_, span) = self.split(span, node);
        self.split(span, end).0
    }

    fn step(&mut self, count: u32) -> Result<(), Exhausted> {
        *self.steps = self.steps.checked_sub(count).ok_or(Exhausted)?;
        Ok(())
    }
}
