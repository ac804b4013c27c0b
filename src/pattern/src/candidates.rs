//! Selection of the alternatives that may match the values of an event, as bit sets that are combined word by word.

use super::index::NONE;

/// Maximum number of paths that filter alternatives. The paths that most alternatives name are taken.
const MAX_FILTERS: usize = 32;

/// Condition of one alternative: one of these values has to be seen at one path.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Index of the alternative.
    pub alternative: u32,
    /// Index of the path.
    pub path: u32,
    /// Indices of the values.
    pub values: &'a [u32],
}

#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Number of words in a set of all alternatives.
    words: usize,
    /// Alternatives that require no value apart from those of the filters.
    always: Box<[u64]>,
    filters: Vec<Filter>,
    values: Vec<OfValue>,
}

/// Filter for a path with values that many alternatives name.
#[derive(Debug)]
struct Filter {
    /// Alternatives that name no value at this path.
    others: Box<[u64]>,
}

#[derive(Debug)]
struct OfValue {
    /// Index of the path's filter; `NONE` if it has none.
    filter: u32,
    /// With a filter, the alternatives that name the value. Without one, the alternatives that this value makes
    /// candidates.
    alternatives: Set,
}

/// Set of alternatives, in the form that takes less memory.
#[derive(Debug)]
enum Set {
    Few(Box<[u32]>),
    Many(Box<[u64]>),
}

/// Sets of one event. The memory is reused for the next event.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    sets: Vec<u64>,
    is_filled: Vec<bool>,
}

impl Set {
    fn new(members: &[u32], words: usize) -> Self {
        // Two numbers take as much memory as a word.
        if members.len() <= 2 * words {
            return Self::Few(members.into());
        }
        let mut set = vec![0; words];
        members.iter().for_each(|member| insert(&mut set, *member));
        Self::Many(set.into())
    }

    fn add_to(&self, set: &mut [u64]) {
        match self {
            Self::Few(members) => members.iter().for_each(|member| insert(set, *member)),
            Self::Many(words) => set.iter_mut().zip(words).for_each(|(set, word)| *set |= word),
        }
    }
}

fn insert(set: &mut [u64], member: u32) {
    set[member as usize / 64] |= 1 << (member % 64);
}

impl Candidates {
    /// Builds the sets. `asked` is sorted by alternative. The second result states for each item of `asked` whether the
    /// sets settle it: each candidate is then known to see one of its values.
    pub(crate) fn new(
        alternatives: usize,
        paths: usize,
        values: usize,
        asked: &[Asked<'_>],
    ) -> (Self, Vec<bool>) {
        let words = alternatives.div_ceil(64);
        let filter_of = filtered(paths, words, asked);
        let mut always = vec![0; words];
        (0..alternatives as u32).for_each(|alternative| insert(&mut always, alternative));
        let mut others = vec![always.clone(); filter_of.iter().filter(|filter| **filter != NONE).count()];
        let mut uses = vec![0u64; values];
        asked.iter().flat_map(|asked| asked.values).for_each(|value| uses[*value as usize] += 1);

        let mut named = vec![Vec::new(); values];
        let mut of_value = vec![NONE; values];
        let mut is_settled = Vec::new();
        for of_one in asked.chunk_by(|one, next| one.alternative == next.alternative) {
            let rarity =
                |asked: &Asked<'_>| asked.values.iter().map(|value| uses[*value as usize]).sum::<u64>();
            let is_filtered = |asked: &Asked<'_>| filter_of[asked.path as usize] != NONE;
            // The condition whose values the fewest alternatives name.
            let hung = (0..of_one.len())
                .filter(|place| !is_filtered(&of_one[*place]))
                .min_by_key(|place| rarity(&of_one[*place]));
            for (place, asked) in of_one.iter().enumerate() {
                let (word, bit) = (asked.alternative as usize / 64, 1 << (asked.alternative % 64));
                let filter = filter_of[asked.path as usize];
                if filter != NONE {
                    others[filter as usize][word] &= !bit;
                } else if hung == Some(place) {
                    always[word] &= !bit;
                } else {
                    is_settled.push(false);
                    continue;
                }
                is_settled.push(true);
                for value in asked.values {
                    named[*value as usize].push(asked.alternative);
                    of_value[*value as usize] = filter;
                }
            }
        }
        let values = named.iter().zip(of_value);
        let values =
            values.map(|(named, filter)| OfValue { filter, alternatives: Set::new(named, words) }).collect();
        let filters = others.into_iter().map(|others| Filter { others: others.into() }).collect();
        (Self { words, always: always.into(), filters, values }, is_settled)
    }

    /// Selects the alternatives that may match these values. Each value is given once.
    pub(crate) fn choose(&self, seen: &[u32], chosen: &mut Chosen) {
        let Chosen { sets, is_filled } = chosen;
        let words = self.words;
        sets.resize((self.filters.len() + 1) * words, 0);
        is_filled.clear();
        is_filled.resize(self.filters.len(), false);
        let (alive, filtered) = sets.split_at_mut(words);
        alive.copy_from_slice(&self.always);
        for value in seen {
            let OfValue { filter, alternatives } = &self.values[*value as usize];
            let Some(is_filled) = is_filled.get_mut(*filter as usize) else {
                alternatives.add_to(alive);
                continue;
            };
            let start = *filter as usize * words;
            let set = &mut filtered[start..start + words];
            if !std::mem::replace(is_filled, true) {
                set.copy_from_slice(&self.filters[*filter as usize].others);
            }
            alternatives.add_to(set);
        }
        for (number, filter) in self.filters.iter().enumerate() {
            let set = if is_filled[number] { &filtered[number * words..][..words] } else { &filter.others };
            alive.iter_mut().zip(set).for_each(|(alive, word)| *alive &= word);
        }
    }

    pub(crate) fn words(&self) -> usize {
        self.words
    }
}

impl Chosen {
    /// Returns the bits of alternatives 64 × `number` to 64 × `number` + 63.
    pub(crate) fn word(&self, number: usize) -> u64 {
        self.sets[number]
    }
}

/// Returns the filter of each path, where a filter saves more work than it costs.
fn filtered(paths: usize, words: usize, asked: &[Asked<'_>]) -> Vec<u32> {
    let mut uses = vec![0usize; paths];
    asked.iter().for_each(|asked| uses[asked.path as usize] += 1);
    let mut by_use: Vec<usize> =
        (0..paths).filter(|path| uses[*path] > 0 && uses[*path] * 4 >= words).collect();
    by_use.sort_by_key(|path| std::cmp::Reverse(uses[*path]));
    let mut filter_of = vec![NONE; paths];
    for (filter, path) in by_use.into_iter().take(MAX_FILTERS).enumerate() {
        filter_of[path] = filter as u32;
    }
    filter_of
}
