//! Tries the choices of leaves until one satisfies a rule.

use super::Path;
use super::compile::Rule;
use super::event::{Leaf, Leaves};
use super::value::Test;

/// Maximum number of leaves tried, over all rules of a pattern.
const MAX_STEPS: usize = 20_000;

/// Returns true if an event satisfies one of the rules. `None` if that is too much work.
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

/// Returns true if leaves can be chosen for all these conditions, each in the same array elements as those bound
/// already.
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

/// Returns true if a leaf is in no other element of an array than the leaves chosen before.
fn agrees(leaf: &Leaf, bound: &[(usize, usize)]) -> bool {
    let differs = |(array, index)| bound.iter().any(|(other, element)| *other == array && *element != index);
    !leaf.elements.iter().any(|element| differs(*element))
}
