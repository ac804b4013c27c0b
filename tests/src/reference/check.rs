//! Compares the product's matcher with the reference, for the fuzz target and the tests.

use std::ops::AddAssign;

use eventbridge_pattern::{Matcher, Pattern, Scratch};

use super::compile::Rule;
use super::generate::Case;
use super::{NotAnEvent, NotCompiled, compile, matches, read_event};

/// Size in bytes of a pattern with its event below which neither matcher may give up.
const SMALL: usize = 256;

/// Number of comparisons by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Both found a match.
    pub matched: usize,
    /// Both found no match.
    pub not_matched: usize,
    /// Both refused the pattern.
    pub refused: usize,
    /// The event is not a JSON object. The product may miss that in parts that it does not read.
    pub no_events: usize,
    /// The product could not decide.
    pub unknown: usize,
    /// The reference gave up.
    pub gave_up: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.matched += other.matched;
        self.not_matched += other.not_matched;
        self.refused += other.refused;
        self.no_events += other.no_events;
        self.unknown += other.unknown;
        self.gave_up += other.gave_up;
    }
}

/// Generates patterns and events from the bytes. Panics if the two matchers differ.
pub fn check(bytes: &[u8]) -> Tally {
    check_case(&Case::from_bytes(bytes))
}

/// Compares all patterns with all events. The patterns share a matcher, and the events its scratch memory, to find
/// influences between them.
pub fn check_case(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let mut compiled = Vec::new();
    let mut products = Vec::new();
    for text in &case.patterns {
        match (compile(text), Pattern::compile(text)) {
            (Ok(rules), Ok(product)) => {
                compiled.push((text.as_str(), Some(rules)));
                products.push(product);
            }
            (Err(NotCompiled::GaveUp), Ok(product)) => {
                compiled.push((text, None));
                products.push(product);
            }
            (Err(NotCompiled::GaveUp), Err(_)) => tally.gave_up += 1,
            (Err(NotCompiled::Refused(_)), Err(error)) => {
                assert!(error.line > 0 && error.column > 0, "no place in {error:?} about {text}");
                assert!(!error.problem.is_empty(), "no word on what is wrong in {text}");
                tally.refused += 1;
            }
            (Ok(_), Err(error)) => panic!("the product refuses the pattern {text}: {error}"),
            (Err(NotCompiled::Refused(why)), Ok(_)) => {
                panic!("the product accepts the pattern {text}: {why}")
            }
        }
    }
    let matcher = Matcher::new(products);
    let mut scratch = Scratch::default();
    for event in &case.events {
        tally += check_event(&compiled, &matcher, event, &mut scratch);
    }
    tally
}

fn check_event(
    patterns: &[(&str, Option<Vec<Rule>>)],
    matcher: &Matcher,
    event: &[u8],
    scratch: &mut Scratch,
) -> Tally {
    let mut tally = Tally::default();
    let shown = String::from_utf8_lossy(event);
    let found = matcher.matches(event, scratch);
    let (found, leaves) = match (found, read_event(event)) {
        (Ok(found), Ok(leaves)) => (found, leaves),
        (Ok(_), Err(NotAnEvent::NotAnObject)) => panic!("no object, but the product accepts {shown}"),
        (Err(error), Ok(_)) => panic!("the product refuses the event {shown}: {error}"),
        (_, Err(NotAnEvent::GaveUp)) => return Tally { gave_up: 1, ..tally },
        (_, Err(_)) => return Tally { no_events: 1, ..tally },
    };
    assert!(found.matched.is_sorted_by(|a, b| a < b), "not in order: {found:?}");
    assert!(found.unknown.is_sorted_by(|a, b| a < b), "not in order: {found:?}");
    assert!(!found.matched.iter().any(|n| found.unknown.contains(n)), "both matched and unknown: {found:?}");
    let seen = found.matched.iter().chain(found.unknown).max();
    assert!(seen.is_none_or(|n| (*n as usize) < patterns.len()), "no such pattern: {found:?}");
    for (n, (text, rules)) in patterns.iter().enumerate() {
        let is_small = text.len() + event.len() < SMALL;
        let (matched, unknown) = (found.matched.contains(&(n as u32)), found.unknown.contains(&(n as u32)));
        let expected = rules.as_ref().and_then(|rules| matches(rules, &leaves));
        assert!(!(unknown && is_small), "the product does not decide {text} on {shown}");
        match expected {
            None => tally.gave_up += 1,
            Some(_) if unknown => tally.unknown += 1,
            Some(expected) => {
                assert_eq!(matched, expected, "the product is on the left: {text} on {shown}");
                tally.matched += usize::from(matched);
                tally.not_matched += usize::from(!matched);
            }
        }
    }
    tally
}
