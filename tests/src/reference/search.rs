//! Tries every choice of leaves, until one satisfies a rule.

use super::Path;
use super::compile::Rule;
use super::event::{Leaf, Leaves};
use super::value::Test;

/// How many leaves are looked at, for all the rules of a pattern, before this gives up.
const MAX_STEPS: usize = 20_000;

/// Whether an event satisfies any of the rules. None where that is too much work.
pub fn matches(rules: &[Rule], leaves: &Leaves) -> Option<bool> {
    let mut steps = 0;
    let mut gave_up = false;
    for rule in rules {
        let conditions: Vec<_> = rule.iter().collect();
        match satisfies(&conditions, leaves, &[], &mut steps) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => gave_up = true,
        }
    }
    if gave_up { None } else { Some(false) }
}

/// Whether leaves can be chosen for all these conditions, none of them in another element than is bound already.
fn satisfies(
    conditions: &[(&Path, &Vec<Test>)],
    leaves: &Leaves,
    bound: &[(usize, usize)],
    steps: &mut usize,
) -> Option<bool> {
    let Some(((path, tests), others)) = conditions.split_first() else { return Some(true) };
    let of_path = leaves.get(*path).map_or(&[][..], Vec::as_slice);
    let mut is_absent = true;
    for leaf in of_path.iter().filter(|leaf| agrees(leaf, bound)) {
        is_absent = false;
        *steps += 1;
        if *steps > MAX_STEPS {
            return None;
        }
        if tests.iter().any(|test| test.holds(&leaf.value)) {
            let bound = [bound, &leaf.elements].concat();
            if satisfies(others, leaves, &bound, steps)? {
                return Some(true);
            }
        }
    }
    if is_absent && tests.iter().any(|test| matches!(test, Test::Exists(false))) {
        return satisfies(others, leaves, bound, steps);
    }
    Some(false)
}

/// Whether a leaf is in no other element of any array than what was chosen before.
fn agrees(leaf: &Leaf, bound: &[(usize, usize)]) -> bool {
    let differs = |(array, index)| bound.iter().any(|(other, element)| *other == array && *element != index);
    !leaf.elements.iter().any(|element| differs(*element))
}
