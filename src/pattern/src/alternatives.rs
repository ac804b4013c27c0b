//! Alternatives of a pattern: the patterns without `$or` that it stands for.

use std::cmp::Ordering;

use super::syntax::{All, Field, Item};

/// Maximum number of alternatives that are written down. AWS refuses to create a pattern with more; here it is searched
/// branch by branch.
const MAX_ALTERNATIVES: usize = 1_000;

/// Returns the rank of each field: the position of its path among the sorted paths of a pattern, in the order of the
/// reference engine. Fields of the same path have the same rank.
pub(super) fn ranks(fields: &[Field]) -> Vec<u32> {
    let mut paths: Vec<&str> = fields.iter().map(|field| &*field.path).collect();
    paths.sort_unstable_by(|one, other| by_utf16(one, other));
    paths.dedup();
    let rank = |field: &Field| paths.binary_search_by(|path| by_utf16(path, &field.path));
    fields.iter().map(|field| rank(field).unwrap_or_else(|place| place) as u32).collect()
}

fn by_utf16(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Returns the fields of each alternative in the order of their ranks. `None` if there are too many alternatives.
pub(super) fn expand(all: &All, ranks: &[u32]) -> Option<Vec<Box<[u32]>>> {
    if count(all) > MAX_ALTERNATIVES {
        return None;
    }
    let alternatives = extend(vec![Vec::new()], all, ranks);
    let sorted = |mut fields: Vec<u32>| {
        fields.sort_unstable_by_key(|field| ranks[*field as usize]);
        fields.into()
    };
    Some(alternatives.into_iter().map(sorted).collect())
}

fn count(all: &All) -> usize {
    let of = |item: &Item| match item {
        Item::Field(_) => 1,
        Item::Or(branches) => branches.iter().map(count).fold(0, usize::saturating_add),
    };
    all.iter().map(of).fold(1, usize::saturating_mul)
}

fn extend(mut alternatives: Vec<Vec<u32>>, all: &All, ranks: &[u32]) -> Vec<Vec<u32>> {
    for item in all {
        match item {
            Item::Field(field) => alternatives.iter_mut().for_each(|fields| put(fields, *field, ranks)),
            Item::Or(branches) => {
                let branch = |branch| extend(alternatives.clone(), branch, ranks);
                alternatives = branches.iter().flat_map(branch).collect();
            }
        }
    }
    alternatives
}

/// Adds a field. A later field replaces an earlier one of the same path.
pub(super) fn put(fields: &mut Vec<u32>, field: u32, ranks: &[u32]) {
    let is_same = |other: &u32| ranks[*other as usize] == ranks[field as usize];
    match fields.iter().position(is_same) {
        Some(place) => fields[place] = field,
        None => fields.push(field),
    }
}
