//! Values of an event, and the tests that a pattern makes on them.

use super::address::{Address, Block};
use super::number;
use super::text::{AnyCase, Wildcard};

/// Scalar of an event. Text is without its escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'e> {
    Text(&'e [u8]),
    /// Number as it is spelled.
    Number(&'e [u8]),
    Literal(Literal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    True,
    False,
    Null,
}

/// Value that a pattern names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exact {
    Text(Box<str>),
    /// String that is an IP address. It equals other spellings of the address too.
    Address(Address),
    /// Bits of a double.
    Number(u64),
    /// Number that no double has exactly.
    Spelled(Box<str>),
    Literal(Literal),
}

/// Test of a value: one item of a field's list.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Exact(Exact),
    Prefix(Box<str>),
    Suffix(Box<str>),
    AnyCase(AnyCase),
    PrefixAnyCase(AnyCase),
    SuffixAnyCase(AnyCase),
    Wildcard(Wildcard),
    Numeric(Range),
    Cidr(Block),
    Present,
    /// Passes if the path has no value.
    Absent,
    /// Passes for any value except these.
    Not(Vec<Exact>),
    /// Passes for any value that passes none of these.
    NotAny(Vec<Test>),
}

/// Numbers between two bounds. Each bound states whether it belongs to the range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub low: (f64, bool),
    pub high: (f64, bool),
}

impl Range {
    pub(crate) const ALL: Self = Self { low: (f64::NEG_INFINITY, false), high: (f64::INFINITY, false) };

    fn contains(&self, value: f64) -> bool {
        let ((low, with_low), (high, with_high)) = (self.low, self.high);
        (low < value || (with_low && low == value)) && (value < high || (with_high && high == value))
    }
}

impl Exact {
    pub(crate) fn number(spelled: &str) -> Self {
        let spelled_alike = || Self::Spelled(spelled.into());
        number::exact(spelled.as_bytes()).map_or_else(spelled_alike, |value| Self::Number(value.to_bits()))
    }

    /// Returns true if the value equals this one.
    pub(crate) fn is(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(own), Value::Text(text)) => own.as_bytes() == text,
            (Self::Address(own), Value::Text(text)) => Address::parse(text) == Some(*own),
            (Self::Number(own), Value::Number(spelled)) => {
                number::exact(spelled).is_some_and(|value| value.to_bits() == *own)
            }
            (Self::Spelled(own), Value::Number(spelled)) => own.as_bytes() == spelled,
            (Self::Literal(own), Value::Literal(literal)) => *own == literal,
            _ => false,
        }
    }
}

impl Test {
    /// Returns true if the value passes.
    pub(crate) fn passes(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Exact(exact), _) => exact.is(value),
            (Self::Present, _) => true,
            (Self::Not(values), _) => !values.iter().any(|exact| exact.is(value)),
            (Self::NotAny(tests), _) => !tests.iter().any(|test| test.passes(value)),
            (Self::Prefix(prefix), Value::Text(text)) => text.starts_with(prefix.as_bytes()),
            (Self::Suffix(suffix), Value::Text(text)) => text.ends_with(suffix.as_bytes()),
            (Self::AnyCase(own), Value::Text(text)) => own.is(text),
            (Self::PrefixAnyCase(prefix), Value::Text(text)) => prefix.begins(text),
            (Self::SuffixAnyCase(suffix), Value::Text(text)) => suffix.ends(text),
            (Self::Wildcard(wildcard), Value::Text(text)) => wildcard.matches(text),
            (Self::Cidr(block), Value::Text(text)) => {
                Address::parse(text).is_some_and(|address| block.contains(address))
            }
            (Self::Numeric(range), Value::Number(spelled)) => {
                number::exact(spelled).is_some_and(|value| range.contains(value))
            }
            _ => false,
        }
    }

    /// Returns true if the test describes the values that pass: it passes neither all values nor all but some.
    pub(crate) fn names_values(&self) -> bool {
        match self {
            Self::Present | Self::Absent | Self::Not(_) | Self::NotAny(_) => false,
            Self::Prefix(part) | Self::Suffix(part) => !part.is_empty(),
            Self::PrefixAnyCase(part) | Self::SuffixAnyCase(part) => !part.is_empty(),
            Self::Wildcard(wildcard) => !wildcard.is_any(),
            _ => true,
        }
    }
}
