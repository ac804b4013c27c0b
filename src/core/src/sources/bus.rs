//! An event as it was on the bus: what decides whether it counts, and its text, which event patterns are matched with.

use std::borrow::Cow;
use std::fmt;

use super::money::MoneyMessage;
use super::{BusEvent, DecodeError};
use crate::model::RuleArn;

/// An EventBridge event that names no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bus<'a> {
    pub event: BusEvent<'a>,
    /// The envelope's `account`: where it happened. Buses may take events of other accounts.
    pub account: Option<Cow<'a, str>>,
    /// A management event that rules in plain `ENABLED` do not receive, by the call's name.
    pub is_withheld: bool,
    /// An alert about money that it carries; like any event it fires rules all the same. Boxed: hardly any does.
    pub money: Option<Box<MoneyMessage>>,
    /// A firing of an attached rule that it carries, if it is one to be believed. Boxed: hardly any does.
    pub carried: Option<Box<Result<Carried<'a>, DecodeError>>>,
    pub json: EventJson<'a>,
}

/// What an attached rule said of a firing, sent on through a bus by somebody who then is the sender of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried<'a> {
    pub rule: RuleArn,
    pub event: BusEvent<'a>,
}

/// The text of an event. It is taken out of the quotes of a queue message only for those who ask.
#[derive(Clone)]
pub struct EventJson<'a> {
    bytes: &'a [u8],
    is_quoted: bool,
}

impl<'a> EventJson<'a> {
    pub const fn plain(bytes: &'a [u8]) -> Self {
        Self { bytes, is_quoted: false }
    }

    /// The text as it stands in a JSON document, in its quotes.
    pub(super) const fn quoted(bytes: &'a [u8]) -> Self {
        Self { bytes, is_quoted: true }
    }

    pub fn bytes(&self) -> Cow<'a, [u8]> {
        if !self.is_quoted {
            return Cow::Borrowed(self.bytes);
        }
        // Whoever found the quotes has read the string already: there is none that cannot be read.
        let text: String = serde_json::from_slice(self.bytes).unwrap_or_default();
        Cow::Owned(text.into_bytes())
    }
}

impl fmt::Debug for EventJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

/// The same text, quoted or not.
impl PartialEq for EventJson<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for EventJson<'_> {}
