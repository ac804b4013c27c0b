//! EventBridge event patterns: compiled once, matched against raw events in one pass.

use std::fmt;

/// One compiled event pattern.
#[derive(Debug, Clone)]
pub struct Pattern {}

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
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        let _ = text;
        Ok(Self {})
    }
}

/// Many patterns, matched together. Patterns are known by their place in the order they were given.
#[derive(Debug)]
pub struct Matcher {}

/// What matching one event needs; kept for the next event, so that a warm matcher allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    matched: Vec<u32>,
    unknown: Vec<u32>,
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
        let _ = patterns.into_iter().count();
        Self {}
    }

    /// Matches one event, given as its JSON text.
    pub fn matches<'s>(&self, event: &[u8], scratch: &'s mut Scratch) -> Result<Found<'s>, EventError> {
        let _ = event;
        scratch.matched.clear();
        scratch.unknown.clear();
        Ok(Found { matched: &scratch.matched, unknown: &scratch.unknown })
    }
}
