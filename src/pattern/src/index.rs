//! Index of all patterns of a matcher. Equal paths, values and conditions are stored once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::address::Address;
use super::alternatives::{expand, ranks};
use super::candidates::{Asked, Candidates};
use super::keyed::Table;
use super::syntax::{All, Field};
use super::value::{Exact, Literal, Test};
use super::{Body, Pattern};

/// Index that stands for no step, no path or no value.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Index {
    /// Steps of the paths. The first one is the root.
    pub steps: Vec<Step>,
    /// Distinct paths.
    pub paths: Vec<Path>,
    /// Distinct conditions.
    pub conditions: Vec<Condition>,
    /// Alternatives of all patterns, those of one pattern next to each other.
    pub alternatives: Vec<Alternative>,
    /// Conditions of all alternatives; those of one alternative are in the order of their paths.
    pub members: Vec<u32>,
    /// Selection of the alternatives that may match.
    pub candidates: Candidates,
    /// Checks of each alternative as a candidate. First groups of values, each as its length and the values, one of
    /// which has to be seen. Then 0, the number of other conditions, and these.
    pub checks: Vec<u32>,
    /// Number of values that patterns name.
    pub values: usize,
    /// Patterns with too many alternatives.
    pub trees: Vec<Tree>,
    /// Number of patterns.
    pub rules: usize,
}

/// One name in paths.
#[derive(Debug)]
pub(super) struct Step {
    /// Next steps by their names.
    pub children: Table<Box<[u8]>, u32>,
    /// Bits of the children's names. They exclude most other names without a lookup in the table.
    filter: [u64; 4],
    /// Index of the path that ends here; `NONE` if no field ends here.
    pub path: u32,
    /// Gates of a name of the first level. Each gate holds the other conditions of the first level of an alternative
    /// that looks into this name. If no gate holds, the value is passed over. Empty if the value is read in each event.
    pub gates: Vec<Box<[u32]>>,
}

/// Path of fields, with the values that are named for it.
#[derive(Debug, Default)]
pub(super) struct Path {
    pub texts: Table<Box<[u8]>, u32>,
    pub addresses: HashMap<Address, u32>,
    pub numbers: Table<u64, u32>,
    pub spelled: Table<Box<[u8]>, u32>,
    pub literals: Vec<(Literal, u32)>,
}

/// Condition of one field's list on the values at its path.
#[derive(Debug)]
pub(super) struct Condition {
    /// Index of the path.
    pub path: u32,
    /// True if the absence of the path satisfies the condition.
    pub is_absent: bool,
    /// True if any value satisfies it.
    pub is_present: bool,
    /// Values that satisfy it, sorted.
    pub values: Box<[u32]>,
    /// Lists of excluded values, each sorted. Any value outside one of them satisfies the condition.
    pub others: Box<[Box<[u32]>]>,
    /// Tests that satisfy it.
    pub tests: Box<[Test]>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Alternative {
    /// Index of the pattern.
    pub rule: u32,
    first: u32,
    after: u32,
    /// Index of the first of its checks.
    pub checks: u32,
}

/// Pattern with too many alternatives to write them down.
#[derive(Debug)]
pub(super) struct Tree {
    /// Index of the pattern.
    pub rule: u32,
    /// Items of the pattern.
    pub all: All,
    /// Condition of each field.
    pub conditions: Vec<u32>,
    /// Rank of each field.
    pub ranks: Vec<u32>,
}

impl Step {
    fn new() -> Self {
        Self { children: Table::default(), filter: [0; 4], path: NONE, gates: Vec::new() }
    }

    fn child(&self, name: &[u8]) -> Option<u32> {
        let (word, bit) = filter_bit(name);
        if self.filter[word] & bit == 0 {
            return None;
        }
        self.children.get(name).copied()
    }
}

/// Returns true if the key has a dot. Faster than a call of `memchr`, because keys are short.
fn has_dot(key: &[u8]) -> bool {
    let is_in = |word: &[u8; 8]| {
        let differing = u64::from_le_bytes(*word) ^ 0x2E2E_2E2E_2E2E_2E2E;
        differing.wrapping_sub(0x0101_0101_0101_0101) & !differing & 0x8080_8080_8080_8080 != 0
    };
    match key.last_chunk() {
        Some(last) => is_in(last) || key.as_chunks().0.iter().any(is_in),
        None => key.contains(&b'.'),
    }
}

fn filter_bit(name: &[u8]) -> (usize, u64) {
    let [first, last] = [name.first(), name.last()].map(|byte| usize::from(byte.copied().unwrap_or(0)));
    let place = (name.len() * 37) ^ (first * 5) ^ (last * 11);
    (place / 64 % 4, 1 << (place % 64))
}

impl Alternative {
    pub(crate) fn members(self) -> std::ops::Range<usize> {
        self.first as usize..self.after as usize
    }
}

impl Condition {
    /// Returns true if the named values that were seen decide the condition.
    fn is_by_value(&self) -> bool {
        !self.is_absent && !self.is_present && self.others.is_empty() && self.tests.is_empty()
    }

    /// Returns true if any value may satisfy the condition.
    pub(crate) fn may_hit(&self) -> bool {
        self.is_present || !self.values.is_empty() || !self.others.is_empty() || !self.tests.is_empty()
    }
}

impl Index {
    pub(crate) fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let mut builder = Builder::default();
        builder.index.steps.push(Step::new());
        for pattern in patterns {
            builder.add(pattern);
        }
        builder.finish()
    }

    /// Returns the step after `from` for a key, or `NONE`. Dots within the key separate steps too.
    pub(crate) fn step(&self, from: u32, key: &[u8]) -> u32 {
        let child = |from: u32, key: &[u8]| self.steps[from as usize].child(key);
        if let Some(step) = child(from, key) {
            return step;
        }
        if !has_dot(key) {
            return NONE;
        }
        key.split(|byte| *byte == b'.').try_fold(from, child).unwrap_or(NONE)
    }
}

#[derive(Default)]
struct Builder {
    index: Index,
    /// Conditions by path and by the text of the list.
    known: HashMap<(u32, Box<str>), u32>,
    values: u32,
}

impl Builder {
    fn add(&mut self, pattern: Pattern) {
        let rule = self.index.rules as u32;
        self.index.rules += 1;
        let Pattern { fields, body } = pattern;
        let conditions: Vec<u32> = fields.into_iter().map(|field| self.condition(field)).collect();
        match body {
            Body::Alternatives(alternatives) => {
                for fields in alternatives {
                    let first = self.index.members.len() as u32;
                    self.index.members.extend(fields.iter().map(|field| conditions[*field as usize]));
                    let after = self.index.members.len() as u32;
                    self.index.alternatives.push(Alternative { rule, first, after, checks: 0 });
                }
            }
            Body::Tree { all, ranks } => self.index.trees.push(Tree { rule, all, conditions, ranks }),
        }
    }

    fn condition(&mut self, field: Field) -> u32 {
        let path = self.path(&field.path);
        let key = (path, field.written);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut condition = Condition {
            path,
            is_absent: false,
            is_present: false,
            values: Box::default(),
            others: Box::default(),
            tests: Box::default(),
        };
        let (mut values, mut others, mut tests) = (Vec::new(), Vec::new(), Vec::new());
        for test in field.tests {
            match test {
                Test::Exact(exact) => values.push(self.value(path, exact)),
                Test::Not(all) => {
                    let excluded = all.into_iter().map(|exact| self.value(path, exact));
                    others.push(sorted(excluded.collect()));
                }
                Test::Present => condition.is_present = true,
                Test::Absent => condition.is_absent = true,
                other => tests.push(other),
            }
        }
        condition.values = sorted(values);
        condition.others = others.into();
        condition.tests = tests.into();
        let number = self.index.conditions.len() as u32;
        self.index.conditions.push(condition);
        self.known.insert(key, number);
        number
    }

    fn path(&mut self, path: &str) -> u32 {
        let mut step = 0;
        for name in path.split('.') {
            let next = self.index.steps.len() as u32;
            let parent = &mut self.index.steps[step as usize];
            let (word, bit) = filter_bit(name.as_bytes());
            parent.filter[word] |= bit;
            step = *parent.children.entry(name.as_bytes().into()).or_insert(next);
            if step == next {
                self.index.steps.push(Step::new());
            }
        }
        let known = &mut self.index.steps[step as usize].path;
        if *known == NONE {
            *known = self.index.paths.len() as u32;
            self.index.paths.push(Path::default());
        }
        *known
    }

    fn value(&mut self, path: u32, exact: Exact) -> u32 {
        let next = self.values;
        let path = &mut self.index.paths[path as usize];
        let value = match exact {
            Exact::Text(text) => *path.texts.entry(text.into_boxed_bytes()).or_insert(next),
            Exact::Address(address) => *path.addresses.entry(address).or_insert(next),
            Exact::Number(bits) => *path.numbers.entry(bits).or_insert(next),
            Exact::Spelled(spelled) => *path.spelled.entry(spelled.into_boxed_bytes()).or_insert(next),
            Exact::Literal(literal) => match path.literals.iter().find(|(known, _)| *known == literal) {
                Some((_, value)) => *value,
                None => {
                    path.literals.push((literal, next));
                    next
                }
            },
        };
        self.values += u32::from(value == next);
        value
    }

    fn finish(self) -> Index {
        let Self { mut index, values, .. } = self;
        index.values = values as usize;
        let condition = |number: &u32| &index.conditions[*number as usize];
        let members = |number: usize| index.members[index.alternatives[number].members()].iter();
        let by_value = |number: &&u32| condition(number).is_by_value();
        let mut asked = Vec::new();
        for alternative in 0..index.alternatives.len() {
            asked.extend(members(alternative).filter(by_value).map(|number| {
                let Condition { path, values, .. } = condition(number);
                Asked { alternative: alternative as u32, path: *path, values }
            }));
        }
        let (candidates, is_settled) =
            Candidates::new(index.alternatives.len(), index.paths.len(), index.values, &asked);
        let mut left = asked.iter().zip(is_settled).peekable();
        let (mut checks, mut starts) = (Vec::new(), Vec::new());
        for alternative in 0..index.alternatives.len() {
            starts.push(checks.len() as u32);
            while let Some((asked, is_settled)) =
                left.next_if(|(asked, _)| asked.alternative == alternative as u32)
            {
                if !is_settled {
                    checks.push(asked.values.len() as u32);
                    checks.extend_from_slice(asked.values);
                }
            }
            let mut others: Vec<u32> =
                members(alternative).filter(|number| !by_value(number)).copied().collect();
            others.sort_by_key(|number| condition(number).tests.len());
            checks.extend([0, others.len() as u32]);
            checks.extend(others);
        }
        (index.candidates, index.checks) = (candidates, checks);
        for (alternative, start) in index.alternatives.iter_mut().zip(starts) {
            alternative.checks = start;
        }
        set_gates(&mut index);
        index
    }
}

/// Maximum number of gates. Testing more takes longer than reading the value.
const MAX_GATES: usize = 200;

fn set_gates(index: &mut Index) {
    // A tree may have any condition.
    if !index.trees.is_empty() {
        return;
    }
    // Step of the first level that leads to each path; `NONE` for a path of the first level.
    let mut first = vec![NONE; index.paths.len()];
    let outer: Vec<u32> = index.steps[0].children.values().copied().collect();
    for step in &outer {
        let mut below: Vec<u32> = index.steps[*step as usize].children.values().copied().collect();
        while let Some(next) = below.pop() {
            let next = &index.steps[next as usize];
            below.extend(next.children.values());
            if let Some(first) = first.get_mut(next.path as usize) {
                *first = *step;
            }
        }
    }
    let first = |condition: &u32| first[index.conditions[*condition as usize].path as usize];
    let mut gates = vec![BTreeMap::<Box<[u32]>, usize>::new(); index.steps.len()];
    for alternative in &index.alternatives {
        let members = &index.members[alternative.members()];
        let gate: Box<[u32]> = members.iter().copied().filter(|condition| first(condition) == NONE).collect();
        let below: BTreeSet<u32> = members.iter().map(first).filter(|step| *step != NONE).collect();
        for step in below {
            *gates[step as usize].entry(gate.clone()).or_default() += 1;
        }
    }
    for step in outer {
        let mut gates: Vec<_> = std::mem::take(&mut gates[step as usize]).into_iter().collect();
        // An alternative without conditions admits every event.
        if gates.len() <= MAX_GATES && gates.iter().all(|(gate, _)| !gate.is_empty()) {
            // Gates shared by many alternatives come first.
            gates.sort_by_key(|(_, uses)| Reverse(*uses));
            index.steps[step as usize].gates = gates.into_iter().map(|(gate, _)| gate).collect();
        }
    }
}

fn sorted(mut values: Vec<u32>) -> Box<[u32]> {
    values.sort_unstable();
    values.dedup();
    values.into()
}

/// Converts the items of a pattern to its body.
pub(super) fn body(fields: &[Field], all: All) -> Body {
    let ranks = ranks(fields);
    match expand(&all, &ranks) {
        Some(alternatives) => Body::Alternatives(alternatives),
        None => Body::Tree { all, ranks },
    }
}
