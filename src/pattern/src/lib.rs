//! EventBridge event patterns: compiled once, matched against raw events in one pass.
//!
#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! A [`Pattern`] is read as EventBridge stores it, all of its syntax. A [`Matcher`] takes many of them apart (`index`),
//! goes over an event once for the values at the paths that they name (`scan`), and asks of each pattern that has a
//! chance with these (`candidates`) whether its conditions hold (`decide`), within lists for the same element (`lists`).
//!
//! Sources: "Amazon EventBridge event patterns" and "Comparison operators for use in event patterns" of the
//! EventBridge user guide; where they are silent, the reference engine that AWS publishes.

mod address;
mod alternatives;
mod candidates;
mod decide;
mod index;
mod json;
mod keyed;
mod lists;
mod marks;
mod number;
mod operators;
mod scan;
mod syntax;
mod text;
mod value;
mod work;

use std::fmt;

use index::Index;
use syntax::{All, Field};
use work::Work;

/// One compiled event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    fields: Vec<Field>,
    body: Body,
}

/// What a pattern asks, in the numbers of its fields.
#[derive(Debug, Clone)]
enum Body {
    /// One of these at least has to hold; each in the order of its paths.
    Alternatives(Vec<Box<[u32]>>),
    /// There are too many alternatives to write them down.
    Tree { all: All, ranks: Vec<u32> },
}

/// Why a text is no event pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct PatternError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What was seen and what is expected.
    pub problem: String,
}

impl Pattern {
    /// Compiles the text of a pattern as EventBridge stores it.
    ///
    /// Limits that AWS holds a new pattern to (its length, its number of wildcards) are not looked at: what AWS has
    /// accepted is a pattern. As on AWS, what follows the closing brace is ignored, and of two fields of the same path
    /// the later one counts.
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        let (fields, all) = syntax::parse(text)?;
        let body = index::body(&fields, all);
        Ok(Self { fields, body })
    }

    /// Whether the pattern only takes API calls that it names: whether each of its alternatives asks `detail.eventName`
    /// for certain values, prefixes or the like. `exists` and `anything-but` name nothing, nor does a wildcard that
    /// takes any name.
    pub fn names_api_call(&self) -> bool {
        let is_name = |field: &u32| &*self.fields[*field as usize].path == "detail.eventName";
        let names = |field: &u32| is_name(field) && self.fields[*field as usize].names_values();
        match &self.body {
            Body::Alternatives(alternatives) => alternatives.iter().all(|fields| fields.iter().any(names)),
            // A later field may take the place of an earlier one: all of them have to name calls.
            Body::Tree { all, .. } => {
                (0..self.fields.len() as u32).all(|field| !is_name(&field) || names(&field))
                    && syntax::each_way_has(all, &names)
            }
        }
    }
}

/// Many patterns, matched together. Patterns are known by their place in the order they were given.
#[derive(Debug)]
pub struct Matcher {
    index: Index,
}

/// What matching one event needs; kept for the next event, so that a warm matcher allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    matched: Vec<u32>,
    unknown: Vec<u32>,
    work: Work,
}

/// Which patterns an event matches, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    pub matched: &'a [u32],
    /// Patterns that could not be decided within the work budget. Never to be taken for "no match".
    pub unknown: &'a [u32],
}

/// The bytes are not an event: not a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    /// Where, in bytes from 0.
    pub offset: usize,
    pub expected: &'static str,
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.offset, self.expected)
    }
}

impl std::error::Error for EventError {}

impl Matcher {
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        Self { index: Index::new(patterns) }
    }

    /// Matches one event, given as its JSON text.
    ///
    /// The event is only read where patterns look. Elsewhere it is not checked that what is passed over is JSON (only
    /// that strings end, and braces and brackets in sum), nor anywhere that text is UTF-8.
    pub fn matches<'s>(&self, event: &[u8], scratch: &'s mut Scratch) -> Result<Found<'s>, EventError> {
        let Scratch { matched, unknown, work } = scratch;
        matched.clear();
        unknown.clear();
        let index = &self.index;
        work.begin(index.paths.len(), index.values, index.conditions.len());
        scan::scan(index, event, work)?;
        decide::decide(index, event, work, matched, unknown);
        Ok(Found { matched, unknown })
    }
}

#[cfg(test)]
mod tests;
