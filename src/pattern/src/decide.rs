//! Decision which patterns match the values found in an event.

use super::alternatives::put;
use super::index::{Alternative, Condition, Index, NONE, Tree};
use super::lists::{Exhausted, Search, Slot, Span};
use super::syntax::{All, Item};
use super::work::{Leaf, Work};

/// Maximum number of search steps in lists, for one pattern and for all patterns of an event. They take a few
/// milliseconds.
const STEPS_OF_RULE: u32 = 200_000;
const STEPS_OF_EVENT: u32 = 2_000_000;

pub(super) fn decide(
    index: &Index,
    event: &[u8],
    work: &mut Work,
    matched: &mut Vec<u32>,
    unknown: &mut Vec<u32>,
) {
    let mut decision = Decision { index, event, work, matched, unknown, steps: STEPS_OF_EVENT };
    decision.candidates();
    for tree in &index.trees {
        decision.tree(tree);
    }
    matched.sort_unstable();
    // One alternative may be undecided while another one of the same pattern matches.
    unknown.sort_unstable();
    unknown.dedup();
    unknown.retain(|rule| matched.binary_search(rule).is_err());
}

struct Decision<'a> {
    index: &'a Index,
    event: &'a [u8],
    work: &'a mut Work,
    matched: &'a mut Vec<u32>,
    unknown: &'a mut Vec<u32>,
    /// Number of steps left for this event.
    steps: u32,
}

impl Decision<'_> {
    fn candidates(&mut self) {
        let candidates = &self.index.candidates;
        candidates.choose(&self.work.values, &mut self.work.chosen);
        for number in 0..candidates.words() {
            let mut left = self.work.chosen.word(number);
            while left != 0 {
                let candidate = number * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                self.alternative(self.index.alternatives[candidate]);
            }
        }
    }

    fn alternative(&mut self, alternative: Alternative) {
        // The alternatives of a pattern are consecutive.
        if self.matched.last() == Some(&alternative.rule) {
            return;
        }
        if !self.passes_checks(&self.index.checks[alternative.checks as usize..]) {
            return;
        }
        let conditions = &self.index.members[alternative.members()];
        let mut steps = STEPS_OF_RULE.min(self.steps);
        let before = steps;
        let together = self.hold_together(conditions, &mut steps);
        self.steps -= before - steps;
        match together {
            Ok(true) => self.matched.push(alternative.rule),
            Ok(false) => {}
            Err(Exhausted) => self.unknown.push(alternative.rule),
        }
    }

    /// Returns true if the conditions of an alternative hold one by one.
    fn passes_checks(&mut self, mut checks: &[u32]) -> bool {
        while let Some((values, rest)) = checks.split_first() {
            let (values, rest) = rest.split_at(*values as usize);
            if values.is_empty() {
                let (others, rest) = rest.split_first().map_or((0, rest), |(others, rest)| (*others, rest));
                return rest[..others as usize].iter().all(|condition| self.holds(*condition));
            }
            if !values.iter().any(|value| self.work.is_seen(*value)) {
                return false;
            }
            checks = rest;
        }
        true
    }

    fn holds(&mut self, number: u32) -> bool {
        holds(self.index, self.event, self.work, number)
    }

    fn passes(&self, condition: &Condition, leaf: &Leaf) -> bool {
        passes(self.event, self.work, condition, leaf)
    }

    /// Returns true if conditions that hold one by one also hold for the same elements of lists.
    fn hold_together(&mut self, conditions: &[u32], steps: &mut u32) -> Result<bool, Exhausted> {
        let is_in_list = |condition: &u32| {
            let path = self.index.conditions[*condition as usize].path;
            self.work.seen(path).is_some_and(|seen| seen.in_list)
        };
        if self.work.nodes.len() == 1 || !conditions.iter().any(is_in_list) {
            return Ok(true);
        }
        let mut solver = std::mem::take(&mut self.work.solver);
        solver.nodes.clear();
        solver.slots.clear();
        for (order, number) in conditions.iter().enumerate() {
            let condition = &self.index.conditions[*number as usize];
            if !self.work.seen(condition.path).is_some_and(|seen| seen.in_list) {
                continue;
            }
            let hits = self.nodes(&mut solver.nodes, condition, |leaf| self.passes(condition, leaf));
            let all = match condition.is_absent {
                true => self.nodes(&mut solver.nodes, condition, |_| true),
                false => hits,
            };
            solver.slots.push(Slot {
                order: order as u32,
                hits,
                all,
                may_hit: condition.may_hit(),
                may_be_absent: condition.is_absent,
            });
        }
        let is_sure = matches!(&*solver.slots, [slot] if !slot.may_be_absent);
        let (nodes, lists) = (&self.work.nodes, &self.work.lists);
        let found =
            if is_sure { Ok(true) } else { Search { solver: &mut solver, nodes, lists, steps }.solve(0, 0) };
        self.work.solver = solver;
        found
    }

    /// Appends the nodes of the leaves at the path of a condition, sorted and distinct.
    fn nodes(&self, nodes: &mut Vec<u32>, condition: &Condition, wanted: impl Fn(&Leaf) -> bool) -> Span {
        let from = nodes.len();
        for leaf in self.work.leaves(condition.path) {
            let is_last = nodes.len() > from && nodes.last() == Some(&leaf.node);
            if !is_last && wanted(leaf) {
                nodes.push(leaf.node);
            }
        }
        nodes[from..].sort_unstable();
        // The same node may appear twice, with a list within it between.
        let mut kept = from;
        for at in from..nodes.len() {
            if kept == from || nodes[at] != nodes[kept - 1] {
                nodes[kept] = nodes[at];
                kept += 1;
            }
        }
        nodes.truncate(kept);
        Span { from: from as u32, to: kept as u32 }
    }

    /// Searches the alternatives of a pattern that has too many of them, without the branches that cannot match.
    fn tree(&mut self, tree: &Tree) {
        // A condition that does not hold ends its branch only if each path occurs once.
        let mut ranks = tree.ranks.clone();
        ranks.sort_unstable();
        let is_plain = ranks.windows(2).all(|pair| pair[0] != pair[1]);
        if is_plain && !self.all_hold(tree, &tree.all) {
            return;
        }
        let mut steps = STEPS_OF_RULE.min(self.steps);
        let before = steps;
        let found = self.branches(tree, is_plain, &mut vec![(&tree.all, 0)], &mut Vec::new(), &mut steps);
        self.steps -= before - steps;
        match found {
            Ok(true) => self.matched.push(tree.rule),
            Ok(false) => {}
            Err(Exhausted) => self.unknown.push(tree.rule),
        }
    }

    fn all_hold(&mut self, tree: &Tree, all: &All) -> bool {
        all.iter().all(|item| match item {
            Item::Field(field) => self.holds(tree.conditions[*field as usize]),
            Item::Or(branches) => branches.iter().any(|branch| self.all_hold(tree, branch)),
        })
    }

    /// Returns true if an alternative with the fields `chosen` so far matches. `left` holds the remaining items,
    /// innermost last.
    fn branches<'t>(
        &mut self,
        tree: &'t Tree,
        is_plain: bool,
        left: &mut Vec<(&'t All, usize)>,
        chosen: &mut Vec<u32>,
        steps: &mut u32,
    ) -> Result<bool, Exhausted> {
        *steps = steps.checked_sub(1).ok_or(Exhausted)?;
        while let Some((all, at)) = left.pop() {
            let Some(item) = all.get(at) else { continue };
            left.push((all, at + 1));
            match item {
                Item::Field(field) => {
                    if is_plain && !self.holds(tree.conditions[*field as usize]) {
                        return Ok(false);
                    }
                    put(chosen, *field, &tree.ranks);
                }
                Item::Or(branches) => {
                    for branch in branches {
                        let (mut left, mut chosen) = (left.clone(), chosen.clone());
                        left.push((branch, 0));
                        if self.branches(tree, is_plain, &mut left, &mut chosen, steps)? {
                            return Ok(true);
                        }
                    }
                    return Ok(false);
                }
            }
        }
        chosen.sort_unstable_by_key(|field| tree.ranks[*field as usize]);
        let conditions: Vec<u32> = chosen.iter().map(|field| tree.conditions[*field as usize]).collect();
        if !conditions.iter().all(|condition| self.holds(*condition)) {
            return Ok(false);
        }
        self.hold_together(&conditions, steps)
    }
}

/// Returns true if a condition holds by itself, without regard to the elements of lists that it shares with others.
pub(super) fn holds(index: &Index, event: &[u8], work: &mut Work, number: u32) -> bool {
    let verdict = work.verdicts[number as usize];
    if verdict >> 1 == work.turn {
        return verdict & 1 == 1;
    }
    let condition = &index.conditions[number as usize];
    let holds = match work.seen(condition.path) {
        None => condition.is_absent,
        // All values may be in other elements of lists than those in question.
        Some(seen) if condition.is_absent && !seen.outside => true,
        Some(_) => work.leaves(condition.path).any(|leaf| passes(event, work, condition, leaf)),
    };
    work.verdicts[number as usize] = work.turn << 1 | u32::from(holds);
    holds
}

fn passes(event: &[u8], work: &Work, condition: &Condition, leaf: &Leaf) -> bool {
    let is_in = |values: &[u32], value: u32| value != NONE && values.binary_search(&value).is_ok();
    condition.is_present
        || is_in(&condition.values, leaf.value)
        || is_in(&condition.values, leaf.address)
        || condition.others.iter().any(|excluded| !is_in(excluded, leaf.value))
        || (!condition.tests.is_empty() && {
            let value = leaf.value(event, &work.decoded);
            condition.tests.iter().any(|test| test.passes(value))
        })
}
