//! EventBridge event patterns: compiled once, matched against raw events in one pass.
//!
#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! A [`Pattern`] supports all of the syntax that EventBridge stores. A [`Matcher`] splits patterns into distinct paths
//! and conditions (`index`). It reads an event once to find the values at these paths (`scan`), and selects the
//! patterns that may match them (`candidates`). For each of these it tests the conditions (`decide`), within lists for
//! the same element (`lists`).
//!
//! Sources: "Amazon EventBridge event patterns" and "Comparison operators for use in event patterns" of the
//! EventBridge user guide; where they are silent, the reference engine that AWS publishes.

mod address;
mod alternatives;
mod candidates;
mod decide;
mod example;
mod glob;
mod index;
mod json;
mod keyed;
mod lists;
mod marks;
mod number;
mod operators;
mod satisfy;
mod scan;
mod syntax;
mod text;
mod value;
mod work;

use std::fmt;

pub use satisfy::{Facts, Known, Possibility};

use index::Index;
use syntax::{All, Field};
use work::Work;

/// One compiled event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    fields: Vec<Field>,
    body: Body,
}

/// Items of a pattern, by the indices of its fields.
#[derive(Debug, Clone)]
enum Body {
    /// Alternatives, each with its fields in the order of their paths. The pattern matches if one of them does.
    Alternatives(Vec<Box<[u32]>>),
    /// A pattern with too many alternatives to write them down.
    Tree { all: All, ranks: Vec<u32> },
}

/// Reason why a text is not an event pattern, with its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct PatternError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Description of the text found and the text expected.
    pub problem: String,
}

impl Pattern {
    /// Compiles the text of a pattern as EventBridge stores it.
    ///
    /// AWS's limits for new patterns (length, number of wildcards) are not checked, because AWS has accepted a stored
    /// pattern. As on AWS, text after the closing brace is ignored, and of two fields with the same path the later one
    /// counts.
    ///
    /// # Errors
    ///
    /// [`PatternError`] with the position of the first mistake.
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        let (fields, all) = syntax::parse(text)?;
        let body = index::body(&fields, all);
        Ok(Self { fields, body })
    }

    /// Returns true if the pattern matches only API calls that it names: each of its alternatives tests
    /// `detail.eventName` for certain values, prefixes or the like. `exists` and `anything-but` name no call, nor does
    /// a wildcard that matches every name.
    pub fn names_api_call(&self) -> bool {
        let is_name = |field: &u32| &*self.fields[*field as usize].path == "detail.eventName";
        let names = |field: &u32| is_name(field) && self.fields[*field as usize].names_values();
        match &self.body {
            Body::Alternatives(alternatives) => alternatives.iter().all(|fields| fields.iter().any(names)),
            // A later field may replace an earlier one, so all of them have to name calls.
            Body::Tree { all, .. } => {
                (0..self.fields.len() as u32).all(|field| !is_name(&field) || names(&field))
                    && syntax::each_way_has(all, &names)
            }
        }
    }
}

/// Matcher for many patterns. A pattern is identified by its index in the order given.
#[derive(Debug)]
pub struct Matcher {
    index: Index,
}

/// Memory for matching an event. It is reused, so that a matcher allocates nothing after some events.
#[derive(Debug, Default)]
pub struct Scratch {
    matched: Vec<u32>,
    unknown: Vec<u32>,
    work: Work,
}

/// Indices of the patterns that an event matches, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Patterns that match.
    pub matched: &'a [u32],
    /// Patterns that could not be decided within the work budget. They may match, so never treat them as no match.
    pub unknown: &'a [u32],
}

/// Bytes that are not an event, because they are not a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    /// Position of the mistake, in bytes from 0.
    pub offset: usize,
    /// Description of the text expected there.
    pub expected: &'static str,
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.offset, self.expected)
    }
}

impl std::error::Error for EventError {}

impl Matcher {
    /// Compiles patterns into a matcher. Each is identified by its index in this order, from 0.
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        Self { index: Index::new(patterns) }
    }

    /// Matches one event, given as its JSON text.
    ///
    /// The event is read only at the paths that patterns name. Elsewhere only the ends of strings and the balance of
    /// braces and brackets are checked. UTF-8 is checked nowhere.
    ///
    /// # Errors
    ///
    /// [`EventError`] if the bytes are not a JSON object, as far as they are read.
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
