//! Cycles over several rules of one file.

use std::collections::{BTreeSet, VecDeque};

use super::{Judge, Route};
use crate::report::{Cycle, Verdict};

/// Maximum number of rules in a cycle.
const MAX_RULES: usize = 8;

impl Judge<'_> {
    /// Finds a shortest cycle through each rule that does not fire itself.
    pub(super) fn cycles(&self) -> Vec<Cycle> {
        let count = self.document.rules.len();
        let next: Vec<Vec<usize>> = (0..count)
            .map(|from| (0..count).filter(|to| *to != from && self.fires(from, *to)).collect())
            .collect();
        let mut seen = BTreeSet::new();
        let mut cycles = Vec::new();
        for start in (0..count).filter(|rule| self.verdict(*rule) != Verdict::CanFireItself) {
            let Some(members) = shortest(start, &next) else { continue };
            if seen.insert(members.iter().copied().collect::<BTreeSet<_>>()) {
                cycles.push(self.cycle(&members));
            }
        }
        cycles
    }

    fn cycle(&self, members: &[usize]) -> Cycle {
        let rule = |index: usize| &self.document.rules[index];
        let ends = members.iter().skip(1).chain(members.first());
        let routes: Vec<(usize, Route<'_>)> =
            members.iter().zip(ends).filter_map(|(from, to)| Some((*to, self.route(*from, *to)?))).collect();
        let mut steps = vec![format!("rule {}", rule(members[0]).name)];
        for (to, route) in &routes {
            steps.extend(route.steps());
            steps.push(format!("rule {}", rule(*to).name));
        }
        let cure = routes.last().map(|(to, route)| self.cure(*to, std::slice::from_ref(route)));
        Cycle {
            rules: members.iter().map(|index| rule(*index).name.clone()).collect(),
            place: rule(members[0]).place,
            steps,
            cure,
            allowed: members.iter().find_map(|index| rule(*index).allowed.clone()),
        }
    }
}

/// Shortest cycle through a rule.
fn shortest(start: usize, next: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut before = vec![None; next.len()];
    let mut queue = VecDeque::from([(start, 1)]);
    while let Some((at, length)) = queue.pop_front() {
        if next[at].contains(&start) {
            let mut members = vec![at];
            while let Some(previous) = before[members[members.len() - 1]] {
                members.push(previous);
            }
            members.reverse();
            return (members.len() > 1).then_some(members);
        }
        for to in next[at].iter().filter(|to| **to != start && length < MAX_RULES) {
            if before[*to].is_none() {
                before[*to] = Some(at);
                queue.push_back((*to, length + 1));
            }
        }
    }
    None
}
